//! What a run says besides where it was asked: on an issue that it concerns, everybody reads it.

use crate::domain::Place;
use crate::store::runs::Run;
use crate::store::{StoreError, Tx, trust};

/// The targets of a run at which nothing that it found may be said: issues where it was not asked, once it has read anything
/// that is not of their project, or may repeat such; after strangers' words, all but those of the projects of its place.
///
/// # Errors
/// When the database fails.
pub async fn withheld(tx: &mut Tx, run: &Run) -> Result<Vec<Place>, StoreError> {
    let others = run.targets.iter().map(|target| &target.place);
    let others = others.filter(|place| **place != run.asker.place && place.repository().is_some());
    let mut withheld: Vec<Place> = others.cloned().collect();
    if withheld.is_empty() {
        return Ok(withheld);
    }
    let met = trust::met(tx, run.id).await?;
    let here = trust::home_of(tx, &run.asker.place).await?;
    let read = match met.home {
        Some(home) => vec![home],
        // It knows nothing but what was said before.
        None => trust::homes_in(tx, run.conversation).await?,
    };
    withheld.retain(|place| {
        let scope = place.repository().map(trust::repository_scope);
        let holds = |home: &Vec<String>| scope.as_ref().is_some_and(|scope| home.contains(scope));
        let is_home = holds(&here);
        let may_be_told = if here.is_empty() {
            met.tainted_by.is_none()
        } else {
            is_home
        };
        met.strayed || !may_be_told || !read.iter().all(holds)
    });
    Ok(withheld)
}
