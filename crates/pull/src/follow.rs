//! One round: everything that is there now, a piece after the other.

use crate::error::PullError;
use crate::feed::{Feed, Next};
use crate::spool::Pending;
use crate::state::State;

/// What became of a piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    pub taken: u64,
    pub quarantined: u64,
}

/// Delivers a piece; returns once it is acknowledged. Delivered again, nothing of it is taken twice.
pub type Deliver<'a> = dyn FnMut(&Pending) -> Result<Delivered, PullError> + 'a;

/// What a round took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    pub pieces: u64,
    pub taken: u64,
    pub quarantined: u64,
}

/// Takes everything that is there now. What was taken is counted in `round`, also when it ends early.
///
/// # Errors
/// When the source cannot be asked, a piece not be delivered, or the position not be saved. What was acknowledged before stays taken.
pub fn follow(
    feed: &mut dyn Feed,
    state: &mut State,
    now: &dyn Fn() -> i64,
    deliver: &mut Deliver<'_>,
    round: &mut Round,
) -> Result<(), PullError> {
    let mut take = |state: &mut State, pending: Pending| -> Result<(), PullError> {
        let Delivered { taken, quarantined } = deliver(&pending)?;
        round.pieces += 1;
        round.taken += taken;
        round.quarantined += quarantined;
        pending.finish(state)
    };
    // What was being delivered goes first, as it was.
    if let Some(pending) = Pending::find(state)? {
        take(state, pending)?;
    }
    feed.begin(state, now())?;
    loop {
        match feed.next(state)? {
            Next::Piece(piece) => {
                let pending = Pending::keep(state, piece, now())?;
                take(state, pending)?;
            }
            Next::Moved(change) => state.apply(&change)?,
            Next::Nothing => return Ok(()),
        }
    }
}
