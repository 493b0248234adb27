//! Pull requests, their reviews, and what is checked about their commits.

use serde_json::{Value, json};

use super::reply::{Answer, Reply, invalid_value, not_found};
use super::request::Req;
use crate::support::github::shape;
use crate::support::github::state::{IssueRow, Spot, State};

/// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
pub(super) fn list(state: &State, req: &Req, repo: usize) -> Reply {
    let wanted = req.query("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&wanted) {
        return Err(invalid_value("state", &Value::from(wanted)));
    }
    let owner = &state.repos[repo].owner.login;
    let head = req.query("head").filter(|head| head.contains(':'));
    let mut pulls: Vec<_> = state.repos[repo]
        .issues
        .values()
        .filter_map(|issue| Some((issue, issue.pull.as_ref()?)))
        .filter(|(issue, _)| wanted == "all" || wanted == shape::state_word(issue))
        .filter(|(_, pull)| head.is_none_or(|head| head == format!("{owner}:{}", pull.head)))
        .filter(|(_, pull)| req.query("base").is_none_or(|base| base == pull.base))
        .map(|(issue, _)| issue)
        .collect();
    let sort = req.query("sort").unwrap_or("created");
    match sort {
        "updated" => pulls.sort_by_key(|issue| (issue.updated_at, issue.number)),
        _ => pulls.sort_by_key(|issue| (issue.created_at, issue.number)),
    }
    let default = if sort == "created" { "desc" } else { "asc" };
    if req.query("direction").unwrap_or(default) == "desc" {
        pulls.reverse();
    }
    req.page(state, &pulls, |issue| {
        state.pull_json(Spot {
            repo,
            number: issue.number,
        })
    })
}

/// <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>. Whether it can be merged is found out in the background
/// once somebody asks.
pub(super) fn one(state: &mut State, repo: usize, number: &str) -> Reply {
    let spot = spot(state, repo, number)?;
    let issue = state.issue_mut(spot);
    let open = issue.open;
    let pull = issue.pull.as_mut().unwrap();
    let known = std::mem::replace(&mut pull.looked_at, true) && open;
    let pull = pull.clone();
    let mut body = state.pull_json(spot);
    body["merged"] = json!(pull.merged_at.is_some());
    body["mergeable"] = if known {
        json!(!pull.conflicts)
    } else {
        Value::Null
    };
    body["mergeable_state"] = json!(match (known, pull.conflicts, pull.draft) {
        (false, ..) => "unknown",
        (_, true, _) => "dirty",
        (_, _, true) => "draft",
        _ => "clean",
    });
    for (field, number) in [
        ("commits", 3),
        ("changed_files", 2),
        ("additions", 10),
        ("deletions", 1),
        ("comments", 0),
    ] {
        body[field] = json!(number);
    }
    Ok(Answer::ok(body))
}

/// <https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request>
pub(super) fn reviews(state: &State, req: &Req, repo: usize, number: &str) -> Reply {
    let spot = spot(state, repo, number)?;
    let reviews = &state.issue(spot).pull.as_ref().unwrap().reviews;
    req.page(state, reviews, |(user, word)| {
        json!({ "id": 80, "user": state.user_json(*user), "body": "", "state": word, "submitted_at": shape::time(state.now) })
    })
}

/// <https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference>
pub(super) fn check_runs(state: &State, req: &Req, repo: usize, sha: &str) -> Reply {
    let runs = &of_commit(state, repo, sha)?.pull.as_ref().unwrap().runs;
    let page = req.page(state, runs, |(name, status, conclusion)| {
        json!({ "id": 90, "name": name, "head_sha": sha, "status": status, "conclusion": conclusion })
    })?;
    Ok(wrapped(page, "check_runs", json!({ "total_count": runs.len() })))
}

/// <https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference>
pub(super) fn status(state: &State, req: &Req, repo: usize, sha: &str) -> Reply {
    let statuses = &of_commit(state, repo, sha)?.pull.as_ref().unwrap().statuses;
    let has = |words: &[&str]| statuses.iter().any(|(_, word)| words.contains(&word.as_str()));
    let all = match (
        has(&["failure", "error"]),
        has(&["pending"]) || statuses.is_empty(),
    ) {
        (true, _) => "failure",
        (_, true) => "pending",
        _ => "success",
    };
    let page = req.page(
        state,
        statuses,
        |(context, word)| json!({ "context": context, "state": word }),
    )?;
    let more = json!({ "state": all, "sha": sha, "total_count": statuses.len() });
    Ok(wrapped(page, "statuses", more))
}

/// A list inside an object.
fn wrapped(mut page: Answer, field: &str, mut object: Value) -> Answer {
    object[field] = page.body.take().unwrap_or_default();
    page.body = Some(object);
    page
}

fn spot(state: &State, repo: usize, number: &str) -> Result<Spot, Answer> {
    let number = number.parse().map_err(|_| not_found())?;
    let issue = state.repos[repo].issues.get(&number).ok_or_else(not_found)?;
    issue
        .pull
        .as_ref()
        .map(|_| Spot { repo, number })
        .ok_or_else(not_found)
}

/// The pull request whose newest commit it is.
fn of_commit<'a>(state: &'a State, repo: usize, sha: &str) -> Result<&'a IssueRow, Answer> {
    let mut issues = state.repos[repo].issues.values();
    let found = issues.find(|issue| issue.pull.is_some() && shape::sha(issue) == sha);
    found.ok_or_else(|| Answer::refusal(422, &format!("No commit found for SHA: {sha}")))
}
