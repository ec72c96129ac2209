//! `mv-expand`: a row per element of dynamic arrays and bags, several of them side by side.
//!
//! ```text
//! MvExpand::expand(columns, from, rows_max) ─► rows: input row of each output row     (take the other columns by it)
//!                                              items: the elements, one array per column
//!                                              index: the element's place, for with_itemindex
//!                                              next: the first input row not expanded
//! ```
//!
//! # Source
//! Kusto reference, "mv-expand operator".

use crate::args::EvalError;
use crate::cells::text;
use arrow::array::{
    Array, ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Array, Int64Builder, StringViewArray,
    StringViewBuilder, UInt32Array,
};
use arrow::datatypes::i256;
use schema::dynamic::raw::{self, Kind};
use schema::{KqlType, number, ticks};
use std::sync::Arc;

/// What the operator says.
#[derive(Debug, Clone)]
pub struct MvExpand {
    /// For each expanded column the type of its elements: dynamic, or what `to typeof()` names.
    pub types: Vec<KqlType>,
    /// `kind=array`: a bag's members become `[name, value]`, and not bags of one member.
    pub bag_as_array: bool,
    /// Rows that one input row gives at most.
    pub limit: Option<u64>,
}

/// Some rows expanded.
#[derive(Debug)]
pub struct Expanded {
    /// The input row of each output row, in order.
    pub rows: UInt32Array,
    /// The elements of each expanded column.
    pub items: Vec<ArrayRef>,
    /// The place of the element in the collection, from 0.
    pub index: Int64Array,
    /// The first input row that was not expanded; the number of input rows when all were.
    pub next: usize,
}

impl MvExpand {
    /// Expands rows from row `from` on, until there are no more or the output has `rows_max` rows; so that a few long
    /// arrays do not make one huge batch.
    ///
    /// A null gives one row with a null, an empty array or bag none, any other value that is no collection one row with
    /// itself. A row gives as many rows as its longest collection; shorter ones are filled up with nulls.
    ///
    /// # Errors
    /// When a column is not dynamic, a fault of the plan.
    pub fn expand(&self, columns: &[ArrayRef], from: usize, rows_max: usize) -> Result<Expanded, EvalError> {
        let sources: Vec<&StringViewArray> =
            columns.iter().map(|column| text(column, KqlType::Dynamic)).collect::<Result<_, _>>()?;
        let n_rows = sources.first().map_or(0, |source| source.len());
        let limit = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut items: Vec<Items> =
            sources.iter().zip(&self.types).map(|(source, ktype)| Items::new(*ktype, source)).collect();
        let (mut rows, mut index) = (Vec::new(), Vec::new());
        let mut row = from;
        while row < n_rows && rows.len() < rows_max {
            let mut longest = 0;
            for (source, items) in sources.iter().zip(&mut items) {
                let n = items.expand(source, row, self.bag_as_array, limit);
                longest = longest.max(n);
            }
            rows.extend(std::iter::repeat_n(row as u32, longest));
            index.extend(0..longest as i64);
            items.iter_mut().for_each(|items| items.fill_up(rows.len()));
            row += 1;
        }
        Ok(Expanded {
            rows: UInt32Array::from(rows),
            items: items.into_iter().map(Items::finish).collect(),
            index: Int64Array::from(index),
            next: row,
        })
    }
}

/// The elements of one column.
struct Items {
    builder: Builder,
    len: usize,
    /// The numbers that the source's buffers have in a builder of views, when elements can refer to them.
    blocks: Vec<u32>,
    scratch: String,
}

enum Builder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder, KqlType),
    Real(Float64Builder),
    Decimal(Vec<Option<i256>>),
    Text(StringViewBuilder, KqlType),
}

impl Items {
    fn new(ktype: KqlType, source: &StringViewArray) -> Items {
        let mut blocks = Vec::new();
        let builder = match ktype {
            KqlType::Bool => Builder::Bool(BooleanBuilder::new()),
            KqlType::Int => Builder::Int(Int32Builder::new()),
            KqlType::Long | KqlType::Datetime | KqlType::Timespan => Builder::Long(Int64Builder::new(), ktype),
            KqlType::Real => Builder::Real(Float64Builder::new()),
            KqlType::Decimal => Builder::Decimal(Vec::new()),
            KqlType::String | KqlType::Guid => Builder::Text(StringViewBuilder::new(), ktype),
            KqlType::Dynamic => {
                // Elements are parts of the source's texts: they can refer to them, and not copy them.
                let mut builder = StringViewBuilder::new();
                blocks.extend(source.data_buffers().iter().map(|buffer| builder.append_block(buffer.clone())));
                Builder::Text(builder, ktype)
            }
        };
        Items { builder, len: 0, blocks, scratch: String::new() }
    }

    /// Appends the elements of a row, at most `limit`; returns how many there were.
    fn expand(&mut self, source: &StringViewArray, row: usize, bag_as_array: bool, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        if source.is_null(row) {
            self.append(None);
            return 1;
        }
        let json = source.value(row);
        let mut n = 0;
        match raw::kind(json) {
            Kind::Array => {
                for item in raw::items(json).take(limit) {
                    self.append_part(source, row, item);
                    n += 1;
                }
            }
            Kind::Bag => {
                for (name, value) in raw::members(json).take(limit) {
                    let mut member = std::mem::take(&mut self.scratch);
                    member.clear();
                    if bag_as_array {
                        member.extend(["[\"", name, "\",", value, "]"]);
                    } else {
                        member.extend(["{\"", name, "\":", value, "}"]);
                    }
                    self.append(Some(&member));
                    self.scratch = member;
                    n += 1;
                }
            }
            _ => {
                self.append_part(source, row, json);
                n = 1;
            }
        }
        n
    }

    /// Appends an element that is a part of the source's text.
    fn append_part(&mut self, source: &StringViewArray, row: usize, part: &str) {
        if let Builder::Text(builder, KqlType::Dynamic) = &mut self.builder
            && part != "null"
            && let Some((block, offset)) = place(source, row, part, &self.blocks)
            && builder.try_append_view(block, offset, part.len() as u32).is_ok()
        {
            self.len += 1;
            return;
        }
        self.append((part != "null").then_some(part));
    }

    /// Appends an element given as JSON, as the column's type: values of another type become null, without being read
    /// or converted; but string takes any value's text, and texts that stand for values which JSON has not (datetime,
    /// timespan, guid, decimal) are such values.
    fn append(&mut self, json: Option<&str>) {
        self.len += 1;
        match &mut self.builder {
            Builder::Bool(builder) => builder.append_option(match json {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            }),
            Builder::Int(builder) => {
                builder.append_option(json.and_then(whole).and_then(|value| i32::try_from(value).ok()));
            }
            Builder::Long(builder, KqlType::Long) => builder.append_option(json.and_then(whole)),
            Builder::Long(builder, ktype) => {
                let value = json.and_then(raw::string);
                builder.append_option(match ktype {
                    KqlType::Datetime => value.and_then(|text| ticks::parse_datetime(&text)),
                    // `3` would be read as three days, but is no text that a timespan has.
                    _ => value.filter(|text| text.contains(':')).and_then(|text| ticks::parse_timespan(&text)),
                });
            }
            Builder::Real(builder) => builder.append_option(json.and_then(real)),
            Builder::Decimal(values) => {
                values.push(json.map(raw::text).and_then(|text| number::parse_decimal(&text)));
            }
            Builder::Text(builder, ktype) => match (ktype, json) {
                (KqlType::String, None) => builder.append_value(""),
                (KqlType::String, Some(json)) => builder.append_value(raw::text(json)),
                (KqlType::Guid, json) => {
                    let guid = json.and_then(raw::string).and_then(|text| uuid::Uuid::parse_str(text.trim()).ok());
                    builder.append_option(guid.map(|guid| guid.to_string()));
                }
                (_, json) => builder.append_option(json),
            },
        }
    }

    fn fill_up(&mut self, len: usize) {
        while self.len < len {
            self.append(None);
        }
    }

    fn finish(self) -> ArrayRef {
        match self.builder {
            Builder::Bool(mut builder) => Arc::new(builder.finish()),
            Builder::Int(mut builder) => Arc::new(builder.finish()),
            Builder::Long(mut builder, _) => Arc::new(builder.finish()),
            Builder::Real(mut builder) => Arc::new(builder.finish()),
            Builder::Decimal(values) => crate::aggregate::support::sums::decimals(values),
            Builder::Text(mut builder, _) => Arc::new(builder.finish()),
        }
    }
}

/// Returns where a part of a row's text stands in the buffers that a builder knows, as (block, offset). `None` for texts
/// that the row's view holds itself.
fn place(source: &StringViewArray, row: usize, part: &str, blocks: &[u32]) -> Option<(u32, u32)> {
    let whole = source.value(row);
    let view = arrow::array::ByteView::from(*source.views().get(row)?);
    if view.length <= 12 {
        return None;
    }
    let within =
        (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize).filter(|within| *within <= whole.len())?;
    let offset = view.offset.checked_add(u32::try_from(within).ok()?)?;
    Some((*blocks.get(view.buffer_index as usize)?, offset))
}

/// Returns a JSON number as a whole number, cut off after the point.
fn whole(json: &str) -> Option<i64> {
    if raw::kind(json) != Kind::Number {
        return None;
    }
    json.parse().ok().or_else(|| {
        let value: f64 = json.parse().ok()?;
        (value.abs() < i64::MAX as f64).then_some(value as i64)
    })
}

/// Returns a JSON number, or one of the texts that stand for reals which JSON has not, as a real.
fn real(json: &str) -> Option<f64> {
    match raw::kind(json) {
        Kind::Number => json.parse().ok(),
        Kind::String => match raw::string(json)?.as_ref() {
            special @ ("NaN" | "Infinity" | "-Infinity") => number::parse_real(special),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::value_at;
    use schema::Value;

    fn column(texts: &[Option<&str>]) -> ArrayRef {
        Arc::new(texts.iter().collect::<StringViewArray>())
    }

    fn expand(operator: &MvExpand, columns: &[ArrayRef]) -> (Vec<u32>, Vec<Vec<String>>) {
        let expanded = operator.expand(columns, 0, usize::MAX).expect("dynamic columns");
        let cells = |(array, ktype): (&ArrayRef, &KqlType)| {
            (0..array.len())
                .map(|row| match value_at(array, *ktype, row) {
                    value if value.is_null() => "-".to_string(),
                    Value::Dynamic(value) => value.to_json(),
                    value => value.to_text(),
                })
                .collect()
        };
        let items = expanded.items.iter().zip(&operator.types).map(cells).collect();
        (expanded.rows.values().to_vec(), items)
    }

    #[test]
    fn collections_and_what_is_none() {
        let long = r#"["an element longer than twelve bytes",{"x":[1,2]},"short"]"#;
        let texts =
            [Some("[10,null]"), None, Some("[]"), Some("{}"), Some("7"), Some(long), Some(r#"{"a":1,"b":[2]}"#)];
        let operator = MvExpand { types: vec![KqlType::Dynamic], bag_as_array: false, limit: None };
        let (rows, items) = expand(&operator, &[column(&texts)]);
        assert_eq!(rows, [0, 0, 1, 4, 5, 5, 5, 6, 6]);
        let expected = [
            "10",
            "-",
            "-",
            "7",
            "\"an element longer than twelve bytes\"",
            r#"{"x":[1,2]}"#,
            "\"short\"",
            r#"{"a":1}"#,
            r#"{"b":[2]}"#,
        ];
        assert_eq!(items[0], expected);
        let operator = MvExpand { bag_as_array: true, ..operator };
        assert_eq!(expand(&operator, &[column(&texts[6..])]).1[0], [r#"["a",1]"#, r#"["b",[2]]"#]);
    }

    #[test]
    fn columns_side_by_side_and_limits() {
        let operator = MvExpand { types: vec![KqlType::Dynamic, KqlType::Int], bag_as_array: false, limit: None };
        let columns = [
            column(&[Some(r#"{"p":"a","q":"b"}"#), Some("[]"), Some("[1]")]),
            column(&[Some("[5,4,3]"), Some("[]"), None]),
        ];
        let (rows, items) = expand(&operator, &columns);
        assert_eq!(rows, [0, 0, 0, 2]);
        assert_eq!(items, [vec![r#"{"p":"a"}"#, r#"{"q":"b"}"#, "-", "1"], vec!["5", "4", "3", "-"]]);
        let limited = MvExpand { limit: Some(2), ..operator.clone() };
        assert_eq!(expand(&limited, &columns).0, [0, 0, 2]);
        let expanded = operator.expand(&columns, 0, 1).expect("dynamic columns");
        assert_eq!((expanded.next, expanded.index.values().to_vec()), (1, vec![0, 1, 2]));
        let rest = operator.expand(&columns, 1, 10).expect("dynamic columns");
        assert_eq!((rest.next, rest.rows.values().to_vec()), (3, vec![2]));
    }

    #[test]
    fn types_are_cast_not_converted() {
        let json =
            r#"[1,2.5,"3","x",true,"2020-01-01T00:00:00Z","01:00:00","74BE27DE-1E4E-49D9-B579-FE0B331D3642",[1]]"#;
        let cases = [
            (KqlType::Long, "1 2 - - - - - - -"),
            (KqlType::Int, "1 2 - - - - - - -"),
            (KqlType::Real, "1.0 2.5 - - - - - - -"),
            (KqlType::Decimal, "1 2.5 3 - - - - - -"),
            (KqlType::Bool, "- - - - True - - - -"),
            (KqlType::Datetime, "- - - - - 2020-01-01T00:00:00.0000000Z - - -"),
            (KqlType::Timespan, "- - - - - - 01:00:00 - -"),
            (KqlType::Guid, "- - - - - - - 74be27de-1e4e-49d9-b579-fe0b331d3642 -"),
            (KqlType::String, "1 2.5 3 x true 2020-01-01T00:00:00Z 01:00:00 74BE27DE-1E4E-49D9-B579-FE0B331D3642 [1]"),
        ];
        for (ktype, expected) in cases {
            let operator = MvExpand { types: vec![ktype], bag_as_array: false, limit: None };
            assert_eq!(expand(&operator, &[column(&[Some(json)])]).1[0].join(" "), expected, "{ktype}");
        }
    }
}
