//! The versions of tables' columns: those that batches name by their hash, and those that none names yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use extents::{StoredSchema, TableCatalog};
use tlog::Hash;
use tlog::record::SchemaDoc;

use crate::log::LogContent;
use crate::report::Finding;
use crate::run::Run;

/// The schemas of tables that are what batches name, by table and version.
pub type Schemas = BTreeMap<String, BTreeMap<u32, Arc<StoredSchema>>>;

fn folder(workspace: &str) -> String {
    format!("ws/{workspace}/schema")
}

/// Reads one version if it can be read, and says nothing of it.
pub fn read_doc(run: &Run<'_>, workspace: &str, table: &str, id: u32) -> Option<SchemaDoc> {
    let bytes = std::fs::read(run.path(&format!("{}/{table}@{id}", folder(workspace)))).ok()?;
    SchemaDoc::parse(&bytes).ok()
}

/// Verifies the schemas of a workspace.
pub fn check_schemas(run: &Run<'_>, content: &LogContent) -> Schemas {
    let folder = folder(&content.workspace);
    let mut named: BTreeMap<String, (String, u32, Hash)> = BTreeMap::new();
    for (table, catalog) in &content.catalog.tables {
        for (id, hash) in versions(catalog) {
            let path = format!("{folder}/{table}@{id}");
            if let Some((_, _, before)) =
                named.insert(path.clone(), (table.clone(), id, hash)).filter(|(_, _, h)| *h != hash)
            {
                run.find(Finding::new(path, "batches name it by two hashes").differs(before, hash));
            }
        }
    }
    let mut schemas = Schemas::new();
    let mut take = |doc: SchemaDoc| {
        let versions = schemas.entry(doc.table.clone()).or_default();
        versions.insert(doc.id, Arc::new(StoredSchema::from_doc(doc)));
    };
    for (path, (table, id, hash)) in &named {
        let Some(bytes) = run.read(path) else {
            run.find(Finding::new(path, "it is missing, and batches name it"));
            continue;
        };
        let found = Hash::of(&bytes);
        let len = bytes.len() as u64;
        if found != *hash {
            run.find(Finding::new(path, "it is not the schema that batches name").at(0..len).differs(hash, found));
            continue;
        }
        match SchemaDoc::parse(&bytes) {
            Ok(doc) if doc.table == *table && doc.id == *id => take(doc),
            Ok(_) => run.find(Finding::new(path, "it is the schema of something else").at(0..len)),
            Err(error) => run.find(Finding::new(path, error.to_string()).at(0..len)),
        }
    }
    for path in run.files(&folder).iter().filter(|path| !named.contains_key(*path)) {
        if !run.is_leftover(path) {
            check_unnamed(run, &folder, path, &schemas);
        }
    }
    schemas
}

/// Returns the versions that batches name.
fn versions(catalog: &TableCatalog) -> Vec<(u32, Hash)> {
    let mut versions: Vec<(u32, Hash)> = Vec::new();
    for batch in &catalog.batches {
        let version = (batch.schema_id, batch.schema_hash);
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    versions
}

/// Looks at a version that no batch names: it must follow the one before.
fn check_unnamed(run: &Run<'_>, folder: &str, path: &str, schemas: &Schemas) {
    let name = path.strip_prefix(&format!("{folder}/")).unwrap_or_default();
    let parts = name.rsplit_once('@').and_then(|(table, id)| Some((table, id.parse::<u32>().ok()?)));
    let Some((table, id)) = parts.filter(|(table, id)| format!("{table}@{id}") == name) else {
        return run.find(Finding::new(path, "no schema has such a name"));
    };
    let Some(bytes) = run.read(path) else { return };
    let len = bytes.len() as u64;
    let doc = match SchemaDoc::parse(&bytes) {
        Ok(doc) => doc,
        Err(error) => return run.find(Finding::new(path, error.to_string()).at(0..len)),
    };
    if doc.table != table || doc.id != id || doc.to_text().as_bytes() != bytes {
        return run.find(Finding::new(path, "it is the schema of something else").at(0..len));
    }
    let before = schemas.get(table).and_then(|versions| versions.range(..id).next_back());
    let is_longer = before.is_none_or(|(_, before)| doc.columns.starts_with(&before.doc().columns));
    if !is_longer {
        return run.find(Finding::new(path, "it changes columns of the version before").at(0..len));
    }
    run.leave(path, len, "columns that no batch has yet, which nothing names by a hash");
}
