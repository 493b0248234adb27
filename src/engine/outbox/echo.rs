//! What an event of our own says about the delivery whose mark it carries.

use chrono::{DateTime, Utc};

use super::{Outbox, enqueue, noting};
use crate::domain::{DeliveryId, Effect, Place};
use crate::engine::sender::Receipt;
use crate::store::deliveries::{self, Delivery, State};
use crate::store::{StoreError, Tx, outbox};

/// What an event of our own means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// Nothing new.
    Known,
    /// It happened, whatever the call says.
    Arrived,
    /// It happened although it had been given up.
    Risen,
    /// It happened once more: a call was applied after its look-up had found nothing.
    Twin,
}

/// Judges the id that something of ours arrived under.
pub(super) fn judge(delivery: &Delivery, external_id: &str) -> Echo {
    let let_go = delivery.earlier_ids.split(' ').any(|id| id == external_id);
    match (&delivery.external_id, delivery.state) {
        _ if let_go => Echo::Known,
        (Some(known), _) if known == external_id => Echo::Known,
        (Some(_), _) => Echo::Twin,
        // A mark proves it, even where the platform had said no.
        (None, State::Sending | State::Unknown | State::Queued) => Echo::Arrived,
        (None, State::Dead) => Echo::Risen,
        (None, State::Sent | State::Cancelled) => Echo::Known,
    }
}

impl Outbox {
    /// Notes that an event of our own, carrying a delivery's mark, arrived. It confirms a message in doubt; a second one is
    /// noted as a twin, for a person to remove.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm(
        &self,
        tx: &mut Tx,
        id: DeliveryId,
        external_id: &str,
        place: &Place,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(delivery) = deliveries::lock(tx, id).await? else {
            return Ok(());
        };
        let arrived = match (&delivery.effect, place) {
            (Effect::Message { .. }, _) => external_id.to_owned(),
            (Effect::CreateIssue(_), Place::GitHub(issue)) => issue.number.to_string(),
            _ => return Ok(()),
        };
        match judge(&delivery, &arrived) {
            Echo::Known => Ok(()),
            Echo::Twin => {
                tracing::warn!(
                    delivery = %id, place = %delivery.place, known = ?delivery.external_id, twin = arrived,
                    "a call was applied after its look-up had found nothing; it stands there twice"
                );
                deliveries::set_twin(tx, id, &arrived).await?;
                noting::twin(tx, &delivery, &arrived, self.engine.clock.now()).await
            }
            // A look-up tells more about an issue, and nobody waits for an hour.
            _ if !matches!(delivery.effect, Effect::Message { .. }) => Ok(()),
            echo => {
                let risen = echo == Echo::Risen;
                let receipt = Receipt {
                    external_id: arrived,
                    url: None,
                    at: Some(at),
                    note: risen.then(|| "it arrived after it had been given up".to_owned()),
                    thread: (*place != delivery.place).then(|| place.clone()),
                };
                self.note_sent(tx, &delivery, &receipt).await?;
                self.enqueue(tx, id, &delivery.credential, &delivery.place)
                    .await?;
                if risen {
                    let now = self.engine.clock.now();
                    for (id, credential, place) in
                        outbox::revive_behind(tx, delivery.group, delivery.part).await?
                    {
                        enqueue(tx, id, &credential, &place, now).await?;
                    }
                }
                Ok(())
            }
        }
    }
}
