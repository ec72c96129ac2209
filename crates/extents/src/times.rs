//! The times between which a file's records lie, as its footer says, which was hashed.

use arrow::datatypes::{DataType, TimeUnit};
use parquet::file::statistics::Statistics;
use schema::ticks;

use crate::reader::ExtentFile;
use crate::table_schema::TIME_COLUMN;

impl ExtentFile {
    /// Returns the earliest and the latest time of the file's records, in ticks; `None` when the footer does not say it.
    pub fn times(&self) -> Option<(i64, i64)> {
        let schema = self.metadata().schema();
        let idx = schema.index_of(TIME_COLUMN).ok()?;
        let data_type = schema.field(idx).data_type();
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for row_group in self.metadata().metadata().row_groups() {
            let column = row_group.columns().iter().find(|column| column.column_path().string() == TIME_COLUMN)?;
            let Statistics::Int64(statistics) = column.statistics()? else { return None };
            low = low.min(*statistics.min_opt()?);
            high = high.max(*statistics.max_opt()?);
        }
        let to_ticks = |value: i64| match data_type {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                Some(value.div_euclid(100).saturating_add(ticks::UNIX_EPOCH))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Some(value.saturating_mul(10).saturating_add(ticks::UNIX_EPOCH))
            }
            DataType::Int64 => Some(value),
            _ => None,
        };
        (low <= high).then_some(())?;
        Some((to_ticks(low)?, to_ticks(high)?))
    }
}
