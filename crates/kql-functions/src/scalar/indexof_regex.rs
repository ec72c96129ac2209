use super::characters;
use super::indexof::SearchRanges;
use super::prelude::*;
use super::regexes::Patterns;
use super::texts::Texts;
use arrow::array::Int64Builder;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "indexof_regex",
    signatures: &[
        "(string: scalar, match: constant scalar, start?: integer, length?: integer, occurrence?: constant integer) -> long",
    ],
    summary: "The place, from 0, of a match of a regular expression in a text; -1 when there is none. The search begins at \
              character `start`, covers `length` characters (-1 for all) and finds the given occurrence; matches do not \
              overlap. Null when `start` or `occurrence` is negative or `length` is less than -1.",
    examples: &[
        ("print indexof_regex('abcabc', @'a.c')", "0"),
        ("print indexof_regex('abcabcdefg', @'a.c', 0, 9, 2)", "3"),
        ("print indexof_regex('abcabc', @'a.c', 1, -1, 2)", "-1"),
        ("print indexof_regex('ababaa', @'a.a', 0, -1, 2)", "-1"),
        ("print indexof_regex('abcabc', @'a|ab', -1)", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    let mut patterns = Patterns::of(args, 1);
    let ranges = SearchRanges::of(args);
    let mut places = Int64Builder::with_capacity(args.rows);
    for row in 0..args.rows {
        let regex = &patterns.at(row)?.regex;
        let text = text.get(row);
        let range = ranges.of_row(&text, row).filter(|_| ranges.start(row) >= Some(0));
        places.append_option(range.map(|range| {
            let nth = usize::try_from(range.occurrence).ok().and_then(|occurrence| occurrence.checked_sub(1));
            let found = nth.and_then(|nth| regex.find_iter(range.part).nth(nth));
            found.map_or(-1, |found| characters::count_before(&text, range.offset + found.start()) as i64)
        }));
    }
    Ok(Arc::new(places.finish()))
}
