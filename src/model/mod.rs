//! The language model: any OpenAI-compatible server, or the built-in offline grammar.
//!
//! A model is asked with a whole conversation and answers once, with words, tool calls, or both. Nothing is retried here
//! and nothing is kept: the agent's journal decides what is asked again.

mod offline;
mod openai;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::clock::Clock;

pub use offline::Offline;
pub use openai::OpenAi;

/// What a model is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The standing instructions.
    pub system: String,
    /// The conversation, oldest first; the last is what is asked now or the result of the last tool call.
    pub messages: Vec<Message>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
}

impl Ask {
    /// The same with every text that is not ours rewritten.
    #[must_use]
    pub fn rewritten(mut self, rewrite: impl Fn(&str) -> String) -> Self {
        self.system = rewrite(&self.system);
        for message in &mut self.messages {
            match message {
                Message::Person { name, text } => (*name, *text) = (rewrite(name), rewrite(text)),
                Message::Assistant(answer) => {
                    answer.text = rewrite(&answer.text);
                    for call in &mut answer.calls {
                        call.arguments = rewrite(&call.arguments);
                    }
                }
                Message::ToolResult { text, .. } => *text = rewrite(text),
            }
        }
        self
    }
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Words of a person.
    Person {
        /// Who, for conversations of several people.
        name: String,
        /// The words.
        text: String,
    },
    /// Words and tool calls of the model.
    Assistant(Answer),
    /// What became of a tool call.
    ToolResult {
        /// The call.
        call_id: String,
        /// The tool's name.
        name: String,
        /// The result, as JSON or in words.
        text: String,
        /// Whether it failed.
        failed: bool,
    },
}

/// What a model answered, without what it cost: what the journal keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its words; may be empty when it calls tools.
    pub text: String,
    /// The tools it wants called, in order.
    pub calls: Vec<ToolCall>,
    /// Whether the words say that it could not help; only the offline model knows.
    #[serde(default)]
    pub helpless: bool,
}

/// A tool the model wants called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's id of the call; made up where a vendor sends none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them: meant to be JSON.
    pub arguments: String,
}

/// A tool the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// Its name.
    pub name: &'static str,
    /// What it does, for the model.
    pub description: &'static str,
    /// The JSON schema of its arguments.
    pub parameters: serde_json::Value,
}

/// An answer with what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// What was read and written; estimated at four characters a token where the vendor says nothing.
    pub tokens: Tokens,
    /// Whether the answer was cut off at the vendor's length limit.
    pub cut: bool,
}

/// Tokens, which are priced apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// What the model read.
    pub input: u64,
    /// What it wrote, its thinking included.
    pub output: u64,
}

impl Tokens {
    /// Both together.
    pub fn sum(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Asked too often; it may be asked again after the given time.
    #[error("the language model is busy: {why}")]
    Busy {
        /// What the server asked for (`Retry-After`).
        retry_after: Option<Duration>,
        /// What it said.
        why: String,
    },
    /// A passing fault: a 5xx, a broken stream, no answer, nothing in the answer. Asking again may help.
    #[error("the language model did not answer: {0}")]
    Broken(String),
    /// A final refusal: wrong key, no quota, unknown model, a request it does not take. Asking again does not help.
    #[error("the language model refused: {0}")]
    Refused(String),
}

/// A language model.
pub enum Model {
    /// The built-in grammar.
    Offline(Offline),
    /// A server that speaks OpenAI's chat completions.
    OpenAi(OpenAi),
}

impl Model {
    /// Asks once.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub async fn ask(&self, ask: &Ask, clock: &Clock) -> Result<Reply, ModelError> {
        match self {
            Self::Offline(offline) => Ok(offline.ask(ask)),
            Self::OpenAi(server) => server.ask(ask, clock).await,
        }
    }

    /// What the model is called in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::Offline(_) => "offline",
            Self::OpenAi(server) => server.name(),
        }
    }
}
