use serde_json::{Value, json};

use super::super::errors::GitHubError;
use super::super::models::{IssueFilter, StateFilter};
use super::server::{Server, github, known};
use crate::domain::{IssueRef, IssueState, Repository};
use crate::store::people::Permission;

fn repository() -> Repository {
    "acme/app".parse().unwrap()
}

fn issue(number: u64, pull: bool) -> Value {
    let mut json = json!({
        "number": number, "title": format!("Issue {number}"), "body": null, "state": "open", "comments": 0,
        "html_url": format!("https://github.com/acme/app/issues/{number}"), "labels": [], "assignees": null,
        "user": null, "created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:00:00Z",
        "a_field_of_tomorrow": { "x": [1] },
    });
    if pull {
        json["pull_request"] = json!({ "url": "…" });
    }
    json
}

fn comment(id: usize) -> Value {
    json!({
        "id": id, "user": { "login": "ana", "id": 7 }, "body": "hi", "created_at": "2026-11-22T09:00:00Z",
        "updated_at": "2026-11-22T09:00:00Z",
    })
}

fn next(server: &Server, path: &str) -> (&'static str, String) {
    ("link", format!("<{}{path}>; rel=\"next\"", server.url()))
}

#[tokio::test]
async fn we_are_asked_for_once() {
    let server = Server::start().await;
    server.says(200, &json!({ "login": "pm-bot", "id": 900, "type": "User" }));
    let github = github(server.url());
    assert_eq!(github.identity(), None);
    assert_eq!(github.identify().await.unwrap().id, 900);
    assert_eq!(github.identify().await.unwrap().login, "pm-bot");
    assert_eq!(github.context().await.unwrap().host, "github.com");
    assert_eq!(server.asked(), [("GET /user".to_owned(), Value::Null)]);
}

#[tokio::test]
async fn an_api_below_a_path_is_asked_there() {
    let server = Server::start().await;
    server.says(401, &json!({ "message": "Bad credentials" }));
    let github = github(&format!("{}/api/v3", server.url()));
    assert_eq!(github.identify().await, Err(GitHubError::Unauthorized));
    assert_eq!(server.asked()[0].0, "GET /api/v3/user");
}

#[tokio::test]
async fn an_issue_is_read_with_tolerance() {
    let server = Server::start().await;
    let mut json = issue(12, false);
    json["body"] = json!("Text\r\n\r\n<!-- callsheet:delivery:00000000-0000-0000-0000-000000000007 -->");
    json["state"] = json!("closed");
    json["state_reason"] = json!("not_planned");
    server.says(200, &json);
    let github = known(server.url());
    let issue = github
        .issue(&IssueRef {
            repository: repository(),
            number: 12,
        })
        .await
        .unwrap();
    assert_eq!(
        (issue.body.as_str(), issue.state, issue.author.login.as_str()),
        ("Text", IssueState::NotPlanned, "ghost")
    );
    assert!(issue.mark.is_some());
    assert_eq!(server.asked()[0].0, "GET /repos/acme/app/issues/12");
}

#[tokio::test]
async fn pages_are_followed_and_pull_requests_left_out() {
    let server = Server::start().await;
    let first: Value = (1..=100).map(|number| issue(number, number % 2 == 0)).collect();
    let link = next(&server, "/repositories/1/issues?per_page=100&after=xyz");
    server.says_with(200, &[link], &first.to_string());
    server.says(200, &json!([issue(101, false), issue(102, true)]));
    let filter = IssueFilter {
        state: StateFilter::All,
        labels: vec!["bug".into(), "good first issue".into()],
        assignee: Some("ana".into()),
        limit: 51,
    };
    let github = known(server.url());
    let list = github.issues(&repository(), &filter).await.unwrap();
    assert_eq!((list.issues.len(), list.more), (51, false));
    let asked: Vec<String> = server.asked().into_iter().map(|(call, _)| call).collect();
    assert_eq!(
        asked,
        [
            "GET /repos/acme/app/issues?per_page=100&state=all&sort=updated&direction=desc&labels=bug%2Cgood+first+issue&assignee=ana",
            "GET /repositories/1/issues?per_page=100&after=xyz",
        ]
    );
    server.says(200, &first);
    let filter = IssueFilter {
        limit: 49,
        ..IssueFilter::default()
    };
    let list = github.issues(&repository(), &filter).await.unwrap();
    assert_eq!((list.issues.len(), list.more), (49, true));
}

#[tokio::test]
async fn counting_ends_at_a_thousand() {
    let server = Server::start().await;
    for first in (0..10).map(|page| page * 100) {
        let page: Value = (1..=100)
            .map(|number| issue(first + number, number > 90))
            .collect();
        server.says_with(
            200,
            &[next(&server, "/repos/acme/app/issues?page=2")],
            &page.to_string(),
        );
    }
    let github = known(server.url());
    let (counts, newest) = github.open_work(&repository(), 3).await.unwrap();
    assert_eq!(
        (counts.issues, counts.pull_requests, counts.capped),
        (900, 100, true)
    );
    assert_eq!(
        newest.iter().map(|issue| issue.number).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(server.asked().len(), 10);
}

#[tokio::test]
async fn the_newest_comments_stand_at_the_end() {
    let server = Server::start().await;
    let github = known(server.url());
    let at = IssueRef {
        repository: repository(),
        number: 12,
    };
    let page = |from: usize, to: usize| (from..=to).map(comment).collect::<Value>();
    let last = (
        "link",
        format!(
            "<{0}/x?page=2>; rel=\"next\", <{0}/x?page=3>; rel=\"last\"",
            server.url()
        ),
    );
    server.says_with(200, std::slice::from_ref(&last), &page(1, 100).to_string());
    server.says(200, &page(201, 230)).says(200, &page(101, 200));
    let ids = |comments: Vec<super::super::models::Comment>| {
        (
            comments.first().map(|c| c.id),
            comments.last().map(|c| c.id),
            comments.len(),
        )
    };
    assert_eq!(
        ids(github.comments(&at, 50).await.unwrap()),
        (Some(181), Some(230), 50)
    );
    let asked: Vec<String> = server.asked().into_iter().map(|(call, _)| call).collect();
    assert_eq!(
        asked,
        [
            "GET /repos/acme/app/issues/12/comments?per_page=100",
            "GET /repos/acme/app/issues/12/comments?per_page=100&page=3",
            "GET /repos/acme/app/issues/12/comments?per_page=100&page=2",
        ]
    );
    server.says(200, &page(1, 7));
    assert_eq!(ids(github.comments(&at, 5).await.unwrap()), (Some(3), Some(7), 5));
    server.says(200, &page(1, 7));
    assert_eq!(
        ids(github.comments(&at, 500).await.unwrap()),
        (Some(1), Some(7), 7)
    );
    assert_eq!(ids(github.comments(&at, 0).await.unwrap()), (None, None, 0));
}

#[tokio::test]
async fn permissions_are_githubs_four_words() {
    let server = Server::start().await;
    let github = known(server.url());
    let cases = [
        (200, json!({ "permission": "admin" }), Ok(Permission::Admin)),
        (
            200,
            json!({ "permission": "write", "role_name": "maintain" }),
            Ok(Permission::Write),
        ),
        (200, json!({ "permission": "read" }), Ok(Permission::Read)),
        (
            200,
            json!({ "permission": "admin", "user": { "login": "dependabot[bot]", "id": 7, "type": "User" } }),
            Ok(Permission::Admin),
        ),
        // Somebody else took the login.
        (
            200,
            json!({ "permission": "admin", "user": { "login": "dependabot[bot]", "id": 8, "type": "User" } }),
            Ok(Permission::None),
        ),
        (200, json!({ "permission": "none" }), Ok(Permission::None)),
        (
            404,
            json!({ "message": "ana is not a user" }),
            Ok(Permission::None),
        ),
        (
            403,
            json!({ "message": "Must have push access" }),
            Err(GitHubError::Forbidden("Must have push access".into())),
        ),
        (
            200,
            json!({ "permission": "root" }),
            Err(GitHubError::Strange("the permission \"root\"".into())),
        ),
    ];
    for (status, body, expected) in cases {
        server.says(status, &body);
        assert_eq!(
            github.permission(&repository(), "dependabot[bot]", "7").await,
            expected,
            "{body}"
        );
    }
    assert_eq!(
        server.asked()[0].0,
        "GET /repos/acme/app/collaborators/dependabot[bot]/permission"
    );
}

#[tokio::test]
async fn another_host_and_no_host_are_told_apart() {
    let server = Server::start().await;
    let github = known(server.url());
    let elsewhere = IssueRef {
        repository: "https://ghe.corp/acme/app".parse().unwrap(),
        number: 1,
    };
    let error = github.issue(&elsewhere).await.unwrap_err();
    assert_eq!(
        error,
        GitHubError::OtherHost {
            ours: "github.com".into(),
            theirs: "ghe.corp".into()
        }
    );
    assert!(server.asked().is_empty());
    let nobody = known("http://127.0.0.1:9");
    assert!(matches!(nobody.identify().await, Ok(known) if known.id == 900));
    let here = IssueRef {
        repository: repository(),
        number: 1,
    };
    let error = nobody.issue(&here).await.unwrap_err();
    assert!(
        matches!(&error, GitHubError::Unreachable(why) if why.starts_with("Connection refused")),
        "{error:?}"
    );
}
