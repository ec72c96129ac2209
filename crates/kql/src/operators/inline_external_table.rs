//! `inline_external_table (column: type, ...) kind=storage [partition by (...)] [pathformat=(...)] dataformat=csv
//! ("uri", ...) [with (...)]`: files outside as a table; `kind=delta ("uri")`: those of a Delta table.

use crate::bind::{Binder, Relation};
use crate::diagnostic::{Diagnostic, Span};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, Name, OperatorOption, PipeOperator, SchemaType};
use schema::KqlType;

/// The operator as parsed.
#[derive(Debug)]
pub struct InlineExternalTable {
    /// Without it the columns are those of the Delta table.
    pub schema: Option<SchemaType>,
    pub delta: bool,
    pub partitions: Option<(Vec<PartitionColumn>, Span)>,
    pub path_format: Option<(Vec<PathPart>, Span)>,
    /// The format's name, and the clause.
    pub format: Option<(Name, Span)>,
    pub uris: Vec<Expr>,
    pub uris_span: Span,
    pub properties: Vec<OperatorOption>,
}

/// A column by which files are laid out: `Day: datetime = startofday(Timestamp)`.
#[derive(Debug)]
pub struct PartitionColumn {
    pub name: Name,
    pub ktype: KqlType,
    /// Without it the column is one of the table's, whose values only paths tell.
    pub value: Option<Expr>,
    pub span: Span,
}

/// A partition column in a path format.
#[derive(Debug)]
pub struct PathPart {
    pub name: Name,
    /// Written by `datetime_pattern(...)`.
    pub pattern: bool,
}

pub static OPERATOR: OperatorInfo =
    OperatorInfo { keywords: &["inline_external_table"], source: true, piped: false, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let start = parser.span().start;
    let schema = parser.at("(").then(|| parser.row_schema());
    let mut delta = false;
    if parser.eat("kind") {
        parser.expect("=");
        delta = parser.at("delta");
        if !parser.eat("delta") && !parser.expect("storage") {
            parser.recover();
        }
    } else {
        let message = "the kind of table is missing, as in `kind=storage`";
        parser.push(Diagnostic::syntax("KS254", parser.span(), message));
    }
    if schema.is_none() && !delta {
        parser.report_missing("a list of columns, as in `(a: long, b: string)`");
    }
    let begin = parser.span().start;
    let partitions = parser.eat("partition").then(|| {
        parser.expect("by");
        let columns = if parser.expect("(") { parser.loose_comma_list(partition_column) } else { Vec::new() };
        parser.close(")");
        (columns, parser.span_from(begin))
    });
    let begin = parser.span().start;
    let path_format = parser.eat("pathformat").then(|| {
        parser.expect("=");
        let parts = if parser.expect("(") { path_parts(parser) } else { Vec::new() };
        parser.close(")");
        (parts, parser.span_from(begin))
    });
    let begin = parser.span().start;
    let mut format = None;
    if parser.eat("dataformat") {
        parser.expect("=");
        format = Some((parser.expect_name(), parser.span_from(begin)));
    } else if !delta {
        let message = "the format of the files is missing, as in `dataformat=csv`";
        parser.push(Diagnostic::syntax("KS253", parser.span(), message));
    }
    let begin = parser.span().start;
    let mut uris = Vec::new();
    if parser.eat("(") {
        uris = parser.loose_comma_list(|parser| Some(parser.unnamed()));
        parser.close(")");
    } else {
        let message = "the files are missing, as in `(\"data.csv\")`";
        parser.push(Diagnostic::syntax("KS256", parser.span(), message));
        parser.recover();
    }
    let uris_span = parser.span_from(begin.max(start));
    let properties = parser.with_properties();
    Box::new(InlineExternalTable { schema, delta, partitions, path_format, format, uris, uris_span, properties })
}

fn partition_column(parser: &mut Parser<'_>) -> Option<PartitionColumn> {
    let start = parser.span().start;
    let declaration = parser.column_declaration()?;
    let value = parser.eat("=").then(|| parser.unnamed());
    Some(PartitionColumn { name: declaration.name, ktype: declaration.ktype, value, span: parser.span_from(start) })
}

/// Reads what stands in the parentheses of `pathformat`: columns, and texts between them.
fn path_parts(parser: &mut Parser<'_>) -> Vec<PathPart> {
    let mut parts = Vec::new();
    while !parser.at_close() {
        if parser.literal().is_some() {
            continue;
        }
        let pattern = parser.at("datetime_pattern") && parser.at_nth(1, "(");
        if pattern {
            parser.bump();
            parser.bump();
            if parser.literal().is_none() {
                parser.report_missing("a pattern, as in `\"yyyy/MM/dd\"`");
            }
            parser.expect(",");
        }
        let Some(name) = parser.name() else {
            parser.report_missing("a partition column");
            break;
        };
        parts.push(PathPart { name, pattern });
        if pattern {
            parser.close(")");
        }
    }
    parts
}

impl Operator for InlineExternalTable {
    fn bind(&self, binder: &mut Binder<'_>, _input: Option<Relation>, at: &PipeOperator) -> Relation {
        binder.inline_external_table(self, at.span)
    }
}
