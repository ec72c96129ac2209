//! One value of a record and its bytes.
//!
//! An own small enum, not that of the query engine: the verifier needs this crate and nothing else.

use std::borrow::Cow;

use crate::hash::{hex, hex_bytes};
use crate::text::{escape, signed_number, unescape};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CellType {
    Bool,
    Int,
    Long,
    Real,
    Decimal,
    String,
    Datetime,
    Timespan,
    Guid,
    Dynamic,
}

/// Types with their bytes in digests and their words in texts. Nothing here may ever change.
const TYPES: [(CellType, u8, &str); 10] = [
    (CellType::Bool, 1, "bool"),
    (CellType::Int, 2, "int"),
    (CellType::Long, 3, "long"),
    (CellType::Real, 4, "real"),
    (CellType::Decimal, 5, "decimal"),
    (CellType::String, 6, "string"),
    (CellType::Datetime, 7, "datetime"),
    (CellType::Timespan, 8, "timespan"),
    (CellType::Guid, 9, "guid"),
    (CellType::Dynamic, 10, "dynamic"),
];

impl CellType {
    /// Returns the type's byte in a digest.
    pub fn byte(self) -> u8 {
        TYPES.iter().find(|(of, ..)| *of == self).map_or(0, |(_, byte, _)| *byte)
    }

    /// Returns the type's name in KQL.
    pub fn word(self) -> &'static str {
        TYPES.iter().find(|(of, ..)| *of == self).map_or("", |(.., word)| *word)
    }

    /// Finds a type by its name in KQL.
    pub fn parse(word: &str) -> Option<CellType> {
        TYPES.iter().find(|(.., other)| *other == word).map(|(of, ..)| *of)
    }
}

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Null, or an empty string.
    Absent,
    Bool(bool),
    Int(i32),
    Long(i64),
    Real(f64),
    /// 256 bits in two's complement, big-endian, scaled by 10^38.
    Decimal([u8; 32]),
    /// Not empty: an empty string is an absent cell.
    String(Cow<'a, str>),
    /// Ticks of 100 ns since 0001-01-01.
    Datetime(i64),
    /// Ticks of 100 ns.
    Timespan(i64),
    /// In the order in which the text form has them.
    Guid([u8; 16]),
    /// The JSON text as it was received; not empty.
    Dynamic(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// Makes a cell of a string, absent when it is empty.
    pub fn string(text: &'a str) -> Cell<'a> {
        if text.is_empty() { Cell::Absent } else { Cell::String(Cow::Borrowed(text)) }
    }

    /// Makes a cell of a JSON text, absent when it is empty.
    pub fn dynamic(text: &'a str) -> Cell<'a> {
        if text.is_empty() { Cell::Absent } else { Cell::Dynamic(Cow::Borrowed(text)) }
    }

    /// Makes a cell of a guid in its canonical lower-case form; `None` for another text.
    pub fn guid(text: &str) -> Option<Cell<'static>> {
        parse_guid(text).map(Cell::Guid)
    }

    /// Returns the type; `None` for an absent cell.
    pub fn kind(&self) -> Option<CellType> {
        Some(match self {
            Cell::Absent => return None,
            Cell::Bool(_) => CellType::Bool,
            Cell::Int(_) => CellType::Int,
            Cell::Long(_) => CellType::Long,
            Cell::Real(_) => CellType::Real,
            Cell::Decimal(_) => CellType::Decimal,
            Cell::String(_) => CellType::String,
            Cell::Datetime(_) => CellType::Datetime,
            Cell::Timespan(_) => CellType::Timespan,
            Cell::Guid(_) => CellType::Guid,
            Cell::Dynamic(_) => CellType::Dynamic,
        })
    }

    /// Returns whether there is a value; empty texts are none, however they were made.
    pub fn is_absent(&self) -> bool {
        match self {
            Cell::Absent => true,
            Cell::String(text) | Cell::Dynamic(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Shows the bytes that are hashed: whole numbers in 8 bytes, texts as they are.
    pub(super) fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Cell::Absent => read(&[]),
            Cell::Bool(value) => read(&[u8::from(*value)]),
            Cell::Int(value) => read(&i64::from(*value).to_be_bytes()),
            Cell::Long(value) | Cell::Datetime(value) | Cell::Timespan(value) => read(&value.to_be_bytes()),
            Cell::Real(value) => read(&real_bits(*value).to_be_bytes()),
            Cell::Decimal(bytes) => read(bytes),
            Cell::String(text) | Cell::Dynamic(text) => read(text.as_bytes()),
            Cell::Guid(bytes) => read(bytes),
        }
    }

    /// Returns the cell with its own copy of the text.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Absent => Cell::Absent,
            Cell::Bool(value) => Cell::Bool(value),
            Cell::Int(value) => Cell::Int(value),
            Cell::Long(value) => Cell::Long(value),
            Cell::Real(value) => Cell::Real(value),
            Cell::Decimal(bytes) => Cell::Decimal(bytes),
            Cell::String(text) => Cell::String(Cow::Owned(text.into_owned())),
            Cell::Datetime(value) => Cell::Datetime(value),
            Cell::Timespan(value) => Cell::Timespan(value),
            Cell::Guid(bytes) => Cell::Guid(bytes),
            Cell::Dynamic(text) => Cell::Dynamic(Cow::Owned(text.into_owned())),
        }
    }
}

/// The one NaN that is hashed: which of the many a file gives back is not up to us.
const NAN_BITS: u64 = 0x7ff8_0000_0000_0000;

fn real_bits(value: f64) -> u64 {
    if value.is_nan() { NAN_BITS } else { value.to_bits() }
}

/// Returns a cell's text in a bundle, from which exactly this cell comes back.
pub(crate) fn cell_text(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Absent => String::new(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::Long(value) | Cell::Datetime(value) | Cell::Timespan(value) => value.to_string(),
        Cell::Real(value) => hex(&real_bits(*value).to_be_bytes()),
        Cell::Decimal(bytes) => hex(bytes),
        Cell::String(text) | Cell::Dynamic(text) => {
            let mut escaped = String::with_capacity(text.len());
            escape(text, &mut escaped);
            escaped
        }
        Cell::Guid(bytes) => guid_text(bytes),
    }
}

/// Reads what [`cell_text`] wrote; `None` for anything else.
pub(crate) fn parse_cell(kind: CellType, text: &str) -> Option<Cell<'static>> {
    let cell = match kind {
        CellType::Bool => match text {
            "true" => Cell::Bool(true),
            "false" => Cell::Bool(false),
            _ => return None,
        },
        CellType::Int => Cell::Int(i32::try_from(signed_number(text)?).ok()?),
        CellType::Long => Cell::Long(signed_number(text)?),
        CellType::Datetime => Cell::Datetime(signed_number(text)?),
        CellType::Timespan => Cell::Timespan(signed_number(text)?),
        CellType::Real => {
            let bits = u64::from_be_bytes(hex_bytes(text)?);
            let value = f64::from_bits(bits);
            if real_bits(value) != bits {
                return None;
            }
            Cell::Real(value)
        }
        CellType::Decimal => Cell::Decimal(hex_bytes(text)?),
        CellType::String => Cell::String(Cow::Owned(unescape(text)?)),
        CellType::Dynamic => Cell::Dynamic(Cow::Owned(unescape(text)?)),
        CellType::Guid => Cell::Guid(parse_guid(text)?),
    };
    (!cell.is_absent()).then_some(cell)
}

fn guid_text(bytes: &[u8; 16]) -> String {
    let digits = hex(bytes);
    let mut text = String::with_capacity(36);
    for (idx, digit) in digits.chars().enumerate() {
        if matches!(idx, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

fn parse_guid(text: &str) -> Option<[u8; 16]> {
    let bytes = hex_bytes::<16>(&text.replace('-', ""))?;
    (guid_text(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back() {
        let guid = "00112233-4455-6677-8899-aabbccddeeff";
        for cell in [
            Cell::Bool(false),
            Cell::Int(i32::MIN),
            Cell::Long(i64::MAX),
            Cell::Real(-0.0),
            Cell::Real(f64::NEG_INFINITY),
            Cell::Decimal([0xff; 32]),
            Cell::string("two\nlines \\ \u{10ffff}"),
            Cell::Datetime(-1),
            Cell::Timespan(0),
            Cell::guid(guid).expect("a guid"),
            Cell::dynamic("{\"a\":1.0}"),
        ] {
            let text = cell_text(&cell);
            let back = cell.kind().and_then(|kind| parse_cell(kind, &text)).expect(&text);
            assert_eq!(back, cell);
            assert_eq!(cell_text(&back), text);
        }
        assert_eq!(cell_text(&Cell::guid(guid).expect("a guid")), guid);
    }

    #[test]
    fn other_texts_are_refused() {
        for (kind, text) in [
            (CellType::Bool, "True"),
            (CellType::Int, "2147483648"),
            (CellType::Long, "-0"),
            (CellType::Real, "7ff8000000000001"),
            (CellType::Real, "fff8000000000000"),
            (CellType::Real, "1.0"),
            (CellType::String, ""),
            (CellType::Dynamic, ""),
            (CellType::String, "a\tb"),
            (CellType::Guid, "00112233-4455-6677-8899-AABBCCDDEEFF"),
            (CellType::Guid, "0011-22334455-6677-8899-aabbccddeeff"),
            (CellType::Decimal, "00"),
        ] {
            assert_eq!(parse_cell(kind, text), None, "{kind:?} {text}");
        }
    }

    #[test]
    fn every_nan_is_hashed_alike() {
        let bytes = |value: f64| Cell::Real(value).with_bytes(<[u8]>::to_vec);
        assert_eq!(bytes(f64::NAN), bytes(-f64::NAN));
        assert_ne!(bytes(0.0), bytes(-0.0));
    }
}
