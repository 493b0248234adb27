//! The engine: statements on both databases, dedupe, lanes, and going on after a stop between any two steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callsheet::engine::Engine;
use callsheet::engine::lease::Held;
use callsheet::engine::workers::{self, Failure, Handler};
use callsheet::store::queue::{self, Kind as Work};
use callsheet::store::{Probe, StoreError, leases};
use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::clock::TestClock;
use crate::support::database::{Database, Engine as Storage, Kind};
use crate::support::world::World;
use crate::{sees, stories};

stories![
    every_statement_is_understood,
    lanes_keep_their_order_and_do_not_wait_for_each_other,
    a_lost_lease_cannot_write,
    who_lost_a_named_lease_cannot_write,
    writers_of_one_lane_wait_for_each_other,
    work_that_panics_is_given_up_and_its_lane_goes_on,
    replicas_call_each_other,
    stopped_between_any_two_steps_the_run_goes_on,
    a_clean_stop_hands_everything_back,
    a_stop_in_the_middle_leaves_no_lease,
    what_ends_the_program_each_time_is_given_up,
];

async fn every_statement_is_understood(kind: Kind) {
    let database = Database::fresh(kind).await;
    let count = database.open().await.prepare_all().await.unwrap();
    assert!(count > 40, "{count}");
}

async fn lanes_keep_their_order_and_do_not_wait_for_each_other(kind: Kind) {
    let database = Database::fresh(kind).await;
    let db = database.open().await;
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let later = now + Duration::from_secs(60);
    let (first, second, other) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let mut tx = db.begin().await.unwrap();
    for (lane, subject) in [("a", first), ("a", second), ("b", other)] {
        queue::enqueue(&mut tx, Work::Run, lane, subject, now, now)
            .await
            .unwrap();
        // Once more: nothing is added.
        queue::enqueue(&mut tx, Work::Run, lane, subject, now, now)
            .await
            .unwrap();
    }
    let mut claimed = Vec::new();
    while let Some(item) = queue::claim(&mut tx, Work::Run, now, later).await.unwrap() {
        claimed.push(item);
    }
    let subjects: Vec<Uuid> = claimed.iter().map(|item| item.subject).collect();
    assert_eq!(subjects, [first, other]);
    queue::park(&mut tx, &claimed[0]).await.unwrap();
    assert_eq!(
        queue::claim(&mut tx, Work::Run, now, later).await.unwrap(),
        None,
        "a parked item keeps its lane"
    );
    queue::wake(&mut tx, Work::Run, first, now).await.unwrap();
    let again = queue::claim(&mut tx, Work::Run, now, later)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.subject, first);
    queue::finish(&mut tx, &again).await.unwrap();
    let next = queue::claim(&mut tx, Work::Run, now, later)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.subject, second);
}

async fn a_lost_lease_cannot_write(kind: Kind) {
    let database = Database::fresh(kind).await;
    let db = database.open().await;
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let later = now + Duration::from_secs(60);
    let mut tx = db.begin().await.unwrap();
    queue::enqueue(&mut tx, Work::Run, "a", Uuid::now_v7(), now, now)
        .await
        .unwrap();
    let frozen = queue::claim(&mut tx, Work::Run, now, later)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(queue::release_expired(&mut tx, now).await.unwrap(), 0);
    assert_eq!(queue::release_expired(&mut tx, later).await.unwrap(), 1);
    let fresh = queue::claim(&mut tx, Work::Run, later, later + Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    assert!(queue::finish(&mut tx, &frozen).await.is_err());
    assert!(!queue::renew(&mut tx, &frozen, later).await.unwrap());
    queue::finish(&mut tx, &fresh).await.unwrap();
}

async fn who_lost_a_named_lease_cannot_write(kind: Kind) {
    const NAME: &str = "discord gateway";
    let database = Database::fresh(kind).await;
    let db = database.open().await;
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let mut tx = db.begin().await.unwrap();
    let frozen = leases::take(&mut tx, NAME, Uuid::now_v7(), None, now)
        .await
        .unwrap();
    let frozen = frozen.unwrap();
    let held = Held::Lease {
        name: NAME,
        number: frozen,
    };
    held.check(&mut tx).await.unwrap();
    let seen = leases::get(&mut tx, NAME).await.unwrap();
    let until = now + Duration::from_secs(6);
    let taken = leases::take(&mut tx, NAME, Uuid::now_v7(), seen, until)
        .await
        .unwrap();
    assert!(taken.is_some_and(|number| number > frozen));
    assert!(matches!(held.check(&mut tx).await, Err(StoreError::LeaseLost)));
    assert!(!leases::renew(&mut tx, NAME, frozen, until).await.unwrap());
}

async fn writers_of_one_lane_wait_for_each_other(kind: Kind) {
    if kind.engine == Storage::Sqlite {
        // It has one writer.
        return;
    }
    let database = Database::fresh(kind).await;
    let db = database.open().await;
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    // The one that enqueues later has the smaller id.
    let (second, first) = (Uuid::now_v7(), Uuid::now_v7());
    let mut slow = db.begin().await.unwrap();
    queue::enqueue(&mut slow, Work::Run, "a", first, now, now)
        .await
        .unwrap();
    let quick = async {
        let mut tx = db.begin().await.unwrap();
        queue::enqueue(&mut tx, Work::Run, "a", second, now, now)
            .await
            .unwrap();
        tx.commit("test").await.unwrap();
    };
    tokio::pin!(quick);
    #[expect(
        clippy::disallowed_methods,
        reason = "whether it waits for the database can only be seen by waiting"
    )]
    let waits = tokio::time::timeout(Duration::from_millis(300), &mut quick);
    assert!(waits.await.is_err(), "the second writer did not wait");
    slow.commit("test").await.unwrap();
    quick.await;
    let mut tx = db.begin().await.unwrap();
    for expected in [first, second] {
        let item = queue::claim(&mut tx, Work::Run, now, now).await.unwrap().unwrap();
        assert_eq!(item.subject, expected);
        queue::finish(&mut tx, &item).await.unwrap();
    }
}

/// A handler that panics over one subject, and notes the others and what it gave up.
struct Panics {
    over: Uuid,
    done: std::sync::Mutex<Vec<String>>,
    db: callsheet::store::Db,
    stop: CancellationToken,
}

impl Handler for Panics {
    fn kind(&self) -> Work {
        Work::Run
    }

    fn handle(&self, item: queue::Claimed) -> BoxFuture<'_, Result<(), Failure>> {
        assert_ne!(item.subject, self.over, "this one panics");
        Box::pin(async move {
            let mut tx = self.db.begin().await?;
            queue::finish(&mut tx, &item).await?;
            tx.commit("test").await?;
            self.done.lock().unwrap().push("done".to_owned());
            self.stop.cancel();
            Ok(())
        })
    }

    fn give_up<'a>(
        &'a self,
        _: &'a mut callsheet::store::Tx,
        item: &'a queue::Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let why = why.split(" as ").next().unwrap_or_default();
        let line = format!("given up at try {}: {why}", item.attempts);
        self.done.lock().unwrap().push(line);
        Box::pin(async { Ok(()) })
    }
}

async fn work_that_panics_is_given_up_and_its_lane_goes_on(kind: Kind) {
    let database = Database::fresh(kind).await;
    let db = database.open().await;
    let clock = TestClock::new();
    let engine = Engine::new(db.clone(), clock.clock());
    let (bad, good) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tx = db.begin().await.unwrap();
    for subject in [bad, good] {
        let now = clock.now();
        queue::enqueue(&mut tx, Work::Run, "a", subject, now, now)
            .await
            .unwrap();
    }
    tx.commit("test").await.unwrap();
    let stop = CancellationToken::new();
    let handler = Arc::new(Panics {
        over: bad,
        done: std::sync::Mutex::default(),
        db,
        stop: stop.clone(),
    });
    let worked = workers::run(engine.clone(), Arc::clone(&handler) as Arc<dyn Handler>, 2, stop);
    let mut idle = engine.activity.idle();
    let time = async {
        // Time passes whenever the workers rest.
        while idle.wait_for(|idle| *idle).await.is_ok() {
            clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = worked => ended.unwrap(),
        () = time => {}
    }
    sees!(handler.done.lock().unwrap().join("\n"), @"
    given up at try 6: an internal error, noted in the log
    done
    ");
}

async fn replicas_call_each_other(kind: Kind) {
    let database = Database::fresh(kind).await;
    let (db, other) = (database.open().await, database.open().await);
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let Some(mut calls) = db.calls().await.unwrap() else {
        assert_eq!(kind.engine, Storage::Sqlite, "only SQLite has no replicas");
        return;
    };
    let heard = calls.next();
    tokio::pin!(heard);
    for (who, is_other) in [(&db, false), (&other, true)] {
        let mut tx = who.begin().await.unwrap();
        queue::enqueue(&mut tx, Work::Run, "a", Uuid::now_v7(), now, now)
            .await
            .unwrap();
        assert!(
            futures::poll!(&mut heard).is_pending(),
            "called before the commit"
        );
        tx.commit("test").await.unwrap();
        if is_other {
            heard.as_mut().await.unwrap();
        }
    }
}

/// What is committed beside the steps of a run: the audit log is kept by a task of its own, and until the end of a stop.
const BESIDE: [&str; 4] = ["service started", "service stopped", "audit sealed", "owners"];

/// A probe that lets `after` points pass and then holds whoever reaches one, telling the test.
pub(crate) fn stop_after(after: usize, reached: &Arc<Notify>, count: &Arc<AtomicUsize>) -> Probe {
    let (reached, count) = (Arc::clone(reached), Arc::clone(count));
    Arc::new(move |point| {
        if BESIDE.contains(&point) {
            return Box::pin(async {});
        }
        let (reached, number) = (Arc::clone(&reached), count.fetch_add(1, Ordering::SeqCst) + 1);
        Box::pin(async move {
            if number > after {
                reached.notify_one();
                std::future::pending::<()>().await;
            }
        })
    })
}

/// Cy asks for a label, a post and an issue; the script answers by what it is asked, since a question that was in flight at
/// a crash is asked again.
pub(crate) fn script(world: &World) {
    world.model.always(|request| {
        let results = request["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|m| m["role"] == "tool")
            .count();
        if results == 0 {
            let calls = [
                ("update_issue", json!({"add_labels": ["bug"]})),
                ("post_message", json!({"place": "#apollo", "text": "Labelled."})),
                ("create_project", json!({"name": "Zeus"})),
                ("create_issue", json!({"title": "Follow up"})),
            ];
            crate::support::model::Turn::calls_tools(&calls)
        } else {
            crate::support::model::Turn::says("All done.")
        }
    });
}

async fn stopped_between_any_two_steps_the_run_goes_on(kind: Kind) {
    // On PostgreSQL the kill matrix ends the program at all its points.
    if kind.engine == Storage::Postgres {
        return;
    }
    let mut point = 0;
    loop {
        let mut world = World::new(kind).await;
        world.prepare_apollo().await;
        script(&world);
        let (reached, count) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        world.start_with(Some(stop_after(point, &reached, &count))).await;
        world.github.user("cy").comments(
            "acme/apollo",
            12,
            "@pm label it, tell #apollo, start Zeus, open a follow-up",
        );
        let stopped = tokio::select! {
            () = reached.notified() => true,
            () = world.quiet() => false,
        };
        world.kill().await;
        world.start().await;
        world.redeliver_what_was_refused();
        world.quiet().await;
        assert_done_once(&world, point).await;
        world.finish().await;
        if !stopped {
            assert!(point > 30, "only {point} points were met: does the probe work?");
            return;
        }
        point += 1;
    }
}

pub(crate) async fn assert_done_once(world: &World, point: usize) {
    let comments = world.github.comments("acme/apollo", 12);
    let answers: Vec<_> = comments
        .iter()
        .filter(|comment| comment.user == "pm-bot")
        .collect();
    assert_eq!(answers.len(), 1, "stopped at point {point}: {answers:?}");
    assert!(
        answers[0].body.starts_with("All done."),
        "stopped at point {point}: {answers:?}"
    );
    assert_eq!(
        world.github.get_issue("acme/apollo", 12).labels,
        ["bug"],
        "stopped at point {point}"
    );
    let posts: Vec<String> = world
        .slack
        .bot_messages("#apollo")
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(posts, ["Labelled."], "stopped at point {point}");
    let issues = world.github.issues("acme/apollo");
    let follow_ups = issues.iter().filter(|issue| issue.title == "Follow up").count();
    assert_eq!(follow_ups, 1, "stopped at point {point}");
    let mut tx = world.db.read().await.unwrap();
    let projects = callsheet::store::projects::all(&mut tx).await.unwrap();
    assert_eq!(
        projects.iter().filter(|project| project.slug == "zeus").count(),
        1,
        "stopped at point {point}"
    );
}

async fn a_clean_stop_hands_everything_back(kind: Kind) {
    let mut world = World::apollo(kind).await;
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.model.says("Hello.");
    let release = async {
        held.release();
    };
    tokio::join!(release, world.stop());
    world.start().await;
    world.quiet().await;
    let texts: Vec<String> = world
        .slack
        .bot_messages("#apollo")
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(texts, ["Hello."]);
    world.finish().await;
}

async fn a_stop_in_the_middle_leaves_no_lease(kind: Kind) {
    let mut world = World::apollo(kind).await;
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.stop_in_time().await;
    let mut tx = world.db.read().await.unwrap();
    let open = queue::open_items(&mut tx).await.unwrap();
    drop(tx);
    assert!(
        !open.is_empty() && open.iter().all(|(_, state, _)| state != "running"),
        "{open:?}"
    );
    world.model.says("Hello.");
    world.start().await;
    // Long before a lease would end.
    let started = world.clock.now();
    world
        .until("the answer", |world| {
            world
                .slack
                .bot_messages("#apollo")
                .iter()
                .any(|m| m.text == "Hello.")
        })
        .await;
    let took = world.clock.now() - started;
    assert!(took < chrono::TimeDelta::seconds(20), "it took {took}");
    world.finish().await;
}

async fn what_ends_the_program_each_time_is_given_up(kind: Kind) {
    use callsheet::domain::{AccountKey, Author, AuthorKind, Event, Heard, Platform};
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    let now = world.clock.now();
    let account = AccountKey {
        platform: Platform::Slack,
        workspace: world.slack.team().to_owned(),
        user_id: "UANA".to_owned(),
    };
    let author = Author {
        account,
        name: "ana".to_owned(),
        kind: AuthorKind::Human,
    };
    let place = format!("slack:{}/{}", world.slack.team(), world.slack.channel("#apollo"));
    let heard = Heard {
        event: Event::CommandGiven {
            place: place.parse().unwrap(),
            author,
            text: "projects".to_owned(),
            mentions: Vec::new(),
            in_words: false,
            reply: None,
            at: now,
        },
        keys: vec!["test".to_owned()],
        raw: Vec::new(),
    };
    let mut tx = world.db.begin().await.unwrap();
    callsheet::engine::intake::add(&mut tx, &heard, now)
        .await
        .unwrap();
    for _ in 0..60 {
        let lease = now + Duration::from_secs(60);
        queue::claim(&mut tx, Work::Event, now, lease)
            .await
            .unwrap()
            .unwrap();
        queue::release_all(&mut tx, now).await.unwrap();
    }
    tx.commit("test").await.unwrap();
    world.start().await;
    world.quiet().await;
    let said = world.slack.news("#apollo").join("\n");
    let said = said.split(" noted").next().unwrap();
    sees!(said, @"I could not take this request: an internal error,");
    world.finish().await;
}
