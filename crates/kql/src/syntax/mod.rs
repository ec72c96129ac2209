//! Text to tokens to tree. Parsing never fails and never panics: what could not be read is an error node in the tree
//! and a diagnostic beside it.
//!
//! ```text
//! text ─lexer─► tokens (every byte) ─parser─► ast::Block + diagnostics
//! ```

pub mod ast;
mod dump;
mod expressions;
mod json;
pub mod keywords;
pub mod lexer;
mod literals;
mod names;
mod options;
mod parser;
mod pipelines;
mod schemas;
mod statements;
mod values;

use crate::diagnostic::Diagnostic;
use ast::{Block, Parameter};
use lexer::Token;

pub use dump::dump;
pub use options::Options;
pub use parser::{DEPTH_MAX, Parser};

/// A parsed text.
#[derive(Debug)]
pub struct Parse {
    /// All tokens, blanks and comments included: their texts put together are the text.
    pub tokens: Vec<Token>,
    pub block: Block,
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a query.
pub fn parse(text: &str) -> Parse {
    parse_with(text, |parser| parser.query())
}

/// Parses the body of a stored function, with or without the braces around it.
pub fn parse_body(text: &str) -> Parse {
    parse_with(text, statements::body)
}

/// Parses the parameters of a stored function, `(a: long, b: string = "x")`.
pub fn parse_parameters(text: &str) -> (Vec<Parameter>, Vec<Diagnostic>) {
    let mut parser = Parser::new(text, &lexer::lex(text));
    let parameters = statements::parameter_list(&mut parser);
    (parameters, in_order(parser.finish()))
}

/// Returns what a string literal says, with its quotes and prefix; `None` when it is not closed or has an unknown escape.
pub fn string_value(literal: &str) -> Option<String> {
    let (text, fault) = values::string(literal);
    fault.is_none().then_some(text)
}

fn parse_with(text: &str, read: fn(&mut Parser<'_>) -> Block) -> Parse {
    let tokens = lexer::lex(text);
    let mut parser = Parser::new(text, &tokens);
    let block = read(&mut parser);
    Parse { tokens, block, diagnostics: in_order(parser.finish()) }
}

fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    diagnostics
}
