//! `parse [kind=simple|relaxed|regex [flags=f]] subject with pattern`: columns out of a text. A pattern is a row of
//! `*`, strings and columns: `* "id=" Id:long "," *`.

use crate::bind::{Binder, Relation, Row};
use crate::diagnostic::Span;
use crate::operator::{Operator, OperatorInfo};
use crate::plan::{Node, ParseMode, ParsePart, Plan};
use crate::syntax::ast::{Expr, Name, PipeOperator};
use crate::syntax::{Options, Parser};
use schema::KqlType;

/// The operator as parsed.
#[derive(Debug)]
pub struct Parse {
    pub kind: ParseKind,
    /// For `kind=regex`.
    pub flags: Option<Name>,
    pub subject: Expr,
    pub pattern: Vec<PatternPart>,
    /// Set for `parse-where`: rows that do not match are dropped.
    pub only_matching: bool,
    pub options: Options,
}

pub static OPERATOR: OperatorInfo = OperatorInfo { keywords: &["parse"], source: false, piped: true, parse };

fn parse(parser: &mut Parser<'_>) -> Box<dyn Operator> {
    Box::new(read(parser, false))
}

impl Operator for Parse {
    fn bind(&self, binder: &mut Binder<'_>, input: Option<Relation>, at: &PipeOperator) -> Relation {
        let input = binder.expect_input(input, at);
        let subject = binder.bind_scalar(&self.subject, &Row::of(&input));
        let subject = binder.convert(subject, KqlType::String);
        let mode = match self.kind {
            ParseKind::Simple => ParseMode::Simple,
            ParseKind::Relaxed => ParseMode::Relaxed,
            ParseKind::Regex => {
                ParseMode::Regex(self.flags.as_ref().map(|flags| flags.text.clone()).unwrap_or_default())
            }
        };
        let parts: Vec<ParsePart> = self
            .pattern
            .iter()
            .map(|part| match part {
                PatternPart::Star(_) => ParsePart::Skip,
                PatternPart::Text(text, _) => ParsePart::Text(text.clone()),
                PatternPart::Column { name, ktype } => {
                    ParsePart::Capture(binder.new_field(name.text.clone(), ktype.unwrap_or(KqlType::String)))
                }
            })
            .collect();
        let captures = parts.iter().filter_map(|part| match part {
            ParsePart::Capture(field) => Some(field.clone()),
            _ => None,
        });
        let columns = input.columns().iter().cloned().chain(captures).collect();
        let node = Node::Parse { input: Box::new(input.plan), subject, mode, parts, only_matching: self.only_matching };
        let parsed =
            Relation { open: input.open, serialized: input.serialized, ..Relation::new(Plan { node, columns }) };
        binder.last_of_each_name(parsed)
    }
}

/// How a pattern is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseKind {
    Simple,
    Relaxed,
    Regex,
}

/// A part of a pattern.
#[derive(Debug)]
pub enum PatternPart {
    /// `*`: skips text.
    Star(Span),
    Text(String, Span),
    /// A column to fill, with the type when one is given.
    Column {
        name: Name,
        ktype: Option<KqlType>,
    },
}

/// Reads what follows `parse` or `parse-where`.
pub(super) fn read(parser: &mut Parser<'_>, only_matching: bool) -> Parse {
    let mut options = parser.options(&["flags"]);
    let kind = match options.take_choice(parser, "kind", &["simple", "relaxed", "regex"]) {
        Some(kind) if kind.text == "relaxed" => ParseKind::Relaxed,
        Some(kind) if kind.text == "regex" => ParseKind::Regex,
        _ => ParseKind::Simple,
    };
    let flags = options.take_name(parser, &["flags"]);
    let subject = parser.unnamed();
    let mut pattern = Vec::new();
    if parser.expect("with") {
        while let Some(part) = part(parser) {
            pattern.push(part);
        }
    }
    Parse { kind, flags, subject, pattern, only_matching, options }
}

fn part(parser: &mut Parser<'_>) -> Option<PatternPart> {
    if parser.at("*") {
        return Some(PatternPart::Star(parser.bump()));
    }
    if let Some((text, span)) = parser.string() {
        return Some(PatternPart::Text(text, span));
    }
    let name = parser.declared_name()?;
    let ktype = parser.eat(":").then(|| parser.scalar_type());
    Some(PatternPart::Column { name, ktype })
}
