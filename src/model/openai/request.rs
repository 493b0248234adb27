//! The body of a request. Only fields that every vendor knows: a temperature or a length limit is refused by some
//! models, and an unknown field by some servers.

use serde_json::{Map, Value, json};

use crate::model::{Answer, Ask, Message, ToolCall, ToolSpec};

/// OpenAI's bound on a function's name, in characters.
const LONGEST_NAME: usize = 64;

/// The body for `POST /chat/completions`.
pub(super) fn body(model: &str, ask: &Ask) -> Value {
    let mut messages = Vec::with_capacity(ask.messages.len() + 1);
    if !ask.system.is_empty() {
        messages.push(json!({ "role": "system", "content": ask.system }));
    }
    messages.extend(ask.messages.iter().map(message));
    let mut body = json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    // An empty list is refused.
    if !ask.tools.is_empty() {
        body["tools"] = ask.tools.iter().map(tool).collect();
    }
    body
}

/// The tool calls the conversation already holds: made-up ids count on from there, so that none comes twice.
pub(super) fn calls_before(ask: &Ask) -> usize {
    let calls = |message: &Message| match message {
        Message::Assistant(answer) => answer.calls.len(),
        Message::Person { .. } | Message::ToolResult { .. } => 0,
    };
    ask.messages.iter().map(calls).sum()
}

fn message(message: &Message) -> Value {
    match message {
        // In the text and not in the field `name`, which some vendors refuse and none takes blanks in.
        Message::Person { name, text } if name.is_empty() => json!({ "role": "user", "content": text }),
        Message::Person { name, text } => json!({ "role": "user", "content": format!("{name}: {text}") }),
        Message::Assistant(answer) => assistant(answer),
        Message::ToolResult { call_id, text, .. } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": text })
        }
    }
}

fn assistant(answer: &Answer) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    if answer.calls.is_empty() {
        message.insert("content".to_owned(), json!(answer.text));
    } else {
        let text = Some(&answer.text).filter(|text| !text.is_empty());
        message.insert("content".to_owned(), json!(text));
        message.insert("tool_calls".to_owned(), answer.calls.iter().map(call).collect());
    }
    Value::Object(message)
}

fn call(call: &ToolCall) -> Value {
    let function = json!({ "name": name(&call.name), "arguments": arguments(&call.arguments) });
    json!({ "id": call.id, "type": "function", "function": function })
}

/// A name the model made up may hold what the API then refuses in the history.
fn name(written: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name: String = written
        .chars()
        .take(LONGEST_NAME)
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// Some servers parse the arguments in the history, and refuse the whole request when they are no JSON object.
fn arguments(written: &str) -> String {
    match serde_json::from_str::<Map<String, Value>>(written) {
        Ok(_) => written.to_owned(),
        Err(_) => json!({ "not_json": written }).to_string(),
    }
}

fn tool(tool: &ToolSpec) -> Value {
    let function =
        json!({ "name": tool.name, "description": tool.description, "parameters": tool.parameters });
    json!({ "type": "function", "function": function })
}
