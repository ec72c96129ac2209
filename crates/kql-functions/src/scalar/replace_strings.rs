use super::prelude::*;
use super::texts::{Texts, build_strings, push};
use memchr::memmem;
use std::ops::Range;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "replace_strings",
    signatures: &["(text: string, lookups: array, rewrites: array) -> string"],
    summary: "A text with every occurrence of the listed texts replaced by the one at the same place of the second list. A \
              text listed earlier goes first; what it matched is not searched again. A text whose rewrite is missing or is \
              no string stays as it is.",
    examples: &[
        (
            "print replace_strings('A cat and a dog', dynamic(['cat', 'dog']), dynamic(['dog', 'pigeon']))",
            "A dog and a pigeon",
        ),
        ("print replace_strings('This is', dynamic(['is', 'This']), dynamic(['was', 'This']))", "Thwas was"),
        ("print replace_strings('This is', dynamic(['This', 'is']), dynamic([12345, 'was']))", "This was"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// A text to look up and what replaces it; `None` leaves it as it is.
struct Rule {
    lookup: memmem::Finder<'static>,
    rewrite: Option<String>,
}

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    let constant = args.args.iter().skip(1).all(|list| list.constant);
    let mut rules = None;
    build_strings(args, |row, out| {
        let rules = match &mut rules {
            Some(rules) if constant => rules,
            rules => rules.insert(read_rules(args.args[1].value(row), args.args[2].value(row))),
        };
        replace(&text.get(row), rules, out)
    })
}

fn read_rules(lookups: Value, rewrites: Value) -> Vec<Rule> {
    let (Value::Dynamic(Dynamic::Array(lookups)), Value::Dynamic(Dynamic::Array(rewrites))) = (lookups, rewrites)
    else {
        return Vec::new();
    };
    let mut rewrites = rewrites.into_iter();
    let pairs = lookups.into_iter().map(|lookup| (lookup, rewrites.next()));
    pairs
        .filter_map(|(lookup, rewrite)| match lookup {
            Dynamic::String(lookup) if !lookup.is_empty() => {
                let rewrite = if let Some(Dynamic::String(rewrite)) = rewrite { Some(rewrite) } else { None };
                Some(Rule { lookup: memmem::Finder::new(&lookup).into_owned(), rewrite })
            }
            _ => None,
        })
        .collect()
}

fn replace(text: &str, rules: &[Rule], out: &mut String) -> Result<(), EvalError> {
    // Where the rules match, in order of the text, and what stands there then.
    let mut matches: Vec<(Range<usize>, Option<&str>)> = Vec::new();
    for rule in rules {
        let mut free = 0;
        let mut found = Vec::new();
        for (taken, _) in
            matches.iter().map(|(range, rewrite)| (range.clone(), rewrite)).chain([(text.len()..text.len(), &None)])
        {
            let gap = text.as_bytes().get(free..taken.start).unwrap_or_default();
            for at in rule.lookup.find_iter(gap) {
                let start = free + at;
                found.push((start..start + rule.lookup.needle().len(), rule.rewrite.as_deref()));
            }
            free = taken.end;
        }
        if !found.is_empty() {
            matches.extend(found);
            matches.sort_unstable_by_key(|(range, _)| range.start);
        }
    }
    let mut kept = 0;
    for (range, rewrite) in matches {
        if let Some(rewrite) = rewrite {
            push(out, text.get(kept..range.start).unwrap_or(""))?;
            push(out, rewrite)?;
            kept = range.end;
        }
    }
    push(out, text.get(kept..).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_texts_go_first() {
        let cases = [
            ("This is an example", r#"["This","is"]"#, r#"["This","was"]"#, "This was an example"),
            ("This is an example", r#"["is","This"]"#, r#"["was","This"]"#, "Thwas was an example"),
            ("turn a cat into a dog", r#"["turn"," into a dog"]"#, r#"["disappear",""]"#, "disappear a cat"),
            ("abc", r#"["a",1,"","c"]"#, r#"["b","x","y","d"]"#, "bbd"),
            ("abab", r#"["b","ab"]"#, r#"["-"]"#, "a-a-"),
            ("abc", "null", "[]", "abc"),
        ];
        for (text, lookups, rewrites, expected) in cases {
            let json = |text: &str| parse_as(KqlType::Dynamic, text);
            let args = [Value::String(text.into()), json(lookups), json(rewrites)];
            assert_eq!(
                crate::call("replace_strings", KqlType::String, &args),
                Ok(Value::String(expected.into())),
                "{text}"
            );
        }
    }
}
