//! The Azure Activity Log: as diagnostic settings export it, and as Azure Resource Manager gives it.
//!
//! # Source
//! "Azure Activity Log event schema"; the columns of AzureActivity.

use super::azure_diagnostics;
use crate::arm::ResourceId;
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::dynamic::raw::{self, Kind};

pub static SOURCE: Source = Source {
    name: "azure_activity",
    about: "the Azure Activity Log, exported or from Azure Resource Manager",
    shape: Shape::Json,
    tables: &["AzureActivity"],
    detect,
    parser: |_| {
        of_objects(&["records", "value"], |event, item, out| match event.has("eventTimestamp") {
            true => out.record(rest(event)),
            // A hub may carry the logs of several services.
            false => azure_diagnostics::record(event, item, out),
        })
    },
};

/// Categories of exported events.
const CATEGORIES: [&str; 11] = [
    "Administrative",
    "ServiceHealth",
    "ResourceHealth",
    "Alert",
    "Autoscale",
    "Security",
    "Recommendation",
    "Policy",
    "Write",
    "Delete",
    "Action",
];

/// Claims that name who called, the most telling first.
const CALLER_CLAIMS: [&str; 5] = [
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "appid",
];

fn detect(sniff: &Sniff<'_>) -> u8 {
    let Some(first) = sniff.first() else { return 0 };
    if first.has_all(&["eventTimestamp", "operationName", "eventDataId"]) {
        return 95;
    }
    let is_exported = first.has_all(&["time", "resourceId", "operationName", "category"]);
    let is_known = CATEGORIES.contains(&&*first.text("category"));
    let has_own = first.get("properties").is_some_and(|p| Object::members_of(p).has("eventCategory"))
        || first.get("identity").is_some_and(|i| Object::members_of(i).has("authorization"));
    match is_exported && is_known {
        true if has_own || sniff.path_has("insights-activity-logs") => 95,
        true => 80,
        false => 0,
    }
}

/// Returns whether it is an exported event of this log.
pub(super) fn is_exported(event: &Object<'_>) -> bool {
    event.has_all(&["time", "operationName"]) && CATEGORIES.contains(&&*event.text("category"))
}

/// Sets a status in both forms: as the event says it, and as the portal shows it.
fn status(row: &mut Row, text: &str) {
    const FORMS: [(&str, &str); 4] =
        [("Start", "Started"), ("Success", "Succeeded"), ("Failure", "Failed"), ("Accept", "Accepted")];
    let form = FORMS.iter().find(|(short, long)| text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(long));
    let (value, shown) = form.copied().unwrap_or((text, text));
    row.text("ActivityStatusValue", value);
    row.text("ActivityStatus", shown);
}

/// Sets what follows from the resource's id.
fn resource(row: &mut Row, id: &str) {
    let parts = ResourceId::of(id);
    parts.put(row);
    row.text("ResourceId", id);
    row.text("SubscriptionId", parts.subscription);
    row.text("ResourceGroup", parts.group);
    row.text("ResourceProviderValue", &parts.provider.to_ascii_uppercase());
    row.text("Resource", parts.name);
}

/// Sets a column of text and its twin of values.
fn twin(row: &mut Row, column: &str, json: Option<&str>) {
    if let Some(json) = json {
        row.text_of(column, json);
        row.json(&format!("{column}_d"), json);
    }
}

fn caller(claims: &Object<'_>) -> String {
    CALLER_CLAIMS.iter().map(|claim| claims.text(claim).into_owned()).find(|text| !text.is_empty()).unwrap_or_default()
}

pub(super) fn exported(mut event: Object<'_>) -> Row {
    let mut row = Row::new("AzureActivity");
    row.text("SourceSystem", "Azure");
    row.json("TimeGenerated", event.take("time").unwrap_or("null"));
    resource(&mut row, &event.take_text("resourceId"));
    row.text("OperationNameValue", &event.take_text("operationName"));
    status(&mut row, &event.take_text("resultType"));
    row.text("ActivitySubstatusValue", &event.take_text("resultSignature"));
    row.text("ActivitySubstatus", &event.take_text("resultDescription"));
    row.text("CallerIpAddress", &event.take_text("callerIpAddress"));
    row.text("CorrelationId", &event.take_text("correlationId"));
    let level = event.take_text("level");
    row.text("Level", if level == "Information" { "Informational" } else { &level });
    if let Some(mut identity) = event.take("identity").map(Object::members_of) {
        twin(&mut row, "Authorization", identity.take("authorization"));
        let claims = identity.take("claims");
        row.text("Caller", &caller(&Object::members_of(claims.unwrap_or("{}"))));
        twin(&mut row, "Claims", claims);
        for (name, json) in identity.rest() {
            row.pass(&format!("Identity_{name}"), json);
        }
    }
    let mut category = event.take_text("category").into_owned();
    if let Some(json) = event.take("properties") {
        let properties = Object::members_of(json);
        let own = properties.text("eventCategory");
        if !own.is_empty() {
            category = own.into_owned();
        }
        row.text("Hierarchy", &properties.text("hierarchy"));
        row.text("EventDataId", &properties.text("eventDataId"));
        row.text("OperationId", &properties.text("operationId"));
        twin(&mut row, "Properties", Some(json));
    }
    row.text("CategoryValue", &category);
    row.text("Category", &category);
    event.pass_rest(&mut row);
    row
}

/// Returns the value and the shown text of a member that may have both.
fn named(event: &mut Object<'_>, name: &str) -> (String, String) {
    let Some(json) = event.take(name) else { return (String::new(), String::new()) };
    if raw::kind(json) != Kind::Bag {
        let text = raw::text(json).into_owned();
        return (text.clone(), text);
    }
    let parts = Object::members_of(json);
    let (value, shown) = (parts.text("value").into_owned(), parts.text("localizedValue").into_owned());
    let shown = if shown.is_empty() { value.clone() } else { shown };
    (value, shown)
}

fn rest(mut event: Object<'_>) -> Row {
    let mut row = Row::new("AzureActivity");
    row.text("SourceSystem", "Azure");
    row.json("TimeGenerated", event.take("eventTimestamp").unwrap_or("null"));
    event.move_to(&mut row, &[("submissionTimestamp", "EventSubmissionTimestamp")]);
    let (value, shown) = named(&mut event, "operationName");
    row.text("OperationNameValue", &value);
    row.text("OperationName", &shown);
    let (value, _) = named(&mut event, "status");
    status(&mut row, &value);
    let (value, shown) = named(&mut event, "subStatus");
    row.text("ActivitySubstatusValue", &value);
    row.text("ActivitySubstatus", &shown);
    let (value, shown) = named(&mut event, "category");
    row.text("CategoryValue", &value);
    row.text("Category", &shown);
    let (value, shown) = named(&mut event, "resourceProviderName");
    row.text("ResourceProviderValue", &value.to_ascii_uppercase());
    row.text("ResourceProvider", &shown);
    event.texts_to(
        &mut row,
        &[
            ("caller", "Caller"),
            ("correlationId", "CorrelationId"),
            ("eventDataId", "EventDataId"),
            ("level", "Level"),
            ("operationId", "OperationId"),
            ("resourceGroupName", "ResourceGroup"),
            ("subscriptionId", "SubscriptionId"),
        ],
    );
    if let Some(request) = event.take("httpRequest") {
        row.text("CallerIpAddress", &Object::members_of(request).text("clientIpAddress"));
        row.text_of("HTTPRequest", request);
    }
    twin(&mut row, "Authorization", event.take("authorization"));
    twin(&mut row, "Claims", event.take("claims"));
    twin(&mut row, "Properties", event.take("properties"));
    resource(&mut row, &event.take_text("resourceId"));
    event.pass_rest(&mut row);
    row
}
