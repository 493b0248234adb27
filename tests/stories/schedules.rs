//! Status on a schedule: made in chat, on an issue and at the shell; posted once, whatever happens in between.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use callsheet::store::{Db, OpenError, schedules};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tokio::sync::Notify;

use super::ask::{program, said};
use super::engine::stop_after;
use crate::support::clock::TestClock;
use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    ana_keeps_schedules_in_slack,
    cy_keeps_schedules_on_an_issue_and_dan_may_not,
    schedules_are_kept_from_the_shell_too,
    what_is_wrong_with_a_schedule_is_said,
    digests_over_the_nights_on_which_clocks_change,
    down_over_three_due_times_makes_one_late_digest,
    stopped_between_any_two_steps_there_is_one_digest,
    two_processes_post_one_digest,
    github_comes_back_in_time_for_a_digest,
    a_digest_without_github_says_so,
    a_place_that_is_gone_is_shown_in_the_list,
    a_removed_schedule_is_silent,
    a_reply_under_a_digest_is_a_request,
];

fn utc(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// Moves time to a moment, and waits for what follows.
async fn wait_until(world: &World, at: &str) {
    let span = utc(at) - world.clock.now();
    world.clock.advance(span.to_std().unwrap());
    world.quiet().await;
}

/// The first lines of the digests in a Slack channel, with the line on their delay.
fn digests(world: &World, place: &str) -> Vec<String> {
    let texts = world
        .slack
        .bot_messages(place)
        .into_iter()
        .map(|message| message.text);
    headings(texts)
}

/// The same on an issue.
fn digests_on(world: &World, number: u64) -> Vec<String> {
    let comments = world.github.comments("acme/apollo", number);
    headings(
        comments
            .into_iter()
            .filter(|comment| comment.user == "pm-bot")
            .map(|comment| comment.body),
    )
}

fn headings(texts: impl Iterator<Item = String>) -> Vec<String> {
    let plain = texts.map(|text| text.replace(['*', '_'], ""));
    let digests = plain.filter(|text| text.starts_with("Status of "));
    digests
        .map(|text| {
            let lines = text
                .lines()
                .filter(|line| line.starts_with("Status of ") || line.starts_with("Delayed"));
            lines.collect::<Vec<_>>().join("\n")
        })
        .collect()
}

async fn ana_keeps_schedules_in_slack(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash(
        "#apollo",
        "/pm",
        "schedule add apollo \"0 9 * * mon-fri\" Europe/Berlin",
    );
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule add 30 17 * * fri");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule next");
    world.quiet().await;
    wait_until(&world, "2026-11-23T08:00").await;
    ana.slash("#apollo", "/pm", "schedule list");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule remove 2");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule next 2");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule next 1");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"");
    let digest = &digests(&world, "#apollo");
    assert_eq!(digest.len(), 1, "{digest:?}");
    world.finish().await;
}

async fn cy_keeps_schedules_on_an_issue_and_dan_may_not(kind: Kind) {
    let world = World::apollo(kind).await;
    let (cy, dan) = (world.github.user("cy"), world.github.user("dan"));
    for line in [
        "@pm schedule add apollo `0 9 * * *` America/New_York",
        "@pm schedule add apollo `0 9 * * *` America/New_York",
    ] {
        cy.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    for line in [
        "@pm schedule add @daily",
        "@pm schedule list",
        "@pm schedule remove 1",
    ] {
        dan.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    wait_until(&world, "2026-11-22T14:00").await;
    cy.comments("acme/apollo", 12, "@pm schedule remove 1");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"");
    world.finish().await;
}

/// Asks with the built program, which knows the worlds.
async fn ask(world: &World, folder: &std::path::Path, text: &str) -> String {
    let mut command = program(folder, &world.database, world.kind);
    let settings: HashMap<String, String> = world.settings.clone();
    command.envs(settings).args(["ask", text]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let text = said(&output);
    // The program goes by the machine's clock.
    let cut = ["It is due first", ". Next "]
        .iter()
        .filter_map(|words| text.find(words))
        .min();
    cut.map_or(text.clone(), |at| text[..at].to_owned())
}

async fn schedules_are_kept_from_the_shell_too(kind: Kind) {
    let world = World::new(kind).await;
    world.prepare_apollo().await;
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for line in [
        "/pm schedule add apollo @daily",
        "/pm schedule add apollo @daily --place #apollo",
        "/pm schedule add apollo @daily --place #99",
        "/pm schedule add apollo @daily --place #random",
        "/pm schedule add apollo @daily Europe/Berlin --place #12",
        "/pm schedule list",
        "/pm schedule remove 2",
        "/pm schedule remove 2",
    ] {
        seen.push(format!("$ {line}\n{}", ask(&world, folder.path(), line).await));
    }
    sees!(seen.join("\n"), @"");
    let next = ask(&world, folder.path(), "/pm schedule next 1").await;
    assert_eq!(next.matches("00:00 UTC").count(), 5, "{next}");
    world.finish().await;
}

async fn what_is_wrong_with_a_schedule_is_said(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#random");
    let ana = world.slack.user("ana");
    for line in [
        "schedule add apollo 0 25 * * *",
        "schedule add apollo 0 9 * *",
        "schedule add apollo * * * * *",
        "schedule add apollo 0 9 30 2 *",
        "schedule add apollo 0 9 * * mon Berlin",
        "schedule add apollo @daily Europe/Berlin tomorrow",
        "schedule add apollo @daily --zon UTC",
        "schedule add apollo",
        "schedule add hermes @daily",
        "schedule add apollo @daily --place #nowhere",
        "schedule remove 7",
        "schedule list hermes",
        "schedule list",
        "help schedule add",
    ] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @"");
    world
        .slack
        .user("ben")
        .slash("#random", "/pm", "schedule add apollo @daily");
    world.quiet().await;
    sees!(world.talk("#random"), @"");
    assert_eq!(world.model.requests().len(), 0, "none of it went to the agent");
    world.finish().await;
}

/// The digests of a night: of a daily rule in #apollo, and of one every 30 minutes on issue 12.
async fn night(kind: Kind, zone: &str, daily: &str, from: &str, steps: u32) -> String {
    let mut world = World::at(kind, TestClock::at(utc(from))).await;
    world.prepare_apollo().await;
    world.start().await;
    let ana = world.slack.user("ana");
    ana.slash(
        "#apollo",
        "/pm",
        &format!("schedule add apollo {daily} * * * {zone}"),
    );
    ana.slash(
        "#apollo",
        "/pm",
        &format!("schedule add apollo */30 * * * * {zone} acme/apollo#12"),
    );
    world.quiet().await;
    let start = utc(from);
    for step in 1..=steps {
        let at = start + Duration::from_secs(1800) * step;
        wait_until(&world, &at.format("%Y-%m-%dT%H:%M").to_string()).await;
    }
    let tail = format!(" {zone}");
    let (daily, often) = (digests(&world, "#apollo"), digests_on(&world, 12));
    let short = |heading: &String| {
        let time = heading
            .trim_start_matches("Status of Apollo · ")
            .replace(&tail, "");
        time.split(", ").last().unwrap().to_owned()
    };
    let days: Vec<String> = daily
        .iter()
        .map(|heading| heading.replace("Status of Apollo · ", ""))
        .collect();
    let often: Vec<String> = often.iter().map(short).collect();
    world.finish().await;
    format!(
        "daily: {}\nevery 30 minutes: {}",
        days.join("; "),
        often.join("; ")
    )
}

async fn digests_over_the_nights_on_which_clocks_change(kind: Kind) {
    let (berlin, york, howe) = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    sees!(night(kind, berlin, "30 2", "2026-03-29T00:05", 5).await, @"");
    sees!(night(kind, berlin, "30 2", "2026-10-24T23:35", 6).await, @"");
    sees!(night(kind, york, "30 2", "2026-03-08T06:05", 5).await, @"");
    sees!(night(kind, york, "30 1", "2026-11-01T04:35", 6).await, @"");
    sees!(night(kind, howe, "15 2", "2026-10-03T14:35", 5).await, @"");
    sees!(night(kind, howe, "45 1", "2026-04-04T13:35", 6).await, @"");
}

async fn down_over_three_due_times_makes_one_late_digest(kind: Kind) {
    let mut world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo 0 9 * * * Europe/Berlin");
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(3 * 86_400 + 3 * 3600));
    world.start().await;
    world.quiet().await;
    sees!(digests(&world, "#apollo").join("\n"), @"");
    wait_until(&world, "2026-11-26T08:00").await;
    sees!(digests(&world, "#apollo")[1..].join("\n"), @"");
    world.finish().await;
}

/// Plays until everything is done, or until the probe stops the application; whether it did.
async fn played(world: &World, reached: &Notify) -> bool {
    tokio::select! {
        () = reached.notified() => true,
        () = world.quiet() => false,
    }
}

async fn stopped_between_any_two_steps_there_is_one_digest(kind: Kind) {
    let mut point = 0;
    loop {
        let mut world = World::new(kind).await;
        world.prepare_apollo().await;
        let (reached, count) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        world.start_with(Some(stop_after(point, &reached, &count))).await;
        let cy = world.github.user("cy");
        cy.comments("acme/apollo", 12, "@pm schedule add apollo 0 10 * * *");
        let mut stopped = played(&world, &reached).await;
        if stopped {
            world.kill().await;
            world.start().await;
            world.redeliver_what_was_refused();
            world.quiet().await;
        }
        let span = utc("2026-11-22T10:00") - world.clock.now();
        world.clock.advance(span.to_std().unwrap());
        if !stopped {
            stopped = played(&world, &reached).await;
            if stopped {
                world.kill().await;
                world.start().await;
            }
        }
        world.quiet().await;
        let all = digests_on(&world, 12);
        assert_eq!(
            all,
            ["Status of Apollo · Sun 22 Nov 2026, 10:00 UTC"],
            "stopped at point {point}"
        );
        let mut tx = world.db.read().await.unwrap();
        let (kept, _) = schedules::first_due(&mut tx).await.unwrap();
        drop(tx);
        assert_eq!(kept, 1, "stopped at point {point}");
        world.finish().await;
        if !stopped {
            assert!(point > 15, "only {point} points were met: does the probe work?");
            return;
        }
        point += 1;
    }
}

async fn two_processes_post_one_digest(kind: Kind) {
    let mut world = World::apollo(kind).await;
    if kind == Kind::Sqlite {
        // One file is served by one process.
        let url = SecretString::from(world.database.url.clone());
        let second = Db::open(&url, true).await;
        assert!(matches!(second, Err(OpenError::InUse(_))));
        return world.finish().await;
    }
    world.start_replica().await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    for hour in ["10", "11", "12", "13", "14"] {
        wait_until(&world, &format!("2026-11-22T{hour}:00")).await;
    }
    let all = digests(&world, "#apollo");
    let hours: Vec<&str> = all
        .iter()
        .map(|heading| heading.split(", ").last().unwrap())
        .collect();
    assert_eq!(
        hours,
        ["10:00 UTC", "11:00 UTC", "12:00 UTC", "13:00 UTC", "14:00 UTC"]
    );
    world.finish().await;
}

async fn github_comes_back_in_time_for_a_digest(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    for _ in 0..3 {
        world.github.fault("GET", "*/issues", Fault::Status { code: 502 });
    }
    wait_until(&world, "2026-11-22T10:00").await;
    let digest = world.slack.bot_messages("#apollo").pop().unwrap().text;
    sees!(digest, @"");
    world.finish().await;
}

async fn a_digest_without_github_says_so(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    for _ in 0..6 {
        world.github.fault("GET", "*/issues", Fault::Status { code: 502 });
    }
    wait_until(&world, "2026-11-22T10:00").await;
    let digest = world.slack.bot_messages("#apollo").pop().unwrap().text;
    sees!(digest, @"");
    world.finish().await;
}

async fn a_place_that_is_gone_is_shown_in_the_list(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    world.slack.archive("#apollo");
    wait_until(&world, "2026-11-22T10:00").await;
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm schedule list");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"");
    world.finish().await;
}

async fn a_removed_schedule_is_silent(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule remove 1");
    world.quiet().await;
    wait_until(&world, "2026-11-22T11:00").await;
    assert_eq!(digests(&world, "#apollo"), Vec::<String>::new());
    world.finish().await;
}

async fn a_reply_under_a_digest_is_a_request(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    wait_until(&world, "2026-11-22T10:00").await;
    let digest = world.slack.bot_messages("#apollo").pop().unwrap();
    world.model.says("Cy is.");
    ana.replies("#apollo", &digest.ts, "who is on #14?");
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").pop().unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.thread_ts),
        ("Cy is.", Some(digest.ts))
    );
    let asked = world.model.requests().remove(0);
    assert!(
        asked["messages"].to_string().contains("Status of Apollo"),
        "{asked:#}"
    );
    world.finish().await;
}
