//! `vidimus witness`: a witness of logs, for a machine that somebody else runs.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use ::witness::{Witness, create_key, read_key, router};
use anyhow::Context;
use clap::Args;
use listeners::http::{HttpListener, HttpOptions, TlsFiles};
use sequencer::storage::Disk;
use stdx::SystemClock;
use tlog::Policy;

/// Run a witness: cosign the checkpoints of logs as long as none contradicts an earlier one.
///
/// It speaks C2SP tlog-witness over HTTP.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    /// Folder of the witness: its key, and the last checkpoint of each log.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Make the witness's key under this name, such as witness.example/w1, and print its public part.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["listen", "log", "policy"])]
    create: Option<String>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
    /// Public key of a log to follow, in the form <name>+<id>+<key>; may be given several times.
    #[arg(long, value_name = "VKEY")]
    log: Vec<String>,
    /// File with the logs to follow, in the form of C2SP tlog-policy; its witnesses and its quorum do not matter.
    #[arg(long, value_name = "FILE", conflicts_with = "log")]
    policy: Option<PathBuf>,
    /// Certificate chain in PEM form, to speak TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM form.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: WitnessArgs) -> anyhow::Result<ExitCode> {
    if let Some(name) = &args.create {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).context("the operating system gives no random bytes")?;
        println!("{}", create_key(&args.dir, name, &secret)?);
        return Ok(ExitCode::SUCCESS);
    }
    let policy = policy(&args)?;
    let signer = read_key(&args.dir).context("`vidimus witness --dir DIR --create NAME` makes a key")?;
    let vkey = signer.verifier().to_string();
    let origins: Vec<String> = policy.logs().iter().map(|key| key.name().to_string()).collect();
    let storage = Disk::open(&args.dir).with_context(|| format!("cannot use `{}`", args.dir.display()))?;
    let witness = Witness::open(Arc::new(storage), Arc::new(SystemClock), signer, policy)?;
    let tls = args.tls_cert.zip(args.tls_key).map(|(certificates, key)| TlsFiles { certificates, key });
    let scheme = if tls.is_some() { "https" } else { "http" };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = HttpListener::bind(args.listen, HttpOptions { tls, ..HttpOptions::default() }).await?;
        eprintln!("{vkey}\nlistens on {scheme}://{} and follows {}", listener.address(), origins.join(", "));
        listener.serve(router(Arc::new(witness)), asked_to_stop()?).await;
        Ok(ExitCode::SUCCESS)
    })
}

fn policy(args: &WitnessArgs) -> anyhow::Result<Policy> {
    if let Some(path) = &args.policy {
        let text = read(path)?;
        return Policy::parse(&text).with_context(|| format!("`{}`", path.display()));
    }
    anyhow::ensure!(!args.log.is_empty(), "name the logs to follow with --log or --policy");
    let lines: String = args.log.iter().map(|vkey| format!("log {vkey}\n")).collect();
    Policy::parse(&format!("{lines}quorum none\n")).context("--log")
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Returns what is ready when Ctrl-C is pressed or the service is told to stop.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<()>();
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: WitnessArgs,
    }

    fn args(words: &[&str]) -> Result<WitnessArgs, String> {
        let command = Command::try_parse_from(std::iter::once(&"witness").chain(words));
        command.map(|command| command.args).map_err(|error| error.to_string())
    }

    #[test]
    fn logs_are_named_by_keys_or_by_a_policy() {
        let key = |name: &str, n| tlog::note::Signer::log(name, &[n; 32]).unwrap().verifier().to_string();
        let (one, two) = (key("log.example/1", 1), key("log.example/2", 2));
        let named = args(&["--dir", "w", "--log", &one, "--log", &two]).unwrap();
        assert!(named.listen.ip().is_loopback());
        assert_eq!(policy(&named).unwrap().logs().len(), 2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        std::fs::write(&path, format!("# ours\nlog {one} https://log.example/1\nquorum none\n")).unwrap();
        let from_file = args(&["--dir", "w", "--policy", path.to_str().unwrap()]).unwrap();
        assert_eq!(policy(&from_file).unwrap().logs().len(), 1);
        assert!(policy(&args(&["--dir", "w"]).unwrap()).is_err());
        assert!(policy(&args(&["--dir", "w", "--log", "log.example"]).unwrap()).is_err());
        assert!(args(&["--dir", "w", "--create", "w1", "--log", &one]).is_err());
        assert!(args(&["--log", &one]).is_err());
    }

    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        assert!(run(args(&["--dir", folder, "--create", "witness.example/w1"]).unwrap()).is_ok());
        assert_eq!(read_key(Path::new(folder)).unwrap().verifier().name(), "witness.example/w1");
        assert!(run(args(&["--dir", folder, "--create", "witness.example/w1"]).unwrap()).is_err());
    }
}
