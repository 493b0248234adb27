//! Requests that are old when we come to them: whoever asked is asked back, since the world has moved on meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::RunDesk;
use crate::command::Command;
use crate::domain::{Answer, Button, PersonError, Place, Platform, RunId, shorten};
use crate::engine::workers::Failure;
use crate::markup::quote_untrusted;
use crate::platform::github::GitHub;
use crate::store::deliveries;
use crate::store::held::{self, Held};
use crate::store::queue::{self, Claimed};
use crate::store::runs::{self, Run, RunState, Target, Work};

/// How much of the request is repeated where the answer is not tied to it.
const QUOTED: usize = 200;
/// How many waiting requests of a person are looked through.
const LOOKED: i64 = 50;

/// How old a request was when work on it began, when that is too old to do it unasked. A shell waits for its answer, and what
/// was said again is wanted.
pub(super) fn too_old(
    platform: Platform,
    work: &Work,
    asked_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    old_after: Option<TimeDelta>,
) -> Option<TimeDelta> {
    let does = match work {
        Work::Say { .. } => false,
        Work::Command { line } => !matches!(Command::parse(line), Some(Command::Again { .. })),
        Work::Talk => true,
    };
    let age = started_at? - asked_at;
    (does && platform != Platform::Shell && age > old_after?).then_some(age)
}

/// "3 hours", rounded down.
pub(super) fn in_words(age: TimeDelta) -> String {
    let (count, unit) = match age {
        age if age >= TimeDelta::days(2) => (age.num_days(), "day"),
        age if age >= TimeDelta::hours(1) => (age.num_hours(), "hour"),
        age => (age.num_minutes(), "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// What a person is asked back.
fn question(run: &Run, age: TimeDelta, mention: &str) -> Answer {
    let asked = run.asked_at.format("%-d %b %Y, %H:%M UTC");
    // On an issue an answer is one comment among others.
    let quote = if run.asker.place.platform() == Platform::GitHub {
        let line = shorten(&run.text, QUOTED);
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("> {}\n\n", quote_untrusted(&line))
    } else {
        String::new()
    };
    let button = Button::new("Still wanted", format!("again {}", run.id));
    let how = match run.asker.place.platform() {
        Platform::GitHub => format!("Comment `{mention} again`"),
        _ => "Press the button, or tell me `again`,".to_owned(),
    };
    Answer {
        markdown: format!(
            "{quote}This is {} old (asked {asked}), and I come to it only now: still wanted? {how} and I do it; otherwise \
             nothing happens.",
            in_words(age)
        ),
        buttons: button.into_iter().collect(),
    }
}

/// Where the request is answered now: where it was said again, and on the issue it concerns.
fn targets(now: &Run, before: &Run) -> Vec<Target> {
    let mut targets = now.targets.clone();
    for target in before.targets.iter().skip(1) {
        if targets.iter().all(|other| other.place != target.place) {
            targets.push(Target {
                reply: None,
                ..target.clone()
            });
        }
    }
    targets
}

/// The request that is meant when none is named: the newest one that waits in this conversation, else in this channel.
fn meant<'a>(waiting: &'a [Held], run: &Run) -> Option<&'a Held> {
    let here = |held: &&Held| held.conversation_id == run.conversation;
    let channel: Place = run.asker.place.root();
    let near = |held: &&Held| run.asker.place == channel && held.place.root() == channel;
    waiting.iter().find(here).or_else(|| waiting.iter().find(near))
}

impl RunDesk {
    /// Asks back in place of doing.
    pub(super) async fn ask_back(&self, item: &Claimed, run: &Run, age: TimeDelta) -> Result<(), Failure> {
        let context = self.actions.github.as_ref().and_then(GitHub::known_context);
        let mention = context.map_or_else(|| "@pm".to_owned(), |context| context.mention);
        let mut tx = self.engine.db.begin().await?;
        let answer = question(run, age, &mention);
        // An issue that the request concerns hears of it when it is done, unless it has seen progress already.
        let shown = deliveries::answers_of(&mut tx, run.id).await?;
        let mut asked = run.clone();
        let here = &run.asker.place;
        asked.targets.retain(|target| {
            target.place == *here || shown.iter().any(|delivery| delivery.place == target.place)
        });
        if self.answers.end(&mut tx, &asked, RunState::Done, &answer).await? {
            held::hold(&mut tx, run.id, run.asker.person, self.engine.clock.now()).await?;
        }
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("asked back").await?)
    }

    /// Somebody said that a request is still wanted: this run becomes it, with the rights of who said so, who is who asked.
    pub(super) async fn again(&self, item: &Claimed, run: &Run, named: Option<Uuid>) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        let held = match named {
            Some(id) => held::get(&mut tx, RunId(id)).await?,
            None => {
                let waiting = held::waiting(&mut tx, run.asker.person, LOOKED).await?;
                meant(&waiting, run).cloned()
            }
        };
        let before = match &held {
            Some(held) => runs::get(&mut tx, held.run_id).await?,
            None => None,
        };
        let (Some(held), Some(before)) = (held, before) else {
            drop(tx);
            return match named {
                // A word like any other.
                None => self.agent.work(item, run).await,
                Some(_) => {
                    self.not_again(
                        item,
                        run,
                        "I do not know that request any more",
                        "Ask it once more",
                    )
                    .await
                }
            };
        };
        if held.person_id != run.asker.person {
            drop(tx);
            let why = format!(
                "{} asked for it, and it is done with the rights of who asked",
                quote_untrusted(&before.asker.name)
            );
            return self.not_again(item, run, &why, "Ask for it yourself").await;
        }
        if !held::take(&mut tx, held.run_id, self.engine.clock.now()).await? {
            drop(tx);
            let answer = Answer::words("I took that up already; one time is enough.");
            return self.end(item, run, RunState::Done, &answer).await;
        }
        let targets = targets(run, &before);
        held::become_request(&mut tx, run.id, &before.text, &before.work, &targets).await?;
        queue::put_back(&mut tx, item, self.engine.clock.now(), item.attempts - 1).await?;
        tx.commit("taken up again").await?;
        self.engine.wake();
        Ok(())
    }

    async fn not_again(&self, item: &Claimed, run: &Run, why: &str, next: &str) -> Result<(), Failure> {
        let sorry = PersonError::new("I left it", why, next);
        self.end(item, run, RunState::Failed, &Answer::words(sorry.to_string()))
            .await
    }
}
