//! Unit tests of the GitHub platform.

mod catch_up;
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
