//! The endpoints, one file each; what they have in common.

pub mod directory_audits;
pub mod search_records;
pub mod searches;
pub mod sign_ins;

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::filter::{Expr, compile};
use super::options::Options;
use super::page::Pages;
use super::resource::{Kind, Resource, find};
use crate::ask::ask;
use crate::exchange::{Exchange, text};
use crate::kql_text;
use crate::service::Service;

/// The header that names a workspace.
const WORKSPACE: HeaderName = HeaderName::from_static("x-vidimus-workspace");

/// A request that was let in.
pub(super) struct Call {
    pub exchange: Exchange,
    /// The address without what follows the version: `https://host/v1.0`.
    pub root: String,
    /// The address itself, without its query.
    pub here: String,
    pub query: String,
}

impl Call {
    /// Begins to answer a request.
    pub async fn begin(
        service: &Service,
        parts: &Parts,
        path: &HashMap<String, String>,
        target: &'static str,
    ) -> Result<Call, Response> {
        let exchange = service.begin::<GraphError>(parts, target).await?;
        let address = parts.uri.path();
        let version = ["/v1.0/", "/beta/"].iter().find_map(|version| Some(address.find(version)? + version.len() - 1));
        let root = format!("{}{}", exchange.base, address.get(..version.unwrap_or(0)).unwrap_or_default());
        let here = format!("{}{address}", exchange.base);
        let query = parts.uri.query().unwrap_or_default().to_string();
        let mut call = Call { exchange, root, here, query };
        let named = path.get("workspace").cloned().or_else(|| text(&parts.headers, &WORKSPACE));
        match call.enter(service, named) {
            Ok(()) => Ok(call),
            Err(error) => Err(call.refuse(service, error).await),
        }
    }

    /// Finds the workspace that the request is about.
    fn enter(&mut self, service: &Service, named: Option<String>) -> Result<(), GraphError> {
        let name = match named {
            Some(name) => name,
            None => {
                let readable = service.readable(&self.exchange);
                match readable.as_slice() {
                    [] => return Err(GraphError::NoWorkspace),
                    [only] => only.clone(),
                    _ => return Err(GraphError::Ambiguous),
                }
            }
        };
        service.enter(&mut self.exchange, &name)?;
        Ok(service.count(&self.exchange)?)
    }

    /// Returns the answer to a request that is refused.
    pub async fn refuse(&self, service: &Service, error: GraphError) -> Response {
        service.refuse(&self.exchange, error).await
    }

    /// Returns an answer.
    pub async fn answer(&self, service: &Service, done: Result<Value, GraphError>) -> Response {
        match done {
            Ok(body) => self.exchange.json(StatusCode::OK, &body),
            Err(error) => self.refuse(service, error).await,
        }
    }

    /// Returns the address of the next page of a list.
    pub fn next_link(&self, said: &[(String, String)], token: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(said).append_pair("$skiptoken", token);
        // Spaces as some clients of OData want them.
        format!("{}?{}", self.here, query.finish().replace("%24", "$").replace('+', "%20"))
    }
}

/// Lists the objects of a resource.
pub(super) async fn list(
    service: &Arc<Service>,
    call: &Call,
    resource: &'static Resource,
) -> Result<Value, GraphError> {
    let options = Options::parse(&call.query, resource, service.api.limits.page_max)?;
    let with_events = options.filter.as_ref().is_some_and(asks_events);
    let tables = if with_events { resource.tables } else { resource.tables.get(..1).unwrap_or_default() };
    let mut queries = Vec::new();
    for (table, event) in tables {
        queries.push(query_of(resource, table, event, options.filter.as_ref())?);
    }
    let moment = options.after.map_or_else(|| service.log_size(&call.exchange.workspace), |after| after.moment);
    let pages = Pages { queries, moment, after: options.after, is_ascending: options.is_ascending, top: options.top };
    let page = pages.read(service, &call.exchange).await?;
    let object = |(n, row): &(usize, crate::row::Row)| {
        let event = tables.get(*n).map_or("", |(_, event)| event);
        selected(resource.object(row, event, with_events), &options.select)
    };
    let mut body = Map::new();
    let context = format!("{}/$metadata#auditLogs/{}", call.root, resource.name);
    body.insert("@odata.context".to_string(), json!(context));
    if let Some(next) = page.next {
        body.insert("@odata.nextLink".to_string(), json!(call.next_link(&options.said, &next.token())));
    }
    body.insert("value".to_string(), page.rows.iter().map(object).collect());
    Ok(Value::Object(body))
}

/// Returns one object of a resource, by its id.
pub(super) async fn one(
    service: &Arc<Service>,
    call: &Call,
    resource: &'static Resource,
    id: &str,
) -> Result<Value, GraphError> {
    let unknown = || GraphError::NotFound { id: id.chars().take(100).collect() };
    let options = Options::parse(&call.query, resource, service.api.limits.page_max)?;
    for (table, event) in resource.tables {
        let rows = resource.rows(table);
        let query = format!("{rows} | where Id =~ {} | order by LogEntry_ asc | take 1", kql_text::string(id));
        if let Some(row) = ask(service, &call.exchange, query).await?.first() {
            let mut body = Map::new();
            let context = format!("{}/$metadata#auditLogs/{}/$entity", call.root, resource.name);
            body.insert("@odata.context".to_string(), json!(context));
            if let Value::Object(object) = selected(resource.object(row, event, false), &options.select) {
                body.extend(object);
            }
            return Ok(Value::Object(body));
        }
    }
    Err(unknown())
}

/// Returns the query for the rows of a table that a filter is true of. Conditions that look into no list come first.
fn query_of(
    resource: &'static Resource,
    table: &str,
    event: &str,
    filter: Option<&Expr>,
) -> Result<String, GraphError> {
    let mut query = format!("{} | extend At_ = {}", resource.rows(table), resource.time_kql());
    let mut conjuncts = Vec::new();
    filter.into_iter().for_each(|filter| split(filter, &mut conjuncts));
    let wrong = |why| GraphError::bad(format!("the filter cannot be read: {why}"));
    let (plain, listed): (Vec<&Expr>, Vec<&Expr>) = conjuncts.into_iter().partition(|expr| !looks_into_lists(expr));
    for expr in plain {
        query.push_str(&format!(" | where {}", compile(expr, resource.fields, event).map_err(wrong)?.condition));
    }
    for expr in listed {
        let compiled = compile(expr, resource.fields, event).map_err(wrong)?;
        query.push_str(&format!("{} | where {}", compiled.lists, compiled.condition));
    }
    Ok(query)
}

fn split<'a>(expr: &'a Expr, into: &mut Vec<&'a Expr>) {
    match expr {
        Expr::And(left, right) => {
            split(left, into);
            split(right, into);
        }
        other => into.push(other),
    }
}

fn looks_into_lists(expr: &Expr) -> bool {
    match expr {
        Expr::And(left, right) | Expr::Or(left, right) => looks_into_lists(left) || looks_into_lists(right),
        Expr::Not(inner) => looks_into_lists(inner),
        Expr::Any { .. } => true,
        Expr::Compare { .. } | Expr::Test { .. } => false,
    }
}

/// Returns whether a filter asks what kind of event a sign-in was.
fn asks_events(expr: &Expr) -> bool {
    match expr {
        Expr::And(left, right) | Expr::Or(left, right) => asks_events(left) || asks_events(right),
        Expr::Not(inner) => asks_events(inner),
        Expr::Any { path, .. } => {
            let field = path.first().and_then(|name| find(super::resource::SIGN_IN.fields, name));
            field.is_some_and(|field| field.kind == Kind::Event)
        }
        Expr::Compare { .. } | Expr::Test { .. } => false,
    }
}

fn selected(mut object: Map<String, Value>, select: &[String]) -> Value {
    if !select.is_empty() {
        object.retain(|name, _| select.contains(name));
    }
    Value::Object(object)
}
