//! What the fake GitHub holds: users, repositories, issues, comments. Look-ups ignore case, as GitHub does;
//! answers use the spelling something was made with. Pull requests are issues with a [`Pull`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::app::App;
use super::fault::Faults;
use super::hooks::Hooks;
use super::meter::Meter;
use super::pulls::Pull;
use super::rest::Req;
use super::view::Call;

/// The id of the token's user.
pub(super) const BOT_ID: u64 = 900;
/// The login of the token's user.
pub(super) const BOT: &str = "pm-bot";

/// A repository role, weakest first.
/// <https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// No access.
    None,
    /// Sees and comments.
    Read,
    /// Labels and assigns, too.
    Triage,
    /// Pushes, edits what others wrote.
    Write,
    /// Manages, short of what could destroy.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// The role of that name.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "none" => Self::None,
            "read" => Self::Read,
            "triage" => Self::Triage,
            "write" => Self::Write,
            "maintain" => Self::Maintain,
            "admin" => Self::Admin,
            _ => panic!("no such repository role: {name}"),
        }
    }

    /// The `role_name` of the collaborator look-up.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The `permission` of the collaborator look-up, which knows only the four old roles.
    pub(super) fn permission(self) -> &'static str {
        match self {
            Self::Triage => "read",
            Self::Maintain => "write",
            other => other.name(),
        }
    }
}

/// An account.
#[derive(Clone)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    /// "User", "Bot" or "Organization".
    pub(super) kind: &'static str,
}

/// A label of a repository.
#[derive(Clone)]
pub(super) struct Label {
    pub(super) id: u64,
    pub(super) name: String,
}

/// A repository.
pub(super) struct Repo {
    pub(super) id: u64,
    /// The owning organisation.
    pub(super) owner: User,
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) issues_on: bool,
    /// Given roles by user id; who has none reads a public repository and does not see a private one.
    pub(super) roles: BTreeMap<u64, Role>,
    pub(super) labels: Vec<Label>,
    pub(super) issues: BTreeMap<u64, IssueRow>,
    pub(super) created_at: DateTime<Utc>,
}

impl Repo {
    pub(super) fn role(&self, user: u64) -> Role {
        let default = if self.private { Role::None } else { Role::Read };
        self.roles.get(&user).copied().unwrap_or(default)
    }

    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner.login, self.name)
    }

    pub(super) fn next_number(&self) -> u64 {
        self.issues.keys().next_back().map_or(1, |last| last + 1)
    }

    /// Who may be assigned: who has a role, or has written on the issue.
    /// <https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/assigning-issues-and-pull-requests-to-other-github-users>
    pub(super) fn may_be_assigned(&self, user: u64, issue: Option<&IssueRow>) -> bool {
        let writes = issue.is_some_and(|i| i.author == user || i.comments.iter().any(|c| c.author == user));
        self.roles.get(&user).is_some_and(|role| *role >= Role::Read) || writes
    }
}

/// An issue or pull request.
pub(super) struct IssueRow {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) author: u64,
    pub(super) open: bool,
    pub(super) state_reason: Option<String>,
    /// Names as the repository spells them.
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<u64>,
    pub(super) locked: bool,
    pub(super) deleted: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) closed_at: Option<DateTime<Utc>>,
    pub(super) closed_by: Option<u64>,
    pub(super) pull: Option<Pull>,
    pub(super) comments: Vec<CommentRow>,
}

/// A comment on an issue or pull request.
#[derive(Clone)]
pub(super) struct CommentRow {
    pub(super) id: u64,
    pub(super) author: u64,
    /// Every text it had, oldest first; never empty.
    pub(super) revisions: Vec<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl CommentRow {
    pub(super) fn body(&self) -> &str {
        self.revisions.last().unwrap()
    }
}

/// Where an issue stands: the repository's index and the issue's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) repo: usize,
    pub(super) number: u64,
}

/// Everything behind the lock.
pub(super) struct State {
    pub(super) api_url: String,
    pub(super) now: DateTime<Utc>,
    pub(super) token_works: bool,
    /// The App, when a test made one.
    pub(super) app: Option<App>,
    /// As whom the call that is being answered acts.
    pub(super) actor: u64,
    pub(super) meter: Meter,
    pub(super) users: Vec<User>,
    pub(super) repos: Vec<Repo>,
    pub(super) calls: Vec<Call>,
    pub(super) faults: Faults,
    pub(super) hooks: Hooks,
    /// Effects that come late: the moment and the call.
    pub(super) later: Vec<(DateTime<Utc>, Req)>,
    /// Counts changes, for those who wait for one.
    pub(super) version: u64,
    next_user: u64,
    next_id: u64,
}

impl State {
    pub(super) fn new(api_url: String, now: DateTime<Utc>) -> Self {
        let bot = User {
            id: BOT_ID,
            login: BOT.to_owned(),
            kind: "User",
        };
        Self {
            api_url,
            now,
            token_works: true,
            app: None,
            actor: BOT_ID,
            meter: Meter::default(),
            users: vec![bot],
            repos: Vec::new(),
            calls: Vec::new(),
            faults: Faults::default(),
            hooks: Hooks::default(),
            later: Vec::new(),
            version: 0,
            next_user: 1001,
            // Real ids passed 32 bits long ago; small ones would hide a narrow integer in the client.
            next_id: 5_000_000_001,
        }
    }

    pub(super) fn touch(&mut self) {
        self.version += 1;
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    pub(super) fn find_user(&self, login: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn user(&self, id: u64) -> &User {
        self.users.iter().find(|user| user.id == id).unwrap()
    }

    /// The user of that login, made when there is none.
    pub(super) fn ensure_user(&mut self, login: &str, kind: &'static str) -> User {
        if let Some(user) = self.find_user(login) {
            return user.clone();
        }
        let user = User {
            id: self.next_user,
            login: login.to_owned(),
            kind,
        };
        self.next_user += 1;
        self.users.push(user.clone());
        user
    }

    pub(super) fn find_repo(&self, owner: &str, name: &str) -> Option<usize> {
        self.repos
            .iter()
            .position(|r| r.owner.login.eq_ignore_ascii_case(owner) && r.name.eq_ignore_ascii_case(name))
    }

    /// The repository of that full name, made when there is none: public, with the bot as a writer.
    pub(super) fn ensure_repo(&mut self, full_name: &str) -> usize {
        let (owner, name) = full_name.split_once('/').expect("owner/name");
        if let Some(found) = self.find_repo(owner, name) {
            return found;
        }
        let owner = self.ensure_user(owner, "Organization");
        let id = self.new_id();
        self.repos.push(Repo {
            id,
            owner,
            name: name.to_owned(),
            private: false,
            archived: false,
            issues_on: true,
            roles: BTreeMap::from([(BOT_ID, Role::Write)]),
            labels: Vec::new(),
            issues: BTreeMap::new(),
            created_at: self.now,
        });
        self.touch();
        self.repos.len() - 1
    }

    /// The repository of that full name; panics when the test named one that is not there.
    pub(super) fn repo_named(&self, full_name: &str) -> usize {
        let found = full_name
            .split_once('/')
            .and_then(|(owner, name)| self.find_repo(owner, name));
        found.unwrap_or_else(|| panic!("the test named no such repository: {full_name}"))
    }

    pub(super) fn issue(&self, spot: Spot) -> &IssueRow {
        &self.repos[spot.repo].issues[&spot.number]
    }

    pub(super) fn issue_mut(&mut self, spot: Spot) -> &mut IssueRow {
        self.repos[spot.repo].issues.get_mut(&spot.number).unwrap()
    }

    /// Where the comment of that id stands.
    pub(super) fn find_comment(&self, id: u64) -> Option<(Spot, CommentRow)> {
        self.repos.iter().enumerate().find_map(|(repo, r)| {
            r.issues.values().find_map(|issue| {
                let comment = issue.comments.iter().find(|comment| comment.id == id)?;
                Some((
                    Spot {
                        repo,
                        number: issue.number,
                    },
                    comment.clone(),
                ))
            })
        })
    }
}
