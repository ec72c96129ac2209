//! Flow logs of virtual networks: a record of the table for each tuple, in the columns in which traffic analytics keeps flows, without
//! what it takes from the network's topology.
//!
//! # Source
//! "Virtual network flow logs", "Schema and data aggregation in traffic analytics".

use crate::arm::ResourceId;
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::output::{Output, Reason};
use crate::row::Row;
use crate::source::{Shape, Source};
use crate::time;
use schema::dynamic::raw;
use schema::ticks::MINUTE;

pub static SOURCE: Source = Source {
    name: "vnet_flow",
    about: "flow logs of virtual networks",
    shape: Shape::Json,
    tables: &["NTANetAnalytics"],
    detect: |sniff: &Sniff<'_>| {
        let is_ours = |first: Object<'_>| {
            first.text("category") == "FlowLogFlowEvent" || first.has_all(&["flowLogVersion", "flowRecords"])
        };
        if sniff.first().is_some_and(is_ours) { 95 } else { 0 }
    },
    parser: |_| of_objects(&["records"], record),
};

pub(super) fn record(record: Object<'_>, item: &str, out: &mut Output) {
    let records = Object::members_of(record.get("flowRecords").unwrap_or("{}"));
    let mut n = 0;
    for flow in raw::items(records.get("flows").unwrap_or("[]")).map(Object::members_of) {
        let acl = flow.text("aclID");
        for group in raw::items(flow.get("flowGroups").unwrap_or("[]")).map(Object::members_of) {
            let rule = group.text("rule");
            for tuple in raw::items(group.get("flowTuples").unwrap_or("[]")) {
                n += 1;
                let tuple = raw::text(tuple);
                out.part(&tuple, || of_tuple(&tuple, &record, &acl, &rule));
            }
        }
    }
    if n == 0 {
        out.reject(Reason::Malformed, "it has no flow tuples", item.as_bytes());
    }
}

fn of_tuple(tuple: &str, record: &Object<'_>, acl: &str, rule: &str) -> Result<Row, String> {
    let parts: Vec<&str> = tuple.split(',').collect();
    if parts.len() != 13 {
        return Err(format!("the flow has {} parts, and should have 13", parts.len()));
    }
    let part = |n: usize| parts.get(n).copied().unwrap_or("");
    let instant = time::epoch(part(0)).ok_or_else(|| format!("`{}` is no time", part(0)))?;
    let is_denied = part(7) == "D";
    let is_in = match part(6) {
        "I" => true,
        "O" => false,
        other => return Err(format!("`{other}` is no direction")),
    };
    let target = record.text("targetResourceID");
    let mut row = Row::new("NTANetAnalytics");
    row.time("TimeGenerated", instant);
    row.text("SubType", "FlowLog");
    row.text("FaSchemaVersion", &record.text("flowLogVersion"));
    row.time("FlowStartTime", instant);
    row.time("FlowEndTime", instant);
    let interval = 60 * MINUTE;
    row.time("FlowIntervalStartTime", instant.div_euclid(interval) * interval);
    row.time("FlowIntervalEndTime", (instant.div_euclid(interval) + 1) * interval);
    row.text("SrcIp", part(1));
    row.text("DestIp", part(2));
    row.number("SrcPort", part(3));
    row.number("DestPort", part(4));
    row.text(
        "L4Protocol",
        match part(5) {
            "6" => "T",
            "17" => "U",
            other => other,
        },
    );
    row.text("FlowDirection", if is_in { "Inbound" } else { "Outbound" });
    row.text("FlowStatus", if is_denied { "Denied" } else { "Allowed" });
    row.text("FlowEncryption", part(8));
    row.text("AclGroup", acl);
    row.text("AclRule", rule);
    row.text("MacAddress", &record.text("macAddress"));
    row.text("TargetResourceId", &target);
    row.text("FlowLogResourceId", &record.text("flowLogResourceID"));
    ResourceId::of(&target).put(&mut row);
    for (column, n) in
        [("PacketsSrcToDest", 9), ("BytesSrcToDest", 10), ("PacketsDestToSrc", 11), ("BytesDestToSrc", 12)]
    {
        if !part(n).is_empty() {
            row.number(column, part(n));
        }
    }
    for (column, counts) in [
        ("AllowedInFlows", is_in && !is_denied),
        ("AllowedOutFlows", !is_in && !is_denied),
        ("DeniedInFlows", is_in && is_denied),
        ("DeniedOutFlows", !is_in && is_denied),
        ("CompletedFlows", part(7) == "E"),
    ] {
        row.long(column, i64::from(counts));
    }
    row.pass_text("FlowState", part(7));
    Ok(row)
}
