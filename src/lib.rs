//! Callsheet: a project manager that lives in Slack, Discord and GitHub issues.
//!
//! Everything that happens takes the same road, in one direction: a platform translates what it heard, `engine::intake`
//! commits it, `desk` decides what it means, a command or the agent acts through `action`, and what shall happen outside
//! is committed as a delivery that the outbox sends. `docs/architecture.md` walks it step by step.

pub mod action;
pub mod agent;
pub mod app;
pub mod ask;
pub mod command;
pub mod config;
pub mod desk;
pub mod digest;
pub mod domain;
#[cfg(feature = "failpoints")]
pub mod drill;
pub mod engine;
pub mod failpoint;
pub mod gate;
pub mod guard;
pub mod http;
pub mod markup;
pub mod model;
pub mod operator;
pub mod platform;
pub mod store;
pub mod telemetry;
