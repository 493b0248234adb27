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

#[cfg(test)]
mod tests {
    use super::*;

    /// A supervisor with a task that runs until it is told to stop.
    fn with_a_steady_task() -> (Supervisor, CancellationToken) {
        let mut supervisor = Supervisor::default();
        let stop = supervisor.stopping();
        let waits = stop.clone();
        supervisor.spawn("steady", async move {
            waits.cancelled().await;
            Ok(())
        });
        (supervisor, stop)
    }

    #[tokio::test]
    async fn a_task_that_panics_ends_the_process() {
        let (mut supervisor, stop) = with_a_steady_task();
        supervisor.spawn("hasty", async { panic!("out of luck") });
        let ended = supervisor.run().await.unwrap_err();
        assert!(ended.why.contains("out of luck"), "{ended}");
        assert!(stop.is_cancelled(), "the others were not told");
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_ends_the_process() {
        let (mut supervisor, stop) = with_a_steady_task();
        supervisor.spawn("lazy", async { Ok(()) });
        let ended = supervisor.run().await.unwrap_err();
        assert_eq!(ended.to_string(), "the part `lazy` stopped: it ended by itself");
        assert!(stop.is_cancelled(), "the others were not told");
    }

    #[tokio::test]
    async fn after_a_stop_ending_is_in_order() {
        let (supervisor, stop) = with_a_steady_task();
        stop.cancel();
        supervisor.run().await.unwrap();
    }
}
