//! Comparisons over whole columns.
//!
//! Equality always has an answer but between two nulls: a null equals no value and differs from every value. The order
//! of a null and anything is null. Reals compare as IEEE 754 says: NaN equals nothing. A dynamic value is taken as the
//! type of the other side; as a string it is compared by the text that `tostring()` gives.
//!
//! # Source
//! Kusto reference, "Null values"; NaN as measured on Kusto's engine.

use super::Operand;
use super::convert::{self, Atom, Truth, atom};
use crate::args::{Arg, Args, EvalError};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, StringViewArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::Int64Type;
use schema::{Dynamic, KqlType, number};
use std::cmp::Ordering;
use std::sync::Arc;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};

impl Comparison {
    fn is_equality(self) -> bool {
        matches!(self, Equal | NotEqual)
    }

    /// Returns whether values in this order pass; `NotEqual` is answered as `Equal` here and turned around at the end.
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Equal | NotEqual => order == Ordering::Equal,
            Less => order == Ordering::Less,
            LessOrEqual => order != Ordering::Greater,
            Greater => order == Ordering::Greater,
            GreaterOrEqual => order != Ordering::Less,
        }
    }
}

/// Evaluates a call of a comparison operator.
///
/// # Errors
/// The types cannot be compared.
pub fn eval(comparison: Comparison, args: &Args) -> Result<ArrayRef, EvalError> {
    super::spread(Arc::new(compare(comparison, &args.args[0], &args.args[1])?.array), args.rows)
}

/// Compares two arguments.
///
/// # Errors
/// The types cannot be compared.
pub fn compare(comparison: Comparison, left: &Arg, right: &Arg) -> Result<Truth, EvalError> {
    use KqlType::{Bool, Datetime, Dynamic, Guid, Int, Long, String, Timespan};
    let found = match (left.ktype, right.ktype) {
        (Dynamic, String) | (String, Dynamic) | (String, String) => {
            texts(comparison, left, &convert::strings(left), right, &convert::strings(right))?
        }
        (Guid, Guid) | (Guid, String) | (String, Guid) => {
            texts(comparison, left, &convert::guids(left), right, &convert::guids(right))?
        }
        (Dynamic, Dynamic) => {
            let (l, r) = (left.array.as_string_view(), right.array.as_string_view());
            ordered(comparison, left, right, |at, other| dynamic_order(l.value(at), r.value(other)))
        }
        (Dynamic, _) | (_, Dynamic) => beside_dynamic(comparison, left, right)?,
        (Bool | Int | Long, Bool | Int | Long) | (Datetime, Datetime) | (Timespan, Timespan) => {
            primitives(comparison, &convert::longs(left), &convert::longs(right))
        }
        (l, r) if (l == Bool || l.is_numeric()) && (r == Bool || r.is_numeric()) => {
            if l == KqlType::Real || r == KqlType::Real {
                primitives(comparison, &convert::reals(left), &convert::reals(right))
            } else {
                primitives(comparison, &convert::decimals(left), &convert::decimals(right))
            }
        }
        (l, r) => {
            return Err(EvalError::new(format!(
                "values of types {l} and {r} cannot be compared; convert one of them explicitly"
            )));
        }
    };
    Ok(Truth { array: found.answer(comparison), constant: left.constant && right.constant })
}

/// What a comparison found before nulls are looked at.
struct Found {
    /// Set where the values pass; without meaning where one of them is null.
    passes: BooleanBuffer,
    /// Which values there are, on the left and on the right; `None` when all are there.
    left: Option<BooleanBuffer>,
    right: Option<BooleanBuffer>,
    /// Unset where two values are there but have no order.
    comparable: Option<BooleanBuffer>,
}

impl Found {
    fn answer(self, comparison: Comparison) -> BooleanArray {
        let and = |a: BooleanBuffer, b: &Option<BooleanBuffer>| if let Some(b) = b { &a & b } else { a };
        if comparison.is_equality() {
            let equal = and(and(and(self.passes, &self.left), &self.right), &self.comparable);
            let truth = if comparison == NotEqual { !&equal } else { equal };
            let nulls = self.left.zip(self.right).map(|(left, right)| NullBuffer::new(&left | &right));
            return BooleanArray::new(truth, nulls);
        }
        let known = [self.left, self.right, self.comparable].into_iter().flatten().reduce(|a, b| &a & &b);
        BooleanArray::new(self.passes, known.map(NullBuffer::new))
    }
}

/// Returns which values an argument has, over `rows` rows; `None` when all.
fn present(nulls: Option<&NullBuffer>, constant: bool, rows: usize) -> Option<BooleanBuffer> {
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0)?;
    Some(if constant { BooleanBuffer::new_unset(rows) } else { nulls.inner().clone() })
}

fn row_count(left: (usize, bool), right: (usize, bool)) -> usize {
    if left.1 { right.0 } else { left.0 }
}

/// Collects one bit per item, 64 at a time, so that the loop over a column's values is a plain one.
fn pack<V>(rows: usize, mut chunks: impl Iterator<Item = V>, bits: impl Fn(V) -> u64) -> BooleanBuffer {
    let words: Vec<u64> = chunks.by_ref().map(bits).collect();
    BooleanBuffer::new(Buffer::from_vec(words), 0, rows)
}

fn test_values<N: Copy>(left: (&[N], bool), right: (&[N], bool), test: impl Fn(N, N) -> bool) -> BooleanBuffer {
    let word = |values: &mut dyn Iterator<Item = bool>| {
        values.enumerate().fold(0u64, |word, (bit, truth)| word | u64::from(truth) << bit)
    };
    match (left, right) {
        ((left, false), ([value, ..], true)) => pack(left.len(), left.chunks(64), |chunk| {
            chunk.iter().enumerate().fold(0, |word, (bit, l)| word | u64::from(test(*l, *value)) << bit)
        }),
        (([value, ..], true), (right, _)) => pack(right.len(), right.chunks(64), |chunk| {
            chunk.iter().enumerate().fold(0, |word, (bit, r)| word | u64::from(test(*value, *r)) << bit)
        }),
        ((left, _), (right, _)) => {
            let rows = left.len().min(right.len());
            pack(rows, left.chunks(64).zip(right.chunks(64)), |(left, right)| {
                word(&mut left.iter().zip(right).map(|(l, r)| test(*l, *r)))
            })
        }
    }
}

fn primitives<T: ArrowPrimitiveType>(comparison: Comparison, left: &Operand<T>, right: &Operand<T>) -> Found
where
    T::Native: PartialOrd,
{
    let (l, r) = ((&left.array.values()[..], left.constant), (&right.array.values()[..], right.constant));
    let passes = match comparison {
        Equal | NotEqual => test_values(l, r, |l, r| l == r),
        Less => test_values(l, r, |l, r| l < r),
        LessOrEqual => test_values(l, r, |l, r| l <= r),
        Greater => test_values(l, r, |l, r| l > r),
        GreaterOrEqual => test_values(l, r, |l, r| l >= r),
    };
    let rows = passes.len();
    Found {
        passes,
        left: present(left.array.nulls(), left.constant, rows),
        right: present(right.array.nulls(), right.constant, rows),
        comparable: None,
    }
}

/// Compares texts byte by byte.
fn texts(
    comparison: Comparison,
    left: &Arg,
    left_text: &StringViewArray,
    right: &Arg,
    right_text: &StringViewArray,
) -> Result<Found, EvalError> {
    use arrow::compute::kernels::cmp;
    let l = super::datum(Arc::new(left_text.clone()), left.constant);
    let r = super::datum(Arc::new(right_text.clone()), right.constant);
    let (l, r) = (l.as_ref(), r.as_ref());
    let passes = match comparison {
        Equal | NotEqual => cmp::eq(l, r),
        Less => cmp::lt(l, r),
        LessOrEqual => cmp::lt_eq(l, r),
        Greater => cmp::gt(l, r),
        GreaterOrEqual => cmp::gt_eq(l, r),
    }
    .map_err(super::arrow_error)?;
    let rows = passes.len();
    // A text that is no guid is not null: it differs from every guid.
    let mut found = Found { passes: passes.values().clone(), left: None, right: None, comparable: None };
    for (arg, text, side) in [(left, left_text, &mut found.left), (right, right_text, &mut found.right)] {
        let parsed = present(text.nulls(), arg.constant, rows);
        if arg.ktype == KqlType::Guid {
            *side = parsed;
        } else {
            found.comparable = parsed.or(found.comparable.take());
        }
    }
    Ok(found)
}

/// Compares a dynamic value and one of another type, string aside.
fn beside_dynamic(comparison: Comparison, left: &Arg, right: &Arg) -> Result<Found, EvalError> {
    let dynamic_is_left = left.ktype == KqlType::Dynamic;
    let (dynamic, other) = if dynamic_is_left { (left, right) } else { (right, left) };
    // The dynamic's own type first, then the other's, then back in the order written.
    let both = |one: Operand<Int64Type>| {
        let other = convert::longs(other);
        if dynamic_is_left { primitives(comparison, &one, &other) } else { primitives(comparison, &other, &one) }
    };
    let mut found = match other.ktype {
        KqlType::Int | KqlType::Long => {
            let (json, longs) = (dynamic.array.as_string_view(), convert::longs(other).array);
            return Ok(ordered(comparison, left, right, |l, r| {
                let (at, beside) = if dynamic_is_left { (l, r) } else { (r, l) };
                let order = order_beside_long(json.value(at), longs.value(beside))?;
                Some(if dynamic_is_left { order } else { order.reverse() })
            }));
        }
        KqlType::Real | KqlType::Decimal => primitives(comparison, &convert::reals(left), &convert::reals(right)),
        KqlType::Bool => both(convert::longs(&convert::converted(dynamic, KqlType::Bool))),
        KqlType::Datetime => both(convert::datetimes(dynamic)),
        KqlType::Timespan => both(convert::timespans(dynamic)),
        KqlType::Guid | KqlType::String | KqlType::Dynamic => {
            texts(comparison, left, &convert::guids(left), right, &convert::guids(right))?
        }
    };
    // A dynamic that does not stand for a value of the other's type is not null: it differs from all of them.
    let there = present(dynamic.array.nulls(), dynamic.constant, found.passes.len());
    let side = if dynamic_is_left { &mut found.left } else { &mut found.right };
    found.comparable = std::mem::replace(side, there).or(found.comparable);
    Ok(found)
}

/// Compares row by row with a function of the two rows' places.
fn ordered(comparison: Comparison, left: &Arg, right: &Arg, order: impl Fn(usize, usize) -> Option<Ordering>) -> Found {
    let rows = row_count((left.array.len(), left.constant), (right.array.len(), right.constant));
    let place = |arg: &Arg, row: usize| if arg.constant { 0 } else { row };
    let orders: Vec<Option<Ordering>> = (0..rows)
        .map(|row| {
            let (l, r) = (place(left, row), place(right, row));
            (left.array.is_valid(l) && right.array.is_valid(r)).then(|| order(l, r)).flatten()
        })
        .collect();
    Found {
        passes: BooleanBuffer::collect_bool(rows, |row| orders[row].is_some_and(|order| comparison.accepts(order))),
        left: present(left.array.nulls(), left.constant, rows),
        right: present(right.array.nulls(), right.constant, rows),
        comparable: Some(BooleanBuffer::collect_bool(rows, |row| orders[row].is_some())),
    }
}

/// Returns the order of a dynamic value and a long, or `None` when the dynamic does not stand for a number.
fn order_beside_long(json: &str, long: i64) -> Option<Ordering> {
    match atom(json) {
        Atom::Long(value) => Some(value.cmp(&long)),
        Atom::Real(value) => value.partial_cmp(&(long as f64)),
        Atom::Bool(value) => Some(i64::from(value).cmp(&long)),
        Atom::Text(text) => match number::parse_long(&text) {
            Some(value) => Some(value.cmp(&long)),
            None => number::parse_real(&text)?.partial_cmp(&(long as f64)),
        },
        Atom::Other => None,
    }
}

/// Returns the order of two dynamic values: numbers by value, texts and booleans as such; arrays and bags are equal or
/// have no order.
fn dynamic_order(left: &str, right: &str) -> Option<Ordering> {
    match (atom(left), atom(right)) {
        (Atom::Long(left), Atom::Long(right)) => Some(left.cmp(&right)),
        (Atom::Long(left), Atom::Real(right)) => (left as f64).partial_cmp(&right),
        (Atom::Real(left), Atom::Long(right)) => left.partial_cmp(&(right as f64)),
        (Atom::Real(left), Atom::Real(right)) => left.partial_cmp(&right),
        (Atom::Bool(left), Atom::Bool(right)) => Some(left.cmp(&right)),
        (Atom::Text(left), Atom::Text(right)) => Some(left.cmp(&right)),
        (Atom::Other, Atom::Other) => {
            (left == right || Dynamic::parse(left) == Dynamic::parse(right)).then_some(Ordering::Equal)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::args::{Arg, Args, CallContext, array_of, value_at};
    use crate::call;
    use schema::{Dynamic, KqlType, Value, number};

    fn json(json: &str) -> Value {
        Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic)
    }

    fn decimal(text: &str) -> Value {
        number::parse_decimal(text).map_or(Value::Null(KqlType::Decimal), Value::Decimal)
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_string())
    }

    fn guid(text: &str) -> Value {
        Value::Guid(text.to_string())
    }

    fn truth(truth: Option<bool>) -> Value {
        truth.map_or(Value::Null(KqlType::Bool), Value::Bool)
    }

    #[test]
    fn equality() {
        use Value::{Bool, Datetime, Int, Long, Null, Real, Timespan};
        let cases = [
            (Int(5), Long(5), Some(true)),
            (Int(5), Real(5.5), Some(false)),
            (Long(9_007_199_254_740_993), Long(9_007_199_254_740_992), Some(false)),
            (Real(f64::NAN), Real(f64::NAN), Some(false)),
            (Real(0.0), Real(-0.0), Some(true)),
            (decimal("0.3"), Real(0.3), Some(true)),
            (decimal("5"), Int(5), Some(true)),
            (Bool(true), Long(1), Some(true)),
            (text("aBc"), text("aBc"), Some(true)),
            (text("abc"), text("ABC"), Some(false)),
            (text(""), text(""), Some(true)),
            (Datetime(1), Datetime(1), Some(true)),
            (Timespan(1), Timespan(2), Some(false)),
            (guid("01234567-89ab-cdef-0123-456789abcdef"), text("0123456789ABCDEF0123456789abcdef"), Some(true)),
            (text("no guid"), guid("01234567-89ab-cdef-0123-456789abcdef"), Some(false)),
            (Null(KqlType::Guid), text("x"), Some(false)),
            (Int(5), Null(KqlType::Int), Some(false)),
            (Null(KqlType::Long), Long(5), Some(false)),
            (Null(KqlType::Int), Null(KqlType::Int), None),
            (Null(KqlType::Datetime), Null(KqlType::Datetime), None),
            (Null(KqlType::Guid), Null(KqlType::Guid), None),
            (json("5"), Long(5), Some(true)),
            (json("5.5"), Long(5), Some(false)),
            (json("\"5\""), Long(5), Some(true)),
            (Long(5), json("5"), Some(true)),
            (json("[5]"), Long(5), Some(false)),
            (Null(KqlType::Dynamic), Long(5), Some(false)),
            (Null(KqlType::Dynamic), Null(KqlType::Long), None),
            (json("\"a\""), text("a"), Some(true)),
            (json("5"), text("5"), Some(true)),
            (Null(KqlType::Dynamic), text(""), Some(true)),
            (json("1.5"), Real(1.5), Some(true)),
            (json("true"), Bool(true), Some(true)),
            (json("\"2020-01-01\""), Datetime(637_134_336_000_000_000), Some(true)),
            (Timespan(864_000_000_000), json("\"1d\""), Some(true)),
            (json("\"x\""), Datetime(0), Some(false)),
            (
                guid("01234567-89ab-cdef-0123-456789abcdef"),
                json("\"01234567-89ab-cdef-0123-456789abcdef\""),
                Some(true),
            ),
            (json("1"), json("1.0"), Some(true)),
            (json("[1,2]"), json("[1,2]"), Some(true)),
            (json("[1,2]"), json("[2,1]"), Some(false)),
            (json("\"a\""), json("1"), Some(false)),
        ];
        for (left, right, equal) in cases {
            for (operator, result) in [("==", truth(equal)), ("!=", truth(equal.map(|equal| !equal)))] {
                let found = call(operator, KqlType::Bool, &[left.clone(), right.clone()]);
                assert_eq!(found, Ok(result), "{left:?} {operator} {right:?}");
            }
        }
    }

    #[test]
    fn order() {
        use Value::{Bool, Datetime, Int, Long, Null, Real, Timespan};
        let cases = [
            (Int(1), Long(2), Some([true, true, false, false])),
            (Real(f64::NAN), Real(1.0), Some([false; 4])),
            (Long(1), Real(1.5), Some([true, true, false, false])),
            (decimal("1.5"), Long(2), Some([true, true, false, false])),
            (Bool(false), Bool(true), Some([true, true, false, false])),
            (Datetime(2), Datetime(1), Some([false, false, true, true])),
            (Timespan(-1), Timespan(0), Some([true, true, false, false])),
            (Long(3), Long(3), Some([false, true, false, true])),
            (Null(KqlType::Int), Int(5), None),
            (Int(5), Null(KqlType::Int), None),
            (json("1"), Long(2), Some([true, true, false, false])),
            (Long(2), json("1"), Some([false, false, true, true])),
            (json("\"x\""), Long(2), None),
            (json("1.5"), json("2"), Some([true, true, false, false])),
            (json("\"a\""), json("\"b\""), Some([true, true, false, false])),
            (json("[1]"), json("2"), None),
        ];
        for (left, right, results) in cases {
            for (i, operator) in ["<", "<=", ">", ">="].into_iter().enumerate() {
                let found = call(operator, KqlType::Bool, &[left.clone(), right.clone()]);
                let result = truth(results.map(|results: [bool; 4]| results[i]));
                assert_eq!(found, Ok(result), "{left:?} {operator} {right:?}");
            }
        }
    }

    #[test]
    fn types_that_have_nothing_in_common_are_refused() {
        let found = call("==", KqlType::Bool, &[text("5"), Value::Long(5)]);
        assert!(found.is_err_and(|error| error.0.starts_with("values of types string and long cannot be compared")));
    }

    #[test]
    fn columns_of_any_length_agree_with_their_values() {
        let ctx = CallContext::default();
        for rows in [0usize, 1, 63, 64, 65, 200] {
            let numbers = |step: i64| -> Vec<Value> {
                (0..rows as i64)
                    .map(|i| if i % 7 == step { Value::Null(KqlType::Long) } else { Value::Long(i * step % 10) })
                    .collect()
            };
            let column = |values: &[Value], constant: bool| Arg {
                array: array_of(KqlType::Long, values.iter().cloned()),
                ktype: KqlType::Long,
                constant,
            };
            let (left, right) = (numbers(3), numbers(1));
            let five = [Value::Long(5)];
            for (operator, comparison) in [("==", super::Equal), ("!=", super::NotEqual), ("<", super::Less)] {
                for (l, r) in [(&left[..], &right[..]), (&left[..], &five[..]), (&five[..], &right[..])] {
                    let is_constant = |values: &[Value]| std::ptr::eq(values.as_ptr(), five.as_ptr());
                    let args = [column(l, is_constant(l)), column(r, is_constant(r))];
                    let args = Args { args: &args, rows, returns: KqlType::Bool, ctx: &ctx };
                    let found = super::eval(comparison, &args);
                    assert_eq!(found.as_ref().map(|array| array.len()), Ok(rows));
                    for row in 0..rows {
                        let at = |values: &[Value]| values[if is_constant(values) { 0 } else { row }].clone();
                        let one = call(operator, KqlType::Bool, &[at(l), at(r)]);
                        assert_eq!(found.clone().map(|array| value_at(&array, KqlType::Bool, row)), one);
                    }
                }
            }
        }
    }
}
