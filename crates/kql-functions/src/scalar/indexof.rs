use super::characters;
use super::prelude::*;
use super::texts::Texts;
use crate::args::Longs;
use memchr::memmem;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "indexof",
    signatures: &[
        "(string: scalar, match: scalar, start?: integer, length?: integer, occurrence?: constant integer) -> long",
    ],
    summary: "The place, from 0, of a text in another one; -1 when it is not there. The search begins at character `start` \
              (a negative number counts from the end), covers `length` characters (-1 for all) and finds the given \
              occurrence. Null when `length` is less than -1 or `occurrence` is negative.",
    examples: &[
        ("print indexof('abcdefg', 'cde')", "2"),
        ("print indexof('abcdefg', 'cde', 1, 4)", "2"),
        ("print indexof('abcdefg', 'cde', 1, 2)", "-1"),
        ("print indexof('abcdefg', 'cde', -5)", "2"),
        ("print indexof(1234567, 5, 1, 4)", "4"),
        ("print indexof('abcdefgabcdefg', 'cde', 1, 10, 2)", "9"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (text, wanted) = (Texts::of(args, 0), Texts::of(args, 1));
    let ranges = SearchRanges::of(args);
    Ok(args.longs(|row| {
        let text = text.get(row);
        let SearchRange { mut part, mut offset, length, occurrence } = ranges.of_row(&text, row)?;
        let wanted = wanted.get(row);
        let finder = memmem::Finder::new(wanted.as_bytes());
        let mut found = -1;
        let mut at_end = false;
        for _ in 0..occurrence {
            let Some(at) = finder.find(part.as_bytes()).filter(|_| !at_end) else { return Some(-1) };
            at_end = offset + at == text.len();
            found = characters::count_before(&text, offset + at) as i64;
            // The search goes on one character further, and again covers `length` characters: the reference finds the
            // second `cde` of `abcdefgabcdefg` at 9 though 10 characters from 1 end before it does.
            let after = characters::from(text.get(offset + at..).unwrap_or(""), 1);
            offset = text.len() - after.len();
            part = if length < 0 { after } else { characters::first(after, length) };
        }
        Some(found)
    }))
}

/// Where to search: the arguments `start`, `length` and `occurrence` of `indexof()` and `indexof_regex()`.
pub struct SearchRanges<'a> {
    start: Option<Longs<'a>>,
    length: Option<Longs<'a>>,
    occurrence: Option<Longs<'a>>,
}

/// Where to search in one row's text.
pub struct SearchRange<'t> {
    pub part: &'t str,
    /// The byte of the text at which the part begins.
    pub offset: usize,
    /// Characters of the part at most; -1 when there is no limit.
    pub length: i64,
    /// Which occurrence is wanted, from 1.
    pub occurrence: i64,
}

impl<'a> SearchRanges<'a> {
    /// Reads arguments 2 to 4.
    pub fn of(args: &Args<'a>) -> SearchRanges<'a> {
        let longs = |i| args.opt(i).map(Arg::longs);
        SearchRanges { start: longs(2), length: longs(3), occurrence: longs(4) }
    }

    /// Returns the row's start; `None` when it is null.
    pub fn start(&self, row: usize) -> Option<i64> {
        self.start.as_ref().map_or(Some(0), |start| start.get(row))
    }

    /// Returns the row's range; `None` when an argument is null or out of its bounds.
    pub fn of_row<'t>(&self, text: &'t str, row: usize) -> Option<SearchRange<'t>> {
        let length = self.length.as_ref().map_or(Some(-1), |length| length.get(row))?;
        let occurrence = self.occurrence.as_ref().map_or(Some(1), |occurrence| occurrence.get(row))?;
        if length < -1 || occurrence < 0 {
            return None;
        }
        let rest = characters::from(text, self.start(row)?);
        let part = if length < 0 { rest } else { characters::first(rest, length) };
        Some(SearchRange { part, offset: text.len() - rest.len(), length, occurrence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let text = |text: &str| Value::String(text.into());
        let long = Value::Long;
        let cases = [
            (vec![text("abcdefg"), text("cde"), long(3), long(4)], Some(-1)),
            (vec![text("abcdefg"), text("cde"), long(2), long(-1)], Some(2)),
            (vec![text("abcdefgabcdefg"), text("cde"), long(1), long(-1), long(3)], Some(-1)),
            (vec![text("ééxé"), text("é"), long(1), long(-1), long(2)], Some(3)),
            (vec![text("aaa"), text("aa"), long(0), long(-1), long(2)], Some(1)),
            (vec![text("abcdefgabcdefg"), text("cde"), long(1), long(10), long(2)], Some(9)),
            (vec![text("abcdefgabcdefg"), text("cde"), long(1), long(8), long(2)], Some(-1)),
            (vec![text("abc"), text("c"), long(0), long(-1), long(0)], Some(-1)),
            (vec![text("ab"), text(""), long(0), long(-1), long(9)], Some(-1)),
            (vec![text("ab"), text(""), long(0), long(-1), long(3)], Some(2)),
            (vec![text("abc"), text("")], Some(0)),
            (vec![text("abc"), text("c"), long(-9)], Some(2)),
            (vec![text("abc"), text("c"), long(9)], Some(-1)),
            (vec![text("abc"), text("c"), long(0), long(-2)], None),
            (vec![text("abc"), text("c"), long(0), long(-1), long(-1)], None),
        ];
        for (args, expected) in cases {
            let expected = expected.map_or(Value::Null(KqlType::Long), Value::Long);
            assert_eq!(crate::call("indexof", KqlType::Long, &args), Ok(expected), "{args:?}");
        }
    }
}
