//! One pass over JSON text: checks it and finds where each member's value begins and ends, without building anything.
//!
//! Every value is checked, wanted or not, so that whether a row is broken does not depend on the columns a query asks
//! for, and what lands in a dynamic column is valid JSON.

/// What a value is and where it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// The token of a member that a row lacks.
    pub const MISSING: Token = Token { kind: Kind::Missing, start: 0, end: 0 };

    /// Returns the token's text; of a string, with its quotes.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// Returns the text between a string's quotes, escapes as they are.
    pub fn inner<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start + 1..self.end.saturating_sub(1)).unwrap_or("")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Missing,
    Null,
    True,
    False,
    Integer,
    /// A number with a point or an exponent.
    Fraction,
    /// `NaN`, `Infinity` or `-Infinity`, which some writers put in place of a number. Not valid inside an array or object.
    Special,
    /// A string without escapes.
    String,
    /// A string with escapes.
    Escaped,
    /// An array or object without blanks between its parts.
    Nested,
    /// An array or object with blanks between its parts.
    Spaced,
}

/// Why a text is no JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub at: usize,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The text ends inside a value; more of it might make it whole.
    End,
    Value,
    Member,
    Colon,
    Comma,
    Escape,
    Number,
    Depth,
}

impl What {
    /// Returns the fault in words.
    pub fn text(self) -> &'static str {
        match self {
            What::End => "the text ends inside a value",
            What::Value => "a value is expected",
            What::Member => "a member's name in quotes is expected",
            What::Colon => "`:` is expected",
            What::Comma => "`,` or a closing bracket is expected",
            What::Escape => "unknown escape in a string",
            What::Number => "malformed number",
            What::Depth => "nested too deeply",
        }
    }
}

fn fault<T>(at: usize, what: What) -> Result<T, Fault> {
    Err(Fault { at, what })
}

/// Depth of nesting past which a text counts as broken, as in `schema::dynamic`.
const DEPTH_MAX: usize = 512;

/// What an object's members are given to, one by one.
pub(crate) trait Fields {
    /// Takes a member. `name` is the text between the quotes; `escaped` says that it holds escapes.
    fn field(&mut self, name: &str, escaped: bool, value: Token);
}

/// Returns the place of the next byte that is no blank.
#[inline]
pub(crate) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Scans the object that opens at `at`, hands over its members and returns the place after it.
pub(crate) fn object(text: &str, at: usize, fields: &mut impl Fields) -> Result<usize, Fault> {
    let bytes = text.as_bytes();
    let mut at = skip_blanks(bytes, at + 1);
    if bytes.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        if bytes.get(at) != Some(&b'"') {
            return fault(at, if at < bytes.len() { What::Member } else { What::End });
        }
        let name = string(bytes, at)?;
        at = after_colon(bytes, name.end)?;
        let value = value(bytes, at)?;
        fields.field(name.inner(text), name.kind == Kind::Escaped, value);
        at = skip_blanks(bytes, value.end);
        match bytes.get(at) {
            Some(b',') => at = skip_blanks(bytes, at + 1),
            Some(b'}') => return Ok(at + 1),
            Some(_) => return fault(at, What::Comma),
            None => return fault(at, What::End),
        }
    }
}

#[inline]
fn after_colon(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let at = skip_blanks(bytes, at);
    match bytes.get(at) {
        Some(b':') => Ok(skip_blanks(bytes, at + 1)),
        Some(_) => fault(at, What::Colon),
        None => fault(at, What::End),
    }
}

/// Scans the value that begins at `at`.
#[inline]
pub(crate) fn value(bytes: &[u8], at: usize) -> Result<Token, Fault> {
    match bytes.get(at) {
        Some(b'"') => string(bytes, at),
        Some(b'{' | b'[') => nested(bytes, at),
        Some(b'N' | b'I') => special(bytes, at, at),
        Some(b'-') if bytes.get(at + 1) == Some(&b'I') => special(bytes, at, at + 1),
        Some(_) => plain(bytes, at),
        None => fault(at, What::End),
    }
}

fn special(bytes: &[u8], start: usize, word: usize) -> Result<Token, Fault> {
    let text: &[u8] = if bytes.get(word) == Some(&b'N') { b"NaN" } else { b"Infinity" };
    Ok(Token { kind: Kind::Special, start, end: literal(bytes, word, text)? })
}

/// Scans a number, `true`, `false` or `null`.
#[inline]
fn plain(bytes: &[u8], start: usize) -> Result<Token, Fault> {
    let (kind, end) = match bytes[start] {
        b't' => (Kind::True, literal(bytes, start, b"true")?),
        b'f' => (Kind::False, literal(bytes, start, b"false")?),
        b'n' => (Kind::Null, literal(bytes, start, b"null")?),
        b'-' | b'0'..=b'9' => return number(bytes, start),
        _ => return fault(start, What::Value),
    };
    Ok(Token { kind, start, end })
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, Fault> {
    let rest = &bytes[at..];
    if rest.starts_with(word) {
        return Ok(at + word.len());
    }
    fault(at, if word.starts_with(rest) { What::End } else { What::Value })
}

#[inline]
fn number(bytes: &[u8], start: usize) -> Result<Token, Fault> {
    let mut at = start + usize::from(bytes[start] == b'-');
    let mut kind = Kind::Integer;
    let whole = at;
    at = digits(bytes, at)?;
    if bytes[whole] == b'0' && at > whole + 1 {
        return fault(whole, What::Number);
    }
    if bytes.get(at) == Some(&b'.') {
        kind = Kind::Fraction;
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        kind = Kind::Fraction;
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(bytes, at)?;
    }
    Ok(Token { kind, start, end: at })
}

/// Moves past one or more digits.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == start {
        return fault(at, if at < bytes.len() { What::Number } else { What::End });
    }
    Ok(at)
}

/// Scans the string that opens at `start`.
#[inline]
pub(crate) fn string(bytes: &[u8], start: usize) -> Result<Token, Fault> {
    let mut at = start + 1;
    let mut kind = Kind::String;
    loop {
        at = quote_or_backslash(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(Token { kind, start, end: at + 1 }),
            Some(_) => {
                kind = Kind::Escaped;
                at = escape(bytes, at)?;
            }
            None => return fault(at, What::End),
        }
    }
}

/// Moves past the escape whose backslash stands at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let hex = bytes.get(at + 2..).unwrap_or(&[]);
            let hex = &hex[..hex.len().min(4)];
            if !hex.iter().all(u8::is_ascii_hexdigit) {
                return fault(at, What::Escape);
            }
            if hex.len() < 4 {
                return fault(bytes.len(), What::End);
            }
            Ok(at + 6)
        }
        Some(_) => fault(at, What::Escape),
        None => fault(at, What::End),
    }
}

/// Words of 8 bytes looked at one by one before `memchr` takes over: most strings of a log end within.
const WORDS: usize = 4;

/// Returns the place of the next `"` or `\` from `at`, or the text's length.
#[inline]
fn quote_or_backslash(bytes: &[u8], at: usize) -> usize {
    const QUOTE: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASH: u64 = u64::from_le_bytes([b'\\'; 8]);
    let mut at = at;
    for _ in 0..WORDS {
        let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        let word = u64::from_le_bytes(*word);
        let hits = zero_bytes(word ^ QUOTE) | zero_bytes(word ^ BACKSLASH);
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    memchr::memchr2(b'"', b'\\', rest).map_or(bytes.len(), |step| at + step)
}

/// Returns a word whose lowest set bit marks the first zero byte of `word`.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Scans the array or object that opens at `start`; a loop with a stack of one bit per level.
fn nested(bytes: &[u8], start: usize) -> Result<Token, Fault> {
    let mut stack = [0u64; DEPTH_MAX / 64];
    let mut depth = 0;
    let mut kind = Kind::Nested;
    let mut at = start;
    let mut blanks = |at: usize| -> usize {
        match bytes.get(at) {
            Some(b' ' | b'\n' | b'\r' | b'\t') => {
                kind = Kind::Spaced;
                skip_blanks(bytes, at)
            }
            _ => at,
        }
    };
    let end = 'values: loop {
        // A value begins at `at`.
        match bytes.get(at) {
            Some(open @ (b'{' | b'[')) => {
                if depth == DEPTH_MAX {
                    return fault(at, What::Depth);
                }
                let is_object = *open == b'{';
                let bit = 1 << (depth % 64);
                if is_object {
                    stack[depth / 64] |= bit
                } else {
                    stack[depth / 64] &= !bit
                }
                depth += 1;
                at = blanks(at + 1);
                let close = if is_object { b'}' } else { b']' };
                if bytes.get(at) == Some(&close) {
                    depth -= 1;
                    at += 1;
                } else if is_object {
                    at = member_name(bytes, at, &mut blanks)?;
                    continue 'values;
                } else {
                    continue 'values;
                }
            }
            Some(b'"') => at = string(bytes, at)?.end,
            Some(_) => at = plain(bytes, at)?.end,
            None => return fault(at, What::End),
        }
        // A value has ended before `at`: go on in the array or object around it, or leave it.
        loop {
            if depth == 0 {
                break 'values at;
            }
            let is_object = stack[(depth - 1) / 64] & (1 << ((depth - 1) % 64)) != 0;
            at = blanks(at);
            match bytes.get(at) {
                Some(b',') => {
                    at = blanks(at + 1);
                    if is_object {
                        at = member_name(bytes, at, &mut blanks)?;
                    }
                    continue 'values;
                }
                Some(b'}') if is_object => at += 1,
                Some(b']') if !is_object => at += 1,
                Some(_) => return fault(at, What::Comma),
                None => return fault(at, What::End),
            }
            depth -= 1;
        }
    };
    Ok(Token { kind, start, end })
}

/// Moves past a member's name and its colon.
#[inline]
fn member_name(bytes: &[u8], at: usize, blanks: &mut impl FnMut(usize) -> usize) -> Result<usize, Fault> {
    match bytes.get(at) {
        Some(b'"') => {}
        Some(_) => return fault(at, What::Member),
        None => return fault(at, What::End),
    }
    let at = blanks(string(bytes, at)?.end);
    match bytes.get(at) {
        Some(b':') => Ok(blanks(at + 1)),
        Some(_) => fault(at, What::Colon),
        None => fault(at, What::End),
    }
}

/// Returns valid JSON text without the blanks between its parts.
pub(crate) fn compact(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    let mut kept = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string(bytes, at).map_or(bytes.len(), |token| token.end),
            b' ' | b'\n' | b'\r' | b'\t' => {
                out.push_str(json.get(kept..at).unwrap_or(""));
                at = skip_blanks(bytes, at);
                kept = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(json.get(kept..).unwrap_or(""));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seen<'a>(&'a str, Vec<(String, Kind, &'a str)>);

    impl Fields for Seen<'_> {
        fn field(&mut self, name: &str, _: bool, value: Token) {
            self.1.push((name.to_string(), value.kind, value.text(self.0)));
        }
    }

    #[test]
    fn members_are_found() {
        let text = r#"{ "a" : 1 ,"b":-2.5e+3,"c":"x","d":"a long string that fills more than four words of eight\n","e":[1,{"f":"]"}],"g":{ },"h":null,"i":true,"j":false,"k":NaN,"l":-Infinity,"":0} rest"#;
        let mut seen = Seen(text, Vec::new());
        let end = object(text, 0, &mut seen).unwrap();
        assert_eq!(&text[end..], " rest");
        let kinds: Vec<Kind> = seen.1.iter().map(|(_, kind, _)| *kind).collect();
        use Kind::*;
        assert_eq!(
            kinds,
            [Integer, Fraction, String, Escaped, Nested, Spaced, Null, True, False, Special, Special, Integer]
        );
        assert_eq!(seen.1[4].2, r#"[1,{"f":"]"}]"#);
        assert_eq!(compact(r#" { "a b" : [ 1 , "x \" y" ] } "#), r#"{"a b":[1,"x \" y"]}"#);
    }

    #[test]
    fn broken_text_is_refused_where_it_breaks() {
        let cases = [
            (r#"{"a":1"#, 6, What::End),
            (r#"{"a":"x"#, 7, What::End),
            (r#"{"a":"x\"#, 7, What::End),
            (r#"{"a":"\u00"#, 10, What::End),
            (r#"{"a":tr"#, 5, What::End),
            (r#"{"a":-"#, 6, What::End),
            (r#"{"#, 1, What::End),
            (r#"{"a":[1,"#, 8, What::End),
            (r#"{"a":{"b""#, 9, What::End),
            (r#"{"a":{"#, 6, What::End),
            (r#"{"a":1 "b":2}"#, 7, What::Comma),
            (r#"{"a" 1}"#, 5, What::Colon),
            (r#"{a:1}"#, 1, What::Member),
            (r#"{"a":[1}"#, 7, What::Comma),
            (r#"{"a":{"b":1]"#, 11, What::Comma),
            (r#"{"a":{b:1}}"#, 6, What::Member),
            (r#"{"a":{"b" 1}}"#, 10, What::Colon),
            (r#"{"a":"\q"}"#, 6, What::Escape),
            (r#"{"a":"\u00g0"}"#, 6, What::Escape),
            (r#"{"a":01}"#, 5, What::Number),
            (r#"{"a":1.}"#, 7, What::Number),
            (r#"{"a":[NaN]}"#, 6, What::Value),
            (r#"{"a":x}"#, 5, What::Value),
            (r#"{"a":1,}"#, 7, What::Member),
        ];
        for (text, at, what) in cases {
            assert_eq!(object(text, 0, &mut Seen(text, Vec::new())), Err(Fault { at, what }), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(513), "]".repeat(513));
        assert_eq!(value(deep.as_bytes(), 0).map_err(|f| f.what), Err(What::Depth));
        let deep = format!("{}{}", "[".repeat(512), "]".repeat(512));
        assert!(value(deep.as_bytes(), 0).is_ok());
    }

    #[test]
    fn scanner_agrees_with_the_tree() {
        // Every prefix and every single-byte change of a text that uses the whole grammar.
        let text = r#"{"a":[1,-2.5e3,{"b":null,"c":[true,false,"x\n\u0041"]},{}],"d":""}"#;
        let valid = |t: &str| matches!(value(t.as_bytes(), 0), Ok(token) if token.end == t.len());
        for n in 0..text.len() {
            assert!(!valid(&text[..n]), "{}", &text[..n]);
            for byte in ["x", "\"", "{", "]", ",", ":", "1", "\\", " "] {
                let changed = format!("{}{byte}{}", &text[..n], &text[n + 1..]);
                assert_eq!(valid(&changed), schema::dynamic::raw::is_valid(&changed), "{changed}");
            }
        }
    }
}
