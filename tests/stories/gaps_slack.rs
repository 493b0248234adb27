//! What was said in Slack while nobody listened.

use std::time::Duration;

use crate::support::database::{Engine, Kind};
use crate::support::slack::{Fault, Mode};
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_missed_mention_in_a_projects_channel_is_answered_once,
    a_missed_reply_in_a_thread_with_us_is_answered,
    a_missed_direct_message_is_answered,
    what_was_said_before_us_is_not_replayed,
    after_a_gap_of_both_sockets_what_was_missed_is_read,
    a_missing_scope_is_said_once_with_what_to_do,
    reading_waits_as_long_as_slack_asks,
    a_socket_whose_opening_hangs_is_opened_anew,
    sockets_that_go_deaf_are_replaced,
];

fn health(world: &World) -> String {
    let part = world.program().engine.health.parts().remove("slack").unwrap();
    format!("{}: {}", part.state.words(), part.detail)
}

/// Apollo, where somebody talked with us; stopped, a while later.
async fn away(kind: Kind) -> (World, String) {
    let mut world = World::apollo(kind).await;
    world.quiet().await;
    world.clock.advance(Duration::from_secs(60));
    world.model.says("Hello.");
    let thread = world.slack.user("ana").says("#apollo", "@pm say hello");
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(300));
    (world, thread)
}

async fn start(world: &mut World) {
    // As Slack does after its last try.
    world.slack.lose_queued_events();
    world.clock.advance(Duration::from_secs(300));
    world.start().await;
    // Reading goes slowly.
    world.pass(Duration::from_secs(30)).await;
    world.quiet().await;
}

/// The talk in #apollo; whether progress was shown before an answer depends on how time passed.
fn talk(world: &World) -> String {
    world.talk("#apollo").replace(" [edited]", "")
}

/// Waits until we said so much.
async fn said(world: &World, place: &str, count: usize) {
    let said = |world: &World| world.slack.bot_messages(place).len() == count;
    world.until("the answer", said).await;
    world.quiet().await;
}

async fn a_missed_mention_in_a_projects_channel_is_answered_once(kind: Kind) {
    let (mut world, _) = away(kind).await;
    world.slack.user("ana").says("#apollo", "Lunch?");
    world.slack.user("ana").says("#apollo", "@pm are you there?");
    world.model.says("I am.");
    start(&mut world).await;
    said(&world, "#apollo", 2).await;
    sees!(talk(&world), @"
    ana: <@UPM> say hello
      pm: Hello.
    ana: Lunch?
    ana: <@UPM> are you there?
      pm: I am.
    ");
    world.stop().await;
    start(&mut world).await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 2);
    world.finish().await;
}

async fn a_missed_reply_in_a_thread_with_us_is_answered(kind: Kind) {
    let (mut world, thread) = away(kind).await;
    world.slack.user("ben").replies("#apollo", &thread, "And to me?");
    world.model.says("Hello, Ben.");
    start(&mut world).await;
    said(&world, "#apollo", 2).await;
    sees!(talk(&world), @"
    ana: <@UPM> say hello
      pm: Hello.
      ben: And to me?
      pm: Hello, Ben.
    ");
    world.finish().await;
}

async fn a_missed_direct_message_is_answered(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.model.says("Hello.").says("Hello again.");
    world.slack.user("ana").dm("say hello");
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(300));
    world.slack.user("ana").dm("and again");
    start(&mut world).await;
    let dm = world.slack.user("ana").dm_channel();
    said(&world, &dm, 2).await;
    world.finish().await;
}

async fn what_was_said_before_us_is_not_replayed(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm what was before you?");
    start(&mut world).await;
    world.stop().await;
    start(&mut world).await;
    assert!(world.slack.bot_messages("#apollo").is_empty());
    world.finish().await;
}

async fn after_a_gap_of_both_sockets_what_was_missed_is_read(kind: Kind) {
    if kind.slack != Mode::Socket {
        return;
    }
    let world = World::apollo(kind).await;
    world.quiet().await;
    world.clock.advance(Duration::from_secs(60));
    world.slack.user("ana").says("#apollo", "Lunch?");
    world.quiet().await;
    world.clock.advance(Duration::from_secs(60));
    world.slack.hold_events();
    world.slack.user("ana").says("#apollo", "@pm are you there?");
    world.slack.lose_queued_events();
    world.slack.release_events(false);
    world.model.says("I am.");
    let before = world.slack.connections();
    world.slack.fault(Fault::SocketDrop);
    world
        .until("a new socket", |world| {
            world.slack.connections() > before && world.slack.sockets() > 0
        })
        .await;
    world
        .until("the answer", |world| {
            !world.slack.bot_messages("#apollo").is_empty()
        })
        .await;
    sees!(talk(&world), @"
    ana: Lunch?
    ana: <@UPM> are you there?
      pm: I am.
    ");
    world.finish().await;
}

async fn a_missing_scope_is_said_once_with_what_to_do(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.quiet().await;
    world.stop().await;
    world.slack.revoke_scope("channels:history");
    start(&mut world).await;
    let health = health(&world);
    let about = health.find("what was missed").map_or("", |at| &health[at..]);
    sees!(about, @"what was missed in #apollo cannot be read: the scope channels:history is missing; add it at https://api.slack.com/apps, your app, OAuth & Permissions, and install the app to the workspace again");
    let asked = world.slack.calls("conversations.history").len();
    world.clock.advance(Duration::from_secs(3_600));
    world.quiet().await;
    assert_eq!(world.slack.calls("conversations.history").len(), asked);
    world.finish().await;
}

async fn reading_waits_as_long_as_slack_asks(kind: Kind) {
    let (mut world, _) = away(kind).await;
    world.slack.user("ana").says("#apollo", "@pm are you there?");
    world.slack.fault(Fault::RateLimit {
        method: "conversations.history",
        retry_after: Some(60),
    });
    world.model.says("I am.");
    let stopped = world.clock.now() + Duration::from_secs(300);
    world.slack.lose_queued_events();
    world.clock.advance(Duration::from_secs(300));
    world.start().await;
    world
        .until("the answer", |world| {
            world.slack.bot_messages("#apollo").len() == 2
        })
        .await;
    assert!(world.clock.now() >= stopped + Duration::from_secs(60));
    world.finish().await;
}

async fn a_socket_whose_opening_hangs_is_opened_anew(kind: Kind) {
    if kind.slack != Mode::Socket {
        return;
    }
    let world = World::apollo(kind).await;
    world.quiet().await;
    for _ in 0..2 {
        world.slack.fault(Fault::Hold {
            method: "apps.connections.open",
        });
    }
    world.slack.fault(Fault::SocketDrop);
    world
        .now("an opening that hangs", |world| {
            world.slack.held("apps.connections.open") > 0 && world.slack.sockets() == 0
        })
        .await;
    world.pass(Duration::from_secs(120)).await;
    world
        .now("another socket", |world| world.slack.sockets() > 0)
        .await;
    world.slack.release("apps.connections.open");
    world.finish().await;
}

/// Takes more than half a minute of the machine's clock, by which the library pings; so it is played once.
async fn sockets_that_go_deaf_are_replaced(kind: Kind) {
    if kind.slack != Mode::Socket || kind.engine != Engine::Sqlite {
        return;
    }
    let world = World::apollo(kind).await;
    world.quiet().await;
    world.slack.user("ana").says("#apollo", "Lunch?");
    world.quiet().await;
    let before = world.slack.connections();
    world.slack.fault(Fault::SocketSilent);
    world.clock.advance(Duration::from_secs(60));
    world.slack.user("ana").says("#apollo", "@pm are you there?");
    world.model.says("I am.");
    world
        .now("new sockets", |world| world.slack.connections() > before)
        .await;
    world
        .soon("the answer", |world| {
            !world.slack.bot_messages("#apollo").is_empty()
        })
        .await;
    // Slack sends again what nobody acknowledged, once it notices, too.
    world.clock.advance(Duration::from_secs(600));
    world
        .now("Slack to notice", |world| world.slack.sockets() == 2)
        .await;
    world.slack.resend_unacked();
    world.quiet().await;
    sees!(talk(&world), @"
    ana: Lunch?
    ana: <@UPM> are you there?
      pm: I am.
    ");
    world.finish().await;
}
