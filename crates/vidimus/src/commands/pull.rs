//! `vidimus pull`: what others publish into a server's tables, from a saved position on, each record once.

use super::import::find_source;
use super::query::duration;
use crate::following::FollowArgs;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use pull::{
    AzureKey, Client, Collection, Feed, Graph, Kafka, KafkaOptions, Login, Mechanism, Office, OfficeOptions, SignIn,
    read_secret,
};
use schema::ticks;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How long to wait between rounds, if nothing else is said.
const EVERY: Duration = Duration::from_secs(60);

/// Follow what others publish: take it into the tables of a server's workspace, each record once.
///
/// The position in the source is saved in a file, and moves when the server has acknowledged. Killed at any moment and started again,
/// nothing is lost and nothing taken twice. Every source has a process and a state of its own.
#[derive(Debug, Args)]
pub struct PullArgs {
    #[command(subcommand)]
    source: SourceArgs,
}

#[derive(Debug, Subcommand)]
enum SourceArgs {
    Office(OfficeArgs),
    Graph(GraphArgs),
    Blobs(BlobsArgs),
    S3(S3Args),
    Kafka(KafkaArgs),
}

/// How to sign in to the source.
#[derive(Debug, Args)]
struct SignInArgs {
    /// File that holds a token for the source; by default it is taken from the environment's VIDIMUS_SOURCE_TOKEN.
    #[arg(long, value_name = "FILE", conflicts_with = "client_id")]
    source_token_file: Option<PathBuf>,
    /// Sign in as this application, by OAuth's client credentials.
    #[arg(long, value_name = "ID", requires = "token_url")]
    client_id: Option<String>,
    /// File that holds the application's secret; by default it is taken from the environment's VIDIMUS_SOURCE_SECRET.
    #[arg(long, value_name = "FILE", requires = "client_id")]
    client_secret_file: Option<PathBuf>,
    /// Where tokens are asked for, such as https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.
    #[arg(long, value_name = "URL", requires = "client_id")]
    token_url: Option<String>,
    /// What the token is for; by default the source's host with `/.default`.
    #[arg(long, value_name = "SCOPE", requires = "client_id")]
    scope: Option<String>,
    /// Send secrets to the source even where others may read them on their way.
    #[arg(long)]
    source_plain_http: bool,
}

/// The Office 365 Management Activity API.
#[derive(Debug, Args)]
struct OfficeArgs {
    /// The service, such as https://manage.office.com.
    #[arg(long, value_name = "URL", default_value = "https://manage.office.com")]
    url: String,
    /// The tenant's id.
    #[arg(long, value_name = "ID", value_parser = tenant)]
    tenant: String,
    /// A content type, such as Audit.General; may be given more than once.
    #[arg(long = "content-type", value_name = "TYPE", required = true, num_args = 1..)]
    content_types: Vec<String>,
    /// Start the subscriptions to the content types.
    #[arg(long)]
    start: bool,
    /// Whose quota it counts against; the tenant's id by default.
    #[arg(long, value_name = "ID")]
    publisher: Option<String>,
    /// How late content may be listed, 12 hours at most.
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration)]
    overlap: Duration,
    /// Certificates, in PEM form, that the source's may lead to; by default those of the system.
    #[arg(long, value_name = "FILE")]
    source_ca: Option<PathBuf>,
    #[command(flatten)]
    sign_in: SignInArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

/// A collection of Microsoft Graph: sign-ins or audits of the directory.
#[derive(Debug, Args)]
struct GraphArgs {
    /// The service.
    #[arg(long, value_name = "URL", default_value = "https://graph.microsoft.com")]
    url: String,
    /// auditLogs/signIns or auditLogs/directoryAudits.
    #[arg(long, value_name = "PATH", value_parser = collection)]
    collection: Collection,
    /// How late records may come.
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration)]
    overlap: Duration,
    /// Certificates, in PEM form, that the source's may lead to; by default those of the system.
    #[arg(long, value_name = "FILE")]
    source_ca: Option<PathBuf>,
    #[command(flatten)]
    sign_in: SignInArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

/// A container of Azure's blobs, such as those that diagnostic settings and flow logs write.
#[derive(Debug, Args)]
struct BlobsArgs {
    /// The container, with a folder if not all of it: https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER.
    #[arg(long, value_name = "URL")]
    url: String,
    /// Take all blobs for logs of this format, rather than to recognise it.
    #[arg(long, value_name = "FORMAT")]
    source: Option<String>,
    /// File that holds the account's key; by default it is taken from the environment's AZURE_STORAGE_KEY.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sas_file", "client_id", "source_token_file"])]
    account_key_file: Option<PathBuf>,
    /// File that holds a shared access signature; by default it is taken from the environment's AZURE_STORAGE_SAS_TOKEN.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_id", "source_token_file"])]
    sas_file: Option<PathBuf>,
    #[command(flatten)]
    sign_in: SignInArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

/// A bucket of S3 with objects that never change, such as CloudTrail's.
#[derive(Debug, Args)]
struct S3Args {
    /// The bucket, with a folder if not all of it: s3://BUCKET/FOLDER.
    #[arg(long, value_name = "URL")]
    url: String,
    /// The service, if it is not Amazon's.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Its region; by default it is taken from the environment's AWS_REGION.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Take all objects for logs of this format, rather than to recognise it.
    #[arg(long, value_name = "FORMAT")]
    source: Option<String>,
    /// The access key's id; by default it is taken from the environment's AWS_ACCESS_KEY_ID.
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    /// File that holds the access key's secret; by default it is taken from the environment's AWS_SECRET_ACCESS_KEY.
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
    /// Sign no requests, for buckets that everybody may read.
    #[arg(long, conflicts_with_all = ["access_key_id", "secret_key_file"])]
    unsigned: bool,
    /// Send requests even where others may read them on their way.
    #[arg(long)]
    source_plain_http: bool,
    #[command(flatten)]
    follow: FollowArgs,
}

/// Topics of Kafka, or of what speaks its protocol, such as Azure's Event Hubs.
///
/// A message is a record, or a batch of them. It lands in the tables of the log format that it is recognised as, else in a table that
/// its topic names. The brokers are spoken to by TLS.
#[derive(Debug, Args)]
struct KafkaArgs {
    /// Brokers to begin with, such as NAMESPACE.servicebus.windows.net:9093.
    #[arg(long, value_name = "HOST:PORT", required = true, value_delimiter = ',')]
    brokers: Vec<String>,
    /// A topic; may be given more than once.
    #[arg(long = "topic", value_name = "NAME", required = true, num_args = 1..)]
    topics: Vec<String>,
    /// Take all messages for logs of this format, rather than to recognise it.
    #[arg(long, value_name = "FORMAT")]
    source: Option<String>,
    /// Sign in as this user; to Event Hubs as `$ConnectionString`.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// File that holds the user's password; by default it is taken from the environment's VIDIMUS_SOURCE_PASSWORD.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// How the password is proved: plain, scram-sha-256 or scram-sha-512.
    #[arg(long, value_name = "MECHANISM", default_value = "plain", value_parser = mechanism)]
    sasl: Mechanism,
    /// Certificates, in PEM form, that the brokers' may lead to; by default those of the system.
    #[arg(long, value_name = "FILE", conflicts_with = "source_plain_tcp")]
    source_ca: Option<PathBuf>,
    /// Speak to the brokers without TLS: others may read records, and a password that is proved plainly, on their way.
    #[arg(long)]
    source_plain_tcp: bool,
    #[command(flatten)]
    follow: FollowArgs,
}

fn mechanism(text: &str) -> Result<Mechanism, String> {
    let found = Mechanism::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "the mechanisms are plain, scram-sha-256 and scram-sha-512".to_string())
}

fn collection(text: &str) -> Result<Collection, String> {
    let known = || Collection::ALL.map(|collection| collection.path).join(", ");
    Collection::find(text).ok_or_else(|| format!("the collections are {}", known()))
}

fn tenant(text: &str) -> Result<String, String> {
    uuid::Uuid::try_parse(text).map(|_| text.to_string()).map_err(|_| "it is no id of a tenant".to_string())
}

/// Runs the command.
pub fn run(args: PullArgs) -> anyhow::Result<ExitCode> {
    let (mut feed, follow): (Box<dyn Feed>, FollowArgs) = match args.source {
        SourceArgs::Office(args) => {
            let sign_in = args.sign_in.sign_in(&args.url)?;
            let options = OfficeOptions {
                tenant: args.tenant,
                content_types: args.content_types,
                publisher: args.publisher,
                start: args.start,
                overlap: in_ticks(args.overlap),
                since: args.follow.since,
            };
            let client = Client::new(&args.url, sign_in, args.source_ca.as_deref(), args.sign_in.source_plain_http)?;
            (Box::new(Office::new(client, options)), args.follow)
        }
        SourceArgs::Graph(args) => {
            let sign_in = args.sign_in.sign_in(&args.url)?;
            let client = Client::new(&args.url, sign_in, args.source_ca.as_deref(), args.sign_in.source_plain_http)?;
            let feed = Graph::new(client, args.collection, in_ticks(args.overlap), args.follow.since);
            (Box::new(feed), args.follow)
        }
        SourceArgs::Blobs(args) => {
            let objects = pull::azure(&args.url, args.key()?, args.sign_in.source_plain_http)?;
            let objects = objects.with_source(format(args.source.as_deref())?).with_since(args.follow.since);
            (Box::new(objects), args.follow)
        }
        SourceArgs::S3(args) => {
            let options = args.options()?;
            let objects = pull::s3(&args.url, args.endpoint.as_deref(), &options, args.source_plain_http)?;
            let objects = objects.with_source(format(args.source.as_deref())?).with_since(args.follow.since);
            (Box::new(objects), args.follow)
        }
        SourceArgs::Kafka(args) => (Box::new(Kafka::new(args.options()?)?), args.follow),
    };
    follow.run(feed.as_mut(), EVERY)
}

impl KafkaArgs {
    fn options(&self) -> anyhow::Result<KafkaOptions> {
        let login = match &self.user {
            None => None,
            Some(user) => {
                let password = read_secret("a password", self.password_file.as_deref(), "VIDIMUS_SOURCE_PASSWORD")?;
                let password = password
                    .context("no password: give its file by --password-file, or set VIDIMUS_SOURCE_PASSWORD")?;
                Some(Login { mechanism: self.sasl, user: user.clone(), password })
            }
        };
        Ok(KafkaOptions {
            brokers: self.brokers.clone(),
            topics: self.topics.clone(),
            source: format(self.source.as_deref())?,
            since: self.follow.since,
            login,
            ca: self.source_ca.clone(),
            is_plain: self.source_plain_tcp,
            is_once: self.follow.once,
        })
    }
}

impl SignInArgs {
    /// Returns how to sign in to what is at an address.
    fn sign_in(&self, url: &str) -> anyhow::Result<SignIn> {
        if let (Some(id), Some(token_url)) = (&self.client_id, &self.token_url) {
            let file = self.client_secret_file.as_deref();
            let secret = read_secret("a secret", file, "VIDIMUS_SOURCE_SECRET")?;
            let Some(secret) = secret else {
                bail!("no secret: give its file by --client-secret-file, or set VIDIMUS_SOURCE_SECRET");
            };
            let scope = self.scope.clone().unwrap_or_else(|| format!("{}/.default", url.trim_end_matches('/')));
            return Ok(SignIn::application(token_url.clone(), id.clone(), secret, scope));
        }
        if let Some(path) = &self.source_token_file {
            return Ok(SignIn::file(path.clone()));
        }
        let token = read_secret("a token", None, "VIDIMUS_SOURCE_TOKEN")?;
        Ok(token.map_or_else(SignIn::anonymous, SignIn::with_token))
    }
}

impl BlobsArgs {
    fn key(&self) -> anyhow::Result<AzureKey> {
        let is_token = self.sign_in.client_id.is_some() || self.sign_in.source_token_file.is_some();
        if !is_token && self.sas_file.is_none() {
            let key = read_secret("the account's key", self.account_key_file.as_deref(), "AZURE_STORAGE_KEY")?;
            if let Some(key) = key {
                return Ok(AzureKey::Shared(key));
            }
        }
        if !is_token {
            let signature = read_secret("a signature", self.sas_file.as_deref(), "AZURE_STORAGE_SAS_TOKEN")?;
            if let Some(signature) = signature {
                return Ok(AzureKey::Signature(signature));
            }
        }
        Ok(AzureKey::SignIn(self.sign_in.sign_in("https://storage.azure.com")?))
    }
}

impl S3Args {
    /// Returns what the store has to know, in the names of its own tools.
    fn options(&self) -> anyhow::Result<Vec<(&'static str, auth::Secret)>> {
        let given = |text: &Option<String>, variable: &str| text.clone().or_else(|| std::env::var(variable).ok());
        let region = given(&self.region, "AWS_REGION").unwrap_or_else(|| "us-east-1".to_string());
        let mut options = vec![("region", auth::Secret::new(region))];
        if self.unsigned {
            options.push(("skip_signature", auth::Secret::new("true".to_string())));
            return Ok(options);
        }
        let id = given(&self.access_key_id, "AWS_ACCESS_KEY_ID");
        let id = id.context("no access key: give it by --access-key-id, or set AWS_ACCESS_KEY_ID")?;
        let secret = read_secret("a secret", self.secret_key_file.as_deref(), "AWS_SECRET_ACCESS_KEY")?;
        let secret = secret.context("no secret: give its file by --secret-key-file, or set AWS_SECRET_ACCESS_KEY")?;
        options.extend([("access_key_id", auth::Secret::new(id)), ("secret_access_key", secret)]);
        options.extend(read_secret("a token", None, "AWS_SESSION_TOKEN")?.map(|token| ("session_token", token)));
        Ok(options)
    }
}

/// Returns the name of a log format that is known.
pub fn format(name: Option<&str>) -> anyhow::Result<Option<String>> {
    Ok(name.map(find_source).transpose()?.map(|source| source.name.to_string()))
}

/// Returns whole seconds, in ticks.
pub fn in_ticks(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX).saturating_mul(ticks::SECOND)
}
