//! `vidimus query`: KQL over files, in one command.

use crate::inputs::{InputArgs, open, print_warnings};
use crate::remote::{self, Question, Refusal, Server};
use crate::runner::{Failure, Runner, on_deep_stack};
use crate::show::{self, Show, Ticker};
use crate::{batch, draw};
use anyhow::{Context, bail};
use clap::Args;
use encode::Format;
use query::{Engine, EngineOptions};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use stdx::Cancel;

/// Run KQL over log files.
///
/// vidimus query 'SigninLogs | summarize count() by ResultType' SigninLogs.json
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The query. Left out with --file, --batch and --schema, where every argument is a path.
    #[arg(value_name = "QUERY")]
    query: Option<String>,
    #[command(flatten)]
    inputs: InputArgs,
    /// Read the query from a file.
    #[arg(long, short = 'f', value_name = "FILE")]
    file: Option<PathBuf>,
    /// table, json, jsonl, csv, tsv, markdown, parquet, arrow, xlsx, kusto-v1 or kusto-v2; by default that of the output
    /// file's extension, else table.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Write the result to a file.
    #[arg(long, short = 'o', value_name = "FILE")]
    output: Option<PathBuf>,
    /// Value of a declared query parameter.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Print the tables' columns instead of running a query.
    #[arg(long)]
    schema: bool,
    /// Print how the query is understood and run, stage by stage, instead of running it.
    #[arg(long)]
    explain: bool,
    /// Answer JSON lines `{"id", "query"}` from standard input, one JSON line each.
    #[arg(long)]
    batch: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// A server to ask instead of files.
#[derive(Debug, Args)]
struct ServerArgs {
    /// Ask a server, such as https://logs.example.org, instead of files.
    #[arg(long, value_name = "URL", conflicts_with_all = ["batch", "schema", "explain", "tables", "table_schemas"])]
    server: Option<String>,
    /// The server's database.
    #[arg(long, value_name = "NAME", requires = "server")]
    database: Option<String>,
    /// File that holds the token to sign in with; by default it is taken from the environment's VIDIMUS_TOKEN.
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// Send no token, to a server that lets every program of this machine in.
    #[arg(long, requires = "server", conflicts_with = "token_file")]
    anonymous: bool,
    /// Certificates, in PEM form, that the server's may lead to; by default those of the system.
    #[arg(long, value_name = "FILE", requires = "server")]
    tls_ca: Option<PathBuf>,
    /// Send the token even where others may read it on its way.
    #[arg(long, requires = "server")]
    insecure_plain_http: bool,
}

/// What a query may use.
#[derive(Debug, Clone, Args)]
pub struct LimitArgs {
    /// Working memory of a query; what needs more goes to disk, or fails.
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = bytes)]
    pub max_memory: u64,
    /// Stop a query after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u64,
    /// What now() gives, such as 2026-05-31T00:00:00Z; the clock's time by default.
    #[arg(long, value_name = "DATETIME", value_parser = instant)]
    pub now: Option<i64>,
    /// MaxMind database for geo_info_from_ip_address().
    #[arg(long, value_name = "FILE")]
    pub geo_database: Option<PathBuf>,
}

impl LimitArgs {
    /// Starts an engine with these limits.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        let options = EngineOptions {
            max_memory: self.max_memory,
            timeout: Some(Duration::from_secs(self.timeout)),
            geo_database: self.geo_database.clone(),
            ..EngineOptions::default()
        };
        Engine::new(options).context("cannot start the engine")
    }
}

/// Reads a size: a number with B, KB, KiB, MB, MiB, GB or GiB.
pub fn bytes(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale: u64 = match unit.trim() {
        "" | "B" => 1,
        "KB" => 1000,
        "KiB" | "K" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" | "M" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" | "G" => 1 << 30,
        other => return Err(format!("`{other}` is no unit: B, KiB, MiB or GiB")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no size, such as 512MiB or 2GiB"))?;
    number.checked_mul(scale).ok_or_else(|| format!("`{text}` is too large"))
}

/// Reads a time that passes, such as 500ms, 30s or 1h; it is not zero.
pub fn duration(text: &str) -> Result<Duration, String> {
    let ticks = schema::ticks::parse_timespan(text).and_then(|ticks| u64::try_from(ticks).ok());
    let has_unit = text.ends_with(|c: char| c.is_ascii_alphabetic()) || text.contains(':');
    let ticks = ticks.filter(|ticks| *ticks > 0 && has_unit);
    let ticks = ticks.ok_or_else(|| format!("`{text}` is no time, such as 500ms, 30s or 1h"))?;
    Ok(Duration::from_nanos(ticks.saturating_mul(100)))
}

/// Reads a date.
pub fn instant(text: &str) -> Result<i64, String> {
    schema::ticks::parse_datetime(text).ok_or_else(|| format!("`{text}` is no date, such as 2026-05-31T00:00:00Z"))
}

/// Runs the command.
pub fn run(mut args: QueryArgs) -> anyhow::Result<ExitCode> {
    // Without a query of its own, the first argument is a path like the others.
    if (args.file.is_some() || args.batch || args.schema)
        && let Some(path) = args.query.take()
    {
        args.inputs.paths.insert(0, path);
    }
    if let Some(url) = args.server.server.take() {
        return ask(&url, &args);
    }
    let opened = open(&args.inputs)?;
    if args.schema {
        for table in &opened.files {
            println!("{}", super::schema::text(table.name(), table.columns()));
        }
        print_warnings(&opened.warnings());
        return Ok(ExitCode::SUCCESS);
    }
    let parameters = args.parameters()?;
    let runner =
        Runner { engine: args.limits.engine()?, tables: opened.tables.clone(), parameters, now: args.limits.now };
    if args.batch {
        let timeout = Duration::from_secs(args.limits.timeout);
        batch::serve(timeout, move |case, cancel| batch::answer_query(&runner, case, cancel))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (text, show) = (args.text()?, args.show()?);
    let code = execute(&runner, &text, &show, args.explain, opened.progress.clone())?;
    print_warnings(&opened.warnings());
    Ok(code)
}

/// Asks a server and shows what it answers.
fn ask(url: &str, args: &QueryArgs) -> anyhow::Result<ExitCode> {
    if !args.inputs.paths.is_empty() {
        bail!("`{}` is a file: --server asks a server's tables only", args.inputs.paths.join(" "));
    }
    let (text, show) = (args.text()?, args.show()?);
    let server = Server {
        url: url.to_string(),
        token: remote::token(args.server.token_file.as_deref(), args.server.anonymous)?,
        ca: args.server.tls_ca.clone(),
        plain_allowed: args.server.insecure_plain_http,
    };
    let question = Question {
        database: args.server.database.clone(),
        query: text.clone(),
        parameters: args.parameters()?,
        timeout: Duration::from_secs(args.limits.timeout),
        now: args.limits.now,
        is_whole: false,
    };
    let cancel = Cancel::default();
    let _stop = crate::interrupt::cancels(&cancel);
    match server.ask(question, &cancel) {
        Ok(answer) => {
            show::result(answer.visualization.clone(), answer, &show)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Refusal::Wrong(findings)) => {
            eprint!("{}", draw::findings(&text, &findings));
            Ok(ExitCode::FAILURE)
        }
        Err(Refusal::Failed(error)) => Err(error),
    }
}

impl QueryArgs {
    /// Returns the query's text.
    fn text(&self) -> anyhow::Result<String> {
        match (&self.file, &self.query) {
            (Some(path), _) => {
                std::fs::read_to_string(path).with_context(|| format!("cannot read the query {}", path.display()))
            }
            (None, Some(text)) => Ok(text.clone()),
            (None, None) => bail!("no query: give it as the first argument or by --file"),
        }
    }

    /// Returns the values of query parameters.
    fn parameters(&self) -> anyhow::Result<Vec<(String, String)>> {
        let split = |param: &String| {
            let (name, value) =
                param.split_once('=').with_context(|| format!("`--param {param}`: write NAME=VALUE"))?;
            Ok((name.to_string(), value.to_string()))
        };
        self.params.iter().map(split).collect()
    }

    /// Returns how the result is to be shown.
    fn show(&self) -> anyhow::Result<Show> {
        let format = format_of(self.format.as_deref(), self.output.as_ref())?;
        if self.output.is_none() && !format.is_text() && show::terminal_width().is_some() {
            bail!("the format {} is not text: give a file by --output", format.name());
        }
        Ok(Show { format, output: self.output.clone() })
    }
}

/// What became of a query.
pub enum Outcome {
    /// Its result was shown, or how it is understood.
    Shown { rows: u64 },
    /// Its text is wrong; the diagnostics were shown.
    Wrong,
}

/// Runs one query and shows its result or what is wrong with it.
pub fn execute(
    runner: &Runner,
    text: &str,
    show: &Show,
    explain: bool,
    progress: std::sync::Arc<files::Progress>,
) -> anyhow::Result<ExitCode> {
    match execute_after(runner, "", text, show, explain, progress)? {
        Outcome::Shown { .. } => Ok(ExitCode::SUCCESS),
        Outcome::Wrong => Ok(ExitCode::FAILURE),
    }
}

/// As [`execute`], for a query that follows statements which were given earlier.
pub fn execute_after(
    runner: &Runner,
    before: &str,
    query: &str,
    show: &Show,
    explain: bool,
    progress: std::sync::Arc<files::Progress>,
) -> anyhow::Result<Outcome> {
    let text = &format!("{before}{query}");
    let cancel = Cancel::default();
    let _stop = crate::interrupt::cancels(&cancel);
    let ticker = Ticker::start(progress);
    let answered =
        on_deep_stack(
            || if explain { runner.explain(text).map(Ok) } else { runner.start(text, cancel.clone()).map(Err) },
        );
    let answered = answered.map_err(|panic| anyhow::anyhow!("internal error: {panic}"))?;
    let done = match answered {
        Ok(Ok(stages)) => {
            for (stage, text) in stages {
                println!("== {stage}\n{}\n", text.trim_end());
            }
            Ok(Outcome::Shown { rows: 0 })
        }
        Ok(Err(answer)) => {
            if !answer.warnings.is_empty() {
                eprint!("{}", draw::diagnostics_after(before, query, &answer.warnings));
            }
            show::result(answer.visualization(), answer.pieces(), show).map(|rows| Outcome::Shown { rows })
        }
        Err(Failure::Diagnostics(diagnostics)) => {
            eprint!("{}", draw::diagnostics_after(before, query, &diagnostics));
            Ok(Outcome::Wrong)
        }
        Err(Failure::Run(error)) => Err(show::chain(&error)),
    };
    drop(ticker);
    done
}

/// Returns the format that was asked for by name, by the output's extension, or the table.
pub fn format_of(name: Option<&str>, output: Option<&PathBuf>) -> anyhow::Result<Format> {
    if let Some(name) = name {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        return Format::from_name(name)
            .with_context(|| format!("`{name}` is no format: there are {}", names.join(", ")));
    }
    let by_extension = output.and_then(|path| Format::from_path(&path.to_string_lossy()));
    Ok(by_extension.unwrap_or(Format::Table))
}
