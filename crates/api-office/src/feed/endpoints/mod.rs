//! The endpoints, one file each; what they have in common.

pub mod get_content;
pub mod list_content;
pub mod list_notifications;
pub mod list_sensitive_types;
pub mod list_subscriptions;
pub mod start_subscription;
pub mod stop_subscription;

use std::sync::Arc;

use audit::Operation;
use axum::http::request::Parts;
use axum::response::Response;
use uuid::Uuid;

use super::content_type::ContentType;
use super::error::FeedError;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::service::Service;

/// A request that was let in.
pub(super) struct Call {
    pub exchange: Exchange,
    parameters: Vec<(String, String)>,
}

impl Call {
    /// Begins to answer a request about a tenant.
    pub async fn begin(service: &Service, parts: &Parts, tenant: &str, target: &'static str) -> Result<Call, Response> {
        let exchange = service.begin::<FeedError>(parts, target).await?;
        let query = parts.uri.query().unwrap_or_default();
        let parameters = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut call = Call { exchange, parameters };
        match call.enter(service, tenant) {
            Ok(()) => Ok(call),
            Err(error) => Err(call.refuse(service, error).await),
        }
    }

    /// Finds the workspace that is the tenant.
    fn enter(&mut self, service: &Service, tenant: &str) -> Result<(), FeedError> {
        match service.enter(&mut self.exchange, tenant) {
            Err(Fault::UnknownWorkspace { .. }) if Uuid::parse_str(tenant).is_err() => {
                return Err(FeedError::NoGuid { tenant: tenant.chars().take(100).collect() });
            }
            entered => entered?,
        }
        let publisher = self.parameter("PublisherIdentifier").map(str::to_string);
        if let Some(publisher) = publisher {
            if Uuid::parse_str(&publisher).is_err() {
                return Err(FeedError::Type { name: "PublisherIdentifier", expected: "guid" });
            }
            self.exchange.context.push(("PublisherIdentifier".to_string(), publisher));
        }
        Ok(service.count(&self.exchange)?)
    }

    /// Returns a parameter of the address, whose name may be in any case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(of, _)| of.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns the content type that the request names.
    pub fn content_type(&self) -> Result<ContentType, FeedError> {
        let name = self.parameter("contentType").ok_or(FeedError::Missing { name: "contentType" })?;
        ContentType::from_name(name).ok_or(FeedError::ContentType)
    }

    /// Returns whose subscriptions the request is about, and by which token.
    pub fn holder(&self) -> (String, String) {
        let principal = self.exchange.principal.as_ref();
        principal.map(|who| (who.name.clone(), who.id.clone())).unwrap_or_default()
    }

    /// Does something to a subscription once it is written down that it is about to be done.
    pub async fn act(
        &self,
        service: &Arc<Service>,
        operation: Operation,
        kind: ContentType,
        work: impl FnOnce(&Service) -> Result<(), FeedError> + Send + 'static,
    ) -> Result<(), FeedError> {
        let resource = format!("workspaces/{}/auditfeeds/{}", self.exchange.workspace, kind.name());
        let record = self.exchange.activity(operation, resource, self.exchange.context.clone());
        let (sink, clock) = (service.api.activities.clone(), service.api.clock.clone());
        let service = service.clone();
        // It comes to its end, and that is written down, whether or not the client waits.
        let acting = tokio::spawn(async move {
            let work = async {
                let done = tokio::task::spawn_blocking(move || work(&service)).await;
                done.unwrap_or(Err(FeedError::Fault(Fault::Internal)))
            };
            let refused = |_| FeedError::Fault(Fault::NotRecorded);
            record.around(&*sink, || clock.now_ticks(), refused, FeedError::to_string, work).await
        });
        acting.await.unwrap_or(Err(FeedError::Fault(Fault::Internal)))
    }

    /// Returns the answer to a request that is refused.
    pub async fn refuse(&self, service: &Service, error: FeedError) -> Response {
        service.refuse(&self.exchange, error).await
    }

    /// Returns an answer.
    pub async fn answer(&self, service: &Service, done: Result<Response, FeedError>) -> Response {
        match done {
            Ok(response) => response,
            Err(error) => self.refuse(service, error).await,
        }
    }
}
