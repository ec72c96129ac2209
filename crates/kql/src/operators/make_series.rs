//! `make-series [kind=nonempty] aggregate [default=value], ... on axis [from a] [to b] step c [by keys]`: arrays of
//! aggregates over bins of an axis. The older form is `on axis in range(a, b, c)`.

use crate::bind::{Binder, Relation, SeriesParts};
use crate::operator::{Operator, OperatorInfo};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};

/// The operator as parsed.
#[derive(Debug)]
pub struct MakeSeries {
    /// `nonempty`, or `None`.
    pub kind: Option<Name>,
    pub options: Options,
    pub series: Vec<Series>,
    /// An expression, perhaps named.
    pub axis: Expr,
    pub from: Option<Expr>,
    pub to: Option<Expr>,
    /// An error node when missing.
    pub step: Expr,
    /// Whether the form with `in range()` was used, whose end is included.
    pub in_range: bool,
    /// Expressions, perhaps named.
    pub by: Vec<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["make-series"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&[]);
    let kind = options.take_choice(parser, "kind", &["nonempty"]);
    let series = parser.comma_list(|parser| {
        let aggregate = parser.named();
        let has_default = parser.eat("default") && parser.expect("=");
        Some(Series { aggregate, default: has_default.then(|| parser.named()) })
    });
    parser.expect("on");
    let axis = parser.named();
    let in_range = parser.at("in");
    let (from, to, step) = if in_range { legacy_range(parser) } else { range(parser) };
    let by = if parser.eat("by") { parser.named_list() } else { Vec::new() };
    Box::new(MakeSeries { kind, options, series, axis, from, to, step, in_range, by })
}

impl Operator for MakeSeries {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        binder.check_hints(&self.options, &input);
        let parts = SeriesParts {
            aggregates: self.series.iter().map(|series| (&series.aggregate, series.default.as_ref())).collect(),
            axis: &self.axis,
            from: self.from.as_ref(),
            to: self.to.as_ref(),
            step: &self.step,
            to_included: self.in_range,
            by: &self.by,
            nonempty: self.kind.is_some(),
        };
        binder.make_series(input, &parts)
    }
}

/// An aggregate, perhaps named, and the value of bins without rows.
#[derive(Debug)]
pub struct Series {
    pub aggregate: Expr,
    pub default: Option<Expr>,
}

fn range(parser: &mut Parser<'_>) -> (Option<Expr>, Option<Expr>, Expr) {
    let from = parser.eat("from").then(|| parser.unnamed());
    let to = parser.eat("to").then(|| parser.unnamed());
    let step = if parser.expect("step") { parser.unnamed() } else { parser.error_expr() };
    (from, to, step)
}

fn legacy_range(parser: &mut Parser<'_>) -> (Option<Expr>, Option<Expr>, Expr) {
    parser.bump();
    if !parser.expect("range") || !parser.expect("(") {
        return (None, None, parser.error_expr());
    }
    let from = parser.named();
    parser.expect(",");
    let to = parser.named();
    parser.expect(",");
    let step = parser.named();
    parser.close(")");
    (Some(from), Some(to), step)
}
