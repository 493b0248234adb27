//! What the command about open questions does.

use super::Outcome;
use super::pages::{List, Shown};
use crate::action::{Actions, Trouble, Waiting};
use crate::domain::Asker;

/// The open questions that a person may see.
pub(super) async fn list(actions: &Actions, asker: &Asker, page: u32) -> Result<Outcome, Trouble> {
    let open = actions.open_questions(asker).await?;
    if open.is_empty() {
        return Ok(Outcome::words("No question waits for an answer here."));
    }
    let list = List {
        heading: String::new(),
        entries: open.iter().map(Waiting::line).collect(),
        note: "Answer with `approve` or `reject` and the number.".to_owned(),
        more: false,
        shown: Shown::by("gates"),
    };
    // A change that waits may have come from whatever its run read.
    let whose = "the questions that are open".to_owned();
    Ok(Outcome::Foreign(list.page(page, asker)?, whose))
}

/// The number of a question, as it was typed.
///
/// # Errors
/// For everything that is none.
pub(super) fn number(typed: &str) -> Result<i64, String> {
    let number = typed.trim_start_matches('#').parse();
    number.map_err(|_| "the question comes first, by its number, and then why".to_owned())
}
