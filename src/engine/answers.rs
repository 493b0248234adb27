//! The one visible answer of a run: its progress message, and what it becomes.
//!
//! 1. A run is answered once: ending it is one conditional update, and whoever comes second changes nothing.
//! 2. Progress is one message a target, edited in place; the answer is its last revision.
//! 3. A run that took longer than [`LONG`] answers in a new message, since edits notify nobody, unless its target wants
//!    one message only.
//! 4. An issue where nobody asked is told no more than that there is an answer, where that may hold what is not its own.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::clock::later;
use super::outbox::{Outbox, Post, dialect, parts};
use super::{Engine, elsewhere};
use crate::domain::{Answer, Button, GroupId, Place, Reply, RunId};
use crate::markup;
use crate::store::deliveries::{self, Delivery, Purpose, State};
use crate::store::queue::{self, Kind};
use crate::store::runs::{self, Run, RunState, Target};
use crate::store::{StoreError, Tx};

/// When a run shows its progress.
pub const PROGRESS_AFTER: Duration = Duration::from_millis(1500);
/// From when on an answer is a new message.
pub const LONG: Duration = Duration::from_secs(60);

/// What a run is doing, when no more is said of it.
const ON_IT: &str = "on it";

/// What stands for an answer without visible words.
const NOTHING: &str = "I have no words for an answer to this. Ask again in other words, or say `help`.";

/// Shows progress, and ends runs with their answer.
#[derive(Clone)]
pub struct Answers {
    engine: Engine,
    outbox: Outbox,
}

fn progress_text(target: &Target, doing: &str, withheld: &[Place]) -> String {
    let doing = if withheld.contains(&target.place) {
        ON_IT
    } else {
        doing
    };
    format!("{}_{doing} …_", target.heading)
}

impl Answers {
    /// Answers through an outbox.
    pub fn new(engine: Engine, outbox: Outbox) -> Self {
        Self { engine, outbox }
    }

    /// Makes a new run show progress in a while.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expect(&self, tx: &mut Tx, run: RunId) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        queue::enqueue(
            tx,
            Kind::Progress,
            &format!("progress:{run}"),
            run.0,
            later(now, PROGRESS_AFTER),
            now,
        )
        .await
    }

    /// Notes what a run is doing, and shows it where progress is shown already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn doing(&self, tx: &mut Tx, run: &Run, doing: &str) -> Result<(), StoreError> {
        runs::set_doing(tx, run.id, doing).await?;
        let shown = deliveries::answers_of(tx, run.id).await?;
        let withheld = elsewhere::withheld(tx, run).await?;
        for target in &run.targets {
            if let Some(progress) = progress_of(&shown, target) {
                self.say(tx, progress, &progress_text(target, doing, &withheld), false)
                    .await?;
            }
        }
        Ok(())
    }

    /// Shows at every target what a run is doing, whether progress is shown there already or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn show(&self, tx: &mut Tx, run: &Run, doing: &str) -> Result<(), StoreError> {
        let shown = deliveries::answers_of(tx, run.id).await?;
        let withheld = elsewhere::withheld(tx, run).await?;
        for target in &run.targets {
            let markdown = progress_text(target, doing, &withheld);
            match progress_of(&shown, target) {
                Some(progress) => self.say(tx, progress, &markdown, false).await?,
                None => {
                    let post = answer_post(run, target, &markdown, false);
                    self.outbox.post(tx, &post).await?;
                }
            }
        }
        Ok(())
    }

    /// Shows progress for the first time, at every target.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn show_progress(&self, tx: &mut Tx, run: &Run) -> Result<(), StoreError> {
        let shown = deliveries::answers_of(tx, run.id).await?;
        let withheld = elsewhere::withheld(tx, run).await?;
        for target in &run.targets {
            if shown.iter().any(|delivery| delivery.place == target.place) {
                continue;
            }
            let doing = if run.doing.is_empty() { ON_IT } else { &run.doing };
            let markdown = progress_text(target, doing, &withheld);
            self.outbox
                .post(tx, &answer_post(run, target, &markdown, false))
                .await?;
        }
        Ok(())
    }

    /// Ends a run with its answer at every target; false when it had ended already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end(
        &self,
        tx: &mut Tx,
        run: &Run,
        state: RunState,
        answer: &Answer,
    ) -> Result<bool, StoreError> {
        let now = self.engine.clock.now();
        // Words that no platform would show are no answer.
        let markdown = if markup::plain(&answer.markdown).trim().is_empty() {
            NOTHING
        } else {
            &answer.markdown
        };
        // Before it is written for each place: a mark in the middle of a secret would hide it.
        let markdown = &self.outbox.masked(markdown);
        if !runs::end(tx, run.id, state, markdown, now).await? {
            return Ok(false);
        }
        queue::cancel(tx, Kind::Progress, run.id.0).await?;
        let shown = deliveries::answers_of(tx, run.id).await?;
        let withheld = elsewhere::withheld(tx, run).await?;
        for target in &run.targets {
            if withheld.contains(&target.place) {
                if let Some(progress) = progress_of(&shown, target) {
                    let words = format!("{}_Answered where it was asked._", target.heading);
                    self.say(tx, progress, &words, true).await?;
                }
                continue;
            }
            let answer = Answer {
                markdown: format!("{}{markdown}", target.heading),
                buttons: answer.buttons.clone(),
            };
            self.answer(tx, run, target, progress_of(&shown, target), &answer, now)
                .await?;
        }
        Ok(true)
    }

    async fn answer(
        &self,
        tx: &mut Tx,
        run: &Run,
        target: &Target,
        progress: Option<&Delivery>,
        answer: &Answer,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let took_long = run.started_at.is_some_and(|started| later(started, LONG) <= now);
        let parts = parts(&answer.markdown, &target.place, &answer.buttons);
        let mut post = Post {
            buttons: &answer.buttons,
            ..answer_post(run, target, &answer.markdown, true)
        };
        match progress {
            Some(progress) if took_long && !target.one_message => {
                self.say(
                    tx,
                    progress,
                    &format!("{}_Answered below._", target.heading),
                    true,
                )
                .await?;
                // The progress message is the answer that an interaction has room for.
                post.reply = post.reply.and_then(|reply| match reply {
                    Reply::Interaction { .. } => reply.further(),
                    other => Some(other),
                });
                self.outbox.post_parts(tx, &post, GroupId::new(), 0, &parts).await
            }
            Some(progress) => {
                if let Some(first) = parts.first() {
                    let buttons: &[Button] = if parts.len() == 1 { &answer.buttons } else { &[] };
                    self.outbox.set_text(tx, progress, first, buttons, true).await?;
                }
                self.outbox
                    .post_parts(tx, &post, progress.group, 1, parts.get(1..).unwrap_or_default())
                    .await
            }
            None => self.outbox.post_parts(tx, &post, GroupId::new(), 0, &parts).await,
        }
    }

    async fn say(
        &self,
        tx: &mut Tx,
        delivery: &Delivery,
        markdown: &str,
        last: bool,
    ) -> Result<(), StoreError> {
        let parts = markup::render(&self.outbox.masked(markdown), dialect(&delivery.place));
        match parts.first() {
            Some(text) if *text != delivery.text || last => {
                self.outbox.set_text(tx, delivery, text, &[], last).await
            }
            _ => Ok(()),
        }
    }
}

/// The progress message at a target, as long as it can still be edited.
fn progress_of<'a>(shown: &'a [Delivery], target: &Target) -> Option<&'a Delivery> {
    let usable = |d: &&Delivery| {
        d.place == target.place && !d.last && !matches!(d.state, State::Dead | State::Cancelled)
    };
    shown.iter().find(usable)
}

fn answer_post<'a>(run: &Run, target: &'a Target, markdown: &'a str, last: bool) -> Post<'a> {
    Post {
        place: &target.place,
        markdown,
        purpose: Purpose::Answer,
        run: Some(run.id),
        step: None,
        conversation: Some(run.conversation),
        reply: target.reply.clone(),
        buttons: &[],
        last,
    }
}
