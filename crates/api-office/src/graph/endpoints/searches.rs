//! `POST` and `GET /security/auditLog/queries`, `GET /security/auditLog/queries/{id}`: searches of the audit log, and how far they came.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::Call;
use crate::ask::ask;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::feed::Source;
use crate::graph::error::GraphError;
use crate::graph::search::{Search, Status};
use crate::service::{Service, blocking};

const TARGET: &str = "/security/auditLog/queries";

/// Makes a search, which runs whether or not anybody waits for it.
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let done = async {
        let body = service.body(body, &parts.headers).await?;
        let by = call.exchange.principal.as_ref().map(|who| who.name.clone()).unwrap_or_default();
        let moment = service.log_size(&call.exchange.workspace);
        let search = Search::parse(&body, &by, call.exchange.received, moment)?;
        let (of, workspace, kept) = (service.clone(), call.exchange.workspace.clone(), search.clone());
        let max = service.api.limits.searches_max;
        let added = tokio::task::spawn_blocking(move || of.searches.add(&workspace, &kept, max)).await;
        added.unwrap_or(Err(GraphError::Fault(Fault::Internal)))?;
        run(&service, &call.exchange, &search);
        Ok(entity(&call, &search))
    };
    Ok(match done.await {
        Ok(body) => call.exchange.json(StatusCode::CREATED, &body),
        Err(error) => call.refuse(&service, error).await,
    })
}

/// Lists the searches of a workspace.
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let (of, workspace, now) = (service.clone(), call.exchange.workspace.clone(), call.exchange.received);
    let found = blocking(move || of.searches.list(&workspace, now)).await;
    let done = found.map_err(GraphError::Fault).map(|searches| {
        let context = format!("{}/$metadata#security/auditLog/queries", call.root);
        json!({ "@odata.context": context, "value": searches.iter().map(Search::json).collect::<Vec<Value>>() })
    });
    Ok(call.answer(&service, done).await)
}

/// Says how far a search came.
pub(crate) async fn one(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let found = find(&service, &call, &path).await;
    let done = found.map(|search| {
        // One that a server left when it stopped is taken up again.
        run(&service, &call.exchange, &search);
        entity(&call, &search)
    });
    Ok(call.answer(&service, done).await)
}

/// Returns the search that an address names.
pub(super) async fn find(
    service: &Arc<Service>,
    call: &Call,
    path: &HashMap<String, String>,
) -> Result<Search, GraphError> {
    let id = path.get("id").cloned().unwrap_or_default();
    let (of, workspace, now) = (service.clone(), call.exchange.workspace.clone(), call.exchange.received);
    let found = tokio::task::spawn_blocking(move || of.searches.get(&workspace, &id, now)).await;
    found.unwrap_or(Err(GraphError::Fault(Fault::Internal)))
}

fn entity(call: &Call, search: &Search) -> Value {
    let mut body = search.json();
    if let Value::Object(body) = &mut body {
        let context = format!("{}/$metadata#security/auditLog/queries/$entity", call.root);
        body.insert("@odata.context".to_string(), json!(context));
    }
    body
}

/// Runs a search that is not over, unless it runs.
fn run(service: &Arc<Service>, exchange: &Exchange, search: &Search) {
    let is_over = !matches!(search.status, Status::NotStarted | Status::Running);
    if is_over || !service.searches.take_up(&search.id) {
        return;
    }
    let (service, exchange, search) = (service.clone(), exchange.clone(), search.clone());
    tokio::spawn(async move {
        let status = match look(&service, &exchange, &search).await {
            Ok(()) => Status::Succeeded,
            // It is tried again when somebody asks.
            Err(Fault::Busy { .. } | Fault::NotRecorded) => Status::NotStarted,
            Err(_) => Status::Failed,
        };
        let (of, workspace, kept) = (service.clone(), exchange.workspace.clone(), search.clone());
        // Where that is not kept, it is run again when somebody asks.
        let _ = blocking(move || of.searches.set_status(&workspace, &kept, status)).await;
        service.searches.lay_down(&search.id);
    });
}

/// Counts what a search finds: from then on its records can be had.
async fn look(service: &Arc<Service>, exchange: &Exchange, search: &Search) -> Result<(), Fault> {
    let (of, workspace, kept) = (service.clone(), exchange.workspace.clone(), search.clone());
    blocking(move || of.searches.set_status(&workspace, &kept, Status::Running)).await?;
    for source in [Source::Office, Source::Dataverse] {
        if let Some(query) = search.query(source) {
            let query = format!("{query} | where LogEntry_ < {} | count", search.moment);
            ask(service, exchange, query).await?;
        }
    }
    Ok(())
}
