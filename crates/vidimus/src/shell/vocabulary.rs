//! The names that an input may use.

use kql_functions::{Body, FUNCTIONS};
use schema::Column;
use std::sync::{Mutex, PoisonError};

/// The shell's own commands: name, arguments, what it does.
pub const COMMANDS: &[(&str, &str, &str)] = &[
    (".tables", "", "the names of the tables"),
    (".schema", "[TABLE]", "the columns of a table, or of all"),
    (".format", "[NAME]", "how results are printed from now on"),
    (".timing", "[on|off]", "whether time and rows are printed after a result"),
    (".lets", "", "the `let` statements that are kept"),
    (".clear", "", "forget the kept `let` statements"),
    (".help", "", "this text"),
    (".quit", "", "leave; so does Ctrl-D"),
];

/// A function's name and what it does.
pub struct Described {
    pub name: &'static str,
    pub summary: &'static str,
}

/// The names that an input may use.
pub struct Vocabulary {
    /// In the order given.
    pub tables: Vec<(String, Vec<Column>)>,
    /// By name.
    pub scalars: Vec<Described>,
    pub aggregates: Vec<Described>,
    pub plugins: Vec<Described>,
    lets: Mutex<Vec<String>>,
}

impl Vocabulary {
    /// Makes the vocabulary over these tables.
    pub fn new(tables: Vec<(String, Vec<Column>)>) -> Vocabulary {
        let mut scalars = Vec::new();
        for name in FUNCTIONS.scalar_names().filter(|name| is_called(name)) {
            if let Some((function, _)) = FUNCTIONS.scalar(name)
                && !matches!(function.body, Body::Refused(_))
            {
                scalars.push(Described { name, summary: function.summary });
            }
        }
        let mut aggregates = Vec::new();
        for name in FUNCTIONS.aggregate_names() {
            if let Some((function, _)) = FUNCTIONS.aggregate(name) {
                aggregates.push(Described { name, summary: function.summary });
            }
        }
        let mut plugins = Vec::new();
        for name in FUNCTIONS.plugin_names() {
            if let Some(plugin) = FUNCTIONS.plugin(name).filter(|plugin| plugin.run.is_ok()) {
                plugins.push(Described { name, summary: plugin.summary });
            }
        }
        for list in [&mut scalars, &mut aggregates, &mut plugins] {
            list.sort_by_key(|described| described.name);
        }
        Vocabulary { tables, scalars, aggregates, plugins, lets: Mutex::default() }
    }

    /// Returns the names of the kept `let` statements.
    pub fn lets(&self) -> Vec<String> {
        self.lets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over the names of the kept `let` statements.
    pub fn set_lets(&self, names: Vec<String>) {
        *self.lets.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Returns whether a table has this name.
    pub fn is_table(&self, name: &str) -> bool {
        self.tables.iter().any(|(table, _)| table == name)
    }
}

/// Returns whether a function is written as a call: operators (`+`, `has`) are in the same list.
fn is_called(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !super::statement::is_word_operator(name)
}
