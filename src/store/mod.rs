//! The project database: the only room with SQL.
//!
//! 1. A statement is written once, in the SQL that SQLite and PostgreSQL both speak, and [`sql!`] runs it on either.
//!    Where they differ, the two texts stand side by side in the same call.
//! 2. Whoever writes takes a [`Tx`] and the caller commits, so that a change and the step that made it are one.
//! 3. No transaction is held across a network call.
//! 4. Unique constraints carry the invariants: a race loses here and not in a person's chat.

pub mod audit;
mod check;
pub mod codes;
mod columns;
pub mod conversations;
pub mod cursors;
mod db;
pub mod deliveries;
pub mod gates;
pub mod held;
pub mod inbox;
pub mod leases;
mod open;
pub mod outbox;
pub mod pacing;
pub mod pauses;
pub mod people;
mod pool;
pub mod projects;
pub mod queue;
pub mod retention;
pub mod roles;
pub mod runs;
pub mod schedules;
pub mod search;
pub mod stops;
pub mod topics;
mod trouble;
pub mod trust;
mod turn;
pub mod usage;
pub mod watermarks;
pub mod why;

pub use columns::Doc;
pub use db::{Calls, Db, Probe, Statement, StoreError, Tx};
pub use open::OpenError;
pub use trouble::Trouble;
