//! Rows of OfficeActivity and DataverseActivity as audit records again: the way back from what `sources` makes of them.
//!
//! # Source
//! "Office 365 Management Activity API schema", the common schema and those of the services.

use serde_json::{Map, Value, json};
use sources::office::{DATAVERSE_COLUMNS, LOGON_TYPES, OFFICE_COLUMNS, USER_TYPES, place_of, record_type_number};

use crate::row::{BAG, Row, structured, time_without_zone};

/// A table of audit records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Office,
    Dataverse,
}

/// The number of Dataverse's records, and what it calls itself in them.
const CRM: (u16, &str) = (21, "CRM");
/// The organization of a record that names none.
const NO_ORGANIZATION: &str = "00000000-0000-0000-0000-000000000000";

/// Columns of the table's own, of which no member comes.
const OWN: &[&str] = &[
    "TimeGenerated",
    "SourceSystem",
    "Type",
    "TenantId",
    "OfficeId",
    "SourceRecordId",
    "OfficeTenantId",
    "RecordType",
    "UserType",
    "Logon_Type",
    "LogEntry_",
    "LogPosition_",
    "At_",
    BAG,
];
/// Columns of text whose members are lists or objects.
const STRUCTURED: &[&str] = &[
    "Actor",
    "AADTarget",
    "AffectedItems",
    "DestFolder",
    "ExtendedProperties",
    "Folder",
    "Folders",
    "Item",
    "ModifiedProperties",
    "Parameters",
];
/// Columns of text whose members are numbers or truth values.
const PLAIN: &[&str] = &["AzureActiveDirectory_EventType", "ExternalAccess", "AddOnType"];
/// What stands behind a member's name in the bag when its value did not fit its column.
const SUFFIXES: &[&str] = &["_string", "_real", "_bool", "_dynamic", "_original"];

impl Source {
    /// Returns the table.
    pub fn table(self) -> &'static str {
        match self {
            Source::Office => "OfficeActivity",
            Source::Dataverse => "DataverseActivity",
        }
    }

    /// Returns the query for its rows, with where in the log they are and all that is in them.
    pub fn rows(self) -> String {
        format!("{} | extend {PLACES}", self.table())
    }

    fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Source::Office => OFFICE_COLUMNS,
            Source::Dataverse => DATAVERSE_COLUMNS,
        }
    }

    fn id_column(self) -> &'static str {
        match self {
            Source::Office => "OfficeId",
            Source::Dataverse => "SourceRecordId",
        }
    }
}

/// What gives every row of a query its place in the log and its bag, also where the table has no rows yet.
pub(crate) const PLACES: &str = "LogEntry_ = column_ifexists(\"_LogEntry\", long(-1)), \
     LogPosition_ = column_ifexists(\"_LogPosition\", long(-1)), \
     AdditionalFields = column_ifexists(\"AdditionalFields\", dynamic({}))";

/// Returns a row as the audit record that it was.
pub(crate) fn audit_record(row: &Row, source: Source) -> Map<String, Value> {
    let mut bag = row.bag();
    let mut record = Map::new();
    let member = |name: &str| {
        source.columns().iter().find(|(of, _)| *of == name).map_or(name.to_string(), |(_, column)| column.to_string())
    };
    let id = row.text(source.id_column()).or_else(|| row.text("SourceRecordId"));
    record.insert("Id".to_string(), json!(id.unwrap_or_default()));
    record.insert("RecordType".to_string(), record_type(row, &mut bag, source));
    record.insert(
        "CreationTime".to_string(),
        json!(row.time("TimeGenerated").map(time_without_zone).unwrap_or_default()),
    );
    record.insert("Operation".to_string(), json!(row.text("Operation").unwrap_or_default()));
    let organization = row.text("OrganizationId").or_else(|| row.text("OfficeTenantId"));
    record.insert("OrganizationId".to_string(), json!(organization.unwrap_or_else(|| NO_ORGANIZATION.to_string())));
    let user_type = row.text("UserType").and_then(|name| place_of(&USER_TYPES, &name)).unwrap_or(0);
    record.insert("UserType".to_string(), json!(user_type));
    record.insert("UserKey".to_string(), json!(row.text("UserKey").unwrap_or_default()));
    let own_workload = bag.remove("Workload").and_then(|workload| workload.as_str().map(str::to_string));
    let workload = row.text(&member("Workload")).or(own_workload);
    let default = if source == Source::Dataverse { CRM.1 } else { "" };
    record.insert("Workload".to_string(), json!(workload.unwrap_or_else(|| default.to_string())));
    record.insert("UserId".to_string(), json!(row.text("UserId").unwrap_or_default()));
    if let Some(logon) = row.text("Logon_Type") {
        record.insert("LogonType".to_string(), place_of(&LOGON_TYPES, &logon).map_or(json!(logon), |at| json!(at)));
    }
    for (column, value) in &row.0 {
        let column = column.as_str();
        if OWN.contains(&column) || (column.starts_with('_') && row.0.contains_key(column)) {
            continue;
        }
        let name = name_of(source, column);
        if record.contains_key(name) || row.get(column).is_none() {
            continue;
        }
        record.insert(name.to_string(), member_value(column, value));
    }
    for (name, value) in bag {
        let fitted = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).map(|column| name_of(source, column));
        let fitted = fitted.filter(|name| !record.contains_key(*name)).map(str::to_string);
        // What Graph says of the form of a record is no part of it.
        if !name.starts_with('@') {
            record.entry(fitted.unwrap_or(name)).or_insert(value);
        }
    }
    record
}

fn record_type(row: &Row, bag: &mut Map<String, Value>, source: Source) -> Value {
    let own = bag.remove("RecordType").and_then(|own| own.as_i64());
    let named = row.text("RecordType").and_then(|name| record_type_number(&name)).map(i64::from);
    let default = if source == Source::Dataverse { i64::from(CRM.0) } else { 0 };
    json!(named.or(own).unwrap_or(default))
}

/// Returns the member that a column holds.
fn name_of(source: Source, column: &str) -> &str {
    // Of the two spellings the one that records have.
    if column == "IntraSystemId" {
        return column;
    }
    source.columns().iter().find(|(_, of)| *of == column).map_or(column, |(name, _)| name)
}

fn member_value(column: &str, value: &Value) -> Value {
    if STRUCTURED.contains(&column) {
        return structured(value);
    }
    let Some(text) = value.as_str() else { return value.clone() };
    if PLAIN.contains(&column) {
        return match text {
            _ if text.eq_ignore_ascii_case("true") => json!(true),
            _ if text.eq_ignore_ascii_case("false") => json!(false),
            _ => text.parse::<i64>().map_or_else(|_| value.clone(), |number| json!(number)),
        };
    }
    match is_time(column).then(|| schema::ticks::parse_datetime(text)).flatten() {
        Some(instant) => json!(time_without_zone(instant)),
        None => value.clone(),
    }
}

/// Returns whether the table has times in a column.
fn is_time(column: &str) -> bool {
    let table = schema::tables::builtin("OfficeActivity");
    let column = table.and_then(|table| table.columns.iter().find(|of| of.name == column));
    column.is_some_and(|column| column.ktype == schema::KqlType::Datetime)
}
