//! HyperLogLog: an estimate of the number of distinct values from their 64-bit hashes.
//!
//! A sketch is a list of the hashes themselves while they are few, and so exact, and 2^bits registers after. The estimate
//! is Ertl's improved raw estimator, which needs no tables of corrections and is good from none to 2^64.
//!
//! As a dynamic value a sketch is an array of three, alike to what Kusto prints:
//!
//! ```text
//! [[1024,14],["3803688792395291579","-56651572830..."],[]]      hashes, as signed numbers
//! [[1024,14],[],["base64 of the 2^14 registers"]]               registers, one byte each
//! ```
//!
//! where the first holds the number of hashes listed at most and the bits. The format and the hashes (see
//! [`Cells::hash`](crate::cells::Cells::hash)) stay as they are: stored results are merged years later.
//!
//! # Source
//! Kusto reference, "dcount()", estimation accuracy. O. Ertl, "New cardinality estimation algorithms for HyperLogLog
//! sketches", 2017, algorithm 6.

use crate::args::EvalError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schema::dynamic::raw;

/// How fine a sketch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision(u8);

impl Precision {
    /// Returns the precision of an accuracy level, 0 to 4: 2^12, 2^14, 2^16, 2^17 or 2^18 registers with a standard error
    /// of 1.6, 0.8, 0.4, 0.28 or 0.2 percent.
    ///
    /// # Errors
    /// For any other level.
    pub fn of_accuracy(accuracy: i64) -> Result<Precision, EvalError> {
        match accuracy {
            0 => Ok(Precision(12)),
            1 => Ok(Precision(14)),
            2 => Ok(Precision(16)),
            3 => Ok(Precision(17)),
            4 => Ok(Precision(18)),
            _ => Err(EvalError::new(format!("the accuracy must be a number from 0 to 4, not {accuracy}"))),
        }
    }

    fn of_bits(bits: u8) -> Option<Precision> {
        matches!(bits, 12 | 14 | 16 | 17 | 18).then_some(Precision(bits))
    }

    /// Returns the number of hashes up to which a sketch is exact: 1024 for accuracy 1, a sixteenth of the registers.
    fn exact_max(self) -> usize {
        1 << (self.0 - 4)
    }

    fn n_registers(self) -> usize {
        1 << self.0
    }
}

/// The hashes or registers of one set of values.
#[derive(Debug, Clone)]
pub struct Hll {
    precision: Precision,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// An open-addressed table of `n` hashes, at most half full; 0 marks a free slot, so hash 0 counts as 1.
    Hashes {
        slots: Vec<u64>,
        n: u32,
    },
    Registers(Box<[u8]>),
}

impl Hll {
    /// Makes an empty sketch.
    pub fn new(precision: Precision) -> Hll {
        Hll { precision, content: Content::Hashes { slots: Vec::new(), n: 0 } }
    }

    /// Adds a value by its hash.
    #[inline]
    pub fn insert(&mut self, hash: u64) {
        if let Content::Registers(registers) = &mut self.content {
            register(registers, self.precision, hash.max(1));
        } else {
            self.list(hash);
        }
    }

    /// Returns whether the sketch has its registers, and so will not grow any more.
    #[inline]
    pub fn is_full_size(&self) -> bool {
        matches!(self.content, Content::Registers(_))
    }

    fn list(&mut self, hash: u64) {
        match &mut self.content {
            Content::Hashes { slots, n } => {
                if *n as usize * 2 >= slots.len() {
                    grow(slots);
                }
                *n += u32::from(place(slots, hash.max(1)));
                if *n as usize > self.precision.exact_max() {
                    let mut registers = vec![0; self.precision.n_registers()].into_boxed_slice();
                    slots
                        .iter()
                        .filter(|hash| **hash != 0)
                        .for_each(|hash| register(&mut registers, self.precision, *hash));
                    self.content = Content::Registers(registers);
                }
            }
            Content::Registers(_) => self.insert(hash),
        }
    }

    /// Adds all values of another sketch.
    ///
    /// # Errors
    /// When the sketches are of different accuracy.
    pub fn merge(&mut self, other: &Hll) -> Result<(), EvalError> {
        if self.precision != other.precision {
            return Err(EvalError::new("`hll` values of different accuracy cannot be merged"));
        }
        match &other.content {
            Content::Hashes { slots, .. } => {
                slots.iter().filter(|hash| **hash != 0).for_each(|hash| self.insert(*hash))
            }
            Content::Registers(theirs) => match &mut self.content {
                Content::Registers(ours) => ours.iter_mut().zip(theirs).for_each(|(a, b)| *a = (*a).max(*b)),
                Content::Hashes { slots, .. } => {
                    let mut registers = theirs.clone();
                    slots
                        .iter()
                        .filter(|hash| **hash != 0)
                        .for_each(|hash| register(&mut registers, self.precision, *hash));
                    self.content = Content::Registers(registers);
                }
            },
        }
        Ok(())
    }

    /// Returns the number of distinct values: exact while the sketch lists hashes, else estimated.
    pub fn count(&self) -> i64 {
        match &self.content {
            Content::Hashes { n, .. } => i64::from(*n),
            Content::Registers(registers) => estimate(registers, self.precision).round() as i64,
        }
    }

    /// Returns whether no value was added.
    pub fn is_empty(&self) -> bool {
        matches!(self.content, Content::Hashes { n: 0, .. })
    }

    /// Returns the bytes held beside the sketch itself.
    pub fn heap(&self) -> usize {
        match &self.content {
            Content::Hashes { slots, .. } => slots.capacity() * size_of::<u64>(),
            Content::Registers(registers) => registers.len(),
        }
    }

    /// Appends the sketch in few bytes, for partial results within one query: bits, then `h` and the hashes or `r` and
    /// the registers.
    pub fn write_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.precision.0);
        match &self.content {
            Content::Hashes { slots, .. } => {
                out.push(b'h');
                slots.iter().filter(|hash| **hash != 0).for_each(|hash| out.extend_from_slice(&hash.to_le_bytes()));
            }
            Content::Registers(registers) => {
                out.push(b'r');
                out.extend_from_slice(registers);
            }
        }
    }

    /// Reads what [`Hll::write_bytes`] wrote.
    pub fn read_bytes(bytes: &[u8]) -> Option<Hll> {
        let (bits, rest) = bytes.split_first()?;
        let (kind, rest) = rest.split_first()?;
        let mut hll = Hll::new(Precision::of_bits(*bits)?);
        if *kind == b'r' {
            hll.content = Content::Registers(hll.registers(rest)?);
            return Some(hll);
        }
        rest.as_chunks::<8>().0.iter().for_each(|hash| hll.insert(u64::from_le_bytes(*hash)));
        Some(hll)
    }

    fn registers(&self, bytes: &[u8]) -> Option<Box<[u8]>> {
        let highest = 64 - self.precision.0 + 1;
        let fits = bytes.len() == self.precision.n_registers() && bytes.iter().all(|register| *register <= highest);
        fits.then(|| bytes.into())
    }

    /// Returns the sketch as a dynamic value's JSON.
    pub fn to_json(&self) -> String {
        let head = format!("[[{},{}],", self.precision.exact_max(), self.precision.0);
        match &self.content {
            Content::Hashes { slots, .. } => {
                let mut hashes: Vec<i64> = slots.iter().filter(|hash| **hash != 0).map(|hash| *hash as i64).collect();
                // In order, so that equal sets give equal texts.
                hashes.sort_unstable();
                let hashes: Vec<String> = hashes.iter().map(|hash| format!("\"{hash}\"")).collect();
                format!("{head}[{}],[]]", hashes.join(","))
            }
            Content::Registers(registers) => format!("{head}[],[\"{}\"]]", BASE64.encode(registers)),
        }
    }

    /// Reads a sketch from a dynamic value's JSON; `None` when it is none.
    pub fn from_json(json: &str) -> Option<Hll> {
        let mut parts = raw::items(json);
        let (head, hashes, registers) = (parts.next()?, parts.next()?, parts.next()?);
        let bits = raw::element(head, 1)?.parse().ok()?;
        let mut hll = Hll::new(Precision::of_bits(bits)?);
        if let Some(registers) = raw::items(registers).next() {
            let bytes = BASE64.decode(raw::string(registers)?.as_bytes()).ok()?;
            hll.content = Content::Registers(hll.registers(&bytes)?);
        }
        for hash in raw::items(hashes) {
            hll.insert(raw::text(hash).parse::<i64>().ok()? as u64);
        }
        Some(hll)
    }
}

fn grow(slots: &mut Vec<u64>) {
    let old = std::mem::take(slots);
    slots.resize((old.len() * 2).max(4), 0);
    old.into_iter().filter(|hash| *hash != 0).for_each(|hash| {
        place(slots, hash);
    });
}

/// Puts a hash into the table, whose length is a power of two with room; returns whether it is new.
fn place(slots: &mut [u64], hash: u64) -> bool {
    let mask = slots.len() - 1;
    // The low bits of a hash are as good as any.
    let mut slot = hash as usize & mask;
    loop {
        if slots[slot] == hash {
            return false;
        }
        if slots[slot] == 0 {
            slots[slot] = hash;
            return true;
        }
        slot = (slot + 1) & mask;
    }
}

/// Raises the register of a hash: its first bits choose the register, the zeros after them its value.
#[inline]
fn register(registers: &mut [u8], precision: Precision, hash: u64) {
    let bits = u32::from(precision.0);
    let index = (hash >> (64 - bits)) as usize;
    let zeros = (hash << bits).leading_zeros().min(64 - bits) as u8 + 1;
    registers[index] = registers[index].max(zeros);
}

fn estimate(registers: &[u8], precision: Precision) -> f64 {
    let q = 64 - usize::from(precision.0);
    let m = registers.len() as f64;
    let mut counts = [0u32; 66];
    registers.iter().for_each(|register| counts[usize::from(*register).min(q + 1)] += 1);
    let mut z = m * tau(1.0 - f64::from(counts[q + 1]) / m);
    for count in counts[1..=q].iter().rev() {
        z = 0.5 * (z + f64::from(*count));
    }
    z += m * sigma(f64::from(counts[0]) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

fn sigma(x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut y, mut z) = (x, 1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut z) = (x, 1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(i: u64) -> u64 {
        stdx::Rng::from_seed(i).next_u64()
    }

    fn sketch(accuracy: i64, values: std::ops::Range<u64>) -> Hll {
        let mut hll = Hll::new(Precision::of_accuracy(accuracy).expect("a level"));
        values.for_each(|i| hll.insert(hash(i)));
        hll
    }

    #[test]
    fn small_sets_count_exactly() {
        for (accuracy, n) in [(0, 256), (1, 1024), (2, 4096), (2, 0), (1, 1)] {
            assert_eq!(sketch(accuracy, 0..n).count(), n as i64);
        }
        let mut twice = sketch(1, 0..500);
        twice.merge(&sketch(1, 250..750)).expect("same accuracy");
        assert_eq!(twice.count(), 750);
    }

    #[test]
    fn estimates_are_within_three_standard_errors() {
        for (accuracy, error) in [(0, 0.016), (1, 0.008), (2, 0.004), (3, 0.0028), (4, 0.002)] {
            for n in [70_000u64, 300_000] {
                let count = sketch(accuracy, 0..n).count() as f64;
                assert!((count - n as f64).abs() <= 3.0 * error * n as f64, "accuracy {accuracy}: {count} for {n}");
            }
        }
    }

    #[test]
    fn merging_equals_counting_at_once_and_formats_keep_all() {
        for (a, b) in [(0..100, 50..200), (0..900, 900..5000), (0..5000, 4000..4100), (0..3000, 2000..9000)] {
            let whole = sketch(1, a.start..a.end.max(b.end));
            let (mut left, right) = (sketch(1, a), sketch(1, b));
            left.merge(&Hll::from_json(&right.to_json()).expect("a sketch")).expect("same accuracy");
            assert_eq!(left.to_json(), whole.to_json());
            let mut bytes = Vec::new();
            left.write_bytes(&mut bytes);
            assert_eq!(Hll::read_bytes(&bytes).expect("a sketch").to_json(), whole.to_json());
        }
        assert!(sketch(1, 0..1).merge(&sketch(2, 0..1)).is_err());
        for bad in ["", "5", "[]", "[[1024,13],[],[]]", "[[1024,14],[\"x\"],[]]", "[[1024,14],[],[\"AAAA\"]]"] {
            assert!(Hll::from_json(bad).is_none(), "{bad}");
        }
    }
}
