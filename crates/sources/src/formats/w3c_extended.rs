//! W3C extended logs, as IIS writes them: lines of fields between blanks, whose names the directive `#Fields:` says.
//!
//! # Source
//! "Extended Log File Format", W3C working draft WD-logfile-960323; the columns of W3CIISLog.

use crate::detect::Sniff;
use crate::frame::{Convert, of_lines};
use crate::output::{HEADER_BYTES_MAX, NAME_BYTES_MAX, Output, Reason, is_too_long};
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::ticks;

pub static SOURCE: Source = Source {
    name: "w3c_extended",
    about: "W3C extended logs of web servers, as IIS writes them",
    shape: Shape::Text,
    tables: &["W3CIISLog"],
    detect: |sniff: &Sniff<'_>| {
        let has_fields = sniff.text().lines().take(50).any(|line| line.starts_with("#Fields:"));
        if has_fields { 95 } else { 0 }
    },
    parser: |_| of_lines(Lines::default()),
};

const COLUMNS: &[(&str, &str)] = &[
    ("s-sitename", "sSiteName"),
    ("s-computername", "Computer"),
    ("s-ip", "sIP"),
    ("cs-method", "csMethod"),
    ("cs-uri-stem", "csUriStem"),
    ("cs-uri-query", "csUriQuery"),
    ("s-port", "sPort"),
    ("cs-username", "csUserName"),
    ("c-ip", "cIP"),
    ("cs-version", "csVersion"),
    ("cs(User-Agent)", "csUserAgent"),
    ("cs(Cookie)", "csCookie"),
    ("cs(Referer)", "csReferer"),
    ("cs-host", "csHost"),
    ("sc-status", "scStatus"),
    ("sc-substatus", "scSubStatus"),
    ("sc-win32-status", "scWin32Status"),
    ("sc-bytes", "scBytes"),
    ("cs-bytes", "csBytes"),
    ("time-taken", "TimeTaken"),
];

#[derive(Default)]
struct Lines {
    fields: Vec<String>,
    /// The day of lines that have a time alone.
    date: String,
}

impl Convert for Lines {
    fn item(&mut self, item: &str, out: &mut Output) {
        if let Some(directive) = item.strip_prefix('#') {
            if let Some(fields) = directive.strip_prefix("Fields:") {
                self.fields = fields.split_whitespace().map(str::to_string).collect();
                // Each line repeats the names.
                if is_too_long(&self.fields) {
                    self.fields.clear();
                    let detail = format!(
                        "a name of a field has more than {NAME_BYTES_MAX} bytes, or all more than {HEADER_BYTES_MAX}"
                    );
                    out.reject(Reason::Oversized, detail, item.as_bytes());
                }
            } else if let Some(date) = directive.strip_prefix("Date:") {
                self.date = date.trim().split(' ').next().unwrap_or("").to_string();
            }
            return;
        }
        out.result(self.record(item), item);
    }

    fn header(&self) -> String {
        let mut header = String::new();
        if !self.date.is_empty() {
            header.push_str(&format!("#Date: {}\n", self.date));
        }
        if !self.fields.is_empty() {
            header.push_str(&format!("#Fields: {}\n", self.fields.join(" ")));
        }
        header
    }
}

impl Lines {
    fn record(&self, line: &str) -> Result<Row, String> {
        if self.fields.is_empty() {
            return Err("no `#Fields:` that can be read stands before it".to_string());
        }
        let values = values(line);
        if values.len() != self.fields.len() {
            return Err(format!("it has {} fields, and `#Fields:` says {}", values.len(), self.fields.len()));
        }
        let of = |name: &str| {
            self.fields.iter().position(|field| field == name).and_then(|place| values.get(place)).copied()
        };
        let date = of("date").unwrap_or(&self.date);
        let time = of("time").unwrap_or("00:00:00");
        let mut row = Row::new("W3CIISLog");
        let instant =
            ticks::parse_datetime(&format!("{date} {time}")).ok_or_else(|| format!("`{date} {time}` is no time"))?;
        row.time("TimeGenerated", instant);
        for (field, value) in self.fields.iter().zip(values) {
            match COLUMNS.iter().find(|(known, _)| known == field) {
                Some((_, column @ ("sPort" | "scBytes" | "csBytes" | "TimeTaken"))) => {
                    if value != "-" {
                        row.number(column, value);
                    }
                }
                Some((_, column)) => row.text(column, value),
                None if field == "date" || field == "time" => {}
                None => row.pass_text(field, value),
            }
        }
        Ok(row)
    }
}

/// Splits a line at blanks; a value in quotes may hold some.
fn values(line: &str) -> Vec<&str> {
    let mut values = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (value, after) = match rest.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
            Some((value, after)) => (value, after),
            None => rest.split_at(rest.find([' ', '\t']).unwrap_or(rest.len())),
        };
        values.push(value);
        rest = after.trim_start();
    }
    values
}
