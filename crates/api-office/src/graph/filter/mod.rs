//! `$filter`: read as OData writes it, and said again in KQL.
//!
//! # Source
//! OData 4.01, "URL Conventions", 5.1.1; Microsoft Graph documentation, "Use the $filter query parameter".

mod compile;
mod lexer;
mod parse;

pub(crate) use compile::compile;
pub(crate) use parse::parse;

/// A value in a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    /// A number, a time or a guid: what is written without quotes.
    Bare(String),
    Bool(bool),
    Null,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What is asked of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    StartsWith,
    EndsWith,
    Contains,
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare {
        path: Vec<String>,
        comparison: Comparison,
        literal: Literal,
    },
    Test {
        test: Test,
        path: Vec<String>,
        text: String,
    },
    /// Whether some member of a list is such; without a body, whether there is any.
    Any {
        path: Vec<String>,
        body: Option<(String, Box<Expr>)>,
    },
}
