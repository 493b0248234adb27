//! Questions that people must answer before something happens, their answers, and where they are shown.
//!
//! 1. A person has one vote for each question.
//! 2. A question is decided once: by one conditional update, whoever comes first.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::projects::{read_ids, written_ids};
use super::{StoreError, Tx};
use crate::domain::{
    Asker, DeliveryId, GateId, GateState, GroupId, PersonId, Place, ProjectId, Role, RunId, StepId,
};

/// A question to be asked.
#[derive(Debug, Clone)]
pub struct NewGate<'a> {
    /// Its id.
    pub id: GateId,
    /// The project that it is about, when there is one.
    pub project: Option<ProjectId>,
    /// The run that waits for it.
    pub run: RunId,
    /// The step that waits for it.
    pub step: StepId,
    /// Who asked for the change.
    pub person: PersonId,
    /// By which name.
    pub asker_name: &'a str,
    /// Where.
    pub place: &'a Place,
    /// Why it waits, in words.
    pub reason: &'a str,
    /// The change, as JSON.
    pub change: &'a str,
    /// The change as it is shown, as Markdown.
    pub shown: &'a str,
    /// SHA-256 of the change and of what it was decided upon.
    pub hash: &'a [u8],
    /// The least role that may answer.
    pub role: Role,
    /// Who alone may answer; empty for everybody with the role.
    pub approvers: &'a [PersonId],
    /// How many must agree.
    pub votes_needed: i64,
    /// Who asked for the change may not answer.
    pub not_requester: bool,
    /// When the clock says no.
    pub expires_at: DateTime<Utc>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What people call it by.
    pub number: i64,
    /// Its id.
    pub id: GateId,
    /// The project that it is about.
    pub project: Option<ProjectId>,
    /// The run that waits for it.
    pub run: Option<RunId>,
    /// The step that waits for it.
    pub step: Option<StepId>,
    /// Who asked for the change.
    pub person: Option<PersonId>,
    /// By which name.
    pub asker_name: String,
    /// Where.
    pub place: Place,
    /// Why it waits, in words.
    pub reason: String,
    /// The change, as JSON.
    pub change: String,
    /// The change as it is shown, as Markdown.
    pub shown: String,
    /// SHA-256 of the change and of what it was decided upon.
    pub hash: Vec<u8>,
    /// The least role that may answer.
    pub role: Role,
    /// Who alone may answer; empty for everybody with the role.
    pub approvers: Vec<PersonId>,
    /// How many must agree.
    pub votes_needed: i64,
    /// Who asked for the change may not answer.
    pub not_requester: bool,
    /// What became of it.
    pub state: GateState,
    /// Who decided, and why, in words; empty as long as it is open.
    pub decision: String,
    /// When the clock says no.
    pub expires_at: DateTime<Utc>,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}

/// A row of `gates`.
#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    id: GateId,
    project_id: Option<ProjectId>,
    run_id: Option<RunId>,
    step_id: Option<StepId>,
    person_id: Option<PersonId>,
    asker_name: String,
    place: Place,
    reason: String,
    change: String,
    shown: String,
    hash: Vec<u8>,
    role: Role,
    approvers: String,
    votes_needed: i64,
    not_requester: bool,
    state: GateState,
    decision: String,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
}

impl From<Row> for Gate {
    fn from(row: Row) -> Self {
        Self {
            number: row.number,
            id: row.id,
            project: row.project_id,
            run: row.run_id,
            step: row.step_id,
            person: row.person_id,
            asker_name: row.asker_name,
            place: row.place,
            reason: row.reason,
            change: row.change,
            shown: row.shown,
            hash: row.hash,
            role: row.role,
            approvers: read_ids(&row.approvers),
            votes_needed: row.votes_needed,
            not_requester: row.not_requester,
            state: row.state,
            decision: row.decision,
            expires_at: row.expires_at,
            created_at: row.created_at,
            decided_at: row.decided_at,
        }
    }
}

/// The columns of [`Row`].
macro_rules! select_gates {
    ($rest:literal) => {
        concat!(
            "SELECT number, id, project_id, run_id, step_id, person_id, asker_name, place, reason, change, shown, hash, role,
             approvers, votes_needed, not_requester, state, decision, expires_at, created_at, decided_at FROM gates ",
            $rest
        )
    };
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Vote {
    /// Whom the account that answered is by itself.
    pub person_id: PersonId,
    /// Yes or no.
    pub approves: bool,
    /// By which name.
    pub name: String,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// When.
    pub voted_at: DateTime<Utc>,
    /// With which account; not known of older ones.
    pub account: Option<String>,
    /// Where; not known of older ones.
    pub place: Option<Place>,
}

impl Vote {
    /// Whoever gave it, as they spoke; none for older ones.
    pub fn asker(&self) -> Option<Asker> {
        Some(Asker {
            person: self.person_id,
            account: self.account.as_deref()?.parse().ok()?,
            name: self.name.clone(),
            place: self.place.clone()?,
        })
    }
}

/// Asks a question; its number.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, new: &NewGate<'_>, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let (number,) = sql!(
        tx,
        fetch_one as (i64,),
        "INSERT INTO gates (id, project_id, run_id, step_id, person_id, asker_name, place, reason, change, shown, hash, role,
             approvers, votes_needed, not_requester, state, decision, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'open', '', $16, $17) RETURNING number",
        new.id,
        new.project,
        new.run,
        new.step,
        new.person,
        new.asker_name,
        new.place,
        new.reason,
        new.change,
        new.shown,
        new.hash,
        new.role,
        written_ids(new.approvers),
        new.votes_needed,
        new.not_requester,
        new.expires_at,
        now,
    )?;
    Ok(number)
}

/// A question by its id.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: GateId) -> Result<Option<Gate>, StoreError> {
    let row = sql!(tx, fetch_optional as Row, select_gates!("WHERE id = $1"), id)?;
    Ok(row.map(Gate::from))
}

/// A question by its number.
///
/// # Errors
/// When the database fails.
pub async fn by_number(tx: &mut Tx, number: i64) -> Result<Option<Gate>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        select_gates!("WHERE number = $1"),
        number
    )?;
    Ok(row.map(Gate::from))
}

/// The question that a step waits for.
///
/// # Errors
/// When the database fails.
pub async fn of_step(tx: &mut Tx, step: StepId) -> Result<Option<Gate>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        select_gates!("WHERE step_id = $1"),
        step
    )?;
    Ok(row.map(Gate::from))
}

/// The question that a delivery shows.
///
/// # Errors
/// When the database fails.
pub async fn of_delivery(tx: &mut Tx, id: DeliveryId) -> Result<Option<Gate>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        select_gates!(
            "WHERE id IN (SELECT c.gate_id FROM gate_copies c JOIN deliveries d ON d.group_id = c.group_id WHERE d.id = $1)"
        ),
        id
    )?;
    Ok(row.map(Gate::from))
}

/// The questions that a run asked, in order.
///
/// # Errors
/// When the database fails.
pub async fn of_run(tx: &mut Tx, run: RunId) -> Result<Vec<Gate>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select_gates!("WHERE run_id = $1 ORDER BY number"),
        run
    )?;
    Ok(rows.into_iter().map(Gate::from).collect())
}

/// Every open question, in order.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx) -> Result<Vec<Gate>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select_gates!("WHERE state = 'open' ORDER BY number")
    )?;
    Ok(rows.into_iter().map(Gate::from).collect())
}

/// Keeps a question as it is until the transaction ends, and reads it.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: GateId) -> Result<Option<Gate>, StoreError> {
    sql!(
        tx,
        fetch_optional as (GateId,),
        {
            sqlite: "SELECT id FROM gates WHERE id = $1",
            postgres: "SELECT id FROM gates WHERE id = $1 FOR UPDATE",
        },
        id,
    )?;
    get(tx, id).await
}

/// Keeps a person's answer; false when they have answered before, and nothing changes then.
///
/// # Errors
/// When the database fails.
pub async fn vote(tx: &mut Tx, id: GateId, vote: &Vote) -> Result<bool, StoreError> {
    let new = sql!(
        tx,
        execute,
        "INSERT INTO votes (gate_id, person_id, approves, name, reason, voted_at, account, place)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (gate_id, person_id) DO NOTHING",
        id,
        vote.person_id,
        vote.approves,
        &vote.name,
        &vote.reason,
        vote.voted_at,
        vote.account.as_deref(),
        vote.place.as_ref(),
    )?;
    Ok(new == 1)
}

/// The answers to a question, in order.
///
/// # Errors
/// When the database fails.
pub async fn votes(tx: &mut Tx, id: GateId) -> Result<Vec<Vote>, StoreError> {
    sql!(
        tx,
        fetch_all as Vote,
        "SELECT person_id, approves, name, reason, voted_at, account, place FROM votes WHERE gate_id = $1
         ORDER BY voted_at, person_id",
        id,
    )
}

/// Decides a question; false when it was decided before, and nothing changes then.
///
/// # Errors
/// When the database fails.
pub async fn decide(
    tx: &mut Tx,
    id: GateId,
    state: GateState,
    decision: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let decided = sql!(
        tx,
        execute,
        "UPDATE gates SET state = $2, decision = $3, decided_at = $4 WHERE id = $1 AND state = 'open'",
        id,
        state,
        decision,
        now,
    )?;
    Ok(decided == 1)
}

/// The questions whose time is over, and when the next one's is.
///
/// # Errors
/// When the database fails.
pub async fn due(
    tx: &mut Tx,
    now: DateTime<Utc>,
) -> Result<(Vec<GateId>, Option<DateTime<Utc>>), StoreError> {
    let due = sql!(
        tx,
        fetch_all as (GateId,),
        "SELECT id FROM gates WHERE state = 'open' AND expires_at <= $1 ORDER BY number",
        now,
    )?;
    let (next,) = sql!(
        tx,
        fetch_one as (Option<DateTime<Utc>>,),
        "SELECT MIN(expires_at) FROM gates WHERE state = 'open' AND expires_at > $1",
        now,
    )?;
    Ok((due.into_iter().map(|(id,)| id).collect(), next))
}

/// Notes where a question is shown.
///
/// # Errors
/// When the database fails.
pub async fn add_copy(tx: &mut Tx, id: GateId, group: GroupId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO gate_copies (gate_id, group_id) VALUES ($1, $2) ON CONFLICT (gate_id, group_id) DO NOTHING",
        id,
        group,
    )?;
    Ok(())
}

/// Where a question is shown.
///
/// # Errors
/// When the database fails.
pub async fn copies(tx: &mut Tx, id: GateId) -> Result<Vec<GroupId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (GroupId,),
        "SELECT group_id FROM gate_copies WHERE gate_id = $1 ORDER BY group_id",
        id,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
