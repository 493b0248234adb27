//! Conversations, the places they happen at, and what was said.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::trust::OwnWords;
use super::{Doc, StoreError, Tx};
use crate::domain::{ConversationId, MessageId, PersonId, Place, Platform, TurnId};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage<'a> {
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Where it stands.
    pub place: &'a Place,
    /// The platform's id.
    pub external_id: &'a str,
    /// Which part of a longer text of ours it is, from 0.
    pub part: i64,
    /// The turn it is a request of, when it is one.
    pub turn: Option<TurnId>,
    /// Who wrote it, unless a bot did; of our own, whom it answers, unless it repeats what others wrote.
    pub person: Option<PersonId>,
    /// `human`, `bot` or `ourselves`.
    pub author_kind: &'static str,
    /// The author's name as it was.
    pub author_name: &'a str,
    /// The words, as Markdown.
    pub text: &'a str,
    /// When it was written, by the platform's clock.
    pub sent_at: DateTime<Utc>,
    /// Whether its author is trusted there; our own words are when they repeat nobody else's.
    pub trusted: bool,
    /// Whether our own words may repeat what stands outside the home of their run.
    pub strayed: bool,
    /// The home of the run that our own words are of, once it had read something.
    pub home: Option<Vec<String>>,
}

/// What was said, for the model's context.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Said {
    /// The turn it is a request of, when it is one.
    pub turn_id: Option<TurnId>,
    /// Who wrote it, unless a bot did; of our own, whom it answers, unless it repeats what others wrote.
    pub person_id: Option<PersonId>,
    /// `human`, `bot` or `ourselves`.
    pub author_kind: String,
    /// The author's name as it was.
    pub author_name: String,
    /// The words, as Markdown.
    pub text: String,
    /// When it was written.
    pub sent_at: DateTime<Utc>,
    /// Whether its author was trusted there.
    pub trusted: bool,
    /// Whether our own words may repeat what stands outside the home of their run.
    pub strayed: bool,
    /// The home of the run that our own words are of, once it had read something.
    pub home: Option<Doc<Vec<String>>>,
}

/// The conversation at a place.
///
/// # Errors
/// When the database fails.
pub async fn at(tx: &mut Tx, place: &Place) -> Result<Option<ConversationId>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (ConversationId,),
        "SELECT conversation_id FROM conversation_places WHERE place = $1",
        place,
    )?;
    Ok(row.map(|(id,)| id))
}

/// A new conversation, at no place yet.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, now: DateTime<Utc>) -> Result<ConversationId, StoreError> {
    let id = ConversationId::new();
    sql!(
        tx,
        execute,
        "INSERT INTO conversations (id, created_at) VALUES ($1, $2)",
        id,
        now
    )?;
    Ok(id)
}

/// Makes a conversation happen at a place too; the one that was there first stays and is returned.
///
/// # Errors
/// When the database fails.
pub async fn join(tx: &mut Tx, id: ConversationId, place: &Place) -> Result<ConversationId, StoreError> {
    let (there,) = sql!(
        tx,
        fetch_one as (ConversationId,),
        "INSERT INTO conversation_places (place, conversation_id) VALUES ($1, $2)
         ON CONFLICT (place) DO UPDATE SET place = excluded.place RETURNING conversation_id",
        place,
        id,
    )?;
    Ok(there)
}

/// Takes in what was heard at a place before there was a conversation of its own: a thread's earlier messages.
///
/// # Errors
/// When the database fails.
pub async fn adopt(tx: &mut Tx, id: ConversationId, place: &Place) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE messages SET conversation_id = $1 WHERE place = $2",
        id,
        place
    )?;
    Ok(())
}

/// Adds a message; a copy of one that is there changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn add_message(tx: &mut Tx, message: &NewMessage<'_>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO messages (id, conversation_id, place, external_id, part, turn_id, person_id, author_kind,
             author_name, text, sent_at, trusted, strayed, home)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (place, external_id, part) DO NOTHING",
        MessageId::new(),
        message.conversation,
        message.place,
        message.external_id,
        message.part,
        message.turn,
        message.person,
        message.author_kind,
        message.author_name,
        message.text,
        message.sent_at,
        message.trusted,
        message.strayed,
        message.home.clone().map(Doc),
    )?;
    Ok(())
}

/// Writes the newest words of a message; false when we never kept it. What was not trusted once never is.
///
/// # Errors
/// When the database fails.
pub async fn edit_message(
    tx: &mut Tx,
    place: &Place,
    external_id: &str,
    text: &str,
    trusted: bool,
) -> Result<bool, StoreError> {
    let changed = sql!(
        tx,
        execute,
        "UPDATE messages SET text = $3, trusted = (trusted AND $4) WHERE place = $1 AND external_id = $2 AND text <> $3",
        place,
        external_id,
        text,
        trusted,
    )?;
    Ok(changed > 0)
}

/// Writes the newest words of a message of our own; false when it is not kept yet.
///
/// # Errors
/// When the database fails.
pub async fn edit_ours(
    tx: &mut Tx,
    id: ConversationId,
    external_id: &str,
    text: &str,
    words: &OwnWords,
) -> Result<bool, StoreError> {
    let changed = sql!(
        tx,
        execute,
        "UPDATE messages SET text = $3, trusted = $4, person_id = $5, strayed = $6, home = $7
         WHERE conversation_id = $1 AND external_id = $2 AND author_kind = 'ourselves'",
        id,
        external_id,
        text,
        words.trusted,
        words.person,
        words.strayed,
        words.home.clone().map(Doc),
    )?;
    Ok(changed > 0)
}

/// Forgets a message that was taken back.
///
/// # Errors
/// When the database fails.
pub async fn delete_message(tx: &mut Tx, place: &Place, external_id: &str) -> Result<bool, StoreError> {
    let gone = sql!(
        tx,
        execute,
        "DELETE FROM messages WHERE place = $1 AND external_id = $2",
        place,
        external_id
    )?;
    Ok(gone > 0)
}

/// The places of a platform that we talk at and where somebody else spoke after `since`, with when they last did; those
/// first where that was last.
///
/// # Errors
/// When the database fails.
pub async fn live(
    tx: &mut Tx,
    platform: Platform,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(Place, DateTime<Utc>)>, StoreError> {
    sql!(
        tx,
        fetch_all as (Place, DateTime<Utc>),
        "SELECT c.place, MAX(m.sent_at) FROM conversation_places c JOIN messages m ON m.place = c.place
         WHERE c.place LIKE $1 AND m.author_kind <> 'ourselves' AND m.sent_at > $2
         GROUP BY c.place ORDER BY MAX(m.sent_at) DESC, c.place LIMIT $3",
        super::projects::like(platform),
        since,
        limit,
    )
}

/// The newest messages of a conversation in the platform's order, newest first: all of ours, and those of others up to and
/// with a moment. Platforms that count whole seconds number what was said in one.
///
/// # Errors
/// When the database fails.
pub async fn newest(
    tx: &mut Tx,
    id: ConversationId,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Said>, StoreError> {
    sql!(
        tx,
        fetch_all as Said,
        "SELECT turn_id, person_id, author_kind, author_name, text, sent_at, trusted, strayed, home
         FROM messages
         WHERE conversation_id = $1 AND (author_kind = 'ourselves' OR sent_at <= $2)
         ORDER BY sent_at DESC, length(external_id) DESC, external_id DESC, part DESC LIMIT $3",
        id,
        until,
        limit,
    )
}
