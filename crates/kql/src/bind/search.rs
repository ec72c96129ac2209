//! `search` and what `find` shares with it: predicates over every column.

use super::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::Expr;
use crate::syntax::ast::{self, ExprKind};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Rows of tables, or of the input, for which a predicate holds, with the table's name in `$table`.
    pub fn search(
        &mut self,
        input: Option<Relation>,
        tables: &[(&ast::Expr, Option<&ast::Name>)],
        predicate: &ast::Expr,
        case_sensitive: bool,
    ) -> Relation {
        let sources: Vec<(String, Relation)> = match input {
            Some(input) => vec![(input.name.clone().unwrap_or_default(), input)],
            None => self.named_tables(tables),
        };
        let mut found = Vec::new();
        for (name, relation) in sources {
            let row = Row::of(&relation);
            let open = Row { open: true, ..row };
            let condition = self.bind_search(predicate, &open, case_sensitive);
            // A table that lacks a column that the predicate names has no such rows.
            if self.is_unknown(&condition) && !relation.open {
                continue;
            }
            let filtered = self.filter(relation, condition);
            found.push(self.with_source(filtered, "$table", &name));
        }
        if found.is_empty() && self.env.host.is_none() && self.env.catalog.table_names().is_empty() {
            // When no table is known, nothing can be said.
            let mut relation = self.open_relation();
            relation.plan.columns = vec![self.new_field("$table", KqlType::String)];
            return relation;
        }
        if found.is_empty() {
            self.report(Diagnostic::semantic(
                "KS181",
                predicate.span,
                "there is no table to search whose columns fit the predicate",
            ));
            return self.open_relation();
        }
        self.union(found, false)
    }

    /// The tables of an `in (...)` list with their names; every table when the list is empty.
    pub fn named_tables(&mut self, tables: &[(&ast::Expr, Option<&ast::Name>)]) -> Vec<(String, Relation)> {
        let named = |relation: Relation| (relation.name.clone().unwrap_or_default(), relation);
        if tables.is_empty() {
            return self.tables_like("*").into_iter().map(named).collect();
        }
        let mut sources = Vec::new();
        for (table, alias) in tables {
            match &table.kind {
                ExprKind::Wildcard(pattern) => sources.extend(self.tables_like(pattern).into_iter().map(named)),
                ExprKind::Star => sources.extend(self.tables_like("*").into_iter().map(named)),
                _ => {
                    let relation = self.bind_table_expr(table, &Row::none());
                    let name =
                        alias.map(|alias| alias.text.clone()).or_else(|| relation.name.clone()).unwrap_or_default();
                    sources.push((name, relation));
                }
            }
        }
        sources
    }

    /// Binds a predicate of `search` or `find`: a bare string is a term in any column, `column:term` is `has`.
    pub fn bind_search(&mut self, predicate: &ast::Expr, row: &Row, case_sensitive: bool) -> Expr {
        match &predicate.kind {
            ExprKind::Parenthesized(inner) => self.bind_search(inner, row, case_sensitive),
            ExprKind::Star => Expr::Literal(Value::Bool(true)),
            ExprKind::Literal(Value::String(term)) => self.any_column_matches(term, row, case_sensitive, predicate),
            ExprKind::Binary { op: op @ ("and" | "or"), left, right, op_span } => {
                let left = self.bind_search(left, row, case_sensitive);
                let right = self.bind_search(right, row, case_sensitive);
                // A table without the column of one alternative may still match the other.
                if *op == "or" {
                    match (self.is_unknown(&left), self.is_unknown(&right)) {
                        (true, false) => return right,
                        (false, true) => return left,
                        _ => {}
                    }
                }
                self.call(op, vec![left, right], predicate.span, *op_span)
            }
            ExprKind::Call { name, args } if name.text == "not" && args.len() == 1 => {
                let inner = self.bind_search(&args[0], row, case_sensitive);
                self.call("not", vec![inner], predicate.span, name.span)
            }
            ExprKind::Binary { op: ":", left, right, op_span } => {
                let value = self.bind_scalar(left, row);
                let term = self.bind_scalar(right, &Row::none());
                if self.is_unknown(&value) {
                    return value;
                }
                if !matches!(value.ktype(), KqlType::String | KqlType::Dynamic) {
                    let message = format!("the operator `:` is not defined for the types {} and string", value.ktype());
                    self.report(Diagnostic::semantic("KS106", *op_span, message).help("compare with `==`"));
                    return self.unknown();
                }
                let Some(Value::String(text)) = term.as_literal().cloned() else {
                    let value = self.convert(value, KqlType::String);
                    let term = self.convert(term, KqlType::String);
                    return self.call("has", vec![value, term], predicate.span, *op_span);
                };
                let value = self.convert(value, KqlType::String);
                self.term_matches(value, &text, case_sensitive, predicate)
            }
            _ => self.bind_predicate(predicate, row),
        }
    }

    /// Whether a term occurs in any column.
    fn any_column_matches(&mut self, term: &str, row: &Row, case_sensitive: bool, at: &ast::Expr) -> Expr {
        let letters = term.replace('*', "");
        self.any_column(row, &letters, at.span, |binder, value| binder.term_matches(value, term, case_sensitive, at))
    }

    /// Whether a text has a term; `*` in the term stands for any text.
    fn term_matches(&mut self, value: Expr, term: &str, case_sensitive: bool, at: &ast::Expr) -> Expr {
        let suffix = if case_sensitive { "_cs" } else { "" };
        let inner = term.trim_matches('*');
        let (starts, ends) = (term.starts_with('*'), term.ends_with('*'));
        if inner.contains('*') {
            let parts: Vec<String> = term.split('*').map(regex_escape).collect();
            let flag = if case_sensitive { "" } else { "(?i)" };
            let pattern = format!("{flag}{}", parts.join(".*"));
            let pattern = Expr::Literal(Value::String(pattern));
            return self.call("matches regex", vec![value, pattern], at.span, at.span);
        }
        if inner.is_empty() {
            return Expr::Literal(Value::Bool(true));
        }
        let op: &str = match (starts, ends) {
            (true, true) => {
                if case_sensitive {
                    "contains_cs"
                } else {
                    "contains"
                }
            }
            (true, false) => {
                if case_sensitive {
                    "hassuffix_cs"
                } else {
                    "hassuffix"
                }
            }
            (false, true) => {
                if case_sensitive {
                    "hasprefix_cs"
                } else {
                    "hasprefix"
                }
            }
            (false, false) => {
                if suffix.is_empty() {
                    "has"
                } else {
                    "has_cs"
                }
            }
        };
        self.call(op, vec![value, Expr::Literal(Value::String(inner.to_string()))], at.span, at.span)
    }
}

/// Quotes a text for a regular expression.
fn regex_escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && c != '_' && c.is_ascii() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
