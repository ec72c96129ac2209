//! The bytes of a file from any place on, unpacked where it is packed. A file that is open stays readable when it is renamed or removed.

use super::look::Found;
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};

/// Bytes that are passed over at a time.
const SKIP_BYTES: u64 = 64 << 10;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Packing {
    Gzip,
    Zstd,
}

/// How files are packed that are not read, and other files that are no text, by their first bytes.
const FOREIGN: [(&[u8], &str); 6] = [
    (b"BZh", "packed by bzip2"),
    (b"\xFD7zXZ\0", "packed by xz"),
    (b"\x04\x22\x4D\x18", "packed by LZ4"),
    (b"PK\x03\x04", "a zip archive"),
    (b"ElfFile\0", "a Windows event log"),
    (b"\xFF\xFE", "text in UTF-16"),
];

/// Returns how a file is packed, or what it is that is not followed.
pub(super) fn packing(head: &[u8]) -> Result<Option<Packing>, &'static str> {
    match head {
        [0x1F, 0x8B, ..] => return Ok(Some(Packing::Gzip)),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => return Ok(Some(Packing::Zstd)),
        _ => {}
    }
    let foreign = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic));
    foreign.map_or(Ok(None), |(_, what)| Err(what))
}

/// A file that is read.
pub(super) struct Reader {
    file: File,
    packing: Option<Packing>,
    unpacked: Option<Box<dyn Read + Send>>,
    /// Bytes that were read, and where they stand.
    window: Vec<u8>,
    start: u64,
    /// How many of them were asked for last.
    n_asked: usize,
    /// What is wrong with the packing, and behind which byte.
    pub damage: Option<(u64, String)>,
}

impl Reader {
    /// Opens a file; an error when something else is there by now under its name.
    pub fn open(found: &Found) -> io::Result<Reader> {
        let file = File::open(&found.path)?;
        let now = Found::of(found.path.clone(), &file.metadata()?);
        if now.id != found.id {
            return Err(io::Error::new(ErrorKind::NotFound, "another file took its place"));
        }
        Ok(Reader { file, packing: None, unpacked: None, window: Vec::new(), start: 0, n_asked: 0, damage: None })
    }

    /// Returns the file as it is now, whatever it is called.
    pub fn found(&self, path: &std::path::Path) -> Option<Found> {
        Some(Found::of(path.to_path_buf(), &self.file.metadata().ok()?))
    }

    /// Says how the file is packed.
    pub fn set_packing(&mut self, packing: Option<Packing>) {
        if self.packing != packing {
            (self.packing, self.unpacked) = (packing, None);
        }
    }

    /// Returns so many bytes from a place on, fewer where the file ends.
    pub fn read(&mut self, from: u64, n: u64) -> io::Result<&[u8]> {
        match self.packing {
            None => {
                self.window.clear();
                self.file.seek(SeekFrom::Start(from))?;
                (&self.file).take(n).read_to_end(&mut self.window)?;
            }
            Some(packing) => self.unpack(packing, from, n)?,
        }
        self.n_asked = usize::try_from(n).unwrap_or(usize::MAX);
        Ok(self.window())
    }

    /// Returns what was read last.
    pub fn window(&self) -> &[u8] {
        self.window.get(..self.n_asked).unwrap_or(&self.window)
    }

    /// Forgets what was read, not how far the unpacking came.
    pub fn let_go(&mut self) {
        self.start += self.window.len() as u64;
        self.window = Vec::new();
    }

    /// Begins to unpack anew: the file has changed.
    pub fn rewind(&mut self) {
        self.unpacked = None;
    }

    fn unpack(&mut self, packing: Packing, from: u64, n: u64) -> io::Result<()> {
        if self.unpacked.is_none() || from < self.start {
            self.file.seek(SeekFrom::Start(0))?;
            let file = BufReader::new(self.file.try_clone()?);
            self.unpacked = Some(match packing {
                Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
                Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
            });
            (self.window, self.start, self.damage) = (Vec::new(), 0, None);
        }
        let passed = usize::try_from(from - self.start).unwrap_or(usize::MAX).min(self.window.len());
        self.window.drain(..passed);
        self.start += passed as u64;
        let Some(unpacked) = self.unpacked.as_mut().filter(|_| self.damage.is_none()) else { return Ok(()) };
        let mut skipped = Vec::new();
        while self.start < from {
            skipped.clear();
            let n_read = fill(unpacked, (from - self.start).min(SKIP_BYTES), &mut skipped);
            self.start += skipped.len() as u64;
            match n_read {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    self.damage = Some((self.start, error.to_string()));
                    return Ok(());
                }
            }
        }
        let missing = n.saturating_sub(self.window.len() as u64);
        if let Err(error) = fill(unpacked, missing, &mut self.window) {
            self.damage = Some((self.start + self.window.len() as u64, error.to_string()));
        }
        Ok(())
    }
}

/// Reads so many bytes behind what is there; what came before an error stays.
fn fill(reader: &mut impl Read, n: u64, into: &mut Vec<u8>) -> io::Result<usize> {
    reader.take(n).read_to_end(into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn packed_files_are_read_from_any_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstd = zstd::encode_all(text.as_slice(), 1).unwrap();
        for (bytes, expected) in
            [(text.clone(), None), (gzip.clone(), Some(Packing::Gzip)), (zstd, Some(Packing::Zstd))]
        {
            std::fs::write(&path, &bytes).unwrap();
            let found = Found::of(path.clone(), &std::fs::metadata(&path).unwrap());
            let mut reader = Reader::open(&found).unwrap();
            assert_eq!(packing(reader.read(0, 8).unwrap()), Ok(expected));
            reader.set_packing(expected);
            for (from, n) in [
                (0, 10),
                (3, 100_000),
                (3, 10),
                (50_000, 70_000),
                (500_000, 7),
                (10, 10),
                (1_288_889, 100),
                (9_000_000, 1),
            ] {
                let to = text.len().min(from + n);
                assert_eq!(
                    reader.read(from as u64, n as u64).unwrap(),
                    text.get(from..to).unwrap_or_default(),
                    "{expected:?} {from}"
                );
                if n == 7 {
                    reader.let_go();
                }
            }
            assert_eq!(reader.damage, None);
        }
        // What comes before the damage is there.
        std::fs::write(&path, &gzip[..gzip.len() / 2]).unwrap();
        let found = Found::of(path.clone(), &std::fs::metadata(&path).unwrap());
        let mut reader = Reader::open(&found).unwrap();
        reader.set_packing(Some(Packing::Gzip));
        let n = reader.read(0, 10_000_000).unwrap().len();
        assert!(n > 100_000 && reader.damage.as_ref().is_some_and(|(at, _)| *at == n as u64));
        assert_eq!(packing(b"BZh91"), Err("packed by bzip2"));
    }
}
