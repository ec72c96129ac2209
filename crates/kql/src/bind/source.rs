//! Operators that make rows: `datatable`, `range`; and the naming of a table by `as`.

use super::scope::Binding;
use super::{Binder, Bound, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::{Expr, Field, Node, Plan};
use crate::syntax::ast::{self, ExprKind};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Rows written in the query.
    pub fn datatable(&mut self, schema: &ast::SchemaType, values: &[ast::Expr]) -> Relation {
        let mut columns: Vec<Field> = Vec::new();
        for column in &schema.columns {
            if columns.iter().any(|field| field.name == column.name.text) {
                let message = format!("the column `{}` is declared twice", column.name.text);
                self.report(Diagnostic::semantic("KS171", column.name.span, message));
            }
            columns.push(self.new_field(column.name.text.clone(), column.ktype));
        }
        if columns.is_empty() || !values.len().is_multiple_of(columns.len()) {
            let message = format!(
                "{} do not fill rows of {}",
                super::call::count(values.len(), "value"),
                super::call::count(columns.len(), "column")
            );
            self.report(Diagnostic::semantic("KS173", schema.span, message));
            return Relation::new(Plan { node: Node::Values { rows: vec![] }, columns });
        }
        let mut rows = Vec::new();
        for chunk in values.chunks(columns.len()) {
            let mut row = Vec::with_capacity(columns.len());
            for (value, field) in chunk.iter().zip(&columns) {
                row.push(self.cell(value, field.ktype));
            }
            rows.push(row);
        }
        Relation { serialized: true, ..Relation::new(Plan { node: Node::Values { rows }, columns }) }
    }

    /// A literal as a value of a column's type; one that does not fit becomes null, as Kusto has it.
    fn cell(&mut self, value: &ast::Expr, ktype: KqlType) -> Value {
        let bound = self.bind_scalar(value, &Row::none());
        if self.is_unknown(&bound) {
            return Value::null(ktype);
        }
        match self.convert(bound, ktype) {
            Expr::Literal(value) => value,
            _ => {
                self.report(Diagnostic::semantic("KS131", value.span, "a literal is expected here"));
                Value::null(ktype)
            }
        }
    }

    /// A column of values from a first to a last.
    pub fn range(&mut self, name: &ast::Name, from: &ast::Expr, to: &ast::Expr, step: &ast::Expr) -> Relation {
        let row = Row::none();
        let (mut from_value, mut to_value, mut step_value) =
            (self.bind_scalar(from, &row), self.bind_scalar(to, &row), self.bind_scalar(step, &row));
        let types = [from_value.ktype(), to_value.ktype(), step_value.ktype()];
        let unknown = [&from_value, &to_value, &step_value].iter().any(|e| self.is_unknown(e));
        let ktype = if types.iter().all(|t| t.is_numeric()) {
            let widest =
                types.into_iter().reduce(|a, b| super::call::wider(a, b).unwrap_or(a)).unwrap_or(KqlType::Long);
            if widest == KqlType::Int { KqlType::Long } else { widest }
        } else {
            match types {
                [KqlType::Datetime, KqlType::Datetime, KqlType::Timespan] => KqlType::Datetime,
                [KqlType::Timespan, KqlType::Timespan, KqlType::Timespan] => KqlType::Timespan,
                _ => {
                    if !unknown {
                        let message = format!("`range` cannot step from {} to {} by {}", types[0], types[1], types[2]);
                        self.report(Diagnostic::semantic("KS138", from.span.to(step.span), message));
                    }
                    KqlType::Long
                }
            }
        };
        if ktype.is_numeric() && !unknown {
            from_value = self.convert(from_value, ktype);
            to_value = self.convert(to_value, ktype);
            step_value = self.convert(step_value, ktype);
        }
        if matches!(step_value.as_literal(), Some(Value::Long(0) | Value::Timespan(0))) {
            self.report(Diagnostic::semantic("VQ009", step.span, "the step of `range` must not be zero"));
        }
        let field = self.new_field(name.text.clone(), ktype);
        let node = Node::Range { from: from_value, to: to_value, step: step_value };
        Relation { serialized: true, ..Relation::new(Plan { node, columns: vec![field] }) }
    }

    /// Gives a table a name that later expressions may use.
    pub fn name_table(&mut self, name: &ast::Name, relation: &Relation) {
        self.scope = self.scope.with(name.text.clone(), Binding::Table(relation.clone()));
    }

    /// Returns a table of one row without columns, the input of a plugin that stands at the start.
    pub fn no_rows(&self) -> Relation {
        Relation::new(Plan { node: Node::Values { rows: vec![vec![]] }, columns: vec![] })
    }

    /// Binds the count of a `limit` clause.
    pub fn bind_limit(&mut self, expr: &ast::Expr) -> Option<u64> {
        match self.bind_count(expr) {
            Expr::Literal(Value::Long(n)) => u64::try_from(n).ok(),
            other => {
                if !self.is_unknown(&other) {
                    self.report(Diagnostic::semantic("KS131", expr.span, "the limit must be a literal"));
                }
                None
            }
        }
    }

    /// Calls a function with the piped table as its first argument.
    pub fn invoke(&mut self, input: Relation, call: &ast::Expr) -> Relation {
        let (name, args) = match &call.kind {
            ExprKind::Call { name, args } => (name, args),
            ExprKind::Path { selector, .. } => match &selector.kind {
                ExprKind::Call { name, args } => (name, args),
                _ => return self.open_relation(),
            },
            _ => return self.open_relation(),
        };
        let bound = match self.scope.get(&name.text).cloned() {
            Some(Binding::Function { statement, scope }) => {
                self.invoke_function(&statement, &scope, name, args, call, input)
            }
            _ => match self.env.catalog.function(&name.text) {
                Some(stored) => self.in_stored(name, &stored, |binder, statement, scope| {
                    binder.invoke_function(statement, scope, name, args, call, input)
                }),
                None => {
                    let message = format!("the name `{}` does not refer to any known function", name.text);
                    self.report(Diagnostic::semantic("KS211", name.span, message));
                    None
                }
            },
        };
        match bound {
            Some(Bound::Table(relation)) => relation,
            Some(_) => {
                self.report(Diagnostic::semantic("KS111", call.span, "`invoke` needs a function that gives a table"));
                self.open_relation()
            }
            None => self.open_relation(),
        }
    }

    fn invoke_function(
        &mut self,
        statement: &ast::Statement,
        scope: &super::Scope,
        name: &ast::Name,
        args: &[ast::Expr],
        call: &ast::Expr,
        input: Relation,
    ) -> Option<Bound> {
        let ast::StatementKind::Let { value, .. } = &statement.kind else { return None };
        let ExprKind::Function(function) = &value.kind else { return None };
        let row = Row::of(&input);
        let inner = self.bind_parameters(name, &function.parameters, args, scope, &row, call.span, Some(input))?;
        Some(self.run_body(&function.body, inner, call.span))
    }
}
