//! `parse-kv subject as (key: type, ...) [with (pair_delimiter=",", kv_delimiter="=", quote="'", escape="\\",
//! greedy=true)]`: columns out of a text of keys and values.

use crate::bind::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{self, Field, Node, Plan};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, OperatorOption, PipeOperator, SchemaType};
use schema::{KqlType, Value};

/// The operator as parsed.
#[derive(Debug)]
pub struct ParseKv {
    pub subject: Expr,
    /// The keys to take, which become columns.
    pub keys: SchemaType,
    /// `pair_delimiter`, `kv_delimiter`, `quote`, `escape`, `greedy`, `regex`.
    pub properties: Vec<OperatorOption>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["parse-kv"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let subject = parser.unnamed();
    parser.expect("as");
    let keys = parser.row_schema();
    let properties = parser.with_properties();
    Box::new(ParseKv { subject, keys, properties })
}

impl Operator for ParseKv {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let subject = binder.bind_scalar(&self.subject, &Row::of(&input));
        let subject = binder.convert(subject, KqlType::String);
        let mut how = plan::ParseKv::default();
        for property in &self.properties {
            let value = binder.bind_literal(&property.value);
            let text = match &value {
                Some(Value::String(text)) => text.clone(),
                _ => String::new(),
            };
            match property.name.text.as_str() {
                "pair_delimiter" => how.pair_delimiter = Some(text),
                "kv_delimiter" => how.kv_delimiter = Some(text),
                "quote" => how.quotes = quotes(&text),
                "escape" => how.escape = text.chars().next(),
                "greedy" => how.greedy = value == Some(Value::Bool(true)),
                "regex" => how.regex = Some(text),
                other => {
                    let message = format!("`parse-kv` has no property `{other}`");
                    binder.report(Diagnostic::semantic("KS179", property.name.span, message));
                }
            }
        }
        let keys: Vec<Field> =
            self.keys.columns.iter().map(|column| binder.new_field(column.name.text.clone(), column.ktype)).collect();
        let columns = input.columns().iter().chain(&keys).cloned().collect();
        let node = Node::ParseKv { input: Box::new(input.plan), subject, keys, how };
        let parsed =
            Relation { open: input.open, serialized: input.serialized, ..Relation::new(Plan { node, columns }) };
        binder.last_of_each_name(parsed)
    }
}

/// Reads the quotes: one character for both ends, or an opening and a closing one.
fn quotes(text: &str) -> Vec<(char, char)> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(open), Some(close)) => vec![(open, close)],
        (Some(both), None) => vec![(both, both)],
        _ => vec![],
    }
}
