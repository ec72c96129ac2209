//! How long a table's records are kept, in the terms and limits of Log Analytics.
//!
//! # Source
//! Azure Monitor documentation, "Manage data retention in a Log Analytics workspace"; REST reference, Tables - Update.

use serde::{Deserialize, Serialize};

use crate::error::LifecycleError;

/// The lengths beyond two years that a total retention may have: whole years to twelve.
const YEARS: [u32; 10] = [1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653, 4018, 4383];
/// Days for which a shortened retention destroys nothing, so that it can be taken back.
pub const REVERSAL_DAYS: u32 = 30;

/// How long a table's records are kept, counted from when they were sealed.
///
/// Records are queried in the same way until their total retention ends; there is no second, slower store for those older than
/// `retention_in_days`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Retention {
    pub table: String,
    /// `None` for as long as the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_in_days: Option<u32>,
    /// `None` for as long as `retention_in_days`; for ever if that is `None` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_retention_in_days: Option<u32>,
    pub reason: String,
}

impl Retention {
    /// Returns after how many days records are destroyed; `None` for never.
    pub fn days(&self) -> Option<u32> {
        self.total_retention_in_days.or(self.retention_in_days)
    }

    pub(crate) fn check(&self) -> Result<(), LifecycleError> {
        if let Some(days) = self.retention_in_days.filter(|days| !(4..=730).contains(days)) {
            return Err(LifecycleError::RetentionDays(days));
        }
        let is_total = |days: &u32| (4..=730).contains(days) || YEARS.contains(days);
        if let Some(days) = self.total_retention_in_days.filter(|days| !is_total(days)) {
            return Err(LifecycleError::TotalDays(days));
        }
        match (self.retention_in_days, self.total_retention_in_days) {
            (Some(interactive), Some(total)) if total < interactive => {
                Err(LifecycleError::TotalBelow { interactive, total })
            }
            _ => Ok(()),
        }
    }
}
