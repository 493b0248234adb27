//! Connections to PostgreSQL: how they are made and kept, and what each is told first.
//!
//! 1. A connection on which nothing can be changed is not used: after a failover the address may lead to a standby for a while,
//!    and a connection that was made then would stay (what other clients call `target_session_attrs=read-write`).
//! 2. What was told "received" is on the disk: a server that commits without waiting for it waits for ours.
//! 3. A process that stands still in the middle of a transaction loses it, with the rows it holds, and a statement that never
//!    ends is ended.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool};

/// How long to wait for a connection. Who sends us something waits too: GitHub 10 s, Slack 3 s. Where others get theirs
/// meanwhile it is waited for longer; see [`super::turn`].
const ACQUIRE: Duration = Duration::from_secs(5);

/// What every connection is told. The times are far above what a statement of ours takes, and under the lease of a claim;
/// no transaction of ours waits for anybody but the database.
const SETTINGS: &str = "SELECT set_config('statement_timeout', '30s', false),
    set_config('lock_timeout', '10s', false),
    set_config('idle_in_transaction_session_timeout', '10s', false),
    set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

/// At most `connections` connections.
///
/// # Errors
/// When none can be made.
pub(super) async fn connect(options: PgConnectOptions, connections: u32) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        // The look whether it takes changes also tells whether anybody is there.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(takes_changes(connection)))
        .after_connect(|connection, _| {
            Box::pin(async move {
                if !takes_changes(connection).await? {
                    return Err(sqlx::Error::Protocol("the server takes no changes".into()));
                }
                sqlx::query(SETTINGS).execute(connection).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
}

/// Whether anything can be changed over a connection: not on a standby, nor where an administrator forbade it.
///
/// # Errors
/// When the connection is broken.
pub(super) async fn takes_changes(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT current_setting('transaction_read_only') = 'off'")
        .fetch_one(connection)
        .await
}
