//! Records of no known format, and records that bring what is said beside them, as the HTTP Event Collector takes them: a line each. The
//! server finds the table for the name that goes with them.
//!
//! ```text
//! {"event":{"a":1},"sourcetype":"app","source":"/var/log/app.log"}
//! {"lost":"//8=","why":"its bytes are not UTF-8"}                       what is no record, for the quarantine
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schema::dynamic::raw::{self, Kind};
use schema::dynamic::write_json_string;
use serde_json::value::RawValue;

/// Bytes of a record at most.
const EVENT_BYTES_MAX: usize = sources::ITEM_BYTES_MAX;
/// How often all of a text may be read again in vain for a value that goes over lines.
const TRIES_MAX: usize = 4;
/// Members in which exports wrap their records.
const WRAPPERS: [&str; 4] = ["records", "Records", "value", "items"];

/// What is said beside records.
pub(crate) struct About<'a> {
    /// What names the table, or the log format.
    pub name: &'a str,
    /// Where they come from.
    pub source: &'a str,
    /// When they were written, in milliseconds since 1970, for records that do not say.
    pub time_ms: Option<i64>,
    pub fields: &'a [(&'a str, serde_json::Value)],
}

/// Returns a text as events: objects of JSON, also of arrays and of what wraps them, and lines.
pub(crate) fn of_text(about: &About<'_>, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + body.len() / 4);
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(text) = std::str::from_utf8(body) else {
        // One broken line takes no others with it.
        for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match std::str::from_utf8(line) {
                Ok(_) => out.extend(of_text(about, line)),
                Err(_) => lost(&mut out, line, "its bytes are not UTF-8"),
            }
        }
        return out;
    };
    let (mut rest, mut budget) = (text, TRIES_MAX * text.len());
    while !rest.trim_ascii_start().is_empty() {
        let begin = rest.trim_ascii_start();
        let (line, behind) = begin.split_once('\n').unwrap_or((begin, ""));
        if begin.starts_with(['{', '[']) {
            // A value may go over lines, and one that does not end is sought up to the end.
            let sought = if budget > 0 { begin } else { line };
            let mut values = serde_json::Deserializer::from_str(sought).into_iter::<&RawValue>();
            let n_read = match values.next() {
                Some(Ok(value)) => {
                    let behind = begin.get(values.byte_offset()..).unwrap_or_default();
                    let next = behind.trim_start_matches([' ', '\t', '\r', ',']);
                    let is_between = next.is_empty() || next.starts_with(['\n', '{', '[']);
                    if is_between && elements(&mut out, about, value.get()) {
                        rest = next;
                        continue;
                    }
                    values.byte_offset()
                }
                Some(Err(error)) if error.line() > 1 => sought.len(),
                _ => 0,
            };
            budget = budget.saturating_sub(n_read);
        }
        of_line(&mut out, about, line);
        rest = behind;
    }
    out
}

/// Adds a message: the objects in it when it is JSON and nothing else, else all of it as one text.
pub(crate) fn of_message(out: &mut Vec<u8>, about: &About<'_>, text: &str) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let is_json = text.trim_ascii_start().starts_with(['{', '[']) && values.all(|value| value.is_ok());
    match is_json {
        true => out.extend(of_text(about, text.as_bytes())),
        false => of_line(out, about, text),
    }
}

/// Adds the objects of a value; returns whether it is one, or nothing but objects.
fn elements(out: &mut Vec<u8>, about: &About<'_>, value: &str) -> bool {
    let Some(json) = raw::compact(value) else { return false };
    match raw::kind(&json) {
        Kind::Bag => {
            let wrapped = WRAPPERS.iter().find_map(|name| {
                let inner = raw::member(&json, name)?;
                let is_alone = raw::members(&json).next().is_some_and(|(first, _)| first == *name);
                (is_alone && raw::kind(inner) == Kind::Array).then_some(inner)
            });
            match wrapped.filter(|inner| raw::items(inner).all(|item| raw::kind(item) == Kind::Bag)) {
                Some(inner) => raw::items(inner).for_each(|item| event(out, about, item)),
                None => event(out, about, &json),
            }
            true
        }
        Kind::Array if raw::items(&json).all(|item| raw::kind(item) == Kind::Bag) => {
            raw::items(&json).for_each(|item| event(out, about, item));
            true
        }
        _ => false,
    }
}

/// Adds a line as text.
pub(crate) fn of_line(out: &mut Vec<u8>, about: &About<'_>, line: &str) {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.trim().is_empty() {
        return;
    }
    let mut json = String::with_capacity(line.len() + 2);
    write_json_string(&mut json, line);
    event(out, about, &json);
}

/// Adds a record, as JSON without line breaks.
pub(crate) fn event(out: &mut Vec<u8>, about: &About<'_>, json: &str) {
    if json.len() > EVENT_BYTES_MAX {
        return lost(out, json.as_bytes(), "it is longer than a record may be");
    }
    let mut line = format!("{{\"event\":{json},\"sourcetype\":");
    write_json_string(&mut line, about.name);
    line.push_str(",\"source\":");
    write_json_string(&mut line, about.source);
    if let Some(ms) = about.time_ms.filter(|ms| *ms >= 0) {
        line.push_str(&format!(",\"time\":{}.{:03}", ms / 1000, ms % 1000));
    }
    if !about.fields.is_empty() {
        line.push_str(",\"fields\":{");
        for (n, (name, value)) in about.fields.iter().enumerate() {
            line.push_str(if n > 0 { "," } else { "" });
            write_json_string(&mut line, name);
            line.push_str(&format!(":{value}"));
        }
        line.push('}');
    }
    line.push('}');
    if !raw::is_valid(&line) {
        // It is nested so deeply that nobody reads it as JSON.
        return of_line(out, about, json);
    }
    out.extend_from_slice(line.as_bytes());
    out.push(b'\n');
}

/// Adds what is no record.
pub(crate) fn lost(out: &mut Vec<u8>, bytes: &[u8], why: &str) {
    let mut line = format!("{{\"lost\":\"{}\",\"why\":", STANDARD.encode(bytes));
    write_json_string(&mut line, why);
    line.push_str("}\n");
    out.extend_from_slice(line.as_bytes());
}

/// Returns the name that a file gives its records: its own without endings and without what it got when it was rotated.
pub(crate) fn stem(path: &str) -> String {
    const ENDINGS: [&str; 11] = ["gz", "zst", "log", "txt", "out", "json", "jsonl", "ndjson", "csv", "bak", "old"];
    let mut stem = path.rsplit(['/', '\\']).next().unwrap_or(path);
    loop {
        let is_ending = |ending: &str| {
            ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
                || (!ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
        };
        let dated = |stem: &str| {
            let digits = stem.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').len();
            (digits > 0 && stem.len() - digits >= 9).then_some(digits)
        };
        stem = match stem.rsplit_once('.') {
            Some((rest, ending)) if !rest.is_empty() && is_ending(ending) => rest,
            _ => match dated(stem) {
                Some(n) => stem.get(..n).unwrap_or(stem),
                None => return stem.to_string(),
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn about() -> About<'static> {
        About { name: "app", source: "f", time_ms: None, fields: &[] }
    }

    fn read(body: &[u8]) -> Vec<Value> {
        let out = String::from_utf8(of_text(&about(), body)).unwrap();
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
    }

    fn events(body: &str) -> Vec<Value> {
        read(body.as_bytes()).into_iter().map(|line| line["event"].clone()).collect()
    }

    #[test]
    fn objects_are_objects_and_the_rest_is_lines() {
        assert_eq!(
            events("one\r\n\n  two \n{\"a\": 1}\nthree"),
            [json!("one"), json!("two "), json!({"a": 1}), json!("three")]
        );
        assert_eq!(
            events("[{\"a\":1},\n{\"a\":2}] {\n\"b\":[]}\n"),
            [json!({"a": 1}), json!({"a": 2}), json!({"b": []})]
        );
        assert_eq!(events("{\"records\":[{\"a\":1},{\"a\":2}]}"), [json!({"a": 1}), json!({"a": 2})]);
        assert_eq!(events("{\"a\":{},\"records\":[{}]}").len(), 1);
        let no_json = ["[2026] up", "[\"a\"]", "{broken", "[{\"a\":1}] x", "{\"a\":1} x", "12"];
        assert_eq!(events(&no_json.join("\n")), no_json.map(Value::from));
        assert_eq!(events("\u{feff}x"), ["x"]);
    }

    #[test]
    fn what_is_no_record_is_kept() {
        let read = read(b"one\n\xff\xff\ntwo\n");
        assert_eq!(
            (read.len(), &read[1]["lost"], &read[1]["why"]),
            (3, &json!("//8="), &json!("its bytes are not UTF-8"))
        );
        for depth in 500..520 {
            let deep = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
            let out = of_text(&about(), deep.as_bytes());
            assert!(out.starts_with(b"{\"event\":") && out.ends_with(b"\n"), "{depth}");
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX));
        assert_eq!(self::read(long.as_bytes())[0]["why"], "it is longer than a record may be");
    }

    #[test]
    fn brackets_that_never_close_take_no_time() {
        let begun = std::time::Instant::now();
        assert_eq!(events(&"{\"a\":[\n".repeat(200_000)).len(), 200_000);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }

    #[test]
    fn what_is_said_beside_stands_beside() {
        let about = About {
            name: "t",
            source: "s",
            time_ms: Some(1_433_188_255_007),
            fields: &[("Offset", json!(7)), ("Key", json!("k"))],
        };
        let mut out = Vec::new();
        of_line(&mut out, &about, "x");
        let expected = "{\"event\":\"x\",\"sourcetype\":\"t\",\"source\":\"s\",\"time\":1433188255.007,\"fields\":{\"Offset\":7,\"Key\":\"k\"}}\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn names_lose_what_rotation_gave_them() {
        for (path, name) in [
            ("/var/log/app.log", "app"),
            ("/var/log/app.log.1", "app"),
            ("app.log.2.gz", "app"),
            ("app-20260501.log", "app"),
            ("app.log-2026-05-01.zst", "app"),
            ("app.json", "app"),
            ("my.app-2.log", "my.app-2"),
            ("SigninLogs.json", "SigninLogs"),
            (".log", ".log"),
            ("20260501.log", "20260501"),
        ] {
            assert_eq!(stem(path), name, "{path}");
        }
    }
}
