//! The frames of a v2 answer, read as they come: nothing but the batch under way is held.
//!
//! # Source
//! Kusto reference, "Query V2 HTTP response".

use super::cells::Rows;
use super::refusal::WireError;
use crate::show::Piece;
use encode::Visualization;
use schema::{Column, KqlType};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt::{Formatter, Result as FmtResult};

/// What an answer holds, in order.
pub enum Event {
    /// What `render` asked for; before the first table.
    Visualization(Visualization),
    Piece(Piece),
    /// The query failed after its first rows.
    Failed(String),
    /// The answer is whole.
    End,
}

/// Takes events; `false` when nobody wants more.
pub type Take<'a> = dyn FnMut(Event) -> bool + 'a;

/// Reads an answer to its end.
///
/// # Errors
/// When it is none, breaks off, or nobody wants more.
pub fn read(reader: impl std::io::Read, take: &mut Take<'_>) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_reader(reader);
    let mut ended = false;
    Frames { take, ended: &mut ended }.deserialize(&mut json)?;
    json.end()?;
    if ended { Ok(()) } else { Err(serde_json::Error::custom("the answer ends without its last frame")) }
}

/// The array of all frames.
struct Frames<'a, 'b> {
    take: &'a mut Take<'b>,
    ended: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Frames<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Frames<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str("an array of frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut frames: A) -> Result<(), A::Error> {
        while frames.next_element_seed(FrameSeed { take: self.take, ended: self.ended })?.is_some() {}
        Ok(())
    }
}

/// One frame.
struct FrameSeed<'a, 'b> {
    take: &'a mut Take<'b>,
    ended: &'a mut bool,
}

#[derive(Deserialize)]
struct WireColumn {
    #[serde(rename = "ColumnName")]
    name: String,
    #[serde(rename = "ColumnType")]
    ktype: String,
}

#[derive(Deserialize)]
struct WireFailure {
    error: WireError,
}

impl<'de> DeserializeSeed<'de> for FrameSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FrameSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str("a frame")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut frame, mut kind, mut name) = (String::new(), String::new(), String::new());
        let mut columns: Vec<Column> = Vec::new();
        let (mut has_errors, mut failures) = (false, Vec::<WireFailure>::new());
        while let Some(key) = members.next_key::<String>()? {
            match key.as_str() {
                "FrameType" => frame = members.next_value()?,
                "TableKind" => kind = members.next_value()?,
                "TableName" => name = members.next_value()?,
                "Columns" => columns = read_columns(members.next_value()?).map_err(A::Error::custom)?,
                "Rows" if frame == "DataTable" && kind == "PrimaryResult" => {
                    let table = Piece::Table { name: std::mem::take(&mut name), columns: columns.clone() };
                    give(self.take, Event::Piece(table))?;
                    members
                        .next_value_seed(RowsSeed { take: self.take, rows: Rows::new(std::mem::take(&mut columns)) })?;
                    give(self.take, Event::Piece(Piece::EndOfTable))?;
                }
                "Rows" if kind == "QueryProperties" => {
                    let rows: Vec<Vec<serde_json::Value>> = members.next_value()?;
                    if let Some(visualization) = rows.iter().find_map(|row| visualization(row)) {
                        give(self.take, Event::Visualization(visualization))?;
                    }
                }
                "HasErrors" => has_errors = members.next_value()?,
                "OneApiErrors" => failures = members.next_value()?,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        match frame.as_str() {
            "TableHeader" | "TableFragment" => {
                Err(A::Error::custom("the answer is progressive, which was not asked for"))
            }
            "DataSetCompletion" => {
                *self.ended = true;
                let texts: Vec<&str> = failures.iter().map(|failure| failure.error.text()).collect();
                match has_errors {
                    true if texts.is_empty() => give(self.take, Event::Failed("the query failed".to_string())),
                    true => give(self.take, Event::Failed(texts.join("; "))),
                    false => give(self.take, Event::End),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Hands an event on.
fn give<E: Error>(take: &mut Take<'_>, event: Event) -> Result<(), E> {
    if take(event) { Ok(()) } else { Err(E::custom("nobody reads on")) }
}

fn read_columns(columns: Vec<WireColumn>) -> Result<Vec<Column>, String> {
    let column = |column: WireColumn| match KqlType::from_name(&column.ktype) {
        Some(ktype) => Ok(Column::new(column.name, ktype)),
        None => Err(format!("the column `{}` has the type `{}`, which is none", column.name, column.ktype)),
    };
    columns.into_iter().map(column).collect()
}

/// Returns what a row of the properties says about `render`; `None` when it says nothing.
fn visualization(row: &[serde_json::Value]) -> Option<Visualization> {
    let [_, key, value] = row else { return None };
    if key.as_str() != Some("Visualization") {
        return None;
    }
    let parsed: serde_json::Value = serde_json::from_str(value.as_str()?).ok()?;
    let chart = parsed.get("Visualization")?.as_str().filter(|chart| !chart.is_empty())?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let members = parsed.as_object()?.iter();
    let properties: Vec<_> = members.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
    Some(Visualization::new(chart, &properties))
}

/// The rows of a table.
struct RowsSeed<'a, 'b> {
    take: &'a mut Take<'b>,
    rows: Rows,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<Box<RawValue>>()? {
            // An object among the rows is a failure, which the last frame tells of again.
            if row.get().starts_with('{') {
                continue;
            }
            if let Some(batch) = self.rows.add(row.get()).map_err(A::Error::custom)? {
                give(self.take, Event::Piece(Piece::Batch(batch)))?;
            }
        }
        match self.rows.batch().map_err(A::Error::custom)? {
            Some(batch) => give(self.take, Event::Piece(Piece::Batch(batch))),
            None => Ok(()),
        }
    }
}
