//! Scalar expressions: names, literals, operators, paths.

use super::scope::Binding;
use super::{Binder, Bound, Row};
use crate::diagnostic::{Diagnostic, Kind, Span};
use crate::plan::Expr;
use crate::syntax::ast::{self, ExprKind};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Binds an expression that must be scalar. Reports what is wrong and then gives the unknown expression.
    pub fn bind_scalar(&mut self, expr: &ast::Expr, row: &Row) -> Expr {
        match self.bind_expr(expr, row) {
            Bound::Scalar(scalar) => scalar,
            Bound::Table(_) | Bound::Database(_) | Bound::Entities(_) => {
                self.report(Diagnostic::semantic("KS108", expr.span, "a scalar value is expected here, not a table"));
                self.unknown()
            }
            Bound::Star => {
                self.report(Diagnostic::semantic("KS191", expr.span, "`*` is not allowed here"));
                self.unknown()
            }
        }
    }

    /// Binds an expression that must be a bool: a predicate.
    pub fn bind_predicate(&mut self, expr: &ast::Expr, row: &Row) -> Expr {
        let predicate = self.bind_scalar(expr, row);
        if let ExprKind::Named { names, .. } = &expr.kind
            && let [name] = names.as_slice()
        {
            let help = format!("to compare, write `{} == ...`", name.text);
            if matches!(predicate.ktype(), KqlType::Bool | KqlType::Dynamic) {
                let message = format!("`=` gives the predicate the name `{}` and compares nothing", name.text);
                self.report(Diagnostic::warning("VQ015", expr.span, message).help(help));
            } else {
                let message = format!("the expression must have the type bool, not {}", predicate.ktype());
                self.report(Diagnostic::semantic("KS141", expr.span, message).help(help));
                return self.unknown();
            }
        }
        self.expect_bool(predicate, expr.span)
    }

    /// Checks that an expression is a bool.
    pub fn expect_bool(&mut self, expr: Expr, span: Span) -> Expr {
        match expr.ktype() {
            KqlType::Bool => expr,
            _ if self.is_unknown(&expr) => expr,
            other => {
                self.report(Diagnostic::semantic(
                    "KS141",
                    span,
                    format!("the expression must have the type bool, not {other}"),
                ));
                self.unknown()
            }
        }
    }

    /// Binds an expression that must be a constant, and gives its value when it is known before the query runs.
    pub fn bind_constant(&mut self, expr: &ast::Expr, row: &Row) -> Expr {
        let constant = self.bind_scalar(expr, &Row::none());
        if !self.is_unknown(&constant) && !constant.is_constant() {
            self.report(Diagnostic::semantic("KS129", expr.span, "the expression must be constant"));
        }
        let _ = row;
        constant
    }

    /// Binds an expression that must be a literal value.
    pub fn bind_literal(&mut self, expr: &ast::Expr) -> Option<Value> {
        let bound = self.bind_scalar(expr, &Row::none());
        match bound {
            Expr::Literal(value) => Some(value),
            other => {
                if !self.is_unknown(&other) {
                    self.report(Diagnostic::semantic("KS131", expr.span, "the expression must be a literal"));
                }
                None
            }
        }
    }

    /// Binds a scalar or tabular expression.
    pub fn bind_expr(&mut self, expr: &ast::Expr, row: &Row) -> Bound {
        if !self.enter(expr.span) {
            self.leave();
            return Bound::Scalar(self.unknown());
        }
        let bound = self.bind_expr_kind(expr, row);
        self.leave();
        bound
    }

    fn bind_expr_kind(&mut self, expr: &ast::Expr, row: &Row) -> Bound {
        let scalar = match &expr.kind {
            ExprKind::Error => self.unknown(),
            ExprKind::Literal(value) => Expr::Literal(value.clone()),
            ExprKind::Name(name) => return self.bind_name(name, row),
            ExprKind::Parenthesized(inner) => return self.bind_expr(inner, row),
            ExprKind::Named { value, .. } => return self.bind_expr(value, row),
            ExprKind::Star => return Bound::Star,
            ExprKind::Wildcard(_) | ExprKind::Pipe { .. } | ExprKind::Source(_) => {
                return Bound::Table(self.bind_table_expr(expr, row));
            }
            ExprKind::Unary { op, operand } => {
                let operand = self.bind_scalar(operand, row);
                let name = if *op == "-" { "unary-" } else { "unary+" };
                self.call(name, vec![operand], expr.span, expr.span)
            }
            ExprKind::Binary { .. } => self.bind_binary(expr, row),
            ExprKind::Between { negated, value, low, high } => {
                let args = vec![self.bind_scalar(value, row), self.bind_scalar(low, row), self.bind_scalar(high, row)];
                self.call(if *negated { "!between" } else { "between" }, args, expr.span, value.span)
            }
            ExprKind::In { op, op_span, value, list } => self.bind_in(op, *op_span, value, list, row),
            ExprKind::Call { name, args } => return self.bind_call(name, args, expr.span, row),
            ExprKind::Path { target, selector } => return self.bind_path(target, selector, expr.span, row),
            ExprKind::Element { target, index } => {
                let container = self.bind_scalar(target, row);
                let key = self.bind_scalar(index, row);
                if container.ktype() == KqlType::Dynamic {
                    self.access(container, key)
                } else {
                    let message =
                        format!("an element can only be taken from a dynamic value, not from {}", container.ktype());
                    self.report(
                        Diagnostic::semantic("KS147", target.span, message)
                            .help("convert the text with `parse_json()` first"),
                    );
                    self.unknown()
                }
            }
            ExprKind::TypeOf(schema) => match schema.scalar {
                Some(ktype) => Expr::Literal(Value::Null(ktype)),
                None => {
                    self.report(Diagnostic::semantic("KS172", expr.span, "a scalar type is expected here"));
                    self.unknown()
                }
            },
            ExprKind::EntityGroup(entities) => return self.entity_group(entities),
            ExprKind::Function(_) => {
                self.report(Diagnostic::semantic(
                    "KS108",
                    expr.span,
                    "a function can only be the value of a `let` statement",
                ));
                self.unknown()
            }
        };
        Bound::Scalar(scalar)
    }

    /// Binds a chain of binary operators. The left spine of a long `a or b or c …` is walked, not recursed into.
    fn bind_binary(&mut self, expr: &ast::Expr, row: &Row) -> Expr {
        let mut spine = Vec::new();
        let mut leftmost = expr;
        while let ExprKind::Binary { op, op_span, left, right } = &leftmost.kind {
            spine.push((*op, *op_span, right.as_ref(), leftmost.span));
            leftmost = left;
        }
        // `* has "a"`: any column.
        let is_any = |op: &str| !matches!(op, "and" | "or" | "+" | "-" | "*" | "/" | "%");
        let any = match leftmost.kind {
            ExprKind::Star => spine.pop_if(|(op, ..)| is_any(op)),
            _ => None,
        };
        let mut bound = match any {
            Some((op, op_span, right, _)) => self.bind_any_column(op, op_span, right, row),
            None => self.bind_scalar(leftmost, row),
        };
        for (op, op_span, right, span) in spine.into_iter().rev() {
            let right = self.bind_scalar(right, row);
            bound = self.call(op, vec![bound, right], span, op_span);
        }
        bound
    }

    fn bind_in(&mut self, op: &'static str, op_span: Span, value: &ast::Expr, list: &[ast::Expr], row: &Row) -> Expr {
        let value = self.bind_scalar(value, row);
        if let [only] = list
            && let Bound::Table(relation) = self.bind_expr_or_table(only, row)
        {
            return self.in_table(op, value, relation, only.span);
        }
        let mut args = vec![value];
        for item in list {
            let bound = self.bind_expr(item, row);
            match bound {
                Bound::Scalar(scalar) => args.push(scalar),
                Bound::Table(relation) if relation.open => args.push(self.unknown()),
                _ => {
                    self.report(Diagnostic::semantic(
                        "KS108",
                        item.span,
                        "a scalar value is expected here, not a table",
                    ));
                    args.push(self.unknown());
                }
            }
        }
        self.call(op, args, op_span, op_span)
    }

    fn in_table(&mut self, op: &'static str, value: Expr, relation: super::Relation, span: Span) -> Expr {
        if relation.open && relation.columns().is_empty() {
            let unknown = self.unknown();
            return Expr::call(op, vec![value, unknown], KqlType::Bool);
        }
        let Some(first) = relation.columns().first().cloned() else {
            self.report(Diagnostic::semantic("KS190", span, "the table has no columns"));
            return self.unknown();
        };
        if matches!(op, "has_any" | "has_all") {
            // The table's values as one array, computed once.
            let values = self.values_of(relation, &first);
            return self.call(op, vec![value, values], span, span);
        }
        if first.ktype != value.ktype() && value.ktype() == KqlType::Dynamic {
            let value = self.convert(value, first.ktype);
            return self.make_in_table(op, value, relation);
        }
        self.make_in_table(op, value, relation)
    }

    fn make_in_table(&mut self, op: &'static str, value: Expr, relation: super::Relation) -> Expr {
        Expr::InTable {
            value: Box::new(value),
            plan: Box::new(relation.plan),
            negated: op.starts_with('!'),
            ignore_case: op.ends_with('~'),
        }
    }

    /// Makes the dynamic array of a relation's first column, computed once before the query.
    fn values_of(&mut self, relation: super::Relation, first: &crate::plan::Field) -> Expr {
        let output = self.new_field("values", KqlType::Dynamic);
        let aggregate = crate::plan::Aggregate {
            function: "make_list",
            args: vec![Expr::column(first)],
            filter: None,
            outputs: vec![output.clone()],
        };
        let plan = crate::plan::Plan {
            node: crate::plan::Node::Aggregate {
                input: Box::new(relation.plan),
                keys: vec![],
                aggregates: vec![aggregate],
            },
            columns: vec![output],
        };
        Expr::Subquery { plan: Box::new(plan), ktype: KqlType::Dynamic }
    }

    /// Makes the access to a part of a dynamic value.
    pub fn access(&mut self, container: Expr, key: Expr) -> Expr {
        Expr::call("[]", vec![container, key], KqlType::Dynamic)
    }

    /// Finds what a name stands for: a column, then a `let`, then a table or function without parameters.
    fn bind_name(&mut self, name: &ast::Name, row: &Row) -> Bound {
        if let Some(field) = row.column(&name.text) {
            return Bound::Scalar(Expr::column(field));
        }
        if let Some(binding) = self.scope.get(&name.text).cloned() {
            return self.reference(&binding, name);
        }
        if let Some(relation) = self.find_table(name) {
            return Bound::Table(relation);
        }
        if row.open || name.text.is_empty() {
            return Bound::Scalar(self.unknown());
        }
        if self.env.functions.scalar(&name.text).is_some() || self.env.functions.aggregate(&name.text).is_some() {
            let message = format!("the function `{}` needs an argument list", name.text);
            self.report(Diagnostic::semantic("KS117", name.span, message).help(format!("write `{}()`", name.text)));
            return Bound::Scalar(self.unknown());
        }
        let mut candidates: Vec<String> = row.columns.iter().map(|field| field.name.to_string()).collect();
        candidates.extend(self.scope.names().iter().map(|n| n.to_string()));
        if row.columns.is_empty() {
            candidates.extend(self.env.catalog.table_names());
        }
        let candidates: Vec<&str> = candidates.iter().map(String::as_str).collect();
        let what = if row.columns.is_empty() {
            "table, column, variable or function"
        } else {
            "column, table, variable or function"
        };
        self.report_unknown_name(name, &candidates, what);
        Bound::Scalar(self.unknown())
    }

    /// Gives what a `let` or a parameter stands for.
    pub(super) fn reference(&mut self, binding: &Binding, name: &ast::Name) -> Bound {
        match binding {
            Binding::Scalar(expr) => {
                // A part of an expression takes about as much as four columns of a plan.
                let mut size = 0;
                expr.walk(&mut |_| size += 4);
                Bound::Scalar(if self.copy(size, name.span) { expr.clone() } else { self.unknown() })
            }
            Binding::Table(relation) => {
                if !self.copy(relation.plan.size(), name.span) {
                    return Bound::Table(self.open_relation());
                }
                let mut relation = self.refresh(relation);
                relation.name = Some(name.text.clone());
                Bound::Table(relation)
            }
            Binding::Database(entity) => Bound::Database(entity.clone()),
            Binding::Entities(entities) => Bound::Entities(entities.clone()),
            Binding::Function { .. } => self.call_bound(binding, name, &[], name.span, &Row::none()),
            // No name finds it.
            Binding::Calling => Bound::Scalar(self.unknown()),
            Binding::Pattern { .. } => {
                let message = format!("the pattern `{}` needs an argument list", name.text);
                self.report(Diagnostic::semantic("KS117", name.span, message));
                Bound::Scalar(self.unknown())
            }
        }
    }

    fn bind_path(&mut self, target: &ast::Expr, selector: &ast::Expr, span: Span, row: &Row) -> Bound {
        if let ExprKind::Name(name) = &target.kind {
            if let Some(sides) = &row.sides
                && (name.text == "$left" || name.text == "$right")
            {
                let side = if name.text == "$left" { sides.0.clone() } else { sides.1.clone() };
                return Bound::Scalar(self.bind_scalar(selector, &side));
            }
            if let Some((_, columns)) = row.nested.iter().find(|(nested, _)| *nested == name.text) {
                let inner = Row { columns: columns.clone(), ..Row::default() };
                return Bound::Scalar(self.bind_scalar(selector, &inner));
            }
        }
        if let ExprKind::Call { name, args } = &target.kind
            && let Some(Binding::Pattern { statement, scope }) = self.scope.get(&name.text).cloned()
        {
            return self.call_pattern(&statement, &scope, args, Some(selector), span, row);
        }
        match self.bind_expr(target, row) {
            Bound::Database(entity) => {
                let bound = self.bind_in_database(&entity, selector, span, row);
                if is_elsewhere(target) {
                    self.not_here(selector.span);
                }
                bound
            }
            Bound::Entities(_) => {
                let message = "an entity group has no members: `macro-expand` goes through it";
                self.report(Diagnostic::semantic("KS108", target.span, message));
                Bound::Scalar(self.unknown())
            }
            Bound::Scalar(container) => {
                let key = match &selector.kind {
                    ExprKind::Name(name) => Expr::Literal(Value::String(name.text.clone())),
                    ExprKind::Error => return Bound::Scalar(self.unknown()),
                    // `a.["b"]` and `a.[0]` are element accesses.
                    _ => self.bind_scalar(selector, row),
                };
                if self.is_unknown(&container) {
                    return Bound::Scalar(self.unknown());
                }
                if container.ktype() != KqlType::Dynamic {
                    let message =
                        format!("a member can only be taken from a dynamic value, not from {}", container.ktype());
                    self.report(
                        Diagnostic::semantic("KS107", target.span, message)
                            .help("convert the text with `parse_json()` first"),
                    );
                    return Bound::Scalar(self.unknown());
                }
                Bound::Scalar(self.access(container, key))
            }
            Bound::Table(relation) => {
                // `toscalar`-like access to a tabular variable's column is not KQL.
                if !relation.open {
                    self.report(Diagnostic::semantic(
                        "KS108",
                        target.span,
                        "a scalar value is expected before `.`, not a table",
                    ));
                }
                Bound::Scalar(self.unknown())
            }
            Bound::Star => {
                self.report(Diagnostic::semantic("KS191", target.span, "`*` is not allowed here"));
                Bound::Scalar(self.unknown())
            }
        }
    }

    /// What another cluster has cannot be known to be missing: what is unknown in `at` is right KQL that finds nothing here.
    fn not_here(&mut self, at: Span) {
        let unknown = |found: &Diagnostic| {
            matches!(found.code, "KS142" | "KS211") && found.span.start >= at.start && found.span.end <= at.end
        };
        for found in self.diagnostics.iter_mut().filter(|found| unknown(found)) {
            found.kind = Kind::Unsupported;
        }
    }

    /// Converts an expression to a type by the conversion function of that type.
    pub fn convert(&mut self, expr: Expr, to: KqlType) -> Expr {
        if expr.ktype() == to || self.is_unknown(&expr) {
            return expr;
        }
        let function = match to {
            KqlType::Bool => "tobool",
            KqlType::Int => "toint",
            KqlType::Long => "tolong",
            KqlType::Real => "toreal",
            KqlType::Decimal => "todecimal",
            KqlType::String => "tostring",
            KqlType::Datetime => "todatetime",
            KqlType::Timespan => "totimespan",
            KqlType::Guid => "toguid",
            KqlType::Dynamic => "(dynamic)",
        };
        if let Expr::Literal(Value::Null(_)) = expr {
            return Expr::Literal(Value::null(to));
        }
        self.fold(Expr::call(function, vec![expr], to), Span::default())
    }
}

/// Returns whether a path leads into another cluster: `cluster("c").database("d")`.
fn is_elsewhere(target: &ast::Expr) -> bool {
    match &target.kind {
        ExprKind::Call { name, .. } => name.text == "cluster",
        ExprKind::Path { target, .. } => is_elsewhere(target),
        _ => false,
    }
}
