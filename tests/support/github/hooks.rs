//! GitHub's webhooks: signed deliveries, one after another, each given 10 s, never repeated unasked.
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>,
//! <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use serde_json::{Value, json};
use sha2::Sha256;

use super::state::{Spot, State};
use super::view::Delivery;
use super::{Core, shape};

/// The secret both sides know.
pub(super) const SECRET: &str = "webhook-secret-of-the-tests";
/// GitHub gives a receiver 10 seconds.
/// <https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>
const PATIENCE: Duration = Duration::from_secs(10);
/// The id of the repository's hook, in `X-GitHub-Hook-ID`.
pub(super) const HOOK_ID: u64 = 7_001;
/// The id of the first attempt to deliver something; beyond 32 bits, as the real ones.
const FIRST_ATTEMPT: u64 = 12_837_283_001;
/// How long a delivery is listed, and can be asked for again.
/// <https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks>
const KEPT: TimeDelta = TimeDelta::days(3);

/// A delivery as recorded, with the bytes that were signed.
struct Record {
    delivery: Delivery,
    body: Vec<u8>,
}

/// One attempt to deliver something, as GitHub lists it.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) id: u64,
    pub(super) guid: String,
    pub(super) at: DateTime<Utc>,
    /// How it was answered; none when it was not.
    pub(super) status: Option<u16>,
    pub(super) redelivery: bool,
    pub(super) event: String,
    pub(super) action: String,
    /// The full name of the repository it is about, if it is about one.
    pub(super) repository: Option<String>,
}

/// What is on its way to the receiver.
#[derive(Clone)]
pub(super) struct Job {
    url: String,
    guid: String,
    event: String,
    body: Vec<u8>,
}

/// The repository hook and its deliveries.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) url: Option<String>,
    pub(super) muted: bool,
    records: Vec<Record>,
    attempts: Vec<Attempt>,
    queue: VecDeque<String>,
}

impl Hooks {
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.records
            .iter()
            .map(|record| record.delivery.clone())
            .collect()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn redeliver(&mut self, guid: &str) {
        assert!(
            self.records.iter().any(|record| record.delivery.guid == guid),
            "no such delivery: {guid}"
        );
        self.queue.push_back(guid.to_owned());
    }

    /// What is still listed, the newest attempt first.
    pub(super) fn attempts(&self, now: DateTime<Utc>) -> Vec<Attempt> {
        let kept = self.attempts.iter().filter(|attempt| attempt.at > now - KEPT);
        kept.rev().cloned().collect()
    }

    pub(super) fn record(&mut self, event: &str, action: &str, payload: Value) {
        if self.url.is_none() {
            return;
        }
        let guid = uuid::Uuid::new_v4().to_string();
        if !self.muted {
            self.queue.push_back(guid.clone());
        }
        let delivery = Delivery {
            guid,
            event: event.to_owned(),
            action: action.to_owned(),
            status: None,
            attempts: Vec::new(),
            payload,
        };
        let body = delivery.payload.to_string().into_bytes();
        self.records.push(Record { delivery, body });
    }

    fn next(&mut self) -> Option<Job> {
        let guid = self.queue.front()?.clone();
        let record = self
            .records
            .iter()
            .find(|record| record.delivery.guid == guid)
            .unwrap();
        let (event, body) = (record.delivery.event.clone(), record.body.clone());
        Some(Job {
            url: self.url.clone().unwrap(),
            guid,
            event,
            body,
        })
    }

    fn done(&mut self, status: Option<u16>, now: DateTime<Utc>) {
        let guid = self.queue.pop_front().unwrap();
        let record = self
            .records
            .iter_mut()
            .find(|record| record.delivery.guid == guid)
            .unwrap();
        let redelivery = !record.delivery.attempts.is_empty();
        record.delivery.status = status;
        record.delivery.attempts.push(status);
        self.attempts.push(Attempt {
            id: FIRST_ATTEMPT + self.attempts.len() as u64,
            guid,
            at: now,
            status,
            redelivery,
            event: record.delivery.event.clone(),
            action: record.delivery.action.clone(),
            repository: record.delivery.payload["repository"]["full_name"]
                .as_str()
                .map(str::to_owned),
        });
    }
}

impl State {
    /// Writes down the webhook of a change. `extra` is what the event carries besides the usual.
    pub(super) fn tell(&mut self, event: &str, action: &str, actor: u64, spot: Spot, extra: Value) {
        let mut payload = json!({
            "action": action,
            "issue": self.issue_json(spot),
            "repository": self.repo_json(spot.repo),
            "organization": self.organization_json(spot.repo),
            "sender": self.user_json(actor),
        });
        if let Some(installation) = self.installed_on(spot.repo) {
            payload["installation"] = json!({ "id": installation.id, "node_id": "MDIzOklu" });
        }
        if let Value::Object(extra) = extra {
            payload.as_object_mut().unwrap().extend(extra);
        }
        self.hooks.record(event, action, payload);
    }

    fn organization_json(&self, repo: usize) -> Value {
        let owner = shape::user(&self.api_url, &self.repos[repo].owner);
        json!({
            "login": owner["login"], "id": owner["id"], "node_id": owner["node_id"],
            "url": format!("{}/orgs/{}", self.api_url, self.repos[repo].owner.login),
            "avatar_url": owner["avatar_url"], "description": "",
        })
    }
}

/// The value of `X-Hub-Signature-256` for a body.
pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A client that goes straight to the receiver and follows nobody elsewhere, as GitHub's does.
pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Sends what is written down, in order, for as long as the fake lives.
pub(super) async fn run(core: Arc<Core>) {
    let client = client();
    loop {
        let Some(job) = core.with(|state| state.hooks.next()) else {
            core.hook_work.notified().await;
            continue;
        };
        let status = core
            .clock
            .clock()
            .timeout(PATIENCE, send(&client, job))
            .await
            .ok()
            .flatten();
        core.with(|state| {
            let now = state.now;
            state.hooks.done(status, now);
            state.touch();
        });
    }
}

async fn send(client: &reqwest::Client, job: Job) -> Option<u16> {
    let request = client
        .post(&job.url)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "GitHub-Hookshot/044aadd")
        .header("Accept", "*/*")
        .header("X-GitHub-Delivery", &job.guid)
        .header("X-GitHub-Event", &job.event)
        .header("X-GitHub-Hook-ID", HOOK_ID)
        .header("X-GitHub-Hook-Installation-Target-Type", "repository")
        .header("X-Hub-Signature-256", sign(SECRET, &job.body));
    let response = request.body(job.body).send().await.ok()?;
    Some(response.status().as_u16())
}
