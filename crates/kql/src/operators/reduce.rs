//! `reduce [kind=source] by expression [with threshold=0.1, characters="-_"]`: groups of texts that are alike.

use crate::bind::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{Node, Plan};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};
use schema::{KqlType, Value};

/// The operator as parsed.
#[derive(Debug)]
pub struct Reduce {
    pub kind: Option<Name>,
    pub options: Options,
    pub by: Expr,
    /// Between 0 and 1.
    pub threshold: Option<Expr>,
    /// Characters that split words.
    pub characters: Option<Expr>,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["reduce"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    let mut options = parser.options(&["threshold", "characters"]);
    let kind = options.take_choice(parser, "kind", &["source"]);
    parser.expect("by");
    let by = parser.named();
    if parser.eat("with") {
        options.0.extend(parser.comma_list(|parser| parser.property()));
    }
    let threshold = options.take_value(&["threshold"]);
    let characters = options.take_value(&["characters"]);
    if let Some(other) = options.0.iter().find(|option| !option.name.text.starts_with("hint.")) {
        let message = format!("`reduce` has no option `{}`", other.name.text);
        let help = "it has `kind`, `threshold` and `characters`";
        parser.push(Diagnostic::syntax("KS005", other.name.span, message).help(help));
    }
    Box::new(Reduce { kind, options, by, threshold, characters })
}

impl Operator for Reduce {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let subject = binder.bind_scalar(&self.by, &Row::of(&input));
        if subject.ktype() != KqlType::String && !binder.is_unknown(&subject) {
            let message = format!("`reduce` groups texts, not values of type {}", subject.ktype());
            let help = "convert them first, as with `tostring()`";
            binder.report(Diagnostic::semantic("KS141", self.by.span, message).help(help));
        }
        let subject = binder.convert(subject, KqlType::String);
        let threshold = match self.threshold.as_ref().and_then(|t| binder.bind_literal(t)) {
            Some(Value::Real(threshold)) => threshold,
            Some(Value::Long(threshold)) => threshold as f64,
            _ => 0.1,
        };
        let characters = match self.characters.as_ref().and_then(|c| binder.bind_literal(c)) {
            Some(Value::String(characters)) => characters,
            _ => String::new(),
        };
        if !(0.0..=1.0).contains(&threshold) {
            binder.report(Diagnostic::runtime("VQ011", at.span, "the threshold of `reduce` lies between 0 and 1"));
        }
        let of_rows = self.kind.is_some();
        let mut columns = if of_rows { input.plan.columns.clone() } else { vec![] };
        columns.extend([
            binder.new_field("Pattern", KqlType::String),
            binder.new_field("Count", KqlType::Long),
            binder.new_field("Representative", KqlType::String),
        ]);
        let open = of_rows && input.open;
        let node = Node::Reduce { input: Box::new(input.plan), subject, threshold, characters, of_rows };
        binder.with_unique_names(Relation { open, ..Relation::new(Plan { node, columns }) })
    }
}
