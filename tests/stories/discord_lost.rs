//! Answers of Discord that are lost on the way, and calls that it holds back: the message is there once, the last text arrives.

use std::time::Duration;

use crate::support::database::Kind;
use crate::support::discord::{EDIT, Fault, HISTORY, ORIGINAL, POST, Permission};
use crate::support::model::Held;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_post_is_there_once_whatever_happens_to_its_call,
    a_last_edit_arrives_whatever_happens_to_its_call,
    what_discord_refuses_is_told_on_the_issue,
    a_post_after_the_quiet_window_is_deduplicated,
    slowed_down_at_the_last_edit_the_text_arrives,
    a_deleted_progress_message_is_posted_anew,
    the_answer_to_a_command_whose_answer_is_lost,
    a_post_is_found_without_its_event,
    the_same_words_twice_are_two_answers,
    the_bucket_of_a_channel_is_not_overdrawn,
    to_closed_direct_messages_the_answer_is_given_up_with_a_reason,
    in_a_deleted_thread_the_answer_is_given_up_with_a_reason,
];

/// Longer than any call may take.
const TIME_OUT: Duration = Duration::from_secs(20);

fn later(seconds: u64) -> Fault {
    let after = Duration::from_secs(seconds);
    Fault::ApplyLater { after }
}

/// Everything that may happen to a call, with its name for people.
fn faults() -> Vec<(&'static str, Fault)> {
    let limit = |retry_after, global| Fault::RateLimit { retry_after, global };
    vec![
        ("applied, then reset", Fault::DropAfterEffect),
        ("applied, then 502", Fault::StatusAfterEffect { code: 502 }),
        ("applied, no answer in time", Fault::Hold),
        ("applied 5 s later", later(5)),
        ("applied 70 s later", later(70)),
        ("reset", Fault::DropBeforeEffect),
        ("no answer in time", Fault::HoldBeforeEffect),
        ("503", Fault::Status { code: 503 }),
        ("429 in one channel", limit(Some(30.5), false)),
        ("429 everywhere", limit(Some(30.5), true)),
        ("429 at the edge", limit(None, false)),
    ]
}

/// Plays a fault to its end, time-outs included.
async fn endure(world: &World, route: &'static str, fault: &Fault) {
    if matches!(fault, Fault::Hold | Fault::HoldBeforeEffect) {
        world
            .until("the call to hang", |world| world.discord.held(route) > 0)
            .await;
        world.clock.advance(TIME_OUT);
    }
    world.quiet().await;
}

/// What we said since the first `count` messages of ours, with every text that stood there.
fn answers(world: &World, count: usize) -> String {
    let messages = world.discord.bot_messages("#apollo").into_iter();
    let ours = messages.skip(count).filter(|message| !message.deleted);
    let texts: Vec<String> = ours.map(|message| message.revisions.join(" → ")).collect();
    texts.join(" | ")
}

async fn a_post_is_there_once_whatever_happens_to_its_call(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let mut rows = Vec::new();
    for (name, fault) in faults() {
        let calls = world.discord.calls(POST).len();
        let count = world.discord.bot_messages("#apollo").len();
        world.discord.fault(POST, fault.clone());
        world.model.says("Once.");
        world.discord.user("ana").says("#apollo", "@pm hello?");
        endure(&world, POST, &fault).await;
        let calls = world.discord.calls(POST).len() - calls;
        rows.push(format!("{name}: {} ({calls})", answers(&world, count)));
    }
    sees!(rows.join("\n"), @"
    applied, then reset: Once. (1)
    applied, then 502: Once. (1)
    applied, no answer in time: Once. (1)
    applied 5 s later: Once. (1)
    applied 70 s later: Once. (1)
    reset: Once. (2)
    no answer in time: Once. (2)
    503: Once. (2)
    429 in one channel: Once. (2)
    429 everywhere: Once. (2)
    429 at the edge: Once. (2)
    ");
    world.finish().await;
}

async fn a_last_edit_arrives_whatever_happens_to_its_call(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let mut rows = Vec::new();
    for (name, fault) in faults() {
        let calls = world.discord.calls(EDIT).len();
        let count = world.discord.bot_messages("#apollo").len();
        let held = world.model.holds();
        world.discord.user("ana").says("#apollo", "@pm hello?");
        held.reached().await;
        world.clock.advance(Duration::from_secs(2));
        world
            .now("the progress message", |world| !answers(world, count).is_empty())
            .await;
        world.discord.fault(EDIT, fault.clone());
        world.model.says("Once.");
        held.release();
        endure(&world, EDIT, &fault).await;
        let calls = world.discord.calls(EDIT).len() - calls;
        rows.push(format!("{name}: {} ({calls})", answers(&world, count)));
    }
    sees!(rows.join("\n"), @"
    applied, then reset: *thinking …* → Once. (1)
    applied, then 502: *thinking …* → Once. (1)
    applied, no answer in time: *thinking …* → Once. (1)
    applied 5 s later: *thinking …* → Once. (1)
    applied 70 s later: *thinking …* → Once. (1)
    reset: *thinking …* → Once. (2)
    no answer in time: *thinking …* → Once. (2)
    503: *thinking …* → Once. (2)
    429 in one channel: *thinking …* → Once. (2)
    429 everywhere: *thinking …* → Once. (2)
    429 at the edge: *thinking …* → Once. (2)
    ");
    world.finish().await;
}

/// What comes after the quiet window meets Discord's memory of nonces.
async fn a_post_after_the_quiet_window_is_deduplicated(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.fault(POST, later(120));
    world.model.says("Once.");
    world.discord.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    world.leap(TIME_OUT * 6).await;
    world.quiet().await;
    assert_eq!(texts(&world), ["Once."]);
    sees!(world.told_health("outbox").await, @"ok: nothing waits for a person");
    world.finish().await;
}

/// What makes Discord refuse, with its name for people, and what mends it.
type Trouble = (&'static str, fn(&World), fn(&World));

const TROUBLES: [Trouble; 3] = [
    (
        "the bot may not write",
        |world| world.discord.deny("#apollo", None, Permission::SendMessages),
        |world| world.discord.allow("#apollo", None, Permission::SendMessages),
    ),
    (
        "the bot may not see the channel",
        |world| world.discord.deny("#apollo", None, Permission::ViewChannel),
        |world| world.discord.allow("#apollo", None, Permission::ViewChannel),
    ),
    (
        "the token is revoked",
        |world| world.discord.revoke_token(true),
        |world| world.discord.revoke_token(false),
    ),
];

async fn what_discord_refuses_is_told_on_the_issue(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let mut rows = Vec::new();
    for (name, break_it, mend_it) in TROUBLES {
        let before = world.discord.calls(POST).len();
        let known = world.github.comments("acme/apollo", 12).len();
        let held = world.model.holds();
        world
            .discord
            .user("ana")
            .says("#apollo", "@pm what is acme/apollo#12 about?");
        held.reached().await;
        break_it(&world);
        world.model.says("A login.");
        held.release();
        world.quiet().await;
        let calls = world.discord.calls(POST).len() - before;
        rows.push(format!("{name} ({calls})"));
        let comments = world.github.comments("acme/apollo", 12);
        rows.extend(comments.iter().skip(known).skip(1).map(|comment| {
            let words = comment.body.split("\n\n<!--").next().unwrap_or_default();
            format!("  on the issue: {words}")
        }));
        rows.push(format!("  health: {}", world.health("discord")));
        mend_it(&world);
        world.model.says("Fine.");
        world.discord.user("ana").says("#apollo", "@pm hello?");
        world.quiet().await;
        rows.push(format!("  mended: {}", world.health("discord")));
    }
    sees!(rows.join("\n"), @"
    the bot may not write (1)
      on the issue: I could not post this answer to #apollo: the bot may not write here; give it the permissions Send Messages, Send Messages in Threads and Read Message History.
      health: ok: connected as @pm on 1 server
      mended: ok: connected as @pm on 1 server
    the bot may not see the channel (1)
      on the issue: I could not post this answer to #apollo: the bot may not see this channel, or is not on this server; give it the permission View Channel there, or invite it again.
      health: ok: connected as @pm on 1 server
      mended: ok: connected as @pm on 1 server
    the token is revoked (1)
      on the issue: I could not post this answer to #apollo: Discord refuses the bot's token; put the current one, found at https://discord.com/developers/applications, your app, Bot, into discord.bot_token.
      health: failed: connected as @pm on 1 server; Discord refuses the bot's token; put the current one, found at https://discord.com/developers/applications, your app, Bot, into discord.bot_token
      mended: ok: connected as @pm on 1 server
    ");
    sees!(texts(&world).join(" | "), @"Fine. | Fine. | Fine.");
    world.finish().await;
}

fn texts(world: &World) -> Vec<String> {
    let messages = world.discord.bot_messages("#apollo").into_iter();
    messages
        .filter(|message| !message.deleted)
        .map(|message| message.text)
        .collect()
}

/// Ana asks, the progress message appears, and the model is held.
async fn with_progress(world: &World) -> Held {
    let held = world.model.holds();
    world.discord.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.clock.advance(Duration::from_secs(2));
    world
        .now("the progress message", |world| {
            world.discord.bot_messages("#apollo").len() == 1
        })
        .await;
    held
}

async fn slowed_down_at_the_last_edit_the_text_arrives(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = with_progress(&world).await;
    for _ in 0..8 {
        world.discord.fault(
            EDIT,
            Fault::RateLimit {
                retry_after: Some(7.0),
                global: false,
            },
        );
    }
    let before = world.clock.now();
    world.model.says("Here it is.");
    held.release();
    world.quiet().await;
    assert_eq!(texts(&world), ["Here it is."]);
    assert!(world.clock.now() - before >= chrono::TimeDelta::seconds(56));
    world.finish().await;
}

async fn a_deleted_progress_message_is_posted_anew(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = with_progress(&world).await;
    let progress = world.discord.bot_messages("#apollo").remove(0);
    world.discord.user("ben").removes("#apollo", &progress.id);
    world.model.says("Still here.");
    held.release();
    world.quiet().await;
    assert_eq!(texts(&world), ["Still here."]);
    world.finish().await;
}

async fn the_answer_to_a_command_whose_answer_is_lost(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    for (at, fault) in [
        Fault::DropAfterEffect,
        Fault::StatusAfterEffect { code: 502 },
        later(5),
        Fault::DropBeforeEffect,
    ]
    .into_iter()
    .enumerate()
    {
        world.model.says("Once.");
        world.discord.fault(ORIGINAL, fault.clone());
        world
            .discord
            .user("ana")
            .slash("#apollo", "ask", &[("text", "hello?")]);
        world.quiet().await;
        let texts = texts(&world);
        assert_eq!(texts.len(), at + 1, "{fault:?}: {texts:?}");
        assert!(texts[at].ends_with("Once."), "{fault:?}: {texts:?}");
    }
    world.finish().await;
}

async fn a_post_is_found_without_its_event(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = world.model.holds();
    world.discord.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.discord.hold_events();
    world.discord.fault(POST, Fault::DropAfterEffect);
    world.model.says("Once.");
    held.release();
    world
        .until("the post to be looked for", |world| {
            world.discord.calls(HISTORY).len() > 1
        })
        .await;
    world.discord.release_events(false);
    world.quiet().await;
    assert_eq!(texts(&world), ["Once."]);
    world.finish().await;
}

async fn the_same_words_twice_are_two_answers(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.model.says("Yes.").says("Yes.");
    let ana = world.discord.user("ana");
    ana.says("#apollo", "@pm is it up?");
    world.quiet().await;
    world.discord.fault(POST, Fault::DropBeforeEffect);
    ana.says("#apollo", "@pm and now?");
    world.quiet().await;
    assert_eq!(texts(&world), ["Yes.", "Yes."]);
    world.finish().await;
}

async fn the_bucket_of_a_channel_is_not_overdrawn(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.limit(POST, 2, Duration::from_secs(60));
    world.discord.enforce_limits();
    for n in 0..6 {
        world.model.says(&format!("Answer {n}."));
        world
            .discord
            .user("ana")
            .says("#apollo", &format!("@pm question {n}"));
        world.quiet().await;
    }
    assert_eq!(texts(&world).len(), 6);
    assert_eq!(world.discord.limited(), 0);
    world.finish().await;
}

async fn to_closed_direct_messages_the_answer_is_given_up_with_a_reason(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = world.model.holds();
    let ana = world.discord.user("ana");
    ana.dm("hello?");
    held.reached().await;
    ana.closes_dms(true);
    world.model.says("Hello.");
    held.release();
    world.quiet().await;
    sees!(world.given_up().await.join("\n"), @"this person takes no direct messages from the bot; ask on a server that both are on");
    world.finish().await;
}

async fn in_a_deleted_thread_the_answer_is_given_up_with_a_reason(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = world.model.holds();
    let ana = world.discord.user("ana");
    let opening = ana.says("#apollo", "The login is broken.");
    let thread = ana.opens_thread("#apollo", &opening, "login");
    ana.says_in(&thread, "@pm look at this");
    held.reached().await;
    world.discord.delete_channel(&thread);
    world.model.says("I see.");
    held.release();
    world.quiet().await;
    sees!(world.given_up().await.join("\n"), @"the channel or thread is gone; ask in another one");
    world.finish().await;
}
