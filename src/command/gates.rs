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
