//! Audit events of Azure Attestation.

use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::dynamic::raw;

pub static SOURCE: Source = Source {
    name: "azure_attestation",
    about: "audit events of Azure Attestation",
    shape: Shape::Json,
    tables: &["AzureAttestationDiagnostics"],
    detect: |sniff: &Sniff<'_>| if sniff.has_all(&["env_time", "operationName", "callerIdentities"]) { 95 } else { 0 },
    parser: |_| of_objects(&["records"], |event, item, out| out.result(of(event), item)),
};

fn of(mut event: Object<'_>) -> Result<Row, String> {
    if !event.has_all(&["operationName", "env_time"]) {
        return Err("it has no `operationName` and `env_time`".to_string());
    }
    let mut row = Row::new("AzureAttestationDiagnostics");
    row.json("TimeGenerated", event.get("env_time").unwrap_or("null"));
    event.take("env_time");
    event.texts_to(
        &mut row,
        &[
            ("operationName", "OperationName"),
            ("resultType", "ResultType"),
            ("resultDescription", "ResultDetails"),
            ("callerIpAddress", "CallerIpAddress"),
        ],
    );
    event.move_to(&mut row, &[("callerIdentities", "Identity")]);
    for target in raw::items(event.get("targetResources").unwrap_or("[]")).map(Object::members_of) {
        let name = target.text("targetResourceName");
        match &*target.text("targetResourceType") {
            "ResourceId" => {
                row.text("ResourceUri", &name);
                row.text("_ResourceId", &name.to_ascii_lowercase());
            }
            "ResourceRegion" => row.text("ResourceRegion", &name),
            "ServiceRegion" => row.text("ServiceLocation", &name),
            _ => {}
        }
    }
    row.text("ServiceLocation", &event.text("env_cloud_location"));
    // The epoch and the number in it tell gaps: they stay, as all the rest.
    event.pass_rest(&mut row);
    Ok(row)
}
