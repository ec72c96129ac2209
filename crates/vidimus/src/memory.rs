//! The allocator: batches are large and short-lived, and the system's would give their pages back and fetch them again each time.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_get, mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The option `purge_delay`, and its default: milliseconds that pages are kept when nothing is in them.
const PURGE_DELAY: mi_option_t = 15;
const DEFAULT_MS: c_long = 1_000;
/// Longer than from one batch or file to the next: the kernel zeroes each page that is fetched again.
const KEPT_MS: c_long = 10_000;

/// Keeps pages for longer, unless `MIMALLOC_PURGE_DELAY` says for how long.
pub fn keep_pages() {
    #[expect(unsafe_code, reason = "the allocator's options are set by functions of C")]
    // SAFETY: either function takes an index, which it checks against the bounds of a static table, and reads or writes the number
    // there. No pointer is passed, and no other thread runs yet that could read the number while it is written.
    unsafe {
        if mi_option_get(PURGE_DELAY) == DEFAULT_MS {
            mi_option_set(PURGE_DELAY, KEPT_MS);
        }
    }
}
