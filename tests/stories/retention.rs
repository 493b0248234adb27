//! What is finished and old is deleted; what is open, in doubt or young stays, and talks go on.

use std::time::Duration;

use callsheet::config::Retention;
use callsheet::domain::{
    AccountKey, Asker, DeliveryId, Effect, Event, GroupId, Heard, Place, Platform, RunId, Seen,
};
use callsheet::engine::{Engine, retention};
use callsheet::store::deliveries::{self, NewDelivery, Purpose, State};
use callsheet::store::queue::{self, Kind as Work};
use callsheet::store::runs::{self, NewTurn, RunState};
use callsheet::store::{Tx, conversations, inbox, people};
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::digests::wait_until;
use crate::support::clock::TestClock;
use crate::support::database::{Database, Engine as Storage, Kind};
use crate::support::world::World;
use crate::{sees, stories};

stories![
    what_was_forgotten_is_not_new_after_a_restart,
    what_was_said_is_forgotten_in_time_and_talks_go_on,
    a_question_is_forgotten_after_its_run,
    the_last_digest_of_a_schedule_stays,
    what_is_open_or_needs_a_person_stays,
    keys_hold_as_long_as_copies_come,
    large_heaps_go_in_small_batches,
    what_somebody_else_holds_is_left_alone,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const AGES: Retention = Retention {
    work_days: 7,
    event_days: 30,
    history_days: 90,
    message_days: 365,
};

/// What is kept, by a short name, and how much there is of it.
const TABLES: [(&str, &str); 13] = [
    ("work", "SELECT COUNT(*) FROM work_items"),
    ("lanes", "SELECT COUNT(*) FROM lanes"),
    ("events", "SELECT COUNT(*) FROM inbox_events"),
    ("keys", "SELECT COUNT(*) FROM event_keys"),
    ("deliveries", "SELECT COUNT(*) FROM deliveries"),
    ("turns", "SELECT COUNT(*) FROM turns"),
    ("runs", "SELECT COUNT(*) FROM runs"),
    ("steps", "SELECT COUNT(*) FROM steps"),
    ("questions", "SELECT COUNT(*) FROM gates"),
    ("votes", "SELECT COUNT(*) FROM votes"),
    ("messages", "SELECT COUNT(*) FROM messages"),
    ("talks", "SELECT COUNT(*) FROM conversations"),
    ("pacing", "SELECT COUNT(*) FROM pacing"),
];

/// How much there is of each.
async fn counts(database: &Database) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    for (what, query) in TABLES {
        counts.push((what, database.count(query).await));
    }
    counts
}

/// Of what there is any.
async fn rows(world: &World) -> String {
    let counts = counts(&world.database).await;
    let left = counts.iter().filter(|(_, count)| *count > 0);
    left.map(|(what, _)| *what).collect::<Vec<_>>().join(" ")
}

/// Lets days pass while the application is stopped, and then the time until it tidies up.
async fn later(world: &mut World, days: u32) {
    world.stop().await;
    world.clock.advance(DAY * days);
    world.start().await;
    world.pass(Duration::from_secs(330)).await;
    world.quiet().await;
}

async fn what_was_forgotten_is_not_new_after_a_restart(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.model.says("Hello.");
    world.slack.user("ana").says("#apollo", "@pm ferret");
    world.quiet().await;
    // Nobody restarts it, so that nothing is read again, until its keys are gone.
    world.clock.advance(DAY * 31);
    // How long that takes depends on the machine.
    for _ in 0..20 {
        world.pass(Duration::from_secs(30)).await;
        if !rows(&world).await.contains("keys") {
            break;
        }
    }
    assert!(!rows(&world).await.contains("keys"));
    world.stop().await;
    world.start().await;
    // What was missed is read in Slack's pace.
    world.pass(Duration::from_secs(10)).await;
    world.quiet().await;
    world.expects("#apollo", &["Hello."]);
    world.finish().await;
}

async fn what_was_said_is_forgotten_in_time_and_talks_go_on(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.model.says("Hello.");
    let thread = world.slack.user("ana").says("#apollo", "@pm ferret");
    world.quiet().await;
    sees!(rows(&world).await, @"work lanes events keys deliveries turns runs steps messages talks pacing");
    later(&mut world, 6).await;
    sees!(rows(&world).await, @"work lanes events keys deliveries turns runs steps messages talks");
    later(&mut world, 2).await;
    sees!(rows(&world).await, @"events keys deliveries turns runs steps messages talks");
    // A copy that comes late is still a copy.
    world.slack.resend_last_event();
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    later(&mut world, 39).await;
    sees!(rows(&world).await, @"deliveries turns runs steps messages talks");
    later(&mut world, 60).await;
    sees!(rows(&world).await, @"messages talks");
    world.model.says("And hello again.");
    world.slack.user("ana").replies("#apollo", &thread, "gecko");
    world.quiet().await;
    let asked = world.model.requests().pop().unwrap().to_string();
    assert!(asked.contains("ferret"), "what was said is still known: {asked}");
    // What was said first is forgotten, and the talk goes on.
    later(&mut world, 300).await;
    world.model.says("Still here.");
    world.slack.user("ben").replies("#apollo", &thread, "third");
    world.quiet().await;
    let asked = world.model.requests().pop().unwrap().to_string();
    assert!(!asked.contains("ferret") && asked.contains("gecko"), "{asked}");
    later(&mut world, 366).await;
    // What was still under way at the first tidying goes with the next.
    world.clock.advance(Duration::from_secs(3_600));
    world.pass(Duration::from_secs(10)).await;
    sees!(rows(&world).await, @"");
    // Nothing is left of the talk: one has to speak to us again.
    world.slack.user("ben").replies("#apollo", &thread, "fourth");
    world.quiet().await;
    world.model.says("Nice to meet you.");
    world.slack.user("ben").replies("#apollo", &thread, "@pm fifth");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> ferret
      pm: Hello.
      ana: gecko
      pm: And hello again.
      ben: third
      pm: Still here.
      ben: fourth
      ben: <@UPM> fifth
      pm: Nice to meet you.
    ");
    world.finish().await;
}

async fn a_question_is_forgotten_after_its_run(kind: Kind) {
    let mut world = World::careful(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "issue close acme/apollo#12");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "reject 1");
    world.quiet().await;
    later(&mut world, 80).await;
    sees!(rows(&world).await, @"deliveries turns runs steps questions votes messages talks");
    later(&mut world, 11).await;
    // What hung on something that went in this round goes with the next.
    world.clock.advance(Duration::from_secs(3_600));
    world.pass(Duration::from_secs(10)).await;
    sees!(rows(&world).await, @"messages talks");
    world.slack.news("#apollo");
    world.finish().await;
}

async fn the_last_digest_of_a_schedule_stays(kind: Kind) {
    let mut world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo \"0 12 1 1,7 *\"");
    world.quiet().await;
    for at in ["2027-01-01T12:00", "2027-07-01T12:00", "2028-01-01T12:00"] {
        wait_until(&world, at).await;
    }
    later(&mut world, 100).await;
    assert_eq!(world.database.count("SELECT COUNT(*) FROM occurrences").await, 1);
    let digests = "SELECT COUNT(*) FROM deliveries WHERE purpose = 'digest'";
    assert_eq!(world.database.count(digests).await, 1);
    // Who made the schedule is who they were sent for, and that is kept.
    let sent = "SELECT COUNT(*) FROM audit WHERE action = 'delivery.sent' AND detail LIKE 'a digest %' AND on_behalf_name = 'ana'";
    assert_eq!(world.database.count(sent).await, 3);
    world.slack.news("#apollo");
    ana.slash("#apollo", "/pm", "schedule list");
    world.quiet().await;
    sees!(world.slack.news("#apollo").join("\n"), @"
    > *ana*: /pm schedule list

    • *1*: Apollo to #apollo, `0 12 1 1,7 *` UTC. Next Sat 1 Jul 2028, 12:00 UTC. Last Sat 1 Jan 2028, 12:00 UTC: posted
    ");
    world.finish().await;
}

/// An engine of the test's own over a fresh database, and who asks.
async fn alone(kind: Kind) -> (Database, Engine, TestClock) {
    let (database, clock) = (Database::fresh(kind).await, TestClock::new());
    let engine = Engine::new(database.open().await, clock.clock());
    (database, engine, clock)
}

async fn forget(engine: &Engine) -> u64 {
    retention::forget(engine, AGES, &CancellationToken::new())
        .await
        .unwrap()
}

fn place() -> Place {
    "slack:T1/C1/1.1".parse().unwrap()
}

fn heard(key: &str) -> Heard {
    Heard {
        event: Event::Unknown { name: key.to_owned() },
        keys: vec![key.to_owned()],
        raw: b"{}".to_vec(),
    }
}

async fn add_run(tx: &mut Tx, now: DateTime<Utc>) -> RunId {
    let account = AccountKey {
        platform: Platform::Shell,
        workspace: String::new(),
        user_id: "ana".to_owned(),
    };
    let person = people::person_of(tx, &account, "ana", now).await.unwrap();
    let new = NewTurn {
        conversation: conversations::open(tx, now).await.unwrap(),
        asker: &Asker {
            person,
            account,
            name: "ana".to_owned(),
            place: place(),
        },
        text: "hello",
        asked_at: now,
        work: runs::Work::Talk,
        targets: Vec::new(),
        trusted: true,
    };
    runs::open(tx, &new, now).await.unwrap().1
}

async fn add_delivery(
    tx: &mut Tx,
    (group, part): (GroupId, i64),
    run: Option<RunId>,
    state: State,
    now: DateTime<Utc>,
) -> DeliveryId {
    let new = NewDelivery {
        group,
        part,
        purpose: Purpose::Answer,
        run,
        step: None,
        conversation: None,
        place: place(),
        credential: "slack:T1".to_owned(),
        effect: Effect::Message {
            reply: None,
            buttons: Vec::new(),
        },
        text: "hello".to_owned(),
        last: true,
    };
    let id = deliveries::insert(tx, &new, now).await.unwrap();
    deliveries::set_state(tx, id, state, "because").await.unwrap();
    id
}

async fn what_is_open_or_needs_a_person_stays(kind: Kind) {
    let (database, engine, clock) = alone(kind).await;
    let now = clock.now();
    let mut tx = engine.db.begin().await.unwrap();
    let (answered, unanswered, in_doubt) = (
        add_run(&mut tx, now).await,
        add_run(&mut tx, now).await,
        add_run(&mut tx, now).await,
    );
    for run in [answered, in_doubt] {
        runs::end(&mut tx, run, RunState::Done, "hello", now)
            .await
            .unwrap();
    }
    let group = GroupId::new;
    // What may go.
    add_delivery(&mut tx, (group(), 0), Some(answered), State::Sent, now).await;
    add_delivery(&mut tx, (group(), 0), None, State::Cancelled, now).await;
    // What may not: open, in doubt, given up, and what belongs to such.
    let (partly, waiting) = (group(), group());
    for (id, state) in [
        ((partly, 0), State::Sent),
        ((partly, 1), State::Dead),
        ((partly, 2), State::Cancelled),
        ((group(), 0), State::Queued),
        ((group(), 0), State::Sending),
    ] {
        add_delivery(&mut tx, id, None, state, now).await;
    }
    add_delivery(&mut tx, (group(), 0), Some(in_doubt), State::Unknown, now).await;
    add_delivery(&mut tx, (group(), 0), Some(unanswered), State::Sent, now).await;
    let edited = add_delivery(&mut tx, (waiting, 0), None, State::Sent, now).await;
    queue::enqueue(&mut tx, Work::Send, "send:open", edited.0, now, now)
        .await
        .unwrap();
    let Seen::New(undecided) = inbox::insert(&mut tx, &heard("undecided"), now).await.unwrap() else {
        panic!("it is new");
    };
    queue::enqueue(&mut tx, Work::Event, "event:open", undecided.0, now, now)
        .await
        .unwrap();
    inbox::insert(&mut tx, &heard("decided"), now).await.unwrap();
    tx.commit("test").await.unwrap();
    clock.advance(DAY * 3_000);
    forget(&engine).await;
    let left = counts(&database).await;
    let left: Vec<String> = left
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    sees!(left.join(", "), @"2 work, 2 lanes, 1 events, 1 keys, 8 deliveries, 2 turns, 2 runs, 2 talks");
    assert_eq!(
        forget(&engine).await,
        0,
        "what stays is not looked for again and again"
    );
}

async fn keys_hold_as_long_as_copies_come(kind: Kind) {
    let (_database, engine, clock) = alone(kind).await;
    let tell = async |key: &str| {
        let mut tx = engine.db.begin().await.unwrap();
        let seen = inbox::insert(&mut tx, &heard(key), clock.now()).await.unwrap();
        tx.commit("test").await.unwrap();
        seen
    };
    tell("once").await;
    let Seen::New(first) = tell("often").await else {
        panic!("it is new");
    };
    for _ in 0..4 {
        clock.advance(DAY * 29);
        forget(&engine).await;
        assert_eq!(tell("often").await, Seen::Before(first));
    }
    assert!(matches!(tell("once").await, Seen::New(_)), "long gone");
}

async fn large_heaps_go_in_small_batches(kind: Kind) {
    let (database, engine, clock) = alone(kind).await;
    let (now, lease) = (clock.now(), clock.now() + Duration::from_secs(60));
    let mut tx = engine.db.begin().await.unwrap();
    for number in 0..450 {
        inbox::insert(&mut tx, &heard(&format!("{number}")), now)
            .await
            .unwrap();
        let lane = format!("event:{number}");
        queue::enqueue(&mut tx, Work::Event, &lane, Uuid::now_v7(), now, now)
            .await
            .unwrap();
        let item = queue::claim(&mut tx, Work::Event, now, lease)
            .await
            .unwrap()
            .unwrap();
        if number == 449 {
            queue::bury(&mut tx, &item, "because").await.unwrap();
        } else {
            queue::finish(&mut tx, &item).await.unwrap();
        }
    }
    tx.commit("test").await.unwrap();
    clock.advance(DAY * 7);
    assert_eq!(forget(&engine).await, 0, "nothing is older than seven days");
    clock.advance(Duration::from_secs(1));
    assert_eq!(forget(&engine).await, 449 * 2);
    clock.advance(DAY * 100);
    assert_eq!(forget(&engine).await, 450 + 2);
    assert_eq!(database.count("SELECT COUNT(*) FROM lanes").await, 0);
    // The audit log stays, and tells of the three batches in which the events went; the queue's own items are nobody's business.
    clock.advance(DAY * 30_000);
    forget(&engine).await;
    let told = "SELECT COUNT(*) FROM audit WHERE action = 'retention.delete' AND actor = 'clock' AND subject = 'events'";
    assert_eq!(database.count(told).await, 3);
    assert_eq!(database.count("SELECT COUNT(*) FROM audit").await, 3);
}

async fn what_somebody_else_holds_is_left_alone(kind: Kind) {
    let (database, engine, clock) = alone(kind).await;
    if kind.engine == Storage::Sqlite {
        // There is one writer at a time.
        return;
    }
    let (now, lease) = (clock.now(), clock.now() + Duration::from_secs(60));
    let mut tx = engine.db.begin().await.unwrap();
    queue::enqueue(&mut tx, Work::Run, "run:a", Uuid::now_v7(), now, now)
        .await
        .unwrap();
    let item = queue::claim(&mut tx, Work::Run, now, lease)
        .await
        .unwrap()
        .unwrap();
    queue::finish(&mut tx, &item).await.unwrap();
    let talk = conversations::open(&mut tx, now).await.unwrap();
    conversations::join(&mut tx, talk, &place()).await.unwrap();
    let Seen::New(event) = inbox::insert(&mut tx, &heard("key"), now).await.unwrap() else {
        panic!("it is new");
    };
    tx.commit("test").await.unwrap();
    clock.advance(DAY * 400);
    // Somebody speaks in the old talk, enqueues in the old lane and hears a copy, and has not committed yet.
    let mut other = engine.db.begin().await.unwrap();
    queue::enqueue(
        &mut other,
        Work::Run,
        "run:a",
        Uuid::now_v7(),
        clock.now(),
        clock.now(),
    )
    .await
    .unwrap();
    let message = conversations::NewMessage {
        conversation: talk,
        place: &place(),
        external_id: "1.2",
        part: 0,
        turn: None,
        person: None,
        author_kind: "human",
        author_name: "ana",
        text: "hello",
        sent_at: clock.now(),
        trusted: true,
        strayed: false,
        home: None,
    };
    conversations::add_message(&mut other, &message).await.unwrap();
    let mut copy = heard("key");
    copy.keys.push("another key".to_owned());
    let seen = inbox::insert(&mut other, &copy, clock.now()).await.unwrap();
    assert_eq!(seen, Seen::Before(event));
    // Only the finished item goes.
    assert_eq!(forget(&engine).await, 1);
    other.commit("test").await.unwrap();
    assert_eq!(forget(&engine).await, 0);
    assert_eq!(database.count("SELECT COUNT(*) FROM work_items").await, 1);
    assert_eq!(database.count("SELECT COUNT(*) FROM messages").await, 1);
    assert_eq!(database.count("SELECT COUNT(*) FROM event_keys").await, 2);
}
