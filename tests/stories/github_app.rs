//! Working as a GitHub App, and what GitHub's limits and conditional requests look like from outside.

use std::time::Duration;

use serde_json::json;

use super::tools::results;
use crate::support::database::Kind;
use crate::support::github::{AppKnobs, Fault};
use crate::support::world::World;
use crate::{sees, stories};

stories![
    an_app_answers_under_its_own_name,
    an_apps_token_is_renewed_before_it_ends,
    a_refused_token_is_replaced_once,
    an_app_says_where_it_has_to_be_installed,
    a_suspended_app_says_so,
    an_app_with_a_bad_key_says_so,
    two_owners_have_their_own_tokens_and_limits,
    health_tells_how_many_calls_are_left,
    with_no_calls_left_nothing_is_asked_and_answers_wait,
    a_secondary_limit_holds_for_everything,
    what_did_not_change_costs_nothing,
];

/// The worlds with an App in place of the token, installed for acme/apollo; not started yet.
async fn with_app(kind: Kind) -> (World, AppKnobs) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    let app = world.github.app("callsheet");
    world.settings.remove("CALLSHEET__GITHUB__TOKEN");
    let settings = [
        ("APP_ID", app.id().to_string()),
        ("PRIVATE_KEY", app.private_key()),
    ];
    for (key, value) in settings {
        world.settings.insert(format!("CALLSHEET__GITHUB__{key}"), value);
    }
    (world, app)
}

/// How many calls of that kind GitHub got.
fn count(world: &World, method: &str, end: &str) -> usize {
    let calls = world.github.calls();
    calls
        .iter()
        .filter(|call| call.method == method && call.path.ends_with(end))
        .count()
}

/// What health says about GitHub.
fn health(world: &World) -> String {
    let part = world.program().engine.health.parts().remove("github").unwrap();
    format!("{}: {}", part.state.words(), part.detail)
}

/// Waits until GitHub told who we are. Time may jump past its patience meanwhile; then it is asked again.
async fn signed_in(world: &World) {
    world
        .until("GitHub to be signed in", |world| {
            health(world).contains("signed in as")
        })
        .await;
}

async fn an_app_answers_under_its_own_name(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    app.install(&["acme/apollo"]);
    world.start().await;
    signed_in(&world).await;
    let before = app.tokens();
    world
        .model
        .calls_tool("update_issue", json!({"add_labels": ["bug"]}))
        .says("Labelled as bug.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@callsheet please label this as bug");
    world.quiet().await;
    assert_eq!(world.github.get_issue("acme/apollo", 12).labels, ["bug"]);
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @callsheet please label this as bug
    callsheet[bot]: Labelled as bug.
    ");
    // Its full name calls it, too; a word that is not configured does not.
    world.model.says("Hello.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 13, "@callsheet[bot] hello?");
    world.github.user("cy").comments("acme/apollo", 14, "@pm hello?");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 13), @"
    cy: @callsheet[bot] hello?
    callsheet[bot]: Hello.
    ");
    assert_eq!(world.issue_talk("acme/apollo", 14), "cy: @pm hello?");
    assert_eq!(app.tokens(), before, "one token for all");
    world.finish().await;
}

async fn an_apps_token_is_renewed_before_it_ends(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    app.install(&["acme/apollo"]);
    world.start().await;
    let read = || vec![("get_issue", json!({"issue": "#12"}))];
    results(&world, read()).await;
    let known = (app.tokens(), count(&world, "GET", "/installation"));
    world.clock.advance(Duration::from_secs(50 * 60));
    results(&world, read()).await;
    assert_eq!(app.tokens(), known.0, "still good for ten minutes");
    world.clock.advance(Duration::from_secs(6 * 60));
    let told = results(&world, read()).await;
    assert!(told.contains("Login fails"), "{told}");
    assert_eq!(app.tokens(), known.0 + 1);
    world.clock.advance(Duration::from_secs(2 * 60 * 60));
    results(&world, read()).await;
    assert_eq!(app.tokens(), known.0 + 2);
    assert_eq!(
        count(&world, "GET", "/installation"),
        known.1,
        "the installation is remembered"
    );
    world.finish().await;
}

async fn a_refused_token_is_replaced_once(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    app.install(&["acme/apollo"]);
    world.start().await;
    results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    app.revoke_tokens();
    let told = results(
        &world,
        vec![("comment_on_issue", json!({"issue": "#12", "text": "Still here."}))],
    )
    .await;
    assert!(told.contains("Posted to acme/apollo#12"), "{told}");
    assert_eq!(world.issue_talk("acme/apollo", 12), "callsheet[bot]: Still here.");
    let refused = || Fault::Refuse {
        status: 401,
        message: "Bad credentials".to_owned(),
    };
    for _ in 0..2 {
        world.github.fault("GET", "/issues/13", refused());
    }
    let told = results(&world, vec![("get_issue", json!({"issue": "#13"}))]).await;
    sees!(told, @"get_issue: I could not read acme/apollo#13: GitHub does not accept the token that it has just given to my App. Ask again in a few minutes; www.githubstatus.com tells how GitHub is.");
    world.finish().await;
}

async fn an_app_says_where_it_has_to_be_installed(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    world.start().await;
    signed_in(&world).await;
    sees!(health(&world), @"degraded: signed in as callsheet[bot]; installed for nobody yet; install it at https://github.com/apps/callsheet/installations/new");
    let told = results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    sees!(told, @"get_issue: I could not read acme/apollo#12: the GitHub App callsheet is not installed for acme/apollo, or there is no such repository. Have an owner of acme install it for this repository at https://github.com/apps/callsheet/installations/new.");
    app.install(&["acme/apollo"]);
    world.quiet().await;
    let told = results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    assert!(told.contains("Login fails"), "{told}");
    sees!(health(&world), @"ok: signed in as callsheet[bot]; acme: 4,998 of 5,000 calls left until 10:00 UTC");
    // Another repository of the same owner is not part of it.
    world.github.issue("acme/zeus", 1, "Elsewhere", "");
    world
        .add_project(
            "Zeus",
            Some("acme/zeus"),
            Some(("#zeus", &world.slack.channel("#zeus"))),
        )
        .await;
    let told = results(&world, vec![("list_issues", json!({"project": "Zeus"}))]).await;
    sees!(told, @"list_issues: I could not read the issues of acme/zeus: the GitHub App callsheet is not installed for acme/zeus, or there is no such repository. Have an owner of acme install it for this repository at https://github.com/apps/callsheet/installations/new.");
    // Removed and installed again, it has another number.
    app.uninstall("acme");
    app.install(&["acme/apollo"]);
    world.quiet().await;
    let told = results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    assert!(told.contains("Login fails"), "{told}");
    world.finish().await;
}

async fn a_suspended_app_says_so(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    app.install(&["acme/apollo"]);
    app.suspend("acme");
    world.start().await;
    signed_in(&world).await;
    let told = results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    sees!(told, @"get_issue: I could not read acme/apollo#12: my GitHub App is suspended there. Have an owner unsuspend it in their settings, under Applications, Installed GitHub Apps.");
    world.finish().await;
}

async fn an_app_with_a_bad_key_says_so(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    app.install(&["acme/apollo"]);
    app.delete_key();
    world.start().await;
    world
        .until("GitHub to refuse", |world| health(world).starts_with("failed"))
        .await;
    sees!(health(&world), @"failed: GitHub does not accept my App's key (it may be wrong or deleted, or my clock may be wrong). Check github.app_id, github.private_key and the clock of my machine, and start me again.");
    let told = results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    sees!(told, @"get_issue: I could not read acme/apollo#12: GitHub does not accept my App's key (it may be wrong or deleted, or my clock may be wrong). Check github.app_id, github.private_key and the clock of my machine, and start me again.");
    world.finish().await;
}

async fn two_owners_have_their_own_tokens_and_limits(kind: Kind) {
    let (mut world, app) = with_app(kind).await;
    app.install(&["acme/apollo"]);
    world.github.issue("globex/hera", 1, "Elsewhere", "");
    app.install(&["globex/hera"]);
    world
        .add_project(
            "Hera",
            Some("globex/hera"),
            Some(("#hera", &world.slack.channel("#hera"))),
        )
        .await;
    world.start().await;
    signed_in(&world).await;
    world.model.says("Here.").says("There.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@callsheet hello?");
    world
        .github
        .user("cy")
        .comments("globex/hera", 1, "@callsheet hello?");
    world.quiet().await;
    for (repository, number) in [("acme/apollo", 12), ("globex/hera", 1)] {
        let talk = world.issue_talk(repository, number);
        assert!(talk.contains("callsheet[bot]"), "{talk}");
    }
    assert!(app.tokens() >= 2, "{}", app.tokens());
    let said = health(&world);
    assert!(
        said.contains("; acme: 4,9") && said.contains("; globex: 4,9"),
        "{said}"
    );
    world.finish().await;
}

async fn health_tells_how_many_calls_are_left(kind: Kind) {
    let world = World::apollo(kind).await;
    signed_in(&world).await;
    world.github.leave_calls(4_313);
    results(&world, vec![("get_issue", json!({"issue": "#12"}))]).await;
    sees!(health(&world), @"ok: signed in as pm-bot; 4,311 of 5,000 calls left until 10:00 UTC");
    world.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(
        health(&world),
        "ok: signed in as pm-bot",
        "what is over is not told"
    );
    world.finish().await;
}

async fn with_no_calls_left_nothing_is_asked_and_answers_wait(kind: Kind) {
    let world = World::apollo(kind).await;
    signed_in(&world).await;
    world.clock.advance(Duration::from_secs(50 * 60));
    world.github.leave_calls(1);
    results(&world, vec![("list_issues", json!({}))]).await;
    let said = health(&world);
    // A timer of ours may have asked, too, and have more to tell.
    let expected = "degraded: signed in as pm-bot; 0 of 5,000 calls left until 10:00 UTC";
    assert!(said.starts_with(expected), "{said}");
    let before = world.github.calls().len();
    let told = results(
        &world,
        vec![
            ("get_issue", json!({"issue": "#12"})),
            ("project_status", json!({})),
            ("search_issues", json!({"words": "login"})),
        ],
    )
    .await;
    sees!(told, @r#"
    get_issue: I could not read acme/apollo#12: GitHub's rate limit is used up until 10:00:00 UTC. Ask again after that time.
    ---
    project_status: **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).

    I could not read the issues of acme/apollo: GitHub's rate limit is used up until 10:00:00 UTC. Ask again after that time.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ---
    search_issues: 1 found in acme/apollo for “login”:

    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#> · open
    "#);
    let asked: Vec<String> = world.github.calls()[before..]
        .iter()
        .map(|call| call.path.clone())
        .collect();
    assert!(
        asked.iter().all(|path| path == "/search/issues"),
        "searches have a limit of their own: {asked:?}"
    );
    // What is to be written is written when the hour is over.
    let told = results(
        &world,
        vec![("comment_on_issue", json!({"issue": "#12", "text": "Later."}))],
    )
    .await;
    assert!(told.contains("Posted to acme/apollo#12"), "{told}");
    assert_eq!(world.issue_talk("acme/apollo", 12), "pm-bot: Later.");
    assert!(world.clock.now().format("%H:%M").to_string().as_str() >= "10:00");
    world.finish().await;
}

async fn a_secondary_limit_holds_for_everything(kind: Kind) {
    let world = World::apollo(kind).await;
    signed_in(&world).await;
    let secondary = Fault::RateLimit {
        status: 403,
        retry_after: None,
        secondary: true,
    };
    world.github.fault("GET", "/issues/12", secondary);
    let began = world.clock.now();
    let told = results(
        &world,
        vec![
            ("get_issue", json!({"issue": "#12"})),
            ("get_issue", json!({"issue": "#13"})),
        ],
    )
    .await;
    let refused: Vec<_> = told
        .matches("GitHub's rate limit is used up until 09:01:")
        .collect();
    assert_eq!(refused.len(), 2, "{told}");
    assert_eq!(
        count(&world, "GET", "/issues/13"),
        0,
        "the second was not asked for"
    );
    let posted = results(
        &world,
        vec![("comment_on_issue", json!({"issue": "#13", "text": "Later."}))],
    )
    .await;
    assert!(posted.contains("Posted to acme/apollo#13"), "{posted}");
    assert!(world.clock.now() - began >= chrono::TimeDelta::seconds(60));
    assert_eq!(world.issue_talk("acme/apollo", 13), "pm-bot: Later.");
    world.finish().await;
}

async fn what_did_not_change_costs_nothing(kind: Kind) {
    let world = World::apollo(kind).await;
    signed_in(&world).await;
    let status = || vec![("project_status", json!({}))];
    let first = results(&world, status()).await;
    let before = (
        world.github.calls().len(),
        world.github.unchanged(),
        health(&world),
    );
    let again = results(&world, status()).await;
    assert_eq!(again, first);
    let asked = world.github.calls().len() - before.0;
    assert!(asked > 0);
    assert_eq!(
        world.github.unchanged() - before.1,
        asked,
        "all was asked for again, and was unchanged"
    );
    assert_eq!(health(&world), before.2);
    world.github.user("cy").closes("acme/apollo", 14);
    world.quiet().await;
    let after = results(&world, status()).await;
    assert!(
        after.contains("2 issues and 0 pull requests are open."),
        "{after}"
    );
    world.finish().await;
}
