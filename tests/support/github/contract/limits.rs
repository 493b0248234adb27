//! Limits and conditional requests.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;

use super::{Answer, COMMENTS, text, world};

/// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>
pub async fn confirms_what_is_unchanged() {
    let (github, client, _) = world().await;
    let first = client.get(COMMENTS).await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let again = async |tag: &str| {
        let request = client.request(Method::GET, COMMENTS).header(IF_NONE_MATCH, tag);
        Answer::of(request.send().await.unwrap()).await
    };
    let same = again(&tag).await;
    assert_eq!(
        (same.status, same.headers["etag"].to_str().unwrap()),
        (304, &*tag)
    );
    assert_eq!(
        same.headers["x-ratelimit-used"],
        first.headers["x-ratelimit-used"]
    );
    assert_eq!(github.unchanged(), 1);
    github.user("cy").comments("acme/apollo", 12, "hi");
    let changed = again(&tag).await;
    assert_eq!(
        (changed.status, changed.body[0]["body"].as_str()),
        (200, Some("hi"))
    );
    assert_eq!(again("W/\"other\"").await.status, 200);
    assert_eq!(github.unchanged(), 1);
}

/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
pub async fn limits_by_the_hour() {
    let (github, client, clock) = world().await;
    github.leave_calls(1);
    let last = client.get(COMMENTS).await;
    assert_eq!(
        (
            last.status,
            last.headers["x-ratelimit-remaining"].to_str().unwrap()
        ),
        (200, "0")
    );
    let refused = client.post(COMMENTS, text("too much")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("API rate limit exceeded"));
    assert!(!refused.headers.contains_key("retry-after"));
    assert_eq!(refused.headers["x-ratelimit-resource"], "core");
    let reset: i64 = refused.headers["x-ratelimit-reset"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(reset, clock.now().timestamp() + 3600);
    // Searches are counted apart.
    let search = client
        .get("/search/issues?q=title+repo:acme/apollo+is:issue")
        .await;
    assert_eq!(
        (
            search.status,
            search.headers["x-ratelimit-limit"].to_str().unwrap()
        ),
        (200, "30")
    );
    assert_eq!(search.headers["x-ratelimit-resource"], "search");
    clock.advance(Duration::from_secs(3600));
    assert_eq!(client.get(COMMENTS).await.status, 200);
    assert!(github.comments("acme/apollo", 12).is_empty());
}
