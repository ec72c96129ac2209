//! What nobody can read, on its way into the quarantine: its bytes as they are, cut into pieces.

use super::native::rejected;
use super::{Name, Summary, Target, chunk_name, send};
use anyhow::Context;
use sources::{Reason, Reject};
use std::io::Read;
use std::path::Path;

/// Bytes of a piece.
const PIECE_BYTES: u64 = 1 << 20;

/// Sends a file into the quarantine, as something that is no record of `of`, and why.
pub fn import(target: &Target<'_>, path: &Path, name: &Name<'_>, of: &str, detail: &str) -> anyhow::Result<Summary> {
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    send(target, |chunks| {
        for position in 0.. {
            let mut raw = Vec::new();
            let n = file.by_ref().take(PIECE_BYTES).read_to_end(&mut raw);
            // What is empty is one piece too: something was there.
            if n.with_context(|| format!("cannot read {}", path.display()))? == 0 && position > 0 {
                break;
            }
            let reject = Reject { position, reason: Reason::Malformed, detail: detail.to_string(), raw };
            if chunks.send(rejected(chunk_name(&format!("whole:{position}"), name), of, vec![reject])).is_err() {
                break;
            }
        }
        Ok(())
    })
}
