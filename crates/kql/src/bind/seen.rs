//! Which rows of a table a query sees: those of its time range, and of the resource that it is about.

use super::{Binder, Relation};
use crate::catalog::RowScope;
use crate::plan::Expr;
use schema::{KqlType, Value};

const TIME_COLUMN: &str = "TimeGenerated";
const RESOURCE_COLUMN: &str = "_ResourceId";

impl Binder<'_> {
    /// Leaves those rows of a table that the query sees.
    pub(super) fn seen(&mut self, relation: Relation) -> Relation {
        match self.env.catalog.row_scope().cloned().and_then(|scope| predicate(&relation, &scope)) {
            Some(predicate) => self.filter(relation, predicate),
            None => relation,
        }
    }
}

/// Returns what is true of the rows that are seen; `None` when all are.
fn predicate(relation: &Relation, scope: &RowScope) -> Option<Expr> {
    let mut conditions = Vec::new();
    if let Some(time) = relation.column(TIME_COLUMN).filter(|field| field.ktype == KqlType::Datetime) {
        let compare = |operator: &'static str, tick: i64| {
            let bound = Expr::Literal(Value::Datetime(tick));
            Expr::call(operator, vec![Expr::column(time), bound], KqlType::Bool)
        };
        conditions.extend(scope.from.map(|from| compare(">=", from)));
        conditions.extend(scope.to.map(|to| compare("<=", to)));
    }
    if let Some(resource) = &scope.resource {
        let resource = resource.trim_end_matches('/');
        let column = relation.column(RESOURCE_COLUMN).filter(|field| field.ktype == KqlType::String);
        conditions.push(match column {
            Some(column) => {
                let is = |operator: &'static str, text: String| {
                    let text = Expr::Literal(Value::String(text));
                    Expr::call(operator, vec![Expr::column(column), text], KqlType::Bool)
                };
                let either = vec![is("=~", resource.to_string()), is("startswith", format!("{resource}/"))];
                Expr::call("or", either, KqlType::Bool)
            }
            None => Expr::Literal(Value::Bool(false)),
        });
    }
    conditions.into_iter().reduce(|left, right| Expr::call("and", vec![left, right], KqlType::Bool))
}
