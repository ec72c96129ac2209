//! The set of blocks in which a key stands, in as few bits as its share of blocks allows.
//!
//! | first bits | set | then |
//! |---|---|---|
//! | `1` | one block | its number, fixed to the width of the last block's number |
//! | `01` | some | their count less two, gamma; the gaps between them, rice |
//! | `001` | all | |
//! | `0001` | many | one bit for each block |
//! | `00001` | nearly all | the count of those not in it less one, gamma; the gaps between those, rice |
//!
//! The width of rice codes follows from the count: near the base-2 logarithm of the mean gap times 0.69.

use crate::bits::{BitReader, BitWriter};

/// Appends a set. The blocks must be in order, each once, below `n_blocks`, and at least one.
pub fn write(blocks: &[u32], n_blocks: u32, out: &mut BitWriter) {
    let count = blocks.len() as u32;
    if let [block] = blocks {
        out.unary(0);
        return out.fixed(u64::from(*block), number_width(n_blocks));
    }
    if count >= n_blocks {
        return out.unary(2);
    }
    // Past these shares a bit for each block costs about as much, and is skipped in one step.
    if count <= n_blocks / 6 {
        out.unary(1);
        out.gamma(count.saturating_sub(2));
        return write_gaps(blocks.iter().copied(), count, n_blocks, out);
    }
    let missing = n_blocks - count;
    if missing <= n_blocks / 6 {
        let mut present = blocks.iter().copied().peekable();
        let others = (0..n_blocks).filter(|block| present.next_if_eq(block).is_none());
        out.unary(4);
        out.gamma(missing.saturating_sub(1));
        return write_gaps(others, missing, n_blocks, out);
    }
    out.unary(3);
    let mut present = blocks.iter().copied().peekable();
    for block in 0..n_blocks {
        out.fixed(u64::from(present.next_if_eq(&block).is_some()), 1);
    }
}

fn write_gaps(blocks: impl Iterator<Item = u32>, count: u32, n_blocks: u32, out: &mut BitWriter) {
    let k = gap_width(count, n_blocks);
    let mut next = 0;
    for block in blocks {
        out.rice(u64::from(block.saturating_sub(next)), k);
        next = block + 1;
    }
}

/// Reads a set and shows its blocks as ranges, in order. `None` when the bits are no set of blocks below `n_blocks`.
pub fn read(reader: &mut BitReader, n_blocks: u32, mut visit: impl FnMut(u32, u32)) -> Option<()> {
    match reader.unary()? {
        0 => {
            let block = u32::try_from(reader.fixed(number_width(n_blocks))?).ok().filter(|block| *block < n_blocks)?;
            visit(block, block + 1);
        }
        1 => {
            let count = reader.gamma()?.checked_add(2)?;
            read_gaps(reader, count, n_blocks, |block| visit(block, block + 1))?;
        }
        2 => visit(0, n_blocks),
        3 => {
            let mut first = 0;
            while first < n_blocks {
                let width = (n_blocks - first).min(32);
                let mut word = reader.fixed(width)?;
                while word != 0 {
                    let from = word.trailing_zeros();
                    let to = from + (word >> from).trailing_ones();
                    visit(first + from, first + to);
                    word = word >> to << to;
                }
                first += width;
            }
        }
        4 => {
            let missing = reader.gamma()?.checked_add(1)?;
            let mut next = 0;
            read_gaps(reader, missing, n_blocks, |block| {
                if block > next {
                    visit(next, block);
                }
                next = block + 1;
            })?;
            if next < n_blocks {
                visit(next, n_blocks);
            }
        }
        _ => return None,
    }
    Some(())
}

/// Moves past a set.
pub fn skip(reader: &mut BitReader, n_blocks: u32) -> Option<()> {
    let mut ahead = reader.clone();
    match ahead.unary()? {
        0 => ahead.skip(number_width(n_blocks) as usize)?,
        2 => {}
        3 => ahead.skip(n_blocks as usize)?,
        _ => return read(reader, n_blocks, |_, _| {}),
    }
    *reader = ahead;
    Some(())
}

fn read_gaps(reader: &mut BitReader, count: u32, n_blocks: u32, mut visit: impl FnMut(u32)) -> Option<()> {
    if count > n_blocks {
        return None;
    }
    let k = gap_width(count, n_blocks);
    let mut next = 0u64;
    for _ in 0..count {
        let block = next.checked_add(reader.rice(k)?)?;
        visit(u32::try_from(block).ok().filter(|block| *block < n_blocks)?);
        next = block + 1;
    }
    Some(())
}

/// Returns the bits of the greatest block number.
fn number_width(n_blocks: u32) -> u32 {
    n_blocks.saturating_sub(1).checked_ilog2().map_or(0, |log| log + 1)
}

fn gap_width(count: u32, n_blocks: u32) -> u32 {
    let mean = u64::from(n_blocks) * 11 / 16 / (u64::from(count) + 1);
    mean.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(blocks: &[u32], n_blocks: u32) -> usize {
        let mut writer = BitWriter::default();
        write(blocks, n_blocks, &mut writer);
        writer.fixed(0b101, 3);
        let bytes = writer.into_bytes();
        let mut read_back = Vec::new();
        let mut reader = BitReader::new(&bytes);
        assert_eq!(read(&mut reader, n_blocks, |from, to| read_back.extend(from..to)), Some(()));
        assert_eq!(read_back, blocks);
        assert_eq!(reader.fixed(3), Some(0b101));
        let mut reader = BitReader::new(&bytes);
        assert_eq!(skip(&mut reader, n_blocks), Some(()));
        assert_eq!(reader.fixed(3), Some(0b101));
        bytes.len()
    }

    proptest! {
        #[test]
        fn sets_survive(n_blocks in 1u32..1500, share in 0.0f64..1.0, seed in any::<u64>()) {
            let mut state = seed | 1;
            let mut blocks: Vec<u32> = (0..n_blocks).filter(|_| {
                state = state.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17);
                (state >> 11) as f64 / (1u64 << 53) as f64 <= share
            }).collect();
            if blocks.is_empty() {
                blocks.push(n_blocks / 2);
            }
            let bytes = round_trip(&blocks, n_blocks);
            prop_assert!(bytes <= n_blocks as usize / 8 + 8);
        }

        #[test]
        fn any_bits_are_a_set_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..40), n_blocks in 0u32..2000) {
            let mut last = 0;
            let mut in_order = true;
            let mut reader = BitReader::new(&bytes);
            read(&mut reader, n_blocks, |from, to| {
                in_order &= from >= last && from <= to && to <= n_blocks;
                last = to;
            });
            prop_assert!(in_order);
            skip(&mut BitReader::new(&bytes), n_blocks);
        }
    }

    #[test]
    fn one_block_costs_its_number_and_a_bit() {
        assert_eq!(round_trip(&[1023], 1024), 2);
        assert_eq!(round_trip(&[0], 1), 1);
        assert_eq!(round_trip(&(0..1024).collect::<Vec<_>>(), 1024), 1);
        assert!(round_trip(&(1..1024).collect::<Vec<_>>(), 1024) <= 4);
    }
}
