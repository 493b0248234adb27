//! Discord's text, read: it is Markdown already, but for what stands between angle brackets.
//! <https://discord.com/developers/docs/reference#message-formatting>

use std::collections::HashMap;

use crate::domain::{self, AccountKey, Mention, Platform};
use crate::platform::words::join;

/// What a text's ids are called.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    /// Users whom the message mentions, by id. Only these are mentions: in code, Discord leaves `<@…>` as it is.
    pub(super) users: HashMap<String, String>,
    /// Channels by id, without `#`.
    pub(super) channels: HashMap<String, String>,
    /// Roles that are our own.
    pub(super) our_roles: Vec<String>,
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// A user's id.
    User(&'a str),
    /// A role's id.
    Role(&'a str),
    /// A channel's id.
    Channel(&'a str),
    /// A server's own emoji, or the name of a command.
    Named(&'a str),
    /// A moment, in seconds since 1970.
    Moment(i64),
}

/// The text in pieces; a bracket that opens nothing is text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut words = 0;
    while let Some(open) = rest[words..].find('<').map(|at| words + at) {
        let inside = &rest[open + 1..];
        match inside
            .find(['<', '>', '\n'])
            .filter(|end| inside[*end..].starts_with('>'))
        {
            Some(end) if token(&inside[..end]).is_some() => {
                if open > 0 {
                    pieces.push(Piece::Words(&rest[..open]));
                }
                pieces.extend(token(&inside[..end]));
                rest = &inside[end + 1..];
                words = 0;
            }
            _ => words = open + 1,
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest));
    }
    pieces
}

/// What stands between angle brackets.
fn token(inside: &str) -> Option<Piece<'_>> {
    let digits = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(role) = inside.strip_prefix("@&") {
        return digits(role).then_some(Piece::Role(role));
    }
    if let Some(user) = inside.strip_prefix("@!").or_else(|| inside.strip_prefix('@')) {
        return digits(user).then_some(Piece::User(user));
    }
    if let Some(channel) = inside.strip_prefix('#') {
        return digits(channel).then_some(Piece::Channel(channel));
    }
    if let Some(moment) = inside.strip_prefix("t:") {
        let seconds = moment.split(':').next()?;
        return seconds.parse().ok().map(Piece::Moment);
    }
    let emoji = inside.strip_prefix("a:").or_else(|| inside.strip_prefix(':'));
    let named = emoji.or_else(|| inside.strip_prefix('/'));
    let (name, id) = named?.rsplit_once(':')?;
    (digits(id) && !name.is_empty()).then(|| Piece::Named(&inside[..inside.len() - id.len() - 1]))
}

/// Whom a text mentions besides us, as [`to_markdown`] writes them.
pub(super) fn mentions(text: &str, me: &str, names: &Names) -> Vec<Mention> {
    let users = pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::User(id) if id != me => Some(id),
        _ => None,
    });
    let mention = |id: &str| Mention {
        written: domain::clean(&user(id, names)),
        account: AccountKey {
            platform: Platform::Discord,
            workspace: "discord".to_owned(),
            user_id: id.to_owned(),
        },
    };
    users.map(mention).collect()
}

/// A mention as people read it.
fn user(id: &str, names: &Names) -> String {
    match names.users.get(id) {
        Some(name) => format!("@{name}"),
        None => format!("<@{id}>"),
    }
}

/// The text as Markdown: without our own mention, with names where Discord writes ids.
pub(super) fn to_markdown(text: &str, me: &str, names: &Names) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_us = false;
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) if after_us => join(&mut out, words),
            Piece::Words(words) => out.push_str(words),
            Piece::User(id) if id == me => {
                after_us = true;
                continue;
            }
            Piece::Role(id) if names.our_roles.iter().any(|role| role == id) => {
                after_us = true;
                continue;
            }
            Piece::User(id) => out.push_str(&user(id, names)),
            Piece::Role(_) => out.push_str("@role"),
            Piece::Channel(id) => {
                out.push_str(&format!("#{}", names.channels.get(id).map_or(id, String::as_str)));
            }
            Piece::Named(named) => {
                let emoji = named.strip_prefix("a:").or_else(|| named.strip_prefix(':'));
                out.push_str(&emoji.map_or_else(|| named.to_owned(), |name| format!(":{name}:")));
            }
            Piece::Moment(seconds) => match chrono::DateTime::from_timestamp(seconds, 0) {
                Some(at) => out.push_str(&at.format("%Y-%m-%d %H:%M UTC").to_string()),
                None => out.push_str(&format!("<t:{seconds}>")),
            },
        }
        after_us = false;
    }
    domain::clean(&out).trim().to_owned()
}
