//! Named places at which a test may kill the process, so that no moment between two writes goes untried.
//!
//! Only builds with debug assertions look at `VIDIMUS_CRASH_AT`, which says `name` or `name:n`: the thread that comes to the place for
//! the n-th time says so on the standard output and goes no further. Whoever reads that kills the process.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable that names a place.
pub const CRASH_AT: &str = "VIDIMUS_CRASH_AT";
/// What comes before the name on the standard output.
pub const CRASH_SIGN: &str = "crash point ";

static PLACE: OnceLock<Option<Place>> = OnceLock::new();

/// A place, and how often it may be passed.
struct Place {
    name: String,
    n_left: AtomicU64,
}

impl Place {
    /// Reads `name` or `name:n`.
    fn parse(text: &str) -> Place {
        let (name, n) = match text.rsplit_once(':').and_then(|(name, n)| Some((name, n.parse().ok()?))) {
            Some((name, n)) => (name, n),
            None => (text, 1),
        };
        Place { name: name.to_string(), n_left: AtomicU64::new(n) }
    }

    /// Counts a visit; returns whether it is the one to stop at.
    fn is_reached(&self, name: &str) -> bool {
        self.name == name && self.n_left.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

/// Marks a place between two writes; does nothing unless a test has named it.
pub fn crash_point(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let place = PLACE.get_or_init(|| std::env::var(CRASH_AT).ok().map(|text| Place::parse(&text)));
    if place.as_ref().is_some_and(|place| place.is_reached(name)) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{CRASH_SIGN}{name}").and_then(|()| stdout.flush());
        drop(stdout);
        loop {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_reached_at_the_visit_that_is_asked_for() {
        let place = Place::parse("a.b:3");
        let visits = ["a.b", "a", "a.b", "a.b", "a.b"].map(|name| place.is_reached(name));
        assert_eq!(visits, [false, false, false, true, false]);
        assert!(Place::parse("a.b").is_reached("a.b"));
    }
}
