//! What every plugin's file needs.

pub use super::input::{
    Arguments, Groups, RowBuilder, column_at, input, input_columns, result_columns, unique_name, visible,
};
pub use crate::args::EvalError;
pub use crate::registry::{Plugin, PluginArg, PluginCall, PluginShape, Table};
pub use schema::{Column, KqlType, Value};
