//! Typed ids: UUIDs of version 7, so that rows made later sort later on one machine.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id.
            #[expect(clippy::new_without_default, reason = "a default id would be a different one each time")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A project.
    ProjectId,
    /// A person, whatever accounts they have.
    PersonId,
    /// An ordered talk.
    ConversationId,
    /// One message in a conversation.
    MessageId,
    /// A fact that reached us.
    EventId,
    /// Consecutive requests of one person.
    TurnId,
    /// The work on one turn.
    RunId,
    /// One model answer or one tool call.
    StepId,
    /// One intended effect on the outside.
    DeliveryId,
    /// The parts of one answer.
    GroupId,
    /// A question that people must answer before something happens.
    GateId,
    /// A rule of times by which a digest is posted.
    ScheduleId,
    /// One due time of a schedule.
    OccurrenceId,
    /// One entry of the work queue.
    WorkId,
    /// One row of the audit log.
    AuditId,
}
