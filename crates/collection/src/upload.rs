//! One upload of the Logs Ingestion API: records of a stream, through a rule, into tables.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringViewArray, new_null_array};
use arrow::datatypes::{Field, Schema};
use extents::BAG_COLUMN;
use files::{RecordShape, Records, Rejected};
use ingest::{Pending, Vault};
use query::Engine;
use schema::{Column, KqlType};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use stdx::Clock;

use crate::cut::{self, Cuts};
use crate::error::{CollectError, RuleError};
use crate::rule::{Flow, Rule};
use crate::rules::Rules;
use crate::transform::Transform;

/// Bytes of the records of one upload: 1 MiB, which is how clients split theirs, counting records and not what stands between them.
pub const BYTES_MAX: usize = 1 << 20;
/// Bytes of a value; of a longer one the beginning is kept.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// Takes values that do not fit their columns while an upload is read. No column of a stream can be called so.
const MISFITS: &str = "\u{1f}misfits";

/// Takes uploads.
pub struct Collector {
    pub vault: Arc<Vault>,
    pub rules: Arc<Rules>,
    pub engine: Engine,
    pub clock: Arc<dyn Clock>,
}

/// What became of an upload's records, which are taken when all of `pending` are.
pub struct Collected {
    pub pending: Vec<Pending>,
    /// Records that were read.
    pub read: u64,
    /// Rows that transformations left, in all tables.
    pub rows: u64,
    /// Records that went to the quarantine.
    pub rejected: u64,
}

impl Collector {
    /// Reads an upload of a stream and hands its records to their tables. `request` names it: sent again under the same name with the
    /// same records, it is not taken twice.
    ///
    /// # Errors
    /// When there is no such stream, the body is no JSON array, there are too many bytes, or a table takes nothing now.
    pub fn collect(
        &self,
        rule: &Rule,
        stream: &str,
        body: &[u8],
        request: Option<&str>,
    ) -> Result<Collected, CollectError> {
        let unknown = || CollectError::UnknownStream { stream: stream.to_string() };
        let columns = rule.columns(stream).ok_or_else(unknown)?;
        let flows: Vec<&Flow> = rule.flows_of(stream).collect();
        if flows.is_empty() {
            return Err(unknown());
        }
        check_size(body)?;
        let mut shape_columns = columns.clone();
        shape_columns.push(Column::new(MISFITS, KqlType::Dynamic));
        let records = RecordShape::lenient(&shape_columns, MISFITS, BYTES_MAX).read(body)?;
        let records = Read::of(records, &columns)?;
        let read = records.rows.num_rows() as u64 + records.rejected.len() as u64;
        let mut collected = Collected { pending: Vec::new(), read, rows: 0, rejected: records.rejected.len() as u64 };
        if read == 0 {
            return Ok(collected);
        }
        let request = request.map(|id| {
            let content: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}/{stream}/{id}/{content}", rule.immutable_id)
        });
        for (number, flow) in flows.into_iter().enumerate() {
            let request = request.as_ref().map(|id| format!("{id}/{number}"));
            self.flow(rule, flow, stream, &records, number == 0, (body, request), &mut collected)?;
        }
        Ok(collected)
    }

    /// Takes records through one flow. The first has the rejected ones with it.
    #[expect(clippy::too_many_arguments, reason = "one step of the above")]
    fn flow(
        &self,
        rule: &Rule,
        flow: &Flow,
        stream: &str,
        records: &Read,
        is_first: bool,
        (body, request): (&[u8], Option<String>),
        collected: &mut Collected,
    ) -> Result<(), CollectError> {
        let changed = |error: RuleError| match error {
            RuleError::UnknownWorkspace { workspace, .. } => CollectError::UnknownWorkspace { workspace },
            error => CollectError::Rule(Box::new(error)),
        };
        let transform = self.rules.transform(rule, flow, stream).map_err(changed)?;
        for (n, (workspace, table)) in self.rules.targets(rule, flow, stream).map_err(changed)?.into_iter().enumerate()
        {
            let output = transform.as_ref().map_or(records.columns.as_slice(), |transform| transform.output());
            let wanted = self.rules.fit(&workspace, &table, output, false).map_err(changed)?;
            // What has to become another type goes the way of transformations too.
            let is_same = transform.is_some() || records.columns.iter().all(|column| wanted.contains(column));
            let converting = if is_same { None } else { Some(Transform::check("source", &records.columns, false)) };
            let converting = converting.transpose().map_err(CollectError::Transform)?;
            let (rows, origins) = match transform.as_ref().or(converting.as_ref()) {
                Some(transform) => {
                    let whole = records.whole()?;
                    let done = transform.run(&self.engine, &whole, &wanted, self.clock.now_ticks());
                    done.map_err(CollectError::Transform)?
                }
                None => (records.rows.clone(), (0..records.rows.num_rows()).collect()),
            };
            collected.rows += rows.num_rows() as u64;
            let rows = finish(&rows, &origins, records, &wanted)?;
            let rejected = if is_first && n == 0 { records.rejected.clone() } else { Vec::new() };
            if rows.num_rows() == 0 && rejected.is_empty() {
                continue;
            }
            let request = request.as_ref().map(|id| format!("{id}/{workspace}"));
            let request = request.as_ref().map(|id| (id.as_str(), body));
            let pending = self.vault.take_records(&workspace, &table, Records { batch: rows, rejected }, request);
            collected.pending.push(pending.map_err(CollectError::Ingest)?);
        }
        Ok(())
    }
}

/// Checks that a body is a JSON array, or one object, of not too many bytes in records.
fn check_size(body: &[u8]) -> Result<(), CollectError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let malformed = |error: serde_json::Error| CollectError::Malformed(error.to_string());
    let found = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => {
            let records: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
            records.iter().map(|record| record.get().len()).sum()
        }
        Some(b'{') => serde_json::from_slice::<&RawValue>(body).map_err(malformed)?.get().len(),
        _ => return Err(CollectError::Malformed("it begins with neither `[` nor `{`".to_string())),
    };
    if found > BYTES_MAX { Err(CollectError::TooLarge { found, max: BYTES_MAX }) } else { Ok(()) }
}

/// Records as they were read.
struct Read {
    columns: Vec<Column>,
    /// Of the columns those that some record has a member for.
    rows: RecordBatch,
    /// What did not fit its column, for each row.
    misfits: Option<StringViewArray>,
    rejected: Vec<Rejected>,
}

impl Read {
    fn of(records: Records, columns: &[Column]) -> Result<Read, CollectError> {
        let Records { batch, rejected } = records;
        let misfits = batch.column_by_name(MISFITS).and_then(|array| array.as_string_view_opt().cloned());
        let kept: Vec<usize> = (0..batch.num_columns())
            .filter(|i| batch.schema_ref().fields().get(*i).is_some_and(|field| field.name() != MISFITS))
            .collect();
        Ok(Read { columns: columns.to_vec(), rows: batch.project(&kept)?, misfits, rejected })
    }

    /// Returns the records with all columns of the stream.
    fn whole(&self) -> Result<RecordBatch, CollectError> {
        let n_rows = self.rows.num_rows();
        let array = |column: &Column| match self.rows.column_by_name(&column.name) {
            // Inside the engine a text is never null.
            Some(array) if column.ktype == KqlType::String => filled(array),
            Some(array) => array.clone(),
            None if column.ktype == KqlType::String => Arc::new(StringViewArray::from(vec![""; n_rows])) as ArrayRef,
            None => new_null_array(&column.ktype.arrow(), n_rows),
        };
        let arrays: Vec<ArrayRef> = self.columns.iter().map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        Ok(RecordBatch::try_new_with_options(query::arrow_schema(&self.columns), arrays, &options)?)
    }
}

fn filled(array: &ArrayRef) -> ArrayRef {
    match array.as_string_view_opt() {
        Some(texts) if texts.null_count() > 0 => {
            Arc::new(StringViewArray::from_iter_values(texts.iter().map(Option::unwrap_or_default)))
        }
        _ => array.clone(),
    }
}

/// Makes rows what a table takes: values not too long, nothing where there is nothing, and beside them what was lost on the way.
fn finish(
    rows: &RecordBatch,
    origins: &[usize],
    records: &Read,
    wanted: &[Column],
) -> Result<RecordBatch, CollectError> {
    let mut cuts = Cuts::new();
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut bag: Option<ArrayRef> = None;
    for column in wanted {
        let Some(array) = rows.column_by_name(&column.name) else { continue };
        let array = cut::cut(array, &column.name, column.ktype, VALUE_BYTES_MAX, &mut cuts);
        let array = if column.ktype == KqlType::String { emptied(&array) } else { array };
        if column.name == BAG_COLUMN && column.ktype == KqlType::Dynamic {
            bag = Some(array);
        } else if array.null_count() < array.len() {
            fields.push(Field::new(&column.name, column.ktype.arrow(), true));
            arrays.push(array);
        }
    }
    let bag = bags(bag.as_ref(), origins, records, &cuts);
    if bag.iter().any(Option::is_some) {
        fields.push(Field::new(BAG_COLUMN, KqlType::Dynamic.arrow(), true));
        arrays.push(Arc::new(StringViewArray::from_iter(bag)));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}

/// Returns what stands beside each row: what it has there already, values that did not fit, and what was cut.
fn bags(own: Option<&ArrayRef>, origins: &[usize], records: &Read, cuts: &Cuts) -> Vec<Option<String>> {
    let own = own.and_then(|array| array.as_string_view_opt());
    let at = |array: Option<&StringViewArray>, row: usize| {
        array.filter(|array| row < array.len() && array.is_valid(row)).map(|array| array.value(row).to_string())
    };
    let bag = |(row, origin): (usize, &usize)| {
        let mut bag = at(own, row);
        if let Some(misfits) = at(records.misfits.as_ref(), *origin) {
            let members = misfits.trim_start_matches('{').strip_suffix('}').unwrap_or_default();
            bag = Some(cut::with_members(bag.as_deref(), members));
        }
        if let Some(cuts) = cuts.get(&row) {
            bag = Some(cut::with_members(bag.as_deref(), &cut::told(cuts)));
        }
        bag
    };
    origins.iter().enumerate().map(bag).collect()
}

/// Makes empty texts nothing, as records have it that do not say them.
fn emptied(array: &ArrayRef) -> ArrayRef {
    match array.as_string_view_opt() {
        Some(texts) if texts.iter().any(|text| text == Some("")) => {
            Arc::new(StringViewArray::from_iter(texts.iter().map(|text| text.filter(|text| !text.is_empty()))))
        }
        _ => array.clone(),
    }
}
