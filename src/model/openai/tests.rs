//! The client against a server of our own on the loopback address, which sends what vendors send.

mod failures;
mod streams;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use axum::{Json, Router};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::OpenAi;
use crate::config;
use crate::engine::clock::Clock;
use crate::model::{Answer, Ask, Message, ModelError, Reply, ToolCall, ToolSpec};

const KEY: &str = "not-a-usual-key-0123";

#[derive(Clone, Default)]
struct Fake {
    answers: Arc<Mutex<VecDeque<Response<Body>>>>,
    seen: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

impl Fake {
    async fn start(answers: Vec<Response<Body>>) -> (Self, OpenAi) {
        Self::start_with_key(answers, Some(KEY)).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the server ends with the test's runtime"
    )]
    async fn start_with_key(answers: Vec<Response<Body>>, key: Option<&str>) -> (Self, OpenAi) {
        // Another test of this process may have installed it before.
        drop(rustls::crypto::ring::default_provider().install_default());
        let fake = Self {
            answers: Arc::new(Mutex::new(answers.into())),
            ..Self::default()
        };
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = config::OpenAi {
            base_url: format!("http://{address}/v1").parse().unwrap(),
            api_key: key.map(SecretString::from),
            name: "gpt-fake".to_owned(),
        };
        (fake, OpenAi::new(&config).unwrap())
    }

    fn requests(&self) -> Vec<(HeaderMap, Value)> {
        self.seen.lock().unwrap().clone()
    }
}

async fn complete(State(fake): State<Fake>, headers: HeaderMap, Json(body): Json<Value>) -> Response<Body> {
    fake.seen.lock().unwrap().push((headers, body));
    let answer = fake.answers.lock().unwrap().pop_front();
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

fn response(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(body.into())
        .unwrap()
}

fn events(body: &str) -> Response<Body> {
    response(200, "text/event-stream; charset=utf-8", body.to_owned())
}

/// The deltas as chunks of the first choice; a string stands for text.
fn chunks(deltas: &[Value]) -> String {
    let line = |delta: &Value| {
        let delta = if delta.is_string() {
            json!({ "content": delta })
        } else {
            delta.clone()
        };
        format!(
            "data: {}\n\n",
            json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
        )
    };
    deltas.iter().map(line).collect()
}

fn call(delta: Value) -> Value {
    json!({ "tool_calls": [delta] })
}

const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn ask(text: &str) -> Ask {
    let person = Message::Person {
        name: "Ana".to_owned(),
        text: text.to_owned(),
    };
    Ask {
        system: "Be short.".to_owned(),
        messages: vec![person],
        tools: Vec::new(),
    }
}

async fn reply_to(body: &str) -> Result<Reply, ModelError> {
    let (_fake, model) = Fake::start(vec![events(body)]).await;
    model.ask(&ask("hi"), &Clock::system()).await
}

async fn error_of(answer: Response<Body>) -> ModelError {
    let (fake, model) = Fake::start(vec![answer]).await;
    let error = model.ask(&ask("hi"), &Clock::system()).await.unwrap_err();
    assert_eq!(fake.requests().len(), 1, "a request is never repeated");
    error
}

fn tool_call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    }
}

#[tokio::test]
async fn sends_the_conversation() {
    let (fake, model) = Fake::start(vec![events(&(chunks(&[json!("ok")]) + STOP + DONE))]).await;
    let answer = Answer {
        text: String::new(),
        calls: vec![
            tool_call("a", "get_issue", "{\"issue\":\"#1\"}"),
            tool_call("b", "an odd name", "{broken"),
        ],
        ..Answer::default()
    };
    let result = |id: &str| Message::ToolResult {
        call_id: id.to_owned(),
        name: "get_issue".to_owned(),
        text: "found".to_owned(),
        failed: false,
    };
    let said = Answer {
        text: "Done.".to_owned(),
        calls: Vec::new(),
        ..Answer::default()
    };
    let mut asked = ask("look");
    asked.messages.extend([
        Message::Assistant(answer),
        result("a"),
        result("b"),
        Message::Assistant(said),
    ]);
    asked.tools = vec![ToolSpec {
        name: "get_issue",
        description: "Reads an issue.",
        parameters: json!({ "type": "object", "properties": {} }),
    }];
    model.ask(&asked, &Clock::system()).await.unwrap();

    let (headers, body) = fake.requests().remove(0);
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    let function = |name: &str, arguments: &str| json!({ "name": name, "arguments": arguments });
    let expected = json!({
        "model": "gpt-fake",
        "stream": true,
        "stream_options": { "include_usage": true },
        "tools": [{ "type": "function", "function": {
            "name": "get_issue", "description": "Reads an issue.",
            "parameters": { "type": "object", "properties": {} },
        } }],
        "messages": [
            { "role": "system", "content": "Be short." },
            { "role": "user", "content": "Ana: look" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "a", "type": "function", "function": function("get_issue", "{\"issue\":\"#1\"}") },
                { "id": "b", "type": "function",
                  "function": function("an_odd_name", "{\"not_json\":\"{broken\"}") },
            ] },
            { "role": "tool", "tool_call_id": "a", "content": "found" },
            { "role": "tool", "tool_call_id": "b", "content": "found" },
            { "role": "assistant", "content": "Done." },
        ],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn leaves_out_what_there_is_not() {
    let answer = || events(&(chunks(&[json!("ok")]) + STOP + DONE));
    let (fake, model) = Fake::start_with_key(vec![answer()], None).await;
    model
        .ask(
            &Ask {
                system: String::new(),
                ..ask("hi")
            },
            &Clock::system(),
        )
        .await
        .unwrap();
    let (headers, body) = fake.requests().remove(0);
    assert!(!headers.contains_key("authorization"));
    assert_eq!(body.get("tools"), None);
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
}
