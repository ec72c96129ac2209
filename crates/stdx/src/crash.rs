//! Named places at which a test may kill the process, so that no moment between two writes goes untried.
//!
//! Only builds of this crate with debug assertions look at `VIDIMUS_CRASH_AT`, which says `name:n`: the thread that comes to the place
//! for the n-th time says so on the standard output and goes no further. Whoever reads that kills the process.

use std::io::Write;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable that names a place.
const CRASH_AT: &str = "VIDIMUS_CRASH_AT";
/// What comes before the name on the standard output.
pub const CRASH_SIGN: &str = "crash point ";

static PLACE: OnceLock<Option<Place>> = OnceLock::new();

/// A place, and how often it may be passed.
struct Place {
    name: String,
    n_left: AtomicU64,
}

impl Place {
    /// Reads `name:n`.
    fn parse(text: &str) -> Option<Place> {
        let (name, n) = text.rsplit_once(':')?;
        Some(Place { name: name.to_string(), n_left: AtomicU64::new(n.parse().ok()?) })
    }

    /// Counts a visit; returns whether it is the one to stop at.
    fn is_reached(&self, name: &str) -> bool {
        self.name == name && self.n_left.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

/// Has a process stop when it comes to a place for the n-th time. The process is of the same build as the caller.
///
/// # Panics
/// In a build that passes every place, where whoever kills at places would find nothing for ever.
#[expect(clippy::assertions_on_constants, reason = "builds differ")]
pub fn crash_at<'a>(command: &'a mut Command, place: &str, nth: u64) -> &'a mut Command {
    assert!(
        cfg!(debug_assertions),
        "this build stops nowhere: make one with --config profile.release.package.stdx.debug-assertions=true"
    );
    command.env(CRASH_AT, format!("{place}:{nth}"))
}

/// Marks a place between two writes; does nothing unless a test has named it.
pub fn crash_point(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let place = PLACE.get_or_init(|| std::env::var(CRASH_AT).ok().and_then(|text| Place::parse(&text)));
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
        let place = Place::parse("a.b:3").expect("a place");
        let visits = ["a.b", "a", "a.b", "a.b", "a.b"].map(|name| place.is_reached(name));
        assert_eq!(visits, [false, false, false, true, false]);
    }
}
