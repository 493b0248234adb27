use serde_json::{Value, json};

use super::super::pulls::{PullRequest, PullState, Reviews, last_words};
use super::super::search::plain_words;
use super::server::{Server, known};

#[test]
fn words_to_search_for_are_only_words() {
    for (typed, plain) in [
        ("login fails", "login fails"),
        ("login repo:acme/secret", "login repo acme secret"),
        (
            "-login \"is:pr\" (a OR b) NOT c AND d",
            "login is pr a or b not c and d",
        ),
        ("  über   don't v1.2 #12 ", "über don't v1.2 #12"),
        ("org:acme user:x in:title", "org acme user x in title"),
        ("--- ... ''", ""),
        (":::", ""),
    ] {
        assert_eq!(plain_words(typed), plain, "{typed}");
    }
    let long = plain_words(&"word ".repeat(200));
    assert!(long.len() <= 200 && long.ends_with("word"), "{long}");
}

#[test]
fn the_last_word_of_each_reviewer_counts() {
    let review = |login: &str, state: &str| json!({ "user": { "login": login, "id": 1 }, "state": state });
    let reviews = json!([
        review("ana", "CHANGES_REQUESTED"), review("ana", "APPROVED"), review("ana", "COMMENTED"),
        review("ben", "APPROVED"), review("ben", "DISMISSED"), review("cy", "changes_requested"),
        { "user": null, "state": "APPROVED" }, { "state": null }, review("dan", "A_STATE_OF_TOMORROW"),
    ]);
    assert_eq!(
        last_words(serde_json::from_value(reviews).unwrap()),
        Reviews {
            approved: vec!["ana".into(), "ghost".into()],
            wants_changes: vec!["cy".into()],
        }
    );
}

#[test]
fn a_pull_request_is_read_with_tolerance() {
    let read = |more: Value| {
        let mut json =
            json!({ "number": 21, "state": "open", "updated_at": "2026-11-22T09:00:00Z", "new": [1] });
        json.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value::<PullRequest>(json).unwrap()
    };
    let bare =
        read(json!({ "user": null, "head": null, "labels": null, "requested_teams": null, "draft": null }));
    assert_eq!(
        (bare.state, bare.author.login.as_str(), bare.mergeable, bare.size),
        (PullState::Open, "ghost", None, None)
    );
    assert_eq!(read(json!({ "draft": true })).state, PullState::Draft);
    assert_eq!(read(json!({ "state": "closed" })).state, PullState::Closed);
    let merged = json!({ "state": "closed", "merged_at": "2026-11-22T09:00:00Z" });
    assert_eq!(read(merged).state, PullState::Merged);
    let teams = json!({ "requested_reviewers": [{ "login": "cy", "id": 3 }], "requested_teams": [{ "slug": "core" }] });
    assert_eq!(read(teams).requested, ["cy", "core"]);
}

#[tokio::test]
async fn checks_of_both_kinds_are_counted_together() {
    let server = Server::start().await;
    let link = (
        "link",
        format!("<{}/repositories/1/x?page=2>; rel=\"next\"", server.url()),
    );
    let run = |name: &str, status: &str, conclusion: Value| json!({ "name": name, "status": status, "conclusion": conclusion });
    let first = json!({ "total_count": 4, "check_runs": [
        run("build", "completed", json!("success")), run("lint", "completed", json!("timed_out")),
        run("test", "in_progress", Value::Null),
    ] });
    server.says_with(200, &[link], &first.to_string());
    server.says(
        200,
        &json!({ "check_runs": [run("deploy", "completed", json!("skipped"))] }),
    );
    server.says(
        200,
        &json!({ "statuses": [{ "context": "ci", "state": "error" }, { "state": "success" }] }),
    );
    let github = known(server.url());
    let checks = github.checks(&"acme/app".parse().unwrap(), "abc").await.unwrap();
    assert_eq!((checks.passed, checks.total(), checks.partly), (3, 6, false));
    assert_eq!(
        (checks.failed, checks.pending),
        (vec!["lint".into(), "ci".into()], vec!["test".into()])
    );
    let asked: Vec<String> = server.asked().into_iter().map(|(call, _)| call).collect();
    assert_eq!(
        asked,
        [
            "GET /repos/acme/app/commits/abc/check-runs?per_page=100&filter=latest",
            "GET /repositories/1/x?page=2",
            "GET /repos/acme/app/commits/abc/status?per_page=100",
        ]
    );
}
