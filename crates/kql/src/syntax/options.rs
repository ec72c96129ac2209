//! The options of operators: `kind=inner hint.strategy=shuffle` before the operands, `with (name = value, ...)` after
//! them.

use crate::diagnostic::{Diagnostic, nearest};
use crate::syntax::ast::{Expr, ExprKind, Name, OperatorOption};
use crate::syntax::keywords;
use crate::syntax::lexer::TokenKind;
use crate::syntax::names::needs_brackets;
use crate::syntax::parser::Parser;
use schema::Value;

/// The hints that exist.
#[rustfmt::skip]
const HINTS: &[&str] = &[
    "concurrency", "distribution", "materialized", "num_partitions", "pass_filters", "pass_filters_column",
    "progressive_top", "remote", "shufflekey", "spread", "strategy",
];

/// The hints of each operator, and the words that they may be; any where none stands.
#[rustfmt::skip]
const HINTS_OF: &[(&str, &str, &[&str])] = &[
    ("as", "materialized", &[]),
    ("distinct", "num_partitions", &[]),
    ("distinct", "shufflekey", &[]),
    ("distinct", "strategy", &["auto", "broadcast", "centralized", "shuffle"]),
    ("evaluate", "distribution", &["single", "per_node", "per_shard", "default"]),
    ("evaluate", "remote", &["auto", "local"]),
    ("join", "num_partitions", &[]),
    ("join", "remote", &["auto", "left", "local", "right", "unresolved"]),
    ("join", "shufflekey", &[]),
    ("join", "strategy", &["auto", "broadcast", "centralized", "shuffle"]),
    ("make-graph", "strategy", &["shuffle", "native"]),
    ("make-series", "shufflekey", &[]),
    ("partition", "concurrency", &[]),
    ("partition", "materialized", &[]),
    ("partition", "shufflekey", &[]),
    ("partition", "spread", &[]),
    ("partition", "strategy", &[]),
    ("__partitionby", "concurrency", &[]),
    ("__partitionby", "materialized", &[]),
    ("__partitionby", "shufflekey", &[]),
    ("__partitionby", "spread", &[]),
    ("__partitionby", "strategy", &[]),
    ("sort", "strategy", &["splitBlock", "multipleBlocks"]),
    ("summarize", "num_partitions", &[]),
    ("summarize", "shufflekey", &[]),
    ("summarize", "strategy", &["shuffle"]),
    ("top", "progressive_top", &[]),
    ("union", "concurrency", &["auto", "left", "local", "right", "unresolved"]),
    ("union", "spread", &["auto", "local"]),
];

impl Parser<'_> {
    /// Reads the options before an operator's operands: `kind=inner hint.strategy=shuffle`. `own` are the names of the
    /// operator's own ones; a number of names is known to all.
    pub(crate) fn options(&mut self, own: &[&str]) -> Options {
        let mut options = Vec::new();
        while let Some(length) = self.option_ahead(own) {
            let start = self.span().start;
            for _ in 0..length {
                self.bump();
            }
            let span = self.span_from(start);
            let name = Name { text: self.slice(span).split_whitespace().collect(), span, bracketed: false };
            self.bump();
            let value = self.option_value();
            if let Some(hint) = name.text.strip_prefix("hint.") {
                self.check_hint(hint, &name, &value);
            }
            options.push(OperatorOption { name, value });
        }
        Options(options)
    }

    /// Reports a hint that does not exist, or has a value that it does not know; warns of one that means nothing to the
    /// operator.
    fn check_hint(&mut self, hint: &str, name: &Name, value: &Expr) {
        if !HINTS.contains(&hint) {
            let message = format!("there is no hint `{hint}`");
            let diagnostic = Diagnostic::semantic("KS179", name.span, message);
            self.push(match nearest(hint, HINTS.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `hint.{near}`?")),
                None => diagnostic.help(format!("the hints are {}", HINTS.join(", "))),
            });
            return;
        }
        let known = HINTS_OF.iter().filter(|(operator, ..)| *operator == self.operator);
        let Some((_, _, values)) = known.clone().find(|(_, own, _)| *own == hint) else {
            let message = format!("`{}` means nothing to `{}`", name.text, self.operator);
            self.push(Diagnostic::warning("KS179", name.span, message));
            return;
        };
        let word = match &value.kind {
            ExprKind::Name(word) => word.text.as_str(),
            ExprKind::Literal(Value::Long(_))
                if hint == "num_partitions" || ["spread", "concurrency"].contains(&hint) =>
            {
                return;
            }
            ExprKind::Error => return,
            _ => "",
        };
        if hint == "num_partitions" {
            let message = format!("`{}` is a whole number", name.text);
            self.push(Diagnostic::semantic("KS221", value.span, message));
        } else if !values.is_empty() && !values.contains(&word) {
            let message = format!("`{}` is one of {}", name.text, values.join(", "));
            self.push(Diagnostic::semantic("KS140", value.span, message));
        }
    }

    /// Returns the number of tokens of the option's name that starts here, when `=` follows.
    fn option_ahead(&self, own: &[&str]) -> Option<usize> {
        let word = self.word_at(0);
        let length = if word == "hint" && self.at_nth(1, ".") && self.kind_at(2) == Some(TokenKind::Word) {
            3
        } else if !word.is_empty() && (own.contains(&word) || keywords::is_option(word)) {
            1
        } else {
            return None;
        };
        self.at_nth(length, "=").then_some(length)
    }

    /// Reads an option's value: a literal or a word.
    pub(crate) fn option_value(&mut self) -> Expr {
        if let Some(literal) = self.literal() {
            return literal;
        }
        let name = if self.at("[") { self.name() } else { self.any_word() };
        match name {
            Some(name) => Expr { span: name.span, kind: ExprKind::Name(name) },
            None => {
                self.report_missing("a value");
                self.error_expr()
            }
        }
    }

    /// Reads `with (name = value, ...)`, if it follows.
    pub(crate) fn with_properties(&mut self) -> Vec<OperatorOption> {
        if self.at("with") && self.at_nth(1, "(") { self.properties() } else { Vec::new() }
    }

    fn properties(&mut self) -> Vec<OperatorOption> {
        self.bump();
        self.bump();
        let properties = self.loose_comma_list(Self::property);
        self.close(")");
        properties
    }

    /// Reads `name = value`.
    pub(crate) fn property(&mut self) -> Option<OperatorOption> {
        let Some(name) = self.property_name() else {
            self.report_missing("a property, as in `name = value`");
            return None;
        };
        self.expect("=");
        let value = self.option_value();
        Some(OperatorOption { name, value })
    }

    fn property_name(&mut self) -> Option<Name> {
        if self.at("[") { self.name() } else { self.any_word() }
    }
}

/// The options read before an operator's operands. Those that an operator takes out become fields of its own; the rest
/// stay a list.
#[derive(Default)]
pub struct Options(pub Vec<OperatorOption>);

impl Options {
    fn take(&mut self, names: &[&str]) -> Option<OperatorOption> {
        let at = self.0.iter().position(|option| names.contains(&option.name.text.as_str()))?;
        Some(self.0.remove(at))
    }

    /// Takes out an option whose value is a word, `kind=inner`. Reports a value that is none of `values`.
    pub(crate) fn take_choice(&mut self, parser: &mut Parser<'_>, name: &str, values: &[&str]) -> Option<Name> {
        let option = self.take(&[name])?;
        let word = option.value.as_word(parser)?;
        if !values.contains(&word.text.as_str()) {
            let list: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            let message = format!("`{name}` cannot be `{}`: it is one of {}", word.text, list.join(", "));
            let diagnostic = Diagnostic::semantic("KS140", word.span, message);
            parser.push(match nearest(&word.text, values.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
            return None;
        }
        Some(word)
    }

    /// Takes out an option whose value is a name that the operator makes, `with_itemindex=i`.
    pub(crate) fn take_name(&mut self, parser: &mut Parser<'_>, names: &[&str]) -> Option<Name> {
        let name = self.take(names)?.value.as_word(parser)?;
        if !name.bracketed && keywords::is_reserved(&name.text) {
            parser.push(needs_brackets(&name.text, name.span));
        }
        Some(name)
    }

    /// Takes out an option that is true or false, `isfuzzy=true`.
    pub(crate) fn take_bool(&mut self, parser: &mut Parser<'_>, names: &[&str]) -> Option<bool> {
        let option = self.take(names)?;
        match &option.value.kind {
            ExprKind::Literal(Value::Bool(value)) => Some(*value),
            ExprKind::Literal(Value::Long(value)) => Some(*value != 0),
            ExprKind::Error => None,
            _ => {
                let message = format!("`{}` is `true` or `false`", option.name.text);
                parser.push(Diagnostic::semantic("KS223", option.value.span, message));
                None
            }
        }
    }

    /// Takes out an option with any value.
    pub(crate) fn take_value(&mut self, names: &[&str]) -> Option<Expr> {
        self.take(names).map(|option| option.value)
    }
}

impl Expr {
    /// Returns a name, or the text of a string, as a name.
    fn as_word(&self, parser: &mut Parser<'_>) -> Option<Name> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Literal(Value::String(text)) => {
                Some(Name { text: text.clone(), span: self.span, bracketed: true })
            }
            ExprKind::Error => None,
            _ => {
                parser.push(Diagnostic::syntax("KS006", self.span, "expected a name"));
                None
            }
        }
    }
}
