//! Random choices of a generator, all of which follow from the seed.

use stdx::Rng;

/// A source of choices.
#[derive(Debug, Clone)]
pub struct Dice(Rng);

impl Dice {
    /// Makes the dice of one subject: those of different subjects are independent.
    pub fn new(seed: u64, subject: &str) -> Dice {
        // FNV-1a over the subject's bytes.
        let hash = subject
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
        Dice(Rng::from_seed(seed ^ hash))
    }

    /// Returns a number from `low` to below `high`; `low` when there is none.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        low + self.0.below(width) as i64
    }

    /// Returns a number in [0, 1).
    pub fn share(&mut self) -> f64 {
        self.0.next_f64()
    }

    /// Returns true with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.next_f64() < probability
    }

    /// Returns an index below `n`, 0 when `n` is 0.
    pub fn index(&mut self, n: usize) -> usize {
        self.0.below(n as u64) as usize
    }

    /// Returns one of the items, or `None` when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }

    /// Returns one of the texts, or the empty text when there are none.
    pub fn word<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.pick(words).copied().unwrap_or("")
    }

    /// Returns an index by the items' weights; the last when all weights are 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        let mut rest = self.0.below(total);
        let mut idx = 0;
        for (i, weight) in weights.enumerate() {
            idx = i;
            if rest < u64::from(weight) {
                break;
            }
            rest -= u64::from(weight);
        }
        idx
    }

    /// Returns a whole number around a mean: from half of it to half more, the fraction by chance.
    pub fn count(&mut self, mean: f64) -> u64 {
        let value = mean * (0.5 + self.share());
        let whole = value.floor();
        whole as u64 + u64::from(self.chance(value - whole))
    }

    /// Returns the text of a version 4 UUID.
    pub fn guid(&mut self) -> String {
        let (high, low) = (self.0.next_u64(), self.0.next_u64());
        let high = (high & !0xF000) | 0x4000;
        let low = (low & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_decide_and_subjects_differ() {
        let mut dice = Dice::new(1, "a");
        assert!((0..100).all(|_| dice.weighted([0, 5, 0].into_iter()) == 1));
        assert!((0..100).all(|_| (3..5).contains(&dice.between(3, 5))));
        assert_eq!(dice.between(5, 5), 5);
        assert_ne!(Dice::new(1, "a").guid(), Dice::new(1, "b").guid());
        assert_eq!(Dice::new(1, "a").guid().as_bytes().get(14), Some(&b'4'));
    }
}
