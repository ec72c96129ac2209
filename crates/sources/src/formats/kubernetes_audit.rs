//! Audit events of Kubernetes: one a line, or a list's `items`.
//!
//! # Source
//! Kubernetes, `audit.k8s.io/v1` Event.

use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "kubernetes_audit",
    about: "audit events of a Kubernetes API server",
    shape: Shape::Json,
    tables: &["AKSAudit"],
    detect: |sniff: &Sniff<'_>| if sniff.has_all(&["auditID", "stage", "verb", "requestURI"]) { 95 } else { 0 },
    parser: |_| of_objects(&["items"], |event, item, out| out.result(record("AKSAudit", event), item)),
};

/// Makes a record of an event, for the table of all events or that of events that change something.
pub(crate) fn record(table: &'static str, mut event: Object<'_>) -> Result<Row, String> {
    if !event.has("auditID") {
        return Err("it has no `auditID`".to_string());
    }
    let mut row = Row::new(table);
    for time in ["stageTimestamp", "requestReceivedTimestamp"] {
        if let Some(json) = event.get(time) {
            row.json("TimeGenerated", json);
        }
    }
    event.texts_to(
        &mut row,
        &[
            ("auditID", "AuditId"),
            ("level", "Level"),
            ("stage", "Stage"),
            ("requestURI", "RequestUri"),
            ("verb", "Verb"),
            ("userAgent", "UserAgent"),
        ],
    );
    event.move_to(
        &mut row,
        &[
            ("user", "User"),
            ("sourceIPs", "SourceIps"),
            ("objectRef", "ObjectRef"),
            ("responseStatus", "ResponseStatus"),
            ("requestObject", "RequestObject"),
            ("responseObject", "ResponseObject"),
            ("requestReceivedTimestamp", "RequestReceivedTime"),
            ("stageTimestamp", "StageReceivedTime"),
            ("annotations", "Annotations"),
        ],
    );
    // They say what kind of object this is, in each the same.
    event.take("kind");
    event.take("apiVersion");
    event.pass_rest(&mut row);
    Ok(row)
}
