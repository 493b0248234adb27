//! A delivery in doubt: what became of it is looked up, and it is made again only when there is no sign of it.

use std::time::Duration;

use super::sending::outgoing;
use super::{CALL, Outbox, QUIET, noting};
use crate::engine::clock::later;
use crate::engine::sender::{Found, Outcome};
use crate::engine::workers::{Failure, backoff};
use crate::store::deliveries::{self, Delivery, State};
use crate::store::queue::{self, Claimed};

/// How often a call that leaves no sign is made again.
const MAX_CALLS: i64 = 4;
/// How far a platform's clock may be behind ours: a look-up that goes by the text reads from a little earlier on.
const SKEW: Duration = Duration::from_secs(60);
/// How long a look-up that does not work is repeated before a person has to decide.
const LOOK_FOR: Duration = Duration::from_secs(3600);

impl Outbox {
    /// Looks up what became of an attempt in doubt.
    pub(super) async fn look_up(&self, item: &Claimed, delivery: &Delivery) -> Result<(), Failure> {
        let found = match self.senders.of(&delivery.place) {
            Some(sender) => {
                let since = delivery.sending_since.unwrap_or(self.engine.clock.now());
                let mut tx = self.engine.db.read().await?;
                let others = deliveries::made_at(&mut tx, &delivery.place, delivery.id, since - SKEW).await?;
                drop(tx);
                let out = outgoing(delivery, &delivery.sending_text, since, others);
                let found = self.engine.clock.timeout(CALL, sender.find(&out)).await;
                self.engine.db.reached("looked up").await;
                found.unwrap_or_else(|late| Found::CannotTell(late.to_string()))
            }
            None => Found::CannotTell(format!("{} is not configured here", delivery.place.platform())),
        };
        let now = self.engine.clock.now();
        let since = delivery.sending_since.unwrap_or(now);
        let quiet_ends = later(since, CALL + QUIET);
        let again = later(now, backoff(item.attempts - 1));
        let (state, reason, at) = match found {
            Found::Yes(receipt) => return self.record(item, delivery.id, Outcome::Delivered(receipt)).await,
            Found::Changed(why) => return self.record(item, delivery.id, Outcome::Changed(why)).await,
            Found::No if now >= quiet_ends && delivery.lost_calls + 1 >= MAX_CALLS => {
                let why = format!("{MAX_CALLS} calls were lost and left no sign");
                return self.record(item, delivery.id, Outcome::Refused(why)).await;
            }
            Found::No if now >= quiet_ends => (State::Queued, "no sign of the last attempt".to_owned(), now),
            Found::No => (
                State::Unknown,
                "the last attempt may still arrive".to_owned(),
                again.min(quiet_ends),
            ),
            Found::Never(why) => return self.leave_unknown(item, delivery, &why).await,
            // A person may have asked to look again.
            Found::CannotTell(why)
                if now >= later(since.max(delivery.tried_since.unwrap_or(since)), LOOK_FOR) =>
            {
                return self.leave_unknown(item, delivery, &why).await;
            }
            Found::CannotTell(why) => (State::Unknown, why, again),
        };
        let mut tx = self.engine.db.begin().await?;
        let locked = deliveries::lock(&mut tx, delivery.id).await?;
        match locked.map(|delivery| delivery.state) {
            Some(State::Sending | State::Unknown) if state == State::Queued => {
                deliveries::set_lost(&mut tx, delivery.id, &reason).await?;
            }
            Some(State::Sending | State::Unknown) => {
                deliveries::set_state(&mut tx, delivery.id, state, &reason).await?;
            }
            // An event of our own confirmed it meanwhile.
            _ => {}
        }
        // A new call has its own tries.
        let tries = if state == State::Queued { 0 } else { item.attempts };
        queue::put_back(&mut tx, item, at, tries).await?;
        Ok(tx.commit("still unknown").await?)
    }

    /// Leaves a delivery in doubt for a person to decide; its lane goes on.
    async fn leave_unknown(&self, item: &Claimed, delivery: &Delivery, why: &str) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let locked = deliveries::lock(&mut tx, delivery.id).await?;
        let state = locked.map(|delivery| delivery.state);
        if !matches!(state, Some(State::Sending | State::Unknown)) {
            // An event of our own confirmed it meanwhile.
            queue::put_back(&mut tx, item, self.engine.clock.now(), 0).await?;
            return Ok(tx.commit("confirmed meanwhile").await?);
        }
        tracing::warn!(delivery = %delivery.id, place = %delivery.place, why, "a delivery is left to a person");
        deliveries::set_state(&mut tx, delivery.id, State::Unknown, why).await?;
        noting::ended(&mut tx, delivery, State::Unknown, why, self.engine.clock.now()).await?;
        queue::bury(&mut tx, item, why).await?;
        self.settled(&mut tx, delivery).await?;
        self.tell_elsewhere(&mut tx, delivery, State::Unknown, why)
            .await?;
        Ok(tx.commit("left unknown").await?)
    }
}
