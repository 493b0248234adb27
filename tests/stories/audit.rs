//! The audit log: it only grows, its rows make one chain, and whoever runs Callsheet sees what was done and whether it is whole.

use std::time::Duration;

use callsheet::engine::audit::{check, seal};
use callsheet::operator::Operator;
use callsheet::store::Db;
use callsheet::store::audit::{self, Entry, Filter, Outcome, Who};
use sqlx::{Connection, Executor};

use super::operator::told;
use crate::support::clock::TestClock;
use crate::support::database::{Database, Engine, Kind};
use crate::{sees, stories};

stories![
    rows_are_only_ever_added,
    a_row_is_there_with_its_change_or_not_at_all,
    writers_and_sealers_do_not_wait_for_each_other,
    several_sealers_make_one_chain,
    what_was_changed_or_removed_is_told,
    what_was_put_in_another_order_is_told,
    what_was_done_to_batches_is_told,
    what_was_done_past_the_rules_is_told,
    an_end_that_was_cut_off_shows_by_its_head,
];

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn entry<'a>(detail: &str) -> Entry<'a> {
    Entry {
        who: Who::Service,
        place: None,
        action: "test.note",
        subject: "test:1",
        on_behalf: None,
        result: Outcome::Done,
        run: None,
        detail: detail.to_owned(),
    }
}

/// A database of a case's own, and its log in which nothing stands.
pub(crate) struct Log {
    database: Database,
    pub(crate) db: Db,
    pub(crate) clock: TestClock,
}

impl Log {
    pub(crate) async fn new(kind: Kind) -> Self {
        let (database, clock) = (Database::fresh(kind).await, TestClock::new());
        let db = database.open().await;
        Self { database, db, clock }
    }

    /// The same with two batches of three rows, and one row that is not sealed.
    async fn filled(kind: Kind) -> Self {
        let log = Self::new(kind).await;
        log.note(&["row 1", "row 2", "row 3"]).await;
        log.seal().await;
        log.note(&["row 4", "row 5", "row 6"]).await;
        log.seal().await;
        log.note(&["row 7"]).await;
        log
    }

    async fn note(&self, details: &[&str]) {
        for detail in details {
            self.clock.advance(SECOND);
            let mut tx = self.db.begin().await.unwrap();
            let now = self.clock.now();
            audit::note(&mut tx, &entry(detail), now).await.unwrap();
            tx.commit("test").await.unwrap();
        }
    }

    async fn seal(&self) -> usize {
        seal(&self.db, self.clock.now()).await.unwrap()
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator::beside(self.db.clone(), self.clock.clock())
    }

    /// What a check says, without the head.
    async fn verified(&self) -> String {
        let verified = self.operator().audit_verify(None).await.unwrap();
        let told = told(Ok::<_, String>(verified.text));
        assert_eq!(verified.is_whole, told.contains("is whole"), "{told}");
        told.split("\n\nHead: ").next().unwrap().to_owned()
    }

    async fn head(&self) -> String {
        check::check(&self.db, None).await.unwrap().head.to_string()
    }

    /// Does something to the tables that the database would not let anybody do; what the database says.
    async fn attempt(&self, statement: &'static str) -> String {
        let done = if self.database.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.database.url).await.unwrap();
            connection.execute(statement).await.map(drop)
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.database.url).await.unwrap();
            connection.execute(statement).await.map(drop)
        };
        match done {
            Ok(()) => "done".to_owned(),
            Err(sqlx::Error::Database(error)) => error.message().to_owned(),
            Err(other) => panic!("{statement}: {other}"),
        }
    }

    /// The same by somebody who owns the database and has switched its rules off.
    async fn tamper(&self, statements: &[&'static str]) {
        let free = if self.database.url.starts_with("sqlite") {
            "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_waits;
             DROP TRIGGER audit_sealed_no_update; DROP TRIGGER audit_sealed_no_delete; DROP TRIGGER audit_seals_no_update;
             DROP TRIGGER audit_seals_no_delete; DROP TRIGGER audit_unsealed_no_delete"
        } else {
            "ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_sealed DISABLE TRIGGER USER;
             ALTER TABLE audit_seals DISABLE TRIGGER USER; ALTER TABLE audit_unsealed DISABLE TRIGGER USER"
        };
        self.database.execute(free).await;
        for statement in statements {
            self.database.execute(statement).await;
        }
    }
}

async fn rows_are_only_ever_added(kind: Kind) {
    let log = Log::filled(kind).await;
    let mut forbidden = vec![
        "UPDATE audit SET detail = 'nothing' WHERE detail = 'row 2'",
        "UPDATE audit SET detail = 'nothing' WHERE detail = 'row 7'",
        "DELETE FROM audit WHERE detail = 'row 2'",
        "DELETE FROM audit WHERE detail = 'row 7'",
        "UPDATE audit_sealed SET batch = 2 WHERE position = 2",
        "DELETE FROM audit_sealed WHERE position = 6",
        "UPDATE audit_seals SET last_position = 5 WHERE batch = 2",
        "DELETE FROM audit_seals WHERE batch = 2",
        "DELETE FROM audit_seals WHERE batch = 0",
        "UPDATE audit_unsealed SET row_id = row_id",
        "DELETE FROM audit_unsealed",
    ];
    match kind.engine {
        Engine::Sqlite => forbidden.extend([
            "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE detail = 'row 2'",
            "INSERT OR REPLACE INTO audit_sealed SELECT * FROM audit_sealed WHERE position = 2",
            "INSERT OR REPLACE INTO audit_sealed SELECT 9, row_id, 9, hash FROM audit_sealed WHERE position = 2",
            "INSERT OR REPLACE INTO audit_seals SELECT * FROM audit_seals WHERE batch = 1",
        ]),
        Engine::Postgres => forbidden.extend([
            "TRUNCATE audit",
            "TRUNCATE audit_sealed",
            "TRUNCATE audit_seals",
            "TRUNCATE audit_unsealed",
        ]),
    }
    for statement in forbidden {
        assert_eq!(
            log.attempt(statement).await,
            "the audit log only grows",
            "{statement}"
        );
    }
    sees!(log.verified().await, @"
    The audit log is whole: 6 rows, each as it was sealed.

    1 row is not sealed yet (the service does this within seconds), so that a change of it would not show:
      row <A>, 2026-11-22 09:00:07 UTC: test.note test:1
    ");
    assert_eq!(log.seal().await, 1);
    sees!(log.verified().await, @"The audit log is whole: 7 rows, each as it was sealed.");
}

async fn a_row_is_there_with_its_change_or_not_at_all(kind: Kind) {
    let log = Log::new(kind).await;
    let mut tx = log.db.begin().await.unwrap();
    audit::note(&mut tx, &entry("never"), log.clock.now())
        .await
        .unwrap();
    drop(tx);
    log.note(&["it holds a \0 and ghp_abcdefghijklmnopqrstuvwxyz0123456789"])
        .await;
    assert_eq!(log.seal().await, 1);
    let mut tx = log.db.read().await.unwrap();
    let rows = audit::list(&mut tx, &Filter::ALL, 10).await.unwrap();
    let details: Vec<&str> = rows.iter().map(|row| row.detail.as_str()).collect();
    assert_eq!(details, ["it holds a \u{FFFD} and ghp_***"]);
    sees!(log.verified().await, @"The audit log is whole: 1 row, each as it was sealed.");
}

async fn writers_and_sealers_do_not_wait_for_each_other(kind: Kind) {
    let log = Log::new(kind).await;
    if kind.engine == Engine::Sqlite {
        // There is one writer at a time.
        return;
    }
    let replica = log.database.open().await;
    let mut slow = log.db.begin().await.unwrap();
    let early = log.clock.now();
    audit::note(&mut slow, &entry("late"), early).await.unwrap();
    log.note(&["second", "third"]).await;
    // A sealer passes over what is not committed …
    let mut sealing = replica.begin().await.unwrap();
    assert_eq!(audit::seal(&mut sealing, log.clock.now(), 10).await.unwrap(), 2);
    // … and a writer goes on beside one that has not committed yet.
    log.note(&["fourth"]).await;
    slow.commit("test").await.unwrap();
    sealing.commit("test").await.unwrap();
    assert_eq!(log.seal().await, 2);
    let mut tx = log.db.read().await.unwrap();
    let chain = audit::sealed_after(&mut tx, 0, 10).await.unwrap();
    let rows = audit::rows_at(&mut tx, &chain).await.unwrap();
    let order: Vec<&str> = chain
        .iter()
        .map(|sealed| rows[&sealed.row].as_ref().unwrap().detail.as_str())
        .collect();
    assert_eq!(order, ["second", "third", "late", "fourth"]);
    sees!(log.verified().await, @"The audit log is whole: 4 rows, each as it was sealed.");
}

async fn several_sealers_make_one_chain(kind: Kind) {
    let log = Log::new(kind).await;
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(match kind.engine {
            Engine::Sqlite => log.db.clone(),
            Engine::Postgres => log.database.open().await,
        });
    }
    let now = log.clock.now();
    let writes = replicas.iter().map(|db| async move {
        for number in 0..20 {
            let mut tx = db.begin().await.unwrap();
            audit::note(&mut tx, &entry(&format!("row {number}")), now)
                .await
                .unwrap();
            tx.commit("test").await.unwrap();
        }
    });
    let seals = replicas.iter().map(|db| async move {
        let mut sealed = 0;
        for _ in 0..20 {
            let mut tx = db.begin().await.unwrap();
            sealed += audit::seal(&mut tx, now, 3).await.unwrap();
            tx.commit("test").await.unwrap();
        }
        sealed
    });
    let (_, sealed) = futures_util::future::join(
        futures_util::future::join_all(writes),
        futures_util::future::join_all(seals),
    )
    .await;
    let sealed = sealed.iter().sum::<usize>();
    assert!(sealed > 0, "nobody sealed anything beside the writers");
    assert_eq!(sealed + log.seal().await, 60);
    sees!(log.verified().await, @"The audit log is whole: 60 rows, each as it was sealed.");
}

/// What is told after somebody did something to a log.
async fn after(kind: Kind, statements: &[&'static str]) -> String {
    let log = Log::filled(kind).await;
    log.tamper(statements).await;
    let told = log.verified().await;
    // The tail is told below all of it.
    told.split("\n\n1 row is not sealed").next().unwrap().to_owned()
}

async fn what_was_changed_or_removed_is_told(kind: Kind) {
    sees!(Log::filled(kind).await.verified().await, @"
    The audit log is whole: 6 rows, each as it was sealed.

    1 row is not sealed yet (the service does this within seconds), so that a change of it would not show:
      row <A>, 2026-11-22 09:00:07 UTC: test.note test:1
    ");
    sees!(after(kind, &["UPDATE audit SET detail = 'nothing' WHERE detail = 'row 4'"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 4, row <A>: changed after it was sealed, or what stood before it was removed
    ");
    sees!(after(kind, &["UPDATE audit SET run_id = id WHERE detail = 'row 6'"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 6, row <A>: changed after it was sealed, or what stood before it was removed
    ");
    sees!(after(kind, &["DELETE FROM audit WHERE detail = 'row 4'"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 4, row <A>: removed
    ");
    // Whose position is gone, too.
    sees!(after(kind, &[
        "DELETE FROM audit WHERE detail = 'row 5'",
        "DELETE FROM audit_sealed WHERE position = 5",
    ]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 5: removed, with its row
      batch 2: it does not fit the positions that were sealed with it
    ");
    // And those behind it moved up.
    sees!(after(kind, &[
        "DELETE FROM audit WHERE detail = 'row 5'",
        "DELETE FROM audit_sealed WHERE position = 5",
        "UPDATE audit_sealed SET position = 5 WHERE position = 6",
        "UPDATE audit_seals SET last_position = 5 WHERE batch = 2",
    ]).await, @"
    The audit log is NOT whole (5 rows in the chain):
      position 5, row <A>: changed after it was sealed, or what stood before it was removed
    ");
}

/// Two rows that changed places, in either way.
async fn what_was_put_in_another_order_is_told(kind: Kind) {
    sees!(after(kind, &[
        "UPDATE audit_sealed SET row_id = (SELECT id FROM audit WHERE detail = 'row 7') WHERE position = 5",
        "UPDATE audit_sealed SET row_id = (SELECT id FROM audit WHERE detail = 'row 5') WHERE position = 2",
        "UPDATE audit_sealed SET row_id = (SELECT id FROM audit WHERE detail = 'row 2') WHERE position = 5",
    ]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 2, row <A>: put in another order; row <B> was sealed there
      position 5, row <B>: put in another order; row <A> was sealed there
    ");
    sees!(after(kind, &[
        "UPDATE audit_sealed SET position = -position WHERE position IN (4, 5)",
        "UPDATE audit_sealed SET position = 9 + position WHERE position < 0",
    ]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 4, row <A>: put in another order; it was sealed behind another row
      position 5, row <B>: put in another order; it was sealed behind another row
      position 6, row <C>: put in another order; it was sealed behind another row
    ");
}

async fn what_was_done_to_batches_is_told(kind: Kind) {
    sees!(after(kind, &["UPDATE audit_sealed SET hash = (SELECT hash FROM audit_seals WHERE batch = 0) WHERE position = 2"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      position 2, row <A>: changed after it was sealed, or what stood before it was removed
      position 3, row <B>: changed after it was sealed, or what stood before it was removed
    ");
    sees!(after(kind, &["DELETE FROM audit_seals WHERE batch = 1"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      batch 1: it does not fit the positions that were sealed with it
      batch 2: it does not fit the positions that were sealed with it
    ");
    sees!(after(kind, &["UPDATE audit_seals SET last_position = 2 WHERE batch = 1"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      batch 1: it does not fit the positions that were sealed with it
      batch 2: it does not fit the positions that were sealed with it
    ");
    sees!(after(kind, &["DELETE FROM audit_seals WHERE batch = 0"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      the beginning of the chain (batch 0) was changed or removed
      batch 1: it does not fit the positions that were sealed with it
    ");
}

async fn what_was_done_past_the_rules_is_told(kind: Kind) {
    sees!(after(kind, &["DELETE FROM audit WHERE detail = 'row 7'"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      row <A>: removed before it was sealed
    ");
    sees!(after(kind, &["DELETE FROM audit_unsealed"]).await, @"
    The audit log is NOT whole (6 rows in the chain):
      row <A>: put in past the rules of the database; it was never to be sealed
    ");
    sees!(after(kind, &["DELETE FROM audit_sealed WHERE position > 4"]).await, @"
    The audit log is NOT whole (4 rows in the chain):
      positions 5 to 6: removed, with their rows
      batch 2: it does not fit the positions that were sealed with it
      row <A>: put in past the rules of the database; it was never to be sealed
      row <B>: put in past the rules of the database; it was never to be sealed
    ");
    if kind.engine == Engine::Sqlite {
        // What no version of ours could have written.
        sees!(after(kind, &["UPDATE audit SET noted_at = 'never' WHERE detail = 'row 5'"]).await, @"
        The audit log is NOT whole (6 rows in the chain):
          position 5, row <A>: changed after it was sealed, or what stood before it was removed
        ");
    }
}

async fn an_end_that_was_cut_off_shows_by_its_head(kind: Kind) {
    let log = Log::filled(kind).await;
    let (operator, head) = (log.operator(), log.head().await);
    let verified = async |head: &str| {
        let told = operator.audit_verify(Some(head)).await;
        let whole = told
            .as_ref()
            .map(|verified| verified.is_whole)
            .unwrap_or_default();
        let told = told
            .map(|verified| verified.text)
            .map_err(|error| error.to_string());
        let told = super::operator::told(told);
        format!("{whole}: {}", told.split("\n\nHead: ").next().unwrap())
    };
    log.seal().await;
    sees!(verified(&head).await, @"
    true: The audit log is whole: 7 rows, each as it was sealed.

    The head you gave stands in it.
    ");
    sees!(verified(&format!(" {}\n", head.to_uppercase())).await, @"
    true: The audit log is whole: 7 rows, each as it was sealed.

    The head you gave stands in it.
    ");
    log.tamper(&[
        "DELETE FROM audit WHERE detail IN ('row 4', 'row 5', 'row 6', 'row 7')",
        "DELETE FROM audit_sealed WHERE position > 3",
        "DELETE FROM audit_seals WHERE batch > 1",
    ])
    .await;
    sees!(log.verified().await, @"The audit log is whole: 3 rows, each as it was sealed.");
    sees!(verified(&head).await, @"
    false: The audit log is NOT whole (3 rows in the chain):
      the head you gave stands nowhere in it: rows were cut off at the end, or the log was written anew
    ");
    sees!(verified("deadbeef").await, @"false: refused: “<A>” is no head of the log: a head has 64 digits and letters from a to f, as `callsheet audit verify` prints it.");
}
