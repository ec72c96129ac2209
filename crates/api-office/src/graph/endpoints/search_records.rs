//! `GET /security/auditLog/queries/{id}/records`: what a search found, page by page, the newest first.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use sources::office::{RECORD_TYPES, USER_TYPES};

use super::{Call, searches};
use crate::feed::{Source, audit_record};
use crate::graph::error::GraphError;
use crate::graph::options::top;
use crate::graph::page::{Pages, Position};
use crate::graph::search::Status;
use crate::row::Row;
use crate::service::Service;

const TARGET: &str = "/security/auditLog/queries/records";

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let done = records(&service, &call, &path).await;
    Ok(call.answer(&service, done).await)
}

async fn records(service: &Arc<Service>, call: &Call, path: &HashMap<String, String>) -> Result<Value, GraphError> {
    let search = searches::find(service, call, path).await?;
    if search.status != Status::Succeeded {
        return Err(GraphError::bad("the query has not succeeded, so that there are no records of it"));
    }
    let (mut max, mut after, mut said) = (service.api.limits.records_max, None, Vec::new());
    for (name, value) in url::form_urlencoded::parse(call.query.as_bytes()).into_owned() {
        match name.as_str() {
            "$top" => max = top(&value, service.api.limits.page_max)?,
            "$skiptoken" => {
                after = Some(Position::parse(&value).ok_or_else(|| GraphError::bad("the skip token is none"))?);
                continue;
            }
            _ if name.starts_with('$') => {
                return Err(GraphError::bad(format!("the query option '{name}' is not known here")));
            }
            _ => continue,
        }
        said.push((name, value));
    }
    let sources: Vec<(Source, String)> =
        [Source::Office, Source::Dataverse].into_iter().filter_map(|of| Some((of, search.query(of)?))).collect();
    let queries = sources.iter().map(|(_, query)| query.clone()).collect();
    let pages = Pages { queries, moment: search.moment, after, is_ascending: false, top: max };
    let page = pages.read(service, &call.exchange).await?;
    let object = |(n, row): &(usize, Row)| {
        let source = sources.get(*n).map_or(Source::Office, |(source, _)| *source);
        record(row, source)
    };
    let mut body = Map::new();
    let context = format!("{}/$metadata#security/auditLog/queries('{}')/records", call.root, search.id);
    body.insert("@odata.context".to_string(), json!(context));
    if let Some(next) = page.next {
        body.insert("@odata.nextLink".to_string(), json!(call.next_link(&said, &next.token())));
    }
    body.insert("value".to_string(), page.rows.iter().map(object).collect());
    Ok(Value::Object(body))
}

/// Returns a row as a record of a search.
fn record(row: &Row, source: Source) -> Value {
    let data = audit_record(row, source);
    let of = |name: &str| data.get(name).cloned().unwrap_or(Value::Null);
    let number = data.get("RecordType").and_then(Value::as_u64).unwrap_or_default();
    let kind = RECORD_TYPES.iter().find(|(known, _)| u64::from(*known) == number);
    let user = data.get("UserType").and_then(Value::as_u64).and_then(|n| USER_TYPES.get(usize::try_from(n).ok()?));
    let created = data.get("CreationTime").and_then(Value::as_str).unwrap_or_default();
    let units = data.get("AssociatedAdminUnits").filter(|units| units.is_array()).cloned();
    json!({
        "id": of("Id"),
        "createdDateTime": format!("{created}Z"),
        "auditLogRecordType": kind.map_or("unknownFutureValue".to_string(), |(_, name)| camel_case(name)),
        "operation": of("Operation"),
        "organizationId": of("OrganizationId"),
        "userType": user.map_or("unknownFutureValue".to_string(), |name| camel_case(name)),
        "userId": of("UserKey"),
        "service": of("Workload"),
        "objectId": of("ObjectId"),
        "userPrincipalName": of("UserId"),
        "clientIp": of("ClientIP"),
        "administrativeUnits": units.unwrap_or_else(|| json!([])),
        "auditData": data,
    })
}

/// Returns a name as Graph writes it: `crm`, `exchangeAdmin`, `ms365DCustomDetection`, `hrSignal`.
fn camel_case(name: &str) -> String {
    let upper = name.chars().take_while(char::is_ascii_uppercase).count();
    let is_word_next = name.chars().nth(upper).is_some_and(|c| c.is_ascii_lowercase());
    let n_lower = if upper > 1 && is_word_next { upper - 1 } else { upper };
    let (head, rest) = name.split_at(n_lower);
    format!("{}{rest}", head.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn names_begin_small() {
        for (name, expected) in [
            ("CRM", "crm"),
            ("ExchangeAdmin", "exchangeAdmin"),
            ("AeD", "aeD"),
            ("HRSignal", "hrSignal"),
            ("MS365DCustomDetection", "ms365DCustomDetection"),
            ("PowerBIAudit", "powerBIAudit"),
            ("DcAdmin", "dcAdmin"),
        ] {
            assert_eq!(camel_case(name), expected);
        }
    }
}
