//! Progress: a run that takes its time says so.

use futures::future::BoxFuture;

use crate::domain::RunId;
use crate::engine::Engine;
use crate::engine::answers::Answers;
use crate::engine::workers::{Failure, Handler};
use crate::store::queue::{self, Claimed, Kind};
use crate::store::runs;
use crate::store::{StoreError, Tx};

/// Shows progress when it is due; the handler of [`Kind::Progress`].
pub struct ProgressDesk {
    engine: Engine,
    answers: Answers,
}

impl ProgressDesk {
    /// A desk that shows progress through `answers`.
    pub fn new(engine: Engine, answers: Answers) -> Self {
        Self { engine, answers }
    }

    async fn show(&self, item: &Claimed) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        // Locked, so that the answer cannot come between our look and our words.
        runs::lock(&mut tx, RunId(item.subject)).await?;
        let run = runs::get(&mut tx, RunId(item.subject)).await?;
        if let Some(run) = run.filter(|run| run.state.is_open()) {
            self.answers.show_progress(&mut tx, &run).await?;
        }
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("progress").await?)
    }
}

impl Handler for ProgressDesk {
    fn kind(&self) -> Kind {
        Kind::Progress
    }

    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.show(&item).await })
    }

    fn give_up<'a>(
        &'a self,
        _: &'a mut Tx,
        _: &'a Claimed,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        // The answer comes all the same.
        Box::pin(async { Ok(()) })
    }
}
