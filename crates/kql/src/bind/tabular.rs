//! Tabular expressions: tables, pipes, functions that give tables.

use super::scope::Binding;
use super::{Binder, Bound, Entity, Relation, Row, Scope};
use crate::catalog::StoredFunction;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Expr, Node, Plan};
use crate::syntax::ast::{self, ExprKind, PipeOperator};
use schema::Value;
use std::sync::Arc;

impl Binder<'_> {
    /// Binds an expression that must be a table. Reports what is wrong and then gives an open relation.
    pub fn bind_table_expr(&mut self, expr: &ast::Expr, row: &Row) -> Relation {
        match self.bind_expr_or_table(expr, row) {
            Bound::Table(relation) => relation,
            Bound::Scalar(scalar) => {
                if !self.is_unknown(&scalar) {
                    self.report(Diagnostic::semantic(
                        "KS111",
                        expr.span,
                        "a table is expected here, not a scalar value",
                    ));
                }
                self.open_relation()
            }
            Bound::Database(_) | Bound::Entities(_) | Bound::Star => {
                self.report(Diagnostic::semantic("KS111", expr.span, "a table is expected here"));
                self.open_relation()
            }
        }
    }

    /// Binds an expression of either kind.
    pub fn bind_expr_or_table(&mut self, expr: &ast::Expr, row: &Row) -> Bound {
        match &expr.kind {
            ExprKind::Parenthesized(inner) => self.bind_expr_or_table(inner, row),
            ExprKind::Named { value, .. } => self.bind_expr_or_table(value, row),
            ExprKind::Pipe { source, operators } => {
                let input = match source {
                    Some(source) => Some(self.bind_table_expr(source, row)),
                    None => self.context.clone(),
                };
                Bound::Table(self.bind_operators(operators, input))
            }
            ExprKind::Source(operator) => Bound::Table(self.bind_operator(operator, None)),
            ExprKind::Wildcard(pattern) => Bound::Table(self.bind_wildcard(pattern, expr.span)),
            _ => self.bind_expr(expr, row),
        }
    }

    /// Binds operators one after another.
    pub fn bind_operators(&mut self, operators: &[PipeOperator], input: Option<Relation>) -> Relation {
        let mut current = input;
        for operator in operators {
            current = Some(self.bind_operator(operator, current));
        }
        current.unwrap_or_else(|| self.open_relation())
    }

    fn bind_operator(&mut self, operator: &PipeOperator, input: Option<Relation>) -> Relation {
        if !self.enter(operator.keyword) {
            self.leave();
            return self.open_relation();
        }
        let relation = operator.operator.bind(self, input, operator);
        self.leave();
        relation
    }

    /// Binds a subquery over given rows: the body of `mv-apply`, `partition`, `fork`, `top-nested` and their kin. A
    /// pipe without a source reads the given rows.
    pub fn bind_subquery(&mut self, expr: &ast::Expr, input: Relation) -> Relation {
        let outer = self.context.replace(input);
        let relation = self.bind_table_expr(expr, &Row::none());
        self.context = outer;
        relation
    }

    /// Returns a stored table, or what a stored function without parameters gives.
    pub(super) fn find_table(&mut self, name: &ast::Name) -> Option<Relation> {
        if self.restricted.as_ref().is_some_and(|allowed| !allowed.contains(&name.text)) {
            return None;
        }
        if let Some(relation) = self.table(&name.text) {
            return Some(relation);
        }
        let function = self.env.catalog.function(&name.text)?;
        function.parameters.trim_matches(['(', ')', ' ']).is_empty().then(|| {
            match self.call_stored(name, &[], name.span, &Row::none()) {
                Some(Bound::Table(relation)) => relation,
                _ => self.open_relation(),
            }
        })
    }

    /// Returns a stored table by its exact name, with what else belongs to it.
    pub fn table(&mut self, name: &str) -> Option<Relation> {
        let mut found: Vec<Relation> = self.stored(name).into_iter().collect();
        for part in self.env.catalog.parts(name) {
            found.extend(self.stored(&part));
        }
        if found.is_empty() {
            return None;
        }
        let relation = self.union(found, false);
        Some(Relation { name: Some(name.to_string()), ..relation })
    }

    /// Returns one stored table, as far as it is seen.
    pub(super) fn stored(&mut self, name: &str) -> Option<Relation> {
        let columns = self.env.catalog.table(name)?;
        let source = columns.iter().map(|column| column.name.clone()).collect();
        let columns = columns.into_iter().map(|column| self.new_field(column.name, column.ktype)).collect();
        let plan = Plan { node: Node::Table { table: name.to_string(), source }, columns };
        let relation = Relation { name: Some(name.to_string()), ..Relation::new(plan) };
        Some(self.seen(relation))
    }

    /// Returns every table that a pattern with `*` names: stored tables and tabular `let` views, in order of name.
    pub fn tables_like(&mut self, pattern: &str) -> Vec<Relation> {
        let mut names = self.env.catalog.table_names();
        names.retain(|name| wildcard_matches(pattern, name));
        if let Some(allowed) = &self.restricted {
            names.retain(|name| allowed.contains(name));
        }
        names.into_iter().filter_map(|name| self.table(&name)).collect()
    }

    fn bind_wildcard(&mut self, pattern: &str, span: Span) -> Relation {
        let tables = self.tables_like(pattern);
        if tables.is_empty() {
            self.report(Diagnostic::semantic("KS181", span, format!("no table matches `{pattern}`")));
            return self.open_relation();
        }
        self.union(tables, false)
    }

    /// Calls that give tables or databases.
    pub(super) fn special_table_call(&mut self, name: &ast::Name, args: &[ast::Expr], row: &Row) -> Option<Bound> {
        match (name.text.as_str(), args) {
            ("table" | "external_table" | "materialized_view", [table, ..]) => {
                let span = table.span;
                let Some(Value::String(wanted)) = self.bind_literal(table) else {
                    return Some(Bound::Table(self.open_relation()));
                };
                let wanted = ast::Name { text: wanted, span, bracketed: true };
                if let Some(binding @ Binding::Table(_)) = self.scope.get(&wanted.text).cloned()
                    && name.text == "table"
                {
                    return Some(self.reference(&binding, &wanted));
                }
                // What a name that is not written here stands for is looked for when the query runs.
                let is_given = !matches!(table.kind, ExprKind::Literal(_));
                Some(Bound::Table(self.find_table(&wanted).unwrap_or_else(|| {
                    if is_given && self.env.host.is_none() {
                        return self.open_relation();
                    }
                    let names = self.env.catalog.table_names();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    self.report_unknown_name(&wanted, &names, "table");
                    self.open_relation()
                })))
            }
            ("database" | "cluster" | "workspace" | "app" | "resource" | "adx" | "arg", args) => {
                let names: Vec<Expr> = args.iter().map(|arg| self.bind_scalar(arg, row)).collect();
                let text = names.first().and_then(Expr::as_literal).map(Value::to_text).unwrap_or_default();
                if let ("database", Some(Binding::Database(entity))) = (name.text.as_str(), self.scope.get(&text)) {
                    return Some(Bound::Database(entity.clone()));
                }
                let is_given = args.first().is_some_and(|arg| !matches!(arg.kind, ExprKind::Literal(_)));
                Some(Bound::Database(match name.text.as_str() {
                    "cluster" => Entity { cluster: Some(text), database: None, is_given },
                    _ => Entity { cluster: None, database: Some(text), is_given },
                }))
            }
            ("_GetWatchlist", [alias, ..]) => {
                let Some(Value::String(text)) = self.bind_literal(alias) else {
                    return Some(Bound::Table(self.open_relation()));
                };
                if let Some(relation) = self.table(&text) {
                    return Some(Bound::Table(relation));
                }
                let message = format!("there is no watchlist `{text}`");
                let help = format!("give its items as a file: `--table {text}=items.csv`");
                self.report(Diagnostic::semantic("VQ006", alias.span, message).help(help));
                Some(Bound::Table(self.open_relation()))
            }
            _ => None,
        }
    }

    /// Binds what follows `database("d").` or `workspace("w").`.
    pub(super) fn bind_in_database(&mut self, entity: &Entity, selector: &ast::Expr, span: Span, row: &Row) -> Bound {
        // Of another cluster's tables nothing is known before the query runs, and then all clusters are the catalog.
        let is_elsewhere =
            self.env.host.is_none() && entity.database.is_some() && (entity.cluster.is_some() || entity.is_given);
        if let Some(others) = self.others_of(entity, span) {
            match &selector.kind {
                ExprKind::Name(name) if !name.text.starts_with('$') => {
                    return Bound::Table(self.other_table(&others, name));
                }
                ExprKind::Wildcard(pattern) => return Bound::Table(self.other_tables(&others, pattern, selector.span)),
                ExprKind::Star => return Bound::Table(self.other_tables(&others, "*", selector.span)),
                _ => {}
            }
        }
        match &selector.kind {
            ExprKind::Name(name) if name.text == "$current_database" => {
                let database = entity.database.clone().unwrap_or_else(|| self.env.catalog.database());
                Bound::Scalar(Expr::Literal(Value::String(database)))
            }
            ExprKind::Name(name) if name.text == "$current_cluster_endpoint" => {
                Bound::Scalar(Expr::Literal(Value::String(entity.cluster.clone().unwrap_or_default())))
            }
            ExprKind::Name(_) if is_elsewhere => Bound::Table(self.elsewhere(span)),
            ExprKind::Call { name, .. } if is_elsewhere && name.text != "database" => {
                Bound::Table(self.elsewhere(span))
            }
            ExprKind::Name(name) => match self.find_table(name) {
                Some(relation) => Bound::Table(relation),
                None => {
                    let names = self.env.catalog.table_names();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    self.report_unknown_name(name, &names, "table");
                    Bound::Table(self.open_relation())
                }
            },
            ExprKind::Wildcard(pattern) => Bound::Table(self.bind_wildcard(pattern, selector.span)),
            ExprKind::Star => Bound::Table(self.bind_wildcard("*", selector.span)),
            ExprKind::Call { name, args } => match self.bind_call(name, args, span, row) {
                Bound::Database(inner) => Bound::Database(Entity {
                    cluster: inner.cluster.or_else(|| entity.cluster.clone()),
                    database: inner.database.or_else(|| entity.database.clone()),
                    is_given: inner.is_given || entity.is_given,
                }),
                bound => bound,
            },
            _ => {
                self.report(Diagnostic::semantic("KS111", selector.span, "a table is expected here"));
                Bound::Table(self.open_relation())
            }
        }
    }

    /// Returns what may have any columns, since it lies in another cluster.
    fn elsewhere(&mut self, span: Span) -> Relation {
        let message = "the tables of other clusters are not known here";
        self.report(Diagnostic::warning("KS207", span, message));
        self.open_relation()
    }

    /// Calls a stored function; its own text is bound where it stands, but findings are reported at the call.
    pub(super) fn call_stored(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span, row: &Row) -> Option<Bound> {
        let stored = self.env.catalog.function(&name.text)?;
        let bound = self.in_stored(name, &stored, |binder, statement, scope| {
            let binding = Binding::Function { statement: statement.clone(), scope: scope.clone() };
            Some(binder.call_bound(&binding, name, args, span, row))
        });
        Some(bound.unwrap_or_else(|| Bound::Table(self.open_relation())))
    }

    /// Does something with the text of a stored function that is called, as a `let` statement, and the scope in which that stands: of the
    /// names at the call it knows none.
    pub(super) fn in_stored(
        &mut self,
        name: &ast::Name,
        stored: &StoredFunction,
        work: impl FnOnce(&mut Self, &Arc<ast::Statement>, &Scope) -> Option<Bound>,
    ) -> Option<Bound> {
        let at = self.span_override.unwrap_or(name.span);
        let mut calling: Vec<String> = self.scope.calling().into_iter().map(str::to_string).collect();
        calling.reverse();
        calling.push(stored.name.clone());
        if let Some(first) = calling.iter().position(|of| *of == stored.name).filter(|first| first + 1 < calling.len())
        {
            let chain = calling.iter().skip(first).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" calls ");
            self.report(Diagnostic::semantic("VQ017", at, format!("a stored function cannot call itself: {chain}")));
            return None;
        }
        let scope = calling.into_iter().fold(Scope::default(), |scope, name| scope.with(name, Binding::Calling));
        // The body may end with a comment, and any name may be in brackets.
        let text = format!("let f = {} {{ {}\n}};", stored.parameters, stored.body);
        let parse = crate::syntax::parse(&text);
        let outer = self.span_override.replace(at);
        for diagnostic in parse.diagnostics.iter().filter(|d| d.is_error()) {
            self.report(diagnostic.clone());
        }
        let bound = parse.block.statements.first().and_then(|statement| work(self, statement, &scope));
        self.span_override = outer;
        bound
    }
}

/// Returns whether a pattern, in which `*` stands for any text, accepts a whole name.
pub fn wildcard_matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}
