//! Records of the Office 365 Management Activity API: as its content gives them (arrays), one a line, or inside what audit searches
//! give (`auditData`, `AuditData`).
//!
//! Dataverse's records (record type 21) land in DataverseActivity, all others in OfficeActivity: members with a column of another
//! name by the list below, members with a column of their own name there, the rest in the bag.
//!
//! # Source
//! "Office 365 Management Activity API schema"; Microsoft Sentinel's tables OfficeActivity and DataverseActivity.

use crate::columns::Columns;
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::{Object, compact};
use crate::row::Row;
use crate::source::Source;
use schema::dynamic::raw;

pub static SOURCE: Source = Source {
    name: "office_management",
    about: "audit records of Office 365: Exchange, SharePoint, Teams, Dataverse and all others",
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
    row.text("RecordType", record_type(&record.take_text("RecordType")));
    row.text("UserType", user_type(&record.take_text("UserType")));
    let logon = record.take_text("LogonType");
    row.text(
        "Logon_Type",
        ["Owner", "Admin", "Delegated"].get(logon.parse().unwrap_or(usize::MAX)).copied().unwrap_or(&logon),
    );
    let id = record.take_text("Id");
    row.text("OfficeId", &id);
    row.text("SourceRecordId", &id);
    record.texts_to(&mut row, OFFICE);
    common(&mut row, &record, "OfficeActivity");
    Ok(row)
}

fn dataverse(mut record: Object<'_>) -> Row {
    let mut row = Row::new("DataverseActivity");
    row.json("TimeGenerated", record.take("CreationTime").unwrap_or("null"));
    row.text("UserType", user_type(&record.take_text("UserType")));
    record.texts_to(
        &mut row,
        &[
            ("Id", "SourceRecordId"),
            ("ObjectId", "OriginalObjectId"),
            ("ClientIP", "ClientIp"),
            ("CrmOrganizationUniqueName", "CrmOrganizationUniqueName"),
        ],
    );
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

/// Members whose columns have other names.
const OFFICE: &[(&str, &str)] = &[
    ("Workload", "OfficeWorkload"),
    ("ObjectId", "OfficeObjectId"),
    ("ClientIPAddress", "Client_IPAddress"),
    ("Site", "Site_"),
    ("SiteUrl", "Site_Url"),
    ("SourceName", "Source_Name"),
    ("EventData", "Event_Data"),
    ("StartTime", "Start_Time"),
    ("AzureActiveDirectoryEventType", "AzureActiveDirectory_EventType"),
    ("IntraSystemsId", "IntraSystemId"),
    ("Target", "AADTarget"),
];

fn user_type(number: &str) -> &str {
    const NAMES: [&str; 11] = [
        "Regular",
        "Reserved",
        "Admin",
        "DcAdmin",
        "System",
        "Application",
        "ServicePrincipal",
        "CustomPolicy",
        "SystemPolicy",
        "PartnerTechnician",
        "Guest",
    ];
    number.parse::<usize>().ok().and_then(|n| NAMES.get(n).copied()).unwrap_or(number)
}

/// Returns the name of a record type; a number without one stays a number, as in the table.
fn record_type(number: &str) -> &str {
    const NAMES: &[(&str, &str)] = &[
        ("1", "ExchangeAdmin"),
        ("2", "ExchangeItem"),
        ("3", "ExchangeItemGroup"),
        ("4", "SharePoint"),
        ("6", "SharePointFileOperation"),
        ("7", "OneDrive"),
        ("8", "AzureActiveDirectory"),
        ("9", "AzureActiveDirectoryAccountLogon"),
        ("10", "DataCenterSecurityCmdlet"),
        ("11", "ComplianceDLPSharePoint"),
        ("13", "ComplianceDLPExchange"),
        ("14", "SharePointSharingOperation"),
        ("15", "AzureActiveDirectoryStsLogon"),
        ("16", "SkypeForBusinessPSTNUsage"),
        ("17", "SkypeForBusinessUsersBlocked"),
        ("18", "SecurityComplianceCenterEOPCmdlet"),
        ("19", "ExchangeAggregatedOperation"),
        ("20", "PowerBIAudit"),
        ("21", "CRM"),
        ("22", "Yammer"),
        ("23", "SkypeForBusinessCmdlets"),
        ("24", "Discovery"),
        ("25", "MicrosoftTeams"),
        ("28", "ThreatIntelligence"),
        ("30", "MicrosoftFlow"),
        ("31", "AeD"),
        ("32", "MicrosoftStream"),
        ("33", "ComplianceDLPSharePointClassification"),
        ("35", "Project"),
        ("40", "SecurityComplianceAlerts"),
    ];
    NAMES.iter().find(|(known, _)| *known == number).map_or(number, |(_, name)| name)
}
