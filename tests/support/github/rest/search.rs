//! Searching issues and pull requests.
//! <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>,
//! <https://docs.github.com/en/search-github/searching-on-github/searching-issues-and-pull-requests>

use serde_json::{Value, json};

use super::Caller;
use super::reply::{Answer, Reply, invalid};
use super::request::Req;
use super::visible_repo;
use crate::support::github::shape::state_word;
use crate::support::github::state::{IssueRow, Spot, State};

/// GitHub's bound of a query, in characters.
const MAX_QUERY: usize = 256;

/// A query, read.
#[derive(Default)]
struct Query {
    words: Vec<String>,
    repos: Vec<usize>,
    pulls: Option<bool>,
    state: Option<String>,
}

pub(super) fn issues(state: &State, req: &Req, caller: Caller) -> Reply {
    let query = read(state, req.query("q").unwrap_or_default(), caller)?;
    let mut found: Vec<Spot> = Vec::new();
    for repo in &query.repos {
        let issues = state.repos[*repo]
            .issues
            .values()
            .filter(|issue| !issue.deleted && fits(&query, issue));
        found.extend(issues.map(|issue| Spot {
            repo: *repo,
            number: issue.number,
        }));
    }
    if req.query("sort") == Some("updated") {
        found.sort_by_key(|spot| (state.issue(*spot).updated_at, spot.number));
        found.reverse();
    }
    let total = found.len();
    let mut page = req.page(state, &found, |spot| {
        let mut item = state.issue_json(*spot);
        item["score"] = json!(1.0);
        item
    })?;
    let items = page.body.take().unwrap_or_default();
    page.body = Some(json!({ "total_count": total, "incomplete_results": false, "items": items }));
    Ok(page)
}

fn fits(query: &Query, issue: &IssueRow) -> bool {
    let comments = issue.comments.iter().map(|comment| comment.body());
    let body = issue.body.as_deref().unwrap_or_default();
    let text = [issue.title.as_str(), body]
        .into_iter()
        .chain(comments)
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase();
    query.pulls.is_none_or(|pulls| pulls == issue.pull.is_some())
        && query
            .state
            .as_deref()
            .is_none_or(|state| state == state_word(issue))
        && query.words.iter().all(|word| text.contains(word))
}

/// Several `repo:` are alternatives; what the fake does not know it refuses.
fn read(state: &State, text: &str, caller: Caller) -> Result<Query, Answer> {
    let refused = |message: &str| {
        Err(invalid(
            json!({ "message": message, "resource": "Search", "field": "q", "code": "invalid" }),
        ))
    };
    if text.trim().is_empty() {
        return Err(invalid(
            json!({ "resource": "Search", "field": "q", "code": "missing" }),
        ));
    }
    let mut query = Query::default();
    let mut free = 0;
    for word in text.split_whitespace() {
        match word.split_once(':') {
            Some(("repo", name)) => {
                let (owner, name) = name.split_once('/').unwrap_or_default();
                match visible_repo(state, owner, name, caller) {
                    Ok(repo) => query.repos.push(repo),
                    Err(_) => {
                        return refused(
                            "The listed users and repositories cannot be searched either because the resources do not \
                             exist or you do not have permission to view them.",
                        );
                    }
                }
            }
            Some(("is", "issue")) => query.pulls = Some(false),
            Some(("is", "pull-request" | "pr")) => query.pulls = Some(true),
            Some(("state", word @ ("open" | "closed"))) => query.state = Some(word.to_owned()),
            Some(_) => return refused(&format!("the fake GitHub does not know the qualifier {word}")),
            None => {
                free += word.chars().count() + 1;
                query.words.push(word.to_lowercase());
            }
        }
    }
    if free > MAX_QUERY {
        return refused("The search is longer than 256 characters.");
    }
    if query.pulls.is_none() {
        return refused("Query must include 'is:issue' or 'is:pull-request'");
    }
    if query.repos.is_empty() {
        return Err(Answer::with(
            501,
            Value::from("the fake GitHub searches named repositories only"),
        ));
    }
    Ok(query)
}
