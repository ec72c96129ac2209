//! Telling the format of a file from its name and first bytes.

use crate::columns::Columns;
use crate::formats::ALL;
use crate::frame::json::Values;
use crate::frame::{Cut, Frame};
use crate::object::{Object, compact};
use crate::source::Source;
use std::sync::OnceLock;

/// Bytes that are looked at.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Confidence below which nothing is said to be recognised.
const CONFIDENCE_MIN: u8 = 40;
/// Members in which exports wrap their records.
pub(crate) const WRAPPERS: &[&str] = &["records", "Records", "value", "items"];

/// What is known of a file before it is read: its name and its first bytes.
pub struct Sniff<'a> {
    /// The name with its folders, as far as it is known.
    pub path: &'a str,
    /// The first bytes, unpacked, in UTF-8 where they are text.
    pub head: &'a [u8],
    first: OnceLock<Option<String>>,
}

impl<'a> Sniff<'a> {
    pub fn new(path: &'a str, head: &'a [u8]) -> Sniff<'a> {
        let head = head.get(..HEAD_BYTES_MAX).unwrap_or(head);
        Sniff { path, head: head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head), first: OnceLock::new() }
    }

    /// Returns whether it is JSON whose first object is in the columns of a built-in table and has no other members.
    pub fn is_in_columns_of(&self, table: &str) -> bool {
        let Some(columns) = Columns::of(table) else { return false };
        self.first().is_some_and(|first| first.names().all(|name| columns.get(name).is_some()))
    }

    /// Returns whether the path has a part, whatever its case.
    pub(crate) fn path_has(&self, part: &str) -> bool {
        self.path.to_ascii_lowercase().contains(part)
    }

    /// Returns the text up to the last whole character.
    pub(crate) fn text(&self) -> &str {
        match std::str::from_utf8(self.head) {
            Ok(text) => text,
            Err(error) => {
                self.head.get(..error.valid_up_to()).and_then(|head| std::str::from_utf8(head).ok()).unwrap_or("")
            }
        }
    }

    /// Returns the first lines that are not blank.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text().lines().filter(|line| !line.trim().is_empty()).take(20)
    }

    /// Returns the first JSON object, unwrapped.
    pub(crate) fn first(&self) -> Option<Object<'_>> {
        let first = self.first.get_or_init(|| first_object(self.head));
        Object::of(first.as_deref()?)
    }

    /// Returns whether the first JSON object has all these members.
    pub(crate) fn has_all(&self, names: &[&str]) -> bool {
        self.first().is_some_and(|first| first.has_all(names))
    }

    /// Returns how many of the first lines pass, in percent.
    pub(crate) fn share(&self, test: impl Fn(&str) -> bool) -> u8 {
        let (mut n, mut passed) = (0_u32, 0_u32);
        let is_cut =
            self.head.len() >= HEAD_BYTES_MAX && !self.text().ends_with('\n') && self.text().lines().count() < 20;
        let lines: Vec<&str> = self.lines().collect();
        let whole = lines.len().saturating_sub(usize::from(is_cut && lines.len() > 1));
        for line in lines.into_iter().take(whole) {
            n += 1;
            passed += u32::from(test(line));
        }
        u8::try_from(passed * 100 / n.max(1)).unwrap_or(0)
    }
}

fn first_object(head: &[u8]) -> Option<String> {
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(first, b'{' | b'[') {
        return None;
    }
    let mut values = Values::new(WRAPPERS);
    let mut at = 0;
    loop {
        let bytes = head.get(at..).filter(|bytes| !bytes.is_empty())?;
        match values.cut(bytes, false) {
            Cut::Need => return None,
            Cut::Skip(n) => at += n.max(1),
            Cut::Reject { next, .. } => at += next.max(1),
            Cut::Item { start, end, next } => {
                let text = bytes.get(start..end).and_then(|item| std::str::from_utf8(item).ok());
                if let Some(json) = text.and_then(compact) {
                    return Some(json.into_owned());
                }
                at += next.max(1);
            }
        }
    }
}

/// Returns the source whose bytes these are; `None` when no source is sure enough.
pub fn detect(sniff: &Sniff<'_>) -> Option<&'static Source> {
    let judged = ALL.iter().map(|source| ((source.detect)(sniff), *source));
    // Of two that are equally sure, the first in the order of the names.
    let best = judged.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (best.0 >= CONFIDENCE_MIN).then_some(best.1)
}

/// Returns a source by its name.
pub fn find(name: &str) -> Option<&'static Source> {
    ALL.iter().copied().find(|source| source.name == name)
}
