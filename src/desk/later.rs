//! Webhooks that came before we knew our own account: they are read as soon as we do, and wait until then.

use std::time::Duration;

use super::Desk;
use crate::domain::EventId;
use crate::engine::clock::later;
use crate::engine::intake;
use crate::engine::workers::Failure;
use crate::platform::github::{GitHub, webhook};
use crate::store::inbox;
use crate::store::queue::{self, Claimed};

/// Between two looks whether GitHub has told who we are.
const AGAIN: Duration = Duration::from_secs(10);

impl Desk {
    pub(super) async fn read_later(&self, item: &Claimed, id: EventId, name: &str) -> Result<(), Failure> {
        // Signing in is the watch's work: many webhooks that each tried it would spend the calls we have.
        let context = self.actions.github.as_ref().and_then(GitHub::known_context);
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.begin().await?;
        let Some(context) = context else {
            // Waiting costs no try: GitHub does not send a webhook again.
            queue::put_back(&mut tx, item, later(now, AGAIN), item.attempts - 1).await?;
            return Ok(tx.commit("webhook waits").await?);
        };
        let raw = inbox::raw(&mut tx, id).await?.unwrap_or_default();
        // One subject has one open item at most.
        queue::finish(&mut tx, item).await?;
        let first = match webhook::translate_later(name, &raw, &context) {
            Ok(heard) => intake::understood(&mut tx, id, &heard, now).await?,
            Err(_) => false,
        };
        if !first {
            inbox::forget(&mut tx, id, "a copy").await?;
        }
        tx.commit("webhook read").await?;
        self.engine.wake();
        Ok(())
    }
}
