//! What the command about a project's policy does.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::Outcome;
use crate::action::{Actions, Change, Naming, PolicyEdit, Trouble};
use crate::domain::{Asker, Gated, PersonError, PersonId};
use crate::guard::{Action, Subject};

/// Which project, and what changes of its policy.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Asked {
    /// The project; left out for the one this place belongs to
    project: Option<String>,
    /// Which changes wait for an answer
    #[arg(long, value_parser = effects(), ignore_case = true)]
    gates: Option<Gated>,
    /// Whether what cannot be taken back takes two people
    #[arg(long, value_parser = yes(), ignore_case = true)]
    two_people: Option<bool>,
    /// Whether somebody else than who asked must answer
    #[arg(long, value_parser = yes(), ignore_case = true)]
    not_requester: Option<bool>,
    /// Who alone may answer, with commas between them; `anyone` for everybody with the role
    #[arg(long, value_delimiter = ',')]
    approvers: Vec<String>,
}

/// `yes` or `no`.
pub(super) fn yes() -> impl TypedValueParser<Value = bool> {
    let words = [
        PossibleValue::new("yes").aliases(["on", "true"]),
        PossibleValue::new("no").aliases(["off", "false"]),
    ];
    PossibleValuesParser::new(words).map(|word| matches!(word.to_lowercase().as_str(), "yes" | "on" | "true"))
}

/// Which changes can wait for an answer, as they are asked.
pub(super) fn effects() -> impl TypedValueParser<Value = Gated> {
    let words = [
        PossibleValue::new("none"),
        PossibleValue::new("irreversible"),
        PossibleValue::new("all_writes").aliases(["all-writes", "all writes", "all"]),
    ];
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Gated>())
}

/// Shows a project's policy, or changes what was named of it.
pub(super) async fn policy(actions: &Actions, asker: &Asker, asked: &Asked) -> Result<Outcome, Trouble> {
    let edit = PolicyEdit {
        gates: asked.gates,
        two_people: asked.two_people,
        not_requester: asked.not_requester,
        approvers: approvers(actions, asker, &asked.approvers).await?,
    };
    if edit == PolicyEdit::default() {
        let project = actions
            .project(asker, asked.project.as_deref(), Naming::Close)
            .await?;
        let subject = Subject::Project(project.id);
        let permit = actions.permit(asker, Action::ReadInside, subject).await?;
        return Ok(Outcome::words(actions.policy(&permit).await?));
    }
    let project = actions
        .project(asker, asked.project.as_deref(), Naming::Whole)
        .await?;
    Ok(Outcome::Change(Box::new(Change::SetPolicy {
        project: project.id,
        edit,
    })))
}

async fn approvers(
    actions: &Actions,
    asker: &Asker,
    names: &[String],
) -> Result<Option<Vec<(PersonId, String)>>, Trouble> {
    if names.is_empty() {
        return Ok(None);
    }
    if names.iter().any(|name| name.eq_ignore_ascii_case("nobody")) {
        return Err(PersonError::new(
            "I did not change who answers",
            "with nobody to answer, no question could ever be agreed to",
            "Name people, or `anyone` for everybody with the role",
        )
        .into());
    }
    if names.iter().all(|name| name.eq_ignore_ascii_case("anyone")) {
        return Ok(Some(Vec::new()));
    }
    let mut found: Vec<(PersonId, String)> = Vec::new();
    for name in names {
        let known = actions.person_called(asker, name).await?;
        // The account's own, so that it stays an approver when accounts are taken apart.
        let own = known.origin();
        if found.iter().all(|(person, _)| *person != own) {
            found.push((own, known.name));
        }
    }
    Ok(Some(found))
}
