//! Values as literals of KQL, so that whatever a client sends stays a value.

use schema::ticks;

/// Returns a text as a string literal.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns texts as a list of string literals, as `in~` takes it.
pub(crate) fn strings<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| string(text.as_ref())).collect();
    format!("({})", texts.join(", "))
}

/// Returns an instant, in ticks, as a literal.
pub(crate) fn datetime(instant: i64) -> String {
    format!("datetime({})", ticks::datetime_text(instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the text, a literal of it is one token and means the text.
    #[test]
    fn no_text_leaves_its_literal() {
        let texts = [
            "",
            "a",
            "\"",
            "\\",
            "\\\"",
            "x\" or 1 == 1 //",
            "'",
            "a\nb\r\tc",
            "\u{1}\u{7f}\u{85}\u{2028}",
            "ä€😀",
            "\\u0022",
        ];
        for text in texts {
            let query = format!("print x = {}", string(text));
            let parse = kql::syntax::parse(&query);
            assert!(parse.diagnostics.is_empty(), "{query}: {:?}", parse.diagnostics);
        }
    }
}
