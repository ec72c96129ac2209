//! Work in parallel: as many threads as asked for, each taking the next piece.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Shows each item to `work`, on up to `n_threads` threads, in about their order.
pub fn each<T: Sync>(n_threads: usize, items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..n_threads.min(items.len()) {
            scope.spawn(run);
        }
        run();
    });
}
