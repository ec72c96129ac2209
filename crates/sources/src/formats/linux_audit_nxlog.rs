//! Records of Linux's audit daemon as the JSON that NXLog makes of them.

use super::linux_audit::{TABLE, member};
use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "linux_audit_nxlog",
    about: "records of Linux's audit daemon as NXLog's JSON",
    shape: Shape::Json,
    tables: &[TABLE],
    detect: |sniff: &Sniff<'_>| {
        let Some(first) = sniff.first() else { return 0 };
        let is_ours = first.text("SourceModuleType") == "im_linuxaudit" || first.has_all(&["type", "time", "seq"]);
        if is_ours { 90 } else { 0 }
    },
    parser: |_| of_objects(&[], |record, item, out| out.result(of_json(&record), item)),
};

fn of_json(record: &Object<'_>) -> Result<Row, String> {
    if !record.has_all(&["type", "time"]) {
        return Err("it has no `type` and `time`".to_string());
    }
    let mut row = Row::new(TABLE);
    let time = record.get("time").unwrap_or("null");
    row.json("TimeGenerated", time);
    row.json("time_t", time);
    row.text("Computer", &record.text("Hostname"));
    for (name, json) in record.rest() {
        match name {
            "time" => {}
            "EventReceivedTime" => row.json("EventReceivedTime_t", json),
            _ => member(&mut row, name, json),
        }
    }
    Ok(row)
}
