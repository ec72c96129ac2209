//! `render visualization [with (property = value, ...)]`: how the client is to draw the result. The older form
//! `render visualization kind=k title=t by a, b` is read into the same properties.

use crate::bind::{Binder, Relation, Row};
use crate::diagnostic::{Diagnostic, nearest};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::Parser;
use crate::syntax::ast::{Expr, ExprKind, Name, PipeOperator};
use schema::{KqlType, Value};

/// The operator as parsed.
#[derive(Debug)]
pub struct Render {
    pub visualization: Name,
    pub properties: Vec<RenderProperty>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["render"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let visualization = parser.any_word().unwrap_or_else(|| parser.missing_name());
    if !visualization.text.is_empty() && !VISUALIZATIONS.contains(&visualization.text.as_str()) {
        let message = format!("there is no visualization `{}`", visualization.text);
        let diagnostic = Diagnostic::syntax("KS005", visualization.span, message);
        parser.push(match nearest(&visualization.text, VISUALIZATIONS.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("there are {}", VISUALIZATIONS.join(", "))),
        });
    }
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
        let mut properties: Vec<(String, String)> = Vec::new();
        for property in &self.properties {
            let name = &property.name;
            if properties.iter().any(|(known, _)| *known == name.text) {
                let message = format!("the property `{}` is given twice", name.text);
                binder.report(Diagnostic::semantic("KS180", name.span, message));
            }
            let values: Vec<String> =
                property.values.iter().map(|value| property_text(binder, &input, &name.text, value)).collect();
            properties.push((name.text.clone(), values.join(",")));
        }
        let render = crate::render::Render { visualization: self.visualization.text.clone(), properties };
        Relation { render: Some(render), ..input }
    }
}

/// What the values of a property are.
#[derive(Clone, Copy)]
enum Takes {
    Word(&'static [&'static str]),
    /// One column, or several.
    Columns,
    Text,
    Truth,
    Number,
    Literal,
}

/// The properties of `with (...)`.
#[rustfmt::skip]
const PROPERTIES: &[(&str, Takes)] = &[
    ("accumulate", Takes::Truth), ("anomalycolumns", Takes::Columns), ("kind", Takes::Word(KINDS)),
    ("legend", Takes::Word(&["visible", "hidden"])), ("series", Takes::Columns), ("title", Takes::Text),
    ("xaxis", Takes::Word(&["linear", "log"])), ("xcolumn", Takes::Columns), ("xmax", Takes::Literal),
    ("xmin", Takes::Literal), ("xtitle", Takes::Text), ("yaxis", Takes::Word(&["linear", "log"])),
    ("ycolumns", Takes::Columns), ("ymax", Takes::Number), ("ymin", Takes::Number),
    ("ysplit", Takes::Word(&["none", "axes", "panels"])), ("ytitle", Takes::Text),
];

const KINDS: &[&str] = &["default", "unstacked", "stacked", "stacked100", "map"];

#[rustfmt::skip]
const VISUALIZATIONS: &[&str] = &[
    "table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart",
    "areachart", "stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card",
    "treemap", "plotly", "graph", "sankey",
];

/// Checks a property's value and returns its text.
fn property_text(binder: &mut Binder<'_>, input: &Relation, name: &str, value: &Expr) -> String {
    let takes = match name {
        "by" => Some(Takes::Columns),
        _ => PROPERTIES.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes),
    };
    let mut wrong = |code, message: String| binder.report(Diagnostic::semantic(code, value.span, message));
    match (takes, &value.kind) {
        (Some(Takes::Word(words)), ExprKind::Name(word)) if words.contains(&word.text.as_str()) => word.text.clone(),
        (Some(Takes::Word(words)), _) => {
            wrong("KS140", format!("`{name}` is one of {}", words.join(", ")));
            String::new()
        }
        (Some(Takes::Columns), ExprKind::Name(column)) => {
            binder.check_column(column, input);
            column.text.clone()
        }
        (Some(Takes::Text), _) => {
            let bound = binder.bind_scalar(value, &Row::of(input));
            if !matches!(bound.ktype(), KqlType::String | KqlType::Dynamic) && !binder.is_unknown(&bound) {
                let message = format!("`{name}` is a text, not {}", bound.ktype());
                binder.report(Diagnostic::semantic("KS141", value.span, message));
            }
            bound.as_literal().map_or_else(|| binder.word(value.span).to_string(), Value::to_text)
        }
        (Some(Takes::Truth), ExprKind::Literal(Value::Bool(truth))) => truth.to_string(),
        (Some(Takes::Truth), _) => {
            wrong("KS223", format!("`{name}` is `true` or `false`"));
            String::new()
        }
        (Some(Takes::Number), ExprKind::Literal(number)) if number.ktype().is_numeric() => number.to_text(),
        (Some(Takes::Number), _) => {
            wrong("KS224", format!("`{name}` is a number"));
            String::new()
        }
        (_, ExprKind::Literal(literal)) => literal.to_text(),
        (_, ExprKind::Name(word)) if !matches!(takes, Some(Takes::Literal)) => word.text.clone(),
        (Some(Takes::Literal), _) => {
            wrong("KS226", format!("`{name}` is a literal"));
            String::new()
        }
        _ => binder.word(value.span).to_string(),
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
    if !PROPERTIES.iter().any(|(known, _)| *known == name.text) {
        let names = || PROPERTIES.iter().map(|(known, _)| *known);
        let message = format!("`render` has no property `{}`", name.text);
        let diagnostic = Diagnostic::semantic("KS179", name.span, message);
        parser.push(match nearest(&name.text, names()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("the properties are {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
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
