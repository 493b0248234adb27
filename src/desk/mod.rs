//! The desk: what an event means, one file per meaning. The one crossing where this is decided.
//!
//! 1. What an event means is decided by [`meaning::decide`], a pure function, and noted beside the event.
//! 2. A request becomes a turn with a run, in the transaction that ends the event's work: never two, never none.
//! 3. What people say where we have no business is not kept.

mod answers;
mod edits;
mod later;
mod limits;
mod meaning;
mod old;
mod progress;
mod requests;
mod runs;
mod stop;
mod turns;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::action::Actions;
use crate::domain::{
    AccountKey, Author, AuthorKind, DeliveryId, Event, EventId, Posted, Sign, gate_answer, says_stop,
};
use crate::engine::Engine;
use crate::engine::answers::Answers;
use crate::engine::outbox::Outbox;
use crate::engine::workers::{Failure, Handler};
use crate::guard::limits::Limiter;
use crate::store::inbox::{self, Overtaken};
use crate::store::queue::{self, Claimed, Kind};
use crate::store::{StoreError, Tx, conversations, projects};
use meaning::{Facts, Meaning};

pub use progress::ProgressDesk;
pub use runs::RunDesk;
pub use stop::StopDesk;

/// Decides what events mean; the handler of [`Kind::Event`].
#[derive(Clone)]
pub struct Desk {
    engine: Engine,
    actions: Actions,
    outbox: Outbox,
    answers: Answers,
    /// How a person calls us in commands, e.g. `/pm`.
    command: String,
    /// Counts requests.
    limiter: Arc<Limiter>,
    /// Other bots that are answered like people.
    allowed_bots: Arc<HashSet<AccountKey>>,
}

impl Desk {
    /// A desk in front of the actions, which takes so many requests and answers no other bot.
    pub fn new(
        engine: Engine,
        actions: Actions,
        outbox: Outbox,
        answers: Answers,
        command: String,
        limiter: Limiter,
    ) -> Self {
        Self {
            engine,
            actions,
            outbox,
            answers,
            command,
            limiter: Arc::new(limiter),
            allowed_bots: Arc::default(),
        }
    }

    /// Answers these bots like people.
    #[must_use]
    pub fn allowing(mut self, bots: &[AccountKey]) -> Self {
        self.allowed_bots = Arc::new(bots.iter().cloned().collect());
        self
    }

    async fn decide(&self, item: &Claimed) -> Result<(), Failure> {
        let id = EventId(item.subject);
        let mut tx = self.engine.db.read().await?;
        let event = inbox::get(&mut tx, id).await?;
        drop(tx);
        let Some((event, received)) = event else {
            return Ok(self.end(item).await?);
        };
        match event {
            Event::MessagePosted(posted) => self.posted(item, id, &posted, received).await,
            Event::CommandGiven {
                place,
                author,
                text,
                mentions,
                in_words,
                reply,
                at,
            } => {
                let stops = says_stop(&text);
                let given = requests::Given {
                    place,
                    author,
                    text,
                    mentions,
                    in_words,
                    reply,
                    at,
                };
                if stops {
                    return self.stop_given(item, id, &given, received).await;
                }
                if let Some(answer) = gate_answer(&given.text) {
                    return self.answer_given(item, id, &given, &answer).await;
                }
                self.command_given(item, id, &given, received).await
            }
            Event::MessageEdited(posted) => self.edited(item, id, &posted).await,
            Event::MessageDeleted { place, external_id } => {
                self.deleted(item, id, &place, &external_id).await
            }
            Event::ReactionAdded {
                place,
                external_id,
                author,
                sign: Sign::Stop,
            } => self.stop_sign(item, id, &place, &external_id, &author).await,
            Event::Untranslated { name } => self.read_later(item, id, &name).await,
            Event::Unknown { .. } => {
                let mut tx = self.engine.db.begin().await?;
                inbox::set_meaning(&mut tx, id, "ignored").await?;
                queue::finish(&mut tx, item).await?;
                Ok(tx.commit("event ignored").await?)
            }
        }
    }

    async fn end(&self, item: &Claimed) -> Result<(), StoreError> {
        let mut tx = self.engine.db.begin().await?;
        queue::finish(&mut tx, item).await?;
        tx.commit("event gone").await
    }

    /// Something was written.
    async fn posted(
        &self,
        item: &Claimed,
        id: EventId,
        posted: &Posted,
        received: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let mut tx = self.engine.db.read().await?;
        let edited = match self.overtaken(&mut tx, posted).await? {
            Some(Overtaken::Deleted) => {
                drop(tx);
                return self.forget(item, id, "taken back before it came").await;
            }
            Some(Overtaken::Edited(edited)) => Some(edited),
            None => None,
        };
        let posted = edited.as_deref().unwrap_or(posted);
        let stops = posted.author.kind == AuthorKind::Human && says_stop(&posted.text);
        let too_early = stops && self.is_too_early(&mut tx, &posted.place, received).await?;
        let facts = Facts {
            bound: !projects::at(&mut tx, &posted.place).await?.is_empty(),
            taking_part: conversations::at(&mut tx, &posted.place).await?.is_some(),
            may_ask: self.may_ask(&posted.author),
        };
        drop(tx);
        let meaning = meaning::decide(posted, facts);
        // Whether we take part may be in what was said before, which a control word overtakes.
        if too_early && meaning != Meaning::Stop {
            return self.wait(item).await;
        }
        match meaning {
            Meaning::Ours => self.ours(item, id, posted).await,
            Meaning::NotOurs(why) => self.forget(item, id, why).await,
            Meaning::Heard => self.heard(item, id, posted).await,
            Meaning::Request(work) => self.request(item, id, posted, work, received).await,
            Meaning::Stop => self.stop_said(item, id, posted, received).await,
            Meaning::Answer(answer) => self.answer_said(item, id, posted, &answer).await,
        }
    }

    /// It is none of our business.
    async fn forget(&self, item: &Claimed, id: EventId, why: &str) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        inbox::forget(&mut tx, id, why).await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("event forgotten").await?)
    }

    /// A message of our own came back: it confirms its delivery.
    async fn ours(&self, item: &Claimed, id: EventId, posted: &Posted) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        if let Some(mark) = posted.mark {
            let id = DeliveryId(mark);
            self.outbox
                .confirm(&mut tx, id, &posted.external_id, &posted.place, posted.at)
                .await?;
        }
        inbox::forget(&mut tx, id, "ours").await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("event ours").await?)
    }
}

/// The author's kind as a message row keeps it.
fn kind(author: &Author) -> &'static str {
    match author.kind {
        crate::domain::AuthorKind::Human => "human",
        crate::domain::AuthorKind::Bot => "bot",
        crate::domain::AuthorKind::Ourselves => "ourselves",
    }
}

impl Handler for Desk {
    fn kind(&self) -> Kind {
        Kind::Event
    }

    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.decide(&item).await })
    }

    fn give_up<'a>(
        &'a self,
        tx: &'a mut Tx,
        item: &'a Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.apologise(tx, EventId(item.subject), why))
    }
}
