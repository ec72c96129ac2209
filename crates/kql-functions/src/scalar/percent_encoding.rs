//! Percent-encoding of URLs (RFC 3986, section 2.1), with lower-case hexadecimal digits as Kusto writes them.

use super::prelude::*;
use super::texts::{Texts, build_strings};

/// Builds the encoded texts of argument 0: all but unreserved characters are encoded, and a blank is `blank`.
pub fn encode_texts(args: &Args, blank: &str) -> Result<ArrayRef, EvalError> {
    let url = Texts::of(args, 0);
    build_strings(args, |row, out| {
        for byte in url.get(row).bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                b' ' => out.push_str(blank),
                _ => {
                    out.push('%');
                    for digit in [byte >> 4, byte & 15] {
                        out.extend(char::from_digit(u32::from(digit), 16));
                    }
                }
            }
        }
        Ok(())
    })
}

/// Decodes a text; `+` is a blank. A percent sign without two digits stays; bytes that are no UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |place: usize| bytes.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls() {
        let cases = [
            ("url_encode", "https://www.bing.com/hello world", "https%3a%2f%2fwww.bing.com%2fhello+world"),
            (
                "url_encode_component",
                "https://www.bing.com/hello world/",
                "https%3a%2f%2fwww.bing.com%2fhello%20world%2f",
            ),
            ("url_encode", "é", "%c3%a9"),
            ("url_decode", "https%3a%2f%2fwww.bing.com%2f", "https://www.bing.com/"),
            ("url_decode", "a+b%20c%2B", "a b c+"),
            ("url_decode", "100%", "100%"),
            ("url_decode", "%zz%4", "%zz%4"),
            ("url_decode", "%C3%A9%ff", "é\u{FFFD}"),
        ];
        for (name, url, expected) in cases {
            let found = crate::call(name, KqlType::String, &[Value::String(url.into())]);
            assert_eq!(found, Ok(Value::String(expected.into())), "{name} {url}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in ".{0,20}") {
            for name in ["url_encode", "url_encode_component"] {
                let encoded = crate::call(name, KqlType::String, &[Value::String(text.clone())]).unwrap();
                prop_assert_eq!(decode(&encoded.to_text()), text.clone());
            }
        }
    }
}
