//! Pieces that were pulled from a source, into a server's tables: each file in them by its format, and what nobody can read into the
//! quarantine. Nothing of a piece is left out, so that a source never waits for somebody who looks at it.

use super::{Name, Summary, Target, events, native, whole};
use crate::commands::import::find_source;
use anyhow::bail;
use files::{Input, Progress, RawFile};
use pull::{Content, Delivered, Pending, PullError};
use sources::{Sniff, Source};
use std::sync::Arc;

/// Unpacked bytes of a file at most.
const UNPACKED_BYTES_MAX: u64 = 64 << 30;
/// What the quarantine says that bytes of no known format are of.
const UNKNOWN: &str = "unknown";

/// Sends a piece; returns once the server has acknowledged all of it.
pub fn deliver(target: &Target<'_>, pending: &Pending) -> Result<Delivered, PullError> {
    send(target, pending).map_err(|error| PullError::Deliver {
        label: pending.header.label.clone(),
        // A server that could not be reached may be there again.
        is_temporary: error.chain().any(|cause| cause.is::<ureq::Error>()),
        source: error.into(),
    })
}

fn send(target: &Target<'_>, pending: &Pending) -> anyhow::Result<Delivered> {
    let mut total = Delivered::default();
    let header = &pending.header;
    let quarantine = |name: &Name<'_>, of: &str, why: &str| whole::import(target, &pending.body, name, of, why);
    let forced = match &header.content {
        Content::Records(name) => Some(find_source(name)?),
        Content::Unknown => None,
        Content::Events => {
            add(&mut total, &events::import(target, &pending.body, &Name { by: "pull", of: &header.id })?);
            return Ok(total);
        }
        Content::Lost(why) => {
            add(&mut total, &quarantine(&Name { by: "pull", of: &header.id }, UNKNOWN, why)?);
            return Ok(total);
        }
    };
    let path = pending.body.display().to_string();
    let (files, errors) = files::raw_files(&[Input::path(&path)])?;
    for (n, file) in files.iter().enumerate() {
        // A member of an archive is named behind it.
        let label = format!("{}{}", header.label, file.label().strip_prefix(&path).unwrap_or_default());
        let of = format!("{n}:{}", header.id);
        let name = Name { by: "pull", of: &of };
        let found = match source(file, &label, forced) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(why) => {
                add(&mut total, &quarantine(&name, UNKNOWN, &format!("{label}: {why}"))?);
                continue;
            }
        };
        let (label, now) = (label.as_str(), header.now);
        let log = native::Log { file, label, name, source: found, now, bytes_max: UNPACKED_BYTES_MAX };
        let report = native::import(target, &log, &Arc::new(Progress::default()))?;
        if !report.is_whole() {
            bail!("{label}: what was read is not what was taken and quarantined");
        }
        add(&mut total, &report.summary);
        let damage = report.damage.map(|error| format!("{label}: it is damaged behind what was read: {error}"));
        if let Some(why) = damage {
            add(&mut total, &quarantine(&name, found.name, &why)?);
        }
    }
    for (n, error) in errors.iter().enumerate() {
        let of = format!("error {n}:{}", header.id);
        let why = format!("{}: {}", header.label, stdx::error_chain(error));
        add(&mut total, &quarantine(&Name { by: "pull", of: &of }, UNKNOWN, &why)?);
    }
    Ok(total)
}

/// Returns the format of a file, or why there is none; nothing for an empty file.
fn source(file: &RawFile, label: &str, forced: Option<&'static Source>) -> Result<Option<&'static Source>, String> {
    let head = file.head().map_err(|error| stdx::error_chain(&error))?;
    if head.trim_ascii().is_empty() {
        return Ok(None);
    }
    let found = forced.or_else(|| sources::detect(&Sniff::new(label, &head)));
    found.map(Some).ok_or_else(|| "it is of no known log format".to_string())
}

fn add(total: &mut Delivered, summary: &Summary) {
    total.taken += summary.taken;
    total.quarantined += summary.quarantined;
}
