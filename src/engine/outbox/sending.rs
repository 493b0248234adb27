//! One delivery on its way: paced, sent, recorded. What happens when its answer is lost stands beside (`looking`).

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::{CALL, Outbox, Post, QUIET, noting};
use crate::domain::DeliveryId;
use crate::engine::clock::later;
use crate::engine::sender::{Outcome, Outgoing, Pace, Receipt};
use crate::engine::workers::{Failure, Handler, backoff};
use crate::store::conversations::{self, NewMessage};
use crate::store::deliveries::{self, Delivery, Purpose, State};
use crate::store::queue::{self, Claimed, Kind};
use crate::store::trust::OwnWords;
use crate::store::{StoreError, Tx, pacing, projects, stops, trust};

/// How long a call that does not work is repeated: most outages are over by then.
const TRY_FOR: Duration = Duration::from_secs(3600);
/// How often a message that somebody deletes is posted anew.
const MAX_VANISHED: usize = 5;
/// How long a platform may hold a call back.
const HELD_FOR: Duration = Duration::from_secs(24 * 3600);

impl Outbox {
    /// One step of one delivery.
    async fn advance(&self, item: &Claimed) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let Some(delivery) = deliveries::lock(&mut tx, DeliveryId(item.subject)).await? else {
            queue::finish(&mut tx, item).await?;
            return Ok(tx.commit("send gone").await?);
        };
        match delivery.state {
            State::Sent | State::Dead | State::Cancelled => {
                queue::finish(&mut tx, item).await?;
                self.settled(&mut tx, &delivery).await?;
                Ok(tx.commit("send settled").await?)
            }
            State::Sending | State::Unknown => {
                drop(tx);
                self.look_up(item, &delivery).await
            }
            State::Queued => match self.stopped_by(&mut tx, &delivery).await? {
                Some(by) => {
                    self.take_back(&mut tx, item, &delivery, &by).await?;
                    Ok(tx.commit("send taken back").await?)
                }
                None => self.send(tx, item, delivery).await,
            },
        }
    }

    /// Sends a queued delivery, unless its time has not come.
    async fn send(&self, mut tx: Tx, item: &Claimed, delivery: Delivery) -> Result<(), Failure> {
        let now = self.engine.clock.now();
        let Some(sender) = self.senders.of(&delivery.place).cloned() else {
            if self.helping {
                // The service that is set up for this place sends it.
                let at = later(now, QUIET);
                queue::put_back(&mut tx, item, at, item.attempts - 1).await?;
                return Ok(tx.commit("send left").await?);
            }
            let why = format!("{} is not configured here", delivery.place.platform());
            self.die(&mut tx, item, &delivery, &why).await?;
            return Ok(tx.commit("send refused").await?);
        };
        if let Some(at) = self.not_before(&mut tx, &delivery, sender.pace(), now).await? {
            queue::put_back(&mut tx, item, at, item.attempts - 1).await?;
            return Ok(tx.commit("send paced").await?);
        }
        deliveries::set_sending(&mut tx, delivery.id, now).await?;
        tx.commit("sending").await?;
        if later(now, CALL) <= self.engine.clock.now() {
            // The process stood still in between; somebody else may look for this attempt already, and will make its own.
            let why = "it was held up before the call".to_owned();
            let outcome = Outcome::NotSent { retry_at: None, why };
            return self.record(item, delivery.id, outcome).await;
        }
        let out = outgoing(&delivery, &delivery.text, now, Vec::new());
        let outcome = self.engine.clock.timeout(CALL, sender.send(&out)).await;
        self.engine.db.reached("sent").await;
        let outcome = outcome.unwrap_or_else(|late| Outcome::Unknown(late.to_string()));
        self.record(item, delivery.id, outcome).await
    }

    /// When a delivery may go: passing edits are rare, and credential and place have their spacing. Books the turn.
    async fn not_before(
        &self,
        tx: &mut Tx,
        delivery: &Delivery,
        pace: Pace,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let edits = delivery.external_id.is_some();
        if edits && !delivery.last {
            let free = delivery
                .sent_at
                .map(|sent| later(sent, pace.edits))
                .filter(|free| *free > now);
            if free.is_some() {
                return Ok(free);
            }
        }
        let place = format!("{} {}", delivery.credential, delivery.place.root());
        let scopes = if edits {
            vec![delivery.credential.as_str()]
        } else {
            vec![delivery.credential.as_str(), &place]
        };
        let free = pacing::free_at(tx, &scopes, now).await?;
        if free.is_none() {
            pacing::book(tx, &delivery.credential, later(now, pace.credential), now).await?;
            if !edits {
                pacing::book(tx, &place, later(now, pace.place), now).await?;
            }
        }
        Ok(free)
    }

    /// Records what became of an attempt.
    pub(super) async fn record(
        &self,
        item: &Claimed,
        id: DeliveryId,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.begin().await?;
        let Some(delivery) = deliveries::lock(&mut tx, id).await? else {
            return Ok(());
        };
        if delivery.state == State::Sent && !matches!(outcome, Outcome::Delivered(_)) {
            // An event of our own confirmed it while the call was under way.
            queue::put_back(&mut tx, item, now, 0).await?;
            return Ok(tx.commit("send confirmed").await?);
        }
        let stopped_by = self.stopped_by(&mut tx, &delivery).await?;
        match (outcome, stopped_by) {
            // Nothing happened, and nobody wants it any more.
            (Outcome::NotSent { retry_at, .. }, Some(by)) => {
                if let Some(at) = retry_at {
                    pacing::pause(&mut tx, &delivery.credential, at).await?;
                }
                self.take_back(&mut tx, item, &delivery, &by).await?;
            }
            (Outcome::HeldBack { .. }, Some(by)) => self.take_back(&mut tx, item, &delivery, &by).await?,
            (outcome, _) => self.note(&mut tx, item, &delivery, outcome).await?,
        }
        Ok(tx.commit("recorded").await?)
    }

    /// Who stopped the run whose tool asked for a delivery.
    async fn stopped_by(&self, tx: &mut Tx, delivery: &Delivery) -> Result<Option<String>, StoreError> {
        match delivery.run {
            Some(run) if delivery.purpose == Purpose::Tool => stops::stopped_by(tx, run).await,
            _ => Ok(None),
        }
    }

    /// Ends a delivery that was not sent.
    async fn take_back(
        &self,
        tx: &mut Tx,
        item: &Claimed,
        delivery: &Delivery,
        by: &str,
    ) -> Result<(), StoreError> {
        let why = format!("stopped by {by}");
        deliveries::set_state(tx, delivery.id, State::Cancelled, &why).await?;
        noting::ended(tx, delivery, State::Cancelled, &why, self.engine.clock.now()).await?;
        queue::finish(tx, item).await?;
        self.settled(tx, delivery).await
    }

    /// Writes down what became of an attempt, and what comes next.
    async fn note(
        &self,
        tx: &mut Tx,
        item: &Claimed,
        delivery: &Delivery,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let (now, id) = (self.engine.clock.now(), delivery.id);
        match outcome {
            Outcome::Delivered(receipt) => {
                self.note_sent(tx, delivery, &receipt).await?;
                // A newer text may be queued already; if not, the next claim ends the item.
                let newer = delivery.desired_rev > delivery.sending_rev;
                if newer {
                    queue::put_back(tx, item, now, 0).await?;
                } else {
                    queue::finish(tx, item).await?;
                    self.settled(tx, delivery).await?;
                }
            }
            Outcome::NotSent { retry_at, why } => self.retry(tx, item, delivery, retry_at, &why).await?,
            Outcome::HeldBack { why, .. } if is_over(delivery, HELD_FOR, now) => {
                self.die(tx, item, delivery, &format!("{why}, and did so for a day"))
                    .await?;
            }
            Outcome::HeldBack { until, why } => {
                deliveries::set_state(tx, id, State::Queued, &why).await?;
                queue::put_back(tx, item, until.max(now), item.attempts - 1).await?;
            }
            Outcome::Refused(why) | Outcome::Changed(why) => {
                self.refused(tx, item, delivery, &why).await?;
            }
            Outcome::Vanished if times_let_go(delivery) < MAX_VANISHED => {
                deliveries::forget_message(tx, id).await?;
                // A new message has its own tries.
                queue::put_back(tx, item, now, 0).await?;
            }
            Outcome::Vanished => {
                self.die(tx, item, delivery, "the message keeps being deleted")
                    .await?
            }
            Outcome::Unknown(why) => {
                tracing::warn!(delivery = %id, why, "the answer to a call was lost; looking it up");
                deliveries::set_state(tx, id, State::Unknown, &why).await?;
                queue::put_back(tx, item, later(now, Duration::from_secs(1)), 1).await?;
            }
        }
        Ok(())
    }

    async fn retry(
        &self,
        tx: &mut Tx,
        item: &Claimed,
        delivery: &Delivery,
        retry_at: Option<DateTime<Utc>>,
        why: &str,
    ) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        let (patience, long) = match retry_at {
            Some(_) => (HELD_FOR, "a day"),
            None => (TRY_FOR, "an hour"),
        };
        if delivery.last && is_over(delivery, patience, now) {
            return self
                .die(tx, item, delivery, &format!("{why}; it was tried for {long}"))
                .await;
        }
        deliveries::set_state(tx, delivery.id, State::Queued, why).await?;
        if !delivery.last && retry_at.is_none() {
            // A passing text is not worth another try; the next one makes its own.
            return queue::finish(tx, item).await;
        }
        match retry_at {
            Some(at) => {
                // The platform's word holds for everything this identity does, and costs no try.
                pacing::pause(tx, &delivery.credential, at).await?;
                queue::put_back(tx, item, at.max(now), item.attempts - 1).await
            }
            None => queue::put_back(tx, item, later(now, backoff(item.attempts)), item.attempts).await,
        }
    }

    /// The last words of an answer are owed: where they cannot replace its progress message, they are posted anew. A
    /// passing text that was refused makes room for the one that followed it.
    async fn refused(
        &self,
        tx: &mut Tx,
        item: &Claimed,
        delivery: &Delivery,
        why: &str,
    ) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        if delivery.purpose == Purpose::Answer && delivery.last && delivery.external_id.is_some() {
            deliveries::forget_message(tx, delivery.id).await?;
            return queue::put_back(tx, item, now, 0).await;
        }
        if delivery.desired_rev > delivery.sending_rev {
            deliveries::set_state(tx, delivery.id, State::Queued, why).await?;
            return queue::put_back(tx, item, now, item.attempts).await;
        }
        self.die(tx, item, delivery, why).await
    }

    async fn die(
        &self,
        tx: &mut Tx,
        item: &Claimed,
        delivery: &Delivery,
        why: &str,
    ) -> Result<(), StoreError> {
        tracing::warn!(delivery = %delivery.id, place = %delivery.place, why, "a delivery was given up");
        let now = self.engine.clock.now();
        deliveries::set_state(tx, delivery.id, State::Dead, why).await?;
        noting::ended(tx, delivery, State::Dead, why, now).await?;
        noting::cancel_behind(tx, delivery, now).await?;
        queue::bury(tx, item, why).await?;
        self.settled(tx, delivery).await?;
        self.tell_elsewhere(tx, delivery, State::Dead, why).await
    }

    /// Notes a confirmation, and keeps the message as part of its conversation.
    pub(super) async fn note_sent(
        &self,
        tx: &mut Tx,
        delivery: &Delivery,
        receipt: &Receipt,
    ) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        deliveries::set_sent(
            tx,
            delivery.id,
            &receipt.external_id,
            receipt.url.as_deref(),
            receipt.note.as_deref(),
            now,
        )
        .await?;
        noting::sent(tx, delivery, receipt, now).await?;
        let Some(conversation) = delivery.conversation else {
            return Ok(());
        };
        if let Some(thread) = &receipt.thread {
            conversations::join(tx, conversation, thread).await?;
        }
        // A passing text is no part of the talk.
        if !delivery.last || delivery.desired_rev > delivery.sending_rev {
            return Ok(());
        }
        let place = receipt.thread.as_ref().unwrap_or(&delivery.place);
        let (there, text) = (&receipt.external_id, &delivery.sending_text);
        let words = own_words(tx, delivery).await?;
        if !conversations::edit_ours(tx, conversation, there, text, &words).await? {
            let message = NewMessage {
                conversation,
                place,
                external_id: &receipt.external_id,
                part: delivery.part,
                turn: None,
                person: words.person,
                author_kind: "ourselves",
                author_name: "Callsheet",
                text,
                sent_at: receipt.at.unwrap_or(now),
                trusted: words.trusted,
                strayed: words.strayed,
                home: words.home,
            };
            conversations::add_message(tx, &message).await?;
        }
        Ok(())
    }

    /// Wakes the run whose step waited for this delivery, once all of the step's deliveries are settled.
    pub(super) async fn settled(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), StoreError> {
        let (Some(step), Some(run)) = (delivery.step, delivery.run) else {
            return Ok(());
        };
        let open = |d: &Delivery| matches!(d.state, State::Queued | State::Sending);
        if !deliveries::of_step(tx, step).await?.iter().any(open) {
            queue::wake(tx, Kind::Run, run.0, self.engine.clock.now()).await?;
        }
        Ok(())
    }

    /// An answer that did not reach one place of a run, or of which that is not known, is announced at another.
    pub(super) async fn tell_elsewhere(
        &self,
        tx: &mut Tx,
        dead: &Delivery,
        state: State,
        why: &str,
    ) -> Result<(), StoreError> {
        let Some(run) = dead.run.filter(|_| dead.purpose == Purpose::Answer && dead.last) else {
            return Ok(());
        };
        let answers = deliveries::answers_of(tx, run).await?;
        let other = answers
            .iter()
            .find(|d| d.place != dead.place && !matches!(d.state, State::Dead | State::Cancelled));
        if let Some(other) = other {
            let place = projects::label(tx, &dead.place).await?;
            let why = why.trim_end_matches('.');
            let markdown = match state {
                State::Unknown => {
                    format!("I do not know whether this answer reached {place}: {why}. Please look there.")
                }
                _ => format!("I could not post this answer to {place}: {why}."),
            };
            let post = Post {
                place: &other.place,
                markdown: &markdown,
                purpose: Purpose::Answer,
                run: None,
                step: None,
                conversation: other.conversation,
                reply: None,
                buttons: &[],
                last: true,
            };
            self.post(tx, &post).await?;
        }
        Ok(())
    }
}

/// What the words of a delivery may repeat; see [`trust::of_delivery`].
async fn own_words(tx: &mut Tx, delivery: &Delivery) -> Result<OwnWords, StoreError> {
    let words = trust::of_delivery(tx, delivery.id).await?;
    // What we say of ourselves, in no run.
    Ok(words.unwrap_or_else(|| OwnWords::of_nobody(delivery.purpose == Purpose::Answer)))
}

/// Whether the calls for a delivery's newest text have gone on for so long.
fn is_over(delivery: &Delivery, span: Duration, now: DateTime<Utc>) -> bool {
    delivery
        .tried_since
        .is_some_and(|since| later(since, span) <= now)
}

/// How often a delivery lost its message and was to be posted anew.
fn times_let_go(delivery: &Delivery) -> usize {
    delivery.earlier_ids.split_whitespace().count()
}

/// An attempt at `text`.
pub(super) fn outgoing(
    delivery: &Delivery,
    text: &str,
    since: DateTime<Utc>,
    others: Vec<String>,
) -> Outgoing {
    Outgoing {
        mark: delivery.id.0,
        place: delivery.place.clone(),
        effect: delivery.effect.clone(),
        text: text.to_owned(),
        external_id: delivery.external_id.clone(),
        sent_text: delivery.sent_text.clone(),
        last: delivery.last,
        since,
        others,
    }
}

impl Handler for Outbox {
    fn kind(&self) -> Kind {
        Kind::Send
    }

    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.advance(&item).await })
    }

    fn give_up<'a>(
        &'a self,
        tx: &'a mut Tx,
        item: &'a Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Some(delivery) = deliveries::lock(tx, DeliveryId(item.subject)).await? else {
                return Ok(());
            };
            let state = match delivery.state {
                // Whether it happened is not known, and nobody looks any more: a person decides.
                State::Sending | State::Unknown => State::Unknown,
                State::Queued => State::Dead,
                State::Sent | State::Dead | State::Cancelled => return self.settled(tx, &delivery).await,
            };
            let now = self.engine.clock.now();
            deliveries::set_state(tx, delivery.id, state, why).await?;
            noting::ended(tx, &delivery, state, why, now).await?;
            if state == State::Dead {
                noting::cancel_behind(tx, &delivery, now).await?;
            }
            self.settled(tx, &delivery).await?;
            self.tell_elsewhere(tx, &delivery, state, why).await
        })
    }
}
