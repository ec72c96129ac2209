//! `render visualization [with (property = value, ...)]`: how the client is to draw the result. The older form
//! `render visualization kind=k title=t by a, b` is read into the same properties.

use crate::bind::{Binder, Relation};
use crate::diagnostic::Diagnostic;
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
        known(binder, &self.visualization, "visualization", VISUALIZATIONS);
        for property in &self.properties {
            known(binder, &property.name, "property of `render`", PROPERTIES);
            let words = CHOICES.iter().find(|(name, _)| *name == property.name.text).map(|(_, words)| *words);
            if let (Some(words), Some(ExprKind::Name(word))) = (words, property.values.first().map(|value| &value.kind))
            {
                known(binder, word, "value of this property", words);
            }
        }
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

const VISUALIZATIONS: &[&str] = &[
    "3Dchart",
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "graph",
    "ladderchart",
    "linechart",
    "list",
    "piechart",
    "pivotchart",
    "plotly",
    "sankey",
    "scatterchart",
    "stackedareachart",
    "table",
    "timechart",
    "timeline",
    "timepivot",
    "treemap",
];

/// `by` and `with` are of the older form.
const PROPERTIES: &[&str] = &[
    "accumulate",
    "anomalycolumns",
    "by",
    "kind",
    "legend",
    "series",
    "title",
    "with",
    "xaxis",
    "xcolumn",
    "xmax",
    "xmin",
    "xtitle",
    "yaxis",
    "ycolumns",
    "ymax",
    "ymin",
    "ysplit",
    "ytitle",
];

/// Properties whose value is one of a few words.
const CHOICES: &[(&str, &[&str])] = &[
    ("kind", &["default", "map", "stacked", "stacked100", "unstacked"]),
    ("legend", &["hidden", "visible"]),
    ("xaxis", &["linear", "log"]),
    ("yaxis", &["linear", "log"]),
    ("ysplit", &["axes", "none", "panels"]),
];

/// Reports a word that is none of those that may stand there.
fn known(binder: &mut Binder<'_>, word: &Name, what: &str, words: &[&str]) {
    if word.text.is_empty() || words.contains(&word.text.as_str()) {
        return;
    }
    let help = match crate::diagnostic::nearest(&word.text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", words.join(", ")),
    };
    let message = format!("there is no {what} `{}`", word.text);
    binder.report(Diagnostic::semantic("KS005", word.span, message).help(help));
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
