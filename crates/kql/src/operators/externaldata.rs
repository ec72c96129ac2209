//! `externaldata (column: type, ...) ["uri", ...] [with (format="csv", ...)]` (also `external_data`): rows of files
//! outside.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, OperatorOption, PipeOperator, SchemaType};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Externaldata {
    pub options: Options,
    pub schema: SchemaType,
    pub uris: Vec<Expr>,
    pub properties: Vec<OperatorOption>,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["externaldata", "external_data"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let schema = parser.row_schema();
    let mut uris = Vec::new();
    if parser.expect("[") {
        uris = parser.loose_comma_list(|parser| Some(parser.unnamed()));
        parser.close("]");
    }
    let properties = parser.with_properties();
    Box::new(Externaldata { options, schema, uris, properties })
}

impl Operator for Externaldata {
    fn bind(&self, binder: &mut Binder<'_>, _input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.external_data(self, at.span)
    }
}
