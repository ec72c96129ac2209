//! Places in a text counted in characters (Unicode code points), as KQL counts them.

/// Returns the byte at which character `n` begins; the end of the text when it has fewer.
pub fn byte_of(text: &str, n: usize) -> usize {
    if text.is_ascii() {
        return n.min(text.len());
    }
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// Returns how many characters there are before a byte.
pub fn count_before(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, |head| if head.is_ascii() { head.len() } else { head.chars().count() })
}

/// Returns the text from character `n` on; empty when it has fewer. A negative `n` counts from the end, and stops at the
/// beginning.
pub fn from(text: &str, n: i64) -> &str {
    let start = if n >= 0 {
        usize::try_from(n).unwrap_or(usize::MAX)
    } else {
        let back = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
        count_before(text, text.len()).saturating_sub(back)
    };
    text.get(byte_of(text, start)..).unwrap_or("")
}

/// Returns the first `n` characters of a text; nothing when `n` is negative.
pub fn first(text: &str, n: i64) -> &str {
    text.get(..byte_of(text, usize::try_from(n).unwrap_or(0))).unwrap_or("")
}
