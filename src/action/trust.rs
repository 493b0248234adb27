//! Whose words are trusted in what is read, and what a run may read.

use std::collections::HashSet;
use std::time::Duration;

use futures::future;
use uuid::Uuid;

use super::{Actions, Seen, Trouble};
use crate::domain::{
    AccountKey, Asker, DeliveryId, PersonError, PersonId, Place, Platform, ProjectId, Repository,
};
use crate::engine::clock::later;
use crate::guard::{self, Subject};
use crate::platform::github::{Account, Comment, GitHub, Issue, PullRequest};
use crate::store::people::{self, Permission};
use crate::store::runs::{Run, Step};
use crate::store::trust::{self, Met};
use crate::store::{StoreError, Tx, projects, runs};

/// How many authors GitHub is asked about for one reading; those beyond count as strangers.
const MOST_ASKED: usize = 20;
/// How long GitHub's word on an author is good for. Longer than for a right, since it opens nothing by itself.
const TRUST_AGE: Duration = Duration::from_secs(600);

/// Who wrote something on GitHub.
#[derive(Debug, Clone)]
pub struct Written {
    author: Account,
    insider: bool,
    mark: Option<Uuid>,
    /// The issue or pull request that it is; none for what stands under one.
    number: Option<u64>,
}

impl From<&Issue> for Written {
    fn from(issue: &Issue) -> Self {
        Self {
            author: issue.author.clone(),
            insider: issue.insider,
            mark: issue.mark,
            number: Some(issue.number),
        }
    }
}

impl From<&Comment> for Written {
    fn from(comment: &Comment) -> Self {
        Self {
            author: comment.author.clone(),
            insider: comment.insider,
            mark: comment.mark,
            number: None,
        }
    }
}

impl From<&PullRequest> for Written {
    fn from(pull: &PullRequest) -> Self {
        Self {
            author: pull.author.clone(),
            insider: pull.insider,
            mark: pull.mark,
            number: Some(pull.number),
        }
    }
}

/// Whose words are trusted, among those that one reading shows. Whoever is not named is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    authors: HashSet<u64>,
    /// What we wrote in runs that were not tainted.
    ours: HashSet<Uuid>,
    /// The issues into which tainted runs wrote.
    rewritten: HashSet<u64>,
    own: Option<u64>,
}

impl Trust {
    /// Whether our account wrote it.
    pub fn is_ours(&self, written: impl Into<Written>) -> bool {
        self.own == Some(written.into().author.id)
    }

    /// Whether words are trusted.
    pub fn covers(&self, written: impl Into<Written>) -> bool {
        let written = written.into();
        if written
            .number
            .is_some_and(|number| self.rewritten.contains(&number))
        {
            return false;
        }
        if self.own == Some(written.author.id) {
            // What our account wrote without a mark, somebody wrote with our token.
            return written.mark.is_none_or(|mark| self.ours.contains(&mark));
        }
        self.authors.contains(&written.author.id)
    }
}

/// How it is found out whether an author is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// They are not.
    Never,
    /// The judge says it, by what is known.
    Judge,
    /// GitHub is asked first.
    Ask,
}

/// Decides how it is found out: by what GitHub last said of the author and whether that is fresh, and by how many others it is
/// asked about already.
pub(super) fn way(is_bot: bool, insider: bool, known: Option<(Permission, bool)>, asked: usize) -> Way {
    match known {
        _ if is_bot => Way::Never,
        Some((_, true)) => Way::Judge,
        _ if insider && asked < MOST_ASKED => Way::Ask,
        _ if insider => Way::Never,
        // What was true once is not believed of somebody whom GitHub no longer counts as belonging there.
        Some((Permission::Write | Permission::Admin, false)) => Way::Never,
        // Nothing on GitHub speaks for them, but a role of ours may.
        _ => Way::Judge,
    }
}

/// What a reading is about, as a run remembers it.
pub(super) fn scope(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Project(id) => Some(trust::project_scope(*id)),
        Subject::Repository(repository) => Some(trust::repository_scope(repository)),
        Subject::Nothing | Subject::Run(_) | Subject::Gate(_) => None,
    }
}

impl Actions {
    /// Finds out whose words are trusted in a repository.
    ///
    /// # Errors
    /// When the database fails. Of whom GitHub says nothing, nothing is trusted.
    pub(super) async fn trust(
        &self,
        repository: &Repository,
        written: Vec<Written>,
    ) -> Result<Trust, StoreError> {
        let own = self.github.as_ref().and_then(GitHub::identity).map(|own| own.id);
        let mut trust = Trust {
            own,
            ..Trust::default()
        };
        let (now, mut seen, mut ways) = (self.engine.clock.now(), HashSet::new(), Vec::new());
        let mut tx = self.engine.db.read().await?;
        trust.rewritten = trust::rewritten(&mut tx, repository).await?.into_iter().collect();
        for Written {
            author,
            insider,
            mark,
            ..
        } in written
        {
            if own == Some(author.id) {
                if let Some(mark) = mark
                    && let Some(words) = trust::of_delivery(&mut tx, DeliveryId(mark)).await?
                    && words.trusted
                {
                    trust.ours.insert(mark);
                }
                continue;
            }
            if !seen.insert(author.id) {
                continue;
            }
            let known = people::permission(&mut tx, repository, &author.id.to_string()).await?;
            let known = known.map(|(permission, at)| (permission, later(at, TRUST_AGE) > now));
            let asked = ways.iter().filter(|(_, way)| *way == Way::Ask).count();
            let way = way(author.is_bot(), insider, known, asked);
            ways.push((author, way));
        }
        drop(tx);
        let (mut asking, mut judged) = (Vec::new(), Vec::new());
        for (author, way) in ways {
            match way {
                Way::Never => {}
                Way::Judge => judged.push(author),
                Way::Ask => asking.push(self.ask_about(repository, author)),
            }
        }
        judged.extend(future::try_join_all(asking).await?.into_iter().flatten());
        let mut tx = self.engine.db.read().await?;
        for author in judged {
            if is_trusted(&mut tx, repository, &author).await? {
                trust.authors.insert(author.id);
            }
        }
        Ok(trust)
    }

    /// Asks GitHub what an author may do; nothing when it does not say.
    async fn ask_about(
        &self,
        repository: &Repository,
        author: Account,
    ) -> Result<Option<Account>, StoreError> {
        let Some(github) = &self.github else {
            return Ok(None);
        };
        let id = author.id.to_string();
        let permission = match github.permission(repository, &author.login, &id).await {
            Ok(permission) => permission,
            Err(error) => {
                tracing::info!(%repository, login = author.login, why = %error.why(), "an author counts as a stranger");
                return Ok(None);
            }
        };
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.begin().await?;
        people::remember_permission(&mut tx, repository, &id, permission, now).await?;
        tx.commit("permission").await?;
        Ok(Some(author))
    }

    /// Whether somebody's words are trusted where they speak: at a repository's issue, at a place bound to a project, in the
    /// shell.
    ///
    /// # Errors
    /// When the database fails. While GitHub cannot be asked, nobody who speaks there is trusted.
    pub async fn trusts(&self, asker: &Asker) -> Result<bool, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let subject = match asker.place.repository() {
            Some(repository) => Subject::Repository(repository.clone()),
            None => match projects::binding(&mut tx, &asker.place).await? {
                Some(bound) => Subject::Project(bound.project_id),
                None => Subject::Nothing,
            },
        };
        drop(tx);
        match self.refresh_permission(asker, &subject, TRUST_AGE).await {
            Ok(_) => {}
            Err(Trouble::Person(_) | Trouble::Unavailable(_)) => return Ok(false),
            Err(other) => return Err(other),
        }
        let mut tx = self.engine.db.read().await?;
        Ok(guard::trusts(&mut tx, asker, &subject).await?)
    }

    /// What a run has met so far. Its home is the projects of its place, once there are any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn met(&self, run: &Run) -> Result<Met, StoreError> {
        let mut tx = self.engine.db.read().await?;
        let mut met = trust::met(&mut tx, run.id).await?;
        if met.home.is_none() {
            let home = trust::home_of(&mut tx, &run.asker.place).await?;
            met.home = Some(home).filter(|home| !home.is_empty());
        }
        Ok(met)
    }

    /// What a run meets in what was looked at for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn met_in(&self, run: &Run, seen: &Seen) -> Result<Met, StoreError> {
        let (known, mut met) = (self.met(run).await?, Met::default());
        for subject in seen.subjects() {
            let found = match &subject {
                // An account of another run repeats what that may repeat.
                Subject::Run(id) => {
                    let mut tx = self.engine.db.read().await?;
                    let other = trust::met(&mut tx, *id).await?;
                    met.strayed |= other.strayed;
                    other.home.unwrap_or_default()
                }
                _ => scope(&subject).into_iter().collect(),
            };
            match known.home.as_ref().or(met.home.as_ref()) {
                Some(home) => met.strayed |= !found.iter().all(|scope| home.contains(scope)),
                None if found.is_empty() => {}
                None => {
                    met.home = Some(self.around(&subject).await?)
                        .filter(|home| !home.is_empty())
                        .or(Some(found))
                }
            }
        }
        Ok(met)
    }

    /// What belongs to a subject: a project with its repository, a repository with its projects.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn around(&self, subject: &Subject) -> Result<Vec<String>, StoreError> {
        let mut tx = self.engine.db.read().await?;
        around(&mut tx, subject).await
    }

    /// Whether a reading stands outside a run's home; not while it has none.
    pub fn is_outside(home: Option<&[String]>, subject: &Subject) -> bool {
        match (home, scope(subject)) {
            (Some(home), Some(scope)) => !home.contains(&scope),
            _ => false,
        }
    }

    /// Whether a project is outside a run's home.
    pub fn is_elsewhere(home: Option<&[String]>, project: ProjectId) -> bool {
        Self::is_outside(home, &Subject::Project(project))
    }

    /// Notes what a run meets in what it is about to do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_met(&self, run: &Run, met: &Met) -> Result<(), StoreError> {
        if *met == Met::default() {
            return Ok(());
        }
        let mut tx = self.engine.db.begin().await?;
        trust::note(&mut tx, run.id, met).await?;
        tx.commit("met").await
    }

    /// Adds a reading to the journal, with what the run met in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn journal_reading(&self, run: &Run, step: &Step, met: &Met) -> Result<(), StoreError> {
        let mut tx = self.engine.db.begin().await?;
        runs::add_step(&mut tx, run.id, step, self.engine.clock.now()).await?;
        trust::note(&mut tx, run.id, met).await?;
        tx.commit("tool step").await
    }
}

/// What belongs to a subject.
async fn around(tx: &mut Tx, subject: &Subject) -> Result<Vec<String>, StoreError> {
    let mut found: Vec<String> = scope(subject).into_iter().collect();
    match subject {
        Subject::Project(id) => {
            let project = projects::get(tx, *id).await?;
            let repository = project.and_then(|project| project.repository);
            found.extend(repository.as_ref().map(trust::repository_scope));
        }
        Subject::Repository(repository) => {
            let of = projects::of_repository(tx, repository).await?;
            found.extend(of.iter().map(|project| trust::project_scope(project.id)));
        }
        Subject::Nothing | Subject::Run(_) | Subject::Gate(_) => {}
    }
    Ok(found)
}

/// Whether an author's words are trusted in a repository, by what is known of them.
async fn is_trusted(tx: &mut Tx, repository: &Repository, author: &Account) -> Result<bool, StoreError> {
    let account = AccountKey {
        platform: Platform::GitHub,
        workspace: repository.host().to_owned(),
        user_id: author.id.to_string(),
    };
    let asker = Asker {
        // Whom we never met has no rights of ours, under whatever id.
        person: people::known(tx, &account)
            .await?
            .map_or_else(PersonId::new, |known| known.person_id),
        account,
        name: author.login.clone(),
        place: Place::Repository(repository.clone()),
    };
    guard::trusts(tx, &asker, &Subject::Repository(repository.clone())).await
}

/// Why a tainted run does not change something.
pub fn untouched(by: &str) -> PersonError {
    PersonError::new(
        "I did not do that",
        format!(
            "words of people without rights reached me ({by}), and then I touch nothing outside this project"
        ),
        "Ask for it in a request of its own",
    )
}

/// Why a tainted run does not read something.
pub fn refused(by: &str) -> PersonError {
    PersonError::new(
        "I did not read that",
        format!(
            "words of people without rights reached me ({by}), and then I read nothing outside this project"
        ),
        "Ask about it in a request of its own",
    )
}
