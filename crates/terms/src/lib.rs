//! The term index of an extent: which blocks of its rows may hold a match of `has`, `==`, `in`, `contains` and so on.
//!
//! ```text
//! arrays of texts ─ IndexBuilder ─► bytes, embedded in the extent
//!                                     │ TermIndex::open
//! operator, needle ─ Subject ─► Predicate ─ TermIndex::blocks ─► Blocks ─ row_ranges ─► rows to read
//! ```
//!
//! An extent is a file of up to some million rows; a block is some thousand consecutive rows of it. A block that is left out
//! holds no match, ever; a block that passes may hold none. A term is a maximal run of letters and digits
//! ([`char::is_alphanumeric`]), and letters match without regard to case within ASCII only: exactly as the operators have
//! it, which take what a term is from [`runs`].
//!
//! ```
//! use arrow::array::StringViewArray;
//! use terms::{IndexBuilder, Options, Predicate, Subject, TermIndex, TextKind};
//!
//! # fn main() -> Result<(), terms::IndexError> {
//! let mut builder = IndexBuilder::new(Options { block_rows: 64, ..Options::default() })?;
//! builder.column(0, TextKind::String)?;
//! builder.column(1, TextKind::Json)?;
//! for block in 0..100 {
//!     let (user, json) = (format!("user{block}"), format!(r#"{{"ip":"10.0.0.{block}"}}"#));
//!     builder.push(0, &StringViewArray::from_iter_values(vec![&user; 64]))?;
//!     builder.push(1, &StringViewArray::from_iter_values(vec![&json; 64]))?;
//! }
//! let index = TermIndex::open(builder.finish(6400)?.into())?;
//!
//! let predicate = Predicate::any([Subject::value(0).has("USER7"), Subject::part(1).equals("10.0.0.9")]);
//! let rows: Vec<_> = index.blocks(&predicate).row_ranges().collect();
//! assert_eq!(rows, [448..512, 576..640]);
//! # Ok(())
//! # }
//! ```
//!
//! # What is indexed
//!
//! Terms, and a few longer pieces without which common questions would pass every block: IPv4 addresses, what is around the
//! `@` of a user name, and short values of string columns as a whole. The three groups of four digits of a GUID are left out,
//! which saves a third of its cost; a search for such a group passes every block with a GUID. Terms may be of any length: what
//! counts is their hash. Null and the empty text have no keys.
//!
//! A column of JSON text ([`TextKind::Json`]) is indexed as it stands, with the escapes of its strings undone, and as it is
//! printed again: see [`Subject::part`] for what that covers. Numbers are indexed by the digits that stand there, which is
//! the text that `tostring()` gives of them.
//!
//! # What conditions may conclude
//!
//! | condition | what the index is asked |
//! |---|---|
//! | `c has "foo.bar"`, `c =~ "foo.bar"` | both terms, whole |
//! | `c == "Delete user"`, `c` a string column | both terms and the value as a whole |
//! | `c contains "a bc d"` | `bc`: the others may be parts of longer terms |
//! | `c startswith "a bc d"`, `c hasprefix "a bc d"` | `a` and `bc`; with `endswith` and `hassuffix` `bc` and `d` |
//! | `d.ip == "10.1.2.3"`, `tostring(d.x) has "10.1.2.3"` | [`Subject::part`]: the four terms and the address |
//! | `tostring(d.port) == "443"`, `d.port == "443"` | the term `443` |
//! | `parse_json(tostring(d.text)).x == "y"` | [`Subject::reparsed`]: the term, or strings with escapes in them |
//! | `d.port == 443`, `tolong(d.port) == 443` | nothing: 443.0, 4.43e2 and "0x1bb" are 443 too |
//! | `d.id == guid(...)`, `todatetime(d.t) == ...` | nothing: such values are written in several ways |
//! | `c matches regex ...`, `c !has ...`, `c == ""`, `tolower(c) == ...` | nothing |
//!
//! Where nothing is asked, give [`Predicate::All`]; it dissolves in [`Predicate::every`] and takes over in
//! [`Predicate::any`].
//!
//! Which characters outside ASCII are letters changes with versions of Unicode, and with them what the terms of a text are. So
//! the index says which version it was built with, and to a reader of another version each block with such characters passes.
//!
//! # Bytes
//!
//! Numbers are little-endian; what follows one another in bits begins with the lowest.
//!
//! ```text
//! head       "vidterms" | version u16 = 1 | version of Unicode 3 × u8 | columns u16 | rows u64 | rows of a block u32
//!            | bytes of the index u32
//! columns    by rising id: id u16 | kind u8: 0 string, 1 JSON | indexed u8: 0, 1 | spare bits s u8 | keys u32
//!            | buckets u32 = keys / 64, up | place of the section u32 | its bytes u32
//! section    for each bucket, and once more for the end: where it begins, counted from the first u32 | buckets
//! bucket     number of entries, gamma | entries | zeros to the next byte
//! entry      gap to the place before, rice(s) | set of blocks
//! ```
//!
//! A key is a piece of text in lower case (within ASCII), hashed with XXH3 of 64 bits; the seed says what kind of piece it is: 0
//! a term, 1 an address, 2 what is around an `@`, 3 a whole value, 4 a mark (one byte: 0 there are GUIDs, 1 characters outside
//! ASCII, 2 escapes). The highest 44 bits of the hash, times the number of buckets times 2^(6+s), divided by 2^44, are the
//! key's place among all; its lowest 6+s bits the place in its bucket. Keys with the same place share an entry, so a key that
//! is not in a column is taken for another one with a probability of 2^-s. Columns with as many keys as rows
//! have 4 spare bits, those with few have 10.
//!
//! The codes gamma and rice, and the forms of sets of blocks:
//!
//! ```text
//! unary(n)   n zeros, a one
//! gamma(n)   unary(bits of n+1 but the first) | those bits
//! rice(k)(n) unary(n >> k) | the lowest k bits
//! set        1     | block, in as many bits as the last one's number has
//!            01    | gamma(blocks - 2) | gap to each, rice(k)
//!            001   all blocks
//!            0001  | one bit for each block
//!            00001 | gamma(missing blocks - 1) | gap to each, rice(k)
//!            k is the base-2 logarithm of 11/16 of the blocks, divided by the number of gaps and one, down
//! ```
//!
//! An id that is in one block of a million rows costs 17 bits and a half. An index is read as it comes: what its bytes say is checked
//! when they are used, and where they make no sense all blocks pass. Whether they are the ones that were written is for
//! whoever keeps the file to check.

pub mod runs;

mod bits;
mod blocks;
mod builder;
mod column;
mod error;
mod index;
mod json;
mod keys;
mod layout;
mod postings;
mod predicate;

pub use blocks::Blocks;
pub use builder::{IndexBuilder, Options};
pub use error::IndexError;
pub use index::{ColumnInfo, TermIndex};
pub use layout::TextKind;
pub use predicate::{Keys, Predicate, Subject};
