//! The forms that strings of JSON text take once they are taken out of it.
//!
//! A column of JSON text is searched as it stands (`properties has "x"`), by strings taken out of it
//! (`properties.a == "x"`: escapes undone) and by parts printed again (`tostring(properties.b)`: escapes as JSON asks for
//! them). Most texts have the same keys in all three forms, namely when their only escapes are `\"`, `\\` and `\/`: neither
//! these nor what they stand for are letters or digits, letters after them stay a term of their own, and no key has such a
//! character in it.

use memchr::memchr;

/// What [`forms`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forms {
    /// The text with all escapes undone was written and may have other keys.
    pub unescaped: bool,
    /// The text with control characters in JSON's own escapes was written and may have keys that neither of the other forms has.
    pub printed: bool,
    /// With escapes undone once, a backslash is left: a string may hold JSON text with escapes of its own.
    pub escapes_left: bool,
}

/// Writes those forms of a JSON text that may have keys of their own into buffers. The text need not be valid.
pub fn forms(json: &str, unescaped: &mut String, printed: &mut String) -> Forms {
    let mut found = Forms::default();
    let changes = keys_change(json, &mut found.escapes_left);
    let has_controls = has_controls(json);
    if !changes && !has_controls {
        return found;
    }
    unescaped.clear();
    let has_numbers = unescape(json, unescaped, &mut found.escapes_left);
    found.unescaped = changes;
    // Else the text is printed as it stands, as far as keys can tell.
    found.printed = has_controls || has_numbers && self::has_controls(unescaped);
    if found.printed {
        printed.clear();
        print(unescaped, printed);
    }
    found
}

fn has_controls(text: &str) -> bool {
    any_byte(text, |byte| byte < 0x20)
}

/// Returns whether any byte passes a test; asks of many bytes at a time, which the compiler turns into vector instructions.
pub fn any_byte(text: &str, test: impl Fn(u8) -> bool) -> bool {
    text.as_bytes().chunks(64).any(|chunk| chunk.iter().fold(false, |any, byte| any | test(*byte)))
}

/// Returns whether there is an escape other than `\"`, `\\` and `\/`.
fn keys_change(json: &str, escapes_left: &mut bool) -> bool {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(step) = bytes.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        match bytes.get(at + step + 1) {
            Some(b'"' | b'/') => {}
            Some(b'\\') => *escapes_left = true,
            _ => return true,
        }
        at += step + 2;
    }
    false
}

/// Undoes the escapes of all strings of a JSON text. A lone surrogate becomes U+FFFD. Returns whether a character was
/// written as its number.
fn unescape(json: &str, out: &mut String, escapes_left: &mut bool) -> bool {
    let mut has_numbers = false;
    let mut rest = json;
    while let Some((head, tail)) = rest.split_once('\\') {
        out.push_str(head);
        let mut characters = tail.chars();
        let decoded = match characters.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let (character, after) = unicode(characters.as_str());
                characters = after.chars();
                has_numbers = true;
                character
            }
            Some(other) => other,
            None => break,
        };
        *escapes_left |= decoded == '\\';
        out.push(decoded);
        rest = characters.as_str();
    }
    out.push_str(rest);
    has_numbers
}

/// Reads what follows `\u`: four digits, or two surrogates; returns the character and the text after it.
fn unicode(text: &str) -> (char, &str) {
    let Some((high, after)) = unit(text) else { return (char::REPLACEMENT_CHARACTER, text.get(4..).unwrap_or("")) };
    let low = after.strip_prefix("\\u").and_then(unit);
    match low {
        Some((low, after)) if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) => {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after)
        }
        _ => (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), after),
    }
}

/// Reads four hexadecimal digits.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, after))
}

/// Writes control characters as JSON's escapes. Quotes and backslashes stay as they are, which changes no key.
fn print(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\x1F' => {
                let code = u32::from(character);
                out.push_str("\\u00");
                out.extend([code >> 4, code & 15].into_iter().filter_map(|digit| char::from_digit(digit, 16)));
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, unescaped: Option<&str>, printed: Option<&str>, escapes_left: bool) {
        let (mut plain, mut again) = (String::new(), String::new());
        let found = forms(json, &mut plain, &mut again);
        assert_eq!(found.unescaped.then_some(&plain[..]), unescaped, "{json}");
        assert_eq!(found.printed.then_some(&again[..]), printed, "{json}");
        assert_eq!(found.escapes_left, escapes_left, "{json}");
    }

    #[test]
    fn only_texts_whose_keys_change_are_written() {
        check(r#"{"a":"x"}"#, None, None, false);
        check(r#"{"a":"say \"hi\" \/ C:\\new"}"#, None, None, true);
        check(r#"{"a":"x\ny"}"#, Some("{\"a\":\"x\ny\"}"), None, false);
        check(r#"{"a":"x\u00e9y"}"#, Some(r#"{"a":"xéy"}"#), None, false);
        check(r#"{"a":"x\u000ay"}"#, Some("{\"a\":\"x\ny\"}"), Some(r#"{"a":"x\ny"}"#), false);
        check(r#""\t\u0036.1""#, Some("\"\t6.1\""), Some(r#""\t6.1""#), false);
        check("[\"x\u{1}y\"]", None, Some(r#"["x\u0001y"]"#), false);
        check(r#""\ud83d\ude00\ud83d x""#, Some("\"😀\u{FFFD} x\""), None, false);
        check(r#""\u005cnx""#, Some(r#""\nx""#), None, true);
        check(r#""C:\\new\tx""#, Some("\"C:\\new\tx\""), None, true);
    }

    #[test]
    fn broken_escapes_do_no_harm() {
        for json in ["\\", "\"\\u12", "\\u", "\\uéé", "\\ud800\\u", "a\\é", "\\u+123"] {
            forms(json, &mut String::new(), &mut String::new());
        }
    }
}
