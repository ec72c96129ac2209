//! The doors by which the outside world comes in: the clock, randomness and cancellation.
//!
//! Nothing else in the domain or the engine asks the operating system for the time or for random bytes, so that a test
//! can hold both still.

mod cancel;
mod clock;
mod entropy;
mod rng;

pub use cancel::Cancel;
pub use clock::{Clock, FixedClock, SystemClock};
pub use entropy::{Entropy, SystemEntropy};
pub use rng::Rng;
