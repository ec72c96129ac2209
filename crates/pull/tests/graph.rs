//! Collections of Microsoft Graph as they stand on the wire: pages, records that come late, and a service that is busy.

mod common;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use common::{Taken, client, serve, ticks};
use pull::{Collection, Graph, PullError, SignIn};
use schema::ticks::{DAY, HOUR};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Service {
    url: String,
    records: Vec<(String, String)>,
    n_busy: usize,
    /// Pages after which the connection breaks.
    n_pages_left: Option<usize>,
    filters: Vec<String>,
}

type Shared = Arc<Mutex<Service>>;

const PAGE: usize = 3;

async fn sign_ins(State(shared): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Response {
    let mut service = shared.lock().unwrap();
    if service.n_busy > 0 {
        service.n_busy -= 1;
        let body = json!({"error": {"code": "TooManyRequests", "message": "Too Many Requests"}});
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3")], Json(body)).into_response();
    }
    if let Some(n) = &mut service.n_pages_left {
        if *n == 0 {
            return (StatusCode::OK, "{\"value\":[{\"id\":\"cut").into_response();
        }
        *n -= 1;
    }
    let filter = query["$filter"].clone();
    let words: Vec<&str> = filter.split(' ').collect();
    let ["createdDateTime", "ge", begin, "and", "createdDateTime", "lt", end] = words[..] else { panic!("{filter}") };
    let mut found: Vec<_> =
        service.records.iter().filter(|(_, at)| (ticks(begin)..ticks(end)).contains(&ticks(at))).cloned().collect();
    // The newest first, as the service has it.
    found.sort_by(|a, b| b.1.cmp(&a.1));
    let skip: usize = query.get("$skiptoken").map_or(0, |skip| skip.parse().unwrap());
    let value: Vec<Value> = found
        .iter()
        .skip(skip)
        .take(PAGE)
        .map(|(id, at)| json!({"id": id, "createdDateTime": at, "userPrincipalName": "ann@contoso.com", "appDisplayName": "x"}))
        .collect();
    let mut page =
        json!({"@odata.context": format!("{}/v1.0/$metadata#auditLogs/signIns", service.url), "value": value});
    if skip + PAGE < found.len() {
        let filter = filter.replace(' ', "%20");
        let next = format!("{}/v1.0/auditLogs/signIns?$filter={filter}&$skiptoken={}", service.url, skip + PAGE);
        page["@odata.nextLink"] = next.into();
    } else {
        service.filters.push(filter);
    }
    Json(page).into_response()
}

fn service(records: &[(&str, &str)]) -> (Shared, String) {
    let shared = Shared::default();
    let url = serve(Router::new().route("/v1.0/auditLogs/signIns", get(sign_ins)).with_state(shared.clone()));
    let mut service = shared.lock().unwrap();
    service.url = url.clone();
    service.records = records.iter().map(|(id, at)| (id.to_string(), at.to_string())).collect();
    drop(service);
    (shared, url)
}

fn graph(url: &str) -> (Graph, common::Waits) {
    let (client, waits) = client(url, SignIn::with_token(auth::Secret::new("t".into())));
    let collection = Collection::find("auditLogs/signIns").unwrap();
    (Graph::new(client, collection, HOUR, Some(ticks("2026-05-01T00:00:00Z"))), waits)
}

#[test]
fn records_are_taken_once_also_late_ones_and_those_of_pages_that_broke() {
    let times =
        ["01:00:00Z", "05:59:59.9Z", "06:00:00Z", "10:00:00Z", "11:00:00Z", "11:30:00Z", "11:31:00Z", "11:32:00Z"];
    let records: Vec<(String, String)> =
        times.iter().enumerate().map(|(n, at)| (format!("r{n}"), format!("2026-05-01T{at}"))).collect();
    let records: Vec<(&str, &str)> = records.iter().map(|(id, at)| (id.as_str(), at.as_str())).collect();
    let (shared, url) = service(&records);
    shared.lock().unwrap().n_busy = 2;
    shared.lock().unwrap().n_pages_left = Some(2);
    let (mut feed, waits) = graph(&url);
    let mut taken = Taken::new();
    // The first page of the second window is taken when the second one breaks.
    let now = ticks("2026-05-01T12:00:00.5Z");
    assert!(matches!(taken.round(&mut feed, now), Err(PullError::Answer { .. })));
    assert_eq!(waits.lock().unwrap()[..2], [3, 3]);
    assert_eq!(taken.ids("id"), ["r0", "r1", "r5", "r6", "r7"]);
    shared.lock().unwrap().n_pages_left = None;
    let (mut feed, _) = graph(&url);
    taken.round(&mut feed, now).unwrap();
    assert_eq!(taken.ids("id"), ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"]);

    // Late, but not too late; and one that was there stays as it was.
    {
        let mut service = shared.lock().unwrap();
        service
            .records
            .extend([("late".into(), "2026-05-01T11:15:00Z".into()), ("later".into(), "2026-05-01T10:59:00Z".into())]);
        service.filters.clear();
    }
    let round = taken.round(&mut feed, ticks("2026-05-01T12:10:00Z")).unwrap();
    assert_eq!((round.pieces, taken.ids("id").len()), (1, 9));
    assert!(taken.ids("id").contains(&"late".to_string()));
    let filter = "createdDateTime ge 2026-05-01T11:00:00Z and createdDateTime lt 2026-05-01T12:10:00Z";
    assert_eq!(shared.lock().unwrap().filters, [filter]);
    assert_eq!(taken.round(&mut feed, ticks("2026-05-01T12:11:00Z")).unwrap().pieces, 0);
}

#[test]
fn the_position_keeps_no_more_ids_than_can_come_again() {
    let (shared, url) = service(&[("a", "2026-05-01T01:00:00Z"), ("b", "2026-05-02T23:30:00Z")]);
    let (mut feed, _) = graph(&url);
    let mut taken = Taken::new();
    taken.round(&mut feed, ticks("2026-05-01T00:00:00Z") + 2 * DAY).unwrap();
    assert_eq!(taken.ids("id"), ["a", "b"]);
    let state = pull::State::open(&taken.path(), &pull::Feed::name(&feed)).unwrap();
    assert_eq!(state.under("taken/").count(), 1);
    assert_eq!(state.get("listed").unwrap(), "2026-05-03T00:00:00Z");
    // Windows become longer while there is little in them: 6 h, 12 h, 24 h, and what is left.
    assert_eq!(shared.lock().unwrap().filters.len(), 4);
}
