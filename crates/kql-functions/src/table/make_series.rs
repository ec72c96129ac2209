//! `make-series`: the values of each bin of an axis, packed into one array per series.
//!
//! ```text
//! rows aggregated by (keys, bin) ─push─► MakeSeries ─finish─► per series: an array per aggregate, the array of the bins
//! ```
//!
//! The bins of the rows are those of `bin_at(axis, step, from)`, or of `bin(axis, step)` where there is no `from` and in
//! the older form `in range(from, to, step)`; rows out of bounds have been filtered out. A series runs from `from`, or its
//! first bin with rows, to the last bin that starts before `to`, or its last bin with rows.
//!
//! # Source
//! Kusto reference, "make-series operator".

use crate::args::EvalError;
use crate::cells::Cells;
use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::datatypes::i256;
use schema::{KqlType, Value, number};
use std::sync::Arc;

/// Bins that a series has at most.
///
/// # Source
/// Kusto reference, "make-series operator", note.
const BINS_MAX: i128 = 1_048_576;

/// Where the bins of an axis are.
#[derive(Debug, Clone)]
pub struct Axis {
    ktype: KqlType,
    scale: Scale,
    /// The first and the last bin of every series, counted in steps from the scale's origin.
    first: Option<i128>,
    last: Option<i128>,
}

/// The start of the bin that is counted 0, and the distance to the next.
#[derive(Debug, Clone, Copy)]
enum Scale {
    /// For whole numbers and ticks.
    Long {
        origin: i64,
        step: i64,
    },
    Real {
        origin: f64,
        step: f64,
    },
    Decimal {
        origin: i256,
        step: i256,
    },
}

impl Axis {
    /// Prepares the axis of a type. `in_range` is the older form: bins are multiples of the step, and the bin of `to` is
    /// the last.
    ///
    /// # Errors
    /// The user's: a step that is not positive or of a type that is no distance on the axis, bounds of another type.
    pub fn new(
        ktype: KqlType,
        from: Option<&Value>,
        to: Option<&Value>,
        step: &Value,
        in_range: bool,
    ) -> Result<Axis, EvalError> {
        let no_step = || {
            let wanted = match ktype {
                KqlType::Datetime | KqlType::Timespan => "a positive timespan",
                _ => "a positive number",
            };
            EvalError::new(format!("the step of `make-series` over {ktype} must be {wanted}"))
        };
        let no_bound =
            || EvalError::new(format!("the bounds of `make-series` must be of type {ktype}, as the axis is"));
        let origin = from.filter(|_| !in_range);
        let scale = match ktype {
            KqlType::Int | KqlType::Long | KqlType::Datetime | KqlType::Timespan => {
                let step = whole_step(ktype, step).filter(|step| *step > 0).ok_or_else(no_step)?;
                let origin = origin.map(|value| whole(ktype, value).ok_or_else(no_bound)).transpose()?.unwrap_or(0);
                Scale::Long { origin, step }
            }
            KqlType::Real => {
                let step =
                    crate::args::real_of(step).filter(|step| *step > 0.0 && step.is_finite()).ok_or_else(no_step)?;
                let origin = origin.map(|value| crate::args::real_of(value).ok_or_else(no_bound)).transpose()?;
                Scale::Real { origin: origin.unwrap_or(0.0), step }
            }
            KqlType::Decimal => {
                let step = decimal(step).filter(|step| *step > i256::ZERO).ok_or_else(no_step)?;
                let origin = origin.map(|value| decimal(value).ok_or_else(no_bound)).transpose()?;
                Scale::Decimal { origin: origin.unwrap_or(i256::ZERO), step }
            }
            _ => {
                return Err(EvalError::new(format!("`make-series` needs an axis of numbers or times, not of {ktype}")));
            }
        };
        let mut axis = Axis { ktype, scale, first: None, last: None };
        if let Some(from) = from {
            axis.first = Some(axis.steps(from).ok_or_else(no_bound)?.0);
        }
        if let Some(to) = to {
            let (below, is_start) = axis.steps(to).ok_or_else(no_bound)?;
            // The bin that starts at `to` belongs to the older form only.
            axis.last = Some(if is_start && !in_range { below - 1 } else { below });
        }
        Ok(axis)
    }

    /// Returns the bin that a value lies in, and whether it is the bin's start. `None` for a value of another type.
    fn steps(&self, value: &Value) -> Option<(i128, bool)> {
        match self.scale {
            Scale::Long { origin, step } => {
                let distance = i128::from(whole(self.ktype, value)?) - i128::from(origin);
                let step = i128::from(step);
                Some((distance.div_euclid(step), distance.rem_euclid(step) == 0))
            }
            Scale::Real { origin, step } => real_steps(crate::args::real_of(value)?, origin, step),
            Scale::Decimal { origin, step } => decimal_steps(decimal(value)?, origin, step),
        }
    }

    /// Returns the bin that starts at the row's value, `None` for null.
    fn bin(&self, cells: &Cells, row: usize) -> Option<i128> {
        if cells.is_null(row) {
            return None;
        }
        match (self.scale, cells) {
            (Scale::Long { origin, step }, Cells::Int(array)) => {
                Some((i128::from(array.value(row)) - i128::from(origin)).div_euclid(i128::from(step)))
            }
            (Scale::Long { origin, step }, Cells::Long(array) | Cells::Datetime(array) | Cells::Timespan(array)) => {
                Some((i128::from(array.value(row)) - i128::from(origin)).div_euclid(i128::from(step)))
            }
            (Scale::Real { origin, step }, Cells::Real(array)) => {
                // The start was computed: it is the nearest.
                let steps = ((array.value(row) - origin) / step).round();
                steps.is_finite().then_some(steps as i128)
            }
            (Scale::Decimal { origin, step }, Cells::Decimal(array)) => {
                decimal_steps(array.value(row), origin, step).map(|(steps, _)| steps)
            }
            _ => None,
        }
    }

    /// Appends the start of a bin as JSON.
    fn write_start(&self, bin: i128, out: &mut String) {
        let start = match self.scale {
            Scale::Long { origin, step } => {
                let start = (i128::from(origin) + bin * i128::from(step)) as i64;
                match self.ktype {
                    KqlType::Datetime => Value::Datetime(start),
                    KqlType::Timespan => Value::Timespan(start),
                    _ => Value::Long(start),
                }
            }
            Scale::Real { origin, step } => Value::Real(origin + bin as f64 * step),
            Scale::Decimal { origin, step } => {
                Value::Decimal(origin.wrapping_add(step.wrapping_mul(i256::from_i128(bin))))
            }
        };
        start.to_dynamic().write_json(out);
    }
}

/// Returns whole steps from the origin to a value, and whether nothing is left over but what rounding leaves.
fn real_steps(value: f64, origin: f64, step: f64) -> Option<(i128, bool)> {
    let steps = (value - origin) / step;
    if !steps.is_finite() {
        return None;
    }
    let nearest = steps.round();
    let is_start = (steps - nearest).abs() <= 1e-9 * nearest.abs().max(1.0);
    Some((if is_start { nearest } else { steps.floor() } as i128, is_start))
}

fn decimal_steps(value: i256, origin: i256, step: i256) -> Option<(i128, bool)> {
    let distance = value.checked_sub(origin)?;
    let (steps, rest) = (distance.checked_div(step)?, distance.checked_rem(step)?);
    let below = if rest < i256::ZERO { steps.checked_sub(i256::ONE)? } else { steps };
    Some((below.to_i128()?, rest == i256::ZERO))
}

fn whole(ktype: KqlType, value: &Value) -> Option<i64> {
    match (ktype, value) {
        (KqlType::Int | KqlType::Long, Value::Int(value)) => Some(i64::from(*value)),
        (KqlType::Int | KqlType::Long, Value::Long(value))
        | (KqlType::Datetime, Value::Datetime(value))
        | (KqlType::Timespan, Value::Timespan(value)) => Some(*value),
        _ => None,
    }
}

fn whole_step(axis: KqlType, step: &Value) -> Option<i64> {
    match (axis, step) {
        (KqlType::Datetime | KqlType::Timespan, Value::Timespan(step)) => Some(*step),
        (KqlType::Int | KqlType::Long, Value::Real(step)) if step.fract() == 0.0 && step.abs() < 9e18 => {
            Some(*step as i64)
        }
        (KqlType::Int | KqlType::Long, step) => whole(axis, step),
        _ => None,
    }
}

fn decimal(value: &Value) -> Option<i256> {
    match value {
        Value::Decimal(value) => Some(*value),
        Value::Int(value) => Some(number::decimal_from_long(i64::from(*value))),
        Value::Long(value) => Some(number::decimal_from_long(*value)),
        Value::Real(value) => number::decimal_from_real(*value),
        _ => None,
    }
}

/// The values of all series' bins.
pub struct MakeSeries {
    axis: Axis,
    /// The type of each aggregate, and what its bins without rows have, as JSON.
    aggregates: Vec<(KqlType, String)>,
    /// By row: its series, its bin, and where its values end in `text`.
    series: Vec<u32>,
    bins: Vec<i128>,
    ends: Vec<usize>,
    /// The aggregates' values as JSON, row by row.
    text: String,
}

impl MakeSeries {
    /// Starts. Each aggregate has the type of its results and what bins without rows have.
    pub fn new(axis: Axis, aggregates: &[(KqlType, Value)]) -> MakeSeries {
        let default = |(ktype, value): &(KqlType, Value)| (*ktype, as_type(*ktype, value).to_dynamic().to_json());
        let aggregates = aggregates.iter().map(default).collect();
        MakeSeries { axis, aggregates, series: Vec::new(), bins: Vec::new(), ends: Vec::new(), text: String::new() }
    }

    /// Takes rows: the number of each row's series, the start of its bin, and the aggregates' values in it. A row whose
    /// bin is null is left out.
    ///
    /// # Errors
    /// When a column is not of its type, a fault of the plan.
    pub fn push(&mut self, series: &[usize], bins: &ArrayRef, values: &[ArrayRef]) -> Result<(), EvalError> {
        let bins = Cells::new(bins, self.axis.ktype)?;
        let typed = self.aggregates.iter().zip(values);
        let values: Vec<Cells> =
            typed.map(|((ktype, _), column)| Cells::new(column, *ktype)).collect::<Result<_, _>>()?;
        for (row, number) in series.iter().enumerate() {
            let Some(bin) = self.axis.bin(&bins, row) else { continue };
            self.series.push(*number as u32);
            self.bins.push(bin);
            for cells in &values {
                if !cells.write_json(row, &mut self.text) {
                    self.text.push_str("null");
                }
                self.ends.push(self.text.len());
            }
        }
        Ok(())
    }

    /// Ends: returns an array column per aggregate, then that of the bins, with a row per series. A series without rows,
    /// which `kind=nonempty` asks for, has its bins where both bounds are given, and no bins else.
    ///
    /// # Errors
    /// The user's: a series with too many bins.
    pub fn finish(self, n_series: usize) -> Result<Vec<ArrayRef>, EvalError> {
        let rows = self.rows_by_series(n_series);
        let n_aggregates = self.aggregates.len();
        let mut columns: Vec<StringViewBuilder> =
            (0..=n_aggregates).map(|_| StringViewBuilder::with_capacity(n_series)).collect();
        let mut slots: Vec<Option<u32>> = Vec::new();
        let mut json = String::new();
        for rows in rows {
            let first = self.axis.first.or_else(|| rows.iter().map(|row| self.bins[*row as usize]).min());
            let last = self.axis.last.or_else(|| rows.iter().map(|row| self.bins[*row as usize]).max());
            let (first, n_bins) = match (first, last) {
                (Some(first), Some(last)) => (first, (last - first + 1).max(0)),
                _ => (0, 0),
            };
            if n_bins > BINS_MAX {
                let text = format!(
                    "`make-series` gives a series of {n_bins} bins, and {BINS_MAX} is the most; take a larger step"
                );
                return Err(EvalError::new(text));
            }
            slots.clear();
            slots.resize(n_bins as usize, None);
            for row in &rows {
                let at = usize::try_from(self.bins[*row as usize] - first).ok();
                if let Some(slot) = at.and_then(|at| slots.get_mut(at)) {
                    *slot = Some(*row);
                }
            }
            for (aggregate, builder) in columns.iter_mut().take(n_aggregates).enumerate() {
                write_array(&mut json, slots.iter(), |slot, json| match slot {
                    Some(row) => json.push_str(self.value(*row as usize, aggregate)),
                    None => json.push_str(&self.aggregates[aggregate].1),
                });
                builder.append_value(&json);
            }
            if let Some(builder) = columns.last_mut() {
                write_array(&mut json, 0..n_bins, |bin, json| self.axis.write_start(first + bin, json));
                builder.append_value(&json);
            }
        }
        Ok(columns.into_iter().map(|mut builder| Arc::new(builder.finish()) as ArrayRef).collect())
    }

    fn rows_by_series(&self, n_series: usize) -> Vec<Vec<u32>> {
        let mut rows = vec![Vec::new(); n_series];
        for (row, series) in self.series.iter().enumerate() {
            if let Some(rows) = rows.get_mut(*series as usize) {
                rows.push(row as u32);
            }
        }
        rows
    }

    fn value(&self, row: usize, aggregate: usize) -> &str {
        let at = row * self.aggregates.len() + aggregate;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }

    /// Returns the bytes held, roughly.
    pub fn size(&self) -> usize {
        self.text.capacity()
            + self.ends.capacity() * size_of::<usize>()
            + self.bins.capacity() * (size_of::<i128>() + 4)
    }
}

fn write_array<T>(json: &mut String, items: impl Iterator<Item = T>, mut write: impl FnMut(T, &mut String)) {
    json.clear();
    json.push('[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            json.push(',');
        }
        write(item, json);
    }
    json.push(']');
}

/// Returns a default as the type of its aggregate, if it is a number as that is.
fn as_type(ktype: KqlType, value: &Value) -> Value {
    match ktype {
        KqlType::Real => crate::args::real_of(value).map_or(Value::Null(ktype), Value::Real),
        KqlType::Decimal => decimal(value).map_or(Value::Null(ktype), Value::Decimal),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{array_of, value_at};
    use schema::ticks;

    fn long(value: i64) -> Value {
        Value::Long(value)
    }

    /// Packs rows of (series, bin, value), one aggregate of type real; returns each series as `values@bins`.
    fn pack(axis: Axis, default: Value, rows: &[(usize, Value, f64)], n_series: usize) -> Vec<String> {
        let ktype = axis.ktype;
        let mut make_series = MakeSeries::new(axis, &[(KqlType::Real, default)]);
        for rows in rows.chunks(2) {
            let numbers: Vec<usize> = rows.iter().map(|row| row.0).collect();
            let bins = array_of(ktype, rows.iter().map(|row| row.1.clone()));
            let values = array_of(KqlType::Real, rows.iter().map(|row| Value::Real(row.2)));
            make_series.push(&numbers, &bins, &[values]).expect("columns of the types");
        }
        let columns = make_series.finish(n_series).expect("few bins");
        let text = |column: &ArrayRef, row: usize| value_at(column, KqlType::Dynamic, row).to_dynamic().to_json();
        (0..n_series).map(|row| format!("{}@{}", text(&columns[0], row), text(&columns[1], row))).collect()
    }

    #[test]
    fn bounds_given_and_missing() {
        let axis = |from: Option<i64>, to: Option<i64>, in_range| {
            let (from, to) = (from.map(long), to.map(long));
            Axis::new(KqlType::Long, from.as_ref(), to.as_ref(), &long(10), in_range).expect("an axis")
        };
        let rows = |bins: &[i64]| -> Vec<(usize, Value, f64)> { bins.iter().map(|bin| (0, long(*bin), 1.0)).collect() };
        let cases = [
            // From 5 up to, not including, 35.
            (axis(Some(5), Some(35), false), rows(&[25, 5]), "[1.0,0.0,1.0]@[5,15,25]"),
            (axis(Some(5), Some(36), false), rows(&[35]), "[0.0,0.0,0.0,1.0]@[5,15,25,35]"),
            // The first and last bins with rows stand for bounds that are not given.
            (axis(None, None, false), rows(&[-10, 10]), "[1.0,0.0,1.0]@[-10,0,10]"),
            (axis(None, Some(31), false), rows(&[20]), "[1.0,0.0]@[20,30]"),
            (axis(Some(5), None, false), rows(&[15]), "[0.0,1.0]@[5,15]"),
            // The older form: multiples of the step, the bin of `to` too.
            (axis(Some(5), Some(20), true), rows(&[0, 20]), "[1.0,0.0,1.0]@[0,10,20]"),
            (axis(Some(5), Some(5), false), rows(&[]), "[]@[]"),
            (axis(Some(0), Some(20), false), rows(&[]), "[0.0,0.0]@[0,10]"),
            (axis(None, Some(20), false), rows(&[]), "[]@[]"),
        ];
        for (axis, rows, expected) in cases {
            assert_eq!(pack(axis.clone(), long(0), &rows, 1), [expected], "{axis:?}");
        }
    }

    #[test]
    fn series_apart_and_null_defaults() {
        let axis = Axis::new(KqlType::Int, None, None, &Value::Int(1), false).expect("an axis");
        let rows = [
            (1, Value::Int(7), 2.5),
            (0, Value::Int(1), 1.0),
            (1, Value::Int(9), 3.0),
            (0, Value::Null(KqlType::Int), 9.0),
        ];
        assert_eq!(pack(axis, Value::Null(KqlType::Real), &rows, 2), ["[1.0]@[1]", "[2.5,null,3.0]@[7,8,9]"]);
    }

    #[test]
    fn axes_of_every_type() {
        let day = |text: &str| ticks::parse_datetime(text).map(Value::Datetime).expect("a date");
        let decimal = |text: &str| number::parse_decimal(text).map(Value::Decimal).expect("a decimal");
        let cases = [
            (
                day("2020-01-06"),
                day("2020-01-21"),
                Value::Timespan(7 * ticks::DAY),
                day("2020-01-13"),
                r#"[0.0,1.0,0.0]@["2020-01-06T00:00:00.0000000Z","2020-01-13T00:00:00.0000000Z","2020-01-20T00:00:00.0000000Z"]"#,
            ),
            (
                Value::Timespan(0),
                Value::Timespan(2 * ticks::HOUR),
                Value::Timespan(ticks::HOUR),
                Value::Timespan(ticks::HOUR),
                r#"[0.0,1.0]@["00:00:00","01:00:00"]"#,
            ),
            // Three steps of 0.2 fall short of 0.6, but 0.6 starts a bin all the same.
            (Value::Real(0.0), Value::Real(0.6), Value::Real(0.2), Value::Real(0.4), "[0.0,0.0,1.0]@[0.0,0.2,0.4]"),
            (Value::Real(-0.5), Value::Real(2.5), long(1), Value::Real(0.5), "[0.0,1.0,0.0]@[-0.5,0.5,1.5]"),
            (decimal("0.1"), decimal("0.4"), decimal("0.1"), decimal("0.3"), r#"[0.0,0.0,1.0]@["0.1","0.2","0.3"]"#),
        ];
        for (from, to, step, bin, expected) in cases {
            let axis = Axis::new(from.ktype(), Some(&from), Some(&to), &step, false).expect("an axis");
            assert_eq!(pack(axis, long(0), &[(0, bin, 1.0)], 1), [expected], "{from:?}");
        }
    }

    #[test]
    fn what_is_refused() {
        for (ktype, step) in [
            (KqlType::Long, long(0)),
            (KqlType::Long, Value::Real(0.5)),
            (KqlType::Real, Value::Real(-1.0)),
            (KqlType::Datetime, long(1)),
            (KqlType::String, long(1)),
        ] {
            assert!(Axis::new(ktype, None, None, &step, false).is_err(), "{ktype} {step:?}");
        }
        assert!(Axis::new(KqlType::Datetime, Some(&long(1)), None, &Value::Timespan(1), false).is_err());
        let axis = Axis::new(KqlType::Long, Some(&long(0)), Some(&long(i64::MAX)), &long(1), false).expect("an axis");
        assert!(MakeSeries::new(axis, &[]).finish(1).is_err_and(|error| error.to_string().contains("larger step")));
    }
}
