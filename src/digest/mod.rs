//! Digests: what a schedule posts when it is due.
//!
//! 1. A due time is claimed by its row before any work: `(schedule, due_at)` is unique, so two processes make one digest.
//! 2. The text is frozen in that row in the transaction that commits its delivery.
//! 3. Due times that passed while nobody was there, claimed or not, make one digest, for the last of them, marked as delayed.
//! 4. Every claimed due time ends in one visible digest, even when it is "I could not read the issues, because …".
//! 5. Nothing is posted at a place that no longer belongs to the project; `schedule list` tells.

mod timer;

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

pub use timer::keep_time;

use crate::action::{Actions, Status, Trouble};
use crate::domain::schedule::Rule;
use crate::domain::{Answer, ConversationId, OccurrenceId, PersonError, Place};
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::outbox::{Outbox, Post};
use crate::engine::workers::{Failure, Handler, MAX_ATTEMPTS, backoff};
use crate::guard::{Action, Subject};
use crate::store::deliveries::Purpose;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::schedules::{self, Occurrence, Schedule};
use crate::store::{StoreError, Tx, conversations, projects};

/// From when on a digest is called delayed; longer than the tries to reach GitHub take.
const LATE: Duration = Duration::from_secs(300);

/// Makes digests; the handler of [`Kind::Occurrence`].
pub struct Digests {
    engine: Engine,
    actions: Actions,
    outbox: Outbox,
}

impl Digests {
    /// Digests made by the actions and sent through the outbox.
    pub fn new(engine: Engine, actions: Actions, outbox: Outbox) -> Self {
        Self {
            engine,
            actions,
            outbox,
        }
    }

    async fn make(&self, item: &Claimed) -> Result<(), Failure> {
        let mut tx = self.engine.db.read().await?;
        let found = waiting(&mut tx, OccurrenceId(item.subject)).await?;
        drop(tx);
        let Some((occurrence, schedule)) = found else {
            // Removed meanwhile, or closed for the next one.
            return self.end(item).await;
        };
        let answer = match self.status(&schedule).await {
            Ok(status) if status.outage && item.attempts < MAX_ATTEMPTS => return self.wait(item).await,
            Ok(status) => status.answer(),
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => Answer::words(error.to_string()),
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(other) => return Err(Failure::Other(other.to_string())),
        };
        let mut tx = self.engine.db.begin().await?;
        self.post(&mut tx, &occurrence, &schedule, &answer).await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("digest").await?)
    }

    /// What the `status` command says, with the rights of whoever made the schedule.
    async fn status(&self, schedule: &Schedule) -> Result<Status, Trouble> {
        let subject = Subject::Project(schedule.project);
        let permit = self
            .actions
            .standing_permit(&schedule.asker, Action::ReadProject, subject)
            .await?;
        self.actions.status(&permit).await
    }

    /// GitHub may answer later.
    async fn wait(&self, item: &Claimed) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let at = later(self.engine.clock.now(), backoff(item.attempts));
        queue::put_back(&mut tx, item, at, item.attempts).await?;
        Ok(tx.commit("digest later").await?)
    }

    async fn end(&self, item: &Claimed) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("digest gone").await?)
    }

    /// Freezes the digest and commits its delivery; only a refusal when the place went to somebody else meanwhile.
    async fn post(
        &self,
        tx: &mut Tx,
        occurrence: &Occurrence,
        schedule: &Schedule,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        let delayed = occurrence.missed_since.is_some() || later(occurrence.due_at, LATE) < now;
        if let Some(why) = self.actions.place_lost(tx, schedule).await? {
            return frozen(schedules::freeze(tx, occurrence.id, why, delayed, None, now).await?);
        }
        let name = projects::get(tx, schedule.project)
            .await?
            .map_or_else(String::new, |project| project.name);
        let heading = heading(&name, &schedule.rule()?, occurrence, delayed.then_some(now));
        let markdown = format!("{heading}\n\n{}", answer.markdown);
        let post = Post {
            place: &schedule.place,
            markdown: &markdown,
            purpose: Purpose::Digest,
            run: None,
            step: None,
            conversation: Some(talk(tx, &schedule.place, now).await?),
            reply: None,
            buttons: &answer.buttons,
            last: true,
        };
        let group = self.outbox.post(tx, &post).await?;
        frozen(schedules::freeze(tx, occurrence.id, &markdown, delayed, Some(group), now).await?)
    }
}

/// Somebody else's digest stands when ours was not frozen; this transaction must not add a second.
fn frozen(ours: bool) -> Result<(), StoreError> {
    if ours { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// An occurrence whose digest is not made, with its schedule unless that was removed.
async fn waiting(tx: &mut Tx, id: OccurrenceId) -> Result<Option<(Occurrence, Schedule)>, StoreError> {
    let Some(occurrence) = schedules::occurrence(tx, id).await? else {
        return Ok(None);
    };
    if occurrence.text.is_some() {
        return Ok(None);
    }
    let schedule = schedules::get(tx, occurrence.schedule_id).await?;
    Ok(schedule.map(|schedule| (occurrence, schedule)))
}

/// The conversation a digest belongs to: where many talks go on at once, the one that is there already; else one of its own,
/// so that a reply in its thread is said to us.
async fn talk(tx: &mut Tx, place: &Place, now: DateTime<Utc>) -> Result<ConversationId, StoreError> {
    let there = if place.is_crowd() {
        conversations::at(tx, place).await?
    } else {
        None
    };
    match there {
        Some(conversation) => Ok(conversation),
        None => conversations::open(tx, now).await,
    }
}

/// What stands over a digest: the project and its time; for a late one when it was made and when it was due.
fn heading(name: &str, rule: &Rule, occurrence: &Occurrence, made_late: Option<DateTime<Utc>>) -> String {
    let due = rule.words(occurrence.due_at);
    let Some(made) = made_late else {
        return format!("**Status of {name}** · {due}");
    };
    let missed = occurrence.missed_since.map_or_else(String::new, |since| {
        format!(" Those due since {} were missed.", rule.words(since))
    });
    format!(
        "**Status of {name}** · {}\n\n_Delayed: due {due}.{missed}_",
        rule.words(made)
    )
}

impl Handler for Digests {
    fn kind(&self) -> Kind {
        Kind::Occurrence
    }

    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.make(&item).await })
    }

    fn give_up<'a>(
        &'a self,
        tx: &'a mut Tx,
        item: &'a Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Some((occurrence, schedule)) = waiting(tx, OccurrenceId(item.subject)).await? else {
                return Ok(());
            };
            let sorry = PersonError::new(
                "I could not make this digest",
                why,
                "Ask me for the status, or tell whoever runs Callsheet",
            );
            self.post(tx, &occurrence, &schedule, &Answer::words(sorry.to_string()))
                .await
        })
    }
}
