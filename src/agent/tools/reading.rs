//! What a tool may read, and how it tells of it: strangers' words and what is none of this run's business never meet.

use super::{Performed, ToolCx};
use crate::action::{Actions, Change, Telling, Trouble, refused, untouched};
use crate::domain::{PersonError, Project, names};
use crate::guard::taint::{Look, look};
use crate::guard::{Permit, Subject};
use crate::store::trust::Met;

/// One reading that may go on.
pub(super) struct Reading<'a> {
    /// How what others wrote is told.
    pub(super) telling: Telling<'a>,
    home: Option<Vec<String>>,
    strayed: bool,
}

impl Reading<'_> {
    /// The result, with what the run met in it.
    pub(super) fn done(self, text: String, doing: Option<String>) -> Performed {
        let met = Met {
            tainted_by: self.telling.strangers(),
            home: self.home,
            strayed: self.strayed,
        };
        Performed::Read { text, doing, met }
    }
}

impl ToolCx<'_> {
    /// Begins to read what a permit is for. What a run reads first is its home, unless its place has one.
    ///
    /// # Errors
    /// That it may not be read after what was read before.
    pub(super) async fn read(&self, permit: &Permit) -> Result<Reading<'_>, Trouble> {
        let home = self.met.home.as_deref();
        let outside = Actions::is_outside(home, permit.subject());
        let tainted_by = self.met.tainted_by.as_deref();
        let withhold = match look(tainted_by.is_some(), self.met.strayed, outside) {
            Look::Open => false,
            Look::Withheld => true,
            Look::Refused => {
                let error = refused(tainted_by.unwrap_or_default());
                self.actions
                    .note_kept_out(self.asker, permit.subject(), &error)
                    .await?;
                return Err(error.into());
            }
        };
        Ok(Reading {
            telling: Telling::model(self.fence, withhold),
            home: match home {
                Some(home) => Some(home.to_vec()),
                None => Some(self.actions.around(permit.subject()).await?),
            },
            strayed: outside,
        })
    }

    /// The projects among some that may be named: in a tainted run, those at home. Whether others are named is told too; not
    /// while the run has no home.
    pub(super) fn namable(&self, mut projects: Vec<Project>) -> (Vec<Project>, Met) {
        let home = self.met.home.as_deref();
        let outside = |project: &Project| Actions::is_elsewhere(home, project.id);
        if self.met.tainted_by.is_some() {
            projects.retain(|project| !outside(project));
        }
        let met = Met {
            strayed: projects.iter().any(outside),
            ..Met::default()
        };
        (projects, met)
    }

    /// Whether a change may be planned that is about a subject, and what planning it comes to: a question shows how what it is
    /// about stands now, and so may the change's result.
    ///
    /// # Errors
    /// That it may not be touched after what was read before.
    pub(super) async fn touch(&self, subject: &Subject) -> Result<Met, Trouble> {
        let home = self.met.home.as_deref();
        let outside = Actions::is_outside(home, subject);
        let tainted_by = self.met.tainted_by.as_deref();
        if look(tainted_by.is_some(), self.met.strayed, outside) == Look::Refused {
            let error = untouched(tainted_by.unwrap_or_default());
            self.actions.note_kept_out(self.asker, subject, &error).await?;
            return Err(error.into());
        }
        Ok(Met {
            home: match home {
                Some(_) => None,
                None => Some(self.actions.around(subject).await?).filter(|home| !home.is_empty()),
            },
            strayed: outside,
            ..Met::default()
        })
    }

    /// The same of a change that is planned already. One that shows nothing of what it is about is no reading.
    ///
    /// # Errors
    /// That it may not be made after what was read before.
    pub async fn plan(&self, change: &Change) -> Result<Met, Trouble> {
        let met = match change.needs().first() {
            Some((_, subject)) => self.touch(subject).await?,
            None => Met::default(),
        };
        match change {
            Change::UpdateIssue { .. } | Change::UpdateProject { .. } => Ok(met),
            _ => Ok(Met::default()),
        }
    }

    /// What went wrong. It may name projects that are none of this run's business: a tainted run is not told them, and for another
    /// that is a reading.
    pub(super) async fn failed(&self, error: PersonError) -> Result<Performed, Trouble> {
        let home = self.met.home.as_deref();
        let text = error.to_string();
        let named = |project: &Project| names(&text, &project.name) || names(&text, &project.slug);
        let elsewhere = |project: &&Project| Actions::is_elsewhere(home, project.id);
        let tells = self
            .actions
            .all_projects()
            .await?
            .iter()
            .filter(elsewhere)
            .any(named);
        Ok(match &self.met.tainted_by {
            Some(by) if tells => Performed::Failed {
                error: PersonError::new(
                    "I do not know what is meant",
                    format!(
                        "words of people without rights reached me ({by}), and then I name nothing outside this project"
                    ),
                    "Name this project in full, or ask in a request of its own",
                ),
                met: Met::default(),
            },
            _ => Performed::Failed {
                error,
                met: Met {
                    strayed: tells,
                    ..Met::default()
                },
            },
        })
    }
}
