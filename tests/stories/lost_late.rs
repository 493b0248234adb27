//! What comes later than it should: effects after their look-up, platforms that are away for long, look-ups that never work.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::slack::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    an_effect_after_the_quiet_window_is_noticed,
    an_effect_that_comes_while_the_next_try_waits_is_taken,
    held_back_calls_are_no_lost_calls,
    what_does_not_work_for_minutes_arrives,
    what_is_held_back_for_a_day_is_given_up,
    look_ups_that_never_work_leave_it_to_a_person,
];

const POST: &str = "chat.postMessage";
const HOUR: Duration = Duration::from_secs(3600);

fn later(seconds: u64) -> Fault {
    let after = Duration::from_secs(seconds);
    Fault::ApplyLater { method: POST, after }
}

fn limit(seconds: u64) -> Fault {
    Fault::RateLimit {
        method: POST,
        retry_after: Some(seconds),
    }
}

/// Ana asks, and the answer's post meets faults.
fn asks(world: &World, faults: impl IntoIterator<Item = Fault>) {
    faults.into_iter().for_each(|fault| world.slack.fault(fault));
    world.model.says("Once.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
}

async fn an_effect_after_the_quiet_window_is_noticed(kind: Kind) {
    let world = World::apollo(kind).await;
    asks(&world, [later(600)]);
    world
        .until("both copies", |world| {
            world.slack.bot_messages("#apollo").len() == 2
        })
        .await;
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> hello?
      pm: Once.
      pm: Once.
    ");
    sees!(world.told_health("outbox").await, @"degraded: 1 sent twice; `callsheet outbox list` shows what, and what to do");
    world.finish().await;
}

async fn an_effect_that_comes_while_the_next_try_waits_is_taken(kind: Kind) {
    let world = World::apollo(kind).await;
    asks(&world, [later(85), limit(30)]);
    world.quiet().await;
    world.expects("#apollo", &["Once."]);
    assert_eq!(world.slack.calls(POST).len(), 2);
    world.finish().await;
}

async fn held_back_calls_are_no_lost_calls(kind: Kind) {
    let world = World::apollo(kind).await;
    let lost = Fault::DropBeforeEffect { method: POST };
    asks(&world, [limit(1), limit(1), limit(1), limit(1), lost]);
    world.quiet().await;
    world.expects("#apollo", &["Once."]);
    world.finish().await;
}

async fn what_does_not_work_for_minutes_arrives(kind: Kind) {
    let world = World::apollo(kind).await;
    let away = Fault::Refuse {
        method: POST,
        error: "request_timeout",
    };
    asks(&world, std::iter::repeat_n(away, 9));
    world.quiet().await;
    world.expects("#apollo", &["Once."]);
    world.finish().await;
}

async fn what_is_held_back_for_a_day_is_given_up(kind: Kind) {
    let world = World::apollo(kind).await;
    asks(&world, std::iter::repeat_n(limit(6 * 3600), 5));
    for calls in 1..=5 {
        world
            .until("the call", |world| world.slack.calls(POST).len() == calls)
            .await;
        world.leap(6 * HOUR).await;
    }
    world.quiet().await;
    assert_eq!(world.slack.calls(POST).len(), 5);
    sees!(world.given_up().await.join("\n"), @"Slack asks to slow down; it was tried for a day");
    world.finish().await;
}

async fn look_ups_that_never_work_leave_it_to_a_person(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    // The answer belongs to the issue, too.
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm what is acme/apollo#12 about?");
    held.reached().await;
    world.slack.revoke_scope("channels:history");
    world.slack.fault(Fault::DropAfterEffect { method: POST });
    world.model.says("A login.");
    held.release();
    world
        .until("the post", |world| world.slack.bot_messages("#apollo").len() == 1)
        .await;
    world.slack.fault(Fault::DropAfterEffect { method: POST });
    world
        .model
        .calls_tool("post_message", json!({"place": "#apollo", "text": "We ship."}))
        .says("I do not know whether it arrived.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 13, "@pm tell #apollo that we ship");
    world
        .until("the other post", |world| {
            world.slack.bot_messages("#apollo").len() == 2
        })
        .await;
    for _ in 0..20 {
        world.leap(Duration::from_secs(300)).await;
    }
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> what is acme/apollo#12 about?
      pm: A login.
    pm: We ship.
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    pm-bot: > **ana** asked in Slack (#apollo): what is acme/apollo#12 about?
        
        A login.
    pm-bot: I do not know whether this answer reached #apollo: the bot lacks the scope channels:history; add it at https://api.slack.com/apps, your app, OAuth & Permissions, and install the app again. Please look there.
    ");
    sees!(world.issue_talk("acme/apollo", 13), @"
    cy: @pm tell #apollo that we ship
    pm-bot [edited]: I do not know whether it arrived.
    ");
    sees!(world.model.told(), @"I do not know whether I made a post to #apollo: the platform's answer was lost, and looking for it did not work: the bot lacks the scope channels:history; add it at https://api.slack.com/apps, your app, OAuth & Permissions, and install the app again. Please look there.");
    sees!(world.told_health("outbox").await, @"degraded: 2 in doubt; `callsheet outbox list` shows what, and what to do");
    world.finish().await;
}
