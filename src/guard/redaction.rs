//! What never leaves: the configuration's own secrets, by their exact value, and what is a secret by its looks.
//!
//! A secret is found also where Markdown escapes or marks stand in it, since people would read it all the same.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::{Config, GitHubLogin, Provider, SlackMode};
use crate::domain::{Effect, IssueChange, NewIssue};
use crate::telemetry;

#[cfg(test)]
mod tests;

/// The shortest value that is masked, in characters: a shorter one, such as a key for trying things out, may be a word.
const SHORTEST: usize = 8;
/// The shortest line of a private key that is masked by itself.
const KEY_LINE: usize = 40;
/// What stands in a secret's place.
const MASK: &str = "***";

/// Masks secrets in what leaves.
#[derive(Clone, Default)]
pub struct Redaction(Arc<[SecretString]>);

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction of {} secrets", self.0.len())
    }
}

impl Redaction {
    /// Masks these values, and what is a secret by its looks.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let long = |secret: &SecretString| secret.expose_secret().trim().chars().count() >= SHORTEST;
        let mut secrets: Vec<SecretString> = secrets.into_iter().filter(long).collect();
        // One that holds another goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self(secrets.into())
    }

    /// Masks the secrets of a configuration.
    pub fn of(config: &Config) -> Self {
        let mut secrets = Vec::new();
        if let Some(slack) = &config.slack {
            secrets.push(slack.bot_token.clone());
            secrets.push(match &slack.mode {
                SlackMode::Socket { app_token } => app_token.clone(),
                SlackMode::Http { signing_secret } => signing_secret.clone(),
            });
        }
        secrets.extend(config.discord.as_ref().map(|discord| discord.bot_token.clone()));
        if let Some(github) = &config.github {
            match &github.login {
                GitHubLogin::Token(token) => secrets.push(token.clone()),
                GitHubLogin::App(app) => secrets.extend(key(app.private_key.expose_secret())),
            }
            secrets.extend(github.webhook_secret.clone());
        }
        if let Provider::OpenAi(server) = &config.model.provider {
            secrets.extend(server.api_key.clone());
        }
        secrets.extend(password(config.database.url.expose_secret()));
        Self::new(secrets)
    }

    /// A text without secrets; one that holds none stays as it is.
    pub fn mask(&self, text: &str) -> String {
        let mut text = telemetry::mask(text);
        for secret in self.0.iter() {
            let secret = secret.expose_secret().trim();
            let mut from = 0;
            while let Some((start, end)) = find(&text, from, secret) {
                text.replace_range(start..end, MASK);
                from = start + MASK.len();
            }
        }
        text
    }

    /// An effect without secrets in the words it writes. What it looks for or takes away stays as it is.
    pub fn mask_effect(&self, effect: Effect) -> Effect {
        let all = |list: Vec<String>| list.iter().map(|text| self.mask(text)).collect();
        match effect {
            Effect::CreateIssue(new) => Effect::CreateIssue(NewIssue {
                title: self.mask(&new.title),
                body: self.mask(&new.body),
                labels: all(new.labels),
                ..new
            }),
            Effect::UpdateIssue { issue, change } => {
                let mut change = IssueChange {
                    add_labels: all(change.add_labels),
                    ..change
                };
                for written in change.title.iter_mut().chain(change.body.iter_mut()) {
                    written.to = self.mask(&written.to);
                }
                Effect::UpdateIssue { issue, change }
            }
            Effect::Message { .. } => effect,
        }
    }
}

/// Where a secret stands in a text, in bytes.
fn find(text: &str, from: usize, secret: &str) -> Option<(usize, usize)> {
    let first = secret.chars().next()?;
    let starts = text[from..].match_indices(first).map(|(at, _)| from + at);
    starts
        .filter_map(|start| length_at(&text[start..], secret).map(|length| (start, start + length)))
        .next()
}

/// The length of a secret that a text begins with. Signs of Markdown and what nobody sees may stand in it.
fn length_at(text: &str, secret: &str) -> Option<usize> {
    let mut wanted = secret.chars().peekable();
    for (at, c) in text.char_indices() {
        match wanted.peek() {
            None => return Some(at),
            Some(next) if *next == c => drop(wanted.next()),
            Some(_)
                if matches!(
                    c,
                    '\\' | '*' | '`' | '~' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}'
                ) => {}
            Some(_) => return None,
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

/// A private key: whole, and by its lines.
fn key(pem: &str) -> Vec<SecretString> {
    let lines = pem.lines().map(str::trim).filter(|line| line.len() >= KEY_LINE);
    std::iter::once(pem)
        .chain(lines)
        .map(SecretString::from)
        .collect()
}

/// The password in a database's address; none when it is the user's name once more, as people have it for trying things out.
fn password(url: &str) -> Option<SecretString> {
    let url = Url::parse(url).ok()?;
    let password = url.password().filter(|password| *password != url.username())?;
    Some(SecretString::from(password))
}
