//! Talks as people see them.

use super::World;
use crate::support::slack::Message;

impl World {
    /// The talk at a Slack channel as people see it: each message with its author, threads indented, what was edited marked
    /// so (how often depends on pacing), buttons in brackets on a last line.
    pub(crate) fn talk(&self, place: &str) -> String {
        let mut messages = self.slack.messages(place);
        messages.retain(|message| !message.deleted);
        let mut lines = Vec::new();
        for root in messages
            .iter()
            .filter(|m| m.thread_ts.as_ref().is_none_or(|thread| *thread == m.ts))
        {
            lines.push(line(root, ""));
            let replies = messages
                .iter()
                .filter(|m| m.thread_ts.as_ref() == Some(&root.ts) && m.ts != root.ts);
            lines.extend(replies.map(|reply| line(reply, "  ")));
        }
        lines.join("\n")
    }

    /// What we said at a Slack channel since the story last looked there, or edited.
    pub(crate) fn expects(&self, place: &str, said: &[&str]) {
        assert_eq!(self.slack.news(place), said, "news at {place}");
    }

    /// The talk on an issue as people see it, our marks left out.
    pub(crate) fn issue_talk(&self, repository: &str, number: u64) -> String {
        let comments = self.github.comments(repository, number);
        let lines = comments.iter().map(|comment| {
            let body = comment
                .body
                .split("\n\n<!-- callsheet:")
                .next()
                .unwrap_or_default();
            let edits = comment.revisions.len();
            let edits = if edits > 1 {
                " [edited]".to_owned()
            } else {
                String::new()
            };
            format!("{}{edits}: {}", comment.user, body.replace('\n', "\n    "))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn line(message: &Message, indent: &str) -> String {
    let who = if message.is_bot {
        "pm".to_owned()
    } else {
        message.user.to_lowercase().trim_start_matches('u').to_owned()
    };
    let edits = message.revisions.len();
    let edits = if edits > 1 {
        " [edited]".to_owned()
    } else {
        String::new()
    };
    format!(
        "{indent}{who}{edits}: {}",
        message
            .seen()
            .replace('\u{200b}', "⟨⟩")
            .replace('\n', &format!("\n{indent}    "))
    )
}
