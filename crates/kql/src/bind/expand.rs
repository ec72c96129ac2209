//! `mv-expand` and what `mv-apply` shares with it.

use super::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::{ExpandItem, Expr, Field, Node, Plan};
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
                self.report(
                    Diagnostic::semantic("KS107", value.span, message)
                        .help("convert the text with `parse_json()` first"),
                );
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
        let open = input.open;
        self.with_unique_names(Relation { open, ..Relation::new(Plan { node, columns: result }) })
    }

    /// Runs a subquery over the rows that each input row expands to (`mv-apply`). The result has the input's columns that
    /// were not expanded in place, then the subquery's columns.
    pub fn apply(
        &mut self,
        input: Relation,
        columns: &[ExpandColumn<'_>],
        options: &ExpandOptions<'_>,
        body: &ast::Expr,
    ) -> Relation {
        let before = input.plan.columns.clone();
        let open = input.open;
        let row_id = self.new_field("(row_id)", KqlType::Long);
        let mut numbered = before.clone();
        numbered.push(row_id.clone());
        let mut exprs: Vec<Expr> = before.iter().map(Expr::column).collect();
        exprs.push(Expr::call("(row_id)", vec![], KqlType::Long));
        let plan = Plan { node: Node::Project { input: Box::new(input.plan), exprs }, columns: numbered };
        let expanded = self.expand(Relation { open, ..Relation::new(plan) }, columns, options);
        let mut visible = expanded.plan.columns.clone();
        visible.retain(|field| field.id != row_id.id);
        let carry: Vec<Field> = before.iter().filter(|field| visible.contains(field)).cloned().collect();
        let given = Plan { node: Node::PartitionInput, columns: visible };
        let inner = self.bind_subquery(body, Relation { open, ..Relation::new(given) });
        // The subquery's columns that are carried anyway come once.
        let own: Vec<Field> =
            inner.plan.columns.iter().filter(|field| !carry.iter().any(|c| c.id == field.id)).cloned().collect();
        let inner_open = inner.open;
        let exprs = own.iter().map(Expr::column).collect();
        let body = Plan { node: Node::Project { input: Box::new(inner.plan), exprs }, columns: own.clone() };
        let columns: Vec<Field> = carry.iter().chain(&own).cloned().collect();
        let node = Node::Partition {
            input: Box::new(expanded.plan),
            keys: vec![row_id.id],
            carry: carry.iter().map(|field| field.id).collect(),
            body: Box::new(body),
        };
        self.with_unique_names(Relation { open: open || inner_open, ..Relation::new(Plan { node, columns }) })
    }
}
