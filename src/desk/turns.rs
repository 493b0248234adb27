//! Turns: what one person says in a row is answered together, and turns are worked in the platform's order.
//!
//! 1. A message joins a turn that waits next to it, when the same person said both at the same place and neither is a command;
//!    what somebody else asked in between keeps them apart, also when it reaches us last.
//! 2. A turn that work has begun on takes nothing in any more; whether it has is looked at with its row locked.

use std::collections::HashSet;

use super::Desk;
use crate::domain::Asker;
use crate::store::runs::{self, NewTurn, Run, RunState, Target, Work};
use crate::store::{StoreError, Tx, stops, trust};

/// The waiting run that a new turn is part of, kept from beginning until the transaction ends.
pub(super) async fn neighbour(tx: &mut Tx, new: &NewTurn<'_>) -> Result<Option<Run>, StoreError> {
    let open = stops::open_runs_of(tx, new.conversation).await?;
    let Some(run) = beside(&open, new).cloned() else {
        return Ok(None);
    };
    if !stops::hold_back(tx, run.id).await? {
        return Ok(None);
    }
    // A command has no message: its words would be lost.
    let has_messages = !stops::words_of(tx, run.turn).await?.is_empty();
    Ok(has_messages.then_some(run))
}

/// Which of the open runs, in the order they were asked for, a new turn stands next to and belongs to.
pub(super) fn beside<'a>(open: &'a [Run], new: &NewTurn<'_>) -> Option<&'a Run> {
    if new.work != Work::Talk {
        return None;
    }
    let after = open.partition_point(|run| run.asked_at <= new.asked_at);
    let neighbours = [after.checked_sub(1), Some(after)];
    let mut neighbours = neighbours.into_iter().flatten().filter_map(|at| open.get(at));
    neighbours
        .find(|run| run.state == RunState::Queued && run.work == Work::Talk && same(&run.asker, new.asker))
}

/// Whether two requests come with the same rights.
fn same(one: &Asker, other: &Asker) -> bool {
    one.person == other.person && one.account == other.account && one.place == other.place
}

/// Makes the kept message part of a waiting turn: its words in the platform's order, its targets beside the others.
pub(super) async fn join(tx: &mut Tx, run: &Run, new: &NewTurn<'_>) -> Result<(), StoreError> {
    let words = stops::words_of(tx, run.turn).await?;
    let mut seen: HashSet<_> = run.targets.iter().map(|target| target.place.clone()).collect();
    let further = new
        .targets
        .iter()
        .filter(|target| seen.insert(target.place.clone()));
    let targets: Vec<Target> = run.targets.iter().chain(further).cloned().collect();
    let asked_at = run.asked_at.max(new.asked_at);
    runs::set_words(tx, run.turn, &words.join("\n\n"), asked_at).await?;
    runs::set_targets(tx, run.id, &targets).await
}

impl Desk {
    /// Parts a waiting turn whose messages were said before and after a new one that is no part of it.
    pub(super) async fn part(&self, tx: &mut Tx, new: &NewTurn<'_>) -> Result<(), StoreError> {
        for run in stops::open_runs_of(tx, new.conversation).await? {
            if run.state != RunState::Queued || run.work != Work::Talk {
                continue;
            }
            let moments = stops::moments_of(tx, run.turn).await?;
            let before = moments.iter().rev().find(|at| **at <= new.asked_at).copied();
            let is_between = moments.last().is_some_and(|last| *last > new.asked_at);
            if let (Some(before), true) = (before, is_between)
                && stops::hold_back(tx, run.id).await?
            {
                let here = |target: &&Target| target.place == run.asker.place;
                let later = NewTurn {
                    conversation: run.conversation,
                    asker: &run.asker,
                    text: "",
                    asked_at: run.asked_at,
                    work: Work::Talk,
                    targets: run.targets.iter().filter(here).cloned().collect(),
                    trusted: run.trusted,
                };
                let turn = self.open_run(tx, &later).await?;
                if let Some(by) = trust::met(tx, run.id).await?.tainted_by {
                    trust::taint_turn(tx, turn, &by).await?;
                }
                stops::move_later(tx, run.turn, new.asked_at, turn).await?;
                let words = stops::words_of(tx, turn).await?.join("\n\n");
                runs::set_words(tx, turn, &words, run.asked_at).await?;
                let words = stops::words_of(tx, run.turn).await?.join("\n\n");
                runs::set_words(tx, run.turn, &words, before).await?;
            }
        }
        Ok(())
    }
}

/// The turn that comes first among those that nobody has begun: what was asked earlier on the platform may have reached us
/// later.
pub(super) fn first_waiting(open: &[Run]) -> Option<&Run> {
    open.iter().find(|run| run.state == RunState::Queued)
}

/// The first run of each conversation, in their order: what is being worked on, or is next.
pub(super) fn heads<'a>(open: impl Iterator<Item = &'a Run>) -> Vec<&'a Run> {
    let mut seen = HashSet::new();
    let mut heads: Vec<&Run> = Vec::new();
    let begun = |run: &&Run| run.state != RunState::Queued;
    let (begun, waiting): (Vec<&Run>, Vec<&Run>) = open.partition(begun);
    // Of those that have begun the last is worked on: the others wait for people's answers.
    for run in begun.into_iter().rev().chain(waiting) {
        if seen.insert(run.conversation) {
            heads.push(run);
        }
    }
    heads
}
