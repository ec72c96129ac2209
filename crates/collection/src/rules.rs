//! The rules of a store: kept as files, `rules/<immutable id>.json`, and found by their ids.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ingest::Vault;
use schema::{Column, KqlType};
use sequencer::storage::replace;
use serde_json::Value;
use workspaces::Directory;

use crate::error::RuleError;
use crate::rule::{Flow, Rule};
use crate::stream::table_of;
use crate::transform::{Transform, converts};

const FOLDER: &str = "rules";
const TIME_COLUMN: &str = "TimeGenerated";

/// A rule that was saved, and whether it is a new one.
#[derive(Debug, Clone)]
pub struct Saved {
    pub rule: Arc<Rule>,
    pub is_new: bool,
}

/// The rules of a store.
pub struct Rules {
    vault: Arc<Vault>,
    directory: Arc<Directory>,
    /// Whether addresses can be looked up.
    has_places: bool,
    /// By immutable id.
    rules: RwLock<BTreeMap<String, Arc<Rule>>>,
    /// Only one at a time changes a rule.
    changing: Mutex<()>,
}

impl Rules {
    /// Opens the rules of a store.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open(vault: Arc<Vault>, directory: Arc<Directory>, has_places: bool) -> Result<Rules, RuleError> {
        let storage = vault.storage();
        let mut rules = BTreeMap::new();
        for name in storage.list(FOLDER).map_err(RuleError::Io)? {
            let Some(immutable_id) = name.strip_suffix(".json") else { continue };
            let path = format!("{FOLDER}/{name}");
            let Some(bytes) = storage.read(&path).map_err(RuleError::Io)? else { continue };
            let rule = kept(&bytes, immutable_id).ok_or(RuleError::Damaged { path })?;
            rules.insert(immutable_id.to_string(), Arc::new(rule));
        }
        Ok(Rules { vault, directory, has_places, rules: RwLock::new(rules), changing: Mutex::default() })
    }

    /// Returns all rules, in the order of their immutable ids.
    pub fn list(&self) -> Vec<Arc<Rule>> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Returns the rule of an immutable id.
    pub fn get(&self, immutable_id: &str) -> Option<Arc<Rule>> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).get(immutable_id).cloned()
    }

    /// Returns the rule of a resource id, in any case.
    pub fn find(&self, id: &str) -> Option<Arc<Rule>> {
        self.list().into_iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
    }

    /// Reads a rule that is to be saved in the place of another one, under the immutable id that that one has, it says, or is given.
    ///
    /// # Errors
    /// As [`Rule::parse`]; when the immutable id is that of another rule; when a workspace is not there.
    pub fn read(&self, id: &str, document: &[u8], had: Option<&Arc<Rule>>) -> Result<Rule, RuleError> {
        let made = || format!("dcr-{}", uuid::Uuid::new_v4().simple());
        let immutable_id = had.map_or_else(made, |rule| rule.immutable_id.clone());
        let rule = Rule::parse(id, document, &immutable_id)?;
        let is_anothers = match (had, self.get(&rule.immutable_id)) {
            (Some(had), _) => had.immutable_id != rule.immutable_id,
            (None, other) => other.is_some(),
        };
        if is_anothers {
            return Err(RuleError::ImmutableId { id: rule.immutable_id });
        }
        self.workspaces(&rule)?;
        Ok(rule)
    }

    /// Checks the transformations of a rule.
    ///
    /// # Errors
    /// When one is none.
    pub fn check(&self, rule: &Rule) -> Result<(), RuleError> {
        for flow in &rule.flows {
            for stream in &flow.streams {
                self.transform(rule, flow, stream)?;
            }
        }
        Ok(())
    }

    /// Saves a rule that was checked in the place of another one, and makes the custom tables that it writes to, or the columns of them
    /// that are missing.
    ///
    /// # Errors
    /// `Changed` when another one has come into that place since; when what a flow gives does not fit its table; when a table or the rule
    /// cannot be written.
    pub fn put(&self, rule: Rule, had: Option<&Arc<Rule>>) -> Result<Saved, RuleError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |found: Option<Arc<Rule>>| match (&found, had) {
            (Some(found), Some(had)) => Arc::ptr_eq(found, had),
            (None, None) => true,
            _ => false,
        };
        if !is(self.find(&rule.id)) || !is(self.get(&rule.immutable_id)) {
            return Err(RuleError::Changed { id: rule.id });
        }
        for flow in &rule.flows {
            for stream in &flow.streams {
                for (workspace, table) in self.targets(&rule, flow, stream)? {
                    let output = self.output(&rule, flow, stream)?;
                    self.fit(&workspace, &table, &output, true)?;
                }
            }
        }
        let path = format!("{FOLDER}/{}.json", rule.immutable_id);
        replace(&*self.vault.storage(), &path, rule.to_kept().as_bytes()).map_err(RuleError::Io)?;
        let rule = Arc::new(rule);
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = rules.insert(rule.immutable_id.clone(), rule.clone()).is_none();
        Ok(Saved { rule, is_new })
    }

    /// Deletes a rule. Returns whether there was one.
    ///
    /// # Errors
    /// When its file cannot be removed.
    pub fn delete(&self, id: &str) -> Result<bool, RuleError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rule) = self.find(id) else { return Ok(false) };
        let storage = self.vault.storage();
        storage.remove(&format!("{FOLDER}/{}.json", rule.immutable_id)).map_err(RuleError::Io)?;
        storage.sync_folder(FOLDER).map_err(RuleError::Io)?;
        self.rules.write().unwrap_or_else(PoisonError::into_inner).remove(&rule.immutable_id);
        Ok(true)
    }

    /// Returns the names of the workspaces that a rule writes to.
    ///
    /// # Errors
    /// `UnknownWorkspace`.
    pub fn workspaces(&self, rule: &Rule) -> Result<Vec<String>, RuleError> {
        let mut names = Vec::new();
        for (name, workspace) in &rule.destinations {
            let unknown = || RuleError::UnknownWorkspace { name: name.clone(), workspace: workspace.clone() };
            names.push(self.directory.find(workspace).ok_or_else(unknown)?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Returns the workspaces and tables that a flow writes a stream to.
    pub(crate) fn targets(&self, rule: &Rule, flow: &Flow, stream: &str) -> Result<Vec<(String, String)>, RuleError> {
        let output = flow.output.as_deref().unwrap_or(stream);
        let table = table_of(output).ok_or_else(|| RuleError::StreamName { name: output.to_string() })?;
        let mut targets = Vec::new();
        for name in &flow.destinations {
            let workspace = rule.destinations.get(name).ok_or(RuleError::UnknownDestination { name: name.clone() })?;
            let unknown = || RuleError::UnknownWorkspace { name: name.clone(), workspace: workspace.clone() };
            targets.push((self.directory.find(workspace).ok_or_else(unknown)?, table.to_string()));
        }
        Ok(targets)
    }

    /// Returns a flow's transformation of a stream, if it has one.
    pub(crate) fn transform(&self, rule: &Rule, flow: &Flow, stream: &str) -> Result<Option<Transform>, RuleError> {
        let Some(text) = &flow.transform else { return Ok(None) };
        let unknown = || RuleError::UnknownStream { stream: stream.to_string() };
        let columns = rule.columns(stream).ok_or_else(unknown)?;
        let refused = |error| RuleError::Transform { stream: stream.to_string(), error };
        Transform::check(text, &columns, self.has_places).map(Some).map_err(refused)
    }

    /// Returns the columns that a flow gives of a stream.
    fn output(&self, rule: &Rule, flow: &Flow, stream: &str) -> Result<Vec<Column>, RuleError> {
        let unknown = || RuleError::UnknownStream { stream: stream.to_string() };
        match self.transform(rule, flow, stream)? {
            Some(transform) => Ok(transform.output().to_vec()),
            None => rule.columns(stream).ok_or_else(unknown),
        }
    }

    /// Returns the columns of a table into which what a flow gives is to go; makes those that are missing of a custom table, if told to.
    pub(crate) fn fit(
        &self,
        workspace: &str,
        table: &str,
        output: &[Column],
        makes: bool,
    ) -> Result<Vec<Column>, RuleError> {
        let is_time = |column: &Column| column.name == TIME_COLUMN && column.ktype == KqlType::Datetime;
        if !output.iter().any(is_time) {
            return Err(RuleError::NoTime { table: table.to_string() });
        }
        let of = self.vault.workspace(workspace);
        let stored = of.and_then(|of| of.table(table)).and_then(|found| found.schema());
        let builtin = schema::tables::builtin(table).map(|builtin| builtin.columns.clone());
        let known = stored.map(|schema| schema.columns().to_vec()).or_else(|| builtin.clone()).unwrap_or_default();
        let mut fitted = Vec::with_capacity(output.len());
        let mut missing = Vec::new();
        for column in output {
            match known.iter().find(|known| known.name == column.name) {
                Some(known) if converts(column.ktype, known.ktype) => fitted.push(known.clone()),
                Some(known) => {
                    let (found, wanted) = (column.ktype, known.ktype);
                    let (table, column) = (table.to_string(), column.name.clone());
                    return Err(RuleError::OtherType { table, column, found, wanted });
                }
                None if builtin.is_some() || !makes => {
                    return Err(RuleError::NoColumn { table: table.to_string(), column: column.name.clone() });
                }
                None => {
                    missing.push(column.clone());
                    fitted.push(column.clone());
                }
            }
        }
        if !missing.is_empty() {
            let failed = |source| RuleError::Table { table: table.to_string(), source };
            self.vault.ensure_table(workspace, table, &missing).map_err(failed)?;
        }
        Ok(fitted)
    }
}

/// Reads a rule as it is kept.
fn kept(bytes: &[u8], immutable_id: &str) -> Option<Rule> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let id = value.get("id")?.as_str()?;
    let document = value.get("rule")?.to_string();
    Rule::parse(id, document.as_bytes(), immutable_id).ok().filter(|rule| rule.immutable_id == immutable_id)
}
