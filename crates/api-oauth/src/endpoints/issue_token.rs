//! `POST /{tenant}/oauth2[/v2.0]/token`: a token for an application that knows its secret.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use audit::SignInRecord;
use auth::{Issued, SignInError};
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use listeners::http::{BodyLimits, read_body};
use serde_json::json;

use crate::credentials::Credentials;
use crate::error::OAuthError;
use crate::service::Service;

/// What a request for a token may be: a form of some fields.
const LIMITS: BodyLimits = BodyLimits { bytes_max: 16 << 10, timeout: Duration::from_secs(10) };

/// Characters that are kept of what a program calls itself.
const USER_AGENT_CHARS_MAX: usize = 256;

/// Signs an application in. Nobody is given a token without a record of it; what is no sign-in, or has to wait, leaves none.
pub(crate) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let correlation_id = uuid::Uuid::new_v4().to_string();
    match sign_in(&service, request, address, &correlation_id).await {
        Ok(issued) => answer(&issued),
        Err(error) => error.with_correlation(&correlation_id),
    }
}

async fn sign_in(
    service: &Arc<Service>,
    request: Request,
    address: IpAddr,
    correlation_id: &str,
) -> Result<Issued, OAuthError> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, &parts.headers, LIMITS).await.map_err(OAuthError::Body)?;
    let Credentials { client_id, secret } = Credentials::of_request(&parts.headers, &body)?;
    // A place is waited for before the count is looked at: many guesses at once are no more than as many one after the other.
    let place = service.checks.clone().acquire_owned().await.map_err(|_| OAuthError::Internal)?;
    if let Some(seconds) = service.attempts.wait(address, &client_id, service.api.clock.now_ticks()) {
        return Err(OAuthError::Wait(seconds));
    }
    let (applications, id) = (service.api.applications.clone(), client_id.clone());
    let checked = tokio::task::spawn_blocking(move || applications.sign_in(&id, &secret)).await;
    let checked = checked.map_err(|_| OAuthError::Internal)?;
    if matches!(checked, Err(SignInError::Invalid | SignInError::Expired)) {
        service.attempts.count(address, &client_id, service.api.clock.now_ticks());
    }
    drop(place);
    let checked = checked.map_err(OAuthError::SignIn);
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let record = SignInRecord {
        time: service.api.clock.now_ticks(),
        application: client_id,
        address: address.to_string(),
        user_agent: user_agent.chars().take(USER_AGENT_CHARS_MAX).collect(),
        correlation_id: correlation_id.to_string(),
        error: checked.as_ref().err().map(OAuthError::description),
    };
    let recorded = service.api.sign_ins.record(record).await;
    let issued = checked?;
    recorded.map_err(|_| OAuthError::NotRecorded)?;
    Ok(issued)
}

fn answer(issued: &Issued) -> Response {
    let body = json!({
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "ext_expires_in": issued.seconds,
        "access_token": issued.token.expose(),
    });
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
