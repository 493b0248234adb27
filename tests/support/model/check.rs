//! What OpenAI refuses about a chat completion request.
//! <https://platform.openai.com/docs/api-reference/chat/create>; the messages are those its API sends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The request's fields by the API reference; any other is refused.
const FIELDS: [&str; 37] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];
/// The roles a message may have.
const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];
/// The bound on tools in one request.
const MAX_TOOLS: usize = 128;
/// The bound on a function's name, in characters.
const MAX_NAME: usize = 64;

/// The body of an error answer.
pub(super) fn error(message: &str, kind: &str, param: Option<&str>, code: Option<&str>) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
}

fn refuse(message: &str, param: Option<&str>, code: Option<&str>) -> Value {
    error(message, "invalid_request_error", param, code)
}

/// Judges a request; the error is the body of the 400.
pub(super) fn check(request: &Value) -> Result<(), Value> {
    let Some(fields) = request.as_object() else {
        return Err(refuse(
            "We could not parse the JSON body of your request.",
            None,
            None,
        ));
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("Unrecognized request argument supplied: {unknown}");
        return Err(refuse(&message, None, None));
    }
    if request["model"].as_str().is_none_or(str::is_empty) {
        return Err(refuse("you must provide a model parameter", None, None));
    }
    check_options(request)?;
    check_messages(&request["messages"])?;
    check_tools(request)
}

fn check_options(request: &Value) -> Result<(), Value> {
    let flag = |name: &str| match &request[name] {
        Value::Null | Value::Bool(_) => Ok(()),
        other => Err(wrong_type(name, "a boolean", other)),
    };
    flag("stream")?;
    flag("parallel_tool_calls")?;
    if !request["stream_options"].is_null() && request["stream"] != json!(true) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(refuse(message, Some("stream_options"), None));
    }
    for (name, most) in [("temperature", 2.0), ("top_p", 1.0)] {
        match &request[name] {
            Value::Null => {}
            Value::Number(number) if (0.0..=most).contains(&number.as_f64().unwrap()) => {}
            Value::Number(number) => {
                let message = format!("Invalid '{name}': expected a number from 0 to {most}, got {number}.");
                return Err(refuse(&message, Some(name), Some("decimal_out_of_range")));
            }
            other => return Err(wrong_type(name, "a decimal", other)),
        }
    }
    Ok(())
}

fn check_messages(messages: &Value) -> Result<(), Value> {
    let messages = match messages {
        Value::Array(messages) => messages,
        Value::Null => {
            let message = "Missing required parameter: 'messages'.";
            return Err(refuse(
                message,
                Some("messages"),
                Some("missing_required_parameter"),
            ));
        }
        other => return Err(wrong_type("messages", "an array of objects", other)),
    };
    if messages.is_empty() {
        return Err(empty_array("messages"));
    }
    // The calls of the latest assistant message that no tool message has answered.
    let mut open = BTreeSet::new();
    // All its calls, for tool messages that answer one of them again.
    let mut asked = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        let role = check_message(at, message)?;
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !asked.contains(id) {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.";
                return Err(refuse(message, Some(&format!("messages.[{at}].role")), None));
            }
            open.remove(id);
            continue;
        }
        answered(&open, at)?;
        asked = check_calls(at, message)?;
        open.clone_from(&asked);
    }
    answered(&open, messages.len())
}

/// Before the message at `at`, every tool call must have its answer.
fn answered(open: &BTreeSet<String>, at: usize) -> Result<(), Value> {
    if open.is_empty() {
        return Ok(());
    }
    let ids = open.iter().cloned().collect::<Vec<_>>().join(", ");
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {ids}"
    );
    Err(refuse(&message, Some(&format!("messages.[{at}].role")), None))
}

fn check_message(at: usize, message: &Value) -> Result<&str, Value> {
    let role = message["role"].as_str().unwrap_or_default();
    if !ROLES.contains(&role) {
        let supported = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
        let text = format!("Invalid value: '{role}'. Supported values are: {supported}.");
        return Err(refuse(
            &text,
            Some(&format!("messages[{at}].role")),
            Some("invalid_value"),
        ));
    }
    let may_be_silent = role == "assistant" && message["tool_calls"].is_array();
    match &message["content"] {
        Value::String(_) => {}
        Value::Array(parts) if !parts.is_empty() && parts.iter().all(|part| part["type"].is_string()) => {}
        Value::Null if may_be_silent => {}
        other => {
            let text = format!(
                "Invalid value for 'content': expected a string, got {}.",
                kind(other)
            );
            return Err(refuse(&text, Some(&format!("messages.[{at}].content")), None));
        }
    }
    if role == "tool" && !message["tool_call_id"].is_string() {
        let param = format!("messages[{at}].tool_call_id");
        let text = format!("Missing required parameter: '{param}'.");
        return Err(refuse(&text, Some(&param), Some("missing_required_parameter")));
    }
    Ok(role)
}

/// The ids of a message's tool calls.
fn check_calls(at: usize, message: &Value) -> Result<BTreeSet<String>, Value> {
    let calls = match &message["tool_calls"] {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Array(calls) if calls.is_empty() => {
            return Err(empty_array(&format!("messages[{at}].tool_calls")));
        }
        Value::Array(calls) => calls,
        other => {
            return Err(wrong_type(
                &format!("messages[{at}].tool_calls"),
                "an array of objects",
                other,
            ));
        }
    };
    let mut ids = BTreeSet::new();
    for (n, call) in calls.iter().enumerate() {
        let fields = [
            ("id", &call["id"]),
            ("type", &call["type"]),
            ("function.name", &call["function"]["name"]),
            ("function.arguments", &call["function"]["arguments"]),
        ];
        for (name, value) in fields {
            let param = format!("messages[{at}].tool_calls[{n}].{name}");
            match value {
                Value::String(_) => {}
                Value::Null => {
                    let text = format!("Missing required parameter: '{param}'.");
                    return Err(refuse(&text, Some(&param), Some("missing_required_parameter")));
                }
                other => return Err(wrong_type(&param, "a string", other)),
            }
        }
        check_name(
            &call["function"]["name"],
            &format!("messages[{at}].tool_calls[{n}].function.name"),
        )?;
        ids.insert(call["id"].as_str().unwrap_or_default().to_owned());
    }
    Ok(ids)
}

fn check_tools(request: &Value) -> Result<(), Value> {
    let tools = match &request["tools"] {
        Value::Null if request["tool_choice"].is_null() => return Ok(()),
        Value::Null => {
            let message =
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.";
            return Err(refuse(message, Some("tool_choice"), None));
        }
        Value::Array(tools) => tools,
        other => return Err(wrong_type("tools", "an array of objects", other)),
    };
    if tools.is_empty() {
        return Err(empty_array("tools"));
    }
    if tools.len() > MAX_TOOLS {
        let message = format!(
            "Invalid 'tools': array too long. Expected an array with maximum length {MAX_TOOLS}, but got an array with length {} instead.",
            tools.len()
        );
        return Err(refuse(&message, Some("tools"), Some("array_above_max_length")));
    }
    for (at, tool) in tools.iter().enumerate() {
        check_tool(at, tool)?;
    }
    Ok(())
}

fn check_tool(at: usize, tool: &Value) -> Result<(), Value> {
    if tool["type"] != "function" {
        let text = format!(
            "Invalid value: {}. Supported values are: 'function' and 'custom'.",
            tool["type"]
        );
        return Err(refuse(
            &text,
            Some(&format!("tools[{at}].type")),
            Some("invalid_value"),
        ));
    }
    let name = &tool["function"]["name"];
    check_name(name, &format!("tools[{at}].function.name"))?;
    let schema = &tool["function"]["parameters"];
    let param = format!("tools[{at}].function.parameters");
    let name = name.as_str().unwrap_or_default();
    let invalid = |text: &str| {
        let text = format!("Invalid schema for function '{name}': {text}");
        Err(refuse(&text, Some(&param), Some("invalid_function_parameters")))
    };
    if schema.is_null() {
        return Ok(());
    }
    if schema["type"] != "object" {
        let found = schema["type"].as_str().unwrap_or("None");
        return invalid(&format!(
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'."
        ));
    }
    if !schema["properties"].is_object() {
        return invalid("In context=(), object schema missing properties.");
    }
    // https://platform.openai.com/docs/guides/function-calling#strict-mode
    if tool["function"]["strict"] == json!(true) && schema["additionalProperties"] != json!(false) {
        return invalid("In context=(), 'additionalProperties' is required to be supplied and to be false.");
    }
    Ok(())
}

fn check_name(name: &Value, param: &str) -> Result<(), Value> {
    let name = name.as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fits) {
        let text = format!(
            "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        );
        return Err(refuse(&text, Some(param), Some("invalid_value")));
    }
    if name.len() > MAX_NAME {
        let text = format!(
            "Invalid '{param}': string too long. Expected a string with maximum length {MAX_NAME}, but got a string with length {} instead.",
            name.len()
        );
        return Err(refuse(&text, Some(param), Some("string_above_max_length")));
    }
    Ok(())
}

fn empty_array(param: &str) -> Value {
    let text = format!(
        "Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    );
    refuse(&text, Some(param), Some("empty_array"))
}

fn wrong_type(param: &str, wanted: &str, value: &Value) -> Value {
    let text = format!(
        "Invalid type for '{param}': expected {wanted}, but got {} instead.",
        kind(value)
    );
    refuse(&text, Some(param), Some("invalid_type"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
