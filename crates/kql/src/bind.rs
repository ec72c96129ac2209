//! Binding: names and types found, operators reduced to the core plan.

use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::syntax::ast::PipeOperator;

/// A bound tabular expression.
#[derive(Debug, Clone)]
pub struct Relation {
    pub plan: Plan,
}

/// Binds one query.
pub struct Binder<'a> {
    pub(crate) text: &'a str,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Binder<'_> {
    /// Reports an operator whose binding is not supported yet and passes its input on.
    pub fn unbound(&mut self, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let word = self.text.get(at.keyword.start..at.keyword.end).unwrap_or("");
        self.diagnostics.push(Diagnostic::unsupported(
            "VQ001",
            at.keyword,
            format!("the operator `{word}` is not supported yet"),
        ));
        input.unwrap_or(Relation { plan: Plan { node: crate::plan::Node::Values { rows: vec![] }, columns: vec![] } })
    }
}
