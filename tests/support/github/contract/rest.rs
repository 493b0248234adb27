//! The REST API: what it keeps, lists and refuses.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{COMMENTS, Client, text, world};

/// <https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api>,
/// <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent-required>
pub async fn asks_who_calls() {
    let (github, client, _) = world().await;
    let me = client.get("/user").await;
    assert_eq!(
        (me.status, &me.body["login"], &me.body["id"]),
        (200, &json!("pm-bot"), &json!(900))
    );
    assert_eq!(me.headers["x-ratelimit-limit"], "5000");
    assert_eq!(me.headers["x-ratelimit-remaining"], "4999");
    let limit = client.get("/rate_limit").await;
    assert_eq!(limit.body["rate"]["used"], 2);
    let url = format!("{}/user", client.url);
    let nameless = client
        .http
        .get(&url)
        .bearer_auth(github.token())
        .send()
        .await
        .unwrap();
    assert_eq!(nameless.status(), 403);
    let stranger = Client {
        token: "ghp_other".to_owned(),
        ..client
    };
    assert_eq!(stranger.get("/user").await.message(), "Bad credentials");
    let client = Client::of(&github);
    github.revoke_token();
    assert_eq!(client.get("/user").await.status, 401);
    github.restore_token();
    assert_eq!(client.get("/user").await.status, 200);
}

/// <https://docs.github.com/en/rest/issues/issues>
pub async fn keeps_issues() {
    let (github, client, clock) = world().await;
    let made = client
        .post(
            "/repos/ACME/Apollo/issues",
            json!({ "title": "New", "body": "b", "x": 1 }),
        )
        .await;
    assert_eq!((made.status, &made.body["number"]), (201, &json!(13)));
    assert_eq!(
        made.body["repository_url"],
        format!("{}/repos/acme/apollo", client.url)
    );
    assert_eq!(
        made.headers["location"].to_str().unwrap(),
        made.body["url"].as_str().unwrap()
    );
    assert!(made.body["id"].as_u64().unwrap() > u64::from(u32::MAX));
    clock.advance(Duration::from_secs(60));
    let path = "/repos/acme/apollo/issues/13";
    let closed = client
        .patch(path, json!({ "state": "closed", "state_reason": "not_planned" }))
        .await;
    assert_eq!((closed.status, &closed.body["state"]), (200, &json!("closed")));
    assert_eq!(closed.body["closed_at"], "2026-11-22T09:01:00Z");
    assert_eq!(closed.body["created_at"], "2026-11-22T09:00:00Z");
    let opened = client
        .patch(path, json!({ "state": "open", "title": "Newer", "body": null }))
        .await;
    assert_eq!(
        (&opened.body["state_reason"], &opened.body["body"]),
        (&json!("reopened"), &json!(null))
    );
    let issue = github.get_issue("acme/apollo", 13);
    assert_eq!(
        (issue.title.as_str(), issue.user.as_str(), issue.body),
        ("Newer", "pm-bot", None)
    );
    assert_eq!(client.get(path).await.body["title"], "Newer");
    assert_eq!(client.get("/repos/acme/apollo/issues/99").await.status, 404);
    assert_eq!(client.get("/repos/acme/zeus/issues").await.status, 404);
    assert_eq!(
        client.get("/repos/acme/apollo").await.body["owner"]["login"],
        "acme"
    );
}

/// <https://docs.github.com/en/rest/issues/issues#list-repository-issues>
pub async fn lists_issues_as_asked() {
    let (github, client, clock) = world().await;
    clock.advance(Duration::from_secs(60));
    github
        .issue("acme/apollo", 13, "Second", "")
        .labelled(&["bug", "ui"])
        .assigned_to("cy")
        .opened_by("ana");
    github
        .issue("acme/apollo", 14, "Third", "")
        .closed()
        .labelled(&["bug"]);
    let list = async |query: &str| {
        client
            .get(&format!("/repos/acme/apollo/issues?{query}"))
            .await
            .numbers()
    };
    assert_eq!(list("").await, [13, 12]);
    assert_eq!(list("state=closed").await, [14]);
    assert_eq!(list("state=all&sort=created&direction=asc").await, [12, 13, 14]);
    assert_eq!(list("labels=BUG,ui").await, [13]);
    assert_eq!(list("assignee=CY").await, [13]);
    assert_eq!(list("assignee=none").await, [12]);
    assert_eq!(list("assignee=*").await, [13]);
    assert_eq!(list("creator=ana").await, [13]);
    assert_eq!(list("since=2026-11-22T09:01:00Z").await, [13]);
    clock.advance(Duration::from_secs(60));
    github.user("cy").comments("acme/apollo", 12, "hi");
    assert_eq!(list("sort=updated").await, [12, 13]);
    assert_eq!(list("sort=comments").await, [12, 13]);
    assert_eq!(
        client.get("/repos/acme/apollo/issues?state=done").await.status,
        422
    );
}

/// <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
pub async fn pages_with_links() {
    let (github, client, _) = world().await;
    for number in 100..220 {
        github.issue("acme/apollo", number, "One of many", "");
    }
    let first = client
        .get("/repos/acme/apollo/issues?per_page=500&state=open")
        .await;
    assert_eq!(first.numbers().len(), 100, "per_page is at most 100");
    let link = first.headers["link"].to_str().unwrap();
    assert!(link.contains("rel=\"next\"") && link.contains("rel=\"last\"") && !link.contains("rel=\"prev\""));
    let next = link
        .split(['<', '>'])
        .nth(1)
        .unwrap()
        .strip_prefix(&client.url)
        .unwrap();
    assert!(next.contains("state=open") && next.contains("page=2"), "{next}");
    let second = client.get(next).await;
    assert_eq!(second.numbers().len(), 21);
    assert!(!second.headers["link"].to_str().unwrap().contains("rel=\"next\""));
    assert_eq!(client.get("/repos/acme/apollo/issues").await.numbers().len(), 30);
    assert!(
        client
            .get("/repos/acme/apollo/issues?page=9")
            .await
            .numbers()
            .is_empty()
    );
    assert!(!client.get(COMMENTS).await.headers.contains_key("link"));
}

/// <https://docs.github.com/en/rest/issues/comments>
pub async fn keeps_comments() {
    let (github, client, clock) = world().await;
    let made = client.post(COMMENTS, text("hello <!-- m -->")).await;
    assert_eq!(
        (made.status, &made.body["user"]["login"]),
        (201, &json!("pm-bot"))
    );
    let id = made.body["id"].as_u64().unwrap();
    let path = format!("/repos/acme/apollo/issues/comments/{id}");
    assert_eq!(client.get(&path).await.body["body"], "hello <!-- m -->");
    clock.advance(Duration::from_secs(5));
    assert_eq!(client.patch(&path, text("edited")).await.status, 200);
    let other = github.user("cy").comments("acme/apollo", 12, "@pm hi");
    let comments = github.comments("acme/apollo", 12);
    assert_eq!(comments[0].revisions, ["hello <!-- m -->", "edited"]);
    assert_eq!((comments[1].id, comments[1].user.as_str()), (other, "cy"));
    let ids = async |query: &str| -> Vec<u64> {
        let list = client
            .get(&format!("/repos/acme/apollo/issues/comments?{query}"))
            .await
            .body;
        list.as_array()
            .unwrap()
            .iter()
            .map(|comment| comment["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(ids("").await, [id, other]);
    assert_eq!(ids("sort=created&direction=desc").await, [other, id]);
    assert_eq!(ids("sort=updated&since=2026-11-22T09:00:05Z").await, [id, other]);
    assert_eq!(ids("since=2026-11-22T09:00:06Z").await, Vec::<u64>::new());
    let since = client
        .get(&format!("{COMMENTS}?since=2026-11-22T09:00:06Z&per_page=100"))
        .await;
    assert_eq!(since.body, json!([]));
    assert_eq!(client.send(Method::DELETE, &path, json!({})).await.status, 204);
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(
        client.get("/repos/acme/apollo/issues/12").await.body["comments"],
        1
    );
}

/// <https://docs.github.com/en/rest/issues/labels>, <https://docs.github.com/en/rest/issues/assignees>
pub async fn labels_and_assigns() {
    let (github, client, _) = world().await;
    github.user("cy").may("read", "acme/apollo");
    let issue = "/repos/acme/apollo/issues/12";
    let added = client
        .post(
            &format!("{issue}/labels"),
            json!({ "labels": ["Needs Info", "bug"] }),
        )
        .await;
    assert_eq!((added.status, added.body.as_array().unwrap().len()), (200, 2));
    let names = client.get("/repos/acme/apollo/labels").await.body;
    assert_eq!(
        (&names[0]["name"], &names[1]["name"]),
        (&json!("bug"), &json!("Needs Info"))
    );
    let removed = client
        .send(Method::DELETE, &format!("{issue}/labels/needs%20info"), json!({}))
        .await;
    assert_eq!((removed.status, &removed.body[0]["name"]), (200, &json!("bug")));
    let again = client
        .send(Method::DELETE, &format!("{issue}/labels/needs%20info"), json!({}))
        .await;
    assert_eq!((again.status, again.message()), (404, "Label does not exist"));
    let people = json!({ "assignees": ["CY", "nobody"] });
    let assigned = client.post(&format!("{issue}/assignees"), people.clone()).await;
    assert_eq!(
        (assigned.status, &assigned.body["assignee"]["login"]),
        (201, &json!("cy"))
    );
    assert_eq!(client.patch(issue, people.clone()).await.status, 422);
    assert_eq!(github.get_issue("acme/apollo", 12).assignees, ["cy"]);
    let freed = client
        .send(Method::DELETE, &format!("{issue}/assignees"), people)
        .await;
    assert_eq!((freed.status, &freed.body["assignees"]), (200, &json!([])));
    client
        .patch(issue, json!({ "labels": ["ui"], "assignees": ["cy"] }))
        .await;
    let issue = github.get_issue("acme/apollo", 12);
    assert_eq!(
        (issue.labels, issue.assignees),
        (vec!["ui".to_owned()], vec!["cy".to_owned()])
    );
}

/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>
pub async fn refuses_what_github_refuses() {
    let (github, client, _) = world().await;
    let issues = "/repos/acme/apollo/issues";
    let untitled = client.post(issues, text("no title")).await;
    assert_eq!((untitled.status, untitled.message()), (422, "Validation Failed"));
    assert_eq!(untitled.body["errors"][0]["field"], "title");
    let long = text(&"ü".repeat(65_537));
    assert_eq!(client.post(COMMENTS, long.clone()).await.status, 422);
    assert_eq!(client.patch(&format!("{issues}/12"), long).await.status, 422);
    assert_eq!(client.post(COMMENTS, text(&"ü".repeat(65_536))).await.status, 201);
    assert_eq!(
        client.post(COMMENTS, text(" \n")).await.body["errors"][0]["resource"],
        "IssueComment"
    );
    assert_eq!(client.post(COMMENTS, json!({})).await.status, 422);
    assert_eq!(client.post(COMMENTS, json!({ "body": 7 })).await.status, 422);
    assert_eq!(
        client
            .patch(&format!("{issues}/12"), json!({ "state": "done" }))
            .await
            .status,
        422
    );
    let broken = client
        .request(Method::POST, COMMENTS)
        .body("{\"body\":")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), 400);
    assert_eq!(github.comments("acme/apollo", 12).len(), 1);
}

/// What others wrote, locked conversations, archived repositories, what is gone.
/// <https://docs.github.com/en/rest/issues/issues>
pub async fn refuses_what_is_out_of_reach() {
    let (github, client, _) = world().await;
    let issues = "/repos/acme/apollo/issues";
    let other = github.user("cy").comments("acme/apollo", 12, "mine");
    github.user("pm-bot").may("read", "acme/apollo");
    let theirs = client
        .patch(&format!("{issues}/comments/{other}"), text("yours"))
        .await;
    assert_eq!(theirs.status, 403);
    assert_eq!(
        client
            .post(&format!("{issues}/12/labels"), json!({ "labels": ["x"] }))
            .await
            .status,
        403
    );
    github.user("pm-bot").may("write", "acme/apollo");
    let knobs = github.issue("acme/apollo", 20, "Locked", "");
    knobs.lock();
    let locked = client.post(&format!("{issues}/20/comments"), text("hi")).await;
    assert_eq!(
        (locked.status, locked.message()),
        (403, "Unable to create comment because issue is locked.")
    );
    knobs.delete();
    assert_eq!(client.get(&format!("{issues}/20")).await.status, 410);
    github.repo("acme/apollo").archive();
    assert_eq!(
        client.post(COMMENTS, text("hi")).await.message(),
        "Repository was archived so is read-only."
    );
    assert_eq!(client.get(COMMENTS).await.status, 200);
    github.repo("acme/apollo").unarchive().disable_issues();
    assert_eq!(client.get(issues).await.status, 410);
}

/// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
pub async fn tells_permissions() {
    let (github, client, _) = world().await;
    github.user("cy").may("write", "acme/apollo");
    github.user("dee").may("maintain", "acme/apollo");
    github.user("eve");
    let of = async |login: &str| {
        let answer = client
            .get(&format!("/repos/acme/apollo/collaborators/{login}/permission"))
            .await;
        (
            answer.status,
            answer.body["permission"].clone(),
            answer.body["role_name"].clone(),
        )
    };
    assert_eq!(of("Cy").await, (200, json!("write"), json!("write")));
    assert_eq!(of("dee").await, (200, json!("write"), json!("maintain")));
    assert_eq!(of("eve").await, (200, json!("read"), json!("read")));
    assert_eq!(of("nobody").await.0, 404);
    github.repo("acme/apollo").private();
    assert_eq!(of("eve").await, (200, json!("none"), json!("none")));
    github.user("pm-bot").may("none", "acme/apollo");
    assert_eq!(
        of("cy").await.0,
        404,
        "a private repository is hidden from who has no role"
    );
}

/// <https://docs.github.com/en/rest/pulls/pulls>
pub async fn shows_pull_requests() {
    let (github, client, _) = world().await;
    github.pull_request("acme/apollo", 15, "Feature", "feature-x");
    let list = client.get("/repos/acme/apollo/pulls?head=acme:feature-x").await;
    assert_eq!(
        (list.numbers(), &list.body[0]["head"]["ref"]),
        (vec![15], &json!("feature-x"))
    );
    assert!(
        client
            .get("/repos/acme/apollo/pulls?head=acme:other")
            .await
            .numbers()
            .is_empty()
    );
    let issues = client.get("/repos/acme/apollo/issues").await;
    assert_eq!(issues.numbers(), [15, 12]);
    assert!(issues.body[0]["pull_request"]["html_url"].is_string());
    assert!(issues.body[1].get("pull_request").is_none());
    assert_eq!(
        client
            .post("/repos/acme/apollo/issues/15/comments", text("hi"))
            .await
            .status,
        201
    );
    assert_eq!(
        client.get("/repos/acme/apollo/pulls/15").await.body["merged"],
        false
    );
    assert_eq!(client.get("/repos/acme/apollo/pulls/12").await.status, 404);
}
