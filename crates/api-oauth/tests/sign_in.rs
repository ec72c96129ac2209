//! Applications that sign in, as clients do it.

use api_oauth::{OAuthApi, router};
use audit::{AuditError, SignInRecord, SignInSink};
use auth::{Applications, Role, Secret, Tokens, Workspaces};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use stdx::FixedClock;
use tower::ServiceExt;

/// 2026-05-31T12:00:00Z.
const NOW: i64 = 639_158_256_000_000_000;

/// What was written down; nothing can be while it is closed.
#[derive(Default)]
struct SignIns {
    records: Mutex<Vec<SignInRecord>>,
    is_closed: AtomicBool,
}

impl SignInSink for SignIns {
    fn record(&self, record: SignInRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let kept = match self.is_closed.load(Ordering::Relaxed) {
            true => Err(AuditError::new("closed")),
            false => {
                self.records.lock().unwrap().push(record);
                Ok(())
            }
        };
        Box::pin(async move { kept })
    }
}

struct Server {
    router: Router,
    tokens: Arc<Tokens>,
    sign_ins: Arc<SignIns>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

fn start() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock(NOW));
    let tokens = Arc::new(Tokens::open(folder.path().join("tokens"), clock.clone()).unwrap());
    let applications = Applications::open(folder.path().join("applications"), tokens.clone(), clock.clone()).unwrap();
    let secret = Secret::new("secret-of-16-bytes".to_string());
    applications.create("app", &secret, &[Role::Owner], Workspaces::All, None).unwrap();
    let sign_ins = Arc::new(SignIns::default());
    let api = OAuthApi { applications: Arc::new(applications), sign_ins: sign_ins.clone(), clock, tls: true };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Server { router: router(api), tokens, sign_ins, runtime, _folder: folder }
}

impl Server {
    fn send(&self, method: &str, path: &str, body: &str) -> (StatusCode, Option<String>, Value) {
        let request = Request::builder().method(method).uri(path).header("host", "logs.example:8443");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let response = router.oneshot(request).await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let retry = headers.get("retry-after").map(|value| value.to_str().unwrap().to_string());
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            (status, retry, serde_json::from_slice(&bytes).unwrap())
        })
    }

    fn token(&self, path: &str, secret: &str) -> (StatusCode, Option<String>, Value) {
        let body = format!("grant_type=client_credentials&client_id=app&client_secret={secret}&scope=x/.default");
        self.send("POST", path, &body)
    }
}

#[test]
fn clients_find_their_way_and_get_a_token() {
    let server = start();
    for (discovery, token) in [
        ("/adfs/.well-known/openid-configuration", "/adfs/oauth2/token"),
        (
            "/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration",
            "/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token",
        ),
    ] {
        let (status, _, found) = server.send("GET", discovery, "");
        assert_eq!(
            (status, &found["token_endpoint"]),
            (StatusCode::OK, &Value::from(format!("https://logs.example:8443{token}")))
        );
        for key in ["issuer", "authorization_endpoint", "jwks_uri"] {
            assert!(found[key].as_str().unwrap().starts_with("https://logs.example:8443/"), "{key}");
        }
        let (status, _, issued) = server.token(token, "secret-of-16-bytes");
        assert_eq!(
            (status, &issued["token_type"], &issued["expires_in"]),
            (StatusCode::OK, &"Bearer".into(), &3600.into())
        );
        let header = format!("Bearer {}", issued["access_token"].as_str().unwrap());
        assert_eq!(server.tokens.authenticate(Some(&header)).unwrap().id, "app");
    }
    assert_eq!(server.send("GET", "/adfs/discovery/keys", "").2["keys"], Value::Array(Vec::new()));
    let (_, _, instance) = server.send("GET", "/common/discovery/instance?api-version=1.1", "");
    assert_eq!(instance["metadata"][0]["aliases"][0], "logs.example:8443");
}

#[test]
fn wrong_secrets_are_refused_and_soon_wait() {
    let server = start();
    for _ in 0..5 {
        let (status, _, error) = server.token("/adfs/oauth2/token", "guessed");
        assert_eq!((status, &error["error"]), (StatusCode::UNAUTHORIZED, &"invalid_client".into()));
        assert!(error["error_description"].as_str().unwrap().starts_with("AADSTS7000215: "));
        assert!(!error.to_string().contains("guessed"));
    }
    let (status, retry, error) = server.token("/adfs/oauth2/token", "secret-of-16-bytes");
    assert_eq!((status, retry.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("60")));
    assert_eq!(error["error"], "temporarily_unavailable");
}

#[test]
fn other_requests_are_refused_by_name() {
    let server = start();
    let send = |body: &str| server.send("POST", "/adfs/oauth2/token", body);
    let (status, _, error) = send("grant_type=password&username=a&password=b");
    assert_eq!((status, &error["error"]), (StatusCode::BAD_REQUEST, &"unsupported_grant_type".into()));
    let (status, _, error) = send("grant_type=client_credentials&client_id=app&client_assertion=x");
    assert_eq!((status, &error["error"]), (StatusCode::BAD_REQUEST, &"invalid_request".into()));
    let (status, _, _) = send(&"x".repeat(20_000));
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn every_sign_in_leaves_a_record_and_without_one_there_is_no_token() {
    let server = start();
    let (_, _, refused) = server.token("/adfs/oauth2/token", "guessed");
    server.token("/adfs/oauth2/token", "secret-of-16-bytes");
    let records = server.sign_ins.records.lock().unwrap().clone();
    let codes: Vec<u32> = records.iter().map(|record| record.error.as_ref().map_or(0, |(code, _)| *code)).collect();
    assert_eq!(codes, [7_000_215, 0]);
    assert_eq!(refused["correlation_id"], records[0].correlation_id.as_str());
    assert!(records.iter().all(|record| record.application == "app" && !record.to_json().contains("guessed")));
    server.sign_ins.is_closed.store(true, Ordering::Relaxed);
    let (status, retry, error) = server.token("/adfs/oauth2/token", "secret-of-16-bytes");
    assert_eq!((status, retry.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("5")));
    assert!(error.get("access_token").is_none());
}
