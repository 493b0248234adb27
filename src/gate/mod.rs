//! Gates: questions that named people must answer before something happens.
//!
//! 1. A question is bound to the hash of the change it shows and of what that was decided upon.
//! 2. A person has one vote; the decision is one conditional update, from whichever surface comes first.
//! 3. A decision, the news of it in every copy of the question, and the going on of what waits are one transaction.
//! 4. No answer in time is the clock's "no".

pub mod rules;
mod timer;
mod words;

#[cfg(test)]
mod tests;

use crate::domain::{Asker, GateId, GateState, PersonError, Place};
use crate::engine::outbox::{Outbox, Post, parts};
use crate::engine::{Engine, elsewhere};
use crate::guard::{self, Action, Permit, Subject};
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::deliveries::{self, Purpose};
use crate::store::gates::{self, Gate, NewGate, Vote};
use crate::store::queue::{self, Kind};
use crate::store::runs::{self, Run};
use crate::store::{StoreError, Tx, people};

pub use timer::keep_time;
pub use words::verdict;

/// What an answer came to, in words for whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It decided.
    Decided(String),
    /// It counts, and more are needed.
    Counted(String),
    /// It changes nothing.
    Nothing(String),
}

/// Asks questions and takes answers.
#[derive(Clone)]
pub struct Gates {
    engine: Engine,
    outbox: Outbox,
}

impl Gates {
    /// Gates that ask through an outbox.
    pub fn new(engine: Engine, outbox: Outbox) -> Self {
        Self { engine, outbox }
    }

    /// Asks a question wherever its run answers; what people call it by.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask(&self, tx: &mut Tx, run: &Run, new: &NewGate<'_>) -> Result<i64, StoreError> {
        let number = gates::insert(tx, new, self.engine.clock.now()).await?;
        let Some(gate) = gates::get(tx, new.id).await? else {
            return Ok(number);
        };
        let withheld = elsewhere::withheld(tx, run).await?;
        for target in run
            .targets
            .iter()
            .filter(|target| !withheld.contains(&target.place))
        {
            let question = words::question(&gate, target.place.platform(), &[]);
            let post = Post {
                place: &target.place,
                markdown: &question.markdown,
                purpose: Purpose::Tool,
                run: None,
                step: None,
                conversation: Some(run.conversation),
                reply: target.reply.as_ref().and_then(|reply| reply.further()),
                buttons: &question.buttons,
                last: true,
            };
            let group = self.outbox.post(tx, &post).await?;
            gates::add_copy(tx, gate.id, group).await?;
        }
        let detail = format!("question {number}: {}", words::noted(&gate.shown));
        self.note(tx, &gate, Who::Person(&run.asker), "gate.asked", detail)
            .await?;
        Ok(number)
    }

    /// Takes an answer. `fresh` says whether what the change was decided upon is still so.
    ///
    /// # Errors
    /// When the database fails, or the permit is for something else.
    pub async fn answer(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        vote: &Vote,
        fresh: bool,
    ) -> Result<Answered, StoreError> {
        let wrong = |_| StoreError::Unreadable {
            what: "a permit",
            why: "it is for something else".to_owned(),
        };
        let id = permit.gate(Action::AnswerGate).map_err(wrong)?;
        let now = self.engine.clock.now();
        let Some(gate) = gates::lock(tx, id).await? else {
            return Ok(Answered::Nothing(
                "There is no such question any more.".to_owned(),
            ));
        };
        if gate.state == GateState::Open && gate.expires_at <= now {
            let gate = self.decide(tx, &gate, GateState::Expired, "", Who::Clock).await?;
            return Ok(Answered::Nothing(words::too_late(&gate).to_string()));
        }
        if gate.state != GateState::Open {
            return Ok(Answered::Nothing(words::too_late(&gate).to_string()));
        }
        // Rights may have gone between the look and now: the answer counts as things stand in this transaction.
        if let Err(refusal) = authorized(tx, permit.asker(), id).await? {
            return Ok(Answered::Nothing(refusal.to_string()));
        }
        let who = Who::Person(permit.asker());
        if vote.approves && !fresh {
            let why = "what it is about has changed since the question was asked";
            let gate = self.decide(tx, &gate, GateState::Moved, why, who).await?;
            return Ok(Answered::Nothing(words::too_late(&gate).to_string()));
        }
        let is_new = !has_voted(tx, permit.asker(), id).await? && gates::vote(tx, id, vote).await?;
        if !is_new && !vote.approves {
            return Ok(Answered::Nothing(words::again(&gate).to_string()));
        }
        // Whoever agreed before and may not any more may again by now.
        let votes = standing_votes(tx, id, vote).await?;
        let Some(state) = rules::tally(&votes, gate.votes_needed) else {
            if !is_new {
                return Ok(Answered::Nothing(words::again(&gate).to_string()));
            }
            self.note(tx, &gate, who, "gate.vote", words::by(vote)).await?;
            self.show(tx, &gate, &votes).await?;
            let left = gate.votes_needed - i64::try_from(votes.len()).unwrap_or(i64::MAX);
            return Ok(Answered::Counted(format!(
                "Counted for question {}; it takes {left} more.",
                gate.number
            )));
        };
        let decided: Vec<String> = votes
            .iter()
            .filter(|vote| vote.approves == (state == GateState::Approved))
            .map(words::by)
            .collect();
        let gate = self.decide(tx, &gate, state, &decided.join(", "), who).await?;
        Ok(Answered::Decided(format!(
            "Question {}: {}",
            gate.number,
            verdict(&gate)
        )))
    }

    /// Withdraws the open questions of a run.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw(&self, tx: &mut Tx, run: &Run, why: &str) -> Result<(), StoreError> {
        for gate in gates::of_run(tx, run.id).await? {
            if gate.state == GateState::Open {
                self.decide(tx, &gate, GateState::Withdrawn, why, Who::Service)
                    .await?;
            }
        }
        Ok(())
    }

    /// Says no for the clock; nothing happens when it was decided before.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn expire(&self, tx: &mut Tx, id: GateId) -> Result<(), StoreError> {
        if let Some(gate) = gates::lock(tx, id).await?
            && gate.state == GateState::Open
        {
            self.decide(tx, &gate, GateState::Expired, "", Who::Clock).await?;
        }
        Ok(())
    }

    /// Decides a question, tells it wherever it is shown, and lets its run go on.
    async fn decide(
        &self,
        tx: &mut Tx,
        gate: &Gate,
        state: GateState,
        decision: &str,
        who: Who<'_>,
    ) -> Result<Gate, StoreError> {
        let now = self.engine.clock.now();
        let decided = gates::decide(tx, gate.id, state, decision, now).await?;
        let gate = gates::get(tx, gate.id).await?.unwrap_or_else(|| gate.clone());
        if !decided {
            return Ok(gate);
        }
        self.show(tx, &gate, &[]).await?;
        let action = match state {
            GateState::Approved => "gate.approved",
            GateState::Rejected => "gate.rejected",
            GateState::Expired => "gate.expired",
            GateState::Moved => "gate.moved",
            GateState::Withdrawn | GateState::Open => "gate.withdrawn",
        };
        let detail = format!("question {}: {}", gate.number, verdict(&gate));
        self.note(tx, &gate, who, action, detail).await?;
        if let Some(run) = gate.run
            && let Some(run) = runs::get(tx, run).await?.filter(|run| run.state.is_open())
            && state != GateState::Withdrawn
        {
            let lane = format!("run:{}", run.conversation);
            queue::enqueue(tx, Kind::Run, &lane, run.id.0, now, now).await?;
        }
        Ok(gate)
    }

    /// Brings every copy of a question up to date.
    async fn show(&self, tx: &mut Tx, gate: &Gate, votes: &[Vote]) -> Result<(), StoreError> {
        let given = match gate.state {
            GateState::Open => votes.to_vec(),
            _ => gates::votes(tx, gate.id).await?,
        };
        for group in gates::copies(tx, gate.id).await? {
            let shown = deliveries::of_group(tx, group).await?;
            let Some(place) = shown.first().map(|first| first.place.clone()) else {
                continue;
            };
            let (texts, buttons) = texts(gate, &place, &given, shown.len());
            let last = shown.len().saturating_sub(1);
            for (index, delivery) in shown.iter().enumerate() {
                let text = texts.get(index).map_or("_See above._", String::as_str);
                let buttons = if index == last { buttons.as_slice() } else { &[] };
                self.outbox.set_text(tx, delivery, text, buttons, true).await?;
            }
        }
        Ok(())
    }

    async fn note(
        &self,
        tx: &mut Tx,
        gate: &Gate,
        who: Who<'_>,
        action: &str,
        detail: String,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            who,
            place: None,
            action,
            subject: &format!("gate:{}", gate.number),
            on_behalf: gate.person,
            result: Outcome::Done,
            run: gate.run,
            detail,
        };
        audit::note(tx, &entry, self.engine.clock.now()).await
    }
}

async fn authorized(
    tx: &mut Tx,
    asker: &Asker,
    id: GateId,
) -> Result<Result<Permit, PersonError>, StoreError> {
    guard::authorize(tx, asker, Action::AnswerGate, Subject::Gate(id)).await
}

/// Whether somebody has answered already, by any of their accounts.
async fn has_voted(tx: &mut Tx, asker: &Asker, id: GateId) -> Result<bool, StoreError> {
    let person = guard::person(tx, asker).await?;
    let mine = people::identities(tx, person).await?;
    let votes = gates::votes(tx, id).await?;
    Ok(votes.iter().any(|vote| mine.contains(&vote.person_id)))
}

/// The answers that count now that there is a new one: whoever agreed before and may not any more is left out.
async fn standing_votes(tx: &mut Tx, id: GateId, new: &Vote) -> Result<Vec<Vote>, StoreError> {
    let mut standing = Vec::new();
    for vote in gates::votes(tx, id).await? {
        let asker = vote
            .asker()
            .filter(|_| vote.approves && vote.person_id != new.person_id);
        let counts = match asker {
            Some(asker) => authorized(tx, &asker, id).await?.is_ok(),
            None => true,
        };
        if counts {
            standing.push(vote);
        }
    }
    Ok(standing)
}

/// How long the reasons in a verdict may be when the whole is longer than the messages that there are, in characters.
const REASONS: [usize; 4] = [1_000, 300, 100, 0];

/// A question as it stands at a place now, in parts, with what can be pressed under the last one. A decided one fits into `room`
/// parts, since no message is added for it: reasons are cut, the verdict never is.
fn texts(
    gate: &Gate,
    place: &Place,
    votes: &[Vote],
    room: usize,
) -> (Vec<String>, Vec<crate::domain::Button>) {
    if gate.state == GateState::Open {
        let question = words::question(gate, place.platform(), votes);
        let texts = parts(&question.markdown, place, &question.buttons);
        return (texts, question.buttons);
    }
    let mut texts = parts(&words::settled(gate), place, &[]);
    for most in REASONS {
        if texts.len() <= room {
            break;
        }
        let verdict = words::short_verdict(gate, votes, most);
        texts = parts(&words::settled_by(gate, &verdict), place, &[]);
    }
    if texts.len() > room {
        let verdict = words::short_verdict(gate, votes, 0);
        texts.truncate(room.saturating_sub(1));
        texts.extend(parts(&verdict, place, &[]).into_iter().take(1));
    }
    (texts, Vec::new())
}
