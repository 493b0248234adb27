//! What goes wrong, and what it is called.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{DONE, Fake, KEY, STOP, ask, call, chunks, error_of, events, response};
use crate::config;
use crate::engine::clock::{Clock, Sleep, TimeSource};
use crate::model::ModelError;
use crate::model::openai::OpenAi;

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
