//! The client against a server of our own on the loopback address, which sends what vendors send.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::OpenAi;
use crate::config;
use crate::engine::clock::{Clock, Sleep, TimeSource};
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

#[tokio::test]
async fn takes_text_of_every_vendor() {
    let hello = chunks(&[json!("Hel"), json!("lo")]);
    let usage = "data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n";
    let bodies = [
        ("as OpenAI sends it", hello.clone() + STOP + usage + DONE),
        (
            "keep-alive comments",
            format!(": OPENROUTER PROCESSING\n\n{hello}: x\n\n{STOP}{DONE}"),
        ),
        ("no finish_reason", hello.clone() + DONE),
        ("no [DONE]", hello.clone() + STOP),
        ("[DONE] without a blank line", hello.clone() + "data: [DONE]"),
        (
            "a last chunk without a blank line",
            hello.clone() + STOP.trim_end(),
        ),
        (
            "no blanks after the colons",
            (hello.clone() + DONE).replace("data: ", "data:"),
        ),
        (
            "carriage returns",
            (hello.clone() + STOP + DONE).replace('\n', "\r\n"),
        ),
        (
            "an unknown finish_reason",
            hello.clone() + &STOP.replace("stop", "eos") + DONE,
        ),
        ("an empty finish_reason", STOP.replace("stop", "") + &hello + DONE),
        (
            "a null error",
            hello.replace("\"choices\"", "\"error\":null,\"choices\"") + DONE,
        ),
        (
            "null everywhere",
            format!("data: {{\"choices\":null,\"usage\":null}}\n\n{hello}{DONE}"),
        ),
        (
            "odd types",
            format!("data: {{\"choices\":[{{\"delta\":7,\"index\":\"x\"}}],\"usage\":[]}}\n\n{hello}{DONE}"),
        ),
        (
            "a second choice",
            format!(
                "data: {{\"choices\":[{{\"index\":1,\"delta\":{{\"content\":\"no\"}}}}]}}\n\n{hello}{DONE}"
            ),
        ),
        (
            "reasoning",
            chunks(&[
                json!({ "role": "assistant", "content": null, "reasoning_content": "hm" }),
                json!({ "content": [{ "type": "thinking", "thinking": [] }, { "type": "text", "text": "Hello" }] }),
            ]) + STOP
                + DONE,
        ),
        (
            "a refusal",
            chunks(&[json!({ "refusal": "Hello" })]) + STOP + DONE,
        ),
        (
            "a break after the end",
            hello.clone() + STOP + "data: {broken\n\n",
        ),
    ];
    for (what, body) in bodies {
        let reply = reply_to(&body)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(
            reply.answer,
            Answer {
                text: "Hello".to_owned(),
                calls: Vec::new()
            },
            "{what}"
        );
        assert!(!reply.cut, "{what}");
    }
}

#[tokio::test]
async fn assembles_tool_calls() {
    let started = |id: Value, index: Value, arguments: Value| {
        call(json!({ "index": index, "id": id, "function": { "name": "f", "arguments": arguments } }))
    };
    let more = |index: Value, arguments: &str| {
        call(json!({ "index": index, "id": null, "function": { "name": null, "arguments": arguments } }))
    };
    let whole = json!({ "a": 1 });
    let null = Value::Null;
    let one = "{\"a\":1}";
    let cases = [
        (
            "in pieces, two at once",
            vec![
                started(json!("x"), json!(0), json!("")),
                started(json!("y"), json!(1), json!("")),
                more(json!(0), "{\"a\""),
                more(json!(1), "{\"a\":"),
                more(json!(0), ":1}"),
                more(json!(1), "1}"),
            ],
            vec![("x", one), ("y", one)],
        ),
        (
            "whole",
            vec![started(json!("x"), json!(0), json!(one))],
            vec![("x", one)],
        ),
        (
            "an object",
            vec![started(json!("x"), json!(0), whole.clone())],
            vec![("x", one)],
        ),
        (
            "no index",
            vec![
                started(json!("x"), null.clone(), json!("{\"a\"")),
                more(null.clone(), ":1}"),
            ],
            vec![("x", one)],
        ),
        (
            "no index, two calls",
            vec![
                started(json!("x"), null.clone(), json!(one)),
                started(json!("y"), null.clone(), json!(one)),
            ],
            vec![("x", one), ("y", one)],
        ),
        (
            "neither index nor id, two calls",
            vec![
                started(null.clone(), null.clone(), json!(one)),
                started(null.clone(), null.clone(), json!(one)),
            ],
            vec![("call_1", one), ("call_2", one)],
        ),
        (
            "the index 0 for every call",
            vec![
                started(json!("x"), json!(0), json!(one)),
                started(json!("y"), json!(0), json!(one)),
            ],
            vec![("x", one), ("y", one)],
        ),
        (
            "the name again with every piece",
            vec![
                started(json!("x"), json!(0), json!("{\"a\"")),
                started(json!("x"), json!(0), json!(":1}")),
            ],
            vec![("x", one)],
        ),
        (
            "one id for two calls",
            vec![
                started(json!("x"), json!(0), json!(one)),
                started(json!("x"), json!(1), json!(one)),
            ],
            vec![("x", one), ("call_2", one)],
        ),
        (
            "no arguments",
            vec![started(json!("x"), json!(0), null.clone())],
            vec![("x", "{}")],
        ),
        (
            "no JSON",
            vec![started(json!("x"), json!(0), json!("{a"))],
            vec![("x", "{a")],
        ),
        (
            "nothing of a call",
            vec![call(json!({})), started(json!("x"), json!(0), whole)],
            vec![("x", one)],
        ),
    ];
    for (what, deltas, expected) in cases {
        let body = chunks(&deltas) + &STOP.replace("stop", "tool_calls") + DONE;
        let reply = reply_to(&body)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, arguments)| tool_call(id, "f", arguments))
            .collect();
        assert_eq!(reply.answer.calls, expected, "{what}");
    }
}

#[tokio::test]
async fn made_up_ids_count_on() {
    let delta = call(json!({ "function": { "name": "f", "arguments": {} } }));
    let (_fake, model) = Fake::start(vec![events(&(chunks(&[delta]) + DONE))]).await;
    let mut asked = ask("hi");
    let calls = vec![tool_call("call_1", "f", "{}")];
    asked.messages.push(Message::Assistant(Answer {
        text: String::new(),
        calls,
    }));
    let reply = model.ask(&asked, &Clock::system()).await.unwrap();
    assert_eq!(reply.answer.calls, [tool_call("call_2", "f", "{}")]);
}

#[tokio::test]
async fn takes_an_answer_that_is_not_streamed() {
    let call = json!({ "id": "x", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let message = json!({ "role": "assistant", "content": "Hello", "tool_calls": [call] });
    let body = json!({
        "object": "chat.completion",
        "choices": [{ "index": 0, "message": message, "finish_reason": "length" }],
        "usage": { "prompt_tokens": 40, "completion_tokens": 2 },
    });
    let text = serde_json::to_string_pretty(&body).unwrap();
    let (_fake, model) = Fake::start(vec![response(200, "application/json", text)]).await;
    let reply = model.ask(&ask("hi"), &Clock::system()).await.unwrap();
    let answer = Answer {
        text: "Hello".to_owned(),
        calls: vec![tool_call("x", "f", "{}")],
    };
    assert_eq!(
        reply,
        Reply {
            answer,
            tokens: 42,
            cut: true
        }
    );
}

#[tokio::test]
async fn counts_tokens() {
    let hello = chunks(&[json!("Hello")]);
    let with = |usage: &str| format!("{hello}data: {{\"usage\":{usage}}}\n\n{DONE}");
    assert_eq!(reply_to(&with("{\"total_tokens\":12}")).await.unwrap().tokens, 12);
    assert_eq!(
        reply_to(&with("{\"prompt_tokens\":5,\"completion_tokens\":2}"))
            .await
            .unwrap()
            .tokens,
        7
    );
    let (fake, model) = Fake::start(vec![events(&with("null"))]).await;
    let reply = model.ask(&ask("hi"), &Clock::system()).await.unwrap();
    let request = fake.requests().remove(0).1.to_string().chars().count();
    assert_eq!(reply.tokens, u64::try_from((request + 5).div_ceil(4)).unwrap());
}

#[tokio::test]
async fn says_when_it_was_cut() {
    let body = chunks(&[json!("Hel")]) + &STOP.replace("stop", "length") + DONE;
    assert!(reply_to(&body).await.unwrap().cut);
}

fn refusal(status: u16, message: &str, code: &str) -> Response<Body> {
    let error = json!({ "error": { "message": message, "type": "some_error", "param": null, "code": code } });
    response(status, "application/json", error.to_string())
}

#[tokio::test]
async fn a_refusal_is_final() {
    for status in [400, 401, 402, 403, 404, 422] {
        let error = error_of(refusal(status, "Because.", "some_code")).await;
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(error, ModelError::Refused(format!("{status}: Because.")));
    }
    let error = error_of(refusal(429, "Pay first.", "insufficient_quota")).await;
    assert_eq!(
        error,
        ModelError::Refused("429 Too Many Requests: Pay first.".to_owned())
    );
    let said = [
        (json!({ "error": "no such model" }), "no such model"),
        (json!({ "detail": "no such model" }), "no such model"),
        (json!({ "message": "no such model" }), "no such model"),
        (
            json!([{ "error": { "message": "no such model" } }]),
            "no such model",
        ),
        (json!("no such\n model"), "no such model"),
    ];
    for (body, expected) in said {
        let error = error_of(response(404, "application/json", body.to_string())).await;
        assert_eq!(error, ModelError::Refused(format!("404 Not Found: {expected}")));
    }
    let error = error_of(response(404, "text/plain", "page not found")).await;
    assert_eq!(
        error,
        ModelError::Refused("404 Not Found: page not found".to_owned())
    );
    let mut moved = response(301, "text/plain", "");
    moved
        .headers_mut()
        .insert("location", "/elsewhere".parse().unwrap());
    assert!(matches!(error_of(moved).await, ModelError::Refused(why) if why.contains("base_url")));
}

#[tokio::test]
async fn shows_no_key() {
    let message = format!("Wrong key {KEY} or sk-abcdefgh12345.");
    for status in [401, 429, 500] {
        let error = error_of(refusal(status, &message, "x")).await.to_string();
        assert!(!error.contains(KEY) && !error.contains("abcdefgh"), "{error}");
    }
}

#[tokio::test]
async fn busy_says_how_long() {
    let cases = [
        (None, None),
        (Some(("retry-after", "7")), Some(Duration::from_secs(7))),
        (Some(("retry-after", "0.5")), Some(Duration::from_millis(500))),
        (Some(("retry-after-ms", "250")), Some(Duration::from_millis(250))),
        (Some(("retry-after", "-3")), None),
        (Some(("retry-after", "soon")), None),
        (
            Some(("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")),
            Some(Duration::ZERO),
        ),
    ];
    for (header, expected) in cases {
        let mut answer = refusal(429, "Slow down.", "rate_limit_exceeded");
        if let Some((name, value)) = header {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        let why = "429 Too Many Requests: Slow down.".to_owned();
        assert_eq!(
            error_of(answer).await,
            ModelError::Busy {
                retry_after: expected,
                why
            },
            "{header:?}"
        );
    }
}

/// A response whose connection breaks after the text.
fn breaks_after(kind: &str, text: String) -> Response<Body> {
    let cut = stream::iter([Ok(Bytes::from(text))]).chain(stream::once(async {
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    }));
    response(200, kind, Body::from_stream(cut))
}

#[tokio::test]
async fn faults_pass() {
    let hello = chunks(&[json!("Hel")]);
    let error = |error: Value| format!("data: {}\n\n", json!({ "error": error }));
    let cases = [
        (refusal(500, "Oops.", "x"), "500 Internal Server Error"),
        (
            response(503, "text/html", "<h1>busy</h1>"),
            "503 Service Unavailable: <h1>busy</h1>",
        ),
        (
            breaks_after("text/event-stream", hello.clone()),
            "the connection broke",
        ),
        (
            breaks_after("application/json", "{\"choices\":".to_owned()),
            "the connection failed",
        ),
        (events(&hello), "the stream ended in the middle"),
        (events(&(hello.clone() + "data: {\"choi")), "no chat completion"),
        (
            events(&(hello.clone() + "data: <html>\n\n" + STOP)),
            "no chat completion",
        ),
        (
            events(&(hello.clone() + &error(json!({ "message": "Overloaded." })) + DONE)),
            "Overloaded.",
        ),
        (
            events(&(hello + &error(json!({ "message": "Upstream.", "code": 502 })) + DONE)),
            "502 Bad Gateway: Upstream.",
        ),
        (events(DONE), "the answer is empty"),
        (
            events(&(STOP.replace("stop", "content_filter") + DONE)),
            "content_filter",
        ),
        (events(""), "the stream ended in the middle"),
        (response(200, "application/json", "{}"), "the answer is empty"),
        (
            response(200, "application/json", "nonsense"),
            "no chat completion",
        ),
        (response(200, "text/html", "<html></html>"), "web page"),
        (
            events(&(chunks(&[call(json!({ "function": { "arguments": "{}" } }))]) + DONE)),
            "without a name",
        ),
    ];
    for (answer, expected) in cases {
        match error_of(answer).await {
            ModelError::Broken(why) => assert!(why.contains(expected), "{expected}: {why}"),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_error_in_the_stream_may_be_final_or_busy() {
    let error = |error: Value| events(&format!("data: {}\n\n", json!({ "error": error })));
    let quota = error(json!({ "message": "Pay.", "code": "insufficient_quota" }));
    assert!(matches!(error_of(quota).await, ModelError::Refused(_)));
    let busy = error(json!({ "message": "Slow down.", "code": 429 }));
    assert!(matches!(error_of(busy).await, ModelError::Busy { .. }));
    let wrong = error(json!({ "message": "Wrong.", "code": "400" }));
    assert!(matches!(error_of(wrong).await, ModelError::Refused(_)));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_passing_fault() {
    let (_fake, model) = Fake::start(Vec::new()).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let config = config::OpenAi {
        base_url: format!("http://{address}/v1").parse().unwrap(),
        api_key: None,
        name: model.name().to_owned(),
    };
    let error = OpenAi::new(&config)
        .unwrap()
        .ask(&ask("hi"), &Clock::system())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ModelError::Broken(why) if why.contains("refused")),
        "{error:?}"
    );
}

#[test]
fn a_key_that_is_none_is_found_at_the_start() {
    let config = config::OpenAi {
        base_url: "http://127.0.0.1:1/v1".parse().unwrap(),
        api_key: Some(SecretString::from("two\nlines")),
        name: "gpt-fake".to_owned(),
    };
    let error = OpenAi::new(&config).err().unwrap();
    assert!(
        error.contains("model.api_key") && !error.contains("lines"),
        "{error}"
    );
}

/// A clock whose waits are two hundred times as short as asked for.
struct Hurried;

impl TimeSource for Hurried {
    #[expect(clippy::disallowed_methods, reason = "a clock reads the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    #[expect(clippy::disallowed_methods, reason = "a clock sleeps on the runtime's timer")]
    fn sleep_until(&self, at: DateTime<Utc>) -> Sleep {
        Box::pin(tokio::time::sleep(
            (at - self.now()).to_std().unwrap_or_default() / 200,
        ))
    }

    fn deadline(&self, at: DateTime<Utc>) -> Sleep {
        self.sleep_until(at)
    }
}

#[tokio::test]
async fn every_wait_ends() {
    let clock = Clock::new(Hurried);
    let hello = Bytes::from(chunks(&[json!("Hello")]));
    let silent = |kind: &str, first: Bytes| {
        let body = stream::iter([Ok::<_, Infallible>(first)]).chain(stream::pending());
        response(200, kind, Body::from_stream(body))
    };
    let dripping = |drop: Bytes| {
        let drops = stream::repeat(drop).then(async |drop| {
            Clock::system().sleep(Duration::from_millis(20)).await;
            Ok::<_, Infallible>(drop)
        });
        response(200, "text/event-stream", Body::from_stream(drops))
    };
    let cases = [
        (None, "no answer within 60s"),
        (
            Some(silent("text/event-stream", hello.clone())),
            "no answer within 60s",
        ),
        (
            Some(silent("application/json", Bytes::from_static(b"{"))),
            "no answer within 60s",
        ),
        (Some(dripping(hello)), "no answer within 180s"),
        (
            Some(dripping(Bytes::from_static(b": still here\n\n"))),
            "no answer within 180s",
        ),
    ];
    for (answer, expected) in cases {
        let (_fake, model) = Fake::start(answer.into_iter().collect()).await;
        let error = model.ask(&ask("hi"), &clock).await.unwrap_err();
        assert_eq!(error, ModelError::Broken(expected.to_owned()));
    }
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let part = Bytes::from(chunks(&[json!("x".repeat(60_000))]));
    let body = stream::repeat(part).map(Ok::<_, Infallible>);
    let answer = response(200, "text/event-stream", Body::from_stream(body));
    assert_eq!(
        error_of(answer).await,
        ModelError::Broken("the answer is longer than any answer".to_owned())
    );
}
