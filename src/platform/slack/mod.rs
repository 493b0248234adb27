//! Slack: events in over Socket Mode, messages out over the Web API.
//!
//! 1. An envelope is acknowledged only after its event was committed (Slack gives 3 s and then sends it again).
//! 2. Every message of ours carries the delivery's id as message metadata, and is found by it.
//! 3. The bot's token goes to the configured Web API and nowhere else.

mod blocks;
mod client;
mod find;
mod json;
mod names;
mod outcome;
mod sender;
mod socket;
mod text;
mod translate;

#[cfg(test)]
mod tests;

pub use client::{IdentifyError, Identity, Slack};
pub use sender::SlackSender;
pub use socket::listen;
