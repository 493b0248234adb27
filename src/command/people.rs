//! What the commands about people do.

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::Outcome;
use super::pages::{self, List, Shown};
use crate::action::{Actions, Change, Naming, Trouble};
use crate::domain::{AccountKey, Asker, PersonError, Role};
use crate::guard::{Action, Subject};
use crate::store::{projects, roles as role_rows};

/// What can be done with roles.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum RoleCommand {
    /// Make somebody a viewer, member, maintainer or owner
    #[command(after_help = "role grant @ana maintainer apollo")]
    Grant {
        /// Who: a name here, `me`, `github:login`, or an account like slack:T0123/U0456
        person: String,
        /// What they become
        #[arg(value_parser = roles(&Role::ALL), ignore_case = true)]
        role: Role,
        /// The project; left out for the one this place belongs to
        project: Option<String>,
    },
    /// Take somebody's role
    #[command(after_help = "role revoke @ana apollo")]
    Revoke {
        /// Who: a name here, `me`, `github:login`, or an account like slack:T0123/U0456
        person: String,
        /// The project; left out for the one this place belongs to
        project: Option<String>,
    },
    /// Who is what in a project
    #[command(after_help = "role list apollo")]
    List {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
        /// Which page of a long list
        #[arg(long, value_parser = pages::number, default_value = "1")]
        page: u32,
    },
}

/// Some roles as they are typed.
pub(super) fn roles(among: &[Role]) -> impl TypedValueParser<Value = Role> + use<> {
    let many = |role: &Role| match role {
        Role::Viewer => "viewers",
        Role::Member => "members",
        Role::Maintainer => "maintainers",
        Role::Owner => "owners",
    };
    let word = |role: &Role| PossibleValue::new(role.word()).alias(many(role));
    PossibleValuesParser::new(among.iter().map(word).collect::<Vec<_>>()).try_map(|word| word.parse::<Role>())
}

fn change(change: Change) -> Outcome {
    Outcome::Change(Box::new(change))
}

/// Who somebody is to us.
pub(super) async fn whoami(
    actions: &Actions,
    asker: &Asker,
    project: Option<&str>,
) -> Result<Outcome, Trouble> {
    let project = if project.is_some() {
        Some(actions.project(asker, project, Naming::Close).await?.id)
    } else {
        let mut tx = actions.engine.db.read().await?;
        projects::at(&mut tx, &asker.place)
            .await?
            .first()
            .map(|project| project.id)
    };
    Ok(Outcome::words(actions.who_is(asker, project).await?))
}

/// A code is shown, or used.
pub(super) fn link(code: Option<&str>) -> Outcome {
    match code.map(str::trim) {
        None | Some("" | "account") => change(Change::ShowLinkCode),
        Some(code) => change(Change::UseLinkCode {
            code: code.to_owned(),
        }),
    }
}

/// An account is a person of its own again.
pub(super) fn unlink(account: Option<&str>) -> Result<Outcome, Trouble> {
    let account = account
        .filter(|account| !account.trim().eq_ignore_ascii_case("me"))
        .map(str::parse::<AccountKey>)
        .transpose()
        .map_err(|error| {
            PersonError::new(
                "I unlinked nothing",
                error.to_string(),
                "`whoami` lists your accounts",
            )
        })?;
    Ok(change(Change::Unlink { account }))
}

/// Does what a command about roles says, but for a change.
pub(super) async fn role(
    actions: &Actions,
    asker: &Asker,
    command: &RoleCommand,
) -> Result<Outcome, Trouble> {
    let (who, role, project) = match command {
        RoleCommand::List { project: named, page } => {
            let project = actions.project(asker, named.as_deref(), Naming::Close).await?;
            let subject = Subject::Project(project.id);
            let permit = actions.permit(asker, Action::ReadInside, subject).await?;
            let list = List {
                heading: String::new(),
                entries: actions.list_roles(&permit).await?,
                note: String::new(),
                more: false,
                shown: Shown::by("role list").word(named.as_deref()),
            };
            return Ok(Outcome::Answer(list.page(*page, asker)?));
        }
        RoleCommand::Grant {
            person,
            role,
            project,
        } => (person, Some(*role), project),
        RoleCommand::Revoke { person, project } => (person, None, project),
    };
    let project = actions.project(asker, project.as_deref(), Naming::Whole).await?;
    let known = actions.person_called(asker, who).await?;
    let mut tx = actions.engine.db.read().await?;
    let before = role_rows::get(&mut tx, project.id, known.person_id).await?;
    Ok(change(Change::SetRole {
        project: project.id,
        person: known.person_id,
        account: known.key(),
        name: known.name,
        role,
        high: before.max(role) > Some(Role::Member),
    }))
}
