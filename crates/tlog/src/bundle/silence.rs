//! That nothing was sealed for a while: heartbeats, each of which says how far a table had come.

use super::claim::{Claim, ClaimKind};
use super::verify::{Refusal, check_inclusion, contradiction, in_text, log_proof};
use super::{CLAIM, Files};
use crate::Checkpoint;
use crate::entry::Heartbeat;
use crate::text::number;

/// Reads every heartbeat and its place in the log; by that.
pub fn heartbeats(
    files: &Files,
    checkpoint: &Checkpoint,
    note: &[u8],
    proved: &mut Vec<String>,
) -> Result<Vec<(u64, Heartbeat)>, Refusal> {
    let of = |name: &String| number(name.strip_prefix("heartbeat-")?.strip_suffix(".tlog-proof")?);
    let mut indexes: Vec<u64> = files.keys().filter_map(of).collect();
    indexes.sort_unstable();
    let mut found = Vec::new();
    for index in indexes {
        let name = super::heartbeat_name(index);
        let proof = log_proof(files, &name, index, note)?;
        let entry = proof.extra.as_deref().unwrap_or_default();
        let heartbeat = Heartbeat::parse(entry).map_err(in_text(&name))?;
        check_inclusion(&name, entry, &proof, checkpoint)?;
        let time = crate::ticks_text(heartbeat.time).unwrap_or_default();
        proved.push(format!("entry {index}: the log was alive at {time} by the vault's clock"));
        found.push((index, heartbeat));
    }
    Ok(found)
}

/// Holds the heartbeats against the claims of silence.
pub fn check_silence(
    claim: &Claim,
    heartbeats: &[(u64, Heartbeat)],
    proved: &mut Vec<String>,
    open: &mut Vec<String>,
) -> Result<(), Refusal> {
    let mut is_claimed = false;
    for table_claim in &claim.tables {
        let (table, ClaimKind::Silent { next }) = (&table_claim.table, table_claim.kind) else { continue };
        is_claimed = true;
        let mut times = Vec::new();
        for (index, heartbeat) in heartbeats {
            let Some((_, found)) = heartbeat.tables.iter().find(|(name, _)| name == table) else { continue };
            if *found != next {
                return contradiction(
                    CLAIM,
                    format!("the next record of table {table} had number {found} at entry {index}, not {next}"),
                );
            }
            times.push(crate::ticks_text(heartbeat.time).unwrap_or_default());
        }
        let [first, .., last] = times.as_slice() else {
            return contradiction(CLAIM, format!("the silence of table {table} has no beginning and end"));
        };
        proved.push(format!(
            "table {table}: no record was sealed between {first} and {last}: the next one was to be record {next} at both times"
        ));
        open.push(format!("table {table}: that no batch lies between these entries: who reads the whole log can tell"));
    }
    if is_claimed || heartbeats.is_empty() { Ok(()) } else { contradiction(CLAIM, "nothing is claimed about silence") }
}
