//! From what people type to what they mean: projects, repositories, issues and places.

use super::{Actions, Trouble};
use crate::domain::{
    Asker, Author, IssueRef, PersonError, PersonId, Place, Platform, Project, ProjectStatus, Repository,
    issue_refs, slugify,
};
use crate::guard::{Action, Subject};
use crate::store::people;
use crate::store::projects::{self, BoundPlace};

/// How much of a project's name has to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// A part that fits one project only: enough to look at it.
    Close,
    /// All of it: a change must not hit a project that nobody named.
    Whole,
}

fn is_exact(project: &Project, text: &str) -> bool {
    project.slug == slugify(text) || project.name.to_lowercase() == text.trim().to_lowercase()
}

fn is_close(project: &Project, text: &str) -> bool {
    let (slug, own) = (slugify(text), &project.slug);
    !slug.is_empty() && (own.starts_with(&slug) || own.split('-').any(|word| word == slug))
}

/// The projects that a person may read among some.
struct Checked {
    readable: Vec<Project>,
    /// When GitHub could not be asked about others. It names the repository where the person speaks, or none: the others may be
    /// none of their business.
    unavailable: Option<PersonError>,
}

impl Checked {
    /// The projects, all of them.
    fn whole(self) -> Result<Vec<Project>, Trouble> {
        match self.unavailable {
            Some(error) => Err(Trouble::Unavailable(error)),
            None => Ok(self.readable),
        }
    }

    /// The projects, unless there is none because GitHub could not be asked.
    fn some(self) -> Result<Vec<Project>, Trouble> {
        if self.readable.is_empty() {
            self.whole()
        } else {
            Ok(self.readable)
        }
    }
}

/// The project that `text` names among `projects`: exactly by short name or name, else, where that is enough, the only one
/// that begins with it or holds it as a word.
///
/// # Errors
/// When there is none, or more than one.
pub(super) fn pick<'a>(
    projects: &'a [Project],
    text: &str,
    naming: Naming,
) -> Result<&'a Project, PersonError> {
    if let Some(exact) = projects.iter().find(|p| is_exact(p, text)) {
        return Ok(exact);
    }
    let close: Vec<&Project> = projects.iter().filter(|p| is_close(p, text)).collect();
    let names = |list: &[&Project]| {
        list.iter()
            .map(|p| format!("{} ({})", p.name, p.slug))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match close.as_slice() {
        [one] if naming == Naming::Close => Ok(one),
        [one] => Err(PersonError::new(
            format!("I changed nothing, since I know no project “{}”", text.trim()),
            format!("the only one like it is {}", one.name),
            format!("Ask again with its whole name if you mean {}", one.name),
        )),
        [] => Err(PersonError::new(
            format!("I do not know a project “{}”", text.trim()),
            if projects.is_empty() {
                "there is no project that you may see here".to_owned()
            } else {
                format!(
                    "the projects you may see here are {}",
                    names(&projects.iter().take(20).collect::<Vec<_>>())
                )
            },
            "Check the name, or ask me to create the project",
        )),
        several => Err(PersonError::new(
            format!("I do not know which project you mean by “{}”", text.trim()),
            format!("it could be {}", names(several)),
            "Ask again with the full name",
        )),
    }
}

impl Actions {
    /// The projects a person may read; without those that GitHub cannot be asked about now.
    ///
    /// # Errors
    /// When the database fails, or GitHub and there is none left.
    pub async fn readable(&self, asker: &Asker) -> Result<Vec<Project>, Trouble> {
        self.check(asker, self.all_projects().await?).await?.some()
    }

    /// The projects that somebody may mean who has typed so much of a name where they may read them, the likeliest first:
    /// those of the place, then those that begin so, and what is put away last.
    ///
    /// # Errors
    /// When the database fails, or GitHub.
    pub async fn likely(
        &self,
        author: &Author,
        place: &Place,
        so_far: &str,
    ) -> Result<Vec<Project>, Trouble> {
        let asker = self.onlooker(author, place).await?;
        let mut tx = self.engine.db.read().await?;
        let here = projects::at(&mut tx, place).await?;
        drop(tx);
        let (typed, slug) = (so_far.trim().to_lowercase(), slugify(so_far));
        let holds = |project: &Project| {
            let by_slug = !slug.is_empty() && project.slug.contains(&slug);
            typed.is_empty() || by_slug || project.name.to_lowercase().contains(&typed)
        };
        let mut likely = self.readable(&asker).await?;
        likely.retain(holds);
        likely.sort_by_key(|project| {
            let is_here = here.iter().any(|home| home.id == project.id);
            let begins = project.name.to_lowercase().starts_with(&typed);
            (project.status == ProjectStatus::Archived, !is_here, !begins)
        });
        Ok(likely)
    }

    /// Somebody who looks and asks for nothing yet. Who was never seen owns nothing, and to look is no reason to remember
    /// them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn onlooker(&self, author: &Author, place: &Place) -> Result<Asker, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let known = people::known(&mut tx, &author.account).await?;
        Ok(Asker {
            person: known.map_or_else(PersonId::new, |known| known.person_id),
            account: author.account.clone(),
            name: author.name.clone(),
            place: place.clone(),
        })
    }

    /// Every project there is, for whoever decides who is told of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_projects(&self) -> Result<Vec<Project>, Trouble> {
        let mut tx = self.engine.db.read().await?;
        Ok(projects::all(&mut tx).await?)
    }

    /// Which of the projects a person may read.
    async fn check(&self, asker: &Asker, projects: Vec<Project>) -> Result<Checked, Trouble> {
        let (mut readable, mut unavailable) = (Vec::new(), None);
        for project in projects {
            let subject = Subject::Project(project.id);
            match self.may(asker, Action::ReadProject, subject).await {
                Ok(_) => readable.push(project),
                Err(Trouble::Person(_)) => {}
                Err(Trouble::Unavailable(own)) if project.repository.as_ref() == asker.place.repository() => {
                    unavailable = Some(own);
                }
                Err(Trouble::Unavailable(_)) => {
                    unavailable.get_or_insert_with(|| {
                        PersonError::new(
                            format!("I could not check what {} may do", asker.name),
                            "GitHub could not be asked about every project",
                            "Ask again in a few minutes; www.githubstatus.com tells how GitHub is",
                        )
                    });
                }
                Err(other) => return Err(other),
            }
        }
        Ok(Checked {
            readable,
            unavailable,
        })
    }

    /// The project that `name` names. GitHub is asked only about those it can mean, unless it means none.
    async fn named(&self, asker: &Asker, name: &str, naming: Naming) -> Result<Project, Trouble> {
        let all = self.all_projects().await?;
        for fits in [is_exact, is_close] {
            let candidates = all.iter().filter(|p| fits(p, name)).cloned().collect();
            let found = self.check(asker, candidates).await?.some()?;
            if !found.is_empty() {
                return Ok(pick(&found, name, naming)?.clone());
            }
        }
        let known = self.check(asker, all).await?.whole()?;
        Ok(pick(&known, name, naming)?.clone())
    }

    /// The project a person means: by name, else the one this place belongs to, else the only one there is.
    ///
    /// # Errors
    /// When there is none, or more than one; a project the person may not read counts as unknown.
    pub async fn project(
        &self,
        asker: &Asker,
        named: Option<&str>,
        naming: Naming,
    ) -> Result<Project, Trouble> {
        let named = named.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = named {
            return self.named(asker, name, naming).await;
        }
        let mut tx = self.engine.db.read().await?;
        let mut here = projects::at(&mut tx, &asker.place).await?;
        drop(tx);
        if here.is_empty() {
            let known = self.check(asker, self.all_projects().await?).await?;
            here = match naming {
                Naming::Close => known.some()?,
                // A change must not hit the only one that GitHub happened to answer for.
                Naming::Whole => known.whole()?,
            };
        }
        match here.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(PersonError::new(
                "I do not know which project you mean",
                "this place belongs to no project",
                "Name the project, or have this place bound to it",
            )
            .into()),
            several => Err(PersonError::new(
                "I do not know which project you mean",
                format!(
                    "it could be {}",
                    several
                        .iter()
                        .map(|p| p.name.clone())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                "Name the project",
            )
            .into()),
        }
    }

    /// The repository a person means: by name, else that of the project they mean.
    ///
    /// # Errors
    /// When it cannot be read, or the project has none.
    pub async fn repository(
        &self,
        asker: &Asker,
        repository: Option<&str>,
        project: Option<&str>,
        naming: Naming,
    ) -> Result<Repository, Trouble> {
        if let Some(text) = repository.map(str::trim).filter(|text| !text.is_empty()) {
            let repository = parse_repository(text)?;
            if let Some(github) = &self.github
                && github.host() != repository.host()
            {
                return Err(PersonError::new(
                    format!("I cannot use {repository}"),
                    format!("I work on {} and not on {}", github.host(), repository.host()),
                    "Name a repository there",
                )
                .into());
            }
            return Ok(repository);
        }
        if let (Some(repository), None) = (asker.place.repository(), project) {
            return Ok(repository.clone());
        }
        let project = self.project(asker, project, naming).await?;
        Ok(project.repository.ok_or_else(|| {
            PersonError::new(
                format!("I cannot look at issues of {}", project.name),
                "it has no repository yet",
                format!("Ask somebody with rights to the repository to say: set the repository of {} to owner/name", project.name),
            )
        })?)
    }

    /// The issue a person means: `owner/repo#12`, its URL, `#12` or `12` where one repository is meant, or the one they
    /// speak on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn issue(&self, asker: &Asker, named: Option<&str>) -> Result<IssueRef, Trouble> {
        self.numbered(asker, named, "issue", "an issue").await
    }

    /// The pull request a person means, in the same ways.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn pull_request(&self, asker: &Asker, named: Option<&str>) -> Result<IssueRef, Trouble> {
        self.numbered(asker, named, "pull request", "a pull request")
            .await
    }

    /// What has a number in a repository; `noun` and `one` are what it is called.
    async fn numbered(
        &self,
        asker: &Asker,
        named: Option<&str>,
        noun: &str,
        one: &str,
    ) -> Result<IssueRef, Trouble> {
        let text = named.map(str::trim).filter(|text| !text.is_empty());
        match (text, &asker.place) {
            (None, Place::GitHub(issue)) => return Ok(issue.clone()),
            (None, _) => {
                return Err(PersonError::new(
                    format!("I do not know which {noun} you mean"),
                    format!("you named none, and this is not {one}"),
                    "Name it, like #12 or owner/repo#12",
                )
                .into());
            }
            _ => {}
        }
        let text = text.unwrap_or_default();
        let text = if text.chars().all(|c| c.is_ascii_digit()) {
            format!("#{text}")
        } else {
            text.to_owned()
        };
        let here = if text.starts_with('#') {
            let found = self.repository(asker, None, None, Naming::Whole).await;
            let whole = |error: PersonError| PersonError {
                next: format!("Name the {noun} with its repository, like acme/apollo{text}"),
                ..error
            };
            Some(found.map_err(|trouble| match trouble {
                Trouble::Person(error) => Trouble::Person(whole(error)),
                other => other,
            })?)
        } else {
            None
        };
        match issue_refs(&text, here.as_ref()).as_slice() {
            [issue] => Ok(issue.clone()),
            _ => Err(PersonError::new(
                format!("I do not know which {noun} you mean by “{text}”"),
                format!("that is not the number of one {noun}"),
                "Write it like #12 or owner/repo#12",
            )
            .into()),
        }
    }

    /// The place a person means to bind or unbind: by its address, else the one where they speak.
    ///
    /// # Errors
    /// When it is no address.
    pub fn place_called(&self, asker: &Asker, named: Option<&str>) -> Result<Place, PersonError> {
        match named
            .map(str::trim)
            .filter(|text| !text.is_empty() && *text != "here")
        {
            None => Ok(asker.place.root()),
            Some(text) => text.parse::<Place>().map_err(|error| {
                PersonError::new(
                    format!("I do not know which place you mean by “{text}”"),
                    error.to_string(),
                    "Ask in the channel itself instead",
                )
            }),
        }
    }

    /// How a place is bound. What belongs where, nobody is told who does not speak there, but for the shell's user.
    ///
    /// # Errors
    /// When it is not bound.
    pub async fn binding(&self, asker: &Asker, place: &Place) -> Result<BoundPlace, Trouble> {
        let what = "I could not unbind this place";
        if place.root() != asker.place.root() && asker.place.platform() != Platform::Shell {
            let why = "a place is unbound by somebody who speaks there";
            return Err(PersonError::new(what, why, "Ask me in that channel").into());
        }
        let mut tx = self.engine.db.read().await?;
        let bound = projects::binding(&mut tx, place).await?;
        Ok(bound.ok_or_else(|| {
            PersonError::new(
                what,
                "it is not bound to a project",
                "Ask me in the channel that you mean; `project show` lists the places of a project",
            )
        })?)
    }

    /// The bound place a person means: its label (`#apollo`), its address, or "here".
    ///
    /// # Errors
    /// When no such place is bound to a project.
    pub async fn bound_place(&self, asker: &Asker, named: &str) -> Result<BoundPlace, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let here = projects::binding(&mut tx, &asker.place).await?;
        let wanted = named.trim().to_lowercase();
        if let (Some(here), "here" | "this channel" | "") = (&here, wanted.as_str()) {
            return Ok(here.clone());
        }
        if let Ok(place) = named.trim().parse::<Place>()
            && let Some(bound) = projects::binding(&mut tx, &place).await?
        {
            return Ok(BoundPlace { place, ..bound });
        }
        let label = |bound: &BoundPlace| {
            bound.label.to_lowercase().trim_start_matches('#') == wanted.trim_start_matches('#')
        };
        let mut known = Vec::new();
        for project in projects::all(&mut tx).await? {
            known.extend(projects::places(&mut tx, project.id).await?);
        }
        let at_home: Vec<_> = projects::at(&mut tx, &asker.place)
            .await?
            .into_iter()
            .map(|p| p.id)
            .collect();
        let mut found: Vec<BoundPlace> = known.into_iter().filter(label).collect();
        // Two workspaces may both have a #general: the project of this place goes first.
        if found.len() > 1 {
            found.retain(|bound| at_home.contains(&bound.project_id));
        }
        match found.as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(PersonError::new(
                format!("I cannot post to {}", named.trim()),
                "I only post to places that are bound to a project, and this one is not",
                "Have a maintainer of the project bind it: in that channel, say “bind this channel to …”",
            )
            .into()),
        }
    }
}

/// A repository as typed.
pub(super) fn parse_repository(text: &str) -> Result<Repository, PersonError> {
    let no_repository = || {
        PersonError::new(
            format!("“{}” is not a repository", text.trim()),
            "I need an owner and a name",
            "Write it as owner/name, or paste its address",
        )
    };
    let repository: Repository = text.parse().map_err(|_| no_repository())?;
    // `a/b/c` is a slip of the hand; a host without a dot is meant only in an address.
    let is_address = text.contains("://") || text.contains('@');
    if is_address || repository.host().contains(['.', ':']) {
        Ok(repository)
    } else {
        Err(no_repository())
    }
}
