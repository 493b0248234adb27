//! What was said at a project's places, and posting there.

use super::projects::day;
use super::telling::{By, Telling};
use super::{Actions, Origin, Trouble};
use crate::domain::{PersonError, Place, clean, shorten};
use crate::engine::outbox::{Post, dialect};
use crate::guard::{Action, Permit};
use crate::markup::untrusted::shown;
use crate::markup::{self, quote_untrusted};
use crate::store::deliveries::Purpose;
use crate::store::search::{self, Hit};
use crate::store::{Tx, projects};

/// The longest post, in characters: three full Slack messages.
const MAX_POST: usize = 12_000;

impl Actions {
    /// The newest messages that hold all of `words`.
    ///
    /// # Errors
    /// When there are no words to look for.
    pub async fn search_messages(
        &self,
        permit: &Permit,
        words: &str,
        limit: i64,
    ) -> Result<Vec<Hit>, Trouble> {
        let project = permit.project(Action::SearchMessages)?;
        if !words.chars().any(char::is_alphanumeric) {
            return Err(PersonError::new(
                "I could not search",
                "there are no words to look for",
                "Name some",
            )
            .into());
        }
        let mut tx = self.engine.db.read().await?;
        Ok(search::messages(&mut tx, project, words, limit).await?)
    }

    /// Posts to a place that is bound to the permit's project.
    ///
    /// # Errors
    /// When the place is not bound to it, or the text is empty or too long.
    pub async fn post_message(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        place: &Place,
        text: &str,
        origin: Origin,
    ) -> Result<(), Trouble> {
        let project = permit.project(Action::PostMessage)?;
        let what = "I could not post this";
        if projects::binding(tx, place).await?.map(|bound| bound.project_id) != Some(project) {
            return Err(
                PersonError::new(what, "the place is not bound to the project", "Bind it first").into(),
            );
        }
        self.reachable(place, what)?;
        let length = text.chars().count();
        if markup::render(text, dialect(place)).is_empty() || length > MAX_POST {
            let why = if length > MAX_POST {
                format!("it has {length} characters, and I post at most {MAX_POST}")
            } else {
                "the text is empty".to_owned()
            };
            return Err(PersonError::new(what, why, "Change the text").into());
        }
        let post = Post {
            place,
            markdown: &clean(text),
            purpose: Purpose::Tool,
            run: origin.run,
            step: origin.step,
            conversation: origin.conversation,
            reply: None,
            buttons: &[],
            last: true,
        };
        self.outbox.post(tx, &post).await?;
        Ok(())
    }

    /// # Errors
    /// When the place's platform is not set up.
    pub(super) fn reachable(&self, place: &Place, what: &str) -> Result<(), PersonError> {
        if self.outbox.reaches(place) {
            return Ok(());
        }
        let platform = place.platform();
        Err(PersonError::new(
            what,
            format!("{platform} is not set up here"),
            "Have whoever runs Callsheet fill in its section of bot.toml and start me again",
        ))
    }
}

/// What a search found, in Markdown.
pub fn found(words: &str, hits: &[Hit], telling: &mut Telling<'_>) -> String {
    if hits.is_empty() {
        return format!(
            "Nobody said “{}” at the places of this project.",
            quote_untrusted(words)
        );
    }
    let lines: Vec<String> = hits.iter().map(|hit| line(hit, telling)).collect();
    format!(
        "{} found for “{}”, newest first:\n\n{}",
        hits.len(),
        quote_untrusted(words),
        lines.join("\n")
    )
}

/// A found message, as a line of a Markdown list.
pub fn line(hit: &Hit, telling: &mut Telling<'_>) -> String {
    let by = By {
        author: &hit.author_name,
        source: "a message".to_owned(),
        trusted: hit.trusted,
    };
    // What is hidden goes before it is shortened, or it would take the room of what is seen.
    let text = if hit.trusted {
        hit.text.clone()
    } else {
        shown(&hit.text)
    };
    let text = shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), 200);
    let (at, text) = (day(hit.sent_at), telling.line(&by, &text));
    if hit.trusted || telling.is_to_people() {
        format!("- {}, {at}: {text}", quote_untrusted(&hit.author_name))
    } else {
        format!("- {at}: {text}")
    }
}
