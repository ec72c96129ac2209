//! Windows events as JSON: what Winlogbeat writes (`winlog`), and what NXLog and the like write, where data stand beside the rest.

use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};
use crate::windows::Event;
use schema::dynamic::raw;

pub static SOURCE: Source = Source {
    name: "winlogbeat",
    about: "Windows events as JSON, as Winlogbeat and NXLog write them",
    shape: Shape::Json,
    tables: &["SecurityEvent", "Event"],
    detect: |sniff: &Sniff<'_>| {
        let is_flat = sniff.has_all(&["EventID", "Channel"])
            && sniff.first().is_some_and(|first| first.has("Hostname") || first.has("SourceName"));
        if is_flat || sniff.has_all(&["winlog", "@timestamp"]) { 95 } else { 0 }
    },
    parser: |_| of_objects(&[], |event, item, out| out.result(of(event), item)),
};

fn of(event: Object<'_>) -> Result<Row, String> {
    if event.has("winlog") { nested(event) } else { flat(event) }
}

fn nested(mut outer: Object<'_>) -> Result<Row, String> {
    let mut inner = Object::of(outer.take("winlog").unwrap_or("")).ok_or("its `winlog` is no object")?;
    let mut event = Event {
        event_id: inner.take_text("event_id").into_owned(),
        channel: inner.take_text("channel").into_owned(),
        computer: inner.take_text("computer_name").into_owned(),
        provider: inner.take_text("provider_name").into_owned(),
        provider_guid: inner.take_text("provider_guid").into_owned(),
        record_id: inner.take_text("record_id").into_owned(),
        correlation: inner.take_text("activity_id").into_owned(),
        version: inner.take_text("version").into_owned(),
        message: outer.take_text("message").into_owned(),
        time: outer.take_text("@timestamp").into_owned(),
        ..Event::default()
    };
    if event.event_id.is_empty() {
        return Err("it has no event's id".to_string());
    }
    if let Some(process) = inner.take("process").map(Object::members_of) {
        event.process_id = process.text("pid").into_owned();
        event.thread_id =
            process.get("thread").map(Object::members_of).map_or_else(String::new, |t| t.text("id").into_owned());
    }
    if let Some(user) = inner.take("user").map(Object::members_of) {
        event.user_sid = user.text("identifier").into_owned();
    }
    for part in ["event_data", "user_data"] {
        if let Some(data) = inner.take(part).map(Object::members_of) {
            event.data.extend(data.rest().map(|(name, json)| (name.to_string(), raw::text(json).into_owned())));
        }
    }
    if !event.data.is_empty() {
        event.write_data_xml();
    }
    let mut row = event.into_row();
    // Winlogbeat gives names of what the event has numbers for.
    for (name, json) in inner.rest() {
        row.pass(&format!("winlog_{name}"), json);
    }
    outer.pass_rest(&mut row);
    Ok(row)
}

fn flat(mut outer: Object<'_>) -> Result<Row, String> {
    if !outer.has("EventID") {
        return Err("it has no `EventID`".to_string());
    }
    let mut text = |names: &[&str]| {
        let mut found = String::new();
        for name in names {
            let value = outer.take_text(name);
            if found.is_empty() {
                found = value.into_owned();
            }
        }
        found
    };
    let mut event = Event {
        event_id: text(&["EventID"]),
        channel: text(&["Channel"]),
        computer: text(&["Hostname", "Computer"]),
        provider: text(&["SourceName", "Provider"]),
        provider_guid: text(&["ProviderGuid"]),
        time: text(&["TimeCreated", "EventTime", "@timestamp"]),
        task: text(&["Task"]),
        keywords: text(&["Keywords"]),
        version: text(&["Version"]),
        opcode: text(&["OpcodeValue", "Opcode"]),
        record_id: text(&["RecordNumber", "EventRecordID"]),
        correlation: text(&["ActivityID"]),
        process_id: text(&["ExecutionProcessID"]),
        thread_id: text(&["ThreadID", "ExecutionThreadID"]),
        user_sid: text(&["UserID"]),
        message: text(&["Message"]),
        ..Event::default()
    };
    // The level's number, or its name.
    let level = text(&["Level", "LevelValue", "SeverityValue"]);
    if level.bytes().all(|byte| byte.is_ascii_digit()) {
        event.level = level
    } else {
        event.level_name = level
    }
    for (name, json) in outer.rest() {
        event.data.push((name.to_string(), raw::text(json).into_owned()));
    }
    if !event.data.is_empty() {
        event.write_data_xml();
    }
    Ok(event.into_row())
}
