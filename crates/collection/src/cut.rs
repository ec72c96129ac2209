//! Values that are too long for their column: cut, and that is said beside the record.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use schema::KqlType;
use schema::dynamic::write_json_string;

/// What was cut in each row: columns with the bytes that their values had.
pub(crate) type Cuts = BTreeMap<usize, Vec<(String, usize)>>;

/// Cuts the values of a column of text to so many bytes, and notes what was cut. A dynamic value that is cut is a text from then on.
pub(crate) fn cut(array: &ArrayRef, name: &str, ktype: KqlType, max: usize, cuts: &mut Cuts) -> ArrayRef {
    let Some(texts) = array.as_string_view_opt().filter(|_| matches!(ktype, KqlType::String | KqlType::Dynamic)) else {
        return array.clone();
    };
    if !(0..texts.len()).any(|row| texts.is_valid(row) && texts.value(row).len() > max) {
        return array.clone();
    }
    let mut values: Vec<Option<String>> = Vec::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        values.push(text.map(|text| {
            if text.len() <= max {
                return text.to_string();
            }
            cuts.entry(row).or_default().push((name.to_string(), text.len()));
            let kept = begin(text, max);
            match ktype {
                KqlType::Dynamic => {
                    let mut quoted = String::new();
                    write_json_string(&mut quoted, kept);
                    quoted
                }
                _ => kept.to_string(),
            }
        }));
    }
    Arc::new(StringViewArray::from_iter(values))
}

/// Returns the beginning of a text, of so many bytes at most.
pub(crate) fn begin(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Returns a bag's text with more members: `more` has the text between the braces of another one.
pub(crate) fn with_members(bag: Option<&str>, more: &str) -> String {
    let inner = |text: &str| text.trim().strip_prefix('{')?.strip_suffix('}').map(|inner| inner.trim().to_string());
    match bag.map(|text| (inner(text), text)) {
        Some((Some(members), _)) if !members.is_empty() => format!("{{{members},{more}}}"),
        // What is no bag is kept beside.
        Some((None, other)) if !matches!(other.trim(), "" | "null") => {
            format!("{{\"AdditionalFields\":{other},{more}}}")
        }
        _ => format!("{{{more}}}"),
    }
}

/// Returns the member that says what was cut of a record: `"_Truncated":{"Message":70000}`.
pub(crate) fn told(cuts: &[(String, usize)]) -> String {
    let mut text = "\"_Truncated\":{".to_string();
    for (i, (name, bytes)) in cuts.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        write_json_string(&mut text, name);
        text.push_str(&format!(":{bytes}"));
    }
    text.push('}');
    text
}
