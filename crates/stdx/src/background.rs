//! Threads whose work can wait.

/// How much lower the priority of such a thread is: about a third of the processor's time beside one that cannot wait.
#[cfg(target_os = "linux")]
const LESS: i32 = 5;

/// Has the calling thread stand back behind others of this process and machine for as long as it lives. Where threads have no priority of
/// their own, and where that is not allowed, nothing changes.
///
/// # Source
/// nice(2), setpriority(2) of the Linux manual: "C library/kernel differences", priorities belong to threads.
pub fn stand_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(LESS);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn one_thread_stands_back_and_no_other() {
        let nice = || rustix::process::nice(0).expect("a priority");
        let before = nice();
        let after = std::thread::spawn(move || {
            stand_back();
            nice()
        });
        assert_eq!((after.join().expect("no panic"), nice()), ((before + LESS).min(19), before));
    }
}
