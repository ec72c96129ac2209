//! The names of result columns that were not given one.
//!
//! # Source
//! Settled against Microsoft's binder: a path joins its names with `_`, a function may pass on its argument's name.

use super::Binder;
use crate::catalog::Naming;
use crate::syntax::ast::{Expr, ExprKind};
use schema::Value;

impl Binder<'_> {
    /// Returns the name that an expression gives its column, or `None` when it gives none.
    pub fn result_name(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(name) => Some(name.text.clone()),
            ExprKind::Parenthesized(inner) => self.result_name(inner),
            ExprKind::Named { names, .. } => names.first().map(|name| name.text.clone()),
            ExprKind::Path { target, selector } => self.joined_name(target, selector),
            ExprKind::Element { target, index } => {
                let index_name = match &index.kind {
                    ExprKind::Literal(Value::String(text)) => Some(text.clone()),
                    ExprKind::Literal(Value::Long(n)) => Some(n.to_string()),
                    ExprKind::Literal(Value::Int(n)) => Some(n.to_string()),
                    _ => None,
                };
                match (self.result_name(target), index_name) {
                    (Some(target), Some(index)) => Some(format!("{target}_{index}")),
                    (Some(target), None) => Some(format!("{target}_")),
                    (None, index) => index,
                }
            }
            ExprKind::Call { name, args } => {
                let (function, naming) = if self.is_aggregate(&name.text, args.len()) {
                    self.env.functions.aggregate(&name.text).map(|f| (f.name, f.naming))?
                } else {
                    self.env.functions.scalar(&name.text).map(|f| (f.name, f.naming))?
                };
                let first = args.first();
                if matches!(function, "percentile" | "percentilew") {
                    let percentile = args.last().and_then(|arg| match &arg.kind {
                        ExprKind::Literal(value) => Some(percentile_text(value)),
                        _ => None,
                    });
                    return Some(format!("{}_{}", self.prefixed("percentile", first), percentile.unwrap_or_default()));
                }
                match naming {
                    Naming::None => None,
                    Naming::FirstArgument => self.result_name(first?),
                    Naming::OnlyArgument if args.len() == 1 => self.result_name(first?),
                    Naming::OnlyArgument => None,
                    Naming::FirstArgumentValue => match &first?.kind {
                        ExprKind::Literal(Value::String(text)) => Some(text.clone()),
                        _ => None,
                    },
                    Naming::NameAndFirstArgument => Some(self.prefixed(&name.text, first)),
                    Naming::NameAndOnlyArgument if args.len() <= 1 => Some(self.prefixed(&name.text, first)),
                    Naming::NameAndOnlyArgument => None,
                    Naming::PrefixAndFirstArgument(prefix) => Some(self.prefixed(prefix, first)),
                    Naming::Fixed(name) => Some(name.to_string()),
                }
            }
            _ => None,
        }
    }

    fn prefixed(&self, prefix: &str, argument: Option<&Expr>) -> String {
        let name = argument.and_then(|argument| self.result_name(argument)).unwrap_or_default();
        format!("{prefix}_{name}")
    }

    fn joined_name(&self, target: &Expr, selector: &Expr) -> Option<String> {
        let selector = self.result_name(selector)?;
        if let ExprKind::Name(name) = &target.kind
            && (name.text == "$left" || name.text == "$right")
        {
            return Some(selector);
        }
        match self.result_name(target) {
            Some(target) => Some(format!("{target}_{selector}")),
            None => Some(selector),
        }
    }
}

/// Returns a percentile as column names have it: `99_9` for 99.9.
pub(super) fn percentile_text(value: &Value) -> String {
    match value {
        Value::Real(p) => schema::number::real_plain_text(*p).replace('.', "_"),
        value => value.to_text(),
    }
}
