//! Who sends, and which workspace the records go to: the token wherever the protocol has room for one.

use std::sync::Arc;

use auth::{AuthError, Principal};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::service::Service;
use crate::whose::{WORKSPACE_HEADER, WhoseError, workspace_of};

/// Somebody who was let in, and the workspace that they may hand in records of.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub principal: Principal,
    pub workspace: String,
}

/// Why a sender is not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    SignIn(#[source] AuthError),
    /// The header `Authorization` has a form that nothing is known of.
    #[error("`Authorization` has no form that is known: a scheme, and a token of this server")]
    Scheme,
    #[error("{0}")]
    Workspace(#[source] WhoseError),
}

impl Sender {
    /// Finds out who sends. `path` is the workspace that the address names; else the header `x-vidimus-workspace` may, or `header`.
    pub fn of(service: &Arc<Service>, parts: &Parts, path: Option<&str>, header: &str) -> Result<Sender, Refused> {
        let principal = signed_in(service, &parts.headers)?;
        let said = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).filter(|v| !v.is_empty());
        let named = path.or_else(|| said(WORKSPACE_HEADER)).or_else(|| said(header));
        let workspace = workspace_of(&principal, named, &service.api.directory).map_err(Refused::Workspace)?;
        Ok(Sender { principal, workspace })
    }
}

/// Finds out whose token a request carries.
pub(super) fn signed_in(service: &Arc<Service>, headers: &HeaderMap) -> Result<Principal, Refused> {
    let said = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => {
            let token = value.to_str().ok().and_then(token).ok_or(Refused::Scheme)?;
            Some(format!("Bearer {token}"))
        }
    };
    service.api.tokens.authenticate(said.as_deref()).map_err(Refused::SignIn)
}

/// Returns the token in a header: as it is, as a password, or as the second part of an API key.
fn token(header: &str) -> Option<String> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    let second = || {
        let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        Some(text.split_once(':')?.1.to_string())
    };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "splunk" => Some(rest.to_string()),
        "basic" => second(),
        // Agents are configured with `id:key`, which some encode and some do not.
        "apikey" => second().or_else(|| Some(rest.rsplit_once(':').map_or(rest, |(_, key)| key).to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_wherever_a_protocol_has_it() {
        let encoded = STANDARD.encode("id:secret:x");
        let cases = [
            ("Splunk vdm_1", Some("vdm_1")),
            ("bearer  vdm_1 ", Some("vdm_1")),
            (&format!("Basic {encoded}"), Some("secret:x")),
            (&format!("ApiKey {encoded}"), Some("secret:x")),
            ("ApiKey id:vdm_1", Some("vdm_1")),
            ("ApiKey vdm_1", Some("vdm_1")),
            ("Basic !", None),
            ("Digest x", None),
            ("vdm_1", None),
            ("", None),
        ];
        for (header, expected) in cases {
            assert_eq!(token(header).as_deref(), expected, "{header}");
        }
    }
}
