//! `datatable (column: type, ...) [literal, ...]`: rows written in the query.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, PipeOperator, SchemaType};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct Datatable {
    pub options: Options,
    pub schema: SchemaType,
    /// Literals, row by row.
    pub values: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["datatable"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let options = parser.options(&[]);
    let schema = parser.row_schema();
    let mut values = Vec::new();
    if parser.expect("[") {
        values = parser.loose_comma_list(|parser| {
            let value = parser.literal();
            if value.is_none() {
                parser.report_missing("a literal");
            }
            value
        });
        parser.close("]");
    }
    Box::new(Datatable { options, schema, values })
}

impl Operator for Datatable {
    fn bind(&self, binder: &mut Binder<'_>, _input: Option<Relation>, _at: &PipeOperator) -> Relation {
        binder.datatable(&self.schema, &self.values)
    }
}
