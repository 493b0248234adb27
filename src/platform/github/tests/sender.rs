use serde_json::{Value, json};
use uuid::Uuid;

use super::super::mark::marked;
use super::super::sender::{GitHubSender, since};
use super::server::{Server, known, still};
use crate::domain::{Change, Effect, IssueChange, IssueRef, IssueState, NewIssue, Place};
use crate::engine::sender::{Found, Outcome, Outgoing, Receipt, Sender};

const MARK: Uuid = Uuid::from_u128(7);

fn issue() -> IssueRef {
    IssueRef {
        repository: "acme/app".parse().unwrap(),
        number: 12,
    }
}

fn outgoing(effect: Effect, external_id: Option<&str>) -> Outgoing {
    Outgoing {
        mark: MARK,
        place: Place::GitHub(issue()),
        effect,
        text: "New".into(),
        external_id: external_id.map(str::to_owned),
        sent_text: "Old".into(),
        last: true,
        since: chrono::DateTime::UNIX_EPOCH,
        others: Vec::new(),
    }
}

fn message(external_id: Option<&str>) -> Outgoing {
    outgoing(
        Effect::Message {
            reply: None,
            buttons: Vec::new(),
        },
        external_id,
    )
}

fn create(assignees: &[&str]) -> Outgoing {
    let new = NewIssue {
        repository: issue().repository,
        title: "Title".into(),
        body: "Body".into(),
        labels: vec![],
        assignees: assignees.iter().map(|&login| login.to_owned()).collect(),
    };
    outgoing(Effect::CreateIssue(new), None)
}

fn update(change: IssueChange) -> Outgoing {
    outgoing(
        Effect::UpdateIssue {
            issue: issue(),
            change,
        },
        None,
    )
}

fn comment(author: u64, body: &str) -> Value {
    json!({
        "id": 4001, "user": { "login": "x", "id": author }, "body": body, "html_url": "https://x.test/c",
        "created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:00:00Z",
    })
}

fn standing_issue(fields: Value) -> Value {
    let mut json = json!({
        "id": 99, "number": 12, "title": "Title", "body": "Body", "state": "open", "html_url": "https://x.test/i",
        "user": { "login": "pm-bot", "id": 900 }, "labels": [{ "name": "bug" }], "assignees": [], "comments": 0,
        "created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:00:00Z",
    });
    let Value::Object(fields) = fields else {
        panic!("fields")
    };
    json.as_object_mut().unwrap().extend(fields);
    json
}

fn receipt(id: &str, url: &str) -> Receipt {
    Receipt {
        external_id: id.into(),
        url: Some(url.into()),
        at: None,
        note: None,
        thread: None,
    }
}

async fn world() -> (Server, GitHubSender) {
    let server = Server::start().await;
    let sender = GitHubSender::new(known(server.url()));
    (server, sender)
}

#[tokio::test]
async fn a_comment_carries_the_mark() {
    let (server, sender) = world().await;
    // A receipt is an id; what else is missing does not matter.
    server.says(201, &json!({ "id": 4001, "html_url": "https://x.test/c" }));
    assert_eq!(
        sender.send(&message(None)).await,
        Outcome::Delivered(receipt("4001", "https://x.test/c"))
    );
    let body = json!({ "body": marked("New", MARK) });
    assert_eq!(
        server.asked(),
        [("POST /repos/acme/app/issues/12/comments".to_owned(), body)]
    );
}

#[tokio::test]
async fn a_comment_may_fail_in_every_way() {
    let (server, sender) = world().await;
    let html = "<html>Bad Gateway</html>";
    server.says_with(502, &[], html);
    assert!(matches!(sender.send(&message(None)).await, Outcome::Unknown(_)));
    server.says(201, &json!("no receipt"));
    assert!(matches!(sender.send(&message(None)).await, Outcome::Unknown(_)));
    server.says_with(429, &[("retry-after", "30".into())], "");
    let retry_at = Some(still().now() + chrono::TimeDelta::seconds(30));
    assert!(
        matches!(sender.send(&message(None)).await, Outcome::NotSent { retry_at: at, .. } if at == retry_at)
    );
    // Until then nothing is asked.
    assert!(
        matches!(sender.send(&message(None)).await, Outcome::NotSent { retry_at: at, .. } if at == retry_at)
    );
    let sender = GitHubSender::new(known(server.url()));
    server.says(
        403,
        &json!({ "message": "Unable to create comment because issue is locked." }),
    );
    let locked = "the conversation is locked. Unlock it and ask again";
    assert_eq!(sender.send(&message(None)).await, Outcome::Refused(locked.into()));
    // One request each: nothing was tried twice.
    assert_eq!(server.asked().len(), 4);
    let nobody = GitHubSender::new(known("http://127.0.0.1:9"));
    assert!(matches!(
        nobody.send(&message(None)).await,
        Outcome::NotSent { retry_at: None, .. }
    ));
}

#[tokio::test]
async fn a_redirected_write_is_refused() {
    let (server, sender) = world().await;
    let to = |server: &Server| {
        (
            "location",
            format!("{}/repositories/1/issues/12/comments", server.url()),
        )
    };
    // A client may follow a 301 of a POST with a GET; its success is no receipt.
    server.says_with(301, &[to(&server)], "").says(200, &json!([]));
    assert!(matches!(sender.send(&message(None)).await, Outcome::Refused(why) if why.contains("moved")));
    server.says_with(307, &[to(&server)], "");
    assert!(matches!(sender.send(&message(None)).await, Outcome::Refused(why) if why.contains("moved")));
    let calls: Vec<String> = server.asked().into_iter().map(|(call, _)| call).collect();
    assert_eq!(calls[1], "GET /repositories/1/issues/12/comments");
    assert_eq!(calls.len(), 3);
}

#[tokio::test]
async fn a_broken_connection_leaves_a_write_in_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sender = GitHubSender::new(known(&format!("http://{}", listener.local_addr().unwrap())));
    let out = message(None);
    let closes = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut some = [0; 8];
        while stream.try_read(&mut some).is_err() {
            stream.readable().await.unwrap();
        }
    };
    let (outcome, ()) = tokio::join!(sender.send(&out), closes);
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_edit_reads_first() {
    let (server, sender) = world().await;
    let out = message(Some("4001"));
    let done = Outcome::Delivered(receipt("4001", "https://x.test/c"));
    server
        .says(200, &comment(900, &marked("Old", MARK)))
        .says(200, &json!({}));
    assert_eq!(sender.send(&out).await, done);
    let asked = server.asked();
    let calls: Vec<&str> = asked.iter().map(|(call, _)| call.as_str()).collect();
    assert_eq!(
        calls,
        [
            "GET /repos/acme/app/issues/comments/4001",
            "PATCH /repos/acme/app/issues/comments/4001"
        ]
    );
    assert_eq!(asked[1].1, json!({ "body": marked("New", MARK) }));
    server.says(200, &comment(900, "New  \r\n"));
    assert_eq!(sender.send(&out).await, done);
    server.says(200, &comment(900, &marked("Theirs", MARK)));
    assert!(matches!(sender.send(&out).await, Outcome::Changed(_)));
    server.says(404, &json!({ "message": "Not Found" }));
    assert_eq!(sender.send(&out).await, Outcome::Vanished);
    server
        .says(200, &comment(900, "Old"))
        .says(404, &json!({ "message": "Not Found" }));
    assert_eq!(sender.send(&out).await, Outcome::Vanished);
    server.says(502, &json!({}));
    assert!(matches!(sender.send(&out).await, Outcome::NotSent { .. }));
    server.says(200, &comment(900, "Old")).says(502, &json!({}));
    assert!(matches!(sender.send(&out).await, Outcome::Unknown(_)));
    server.asked();
}

#[tokio::test]
async fn an_issue_is_opened_with_the_mark() {
    let (server, sender) = world().await;
    server.says(201, &standing_issue(json!({})));
    assert_eq!(
        sender.send(&create(&[])).await,
        Outcome::Delivered(receipt("12", "https://x.test/i"))
    );
    let asked = server.asked();
    assert_eq!(asked[0].0, "POST /repos/acme/app/issues");
    assert_eq!(
        asked[0].1,
        json!({ "title": "Title", "body": marked("Body", MARK) })
    );
    server.says(201, &standing_issue(json!({})));
    let outcome = sender.send(&create(&["bob"])).await;
    assert!(
        matches!(&outcome, Outcome::Delivered(Receipt { note: Some(note), .. }) if note.contains("bob")),
        "{outcome:?}"
    );
    assert_eq!(server.asked()[0].1["assignees"], json!(["bob"]));
}

#[tokio::test]
async fn an_issue_is_changed_by_what_is_left() {
    let (server, sender) = world().await;
    let change = IssueChange {
        title: Some(Change {
            from: "Title".into(),
            to: "Better".into(),
        }),
        state: Some(IssueState::Closed),
        add_assignees: vec!["bob".into()],
        ..IssueChange::default()
    };
    let out = update(change);
    let bob = json!([{ "login": "bob", "id": 3 }]);
    let after =
        json!({ "title": "Better", "state": "closed", "state_reason": "completed", "assignees": bob });
    let done = Outcome::Delivered(receipt("12", "https://x.test/i"));
    server
        .says(200, &standing_issue(json!({})))
        .says(200, &standing_issue(after.clone()));
    assert_eq!(sender.send(&out).await, done);
    let asked = server.asked();
    assert_eq!(asked[1].0, "PATCH /repos/acme/app/issues/12");
    let patch =
        json!({ "title": "Better", "state": "closed", "state_reason": "completed", "assignees": ["bob"] });
    assert_eq!(asked[1].1, patch);
    server.says(200, &standing_issue(after.clone()));
    assert_eq!(sender.send(&out).await, done);
    assert_eq!(server.asked().len(), 1);
    server.says(200, &standing_issue(json!({ "title": "Theirs" })));
    assert!(matches!(sender.send(&out).await, Outcome::Changed(_)));
    let mut unassigned = after;
    unassigned["assignees"] = json!([]);
    server
        .says(200, &standing_issue(json!({})))
        .says(200, &standing_issue(unassigned));
    let outcome = sender.send(&out).await;
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("did not assign bob")),
        "{outcome:?}"
    );
    server.says(410, &json!({ "message": "This issue was deleted" }));
    assert!(matches!(sender.send(&out).await, Outcome::Refused(_)));
    server.asked();
}

#[tokio::test]
async fn a_lost_comment_is_looked_up_by_mark_and_author() {
    let (server, sender) = world().await;
    let out = message(None);
    let (ours, theirs) = (
        comment(900, &marked("New", MARK)),
        comment(7, &marked("New", MARK)),
    );
    server.says(200, &json!([theirs, comment(900, "New"), ours]));
    assert_eq!(
        sender.find(&out).await,
        Found::Yes(receipt("4001", "https://x.test/c"))
    );
    let asked = server.asked();
    assert_eq!(
        asked[0].0,
        "GET /repos/acme/app/issues/12/comments?per_page=100&since=2026-11-22T08%3A00%3A00Z"
    );
    server.says(200, &json!([theirs]));
    assert_eq!(sender.find(&out).await, Found::No);
    server.says(410, &json!({ "message": "This issue was deleted" }));
    assert_eq!(sender.find(&out).await, Found::No);
    for status in [404, 401, 502] {
        server.says(status, &json!({}));
        assert!(
            matches!(sender.find(&out).await, Found::CannotTell(_)),
            "{status}"
        );
    }
    let more = ("link", format!("<{}/x>; rel=\"next\"", server.url()));
    for _ in 0..10 {
        server.says_with(200, std::slice::from_ref(&more), "[]");
    }
    assert!(matches!(sender.find(&out).await, Found::CannotTell(_)));
    server.asked();
}

#[tokio::test]
async fn a_lost_edit_issue_or_change_is_looked_up() {
    let (server, sender) = world().await;
    let edit = message(Some("4001"));
    let cases = [
        ("New", Found::Yes(receipt("4001", "https://x.test/c"))),
        ("Old", Found::No),
    ];
    for (body, found) in cases {
        server.says(200, &comment(900, &marked(body, MARK)));
        assert_eq!(sender.find(&edit).await, found);
    }
    server.says(200, &comment(900, "Theirs"));
    assert!(matches!(sender.find(&edit).await, Found::Changed(_)));
    server.says(404, &json!({}));
    assert_eq!(sender.find(&edit).await, Found::No);
    server.asked();

    let marked_issue = standing_issue(json!({ "body": marked("Body", MARK) }));
    server.says(200, &json!([standing_issue(json!({})), marked_issue]));
    assert_eq!(
        sender.find(&create(&[])).await,
        Found::Yes(receipt("12", "https://x.test/i"))
    );
    assert!(server.asked()[0].0.starts_with(
        "GET /repos/acme/app/issues?per_page=100&creator=pm-bot&state=all&sort=created&direction=desc&since="
    ));

    let close = update(IssueChange {
        state: Some(IssueState::Closed),
        ..IssueChange::default()
    });
    server.says(200, &standing_issue(json!({ "state": "closed" })));
    assert_eq!(
        sender.find(&close).await,
        Found::Yes(receipt("12", "https://x.test/i"))
    );
    server.says(200, &standing_issue(json!({})));
    assert_eq!(sender.find(&close).await, Found::No);
    server.asked();
}

#[tokio::test]
async fn a_place_elsewhere_is_refused() {
    let (_server, sender) = world().await;
    let mut out = message(None);
    out.place = "slack:T1/C2".parse().unwrap();
    assert!(matches!(sender.send(&out).await, Outcome::Refused(_)));
    out.place = "github:ghe.corp/acme/app#1".parse().unwrap();
    assert!(matches!(sender.send(&out).await, Outcome::Refused(why) if why.contains("ghe.corp")));
    assert_eq!(sender.credential(&out.place), "github:github.com");
}

#[test]
fn a_look_up_begins_before_the_delivery() {
    let now = still().now();
    assert_eq!(since(MARK, now), "2026-11-22T08:00:00Z");
    // An id of 2026-11-20T10:00:00Z.
    let seconds = u64::try_from((now - chrono::TimeDelta::hours(47)).timestamp()).unwrap();
    let decided = uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0);
    assert_eq!(since(Uuid::new_v7(decided), now), "2026-11-20T09:00:00Z");
    let later = uuid::Timestamp::from_unix(uuid::NoContext, seconds + 1_000_000, 0);
    assert_eq!(since(Uuid::new_v7(later), now), "2026-11-22T08:00:00Z");
}
