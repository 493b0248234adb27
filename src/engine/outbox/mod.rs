//! The outbox: nothing leaves but through here, and a lost answer is looked up, never blindly sent again.
//!
//! 1. *Journal before effect*: a delivery is committed as `sending` before its call begins.
//! 2. A call without the platform's receipt or refusal leaves the delivery `unknown`; so does a crash while `sending`.
//! 3. `unknown` is left only by a look-up: found is sent; "not found" counts only after [`CALL`] plus [`QUIET`].
//! 4. The newest text wins: a delivery converges to it, and passing texts are skipped.
//! 5. A dead part stops the later parts of its group.
//! 6. No secret of the configuration leaves: texts are masked before they are kept, so that look-ups by text still fit.
//! 7. Nothing is tried for ever: what does not work for an hour, or is held back for a day, is given up with a reason.

use std::time::Duration;

use super::Engine;
use super::sender::Senders;
use chrono::{DateTime, Utc};

use crate::domain::{
    Button, ConversationId, DeliveryId, Effect, GroupId, Place, Platform, Reply, RunId, StepId,
};
use crate::guard::redaction::Redaction;
use crate::markup::{self, Dialect};
use crate::store::deliveries::{self, Delivery, NewDelivery, Purpose};
use crate::store::queue::{self, Kind};
use crate::store::{StoreError, Tx};

pub mod decisions;
mod echo;
mod looking;
mod noting;
mod sending;
mod survey;

pub use noting::subject;
pub use survey::survey;

/// How long one call may take; under half the lease of the worker that makes it.
pub const CALL: Duration = Duration::from_secs(20);
/// How long after a call's time-out a platform may still apply it; later than that is outside the promise.
pub const QUIET: Duration = Duration::from_secs(60);

/// The way out: commits deliveries, and sends them as the handler of [`Kind::Send`].
#[derive(Clone)]
pub struct Outbox {
    engine: Engine,
    senders: Senders,
    /// See [`Outbox::helping`].
    helping: bool,
    /// See [`Outbox::masking`].
    redaction: Redaction,
}

/// A text to be posted at a place.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// Where.
    pub place: &'a Place,
    /// The text, as Markdown; split into parts as the platform needs.
    pub markdown: &'a str,
    /// What for.
    pub purpose: Purpose,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The step that waits for it.
    pub step: Option<StepId>,
    /// The conversation it is part of.
    pub conversation: Option<ConversationId>,
    /// What it answers; the first part is tied to it.
    pub reply: Option<Reply>,
    /// What can be pressed under its last part.
    pub buttons: &'a [Button],
    /// Whether the text is the last one.
    pub last: bool,
}

/// How text is written at a place.
pub fn dialect(place: &Place) -> Dialect {
    match place.platform() {
        Platform::Slack => Dialect::Slack,
        Platform::Discord => Dialect::Discord,
        Platform::GitHub => Dialect::GitHub,
        Platform::Shell => Dialect::Plain,
    }
}

/// The parts in which a text goes to a place; what has buttons may have less room.
pub fn parts(markdown: &str, place: &Place, buttons: &[Button]) -> Vec<String> {
    if buttons.is_empty() {
        markup::render(markdown, dialect(place))
    } else {
        markup::render_with_buttons(markdown, dialect(place))
    }
}

impl Outbox {
    /// An outbox over the platforms that are set up.
    pub fn new(engine: Engine, senders: Senders) -> Self {
        Self {
            engine,
            senders,
            helping: false,
            redaction: Redaction::default(),
        }
    }

    /// Masks these secrets in everything that leaves.
    #[must_use]
    pub fn masking(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// A text as it may leave.
    pub fn masked(&self, text: &str) -> String {
        self.redaction.mask(text)
    }

    /// Whether anything can be sent to a place at all.
    pub fn reaches(&self, place: &Place) -> bool {
        self.senders.of(place).is_some()
    }

    /// The outbox of a process that only helps out: what it has no sender for is left to the service.
    #[must_use]
    pub fn helping(mut self, helping: bool) -> Self {
        self.helping = helping;
        self
    }

    /// Commits nothing itself: adds a message in as many parts as it needs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn post(&self, tx: &mut Tx, post: &Post<'_>) -> Result<GroupId, StoreError> {
        let group = GroupId::new();
        let parts = parts(&self.masked(post.markdown), post.place, post.buttons);
        self.post_parts(tx, post, group, 0, &parts).await?;
        Ok(group)
    }

    /// Adds the parts of a message to a group, the first numbered `from`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn post_parts(
        &self,
        tx: &mut Tx,
        post: &Post<'_>,
        group: GroupId,
        from: i64,
        parts: &[String],
    ) -> Result<(), StoreError> {
        for (part, text) in (from..).zip(parts) {
            let is_last = part + 1 == from + i64::try_from(parts.len()).unwrap_or(i64::MAX);
            let further = || post.reply.as_ref().and_then(Reply::further);
            let new = NewDelivery {
                group,
                part,
                purpose: post.purpose,
                run: post.run,
                step: post.step,
                conversation: post.conversation,
                place: post.place.clone(),
                credential: self.senders.credential(post.place),
                effect: Effect::Message {
                    reply: if part == 0 { post.reply.clone() } else { further() },
                    buttons: if is_last {
                        post.buttons.to_vec()
                    } else {
                        Vec::new()
                    },
                },
                text: self.masked(text),
                last: post.last,
            };
            self.add(tx, &new).await?;
        }
        Ok(())
    }

    /// Adds an effect other than a message, for a step that waits for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn effect(
        &self,
        tx: &mut Tx,
        place: &Place,
        effect: Effect,
        run: Option<RunId>,
        step: Option<StepId>,
    ) -> Result<DeliveryId, StoreError> {
        let new = NewDelivery {
            group: GroupId::new(),
            part: 0,
            purpose: Purpose::Tool,
            run,
            step,
            conversation: None,
            place: place.clone(),
            credential: self.senders.credential(place),
            effect: self.redaction.mask_effect(effect),
            text: String::new(),
            last: true,
        };
        self.add(tx, &new).await
    }

    /// Gives a message its newest text, with what can be pressed under it; the sender converges to it. Passing edits wait in a lane of their own: they are rare
    /// by design, and nothing else shall wait behind them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_text(
        &self,
        tx: &mut Tx,
        delivery: &Delivery,
        text: &str,
        buttons: &[Button],
        last: bool,
    ) -> Result<(), StoreError> {
        let mut effect = delivery.effect.clone();
        if let Effect::Message { buttons: shown, .. } = &mut effect {
            *shown = buttons.to_vec();
        }
        deliveries::set_text(tx, delivery.id, &self.masked(text), &effect, last).await?;
        if last || delivery.external_id.is_none() {
            return self
                .enqueue(tx, delivery.id, &delivery.credential, &delivery.place)
                .await;
        }
        let now = self.engine.clock.now();
        queue::enqueue(
            tx,
            Kind::Send,
            &format!("edit:{}", delivery.id),
            delivery.id.0,
            now,
            now,
        )
        .await
    }

    async fn add(&self, tx: &mut Tx, new: &NewDelivery) -> Result<DeliveryId, StoreError> {
        let id = deliveries::insert(tx, new, self.engine.clock.now()).await?;
        self.enqueue(tx, id, &new.credential, &new.place).await?;
        Ok(id)
    }

    async fn enqueue(
        &self,
        tx: &mut Tx,
        id: DeliveryId,
        credential: &str,
        place: &Place,
    ) -> Result<(), StoreError> {
        enqueue(tx, id, credential, place, self.engine.clock.now()).await
    }
}

/// Puts a delivery at the end of its lane.
async fn enqueue(
    tx: &mut Tx,
    id: DeliveryId,
    credential: &str,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let lane = format!("send:{credential}/{place}");
    queue::enqueue(tx, Kind::Send, &lane, id.0, now, now).await
}
