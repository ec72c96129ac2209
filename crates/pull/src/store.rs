//! Where objects are: a container of Azure's blobs, or a bucket of S3.

use crate::client::{agent, parse_root};
use crate::error::PullError;
use crate::sign_in::SignIn;
use async_trait::async_trait;
use auth::Secret;
use object_store::aws::AmazonS3Builder;
use object_store::azure::{AzureConfigKey, AzureCredential, MicrosoftAzureBuilder};
use object_store::path::Path;
use object_store::{CredentialProvider, ObjectStore};
use std::sync::Arc;

/// How a container is signed in to.
pub enum AzureKey {
    /// The account's key.
    Shared(Secret),
    /// A shared access signature, as the parameters of an address.
    Signature(Secret),
    /// As an application, or with a token; anonymously too.
    SignIn(SignIn),
}

/// Objects below a prefix.
pub(crate) struct Place {
    pub store: Arc<dyn ObjectStore>,
    pub prefix: Path,
    /// What messages call it.
    pub name: String,
}

/// Names a container and perhaps a folder of it: `https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER`, or with the account in the
/// path where the host is an address, as emulators have it.
///
/// # Errors
/// The caller's: the address is none, or a secret would travel unencrypted.
pub fn azure(url: &str, key: AzureKey, plain_allowed: bool) -> Result<crate::Objects, PullError> {
    let is_anonymous = matches!(&key, AzureKey::SignIn(sign_in) if sign_in.is_anonymous());
    let parsed = parse_root(url, plain_allowed || is_anonymous)?;
    let wrong = |why: &str| PullError::Url { text: parsed.path().to_string(), why: why.to_string() };
    let mut parts = parsed.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
    let root = parsed.origin().ascii_serialization();
    let (account, endpoint) = match parsed.host() {
        Some(url::Host::Domain(name)) if !name.eq_ignore_ascii_case("localhost") => {
            (name.split('.').next().unwrap_or(name).to_string(), root)
        }
        _ => {
            let account = parts.next().ok_or_else(|| wrong("it names no account"))?;
            (account.to_string(), format!("{root}/{account}"))
        }
    };
    let container = parts.next().ok_or_else(|| wrong("it names no container"))?;
    let prefix = Path::from_url_path(parts.collect::<Vec<_>>().join("/")).map_err(|error| wrong(&error.to_string()))?;
    let name = format!("{endpoint}/{container}/{prefix}").trim_end_matches('/').to_string();
    let builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_endpoint(endpoint)
        .with_container_name(container)
        .with_allow_http(parsed.scheme() == "http");
    let builder = match key {
        AzureKey::Shared(key) => builder.with_access_key(key.expose()),
        AzureKey::Signature(signature) => {
            builder.with_config(AzureConfigKey::SasKey, signature.expose().trim_start_matches('?'))
        }
        AzureKey::SignIn(sign_in) if sign_in.is_anonymous() => builder.with_skip_signature(true),
        AzureKey::SignIn(sign_in) => {
            if let Some(url) = sign_in.token_url() {
                parse_root(url, plain_allowed)?;
            }
            builder.with_credentials(Arc::new(Tokens { sign_in: Arc::new(sign_in), agent: agent(None)? }))
        }
    };
    let store = builder.build().map_err(|source| PullError::Object { name: name.clone(), source })?;
    crate::Objects::new(Place { store: Arc::new(store), prefix, name: format!("blobs {name}") }, true)
}

/// Names a bucket and perhaps a folder of it, `s3://BUCKET/FOLDER`. `options` are those of the store's own tools, without `aws_`:
/// `access_key_id`, `secret_access_key`, `session_token`, `region`, `skip_signature`.
///
/// # Errors
/// The caller's: the address is none, an option is unknown or missing, or a secret would travel unencrypted.
pub fn s3(
    url: &str,
    endpoint: Option<&str>,
    options: &[(&str, Secret)],
    plain_allowed: bool,
) -> Result<crate::Objects, PullError> {
    let wrong = |why: String| PullError::Url { text: url.to_string(), why };
    let parsed = url::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    let bucket = parsed.host_str().filter(|_| parsed.scheme() == "s3");
    let bucket = bucket.ok_or_else(|| wrong("it is not of the form `s3://BUCKET/FOLDER`".to_string()))?;
    let prefix = Path::from_url_path(parsed.path()).map_err(|error| wrong(error.to_string()))?;
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
    let mut name = format!("s3 s3://{bucket}/{prefix}");
    if let Some(endpoint) = endpoint {
        let parsed = parse_root(endpoint, plain_allowed)?;
        builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_allow_http(parsed.scheme() == "http");
        name = format!("{name} at {}", parsed.origin().ascii_serialization());
    }
    for (option, value) in options {
        let key = format!("aws_{option}").parse().map_err(|source| PullError::Object { name: name.clone(), source })?;
        builder = builder.with_config(key, value.expose());
    }
    let store = builder.build().map_err(|source| PullError::Object { name: name.clone(), source })?;
    crate::Objects::new(Place { store: Arc::new(store), prefix, name }, false)
}

/// Gives tokens to the store.
struct Tokens {
    sign_in: Arc<SignIn>,
    agent: ureq::Agent,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(tokens)")
    }
}

#[async_trait]
impl CredentialProvider for Tokens {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let (sign_in, agent) = (self.sign_in.clone(), self.agent.clone());
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Unauthenticated {
            path: String::new(),
            source,
        };
        let token =
            tokio::task::spawn_blocking(move || sign_in.token(&agent)).await.map_err(|error| failed(error.into()))?;
        let token = token.map_err(|error| failed(error.into()))?;
        let token = token.map(|token| token.expose().to_string()).unwrap_or_default();
        Ok(Arc::new(AzureCredential::BearerToken(token)))
    }
}
