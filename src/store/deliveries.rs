//! The outbox: intended effects on the outside, and what became of them.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{Doc, StoreError, Tx};
use crate::domain::{ConversationId, DeliveryId, Effect, GroupId, Place, RunId, StepId};

/// What a delivery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Purpose {
    /// The visible answer to a request, and before that its progress.
    Answer,
    /// An effect that a step asked for.
    Tool,
    /// What a schedule posts.
    Digest,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum State {
    /// To be sent.
    Queued,
    /// On its way; found so after a crash it counts as unknown.
    Sending,
    /// Confirmed by the platform.
    Sent,
    /// It may have happened; to be looked up.
    Unknown,
    /// Given up, with a reason.
    Dead,
    /// Taken back before it was sent.
    Cancelled,
}

/// One intended effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, which is also its mark on the outside.
    pub id: DeliveryId,
    /// The parts of one answer share it.
    pub group: GroupId,
    /// Its place among them, from 0.
    pub part: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The step that waits for it.
    pub step: Option<StepId>,
    /// The conversation its message belongs to.
    pub conversation: Option<ConversationId>,
    /// Where it goes.
    pub place: Place,
    /// Whose identity sends it, e.g. `slack:T1`.
    pub credential: String,
    /// What it brings about.
    pub effect: Effect,
    /// The newest text, in the platform's dialect.
    pub text: String,
    /// The text that the platform confirmed last; empty before the first.
    pub sent_text: String,
    /// The text of the attempt under way or in doubt.
    pub sending_text: String,
    /// Counts the texts.
    pub desired_rev: i64,
    /// The text of the attempt under way or in doubt, by number.
    pub sending_rev: i64,
    /// The text confirmed last, by number; 0 before the first.
    pub sent_rev: i64,
    /// Whether the text is the last one.
    pub last: bool,
    /// The platform's id of what was made.
    pub external_id: Option<String>,
    /// The page people open.
    pub url: Option<String>,
    /// What became of it.
    pub state: State,
    /// Why it is dead or in doubt.
    pub reason: Option<String>,
    /// How many attempts were made.
    pub attempts: i64,
    /// When the attempt under way or in doubt began.
    pub sending_since: Option<DateTime<Utc>>,
    /// When the platform last confirmed it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the calls for its newest text began; none before the first, and once it is confirmed.
    pub tried_since: Option<DateTime<Utc>>,
    /// How many of them were lost and left no sign.
    pub lost_calls: i64,
    /// Messages that it let go, each behind a space.
    pub earlier_ids: String,
    /// What came late, after the effect had been brought about once more.
    pub twin_id: Option<String>,
    /// How often the platform was called for it in all.
    pub calls: i64,
}

/// A row of `deliveries`.
#[derive(sqlx::FromRow)]
struct Row {
    id: DeliveryId,
    group_id: GroupId,
    part: i64,
    purpose: Purpose,
    run_id: Option<RunId>,
    step_id: Option<StepId>,
    conversation_id: Option<ConversationId>,
    place: Place,
    credential: String,
    effect: Doc<Effect>,
    text: String,
    sent_text: String,
    sending_text: String,
    desired_rev: i64,
    sending_rev: i64,
    sent_rev: i64,
    r#final: bool,
    external_id: Option<String>,
    url: Option<String>,
    state: State,
    reason: Option<String>,
    attempts: i64,
    sending_since: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    tried_since: Option<DateTime<Utc>>,
    lost_calls: i64,
    earlier_ids: String,
    twin_id: Option<String>,
    calls: i64,
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            group: row.group_id,
            part: row.part,
            purpose: row.purpose,
            run: row.run_id,
            step: row.step_id,
            conversation: row.conversation_id,
            place: row.place,
            credential: row.credential,
            effect: row.effect.0,
            text: row.text,
            sent_text: row.sent_text,
            sending_text: row.sending_text,
            desired_rev: row.desired_rev,
            sending_rev: row.sending_rev,
            sent_rev: row.sent_rev,
            last: row.r#final,
            external_id: row.external_id,
            url: row.url,
            state: row.state,
            reason: row.reason,
            attempts: row.attempts,
            sending_since: row.sending_since,
            sent_at: row.sent_at,
            created_at: row.created_at,
            tried_since: row.tried_since,
            lost_calls: row.lost_calls,
            earlier_ids: row.earlier_ids,
            twin_id: row.twin_id,
            calls: row.calls,
        }
    }
}

/// A delivery to be made.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The parts of one answer share it.
    pub group: GroupId,
    /// Its place among them, from 0.
    pub part: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The step that waits for it.
    pub step: Option<StepId>,
    /// The conversation its message belongs to.
    pub conversation: Option<ConversationId>,
    /// Where it goes.
    pub place: Place,
    /// Whose identity sends it.
    pub credential: String,
    /// What it brings about.
    pub effect: Effect,
    /// Its text, in the platform's dialect.
    pub text: String,
    /// Whether the text is the last one.
    pub last: bool,
}

/// The columns of [`Row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, group_id, part, purpose, run_id, step_id, conversation_id, place, credential, effect, text, sent_text,
             sending_text, desired_rev, sending_rev, sent_rev, final, external_id, url, state, reason, attempts, sending_since, sent_at,
             created_at, tried_since, lost_calls, earlier_ids, twin_id, calls
             FROM deliveries ",
            $rest
        )
    };
}

/// Adds a delivery; sending it is the queue's work.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, new: &NewDelivery, now: DateTime<Utc>) -> Result<DeliveryId, StoreError> {
    let id = DeliveryId::new();
    sql!(
        tx,
        execute,
        "INSERT INTO deliveries (id, group_id, part, purpose, run_id, step_id, conversation_id, place, credential, effect,
             text, sent_text, sending_text, desired_rev, sending_rev, sent_rev, final, state, attempts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', 1, 0, 0, $12, 'queued', 0, $13)",
        id,
        new.group,
        new.part,
        new.purpose,
        new.run,
        new.step,
        new.conversation,
        &new.place,
        &new.credential,
        Doc(&new.effect),
        &new.text,
        new.last,
        now,
    )?;
    Ok(id)
}

/// A delivery by its id, its row locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        { sqlite: select!("WHERE id = $1"), postgres: select!("WHERE id = $1 FOR UPDATE") },
        id,
    )?;
    Ok(row.map(Delivery::from))
}

/// A delivery by its id.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row = sql!(tx, fetch_optional as Row, select!("WHERE id = $1"), id)?;
    Ok(row.map(Delivery::from))
}

/// The deliveries a step asked for, in order.
///
/// # Errors
/// When the database fails.
pub async fn of_step(tx: &mut Tx, step: StepId) -> Result<Vec<Delivery>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select!("WHERE step_id = $1 ORDER BY created_at, part"),
        step
    )?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// The visible answers of a run, progress messages included, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn answers_of(tx: &mut Tx, run: RunId) -> Result<Vec<Delivery>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select!("WHERE run_id = $1 AND purpose = 'answer' ORDER BY created_at, part"),
        run,
    )?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// The parts of a message, in order.
///
/// # Errors
/// When the database fails.
pub async fn of_group(tx: &mut Tx, group: GroupId) -> Result<Vec<Delivery>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select!("WHERE group_id = $1 ORDER BY part"),
        group
    )?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// What other deliveries than `id` made or changed at a place since a moment, by the platform's ids.
///
/// # Errors
/// When the database fails.
pub async fn made_at(
    tx: &mut Tx,
    place: &Place,
    id: DeliveryId,
    since: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String,),
        "SELECT external_id FROM deliveries
         WHERE place = $1 AND sent_at >= $3 AND id <> $2 AND external_id IS NOT NULL",
        place,
        id,
        since,
    )?;
    Ok(rows.into_iter().map(|(external_id,)| external_id).collect())
}

/// Gives a delivery its newest text; a dead or cancelled one stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn set_text(
    tx: &mut Tx,
    id: DeliveryId,
    text: &str,
    effect: &Effect,
    last: bool,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET text = $2, effect = $4, final = $3, desired_rev = desired_rev + 1, tried_since = NULL,
             state = CASE WHEN state = 'sent' THEN 'queued' ELSE state END
         WHERE id = $1 AND state NOT IN ('dead', 'cancelled')",
        id,
        text,
        last,
        Doc(effect.clone()),
    )?;
    Ok(())
}

/// Notes, before the call, that the newest text is on its way.
///
/// # Errors
/// When the database fails.
pub async fn set_sending(tx: &mut Tx, id: DeliveryId, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = 'sending', sending_rev = desired_rev, sending_text = text, sending_since = $2,
             tried_since = COALESCE(tried_since, $2), attempts = attempts + 1, calls = calls + 1, reason = NULL
         WHERE id = $1",
        id,
        now,
    )?;
    Ok(())
}

/// Notes that the platform confirmed the text that was on its way; a newer one is queued. `note` is what it left out.
///
/// # Errors
/// When the database fails.
pub async fn set_sent(
    tx: &mut Tx,
    id: DeliveryId,
    external_id: &str,
    url: Option<&str>,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = CASE WHEN desired_rev > sending_rev THEN 'queued' ELSE 'sent' END,
             sent_rev = sending_rev, sent_text = sending_text, external_id = $2, url = COALESCE($3, url), sent_at = $4,
             reason = $5, attempts = 0, tried_since = NULL, lost_calls = 0
         WHERE id = $1",
        id,
        external_id,
        url,
        now,
        note,
    )?;
    Ok(())
}

/// Notes that nothing was sent, that it is in doubt, or that it is given up.
///
/// # Errors
/// When the database fails.
pub async fn set_state(tx: &mut Tx, id: DeliveryId, state: State, reason: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = $2, reason = $3 WHERE id = $1",
        id,
        state,
        reason
    )?;
    Ok(())
}

/// Notes that a call was lost and left no sign: it is made again.
///
/// # Errors
/// When the database fails.
pub async fn set_lost(tx: &mut Tx, id: DeliveryId, reason: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = 'queued', reason = $2, lost_calls = lost_calls + 1 WHERE id = $1",
        id,
        reason
    )?;
    Ok(())
}

/// Notes what came late, after the effect had been brought about once more.
///
/// # Errors
/// When the database fails.
pub async fn set_twin(tx: &mut Tx, id: DeliveryId, external_id: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET twin_id = $2 WHERE id = $1",
        id,
        external_id
    )?;
    Ok(())
}

/// Forgets the message a delivery edits, so that it is posted anew: somebody deleted it.
///
/// # Errors
/// When the database fails.
pub async fn forget_message(tx: &mut Tx, id: DeliveryId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET earlier_ids = earlier_ids || ' ' || COALESCE(external_id, ''), external_id = NULL, sent_rev = 0,
             sent_text = '', state = 'queued', attempts = 0, tried_since = NULL, lost_calls = 0
         WHERE id = $1",
        id,
    )?;
    Ok(())
}

/// What a run's tools send, their rows locked until the transaction ends: an outcome that is being written is waited for.
///
/// # Errors
/// When the database fails.
pub async fn lock_tools(tx: &mut Tx, run: RunId) -> Result<Vec<Delivery>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        {
            sqlite: select!("WHERE run_id = $1 AND purpose = 'tool' ORDER BY id"),
            postgres: select!("WHERE run_id = $1 AND purpose = 'tool' ORDER BY id FOR UPDATE"),
        },
        run,
    )?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}
/// Why a part is cancelled whose group has a dead part.
pub const BEHIND: &str = "an earlier part did not arrive";
