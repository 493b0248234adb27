//! Answers to questions: by a command, a button, or a word on an issue. They wait behind no run.
//!
//! 1. Whether somebody may answer is for the judge; what the answer comes to, for the gate.
//! 2. The answer, the decision and what is said of it are one transaction.

use chrono::{DateTime, Utc};

use super::Desk;
use super::requests::{Given, conversation_of_command, keep, open_at, target_of, target_of_command};
use crate::action::{Change, Trouble};
use crate::domain::{
    Addressed, Answer, Asker, ConversationId, EventId, GateAnswer, PersonError, Place, Platform, Posted,
    TurnId,
};
use crate::engine::workers::Failure;
use crate::gate::Answered;
use crate::guard::{Action, Permit, Subject};
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::gates::{self, Gate, Vote};
use crate::store::queue::{self, Claimed};
use crate::store::runs::{self, NewTurn, RunState, Target, Work};
use crate::store::{StoreError, Tx, deliveries, inbox, people, projects};

/// An answer that may be given.
struct Ready {
    permit: Permit,
    vote: Vote,
    /// Whether what the change was decided upon is still so.
    fresh: bool,
    /// What people call the question by.
    number: i64,
}

impl Desk {
    /// Somebody said it.
    pub(super) async fn answer_said(
        &self,
        item: &Claimed,
        id: EventId,
        posted: &Posted,
        answer: &GateAnswer,
    ) -> Result<(), Failure> {
        let asker = self.asker(&posted.author, &posted.place).await?;
        let trusted = self.trusts(&asker).await?;
        let slashed = posted.addressed != Addressed::Us && posted.place.platform() == Platform::GitHub;
        if slashed && !self.is_for_us(&asker, answer.number, trusted).await? {
            return self.heard(item, id, posted).await;
        }
        let ready = self.ready(&asker, answer, posted.at).await?;
        let mut tx = self.engine.db.begin().await?;
        let (words, state) = self.count(&mut tx, &asker, answer, ready).await?;
        let conversation = open_at(&mut tx, &posted.place, self.engine.clock.now()).await?;
        let (target, said) = (target_of(posted), (posted.text.as_str(), posted.at));
        let new = told(conversation, (&asker, trusted), said, target, &words);
        let turn = self.tell(&mut tx, &new, &words, state).await?;
        keep(&mut tx, posted, conversation, Some(turn), (Some(&asker), trusted)).await?;
        self.end_answer(tx, item, id).await
    }

    /// Somebody gave the command, or pressed the button.
    pub(super) async fn answer_given(
        &self,
        item: &Claimed,
        id: EventId,
        given: &Given,
        answer: &GateAnswer,
    ) -> Result<(), Failure> {
        let asker = self.asker(&given.author, &given.place).await?;
        let (ready, trusted) = (
            self.ready(&asker, answer, given.at).await?,
            self.trusts(&asker).await?,
        );
        let mut tx = self.engine.db.begin().await?;
        let (words, state) = self.count(&mut tx, &asker, answer, ready).await?;
        let conversation = conversation_of_command(&mut tx, given, self.engine.clock.now()).await?;
        let target = target_of_command(given, &self.said(given));
        let said = (given.text.as_str(), given.at);
        let new = told(conversation, (&asker, trusted), said, target, &words);
        self.tell(&mut tx, &new, &words, state).await?;
        self.end_answer(tx, item, id).await
    }

    /// Whether a slash on an issue is for us, since other bots have their own `/approve` there: something waits that concerns the
    /// issue, or the question of that number in its project, or a member names a number. Nobody else is told anything.
    async fn is_for_us(&self, asker: &Asker, number: Option<i64>, trusted: bool) -> Result<bool, StoreError> {
        if trusted && number.is_some() {
            return Ok(true);
        }
        let mut tx = self.engine.db.read().await?;
        for gate in gates::open(&mut tx).await? {
            if number.is_some_and(|number| number != gate.number) {
                continue;
            }
            let project = match gate.project {
                Some(id) if number.is_some() => projects::get(&mut tx, id).await?,
                _ => None,
            };
            let repository = project.and_then(|project| project.repository);
            let near = repository.is_some() && repository.as_ref() == asker.place.repository();
            if near || is_about(&gate, &asker.place) || is_shown_at(&mut tx, &gate, &asker.place).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks whether an answer may be given.
    async fn ready(
        &self,
        asker: &Asker,
        answer: &GateAnswer,
        said_at: DateTime<Utc>,
    ) -> Result<Result<Ready, PersonError>, Failure> {
        let gate = match self.meant(asker, answer.number, said_at).await? {
            Ok(gate) => gate,
            Err(error) => return Ok(Err(error)),
        };
        let permit = match self
            .actions
            .may(asker, Action::AnswerGate, Subject::Gate(gate.id))
            .await
        {
            Ok(permit) => permit,
            Err(trouble) => return told_or_failed(trouble).map(Err),
        };
        let change: Option<Change> = serde_json::from_str(&gate.change).ok();
        let fresh = match change {
            Some(change) if answer.approves => match self.actions.fingerprint(&change).await {
                Ok(now) => now == gate.hash,
                Err(trouble) => return told_or_failed(trouble).map(Err),
            },
            Some(_) => true,
            None => false,
        };
        let mut tx = self.engine.db.read().await?;
        let vote = Vote {
            person_id: people::known(&mut tx, &asker.account)
                .await?
                .map_or(asker.person, |known| known.origin()),
            approves: answer.approves,
            name: asker.name.clone(),
            reason: answer.reason.clone(),
            voted_at: self.engine.clock.now(),
            account: Some(asker.account.to_string()),
            place: Some(asker.place.clone()),
        };
        Ok(Ok(Ready {
            permit,
            vote,
            fresh,
            number: gate.number,
        }))
    }

    /// The question that is meant: by its number, else the only open one that was shown here when the answer was said.
    async fn meant(
        &self,
        asker: &Asker,
        number: Option<i64>,
        said_at: DateTime<Utc>,
    ) -> Result<Result<Gate, PersonError>, StoreError> {
        let mut tx = self.engine.db.read().await?;
        if let Some(number) = number {
            return Ok(gates::by_number(&mut tx, number).await?.ok_or_else(|| {
                PersonError::new(
                    "I did not count your answer",
                    format!("there is no question {number}"),
                    "`gates` lists those that are open",
                )
            }));
        }
        let (mut here, mut later) = (Vec::new(), false);
        for gate in gates::open(&mut tx).await? {
            // Nobody agrees to what was asked after they spoke.
            if is_shown_at(&mut tx, &gate, &asker.place).await? {
                if gate.created_at < said_at {
                    here.push(gate);
                } else {
                    later = true;
                }
            }
        }
        Ok(match here.as_slice() {
            [one] => Ok(one.clone()),
            [] if later => Err(PersonError::new(
                "I did not count your answer",
                "the question that is open here was asked after you spoke",
                "Look at it, and answer again",
            )),
            [] => Err(PersonError::new(
                "I did not count your answer",
                "no question is open here",
                "Name the question by its number; `gates` lists those that are open",
            )),
            several => Err(PersonError::new(
                "I did not count your answer",
                format!("{} questions are open here", several.len()),
                "Name the one you mean by its number",
            )),
        })
    }

    /// Counts an answer: what is said of it, and how that counts. One that changes nothing is noted in the audit log.
    async fn count(
        &self,
        tx: &mut Tx,
        asker: &Asker,
        answer: &GateAnswer,
        ready: Result<Ready, PersonError>,
    ) -> Result<(String, RunState), StoreError> {
        let (words, number) = match ready {
            Ok(Ready {
                permit,
                vote,
                fresh,
                number,
            }) => match self.actions.gates().answer(tx, &permit, &vote, fresh).await? {
                Answered::Decided(words) | Answered::Counted(words) => return Ok((words, RunState::Done)),
                Answered::Nothing(words) => (words, Some(number)),
            },
            Err(error) => (error.to_string(), answer.number),
        };
        let entry = Entry {
            who: Who::Person(asker),
            place: None,
            action: Action::AnswerGate.name(),
            subject: &number.map_or_else(|| "gate".to_owned(), |number| format!("gate:{number}")),
            on_behalf: None,
            result: Outcome::Refused,
            run: None,
            detail: words.clone(),
        };
        audit::note(tx, &entry, self.engine.clock.now()).await?;
        Ok((words, RunState::Failed))
    }

    /// Answers at once, without waiting in the lane of the conversation.
    pub(super) async fn tell(
        &self,
        tx: &mut Tx,
        new: &NewTurn<'_>,
        words: &str,
        state: RunState,
    ) -> Result<TurnId, StoreError> {
        let (turn, id) = runs::open(tx, new, self.engine.clock.now()).await?;
        if let Some(run) = runs::get(tx, id).await? {
            self.answers.end(tx, &run, state, &Answer::words(words)).await?;
        }
        Ok(turn)
    }

    async fn end_answer(&self, mut tx: Tx, item: &Claimed, id: EventId) -> Result<(), Failure> {
        inbox::set_meaning(&mut tx, id, "answer").await?;
        queue::finish(&mut tx, item).await?;
        tx.commit("question answered").await?;
        self.engine.wake();
        Ok(())
    }
}

/// What is for the person, as such; the rest is for whoever works the queue.
fn told_or_failed(trouble: Trouble) -> Result<PersonError, Failure> {
    match trouble {
        Trouble::Person(error) | Trouble::Unavailable(error) => Ok(error),
        Trouble::Store(error) => Err(error.into()),
        other => Err(Failure::Other(other.to_string())),
    }
}

/// Whether what a question asks about is the issue of a place.
fn is_about(gate: &Gate, place: &Place) -> bool {
    let change: Option<Change> = serde_json::from_str(&gate.change).ok();
    match (change, place) {
        (
            Some(Change::UpdateIssue { issue, .. } | Change::CommentOnIssue { issue, .. }),
            Place::GitHub(here),
        ) => issue == *here,
        _ => false,
    }
}

/// Whether a question is shown at a place, or was asked for there.
async fn is_shown_at(tx: &mut Tx, gate: &Gate, place: &Place) -> Result<bool, StoreError> {
    if gate.place == *place {
        return Ok(true);
    }
    for group in gates::copies(tx, gate.id).await? {
        let shown = deliveries::of_group(tx, group).await?;
        if shown.first().is_some_and(|first| first.place == *place) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The turn of an answer.
fn told<'a>(
    conversation: ConversationId,
    (asker, trusted): (&'a Asker, bool),
    (text, asked_at): (&'a str, DateTime<Utc>),
    target: Target,
    words: &str,
) -> NewTurn<'a> {
    NewTurn {
        conversation,
        asker,
        text,
        asked_at,
        work: Work::Say {
            text: words.to_owned(),
        },
        targets: vec![target],
        trusted,
    }
}
