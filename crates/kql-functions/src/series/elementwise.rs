use super::elements::{JsonArray, Number, elements};
use crate::args::{Arg, Args};
use arrow::array::ArrayRef;
use schema::KqlType;
use schema::dynamic::raw;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The signatures of functions of one series.
pub const UNARY: &[&str] = &["(series: array) -> dynamic"];
/// The signatures of functions of two series, or of a series and a number that stands for every element.
pub const BINARY: &[&str] = &[
    "(series1: array, series2: array) -> dynamic",
    "(series1: array, series2: number) -> dynamic",
    "(series1: number, series2: array) -> dynamic",
];

/// Applies a function to every number of a series; anything else becomes null.
pub fn map(args: &Args, f: impl Fn(Number) -> Number) -> ArrayRef {
    let series = args.str(0);
    args.texts(|row| {
        let json = series.opt(row).filter(|json| raw::kind(json) == raw::Kind::Array)?;
        let mut out = JsonArray::with_capacity(json.len());
        for item in raw::items(json) {
            match Number::read(item) {
                Some(number) => out.number(f(number)),
                None => out.null(),
            }
        }
        Some(out.finish())
    })
}

/// Applies a function of reals to every number of a series; the results are reals.
pub fn map_reals(args: &Args, f: impl Fn(f64) -> f64) -> ArrayRef {
    map(args, |number| Number::Real(f(number.real())))
}

/// Combines two series element by element. The result is as long as the longer one, with null where an element is
/// missing or no number.
pub fn zip(args: &Args, f: impl Fn(Number, Number) -> Number) -> ArrayRef {
    pairs(args, |out, a, b| out.number(f(a, b)))
}

/// Combines two series element by element by a function of reals; the results are reals.
pub fn zip_reals(args: &Args, f: impl Fn(f64, f64) -> f64) -> ArrayRef {
    zip(args, |a, b| Number::Real(f(a.real(), b.real())))
}

/// Compares two series element by element. `accepts` is given the order of the two numbers, `None` when one is NaN.
pub fn compare(args: &Args, accepts: impl Fn(Option<Ordering>) -> bool) -> ArrayRef {
    pairs(args, |out, a, b| {
        let order = match (a, b) {
            (Number::Long(a), Number::Long(b)) => Some(a.cmp(&b)),
            _ => a.real().partial_cmp(&b.real()),
        };
        out.bool(accepts(order));
    })
}

/// Folds the numbers of a series into one real; elements that are no number are left out.
pub fn reduce(args: &Args, start: f64, f: impl Fn(f64, f64) -> f64) -> ArrayRef {
    let series = args.str(0);
    args.reals(|row| {
        let json = series.opt(row).filter(|json| raw::kind(json) == raw::Kind::Array)?;
        Some(raw::items(json).filter_map(Number::read).fold(start, |sum, number| f(sum, number.real())))
    })
}

/// Gives each row's pairs of numbers to `body`, up to the shorter series' length; pairs with an element that is no
/// number are left out. Null where an argument holds no array.
pub fn reduce_pairs(
    args: &Args,
    mut body: impl FnMut(usize, &mut dyn Iterator<Item = (f64, f64)>) -> Option<f64>,
) -> ArrayRef {
    let (Some(first), Some(second)) = (args.opt(0).map(Operand::new), args.opt(1).map(Operand::new)) else {
        return args.reals(|_| None);
    };
    args.reals(|row| {
        let (first, second) = (first.read(row)?, second.read(row)?);
        let n = match (first.len(), second.len()) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        body(row, &mut (0..n).filter_map(|i| Some((first.get(i)?.real(), second.get(i)?.real()))))
    })
}

fn pairs(args: &Args, write: impl Fn(&mut JsonArray, Number, Number)) -> ArrayRef {
    let (Some(first), Some(second)) = (args.opt(0).map(Operand::new), args.opt(1).map(Operand::new)) else {
        return args.texts(|_| None::<String>);
    };
    args.texts(|row| {
        let (first, second) = (first.read(row)?, second.read(row)?);
        let n = match (first.len(), second.len()) {
            (Some(a), Some(b)) => a.max(b),
            (a, b) => a.or(b)?,
        };
        let mut out = JsonArray::with_capacity(n * 4);
        for i in 0..n {
            match (first.get(i), second.get(i)) {
                (Some(a), Some(b)) => write(&mut out, a, b),
                _ => out.null(),
            }
        }
        Some(out.finish())
    })
}

/// An argument: a series per row, one series for all rows (read once), or a number per row.
enum Operand<'a> {
    Series(crate::args::Strs<'a>),
    Fixed(Option<Vec<Option<Number>>>),
    Longs(crate::args::Longs<'a>),
    Reals(crate::args::Reals<'a>),
}

/// An argument in one row.
enum Side<'a> {
    Each(Cow<'a, [Option<Number>]>),
    Every(Option<Number>),
}

impl<'a> Operand<'a> {
    fn new(arg: &'a Arg) -> Operand<'a> {
        match arg.ktype {
            KqlType::Int | KqlType::Long => Operand::Longs(arg.longs()),
            KqlType::Real | KqlType::Decimal => Operand::Reals(arg.reals()),
            _ if arg.constant => Operand::Fixed(arg.strs().opt(0).and_then(elements)),
            _ => Operand::Series(arg.strs()),
        }
    }

    fn read(&self, row: usize) -> Option<Side<'_>> {
        Some(match self {
            Operand::Series(series) => Side::Each(Cow::Owned(elements(series.opt(row)?)?)),
            Operand::Fixed(series) => Side::Each(Cow::Borrowed(series.as_deref()?)),
            Operand::Longs(numbers) => Side::Every(numbers.get(row).map(Number::Long)),
            Operand::Reals(numbers) => Side::Every(numbers.get(row).map(Number::Real)),
        })
    }
}

impl Side<'_> {
    fn len(&self) -> Option<usize> {
        match self {
            Side::Each(numbers) => Some(numbers.len()),
            Side::Every(_) => None,
        }
    }

    fn get(&self, i: usize) -> Option<Number> {
        match self {
            Side::Each(numbers) => numbers.get(i).copied().flatten(),
            Side::Every(number) => *number,
        }
    }
}
