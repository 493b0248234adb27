//! What schedules post: once for each due time, whatever happens in between.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use callsheet::domain::{Button, Effect};
use callsheet::store::{Db, OpenError, deliveries, schedules};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tokio::sync::Notify;

use super::engine::stop_after;
use crate::support::clock::TestClock;
use crate::support::database::{Engine, Kind};
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    digests_over_the_nights_on_which_clocks_change,
    down_over_three_due_times_makes_one_late_digest,
    stopped_between_any_two_steps_there_is_one_digest,
    a_due_time_claimed_before_a_stop_is_missed_too,
    two_processes_post_one_digest,
    github_comes_back_in_time_for_a_digest,
    a_digest_without_github_says_so,
    what_github_said_of_rights_last_counts_while_it_is_away,
    a_removed_schedule_is_silent,
    a_reply_under_a_digest_is_a_request,
];

fn utc(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// Moves time to a moment, and waits for what follows.
pub(super) async fn wait_until(world: &World, at: &str) {
    let span = utc(at) - world.clock.now();
    world.clock.advance(span.to_std().unwrap());
    world.quiet().await;
}

/// The first lines of the digests in a Slack channel, with the line on their delay.
pub(super) fn digests(world: &World, place: &str) -> Vec<String> {
    let texts = world
        .slack
        .bot_messages(place)
        .into_iter()
        .map(|message| message.text);
    headings(texts)
}

/// The same on an issue.
pub(super) fn digests_on(world: &World, number: u64) -> Vec<String> {
    let comments = world.github.comments("acme/apollo", number);
    headings(
        comments
            .into_iter()
            .filter(|comment| comment.user == "pm-bot")
            .map(|comment| comment.body),
    )
}

fn headings(texts: impl Iterator<Item = String>) -> Vec<String> {
    let plain = texts.map(|text| text.replace('*', "").replace("\n_", "\n").replace("_\n", "\n"));
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
    sees!(night(kind, berlin, "30 2", "2026-03-29T00:00", 5).await, @"
    daily: Sun 29 Mar 2026, 03:00 Europe/Berlin
    every 30 minutes: 01:30; 03:00; 03:30; 04:00; 04:30
    ");
    sees!(night(kind, berlin, "30 2", "2026-10-24T23:30", 6).await, @"
    daily: Sun 25 Oct 2026, 02:30 Europe/Berlin (UTC+02:00)
    every 30 minutes: 02:00 (UTC+02:00); 02:30 (UTC+02:00); 02:00 (UTC+01:00); 02:30 (UTC+01:00); 03:00; 03:30
    ");
    sees!(night(kind, york, "30 2", "2026-03-08T06:00", 5).await, @"
    daily: Sun 8 Mar 2026, 03:00 America/New_York
    every 30 minutes: 01:30; 03:00; 03:30; 04:00; 04:30
    ");
    sees!(night(kind, york, "30 1", "2026-11-01T04:30", 6).await, @"
    daily: Sun 1 Nov 2026, 01:30 America/New_York (UTC-04:00)
    every 30 minutes: 01:00 (UTC-04:00); 01:30 (UTC-04:00); 01:00 (UTC-05:00); 01:30 (UTC-05:00); 02:00; 02:30
    ");
    sees!(night(kind, howe, "15 2", "2026-10-03T14:30", 5).await, @"
    daily: Sun 4 Oct 2026, 02:30 Australia/Lord_Howe
    every 30 minutes: 01:30; 02:30; 03:00; 03:30; 04:00
    ");
    sees!(night(kind, howe, "30 1", "2026-04-04T13:30", 6).await, @"
    daily: Sun 5 Apr 2026, 01:30 Australia/Lord_Howe (UTC+11:00)
    every 30 minutes: 01:00; 01:30 (UTC+11:00); 01:30 (UTC+10:30); 02:00; 02:30; 03:00
    ");
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
    sees!(digests(&world, "#apollo").join("\n"), @"
    Status of Apollo · Wed 25 Nov 2026, 13:00 Europe/Berlin
    Delayed: due Wed 25 Nov 2026, 09:00 Europe/Berlin. Those due since Mon 23 Nov 2026, 09:00 Europe/Berlin were missed.
    ");
    wait_until(&world, "2026-11-26T08:00").await;
    sees!(digests(&world, "#apollo")[1..].join("\n"), @"Status of Apollo · Thu 26 Nov 2026, 09:00 Europe/Berlin");
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
    // On PostgreSQL the kill matrix ends the program at all its points.
    if kind.engine == Engine::Postgres {
        return;
    }
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
        assert_posted_once(&world, point).await;
        world.finish().await;
        if !stopped {
            assert!(point > 15, "only {point} points were met: does the probe work?");
            return;
        }
        point += 1;
    }
}

async fn assert_posted_once(world: &World, point: usize) {
    let all = digests_on(world, 12);
    assert_eq!(
        all,
        ["Status of Apollo · Sun 22 Nov 2026, 10:00 UTC"],
        "stopped at point {point}"
    );
    let comments = world.github.comments("acme/apollo", 12);
    let ours = comments.iter().filter(|comment| comment.user == "pm-bot");
    let answers: Vec<_> = ours
        .filter(|comment| !comment.body.contains("Status of"))
        .collect();
    assert_eq!(answers.len(), 1, "stopped at point {point}: {answers:?}");
    assert!(
        answers[0].body.starts_with("Schedule **1** posts"),
        "stopped at point {point}: {answers:?}"
    );
    let mut tx = world.db.read().await.unwrap();
    let (kept, _) = schedules::first_due(&mut tx).await.unwrap();
    assert_eq!(kept, 1, "stopped at point {point}");
    let schedule = schedules::by_number(&mut tx, 1).await.unwrap().unwrap();
    let last = schedules::last_occurrence(&mut tx, schedule.id)
        .await
        .unwrap()
        .unwrap();
    let parts = deliveries::of_group(&mut tx, last.group_id.unwrap())
        .await
        .unwrap();
    drop(tx);
    let button = Button {
        label: "Refresh".to_owned(),
        command: "status apollo".to_owned(),
    };
    let effects: Vec<_> = parts.into_iter().map(|part| part.effect).collect();
    let (reply, buttons) = (None, vec![button]);
    assert_eq!(
        effects,
        [Effect::Message { reply, buttons }],
        "stopped at point {point}"
    );
    let frozen = last.text.unwrap();
    assert!(
        frozen.starts_with("**Status of Apollo** · Sun 22 Nov 2026, 10:00 UTC\n\n**Apollo**: active"),
        "stopped at point {point}: {frozen}"
    );
}

async fn a_due_time_claimed_before_a_stop_is_missed_too(kind: Kind) {
    let mut world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    let asked = world.github.fault("GET", "*/issues", Fault::Hold);
    let span = utc("2026-11-22T10:00") - world.clock.now();
    world.clock.advance(span.to_std().unwrap());
    asked.hit().await;
    world.kill().await;
    asked.release();
    world.clock.advance(Duration::from_secs(3 * 3600));
    world.start().await;
    world.quiet().await;
    let made = digests(&world, "#apollo");
    assert_eq!(made.len(), 1, "{made:?}");
    // At what minute it is made depends on how long GitHub is waited for.
    sees!(made[0].lines().last().unwrap(), @"Delayed: due Sun 22 Nov 2026, 13:00 UTC. Those due since Sun 22 Nov 2026, 10:00 UTC were missed.");
    wait_until(&world, "2026-11-22T14:00").await;
    sees!(digests(&world, "#apollo")[1..].join("\n"), @"Status of Apollo · Sun 22 Nov 2026, 14:00 UTC");
    world.finish().await;
}

async fn two_processes_post_one_digest(kind: Kind) {
    let mut world = World::apollo(kind).await;
    if kind.engine == Engine::Sqlite {
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
    sees!(digest, @"
    *Status of Apollo* · Sun 22 Nov 2026, 10:00 UTC

    *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.

    3 issues and 0 pull requests are open. Changed last:

    • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
    • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
    • <https://github.com/acme/apollo/issues/12|#12> Login fails

    In the last 7 days: 3 opened.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    world.finish().await;
}

async fn a_digest_without_github_says_so(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    for _ in 0..40 {
        world.github.fault("GET", "*/issues", Fault::Status { code: 502 });
    }
    wait_until(&world, "2026-11-22T10:00").await;
    world.github.mend();
    let digest = world.slack.bot_messages("#apollo").pop().unwrap().text;
    sees!(digest, @"
    *Status of Apollo* · Sun 22 Nov 2026, 10:00 UTC

    *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.

    I could not read the issues of acme/apollo: GitHub gave no usable answer (GitHub answered with status 502). Ask again in a few minutes; www.githubstatus.com tells how GitHub is.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    world.finish().await;
}

async fn what_github_said_of_rights_last_counts_while_it_is_away(kind: Kind) {
    let world = World::apollo(kind).await;
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "@pm schedule add @hourly");
    world.quiet().await;
    let away = Fault::Status { code: 502 };
    world.github.fault("GET", "/collaborators/cy/permission", away);
    wait_until(&world, "2026-11-22T10:00").await;
    assert_eq!(
        digests_on(&world, 12),
        ["Status of Apollo · Sun 22 Nov 2026, 10:00 UTC"]
    );
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
    sees!(world.issue_talk("acme/apollo", 14), @"
    pm-bot: > **ana** asked in Slack (#apollo): who is on #14?
        
        Cy is.
    ");
    let asked = world.model.requests().remove(0);
    assert!(
        asked["messages"].to_string().contains("Status of Apollo"),
        "{asked:#}"
    );
    world.finish().await;
}
