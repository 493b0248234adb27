//! The one report on the state of every part, shown by HTTP and by the `health` command.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// How a part is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Works.
    Ok,
    /// Nobody set it up.
    NotConfigured,
    /// On its way up, or limited.
    Degraded,
    /// Does not work.
    Failed,
}

impl State {
    /// The state in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotConfigured => "not configured",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// The state of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// How it is doing.
    pub state: State,
    /// One sentence: what it is, or what is wrong and what to do.
    pub detail: String,
    /// What in it is called by the name of a repository or a channel: not everybody may hear those.
    #[serde(skip)]
    pub names: Vec<String>,
}

impl Part {
    /// One that names nothing.
    pub fn new(state: State, detail: impl Into<String>) -> Self {
        Self {
            state,
            detail: detail.into(),
            names: Vec::new(),
        }
    }

    /// As anybody may hear it.
    #[must_use]
    pub fn without_names(mut self) -> Self {
        // The longer first: one may be the beginning of another.
        self.names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in std::mem::take(&mut self.names) {
            self.detail = self.detail.replace(&name, "one of its places");
        }
        self
    }
}

/// What is looked up when the report is read.
type Look = Box<dyn Fn() -> Option<Part> + Send>;

/// What was said about the parts, and what is looked up beside it.
#[derive(Default)]
struct Told {
    parts: BTreeMap<&'static str, Part>,
    supplements: Vec<(&'static str, Look)>,
}

/// The report; clones share it.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Told>>);

impl Health {
    /// Says how a part is doing; a change is logged.
    pub fn report(&self, part: &'static str, state: State, detail: impl Into<String>) {
        self.set(part, Part::new(state, detail));
    }

    /// The same, where the detail may name repositories or channels.
    pub fn set(&self, part: &'static str, news: Part) {
        let state = news.state;
        let parts = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).parts;
        if parts.get(part) != Some(&news) {
            // What nobody set up is said once, in the first lines people see.
            if state == State::NotConfigured {
                tracing::debug!(part, state = state.words(), detail = %news.detail, "health");
            } else {
                tracing::info!(part, state = state.words(), detail = %news.detail, "health");
            }
            parts.insert(part, news);
        }
    }

    /// Every part with its state, by name.
    pub fn parts(&self) -> BTreeMap<&'static str, Part> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = told.parts.clone();
        for (name, look) in &told.supplements {
            let works = |part: &&mut Part| part.state != State::Failed;
            if let Some(part) = parts.get_mut(name).filter(works)
                && let Some(more) = look()
            {
                part.state = part.state.max(more.state);
                part.detail = format!("{}; {}", part.detail, more.detail);
                part.names.extend(more.names);
            }
        }
        parts
    }

    /// Adds what is looked up whenever the report is read, and so changes too often to be reported: the worse of the two
    /// states counts, and its detail follows the part's own.
    pub fn supplement(&self, part: &'static str, look: impl Fn() -> Option<Part> + Send + 'static) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.supplements.push((part, Box::new(look)));
    }

    /// The worst state of all parts that are set up.
    pub fn overall(&self) -> State {
        let parts = self.parts();
        let set_up = parts
            .values()
            .map(|part| part.state)
            .filter(|state| *state != State::NotConfigured);
        set_up.max().unwrap_or(State::Ok)
    }
}
