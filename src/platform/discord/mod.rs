//! Discord: events in over the gateway, messages out over REST.
//!
//! 1. The gateway has no acknowledgement: each place has a watermark, and what was said while nobody listened is read from
//!    there on, through the same intake.
//! 2. Every message of ours carries the delivery's id as its nonce, and is found by its text when the answer was lost.
//! 3. The bot's token goes to the configured API and to the gateway that it names.

mod bustle;
mod catch_up;
mod channels;
mod client;
mod commands;
mod completion;
mod ear;
mod find;
mod gateway;
mod interactions;
mod json;
mod limits;
mod nonce;
mod outcome;
mod sender;
mod standing;
mod text;
mod translate;
mod writer;

#[cfg(test)]
mod tests;

pub use client::{Discord, Identity};
pub use commands::CommandMenu;
pub use completion::{Choice, Suggest};
pub use gateway::listen;
pub use sender::DiscordSender;
