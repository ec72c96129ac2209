use super::prelude::*;
use super::regexes::Patterns;
use super::texts::{Texts, build_texts};
use regex::Regex;
use schema::dynamic::{raw, write_json_string};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "extract_all",
    aliases: &["extractall"],
    signatures: &[
        "(regex: constant string, source: string) -> dynamic",
        "(regex: constant string, captureGroups: array, source: string) -> dynamic",
    ],
    summary: "What the capture groups of a regular expression match, for every match in a text, as an array: of texts when \
              one group is asked for, else of arrays with a text per group. The groups, all unless listed, are given by \
              number or name; the expression must have at least one. Null when there is no match.",
    examples: &[
        ("print extract_all(@'(\\d+)', 'a set of numbers: 123, 567 and 789')", r#"["123","567","789"]"#),
        ("print extract_all(@'(\\w)(\\d)', 'a1 b2')", r#"[["a","1"],["b","2"]]"#),
        ("print extract_all(@'(\\w)(?P<n>\\d)', dynamic(['n']), 'a1 b2')", r#"["1","2"]"#),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut patterns = Patterns::of(args, 0);
    let listed = if args.len() > 2 { args.opt(1) } else { None };
    let source = Texts::of(args, args.len() - 1);
    let constant = args.args[0].constant && listed.is_none_or(|listed| listed.constant);
    let mut groups: Option<Vec<usize>> = None;
    build_texts(args, |row, out| {
        let regex = &*patterns.at(row)?.regex;
        let groups = match &mut groups {
            Some(groups) if constant => groups,
            groups => groups.insert(match listed {
                Some(listed) => listed_groups(regex, listed.strs().get(row))?,
                None => all_groups(regex)?,
            }),
        };
        write_matches(regex, groups, &source.get(row), out);
        Ok(out.len() > "[]".len())
    })
}

fn write_matches(regex: &Regex, groups: &[usize], source: &str, out: &mut String) {
    out.push('[');
    for captures in regex.captures_iter(source) {
        if out.len() > 1 {
            out.push(',');
        }
        if groups.len() > 1 {
            out.push('[');
        }
        for (i, group) in groups.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_json_string(out, captures.get(*group).map_or("", |part| part.as_str()));
        }
        if groups.len() > 1 {
            out.push(']');
        }
    }
    out.push(']');
}

fn all_groups(regex: &Regex) -> Result<Vec<usize>, EvalError> {
    if regex.captures_len() < 2 {
        return Err(EvalError::new(format!("the regular expression `{regex}` of `extract_all` has no capture group")));
    }
    Ok((1..regex.captures_len()).collect())
}

/// Reads a list of numbers and names of groups.
fn listed_groups(regex: &Regex, list: &str) -> Result<Vec<usize>, EvalError> {
    let groups: Result<Vec<usize>, EvalError> = raw::items(list)
        .map(|item| {
            let name = raw::text(item);
            let group = match raw::kind(item) {
                raw::Kind::Number => name.parse().ok().filter(|group| (1..regex.captures_len()).contains(group)),
                _ => regex.capture_names().position(|own| own == Some(&*name)),
            };
            group.ok_or_else(|| {
                EvalError::new(format!("the regular expression `{regex}` has no capture group `{name}`"))
            })
        })
        .collect();
    match groups {
        Ok(groups) if groups.is_empty() => Err(EvalError::new("`extract_all` needs at least one capture group")),
        groups => groups,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        let text = |text: &str| Value::String(text.into());
        let json = |text: &str| parse_as(KqlType::Dynamic, text);
        let guid = "82b8be2d-dfa7-4bd1-8f63-24ad26d31449";
        let cases = [
            (vec![text(r"([\da-f]{2})"), text("82b8")], r#"["82","b8"]"#),
            (
                vec![text(r"(\w)(\w+)(\w)"), json("[1,3]"), text(guid)],
                r#"[["8","d"],["d","7"],["4","1"],["8","3"],["2","9"]]"#,
            ),
            (
                vec![text(r"(?P<a>\w)(?P<b>\w)"), json("['b',1]".replace('\'', "\"").as_str()), text("xy")],
                r#"[["y","x"]]"#,
            ),
            (vec![text("(a)|(b)"), text("ab")], r#"[["a",""],["","b"]]"#),
            (vec![text("(z)"), text("ab")], "null"),
        ];
        for (args, expected) in cases {
            let expected = parse_as(KqlType::Dynamic, expected);
            let expected = if expected.is_null() { Value::Null(KqlType::Dynamic) } else { expected };
            assert_eq!(crate::call("extract_all", KqlType::Dynamic, &args), Ok(expected), "{args:?}");
        }
        for args in [
            vec![text("a"), text("a")],
            vec![text("(a)"), json("[2]"), text("a")],
            vec![text("(a)"), json("[]"), text("a")],
        ] {
            assert!(crate::call("extract_all", KqlType::Dynamic, &args).is_err(), "{args:?}");
        }
    }
}
