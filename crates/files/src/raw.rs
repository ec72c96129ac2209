//! Files and members of archives as the bytes that are in them, unpacked and in UTF-8, for those who know what they are.

use crate::FilesError;
use crate::detect::{self, Content, Format, HEAD, TextKind};
use crate::input::{self, Input};
use crate::progress::Progress;
use crate::source::{self, Source};
use encoding_rs::{Decoder, UTF_8};
use std::io::{self, Read};
use std::sync::Arc;

/// A file or a member of an archive.
#[derive(Debug)]
pub struct RawFile {
    source: Source,
    kind: TextKind,
}

impl RawFile {
    /// Returns what messages call it: its path, for a member of an archive `archive.zip:member`.
    pub fn label(&self) -> &str {
        &self.source.label
    }

    /// Returns the table that it would name.
    pub fn table(&self) -> &str {
        &self.source.table
    }

    /// Returns its bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.source.bytes
    }

    /// Returns its first bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn head(&self) -> Result<Vec<u8>, FilesError> {
        let mut head = Vec::with_capacity(HEAD);
        let read = self.open(None)?.take(HEAD as u64).read_to_end(&mut head);
        // Damage behind the first bytes is found again by those who read on.
        match read {
            Err(source) if head.is_empty() => Err(FilesError::Read { file: self.label().to_string(), source }),
            _ => Ok(head),
        }
    }

    /// Opens its bytes: text in UTF-8 without a byte order mark, anything else as it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, progress: Option<Arc<Progress>>) -> Result<Box<dyn Read + Send>, FilesError> {
        let reader = self.source.open(progress)?;
        if self.kind.encoding == UTF_8 {
            return Ok(reader);
        }
        let decoder = self.kind.encoding.new_decoder_without_bom_handling();
        Ok(Box::new(Decoded { reader, decoder, raw: vec![0; 1 << 16], pending: Vec::new(), at: 0, is_ended: false }))
    }
}

/// Finds the files that inputs stand for, members of archives for themselves. Those that cannot be unpacked are told with their reasons.
///
/// # Errors
/// The caller's: a path that does not exist, a pattern or folder without files.
pub fn raw_files(inputs: &[Input]) -> Result<(Vec<RawFile>, Vec<FilesError>), FilesError> {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    let mut taken = std::collections::HashSet::new();
    for input in inputs {
        for found in input::expand(input)? {
            if !taken.insert(found.path.clone()) {
                continue;
            }
            // Whatever it holds, it is read as it is.
            let any = |head: &[u8], _: bool, _: &str| Ok(Content::Text { format: Format::Raw, kind: kind(head) });
            for source in source::probe_as(&found, &any) {
                match source {
                    Ok(source) => {
                        let kind = source.text_kind();
                        files.push(RawFile { source, kind });
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
    }
    Ok((files, errors))
}

/// Returns how the head of a file is written: what is no text counts as UTF-8, as which it is not changed.
fn kind(head: &[u8]) -> TextKind {
    detect::encoding(head).unwrap_or(TextKind { encoding: UTF_8, bom: 0 })
}

/// Bytes of another encoding as UTF-8; what is none becomes U+FFFD.
struct Decoded {
    reader: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Text that was not asked for yet, from `at` on.
    pending: Vec<u8>,
    at: usize,
    is_ended: bool,
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.pending.len() {
            if self.is_ended || buffer.is_empty() {
                return Ok(0);
            }
            let n = match self.reader.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.is_ended = n == 0;
            let room = self.decoder.max_utf8_buffer_length(n).unwrap_or(3 * n + 16);
            self.pending.resize(room, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..n], &mut self.pending, self.is_ended);
            self.pending.truncate(written);
            self.at = 0;
        }
        let n = buffer.len().min(self.pending.len() - self.at);
        buffer[..n].copy_from_slice(&self.pending[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_as_they_are_and_text_in_utf_8() {
        let folder = tempfile::tempdir().unwrap();
        let wide: Vec<u8> =
            "\u{feff}<Event>\u{e9}\u{1f600}</Event>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let files: [(&str, &[u8], &[u8]); 3] = [
            ("a.xml", &wide, "<Event>\u{e9}\u{1f600}</Event>".as_bytes()),
            ("b.bin", b"\x00\x01\xff", b"\x00\x01\xff"),
            ("c.csv", b"\xef\xbb\xbfa,b\n", b"a,b\n"),
        ];
        for (name, bytes, _) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let (found, errors) = raw_files(&[Input::path(folder.path().display().to_string())]).unwrap();
        assert_eq!((found.len(), errors.len()), (3, 0));
        for (file, (name, _, expected)) in found.iter().zip(files) {
            assert!(file.label().ends_with(name));
            let mut got = Vec::new();
            file.open(None).unwrap().read_to_end(&mut got).unwrap();
            assert_eq!((got.as_slice(), file.head().unwrap().as_slice()), (expected, expected), "{name}");
        }
    }
}
