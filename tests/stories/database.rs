//! The database in trouble: full, held by others, out of reach, damaged. Nothing is lost, nothing is done twice, health says
//! what to do, and all goes on by itself.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callsheet::store::{Db, OpenError, Probe, Tx};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use super::ask::{program, said};
use crate::support::database::{Database, Engine as Storage, Kind};
use crate::support::slack::Mode;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    what_is_acked_is_on_the_disk,
    a_full_disk_loses_nothing,
    what_slack_gave_up_sending_is_read_later,
    an_outage_in_the_middle_of_work_loses_nothing,
    a_connection_cut_at_any_point_does_nothing_twice,
    a_standby_is_not_written_to,
    no_free_connection_is_said_at_once,
    a_damaged_file_is_refused_at_the_start,
    a_damaged_file_is_told_by_the_program,
];

async fn what_is_acked_is_on_the_disk(kind: Kind) {
    let database = Database::fresh(kind).await;
    // The server of the tests commits without waiting for the disk, unless it is told to wait.
    let expected = match kind.engine {
        Storage::Sqlite => "2",
        Storage::Postgres => "on",
    };
    assert_eq!(database.open().await.durability().await.unwrap(), expected);
}

/// The status of the last webhook that GitHub sent.
fn webhook(world: &World) -> Option<u16> {
    world
        .github
        .deliveries()
        .last()
        .and_then(|delivery| delivery.status)
}

/// Waits until GitHub was refused, while time stands still.
async fn refused(world: &World) {
    world
        .now("GitHub to be refused", |world| webhook(world) == Some(503))
        .await;
}

/// What somebody who asks for `/health` gets.
async fn health(world: &World) -> (u16, Value) {
    let url = format!("http://{}/health", world.program().address);
    let answer = reqwest::get(url).await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap(),
    )
}

/// GitHub sends again what was refused, as somebody asked it to, and Slack what was not acknowledged, as it does by itself.
fn sent_again(world: &World) {
    world.redeliver_what_was_refused();
    if world.kind.slack == Mode::Socket {
        world.slack.resend_unacked();
    }
}

/// Our comments on the issue that stories are about.
fn comments(world: &World) -> Vec<String> {
    let all = world.github.comments("acme/apollo", 12);
    let ours = all.iter().filter(|comment| comment.user == "pm-bot");
    ours.map(|comment| {
        comment
            .body
            .split("\n\n<!--")
            .next()
            .unwrap_or_default()
            .to_owned()
    })
    .collect()
}

async fn a_full_disk_loses_nothing(kind: Kind) {
    let world = World::apollo(kind).await;
    if kind.engine == Storage::Postgres {
        // A server's disk is not ours to fill; what it says then is told in a unit test.
        return world.finish().await;
    }
    let db = &world.program().engine.db;
    db.stop_growing(true).await.unwrap();
    let long = "Please look at this. ".repeat(400);
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, &format!("@pm {long}"));
    refused(&world).await;
    sees!(world.health("database"), @"failed: the disk is full, so nothing new can be kept; free some space on the disk of the database, and I go on by myself");
    assert_eq!(health(&world).await.0, 503);
    db.stop_growing(false).await.unwrap();
    world.model.says("I looked.");
    sent_again(&world);
    world.quiet().await;
    assert_eq!(comments(&world), ["I looked."]);
    sees!(world.health("database"), @"ok: SQLite");
    assert_eq!(health(&world).await.0, 200);
    world.finish().await;
}

/// Somebody who keeps the application from its database.
enum Outage {
    /// Another program that changes the file.
    File(SqliteConnection),
    /// An administrator of the server, and the database's name.
    Server(PgConnection, String),
}

impl Outage {
    async fn begin(world: &World) -> Self {
        let url = &world.database.url;
        if url.starts_with("sqlite") {
            let mut other = SqliteConnection::connect(url).await.unwrap();
            other.execute("PRAGMA busy_timeout = 30000").await.unwrap();
            other.execute("BEGIN IMMEDIATE").await.unwrap();
            return Self::File(other);
        }
        let (mut admin, name) = admin(url).await;
        statement(
            &mut admin,
            format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
        )
        .await;
        cut(&mut admin, &name).await;
        Self::Server(admin, name)
    }

    async fn end(self) {
        match self {
            Self::File(mut other) => {
                other.execute("ROLLBACK").await.unwrap();
            }
            Self::Server(mut admin, name) => {
                statement(
                    &mut admin,
                    format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"),
                )
                .await;
            }
        }
    }
}

/// A connection to the server's own database, and the name of the story's.
async fn admin(url: &str) -> (PgConnection, String) {
    let (server, name) = url.rsplit_once('/').unwrap();
    let admin = PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    (admin, name.to_owned())
}

async fn statement(admin: &mut PgConnection, text: String) {
    admin.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
}

/// Ends every connection to a database.
async fn cut(admin: &mut PgConnection, name: &str) {
    let text = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    statement(admin, text).await;
}

async fn what_slack_gave_up_sending_is_read_later(kind: Kind) {
    let world = World::apollo(kind).await;
    if kind.engine == Storage::Postgres {
        return world.finish().await;
    }
    world.slack.user("ana").says("#apollo", "Good morning!");
    world.quiet().await;
    world.model.says("I looked.");
    world.program().engine.db.stop_growing(true).await.unwrap();
    let long = "Please look at this. ".repeat(1_500);
    world.slack.user("ana").says("#apollo", &format!("@pm {long}"));
    world
        .now("the trouble to be told", |world| {
            world.health("database").starts_with("failed")
        })
        .await;
    // Slack sends it no more; the connection that could not grow is given up by then, which is the disk having space again.
    world.slack.lose_queued_events();
    world
        .soon("the answer", |world| {
            !world.slack.bot_messages("#apollo").is_empty()
        })
        .await;
    world.slack.resend_unacked();
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    world.finish().await;
}

async fn an_outage_in_the_middle_of_work_loses_nothing(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    let outage = Outage::begin(&world).await;
    // The answer comes when it cannot be written down, and so do two more questions.
    world.model.says("Hello, Ana.");
    held.release();
    world.slack.user("ben").says("#random", "@pm and me?");
    world.github.user("cy").comments("acme/apollo", 12, "@pm and me?");
    refused(&world).await;
    assert!(
        world.health("database").starts_with("failed"),
        "{}",
        world.health("database")
    );
    assert_eq!(health(&world).await.0, 503);
    outage.end().await;
    world.model.always(|request| {
        let asked = request["messages"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .to_string();
        crate::support::model::Turn::says(if asked.contains("hello?") {
            "Hello, Ana."
        } else {
            "You too."
        })
    });
    sent_again(&world);
    world.quiet().await;
    world.expects("#apollo", &["Hello, Ana."]);
    world.expects("#random", &["You too."]);
    assert_eq!(comments(&world), ["You too."]);
    assert!(
        world.health("database").starts_with("ok"),
        "{}",
        world.health("database")
    );
    assert_eq!(health(&world).await.0, 200);
    world.finish().await;
}

/// A probe that cuts every connection to a database at the n-th point, once.
fn cut_at(point: usize, url: &str, count: &Arc<AtomicUsize>) -> Probe {
    let (url, count) = (url.to_owned(), Arc::clone(count));
    Arc::new(move |_| {
        let (url, number) = (url.clone(), count.fetch_add(1, Ordering::SeqCst));
        Box::pin(async move {
            if number == point {
                let (mut admin, name) = admin(&url).await;
                cut(&mut admin, &name).await;
            }
        })
    })
}

async fn a_connection_cut_at_any_point_does_nothing_twice(kind: Kind) {
    if kind.engine == Storage::Sqlite {
        // A file has no connection that could be cut.
        return;
    }
    for point in (0..).step_by(4) {
        let mut world = World::new(kind).await;
        world.slack_tries_again.set(true);
        world.prepare_apollo().await;
        super::engine::script(&world);
        let count = Arc::new(AtomicUsize::new(0));
        let probe = cut_at(point, &world.database.url, &count);
        world.start_with(Some(probe)).await;
        world.github.user("cy").comments(
            "acme/apollo",
            12,
            "@pm label it, tell #apollo, start Zeus, open a follow-up",
        );
        world.github.webhooks_done().await;
        sent_again(&world);
        world.quiet().await;
        super::engine::assert_done_once(&world, point).await;
        let met = count.load(Ordering::SeqCst);
        world.finish().await;
        if met <= point {
            assert!(point > 20, "only {met} points were met: does the probe work?");
            return;
        }
    }
}

async fn a_standby_is_not_written_to(kind: Kind) {
    let world = World::apollo(kind).await;
    if kind.engine == Storage::Sqlite {
        return world.finish().await;
    }
    // As after a failover: the connections are gone, and for a while the address leads to a server that only reads.
    let (mut admin, name) = admin(&world.database.url).await;
    let only_read = |on: &str| format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
    statement(&mut admin, only_read("on")).await;
    cut(&mut admin, &name).await;
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    refused(&world).await;
    sees!(world.health("database"), @"failed: no connection to the database was free or could be made; check that PostgreSQL runs, takes changes (is no standby), and lets database.max_connections of each Callsheet connect. I go on by myself");
    let url = SecretString::from(world.database.url.clone());
    let Err(OpenError::Connect(why)) = Db::open(&url, true).await else {
        panic!("a standby was served");
    };
    let why = why.split_once(' ').unwrap().1.split_once(' ').unwrap().1;
    let (at, why) = why.split_once(' ').unwrap();
    assert!(at.starts_with("127.0.0.1:"), "{at}");
    sees!(why, @"can be read but not changed; name the primary server, not a standby");
    statement(&mut admin, only_read("off")).await;
    world.model.says("Hello.");
    sent_again(&world);
    world.quiet().await;
    assert_eq!(comments(&world), ["Hello."]);
    world.finish().await;
}

async fn no_free_connection_is_said_at_once(kind: Kind) {
    let mut world = World::new(kind).await;
    world
        .settings
        .insert("CALLSHEET__DATABASE__MAX_CONNECTIONS".to_owned(), "3".to_owned());
    world.prepare_apollo().await;
    world.start().await;
    // Somebody holds the one writer, or all connections but the one that listens.
    let engine = world.program().engine.clone();
    let count = if kind.engine == Storage::Sqlite { 1 } else { 2 };
    let mut held: Vec<Tx> = Vec::new();
    for _ in 0..count {
        held.push(engine.db.begin().await.unwrap());
    }
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    // GitHub gives up after ten seconds; it is told before.
    world.pass(Duration::from_secs(9)).await;
    refused(&world).await;
    assert!(
        world.health("database").starts_with("failed"),
        "{}",
        world.health("database")
    );
    // Nor does whoever asks how we are wait for long.
    let told = {
        let asked = health(&world);
        tokio::pin!(asked);
        loop {
            tokio::select! {
                told = &mut asked => break told,
                () = world.pass(Duration::from_secs(3)) => {}
            }
        }
    };
    assert_eq!(told.0, 503);
    drop(held);
    world.model.says("Hello.");
    sent_again(&world);
    world.quiet().await;
    assert_eq!(comments(&world), ["Hello."]);
    assert!(
        world.health("database").starts_with("ok"),
        "{}",
        world.health("database")
    );
    world.finish().await;
}

/// A file with tables and rows, closed in order.
async fn written(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("callsheet.db");
    let url = SecretString::from(format!("sqlite://{}", path.display()));
    Db::open(&url, true).await.unwrap().close().await;
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO lanes (lane, last_seq) SELECT 'lane number ' || i, i FROM n";
    connection.execute(many).await.unwrap();
    connection.close().await.unwrap();
    path
}

async fn open(path: &Path) -> Result<Db, OpenError> {
    Db::open(&SecretString::from(format!("sqlite://{}", path.display())), true).await
}

async fn a_damaged_file_is_refused_at_the_start(kind: Kind) {
    if kind.engine == Storage::Postgres {
        // The server looks after its own files.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sound = written(folder.path()).await;
    let bytes = std::fs::read(&sound).unwrap();
    assert!(open(&sound).await.is_ok());
    // Pages have 4096 bytes; the first says what the file is, the last ones hold the rows that were added.
    let page = |number: usize| number * 4096..(number + 1) * 4096;
    let pages = bytes.len() / 4096;
    assert!(pages > 50, "{pages}");
    let mut overwritten = bytes.clone();
    overwritten[page(pages - 9)].fill(0x5a);
    let mut exchanged = bytes.clone();
    exchanged.copy_within(page(pages - 20), (pages - 5) * 4096);
    let cut = bytes[..bytes.len() / 2].to_vec();
    let halved = bytes[..bytes.len() - 2000].to_vec();
    for (what, damaged) in [
        ("overwritten", overwritten),
        ("exchanged", exchanged),
        ("cut", cut),
        ("cut in the middle of a page", halved),
    ] {
        let path = folder.path().join("damaged.db");
        std::fs::write(&path, damaged).unwrap();
        let opened = open(&path).await.err().map(|error| error.to_string());
        let told = opened.unwrap_or_else(|| panic!("{what}: it was opened"));
        assert!(
            told.starts_with(&format!("the database {} is damaged (", path.display())),
            "{what}: {told}"
        );
        assert!(told.contains("put a backup in its place"), "{what}: {told}");
    }
    let path = folder.path().join("letter.db");
    std::fs::write(&path, "Dear Ana,\n".repeat(1000)).unwrap();
    let told = open(&path).await.err().unwrap().to_string();
    sees!(told.replace(&folder.path().display().to_string(), "…"), @"cannot open the database …/letter.db: this file is not a SQLite database; name another file");
}

async fn a_damaged_file_is_told_by_the_program(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    if kind.engine == Storage::Postgres {
        return;
    }
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let path = written(&folder.path().join("data")).await;
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let mut serve = program(folder.path(), &database, kind);
    serve.env("CALLSHEET__SERVER__LISTEN", "127.0.0.1:0");
    let ended = tokio::task::spawn_blocking(move || serve.output().unwrap())
        .await
        .unwrap();
    sees!(said(&ended), @"
    exit 1
    callsheet: the database data/callsheet.db is damaged (database disk image is malformed). Keep a copy of it with the files beside it, then put a backup in its place and remove data/callsheet.db-wal and data/callsheet.db-shm; or name another file in database.url to begin anew
    ");
    assert_eq!(
        std::fs::read(&path).unwrap().len(),
        bytes.len() / 2,
        "it was left as it is"
    );
}
