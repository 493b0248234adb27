//! How what others wrote is told: to people as a quotation, to a model fenced when its author is not trusted.

use super::issues::quoted;
use crate::markup::quote_untrusted;
use crate::markup::untrusted::{Fence, quotes, shown_line};
use crate::platform::github::visible;

/// Who wrote a text, and where it stands.
#[derive(Debug, Clone)]
pub struct By<'a> {
    /// The author's name.
    pub author: &'a str,
    /// Where it stands, e.g. "a comment on acme/apollo#12".
    pub source: String,
    /// Whether the author is trusted there.
    pub trusted: bool,
}

/// Whom it is told to.
#[derive(Debug)]
enum To<'a> {
    People,
    Model {
        fence: &'a Fence,
        /// The words of strangers are left out.
        withhold: bool,
    },
}

/// One telling. It remembers whose words it showed.
#[derive(Debug)]
pub struct Telling<'a> {
    to: To<'a>,
    strangers: Vec<String>,
    count: usize,
}

/// How many strangers are named.
const NAMED: usize = 3;

impl<'a> Telling<'a> {
    /// To people, who see what everybody wrote as a quotation.
    pub fn people() -> Self {
        Self::to(To::People)
    }

    /// To a model. With `withhold`, strangers' words are left out, and it says so.
    pub fn model(fence: &'a Fence, withhold: bool) -> Self {
        Self::to(To::Model { fence, withhold })
    }

    /// Whether it is told to people, who are not told anything by a fence.
    pub fn is_to_people(&self) -> bool {
        matches!(self.to, To::People)
    }

    fn to(to: To<'a>) -> Self {
        Self {
            to,
            strangers: Vec::new(),
            count: 0,
        }
    }

    /// A text in a line of ours.
    pub fn line(&mut self, by: &By<'_>, text: &str) -> String {
        match self.to {
            To::Model { withhold: true, .. } if !by.trusted => format!(
                "[{} by {} is left out: no rights here, and I have read another project]",
                by.source,
                name(by.author)
            ),
            To::Model { fence, .. } if !by.trusted => {
                self.met(by);
                fence.line(by.author, text)
            }
            _ => {
                self.met(by);
                quote_untrusted(text)
            }
        }
    }

    /// A text of several lines, as Markdown with what GitHub hides. Whoever quotes shows words of somebody whom nobody can name.
    pub fn block(&mut self, by: &By<'_>, markdown: &str) -> String {
        if by.trusted && quotes(markdown) {
            let quoting = By {
                source: format!("a quotation in {}", by.source),
                trusted: false,
                ..by.clone()
            };
            return self.whole(&quoting, markdown);
        }
        self.whole(by, markdown)
    }

    /// The same of a text of our own: whom it quotes, its run tells.
    pub fn whole(&mut self, by: &By<'_>, markdown: &str) -> String {
        match self.to {
            To::Model {
                fence,
                withhold: false,
            } if !by.trusted => {
                self.met(by);
                fence.block(by.author, &by.source, markdown)
            }
            To::Model { .. } if !by.trusted => self.line(by, ""),
            _ => {
                self.met(by);
                quoted(&visible(markdown))
            }
        }
    }

    fn met(&mut self, by: &By<'_>) {
        if by.trusted {
            return;
        }
        let stranger = format!("{} by {}", by.source, name(by.author));
        if !self.strangers.contains(&stranger) {
            self.count += 1;
            if self.strangers.len() < NAMED {
                self.strangers.push(stranger);
            }
        }
    }

    /// Whose words without rights were shown, and where they stand; none when there were none.
    pub fn strangers(&self) -> Option<String> {
        let named = self.strangers.join(", ");
        match self.count.saturating_sub(self.strangers.len()) {
            _ if self.count == 0 => None,
            0 => Some(named),
            more => Some(format!("{named} and {more} more")),
        }
    }
}

fn name(author: &str) -> String {
    quote_untrusted(&crate::domain::shorten(&shown_line(author), 60))
}
