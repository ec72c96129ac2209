//! Formats of dates and durations: `yyyy-MM-dd [HH:mm:ss.fff tt]`.
//!
//! A format is a row of letters, each run of one letter read from the left as the longest specifiers there are (`dddd`
//! is the day twice), and of the delimiters ` /-:,._[]`. Nothing else may stand in it.
//!
//! # Source
//! Kusto reference, "format_datetime()" and "format_timespan()"; runs too long for one specifier and the sign of a
//! duration as measured on Kusto's engine.

use crate::args::EvalError;
use schema::ticks::{Civil, DAY, HOUR, MINUTE, SECOND, civil};
use std::fmt::Write;

/// One piece of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Delimiter(char),
    /// A number, with at least so many digits.
    Number(Field, usize),
    /// So many digits of the second's fraction.
    Fraction(usize),
    /// As `Fraction`, without trailing zeros.
    FractionIfAny(usize),
    AmPm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    YearOfCentury,
    Month,
    Day,
    Hour,
    HourOfHalf,
    Minute,
    Second,
}

/// What a format is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Datetime,
    Timespan,
}

/// A format, read.
#[derive(Debug, Clone)]
pub struct Pattern {
    pieces: Vec<Piece>,
    subject: Subject,
}

impl Pattern {
    /// Reads a format.
    ///
    /// # Errors
    /// Names the first character that no specifier and no delimiter begins with.
    pub fn parse(text: &str, subject: Subject) -> Result<Pattern, EvalError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let run = rest.chars().take_while(|c| *c == letter).count();
            let (piece, used) = piece(letter, run, subject).ok_or_else(|| {
                EvalError::new(format!("`{letter}` in the format `{text}` is no format specifier and no delimiter"))
            })?;
            pieces.push(piece);
            // Specifiers are ASCII, so their characters are their bytes; a delimiter is one as well.
            rest = rest.get(used..).unwrap_or("");
        }
        Ok(Pattern { pieces, subject })
    }

    /// Appends an instant or a duration in this format.
    pub fn write(&self, out: &mut String, ticks: i64) {
        match self.subject {
            Subject::Datetime => self.write_parts(out, civil(ticks), 0),
            Subject::Timespan => {
                if ticks < 0 {
                    out.push('-');
                }
                let ticks = ticks.unsigned_abs();
                let time_of_day = (ticks % DAY as u64) as i64;
                self.write_parts(out, Civil { year: 0, month: 0, day: 0, time_of_day }, ticks / DAY as u64);
            }
        }
    }

    fn write_parts(&self, out: &mut String, date: Civil, days: u64) {
        let clock = date.time_of_day;
        for piece in &self.pieces {
            match *piece {
                Piece::Delimiter(delimiter) => out.push(delimiter),
                Piece::Number(field, width) => {
                    let value = match field {
                        Field::Year => date.year as u64,
                        Field::YearOfCentury => date.year as u64 % 100,
                        Field::Month => u64::from(date.month),
                        Field::Day if self.subject == Subject::Timespan => days,
                        Field::Day => u64::from(date.day),
                        Field::Hour => (clock / HOUR) as u64,
                        Field::HourOfHalf => ((clock / HOUR + 11) % 12 + 1) as u64,
                        Field::Minute => (clock / MINUTE % 60) as u64,
                        Field::Second => (clock / SECOND % 60) as u64,
                    };
                    // Writing to a string does not fail.
                    let _ = write!(out, "{value:0width$}");
                }
                Piece::Fraction(n) => push_fraction(out, clock, n),
                Piece::FractionIfAny(n) => {
                    let start = out.len();
                    push_fraction(out, clock, n);
                    let kept = out.get(start..).map_or(0, |digits| digits.trim_end_matches('0').len());
                    out.truncate(start + kept);
                }
                Piece::AmPm => out.push_str(if clock < 12 * HOUR { "AM" } else { "PM" }),
            }
        }
    }
}

fn push_fraction(out: &mut String, clock: i64, n: usize) {
    let fraction = format!("{:07}", clock % SECOND);
    out.push_str(fraction.get(..n).unwrap_or(&fraction));
}

/// Returns the piece that a run of letters begins with, and how many of the letters it takes.
fn piece(letter: char, run: usize, subject: Subject) -> Option<(Piece, usize)> {
    let is_timespan = subject == Subject::Timespan;
    let number = |field: Field, longest: usize| {
        let width = run.min(longest);
        Some((Piece::Number(field, width), width))
    };
    match letter {
        ' ' | '/' | '-' | ':' | ',' | '.' | '_' | '[' | ']' => Some((Piece::Delimiter(letter), 1)),
        'd' if is_timespan => number(Field::Day, 8),
        'd' => number(Field::Day, 2),
        'f' => Some((Piece::Fraction(run.min(7)), run.min(7))),
        'F' => Some((Piece::FractionIfAny(run.min(7)), run.min(7))),
        'h' if !is_timespan => number(Field::HourOfHalf, 2),
        'h' | 'H' => number(Field::Hour, 2),
        'm' => number(Field::Minute, 2),
        's' => number(Field::Second, 2),
        'M' if !is_timespan => number(Field::Month, 2),
        'y' if !is_timespan && run >= 4 => Some((Piece::Number(Field::Year, 4), 4)),
        'y' if !is_timespan => number(Field::YearOfCentury, 2),
        't' if !is_timespan && run >= 2 => Some((Piece::AmPm, 2)),
        _ => None,
    }
}
