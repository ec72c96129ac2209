//! Ctrl-C cancels the query that runs; a second one within it ends the program.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use stdx::Cancel;

static CURRENT: Mutex<Option<Cancel>> = Mutex::new(None);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// While this lives, Ctrl-C cancels.
pub struct Guard;

/// Makes Ctrl-C cancel a query.
pub fn cancels(cancel: &Cancel) -> Guard {
    set(Some(cancel.clone()));
    if !INSTALLED.swap(true, Ordering::SeqCst) {
        std::thread::spawn(|| {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    let current = CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                    match current {
                        Some(cancel) if !cancel.is_cancelled() => cancel.cancel(),
                        // 130 is what shells give for a program that Ctrl-C ended.
                        _ => std::process::exit(130),
                    }
                }
            });
        });
    }
    Guard
}

fn set(cancel: Option<Cancel>) {
    *CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = cancel;
}

impl Drop for Guard {
    fn drop(&mut self) {
        set(None);
    }
}
