//! What an application sends to sign in: in the body's form, or its id and secret by the scheme `Basic`.
//!
//! # Source
//! RFC 6749, sections 2.3.1 and 4.4.2.

use auth::{Secret, SignInError};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::OAuthError;

const CLIENT_ID_BYTES_MAX: usize = 128;

/// An application's word.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub client_id: String,
    pub secret: Secret,
}

impl Credentials {
    /// Reads a request for a token.
    ///
    /// # Errors
    /// When it is another kind of request, or something is missing.
    pub fn of_request(headers: &HeaderMap, body: &[u8]) -> Result<Credentials, OAuthError> {
        let mut grant = None;
        let (mut client_id, mut secret) = basic(headers)?;
        for (name, value) in url::form_urlencoded::parse(body) {
            match name.as_ref() {
                "grant_type" => grant = Some(value.into_owned()),
                "client_id" => client_id = Some(value.into_owned()),
                "client_secret" => secret = Some(Secret::new(value.into_owned())),
                "client_assertion" => return Err(OAuthError::Unsupported("assertions in place of secrets")),
                _ => {}
            }
        }
        match grant.as_deref() {
            Some("client_credentials") => {}
            Some(_) => return Err(OAuthError::UnsupportedGrant),
            None => return Err(OAuthError::Missing("grant_type")),
        }
        let client_id = client_id.filter(|id| !id.is_empty()).ok_or(OAuthError::Missing("client_id"))?;
        // No application has such an id, and it would be remembered.
        if client_id.len() > CLIENT_ID_BYTES_MAX {
            return Err(OAuthError::SignIn(SignInError::Invalid));
        }
        Ok(Credentials { client_id, secret: secret.ok_or(OAuthError::Missing("client_secret"))? })
    }
}

/// Reads the header `Authorization`, if it is of the scheme `Basic`.
fn basic(headers: &HeaderMap) -> Result<(Option<String>, Option<Secret>), OAuthError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, text)) = header.and_then(|header| header.trim().split_once(' ')) else { return Ok((None, None)) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok((None, None));
    }
    let malformed = || OAuthError::Missing("client_id");
    let bytes = STANDARD.decode(text.trim()).map_err(|_| malformed())?;
    let text = Secret::new(String::from_utf8(bytes).map_err(|_| malformed())?);
    let (id, secret) = text.expose().split_once(':').ok_or_else(malformed)?;
    // Both are encoded as in a form before they are joined.
    let plain = |text: &str| {
        let form = format!("x={text}");
        url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    Ok((Some(plain(id)), Some(Secret::new(plain(secret)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn read(authorization: Option<&str>, body: &str) -> Result<(String, String), String> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).map_err(|error| error.to_string())?);
        }
        let read = Credentials::of_request(&headers, body.as_bytes()).map_err(|error| error.code().to_string())?;
        Ok((read.client_id, read.secret.expose().to_string()))
    }

    #[test]
    fn ids_and_secrets_come_in_the_form_or_in_the_header() {
        let both = Ok(("a pp".to_string(), "s&c".to_string()));
        assert_eq!(read(None, "grant_type=client_credentials&client_id=a+pp&client_secret=s%26c&scope=x"), both);
        let header = format!("Basic {}", STANDARD.encode("a+pp:s%26c"));
        assert_eq!(read(Some(&header), "grant_type=client_credentials"), both);
        assert_eq!(read(Some("Bearer x"), "grant_type=client_credentials"), Err("invalid_request".into()));
        assert_eq!(read(Some("Basic !"), "grant_type=client_credentials"), Err("invalid_request".into()));
        assert_eq!(read(None, "grant_type=password&client_id=a"), Err("unsupported_grant_type".into()));
        let long = format!("grant_type=client_credentials&client_secret=s&client_id={}", "x".repeat(129));
        assert_eq!(read(None, &long), Err("invalid_client".into()));
        assert_eq!(read(None, ""), Err("invalid_request".into()));
        assert_eq!(read(None, "grant_type=client_credentials&client_id=a"), Err("invalid_request".into()));
    }
}
