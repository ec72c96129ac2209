//! The scheme of the HTTP Data Collector API: a property's column is named after what is in it.
//!
//! | suffix | type | of |
//! |---|---|---|
//! | `_s` | string | texts; objects and arrays as JSON |
//! | `_b` | bool | truth values |
//! | `_d` | real | numbers |
//! | `_t` | datetime | texts that are moments of ISO 8601 |
//! | `_g` | guid | texts that are guids, with dashes or without |
//!
//! The first record decides. A later value of another kind is converted where that is possible, and else gets a column of its own kind.
//! What can have no column goes to the record's `AdditionalFields`, and nothing gets lost.
//!
//! # Source
//! Azure Monitor documentation, "HTTP Data Collector API", record type and properties, data limits.

use std::collections::BTreeMap;

use extents::BAG_COLUMN;
use schema::{Column, KqlType, ticks};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::cut::begin;

/// Columns of a table at most.
pub(crate) const COLUMNS_MAX: usize = 500;
/// Characters of a column's name at most.
const COLUMN_NAME_MAX: usize = 45;
/// Bytes of a value; of a longer one the beginning is kept.
const VALUE_BYTES_MAX: usize = 32 << 10;
/// How old a record's own time may be; of an older one it is the time when it came.
const AGE_MAX: i64 = 2 * ticks::DAY;
/// Names of properties that are refused, in any case.
const RESERVED: [&str; 3] = ["tenant", "timegenerated", "rawdata"];

/// Kinds of value, in the order in which conversions are tried: whatever else, it is a text.
const KINDS: [(char, KqlType); 5] = [
    ('b', KqlType::Bool),
    ('d', KqlType::Real),
    ('t', KqlType::Datetime),
    ('g', KqlType::Guid),
    ('s', KqlType::String),
];

/// Records whose properties have their columns' names.
#[derive(Debug, Clone, PartialEq)]
pub struct Suffixed {
    /// The records, one a line. An element that is no object stands as it came.
    pub body: Vec<u8>,
    /// Columns that the table needs and does not have.
    pub new_columns: Vec<Column>,
    pub records: usize,
}

/// What is said of the records of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// The property that says when a record was made.
    pub time_field: Option<&'a str>,
    /// The resource that they are about.
    pub resource_id: Option<&'a str>,
}

/// Gives the properties of a body's records the names of their columns, of a table that has columns already. `now` is when they came.
///
/// # Errors
/// What is wrong with the body, for its sender.
pub fn suffixed(body: &[u8], known: &[Column], said: Said<'_>, now: i64) -> Result<Suffixed, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let unreadable = |error: serde_json::Error| format!("the body is no JSON: {error}");
    let records: Vec<&RawValue> = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => serde_json::from_slice(body).map_err(unreadable)?,
        Some(b'{') => vec![serde_json::from_slice(body).map_err(unreadable)?],
        _ => return Err("the body is neither a JSON object nor an array of objects".to_string()),
    };
    let mut naming = Naming::of(known);
    let mut out = Vec::with_capacity(body.len() + body.len() / 4);
    for record in &records {
        match serde_json::from_str::<Map<String, Value>>(record.get()) {
            Ok(record) => out.extend_from_slice(naming.record(record, said, now)?.to_string().as_bytes()),
            Err(_) => out.extend_from_slice(record.get().as_bytes()),
        }
        out.push(b'\n');
    }
    Ok(Suffixed { body: out, new_columns: naming.new_columns, records: records.len() })
}

/// The columns of a table by what they are of.
struct Naming {
    /// The kinds of the columns that each property has.
    kinds: BTreeMap<String, Vec<char>>,
    n_columns: usize,
    new_columns: Vec<Column>,
}

impl Naming {
    fn of(known: &[Column]) -> Naming {
        let mut kinds: BTreeMap<String, Vec<char>> = BTreeMap::new();
        for column in known {
            let Some((property, suffix)) = column.name.rsplit_once('_') else { continue };
            let kind = KINDS.iter().find(|(kind, ktype)| suffix == kind.to_string() && column.ktype == *ktype);
            if let Some((kind, _)) = kind {
                kinds.entry(property.to_string()).or_default().push(*kind);
            }
        }
        Naming { kinds, n_columns: known.len(), new_columns: Vec::new() }
    }

    /// Names the properties of one record.
    fn record(&mut self, record: Map<String, Value>, said: Said<'_>, now: i64) -> Result<Value, String> {
        let mut named = Map::new();
        let mut others = Map::new();
        let mut cuts = Map::new();
        let time = said.time_field.and_then(|field| moment(record.get(field)?.as_str()?));
        let time = time.filter(|time| now.saturating_sub(*time) <= AGE_MAX).unwrap_or(now);
        named.insert("TimeGenerated".to_string(), json!(ticks::datetime_text(time)));
        if let Some(resource) = said.resource_id {
            named.insert("_ResourceId".to_string(), json!(resource));
        }
        for (property, value) in record {
            if RESERVED.contains(&property.to_ascii_lowercase().as_str()) {
                return Err(format!("the property name `{property}` is reserved"));
            }
            if value.is_null() {
                continue;
            }
            match self.place(&property, &value) {
                Some((column, Value::String(text))) if text.len() > VALUE_BYTES_MAX => {
                    cuts.insert(column.clone(), json!(text.len()));
                    named.insert(column, json!(begin(&text, VALUE_BYTES_MAX)));
                }
                Some((column, value)) => {
                    named.insert(column, value);
                }
                None => {
                    others.insert(property, value);
                }
            }
        }
        if !cuts.is_empty() {
            others.insert("_Truncated".to_string(), Value::Object(cuts));
        }
        if !others.is_empty() {
            named.insert(BAG_COLUMN.to_string(), Value::Object(others));
        }
        Ok(Value::Object(named))
    }

    /// Returns the column that a value goes to, and the value as that has it; `None` when it can have none.
    fn place(&mut self, property: &str, value: &Value) -> Option<(String, Value)> {
        let natural = kind_of(value);
        let has = self.kinds.get(property).cloned().unwrap_or_default();
        let order = std::iter::once(natural).chain(KINDS.iter().map(|(kind, _)| *kind));
        for kind in order.filter(|kind| has.contains(kind)) {
            if let Some(converted) = convert(value, kind) {
                return Some((format!("{property}_{kind}"), converted));
            }
        }
        let column = format!("{property}_{natural}");
        if !is_column_name(property) || column.len() > COLUMN_NAME_MAX || self.n_columns >= COLUMNS_MAX {
            return None;
        }
        let converted = convert(value, natural)?;
        let ktype = KINDS.iter().find(|(kind, _)| *kind == natural).map_or(KqlType::String, |(_, ktype)| *ktype);
        self.kinds.entry(property.to_string()).or_default().push(natural);
        self.new_columns.push(Column::new(column.clone(), ktype));
        self.n_columns += 1;
        Some((column, converted))
    }
}

/// Returns whether a property may have a column of its name, which queries write without quotes. The store's own names are not among them.
pub(crate) fn is_column_name(property: &str) -> bool {
    let is_plain = property.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_own = matches!(property, "_batch" | "_pos" | "_LogEntry" | "_LogPosition");
    let begins = property.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && is_plain && !is_own && property.len() <= COLUMN_NAME_MAX
}

/// Returns the kind that a value has by itself.
fn kind_of(value: &Value) -> char {
    match value {
        Value::Bool(_) => 'b',
        Value::Number(_) => 'd',
        Value::String(text) if guid(text).is_some() => 'g',
        Value::String(text) if moment(text).is_some() => 't',
        _ => 's',
    }
}

/// Returns a value as one of a kind; `None` when it is none.
fn convert(value: &Value, kind: char) -> Option<Value> {
    match (kind, value) {
        ('b', Value::Bool(_)) | ('d', Value::Number(_)) => Some(value.clone()),
        ('b', Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(json!(true)),
            "false" => Some(json!(false)),
            _ => None,
        },
        ('d', Value::String(text)) => text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| json!(n)),
        ('t', Value::String(text)) => moment(text).map(|time| json!(ticks::datetime_text(time))),
        ('g', Value::String(text)) => guid(text).map(Value::String),
        ('s', Value::String(_)) => Some(value.clone()),
        ('s', _) => Some(Value::String(value.to_string())),
        _ => None,
    }
}

/// Returns a guid with dashes, of one with or without.
pub fn guid(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let is_whole = match parts.as_slice() {
        [all] => all.len() == 32,
        [a, b, c, d, e] => [a.len(), b.len(), c.len(), d.len(), e.len()] == [8, 4, 4, 4, 12],
        _ => false,
    };
    if !is_whole {
        return None;
    }
    uuid::Uuid::parse_str(text).ok().map(|guid| guid.to_string())
}

/// Reads a moment of ISO 8601 that has a date and a time.
fn moment(text: &str) -> Option<i64> {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let is = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    let has_date =
        (0..4).all(is_digit) && is(4, b'-') && is_digit(5) && is_digit(6) && is(7, b'-') && is_digit(8) && is_digit(9);
    let has_time = is(10, b'T') && is_digit(11) && is_digit(12) && is(13, b':') && is_digit(14) && is_digit(15);
    if has_date && has_time { ticks::parse_datetime(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Rng;

    const NOW: i64 = 639_158_256_000_000_000;

    fn run(body: &str, known: &[Column]) -> (Vec<Value>, Vec<String>) {
        let found = suffixed(body.as_bytes(), known, Said::default(), NOW).unwrap_or_else(|error| panic!("{error}"));
        let lines = String::from_utf8(found.body).unwrap_or_default();
        let records = lines.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect();
        (records, found.new_columns.iter().map(|column| format!("{}:{}", column.name, column.ktype)).collect())
    }

    #[test]
    fn columns_are_named_after_what_is_in_them() {
        let body = r#"[{"T":"hello","N":42,"F":true,"W":"2024-01-02T03:04:05Z","G":"6f3c107227394 61c","H":"6F3C10722739461C8AA73CFC8FF528A8",
            "O":{"a":[1]},"A":[1,2],"Z":null,"D":"2024-01-02"}]"#;
        let (records, columns) = run(body, &[]);
        let expected = [
            "T_s:string",
            "N_d:real",
            "F_b:bool",
            "W_t:datetime",
            "G_s:string",
            "H_g:guid",
            "O_s:string",
            "A_s:string",
            "D_s:string",
        ];
        assert_eq!(columns, expected);
        assert_eq!(records[0]["H_g"], "6f3c1072-2739-461c-8aa7-3cfc8ff528a8");
        assert_eq!((&records[0]["O_s"], &records[0]["A_s"]), (&json!(r#"{"a":[1]}"#), &json!("[1,2]")));
        assert!(records[0].get("Z_s").is_none());
    }

    #[test]
    fn later_values_are_converted_or_get_a_column_of_their_own() {
        let known =
            [Column::new("N_d", KqlType::Real), Column::new("F_b", KqlType::Bool), Column::new("T_s", KqlType::String)];
        let (records, columns) =
            run(r#"[{"N":"3","F":"True","T":7},{"N":"three","F":5,"T":{"a":1}},{"N":"four"},{"F":6}]"#, &known);
        assert_eq!(columns, ["N_s:string", "F_d:real"]);
        assert_eq!(
            (&records[0]["N_d"], &records[0]["F_b"], &records[0]["T_s"]),
            (&json!(3.0), &json!(true), &json!("7"))
        );
        assert_eq!((&records[1]["N_s"], &records[1]["F_d"]), (&json!("three"), &json!(5)));
        assert_eq!((&records[2]["N_s"], &records[3]["F_d"]), (&json!("four"), &json!(6)));
    }

    #[test]
    fn what_can_have_no_column_is_kept_beside() {
        let long = "x".repeat(44);
        let body = json!([{ "a b": 1, long.clone(): 2, "9": 3, "big": "é".repeat(20_000) }]).to_string();
        let (records, columns) = run(&body, &[]);
        assert_eq!(columns, ["big_s:string"]);
        let bag = &records[0][BAG_COLUMN];
        assert_eq!(
            (&bag["a b"], &bag[&long], &bag["9"], &bag["_Truncated"]["big_s"]),
            (&json!(1), &json!(2), &json!(3), &json!(40_000))
        );
        assert_eq!(records[0]["big_s"].as_str().map(str::len), Some(VALUE_BYTES_MAX));
        let many: Vec<Column> = (0..COLUMNS_MAX).map(|i| Column::new(format!("c{i}_s"), KqlType::String)).collect();
        let (records, columns) = run(r#"[{"c1":"x","new":1}]"#, &many);
        assert!(columns.is_empty());
        assert_eq!((&records[0]["c1_s"], &records[0][BAG_COLUMN]["new"]), (&json!("x"), &json!(1)));
        for reserved in ["tenant", "TimeGenerated", "RawData"] {
            assert!(suffixed(json!({ reserved: 1 }).to_string().as_bytes(), &[], Said::default(), NOW).is_err());
        }
    }

    #[test]
    fn a_record_s_own_time_counts_unless_it_is_old() {
        let time = |text: &str| {
            let said = Said { time_field: Some("When"), resource_id: Some("/subscriptions/s") };
            let body = json!({ "When": text }).to_string();
            let found = suffixed(body.as_bytes(), &[], said, NOW).unwrap_or_else(|error| panic!("{error}"));
            let record: Value = serde_json::from_slice(&found.body).unwrap_or(Value::Null);
            assert_eq!(record["_ResourceId"], "/subscriptions/s");
            record["TimeGenerated"].as_str().map(str::to_string).unwrap_or_default()
        };
        let text = |tick: i64| ticks::datetime_text(tick);
        assert_eq!(time(&text(NOW - ticks::DAY)), text(NOW - ticks::DAY));
        for old in [text(NOW - 3 * ticks::DAY), "yesterday".to_string(), String::new()] {
            assert_eq!(time(&old), text(NOW));
        }
    }

    #[test]
    fn nothing_is_lost_and_the_same_records_need_no_further_columns() {
        let mut rng = Rng::from_seed(3);
        for _ in 0..500 {
            let mut record = Map::new();
            for _ in 0..rng.below(6) {
                let name = ["a", "b", "A", "a_s", "x y", "a_d"][rng.below(6) as usize];
                let value = match rng.below(8) {
                    0 => json!(true),
                    1 => json!(rng.below(1000)),
                    2 => json!("2024-01-02T03:04:05Z"),
                    3 => json!("6f3c10722739461c8aa73cfc8ff528a8"),
                    4 => json!({ "n": [rng.below(9)] }),
                    5 => json!("12.5"),
                    6 => json!("FALSE"),
                    _ => json!("text"),
                };
                record.insert(name.to_string(), value);
            }
            let n_values = record.len();
            let body = json!([record, record]).to_string();
            let found = suffixed(body.as_bytes(), &[], Said::default(), NOW).unwrap_or_else(|error| panic!("{error}"));
            let again = suffixed(body.as_bytes(), &found.new_columns, Said::default(), NOW);
            assert!(again.as_ref().is_ok_and(|again| again.new_columns.is_empty()), "{again:?}");
            assert_eq!(again.map(|again| again.body), Ok(found.body.clone()));
            let lines = String::from_utf8(found.body).unwrap_or_default();
            let first: Value = serde_json::from_str(lines.lines().next().unwrap_or_default()).unwrap_or(Value::Null);
            let members = first.as_object().map_or(0, Map::len);
            let beside = first.get(BAG_COLUMN).and_then(Value::as_object).map_or(0, Map::len);
            let n_named = members - 1 - usize::from(beside > 0) + beside;
            assert_eq!(n_named, n_values, "{body} gives {lines}");
        }
    }

    #[test]
    fn guids_are_guids_with_dashes_or_without() {
        let dashed = "6f3c1072-2739-461c-8aa7-3cfc8ff528a8";
        for text in [dashed, "6f3c10722739461c8aa73cfc8ff528a8", "6F3C1072-2739-461C-8AA7-3CFC8FF528A8"] {
            assert_eq!(guid(text).as_deref(), Some(dashed));
        }
        for text in [
            "",
            "6f3c1072",
            "6f3c1072-2739461c-8aa7-3cfc8ff528a8",
            "{6f3c1072-2739-461c-8aa7-3cfc8ff528a8}",
            "zf3c10722739461c8aa73cfc8ff528a8",
        ] {
            assert_eq!(guid(text), None, "{text}");
        }
    }
}
