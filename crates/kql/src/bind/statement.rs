//! Statements: `let`, `set`, `declare`, `restrict`, `alias`, and the query itself.

use super::scope::Binding;
use super::{Binder, Bound, Entity, Relation, Row, Scope};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{BoundResult, Expr, Field, Node, Plan};
use crate::syntax::ast::{self, ExprKind, ParameterType, Statement, StatementKind};
use schema::{KqlType, Value};
use std::collections::HashSet;
use std::sync::Arc;

impl Binder<'_> {
    /// Binds a whole query and gives its results.
    pub(super) fn bind_query(&mut self, block: &ast::Block) -> Vec<BoundResult> {
        let mut results = Vec::new();
        self.check_declared_once(block, &[]);
        for statement in &block.statements {
            if let StatementKind::Expression(expr) = &statement.kind {
                let bound = self.bind_expr_or_table(expr, &Row::none());
                let relation = self.as_table(bound, expr);
                self.push_results(relation, &mut results);
            } else {
                self.bind_statement(statement);
            }
        }
        if results.is_empty() && !self.has_errors() {
            let end = Span::new(block.span.end, block.span.end);
            self.report(Diagnostic::syntax("KS006", end, "the query has no expression that gives a result"));
        }
        results
    }

    fn push_results(&mut self, mut relation: Relation, results: &mut Vec<BoundResult>) {
        let extra = std::mem::take(&mut relation.extra);
        if extra.is_empty() {
            let name =
                if results.is_empty() { "PrimaryResult".to_string() } else { format!("Table_{}", results.len()) };
            results.push(BoundResult { name, plan: relation.plan, render: relation.render });
        } else {
            results.extend(extra);
        }
    }

    /// A query that is a scalar expression gives a table of one row, as `print` does.
    fn as_table(&mut self, bound: Bound, expr: &ast::Expr) -> Relation {
        match bound {
            Bound::Table(relation) => relation,
            Bound::Scalar(scalar) => {
                if !self.is_unknown(&scalar) {
                    self.report(
                        Diagnostic::semantic("KS111", expr.span, "the query must give a table, not a scalar value")
                            .help("write `print` before it"),
                    );
                }
                self.open_relation()
            }
            Bound::Database(_) | Bound::Entities(_) | Bound::Star => {
                self.report(Diagnostic::semantic("KS111", expr.span, "the query must give a table"));
                self.open_relation()
            }
        }
    }

    /// Binds a function's body: its statements, then the value of the last.
    pub(super) fn bind_body(&mut self, body: &ast::Block, span: Span) -> Bound {
        let mut value = None;
        for statement in &body.statements {
            match &statement.kind {
                StatementKind::Expression(expr) => value = Some(self.bind_expr_or_table(expr, &Row::none())),
                _ => self.bind_statement(statement),
            }
        }
        value.unwrap_or_else(|| {
            self.report(Diagnostic::semantic("KS006", span, "the function's body gives no value"));
            Bound::Scalar(self.unknown())
        })
    }

    fn bind_statement(&mut self, statement: &Arc<Statement>) {
        match &statement.kind {
            StatementKind::Error | StatementKind::Expression(_) => {}
            StatementKind::Let { name, value } => self.bind_let(statement, name, value),
            StatementKind::Set { name, value } => self.bind_set(name, value.as_ref()),
            StatementKind::QueryParameters { parameters } => {
                for parameter in parameters {
                    self.bind_query_parameter(parameter);
                }
            }
            StatementKind::Pattern { name, .. } => {
                let binding = Binding::Pattern { statement: statement.clone(), scope: self.scope.clone() };
                self.scope = self.scope.with(name.text.clone(), binding);
            }
            StatementKind::Restrict { entities, .. } => self.bind_restrict(entities),
            StatementKind::Alias { name, value } => {
                let entity = match self.bind_expr(value, &Row::none()) {
                    Bound::Database(entity) => entity,
                    _ => {
                        self.report(Diagnostic::semantic("KS114", value.span, "a database is expected here"));
                        Entity::default()
                    }
                };
                self.scope = self.scope.with(name.text.clone(), Binding::Database(entity));
            }
        }
    }

    fn bind_let(&mut self, statement: &Arc<Statement>, name: &ast::Name, value: &ast::Expr) {
        let binding = if let ExprKind::Function(function) = &value.kind {
            self.check_function(function);
            Binding::Function { statement: statement.clone(), scope: self.scope.clone() }
        } else {
            match self.bind_expr_or_table(value, &Row::none()) {
                Bound::Scalar(scalar) => Binding::Scalar(scalar),
                Bound::Table(relation) => Binding::Table(relation),
                Bound::Database(entity) => Binding::Database(entity),
                Bound::Entities(entities) => Binding::Entities(entities),
                Bound::Star => {
                    self.report(Diagnostic::semantic("KS191", value.span, "`*` is not allowed here"));
                    Binding::Scalar(self.unknown())
                }
            }
        };
        self.scope = self.scope.with(name.text.clone(), binding);
    }

    /// Reports variables that a block declares though it, or the function's parameters, have declared them before.
    pub(super) fn check_declared_once(&mut self, block: &ast::Block, parameters: &[ast::Parameter]) {
        let mut declared: HashSet<&str> = parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Let { name, .. } | StatementKind::Pattern { name, .. }
                    if declared.contains(name.text.as_str()) =>
                {
                    let message = format!("the variable `{}` has been declared already", name.text);
                    self.report(Diagnostic::semantic("KS201", name.span, message));
                }
                StatementKind::Let { name, .. } | StatementKind::Pattern { name, .. } => {
                    declared.insert(&name.text);
                }
                StatementKind::QueryParameters { parameters } => {
                    declared.extend(parameters.iter().map(|parameter| parameter.name.text.as_str()));
                }
                _ => {}
            }
        }
    }

    /// Binds a function's body once with arguments of the declared types, so that a mistake is found where it stands and
    /// not only when the function is called.
    fn check_function(&mut self, function: &ast::FunctionDeclaration) {
        self.check_declared_once(&function.body, &function.parameters);
        let mut scope = self.scope.clone();
        for parameter in &function.parameters {
            let binding = match &parameter.ktype {
                ParameterType::Scalar(ktype) => {
                    Binding::Scalar(Expr::Call { function: super::UNKNOWN, args: vec![], ktype: *ktype })
                }
                ParameterType::Table(schema) => {
                    let columns: Vec<Field> =
                        schema.columns.iter().map(|c| self.new_field(c.name.text.clone(), c.ktype)).collect();
                    let plan = Plan { node: Node::Values { rows: vec![] }, columns };
                    Binding::Table(Relation { open: true, ..Relation::new(plan) })
                }
            };
            scope = scope.with(parameter.name.text.clone(), binding);
        }
        let unnamed = self.unnamed;
        let host = self.env.host.take();
        self.run_body(&function.body, scope, function.span);
        self.env.host = host;
        self.unnamed = unnamed;
    }

    fn bind_set(&mut self, name: &ast::Name, value: Option<&ast::Expr>) {
        let value = match value {
            Some(value) => self.bind_literal(value),
            None => Some(Value::Bool(true)),
        };
        let Some(value) = value else { return };
        let option = name.text.to_ascii_lowercase();
        // Which rows a query sees is decided before its text is bound.
        if option.starts_with("query_datetimescope_") {
            let message =
                format!("`{}` is given with a request, as one of its properties, and not in its query", name.text);
            self.report(Diagnostic::unsupported("VQ001", name.span, message));
            return;
        }
        if option == "query_now"
            && let Value::Datetime(now) = value
        {
            self.env.now = now;
        }
        self.options.push((option, value));
    }

    fn bind_query_parameter(&mut self, parameter: &ast::Parameter) {
        let ParameterType::Scalar(ktype) = parameter.ktype else {
            self.report(Diagnostic::semantic("KS108", parameter.name.span, "a query parameter must be scalar"));
            return;
        };
        let given =
            self.env.parameters.iter().find(|(name, _)| *name == parameter.name.text).map(|(_, text)| text.clone());
        let value = match (given, &parameter.default) {
            (Some(text), _) => self.parameter_value(&text, ktype, parameter.name.span),
            (None, Some(default)) => {
                let default = self.bind_scalar(default, &Row::none());
                self.convert(default, ktype)
            }
            // Whoever runs the query gives it.
            (None, None) if self.env.host.is_none() => Expr::Call { function: super::UNKNOWN, args: vec![], ktype },
            (None, None) => {
                let message = format!("the query parameter `{}` has no value", parameter.name.text);
                self.report(
                    Diagnostic::runtime("VQ007", parameter.name.span, message)
                        .help("give one with the request, or a default"),
                );
                Expr::Call { function: super::UNKNOWN, args: vec![], ktype }
            }
        };
        self.scope = self.scope.with(parameter.name.text.clone(), Binding::Scalar(value));
    }

    /// Reads a parameter's value: a KQL literal, else the plain text of the type.
    fn parameter_value(&mut self, text: &str, ktype: KqlType, span: Span) -> Expr {
        let parse = crate::syntax::parse(text);
        if let [statement] = parse.block.statements.as_slice()
            && let StatementKind::Expression(ast::Expr { kind: ExprKind::Literal(value), .. }) = &statement.kind
            && parse.diagnostics.is_empty()
        {
            return self.convert(Expr::Literal(value.clone()), ktype);
        }
        let value = self.convert(Expr::Literal(Value::String(text.to_string())), ktype);
        if matches!(&value, Expr::Literal(value) if value.is_null()) {
            self.report(Diagnostic::runtime("VQ007", span, format!("`{text}` is no value of the type {ktype}")));
        }
        value
    }

    fn bind_restrict(&mut self, entities: &[ast::Expr]) {
        let mut allowed = std::collections::HashSet::new();
        for entity in entities {
            match &entity.kind {
                ExprKind::Name(name) => {
                    allowed.insert(name.text.clone());
                }
                ExprKind::Star => allowed.extend(self.env.catalog.table_names()),
                ExprKind::Wildcard(pattern) => {
                    let names = self.env.catalog.table_names();
                    allowed.extend(names.into_iter().filter(|name| super::tabular::wildcard_matches(pattern, name)));
                }
                ExprKind::Path { selector, .. } => match &selector.kind {
                    ExprKind::Name(name) => {
                        allowed.insert(name.text.clone());
                    }
                    ExprKind::Star => allowed.extend(self.env.catalog.table_names()),
                    ExprKind::Wildcard(pattern) => {
                        let names = self.env.catalog.table_names();
                        allowed
                            .extend(names.into_iter().filter(|name| super::tabular::wildcard_matches(pattern, name)));
                    }
                    _ => {}
                },
                _ => self.report(Diagnostic::semantic("KS111", entity.span, "a table or view is expected here")),
            }
        }
        self.restricted = Some(match self.restricted.take() {
            Some(before) => before.intersection(&allowed).cloned().collect(),
            None => allowed,
        });
    }

    /// Calls a pattern: the case whose arguments are those given.
    pub(super) fn call_pattern(
        &mut self,
        statement: &Arc<Statement>,
        scope: &Scope,
        args: &[ast::Expr],
        path: Option<&ast::Expr>,
        span: Span,
        row: &Row,
    ) -> Bound {
        let StatementKind::Pattern { cases, .. } = &statement.kind else { return Bound::Scalar(self.unknown()) };
        let _ = row;
        let wanted: Vec<Option<Value>> = args.iter().map(|arg| self.bind_literal(arg)).collect();
        let wanted_path = path.and_then(|path| match &path.kind {
            ExprKind::Name(name) => Some(Value::String(name.text.clone())),
            _ => self.bind_literal(path),
        });
        for case in cases {
            let given: Vec<Option<Value>> = case.arguments.iter().map(|arg| self.bind_literal(arg)).collect();
            let given_path = case.path.as_ref().and_then(|path| self.bind_literal(path));
            if given == wanted && (given_path == wanted_path || path.is_none() && case.path.is_none()) {
                return self.run_body(&case.body, scope.clone(), span);
            }
        }
        self.report(Diagnostic::semantic("KS188", span, "no case of the pattern has these arguments"));
        Bound::Scalar(self.unknown())
    }
}
