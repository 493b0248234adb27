//! Every way in which a call to Slack can go wrong: what people see is there once, and what cannot be is told.

use std::time::Duration;

use crate::support::database::Kind;
use crate::support::model::Held;
use crate::support::slack::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_post_is_there_once_whatever_happens_to_its_call,
    a_last_edit_arrives_whatever_happens_to_its_call,
    what_slack_refuses_is_told_on_the_issue,
    a_message_deleted_while_edits_fail_is_posted_anew,
];

const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

/// Longer than any call may take.
const TIME_OUT: Duration = Duration::from_secs(20);

/// Everything that may happen to a call of a method, with its name for people.
fn faults(method: &'static str) -> Vec<(&'static str, Fault)> {
    let later = |seconds| Fault::ApplyLater {
        method,
        after: Duration::from_secs(seconds),
    };
    vec![
        ("applied, then closed", Fault::DropAfterEffect { method }),
        ("applied, then reset", Fault::ResetAfterEffect { method }),
        (
            "applied, then 502",
            Fault::StatusAfterEffect { method, code: 502 },
        ),
        ("applied, no answer in time", Fault::Hold { method }),
        ("applied 5 s later", later(5)),
        ("applied 70 s later", later(70)),
        ("closed", Fault::DropBeforeEffect { method }),
        ("no answer in time", Fault::HoldBeforeEffect { method }),
        ("503", Fault::Status { method, code: 503 }),
        ("internal_error", refuse(method, "internal_error")),
        ("request_timeout", refuse(method, "request_timeout")),
        ("429 with Retry-After", limit(method, Some(30))),
        ("429 without", limit(method, None)),
    ]
}

fn refuse(method: &'static str, error: &'static str) -> Fault {
    Fault::Refuse { method, error }
}

fn limit(method: &'static str, retry_after: Option<u64>) -> Fault {
    Fault::RateLimit { method, retry_after }
}

/// Plays a fault to its end, time-outs included.
async fn endure(world: &World, method: &'static str, fault: &Fault) {
    if matches!(fault, Fault::Hold { .. } | Fault::HoldBeforeEffect { .. }) {
        world
            .until("the call to hang", |world| world.slack.held(method) > 0)
            .await;
        world.clock.advance(TIME_OUT);
    }
    world.quiet().await;
}

/// Ana asks, and the model is held.
async fn asked(world: &World) -> (Held, String) {
    let held = world.model.holds();
    let question = world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    (held, question)
}

/// What we said under a question, with every text that stood there.
fn answers(world: &World, question: &str) -> String {
    let thread = world.slack.thread("#apollo", question).into_iter();
    let ours = thread.filter(|message| message.is_bot && !message.deleted);
    let texts: Vec<String> = ours.map(|message| message.revisions.join(" → ")).collect();
    texts.join(" | ")
}

async fn a_post_is_there_once_whatever_happens_to_its_call(kind: Kind) {
    let world = World::apollo(kind).await;
    let mut rows = Vec::new();
    for (name, fault) in faults(POST) {
        // Where nobody tells us of our own message, it is looked up.
        let silent = matches!(fault, Fault::DropAfterEffect { .. } | Fault::Hold { .. });
        for told in if silent { vec![true, false] } else { vec![true] } {
            let before = world.slack.calls(POST).len();
            let (held, question) = asked(&world).await;
            world.slack.fault(fault.clone());
            if !told {
                world.slack.hold_events();
            }
            world.model.says("Once.");
            held.release();
            if !told {
                let looks = world.slack.calls("conversations.replies").len();
                if matches!(fault, Fault::Hold { .. }) {
                    world
                        .until("the call to hang", |world| world.slack.held(POST) > 0)
                        .await;
                    world.clock.advance(TIME_OUT);
                }
                world
                    .until("a look-up", |world| {
                        world.slack.calls("conversations.replies").len() > looks
                    })
                    .await;
                world.slack.release_events(false);
            }
            if told {
                endure(&world, POST, &fault).await;
            }
            world.quiet().await;
            let calls = world.slack.calls(POST).len() - before;
            let told = if told { "" } else { ", its event held back" };
            rows.push(format!("{name}{told}: {} ({calls})", answers(&world, &question)));
        }
    }
    sees!(rows.join("\n"), @"
    applied, then closed: Once. (1)
    applied, then closed, its event held back: Once. (1)
    applied, then reset: Once. (1)
    applied, then 502: Once. (1)
    applied, no answer in time: Once. (1)
    applied, no answer in time, its event held back: Once. (1)
    applied 5 s later: Once. (1)
    applied 70 s later: Once. (1)
    closed: Once. (2)
    no answer in time: Once. (2)
    503: Once. (2)
    internal_error: Once. (2)
    request_timeout: Once. (2)
    429 with Retry-After: Once. (2)
    429 without: Once. (2)
    ");
    world.finish().await;
}

async fn a_last_edit_arrives_whatever_happens_to_its_call(kind: Kind) {
    let world = World::apollo(kind).await;
    let mut rows = Vec::new();
    for (name, fault) in faults(UPDATE) {
        let before = world.slack.calls(UPDATE).len();
        let (held, question) = asked(&world).await;
        world.clock.advance(Duration::from_secs(2));
        world
            .now("the progress message", |world| {
                !answers(world, &question).is_empty()
            })
            .await;
        world.slack.fault(fault.clone());
        world.model.says("Once.");
        held.release();
        endure(&world, UPDATE, &fault).await;
        let calls = world.slack.calls(UPDATE).len() - before;
        rows.push(format!("{name}: {} ({calls})", answers(&world, &question)));
    }
    sees!(rows.join("\n"), @"
    applied, then closed: _thinking …_ → Once. (1)
    applied, then reset: _thinking …_ → Once. (1)
    applied, then 502: _thinking …_ → Once. (1)
    applied, no answer in time: _thinking …_ → Once. (1)
    applied 5 s later: _thinking …_ → Once. (1)
    applied 70 s later: _thinking …_ → Once. (1)
    closed: _thinking …_ → Once. (2)
    no answer in time: _thinking …_ → Once. (2)
    503: _thinking …_ → Once. (2)
    internal_error: _thinking …_ → Once. (2)
    request_timeout: _thinking …_ → Once. (2)
    429 with Retry-After: _thinking …_ → Once. (2)
    429 without: _thinking …_ → Once. (2)
    ");
    world.finish().await;
}

/// What makes Slack refuse, with its name for people, and what mends it.
type Trouble = (&'static str, fn(&World), fn(&World));

const TROUBLES: [Trouble; 4] = [
    (
        "the channel is archived",
        |world| world.slack.archive("#apollo"),
        |world| world.slack.unarchive("#apollo"),
    ),
    (
        "the bot is taken out",
        |world| world.slack.remove_bot("#apollo"),
        |world| world.slack.invite_bot("#apollo"),
    ),
    (
        "a scope is missing",
        |world| world.slack.revoke_scope("chat:write"),
        |world| world.slack.grant_scope("chat:write"),
    ),
    (
        "the token is revoked",
        |world| world.slack.break_auth(Some("token_revoked")),
        |world| world.slack.break_auth(None),
    ),
];

async fn what_slack_refuses_is_told_on_the_issue(kind: Kind) {
    let world = World::apollo(kind).await;
    let mut rows = Vec::new();
    for (name, break_it, mend_it) in TROUBLES {
        let before = world.slack.calls(POST).len();
        let known = world.github.comments("acme/apollo", 12).len();
        let held = world.model.holds();
        // The answer belongs to the issue, too.
        let question = world
            .slack
            .user("ana")
            .says("#apollo", "@pm what is acme/apollo#12 about?");
        held.reached().await;
        break_it(&world);
        world.model.says("A login.");
        held.release();
        world.quiet().await;
        let calls = world.slack.calls(POST).len() - before;
        rows.push(format!("{name} ({calls}): {}", answers(&world, &question)));
        let comments = world.github.comments("acme/apollo", 12);
        rows.extend(comments.iter().skip(known).skip(1).map(|comment| {
            let words = comment.body.split("\n\n<!--").next().unwrap_or_default();
            format!("  on the issue: {words}")
        }));
        rows.push(format!("  health: {}", world.health("slack")));
        mend_it(&world);
        world.slack.user("ana").slash("#apollo", "/pm", "projects");
        world.quiet().await;
        world.slack.news("#apollo");
        rows.push(format!("  mended: {}", world.health("slack")));
    }
    sees!(rows.join("\n").replace('\u{200b}', "⟨⟩"), @"
    the channel is archived (1): 
      on the issue: I could not post this answer to #apollo: the channel is archived; unarchive it or use another one.
      health: ok: connected to Test team as @pm
      mended: ok: connected to Test team as @pm
    the bot is taken out (1): 
      on the issue: I could not post this answer to #apollo: the bot is not in this channel; invite it with /invite @⟨⟩pm.
      health: ok: connected to Test team as @pm
      mended: ok: connected to Test team as @pm
    a scope is missing (1): 
      on the issue: I could not post this answer to #apollo: the bot lacks the scope chat:write; add it at https://api.slack.com/apps, your app, OAuth & Permissions, and install the app again.
      health: degraded: connected to Test team as @pm; the bot lacks the scope chat:write; add it at https://api.slack.com/apps, your app, OAuth & Permissions, and install the app again
      mended: ok: connected to Test team as @pm
    the token is revoked (1): 
      on the issue: I could not post this answer to #apollo: Slack refuses the bot's token (token_revoked); put the current one, found at https://api.slack.com/apps, your app, OAuth & Permissions, into slack.bot_token.
      health: failed: connected to Test team as @pm; Slack refuses the bot's token (token_revoked); put the current one, found at https://api.slack.com/apps, your app, OAuth & Permissions, into slack.bot_token
      mended: ok: connected to Test team as @pm
    ");
    sees!(world.told_health("outbox").await, @"ok: 4 given up; `callsheet outbox list` shows what, and what to do");
    world.finish().await;
}

/// Waits for progress under a question of Ana's; its message and the model that is held.
async fn progress(world: &World) -> (Held, String, String) {
    let (held, question) = asked(world).await;
    world.clock.advance(Duration::from_secs(2));
    world
        .now("the progress message", |world| {
            !answers(world, &question).is_empty()
        })
        .await;
    let shown = world.slack.thread("#apollo", &question);
    let ts = shown.into_iter().find(|message| message.is_bot).unwrap().ts;
    (held, question, ts)
}

async fn a_message_deleted_while_edits_fail_is_posted_anew(kind: Kind) {
    let world = World::apollo(kind).await;
    let (held, question, ts) = progress(&world).await;
    for _ in 0..5 {
        world.slack.fault(refuse(UPDATE, "request_timeout"));
    }
    world.slack.user("ben").removes("#apollo", &ts);
    world.model.says("Once.");
    held.release();
    world.quiet().await;
    sees!(answers(&world, &question), @"Once.");
    world.finish().await;
}
