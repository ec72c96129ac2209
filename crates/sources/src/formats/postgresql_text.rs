//! PostgreSQL's server log as it writes it for people. It lands in PostgreSQL_CL as it is, each record with the lines that continue it.

use super::postgresql_csv::{LEVELS, stamp};
use crate::detect::Sniff;
use crate::frame::{Convert, of_lines};
use crate::output::Output;
use crate::row::Row;
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "postgresql_text",
    about: "PostgreSQL's server log as lines for people",
    shape: Shape::Text,
    tables: &["PostgreSQL_CL"],
    detect: |sniff: &Sniff<'_>| {
        let is_ours =
            |line: &str| line_time(line).is_some() && LEVELS.iter().any(|level| line.contains(&format!("{level}:  ")));
        match sniff.lines().next().is_some_and(is_ours) {
            true => 85,
            false => 0,
        }
    },
    parser: |_| of_lines(Text::default()),
};

/// Reads the time that a line begins with.
fn line_time(line: &str) -> Option<i64> {
    let mut words = line.splitn(4, ' ');
    let (date, clock, zone) = (words.next()?, words.next()?, words.next().unwrap_or(""));
    stamp(&format!("{date} {clock} {zone}"))
}

/// Puts lines together that continue one: they begin with a tab.
#[derive(Default)]
struct Text {
    pending: String,
}

/// Bytes of a record with its continuations at most; further lines are records of their own.
const TEXT_BYTES_MAX: usize = 1 << 20;

impl Text {
    fn flush(&mut self, out: &mut Output) {
        let text = std::mem::take(&mut self.pending);
        if text.is_empty() {
            return;
        }
        let mut row = Row::new("PostgreSQL_CL");
        if let Some(instant) = line_time(&text) {
            row.time("TimeGenerated", instant);
        }
        row.text("RawData", &text);
        out.record(row);
    }
}

impl Convert for Text {
    fn item(&mut self, item: &str, out: &mut Output) {
        let continues = item.starts_with('\t') && !self.pending.is_empty();
        if continues && self.pending.len() + item.len() < TEXT_BYTES_MAX {
            self.pending.push('\n');
            self.pending.push_str(item);
            return;
        }
        self.flush(out);
        self.pending = item.to_string();
    }

    fn end(&mut self, out: &mut Output) {
        self.flush(out);
    }

    fn holds(&self) -> bool {
        !self.pending.is_empty()
    }
}
