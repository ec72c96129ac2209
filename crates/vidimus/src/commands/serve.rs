//! `vidimus serve`: takes records in, keeps them, and answers queries over HTTP.

use crate::anchoring::{AnchorArgs, Anchoring};
use crate::encryption::{EncryptionArgs, not_opened};
use crate::grants::Grant;
use crate::{activities, store};
use anyhow::{Context, bail};
use api_ingest::IngestApi;
use api_kusto::{Limits, RunningQueries};
use api_oauth::OAuthApi;
use api_office::OfficeApi;
use api_vault::VaultApi;
use audit::{ActivityRecord, ActivityStatus, AuditSink, Operation};
use auth::{Principal, Role, Secret, Tokens, Workspaces};
use clap::Args;
use collection::{Collector, Rules};
use ingest::{Vault, VaultOptions};
use kusto_ingestion::{Ingestion, Isolated};
use listeners::http::{HttpOptions, TlsFiles};
use management::Manager;
use query::{Engine, EngineOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use stdx::{Clock, SystemClock};
use workspaces::{Directory, SharedKeys};

mod http;
mod refusals;
mod syslog;

use http::{Served, serve};
use refusals::Refusals;
use syslog::SyslogArgs;

/// Keep records, sealed, in a folder, and answer queries over HTTP.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Folder that holds everything that is kept.
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// Address and port to listen on; port 0 is any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The server's certificate and those that lead to a root, in PEM form.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM form.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Address and port on which to take OpenTelemetry's protocol over gRPC, usually port 4317. Over HTTP it is taken by the other address.
    #[arg(long, value_name = "ADDRESS")]
    pub otlp_grpc: Option<SocketAddr>,
    /// Listen without TLS where other machines can connect, such as behind a proxy that speaks it.
    #[arg(long)]
    pub insecure_plain_http: bool,
    /// A workspace to make if it is not there; may be given several times.
    #[arg(long = "workspace", value_name = "NAME", default_value = "main")]
    pub workspaces: Vec<String>,
    /// The id, a guid, by which programs know a workspace; may be given several times. It is kept. Without one a workspace has an id of
    /// its own.
    #[arg(long = "workspace-id", value_name = "NAME=GUID", value_parser = workspace_id)]
    pub workspace_ids: Vec<(String, String)>,
    /// Let programs on this machine in without a token, as an owner. Only where no other machine can connect.
    #[arg(long)]
    pub allow_anonymous: bool,
    /// Print the owner's token when it is made.
    #[arg(long)]
    pub print_token: bool,
    /// Working memory of each query; what needs more goes to disk, or fails.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = super::query::bytes)]
    pub max_memory: u64,
    /// Memory for columns that were read before, shared by all queries.
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = super::query::bytes)]
    pub cache_memory: u64,
    /// Queries that run at the same time; by default ten for each processor.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_queries: Option<u16>,
    /// Address of web pages to which links with a query (`/DATABASE?query=...`) lead.
    #[arg(long, value_name = "URL")]
    pub portal_url: Option<String>,
    #[command(flatten)]
    pub encryption: EncryptionArgs,
    /// MaxMind database for geo_info_from_ip_address().
    #[arg(long, value_name = "FILE")]
    pub geo_database: Option<PathBuf>,
    /// How long a log may be silent before a heartbeat in it says so.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = super::query::duration)]
    pub heartbeat_every: Duration,
    #[command(flatten)]
    pub anchors: AnchorArgs,
    #[command(flatten)]
    pub syslog: SyslogArgs,
}

/// Runs the command.
pub fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let tokens = args.tokens()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let anchoring = Anchoring::read(&args.anchors)?;
    let (encryption, own_tables) = (args.encryption.encryption()?, store::own_tables());
    let mut options = VaultOptions { encryption, own_tables, ..VaultOptions::default() };
    options.sequencer.heartbeat_every = Some(args.heartbeat_every);
    // Witnesses are heard before anything is signed.
    options.sequencer.core.claims = anchoring.claims(&args.data)?;
    let vault = Vault::open(&args.data, clock.clone(), options);
    let vault = Arc::new(vault.map_err(|error| not_opened(&args.data, error))?);
    if vault.workspace(store::OWN_WORKSPACE).is_none() {
        vault.create_workspace(store::OWN_WORKSPACE).context("cannot make a workspace")?;
    }
    let store = store::StoreAudit::new(vault.clone());
    let starting = activities::activity(Operation::StartServer, "servers/vidimus".to_string(), args.properties());
    store.seal_activity(&starting).context("the server does not start without a record of it")?;
    let done = start(args, vault, store.clone(), clock, tokens, anchoring, &starting);
    let over = match &done {
        Ok(_) => {
            let stopped = activities::activity(Operation::StopServer, starting.resource.clone(), Vec::new());
            activities::ended(&stopped, &done)
        }
        Err(_) => activities::ended(&starting, &done),
    };
    if let Err(error) = store.seal_activity(&over) {
        eprintln!("vidimus: that the server stops cannot be written down: {}", stdx::error_chain(&error));
    }
    done
}

/// Starts what a store is served with, and serves it until the server is told to stop.
fn start(
    args: ServeArgs,
    vault: Arc<Vault>,
    store: store::StoreAudit,
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
    anchoring: Anchoring,
    starting: &ActivityRecord,
) -> anyhow::Result<ExitCode> {
    let carrier = activities::Notes::of(&args.data);
    carrier.bring(&store)?;
    let carrier = activities::Carrier::start(carrier, store.clone())?;
    for name in args.workspaces.iter().filter(|name| vault.workspace(name).is_none()) {
        let record = activities::activity(Operation::CreateWorkspace, format!("workspaces/{name}"), Vec::new());
        store.seal_activity(&record).context("no workspace is made without a record of it")?;
        let made = vault.create_workspace(name).context("cannot make a workspace");
        store.seal_activity(&activities::ended(&record, &made))?;
        made?;
    }
    let directory = Directory::open(vault.clone()).context("cannot read the ids of workspaces")?;
    let directory = Arc::new(directory.with_own(store::OWN_WORKSPACE));
    for (name, id) in &args.workspace_ids {
        give_id(&directory, &store, name, id)?;
    }
    let anchors = Arc::new(anchoring.start(&vault)?);
    let audit: Arc<dyn AuditSink> = Arc::new(store.clone());
    let api = VaultApi {
        vault: vault.clone(),
        tokens: tokens.clone(),
        audit: audit.clone(),
        activities: Arc::new(store.clone()),
        clock: clock.clone(),
        // Kept here too: its threads end after the server has.
        anchors: anchors.clone(),
        own_workspace: store::OWN_WORKSPACE.to_string(),
        directory: directory.clone(),
        limits: api_vault::Limits::default(),
    };
    let engine = args.engine()?;
    let taking = api_ingest::routers(collecting(&args, &vault, &directory, &engine, &tokens, &store)?);
    let program = std::env::current_exe().context("cannot find this program, which reads files for the server")?;
    let columnar = Arc::new(Isolated::new(program, vec!["read-columns".to_string()]));
    let ingestion = Ingestion::new(vault.clone(), columnar);
    let databases = Arc::new(store::StoreDatabases::new(vault.clone()));
    let running = RunningQueries::new(clock.clone());
    let syslog = args.syslog.wanted(&vault, &store, &clock)?;
    let office = OfficeApi {
        vault: vault.clone(),
        engine: engine.clone(),
        databases: databases.clone(),
        directory: directory.clone(),
        tokens: tokens.clone(),
        audit: audit.clone(),
        activities: Arc::new(store.clone()),
        clock: clock.clone(),
        own_workspace: store::OWN_WORKSPACE.to_string(),
        tls: args.tls_cert.is_some(),
        limits: api_office::Limits { queries_max: args.limits().queries_max, ..api_office::Limits::default() },
    };
    let commands = Arc::new(Manager {
        vault,
        ingestion: ingestion.clone(),
        engine: engine.clone(),
        world: databases.clone(),
        queries: Arc::new(store::StoreQueries::new(running.clone(), clock.clone())),
        activities: Arc::new(store.clone()),
        started: starting.time,
        clock: clock.clone(),
        own_workspace: store::OWN_WORKSPACE.to_string(),
    });
    let applications = Arc::new(super::app::applications_of(&args.data, tokens.clone())?);
    let sign_ins = Arc::new(store.clone());
    let refusals = Arc::new(Refusals::new(sign_ins.clone(), tokens.clone(), clock.clone()));
    let oauth = OAuthApi { applications, sign_ins, clock: clock.clone(), tls: args.tls_cert.is_some() };
    let served = Served {
        databases,
        ingestion: Some(ingestion),
        running,
        commands: Some(commands),
        office: Some(office),
        directory,
        audit,
        tokens,
        engine,
        otlp_grpc: taking.otlp_grpc,
        refusals,
        syslog,
        routers: vec![api_vault::router(api), taking.http, api_oauth::router(oauth)],
    };
    let code = serve(&args, served, |url| {
        let more = Some(("address", url.to_string()));
        let started = starting.then(SystemClock.now_ticks(), ActivityStatus::Succeeded, more);
        store.seal_activity(&started).context("the server does not start without a record of it")
    });
    drop(carrier);
    code
}

/// Returns what the endpoints that take others' formats work with.
fn collecting(
    args: &ServeArgs,
    vault: &Arc<Vault>,
    directory: &Arc<Directory>,
    engine: &Engine,
    tokens: &Arc<Tokens>,
    store: &store::StoreAudit,
) -> anyhow::Result<IngestApi> {
    let rules = Rules::open(vault.clone(), directory.clone(), args.geo_database.is_some());
    let rules = Arc::new(rules.context("cannot read the data collection rules")?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let collector = Collector { vault: vault.clone(), rules, engine: engine.clone(), clock: clock.clone() };
    Ok(IngestApi {
        vault: vault.clone(),
        directory: directory.clone(),
        keys: Arc::new(SharedKeys::new(vault.clone())),
        collector: Arc::new(collector),
        tokens: tokens.clone(),
        activities: Arc::new(store.clone()),
        clock,
        tls: args.tls_cert.is_some(),
        // Links to queries have the root, where they lead somewhere.
        is_root_free: args.portal_url.is_none(),
        limits: api_ingest::Limits::default(),
    })
}

/// Takes `NAME=GUID` apart.
fn workspace_id(text: &str) -> Result<(String, String), String> {
    let (name, id) = text.split_once('=').ok_or("`NAME=GUID` is expected")?;
    Ok((name.to_string(), id.to_string()))
}

/// Gives a workspace an id, unless it has it.
fn give_id(directory: &Directory, store: &store::StoreAudit, name: &str, id: &str) -> anyhow::Result<()> {
    if directory.id(name).is_some_and(|had| had.to_string().eq_ignore_ascii_case(id)) {
        return Ok(());
    }
    let properties = vec![("id".to_string(), id.to_string())];
    let record = activities::activity(Operation::SetWorkspaceId, format!("workspaces/{name}"), properties);
    store.seal_activity(&record).context("no workspace gets an id without a record of it")?;
    let given = directory.give(name, id).with_context(|| format!("cannot give the workspace `{name}` an id"));
    store.seal_activity(&activities::ended(&record, &given))?;
    given.map(|_| ())
}

impl ServeArgs {
    /// Starts the engine that runs queries.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        let options = EngineOptions {
            max_memory: self.max_memory,
            cache_memory: self.cache_memory,
            geo_database: self.geo_database.clone(),
            ..EngineOptions::default()
        };
        Engine::new(options).context("cannot start the engine")
    }

    /// Opens the tokens in the folder. Where there are none yet, makes one of an owner's.
    pub fn tokens(&self) -> anyhow::Result<Arc<Tokens>> {
        let folder = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.data);
        folder.with_context(|| format!("cannot make {}", self.data.display()))?;
        let tokens = super::token::tokens_of(&self.data)?;
        if !tokens.path().exists() {
            let path = self.data.join("owner.token");
            let token = make_owner(&self.data, &tokens, &path)?;
            eprintln!("vidimus: the owner's token is in {}", path.display());
            if self.print_token {
                println!("{}", token.expose());
            }
        }
        if !self.allow_anonymous {
            return Ok(Arc::new(tokens));
        }
        if let Some(address) = self.addresses().find(|address| !address.ip().is_loopback()) {
            bail!("--allow-anonymous is for addresses of this machine only, and {address} is not");
        }
        eprintln!("vidimus: every program on this machine is let in as an owner");
        let anonymous = Principal {
            id: "anonymous".to_string(),
            name: "anonymous".to_string(),
            roles: vec![Role::Owner],
            workspaces: Workspaces::All,
        };
        Ok(Arc::new(tokens.with_anonymous(anonymous)))
    }

    /// Returns all addresses that are listened on.
    fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        [Some(self.listen), self.otlp_grpc].into_iter().flatten()
    }

    /// Returns what the record of a start says about it.
    fn properties(&self) -> Vec<(String, String)> {
        let text = |name: &str, value: String| (name.to_string(), value);
        vec![
            text("version", env!("CARGO_PKG_VERSION").to_string()),
            text("tls", self.tls_cert.is_some().to_string()),
            text("anonymous", self.allow_anonymous.to_string()),
            text("witnesses", self.anchors.witness_policy.is_some().to_string()),
            text("timestamps", self.anchors.timestamp_authority.is_some().to_string()),
        ]
        .into_iter()
        .chain(self.syslog.properties())
        .collect()
    }

    fn limits(&self) -> Limits {
        let limits = Limits::default();
        Limits { queries_max: self.max_queries.map_or(limits.queries_max, usize::from), ..limits }
    }

    /// Returns the server's certificate and key.
    fn tls_files(&self) -> Option<TlsFiles> {
        let (certificates, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        Some(TlsFiles { certificates, key })
    }

    fn http_options(&self) -> anyhow::Result<HttpOptions> {
        let tls = self.tls_files();
        let in_the_open = self.addresses().find(|address| !address.ip().is_loopback());
        if let Some(address) = in_the_open.filter(|_| tls.is_none() && !self.insecure_plain_http) {
            bail!(
                "{address} can be reached from other machines, and tokens would travel unencrypted: give --tls-cert and \
                 --tls-key, or allow it by --insecure-plain-http"
            );
        }
        Ok(HttpOptions { tls, ..HttpOptions::default() })
    }
}

/// Makes the token of an owner and writes it to a file that only the file's owner may read.
fn make_owner(data: &Path, tokens: &Tokens, path: &Path) -> anyhow::Result<Secret> {
    let failed = || format!("cannot write {}", path.display());
    // The file comes first: a token that nobody knows would be of no use.
    let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = options.with_context(failed)?;
    let grant = Grant { roles: vec![Role::Owner], workspaces: Workspaces::All, expires: None };
    let made = match super::token::create(data, tokens, "owner", grant) {
        Ok(made) => made,
        Err(error) => {
            // So that the next start can try again.
            std::fs::remove_file(path).with_context(failed)?;
            return Err(error).context("cannot make the owner's token");
        }
    };
    writeln!(file, "{}", made.text.expose()).and_then(|()| file.sync_all()).with_context(failed)?;
    Ok(made.text)
}
