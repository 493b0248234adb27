//! What a person may mean while they type, for platforms that ask: the one implementation of [`Suggest`].

use futures::future::BoxFuture;

use crate::action::{Actions, Trouble};
use crate::domain::{ArgumentKind, Author, Place};
use crate::platform::discord::{Choice, Suggest};

/// Suggests what the actions know, and the judge lets the person read.
pub(super) struct Suggestions(pub(super) Actions);

impl Suggest for Suggestions {
    fn suggest<'a>(
        &'a self,
        kind: &'a ArgumentKind,
        author: &'a Author,
        place: &'a Place,
        so_far: &'a str,
    ) -> BoxFuture<'a, Vec<Choice>> {
        Box::pin(async move {
            let likely = match kind {
                ArgumentKind::Project => self.projects(author, place, so_far).await,
                ArgumentKind::Gate => self.gates(author, place, so_far).await,
                ArgumentKind::Text | ArgumentKind::Number | ArgumentKind::Flag | ArgumentKind::Choice(_) => {
                    Ok(Vec::new())
                }
            };
            likely.unwrap_or_else(|trouble| {
                tracing::debug!(%trouble, "nothing could be suggested");
                Vec::new()
            })
        })
    }
}

impl Suggestions {
    async fn projects(&self, author: &Author, place: &Place, so_far: &str) -> Result<Vec<Choice>, Trouble> {
        let likely = self.0.likely(author, place, so_far).await?;
        let choices = likely.into_iter().map(|project| Choice {
            name: project.name,
            value: project.slug.into(),
        });
        Ok(choices.collect())
    }

    /// The questions that wait and whose number begins so, the newest first: it is what people were just asked.
    async fn gates(&self, author: &Author, place: &Place, so_far: &str) -> Result<Vec<Choice>, Trouble> {
        let asker = self.0.onlooker(author, place).await?;
        let mut open = self.0.open_questions(&asker).await?;
        let typed = so_far.trim().trim_start_matches('#');
        open.retain(|waiting| waiting.gate.number.to_string().starts_with(typed));
        let choices = open.iter().rev().map(|waiting| Choice {
            name: waiting.plain(),
            value: waiting.gate.number.into(),
        });
        Ok(choices.collect())
    }
}
