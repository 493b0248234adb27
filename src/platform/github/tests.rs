//! Unit tests of the GitHub platform.

mod changes;
mod connection;
mod errors;
mod limits;
mod mention;
mod pulls;
mod reads;
mod sender;
mod server;
mod watch;
mod webhook;
