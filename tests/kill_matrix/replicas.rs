//! Several programs on one PostgreSQL: they share the work, and whatever befalls one, nothing is lost or done twice.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::jobs::{DOORS, Door};
use crate::stage::Stage;
use crate::support::child::Child;
use crate::support::database::Kind;
use crate::support::postgres;
use crate::support::world::World;

/// How many programs there are.
const REPLICAS: usize = 3;

/// The same moments in each run.
fn dice() -> StdRng {
    StdRng::seed_from_u64(11)
}

/// A stage with three programs.
async fn three(kind: Kind) -> Stage {
    let mut stage = Stage::set(kind).await;
    stage.fill_up(REPLICAS).await;
    stage
}

/// Asks for a few jobs, whose webhooks go to any of the programs.
async fn ask_some(stage: &mut Stage, dice: &mut StdRng, count: usize) {
    for _ in 0..count {
        stage.world.point_webhooks_at(dice.random_range(0..REPLICAS));
        stage.ask(DOORS[dice.random_range(0..DOORS.len())]).await;
    }
}

/// Waits until somebody is at work.
async fn under_way(stage: &Stage) {
    stage
        .world
        .now("work", |world| {
            world.children.iter().any(|child| !child.said().borrow().idle)
        })
        .await;
}

/// Waits until everything is done, and looks at it.
async fn ends_well(mut stage: Stage) {
    stage.recover().await;
    let (wrong, tally) = stage.check().await;
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\n{}\n{}",
        stage.heard().await,
        stage.log()
    );
    println!("{tally:?}");
    stage.clear().await;
}

pub(crate) async fn all_hear_and_share_the_work(kind: Kind) {
    let mut stage = three(kind).await;
    // Two sockets each, and one connection to Discord among them.
    stage
        .world
        .until("all sockets", |world| world.slack.sockets() == 2 * REPLICAS)
        .await;
    assert_eq!(stage.world.discord.connected(), 1);
    for number in 0..REPLICAS {
        stage.world.point_webhooks_at(number);
        stage.ask(Door::IssueTools).await;
    }
    for _ in 0..6 {
        stage.ask(Door::SlackCommand).await;
        stage.ask(Door::SlackTools).await;
    }
    stage.world.quiet().await;
    let shares: Vec<u64> = stage
        .world
        .children
        .iter()
        .map(|child| child.seen().get("commit sending").copied().unwrap_or_default())
        .collect();
    assert!(shares.iter().all(|share| *share > 0), "shares: {shares:?}");
    // Slack takes about a message a second in a channel, whoever sends it.
    let mut posts: Vec<f64> = stage
        .world
        .slack
        .bot_messages("#apollo")
        .iter()
        .filter(|message| message.thread_ts.is_none())
        .map(|message| message.ts.parse().unwrap())
        .collect();
    posts.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = posts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap > 0.99), "gaps: {gaps:?}");
    ends_well(stage).await;
}

pub(crate) async fn one_after_the_other_is_killed(kind: Kind) {
    let mut stage = three(kind).await;
    let mut dice = dice();
    for _ in 0..6 {
        let victim = dice.random_range(0..REPLICAS);
        let moment = format!("{}*off->1*return", dice.random_range(0..80));
        stage.world.children[victim].arm("any", &moment);
        ask_some(&mut stage, &mut dice, 3).await;
        stage.play().await;
        stage.ended();
        stage.fill_up(REPLICAS).await;
        stage.recover().await;
        for child in &stage.world.children {
            child.arm("any", "off");
        }
        // It may have come to its moment while it recovered.
        while stage.ended().is_some() {
            stage.fill_up(REPLICAS).await;
            stage.recover().await;
        }
    }
    ends_well(stage).await;
}

pub(crate) async fn a_rolling_restart_while_loaded(kind: Kind) {
    let mut stage = three(kind).await;
    let mut dice = dice();
    for _ in 0..REPLICAS {
        ask_some(&mut stage, &mut dice, 3).await;
        under_way(&stage).await;
        stage.retire_first().await;
        ask_some(&mut stage, &mut dice, 1).await;
        stage.fill_up(REPLICAS).await;
    }
    ends_well(stage).await;
}

pub(crate) async fn connections_to_the_database_break(kind: Kind) {
    let mut stage = three(kind).await;
    let mut dice = dice();
    for _ in 0..4 {
        ask_some(&mut stage, &mut dice, 3).await;
        under_way(&stage).await;
        stage
            .world
            .database
            .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .await;
        stage.slack_tries_again().await;
    }
    ends_well(stage).await;
}

pub(crate) async fn postgres_crashes_in_the_middle(kind: Kind) {
    let Some(server) = postgres::own().await else {
        // The tests' server is somebody else's, who would not like that.
        return;
    };
    let mut stage = Stage::on(kind, &server).await;
    stage.fill_up(REPLICAS).await;
    let mut dice = dice();
    for _ in 0..2 {
        ask_some(&mut stage, &mut dice, 4).await;
        under_way(&stage).await;
        server.restart();
        stage.slack_tries_again().await;
    }
    ends_well(stage).await;
}

pub(crate) async fn a_frozen_holder_of_the_gateway_is_replaced(kind: Kind) {
    let mut stage = three(kind).await;
    let connections = stage.world.discord.connections();
    let holder = holder(&stage);
    stage.world.children[holder].freeze();
    let frozen_at = stage.world.clock.now();
    stage
        .world
        .until("another holder", |world| {
            world.discord.connections() > connections
        })
        .await;
    let took = stage.world.clock.now() - frozen_at;
    assert!(took <= chrono::TimeDelta::seconds(10), "it took {took}");
    // Both connections are told; the frozen one hears it when it goes on.
    stage.ask(Door::DiscordLong).await;
    let answers = |stage: &Stage| stage.world.discord.bot_messages("#apollo").len();
    stage
        .world
        .until("the answer", |world| {
            !world.discord.bot_messages("#apollo").is_empty()
        })
        .await;
    assert!(answers(&stage) > 0);
    let now = stage.world.clock.now();
    stage.world.children[holder].thaw(now);
    stage
        .world
        .until("one connection", |world| world.discord.connected() == 1)
        .await;
    ends_well(stage).await;
}

/// The program that has the connection to Discord.
fn holder(stage: &Stage) -> usize {
    let has = |child: &Child| child.log().contains("connected as @pm");
    stage.world.children.iter().position(has).unwrap()
}

pub(crate) async fn a_late_send_of_a_frozen_program_is_found(kind: Kind) {
    let mut stage = three(kind).await;
    for child in &stage.world.children {
        child.arm("before slack chat.postMessage", "1*return(freeze)");
    }
    stage.ask(Door::SlackCommand).await;
    let mut frozen = None;
    while frozen.is_none() {
        stage.world.stirs().await;
        frozen = stage.world.children.iter_mut().position(Child::is_frozen);
    }
    let frozen = frozen.unwrap();
    for child in &stage.world.children {
        child.arm("before slack chat.postMessage", "off");
    }
    // Its lease ends, and another program begins to look for what it may have sent.
    let begun = stage.world.clock.now();
    let taken_up = |world: &World| {
        let mut others = world.children.iter().filter(|child| !child.is_away());
        others.any(|child| child.log().contains("lease had ended"))
    };
    while !taken_up(&stage.world) {
        stage.world.pass_and_settle(Duration::from_secs(1)).await;
    }
    assert!(stage.world.clock.now() - begun < chrono::TimeDelta::seconds(80));
    assert_eq!(stage.world.slack.bot_messages("#apollo").len(), 0);
    let now = stage.world.clock.now();
    stage.world.children[frozen].thaw(now);
    ends_well(stage).await;
}
