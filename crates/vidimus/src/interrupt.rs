//! Ctrl-C cancels the query that runs; a second one within it ends the program. In the shell's dialogue the program
//! stays.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use stdx::Cancel;

static CURRENT: Mutex<Option<Cancel>> = Mutex::new(None);
static INSTALLED: AtomicBool = AtomicBool::new(false);
static STAYS: AtomicBool = AtomicBool::new(false);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What shells give for a program that Ctrl-C ended.
pub const EXIT_CODE: u8 = 130;

/// While this lives, Ctrl-C cancels.
pub struct Guard;

/// Makes Ctrl-C cancel a query.
pub fn cancels(cancel: &Cancel) -> Guard {
    set(Some(cancel.clone()));
    listen();
    Guard
}

/// Makes Ctrl-C never end the program from now on.
pub fn stay() {
    STAYS.store(true, Ordering::SeqCst);
    listen();
}

/// Returns whether Ctrl-C was pressed since the program began.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn listen() {
    if INSTALLED.swap(true, Ordering::SeqCst) {
        return;
    }
    std::thread::spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                INTERRUPTED.store(true, Ordering::SeqCst);
                let current = CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                match current {
                    Some(cancel) if !cancel.is_cancelled() => cancel.cancel(),
                    _ if STAYS.load(Ordering::SeqCst) => {}
                    _ => std::process::exit(i32::from(EXIT_CODE)),
                }
            }
        });
    });
}

fn set(cancel: Option<Cancel>) {
    *CURRENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = cancel;
}

impl Drop for Guard {
    fn drop(&mut self) {
        set(None);
    }
}
