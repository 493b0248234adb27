//! Slack: events in over Socket Mode or as HTTP requests, messages out over the Web API.
//!
//! 1. What Slack sends is acknowledged only after it was committed (Slack gives 3 s and then sends events again).
//! 2. Every message of ours carries the delivery's id as message metadata, and is found by it.
//! 3. The bot's token goes to the configured Web API and nowhere else.

mod blocks;
mod catch_up;
mod client;
mod find;
mod hear;
mod introduce;
mod json;
mod names;
mod outcome;
pub mod request;
mod sender;
mod socket;
mod standing;
mod text;
mod translate;

#[cfg(test)]
mod tests;

pub use client::{IdentifyError, Identity, Slack};
pub use introduce::listen;
pub use sender::SlackSender;
