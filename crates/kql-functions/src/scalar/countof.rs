use super::prelude::*;
use super::regexes::Patterns;
use super::texts::Texts;
use arrow::array::Int64Builder;
use memchr::memmem;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "countof",
    signatures: &["(source: string, search: string, kind?: literal string) -> long"],
    summary: "How often a text, or with the kind 'regex' a regular expression, is found in another text. Occurrences of a \
              text may overlap, matches of an expression do not.",
    examples: &[
        ("print countof('aaa', 'a')", "3"),
        ("print countof('aaaa', 'aa')", "3"),
        ("print countof('ababa', 'aba', 'regex')", "1"),
        ("print countof('abcabc', 'a.c', 'regex')", "2"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (source, search) = (Texts::of(args, 0), Texts::of(args, 1));
    let kind = args.opt(2).map_or_else(String::new, |kind| Texts::from(kind).get(0).to_ascii_lowercase());
    match kind.as_str() {
        "" | "normal" => Ok(args.longs(|row| Some(count(&source.get(row), &search.get(row))))),
        "regex" => {
            let mut patterns = Patterns::of(args, 1);
            let mut counts = Int64Builder::with_capacity(args.rows);
            for row in 0..args.rows {
                counts.append_value(patterns.at(row)?.regex.find_iter(&source.get(row)).count() as i64);
            }
            Ok(Arc::new(counts.finish()))
        }
        other => Err(EvalError::new(format!("the kind of `countof` is `normal` or `regex`, not `{other}`"))),
    }
}

fn count(source: &str, search: &str) -> i64 {
    if search.is_empty() {
        return 0;
    }
    let finder = memmem::Finder::new(search.as_bytes());
    let (mut count, mut from) = (0, 0);
    while let Some(at) = source.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
        count += 1;
        from += at + 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let ask = |source: &str, search: &str, kind: &str| {
            crate::call("countof", KqlType::Long, &[source, search, kind].map(|text| Value::String(text.into())))
        };
        assert_eq!(ask("ababa", "ab", "normal"), Ok(Value::Long(2)));
        assert_eq!(ask("ababa", "aba", "normal"), Ok(Value::Long(2)));
        assert_eq!(ask("ééé", "éé", "normal"), Ok(Value::Long(2)));
        assert_eq!(ask("abc", "", "normal"), Ok(Value::Long(0)));
        assert_eq!(
            ask("abc", "x", "glob"),
            Err(EvalError::new("the kind of `countof` is `normal` or `regex`, not `glob`"))
        );
        assert!(ask("abc", "(", "regex").is_err());
    }
}
