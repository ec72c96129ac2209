//! Windows event log files (EVTX): a header of 4096 bytes, then chunks of 64 KiB, each with its own strings and templates.
//!
//! # Source
//! "Windows XML Event Log (EVTX) format", libevtx.

use crate::detect::Sniff;
use crate::output::{Output, Reason};
use crate::source::{Parser, Shape, Source};
use crate::windows::Event;
use evtx::{EvtxChunkData, ParserSettings};
use std::sync::Arc;

const FILE_MAGIC: &[u8] = b"ElfFile\0";
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
const HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 65536;

pub static SOURCE: Source = Source {
    name: "windows_evtx",
    about: "Windows event log files (EVTX)",
    shape: Shape::Binary,
    tables: &["SecurityEvent", "Event", "WindowsEvent"],
    detect: |sniff: &Sniff<'_>| if sniff.head.starts_with(FILE_MAGIC) { 100 } else { 0 },
    parser: |context| {
        let is_forwarded = context.path.to_ascii_lowercase().contains("forwardedevents");
        let settings = Arc::new(ParserSettings::new().num_threads(1).indent(false));
        Box::new(Evtx { buffer: Vec::new(), is_begun: false, is_foreign: false, is_forwarded, settings })
    },
};

struct Evtx {
    buffer: Vec<u8>,
    is_begun: bool,
    /// Without the header of such a file: all of it is rejected.
    is_foreign: bool,
    is_forwarded: bool,
    settings: Arc<ParserSettings>,
}

impl Evtx {
    /// Reads the chunks that are there, until the output is full unless nothing comes after them.
    fn chunks(&mut self, out: &mut Output, is_end: bool) {
        let mut at = 0;
        while self.is_begun && (is_end || !out.is_full()) {
            let Some(chunk) = self.buffer.get(at..at + CHUNK_BYTES) else { break };
            if self.is_foreign {
                out.reject(Reason::Malformed, "it is no Windows event log file", chunk);
            } else {
                self.chunk(chunk, out);
            }
            at += CHUNK_BYTES;
        }
        self.buffer.drain(..at);
    }

    fn chunk(&self, bytes: &[u8], out: &mut Output) {
        // Room that no event was written to yet.
        if bytes.iter().all(|byte| *byte == 0) {
            return;
        }
        if !bytes.starts_with(CHUNK_MAGIC) {
            return out.reject(Reason::Malformed, "the chunk of the file has no header", bytes);
        }
        let mut data = match EvtxChunkData::new(bytes.to_vec(), false) {
            Ok(data) => data,
            Err(error) => {
                return out.reject(
                    Reason::Malformed,
                    format!("the chunk of the file cannot be read: {}", causes(&error)),
                    bytes,
                );
            }
        };
        let mut chunk = match data.parse(self.settings.clone()) {
            Ok(chunk) => chunk,
            Err(error) => {
                return out.reject(
                    Reason::Malformed,
                    format!("the chunk of the file cannot be read: {}", causes(&error)),
                    bytes,
                );
            }
        };
        // The chunk is kept once, whatever is broken in it.
        let mut raw = bytes;
        for record in chunk.iter() {
            let xml = record.and_then(evtx::EvtxRecord::into_xml).map(|record| record.data);
            match xml {
                Ok(xml) => {
                    let event = Event::of_xml(body(&xml));
                    out.result(event.map(|event| Event { is_forwarded: self.is_forwarded, ..event }.into_row()), &xml);
                }
                Err(error) => {
                    let detail = format!("the event cannot be read: {}", causes(&error));
                    out.reject(Reason::Malformed, detail, std::mem::take(&mut raw));
                }
            }
        }
    }
}

/// Returns an error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Returns the XML without its declaration.
fn body(xml: &str) -> &str {
    xml.find("<Event").and_then(|at| xml.get(at..)).unwrap_or(xml)
}

impl Parser for Evtx {
    fn push(&mut self, bytes: &[u8], out: &mut Output) {
        self.buffer.extend_from_slice(bytes);
        if !self.is_begun {
            if self.buffer.len() < HEADER_BYTES {
                return;
            }
            self.is_begun = true;
            self.is_foreign = !self.buffer.starts_with(FILE_MAGIC);
            if !self.is_foreign {
                self.buffer.drain(..HEADER_BYTES);
            }
        }
        self.chunks(out, false);
    }

    fn finish(&mut self, out: &mut Output) {
        self.chunks(out, true);
        let rest = std::mem::take(&mut self.buffer);
        if rest.is_empty() {
            return;
        }
        let is_header = !self.is_begun && rest.starts_with(FILE_MAGIC) || self.is_foreign;
        let detail = if self.is_begun && !is_header {
            "the file ends within a chunk"
        } else {
            "it is no Windows event log file"
        };
        out.reject(Reason::Malformed, detail, &rest);
    }

    fn n_held(&self) -> usize {
        self.buffer.len()
    }
}
