//! Records that are in a table's columns already, as exports of the portal and of queries have them: finding the table, and what
//! exports add to the columns' names.

use crate::columns::Columns;
use crate::fit;
use crate::row::Row;
use schema::tables;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Columns that nearly every table has, so that they say nothing about which it is.
const COMMON: [&str; 12] = [
    "TenantId",
    "SourceSystem",
    "Type",
    "_ResourceId",
    "_SubscriptionId",
    "TimeGenerated",
    "MG",
    "ManagementGroupName",
    "RawData",
    "Computer",
    "_BilledSize",
    "_IsBillable",
];

/// Tables that go before others with the same columns.
const COMMONER: [&str; 8] = [
    "SigninLogs",
    "AuditLogs",
    "AzureActivity",
    "OfficeActivity",
    "SecurityEvent",
    "CommonSecurityLog",
    "AzureDiagnostics",
    "StorageBlobLogs",
];

/// Endings by which exports tell columns of the same name and different types apart.
const TYPE_ENDINGS: [&str; 9] =
    ["_dynamic", "_string", "_int", "_long", "_real", "_bool", "_datetime", "_guid", "_timespan"];

/// Returns a column's name without the zone that the portal adds: `TimeGenerated [UTC]`.
pub(crate) fn plain(name: &str) -> &str {
    let name = name.trim();
    name.strip_suffix(" [UTC]").or_else(|| name.strip_suffix(" [Local Time]")).unwrap_or(name)
}

/// Returns a column's name without the ending that tells its type.
fn without_type(name: &str) -> &str {
    TYPE_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// A table that records with certain columns seem to be of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guess {
    pub table: &'static str,
    /// How many of the names that say something are columns of it, and how many there are.
    pub matched: usize,
    pub n_names: usize,
    /// Whether the file's name says so too.
    pub is_named: bool,
}

/// Returns the built-in table that a file's name names, `office_activity.csv` being OfficeActivity.
fn table_of_file(path: &str) -> Option<&'static str> {
    let leaf = path.rsplit(['/', '\\', ':']).next().unwrap_or(path);
    let stem = leaf.split('.').next().unwrap_or(leaf);
    let squeezed =
        |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase() };
    let stem = squeezed(stem);
    tables::names().find(|name| squeezed(name) == stem)
}

/// How well a table fits: columns that match, whether the file is named after it, whether it is a common one, and how few columns it has.
type Rank = (usize, bool, bool, Reverse<usize>);

/// Guesses the table from the names of columns and the file's name.
pub(crate) fn guess<'n>(names: impl Iterator<Item = &'n str>, path: &str) -> Option<Guess> {
    let mut telling: Vec<&str> = names.map(plain).filter(|name| !COMMON.contains(name)).collect();
    telling.sort_unstable();
    telling.dedup();
    let named = table_of_file(path);
    let mut best: Option<(Rank, Guess)> = None;
    for table in tables::names() {
        let Some(columns) = Columns::of(table) else { continue };
        let is_column = |name: &&&str| columns.get(name).is_some() || columns.get(without_type(name)).is_some();
        let matched = telling.iter().filter(is_column).count();
        let is_named = named == Some(table);
        if matched == 0 && !is_named {
            continue;
        }
        let guess = Guess { table, matched, n_names: telling.len(), is_named };
        // A file's name counts as some columns; of equals, a common table goes first, then the one with the fewest other columns.
        let weight = matched + if is_named { 5 } else { 0 };
        let rank = (weight, is_named, COMMONER.contains(&table), Reverse(columns.len()));
        if best.as_ref().is_none_or(|(best, _)| rank > *best) {
            best = Some((rank, guess));
        }
    }
    best.map(|(.., guess)| guess)
}

/// Finds the tables of records, remembering what was found for the same columns.
pub(crate) struct Finder {
    path: String,
    known: HashMap<u64, Option<&'static str>>,
    /// The tables that records before said that they are of, with how many did.
    said: BTreeMap<&'static str, u64>,
    /// The table that was found for a record before.
    found: Option<&'static str>,
}

/// Different sets of columns that are remembered.
const KNOWN_MAX: usize = 4096;

impl Finder {
    pub fn new(path: &str) -> Finder {
        Finder { path: path.to_string(), known: HashMap::new(), said: BTreeMap::new(), found: None }
    }

    /// Returns the table of a record: what it says itself if that is a built-in table, else what most before it said, else the one that
    /// has its columns.
    pub fn table<'n>(&mut self, said: &[&str], names: impl Iterator<Item = &'n str>) -> Option<&'static str> {
        if let Some(columns) = said.iter().find_map(|said| Columns::of(said)) {
            *self.said.entry(columns.table).or_default() += 1;
            return Some(columns.table);
        }
        if let Some((table, _)) = self.said.iter().max_by_key(|(_, n)| **n) {
            return Some(table);
        }
        let found = self.guessed(&names.collect::<Vec<_>>());
        self.found = found.or(self.found);
        self.found
    }

    fn guessed(&mut self, names: &[&str]) -> Option<&'static str> {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in names.iter().flat_map(|name| name.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(known) = self.known.get(&hash) {
            return *known;
        }
        let guess = guess(names.iter().copied(), &self.path);
        let found = guess.filter(|guess| guess.is_named || guess.matched * 3 >= guess.n_names).map(|guess| guess.table);
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(hash, found);
        found
    }
}

/// Puts a value under the name that an export gives it. A name with a type's ending is the column without it when the record does not
/// have that column by itself.
pub(crate) fn put(row: &mut Row, table: &str, name: &str, json: &str, has: impl Fn(&str) -> bool) {
    let name = plain(name);
    let Some(columns) = Columns::of(table) else { return row.pass(name, json) };
    let short = without_type(name);
    let is_ours = columns.get(name).is_none() && short != name && !has(short);
    match columns.get(short) {
        Some((_, ktype)) if is_ours => {
            if is_empty(json) {
                return;
            }
            if row.is_set(short) || !fit::fits(ktype, json) { row.pass(name, json) } else { row.json(short, json) }
        }
        _ if columns.get(name).is_some() => {
            if is_empty(json) {
                return;
            }
            if row.is_set(name) { row.pass(name, json) } else { row.json(name, json) }
        }
        _ => row.pass(name, json),
    }
}

fn is_empty(json: &str) -> bool {
    matches!(json, "null" | "\"\"")
}
