//! The fake against what GitHub documents, through a real HTTP client. Each case is a `pub async fn` that panics
//! on failure; [`CASES`] lists them by name for the story binary. Each names the documentation it follows.

mod apps;
mod faults;
mod hooks;
mod limits;
mod pulls;
mod rest;
mod webhooks;

use std::pin::Pin;

use reqwest::header::{HeaderMap, USER_AGENT};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::FakeGitHub;
use crate::support::clock::TestClock;

pub use self::apps::*;
pub use self::faults::*;
pub use self::hooks::*;
pub use self::limits::*;
pub use self::pulls::*;
pub use self::rest::*;
pub use self::webhooks::*;

/// A case: its name, and the function that starts it.
pub type Case = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Every case.
pub const CASES: &[Case] = &[
    ("asks_who_calls", || Box::pin(asks_who_calls())),
    ("keeps_issues", || Box::pin(keeps_issues())),
    ("lists_issues_as_asked", || Box::pin(lists_issues_as_asked())),
    ("pages_with_links", || Box::pin(pages_with_links())),
    ("keeps_comments", || Box::pin(keeps_comments())),
    ("labels_and_assigns", || Box::pin(labels_and_assigns())),
    ("refuses_what_github_refuses", || {
        Box::pin(refuses_what_github_refuses())
    }),
    ("refuses_what_is_out_of_reach", || {
        Box::pin(refuses_what_is_out_of_reach())
    }),
    ("tells_permissions", || Box::pin(tells_permissions())),
    ("shows_pull_requests", || Box::pin(shows_pull_requests())),
    ("apps_prove_themselves", || Box::pin(apps_prove_themselves())),
    ("installations_reach_their_repositories", || {
        Box::pin(installations_reach_their_repositories())
    }),
    ("tells_installations", || Box::pin(tells_installations())),
    ("confirms_what_is_unchanged", || {
        Box::pin(confirms_what_is_unchanged())
    }),
    ("limits_by_the_hour", || Box::pin(limits_by_the_hour())),
    ("finds_out_about_conflicts_when_asked", || {
        Box::pin(finds_out_about_conflicts_when_asked())
    }),
    (
        "tells_reviews_and_checks",
        || Box::pin(tells_reviews_and_checks()),
    ),
    ("searches_issues", || Box::pin(searches_issues())),
    ("signs_webhooks_in_order", || Box::pin(signs_webhooks_in_order())),
    (
        "writes_faithful_payloads",
        || Box::pin(writes_faithful_payloads()),
    ),
    ("redelivers_on_request_only", || {
        Box::pin(redelivers_on_request_only())
    }),
    ("shows_webhooks_to_administrators", || {
        Box::pin(shows_webhooks_to_administrators())
    }),
    ("shows_an_apps_webhook_to_its_key", || {
        Box::pin(shows_an_apps_webhook_to_its_key())
    }),
    ("gives_a_receiver_ten_seconds", || {
        Box::pin(gives_a_receiver_ten_seconds())
    }),
    (
        "faults_before_the_effect",
        || Box::pin(faults_before_the_effect()),
    ),
    ("faults_after_the_effect", || Box::pin(faults_after_the_effect())),
    ("drops_look_like_resets", || Box::pin(drops_look_like_resets())),
    ("applies_late", || Box::pin(applies_late())),
    ("holds_an_answer", || Box::pin(holds_an_answer())),
    ("holds_an_effect", || Box::pin(holds_an_effect())),
    ("ends_when_dropped", || Box::pin(ends_when_dropped())),
];

/// A client of the fake, as the bot.
struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// What a call was answered with.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Client {
    fn of(github: &FakeGitHub) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            http,
            url: github.api_url(),
            token: github.token(),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.bearer_auth(&self.token).header(USER_AGENT, "contract")
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        Answer::of(self.try_send(method, path, body).await.unwrap()).await
    }

    async fn try_send(&self, method: Method, path: &str, body: Value) -> reqwest::Result<Response> {
        self.request(method, path).json(&body).send().await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, body).await
    }
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
        Self {
            status,
            headers,
            body,
        }
    }

    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The numbers of a list of issues.
    fn numbers(&self) -> Vec<u64> {
        self.body
            .as_array()
            .unwrap()
            .iter()
            .map(|issue| issue["number"].as_u64().unwrap())
            .collect()
    }
}

/// A world with acme/apollo and its issue 12, and a client.
async fn world() -> (FakeGitHub, Client, TestClock) {
    let clock = TestClock::new();
    let github = FakeGitHub::start(clock.clone()).await;
    github.issue("acme/apollo", 12, "Title", "Body");
    let client = Client::of(&github);
    (github, client, clock)
}

/// The comments of issue 12.
const COMMENTS: &str = "/repos/acme/apollo/issues/12/comments";

fn text(body: &str) -> Value {
    json!({ "body": body })
}
