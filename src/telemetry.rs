//! Logging: one subscriber on standard error (standard output is for answers), and the one way to log an
//! unexpected error. Invariant: whatever is written has passed [`scrub`].

use std::error::Error;
use std::fmt;
use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// The environment variable that holds the filter, in the syntax of [`EnvFilter`]: `debug`, `info,sqlx=debug`.
pub const FILTER_VARIABLE: &str = "CALLSHEET_LOG";

/// The filter when [`FILTER_VARIABLE`] says nothing: our own doings, and of the chatty libraries only warnings. Four say
/// nothing: two log contents, the others repeat what our own lines say.
pub const DEFAULT_FILTER: &str =
    "info,sqlx=warn,hyper=warn,slack_morphism=off,serenity=off,async_openai=off,octocrab=off";

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be parsed.
    #[error(
        "{FILTER_VARIABLE}: not a log filter ({0}). Give a level such as \"debug\", or \"info,sqlx=debug\"."
    )]
    Filter(String),
    /// The process has a subscriber already.
    #[error("logging is set up already")]
    AlreadySet,
}

/// Sends the logs of this process to standard error, filtered by [`FILTER_VARIABLE`], else by `default_filter`
/// (normally [`DEFAULT_FILTER`]).
///
/// # Errors
/// The variable holds no valid filter, or a subscriber is set already.
pub fn init(format: Format, default_filter: &str) -> Result<(), TelemetryError> {
    let filter = filter(std::env::var(FILTER_VARIABLE).ok().as_deref(), default_filter)?;
    tracing::subscriber::set_global_default(subscriber(format, filter, io::stderr))
        .map_err(|_| TelemetryError::AlreadySet)
}

fn filter(given: Option<&str>, default: &str) -> Result<EnvFilter, TelemetryError> {
    let text = given.filter(|text| !text.trim().is_empty()).unwrap_or(default);
    // A lone word that is no level would be taken for the name of a part, and silence all others.
    let is_level = |word: &str| word.trim().parse::<tracing::level_filters::LevelFilter>().is_ok();
    if let Some(word) = text
        .split(',')
        .find(|word| !word.contains(['=', ':', '[']) && !is_level(word))
    {
        let why = format!(
            "`{}` is no level; use error, warn, info, debug, trace or off",
            word.trim()
        );
        return Err(TelemetryError::Filter(scrub(&why)));
    }
    EnvFilter::try_new(text).map_err(|error| TelemetryError::Filter(scrub(&error.to_string())))
}

fn subscriber<W>(format: Format, filter: EnvFilter, writer: W) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // No colours: escape sequences between a name and its value would hide a token from `scrub`.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Scrubbed(writer));
    match format {
        Format::Text => Box::new(builder.finish()),
        Format::Json => Box::new(builder.json().finish()),
    }
}

/// Makes writers that scrub; the formatter hands over each event in one piece.
struct Scrubbed<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Scrubbed<W> {
    type Writer = ScrubbingWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        ScrubbingWriter(self.0.make_writer())
    }
}

struct ScrubbingWriter<W>(W);

impl<W: Write> Write for ScrubbingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A log that cannot be written must not stop the service: the subscriber would panic over an error.
        let _ = self
            .0
            .write_all(scrub(&String::from_utf8_lossy(bytes)).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// The short name of one unexpected error: given to the person who met it, and found in the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ErrorId(String);

impl ErrorId {
    /// Eight characters from the first 40 bits of a random (version 4) id, in Crockford's base 32
    /// (<https://www.crockford.com/base32.html>: no letter that is mistaken for a digit), in lower case.
    pub fn from_uuid(id: Uuid) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let bits = id.as_u128() >> 88;
        let digit = |place: u32| char::from(DIGITS[usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0)]);
        Self((0..8).rev().map(digit).collect())
    }

    /// The eight characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Logs an unexpected error once, with everything that caused it, and returns the id to show to a person. For
/// the boundary where the error ends, not for places that pass it on. `what` says what was being done.
pub fn report(error: &dyn Error, what: &str) -> ErrorId {
    let id = ErrorId::from_uuid(Uuid::new_v4());
    tracing::error!(error_id = %id, error = %scrub(&chain(error)), "{}", scrub(what));
    id
}

/// The error and its sources, joined by colons. A source whose text its parent already repeats is left out.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

/// How a secret is recognised: by what stands before it.
struct Marker {
    prefix: &'static str,
    /// Characters that belong to the secret.
    body: fn(char) -> bool,
    /// The fewest characters that make it one.
    least: usize,
    /// The same inside a word, as after the escape in `%20xoxb-…`; `None`: never ("task-…").
    least_inside: Option<usize>,
    /// Whether upper and lower case are the same in the prefix.
    any_case: bool,
}

const fn token(prefix: &'static str, least: usize, least_inside: Option<usize>) -> Marker {
    Marker {
        prefix,
        body: is_token_char,
        least,
        least_inside,
        any_case: false,
    }
}

const fn named(prefix: &'static str, least: usize, any_case: bool) -> Marker {
    Marker {
        prefix,
        body: is_value_char,
        least,
        least_inside: None,
        any_case,
    }
}

/// Token forms: <https://docs.slack.dev/authentication/tokens> and
/// <https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>; `ticket=` stands in the
/// address of a Slack socket; a Discord interaction's token is base64 and begins with the word "interaction:". `sk-` is short enough to begin a common word, so it asks for more.
const MARKERS: [Marker; 24] = [
    token("xoxb-", 1, Some(1)),
    token("xoxp-", 1, Some(1)),
    token("xoxa-", 1, Some(1)),
    token("xoxe-", 1, Some(1)),
    token("xoxr-", 1, Some(1)),
    token("xoxs-", 1, Some(1)),
    token("xapp-", 1, Some(1)),
    token("github_pat_", 1, Some(1)),
    token("ghp_", 1, Some(30)),
    token("gho_", 1, Some(30)),
    token("ghu_", 1, Some(30)),
    token("ghs_", 1, Some(30)),
    token("ghr_", 1, Some(30)),
    token("sk-", 8, None),
    token("hooks.slack.com/services/", 1, None),
    token("aW50ZXJhY3Rpb246", 1, Some(1)),
    named("bearer ", 1, true),
    named("Bot ", 50, false),
    named("Basic ", 12, false),
    named("ticket=", 1, true),
    named("token=", 1, true),
    named("secret=", 1, true),
    named("password=", 1, true),
    named("api_key=", 1, true),
];

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/')
}

fn is_value_char(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '\'' | ',' | ';' | '&' | '<' | '>' | ')' | '}' | '\\')
}

const MASK: &str = "***";

/// The fewest characters of a secret in words that people read.
const SURELY: usize = 20;

/// Masks what looks like a secret: Slack, GitHub and OpenAI tokens, `Bearer …`, and the password in
/// `scheme://user:password@host`. The beginning stays, so that one sees what it was.
pub fn scrub(text: &str) -> String {
    masked(text, false)
}

/// The same for words that people read, which change only where a secret is beyond doubt: "bearer of bad news" and
/// "token=yours" stay.
pub fn mask(text: &str) -> String {
    masked(text, true)
}

fn masked(text: &str, surely: bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(first) = rest.chars().next() {
        let (kept, masked) = secret_at(rest, before, surely).unwrap_or((first.len_utf8(), 0));
        let (keep, after) = rest.split_at(kept);
        clean.push_str(keep);
        if masked > 0 {
            clean.push_str(MASK);
        }
        let (hidden, after) = after.split_at(masked);
        before = hidden.chars().next_back().or_else(|| keep.chars().next_back());
        rest = after;
    }
    clean
}

/// If a secret begins here: how many bytes to keep before it, and how many bytes it has.
fn secret_at(text: &str, before: Option<char>, surely: bool) -> Option<(usize, usize)> {
    if text.starts_with("://") {
        return password_at(text, before);
    }
    let inside = before.is_some_and(|c| c.is_ascii_alphanumeric());
    let marker = MARKERS
        .iter()
        .find(|marker| match text.get(..marker.prefix.len()) {
            Some(head) if marker.any_case => head.eq_ignore_ascii_case(marker.prefix),
            head => head == Some(marker.prefix),
        })?;
    let least = if inside {
        marker.least_inside?
    } else {
        marker.least
    };
    let body = text[marker.prefix.len()..].find(|c| !(marker.body)(c));
    let body = body.unwrap_or(text.len() - marker.prefix.len());
    let secret = &text[marker.prefix.len()..marker.prefix.len() + body];
    let is_one = body >= least && (!surely || is_random(secret));
    is_one.then_some((marker.prefix.len(), body))
}

/// Whether letters and digits are mixed for as long as nobody writes by hand.
fn is_random(secret: &str) -> bool {
    secret.len() >= SURELY
        && secret.contains(|c: char| c.is_ascii_digit())
        && secret.contains(|c: char| c.is_ascii_alphabetic())
}

/// The password in `://user:password@`. It ends at the last `@` before a blank or quote, and may hold a `/`
/// (against the rules, but people paste it) when no port number explains the colon.
fn password_at(text: &str, before: Option<char>) -> Option<(usize, usize)> {
    before.filter(char::is_ascii_alphanumeric)?;
    let start = "://".len();
    let run = text[start..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'));
    let run = &text[start..run.map_or(text.len(), |end| start + end)];
    let colon = run
        .find(':')
        .filter(|colon| !run[..*colon].contains(['/', '@']))?;
    let after = &run[colon + 1..];
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let is_port = digits > 0 && after[digits..].starts_with(['/', '?', '#']);
    let authority = if is_port {
        after.find(['/', '?', '#']).unwrap_or(after.len())
    } else {
        after.len()
    };
    let end = after[..authority].rfind('@').filter(|end| *end > 0)?;
    Some((start + colon + 1, end))
}
