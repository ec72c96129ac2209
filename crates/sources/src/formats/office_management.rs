//! Records of the Office 365 Management Activity API: as its content gives them (arrays), one a line, or inside what audit searches
//! give (`auditData`, `AuditData`).
//!
//! Dataverse's records (record type 21) land in DataverseActivity, all others in OfficeActivity: members with a column of another
//! name by the lists in `office`, members with a column of their own name there, the rest in the bag.
//!
//! # Source
//! "Office 365 Management Activity API schema"; Microsoft Sentinel's tables OfficeActivity and DataverseActivity.

use crate::columns::Columns;
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::{Object, compact};
use crate::office::{DATAVERSE_COLUMNS, LOGON_TYPES, OFFICE_COLUMNS, record_type_name, user_type_name};
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::dynamic::raw;

pub static SOURCE: Source = Source {
    name: "office_management",
    about: "audit records of Office 365: Exchange, SharePoint, Teams, Dataverse and all others",
    shape: Shape::Json,
    tables: &["OfficeActivity", "DataverseActivity"],
    detect,
    parser: |_| of_objects(&["value"], |record, item, out| out.result(of(record), item)),
};

fn detect(sniff: &Sniff<'_>) -> u8 {
    let Some(first) = sniff.first() else { return 0 };
    if first.has_all(&["RecordType", "CreationTime", "Operation", "OrganizationId", "Workload"]) {
        return 95;
    }
    if first.has_all(&["auditLogRecordType", "auditData"]) || first.has_all(&["AuditData", "RecordType"]) {
        90
    } else {
        0
    }
}

fn of(mut record: Object<'_>) -> Result<Row, String> {
    // What a search gives wraps the record, as an object or as its text.
    let inner = ["auditData", "AuditData"].into_iter().find_map(|name| record.get(name));
    if let Some(inner) = inner {
        let text = match raw::kind(inner) {
            raw::Kind::String => compact(&raw::text(inner)).map(std::borrow::Cow::into_owned),
            _ => Some(inner.to_string()),
        };
        let text = text.ok_or("`AuditData` is no JSON")?;
        let inner = Object::of(&text).ok_or("`AuditData` is no object")?;
        return audit_record(inner);
    }
    record.take("@odata.type");
    audit_record(record)
}

fn audit_record(mut record: Object<'_>) -> Result<Row, String> {
    for name in ["CreationTime", "Operation", "RecordType"] {
        if record.get(name).is_none() {
            return Err(format!("it has no `{name}`"));
        }
    }
    if record.text("RecordType") == "21" || record.has("CrmOrganizationUniqueName") {
        return Ok(dataverse(record));
    }
    let mut row = Row::new("OfficeActivity");
    row.text("SourceSystem", "OfficeActivityManager");
    row.json("TimeGenerated", record.take("CreationTime").unwrap_or("null"));
    row.text("RecordType", record_type_name(&record.take_text("RecordType")));
    row.text("UserType", user_type_name(&record.take_text("UserType")));
    let logon = record.take_text("LogonType");
    row.text("Logon_Type", LOGON_TYPES.get(logon.parse().unwrap_or(usize::MAX)).copied().unwrap_or(&logon));
    let id = record.take_text("Id");
    row.text("OfficeId", &id);
    row.text("SourceRecordId", &id);
    record.texts_to(&mut row, OFFICE_COLUMNS);
    common(&mut row, &record, "OfficeActivity");
    Ok(row)
}

fn dataverse(mut record: Object<'_>) -> Row {
    let mut row = Row::new("DataverseActivity");
    row.json("TimeGenerated", record.take("CreationTime").unwrap_or("null"));
    row.text("UserType", user_type_name(&record.take_text("UserType")));
    record.texts_to(&mut row, DATAVERSE_COLUMNS);
    record.texts_to(&mut row, &[("CrmOrganizationUniqueName", "CrmOrganizationUniqueName")]);
    record.move_to(&mut row, &[("Fields", "Fields"), ("QueryResults", "QueryResults")]);
    common(&mut row, &record, "DataverseActivity");
    row
}

/// Moves members to the columns of their names, whatever the case, and passes on the rest.
fn common(row: &mut Row, record: &Object<'_>, table: &str) {
    let columns = Columns::of(table);
    for (name, json) in record.rest() {
        match columns.and_then(|columns| columns.spelled(name)).filter(|column| !row.is_set(column)) {
            Some(column) => row.json(column, json),
            None => row.pass(name, json),
        }
    }
}
