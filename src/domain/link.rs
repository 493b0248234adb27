//! Links to messages, as people copy them from the platforms.

use url::Url;

use super::{IssueRef, Place, issue_refs};

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageLink {
    /// A message in Slack: `https://acme.slack.com/archives/C0123/p1712345678901200`.
    Slack {
        /// The channel.
        channel: String,
        /// The message's `ts`.
        ts: String,
    },
    /// A message on Discord: `https://discord.com/channels/1/2/3`.
    Discord {
        /// The channel, or the thread.
        channel: String,
        /// The message.
        message: String,
    },
    /// An issue or pull request, or a comment there: `https://github.com/acme/apollo/issues/12#issuecomment-3`.
    Issue {
        /// The issue.
        issue: IssueRef,
        /// The comment's id; none for the issue as a whole.
        comment: Option<String>,
    },
}

impl MessageLink {
    /// The link that a text is; none when it is none, or leads elsewhere.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        // Slack writes a link as `<address|words>`.
        let address = text.split('|').next()?;
        if let [issue] = issue_refs(address, None).as_slice() {
            let fragment = Url::parse(address)
                .ok()
                .and_then(|url| url.fragment().map(str::to_owned));
            let comment = fragment.and_then(|fragment| {
                let id = fragment.strip_prefix("issuecomment-")?;
                id.bytes()
                    .all(|digit| digit.is_ascii_digit())
                    .then(|| id.to_owned())
            });
            return Some(Self::Issue {
                issue: issue.clone(),
                comment,
            });
        }
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        let parts: Vec<&str> = url.path_segments()?.collect();
        match parts.as_slice() {
            ["archives", channel, message] if host.ends_with(".slack.com") => Some(Self::Slack {
                channel: (*channel).to_owned(),
                ts: slack_ts(message)?,
            }),
            ["channels", _, channel, message] if is_discord(host) => Some(Self::Discord {
                channel: (*channel).to_owned(),
                message: (*message).to_owned(),
            }),
            _ => None,
        }
    }

    /// The platform's id of the message; none for an issue as a whole.
    pub fn external_id(&self) -> Option<&str> {
        match self {
            Self::Slack { ts, .. } => Some(ts),
            Self::Discord { message, .. } => Some(message),
            Self::Issue { comment, .. } => comment.as_deref(),
        }
    }

    /// Whether it leads to a message at a place.
    pub fn is_at(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::Slack { channel, .. }, Place::Slack { channel: there, .. }) => channel == there,
            (
                Self::Discord { channel, .. },
                Place::Discord {
                    channel: there,
                    thread,
                    ..
                },
            ) => channel == there || Some(channel) == thread.as_ref(),
            (Self::Issue { issue, .. }, Place::GitHub(there)) => issue == there,
            _ => false,
        }
    }
}

fn is_discord(host: &str) -> bool {
    ["discord.com", "discordapp.com"]
        .iter()
        .any(|known| host == *known || host.ends_with(&format!(".{known}")))
}

/// `p1712345678901200` is `1712345678.901200`.
fn slack_ts(part: &str) -> Option<String> {
    let digits = part.strip_prefix('p')?;
    let all = digits.bytes().all(|digit| digit.is_ascii_digit());
    let (seconds, micros) = digits.split_at_checked(digits.len().checked_sub(6)?)?;
    (all && !seconds.is_empty()).then(|| format!("{seconds}.{micros}"))
}
