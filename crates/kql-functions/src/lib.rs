//! The functions of KQL: scalar functions, operators, aggregation functions, window functions and plugins.
//!
//! One file per function under `scalar/`, `aggregate/`, `window/` and `plugin/`; each holds one constant that says the
//! function's name, signatures, meaning, examples and body. The lists in the folders' `mod.rs` are generated
//! (`cargo xtask codegen`). A body works on whole Arrow arrays; the crate `query` wraps it for the engine.

pub mod aggregate;
pub mod args;
pub mod catalog;
pub mod cells;
mod kernels;
pub mod plugin;
mod registry;
pub mod scalar;
mod series;
pub mod sketch;
pub mod table;
mod view_memo;
pub mod window;

pub use args::{Arg, Args, CallContext, EvalError, call};
pub use catalog::catalog;
pub use registry::{
    Accumulate, Accumulator, AggregateBody, AggregateCall, AggregateFunction, Body, EngineAggregate, FUNCTIONS,
    Functions, NamedArg, Naming, Plugin, PluginArg, PluginCall, PluginShape, ScalarFunction, Table,
};
