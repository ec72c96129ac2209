//! Binding that may fail in silence, for `union isfuzzy=true`, `find` and their kin.

use super::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::syntax::ast;

impl Binder<'_> {
    /// Binds a table; when it cannot be bound, gives back what is wrong with it instead of reporting it.
    ///
    /// # Errors
    /// The findings, at least one of them an error.
    pub fn try_table(&mut self, expr: &ast::Expr) -> Result<Relation, Vec<Diagnostic>> {
        self.attempt(|binder| binder.bind_table_expr(expr, &Row::none()))
    }

    /// Does a step of binding; when it finds errors, gives back what it finds instead of reporting it.
    ///
    /// # Errors
    /// The findings, at least one of them an error.
    pub fn attempt<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> Result<T, Vec<Diagnostic>> {
        let before = std::mem::take(&mut self.diagnostics);
        let reported = std::mem::take(&mut self.reported);
        let done = step(self);
        let found = std::mem::replace(&mut self.diagnostics, before);
        self.reported = reported;
        if found.iter().any(Diagnostic::is_error) {
            return Err(found);
        }
        found.into_iter().for_each(|diagnostic| self.report(diagnostic));
        Ok(done)
    }
}
