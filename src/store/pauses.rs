//! How often another bot asked in a conversation, and until when it is left alone there: rows, so that it holds over restarts
//! and for every replica.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{ConversationId, PersonId};

/// How many turns of somebody's a conversation got after a moment, by our own clock.
///
/// # Errors
/// When the database fails.
pub async fn turns_since(
    tx: &mut Tx,
    conversation: ConversationId,
    person: PersonId,
    since: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let (count,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM runs r JOIN turns t ON t.id = r.turn_id
         WHERE r.conversation_id = $1 AND r.created_at > $2 AND t.person_id = $3",
        conversation,
        since,
        person,
    )?;
    Ok(count)
}

/// Until when somebody is left alone in a conversation; may be over.
///
/// # Errors
/// When the database fails.
pub async fn until(
    tx: &mut Tx,
    conversation: ConversationId,
    person: PersonId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (DateTime<Utc>,),
        "SELECT until FROM bot_pauses WHERE conversation_id = $1 AND person_id = $2",
        conversation,
        person,
    )?;
    Ok(row.map(|(until,)| until))
}

/// Leaves somebody alone in a conversation until a moment.
///
/// # Errors
/// When the database fails.
pub async fn begin(
    tx: &mut Tx,
    conversation: ConversationId,
    person: PersonId,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO bot_pauses (conversation_id, person_id, until) VALUES ($1, $2, $3)
         ON CONFLICT (conversation_id, person_id) DO UPDATE SET until = excluded.until",
        conversation,
        person,
        until,
    )?;
    Ok(())
}
