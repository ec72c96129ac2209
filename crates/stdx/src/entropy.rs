//! Random bytes that nobody can guess, for keys. What may be repeated from a seed is [`Rng`](crate::Rng)'s.

use std::io;

/// A source of random bytes that are fit for secrets.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// When there are none to be had; `bytes` must not be used then.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The operating system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ_each_time() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemEntropy.fill(&mut a).expect("bytes");
        SystemEntropy.fill(&mut b).expect("bytes");
        assert_ne!(a, b);
    }
}
