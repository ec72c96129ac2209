//! Frames: what one flush makes durable.
//!
//! ```text
//! magic (8) | version (2) | kind (1) | number (8) | epoch (8) | hash of the frame before (32) | bytes of head (8) | of data (8)
//! head | SHA-256 of all before (32) | data
//! ```
//!
//! The hash chains frames and covers the head, which in turn has the hashes of the data: those are made by the threads that
//! submit, not by the one that numbers.

use tlog::Hash;

use super::sector::{SECTOR, SECTOR_DATA, Sector, SectorWriter, read_sector};
use crate::codec::{Decoder, Encoder};
use crate::storage::BLOCK;

const MAGIC: &[u8; 8] = b"VIDIMUSW";
const VERSION: u16 = 1;
const FIXED_BYTES: usize = 8 + 2 + 1 + 8 + 8 + 32 + 8 + 8;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Everything that is needed to go on without the frames before; the first of each segment.
    State,
    /// A group of batches and other entries, and the checkpoints over them.
    Commit,
}

/// A frame as it was read.
#[derive(Debug)]
pub struct Frame {
    pub kind: FrameKind,
    pub number: u64,
    pub epoch: u64,
    pub prev: Hash,
    pub head: Vec<u8>,
    pub data: Vec<u8>,
    pub hash: Hash,
    /// Bytes that it takes in the file.
    pub len: usize,
}

/// Returns how many bytes of a file a frame takes.
pub fn frame_len(head_len: usize, data_len: usize) -> usize {
    let n_bytes = FIXED_BYTES.saturating_add(head_len).saturating_add(32).saturating_add(data_len);
    n_bytes.div_ceil(SECTOR_DATA).saturating_mul(SECTOR).next_multiple_of(BLOCK)
}

/// What tells a frame from others.
pub struct FrameId {
    pub kind: FrameKind,
    pub number: u64,
    pub epoch: u64,
    pub prev: Hash,
}

/// Writes a frame that will stand at `at` of its file into `out` and returns its hash.
pub fn write_frame<'a>(
    out: &mut Vec<u8>,
    at: u64,
    id: &FrameId,
    head: &[u8],
    data: impl Iterator<Item = &'a [u8]> + Clone,
) -> Hash {
    let data_len: usize = data.clone().map(<[u8]>::len).sum();
    let mut sealed = Encoder(Vec::with_capacity(FIXED_BYTES + head.len()));
    sealed.0.extend(MAGIC);
    sealed.u16(VERSION);
    sealed.u8(match id.kind {
        FrameKind::State => 0,
        FrameKind::Commit => 1,
    });
    sealed.u64(id.number);
    sealed.u64(id.epoch);
    sealed.hash(&id.prev);
    sealed.u64(head.len() as u64);
    sealed.u64(data_len as u64);
    sealed.0.extend(head);
    let hash = Hash::of(&sealed.0);
    let mut writer = SectorWriter::new(out, at, id.number);
    writer.write(&sealed.0);
    writer.write(&hash.0);
    for part in data {
        writer.write(part);
    }
    writer.finish(BLOCK);
    hash
}

/// What stands at a place of a file.
#[derive(Debug)]
pub enum Found {
    Frame(Box<Frame>),
    /// Nothing of a frame that is due here: zeroes, or an older frame of a file in second use.
    End,
    /// Some sectors of the frame that is due; the others were never written.
    Torn,
    /// Bytes that no crash leaves.
    Damaged {
        byte: u64,
        why: &'static str,
    },
}

/// Reads what stands at `at`; `number` is the frame that is due, `None` when any may come.
pub fn read_frame(file: &[u8], at: usize, number: Option<u64>) -> Found {
    let damaged = |byte: usize, why| Found::Damaged { byte: byte as u64, why };
    let sectors = file.get(at..).unwrap_or_default().as_chunks::<SECTOR>().0;
    let Some(first) = sectors.first() else { return Found::End };
    let (number, first) = match (read_sector(first, at as u64), number) {
        ((Sector::Damaged, _), _) => return damaged(at, "a sector's checksum is wrong"),
        ((Sector::Zero, _), _) => return Found::End,
        ((Sector::Frame(found), data), None) => (found, data),
        ((Sector::Frame(found), data), Some(due)) if found == due => (due, data),
        ((Sector::Frame(found), _), Some(due)) if found < due => return Found::End,
        ((Sector::Frame(_), _), Some(_)) => return damaged(at, "a frame before this one is missing"),
    };
    let Some((kind, fixed)) = parse_fixed(first) else { return damaged(at, "not a frame of this version") };
    let (Ok(head_len), Ok(data_len)) = (usize::try_from(fixed.head_len), usize::try_from(fixed.data_len)) else {
        return damaged(at, "a frame larger than memory");
    };
    let len = frame_len(head_len, data_len);
    let Some(sectors) = sectors.get(..len / SECTOR) else { return damaged(at, "a frame longer than its file") };
    let mut bytes = Vec::with_capacity(sectors.len() * SECTOR_DATA);
    let mut is_torn = false;
    for (idx, sector) in sectors.iter().enumerate() {
        let byte = at + idx * SECTOR;
        match read_sector(sector, byte as u64) {
            (Sector::Frame(found), data) if found == number => bytes.extend_from_slice(data),
            (Sector::Frame(found), _) if found > number => return damaged(byte, "a later frame lies over this one"),
            (Sector::Damaged, _) => return damaged(byte, "a sector's checksum is wrong"),
            (Sector::Frame(_) | Sector::Zero, _) => is_torn = true,
        }
    }
    if is_torn {
        return Found::Torn;
    }
    let mut decoder = Decoder(&bytes);
    let (Some(sealed), Some(hash), Some(data)) =
        (decoder.take(FIXED_BYTES + head_len), decoder.hash(), decoder.take(data_len))
    else {
        return damaged(at, "a frame shorter than it says");
    };
    if Hash::of(sealed) != hash || fixed.number != number {
        return damaged(at, "the frame's hash is wrong");
    }
    let head = sealed.get(FIXED_BYTES..).unwrap_or_default().to_vec();
    let Fixed { epoch, prev, .. } = fixed;
    Found::Frame(Box::new(Frame { kind, number, epoch, prev, head, data: data.to_vec(), hash, len }))
}

struct Fixed {
    number: u64,
    epoch: u64,
    prev: Hash,
    head_len: u64,
    data_len: u64,
}

fn parse_fixed(bytes: &[u8]) -> Option<(FrameKind, Fixed)> {
    let mut decoder = Decoder(bytes);
    if decoder.take(8)? != MAGIC || decoder.u16()? != VERSION {
        return None;
    }
    let kind = match decoder.u8()? {
        0 => FrameKind::State,
        1 => FrameKind::Commit,
        _ => return None,
    };
    let (number, epoch, prev) = (decoder.u64()?, decoder.u64()?, decoder.hash()?);
    Some((kind, Fixed { number, epoch, prev, head_len: decoder.u64()?, data_len: decoder.u64()? }))
}

/// Sectors of a frame that is not there as a whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Remains {
    /// The frame's number.
    pub number: u64,
    /// Where its first sector is.
    pub first: usize,
    /// Where its last sector ends.
    pub end: usize,
}

/// Returns what there is from `at` on of the frame with the highest number.
pub fn latest_remains(file: &[u8], at: usize) -> Option<Remains> {
    let mut latest: Option<Remains> = None;
    for (idx, sector) in file.get(at..).unwrap_or_default().as_chunks::<SECTOR>().0.iter().enumerate() {
        let first = at + idx * SECTOR;
        let Sector::Frame(number) = read_sector(sector, first as u64).0 else { continue };
        match &mut latest {
            Some(remains) if remains.number > number => {}
            Some(remains) if remains.number == number => remains.end = first + SECTOR,
            _ => latest = Some(Remains { number, first, end: first + SECTOR }),
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64, at: usize, data: &[u8]) -> Vec<u8> {
        let id = FrameId { kind: FrameKind::Commit, number, epoch: 3, prev: Hash::of(b"before") };
        let mut out = Vec::new();
        write_frame(&mut out, at as u64, &id, b"head", [data, b"more"].into_iter());
        assert_eq!(out.len(), frame_len(4, data.len() + 4));
        out
    }

    #[test]
    fn frames_come_back() {
        for n_bytes in [0, 1, 500, 3000, 4000, 10_000] {
            let file = [vec![0; BLOCK], frame(9, BLOCK, &vec![5; n_bytes]), vec![0; BLOCK]].concat();
            let Found::Frame(found) = read_frame(&file, BLOCK, Some(9)) else { panic!("a frame") };
            assert_eq!((found.number, found.epoch, found.head.as_slice()), (9, 3, &b"head"[..]));
            assert_eq!(found.data, [vec![5; n_bytes], b"more".to_vec()].concat());
            assert!(matches!(read_frame(&file, BLOCK + found.len, Some(10)), Found::End));
            assert!(matches!(read_frame(&file, BLOCK, Some(10)), Found::End));
            assert!(matches!(read_frame(&file, BLOCK, Some(8)), Found::Damaged { .. }));
        }
    }

    #[test]
    fn a_torn_frame_is_not_a_damaged_one() {
        let new = frame(9, 0, &[5; 6000]);
        for old in [vec![0; new.len()], frame(4, 0, &[6; 6000])] {
            for n_sectors in 1..new.len() / SECTOR {
                let cut = n_sectors * SECTOR;
                let head_first = [&new[..cut], &old[cut..]].concat();
                assert!(matches!(read_frame(&head_first, 0, Some(9)), Found::Torn), "{n_sectors} sectors");
                let tail_first = [&old[..cut], &new[cut..]].concat();
                assert!(matches!(read_frame(&tail_first, 0, Some(9)), Found::End));
                assert_eq!(latest_remains(&tail_first, 0), Some(Remains { number: 9, first: cut, end: new.len() }));
            }
        }
    }

    #[test]
    fn damage_is_found_at_its_byte() {
        let file = frame(9, 0, &[5; 6000]);
        for byte in 0..file.len() {
            let mut damaged = file.clone();
            damaged[byte] ^= 0x10;
            let expected = (byte / SECTOR * SECTOR) as u64;
            match read_frame(&damaged, 0, Some(9)) {
                Found::Damaged { byte: found, .. } => assert_eq!(found, expected, "byte {byte}"),
                other => panic!("byte {byte}: {other:?}"),
            }
        }
    }
}
