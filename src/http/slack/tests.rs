use axum::http::StatusCode;
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use serde_json::json;
use sha2::Sha256;
use tempfile::TempDir;

use super::{MAX_BODY, SlackHook, routes};
use crate::config::{self, SlackMode};
use crate::engine::Engine;
use crate::engine::clock::Clock;
use crate::http::testing::send;
use crate::platform::slack::Slack;
use crate::store::{Db, inbox};

const SECRET: &str = "a secret";

struct World {
    router: axum::Router,
    engine: Engine,
    _files: TempDir,
}

impl World {
    /// With a connection that leads nowhere, so that who we are is not known.
    async fn with(mode: SlackMode) -> Self {
        let files = TempDir::new().unwrap();
        let url = format!("sqlite://{}", files.path().join("test.db").display());
        let db = Db::open(&SecretString::from(url), true).await.unwrap();
        let engine = Engine::new(db, Clock::system());
        let config = config::Slack {
            mode,
            bot_token: SecretString::from("xoxb-1"),
            api_url: "http://127.0.0.1:9".parse().unwrap(),
            command: "/pm".to_owned(),
        };
        let slack = Slack::new(&config, Clock::system()).unwrap();
        let hook = SlackHook {
            engine: engine.clone(),
            slack,
        };
        Self {
            router: routes(Some(hook)),
            engine,
            _files: files,
        }
    }

    async fn http() -> Self {
        Self::with(SlackMode::Http {
            signing_secret: SecretString::from(SECRET),
        })
        .await
    }

    /// Posts a body with a right signature.
    async fn post(&self, path: &str, body: &str) -> (StatusCode, String) {
        let moment = self.engine.clock.now().timestamp().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("v0:{moment}:{body}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        let headers = [
            ("x-slack-request-timestamp", &*moment),
            ("x-slack-signature", &*signature),
        ];
        send(&self.router, "POST", path, &headers, body.to_owned()).await
    }

    async fn kept(&self) -> usize {
        let mut tx = self.engine.db.read().await.unwrap();
        inbox::summary(&mut tx).await.unwrap().len()
    }
}

const PATHS: [&str; 6] = [
    "/slack/events",
    "/slack/events/",
    "/slack/commands",
    "/slack/commands/",
    "/slack/interactions",
    "/slack/interactions/",
];

#[tokio::test]
async fn too_much_is_refused_first() {
    let world = World::http().await;
    for path in PATHS {
        let (status, said) = send(&world.router, "POST", path, &[], vec![b' '; MAX_BODY + 1]).await;
        assert_eq!(
            (status, said.as_str()),
            (StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 2 MiB.\n")
        );
        let (status, _) = send(&world.router, "POST", path, &[], vec![b' '; MAX_BODY]).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn what_is_not_set_up_says_so() {
    let socket = World::with(SlackMode::Socket {
        app_token: SecretString::from("xapp-1"),
    })
    .await;
    for path in PATHS {
        for router in [&routes(None), &socket.router] {
            let (status, said) = send(router, "POST", path, &[], "{}").await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(
                said.contains("slack.mode") && said.contains("slack.signing_secret"),
                "{said}"
            );
        }
    }
}

#[tokio::test]
async fn only_post_is_a_request_of_slack() {
    let world = World::http().await;
    for path in PATHS {
        let (status, said) = send(&world.router, "GET", path, &[], "").await;
        assert_eq!(
            (status, said.ends_with(".\n")),
            (StatusCode::METHOD_NOT_ALLOWED, true)
        );
    }
    assert_eq!(
        send(&world.router, "POST", "/slack/x", &[], "").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn handshakes_are_answered_before_we_know_who_we_are() {
    let world = World::http().await;
    let challenge = json!({ "type": "url_verification", "challenge": "abc" }).to_string();
    assert_eq!(
        world.post("/slack/events", &challenge).await,
        (StatusCode::OK, "abc".into())
    );
    let check = world.post("/slack/commands", "ssl_check=1").await;
    assert_eq!(check, (StatusCode::OK, String::new()));
    let (status, said) = world.post("/slack/events", "{}").await;
    assert_eq!(
        (status, said.as_str()),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Slack has not told yet who I am; send this again later.\n"
        )
    );
    assert_eq!(world.kept().await, 0);
}

#[tokio::test]
async fn what_the_database_does_not_take_is_not_received() {
    let world = World::http().await;
    world.engine.db.close().await;
    let (status, said) = world.post("/slack/commands", "command=%2Fpm").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said.starts_with("This could not be kept ("), "{said}");
}
