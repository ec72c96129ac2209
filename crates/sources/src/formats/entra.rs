//! Microsoft Entra: directory audits, sign-ins and what else the directory logs, as diagnostic settings export them and as Microsoft
//! Graph gives them.
//!
//! # Source
//! Microsoft Graph's `directoryAudit` and `signIn`; "Azure Monitor resource logs", the columns of AuditLogs and SigninLogs.

use super::azure_diagnostics;
use crate::columns::Columns;
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::dynamic::raw;

pub static SOURCE: Source = Source {
    name: "entra",
    about: "Microsoft Entra directory audits, sign-ins, provisioning and risks, exported or from Microsoft Graph",
    shape: Shape::Json,
    tables: &["AuditLogs", "SigninLogs", "AAD*"],
    detect,
    parser: |_| {
        of_objects(&["records", "value"], |record, item, out| match record.has("category") && record.has("time") {
            // A hub may carry the logs of several services.
            true => azure_diagnostics::record(record, item, out),
            false => out.result(of(record), item),
        })
    },
};

/// Categories of diagnostic settings and their tables.
const CATEGORIES: &[(&str, &str)] = &[
    ("auditlogs", "AuditLogs"),
    ("signinlogs", "SigninLogs"),
    ("noninteractiveusersigninlogs", "AADNonInteractiveUserSignInLogs"),
    ("serviceprincipalsigninlogs", "AADServicePrincipalSignInLogs"),
    ("managedidentitysigninlogs", "AADManagedIdentitySignInLogs"),
    ("microsoftserviceprincipalsigninlogs", "MicrosoftServicePrincipalSignInLogs"),
    ("provisioninglogs", "AADProvisioningLogs"),
    ("riskyusers", "AADRiskyUsers"),
    ("userriskevents", "AADUserRiskEvents"),
    ("riskyserviceprincipals", "AADRiskyServicePrincipals"),
    ("serviceprincipalriskevents", "AADServicePrincipalRiskEvents"),
    ("microsoftgraphactivitylogs", "MicrosoftGraphActivityLogs"),
    ("b2crequestlogs", "AADB2CRequestLogs"),
];

fn table_of(category: &str) -> Option<&'static str> {
    CATEGORIES.iter().find(|(known, _)| category.eq_ignore_ascii_case(known)).map(|(_, table)| *table)
}

fn detect(sniff: &Sniff<'_>) -> u8 {
    let Some(first) = sniff.first() else { return 0 };
    let is_exported = first.has_all(&["time", "category", "properties"]) && table_of(&first.text("category")).is_some();
    let is_audit = first.has_all(&["activityDateTime", "activityDisplayName", "initiatedBy"]);
    let is_signin = first.has_all(&["createdDateTime", "userPrincipalName", "appDisplayName"]);
    if is_exported || is_audit || is_signin { 95 } else { 0 }
}

/// Returns whether it is an exported record of the directory.
pub(super) fn is_exported(record: &Object<'_>) -> bool {
    record.has("properties") && table_of(&record.text("category")).is_some()
}

fn of(record: Object<'_>) -> Result<Row, String> {
    if record.has("activityDateTime") {
        let mut row = Row::new("AuditLogs");
        row.text("OperationName", &record.text("activityDisplayName"));
        row.json("TimeGenerated", record.get("activityDateTime").unwrap_or("null"));
        properties(&mut row, "AuditLogs", record);
        return Ok(row);
    }
    if record.has("createdDateTime") {
        let mut row = Row::new("SigninLogs");
        row.text("OperationName", "Sign-in activity");
        row.text("Category", "SignInLogs");
        row.json("TimeGenerated", record.get("createdDateTime").unwrap_or("null"));
        properties(&mut row, "SigninLogs", record);
        return Ok(row);
    }
    Err("it is no audit or sign-in of the directory".to_string())
}

pub(super) fn exported(mut record: Object<'_>) -> Result<Row, String> {
    let category = record.take_text("category");
    let table = table_of(&category).ok_or_else(|| format!("its category `{category}` is none of the directory's"))?;
    let mut row = Row::new(table);
    row.text("SourceSystem", "Azure AD");
    row.json("TimeGenerated", record.take("time").unwrap_or("null"));
    record.texts_to(
        &mut row,
        &[
            ("operationName", "OperationName"),
            ("operationVersion", "OperationVersion"),
            ("tenantId", "AADTenantId"),
            ("resultType", "ResultType"),
            ("resultSignature", "ResultSignature"),
            ("resultDescription", "ResultDescription"),
            ("correlationId", "CorrelationId"),
            ("identity", "Identity"),
            ("level", "Level"),
            ("Level", "Level"),
            ("location", "Location"),
            ("resourceId", "ResourceId"),
        ],
    );
    record.move_to(&mut row, &[("durationMs", "DurationMs")]);
    row.text("Resource", "Microsoft.aadiam");
    row.text("ResourceGroup", "Microsoft.aadiam");
    let address = record.take("callerIpAddress");
    if let Some(inner) = record.take("properties") {
        let inner = Object::of(inner).ok_or("its `properties` are no object")?;
        properties(&mut row, table, inner);
    }
    // Of audits it is the directory's own address.
    match address {
        Some(address)
            if !row.is_set("IPAddress") && Columns::of(table).is_some_and(|c| c.get("IPAddress").is_some()) =>
        {
            row.json("IPAddress", address);
        }
        Some(address) if table == "AuditLogs" => row.pass("callerIpAddress", address),
        _ => {}
    }
    // An audit's own category is finer than that of the export.
    row.text("Category", &category);
    record.pass_rest(&mut row);
    Ok(row)
}

/// Sets the columns of an audit's or sign-in's own members.
fn properties(row: &mut Row, table: &str, mut inner: Object<'_>) {
    if table == "AuditLogs" {
        let result = inner.take_text("result");
        row.text(
            "Result",
            ["success", "failure", "timeout", "unknownFutureValue"]
                .get(result.parse().unwrap_or(usize::MAX))
                .copied()
                .unwrap_or(&result),
        );
        inner.texts_to(row, &[("operationType", "AADOperationType"), ("tenantId", "AADTenantId")]);
    } else {
        if let Some(status) = inner.get("status").map(Object::members_of) {
            row.text("ResultType", &status.text("errorCode"));
            row.text("ResultDescription", &status.text("failureReason"));
        }
        if let Some(location) = inner.take("location") {
            row.json("LocationDetails", location);
            row.text("Location", &Object::members_of(location).text("countryOrRegion"));
        }
        inner.move_to(
            row,
            &[
                ("appliedConditionalAccessPolicies", "ConditionalAccessPolicies"),
                ("resourceTenantId", "ResourceTenantId"),
                ("processingTimeInMilliseconds", "ProcessingTimeInMilliseconds"),
            ],
        );
    }
    let columns = Columns::of(table);
    for (name, json) in inner.rest() {
        match columns.and_then(|columns| columns.spelled(name)) {
            Some(column) if row.is_set(column) && raw::kind(json) != raw::Kind::Null => {
                // Envelope and content often say the same twice.
                let is_general =
                    matches!(column, "CorrelationId" | "ResultType" | "Location" | "TimeGenerated" | "Level");
                if !is_general {
                    row.pass(column, json);
                }
            }
            Some(column) => row.json(column, json),
            None => row.pass(name, json),
        }
    }
}
