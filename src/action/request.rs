//! What a request asks for, as far as its words show it: what a model changes beyond that is its own idea.

use super::{Actions, Change};
use crate::domain::{IssueRef, Place, Project, names};
use crate::gate::rules::Unasked;
use crate::guard::Subject;

/// The words of a request, and where they were said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The words.
    pub(super) text: &'a str,
    /// Where they were said.
    pub(super) place: &'a Place,
    /// The projects of that place.
    pub(super) here: &'a [Project],
    /// What its run has read first, when it has read anything.
    pub(super) home: Option<&'a [String]>,
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

    /// Whether a change is about another project than those of the place; at a place of none, than the one that was read first.
    fn is_elsewhere(&self, change: &Change, about: Option<&Project>) -> bool {
        let mut here = self.here.iter();
        match (change.repository(), about) {
            _ if self.here.is_empty() => {
                let outside = |(_, subject): &(_, Subject)| Actions::is_outside(self.home, subject);
                change.needs().iter().any(outside)
            }
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
    use crate::store::trust;

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
                home: None,
            };
            assert_eq!(request.is_of_others(&issue(12)), expected, "{text}");
        }
    }

    #[test]
    fn where_no_project_is_at_home_the_one_that_was_read_first_is() {
        let repository = |name| Repository::new("github.com", "acme", name).unwrap();
        let comment = |name| Change::CommentOnIssue {
            issue: IssueRef {
                repository: repository(name),
                number: 5,
            },
            text: "Done.".to_owned(),
        };
        let private = Place::Slack {
            team: "T1".to_owned(),
            channel: "D1".to_owned(),
            thread: None,
        };
        let home = [trust::repository_scope(&repository("apollo"))];
        let table = [
            ("what is open?", None, "zeus", false),
            ("what is open?", Some(home.as_slice()), "apollo", false),
            ("what is open?", Some(home.as_slice()), "zeus", true),
            (
                "say on zeus that it is done",
                Some(home.as_slice()),
                "zeus",
                false,
            ),
        ];
        for (text, home, about, expected) in table {
            let request = Request {
                text,
                place: &private,
                here: &[],
                home,
            };
            let unasked = request.unasked(&comment(about), None);
            assert_eq!(unasked.is_some(), expected, "{text} {about}");
        }
    }
}
