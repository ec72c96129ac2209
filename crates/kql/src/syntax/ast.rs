//! The syntax tree: what was written, with the place of everything. Parsing never fails: what could not be read is an
//! `Error` node and a diagnostic.
//!
//! The tree is typed; losslessness comes from the spans and the token list (trivia included) beside it, which together
//! hold every byte of the text.
//!
//! Its `Debug` form is compact: an expression prints as nested lists, operator first (see `dump.rs`).

use crate::diagnostic::Span;
use crate::operator::Operator;
use schema::{KqlType, Value};
use std::sync::Arc;

/// A name as written: `x`, `['x y']`, `["x"]`. Empty when missing (then a diagnostic says so).
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub span: Span,
    /// Whether it was written in brackets with quotes, which no keyword or wildcard can be mistaken for.
    pub bracketed: bool,
}

/// An expression, scalar or tabular: KQL's grammar does not tell them apart, the binder does.
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// The kinds of expression.
pub enum ExprKind {
    /// Could not be read; reported already.
    Error,
    Name(Name),
    /// A name with `*` in it: `Security*`, `*_CL`.
    Wildcard(String),
    /// `*` alone.
    Star,
    /// A literal with its type; malformed ones were reported and hold the null of their type.
    Literal(Value),
    /// `-x`, `+x`.
    Unary {
        op: &'static str,
        operand: Box<Expr>,
    },
    /// A binary operator by its canonical text: `+ - * / % == != < <= > >= =~ !~ and or has !has has_cs contains ...`,
    /// `matches regex`, `:` (in search).
    Binary {
        op: &'static str,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `x between (a .. b)`.
    Between {
        negated: bool,
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    /// `x in (list)` by its canonical text: `in`, `!in`, `in~`, `!in~`, `has_any`, `has_all`. A list of one may be a
    /// tabular expression.
    In {
        op: &'static str,
        op_span: Span,
        value: Box<Expr>,
        list: Vec<Expr>,
    },
    /// `f(a, name = b)`.
    Call {
        name: Name,
        args: Vec<Expr>,
    },
    /// `a.b`, `a.['b c']`, `database("d").T`, `cluster("c").database("d").f(x)`: the selector is a Name, Wildcard or
    /// Call.
    Path {
        target: Box<Expr>,
        selector: Box<Expr>,
    },
    /// `a[b]`.
    Element {
        target: Box<Expr>,
        index: Box<Expr>,
    },
    /// `x = value` and `(x, y) = value`, where a list allows it.
    Named {
        names: Vec<Name>,
        value: Box<Expr>,
    },
    /// `(e)`.
    Parenthesized(Box<Expr>),
    /// `typeof(long)`, `typeof(a:long, b:string)`, `typeof(*, a:long)`.
    TypeOf(SchemaType),
    /// `source | op | op`. A pipe without a source (in `mv-apply ... on (...)`, `partition`, `fork`) has `None`.
    Pipe {
        source: Option<Box<Expr>>,
        operators: Vec<PipeOperator>,
    },
    /// An operator that stands at the start: `print`, `range`, `union`, `search`, `find`, `evaluate`, `datatable`,
    /// `externaldata`.
    Source(PipeOperator),
    /// `entity_group [a, b]`.
    EntityGroup(Vec<Expr>),
    /// `{ statements }`: the body of an inline function, only inside `let`.
    Function(Box<FunctionDeclaration>),
}

/// An operator with its place.
pub struct PipeOperator {
    pub operator: Box<dyn Operator>,
    /// From the keyword to the end of the operator.
    pub span: Span,
    /// The keyword alone.
    pub keyword: Span,
}

/// `typeof(...)` or the columns of a `datatable`, `externaldata`, tabular parameter.
#[derive(Clone, PartialEq)]
pub struct SchemaType {
    pub columns: Vec<ColumnDeclaration>,
    /// Whether `*` was among them: further columns are allowed.
    pub star: bool,
    /// For `typeof(long)`: the scalar type.
    pub scalar: Option<KqlType>,
    pub span: Span,
}

/// `name: type`.
#[derive(Clone, PartialEq)]
pub struct ColumnDeclaration {
    pub name: Name,
    pub ktype: KqlType,
}

/// A parameter of a function or of `declare query_parameters`.
pub struct Parameter {
    pub name: Name,
    pub ktype: ParameterType,
    pub default: Option<Expr>,
}

/// The type of a parameter.
#[derive(Clone, PartialEq)]
pub enum ParameterType {
    Scalar(KqlType),
    /// `(a:long, b:string)` or `(*)`.
    Table(SchemaType),
}

/// `[view] (parameters) { body }`.
pub struct FunctionDeclaration {
    pub view: bool,
    pub parameters: Vec<Parameter>,
    pub body: Block,
    pub span: Span,
}

/// A list of statements, the last of which is the value.
pub struct Block {
    /// Shared, as a function that is bound later keeps its statement.
    pub statements: Vec<Arc<Statement>>,
    pub span: Span,
}

/// A statement.
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

/// The kinds of statement.
pub enum StatementKind {
    Error,
    /// `let name = value`; a function's value is [`ExprKind::Function`].
    Let {
        name: Name,
        value: Expr,
    },
    /// `set name [= value]`.
    Set {
        name: Name,
        value: Option<Expr>,
    },
    /// `declare query_parameters (...)`.
    QueryParameters {
        parameters: Vec<Parameter>,
    },
    /// `declare pattern name = (a:string)[b:string] { ("x")["y"] = { body }; ... }`, or without a body a declaration.
    Pattern {
        name: Name,
        parameters: Vec<ColumnDeclaration>,
        path: Option<ColumnDeclaration>,
        cases: Vec<PatternCase>,
    },
    /// `restrict access to (entities) [with (options)]`.
    Restrict {
        entities: Vec<Expr>,
        options: Vec<OperatorOption>,
    },
    /// `alias database name = expression`.
    Alias {
        name: Name,
        value: Expr,
    },
    Expression(Expr),
}

/// One case of a pattern.
pub struct PatternCase {
    pub arguments: Vec<Expr>,
    pub path: Option<Expr>,
    pub body: Block,
}

/// A key of `sort`, `top`, ...
pub struct OrderKey {
    pub expr: Expr,
    /// As written; the default is descending.
    pub ascending: Option<bool>,
    pub nulls_first: Option<bool>,
}

/// An option of an operator: `kind=inner`, `hint.strategy=shuffle`, `with_itemindex=i`.
pub struct OperatorOption {
    pub name: Name,
    pub value: Expr,
}
