use super::dynamics;
use super::prelude::*;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_xml",
    signatures: &["(xml: string|dynamic) -> dynamic"],
    naming: Naming::FirstArgument,
    summary: "An XML text as a bag: elements are members, attributes members named `@name`, a text beside them `#text`, and \
              elements of the same name an array. A text that is a number becomes one. Null when the text is no XML or \
              longer than 1 MiB.",
    examples: &[
        ("print parse_xml('<e name=\"value\">text</e>')", "{\"e\":{\"@name\":\"value\",\"#text\":\"text\"}}"),
        ("print parse_xml('<e><a>1</a><a>x</a></e>').e.a[1]", "x"),
        ("print isnull(parse_xml('<e>'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Longest text read, 1 MiB.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting read; it keeps the JSON within what a dynamic value may nest.
const DEPTH_MAX: usize = 256;

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.dynamics(|row| parse(&dynamics::text(&args.args[0], row))))
}

/// An element that is still open.
struct Element {
    name: String,
    members: Vec<(String, Vec<Dynamic>)>,
    /// Text since the last tag.
    text: String,
}

impl Element {
    fn open(tag: &BytesStart) -> Option<Element> {
        let mut element =
            Element { name: tag.name().into_inner().to_string(), members: Vec::new(), text: String::new() };
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            element.add(format!("@{}", attribute.key.into_inner()), Dynamic::String(value.into_owned()));
        }
        Some(element)
    }

    fn add(&mut self, name: String, value: Dynamic) {
        match self.members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.members.push((name, vec![value])),
        }
    }

    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if !text.is_empty() {
            self.add("#text".to_string(), text_value(text));
        }
    }

    fn close(mut self) -> (String, Dynamic) {
        self.end_text();
        let value = match self.members.as_mut_slice() {
            [] => Dynamic::Null,
            [(name, values)] if name == "#text" && values.len() == 1 => values.remove(0),
            _ => Dynamic::Bag(self.members.into_iter().map(|(name, values)| (name, one_or_array(values))).collect()),
        };
        (self.name, value)
    }
}

fn one_or_array(mut values: Vec<Dynamic>) -> Dynamic {
    if values.len() == 1 { values.remove(0) } else { Dynamic::Array(values) }
}

/// Returns a text's value: a number when it is written as JSON writes one, without an exponent.
fn text_value(text: &str) -> Dynamic {
    let is_number = raw::kind(text) == raw::Kind::Number && !text.contains(['e', 'E']) && raw::is_valid(text);
    if is_number { Dynamic::Number(text.to_string()) } else { Dynamic::String(text.to_string()) }
}

fn parse(xml: &str) -> Option<Dynamic> {
    if xml.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{FEFF}'));
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<(String, Dynamic)> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if let Some(parent) = open.last_mut() {
                    parent.end_text();
                } else if root.is_some() {
                    return None;
                }
                if open.len() == DEPTH_MAX {
                    return None;
                }
                open.push(Element::open(&tag)?);
            }
            Event::Empty(tag) => {
                let (name, value) = Element::open(&tag)?.close();
                place(&mut open, &mut root, name, value)?;
            }
            Event::End(_) => {
                let (name, value) = open.pop()?.close();
                place(&mut open, &mut root, name, value)?;
            }
            Event::Text(text) => match open.last_mut() {
                Some(element) => element.text.push_str(&text.xml10_content()),
                None if text.trim().is_empty() => {}
                None => return None,
            },
            Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = &mut open.last_mut()?.text;
                match reference.resolve_char_ref().ok()? {
                    Some(char) => text.push(char),
                    None => text.push_str(quick_xml::escape::resolve_xml_entity(&reference)?),
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => {
                let (name, value) = root.filter(|_| open.is_empty())?;
                return Some(Dynamic::Bag(vec![(name, value)]));
            }
        }
    }
}

/// Puts a closed element into its parent, or makes it the root. `None` when there is a root already.
fn place(open: &mut [Element], root: &mut Option<(String, Dynamic)>, name: String, value: Dynamic) -> Option<()> {
    match open.last_mut() {
        Some(parent) => {
            parent.end_text();
            parent.add(name, value);
        }
        None if root.is_none() => *root = Some((name, value)),
        None => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};

    #[test]
    fn converts_as_the_reference_says() {
        for (xml, expected) in [
            ("<e/>", r#"{"e":null}"#),
            ("<e></e>", r#"{"e":null}"#),
            ("<e>text</e>", r#"{"e":"text"}"#),
            (r#"<e name="value" />"#, r#"{"e":{"@name":"value"}}"#),
            (r#"<e name="value">text</e>"#, r##"{"e":{"@name":"value","#text":"text"}}"##),
            ("<e> <a>text</a> <b>text</b> </e>", r#"{"e":{"a":"text","b":"text"}}"#),
            ("<e> <a>text</a> <a>text</a> </e>", r#"{"e":{"a":["text","text"]}}"#),
            ("<e> text <a>text</a> </e>", r##"{"e":{"#text":"text","a":"text"}}"##),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<duration>\n <value>118.0</value>\n <min>-100</min>\n</duration>",
                r#"{"duration":{"value":118.0,"min":-100}}"#,
            ),
            ("<e><v>007</v><v>1e5</v><v>true</v></e>", r#"{"e":{"v":["007","1e5","true"]}}"#),
            ("<e a=\"1 &amp; 2\">x &lt; &#233;<!-- c --></e>", r##"{"e":{"@a":"1 & 2","#text":"x < é"}}"##),
            ("<!DOCTYPE e><e><![CDATA[<raw>]]></e>", r#"{"e":"<raw>"}"#),
            ("<a:e xmlns:a=\"u\"><a:b/></a:e>", r#"{"a:e":{"@xmlns:a":"u","a:b":null}}"#),
            ("<e>x<a/>y</e>", r##"{"e":{"#text":["x","y"],"a":null}}"##),
            ("<e>", "null"),
            ("<e></f>", "null"),
            ("<e/><f/>", "null"),
            ("<e a='1' a='2'/>", "null"),
            ("<e>&nope;</e>", "null"),
            ("text", "null"),
            ("", "null"),
        ] {
            assert_eq!(json_of("parse_xml", &[s(xml)]), expected, "{xml}");
        }
        assert_eq!(json_of("parse_xml", &[d("\"<e>1</e>\"")]), r#"{"e":1}"#);
    }

    #[test]
    fn nesting_and_length_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_ne!(json_of("parse_xml", &[s(&nested(200))]), "null");
        assert_eq!(json_of("parse_xml", &[s(&nested(100_000))]), "null");
        assert_eq!(json_of("parse_xml", &[s(&format!("<a>{}</a>", "x".repeat(1 << 20)))]), "null");
    }
}
