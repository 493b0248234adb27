//! What GitHub's webhooks did not tell: asked for again, and read.

use std::time::Duration;

use callsheet::store::{conversations, cursors};

use crate::support::database::{Engine, Kind};
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    what_was_said_while_we_were_away_is_answered_once,
    what_no_webhook_told_is_answered_within_minutes,
    what_was_there_before_us_is_not_replayed,
    an_issue_that_no_webhook_told_of_is_taken_up,
    a_missed_edit_changes_what_we_keep,
    many_missed_comments_are_all_read,
    failed_webhooks_are_asked_for_again,
    an_apps_failed_webhooks_are_asked_for_again,
    a_webhook_that_never_arrives_is_asked_for_a_few_times,
    without_rights_to_webhooks_health_has_a_hint,
    a_repository_that_cannot_be_read_is_told_and_read_later,
    two_replicas_share_the_looks,
    health_names_nothing_to_strangers,
    what_is_found_late_is_counted_with_what_was_asked_then,
];

/// A little more than the time between two looks.
const LOOK: Duration = Duration::from_secs(601);

/// Time in which somebody looks.
async fn look(world: &World) {
    world.quiet().await;
    world.clock.advance(LOOK);
    world.quiet().await;
}

fn health(world: &World) -> String {
    let part = world.program().engine.health.parts().remove("github").unwrap();
    format!("{}: {}", part.state.words(), part.detail)
}

fn count(world: &World, method: &str, end: &str) -> usize {
    let calls = world.github.calls();
    let fit = calls
        .iter()
        .filter(|call| call.method == method && call.path.ends_with(end));
    fit.count()
}

/// Apollo, a while after it came to be known; the application is stopped.
async fn away(kind: Kind) -> World {
    let mut world = World::apollo(kind).await;
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(300));
    world
}

async fn what_was_said_while_we_were_away_is_answered_once(kind: Kind) {
    let mut world = away(kind).await;
    world.github.mute_webhooks(true);
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "Nothing for you.");
    cy.comments("acme/apollo", 12, "@pm are you there?");
    world.model.says("I am.");
    world.clock.advance(Duration::from_secs(60));
    world.start().await;
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: Nothing for you.
    cy: @pm are you there?
    pm-bot: I am.
    ");
    // The webhooks come after all, and somebody looks again.
    world.github.mute_webhooks(false);
    world.redeliver_what_was_refused();
    look(&world).await;
    assert_eq!(world.issue_talk("acme/apollo", 12).lines().count(), 3);
    world.finish().await;
}

async fn what_no_webhook_told_is_answered_within_minutes(kind: Kind) {
    let world = World::apollo(kind).await;
    look(&world).await;
    world.github.mute_webhooks(true);
    world.model.says("I am.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm are you there?");
    look(&world).await;
    look(&world).await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm are you there?
    pm-bot: I am.
    ");
    world.finish().await;
}

async fn what_was_there_before_us_is_not_replayed(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    let cy = world.github.user("cy");
    let old = cy.comments("acme/apollo", 12, "@pm what was before you?");
    let number = cy.opens("acme/apollo", "Old", "@pm do something");
    world.clock.advance(Duration::from_secs(3600));
    world.start().await;
    look(&world).await;
    // Changed since, but not new.
    world.github.mute_webhooks(true);
    cy.edits_comment(old, "@pm what was long before you?");
    cy.comments("acme/apollo", number, "Nothing for you.");
    look(&world).await;
    assert_eq!(
        world.issue_talk("acme/apollo", 12),
        "cy [edited]: @pm what was long before you?"
    );
    assert_eq!(world.issue_talk("acme/apollo", number), "cy: Nothing for you.");
    world.finish().await;
}

async fn an_issue_that_no_webhook_told_of_is_taken_up(kind: Kind) {
    let mut world = away(kind).await;
    let number = world
        .github
        .user("cy")
        .opens("acme/apollo", "New", "@pm please say hello");
    world
        .github
        .user("cy")
        .opens("acme/apollo", "Other", "not for you");
    world.clock.advance(Duration::from_secs(60));
    world.model.says("Hello.");
    world.start().await;
    look(&world).await;
    sees!(world.issue_talk("acme/apollo", number), @"pm-bot: Hello.");
    world.finish().await;
}

async fn a_missed_edit_changes_what_we_keep(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.model.says("Yes.");
    let cy = world.github.user("cy");
    world.clock.advance(Duration::from_secs(60));
    let id = cy.comments("acme/apollo", 12, "@pm is it red?");
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(60));
    cy.edits_comment(id, "@pm is it green?");
    world.github.mute_webhooks(true);
    world.start().await;
    world.quiet().await;
    let mut tx = world.db.read().await.unwrap();
    let place = "github:acme/apollo#12".parse().unwrap();
    let conversation = conversations::at(&mut tx, &place).await.unwrap().unwrap();
    let said = conversations::newest(&mut tx, conversation, world.clock.now(), 10)
        .await
        .unwrap();
    drop(tx);
    let texts: Vec<&str> = said.iter().map(|said| said.text.as_str()).collect();
    assert!(texts.contains(&"is it green?"), "{texts:?}");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy [edited]: @pm is it green?
    pm-bot: Yes.
    ");
    world.finish().await;
}

async fn many_missed_comments_are_all_read(kind: Kind) {
    let mut world = away(kind).await;
    world.github.mute_webhooks(true);
    let dan = world.github.user("dan");
    // More than a page in one second, and more than a page in many.
    for number in 0..130 {
        dan.comments("acme/apollo", 12, &format!("At once {number}"));
    }
    for number in 0..130 {
        world.clock.advance(Duration::from_secs(1));
        dan.comments("acme/apollo", 13, &format!("One by one {number}"));
    }
    world.start().await;
    world.quiet().await;
    let mut tx = world.db.read().await.unwrap();
    let stored = callsheet::store::inbox::summary(&mut tx).await.unwrap();
    drop(tx);
    assert_eq!(stored.len(), 260);
    // The next look reads the end of the list only, and nothing twice.
    let before = world.github.calls().len();
    look(&world).await;
    let lists = world.github.calls()[before..]
        .iter()
        .filter(|call| call.path.ends_with("/issues/comments"))
        .count();
    assert!(lists <= 2, "{lists} pages were read again");
    let mut tx = world.db.read().await.unwrap();
    let stored = callsheet::store::inbox::summary(&mut tx).await.unwrap();
    drop(tx);
    assert_eq!(stored.len(), 260);
    world.finish().await;
}

async fn failed_webhooks_are_asked_for_again(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.github.user("pm-bot").may("admin", "acme/apollo");
    world.start().await;
    world.quiet().await;
    world.clock.advance(Duration::from_secs(60));
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 13, "This one arrives.");
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(60));
    // What only a webhook tells: a comment that is gone again.
    let gone = cy.comments("acme/apollo", 12, "Not said.");
    cy.deletes_comment(gone);
    cy.comments("acme/apollo", 12, "@pm are you there?");
    world.github.webhooks_done().await;
    world.model.says("I am.");
    world.clock.advance(Duration::from_secs(60));
    world.start().await;
    look(&world).await;
    look(&world).await;
    let told: Vec<String> = world
        .github
        .deliveries()
        .iter()
        .filter(|delivery| delivery.payload["sender"]["login"] == "cy")
        .map(|delivery| {
            // Whether a comment was read before its webhook came does not matter: 200 or 202.
            let arrived = delivery
                .attempts
                .iter()
                .map(|status| status.is_some_and(|code| code < 300));
            format!(
                "{}.{} {:?}",
                delivery.event,
                delivery.action,
                arrived.collect::<Vec<_>>()
            )
        })
        .collect();
    sees!(told.join("\n"), @"
    issue_comment.created [true]
    issue_comment.created [false, true]
    issue_comment.deleted [false, true]
    issue_comment.created [false, true]
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm are you there?
    pm-bot: I am.
    ");
    assert_eq!(count(&world, "POST", "/attempts"), 3);
    world.finish().await;
}

async fn an_apps_failed_webhooks_are_asked_for_again(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    let app = world.github.app("callsheet");
    app.install(&["acme/apollo"]);
    world.settings.remove("CALLSHEET__GITHUB__TOKEN");
    for (key, value) in [
        ("APP_ID", app.id().to_string()),
        ("PRIVATE_KEY", app.private_key()),
    ] {
        world.settings.insert(format!("CALLSHEET__GITHUB__{key}"), value);
    }
    world.start().await;
    world.quiet().await;
    world.stop().await;
    world.clock.advance(Duration::from_secs(60));
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@callsheet are you there?");
    world.github.webhooks_done().await;
    world.model.says("I am.");
    world.start().await;
    look(&world).await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @callsheet are you there?
    callsheet[bot]: I am.
    ");
    assert_eq!(
        count(&world, "POST", "/app/hook/deliveries/12837283001/attempts"),
        1
    );
    assert_eq!(count(&world, "GET", "/hooks"), 0);
    world.finish().await;
}

async fn a_webhook_that_never_arrives_is_asked_for_a_few_times(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.github.user("pm-bot").may("admin", "acme/apollo");
    world.start().await;
    world.quiet().await;
    // Somewhere between GitHub and us nothing goes through.
    world.github.webhook_to("http://127.0.0.1:9/webhooks/github");
    world.clock.advance(Duration::from_secs(60));
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm are you there?");
    world.model.says("I am.");
    for _ in 0..40 {
        look(&world).await;
    }
    let attempts: Vec<usize> = world
        .github
        .deliveries()
        .iter()
        .map(|delivery| delivery.attempts.len())
        .collect();
    // Cy's comment; ours, and what became of it.
    assert!(attempts.iter().all(|attempts| *attempts == 6), "{attempts:?}");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm are you there?
    pm-bot: I am.
    ");
    world.finish().await;
}

async fn without_rights_to_webhooks_health_has_a_hint(kind: Kind) {
    let mut world = away(kind).await;
    world.start().await;
    world.quiet().await;
    sees!(health(&world), @"ok: signed in as pm-bot; 4,995 of 5,000 calls left until 10:00 UTC; failed webhooks of acme/apollo are not asked for again, since that takes admin rights there; comments and issues are read every 10 minutes all the same");
    let asked = count(&world, "GET", "/hooks");
    assert_eq!(asked, 1);
    // An administrator now.
    world.github.user("pm-bot").may("admin", "acme/apollo");
    look(&world).await;
    assert!(!health(&world).contains("webhooks"), "{}", health(&world));
    world.finish().await;
}

async fn a_repository_that_cannot_be_read_is_told_and_read_later(kind: Kind) {
    let mut world = away(kind).await;
    world.github.mute_webhooks(true);
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm are you there?");
    world.clock.advance(Duration::from_secs(60));
    world.github.fault(
        "GET",
        "/repos/acme/apollo/issues/comments",
        Fault::Refuse {
            status: 403,
            message: "Resource not accessible by personal access token".into(),
        },
    );
    world.start().await;
    world.quiet().await;
    sees!(health(&world), @"degraded: signed in as pm-bot; 4,996 of 5,000 calls left until 10:00 UTC; acme/apollo cannot be read for what webhooks did not tell: GitHub does not allow it to my account (Resource not accessible by personal access token). Have an owner of the repository check my account's role there, and the permissions that I was given; failed webhooks of acme/apollo are not asked for again, since that takes admin rights there; comments and issues are read every 10 minutes all the same");
    // No answer at all: tried again after a minute.
    world.github.fault(
        "GET",
        "/repos/acme/apollo/issues/comments",
        Fault::Status { code: 502 },
    );
    look(&world).await;
    world.model.says("I am.");
    world.clock.advance(Duration::from_secs(61));
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm are you there?
    pm-bot: I am.
    ");
    assert!(!health(&world).contains("cannot be read"), "{}", health(&world));
    world.finish().await;
}

async fn two_replicas_share_the_looks(kind: Kind) {
    if kind.engine != Engine::Postgres {
        return;
    }
    let mut world = World::apollo(kind).await;
    world.quiet().await;
    world.start_replica().await;
    world.quiet().await;
    let before = count(&world, "GET", "/issues/comments");
    for _ in 0..4 {
        look(&world).await;
    }
    // Each look is one process's, not both's.
    let looks = count(&world, "GET", "/issues/comments") - before;
    assert!((3..=5).contains(&looks), "{looks} looks in four turns");
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(cursors::all(&mut tx).await.unwrap().len(), 1);
    drop(tx);
    world.finish().await;
}

async fn health_names_nothing_to_strangers(kind: Kind) {
    let mut world = away(kind).await;
    world.start().await;
    world.quiet().await;
    world.github.user("eve").comments("acme/apollo", 12, "@pm health");
    world.slack.user("ana").says("#apollo", "@pm health");
    world.quiet().await;
    for told in [world.issue_talk("acme/apollo", 12), world.talk("#apollo")] {
        let github = told.lines().find(|line| line.contains("webhooks of")).unwrap();
        assert!(!github.contains("acme/apollo"), "{github}");
        assert!(
            github.contains("webhooks of one of its places are not asked"),
            "{github}"
        );
    }
    world.finish().await;
}

async fn what_is_found_late_is_counted_with_what_was_asked_then(kind: Kind) {
    let mut world = World::new(kind).await;
    world
        .settings
        .insert("CALLSHEET__LIMITS__PERSON_PER_MINUTE".to_owned(), "2".to_owned());
    world.prepare_apollo().await;
    world.start().await;
    look(&world).await;
    world.github.mute_webhooks(true);
    let cy = world.github.user("cy");
    for _ in 0..4 {
        cy.comments("acme/apollo", 12, "@pm status apollo");
    }
    world.clock.advance(Duration::from_secs(120));
    cy.comments("acme/apollo", 12, "@pm projects");
    look(&world).await;
    look(&world).await;
    let talk = world.issue_talk("acme/apollo", 12);
    assert_eq!(
        talk.matches("You asked me 2 times within a minute").count(),
        2,
        "{talk}"
    );
    assert!(
        talk.lines().last().is_some_and(|line| line.contains("Apollo")),
        "{talk}"
    );
    world.finish().await;
}
