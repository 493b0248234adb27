//! A streamed answer, put together from its chunks:
//! <https://platform.openai.com/docs/api-reference/chat-streaming>. The shapes hold only what is used, and a value of
//! another type than expected counts as absent: vendors differ in every detail.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::failure;
use crate::domain::clean;
use crate::model::{Answer, ModelError, Reply, Tokens, ToolCall};

/// OpenAI's rule of thumb: four characters to a token.
/// <https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>
const CHARACTERS_PER_TOKEN: u64 = 4;

/// One event of the stream, or the whole answer of a server that does not stream.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    #[serde(default, deserialize_with = "lenient")]
    choices: Vec<Choice>,
    #[serde(default, deserialize_with = "lenient")]
    usage: Option<Usage>,
    #[serde(default)]
    error: Value,
}

#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default, deserialize_with = "lenient")]
    index: u64,
    #[serde(default, deserialize_with = "lenient")]
    delta: Option<Delta>,
    /// In the place of `delta`, when the answer is whole.
    #[serde(default, deserialize_with = "lenient")]
    message: Option<Delta>,
    #[serde(default, deserialize_with = "lenient")]
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    /// Text, or a list of parts.
    #[serde(default)]
    content: Value,
    /// What the model says in the place of an answer that it will not give.
    #[serde(default, deserialize_with = "lenient")]
    refusal: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    tool_calls: Vec<CallDelta>,
}

#[derive(Debug, Default, Deserialize)]
struct CallDelta {
    #[serde(default, deserialize_with = "lenient")]
    index: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    function: FunctionDelta,
}

#[derive(Debug, Default, Deserialize)]
struct FunctionDelta {
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    /// A piece of JSON text, or the object itself.
    #[serde(default)]
    arguments: Value,
}

#[derive(Debug, Default, Deserialize)]
struct Usage {
    #[serde(default, deserialize_with = "lenient")]
    total_tokens: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    prompt_tokens: u64,
    #[serde(default, deserialize_with = "lenient")]
    completion_tokens: u64,
}

impl Usage {
    /// Some vendors send a running total with every chunk: the largest counts.
    fn raise(&mut self, later: &Self) {
        self.total_tokens = self.total_tokens.max(later.total_tokens);
        self.prompt_tokens = self.prompt_tokens.max(later.prompt_tokens);
        self.completion_tokens = self.completion_tokens.max(later.completion_tokens);
    }

    /// What was counted; `answer` and `whole` are estimates of what was written and of everything.
    fn tokens(&self, answer: u64, whole: impl FnOnce() -> u64) -> Tokens {
        let parts = self.prompt_tokens.saturating_add(self.completion_tokens);
        let total = match self.total_tokens.unwrap_or_default().max(parts) {
            0 => whole(),
            counted => counted,
        };
        let input = if parts == 0 {
            total.saturating_sub(answer)
        } else {
            self.prompt_tokens
        };
        // What is in no part is what the model thought.
        let output = total - input;
        Tokens { input, output }
    }
}

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).unwrap_or_default())
}

/// A call being put together.
#[derive(Debug, Default)]
struct Slot {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Slot {
    fn is_whole(&self) -> bool {
        serde_json::from_str::<Map<String, Value>>(&self.arguments).is_ok()
    }
}

/// An answer being put together.
#[derive(Debug)]
pub(super) struct Draft {
    text: String,
    refusal: String,
    slots: Vec<Slot>,
    finish: Option<String>,
    usage: Usage,
    /// The number before the first made-up id.
    calls_before: usize,
}

impl Draft {
    /// An empty draft; made-up ids count on from `calls_before`.
    pub(super) fn new(calls_before: usize) -> Self {
        let (text, refusal) = (String::new(), String::new());
        Self {
            text,
            refusal,
            slots: Vec::new(),
            finish: None,
            usage: Usage::default(),
            calls_before,
        }
    }

    /// Adds a chunk.
    ///
    /// # Errors
    /// The chunk is an error.
    pub(super) fn add(&mut self, chunk: Chunk) -> Result<(), ModelError> {
        if !chunk.error.is_null() {
            return Err(failure::of_chunk(&chunk.error));
        }
        if let Some(usage) = chunk.usage {
            self.usage.raise(&usage);
        }
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            if let Some(delta) = choice.delta.or(choice.message) {
                push_text(&mut self.text, &delta.content);
                self.refusal.push_str(&delta.refusal.unwrap_or_default());
                delta.tool_calls.into_iter().for_each(|call| self.add_call(call));
            }
            self.finish = choice
                .finish_reason
                .filter(|reason| !reason.is_empty())
                .or(self.finish.take());
        }
        Ok(())
    }

    fn add_call(&mut self, call: CallDelta) {
        let id = call.id.unwrap_or_default();
        let name = call.function.name.unwrap_or_default();
        let at = self.slot_for(call.index, &id, &name).unwrap_or_else(|| {
            self.slots.push(Slot {
                index: call.index,
                ..Slot::default()
            });
            self.slots.len() - 1
        });
        let slot = &mut self.slots[at];
        if slot.id.is_empty() {
            slot.id = id;
        }
        if slot.name.is_empty() {
            slot.name = name;
        }
        match call.function.arguments {
            Value::Null => {}
            Value::String(piece) => slot.arguments.push_str(&piece),
            whole => slot.arguments = whole.to_string(),
        }
    }

    /// The call that a delta goes on with; `None` when it begins another.
    fn slot_for(&self, index: Option<u64>, id: &str, name: &str) -> Option<usize> {
        let at = match index {
            Some(index) => self.slots.iter().rposition(|slot| slot.index == Some(index))?,
            None if id.is_empty() => self.slots.len().checked_sub(1)?,
            None => self.slots.iter().rposition(|slot| slot.id == id)?,
        };
        let slot = &self.slots[at];
        // Some vendors give every call the index 0, or none: a name that comes after a whole call, or another name,
        // begins the next one. A repeated name under the same id does not.
        let other_id = !id.is_empty() && !slot.id.is_empty() && slot.id != id;
        let other_name = !name.is_empty() && !slot.name.is_empty() && slot.name != name;
        let anonymous = index.is_none() && id.is_empty();
        let begins = !name.is_empty() && (other_id || anonymous) && (other_name || slot.is_whole());
        (!begins).then_some(at)
    }

    /// The answer. `ending` is how the stream ended, if not by `[DONE]`; `request` counts the characters asked with,
    /// for a vendor that does not count tokens.
    ///
    /// # Errors
    /// The stream ended in the middle, or there is nothing in the answer.
    pub(super) fn finish(
        self,
        ending: Option<&str>,
        request: impl FnOnce() -> usize,
    ) -> Result<Reply, ModelError> {
        if let Some(reason) = ending.filter(|_| self.finish.is_none()) {
            return Err(ModelError::Broken(reason.to_owned()));
        }
        let finish = self.finish.unwrap_or_default();
        let calls = calls(self.slots, self.calls_before)?;
        let text = if self.text.trim().is_empty() {
            self.refusal
        } else {
            self.text
        };
        if text.trim().is_empty() && calls.is_empty() {
            let finish = if finish.is_empty() {
                String::new()
            } else {
                format!(" (finish_reason \"{finish}\")")
            };
            return Err(ModelError::Broken(format!("the answer is empty{finish}")));
        }
        let answer = Answer {
            text: clean(&text),
            calls,
            ..Answer::default()
        };
        let written = characters(&answer);
        let estimate = |characters: usize| {
            let characters = u64::try_from(characters).unwrap_or(u64::MAX);
            characters.div_ceil(CHARACTERS_PER_TOKEN)
        };
        let tokens = self
            .usage
            .tokens(estimate(written), || estimate(request() + written));
        Ok(Reply {
            answer,
            tokens,
            cut: finish == "length",
        })
    }
}

fn calls(slots: Vec<Slot>, before: usize) -> Result<Vec<ToolCall>, ModelError> {
    let mut calls: Vec<ToolCall> = Vec::with_capacity(slots.len());
    for slot in slots {
        if slot.name.is_empty() {
            if slot.arguments.trim().is_empty() {
                continue;
            }
            return Err(ModelError::Broken(
                "the answer calls a tool without a name".to_owned(),
            ));
        }
        let known = slot.id.is_empty() || calls.iter().any(|call| call.id == slot.id);
        let id = if known {
            format!("call_{}", before + calls.len() + 1)
        } else {
            slot.id
        };
        let arguments = if slot.arguments.trim().is_empty() {
            "{}".to_owned()
        } else {
            slot.arguments
        };
        calls.push(ToolCall {
            id: clean(&id),
            name: clean(&slot.name),
            arguments: clean(&arguments),
        });
    }
    Ok(calls)
}

/// How long what the model wrote is.
fn characters(answer: &Answer) -> usize {
    let count = |text: &str| text.chars().count();
    let calls: usize = answer
        .calls
        .iter()
        .map(|call| count(&call.name) + count(&call.arguments))
        .sum();
    count(&answer.text) + calls
}

/// Adds text, or the text of parts; parts of another kind, such as the model's thinking, are left out.
fn push_text(text: &mut String, content: &Value) {
    match content {
        Value::String(piece) => text.push_str(piece),
        Value::Array(parts) => {
            let pieces = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str).or(part.as_str()));
            pieces.for_each(|piece| text.push_str(piece));
        }
        _ => {}
    }
}
