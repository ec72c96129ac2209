//! Rows of SQL Server's and Azure SQL's audits, as queries of the audit files give them in JSON. They land where Azure's own export of
//! them lands: in AzureDiagnostics, in columns whose endings say their types.
//!
//! # Source
//! "SQL Database audit log format"; `sys.fn_get_audit_file`.

use super::azure_diagnostics::flatten;
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::KqlType;
use schema::dynamic::{raw, write_json_string};

pub static SOURCE: Source = Source {
    name: "sql_audit",
    about: "rows of SQL Server's and Azure SQL's audits",
    shape: Shape::Json,
    tables: &["AzureDiagnostics"],
    detect: |sniff: &Sniff<'_>| {
        if sniff.has_all(&["event_time", "action_id", "server_principal_name"]) { 95 } else { 0 }
    },
    parser: |_| of_objects(&["value", "records"], |record, item, out| out.result(of(record), item)),
};

/// Columns that are text, whatever the row has.
const TEXTS: [&str; 6] = [
    "succeeded",
    "is_column_permission",
    "is_server_level_audit",
    "permission_bitmask",
    "server_principal_sid",
    "statement",
];

/// Actions by their ids, as Azure's export names them.
const ACTIONS: [(&str, &str); 5] = [
    ("BCM", "BATCH COMPLETED"),
    ("DBAS", "DATABASE AUTHENTICATION SUCCEEDED"),
    ("DBAF", "DATABASE AUTHENTICATION FAILED"),
    ("RCM", "RPC COMPLETED"),
    ("TRCM", "TRANSACTION COMMIT COMPLETED"),
];

fn of(mut record: Object<'_>) -> Result<Row, String> {
    if !record.has_all(&["event_time", "action_id"]) {
        return Err("it has no `event_time` and `action_id`".to_string());
    }
    let mut row = Row::new("AzureDiagnostics");
    row.text("SourceSystem", "Azure");
    row.text("Category", "SQLSecurityAuditEvents");
    row.text("OperationName", "AuditEvent");
    row.text("ResourceProvider", "MICROSOFT.SQL");
    row.text("ResourceType", "SERVERS/DATABASES");
    row.text("Resource", &record.text("database_name").to_ascii_uppercase());
    let time = record.take("event_time").unwrap_or("null");
    row.json("TimeGenerated", time);
    row.json("event_time_t", time);
    let server = record.text("server_instance_name");
    let mut put = |name: &str, text: &str| {
        let mut json = String::new();
        write_json_string(&mut json, text);
        if !text.is_empty() {
            row.column(name, KqlType::String, &json);
        }
    };
    put("LogicalServerName_s", server.split(['\\', '.']).next().unwrap_or(""));
    let action = record.text("action_id");
    let action = action.trim();
    put("action_name_s", ACTIONS.iter().find(|(id, _)| *id == action).map_or("", |(_, name)| name));
    for name in TEXTS {
        put(&format!("{name}_s"), &record.take(name).map(raw::text).unwrap_or_default());
    }
    let rest: Vec<(String, &str)> = record.rest().map(|(name, json)| (name.to_string(), json)).collect();
    for (name, json) in rest {
        flatten(&mut row, &crate::columns::identifier(&name), json, 0);
    }
    Ok(row)
}
