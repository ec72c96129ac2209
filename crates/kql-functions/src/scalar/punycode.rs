//! Punycode (RFC 3492) of texts and of the labels of domain names. Letters keep their case, and nothing is normalised.

use idna::punycode;

/// What stands before a domain's label that is in punycode.
const PREFIX: &str = "xn--";

/// Characters that stand between the labels of a domain (RFC 3490, section 3.1).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}'];

/// Returns a text in punycode.
pub fn encode(text: &str) -> Option<String> {
    punycode::encode_str(text)
}

/// Returns the text that is in punycode.
pub fn decode(text: &str) -> Option<String> {
    punycode::decode_to_string(text)
}

/// Returns a domain with its labels that are no ASCII in punycode.
pub fn encode_domain(domain: &str) -> Option<String> {
    by_label(domain, &DOTS, |label| {
        if label.is_ascii() { Some(label.to_string()) } else { Some(PREFIX.to_string() + &encode(label)?) }
    })
}

/// Returns a domain with its labels in punycode decoded.
pub fn decode_domain(domain: &str) -> Option<String> {
    by_label(domain, &['.'], |label| match label.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => decode(label.get(PREFIX.len()..)?),
        _ => Some(label.to_string()),
    })
}

fn by_label(domain: &str, dots: &[char], convert: impl Fn(&str) -> Option<String>) -> Option<String> {
    let labels: Option<Vec<String>> = domain.split(dots).map(convert).collect();
    Some(labels?.join("."))
}

#[cfg(test)]
mod tests {
    use crate::scalar::prelude::*;

    #[test]
    fn texts_of_the_reference() {
        let cases = [
            ("punycode_from_string", "académie-française", "acadmie-franaise-npb1a"),
            ("punycode_from_string", "艺术", "cqv902d"),
            ("punycode_to_string", "acadmie-franaise-npb1a", "académie-française"),
            ("punycode_to_string", "é", ""),
            ("punycode_domain_from_string", "xn--Ge-mia.Bulg.edu", "Gáe.Bulg.edu"),
            ("punycode_domain_from_string", "xn--Ry-lja8c.xn--Jng-uta63a.xn--Bng-9ka.com", "Rúyì.Jīngū.Bàng.com"),
            ("punycode_domain_from_string", "xn--\u{7f}!!\u{7f}99999999.com", ""),
            ("punycode_domain_to_string", "Lê Lợi。Thuận Thiên。com", "xn--L Li-gpa4517b.xn--Thun Thin-s4a7194f.com"),
            ("punycode_domain_to_string", "Riðill｡Skáldskaparmál｡org", "xn--Riill-jta.xn--Skldskaparml-dbbj.org"),
            ("punycode_domain_to_string", "Kaledvoulc'h.Artorījos.edu", "Kaledvoulc'h.xn--Artorjos-ejb.edu"),
        ];
        for (name, source, expected) in cases {
            let found = crate::call(name, KqlType::String, &[Value::String(source.into())]);
            assert_eq!(found, Ok(Value::String(expected.into())), "{name} {source}");
        }
    }
}
