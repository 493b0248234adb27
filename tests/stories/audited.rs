//! What stands in the audit log after people, platforms, the clock and whoever runs Callsheet did what they do.

use std::process::Output;
use std::time::Duration;

use callsheet::store::audit::{self, Filter};
use callsheet::store::outbox::{self, Wanted};

use super::ask::{program, said};
use super::operator::told;
use crate::support::database::Kind;
use crate::support::slack::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    what_becomes_of_what_is_sent_is_noted,
    what_the_operator_decides_is_noted,
    a_start_tells_what_changed_in_the_configuration,
    the_program_shows_checks_and_exports_the_log,
    the_program_tells_what_was_changed,
    what_was_refused_is_noted,
    a_stop_is_noted,
];

const POST: &str = "chat.postMessage";

/// Every row whose action begins so, oldest first: who for whom, what, and in which words.
async fn noted(world: &World, action: &str) -> String {
    let mut tx = world.db.read().await.unwrap();
    let filter = Filter {
        action: Some(action),
        ..Filter::ALL
    };
    let mut rows = audit::list(&mut tx, &filter, 100).await.unwrap();
    rows.reverse();
    let line = |row: &audit::Record| {
        let whom = row.on_behalf_name.as_ref().map(|name| format!(" for {name}"));
        let place = row.place.as_ref().map(|place| format!(" at {place}"));
        format!(
            "{} {}{}: {}{} ({}): {}",
            row.action,
            row.actor_name,
            whom.unwrap_or_default(),
            row.subject,
            place.unwrap_or_default(),
            row.result,
            // Ids and addresses depend on when a call was made.
            row.detail
                .split(" there: 1")
                .next()
                .unwrap()
                .split(" there: http")
                .next()
                .unwrap()
        )
    };
    let rows: Vec<String> = rows.iter().map(line).collect();
    told(Ok::<_, String>(rows.join("\n")))
}

/// Waits until all is sealed.
async fn sealed(world: &World) {
    for _ in 0..100 {
        world.pass(Duration::from_secs(5)).await;
        let mut tx = world.db.read().await.unwrap();
        if audit::count_unsealed(&mut tx).await.unwrap() == 0 {
            return;
        }
    }
    panic!("nobody seals");
}

/// Waits until so many starts are noted.
async fn has_started(world: &World, times: usize) {
    for _ in 0..100 {
        if noted(world, "service.start").await.lines().count() == times {
            return;
        }
        world.still().await;
    }
    panic!("nobody notes the start");
}

/// Runs the built program on the world's database, beside the service.
async fn run(world: &World, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path(), &world.database, world.kind);
    command.env("CALLSHEET__DATABASE__URL", &world.database.url);
    command.arg("audit").args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

async fn what_becomes_of_what_is_sent_is_noted(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Hello, Ana.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    // An answer whose progress was shown before, and one that cannot be posted.
    let held = world.model.holds();
    world.github.user("cy").comments("acme/apollo", 12, "@pm report");
    held.reached().await;
    world.pass(Duration::from_secs(5)).await;
    world
        .now("the progress", |world| {
            world.github.comments("acme/apollo", 12).len() == 2
        })
        .await;
    world.model.says("All is well.");
    held.release();
    world.quiet().await;
    world.expects("#apollo", &["Hello, Ana."]);
    assert!(
        world
            .issue_talk("acme/apollo", 12)
            .ends_with("[edited]: All is well.")
    );
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm report");
    held.reached().await;
    world.slack.archive("#apollo");
    world.model.says(&"All is well. ".repeat(500));
    held.release();
    world.quiet().await;
    sees!(noted(&world, "delivery.").await, @"
    delivery.sent Callsheet for ana: delivery:<A> at slack:T1/CAPOLLO/1795338000.000100 (done): an answer (11 characters, SHA-256 4645681ee361d264…) is
    delivery.sent Callsheet for cy: delivery:<B> at github:acme/apollo#12 (done): an answer (12 characters, SHA-256 8ec321e3fda08707…) is
    delivery.dead Callsheet for ana: delivery:<C> at slack:T1/CAPOLLO/1795338006.000000 (failed): an answer (3990 characters, SHA-256 47b3e1048fdc807e…) was given up: the channel is archived; unarchive it or use another one
    delivery.cancelled Callsheet for ana: delivery:<D> at slack:T1/CAPOLLO/1795338006.000000 (done): part 2 of an answer (2508 characters, SHA-256 19afca51f95298f6…) was taken back: an earlier part did not arrive
    ");
    sealed(&world).await;
    world.finish().await;
}

async fn what_the_operator_decides_is_noted(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.revoke_scope("channels:history");
    world.slack.fault(Fault::DropBeforeEffect { method: POST });
    world.slack.user("ana").slash("#apollo", "/pm", "projects");
    world.quiet().await;
    let mut tx = world.db.read().await.unwrap();
    let waiting = outbox::list(&mut tx, Wanted::Waiting, 10).await.unwrap()[0].to_string();
    drop(tx);
    let operator = callsheet::operator::Operator::beside(world.db.clone(), world.clock.clock()).named("root");
    operator.retry(&waiting, true).await.unwrap();
    world.quiet().await;
    operator.drop(&waiting).await.unwrap_err();
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    let rows = noted(&world, "").await;
    let decided = rows
        .lines()
        .filter(|line| line.starts_with("delivery.") || line.starts_with("outbox."));
    sees!(decided.collect::<Vec<_>>().join("\n"), @"
    delivery.unknown Callsheet for ana: delivery:<B> at slack:T1/CAPOLLO (failed): an answer (87 characters, SHA-256 cdae51ec1b532d0c…) may or may not be there: Slack says missing_scope, and a private answer to a command cannot be read
    outbox.resend root for ana: delivery:<B> at slack:T1/CAPOLLO (done): <B> is queued again.
    delivery.sent Callsheet for ana: delivery:<B> at slack:T1/CAPOLLO (done): an answer (87 characters, SHA-256 cdae51ec1b532d0c…) is
    outbox.drop root for ana: delivery:<B> at slack:T1/CAPOLLO (refused): <B> has arrived. Nothing was changed.
    ");
    world.finish().await;
}

async fn a_start_tells_what_changed_in_the_configuration(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.stop().await;
    world.start().await;
    world.stop().await;
    let key = |key: &str| format!("CALLSHEET__{key}");
    world
        .settings
        .insert(key("GITHUB__WEBHOOK_SECRET"), "another secret".to_owned());
    world.settings.insert(key("AGENT__MAX_STEPS"), "7".to_owned());
    world.settings.remove(&key("MODEL__API_KEY"));
    world.start().await;
    has_started(&world, 3).await;
    world.kill().await;
    world.start().await;
    has_started(&world, 4).await;
    let rows = noted(&world, "").await;
    for secret in [world.slack.bot_token(), &world.github.token(), "another secret"] {
        assert!(!rows.contains(secret), "{rows}");
    }
    assert!(rows.contains("github.token = (secret "), "{rows}");
    let steady = rows.lines().filter(|line| !line.contains(" = "));
    let steady = steady.map(|line| line.split(", listening").next().unwrap());
    sees!(steady.collect::<Vec<_>>().join("\n"), @"
    config.change Callsheet: configuration (done): as at the first start
    service.start Callsheet: process:<A> (done): Callsheet 0.1.0 started
    service.stop Callsheet: process:<A> (done): stopped in order
    service.start Callsheet: process:<B> (done): Callsheet 0.1.0 started
    service.stop Callsheet: process:<B> (done): stopped in order
    config.change Callsheet: configuration (done): agent.max_steps set, github.webhook_secret changed, model.api_key removed
    service.start Callsheet: process:<C> (done): Callsheet 0.1.0 started
    service.start Callsheet: process:<D> (done): Callsheet 0.1.0 started
    ");
    sealed(&world).await;
    world.finish().await;
}

async fn the_program_shows_checks_and_exports_the_log(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Hello, Ana.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    sealed(&world).await;
    let listed = said(&run(&world, &["list", "--person", "ana", "--limit", "1"]).await);
    sees!(told(Ok::<_, String>(listed)), @"
    exit 0
    2026-11-22 09:00:00 UTC  delivery.sent  done  Callsheet for ana
        delivery:<A> at slack:T1/CAPOLLO/1795338000.000100
        run <B>
        an answer (11 characters, SHA-256 4645681ee361d264…) is there: 1795338000.000200
    ");
    let verified = said(&run(&world, &["verify"]).await);
    let (told_whole, head) = verified.split_once("Head: ").unwrap();
    sees!(told_whole, @"
    exit 0
    The audit log is whole: 3 rows, each as it was sealed.
    ");
    let head = head.lines().next().unwrap().to_owned();
    let again = said(&run(&world, &["verify", "--head", &head]).await);
    assert!(
        again.starts_with("exit 0") && again.contains("The head you gave stands in it."),
        "{again}"
    );
    let exported = said(&run(&world, &["export"]).await);
    let lines: Vec<serde_json::Value> = exported
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let shown: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {}", line["position"], line["action"]))
        .collect();
    sees!(shown.join("\n"), @r#"
    1 "config.change"
    2 "service.start"
    3 "delivery.sent"
    "#);
    assert_eq!(lines.last().unwrap()["hash"], head);
    assert_eq!(lines[2]["on_behalf_name"], "ana");
    world.expects("#apollo", &["Hello, Ana."]);
    for wrong in [
        vec!["list", "--since", "yesterday"],
        vec!["list", "--run", "ffff0000"],
        vec!["verify", "--head", "abc"],
    ] {
        let said = said(&run(&world, &wrong).await);
        assert!(said.starts_with("exit 1\ncallsheet: "), "{wrong:?}: {said}");
    }
    world.finish().await;
}

async fn the_program_tells_what_was_changed(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "projects");
    world.quiet().await;
    world.stop().await;
    let free = if world.database.url.starts_with("sqlite") {
        "DROP TRIGGER audit_no_update"
    } else {
        "ALTER TABLE audit DISABLE TRIGGER USER"
    };
    world.database.execute(free).await;
    world
        .database
        .execute("UPDATE audit SET actor_name = 'nobody' WHERE action = 'delivery.sent'")
        .await;
    let verified = told(Ok::<_, String>(said(&run(&world, &["verify"]).await)));
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    sees!(verified.split("\n\nHead").next().unwrap(), @"
    exit 1
    The audit log is NOT whole (4 rows in the chain):
      position 3, row <A>: changed after it was sealed, or what stood before it was removed
    ");
    world.finish().await;
}

async fn what_was_refused_is_noted(kind: Kind) {
    let world = World::careful(kind).await;
    world.add_project("Zeus", Some("acme/zeus"), None).await;
    let ana = world.slack.user("ana");
    for line in [
        "claim 0000-0000-0000",
        "link 0000-0000-0000",
        "status Zeus",
        "role grant @ana owner",
        "issue close acme/apollo#12",
        "approve 7",
        "reject 1 not now",
        "approve 1",
    ] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    let mut all = String::new();
    for action in ["callsheet.", "account.", "project.", "role.", "gate."] {
        all.push_str(&noted(&world, action).await);
        all.push('\n');
    }
    sees!(all, @"
    callsheet.claim ana: own account at slack:T1/CAPOLLO (refused): You own nothing by this: this code is not known, was used already, or its time is over. Say the one that Callsheet printed when it was started last: each start prints a new one, until somebody owns it.
    account.link ana: own account at slack:T1/CAPOLLO (refused): I linked nothing: this code is not known, was used already, or its time is over. Ask for a new one.

    role.set ana: person:<A> at slack:T1/CAPOLLO (refused): You may not change this role: that takes an owner of the project, and you are a member. Ask an owner of the project; `role list` names them.
    gate.asked ana for ana: gate:1 at slack:T1/CAPOLLO (done): question 1: Change acme/apollo#12 (33 characters, SHA-256 91a5106c4da81660…)
    gate.answer ana: gate:7 at slack:T1/CAPOLLO (refused): I did not count your answer: there is no question 7. `gates` lists those that are open.
    gate.rejected ana for ana: gate:1 at slack:T1/CAPOLLO (done): question 1: **Rejected** by ana: “not now” (22 Nov 2026, 09:00 UTC).
    gate.answer ana: gate:1 at slack:T1/CAPOLLO (refused): Your answer to question 1 changes nothing: Rejected by ana: “not now” (22 Nov 2026, 09:00 UTC). If it is still wanted, ask for it anew.
    ");
    world.slack.news("#apollo");
    world.finish().await;
}

async fn a_stop_is_noted(kind: Kind) {
    let world = World::careful(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "issue close acme/apollo#12");
    world.quiet().await;
    world.slack.user("ben").slash("#apollo", "/pm", "stop");
    world.quiet().await;
    let rows = noted(&world, "run.stop").await;
    assert_eq!(rows.lines().count(), 1, "{rows}");
    assert!(
        rows.contains("run.stop ben") && rows.ends_with("(done): told it to stop"),
        "{rows}"
    );
    world.slack.news("#apollo");
    world.finish().await;
}
