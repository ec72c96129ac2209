//! What a source is: one log format.

use crate::detect::Sniff;
use crate::output::Output;

/// What records of a format are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// JSON objects, one after the other or in an array or an envelope; they are cut by their brackets.
    Json,
    /// Texts of one or several lines, cut by the parser.
    Text,
    /// Parts of a file that is no text, and is read as a whole.
    Binary,
}

/// A log format, as its file in `formats/` describes it.
#[derive(Debug)]
pub struct Source {
    /// Its name on the command line and in addresses.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    pub shape: Shape,
    /// The tables that its records land in; a star where any table of a kind may come.
    pub tables: &'static [&'static str],
    /// Says how sure it is that these are its bytes, from 0 (not at all) to 100.
    pub detect: fn(&Sniff<'_>) -> u8,
    /// Makes a parser of one stream.
    pub parser: fn(&Context) -> Box<dyn Parser>,
}

impl Source {
    /// Returns whether single events may be of it: not when it is a whole file, nor when it is objects of any table, which every
    /// object may be.
    pub fn is_of_events(&self) -> bool {
        match self.shape {
            Shape::Json => self.tables != ["*"],
            Shape::Text => true,
            Shape::Binary => false,
        }
    }
}

/// What a parser may know besides the bytes.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The name of the file or archive member with its folders, as far as it is known.
    pub path: String,
    /// The present, in ticks: the year of times that are written without one.
    pub now: i64,
}

/// Reads one stream of bytes.
pub trait Parser: Send {
    /// Takes the next bytes, cut anywhere, and adds what is complete to the output, until that is full ([`Output::is_full`]).
    fn push(&mut self, bytes: &[u8], out: &mut Output);

    /// Says that no more bytes come.
    fn finish(&mut self, out: &mut Output);

    /// Returns how many of the last bytes that came belong to a record that may not be whole. A log that is taken in parts, by a parser
    /// each, is cut before them.
    fn n_held(&self) -> usize;

    /// Returns what another parser has to be shown before it is shown what follows: a header that holds for all of it.
    fn header(&self) -> String {
        String::new()
    }
}
