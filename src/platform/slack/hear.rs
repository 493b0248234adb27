//! From a payload to a fact, the same for a socket's envelopes and for HTTP requests.

use serde_json::Value;

use super::catch_up;
use super::client::{Identity, Slack};
use super::translate::{Translator, Way, mentioned};
use crate::domain::{Heard, Seen};
use crate::engine::Engine;
use crate::store::StoreError;

impl Slack {
    /// Commits what Slack told, and how far its channel was heard.
    ///
    /// # Errors
    /// When the database fails; Slack must then not be told "received".
    pub async fn commit(&self, engine: &Engine, heard: &Heard) -> Result<Seen, StoreError> {
        catch_up::commit(self, engine, heard).await
    }

    /// Something Slack told could not be kept: it is read later, should Slack give up sending it again.
    pub fn lose(&self) {
        self.missed().lose();
    }

    /// What a payload tells, with the names of whom it mentions; those that cannot be looked up in time stay ids.
    pub(super) async fn hear(&self, me: &Identity, way: Way<'_>, payload: &Value) -> Heard {
        let mut wanted = mentioned(payload);
        wanted.users.remove(&me.user_id);
        let names = self.names(&wanted).await;
        let translator = Translator {
            me,
            names: &names,
            now: self.clock().now(),
        };
        translator.translate(way, payload)
    }
}
