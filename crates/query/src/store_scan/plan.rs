//! Which rows may match, by the index of terms and by bounds, and how they are dealt to partitions.

use super::StoredRows;
use super::terms;
use super::unit::{Place, Unit};
use crate::store_table::{SEAL_TIME_COLUMN, file_name};
use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, UInt64Array};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column as EngineColumn, ColumnStatistics, ScalarValue, Statistics};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{PhysicalExpr, conjunction};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use extents::{Bounds, ExtentFile, PIECE_ROWS};
use schema::{Column, KqlType};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Rows of a unit, which is a piece of a decoded column. A row group in which few rows may match is one unit all the same.
const UNIT_ROWS: usize = PIECE_ROWS;

/// Returns what each partition reads: neighbouring units, so that a row group is rarely read by two.
pub fn partitions(
    rows: &StoredRows,
    filters: &[Expr],
    physical: &[Arc<dyn PhysicalExpr>],
    n_partitions: usize,
) -> Vec<Vec<Unit>> {
    let units = units(rows, filters, physical);
    let total: usize = units.iter().map(Unit::n_wanted).sum();
    let n_partitions = n_partitions.min(units.len()).max(1);
    let per_partition = total.div_ceil(n_partitions).max(1);
    let mut partitions: Vec<Vec<Unit>> = vec![Vec::new(); n_partitions];
    let mut n_before = 0;
    for unit in units {
        let n_wanted = unit.n_wanted();
        // The middle of a unit says whose it is.
        let partition = ((n_before + n_wanted / 2) / per_partition).min(n_partitions - 1);
        n_before += n_wanted;
        if let Some(units) = partitions.get_mut(partition) {
            units.push(unit);
        }
    }
    partitions
}

fn units(rows: &StoredRows, filters: &[Expr], physical: &[Arc<dyn PhysicalExpr>]) -> Vec<Unit> {
    let asked = terms::predicate(filters, &rows.texts);
    let row_groups: Vec<(usize, usize)> = rows.snapshot.files.iter().enumerate().flat_map(row_groups_of).collect();
    let mut may_match = within_bounds(rows, &row_groups, physical).into_iter();
    let mut units = Vec::new();
    for (idx, file) in rows.snapshot.files.iter().enumerate() {
        let blocks = if asked.is_all() { None } else { file.terms().map(|index| index.blocks(&asked)) };
        let in_blocks: Option<Vec<Range<u64>>> = match &blocks {
            Some(blocks) if !blocks.is_all() => Some(blocks.row_ranges().collect()),
            _ => None,
        };
        let mut first = 0;
        for (row_group, n_rows) in file.row_group_sizes().enumerate() {
            let place = Place::File { file: idx, row_group };
            if may_match.next().unwrap_or(true) {
                let wanted = in_blocks.as_ref().map(|ranges| within(ranges, first..first + n_rows as u64));
                cut(place, n_rows, wanted, &mut units);
            }
            first += n_rows as u64;
        }
    }
    for (idx, batch) in rows.snapshot.hot.iter().enumerate() {
        cut(Place::Memory(idx), batch.num_rows(), None, &mut units);
    }
    units
}

fn row_groups_of((idx, file): (usize, &Arc<ExtentFile>)) -> impl Iterator<Item = (usize, usize)> + use<> {
    (0..file.row_group_sizes().count()).map(move |row_group| (idx, row_group))
}

/// Returns the parts of ascending ranges that lie in one, counted from its first row.
fn within(ranges: &[Range<u64>], one: Range<u64>) -> Vec<Range<usize>> {
    let from = ranges.partition_point(|range| range.end <= one.start);
    let near = ranges.get(from..).unwrap_or(&[]).iter().take_while(|range| range.start < one.end);
    let row = |row: u64| usize::try_from(row.clamp(one.start, one.end) - one.start).unwrap_or(0);
    near.map(|range| row(range.start)..row(range.end)).filter(|range| !range.is_empty()).collect()
}

/// Cuts a row group or a batch into units.
fn cut(place: Place, n_rows: usize, wanted: Option<Vec<Range<usize>>>, units: &mut Vec<Unit>) {
    let n_wanted = wanted.as_ref().map_or(n_rows, |wanted| wanted.iter().map(Range::len).sum());
    if n_wanted == 0 {
        return;
    }
    if n_wanted <= UNIT_ROWS {
        let wanted = wanted.filter(|_| n_wanted < n_rows);
        units.push(Unit { place, rows: 0..n_rows, wanted });
        return;
    }
    let mut first = 0;
    while first < n_rows {
        let rows = first..n_rows.min(first + UNIT_ROWS);
        first = rows.end;
        let wanted = wanted.as_ref().map(|wanted| {
            let wanted = wanted.iter().map(|range| range.start.max(rows.start)..range.end.min(rows.end));
            let wanted = wanted.filter(|range| range.start < range.end);
            wanted.map(|range| range.start - rows.start..range.end - rows.start).collect::<Vec<_>>()
        });
        let unit = Unit { place, rows, wanted };
        match unit.n_wanted() {
            0 => {}
            n if n == unit.rows.len() => units.push(Unit { wanted: None, ..unit }),
            _ => units.push(unit),
        }
    }
}

/// Returns for each row group whether it may hold a match, by what its footer says of its values.
fn within_bounds(rows: &StoredRows, row_groups: &[(usize, usize)], filters: &[Arc<dyn PhysicalExpr>]) -> Vec<bool> {
    let all = || vec![true; row_groups.len()];
    if filters.is_empty() || row_groups.is_empty() {
        return all();
    }
    let filter = conjunction(filters.iter().cloned());
    let bounds = RowGroupBounds { rows, row_groups };
    // What cannot be decided so is no fault: the filters decide on every row.
    let predicate = PruningPredicateBuilder::new().with_file_schema(rows.schema.clone()).try_build(filter);
    predicate.and_then(|predicate| predicate.prune(&bounds)).unwrap_or_else(|_| all())
}

/// Bounds of all row groups, as the engine asks for them.
struct RowGroupBounds<'a> {
    rows: &'a StoredRows,
    row_groups: &'a [(usize, usize)],
}

impl RowGroupBounds<'_> {
    fn column(&self, name: &str) -> Option<(&Column, Vec<Option<Bounds>>)> {
        let column = self.rows.columns.iter().find(|column| column.name == name).filter(|column| is_bounded(column))?;
        let name = file_name(&column.name);
        let bounds = self.row_groups.iter().map(|(file, row_group)| {
            let file = self.rows.snapshot.files.get(*file)?;
            let bounds = file.bounds(*row_group, file.place_of(name)?)?;
            if column.name == SEAL_TIME_COLUMN { self.seal_times(bounds) } else { Some(bounds) }
        });
        Some((column, bounds.collect()))
    }

    /// Returns the bounds of the times of entries: a later entry is never sealed earlier.
    fn seal_times(&self, entries: Bounds) -> Option<Bounds> {
        let of = |entry: i64| self.rows.snapshot.seal_times.of(&Int64Array::from(vec![entry])).iter().next().flatten();
        Some(Bounds { least: of(entries.least)?, greatest: of(entries.greatest)?, ..entries })
    }

    fn values(&self, column: &EngineColumn, of: impl Fn(Bounds) -> i64) -> Option<ArrayRef> {
        let (column, bounds) = self.column(&column.name)?;
        let values = bounds.into_iter().map(|bounds| bounds.map(&of));
        Some(match column.ktype {
            KqlType::Int => Arc::new(values.map(|value| i32::try_from(value?).ok()).collect::<Int32Array>()),
            _ => Arc::new(values.collect::<Int64Array>()),
        })
    }
}

/// Returns whether a footer's bounds of a column are those of its values, and not of beginnings of texts or all but NaN.
fn is_bounded(column: &Column) -> bool {
    matches!(column.ktype, KqlType::Int | KqlType::Long | KqlType::Datetime | KqlType::Timespan)
}

impl PruningStatistics for RowGroupBounds<'_> {
    fn min_values(&self, column: &EngineColumn) -> Option<ArrayRef> {
        self.values(column, |bounds| bounds.least)
    }

    fn max_values(&self, column: &EngineColumn) -> Option<ArrayRef> {
        self.values(column, |bounds| bounds.greatest)
    }

    fn num_containers(&self) -> usize {
        self.row_groups.len()
    }

    fn null_counts(&self, column: &EngineColumn) -> Option<ArrayRef> {
        let (_, bounds) = self.column(&column.name)?;
        let counts = bounds.into_iter().map(|bounds| bounds.map(|bounds| bounds.n_nulls));
        Some(Arc::new(counts.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let counts = self.row_groups.iter().map(|(file, row_group)| {
            let n_rows = self.rows.snapshot.files.get(*file)?.row_group_sizes().nth(*row_group)?;
            Some(n_rows as u64)
        });
        Some(Arc::new(counts.collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &EngineColumn, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Returns what is known of a scan's rows before it runs.
pub fn statistics(rows: &StoredRows, projection: &[usize], partitions: &[Vec<Unit>], is_filtered: bool) -> Statistics {
    let n_rows: usize = partitions.iter().flatten().map(Unit::n_wanted).sum();
    let columns = projection.iter().filter_map(|place| rows.columns.get(*place));
    let column_statistics: Vec<ColumnStatistics> = columns
        .map(|column| if is_filtered { ColumnStatistics::new_unknown() } else { of_column(rows, column) })
        .collect();
    let num_rows = if is_filtered { Precision::Inexact(n_rows) } else { Precision::Exact(n_rows) };
    Statistics { num_rows, total_byte_size: Precision::Absent, column_statistics }
}

/// Returns the bounds of a column over all rows: known when all rows are in files.
fn of_column(rows: &StoredRows, column: &Column) -> ColumnStatistics {
    let unknown = ColumnStatistics::new_unknown();
    if !is_bounded(column) || !rows.snapshot.hot.is_empty() || rows.snapshot.files.is_empty() {
        return unknown;
    }
    let row_groups: Vec<(usize, usize)> = rows.snapshot.files.iter().enumerate().flat_map(row_groups_of).collect();
    let bounds = RowGroupBounds { rows, row_groups: &row_groups };
    let Some((_, bounds)) = bounds.column(&column.name) else { return unknown };
    let joined = bounds.into_iter().reduce(|a, b| {
        let (a, b) = (a?, b?);
        let (least, greatest) = (a.least.min(b.least), a.greatest.max(b.greatest));
        Some(Bounds { least, greatest, n_nulls: a.n_nulls + b.n_nulls })
    });
    let Some(Bounds { least, greatest, n_nulls }) = joined.flatten() else { return unknown };
    let value = |value: i64| match column.ktype {
        KqlType::Int => {
            i32::try_from(value).map_or(Precision::Absent, |value| Precision::Exact(ScalarValue::Int32(Some(value))))
        }
        _ => Precision::Exact(ScalarValue::Int64(Some(value))),
    };
    ColumnStatistics {
        null_count: Precision::Exact(usize::try_from(n_nulls).unwrap_or(usize::MAX)),
        min_value: value(least),
        max_value: value(greatest),
        ..unknown
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "one range is meant, not its numbers")]
mod tests {
    use super::*;

    #[test]
    fn row_groups_are_cut_where_rows_may_match() {
        let place = Place::Memory(0);
        let cut_up = |n_rows, wanted| {
            let mut units = Vec::new();
            cut(place, n_rows, wanted, &mut units);
            units.into_iter().map(|unit| (unit.rows, unit.wanted)).collect::<Vec<_>>()
        };
        let u = UNIT_ROWS;
        assert_eq!(cut_up(2 * u + 1, None), [(0..u, None), (u..2 * u, None), (2 * u..2 * u + 1, None)]);
        assert!(cut_up(2 * u, Some(vec![])).is_empty());
        assert_eq!(cut_up(2 * u, Some(vec![5..9, u..u + 1])), [(0..2 * u, Some(vec![5..9, u..u + 1]))]);
        assert_eq!(cut_up(8, Some(vec![0..8])), [(0..8, None)]);
        assert_eq!(
            cut_up(4 * u, Some(vec![u - 5..2 * u, 3 * u + 1..3 * u + 9])),
            [(0..u, Some(vec![u - 5..u])), (u..2 * u, None), (3 * u..4 * u, Some(vec![1..9]))]
        );
    }

    #[test]
    fn ranges_are_counted_from_the_row_group() {
        let ranges = [0..10, 20..40, 60..100];
        assert_eq!(within(&ranges, 5..70), [0..5, 15..35, 55..65]);
        assert!(within(&ranges, 10..20).is_empty());
        assert_eq!(within(&ranges, 25..30), vec![0..5]);
        assert!(within(&ranges, 100..200).is_empty());
    }
}
