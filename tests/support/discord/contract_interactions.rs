//! The part of the contract about commands, buttons and the answers to them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::contract::Bench;

/// Where commands are registered.
fn commands(bench: &Bench) -> String {
    format!("/applications/{}/commands", bench.discord.bot_id())
}

/// <https://discord.com/developers/docs/interactions/application-commands>
pub async fn commands_are_checked() {
    let bench = Bench::new().await;
    let option = |name: &str| json!({ "type": 3, "name": name, "description": "x" });
    let options = |count: usize| (0..count).map(|at| option(&format!("o{at}"))).collect::<Vec<_>>();
    let sub = |inside: Value| json!({ "type": 1, "name": "sub", "description": "x", "options": inside });
    let group = |inside: Value| json!({ "type": 2, "name": "group", "description": "x", "options": inside });
    let with = |options: Value| json!([{ "name": "pm", "description": "x", "options": options }]);
    let long = |at: usize| {
        json!({ "type": 1, "name": format!("s{at}"), "description": "x".repeat(100), "options":
        (0..4).map(|at| json!({ "type": 3, "name": format!("o{at}"), "description": "x".repeat(100) })).collect::<Vec<_>>() })
    };
    for wrong in [
        json!([{ "name": "PM", "description": "x" }]),
        json!([{ "name": "p m", "description": "x" }]),
        json!([{ "name": "x".repeat(33), "description": "x" }]),
        json!([{ "name": "pm", "description": "" }]),
        json!([{ "name": "pm", "description": "x".repeat(101) }]),
        json!([{ "name": "pm", "description": "x" }, { "name": "pm", "description": "y" }]),
        with(json!(options(26))),
        with(json!([option("a"), option("a")])),
        with(json!([option("a"), { "type": 3, "name": "b", "description": "x", "required": true }])),
        with(json!([sub(json!([])), option("a")])),
        with(json!([sub(json!([sub(json!([]))]))])),
        with(json!([group(json!([option("a")]))])),
        with(json!([group(json!([group(json!([]))]))])),
        with(json!((0..25).map(long).collect::<Vec<_>>())),
    ] {
        bench
            .refused(Method::PUT, &commands(&bench), wrong, (400, 50035))
            .await;
    }
    assert!(bench.discord.commands().is_empty());
    bench
        .refused(Method::PUT, "/applications/1/commands", json!([]), (404, 10002))
        .await;
    let right = with(json!([sub(json!(options(25))), group(json!([sub(json!([]))]))]));
    let registered = bench.ok(Method::PUT, &commands(&bench), right).await;
    assert_eq!(
        bench.ok(Method::GET, &commands(&bench), Value::Null).await,
        registered
    );
    let guild = format!(
        "/applications/{}/guilds/{}/commands",
        bench.discord.bot_id(),
        bench.discord.guild()
    );
    bench
        .ok(
            Method::PUT,
            &guild,
            json!([{ "name": "other", "description": "x" }]),
        )
        .await;
    assert_eq!(bench.discord.commands().len(), 2);
    assert_eq!(bench.discord.problems(), Vec::<String>::new());
}

/// What is not registered cannot be typed.
pub async fn only_registered_commands_can_be_typed() {
    let bench = Bench::new().await;
    let ana = bench.discord.user("ana");
    assert_eq!(ana.slash("#apollo", "status", &[]), "");
    bench.registered().await;
    assert_ne!(ana.slash("#apollo", "status", &[]), "");
    assert_ne!(ana.slash("#apollo", "schedule add", &[("when", "now")]), "");
    assert_eq!(bench.discord.problems().len(), 1);
    for (path, options) in [
        ("", vec![]),
        ("frown", vec![]),
        ("status", vec![("colour", "red")]),
        ("schedule", vec![]),
        ("schedule add", vec![]),
    ] {
        assert_eq!(ana.slash("#apollo", path, &options), "", "{path}");
    }
    assert_eq!(bench.discord.problems().len(), 6);
}

/// The path of an interaction's first answer, and that of its messages.
fn paths(bench: &Bench, interaction: &str) -> (String, String) {
    let token = bench.discord.answer(interaction).token;
    let callback = format!("/interactions/{interaction}/{token}/callback");
    (callback, format!("/webhooks/{}/{token}", bench.discord.bot_id()))
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback>
pub async fn first_answers_come_in_time_and_once() {
    let bench = Bench::new().await;
    bench.registered().await;
    let ana = bench.discord.user("ana");
    let ask = || paths(&bench, &ana.slash("#apollo", "status", &[]));
    let (callback, _) = ask();
    bench.clock.advance(Duration::from_secs(3));
    bench
        .refused(Method::POST, &callback, json!({ "type": 5 }), (404, 10062))
        .await;
    let (callback, _) = ask();
    bench.clock.advance(Duration::from_millis(2_999));
    for wrong in [json!({ "type": 6 }), json!({ "type": 8 }), json!({})] {
        bench.refused(Method::POST, &callback, wrong, (400, 50035)).await;
    }
    bench
        .refused(
            Method::POST,
            &callback,
            json!({ "type": 4, "data": {} }),
            (400, 50006),
        )
        .await;
    let (status, _) = bench.call(Method::POST, &callback, json!({ "type": 5 })).await;
    assert_eq!(status, 204);
    bench
        .refused(Method::POST, &callback, json!({ "type": 5 }), (400, 40060))
        .await;
    assert!(bench.discord.bot_messages("#apollo")[0].thinking);

    let (callback, _) = ask();
    let hidden = json!({ "type": 4, "data": { "content": "psst", "flags": 64 } });
    let answer = bench
        .ok(Method::POST, &format!("{callback}?with_response=true"), hidden)
        .await;
    assert_eq!(answer["resource"]["message"]["content"], "psst");
    assert!(bench.discord.bot_messages("#apollo")[1].ephemeral);
    let history = bench.ok(Method::GET, &bench.messages(), Value::Null).await;
    assert_eq!(
        history.as_array().unwrap().len(),
        1,
        "an ephemeral message stands in no history"
    );
    bench
        .refused(
            Method::POST,
            "/interactions/1/x/callback",
            json!({ "type": 5 }),
            (404, 10062),
        )
        .await;

    let (callback, _) = paths(&bench, &ana.completes("#apollo", "status", "project", "ap"));
    let many = json!({ "type": 8, "data": { "choices": vec![json!({ "name": "a", "value": "a" }); 26] } });
    bench.refused(Method::POST, &callback, many, (400, 50035)).await;
    let some = json!({ "type": 8, "data": { "choices": [{ "name": "Apollo", "value": "apollo" }] } });
    bench.ok(Method::POST, &callback, some).await;
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>
pub async fn tokens_live_fifteen_minutes() {
    let bench = Bench::new().await;
    bench.registered().await;
    let used = bench.discord.user("ana").slash("#apollo", "status", &[]);
    let (callback, hook) = paths(&bench, &used);
    let original = format!("{hook}/messages/@original");
    let text = |text: &str| json!({ "content": text });
    bench
        .refused(Method::PATCH, &original, text("early"), (404, 10015))
        .await;
    bench.ok(Method::POST, &callback, json!({ "type": 5 })).await;
    let answer = bench.ok(Method::PATCH, &original, text("answer")).await;
    assert_eq!(
        (&answer["content"], &answer["flags"]),
        (&json!("answer"), &json!(0))
    );
    assert_eq!(
        bench.ok(Method::GET, &original, Value::Null).await["id"],
        answer["id"]
    );
    let more = bench.ok(Method::POST, &hook, text("more")).await;
    let more = format!("{hook}/messages/{}", more["id"].as_str().unwrap());
    bench.ok(Method::PATCH, &more, text("and more")).await;
    bench
        .refused(Method::POST, &hook, json!({ "content": "" }), (400, 50006))
        .await;
    bench.clock.advance(Duration::from_secs(15 * 60));
    for (method, path) in [
        (Method::PATCH, &original),
        (Method::POST, &hook),
        (Method::PATCH, &more),
    ] {
        bench.refused(method, path, text("late"), (401, 50027)).await;
    }
    bench
        .refused(Method::GET, &original, Value::Null, (401, 50027))
        .await;
    let seen = bench.discord.answer(&used);
    assert_eq!(seen.original.unwrap().revisions, ["answer"]);
    assert_eq!(seen.followups[0].revisions, ["more", "and more"]);
    // The message itself can be edited for ever, as any of ours.
    let plain = format!("{}/{}", bench.messages(), answer["id"].as_str().unwrap());
    bench.ok(Method::PATCH, &plain, text("much later")).await;
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type>
pub async fn presses_change_their_message() {
    let bench = Bench::new().await;
    let button = |label: &str| json!({ "type": 2, "style": 1, "label": label, "custom_id": label });
    let row = json!([{ "type": 1, "components": [button("A"), button("B")] }]);
    let asked = bench
        .posted(json!({ "content": "sure?", "components": row }))
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ana = bench.discord.user("ana");
    let (callback, hook) = paths(&bench, &ana.presses(&asked, "A"));
    bench.ok(Method::POST, &callback, json!({ "type": 6 })).await;
    let changed = json!({ "content": "sure.", "components": [] });
    bench
        .ok(Method::PATCH, &format!("{hook}/messages/@original"), changed)
        .await;
    let seen = bench.discord.message(&asked);
    assert_eq!((seen.text.as_str(), seen.components.len()), ("sure.", 0));

    let asked = bench
        .posted(json!({ "content": "sure?", "components": row }))
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (callback, _) = paths(&bench, &ana.presses(&asked, "B"));
    bench
        .ok(
            Method::POST,
            &callback,
            json!({ "type": 7, "data": { "content": "at once" } }),
        )
        .await;
    assert_eq!(bench.discord.message(&asked).text, "at once");
    let (callback, hook) = paths(&bench, &ana.presses(&asked, "B"));
    bench
        .ok(
            Method::POST,
            &callback,
            json!({ "type": 4, "data": { "content": "aside" } }),
        )
        .await;
    bench
        .ok(Method::DELETE, &format!("{hook}/messages/@original"), Value::Null)
        .await;
    let ours = bench.discord.bot_messages("#apollo");
    assert_eq!((ours[2].text.as_str(), ours[2].deleted), ("aside", true));
    assert_eq!(bench.discord.problems(), Vec::<String>::new());
}
