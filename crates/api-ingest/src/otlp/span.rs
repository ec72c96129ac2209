//! Spans: of servers and consumers, `AppRequests`; all others, `AppDependencies`. What happened in them: exceptions, `AppExceptions`;
//! everything else, `AppTraces`.
//!
//! # Source
//! OpenTelemetry's semantic conventions, the stable names and those before; Azure Monitor's exporter, which fills these columns of them.

use super::attributes::Attributes;
use super::exception;
use super::read::Row;
use super::record::{Context, Record};
use super::value::{ValueError, array_text, hex, json_text, object_of};
use super::wire::{Event, Link, Span};
use super::{dependency, request};

const SERVER: i32 = 2;
pub const CLIENT: i32 = 3;
pub const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
const STATUS_OK: i32 = 1;
const STATUS_ERROR: i32 = 2;

/// What the two tables of spans fill differently.
pub struct Told {
    pub name: String,
    pub success: bool,
    pub result_code: String,
}

/// Returns the rows of a span: its own, and one for each event.
pub fn rows(span: &Span, context: &Context, arrival: i64) -> Result<Vec<Row>, ValueError> {
    let mut rows = vec![own_row(span, context, arrival)?];
    for event in &span.events {
        rows.push(event_row(event, span, context, arrival)?);
    }
    Ok(rows)
}

/// Returns whether nothing says that a span failed.
pub fn is_ok(span: &Span) -> bool {
    span.status.as_ref().is_none_or(|status| status.code != STATUS_ERROR)
}

fn own_row(span: &Span, context: &Context, arrival: i64) -> Result<Row, ValueError> {
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    let mut record = Record::new(&[start, end], arrival);
    let attributes = Attributes(&span.attributes);
    record.properties.attributes(&span.attributes)?;
    record.text("Id", &hex(&span.span_id));
    record.text("OperationId", &hex(&span.trace_id));
    record.text("ParentId", &hex(&span.parent_span_id));
    record.json("ItemCount", "1");
    if start > 0 && end > 0 {
        let millis = if end >= start { (end - start) as f64 } else { -((start - end) as f64) } / 1e6;
        record.number("DurationMs", millis);
    } else {
        record.properties.time("otel.end_time", end);
    }
    user_columns(&mut record, attributes);
    let (table, told) = match span.kind {
        SERVER | CONSUMER => ("AppRequests", request::columns(&mut record, span)),
        _ => ("AppDependencies", dependency::columns(&mut record, span)),
    };
    record.text("Name", &told.name);
    record.json("Success", if told.success { "true" } else { "false" });
    record.text("ResultCode", &told.result_code);
    if told.name != span.name {
        record.properties.text("otel.span_name", &span.name);
    }
    rest(&mut record, span)?;
    Ok(record.finish(table, context))
}

/// Adds what has no column.
fn rest(record: &mut Record, span: &Span) -> Result<(), ValueError> {
    let properties = &mut record.properties;
    let kind = ["", "internal", "server", "client", "producer", "consumer"];
    match usize::try_from(span.kind).ok().and_then(|kind_number| kind.get(kind_number)) {
        Some(kind) => properties.text("span.kind", kind),
        None => properties.member("span.kind", &span.kind.to_string()),
    }
    if let Some(status) = &span.status {
        match status.code {
            0 => {}
            STATUS_OK => properties.text("otel.status_code", "OK"),
            STATUS_ERROR => properties.text("otel.status_code", "ERROR"),
            code => properties.member("otel.status_code", &code.to_string()),
        }
        properties.text("otel.status_description", &status.message);
    }
    properties.text("otel.trace_state", &span.trace_state);
    properties.count("otel.flags", span.flags.into());
    properties.count("otel.dropped_attributes_count", span.dropped_attributes_count.into());
    properties.count("otel.dropped_events_count", span.dropped_events_count.into());
    properties.count("otel.dropped_links_count", span.dropped_links_count.into());
    if !span.links.is_empty() {
        let short =
            |link: &Link| format!(r#"{{"operation_Id":"{}","id":"{}"}}"#, hex(&link.trace_id), hex(&link.span_id));
        // A text, as Application Insights has it.
        properties.text("_MS.links", &array_text(&span.links, short));
        if span.links.iter().any(says_more) {
            let links: Vec<String> = span.links.iter().map(link_object).collect::<Result<_, _>>()?;
            properties.member("otel.links", &array_text(&links, String::clone));
        }
    }
    Ok(())
}

/// Returns whether a link says more than what it leads to.
fn says_more(link: &Link) -> bool {
    let counts = u64::from(link.flags) + u64::from(link.dropped_attributes_count);
    !link.attributes.is_empty() || !link.trace_state.is_empty() || counts > 0
}

fn link_object(link: &Link) -> Result<String, ValueError> {
    let mut object = super::value::Object::new();
    object.text("trace_id", &hex(&link.trace_id));
    object.text("span_id", &hex(&link.span_id));
    object.text("trace_state", &link.trace_state);
    object.member("attributes", &object_of(&link.attributes)?);
    object.count("flags", link.flags.into());
    object.count("dropped_attributes_count", link.dropped_attributes_count.into());
    Ok(object.finish())
}

fn event_row(event: &Event, span: &Span, context: &Context, arrival: i64) -> Result<Row, ValueError> {
    let mut record = Record::new(&[event.time_unix_nano, span.start_time_unix_nano], arrival);
    let attributes = Attributes(&event.attributes);
    let table = if event.name == "exception" {
        exception::columns(&mut record, &event.attributes)?;
        "AppExceptions"
    } else {
        record.text("Message", &event.name);
        record.properties.attributes(&event.attributes)?;
        "AppTraces"
    };
    record.text("OperationId", &hex(&span.trace_id));
    record.text("ParentId", &hex(&span.span_id));
    record.json("ItemCount", "1");
    user_columns(&mut record, attributes);
    record.properties.count("otel.dropped_attributes_count", event.dropped_attributes_count.into());
    Ok(record.finish(table, context))
}

/// Sets the columns that say on whose behalf something was done.
pub fn user_columns(record: &mut Record, of: Attributes<'_>) {
    record.maybe("UserId", of.text(&["enduser.pseudo.id"]));
    record.maybe("UserAuthenticatedId", of.text(&["enduser.id", "user.id"]));
    record.maybe("SessionId", of.text(&["session.id"]));
    if of.text(&["user_agent.synthetic.type"]).is_some_and(|kind| kind == "bot" || kind == "test") {
        record.json("SyntheticSource", &json_text("True"));
    }
}
