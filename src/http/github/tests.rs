use axum::body::Body;
use axum::http::StatusCode;
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use serde_json::json;
use sha2::Sha256;
use tempfile::TempDir;

use super::{GitHubHook, MAX_BODY, routes};
use crate::config;
use crate::engine::Engine;
use crate::engine::clock::Clock;
use crate::http::testing::send;
use crate::platform::github::{GitHub, Identity};
use crate::store::{Db, inbox};

const SECRET: &str = "a secret";

struct World {
    router: axum::Router,
    engine: Engine,
    _files: TempDir,
}

/// A connection that leads nowhere.
fn github() -> GitHub {
    let config = config::GitHub {
        api_url: "http://127.0.0.1:9".parse().unwrap(),
        login: config::GitHubLogin::Token(SecretString::from("github_pat_x")),
        webhook_secret: None,
        mention: None,
    };
    GitHub::new(&config, Clock::system()).unwrap()
}

impl World {
    async fn new() -> Self {
        let github = github();
        github.remember(Identity {
            login: "pm-bot".into(),
            id: 900,
        });
        Self::with(Some(SECRET), github).await
    }

    async fn with(secret: Option<&str>, github: GitHub) -> Self {
        let files = TempDir::new().unwrap();
        let url = format!("sqlite://{}", files.path().join("test.db").display());
        let db = Db::open(&SecretString::from(url), true).await.unwrap();
        let engine = Engine::new(db, Clock::system());
        let hook = GitHubHook {
            engine: engine.clone(),
            secret: secret.map(SecretString::from),
            github,
        };
        Self {
            router: routes(Some(hook)),
            engine,
            _files: files,
        }
    }

    async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> (StatusCode, String) {
        send(&self.router, "POST", "/webhooks/github", headers, body).await
    }

    /// The names of the events that were kept.
    async fn kept(&self) -> Vec<String> {
        let mut tx = self.engine.db.read().await.unwrap();
        inbox::summary(&mut tx)
            .await
            .unwrap()
            .into_iter()
            .map(|(name, ..)| name)
            .collect()
    }
}

fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn comment() -> String {
    json!({
        "action": "created", "issue": { "number": 12 },
        "comment": {
            "id": 4001, "user": { "login": "ana", "id": 7 }, "body": "@pm hi", "created_at": "2026-11-22T09:00:00Z",
            "updated_at": "2026-11-22T09:00:00Z",
        },
        "repository": { "name": "app", "owner": { "login": "acme" } },
    })
    .to_string()
}

fn headers<'a>(event: &'a str, guid: &'a str, signature: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("content-type", "application/json"),
        ("x-github-event", event),
        ("x-github-delivery", guid),
        ("x-hub-signature-256", signature),
    ]
}

#[tokio::test]
async fn a_signed_event_is_kept_once() {
    let world = World::new().await;
    let body = comment();
    let signature = sign(body.as_bytes());
    let accepted = (StatusCode::ACCEPTED, "Received.\n".to_owned());
    assert_eq!(
        world
            .post(&headers("issue_comment", "g-1", &signature), body.clone())
            .await,
        accepted
    );
    // Sent again, and told by another hook on the same repository.
    for guid in ["g-1", "g-2"] {
        let (status, _) = world
            .post(&headers("issue_comment", guid, &signature), body.clone())
            .await;
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(world.kept().await, ["message_posted"]);
    let slash = send(
        &world.router,
        "POST",
        "/webhooks/github/",
        &headers("ping", "g-3", &sign(b"{}")),
        "{}",
    )
    .await;
    assert_eq!(slash, accepted);
    assert_eq!(world.kept().await, ["message_posted", "unknown"]);
}

/// Every event that GitHub documents, with its actions
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads>).
const EVENTS: &str = include_str!("events.txt");

/// What the body of an event may look like: whole, empty, full of nulls, of other types, and with what is new.
fn shapes(action: Option<&str>, id: usize) -> Vec<serde_json::Value> {
    let mut whole: serde_json::Value = serde_json::from_str(&comment()).unwrap();
    whole["comment"]["id"] = json!(10_000 + id);
    whole["comment"]["body"] = json!("hi");
    let nulls =
        json!({ "comment": null, "issue": null, "repository": null, "sender": null, "installation": null });
    let strange = json!({
        "comment": [1], "issue": "twelve", "repository": { "name": 7, "owner": "acme" }, "sender": true,
        "a_field_of_tomorrow": { "deep": [[[{}]]] },
    });
    let mut shapes = vec![whole, json!({}), nulls, strange];
    if let Some(action) = action {
        shapes
            .iter_mut()
            .for_each(|shape| shape["action"] = json!(action));
    }
    shapes
}

#[tokio::test]
async fn every_event_and_action_is_taken_whatever_it_looks_like() {
    let world = World::new().await;
    let mut id = 0;
    for line in EVENTS.lines() {
        let (event, actions) = line.split_once(':').unwrap();
        let actions = actions
            .split_whitespace()
            .chain(["an_action_of_tomorrow"])
            .map(Some);
        for action in actions.chain([None]) {
            for shape in shapes(action, id) {
                id += 1;
                let (body, guid) = (shape.to_string(), format!("g-{id}"));
                let signature = sign(body.as_bytes());
                let (status, said) = world.post(&headers(event, &guid, &signature), body).await;
                assert!(status.is_success(), "{event}: {shape}: {status} {said}");
            }
        }
    }
    assert!(id > 1_500, "{id}");
}

#[tokio::test]
async fn what_is_not_signed_is_not_kept() {
    let world = World::new().await;
    let good = sign(comment().as_bytes());
    let sha1 = good.replace("sha256", "sha1");
    let wrong = sign(b"another body");
    for signature in ["", "sha256", "sha256=a=b", &sha1, &wrong] {
        let (status, said) = world
            .post(&headers("issue_comment", "g", signature), comment())
            .await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{signature:?}");
        assert!(said.ends_with(".\n"), "{said:?}");
    }
    let unsigned = &headers("issue_comment", "g", "")[..3];
    assert_eq!(world.post(unsigned, comment()).await.0, StatusCode::UNAUTHORIZED);
    // The signature is looked at before the content type and the content.
    let odd = [
        ("content-type", "text/plain"),
        ("x-hub-signature-256", "sha256=00"),
    ];
    assert_eq!(world.post(&odd, "no json").await.0, StatusCode::UNAUTHORIZED);
    assert!(world.kept().await.is_empty());
}

#[tokio::test]
async fn what_is_no_json_object_is_not_kept() {
    let world = World::new().await;
    for body in ["", "no", "[]", "7"] {
        let (status, said) = world
            .post(&headers("ping", "g", &sign(body.as_bytes())), body)
            .await;
        assert_eq!(
            (status, said.as_str()),
            (
                StatusCode::BAD_REQUEST,
                "Not understood: the body is not a JSON object.\n"
            )
        );
    }
    let signature = sign(b"{}");
    let odd = [
        ("content-type", "text/xml"),
        ("x-hub-signature-256", signature.as_str()),
    ];
    assert_eq!(world.post(&odd, "{}").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(world.kept().await.is_empty());
}

#[tokio::test]
async fn a_form_is_read_too() {
    let world = World::new().await;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &comment())
        .finish();
    let signature = sign(form.as_bytes());
    let mut headers = headers("issue_comment", "g", &signature);
    headers[0].1 = "application/x-www-form-urlencoded; charset=utf-8";
    assert_eq!(world.post(&headers, form).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.kept().await, ["message_posted"]);
    let signature = sign(b"a=b");
    headers[3].1 = &signature;
    assert_eq!(world.post(&headers, "a=b").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_event_without_an_id_is_known_by_its_bytes() {
    let world = World::new().await;
    let signature = sign(b"{}");
    let bare = [("x-hub-signature-256", signature.as_str())];
    assert_eq!(world.post(&bare, "{}").await.0, StatusCode::ACCEPTED);
    assert_eq!(world.post(&bare, "{}").await.0, StatusCode::OK);
}

#[tokio::test]
async fn too_much_is_refused_first() {
    let world = World::new().await;
    let too_much = vec![b' '; MAX_BODY + 1];
    let (status, said) = world.post(&[], too_much.clone()).await;
    assert_eq!(
        (status, said.as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 5 MiB.\n")
    );
    let pieces = futures::stream::iter(
        too_much
            .chunks(65_536)
            .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
            .collect::<Vec<_>>(),
    );
    assert_eq!(
        world.post(&[], Body::from_stream(pieces)).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let just_fits = vec![b' '; MAX_BODY];
    assert_eq!(world.post(&[], just_fits).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_set_up_says_so() {
    let signature = sign(b"{}");
    let signed = headers("ping", "g", &signature);
    let (status, said) = send(&routes(None), "POST", "/webhooks/github", &signed, "{}").await;
    assert_eq!(
        (status, said.contains("[github]")),
        (StatusCode::SERVICE_UNAVAILABLE, true)
    );
    let world = World::with(None, github()).await;
    let (status, said) = world.post(&signed, "{}").await;
    assert_eq!(
        (status, said.contains("github.webhook_secret")),
        (StatusCode::SERVICE_UNAVAILABLE, true)
    );
}

#[tokio::test]
async fn what_comes_before_we_know_who_we_are_is_kept() {
    let world = World::with(Some(SECRET), github()).await;
    let body = comment();
    let signature = sign(body.as_bytes());
    let signed = headers("issue_comment", "g", &signature);
    assert_eq!(world.post(&signed, body.clone()).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.post(&signed, body).await.0, StatusCode::OK);
    let signature = sign(b"[]");
    let signed = headers("issue_comment", "g", &signature);
    assert_eq!(world.post(&signed, "[]").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.kept().await, ["untranslated"]);
}

#[tokio::test]
async fn only_post_is_a_webhook() {
    let world = World::new().await;
    for (method, path) in [
        ("GET", "/webhooks/github"),
        ("PUT", "/webhooks/github/"),
        ("DELETE", "/webhooks/github"),
    ] {
        let (status, said) = send(&world.router, method, path, &[], "").await;
        assert_eq!(
            (status, said.ends_with(".\n")),
            (StatusCode::METHOD_NOT_ALLOWED, true),
            "{method}"
        );
    }
    assert_eq!(
        send(&world.router, "POST", "/webhooks/github/x", &[], "").await.0,
        StatusCode::NOT_FOUND
    );
}
