//! Which words mean something, and where they may be names.
//!
//! # Source
//! Kusto reference, "Entity names"; the lists agree with those of Microsoft's language service.

use schema::KqlType;

/// Words that are never names without brackets, beyond those with a dash, `!` or `~` in them.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "3Dchart", "__contextual_datatable", "__crossCluster", "__crossDB", "__executeAndCache", "__id", "__isFuzzy",
    "__noWithSource", "__packedColumn", "__projectAway", "__sourceColumnIndex", "accumulate", "and", "anomalychart",
    "areachart", "as", "asc", "bagexpansion", "barchart", "between", "bin_legacy", "boolean", "by", "byte",
    "cachingpolicy", "callout", "cancel", "card", "char", "columnchart", "contains", "contains_cs", "containscs",
    "cycles", "dataexport", "datascope", "datatable", "date", "datetime", "decimal", "decodeblocks", "desc",
    "double", "dynamic", "earliest", "encodingpolicy", "endswith", "endswith_cs", "expandoutput",
    "extent_tags_retention", "external_data", "externaldata", "find", "first", "flags", "float", "force_remote",
    "harddelete", "hardretention", "has", "has_all", "has_any", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix",
    "hassuffix_cs", "hotcache", "in", "int", "int16", "int32", "int64", "int8", "invoke", "isfuzzy", "journal",
    "kind", "ladderchart", "last", "latest", "like", "likecs", "linechart", "long", "materialize", "mdm", "missing",
    "nooptimization", "notcontains", "notcontainscs", "notlike", "notlikecs", "of", "or", "others", "pathformat",
    "piechart", "pivotchart", "print", "project", "queries", "query_results", "real", "relaxed",
    "restricted_view_access", "row_level_security", "rowstore", "rowstore_references", "rowstore_sealinfo",
    "rowstorepolicy", "rowstores", "sample", "scatterchart", "seal", "seals", "search", "set", "shards", "simple",
    "softdelete", "softretention", "sql", "stackedareachart", "startswith", "startswith_cs", "statistics",
    "storedqueryresultcontainers", "string", "tablepurge", "time", "timechart", "timeline", "timepivot", "timespan",
    "title", "to", "toscalar", "totable", "treemap", "uint", "uint16", "uint32", "uint64", "uint8", "ulong",
    "union", "uniqueid", "unrestrictedviewers", "verbose", "viewers", "views", "where", "with_itemindex",
    "with_match_id", "with_source", "with_step_name", "withsource", "writeaheadlog",
];

/// Reserved words that may all the same name a new column, a parameter or a column of a schema.
#[rustfmt::skip]
const EXTENDED: &[&str] = &[
    "accumulate", "as", "by", "contains", "datatable", "earliest", "externaldata", "find", "has", "in", "invoke",
    "latest", "materialize", "mdm", "of", "print", "sample", "sample-distinct", "search", "set", "sql", "title",
    "to", "top-hitters", "top-nested", "toscalar", "totable", "verbose", "viewers", "where",
];

/// Reserved words that may all the same be read as a column.
const PATH: &[&str] = &["kind", "with_source", "withsource"];

/// Words with a dash.
#[rustfmt::skip]
const DASHED: &[&str] = &[
    "assert-schema", "commands-and-queries", "granny-asc", "granny-desc", "graph-mark-components", "graph-match",
    "graph-shortest-paths", "graph-to-table", "graph-where-edges", "graph-where-nodes", "macro-expand",
    "make-graph", "make-series", "materialized-view-combine", "materialized-views", "mv-apply", "mv-expand",
    "parse-kv", "parse-where", "partitioned-by", "project-away", "project-by-names", "project-keep",
    "project-rename", "project-reorder", "project-smart", "sample-distinct", "set-or-append", "set-or-replace",
    "top-hitters", "top-nested",
];

/// Names of operator options that every operator's grammar takes.
#[rustfmt::skip]
const OPTIONS: &[&str] = &[
    "__crossCluster", "__crossDB", "__id", "__isFuzzy", "__noWithSource", "__packedColumn", "__sourceColumnIndex",
    "bagexpansion", "bin_legacy", "cycles", "decodeblocks", "expandoutput", "force_remote", "isfuzzy", "kind",
    "with_itemindex", "with_match_id", "with_source", "with_step_name", "withsource",
];

#[rustfmt::skip]
const TIMESPAN_UNITS: &[&str] = &[
    "d", "day", "days", "h", "hour", "hours", "hr", "hrs", "m", "micro", "micros", "microsec", "microsecond",
    "microseconds", "milli", "millis", "millisec", "millisecond", "milliseconds", "min", "minute", "minutes", "ms",
    "nano", "nanos", "nanosec", "nanosecond", "nanoseconds", "s", "sec", "second", "seconds", "tick", "ticks",
];

#[rustfmt::skip]
const NEGATED: &[&str] = &[
    "!between", "!contains", "!contains_cs", "!endswith", "!endswith_cs", "!has", "!has_cs", "!hasprefix",
    "!hasprefix_cs", "!hassuffix", "!hassuffix_cs", "!in", "!in~", "!startswith", "!startswith_cs",
];

/// Returns whether a word is never a name without brackets.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok() || word.contains(['-', '!', '~'])
}

/// Returns whether a word may name a new column, a parameter or a column of a schema.
pub fn may_be_declared(word: &str) -> bool {
    !is_reserved(word) || EXTENDED.contains(&word)
}

/// Returns whether a word may be read as a column or a member.
pub fn may_be_read(word: &str) -> bool {
    !is_reserved(word) || PATH.contains(&word)
}

/// Returns whether a word is an option that every operator's grammar takes.
pub fn is_option(word: &str) -> bool {
    OPTIONS.binary_search(&word).is_ok()
}

/// Returns the length of the keyword with a dash at the start of a text.
pub fn dashed(text: &str) -> Option<usize> {
    DASHED.iter().filter(|word| text.starts_with(**word)).map(|word| word.len()).max()
}

/// Returns whether a word is a unit of time that may follow a number.
pub fn is_timespan_unit(word: &str) -> bool {
    TIMESPAN_UNITS.binary_search(&word).is_ok()
}

/// Returns whether a word is an operator that starts with `!`.
pub fn is_negated_operator(word: &str) -> bool {
    NEGATED.binary_search(&word).is_ok()
}

/// Returns the type of literal that a word before `(` starts. `dynamic(...)` has a grammar of its own.
pub fn literal_type(word: &str) -> Option<KqlType> {
    Some(match word {
        "bool" => KqlType::Bool,
        "int" | "int32" => KqlType::Int,
        "long" | "int64" => KqlType::Long,
        "real" | "double" => KqlType::Real,
        "decimal" => KqlType::Decimal,
        "datetime" | "date" => KqlType::Datetime,
        "timespan" | "time" => KqlType::Timespan,
        "guid" | "uniqueid" => KqlType::Guid,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_are_searched_are_sorted() {
        for list in [RESERVED, OPTIONS, TIMESPAN_UNITS, NEGATED] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }

    #[test]
    fn the_longest_dashed_word_counts() {
        for (text, length) in [("project-keep x", Some(12)), ("materialized-views", Some(18)), ("a-b", None)] {
            assert_eq!(dashed(text), length, "{text}");
        }
    }
}
