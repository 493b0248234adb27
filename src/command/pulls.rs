//! What the commands about pull requests do.

use clap::{Subcommand, ValueEnum};

use super::issues::{READ, reader};
use super::pages::{List, Shown};
use super::{Outcome, pages};
use crate::action::{Actions, Telling, Trouble};
use crate::domain::{Answer, Asker};
use crate::guard::{Action, Subject};
use crate::platform::github::StateFilter;

/// What can be done with pull requests.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum PrCommand {
    /// The pull requests of a project, those that changed last first
    #[command(after_help = "pr list --state all --project apollo")]
    List {
        /// Open ones when left out
        #[arg(long, ignore_case = true)]
        state: Option<State>,
        /// The project; left out for the one this place belongs to
        #[arg(long)]
        project: Option<String>,
        /// Which page of a long list
        #[arg(long, value_parser = pages::number, default_value = "1")]
        page: u32,
    },
    /// One pull request: its checks, its reviews, whether it can be merged
    #[command(after_help = "pr show #21")]
    Show {
        /// Like #21 or owner/name#21; left out for the one of this place
        pr: Option<String>,
    },
}

/// Which ones are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Those that are open.
    Open,
    /// Those that are closed.
    Closed,
    /// All.
    All,
}

impl State {
    /// The filter it stands for.
    pub(super) fn filter(self) -> StateFilter {
        match self {
            Self::Open => StateFilter::Open,
            Self::Closed => StateFilter::Closed,
            Self::All => StateFilter::All,
        }
    }

    /// How it is typed.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }
}

/// Does what a command says.
pub(super) async fn run(actions: &Actions, asker: &Asker, command: &PrCommand) -> Result<Outcome, Trouble> {
    match command {
        PrCommand::List { state, project, page } => {
            list(actions, asker, *state, project.as_deref(), *page).await
        }
        PrCommand::Show { pr } => {
            let at = actions.pull_request(asker, pr.as_deref()).await?;
            let subject = Subject::Repository(at.repository.clone());
            let permit = actions.permit(asker, Action::ReadProject, subject).await?;
            let (read, trust) = actions.read_pull_request(&permit, at.number).await?;
            let mut telling = Telling::people();
            let text = read.told(trust.covers(&read.pull), &mut telling);
            Ok(Outcome::told(Answer::words(text), &telling))
        }
    }
}

async fn list(
    actions: &Actions,
    asker: &Asker,
    state: Option<State>,
    project: Option<&str>,
    page: u32,
) -> Result<Outcome, Trouble> {
    let permit = reader(actions, asker, project).await?;
    let filter = state.unwrap_or(State::Open).filter();
    let read = actions.list_pull_requests(&permit, filter, READ).await?;
    if read.pulls.is_empty() {
        return Ok(Outcome::words(read.heading()));
    }
    let mut telling = Telling::people();
    let list = List {
        heading: read.heading(),
        entries: read.lines(&mut telling),
        note: String::new(),
        more: read.more,
        shown: Shown::by("pr list")
            .option("--state", state.map(State::word))
            .option("--project", project),
    };
    Ok(Outcome::told(list.page(page, asker)?, &telling))
}
