//! The words of the trade: types and rules, without I/O, SQL text or any platform's dialect.

mod consent;
mod control;
mod effect;
mod error;
mod event;
mod grammar;
mod ids;
mod link;
mod money;
mod person;
mod place;
mod project;
mod repository;
mod role;
pub mod schedule;
mod text;
mod topic;
pub mod typed;

#[cfg(test)]
mod tests;

pub use consent::{GateState, Gated, Policy, Reach};
pub use control::{Control, GateAnswer, Sign, control, gate_answer, says_stop};
pub use effect::{Answer, Button, Change, Effect, IssueChange, IssueState, NewIssue, Reply};
pub use error::PersonError;
pub use event::{Addressed, Author, AuthorKind, Event, Heard, Mention, Posted, Seen, by_accounts};
pub use grammar::{Argument, ArgumentKind, Verb, in_quotes, quoted};
pub use ids::{
    AuditId, ConversationId, DeliveryId, EventId, GateId, GroupId, MessageId, OccurrenceId, PersonId,
    ProjectId, RunId, ScheduleId, StepId, TurnId, WorkId,
};
pub use link::MessageLink;
pub use money::{Money, MoneyError};
pub use person::{AccountError, AccountKey, Asker, Platform};
pub use place::{Place, PlaceError};
pub use project::{Project, ProjectStatus, slugify};
pub use repository::{IssueRef, Repository, RepositoryError, issue_refs};
pub use role::Role;
pub use text::{clean, has_words, names, same_text, shorten, turns_direction};
pub use topic::{FIRST_TOPIC, TopicSwitch, topic_at};
