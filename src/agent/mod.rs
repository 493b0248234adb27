//! The agent: it works on one turn as a loop of model answers and tool calls, every one of them journaled.
//!
//! 1. A model answer, once journaled, is never asked for again; one in flight at a crash is, and is counted.
//! 2. A change to our database commits together with its step.
//! 3. A tool that writes outside commits its delivery with its step, and the run waits for the outcome without a worker.
//! 4. Every way out of the loop is an answer for the person.

mod context;
mod journal;
mod ledger;
mod prompt;
pub mod tools;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::action::{Actions, Came, Change, Decider, Trouble};
use crate::config;
use crate::domain::{self, Money, PersonError, StepId};
use crate::engine::Engine;
use crate::engine::answers::Answers;
use crate::engine::clock::{TimedOut, later};
use crate::engine::health::State as Health;
use crate::engine::workers::Failure;
use crate::markup::untrusted::{Fence, unfenced, unloaded};
use crate::model::{Answer, Ask, Message, Model, ModelError, Reply, ToolCall};
use crate::store::queue::{self, Claimed};
use crate::store::runs::{self, Run, RunState, Step, StepKind, StepState};
use crate::store::{StoreError, trust};
use crate::telemetry;
use context::Context;
use journal::Next;
use tools::{Performed, ToolCx};

/// The longest pause that a busy model may ask for before the person is told instead.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long one tool call may take, whatever it asks of GitHub: each of its calls there has a shorter limit of its own.
const TOOL: Duration = Duration::from_secs(60);

/// Works on turns.
pub struct Agent {
    engine: Engine,
    actions: Actions,
    answers: Answers,
    model: Arc<Model>,
    limits: Limits,
}

/// What one run may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Model answers.
    pub steps: usize,
    /// Tokens, in and out.
    pub tokens: i64,
    /// Tokens of context handed to the model.
    pub context: usize,
}

impl Limits {
    /// The limits that the configuration sets.
    pub fn of(config: &config::Config) -> Self {
        Self {
            steps: config.agent.max_steps as usize,
            tokens: i64::try_from(config.agent.max_tokens_per_run).unwrap_or(i64::MAX),
            context: usize::try_from(config.model.context_tokens).unwrap_or(usize::MAX),
        }
    }
}

impl Agent {
    /// An agent over a model.
    pub fn new(
        engine: Engine,
        actions: Actions,
        answers: Answers,
        model: Arc<Model>,
        limits: Limits,
    ) -> Self {
        Self {
            engine,
            actions,
            answers,
            model,
            limits,
        }
    }

    /// Works on a run until it is answered, waits for a delivery, or has to be tried again later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn work(&self, item: &Claimed, run: &Run) -> Result<(), Failure> {
        loop {
            let mut tx = self.engine.db.read().await?;
            let steps = runs::steps(&mut tx, run.id).await?;
            drop(tx);
            let go_on = match journal::next(&steps, self.limits) {
                Next::Ask => match self.over_budget(run, &steps).await? {
                    Some(why) => {
                        let text = journal::so_far(&steps, &why);
                        return self.answer(item, run, RunState::Failed, &text).await;
                    }
                    None => self.ask(item, run, &steps).await?,
                },
                Next::Lost(step) => {
                    self.lose(run, &step, "the service was restarted before the answer was kept")
                        .await?
                }
                Next::Call(call) => self.call(item, run, &steps, &call).await?,
                Next::Settle(step) => goes_on(&self.actions.settle(item, run, &step).await?),
                Next::Answer(text) => {
                    let state = if journal::ended_badly(&steps) {
                        RunState::Failed
                    } else {
                        RunState::Done
                    };
                    return self.answer(item, run, state, &text).await;
                }
                Next::Stop(why) => return self.answer(item, run, RunState::Failed, &why).await,
            };
            if !go_on {
                return Ok(());
            }
        }
    }

    /// Asks the model and journals its answer.
    async fn ask(&self, item: &Claimed, run: &Run, steps: &[Step]) -> Result<bool, Failure> {
        let met = self.actions.met(run).await?;
        let fence = fence(run);
        let context = Context {
            run,
            steps,
            tokens: self.limits.context,
            met: &met,
            fence: &fence,
        };
        let (ask, met) = context::gather(&self.engine, &context).await?;
        // Somebody may have said a secret of ours.
        let ask = ask.rewritten(|text| self.actions.outbox.masked(text));
        let mut step = Step {
            id: StepId::new(),
            seq: next_number(steps),
            kind: StepKind::Model,
            state: StepState::Asked,
            call_id: String::new(),
            name: self.model.name().to_owned(),
            input: String::new(),
            output: None,
            failed: false,
            tokens: 0,
            cost: Money::default(),
        };
        let mut tx = self.engine.db.begin().await?;
        runs::add_step(&mut tx, run.id, &step, self.engine.clock.now()).await?;
        // Before the model reads them, the run is known to hold strangers' words.
        trust::note(&mut tx, run.id, &met).await?;
        if run.doing.is_empty() && steps.is_empty() {
            self.answers.doing(&mut tx, run, "thinking").await?;
        }
        tx.commit("asked").await?;
        self.engine.wake();
        let replied = self.model.ask(&ask, &self.engine.clock).await;
        self.engine.db.reached("model").await;
        self.report(replied.as_ref().err());
        match replied {
            Ok(reply) => self.keep(run, &mut step, reply).await,
            Err(error) => self.unanswered(item, run, steps, &step, error).await,
        }
    }

    /// Shows in the health report whether the model answers.
    fn report(&self, error: Option<&ModelError>) {
        let health = &self.engine.health;
        let said = |error: &ModelError| telemetry::scrub(&error.to_string());
        match (error, self.model.as_ref()) {
            (_, Model::Offline(_)) => {}
            (None, model) => health.report("model", Health::Ok, model.name()),
            (Some(error @ ModelError::Refused(_)), _) => {
                health.report("model", Health::Failed, said(error));
            }
            (Some(error), _) => health.report("model", Health::Degraded, said(error)),
        }
    }

    async fn keep(&self, run: &Run, step: &mut Step, reply: Reply) -> Result<bool, Failure> {
        let mut answer = reply.answer;
        if reply.cut && answer.calls.is_empty() {
            answer
                .text
                .push_str("\n\n_The language model's length limit cut this answer off here._");
        }
        step.state = StepState::Done;
        step.output = Some(journal::write(&answer));
        step.tokens = i64::try_from(reply.tokens.sum()).unwrap_or(i64::MAX);
        step.cost = self.actions.budget.cost(reply.tokens.input, reply.tokens.output);
        let mut tx = self.engine.db.begin().await?;
        runs::end_step(&mut tx, run.id, step, self.engine.clock.now()).await?;
        self.enter(&mut tx, run, step).await?;
        tx.commit("model step").await?;
        Ok(true)
    }

    /// Journals that no answer came; asks again later where that may help.
    async fn unanswered(
        &self,
        item: &Claimed,
        run: &Run,
        steps: &[Step],
        step: &Step,
        error: ModelError,
    ) -> Result<bool, Failure> {
        let tries = journal::lost_in_a_row(steps) + 1;
        let pause = match &error {
            ModelError::Busy { retry_after, .. } => {
                retry_after.unwrap_or(Duration::from_secs(5 * tries as u64))
            }
            ModelError::Broken(_) => Duration::from_secs(tries as u64),
            ModelError::Refused(_) => Duration::MAX,
        };
        // A model that was busy, or refused, has answered nothing.
        let began = matches!(error, ModelError::Broken(_));
        let hint = match &error {
            ModelError::Refused(_) => {
                "Have whoever runs Callsheet look at [model] in bot.toml. Commands such as `status` work without the model"
            }
            _ => "Ask again later, or use a command such as `status`, which works without the model",
        };
        let error = telemetry::scrub(&error.to_string());
        tracing::warn!(run = %run.id, tries, error, "the model gave no answer");
        let now = self.engine.clock.now();
        let step = Step {
            state: StepState::Lost,
            output: Some(error.clone()),
            failed: true,
            ..step.clone()
        };
        let mut tx = self.engine.db.begin().await?;
        runs::end_step(&mut tx, run.id, &step, now).await?;
        if began {
            self.enter(&mut tx, run, &step).await?;
        }
        let hopeless = pause > LONGEST_PAUSE || tries >= journal::MAX_LOST;
        if hopeless {
            let why = PersonError::new("I could not answer", error, hint);
            self.answers
                .end(
                    &mut tx,
                    run,
                    RunState::Failed,
                    &domain::Answer::words(why.to_string()),
                )
                .await?;
            queue::finish(&mut tx, item).await?;
        } else {
            let wait = format!(
                "waiting for the language model, try {} of {}",
                tries + 1,
                journal::MAX_LOST
            );
            self.answers.doing(&mut tx, run, &wait).await?;
            queue::put_back(&mut tx, item, later(now, pause), 0).await?;
        }
        tx.commit("model lost").await?;
        Ok(false)
    }

    async fn lose(&self, run: &Run, step: &Step, why: &str) -> Result<bool, Failure> {
        let step = Step {
            state: StepState::Lost,
            output: Some(why.to_owned()),
            failed: false,
            ..step.clone()
        };
        let mut tx = self.engine.db.begin().await?;
        runs::end_step(&mut tx, run.id, &step, self.engine.clock.now()).await?;
        self.enter(&mut tx, run, &step).await?;
        tx.commit("model lost").await?;
        Ok(true)
    }

    /// Calls a tool and journals the result, in the transaction of its change when there is one.
    async fn call(
        &self,
        item: &Claimed,
        run: &Run,
        steps: &[Step],
        call: &ToolCall,
    ) -> Result<bool, Failure> {
        let mut step = Step {
            id: StepId::new(),
            seq: next_number(steps),
            kind: StepKind::Tool,
            state: StepState::Done,
            call_id: call.id.clone(),
            name: call.name.clone(),
            input: call.arguments.clone(),
            output: None,
            failed: false,
            tokens: 0,
            cost: Money::default(),
        };
        let (met, fence) = (self.actions.met(run).await?, fence(run));
        let cx = ToolCx {
            actions: &self.actions,
            asker: &run.asker,
            met: &met,
            fence: &fence,
        };
        self.note(run, &tools::doing(call)).await?;
        let performed = self.engine.clock.timeout(TOOL, tools::perform(&cx, call)).await;
        match performed.unwrap_or_else(|late| Err(hung(&call.name, late).into())) {
            Ok(Performed::Change(change)) => {
                let decider = tools::decider(call);
                return self.change(item, &cx, run, step, &change, decider).await;
            }
            Ok(Performed::Read { text, doing, met }) => {
                step.output = Some(tools::limited(&text, &fence));
                self.actions.journal_reading(run, &step, &met).await?;
                // Where this may be shown depends on what was read.
                if let Some(doing) = doing {
                    self.note(run, &doing).await?;
                }
                return Ok(true);
            }
            Ok(Performed::Failed { error, met }) => {
                (step.failed, step.output) = (true, Some(error.to_string()));
                self.actions.journal_reading(run, &step, &met).await?;
                return Ok(true);
            }
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                (step.failed, step.output) = (true, Some(error.to_string()))
            }
            Err(other) => return Err(failure(other)),
        }
        self.actions.journal(run, &step).await?;
        Ok(true)
    }

    /// Makes a tool's change, unless its person may not.
    async fn change(
        &self,
        item: &Claimed,
        cx: &ToolCx<'_>,
        run: &Run,
        mut step: Step,
        change: &Change,
        decider: Decider,
    ) -> Result<bool, Failure> {
        let may = match cx.plan(change).await {
            Ok(met) => {
                self.actions.note_met(run, &met).await?;
                change.permitted(&self.actions, run).await
            }
            Err(refused) => Err(refused),
        };
        match may {
            Ok(()) => Ok(goes_on(
                &self.actions.perform(item, run, step, change, decider).await?,
            )),
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                (step.failed, step.output) = (true, Some(error.to_string()));
                self.actions.journal(run, &step).await?;
                Ok(true)
            }
            Err(other) => Err(failure(other)),
        }
    }

    async fn note(&self, run: &Run, doing: &str) -> Result<(), StoreError> {
        let mut tx = self.engine.db.begin().await?;
        self.answers.doing(&mut tx, run, doing).await?;
        tx.commit("doing").await?;
        self.engine.wake();
        Ok(())
    }

    async fn answer(&self, item: &Claimed, run: &Run, state: RunState, text: &str) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let mut text = unfenced(text);
        if trust::met(&mut tx, run.id).await?.tainted_by.is_some() {
            // What is loaded by being looked at could carry away what the run has read.
            text = unloaded(&text);
        }
        let words = domain::Answer::words(text);
        self.answers.end(&mut tx, run, state, &words).await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("answer").await?)
    }
}

/// How strangers' words are marked in a run: by what nobody outside can know beforehand, and always alike, so that the model's
/// server may keep what it read.
fn fence(run: &Run) -> Fence {
    Fence::new(&hex::encode(Sha256::digest(format!("fence {}", run.id))))
}

/// A tool did not come to an end.
fn hung(tool: &str, late: TimedOut) -> PersonError {
    PersonError::new(
        format!("I gave up on {tool}"),
        format!("there was no result within {} seconds", late.0.as_secs()),
        "Try again later",
    )
}

/// Whether there is something to be done now.
fn goes_on(came: &Came) -> bool {
    matches!(came, Came::Through(_))
}

fn next_number(steps: &[Step]) -> i64 {
    steps.last().map_or(1, |step| step.seq + 1)
}

fn failure(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Store(error) => Failure::Store(error),
        other => Failure::Other(other.to_string()),
    }
}

/// The journal as the model sees it: its own answers, each followed by what became of its tool calls.
fn retold(steps: &[Step]) -> Vec<Message> {
    let kept = steps.iter().filter(|step| step.state == StepState::Done);
    kept.map(|step| match step.kind {
        StepKind::Model => Message::Assistant(journal::read(step)),
        StepKind::Tool => Message::ToolResult {
            call_id: step.call_id.clone(),
            name: step.name.clone(),
            text: step.output.clone().unwrap_or_default(),
            failed: step.failed,
        },
    })
    .collect()
}

/// What a model is asked when nothing was said before; the shape every request has.
fn ask_of(system: String, messages: Vec<Message>) -> Ask {
    Ask {
        system,
        messages,
        tools: tools::specs(),
    }
}

/// An answer without words or calls says nothing.
fn says_nothing(answer: &Answer) -> bool {
    answer.text.trim().is_empty() && answer.calls.is_empty()
}
