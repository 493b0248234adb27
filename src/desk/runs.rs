//! The work on a run: by the agent, by a command, or with an answer that is known already.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::old::too_old;
use super::turns;
use crate::action::{Actions, Came, Change, Decider, Trouble, refused};
use crate::agent::{Agent, tools};
use crate::command::{self, Command, Outcome};
use crate::domain::{Answer, Money, PersonError, Place, Platform, RunId, StepId, shorten};
use crate::engine::Engine;
use crate::engine::answers::Answers;
use crate::engine::clock::later;
use crate::engine::workers::{Failure, Handler};
use crate::markup::quote_untrusted;
use crate::platform::github::GitHub;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::runs::{self, Run, RunState, Step, StepKind, StepState, Work};
use crate::store::trust::{self, Met};
use crate::store::{StoreError, Tx, stops};

/// For how long a helping process leaves a run to the service.
const LEAVE: Duration = Duration::from_secs(60);

/// How long a command may take, whatever it asks of GitHub: each of its calls there has a shorter limit of its own.
const COMMAND: Duration = Duration::from_secs(60);

/// The name of the step in which a command's change is journaled.
const COMMAND_STEP: &str = "command";

/// Whether a step of that name changes anything.
pub(super) fn changes(name: &str) -> bool {
    name == COMMAND_STEP || tools::changes(name)
}

/// Works on runs; the handler of [`Kind::Run`].
pub struct RunDesk {
    pub(super) engine: Engine,
    pub(super) actions: Actions,
    pub(super) answers: Answers,
    pub(super) agent: Arc<Agent>,
    /// How a person calls us in commands, e.g. `/pm`.
    command: String,
    /// See [`RunDesk::helping`].
    helping: bool,
    /// See [`RunDesk::asking_back`].
    old_after: Option<TimeDelta>,
}

impl RunDesk {
    /// A desk that hands talk to the agent and commands to their handlers.
    pub fn new(
        engine: Engine,
        actions: Actions,
        answers: Answers,
        agent: Arc<Agent>,
        command: String,
    ) -> Self {
        Self {
            engine,
            actions,
            answers,
            agent,
            command,
            helping: false,
            old_after: None,
        }
    }

    /// The desk of a process that only helps out: what was not asked at the shell is left to the service, which may have
    /// another model and other rights.
    #[must_use]
    pub fn helping(mut self, helping: bool) -> Self {
        self.helping = helping;
        self
    }

    /// Requests that are older than that when work on them begins are not done unasked.
    #[must_use]
    pub fn asking_back(mut self, old_after: Option<TimeDelta>) -> Self {
        self.old_after = old_after;
        self
    }

    async fn work(&self, item: &Claimed) -> Result<(), Failure> {
        let id = RunId(item.subject);
        if self.lets_ahead(item, id).await? {
            return Ok(());
        }
        let mut tx = self.engine.db.begin().await?;
        runs::start(&mut tx, id, self.engine.clock.now()).await?;
        let run = runs::get(&mut tx, id).await?;
        tx.commit("run started").await?;
        if run.as_ref().is_some_and(|run| run.state == RunState::Stopping) {
            return self.end_stopped(item, id).await;
        }
        let Some(run) = run.filter(|run| run.state.is_open()) else {
            let mut tx = self.engine.db.begin().await?;
            queue::finish(&mut tx, item).await?;
            return Ok(tx.commit("run gone").await?);
        };
        if self.helping && run.asker.place.platform() != Platform::Shell {
            let mut tx = self.engine.db.begin().await?;
            let at = later(self.engine.clock.now(), LEAVE);
            queue::put_back(&mut tx, item, at, item.attempts - 1).await?;
            return Ok(tx.commit("run left").await?);
        }
        let platform = run.asker.place.platform();
        let age = too_old(platform, &run.work, run.asked_at, run.started_at, self.old_after);
        if let Some(age) = age {
            return self.ask_back(item, &run, age).await;
        }
        match &run.work {
            Work::Talk => self.agent.work(item, &run).await,
            Work::Say { text } => {
                self.end(item, &run, RunState::Done, &Answer::words(text.clone()))
                    .await
            }
            Work::Command { line } => {
                if let Some(Command::Again { request }) = Command::parse(line) {
                    return self.again(item, &run, request).await;
                }
                self.command(item, &run, line).await
            }
        }
    }

    /// Gives this run's place in its lane to one that was asked earlier, as long as both wait.
    async fn lets_ahead(&self, item: &Claimed, id: RunId) -> Result<bool, Failure> {
        let mut tx = self.engine.db.read().await?;
        let Some(run) = runs::get(&mut tx, id).await? else {
            return Ok(false);
        };
        let open = stops::open_runs_of(&mut tx, run.conversation).await?;
        drop(tx);
        let first = match turns::first_waiting(&open) {
            Some(first) if first.id != id && run.state == RunState::Queued => first.id,
            _ => return Ok(false),
        };
        let mut tx = self.engine.db.begin().await?;
        let now = self.engine.clock.now();
        if !queue::change_places(&mut tx, item, first.0, now).await? {
            return Ok(false);
        }
        tx.commit("an earlier turn goes first").await?;
        Ok(true)
    }

    /// Ends a run that was told to stop, or waits until it is known what became of what is on its way.
    async fn end_stopped(&self, item: &Claimed, id: RunId) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        if self.actions.end_stopped(&mut tx, id, changes).await? {
            queue::finish(&mut tx, item).await?;
        } else {
            queue::park(&mut tx, item).await?;
        }
        Ok(tx.commit("stopped").await?)
    }

    /// What a command comes to, within its time.
    async fn outcome(&self, run: &Run, line: &str) -> Result<Outcome, Trouble> {
        let actions = self.actions.watched();
        let outcome = self.outcome_by(&actions, run, line).await;
        // Whoever reads the answer later reads what was looked at.
        let met = self.actions.met_in(run, &actions.seen).await?;
        let before = self.actions.met(run).await?;
        if met.strayed
            && let Some(by) = before.tainted_by
        {
            let error = refused(&by);
            let mut seen = actions.seen.subjects();
            seen.retain(|subject| Actions::is_outside(before.home.as_deref(), subject));
            for subject in &seen {
                self.actions.note_kept_out(&run.asker, subject, &error).await?;
            }
            return Err(error.into());
        }
        self.actions.note_met(run, &met).await?;
        outcome
    }

    /// How somebody at a place calls us in commands: an issue has no slash commands.
    fn prefix(&self, place: &Place) -> String {
        let mention = || self.actions.github.as_ref().and_then(GitHub::mention);
        match place {
            Place::GitHub(_) | Place::Repository(_) => mention().unwrap_or_else(|| self.command.clone()),
            _ => self.command.clone(),
        }
    }

    async fn outcome_by(&self, actions: &Actions, run: &Run, line: &str) -> Result<Outcome, Trouble> {
        let prefix = self.prefix(&run.asker.place);
        let Some(command) = Command::parse(line) else {
            return Ok(Outcome::Answer(Answer::words(command::overview(&prefix))));
        };
        let work = command::run(actions, &run.asker, &command, &prefix);
        let done = self.engine.clock.timeout(COMMAND, work).await;
        done.unwrap_or_else(|late| {
            Err(PersonError::new(
                format!("I gave up on `{}`", shorten(line.trim(), 60)),
                format!("there was no result within {} seconds", late.0.as_secs()),
                "Try again later",
            )
            .into())
        })
    }

    /// Does what a command says, or goes on where its journal ends: a command that is taken up again after a crash changes
    /// nothing twice.
    async fn command(&self, item: &Claimed, run: &Run, line: &str) -> Result<(), Failure> {
        let mut tx = self.engine.db.read().await?;
        let last = runs::steps(&mut tx, run.id).await?.pop();
        drop(tx);
        let came = match last {
            Some(step) if step.state == StepState::Awaiting => self.actions.settle(item, run, &step).await?,
            Some(step) => Came::Through(step),
            None => match self.outcome(run, line).await {
                Ok(Outcome::Answer(answer)) => return self.end(item, run, RunState::Done, &answer).await,
                Ok(Outcome::Foreign(answer, strangers)) => {
                    return self.end_foreign(item, run, &answer, strangers).await;
                }
                Ok(Outcome::Change(change)) => self.change(item, run, line, &change).await?,
                Err(trouble) => return self.fail(item, run, trouble).await,
            },
        };
        let Came::Through(step) = came else {
            return Ok(());
        };
        let state = if step.failed {
            RunState::Failed
        } else {
            RunState::Done
        };
        let answer = Answer::words(step.output.unwrap_or_default());
        self.end(item, run, state, &answer).await
    }

    /// Makes a command's change, with an entry in the journal.
    async fn change(&self, item: &Claimed, run: &Run, line: &str, change: &Change) -> Result<Came, Failure> {
        let mut step = Step {
            id: StepId::new(),
            seq: 1,
            kind: StepKind::Tool,
            state: StepState::Done,
            call_id: String::new(),
            name: COMMAND_STEP.to_owned(),
            input: line.to_owned(),
            output: None,
            failed: false,
            tokens: 0,
            cost: Money::default(),
        };
        match change.permitted(&self.actions, run).await {
            Ok(()) => {
                self.actions
                    .perform(item, run, step, change, Decider::Person)
                    .await
            }
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                (step.failed, step.output) = (true, Some(error.to_string()));
                self.actions.journal(run, &step).await?;
                Ok(Came::Through(step))
            }
            Err(Trouble::Store(error)) => Err(error.into()),
            Err(other) => Err(Failure::Other(other.to_string())),
        }
    }

    /// Tells the person what went wrong; what is not for people is tried again.
    async fn fail(&self, item: &Claimed, run: &Run, trouble: Trouble) -> Result<(), Failure> {
        match trouble {
            Trouble::Person(error) | Trouble::Unavailable(error) => {
                self.end(item, run, RunState::Failed, &Answer::words(error.to_string()))
                    .await
            }
            Trouble::Store(error) => Err(error.into()),
            other => Err(Failure::Other(other.to_string())),
        }
    }

    /// Ends a command whose answer shows strangers' words: whoever reads the answer later reads them.
    async fn end_foreign(
        &self,
        item: &Claimed,
        run: &Run,
        answer: &Answer,
        strangers: String,
    ) -> Result<(), Failure> {
        let met = Met {
            tainted_by: Some(strangers),
            ..Met::default()
        };
        let mut tx = self.engine.db.begin().await?;
        trust::note(&mut tx, run.id, &met).await?;
        self.answers.end(&mut tx, run, RunState::Done, answer).await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("answer").await?)
    }

    pub(super) async fn end(
        &self,
        item: &Claimed,
        run: &Run,
        state: RunState,
        answer: &Answer,
    ) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        self.answers.end(&mut tx, run, state, answer).await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("answer").await?)
    }
}

impl Handler for RunDesk {
    fn kind(&self) -> Kind {
        Kind::Run
    }

    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.work(&item).await })
    }

    fn give_up<'a>(
        &'a self,
        tx: &'a mut Tx,
        item: &'a Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Some(run) = runs::get(tx, RunId(item.subject)).await? else {
                return Ok(());
            };
            // A run that was told to stop has its own last words.
            let by = run.stopped_by.as_deref().map(quote_untrusted);
            if let Some(by) = by.filter(|_| run.state == RunState::Stopping) {
                let words = format!("Stopped by **{by}**. I could not find out what was done before: {why}.");
                self.answers
                    .end(tx, &run, RunState::Stopped, &Answer::words(words))
                    .await?;
                return Ok(());
            }
            let sorry = PersonError::new(
                "I could not answer",
                why,
                "Ask again, or tell whoever runs Callsheet",
            );
            self.answers
                .end(tx, &run, RunState::Failed, &Answer::words(sorry.to_string()))
                .await?;
            Ok(())
        })
    }
}
