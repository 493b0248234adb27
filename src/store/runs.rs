//! Turns, the runs that work on them, and the journal of their steps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::db::sql;
use super::{Doc, StoreError, Tx};
use crate::domain::{
    AccountKey, Asker, ConversationId, Money, PersonId, Place, Platform, Reply, RunId, StepId, TurnId,
};

/// How a run answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// The agent answers.
    Talk,
    /// A command answers, without a model.
    Command {
        /// What was typed after the command's name.
        line: String,
    },
    /// The answer is known already: a hint, a greeting.
    Say {
        /// The answer, as Markdown.
        text: String,
    },
}

/// Where progress and answer go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The place.
    pub place: Place,
    /// Markdown that stands above progress and answer there: whose question it is, where that is not seen. May be empty.
    pub heading: String,
    /// How the answer is tied to the question.
    pub reply: Option<Reply>,
    /// Whether one message is edited in place to the end, however long the run takes.
    pub one_message: bool,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum RunState {
    /// Not begun.
    Queued,
    /// Begun.
    Running,
    /// Told to stop; it waits to learn what became of what is on its way.
    Stopping,
    /// Answered.
    Done,
    /// Answered with "I could not, because …".
    Failed,
    /// Answered with "Stopped by …".
    Stopped,
}

impl RunState {
    /// Whether there is no answer yet.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Stopping)
    }
}

/// A turn to be made.
#[derive(Debug, Clone)]
pub struct NewTurn<'a> {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who asks, from where.
    pub asker: &'a Asker,
    /// The words of the request.
    pub text: &'a str,
    /// When it was asked, by the platform's clock.
    pub asked_at: DateTime<Utc>,
    /// How it is answered.
    pub work: Work,
    /// Where it is answered.
    pub targets: Vec<Target>,
    /// Whether who asks is trusted there.
    pub trusted: bool,
}

/// A run with its turn.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its turn.
    pub turn: TurnId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Who asks, from where.
    pub asker: Asker,
    /// The words of the request.
    pub text: String,
    /// How it is answered.
    pub work: Work,
    /// Where it is answered.
    pub targets: Vec<Target>,
    /// How far it is.
    pub state: RunState,
    /// What it is doing right now, in words.
    pub doing: String,
    /// The answer, once there is one.
    pub answer: Option<String>,
    /// When it was asked, by the platform's clock.
    pub asked_at: DateTime<Utc>,
    /// When work on it began.
    pub started_at: Option<DateTime<Utc>>,
    /// Who stopped it, by name.
    pub stopped_by: Option<String>,
    /// Whether who asks is trusted there.
    pub trusted: bool,
}

/// A row of `runs` joined with its turn.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: RunId,
    turn_id: TurnId,
    conversation_id: ConversationId,
    person_id: PersonId,
    platform: Platform,
    workspace: String,
    user_id: String,
    asker_name: String,
    place: Place,
    text: String,
    work: Doc<Work>,
    targets: Doc<Vec<Target>>,
    state: RunState,
    doing: String,
    answer: Option<String>,
    asked_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    stopped_by: Option<String>,
    asked_trusted: bool,
}

/// The columns of [`Row`].
macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.turn_id, r.conversation_id, t.person_id, t.platform, t.workspace, t.user_id, t.asker_name, t.place,
             t.text, r.work, r.targets, r.state, r.doing, r.answer, t.asked_at, r.started_at, r.stopped_by,
             r.asked_trusted
             FROM runs r JOIN turns t ON t.id = r.turn_id ",
            $rest
        )
    };
}
pub(super) use select_runs;

impl From<Row> for Run {
    fn from(row: Row) -> Self {
        let account = AccountKey {
            platform: row.platform,
            workspace: row.workspace,
            user_id: row.user_id,
        };
        Self {
            id: row.id,
            turn: row.turn_id,
            conversation: row.conversation_id,
            asker: Asker {
                person: row.person_id,
                account,
                name: row.asker_name,
                place: row.place,
            },
            text: row.text,
            work: row.work.0,
            targets: row.targets.0,
            state: row.state,
            doing: row.doing,
            answer: row.answer,
            asked_at: row.asked_at,
            started_at: row.started_at,
            stopped_by: row.stopped_by,
            trusted: row.asked_trusted,
        }
    }
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum StepKind {
    /// An answer of the model.
    Model,
    /// A tool call with its result.
    Tool,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum StepState {
    /// The model was asked; found so after a crash the answer is lost.
    Asked,
    /// Its deliveries decide how it ended.
    Awaiting,
    /// Journaled.
    Done,
    /// The answer never came, or was lost in a crash.
    Lost,
}

/// One entry of a run's journal.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// Its number in the run, from 1.
    pub seq: i64,
    /// Model answer or tool call.
    pub kind: StepKind,
    /// How far it is.
    pub state: StepState,
    /// The model's id of a tool call; empty for model answers.
    pub call_id: String,
    /// The tool's name, or the model's.
    pub name: String,
    /// The tool's arguments, as the model wrote them; empty for model answers.
    pub input: String,
    /// The result: the model's answer as JSON, or what the model is told of the tool call.
    pub output: Option<String>,
    /// Whether the tool call failed.
    pub failed: bool,
    /// What it took, in tokens.
    pub tokens: i64,
    /// What these cost.
    #[sqlx(rename = "cost_micro")]
    pub cost: Money,
}

/// Adds a turn and its run.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, new: &NewTurn<'_>, now: DateTime<Utc>) -> Result<(TurnId, RunId), StoreError> {
    let (turn, run) = (TurnId::new(), RunId::new());
    sql!(
        tx,
        execute,
        "INSERT INTO turns (id, conversation_id, person_id, platform, workspace, user_id, asker_name, place, text, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        turn,
        new.conversation,
        new.asker.person,
        new.asker.account.platform,
        &new.asker.account.workspace,
        &new.asker.account.user_id,
        &new.asker.name,
        &new.asker.place,
        new.text,
        new.asked_at,
    )?;
    sql!(
        tx,
        execute,
        "INSERT INTO runs (id, turn_id, conversation_id, work, targets, state, doing, created_at, asked_trusted)
         VALUES ($1, $2, $3, $4, $5, 'queued', '', $6, $7)",
        run,
        turn,
        new.conversation,
        Doc(&new.work),
        Doc(&new.targets),
        now,
        new.trusted,
    )?;
    Ok((turn, run))
}

/// A run by its id.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: RunId) -> Result<Option<Run>, StoreError> {
    let row = sql!(tx, fetch_optional as Row, select_runs!("WHERE r.id = $1"), id,)?;
    Ok(row.map(Run::from))
}

/// Keeps others from changing a run until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: RunId) -> Result<(), StoreError> {
    sql!(
        tx,
        fetch_optional as (RunId,),
        {
            sqlite: "SELECT id FROM runs WHERE id = $1",
            postgres: "SELECT id FROM runs WHERE id = $1 FOR UPDATE",
        },
        id,
    )?;
    Ok(())
}

/// The run that answers a message.
///
/// # Errors
/// When the database fails.
pub async fn of_message(tx: &mut Tx, place: &Place, external_id: &str) -> Result<Option<Run>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (RunId,),
        "SELECT r.id FROM runs r JOIN messages m ON m.turn_id = r.turn_id WHERE m.place = $1 AND m.external_id = $2",
        place,
        external_id,
    )?;
    match row {
        Some((id,)) => get(tx, id).await,
        None => Ok(None),
    }
}

/// Notes that work began; a second beginning, after a crash, keeps the first moment.
///
/// # Errors
/// When the database fails.
pub async fn start(tx: &mut Tx, id: RunId, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE runs SET state = 'running', started_at = COALESCE(started_at, $2) WHERE id = $1 AND state IN ('queued', 'running')",
        id,
        now,
    )?;
    Ok(())
}

/// Makes sure that a run goes on, and that nobody stops it until the transaction ends: every write of its work begins with
/// this.
///
/// # Errors
/// [`StoreError::RunEnded`], or when the database fails.
pub async fn goes_on(tx: &mut Tx, id: RunId) -> Result<(), StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (RunId,),
        {
            sqlite: "SELECT id FROM runs WHERE id = $1 AND state IN ('queued', 'running')",
            postgres: "SELECT id FROM runs WHERE id = $1 AND state IN ('queued', 'running') FOR NO KEY UPDATE",
        },
        id,
    )?;
    row.map(drop).ok_or(StoreError::RunEnded)
}

/// Notes what a run is doing.
///
/// # Errors
/// [`StoreError::RunEnded`], or when the database fails.
pub async fn set_doing(tx: &mut Tx, id: RunId, doing: &str) -> Result<(), StoreError> {
    goes_on(tx, id).await?;
    sql!(tx, execute, "UPDATE runs SET doing = $2 WHERE id = $1", id, doing)?;
    Ok(())
}

/// Writes the words of a turn that waits, and when the last of them were said.
///
/// # Errors
/// When the database fails.
pub async fn set_words(
    tx: &mut Tx,
    turn: TurnId,
    text: &str,
    asked_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE turns SET text = $2, asked_at = $3 WHERE id = $1",
        turn,
        text,
        asked_at,
    )?;
    Ok(())
}

/// Writes where a run that waits will answer.
///
/// # Errors
/// When the database fails.
pub async fn set_targets(tx: &mut Tx, id: RunId, targets: &[Target]) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE runs SET targets = $2 WHERE id = $1",
        id,
        Doc(targets.to_vec())
    )?;
    Ok(())
}

/// Ends a run with its answer; false when it had ended already, and then nothing changes. One that was told to stop ends as
/// stopped and in no other way.
///
/// # Errors
/// When the database fails.
pub async fn end(
    tx: &mut Tx,
    id: RunId,
    state: RunState,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let ended = sql!(
        tx,
        execute,
        "UPDATE runs SET state = $2, answer = $3, finished_at = $4 WHERE id = $1 AND (state IN ('queued', 'running') OR (state = 'stopping' AND $5))",
        id,
        state,
        answer,
        now,
        state == RunState::Stopped,
    )?;
    Ok(ended == 1)
}

/// The journal of a run, in order.
///
/// # Errors
/// When the database fails.
pub async fn steps(tx: &mut Tx, run: RunId) -> Result<Vec<Step>, StoreError> {
    sql!(
        tx,
        fetch_all as Step,
        "SELECT id, seq, kind, state, call_id, name, input, output, failed, tokens, cost_micro FROM steps WHERE run_id = $1 ORDER BY seq",
        run,
    )
}

/// Adds a step to the journal; its number is one more than the last. The unique number makes two workers of one run
/// collide here instead of doing a thing twice.
///
/// # Errors
/// [`StoreError::RunEnded`], or when the database fails.
pub async fn add_step(tx: &mut Tx, run: RunId, step: &Step, now: DateTime<Utc>) -> Result<(), StoreError> {
    goes_on(tx, run).await?;
    sql!(
        tx,
        execute,
        "INSERT INTO steps (id, run_id, seq, kind, state, call_id, name, input, output, failed, tokens, cost_micro, started_at,
             finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        step.id,
        run,
        step.seq,
        step.kind,
        step.state,
        &step.call_id,
        &step.name,
        &step.input,
        step.output.as_deref(),
        step.failed,
        step.tokens,
        step.cost,
        now,
        (step.state == StepState::Done).then_some(now),
    )?;
    Ok(())
}

/// Writes how a step ended.
///
/// # Errors
/// [`StoreError::RunEnded`], or when the database fails.
pub async fn end_step(tx: &mut Tx, run: RunId, step: &Step, now: DateTime<Utc>) -> Result<(), StoreError> {
    goes_on(tx, run).await?;
    sql!(
        tx,
        execute,
        "UPDATE steps SET state = $2, output = $3, failed = $4, tokens = $5, cost_micro = $6, finished_at = $7
         WHERE id = $1 AND state IN ('asked', 'awaiting')",
        step.id,
        step.state,
        step.output.as_deref(),
        step.failed,
        step.tokens,
        step.cost,
        now,
    )?;
    Ok(())
}
