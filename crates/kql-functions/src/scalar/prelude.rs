//! What every scalar function's file needs.

pub use crate::args::{Arg, Args, EvalError, array_of, parse_as, value_at};
pub use crate::registry::{Body, Naming, ScalarFunction};
pub use arrow::array::{Array, ArrayRef};
pub use schema::{Dynamic, KqlType, Value, dynamic::raw, number, ticks};
pub use std::sync::Arc;
