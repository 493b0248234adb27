//! Full-text search over what was said at the places of a project: FTS5 on SQLite, `tsvector` on PostgreSQL.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{AuthorKind, Place, ProjectId};

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Hit {
    /// Where it stands.
    pub place: Place,
    /// Who wrote it: a person or a bot.
    pub author_kind: AuthorKind,
    /// By which name.
    pub author_name: String,
    /// The words.
    pub text: String,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// Whether its author was trusted there.
    pub trusted: bool,
}

/// The newest messages that hold all `words`, at the places bound to a project, in their threads, and on the issues of
/// its repository. Our own are left out: they repeat what others said, and may tell of other projects. Empty words find nothing.
///
/// # Errors
/// When the database fails.
pub async fn messages(
    tx: &mut Tx,
    project: ProjectId,
    words: &str,
    limit: i64,
) -> Result<Vec<Hit>, StoreError> {
    let words: Vec<&str> = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(20)
        .collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    // Quoted words are plain terms to FTS5; PostgreSQL's plainto_tsquery takes any text.
    let query = match &tx.inner {
        super::db::Inner::Sqlite(_) => words
            .iter()
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(" "),
        super::db::Inner::Postgres(_) => words.join(" "),
    };
    sql!(
        tx,
        fetch_all as Hit,
        {
            sqlite: "SELECT m.place, m.author_kind, m.author_name, m.text, m.sent_at, m.trusted FROM message_words
                     JOIN messages m ON m.number = message_words.rowid
                     WHERE message_words MATCH $2 AND m.author_kind <> 'ourselves' AND EXISTS (
                         SELECT 1 FROM project_places p WHERE p.project_id = $1
                             AND (m.place = p.place OR substr(m.place, 1, length(p.place) + 1) = p.place || '/')
                         UNION ALL
                         SELECT 1 FROM projects r WHERE r.id = $1
                             AND substr(m.place, 1, length(r.repository) + 8) = 'github:' || r.repository || '#')
                     ORDER BY m.sent_at DESC LIMIT $3",
            postgres: "SELECT m.place, m.author_kind, m.author_name, m.text, m.sent_at, m.trusted FROM messages m
                     WHERE to_tsvector('simple', m.text) @@ plainto_tsquery('simple', $2) AND m.author_kind <> 'ourselves' AND EXISTS (
                         SELECT 1 FROM project_places p WHERE p.project_id = $1
                             AND (m.place = p.place OR substr(m.place, 1, length(p.place) + 1) = p.place || '/')
                         UNION ALL
                         SELECT 1 FROM projects r WHERE r.id = $1
                             AND substr(m.place, 1, length(r.repository) + 8) = 'github:' || r.repository || '#')
                     ORDER BY m.sent_at DESC LIMIT $3",
        },
        project,
        query,
        limit,
    )
}
