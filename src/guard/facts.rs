//! What the judge judges by.

use super::Subject;
use crate::domain::{Asker, PersonId, Platform, Project, Repository, Role};
use crate::store::gates::Gate;
use crate::store::people::{self, Permission};
use crate::store::{StoreError, Tx, gates, projects, roles, runs};

/// What is known about a person and a subject. With a repository as the subject, "the project" is any of its projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Where the person speaks.
    pub platform: Platform,
    /// The most they are in the project, whatever it comes from.
    pub role: Option<Role>,
    /// Some place of their workspace is bound to the project.
    pub workspace_is_bound: bool,
    /// They asked for the run that it is about.
    pub is_asker: bool,
    /// They speak on an issue of the repository.
    pub at_repository: bool,
    /// What GitHub says they may do to the repository, by any account that is proved to be theirs.
    pub permission: Permission,
    /// There is a repository to be judged by.
    pub has_repository: bool,
    /// The question that it is about.
    pub gate: Option<GateFacts>,
}

/// What counts about a question and who answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateFacts {
    /// The least role that may answer.
    pub role: Role,
    /// Where people are named who may answer: whether this is one of them.
    pub named: Option<bool>,
    /// Who asked for the change may not.
    pub not_requester: bool,
    /// They did.
    pub is_requester: bool,
    /// Where it is about no project: whether they asked for it, since there is nobody else whose it could be.
    pub own: Option<bool>,
    /// Only people count whose accounts are proved to be one person's.
    pub linked_only: bool,
    /// Theirs are.
    pub is_linked: bool,
}

/// Whether what GitHub said of somebody counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitHubsWord {
    /// It does.
    Counts,
    /// It was said too long ago, and GitHub cannot be asked.
    TooOld,
}

/// Where a role comes from; see [`super::standing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Of the shell.
    Shell,
    /// They own this Callsheet.
    Owner,
    /// By a grant.
    Grant,
    /// GitHub's write permission.
    GitHub,
    /// They speak at a bound place.
    Place,
}

impl Facts {
    /// Reads the facts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn gather(
        tx: &mut Tx,
        asker: &Asker,
        subject: &Subject,
        word: GitHubsWord,
    ) -> Result<Self, StoreError> {
        let person = current(tx, asker).await?;
        let run = match subject {
            Subject::Run(id) => runs::get(tx, *id).await?,
            _ => None,
        };
        let gate = match subject {
            Subject::Gate(id) => gates::get(tx, *id).await?,
            _ => None,
        };
        let subjects: Vec<Project> = match subject {
            Subject::Nothing => Vec::new(),
            Subject::Project(id) => projects::get(tx, *id).await?.into_iter().collect(),
            Subject::Repository(repository) => projects::of_repository(tx, repository).await?,
            Subject::Run(_) => match &run {
                Some(run) => projects::at(tx, &run.asker.place).await?,
                None => Vec::new(),
            },
            Subject::Gate(_) => match gate.as_ref().and_then(|gate| gate.project) {
                Some(id) => projects::get(tx, id).await?.into_iter().collect(),
                None => Vec::new(),
            },
        };
        let repository = match subject {
            Subject::Repository(repository) => Some(repository.clone()),
            Subject::Project(_) | Subject::Gate(_) => {
                subjects.iter().find_map(|project| project.repository.clone())
            }
            Subject::Run(_) => run
                .as_ref()
                .and_then(|run| run.asker.place.repository())
                .or_else(|| subjects.iter().find_map(|project| project.repository.as_ref()))
                .cloned(),
            // What does not exist yet is judged by where the person speaks.
            Subject::Nothing => asker.place.repository().cloned(),
        };
        let permission = match word {
            GitHubsWord::Counts => permission(tx, asker, person, repository.as_ref()).await?,
            GitHubsWord::TooOld => Permission::None,
        };
        let standing = standing(tx, asker, person, &subjects, permission).await?;
        Ok(Self {
            platform: asker.place.platform(),
            role: standing.first().map(|(role, _)| *role),
            workspace_is_bound: is_workspace_bound(tx, asker, &subjects).await?,
            is_asker: match &run {
                Some(run) => current(tx, &run.asker).await? == person,
                None => false,
            },
            at_repository: repository.is_some() && asker.place.repository() == repository.as_ref(),
            permission,
            has_repository: repository.is_some(),
            gate: match &gate {
                Some(gate) => Some(about_gate(tx, gate, asker, person).await?),
                None => None,
            },
        })
    }
}

/// The person behind an account now: it may have been linked since it spoke.
pub(super) async fn current(tx: &mut Tx, asker: &Asker) -> Result<PersonId, StoreError> {
    let known = people::known(tx, &asker.account).await?;
    Ok(known.map_or(asker.person, |known| known.person_id))
}

/// Everything that makes a person something in one of the projects, the strongest first.
pub(super) async fn standing(
    tx: &mut Tx,
    asker: &Asker,
    person: PersonId,
    subjects: &[Project],
    permission: Permission,
) -> Result<Vec<(Role, Source)>, StoreError> {
    let mut found = Vec::new();
    if asker.place.platform() == Platform::Shell {
        found.push((Role::Owner, Source::Shell));
    }
    if roles::is_owner(tx, person).await? {
        found.push((Role::Owner, Source::Owner));
    }
    let here = projects::binding(tx, &asker.place).await?;
    for project in subjects {
        if let Some(role) = roles::get(tx, project.id, person).await? {
            found.push((role, Source::Grant));
        }
        if let Some(bound) = here.as_ref().filter(|bound| bound.project_id == project.id) {
            found.push((bound.role, Source::Place));
        }
    }
    if permission >= Permission::Write {
        found.push((Role::Member, Source::GitHub));
    }
    found.sort_by_key(|(role, _)| std::cmp::Reverse(*role));
    Ok(found)
}

async fn is_workspace_bound(tx: &mut Tx, asker: &Asker, subjects: &[Project]) -> Result<bool, StoreError> {
    for project in subjects {
        let places = projects::places(tx, project.id).await?;
        let same = places.iter().any(|bound| {
            bound.place.platform() == asker.place.platform()
                && !bound.place.workspace().is_empty()
                && bound.place.workspace() == asker.place.workspace()
        });
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn about_gate(
    tx: &mut Tx,
    gate: &Gate,
    asker: &Asker,
    person: PersonId,
) -> Result<GateFacts, StoreError> {
    let accounts = people::accounts_of(tx, person).await?;
    let identities = people::identities(tx, person).await?;
    let was_linked = |account: &people::Known| account.linked_at.is_some_and(|at| at <= gate.created_at);
    // Whoever takes their accounts apart, or puts them together, while a question is open, is no second person by that.
    let was_apart = |account: &people::Known| account.unlinked_at.is_some_and(|at| at > gate.created_at);
    // On the same platform two accounts are two people; on another one, anybody's second account would be a second person.
    // On Discord an account is the same everywhere.
    let speaks_there = asker.place.platform() == gate.place.platform()
        && (asker.place.platform() == Platform::Discord || asker.place.workspace() == gate.place.workspace());
    let split = accounts.iter().any(was_apart);
    let asked = gate.person.is_some_and(|by| identities.contains(&by));
    Ok(GateFacts {
        role: gate.role,
        named: (!gate.approvers.is_empty())
            .then(|| identities.iter().any(|one| gate.approvers.contains(one))),
        not_requester: gate.not_requester,
        is_requester: asked || split,
        own: gate.project.is_none().then_some(asked),
        linked_only: gate.votes_needed > 1 || (gate.not_requester && !speaks_there),
        is_linked: !split && accounts.len() > 1 && accounts.iter().any(was_linked),
    })
}

/// What GitHub says of any account of the person's: of the one that speaks, and of those that are proved to be theirs.
async fn permission(
    tx: &mut Tx,
    asker: &Asker,
    person: PersonId,
    repository: Option<&Repository>,
) -> Result<Permission, StoreError> {
    let Some(repository) = repository else {
        return Ok(Permission::None);
    };
    let mut most = Permission::None;
    for account in github_accounts(tx, asker, person).await? {
        if account.workspace != repository.host() {
            continue;
        }
        if let Some((permission, _)) = people::permission(tx, repository, &account.user_id).await? {
            most = most.max(permission);
        }
    }
    Ok(most)
}

/// The GitHub accounts that are proved to be a person's.
pub(super) async fn github_accounts(
    tx: &mut Tx,
    asker: &Asker,
    person: PersonId,
) -> Result<Vec<people::Known>, StoreError> {
    let mut accounts = people::accounts_of(tx, person).await?;
    accounts.retain(|account| account.platform == Platform::GitHub);
    if accounts.is_empty() && asker.account.platform == Platform::GitHub {
        let known = people::known(tx, &asker.account).await?;
        // GitHub may have spoken of somebody who has never spoken to us.
        accounts.push(known.unwrap_or_else(|| people::Known {
            person_id: person,
            platform: asker.account.platform,
            workspace: asker.account.workspace.clone(),
            user_id: asker.account.user_id.clone(),
            name: asker.name.clone(),
            linked_at: None,
            unlinked_at: None,
            came_from: None,
        }));
    }
    Ok(accounts)
}
