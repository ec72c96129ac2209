//! Microsoft Graph's audits, sign-ins and searches of the audit log.
//!
//! ```text
//! $filter ─ filter::parse ─► Expr ─ filter::compile ─► KQL, of literals alone ─┐
//! $orderby, $top, $skiptoken ─ options ─► Options ──────────────────────────────┴─ page ─► rows ─ resource ─► objects
//! ```
//!
//! Graph's addresses name no tenant. The workspace is the one that the token may read, or the one that the header `x-vidimus-workspace`
//! or the address `/v1/workspaces/{workspace}/graph/...` names.

mod endpoints;
mod error;
mod filter;
mod options;
mod page;
mod resource;
mod search;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::service::Service;

pub(crate) use search::Searches;

/// Returns the routes: under both versions, in both spellings that clients use, by themselves and under a workspace.
pub(crate) fn routes() -> Router<Arc<Service>> {
    let mut router = Router::new();
    for root in ["", "/v1/workspaces/{workspace}/graph"] {
        for version in ["v1.0", "beta"] {
            for (logs, audits, sign_ins) in
                [("auditLogs", "directoryAudits", "signIns"), ("auditlogs", "directoryaudits", "signins")]
            {
                let path = |rest: &str| format!("{root}/{version}/{logs}/{rest}");
                router = router
                    .route(&path(audits), get(endpoints::directory_audits::list))
                    .route(&path(&format!("{audits}/{{id}}")), get(endpoints::directory_audits::one))
                    .route(&path(sign_ins), get(endpoints::sign_ins::list))
                    .route(&path(&format!("{sign_ins}/{{id}}")), get(endpoints::sign_ins::one));
            }
            let path = |rest: &str| format!("{root}/{version}/security/auditLog/queries{rest}");
            router = router
                .route(&path(""), post(endpoints::searches::create).get(endpoints::searches::list))
                .route(&path("/{id}"), get(endpoints::searches::one))
                .route(&path("/{id}/records"), get(endpoints::search_records::get));
        }
    }
    router
}
