//! A month of an invented company's logs, each in the format in which it is exported, and a guided tour of queries over
//! them.
//!
//! ```text
//! seed, scale, end ─► Company (people, days) + Story (who does what when) ─► tables/<table>.rs ─► files, a day at a time
//!                                                       └► Planted: what a query must find ─► truth.json, tour()
//! ```
//!
//! The same seed, scale and end give the same bytes. All names are invented; domains end in `.example`, public addresses
//! come from the ranges kept for documentation (RFC 5737, RFC 3849), autonomous systems from those of RFC 5398.

mod company;
mod csv;
mod day_log;
mod dice;
mod json;
mod story;
mod tables;
mod tour;
mod truth;

pub use tour::{Step, tour};
pub use truth::Planted;

use company::Company;
use dice::Dice;
use schema::ticks;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use story::Story;
use tables::{TABLES, TableFile};

/// Days that the logs cover.
const DAYS: i64 = 30;
/// The file of what is planted.
const TRUTH: &str = "truth.json";
/// The largest scale: about 100 GB of logs.
const SCALE_MAX: f64 = 1000.0;

/// Why the logs were not written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The caller's scale is no usable number.
    #[error("the scale `{scale}` is not above 0 and at most {SCALE_MAX}")]
    Scale { scale: f64 },
    /// The caller's end leaves no room for a month before it.
    #[error("the logs cannot end at that instant: a month before it is out of the range of a datetime")]
    End,
    /// The caller's folder holds files that are not the demo's and that it could overwrite.
    #[error("the folder `{}` is not empty and no demo wrote it", path.display())]
    Occupied { path: PathBuf },
    /// The operating system refused.
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    pub name: &'static str,
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub company: &'static str,
    /// First and last instant that the logs cover, in ticks; the last is outside.
    pub start: i64,
    pub end: i64,
    pub people: usize,
    pub files: Vec<FileSummary>,
    pub planted: Vec<Planted>,
}

/// Writes the logs of the 30 whole days that end at midnight (UTC) before or at `end` into a folder, which is made if it
/// is missing, and beside them `truth.json`: what is planted in them. Scale 1 is a company of 240 people and about
/// 100 MB.
///
/// # Errors
/// `Scale`, `End` and `Occupied` are the caller's; `Write` the environment's.
pub fn write(folder: &Path, seed: u64, scale: f64, end: i64) -> Result<Summary, DemoError> {
    if !(scale > 0.0 && scale <= SCALE_MAX) {
        return Err(DemoError::Scale { scale });
    }
    let last_day = end.div_euclid(ticks::DAY);
    let first_day = last_day - DAYS;
    if first_day < 1 || end > ticks::DATETIME_MAX {
        return Err(DemoError::End);
    }
    let truth = folder.join(TRUTH);
    claim(folder, &truth)?;
    let company = Company::new(seed, scale, first_day, DAYS);
    let story = Story::new(&company);
    let (files, planted) = write_tables(folder, seed, &company, &story)?;
    truth::write(&truth, &planted).map_err(|source| DemoError::Write { path: truth, source })?;
    Ok(Summary {
        company: company::NAME,
        start: first_day * ticks::DAY,
        end: last_day * ticks::DAY,
        people: company.people.len(),
        files,
        planted,
    })
}

/// Makes the folder, or takes one that is empty or that a demo wrote before: it holds the file of what is planted, which
/// is therefore made first.
fn claim(folder: &Path, truth: &Path) -> Result<(), DemoError> {
    let failed = |source| DemoError::Write { path: folder.to_path_buf(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    if truth.exists() {
        return Ok(());
    }
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(DemoError::Occupied { path: folder.to_path_buf() });
    }
    truth::write(truth, &[]).map_err(|source| DemoError::Write { path: truth.to_path_buf(), source })
}

type Written = (FileSummary, Vec<Planted>);

/// Writes all tables, several at a time; each has dice of its own, so that none depends on the others' order.
fn write_tables(
    folder: &Path,
    seed: u64,
    company: &Company,
    story: &Story,
) -> Result<(Vec<FileSummary>, Vec<Planted>), DemoError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Written, DemoError>)>> = Mutex::new(Vec::new());
    let work = || {
        loop {
            let idx = next.fetch_add(1, Ordering::Relaxed);
            let Some(table) = TABLES.get(idx) else { break };
            let dice = Dice::new(seed, table.file);
            let path = folder.join(table.file);
            let written = write_table(&path, table, company, story, dice)
                .map_err(|source| DemoError::Write { path: path.clone(), source });
            done.lock().unwrap_or_else(PoisonError::into_inner).push((idx, written));
        }
    };
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(TABLES.len());
    std::thread::scope(|scope| {
        for _ in 1..n_threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(idx, _)| *idx);
    let (mut files, mut planted) = (Vec::new(), Vec::new());
    for (_, written) in done {
        let (file, found) = written?;
        files.push(file);
        planted.extend(found);
    }
    Ok((files, planted))
}

fn write_table(
    path: &Path,
    table: &TableFile,
    company: &Company,
    story: &Story,
    dice: Dice,
) -> std::io::Result<Written> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let output = (table.write)(company, story, dice, &mut out)?;
    out.flush()?;
    let bytes = std::fs::metadata(path)?.len();
    Ok((FileSummary { name: table.file, rows: output.rows, bytes }, output.planted))
}

#[cfg(test)]
mod tests;
