//! What waits for people to agree, and how a project wants it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::PersonId;

/// Which effects wait for an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Gated {
    /// None, but for those that nobody asked for, and those of a run that has read what strangers wrote.
    None,
    /// Those that cannot be taken back, and the same.
    #[default]
    Irreversible,
    /// Every one.
    AllWrites,
}

impl Gated {
    /// The setting as people write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Irreversible => "irreversible",
            Self::AllWrites => "all_writes",
        }
    }
}

impl FromStr for Gated {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_lowercase().replace(['-', ' '], "_").as_str() {
            "none" => Ok(Self::None),
            "irreversible" => Ok(Self::Irreversible),
            "all_writes" | "all" => Ok(Self::AllWrites),
            _ => Err(format!(
                "`{text}` is not known here; use none, irreversible or all_writes"
            )),
        }
    }
}

/// How a project wants to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Which effects wait.
    pub gates: Gated,
    /// What cannot be taken back takes two different people.
    pub two_people: bool,
    /// Who asked for a change is no answer to it.
    pub not_requester: bool,
    /// Who may answer; empty for everybody with the role. Nobody else may.
    pub approvers: Vec<PersonId>,
}

impl Policy {
    /// How much it asks, to be compared: more asked is greater.
    pub fn strictness(&self) -> (u8, bool, bool, bool) {
        let gates = match self.gates {
            Gated::None => 0,
            Gated::Irreversible => 1,
            Gated::AllWrites => 2,
        };
        let named = !self.approvers.is_empty();
        (gates, self.two_people, self.not_requester, named)
    }
}

/// How far an effect reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It can be changed back.
    Write,
    /// It cannot.
    Irreversible,
    /// It makes a project ask less than its people had wanted.
    Loosens,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum GateState {
    /// Nobody has decided yet.
    Open,
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Nobody decided in time, which is a no.
    Expired,
    /// What it was decided upon has changed since.
    Moved,
    /// Nobody wants it any more: the run was stopped.
    Withdrawn,
}
