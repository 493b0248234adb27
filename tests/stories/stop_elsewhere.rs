//! Stop on GitHub, on Discord, and with several replicas; see `stop`.

use crate::support::database::{Engine, Kind};
use crate::support::model::Turn;
use crate::support::world::World;
use crate::{sees, stories};
use chrono::TimeDelta;

stories![
    on_an_issue_the_word_is_enough,
    on_discord_by_word_command_and_sign,
    whichever_replica_works_on_it,
];

async fn on_an_issue_the_word_is_enough(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.hangs();
    world
        .github
        .user("dan")
        .comments("acme/apollo", 12, "@pm what is everything?");
    world.asked(1).await;
    world
        .soon("the progress", |world| {
            world.github.comments("acme/apollo", 12).len() == 2
        })
        .await;
    world.github.user("eve").comments("acme/apollo", 12, "stop");
    world
        .soon("the refusal", |world| {
            world.github.comments("acme/apollo", 12).len() == 4
        })
        .await;
    world.github.user("cy").comments("acme/apollo", 12, "Stop.");
    world.quiet().await;
    // With nothing to stop, they speak to each other.
    world.github.user("eve").comments("acme/apollo", 12, "stop");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    dan: @pm what is everything?
    pm-bot [edited]: Stopped by **cy**. Nothing was changed.
    eve: stop
    pm-bot: You may not stop this: somebody else asked for it, and on GitHub that takes write permission to the repository. Ask them, or a maintainer, to say `stop`.
    cy: Stop.
    eve: stop
    ");
    world.finish().await;
}

async fn on_discord_by_word_command_and_sign(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    world.model.hangs().hangs().hangs();
    let asked = ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    ana.reacts("#apollo", &asked, "👀");
    ana.reacts("#apollo", &asked, "🛑");
    world
        .soon("the first end", |world| {
            world
                .discord
                .bot_messages("#apollo")
                .iter()
                .any(|message| message.text.contains("Stopped by"))
        })
        .await;
    // In a channel the bare word speaks to nobody.
    ana.says("#apollo", "@pm and then?");
    world.asked(2).await;
    ana.says("#apollo", "stop");
    ana.says("#apollo", "@pm stop");
    world.quiet().await;
    // In direct messages Discord does not name who put the sign.
    let direct = ana.dm("what is everything?");
    world.asked(3).await;
    ana.reacts("@ana", &direct, "🛑");
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm what is everything?
    pm [reply]: Stopped by **ana**. Nothing was changed.
    ana: @pm and then?
    ana: stop
    ana: @pm stop
    pm [reply]: Stopped by **ana**. Nothing was changed.
    ");
    sees!(world.discord_talk("@ana"), @"
    ana: what is everything?
    pm: Stopped by **ana**. Nothing was changed.
    ");
    world.finish().await;
}

async fn whichever_replica_works_on_it(kind: Kind) {
    if kind.engine == Engine::Sqlite {
        // One file is served by one process.
        return;
    }
    let mut world = World::apollo(kind).await;
    world.start_replica().await;
    world.model.always(|_| Turn::hangs());
    let ana = world.slack.user("ana");
    // Who works on a run and who hears its stop is chance; with several, it is not always the same one.
    let mut threads = Vec::new();
    for number in 1..=6 {
        threads.push(ana.says("#apollo", &format!("@pm what is number {number}?")));
        world.asked(number).await;
    }
    for (number, thread) in threads.iter().enumerate() {
        ana.replies("#apollo", thread, "stop");
        world
            .soon("the end", |world| {
                let said = world.slack.bot_messages("#apollo");
                said.iter().filter(|m| m.text.starts_with("Stopped by")).count() == number + 1
            })
            .await;
    }
    // Whoever still works on one learns that it is over, long before the model's time-out.
    let stopped_at = world.clock.now();
    world.soon("everybody to be idle", World::is_idle).await;
    let took = world.clock.now() - stopped_at;
    assert!(took <= TimeDelta::seconds(5), "it took {took}");
    assert_eq!(world.slack.bot_messages("#apollo").len(), 6);
    world.model.always(|_| Turn::says("Here."));
    ana.says("#apollo", "@pm and now?");
    world
        .until("the answer", |world| {
            world.slack.bot_messages("#apollo").len() == 7
        })
        .await;
    world.finish().await;
}
