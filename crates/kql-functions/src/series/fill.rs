use super::elements::{JsonArray, Number, push_real};
use crate::args::{Args, Longs, Reals};
use arrow::array::ArrayRef;
use schema::KqlType;
use schema::dynamic::raw;

/// Tells which elements are missing: those equal to the placeholder, or null when it is null or not given.
struct Missing {
    placeholder: Option<f64>,
}

impl Missing {
    fn is(&self, item: &str) -> bool {
        match self.placeholder {
            None => raw::kind(item) == raw::Kind::Null,
            Some(placeholder) => Number::read(item).is_some_and(|number| number.real() == placeholder),
        }
    }
}

/// Rewrites the elements of a series per row: `body` is given the elements' texts and, beside each, whether it is missing.
/// `placeholder` is the index of the argument that says what stands for a missing element.
pub fn fill(args: &Args, placeholder: usize, mut body: impl FnMut(usize, &[(&str, bool)], &mut JsonArray)) -> ArrayRef {
    let series = args.str(0);
    let placeholder = args.opt(placeholder).map(|arg| arg.reals());
    args.texts(|row| {
        let json = series.opt(row).filter(|json| raw::kind(json) == raw::Kind::Array)?;
        let missing = Missing { placeholder: placeholder.as_ref().and_then(|numbers| numbers.get(row)) };
        let items: Vec<(&str, bool)> = raw::items(json).map(|item| (item, missing.is(item))).collect();
        let mut out = JsonArray::with_capacity(json.len());
        body(row, &items, &mut out);
        Some(out.finish())
    })
}

/// Returns the JSON text of argument `i` in each row, a number; `default` when it is not given, null when it is null.
pub fn fill_text<'a>(args: &Args<'a>, i: usize, default: &'static str) -> impl Fn(usize) -> String + 'a {
    enum Filler<'a> {
        Default(&'static str),
        Longs(Longs<'a>),
        Reals(Reals<'a>),
    }
    let filler = match args.opt(i) {
        None => Filler::Default(default),
        Some(arg) if matches!(arg.ktype, KqlType::Int | KqlType::Long) => Filler::Longs(arg.longs()),
        Some(arg) => Filler::Reals(arg.reals()),
    };
    move |row| match &filler {
        Filler::Default(text) => (*text).to_string(),
        Filler::Longs(numbers) => numbers.get(row).map_or("null".to_string(), |value| value.to_string()),
        Filler::Reals(numbers) => {
            let mut text = String::new();
            match numbers.get(row) {
                Some(value) => push_real(&mut text, value),
                None => text.push_str("null"),
            }
            text
        }
    }
}

/// Fills missing elements on the straight line between their neighbours. Elements before the first and after the last
/// number take that number when `edges`. A series without any number is filled with `constant`.
///
/// A series of whole numbers stays whole: the fraction is cut off, as the reference's example shows (73.5 gives 73).
pub fn fill_linear(items: &[(&str, bool)], edges: bool, constant: &str, out: &mut JsonArray) {
    let known: Vec<Option<Number>> =
        items.iter().map(|(item, missing)| if *missing { None } else { Number::read(item) }).collect();
    let whole = !known.iter().flatten().any(|number| matches!(number, Number::Real(_)));
    let (Some(first), Some(last)) = (known.iter().position(Option::is_some), known.iter().rposition(Option::is_some))
    else {
        items.iter().for_each(|(item, missing)| out.raw(if *missing { constant } else { item }));
        return;
    };
    let (mut before, mut after) = (first, first);
    for (i, (item, missing)) in items.iter().enumerate() {
        if known.get(i).is_some_and(Option::is_some) {
            before = i;
        }
        if !missing {
            out.raw(item);
            continue;
        }
        if i < first || i > last {
            let edge = if i < first { first } else { last };
            out.raw(if edges { items.get(edge).map_or("null", |(item, _)| item) } else { item });
            continue;
        }
        if after <= i {
            after = i + known.iter().skip(i).position(Option::is_some).unwrap_or(0);
        }
        let (Some(Some(a)), Some(Some(b))) = (known.get(before), known.get(after)) else {
            out.raw(item);
            continue;
        };
        let share = (i - before) as f64 / (after - before) as f64;
        let value = a.real() + (b.real() - a.real()) * share;
        out.number(if whole { Number::Long(value as i64) } else { Number::Real(value) });
    }
}
