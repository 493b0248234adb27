//! From a change to its outcome, in the journal of a run: the same road for what a command changes and what a tool changes.
//!
//! 1. A change to our database commits together with its step.
//! 2. A change outside commits its deliveries with its step, and the run waits for the outcome without a worker.

use super::{Actions, Change, Decider, Made, Origin, Question, Trouble, outcome};
use crate::domain::GateState;
use crate::engine::answers::Answers;
use crate::engine::workers::Failure;
use crate::gate::verdict;
use crate::store::deliveries::{self, State};
use crate::store::gates::{self, Gate};
use crate::store::queue::{self, Claimed, Kind};
use crate::store::runs::{self, Run, Step, StepState};
use crate::store::{StoreError, projects};

/// How far a change has come.
#[derive(Debug)]
pub enum Came {
    /// Its step is journaled, with what became of it; so to the next.
    Through(Step),
    /// The run waits, and nobody works on it meanwhile.
    Waits,
}

impl Actions {
    /// Makes a change together with its journal entry, or asks the people it has to wait for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn perform(
        &self,
        item: &Claimed,
        run: &Run,
        step: Step,
        change: &Change,
        decider: Decider,
    ) -> Result<Came, Failure> {
        match self.question(run, change, decider).await {
            Ok(None) => self.make(item, run, step, change, true).await,
            Ok(Some(question)) => match self.rehearse(run, &step, change, &question).await {
                Ok(()) => self.wait_for_people(item, run, step, change, &question).await,
                // Nobody is asked about what cannot be done.
                Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                    let step = failed(step, error.to_string());
                    self.refuse(run, &step, change, true).await?;
                    Ok(Came::Through(step))
                }
                Err(other) => Err(failure(other)),
            },
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                let step = failed(step, error.to_string());
                self.journal(run, &step).await?;
                Ok(Came::Through(step))
            }
            Err(other) => Err(failure(other)),
        }
    }

    /// Whether a change could be made now: makes it in a transaction that is rolled back.
    async fn rehearse(
        &self,
        run: &Run,
        step: &Step,
        change: &Change,
        question: &Question,
    ) -> Result<(), Trouble> {
        let origin = Origin {
            run: Some(run.id),
            step: Some(step.id),
            conversation: None,
        };
        // What it would come to may be a stranger's question. PostgreSQL takes no number back that it gave, and people see those of schedules.
        if question.tainted || matches!(change, Change::AddSchedule { .. }) {
            return Ok(());
        }
        let mut tx = self.engine.db.begin().await?;
        runs::add_step(&mut tx, run.id, step, self.engine.clock.now()).await?;
        change.make(self, &mut tx, &run.asker, origin).await?;
        Ok(())
    }

    /// Asks people, in the transaction that journals the step. The run leaves its lane: nothing else waits behind it.
    async fn wait_for_people(
        &self,
        item: &Claimed,
        run: &Run,
        step: Step,
        change: &Change,
        question: &Question,
    ) -> Result<Came, Failure> {
        let mut tx = self.engine.db.begin().await?;
        let entry = Step {
            state: StepState::Awaiting,
            ..step
        };
        runs::add_step(&mut tx, run.id, &entry, self.engine.clock.now()).await?;
        let number = self.ask_people(&mut tx, run, entry.id, change, question).await?;
        let answers = Answers::new(self.engine.clone(), self.outbox.clone());
        answers
            .doing(
                &mut tx,
                run,
                &format!("waiting for an answer to question {number}"),
            )
            .await?;
        queue::finish(&mut tx, item).await?;
        tx.commit("question asked").await?;
        self.engine.wake();
        Ok(Came::Waits)
    }

    /// Makes a change; its step is journaled already unless it is new.
    async fn make(
        &self,
        item: &Claimed,
        run: &Run,
        mut step: Step,
        change: &Change,
        is_new: bool,
    ) -> Result<Came, Failure> {
        let origin = Origin {
            run: Some(run.id),
            step: Some(step.id),
            conversation: None,
        };
        let mut tx = self.engine.db.begin().await?;
        let now = self.engine.clock.now();
        // The entry comes first, because deliveries refer to it.
        let entry = Step {
            state: StepState::Awaiting,
            ..step.clone()
        };
        if is_new {
            runs::add_step(&mut tx, run.id, &entry, now).await?;
        }
        match change.make(self, &mut tx, &run.asker, origin).await {
            Ok(Made::Done(text)) => {
                (step.state, step.output) = (StepState::Done, Some(text));
                runs::end_step(&mut tx, run.id, &step, now).await?;
                tx.commit("tool step").await?;
                self.engine.wake();
                Ok(Came::Through(step))
            }
            Ok(Made::Sent) => {
                queue::park(&mut tx, item).await?;
                tx.commit("tool step awaiting").await?;
                self.engine.wake();
                Ok(Came::Waits)
            }
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                // Nothing of the change stays; the refusal is journaled on its own.
                drop(tx);
                let step = failed(step, error.to_string());
                self.refuse(run, &step, change, is_new).await?;
                Ok(Came::Through(step))
            }
            Err(other) => Err(failure(other)),
        }
    }

    /// Journals a change that was not made, and notes it in the audit log.
    async fn refuse(&self, run: &Run, step: &Step, change: &Change, is_new: bool) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.begin().await?;
        if is_new {
            runs::add_step(&mut tx, run.id, step, now).await?;
        } else {
            runs::end_step(&mut tx, run.id, step, now).await?;
        }
        let why = step.output.as_deref().unwrap_or_default();
        change.note_refused(&mut tx, self, run, why).await?;
        tx.commit("tool step").await
    }

    /// Goes on after a question: the change is made when it was approved and what it was decided upon is still so.
    async fn after_question(
        &self,
        item: &Claimed,
        run: &Run,
        step: &Step,
        gate: &Gate,
    ) -> Result<Came, Failure> {
        let not_done = |why: &str| failed(step.clone(), format!("I did not do this. {why}"));
        let step = match gate.state {
            GateState::Open => {
                let mut tx = self.engine.db.begin().await?;
                queue::finish(&mut tx, item).await?;
                tx.commit("still asked").await?;
                return Ok(Came::Waits);
            }
            GateState::Approved => {
                let change: Change = serde_json::from_str(&gate.change)
                    .map_err(|error| Failure::Other(format!("a change cannot be read: {error}")))?;
                // Whoever asked may have lost the right to it since.
                let stands = match change.permitted(self, run).await {
                    Ok(()) => self.fingerprint(&change).await,
                    Err(trouble) => Err(trouble),
                };
                match stands {
                    Ok(now) if now == gate.hash => {
                        return self.make(item, run, step.clone(), &change, false).await;
                    }
                    Ok(_) => {
                        let step = not_done("What it is about has changed since people agreed to it.");
                        self.refuse(run, &step, &change, false).await?;
                        return Ok(Came::Through(step));
                    }
                    Err(Trouble::Person(error)) => not_done(&error.to_string()),
                    Err(other) => return Err(failure(other)),
                }
            }
            _ => not_done(&format!("Question {}: {}", gate.number, verdict(gate))),
        };
        self.end(run, &step).await?;
        Ok(Came::Through(step))
    }

    /// Journals how a step ended.
    async fn end(&self, run: &Run, step: &Step) -> Result<(), StoreError> {
        let mut tx = self.engine.db.begin().await?;
        runs::end_step(&mut tx, run.id, step, self.engine.clock.now()).await?;
        tx.commit("tool step").await
    }

    /// Adds a step that is done to the journal.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn journal(&self, run: &Run, step: &Step) -> Result<(), StoreError> {
        let mut tx = self.engine.db.begin().await?;
        runs::add_step(&mut tx, run.id, step, self.engine.clock.now()).await?;
        tx.commit("tool step").await
    }

    /// Journals what became of a step's deliveries, or goes on waiting for them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle(&self, item: &Claimed, run: &Run, step: &Step) -> Result<Came, Failure> {
        let mut tx = self.engine.db.begin().await?;
        runs::goes_on(&mut tx, run.id).await?;
        // Locked, so that an outcome cannot come between our look and our wait.
        deliveries::lock_tools(&mut tx, run.id).await?;
        let sent = deliveries::of_step(&mut tx, step.id).await?;
        if sent.is_empty()
            && let Some(gate) = gates::of_step(&mut tx, step.id).await?
        {
            drop(tx);
            return self.after_question(item, run, step, &gate).await;
        }
        for delivery in &sent {
            let settled = matches!(delivery.state, State::Sent | State::Dead | State::Cancelled);
            // A doubt that is still looked into has an open work item; one that was left to a person has none.
            if !settled && queue::is_open(&mut tx, Kind::Send, delivery.id.0).await? {
                queue::park(&mut tx, item).await?;
                tx.commit("still awaiting").await?;
                return Ok(Came::Waits);
            }
        }
        let place = match sent.first() {
            Some(first) => projects::label(&mut tx, &first.place).await?,
            None => String::new(),
        };
        let (text, failed) = outcome(&sent, &place);
        let step = Step {
            state: StepState::Done,
            output: Some(text),
            failed,
            ..step.clone()
        };
        runs::end_step(&mut tx, run.id, &step, self.engine.clock.now()).await?;
        tx.commit("tool step").await?;
        Ok(Came::Through(step))
    }
}

/// A step that did not work, with why.
fn failed(step: Step, why: String) -> Step {
    Step {
        state: StepState::Done,
        output: Some(why),
        failed: true,
        ..step
    }
}

/// What went wrong, for whoever works the queue.
fn failure(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Store(error) => Failure::Store(error),
        other => Failure::Other(other.to_string()),
    }
}
