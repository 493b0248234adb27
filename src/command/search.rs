//! Looking for words: in issues and pull requests, and in what was said.

use clap::{Args, ValueEnum};

use super::issues::reader;
use super::pages::{List, Shown};
use super::{Outcome, pages};
use crate::action::{Actions, Naming, Telling, Trouble, message_line};
use crate::domain::Asker;
use crate::guard::{Action, Subject};
use crate::markup::quote_untrusted;
use crate::platform::github::{IssueSearch, StateFilter};

/// How many issues are read: what GitHub gives in one call.
const ISSUES: usize = 100;
/// How many messages are read.
const MESSAGES: i64 = 200;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Within {
    /// Issues and pull requests.
    Issues,
    /// What was said at a project's places.
    Messages,
}

impl Within {
    fn word(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::Messages => "messages",
        }
    }
}

/// What to look for, and where.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Asked {
    /// The words, each of which must be there; quote them when they make a sentence
    #[arg(required = true)]
    words: Vec<String>,
    /// The project; left out for the one this place belongs to
    #[arg(long)]
    project: Option<String>,
    /// Where to look; everywhere when left out
    #[arg(id = "in", long = "in", ignore_case = true)]
    within: Option<Within>,
    /// Which page of a long list
    #[arg(long, value_parser = pages::number, default_value = "1")]
    page: u32,
}

/// What was found in one place.
struct Found {
    /// How much, in words.
    count: String,
    lines: Vec<String>,
    more: bool,
}

/// Looks for words.
pub(super) async fn run(actions: &Actions, asker: &Asker, asked: &Asked) -> Result<Outcome, Trouble> {
    let (words, within) = (asked.words.join(" "), asked.within);
    let (words, project) = (words.as_str(), asked.project.as_deref());
    let (there, mut telling) = ((actions, asker), Telling::people());
    let mut searched = Vec::new();
    if within != Some(Within::Messages) {
        searched.push(in_issues(there, words, project, &mut telling).await);
    }
    if within != Some(Within::Issues) {
        searched.push(in_messages(there, words, project, &mut telling).await);
    }
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    let mut trouble = None;
    for one in searched {
        match one {
            Ok(one) => found.push(one),
            Err(Trouble::Person(error) | Trouble::Unavailable(error)) => {
                notes.push(error.to_string());
                trouble.get_or_insert(error);
            }
            Err(other) => return Err(other),
        }
    }
    // That one of them cannot be searched is said under what the other has.
    if let Some(error) = trouble.filter(|_| found.is_empty()) {
        return Err(error.into());
    }
    let list = listed(words, found, notes.join("\n\n"), project, within);
    Ok(Outcome::told(list.page(asked.page, asker)?, &telling))
}

fn listed(
    words: &str,
    found: Vec<Found>,
    note: String,
    project: Option<&str>,
    within: Option<Within>,
) -> List {
    let counts: Vec<&str> = found.iter().map(|found| found.count.as_str()).collect();
    let (counts, words_shown) = (counts.join(" and "), quote_untrusted(words));
    let more = found.iter().any(|found| found.more);
    let entries: Vec<String> = found.into_iter().flat_map(|found| found.lines).collect();
    let heading = if entries.is_empty() {
        format!("{counts} has “{words_shown}”.")
    } else {
        format!("{counts} with “{words_shown}”:")
    };
    List {
        heading: capital(&heading),
        entries,
        note,
        more,
        shown: Shown::by("search")
            .word(Some(words))
            .option("--project", project)
            .option("--in", within.map(Within::word)),
    }
}

async fn in_issues(
    (actions, asker): (&Actions, &Asker),
    words: &str,
    project: Option<&str>,
    telling: &mut Telling<'_>,
) -> Result<Found, Trouble> {
    let permit = reader(actions, asker, project).await?;
    let search = IssueSearch {
        words: words.to_owned(),
        kind: None,
        state: StateFilter::All,
        limit: ISSUES,
    };
    let found = actions.search_issues(&permit, &search).await?;
    let shown = found.found.issues.len();
    let total = usize::try_from(found.found.total).unwrap_or(usize::MAX);
    Ok(Found {
        count: counted(
            total.max(shown),
            "issue or pull request",
            "issues and pull requests",
        ),
        lines: found.lines(telling),
        more: total > shown || found.found.incomplete,
    })
}

async fn in_messages(
    (actions, asker): (&Actions, &Asker),
    words: &str,
    project: Option<&str>,
    telling: &mut Telling<'_>,
) -> Result<Found, Trouble> {
    let project = actions.project(asker, project, Naming::Close).await?;
    let permit = actions
        .permit(asker, Action::SearchMessages, Subject::Project(project.id))
        .await?;
    let mut hits = actions.search_messages(&permit, words, MESSAGES + 1).await?;
    let limit = usize::try_from(MESSAGES).unwrap_or(usize::MAX);
    let more = hits.len() > limit;
    hits.truncate(limit);
    let least = if more { "at least " } else { "" };
    Ok(Found {
        count: format!("{least}{}", counted(hits.len(), "message", "messages")),
        lines: hits.iter().map(|hit| message_line(hit, telling)).collect(),
        more,
    })
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// A sentence with its first letter large.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}
