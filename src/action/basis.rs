//! What a change is decided upon: people agree to it as things stand, and a change by somebody else makes the question moot.

use sha2::{Digest, Sha256};

use super::{Actions, Change, Trouble};
use crate::domain::Role;
use crate::platform::github::GitHubError;
use crate::store::{people, projects, roles};

impl Actions {
    /// SHA-256 of a change and of what it is decided upon, as that stands now.
    ///
    /// # Errors
    /// When the database fails, or GitHub.
    pub async fn fingerprint(&self, change: &Change) -> Result<Vec<u8>, Trouble> {
        let json = serde_json::to_string(change).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(json.as_bytes());
        hash.update([0]);
        hash.update(self.basis(change).await?.as_bytes());
        Ok(hash.finalize().to_vec())
    }

    /// What a change is decided upon, as it stands now: a later change of it by somebody else makes the question moot.
    async fn basis(&self, change: &Change) -> Result<String, Trouble> {
        let basis = match change {
            Change::UpdateIssue { issue, change } => {
                let what = format!("look at {issue}");
                let now = match self.github()?.issue(issue).await {
                    Ok(now) => now,
                    // What is gone has changed.
                    Err(GitHubError::NotFound | GitHubError::Gone(_)) => return Ok("gone".to_owned()),
                    // Whoever cannot ask does not know; that is no change of anything.
                    Err(error) => return Err(Trouble::Unavailable(error.explain(&what))),
                };
                let title = change.title.as_ref().map(|_| now.title);
                let body = change.body.as_ref().map(|_| now.body);
                let state = change.state.map(|_| now.state);
                serde_json::to_string(&(title, body, state)).unwrap_or_default()
            }
            Change::UpdateProject { project, .. } => {
                let mut tx = self.engine.db.read().await?;
                let project = projects::get(&mut tx, *project).await?;
                let now = project.map(|now| (now.name, now.description, now.status, now.repository));
                serde_json::to_string(&now).unwrap_or_default()
            }
            Change::BindPlace { place, .. }
            | Change::UnbindPlace { place, .. }
            | Change::PostMessage { place, .. } => {
                let mut tx = self.engine.db.read().await?;
                let bound = projects::binding(&mut tx, place).await?;
                bound.map_or_else(String::new, |bound| bound.project_id.to_string())
            }
            Change::SetRole {
                project,
                person,
                account,
                ..
            } => {
                let mut tx = self.engine.db.read().await?;
                let role = roles::get(&mut tx, *project, *person).await?;
                // Accounts may be linked and taken apart meanwhile.
                let whose = people::known(&mut tx, account).await?;
                format!(
                    "{} {}",
                    role.map_or("nothing", Role::words),
                    whose.is_some_and(|known| known.person_id == *person)
                )
            }
            Change::SetPolicy { project, .. } => {
                let mut tx = self.engine.db.read().await?;
                let project = projects::get(&mut tx, *project).await?;
                project.map_or_else(String::new, |project| format!("{:?}", project.policy))
            }
            _ => String::new(),
        };
        Ok(basis)
    }
}
