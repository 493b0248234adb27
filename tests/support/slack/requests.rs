//! Slack over HTTP: events, commands and clicks as signed requests to the app's request URLs.
//! <https://docs.slack.dev/apis/events-api/using-http-request-urls>,
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>
//!
//! One request is under way at a time, so that a story knows their order. The app has 3 s by the test's clock; an event
//! that it does not take comes again at once, after a minute and after five, a command or a click does not.

use std::sync::Arc;
use std::time::Duration;

use callsheet::engine::clock::later;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::events::Item;
use super::state::{State, TEAM};
use super::{FakeSlack, Inner};

/// The key both sides know.
pub(super) const SECRET: &str = "signing-secret-of-the-tests";

/// What stands for a socket where there is none; sockets are numbered from 1.
const NO_SOCKET: u64 = 0;

/// How long the app has to answer. <https://docs.slack.dev/apis/events-api/#responding>
const PATIENCE: Duration = Duration::from_secs(3);

/// When an event comes again. <https://docs.slack.dev/apis/events-api/#retries>
const RETRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)];

/// How Slack reaches the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Over sockets that the app opens.
    Socket,
    /// With requests to the app.
    Http,
}

/// One request to the app, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `/slack/events`, `/slack/commands` or `/slack/interactions`.
    pub path: String,
    /// As sent.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: String,
    /// The HTTP status; nothing when no answer came in time.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: String,
}

impl Request {
    /// A header as sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Requests in place of sockets.
#[derive(Default)]
pub(super) struct Http {
    /// The app's address; sockets are used while there is none.
    base: Option<String>,
    /// A request is under way.
    sending: bool,
    /// Requests as they were answered, in order.
    requests: Vec<Request>,
    /// Events that were given up after the last try.
    lost: usize,
    /// Users whom Slack showed an error in place of what they asked for.
    errors: Vec<String>,
}

impl Http {
    /// Whether requests are sent.
    pub(super) fn is_on(&self) -> bool {
        self.base.is_some()
    }
}

/// A request on its way.
struct Job {
    url: String,
    request: Request,
    /// Under which it counts as not acknowledged.
    key: String,
}

/// Why an attempt brought nothing, in Slack's words.
enum Failure {
    Timeout,
    Connection,
}

impl State {
    fn has_request(&self) -> bool {
        self.post.http.is_on() && self.next_item().is_some()
    }

    fn next_item(&self) -> Option<usize> {
        let free = |item: &Item| !(self.post.paused && item.is_event());
        self.post.queue.iter().position(free)
    }

    fn next_request(&mut self) -> Option<Job> {
        let base = self.post.http.base.clone()?;
        let item = self.post.queue.remove(self.next_item()?)?;
        let key = format!("req-{:06}", self.next_id());
        let form = |fields: &[(&str, &str)]| {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields).finish()
        };
        let json = item.payload.to_string();
        let (path, body) = match item.kind {
            "events_api" => ("/slack/events", json),
            "slash_commands" => {
                let fields = item.payload.as_object().into_iter().flatten();
                let fields = fields.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
                ("/slack/commands", form(&fields.collect::<Vec<_>>()))
            }
            _ => ("/slack/interactions", form(&[("payload", &json)])),
        };
        let mut request = signed(path, &body, self.now.timestamp());
        if item.retry > 0 && item.is_event() {
            let (number, reason) = (item.retry.to_string(), item.reason.to_owned());
            request.headers.push(("X-Slack-Retry-Num".to_owned(), number));
            request.headers.push(("X-Slack-Retry-Reason".to_owned(), reason));
        }
        self.post.unacked.insert(key.clone(), (NO_SOCKET, item));
        self.post.http.sending = true;
        Some(Job {
            url: format!("{base}{path}"),
            request,
            key,
        })
    }

    /// Notes what became of a request, and plans the next try of an event that was not taken.
    fn answered(&mut self, job: Job, outcome: Result<(u16, String, bool), Failure>) {
        let (mut request, mut no_retry) = (job.request, false);
        let reason = match outcome {
            Ok((status, answer, word)) => {
                (request.status, request.answer, no_retry) = (Some(status), answer, word);
                "http_error"
            }
            Err(Failure::Timeout) => "http_timeout",
            Err(Failure::Connection) => "connection_failed",
        };
        self.post.http.sending = false;
        let taken = request.is_taken();
        self.post.http.requests.push(request);
        let Some((_, item)) = self.post.unacked.get(&job.key).cloned() else {
            return;
        };
        if taken {
            self.post.unacked.remove(&job.key);
            return;
        }
        if !item.is_event() {
            self.post.unacked.remove(&job.key);
            let user = &item.payload["user_id"];
            let user = user.as_str().or_else(|| item.payload["user"]["id"].as_str());
            self.post.http.errors.push(user.unwrap_or_default().to_owned());
            return;
        }
        let wait = usize::try_from(item.retry)
            .ok()
            .and_then(|tries| RETRIES.get(tries));
        let Some(wait) = wait.filter(|_| !no_retry) else {
            self.post.unacked.remove(&job.key);
            self.post.http.lost += 1;
            return;
        };
        let again = move |state: &mut State| {
            if let Some((_, item)) = state.post.unacked.remove(&job.key) {
                let retry = item.retry + 1;
                state.post.queue.push_back(Item {
                    retry,
                    reason,
                    ..item
                });
            }
        };
        self.later.push((later(self.now, *wait), Box::new(again)));
    }
}

/// A request as Slack signs it at a moment, in seconds since 1970.
fn signed(path: &str, body: &str, timestamp: i64) -> Request {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
    let kind = if path == "/slack/events" {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let headers = [
        ("Content-Type", kind.to_owned()),
        (
            "User-Agent",
            "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned(),
        ),
        ("X-Slack-Request-Timestamp", timestamp.to_string()),
        ("X-Slack-Signature", signature),
    ];
    Request {
        path: path.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body: body.to_owned(),
        status: None,
        answer: String::new(),
    }
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    client.build().expect("an HTTP client")
}

/// Sends what waits, one after another, for as long as the fake lives.
pub(super) async fn run(inner: &Arc<Inner>) {
    let client = client();
    let mut changes = inner.version.subscribe();
    loop {
        // Looked at first, since taking counts as a change.
        let job = if inner.look(State::has_request) {
            inner.with(State::next_request)
        } else {
            None
        };
        let Some(job) = job else {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        };
        let clock = inner.clock.clock();
        let sent = clock.timeout(PATIENCE, send(&client, &job.url, &job.request));
        let outcome = sent.await.unwrap_or(Err(Failure::Timeout));
        inner.with(|state| state.answered(job, outcome));
    }
}

async fn send(
    client: &reqwest::Client,
    url: &str,
    request: &Request,
) -> Result<(u16, String, bool), Failure> {
    let mut post = client.post(url).body(request.body.clone());
    for (name, value) in &request.headers {
        post = post.header(name, value);
    }
    let answer = post.send().await.map_err(|_| Failure::Connection)?;
    let status = answer.status().as_u16();
    let no_retry = answer
        .headers()
        .get("x-slack-no-retry")
        .is_some_and(|word| word == "1");
    let body = answer.text().await.map_err(|_| Failure::Connection)?;
    Ok((status, body, no_retry))
}

impl FakeSlack {
    /// Sends requests to the app at this address from now on, in place of envelopes over sockets.
    pub fn requests_to(&self, base: &str) {
        self.inner
            .with(|state| state.post.http.base = Some(base.trim_end_matches('/').to_owned()));
    }

    /// The requests so far, in order, as they were answered.
    pub fn requests(&self) -> Vec<Request> {
        self.inner.look(|state| state.post.http.requests.clone())
    }

    /// Whether a request waits for its answer.
    pub fn is_sending(&self) -> bool {
        self.inner.look(|state| state.post.http.sending)
    }

    /// How many events were given up after the last try, or at the app's word.
    pub fn lost_events(&self) -> usize {
        self.inner.look(|state| state.post.http.lost)
    }

    /// The users whom Slack showed an error, because the app did not take their command or click.
    pub fn errors_shown(&self) -> Vec<String> {
        self.inner.look(|state| state.post.http.errors.clone())
    }

    /// A request with a right signature, made `age` seconds ago.
    pub fn signed(&self, path: &str, body: &str, age: i64) -> Request {
        signed(path, body, self.inner.clock.now().timestamp() - age)
    }

    /// Sends a request once, as it stands, whoever made it: the status and the answer's body.
    pub async fn send(&self, request: &Request) -> (u16, String) {
        let base = self.inner.look(|state| state.post.http.base.clone());
        let url = format!("{}{}", base.expect("an address of the app"), request.path);
        let Ok((status, body, _)) = send(&client(), &url, request).await else {
            panic!("no answer from {url}");
        };
        (status, body)
    }

    /// Asks the app whether the request URL is its own; whether Slack would believe the answer.
    /// <https://docs.slack.dev/reference/events/url_verification>
    pub async fn verifies_url(&self) -> bool {
        let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
        let body = json!({ "token": "verification", "challenge": challenge, "type": "url_verification" });
        let (status, answer) = self
            .send(&self.signed("/slack/events", &body.to_string(), 0))
            .await;
        let named =
            serde_json::from_str::<Value>(&answer).is_ok_and(|answer| answer["challenge"] == challenge);
        status == 200 && (named || answer.trim() == challenge)
    }

    /// Slack tells that it holds events back. <https://docs.slack.dev/reference/events/app_rate_limited>
    pub async fn limits_events(&self) -> (u16, String) {
        let minute = self.inner.clock.now().timestamp() / 60 * 60;
        let body = json!({
            "token": "verification", "type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": minute,
            "api_app_id": super::APP,
        });
        self.send(&self.signed("/slack/events", &body.to_string(), 0))
            .await
    }
}
