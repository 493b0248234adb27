//! A database that an earlier version filled: the newest tables hold every row again.

use std::path::Path;

use callsheet::store::Db;
use secrecy::SecretString;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use crate::stories;
use crate::support::database::{Engine, Kind};
use crate::support::postgres;

stories![
    every_row_of_the_first_tables_is_there_afterwards,
    rows_that_refer_to_nothing_are_not_migrated,
];

/// One row in every table of the first migration. `{1}` stands for the id number 1, `{t}` for a moment, `{raw}` for bytes.
const ROWS: &[&str] = &[
    "INSERT INTO persons (id, name, created_at) VALUES ({1}, 'ana', {t})",
    "INSERT INTO accounts (platform, workspace, user_id, person_id, name, created_at)
        VALUES ('slack', 'T1', 'UANA', {1}, 'ana', {t})",
    "INSERT INTO projects (id, slug, name, description, status, owner_id, created_at, updated_at)
        VALUES ({2}, 'apollo', 'Apollo', 'To the moon', 'active', {1}, {t}, {t})",
    "INSERT INTO project_places (place, project_id, label, bound_by, created_at)
        VALUES ('slack:T1/C1', {2}, '#apollo', {1}, {t})",
    "INSERT INTO repository_permissions (repository, user_id, permission, fetched_at)
        VALUES ('acme/apollo', '7', 'write', {t})",
    "INSERT INTO conversations (id, created_at) VALUES ({3}, {t})",
    "INSERT INTO conversation_places (place, conversation_id) VALUES ('slack:T1/C1/1.0', {3})",
    "INSERT INTO inbox_events (id, name, place, external_id, body, raw, received_at, meaning)
        VALUES ({4}, 'message_posted', 'slack:T1/C1/1.0', '1.0', '{}', {raw}, {t}, 'request')",
    "INSERT INTO event_keys (key, event_id, seen_at) VALUES ('slack:message:T1/C1/1.0', {4}, {t})",
    "INSERT INTO turns (id, conversation_id, person_id, platform, workspace, user_id, asker_name, place, text, asked_at)
        VALUES ({5}, {3}, {1}, 'slack', 'T1', 'UANA', 'ana', 'slack:T1/C1/1.0', 'hello moon', {t})",
    "INSERT INTO messages (id, conversation_id, place, external_id, part, turn_id, person_id, author_kind, author_name, text,
        sent_at) VALUES ({6}, {3}, 'slack:T1/C1/1.0', '1.0', 0, {5}, {1}, 'human', 'ana', 'hello moon', {t})",
    "INSERT INTO runs (id, turn_id, conversation_id, work, targets, state, doing, answer, created_at, started_at, finished_at)
        VALUES ({7}, {5}, {3}, '{\"work\":\"talk\"}', '[]', 'done', 'thinking', 'Hello.', {t}, {t}, {t})",
    "INSERT INTO steps (id, run_id, seq, kind, state, call_id, name, input, output, failed, tokens, started_at, finished_at)
        VALUES ({8}, {7}, 1, 'model', 'done', '', 'gpt', '', 'Hello.', {no}, 12, {t}, {t})",
    "INSERT INTO deliveries (id, group_id, part, purpose, run_id, step_id, conversation_id, place, credential, effect, text,
        sent_text, sending_text, desired_rev, sending_rev, sent_rev, final, external_id, state, attempts, sent_at, created_at)
        VALUES ({9}, {9}, 0, 'answer', {7}, {8}, {3}, 'slack:T1/C1/1.0', 'slack:T1', '{}', 'Hello.', 'Hello.', 'Hello.',
        1, 1, 1, {yes}, '2.0', 'sent', 0, {t}, {t})",
    "INSERT INTO schedules (id, project_id, place, cron, zone, next_at, person_id, platform, workspace, user_id, asker_name,
        said_at, created_at) VALUES ({10}, {2}, 'slack:T1/C1', '0 9 * * *', 'UTC', {t}, {1}, 'slack', 'T1', 'UANA', 'ana',
        'slack:T1/C1', {t})",
    "INSERT INTO occurrences (id, schedule_id, due_at, delayed, text, created_at) VALUES ({11}, {10}, {t}, {no}, 'Fine', {t})",
    "INSERT INTO watermarks (place, first_id, last_id, updated_at) VALUES ('discord:G1/C1', 1, 2, {t})",
    "INSERT INTO pacing (scope, next_at, paused_until) VALUES ('slack:T1', {t}, {t})",
    "INSERT INTO lanes (lane, last_seq) VALUES ('run:1', 1)",
    "INSERT INTO work_items (id, lane, lane_seq, kind, subject, state, run_at, attempts, lease_no, created_at)
        VALUES ({12}, 'run:1', 1, 'run', {7}, 'done', {t}, 1, 1, {t})",
];

/// A database at the first migration, in words of either engine.
enum First {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl First {
    async fn open(url: &str) -> Self {
        if url.starts_with("sqlite") {
            let url = format!("{url}?mode=rwc");
            Self::Sqlite(SqliteConnection::connect(&url).await.unwrap())
        } else {
            Self::Postgres(PgConnection::connect(url).await.unwrap())
        }
    }

    /// Makes the first tables, as the version that had no others did.
    async fn migrate(&mut self) {
        let engine = match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        };
        let folder = tempfile::tempdir().unwrap();
        let name = "0001_first.sql";
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(engine)
            .join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
        let first = Migrator::new(folder.path()).await.unwrap();
        match self {
            Self::Sqlite(connection) => first.run(connection).await.unwrap(),
            Self::Postgres(connection) => first.run(connection).await.unwrap(),
        }
    }

    async fn execute(&mut self, statement: &str) {
        let statement = self.filled(statement);
        let statement = AssertSqlSafe(statement).into_sql_str();
        match self {
            Self::Sqlite(connection) => drop(connection.execute(statement).await.unwrap()),
            Self::Postgres(connection) => drop(connection.execute(statement).await.unwrap()),
        }
    }

    fn filled(&self, statement: &str) -> String {
        let sqlite = matches!(self, Self::Sqlite(_));
        let mut filled = statement.to_owned();
        for number in 1..=12 {
            let id = uuid::Uuid::from_u128(number);
            let literal = if sqlite {
                format!("X'{}'", id.simple())
            } else {
                format!("'{id}'")
            };
            filled = filled.replace(&format!("{{{number}}}"), &literal);
        }
        let [raw, no, yes] = if sqlite {
            ["X'00ff'", "0", "1"]
        } else {
            ["'\\x00ff'", "FALSE", "TRUE"]
        };
        filled
            .replace("{t}", "'2026-11-22T09:00:00+00:00'")
            .replace("{raw}", raw)
            .replace("{no}", no)
            .replace("{yes}", yes)
    }

    async fn column(&mut self, query: String) -> Vec<String> {
        let query = AssertSqlSafe(query);
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(query).fetch_all(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_scalar(query).fetch_all(connection).await.unwrap(),
        }
    }

    /// Our tables; what full-text search keeps beside its own is not ours.
    async fn tables(&mut self) -> Vec<String> {
        let query = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE
                 '%sqlx%' AND name NOT LIKE 'message_words_%' ORDER BY name"
            }
            Self::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables
                 WHERE table_schema = 'public' AND table_name NOT LIKE '%sqlx%' ORDER BY table_name"
            }
        };
        self.column(query.to_owned()).await
    }

    /// Every row of a table, by these of its columns.
    async fn rows(&mut self, table: &str, columns: &[String]) -> Vec<String> {
        let shown: Vec<String> = columns
            .iter()
            .map(|name| match self {
                Self::Sqlite(_) => format!("quote({name})"),
                Self::Postgres(_) => format!("COALESCE({name}::text, 'NULL')"),
            })
            .collect();
        self.column(format!(
            "SELECT {} FROM {table} ORDER BY 1",
            shown.join(" || '|' || ")
        ))
        .await
    }

    async fn columns(&mut self, table: &str) -> Vec<String> {
        let query = match self {
            Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
            Self::Postgres(_) => {
                format!(
                    "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}'"
                )
            }
        };
        self.column(query).await
    }
}

/// An address without any tables.
async fn empty(kind: Kind, folder: &tempfile::TempDir) -> String {
    match kind.engine {
        Engine::Sqlite => format!("sqlite://{}", folder.path().join("old.db").display()),
        Engine::Postgres => postgres::server().unwrap().empty_database().await,
    }
}

async fn every_row_of_the_first_tables_is_there_afterwards(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let url = empty(kind, &folder).await;
    let mut first = First::open(&url).await;
    first.migrate().await;
    for row in ROWS {
        first.execute(row).await;
    }
    let mut before = Vec::new();
    for table in first.tables().await {
        let columns = first.columns(&table).await;
        let rows = first.rows(&table, &columns).await;
        assert_eq!(rows.len(), 1, "a row of {table} to begin with");
        before.push((table, columns, rows));
    }
    let db = Db::open(&SecretString::from(url), true).await.unwrap();
    for (table, columns, rows) in before {
        assert_eq!(first.rows(&table, &columns).await, rows, "{table}");
    }
    let count = db.prepare_all().await.unwrap();
    assert!(count > 40, "{count}");
    if let First::Sqlite(_) = first {
        let words = "SELECT CAST(COUNT(*) AS TEXT) FROM message_words WHERE message_words MATCH 'moon'";
        assert_eq!(first.column(words.to_owned()).await, ["1"]);
    }
    // Rows that refer to others still go with them.
    first
        .execute("INSERT INTO event_keys (key, event_id, seen_at) VALUES ('more', {4}, {t})")
        .await;
    if let First::Sqlite(_) = first {
        first.execute("PRAGMA foreign_keys = ON").await;
    }
    first.execute("DELETE FROM inbox_events WHERE id = {4}").await;
    first.execute("DELETE FROM turns WHERE id = {5}").await;
    for table in ["event_keys", "runs", "steps"] {
        let columns = first.columns(table).await;
        assert_eq!(first.rows(table, &columns).await, Vec::<String>::new(), "{table}");
    }
}

async fn rows_that_refer_to_nothing_are_not_migrated(kind: Kind) {
    if kind.engine == Engine::Postgres {
        // It never lets such rows in.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = empty(kind, &folder).await;
    let mut first = First::open(&url).await;
    first.migrate().await;
    first.execute("PRAGMA foreign_keys = OFF").await;
    first
        .execute("INSERT INTO event_keys (key, event_id, seen_at) VALUES ('a', {4}, {t})")
        .await;
    let refused = Db::open(&SecretString::from(url), true).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "cannot bring the database (database.url) up to date: 1 of its rows refer to rows that are not there (the first in \
         `event_keys`, to `inbox_events`); put a backup back, or name another database"
    );
    assert_eq!(
        first
            .column("SELECT CAST(MAX(version) AS TEXT) FROM _sqlx_migrations".to_owned())
            .await,
        ["1"]
    );
}
