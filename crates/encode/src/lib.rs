//! Results as bytes: for terminals, files, spreadsheets and Kusto's clients.
//!
//! ```text
//! let mut encoder = encode::encoder(Format::Csv, &Options::default(), Box::new(out));
//! encoder.begin_table("PrimaryResult", &columns)?;
//! encoder.batch(&batch)?;                            // as often as there are batches
//! encoder.end_table()?;
//! encoder.finish(&Statistics::default())?;
//! ```
//!
//! [`write`] does this for a result that is held whole; [`chart::draw`] draws what `render` asked for as text.
//!
//! Values are printed as Kusto prints them: datetime `2020-01-01T00:00:00.0000000Z`, timespan `[-][d.]hh:mm:ss[.fffffff]`,
//! real as the shortest text that reads back the same, bool `true` and `false`, dynamic as JSON, null as nothing (`null` in
//! JSON). Formats for people (table, markdown, xlsx, charts) leave the quotes of a dynamic that is a string away. What a
//! format cannot hold is an error, never a silent loss.

pub mod chart;
mod columnar;
mod command;
mod contract;
mod delimited;
mod error;
mod format;
mod json;
mod kusto;
mod markdown;
mod monitor;
mod result;
mod table;
mod value;
mod xlsx;

pub use command::command_json;
pub use contract::write_contract;
pub use error::EncodeError;
pub use format::{Encoder, ErrorPlacement, Format, Frames, Options, RequestIds, Statistics, encoder, write};
pub use monitor::{DataSource, MonitorExtras};
pub use result::{QueryResult, ResultTable, Visualization};
