//! The doors by which the outside world comes in: the clock, randomness, cancellation, priority, what a process may use, and where tests kill the process.
//!
//! Nothing else in the domain or the engine asks the operating system for the time or for random bytes, so that a test
//! can hold both still.

mod background;
mod cancel;
mod clock;
mod confine;
mod crash;
mod entropy;
mod error_chain;
mod rng;

pub use background::stand_back;
pub use cancel::Cancel;
pub use clock::{Clock, FixedClock, SystemClock};
pub use confine::{Confinement, confine};
pub use crash::{CRASH_SIGN, crash_at, crash_point};
pub use entropy::{Entropy, SystemEntropy};
pub use error_chain::error_chain;
pub use rng::Rng;
