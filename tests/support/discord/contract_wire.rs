//! The part of the contract about the wire: faults and rate limits as a real HTTP client sees them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::contract::{Bench, in_time, until};
use super::{EDIT, Fault, HISTORY, POST};

/// A post as a client sees it: status, `Retry-After`, body.
async fn send(bench: &Bench, text: &str) -> Result<(u16, Option<String>, Value), reqwest::Error> {
    let request = bench.request(Method::POST, &bench.messages(), &json!({ "content": text }));
    let answer = in_time(text, request.send()).await?;
    let header = answer.headers().get("retry-after");
    let header = header.map(|wait| wait.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    Ok((status, header, answer.json().await.unwrap_or_default()))
}

fn texts(bench: &Bench) -> Vec<String> {
    let ours = bench.discord.bot_messages("#apollo");
    ours.into_iter().map(|msg| msg.text).collect()
}

/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>, and other refusals on order.
pub async fn refusals_show_on_the_wire() {
    let bench = Bench::new().await;
    let limited = |retry_after, global| Fault::RateLimit { retry_after, global };
    let refused = Fault::Refuse {
        status: 403,
        code: 50013,
    };
    let (failed, failed_late) = (
        Fault::Status { code: 503 },
        Fault::StatusAfterEffect { code: 502 },
    );
    for (fault, status, header, key, value) in [
        (refused, 403, None, "code", json!(50013)),
        (
            limited(Some(1.5), false),
            429,
            Some("2"),
            "retry_after",
            json!(1.5),
        ),
        (limited(Some(7.0), true), 429, Some("7"), "global", json!(true)),
        (limited(None, false), 429, None, "retry_after", Value::Null),
        (failed, 503, None, "code", Value::Null),
        (failed_late, 502, None, "code", Value::Null),
    ] {
        bench.discord.fault(POST, fault.clone());
        let (seen, wait, body) = send(&bench, &format!("{status}")).await.unwrap();
        assert_eq!(
            (seen, wait.as_deref(), &body[key]),
            (status, header, &value),
            "{fault:?}"
        );
    }
    assert_eq!(texts(&bench), ["502"]);
    assert_eq!(bench.discord.faults_left(), 0);
}

/// Cuts before and after the effect, met by a connection that was in use before.
pub async fn cuts_show_on_the_wire() {
    let bench = Bench::new().await;
    assert_eq!(send(&bench, "whole").await.unwrap().0, 200);
    for (fault, text) in [
        (Fault::DropBeforeEffect, "cut before"),
        (Fault::DropAfterEffect, "cut after"),
    ] {
        bench.discord.fault(POST, fault);
        let error = send(&bench, text)
            .await
            .expect_err("a connection cut before the answer");
        assert!(error.is_request() && !error.is_connect(), "{error:?}");
    }
    bench.discord.fault(EDIT, Fault::DropBeforeEffect);
    assert_eq!(send(&bench, "whole again").await.unwrap().0, 200);
    assert_eq!(texts(&bench), ["whole", "cut after", "whole again"]);
    assert_eq!(
        bench.discord.calls(POST).len(),
        4,
        "the client sent nothing twice"
    );
    assert_eq!(bench.discord.faults_left(), 1, "a fault waits for its own route");
}

/// `ApplyLater` follows the test's clock, `Hold` the test's word.
pub async fn late_and_held_effects_keep_their_time() {
    let bench = Bench::new().await;
    let path = bench.messages();
    let request = |text: &str| {
        bench
            .request(Method::POST, &path, &json!({ "content": text }))
            .send()
    };
    bench.discord.fault(
        POST,
        Fault::ApplyLater {
            after: Duration::from_secs(30),
        },
    );
    assert!(request("late").await.is_err());
    bench.clock.advance(Duration::from_secs(29));
    assert!(bench.discord.bot_messages("#apollo").is_empty());
    let mut changes = bench.discord.changed();
    changes.mark_unchanged();
    bench.clock.advance(Duration::from_secs(1));
    in_time("the late effect", changes.changed()).await.unwrap();
    assert_eq!(bench.discord.bot_messages("#apollo").len(), 1);

    bench.discord.fault(POST, Fault::Hold);
    bench.discord.fault(POST, Fault::HoldBeforeEffect);
    for (text, before) in [("done", 2), ("not yet", 2)] {
        let watch = async {
            until(&bench.discord, "a held call", |discord| discord.held(POST) == 1).await;
            assert_eq!(bench.discord.bot_messages("#apollo").len(), before, "{text}");
            bench.discord.release(POST);
        };
        let (answer, ()) = in_time("the held answer", async { tokio::join!(request(text), watch) }).await;
        assert!(answer.unwrap().status().is_success());
    }
    assert_eq!(bench.discord.bot_messages("#apollo").len(), 3);
}

/// <https://discord.com/developers/docs/topics/rate-limits>
pub async fn limits_are_told_and_enforced() {
    let bench = Bench::new().await;
    let hermes = format!("/channels/{}/messages", bench.discord.channel("#hermes"));
    let post = async |path: &str| {
        let request = bench.request(Method::POST, path, &json!({ "content": "x" }));
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let told = ["remaining", "reset-after", "scope"]
            .map(|name| header(&format!("x-ratelimit-{name}")).unwrap_or_default());
        (
            answer.status().as_u16(),
            told,
            header("x-ratelimit-bucket").unwrap_or_default(),
        )
    };
    let told = |remaining: &str, after: &str, scope: &str| [remaining, after, scope].map(str::to_owned);
    for _ in 0..7 {
        assert_eq!(
            post(&bench.messages()).await.0,
            200,
            "nothing is refused at first"
        );
    }
    bench.clock.advance(Duration::from_secs(60));
    bench.discord.limit(POST, 2, Duration::from_secs(4));
    let (status, seen, bucket) = post(&bench.messages()).await;
    assert_eq!((status, seen), (200, told("1", "4.000", "")));
    bench.clock.advance(Duration::from_millis(1_500));
    assert_eq!(post(&bench.messages()).await.1, told("0", "2.500", ""));
    let (status, seen, _) = post(&bench.messages()).await;
    assert_eq!((status, seen), (429, told("0", "2.500", "user")));
    let (status, _, elsewhere) = post(&hermes).await;
    assert_eq!(
        (status, elsewhere),
        (200, bucket),
        "another channel, the same bucket's name"
    );
    bench.clock.advance(Duration::from_millis(2_500));
    assert_eq!(post(&bench.messages()).await.0, 200);
    assert_eq!(bench.discord.limited(), 1);

    bench.discord.limit(HISTORY, 1_000, Duration::from_secs(1));
    bench.clock.advance(Duration::from_secs(60));
    for at in 0..51 {
        let (status, body) = bench.call(Method::GET, &bench.messages(), Value::Null).await;
        let over = at == 50;
        assert_eq!(
            (status, body["global"] == true),
            if over { (429, true) } else { (200, false) },
            "{at}"
        );
    }
}

/// Nothing listens any more once the fake is gone, and open connections end.
pub async fn tasks_end_with_the_fake() {
    let bench = Bench::new().await;
    let url = format!("{}/api/v10/gateway", bench.discord.api_url());
    bench.discord.fault("GET /gateway", Fault::Hold);
    let held = bench.client.get(&url).send();
    let discord = bench.discord;
    let end = async move {
        until(&discord, "the held call", |discord| {
            discord.held("GET /gateway") == 1
        })
        .await;
        drop(discord);
    };
    let (answer, ()) = in_time("the end", async { tokio::join!(held, end) }).await;
    assert!(answer.is_err(), "an open call is cut");
    assert!(bench.client.get(&url).send().await.is_err());
}
