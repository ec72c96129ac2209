//! Names of tables (from files) and of columns (from headers and JSON members).

use std::collections::HashSet;

/// Extensions that say how a file is packed or written; they are no part of the table's name.
const EXTENSIONS: [&str; 17] = [
    "gz", "gzip", "zst", "zstd", "zip", "json", "jsonl", "ndjson", "csv", "tsv", "tab", "psv", "parquet", "pq", "log",
    "txt", "bgz",
];

/// Returns whether a query can name this table without quoting.
pub(crate) fn is_identifier(name: &str) -> bool {
    let first_fits = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first_fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Returns the table's name for a file's name: known extensions go, what no identifier may hold becomes one `_`.
pub(crate) fn table_name(file_name: &str) -> String {
    let mut stem = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    while let Some((rest, extension)) = stem.rsplit_once('.')
        && !rest.is_empty()
        && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    {
        stem = rest;
    }
    let mut name = String::with_capacity(stem.len() + 1);
    let mut gap = false;
    for c in stem.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            if gap && !name.is_empty() {
                name.push('_');
            }
            gap = false;
            name.push(c);
        } else {
            gap = true;
        }
    }
    if name.is_empty() {
        return "Table".to_string();
    }
    if name.as_bytes()[0].is_ascii_digit() {
        name.insert(0, '_');
    }
    name
}

/// What the portal's export adds to the name of a datetime column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    Utc,
    Local,
}

/// Splits off the zone that the portal's export adds: `TimeGenerated [UTC]` is the column `TimeGenerated`.
pub(crate) fn column_name(header: &str) -> (&str, Option<Zone>) {
    let header = header.trim();
    if let Some(name) = header.strip_suffix(" [UTC]") {
        return (name, Some(Zone::Utc));
    }
    if let Some(name) = header.strip_suffix(" [Local Time]") {
        return (name, Some(Zone::Local));
    }
    (header, None)
}

/// Returns a name that `taken` does not hold yet, and takes it: the name itself, or with 1, 2, ... behind it.
pub(crate) fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let mut candidate = name.to_string();
    let mut n = 1;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}{n}");
        n += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_after_files() {
        let cases = [
            ("SigninLogs.json", "SigninLogs"),
            ("dir/SigninLogs.jsonl.gz", "SigninLogs"),
            ("export (1).csv", "export_1"),
            ("2024-01-31.parquet", "_2024_01_31"),
            ("cef.v2.log", "cef_v2"),
            (".json", "json"),
            ("ü.csv", "Table"),
            ("AppRequests", "AppRequests"),
            ("_GetWatchlist.CSV", "_GetWatchlist"),
        ];
        for (file, table) in cases {
            assert_eq!(table_name(file), table, "{file}");
        }
    }

    #[test]
    fn zones_leave_column_names() {
        assert_eq!(column_name("TimeGenerated [UTC]"), ("TimeGenerated", Some(Zone::Utc)));
        assert_eq!(column_name("TimeGenerated [Local Time]"), ("TimeGenerated", Some(Zone::Local)));
        assert_eq!(column_name("$table"), ("$table", None));
        let mut taken = HashSet::new();
        assert_eq!([0; 3].map(|_| unique("a", &mut taken)), ["a", "a1", "a2"]);
    }
}
