//! What can go wrong with GitHub: read from its answer by one pure function, said to people by another, and turned
//! into the fate of a delivery by a third.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::answer::Answer;
use crate::domain::{PersonError, Repository, clean, shorten};
use crate::engine::sender::Outcome;

/// How long to wait after a rate limit that names no time
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>).
const WAIT: TimeDelta = TimeDelta::seconds(60);
/// How much of GitHub's own words is shown, in graphemes.
const WORDS: usize = 300;

/// Why GitHub did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitHubError {
    /// 404: it does not exist, or our account may not see it; GitHub does not say which.
    NotFound,
    /// 410: it was deleted, or issues are switched off. In GitHub's words.
    Gone(String),
    /// 403 for want of a right. In GitHub's words.
    Forbidden(String),
    /// 403 because the conversation is locked.
    Locked,
    /// 403 because the repository is archived.
    Archived,
    /// 422 and other refusals of what was sent. In GitHub's words.
    Invalid(String),
    /// 401: the token is wrong, expired or revoked.
    Unauthorized,
    /// 401 to an App: its key is wrong or deleted, or the clocks differ. In words.
    KeyRefused(String),
    /// 401 to a token that GitHub had just given to our App.
    TokenRefused,
    /// The App is not installed for a repository.
    NotInstalled {
        /// The App's name.
        app: String,
        /// The repository.
        repository: Repository,
        /// Where it is installed.
        page: String,
    },
    /// The App's installation was suspended by the account it is installed for.
    Suspended,
    /// 403 or 429: a rate limit.
    RateLimited {
        /// When to try again, by GitHub's word or its documentation.
        retry_at: DateTime<Utc>,
    },
    /// The repository or issue was renamed or moved, and a change is not redirected.
    Moved,
    /// The repository is on a host that is not configured.
    OtherHost {
        /// The configured host.
        ours: String,
        /// The repository's host.
        theirs: String,
    },
    /// No connection came about, so nothing was sent.
    Unreachable(String),
    /// A request was sent and no usable answer came: a 5xx, a broken connection, a time-out.
    Lost(String),
    /// An answer that GitHub's documentation does not know.
    Strange(String),
}

/// GitHub's body of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: Option<String>,
    errors: Vec<Value>,
}

/// Judges an answer.
///
/// # Errors
/// Whatever is no 2xx.
pub(super) fn check(answer: &Answer, now: DateTime<Utc>) -> Result<(), GitHubError> {
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let refusal: Refusal = serde_json::from_str(&answer.body).unwrap_or_default();
    let message = refusal.message.as_deref().unwrap_or_default().to_lowercase();
    let limited = answer.status == 429
        || answer.retry_after.is_some()
        || answer.remaining.as_deref() == Some("0")
        || ["rate limit", "abuse"].iter().any(|sign| message.contains(sign));
    Err(match answer.status {
        300..400 => GitHubError::Moved,
        401 => GitHubError::Unauthorized,
        403 | 429 if limited => GitHubError::RateLimited {
            retry_at: retry_at(answer, now),
        },
        403 if message.contains("locked") => GitHubError::Locked,
        403 if message.contains("archived") => GitHubError::Archived,
        403 | 451 => GitHubError::Forbidden(refusal.words(answer.status)),
        404 => GitHubError::NotFound,
        410 => GitHubError::Gone(refusal.words(answer.status)),
        400..500 => GitHubError::Invalid(refusal.words(answer.status)),
        500..600 => GitHubError::Lost(format!("GitHub answered with status {}", answer.status)),
        status => GitHubError::Strange(format!("status {status}")),
    })
}

/// When GitHub may be asked again: by `retry-after`, or at the window's end when nothing is left in it, or after
/// [`WAIT`], in the order its documentation gives.
fn retry_at(answer: &Answer, now: DateTime<Utc>) -> DateTime<Utc> {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
    let after = number(&answer.retry_after)
        .and_then(TimeDelta::try_seconds)
        .and_then(|span| now.checked_add_signed(span.max(TimeDelta::zero())));
    let spent = answer.remaining.as_deref() == Some("0");
    let reset = number(&answer.reset)
        .filter(|_| spent)
        .and_then(|at| DateTime::from_timestamp(at, 0));
    // A reset that lies in the past by our clock says nothing.
    after.or(reset.filter(|at| *at > now)).unwrap_or(now + WAIT)
}

impl Refusal {
    /// GitHub's words in one line, with what it says about the single fields.
    fn words(&self, status: u16) -> String {
        let mut words = match self.message.as_deref().map(str::trim) {
            Some(message) if !message.is_empty() => message.trim_end_matches('.').to_owned(),
            _ => format!("status {status}"),
        };
        let details: Vec<String> = self.errors.iter().filter_map(detail).collect();
        if !details.is_empty() {
            words = format!("{words}: {}", details.join("; "));
        }
        let line = clean(&words).split_whitespace().collect::<Vec<_>>().join(" ");
        shorten(&line, WORDS)
    }
}

/// One entry of `errors`
/// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed>).
fn detail(error: &Value) -> Option<String> {
    let text = |name: &str| error[name].as_str().filter(|text| !text.is_empty());
    if let Some(message) = error.as_str().or_else(|| text("message")) {
        return Some(message.to_owned());
    }
    let field = text("field").or_else(|| text("resource")).unwrap_or("a field");
    let value = match &error["value"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    Some(match (text("code")?, value) {
        ("missing_field", _) => format!("{field} is missing"),
        ("missing", _) => format!("{field} does not exist"),
        ("already_exists", _) => format!("{field} exists already"),
        ("invalid", Some(value)) => format!("\"{value}\" is not possible for {field}"),
        ("invalid", None) => format!("{field} is not valid"),
        (code, _) => format!("{field}: {code}"),
    })
}

impl GitHubError {
    /// Whether GitHub answered, and the answer was "no".
    pub fn is_no(&self) -> bool {
        !matches!(
            self,
            Self::Unauthorized
                | Self::KeyRefused(_)
                | Self::TokenRefused
                | Self::NotInstalled { .. }
                | Self::Suspended
                | Self::RateLimited { .. }
                | Self::Unreachable(_)
                | Self::Lost(_)
                | Self::Strange(_)
        )
    }

    /// Whether GitHub does not take our token or key at all.
    pub(super) fn is_refused_login(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::KeyRefused(_))
    }

    /// Whether our token or App was given too few permissions
    /// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible>).
    pub(super) fn is_missing_permission(&self) -> bool {
        matches!(self, Self::Forbidden(words) if words.to_lowercase().starts_with("resource not accessible by"))
    }

    /// What keeps a look-up from working, and what a person can do where waiting does not help.
    pub(super) fn hindrance(&self) -> String {
        match self {
            Self::RateLimited { .. } | Self::Unreachable(_) | Self::Lost(_) | Self::TokenRefused => {
                self.why()
            }
            _ => format!("{}. {}", self.why(), self.next()),
        }
    }

    /// Whether our App was not let in, or was put out again, by the repository's owner.
    pub fn is_shut_out(&self) -> bool {
        matches!(self, Self::NotInstalled { .. } | Self::Suspended)
    }

    /// For people: `what` is what was tried, e.g. "read acme/apollo#12".
    pub fn explain(&self, what: &str) -> PersonError {
        PersonError::new(format!("I could not {what}"), self.why(), self.next())
    }

    /// What became of a delivery; `wrote` when the request that failed was one that changes something.
    pub(super) fn outcome(&self, wrote: bool) -> Outcome {
        match self {
            Self::RateLimited { retry_at } => Outcome::NotSent {
                retry_at: Some(*retry_at),
                why: self.why(),
            },
            Self::Unreachable(_) | Self::TokenRefused => Outcome::NotSent {
                retry_at: None,
                why: self.why(),
            },
            Self::Lost(_) | Self::Strange(_) if wrote => Outcome::Unknown(self.why()),
            Self::Lost(_) | Self::Strange(_) => Outcome::NotSent {
                retry_at: None,
                why: self.why(),
            },
            _ => Outcome::Refused(format!("{}. {}", self.why(), self.next())),
        }
    }

    /// The cause, without a full stop.
    pub fn why(&self) -> String {
        match self {
            Self::NotFound => "GitHub knows no such thing, or does not show it to my account".into(),
            Self::Gone(words) => format!("GitHub says it is gone ({words})"),
            Self::Forbidden(words) => format!("GitHub does not allow it to my account ({words})"),
            Self::Locked => "the conversation is locked".into(),
            Self::Archived => "the repository is archived and can only be read".into(),
            Self::Invalid(words) => format!("GitHub does not take it ({words})"),
            Self::Unauthorized => "GitHub does not accept my token; it is wrong, expired or revoked".into(),
            Self::KeyRefused(words) => format!("GitHub does not accept my App's key ({words})"),
            Self::TokenRefused => "GitHub does not accept the token that it has just given to my App".into(),
            Self::NotInstalled { app, repository, .. } => {
                format!(
                    "the GitHub App {app} is not installed for {repository}, or there is no such repository"
                )
            }
            Self::Suspended => "my GitHub App is suspended there".into(),
            Self::RateLimited { retry_at } => {
                format!(
                    "GitHub's rate limit is used up until {}",
                    retry_at.format("%H:%M:%S UTC")
                )
            }
            Self::Moved => "the repository or issue was renamed or moved".into(),
            Self::OtherHost { ours, theirs } => format!("it is on {theirs}, and I am set up for {ours} only"),
            Self::Unreachable(words) => format!("GitHub cannot be reached ({})", shorten(words, WORDS)),
            Self::Lost(words) => format!("GitHub gave no usable answer ({})", shorten(words, WORDS)),
            Self::Strange(words) => {
                format!(
                    "GitHub gave an answer that I do not understand ({})",
                    shorten(words, WORDS)
                )
            }
        }
    }

    /// The next step, without a full stop.
    pub(super) fn next(&self) -> String {
        match self {
            Self::NotInstalled { repository, page, .. } => {
                return format!("Have an owner of {} install it for this repository at {page}", repository.owner());
            }
            Self::KeyRefused(_) => {
                "Check github.app_id, github.private_key and the clock of my machine, and start me again"
            }
            Self::Suspended => {
                "Have an owner unsuspend it in their settings, under Applications, Installed GitHub Apps"
            }
            Self::NotFound => "Check the name and the number, and that my account may see the repository",
            Self::Gone(_) => "Choose another issue, or switch issues on in the repository's settings",
            Self::Forbidden(_) => {
                "Have an owner of the repository check my account's role there, and the permissions that I was given"
            }
            Self::Locked => "Unlock it and ask again",
            Self::Archived => "Unarchive it in its settings and ask again",
            Self::Invalid(_) => "Change what GitHub names and ask again",
            Self::Unauthorized => "Have a valid token put into github.token, and me started again",
            Self::RateLimited { .. } => "Ask again after that time",
            Self::Moved => "Use its new name",
            Self::OtherHost { .. } => "Use a repository there, or have github.api_url changed",
            Self::Unreachable(_) | Self::Lost(_) | Self::TokenRefused => "Ask again in a few minutes; www.githubstatus.com tells how GitHub is",
            Self::Strange(_) => "Ask again in a few minutes, and have github.api_url checked if it stays so",
        }
        .to_owned()
    }
}
