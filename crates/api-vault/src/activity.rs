//! Acts of management: written down before they are done, and again when they are over.

use std::net::SocketAddr;

use audit::{ActivityRecord, Operation};
use auth::Principal;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::service::Service;

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
}
