//! The Kusto Query Language: text → tokens → syntax tree → bound, typed plan.

pub mod bind;
pub mod catalog;
pub mod diagnostic;
pub mod operator;
pub mod operators;
pub mod plan;
mod plan_text;
pub mod render;
pub mod signature;
pub mod syntax;

pub use diagnostic::{Diagnostic, Severity, Span};
