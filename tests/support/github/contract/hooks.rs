//! Webhooks as their managers see them: <https://docs.github.com/en/rest/repos/webhooks>,
//! <https://docs.github.com/en/rest/apps/webhooks>

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::apps::{signed, with};
use super::webhooks::receiver;
use super::{Client, world};
use crate::support::github::FakeGitHub;
use chrono::TimeDelta;

const HOOKS: &str = "/repos/acme/apollo/hooks";

/// <https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook>
pub async fn shows_webhooks_to_administrators() {
    let (github, client, clock) = world().await;
    assert_eq!(client.get(HOOKS).await.status, 404);
    github.user("pm-bot").may("admin", "acme/apollo");
    assert_eq!(client.get(HOOKS).await.body, json!([]));
    let (url, received, _guard) = receiver(StatusCode::INTERNAL_SERVER_ERROR).await;
    github.webhook_to(&url);
    let cy = github.user("cy");
    for text in ["one", "two", "three"] {
        cy.comments("acme/apollo", 12, text);
    }
    github.issue("acme/zeus", 1, "Elsewhere", "");
    cy.comments("acme/zeus", 1, "not here");
    github.webhooks_done().await;
    let hook = client.get(HOOKS).await.body[0].clone();
    assert_eq!(
        (&hook["config"]["url"], &hook["active"]),
        (&json!(url), &json!(true))
    );
    let list = format!("{HOOKS}/{}/deliveries", hook["id"]);
    let first = client.get(&format!("{list}?per_page=2")).await;
    let fields = |entry: &Value| {
        let field = |name: &str| entry[name].clone();
        json!([
            field("event"),
            field("action"),
            field("status_code"),
            field("redelivery")
        ])
    };
    assert_eq!(
        (first.body.as_array().unwrap().len(), fields(&first.body[0])),
        (2, json!(["issue_comment", "created", 500, false]))
    );
    let link = first.headers["link"].to_str().unwrap();
    let next = link
        .split(['<', '>'])
        .nth(1)
        .unwrap()
        .strip_prefix(&client.url)
        .unwrap();
    let second = client.get(next).await;
    assert_eq!(second.body.as_array().unwrap().len(), 1);
    assert!(second.headers.get("link").is_none());
    asks_again(&github, &client, &list, &second.body[0]).await;
    assert_eq!(received.lock().unwrap().len(), 5);
    clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(client.get(&list).await.body, json!([]));
    let again = format!("{list}/{}/attempts", second.body[0]["id"]);
    assert_eq!(client.post(&again, json!({})).await.status, 404);
}

/// Asked for again, a webhook comes with its GUID and is a new entry.
async fn asks_again(github: &FakeGitHub, client: &Client, list: &str, oldest: &Value) {
    let again = format!("{list}/{}/attempts", oldest["id"]);
    assert_eq!(client.post(&again, json!({})).await.status, 202);
    github.webhooks_done().await;
    let newest = client.get(list).await.body[0].clone();
    assert_eq!(
        (&newest["guid"], &newest["redelivery"]),
        (&oldest["guid"], &json!(true))
    );
    assert_ne!(newest["id"], oldest["id"]);
    assert_eq!(
        client.post(&format!("{list}/1/attempts"), json!({})).await.status,
        404
    );
}

/// <https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook>
pub async fn shows_an_apps_webhook_to_its_key() {
    let (github, client, clock) = world().await;
    let (url, _received, _guard) = receiver(StatusCode::INTERNAL_SERVER_ERROR).await;
    let app = github.app("callsheet");
    app.install(&["acme/apollo"]);
    github.webhook_to(&url);
    github.user("cy").comments("acme/apollo", 12, "one");
    github.webhooks_done().await;
    let path = "/app/hook/deliveries";
    assert_eq!(client.get(path).await.status, 401);
    let now = clock.now();
    let key = with(
        &github,
        signed(&app, &json!(app.id()), now, now + TimeDelta::minutes(5)),
    );
    let listed = key.get(path).await;
    assert_eq!((listed.status, listed.body.as_array().unwrap().len()), (200, 1));
    let again = format!("{path}/{}/attempts", listed.body[0]["id"]);
    assert_eq!(client.post(&again, json!({})).await.status, 401);
    assert_eq!(key.post(&again, json!({})).await.status, 202);
    github.webhooks_done().await;
    assert_eq!(github.deliveries()[0].attempts, [Some(500), Some(500)]);
}
