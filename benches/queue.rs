//! Whether a long history costs: claims and dedupe per second after ever more finished rows, on both databases.
//!
//! `cargo bench` fills three databases of each engine, measures them in many short turns, so that whatever else the machine
//! does hits all alike, takes the best turn of each, and fails when a measure of the longest history takes more than 1.5 times
//! as long as that of the shortest. `CALLSHEET_BENCH_ROWS=100,1000,10000` measures other histories; `CALLSHEET_BENCH_PLANS=1` prints how
//! the engines go about the statements of the queue.
//!
//! What the program does waits for the disk at each commit, which would hide what a statement costs; so the statements are also
//! measured alone, many in one transaction. The history is a hard one: a hundred lanes hold all of it, and the claims come from
//! these lanes.
//!
//! A copy of what came long ago is measured too, but does not fail: it reads parts of the file that nothing else has touched, and
//! what that costs is the machine's. Platforms send again what they sent minutes or hours ago.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed measurement")]
#![expect(
    clippy::disallowed_methods,
    reason = "what is measured is measured by the machine's clock"
)]

#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::time::{Duration, Instant};

use callsheet::domain::{Event, Heard, Seen};
use callsheet::store::queue::{self, Kind};
use callsheet::store::{Db, Tx, inbox};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

/// How much longer the longest history may take than the shortest.
const ALLOWED: f64 = 1.5;
/// How often each measure is taken, in turns with the others and in turns of the histories; the best counts. Some moods of a
/// machine last for seconds.
const PASSES: usize = 8;
const ROUNDS: usize = 30;
/// How many lanes the history is spread over.
const LANES: usize = 100;
/// How many operations one measure of statements, and one of whole cycles, has.
const STATEMENTS: usize = 50;
const CYCLES: usize = 10;

/// What is measured.
const MEASURES: [&str; 7] = [
    "claim and finish, as the program does",
    "claim and finish, the statements",
    "look for due work, the statements",
    "keep an event, as the program does",
    "keep an event, the statements",
    "know a copy of late, the statements",
    "know a copy of long ago, the statements",
];
/// The measure that is shown only.
const LONG_AGO: usize = 6;
/// How many events platforms may send again soon.
const LATELY: usize = 1_000;

/// A database with a history.
struct History {
    rows: usize,
    db: Db,
    /// Makes keys that are new each time.
    next: usize,
    /// The best time for one operation, by measure.
    best: [Duration; MEASURES.len()],
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let sizes: Vec<usize> = std::env::var("CALLSHEET_BENCH_ROWS")
        .unwrap_or_else(|_| "1000,100000,1000000".to_owned())
        .split(',')
        .map(|rows| rows.trim().parse().unwrap())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let mut worst: f64 = 0.0;
    let lite = |number: usize| {
        format!(
            "sqlite://{}",
            folder.path().join(format!("{number}.db")).display()
        )
    };
    let urls = (0..sizes.len()).map(lite).collect();
    worst = worst.max(runtime.block_on(measured("SQLite", &sizes, urls)));
    // The server starts a runtime of its own.
    match postgres::server() {
        Some(server) => {
            let urls = runtime.block_on(async {
                let mut urls = Vec::new();
                for _ in &sizes {
                    urls.push(server.database().await);
                }
                urls
            });
            worst = worst.max(runtime.block_on(measured("PostgreSQL", &sizes, urls)));
            postgres::stop();
        }
        None => println!("No PostgreSQL on this machine: it was not measured."),
    }
    if worst > ALLOWED {
        println!("A long history costs: {worst:.2} times as long, {ALLOWED} are allowed.");
        std::process::exit(1);
    }
}

/// Fills and measures the databases of one engine and prints what came out; the worst relation of last to first.
async fn measured(engine: &str, sizes: &[usize], urls: Vec<String>) -> f64 {
    let mut histories = Vec::new();
    for (rows, url) in sizes.iter().zip(&urls) {
        let db = Db::open(&SecretString::from(url.clone()), true).await.unwrap();
        fill(url, *rows).await;
        if rows == sizes.last().unwrap() && std::env::var_os("CALLSHEET_BENCH_PLANS").is_some() {
            plans(url).await;
        }
        histories.push(History {
            rows: *rows,
            db,
            next: 0,
            best: [Duration::MAX; MEASURES.len()],
        });
    }
    for turn in 0..PASSES * MEASURES.len() {
        for _ in 0..ROUNDS {
            for history in &mut histories {
                history.take(turn % MEASURES.len()).await;
            }
        }
    }
    println!("\n{engine}: operations per second after so many finished rows");
    let head: String = sizes.iter().map(|rows| format!("{rows:>12}")).collect();
    println!("{:<42}{head}  last/first", "");
    let mut worst: f64 = 0.0;
    for (index, measure) in MEASURES.iter().enumerate() {
        let times: Vec<f64> = histories
            .iter()
            .map(|history| history.best[index].as_secs_f64())
            .collect();
        let relation = times.last().unwrap() / times.first().unwrap();
        if index != LONG_AGO {
            worst = worst.max(relation);
        }
        let speeds: String = times.iter().map(|time| format!("{:>12.0}", 1.0 / time)).collect();
        println!("{measure:<42}{speeds}  {relation:>10.2}");
    }
    for history in histories {
        assert!(history.rows > 0);
        history.db.close().await;
    }
    worst
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The lane of the n-th item; there are [`LANES`].
fn lane(number: usize) -> String {
    format!("event:slack:T1/C{}", number % LANES)
}

impl History {
    async fn take(&mut self, measure: usize) {
        let taken = match measure {
            0 => self.cycles().await,
            1 => self.claims().await,
            2 => self.looks().await,
            3 => self.events().await,
            4 => self.keep_many().await,
            5 => self.copies(LATELY.min(self.rows)).await,
            _ => self.copies(self.rows).await,
        };
        self.best[measure] = self.best[measure].min(taken);
    }

    async fn enqueue(&self, tx: &mut Tx, count: usize) {
        for number in 0..count {
            queue::enqueue(tx, Kind::Event, &lane(number), Uuid::now_v7(), now(), now())
                .await
                .unwrap();
        }
    }

    /// Items one after another, each claim and each end a commit.
    async fn cycles(&mut self) -> Duration {
        let mut tx = self.db.begin().await.unwrap();
        self.enqueue(&mut tx, CYCLES).await;
        tx.commit("bench").await.unwrap();
        let start = Instant::now();
        for _ in 0..CYCLES {
            let mut tx = self.db.begin().await.unwrap();
            let item = queue::claim(&mut tx, Kind::Event, now(), now())
                .await
                .unwrap()
                .unwrap();
            tx.commit("bench").await.unwrap();
            let mut tx = self.db.begin().await.unwrap();
            queue::finish(&mut tx, &item).await.unwrap();
            tx.commit("bench").await.unwrap();
        }
        start.elapsed() / u32::try_from(CYCLES).unwrap()
    }

    /// A burst, claimed in one transaction.
    async fn claims(&mut self) -> Duration {
        let mut tx = self.db.begin().await.unwrap();
        self.enqueue(&mut tx, STATEMENTS).await;
        let start = Instant::now();
        for _ in 0..STATEMENTS {
            let item = queue::claim(&mut tx, Kind::Event, now(), now())
                .await
                .unwrap()
                .unwrap();
            queue::finish(&mut tx, &item).await.unwrap();
        }
        let taken = start.elapsed();
        tx.commit("bench").await.unwrap();
        taken / u32::try_from(STATEMENTS).unwrap()
    }

    /// What every worker asks each second when there is nothing to do.
    async fn looks(&mut self) -> Duration {
        let mut tx = self.db.begin().await.unwrap();
        let start = Instant::now();
        for _ in 0..STATEMENTS {
            assert_eq!(
                queue::claim(&mut tx, Kind::Run, now(), now()).await.unwrap(),
                None
            );
            assert_eq!(queue::next_due(&mut tx, Kind::Run, now()).await.unwrap(), None);
            assert_eq!(queue::release_expired(&mut tx, now()).await.unwrap(), 0);
            assert!(!queue::is_open(&mut tx, Kind::Run, Uuid::nil()).await.unwrap());
        }
        start.elapsed() / u32::try_from(STATEMENTS).unwrap()
    }

    fn heard(&mut self) -> Heard {
        self.next += 1;
        Heard {
            event: Event::Unknown {
                name: "bench".to_owned(),
            },
            keys: vec![
                format!(
                    "slack:message:T1/C{}/1800000000.{:06}",
                    self.next % LANES,
                    self.next
                ),
                format!("slack:event:Ev{}", Uuid::new_v4().simple()),
            ],
            raw: vec![b'x'; 300],
        }
    }

    /// New events, each a commit.
    async fn events(&mut self) -> Duration {
        let start = Instant::now();
        for _ in 0..CYCLES {
            let heard = self.heard();
            let mut tx = self.db.begin().await.unwrap();
            let seen = inbox::insert(&mut tx, &heard, now()).await.unwrap();
            assert!(matches!(seen, Seen::New(_)));
            tx.commit("bench").await.unwrap();
        }
        start.elapsed() / u32::try_from(CYCLES).unwrap()
    }

    /// New events in one transaction.
    async fn keep_many(&mut self) -> Duration {
        let mut tx = self.db.begin().await.unwrap();
        let start = Instant::now();
        for _ in 0..STATEMENTS {
            let heard = self.heard();
            let seen = inbox::insert(&mut tx, &heard, now()).await.unwrap();
            assert!(matches!(seen, Seen::New(_)));
        }
        let taken = start.elapsed();
        tx.commit("bench").await.unwrap();
        taken / u32::try_from(STATEMENTS).unwrap()
    }

    /// Copies of events from all over the newest part of the history.
    async fn copies(&mut self, among: usize) -> Duration {
        let mut tx = self.db.begin().await.unwrap();
        let start = Instant::now();
        for _ in 0..STATEMENTS {
            let mut heard = self.heard();
            let old = self.rows - self.next * 7_919 % among;
            heard.keys = vec![format!("slack:message:T1/C{}/1700000000.{old:07}", old % LANES)];
            let seen = inbox::insert(&mut tx, &heard, now()).await.unwrap();
            assert!(matches!(seen, Seen::Before(_)), "{:?}", heard.keys);
        }
        let taken = start.elapsed();
        tx.commit("bench").await.unwrap();
        taken / u32::try_from(STATEMENTS).unwrap()
    }
}

/// Puts finished work and known events into a database.
async fn fill(url: &str, rows: usize) {
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    let lite = url.starts_with("sqlite");
    // Ids that grow, as ours do.
    let (id, numbers, at, raw) = if lite {
        (
            "CAST(printf('%016d', i) AS BLOB)",
            numbers,
            "'2027-01-15T07:30:00+00:00'",
            "zeroblob(300)",
        )
    } else {
        (
            "lpad(to_hex(i), 32, '0')::uuid",
            format!("WITH n (i) AS (SELECT generate_series(1, {rows}))"),
            "TIMESTAMPTZ '2027-01-15 07:30:00+00'",
            "decode(repeat('00', 300), 'hex')",
        )
    };
    // SQLite takes WITH in front of INSERT, and so does PostgreSQL.
    let statements = [
        format!(
            "{numbers} INSERT INTO lanes (lane, last_seq)
             SELECT 'event:slack:T1/C' || (i - 1), {rows} FROM n WHERE i <= {LANES}"
        ),
        format!(
            "{numbers} INSERT INTO work_items (id, lane, lane_seq, kind, subject, state, run_at, attempts, lease_no, created_at)
             SELECT {id}, 'event:slack:T1/C' || (i % {LANES}), i, 'event', {id}, 'done', {at}, 1, 1, {at} FROM n"
        ),
        format!(
            "{numbers} INSERT INTO inbox_events (id, name, place, external_id, body, raw, received_at, meaning)
             SELECT {id}, 'message_posted', 'slack:T1/C' || (i % {LANES}), '1700000000.' || i, '{{}}', {raw}, {at}, 'heard' FROM n"
        ),
        format!(
            "{numbers} INSERT INTO event_keys (key, event_id, seen_at)
             SELECT 'slack:message:T1/C' || (i % {LANES}) || '/1700000000.' || {padded}, {id}, {at} FROM n",
            padded = if lite { "printf('%07d', i)" } else { "lpad(i::text, 7, '0')" },
        ),
    ];
    if lite {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        for statement in statements {
            connection.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        connection
            .execute("PRAGMA wal_checkpoint(TRUNCATE)")
            .await
            .unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        for statement in statements {
            connection.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        // As autovacuum does after so many changes.
        connection.execute("VACUUM ANALYZE").await.unwrap();
        connection.execute("CHECKPOINT").await.unwrap();
    }
}

/// Prints how an engine goes about the statements that every worker runs.
async fn plans(url: &str) {
    let open = "('queued', 'running', 'parked')";
    let statements = [
        format!(
            "SELECT w.id FROM work_items w WHERE w.kind = 'event' AND w.state = 'queued' AND w.run_at <= AT
             AND NOT EXISTS (SELECT 1 FROM work_items e WHERE e.lane = w.lane AND e.lane_seq < w.lane_seq AND e.state IN {open})
             ORDER BY w.run_at, w.lane_seq LIMIT 1"
        ),
        "SELECT MIN(run_at) FROM work_items WHERE kind = 'event' AND state = 'queued' AND run_at > AT".to_owned(),
        "UPDATE work_items SET state = 'queued' WHERE state = 'running' AND lease_until <= AT".to_owned(),
        format!("SELECT id FROM work_items WHERE kind = 'event' AND subject = ID AND state IN {open}"),
        format!("SELECT kind, state, COUNT(*) FROM work_items WHERE state IN {open} GROUP BY kind, state"),
        "SELECT id FROM work_items WHERE state IN ('done', 'dead') AND state = 'done' AND run_at < AT ORDER BY run_at LIMIT 200"
            .to_owned(),
    ];
    for statement in statements {
        println!("\n{statement}");
        if url.starts_with("sqlite") {
            let text = statement.replace(" AT", " '2027'").replace("ID", "x'00'");
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            let rows = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
            for row in rows.await.unwrap() {
                println!("    {}", row.get::<String, _>("detail"));
            }
        } else {
            let text = statement
                .replace(" AT", " TIMESTAMPTZ '2027-01-01'")
                .replace("ID", "'00000000-0000-0000-0000-000000000000'");
            let mut connection = PgConnection::connect(url).await.unwrap();
            for row in connection
                .fetch_all(AssertSqlSafe(format!("EXPLAIN {text}")))
                .await
                .unwrap()
            {
                println!("    {}", row.get::<String, _>(0));
            }
        }
    }
}
