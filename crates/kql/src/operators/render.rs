//! `render visualization [with (property = value, ...)]`: how the client is to draw the result. The older form
//! `render visualization kind=k title=t by a, b` is read into the same properties.

use crate::bind::{Binder, Relation};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, ExprKind, Name, PipeOperator};

/// The operator as parsed.
#[derive(Debug)]
pub struct Render {
    pub visualization: Name,
    pub properties: Vec<RenderProperty>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["render"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let visualization = parser.any_word().unwrap_or_else(|| parser.missing_name());
    let mut properties = Vec::new();
    while let Some(property) = legacy_property(parser) {
        properties.push(property);
    }
    if parser.eat("with") {
        parser.expect("(");
        properties.extend(parser.loose_comma_list(property));
        parser.close(")");
    }
    Box::new(Render { visualization, properties })
}

impl Operator for Render {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let properties = self
            .properties
            .iter()
            .map(|property| {
                let values: Vec<String> = property.values.iter().map(|value| binder.property_text(value)).collect();
                (property.name.text.clone(), values.join(","))
            })
            .collect();
        let render = crate::render::Render { visualization: self.visualization.text.clone(), properties };
        Relation { render: Some(render), ..input }
    }
}

/// A property and its value; several values for a list of columns.
#[derive(Debug)]
pub struct RenderProperty {
    pub name: Name,
    pub values: Vec<Expr>,
}

/// Properties whose value is a list of columns.
const LISTS: &[&str] = &["ycolumns", "series", "anomalycolumns"];

fn property(parser: &mut Parser<'_>) -> Option<RenderProperty> {
    let Some(name) = parser.any_word() else {
        parser.report_missing("a property, as in `title = \"text\"`");
        return None;
    };
    parser.expect("=");
    let values = if LISTS.contains(&name.text.as_str()) { columns(parser) } else { vec![value(parser)] };
    Some(RenderProperty { name, values })
}

fn value(parser: &mut Parser<'_>) -> Expr {
    if let Some(literal) = parser.literal() {
        return literal;
    }
    match parser.nested(Parser::postfix) {
        Some(value) => value,
        None => parser.option_value(),
    }
}

/// Reads columns up to the next property.
fn columns(parser: &mut Parser<'_>) -> Vec<Expr> {
    let mut columns = Vec::new();
    loop {
        let name = parser.expect_declared_name();
        columns.push(Expr { span: name.span, kind: ExprKind::Name(name) });
        let ends = !parser.at(",") || parser.at_nth(2, "=") || matches!(parser.text_at(1), ")" | "" | ",");
        if ends {
            return columns;
        }
        parser.bump();
    }
}

fn legacy_property(parser: &mut Parser<'_>) -> Option<RenderProperty> {
    let is_property = match parser.text_at(0) {
        "kind" | "title" | "accumulate" => parser.at_nth(1, "="),
        "with" => !parser.at_nth(1, "("),
        "by" => true,
        _ => false,
    };
    if !is_property {
        return None;
    }
    let name = parser.any_word()?;
    let values = if name.text == "by" {
        columns(parser)
    } else {
        parser.eat("=");
        vec![value(parser)]
    };
    Some(RenderProperty { name, values })
}
