//! Large files, sealed in chunks: written as they come, read by range.
//!
//! ```text
//! magic VIDIMUSX | version u8 | purpose u8 | epoch u64 | bytes of a chunk u32 | salt 32
//! chunk 0: ciphertext, tag 16 | chunk 1 | ... | last chunk, 1 to a chunk's bytes (none only when the file is empty)
//! nonce of a chunk: number u64 | 0 0 0 | 1 for the last, else 0
//! ```
//!
//! A file has a key of its own as a blob has, and its chunks are counted under it. Chunks cannot change places, be taken from other
//! files or be left out; the last one is marked, so nothing can be cut off at the end. A range shows only bytes of chunks that were
//! authenticated, and the last chunk is authenticated before anything is said about the length.
//!
//! # Source
//! Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015), the STREAM
//! construction.

use std::io::{self, Write};
use std::ops::Range;

use zeroize::Zeroizing;

use crate::KeyError;
use crate::cipher::{MessageCipher, SALT_BYTES, Salt, TAG_BYTES, random_salt};
use crate::codec::Decoder;
use crate::purpose::Purpose;
use crate::sealer::Sealer;

const MAGIC: &[u8; 8] = b"VIDIMUSX";
const VERSION: u8 = 1;
const LABEL: &str = "vidimus stream v1";

/// The size in bytes of what stands before the first chunk.
pub const HEADER_BYTES: usize = 8 + 1 + 1 + 8 + 4 + SALT_BYTES;
/// Tags of smaller chunks would take more than 1 % of the file.
pub const CHUNK_BYTES_MIN: u32 = 2 * 1024;
/// A chunk is held in memory as a whole.
pub const CHUNK_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Reading one byte costs decrypting one chunk (about 20 us), and tags take 0.02 %.
pub const CHUNK_BYTES: u32 = 64 * 1024;

/// Writes a sealed file. What was written before [`StreamSealer::finish`] does not open.
pub struct StreamSealer<W: Write> {
    writer: W,
    cipher: MessageCipher,
    context: Vec<u8>,
    chunk: Vec<u8>,
    chunk_bytes: usize,
    number: u64,
    has_failed: bool,
}

impl Sealer {
    /// Begins a sealed file in the current epoch.
    ///
    /// # Errors
    /// [`KeyError::ChunkSize`], [`KeyError::EpochDestroyed`] when the workspace has left, and when there are no random bytes or the header
    /// cannot be written.
    pub fn seal_stream<W: Write>(
        &self,
        purpose: Purpose,
        object: &str,
        chunk_bytes: u32,
        mut writer: W,
    ) -> Result<StreamSealer<W>, KeyError> {
        if !(CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&chunk_bytes) {
            return Err(KeyError::ChunkSize(chunk_bytes));
        }
        let (epoch, key) = self.current_key(purpose)?;
        let salt = random_salt(self.entropy.as_ref())?;
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        header.extend([VERSION, purpose.code()]);
        header.extend(epoch.to_be_bytes());
        header.extend(chunk_bytes.to_be_bytes());
        header.extend_from_slice(&salt);
        writer.write_all(&header).map_err(KeyError::io(object))?;
        let mut context = self.context(LABEL, purpose, epoch, object);
        context.extend(chunk_bytes.to_be_bytes());
        let cipher = MessageCipher::new(&key, &salt, &context);
        let chunk_bytes = chunk_bytes as usize;
        let chunk = Vec::with_capacity(chunk_bytes);
        Ok(StreamSealer { writer, cipher, context, chunk, chunk_bytes, number: 0, has_failed: false })
    }

    /// Opens a sealed file whose bytes `read` gives by range; a range that ends early is an error of `read`.
    ///
    /// # Errors
    /// As [`Sealer::open_layout`], and when it cannot be read.
    pub fn open_stream(
        &self,
        purpose: Purpose,
        object: &str,
        sealed_len: u64,
        mut read: impl FnMut(Range<u64>) -> io::Result<Vec<u8>>,
    ) -> Result<SealedStream, KeyError> {
        let header = read(0..sealed_len.min(HEADER_BYTES as u64)).map_err(KeyError::io(object))?;
        let layout = StreamLayout::parse(object, &header, sealed_len)?;
        let last = read(layout.last_chunk()).map_err(KeyError::io(object))?;
        self.open_layout(purpose, object, layout, &last)
    }

    /// Opens a sealed file by its layout and the bytes of its last chunk, for those who read by other means.
    ///
    /// # Errors
    /// [`KeyError::NotAuthentic`], [`KeyError::NoEpoch`] and [`KeyError::EpochDestroyed`].
    pub fn open_layout(
        &self,
        purpose: Purpose,
        object: &str,
        layout: StreamLayout,
        last_chunk: &[u8],
    ) -> Result<SealedStream, KeyError> {
        let not_authentic = || KeyError::NotAuthentic { object: object.to_string() };
        if layout.purpose != purpose {
            return Err(not_authentic());
        }
        let key = self.key(purpose, layout.epoch)?;
        let mut context = self.context(LABEL, purpose, layout.epoch, object);
        context.extend(layout.chunk_bytes.to_be_bytes());
        let cipher = MessageCipher::new(&key, &layout.salt, &context);
        let stream = SealedStream { object: object.to_string(), layout, cipher, context };
        let mut last_chunk = Zeroizing::new(last_chunk.to_vec());
        stream.open_chunk(stream.layout.n_chunks - 1, &mut last_chunk).ok_or_else(not_authentic)?;
        Ok(stream)
    }
}

fn nonce(number: u64, is_last: bool) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [a, b, c, d, e, f, g, h, 0, 0, 0, u8::from(is_last)]
}

fn failed_before() -> io::Error {
    io::Error::other("the file could not be written before")
}

impl<W: Write> StreamSealer<W> {
    /// Writes the last chunk and gives the writer back; flushing and syncing are the caller's.
    ///
    /// # Errors
    /// When it cannot be written, or something could not be before.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_chunk(true)?;
        Ok(self.writer)
    }

    fn write_chunk(&mut self, is_last: bool) -> io::Result<()> {
        // After an error it is unknown what was written, and no nonce is used twice.
        if std::mem::replace(&mut self.has_failed, true) {
            return Err(failed_before());
        }
        let sealed = self.cipher.seal(&nonce(self.number, is_last), &self.context, &mut self.chunk);
        let tag = sealed.ok_or_else(|| io::Error::other("the chunk is too large"))?;
        self.chunk.extend_from_slice(&tag);
        self.writer.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        self.has_failed = false;
        Ok(())
    }
}

impl<W: Write> Write for StreamSealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_failed {
            return Err(failed_before());
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        // A full chunk waits until it is known not to be the last.
        if self.chunk.len() == self.chunk_bytes {
            self.write_chunk(false)?;
        }
        let n_bytes = bytes.len().min(self.chunk_bytes - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..n_bytes).unwrap_or_default());
        Ok(n_bytes)
    }

    /// Flushes the writer. Bytes of a chunk that is not full stay here until the next ones or the end.
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Where what is in a sealed file, as its header and length say. Nothing of it is authenticated.
#[derive(Debug, Clone)]
pub struct StreamLayout {
    purpose: Purpose,
    epoch: u64,
    chunk_bytes: u32,
    salt: Salt,
    n_chunks: u64,
    len: u64,
}

impl StreamLayout {
    /// Reads the first [`HEADER_BYTES`] of a file of `sealed_len` bytes.
    ///
    /// # Errors
    /// [`KeyError::NotSealed`], and [`KeyError::NotAuthentic`] for a length that no such file has.
    pub fn parse(object: &str, header: &[u8], sealed_len: u64) -> Result<StreamLayout, KeyError> {
        let header = parse_header(header).ok_or_else(|| KeyError::NotSealed { object: object.to_string() })?;
        StreamLayout::of(header, sealed_len).ok_or_else(|| KeyError::NotAuthentic { object: object.to_string() })
    }

    fn of((purpose, epoch, chunk_bytes, salt): (Purpose, u64, u32, Salt), sealed_len: u64) -> Option<StreamLayout> {
        // No file system has longer files, and no sum below overflows.
        let sealed_len = i64::try_from(sealed_len).ok()?.unsigned_abs();
        let body = sealed_len.checked_sub(HEADER_BYTES as u64)?;
        let n_chunks = body.div_ceil(u64::from(chunk_bytes) + TAG_BYTES as u64).max(1);
        let len = body.checked_sub(n_chunks * TAG_BYTES as u64)?;
        // Only an empty file has an empty last chunk.
        let is_whole = n_chunks == 1 || len > (n_chunks - 1) * u64::from(chunk_bytes);
        is_whole.then_some(StreamLayout { purpose, epoch, chunk_bytes, salt, n_chunks, len })
    }

    /// Returns where the last chunk is in the file.
    pub fn last_chunk(&self) -> Range<u64> {
        self.chunks(self.n_chunks - 1..self.n_chunks)
    }

    /// Returns how many bytes are sealed in the file.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether no bytes are sealed in the file.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the epoch in which the file was sealed.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    fn chunks(&self, numbers: Range<u64>) -> Range<u64> {
        let at = |number: u64| HEADER_BYTES as u64 + number * (u64::from(self.chunk_bytes) + TAG_BYTES as u64);
        let end = HEADER_BYTES as u64 + self.len + self.n_chunks * TAG_BYTES as u64;
        at(numbers.start)..at(numbers.end).min(end)
    }

    /// Returns the numbers of the chunks that have a range, which is in the file and not empty.
    fn numbers(&self, range: &Range<u64>) -> Range<u64> {
        range.start / u64::from(self.chunk_bytes)..range.end.div_ceil(u64::from(self.chunk_bytes))
    }
}

fn parse_header(header: &[u8]) -> Option<(Purpose, u64, u32, Salt)> {
    let mut decoder = Decoder(header);
    if decoder.take(8)? != MAGIC || decoder.u8()? != VERSION {
        return None;
    }
    let parsed = (Purpose::from_code(decoder.u8()?)?, decoder.u64()?, decoder.u32()?, decoder.array()?);
    (CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&parsed.2).then_some(parsed)
}

/// A sealed file, open for reading by range. It can be read on after its epoch was destroyed, until it is dropped.
pub struct SealedStream {
    object: String,
    layout: StreamLayout,
    cipher: MessageCipher,
    context: Vec<u8>,
}

impl SealedStream {
    /// Returns how many bytes were sealed.
    pub fn len(&self) -> u64 {
        self.layout.len
    }

    /// Returns whether no bytes were sealed.
    pub fn is_empty(&self) -> bool {
        self.layout.len == 0
    }

    /// Returns which bytes of the file have to be read for a range of what was sealed.
    ///
    /// # Errors
    /// [`KeyError::OutOfRange`].
    pub fn sealed_range(&self, range: &Range<u64>) -> Result<Range<u64>, KeyError> {
        if range.start > range.end || range.end > self.layout.len {
            let (object, Range { start, end }) = (self.object.clone(), range.clone());
            return Err(KeyError::OutOfRange { object, start, end, len: self.layout.len });
        }
        if range.is_empty() {
            return Ok(HEADER_BYTES as u64..HEADER_BYTES as u64);
        }
        Ok(self.layout.chunks(self.layout.numbers(range)))
    }

    /// Returns a range of what was sealed out of the file's bytes that [`SealedStream::sealed_range`] names, decrypted where they are.
    ///
    /// # Errors
    /// [`KeyError::OutOfRange`] and [`KeyError::NotAuthentic`].
    pub fn open(&self, range: &Range<u64>, mut sealed: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let expected = self.sealed_range(range)?;
        let not_authentic = || KeyError::NotAuthentic { object: self.object.clone() };
        if sealed.len() as u64 != expected.end - expected.start {
            return Err(not_authentic());
        }
        if range.is_empty() {
            return Ok(sealed);
        }
        let numbers = self.layout.numbers(range);
        let chunk_bytes = self.layout.chunk_bytes as usize;
        let first = numbers.start * u64::from(self.layout.chunk_bytes);
        let mut n_opened = 0;
        for (idx, number) in numbers.enumerate() {
            let start = idx * (chunk_bytes + TAG_BYTES);
            let end = (start + chunk_bytes + TAG_BYTES).min(sealed.len());
            let chunk = sealed.get_mut(start..end).ok_or_else(not_authentic)?;
            self.open_chunk(number, chunk).ok_or_else(not_authentic)?;
            sealed.copy_within(start..end - TAG_BYTES, n_opened);
            n_opened += end - TAG_BYTES - start;
        }
        sealed.truncate((range.end - first) as usize);
        sealed.drain(..(range.start - first) as usize);
        Ok(sealed)
    }

    /// Reads a range by `read`, which gives bytes of the file.
    ///
    /// # Errors
    /// As [`SealedStream::open`], and when it cannot be read.
    pub fn read(
        &self,
        range: Range<u64>,
        mut read: impl FnMut(Range<u64>) -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, KeyError> {
        let sealed = self.sealed_range(&range)?;
        let sealed = if sealed.is_empty() { Vec::new() } else { read(sealed).map_err(KeyError::io(&self.object))? };
        self.open(&range, sealed)
    }

    /// Decrypts a chunk where it is; its tag stays behind it.
    fn open_chunk(&self, number: u64, chunk: &mut [u8]) -> Option<()> {
        let (contents, tag) = chunk.split_last_chunk_mut::<TAG_BYTES>()?;
        let nonce = nonce(number, number + 1 == self.layout.n_chunks);
        self.cipher.open(&nonce, &self.context, contents, tag)
    }
}
