//! Unit tests of the GitHub platform.

mod changes;
mod connection;
mod errors;
mod mention;
mod reads;
mod sender;
mod server;
mod watch;
mod webhook;
