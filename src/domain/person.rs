//! People and the accounts they speak with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{PersonId, Place};

/// Where people talk to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Platform {
    /// A Slack workspace.
    Slack,
    /// A Discord server.
    Discord,
    /// Issues of a GitHub host.
    GitHub,
    /// The shell of the machine that runs Callsheet.
    Shell,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slack => "Slack",
            Self::Discord => "Discord",
            Self::GitHub => "GitHub",
            Self::Shell => "the shell",
        })
    }
}

/// An account by its immutable ids; display names change and are no key.
///
/// Text forms: `slack:T1/U1` (`slack:T1/B1` for a bot without a user), `discord:discord/1234`, `github:github.com/1234`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccountKey {
    /// The platform the account is on.
    pub platform: Platform,
    /// Slack team or GitHub host; `discord` for all of Discord, whose accounts are the same on every server; empty for the
    /// shell.
    pub workspace: String,
    /// The platform's own id of the user.
    pub user_id: String,
}

/// A text that names no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account looks like slack:T0123/U0456, discord:discord/123456 or github:github.com/123456")]
pub struct AccountError;

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platform = match self.platform {
            Platform::Slack => "slack",
            Platform::Discord => "discord",
            Platform::GitHub => "github",
            Platform::Shell => "shell",
        };
        write!(f, "{platform}:{}/{}", self.workspace, self.user_id)
    }
}

impl FromStr for AccountKey {
    type Err = AccountError;

    /// Reads an account of a platform that people and bots share; the shell has no accounts that could be named.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (platform, rest) = text.split_once(':').ok_or(AccountError)?;
        let (workspace, user_id) = rest.split_once('/').ok_or(AccountError)?;
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let slack_id = |text: &str, first: &[char]| {
            text.len() > 1
                && text.starts_with(first)
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        let host = |text: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':');
            !text.is_empty() && text.chars().all(fits)
        };
        let (platform, fits) = match platform {
            "slack" => {
                let fits = slack_id(workspace, &['T', 'E']) && slack_id(user_id, &['U', 'W', 'B']);
                (Platform::Slack, fits)
            }
            "discord" => (Platform::Discord, workspace == "discord" && number(user_id)),
            "github" => (Platform::GitHub, host(workspace) && number(user_id)),
            _ => return Err(AccountError),
        };
        if !fits {
            return Err(AccountError);
        }
        Ok(Self {
            platform,
            workspace: workspace.to_owned(),
            user_id: user_id.to_owned(),
        })
    }
}

/// Who asks, and from where: what rights are judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The person behind the account.
    pub person: PersonId,
    /// The account that spoke.
    pub account: AccountKey,
    /// The account's name when it spoke, for texts only. On GitHub the login.
    pub name: String,
    /// Where they spoke.
    pub place: Place,
}
