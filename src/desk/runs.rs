//! The work on a run: by the agent, by a command, or with an answer that is known already.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::old::too_old;
use super::turns;
use crate::action::{Actions, Trouble};
use crate::agent::{Agent, tools};
use crate::command::{self, Change, Command, Outcome};
use crate::domain::{Answer, PersonError, Platform, RunId, shorten};
use crate::engine::Engine;
use crate::engine::answers::Answers;
use crate::engine::clock::later;
use crate::engine::workers::{Failure, Handler};
use crate::markup::quote_untrusted;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::runs::{self, Run, RunState, Work};
use crate::store::{StoreError, Tx, stops};

/// For how long a helping process leaves a run to the service.
const LEAVE: Duration = Duration::from_secs(60);

/// How long a command may take, whatever it asks of GitHub: each of its calls there has a shorter limit of its own.
const COMMAND: Duration = Duration::from_secs(60);

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
                match self.outcome(&run, line).await {
                    Ok(Outcome::Answer(answer)) => self.end(item, &run, RunState::Done, &answer).await,
                    Ok(Outcome::Change(change)) => self.change(item, &run, *change).await,
                    Err(trouble) => self.fail(item, &run, trouble).await,
                }
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
        if self.actions.end_stopped(&mut tx, id, tools::changes).await? {
            queue::finish(&mut tx, item).await?;
        } else {
            queue::park(&mut tx, item).await?;
        }
        Ok(tx.commit("stopped").await?)
    }

    /// What a command comes to, within its time.
    async fn outcome(&self, run: &Run, line: &str) -> Result<Outcome, Trouble> {
        let Some(command) = Command::parse(line) else {
            return Ok(Outcome::Answer(Answer::words(command::overview(&self.command))));
        };
        let work = command::run(&self.actions, &run.asker, &command, &self.command);
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

    /// Makes a command's change in the transaction that commits its answer: a command that is taken up again after a crash
    /// changes nothing twice.
    async fn change(&self, item: &Claimed, run: &Run, change: Change) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let answer = match change.apply(&self.actions, &mut tx).await {
            Ok(answer) => answer,
            Err(trouble) => {
                drop(tx);
                return self.fail(item, run, trouble).await;
            }
        };
        if !self.answers.end(&mut tx, run, RunState::Done, &answer).await? {
            // Answered by somebody else: nothing is changed behind that answer.
            drop(tx);
            tx = self.engine.db.begin().await?;
        }
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("change").await?)
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
