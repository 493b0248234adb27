//! How Slack writes down what a person typed. <https://docs.slack.dev/messaging/formatting-message-text>

use super::state::{BOT_NAME, BOT_USER, State, user_id};

/// What a person typed, as it stands in events and history: `&`, `<` and `>` escaped, `@name` of a user,
/// `#name` of a channel and web addresses in angle brackets. A name nobody has stays as it was typed.
pub(super) fn typed(state: &State, typed: &str) -> String {
    let mut out = String::new();
    let mut rest = typed;
    let mut after_word = false;
    while let Some(next) = rest.chars().next() {
        let token = if after_word { None } else { token(state, rest) };
        if let Some((length, written)) = token {
            out.push_str(&written);
            rest = &rest[length..];
            after_word = true;
            continue;
        }
        match next {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
        after_word = next.is_alphanumeric() || next == '_';
        rest = &rest[next.len_utf8()..];
    }
    out
}

/// What the start of `rest` means to Slack: how many bytes it takes, and how it is written.
fn token(state: &State, rest: &str) -> Option<(usize, String)> {
    if rest.starts_with("https://") || rest.starts_with("http://") {
        let end = rest
            .find(|c: char| c.is_whitespace() || "<>|".contains(c))
            .unwrap_or(rest.len());
        let url = rest[..end].trim_end_matches(['.', ',', '!', '?', ')', ':', ';']);
        return Some((url.len(), format!("<{}>", url.replace('&', "&amp;"))));
    }
    let sigil = rest.chars().next().filter(|c| matches!(c, '@' | '#'))?;
    let word = rest[1..]
        .split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
        .next()?;
    let word = word.trim_end_matches(['.', '-', '_']);
    let written = match (sigil, word) {
        ('@', "here" | "channel" | "everyone") => format!("<!{word}>"),
        ('@', BOT_NAME) => format!("<@{BOT_USER}>"),
        ('@', _) => {
            let id = user_id(word);
            state.users.get(&id).filter(|name| name.as_str() == word)?;
            format!("<@{id}>")
        }
        _ => {
            let channel = state
                .channels
                .values()
                .find(|channel| channel.name == word && !word.is_empty())?;
            format!("<#{}|{}>", channel.id, channel.name)
        }
    };
    Some((1 + word.len(), written))
}

/// The text of a slash command when the app's settings escape names.
/// <https://docs.slack.dev/interactivity/implementing-slash-commands>
pub(super) fn slash(state: &State, text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let id = word.strip_prefix('@').map(user_id);
        match (id, word.strip_prefix('#')) {
            (Some(id), _) if state.users.contains_key(&id) => format!("<@{id}|{}>", &word[1..]),
            (_, Some(name)) => state
                .channels
                .values()
                .find(|channel| channel.name == name)
                .map_or_else(|| word.to_owned(), |channel| format!("<#{}|{name}>", channel.id)),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The text with the three escapes undone.
pub(super) fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
