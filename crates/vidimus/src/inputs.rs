//! Log files from the command line as the tables of a query.

use anyhow::Context;
use clap::Args;
use files::{Input, Options, Progress, Table, WarningReport, Warnings};
use query::{FileAccess, Tables, file_table};
use std::{collections::HashSet, path::PathBuf, sync::Arc};

/// Where rows come from.
#[derive(Debug, Clone, Default, Args)]
pub struct InputArgs {
    /// Files, folders and patterns (`logs/*.json.gz`); a file's name is its table's name. `-` is standard input.
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// Read a path as the table of this name.
    #[arg(long = "table", value_name = "NAME=PATH")]
    pub tables: Vec<String>,
    /// Folder of further table schemas, a `<Table>.toml` each; they go before the built-in ones.
    #[arg(long, value_name = "FOLDER")]
    pub table_schemas: Option<PathBuf>,
}

/// Opened files.
pub struct Opened {
    pub tables: Arc<Tables>,
    /// Name, columns and bytes of each table, in the order given.
    pub files: Vec<Table>,
    pub progress: Arc<Progress>,
    warnings: Warnings,
}

impl Opened {
    /// Returns the same files as the tables of a further query, whose progress is counted from nothing.
    pub fn again(&self) -> (Arc<Tables>, Arc<Progress>) {
        let progress = Arc::new(Progress::default());
        (Arc::new(tables(&self.files, &self.warnings, &progress)), progress)
    }

    /// Returns what was found wrong in the files so far.
    pub fn warnings(&self) -> WarningReport {
        self.warnings.report()
    }
}

/// Opens the files that the arguments name.
pub fn open(args: &InputArgs) -> anyhow::Result<Opened> {
    open_without(args, HashSet::new())
}

/// As [`open`], without some of the files and members of archives, by what messages call them.
pub fn open_without(args: &InputArgs, without: HashSet<String>) -> anyhow::Result<Opened> {
    let mut inputs: Vec<Input> = args.paths.iter().map(Input::path).collect();
    for spec in &args.tables {
        inputs.push(Input::named(spec)?);
    }
    let mut options = Options { without, ..Options::default() };
    if let Some(folder) = &args.table_schemas {
        options.tables = files::table_schemas(folder).context("cannot read the table schemas")?;
    }
    let files = files::open(&inputs, &options).context("cannot open the logs")?;
    let progress = Arc::new(Progress::default());
    let warnings = files.first().map(|table| table.warnings().clone()).unwrap_or_default();
    let tables = tables(&files, &warnings, &progress);
    Ok(Opened { tables: Arc::new(tables), files, progress, warnings })
}

fn tables(files: &[Table], warnings: &Warnings, progress: &Arc<Progress>) -> Tables {
    let mut tables = Tables::default();
    // Whoever runs the command may read these files anyway.
    tables.allow_files(FileAccess { warnings: warnings.clone(), progress: progress.clone() });
    for table in files {
        tables.add(table.name(), file_table(table.clone(), progress.clone()));
    }
    tables
}

/// Prints what was wrong in the files: the first findings and how many there were of each kind.
pub fn print_warnings(report: &WarningReport) {
    if report.is_empty() {
        return;
    }
    for warning in &report.first {
        eprintln!("warning: {warning}");
    }
    let skipped = report.rows_skipped();
    let mut counts = Vec::new();
    for count in &report.counts {
        let column = count.column.as_ref().map(|column| format!(" (`{column}`)")).unwrap_or_default();
        counts.push(format!("{} × {}{column}", count.count, count.reason.text()));
    }
    eprintln!("warning: {} in all, {skipped} rows skipped: {}", report.total(), counts.join("; "));
}
