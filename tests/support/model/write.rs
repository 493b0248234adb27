//! A turn as OpenAI writes it: one JSON object, or chunks of a stream.
//! <https://platform.openai.com/docs/api-reference/chat/object>,
//! <https://platform.openai.com/docs/api-reference/chat-streaming>

use serde_json::{Value, json};

use super::script::ToolCall;

/// Seconds since 1970 of the tests' usual first moment, 2026-11-22 09:00 UTC.
pub(super) const CREATED: i64 = 1_795_338_000;
/// Characters of text or arguments in one chunk.
const PIECE: usize = 7;
/// OpenAI's rule of thumb: four characters to a token.
/// <https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>
const CHARACTERS_PER_TOKEN: u64 = 4;

/// What an answer holds, and how it is labelled.
pub(super) struct Answer<'a> {
    /// Counts the answers, for ids.
    pub(super) number: usize,
    pub(super) model: &'a str,
    pub(super) text: Option<&'a str>,
    pub(super) calls: &'a [ToolCall],
    pub(super) finish: &'a str,
    pub(super) usage: (u64, u64),
}

impl Answer<'_> {
    fn head(&self, object: &str) -> Value {
        json!({
            "id": format!("chatcmpl-fake{}", self.number), "object": object, "created": CREATED,
            "model": self.model, "service_tier": "default", "system_fingerprint": "fp_fake",
        })
    }

    fn call_id(&self, at: usize) -> String {
        format!("call_{}_{at}", self.number)
    }

    fn usage(&self) -> Value {
        let (prompt, completion) = self.usage;
        json!({
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": {
                "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        })
    }

    /// The whole answer as one object.
    pub(super) fn object(&self) -> Value {
        let mut message =
            json!({ "role": "assistant", "content": self.text, "refusal": null, "annotations": [] });
        if !self.calls.is_empty() {
            let call = |(at, call): (usize, &ToolCall)| {
                json!({
                    "id": self.call_id(at), "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments },
                })
            };
            message["tool_calls"] = self.calls.iter().enumerate().map(call).collect();
        }
        let mut answer = self.head("chat.completion");
        answer["choices"] =
            json!([{ "index": 0, "message": message, "logprobs": null, "finish_reason": self.finish }]);
        answer["usage"] = self.usage();
        answer
    }

    /// An answer with no choice in it.
    pub(super) fn no_choices(&self) -> Value {
        let mut answer = self.head("chat.completion");
        answer["choices"] = json!([]);
        answer["usage"] = self.usage();
        answer
    }

    /// The chunks of the text alone, without an end.
    pub(super) fn opening(&self, with_usage: bool) -> Vec<Value> {
        let content = if self.calls.is_empty() {
            json!("")
        } else {
            Value::Null
        };
        let first = json!({ "role": "assistant", "content": content, "refusal": null });
        let mut chunks = vec![self.chunk(&first, None, with_usage)];
        for piece in pieces(self.text.unwrap_or_default()) {
            chunks.push(self.chunk(&json!({ "content": piece }), None, with_usage));
        }
        chunks
    }

    /// All chunks, the one with the usage last when it is asked for.
    pub(super) fn chunks(&self, with_usage: bool) -> Vec<Value> {
        let mut chunks = self.opening(with_usage);
        for (index, call) in self.calls.iter().enumerate() {
            let start = json!({ "tool_calls": [{
                "index": index, "id": self.call_id(index), "type": "function",
                "function": { "name": call.name, "arguments": "" },
            }] });
            chunks.push(self.chunk(&start, None, with_usage));
            for piece in pieces(&call.arguments) {
                let more = json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] });
                chunks.push(self.chunk(&more, None, with_usage));
            }
        }
        chunks.push(self.chunk(&json!({}), Some(self.finish), with_usage));
        if with_usage {
            let mut last = self.head("chat.completion.chunk");
            last["choices"] = json!([]);
            last["usage"] = self.usage();
            chunks.push(last);
        }
        chunks
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>, with_usage: bool) -> Value {
        let mut chunk = self.head("chat.completion.chunk");
        chunk["choices"] = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
        if with_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }
}

/// Tokens of a text, by its length.
pub(super) fn tokens(text: &str) -> u64 {
    u64::try_from(text.chars().count())
        .unwrap()
        .div_ceil(CHARACTERS_PER_TOKEN)
}

fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .chunks(PIECE)
        .map(|piece| piece.iter().collect())
        .collect()
}
