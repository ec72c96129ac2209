//! `parse-kv subject as (key: type, ...) [with (pair_delimiter=",", kv_delimiter="=", quote="'", escape="\\", greedy=true)]`: columns out
//! of a text of keys and values.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, OperatorOption, PipeOperator, SchemaType};

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
        binder.unbound(input, at)
    }
}
