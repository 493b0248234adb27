//! The words of the trade: types and rules, without I/O, SQL text or any platform's dialect.

mod control;
mod effect;
mod error;
mod event;
mod grammar;
mod ids;
mod person;
mod place;
mod project;
mod repository;
pub mod schedule;
mod text;

#[cfg(test)]
mod tests;

pub use control::{Control, Sign, control, says_stop};
pub use effect::{Answer, Button, Change, Effect, IssueChange, IssueState, NewIssue, Reply};
pub use error::PersonError;
pub use event::{Addressed, Author, AuthorKind, Event, Heard, Posted, Seen};
pub use grammar::{Argument, Verb};
pub use ids::{
    ConversationId, DeliveryId, EventId, GroupId, MessageId, OccurrenceId, PersonId, ProjectId, RunId,
    ScheduleId, StepId, TurnId, WorkId,
};
pub use person::{AccountKey, Asker, Platform};
pub use place::{Place, PlaceError};
pub use project::{Project, ProjectStatus, slugify};
pub use repository::{IssueRef, Repository, RepositoryError, issue_refs};
pub use text::{clean, has_words, same_text, shorten, turns_direction};
