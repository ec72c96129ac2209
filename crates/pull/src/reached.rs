//! How far something that grows was taken, and what comes next of it: whole records, a record that is longer than anybody reads, or what
//! is left when no more comes.
//!
//! What stands before the place that was reached is known by a hash: when it is another by now, something else is there under the
//! same name. Text of a log format is cut where the format's own parser says that a record may not be whole, and what holds for all that
//! follows, such as the header of delimited text, is put before each part.

use crate::feed::hex;
use crate::growth::{Cut, Shape};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sources::{Context, Output, Source};

/// Bytes that are looked at to tell how something grows.
pub(crate) const HEAD_BYTES: u64 = 64 << 10;
/// Bytes that are read at a time; a record that is longer is not waited for.
pub(crate) const READ_BYTES: u64 = 8 << 20;
/// Why a part of a record goes to the quarantine.
pub(crate) const TOO_LONG: &str = "it is a part of a record that is longer than a record may be";
/// Bytes before the place that was reached by which it is known again.
const ANCHOR_BYTES: u64 = 512;

/// How far it was taken.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub(crate) struct Reached {
    pub shape: Shape,
    #[serde(default)]
    pub at: u64,
    #[serde(default)]
    anchor: String,
    /// Bytes are left that are no whole record.
    #[serde(default)]
    pub has_rest: bool,
    /// In a line whose beginning was longer than anybody reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_inside: bool,
    /// What holds for all that follows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    header: String,
}

/// For how long nothing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quiet {
    /// More may come at once.
    No,
    /// So long that what could continue the last record would be there.
    Record,
    /// So long that nothing more is waited for.
    End,
}

/// What was read: what stands before the place that was reached, and what behind it.
pub(crate) struct Window<'a> {
    pub before: &'a [u8],
    pub fresh: &'a [u8],
    /// Nothing stands behind.
    pub is_all: bool,
    pub quiet: Quiet,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Records(Vec<u8>),
    /// A part of a record that is longer than anybody reads.
    TooLong(Vec<u8>),
}

impl Reached {
    /// Begins with nothing taken.
    pub fn begin(shape: Shape) -> Reached {
        let (anchor, header) = (String::new(), String::new());
        Reached { shape, at: 0, anchor, has_rest: false, is_inside: false, header }
    }

    /// Returns how many bytes before the place have to be read along.
    pub fn n_before(&self) -> u64 {
        self.at.min(ANCHOR_BYTES)
    }

    /// Returns whether these bytes stood before the place.
    pub fn is_behind(&self, before: &[u8]) -> bool {
        self.at == 0 || hash(before) == self.anchor
    }

    /// Says that all up to a place was taken; `before` stands before it.
    pub fn move_to(&mut self, at: u64, before: &[u8]) {
        (self.at, self.anchor, self.has_rest) = (at, hash(before), false);
    }

    /// Moves on over what was read; returns what comes next, and whether the place moved. `source` is the log format, where it is known.
    pub fn advance(&mut self, window: &Window<'_>, source: Option<&Source>, context: &Context) -> (Option<Part>, bool) {
        let (part, n) = self.next(window, source, context);
        self.at += n as u64;
        let (before, taken) = (window.before, window.fresh.get(..n).unwrap_or_default());
        let mut behind = before.to_vec();
        behind.extend_from_slice(taken.get(taken.len().saturating_sub(ANCHOR_BYTES as usize)..).unwrap_or_default());
        let tail = behind.len().saturating_sub(self.n_before() as usize);
        self.anchor = behind.get(tail..).map(hash).unwrap_or_default();
        let left = window.fresh.get(n..).unwrap_or_default();
        self.has_rest = window.is_all && self.shape.rest(left).is_some();
        (part, n > 0)
    }

    /// Returns what comes next, and how many bytes are done with.
    fn next(&mut self, window: &Window<'_>, source: Option<&Source>, context: &Context) -> (Option<Part>, usize) {
        let &Window { fresh, is_all, quiet, .. } = window;
        if self.is_inside {
            return self.inside(window);
        }
        let header = self.header.clone();
        let is_text = self.shape == Shape::Lines && fresh.trim_ascii_start().first() != Some(&b'{');
        let Cut { body, n } = match source.filter(|_| is_text) {
            Some(source) => self.by_parser(window, source, context),
            None => self.shape.cut(fresh, self.at == 0),
        };
        let with_header = |body: Vec<u8>| match header.is_empty() {
            true => Part::Records(body),
            false => Part::Records([header.as_bytes(), &body].concat()),
        };
        if n > 0 {
            return (body.map(with_header), n);
        }
        if !is_all {
            // What began here is longer than anybody reads.
            self.is_inside = self.shape == Shape::Lines;
            return if self.is_inside {
                self.inside(window)
            } else {
                (Some(Part::TooLong(fresh.to_vec())), fresh.len())
            };
        }
        match self.shape.rest(fresh).filter(|_| quiet == Quiet::End) {
            Some(rest) => (Some(with_header(rest)), fresh.len()),
            None => (None, 0),
        }
    }

    /// Cuts where the parser of a format says that a record may not be whole.
    fn by_parser(&mut self, window: &Window<'_>, source: &Source, context: &Context) -> Cut {
        let &Window { fresh, is_all, quiet, .. } = window;
        let mut parser = (source.parser)(context);
        let mut out = Output::default();
        for bytes in [self.header.as_bytes(), fresh] {
            parser.push(bytes, &mut out);
            while out.is_full() {
                // What comes of it is made once more when it is delivered.
                out.take_tables();
                out.take_rejects();
                parser.push(&[], &mut out);
            }
        }
        let mut n = fresh.len().saturating_sub(parser.n_held());
        if is_all && quiet >= Quiet::Record {
            n = n.max(fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        }
        if n > 0 {
            self.header = parser.header();
        }
        let body = fresh.get(..n).filter(|body| !body.trim_ascii().is_empty()).map(<[u8]>::to_vec);
        Cut { body, n }
    }

    /// Goes on in a line that is longer than anybody reads, up to its end.
    fn inside(&mut self, window: &Window<'_>) -> (Option<Part>, usize) {
        let &Window { fresh, is_all, quiet, .. } = window;
        let end = fresh.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let n = match end {
            Some(n) => n,
            None if !is_all || quiet == Quiet::End => fresh.len(),
            None => return (None, 0),
        };
        self.is_inside = end.is_none();
        let part = fresh.get(..n).filter(|part| !part.trim_ascii().is_empty()).map(<[u8]>::to_vec);
        (part.map(Part::TooLong), n)
    }
}

/// Returns by what bytes are known again.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes), 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what grows as these, and returns what comes out; a part that is too long stands in brackets.
    fn taken(source: &str, versions: &[(&str, Quiet)]) -> Vec<String> {
        let source = sources::find(source);
        let mut reached = Reached::begin(Shape::of(versions[0].0.as_bytes()));
        let mut bodies = Vec::new();
        for (version, quiet) in versions {
            loop {
                let (before, fresh) = version.as_bytes().split_at(reached.at as usize);
                let before = &before[before.len() - reached.n_before() as usize..];
                assert!(reached.is_behind(before), "{version}");
                let window = Window { before, fresh, is_all: true, quiet: *quiet };
                let (part, is_moved) = reached.advance(&window, source, &Context::default());
                bodies.extend(part.map(|part| match part {
                    Part::Records(body) => String::from_utf8(body).unwrap(),
                    Part::TooLong(body) => format!("<{}>", String::from_utf8(body).unwrap()),
                }));
                if !is_moved {
                    break;
                }
            }
        }
        bodies
    }

    #[test]
    fn a_header_holds_for_all_that_follows() {
        let first = "#Software: IIS\n#Fields: date time c-ip\n2026-05-01 10:00:00 192.0.2.1\n2026-05-01 10";
        let second = format!("{first}:00:01 192.0.2.2\n#Fields: date time\n");
        let third = format!("{second}2026-05-01 10:00:02\n");
        let versions = [(first, Quiet::No), (&second, Quiet::No), (&third, Quiet::No)];
        assert_eq!(
            taken("w3c_extended", &versions),
            [
                "#Software: IIS\n#Fields: date time c-ip\n2026-05-01 10:00:00 192.0.2.1\n",
                "#Fields: date time c-ip\n2026-05-01 10:00:01 192.0.2.2\n#Fields: date time\n",
                "#Fields: date time\n2026-05-01 10:00:02\n",
            ]
        );
    }

    #[test]
    fn a_record_of_several_lines_is_waited_for_as_its_format_says() {
        let first = "2026-05-01 10:00:00.000 UTC [1] ERROR:  no\n\tat a\n";
        let second = format!("{first}\tat b\n2026-05-01 10:00:01.000 UTC [1] LOG:  yes\nhal");
        let text = |from: &str, to: &str| second[second.find(from).unwrap()..second.find(to).unwrap()].to_string();
        let versions = [(first, Quiet::No), (&second, Quiet::No), (&second, Quiet::Record), (&second, Quiet::End)];
        let got = taken("postgresql_text", &versions);
        assert_eq!(
            got,
            [text("2026-05-01 10:00:00", "2026-05-01 10:00:01"), text("2026-05-01 10:00:01", "hal"), "hal".into()]
        );
        // Two lines in quotes are one row.
        let row = "2026-05-01 10:00:00 UTC,\"a\nb\",";
        let whole = format!("{row}c\n");
        assert_eq!(taken("postgresql_csv", &[(row, Quiet::No), (&whole, Quiet::No)]).concat(), whole);
    }

    #[test]
    fn a_line_that_is_too_long_goes_in_parts_up_to_its_end() {
        let mut reached = Reached::begin(Shape::Lines);
        let syslog = sources::find("syslog");
        let mut step = |fresh: &[u8], is_all| {
            let (before, quiet) = (Vec::new(), Quiet::No);
            let window = Window { before: &before, fresh, is_all, quiet };
            let part = reached.advance(&window, syslog, &Context::default()).0;
            part.map(|part| match part {
                Part::Records(body) => (false, body.len()),
                Part::TooLong(body) => (true, body.len()),
            })
        };
        let long = vec![b'x'; READ_BYTES as usize];
        assert_eq!(step(&long, false), Some((true, long.len())));
        assert_eq!(step(&long, false), Some((true, long.len())));
        assert_eq!(step(b"xxx", true), None);
        assert_eq!(step(b"xxx\n<13>May  1 10:00:00 h a: b\n", true), Some((true, 4)));
        assert_eq!(step(b"<13>May  1 10:00:00 h a: b\n", true), Some((false, 27)));
    }
}
