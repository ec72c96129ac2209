//! The operators `in`, `!in`, `in~` and `!in~`: whether a value equals one of a list.
//!
//! The list is any mix of scalars and arrays; arrays, nested ones too, stand for their elements. Every element is first
//! made a value of the left side's type, so that `1 in (1.0)` and `"1" in (dynamic([1]))` hold; one that cannot be made
//! one equals nothing. What is constant in the list is made a set once per batch.
//!
//! # Source
//! Kusto reference, "in operator" (nested arrays) and "Null values" (`in` is an `or` of equalities: null equals nothing,
//! and whether null equals null is null).

use super::prelude::*;
use super::text_search::Case;
use super::texts::{Texts, test_texts};
use arrow::array::{AsArray, BooleanBuilder};
use arrow::datatypes::i256;
use schema::dynamic::raw;
use std::collections::HashSet;

/// Tells which rows equal an element of the list.
pub fn eval(args: &Args, case: Case) -> Result<ArrayRef, EvalError> {
    Ok(rows(args, case, true))
}

/// Tells which rows equal no element of the list.
pub fn eval_not(args: &Args, case: Case) -> Result<ArrayRef, EvalError> {
    Ok(rows(args, case, false))
}

fn rows(args: &Args, case: Case, wanted: bool) -> ArrayRef {
    let left = &args.args[0];
    let (fixed, varying): (Vec<&Arg>, Vec<&Arg>) = args.args.iter().skip(1).partition(|arg| arg.constant);
    let mut set = Members::new(left.ktype, case);
    fixed.iter().for_each(|arg| set.add(arg, 0));
    if varying.is_empty() {
        match (&set.set, left.constant) {
            (Set::Texts(texts), _) if left.ktype == KqlType::String => {
                return test_texts(args, 0, |text| texts.contains(text) == wanted);
            }
            (Set::Longs(longs), false) if left.ktype == KqlType::Long && left.array.null_count() == 0 => {
                let column = left.array.as_primitive::<arrow::datatypes::Int64Type>().values();
                return super::texts::truths(args, |row| longs.contains(&column[row]) == wanted);
            }
            _ => {}
        }
    }
    let reader = Reader::new(left);
    let mut found = BooleanBuilder::with_capacity(args.rows);
    for row in 0..args.rows {
        let in_fixed = set.contains(&reader, row);
        let in_row = if varying.is_empty() || in_fixed == Some(true) {
            in_fixed
        } else {
            let mut own = Members::new(left.ktype, case);
            varying.iter().for_each(|arg| own.add(arg, row));
            or(in_fixed, own.contains(&reader, row))
        };
        found.append_option(in_row.map(|is_in| is_in == wanted));
    }
    Arc::new(found.finish())
}

/// KQL's `or`: null unless one side is true or both are false.
fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// The elements of a list, as values of the left side's type.
struct Members {
    ktype: KqlType,
    set: Set,
    has_null: bool,
}

enum Set {
    /// string and guid.
    Texts(TextSet),
    /// int, long, datetime and timespan.
    Longs(HashSet<i64>),
    /// real, by bits.
    Reals(HashSet<u64>),
    Decimals(HashSet<i256>),
    Bools([bool; 2]),
    /// dynamic: elements keep their own types.
    Mixed(Box<Mixed>),
}

/// Elements of several types, which a dynamic value is compared with.
struct Mixed {
    texts: TextSet,
    numbers: HashSet<u64>,
    bools: [bool; 2],
    datetimes: HashSet<i64>,
    timespans: HashSet<i64>,
    /// Bags, as compact JSON.
    bags: HashSet<String>,
}

/// Reads the left side.
struct Reader<'a> {
    arg: &'a Arg,
    texts: Texts<'a>,
}

impl<'a> Reader<'a> {
    fn new(arg: &'a Arg) -> Reader<'a> {
        Reader { arg, texts: Texts::from(arg) }
    }
}

impl Members {
    fn new(ktype: KqlType, case: Case) -> Members {
        let set = match ktype {
            KqlType::String | KqlType::Guid => Set::Texts(TextSet::new(case)),
            KqlType::Int | KqlType::Long | KqlType::Datetime | KqlType::Timespan => Set::Longs(HashSet::new()),
            KqlType::Real => Set::Reals(HashSet::new()),
            KqlType::Decimal => Set::Decimals(HashSet::new()),
            KqlType::Bool => Set::Bools([false; 2]),
            KqlType::Dynamic => Set::Mixed(Box::new(Mixed {
                texts: TextSet::new(case),
                numbers: HashSet::new(),
                bools: [false; 2],
                datetimes: HashSet::new(),
                timespans: HashSet::new(),
                bags: HashSet::new(),
            })),
        };
        Members { ktype, set, has_null: false }
    }

    /// Adds what an argument lists for a row.
    fn add(&mut self, arg: &Arg, row: usize) {
        self.add_value(arg.value(row));
    }

    fn add_value(&mut self, value: Value) {
        match value {
            Value::Dynamic(Dynamic::Array(items)) => {
                items.into_iter().for_each(|item| self.add_value(Value::Dynamic(item)))
            }
            value if value.is_null() => self.has_null = true,
            value => match &mut self.set {
                Set::Mixed(mixed) => mixed.add(value),
                set => set.add(cast(value, self.ktype)),
            },
        }
    }

    /// Returns whether a row's value is an element; `None` when null is compared with null.
    fn contains(&self, left: &Reader, row: usize) -> Option<bool> {
        if self.ktype != KqlType::String && left.arg.is_null(row) {
            return if self.has_null { None } else { Some(false) };
        }
        Some(match &self.set {
            Set::Texts(texts) => texts.contains(&left.texts.get(row)),
            Set::Longs(longs) => left.arg.longs().get(row).is_some_and(|long| longs.contains(&long)),
            Set::Reals(reals) => left.arg.reals().get(row).is_some_and(|real| reals.contains(&real_key(real))),
            Set::Decimals(decimals) => {
                matches!(left.arg.value(row), Value::Decimal(decimal) if decimals.contains(&decimal))
            }
            Set::Bools(bools) => left.arg.bools().get(row).is_some_and(|truth| bools[usize::from(truth)]),
            Set::Mixed(mixed) => mixed.contains(left.arg.strs().get(row)),
        })
    }
}

impl Set {
    fn add(&mut self, value: Value) {
        match (self, value) {
            (Set::Texts(texts), Value::String(text) | Value::Guid(text)) => texts.add(&text),
            (Set::Longs(longs), Value::Long(long) | Value::Datetime(long) | Value::Timespan(long)) => {
                longs.insert(long);
            }
            (Set::Longs(longs), Value::Int(int)) => {
                longs.insert(i64::from(int));
            }
            (Set::Reals(reals), Value::Real(real)) if !real.is_nan() => {
                reals.insert(real_key(real));
            }
            (Set::Decimals(decimals), Value::Decimal(decimal)) => {
                decimals.insert(decimal);
            }
            (Set::Bools(bools), Value::Bool(truth)) => bools[usize::from(truth)] = true,
            _ => {}
        }
    }
}

impl Mixed {
    fn add(&mut self, value: Value) {
        match value {
            Value::String(text) | Value::Guid(text) | Value::Dynamic(Dynamic::String(text)) => self.texts.add(&text),
            Value::Bool(truth) | Value::Dynamic(Dynamic::Bool(truth)) => self.bools[usize::from(truth)] = true,
            Value::Datetime(instant) => {
                self.datetimes.insert(instant);
            }
            Value::Timespan(duration) => {
                self.timespans.insert(duration);
            }
            Value::Dynamic(bag @ Dynamic::Bag(_)) => {
                self.bags.insert(bag.to_json());
            }
            number => {
                if let Value::Real(real) = cast(number, KqlType::Real) {
                    self.numbers.insert(real_key(real));
                }
            }
        }
    }

    fn contains(&self, json: &str) -> bool {
        let text = raw::text(json);
        let has_time = || {
            ticks::parse_datetime(&text).is_some_and(|instant| self.datetimes.contains(&instant))
                || ticks::parse_timespan(&text).is_some_and(|duration| self.timespans.contains(&duration))
        };
        match raw::kind(json) {
            raw::Kind::String => {
                self.texts.contains(&text) || (!self.datetimes.is_empty() || !self.timespans.is_empty()) && has_time()
            }
            raw::Kind::Number => {
                number::parse_real(&text).is_some_and(|real| self.numbers.contains(&real_key(real)))
                    || self.texts.contains(&text)
            }
            raw::Kind::Bool => self.bools[usize::from(&*text == "true")] || self.texts.contains(&text),
            raw::Kind::Bag if !self.bags.is_empty() => {
                Dynamic::parse(json).is_some_and(|bag| self.bags.contains(&bag.to_json()))
            }
            _ => self.texts.contains(&text),
        }
    }
}

/// Returns the bits of a real, the same for both zeros.
fn real_key(real: f64) -> u64 {
    if real == 0.0 { 0 } else { real.to_bits() }
}

/// Makes an element a value of the left side's type; null when it cannot be one.
fn cast(value: Value, ktype: KqlType) -> Value {
    use KqlType as T;
    match (ktype, value) {
        (_, value) if value.ktype() == ktype => value,
        (T::String, value) => Value::String(value.to_text()),
        (T::Int | T::Long, Value::Int(int)) => Value::Long(i64::from(int)),
        (T::Int | T::Long, Value::Long(long)) => Value::Long(long),
        (T::Int | T::Long, Value::Real(real)) => whole(real),
        (T::Int | T::Long, value @ Value::Decimal(_)) => parse_as(T::Long, &value.to_text()),
        (T::Int | T::Long, Value::Dynamic(Dynamic::Number(text))) => match number::parse_long(&text) {
            Some(long) => Value::Long(long),
            None => number::parse_real(&text).map_or(Value::Null(T::Long), whole),
        },
        (T::Int | T::Long, value @ (Value::String(_) | Value::Dynamic(_))) => parse_as(T::Long, &value.to_text()),
        (T::Real, Value::Int(int)) => Value::Real(f64::from(int)),
        (T::Real, Value::Long(long)) => Value::Real(long as f64),
        (T::Bool, Value::Long(long)) => if_bit(long),
        (T::Bool, Value::Int(int)) => if_bit(i64::from(int)),
        (T::Real | T::Decimal, value @ (Value::Int(_) | Value::Long(_) | Value::Real(_) | Value::Decimal(_)))
        | (_, value @ (Value::String(_) | Value::Guid(_) | Value::Dynamic(_))) => parse_as(ktype, &value.to_text()),
        _ => Value::Null(ktype),
    }
}

/// A whole real as a long.
fn whole(real: f64) -> Value {
    if real.fract() == 0.0 && real.abs() < i64::MAX as f64 {
        Value::Long(real as i64)
    } else {
        Value::Null(KqlType::Long)
    }
}

/// 0 and 1 as bool.
fn if_bit(long: i64) -> Value {
    match long {
        0 => Value::Bool(false),
        1 => Value::Bool(true),
        _ => Value::Null(KqlType::Bool),
    }
}

/// Up to this many texts are looked through one by one; a hash costs more.
const FEW: usize = 8;

/// A set of texts.
struct TextSet {
    case: Case,
    few: Vec<Box<str>>,
    /// All of them, in lower case when case does not count; empty while they are few.
    many: HashSet<Box<str>>,
    /// Bit n is set when a text of n bytes is in the set; bit 63 stands for all longer ones.
    lens: u64,
}

impl TextSet {
    fn new(case: Case) -> TextSet {
        TextSet { case, few: Vec::new(), many: HashSet::new(), lens: 0 }
    }

    fn len_bit(len: usize) -> u64 {
        1 << len.min(63)
    }

    fn add(&mut self, text: &str) {
        self.lens |= TextSet::len_bit(text.len());
        let text = match self.case {
            Case::Sensitive => text.to_string(),
            Case::Insensitive => text.to_ascii_lowercase(),
        };
        if self.many.is_empty() && self.few.len() < FEW {
            self.few.push(text.into());
        } else {
            self.many.extend(self.few.drain(..));
            self.many.insert(text.into());
        }
    }

    fn contains(&self, text: &str) -> bool {
        if self.lens & TextSet::len_bit(text.len()) == 0 {
            return false;
        }
        match self.case {
            Case::Sensitive if self.many.is_empty() => self.few.iter().any(|own| **own == *text),
            Case::Insensitive if self.many.is_empty() => self.few.iter().any(|own| own.eq_ignore_ascii_case(text)),
            Case::Insensitive if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                self.many.contains(text.to_ascii_lowercase().as_str())
            }
            _ => self.many.contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    fn json(text: &str) -> Value {
        parse_as(KqlType::Dynamic, text)
    }

    fn ask(operator: &str, args: &[Value]) -> Value {
        crate::call(operator, KqlType::Bool, args).unwrap()
    }

    #[test]
    fn values_equal_elements_of_their_type() {
        let day = Value::Datetime(ticks::DAY * 737_000);
        let guid = Value::Guid("74be27de-1e4e-49d9-b579-fe0b331d3642".into());
        let decimal = |text: &str| parse_as(KqlType::Decimal, text);
        let cases = [
            (vec![text("abc"), text("123"), text("abc")], true),
            (vec![text("ABC"), text("abc")], false),
            (vec![text("abc"), json(r#"["x",["abc"]]"#)], true),
            (vec![text("1"), json("[1]")], true),
            (vec![Value::Long(1), Value::Long(2), Value::Long(1)], true),
            (vec![Value::Int(1), Value::Long(1)], true),
            (vec![Value::Long(1), Value::Real(1.0)], true),
            (vec![Value::Long(1), Value::Real(1.5)], false),
            (vec![Value::Long(3), json("[1,[2,3]]")], true),
            (vec![Value::Int(4624), json(r#"["4624"]"#)], true),
            (vec![Value::Real(2.0), Value::Long(2)], true),
            (vec![Value::Real(f64::NAN), Value::Real(f64::NAN)], false),
            (vec![Value::Real(-0.0), Value::Real(0.0)], true),
            (vec![decimal("1.5"), Value::Real(1.5)], true),
            (vec![decimal("2"), json("[2.0]")], true),
            (vec![day.clone(), Value::Datetime(0), day.clone()], true),
            (vec![day, json(r#"["2018-11-03T00:00:00Z"]"#)], true),
            (vec![Value::Timespan(ticks::HOUR), json(r#"["01:00:00"]"#)], true),
            (vec![guid.clone(), json(r#"["74BE27DE-1e4e-49d9-b579-fe0b331d3642"]"#)], true),
            (vec![guid.clone(), guid], true),
            (vec![Value::Bool(true), Value::Bool(true)], true),
            (vec![Value::Bool(true), json("[false]")], false),
            (vec![json("\"a\""), text("a")], true),
            (vec![json("7"), Value::Long(7)], true),
            (vec![json("7.0"), json("[7]")], true),
            (vec![json(r#"{"a": 1}"#), json(r#"[{"a":1}]"#)], true),
            (vec![json("\"2018-11-03\""), Value::Datetime(ticks::DAY * 737_000)], true),
            (vec![text("x"), json("[]")], false),
        ];
        for (args, expected) in cases {
            assert_eq!(ask("in", &args), Value::Bool(expected), "{args:?}");
            assert_eq!(ask("!in", &args), Value::Bool(!expected), "{args:?}");
        }
    }

    #[test]
    fn null_equals_nothing_but_is_unknown_beside_null() {
        let null = || Value::Null(KqlType::Long);
        assert_eq!(ask("in", &[null(), Value::Long(1)]), Value::Bool(false));
        assert_eq!(ask("!in", &[null(), Value::Long(1)]), Value::Bool(true));
        assert_eq!(ask("in", &[null(), Value::Long(1), null()]), Value::Null(KqlType::Bool));
        assert_eq!(ask("in", &[Value::Long(1), null()]), Value::Bool(false));
        assert_eq!(ask("in", &[json("null"), text("")]), Value::Bool(false));
    }

    #[test]
    fn case_does_not_count_with_a_tilde() {
        let many: Vec<Value> = std::iter::once(text("AbC")).chain((0..40).map(|i| text(&format!("V{i:02}")))).collect();
        assert_eq!(ask("in~", &many), Value::Bool(false));
        for needle in ["v39", "V07", "v00"] {
            let args: Vec<Value> = std::iter::once(text(needle)).chain(many.iter().skip(1).cloned()).collect();
            assert_eq!(ask("in~", &args), Value::Bool(true), "{needle}");
            assert_eq!(ask("in", &args), Value::Bool(needle.starts_with('V')), "{needle}");
        }
        assert_eq!(ask("in~", &[json("\"ABC\""), text("abc")]), Value::Bool(true));
        assert_eq!(ask("!in~", &[text("bCa"), text("ABC")]), Value::Bool(true));
    }

    #[test]
    fn the_list_may_differ_from_row_to_row() {
        let column = |ktype: KqlType, values: Vec<Value>| Arg {
            array: array_of(ktype, values.into_iter()),
            ktype,
            constant: false,
        };
        let longs = |values: [i64; 3]| column(KqlType::Long, values.map(Value::Long).into());
        let fixed = Arg {
            array: array_of(KqlType::Long, std::iter::once(Value::Long(9))),
            ktype: KqlType::Long,
            constant: true,
        };
        let all = [longs([1, 2, 9]), fixed, longs([1, 0, 0])];
        let ctx = crate::CallContext::default();
        let found = eval(&Args { args: &all, rows: 3, returns: KqlType::Bool, ctx: &ctx }, Case::Sensitive).unwrap();
        let found: Vec<Value> = (0..3).map(|row| value_at(&found, KqlType::Bool, row)).collect();
        assert_eq!(found, [true, false, true].map(Value::Bool));
    }
}
