//! Acts of governance: their documents are there, and whatever was destroyed or erased went on the word of one that allows it.

use std::collections::BTreeSet;

use ingest::document_path;
use lifecycle::{Document, Rules};
use tlog::entry::{Act, ActKind, Entry, Lifecycle, Redaction};

use crate::log::LogContent;
use crate::report::Finding;
use crate::run::Run;

/// Verifies a workspace's acts, and what was done on their word, in the log's order.
pub fn check_acts(run: &Run<'_>, content: &LogContent) {
    let mut check = Check { run, content, rules: Some(Rules::default()), named: BTreeSet::new() };
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
        match (document, &mut self.rules) {
            (Ok(Some(document)), Some(rules)) => rules.add(entry, act.time, document),
            (Ok(_), _) => {}
            (Err(why), _) => {
                self.run.find(Finding::new(path, format!("the document of entry {entry}: {why}")));
                self.rules = None;
            }
        }
    }

    fn order(&self, entry: u64, order: &Entry) {
        let refused = match order {
            Entry::Lifecycle(lifecycle) => self.lifecycle(lifecycle),
            Entry::Redaction(redaction) => self.redaction(redaction),
            _ => None,
        };
        if let Some(why) = refused {
            let folder = sequencer::log_folder(&self.content.workspace);
            self.run.find(Finding::new(folder, format!("entry {entry}: {why}")));
        }
    }

    /// Returns the act that a text names.
    fn authority(&self, text: &str) -> Option<&(u64, Act)> {
        let entry: u64 = text.strip_prefix("act/")?.parse().ok()?;
        let acts = &self.content.catalog.acts;
        acts.get(acts.binary_search_by_key(&entry, |(entry, _)| *entry).ok()?)
    }

    fn lifecycle(&self, lifecycle: &Lifecycle) -> Option<String> {
        let Lifecycle { table, policy, records, .. } = lifecycle;
        let act = self.authority(policy).filter(|(_, act)| act.subject == *table);
        let end = records.first.saturating_add(records.count);
        match act.map(|(entry, act)| (entry, act.kind)) {
            Some((entry, ActKind::PolicySet)) => {
                let rules = self.rules.as_ref()?;
                let before = rules.expiry(table, lifecycle.time);
                let last = self.content.catalog.tables.get(table)?.batch_of(end.saturating_sub(1))?;
                let is_allowed = before.is_some_and(|before| last.time < before);
                let why = || {
                    format!(
                        "records {} to {end} of `{table}` were destroyed on the word of entry {entry}, which keeps them longer",
                        records.first
                    )
                };
                (!is_allowed).then(why)
            }
            Some((entry, ActKind::PurgeOrdered)) => {
                let (_, act) = self.authority(policy)?;
                let bytes = self.run.read(&document_path(&self.content.workspace, &act.document))?;
                let Ok(Some(Document::Purge(purge))) = Document::parse(act, &bytes) else { return None };
                let why = || {
                    format!(
                        "records up to {end} of `{table}` were destroyed, and entry {entry} orders it up to {}",
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

    fn redaction(&self, redaction: &Redaction) -> Option<String> {
        let Redaction { table, record, authorities, .. } = redaction;
        let mut acts = authorities.iter().filter_map(|authority| self.authority(authority));
        let is_ordered = acts.any(|(_, act)| act.kind == ActKind::ErasureOrdered && act.subject == *table);
        (!is_ordered).then(|| format!("cells of record {record} of `{table}` were erased, and no act orders it"))
    }
}
