//! Handing entries to the store, and what became of each.

use std::sync::Arc;

use axum::http::request::Parts;
use files::Rejected;
use ingest::{IngestError, Pending};

use super::entry::Entry;
use super::plan::{Batch, Plan, plan};
use super::sender::Sender;
use crate::error::ApiError;
use crate::service::{Service, blocking};

/// How often it is looked again which columns a table has, when somebody else has just given it others.
const ATTEMPTS_MAX: usize = 4;

/// What became of an entry.
#[derive(Debug, Clone, Default)]
pub(super) enum Fate {
    #[default]
    Taken,
    /// It is in the quarantine: what is wrong with it.
    Quarantined(String),
    /// Nothing was taken of it.
    Failed(Arc<ApiError>),
}

/// How entries are handed in.
pub(super) struct Order<'a> {
    pub sender: &'a Sender,
    pub entries: Vec<Entry>,
    /// What names the request, so that it can be repeated.
    pub request: Option<String>,
    /// The table, without its ending, of entries that may have no further table.
    pub common: &'static str,
}

/// Records on their way, with the entries that they are of.
struct Sent {
    numbers: Vec<usize>,
    /// Whether what is sent is rejects, one for each number.
    is_rejected: bool,
    pending: Result<Pending, IngestError>,
}

/// Hands entries to the store, and waits until all that is taken is durable. What became of each stands at its place.
///
/// # Errors
/// When nothing was tried.
pub(super) async fn deliver(service: &Arc<Service>, parts: &Parts, order: Order<'_>) -> Result<Vec<Fate>, ApiError> {
    let Order { sender, entries, request, common } = order;
    let mut fates = vec![Fate::Taken; entries.len()];
    let (entries, request) = (Arc::new(entries), request.map(Arc::<str>::from));
    let plan = made_plan(service, parts, sender, &entries, common).await?;
    let (vault, workspace) = (service.api.vault.clone(), sender.workspace.clone());
    let sent = blocking(move || {
        let name = |part: &str| request.as_ref().map(|request| format!("{request}/{part}"));
        let mut sent = Vec::new();
        for Batch { table, lines, .. } in plan.batches {
            let numbers = lines.iter().map(|(number, _)| *number).collect();
            let bytes = lines.iter().map(|(_, line)| line.len() + 1).sum();
            let mut body = String::with_capacity(bytes);
            for (_, line) in &lines {
                body.push_str(line);
                body.push('\n');
            }
            let pending = vault.take(&workspace, &table, body.as_bytes(), name(&table).as_deref());
            sent.push(Sent { numbers, is_rejected: false, pending });
        }
        for (source, rejects) in plan.rejects {
            let (numbers, rejected): (Vec<usize>, Vec<Rejected>) = rejects.into_iter().unzip();
            let content: Vec<u8> = rejected.iter().flat_map(|rejected| rejected.raw.iter().copied()).collect();
            let name = name(&format!("rejected/{source}"));
            let request = name.as_deref().map(|name| (name, content.as_slice()));
            let pending = vault.quarantine(&workspace, source, rejected, request);
            sent.push(Sent { numbers, is_rejected: true, pending });
        }
        sent
    });
    for Sent { numbers, is_rejected, pending } in sent.await? {
        let taken = match pending {
            Ok(pending) => pending.finish().await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(answer) => {
                for (idx, rejected) in answer.rejected.into_iter().enumerate() {
                    let line = usize::try_from(rejected.position).unwrap_or(usize::MAX);
                    let number = numbers.get(if is_rejected { idx } else { line }).copied();
                    let why = format!("{}: {}", rejected.reason.name(), rejected.detail);
                    set(&mut fates, number, Fate::Quarantined(why));
                }
            }
            Err(error) => {
                let error = Arc::new(ApiError::Ingest(error));
                for number in numbers {
                    set(&mut fates, Some(number), Fate::Failed(error.clone()));
                }
            }
        }
    }
    Ok(fates)
}

/// What failed stays failed: its sender has to send it again.
fn set(fates: &mut [Fate], number: Option<usize>, fate: Fate) {
    if let Some(known) = number.and_then(|number| fates.get_mut(number))
        && !matches!(known, Fate::Failed(_))
    {
        *known = fate;
    }
}

/// Plans, and gives the tables the columns that the plan needs.
async fn made_plan(
    service: &Arc<Service>,
    parts: &Parts,
    sender: &Sender,
    entries: &Arc<Vec<Entry>>,
    common: &'static str,
) -> Result<Plan, ApiError> {
    let mut n_attempts = 0;
    'again: loop {
        n_attempts += 1;
        let (vault, workspace, entries) = (service.api.vault.clone(), sender.workspace.clone(), entries.clone());
        let rest = (service.api.clock.now_ticks(), service.api.limits.push.tables_max);
        let plan = blocking(move || plan(&vault, &workspace, &entries, common, rest)).await??;
        for Batch { table, missing, .. } in plan.batches.iter().filter(|batch| !batch.missing.is_empty()) {
            let (principal, workspace) = (&sender.principal, &sender.workspace);
            match service.make_columns(parts, principal, workspace, table, missing.clone()).await {
                Ok(()) => {}
                // Another sender's columns of these names came first.
                Err(ApiError::Ingest(IngestError::Schema(_))) if n_attempts < ATTEMPTS_MAX => continue 'again,
                Err(error) => return Err(error),
            }
        }
        return Ok(plan);
    }
}
