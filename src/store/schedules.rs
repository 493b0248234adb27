//! Schedules and their occurrences.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::schedule::Rule;
use crate::domain::{
    AccountKey, Asker, GroupId, OccurrenceId, PersonId, Place, Platform, ProjectId, ScheduleId,
};

/// How many due schedules are looked at in one go.
const AT_ONCE: i64 = 100;

/// A rule of times by which a project's status is posted to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// What people call it by.
    pub number: i64,
    /// Whose status is posted.
    pub project: ProjectId,
    /// Where.
    pub place: Place,
    /// The cron expression.
    pub cron: String,
    /// The time zone's IANA name.
    pub zone: String,
    /// When it is due next; none when never again.
    pub next_at: Option<DateTime<Utc>>,
    /// Who made it, from where: its digests are read with their rights.
    pub asker: Asker,
}

/// A row of `schedules`.
#[derive(sqlx::FromRow)]
struct Row {
    id: ScheduleId,
    number: i64,
    project_id: ProjectId,
    place: Place,
    cron: String,
    zone: String,
    next_at: Option<DateTime<Utc>>,
    person_id: PersonId,
    platform: Platform,
    workspace: String,
    user_id: String,
    asker_name: String,
    said_at: Place,
}

impl From<Row> for Schedule {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            number: row.number,
            project: row.project_id,
            place: row.place,
            cron: row.cron,
            zone: row.zone,
            next_at: row.next_at,
            asker: Asker {
                person: row.person_id,
                account: AccountKey {
                    platform: row.platform,
                    workspace: row.workspace,
                    user_id: row.user_id,
                },
                name: row.asker_name,
                place: row.said_at,
            },
        }
    }
}

impl Schedule {
    /// The rule of times.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when this program cannot read what another version wrote.
    pub fn rule(&self) -> Result<Rule, StoreError> {
        Rule::parse(&self.cron, &self.zone).map_err(|error| StoreError::Unreadable {
            what: "a schedule",
            why: error.to_string(),
        })
    }
}

/// A schedule to be made.
#[derive(Debug, Clone)]
pub struct NewSchedule<'a> {
    /// Whose status is posted.
    pub project: ProjectId,
    /// Where.
    pub place: &'a Place,
    /// When.
    pub rule: &'a Rule,
    /// When it is due first.
    pub next_at: DateTime<Utc>,
    /// Who makes it, from where.
    pub asker: &'a Asker,
}

/// A due time that came.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Occurrence {
    /// Its id.
    pub id: OccurrenceId,
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// The first of the due times that passed while nobody was there, when there was more than this one.
    pub missed_since: Option<DateTime<Utc>>,
    /// Whether its digest came late; known once it is made.
    pub delayed: bool,
    /// Its digest, as Markdown; none before it is made. Where nothing was posted, why.
    pub text: Option<String>,
    /// The deliveries of its digest; none when nothing was posted.
    pub group_id: Option<GroupId>,
    /// When its digest was made.
    pub made_at: Option<DateTime<Utc>>,
}

/// The columns of [`Row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, number, project_id, place, cron, zone, next_at, person_id, platform, workspace, user_id, asker_name,
             said_at FROM schedules ",
            $rest
        )
    };
}

/// The columns of [`Occurrence`].
macro_rules! select_occurrence {
    ($rest:literal) => {
        concat!(
            "SELECT id, schedule_id, due_at, missed_since, delayed, text, group_id, made_at FROM occurrences ",
            $rest
        )
    };
}

/// Adds a schedule; its number.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, new: &NewSchedule<'_>, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let (number,) = sql!(
        tx,
        fetch_one as (i64,),
        "INSERT INTO schedules (id, project_id, place, cron, zone, next_at, person_id, platform, workspace, user_id,
             asker_name, said_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING number",
        ScheduleId::new(),
        new.project,
        new.place,
        new.rule.cron(),
        new.rule.zone(),
        new.next_at,
        new.asker.person,
        new.asker.account.platform,
        &new.asker.account.workspace,
        &new.asker.account.user_id,
        &new.asker.name,
        &new.asker.place,
        now,
    )?;
    Ok(number)
}

/// How many digests were made to be posted, ever; for the operator and for tests.
///
/// # Errors
/// When the database fails.
pub async fn made(tx: &mut Tx) -> Result<usize, StoreError> {
    let (count,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM occurrences WHERE group_id IS NOT NULL",
    )?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// A schedule that was not removed, by its id.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        select!("WHERE id = $1 AND removed_at IS NULL"),
        id
    )?;
    Ok(row.map(Schedule::from))
}

/// A schedule that was not removed, by its number.
///
/// # Errors
/// When the database fails.
pub async fn by_number(tx: &mut Tx, number: i64) -> Result<Option<Schedule>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        select!("WHERE number = $1 AND removed_at IS NULL"),
        number
    )?;
    Ok(row.map(Schedule::from))
}

/// The schedules of a project, by number.
///
/// # Errors
/// When the database fails.
pub async fn of_project(tx: &mut Tx, project: ProjectId) -> Result<Vec<Schedule>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select!("WHERE project_id = $1 AND removed_at IS NULL ORDER BY number"),
        project
    )?;
    Ok(rows.into_iter().map(Schedule::from).collect())
}

/// Every schedule that was not removed.
///
/// # Errors
/// When the database fails.
pub async fn all(tx: &mut Tx) -> Result<Vec<Schedule>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select!("WHERE removed_at IS NULL ORDER BY number"),
    )?;
    Ok(rows.into_iter().map(Schedule::from).collect())
}

/// Schedules that are due by `now`, the first ones first.
///
/// # Errors
/// When the database fails.
pub async fn due(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<Schedule>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select!("WHERE removed_at IS NULL AND next_at <= $1 ORDER BY next_at, number LIMIT $2"),
        now,
        AT_ONCE,
    )?;
    Ok(rows.into_iter().map(Schedule::from).collect())
}

/// How many schedules there are, and when the first of them is due.
///
/// # Errors
/// When the database fails.
pub async fn first_due(tx: &mut Tx) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
    sql!(
        tx,
        fetch_one as (i64, Option<DateTime<Utc>>),
        "SELECT COUNT(*), MIN(next_at) FROM schedules WHERE removed_at IS NULL",
    )
}

/// Removes a schedule; false when it was removed already.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &mut Tx, id: ScheduleId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let removed = sql!(
        tx,
        execute,
        "UPDATE schedules SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL",
        id,
        now,
    )?;
    Ok(removed == 1)
}

/// Moves a schedule from one due time to its next; false when somebody else did, or it was removed.
///
/// # Errors
/// When the database fails.
pub async fn move_on(
    tx: &mut Tx,
    id: ScheduleId,
    was: DateTime<Utc>,
    next: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    let moved = sql!(
        tx,
        execute,
        "UPDATE schedules SET next_at = $3 WHERE id = $1 AND next_at = $2 AND removed_at IS NULL",
        id,
        was,
        next,
    )?;
    Ok(moved == 1)
}

/// Adds a due time that came; none when it is there already.
///
/// # Errors
/// When the database fails.
pub async fn add_occurrence(
    tx: &mut Tx,
    schedule: ScheduleId,
    due_at: DateTime<Utc>,
    missed_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Option<OccurrenceId>, StoreError> {
    let id = OccurrenceId::new();
    let added = sql!(
        tx,
        execute,
        "INSERT INTO occurrences (id, schedule_id, due_at, missed_since, delayed, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (schedule_id, due_at) DO NOTHING",
        id,
        schedule,
        due_at,
        missed_since,
        missed_since.is_some(),
        now,
    )?;
    Ok((added == 1).then_some(id))
}

/// Gives a schedule that was never due again a next due time; false when somebody else did, or it was removed.
///
/// # Errors
/// When the database fails.
pub async fn take_up(tx: &mut Tx, id: ScheduleId, next: DateTime<Utc>) -> Result<bool, StoreError> {
    let taken = sql!(
        tx,
        execute,
        "UPDATE schedules SET next_at = $2 WHERE id = $1 AND next_at IS NULL AND removed_at IS NULL",
        id,
        next,
    )?;
    Ok(taken == 1)
}

/// Closes the occurrences of a schedule that came before `due_at` and have no digest, without one; the first due time that
/// passes so, when there is any.
///
/// # Errors
/// When the database fails.
pub async fn close_before(
    tx: &mut Tx,
    schedule: ScheduleId,
    due_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let closed = sql!(
        tx,
        fetch_all as (DateTime<Utc>, Option<DateTime<Utc>>),
        "UPDATE occurrences SET text = 'left out, since the next one came', made_at = $3
         WHERE schedule_id = $1 AND due_at < $2 AND text IS NULL RETURNING due_at, missed_since",
        schedule,
        due_at,
        now,
    )?;
    let firsts = closed.into_iter().map(|(due, missed)| missed.unwrap_or(due));
    Ok(firsts.min())
}

/// An occurrence by its id.
///
/// # Errors
/// When the database fails.
pub async fn occurrence(tx: &mut Tx, id: OccurrenceId) -> Result<Option<Occurrence>, StoreError> {
    sql!(
        tx,
        fetch_optional as Occurrence,
        select_occurrence!("WHERE id = $1"),
        id
    )
}

/// The newest occurrence of a schedule.
///
/// # Errors
/// When the database fails.
pub async fn last_occurrence(tx: &mut Tx, schedule: ScheduleId) -> Result<Option<Occurrence>, StoreError> {
    sql!(
        tx,
        fetch_optional as Occurrence,
        select_occurrence!("WHERE schedule_id = $1 ORDER BY due_at DESC LIMIT 1"),
        schedule,
    )
}

/// Freezes the digest of an occurrence, or with no group why nothing was posted; false when that was done before, and then nothing changes.
///
/// # Errors
/// When the database fails.
pub async fn freeze(
    tx: &mut Tx,
    id: OccurrenceId,
    text: &str,
    delayed: bool,
    group: Option<GroupId>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let frozen = sql!(
        tx,
        execute,
        "UPDATE occurrences SET text = $2, delayed = $3, group_id = $4, made_at = $5 WHERE id = $1 AND text IS NULL",
        id,
        text,
        delayed,
        group,
        now,
    )?;
    Ok(frozen == 1)
}
