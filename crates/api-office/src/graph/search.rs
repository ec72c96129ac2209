//! Searches of the audit log: what somebody looks for, kept for thirty days with how far the search came.
//!
//! A search is about the log as it was when it was made. What it finds is not kept: its records are read again from the tables when
//! they are asked for, and are the same, but for what was erased since.
//!
//! # Source
//! Microsoft Graph v1.0 reference, "auditLogQuery resource type".

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use schema::ticks;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sources::office::{RECORD_TYPES, record_type_number};
use uuid::Uuid;

use super::error::GraphError;
use crate::fault::Fault;
use crate::feed::{PLACES, Source};
use crate::kept::Kept;
use crate::kql_text;
use crate::row::time_of_graph;

const KIND: &str = "searches";
/// How long a search is kept.
pub(crate) const KEPT: i64 = 30 * ticks::DAY;
/// Values of one filter at most.
const VALUES_MAX: usize = 500;

/// How far a search came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Status {
    NotStarted,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// A search.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Search {
    pub id: String,
    /// When it was made, in ticks, and by whom.
    pub created: i64,
    pub by: String,
    /// The size of the log then.
    pub moment: u64,
    pub status: Status,
    pub display_name: Option<String>,
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// As they were sent, which is how they are shown.
    pub filters: Map<String, Value>,
}

/// Filters that are lists of texts.
const LISTS: [&str; 6] = [
    "recordTypeFilters",
    "operationFilters",
    "userPrincipalNameFilters",
    "ipAddressFilters",
    "objectIdFilters",
    "administrativeUnitIdFilters",
];

impl Search {
    /// Reads what somebody looks for.
    pub fn parse(body: &[u8], by: &str, now: i64, moment: u64) -> Result<Search, GraphError> {
        let wrong = |name: &str, what: &str| GraphError::bad(format!("the property '{name}' has to be {what}"));
        let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
            return Err(GraphError::bad("the body has to be a JSON object"));
        };
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let text = |name: &str| match given(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.to_string())).ok_or_else(|| wrong(name, "a string")),
        };
        let time = |name: &str| {
            let time = |text: String| ticks::parse_datetime(&text).ok_or_else(|| wrong(name, "a date and time"));
            text(name)?.map(time).transpose()
        };
        let mut filters = Map::new();
        // v1.0 had one service, where there is a list now.
        for name in LISTS.into_iter().chain(["serviceFilters"]) {
            let Some(value) = given(name) else { continue };
            let values = value.as_array().filter(|values| values.iter().all(Value::is_string));
            let values = values.ok_or_else(|| wrong(name, "a list of strings"))?;
            if values.len() > VALUES_MAX {
                return Err(GraphError::bad(format!("'{name}' has more than {VALUES_MAX} values")));
            }
            filters.insert(name.to_string(), value.clone());
        }
        for name in ["keywordFilter", "serviceFilter"] {
            filters.extend(text(name)?.filter(|text| !text.is_empty()).map(|text| (name.to_string(), json!(text))));
        }
        let search = Search {
            id: Uuid::new_v4().to_string(),
            created: now,
            by: by.to_string(),
            moment,
            status: Status::NotStarted,
            display_name: text("displayName")?,
            from: time("filterStartDateTime")?,
            to: time("filterEndDateTime")?,
            filters,
        };
        for name in search.texts("recordTypeFilters") {
            if record_type_number(&name).is_none() {
                return Err(GraphError::bad(format!("'{name}' is no record type that is known here")));
            }
        }
        if matches!((search.from, search.to), (Some(from), Some(to)) if from > to) {
            return Err(GraphError::bad("'filterStartDateTime' is after 'filterEndDateTime'"));
        }
        Ok(search)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let values = self.filters.get(name).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_string).collect()
    }

    fn services(&self) -> Vec<String> {
        let one = self.filters.get("serviceFilter").and_then(Value::as_str).map(str::to_string);
        self.texts("serviceFilters").into_iter().chain(one).collect()
    }

    /// Returns the search as clients read it.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("@odata.type".to_string(), json!("#microsoft.graph.security.auditLogQuery"));
        object.insert("id".to_string(), json!(self.id));
        object.insert("displayName".to_string(), json!(self.display_name));
        object.insert("filterStartDateTime".to_string(), json!(self.from.map(time_of_graph)));
        object.insert("filterEndDateTime".to_string(), json!(self.to.map(time_of_graph)));
        for name in LISTS {
            object.insert(name.to_string(), self.filters.get(name).cloned().unwrap_or_else(|| json!([])));
        }
        for name in ["keywordFilter", "serviceFilter"] {
            object.insert(name.to_string(), self.filters.get(name).cloned().unwrap_or(Value::Null));
        }
        if let Some(services) = self.filters.get("serviceFilters") {
            object.insert("serviceFilters".to_string(), services.clone());
        }
        object.insert("status".to_string(), json!(self.status));
        Value::Object(object)
    }

    /// Returns the query for what it finds in a table; `None` where that is nothing.
    pub fn query(&self, source: Source) -> Option<String> {
        let is_office = source == Source::Office;
        let column = |office: &'static str, dataverse: &'static str| if is_office { office } else { dataverse };
        let mut query = format!("{} | extend At_ = TimeGenerated, {PLACES}", source.table());
        let mut keep = |condition: String| query.push_str(&format!(" | where {condition}"));
        if let Some(from) = self.from {
            keep(format!("TimeGenerated >= {}", kql_text::datetime(from)));
        }
        if let Some(to) = self.to {
            keep(format!("TimeGenerated <= {}", kql_text::datetime(to)));
        }
        let numbers: Vec<u16> =
            self.texts("recordTypeFilters").iter().filter_map(|name| record_type_number(name)).collect();
        if !numbers.is_empty() {
            if !is_office && !numbers.contains(&CRM) {
                return None;
            }
            if is_office {
                keep(format!("RecordType in~ {}", kql_text::strings(names_of(&numbers))));
            }
        }
        let services = self.services();
        if !services.is_empty() {
            match is_office {
                true => keep(format!("OfficeWorkload in~ {}", kql_text::strings(&services))),
                false
                    if services
                        .iter()
                        .any(|of| ["CRM", "Dynamics365"].iter().any(|crm| of.eq_ignore_ascii_case(crm))) => {}
                false => return None,
            }
        }
        for (name, column) in [
            ("operationFilters", "Operation"),
            ("userPrincipalNameFilters", "UserId"),
            ("objectIdFilters", column("OfficeObjectId", "OriginalObjectId")),
        ] {
            let texts = self.texts(name);
            if !texts.is_empty() {
                keep(format!("{column} in~ {}", kql_text::strings(&texts)));
            }
        }
        let addresses = self.texts("ipAddressFilters");
        if !addresses.is_empty() {
            let list = kql_text::strings(&addresses);
            keep(match is_office {
                true => format!("ClientIP in~ {list} or Client_IPAddress in~ {list}"),
                false => format!("ClientIp in~ {list}"),
            });
        }
        let units = self.texts("administrativeUnitIdFilters");
        if !units.is_empty() {
            let list = kql_text::strings(&units);
            keep(format!("tostring(AdditionalFields.AssociatedAdminUnits) has_any {list}"));
        }
        if let Some(keyword) = self.filters.get("keywordFilter").and_then(Value::as_str) {
            keep(format!("* has {}", kql_text::string(keyword)));
        }
        Some(query)
    }
}

/// The number of Dataverse's records.
const CRM: u16 = 21;

/// Returns what record types are called in the table: their names and, of those without, their numbers.
fn names_of(numbers: &[u16]) -> Vec<String> {
    let mut names: Vec<String> = numbers.iter().map(u16::to_string).collect();
    let known = RECORD_TYPES.iter().filter(|(number, _)| numbers.contains(number));
    names.extend(known.map(|(_, name)| name.to_string()));
    names
}

/// The searches of a store.
pub(crate) struct Searches {
    kept: Kept,
    /// Those that run in this process.
    running: Mutex<HashSet<String>>,
}

impl Searches {
    /// Returns the searches of a store.
    pub fn new(kept: Kept) -> Searches {
        Searches { kept, running: Mutex::default() }
    }

    /// Keeps a new search. Forgets those whose time is over. Waits for files, as all of these do.
    pub fn add(&self, workspace: &str, search: &Search, max: usize) -> Result<(), GraphError> {
        let known = self.list(workspace, search.created)?;
        if known.len() >= max {
            return Err(GraphError::TooManySearches { max });
        }
        Ok(self.kept.write(workspace, KIND, &search.id, search)?)
    }

    /// Keeps how far a search came.
    pub fn set_status(&self, workspace: &str, search: &Search, status: Status) -> Result<(), Fault> {
        self.kept.write(workspace, KIND, &search.id, &Search { status, ..search.clone() })
    }

    /// Returns all searches of a workspace, the newest first.
    pub fn list(&self, workspace: &str, now: i64) -> Result<Vec<Search>, Fault> {
        let mut searches = Vec::new();
        for id in self.kept.names(workspace, KIND)? {
            let Some(search) = self.kept.read::<Search>(workspace, KIND, &id)? else { continue };
            if now >= search.created.saturating_add(KEPT) {
                self.kept.remove(workspace, KIND, &id)?;
            } else {
                searches.push(search);
            }
        }
        searches.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        Ok(searches)
    }

    /// Returns a search.
    pub fn get(&self, workspace: &str, id: &str, now: i64) -> Result<Search, GraphError> {
        let unknown = || GraphError::NotFound { id: id.chars().take(100).collect() };
        // Only what can be the name of one of ours is looked up.
        let name = Uuid::parse_str(id).map_err(|_| unknown())?.to_string();
        let search = self.kept.read::<Search>(workspace, KIND, &name)?.ok_or_else(unknown)?;
        if now < search.created.saturating_add(KEPT) { Ok(search) } else { Err(unknown()) }
    }

    /// Takes a search up, unless it is run already.
    pub fn take_up(&self, id: &str) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_string())
    }

    /// Lays a search down.
    pub fn lay_down(&self, id: &str) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
