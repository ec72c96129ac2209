//! Lines of syslog: the header before a message.
//!
//! # Source
//! RFC 3164 (section 4), RFC 5424 (section 6), and what daemons write into files: lines without a priority, times of ISO 8601, times
//! with a year.

use crate::cef;
use crate::frame::ITEM_BYTES_MAX;
use crate::output::{Output, Reason};
use crate::row::Row;
use crate::time;
use schema::ticks;

pub(crate) const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// A line taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub priority: Option<u8>,
    pub time: Option<i64>,
    pub host: &'a str,
    pub program: &'a str,
    pub process_id: &'a str,
    /// Of RFC 5424: the message's kind and its structured data.
    pub message_id: &'a str,
    pub structured: &'a str,
    pub text: &'a str,
}

/// Takes a line apart. Whatever has no header is a message as a whole.
pub(crate) fn parse(line: &str, now: i64) -> Message<'_> {
    let mut message = Message::default();
    let mut rest = line.trim_start();
    if let Some((priority, after)) = priority(rest) {
        message.priority = Some(priority);
        rest = after;
    }
    if message.priority.is_some()
        && let Some(after) = rest.strip_prefix("1 ")
        && let Some(()) = structured(after, &mut message)
    {
        return message;
    }
    let Some((time, after)) = timestamp(rest, now) else {
        message.text = rest;
        return message;
    };
    message.time = Some(time);
    rest = after;
    // The host is a word without a colon at its end; some devices leave it out.
    if let Some((word, after)) = rest.split_once(' ')
        && !word.is_empty()
        && !word.ends_with(':')
        && !word.contains('[')
    {
        message.host = word;
        rest = after.trim_start();
    }
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_./()".contains(c))).unwrap_or(rest.len());
    let (program, after) = rest.split_at(end);
    let (process_id, after) = match after.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((id, after)) if after.starts_with(':') => (id, after),
        _ => ("", after),
    };
    match after.strip_prefix(':') {
        Some(text) if !program.is_empty() => {
            (message.program, message.process_id) = (program, process_id);
            message.text = text.strip_prefix(' ').unwrap_or(text);
        }
        _ => message.text = rest,
    }
    message
}

/// Reads `<13>`.
fn priority(text: &str) -> Option<(u8, &str)> {
    let (number, after) = text.strip_prefix('<')?.split_once('>')?;
    let priority: u8 = number.parse().ok().filter(|priority| *priority <= 191)?;
    Some((priority, after))
}

/// Reads what follows the version of RFC 5424.
fn structured<'a>(text: &'a str, message: &mut Message<'a>) -> Option<()> {
    let mut words = text.splitn(6, ' ');
    let (time, host, program) = (words.next()?, words.next()?, words.next()?);
    let (process_id, message_id, rest) = (words.next()?, words.next()?, words.next()?);
    let value = |word: &'a str| if word == "-" { "" } else { word };
    if time != "-" {
        message.time = Some(ticks::parse_datetime(time)?);
    }
    (message.host, message.program) = (value(host), value(program));
    (message.process_id, message.message_id) = (value(process_id), value(message_id));
    let end = if let Some(after) = rest.strip_prefix('-') { rest.len() - after.len() } else { structured_end(rest)? };
    let (data, text) = rest.split_at(end);
    message.structured = value(data);
    let text = text.strip_prefix(' ').unwrap_or(text);
    message.text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Some(())
}

/// Returns where elements `[id name="value"]` end.
fn structured_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut in_quotes) = (0, false);
    if bytes.first() != Some(&b'[') {
        return None;
    }
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_quotes => at += 1,
            b'"' => in_quotes = !in_quotes,
            b']' if !in_quotes && bytes.get(at + 1) != Some(&b'[') => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Reads a time at the beginning: `Aug  3 10:49:35`, with a year before or behind the clock, or ISO 8601. Returns what follows.
pub(crate) fn timestamp(text: &str, now: i64) -> Option<(i64, &str)> {
    let text = text.trim_start_matches(['*', '.']);
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        if word.contains('T') {
            return Some((ticks::parse_datetime(word)?, rest.trim_start()));
        }
        // `2026-08-03 10:49:35`
        let (clock, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        if word.len() == 10 && clock.contains(':') {
            return Some((
                ticks::parse_datetime(&format!("{word} {}", clock.trim_end_matches(':')))?,
                rest.trim_start(),
            ));
        }
        return None;
    }
    let month = time::month(text).filter(|_| text.get(3..4) == Some(" "))?;
    let mut words = Words { rest: text.get(3..)? };
    let day: u32 = words.next()?.parse().ok()?;
    let mut word = words.next()?;
    let mut year = None;
    if word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        year = word.parse::<i32>().ok();
        word = words.next()?;
    }
    let clock = time::clock(word.trim_end_matches(':'))?;
    // `Aug  3 10:49:35 2026 host`
    if year.is_none() {
        let mut ahead = Words { rest: words.rest };
        if let Some(word) = ahead.next().filter(|word| word.len() == 4 && word.starts_with("20"))
            && let Ok(number) = word.parse::<i32>()
        {
            year = Some(number);
            words = ahead;
        }
    }
    let instant = match year {
        Some(year) => ticks::from_civil(year, month, day, clock)?,
        None => time::without_year(month, day, clock, now)?,
    };
    Some((instant, words.rest.trim_start()))
}

/// Words between blanks.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start_matches(' ');
        let (word, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }
}

/// Makes a record of a line: of the event inside it when it has one in CEF or LEEF, else of the message.
pub(crate) fn record(line: &str, now: i64, out: &mut Output) {
    if let Some(row) = cef::of_line(line, now) {
        return out.record(row);
    }
    out.record(row(line, "", now));
}

/// How a message came over the network.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The address of who sent it here, which may have passed it on.
    pub peer: &'a str,
    /// The name of the host that took it.
    pub collector: &'a str,
    /// When, in ticks.
    pub now: i64,
}

/// Makes a record of one message that came by itself, with whatever line breaks are in it. A blank one is none. Whose message has no
/// header has its sender's address for a host.
pub fn message(bytes: &[u8], arrival: Arrival<'_>, out: &mut Output) {
    if bytes.trim_ascii().is_empty() {
        return;
    }
    out.begin_item();
    if bytes.len() > ITEM_BYTES_MAX {
        let beginning = bytes.get(..ITEM_BYTES_MAX).unwrap_or(bytes);
        return out.reject(Reason::Oversized, "the message is longer than a record may be", beginning);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let detail = format!("byte {} of the message is not UTF-8", error.valid_up_to());
            return out.reject(Reason::Encoding, detail, bytes);
        }
    };
    // The end of a line, which senders add to messages whose length is known without it.
    let text = text.trim_end_matches(['\n', '\r', '\0']);
    let mut row = cef::of_line(text, arrival.now).unwrap_or_else(|| row(text, arrival.peer, arrival.now));
    row.text("Computer", arrival.peer);
    row.text("CollectorHostName", arrival.collector);
    out.record(row);
}

/// Makes a record of the table Syslog. `peer` is the address of its sender, where that is known.
fn row(line: &str, peer: &str, now: i64) -> Row {
    let message = parse(line, now);
    let mut row = Row::new("Syslog");
    row.text("HostIP", peer);
    if let Some(time) = message.time {
        row.time("TimeGenerated", time);
        row.time("EventTime", time);
    }
    if let Some(priority) = message.priority {
        row.text("Facility", FACILITIES.get(usize::from(priority / 8)).unwrap_or(&""));
        row.text("SeverityLevel", SEVERITIES.get(usize::from(priority % 8)).unwrap_or(&""));
    }
    row.text("Computer", message.host);
    row.text("HostName", if message.host.is_empty() { peer } else { message.host });
    if message.host.parse::<std::net::IpAddr>().is_ok() {
        row.text("HostIP", message.host);
    }
    row.text("ProcessName", message.program);
    row.number("ProcessID", message.process_id);
    row.text("SyslogMessage", message.text);
    row.text("SourceSystem", "Linux");
    if !message.message_id.is_empty() {
        row.pass_text("MessageId", message.message_id);
    }
    if !message.structured.is_empty() {
        row.pass_text("StructuredData", message.structured);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let now = ticks::parse_datetime("2026-03-01").unwrap();
        let show = |line: &str| {
            let m = parse(line, now);
            let time = m.time.map(ticks::datetime_text).unwrap_or_default();
            format!(
                "{:?} {time} {}|{}|{}|{}|{}|{}",
                m.priority, m.host, m.program, m.process_id, m.message_id, m.structured, m.text
            )
        };
        let cases = [
            (
                "<34>Oct 11 22:14:15 mymachine su: failed for root",
                "Some(34) 2025-10-11T22:14:15.0000000Z mymachine|su||||failed for root",
            ),
            ("Feb  3 01:02:03 h sshd[12]: ok", "None 2026-02-03T01:02:03.0000000Z h|sshd|12|||ok"),
            ("<13>Feb 3 2024 01:02:03: %ASA-6-1: text", "Some(13) 2024-02-03T01:02:03.0000000Z ||||||%ASA-6-1: text"),
            (
                "<165>1 2003-10-11T22:14:15.003Z host app 7 ID47 [a@1 b=\"x]\\\"\"][c@1] An event",
                "Some(165) 2003-10-11T22:14:15.0030000Z host|app|7|ID47|[a@1 b=\"x]\\\"\"][c@1]|An event",
            ),
            ("<165>1 - - - - - -", "Some(165)  |||||"),
            ("2026-01-01T00:00:00.5+01:00 h kernel: x", "None 2025-12-31T23:00:00.5000000Z h|kernel||||x"),
            ("no header at all", "None  |||||no header at all"),
            ("<999>x", "None  |||||<999>x"),
        ];
        for (line, expected) in cases {
            let expected = expected.replace(" ||||||%", " |||||%");
            assert_eq!(show(line), expected, "{line}");
        }
    }

    #[test]
    fn messages_that_come_by_themselves_are_records() {
        let now = ticks::parse_datetime("2026-03-01").unwrap();
        let arrival = Arrival { peer: "192.0.2.7", collector: "vault1", now };
        let show = |bytes: &[u8]| {
            let mut out = Output::default();
            message(bytes, arrival, &mut out);
            assert_eq!(out.counts.read, out.counts.taken + out.counts.rejected);
            let rejects =
                out.take_rejects().into_iter().map(|reject| format!("{}: {}", reject.reason.name(), reject.detail));
            let rows = out.take_tables().into_values().map(|batch| batch.body.trim_end().to_string());
            rows.chain(rejects).collect::<Vec<_>>().join("|")
        };
        let header = r#"{"HostIP":"192.0.2.7","TimeGenerated":"2026-02-03T01:02:03.0000000Z","EventTime":"2026-02-03T01:02:03.0000000Z","Facility":"user","SeverityLevel":"notice","Computer":"h","HostName":"h","ProcessName":"app""#;
        let end = r#""SourceSystem":"Linux","CollectorHostName":"vault1","Type":"Syslog"}"#;
        assert_eq!(
            show(b"<13>Feb  3 01:02:03 h app: a\n  b\n\0"),
            format!(r#"{header},"SyslogMessage":"a\n  b",{end}"#)
        );
        let own = r#"{"HostIP":"192.0.2.7","HostName":"192.0.2.7","SyslogMessage":"no syslog at all","SourceSystem":"Linux","Computer":"192.0.2.7","CollectorHostName":"vault1","Type":"Syslog"}"#;
        assert_eq!(show(b"no syslog at all"), own);
        let event = show(b"<13>Feb  3 01:02:03 fw CEF:0|Contoso|Wall|1.2|100|Denied|5|msg=two\\nlines act=deny");
        assert!(
            event.contains(r#""Computer":"fw","CollectorHostName":"vault1","Type":"CommonSecurityLog""#),
            "{event}"
        );
        assert!(!event.contains("HostIP"), "{event}");
        assert_eq!(show(b"<13>\xff"), "Encoding: byte 4 of the message is not UTF-8");
        assert_eq!(show(b" \r\n"), "");
    }
}
