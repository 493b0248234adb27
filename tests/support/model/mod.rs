//! A language model of one's own on 127.0.0.1: OpenAI's chat completions, streamed or whole, that say what the
//! test's script says and refuse what OpenAI refuses. Each request takes one turn of the script. Everything ends
//! when the last clone of [`FakeModel`] is dropped.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "test support; no story uses all of it"
)]

mod check;
pub mod contract;
mod script;
mod server;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

use self::script::{Entry, Script};
use crate::support::github::wire::{Life, Port};

pub use self::script::{Held, Turn};

/// The key the model wants.
const API_KEY: &str = "sk-key-of-the-fake-model";
/// The model that `/v1/models` lists; a request may name any.
const MODEL: &str = "gpt-fake";

/// A text with the token of each fence, which is another in each run, replaced by `#`.
pub fn any_fence(text: &str) -> String {
    const WORD: &str = "untrusted-";
    let mut parts = text.split(WORD);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take(8).take_while(u8::is_ascii_hexdigit).count();
        let rest = if digits == 8 { &part[8..] } else { part };
        out.push_str(&format!("{WORD}{}{rest}", if digits == 8 { "#" } else { "" }));
    }
    out
}

/// What stands behind the lock.
#[derive(Default)]
struct Inner {
    script: Script,
    requests: Vec<Value>,
    problems: Vec<String>,
}

/// What the server and the test share.
struct Core {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

impl Core {
    fn with<R>(&self, work: impl FnOnce(&mut Inner) -> R) -> R {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a request down and tells its number.
    fn record(&self, request: &Value) -> usize {
        let number = self.with(|inner| {
            inner.requests.push(request.clone());
            inner.requests.len()
        });
        self.changed.send_modify(|count| *count += 1);
        number
    }

    fn problem(&self, problem: String) {
        self.with(|inner| inner.problems.push(problem));
        self.changed.send_modify(|count| *count += 1);
    }
}

/// The fake model; clones share one script.
#[derive(Clone)]
pub struct FakeModel {
    core: Arc<Core>,
    url: String,
    _guard: Arc<DropGuard>,
}

impl FakeModel {
    /// A model with an empty script.
    pub async fn start() -> Self {
        let (life, guard) = Life::new();
        let port = Port::open(&life).await;
        let url = format!("{}/v1", port.url());
        let core = Arc::new(Core {
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        port.serve(server::router(Arc::clone(&core)));
        Self {
            core,
            url,
            _guard: guard,
        }
    }

    /// The base address, ending in "/v1".
    pub fn base_url(&self) -> String {
        self.url.clone()
    }

    /// The key to call it with.
    pub fn api_key(&self) -> String {
        API_KEY.to_owned()
    }

    /// What the tools told the model in its last request, one after another.
    pub fn told(&self) -> String {
        let last = self.requests().pop().unwrap_or_default();
        let messages = last["messages"].as_array().cloned().unwrap_or_default();
        let told = messages.iter().filter(|message| message["role"] == "tool");
        let texts: Vec<&str> = told.filter_map(|message| message["content"].as_str()).collect();
        any_fence(&texts.join("\n"))
    }

    /// The bodies of the chat completion requests, refused ones too, in order.
    pub fn requests(&self) -> Vec<Value> {
        self.core.with(|inner| inner.requests.clone())
    }

    /// What no good story has: refused requests, wrong keys, a script that ran out. A story that provokes none on
    /// purpose fails when this is not empty.
    pub fn problems(&self) -> Vec<String> {
        self.core.with(|inner| inner.problems.clone())
    }

    /// Whether a request found the script empty.
    pub fn ran_out(&self) -> bool {
        self.problems().iter().any(|problem| problem == server::RAN_OUT)
    }

    /// The scripted turns that no request has taken.
    pub fn left(&self) -> usize {
        self.core.with(|inner| inner.script.left())
    }

    /// Counts up at every request and problem. Take the receiver, look, then await `changed()`.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.core.changed.subscribe()
    }

    /// Scripts a turn.
    pub fn then(&self, turn: Turn) -> &Self {
        self.push(Entry::Turn(turn))
    }

    /// Scripts text, finished by "stop".
    pub fn says(&self, text: &str) -> &Self {
        self.then(Turn::says(text))
    }

    /// Scripts text, finished by that `finish_reason`.
    pub fn says_with_finish(&self, text: &str, finish: &str) -> &Self {
        self.then(Turn::says_with_finish(text, finish))
    }

    /// Scripts one tool call.
    pub fn calls_tool(&self, name: &str, arguments: Value) -> &Self {
        self.then(Turn::calls_tool(name, &arguments))
    }

    /// Scripts several tool calls of one turn.
    pub fn calls_tools(&self, calls: Vec<(&str, Value)>) -> &Self {
        self.then(Turn::calls_tools(&calls))
    }

    /// Scripts one tool call whose arguments are sent as they stand, JSON or not.
    pub fn calls_tool_raw(&self, name: &str, arguments: &str) -> &Self {
        self.then(Turn::calls_tool_raw(name, arguments))
    }

    /// Scripts an error; `retry_after` in seconds.
    pub fn fails(&self, status: u16, retry_after: Option<u64>, code: &str) -> &Self {
        self.then(Turn::fails(status, retry_after, code))
    }

    /// Scripts text after which the connection breaks, without `[DONE]`.
    pub fn cuts_after(&self, text: &str) -> &Self {
        self.then(Turn::cuts_after(text))
    }

    /// Scripts a 200 with nothing in it but `[DONE]`.
    pub fn answers_nothing(&self) -> &Self {
        self.then(Turn::answers_nothing())
    }

    /// Scripts silence until one side goes away.
    pub fn hangs(&self) -> &Self {
        self.then(Turn::hangs())
    }

    /// Scripts a turn that depends on the request.
    pub fn replies_with(&self, reply: impl FnOnce(&Value) -> Turn + Send + 'static) -> &Self {
        self.push(Entry::Reply(Box::new(reply)))
    }

    /// Answers every request that finds the script empty.
    pub fn always(&self, reply: impl Fn(&Value) -> Turn + Send + Sync + 'static) -> &Self {
        self.core
            .with(|inner| inner.script.always = Some(Arc::new(reply)));
        self
    }

    /// Sets the tokens the turn scripted last is billed at, instead of a guess by length.
    pub fn uses(&self, prompt: u64, completion: u64) -> &Self {
        self.core
            .with(|inner| inner.script.last_turn().usage = Some((prompt, completion)));
        self
    }

    /// The next turn scripted waits for the handle's `release`.
    pub fn holds(&self) -> Held {
        let held = Held::new();
        self.push(Entry::Hold(held.clone()));
        held
    }

    fn push(&self, entry: Entry) -> &Self {
        self.core.with(|inner| inner.script.push(entry));
        self
    }
}
