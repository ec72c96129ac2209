//! The functions of KQL: scalar functions, operators, aggregation functions, window functions and plugins.
//!
//! One file per function under `scalar/`, `aggregate/`, `window/` and `plugin/`; each holds one constant that says the
//! function's name, signatures, meaning, examples and body. The lists in the folders' `mod.rs` are generated
//! (`cargo xtask codegen`). A body works on whole Arrow arrays; the crate `query` wraps it for the engine.

pub mod aggregate;
pub mod args;
mod kernels;
pub mod plugin;
mod registry;
pub mod scalar;
pub mod window;

pub use args::{Arg, Args, CallContext, EvalError, call};
pub use registry::{
    Accumulator, AggregateBody, AggregateCall, AggregateFunction, Body, FUNCTIONS, Functions, Naming, Plugin,
    PluginArg, PluginCall, PluginShape, ScalarFunction, Table,
};
