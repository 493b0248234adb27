//! What was used of the language model, and how much may be.

#[cfg(test)]
mod tests;

use super::Outcome;
use crate::action::{Actions, Naming, Trouble};
use crate::config::Cap;
use crate::domain::{Asker, Project};
use crate::guard::budget::{Budget, grouped, month_of};
use crate::guard::{Action, Subject};
use crate::markup::quote_untrusted;
use crate::store::usage::{self, Used};

/// What the person used today, and what was used this month for the named project or the one of the place.
pub(super) async fn budget(
    actions: &Actions,
    asker: &Asker,
    project: Option<&str>,
) -> Result<Outcome, Trouble> {
    let project = match project {
        Some(_) => {
            let project = actions.project(asker, project, Naming::Close).await?;
            let subject = Subject::Project(project.id);
            actions.permit(asker, Action::ReadInside, subject).await?;
            Some(project)
        }
        None => here(actions, asker).await?,
    };
    let (budget, now) = (&actions.budget, actions.engine.clock.now());
    let (from, until) = month_of(now);
    let mut tx = actions.engine.db.read().await?;
    let day = usage::of_person(&mut tx, asker.person, now.date_naive()).await?;
    let mut lines = vec![format!(
        "- **You**, today ({}, UTC): {}",
        now.format("%-d %B"),
        line(budget, day, budget.person_day)
    )];
    if let Some(project) = &project {
        let month = usage::of_project(&mut tx, project.id, from, until).await?;
        lines.push(format!(
            "- **{}**, this month ({}): {}",
            quote_untrusted(&project.name),
            now.format("%B %Y"),
            line(budget, month, budget.project_month)
        ));
    }
    drop(tx);
    let mut text = format!("Used of the language model:\n\n{}", lines.join("\n"));
    if !budget.metered {
        text.push_str(
            "\n\nNo language model is set up. The built-in one costs nothing, and no limit stops it.",
        );
    }
    Ok(Outcome::words(text))
}

/// The one project of the place, when the person may see what it uses.
async fn here(actions: &Actions, asker: &Asker) -> Result<Option<Project>, Trouble> {
    let mut tx = actions.engine.db.read().await?;
    let Some(project) = usage::project_at(&mut tx, &asker.place).await? else {
        return Ok(None);
    };
    drop(tx);
    let subject = Subject::Project(project.id);
    match actions.may(asker, Action::ReadInside, subject).await {
        Ok(_) => Ok(Some(project)),
        Err(Trouble::Person(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// "1,200 of 1,000,000 tokens, 0.05 of 2.00 USD, in 3 answers". Money is told where there are prices.
pub(super) fn line(budget: &Budget, used: Used, cap: Cap) -> String {
    let tokens = match cap.tokens {
        Some(limit) => format!("{} of {} tokens", grouped(used.tokens), grouped(limit)),
        None => format!("{} tokens, without a limit", grouped(used.tokens)),
    };
    let money = match cap.cost {
        _ if budget.prices.is_none() => String::new(),
        Some(limit) => format!(", {} of {}", used.cost, budget.money(limit)),
        None => format!(", {}", budget.money(used.cost)),
    };
    let answers = match used.answers {
        1 => "1 answer".to_owned(),
        count => format!("{} answers", grouped(count)),
    };
    format!("{tokens}{money}, in {answers}")
}
