//! JSON records in the columns of a Log Analytics table, as queries and exports give them: lines, arrays or wrapped. The member
//! `$table` or `Type` says the table, or the columns and the file's name do.

use crate::detect::{Sniff, WRAPPERS};
use crate::frame::{Convert, of_json};
use crate::log_analytics::{self, Finder, plain};
use crate::object::{Object, compact};
use crate::output::{Output, Reason};
use crate::row::Row;
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "log_analytics",
    about: "JSON records in a Log Analytics table's columns",
    shape: Shape::Json,
    tables: &["*"],
    detect,
    parser: |context| of_json(WRAPPERS, Records { finder: Finder::new(&context.path) }),
};

fn detect(sniff: &Sniff<'_>) -> u8 {
    let Some(first) = sniff.first() else { return 0 };
    let is_known = |name: &str| crate::columns::Columns::of(&first.text(name)).is_some();
    if is_known("$table") || (is_known("Type") && first.names().any(|name| plain(name) == "TimeGenerated")) {
        return 95;
    }
    // A table that is not built in has its own columns, whatever they are.
    if first.text("Type").ends_with("_CL") {
        return 0;
    }
    let guess = log_analytics::guess(first.names(), sniff.path);
    let has_time = first.names().any(|name| plain(name) == "TimeGenerated");
    match guess {
        Some(guess) if has_time && guess.matched >= 4 && guess.matched * 3 >= guess.n_names * 2 => 85,
        Some(guess) if guess.matched >= 8 && guess.matched * 2 >= guess.n_names => 70,
        Some(guess) if has_time && guess.is_named => 60,
        Some(guess) if has_time && guess.matched >= 4 && guess.matched * 2 >= guess.n_names => 60,
        _ => 0,
    }
}

struct Records {
    finder: Finder,
}

impl Convert for Records {
    fn item(&mut self, item: &str, out: &mut Output) {
        let json = compact(item);
        let Some(record) = json.as_deref().and_then(Object::of) else {
            return out.reject(Reason::Malformed, "it is no JSON", item.as_bytes());
        };
        let (table, kind) = (record.text("$table"), record.text("Type"));
        let Some(table) = self.finder.table(&[&table, &kind], record.names()) else {
            return out.reject(Reason::Malformed, "the members are columns of no known table", item.as_bytes());
        };
        let mut row = Row::new(table);
        for (name, value) in record.rest() {
            if name != "$table" && !(name == "Type" && kind == table) {
                log_analytics::put(&mut row, table, name, value, |short| {
                    record.names().any(|name| plain(name) == short)
                });
            }
        }
        for name in ["CreatedDateTime [UTC]", "CreatedDateTime", "EventTime [UTC]"] {
            row.text("TimeGenerated", &record.text(name));
        }
        out.record(row);
    }
}
