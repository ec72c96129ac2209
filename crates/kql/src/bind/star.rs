//! `* has "term"`: a comparison of every column with one value, true when it is for any column.

use super::{Binder, Row};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::Expr;
use crate::syntax::ast;
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Binds `* op value`. A text is compared with every column's text; any other value with the columns that can be
    /// compared with it.
    ///
    /// # Source
    /// Kusto reference, "search operator", the table of equivalents: `search "err"` is `where * has "err"`.
    pub(super) fn bind_any_column(&mut self, op: &'static str, op_span: Span, value: &ast::Expr, row: &Row) -> Expr {
        let value_span = value.span;
        let value = self.bind_scalar(value, row);
        if self.is_unknown(&value) {
            return value;
        }
        if let Some(rest) = op.strip_prefix('!') {
            // Nobody says whether every column must differ, or one.
            let message = format!("`* {op}` could mean every column or any column");
            let plain = match rest {
                "=" => "==",
                "~" => "=~",
                word => word,
            };
            let help = format!("say `not(* {plain} ...)`");
            self.report(Diagnostic::unsupported("VQ001", op_span, message).help(help));
            return self.unknown();
        }
        let span = op_span.to(value_span);
        if value.ktype() == KqlType::String {
            let letters = match (op, &value) {
                ("matches regex", _) => "",
                (_, Expr::Literal(Value::String(text))) => text.as_str(),
                _ => "",
            };
            return self.any_column(row, letters, span, |binder, text| {
                binder.call(op, vec![text, value.clone()], span, op_span)
            });
        }
        let mut any = None;
        for field in row.columns.clone().iter().filter(|field| field.ktype == value.ktype()) {
            let matched = self.call(op, vec![Expr::column(field), value.clone()], span, op_span);
            any = Some(self.either(any, matched, span));
        }
        any.unwrap_or(Expr::Literal(Value::Bool(false)))
    }

    /// Whether the text of any column fits. `letters` occur in every text that fits, so columns of numbers need not be
    /// looked at for a word.
    pub(super) fn any_column(
        &mut self,
        row: &Row,
        letters: &str,
        span: Span,
        mut fits: impl FnMut(&mut Self, Expr) -> Expr,
    ) -> Expr {
        let mut any = None;
        for field in row.columns.clone().iter().filter(|field| may_hold(field.ktype, letters)) {
            let text = self.convert(Expr::column(field), KqlType::String);
            let matched = fits(self, text);
            any = Some(self.either(any, matched, span));
        }
        any.unwrap_or(Expr::Literal(Value::Bool(false)))
    }

    fn either(&mut self, before: Option<Expr>, matched: Expr, span: Span) -> Expr {
        match before {
            Some(before) => self.call("or", vec![before, matched], span, span),
            None => matched,
        }
    }
}

/// Returns whether the text of some value of the type can have all of these letters, in any case.
fn may_hold(ktype: KqlType, letters: &str) -> bool {
    let alphabet = match ktype {
        KqlType::String | KqlType::Dynamic => return true,
        KqlType::Bool => "truefalse",
        KqlType::Int | KqlType::Long => "-0123456789",
        KqlType::Real | KqlType::Decimal => "-+.0123456789einfa",
        KqlType::Datetime => "-:.0123456789tz",
        KqlType::Timespan => "-:.0123456789",
        KqlType::Guid => "-0123456789abcdef",
    };
    letters.chars().all(|c| alphabet.contains(c.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::may_hold;
    use schema::KqlType;

    #[test]
    fn a_word_is_not_looked_for_where_it_cannot_stand() {
        for (ktype, letters, expected) in [
            (KqlType::Long, "12", true),
            (KqlType::Long, "1a", false),
            (KqlType::Guid, "0F0f", true),
            (KqlType::Datetime, "2020-01-01T00:00:00Z", true),
            (KqlType::Datetime, "zq7f", false),
            (KqlType::Bool, "TRUE", true),
            (KqlType::Real, "NaN", true),
            (KqlType::Real, "-inf", true),
            (KqlType::Dynamic, "anything", true),
            (KqlType::Timespan, "", true),
        ] {
            assert_eq!(may_hold(ktype, letters), expected, "{ktype} {letters}");
        }
    }
}
