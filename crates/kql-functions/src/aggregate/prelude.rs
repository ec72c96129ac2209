//! What every aggregation function's file needs.

pub use super::support::constants;
pub use super::support::per_group::{Fold, PerGroup, each};
pub use crate::args::EvalError;
pub use crate::cells::{Cells, primitive, text};
pub use crate::registry::{
    Accumulate, Accumulator, AggregateBody, AggregateCall, AggregateFunction, EngineAggregate, NamedArg, Naming,
};
pub use arrow::array::{Array, ArrayRef};
pub use arrow::datatypes::DataType;
pub use schema::{KqlType, Value};
pub use std::sync::Arc;
