//! A process that gets only so much.

/// What a process may use; what asks for more ends it.
#[derive(Debug, Clone, Copy)]
pub struct Confinement {
    /// Bytes of memory that are its own.
    pub memory_bytes: u64,
    /// Seconds of processor time.
    pub cpu_seconds: u64,
}

/// Confines the calling process for good: its memory and processor time, and it leaves no image of its memory behind.
///
/// # Errors
/// When the system refuses.
///
/// # Source
/// getrlimit(2) of the Linux manual: `RLIMIT_DATA`, `RLIMIT_CPU`, `RLIMIT_CORE`.
pub fn confine(confinement: Confinement) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |n: u64| Rlimit { current: Some(n), maximum: Some(n) };
    setrlimit(Resource::Data, limit(confinement.memory_bytes))?;
    setrlimit(Resource::Cpu, limit(confinement.cpu_seconds))?;
    setrlimit(Resource::Core, limit(0))?;
    Ok(())
}
