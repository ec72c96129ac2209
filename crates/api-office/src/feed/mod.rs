//! The Office 365 Management Activity API.
//!
//! ```text
//! start ─► subscription, from the log's size on        content ─► cut: (now, the log's size), kept
//! cut to cut ─ entries by 32, positions by 500 ─► blobs ─ those with records of the type ─► contentId, authenticated
//! audit/{contentId} ─ entries, positions, type ─► records, the same each time
//! ```
//!
//! What a blob holds follows from its id alone. `contentCreated` is the time of its cut, so that a record that comes late is in a later
//! blob. Webhooks are refused: nothing is sent to anybody.

mod content_id;
mod content_type;
mod endpoints;
mod error;
mod feeds;
mod records;
mod time_range;
mod window;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::service::Service;

pub(crate) use feeds::Feeds;
pub(crate) use records::{PLACES, Source, audit_record};

/// Returns the routes.
pub(crate) fn routes() -> Router<Arc<Service>> {
    let root = "/api/v1.0/{tenant}/activity/feed";
    let path = |rest: &str| format!("{root}/{rest}");
    Router::new()
        .route(&path("subscriptions/start"), post(endpoints::start_subscription::post))
        .route(&path("subscriptions/stop"), post(endpoints::stop_subscription::post))
        .route(&path("subscriptions/list"), get(endpoints::list_subscriptions::get))
        .route(&path("subscriptions/content"), get(endpoints::list_content::get))
        .route(&path("subscriptions/notifications"), get(endpoints::list_notifications::get))
        .route(&path("audit/{id}"), get(endpoints::get_content::get))
        .route(&path("resources/dlpSensitiveTypes"), get(endpoints::list_sensitive_types::get))
}
