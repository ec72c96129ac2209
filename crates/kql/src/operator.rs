//! What a tabular operator is: a keyword, a grammar and a binding. One file each under `operators/`.

use crate::bind::{Binder, Relation};
use crate::syntax::Parser;
use std::fmt::Debug;

/// An operator as parsed. Binding makes it a plan over its input.
pub trait Operator: Debug + Send + Sync {
    /// Binds the operator after `input`; for one that stands at the start (`print`, `union`) `input` is `None`.
    /// Problems are reported to the binder, and the best guess of the result is returned so that the rest can be bound.
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &crate::syntax::ast::PipeOperator)
    -> Relation;
}

/// An operator's entry in the list of operators.
pub struct OperatorInfo {
    /// Keywords that start it: the first is the name used in messages.
    pub keywords: &'static [&'static str],
    /// Whether it may stand at the start of a tabular expression, without input.
    pub source: bool,
    /// Whether it may stand after a pipe.
    pub piped: bool,
    /// Reads what follows the keyword (already consumed).
    pub parse: fn(&mut Parser<'_>) -> Box<dyn Operator>,
}
