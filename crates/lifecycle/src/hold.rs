//! Legal holds: what they cover is neither destroyed nor erased, whatever else says so.

use serde::{Deserialize, Serialize};

use crate::error::LifecycleError;

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Hold {
    pub name: String,
    /// The tables whose records are held; empty for all, also those that come later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// The first moment of `TimeGenerated` that is held, in ticks; `None` for all before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// The first moment that is not held any more, in ticks; `None` for all after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    pub reason: String,
}

impl Hold {
    /// Returns whether the hold covers some record of a table with a time from `first` to `last`. The case of the table's name does not
    /// count: too much held can be undone.
    pub fn covers(&self, table: &str, first: i64, last: i64) -> bool {
        let is_of = self.tables.is_empty() || self.tables.iter().any(|name| name.eq_ignore_ascii_case(table));
        is_of && self.from.is_none_or(|from| last >= from) && self.to.is_none_or(|to| first < to)
    }

    pub(crate) fn check(&self) -> Result<(), LifecycleError> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => Err(LifecycleError::HoldRange(self.name.clone())),
            _ => Ok(()),
        }
    }
}
