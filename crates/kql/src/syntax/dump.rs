//! The tree's compact text, for tests and for looking at: an expression is a list, operator first.
//!
//! ```text
//! T | where a == 1 or b has "x"     (pipe T Where { .., predicate: (or (== a 1) (has b "x")) })
//! ```

use crate::syntax::ast::*;
use crate::syntax::options::Options;
use schema::{Value, dynamic};
use std::fmt::{Debug, Formatter, Result};

/// Returns the tree's compact text, a statement per line.
pub fn dump(block: &Block) -> String {
    let statements: Vec<String> = block.statements.iter().map(|statement| format!("{statement:?}")).collect();
    statements.join("\n")
}

/// Writes `(head a b ...)`.
fn list(f: &mut Formatter<'_>, head: &str, items: &[&dyn Debug]) -> Result {
    write!(f, "({head}")?;
    for item in items {
        write!(f, " {item:?}")?;
    }
    f.write_str(")")
}

/// Writes items with blanks between.
struct Spaced<'a, T>(&'a [T]);

impl<T: Debug> Debug for Spaced<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (i, item) in self.0.iter().enumerate() {
            write!(f, "{}{item:?}", if i > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

impl Debug for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.bracketed { write!(f, "['{}']", self.text) } else { f.write_str(&self.text) }
    }
}

impl Debug for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.kind.fmt(f)
    }
}

impl Debug for ExprKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            ExprKind::Error => f.write_str("<error>"),
            ExprKind::Name(name) => name.fmt(f),
            ExprKind::Wildcard(text) => f.write_str(text),
            ExprKind::Star => f.write_str("*"),
            ExprKind::Literal(value) => literal(f, value),
            ExprKind::Unary { op, operand } => list(f, op, &[operand]),
            ExprKind::Binary { op, left, right, .. } => list(f, op, &[left, right]),
            ExprKind::Between { negated, value, low, high } => {
                list(f, if *negated { "!between" } else { "between" }, &[value, low, high])
            }
            ExprKind::In { op, value, list: items, .. } => list(f, op, &[value, &Spaced(items)]),
            ExprKind::Call { name, args } if args.is_empty() => write!(f, "({name:?})"),
            ExprKind::Call { name, args } => write!(f, "({name:?} {:?})", Spaced(args)),
            ExprKind::Path { target, selector } => write!(f, "{target:?}.{selector:?}"),
            ExprKind::Element { target, index } => write!(f, "{target:?}[{index:?}]"),
            ExprKind::Named { names, value } if names.len() == 1 => list(f, "=", &[&Spaced(names), value]),
            ExprKind::Named { names, value } => write!(f, "(= ({:?}) {value:?})", Spaced(names)),
            ExprKind::Parenthesized(inner) => list(f, "()", &[inner]),
            ExprKind::TypeOf(schema) => write!(f, "typeof{schema:?}"),
            ExprKind::Pipe { source: Some(source), operators } => list(f, "pipe", &[source, &Spaced(operators)]),
            ExprKind::Pipe { source: None, operators } => list(f, "pipe", &[&Spaced(operators)]),
            ExprKind::Source(operator) => operator.fmt(f),
            ExprKind::EntityGroup(entities) => list(f, "entity_group", &[&Spaced(entities)]),
            ExprKind::Function(declaration) => declaration.fmt(f),
        }
    }
}

fn literal(f: &mut Formatter<'_>, value: &Value) -> Result {
    match value {
        Value::String(text) => {
            let mut out = String::new();
            dynamic::write_json_string(&mut out, text);
            f.write_str(&out)
        }
        Value::Bool(_) | Value::Long(_) | Value::Real(_) | Value::Timespan(_) => f.write_str(&value.to_text()),
        Value::Null(ktype) => write!(f, "{ktype}(null)"),
        Value::Dynamic(value) => write!(f, "dynamic({})", value.to_json()),
        _ => write!(f, "{}({})", value.ktype(), value.to_text()),
    }
}

impl Debug for PipeOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.operator.fmt(f)
    }
}

impl Debug for SchemaType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut parts: Vec<String> = self.columns.iter().map(|column| format!("{column:?}")).collect();
        if self.star {
            parts.insert(0, "*".to_string());
        }
        parts.extend(self.scalar.map(|ktype| ktype.name().to_string()));
        write!(f, "({})", parts.join(", "))
    }
}

impl Debug for ColumnDeclaration {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:?}:{}", self.name, self.ktype)
    }
}

impl Debug for Parameter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:?}:{:?}", self.name, self.ktype)?;
        self.default.as_ref().map_or(Ok(()), |default| write!(f, "={default:?}"))
    }
}

impl Debug for ParameterType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            ParameterType::Scalar(ktype) => f.write_str(ktype.name()),
            ParameterType::Table(schema) => schema.fmt(f),
        }
    }
}

impl Debug for FunctionDeclaration {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let view = if self.view { "view" } else { "function" };
        write!(f, "({view} [{:?}] {:?})", Spaced(&self.parameters), self.body)
    }
}

impl Debug for Block {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{{{:?}}}", Spaced(&self.statements))
    }
}

impl Debug for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.kind.fmt(f)
    }
}

impl Debug for StatementKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            StatementKind::Error => f.write_str("<error>"),
            StatementKind::Let { name, value } => list(f, "let", &[name, value]),
            StatementKind::Set { name, value: Some(value) } => list(f, "set", &[name, value]),
            StatementKind::Set { name, value: None } => list(f, "set", &[name]),
            StatementKind::QueryParameters { parameters } => list(f, "query_parameters", &[&Spaced(parameters)]),
            StatementKind::Pattern { name, parameters, path, cases } => {
                write!(f, "(pattern {name:?} [{:?}]", Spaced(parameters))?;
                path.as_ref().map_or(Ok(()), |path| write!(f, " [{path:?}]"))?;
                cases.iter().try_for_each(|case| write!(f, " {case:?}"))?;
                f.write_str(")")
            }
            StatementKind::Restrict { entities, options } if options.is_empty() => {
                list(f, "restrict", &[&Spaced(entities)])
            }
            StatementKind::Restrict { entities, options } => {
                list(f, "restrict", &[&Spaced(entities), &Spaced(options)])
            }
            StatementKind::Alias { name, value } => list(f, "alias", &[name, value]),
            StatementKind::Expression(expr) => expr.fmt(f),
        }
    }
}

impl Debug for PatternCase {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "(case [{:?}]", Spaced(&self.arguments))?;
        self.path.as_ref().map_or(Ok(()), |path| write!(f, " [{path:?}]"))?;
        write!(f, " {:?})", self.body)
    }
}

impl Debug for OrderKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.expr.fmt(f)?;
        f.write_str(self.ascending.map_or("", |ascending| if ascending { " asc" } else { " desc" }))?;
        f.write_str(self.nulls_first.map_or("", |first| if first { " nulls first" } else { " nulls last" }))
    }
}

impl Debug for OperatorOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:?}={:?}", self.name, self.value)
    }
}

impl Debug for Options {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "[{:?}]", Spaced(&self.0))
    }
}
