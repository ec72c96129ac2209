//! Flow logs of network security groups, versions 1 and 2: a record of the table for each tuple, in the columns in which traffic
//! analytics keeps flows, without what it takes from the network's topology.
//!
//! # Source
//! "Flow logs for network security groups", "Schema and data aggregation in traffic analytics".

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
    name: "nsg_flow",
    about: "flow logs of network security groups, versions 1 and 2",
    shape: Shape::Json,
    tables: &["AzureNetworkAnalytics_CL"],
    detect: |sniff: &Sniff<'_>| {
        let is_ours = |first: Object<'_>| first.text("category") == "NetworkSecurityGroupFlowEvent";
        if sniff.first().is_some_and(is_ours) { 95 } else { 0 }
    },
    parser: |_| of_objects(&["records"], record),
};

pub(super) fn record(record: Object<'_>, item: &str, out: &mut Output) {
    let properties = Object::members_of(record.get("properties").unwrap_or("{}"));
    let id = record.text("resourceId");
    let mut n = 0;
    for rule in raw::items(properties.get("flows").unwrap_or("[]")).map(Object::members_of) {
        let name = rule.text("rule");
        for flow in raw::items(rule.get("flows").unwrap_or("[]")).map(Object::members_of) {
            let mac = flow.text("mac");
            for tuple in raw::items(flow.get("flowTuples").unwrap_or("[]")) {
                n += 1;
                let tuple = raw::text(tuple);
                out.part(&tuple, || of_tuple(&tuple, &name, &mac, &id));
            }
        }
    }
    if n == 0 {
        out.reject(Reason::Malformed, "it has no flow tuples", item.as_bytes());
    }
}

fn of_tuple(tuple: &str, rule: &str, mac: &str, id: &str) -> Result<Row, String> {
    let parts: Vec<&str> = tuple.split(',').collect();
    if !matches!(parts.len(), 8 | 13) {
        return Err(format!("the flow has {} parts, and version 1 has 8, version 2 has 13", parts.len()));
    }
    let part = |n: usize| parts.get(n).copied().unwrap_or("");
    let instant = time::epoch(part(0)).ok_or_else(|| format!("`{}` is no time", part(0)))?;
    let parsed = ResourceId::of(id);
    let mut row = Row::new("AzureNetworkAnalytics_CL");
    row.time("TimeGenerated", instant);
    row.text("SubType_s", "FlowLog");
    row.text("FASchemaVersion_s", if parts.len() == 8 { "1" } else { "2" });
    for column in ["FlowStartTime_t", "FlowEndTime_t"] {
        row.time(column, instant);
    }
    let interval = 60 * MINUTE;
    row.time("FlowIntervalStartTime_t", instant.div_euclid(interval) * interval);
    row.time("FlowIntervalEndTime_t", (instant.div_euclid(interval) + 1) * interval);
    row.text("SrcIP_s", part(1));
    row.text("DestIP_s", part(2));
    row.number("DestPort_d", part(4));
    row.text("L4Protocol_s", part(5));
    row.text("FlowDirection_s", part(6));
    row.text("FlowStatus_s", part(7));
    row.text("NSGRule_s", rule);
    row.text("NSGRules_s", &format!("0|{rule}|{}|{}|1", part(6), part(7)));
    row.text("MACAddress_s", mac);
    row.text("NSGList_s", &format!("{}/{}/{}", parsed.subscription, parsed.group, parsed.name).to_ascii_lowercase());
    row.text("Subscription_g", &parsed.subscription.to_ascii_lowercase());
    parsed.put(&mut row);
    row.long("FlowCount_d", 1);
    let counted = match (part(6), part(7)) {
        ("I", "A") => "AllowedInFlows_d",
        ("I", "D") => "DeniedInFlows_d",
        ("O", "A") => "AllowedOutFlows_d",
        ("O", "D") => "DeniedOutFlows_d",
        _ => return Err("the flow is neither in nor out, or neither allowed nor denied".to_string()),
    };
    for column in ["AllowedInFlows_d", "DeniedInFlows_d", "AllowedOutFlows_d", "DeniedOutFlows_d"] {
        row.long(column, i64::from(column == counted));
    }
    row.pass_text("SrcPort", part(3));
    if parts.len() == 13 {
        row.pass_text("FlowState", part(8));
        row.long("CompletedFlows_d", i64::from(part(8) == "E"));
        // From the source to the destination first: into the network when the flow comes in.
        let (to, from) = if part(6) == "I" { ("Inbound", "Outbound") } else { ("Outbound", "Inbound") };
        for (column, n) in [
            (format!("{to}Packets_d"), 9),
            (format!("{to}Bytes_d"), 10),
            (format!("{from}Packets_d"), 11),
            (format!("{from}Bytes_d"), 12),
        ] {
            if !part(n).is_empty() {
                row.number(&column, part(n));
            }
        }
    }
    Ok(row)
}
