//! Patterns of values that rows share, for `basket`, `autocluster` and `diffpatterns`.
//!
//! ```text
//! rows -> frequent items (a column has a value) -> rows that differ in these, with their weights
//!      -> per item the set of such rows -> closed patterns: sets of items to which none can be added without losing rows
//! ```
//!
//! A null or empty value is no item: in a result it would look like the wildcard. Searching is exact, no rows are
//! sampled, and bounded by the work it may take.

use super::prelude::*;
use crate::registry::PluginArg;
use std::collections::HashMap;

/// Words of row sets that a search may look at, some seconds' worth.
const WORK_MAX: usize = 2_000_000_000;
/// Patterns that a result may hold.
pub const PATTERNS_MAX: usize = 10_000;

/// The columns of a result with one pattern a row: its number, how many rows it covers, their share, then the input's.
pub fn segment_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    let own = [("SegmentId", KqlType::Long), ("Count", KqlType::Long), ("Percent", KqlType::Real)];
    let mut columns: Vec<Column> = own.into_iter().map(|(name, ktype)| Column::new(name, ktype)).collect();
    columns.extend(visible(input).into_iter().filter_map(|i| input.get(i).cloned()));
    Ok(columns)
}

/// Writes patterns as rows of the [`segment_columns`].
pub fn segments(
    call: &PluginCall,
    rows: &Rows,
    table: &Table,
    patterns: &[Pattern],
    wildcards: &Wildcards,
) -> Result<Table, EvalError> {
    let shown = visible(&table.columns);
    let mut result = RowBuilder::new(result_columns(call, segment_columns)?);
    for (i, pattern) in patterns.iter().enumerate() {
        let count = Value::Long(pattern.weights[0].round() as i64);
        let share = Value::Real(percent(pattern.weights[0], rows.totals[0], 1));
        let cells = rows.cells(table, &shown, &pattern.items, wildcards)?;
        result.push([Value::Long(i as i64), count, share].into_iter().chain(cells))?;
    }
    Ok(result.finish())
}

/// A set of the rows of [`Rows`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet(Vec<u64>);

impl RowSet {
    fn none(n: usize) -> RowSet {
        RowSet(vec![0; n.div_ceil(64)])
    }

    /// Makes the set of the first `n` rows.
    pub fn all(n: usize) -> RowSet {
        let mut set = RowSet::none(n);
        (0..n).for_each(|row| set.insert(row));
        set
    }

    fn insert(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }

    /// Returns whether a row is in the set.
    pub fn contains(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word & (1 << (row % 64)) != 0)
    }

    /// Returns the rows that are in both sets.
    pub fn and(&self, other: &RowSet) -> RowSet {
        RowSet(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// Takes out the rows of another set.
    pub fn remove(&mut self, other: &RowSet) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= !b);
    }

    fn is_within(&self, other: &RowSet) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// Returns the rows in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(i, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word = word.checked_sub(1).map_or(0, |less| word & less);
                (bit < 64).then_some(i * 64 + bit)
            })
        })
    }
}

/// That a column has a value.
pub struct Item {
    /// The index among [`Rows::columns`].
    pub dimension: usize,
    /// A row of the table that has the value.
    pub row: usize,
    pub rows: RowSet,
}

/// The rows of a table that differ in their frequent items, and these items.
pub struct Rows {
    /// The columns that patterns are made of.
    pub columns: Vec<usize>,
    /// Weights of each row: one for `basket`, one per set for `diffpatterns`.
    pub weights: Vec<[f64; 2]>,
    /// Sums of the weights.
    pub totals: [f64; 2],
    pub items: Vec<Item>,
}

/// A pattern: items, and the rows that have them all.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Indices into [`Rows::items`].
    pub items: Vec<usize>,
    pub rows: RowSet,
    /// The weights of the rows.
    pub weights: [f64; 2],
}

impl Rows {
    /// Reads a table: `weight` gives a row's weights, both 0 to leave it out. Items whose share of both totals is below
    /// `share` are dropped.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn read(
        table: &Table,
        columns: Vec<usize>,
        share: f64,
        weight: impl Fn(usize) -> [f64; 2],
    ) -> Result<Rows, EvalError> {
        let mut rows = Rows { columns, weights: Vec::new(), totals: [0.0; 2], items: Vec::new() };
        let row_weights: Vec<[f64; 2]> = (0..table.rows).map(weight).collect();
        row_weights.iter().for_each(|weight| add(&mut rows.totals, *weight));
        // The frequent items of each row, one or none per dimension.
        let mut held: Vec<Vec<Option<usize>>> = vec![Vec::new(); table.rows];
        for (dimension, column) in rows.columns.iter().enumerate() {
            let values = Groups::by(table, &[*column])?;
            let mut value_weights = vec![[0.0; 2]; values.first_row.len()];
            for (value, weight) in values.of_row.iter().zip(&row_weights) {
                value_weights.get_mut(*value).into_iter().for_each(|sum| add(sum, *weight));
            }
            let mut item_of = Vec::with_capacity(values.first_row.len());
            for (row, weight) in values.first_row.iter().zip(value_weights) {
                let cell = table.cell(*column, *row)?;
                let is_empty = cell.is_null() || matches!(&cell, Value::String(text) if text.is_empty());
                let is_item = !is_empty && is_frequent(weight, &rows.totals, share);
                item_of.push(is_item.then_some(rows.items.len()));
                if is_item {
                    rows.items.push(Item { dimension, row: *row, rows: RowSet(Vec::new()) });
                }
            }
            for (held, value) in held.iter_mut().zip(&values.of_row) {
                held.push(item_of.get(*value).copied().flatten());
            }
        }
        let mut known: HashMap<Vec<Option<usize>>, usize> = HashMap::new();
        for (held, weight) in held.into_iter().zip(&row_weights) {
            let next = rows.weights.len();
            let distinct = *known.entry(held).or_insert(next);
            if distinct == next {
                rows.weights.push([0.0; 2]);
            }
            rows.weights.get_mut(distinct).into_iter().for_each(|sum| add(sum, *weight));
        }
        let n = rows.weights.len();
        rows.items.iter_mut().for_each(|item| item.rows = RowSet::none(n));
        for (held, distinct) in known {
            for item in held.into_iter().flatten() {
                rows.items.get_mut(item).into_iter().for_each(|item| item.rows.insert(distinct));
            }
        }
        Ok(rows)
    }

    /// Returns the weights of a set of rows.
    pub fn weigh(&self, set: &RowSet) -> [f64; 2] {
        let mut sum = [0.0; 2];
        set.rows().filter_map(|row| self.weights.get(row)).for_each(|weight| add(&mut sum, *weight));
        sum
    }

    /// Returns all items that every row of a set has.
    pub fn closure(&self, set: &RowSet) -> Vec<usize> {
        (0..self.items.len()).filter(|i| self.items.get(*i).is_some_and(|item| set.is_within(&item.rows))).collect()
    }

    /// Returns every closed pattern whose share of one of the totals is at least `share`, made of at most `depth` items
    /// and those that always come with them.
    ///
    /// # Errors
    /// When there are too many.
    pub fn closed(&self, share: f64, depth: usize) -> Result<Vec<Pattern>, EvalError> {
        let all = RowSet::all(self.weights.len());
        let mut search = Search { rows: self, share, depth, found: Vec::new(), work: 0 };
        let items = self.closure(&all);
        if !items.is_empty() {
            search.found.push(Pattern { items: items.clone(), weights: self.weigh(&all), rows: all.clone() });
        }
        search.extend(&all, &items, 0, 0)?;
        Ok(search.found)
    }

    /// Returns the cells of a pattern for the columns `shown`: its values, elsewhere wildcards.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn cells(
        &self,
        table: &Table,
        shown: &[usize],
        pattern: &[usize],
        wildcards: &Wildcards,
    ) -> Result<Vec<Value>, EvalError> {
        shown
            .iter()
            .map(|column| {
                let mut items = pattern.iter().filter_map(|i| self.items.get(*i));
                match items.find(|item| self.columns.get(item.dimension) == Some(column)) {
                    Some(item) => table.cell(*column, item.row),
                    None => Ok(wildcards.of(column_at(&table.columns, *column)?.ktype)),
                }
            })
            .collect()
    }
}

fn add(sum: &mut [f64; 2], weight: [f64; 2]) {
    sum[0] += weight[0];
    sum[1] += weight[1];
}

fn is_frequent(weights: [f64; 2], totals: &[f64; 2], share: f64) -> bool {
    weights.iter().zip(totals).any(|(weight, total)| *weight > 0.0 && *weight >= share * total)
}

/// The search for closed patterns, each found once: a pattern is extended by items after the one that led to it, and
/// dropped when its closure brings in an item before (Uno, Asai, Uchida, Arimura: "LCM ver. 2", 2004).
struct Search<'a> {
    rows: &'a Rows,
    share: f64,
    depth: usize,
    found: Vec<Pattern>,
    work: usize,
}

impl Search<'_> {
    fn extend(&mut self, set: &RowSet, items: &[usize], from: usize, depth: usize) -> Result<(), EvalError> {
        if depth == self.depth {
            return Ok(());
        }
        for (i, item) in self.rows.items.iter().enumerate().skip(from) {
            if items.contains(&i) {
                continue;
            }
            self.work += set.0.len() * 2;
            let narrower = set.and(&item.rows);
            let weights = self.rows.weigh(&narrower);
            if !is_frequent(weights, &self.rows.totals, self.share) {
                continue;
            }
            self.work += set.0.len() * self.rows.items.len();
            if self.work > WORK_MAX || self.found.len() >= 10 * PATTERNS_MAX {
                return Err(EvalError::new("there are too many patterns: raise the threshold, or keep fewer columns"));
            }
            let closure = self.rows.closure(&narrower);
            if closure.iter().any(|new| *new < i && !items.contains(new)) {
                continue;
            }
            self.found.push(Pattern { items: closure.clone(), rows: narrower.clone(), weights });
            self.extend(&narrower, &closure, i + 1, depth + 1)?;
        }
        Ok(())
    }
}

/// What stands in a result for any value, by type: null (an empty string), or what the caller gives.
pub struct Wildcards(Vec<Value>);

impl Wildcards {
    /// Reads the custom wildcards, `~` standing for none.
    ///
    /// # Errors
    /// When an argument is no constant.
    pub fn read(args: &[&PluginArg]) -> Result<Wildcards, EvalError> {
        let mut wildcards = Vec::new();
        for arg in args {
            match arg {
                PluginArg::Value(Value::String(text)) if text == "~" => {}
                PluginArg::Value(value) => wildcards.push(value.clone()),
                _ => return Err(EvalError::new("a custom wildcard must be a constant")),
            }
        }
        Ok(Wildcards(wildcards))
    }

    fn of(&self, ktype: KqlType) -> Value {
        self.0.iter().find(|value| value.ktype() == ktype).cloned().unwrap_or(Value::null(ktype))
    }
}

/// Returns each row's weight by a column of numbers, 1 without one; null and negative weights count as 0.
///
/// # Errors
/// When the column is not of numbers.
pub fn row_weights(table: &Table, column: Option<usize>) -> Result<Vec<f64>, EvalError> {
    let Some(column) = column else { return Ok(vec![1.0; table.rows]) };
    let ktype = column_at(&table.columns, column)?.ktype;
    if !ktype.is_numeric() {
        return Err(EvalError::new(format!("the weight column must be of numbers, not of {ktype}")));
    }
    let weight = |row: usize| Ok(table.cell(column, row)?.to_text().parse().unwrap_or(0.0));
    (0..table.rows).map(weight).map(|weight: Result<f64, EvalError>| weight.map(|weight| weight.max(0.0))).collect()
}

/// Returns a share as a percentage with so many decimals.
pub fn percent(part: f64, total: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    if total > 0.0 { (100.0 * part / total * scale).round() / scale } else { 0.0 }
}

/// Reads a threshold.
///
/// # Errors
/// When it is not between 0.015 and 1.
pub fn threshold(args: &Arguments, i: usize) -> Result<f64, EvalError> {
    let threshold = args.opt_real(i)?.unwrap_or(0.05);
    if (0.015..=1.0).contains(&threshold) {
        Ok(threshold)
    } else {
        Err(EvalError::new(format!("the threshold {threshold} must lie between 0.015 and 1")))
    }
}

/// Returns how alike two sets of rows are by weight: the share of their union that both have.
pub fn overlap(rows: &Rows, a: &Pattern, b: &Pattern) -> f64 {
    let common: f64 = rows.weigh(&a.rows.and(&b.rows)).iter().sum();
    let union = a.weights.iter().sum::<f64>() + b.weights.iter().sum::<f64>() - common;
    if union > 0.0 { common / union } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::table;
    use super::*;

    #[test]
    fn closed_patterns_are_found_once() {
        // Every x has y = 1, so that no pattern holds the x without the y.
        let table = table(
            "x:string y:long z:string",
            &[["a", "1", "p"], ["a", "1", "q"], ["a", "1", ""], ["b", "2", "p"], ["b", "1", "p"]],
        );
        let rows = Rows::read(&table, vec![0, 1, 2], 0.2, |_| [1.0, 0.0]).unwrap_or_else(|error| panic!("{error}"));
        let patterns = rows.closed(0.4, 9).unwrap_or_else(|error| panic!("{error}"));
        let none = Wildcards(vec![]);
        let mut found: Vec<(String, f64)> = patterns
            .iter()
            .map(|pattern| {
                let cells = rows.cells(&table, &[0, 1, 2], &pattern.items, &none).unwrap_or_default();
                (cells.iter().map(Value::to_text).collect::<Vec<_>>().join(","), pattern.weights[0])
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [(",,p", 3.0), (",1,", 4.0), (",1,p", 2.0), ("a,1,", 3.0), ("b,,p", 2.0)];
        assert_eq!(found, expected.map(|(cells, weight)| (cells.to_string(), weight)));
    }

    #[test]
    fn row_sets_know_their_rows() {
        let mut set = RowSet::all(130);
        set.remove(&RowSet::all(64));
        assert_eq!((set.rows().next(), set.rows().last(), set.rows().count()), (Some(64), Some(129), 66));
        assert_eq!(RowSet::all(0).rows().count(), 0);
    }
}
