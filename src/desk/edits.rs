//! Messages that were changed or taken back: another fact, never another request.

use std::time::Duration;

use super::Desk;
use crate::domain::{Addressed, AuthorKind, EventId, Place, Posted};
use crate::engine::clock::later;
use crate::engine::workers::Failure;
use crate::markup::untrusted::quotes;
use crate::store::inbox::{self, Overtaken};
use crate::store::queue::{self, Claimed};
use crate::store::{StoreError, Tx, conversations, projects};

/// How long after an edit or a deletion the message itself may still come: webhooks and sockets promise no order.
const OVERTAKEN: Duration = Duration::from_secs(3_600);

impl Desk {
    /// The newest words are kept where we kept the message. A request keeps the words it was made with.
    pub(super) async fn edited(&self, item: &Claimed, id: EventId, posted: &Posted) -> Result<(), Failure> {
        // Who wrote it may have been trusted then, and not now.
        let trusted = posted.author.kind == AuthorKind::Human && {
            let author = self.asker(&posted.author, &posted.place).await?;
            self.trusts(&author).await? && !quotes(&posted.text)
        };
        let mut tx = self.engine.db.begin().await?;
        let is_ours = posted.addressed == Addressed::Us
            || conversations::at(&mut tx, &posted.place).await?.is_some()
            || !projects::at(&mut tx, &posted.place).await?.is_empty();
        let may_come = is_ours && later(posted.at, OVERTAKEN) > self.engine.clock.now();
        let (place, there) = (&posted.place, &posted.external_id);
        let kept = conversations::edit_message(&mut tx, place, there, &posted.text, trusted).await?;
        if kept {
            inbox::set_meaning(&mut tx, id, "edit").await?;
        } else if may_come {
            inbox::set_meaning(&mut tx, id, "an edit before its message").await?;
        } else {
            inbox::forget(&mut tx, id, "an edit of what we do not keep").await?;
        }
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("edit").await?)
    }

    /// What became of a message that may ask for something before it reached us.
    pub(super) async fn overtaken(
        &self,
        tx: &mut Tx,
        posted: &Posted,
    ) -> Result<Option<Overtaken>, StoreError> {
        if !self.may_ask(&posted.author) {
            return Ok(None);
        }
        let since = self.engine.clock.now() - OVERTAKEN;
        inbox::overtaken(tx, &posted.place, &posted.external_id, since).await
    }

    /// What people take back is not kept.
    pub(super) async fn deleted(
        &self,
        item: &Claimed,
        id: EventId,
        place: &Place,
        external_id: &str,
    ) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        conversations::delete_message(&mut tx, place, external_id).await?;
        inbox::set_meaning(&mut tx, id, "deleted").await?;
        inbox::forget_message(&mut tx, place, external_id).await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("deleted").await?)
    }
}
