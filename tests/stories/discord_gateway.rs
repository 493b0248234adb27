//! Discord's gateway: what is said while the connection breaks, and what keeps the bot from listening.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callsheet::store::{Probe, inbox};
use tokio::sync::Notify;

use crate::support::database::{Engine, Kind};
use crate::support::discord::{Fault, HISTORY};
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_burst_is_answered_in_order_over_a_resume,
    a_burst_is_answered_in_order_over_a_new_session,
    a_burst_is_answered_in_order_over_a_restart,
    a_burst_is_answered_in_order_over_a_crash,
    what_was_said_before_we_came_is_not_replayed,
    only_places_of_ours_have_a_watermark,
    a_direct_message_first_met_by_a_command_is_caught_up_on,
    reading_what_was_missed_waits_for_its_turn,
    only_so_much_of_a_place_is_read_at_once,
    a_channel_that_cannot_be_read_holds_up_no_other,
    a_missing_intent_says_what_to_do,
    a_refused_token_says_what_to_do,
    an_unreachable_discord_is_tried_again,
    a_refused_session_is_not_begun_again_and_again,
    a_removed_bot_says_so_and_comes_back,
    a_deleted_channel_is_in_the_health_report,
    the_command_is_registered_once,
    stopped_between_any_two_steps_the_answer_comes_once,
];

/// Questions in a burst.
const BURST: usize = 50;

/// Ana asks `count` questions, numbered on from `from`; the messages' ids.
fn asks(world: &World, count: usize) -> Vec<String> {
    let ana = world.discord.user("ana");
    (0..count).map(|_| ana.says("#apollo", "@pm projects")).collect()
}

/// Every question was answered once and in order.
async fn assert_answered(world: &World, asked: &[String]) {
    let answers = world.discord.bot_messages("#apollo");
    let replied: Vec<String> = answers
        .iter()
        .filter_map(|answer| answer.reply_to.clone())
        .collect();
    assert_eq!(replied, asked);
    assert_eq!(answers.len(), asked.len());
}

async fn a_burst_is_answered_in_order_over_a_resume(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let mut asked = asks(&world, BURST / 3);
    world.discord.drop_connections();
    asked.extend(asks(&world, BURST / 3));
    world
        .until("the session to be resumed", |world| world.discord.resumes() == 1)
        .await;
    asked.extend(asks(&world, BURST - asked.len()));
    world.quiet().await;
    assert_answered(&world, &asked).await;
    assert_eq!(world.discord.identifies(), 1);
    world.finish().await;
}

async fn a_burst_is_answered_in_order_over_a_new_session(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let mut asked = asks(&world, BURST / 3);
    world.quiet().await;
    world.discord.lose_sessions();
    asked.extend(asks(&world, BURST / 3));
    world
        .until("a new session", |world| {
            world.discord.identifies() == 2 && world.discord.connected() == 1
        })
        .await;
    asked.extend(asks(&world, BURST - asked.len()));
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.finish().await;
}

async fn a_burst_is_answered_in_order_over_a_restart(kind: Kind) {
    let mut world = World::apollo_on_discord(kind).await;
    let mut asked = asks(&world, 1);
    world.quiet().await;
    asked.extend(asks(&world, BURST / 3));
    world.stop().await;
    asked.extend(asks(&world, BURST / 3));
    world.start().await;
    asked.extend(asks(&world, BURST - asked.len()));
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.finish().await;
}

async fn a_burst_is_answered_in_order_over_a_crash(kind: Kind) {
    let mut world = World::apollo_on_discord(kind).await;
    let mut asked = asks(&world, 1);
    world.quiet().await;
    asked.extend(asks(&world, BURST / 3));
    world
        .now("the burst to be in the middle", |world| {
            world.discord.queued() == 0
        })
        .await;
    world.kill().await;
    asked.extend(asks(&world, BURST / 3));
    world.start().await;
    asked.extend(asks(&world, BURST - asked.len()));
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.finish().await;
}

async fn what_was_said_before_we_came_is_not_replayed(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo_on_discord().await;
    asks(&world, 3);
    world.clock.advance(Duration::from_secs(5));
    world.start().await;
    world.quiet().await;
    world.stop().await;
    world.start().await;
    world.quiet().await;
    assert_eq!(world.discord.bot_messages("#apollo").len(), 0);
    let asked = asks(&world, 1);
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.finish().await;
}

async fn only_places_of_ours_have_a_watermark(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    let chatter = ana.says("#lunch", "pizza?");
    let taken_back = ana.says("#lunch", "or pasta?");
    ana.edits("#lunch", &chatter, "pizza!");
    ana.deletes("#lunch", &taken_back);
    world.discord.bot("other").says("#lunch", "@pm pizza!");
    ana.says("#help", "@pm projects");
    ana.dm("projects");
    ana.says("#apollo", "good morning");
    world.quiet().await;
    let mut expected = vec![
        world.discord_place("#apollo").to_string(),
        world.discord_place("#help").to_string(),
        format!("discord:@/{}", world.discord.channel("@ana")),
    ];
    expected.sort();
    assert_eq!(world.discord_marks().await, expected);
    let mut tx = world.db.read().await.unwrap();
    for key in [
        format!("discord:message:{chatter}"),
        format!("discord:deleted:{taken_back}"),
    ] {
        assert!(!inbox::knows(&mut tx, &key).await.unwrap(), "{key}");
    }
    drop(tx);
    sees!(world.discord_talk("#help"), @"
    ana: @pm projects
    pm [reply]: - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    ");
    sees!(world.discord_talk("@ana"), @"
    ana: projects
    pm: There is no project that you may see here. To make one, say: create a project called Apollo
    ");
    world.finish().await;
}

async fn a_direct_message_first_met_by_a_command_is_caught_up_on(kind: Kind) {
    let mut world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    ana.dm_channel();
    ana.slash("@ana", "projects", &[]);
    world.quiet().await;
    world.stop().await;
    world.discord.user("ana").dm("projects");
    world.start().await;
    world.quiet().await;
    sees!(world.discord_talk("@ana"), @"
    pm: > **ana**: /pm projects
        
        There is no project that you may see here. To make one, say: create a project called Apollo
    ana: projects
    pm: There is no project that you may see here. To make one, say: create a project called Apollo
    ");
    world.finish().await;
}

async fn reading_what_was_missed_waits_for_its_turn(kind: Kind) {
    let mut world = World::apollo_on_discord(kind).await;
    let mut asked = asks(&world, 1);
    world.quiet().await;
    world.stop().await;
    asked.extend(asks(&world, 3));
    world.discord.fault(
        HISTORY,
        Fault::RateLimit {
            retry_after: Some(20.0),
            global: false,
        },
    );
    world.discord.fault(HISTORY, Fault::Status { code: 503 });
    world.discord.fault(HISTORY, Fault::DropBeforeEffect);
    world.start().await;
    asked.extend(asks(&world, 1));
    world
        .until("everything to be read", |world| world.discord.faults_left() == 0)
        .await;
    world
        .until("everything to be answered", |world| {
            world.discord.bot_messages("#apollo").len() == 5
        })
        .await;
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.finish().await;
}

async fn only_so_much_of_a_place_is_read_at_once(kind: Kind) {
    if kind.engine == Engine::Postgres {
        // A thousand messages take their time, and the cap has nothing to do with the database.
        return;
    }
    let mut world = World::apollo_on_discord(kind).await;
    asks(&world, 1);
    world.quiet().await;
    world.stop().await;
    let ana = world.discord.user("ana");
    for number in 0..1_100 {
        ana.says("#apollo", &format!("Remark {number}."));
        if number == 500 {
            ana.says("#apollo", "@pm projects");
        }
    }
    ana.says("#apollo", "@pm projects");
    world.start().await;
    world.quiet().await;
    // What comes after the cap is not read, and that is said.
    assert_eq!(world.discord.bot_messages("#apollo").len(), 2);
    sees!(world.health("discord"), @"ok: connected as @pm on 1 server; after the last pause, not everything said in #apollo was read");
    world.finish().await;
}

async fn a_channel_that_cannot_be_read_holds_up_no_other(kind: Kind) {
    let mut world = World::apollo_on_discord(kind).await;
    let mut asked = asks(&world, 1);
    world.quiet().await;
    world.stop().await;
    let missed = asks(&world, 1).remove(0);
    world.clock.advance(Duration::from_secs(20 * 60));
    world.discord.fault(
        HISTORY,
        Fault::RateLimit {
            retry_after: Some(3600.0),
            global: false,
        },
    );
    world.start().await;
    let ana = world.discord.user("ana");
    let elsewhere = ana.says("#help", "@pm projects");
    let before = world.clock.now();
    world
        .until("the question elsewhere to be answered", |world| {
            world.discord.bot_messages("#help").len() == 1
        })
        .await;
    assert!(world.clock.now() - before < chrono::TimeDelta::minutes(1));
    let answer = world.discord.bot_messages("#help").remove(0);
    assert_eq!(answer.reply_to, Some(elsewhere));
    sees!(world.health("discord"), @"degraded: connected as @pm on 1 server; #apollo cannot be read: Discord asks to slow down");
    // What is said there now does not move the mark past what was missed.
    asked.extend(asks(&world, 1));
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.clock.advance(Duration::from_secs(3600));
    asked.push(missed);
    world
        .until("the missed question to be answered", |world| {
            world.discord.bot_messages("#apollo").len() == asked.len()
        })
        .await;
    assert_answered(&world, &asked).await;
    sees!(world.health("discord"), @"ok: connected as @pm on 1 server");
    world.finish().await;
}

/// Starts where Discord does not let us in, and waits for the part to have failed.
async fn boot_until_failed(world: &mut World) -> String {
    world.boot(None).await;
    world
        .until("Discord to have failed", |world| {
            world.health("discord").starts_with("failed")
        })
        .await;
    // Other platforms go on.
    world.slack.user("ana").says("#apollo", "@pm projects");
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    world.health("discord")
}

async fn a_missing_intent_says_what_to_do(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo_on_discord().await;
    world.discord.message_content(false);
    sees!(boot_until_failed(&mut world).await, @"failed: Discord does not let the bot read messages (4014); switch the Message Content Intent on at https://discord.com/developers/applications, your app, Bot, and start again");
    assert_eq!(world.discord.identifies(), 0);
    assert_eq!(
        world.discord.connections(),
        1,
        "there is no point in trying again"
    );
    world.finish().await;
}

async fn a_refused_token_says_what_to_do(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo_on_discord().await;
    world.discord.revoke_token(true);
    sees!(boot_until_failed(&mut world).await, @"failed: Discord refuses discord.bot_token; copy the token from https://discord.com/developers/applications, your app, Bot (Reset Token), and start again");
    assert_eq!(world.discord.connections(), 0);
    world.finish().await;
}

async fn an_unreachable_discord_is_tried_again(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo_on_discord().await;
    world.discord.fault("GET /users/@me", Fault::Status { code: 503 });
    world.discord.fault("GET /users/@me", Fault::DropBeforeEffect);
    world
        .discord
        .fault("GET /gateway/bot", Fault::Status { code: 503 });
    world.start().await;
    let asked = asks(&world, 1);
    world.quiet().await;
    assert_answered(&world, &asked).await;
    sees!(world.health("discord"), @"ok: connected as @pm on 1 server");
    world.finish().await;
}

async fn a_refused_session_is_not_begun_again_and_again(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo_on_discord().await;
    for _ in 0..4 {
        world.discord.refuse_identify();
    }
    let began = world.clock.now();
    world.start().await;
    // Pauses of 1, 2, 4 and 8 seconds at least.
    assert!(world.clock.now() - began >= chrono::TimeDelta::seconds(15));
    world.finish().await;
}

async fn a_removed_bot_says_so_and_comes_back(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.quiet().await;
    world.discord.remove_bot();
    world
        .until("the loss to be seen", |world| {
            world.health("discord").starts_with("degraded")
        })
        .await;
    sees!(world.health("discord"), @"degraded: connected as @pm on 0 servers; not on the server of #apollo any more; invite the bot: https://discord.com/oauth2/authorize?client_id=1100000000000000002&scope=bot+applications.commands&permissions=274877991936");
    world.discord.invite_bot();
    world
        .until("the return to be seen", |world| {
            world.health("discord").starts_with("ok")
        })
        .await;
    let asked = asks(&world, 1);
    world.quiet().await;
    assert_answered(&world, &asked).await;
    world.finish().await;
}

async fn a_deleted_channel_is_in_the_health_report(kind: Kind) {
    let mut world = World::apollo_on_discord(kind).await;
    world.quiet().await;
    world.discord.delete_channel("#apollo");
    world
        .until("the loss to be seen", |world| {
            world.health("discord").starts_with("degraded")
        })
        .await;
    sees!(world.health("discord"), @"degraded: connected as @pm on 1 server; #apollo cannot be read: the channel is gone; bind another one");
    world.stop().await;
    world.start().await;
    world
        .until("the loss to be seen again", |world| {
            world.health("discord").contains("cannot be read")
        })
        .await;
    sees!(world.health("discord"), @"degraded: connected as @pm on 1 server; #apollo cannot be read: the channel is gone; bind another one");
    world.finish().await;
}

async fn the_command_is_registered_once(kind: Kind) {
    const PUT: &str = "PUT /applications/{application}/commands";
    let mut world = World::apollo_on_discord(kind).await;
    world.quiet().await;
    assert_eq!(world.discord.calls(PUT).len(), 1);
    world.stop().await;
    world.start().await;
    world.quiet().await;
    assert_eq!(world.discord.calls(PUT).len(), 1);
    world.finish().await;
}

/// A probe that, once armed with a count, lets so many points pass and holds whoever reaches the next one.
fn stop_when_armed(left: &Arc<AtomicUsize>, reached: &Arc<Notify>) -> Probe {
    let (left, reached) = (Arc::clone(left), Arc::clone(reached));
    Arc::new(move |_| {
        let (left, reached) = (Arc::clone(&left), Arc::clone(&reached));
        Box::pin(async move {
            let passed = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                DISARMED => Some(DISARMED),
                left => left.checked_sub(1),
            });
            if passed.is_err() {
                reached.notify_one();
                std::future::pending::<()>().await;
            }
        })
    })
}

/// Lets every point pass.
const DISARMED: usize = usize::MAX;

async fn stopped_between_any_two_steps_the_answer_comes_once(kind: Kind) {
    // On PostgreSQL the kill matrix ends the program at all its points.
    if kind.engine == Engine::Postgres {
        return;
    }
    let mut point = 0;
    loop {
        let mut world = World::new(kind).await;
        world.prepare_apollo_on_discord().await;
        world
            .model
            .always(|_| crate::support::model::Turn::says("All done."));
        let (left, reached) = (Arc::new(AtomicUsize::new(DISARMED)), Arc::new(Notify::new()));
        world.start_with(Some(stop_when_armed(&left, &reached))).await;
        world.quiet().await;
        left.store(point, Ordering::SeqCst);
        world.discord.user("ana").says("#apollo", "@pm do it");
        let stopped = tokio::select! {
            () = reached.notified() => true,
            () = world.quiet() => false,
        };
        world.kill().await;
        world.start().await;
        world.quiet().await;
        let answers = world.discord.bot_messages("#apollo");
        let mut texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
        // Where a lease has to run out first, the answer comes late and in a message of its own.
        texts.retain(|text| *text != "*Answered below.*");
        assert_eq!(texts, ["All done."], "stopped at point {point}");
        world.finish().await;
        if !stopped {
            assert!(point > 10, "only {point} points were met: does the probe work?");
            return;
        }
        point += 1;
    }
}
