//! Texts compressed with zlib (RFC 1950) and gzip (RFC 1952).

use super::texts::TEXT_MAX;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{Read, Write};

/// Longest run of bytes in one stored block of a deflate stream.
const STORED_MAX: usize = 0xFFFF;

/// Compresses bytes as gzip, with no name and no time.
pub fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    out.extend(deflate(bytes)?);
    out.extend(crc.sum().to_le_bytes());
    out.extend(crc.amount().to_le_bytes());
    Some(out)
}

/// Compresses bytes as zlib.
pub fn zlib(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0x78, 0x01];
    out.extend(deflate(bytes)?);
    out.extend(adler32(bytes).to_be_bytes());
    Some(out)
}

/// Decompresses gzip. `None` when it is none, or has one of the optional header fields, which Kusto refuses.
pub fn gunzip(bytes: &[u8]) -> Option<String> {
    if bytes.get(3) != Some(&0) {
        return None;
    }
    read_text(GzDecoder::new(bytes))
}

/// Decompresses zlib. `None` when it is none.
pub fn unzlib(bytes: &[u8]) -> Option<String> {
    read_text(ZlibDecoder::new(bytes))
}

fn read_text(reader: impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    // A text that gets too long is refused, which is the end of decompression bombs.
    let read = reader.take(TEXT_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    if read > TEXT_MAX { None } else { String::from_utf8(bytes).ok() }
}

/// Compresses bytes as a deflate stream; what would not get shorter is stored as it is.
fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    let compressed = encoder.finish().ok()?;
    if compressed.len() < bytes.len() || bytes.is_empty() {
        return Some(compressed);
    }
    let mut stored = Vec::with_capacity(bytes.len() + 5);
    let mut blocks = bytes.chunks(STORED_MAX).peekable();
    while let Some(block) = blocks.next() {
        let len = u16::try_from(block.len()).ok()?;
        stored.push(u8::from(blocks.peek().is_none()));
        stored.extend(len.to_le_bytes());
        stored.extend((!len).to_le_bytes());
        stored.extend(block);
    }
    Some(stored)
}

/// Returns the checksum of a zlib stream.
fn adler32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65521;
    // 5552 bytes are the most that do not overflow before the remainder is taken.
    let (mut low, mut high) = (1u32, 0u32);
    for part in bytes.chunks(5552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        low %= BASE;
        high %= BASE;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::prelude::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_the_reference() {
        let cases = [
            (
                "gzip_compress_to_base64_string",
                "1234567890qwertyuiop",
                "H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==",
            ),
            (
                "gzip_decompress_from_base64_string",
                "H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==",
                "1234567890qwertyuiop",
            ),
            ("gzip_decompress_from_base64_string", "x0x0x0", ""),
            ("zlib_compress_to_base64_string", "1234567890qwertyuiop", "eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw=="),
            (
                "zlib_decompress_from_base64_string",
                "eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==",
                "1234567890qwertyuiop",
            ),
            ("zlib_decompress_from_base64_string", "x0x0x0", ""),
            ("zlib_decompress_from_base64_string", "eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdg==", ""),
        ];
        for (name, source, expected) in cases {
            let found = crate::call(name, KqlType::String, &[Value::String(source.into())]);
            assert_eq!(found, Ok(Value::String(expected.into())), "{name} {source}");
        }
    }

    #[test]
    fn long_texts_and_other_writers() {
        for text in
            ["", "a", &"abc".repeat(100_000), &(0..40_000).map(|i| format!("{:x}", i * 7919)).collect::<String>()]
        {
            assert_eq!(gzip(text.as_bytes()).and_then(|bytes| gunzip(&bytes)).as_deref(), Some(text));
            assert_eq!(zlib(text.as_bytes()).and_then(|bytes| unzlib(&bytes)).as_deref(), Some(text));
        }
        // A gzip file of another writer, with a name in its header.
        let named = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3, b'a', 0, 0x4B, 4, 0, 0x43, 0xBE, 0xB7, 0xE8, 1, 0, 0, 0];
        assert_eq!(gunzip(&named), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            gunzip(&bytes);
            unzlib(&bytes);
            if let Some(zipped) = gzip(&bytes) {
                prop_assert_eq!(gunzip(&zipped), String::from_utf8(bytes).ok());
            }
        }
    }
}
