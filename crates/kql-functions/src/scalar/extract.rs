use super::prelude::*;
use super::regexes::Patterns;
use super::texts::{Texts, build_strings};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "extract",
    signatures: &[
        "(regex: constant string, captureGroup: long, source: string) -> string",
        "(regex: constant string, captureGroup: long, source: string, typeLiteral: literal type) -> literal(3)",
    ],
    summary: "What a capture group of a regular expression matches at its first match in a text; group 0 is the whole \
              match. With a type, the text read as that type. Empty or null when there is no match, no such group, or the \
              text does not stand for a value of the type.",
    examples: &[
        ("print extract('User: ([^,]+)', 1, 'User: James, Age: 29')", "James"),
        ("print extract(@'\\d+', 0, 'Age: 29')", "29"),
        ("print extract(@'-(\\d{2})-', 1, '21-07-2023', typeof(int))", "7"),
        ("print extract('x(.)', 1, 'abc')", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut patterns = Patterns::of(args, 0);
    let group = args.long(1);
    let source = Texts::of(args, 2);
    let texts = build_strings(args, |row, out| {
        let compiled = patterns.at(row)?;
        let source = source.get(row);
        let Some(group) = group.get(row).and_then(|group| usize::try_from(group).ok()) else { return Ok(()) };
        let found = if group == 0 {
            compiled.regex.find(&source).map(|found| found.range())
        } else {
            compiled.groups_from(&source, 0).and_then(|groups| groups.get(group)).map(|(start, end)| start..end)
        };
        out.push_str(found.and_then(|range| source.get(range)).unwrap_or(""));
        Ok(())
    })?;
    if args.returns == KqlType::String {
        return Ok(texts);
    }
    let texts = Arg { array: texts, ktype: KqlType::String, constant: false };
    let texts = texts.strs();
    // Nothing extracted is null, also where an empty text would stand for a value (dynamic).
    Ok(args.values(|row| match texts.get(row) {
        "" => Value::null(args.returns),
        text => parse_as(args.returns, text),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_types() {
        let text = |text: &str| Value::String(text.into());
        let ask = |regex: &str, group: i64, source: &str, returns: KqlType| {
            crate::call("extract", returns, &[text(regex), Value::Long(group), text(source)])
        };
        assert_eq!(ask("(a)|(b)", 2, "xb", KqlType::String), Ok(text("b")));
        assert_eq!(ask("(a)|(b)", 1, "xb", KqlType::String), Ok(text("")));
        assert_eq!(ask("(a)", 7, "a", KqlType::String), Ok(text("")));
        assert_eq!(ask("(a)", -1, "a", KqlType::String), Ok(text("")));
        assert_eq!(ask(r"(\w+)", 1, "abc", KqlType::Long), Ok(Value::Null(KqlType::Long)));
        assert_eq!(ask(r"t=([\d:]+)", 1, "t=01:02:03", KqlType::Timespan), Ok(parse_as(KqlType::Timespan, "01:02:03")));
        assert_eq!(ask(r"(\{.*\})", 1, r#"x {"a":1}"#, KqlType::Dynamic), Ok(parse_as(KqlType::Dynamic, r#"{"a":1}"#)));
        assert_eq!(ask("y", 0, "x", KqlType::Dynamic), Ok(Value::Null(KqlType::Dynamic)));
        assert!(ask("(", 1, "x", KqlType::String).is_err());
    }
}
