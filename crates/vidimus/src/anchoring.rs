//! Whom a server's logs are tied to: witnesses, a timestamp authority, and how often.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anchors::tsa::Authority;
use anchors::{TimestampOptions, Timestamps, Transport, WitnessOptions, Witnesses, ask_witnesses};
use anyhow::{Context, bail};
use api_vault::Anchors;
use clap::Args;
use ingest::Vault;
use sequencer::Claim;
use sequencer::storage::Disk;
use stdx::Rng;
use tlog::Policy;
use witness::HttpTransport;

use crate::commands::query::duration;

/// Witnesses and timestamps of a server.
#[derive(Debug, Clone, Args)]
pub struct AnchorArgs {
    /// File with the witnesses that cosign the logs, where they are and how many make a quorum, as C2SP tlog-policy.
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
    /// Start only if every witness of the policy says what it knows of the logs, so that an old copy of the data is always noticed.
    #[arg(long, requires = "witness_policy")]
    pub require_witnesses: bool,
    /// Shortest time between two checkpoints of a log that witnesses are asked about when nobody waits.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, requires = "witness_policy")]
    pub witness_every: Duration,
    /// How long one request to a witness or to the timestamp authority may take.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub anchor_timeout: Duration,
    /// How long records that are sent with `Vidimus-Ack: witnessed` wait for a quorum.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, requires = "witness_policy")]
    pub witness_wait: Duration,
    /// Address of an authority that timestamps checkpoints (RFC 3161).
    #[arg(long, value_name = "URL", requires = "timestamp_roots")]
    pub timestamp_authority: Option<String>,
    /// Certificates, in PEM form, to which those of the authority must lead.
    #[arg(long, value_name = "FILE", requires = "timestamp_authority")]
    pub timestamp_roots: Option<PathBuf>,
    /// Shortest time between two timestamps of a log.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration, requires = "timestamp_authority")]
    pub timestamp_every: Duration,
    /// How long a timestamp authority that failed is left alone.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration, requires = "timestamp_authority")]
    pub timestamp_retry: Duration,
}

/// The same, read and ready to be started.
pub struct Anchoring {
    args: AnchorArgs,
    policy: Option<Policy>,
    authority: Option<(String, Authority)>,
    transport: Arc<dyn Transport>,
}

impl Anchoring {
    /// Reads the files that the arguments name.
    pub fn read(args: &AnchorArgs) -> anyhow::Result<Anchoring> {
        let policy = args.witness_policy.as_deref().map(read_policy).transpose()?;
        let authority = match (&args.timestamp_authority, &args.timestamp_roots) {
            (Some(url), Some(roots)) => {
                let pem = std::fs::read(roots).with_context(|| format!("cannot read {}", roots.display()))?;
                let authority = Authority::from_pem(&pem, b"").with_context(|| roots.display().to_string())?;
                Some((url.clone(), authority))
            }
            _ => None,
        };
        let transport = Arc::new(HttpTransport::new(args.anchor_timeout));
        Ok(Anchoring { args: args.clone(), policy, authority, transport })
    }

    /// Asks the witnesses what they know of the logs in a folder. Those that do not say are named.
    pub fn claims(&self, data: &Path) -> anyhow::Result<BTreeMap<String, Vec<Claim>>> {
        let Some(policy) = &self.policy else { return Ok(BTreeMap::new()) };
        let storage = Disk::open(data).with_context(|| format!("cannot use {}", data.display()))?;
        let asked = ask_witnesses(&storage, policy, &*self.transport);
        for (witness, why) in &asked.errors {
            eprintln!("vidimus: the witness `{witness}` does not say what it knows: {why}");
        }
        if self.args.require_witnesses && !asked.errors.is_empty() {
            bail!("--require-witnesses: {} of the witnesses did not say what they know", asked.errors.len());
        }
        Ok(asked.claims)
    }

    /// Starts to carry what a store publishes to its witnesses and its authority.
    pub fn start(self, vault: &Vault) -> anyhow::Result<Anchors> {
        let AnchorArgs { witness_every, witness_wait, timestamp_every, timestamp_retry, .. } = self.args;
        let witnesses = self.policy.map(|policy| {
            let options = WitnessOptions { every: witness_every, ..WitnessOptions::default() };
            Witnesses::start(vault.storage(), vault.publications(), policy, self.transport.clone(), options)
        });
        let witnesses = witnesses.transpose().context("cannot start to ask the witnesses")?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).context("the operating system gives no random bytes")?;
        let timestamps = self.authority.map(|(url, authority)| {
            let options = TimestampOptions { url, authority, every: timestamp_every, retry: timestamp_retry };
            let rng = Rng::from_seed(u64::from_le_bytes(seed));
            Timestamps::start(vault.storage(), vault.publications(), self.transport.clone(), options, rng)
        });
        let timestamps = timestamps.transpose().context("cannot start to ask for timestamps")?;
        Ok(Anchors { witnesses, timestamps, witness_wait })
    }
}

/// Reads a policy that names witnesses.
fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Policy::parse(&text).with_context(|| path.display().to_string())
}
