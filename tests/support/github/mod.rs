//! A GitHub of one's own on 127.0.0.1: a model of its state (users, repositories, issues, comments, pull
//! requests) behind the REST API and the webhooks that Callsheet uses, with faults to plant. Time is the test's
//! clock. Everything ends when the last clone of [`FakeGitHub`] is dropped.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "test support; no story uses all of it"
)]

mod app;
mod change;
pub mod contract;
mod fault;
mod hooks;
mod meter;
mod people;
mod places;
mod pulls;
mod rest;
mod server;
mod shape;
mod state;
mod view;
pub mod wire;

use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, watch};
use tokio_util::sync::DropGuard;

use self::state::{BOT_ID, Spot, State};
use self::wire::{Life, Port};
use crate::support::clock::TestClock;
use crate::support::looked::Looked;

pub use self::app::AppKnobs;
pub use self::fault::{Fault, FaultHandle};
pub use self::people::Person;
pub use self::places::{IssueKnobs, RepoKnobs};
pub use self::view::{Call, Comment, Delivery, Issue};

/// The bot's token.
const TOKEN: &str = "ghp_TokenOfTheFakeGitHub000000000000000000";

/// What the server, the webhooks and the test share.
struct Core {
    state: Mutex<State>,
    clock: TestClock,
    changed: watch::Sender<u64>,
    /// What the test has looked at.
    looked: Looked,
    hook_work: Notify,
    life: Life,
}

impl Core {
    /// Looks at or changes the state, after the late effects that are due by now.
    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        state.now = self.clock.now();
        let now = state.now;
        let (due, later) = std::mem::take(&mut state.later)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        state.later = later;
        for (_, req) in due {
            rest::answer(&mut state, &req);
        }
        let result = work(&mut state);
        if !state.hooks.is_idle() {
            self.hook_work.notify_one();
        }
        let version = state.version;
        drop(state);
        self.changed.send_if_modified(|seen| {
            let newer = version > *seen;
            *seen = version.max(*seen);
            newer
        });
        result
    }
}

/// The fake GitHub; clones share one world.
#[derive(Clone)]
pub struct FakeGitHub {
    core: Arc<Core>,
    _guard: Arc<DropGuard>,
}

impl FakeGitHub {
    /// A GitHub that knows one user, "pm-bot" (id 900), and no repository.
    pub async fn start(clock: TestClock) -> Self {
        let (life, guard) = Life::new();
        let port = Port::open(&life).await;
        let core = Arc::new(Core {
            state: Mutex::new(State::new(port.url(), clock.now())),
            clock,
            changed: watch::Sender::new(0),
            looked: Looked::default(),
            hook_work: Notify::new(),
            life: life.clone(),
        });
        port.serve(server::router(Arc::clone(&core)));
        life.spawn(hooks::run(Arc::clone(&core)));
        Self { core, _guard: guard }
    }

    /// The base address of the API, without a closing slash.
    pub fn api_url(&self) -> String {
        self.core.with(|state| state.api_url.clone())
    }

    /// The token of "pm-bot".
    pub fn token(&self) -> String {
        TOKEN.to_owned()
    }

    /// From now on the token is answered with 401.
    pub fn revoke_token(&self) {
        self.core.with(|state| state.token_works = false);
    }

    /// The token works again.
    pub fn restore_token(&self) {
        self.core.with(|state| state.token_works = true);
    }

    /// The App of that name, made when there is none.
    pub fn app(&self, slug: &str) -> AppKnobs {
        AppKnobs::new(Arc::clone(&self.core), slug)
    }

    /// Leaves "pm-bot" and every installation so many calls in this hour.
    pub fn leave_calls(&self, left: usize) {
        self.core.with(|state| {
            let installations = state.app.iter().flat_map(|app| app.installations.iter());
            let ids: Vec<u64> = installations.map(|installation| installation.id).collect();
            let callers = ids
                .into_iter()
                .map(rest::Caller::Installation)
                .chain([rest::Caller::Bot]);
            for caller in callers {
                state.meter.leave(caller, "core", left, state.now);
            }
        });
    }

    /// How many calls were answered with "nothing changed".
    pub fn unchanged(&self) -> usize {
        self.core.with(|state| state.meter.unchanged)
    }

    /// The repository of that full name, made when there is none: public, with "pm-bot" as a writer.
    pub fn repo(&self, full_name: &str) -> RepoKnobs {
        let repo = self.core.with(|state| state.ensure_repo(full_name));
        RepoKnobs::new(Arc::clone(&self.core), repo)
    }

    /// The user of that login, made when there is none.
    pub fn user(&self, login: &str) -> Person {
        let id = self.core.with(|state| state.ensure_user(login, "User").id);
        Person::new(Arc::clone(&self.core), id)
    }

    /// Puts an issue there by "octocat", as the world was before the story: no webhook. Panics when the number
    /// is taken.
    pub fn issue(&self, repo: &str, number: u64, title: &str, body: &str) -> IssueKnobs {
        places::place(&self.core, repo, number, title, body, None)
    }

    /// Puts a pull request of the branch `head` into "main" there, without a webhook.
    pub fn pull_request(&self, repo: &str, number: u64, title: &str, head: &str) -> IssueKnobs {
        places::place(&self.core, repo, number, title, "", Some(head))
    }

    /// The comments on an issue or pull request, oldest first, deleted ones gone.
    pub fn comments(&self, repo: &str, number: u64) -> Vec<Comment> {
        let comments = self.core.with(|state| {
            let spot = spot(state, repo, number);
            state.comments_view(spot)
        });
        for comment in &comments {
            self.core
                .looked
                .saw(format!("GitHub comment {}", comment.id), &comment.body);
        }
        comments
    }

    /// Issues and comments of "pm-bot" or the App that the test has not looked at as they stand there now.
    pub fn unexpected(&self) -> Vec<String> {
        let all = self.core.with(|state| {
            let app = state.app.as_ref().map(|app| state.written_by(app.bot));
            [state.written_by(BOT_ID), app.unwrap_or_default()].concat()
        });
        self.core.looked.unseen(all)
    }

    /// An issue or pull request; panics when there is none.
    pub fn get_issue(&self, repo: &str, number: u64) -> Issue {
        let issue = self.core.with(|state| {
            let spot = spot(state, repo, number);
            state.issue_view(spot)
        });
        self.core
            .looked
            .saw(format!("GitHub issue {}", issue.id), &issue.title);
        issue
    }

    /// Every issue and pull request of a repository, by number, deleted ones gone.
    pub fn issues(&self, repo: &str) -> Vec<Issue> {
        let issues: Vec<Issue> = self.core.with(|state| {
            let repo = state.repo_named(repo);
            let numbers = state.repos[repo]
                .issues
                .values()
                .filter(|issue| !issue.deleted)
                .map(|i| i.number);
            numbers
                .map(|number| state.issue_view(Spot { repo, number }))
                .collect()
        });
        for issue in &issues {
            self.core
                .looked
                .saw(format!("GitHub issue {}", issue.id), &issue.title);
        }
        issues
    }

    /// Every call that reached the server, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.core.with(|state| state.calls.clone())
    }

    /// Counts up at every call, change and webhook answer. Take the receiver, look, then await `changed()`.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.core.changed.subscribe()
    }

    /// Plants a fault for the first call that fits. `method` may be "*"; `path` without a `*` is a part of the
    /// call's path, with one it is all of it, `*` standing for any text.
    pub fn fault(&self, method: &str, path: &str, fault: Fault) -> FaultHandle {
        self.core.with(|state| state.faults.plant(method, path, fault))
    }

    /// Lets go every answer that [`Fault::Hold`] holds or would hold.
    pub fn release(&self) {
        self.core.with(|state| state.faults.release_all());
    }

    /// Takes back the planted faults that no call has met: GitHub works again.
    pub fn mend(&self) {
        self.core.with(|state| state.faults.mend());
    }

    /// The planted faults that no call has met.
    pub fn unused_faults(&self) -> Vec<String> {
        self.core.with(|state| state.faults.unused())
    }

    /// Sets where the repositories' webhook goes; before that there is no webhook and nothing is recorded.
    pub fn webhook_to(&self, url: &str) {
        self.core.with(|state| state.hooks.url = Some(url.to_owned()));
    }

    /// The secret that signs the deliveries.
    pub fn webhook_secret(&self) -> String {
        hooks::SECRET.to_owned()
    }

    /// The `X-Hub-Signature-256` of a body, for hand-made requests.
    pub fn signature(&self, body: &[u8]) -> String {
        hooks::sign(hooks::SECRET, body)
    }

    /// While muted, deliveries are recorded but not sent; [`FakeGitHub::redeliver`] sends them.
    pub fn mute_webhooks(&self, muted: bool) {
        self.core.with(|state| state.hooks.muted = muted);
    }

    /// The webhook deliveries, in order of what they tell.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.core.with(|state| state.hooks.deliveries())
    }

    /// Sends a delivery once more, with the same GUID and body.
    /// <https://docs.github.com/en/rest/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook>
    pub fn redeliver(&self, guid: &str) {
        self.core.with(|state| state.hooks.redeliver(guid));
    }

    /// Waits until every delivery in the queue has been answered or given up.
    pub async fn webhooks_done(&self) {
        let mut changed = self.changed();
        while !self.core.with(|state| state.hooks.is_idle()) {
            changed.changed().await.unwrap();
        }
    }

    /// Posts a hand-made request to the webhook's address and tells the status of the answer.
    pub async fn send_raw(&self, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> u16 {
        let url = self
            .core
            .with(|state| state.hooks.url.clone())
            .expect("webhook_to was called");
        let request = hooks::client().post(url).body(body.into());
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().status().as_u16()
    }
}

/// Where an issue stands; panics when the test named one that is not there.
fn spot(state: &State, repo_name: &str, number: u64) -> Spot {
    let repo = state.repo_named(repo_name);
    let found = state.repos[repo]
        .issues
        .get(&number)
        .filter(|issue| !issue.deleted);
    assert!(
        found.is_some(),
        "the test named no such issue: {repo_name}#{number}"
    );
    Spot { repo, number }
}
