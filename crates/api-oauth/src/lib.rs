//! Where applications sign in: the part of OAuth 2.0 and OpenID Connect that Microsoft's client libraries ask for.
//!
//! | endpoint | answer |
//! |---|---|
//! | `GET /{tenant}[/v2.0]/.well-known/openid-configuration` | where everything else is |
//! | `POST /{tenant}/oauth2[/v2.0]/token` | a token for an id and a secret (`client_credentials`) |
//! | `GET /{tenant}/discovery[/v2.0]/keys` | no keys: a token says nothing that could be read |
//! | `GET /common/discovery/instance` | that this server speaks for itself |
//!
//! A tenant is whatever the client calls it; there is one directory. Clients that take the tenant `adfs` for a server's own ask nobody else
//! about it. Wrong secrets are counted by address: after some, an address waits.
//!
//! # Source
//! RFC 6749, sections 4.4 and 5; OpenID Connect Discovery 1.0, section 3; "Microsoft identity platform and the OAuth 2.0 client credentials
//! flow".

mod attempts;
mod credentials;
mod endpoints;
mod error;
mod service;

pub use service::{OAuthApi, router};
