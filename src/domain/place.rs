//! Places: where people talk, fully addressed, with one canonical text form parsed by one function.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{IssueRef, Platform, Repository};

/// Where people talk.
///
/// Text forms: `slack:T1/C2`, `slack:T1/C2/1700000000.000100` (a thread), `discord:G1/C2`, `discord:G1/C2/C3` (a thread),
/// `discord:@/C2` (a direct message), `github:acme/app#12`, `github:acme/app` (a repository), `shell:ana`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// A Slack channel, direct message or thread.
    Slack {
        /// The workspace.
        team: String,
        /// The channel, group or direct message.
        channel: String,
        /// The first message's `ts` when the place is a thread.
        thread: Option<String>,
    },
    /// A Discord channel or thread.
    Discord {
        /// The server; none for direct messages.
        guild: Option<String>,
        /// The channel; of a thread the one it hangs under.
        channel: String,
        /// The thread, which has an id of its own.
        thread: Option<String>,
    },
    /// An issue or pull request.
    GitHub(IssueRef),
    /// A repository as a whole: where new issues are opened.
    Repository(Repository),
    /// A person at the shell of the machine that runs Callsheet.
    Shell {
        /// One talk at the shell; the answer is read by it.
        session: String,
    },
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a place; places look like slack:T1/C2, discord:G1/C2, github:acme/app#12 or shell:name"
)]
pub struct PlaceError(pub String);

impl Place {
    /// The platform the place is on.
    pub fn platform(&self) -> Platform {
        match self {
            Self::Slack { .. } => Platform::Slack,
            Self::Discord { .. } => Platform::Discord,
            Self::GitHub(_) | Self::Repository(_) => Platform::GitHub,
            Self::Shell { .. } => Platform::Shell,
        }
    }

    /// The place that is bound to projects: the channel of a thread; any other place itself.
    pub fn root(&self) -> Self {
        match self {
            Self::Slack { team, channel, .. } => Self::Slack {
                team: team.clone(),
                channel: channel.clone(),
                thread: None,
            },
            Self::Discord { guild, channel, .. } => Self::Discord {
                guild: guild.clone(),
                channel: channel.clone(),
                thread: None,
            },
            other => other.clone(),
        }
    }

    /// Whether many talks go on there at once, so that only who says our name speaks to us: an issue, a channel of a Discord
    /// server. A Slack channel is none, since every post in it opens its own thread.
    pub fn is_crowd(&self) -> bool {
        match self {
            Self::GitHub(_) | Self::Repository(_) => true,
            Self::Discord { guild, thread, .. } => guild.is_some() && thread.is_none(),
            Self::Slack { .. } | Self::Shell { .. } => false,
        }
    }

    /// The repository a place belongs to by itself.
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::GitHub(issue) => Some(&issue.repository),
            Self::Repository(repository) => Some(repository),
            _ => None,
        }
    }

    /// The Slack team, Discord server or GitHub host; empty for the shell and Discord's direct messages.
    pub fn workspace(&self) -> &str {
        match self {
            Self::Slack { team, .. } => team,
            Self::Discord { guild, .. } => guild.as_deref().unwrap_or_default(),
            Self::GitHub(issue) => issue.repository.host(),
            Self::Repository(repository) => repository.host(),
            Self::Shell { .. } => "",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack {
                team,
                channel,
                thread: None,
            } => write!(f, "slack:{team}/{channel}"),
            Self::Slack {
                team,
                channel,
                thread: Some(ts),
            } => write!(f, "slack:{team}/{channel}/{ts}"),
            Self::Discord {
                guild,
                channel,
                thread,
            } => {
                write!(f, "discord:{}/{channel}", guild.as_deref().unwrap_or("@"))?;
                thread.as_ref().map_or(Ok(()), |thread| write!(f, "/{thread}"))
            }
            Self::GitHub(issue) => write!(f, "github:{issue}"),
            Self::Repository(repository) => write!(f, "github:{repository}"),
            Self::Shell { session } => write!(f, "shell:{session}"),
        }
    }
}

/// A part of an address: what platforms use as ids.
fn part(text: &str) -> Option<String> {
    let ok = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    ok.then(|| text.to_owned())
}

fn parse(text: &str) -> Option<Place> {
    let (platform, rest) = text.split_once(':')?;
    let parts: Vec<&str> = rest.split('/').collect();
    Some(match (platform, parts.as_slice()) {
        ("slack", [team, channel]) => Place::Slack {
            team: part(team)?,
            channel: part(channel)?,
            thread: None,
        },
        ("slack", [team, channel, ts]) => Place::Slack {
            team: part(team)?,
            channel: part(channel)?,
            thread: Some(part(ts)?),
        },
        ("discord", ["@", channel]) => Place::Discord {
            guild: None,
            channel: part(channel)?,
            thread: None,
        },
        ("discord", [guild, channel]) => Place::Discord {
            guild: Some(part(guild)?),
            channel: part(channel)?,
            thread: None,
        },
        ("discord", [guild, channel, thread]) => Place::Discord {
            guild: Some(part(guild)?),
            channel: part(channel)?,
            thread: Some(part(thread)?),
        },
        ("github", _) => match rest.split_once('#') {
            Some((repository, number)) => {
                let number = number.parse().ok().filter(|number| *number > 0)?;
                Place::GitHub(IssueRef {
                    repository: repository.parse().ok()?,
                    number,
                })
            }
            None => Place::Repository(rest.parse().ok()?),
        },
        ("shell", [session]) => Place::Shell {
            session: part(session)?,
        },
        _ => return None,
    })
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| PlaceError(text.to_owned()))
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}
