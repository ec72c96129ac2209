//! Columns of tables that nobody described: a field's column has the field's name, and the type of what is in it.
//!
//! All records of a request together decide on a new column: the narrowest of bool, long, real and string that says all of its values
//! exactly, and dynamic where an object or array is among them. A column keeps its type. One of text takes everything as its text, a
//! dynamic one everything as it is; what else fits no column, or can have none, goes to the record's `AdditionalFields` under the field's
//! name. So nothing gets lost, and no number is rounded.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use extents::BAG_COLUMN;
use schema::dynamic::raw::{self, Kind};
use schema::dynamic::write_json_string;
use schema::{Column, KqlType, ticks};

use crate::suffix::{COLUMNS_MAX, guid, is_column_name};

/// A record's fields in their order: names, and values as JSON.
pub type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Records in columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plain {
    /// One JSON object for each record.
    pub lines: Vec<String>,
    /// Columns that the table needs and does not have.
    pub new_columns: Vec<Column>,
}

/// Puts records into the columns of a table that has some already, and says which it needs besides.
pub fn plain(records: &[Fields<'_>], known: &[Column]) -> Plain {
    let mut types: HashMap<&str, KqlType> = known.iter().map(|column| (column.name.as_str(), column.ktype)).collect();
    let mut new_columns = Vec::new();
    for (name, ktype) in survey(records, &types) {
        if types.len() < COLUMNS_MAX {
            types.insert(name, ktype);
            new_columns.push(Column::new(name, ktype));
        }
    }
    Plain { lines: records.iter().map(|fields| line(fields, &types)).collect(), new_columns }
}

/// Returns the columns that fields without one should have, in the order in which they come.
fn survey<'f>(records: &'f [Fields<'_>], known: &HashMap<&str, KqlType>) -> Vec<(&'f str, KqlType)> {
    let mut found: Vec<(&str, KqlType)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in records.iter().flatten() {
        let (name, value) = (name.as_ref(), value.as_ref());
        if known.contains_key(name) || name == BAG_COLUMN || !is_column_name(name) {
            continue;
        }
        let Some(ktype) = type_of(value) else { continue };
        match places.get(name).and_then(|place| found.get_mut(*place)) {
            Some((_, before)) => *before = both(*before, ktype),
            None => {
                places.insert(name, found.len());
                found.push((name, ktype));
            }
        }
    }
    found
}

/// Returns the narrowest type that says a value exactly; `None` for null, which says nothing.
fn type_of(value: &str) -> Option<KqlType> {
    Some(match raw::kind(value) {
        Kind::Null => return None,
        Kind::Bool => KqlType::Bool,
        Kind::String => KqlType::String,
        Kind::Array | Kind::Bag => KqlType::Dynamic,
        Kind::Number if value.trim().parse::<i64>().is_ok() => KqlType::Long,
        Kind::Number if is_exact(value) => KqlType::Real,
        Kind::Number => KqlType::String,
    })
}

/// Returns the narrowest type that says what either says.
fn both(a: KqlType, b: KqlType) -> KqlType {
    match (a, b) {
        (a, b) if a == b => a,
        (KqlType::Dynamic, _) | (_, KqlType::Dynamic) => KqlType::Dynamic,
        (KqlType::Long, KqlType::Real) | (KqlType::Real, KqlType::Long) => KqlType::Real,
        _ => KqlType::String,
    }
}

/// Writes a record in its columns.
fn line(fields: &Fields<'_>, types: &HashMap<&str, KqlType>) -> String {
    let (mut line, mut bag) = (String::from("{"), String::from("{"));
    let mut taken: HashSet<&str> = HashSet::new();
    for (name, value) in fields {
        let column = types.get(name.as_ref()).filter(|_| name.as_ref() != BAG_COLUMN && !taken.contains(name.as_ref()));
        match column.and_then(|ktype| fit(value, *ktype)) {
            Some(value) => {
                taken.insert(name);
                push_member(&mut line, name, &value);
            }
            None if raw::kind(value) == Kind::Null => {}
            None => push_member(&mut bag, name, value),
        }
    }
    if bag.len() > 1 {
        bag.push('}');
        push_member(&mut line, BAG_COLUMN, &bag);
    }
    line.push('}');
    line
}

/// Adds a member to the text of an object that is open.
pub fn push_member(object: &mut String, name: &str, value: &str) {
    if object.len() > 1 {
        object.push(',');
    }
    write_json_string(object, name);
    object.push(':');
    object.push_str(value);
}

/// Returns a value as a column of a type takes it; `None` when it says something else there, or nothing.
fn fit(value: &str, ktype: KqlType) -> Option<Cow<'_, str>> {
    let kind = raw::kind(value);
    let text = || raw::string(value).unwrap_or_default();
    let fits = match ktype {
        _ if kind == Kind::Null => false,
        KqlType::Dynamic => true,
        KqlType::String if kind == Kind::String => true,
        KqlType::String => {
            let mut quoted = String::new();
            write_json_string(&mut quoted, value.trim());
            return Some(Cow::Owned(quoted));
        }
        KqlType::Bool => kind == Kind::Bool,
        KqlType::Int => value.trim().parse::<i32>().is_ok(),
        KqlType::Long => value.trim().parse::<i64>().is_ok(),
        KqlType::Real => kind == Kind::Number && is_exact(value),
        KqlType::Datetime => kind == Kind::String && ticks::parse_datetime(&text()).is_some(),
        KqlType::Timespan => kind == Kind::String && ticks::parse_timespan(&text()).is_some(),
        KqlType::Guid => kind == Kind::String && guid(&text()).is_some(),
        _ => false,
    };
    fits.then_some(Cow::Borrowed(value))
}

/// Returns whether a double says a number exactly: whether its shortest text has the number's digits.
fn is_exact(number: &str) -> bool {
    let number = number.trim();
    let read = number.parse::<f64>().ok().filter(|read| read.is_finite());
    read.is_some_and(|read| digits(number) == digits(&format!("{read:e}")))
}

/// Returns a number's digits without those that say nothing, and the place of its first one. Zero has none.
fn digits(number: &str) -> Option<(bool, String, i64)> {
    let (number, is_negative) = number.strip_prefix('-').map_or((number, false), |number| (number, true));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let told = all.trim_matches('0').to_string();
    let place = exponent.checked_add(i64::try_from(whole.len()).ok()?)?.checked_sub(i64::try_from(leading).ok()?)?;
    // A negative zero is not the same text as zero, and means the same.
    Some(if told.is_empty() { (false, told, 0) } else { (is_negative, told, place) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Rng;

    fn fields(record: &str) -> Fields<'_> {
        let name = |name: &str| raw::string(&format!("\"{name}\"")).unwrap_or_default().into_owned();
        raw::members(record).map(|(key, value)| (Cow::Owned(name(key)), Cow::Borrowed(value))).collect()
    }

    fn run(records: &[&str], known: &[Column]) -> (Vec<String>, String) {
        let records: Vec<Fields<'_>> = records.iter().map(|record| fields(record)).collect();
        let Plain { lines, new_columns } = plain(&records, known);
        let columns = new_columns.iter().map(|column| format!("{}:{}", column.name, column.ktype));
        (lines, columns.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn all_values_together_decide_on_a_column() {
        let cases = [
            (vec![r#"{"a":1,"b":true,"c":"x","d":[1],"e":1.5,"f":null}"#], "a:long b:bool c:string d:dynamic e:real"),
            (vec![r#"{"a":1}"#, r#"{"a":1.5}"#], "a:real"),
            (vec![r#"{"a":1}"#, r#"{"a":"x"}"#], "a:string"),
            (vec![r#"{"a":true}"#, r#"{"a":1}"#], "a:string"),
            (vec![r#"{"a":"x"}"#, r#"{"a":{"b":1}}"#], "a:dynamic"),
            (vec![r#"{"a":12345678901234567890}"#], "a:string"),
            (
                vec![r#"{"a":0.1,"b":1e400,"c":0.30000000000000004,"d":0.1234567890123456789}"#],
                "a:real b:string c:real d:string",
            ),
            (vec![r#"{"a b":1,"9":2,"AdditionalFields":3}"#], ""),
        ];
        for (records, columns) in cases {
            assert_eq!(run(&records, &[]).1, columns, "{records:?}");
        }
    }

    #[test]
    fn what_does_not_fit_its_column_is_kept_beside() {
        let known =
            [Column::new("N", KqlType::Long), Column::new("S", KqlType::String), Column::new("D", KqlType::Datetime)];
        let records = [
            r#"{"N":"7","S":7,"D":"yesterday"}"#,
            r#"{"N":7,"S":{"a":1},"D":"2026-05-31T12:00:00Z","N":8}"#,
            r#"{"N":1.5,"AdditionalFields":{"x":1},"S":null}"#,
        ];
        let (lines, columns) = run(&records, &known);
        assert_eq!(columns, "");
        assert_eq!(
            lines,
            [
                r#"{"S":"7","AdditionalFields":{"N":"7","D":"yesterday"}}"#,
                r#"{"N":7,"S":"{\"a\":1}","D":"2026-05-31T12:00:00Z","AdditionalFields":{"N":8}}"#,
                r#"{"AdditionalFields":{"N":1.5,"AdditionalFields":{"x":1}}}"#,
            ]
        );
    }

    #[test]
    fn every_value_is_in_its_record_once() {
        let mut rng = Rng::from_seed(7);
        let values = [
            "1",
            "-2.5",
            "1e3",
            "true",
            "null",
            "\"x\"",
            "\"2026-05-31T12:00:00Z\"",
            "[1,2]",
            "{\"a\":null}",
            "123456789012345678901",
        ];
        let names = ["a", "b", "c", "a b", "AdditionalFields", "TimeGenerated"];
        let known = [Column::new("TimeGenerated", KqlType::Datetime), Column::new("c", KqlType::Real)];
        for _ in 0..500 {
            let mut records = Vec::new();
            for _ in 0..=rng.below(3) {
                let one = |rng: &mut Rng| {
                    let (name, value) = (names[rng.below(6) as usize], values[rng.below(10) as usize]);
                    (Cow::Borrowed(name), Cow::Borrowed(value))
                };
                records.push((0..rng.below(6)).map(|_| one(&mut rng)).collect::<Fields<'_>>());
            }
            let Plain { lines, new_columns } = plain(&records, &known);
            for (record, line) in records.iter().zip(&lines) {
                assert!(raw::is_valid(line), "{line}");
                let told = record.iter().filter(|(_, value)| value != "null").count();
                let beside = raw::member(line, BAG_COLUMN).map_or(0, |bag| raw::members(bag).count());
                let named = raw::members(line).count() - usize::from(beside > 0);
                assert_eq!(named + beside, told, "{record:?} gives {line}");
            }
            let all: Vec<Column> = known.iter().cloned().chain(new_columns).collect();
            assert_eq!(plain(&records, &all), Plain { lines, new_columns: Vec::new() });
        }
    }
}
