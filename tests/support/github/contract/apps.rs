//! GitHub Apps: <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app>

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use octocrab::jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::webhooks::receiver;
use super::{Client, text, world};
use crate::support::github::{AppKnobs, FakeGitHub};

/// A key signed by the App.
pub(super) fn signed(app: &AppKnobs, issuer: &Value, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let key = EncodingKey::from_rsa_pem(app.private_key().as_bytes()).unwrap();
    let claims = json!({ "iat": from.timestamp(), "exp": until.timestamp(), "iss": issuer });
    encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

pub(super) fn with(github: &FakeGitHub, token: String) -> Client {
    Client {
        token,
        ..Client::of(github)
    }
}

/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
pub async fn apps_prove_themselves() {
    let (github, client, clock) = world().await;
    let app = github.app("callsheet");
    let now = clock.now();
    let minutes = TimeDelta::minutes;
    let ask = async |issuer: Value, from, until| {
        let answer = with(&github, signed(&app, &issuer, from, until))
            .get("/app")
            .await;
        (answer.status, answer.body)
    };
    let id = json!(app.id());
    let (status, told) = ask(id.clone(), now - minutes(1), now + minutes(9)).await;
    assert_eq!((status, &told["slug"]), (200, &json!("callsheet")));
    assert_eq!(told["html_url"], "https://github.com/apps/callsheet");
    assert_eq!(
        ask(json!(app.id().to_string()), now, now + minutes(10)).await.0,
        200
    );
    for (issuer, from, until) in [
        (json!(7), now, now + minutes(5)),
        (id.clone(), now, now + minutes(11)),
        (id.clone(), now + minutes(1), now + minutes(5)),
        (id.clone(), now - minutes(9), now - minutes(1)),
    ] {
        assert_eq!(ask(issuer, from, until).await.0, 401);
    }
    assert_eq!(
        client.get("/app").await.message(),
        "A JSON web token could not be decoded"
    );
    app.delete_key();
    assert_eq!(ask(id, now, now + minutes(5)).await.0, 401);
}

/// <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>
pub async fn installations_reach_their_repositories() {
    let (github, _, clock) = world().await;
    github.issue("acme/zeus", 1, "Elsewhere", "");
    let app = github.app("callsheet");
    let key = || {
        let (id, now) = (json!(app.id()), clock.now());
        with(&github, signed(&app, &id, now, now + TimeDelta::minutes(5)))
    };
    assert_eq!(key().get("/repos/acme/apollo/installation").await.status, 404);
    assert_eq!(key().get("/app/installations").await.body, json!([]));
    let id = app.install(&["acme/apollo"]);
    assert_eq!(key().get("/repos/acme/apollo/installation").await.body["id"], id);
    assert_eq!(key().get("/repos/acme/zeus/installation").await.status, 404);
    assert_eq!(
        key().get("/app/installations").await.body[0]["account"]["login"],
        "acme"
    );
    let path = format!("/app/installations/{id}/access_tokens");
    let made = key().send(Method::POST, &path, json!({})).await;
    assert_eq!(
        (made.status, &made.body["expires_at"]),
        (201, &json!("2026-11-22T10:00:00Z"))
    );
    let installed = with(&github, made.body["token"].as_str().unwrap().to_owned());
    let comment = installed
        .post("/repos/acme/apollo/issues/12/comments", text("hi"))
        .await;
    assert_eq!(
        (comment.status, &comment.body["user"]["login"]),
        (201, &json!("callsheet[bot]"))
    );
    assert_eq!(comment.body["user"]["type"], "Bot");
    assert_eq!(
        installed.get("/users/callsheet[bot]").await.body["id"],
        comment.body["user"]["id"]
    );
    let elsewhere = installed.get("/repos/acme/zeus/issues").await;
    assert_eq!(
        (elsewhere.status, elsewhere.message()),
        (403, "Resource not accessible by integration")
    );
    github.repo("acme/zeus").private();
    assert_eq!(installed.get("/repos/acme/zeus/issues").await.status, 404);
    assert_eq!(installed.get("/user").await.status, 403);
    clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(
        installed.get("/repos/acme/apollo").await.message(),
        "Bad credentials"
    );
    app.suspend("acme");
    let suspended = key().send(Method::POST, &path, json!({})).await;
    assert_eq!(
        (suspended.status, suspended.message()),
        (403, "This installation has been suspended")
    );
    app.uninstall("acme");
    assert_eq!(key().send(Method::POST, &path, json!({})).await.status, 404);
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation>
pub async fn tells_installations() {
    let (github, _, _) = world().await;
    let (url, received, _guard) = receiver(StatusCode::ACCEPTED).await;
    github.webhook_to(&url);
    let app = github.app("callsheet");
    let id = app.install(&["acme/apollo"]);
    github.user("cy").comments("acme/apollo", 12, "hi");
    app.uninstall("acme");
    github.user("cy").comments("acme/apollo", 12, "bye");
    github.webhooks_done().await;
    let told: Vec<_> = github
        .deliveries()
        .into_iter()
        .map(|d| (d.event, d.action, d.payload["installation"]["id"].clone()))
        .collect();
    let event = |name: &str, action: &str, id: Value| (name.to_owned(), action.to_owned(), id);
    assert_eq!(
        told,
        [
            event("installation", "created", json!(id)),
            event("issue_comment", "created", json!(id)),
            event("installation", "deleted", json!(id)),
            event("issue_comment", "created", Value::Null),
        ]
    );
    assert_eq!(received.lock().unwrap().len(), 4);
}
