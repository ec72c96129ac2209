//! The operators that compare a text with another one: `=~`, `contains`, `startswith`, `endswith`, `has` and so on.
//!
//! The right side is prepared once when it is one value for all rows, which it nearly always is. A dynamic on either
//! side is taken as its text; null is the empty text.

use super::prelude::*;
use super::text_search::{Case, Needle, Place};
use super::texts::{Texts, constant_text, test_texts, truths};

/// What an operator asks of the text on its left and the one on its right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    Equals,
    StartsWith,
    EndsWith,
    Holds(Place),
}

/// Tells which rows pass the test.
pub fn eval(args: &Args, test: Test, case: Case) -> Result<ArrayRef, EvalError> {
    Ok(rows(args, test, case, true))
}

/// Tells which rows do not pass the test: the operators that begin with `!`.
pub fn eval_not(args: &Args, test: Test, case: Case) -> Result<ArrayRef, EvalError> {
    Ok(rows(args, test, case, false))
}

fn rows(args: &Args, test: Test, case: Case, wanted: bool) -> ArrayRef {
    if let Some(right) = constant_text(args, 1) {
        return match Prepared::new(test, case, &right) {
            Prepared::Needle(needle) => test_texts(args, 0, |text| needle.is_in(text) == wanted),
            prepared => test_texts(args, 0, |text| prepared.holds(text) == wanted),
        };
    }
    let (left, right) = (Texts::of(args, 0), Texts::of(args, 1));
    let mut last: Option<(String, Prepared)> = None;
    truths(args, |row| {
        let right = right.get(row);
        let prepared = match last.take() {
            Some((text, prepared)) if text == *right => prepared,
            _ => Prepared::new(test, case, &right),
        };
        let holds = prepared.holds(&left.get(row));
        last = Some((right.into_owned(), prepared));
        holds == wanted
    })
}

/// A right side made ready.
enum Prepared {
    Needle(Needle),
    Equals(Box<[u8]>, Case),
    Starts(Box<[u8]>, Case),
    Ends(Box<[u8]>, Case),
}

impl Prepared {
    fn new(test: Test, case: Case, right: &str) -> Prepared {
        match test {
            Test::Holds(place) => Prepared::Needle(Needle::new(right, case, place)),
            Test::Equals => Prepared::Equals(right.as_bytes().into(), case),
            Test::StartsWith => Prepared::Starts(right.as_bytes().into(), case),
            Test::EndsWith => Prepared::Ends(right.as_bytes().into(), case),
        }
    }

    fn holds(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match self {
            Prepared::Needle(needle) => needle.is_in(text),
            Prepared::Equals(right, case) => same(bytes, right, *case),
            Prepared::Starts(right, case) => bytes.get(..right.len()).is_some_and(|head| same(head, right, *case)),
            Prepared::Ends(right, case) => {
                let start = bytes.len().checked_sub(right.len());
                start.and_then(|start| bytes.get(start..)).is_some_and(|tail| same(tail, right, *case))
            }
        }
    }
}

fn same(left: &[u8], right: &[u8], case: Case) -> bool {
    match case {
        Case::Sensitive => left == right,
        Case::Insensitive => left.eq_ignore_ascii_case(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::String(text.to_string())
    }

    fn json(text: &str) -> Value {
        parse_as(KqlType::Dynamic, text)
    }

    fn ask(left: &Value, operator: &str, right: &Value) -> Value {
        crate::call(operator, KqlType::Bool, &[left.clone(), right.clone()]).unwrap()
    }

    #[test]
    fn operators_and_their_negations() {
        let cases = [
            ("abc", "=~", "ABC", true),
            ("abc", "=~", "ABCD", false),
            ("é", "=~", "É", false),
            ("FabriKam", "contains", "BRik", true),
            ("FabriKam", "contains_cs", "Kam", true),
            ("FabriKam", "contains_cs", "kam", false),
            ("Fabrikam", "startswith", "fab", true),
            ("Fabrikam", "startswith_cs", "fab", false),
            ("Fabrikam", "startswith", "fabrikams", false),
            ("Fabrikam", "endswith", "KAM", true),
            ("Fabrikam", "endswith_cs", "KAM", false),
            ("kam", "endswith", "fabrikam", false),
            ("x", "startswith", "", true),
            ("x", "endswith", "", true),
            ("North America", "has", "america", true),
            ("North America", "has_cs", "america", false),
            ("North America", "has", "amer", false),
            ("North America", "hasprefix", "ame", true),
            ("North America", "hasprefix", "mer", false),
            ("North America", "hasprefix_cs", "ame", false),
            ("North America", "hassuffix", "ICA", true),
            ("North America", "hassuffix", "americ", false),
            ("North America", "hassuffix_cs", "ICA", false),
            ("a.b.c", "has", "b.c", true),
            ("a.bb.c", "has", "b.c", false),
        ];
        for (left, operator, right, expected) in cases {
            let negated = if operator == "=~" { "!~".to_string() } else { format!("!{operator}") };
            assert_eq!(ask(&text(left), operator, &text(right)), Value::Bool(expected), "{left} {operator} {right}");
            assert_eq!(ask(&text(left), &negated, &text(right)), Value::Bool(!expected), "{left} {negated} {right}");
        }
    }

    #[test]
    fn a_dynamic_is_its_text() {
        let cases = [
            (json(r#"{"user":"Bob","id":7}"#), "has", "bob", true),
            (json(r#"{"user":"Bob","id":7}"#), "has", "user", true),
            (json(r#"{"user":"Bob","id":7}"#), "contains", "\"id\":7", true),
            (json(r#"["a","b"]"#), "has", "B", true),
            (json("\"x\\\\y\""), "endswith", "x\\y", true),
            (json("12"), "=~", "12", true),
            (json("null"), "has", "null", false),
        ];
        for (left, operator, right, expected) in cases {
            assert_eq!(ask(&left, operator, &text(right)), Value::Bool(expected), "{left:?} {operator} {right}");
        }
        assert_eq!(ask(&text("a1b"), "contains", &json("1")), Value::Bool(true));
    }

    #[test]
    fn the_right_side_may_differ_from_row_to_row() {
        let column = |texts: [&str; 4]| Arg {
            array: array_of(KqlType::String, texts.into_iter().map(text)),
            ktype: KqlType::String,
            constant: false,
        };
        let both = [column(["abc def", "abc def", "ABC", ""]), column(["DEF", "de", "abc", ""])];
        let ctx = crate::CallContext::default();
        let args = Args { args: &both, rows: 4, returns: KqlType::Bool, ctx: &ctx };
        let found = eval(&args, Test::Holds(Place::WholeTerms), Case::Insensitive).unwrap();
        let found: Vec<Value> = (0..4).map(|row| value_at(&found, KqlType::Bool, row)).collect();
        assert_eq!(found, [true, false, true, true].map(Value::Bool));
    }
}
