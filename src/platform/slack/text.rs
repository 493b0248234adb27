//! Slack's mrkdwn, read: <https://docs.slack.dev/messaging/formatting-message-text>. What stands in angle
//! brackets is a mention or a link; `&`, `<` and `>` of the writer are escaped.

use std::collections::BTreeSet;

use super::names::Names;
use crate::domain::{self, AccountKey, Addressed, Mention, Platform};
use crate::platform::words::join;

/// A piece of mrkdwn.
enum Piece<'a> {
    /// Text, still escaped.
    Words(&'a str),
    /// What stands between angle brackets, and its label.
    Token(&'a str, Option<&'a str>),
}

/// The text in pieces; a bracket that opens nothing is text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let inside = &rest[open + 1..];
        let token = inside
            .find(['<', '>', '\n'])
            .filter(|end| inside[*end..].starts_with('>'));
        match token.map(|end| &inside[..end]).filter(|token| is_token(token)) {
            Some(token) => {
                pieces.push(Piece::Words(&rest[..open]));
                let (what, label) = match token.split_once('|') {
                    Some((what, label)) => (what, Some(label).filter(|label| !label.trim().is_empty())),
                    None => (token, None),
                };
                pieces.push(Piece::Token(what, label));
                rest = &inside[token.len() + 1..];
            }
            None => {
                pieces.push(Piece::Words(&rest[..=open]));
                rest = inside;
            }
        }
    }
    pieces.push(Piece::Words(rest));
    pieces
}

fn is_token(token: &str) -> bool {
    token.len() > 1 && (token.starts_with(['@', '#', '!']) || token.contains(':'))
}

/// The ids a text names without a label, for which a name has to be looked up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentioned {
    /// Users.
    pub(super) users: BTreeSet<String>,
    /// Channels.
    pub(super) channels: BTreeSet<String>,
}

impl Mentioned {
    /// Adds what `text` names.
    pub(super) fn add(&mut self, text: &str) {
        for piece in pieces(text) {
            let Piece::Token(what, None) = piece else { continue };
            if let Some(user) = what.strip_prefix('@') {
                self.users.insert(user.to_owned());
            } else if let Some(channel) = what.strip_prefix('#') {
                self.channels.insert(channel.to_owned());
            }
        }
    }
}

/// Whom a text in a channel speaks to, by its mentions.
pub(super) fn addressed(text: &str, me: &str) -> Addressed {
    let users: Vec<&str> = pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Token(what, _) => what.strip_prefix('@'),
            Piece::Words(_) => None,
        })
        .collect();
    match users.as_slice() {
        [] => Addressed::Nobody,
        users if users.contains(&me) => Addressed::Us,
        _ => Addressed::Others,
    }
}

/// The text as Markdown: without our own mention, with names where Slack writes ids.
pub(super) fn to_markdown(text: &str, me: &str, names: &Names) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_us = false;
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) if after_us => join(&mut out, &unescape(words)),
            Piece::Words(words) => out.push_str(&unescape(words)),
            Piece::Token(what, label) => {
                after_us = what.strip_prefix('@') == Some(me);
                if !after_us {
                    out.push_str(&written(what, label, names));
                }
                continue;
            }
        }
        after_us = false;
    }
    domain::clean(&out).trim().to_owned()
}

/// Whom a text mentions besides us, as [`to_markdown`] writes them.
pub(super) fn mentions(text: &str, me: &str, team: &str, names: &Names) -> Vec<Mention> {
    let tokens = pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Token(what, label) => Some((what, label, what.strip_prefix('@')?)),
        Piece::Words(_) => None,
    });
    let others = tokens.filter(|(_, _, user)| *user != me);
    let mention = |(what, label, user): (&str, Option<&str>, &str)| Mention {
        written: domain::clean(&written(what, label, names)),
        account: AccountKey {
            platform: Platform::Slack,
            workspace: team.to_owned(),
            user_id: user.to_owned(),
        },
    };
    others.map(mention).collect()
}

/// A mention or link as Markdown.
fn written(what: &str, label: Option<&str>, names: &Names) -> String {
    let label = label.map(unescape);
    if let Some(user) = what.strip_prefix('@') {
        let known = names.users.get(user).cloned().or(label);
        return format!("@{}", known.as_deref().unwrap_or(user).trim_start_matches('@'));
    }
    if let Some(channel) = what.strip_prefix('#') {
        let known = label.or_else(|| names.channels.get(channel).cloned());
        return format!("#{}", known.as_deref().unwrap_or(channel).trim_start_matches('#'));
    }
    if let Some(special) = what.strip_prefix('!') {
        // `date^…` carries the text to show as its label, `subteam^S1` the group's name with its `@`.
        let id = special.rsplit('^').next().unwrap_or(special);
        return match label {
            Some(label) if special.starts_with("date^") => label,
            Some(label) => format!("@{}", label.trim_start_matches('@')),
            None => format!("@{id}"),
        };
    }
    link(&unescape(what), label.as_deref())
}

/// A link. A label that is the address as it was typed, without its scheme, stays what was typed.
fn link(url: &str, label: Option<&str>) -> String {
    match label {
        Some(label) if url.ends_with(label) && bare(url) == bare(label) => label.to_owned(),
        Some(label) => {
            let label = label
                .replace('\\', "\\\\")
                .replace('[', "\\[")
                .replace(']', "\\]");
            let url = url.replace('(', "%28").replace(')', "%29").replace(' ', "%20");
            format!("[{label}]({url})")
        }
        None => bare_mail(url).to_owned(),
    }
}

fn bare(url: &str) -> &str {
    let url = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or(url);
    bare_mail(url)
}

fn bare_mail(url: &str) -> &str {
    url.strip_prefix("mailto:")
        .or_else(|| url.strip_prefix("tel:"))
        .unwrap_or(url)
}

/// Undoes Slack's three escapes, each once.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escapes = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        let (taken, meant) = escapes
            .into_iter()
            .find(|(escape, _)| rest.starts_with(escape))
            .map_or((1, '&'), |(escape, meant)| (escape.len(), meant));
        out.push(meant);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// Whether two texts of ours say the same after what Slack does to a text it keeps: it escapes, puts addresses
/// into brackets, and turns emoji into `:shortcodes:`. Letters, digits and ASCII signs are compared.
pub(super) fn same(left: &str, right: &str) -> bool {
    domain::same_text(&essence(left), &essence(right))
}

fn essence(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => plain.push_str(&unescape(words)),
            Piece::Token(what, _) if what.starts_with(['@', '#', '!']) => plain.push_str(what),
            Piece::Token(what, label) => {
                let url = unescape(what);
                let label = label.map(unescape).filter(|label| bare(&url) != bare(label));
                plain.push_str(bare(&url).trim_end_matches('/'));
                plain.push_str(&label.unwrap_or_default());
            }
        }
    }
    let plain = plain.replace("https://", "").replace("http://", "");
    let lines = without_shortcodes(&plain);
    let kept: String = lines
        .chars()
        .filter(|c| c.is_ascii() || c.is_alphanumeric())
        .collect();
    kept.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
        .collect()
}

/// The text without `:name:` emoji.
fn without_shortcodes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        let name =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '+' | '\'');
        match inside
            .find(|c| !name(c))
            .filter(|end| *end > 0 && inside[*end..].starts_with(':'))
        {
            Some(end) => rest = &inside[end + 1..],
            None => {
                out.push(':');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}
