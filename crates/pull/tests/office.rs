//! The Office 365 Management Activity API as it stands on the wire, with what goes wrong there.

mod common;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use common::{Taken, client, serve, ticks};
use pull::{Content, Office, OfficeOptions, PullError, SignIn};
use schema::ticks::HOUR;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const TENANT: &str = "41463f53-8812-40f4-890f-865bf6e35190";
const NOW: &str = "2026-05-08T12:00:00Z";

/// The service: what it lists, and what it was asked.
#[derive(Default)]
struct Service {
    url: String,
    /// Id and when it was created, for one content type.
    content: Vec<(&'static str, &'static str)>,
    /// Answers that come before the right one, by id or `list`.
    faults: Vec<(&'static str, u16, &'static str)>,
    asked: Vec<String>,
    tokens: usize,
    n_started: usize,
}

type Shared = Arc<Mutex<Service>>;

fn record(id: &str) -> Value {
    json!({"CreationTime":"2026-05-08T11:00:00","Id":id,"Operation":"Retrieve","OrganizationId":TENANT,"RecordType":21,
        "UserType":0,"UserKey":"k","Workload":"CRM","UserId":"ann@contoso.com"})
}

/// Returns an error as the service writes it.
fn error(status: u16, code: &str) -> Response {
    let body = json!({"error": {"code": code, "message": "no"}});
    let headers = if status == 429 {
        HeaderMap::from_iter([(HeaderName::from_static("retry-after"), 7.into())])
    } else {
        HeaderMap::new()
    };
    (StatusCode::from_u16(status).unwrap(), headers, Json(body)).into_response()
}

fn fault(service: &mut Service, of: &str) -> Option<Response> {
    let at = service.faults.iter().position(|(what, ..)| *what == of)?;
    let (_, status, code) = service.faults.remove(at);
    Some(match code {
        // A document that ends in the middle of a record.
        "half" => ([("content-type", "application/json")], "[{\"Id\":\"half\",\"Crea").into_response(),
        code => error(status, code),
    })
}

async fn list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut service = shared.lock().unwrap();
    if headers.get("authorization").is_none_or(|token| token != "Bearer t2") {
        return error(401, "AF10001");
    }
    if let Some(fault) = fault(&mut service, "list") {
        return fault;
    }
    assert_eq!(query["PublisherIdentifier"], TENANT);
    let (begin, end) = (query["startTime"].clone(), query["endTime"].clone());
    service.asked.push(format!("{begin} {end}"));
    assert!(ticks(&end) - ticks(&begin) <= 24 * HOUR && ticks(&begin) >= ticks(NOW) - 7 * 24 * HOUR, "{begin} {end}");
    let within = |created: &str| (ticks(&begin)..ticks(&end)).contains(&ticks(created));
    let listed: Vec<_> = service.content.iter().filter(|(_, created)| within(created)).collect();
    // Two items a page.
    let page: usize = query.get("nextPage").map_or(0, |page| page.parse().unwrap());
    let items: Vec<Value> = listed
        .iter()
        .skip(page)
        .take(2)
        .map(|(id, created)| {
            json!({"contentType": query["contentType"], "contentId": id, "contentCreated": created,
                "contentUri": format!("{}/api/v1.0/{TENANT}/activity/feed/audit/{id}", service.url),
                "contentExpiration": "2026-05-15T00:00:00.000Z"})
        })
        .collect();
    let mut headers = HeaderMap::new();
    if page + 2 < listed.len() {
        let next = format!(
            "{}/api/v1.0/{TENANT}/activity/feed/subscriptions/content?contentType={}&startTime={begin}&endTime={end}&nextPage={}",
            service.url,
            query["contentType"],
            page + 2
        );
        headers.insert("nextpageuri", next.parse().unwrap());
    }
    (headers, Json(items)).into_response()
}

async fn audit(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut service = shared.lock().unwrap();
    if let Some(fault) = fault(&mut service, &id) {
        return fault;
    }
    service.asked.push(id.clone());
    Json(json!([record(&format!("{id}-1")), record(&format!("{id}-2"))])).into_response()
}

async fn start(State(shared): State<Shared>) -> Response {
    let mut service = shared.lock().unwrap();
    service.n_started += 1;
    if service.n_started == 1 { Json(json!({"status": "enabled"})).into_response() } else { error(400, "AF20024") }
}

async fn token(State(shared): State<Shared>, body: String) -> Response {
    assert!(body.contains("client_secret=s%3D1") && body.contains("client_id=app"), "{body}");
    let mut service = shared.lock().unwrap();
    service.tokens += 1;
    // The first one has ended before its time.
    Json(json!({"token_type": "Bearer", "expires_in": "3599", "access_token": format!("t{}", service.tokens)}))
        .into_response()
}

fn service() -> (Shared, String) {
    let shared = Shared::default();
    let feed = format!("/api/v1.0/{TENANT}/activity/feed");
    let routes = Router::new()
        .route(&format!("{feed}/subscriptions/content"), get(list))
        .route(&format!("{feed}/subscriptions/start"), post(start))
        .route(&format!("{feed}/audit/{{id}}"), get(audit))
        .route("/token", post(token))
        .with_state(shared.clone());
    let url = serve(routes);
    shared.lock().unwrap().url = url.clone();
    (shared, url)
}

fn office(url: &str) -> (Office, common::Waits) {
    let secret = auth::Secret::new("s=1".to_string());
    let sign_in = SignIn::application(format!("{url}/token"), "app".into(), secret, "x/.default".into());
    let (client, waits) = client(url, sign_in);
    let options = OfficeOptions {
        tenant: TENANT.into(),
        content_types: vec!["Audit.General".into()],
        publisher: None,
        start: true,
        overlap: 2 * HOUR,
        since: None,
    };
    (Office::new(client, options), waits)
}

#[test]
fn content_is_taken_once_whatever_goes_wrong() {
    let (shared, url) = service();
    let content = [
        ("old", "2026-05-02T00:00:00.000Z"),
        ("a", "2026-05-08T11:00:00.000Z"),
        ("b", "2026-05-08T11:10:00.000Z"),
        // Listed twice.
        ("a", "2026-05-08T11:20:00.000Z"),
        ("gone", "2026-05-08T11:30:00.000Z"),
    ];
    {
        let mut service = shared.lock().unwrap();
        service.content = content.to_vec();
        service.faults =
            vec![("list", 429, "AF429"), ("list", 503, "AF50000"), ("b", 200, "half"), ("gone", 400, "AF20051")];
    }
    let (mut feed, waits) = office(&url);
    let mut taken = Taken::new();
    let round = taken.round(&mut feed, ticks(NOW)).unwrap();
    assert_eq!(round.pieces, 4);
    assert_eq!(taken.ids("Id"), ["a-1", "a-2", "b-1", "b-2", "old-1", "old-2"]);
    let lost = taken.pieces.iter().find(|(_, label, ..)| label.ends_with("gone")).unwrap();
    assert!(matches!(&lost.2, Content::Lost(why) if why.contains("AF20051")), "{lost:?}");
    assert!(String::from_utf8_lossy(&lost.3).contains("\"contentId\":\"gone\""));
    // It waited as it was told, once; a token that had ended was asked for again at once.
    assert!(waits.lock().unwrap().contains(&7), "{waits:?}");
    let windows = shared.lock().unwrap().asked.iter().filter(|asked| asked.len() > 10).count();
    assert!(windows >= 8, "seven days are more than seven windows: {windows}");

    // What comes late is taken, and nothing else, by another process too.
    shared.lock().unwrap().content.push(("late", "2026-05-08T10:30:00.000Z"));
    shared.lock().unwrap().asked.clear();
    let (mut feed, _) = office(&url);
    shared.lock().unwrap().tokens = 1;
    let round = taken.round(&mut feed, ticks("2026-05-08T12:05:00Z")).unwrap();
    assert_eq!(round.pieces, 1);
    assert_eq!(
        shared.lock().unwrap().asked,
        ["2026-05-08T10:00:00 2026-05-08T12:05:00"; 3]
            .map(String::from)
            .into_iter()
            .chain(["late".to_string()])
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_was_not_acknowledged_is_delivered_again_as_it_was() {
    let (shared, url) = service();
    shared.lock().unwrap().content = vec![("a", "2026-05-08T11:00:00.000Z"), ("b", "2026-05-08T11:10:00.000Z")];
    shared.lock().unwrap().tokens = 1;
    let (mut feed, _) = office(&url);
    let mut taken = Taken::new();
    taken.failures = 2;
    for _ in 0..2 {
        assert!(matches!(taken.round(&mut feed, ticks(NOW)), Err(PullError::Deliver { .. })));
        assert_eq!(taken.ids("Id"), ["a-1", "a-2"]);
    }
    // The content is gone at the source by now, and not lost.
    shared.lock().unwrap().content.remove(0);
    let round = taken.round(&mut feed, ticks(NOW)).unwrap();
    assert_eq!((round.pieces, taken.ids("Id").len()), (2, 4));
    assert_eq!(taken.round(&mut feed, ticks(NOW)).unwrap().pieces, 0);
}

#[test]
fn time_that_nobody_asked_for_is_written_down_as_lost() {
    let (shared, url) = service();
    shared.lock().unwrap().tokens = 1;
    let (mut feed, _) = office(&url);
    let mut taken = Taken::new();
    let source = pull::Feed::name(&feed);
    taken.change(&source, &pull::Change::set("listed/Audit.General", "2026-04-20T00:00:00"));
    assert_eq!(taken.round(&mut feed, ticks(NOW)).unwrap().pieces, 1);
    let (.., content, body) = &taken.pieces[0];
    assert!(matches!(content, Content::Lost(_)));
    assert_eq!(
        serde_json::from_slice::<Value>(body).unwrap(),
        json!({"contentType": "Audit.General", "from": "2026-04-20T00:00:00", "to": "2026-05-01T12:10:00"})
    );
    assert_eq!(taken.round(&mut feed, ticks(NOW)).unwrap().pieces, 0);
}

#[test]
fn a_token_is_not_carried_elsewhere_and_a_refusal_is_told() {
    let (shared, url) = service();
    shared.lock().unwrap().tokens = 1;
    shared.lock().unwrap().content = vec![("a", "2026-05-08T11:00:00.000Z")];
    shared.lock().unwrap().url = "http://127.0.0.1:9".into();
    let (mut feed, _) = office(&url);
    let mut taken = Taken::new();
    assert!(matches!(taken.round(&mut feed, ticks(NOW)), Err(PullError::Elsewhere { .. })));
    shared.lock().unwrap().faults = vec![("list", 403, "AF10001")];
    let refused = taken.round(&mut feed, ticks(NOW)).unwrap_err();
    assert!(!refused.is_temporary() && refused.to_string().contains("answers 403: AF10001, no"), "{refused}");
}
