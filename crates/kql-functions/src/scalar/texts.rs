//! Arguments read as text, and columns built from text, a row at a time and without an allocation per row.

use super::prelude::*;
use crate::args::Strs;
use crate::view_memo::ViewMemo;
use arrow::array::{Array, AsArray, BooleanArray, StringViewArray, StringViewBuilder};
use arrow::buffer::BooleanBuffer;
use schema::dynamic::raw;
use std::borrow::Cow;
use std::convert::Infallible;

/// Reads an argument of any type as the text that `tostring()` gives: empty for null.
pub enum Texts<'a> {
    /// A string or guid, as it stands.
    Plain(Strs<'a>),
    /// A dynamic: a string's text, else JSON text.
    Json(Strs<'a>),
    /// Any other type.
    Converted(&'a Arg),
}

impl<'a> Texts<'a> {
    /// Reads argument `i`.
    pub fn of(args: &Args<'a>, i: usize) -> Texts<'a> {
        Texts::from(&args.args[i])
    }

    /// Returns the row's text.
    pub fn get(&self, row: usize) -> Cow<'a, str> {
        match self {
            Texts::Plain(texts) => Cow::Borrowed(texts.get(row)),
            Texts::Json(texts) => texts.opt(row).map_or(Cow::Borrowed(""), raw::text),
            Texts::Converted(arg) => Cow::Owned(arg.value(row).to_text()),
        }
    }
}

impl<'a> From<&'a Arg> for Texts<'a> {
    fn from(arg: &'a Arg) -> Texts<'a> {
        match arg.ktype {
            KqlType::String | KqlType::Guid => Texts::Plain(arg.strs()),
            KqlType::Dynamic => Texts::Json(arg.strs()),
            _ => Texts::Converted(arg),
        }
    }
}

/// Returns an argument's text when it is the same for all rows.
pub fn constant_text(args: &Args, i: usize) -> Option<String> {
    let arg = args.opt(i)?;
    arg.constant.then(|| Texts::from(arg).get(0).into_owned())
}

/// Builds a bool column from a test of an argument's text.
pub fn test_texts(args: &Args, i: usize, mut test: impl FnMut(&str) -> bool) -> ArrayRef {
    let arg = &args.args[i];
    let bits = if arg.constant {
        let holds = test(&Texts::from(arg).get(0));
        if holds { BooleanBuffer::new_set(args.rows) } else { BooleanBuffer::new_unset(args.rows) }
    } else if arg.ktype == KqlType::String && arg.array.null_count() == 0 {
        test_views(arg.array.as_string_view(), test)
    } else {
        let texts = Texts::from(arg);
        BooleanBuffer::collect_bool(args.rows, |row| test(&texts.get(row)))
    };
    Arc::new(BooleanArray::new(bits, None))
}

/// Slots of a memory that lasts for one batch; a power of two.
const SLOTS: usize = 1024;

/// Tests every text, those with the same view once: of a column that is stored with a dictionary, a word is looked for in
/// each distinct value and not in each row.
fn test_views(texts: &StringViewArray, mut test: impl FnMut(&str) -> bool) -> BooleanBuffer {
    let mut memo = ViewMemo::with_slots(SLOTS);
    memo.start(texts);
    BooleanBuffer::collect_bool(texts.len(), |row| {
        let Ok(passes) = memo.get(texts, row, |text| Ok::<bool, Infallible>(test(text)));
        passes
    })
}

/// Builds a bool column without nulls, a row at a time.
pub fn truths(args: &Args, row_value: impl FnMut(usize) -> bool) -> ArrayRef {
    Arc::new(BooleanArray::new(BooleanBuffer::collect_bool(args.rows, row_value), None))
}

/// Bytes of the longest text that a function builds. A value that is taken in is not longer either (Kusto reference, "The
/// string data type"); without a bound a short query could fill the memory by repeating what it has repeated.
pub const TEXT_MAX: usize = 64 << 20;

/// Appends a part to a text that may be built of many.
///
/// # Errors
/// When the text would be longer than [`TEXT_MAX`]: the query's fault.
pub fn push(out: &mut String, part: &str) -> Result<(), EvalError> {
    if out.len() + part.len() > TEXT_MAX {
        return Err(EvalError::new(format!("a text would be longer than {} MB", TEXT_MAX >> 20)));
    }
    out.push_str(part);
    Ok(())
}

/// Builds a string column: each row is appended to an empty text.
pub fn build_strings(
    args: &Args,
    mut write: impl FnMut(usize, &mut String) -> Result<(), EvalError>,
) -> Result<ArrayRef, EvalError> {
    build_texts(args, |row, out| write(row, out).map(|()| true))
}

/// Builds a dynamic or guid column: each row is appended to an empty text; a row that answers `false` is null.
pub fn build_texts(
    args: &Args,
    mut write: impl FnMut(usize, &mut String) -> Result<bool, EvalError>,
) -> Result<ArrayRef, EvalError> {
    let mut builder = StringViewBuilder::with_capacity(args.rows);
    let mut text = String::new();
    for row in 0..args.rows {
        text.clear();
        if write(row, &mut text)? {
            builder.append_value(&text);
        } else {
            builder.append_null();
        }
    }
    Ok(Arc::new(builder.finish()))
}
