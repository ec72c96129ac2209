//! Resource logs of Azure: `{"records": [...]}` as event hubs carry them, or one record a line as storage accounts keep them
//! (`PT1H.json`).
//!
//! Records of the directory, the Activity Log and flow logs land where those formats' own do. A category with a table of its own lands
//! there; all others land in AzureDiagnostics, where each member of `properties` has a column whose ending says its type: `_s`, `_d`,
//! `_b`, `_t`, `_g`.
//!
//! # Source
//! "Common and service-specific schemas for Azure resource logs"; "AzureDiagnostics".

use super::{azure_activity, entra, nsg_flow, vnet_flow};
use crate::arm::ResourceId;
use crate::columns::{Columns, identifier};
use crate::detect::Sniff;
use crate::fit;
use crate::frame::of_objects;
use crate::object::{Object, compact};
use crate::output::Output;
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::dynamic::raw::{self, Kind};
use schema::dynamic::write_json_string;
use schema::{KqlType, ticks};

pub static SOURCE: Source = Source {
    name: "azure_diagnostics",
    about: "resource logs of Azure services",
    shape: Shape::Json,
    tables: &[
        "AzureDiagnostics",
        "StorageBlobLogs",
        "StorageFileLogs",
        "StorageQueueLogs",
        "StorageTableLogs",
        "AKSAudit",
        "*",
    ],
    detect,
    parser: |_| of_objects(&["records"], record),
};

/// Depth of objects in objects that get columns of their own.
const DEPTH_MAX: usize = 8;

fn detect(sniff: &Sniff<'_>) -> u8 {
    let Some(first) = sniff.first() else { return 0 };
    let is_resource = first.has("resourceId") || first.has("ResourceId");
    if first.has_all(&["time", "category"]) && is_resource && (first.has("operationName") || first.has("properties")) {
        75
    } else {
        0
    }
}

/// Makes records of a resource log's record, whatever service it is of.
pub(super) fn record(record: Object<'_>, item: &str, out: &mut Output) {
    let category = record.text("category");
    if record.get("time").is_none() || category.is_empty() {
        return out.reject(crate::Reason::Malformed, "it has no `time` and `category`", item.as_bytes());
    }
    match &*category {
        _ if entra::is_exported(&record) => return out.result(entra::exported(record), item),
        _ if azure_activity::is_exported(&record) => return out.record(azure_activity::exported(record)),
        "NetworkSecurityGroupFlowEvent" => return nsg_flow::record(record, item, out),
        "FlowLogFlowEvent" => return vnet_flow::record(record, item, out),
        _ => {}
    }
    let made = match table(&category, &record) {
        Some(table @ ("AKSAudit" | "AKSAuditAdmin")) => kubernetes(table, &record),
        Some(table) if table.starts_with("Storage") => Ok(storage(table, record)),
        Some(table) => Ok(own_table(table, record)),
        None => Ok(shared_table(record)),
    };
    out.result(made, item);
}

/// Returns the table that a category has for itself.
fn table(category: &str, record: &Object<'_>) -> Option<&'static str> {
    let id = record.text("resourceId").to_ascii_lowercase();
    let service = || match () {
        () if id.contains("/blobservices/") => Some("StorageBlobLogs"),
        () if id.contains("/fileservices/") => Some("StorageFileLogs"),
        () if id.contains("/queueservices/") => Some("StorageQueueLogs"),
        () if id.contains("/tableservices/") => Some("StorageTableLogs"),
        () => None,
    };
    match category {
        "StorageRead" | "StorageWrite" | "StorageDelete" => service(),
        "kube-audit" => Some("AKSAudit"),
        "kube-audit-admin" => Some("AKSAuditAdmin"),
        "BastionAuditLogs" => Some("MicrosoftAzureBastionAuditLogs"),
        // Both may go to the table that is shared, and by default they do.
        "SQLSecurityAuditEvents" | "DevOpsOperationsAudit" => None,
        _ => Columns::of(category).map(|columns| columns.table),
    }
}

/// Sets the columns of the record's own members, beside `properties`, of a table that has them.
fn envelope(row: &mut Row, record: &mut Object<'_>) {
    row.json("TimeGenerated", record.take("time").unwrap_or("null"));
    let id = record.text("resourceId");
    let id = if id.is_empty() { record.text("ResourceId") } else { id };
    ResourceId::of(&id).put(row);
}

fn kubernetes(table: &'static str, record: &Object<'_>) -> Result<Row, String> {
    let properties = Object::members_of(record.get("properties").unwrap_or("{}"));
    let log = properties.text("log");
    let log = compact(&log).ok_or("its `log` is no JSON")?;
    let event = Object::of(&log).ok_or("its `log` is no object")?;
    let mut row = super::kubernetes_audit::record(table, event)?;
    row.text("PodName", &properties.text("pod"));
    ResourceId::of(&record.text("resourceId")).put(&mut row);
    Ok(row)
}

/// Puts members into the columns of their names, whatever the case, and passes on the rest.
fn by_name(row: &mut Row, table: &str, object: &Object<'_>) {
    let columns = Columns::of(table);
    for (name, json) in object.rest() {
        match columns.and_then(|columns| columns.spelled(name)).filter(|column| !row.is_set(column)) {
            Some(column) => row.json(column, json),
            None => row.pass(name, json),
        }
    }
}

fn own_table(table: &'static str, mut record: Object<'_>) -> Row {
    let mut row = Row::new(table);
    envelope(&mut row, &mut record);
    if let Some(json) = record.take("properties") {
        let is_column = Columns::of(table).is_some_and(|columns| columns.get("Properties").is_some());
        match Object::of(json) {
            Some(properties) if !is_column => by_name(&mut row, table, &properties),
            _ => row.json("Properties", json),
        }
    }
    by_name(&mut row, table, &record);
    row
}

/// Makes a record of a request to a storage account.
fn storage(table: &'static str, mut record: Object<'_>) -> Row {
    let mut row = Row::new(table);
    envelope(&mut row, &mut record);
    if let Some(mut identity) = record.take("identity").map(Object::members_of) {
        identity.texts_to(&mut row, &[("type", "AuthenticationType"), ("tokenHash", "AuthenticationHash")]);
        identity.move_to(&mut row, &[("authorization", "AuthorizationDetails")]);
        if let Some(mut requester) = identity.take("requester").map(Object::members_of) {
            requester.texts_to(
                &mut row,
                &[
                    ("appId", "RequesterAppId"),
                    ("audience", "RequesterAudience"),
                    ("objectId", "RequesterObjectId"),
                    ("tenantId", "RequesterTenantId"),
                    ("tokenIssuer", "RequesterTokenIssuer"),
                    ("upn", "RequesterUpn"),
                ],
            );
            for (name, json) in requester.rest() {
                row.pass(&format!("Requester_{name}"), json);
            }
        }
        for (name, json) in identity.rest() {
            row.pass(&format!("Identity_{name}"), json);
        }
    }
    if let Some(mut properties) = record.take("properties").map(Object::members_of) {
        properties.move_to(&mut row, &[("serverMd5", "ResponseMd5"), ("objectKey", "ObjectKey")]);
        by_name(&mut row, table, &properties);
    }
    by_name(&mut row, table, &record);
    row
}

/// Makes a record of the table that services share.
fn shared_table(mut record: Object<'_>) -> Row {
    let mut row = Row::new("AzureDiagnostics");
    row.text("SourceSystem", "Azure");
    row.json("TimeGenerated", record.take("time").unwrap_or("null"));
    let mut id = record.take_text("resourceId");
    if id.is_empty() {
        id = record.take_text("ResourceId");
    }
    shared_resource(&mut row, &id);
    record.texts_to(
        &mut row,
        &[
            ("category", "Category"),
            ("operationName", "OperationName"),
            ("operationVersion", "OperationVersion"),
            ("resultType", "ResultType"),
            ("resultSignature", "ResultSignature"),
            ("resultDescription", "ResultDescription"),
            ("callerIpAddress", "CallerIPAddress"),
            ("correlationId", "CorrelationId"),
            ("level", "Level"),
            ("Level", "Level"),
        ],
    );
    record.move_to(&mut row, &[("durationMs", "DurationMs")]);
    if let Some(properties) = record.take("properties") {
        flatten(&mut row, "", properties, 0);
    }
    let rest: Vec<(String, &str)> = record.rest().map(|(name, json)| (name.to_string(), json)).collect();
    for (name, json) in rest {
        flatten(&mut row, &name, json, 0);
    }
    row
}

/// Sets the columns of AzureDiagnostics that say which resource it is.
pub(crate) fn shared_resource(row: &mut Row, id: &str) {
    let parts = ResourceId::of(id);
    parts.put(row);
    row.text("ResourceId", &id.to_ascii_uppercase());
    row.text("SubscriptionId", &parts.subscription.to_ascii_lowercase());
    row.text("ResourceGroup", &parts.group.to_ascii_uppercase());
    row.text("ResourceProvider", &parts.provider.to_ascii_uppercase());
    row.text("ResourceType", &parts.kind.to_ascii_uppercase());
    row.text("Resource", &parts.name.to_ascii_uppercase());
}

/// Sets columns whose endings say their types, of a value and what is in it.
pub(crate) fn flatten(row: &mut Row, name: &str, json: &str, depth: usize) {
    if raw::kind(json) == Kind::Bag && depth < DEPTH_MAX {
        for (member, value) in Object::members_of(json).rest() {
            let member = identifier(member);
            let inner = if name.is_empty() { member } else { format!("{name}_{member}") };
            flatten(row, &inner, value, depth + 1);
        }
        return;
    }
    let name = if name.is_empty() { "properties" } else { name };
    match raw::kind(json) {
        Kind::Null => {}
        Kind::Bool => row.column(&format!("{name}_b"), KqlType::Bool, json),
        Kind::Number => row.column(&format!("{name}_d"), KqlType::Real, json),
        Kind::String => {
            let text = raw::text(json);
            let text = text.as_ref();
            if text.is_empty() {
            } else if fit::is_guid(text) {
                row.column(&format!("{name}_g"), KqlType::Guid, json);
            } else if is_time(text) {
                row.column(&format!("{name}_t"), KqlType::Datetime, json);
            } else {
                row.column(&format!("{name}_s"), KqlType::String, json);
            }
        }
        // What has no columns of its own is kept as its text.
        Kind::Array | Kind::Bag => {
            let mut text = String::new();
            write_json_string(&mut text, json);
            row.column(&format!("{name}_s"), KqlType::String, &text);
        }
    }
}

/// Returns whether a text is a time of ISO 8601 with date and clock.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 19
        && bytes.get(4) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && ticks::parse_datetime(text).is_some()
}
