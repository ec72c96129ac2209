//! `macro-expand`: a query over each entity of a group, and the union of the results.

use super::scope::Binding;
use super::{Binder, Bound, Relation, Row};
use crate::diagnostic::{Diagnostic, Span};
use crate::operators::macro_expand::MacroExpand;
use crate::syntax::ast::{self, ExprKind};

impl Binder<'_> {
    /// Binds `entity_group [...]`.
    pub(super) fn entity_group(&mut self, entities: &[ast::Expr]) -> Bound {
        let mut group = Vec::new();
        for entity in entities {
            match self.bind_expr_or_table(entity, &Row::none()) {
                bound @ (Bound::Database(_) | Bound::Table(_)) => group.push(bound),
                Bound::Scalar(scalar) if self.is_unknown(&scalar) => {}
                _ => {
                    let message = "a cluster, a database or a table is expected here";
                    self.report(Diagnostic::semantic("KS216", entity.span, message));
                }
            }
        }
        Bound::Entities(group)
    }

    /// A query over each entity of a group, and the union of the results.
    pub fn macro_expand(&mut self, operator: &MacroExpand, span: Span) -> Relation {
        let group = match self.bind_expr_or_table(&operator.group, &Row::none()) {
            Bound::Entities(group) => group,
            bound @ (Bound::Database(_) | Bound::Table(_)) => vec![bound],
            _ => {
                if !self.has_errors() {
                    let message = "an entity group is expected here";
                    self.report(Diagnostic::semantic("KS216", operator.group.span, message));
                }
                return self.open_relation();
            }
        };
        // Without a name of its own the entity goes by the group's.
        let name = match (&operator.scope, &operator.group.kind) {
            (Some(name), _) | (None, ExprKind::Name(name)) => Some(name.text.clone()),
            _ => None,
        };
        self.check_declared_once(&operator.body, &[]);
        let mut results = Vec::new();
        let mut faults = Vec::new();
        for entity in group {
            let binding = match entity {
                Bound::Database(entity) => Binding::Database(entity),
                Bound::Table(relation) => Binding::Table(relation),
                _ => continue,
            };
            let scope = match &name {
                Some(name) => self.scope.with(name.clone(), binding),
                None => self.scope.clone(),
            };
            let run = |binder: &mut Self| binder.run_body(&operator.body, scope, span);
            let bound = if operator.is_fuzzy {
                match self.attempt(run) {
                    Ok(bound) => bound,
                    Err(found) => {
                        faults = found;
                        continue;
                    }
                }
            } else {
                run(self)
            };
            match bound {
                Bound::Table(relation) => results.push(relation),
                Bound::Scalar(scalar) if self.is_unknown(&scalar) => {}
                _ => self.report(Diagnostic::semantic("KS111", operator.body.span, "a table is expected here")),
            }
        }
        if results.is_empty() {
            faults.into_iter().for_each(|fault| self.report(fault));
            return self.open_relation();
        }
        self.union(results, operator.kind.as_ref().is_some_and(|kind| kind.text == "inner"))
    }
}
