//! Sectors: the pieces of 512 bytes in which a disk writes, each with the number of its frame and a checksum.
//!
//! A disk that loses its power in the midst of a write leaves every sector either as it was or as it should be. So each sector says
//! whose it is, and what is found after a crash can be told apart: a frame that was being written (sectors of it, and older ones or
//! zeroes) and a frame that was damaged later (a sector that is neither). Only the first was never acknowledged.

use xxhash_rust::xxh64::xxh64;

/// Bytes that are written at once.
pub const SECTOR: usize = 512;
/// Bytes of a sector that a frame's own bytes go into: all but the frame's number (8) and the checksum (4).
pub const SECTOR_DATA: usize = SECTOR - 12;

/// What a sector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sector {
    /// Never written.
    Zero,
    /// Part of the frame with this number.
    Frame(u64),
    /// Changed after it was written.
    Damaged,
}

/// Appends bytes as sectors of a frame; `at` is where in the file the first one will be.
pub struct SectorWriter<'a> {
    pub out: &'a mut Vec<u8>,
    pub at: u64,
    pub frame: u64,
    /// Bytes in the sector that is being filled.
    filled: usize,
}

impl<'a> SectorWriter<'a> {
    pub fn new(out: &'a mut Vec<u8>, at: u64, frame: u64) -> SectorWriter<'a> {
        out.clear();
        SectorWriter { out, at, frame, filled: 0 }
    }

    pub fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let n_bytes = bytes.len().min(SECTOR_DATA - self.filled);
            let (now, later) = bytes.split_at(n_bytes);
            self.out.extend_from_slice(now);
            self.filled += n_bytes;
            bytes = later;
            if self.filled == SECTOR_DATA {
                self.close();
            }
        }
    }

    /// Fills up to a whole number of blocks.
    pub fn finish(mut self, block: usize) {
        while self.filled > 0 || !self.out.len().is_multiple_of(block) {
            let n_bytes = SECTOR_DATA - self.filled;
            self.out.resize(self.out.len() + n_bytes, 0);
            self.close();
        }
    }

    fn close(&mut self) {
        self.out.extend_from_slice(&self.frame.to_be_bytes());
        let start = self.out.len() + 4 - SECTOR;
        let check = checksum(self.out.get(start..).unwrap_or_default(), self.at + start as u64);
        self.out.extend_from_slice(&check);
        self.filled = 0;
    }
}

/// A sector that was written to another place is not one of this place: the place goes into the checksum.
fn checksum(bytes: &[u8], at: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = xxh64(bytes, at).to_be_bytes();
    [a, b, c, d]
}

/// Looks at a sector of a file and returns what it is and the bytes of a frame in it.
pub fn read_sector(sector: &[u8; SECTOR], at: u64) -> (Sector, &[u8]) {
    let (sealed, check) = sector.split_at(SECTOR - 4);
    let (data, number) = sealed.split_at(SECTOR_DATA);
    let Ok(number) = <[u8; 8]>::try_from(number) else { return (Sector::Damaged, data) };
    let number = u64::from_be_bytes(number);
    let kind = if number != 0 && checksum(sealed, at) == check {
        Sector::Frame(number)
    } else if sector.iter().all(|byte| *byte == 0) {
        Sector::Zero
    } else {
        Sector::Damaged
    };
    (kind, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_every_flipped_bit_is_damage() {
        let bytes: Vec<u8> = (0..1201u32).map(|n| n as u8).collect();
        let mut out = Vec::new();
        let mut writer = SectorWriter::new(&mut out, 8192, 7);
        writer.write(&bytes[..300]);
        writer.write(&bytes[300..]);
        writer.finish(4096);
        assert_eq!(out.len(), 4096);
        let sectors = out.as_chunks::<SECTOR>().0;
        let mut read = Vec::new();
        for (number, sector) in sectors.iter().enumerate() {
            let (kind, data) = read_sector(sector, 8192 + (number * SECTOR) as u64);
            assert_eq!(kind, Sector::Frame(7));
            read.extend_from_slice(data);
        }
        assert_eq!(read[..1201], bytes);
        for bit in 0..SECTOR * 8 {
            let mut sector = sectors[0];
            sector[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_sector(&sector, 8192).0, Sector::Damaged, "bit {bit}");
        }
        assert_eq!(read_sector(&sectors[0], 0).0, Sector::Damaged);
        assert_eq!(read_sector(&[0; SECTOR], 0).0, Sector::Zero);
    }
}
