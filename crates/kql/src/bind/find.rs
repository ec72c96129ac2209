//! `find`: rows of several tables that fulfil a predicate.

use super::{Binder, Projection, Relation, Row};
use crate::diagnostic::{Diagnostic, Span};
use crate::operators::find::{Find, FindColumn};
use crate::plan::Expr;
use crate::syntax::ast::{self, ExprKind};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Binds `find`: the source's name, the projected columns, and `pack_` with the others where asked or by default.
    pub fn find(&mut self, input: Option<Relation>, find: &Find, span: Span) -> Relation {
        let source_column = find.with_source.as_ref().map_or("source_", |name| name.text.as_str()).to_string();
        let sources = match input {
            Some(input) => vec![(input.name.clone().unwrap_or_default(), input)],
            None => {
                let tables: Vec<(&ast::Expr, Option<&ast::Name>)> =
                    find.tables.iter().map(|table| (&table.table, table.alias.as_ref())).collect();
                self.named_tables(&tables)
            }
        };
        let mut named = Vec::new();
        names_in(&find.predicate, &mut named);
        let mut found = Vec::new();
        for (name, relation) in sources {
            let row = Row { open: true, ..Row::of(&relation) };
            let condition = self.bind_search(&find.predicate, &row, false);
            if self.is_unknown(&condition) && !relation.open {
                continue;
            }
            let filtered = self.filter(relation, condition);
            found.push(self.find_columns(filtered, find, &source_column, &name, &named));
        }
        if found.is_empty() && self.env.host.is_none() && self.env.catalog.table_names().is_empty() {
            // When no table is known, nothing can be said.
            let mut relation = self.open_relation();
            relation.plan.columns = vec![self.new_field(source_column, KqlType::String)];
            return relation;
        }
        if found.is_empty() {
            if !self.has_errors() {
                self.report(Diagnostic::semantic("KS181", span, "there is no table whose columns fit the predicate"));
            }
            return self.open_relation();
        }
        let united = self.union(found, false);
        // The pack comes last.
        match united.column("pack_").cloned() {
            Some(pack) => {
                let mut columns: Vec<_> = united.columns().iter().filter(|f| f.id != pack.id).cloned().collect();
                columns.push(pack);
                self.keep_columns(united, columns)
            }
            None => united,
        }
    }

    fn find_columns(
        &mut self,
        relation: Relation,
        find: &Find,
        source_column: &str,
        source: &str,
        named: &[String],
    ) -> Relation {
        let mut projection = Projection::new();
        projection.add(source_column, Expr::Literal(Value::String(source.to_string())));
        let mut pack = find.project.is_none();
        match &find.project {
            Some(columns) => {
                for column in columns {
                    match column {
                        FindColumn::Pack => pack = true,
                        FindColumn::Star => {
                            relation.columns().iter().for_each(|f| projection.add(&f.name, Expr::column(f)))
                        }
                        FindColumn::Column { name, ktype } => {
                            let field = relation.column(&name.text).cloned();
                            let expr = match (field, ktype) {
                                (Some(field), Some(ktype)) => self.convert(Expr::column(&field), *ktype),
                                (Some(field), None) => Expr::column(&field),
                                (None, Some(ktype)) => Expr::Literal(Value::null(*ktype)),
                                (None, None) => continue,
                            };
                            projection.add(&name.text, expr);
                        }
                    }
                }
            }
            None => {
                for field in relation.columns() {
                    if named.iter().any(|name| field.name == *name) {
                        projection.add(&field.name, Expr::column(field));
                    }
                }
            }
        }
        if pack {
            let mut args = Vec::new();
            for field in relation.columns() {
                if !projection.contains(&field.name) {
                    args.push(Expr::Literal(Value::String(field.name.to_string())));
                    args.push(Expr::column(field));
                }
            }
            projection.add("pack_", Expr::call("(bag_pack_nonempty)", args, KqlType::Dynamic));
        }
        projection.finish(self, relation)
    }
}

/// Collects the names that a predicate mentions.
fn names_in(expr: &ast::Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Name(name) => names.push(name.text.clone()),
        ExprKind::Unary { operand, .. } => names_in(operand, names),
        ExprKind::Binary { left, right, .. } => {
            names_in(left, names);
            names_in(right, names);
        }
        ExprKind::Between { value, low, high, .. } => [value, low, high].into_iter().for_each(|e| names_in(e, names)),
        ExprKind::In { value, list, .. } => {
            names_in(value, names);
            list.iter().for_each(|e| names_in(e, names));
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|e| names_in(e, names)),
        ExprKind::Path { target, .. } | ExprKind::Element { target, .. } => names_in(target, names),
        ExprKind::Parenthesized(inner) => names_in(inner, names),
        _ => {}
    }
}
