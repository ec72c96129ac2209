//! Files as the tables that they name: a table is made with the columns of its files, and their rows are sent as they are.

use super::{CHUNK_BYTES, Chunk, Name, Summary, Target, chunk_name, send};
use anyhow::{Context, bail};
use encode::{Format, Statistics};
use files::{Progress, Table};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// Bytes of a request at most: a record that is longer is refused here, by its file and line.
const CHUNK_BYTES_MAX: usize = 30 << 20;

/// Makes a table and sends it its rows.
pub fn import(target: &Target<'_>, table: &Table, progress: &Arc<Progress>) -> anyhow::Result<Summary> {
    let columns: Vec<Value> =
        table.columns().iter().map(|column| json!({ "name": column.name, "type": column.ktype.name() })).collect();
    let body = json!({ "columns": columns }).to_string().into_bytes();
    let path = format!("tables/{}", table.name());
    let made = target.server.call("PUT", &target.path(&path), &[], body)?.accepted();
    made.with_context(|| format!("cannot make the table `{}`", table.name()))?;
    let summary = send(target, |chunks| read(table, &format!("{path}/records"), progress, chunks));
    summary.with_context(|| format!("cannot import into the table `{}`", table.name()))
}

/// Cuts a table's records into chunks.
fn read(table: &Table, path: &str, progress: &Arc<Progress>, chunks: &SyncSender<Chunk>) -> anyhow::Result<()> {
    if let Some(files) = table.json_lines(progress)? {
        for (label, reader) in files {
            read_lines(&label, path, BufReader::with_capacity(1 << 20, reader), chunks)?;
        }
        return Ok(());
    }
    let mut n = 0;
    for part in table.partitions(1) {
        for batch in table.read(&part, None, progress) {
            let mut body = Vec::new();
            let mut encoder = encode::encoder(Format::JsonLines, &encode::Options::default(), Box::new(&mut body));
            encoder.begin_table(table.name(), table.columns())?;
            encoder.batch(&batch?)?;
            encoder.end_table()?;
            encoder.finish(&Statistics::default())?;
            drop(encoder);
            let name = format!("import:{}:{n}", table.name());
            if chunks.send(Chunk { path: path.to_string(), name, body, n_records: None }).is_err() {
                return Ok(());
            }
            n += 1;
        }
    }
    Ok(())
}

/// Cuts a file of lines into chunks that end with a line.
fn read_lines(label: &str, path: &str, mut reader: impl BufRead, chunks: &SyncSender<Chunk>) -> anyhow::Result<()> {
    let mut at = 0;
    let mut n_lines = 0_u64;
    loop {
        let mut body = Vec::with_capacity(CHUNK_BYTES + (64 << 10));
        while body.len() < CHUNK_BYTES {
            let n = reader.read_until(b'\n', &mut body).with_context(|| format!("cannot read {label}"))?;
            if n == 0 {
                break;
            }
            n_lines += 1;
            if body.len() > CHUNK_BYTES_MAX {
                bail!("{label}: line {n_lines} is longer than a request may be");
            }
        }
        if body.is_empty() {
            return Ok(());
        }
        let name = chunk_name(&at.to_string(), &Name { by: "import", of: label });
        at += body.len();
        if chunks.send(Chunk { path: path.to_string(), name, body, n_records: None }).is_err() {
            return Ok(());
        }
    }
}
