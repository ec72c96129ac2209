//! One function per target.

use api_ingest::otlp::{self, Encoding, Signal};
use api_ingest::push::{self, Entry, PushLimits, elastic, hec, loki};
use api_ingest::{Signature, moment_of};
use api_monitor::{Prefer, Timespan};
use collection::{Rule, Said, Transform};
use files::{Input, Options, Progress};
use kql::bind::{Environment, bind_parsed};
use kql::catalog::Catalog;
use kql::syntax::{self, Parse};
use kql::{Diagnostic, Span};
use kql_functions::FUNCTIONS;
use kusto_ingestion::{DataFormat, Mapping, MappingKind, read_records};
use listeners::syslog::{Framing, Message};
use management::CommandError;
use schema::dynamic::raw;
use schema::{Column, ticks};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A target's name and body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: &[Target] = &[
    ("lexer", lexer),
    ("parser", parser),
    ("binder", binder),
    ("json", json),
    ("delimited", delimited),
    ("timespan", timespan),
    ("prefer", prefer),
    ("collection-rule", collection_rule),
    ("suffixed", suffixed),
    ("signature", signature),
    ("mappings", mappings),
    ("records", records),
    ("syslog", syslog),
    ("otlp", otlp_body),
    ("hec-events", hec_events),
    ("elastic-bulk", elastic_bulk),
    ("loki-push", loki_push),
    ("kafka", kafka),
    ("commands", commands),
];

/// The tokens are the text, without a gap.
pub fn lexer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    check_tokens(&syntax::parse(&text), &text);
}

/// Every entry point gives a tree that can be printed, and findings that lie in the text.
pub fn parser(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parse = syntax::parse(&text);
    check_tokens(&parse, &text);
    check_findings(&parse.diagnostics, &text);
    let _ = syntax::dump(&parse.block);
    let body = syntax::parse_body(&text);
    check_findings(&body.diagnostics, &text);
    let (_, found) = syntax::parse_parameters(&text);
    check_findings(&found, &text);
}

/// Events and lines of Splunk's collector are read or refused, and every one that is read is a record.
pub fn hec_events(bytes: &[u8]) {
    let defaults = hec::events::Defaults::default();
    let limits = PushLimits { bytes_max: 1 << 20, entries_max: 1000, ..PushLimits::default() };
    for read in [hec::events::events, hec::events::lines] {
        if let Ok(entries) = read(bytes, &defaults, &limits) {
            assert!(!entries.is_empty());
            check_entries(&entries);
        }
    }
}

/// A bulk is read or refused, and has as many items as actions.
pub fn elastic_bulk(bytes: &[u8]) {
    if let Ok(items) = elastic::bulk::bulk(bytes, Some("index"), 1000) {
        let n_lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        assert!(items.len() <= n_lines && n_lines <= 2 * items.len(), "{} items of {n_lines} lines", items.len());
        let entries: Vec<Entry> = items.into_iter().filter_map(|item| Some(*item.entry.ok()?)).collect();
        check_entries(&entries);
    }
}

/// Push requests of Loki are read or refused, in either form, packed or not.
pub fn loki_push(bytes: &[u8]) {
    let limits = PushLimits { bytes_max: 1 << 20, entries_max: 1000, ..PushLimits::default() };
    if let Ok(entries) = loki::json::lines(bytes, &limits) {
        check_entries(&entries);
    }
    let packed = loki::proto::pack(bytes).unwrap_or_default();
    for body in [bytes, &packed] {
        if let Ok(entries) = loki::proto::lines(body, &limits) {
            check_entries(&entries);
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if let Some(labels) = loki::proto::selector(&text) {
        assert!(labels.len() <= text.len());
    }
}

/// Answers of Kafka's brokers, and batches of records, are read or refused.
pub fn kafka(bytes: &[u8]) {
    pull::read_as_answers(bytes);
}

/// A management command is one that is known, or what is wrong with it lies in the text.
pub fn commands(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(CommandError::Wrong(found)) = management::form_of(&text) {
        assert!(!found.is_empty());
        check_findings(&found, &text);
    }
}

/// Every entry is one record, whose text is in it.
fn check_entries(entries: &[Entry]) {
    let lines = push::own_lines(entries);
    assert_eq!(lines.len(), entries.len());
    for (entry, line) in entries.iter().zip(&lines) {
        assert!(raw::is_valid(line), "{line:?} is no JSON");
        if let push::Content::Text(text) = &entry.content {
            let is_said = |value: &str| raw::string(value).is_some_and(|said| said == *text);
            let bag = raw::member(line, "AdditionalFields").unwrap_or_default();
            let mut said = raw::members(line).chain(raw::members(bag)).filter(|(name, _)| *name == "Message");
            assert!(said.any(|(_, value)| is_said(value)), "{text:?} is not in {line:?}");
        }
    }
}

/// Binding against the built-in tables gives a plan or says why not, never both.
pub fn binder(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let bound = move || {
        let parse = syntax::parse(&text);
        let (plan, found) = bind_parsed(&text, &parse, environment());
        check_findings(&found, &text);
        assert_eq!(plan.is_none(), found.iter().any(Diagnostic::is_error), "a plan or an error, for {text:?}");
        // What is reported twice helps nobody.
        for (i, finding) in found.iter().enumerate() {
            assert!(!found.iter().take(i).any(|before| before == finding), "{finding:?} twice, for {text:?}");
        }
        // The same text means the same.
        let (again, same) = bind_parsed(&text, &parse, environment());
        assert!(found == same && format!("{plan:?}") == format!("{again:?}"), "binding differs from itself: {text:?}");
    };
    on_deep_stack(bound);
}

/// A file that may be JSON is read or refused, in one partition as in several, and no row is lost.
pub fn json(bytes: &[u8]) {
    read_file("input.json", bytes);
}

/// A file that may be delimited text is read or refused.
pub fn delimited(bytes: &[u8]) {
    read_file("input.csv", bytes);
}

/// A time range ends where it does not begin later, and means the same by its ends.
pub fn timespan(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for now in [0, 639_158_256_000_000_000, ticks::DATETIME_MAX] {
        let Some(span) = Timespan::parse(&text, now) else { continue };
        assert!(span.from <= span.to, "{span:?} of {text:?}");
        let written = format!("{}/{}", ticks::datetime_text(span.from), ticks::datetime_text(span.to));
        assert_eq!(Timespan::parse(&written, now), Some(span), "{written:?} of {text:?}");
    }
}

/// Preferences are read whatever they hold, and between either separator.
pub fn prefer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = |text: &str| {
        let mut prefer = Prefer::default();
        prefer.read(text);
        prefer
    };
    assert_eq!(read(&text), read(&text.replace(',', ";")), "{text:?}");
}

/// The document of a data collection rule is read or refused, and what is shown of it is read again.
pub fn collection_rule(bytes: &[u8]) {
    let immutable_id = format!("dcr-{}", "0".repeat(32));
    let Ok(rule) = Rule::parse("/subscriptions/s/r", bytes, &immutable_id) else { return };
    let shown = rule.to_json(None).to_string();
    let again = Rule::parse("/subscriptions/s/r", shown.as_bytes(), &immutable_id);
    let again = again.unwrap_or_else(|error| panic!("{error} of what is shown: {shown}"));
    assert!(again.streams == rule.streams && again.flows == rule.flows && again.destinations == rule.destinations);
    for flow in &rule.flows {
        for (stream, text) in flow.streams.iter().zip(flow.transform.iter().cycle()) {
            if let Some(columns) = rule.columns(stream) {
                let text = text.clone();
                on_deep_stack(move || drop(Transform::check(&text, &columns, false)));
            }
        }
    }
}

/// Records of the HTTP Data Collector API are named or refused; every element is there, and the same need no further columns.
pub fn suffixed(bytes: &[u8]) {
    let Ok(named) = collection::suffixed(bytes, &[], Said::default(), 639_158_256_000_000_000) else { return };
    assert!(named.body.split(|byte| *byte == b'\n').count() > named.records);
    let again = collection::suffixed(bytes, &named.new_columns, Said::default(), 639_158_256_000_000_000);
    let again = again.unwrap_or_else(|error| panic!("{error}"));
    assert!(again.new_columns.is_empty(), "{:?}", again.new_columns);
}

/// Headers of signed requests are read or refused.
pub fn signature(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(signature) = Signature::parse(&text) {
        assert!(signature.mac.len() == 32 && !signature.workspace.is_empty());
    }
    let _ = moment_of(&text);
}

/// Bodies of OTLP are refused, or every record of them is taken or rejected, whatever they are said to be.
pub fn otlp_body(bytes: &[u8]) {
    for signal in [Signal::Logs, Signal::Metrics, Signal::Traces] {
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let Ok(read) = otlp::read(bytes, encoding, signal, 639_158_256_000_000_000) else { continue };
            let taken: BTreeSet<u64> = read.tables.values().flat_map(|rows| rows.origins.iter().copied()).collect();
            let rejected: BTreeSet<u64> = read.rejected.iter().map(|rejected| rejected.position).collect();
            assert!(taken.is_disjoint(&rejected) && rejected.len() == read.rejected.len());
            assert_eq!(taken.len() as u64 + rejected.len() as u64, read.n_records);
            for rows in read.tables.values() {
                assert_eq!(rows.body.lines().count(), rows.origins.len());
            }
        }
    }
}

fn check_tokens(parse: &Parse, text: &str) {
    let mut at = 0;
    for token in &parse.tokens {
        assert_eq!(token.span.start, at, "a gap before {:?} in {text:?}", token.span);
        assert!(text.get(token.span.start..token.span.end).is_some(), "{:?} cuts a character of {text:?}", token.span);
        at = token.span.end;
    }
    assert_eq!(at, text.len(), "the tokens do not cover {text:?}");
}

fn check_findings(found: &[Diagnostic], text: &str) {
    for finding in found {
        let Span { start, end } = finding.span;
        assert!(text.get(start..end).is_some(), "{finding:?} does not lie in {text:?}");
        assert!(!finding.message.is_empty() && !finding.message.contains('\n'), "{finding:?}");
    }
}

/// The built-in tables.
struct BuiltIn;

impl Catalog for BuiltIn {
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        schema::tables::builtin(name).map(|table| table.columns.clone())
    }

    fn table_names(&self) -> Vec<String> {
        // A few are enough for wildcards, and keep a single input quick.
        ["SecurityEvent", "SigninLogs", "Syslog"].map(String::from).to_vec()
    }

    fn ingestion_time(&self, _table: &str) -> Option<String> {
        Some("$IngestionTime".to_string())
    }
}

fn environment() -> Environment<'static> {
    Environment { catalog: &BuiltIn, functions: &*FUNCTIONS, host: None, now: 0, principal: "fuzzer", parameters: &[] }
}

/// Stack of the thread that binds, as the program has it.
const STACK_BYTES: usize = 256 << 20;

fn on_deep_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    if let Err(panic) = thread.unwrap_or_else(|error| panic!("no thread: {error}")).join() {
        std::panic::resume_unwind(panic);
    }
}

/// A mapping of any kind is read or refused, and what is read names each column once.
pub fn mappings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for kind in MappingKind::ALL {
        let Ok(mapping) = Mapping::parse(kind, &text) else { continue };
        let mut columns: Vec<&str> = mapping.elements.iter().map(|element| element.column.as_str()).collect();
        let n_columns = columns.len();
        columns.sort_unstable();
        columns.dedup();
        assert!(n_columns == columns.len() && n_columns > 0, "a column twice, or none: {text:?}");
    }
}

/// Records of any format that is text are taken or rejected, the same ones each time, and none gets lost: with one column of text and a record a line, what
/// is taken and what is rejected are all lines. The first byte says which format, and from 64 on that there is a mapping.
pub fn records(bytes: &[u8]) {
    let Some((first, data)) = bytes.split_first() else { return };
    // Libraries read the others, and stop at some damaged files: a server has them do it in a process of its own.
    let formats: Vec<DataFormat> = DataFormat::names().into_iter().filter_map(DataFormat::from_name).collect();
    let texts: Vec<DataFormat> = formats.into_iter().filter(|format| format.is_text()).collect();
    let Some(format) = texts.get(usize::from(*first) % texts.len()).copied() else { return };
    let columns = [
        Column::new("Text", schema::KqlType::String),
        Column::new("N", schema::KqlType::Long),
        Column::new("D", schema::KqlType::Dynamic),
    ];
    let mapping = match (first >= &64, format.mapping_kind()) {
        (false, _) => None,
        (true, MappingKind::Csv) => Some(r#"[{"column":"N","ordinal":1},{"column":"Text","ordinal":0}]"#),
        (true, MappingKind::W3cLogFile) => Some(r#"[{"column":"Text","field":"a"}]"#),
        (true, _) => Some(
            r#"[{"column":"Text","path":"$.a[0].b"},{"column":"N","path":"$.n","transform":"DateTimeFromUnixSeconds"},
                {"column":"D","path":"$","transform":"DropMappedFields"}]"#,
        ),
    };
    let read = || {
        let mapping = mapping.map(|text| Mapping::parse(format.mapping_kind(), text));
        let mapping = mapping.map(|mapping| mapping.unwrap_or_else(|error| panic!("{error}")));
        read_records(format, mapping, data, &columns, 4096).map(|records| (records.batch, records.rejected))
    };
    let (once, again) = (read(), read());
    assert_eq!(once.is_ok(), again.is_ok());
    let (Ok((rows, rejected)), Ok((same_rows, same_rejected))) = (once, again) else { return };
    assert!(rows == same_rows && rejected == same_rejected, "not the same twice");
    if format == DataFormat::Txt {
        let n_lines = data.split(|byte| *byte == b'\n').filter(|line| !matches!(line, [] | [b'\r'])).count();
        let is_marked = data.starts_with(b"\xef\xbb\xbf");
        assert!(is_marked || rows.num_rows() + rejected.len() == n_lines, "{n_lines} lines, {} rows", rows.num_rows());
    }
}

/// A stream has the same messages however it is cut, and a message becomes one record, or one reject.
pub fn syslog(bytes: &[u8]) {
    const MESSAGE_BYTES_MAX: usize = 64;
    let read = |step: usize| -> Vec<Message> {
        let (mut framing, mut messages) = (Framing::new(MESSAGE_BYTES_MAX), Vec::new());
        for piece in bytes.chunks(step) {
            framing.push(piece, &mut messages);
            assert!(framing.length() > 0 || framing.is_between());
        }
        framing.finish(true, &mut messages);
        messages
    };
    let step = bytes.first().map_or(1, |byte| usize::from(*byte % 61) + 1);
    let messages = read(bytes.len().max(1));
    assert!(read(step) == messages && read(1) == messages, "something else comes out in pieces of {step}");
    assert!(messages.iter().map(|message| message.bytes.len()).sum::<usize>() <= bytes.len());
    // Some day of 2026, so that years are found out.
    let arrival = sources::Arrival { peer: "192.0.2.7", collector: "host", now: 639_000_000_000_000_000 };
    for message in messages.iter().map(|message| &*message.bytes).chain([bytes]) {
        let mut out = sources::Output::default();
        sources::syslog_message(message, arrival, &mut out);
        let n_lines: usize = out.take_tables().values().map(|batch| batch.body.lines().count()).sum();
        assert_eq!(n_lines + out.take_rejects().len(), usize::from(!message.trim_ascii().is_empty()));
    }
}

fn read_file(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("no file: {error}"));
    // Small limits, so that their rims are met.
    let options = Options { line_bytes_max: 4096, batch_rows: 3, ..Options::default() };
    let Ok(tables) = files::open(&[Input::path(path.display().to_string())], &options) else { return };
    for table in tables {
        let rows = |partitions: usize| -> Option<usize> {
            let progress = Arc::new(Progress::default());
            let mut rows = 0;
            for partition in table.partitions(partitions) {
                for batch in table.read(&partition, None, &progress) {
                    let batch = batch.ok()?;
                    assert_eq!(batch.num_columns(), table.columns().len());
                    rows += batch.num_rows();
                }
            }
            assert_eq!(progress.rows(), rows as u64);
            Some(rows)
        };
        let (whole, parts) = (rows(1), rows(4));
        assert_eq!(whole, parts, "rows differ by the number of partitions");
    }
}
