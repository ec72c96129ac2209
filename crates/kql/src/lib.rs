//! The Kusto Query Language: text → tokens → syntax tree → bound, typed plan.

pub mod catalog;
pub mod diagnostic;
pub mod plan;
pub mod render;
pub mod signature;

pub use diagnostic::{Diagnostic, Severity, Span};
