//! Results to a terminal or a file.

use crate::evidence::check_new;
use anyhow::Context;
use arrow::array::RecordBatch;
use encode::{Format, ResultTable, Statistics, Visualization, encoder};
use files::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schema::Column;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempPath;

/// How a result is shown.
pub struct Show {
    pub format: Format,
    /// A file; standard output when `None`.
    pub output: Option<std::path::PathBuf>,
}

/// Returns the width of the terminal, when output goes to one.
pub fn terminal_width() -> Option<usize> {
    std::io::stdout()
        .is_terminal()
        .then(|| terminal_size::terminal_size().map_or(120, |(width, _)| usize::from(width.0)))
}

/// Shows progress on standard error from one second on, until dropped.
pub struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ticker {
    /// Starts to show what `progress` counts.
    pub fn start(progress: Arc<Progress>) -> Ticker {
        let stop = Arc::new(AtomicBool::new(false));
        if !std::io::stderr().is_terminal() {
            return Ticker { stop, thread: None };
        }
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            let mut bar: Option<ProgressBar> = None;
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
                if begun.elapsed() < Duration::from_secs(1) {
                    continue;
                }
                let bar = bar.get_or_insert_with(|| {
                    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg} {elapsed}");
                    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
                    if let Ok(style) = style {
                        bar.set_style(style);
                    }
                    bar
                });
                bar.set_length(progress.bytes_total().max(1));
                bar.set_position(progress.bytes());
                bar.set_message(format!("{} rows", progress.rows()));
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        Ticker { stop, thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The thread only draws; that it failed changes no result.
            thread.join().unwrap_or(());
        }
    }
}

/// A piece of a result: tables one after the other, each with its batches.
pub enum Piece {
    Table { name: String, columns: Vec<Column> },
    Batch(RecordBatch),
    EndOfTable,
}

/// Writes a result. Returns the number of rows.
pub fn result(
    visualization: Option<Visualization>,
    pieces: impl Iterator<Item = anyhow::Result<Piece>>,
    show: &Show,
) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let (out, target) = open_output(show.output.as_deref())?;
    let draws = show.format == Format::Table && visualization.is_some() && show.output.is_none();
    let width = if show.format == Format::Table { terminal_width() } else { None };
    let options = encode::Options { width, visualization: visualization.clone(), ..encode::Options::default() };
    let mut encoder = encoder(show.format, &options, out);
    let mut rows = 0u64;
    let mut charts: Vec<ResultTable> = Vec::new();
    for piece in pieces {
        match piece {
            Ok(Piece::Table { name, columns }) if draws => {
                charts.push(ResultTable { name, columns, batches: Vec::new() });
            }
            Ok(Piece::Table { name, columns }) => encoder.begin_table(&name, &columns)?,
            Ok(Piece::Batch(batch)) => {
                rows += batch.num_rows() as u64;
                match charts.last_mut() {
                    Some(table) => table.batches.push(batch),
                    None => encoder.batch(&batch)?,
                }
            }
            Ok(Piece::EndOfTable) if draws => {}
            Ok(Piece::EndOfTable) => encoder.end_table()?,
            Err(error) => {
                encoder.fail("VQ103", &error.to_string())?;
                return Err(error);
            }
        }
    }
    for table in &charts {
        let drawn = match &visualization {
            Some(visualization) => encode::chart::draw(table, visualization, terminal_width().unwrap_or(100))?,
            None => None,
        };
        match drawn {
            Some(text) => println!("{}", text.trim_end()),
            None => {
                encoder.begin_table(&table.name, &table.columns)?;
                table.batches.iter().try_for_each(|batch| encoder.batch(batch))?;
                encoder.end_table()?;
            }
        }
    }
    encoder.finish(&Statistics { seconds: begun.elapsed().as_secs_f64(), ..Statistics::default() })?;
    drop(encoder);
    if let Some(target) = target {
        target.keep()?;
    }
    Ok(rows)
}

/// A file that takes its place only when it is whole: a query that fails or a program that is killed leaves what stood there.
pub struct Target {
    path: PathBuf,
    unfinished: TempPath,
    is_new: bool,
}

impl Target {
    /// Puts the file in its place and returns its bytes; where it must be new, and something has appeared there meanwhile, that is left.
    pub fn keep(self) -> anyhow::Result<u64> {
        let failed = || format!("cannot write {}", self.path.display());
        let file = std::fs::File::open(&self.unfinished).with_context(failed)?;
        let bytes = file.sync_all().and_then(|()| file.metadata()).with_context(failed)?.len();
        let kept = match self.is_new {
            true => self.unfinished.persist_noclobber(&self.path),
            false => self.unfinished.persist(&self.path),
        };
        kept.map_err(|error| error.error).with_context(failed)?;
        Ok(bytes)
    }
}

/// Opens a file that must not be there yet.
pub fn new_output(path: &Path) -> anyhow::Result<(Box<dyn Write + Send>, Target)> {
    check_new(path)?;
    let (out, target) = unfinished(path.to_path_buf())?;
    Ok((out, Target { is_new: true, ..target }))
}

/// Opens what a result is written to. What is no regular file, such as a pipe, is written to as it is.
fn open_output(path: Option<&Path>) -> anyhow::Result<(Box<dyn Write + Send>, Option<Target>)> {
    let Some(path) = path else { return Ok((Box::new(BufWriter::new(std::io::stdout())), None)) };
    let failed = || format!("cannot write {}", path.display());
    // A link is followed: what it points at is replaced, not the link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if path.exists() && !path.is_file() {
        let file = std::fs::OpenOptions::new().write(true).open(&path).with_context(failed)?;
        return Ok((Box::new(BufWriter::new(file)), None));
    }
    let (out, target) = unfinished(path)?;
    Ok((out, Some(target)))
}

/// Opens a file beside the one whose place it takes.
fn unfinished(path: PathBuf) -> anyhow::Result<(Box<dyn Write + Send>, Target)> {
    let failed = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let unfinished = tempfile::Builder::new()
        .prefix(&name)
        .suffix(".unfinished")
        .permissions(output_permissions(&path))
        .tempfile_in(folder)
        .with_context(failed)?;
    let (file, unfinished) = unfinished.into_parts();
    Ok((Box::new(BufWriter::new(file)), Target { path, unfinished, is_new: false }))
}

/// The permissions of the file that is replaced, or those that a new file gets, which the process's mask narrows.
fn output_permissions(path: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).map_or_else(|_| PermissionsExt::from_mode(0o666), |meta| meta.permissions())
}

/// Returns an error with its causes as one text.
pub fn chain(error: &dyn std::error::Error) -> anyhow::Error {
    let mut text = error.to_string();
    if std::env::var_os("VIDIMUS_DEBUG").is_some() {
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
    }
    anyhow::anyhow!(text)
}
