//! People and the accounts they speak with.

use std::fmt;

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
