//! Acts of management: written down before they are done, and again when they are over.

use std::net::SocketAddr;

use audit::{ActivityRecord, Operation};
use auth::Principal;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use schema::Column;

use crate::error::ApiError;
use crate::service::{Service, blocking};

impl Service {
    /// Returns the record of an act that is about to begin.
    pub fn activity(
        &self,
        parts: &Parts,
        principal: &Principal,
        operation: Operation,
        resource: String,
        properties: Vec<(String, String)>,
    ) -> ActivityRecord {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = address.map_or_else(String::new, |ConnectInfo(address)| address.ip().to_string());
        ActivityRecord::begun(self.api.clock.now_ticks(), operation, principal, address, resource, properties)
    }

    /// Does something once it is written down that it is about to be done.
    pub async fn act<T>(
        &self,
        record: ActivityRecord,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let time = || self.api.clock.now_ticks();
        record.around(&*self.api.activities, time, |_| ApiError::NotRecorded, ApiError::message, work).await
    }

    /// Gives a table columns, and makes the table where there is none, once it is written down who has that done by what they send.
    pub async fn make_columns(
        &self,
        parts: &Parts,
        sender: &Principal,
        workspace: &str,
        table: &str,
        columns: Vec<Column>,
    ) -> Result<(), ApiError> {
        let asked: Vec<String> = columns.iter().map(|column| format!("{}: {}", column.name, column.ktype)).collect();
        let properties = vec![("columns".to_string(), asked.join(", "))];
        let resource = format!("workspaces/{workspace}/tables/{table}");
        let record = self.activity(parts, sender, Operation::WriteTable, resource, properties);
        let (vault, of) = (self.api.vault.clone(), (workspace.to_string(), table.to_string()));
        let work = async {
            let made = blocking(move || vault.ensure_table(&of.0, &of.1, &columns)).await?;
            made.map(|_| ()).map_err(ApiError::Ingest)
        };
        self.act(record, work).await
    }
}
