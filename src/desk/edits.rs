//! Messages that were changed or taken back: another fact, never another request.

use super::Desk;
use crate::domain::{EventId, Place, Posted};
use crate::engine::workers::Failure;
use crate::store::queue::{self, Claimed};
use crate::store::{conversations, inbox};

impl Desk {
    /// The newest words are kept where we kept the message. A request keeps the words it was made with.
    pub(super) async fn edited(&self, item: &Claimed, id: EventId, posted: &Posted) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let kept =
            conversations::edit_message(&mut tx, &posted.place, &posted.external_id, &posted.text).await?;
        if kept {
            inbox::set_meaning(&mut tx, id, "edit").await?;
        } else {
            inbox::forget(&mut tx, id, "an edit of what we do not keep").await?;
        }
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("edit").await?)
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
