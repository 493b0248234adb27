//! The fake against what OpenAI documents, through a real HTTP client. Each case is a `pub async fn` that panics
//! on failure; [`CASES`] lists them by name for the story binary.

use std::pin::Pin;

use reqwest::Response;
use serde_json::{Value, json};

use super::{FakeModel, Turn};

/// A case: its name, and the function that starts it.
pub type Case = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Every case.
pub const CASES: &[Case] = &[
    ("streams_text", || Box::pin(streams_text())),
    ("streams_tool_calls_in_pieces", || {
        Box::pin(streams_tool_calls_in_pieces())
    }),
    ("answers_whole", || Box::pin(answers_whole())),
    ("fails_as_told", || Box::pin(fails_as_told())),
    ("breaks_off", || Box::pin(breaks_off())),
    ("runs_out_loudly", || Box::pin(runs_out_loudly())),
    ("follows_a_closure", || Box::pin(follows_a_closure())),
    ("holds_a_turn", || Box::pin(holds_a_turn())),
    ("hangs_until_dropped", || Box::pin(hangs_until_dropped())),
    ("refuses_what_openai_refuses", || {
        Box::pin(refuses_what_openai_refuses())
    }),
    ("refuses_broken_conversations", || {
        Box::pin(refuses_broken_conversations())
    }),
    ("accepts_a_tool_conversation", || {
        Box::pin(accepts_a_tool_conversation())
    }),
];

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn try_send(model: &FakeModel, body: &Value) -> reqwest::Result<Response> {
    let url = format!("{}/chat/completions", model.base_url());
    client()
        .post(url)
        .bearer_auth(model.api_key())
        .json(body)
        .send()
        .await
}

async fn send(model: &FakeModel, body: &Value) -> Response {
    try_send(model, body).await.unwrap()
}

/// The status and the error of a refused request.
async fn refused(model: &FakeModel, body: &Value) -> (u16, Value) {
    let response = send(model, body).await;
    (
        response.status().as_u16(),
        response.json::<Value>().await.unwrap()["error"].clone(),
    )
}

fn hello(stream: bool) -> Value {
    let mut body = json!({ "model": "gpt-fake", "messages": [{ "role": "user", "content": "hi" }] });
    if stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({ "include_usage": true });
    }
    body
}

/// The chunks of a stream; panics unless `[DONE]` closes it.
async fn chunks(response: Response) -> Vec<Value> {
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    let rest = text.strip_suffix("data: [DONE]\n\n").expect("[DONE]");
    let frames = rest
        .split_terminator("\n\n")
        .map(|frame| frame.strip_prefix("data: ").unwrap());
    frames.map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

/// The texts of the deltas in one.
fn text_of(chunks: &[Value]) -> String {
    chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect()
}

/// <https://platform.openai.com/docs/api-reference/chat-streaming>
pub async fn streams_text() {
    let model = FakeModel::start().await;
    model
        .says("Grüße an alle, and a longer text 👋")
        .uses(11, 5)
        .says_with_finish("b", "eos");
    let stream = chunks(send(&model, &hello(true)).await).await;
    assert_eq!(text_of(&stream), "Grüße an alle, and a longer text 👋");
    assert_eq!(stream[0]["choices"][0]["delta"]["role"], "assistant");
    assert!(stream[0]["usage"].is_null());
    let [.., end, usage] = stream.as_slice() else {
        panic!("too short")
    };
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&usage["choices"], &usage["usage"]["total_tokens"]),
        (&json!([]), &json!(16))
    );
    let mut body = hello(true);
    body.as_object_mut().unwrap().remove("stream_options");
    let stream = chunks(send(&model, &body).await).await;
    let last = stream.last().unwrap();
    assert_eq!(
        (&last["choices"][0]["finish_reason"], last.get("usage")),
        (&json!("eos"), None)
    );
    assert_eq!(model.requests(), [hello(true), body]);
    assert_eq!((model.left(), model.problems()), (0, Vec::<String>::new()));
}

/// <https://platform.openai.com/docs/guides/function-calling#streaming>
pub async fn streams_tool_calls_in_pieces() {
    let model = FakeModel::start().await;
    model.calls_tools(vec![
        ("create_issue", json!({ "title": "A title" })),
        ("list_projects", json!({})),
    ]);
    let stream = chunks(send(&model, &hello(true)).await).await;
    let mut calls: Vec<(String, String, String, usize)> = Vec::new();
    for delta in stream
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0))
    {
        let at = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
        let arguments = delta["function"]["arguments"].as_str().unwrap();
        if let Some(id) = delta["id"].as_str() {
            assert_eq!((at, arguments), (calls.len(), ""));
            let name = delta["function"]["name"].as_str().unwrap();
            calls.push((id.to_owned(), name.to_owned(), String::new(), 0));
        } else {
            calls[at].2.push_str(arguments);
            calls[at].3 += 1;
        }
    }
    assert_eq!(
        (calls[0].1.as_str(), calls[0].2.as_str()),
        ("create_issue", r#"{"title":"A title"}"#)
    );
    assert!(calls[0].3 > 1, "in pieces");
    assert_eq!(
        (calls[1].1.as_str(), calls[1].2.as_str()),
        ("list_projects", "{}")
    );
    assert_ne!(calls[0].0, calls[1].0);
    let finish = &stream[stream.len() - 2]["choices"][0]["finish_reason"];
    assert_eq!(finish, "tool_calls");
}

/// <https://platform.openai.com/docs/api-reference/chat/object>
pub async fn answers_whole() {
    let model = FakeModel::start().await;
    model
        .says("hello")
        .calls_tool_raw("say", "{broken")
        .answers_nothing();
    let answer: Value = send(&model, &hello(false)).await.json().await.unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "hello");
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 0);
    let answer: Value = send(&model, &hello(false)).await.json().await.unwrap();
    let call = &answer["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(
        (&call["type"], &call["function"]["arguments"]),
        (&json!("function"), &json!("{broken"))
    );
    let answer: Value = send(&model, &hello(false)).await.json().await.unwrap();
    assert_eq!(answer["choices"], json!([]));
    let models = client()
        .get(format!("{}/models", model.base_url()))
        .bearer_auth(model.api_key());
    let list: Value = models.send().await.unwrap().json().await.unwrap();
    assert_eq!(list["data"][0]["object"], "model");
}

/// <https://platform.openai.com/docs/guides/error-codes/api-errors>
pub async fn fails_as_told() {
    let model = FakeModel::start().await;
    model
        .fails(429, Some(20), "rate_limit_exceeded")
        .fails(503, None, "overloaded");
    let limited = send(&model, &hello(true)).await;
    assert_eq!(
        (
            limited.status().as_u16(),
            limited.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "20")
    );
    let body: Value = limited.json().await.unwrap();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    let (status, error) = refused(&model, &hello(true)).await;
    assert_eq!((status, &error["type"]), (503, &json!("server_error")));
    assert!(model.problems().is_empty());
}

/// A cut stream is an error to the client, after the text; an empty one is not.
pub async fn breaks_off() {
    let model = FakeModel::start().await;
    model
        .cuts_after("some text")
        .answers_nothing()
        .cuts_after("whole");
    let mut response = send(&model, &hello(true)).await;
    let mut seen = Vec::new();
    let error = loop {
        match response.chunk().await {
            Ok(Some(part)) => seen.extend_from_slice(&part),
            Ok(None) => panic!("ended as if it were whole"),
            Err(error) => break error,
        }
    };
    assert!(!error.is_timeout());
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.ends_with("\n\n") && !seen.contains("[DONE]"));
    let parts: Vec<Value> = seen
        .split_terminator("\n\n")
        .map(|frame| serde_json::from_str(&frame["data: ".len()..]).unwrap())
        .collect();
    assert_eq!(text_of(&parts), "some text");
    assert!(chunks(send(&model, &hello(true)).await).await.is_empty());
    assert!(send(&model, &hello(false)).await.bytes().await.is_err());
}

/// The test sees that its script was too short.
pub async fn runs_out_loudly() {
    let model = FakeModel::start().await;
    let (status, error) = refused(&model, &hello(true)).await;
    assert_eq!(
        (status, &error["message"]),
        (500, &json!("the test's script ran out"))
    );
    assert!(model.ran_out() && model.problems().len() == 1);
}

/// Closures see the request; `always` answers when the queue is empty.
pub async fn follows_a_closure() {
    let model = FakeModel::start().await;
    let other = model.clone();
    model.replies_with(move |request| {
        assert_eq!(other.requests().len(), 1);
        Turn::says(request["messages"][0]["content"].as_str().unwrap())
    });
    model.always(|request| Turn::calls_tool("echo", &request["model"]).saying("well"));
    assert_eq!(text_of(&chunks(send(&model, &hello(true)).await).await), "hi");
    for _ in 0..2 {
        assert_eq!(text_of(&chunks(send(&model, &hello(true)).await).await), "well");
    }
}

/// A held turn waits for its handle, and for its script.
pub async fn holds_a_turn() {
    let model = FakeModel::start().await;
    let held = model.holds();
    let body = hello(true);
    let asking = async { chunks(send(&model, &body).await).await };
    let releasing = async {
        held.reached().await;
        model.says("late");
        held.release();
    };
    let (stream, ()) = tokio::join!(asking, releasing);
    assert_eq!(text_of(&stream), "late");
}

/// Neither an answer nor an error until the model goes away.
pub async fn hangs_until_dropped() {
    let model = FakeModel::start().await;
    model.hangs();
    let mut changed = model.changed();
    let url = format!("{}/chat/completions", model.base_url());
    let asking = client()
        .post(url)
        .bearer_auth(model.api_key())
        .json(&hello(true))
        .send();
    let dropping = async {
        changed.changed().await.unwrap();
        drop(model);
    };
    let (answer, ()) = tokio::join!(asking, dropping);
    assert!(answer.unwrap_err().status().is_none());
}

/// <https://platform.openai.com/docs/api-reference/chat/create>
pub async fn refuses_what_openai_refuses() {
    let tool =
        |schema: Value| json!([{ "type": "function", "function": { "name": "f", "parameters": schema } }]);
    let only_streamed = json!({ "include_usage": true });
    let cases = [
        (
            "temprature",
            json!(1),
            "Unrecognized request argument supplied: temprature",
        ),
        ("model", json!(null), "you must provide a model parameter"),
        (
            "tools",
            tool(json!({ "type": "string" })),
            "schema must be a JSON Schema of 'type: \"object\"'",
        ),
        (
            "tools",
            tool(json!({ "type": "object" })),
            "object schema missing properties",
        ),
        ("tools", json!([]), "empty array"),
        (
            "tool_choice",
            json!("auto"),
            "only allowed when 'tools' are specified",
        ),
        (
            "stream_options",
            only_streamed,
            "only allowed when 'stream' is enabled",
        ),
        ("temperature", json!(3), "Invalid 'temperature'"),
    ];
    refuses(&cases).await;
    let model = FakeModel::start().await;
    let url = format!("{}/chat/completions", model.base_url());
    let stranger = client().post(&url).bearer_auth("sk-other").json(&hello(false));
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    let broken = client().post(&url).bearer_auth(model.api_key()).body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    assert_eq!(model.problems().len(), 2);
}

/// <https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages>
pub async fn refuses_broken_conversations() {
    let user = json!({ "role": "user", "content": "hi" });
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let calling = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let no_calls = json!({ "role": "assistant", "content": "", "tool_calls": [] });
    let answer = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "ok" });
    let stray = "must be a response to a preceding message";
    let unanswered = "did not have response messages: c1";
    let cases = [
        (json!([]), "empty array"),
        (
            json!([{ "role": "robot", "content": "x" }]),
            "Invalid value: 'robot'",
        ),
        (json!([user, answer("c1")]), stray),
        (json!([user, calling, answer("c2")]), stray),
        (json!([user, calling, answer("c1"), user, answer("c1")]), stray),
        (json!([user, calling]), unanswered),
        (json!([user, calling, user, answer("c1")]), unanswered),
        (json!([user, no_calls]), "empty array"),
        (
            json!([{ "role": "user", "content": null }]),
            "expected a string, got null",
        ),
    ];
    refuses(&cases.map(|(messages, error)| ("messages", messages, error))).await;
}

/// Each value in its field is refused with 400 and a message that holds the text, and noted as a problem.
async fn refuses(cases: &[(&str, Value, &str)]) {
    let model = FakeModel::start().await;
    for (field, value, message) in cases {
        let mut body = hello(false);
        body[field] = value.clone();
        let (status, error) = refused(&model, &body).await;
        assert_eq!(
            (status, &error["type"]),
            (400, &json!("invalid_request_error")),
            "{message}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{error} is not {message}"
        );
    }
    assert_eq!(model.problems().len(), cases.len());
}

/// Calls, each with its answer, and tools with an object schema pass.
pub async fn accepts_a_tool_conversation() {
    let model = FakeModel::start().await;
    model.says("done");
    let call =
        |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{" } });
    let body = json!({
        "model": "any", "parallel_tool_calls": true, "tool_choice": "auto",
        "messages": [
            { "role": "system", "content": "s" }, { "role": "user", "content": [{ "type": "text", "text": "u" }] },
            { "role": "assistant", "tool_calls": [call("a"), call("b")] },
            { "role": "tool", "tool_call_id": "b", "content": "2" },
            { "role": "tool", "tool_call_id": "a", "content": "1" },
            { "role": "assistant", "content": "so" }, { "role": "user", "content": "and?" },
        ],
        "tools": [{ "type": "function", "function": {
            "name": "f", "description": "d", "parameters": { "type": "object", "properties": {} },
        } }],
    });
    let response = send(&model, &body).await;
    assert_eq!(response.status(), 200, "{:?}", model.problems());
}
