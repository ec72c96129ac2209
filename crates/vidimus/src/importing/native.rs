//! Files of a known log format: its parser makes records of them, each for its table; what it rejects goes to the quarantine.

use super::{CHUNK_BYTES, Chunk, Name, Summary, Target, chunk_name, send};
use anyhow::{Context as _, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use files::{Progress, RawFile};
use schema::Column;
use serde_json::{Value, json};
use sources::{COLUMNS_MAX, Context, Counts, Output, Reject, Source, TableBatch};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// Bytes that are read at a time.
const READ_BYTES: usize = 256 << 10;

/// A log of a known format.
pub struct Log<'a> {
    pub file: &'a RawFile,
    /// What messages call it, and what a parser takes for its path.
    pub label: &'a str,
    pub name: Name<'a>,
    pub source: &'static Source,
    /// The present, in ticks.
    pub now: i64,
    /// Unpacked bytes at most.
    pub bytes_max: u64,
}

/// What was read of a file and what became of it.
pub struct Report {
    pub source: &'static Source,
    pub counts: Counts,
    /// Records that were made for each table.
    pub tables: BTreeMap<String, u64>,
    pub summary: Summary,
    /// What is wrong with what is behind that.
    pub damage: Option<std::io::Error>,
}

impl Report {
    /// Returns whether every record that was read was taken or is in the quarantine.
    pub fn is_whole(&self) -> bool {
        self.counts.read + self.counts.derived == self.summary.taken + self.summary.quarantined
    }
}

/// Sends the records of a log.
pub fn import(target: &Target<'_>, log: &Log<'_>, progress: &Arc<Progress>) -> anyhow::Result<Report> {
    let mut reading = Reading {
        target,
        log,
        waiting: BTreeMap::new(),
        columns: BTreeMap::new(),
        rejects: Vec::new(),
        rejects_bytes: 0,
        tables: BTreeMap::new(),
        shown: Summary::default(),
        n_chunks: 0,
    };
    let (mut counts, mut damage) = (Counts::default(), None);
    let mut summary = send(target, |chunks| {
        (counts, damage) = reading.run(progress, chunks)?;
        Ok(())
    })
    .with_context(|| format!("cannot import {}", log.label))?;
    let Reading { tables, shown, .. } = reading;
    for (reason, count) in shown.reasons {
        summary.reject(&reason, count);
    }
    summary.first.splice(0..0, shown.first);
    Ok(Report { source: log.source, counts, tables, summary, damage })
}

/// Returns a request that brings records of something into the quarantine.
pub(super) fn rejected(name: String, of: &str, rejects: Vec<Reject>) -> Chunk {
    let records: Vec<Value> = rejects
        .into_iter()
        .map(|Reject { position, reason, detail, raw }| {
            json!({ "position": position, "reason": reason.name(), "detail": detail, "raw": STANDARD.encode(raw) })
        })
        .collect();
    let body = json!({ "of": of, "records": records }).to_string().into_bytes();
    Chunk { path: "quarantine".to_string(), name, body, n_records: None }
}

struct Reading<'a> {
    target: &'a Target<'a>,
    log: &'a Log<'a>,
    /// Records that are not sent yet, by table.
    waiting: BTreeMap<String, Vec<u8>>,
    /// Columns that tables have, of those that needed further ones.
    columns: BTreeMap<String, BTreeSet<String>>,
    rejects: Vec<Reject>,
    rejects_bytes: usize,
    tables: BTreeMap<String, u64>,
    shown: Summary,
    n_chunks: u64,
}

impl Reading<'_> {
    /// Reads the log; returns what was counted, and what ended it early.
    fn run(
        &mut self,
        progress: &Arc<Progress>,
        chunks: &SyncSender<Chunk>,
    ) -> anyhow::Result<(Counts, Option<std::io::Error>)> {
        let Log { file, label, source, now, bytes_max, .. } = *self.log;
        let mut reader = file.open(Some(progress.clone()))?;
        let mut parser = (source.parser)(&Context { path: label.to_string(), now });
        let mut out = Output::default();
        let mut buffer = vec![0; READ_BYTES];
        let (mut damage, mut n_bytes) = (None, 0);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) if n_bytes + n as u64 > bytes_max => {
                    damage = Some(std::io::Error::other(format!("it becomes more than {bytes_max} bytes")));
                    break;
                }
                Ok(n) => {
                    n_bytes += n as u64;
                    parser.push(buffer.get(..n).unwrap_or(&[]), &mut out);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // What came before is whole, and is sent.
                Err(error) => {
                    damage = Some(error);
                    break;
                }
            }
            loop {
                let was_full = out.is_full();
                if !self.hand_on(&mut out, false, chunks)? {
                    return Ok((out.counts, None));
                }
                if !was_full {
                    break;
                }
                parser.push(&[], &mut out);
            }
        }
        parser.finish(&mut out);
        self.hand_on(&mut out, true, chunks)?;
        Ok((out.counts, damage))
    }

    /// Takes what the parser made and sends what is enough for a request, or all of it; returns whether somebody still sends.
    fn hand_on(&mut self, out: &mut Output, is_all: bool, chunks: &SyncSender<Chunk>) -> anyhow::Result<bool> {
        for (table, batch) in out.take_tables() {
            self.add_columns(&table, &batch)?;
            *self.tables.entry(table.clone()).or_default() += batch.n;
            let mut body = self.waiting.remove(&table).unwrap_or_default();
            for line in batch.body.split_inclusive('\n') {
                if !body.is_empty() && body.len() + line.len() > CHUNK_BYTES {
                    let full = std::mem::take(&mut body);
                    if !self.send_records(&table, full, chunks) {
                        return Ok(false);
                    }
                }
                body.extend_from_slice(line.as_bytes());
            }
            self.waiting.insert(table, body);
        }
        for reject in out.take_rejects() {
            self.shown.reject(reject.reason.name(), 1);
            self.shown.show(reject.reason.name(), &format!("record {}: {}", reject.position, reject.detail));
            self.rejects_bytes += reject.raw.len();
            self.rejects.push(reject);
            if self.rejects_bytes > CHUNK_BYTES && !self.send_rejects(chunks) {
                return Ok(false);
            }
        }
        if !is_all {
            return Ok(true);
        }
        for (table, body) in std::mem::take(&mut self.waiting) {
            if !body.is_empty() && !self.send_records(&table, body, chunks) {
                return Ok(false);
            }
        }
        Ok(self.rejects.is_empty() || self.send_rejects(chunks))
    }

    fn send_records(&mut self, table: &str, body: Vec<u8>, chunks: &SyncSender<Chunk>) -> bool {
        self.n_chunks += 1;
        let name = chunk_name(&format!("{}:{table}", self.n_chunks), &self.log.name);
        chunks.send(Chunk { path: format!("tables/{table}/records"), name, body, n_records: None }).is_ok()
    }

    fn send_rejects(&mut self, chunks: &SyncSender<Chunk>) -> bool {
        self.n_chunks += 1;
        self.rejects_bytes = 0;
        let name = chunk_name(&format!("{}:rejected", self.n_chunks), &self.log.name);
        chunks.send(rejected(name, self.log.source.name, std::mem::take(&mut self.rejects))).is_ok()
    }

    /// Gives a table the columns that its records need, while there is room for them.
    fn add_columns(&mut self, table: &str, batch: &TableBatch) -> anyhow::Result<()> {
        if batch.columns.is_empty() {
            return Ok(());
        }
        if !self.columns.contains_key(table) {
            let columns = self.put_table(table, &[])?;
            self.columns.insert(table.to_string(), columns);
        }
        let known = self.columns.get(table).map(BTreeSet::len).unwrap_or_default();
        let is_new = |column: &&Column| self.columns.get(table).is_some_and(|known| !known.contains(&column.name));
        let room = COLUMNS_MAX.saturating_sub(known);
        let new: Vec<Column> = batch.columns.iter().filter(is_new).take(room).cloned().collect();
        if !new.is_empty() {
            let columns = self.put_table(table, &new)?;
            self.columns.insert(table.to_string(), columns);
        }
        Ok(())
    }

    /// Makes sure of a table's columns and returns the names of all.
    fn put_table(&self, table: &str, columns: &[Column]) -> anyhow::Result<BTreeSet<String>> {
        let columns: Vec<Value> =
            columns.iter().map(|column| json!({ "name": column.name, "type": column.ktype.name() })).collect();
        let body = json!({ "columns": columns }).to_string().into_bytes();
        let path = self.target.path(&format!("tables/{table}"));
        let answer = self.target.server.call("PUT", &path, &[], body)?.accepted();
        let answer = answer.with_context(|| format!("cannot add columns to the table `{table}`"))?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let Some(columns) = answer["columns"].as_array() else { bail!("the server's answer has no columns") };
        Ok(columns.iter().filter_map(|column| column["name"].as_str().map(str::to_string)).collect())
    }
}
