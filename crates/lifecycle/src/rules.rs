//! What is in force: the acts of a log, one after the other.

use std::collections::BTreeMap;

use entities::{Entities, Step};

use crate::DAY;
use crate::document::Document;
use crate::error::LifecycleError;
use crate::hold::Hold;
use crate::retention::{REVERSAL_DAYS, Retention};

/// A retention policy with the act that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The index of the act's entry in the log.
    pub entry: u64,
    /// When, in ticks.
    pub time: i64,
    pub retention: Retention,
}

/// The holds, retention policies and names of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    holds: BTreeMap<String, Hold>,
    /// By table, the newest last.
    policies: BTreeMap<String, Vec<Policy>>,
    entities: Entities,
}

impl Rules {
    /// Makes sure that an act can be done now.
    ///
    /// # Errors
    /// When the document lacks something, a hold is set twice, one is lifted that is not in force, names would contradict each other, or
    /// records that a hold covers would get out of sight.
    pub fn check(&self, document: &Document) -> Result<(), LifecycleError> {
        document.check()?;
        match document {
            Document::Hold(hold) if self.holds.contains_key(&hold.name) => {
                Err(LifecycleError::HoldExists(hold.name.clone()))
            }
            Document::HoldLift(lift) if !self.holds.contains_key(&lift.name) => {
                Err(LifecycleError::NoHold(lift.name.clone()))
            }
            Document::Change(change) => {
                self.entities.check(change)?;
                let hidden = self.entities.hidden_by(change);
                let held = hidden.iter().find_map(|table| Some((table, self.hold_on(table, i64::MIN, i64::MAX)?)));
                if let Some((table, hold)) = held {
                    return Err(LifecycleError::Held { table: table.clone(), hold: hold.name.clone() });
                }
                match change.steps.iter().find_map(|step| self.hold_on_name(step)) {
                    Some((table, hold)) => Err(LifecycleError::HeldName { table, hold: hold.name.clone() }),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Takes up an act that was sealed as entry `entry` at `time`, in ticks.
    pub fn add(&mut self, entry: u64, time: i64, document: Document) {
        match document {
            Document::Hold(hold) => {
                self.holds.insert(hold.name.clone(), hold);
            }
            Document::HoldLift(lift) => {
                self.holds.remove(&lift.name);
            }
            Document::Retention(retention) => {
                let policies = self.policies.entry(retention.table.clone()).or_default();
                policies.push(Policy { entry, time, retention });
            }
            Document::Change(change) => self.entities.add(entry, time, change),
            Document::Purge(_) | Document::Erasure(_) => {}
        }
    }

    /// Returns a hold that names a table which would come to stand for records that the hold is not for, and the table's name.
    fn hold_on_name(&self, step: &Step) -> Option<(String, &Hold)> {
        let Step::SetTable(table) = step else { return None };
        let is_named = |hold: &&Hold, name: &str| hold.tables.iter().any(|of| of.eq_ignore_ascii_case(name));
        let hold = self.holds.values().find(|hold| is_named(hold, &table.name) && !is_named(hold, &table.stored))?;
        Some((table.name.clone(), hold))
    }

    /// Returns what names stand for.
    pub fn entities(&self) -> &Entities {
        &self.entities
    }

    /// Returns the holds in force, by name.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = &Hold> {
        self.holds.values()
    }

    /// Returns a hold that covers some record of a table with a time from `first` to `last`.
    pub fn hold_on(&self, table: &str, first: i64, last: i64) -> Option<&Hold> {
        self.holds.values().find(|hold| hold.covers(table, first, last))
    }

    /// Returns a table's policy; `None` while there is none, which keeps records for ever.
    pub fn policy(&self, table: &str) -> Option<&Policy> {
        self.policies.get(table)?.last()
    }

    /// Returns the moment before which a table's records have to have been sealed to be destroyed at `now`, both in ticks; `None` when none
    /// are. A policy that keeps them longer counts on for [`REVERSAL_DAYS`] days after another took its place.
    pub fn expiry(&self, table: &str, now: i64) -> Option<i64> {
        let policies = self.policies.get(table)?;
        let ends = policies.iter().skip(1).map(|policy| Some(policy.time)).chain([None]);
        let counts = |end: &Option<i64>| end.is_none_or(|end| now.saturating_sub(end) < i64::from(REVERSAL_DAYS) * DAY);
        let counting = policies.iter().zip(ends).filter(|(_, end)| counts(end));
        // Before its first policy a table's records were kept for ever.
        let first = policies.first().map(|policy| policy.time);
        if counts(&first) {
            return None;
        }
        let days: Option<Vec<u32>> = counting.map(|(policy, _)| policy.retention.days()).collect();
        let days = days?.into_iter().max()?;
        Some(now.saturating_sub(i64::from(days).saturating_mul(DAY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Erasure, HoldLift, Purge};
    use tlog::Hash;
    use tlog::entry::Act;

    fn retention(days: Option<u32>, total: Option<u32>) -> Document {
        let (table, reason) = ("T".to_string(), "policy 7".to_string());
        Document::Retention(Retention { table, retention_in_days: days, total_retention_in_days: total, reason })
    }

    fn hold(name: &str, tables: &[&str], from: Option<i64>, to: Option<i64>) -> Document {
        let tables = tables.iter().map(|table| table.to_string()).collect();
        Document::Hold(Hold { name: name.to_string(), tables, from, to, reason: "case 7".to_string() })
    }

    fn lift(name: &str, reason: &str) -> Document {
        Document::HoldLift(HoldLift { name: name.to_string(), reason: reason.to_string() })
    }

    #[test]
    fn limits_are_those_of_log_analytics() {
        for (days, total, error) in [
            (Some(4), None, ""),
            (Some(730), Some(4383), ""),
            (None, Some(1095), ""),
            (None, None, ""),
            (Some(3), None, "4 to 730"),
            (Some(731), None, "4 to 730"),
            (None, Some(731), "1095"),
            (None, Some(4384), "1095"),
            (Some(90), Some(30), "less than"),
        ] {
            let found = retention(days, total).check().err().map_or(String::new(), |error| error.to_string());
            assert!(found.contains(error) && found.is_empty() == error.is_empty(), "{days:?} {total:?}: {found}");
        }
    }

    #[test]
    fn shortening_waits_and_lengthening_does_not() {
        let mut rules = Rules::default();
        assert_eq!(rules.expiry("T", 1000 * DAY), None, "kept for ever without a policy");
        rules.add(0, 0, retention(Some(90), Some(365)));
        assert_eq!(rules.expiry("T", 29 * DAY), None, "the first policy is a shortening too");
        assert_eq!(rules.expiry("T", 30 * DAY), Some((30 - 365) * DAY));
        rules.add(0, 100 * DAY, retention(Some(30), None));
        assert_eq!(rules.expiry("T", 129 * DAY), Some((129 - 365) * DAY), "not at once");
        assert_eq!(rules.expiry("T", 130 * DAY), Some(100 * DAY));
        rules.add(0, 200 * DAY, retention(None, Some(730)));
        assert_eq!(rules.expiry("T", 200 * DAY), Some((200 - 730) * DAY), "at once");
        rules.add(0, 300 * DAY, retention(None, None));
        assert_eq!(rules.expiry("T", 900 * DAY), None, "for ever again");
        assert_eq!(rules.expiry("U", 900 * DAY), None);
    }

    #[test]
    fn holds_cover_what_they_say_until_they_are_lifted() {
        let mut rules = Rules::default();
        rules.add(0, 0, hold("all", &[], Some(10), Some(20)));
        rules.add(0, 0, hold("one", &["T"], None, None));
        let name = |table: &str, first, last| rules.hold_on(table, first, last).map(|hold| hold.name.as_str());
        assert_eq!(
            [name("U", 0, 9), name("U", 0, 10), name("U", 19, 30), name("U", 20, 30)],
            [None, Some("all"), Some("all"), None]
        );
        assert_eq!([name("T", 100, 200), name("t", 100, 200), name("TT", 100, 200)], [Some("one"), Some("one"), None]);
        assert_eq!(rules.check(&hold("one", &[], None, None)), Err(LifecycleError::HoldExists("one".to_string())));
        assert_eq!(rules.check(&lift("two", "over")), Err(LifecycleError::NoHold("two".to_string())));
        assert_eq!(rules.check(&lift("one", " ")), Err(LifecycleError::NoReason));
        assert!(rules.check(&hold("a/b", &[], None, None)).is_err());
        assert!(rules.check(&hold("late", &[], Some(2), Some(2))).is_err());
        rules.add(0, 1, lift("one", "over"));
        assert_eq!((rules.hold_on("T", 100, 200), rules.holds().len()), (None, 1));
    }

    #[test]
    fn names_stay_with_what_a_hold_is_for() {
        let set = |name: &str, stored: &str| {
            let table = entities::TableEntity::plain(name, stored);
            Document::Change(entities::Change { event: "TEST".to_string(), steps: vec![Step::SetTable(table)] })
        };
        let drop_table = |name: &str, stored: &str| {
            let step = Step::DropTable { name: name.to_string(), stored: stored.to_string() };
            Document::Change(entities::Change { event: "TEST".to_string(), steps: vec![step] })
        };
        let mut rules = Rules::default();
        rules.add(0, 0, set("T", "T"));
        rules.add(1, 0, drop_table("T", "T"));
        rules.add(2, 0, hold("h", &["T"], Some(5), Some(9)));
        assert!(matches!(rules.check(&set("T", "T.2")), Err(LifecycleError::HeldName { .. })));
        assert_eq!(rules.check(&set("T", "T")), Ok(()), "it may come back");
        rules.add(3, 0, set("T", "T"));
        assert!(matches!(rules.check(&drop_table("T", "T")), Err(LifecycleError::Held { .. })));
        assert!(matches!(rules.check(&set("T", "T.2")), Err(LifecycleError::Held { .. })));
        assert_eq!(rules.check(&drop_table("U", "U")), Ok(()));
        rules.add(4, 0, lift("h", "over"));
        assert_eq!(rules.check(&set("T", "T.2")), Ok(()));
        let bytes = set("T", "T").to_bytes();
        let act = Act {
            kind: set("T", "T").kind(),
            subject: "entities".to_string(),
            document: Hash::of(&bytes),
            authorities: vec!["a".to_string()],
            time: 0,
        };
        assert_eq!(Document::parse(&act, &bytes), Ok(Some(set("T", "T"))));
    }

    #[test]
    fn documents_come_back_and_others_are_refused() {
        let purge = Document::Purge(Purge { table: "T".to_string(), before_record: 7, reason: "r".to_string() });
        let columns = vec!["User".to_string()];
        let erasure = Erasure { table: "T".to_string(), columns, n_records: 2, reason: "r".to_string() };
        let all = [
            retention(Some(90), None),
            hold("h", &["T"], Some(1), None),
            lift("h", "r"),
            purge,
            Document::Erasure(erasure),
        ];
        for document in all {
            let bytes = document.to_bytes();
            let (kind, subject) = (document.kind(), document.subject().to_string());
            let act = Act { kind, subject, document: Hash::of(&bytes), authorities: vec!["a".to_string()], time: 0 };
            assert_eq!(Document::parse(&act, &bytes), Ok(Some(document)));
            assert!(matches!(Document::parse(&act, b"{}"), Err(LifecycleError::Hash { .. })));
            let other = Act { document: Hash::of(b"{}"), ..act.clone() };
            assert!(matches!(Document::parse(&other, b"{}"), Err(LifecycleError::Document(_))));
            let other = Act { subject: "x".to_string(), ..act };
            assert_eq!(Document::parse(&other, &bytes), Err(LifecycleError::Kind));
        }
    }
}
