//! `mv-expand` and what `mv-apply` shares with it.

use super::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::{ExpandItem, Field, Node, Plan};
use crate::syntax::ast::{self, ExprKind};
use schema::KqlType;

/// One item as written: `expr`, `name = expr`, each with an optional `to typeof(type)`.
pub struct ExpandColumn<'e> {
    pub expr: &'e ast::Expr,
    pub to: Option<KqlType>,
}

/// What else the operator says.
pub struct ExpandOptions<'e> {
    pub bag_as_array: bool,
    pub index: Option<&'e ast::Name>,
    pub limit: Option<u64>,
}

impl Binder<'_> {
    /// Expands arrays of several columns side by side: a row per element. An item that is a column takes its place;
    /// others are appended.
    pub fn expand(&mut self, input: Relation, columns: &[ExpandColumn<'_>], options: &ExpandOptions<'_>) -> Relation {
        let row = Row::of(&input);
        let mut result: Vec<Field> = input.plan.columns.clone();
        let mut items = Vec::new();
        for column in columns {
            let (name, value) = match &column.expr.kind {
                ExprKind::Named { names, value } => (names.first().map(|n| n.text.clone()), value.as_ref()),
                _ => (None, column.expr),
            };
            let expr = self.bind_scalar(value, &row);
            if expr.ktype() != KqlType::Dynamic && !self.is_unknown(&expr) {
                let message = format!("only dynamic values can be expanded, not {}", expr.ktype());
                self.report(Diagnostic::semantic("KS107", value.span, message).help("convert the text with `parse_json()` first"));
            }
            let name = name.or_else(|| self.result_name(value)).unwrap_or_else(|| self.default_name(&row));
            let output = self.new_field(name, column.to.unwrap_or(KqlType::Dynamic));
            match result.iter_mut().find(|field| field.name == output.name) {
                Some(field) => *field = output.clone(),
                None => result.push(output.clone()),
            }
            items.push(ExpandItem { expr, output });
        }
        let index = options.index.map(|name| self.new_field(name.text.clone(), KqlType::Long));
        result.extend(index.clone());
        let node = Node::MvExpand {
            input: Box::new(input.plan),
            items,
            bag_as_array: options.bag_as_array,
            index: index.map(|field| field.id),
            limit: options.limit,
        };
        let relation = Relation { serialized: false, ..input };
        self.with_unique_names(Relation { plan: Plan { node, columns: result }, ..relation })
    }
}
