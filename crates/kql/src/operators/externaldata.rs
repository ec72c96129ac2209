//! `externaldata (column: type, ...) ["uri", ...] [with (format="csv", ...)]` (also `external_data`): rows of files
//! outside.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, OperatorOption, PipeOperator, SchemaType};
use crate::syntax::{Options, Parser};
use schema::{Column, Value};

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
        let columns: Vec<Column> =
            self.schema.columns.iter().map(|column| Column::new(column.name.text.clone(), column.ktype)).collect();
        let mut uris = Vec::new();
        for uri in &self.uris {
            if let Some(Value::String(uri)) = binder.bind_literal(uri) {
                uris.push(uri);
            }
        }
        let mut options = Vec::new();
        for property in &self.properties {
            if let Some(value) = binder.bind_literal(&property.value) {
                options.push((property.name.text.clone(), value));
            }
        }
        binder.external(&columns, &uris, &options, at.span)
    }
}
