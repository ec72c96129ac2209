//! Where the records of a body begin and end: an array of objects, or objects one after the other, each on its own line or not.

use super::scan;
use crate::records::Rejection;
use arrow::error::ArrowError;

/// What a body's records are given to, one by one.
pub(crate) trait RecordSink {
    /// Takes the object that opens at `at` and returns where to go on.
    fn object(&mut self, text: &str, at: usize) -> Result<usize, ArrowError>;

    /// Takes what is no record.
    fn reject(&mut self, reason: Rejection, detail: String, raw: &[u8]);
}

/// Hands over every record of a body.
pub(crate) fn each_record(body: &[u8], sink: &mut impl RecordSink) -> Result<(), ArrowError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match std::str::from_utf8(body) {
        Ok(text) => each_of_text(text, sink),
        Err(_) => each_of_damaged(body, sink),
    }
}

fn each_of_text(text: &str, sink: &mut impl RecordSink) -> Result<(), ArrowError> {
    let bytes = text.as_bytes();
    let mut at = scan::skip_blanks(bytes, 0);
    let is_array = bytes.get(at) == Some(&b'[');
    at += usize::from(is_array);
    let mut is_closed = !is_array;
    loop {
        at = scan::skip_blanks(bytes, at);
        match bytes.get(at) {
            None => break,
            Some(b',') => at += 1,
            Some(b']') if is_array => {
                is_closed = true;
                at += 1;
            }
            Some(b'{') => at = sink.object(text, at)?,
            Some(_) => {
                // A value that is no object ends where it ends, anything else with its line.
                let end = scan::value(bytes, at).map_or_else(|_| line_end(bytes, at), |token| token.end);
                let end = end.max(at + 1);
                sink.reject(Rejection::Malformed, "it is no object".to_string(), bytes.get(at..end).unwrap_or(&[]));
                at = end;
            }
        }
    }
    if !is_closed {
        sink.reject(Rejection::Malformed, "the array of records is not closed".to_string(), &[]);
    }
    Ok(())
}

/// Reads a body that is not UTF-8 throughout, line by line.
fn each_of_damaged(body: &[u8], sink: &mut impl RecordSink) -> Result<(), ArrowError> {
    let mut run = 0;
    let mut at = 0;
    while at < body.len() {
        let end = memchr::memchr(b'\n', body.get(at..).unwrap_or(&[])).map_or(body.len(), |n| at + n + 1);
        let line = body.get(at..end).unwrap_or(&[]);
        if let Err(error) = std::str::from_utf8(line) {
            each_of_text(std::str::from_utf8(body.get(run..at).unwrap_or(&[])).unwrap_or(""), sink)?;
            let detail = format!("byte {} of the line is not UTF-8", error.valid_up_to());
            sink.reject(Rejection::Encoding, detail, line.strip_suffix(b"\n").unwrap_or(line));
            run = end;
        }
        at = end;
    }
    each_of_text(std::str::from_utf8(body.get(run..).unwrap_or(&[])).unwrap_or(""), sink)
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', bytes.get(at..).unwrap_or(&[])).map_or(bytes.len(), |n| at + n)
}

/// Returns where to go on after a record that begins at `start` and is broken at `place`: at the next line that begins with `{`. A line
/// that was cut off often breaks lines later only, in which it took other records for its own values.
pub(crate) fn next_record(bytes: &[u8], start: usize, place: usize, record_bytes_max: usize) -> usize {
    // What is longer than a record may be is not gone through again, so that no body costs more than its length times a bound.
    if place - start.min(place) <= record_bytes_max {
        let broken = bytes.get(start..place).unwrap_or(&[]);
        for n in memchr::memchr_iter(b'\n', broken) {
            if bytes.get(start + n + 1) == Some(&b'{') {
                return start + n + 1;
            }
        }
    }
    let mut at = place.max(start + 1).min(bytes.len());
    loop {
        at = line_end(bytes, at);
        let next = scan::skip_blanks(bytes, at);
        match bytes.get(next) {
            Some(b'{') | None => return at,
            Some(_) => at = next,
        }
    }
}
