//! `GET /subscriptions/content?contentType=[&startTime=&endTime=][&nextPage=]`: which blobs became available.

use std::ops::Bound;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::Call;
use crate::ask::ask;
use crate::exchange::Ended;
use crate::feed::content_id::Part;
use crate::feed::content_type::ContentType;
use crate::feed::error::FeedError;
use crate::feed::feeds::Feed;
use crate::feed::time_range::{KEPT, TimeRange};
use crate::feed::window;
use crate::row::time_with_millis;
use crate::service::{Service, blocking};

const TARGET: &str = "/activity/feed/subscriptions/content";
const NEXT_PAGE: HeaderName = HeaderName::from_static("nextpageuri");

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let done = list(&service, &call, &tenant).await;
    Ok(call.answer(&service, done).await)
}

async fn list(service: &Arc<Service>, call: &Call, tenant: &str) -> Result<Response, FeedError> {
    let kind = call.content_type()?;
    let now = call.exchange.received;
    let range = TimeRange::parse(call.parameter("startTime"), call.parameter("endTime"), now)?;
    let (holder, _) = call.holder();
    let (of, workspace) = (service.clone(), call.exchange.workspace.clone());
    let feed = blocking(move || of.feeds.of(&workspace)).await?;
    feed.enabled(&holder, kind)?;
    let feed = cut(service, call).await?;
    let first = feed.enabled(&holder, kind)?.from;
    let after = match call.parameter("nextPage") {
        None => None,
        Some(text) => {
            let wrong = || FeedError::NextPage { text: text.chars().take(200).collect() };
            let (part, of) = Part::parse(text, &call.exchange.workspace, feed.secret()).map_err(|_| wrong())?;
            if of != kind {
                return Err(wrong());
            }
            Some(part)
        }
    };
    let spans = feed.spans(range.from, range.to, first);
    let (Some(start), Some(end)) = (spans.first(), spans.last()) else {
        let ended = Ended { status: 200, rows: Some(0), ..Ended::default() };
        service.record(call.exchange.record("", &ended)).await?;
        return Ok(call.exchange.json(StatusCode::OK, &json!([])));
    };
    let places = ask(service, &call.exchange, window::places_query(kind, start.from, end.to)).await?;
    let parts = window::parts(&spans, &places);
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = parts.range((from, Bound::Unbounded));
    let page: Vec<&Part> = rest.by_ref().take(service.api.limits.blobs_max).collect();
    let blobs = page.iter().map(|part| blob(part, kind, call, tenant, &feed)).collect();
    let mut response = call.exchange.json(StatusCode::OK, &Value::Array(blobs));
    if let (Some(last), Some(_)) = (page.last(), rest.next()) {
        let next = next_page(call, tenant, kind, range, &last.id(kind, &call.exchange.workspace, feed.secret()));
        if let Ok(next) = HeaderValue::from_str(&next) {
            response.headers_mut().insert(NEXT_PAGE, next);
        }
    }
    Ok(response)
}

/// Makes what came into the log available. Entries that were counted may be on their way to those who read: they are there once
/// something that was written after them is acknowledged, which the request's record is.
async fn cut(service: &Arc<Service>, call: &Call) -> Result<Arc<Feed>, FeedError> {
    let workspace = call.exchange.workspace.clone();
    let size = service.log_size(&workspace);
    service.record(call.exchange.record("", &Ended { status: 202, ..Ended::default() })).await?;
    let (of, now) = (service.clone(), call.exchange.received);
    Ok(blocking(move || of.feeds.cut(&workspace, now, size)).await?)
}

fn blob(part: &Part, kind: ContentType, call: &Call, tenant: &str, feed: &Feed) -> Value {
    let id = part.id(kind, &call.exchange.workspace, feed.secret());
    json!({
        "contentUri": format!("{}/audit/{id}", root(call, tenant)),
        "contentId": id,
        "contentType": kind.name(),
        "contentCreated": time_with_millis(part.created),
        "contentExpiration": time_with_millis(part.created.saturating_add(KEPT)),
    })
}

fn root(call: &Call, tenant: &str) -> String {
    let tenant: String = url::form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
    format!("{}/api/v1.0/{tenant}/activity/feed", call.exchange.base)
}

fn next_page(call: &Call, tenant: &str, kind: ContentType, range: TimeRange, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("contentType", kind.name());
    let time = |instant| crate::row::time_without_zone(instant);
    query.append_pair("startTime", &time(range.from)).append_pair("endTime", &time(range.to));
    query.append_pair("nextPage", after);
    if let Some(publisher) = call.parameter("PublisherIdentifier") {
        query.append_pair("PublisherIdentifier", publisher);
    }
    format!("{}/subscriptions/content?{}", root(call, tenant), query.finish())
}
