//! What people are in a project, and who they are to us.

use super::{Actions, Trouble};
use crate::domain::{AccountKey, Asker, PersonError, PersonId, Platform, ProjectId, Role};
use crate::guard::{self, Action, Permit, Source};
use crate::markup::quote_untrusted;
use crate::store::people::{self, Known};
use crate::store::{Tx, projects, roles};

pub(super) fn account_words(account: &Known) -> String {
    format!(
        "{} on {} (`{}`)",
        quote_untrusted(&account.name),
        account.platform,
        account.key()
    )
}

impl Actions {
    /// Makes a person something in a project, or nothing any more.
    ///
    /// # Errors
    /// When nothing would change.
    pub async fn set_role(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        (person, account): (PersonId, &AccountKey),
        role: Option<Role>,
    ) -> Result<String, Trouble> {
        let high = permit.project(Action::GrantHighRole).is_ok();
        // Which of the two permits it takes was decided with the change.
        let project = permit
            .project(Action::GrantRole)
            .or_else(|_| permit.project(Action::GrantHighRole))?;
        // Names are anybody's to choose: what was understood is told by the account.
        let known = people::known(tx, account).await?;
        let name = match &known {
            Some(known) => account_words(known),
            None => format!("`{account}`"),
        };
        let project_name = projects::lock(tx, project)
            .await?
            .map_or_else(String::new, |project| project.name);
        // A role is the account's own: whoever takes the accounts apart takes it along.
        let own = known.map_or(person, |known| known.origin());
        let before = roles::given(tx, project, own).await?;
        if before == role {
            let is = role.map_or("nothing by a grant", Role::words);
            return Err(PersonError::new(
                "I changed no role",
                format!("{name} is {is} in {project_name} already"),
                "Nothing needs to be done",
            )
            .into());
        }
        if !high && before >= Some(Role::Maintainer) {
            return Err(PersonError::new(
                "I changed no role",
                format!(
                    "{name} has become {} of {project_name} meanwhile",
                    before.map_or("nothing", Role::words)
                ),
                "Ask again",
            )
            .into());
        }
        match role {
            Some(role) => {
                let by = guard::person(tx, permit.asker()).await?;
                roles::grant(tx, project, own, role, by, self.engine.clock.now()).await?;
            }
            None => drop(roles::revoke(tx, project, own).await?),
        }
        let by_shell = permit.asker().place.platform() == Platform::Shell;
        if before == Some(Role::Owner) && !by_shell && !is_owned(tx, project).await? {
            return Err(last_owner(&name, &project_name).into());
        }
        let most = roles::get(tx, project, person).await?;
        Ok(role_words(&name, &project_name, role, most))
    }

    /// The person that is meant by `me`, an account's ids, or a name on the platform where somebody speaks.
    ///
    /// # Errors
    /// When there is none, or more than one by that name.
    pub async fn person_called(&self, asker: &Asker, text: &str) -> Result<Known, Trouble> {
        let name = text.trim().trim_start_matches('@');
        let mut tx = self.engine.db.read().await?;
        if let Ok(key) = name.parse::<AccountKey>() {
            let known = match people::known(&mut tx, &key).await? {
                // A mention of somebody of another workspace, in a channel that is shared with it, names the channel's.
                None if key.platform == Platform::Slack => people::slack_user(&mut tx, &key.user_id).await?,
                known => known,
            };
            return known.ok_or_else(|| nobody(text).into());
        }
        if name.eq_ignore_ascii_case("me") {
            return people::known(&mut tx, &asker.account)
                .await?
                .ok_or_else(|| nobody(text).into());
        }
        // Logins are nobody else's on their host; names in chats are anybody's, and are understood among those who are there.
        let found = match name.split_once(':') {
            Some((platform, login)) if platform.eq_ignore_ascii_case("github") => {
                let login = login.trim_start_matches('@');
                people::called(&mut tx, Platform::GitHub, login).await?
            }
            _ => {
                let mut found = people::called(&mut tx, asker.account.platform, name).await?;
                found.retain(|known| known.workspace == asker.account.workspace);
                found
            }
        };
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(nobody(text).into()),
            several => {
                let ids: Vec<String> = several.iter().map(|known| format!("`{}`", known.key())).collect();
                Err(PersonError::new(
                    format!("I do not know whom you mean by “{text}”"),
                    format!("{} go by that name", ids.join(", ")),
                    "Name one by its id",
                )
                .into())
            }
        }
    }

    /// Who somebody is to us: their accounts, and why they have a right in a project.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn who_is(&self, asker: &Asker, project: Option<ProjectId>) -> Result<String, Trouble> {
        if let Some(id) = project {
            // What GitHub says shall be fresh; whether it is a yes does not matter here.
            let fresh = self
                .may(asker, Action::ReadProject, guard::Subject::Project(id))
                .await;
            if let Err(Trouble::Store(error)) = fresh {
                return Err(error.into());
            }
        }
        let mut tx = self.engine.db.read().await?;
        let person = guard::person(&mut tx, asker).await?;
        let accounts = people::accounts_of(&mut tx, person).await?;
        let lines: Vec<String> = accounts
            .iter()
            .map(|known| format!("- {}", account_words(known)))
            .collect();
        let mut text = format!("You speak with:\n\n{}", lines.join("\n"));
        if accounts.len() < 2 {
            text.push_str("\n\nNo other account is linked; `link` shows how.");
        }
        if roles::is_owner(&mut tx, person).await? {
            text.push_str("\n\nYou own this Callsheet.");
        }
        let Some(id) = project else { return Ok(text) };
        let name = projects::get(&mut tx, id)
            .await?
            .map_or_else(String::new, |project| project.name);
        let standing = guard::standing(&mut tx, asker, id).await?;
        let Some((role, _)) = standing.first() else {
            text.push_str(&format!("\n\nIn **{name}** you are nothing by a role."));
            return Ok(text);
        };
        let reasons: Vec<String> = standing
            .iter()
            .map(|(role, source)| reason(*role, *source))
            .collect();
        text.push_str(&format!(
            "\n\nIn **{name}** you are {}: {}.",
            role.words(),
            reasons.join("; ")
        ));
        Ok(text)
    }

    /// Everybody with a role in the permit's project, and what its places give, a line of a Markdown list each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_roles(&self, permit: &Permit) -> Result<Vec<String>, Trouble> {
        let id = permit.project(Action::ReadInside)?;
        let mut tx = self.engine.db.read().await?;
        let mut lines: Vec<String> = roles::of_project(&mut tx, id)
            .await?
            .iter()
            .map(|holder| format!("- {}: {}", quote_untrusted(&holder.name), holder.role.word()))
            .collect();
        for bound in projects::places(&mut tx, id).await? {
            lines.push(format!(
                "- whoever speaks in {}: {}",
                bound.label,
                bound.role.word()
            ));
        }
        lines.push("- whoever may write to the repository on GitHub: member".to_owned());
        lines.push("- who owns this Callsheet, and the shell: owner".to_owned());
        Ok(lines)
    }
}

/// What a person is in a project now; `most` is what they are by any of their accounts.
fn role_words(name: &str, project: &str, role: Option<Role>, most: Option<Role>) -> String {
    let mut said = match role {
        Some(role) => format!("{name} is {} of **{project}** now.", role.words()),
        None => format!(
            "{name} has no role in **{project}** any more. What GitHub and bound places give stays; `whoami` shows that."
        ),
    };
    if let Some(most) = most.filter(|most| Some(*most) > role) {
        let words = most.words();
        said.push_str(&format!(
            " By another account of theirs they are {words} all the same."
        ));
    }
    said
}

/// Whether anybody owns a project, or this Callsheet and so every project.
async fn is_owned(tx: &mut Tx, project: ProjectId) -> Result<bool, Trouble> {
    let holders = roles::of_project(tx, project).await?;
    let owned = holders.iter().any(|holder| holder.role == Role::Owner);
    Ok(owned || roles::has_owner(tx).await?)
}

/// Why somebody is something.
pub(super) fn reason(role: Role, source: Source) -> String {
    let by = match source {
        Source::Shell => "you sit at the machine",
        Source::Owner => "you own this Callsheet",
        Source::Grant => "somebody made you one",
        Source::GitHub => "GitHub says you may write to its repository",
        Source::Place => "you speak at a place that is bound to it",
    };
    format!("{}, since {by}", role.word())
}

fn last_owner(name: &str, project: &str) -> PersonError {
    PersonError::new(
        "I changed no role",
        format!("{name} is the only owner of {project}, and nobody could give roles in it afterwards"),
        "Make somebody else an owner first: `role grant @name owner`",
    )
}

fn nobody(text: &str) -> PersonError {
    PersonError::new(
        format!("I do not know anybody by “{text}”"),
        "I know people once they have spoken to me or at a place of mine",
        "Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, \
         `discord:discord/123456` or `github:github.com/123456`",
    )
}
