//! Syslog beside what is served over HTTP: its listeners, its way into the store, and what is written down of both.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use api_ingest::syslog::{Intake, IntakeReport};
use audit::{ActivityRecord, ActivitySink, ActivityStatus, Operation};
use clap::Args;
use ingest::Vault;
use ipnet::IpNet;
use listeners::syslog::{
    Held, Outlet, Refusal, Senders, StreamLimits, StreamListener, SyslogTls, UdpListener, Watcher, queue,
};
use stdx::Clock;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::ServeArgs;
use super::refusals::Refusals;
use crate::activities::activity;
use crate::store;

/// Bytes of messages that wait, for datagrams and for connections.
const ROOM_BYTES: u32 = 16 << 20;
/// How long messages that were received may take to come into the store once the server stops.
const END_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is said what holds messages up.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Listening to syslog.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Syslog")]
pub struct SyslogArgs {
    /// Address and port to take syslog on over UDP.
    #[arg(long, value_name = "ADDRESS", requires = "syslog_workspace")]
    pub syslog_udp: Option<SocketAddr>,
    /// Address and port to take syslog on over TCP.
    #[arg(long, value_name = "ADDRESS", requires = "syslog_workspace")]
    pub syslog_tcp: Option<SocketAddr>,
    /// Address and port to take syslog on over TLS, with the server's certificate.
    #[arg(long, value_name = "ADDRESS", requires_all = ["syslog_workspace", "tls_cert"])]
    pub syslog_tls: Option<SocketAddr>,
    /// The workspace that syslog goes to.
    #[arg(long, value_name = "NAME")]
    pub syslog_workspace: Option<String>,
    /// A network, or an address, from which syslog is taken; may be given several times. By default only this machine.
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub syslog_from: Vec<IpNet>,
    /// Certificates of those who sign the certificates of senders over TLS, in PEM form. Whoever has one is let in, from any address.
    #[arg(long, value_name = "FILE", requires = "syslog_tls")]
    pub syslog_client_ca: Option<PathBuf>,
}

/// Reads a network, or an address, which is a network of one.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse::<IpNet>().or(address).map_err(|_| "a network such as `192.0.2.0/24` is expected")?;
    Ok(network.trunc())
}

impl SyslogArgs {
    /// Returns what is taken of syslog, if anything is.
    pub fn wanted(
        &self,
        vault: &Arc<Vault>,
        store: &store::StoreAudit,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Option<Syslog>> {
        if self.syslog_udp.or(self.syslog_tcp).or(self.syslog_tls).is_none() {
            return Ok(None);
        }
        let workspace = self.syslog_workspace.clone().context("--syslog-workspace says where syslog goes")?;
        if workspace == store::OWN_WORKSPACE {
            bail!("the workspace `{workspace}` is the server's own");
        }
        if vault.workspace(&workspace).is_none() {
            bail!("there is no workspace `{workspace}` for syslog; --workspace makes it");
        }
        let activities: Arc<dyn ActivitySink> = Arc::new(store.clone());
        Ok(Some(Syslog { vault: vault.clone(), workspace, activities, clock: clock.clone() }))
    }

    /// Returns what the record of a start says about it.
    pub fn properties(&self) -> Vec<(String, String)> {
        let listeners = [("UDP", self.syslog_udp), ("TCP", self.syslog_tcp), ("TLS", self.syslog_tls)];
        let listeners: Vec<String> =
            listeners.iter().filter_map(|(name, address)| address.map(|address| format!("{name} {address}"))).collect();
        if listeners.is_empty() {
            return Vec::new();
        }
        let from: Vec<String> = self.syslog_from.iter().map(IpNet::to_string).collect();
        let from = if from.is_empty() { "this machine".to_string() } else { from.join(", ") };
        vec![
            ("syslog".to_string(), listeners.join(", ")),
            ("syslogFrom".to_string(), from),
            ("syslogClientCertificates".to_string(), self.syslog_client_ca.is_some().to_string()),
            ("syslogWorkspace".to_string(), self.syslog_workspace.clone().unwrap_or_default()),
        ]
    }

    fn senders(&self) -> Senders {
        if self.syslog_from.is_empty() { Senders::this_machine() } else { Senders::new(self.syslog_from.clone()) }
    }
}

/// What takes syslog.
pub struct Syslog {
    vault: Arc<Vault>,
    workspace: String,
    activities: Arc<dyn ActivitySink>,
    clock: Arc<dyn Clock>,
}

/// Syslog whose addresses are taken.
pub struct Bound {
    syslog: Syslog,
    refusals: Arc<Refusals>,
    udp: Option<UdpListener>,
    streams: Vec<StreamListener>,
}

/// Syslog that is taken.
pub struct Running {
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    intake: JoinHandle<()>,
    held: Held,
    notes: Notes,
    writer: JoinHandle<()>,
}

impl Syslog {
    /// Takes the addresses, and prints them.
    pub async fn bind(self, args: &ServeArgs, refusals: Arc<Refusals>) -> anyhow::Result<Bound> {
        let (given, senders) = (&args.syslog, args.syslog.senders());
        let limits = StreamLimits::default();
        let (mut udp, mut streams) = (None, Vec::new());
        if let Some(address) = given.syslog_udp {
            let bound = UdpListener::bind(address, senders.clone(), limits.message_bytes_max).await;
            let bound = bound.context("cannot take syslog over UDP")?;
            say("UDP", bound.address())?;
            udp = Some(bound);
        }
        if let Some(address) = given.syslog_tcp {
            let bound = StreamListener::bind(address, None, senders.clone(), limits.clone()).await;
            let bound = bound.context("cannot take syslog over TCP")?;
            say("TCP", bound.address())?;
            streams.push(bound);
        }
        if let Some(address) = given.syslog_tls {
            let files = args.tls_files().context("syslog over TLS needs --tls-cert and --tls-key")?;
            let tls = SyslogTls { files, client_ca: given.syslog_client_ca.clone() };
            let bound = StreamListener::bind(address, Some(&tls), senders, limits).await;
            let bound = bound.context("cannot take syslog over TLS")?;
            say("TLS", bound.address())?;
            streams.push(bound);
        }
        Ok(Bound { syslog: self, refusals, udp, streams })
    }
}

/// Prints an address, for whoever started the server.
fn say(transport: &str, address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "vidimus: syslog over {transport} on {address}")
        .and_then(|()| out.flush())
        .context("cannot print the address")
}

impl Bound {
    /// Starts to take messages.
    pub fn start(self) -> Running {
        let Bound { syslog, refusals, udp, streams } = self;
        let Syslog { vault, workspace, activities, clock } = syslog;
        let (stop, stopped) = watch::channel(false);
        let ([datagrams, connections], inlet) = queue(ROOM_BYTES);
        let held = inlet.held();
        let (sender, records) = mpsc::unbounded_channel();
        let notes = Notes { records: sender, refusals };
        let writer = tokio::spawn(write(records, activities));
        let watcher: Arc<dyn Watcher> = Arc::new(notes.clone());
        let mut listeners = Vec::new();
        listeners.extend(udp.map(|udp| tokio::spawn(udp.serve(datagrams, watcher.clone(), stopped.clone()))));
        let serve = |stream: StreamListener, outlet: Outlet| {
            tokio::spawn(stream.serve(outlet, watcher.clone(), stopped.clone()))
        };
        listeners.extend(streams.into_iter().map(|stream| serve(stream, connections.clone())));
        let report = Arc::new(Stderr::default());
        let intake = Intake { vault, workspace, collector: host_name(), clock, report };
        let intake = tokio::spawn(intake.run(inlet));
        Running { stop, listeners, intake, held, notes, writer }
    }
}

impl Running {
    /// Accepts nothing more, and waits until what was received is taken, for so long; what is not is written down, as far as that is possible.
    pub async fn end(self) {
        let Running { stop, listeners, mut intake, held, notes, writer } = self;
        stop.send_replace(true);
        let all = async {
            for listener in listeners {
                let _ = listener.await;
            }
            let _ = (&mut intake).await;
        };
        if tokio::time::timeout(END_TIMEOUT, all).await.is_err() {
            let n = held.count();
            intake.abort();
            eprintln!("vidimus: {n} messages of syslog are lost: the store did not take them in time");
            notes.note("the store did not take them before the server stopped", n);
        }
        drop(notes);
        // Listeners that were left know the way there too.
        let _ = tokio::time::timeout(END_TIMEOUT, writer).await;
    }
}

/// Returns the name of this host.
fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_string()).unwrap_or_default()
}

/// Writes down what happens beside messages that are taken.
#[derive(Clone)]
struct Notes {
    records: mpsc::UnboundedSender<ActivityRecord>,
    refusals: Arc<Refusals>,
}

impl Notes {
    fn note(&self, why: &str, n: u64) {
        let properties =
            [("protocol", "syslog"), ("error", why)].map(|(name, value)| (name.to_string(), value.to_string()));
        let properties = properties.into_iter().chain([("count".to_string(), n.to_string())]).collect();
        let record = activity(Operation::DropMessages, "servers/vidimus".to_string(), properties);
        let _ = self.records.send(ActivityRecord { status: ActivityStatus::Failed, ..record });
    }
}

impl Watcher for Notes {
    fn refused(&self, refusal: Refusal) {
        // Few of them: one a minute for each sender, and so many senders.
        if let Some(record) = self.refusals.count_syslog(refusal) {
            let _ = self.records.send(record);
        }
    }

    fn dropped(&self, n: u64) {
        self.note("the kernel had no room for datagrams", n);
    }
}

/// Writes records until there are no more. Those of what is lost wait until the store has them.
async fn write(mut records: mpsc::UnboundedReceiver<ActivityRecord>, activities: Arc<dyn ActivitySink>) {
    while let Some(record) = records.recv().await {
        let is_loss = record.operation == Operation::DropMessages;
        while activities.record(record.clone()).await.is_err() && is_loss {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Says what holds messages up, now and then.
#[derive(Default)]
struct Stderr(Mutex<Option<Instant>>);

impl IntakeReport for Stderr {
    fn held_up(&self, why: &str) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= SAY_EVERY) {
            *last = Some(Instant::now());
            eprintln!("vidimus: syslog waits: {why}");
        }
    }
}
