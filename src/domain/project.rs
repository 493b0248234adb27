//! Projects.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PersonId, Policy, ProjectId, Repository};

/// How a project stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ProjectStatus {
    /// Not begun.
    Planned,
    /// Being worked on.
    Active,
    /// Begun and waiting.
    OnHold,
    /// Finished.
    Done,
    /// Put away.
    Archived,
}

impl ProjectStatus {
    /// The status in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::OnHold => "on hold",
            Self::Done => "done",
            Self::Archived => "archived",
        }
    }
}

impl FromStr for ProjectStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_lowercase().replace(['-', '_'], " ").as_str() {
            "planned" => Ok(Self::Planned),
            "active" => Ok(Self::Active),
            "on hold" | "paused" => Ok(Self::OnHold),
            "done" | "finished" => Ok(Self::Done),
            "archived" => Ok(Self::Archived),
            _ => Err(format!(
                "`{text}` is no status; use planned, active, on hold, done or archived"
            )),
        }
    }
}

/// A named piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// The unique short name made of letters, digits and dashes.
    pub slug: String,
    /// The name people say.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Whose words without rights the description may repeat, and where they stood; none when it repeats none.
    pub description_by: Option<String>,
    /// How it stands.
    pub status: ProjectStatus,
    /// Where its issues are, when it has a repository.
    pub repository: Option<Repository>,
    /// Who made it, as long as that person is known.
    pub owner: Option<PersonId>,
    /// Which of its effects wait for people to agree.
    pub policy: Policy,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// The short name for `name`: lower-case letters and digits of any script, dashes between.
pub fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').chars().take(60).collect()
}
