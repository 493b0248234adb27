//! What a request asks for, as far as its words show it: what a model changes beyond that is its own idea.

use super::Change;
use crate::domain::{IssueRef, Place, Project, names};
use crate::gate::rules::Unasked;

/// The words of a request, and where they were said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The words.
    pub(super) text: &'a str,
    /// Where they were said.
    pub(super) place: &'a Place,
    /// The projects of that place.
    pub(super) here: &'a [Project],
}

impl Request<'_> {
    /// Whether its words name the project, the repository or the place that a change is about.
    pub(super) fn names(&self, change: &Change, about: Option<&Project>) -> bool {
        let names = |name: &str| names(self.text, name);
        about.is_some_and(|project| names(&project.name) || names(&project.slug))
            || change
                .repository()
                .is_some_and(|repository| names(repository.name()))
            || matches!(change, Change::PostMessage { place, .. } if self.text.contains(&place.to_string()))
    }

    /// Why nothing in it asks for a change; none when something may.
    pub(super) fn unasked(&self, change: &Change, about: Option<&Project>) -> Option<Unasked> {
        if self.is_elsewhere(change, about) && !self.names(change, about) {
            return Some(Unasked::Elsewhere);
        }
        match change {
            Change::UpdateIssue { issue, .. } | Change::CommentOnIssue { issue, .. } => {
                self.is_of_others(issue).then_some(Unasked::OtherIssue)
            }
            _ => None,
        }
    }

    /// Whether a change is about another project than those of the place. A place of none says nothing.
    fn is_elsewhere(&self, change: &Change, about: Option<&Project>) -> bool {
        let mut here = self.here.iter();
        match (change.repository(), about) {
            _ if self.here.is_empty() => false,
            (Some(repository), _) => !here.any(|other| other.repository.as_ref() == Some(repository)),
            (None, Some(project)) => !here.any(|other| other.id == project.id),
            (None, None) => false,
        }
    }

    /// Whether the words name issues, and this is none of them, nor the one where they were said.
    fn is_of_others(&self, issue: &IssueRef) -> bool {
        let is_here = matches!(self.place, Place::GitHub(here) if here == issue);
        !is_here && named_issues(self.text) && !numbers(self.text).any(|number| number == issue.number)
    }
}

/// Whether a text names an issue as such: `#12`, or by its address.
fn named_issues(text: &str) -> bool {
    ["#", "/issues/", "/pull/"].iter().any(|before| {
        text.match_indices(before)
            .any(|(at, _)| text[at + before.len()..].starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// Every number in a text.
fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Repository;

    #[test]
    fn a_request_that_names_issues_asks_for_no_others() {
        let repository = Repository::new("github.com", "acme", "apollo").unwrap();
        let issue = |number| IssueRef {
            repository: repository.clone(),
            number,
        };
        let chat = Place::Slack {
            team: "T1".to_owned(),
            channel: "C1".to_owned(),
            thread: None,
        };
        let on_12 = Place::GitHub(issue(12));
        let table = [
            // What is said, where, and whether #12 is none of it.
            ("close the login bug", &chat, false),
            ("close #12", &chat, false),
            ("close #12 and 13", &chat, false),
            ("close #13", &chat, true),
            ("close #13 and 12", &chat, false),
            ("close https://github.com/acme/apollo/issues/13", &chat, true),
            ("close https://github.com/acme/apollo/pull/12", &chat, false),
            ("close 13", &chat, false),
            ("in #general they say it is done", &chat, false),
            ("it is done by #13", &on_12, false),
            ("close this", &on_12, false),
        ];
        for (text, place, expected) in table {
            let request = Request {
                text,
                place,
                here: &[],
            };
            assert_eq!(request.is_of_others(&issue(12)), expected, "{text}");
        }
    }
}
