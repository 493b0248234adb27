//! Long lists, page by page: by buttons where a platform has them, by `--page` everywhere.

#[cfg(test)]
mod tests;

use crate::domain::{Answer, Asker, Button, PersonError, Platform, quoted};

/// How many entries a page has.
const ENTRIES: usize = 10;

/// A page's number as it is typed.
pub(super) fn number(text: &str) -> Result<u32, String> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "a page has a number, from 1".to_owned())
}

/// A command that shows a list, for the buttons that show its other pages.
#[derive(Debug, Clone)]
pub(super) struct Shown(String);

impl Shown {
    /// A command without its options.
    pub(super) fn by(command: &str) -> Self {
        Self(command.to_owned())
    }

    /// With a value more.
    pub(super) fn word(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => Self(format!("{} {}", self.0, quoted(value))),
            None => self,
        }
    }

    /// With an option more; `flag` is written like `--state`.
    pub(super) fn option(self, flag: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => Self(format!("{} {flag} {}", self.0, quoted(value))),
            None => self,
        }
    }

    fn page(&self, number: usize) -> String {
        format!("{} --page {number}", self.0)
    }
}

/// A list, whole.
#[derive(Debug, Clone)]
pub(super) struct List {
    /// What stands above the entries, as Markdown; may be empty.
    pub(super) heading: String,
    /// The entries, a line of a Markdown list each.
    pub(super) entries: Vec<String>,
    /// What stands below them, as Markdown; may be empty.
    pub(super) note: String,
    /// Whether there are, or may be, more than these.
    pub(super) more: bool,
    /// What shows it.
    pub(super) shown: Shown,
}

impl List {
    /// One page of it.
    ///
    /// # Errors
    /// When there is no such page.
    pub(super) fn page(&self, number: u32, asker: &Asker) -> Result<Answer, PersonError> {
        let pages = self.entries.len().div_ceil(ENTRIES).max(1);
        let number = number as usize;
        let least = if self.more { "at least " } else { "" };
        if number > pages {
            let count = match pages {
                1 => "there is one page only".to_owned(),
                _ => format!("there are {pages} pages"),
            };
            let why = if self.more {
                format!("{count} of what I read, and I read no more")
            } else {
                count
            };
            return Err(PersonError::new(
                format!("I could not show page {number}"),
                why,
                format!("The last one: `{}`", self.shown.page(pages)),
            ));
        }
        let entries = self.entries.iter().skip((number - 1) * ENTRIES).take(ENTRIES);
        let entries: Vec<&str> = entries.map(String::as_str).collect();
        let mut parts = vec![self.heading.clone(), entries.join("\n"), self.note.clone()];
        let (buttons, words) = self.others(number, pages, asker.place.platform());
        if pages > 1 {
            parts.push(format!("Page {number} of {least}{pages}.{words}"));
        }
        parts.retain(|part| !part.is_empty());
        Ok(Answer {
            markdown: parts.join("\n\n"),
            buttons,
        })
    }

    /// The ways to the pages before and after: buttons, or words where there are none, or where a command is too long for one.
    fn others(&self, number: usize, pages: usize, platform: Platform) -> (Vec<Button>, String) {
        let ways = [
            ("Previous page", number - 1, number > 1),
            ("Next page", number + 1, number < pages),
        ];
        let ways = ways.into_iter().filter(|(.., there)| *there);
        let pressed = matches!(platform, Platform::Slack | Platform::Discord);
        let (mut buttons, mut words) = (Vec::new(), String::new());
        for (label, page, _) in ways {
            match Button::new(label, self.shown.page(page)).filter(|_| pressed) {
                Some(button) => buttons.push(button),
                None => words.push_str(&format!(" {label}: `{}`.", self.shown.page(page))),
            }
        }
        (buttons, words)
    }
}
