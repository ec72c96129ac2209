//! The record of an act of management, such as making a workspace.

use crate::{ActivitySink, AuditError};
use auth::Principal;
use schema::{Dynamic, Value};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    CreateWorkspace,
    WriteTable,
    DropTable,
    RenameTable,
    ClearTable,
    WriteFunction,
    DropFunction,
    WriteMapping,
    DropMapping,
    CancelQuery,
    SetRetention,
    SetHold,
    LiftHold,
    EraseCells,
    PurgeRecords,
    CreateToken,
    RevokeToken,
    SetWorkspaceId,
    WriteCollectionRule,
    DeleteCollectionRule,
    SetSharedKey,
    ListSharedKeys,
    RemoveSharedKey,
    UseSharedKey,
    StartFeed,
    StopFeed,
    RefuseRequest,
    DropMessages,
    StartServer,
    StopServer,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 30] = [
        Operation::CreateWorkspace,
        Operation::WriteTable,
        Operation::DropTable,
        Operation::RenameTable,
        Operation::ClearTable,
        Operation::WriteFunction,
        Operation::DropFunction,
        Operation::WriteMapping,
        Operation::DropMapping,
        Operation::CancelQuery,
        Operation::SetRetention,
        Operation::SetHold,
        Operation::LiftHold,
        Operation::EraseCells,
        Operation::PurgeRecords,
        Operation::CreateToken,
        Operation::RevokeToken,
        Operation::SetWorkspaceId,
        Operation::WriteCollectionRule,
        Operation::DeleteCollectionRule,
        Operation::SetSharedKey,
        Operation::ListSharedKeys,
        Operation::RemoveSharedKey,
        Operation::UseSharedKey,
        Operation::StartFeed,
        Operation::StopFeed,
        Operation::RefuseRequest,
        Operation::DropMessages,
        Operation::StartServer,
        Operation::StopServer,
    ];

    /// Returns the name for people.
    pub fn name(self) -> &'static str {
        match self {
            Operation::CreateWorkspace => "Create Workspace",
            Operation::WriteTable => "Create or Extend Table",
            Operation::DropTable => "Drop Table",
            Operation::RenameTable => "Rename Table",
            Operation::ClearTable => "Clear or Replace Data of Table",
            Operation::WriteFunction => "Create or Change Function",
            Operation::DropFunction => "Drop Function",
            Operation::WriteMapping => "Create or Change Ingestion Mapping",
            Operation::DropMapping => "Drop Ingestion Mapping",
            Operation::CancelQuery => "Cancel Query",
            Operation::SetRetention => "Set Retention of Table",
            Operation::SetHold => "Set Legal Hold",
            Operation::LiftHold => "Lift Legal Hold",
            Operation::EraseCells => "Erase Columns of Records",
            Operation::PurgeRecords => "Purge Records",
            Operation::CreateToken => "Create Token",
            Operation::RevokeToken => "Revoke Token",
            Operation::SetWorkspaceId => "Set Id of Workspace",
            Operation::WriteCollectionRule => "Create or Update Data Collection Rule",
            Operation::DeleteCollectionRule => "Delete Data Collection Rule",
            Operation::SetSharedKey => "Set Shared Key of Workspace",
            Operation::ListSharedKeys => "List Shared Keys of Workspace",
            Operation::RemoveSharedKey => "Remove Shared Key of Workspace",
            Operation::UseSharedKey => "Take Records by Shared Key",
            Operation::StartFeed => "Start Subscription to Audit Feed",
            Operation::StopFeed => "Stop Subscription to Audit Feed",
            Operation::RefuseRequest => "Refuse Request",
            Operation::DropMessages => "Drop Messages",
            Operation::StartServer => "Start Server",
            Operation::StopServer => "Stop Server",
        }
    }

    /// Returns the name for queries: that of Azure where it has the operation. A token is what assigns roles here.
    pub fn value(self) -> &'static str {
        match self {
            Operation::CreateWorkspace => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/WRITE",
            Operation::WriteTable => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/TABLES/WRITE",
            Operation::DropTable => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/TABLES/DELETE",
            Operation::RenameTable => "VIDIMUS/WORKSPACES/TABLES/RENAME/ACTION",
            Operation::ClearTable => "VIDIMUS/WORKSPACES/TABLES/CLEAR/ACTION",
            Operation::WriteFunction => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/SAVEDSEARCHES/WRITE",
            Operation::DropFunction => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/SAVEDSEARCHES/DELETE",
            Operation::WriteMapping => "VIDIMUS/WORKSPACES/MAPPINGS/WRITE",
            Operation::DropMapping => "VIDIMUS/WORKSPACES/MAPPINGS/DELETE",
            Operation::CancelQuery => "VIDIMUS/WORKSPACES/QUERIES/CANCEL/ACTION",
            Operation::SetRetention => "VIDIMUS/WORKSPACES/TABLES/RETENTION/WRITE",
            Operation::SetHold => "VIDIMUS/WORKSPACES/HOLDS/WRITE",
            Operation::LiftHold => "VIDIMUS/WORKSPACES/HOLDS/DELETE",
            Operation::EraseCells => "VIDIMUS/WORKSPACES/TABLES/ERASE/ACTION",
            Operation::PurgeRecords => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/PURGE/ACTION",
            Operation::CreateToken => "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",
            Operation::RevokeToken => "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/DELETE",
            Operation::SetWorkspaceId => "VIDIMUS/WORKSPACES/ID/WRITE",
            Operation::WriteCollectionRule => "MICROSOFT.INSIGHTS/DATACOLLECTIONRULES/WRITE",
            Operation::DeleteCollectionRule => "MICROSOFT.INSIGHTS/DATACOLLECTIONRULES/DELETE",
            Operation::SetSharedKey => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/REGENERATESHAREDKEY/ACTION",
            Operation::ListSharedKeys => "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES/SHAREDKEYS/ACTION",
            Operation::RemoveSharedKey => "VIDIMUS/WORKSPACES/SHAREDKEYS/DELETE",
            Operation::UseSharedKey => "VIDIMUS/WORKSPACES/SHAREDKEYS/USE/ACTION",
            Operation::StartFeed => "VIDIMUS/WORKSPACES/AUDITFEEDS/WRITE",
            Operation::StopFeed => "VIDIMUS/WORKSPACES/AUDITFEEDS/DELETE",
            Operation::RefuseRequest => "VIDIMUS/SERVERS/REQUESTS/REFUSE/ACTION",
            Operation::DropMessages => "VIDIMUS/SERVERS/MESSAGES/DROP/ACTION",
            Operation::StartServer => "VIDIMUS/SERVERS/START/ACTION",
            Operation::StopServer => "VIDIMUS/SERVERS/STOP/ACTION",
        }
    }

    fn provider(self) -> &'static str {
        self.value().split('/').next().unwrap_or_default()
    }
}

/// How far an act has come. What has an end has a beginning, of the same correlation id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityStatus {
    /// It is about to be done.
    Started,
    Succeeded,
    Failed,
}

impl ActivityStatus {
    /// Returns the texts of the columns `ActivityStatus` and `ActivityStatusValue`.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            ActivityStatus::Started => ("Started", "Start"),
            ActivityStatus::Succeeded => ("Succeeded", "Success"),
            ActivityStatus::Failed => ("Failed", "Failure"),
        }
    }
}

/// What is known of an act when its record is written.
///
/// # Source
/// Azure Monitor tables reference, "AzureActivity".
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityRecord {
    /// When, in ticks.
    pub time: i64,
    pub operation: Operation,
    pub status: ActivityStatus,
    /// Who does it: the name of a token, or a user of the machine.
    pub caller: String,
    /// The token's id; empty where there is none.
    pub caller_id: String,
    /// From where; empty on the machine itself.
    pub caller_address: String,
    /// One for all records of the act, a guid.
    pub correlation_id: String,
    /// What it is done to, such as `workspaces/main`.
    pub resource: String,
    /// What else there is to say, such as why it failed.
    pub properties: Vec<(String, String)>,
}

impl ActivityRecord {
    /// Returns the record of an act that is about to begin at `time`, in ticks, with a correlation id of its own.
    /// `caller_address` is empty on the machine itself.
    pub fn begun(
        time: i64,
        operation: Operation,
        caller: &Principal,
        caller_address: String,
        resource: String,
        properties: Vec<(String, String)>,
    ) -> ActivityRecord {
        ActivityRecord {
            time,
            operation,
            status: ActivityStatus::Started,
            caller: caller.name.clone(),
            caller_id: caller.id.clone(),
            caller_address,
            correlation_id: uuid::Uuid::new_v4().to_string(),
            resource,
            properties,
        }
    }

    /// Does something once `sink` has it that it is about to be done, and tells it how it ended. `time` says when that is, in ticks.
    ///
    /// # Errors
    /// What `refused` makes of a beginning that is not written down, and then nothing is done; or the error of what is done, which
    /// `message` puts into words.
    pub async fn around<T, E>(
        self,
        sink: &dyn ActivitySink,
        time: impl Fn() -> i64,
        refused: impl FnOnce(AuditError) -> E,
        message: impl Fn(&E) -> String,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        sink.record(self.clone()).await.map_err(refused)?;
        let done = work.await;
        let ended = match &done {
            Ok(_) => self.then(time(), ActivityStatus::Succeeded, None),
            Err(error) => self.then(time(), ActivityStatus::Failed, Some(("error", message(error)))),
        };
        // Its beginning is written down: without an end it counts as done.
        let _ = sink.record(ended).await;
        done
    }

    /// Returns the record of a later state of the same act, with more to say of it.
    #[must_use]
    pub fn then(&self, time: i64, status: ActivityStatus, more: Option<(&str, String)>) -> ActivityRecord {
        let mut later = ActivityRecord { time, status, ..self.clone() };
        later.properties.extend(more.map(|(name, value)| (name.to_string(), value)));
        later
    }

    /// Returns the name of the record itself, one for each state of an act.
    pub fn id(&self) -> String {
        format!("{}-{}", self.correlation_id, self.status.names().1.to_lowercase())
    }

    /// Returns the columns of `AzureActivity` that the record fills, with their values, in the table's order.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &str| Value::String(text.to_string());
        let bag = |members: &[(String, String)]| {
            let members = members.iter().map(|(name, value)| (name.clone(), Dynamic::String(value.clone())));
            Dynamic::Bag(members.collect())
        };
        let (status, status_value) = self.status.names();
        let level = if self.status == ActivityStatus::Failed { "Error" } else { "Informational" };
        let properties = bag(&self.properties);
        let claims = bag(&[("appid".to_string(), self.caller_id.clone())]);
        let has_claims = !self.caller_id.is_empty();
        let claims_text = if has_claims { claims.to_json() } else { String::new() };
        vec![
            ("TimeGenerated", Value::Datetime(self.time)),
            ("ActivityStatus", text(status)),
            ("ActivityStatusValue", text(status_value)),
            ("Caller", text(&self.caller)),
            ("CallerIpAddress", text(&self.caller_address)),
            ("Category", text("Administrative")),
            ("CategoryValue", text("Administrative")),
            ("Claims", text(&claims_text)),
            ("Claims_d", Value::Dynamic(if has_claims { claims } else { Dynamic::Null })),
            ("CorrelationId", text(&self.correlation_id)),
            ("EventDataId", text(&self.id())),
            ("Level", text(level)),
            ("OperationName", text(self.operation.name())),
            ("OperationNameValue", text(self.operation.value())),
            ("Properties", text(&properties.to_json())),
            ("Properties_d", Value::Dynamic(properties)),
            ("Resource", text(self.resource.rsplit('/').next().unwrap_or_default())),
            ("ResourceId", text(&self.resource)),
            ("ResourceProviderValue", text(self.operation.provider())),
            ("Type", text("AzureActivity")),
            ("_ResourceId", text(&self.resource)),
        ]
    }

    /// Returns the record as a line of JSON, as the table takes it.
    pub fn to_json(&self) -> String {
        let members = self.values().into_iter().filter(|(_, value)| !value.is_null());
        Dynamic::Bag(members.map(|(name, value)| (name.to_string(), value.to_dynamic())).collect()).to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ActivityRecord {
        ActivityRecord {
            time: 1,
            operation: Operation::WriteTable,
            status: ActivityStatus::Started,
            caller: "ci".into(),
            caller_id: "t1".into(),
            caller_address: "203.0.113.7".into(),
            correlation_id: "c".into(),
            resource: "workspaces/prod/tables/Events".into(),
            properties: vec![("columns".into(), "N: long".into())],
        }
    }

    #[test]
    fn every_column_is_one_of_the_table_in_order_and_of_its_type() {
        let table = schema::tables::builtin("AzureActivity").unwrap_or_else(|| panic!("no table"));
        for record in [record(), ActivityRecord { caller_id: String::new(), ..record() }] {
            let mut columns = table.columns.iter();
            for (name, value) in record.values() {
                let column = columns.find(|column| column.name == name);
                let column = column.unwrap_or_else(|| panic!("{name} is no column, or out of order"));
                assert_eq!(value.ktype(), column.ktype, "{name}");
            }
        }
    }

    #[test]
    fn an_act_s_records_belong_together_and_say_how_it_went() {
        let failed = record().then(2, ActivityStatus::Failed, Some(("error", "no \"room\"".to_string())));
        let values = failed.values();
        let value = |name: &str| values.iter().find(|(found, _)| *found == name).map(|(_, value)| value.to_text());
        assert_eq!(value("ActivityStatusValue").as_deref(), Some("Failure"));
        assert_eq!(value("Level").as_deref(), Some("Error"));
        assert_eq!(value("Resource").as_deref(), Some("Events"));
        assert_eq!(value("Properties").as_deref(), Some(r#"{"columns":"N: long","error":"no \"room\""}"#));
        assert_eq!((value("CorrelationId"), record().correlation_id), (Some("c".to_string()), "c".to_string()));
        assert_ne!(record().id(), failed.id());
        assert!(!failed.to_json().contains('\n'));
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = Operation::ALL.iter().map(|of| (of.name(), of.value())).collect();
        assert_eq!(names.len(), Operation::ALL.len());
    }
}
