//! Every change to an issue or comment, whoever makes it; each sends the webhook GitHub would send. What is
//! allowed was judged before.

use serde_json::{Value, json};

use super::pulls::Pull;
use super::state::{CommentRow, IssueRow, Label, Spot, State};

/// GitHub's bound on assignees of one issue.
const MAX_ASSIGNEES: usize = 10;

/// What a new issue is made of.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<u64>,
    pub(super) pull: Option<Pull>,
}

impl State {
    /// Puts an issue there without a webhook: how the world was before the story.
    pub(super) fn place_issue(&mut self, author: u64, spot: Spot, draft: Draft) {
        let issue = IssueRow {
            id: self.new_id(),
            number: spot.number,
            title: draft.title,
            body: draft.body,
            author,
            open: true,
            state_reason: None,
            labels: Vec::new(),
            assignees: Vec::new(),
            locked: false,
            deleted: false,
            created_at: self.now,
            updated_at: self.now,
            closed_at: None,
            closed_by: None,
            pull: draft.pull,
            comments: Vec::new(),
        };
        let before = self.repos[spot.repo].issues.insert(spot.number, issue);
        assert!(before.is_none(), "#{} exists already", spot.number);
        self.touch();
    }

    pub(super) fn open_issue(&mut self, actor: u64, repo: usize, mut draft: Draft) -> Spot {
        let spot = Spot {
            repo,
            number: self.repos[repo].next_number(),
        };
        let labels = std::mem::take(&mut draft.labels);
        let assignees = std::mem::take(&mut draft.assignees);
        self.place_issue(actor, spot, draft);
        self.tell_issue("opened", actor, spot, Value::Null);
        for label in labels {
            self.add_label(actor, spot, &label);
        }
        for user in assignees {
            self.assign(actor, spot, user);
        }
        spot
    }

    pub(super) fn edit_issue(
        &mut self,
        actor: u64,
        spot: Spot,
        title: Option<String>,
        body: Option<Option<String>>,
    ) {
        let issue = self.issue_mut(spot);
        let mut changes = json!({});
        if let Some(title) = title.filter(|title| *title != issue.title) {
            changes["title"] = json!({ "from": issue.title });
            issue.title = title;
        }
        if let Some(body) = body.filter(|body| *body != issue.body) {
            changes["body"] = json!({ "from": issue.body });
            issue.body = body;
        }
        if changes != json!({}) {
            self.tell_issue("edited", actor, spot, json!({ "changes": changes }));
        }
    }

    /// Opens or closes; a closing without a reason is "completed".
    pub(super) fn set_open(&mut self, actor: u64, spot: Spot, open: bool, reason: Option<&str>) {
        let now = self.now;
        let issue = self.issue_mut(spot);
        if issue.open == open {
            if !open && reason.is_some() {
                issue.state_reason = reason.map(str::to_owned);
                self.touch();
            }
            return;
        }
        issue.open = open;
        issue.closed_at = (!open).then_some(now);
        issue.closed_by = (!open).then_some(actor);
        issue.state_reason = Some(
            if open {
                "reopened"
            } else {
                reason.unwrap_or("completed")
            }
            .to_owned(),
        );
        self.tell_issue(if open { "reopened" } else { "closed" }, actor, spot, Value::Null);
    }

    /// The repository's label of that name, made when there is none: adding an unknown label makes it.
    pub(super) fn ensure_label(&mut self, repo: usize, name: &str) -> Label {
        let labels = &self.repos[repo].labels;
        if let Some(label) = labels.iter().find(|label| label.name.eq_ignore_ascii_case(name)) {
            return label.clone();
        }
        let label = Label {
            id: self.new_id(),
            name: name.to_owned(),
        };
        self.repos[repo].labels.push(label.clone());
        self.touch();
        label
    }

    pub(super) fn add_label(&mut self, actor: u64, spot: Spot, name: &str) {
        let label = self.ensure_label(spot.repo, name);
        let issue = self.issue_mut(spot);
        if issue.labels.contains(&label.name) {
            return;
        }
        issue.labels.push(label.name.clone());
        self.tell_issue(
            "labeled",
            actor,
            spot,
            json!({ "label": self.label_json(spot.repo, &label) }),
        );
    }

    /// False when the issue does not carry the label.
    pub(super) fn remove_label(&mut self, actor: u64, spot: Spot, name: &str) -> bool {
        let carried = self
            .issue(spot)
            .labels
            .iter()
            .position(|label| label.eq_ignore_ascii_case(name));
        let Some(at) = carried else { return false };
        let name = self.issue_mut(spot).labels.remove(at);
        let label = self.ensure_label(spot.repo, &name);
        self.tell_issue(
            "unlabeled",
            actor,
            spot,
            json!({ "label": self.label_json(spot.repo, &label) }),
        );
        true
    }

    pub(super) fn set_labels(&mut self, actor: u64, spot: Spot, names: &[String]) {
        for old in self.issue(spot).labels.clone() {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(&old)) {
                self.remove_label(actor, spot, &old);
            }
        }
        for name in names {
            self.add_label(actor, spot, name);
        }
    }

    pub(super) fn assign(&mut self, actor: u64, spot: Spot, user: u64) {
        let issue = self.issue_mut(spot);
        if issue.assignees.contains(&user) || issue.assignees.len() >= MAX_ASSIGNEES {
            return;
        }
        issue.assignees.push(user);
        self.tell_issue(
            "assigned",
            actor,
            spot,
            json!({ "assignee": self.user_json(user) }),
        );
    }

    pub(super) fn unassign(&mut self, actor: u64, spot: Spot, user: u64) {
        let assignees = &mut self.issue_mut(spot).assignees;
        let before = assignees.len();
        assignees.retain(|id| *id != user);
        if assignees.len() < before {
            self.tell_issue(
                "unassigned",
                actor,
                spot,
                json!({ "assignee": self.user_json(user) }),
            );
        }
    }

    pub(super) fn set_assignees(&mut self, actor: u64, spot: Spot, users: &[u64]) {
        for old in self.issue(spot).assignees.clone() {
            if !users.contains(&old) {
                self.unassign(actor, spot, old);
            }
        }
        for user in users {
            self.assign(actor, spot, *user);
        }
    }

    pub(super) fn set_locked(&mut self, actor: u64, spot: Spot, locked: bool) {
        self.issue_mut(spot).locked = locked;
        self.tell_issue(
            if locked { "locked" } else { "unlocked" },
            actor,
            spot,
            Value::Null,
        );
    }

    pub(super) fn delete_issue(&mut self, actor: u64, spot: Spot) {
        self.tell_issue("deleted", actor, spot, Value::Null);
        let issue = self.issue_mut(spot);
        issue.deleted = true;
        issue.comments.clear();
    }

    pub(super) fn comment(&mut self, actor: u64, spot: Spot, body: &str) -> CommentRow {
        let comment = CommentRow {
            id: self.new_id(),
            author: actor,
            revisions: vec![body.to_owned()],
            created_at: self.now,
            updated_at: self.now,
        };
        self.issue_mut(spot).comments.push(comment.clone());
        self.tell_comment("created", actor, spot, &comment, Value::Null);
        comment
    }

    pub(super) fn edit_comment(&mut self, actor: u64, spot: Spot, id: u64, body: &str) -> CommentRow {
        let now = self.now;
        let comment = self
            .issue_mut(spot)
            .comments
            .iter_mut()
            .find(|comment| comment.id == id)
            .unwrap();
        let before = comment.body().to_owned();
        if before == body {
            return comment.clone();
        }
        comment.revisions.push(body.to_owned());
        comment.updated_at = now;
        let comment = comment.clone();
        self.tell_comment(
            "edited",
            actor,
            spot,
            &comment,
            json!({ "changes": { "body": { "from": before } } }),
        );
        comment
    }

    pub(super) fn delete_comment(&mut self, actor: u64, spot: Spot, id: u64) {
        let comments = &mut self.issue_mut(spot).comments;
        let at = comments.iter().position(|comment| comment.id == id).unwrap();
        let comment = comments.remove(at);
        self.tell_comment("deleted", actor, spot, &comment, Value::Null);
    }

    fn label_json(&self, repo: usize, label: &Label) -> Value {
        super::shape::label(&self.api_url, &self.repos[repo], label)
    }

    fn tell_issue(&mut self, action: &str, actor: u64, spot: Spot, extra: Value) {
        self.issue_mut(spot).updated_at = self.now;
        // A pull request's changes come as `pull_request` events, which nobody here subscribes to.
        if self.issue(spot).pull.is_none() {
            self.tell("issues", action, actor, spot, extra);
        }
        self.touch();
    }

    fn tell_comment(&mut self, action: &str, actor: u64, spot: Spot, comment: &CommentRow, mut extra: Value) {
        self.issue_mut(spot).updated_at = self.now;
        if extra.is_null() {
            extra = json!({});
        }
        extra["comment"] = self.comment_json(spot, comment);
        self.tell("issue_comment", action, actor, spot, extra);
        self.touch();
    }
}
