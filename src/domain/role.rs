//! What people may be in a project.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A role, the weakest first: each may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Reads: status, issues, schedules.
    Viewer,
    /// Works: changes issues, posts, answers questions about writes.
    Member,
    /// Looks after it: binds places, makes members, archives.
    Maintainer,
    /// Decides over it: makes maintainers and owners, says which effects wait for an answer.
    Owner,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Maintainer, Self::Owner];

    /// The role as people write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
        }
    }

    /// The same with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Viewer => "a viewer",
            Self::Member => "a member",
            Self::Maintainer => "a maintainer",
            Self::Owner => "an owner",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.trim().to_lowercase();
        let found = Self::ALL
            .into_iter()
            .find(|role| role.word() == word.trim_end_matches('s'));
        found.ok_or_else(|| format!("`{text}` is no role; use viewer, member, maintainer or owner"))
    }
}
