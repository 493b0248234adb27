//! What a project asks its people about before it happens.

use serde::{Deserialize, Serialize};

use super::{Actions, Trouble};
use crate::domain::{Gated, PersonError, PersonId, Policy};
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::store::{StoreError, Tx, people, projects};

/// What changes about a project's policy; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyEdit {
    /// Which effects wait for an answer.
    pub gates: Option<Gated>,
    /// Whether what cannot be taken back takes two people.
    pub two_people: Option<bool>,
    /// Whether who asked counts.
    pub not_requester: Option<bool>,
    /// Who may answer, by id and name; empty for everybody with the role.
    pub approvers: Option<Vec<(PersonId, String)>>,
}

impl PolicyEdit {
    /// What is to be, a line for each thing that changes.
    pub fn words(&self) -> Vec<String> {
        let approvers = self.approvers.as_ref().map(|approvers| {
            let names: Vec<String> = approvers.iter().map(|(_, name)| quote_untrusted(name)).collect();
            who_answers(&names)
        });
        [
            self.gates.map(|gates| gates_words(gates).to_owned()),
            self.two_people.map(|on| two_words(on).to_owned()),
            self.not_requester.map(|on| requester_words(on).to_owned()),
            approvers,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl PolicyEdit {
    /// Whether it takes back something that makes a project ask more than usual.
    pub(super) fn loosens(&self, before: &Policy) -> bool {
        let goes = |asked: Option<bool>, is: bool| is && asked == Some(false);
        let named = !before.approvers.is_empty();
        let strict = before.two_people || before.not_requester || named;
        let asks_less = |gates| {
            Policy {
                gates,
                ..before.clone()
            }
            .strictness()
                < before.strictness()
        };
        goes(self.two_people, before.two_people)
            || goes(self.not_requester, before.not_requester)
            || (strict && self.approvers.is_some())
            || (strict && self.gates.is_some_and(asks_less))
    }

    /// What is now, a line for each thing that changes.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn until_now(&self, tx: &mut Tx, policy: &Policy) -> Result<Vec<String>, StoreError> {
        let approvers = match &self.approvers {
            Some(_) => Some(named(tx, &policy.approvers).await?),
            None => None,
        };
        let now = Self {
            gates: self.gates.map(|_| policy.gates),
            two_people: self.two_people.map(|_| policy.two_people),
            not_requester: self.not_requester.map(|_| policy.not_requester),
            approvers,
        };
        Ok(now.words())
    }
}

/// People with the names they are known by.
async fn named(tx: &mut Tx, who: &[PersonId]) -> Result<Vec<(PersonId, String)>, StoreError> {
    let mut named = Vec::new();
    for person in who {
        let name = people::name_of(tx, *person).await?.unwrap_or_default();
        named.push((*person, name));
    }
    Ok(named)
}

fn gates_words(gates: Gated) -> &'static str {
    match gates {
        Gated::None => "nothing that people asked for waits for an answer (`--gates none`)",
        Gated::Irreversible => "what cannot be taken back waits for an answer (`--gates irreversible`)",
        Gated::AllWrites => "every change waits for an answer (`--gates all_writes`)",
    }
}

fn two_words(on: bool) -> &'static str {
    if on {
        "what cannot be taken back takes two people, each with a linked account (`--two-people yes`)"
    } else {
        "one answer is enough (`--two-people no`)"
    }
}

fn requester_words(on: bool) -> &'static str {
    if on {
        "who asked for a change does not answer it (`--not-requester yes`)"
    } else {
        "who asked for a change may answer it (`--not-requester no`)"
    }
}

fn who_answers(names: &[String]) -> String {
    if names.is_empty() {
        "members, maintainers and owners answer (`--approvers anyone`)".to_owned()
    } else {
        format!("only {} answer (`--approvers`)", names.join(", "))
    }
}

impl Actions {
    /// Changes what the permit's project asks about, and says what changed.
    ///
    /// # Errors
    /// When nothing would change.
    pub async fn set_policy(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        edit: &PolicyEdit,
    ) -> Result<String, Trouble> {
        let id = permit.project(Action::SetPolicy)?;
        let mut project = projects::lock(tx, id).await?.ok_or_else(super::projects::gone)?;
        let before = project.policy.clone();
        let approvers = edit.approvers.as_ref();
        project.policy = Policy {
            gates: edit.gates.unwrap_or(before.gates),
            two_people: edit.two_people.unwrap_or(before.two_people),
            not_requester: edit.not_requester.unwrap_or(before.not_requester),
            approvers: approvers.map_or(before.approvers.clone(), |approvers| {
                approvers.iter().map(|(person, _)| *person).collect()
            }),
        };
        if project.policy == before {
            return Err(PersonError::new(
                format!("{} asks as before", project.name),
                "it is like that already",
                "Nothing needs to be done",
            )
            .into());
        }
        project.updated_at = self.engine.clock.now();
        projects::update(tx, &project).await?;
        Ok(format!(
            "Changed what **{}** asks about: {}.",
            project.name,
            edit.words().join("; ")
        ))
    }

    /// What the permit's project asks about, in words.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn policy(&self, permit: &Permit) -> Result<String, Trouble> {
        let id = permit.project(Action::ReadInside)?;
        let mut tx = self.engine.db.read().await?;
        let project = projects::get(&mut tx, id)
            .await?
            .ok_or_else(super::projects::gone)?;
        let names = named(&mut tx, &project.policy.approvers).await?;
        let names: Vec<String> = names.iter().map(|(_, name)| quote_untrusted(name)).collect();
        let policy = &project.policy;
        Ok(format!(
            "What **{}** asks about:\n\n- {}\n- {}\n- {}\n- {}\n- what I decide beyond what was asked, and what I do after reading what strangers wrote, \
             waits for an answer always",
            project.name,
            gates_words(policy.gates),
            two_words(policy.two_people),
            requester_words(policy.not_requester),
            who_answers(&names)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_less_than_was_wanted_is_known() {
        let plain = Policy::default();
        let two = Policy {
            two_people: true,
            ..plain.clone()
        };
        let another = Policy {
            not_requester: true,
            ..plain.clone()
        };
        let none = PolicyEdit {
            gates: Some(Gated::None),
            ..PolicyEdit::default()
        };
        let all = PolicyEdit {
            gates: Some(Gated::AllWrites),
            ..PolicyEdit::default()
        };
        let one = PolicyEdit {
            two_people: Some(false),
            ..PolicyEdit::default()
        };
        let oneself = PolicyEdit {
            not_requester: Some(false),
            ..PolicyEdit::default()
        };
        let named = PolicyEdit {
            approvers: Some(Vec::new()),
            ..PolicyEdit::default()
        };
        let table = [
            // Where nobody wanted more than usual, an owner decides alone.
            (&none, &plain, false),
            (&none, &two, true),
            (&none, &another, true),
            (&all, &two, false),
            (&one, &two, true),
            (&one, &another, false),
            (&oneself, &another, true),
            (&oneself, &two, false),
            // Naming people is choosing who is asked.
            (&named, &plain, false),
            (&named, &another, true),
            (&named, &two, true),
        ];
        for (edit, before, expected) in table {
            assert_eq!(edit.loosens(before), expected, "{edit:?} of {before:?}");
        }
    }
}
