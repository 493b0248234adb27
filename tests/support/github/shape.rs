//! GitHub's JSON: users, repositories, issues, comments and pull requests as its REST API and webhooks write
//! them. <https://docs.github.com/en/rest/issues/issues>, <https://docs.github.com/en/rest/issues/comments>

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::state::{CommentRow, IssueRow, Label, Repo, Role, Spot, State, User};

/// GitHub's times are UTC in whole seconds.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(super) fn user(api: &str, user: &User) -> Value {
    let login = &user.login;
    let url = format!("{api}/users/{login}");
    json!({
        "login": login, "id": user.id, "node_id": format!("U_kgDO{:04}", user.id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", user.id),
        "gravatar_id": "", "url": url, "html_url": format!("https://github.com/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"), "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": user.kind, "user_view_type": "public", "site_admin": false,
    })
}

pub(super) fn label(api: &str, repo: &Repo, label: &Label) -> Value {
    json!({
        "id": label.id, "node_id": format!("LA_kwDO{}", label.id),
        "url": format!("{api}/repos/{}/labels/{}", repo.full_name(), label.name.replace(' ', "%20")),
        "name": label.name, "color": "ededed", "default": false, "description": null,
    })
}

/// How the author stands to the repository.
fn association(repo: &Repo, author: u64) -> &'static str {
    match repo.roles.get(&author) {
        Some(role) if *role > Role::None => "COLLABORATOR",
        _ => "NONE",
    }
}

impl State {
    pub(super) fn user_json(&self, id: u64) -> Value {
        user(&self.api_url, self.user(id))
    }

    /// The short form, without `permissions`, that webhooks carry.
    pub(super) fn repo_json(&self, repo: usize) -> Value {
        let repo = &self.repos[repo];
        let full_name = repo.full_name();
        let url = format!("{}/repos/{full_name}", self.api_url);
        let open = repo
            .issues
            .values()
            .filter(|issue| issue.open && !issue.deleted)
            .count();
        json!({
            "id": repo.id, "node_id": format!("R_kgDO{}", repo.id), "name": repo.name, "full_name": full_name,
            "private": repo.private, "visibility": if repo.private { "private" } else { "public" },
            "owner": user(&self.api_url, &repo.owner), "html_url": format!("https://github.com/{full_name}"),
            "description": null, "fork": false, "url": url,
            "issues_url": format!("{url}/issues{{/number}}"), "labels_url": format!("{url}/labels{{/name}}"),
            "clone_url": format!("https://github.com/{full_name}.git"),
            "created_at": time(repo.created_at), "updated_at": time(repo.created_at),
            "pushed_at": time(repo.created_at), "default_branch": "main", "has_issues": repo.issues_on,
            "archived": repo.archived, "disabled": false, "open_issues_count": open, "open_issues": open,
        })
    }

    pub(super) fn issue_json(&self, spot: Spot) -> Value {
        let (repo, issue) = (&self.repos[spot.repo], self.issue(spot));
        let full_name = repo.full_name();
        let url = format!("{}/repos/{full_name}/issues/{}", self.api_url, spot.number);
        let assignees: Vec<Value> = issue.assignees.iter().map(|id| self.user_json(*id)).collect();
        let page = if issue.pull.is_some() { "pull" } else { "issues" };
        let mut json = json!({
            "url": url, "repository_url": format!("{}/repos/{full_name}", self.api_url),
            "labels_url": format!("{url}/labels{{/name}}"), "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": format!("https://github.com/{full_name}/{page}/{}", spot.number),
            "id": issue.id, "node_id": format!("I_kwDO{}", issue.id), "number": issue.number,
            "title": issue.title, "user": self.user_json(issue.author), "labels": self.labels_json(spot),
            "state": state_word(issue), "state_reason": issue.state_reason, "locked": issue.locked,
            "active_lock_reason": null, "assignee": assignees.first(), "assignees": assignees,
            "milestone": null, "comments": issue.comments.len(), "created_at": time(issue.created_at),
            "updated_at": time(issue.updated_at), "closed_at": issue.closed_at.map(time),
            "author_association": association(repo, issue.author), "body": issue.body,
            "closed_by": issue.closed_by.map(|id| self.user_json(id)),
            "reactions": reactions(&url), "timeline_url": format!("{url}/timeline"),
            "performed_via_github_app": null,
        });
        if let Some(pull) = &issue.pull {
            json["draft"] = json!(pull.draft);
            json["pull_request"] = json!({
                "url": format!("{}/repos/{full_name}/pulls/{}", self.api_url, spot.number),
                "html_url": format!("https://github.com/{full_name}/pull/{}", spot.number),
                "diff_url": format!("https://github.com/{full_name}/pull/{}.diff", spot.number),
                "patch_url": format!("https://github.com/{full_name}/pull/{}.patch", spot.number),
                "merged_at": pull.merged_at.map(time),
            });
        }
        json
    }

    pub(super) fn labels_json(&self, spot: Spot) -> Value {
        let repo = &self.repos[spot.repo];
        let labels = self
            .issue(spot)
            .labels
            .iter()
            .filter_map(|name| repo.labels.iter().find(|l| l.name == *name));
        labels.map(|l| label(&self.api_url, repo, l)).collect()
    }

    pub(super) fn comment_json(&self, spot: Spot, comment: &CommentRow) -> Value {
        let (repo, issue) = (&self.repos[spot.repo], self.issue(spot));
        let full_name = repo.full_name();
        let base = format!("{}/repos/{full_name}/issues", self.api_url);
        let url = format!("{base}/comments/{}", comment.id);
        let page = if issue.pull.is_some() { "pull" } else { "issues" };
        json!({
            "url": url, "issue_url": format!("{base}/{}", spot.number),
            "html_url": format!(
                "https://github.com/{full_name}/{page}/{}#issuecomment-{}", spot.number, comment.id
            ),
            "id": comment.id, "node_id": format!("IC_kwDO{}", comment.id), "user": self.user_json(comment.author),
            "created_at": time(comment.created_at), "updated_at": time(comment.updated_at),
            "author_association": association(repo, comment.author), "body": comment.body(),
            "reactions": reactions(&url), "performed_via_github_app": null,
        })
    }

    /// <https://docs.github.com/en/rest/pulls/pulls>
    pub(super) fn pull_json(&self, spot: Spot) -> Value {
        let (repo, issue) = (&self.repos[spot.repo], self.issue(spot));
        let pull = issue.pull.as_ref().unwrap();
        let full_name = repo.full_name();
        let url = format!("{}/repos/{full_name}/pulls/{}", self.api_url, spot.number);
        let side = |branch: &str| {
            json!({
                "label": format!("{}:{branch}", repo.owner.login), "ref": branch,
                "sha": sha(issue), "user": user(&self.api_url, &repo.owner),
                "repo": self.repo_json(spot.repo),
            })
        };
        let assignees: Vec<Value> = issue.assignees.iter().map(|id| self.user_json(*id)).collect();
        let requested: Vec<Value> = pull.requested.iter().map(|id| self.user_json(*id)).collect();
        json!({
            "url": url, "id": issue.id, "node_id": format!("PR_kwDO{}", issue.id), "number": spot.number,
            "html_url": format!("https://github.com/{full_name}/pull/{}", spot.number),
            "diff_url": format!("https://github.com/{full_name}/pull/{}.diff", spot.number),
            "issue_url": format!("{}/repos/{full_name}/issues/{}", self.api_url, spot.number),
            "comments_url": format!("{}/repos/{full_name}/issues/{}/comments", self.api_url, spot.number),
            "state": state_word(issue), "locked": issue.locked, "title": issue.title, "body": issue.body,
            "user": self.user_json(issue.author), "labels": self.labels_json(spot), "milestone": null,
            "assignee": assignees.first(), "assignees": assignees, "requested_reviewers": requested,
            "requested_teams": [], "draft": pull.draft, "created_at": time(issue.created_at),
            "updated_at": time(issue.updated_at), "closed_at": issue.closed_at.map(time),
            "merged_at": pull.merged_at.map(time), "merge_commit_sha": null,
            "head": side(&pull.head), "base": side(&pull.base),
            "author_association": association(repo, issue.author), "auto_merge": null,
        })
    }
}

/// The newest commit of a pull request.
pub(super) fn sha(issue: &IssueRow) -> String {
    format!("{:040x}", issue.id)
}

pub(super) fn state_word(issue: &IssueRow) -> &'static str {
    if issue.open { "open" } else { "closed" }
}

fn reactions(url: &str) -> Value {
    json!({
        "url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0,
        "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
    })
}
