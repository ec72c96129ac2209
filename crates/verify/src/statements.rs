//! The documents of acts about the store itself: another root key, a new beginning after a loss.

use std::collections::BTreeSet;

use ingest::statement_path;
use tlog::Hash;
use tlog::entry::ActKind;

use crate::log::LogContent;
use crate::report::Finding;
use crate::run::Run;

/// Returns whether an act is about the store itself.
pub fn is_statement(kind: ActKind) -> bool {
    matches!(kind, ActKind::KeysRewrapped | ActKind::LossStated)
}

/// Makes sure that the documents are those that were stated, and that there are no others.
pub fn check_statements(run: &Run<'_>, content: &LogContent) {
    let mut named = BTreeSet::new();
    for (entry, act) in &content.statements {
        let path = statement_path(&content.workspace, &act.document);
        if !named.insert(path.clone()) {
            continue;
        }
        let Some(bytes) = run.read(&path) else {
            run.find(Finding::new(path, format!("it is missing, and entry {entry} names it")));
            continue;
        };
        let found = Hash::of(&bytes);
        if found != act.document {
            let what = format!("it is not the document of entry {entry}");
            run.find(Finding::new(path, what).at(0..bytes.len() as u64).differs(act.document, found));
        }
    }
    for path in run.files(&format!("ws/{}/statements", content.workspace)) {
        if named.contains(&path) || run.is_in_use || run.is_leftover(&path) {
            continue;
        }
        // Its act may not have been sealed before the process ended.
        let bytes = run.path(&path).metadata().map_or(0, |file| file.len());
        run.leave(path, bytes, "no entry names it");
    }
}
