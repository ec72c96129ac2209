//! Files of typed columns read by a process of its own, which has so much memory and time and no more: a file that makes a reader ask for
//! everything, or stops it, takes nobody else with it.
//!
//! ```text
//! server ─ a line of JSON that says what to read, then the file ─► process
//!        ◄─ objects, one a line ── exit 0
//!        ◄─ why not ────────────── exit 2 (unreadable), 3 (too large); ended in any other way, the file is damaged
//! ```

use crate::columnar::{ColumnarFile, ColumnarReader, FileError, InProcess};
use crate::format::DataFormat;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use stdx::{Confinement, confine};

/// Several times what the objects of a file may have as text.
const CONFINEMENT: Confinement = Confinement { memory_bytes: 2 << 30, cpu_seconds: 60 };
/// Processes at the same time.
const PROCESSES_MAX: usize = 2;
/// How long it is waited for a place among them.
const PLACE_WAIT: Duration = Duration::from_secs(10);
const RETRY_AFTER_MS: u64 = 5_000;
/// Bytes of objects that are handed on at a time, about.
const PART_BYTES: usize = 1 << 20;
/// Bytes that are read of why a file is not read.
const REASON_BYTES_MAX: u64 = 4096;
const UNREADABLE: u8 = 2;
const TOO_LARGE: u8 = 3;

/// What the process is to do.
#[derive(Serialize, Deserialize)]
struct Order {
    format: String,
    names_of_bytes: Vec<String>,
    bytes_max: usize,
}

/// Has processes read files: a program that calls [`read_in_isolation`] when it is started with these arguments.
#[derive(Debug)]
pub struct Isolated {
    program: PathBuf,
    arguments: Vec<String>,
    running: Mutex<usize>,
    ended: Condvar,
}

/// A place among the processes.
struct Place<'a>(&'a Isolated);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.ended.notify_one();
    }
}

/// A process that does not outlive whoever waits for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Isolated {
    /// Has this program read files, started with these arguments.
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Isolated {
        Isolated { program, arguments, running: Mutex::new(0), ended: Condvar::new() }
    }

    /// Waits for a place, so long and no longer.
    fn place(&self, wait: Duration) -> Result<Place<'_>, FileError> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |running: &mut usize| *running >= PROCESSES_MAX;
        let waited = self.ended.wait_timeout_while(running, wait, is_full);
        let (mut running, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(FileError::Busy { retry_after_ms: RETRY_AFTER_MS });
        }
        *running += 1;
        Ok(Place(self))
    }

    fn start(&self) -> std::io::Result<Running> {
        let mut command = Command::new(&self.program);
        // It inherits no secrets. The allocator is not to take more than it needs.
        command.args(&self.arguments).env_clear().env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map(Running)
    }
}

impl ColumnarReader for Isolated {
    fn read(
        &self,
        file: &ColumnarFile<'_>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let _place = self.place(PLACE_WAIT)?;
        let failed = FileError::NoReader;
        let mut running = self.start().map_err(failed)?;
        let (input, output) = (running.0.stdin.take(), running.0.stdout.take());
        let reason = running.0.stderr.take();
        let (Some(mut input), Some(output), Some(reason)) = (input, output, reason) else {
            return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
        };
        let names_of_bytes = file.names_of_bytes.clone();
        let order = Order { format: file.format.name().to_string(), names_of_bytes, bytes_max: file.bytes_max };
        let mut order = serde_json::to_vec(&order).map_err(|error| failed(error.into()))?;
        order.push(b'\n');
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A process that ends early says why by how it ends.
                let _ = input.write_all(&order).and_then(|()| input.write_all(file.body));
            });
            let reason = scope.spawn(move || {
                let mut text = Vec::new();
                let mut reason = reason;
                let _ = reason.by_ref().take(REASON_BYTES_MAX).read_to_end(&mut text);
                // What is more is read too: nobody would end who cannot say all.
                let _ = std::io::copy(&mut reason, &mut std::io::sink());
                String::from_utf8_lossy(&text).trim().to_string()
            });
            let handed = hand_on(output, file.bytes_max, take);
            if handed.is_err() {
                let _ = running.0.kill();
            }
            let status = running.0.wait().map_err(failed)?;
            let reason = reason.join().unwrap_or_default();
            handed?;
            match status.code().map(u8::try_from) {
                Some(Ok(0)) => Ok(()),
                Some(Ok(UNREADABLE)) => Err(FileError::Unreadable(reason)),
                Some(Ok(TOO_LARGE)) => Err(FileError::TooLarge { max: file.bytes_max }),
                _ => Err(FileError::Unreadable("the file is damaged, or reading it takes too much".to_string())),
            }
        })
    }
}

/// Hands lines on, some at a time.
fn hand_on(
    output: impl Read,
    bytes_max: usize,
    take: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
) -> Result<(), FileError> {
    // Its own limit holds: this is for one that is not what it should be.
    let mut output = BufReader::new(output.take(bytes_max as u64 + 1));
    let mut part = Vec::new();
    loop {
        let n = output.read_until(b'\n', &mut part).map_err(FileError::NoReader)?;
        if part.len() >= PART_BYTES || (n == 0 && !part.is_empty()) {
            take(&part)?;
            part.clear();
        }
        if n == 0 {
            return Ok(());
        }
    }
}

/// Reads one file as [`Isolated`] asks for it, in a process that ends then.
pub fn read_in_isolation(input: impl Read, output: impl Write, mut reasons: impl Write) -> ExitCode {
    let mut say = |reason: &str, code: u8| {
        // Whoever asked may have gone.
        let _ = writeln!(reasons, "{reason}");
        ExitCode::from(code)
    };
    match read(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(FileError::TooLarge { .. }) => say("", TOO_LARGE),
        Err(FileError::Unreadable(why)) => say(&why, UNREADABLE),
        Err(error) => say(&error.to_string(), 1),
    }
}

fn read(input: impl Read, mut output: impl Write) -> Result<(), FileError> {
    confine(CONFINEMENT).map_err(FileError::NoReader)?;
    let mut input = BufReader::new(input);
    let (mut order, mut body) = (Vec::new(), Vec::new());
    input.read_until(b'\n', &mut order).map_err(FileError::NoReader)?;
    input.read_to_end(&mut body).map_err(FileError::NoReader)?;
    let order: Order = serde_json::from_slice(&order).map_err(|error| FileError::NoReader(error.into()))?;
    let unknown = || FileError::Unreadable(format!("`{}` is no format", order.format));
    let format = DataFormat::from_name(&order.format).ok_or_else(unknown)?;
    let file =
        ColumnarFile { format, body: &body, names_of_bytes: order.names_of_bytes.clone(), bytes_max: order.bytes_max };
    InProcess.read(&file, &mut |objects| output.write_all(objects).map_err(FileError::NoReader))?;
    output.flush().map_err(FileError::NoReader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_no_place_is_asked_to_come_again() {
        let isolated = Isolated::new(PathBuf::from("unused"), Vec::new());
        let taken: Vec<_> = (0..PROCESSES_MAX).map(|_| isolated.place(Duration::ZERO)).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert!(matches!(isolated.place(Duration::from_millis(1)), Err(FileError::Busy { .. })));
        drop(taken);
        assert!(isolated.place(Duration::ZERO).is_ok());
    }
}
