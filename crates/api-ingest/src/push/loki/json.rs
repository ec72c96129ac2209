//! Push requests as JSON: `{"streams": [{"stream": {label: value}, "values": [[nanoseconds, line, {metadata}]]}]}`.

use schema::dynamic::raw::{self, Kind};

use super::answer::Problem;
use super::entry;
use crate::push::entry::{Entry, Room, members};
use crate::push::{PushLimits, Time};

/// Reads a request.
///
/// # Errors
/// When it is none, or larger than a request may be.
pub fn lines(body: &[u8], limits: &PushLimits) -> Result<Vec<Entry>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::bad("the body is not UTF-8"))?;
    let json = raw::compact(text).filter(|json| raw::kind(json) == Kind::Bag);
    let json = json.ok_or_else(|| Problem::bad("the body is no JSON object"))?;
    let streams = raw::member(&json, "streams").filter(|streams| raw::kind(streams) == Kind::Array);
    let streams = streams.ok_or_else(|| Problem::bad("`streams` is an array"))?;
    let (mut entries, mut room) = (Vec::new(), Room::of(limits));
    for stream in raw::items(streams) {
        let labels = raw::member(stream, "stream").unwrap_or("{}");
        let labels = pairs(labels, "a label", limits)?;
        if labels.is_empty() {
            return Err(Problem::bad("at least one label pair is required per stream"));
        }
        let values = raw::member(stream, "values").filter(|values| raw::kind(values) == Kind::Array);
        let values = values.ok_or_else(|| Problem::bad("`values` is an array"))?;
        for value in raw::items(values) {
            let entry = line(value, &labels, limits)?;
            room.take(&entry, limits).map_err(|why| Problem::bad(&why))?;
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn line(value: &str, labels: &[(String, String)], limits: &PushLimits) -> Result<Entry, Problem> {
    let wrong = || Problem::bad("a value is an array of a time in nanoseconds, a line, and metadata if there is any");
    let mut parts = raw::items(value);
    let (Some(time), Some(line)) = (parts.next(), parts.next()) else { return Err(wrong()) };
    let line = raw::string(line).ok_or_else(wrong)?.into_owned();
    let metadata = match parts.next() {
        Some(metadata) => pairs(metadata, "metadata", limits)?,
        None => Vec::new(),
    };
    if parts.next().is_some() {
        return Err(wrong());
    }
    let time = Time::of_nanos(&raw::text(time));
    if time.ticks.is_none() {
        return Err(Problem::bad("a time is a number of nanoseconds since 1970, as a text"));
    }
    Ok(entry(labels, metadata, time, line))
}

/// Reads an object of texts.
fn pairs(json: &str, what: &str, limits: &PushLimits) -> Result<Vec<(String, String)>, Problem> {
    if raw::kind(json) != Kind::Bag {
        return Err(Problem::bad(&format!("{what} is a member of an object")));
    }
    let mut pairs = Vec::new();
    for (name, value) in members(json) {
        let text = raw::string(value).ok_or_else(|| Problem::bad(&format!("{what} is a text")))?;
        pairs.push((name.into_owned(), text.into_owned()));
        if pairs.len() > limits.labels_max {
            return Err(Problem::bad(&format!("a stream has at most {} labels, and so has a line", limits.labels_max)));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::Content;

    fn read(body: &str) -> Result<Vec<Entry>, Problem> {
        lines(body.as_bytes(), &PushLimits { labels_max: 2, entries_max: 2, ..PushLimits::default() })
    }

    #[test]
    fn lines_have_labels_and_metadata() {
        let body = r#"{"streams":[{"stream":{"job":"app","env":"x"},"values":[["1433188255123456789","a \"b\"",{"trace":"7"}],["0","c"]]}]}"#;
        let entries = read(body).expect("a request");
        let first = &entries[0];
        assert_eq!(first.content, Content::Text("a \"b\"".to_string()));
        assert_eq!((first.own.as_str(), first.time.told.as_deref()), ("app", Some("1433188255123456789")));
        let about: Vec<String> = first.about.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(about, ["job=\"app\"", "env=\"x\"", "trace=\"7\""]);
        assert_eq!((entries.len(), entries[1].about.len(), &entries[1].time.told), (2, 2, &None));
    }

    #[test]
    fn what_is_no_push_request_is_refused() {
        let of = |stream: &str, values: &str| format!(r#"{{"streams":[{{"stream":{stream},"values":{values}}}]}}"#);
        for body in [
            "",
            "[]",
            "{}",
            r#"{"streams":7}"#,
            r#"{"streams":[{"stream":{"a":"b"}}]}"#,
            &of("{}", "[]"),
            &of("{\"a\":1}", "[]"),
            &of("{\"a\":\"\",\"b\":\"\",\"c\":\"\"}", "[]"),
            &of("{\"a\":\"b\"}", "[[\"0\"]]"),
            &of("{\"a\":\"b\"}", "[[\"noon\",\"x\"]]"),
            &of("{\"a\":\"b\"}", "[[\"0\",7]]"),
            &of("{\"a\":\"b\"}", "[[\"0\",\"x\",{},1]]"),
            &of("{\"a\":\"b\"}", "[[\"0\",\"x\"],[\"0\",\"x\"],[\"0\",\"x\"]]"),
        ] {
            assert!(read(body).is_err(), "{body}");
        }
        assert_eq!(read(r#"{"streams":[]}"#), Ok(Vec::new()));
    }
}
