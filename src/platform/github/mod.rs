//! GitHub: its REST API through octocrab, and its webhooks.
//!
//! 1. octocrab's own retry is off: it would send a POST again after a 502 and comment twice.
//! 2. Requests are octocrab's raw ones, and answers are read into own tolerant structs: its typed calls fail on a field
//!    they do not know, after the effect, and hide the headers that tell how long to wait.
//! 3. What we make carries a hidden mark with the delivery's id; it is looked up by our own user id.
//! 4. As an App, every request goes out with the token of the installation its repository belongs to.
//! 5. No request is made that a rate limit forbids; what GitHub may confirm as unchanged is not sent again.
//! 6. Webhooks are hints: those that failed are asked for again, and what none told is read every few minutes.
//! 7. A webhook's body is read only after its signature was found right.

mod answer;
mod cache;
mod catch_up;
mod changes;
mod client;
mod errors;
mod hooks;
mod limits;
mod login;
mod mark;
mod mention;
mod models;
mod passes;
mod pulls;
mod reads;
mod reconcile;
mod route;
mod search;
mod sender;
mod standing;
#[cfg(test)]
mod tests;
mod watch;
pub mod webhook;

pub use changes::changes_nothing;
pub use client::GitHub;
pub use errors::GitHubError;
pub use mention::visible;
pub use models::{Account, Comment, Identity, Issue, IssueFilter, IssueList, OpenCounts, StateFilter};
pub use pulls::{Checks, PullList, PullRequest, PullState, Reviews};
pub use search::{Activity, IssueKind, IssueSearch, IssuesFound};
pub use sender::GitHubSender;
pub use watch::{Hooks, watch};
