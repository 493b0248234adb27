//! Stop: the word, the command and the sign on a message. It never waits behind the run it is about.
//!
//! 1. Which run is meant is a pure function of what has no answer yet, of the place, and of who asks ([`choose`]).
//! 2. Being told, the end of the run and what is said about it are one transaction.
//! 3. The stopped run's last words answer the stop too, where they can be seen from there.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::requests::{Given, conversation_of_command, keep, open_at, target_of, target_of_command};
use super::runs::changes;
use super::{Desk, turns::heads};
use crate::action::{Halt, Trouble};
use crate::command::NOTHING_RUNS;
use crate::domain::{
    Addressed, Asker, Author, AuthorKind, ConversationId, EventId, PersonError, PersonId, Place, Posted,
    TurnId, shorten,
};
use crate::engine::clock::later;
use crate::engine::intake;
use crate::engine::workers::{Failure, Handler};
use crate::guard::{Action, Permit, Subject};
use crate::markup::quote_untrusted;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::runs::{NewTurn, Run, RunState, Target, Work};
use crate::store::{StoreError, Tx, conversations, inbox, people, stops, trust};

/// How long a stop waits for what was said before it to be understood: it overtakes the request it is about.
const CATCH_UP: Duration = Duration::from_millis(800);
/// Between two looks whether it is.
const LOOK: Duration = Duration::from_millis(100);
/// How much of a request is repeated where it was not asked, in characters.
const QUOTED: usize = 120;

/// What a stop is about.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    /// Nothing is running there.
    Nothing,
    /// So many, none of them of who asks.
    Several(usize),
    /// These runs.
    These(Vec<Run>),
}

/// Where a stop is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'a> {
    /// The place.
    pub(super) place: &'a Place,
    /// The conversation there.
    pub(super) conversation: Option<ConversationId>,
    /// It was said to us by name: then the channel around counts too.
    pub(super) to_us: bool,
}

/// Which runs a stop is about, of those without an answer, in the order they were asked for. In a thread it is what is being
/// worked on there; elsewhere it is what the person asked for, or else the only thing.
pub(super) fn choose(open: &[Run], here: Here<'_>, person: PersonId) -> Choice {
    let root = here.place.root();
    let is_here = |run: &&Run| {
        Some(run.conversation) == here.conversation
            || run.targets.iter().any(|target| target.place == *here.place)
    };
    let in_thread = heads(open.iter().filter(is_here));
    if *here.place != root && !in_thread.is_empty() {
        return one_of(in_thread, person);
    }
    if !here.to_us && !matches!(here.place, Place::GitHub(_)) {
        return Choice::Nothing;
    }
    let is_around = |run: &&Run| {
        let mut places = run.targets.iter().map(|target| &target.place);
        run.asker.place.root() == root || places.any(|place| place.root() == root)
    };
    let around: Vec<&Run> = open.iter().filter(is_around).collect();
    let own = heads(around.iter().copied().filter(|run| run.asker.person == person));
    if !own.is_empty() {
        return Choice::These(own.into_iter().cloned().collect());
    }
    one_of(heads(around.into_iter()), person)
}

fn one_of(heads: Vec<&Run>, person: PersonId) -> Choice {
    match heads.as_slice() {
        [] => Choice::Nothing,
        [one] => Choice::These(vec![(*one).clone()]),
        several => {
            let own = several.iter().filter(|run| run.asker.person == person);
            let own: Vec<Run> = own.map(|run| (*run).clone()).collect();
            if own.is_empty() {
                Choice::Several(several.len())
            } else {
                Choice::These(own)
            }
        }
    }
}

/// What a stop came to, before anything is said.
struct Halted {
    /// The runs that were stopped.
    runs: Vec<Run>,
    /// What is said where their last words cannot be seen, or where nothing was stopped.
    words: String,
    /// How that counts.
    state: RunState,
}

impl Desk {
    /// Somebody said it.
    pub(super) async fn stop_said(
        &self,
        item: &Claimed,
        id: EventId,
        posted: &Posted,
        received: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let asker = self.asker(&posted.author, &posted.place).await?;
        // The bare word in a thread is about that thread and nothing else.
        let direct = !posted.place.is_crowd() && posted.place == posted.place.root();
        let to_us = posted.addressed == Addressed::Us || direct;
        let Some(choice) = self.chosen(item, &asker, to_us, received).await? else {
            return Ok(());
        };
        if matches!(choice, Choice::Nothing) && !to_us && posted.place.is_crowd() {
            // On an issue people say it to each other.
            return self.heard(item, id, posted).await;
        }
        let permits = self.permits(&asker, &choice).await?;
        let mut tx = self.engine.db.begin().await?;
        let halted = self.halt(&mut tx, choice, permits).await?;
        let conversation = open_at(&mut tx, &posted.place, self.engine.clock.now()).await?;
        let seen = |run: &&Run| run.targets.iter().any(|target| target.place == posted.place);
        let turn = match halted.runs.iter().find(seen) {
            Some(run) => run.turn,
            None => {
                let new = said(
                    conversation,
                    &asker,
                    &posted.text,
                    posted.at,
                    target_of(posted),
                    &halted,
                );
                self.tell_stop(&mut tx, &new, &halted).await?
            }
        };
        // Nobody is asked about the one word that it is.
        keep(&mut tx, posted, conversation, Some(turn), (Some(&asker), true)).await?;
        self.end_stop(tx, item, id).await
    }

    /// Somebody gave the command, or pressed a button that does.
    pub(super) async fn stop_given(
        &self,
        item: &Claimed,
        id: EventId,
        given: &Given,
        received: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let asker = self.asker(&given.author, &given.place).await?;
        let Some(choice) = self.chosen(item, &asker, true, received).await? else {
            return Ok(());
        };
        let permits = self.permits(&asker, &choice).await?;
        let mut tx = self.engine.db.begin().await?;
        let halted = self.halt(&mut tx, choice, permits).await?;
        let conversation = conversation_of_command(&mut tx, given, self.engine.clock.now()).await?;
        let target = target_of_command(given, &self.said(given));
        let new = said(conversation, &asker, &given.text, given.at, target, &halted);
        self.tell_stop(&mut tx, &new, &halted).await?;
        self.end_stop(tx, item, id).await
    }

    /// Somebody put the sign on a message: it is about what the message asks for, or shows the progress of.
    pub(super) async fn stop_sign(
        &self,
        item: &Claimed,
        id: EventId,
        place: &Place,
        external_id: &str,
        author: &Author,
    ) -> Result<(), Failure> {
        let mut tx = self.engine.db.read().await?;
        let mut meant = stops::of_message(&mut tx, external_id).await?;
        // Where a platform does not tell who is called what, we may have met them before.
        let mut author = author.clone();
        if author.name == author.account.user_id
            && let Some(known) = people::account_name(&mut tx, &author.account).await?
        {
            author.name = known;
        }
        drop(tx);
        let root = place.root();
        meant.retain(|run| {
            let mut places = run.targets.iter().map(|target| &target.place);
            run.asker.place.root() == root || places.any(|place| place.root() == root)
        });
        let Some(run) = meant
            .first()
            .filter(|_| author.kind == AuthorKind::Human)
            .cloned()
        else {
            let mut tx = self.engine.db.begin().await?;
            inbox::forget(&mut tx, id, "a sign on nothing that runs").await?;
            queue::finish(&mut tx, item).await?;
            return Ok(tx.commit("event forgotten").await?);
        };
        let at = run.targets.iter().find(|target| target.place.root() == root);
        let target = Target {
            place: at.map_or(&run.asker.place, |target| &target.place).clone(),
            heading: format!("> **{}**: 🛑\n\n", quote_untrusted(&author.name)),
            reply: None,
            one_message: false,
        };
        let asker = self.asker(&author, &target.place).await?;
        let choice = Choice::These(meant);
        let permits = self.permits(&asker, &choice).await?;
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.begin().await?;
        let halted = self.halt(&mut tx, choice, permits).await?;
        if halted.runs.is_empty() && halted.state == RunState::Failed {
            let new = said(run.conversation, &asker, "stop", now, target, &halted);
            self.tell_stop(&mut tx, &new, &halted).await?;
        }
        self.end_stop(tx, item, id).await
    }

    /// Which runs are meant; none when what was said before is not understood yet, and the stop waits a moment for it.
    async fn chosen(
        &self,
        item: &Claimed,
        asker: &Asker,
        to_us: bool,
        received: DateTime<Utc>,
    ) -> Result<Option<Choice>, Failure> {
        let mut tx = self.engine.db.read().await?;
        let too_early = self.is_too_early(&mut tx, &asker.place, received).await?;
        let here = Here {
            place: &asker.place,
            conversation: conversations::at(&mut tx, &asker.place).await?,
            to_us,
        };
        let open = stops::open_runs(&mut tx).await?;
        let choice = choose(&open, here, asker.person);
        drop(tx);
        if matches!(choice, Choice::Nothing) && too_early {
            self.wait(item).await?;
            return Ok(None);
        }
        Ok(Some(choice))
    }

    /// Whether something that was said before a stop at its place is not understood yet, and the stop has not waited long enough
    /// for it. To be looked at before what it is about: the other way round, a request could be understood between the two looks
    /// and be missed by both.
    pub(super) async fn is_too_early(
        &self,
        tx: &mut Tx,
        place: &Place,
        received: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let is_patient = self.engine.clock.now() < later(received, CATCH_UP);
        Ok(is_patient && queue::is_busy(tx, &intake::events_at(place)).await?)
    }

    /// Puts a stop back for a moment.
    pub(super) async fn wait(&self, item: &Claimed) -> Result<(), Failure> {
        let at = later(self.engine.clock.now(), LOOK);
        let mut tx = self.engine.db.begin().await?;
        queue::put_back(&mut tx, item, at, item.attempts - 1).await?;
        Ok(tx.commit("stop waits").await?)
    }

    /// Asks the judge for each run; who may stop none of them is told why.
    async fn permits(
        &self,
        asker: &Asker,
        choice: &Choice,
    ) -> Result<Result<Vec<Permit>, PersonError>, Failure> {
        let Choice::These(meant) = choice else {
            return Ok(Ok(Vec::new()));
        };
        let mut permits = Vec::new();
        let mut refusal = None;
        for run in meant {
            match self
                .actions
                .permit(asker, Action::StopRun, Subject::Run(run.id))
                .await
            {
                Ok(permit) => permits.push(permit),
                Err(Trouble::Person(error) | Trouble::Unavailable(error)) => refusal = Some(error),
                Err(Trouble::Store(error)) => return Err(error.into()),
                Err(other) => return Err(Failure::Other(other.to_string())),
            }
        }
        Ok(match refusal {
            Some(refusal) if permits.is_empty() => Err(refusal),
            _ => Ok(permits),
        })
    }

    /// Stops what may be stopped.
    async fn halt(
        &self,
        tx: &mut Tx,
        choice: Choice,
        permits: Result<Vec<Permit>, PersonError>,
    ) -> Result<Halted, Failure> {
        let told = |words: String, state| Halted {
            runs: Vec::new(),
            words,
            state,
        };
        let permits = match permits {
            Ok(permits) => permits,
            Err(refusal) => return Ok(told(refusal.to_string(), RunState::Failed)),
        };
        let meant = match choice {
            Choice::Nothing => return Ok(told(NOTHING_RUNS.to_owned(), RunState::Done)),
            Choice::Several(count) => {
                let error = PersonError::new(
                    "I stopped nothing",
                    format!("{count} requests are being worked on here, and none is yours"),
                    "Say `stop` in the thread of the one you mean",
                );
                return Ok(told(error.to_string(), RunState::Failed));
            }
            Choice::These(meant) => meant,
        };
        let mut stopped = Vec::new();
        for permit in &permits {
            let done = self.actions.stop_run(tx, permit, changes).await;
            let done = done.map_err(|trouble| match trouble {
                Trouble::Store(error) => Failure::Store(error),
                other => Failure::Other(other.to_string()),
            })?;
            if done != Halt::Ended {
                let id = permit
                    .run(Action::StopRun)
                    .map_err(|error| Failure::Other(error.to_string()))?;
                stopped.extend(meant.iter().find(|run| run.id == id).cloned());
            }
        }
        if stopped.is_empty() {
            // It ended, or was told, between our look and now.
            return Ok(told(NOTHING_RUNS.to_owned(), RunState::Done));
        }
        let quoted = stopped.iter().map(|run| {
            let text = shorten(&run.text.split_whitespace().collect::<Vec<_>>().join(" "), QUOTED);
            format!("“{}”", quote_untrusted(&text))
        });
        let words = format!("Stopped: {}.", quoted.collect::<Vec<_>>().join(", "));
        Ok(Halted {
            runs: stopped,
            words,
            state: RunState::Done,
        })
    }

    /// Says what a stop came to, which repeats what was asked for.
    async fn tell_stop(&self, tx: &mut Tx, new: &NewTurn<'_>, halted: &Halted) -> Result<TurnId, StoreError> {
        let turn = self.tell(tx, new, &halted.words, halted.state).await?;
        let others = |run: &Run| run.asker.person != new.asker.person;
        if halted.runs.iter().any(others) {
            trust::taint_turn(tx, turn, "a request of somebody else's that was stopped").await?;
        }
        Ok(turn)
    }

    async fn end_stop(&self, mut tx: Tx, item: &Claimed, id: EventId) -> Result<(), Failure> {
        inbox::set_meaning(&mut tx, id, "stop").await?;
        queue::finish(&mut tx, item).await?;
        tx.commit("stop").await?;
        self.engine.activity.revoke();
        Ok(())
    }
}

/// The turn of a stop that gets words of its own.
fn said<'a>(
    conversation: ConversationId,
    asker: &'a Asker,
    text: &'a str,
    asked_at: DateTime<Utc>,
    target: Target,
    halted: &Halted,
) -> NewTurn<'a> {
    NewTurn {
        conversation,
        asker,
        text,
        asked_at,
        work: Work::Say {
            text: halted.words.clone(),
        },
        targets: vec![target],
        // It repeats what others asked for.
        trusted: false,
    }
}

/// Does what control words say; the handler of [`Kind::Control`].
pub struct StopDesk(Desk);

impl StopDesk {
    /// A desk that works beside the one for everything else.
    pub fn new(desk: Desk) -> Self {
        Self(desk)
    }
}

impl Handler for StopDesk {
    fn kind(&self) -> Kind {
        Kind::Control
    }

    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.0.decide(&item).await })
    }

    fn give_up<'a>(
        &'a self,
        tx: &'a mut Tx,
        item: &'a Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.give_up(tx, item, why)
    }
}
