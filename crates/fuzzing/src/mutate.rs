//! Mutations of texts that keep most of their structure: pieces are dropped, doubled, swapped and taken from elsewhere.

use stdx::Rng;

/// Pieces that matter to a reader of queries, of JSON or of delimited text.
const PIECES: &[&str] = &[
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "..",
    "=",
    "==",
    "=>",
    "=~",
    "!",
    "!in~",
    "+",
    "-",
    "*",
    "/",
    "%",
    "'",
    "\"",
    "```",
    "@'",
    "h\"",
    "\\",
    "//",
    "\n",
    "\t",
    " ",
    ":",
    "let x = ",
    "| where ",
    "| extend ",
    "| summarize ",
    " by ",
    "| join (",
    ") on x",
    "| union ",
    "| project ",
    "| mv-expand ",
    "| mv-apply x on (",
    "| parse s with ",
    "| make-series ",
    "| evaluate ",
    "| top-nested ",
    "| scan ",
    "| render ",
    "| sort by ",
    "toscalar(",
    "dynamic(",
    "datetime(",
    "typeof(",
    "materialize(",
    "datatable(x:long)[",
    "long(null)",
    "$left.",
    "*",
    "x",
    "count()",
    "1h",
    "1.5e",
    "0x",
    "-9223372036854775808",
    "9223372036854775807",
    "1e999",
    "null",
    "true",
    "\u{feff}",
    "é",
    "😀",
    "\0",
    "\r\n",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "{\"a\":",
    "[[[[",
    "}]",
    "2026-01-01T00:00:00Z",
];
/// Inputs do not grow past this.
const BYTES_MAX: usize = 20_000;

/// Returns a text made of `seed` by a few mutations; `other` gives pieces.
pub fn mutate(seed: &str, other: &str, rng: &mut Rng) -> String {
    let mut parts = split(seed);
    let others = split(other);
    for _ in 0..=rng.below(4) {
        let n = parts.len() as u64;
        let (a, b) = (rng.below(n + 1) as usize, rng.below(n + 1) as usize);
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 1 + rng.below(8) as usize));
        match rng.below(8) {
            0 => drop(parts.drain(from..to)),
            1 => {
                let doubled = parts[from..to].to_vec();
                parts.splice(from..from, doubled);
            }
            2 if to < parts.len() && from < parts.len() => parts.swap(from, to),
            3 if !others.is_empty() => {
                let start = rng.below(others.len() as u64) as usize;
                let end = (start + 1 + rng.below(12) as usize).min(others.len());
                parts.splice(from..to, others[start..end].iter().copied());
            }
            4 | 5 => parts.insert(from, PIECES[rng.below(PIECES.len() as u64) as usize]),
            6 if from < parts.len() => parts[from] = PIECES[rng.below(PIECES.len() as u64) as usize],
            7 if rng.below(8) == 0 => {
                // Deep nesting of one piece.
                let piece = PIECES[rng.below(PIECES.len() as u64) as usize];
                parts.splice(from..from, std::iter::repeat_n(piece, 1 + rng.below(300) as usize));
            }
            _ => parts.truncate(from),
        }
    }
    let mut text: String = parts.concat();
    let mut end = text.len().min(BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Splits a text into words, blanks and single signs, without losing any of it.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut previous: Option<char> = None;
    for (at, c) in text.char_indices() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let goes_on = previous.is_some_and(|before| is_word(before) && is_word(c) || before == ' ' && c == ' ');
        if at > start && !goes_on {
            parts.push(&text[start..at]);
            start = at;
        }
        previous = Some(c);
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting_loses_nothing() {
        for text in ["", "T | where a == 'b'", "  é😀_1 ", "a\r\n\tb"] {
            assert_eq!(split(text).concat(), text);
        }
        assert_eq!(split("ab1 ==  c"), ["ab1", " ", "=", "=", "  ", "c"]);
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let make = |seed| mutate("T | where a == 'b' | count", "print x = 1", &mut Rng::from_seed(seed));
        assert_eq!(make(7), make(7));
        assert!((0..50).map(make).collect::<std::collections::BTreeSet<_>>().len() > 30);
    }
}
