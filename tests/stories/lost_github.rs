//! Every way in which a call to GitHub can go wrong: what people see is there once, and what cannot be is told.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::github::{Fault, FaultHandle};
use crate::support::model::Held;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_comment_is_there_once_whatever_happens_to_its_call,
    a_last_edit_arrives_whatever_happens_to_its_call,
    a_secondary_limit_stops_everything_for_a_minute,
    what_github_refuses_is_told_in_the_chat,
    a_comment_after_the_quiet_window_is_noticed,
    an_issue_opened_twice_is_noticed,
];

const COMMENTS: &str = "/issues/12/comments";
/// Where comments are edited.
const COMMENT: &str = "/issues/comments/";

/// Longer than any call may take.
const TIME_OUT: Duration = Duration::from_secs(20);

/// Everything that may happen to a call, with its name for people.
fn faults() -> Vec<(&'static str, Fault)> {
    let later = |seconds| Fault::ApplyLater {
        after: Duration::from_secs(seconds),
    };
    let limit = |status, retry_after, secondary| Fault::RateLimit {
        status,
        retry_after,
        secondary,
    };
    vec![
        ("applied, then reset", Fault::DropAfterEffect),
        ("applied, then 502", Fault::StatusAfterEffect { code: 502 }),
        ("applied, no answer in time", Fault::Hold),
        ("applied 5 s later", later(5)),
        ("applied 70 s later", later(70)),
        ("reset", Fault::DropBeforeEffect),
        ("no answer in time", Fault::HoldBeforeEffect),
        ("503", Fault::Status { code: 503 }),
        ("429 with Retry-After", limit(429, Some(30), true)),
        ("429 without", limit(429, None, true)),
        ("403 without headers", limit(403, None, true)),
        ("403 with nothing left", limit(403, None, false)),
    ]
}

/// Plays a fault to its end, time-outs included.
async fn endure(world: &World, fault: &Fault, met: &FaultHandle) {
    if matches!(fault, Fault::Hold | Fault::HoldBeforeEffect) {
        world.until("the call to hang", |_| met.is_hit()).await;
        world.clock.advance(TIME_OUT);
    }
    world.quiet().await;
}

/// Cy asks, and the model is held.
async fn asked(world: &World) -> Held {
    let held = world.model.holds();
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    held.reached().await;
    held
}

/// What we said since the first `count` comments, with every text that stood there.
fn answers(world: &World, count: usize) -> String {
    let comments = world.github.comments("acme/apollo", 12);
    let ours = comments
        .into_iter()
        .skip(count)
        .filter(|comment| comment.user == "pm-bot");
    let seen = |text: &String| {
        text.split("\n\n<!-- callsheet:")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let texts: Vec<String> = ours
        .map(|comment| comment.revisions.iter().map(seen).collect::<Vec<_>>().join(" → "))
        .collect();
    texts.join(" | ")
}

/// How many calls of a kind there were.
fn calls(world: &World, method: &str, path: &str) -> usize {
    let calls = world.github.calls().into_iter();
    calls
        .filter(|call| call.method == method && call.path.contains(path))
        .count()
}

async fn a_comment_is_there_once_whatever_happens_to_its_call(kind: Kind) {
    let world = World::apollo(kind).await;
    let mut rows = Vec::new();
    for (name, fault) in faults() {
        // Where no webhook tells us of our own comment, it is looked up.
        let silent = matches!(fault, Fault::DropAfterEffect | Fault::Hold);
        for told in if silent { vec![true, false] } else { vec![true] } {
            let before = calls(&world, "POST", COMMENTS);
            let count = world.github.comments("acme/apollo", 12).len();
            let held = asked(&world).await;
            let met = world.github.fault("POST", COMMENTS, fault.clone());
            world.github.mute_webhooks(!told);
            world.model.says("Once.");
            held.release();
            endure(&world, &fault, &met).await;
            world.github.mute_webhooks(false);
            let calls = calls(&world, "POST", COMMENTS) - before;
            let told = if told { "" } else { ", no webhook" };
            rows.push(format!("{name}{told}: {} ({calls})", answers(&world, count)));
        }
    }
    sees!(rows.join("\n"), @"
    applied, then reset: Once. (1)
    applied, then reset, no webhook: Once. (1)
    applied, then 502: Once. (1)
    applied, no answer in time: Once. (1)
    applied, no answer in time, no webhook: Once. (1)
    applied 5 s later: Once. (1)
    applied 70 s later: Once. (1)
    reset: Once. (2)
    no answer in time: Once. (2)
    503: Once. (2)
    429 with Retry-After: Once. (2)
    429 without: Once. (2)
    403 without headers: Once. (2)
    403 with nothing left: Once. (2)
    ");
    world.finish().await;
}

async fn a_last_edit_arrives_whatever_happens_to_its_call(kind: Kind) {
    let world = World::apollo(kind).await;
    let mut rows = Vec::new();
    for (name, fault) in faults() {
        let before = calls(&world, "PATCH", COMMENT);
        let count = world.github.comments("acme/apollo", 12).len();
        let held = asked(&world).await;
        world.clock.advance(Duration::from_secs(2));
        world
            .now("the progress comment", |world| !answers(world, count).is_empty())
            .await;
        let met = world.github.fault("PATCH", COMMENT, fault.clone());
        world.model.says("Once.");
        held.release();
        endure(&world, &fault, &met).await;
        let calls = calls(&world, "PATCH", COMMENT) - before;
        rows.push(format!("{name}: {} ({calls})", answers(&world, count)));
    }
    sees!(rows.join("\n"), @"
    applied, then reset: _thinking …_ → Once. (1)
    applied, then 502: _thinking …_ → Once. (1)
    applied, no answer in time: _thinking …_ → Once. (1)
    applied 5 s later: _thinking …_ → Once. (1)
    applied 70 s later: _thinking …_ → Once. (1)
    reset: _thinking …_ → Once. (2)
    no answer in time: _thinking …_ → Once. (2)
    503: _thinking …_ → Once. (2)
    429 with Retry-After: _thinking …_ → Once. (2)
    429 without: _thinking …_ → Once. (2)
    403 without headers: _thinking …_ → Once. (2)
    403 with nothing left: _thinking …_ → Once. (2)
    ");
    world.finish().await;
}

async fn a_secondary_limit_stops_everything_for_a_minute(kind: Kind) {
    let world = World::apollo(kind).await;
    let limit = Fault::RateLimit {
        status: 403,
        retry_after: None,
        secondary: true,
    };
    let met = world.github.fault("POST", COMMENTS, limit);
    world.model.says("Once.");
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    world.until("the limit", |_| met.is_hit()).await;
    let limited = world.clock.now();
    let held = world.model.holds();
    world
        .github
        .user("cy")
        .comments("acme/apollo", 13, "@pm and here?");
    held.reached().await;
    let calls = world.github.calls().len();
    world.model.says("Here, too.");
    held.release();
    world.leap(Duration::from_secs(58)).await;
    assert!(world.clock.now() - limited < chrono::TimeDelta::seconds(60));
    assert_eq!(
        world.github.calls().len(),
        calls,
        "GitHub was asked within the minute"
    );
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm hello?
    pm-bot: Once.
    ");
    sees!(world.issue_talk("acme/apollo", 13), @"
    cy: @pm and here?
    pm-bot: Here, too.
    ");
    world.finish().await;
}

/// What makes GitHub refuse, with its name for people, and what mends it; each on an issue of its own.
type Trouble = (&'static str, fn(&World, u64), fn(&World, u64));

const TROUBLES: [Trouble; 5] = [
    (
        "the conversation is locked",
        |world, number| world.github.user("cy").locks("acme/apollo", number),
        |world, number| world.github.user("cy").unlocks("acme/apollo", number),
    ),
    (
        "the issue is deleted",
        |world, number| world.github.user("cy").deletes_issue("acme/apollo", number),
        |_, _| {},
    ),
    (
        "the repository is archived",
        |world, _| {
            world.github.repo("acme/apollo").archive();
        },
        |world, _| {
            world.github.repo("acme/apollo").unarchive();
        },
    ),
    (
        "a permission is missing",
        |world, number| {
            let message = "Resource not accessible by personal access token".to_owned();
            let refusal = Fault::Refuse { status: 403, message };
            let path = format!("/issues/{number}/comments");
            world.github.fault("POST", &path, refusal);
        },
        |_, _| {},
    ),
    (
        "the token is revoked",
        |world, _| world.github.revoke_token(),
        |world, _| world.github.restore_token(),
    ),
];

async fn what_github_refuses_is_told_in_the_chat(kind: Kind) {
    let world = World::apollo(kind).await;
    let mut rows = Vec::new();
    for ((name, break_it, mend_it), number) in TROUBLES.into_iter().zip(20..) {
        world.github.issue("acme/apollo", number, "Logout", "");
        let before = calls(&world, "POST", "/comments");
        let held = world.model.holds();
        let question = world
            .slack
            .user("ana")
            .says("#apollo", &format!("@pm what is acme/apollo#{number} about?"));
        held.reached().await;
        break_it(&world, number);
        world.model.says("A logout.");
        held.release();
        world.quiet().await;
        let calls = calls(&world, "POST", "/comments") - before;
        rows.push(format!("{name} ({calls})"));
        rows.extend(in_chat(&world, &question));
        rows.push(format!("  health: {}", told(&world)));
        mend_it(&world, number);
        world.model.says("Fine.");
        world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
        world.quiet().await;
        rows.push(format!("  mended: {}", told(&world)));
    }
    sees!(rows.join("\n"), @"
    the conversation is locked (1)
      in the chat: A logout.
      in the chat: I could not post this answer to acme/apollo#20: the conversation is locked. Unlock it and ask again.
      health: ok: signed in as pm-bot
      mended: ok: signed in as pm-bot
    the issue is deleted (1)
      in the chat: A logout.
      in the chat: I could not post this answer to acme/apollo#21: GitHub says it is gone (This issue was deleted). Choose another issue, or switch issues on in the repository's settings.
      health: ok: signed in as pm-bot
      mended: ok: signed in as pm-bot
    the repository is archived (1)
      in the chat: A logout.
      in the chat: I could not post this answer to acme/apollo#22: the repository is archived and can only be read. Unarchive it in its settings and ask again.
      health: ok: signed in as pm-bot
      mended: ok: signed in as pm-bot
    a permission is missing (1)
      in the chat: A logout.
      in the chat: I could not post this answer to acme/apollo#23: GitHub does not allow it to my account (Resource not accessible by personal access token). Have an owner of the repository check my account's role there, and the permissions that I was given.
      health: degraded: signed in as pm-bot; GitHub does not allow it to my account (Resource not accessible by personal access token). Have an owner of the repository check my account's role there, and the permissions that I was given.
      mended: ok: signed in as pm-bot
    the token is revoked (1)
      in the chat: A logout.
      in the chat: I could not post this answer to acme/apollo#24: GitHub does not accept my token; it is wrong, expired or revoked. Have a valid token put into github.token, and me started again.
      health: failed: signed in as pm-bot; GitHub does not accept my token; it is wrong, expired or revoked. Have a valid token put into github.token, and me started again.
      mended: ok: signed in as pm-bot
    ");
    world.github.comments("acme/apollo", 12);
    world.finish().await;
}

/// What we said under a question in the chat.
fn in_chat(world: &World, question: &str) -> Vec<String> {
    let thread = world.slack.thread("#apollo", question).into_iter();
    let said = thread.skip(1).map(|message| message.text);
    said.map(|text| format!("  in the chat: {text}")).collect()
}

/// What health says about GitHub, without the count of calls.
fn told(world: &World) -> String {
    let health = world.health("github");
    let kept = health.split("; ").filter(|words| !words.contains("calls left"));
    kept.collect::<Vec<_>>().join("; ")
}

async fn a_comment_after_the_quiet_window_is_noticed(kind: Kind) {
    let world = World::apollo(kind).await;
    let after = Duration::from_secs(600);
    world.github.fault("POST", COMMENTS, Fault::ApplyLater { after });
    world.model.says("Once.");
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    world.quiet().await;
    world.leap(after).await;
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm hello?
    pm-bot: Once.
    pm-bot: Once.
    ");
    sees!(world.told_health("outbox").await, @"degraded: 1 sent twice; `callsheet outbox list` shows what, and what to do");
    world.finish().await;
}

async fn an_issue_opened_twice_is_noticed(kind: Kind) {
    let world = World::apollo(kind).await;
    let after = Duration::from_secs(600);
    world
        .github
        .fault("POST", "/repos/acme/apollo/issues", Fault::ApplyLater { after });
    world
        .model
        .calls_tool("create_issue", json!({"title": "Logout fails"}))
        .says("Opened.");
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm open an issue about the logout");
    world.quiet().await;
    world.leap(after).await;
    world.quiet().await;
    assert_eq!(world.github.issues("acme/apollo").len(), 5);
    world.expects("#apollo", &["_Answered below._", "Opened."]);
    sees!(world.told_health("outbox").await, @"degraded: 1 sent twice; `callsheet outbox list` shows what, and what to do");
    world.finish().await;
}
