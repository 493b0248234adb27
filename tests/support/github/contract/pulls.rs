//! Pull requests, their reviews and checks, and searching.

use serde_json::{Value, json};

use super::world;

/// <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>
pub async fn finds_out_about_conflicts_when_asked() {
    let (github, client, _) = world().await;
    github.pull_request("acme/apollo", 15, "Feature", "feature-x");
    github
        .pull_request("acme/apollo", 16, "Other", "other")
        .conflicts()
        .draft();
    let ask = async |number: u64| {
        let pull = client
            .get(&format!("/repos/acme/apollo/pulls/{number}"))
            .await
            .body;
        (pull["mergeable"].clone(), pull["mergeable_state"].clone())
    };
    assert_eq!(ask(15).await, (Value::Null, json!("unknown")));
    assert_eq!(ask(15).await, (json!(true), json!("clean")));
    assert_eq!(ask(16).await.0, Value::Null);
    assert_eq!(ask(16).await, (json!(false), json!("dirty")));
    let list = client.get("/repos/acme/apollo/pulls").await.body;
    assert!(list[0].get("mergeable").is_none());
    assert_eq!(list[0]["draft"], true);
}

/// <https://docs.github.com/en/rest/pulls/reviews>, <https://docs.github.com/en/rest/checks/runs>,
/// <https://docs.github.com/en/rest/commits/statuses>
pub async fn tells_reviews_and_checks() {
    let (github, client, _) = world().await;
    let pull = github.pull_request("acme/apollo", 15, "Feature", "feature-x");
    pull.asks_to_review("cy")
        .asks_to_review("dee")
        .reviewed("dee", "APPROVED");
    pull.checked("build", "failure")
        .checking("test")
        .status("ci/lint", "success");
    let read = client.get("/repos/acme/apollo/pulls/15").await.body;
    assert_eq!(read["requested_reviewers"][0]["login"], "cy");
    assert_eq!(read["requested_reviewers"].as_array().unwrap().len(), 1);
    let reviews = client.get("/repos/acme/apollo/pulls/15/reviews").await.body;
    assert_eq!(
        (&reviews[0]["user"]["login"], &reviews[0]["state"]),
        (&json!("dee"), &json!("APPROVED"))
    );
    let sha = read["head"]["sha"].as_str().unwrap();
    let runs = client
        .get(&format!("/repos/acme/apollo/commits/{sha}/check-runs"))
        .await
        .body;
    assert_eq!(runs["total_count"], 2);
    assert_eq!(
        (
            &runs["check_runs"][0]["conclusion"],
            &runs["check_runs"][1]["status"]
        ),
        (&json!("failure"), &json!("in_progress"))
    );
    let status = client
        .get(&format!("/repos/acme/apollo/commits/{sha}/status"))
        .await
        .body;
    assert_eq!(
        (&status["state"], &status["statuses"][0]["context"]),
        (&json!("success"), &json!("ci/lint"))
    );
    assert_eq!(
        client.get("/repos/acme/apollo/commits/0000/status").await.status,
        422
    );
    assert_eq!(
        client.get("/repos/acme/apollo/pulls/12/reviews").await.status,
        404
    );
}

/// <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>
pub async fn searches_issues() {
    let (github, client, _) = world().await;
    github
        .pull_request("acme/apollo", 15, "Title of a pull", "x")
        .closed();
    github.issue("acme/zeus", 1, "Title elsewhere", "");
    let search = async |q: &str| {
        let found = client.get(&format!("/search/issues?q={q}")).await;
        let items = found.body["items"].as_array().cloned().unwrap_or_default();
        let numbers: Vec<u64> = items
            .iter()
            .map(|item| item["number"].as_u64().unwrap())
            .collect();
        (found.status, numbers)
    };
    assert_eq!(search("title+repo:acme/apollo+is:issue").await, (200, vec![12]));
    assert_eq!(
        search("TITLE+repo:acme/apollo+is:pull-request").await,
        (200, vec![15])
    );
    assert_eq!(
        search("title+repo:acme/apollo+is:pull-request+state:open").await,
        (200, vec![])
    );
    assert_eq!(
        search("title+repo:acme/apollo+repo:acme/zeus+is:issue").await,
        (200, vec![12, 1])
    );
    assert_eq!(
        search("title+repo:acme/apollo").await.0,
        422,
        "a token asks for one kind"
    );
    assert_eq!(search("").await.0, 422);
    assert_eq!(search("title+repo:acme/nothing+is:issue").await.0, 422);
    github.repo("acme/zeus").private();
    github.user("pm-bot").may("none", "acme/zeus");
    assert_eq!(
        search("title+repo:acme/zeus+is:issue").await.0,
        422,
        "what is hidden"
    );
}
