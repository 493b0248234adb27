//! Ending a run before its answer.
//!
//! 1. Being told to stop is one transaction: from then on nothing of the run's work can be written, what it has not sent is
//!    taken back, and nobody works on it any more.
//! 2. What is on its way runs to its outcome, and the last words tell it.
//! 3. The answer and a stop compete on the run's state; whoever comes second changes nothing.

use super::{Actions, Trouble, outcome, outcome::intent};
use crate::domain::{Answer, RunId, shorten};
use crate::engine::answers::Answers;
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::deliveries::{self, Delivery, State};
use crate::store::queue::{self, Kind};
use crate::store::runs::{self, Run, RunState, Step, StepKind, StepState};
use crate::store::usage::{self, Used};
use crate::store::{StoreError, Tx, people, projects, stops};

/// How much of what a tool did is told, in characters.
const SHOWN: usize = 200;
/// How many things are told at most.
const LISTED: usize = 10;

/// What became of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The run is answered with "Stopped by …".
    Stopped,
    /// It will be, once it is known what became of what is on its way.
    Stopping,
    /// It had its answer, or was told before.
    Ended,
}

impl Actions {
    /// Stops the permit's run. `changes` says whether a tool changes anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stop_run(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        changes: fn(&str) -> bool,
    ) -> Result<Halt, Trouble> {
        let id = permit.run(Action::StopRun)?;
        let by = &permit.asker().name;
        if !stops::begin(tx, id, by).await? {
            return Ok(Halt::Ended);
        }
        let entry = Entry {
            who: Who::Person(permit.asker()),
            place: None,
            action: Action::StopRun.name(),
            subject: &permit.subject().to_string(),
            on_behalf: None,
            result: Outcome::Done,
            run: Some(id),
            detail: "told it to stop".to_owned(),
        };
        audit::note(tx, &entry, self.engine.clock.now()).await?;
        stops::take_back_tools(tx, id, &format!("stopped by {by}")).await?;
        if let Some(run) = runs::get(tx, id).await? {
            let why = format!("{} stopped it", quote_untrusted(by));
            self.gates().withdraw(tx, &run, &why).await?;
        }
        queue::revoke(tx, Kind::Run, id.0, self.engine.clock.now()).await?;
        if self.end_stopped(tx, id, changes).await? {
            queue::cancel(tx, Kind::Run, id.0).await?;
            return Ok(Halt::Stopped);
        }
        Ok(Halt::Stopping)
    }

    /// Gives a run that was told to stop its last words; false while it is not known what became of what is on its way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_stopped(
        &self,
        tx: &mut Tx,
        id: RunId,
        changes: fn(&str) -> bool,
    ) -> Result<bool, StoreError> {
        runs::lock(tx, id).await?;
        let sent = deliveries::lock_tools(tx, id).await?;
        let Some(run) = runs::get(tx, id)
            .await?
            .filter(|run| run.state == RunState::Stopping)
        else {
            return Ok(true);
        };
        let answers = Answers::new(self.engine.clone(), self.outbox.clone());
        for delivery in &sent {
            if is_under_way(tx, delivery).await? {
                let what = intent(&delivery.effect, &projects::label(tx, &delivery.place).await?);
                let doing = format!("stopping: waiting to learn what became of {what}");
                answers.show(tx, &run, &doing).await?;
                return Ok(false);
            }
        }
        let words = last_words(tx, &run, &sent, changes).await?;
        self.count_lost(tx, &run).await?;
        stops::close_journal(tx, id, self.engine.clock.now()).await?;
        answers
            .end(tx, &run, RunState::Stopped, &Answer::words(words))
            .await?;
        Ok(true)
    }

    /// Enters an answer of the model in the ledger that a stop left on its way: nobody will know what it took.
    async fn count_lost(&self, tx: &mut Tx, run: &Run) -> Result<(), StoreError> {
        let steps = runs::steps(tx, run.id).await?;
        let asked = |step: &&Step| step.kind == StepKind::Model && step.state == StepState::Asked;
        let lost = Used {
            answers: i64::try_from(steps.iter().filter(asked).count()).unwrap_or(i64::MAX),
            ..Used::default()
        };
        if lost.answers == 0 {
            return Ok(());
        }
        let now = self.engine.clock.now();
        let payer = usage::payer(tx, run.id, &run.asker.place).await?;
        let own = people::origin_of(tx, &run.asker.account, &run.asker.name, now).await?;
        let payer = payer.map(|project| project.id);
        usage::add(tx, own, payer, now.date_naive(), lost).await
    }
}

/// Whether somebody still learns what became of a delivery; a doubt that was left to a person is nobody's work.
async fn is_under_way(tx: &mut Tx, delivery: &Delivery) -> Result<bool, StoreError> {
    let settled = matches!(delivery.state, State::Sent | State::Dead | State::Cancelled);
    Ok(!settled && queue::is_open(tx, Kind::Send, delivery.id.0).await?)
}

/// Who stopped a run, what it had done, and what it will not do.
async fn last_words(
    tx: &mut Tx,
    run: &Run,
    sent: &[Delivery],
    changes: fn(&str) -> bool,
) -> Result<String, StoreError> {
    let by = run.stopped_by.as_deref().unwrap_or("somebody");
    let mut came = Came::default();
    let steps = runs::steps(tx, run.id).await?;
    for step in steps
        .iter()
        .filter(|step| step.kind == StepKind::Tool && changes(&step.name))
    {
        match step.state {
            StepState::Done if !step.failed => came.done.extend(step.output.clone()),
            StepState::Awaiting => {
                let place = match of_step(sent, step).first() {
                    Some(first) => projects::label(tx, &first.place).await?,
                    None => continue,
                };
                came.add(&of_step(sent, step), &place);
            }
            _ => {}
        }
    }
    let mut words = format!("Stopped by **{}**.", quote_untrusted(by));
    if came.done.is_empty() && came.unclear.is_empty() {
        words.push_str(" Nothing was changed.");
    }
    for (heading, lines) in [
        ("Already done", &came.done),
        ("Not done any more", &came.left),
        ("Not clear", &came.unclear),
    ] {
        if !lines.is_empty() {
            words.push_str(&format!("\n\n{heading}:\n\n{}", list(lines)));
        }
    }
    Ok(words)
}

/// What became of what a run was about to change.
#[derive(Default)]
struct Came {
    done: Vec<String>,
    left: Vec<String>,
    unclear: Vec<String>,
}

fn of_step(sent: &[Delivery], step: &Step) -> Vec<Delivery> {
    let mut sent: Vec<Delivery> = sent
        .iter()
        .filter(|delivery| delivery.step == Some(step.id))
        .cloned()
        .collect();
    sent.sort_by_key(|delivery| delivery.part);
    sent
}

impl Came {
    /// Adds what a step sends.
    fn add(&mut self, sent: &[Delivery], place: &str) {
        let Some(first) = sent.first() else { return };
        let count = |state| sent.iter().filter(|delivery| delivery.state == state).count();
        let arrived = count(State::Sent);
        if count(State::Unknown) > 0 {
            self.unclear.push(outcome(sent, place).0);
        } else if arrived == sent.len() {
            self.done.push(outcome(sent, place).0);
        } else if arrived > 0 {
            let (all, what) = (sent.len(), intent(&first.effect, place));
            self.done.push(format!("{arrived} of the {all} parts of {what}"));
        } else if count(State::Cancelled) > 0 {
            self.left.push(intent(&first.effect, place));
        } else {
            self.left.push(outcome(sent, place).0);
        }
    }
}

/// Some lines, the first ones when there are many.
fn list(lines: &[String]) -> String {
    let mut listed: Vec<String> = lines
        .iter()
        .take(LISTED)
        .map(|line| {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("- {}", shorten(&line, SHOWN))
        })
        .collect();
    if lines.len() > LISTED {
        listed.push(format!("- and {} more", lines.len() - LISTED));
    }
    listed.join("\n")
}
