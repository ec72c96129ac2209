use super::prelude::*;
use super::texts::{Texts, build_strings};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "translate",
    signatures: &["(searchList: string, replacementList: string, source: string) -> string"],
    summary: "A text with each character of the first list replaced by the one at the same place of the second. A second \
              list that is shorter goes on with its last character; an empty one removes the characters.",
    examples: &[
        ("print translate('abc', 'x', 'abc')", "xxx"),
        ("print translate('abc', '', 'ab')", ""),
        ("print translate('krasp', 'otsku', 'spark')", "kusto"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (search, replacement, source) = (Texts::of(args, 0), Texts::of(args, 1), Texts::of(args, 2));
    let constant = args.args.iter().take(2).all(|list| list.constant);
    let mut table = None;
    build_strings(args, |row, out| {
        let table = match &mut table {
            Some(table) if constant => table,
            table => table.insert(pairs(&search.get(row), &replacement.get(row))),
        };
        for character in source.get(row).chars() {
            match table.iter().find(|(from, _)| *from == character) {
                Some((_, to)) => out.extend(*to),
                None => out.push(character),
            }
        }
        Ok(())
    })
}

/// What becomes of each character searched for. Of a character listed twice the first place counts.
fn pairs(search: &str, replacement: &str) -> Vec<(char, Option<char>)> {
    let last = replacement.chars().next_back();
    let mut to = replacement.chars();
    search.chars().map(|from| (from, to.next().or(last))).collect()
}
