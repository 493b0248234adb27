//! The part of the contract that is about requests to the app, and about the buttons that bring them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde_json::{Value, json};
use slack_morphism::signature_verifier::{SlackEventSignatureVerifier, SlackEventSignatureVerifierError};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::FakeSlack;
use super::contract::Bench;
use super::contract_wire::until;

/// What the app answers next; nothing left means 200, and nothing at all that it never answers.
type Answers = Arc<Mutex<VecDeque<Option<(u16, bool)>>>>;

/// An app behind request URLs, which answers as ordered.
struct App {
    answers: Answers,
    _server: JoinSet<()>,
}

impl App {
    async fn of(slack: &FakeSlack) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        slack.requests_to(&format!("http://{}", listener.local_addr().unwrap()));
        let answers = Answers::default();
        let router = Router::new().fallback(answer).with_state(answers.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { drop(axum::serve(listener, router).await) });
        Self {
            answers,
            _server: server,
        }
    }

    fn answers(&self, status: u16) {
        self.answers.lock().unwrap().push_back(Some((status, false)));
    }
}

async fn answer(Shared(answers): Shared<Answers>) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let next = answers.lock().unwrap().pop_front();
    let Some((status, no_retry)) = next.unwrap_or(Some((200, false))) else {
        return std::future::pending().await;
    };
    let word = if no_retry { "1" } else { "0" };
    (
        StatusCode::from_u16(status).unwrap(),
        [("x-slack-no-retry", word)],
    )
}

async fn answered(slack: &FakeSlack, count: usize) {
    until(slack, &format!("{count} requests"), |slack| {
        slack.requests().len() == count
    })
    .await;
}

/// <https://docs.slack.dev/authentication/verifying-requests-from-slack>, checked with the client library's own verifier:
/// it compares the signature first and only then the moment, which here is that of the test's clock.
pub async fn requests_are_signed() {
    let bench = Bench::new().await;
    let _app = App::of(&bench.slack).await;
    bench.slack.user("ana").says("#apollo", "hello");
    bench.slack.user("ana").slash("#apollo", "/pm", "a b&c");
    answered(&bench.slack, 2).await;
    let verifier = SlackEventSignatureVerifier::new(&bench.slack.signing_secret().into());
    for request in bench.slack.requests() {
        let header = |name: &str| request.header(name).unwrap().to_owned();
        let (moment, signature) = (header("X-Slack-Request-Timestamp"), header("X-Slack-Signature"));
        let verdict = verifier.verify(&signature, &request.body, &moment);
        assert!(
            !matches!(
                verdict,
                Err(SlackEventSignatureVerifierError::WrongSignatureError(_))
            ),
            "{verdict:?}"
        );
        let other = verifier.verify(&signature, "other", &moment);
        assert!(matches!(
            other,
            Err(SlackEventSignatureVerifierError::WrongSignatureError(_))
        ));
    }
}

/// <https://docs.slack.dev/apis/events-api/#retries>
pub async fn events_are_tried_again() {
    let bench = Bench::new().await;
    let slack = &bench.slack;
    let app = App::of(slack).await;
    for status in [503, 500, 404] {
        app.answers(status);
    }
    slack.user("ana").says("#apollo", "three tries");
    answered(slack, 2).await;
    for (seconds, count) in [(60, 3), (300, 4)] {
        bench.clock.advance(Duration::from_secs(seconds));
        answered(slack, count).await;
    }
    let told = |index: usize| {
        let request = &slack.requests()[index];
        let header = |name: &str| request.header(name).unwrap_or("-").to_owned();
        (
            header("X-Slack-Retry-Num"),
            header("X-Slack-Retry-Reason"),
            request.status,
        )
    };
    assert_eq!(told(0), ("-".into(), "-".into(), Some(503)));
    assert_eq!(told(1), ("1".into(), "http_error".into(), Some(500)));
    assert_eq!(told(2), ("2".into(), "http_error".into(), Some(404)));
    assert_eq!(told(3), ("3".into(), "http_error".into(), Some(200)));
    let same = slack.requests();
    assert!(same.iter().all(|request| request.body == same[0].body));
    let moments: Vec<_> = same
        .iter()
        .map(|request| request.header("X-Slack-Request-Timestamp"))
        .collect();
    assert!(moments[0] == moments[1] && moments[1] < moments[2] && moments[2] < moments[3]);
    assert_eq!((slack.unacked(), slack.lost_events()), (0, 0));

    // No answer within 3 s, and the app's word that it wants no retry.
    app.answers.lock().unwrap().extend([None, Some((500, true))]);
    slack.user("ana").says("#apollo", "slow");
    until(slack, "the request", |slack| {
        slack.queued() == 0 && slack.unacked() == 1
    })
    .await;
    bench.clock.advance(Duration::from_secs(3));
    answered(slack, 6).await;
    assert_eq!(told(4).2, None);
    assert_eq!(told(5), ("1".into(), "http_timeout".into(), Some(500)));
    assert_eq!((slack.unacked(), slack.lost_events()), (0, 1));
}

/// <https://docs.slack.dev/interactivity/implementing-slash-commands>,
/// <https://docs.slack.dev/interactivity/handling-user-interaction>
pub async fn commands_and_clicks_are_sent_once() {
    let bench = Bench::new().await;
    let slack = &bench.slack;
    let app = App::of(slack).await;
    let buttons = json!([{ "type": "actions", "elements": [{
        "type": "button", "action_id": "ok", "value": "yes", "text": { "type": "plain_text", "text": "OK" },
    }]}]);
    let asked = bench
        .posted(json!({ "channel": "CAPOLLO", "text": "sure?", "blocks": buttons }))
        .await;
    answered(slack, 1).await;
    for _ in 0..2 {
        app.answers(500);
    }
    assert!(
        slack
            .user("ana")
            .slash("#apollo", "/pm", "status & more")
            .delivered
    );
    assert!(slack.user("ben").presses("#apollo", &asked, "OK").delivered);
    answered(slack, 3).await;
    assert_eq!(slack.errors_shown(), ["UANA", "UBEN"]);
    assert_eq!(slack.unacked(), 0);
    let (command, click) = (slack.requests().remove(1), slack.requests().remove(2));
    assert_eq!(command.path, "/slack/commands");
    let fields: Vec<_> = url::form_urlencoded::parse(command.body.as_bytes()).collect();
    assert!(
        fields.contains(&("text".into(), "status & more".into())),
        "{fields:?}"
    );
    assert_eq!(click.path, "/slack/interactions");
    let fields: Vec<_> = url::form_urlencoded::parse(click.body.as_bytes()).collect();
    let payload: Value = serde_json::from_str(&fields[0].1).unwrap();
    assert_eq!(
        (fields.len(), payload["actions"][0]["value"].as_str()),
        (1, Some("yes"))
    );
}

/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>,
/// <https://docs.slack.dev/reference/block-kit/blocks/actions-block>
pub async fn buttons_are_checked() {
    let bench = Bench::new().await;
    let button = |id: &str, words: &str, value: &str| json!({ "type": "button", "action_id": id, "value": value, "text": { "type": "plain_text", "text": words } });
    let mut styled = button("a", "A", "a");
    styled["text"]["type"] = json!("mrkdwn");
    for elements in [
        vec![button("a", &"x".repeat(76), "a")],
        vec![button("a", "", "a")],
        vec![button("a", "A", &"x".repeat(2_001))],
        vec![button(&"x".repeat(256), "A", "a")],
        vec![button("a", "A", "a"), button("a", "B", "b")],
        vec![styled],
    ] {
        let blocks = json!([{ "type": "actions", "elements": elements }]);
        let args = json!({ "channel": "CAPOLLO", "text": "x", "blocks": blocks });
        bench.refused("chat.postMessage", args, "invalid_blocks").await;
    }
    let blocks = json!([
        { "type": "section", "expand": true, "text": { "type": "mrkdwn", "text": "*A*", "verbatim": true } },
        { "type": "actions", "elements": [button("a", "A", "a"), button("b", "B", "b")] },
    ]);
    let ts = bench
        .posted(json!({ "channel": "CAPOLLO", "text": "*A*", "blocks": blocks }))
        .await;
    assert_eq!(bench.slack.bot_messages("#apollo")[0].seen(), "*A*\n[A] [B]");
    // An edit with a text and without blocks takes them away: <https://docs.slack.dev/reference/methods/chat.update>.
    let edit = json!({ "channel": "CAPOLLO", "ts": ts, "text": "done", "blocks": [] });
    assert_eq!(bench.call("chat.update", edit).await["ok"], true);
    assert_eq!(bench.slack.bot_messages("#apollo")[0].seen(), "done");
}
