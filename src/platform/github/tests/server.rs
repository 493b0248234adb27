//! A server on 127.0.0.1 that answers from a script and writes down what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Response, Uri};
use chrono::{DateTime, TimeZone, Utc};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::super::client::GitHub;
use super::super::models::Identity;
use crate::config;
use crate::engine::clock::{Clock, Sleep, TimeSource};

/// A clock that stands still; what waits on it waits for ever.
struct Still;

impl TimeSource for Still {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap()
    }

    fn sleep_until(&self, _at: DateTime<Utc>) -> Sleep {
        Box::pin(std::future::pending())
    }

    fn deadline(&self, _at: DateTime<Utc>) -> Sleep {
        Box::pin(std::future::pending())
    }
}

/// A clock that stands still at Sunday 2026-11-22, 09:00 UTC.
pub(super) fn still() -> Clock {
    Clock::new(Still)
}

/// A connection to an API at this address, as "pm-bot".
pub(super) fn github(api_url: &str) -> GitHub {
    let config = config::GitHub {
        api_url: api_url.parse().unwrap(),
        login: config::GitHubLogin::Token(SecretString::from("github_pat_x")),
        webhook_secret: None,
        mention: None,
    };
    GitHub::new(&config, still()).unwrap()
}

/// The same, knowing who it is.
pub(super) fn known(api_url: &str) -> GitHub {
    let github = github(api_url);
    github.remember(Identity {
        login: "pm-bot".into(),
        id: 900,
    });
    github
}

/// What to answer: status, headers, body.
pub(super) type Line = (u16, Vec<(&'static str, String)>, String);

#[derive(Default)]
struct Script {
    lines: VecDeque<Line>,
    asked: Vec<(String, Value)>,
}

/// The server; it ends when dropped.
pub(super) struct Server {
    script: Arc<Mutex<Script>>,
    url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let router = Router::new().fallback(move |method: Method, uri: Uri, body: Bytes| {
            let script = Arc::clone(&shared);
            async move { answer(&script, &method, &uri, &body) }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "the test's own server, aborted with it")]
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, url, task }
    }

    /// Adds an answer.
    pub(super) fn says(&self, status: u16, body: &Value) -> &Self {
        self.says_with(status, &[], &body.to_string())
    }

    /// Adds an answer with headers.
    pub(super) fn says_with(&self, status: u16, headers: &[(&'static str, String)], body: &str) -> &Self {
        self.script
            .lock()
            .unwrap()
            .lines
            .push_back((status, headers.to_vec(), body.to_owned()));
        self
    }

    /// What was asked since the last look: "METHOD path" and the body. Every answer must have been used.
    pub(super) fn asked(&self) -> Vec<(String, Value)> {
        let mut script = self.script.lock().unwrap();
        assert!(
            script.lines.is_empty(),
            "answers nobody asked for: {:?}",
            script.lines
        );
        std::mem::take(&mut script.asked)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

fn answer(script: &Mutex<Script>, method: &Method, uri: &Uri, body: &[u8]) -> Response<Body> {
    let mut script = script.lock().unwrap();
    let body = serde_json::from_slice(body).unwrap_or_default();
    script.asked.push((format!("{method} {uri}"), body));
    let line = script.lines.pop_front();
    let (status, headers, body) = line.unwrap_or((599, Vec::new(), "the script is at its end".into()));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}
