//! Log records: `AppTraces`; those that tell of an exception, `AppExceptions`; those that an application calls a custom event, `AppEvents`.

use super::attributes::Attributes;
use super::exception;
use super::read::Row;
use super::record::{Context, Record};
use super::value::{ValueError, hex, text_of};
use super::wire::LogRecord;

/// The attribute by which Microsoft's distributions of OpenTelemetry send custom events.
const CUSTOM_EVENT: &str = "microsoft.custom_event.name";

pub fn row(of: &LogRecord, context: &Context, arrival: i64) -> Result<Row, ValueError> {
    let attributes = Attributes(&of.attributes);
    let mut record = Record::new(&[of.time_unix_nano, of.observed_time_unix_nano], arrival);
    let body = text_of(of.body.as_ref())?;
    let table = if let Some(name) = attributes.text(&[CUSTOM_EVENT]) {
        record.text("Name", &name);
        record.properties.attributes(&of.attributes)?;
        record.properties.text("otel.body", &body);
        "AppEvents"
    } else if exception::is_told(attributes) {
        exception::columns(&mut record, &of.attributes)?;
        record.properties.text("otel.body", &body);
        level(&mut record, of.severity_number);
        "AppExceptions"
    } else {
        record.text("Message", &body);
        record.properties.attributes(&of.attributes)?;
        level(&mut record, of.severity_number);
        "AppTraces"
    };
    record.text("OperationId", &hex(&of.trace_id));
    record.text("ParentId", &hex(&of.span_id));
    super::span::user_columns(&mut record, attributes);
    record.json("ItemCount", "1");
    let properties = &mut record.properties;
    properties.text("otel.event_name", &of.event_name);
    properties.text("otel.severity_text", &of.severity_text);
    if of.severity_number != 0 {
        properties.member("otel.severity_number", &of.severity_number.to_string());
    }
    properties.time("otel.observed_time", of.observed_time_unix_nano);
    properties.count("otel.flags", of.flags.into());
    properties.count("otel.dropped_attributes_count", of.dropped_attributes_count.into());
    Ok(record.finish(table, context))
}

/// Sets Application Insights' level of a severity, 0 (verbose) to 4 (critical), where one is said.
///
/// # Source
/// OpenTelemetry, "Logs Data Model", SeverityNumber; Azure Monitor's exporter, whose levels these are.
fn level(record: &mut Record, number: i32) {
    let level = match number {
        i32::MIN..=0 => return,
        1..=8 => "0",
        9..=12 => "1",
        13..=16 => "2",
        17..=20 => "3",
        21.. => "4",
    };
    record.json("SeverityLevel", level);
}
