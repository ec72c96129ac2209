//! What witnesses know of the logs, before a start signs anything.

use std::collections::BTreeMap;

use sequencer::storage::Storage;
use sequencer::{Claim, checkpoint_path};
use tlog::note::SignedNote;
use tlog::{Checkpoint, Policy};

use crate::client::Client;
use crate::error::WitnessError;
use crate::transport::Transport;
use stdx::error_chain;

/// What witnesses said.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// What they know, by workspace, for [`sequencer::Options::claims`].
    pub claims: BTreeMap<String, Vec<Claim>>,
    /// Witnesses that could not be asked, and why. Whether to start without them is for the one who runs the node to say.
    pub errors: Vec<(String, String)>,
}

/// Asks every witness of a policy what it has seen of the logs in a store, all at the same time. A witness that does not answer is
/// asked about one log only.
///
/// They are shown nothing but the checkpoints that are published. A log without one is not known here, and its witnesses are heard
/// when its first checkpoint is submitted.
pub fn ask_witnesses(storage: &dyn Storage, policy: &Policy, transport: &dyn Transport) -> Asked {
    let mut asked = Asked::default();
    let published = match published(storage) {
        Ok(published) => published,
        Err(error) => {
            asked.errors.push(("ws".to_string(), error.to_string()));
            return asked;
        }
    };
    let (clients, published) = (Client::of_policy(policy), published.as_slice());
    let answers = std::thread::scope(|scope| {
        let ask = |client| scope.spawn(move || ask_one(client, published, transport));
        let threads: Vec<_> = clients.iter().map(ask).collect();
        threads.into_iter().zip(&clients).map(|(thread, client)| (client, thread.join())).collect::<Vec<_>>()
    });
    for (client, answer) in answers {
        let (claims, error) = answer.unwrap_or_else(|_| (Vec::new(), Some("internal error".to_string())));
        for (workspace, claim) in claims {
            asked.claims.entry(workspace).or_default().push(claim);
        }
        asked.errors.extend(error.map(|error| (client.name.clone(), error)));
    }
    asked
}

/// Reads the published checkpoints; the start itself judges those that are damaged.
fn published(storage: &dyn Storage) -> std::io::Result<Vec<(String, SignedNote, Checkpoint)>> {
    let mut published = Vec::new();
    for workspace in storage.list("ws")? {
        let Some(bytes) = storage.read(&checkpoint_path(&workspace))? else { continue };
        let Ok(note) = SignedNote::parse(&bytes) else { continue };
        if let Ok(checkpoint) = Checkpoint::parse(&note.text) {
            published.push((workspace, note, checkpoint));
        }
    }
    Ok(published)
}

fn ask_one(
    client: &Client,
    published: &[(String, SignedNote, Checkpoint)],
    transport: &dyn Transport,
) -> (Vec<(String, Claim)>, Option<String>) {
    let (mut claims, mut problem) = (Vec::new(), None);
    for (workspace, note, checkpoint) in published {
        let mut claim = |size, root| {
            claims.push((workspace.clone(), Claim { witness: client.name.clone(), size, root }));
        };
        let shown = client.probe(transport, note).and_then(|size| match size {
            None => Ok(None),
            Some(size) => {
                claim(size, None);
                client.latest(transport, &checkpoint.origin)
            }
        });
        match shown {
            Ok(shown) => shown.into_iter().for_each(|shown| claim(shown.size, Some(shown.root))),
            Err(error) => {
                problem.get_or_insert_with(|| format!("{workspace}: {}", error_chain(&error)));
                if matches!(error, WitnessError::Transport(_)) {
                    break;
                }
            }
        }
    }
    (claims, problem)
}
