//! Events in CEF and LEEF: their columns in CommonSecurityLog.
//!
//! # Source
//! "ArcSight Common Event Format", revision 25; "IBM QRadar: LEEF event components"; Microsoft Sentinel's mapping of CEF keys.

use crate::row::Row;
use crate::syslog;
use crate::time;
use schema::ticks;

/// Returns the record of a line that holds an event in CEF or LEEF, behind a header of syslog or not.
pub(crate) fn of_line(line: &str, now: i64) -> Option<Row> {
    if let Some((header, event)) = split(line, "CEF:") {
        return cef(header, event, now);
    }
    let (header, event) = split(line, "LEEF:")?;
    leef(header, event, now)
}

/// Splits a line before the marker that is followed by a version.
fn split<'a>(line: &'a str, marker: &str) -> Option<(&'a str, &'a str)> {
    for (at, _) in line.match_indices(marker) {
        let event = line.get(at + marker.len()..)?.trim_start();
        let version = event.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        if version > 0 && event.get(version..)?.trim_start().starts_with('|') {
            return Some((line.get(..at)?, event));
        }
    }
    None
}

/// Returns whether a line holds an event in the format of a marker.
pub(crate) fn is_in(line: &str, marker: &str) -> bool {
    split(line, marker).is_some()
}

/// Splits off a field of the header, which ends with `|`; a backslash takes the next character as it is.
fn header_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, next @ ('|' | '\\'))) => field.push(next),
                Some((_, next)) => field.extend(['\\', next]),
                None => field.push('\\'),
            },
            '|' => return Some((field, text.get(at + 1..)?)),
            _ => field.push(c),
        }
    }
    None
}

fn cef(header: &str, event: &str, now: i64) -> Option<Row> {
    let (_, rest) = header_field(event)?;
    let mut fields: Vec<String> = Vec::with_capacity(6);
    let mut rest = rest;
    for _ in 0..5 {
        let (field, after) = header_field(rest)?;
        fields.push(field);
        rest = after;
    }
    // The severity's bar may be missing when there is no extension.
    let (severity, extension) = header_field(rest).unwrap_or((rest.trim().to_string(), ""));
    let mut row = Row::new("CommonSecurityLog");
    for (column, field) in
        ["DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Activity"].iter().zip(&fields)
    {
        row.text(column, field);
    }
    row.text("LogSeverity", &severity);
    let mut others = Vec::new();
    let mut at = None;
    for (key, value) in pairs(extension) {
        if matches!(key, "rt" | "end" | "start") && (at.is_none() || key == "rt") {
            at = moment(&value, now).or(at);
        }
        if !put(&mut row, key, &value, now) {
            others.push(format!("{key}={value}"));
        }
    }
    finish(&mut row, header, at, &others, now);
    Some(row)
}

/// Sets what both formats have behind the event's own fields.
fn finish(row: &mut Row, header: &str, at: Option<i64>, others: &[String], now: i64) {
    row.text("AdditionalExtensions", &others.join(";"));
    let message = syslog::parse(header, now);
    // A header without a year leaves it open; the event's own time does not.
    if let Some(time) = at.or(message.time) {
        row.time("TimeGenerated", time);
    }
    let host = if message.host.is_empty() { message.text.trim() } else { message.host };
    row.text("Computer", host.split(' ').next().unwrap_or(""));
}

/// Reads the time of an event.
fn moment(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    if text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return time::epoch(text);
    }
    syslog::timestamp(text, now).map(|(instant, _)| instant).or_else(|| ticks::parse_datetime(text))
}

/// Returns the pairs of an extension: a key ends with `=`, a value before the next key.
fn pairs(extension: &str) -> Vec<(&str, String)> {
    let bytes = extension.as_bytes();
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
    // Where each key begins, and where its equals sign is.
    let mut keys: Vec<(usize, usize)> = Vec::new();
    for at in memchr::memchr_iter(b'=', bytes) {
        let before = bytes.get(..at).unwrap_or(&[]);
        let length = before.iter().rev().take_while(|byte| is_key(byte)).count();
        let start = at - length;
        let is_first = start == 0 || bytes.get(start - 1).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'|'));
        if length > 0 && is_first && bytes.get(at.wrapping_sub(1)) != Some(&b'\\') {
            keys.push((start, at));
        }
    }
    let ends = keys.iter().skip(1).map(|(start, _)| *start).chain([extension.len()]);
    let pair = |((start, equals), end): (&(usize, usize), usize)| {
        let value = extension.get(equals + 1..end).unwrap_or("").trim_end_matches([' ', '\t', '\r']);
        (extension.get(*start..*equals).unwrap_or(""), unescape(value))
    };
    keys.iter().zip(ends).map(pair).collect()
}

fn unescape(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_string();
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some(next @ ('=' | '\\' | '|')) => out.push(next),
            Some(next) => out.extend(['\\', next]),
            None => out.push('\\'),
        }
    }
    out
}

/// Sets a key's column; returns whether it has one.
fn put(row: &mut Row, key: &str, value: &str, now: i64) -> bool {
    if let Some(n) = key.strip_prefix("cn").and_then(|n| n.parse::<u8>().ok()).filter(|n| (1..=3).contains(n)) {
        row.number(&format!("FieldDeviceCustomNumber{n}"), value);
        if value.trim().parse::<i32>().is_ok() {
            row.number(&format!("DeviceCustomNumber{n}"), value);
        }
        return true;
    }
    let custom = |prefix: &str, max: u8| {
        let rest = key.strip_prefix(prefix)?;
        let digit = rest.get(..1)?.parse::<u8>().ok().filter(|n| (1..=max).contains(n))?;
        matches!(rest.get(1..)?, "" | "Label").then(|| (digit, rest.len() > 1))
    };
    const CUSTOM: [(&str, u8, &str); 8] = [
        ("cs", 6, "DeviceCustomString"),
        ("cn", 3, "DeviceCustomNumber"),
        ("cfp", 4, "DeviceCustomFloatingPoint"),
        ("c6a", 4, "DeviceCustomIPv6Address"),
        ("deviceCustomDate", 2, "DeviceCustomDate"),
        ("flexString", 2, "FlexString"),
        ("flexNumber", 2, "FlexNumber"),
        ("flexDate", 1, "FlexDate"),
    ];
    for (prefix, max, column) in CUSTOM {
        if let Some((n, is_label)) = custom(prefix, max) {
            let column = format!("{column}{n}{}", if is_label { "Label" } else { "" });
            if is_label {
                row.text(&column, value)
            } else {
                put_value(row, &column, value, now)
            }
            return true;
        }
    }
    let Some((_, column)) = KEYS.iter().find(|(known, _)| *known == key) else { return false };
    put_value(row, column, value, now);
    if *column == "DeviceAction" {
        row.text("SimplifiedDeviceAction", value);
    }
    true
}

fn put_value(row: &mut Row, column: &str, value: &str, now: i64) {
    match column {
        "StartTime" | "EndTime" => match moment(value, now) {
            Some(instant) => row.time(column, instant),
            None => row.text(column, value),
        },
        "FlexNumber1" | "FlexNumber2" | "EventCount" | "ReceivedBytes" | "SentBytes" | "FileSize" | "OldFileSize"
        | "ProcessID" | "EventType" => row.number(column, value),
        _ if column.ends_with("Port") || column.ends_with("ProcessId") => row.number(column, value),
        "ExternalID" => {
            row.text("ExtID", value);
            if value.parse::<i32>().is_ok() {
                row.number(column, value);
            }
        }
        _ => row.text(column, value),
    }
}

/// CEF's keys and their columns, beside the custom ones.
const KEYS: &[(&str, &str)] = &[
    ("act", "DeviceAction"),
    ("app", "ApplicationProtocol"),
    ("cat", "DeviceEventCategory"),
    ("cnt", "EventCount"),
    ("destinationDnsDomain", "DestinationDnsDomain"),
    ("destinationServiceName", "DestinationServiceName"),
    ("destinationTranslatedAddress", "DestinationTranslatedAddress"),
    ("destinationTranslatedPort", "DestinationTranslatedPort"),
    ("deviceDirection", "CommunicationDirection"),
    ("deviceDnsDomain", "DeviceDnsDomain"),
    ("deviceExternalId", "DeviceExternalID"),
    ("deviceFacility", "DeviceFacility"),
    ("deviceInboundInterface", "DeviceInboundInterface"),
    ("deviceNtDomain", "DeviceNtDomain"),
    ("deviceOutboundInterface", "DeviceOutboundInterface"),
    ("devicePayloadId", "DevicePayloadId"),
    ("deviceProcessName", "ProcessName"),
    ("deviceTranslatedAddress", "DeviceTranslatedAddress"),
    ("dhost", "DestinationHostName"),
    ("dmac", "DestinationMACAddress"),
    ("dntdom", "DestinationNTDomain"),
    ("dpid", "DestinationProcessId"),
    ("dpriv", "DestinationUserPrivileges"),
    ("dproc", "DestinationProcessName"),
    ("dpt", "DestinationPort"),
    ("dst", "DestinationIP"),
    ("dtz", "DeviceTimeZone"),
    ("duid", "DestinationUserID"),
    ("duser", "DestinationUserName"),
    ("dvc", "DeviceAddress"),
    ("dvchost", "DeviceName"),
    ("dvcmac", "DeviceMacAddress"),
    ("dvcpid", "ProcessID"),
    ("end", "EndTime"),
    ("externalId", "ExternalID"),
    ("fileCreateTime", "FileCreateTime"),
    ("fileHash", "FileHash"),
    ("fileId", "FileID"),
    ("fileModificationTime", "FileModificationTime"),
    ("filePath", "FilePath"),
    ("filePermission", "FilePermission"),
    ("fileType", "FileType"),
    ("fname", "FileName"),
    ("fsize", "FileSize"),
    ("in", "ReceivedBytes"),
    ("msg", "Message"),
    ("oldFileCreateTime", "OldFileCreateTime"),
    ("oldFileHash", "OldFileHash"),
    ("oldFileId", "OldFileID"),
    ("oldFileModificationTime", "OldFileModificationTime"),
    ("oldFileName", "OldFileName"),
    ("oldFilePath", "OldFilePath"),
    ("oldFilePermission", "OldFilePermission"),
    ("oldFileSize", "OldFileSize"),
    ("oldFileType", "OldFileType"),
    ("out", "SentBytes"),
    ("outcome", "EventOutcome"),
    ("proto", "Protocol"),
    ("reason", "Reason"),
    ("request", "RequestURL"),
    ("requestClientApplication", "RequestClientApplication"),
    ("requestContext", "RequestContext"),
    ("requestCookies", "RequestCookies"),
    ("requestMethod", "RequestMethod"),
    ("rt", "ReceiptTime"),
    ("shost", "SourceHostName"),
    ("smac", "SourceMACAddress"),
    ("sntdom", "SourceNTDomain"),
    ("sourceDnsDomain", "SourceDnsDomain"),
    ("sourceServiceName", "SourceServiceName"),
    ("sourceTranslatedAddress", "SourceTranslatedAddress"),
    ("sourceTranslatedPort", "SourceTranslatedPort"),
    ("spid", "SourceProcessId"),
    ("spriv", "SourceUserPrivileges"),
    ("sproc", "SourceProcessName"),
    ("spt", "SourcePort"),
    ("src", "SourceIP"),
    ("start", "StartTime"),
    ("suid", "SourceUserID"),
    ("suser", "SourceUserName"),
    ("type", "EventType"),
];

/// LEEF's keys and their columns.
const LEEF_KEYS: &[(&str, &str)] = &[
    ("action", "DeviceAction"),
    ("cat", "DeviceEventCategory"),
    ("domain", "SourceNTDomain"),
    ("dst", "DestinationIP"),
    ("dstBytes", "ReceivedBytes"),
    ("dstMAC", "DestinationMACAddress"),
    ("dstPort", "DestinationPort"),
    ("dstPostNAT", "DestinationTranslatedAddress"),
    ("dstPostNATPort", "DestinationTranslatedPort"),
    ("identHostName", "SourceHostName"),
    ("msg", "Message"),
    ("proto", "Protocol"),
    ("reason", "Reason"),
    ("sev", "LogSeverity"),
    ("src", "SourceIP"),
    ("srcBytes", "SentBytes"),
    ("srcMAC", "SourceMACAddress"),
    ("srcPort", "SourcePort"),
    ("srcPostNAT", "SourceTranslatedAddress"),
    ("srcPostNATPort", "SourceTranslatedPort"),
    ("url", "RequestURL"),
    ("usrName", "SourceUserName"),
];

fn leef(header: &str, event: &str, now: i64) -> Option<Row> {
    let mut fields = Vec::with_capacity(5);
    let mut rest = event;
    for _ in 0..5 {
        let (field, after) = rest.split_once('|')?;
        fields.push(field);
        rest = after;
    }
    let mut delimiter = '\t';
    if fields.first().is_some_and(|version| version.starts_with('2'))
        && let Some((given, after)) = rest.split_once('|')
        && (given.chars().count() <= 1 || given.starts_with(['x', '0']))
    {
        let hex = given.trim_start_matches("0x").trim_start_matches('x');
        let by_code = if given.len() > 1 {
            u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
        } else {
            given.chars().next()
        };
        delimiter = by_code.unwrap_or('\t');
        rest = after;
    }
    let mut row = Row::new("CommonSecurityLog");
    for (column, field) in
        ["DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID"].iter().zip(fields.iter().skip(1))
    {
        row.text(column, field);
    }
    row.text("Activity", fields.get(4).unwrap_or(&""));
    let (mut others, mut at) = (Vec::new(), None);
    for pair in rest.split(delimiter).filter(|pair| !pair.trim().is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            others.push(pair.trim().to_string());
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if key == "devTime" {
            at = moment(value, now);
            row.text("ReceiptTime", value);
        } else if let Some((_, column)) = LEEF_KEYS.iter().find(|(known, _)| *known == key) {
            put_value(&mut row, column, value, now);
        } else {
            others.push(format!("{key}={value}"));
        }
    }
    finish(&mut row, header, at, &others, now);
    Some(row)
}
