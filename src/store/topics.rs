//! Where conversations turned to other topics.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{ConversationId, TopicSwitch};

/// A conversation's turns to other topics, in order.
///
/// # Errors
/// When the database fails.
pub async fn switches(tx: &mut Tx, id: ConversationId) -> Result<Vec<TopicSwitch>, StoreError> {
    sql!(
        tx,
        fetch_all as TopicSwitch,
        "SELECT topic, name, said_at FROM topic_switches WHERE conversation_id = $1 ORDER BY said_at, id",
        id,
    )
}

/// Turns a conversation to a topic.
///
/// # Errors
/// When the database fails.
pub async fn switch(
    tx: &mut Tx,
    id: ConversationId,
    topic: i64,
    name: &str,
    said_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO topic_switches (id, conversation_id, topic, name, said_at) VALUES ($1, $2, $3, $4, $5)",
        Uuid::now_v7(),
        id,
        topic,
        name,
        said_at,
    )?;
    Ok(())
}
