//! Acts of governance: their documents are there, and whatever was destroyed or erased went on the word of one that allows it.

use std::collections::{BTreeMap, BTreeSet};

use ingest::document_path;
use lifecycle::{DAY, Document, Erasure, Rules};
use tlog::entry::{Act, ActKind, Entry, Lifecycle, Redaction, SeqRange};

use crate::log::LogContent;
use crate::report::Finding;
use crate::run::Run;

/// Ticks by which an act's time may differ from those of entries around it: it is taken before the act is sealed.
const SLACK: i64 = DAY / 24;

/// Verifies a workspace's acts, and what was done on their word, in the log's order.
pub fn check_acts(run: &Run<'_>, content: &LogContent) {
    let mut check = Check {
        run,
        content,
        rules: Some(Rules::default()),
        named: BTreeSet::new(),
        orders: BTreeMap::new(),
        erased: BTreeMap::new(),
        times: times(content),
    };
    let mut orders = content.orders.iter().peekable();
    let acts = content.catalog.acts.iter().map(Some).chain([None]);
    for act in acts {
        let before = act.map_or(u64::MAX, |(entry, _)| *entry);
        while let Some((entry, order)) = orders.next_if(|(entry, _)| *entry < before) {
            check.order(*entry, order);
        }
        if let Some((entry, act)) = act {
            check.act(*entry, act);
        }
    }
    let folder = format!("ws/{}/acts", content.workspace);
    for path in run.files(&folder) {
        if !check.named.contains(&path) && !run.is_in_use && !run.is_leftover(&path) {
            run.find(Finding::new(path, "no entry names it: it was copied here, or its act was never sealed"));
        }
    }
}

struct Check<'a, 'r> {
    run: &'a Run<'r>,
    content: &'a LogContent,
    /// What was in force up to here; `None` when a document cannot be read.
    rules: Option<Rules>,
    named: BTreeSet<String>,
    /// Orders to destroy and to erase, by their entries.
    orders: BTreeMap<u64, Document>,
    /// Records that were erased on the word of an order.
    erased: BTreeMap<u64, BTreeSet<u64>>,
    /// When batches were sealed, by their entries.
    times: Vec<(u64, i64)>,
}

/// Returns when batches were sealed, by their entries.
fn times(content: &LogContent) -> Vec<(u64, i64)> {
    let batches = content.catalog.tables.values().flat_map(|table| &table.batches);
    let mut times: Vec<(u64, i64)> = batches.map(|batch| (batch.entry, batch.time)).collect();
    times.sort_unstable();
    times
}

impl Check<'_, '_> {
    fn act(&mut self, entry: u64, act: &Act) {
        if !lifecycle::has_document(act.kind) {
            return;
        }
        let path = document_path(&self.content.workspace, &act.document);
        self.named.insert(path.clone());
        let document = match self.run.read(&path) {
            None => Err("it is missing, and an entry names it".to_string()),
            Some(bytes) => Document::parse(act, &bytes).map_err(|error| error.to_string()),
        };
        if let Some(why) = misdated(&self.times, entry, act.time) {
            self.refuse(entry, &why);
        }
        match (document, &mut self.rules) {
            (Ok(Some(document)), Some(rules)) => {
                let refused = rules.check(&document).err();
                match document {
                    Document::Purge(_) | Document::Erasure(_) => drop(self.orders.insert(entry, document)),
                    document => rules.add(entry, act.time, document),
                }
                if let Some(why) = refused {
                    self.refuse(entry, &format!("an act that cannot be done: {why}"));
                }
            }
            (Ok(_), _) => {}
            (Err(why), _) => {
                self.run.find(Finding::new(path, format!("the document of entry {entry}: {why}")));
                self.rules = None;
            }
        }
    }

    fn order(&mut self, entry: u64, order: &Entry) {
        let refused = match order {
            Entry::Lifecycle(lifecycle) => {
                self.lifecycle(entry, lifecycle).or_else(|| misdated(&self.times, entry, lifecycle.time))
            }
            Entry::Redaction(redaction) => self.redaction(entry, redaction),
            _ => None,
        };
        if let Some(why) = refused {
            self.refuse(entry, &why);
        }
    }

    fn refuse(&self, entry: u64, why: &str) {
        let folder = sequencer::log_folder(&self.content.workspace);
        self.run.find(Finding::new(folder, format!("entry {entry}: {why}")));
    }

    /// Returns the act that an entry refers to, if it was sealed before the entry.
    fn authority(&self, text: &str, before: u64) -> Option<&(u64, Act)> {
        let entry: u64 = text.strip_prefix("act/")?.parse().ok().filter(|entry| *entry < before)?;
        let acts = &self.content.catalog.acts;
        acts.get(acts.binary_search_by_key(&entry, |(entry, _)| *entry).ok()?)
    }

    /// Returns the name of a hold that covers all records of a table, whatever their times: those of records that are gone nobody knows.
    fn hold_on_all(&self, table: &str) -> Option<&str> {
        let rules = self.rules.as_ref()?;
        rules.hold_on(table, i64::MAX, i64::MIN).map(|hold| hold.name.as_str())
    }

    fn lifecycle(&self, entry: u64, lifecycle: &Lifecycle) -> Option<String> {
        let Lifecycle { table, policy, records, n_holds, .. } = lifecycle;
        let SeqRange { first, count } = *records;
        let end = first.saturating_add(count);
        if let Some(hold) = self.hold_on_all(table) {
            return Some(format!(
                "records {first} to {end} of `{table}` were destroyed, which the hold `{hold}` covers"
            ));
        }
        let found = self.rules.as_ref().map_or(*n_holds, |rules| rules.holds().len() as u64);
        if *n_holds != found {
            return Some(format!("it says that {n_holds} holds were in force, and there were {found}"));
        }
        let act = self.authority(policy, entry).filter(|(_, act)| act.subject == *table);
        match act.map(|(entry, act)| (entry, act.kind)) {
            Some((act, ActKind::PolicySet)) => {
                let before = self.rules.as_ref()?.expiry(table, lifecycle.time);
                let batches = &self.content.catalog.tables.get(table)?.batches;
                let from = batches.partition_point(|batch| batch.first.saturating_add(batch.count) <= first);
                let mut of_run = batches.iter().skip(from).take_while(|batch| batch.first < end);
                let is_allowed = before.is_some_and(|before| of_run.all(|batch| batch.time < before));
                let why = || {
                    format!(
                        "records {first} to {end} of `{table}` were destroyed on the word of entry {act}, which keeps them longer"
                    )
                };
                (!is_allowed).then(why)
            }
            Some((act, ActKind::PurgeOrdered)) => {
                let Some(Document::Purge(purge)) = self.orders.get(act) else { return None };
                let why = || {
                    format!(
                        "records up to {end} of `{table}` were destroyed, and entry {act} orders it up to {}",
                        purge.before_record
                    )
                };
                (end > purge.before_record).then(why)
            }
            _ => Some(format!(
                "records of `{table}` were destroyed on the word of `{policy}`, which is no act that allows it"
            )),
        }
    }

    fn redaction(&mut self, entry: u64, redaction: &Redaction) -> Option<String> {
        let Redaction { table, record, columns, authorities, .. } = redaction;
        if let Some(hold) = self.hold_on_all(table) {
            return Some(format!("cells of record {record} of `{table}` were erased, which the hold `{hold}` covers"));
        }
        let mut acts = authorities.iter().filter_map(|authority| self.authority(authority, entry));
        let order = acts.find(|(_, act)| act.kind == ActKind::ErasureOrdered && act.subject == *table);
        let Some(act) = order.map(|(entry, _)| *entry) else {
            return Some(format!("cells of record {record} of `{table}` were erased, and no act orders it"));
        };
        // A document that cannot be read is a finding already.
        let Some(Document::Erasure(Erasure { columns: ordered, n_records, .. })) = self.orders.get(&act) else {
            return None;
        };
        let erased = self.erased.entry(act).or_default();
        erased.insert(*record);
        let is_more = columns.len() > ordered.len() || erased.len() as u64 > *n_records;
        let why = || {
            let ordered = ordered.len();
            format!(
                "cells of record {record} of `{table}` were erased, and entry {act} orders it of {n_records} records and {ordered} columns only"
            )
        };
        is_more.then(why)
    }
}

/// Says that an entry's time is not one at which it can have been made: terms are counted from it. `times` are those of other entries.
fn misdated(times: &[(u64, i64)], entry: u64, time: i64) -> Option<String> {
    let place = times.partition_point(|(other, _)| *other < entry);
    let before = place.checked_sub(1).and_then(|place| times.get(place));
    if let Some((other, _)) = before.filter(|(_, before)| time < before.saturating_sub(SLACK)) {
        return Some(format!("its time is long before that of entry {other}, which comes before it"));
    }
    let after = times.get(place).filter(|(_, after)| time > after.saturating_add(SLACK));
    after.map(|(other, _)| format!("its time is long after that of entry {other}, which follows it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_between_those_around_it() {
        let times = [(0, 0), (2, DAY), (6, 2 * DAY)];
        for (entry, time, expected) in [
            (4, DAY, None),
            (4, DAY - SLACK, None),
            (4, 2 * DAY + SLACK, None),
            (4, DAY - SLACK - 1, Some("long before that of entry 2")),
            (4, 2 * DAY + SLACK + 1, Some("long after that of entry 6")),
            (7, 9 * DAY, None),
            (7, DAY, Some("long before that of entry 6")),
        ] {
            let found = misdated(&times, entry, time);
            assert_eq!(found.is_some(), expected.is_some(), "{entry} {time}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
        assert_eq!(misdated(&[], 0, 7), None);
    }
}
