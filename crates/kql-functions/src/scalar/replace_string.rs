use super::prelude::*;
use super::texts::{Texts, build_strings, push};
use memchr::memmem;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "replace_string",
    signatures: &["(text: string, lookup: string, rewrite: string) -> string"],
    summary: "A text with every occurrence of another one replaced. An empty text to look up leaves it as it is.",
    examples: &[
        (
            "print replace_string('A magic trick can turn a cat into a dog', 'cat', 'hamster')",
            "A magic trick can turn a hamster into a dog",
        ),
        ("print replace_string('aaa', 'aa', 'b')", "ba"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (text, lookup, rewrite) = (Texts::of(args, 0), Texts::of(args, 1), Texts::of(args, 2));
    let constant = args.args[1].constant;
    let mut finder = None;
    build_strings(args, |row, out| {
        let finder = match &mut finder {
            Some(finder) if constant => finder,
            finder => finder.insert(memmem::Finder::new(lookup.get(row).as_bytes()).into_owned()),
        };
        let (text, rewrite) = (text.get(row), rewrite.get(row));
        let mut kept = 0;
        if !finder.needle().is_empty() {
            for at in finder.find_iter(text.as_bytes()) {
                push(out, text.get(kept..at).unwrap_or(""))?;
                push(out, &rewrite)?;
                kept = at + finder.needle().len();
            }
        }
        push(out, text.get(kept..).unwrap_or(""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occurrences_do_not_overlap() {
        for (text, lookup, rewrite, expected) in
            [("aaaa", "aa", "b", "bb"), ("abc", "", "x", "abc"), ("ééa", "é", "", "a"), ("", "a", "b", "")]
        {
            let args = [text, lookup, rewrite].map(|text| Value::String(text.into()));
            assert_eq!(
                crate::call("replace_string", KqlType::String, &args),
                Ok(Value::String(expected.into())),
                "{text}"
            );
        }
    }
}
