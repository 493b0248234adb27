//! Slack over HTTP: what its routes take and refuse. What people see is the same as over sockets, and told by the other
//! stories, which are played both ways.

use std::time::Duration;

use callsheet::engine::health::State;
use callsheet::store::inbox;
use serde_json::json;

use crate::support::database::Kind;
use crate::support::slack::Request;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    slack_finds_its_request_url,
    a_request_without_a_good_signature_is_refused_and_not_stored,
    a_request_of_another_time_is_refused,
    a_replayed_request_is_refused_and_has_no_second_effect,
    a_replay_is_refused_after_a_restart,
    what_could_not_be_kept_is_taken_when_it_comes_again,
    an_event_comes_again_while_the_application_is_away,
    a_retry_of_what_was_kept_is_received,
    commands_and_presses_are_answered_without_words,
    odd_requests_are_received_and_do_nothing,
    events_that_slack_holds_back_show_in_health,
    before_we_know_who_we_are_events_are_sent_again,
    both_spellings_of_the_routes_work,
];

/// What was kept: the events' names and meanings.
async fn kept(world: &World) -> Vec<String> {
    let mut tx = world.db.read().await.unwrap();
    let events = inbox::summary(&mut tx).await.unwrap();
    events
        .into_iter()
        .map(|(name, meaning, _)| format!("{name} {}", meaning.unwrap_or_default()))
        .collect()
}

/// An event that asks us something.
fn question(id: &str) -> String {
    json!({
        "type": "event_callback", "team_id": "T1", "event_id": id,
        "event": {
            "type": "message", "channel": "CAPOLLO", "channel_type": "channel", "user": "UANA", "team": "T1",
            "text": "<@UPM> are you there?", "ts": "1795338000.000100", "event_ts": "1795338000.000100",
        },
    })
    .to_string()
}

fn with(request: &Request, name: &str, value: Option<&str>) -> Request {
    let mut request = request.clone();
    request.headers.retain(|(known, _)| known != name);
    request
        .headers
        .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    request
}

async fn slack_finds_its_request_url(kind: Kind) {
    let world = World::apollo(kind).await;
    assert!(world.slack.verifies_url().await);
    // The word is given back to nobody else.
    let challenge = json!({ "type": "url_verification", "challenge": "echo me" }).to_string();
    let signed = world.slack.signed("/slack/events", &challenge, 0);
    let (status, said) = world.slack.send(&with(&signed, "X-Slack-Signature", None)).await;
    assert_eq!(status, 401);
    sees!(said, @"Not accepted: the header X-Slack-Signature is missing.");
    assert_eq!(kept(&world).await, Vec::<String>::new());
    world.finish().await;
}

async fn a_request_without_a_good_signature_is_refused_and_not_stored(kind: Kind) {
    let world = World::apollo(kind).await;
    let form = "payload=%7B%7D&text=projects&command=%2Fpm&channel_id=CAPOLLO&user_id=UANA";
    for (path, body) in [
        ("/slack/events", question("Ev1")),
        ("/slack/commands", form.to_owned()),
        ("/slack/interactions", form.to_owned()),
    ] {
        let good = world.slack.signed(path, &body, 0);
        let signature = good.header("X-Slack-Signature").unwrap().to_owned();
        let (other, doubled) = (
            format!("v0={}", "0".repeat(64)),
            format!("{signature}{signature}"),
        );
        for wrong in [
            None,
            Some(""),
            Some("v0="),
            Some(&*other),
            Some(&*doubled),
            Some(&signature[3..]),
        ] {
            let sent = world.slack.send(&with(&good, "X-Slack-Signature", wrong)).await;
            assert_eq!(sent.0, 401, "{path} {wrong:?} {}", sent.1);
        }
        let moment = good.header("X-Slack-Request-Timestamp").unwrap().to_owned();
        let next = (moment.parse::<i64>().unwrap() + 1).to_string();
        for wrong in [
            None,
            Some(""),
            Some("now"),
            Some("-1"),
            Some(&*next),
            Some("99999999999999999999"),
        ] {
            let sent = world
                .slack
                .send(&with(&good, "X-Slack-Request-Timestamp", wrong))
                .await;
            assert_eq!(sent.0, 401, "{path} {wrong:?} {}", sent.1);
        }
        let mut changed = good.clone();
        changed.body.push(' ');
        assert_eq!(world.slack.send(&changed).await.0, 401, "{path}");
    }
    assert_eq!(kept(&world).await, Vec::<String>::new());
    world.finish().await;
}

async fn a_request_of_another_time_is_refused(kind: Kind) {
    let world = World::apollo(kind).await;
    for age in [301, -301] {
        let (status, said) = world
            .slack
            .send(&world.slack.signed("/slack/events", &question("Ev1"), age))
            .await;
        assert_eq!(status, 401);
        sees!(said, @"Not accepted: the request was signed more than five minutes ago, or in the future; check this machine's clock.");
    }
    assert_eq!(kept(&world).await, Vec::<String>::new());
    world.model.says("I am.");
    let (status, said) = world
        .slack
        .send(&world.slack.signed("/slack/events", &question("Ev1"), 300))
        .await;
    assert_eq!((status, said.as_str()), (200, ""));
    world.quiet().await;
    world.expects("#apollo", &["I am."]);
    world.finish().await;
}

async fn a_replayed_request_is_refused_and_has_no_second_effect(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Once.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    let status = world.slack.bot_messages("#apollo").last().unwrap().clone();
    world.slack.user("ana").presses("#apollo", &status.ts, "Refresh");
    world.quiet().await;
    let (before, stored) = (
        world.slack.bot_messages("#apollo").len(),
        kept(&world).await.len(),
    );
    for request in world.slack.requests() {
        let (status, said) = world.slack.send(&request).await;
        assert_eq!(
            (status, said.as_str()),
            (409, "This request was received before; it counts once.\n")
        );
        // The digits of a signature may be written in capitals.
        let signature = request
            .header("X-Slack-Signature")
            .unwrap()
            .to_uppercase()
            .replace('V', "v");
        assert_eq!(
            world
                .slack
                .send(&with(&request, "X-Slack-Signature", Some(&signature)))
                .await
                .0,
            409
        );
    }
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), before);
    assert_eq!(kept(&world).await.len(), stored);
    world.finish().await;
}

async fn a_replay_is_refused_after_a_restart(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "projects");
    world.quiet().await;
    world.stop().await;
    world.start().await;
    let command = world.slack.requests().remove(0);
    assert_eq!(world.slack.send(&command).await.0, 409);
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    world.finish().await;
}

async fn what_could_not_be_kept_is_taken_when_it_comes_again(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .database
        .execute("ALTER TABLE event_keys RENAME TO away")
        .await;
    world.model.says("Here I am.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.slack.user("ben").slash("#apollo", "/pm", "projects");
    world
        .now("both to be refused, the event in both its forms twice", |world| {
            world.slack.requests().len() == 5
        })
        .await;
    // The command of Ben is not sent again by itself, and he is told.
    assert_eq!(world.slack.errors_shown(), ["UBEN"]);
    world
        .database
        .execute("ALTER TABLE away RENAME TO event_keys")
        .await;
    // Left no trace, so that the very same request is taken now; Slack's next try then brings nothing new.
    let refused = world.slack.requests().remove(0);
    assert_eq!(world.slack.send(&refused).await.0, 200);
    world.quiet().await;
    let seen: Vec<String> = world
        .slack
        .requests()
        .iter()
        .filter(|request| request.body.contains("hello?"))
        .map(|request| {
            let retry = request.header("X-Slack-Retry-Num").unwrap_or("-");
            format!("{} after try {retry}", request.status.unwrap())
        })
        .collect();
    sees!(seen.join("\n"), @"
    503 after try -
    503 after try -
    503 after try 1
    503 after try 1
    200 after try 2
    200 after try 2
    ");
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> hello?
      pm: Here I am.
    ");
    world.finish().await;
}

async fn an_event_comes_again_while_the_application_is_away(kind: Kind) {
    let mut world = World::apollo(kind).await;
    world.stop().await;
    world.model.says("Back.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world
        .now("two tries", |world| world.slack.requests().len() == 4)
        .await;
    world.start().await;
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> hello?
      pm: Back.
    ");
    assert_eq!(world.slack.lost_events(), 0);
    world.finish().await;
}

async fn a_retry_of_what_was_kept_is_received(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    // A mention is two events.
    world
        .now("both to be received", |world| world.slack.unacked() == 0)
        .await;
    // Slack did not hear us in time and sends it again, signed anew.
    world.clock.advance(Duration::from_secs(3));
    world.slack.resend_event(1);
    world.model.says("Once.");
    held.release();
    world.quiet().await;
    let again = world.slack.requests();
    let again: Vec<_> = again
        .iter()
        .filter(|request| request.header("X-Slack-Retry-Num") == Some("1"))
        .map(|request| (request.status, request.answer.as_str()))
        .collect();
    assert_eq!(again, [(Some(200), "")]);
    assert_eq!(world.slack.bot_messages("#apollo").len(), 1);
    world.finish().await;
}

async fn commands_and_presses_are_answered_without_words(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    let status = world.slack.bot_messages("#apollo").remove(0);
    world.slack.user("ben").presses("#apollo", &status.ts, "Refresh");
    world.quiet().await;
    let direct: Vec<String> = world
        .slack
        .requests()
        .iter()
        .filter(|request| request.path != "/slack/events")
        .map(|request| format!("{} {:?} {:?}", request.path, request.status, request.answer))
        .collect();
    sees!(direct.join("\n"), @r#"
    /slack/commands Some(200) ""
    /slack/interactions Some(200) ""
    "#);
    assert_eq!(world.slack.errors_shown(), Vec::<String>::new());
    assert_eq!(world.slack.bot_messages("#apollo").len(), 2);
    world.finish().await;
}

async fn odd_requests_are_received_and_do_nothing(kind: Kind) {
    let world = World::apollo(kind).await;
    let payload = |payload: serde_json::Value| {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish()
    };
    let foreign = json!({
        "type": "block_actions", "trigger_id": "1.2.x", "user": { "id": "UANA" }, "channel": { "id": "CAPOLLO" },
        "actions": [{ "type": "button", "action_id": "other", "value": "status", "action_ts": "1.1" }],
    });
    for (path, body, expected) in [
        ("/slack/commands", "ssl_check=1&token=x".to_owned(), 200),
        ("/slack/commands", "nothing=known".to_owned(), 200),
        ("/slack/commands", question("Ev1"), 200),
        ("/slack/interactions", "ssl_check=1".to_owned(), 200),
        (
            "/slack/interactions",
            payload(json!({ "type": "view_closed" })),
            200,
        ),
        ("/slack/interactions", payload(foreign), 200),
        ("/slack/interactions", payload(json!([])), 400),
        ("/slack/interactions", "payload=x".to_owned(), 400),
        ("/slack/interactions", question("Ev1"), 400),
        ("/slack/events", json!({ "type": "new_thing" }).to_string(), 200),
        (
            "/slack/events",
            json!({ "type": "event_callback", "event": 7 }).to_string(),
            200,
        ),
        ("/slack/events", "[]".to_owned(), 400),
        ("/slack/events", "no json".to_owned(), 400),
        (
            "/slack/events",
            json!({ "type": "url_verification" }).to_string(),
            400,
        ),
    ] {
        let (status, said) = world.slack.send(&world.slack.signed(path, &body, 0)).await;
        assert_eq!(status, expected, "{path} {body}: {said}");
    }
    world.quiet().await;
    sees!(kept(&world).await.join("\n"), @"
    unknown ignored
    unknown ignored
    unknown ignored
    unknown ignored
    unknown ignored
    unknown ignored
    ");
    assert_eq!(world.slack.bot_messages("#apollo").len(), 0);
    world.finish().await;
}

async fn events_that_slack_holds_back_show_in_health(kind: Kind) {
    let world = World::apollo(kind).await;
    let health = |world: &World| world.program().engine.health.parts()["slack"].clone();
    assert_eq!(world.slack.limits_events().await.0, 200);
    assert_eq!(health(&world).state, State::Degraded);
    sees!(health(&world).detail, @"Slack holds events back: more than 30,000 in an hour, or too many that were not taken in time");
    world.slack.user("ben").says("#apollo", "still too much");
    world.quiet().await;
    assert_eq!(health(&world).state, State::Degraded);
    world.clock.advance(Duration::from_secs(60));
    world.slack.user("ben").says("#apollo", "calm again");
    world.quiet().await;
    assert_eq!(health(&world).state, State::Ok);
    world.finish().await;
}

async fn before_we_know_who_we_are_events_are_sent_again(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.slack.break_auth(Some("internal_error"));
    world.start_unheard().await;
    world.model.says("Now I know.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world
        .now("the refusals", |world| {
            world
                .slack
                .requests()
                .iter()
                .filter(|request| request.status == Some(503))
                .count()
                >= 2
        })
        .await;
    assert_eq!(kept(&world).await, Vec::<String>::new());
    world.slack.break_auth(None);
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> hello?
      pm: Now I know.
    ");
    world.finish().await;
}

async fn both_spellings_of_the_routes_work(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("I am.");
    for (path, body) in [
        ("/slack/events/", question("Ev1")),
        (
            "/slack/commands/",
            "command=%2Fpm&text=projects&channel_id=CAPOLLO&user_id=UANA".to_owned(),
        ),
        ("/slack/interactions/", "payload=%7B%7D".to_owned()),
    ] {
        assert_eq!(
            world.slack.send(&world.slack.signed(path, &body, 0)).await.0,
            200,
            "{path}"
        );
    }
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 2);
    world.finish().await;
}
