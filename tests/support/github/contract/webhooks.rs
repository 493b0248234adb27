//! Webhooks: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>,
//! <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

use super::{COMMENTS, Client, text, world};
use crate::support::github::FakeGitHub;
use crate::support::github::wire::{Life, Port};

/// What a receiver got: headers and body, in order.
pub(super) type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A receiver that answers `status`.
pub(super) async fn receiver(status: StatusCode) -> (String, Received, Arc<DropGuard>) {
    let (life, guard) = Life::new();
    let port = Port::open(&life).await;
    let url = format!("{}/hook", port.url());
    let received = Received::default();
    let store = Arc::clone(&received);
    let handler = async move |headers: HeaderMap, body: Bytes| {
        store.lock().unwrap().push((headers, body));
        status
    };
    port.serve(Router::new().route("/hook", post(handler)));
    (url, received, guard)
}

fn told(github: &FakeGitHub) -> Vec<(String, String, Option<u16>)> {
    github
        .deliveries()
        .into_iter()
        .map(|d| (d.event, d.action, d.status))
        .collect()
}

/// Cy does everything a person can do, and the bot comments; gives the id of Cy's comment.
async fn work_a_while(github: &FakeGitHub, client: &Client) -> u64 {
    let cy = github.user("cy");
    cy.may("write", "acme/apollo");
    let number = cy.opens("acme/apollo", "Opened", "by hand");
    cy.labels("acme/apollo", number, &["bug"]);
    cy.unlabels("acme/apollo", number, "bug");
    cy.assigns("acme/apollo", number, "cy");
    cy.edits_issue("acme/apollo", number, "Better", "by hand");
    cy.closes("acme/apollo", number);
    cy.reopens("acme/apollo", number);
    let id = cy.comments("acme/apollo", 12, "@pm help");
    cy.edits_comment(id, "@pm help me");
    cy.deletes_comment(id);
    client.post(COMMENTS, text("from the bot")).await;
    github.webhooks_done().await;
    id
}

/// Each change makes its event, signed, in order.
pub async fn signs_webhooks_in_order() {
    let (github, client, _) = world().await;
    let (url, received, _guard) = receiver(StatusCode::ACCEPTED).await;
    github.webhook_to(&url);
    work_a_while(&github, &client).await;
    let issue = [
        "opened",
        "labeled",
        "unlabeled",
        "assigned",
        "edited",
        "closed",
        "reopened",
    ];
    let comment = ["created", "edited", "deleted", "created"];
    let expected = issue
        .map(|a| ("issues", a))
        .into_iter()
        .chain(comment.map(|a| ("issue_comment", a)));
    let expected: Vec<_> = expected
        .map(|(event, action)| (event.to_owned(), action.to_owned(), Some(202)))
        .collect();
    assert_eq!(told(&github), expected);
    let received = received.lock().unwrap();
    for ((headers, body), delivery) in received.iter().zip(github.deliveries()) {
        assert_eq!(headers["x-hub-signature-256"], github.signature(body));
        assert_eq!(headers["x-github-event"], delivery.event);
        assert_eq!(headers["x-github-delivery"], delivery.guid);
        assert_eq!(headers["content-type"], "application/json");
        assert!(
            headers["user-agent"]
                .to_str()
                .unwrap()
                .starts_with("GitHub-Hookshot/")
        );
        assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), delivery.payload);
    }
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#issue_comment>
pub async fn writes_faithful_payloads() {
    let (github, client, _) = world().await;
    let (url, _received, _guard) = receiver(StatusCode::ACCEPTED).await;
    github.webhook_to(&url);
    let id = work_a_while(&github, &client).await;
    let payload = |at: usize| github.deliveries()[at].payload.clone();
    assert_eq!(payload(1)["label"]["name"], "bug");
    assert_eq!(payload(3)["assignee"]["login"], "cy");
    assert_eq!(payload(4)["changes"], json!({ "title": { "from": "Opened" } }));
    assert_eq!(payload(8)["changes"]["body"]["from"], "@pm help");
    assert_eq!(
        (&payload(8)["comment"]["id"], &payload(8)["issue"]["number"]),
        (&json!(id), &json!(12))
    );
    let repository = payload(7)["repository"].clone();
    assert_eq!(repository["full_name"], "acme/apollo");
    assert_eq!(
        (&repository["owner"]["login"], &repository["private"]),
        (&json!("acme"), &json!(false))
    );
    assert_eq!(payload(10)["sender"]["id"], 900);
    assert!(payload(10).get("installation").is_none());
}

/// A failed delivery is not repeated until somebody asks; the GUID stays.
/// <https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks>
pub async fn redelivers_on_request_only() {
    let (github, _, _) = world().await;
    let (url, received, _guard) = receiver(StatusCode::INTERNAL_SERVER_ERROR).await;
    github.webhook_to(&url);
    github.user("cy").comments("acme/apollo", 12, "one");
    github.webhooks_done().await;
    let failed = github.deliveries().remove(0);
    assert_eq!((failed.status, received.lock().unwrap().len()), (Some(500), 1));
    github.mute_webhooks(true);
    github.user("cy").comments("acme/apollo", 12, "two");
    github.webhooks_done().await;
    assert_eq!(github.deliveries()[1].attempts, []);
    github.redeliver(&failed.guid);
    github.webhooks_done().await;
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 2);
    assert_eq!(
        received[0].0["x-github-delivery"],
        received[1].0["x-github-delivery"]
    );
    assert_eq!(received[0].1, received[1].1);
    assert_eq!(github.deliveries()[0].attempts, [Some(500), Some(500)]);
}

/// <https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>
pub async fn gives_a_receiver_ten_seconds() {
    let (github, _, clock) = world().await;
    let (life, _guard) = Life::new();
    let port = Port::open(&life).await;
    let url = port.url();
    let (called, mut calls) = tokio::sync::mpsc::channel::<()>(4);
    let handler = async move || {
        called.send(()).await.unwrap();
        std::future::pending::<StatusCode>().await
    };
    port.serve(Router::new().fallback(handler));
    github.webhook_to(&url);
    github.user("cy").comments("acme/apollo", 12, "one");
    calls.recv().await.unwrap();
    clock.advance(Duration::from_secs(9));
    assert!(github.deliveries()[0].attempts.is_empty());
    clock.advance(Duration::from_secs(1));
    github.webhooks_done().await;
    assert_eq!(github.deliveries()[0].attempts, [None]);
}
