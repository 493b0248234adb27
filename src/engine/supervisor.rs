//! The tasks of the process: each has a name, and one that ends before it was asked to ends the process.

use std::future::Future;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A task ended that should have gone on, or could not end in order.
#[derive(Debug, thiserror::Error)]
#[error("the part `{task}` stopped: {why}")]
pub struct TaskEnded {
    /// The task's name.
    pub task: &'static str,
    /// What it said, or its panic.
    pub why: String,
}

/// The set of supervised tasks. Dropped, it aborts them all.
#[derive(Default)]
pub struct Supervisor {
    tasks: JoinSet<(&'static str, Result<(), String>)>,
    stop: CancellationToken,
}

impl Supervisor {
    /// A token that tells when to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task that runs until [`Supervisor::stopping`] is cancelled.
    pub fn spawn(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (name, work.await) });
    }

    /// Follows the tasks until all have ended after a stop, or one ends before it.
    ///
    /// # Errors
    /// [`TaskEnded`] for the first task that ended early, failed, or panicked; the others are told to stop first.
    pub async fn run(mut self) -> Result<(), TaskEnded> {
        let mut first = None;
        while let Some(ended) = self.tasks.join_next().await {
            let early = !self.stop.is_cancelled();
            let trouble = match ended {
                Ok((task, Err(why))) => Some(TaskEnded { task, why }),
                Ok((task, Ok(()))) if early => Some(TaskEnded {
                    task,
                    why: "it ended by itself".into(),
                }),
                Ok(_) => None,
                Err(panic) => Some(TaskEnded {
                    task: "a task",
                    why: panic.to_string(),
                }),
            };
            if let Some(trouble) = trouble {
                self.stop.cancel();
                first.get_or_insert(trouble);
            }
        }
        first.map_or(Ok(()), Err)
    }
}
