//! Lines of a text log, put in the order of their times a day at a time, so that memory is bounded by a day.

use crate::company::Company;
use std::io::{self, Write};

/// The lines of a day, in the order in which they were made.
#[derive(Debug, Default)]
pub struct DayLog {
    text: String,
    /// Instant and first byte of each line.
    lines: Vec<(i64, usize)>,
}

impl DayLog {
    /// Begins a line; what is appended to the returned text up to the next line belongs to it.
    pub fn line(&mut self, instant: i64) -> &mut String {
        self.lines.push((instant, self.text.len()));
        &mut self.text
    }

    /// Writes the lines sorted by time, each followed by `end`, and forgets them. Returns their number.
    fn write_to(&mut self, out: &mut dyn Write, end: &[u8]) -> io::Result<u64> {
        let mut spans: Vec<(i64, usize, usize)> = Vec::with_capacity(self.lines.len());
        let mut stop = self.text.len();
        for (instant, start) in self.lines.iter().rev() {
            spans.push((*instant, *start, stop));
            stop = *start;
        }
        spans.sort_unstable();
        for (_, start, stop) in &spans {
            out.write_all(self.text.as_bytes().get(*start..*stop).unwrap_or_default())?;
            out.write_all(end)?;
        }
        self.text.clear();
        self.lines.clear();
        Ok(spans.len() as u64)
    }
}

/// Writes a log day by day: `fill` adds a day's lines. Returns the number of lines.
pub fn write_days(
    company: &Company,
    out: &mut dyn Write,
    end: &[u8],
    mut fill: impl FnMut(i64, &mut DayLog),
) -> io::Result<u64> {
    let mut log = DayLog::default();
    let mut rows = 0;
    for day in company.days() {
        fill(day, &mut log);
        rows += log.write_to(out, end)?;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_in_the_order_of_time() {
        let mut log = DayLog::default();
        for (instant, text) in [(3, "c"), (1, "a"), (3, "d"), (2, "b")] {
            log.line(instant).push_str(text);
        }
        let mut out = Vec::new();
        assert_eq!(log.write_to(&mut out, b"\n").unwrap(), 4);
        assert_eq!(out, b"a\nb\nc\nd\n");
    }
}
