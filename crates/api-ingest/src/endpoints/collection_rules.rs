//! `PUT`, `GET` and `DELETE` of data collection rules under their addresses in Azure's resource manager, and lists of them.
//!
//! # Source
//! Azure Monitor REST reference, "Data Collection Rules".

use std::collections::HashMap;
use std::sync::Arc;

use audit::Operation;
use auth::{Action, Principal};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use collection::{Rule, RuleError, resource_id};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::{Service, blocking};

/// The parts of an address.
type Parts = HashMap<String, String>;

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path(address): Path<Parts>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (parts, body) = request.into_parts();
    let principal = service.sign_in(&parts.headers)?;
    let body = service.body(body, &parts.headers, service.api.limits.rule_bytes_max).await?;
    let id = id_of(&address);
    let text = String::from_utf8_lossy(&body).into_owned();
    let rules = service.api.collector.rules.clone();
    let had = rules.find(&id);
    let rule = rules.read(&id, &body, had.as_ref()).map_err(ApiError::Rule)?;
    // Whoever changes a rule takes it from where it wrote before.
    let mut workspaces = rules.workspaces(&rule).map_err(ApiError::Rule)?;
    if let Some(had) = &had {
        // One that cannot be found any more may be any of them.
        workspaces.extend(rules.workspaces(had).unwrap_or_else(|_| service.api.directory.names()));
    }
    service.check(&principal, Action::Manage, &workspaces)?;
    let checking = rules.clone();
    let checked = blocking(move || checking.check(&rule).map(|()| rule)).await?;
    let rule = checked.map_err(ApiError::Rule)?;
    let properties = vec![("immutableId".to_string(), rule.immutable_id.clone()), ("rule".to_string(), text)];
    let record = service.activity(&parts, &principal, Operation::WriteCollectionRule, id, properties);
    let work = async { blocking(move || rules.put(rule, had.as_ref())).await?.map_err(ApiError::Rule) };
    let saved = service.act(record, work).await?;
    let status = if saved.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(saved.rule.to_json(ingestion(&service, &parts.headers).as_deref()))))
}

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(address): Path<Parts>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let principal = service.sign_in(&headers)?;
    let id = id_of(&address);
    let rule = service.api.collector.rules.find(&id).filter(|rule| may_read(&service, &principal, rule));
    let rule = rule.ok_or(ApiError::Rule(RuleError::Unknown { id }))?;
    Ok(Json(rule.to_json(ingestion(&service, &headers).as_deref())))
}

pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    Path(address): Path<Parts>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let (parts, _) = request.into_parts();
    let principal = service.sign_in(&parts.headers)?;
    let id = id_of(&address);
    let rules = service.api.collector.rules.clone();
    let Some(rule) = rules.find(&id) else { return Ok(StatusCode::NO_CONTENT) };
    // One whose workspaces are gone may be deleted by whoever manages all.
    let workspaces = rules.workspaces(&rule).unwrap_or_else(|_| service.api.directory.names());
    service.check(&principal, Action::Manage, &workspaces)?;
    let properties = vec![("immutableId".to_string(), rule.immutable_id.clone())];
    let record = service.activity(&parts, &principal, Operation::DeleteCollectionRule, id.clone(), properties);
    let work = async { blocking(move || rules.delete(&id)).await?.map_err(ApiError::Rule) };
    service.act(record, work).await?;
    Ok(StatusCode::OK)
}

/// Lists the rules of a resource group, or of a subscription.
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    Path(address): Path<Parts>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let principal = service.sign_in(&headers)?;
    let prefix = match address.get("group") {
        Some(group) => format!("/subscriptions/{}/resourceGroups/{group}/", part(&address, "subscription")),
        None => format!("/subscriptions/{}/", part(&address, "subscription")),
    };
    let is_below = |rule: &Rule| rule.id.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(&prefix));
    let ingestion = ingestion(&service, &headers);
    let rules = service.api.collector.rules.list().into_iter();
    let rules = rules.filter(|rule| is_below(rule) && may_read(&service, &principal, rule));
    let rules: Vec<Value> = rules.map(|rule| rule.to_json(ingestion.as_deref())).collect();
    Ok(Json(json!({ "value": rules })))
}

fn may_read(service: &Service, principal: &Principal, rule: &Rule) -> bool {
    // A workspace that cannot be found any more may be any of them.
    let workspaces = service.api.collector.rules.workspaces(rule).unwrap_or_else(|_| service.api.directory.names());
    workspaces.iter().all(|workspace| principal.may(Action::Read, workspace))
}

fn part<'a>(address: &'a Parts, name: &str) -> &'a str {
    address.get(name).map(String::as_str).unwrap_or_default()
}

fn id_of(address: &Parts) -> String {
    resource_id(part(address, "subscription"), part(address, "group"), part(address, "name"))
}

/// Returns the address of this server, as the client has it.
fn ingestion(service: &Service, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Some(format!("{}://{host}", if service.api.tls { "https" } else { "http" }))
}
