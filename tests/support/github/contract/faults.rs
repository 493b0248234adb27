//! The faults, as a real HTTP client meets them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{COMMENTS, Client, text, world};
use crate::support::github::Fault;

/// Refusals and rate limits leave the world as it was, and are used once.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
pub async fn faults_before_the_effect() {
    let (github, client, _) = world().await;
    let refuse = Fault::Refuse {
        status: 403,
        message: "Resource not accessible by integration".to_owned(),
    };
    github.fault("POST", "/comments", refuse);
    let limit = |status, retry_after, secondary| Fault::RateLimit {
        status,
        retry_after,
        secondary,
    };
    github.fault("POST", "/repos/*/issues/12/comments", limit(429, Some(7), true));
    github.fault("*", "/comments", limit(403, None, false));
    github.fault("POST", "/comments", Fault::Status { code: 502 });
    github.fault("DELETE", "/comments", Fault::Status { code: 500 });
    let refused = client.post(COMMENTS, text("1")).await;
    assert_eq!(
        (refused.status, refused.message()),
        (403, "Resource not accessible by integration")
    );
    let secondary = client.post(COMMENTS, text("2")).await;
    assert_eq!(
        (
            secondary.status,
            secondary.headers["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    assert!(secondary.message().contains("secondary rate limit"));
    let primary = client.post(COMMENTS, text("3")).await;
    assert_eq!(
        (
            primary.status,
            primary.headers["x-ratelimit-remaining"].to_str().unwrap()
        ),
        (403, "0")
    );
    assert!(!primary.headers.contains_key("retry-after"));
    assert_eq!(client.post(COMMENTS, text("4")).await.status, 502);
    assert!(github.comments("acme/apollo", 12).is_empty());
    assert_eq!(client.post(COMMENTS, text("5")).await.status, 201);
    assert_eq!(github.unused_faults().len(), 1);
    assert_eq!(github.calls()[4].body, json!({ "body": "5" }));
}

/// The effect is there, whatever the answer says.
pub async fn faults_after_the_effect() {
    let (github, client, _) = world().await;
    let fault = github.fault("POST", "/comments", Fault::StatusAfterEffect { code: 502 });
    assert!(!fault.is_hit());
    let answer = client.post(COMMENTS, text("there")).await;
    assert_eq!((answer.status, fault.is_hit()), (502, true));
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(github.comments("acme/apollo", 12)[0].body, "there");
}

/// A dropped answer is an error without a status, on a fresh connection and on a kept one, and the client does
/// not send again by itself.
pub async fn drops_look_like_resets() {
    let (github, client, _) = world().await;
    for (fault, comments) in [(Fault::DropAfterEffect, 1), (Fault::DropBeforeEffect, 1)] {
        for warm in [false, true] {
            let client = Client::of(&github);
            if warm {
                assert_eq!(client.get(COMMENTS).await.status, 200);
            }
            let before = (github.calls().len(), github.comments("acme/apollo", 12).len());
            github.fault("POST", "/comments", fault.clone());
            let error = client
                .try_send(Method::POST, COMMENTS, text("lost"))
                .await
                .unwrap_err();
            assert!(
                error.status().is_none() && !error.is_connect() && !error.is_timeout(),
                "{error:?}"
            );
            assert_eq!(github.calls().len(), before.0 + 1, "sent once");
            let effect = if fault == Fault::DropAfterEffect {
                comments
            } else {
                0
            };
            assert_eq!(github.comments("acme/apollo", 12).len(), before.1 + effect);
        }
    }
    assert_eq!(client.get("/user").await.status, 200, "the server lives on");
}

/// The effect comes when the clock says so, and not before.
pub async fn applies_late() {
    let (github, client, clock) = world().await;
    let mut changed = github.changed();
    github.fault(
        "POST",
        "/comments",
        Fault::ApplyLater {
            after: Duration::from_secs(30),
        },
    );
    client
        .try_send(Method::POST, COMMENTS, text("late"))
        .await
        .unwrap_err();
    clock.advance(Duration::from_secs(29));
    assert!(github.comments("acme/apollo", 12).is_empty());
    changed.borrow_and_update();
    clock.advance(Duration::from_secs(1));
    changed.changed().await.unwrap();
    assert_eq!(github.comments("acme/apollo", 12)[0].body, "late");
}

/// The effect is there while the answer waits.
pub async fn holds_an_answer() {
    let (github, client, _) = world().await;
    let held = github.fault("POST", "/comments", Fault::Hold);
    let sending = client.post(COMMENTS, text("held"));
    let looking = async {
        held.hit().await;
        assert_eq!(github.comments("acme/apollo", 12).len(), 1);
        held.release();
    };
    let (answer, ()) = tokio::join!(sending, looking);
    assert_eq!(answer.status, 201);
    github.fault("GET", "/user", Fault::Hold);
    github.release();
    assert_eq!(client.get("/user").await.status, 200);
}

/// Nothing happens while the call waits, and nothing at all when its client hangs up.
pub async fn holds_an_effect() {
    let (github, client, _) = world().await;
    for hangs_up in [true, false] {
        let held = github.fault("POST", "/comments", Fault::HoldBeforeEffect);
        let sending = client.try_send(Method::POST, COMMENTS, text("held"));
        tokio::pin!(sending);
        tokio::select! {
            _ = &mut sending => panic!("answered"),
            () = held.hit() => {}
        }
        assert!(github.comments("acme/apollo", 12).is_empty());
        if !hangs_up {
            held.release();
            assert_eq!(sending.await.unwrap().status(), 201);
        }
    }
    assert_eq!(github.comments("acme/apollo", 12).len(), 1);
}

/// With the last handle go the port, the connections and a held answer.
pub async fn ends_when_dropped() {
    let (github, client, _) = world().await;
    let held = github.fault("GET", "/user", Fault::Hold);
    let sending = client.request(Method::GET, "/user").send();
    let dropping = async {
        held.hit().await;
        drop(github);
    };
    let (answer, ()) = tokio::join!(sending, dropping);
    assert!(answer.is_err());
    let url = format!("{}/user", client.url);
    // The port closes a moment after the connections.
    while !client.http.get(&url).send().await.unwrap_err().is_connect() {
        tokio::task::yield_now().await;
    }
}
