//! `assert-schema (column: type, ...)`: an error unless the input has these columns.

use crate::bind::{Binder, Relation};
use crate::diagnostic::Diagnostic;
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{PipeOperator, SchemaType};

/// The operator as parsed.
#[derive(Debug)]
pub struct AssertSchema {
    pub schema: SchemaType,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["assert-schema"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(AssertSchema { schema: parser.row_schema() })
}

impl Operator for AssertSchema {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let expected = &self.schema;
        let fits = expected.star || expected.columns.len() == input.columns().len();
        for (i, column) in expected.columns.iter().enumerate() {
            let found = input.columns().get(i).filter(|f| f.name == column.name.text && f.ktype == column.ktype);
            if found.is_none() && !input.open {
                let message = format!("the table's column {} is not `{}: {}`", i + 1, column.name.text, column.ktype);
                binder.report(Diagnostic::semantic("KS249", column.name.span, message));
            }
        }
        if !fits && !input.open {
            let message = format!("the table has {} columns, not {}", input.columns().len(), expected.columns.len());
            binder.report(Diagnostic::semantic("KS249", expected.span, message));
        }
        input
    }
}
