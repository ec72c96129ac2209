//! What the operators mean, written down without regard to speed, and an index to ask about them.

use arrow::array::StringViewArray;
use bytes::Bytes;
use terms::{IndexBuilder, Options, Predicate, TermIndex, TextKind};

pub const BLOCK_ROWS: u32 = 64;

pub fn options() -> Options {
    Options { block_rows: BLOCK_ROWS, ..Options::default() }
}

/// Builds an index of one column, number 7, whose blocks hold one of the texts each, beside some that are in all.
pub fn index_of(kind: TextKind, texts: &[String], filler: &str) -> TermIndex {
    let rows = texts.len() * BLOCK_ROWS as usize;
    let mut column: Vec<&str> = vec![filler; rows];
    for (i, text) in texts.iter().enumerate() {
        column[i * BLOCK_ROWS as usize + i * 13 % BLOCK_ROWS as usize] = text;
    }
    let mut builder = IndexBuilder::new(options()).unwrap();
    builder.column(7, kind).unwrap();
    for part in column.chunks(100) {
        builder.push(7, &StringViewArray::from_iter_values(part)).unwrap();
    }
    TermIndex::open(Bytes::from(builder.finish(rows as u64).unwrap())).unwrap()
}

/// Returns whether the block of a text passes.
pub fn passes(index: &TermIndex, predicate: &Predicate, text: usize) -> bool {
    index.blocks(predicate).contains_row(text as u64 * u64::from(BLOCK_ROWS))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Has,
    HasPrefix,
    HasSuffix,
    Contains,
    StartsWith,
    EndsWith,
    Equals,
}

pub const OPERATORS: [Operator; 7] = [
    Operator::Has,
    Operator::HasPrefix,
    Operator::HasSuffix,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::Equals,
];

impl Operator {
    pub fn predicate(self, subject: terms::Subject, needle: &str) -> Predicate {
        match self {
            Operator::Has => subject.has(needle),
            Operator::HasPrefix => subject.has_prefix(needle),
            Operator::HasSuffix => subject.has_suffix(needle),
            Operator::Contains => subject.contains(needle),
            Operator::StartsWith => subject.starts_with(needle),
            Operator::EndsWith => subject.ends_with(needle),
            Operator::Equals => subject.equals(needle),
        }
    }

    /// Returns whether the operator that does not mind case finds a needle in a text.
    pub fn finds(self, text: &str, needle: &str) -> bool {
        let fold = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<char>>();
        let (text, needle) = (fold(text), fold(needle));
        let cut = |left: Option<&char>, right: Option<&char>| {
            left.is_some_and(|c| c.is_alphanumeric()) && right.is_some_and(|c| c.is_alphanumeric())
        };
        (0..=text.len()).any(|at| {
            let end = at + needle.len();
            if text.get(at..end) != Some(&needle) {
                return false;
            }
            let cuts_start = cut(at.checked_sub(1).and_then(|i| text.get(i)), needle.first());
            let cuts_end = cut(needle.last(), text.get(end));
            match self {
                Operator::Has => !cuts_start && !cuts_end,
                Operator::HasPrefix => !cuts_start,
                Operator::HasSuffix => !cuts_end,
                Operator::Contains => true,
                Operator::StartsWith => at == 0,
                Operator::EndsWith => end == text.len(),
                Operator::Equals => at == 0 && end == text.len(),
            }
        })
    }
}
