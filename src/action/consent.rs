//! Changes that wait for people: whether one does, what the question shows, and what the change was decided upon.

use super::request::Request;
use super::shown::Now;
use super::{Actions, Change, Trouble};
use crate::domain::{GateId, Platform, Policy, Project, ProjectId, Reach, Repository, Role, StepId};
use crate::engine::clock::later;
use crate::gate::rules::{self, Circumstances, Unasked};
use crate::store::gates::NewGate;
use crate::store::runs::Run;
use crate::store::{StoreError, Tx, people, projects, roles, schedules, trust};

/// Who decided on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// A person, by a command that says it.
    Person,
    /// A model, by what it read.
    Model,
    /// A model that says itself that nobody asked for it.
    ModelAlone,
}

/// A question that a change has to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    project: Option<ProjectId>,
    policy: Policy,
    reach: Reach,
    reason: String,
    shown: String,
    hash: Vec<u8>,
    /// A stranger's words may have led to it: what trying it would tell is told only to whoever agreed to it.
    pub(super) tainted: bool,
}

impl Change {
    /// How far it reaches.
    pub fn reach(&self) -> Reach {
        match self {
            // Who owns a project can take it from whoever made them one.
            Self::SetRole {
                role: Some(Role::Owner),
                ..
            } => Reach::Irreversible,
            _ => Reach::Write,
        }
    }

    /// The repository it is about, when it is about one.
    pub(super) fn repository(&self) -> Option<&Repository> {
        match self {
            Self::CreateIssue { new } => Some(&new.repository),
            Self::CommentOnIssue { issue, .. } | Self::UpdateIssue { issue, .. } => Some(&issue.repository),
            _ => None,
        }
    }

    /// The project it is about, when it names one.
    fn project(&self) -> Option<ProjectId> {
        match self {
            Self::UpdateProject { project, .. }
            | Self::BindPlace { project, .. }
            | Self::UnbindPlace { project, .. }
            | Self::PostMessage { project, .. }
            | Self::AddSchedule { project, .. }
            | Self::RemoveSchedule { project, .. }
            | Self::SetRole { project, .. }
            | Self::SetPolicy { project, .. } => Some(*project),
            _ => None,
        }
    }
}

impl Actions {
    /// The question that a change has to wait for; none when it needs none.
    ///
    /// # Errors
    /// When the database fails, or GitHub, which tells what the change is decided upon.
    pub async fn question(
        &self,
        run: &Run,
        change: &Change,
        decider: Decider,
    ) -> Result<Option<Question>, Trouble> {
        let mut tx = self.engine.db.read().await?;
        if matches!(change, Change::SetPolicy { .. })
            && (run.asker.place.platform(), decider) == (Platform::Shell, Decider::Person)
        {
            // Who sits at the machine could write it into the database: a project that asks people who are gone must not stay shut.
            return Ok(None);
        }
        let here = projects::at(&mut tx, &run.asker.place).await?;
        let about = about(&mut tx, change, &here).await?;
        let met = trust::met(&mut tx, run.id).await?;
        let policy = about
            .as_ref()
            .map(|project| project.policy.clone())
            .unwrap_or_default();
        let reach = match change {
            Change::SetPolicy { edit, .. } if edit.loosens(&policy) => Reach::Loosens,
            _ => change.reach(),
        };
        let by_model = decider != Decider::Person;
        let request = Request {
            text: &run.text,
            place: &run.asker.place,
            here: &here,
            home: met.home.as_deref(),
        };
        let reason = rules::waits(Circumstances {
            gates: policy.gates,
            reach,
            tainted_by: met.tainted_by.as_deref(),
            strayed: met.strayed && by_model && !request.names(change, about.as_ref()),
            unasked: match decider {
                Decider::Person => None,
                Decider::Model => request.unasked(change, about.as_ref()),
                Decider::ModelAlone => Some(Unasked::OwnIdea),
            },
        });
        let Some(reason) = reason else {
            return Ok(None);
        };
        let now = self.now(&mut tx, change, about.as_ref()).await?;
        drop(tx);
        Ok(Some(Question {
            // What is about no project yet is asked of those of the place.
            project: about.as_ref().or(here.first()).map(|project| project.id),
            policy,
            reach,
            reason,
            shown: change.shown(&now),
            tainted: met.tainted_by.is_some(),
            hash: self.fingerprint(change).await?,
        }))
    }

    /// How what a change is about stands now.
    async fn now(&self, tx: &mut Tx, change: &Change, about: Option<&Project>) -> Result<Now, Trouble> {
        let mut now = Now {
            name: about.map_or_else(String::new, |project| project.name.clone()),
            project: about.cloned(),
            ..Now::default()
        };
        match change {
            Change::PostMessage { place, .. } => now.name = projects::label(tx, place).await?,
            Change::AddSchedule { place, .. } => {
                now.name = format!("{} to {}", now.name, projects::label(tx, place).await?);
            }
            Change::RemoveSchedule { id, .. } => {
                if let Some(schedule) = schedules::get(tx, *id).await? {
                    let number = schedule.number;
                    now.schedule = Some(format!("{number}: {}", self.listed(tx, schedule).await?.what()));
                }
            }
            Change::SetRole { project, person, .. } => now.role = roles::get(tx, *project, *person).await?,
            Change::SetPolicy { edit, .. } => {
                if let Some(project) = about {
                    now.policy = edit.until_now(tx, &project.policy).await?;
                }
            }
            _ => {}
        }
        Ok(now)
    }

    /// The row of a question.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn ask_people(
        &self,
        tx: &mut Tx,
        run: &Run,
        step: StepId,
        change: &Change,
        question: &Question,
    ) -> Result<i64, StoreError> {
        let json = serde_json::to_string(change).unwrap_or_default();
        let now = self.engine.clock.now();
        let new = NewGate {
            id: GateId::new(),
            project: question.project,
            run: run.id,
            step,
            // The account's own: whoever takes their accounts apart takes their questions along.
            person: people::origin_of(tx, &run.asker.account, &run.asker.name, now).await?,
            asker_name: &run.asker.name,
            place: &run.asker.place,
            reason: &question.reason,
            change: &json,
            shown: &question.shown,
            hash: &question.hash,
            role: rules::least_role(question.reach),
            approvers: &question.policy.approvers,
            votes_needed: rules::votes_needed(&question.policy, question.reach),
            not_requester: question.policy.not_requester,
            expires_at: later(now, self.patience),
        };
        self.gates().ask(tx, run, &new).await
    }
}

/// The project that a change is about: the one it names, else the one of its repository whose policy is the strictest, that of
/// this place first.
async fn about(tx: &mut Tx, change: &Change, here: &[Project]) -> Result<Option<Project>, StoreError> {
    if let Some(id) = change.project() {
        return projects::get(tx, id).await;
    }
    let Some(repository) = change.repository() else {
        return Ok(None);
    };
    // Members of each may change the repository: the one that asks most decides, else anybody could start one that asks nothing.
    let its = projects::of_repository(tx, repository).await?;
    let is_here = |project: &Project| here.iter().any(|other| other.id == project.id);
    Ok(its
        .into_iter()
        .max_by_key(|project| (project.policy.strictness(), is_here(project))))
}
