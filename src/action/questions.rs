//! The questions that wait for an answer, as far as somebody may see them.

use super::{Actions, Trouble};
use crate::domain::{Asker, shorten};
use crate::guard::{self, Action, Subject};
use crate::markup::quote_untrusted;
use crate::store::gates::{self, Gate};
use crate::store::{people, projects};

/// How much of a question is shown in a list, in characters.
const SHOWN: usize = 120;
/// The same in a list, where questions are told apart.
const LINE: usize = 200;

/// A question that waits, and the name of the project that it is about.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The question.
    pub gate: Gate,
    project: Option<String>,
}

impl Actions {
    /// The open questions of the projects that a person may read, and those they asked for themselves, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_questions(&self, asker: &Asker) -> Result<Vec<Waiting>, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let open = gates::open(&mut tx).await?;
        let person = guard::person(&mut tx, asker).await?;
        let mine = people::identities(&mut tx, person).await?;
        let is_mine = |gate: &Gate| gate.person.is_some_and(|by| mine.contains(&by));
        drop(tx);
        let mut waiting = Vec::new();
        for gate in open {
            let may = match gate.project {
                Some(id) if is_mine(&gate) => {
                    self.seen.note(&Subject::Project(id));
                    true
                }
                None if is_mine(&gate) => true,
                Some(id) => {
                    let asked = self.may(asker, Action::ReadInside, Subject::Project(id));
                    match asked.await {
                        Ok(_) => true,
                        Err(Trouble::Person(_) | Trouble::Unavailable(_)) => false,
                        Err(other) => return Err(other),
                    }
                }
                None => false,
            };
            if !may {
                continue;
            }
            let mut tx = self.engine.db.read().await?;
            let project = match gate.project {
                Some(id) => projects::get(&mut tx, id).await?.map(|project| project.name),
                None => None,
            };
            waiting.push(Waiting { gate, project });
        }
        Ok(waiting)
    }
}

impl Waiting {
    /// What it asks, for where nothing is written as Markdown: its number and the first words.
    pub fn plain(&self) -> String {
        let words: Vec<&str> = self.gate.shown.split_whitespace().collect();
        let words = words.join(" ").replace('`', "");
        shorten(&format!("{}: {words}", self.gate.number), SHOWN)
    }

    /// The question, as a line of a Markdown list.
    pub fn line(&self) -> String {
        let words: Vec<&str> = self.gate.shown.split_whitespace().collect();
        let words = words.join(" ").replace('`', "");
        format!(
            "- **{}** {}: {} (asked for by {}, until {})",
            self.gate.number,
            self.project.as_deref().unwrap_or("no project"),
            quote_untrusted(&shorten(&words, LINE)),
            quote_untrusted(&self.gate.asker_name),
            self.gate.expires_at.format("%-d %b %Y, %H:%M UTC")
        )
    }
}
