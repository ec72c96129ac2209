//! A mapping over the columns of a table, and what it puts into a row.

use crate::mapping::{Mapping, MappingError, Source, Transform};
use arrow::error::ArrowError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use files::RowBuilder;
use kql_functions::scalar::json_path::Step;
use schema::Column;
use schema::dynamic::{raw, write_json_string};
use schema::ticks;
use std::borrow::Cow;

/// What goes into which column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    targets: Vec<Target>,
    /// Where the data came from, for who asks for that.
    location: String,
}

#[derive(Debug, Clone)]
struct Target {
    /// The place among the table's columns.
    column: usize,
    source: Source,
    transform: Option<Transform>,
    /// Of a bag, the members that go into columns of their own.
    dropped: Vec<Vec<Step>>,
}

impl Plan {
    /// Resolves a mapping.
    pub fn of_mapping(mapping: Mapping, columns: &[Column], location: &str) -> Result<Plan, MappingError> {
        let paths: Vec<Vec<Step>> = mapping
            .elements
            .iter()
            .filter_map(|element| match &element.source {
                Source::Path(steps) => Some(steps.clone()),
                _ => None,
            })
            .collect();
        let mut targets = Vec::with_capacity(mapping.elements.len());
        for element in mapping.elements {
            let column = columns.iter().position(|column| column.name == element.column);
            let column = column.ok_or(MappingError::UnknownColumn { column: element.column })?;
            let dropped = match (&element.source, element.transform) {
                (Source::Path(own), Some(Transform::DropMappedFields)) => {
                    let inner = paths.iter().filter_map(|path| path.strip_prefix(own.as_slice()));
                    inner.filter(|rest| !rest.is_empty()).map(<[Step]>::to_vec).collect()
                }
                _ => Vec::new(),
            };
            targets.push(Target { column, source: element.source, transform: element.transform, dropped });
        }
        Ok(Plan { targets, location: location.to_string() })
    }

    /// Makes the plan of data without a mapping whose cells have an order: the columns in the order in which they are given.
    pub fn by_order(places: &[usize]) -> Plan {
        let target = |(ordinal, column): (usize, &usize)| Target {
            column: *column,
            source: Source::Ordinal(ordinal),
            transform: None,
            dropped: Vec::new(),
        };
        Plan { targets: places.iter().enumerate().map(target).collect(), location: String::new() }
    }

    /// Makes the plan of data without a mapping whose cells have names: each goes into the column of its name.
    pub fn by_name(columns: &[Column]) -> Plan {
        let target = |(place, column): (usize, &Column)| Target {
            column: place,
            source: Source::Path(vec![Step::Name(column.name.clone())]),
            transform: None,
            dropped: Vec::new(),
        };
        Plan { targets: columns.iter().enumerate().map(target).collect(), location: String::new() }
    }

    /// Returns how many cells a record may have.
    pub fn n_cells(&self) -> usize {
        self.targets.len()
    }

    /// Returns the names of members of a record whose bytes are asked for.
    pub fn names_of_bytes(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().filter_map(|target| match (&target.source, target.transform) {
            (Source::Path(steps), Some(Transform::BytesAsBase64)) => match steps.as_slice() {
                [Step::Name(name)] => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        })
    }

    /// Puts a record whose cells have an order.
    pub fn put_cells<'c>(
        &self,
        rows: &mut RowBuilder,
        cell: impl Fn(usize) -> Option<&'c str>,
    ) -> Result<(), ArrowError> {
        self.put(rows, |source| match source {
            Source::Ordinal(ordinal) => cell(*ordinal),
            _ => None,
        })
    }

    /// Puts a record whose cells have names.
    pub fn put_named<'c>(
        &self,
        rows: &mut RowBuilder,
        cell: impl Fn(&str) -> Option<&'c str>,
    ) -> Result<(), ArrowError> {
        self.put(rows, |source| match source {
            Source::Path(steps) => match steps.as_slice() {
                [Step::Name(name)] => cell(name),
                _ => None,
            },
            _ => None,
        })
    }

    fn put<'c>(&self, rows: &mut RowBuilder, cell: impl Fn(&Source) -> Option<&'c str>) -> Result<(), ArrowError> {
        for target in &self.targets {
            if self.put_known(rows, target)? {
                continue;
            }
            if let Some(cell) = cell(&target.source) {
                match target.transform.and_then(|transform| unix_time(transform, cell.trim())) {
                    Some(time) => rows.text(target.column, &time)?,
                    None => rows.text(target.column, cell)?,
                }
            }
        }
        Ok(())
    }

    /// Puts a record that is a JSON object.
    pub fn put_object(&self, rows: &mut RowBuilder, json: &str) -> Result<(), ArrowError> {
        for target in &self.targets {
            if self.put_known(rows, target)? {
                continue;
            }
            let Source::Path(steps) = &target.source else { continue };
            let Some(found) = follow(json, steps) else { continue };
            let value = match target.transform {
                None => Some(Cow::Borrowed(found)),
                Some(transform) => transformed(transform, found, &target.dropped),
            };
            if let Some(value) = value {
                rows.json(target.column, &value)?;
            }
        }
        Ok(())
    }

    /// Puts what does not depend on the record's text, and returns whether that was it.
    fn put_known(&self, rows: &mut RowBuilder, target: &Target) -> Result<bool, ArrowError> {
        match (&target.source, target.transform) {
            (_, Some(Transform::SourceLocation)) => rows.text(target.column, &self.location)?,
            (_, Some(Transform::SourceLineNumber)) => {
                let line = rows.n_records() + 1;
                rows.text(target.column, &line.to_string())?;
            }
            (Source::Constant(text), _) => rows.text(target.column, text)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Returns the part of a JSON text that a path leads to.
fn follow<'j>(json: &'j str, steps: &[Step]) -> Option<&'j str> {
    steps.iter().try_fold(json, |json, step| match step {
        Step::Name(name) => raw::member(json, name),
        Step::Index(index) => raw::element(json, i64::try_from(*index).ok()?),
    })
}

/// Returns what a transformation makes of a JSON value; `None` for nothing.
fn transformed<'j>(transform: Transform, json: &'j str, dropped: &[Vec<Step>]) -> Option<Cow<'j, str>> {
    match transform {
        Transform::PropertyBagArrayToDictionary if raw::kind(json) == raw::Kind::Array => {
            let members: Vec<String> = raw::items(json)
                .flat_map(|bag| raw::members(bag).map(|(name, value)| format!("\"{name}\":{value}")))
                .collect();
            Some(Cow::Owned(format!("{{{}}}", members.join(","))))
        }
        Transform::DropMappedFields => {
            let dropped: Vec<&[Step]> = dropped.iter().map(Vec::as_slice).collect();
            Some(Cow::Owned(without(json, &dropped)))
        }
        Transform::BytesAsBase64 => {
            let bytes: Option<Vec<u8>> = match raw::kind(json) {
                raw::Kind::Array => raw::items(json).map(|byte| byte.trim().parse().ok()).collect(),
                _ => None,
            };
            let mut out = String::new();
            write_json_string(&mut out, &STANDARD.encode(bytes?));
            Some(Cow::Owned(out))
        }
        _ => match unix_time(transform, &raw::text(json)) {
            Some(time) => Some(Cow::Owned(format!("\"{time}\""))),
            None => Some(Cow::Borrowed(json)),
        },
    }
}

/// Writes a JSON value without the members that paths lead to. Paths through arrays leave everything.
fn without(json: &str, paths: &[&[Step]]) -> String {
    if raw::kind(json) != raw::Kind::Bag || paths.is_empty() {
        return json.to_string();
    }
    let mut kept = Vec::new();
    for (name, value) in raw::members(json) {
        let plain = raw::string(&format!("\"{name}\"")).unwrap_or_default().into_owned();
        let is_own = |path: &&&[Step]| path.first() == Some(&Step::Name(plain.clone()));
        let inner: Vec<&[Step]> = paths.iter().filter(is_own).filter_map(|path| path.get(1..)).collect();
        if !inner.iter().any(|rest| rest.is_empty()) {
            kept.push(format!("\"{name}\":{}", without(value, &inner)));
        }
    }
    format!("{{{}}}", kept.join(","))
}

/// Returns the time that a number of units since 1970 means; `None` when it is none, or out of the range of times.
fn unix_time(transform: Transform, text: &str) -> Option<String> {
    let unit_nanos: i128 = match transform {
        Transform::DateTimeFromUnixSeconds => 1_000_000_000,
        Transform::DateTimeFromUnixMilliseconds => 1_000_000,
        Transform::DateTimeFromUnixMicroseconds => 1_000,
        Transform::DateTimeFromUnixNanoseconds => 1,
        _ => return None,
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |text: &str| !text.is_empty() && text.len() <= 25 && text.bytes().all(|byte| byte.is_ascii_digit());
    let nanos = if is_number(whole) && is_number(fraction) {
        let nine: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let fraction: i128 = nine.parse().ok()?;
        whole.parse::<i128>().ok()?.checked_mul(unit_nanos)? + fraction * unit_nanos / 1_000_000_000
    } else {
        // A number with an exponent, as some writers put large ones.
        let real: f64 = digits.parse().ok().filter(|real: &f64| real.is_finite() && real.abs() < 1e30)?;
        (real * unit_nanos as f64) as i128
    };
    let since = i64::try_from((nanos * sign).div_euclid(100)).ok()?;
    ticks::in_range(ticks::UNIX_EPOCH.checked_add(since)?).map(ticks::datetime_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::MappingKind;
    use Transform::*;

    #[test]
    fn numbers_since_1970_become_times() {
        let cases = [
            (DateTimeFromUnixSeconds, "0", Some("1970-01-01T00:00:00.0000000Z")),
            (DateTimeFromUnixSeconds, "1700000000.1234567", Some("2023-11-14T22:13:20.1234567Z")),
            (DateTimeFromUnixSeconds, "1.7e9", Some("2023-11-14T22:13:20.0000000Z")),
            (DateTimeFromUnixSeconds, "-1", Some("1969-12-31T23:59:59.0000000Z")),
            (DateTimeFromUnixMilliseconds, "1700000000123", Some("2023-11-14T22:13:20.1230000Z")),
            (DateTimeFromUnixMicroseconds, "1700000000123456", Some("2023-11-14T22:13:20.1234560Z")),
            (DateTimeFromUnixNanoseconds, "1700000000123456789", Some("2023-11-14T22:13:20.1234567Z")),
            (DateTimeFromUnixSeconds, "99999999999999999999999999", None),
            (DateTimeFromUnixSeconds, "1e300", None),
            (DateTimeFromUnixSeconds, "", None),
            (DateTimeFromUnixSeconds, "soon", None),
            (SourceLocation, "0", None),
        ];
        for (transform, text, expected) in cases {
            assert_eq!(unix_time(transform, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn values_are_transformed() {
        let made = |transform, json| transformed(transform, json, &[]).map(Cow::into_owned);
        let bags = r#"[{"n1":"v1"},{"n2":[1]}]"#;
        assert_eq!(made(PropertyBagArrayToDictionary, bags).as_deref(), Some(r#"{"n1":"v1","n2":[1]}"#));
        assert_eq!(made(PropertyBagArrayToDictionary, "1").as_deref(), Some("1"));
        assert_eq!(made(BytesAsBase64, "[227,131, 34]").as_deref(), Some("\"44Mi\""));
        assert_eq!(made(BytesAsBase64, "[256]"), None);
        assert_eq!(made(BytesAsBase64, "\"x\""), None);
    }

    #[test]
    fn mapped_members_are_dropped() {
        let columns: Vec<Column> = ["A", "B", "Rest"].map(|name| Column::new(name, schema::KqlType::Dynamic)).to_vec();
        let text = r#"[{"column":"A","path":"$.p.a"},{"column":"B","path":"$.p.q.b"},
                       {"column":"Rest","path":"$.p","transform":"DropMappedFields"}]"#;
        let mapping = Mapping::parse(MappingKind::Json, text).unwrap();
        let plan = Plan::of_mapping(mapping, &columns, "").unwrap();
        let mut rows = RowBuilder::new(&columns, 1000);
        let body = br#"{"p":{"a":1,"q":{"b":2,"c":3},"d":4}}"#;
        rows.read_objects(body, |rows, json| plan.put_object(rows, json)).unwrap();
        let records = rows.finish().unwrap();
        let text = |at: usize| arrow::array::AsArray::as_string_view(records.batch.column(at)).value(0).to_string();
        assert_eq!([text(0), text(1), text(2)], ["1", "2", r#"{"q":{"c":3},"d":4}"#]);
    }
}
