//! Answers of Discord that are lost on the way, and calls that it holds back: the message is there once, the last text arrives.

use std::time::Duration;

use crate::support::database::Kind;
use crate::support::discord::{EDIT, Fault, HISTORY, ORIGINAL, POST};
use crate::support::model::Held;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    applied_and_the_answer_dropped,
    failed_after_the_effect,
    applied_five_seconds_later,
    dropped_before_the_effect,
    slowed_down_in_one_channel,
    slowed_down_everywhere,
    slowed_down_at_the_edge,
    an_edit_whose_answer_is_lost_is_made_once,
    slowed_down_at_the_last_edit_the_text_arrives,
    a_deleted_progress_message_is_posted_anew,
    the_answer_to_a_command_whose_answer_is_lost,
    a_post_is_found_without_its_event,
    the_same_words_twice_are_two_answers,
    the_bucket_of_a_channel_is_not_overdrawn,
    to_closed_direct_messages_the_answer_is_given_up_with_a_reason,
    in_a_deleted_thread_the_answer_is_given_up_with_a_reason,
];

/// A question whose answer meets a fault; the answer must stand there once.
async fn once(kind: Kind, fault: Fault) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.fault(POST, fault);
    world.model.says("Once.");
    world.discord.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    assert_eq!(texts(&world), ["Once."]);
    world.finish().await;
}

fn texts(world: &World) -> Vec<String> {
    let messages = world.discord.bot_messages("#apollo").into_iter();
    messages
        .filter(|message| !message.deleted)
        .map(|message| message.text)
        .collect()
}

async fn applied_and_the_answer_dropped(kind: Kind) {
    once(kind, Fault::DropAfterEffect).await;
}

async fn failed_after_the_effect(kind: Kind) {
    once(kind, Fault::StatusAfterEffect { code: 502 }).await;
}

async fn applied_five_seconds_later(kind: Kind) {
    let after = Duration::from_secs(5);
    once(kind, Fault::ApplyLater { after }).await;
}

async fn dropped_before_the_effect(kind: Kind) {
    once(kind, Fault::DropBeforeEffect).await;
}

async fn slowed_down_in_one_channel(kind: Kind) {
    let retry_after = Some(30.5);
    once(
        kind,
        Fault::RateLimit {
            retry_after,
            global: false,
        },
    )
    .await;
}

async fn slowed_down_everywhere(kind: Kind) {
    let retry_after = Some(30.5);
    once(
        kind,
        Fault::RateLimit {
            retry_after,
            global: true,
        },
    )
    .await;
}

async fn slowed_down_at_the_edge(kind: Kind) {
    let retry_after = None;
    once(
        kind,
        Fault::RateLimit {
            retry_after,
            global: false,
        },
    )
    .await;
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

async fn an_edit_whose_answer_is_lost_is_made_once(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = with_progress(&world).await;
    world.discord.fault(EDIT, Fault::DropAfterEffect);
    world.model.says("Once.");
    held.release();
    world.quiet().await;
    let messages = world.discord.bot_messages("#apollo");
    assert_eq!(messages.len(), 1);
    sees!(messages[0].revisions.join("\n"), @"
    *thinking …*
    Once.
    ");
    world.finish().await;
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
    for fault in [
        Fault::DropAfterEffect,
        Fault::StatusAfterEffect { code: 502 },
        Fault::ApplyLater {
            after: Duration::from_secs(5),
        },
        Fault::DropBeforeEffect,
    ] {
        let world = World::apollo_on_discord(kind).await;
        world.model.says("Once.");
        world.discord.fault(ORIGINAL, fault.clone());
        world
            .discord
            .user("ana")
            .slash("#apollo", "ask", &[("text", "hello?")]);
        world.quiet().await;
        let texts = texts(&world);
        assert_eq!(texts.len(), 1, "{fault:?}: {texts:?}");
        assert!(texts[0].ends_with("Once."), "{fault:?}: {texts:?}");
        world.finish().await;
    }
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
