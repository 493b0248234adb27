//! Taking the bell off text that came from elsewhere.
//!
//! A zero-width space parts a mention's sign from its name: it reads the same and notifies nobody.

use super::Dialect;

/// U+200B, the zero-width space.
pub(super) const ZERO_WIDTH: char = '\u{200b}';

/// Slack's words for everybody, after an `@` (docs.slack.dev/messaging/formatting-message-text).
const SLACK_ALL: [&str; 3] = ["channel", "here", "everyone"];
/// Discord's words for everybody, after an `@` (discord.com/developers/docs/resources/message#allowed-mentions-object).
const DISCORD_ALL: [&str; 2] = ["everyone", "here"];

/// Text for a chat with its mentions neutralised; GitHub's need the whole source and stand in its own file.
pub(super) fn quiet(dialect: Dialect, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        out.push(c);
        let after = &text[at + c.len_utf8()..];
        let live = match dialect {
            Dialect::Slack => c == '@' && !before.is_alphanumeric() && names(after, &SLACK_ALL),
            // Discord finds the words anywhere, so an address at such a host is parted too.
            Dialect::Discord => (c == '@' && names_all(after)) || (c == '<' && after.starts_with(['@', '#'])),
            Dialect::GitHub | Dialect::Plain => false,
        };
        if live {
            out.push(ZERO_WIDTH);
        }
        before = c;
    }
    out
}

/// Whether a text begins with one of Discord's words for everybody.
pub(super) fn names_all(text: &str) -> bool {
    names(text, &DISCORD_ALL)
}

/// Whether a text begins with one of the words, in any case of letters.
fn names(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    })
}

/// Whether the `@` at a byte of the text could be GitHub's mention of a person or a team. An `@` after a letter, a
/// digit or an underscore is an e-mail address.
///
/// GitHub looks at the rendered text, so an entity or an escape behind the sign may be the name's first letter.
pub(super) fn is_github_mention(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at + 1..].chars().next();
    !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        && after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '&' || c == '\\')
}

/// Text as Markdown that renders literally; see [`super::quote_untrusted`].
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        quote_line(line.trim_end_matches([' ', '\t']), &mut out);
    }
    out
}

/// One line of [`quote`].
fn quote_line(line: &str, out: &mut String) {
    let body = line.trim_start_matches([' ', '\t']);
    for blank in line[..line.len() - body.len()].chars() {
        out.push_str(if blank == '\t' {
            "\u{a0}\u{a0}\u{a0}\u{a0}"
        } else {
            "\u{a0}"
        });
    }
    // `1.` and `1)` begin a list; the escape has to stand before the punctuation.
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let mut before = None;
    for (at, c) in body.char_indices() {
        let after = &body[at + c.len_utf8()..];
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '|' => true,
            '_' => !(before.is_some_and(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)),
            '&' => is_entity(after),
            '#' | '-' | '+' | '=' | ':' => at == 0,
            '.' | ')' => digits > 0 && at == digits,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        let address = before.is_some_and(|b: char| b.is_ascii_alphanumeric() || b == '_');
        if c == '@' && !address && !after.is_empty() && !after.starts_with(char::is_whitespace) {
            out.push(ZERO_WIDTH);
        }
        before = Some(c);
    }
}

/// Whether what follows an ampersand would make it an entity.
fn is_entity(after: &str) -> bool {
    let name = after
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
        .count();
    name > 0 && after.as_bytes().get(name) == Some(&b';')
}
