//! One stream of rows on disk: a file, or a member of a zip archive, under the layers that pack it.

use crate::detect::{self, Content, Format, HEAD, Packing, TextKind};
use crate::input::Found;
use crate::progress::Progress;
use crate::{FilesError, name};
use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zip::{CompressionMethod, ZipArchive};

/// Layers of packing that are undone: a gzip file inside a zip archive has two.
const LAYERS_MAX: usize = 4;

/// A source of rows.
#[derive(Debug)]
pub(crate) struct Source {
    /// What messages call it: the path, for a member of an archive `archive.zip:member`.
    pub label: Arc<str>,
    pub path: PathBuf,
    /// The table that it names.
    pub table: String,
    pub layers: Vec<Layer>,
    /// Bytes on disk.
    pub bytes: u64,
    pub body: Body,
    /// Keeps the unpacked copy that `path` names.
    _spool: Option<tempfile::TempPath>,
}

/// What a source holds.
#[derive(Debug)]
pub(crate) enum Body {
    Text { format: Format, kind: TextKind },
    Parquet(ArrowReaderMetadata),
    Empty,
}

/// A layer of packing, outermost first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layer {
    /// A part of the file, as archives hold their members.
    Part {
        start: u64,
        bytes: u64,
    },
    Deflate,
    Gzip,
    Zstd,
    /// The checksum of what comes out of the layers before.
    Checksum(u32),
}

/// Finds the sources in a file: one, or one per member of a zip archive. A member that cannot be read is an entry of its own.
pub(crate) fn probe(found: &Found) -> Vec<Result<Source, FilesError>> {
    probe_as(found, &detect::content)
}

/// Tells what an unpacked file holds from its first bytes, whether these are all, and its name.
pub(crate) type Detect<'d> = dyn Fn(&[u8], bool, &str) -> Result<Content, String> + 'd;

/// As [`probe`], with another way to tell what a file holds.
pub(crate) fn probe_as(found: &Found, detect: &Detect<'_>) -> Vec<Result<Source, FilesError>> {
    match probe_file(found, detect) {
        Ok(sources) => sources,
        Err(error) => vec![Err(error)],
    }
}

fn probe_file(found: &Found, detect: &Detect<'_>) -> Result<Vec<Result<Source, FilesError>>, FilesError> {
    let is_stdin = found.named && found.path == Path::new("-");
    let label = if is_stdin { "stdin".to_string() } else { found.path.display().to_string() };
    let unreadable = |source| FilesError::Read { file: label.clone(), source };
    // What cannot be read twice is copied first.
    let spool = if is_stdin {
        Some(spool(&label, &mut io::stdin().lock())?)
    } else if !std::fs::metadata(&found.path).map_err(unreadable)?.is_file() {
        Some(spool(&label, &mut File::open(&found.path).map_err(unreadable)?)?)
    } else {
        None
    };
    let file_name = found.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let table = if is_stdin { "stdin".to_string() } else { name::table_name(&file_name) };
    let path = spool.as_ref().map_or(found.path.clone(), |spool| spool.to_path_buf());
    let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
    let mut head = [0; 8];
    let n = read_up_to(&mut File::open(&path).map_err(unreadable)?, &mut head).map_err(unreadable)?;
    if detect::packing(&head[..n]) == Some(Packing::Zip) {
        return members(&label, &path, &table, found.named, detect);
    }
    let draft = Draft { label, path, table, file_name, named: found.named, layers: Vec::new(), bytes, spool };
    Ok(vec![draft.finish(detect)])
}

/// Finds the sources in a zip archive. A single member takes the archive's name, unless its own is a known table's.
fn members(
    label: &str,
    path: &Path,
    table: &str,
    named: bool,
    detect: &Detect<'_>,
) -> Result<Vec<Result<Source, FilesError>>, FilesError> {
    let damaged =
        |reason: zip::result::ZipError| FilesError::Archive { file: label.to_string(), reason: reason.to_string() };
    let file = File::open(path).map_err(|source| FilesError::Read { file: label.to_string(), source })?;
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(damaged)?;
    let mut drafts = Vec::new();
    for idx in 0..archive.len() {
        let member = archive.by_index_raw(idx).map_err(damaged)?;
        let member_name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let leaf = member_name.rsplit(['/', '\\']).next().unwrap_or("").to_string();
        if !member.is_file() || leaf.is_empty() || leaf.starts_with('.') || member_name.starts_with("__MACOSX/") {
            continue;
        }
        let label = format!("{label}:{member_name}");
        let mut layers = vec![Layer::Part { start: member.data_start().unwrap_or(0), bytes: member.compressed_size() }];
        match member.compression() {
            CompressionMethod::Stored => {}
            CompressionMethod::Deflated => layers.push(Layer::Deflate),
            CompressionMethod::Zstd => layers.push(Layer::Zstd),
            other => {
                let reason = format!("compression method {other} is not supported");
                drafts.push(Err(FilesError::Archive { file: label, reason }));
                continue;
            }
        }
        if member.encrypted() {
            drafts.push(Err(FilesError::Archive { file: label, reason: "it is encrypted".to_string() }));
            continue;
        }
        layers.push(Layer::Checksum(member.crc32()));
        let table = name::table_name(&leaf);
        let bytes = member.compressed_size();
        let path = path.to_path_buf();
        drafts.push(Ok(Draft { label, path, table, file_name: leaf, named: false, layers, bytes, spool: None }));
    }
    if drafts.is_empty() {
        return Err(FilesError::Archive { file: label.to_string(), reason: "it holds no files".to_string() });
    }
    if let [Ok(only)] = drafts.as_mut_slice() {
        only.named = named;
        if schema::tables::builtin(&only.table).is_none() {
            only.table = table.to_string();
        }
    }
    Ok(drafts.into_iter().map(|draft| draft.and_then(|draft| draft.finish(detect))).collect())
}

/// A source whose content is not known yet.
struct Draft {
    label: String,
    path: PathBuf,
    table: String,
    file_name: String,
    /// Asked for by itself, not found among others.
    named: bool,
    layers: Vec<Layer>,
    bytes: u64,
    spool: Option<tempfile::TempPath>,
}

impl Draft {
    /// Looks under the layers and tells what is there.
    fn finish(mut self, detect: &Detect<'_>) -> Result<Source, FilesError> {
        let (head, whole) = loop {
            let (head, whole) = self.head()?;
            match detect::packing(&head) {
                Some(Packing::Gzip) if self.layers.len() < LAYERS_MAX => self.layers.push(Layer::Gzip),
                Some(Packing::Zstd) if self.layers.len() < LAYERS_MAX => self.layers.push(Layer::Zstd),
                Some(_) => {
                    let reason = "an archive inside an archive is not supported".to_string();
                    return Err(FilesError::Archive { file: self.label, reason });
                }
                None => break (head, whole),
            }
        };
        let content = detect(&head, whole, &self.file_name)
            .map_err(|found| FilesError::UnknownFormat { file: self.label.clone(), found })?;
        let body = match content {
            Content::Empty => Body::Empty,
            Content::Text { format: Format::Lines, .. } if !self.named && !detect::is_log_name(&self.file_name) => {
                let found = "text, and its name does not say that it is a log".to_string();
                return Err(FilesError::UnknownFormat { file: self.label, found });
            }
            Content::Text { format, kind } => Body::Text { format, kind },
            Content::Parquet => Body::Parquet(self.parquet()?),
        };
        Ok(Source {
            label: self.label.into(),
            path: self.path,
            table: self.table,
            layers: self.layers,
            bytes: self.bytes,
            body,
            _spool: self.spool,
        })
    }

    /// Reads the first bytes under the layers found so far, and whether these are all. Damage ends the head: the reader
    /// will come to it again and report it with its line.
    fn head(&self) -> Result<(Vec<u8>, bool), FilesError> {
        let unreadable = |source| FilesError::Read { file: self.label.clone(), source };
        let file = File::open(&self.path).map_err(unreadable)?;
        let mut reader = unpack(file, &self.layers, None).map_err(unreadable)?;
        let mut head = vec![0; HEAD];
        let mut n = 0;
        while n < HEAD {
            match reader.read(&mut head[n..]) {
                Ok(0) => break,
                Ok(read) => n += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if self.layers.is_empty() => return Err(unreadable(e)),
                Err(e) if n == 0 => {
                    return Err(FilesError::Archive { file: self.label.clone(), reason: e.to_string() });
                }
                Err(_) => break,
            }
        }
        head.truncate(n);
        Ok((head, n < HEAD))
    }

    /// Reads a Parquet file's footer; a packed file is first unpacked, as its parts are read in any order.
    fn parquet(&mut self) -> Result<ArrowReaderMetadata, FilesError> {
        let unreadable = |source| FilesError::Read { file: self.label.clone(), source };
        if !self.layers.is_empty() {
            let file = File::open(&self.path).map_err(unreadable)?;
            let mut reader = unpack(file, &self.layers, None).map_err(unreadable)?;
            let copy = spool(&self.label, &mut reader)?;
            self.path = copy.to_path_buf();
            self.bytes = std::fs::metadata(&self.path).map_err(unreadable)?.len();
            self.layers.clear();
            self.spool = Some(copy);
        }
        let file = File::open(&self.path).map_err(unreadable)?;
        ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|source| FilesError::Parquet { file: self.label.clone(), source })
    }
}

impl Source {
    /// Opens the bytes under the layers from their beginning, the byte order mark skipped.
    pub fn open(&self, progress: Option<Arc<Progress>>) -> Result<Box<dyn Read + Send>, FilesError> {
        let unreadable = |source| FilesError::Read { file: self.label.to_string(), source };
        let file = File::open(&self.path).map_err(unreadable)?;
        let mut reader = unpack(file, &self.layers, progress).map_err(unreadable)?;
        if let Body::Text { kind, .. } = &self.body {
            let mut bom = vec![0; kind.bom];
            read_up_to(&mut reader, &mut bom).map_err(unreadable)?;
        }
        Ok(reader)
    }

    /// Opens the lines that begin in the bytes from `start` to `end` of a file without layers.
    pub fn open_range(
        &self,
        start: u64,
        end: u64,
        progress: Option<Arc<Progress>>,
    ) -> Result<Box<dyn Read + Send>, FilesError> {
        let unreadable = |source| FilesError::Read { file: self.label.to_string(), source };
        let mut file = File::open(&self.path).map_err(unreadable)?;
        let bom = match &self.body {
            Body::Text { kind, .. } => kind.bom as u64,
            _ => 0,
        };
        // The line that `start` stands in begins before, unless a line break is the byte before `start`.
        let mid_line = start > bom;
        let from = if mid_line { start - 1 } else { bom };
        file.seek(SeekFrom::Start(from)).map_err(unreadable)?;
        let counted = Counted { reader: file, progress };
        Ok(Box::new(Lines { reader: counted, at: from, end, skipping: mid_line, done: false }))
    }

    /// Returns how the text is written; UTF-8 for what is no text.
    pub fn text_kind(&self) -> TextKind {
        match &self.body {
            Body::Text { kind, .. } => *kind,
            _ => TextKind { encoding: encoding_rs::UTF_8, bom: 0 },
        }
    }

    /// Returns whether lines can be read from the middle of the file.
    pub fn is_splittable(&self) -> bool {
        let lines = matches!(&self.body, Body::Text { format: Format::JsonLines | Format::Lines, kind } if kind.encoding == encoding_rs::UTF_8);
        self.layers.is_empty() && lines
    }

    /// Returns whether the bytes come out of a decoder, whose faults mean a damaged file.
    pub fn is_packed(&self) -> bool {
        !self.layers.is_empty()
    }
}

/// Counts the line breaks before a byte of a plain file.
pub(crate) fn lines_before(path: &Path, start: u64) -> Option<u64> {
    let mut file = File::open(path).ok()?.take(start);
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(lines),
            n => lines += crate::text::line_breaks(&buffer[..n]),
        }
    }
}

/// Opens a file under its layers.
fn unpack(mut file: File, layers: &[Layer], progress: Option<Arc<Progress>>) -> io::Result<Box<dyn Read + Send>> {
    let mut limit = u64::MAX;
    if let Some(Layer::Part { start, bytes }) = layers.first() {
        file.seek(SeekFrom::Start(*start))?;
        limit = *bytes;
    }
    let mut reader: Box<dyn Read + Send> = Box::new(Counted { reader: file, progress }.take(limit));
    for layer in layers {
        reader = match layer {
            Layer::Part { .. } => reader,
            Layer::Deflate => Box::new(DeflateDecoder::new(reader)),
            Layer::Gzip => Box::new(MultiGzDecoder::new(reader)),
            Layer::Zstd => Box::new(zstd::stream::read::Decoder::new(reader)?),
            Layer::Checksum(expected) => Box::new(Checked { reader, crc: Crc::new(), expected: *expected }),
        };
    }
    Ok(reader)
}

/// Copies what can be read only once, or only from its beginning, to a temporary file.
fn spool(label: &str, reader: &mut impl Read) -> Result<tempfile::TempPath, FilesError> {
    let failed = |source| FilesError::Spool { file: label.to_string(), folder: std::env::temp_dir(), source };
    let mut copy = tempfile::NamedTempFile::new().map_err(failed)?;
    io::copy(reader, &mut copy).map_err(failed)?;
    Ok(copy.into_temp_path())
}

/// Fills as much of a buffer as there are bytes.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match reader.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(read) => n += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// Counts the bytes read.
struct Counted<R> {
    reader: R,
    progress: Option<Arc<Progress>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        if let Some(progress) = &self.progress {
            progress.add_bytes(n as u64);
        }
        Ok(n)
    }
}

/// Compares the checksum of all bytes at their end.
struct Checked<R> {
    reader: R,
    crc: Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.crc.update(&buffer[..n]);
        if n == 0 && !buffer.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not match"));
        }
        Ok(n)
    }
}

/// Gives out the lines that begin before byte `end`; when `skipping`, from the next line on.
struct Lines<R> {
    reader: R,
    /// Place in the file of the next byte from `reader`.
    at: u64,
    end: u64,
    skipping: bool,
    done: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.done && !buffer.is_empty() {
            let n = self.reader.read(buffer)?;
            if n == 0 {
                self.done = true;
                break;
            }
            let start = self.at;
            self.at += n as u64;
            let mut from = 0;
            if self.skipping {
                let Some(at) = memchr::memchr(b'\n', &buffer[..n]) else {
                    self.done = self.at >= self.end;
                    continue;
                };
                self.skipping = false;
                from = at + 1;
                // The next line begins past the range: it belongs to the next one.
                if start + from as u64 >= self.end {
                    self.done = true;
                    break;
                }
            }
            // The range's last line is the one whose break is the first at or after the byte before `end`.
            let mut to = n;
            if self.at >= self.end {
                let last = usize::try_from((self.end - 1).saturating_sub(start)).unwrap_or(0).max(from);
                if let Some(at) = memchr::memchr(b'\n', buffer.get(last..n).unwrap_or(&[])) {
                    to = last + at + 1;
                    self.done = true;
                }
            }
            if to > from {
                buffer.copy_within(from..to, 0);
                return Ok(to - from);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(self.1).min(self.0.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn every_split_gives_each_line_once() {
        for text in ["a\nbb\n\nccc\nd", "a\nbb\n\nccc\nd\n", "\n\n", "long line without break", ""] {
            let whole = text.as_bytes();
            for step in 1..=whole.len() + 1 {
                for chunk in [1, 2, 100] {
                    let mut got = Vec::new();
                    let mut start = 0;
                    while start < whole.len() {
                        let end = start + step;
                        let from = start.saturating_sub(1);
                        let reader = Slow(&whole[from..], chunk);
                        let mut lines =
                            Lines { reader, at: from as u64, end: end as u64, skipping: start > 0, done: false };
                        lines.read_to_end(&mut got).unwrap();
                        start = end;
                    }
                    assert_eq!(String::from_utf8_lossy(&got), text, "ranges of {step} bytes, reads of {chunk}");
                }
            }
        }
    }
}
