//! Bodies of the collector: events as JSON objects, one after the other, or lines.

use schema::dynamic::raw::{self, Kind};
use serde_json::value::RawValue;

use super::answer::{Problem, problem};
use crate::push::PushLimits;
use crate::push::entry::{Content, Entry, Room, members, quoted};
use crate::push::plan::HOST_COLUMN;
use crate::push::time::Time;

/// Source types that say nothing of what an event is.
const GENERIC: [&str; 8] =
    ["_json", "_json_no_timestamp", "httpevent", "json", "generic_single_line", "default", "main", "too_small"];

/// What the address says of all events.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    pub host: Option<String>,
    pub source: Option<String>,
    pub sourcetype: Option<String>,
    pub index: Option<String>,
    pub time: Option<String>,
}

/// Reads events.
///
/// # Errors
/// When there is none, or one of them is none; its number counts from 0.
pub fn events(body: &[u8], defaults: &Defaults, limits: &PushLimits) -> Result<Vec<Entry>, Problem> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(problem(5, ""));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("byte {} is not UTF-8", error.valid_up_to());
        problem(6, &detail).at(0)
    })?;
    let (mut entries, mut room) = (Vec::new(), Room::of(limits));
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let number = entries.len();
        let value = value.map_err(|error| problem(6, &error.to_string()).at(number))?;
        let entry = event(value.get(), defaults).map_err(|problem| problem.at(number))?;
        room.take(&entry, limits).map_err(|why| problem(6, &why).at(number))?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Reads lines; blank ones say nothing.
///
/// # Errors
/// When there is none, or too many.
pub fn lines(body: &[u8], defaults: &Defaults, limits: &PushLimits) -> Result<Vec<Entry>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let line = body.get(..error.valid_up_to()).unwrap_or(&[]).iter().filter(|byte| **byte == b'\n').count();
        problem(6, &format!("byte {} is not UTF-8", error.valid_up_to())).at(line)
    })?;
    let (mut entries, mut room) = (Vec::new(), Room::of(limits));
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut envelope = Envelope::of(defaults);
        envelope.time = defaults.time.clone();
        let entry = envelope.entry(Content::Text(line.to_string()), Vec::new());
        room.take(&entry, limits).map_err(|why| problem(6, &why).at(entries.len()))?;
        entries.push(entry);
    }
    if entries.is_empty() { Err(problem(5, "")) } else { Ok(entries) }
}

/// What is said around an event.
#[derive(Debug, Default)]
struct Envelope {
    host: Option<String>,
    source: Option<String>,
    sourcetype: Option<String>,
    index: Option<String>,
    time: Option<String>,
}

fn event(text: &str, defaults: &Defaults) -> Result<Entry, Problem> {
    if raw::kind(text) != Kind::Bag {
        return Err(problem(6, "an event is a JSON object"));
    }
    let json = raw::compact(text).ok_or_else(|| problem(6, "the JSON is nested too deeply"))?;
    let mut envelope = Envelope::of(defaults);
    let (mut content, mut fields, mut others) = (None, Vec::new(), Vec::new());
    for (name, value) in members(&json) {
        let said = || Some(raw::text(value).into_owned()).filter(|text| !text.is_empty());
        match name.as_ref() {
            "event" => content = Some(of_event(value)?),
            "time" => envelope.time = said(),
            "host" => envelope.host = said().or(envelope.host),
            "source" => envelope.source = said().or(envelope.source),
            "sourcetype" => envelope.sourcetype = said().or(envelope.sourcetype),
            "index" => envelope.index = said().or(envelope.index),
            "fields" => fields = of_fields(value)?,
            // Not the collector's, and not lost either.
            other => others.push((other.to_string(), value.to_string())),
        }
    }
    let content = content.flatten().ok_or_else(|| problem(12, ""))?;
    fields.extend(others);
    Ok(envelope.entry(content, fields))
}

/// Reads what an event says; `None` when it says nothing.
fn of_event(value: &str) -> Result<Option<Content>, Problem> {
    Ok(match raw::kind(value) {
        Kind::Null => None,
        Kind::Bag => Some(Content::Object(value.to_string())),
        Kind::String => {
            let text = raw::string(value).unwrap_or_default().into_owned();
            if text.trim().is_empty() {
                return Err(problem(13, ""));
            }
            Some(Content::Text(text))
        }
        _ => Some(Content::Text(value.to_string())),
    })
}

/// Reads indexed fields: a flat object.
fn of_fields(value: &str) -> Result<Vec<(String, String)>, Problem> {
    let wrong = |detail: &str| Err(problem(15, detail));
    match raw::kind(value) {
        Kind::Null => return Ok(Vec::new()),
        Kind::Bag => {}
        _ => return wrong("`fields` is an object"),
    }
    let mut fields = Vec::new();
    for (name, value) in members(value) {
        let is_flat = match raw::kind(value) {
            Kind::Bag => false,
            Kind::Array => raw::items(value).all(|item| !matches!(raw::kind(item), Kind::Bag | Kind::Array)),
            _ => true,
        };
        if !is_flat {
            return wrong(&format!("the field `{name}` is nested"));
        }
        fields.push((name.into_owned(), value.to_string()));
    }
    Ok(fields)
}

impl Envelope {
    fn of(defaults: &Defaults) -> Envelope {
        let Defaults { host, source, sourcetype, index, .. } = defaults.clone();
        Envelope { host, source, sourcetype, index, time: None }
    }

    fn entry(self, content: Content, fields: Vec<(String, String)>) -> Entry {
        let text = |said: &Option<String>| said.clone().unwrap_or_default();
        let (host, source) = (text(&self.host), text(&self.source));
        let (sourcetype, index) = (text(&self.sourcetype), text(&self.index));
        let telling = |name: &&String| !name.is_empty() && !GENERIC.contains(&name.to_ascii_lowercase().as_str());
        let own = [&sourcetype, &index].into_iter().find(telling).cloned();
        let mut entry = Entry {
            names: vec![sourcetype.clone(), index.clone()],
            own: own.unwrap_or_else(|| super::COMMON.to_string()),
            stream: [host.as_str(), &source, &sourcetype].join("\n"),
            time: self.time.as_deref().map(Time::of_seconds).unwrap_or_default(),
            content,
            ..Entry::default()
        };
        for (column, said) in
            [(HOST_COLUMN, &host), ("Source", &source), ("SourceType", &sourcetype), ("Index", &index)]
        {
            if !said.is_empty() {
                entry.about.push((column.to_string(), quoted(said)));
            }
        }
        entry.about.extend(fields);
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> PushLimits {
        PushLimits { entries_max: 3, ..PushLimits::default() }
    }

    fn read(body: &str) -> Result<Vec<Entry>, Problem> {
        events(body.as_bytes(), &Defaults::default(), &limits())
    }

    #[test]
    fn events_stand_one_after_the_other() {
        let entries = read("{\"event\":\"a\"}{\"event\":{ \"b\": 1.50 },\"time\":1433188255.25}\n\n{\"event\":[1]}")
            .expect("events");
        let contents: Vec<Content> = entries.iter().map(|entry| entry.content.clone()).collect();
        let expected = [
            Content::Text("a".to_string()),
            Content::Object("{\"b\":1.50}".to_string()),
            Content::Text("[1]".to_string()),
        ];
        assert_eq!(contents, expected);
        assert_eq!(entries[1].time, Time::of_seconds("1433188255.25"));
    }

    #[test]
    fn what_surrounds_an_event_is_kept() {
        let entries = read(
            r#"{"event":"a","host":"h","source":"/var/log/x","sourcetype":"my:type","index":"main","fields":{"a":["x"],"n":1},"more":{"b":2}}"#,
        );
        let entry = &entries.expect("events")[0];
        assert_eq!(
            (&entry.own, &entry.names[..]),
            (&"my:type".to_string(), &["my:type".to_string(), "main".to_string()][..])
        );
        let about: Vec<String> = entry.about.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = [
            r#"Host="h""#,
            r#"Source="/var/log/x""#,
            r#"SourceType="my:type""#,
            r#"Index="main""#,
            r#"a=["x"]"#,
            "n=1",
            r#"more={"b":2}"#,
        ];
        assert_eq!(about, expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_event_s_number() {
        let cases = [
            ("", problem(5, "")),
            ("{\"event\":\"a\"}[1]", problem(6, "an event is a JSON object").at(1)),
            ("{\"event\":null}", problem(12, "").at(0)),
            ("{\"event\":\"a\"} {\"host\":\"h\"}", problem(12, "").at(1)),
            ("{\"event\":\" \"}", problem(13, "").at(0)),
            ("{\"event\":1,\"fields\":7}", problem(15, "`fields` is an object").at(0)),
            ("{\"event\":1,\"fields\":{\"a\":{}}}", problem(15, "the field `a` is nested").at(0)),
        ];
        for (body, expected) in cases {
            assert_eq!(read(body), Err(expected), "{body}");
        }
        assert!(read(&"{\"event\":1}".repeat(4)).is_err());
        assert!(read("{\"event\":").is_err());
    }

    #[test]
    fn lines_are_events() {
        let defaults =
            Defaults { host: Some("h".to_string()), sourcetype: Some("syslog".to_string()), ..Defaults::default() };
        let entries = lines(b"one\r\n\ntwo", &defaults, &limits()).expect("lines");
        let texts: Vec<Content> = entries.iter().map(|entry| entry.content.clone()).collect();
        assert_eq!(texts, [Content::Text("one".to_string()), Content::Text("two".to_string())]);
        assert!(entries.iter().all(|entry| entry.names[0] == "syslog" && entry.stream == "h\n\nsyslog"));
        let long = Defaults { host: Some("h".repeat(100)), ..Defaults::default() };
        let small = PushLimits { bytes_max: 100, ..PushLimits::default() };
        assert!(lines(b"a", &long, &small).is_ok() && lines(b"a\nb\nc", &long, &small).is_err());
        assert!(lines(b" \n", &defaults, &limits()).is_err() && lines(b"a\nb\nc\nd", &defaults, &limits()).is_err());
    }
}
