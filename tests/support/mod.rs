//! The fake worlds, the throwaway databases, and the harness that starts the real application against them.

pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod discord;
pub(crate) mod github;
pub(crate) mod looked;
pub(crate) mod model;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod slack;
pub(crate) mod world;
