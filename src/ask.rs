//! `callsheet ask`: commits one request like any other and follows it to its answer. It works the queue itself only while
//! nobody else does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::app::{App, Role, StartError};
use crate::config::Config;
use crate::domain::{GateState, Place, RunId, gate_answer};
use crate::engine::clock::{Clock, later};
use crate::engine::{Engine, intake};
use crate::platform::shell;
use crate::store::deliveries::{self, State};
use crate::store::runs::{self, Run, RunState};
use crate::store::{Db, OpenError, StoreError, Tx, gates, inbox, why};

/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// After how long the person is told that the answer takes its time.
const TELL: Duration = Duration::from_secs(4);
/// How often a process that only follows tries to become the one that works.
const TAKE_OVER: Duration = Duration::from_millis(2500);
/// How long a process that works alone stays for what its request also sends elsewhere, e.g. to an issue.
const STAY: Duration = Duration::from_secs(30);
/// How many of the newest requests of a person are looked at for one that goes on.
const NEWEST: i64 = 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer, for a terminal.
    pub text: String,
    /// Whether it says that something did not work.
    pub failed: bool,
}

impl Answered {
    /// The same, and what came of it.
    fn with(mut self, came: Option<Self>) -> Self {
        if let Some(came) = came {
            self.text = format!("{}\n\n{}", self.text.trim_end(), came.text);
            self.failed |= came.failed;
        }
        self
    }
}

/// Why there is no answer; shown to the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The parts could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took too long.
    #[error("no answer within {} minutes; the request is kept. Is the service running and healthy?", PATIENCE.as_secs() / 60)]
    TooLong,
    /// A part failed while the answer was being made.
    #[error("the answer could not be made: {0}")]
    Broken(String),
}

/// Asks, and waits for the answer. `kept` becomes true once the request is stored; `tell` is told when it takes its time.
///
/// # Errors
/// See [`AskError`].
pub async fn ask(
    config: &Config,
    clock: &Clock,
    user: &str,
    text: &str,
    kept: &AtomicBool,
    tell: fn(&str),
) -> Result<Answered, AskError> {
    let command = config
        .slack
        .as_ref()
        .map_or("/pm", |slack| slack.command.as_str());
    let text = without_name(text, command);
    let (db, alone) = open(config).await?;
    let id = Uuid::now_v7();
    let heard = shell::heard(user, text, id, clock.now());
    intake::commit(&Engine::new(db.clone(), clock.clone()), &heard).await?;
    kept.store(true, Ordering::SeqCst);
    let follow = Follow {
        db: &db,
        clock,
        user,
        text,
        id,
        tell_at: later(clock.now(), TELL),
        asked_at: clock.now(),
        told: AtomicBool::new(false),
        tell,
    };
    if alone {
        return work(config, &follow, db.clone()).await;
    }
    beside(config, &follow, &db).await
}

/// Follows a request that somebody else may serve. Where nobody does, or they end before the answer, this process takes over.
async fn beside(config: &Config, follow: &Follow<'_>, db: &Db) -> Result<Answered, AskError> {
    let clock = follow.clock;
    let deadline = later(clock.now(), PATIENCE);
    while clock.now() < deadline {
        if let Some(answered) = follow.until(later(clock.now(), TAKE_OVER)).await? {
            let came = follow.came(later(clock.now(), STAY)).await?;
            return Ok(answered.with(came));
        }
        if db.is_shared() {
            if !follow.is_taken().await? {
                return work(config, follow, db.clone()).await;
            }
            continue;
        }
        match Db::open(&config.database.url, true).await {
            Ok(db) => return work(config, follow, db).await,
            Err(OpenError::InUse(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(AskError::TooLong)
}

/// What was asked, without the command's name or `@pm` in front of it.
fn without_name<'a>(text: &'a str, command: &str) -> &'a str {
    let text = text.trim();
    let names = [command, "/pm", "@pm"];
    let rest = names.into_iter().find_map(|name| text.strip_prefix(name));
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => rest.trim(),
        _ => text,
    }
}

/// The database, and whether this process may work it alone.
async fn open(config: &Config) -> Result<(Db, bool), OpenError> {
    match Db::open(&config.database.url, true).await {
        Ok(db) => {
            let alone = db.holds_instance_lock();
            Ok((db, alone))
        }
        Err(OpenError::InUse(_)) => Ok((Db::open(&config.database.url, false).await?, false)),
        Err(other) => Err(other),
    }
}

/// Works the queue until the answer is there.
async fn work(config: &Config, follow: &Follow<'_>, db: Db) -> Result<Answered, AskError> {
    let app = App::start(config, db, follow.clock.clone(), Role::Ask).await?;
    let stop = app.stopping();
    let running = app.run();
    tokio::pin!(running);
    let answered = tokio::select! {
        ended = &mut running => {
            let why = ended.err().map_or_else(|| "the work ended early".to_owned(), |error| error.to_string());
            return Err(AskError::Broken(why));
        }
        answered = follow.until(later(follow.clock.now(), PATIENCE)) => {
            let came = follow.came(later(follow.clock.now(), STAY)).await?;
            follow.sent(later(follow.clock.now(), STAY)).await?;
            answered.map(|answered| answered.map(|answered| answered.with(came)))
        }
    };
    stop.cancel();
    running
        .await
        .map_err(|error| AskError::Broken(error.to_string()))?;
    answered?.ok_or(AskError::TooLong)
}

/// One question on its way.
struct Follow<'a> {
    db: &'a Db,
    clock: &'a Clock,
    user: &'a str,
    text: &'a str,
    id: Uuid,
    /// When the person is told that the answer takes its time, unless it is there.
    tell_at: chrono::DateTime<chrono::Utc>,
    /// When it was asked.
    asked_at: chrono::DateTime<chrono::Utc>,
    told: AtomicBool,
    tell: fn(&str),
}

impl Follow<'_> {
    /// The answer, when it is there by `deadline`.
    async fn until(&self, deadline: chrono::DateTime<chrono::Utc>) -> Result<Option<Answered>, StoreError> {
        loop {
            let answered = self.look().await?;
            if answered.is_some() || self.clock.now() >= deadline {
                return Ok(answered);
            }
            self.clock.sleep(LOOK).await;
        }
    }

    /// The question that the run waits for an answer to: people may take a day, and a terminal does not wait so long.
    async fn question(&self, tx: &mut Tx, run: &Run, place: &Place) -> Result<Option<String>, StoreError> {
        for gate in gates::of_run(tx, run.id).await? {
            if gate.state != GateState::Open {
                continue;
            }
            for group in gates::copies(tx, gate.id).await? {
                let parts = deliveries::of_group(tx, group).await?;
                let here: Vec<&str> = parts
                    .iter()
                    .filter(|part| part.place == *place && part.state == State::Sent)
                    .map(|part| part.text.as_str())
                    .collect();
                if !here.is_empty() {
                    return Ok(Some(here.join("\n")));
                }
            }
        }
        Ok(None)
    }

    /// Whether something that was asked for here is still being worked on, and waits for no answer: what was agreed to just now.
    async fn goes_on(&self) -> Result<bool, StoreError> {
        let mut tx = self.db.read().await?;
        for id in why::runs_at(&mut tx, &shell::place(self.user), NEWEST).await? {
            let gates = gates::of_run(&mut tx, id).await?;
            let waits = gates.iter().any(|gate| gate.state == GateState::Open);
            let open = runs::get(&mut tx, id)
                .await?
                .is_some_and(|run| run.state.is_open());
            if open && !waits {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Once, and in a terminal only: an answer is printed when it is whole.
    fn say_it_takes_long(&self, run: &Run) {
        if self.clock.now() < self.tell_at || self.told.swap(true, Ordering::SeqCst) {
            return;
        }
        let doing = match (&run.state, run.doing.as_str()) {
            (RunState::Queued, _) => "waiting for its turn",
            (_, "") => "working on it",
            (_, doing) => doing,
        };
        (self.tell)(doing);
    }

    /// Waits until everything the request sends anywhere is settled; what is not by `deadline` goes on with the next start.
    async fn sent(&self, deadline: chrono::DateTime<chrono::Utc>) -> Result<(), StoreError> {
        let open =
            |part: &deliveries::Delivery| !matches!(part.state, State::Sent | State::Dead | State::Cancelled);
        while self.clock.now() < deadline {
            let mut tx = self.db.read().await?;
            let run = runs::of_message(&mut tx, &shell::place(self.user), &self.id.to_string()).await?;
            let Some(run) = run else { return Ok(()) };
            let sends = deliveries::answers_of(&mut tx, run.id).await?.iter().any(open);
            drop(tx);
            if !sends && !self.goes_on().await? {
                return Ok(());
            }
            self.clock.sleep(LOOK).await;
        }
        Ok(())
    }

    /// What came of what was just agreed to, when it was asked for at this shell too and is there by `deadline`: nobody else would
    /// show it.
    async fn came(&self, deadline: chrono::DateTime<chrono::Utc>) -> Result<Option<Answered>, StoreError> {
        let Some(answer) = gate_answer(self.text).filter(|answer| answer.approves) else {
            return Ok(None);
        };
        let Some(run) = self.agreed(answer.number).await? else {
            return Ok(None);
        };
        while self.clock.now() < deadline {
            let mut tx = self.db.read().await?;
            let Some(run) = runs::get(&mut tx, run).await? else {
                return Ok(None);
            };
            if let Some(answered) = self.answered(&mut tx, &run).await? {
                return Ok(Some(answered));
            }
            drop(tx);
            self.clock.sleep(LOOK).await;
        }
        Ok(None)
    }

    /// The run at this shell whose question was agreed to: of that number, else since we asked.
    async fn agreed(&self, number: Option<i64>) -> Result<Option<RunId>, StoreError> {
        let mut tx = self.db.read().await?;
        for id in why::runs_at(&mut tx, &shell::place(self.user), NEWEST).await? {
            let gates = gates::of_run(&mut tx, id).await?;
            let now = |gate: &gates::Gate| {
                let is_it = match number {
                    Some(number) => gate.number == number,
                    None => gate.decided_at.is_some_and(|at| at >= self.asked_at),
                };
                is_it && gate.state == GateState::Approved
            };
            if gates.iter().any(now) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether somebody took the question up.
    async fn is_taken(&self) -> Result<bool, StoreError> {
        let mut tx = self.db.read().await?;
        let run = runs::of_message(&mut tx, &shell::place(self.user), &self.id.to_string()).await?;
        Ok(run.is_some())
    }

    async fn look(&self) -> Result<Option<Answered>, StoreError> {
        let place = shell::place(self.user);
        let mut tx = self.db.read().await?;
        let Some(run) = runs::of_message(&mut tx, &place, &self.id.to_string()).await? else {
            let failed = inbox::meaning(&mut tx, &shell::key(self.id))
                .await?
                .is_some_and(|meaning| meaning == "failed");
            let text = "I could not take this request: an internal error; the log has its id.".to_owned();
            return Ok(failed.then_some(Answered { text, failed }));
        };
        if run.state.is_open() {
            if let Some(text) = self.question(&mut tx, &run, &place).await? {
                return Ok(Some(Answered { text, failed: false }));
            }
            self.say_it_takes_long(&run);
            return Ok(None);
        }
        self.answered(&mut tx, &run).await
    }

    /// The answer of a run here, once it is whole.
    async fn answered(&self, tx: &mut Tx, run: &Run) -> Result<Option<Answered>, StoreError> {
        if run.state.is_open() {
            return Ok(None);
        }
        let place = shell::place(self.user);
        let mut parts = deliveries::answers_of(tx, run.id).await?;
        parts.retain(|delivery| delivery.place == place && delivery.last);
        if parts.is_empty()
            || parts
                .iter()
                .any(|part| matches!(part.state, State::Queued | State::Sending))
        {
            return Ok(None);
        }
        let text = parts
            .iter()
            .map(|part| part.text.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        Ok(Some(Answered {
            text,
            failed: run.state == RunState::Failed,
        }))
    }
}
