//! Exports of the Azure portal and of queries as comma-separated text: a header with the columns' names, then rows. Times may bear
//! their zone in the header, `TimeGenerated [UTC]`; the column `$table` or `Type` says the table, or the columns do.

use crate::columns::Columns;
use crate::detect::Sniff;
use crate::frame::delimited::{Rows, cells};
use crate::frame::{Convert, Framed};
use crate::log_analytics::{self, Finder, plain};
use crate::output::{HEADER_BYTES_MAX, NAME_BYTES_MAX, Output, Reason, is_too_long};
use crate::row::Row;
use crate::source::{Shape, Source};
use schema::dynamic::write_json_string;

/// Columns of the header that have to be a table's.
const MATCHED_MIN: usize = 4;
/// Characters of a header that are kept: names of one letter between commas still exceed what names may have in all.
const HEADER_TEXT_MAX: usize = 3 * HEADER_BYTES_MAX;

pub static SOURCE: Source = Source {
    name: "portal_csv",
    about: "comma-separated exports in a table's columns, as the Azure portal writes them",
    shape: Shape::Text,
    tables: &["*"],
    detect,
    parser: |context| {
        Box::new(Framed::new(
            Rows::default(),
            Portal {
                finder: Finder::new(&context.path),
                header: Vec::new(),
                header_text: String::new(),
                is_refused: false,
            },
        ))
    },
};

fn detect(sniff: &Sniff<'_>) -> u8 {
    let Some(header) = sniff.lines().next().filter(|line| line.contains(',') && !line.starts_with(['{', '['])) else {
        return 0;
    };
    let header = cells(header);
    if header.iter().any(|name| name == "$table") {
        return 95;
    }
    match log_analytics::guess(header.iter().map(String::as_str), sniff.path) {
        Some(guess) if guess.matched * 2 >= guess.n_names && guess.matched >= MATCHED_MIN => 85,
        Some(guess) if guess.matched * 3 >= guess.n_names && guess.matched >= MATCHED_MIN => 60,
        _ => 0,
    }
}

struct Portal {
    finder: Finder,
    header: Vec<String>,
    /// The header as it stands in the file, or as much of one that is too long as shows that it is.
    header_text: String,
    /// The header was too long: there is no telling what the rows mean.
    is_refused: bool,
}

impl Convert for Portal {
    fn item(&mut self, item: &str, out: &mut Output) {
        let cells = cells(item);
        if self.header.is_empty() {
            self.header = cells;
            self.header_text = item.chars().take(HEADER_TEXT_MAX).collect();
            // Each row repeats the names.
            self.is_refused = is_too_long(&self.header);
            if self.is_refused {
                let detail = format!(
                    "a name in the header has more than {NAME_BYTES_MAX} bytes, or all more than {HEADER_BYTES_MAX}"
                );
                out.reject(Reason::Oversized, detail, item.as_bytes());
            }
            return;
        }
        if self.is_refused {
            return out.reject(Reason::Malformed, "the header was too long", item.as_bytes());
        }
        if cells.len() > self.header.len() {
            let detail = format!("the row has {} cells, the header {}", cells.len(), self.header.len());
            return out.reject(Reason::Malformed, detail, item.as_bytes());
        }
        let cell = |name: &str| {
            let place = self.header.iter().position(|column| column == name);
            place.and_then(|place| cells.get(place)).map_or("", String::as_str)
        };
        let Some(table) = self.finder.table(&[cell("$table"), cell("Type")], self.header.iter().map(String::as_str))
        else {
            return out.reject(Reason::Malformed, "the columns are those of no known table", item.as_bytes());
        };
        let mut row = Row::new(table);
        let mut json = String::new();
        for (name, cell) in self.header.iter().zip(&cells) {
            if name == "$table" || (name == "Type" && cell == table) || cell.is_empty() {
                continue;
            }
            json.clear();
            write_json_string(&mut json, cell);
            log_analytics::put(&mut row, table, name, &json, |short| {
                self.header.iter().any(|name| plain(name) == short)
            });
        }
        // Sign-ins may be exported with the time that they were made at only.
        let has_time = Columns::of(table).is_some_and(|columns| columns.get("TimeGenerated").is_some());
        if has_time && !row.is_set("TimeGenerated") {
            for name in ["CreatedDateTime [UTC]", "CreatedDateTime", "ActivityDateTime [UTC]", "ActivityDateTime"] {
                row.text("TimeGenerated", cell(name));
            }
        }
        out.record(row);
    }

    fn header(&self) -> String {
        if self.header_text.is_empty() { String::new() } else { format!("{}\n", self.header_text) }
    }
}
