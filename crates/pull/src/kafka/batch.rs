//! Batches of records as brokers keep them: what was read, and what could not be.
//!
//! Batches of control and of transactions that were aborted hold no records for us; their offsets are passed all the same.
//!
//! # Source
//! "Apache Kafka documentation", 5.3 Message Format, record batches of the version 2, and control batches.

use super::wire::{Broken, Reader};
use std::collections::BTreeSet;
use std::io::Read;

/// Unpacked bytes of a batch, and its records, at most.
const UNPACKED_BYTES_MAX: u64 = 128 << 20;
const RECORDS_MAX: i32 = 2_000_000;
/// Bytes of memory that records take until the batches behind them are left for the next time.
const ENOUGH_BYTES: usize = 64 << 20;
/// Bytes of a batch before its checksum, and before its records.
const LENGTH_END: usize = 12;
const CHECKED_FROM: usize = 21;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub offset: i64,
    /// Milliseconds since 1970.
    pub time_ms: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

impl Record {
    fn memory(&self) -> usize {
        let parts = [&self.key, &self.value].into_iter().flatten();
        size_of::<Record>() + parts.map(Vec::len).sum::<usize>()
    }
}

/// What stands in what was fetched.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Record(Record),
    /// A batch that nobody can read: its first offset, its bytes, and why.
    Damaged(i64, Vec<u8>, String),
}

/// What was read, and the offset behind it; nothing when not one batch is whole. What is small when it is packed may be much: of that
/// the first batches are read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batches {
    pub items: Vec<Item>,
    pub next: Option<i64>,
}

/// Reads what was fetched from an offset on; `aborted` are transactions by who wrote them and where they begin.
pub(super) fn read(mut bytes: &[u8], from: i64, aborted: &[(i64, i64)]) -> Batches {
    let mut read = Batches::default();
    let mut waiting: Vec<(i64, i64)> = aborted.to_vec();
    waiting.sort_by_key(|(_, first)| *first);
    let mut waiting = waiting.into_iter().peekable();
    let mut aborting: BTreeSet<i64> = BTreeSet::new();
    let mut n_bytes = 0;
    // The last one may be cut off: it comes again.
    while let Some((batch, rest)) = split(bytes).filter(|_| n_bytes < ENOUGH_BYTES) {
        bytes = rest;
        let (base, last) = match header(batch) {
            Ok(Header { base, last, .. }) => (base, last),
            Err(_) => (base_offset(batch), base_offset(batch)),
        };
        read.next = Some(read.next.unwrap_or(from).max(last.saturating_add(1)));
        while let Some((producer, _)) = waiting.next_if(|(_, first)| *first <= last) {
            aborting.insert(producer);
        }
        match records(batch, &mut aborting) {
            Ok(records) => {
                n_bytes += records.iter().map(Record::memory).sum::<usize>();
                read.items.extend(records.into_iter().filter(|record| record.offset >= from).map(Item::Record));
            }
            Err(why) if last >= from => read.items.push(Item::Damaged(base, batch.to_vec(), why)),
            Err(_) => {}
        }
    }
    read
}

/// Splits off the first batch, if it is whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader(bytes);
    reader.i64().ok()?;
    let n = usize::try_from(reader.i32().ok()?).ok()?;
    bytes.split_at_checked(LENGTH_END.checked_add(n)?)
}

fn base_offset(batch: &[u8]) -> i64 {
    Reader(batch).i64().unwrap_or_default()
}

struct Header<'a> {
    base: i64,
    last: i64,
    checksum: u32,
    attributes: i16,
    first_ms: i64,
    max_ms: i64,
    producer: i64,
    n_records: i32,
    records: &'a [u8],
}

fn header(batch: &[u8]) -> Result<Header<'_>, String> {
    let read = || -> Result<Result<Header<'_>, i8>, Broken> {
        let mut reader = Reader(batch);
        let base = reader.i64()?;
        reader.i32()?;
        reader.i32()?;
        let magic = reader.i8()?;
        if magic != 2 {
            return Ok(Err(magic));
        }
        let checksum = reader.i32()? as u32;
        let attributes = reader.i16()?;
        let last = base.saturating_add(i64::from(reader.i32()?));
        let (first_ms, max_ms, producer) = (reader.i64()?, reader.i64()?, reader.i64()?);
        reader.i16()?;
        reader.i32()?;
        let n_records = reader.i32()?;
        Ok(Ok(Header { base, last, checksum, attributes, first_ms, max_ms, producer, n_records, records: reader.0 }))
    };
    match read() {
        Ok(Ok(header)) => Ok(header),
        Ok(Err(magic)) => Err(format!("it is a message of the old format {magic}")),
        Err(Broken) => Err("the batch breaks off".to_string()),
    }
}

/// Writes a batch of records that are packed already, as its attributes say: `first_ms` and `max_ms` are 1000 and 2000.
pub(super) fn write(base: i64, attributes: i16, producer: i64, n_records: i32, records: &[u8]) -> Vec<u8> {
    let mut checked = attributes.to_be_bytes().to_vec();
    checked.extend(n_records.saturating_sub(1).to_be_bytes());
    checked.extend(1000_i64.to_be_bytes());
    checked.extend(2000_i64.to_be_bytes());
    checked.extend(producer.to_be_bytes());
    checked.extend([0; 6]);
    checked.extend(n_records.to_be_bytes());
    checked.extend(records);
    let mut batch = base.to_be_bytes().to_vec();
    batch.extend(i32::try_from(checked.len() + 9).unwrap_or(i32::MAX).to_be_bytes());
    batch.extend([0, 0, 0, 0, 2]);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

/// Returns the records of a batch that are for us.
fn records(batch: &[u8], aborting: &mut BTreeSet<i64>) -> Result<Vec<Record>, String> {
    let header = header(batch)?;
    let checked = batch.get(CHECKED_FROM..).unwrap_or_default();
    if crc32c(checked) != header.checksum {
        return Err("its checksum is not that of its bytes".to_string());
    }
    let (is_transactional, is_control) = (header.attributes & 0x10 != 0, header.attributes & 0x20 != 0);
    if is_transactional && !is_control && aborting.contains(&header.producer) {
        return Ok(Vec::new());
    }
    if header.n_records > RECORDS_MAX {
        return Err(format!("it says that it has {} records: more than {RECORDS_MAX}", header.n_records));
    }
    let unpacked = unpack(header.attributes & 0x07, header.records)?;
    let broken = |_: Broken| "a record of it breaks off".to_string();
    let mut reader = Reader(&unpacked);
    let mut records = Vec::new();
    for _ in 0..header.n_records.max(0) {
        let record = record(&header, &mut reader).map_err(broken)?;
        if !is_control {
            records.push(record);
            continue;
        }
        // The key of a mark says what became of the transaction: it ends here.
        let kind = record.key.as_deref().and_then(|key| Reader(key.get(2..)?).i16().ok());
        if kind == Some(0) {
            aborting.remove(&header.producer);
        }
    }
    Ok(records)
}

fn record(header: &Header<'_>, reader: &mut Reader<'_>) -> Result<Record, Broken> {
    let n = usize::try_from(reader.varint()?).map_err(|_| Broken)?;
    let mut reader = Reader(reader.take(n)?);
    reader.i8()?;
    let time_ms = header.first_ms.saturating_add(reader.varint()?);
    let offset = header.base.saturating_add(reader.varint()?);
    let key = reader.var_bytes()?.map(<[u8]>::to_vec);
    let value = reader.var_bytes()?.map(<[u8]>::to_vec);
    // The time may be the broker's, which all records of a batch share.
    let is_of_broker = header.attributes & 0x08 != 0;
    Ok(Record { offset, time_ms: if is_of_broker { header.max_ms } else { time_ms }, key, value })
}

/// Unpacks the records of a batch.
fn unpack(packing: i16, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let unpacked = match packing {
        0 => return Ok(bytes.to_vec()),
        1 => bounded(flate2::read::MultiGzDecoder::new(bytes)),
        2 => snappy(bytes),
        3 => bounded(lz4_flex::frame::FrameDecoder::new(bytes)),
        4 => zstd::stream::read::Decoder::with_buffer(bytes).map_err(|error| error.to_string()).and_then(bounded),
        other => Err(format!("{other} is no packing that is known")),
    };
    unpacked.map_err(|why| format!("it cannot be unpacked: {why}"))
}

fn bounded(reader: impl Read) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    reader.take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
    within(unpacked)
}

fn within(unpacked: Vec<u8>) -> Result<Vec<u8>, String> {
    match unpacked.len() as u64 > UNPACKED_BYTES_MAX {
        true => Err(format!("it becomes more than {UNPACKED_BYTES_MAX} bytes")),
        false => Ok(unpacked),
    }
}

/// Unpacks Snappy, as one block or in the blocks that Java's library writes.
fn snappy(bytes: &[u8]) -> Result<Vec<u8>, String> {
    const MAGIC: &[u8] = b"\x82SNAPPY\0";
    let block = |bytes: &[u8], room: u64| {
        let n = snap::raw::decompress_len(bytes).map_err(|error| error.to_string())?;
        if n as u64 > room {
            return Err(format!("it becomes more than {UNPACKED_BYTES_MAX} bytes"));
        }
        snap::raw::Decoder::new().decompress_vec(bytes).map_err(|error| error.to_string())
    };
    let Some(blocks) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.get(8..)) else {
        return block(bytes, UNPACKED_BYTES_MAX);
    };
    let mut reader = Reader(blocks);
    let mut unpacked = Vec::new();
    while !reader.0.is_empty() {
        let bytes = reader.bytes().ok().flatten().ok_or("a block of it breaks off")?;
        unpacked.extend(block(bytes, UNPACKED_BYTES_MAX.saturating_sub(unpacked.len() as u64))?);
    }
    Ok(unpacked)
}

/// Returns the checksum CRC-32C.
///
/// # Source
/// RFC 3720, section 12.1.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0_u32; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut crc, mut bit) = (byte as u32, 0);
            while bit < 8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE.get(((crc as u8) ^ byte) as usize).copied().unwrap_or_default();
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn varint(out: &mut Vec<u8>, n: i64) {
        let mut folded = ((n << 1) ^ (n >> 63)) as u64;
        while folded >= 0x80 {
            out.push(folded as u8 | 0x80);
            folded >>= 7;
        }
        out.push(folded as u8);
    }

    /// A key and a value.
    type Written<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

    /// Writes a batch: its attributes, who wrote it, and keys and values.
    fn batch(base: i64, attributes: i16, producer: i64, records: &[Written<'_>]) -> Vec<u8> {
        let mut body = Vec::new();
        for (n, (key, value)) in records.iter().enumerate() {
            let mut record = vec![0];
            varint(&mut record, 5 * n as i64);
            varint(&mut record, n as i64);
            for part in [key, value] {
                varint(&mut record, part.map_or(-1, |part| part.len() as i64));
                record.extend_from_slice(part.unwrap_or_default());
            }
            varint(&mut record, 0);
            varint(&mut body, record.len() as i64);
            body.extend(record);
        }
        let body = match attributes & 7 {
            1 => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gzip.write_all(&body).unwrap();
                gzip.finish().unwrap()
            }
            2 => snap::raw::Encoder::new().compress_vec(&body).unwrap(),
            3 => {
                let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
                lz4.write_all(&body).unwrap();
                lz4.finish().unwrap()
            }
            4 => zstd::encode_all(body.as_slice(), 1).unwrap(),
            _ => body,
        };
        write(base, attributes, producer, records.len() as i32, &body)
    }

    fn values(bytes: &[u8], from: i64, aborted: &[(i64, i64)]) -> (Vec<String>, Option<i64>) {
        let read = read(bytes, from, aborted);
        let shown = |item: Item| match item {
            Item::Record(record) => format!("{} {}", record.offset, String::from_utf8(record.value.unwrap()).unwrap()),
            Item::Damaged(offset, _, why) => format!("{offset}: {why}"),
        };
        (read.items.into_iter().map(shown).collect(), read.next)
    }

    #[test]
    fn batches_are_read_however_they_are_packed() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        for packing in 0..5 {
            let mut bytes = batch(7, packing, -1, &[(None, Some(b"a")), (Some(b"k"), Some(b"b"))]);
            bytes.extend(batch(9, packing, -1, &[(None, Some(b"c"))]));
            let whole = bytes.len();
            bytes.extend(&batch(10, packing, -1, &[(None, Some(b"d"))])[..40]);
            let got = values(&bytes, 8, &[]);
            assert_eq!(got, (vec!["8 b".to_string(), "9 c".to_string()], Some(10)), "{packing}");
            assert_eq!(values(&bytes[..whole - 1], 8, &[]).1, Some(9));
        }
        assert_eq!(read(b"", 3, &[]), Batches::default());
        let java = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x03".as_slice(), &[1, 0, b'x']].concat();
        assert_eq!(snappy(&java), Ok(b"x".to_vec()));
        let times = |attributes| match &read(&batch(0, attributes, -1, &[(None, Some(b"a"))]), 0, &[]).items[0] {
            Item::Record(record) => record.time_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!([times(0), times(8)], [1000, 2000]);
    }

    #[test]
    fn aborted_transactions_are_passed() {
        let mark = |kind: u8| [0, 0, 0, kind];
        let mut bytes = batch(0, 0x10, 1, &[(None, Some(b"aborted"))]);
        bytes.extend(batch(1, 0x10, 2, &[(None, Some(b"committed"))]));
        bytes.extend(batch(2, 0, -1, &[(None, Some(b"plain"))]));
        bytes.extend(batch(3, 0x30, 1, &[(Some(&mark(0)), Some(b""))]));
        bytes.extend(batch(4, 0x30, 2, &[(Some(&mark(1)), Some(b""))]));
        bytes.extend(batch(5, 0x10, 1, &[(None, Some(b"later"))]));
        bytes.extend(batch(6, 0x30, 1, &[(Some(&mark(1)), Some(b""))]));
        let expected = ["1 committed", "2 plain", "5 later"].map(str::to_string).to_vec();
        assert_eq!(values(&bytes, 0, &[(1, 0)]), (expected, Some(7)));
    }

    #[test]
    fn what_becomes_much_is_read_in_parts() {
        let tiny = batch(0, 4, -1, &vec![(None, Some(&b""[..])); 600_000]);
        let mut bytes = tiny.clone();
        bytes.extend(batch(600_000, 4, -1, &vec![(None, Some(&b""[..])); 600_000]));
        bytes.extend(batch(1_200_000, 4, -1, &[(None, Some(b"a"))]));
        let first = read(&bytes, 0, &[]);
        assert_eq!((first.items.len(), first.next), (1_200_000, Some(1_200_000)));
        let (rest, next) = values(bytes.get(2 * tiny.len()..).expect("the last one"), 1_200_000, &[]);
        assert_eq!((rest, next), (vec!["1200000 a".to_string()], Some(1_200_001)));
        let (refused, _) = values(&write(0, 0, -1, RECORDS_MAX + 1, b""), 0, &[]);
        assert_eq!(refused, ["0: it says that it has 2000001 records: more than 2000000"]);
    }

    #[test]
    fn what_is_damaged_takes_nothing_with_it() {
        let mut bytes = batch(0, 0, -1, &[(None, Some(b"a"))]);
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        bytes.extend(batch(1, 0, -1, &[(None, Some(b"b"))]));
        let mut old = batch(2, 0, -1, &[(None, Some(b"c"))]);
        old[16] = 1;
        bytes.extend(old);
        let (got, next) = values(&bytes, 0, &[]);
        assert_eq!(got, ["0: its checksum is not that of its bytes", "1 b", "2: it is a message of the old format 1"]);
        assert_eq!(next, Some(3));
        // Whatever comes, nothing panics.
        for n in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[n] = bytes[n].wrapping_add(77);
            let _ = read(&bytes, 0, &[(0, 0)]);
        }
    }
}
