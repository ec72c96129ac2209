//! Storage Analytics' logs, versions 1.0 and 2.0, and metrics of transactions by the hour that follow from them.
//!
//! A request lands in StorageBlobLogs, StorageQueueLogs or StorageTableLogs, as its service is. The metrics land in AzureMetrics when
//! the stream ends: transactions, bytes in and out, latencies, availability, for each account, service and hour. Lines may be there
//! twice, as the service writes some of them: each counts.
//!
//! # Source
//! "Storage Analytics log format"; "Storage Analytics metrics table schema"; the columns of StorageBlobLogs and AzureMetrics.

use crate::detect::Sniff;
use crate::frame::{Convert, of_lines};
use crate::output::Output;
use crate::row::Row;
use crate::source::{Shape, Source};
use quick_xml::escape::unescape;
use schema::ticks::{self, HOUR};
use std::collections::BTreeMap;

pub static SOURCE: Source = Source {
    name: "storage_analytics",
    about: "Storage Analytics' logs, versions 1.0 and 2.0, with metrics of transactions by the hour",
    shape: Shape::Text,
    tables: &["StorageBlobLogs", "StorageQueueLogs", "StorageTableLogs", "AzureMetrics"],
    detect: |sniff: &Sniff<'_>| {
        let is_ours = |line: &str| {
            let fields = fields(line);
            fields.len() >= 30 && matches!(fields.first().map(String::as_str), Some("1.0" | "2.0"))
        };
        if sniff.share(is_ours) >= 50 { 95 } else { 0 }
    },
    parser: |_| of_lines(Log::default()),
};

/// Fields of version 1.0, and those that 2.0 adds.
const FIELDS: usize = 30;
const FIELDS_2: usize = 38;
/// Hours of services that are counted at a time; the oldest is given out when there are more.
const HOURS_MAX: usize = 4096;

/// Splits a line. A field in quotes ends with a quote before the next separator; in another one a semicolon that ends an entity
/// (`&amp;`) does not separate.
fn fields(line: &str) -> Vec<String> {
    let mut fields = Vec::with_capacity(FIELDS_2);
    let mut rest = line;
    loop {
        let (field, after) = if let Some(inner) = rest.strip_prefix('"') {
            match inner.find("\";") {
                Some(at) => (inner.get(..at).unwrap_or(""), inner.get(at + 2..)),
                None => (inner.strip_suffix('"').unwrap_or(inner), None),
            }
        } else {
            let ends = rest.match_indices(';').map(|(at, _)| at).find(|at| !ends_entity(rest.get(..*at).unwrap_or("")));
            match ends {
                Some(at) => (rest.get(..at).unwrap_or(""), rest.get(at + 1..)),
                None => (rest, None),
            }
        };
        fields.push(unescape(field).map_or_else(|_| field.to_string(), std::borrow::Cow::into_owned));
        match after {
            Some(after) => rest = after,
            None => return fields,
        }
    }
}

/// Returns whether a text ends with an entity that lacks its semicolon.
fn ends_entity(text: &str) -> bool {
    let tail = text.get(text.len().saturating_sub(8)..).unwrap_or("");
    tail.rsplit_once('&').is_some_and(|(_, name)| {
        matches!(name, "amp" | "lt" | "gt" | "quot" | "apos")
            || name
                .strip_prefix('#')
                .is_some_and(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

/// What is counted of an hour.
#[derive(Debug, Default)]
struct Hour {
    n: u64,
    /// Requests that count for availability, and those of them that the service answered.
    n_judged: u64,
    n_available: u64,
    ingress: f64,
    egress: f64,
    latency: Span,
    server_latency: Span,
}

/// Sum and limits of successful requests' latencies, in milliseconds.
#[derive(Debug, Default)]
struct Span {
    n: u64,
    sum: f64,
    least: f64,
    most: f64,
}

impl Span {
    fn add(&mut self, value: f64) {
        (self.least, self.most) =
            if self.n == 0 { (value, value) } else { (self.least.min(value), self.most.max(value)) };
        self.n += 1;
        self.sum += value;
    }
}

#[derive(Default)]
struct Log {
    /// By hour, account and service.
    hours: BTreeMap<(i64, String, String), Hour>,
}

impl Convert for Log {
    fn item(&mut self, item: &str, out: &mut Output) {
        let made = self.record(item);
        out.result(made, item);
        while self.hours.len() > HOURS_MAX {
            if let Some((key, hour)) = self.hours.pop_first() {
                give(&key, &hour, out);
            }
        }
    }

    fn end(&mut self, out: &mut Output) {
        for (key, hour) in std::mem::take(&mut self.hours) {
            give(&key, &hour, out);
        }
    }
}

impl Log {
    fn record(&mut self, line: &str) -> Result<Row, String> {
        let fields = fields(line);
        let field = |n: usize| fields.get(n).map_or("", String::as_str);
        let expected = match field(0) {
            "1.0" => FIELDS,
            "2.0" => FIELDS_2,
            other => return Err(format!("`{other}` is no version of such logs")),
        };
        if fields.len() != expected {
            return Err(format!("it has {} fields, and version {} has {expected}", fields.len(), field(0)));
        }
        let time = ticks::parse_datetime(field(1)).ok_or_else(|| format!("`{}` is no time", field(1)))?;
        let (table, kind) = match field(10) {
            "blob" => ("StorageBlobLogs", "blobServices"),
            "queue" => ("StorageQueueLogs", "queueServices"),
            "table" => ("StorageTableLogs", "tableServices"),
            other => return Err(format!("`{other}` is no service")),
        };
        self.count(time, kind, &fields);
        let mut row = Row::new(table);
        row.time("TimeGenerated", time);
        row.text("Category", category(field(2)));
        row.text("SchemaVersion", field(0));
        row.text("OperationName", field(2));
        row.text("StatusText", field(3));
        row.text("StatusCode", field(4));
        row.number("DurationMs", field(5));
        row.number("ServerLatencyMs", field(6));
        row.text("AuthenticationType", authentication(field(7)));
        row.text("AccountName", field(9));
        row.text("ServiceType", field(10));
        row.text("Uri", field(11));
        row.text("Protocol", if field(11).starts_with("https:") { "HTTPS" } else { "HTTP" });
        row.text("ObjectKey", field(12));
        row.text("CorrelationId", field(13));
        row.number("OperationCount", field(14));
        row.text("CallerIpAddress", field(15));
        row.text("OperationVersion", field(16));
        for (n, column) in [
            (17, "RequestHeaderSize"),
            (18, "RequestBodySize"),
            (19, "ResponseHeaderSize"),
            (20, "ResponseBodySize"),
            (21, "ContentLengthHeader"),
        ] {
            if !field(n).is_empty() {
                row.number(column, field(n));
            }
        }
        row.text("RequestMd5", field(22));
        row.text("ResponseMd5", field(23));
        row.text("Etag", field(24).trim_matches('"'));
        row.text("LastModifiedTime", field(25));
        row.text("ConditionsUsed", field(26));
        row.text("UserAgentHeader", field(27));
        row.text("ReferrerHeader", field(28));
        row.text("ClientRequestId", field(29));
        if !field(8).is_empty() {
            row.pass_text("RequesterAccountName", field(8));
        }
        for (n, column) in [
            (30, "RequesterObjectId"),
            (31, "RequesterTenantId"),
            (32, "RequesterAppId"),
            (33, "RequesterAudience"),
            (34, "RequesterTokenIssuer"),
            (35, "RequesterUpn"),
            (37, "AuthorizationDetails"),
        ] {
            row.text(column, field(n));
        }
        Ok(row)
    }

    fn count(&mut self, time: i64, kind: &str, fields: &[String]) {
        let number =
            |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite()).unwrap_or(0.0);
        let status = fields.get(3).map_or("", String::as_str);
        let account = fields.get(9).cloned().unwrap_or_default();
        let hour = self.hours.entry((time.div_euclid(HOUR) * HOUR, account, kind.to_string())).or_default();
        hour.n += 1;
        hour.ingress += number(17) + number(18);
        hour.egress += number(19) + number(20);
        // What the client did wrong says nothing about the service.
        let is_success = status.ends_with("Success");
        let is_fault = status.contains("ServerTimeoutError")
            || status.contains("ServerOtherError")
            || status.contains("ThrottlingError");
        hour.n_judged += u64::from(is_success || is_fault);
        hour.n_available += u64::from(is_success);
        if is_success {
            hour.latency.add(number(5));
            hour.server_latency.add(number(6));
        }
    }
}

/// Gives out the metrics of an hour.
fn give((start, account, kind): &(i64, String, String), hour: &Hour, out: &mut Output) {
    let n = hour.n as f64;
    let mut metric = |name: &str, unit: &str, total: f64, average: f64, limits: Option<(f64, f64)>, count: f64| {
        let mut row = Row::new("AzureMetrics");
        row.time("TimeGenerated", *start);
        row.text("MetricName", name);
        row.text("UnitName", unit);
        row.text("TimeGrain", "PT1H");
        row.real("Total", total);
        row.real("Average", average);
        row.real("Count", count);
        if let Some((least, most)) = limits {
            row.real("Minimum", least);
            row.real("Maximum", most);
        }
        row.text("ResourceProvider", "MICROSOFT.STORAGE");
        row.text("Resource", &account.to_ascii_uppercase());
        row.pass_text("Service", kind);
        out.derived(row);
    };
    metric("Transactions", "Count", n, 1.0, Some((1.0, 1.0)), n);
    metric("Ingress", "Bytes", hour.ingress, hour.ingress / n, None, n);
    metric("Egress", "Bytes", hour.egress, hour.egress / n, None, n);
    for (name, span) in [("SuccessE2ELatency", &hour.latency), ("SuccessServerLatency", &hour.server_latency)] {
        if span.n > 0 {
            let count = span.n as f64;
            metric(name, "MilliSeconds", span.sum, span.sum / count, Some((span.least, span.most)), count);
        }
    }
    if hour.n_judged > 0 {
        let share = hour.n_available as f64 * 100.0 / hour.n_judged as f64;
        metric("Availability", "Percent", share * hour.n_judged as f64, share, None, hour.n_judged as f64);
    }
}

/// Returns how resource logs call a way to sign in.
fn authentication(name: &str) -> &str {
    match name {
        "authenticated" => "AccountKey",
        "anonymous" => "Anonymous",
        "sas" => "SAS",
        "bearer" => "OAuth",
        other => other,
    }
}

/// Returns the category in which resource logs keep an operation.
fn category(operation: &str) -> &'static str {
    const READS: [&str; 5] = ["Get", "List", "Peek", "Query", "Preflight"];
    match operation {
        name if name.starts_with("Delete") || name.starts_with("Clear") => "StorageDelete",
        name if READS.iter().any(|verb| name.starts_with(verb)) => "StorageRead",
        _ => "StorageWrite",
    }
}
