//! The points at which a crash matters: after each commit, and around each call to the outside.
//!
//! Commits go through one function (`store::Tx::commit`), calls through another ([`outside`]); both name their points here, so
//! that the list of points is complete. A test can have the program end at any of them (`tests/kill_matrix`). Without the
//! feature `failpoints`, which only tests have, nothing of this is compiled in.

use std::fmt::{self, Display};
use std::future::Future;

/// The point that stands for all of them: reached with every other one.
#[cfg(feature = "failpoints")]
pub const ANY: &str = "any";

/// Says that a commit was made; a test may have set the program to end here.
pub fn committed(name: &str) {
    pass(format_args!("commit {name}"));
}

#[cfg(feature = "failpoints")]
fn pass(point: impl Display) {
    armed::pass(&point.to_string());
}

#[cfg(not(feature = "failpoints"))]
#[inline]
fn pass(_point: impl Display) {}

/// A call's name: to whom, and which of theirs.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a>(pub &'static str, pub &'a str);

impl Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

/// Makes a call to the outside. Its points are `before` and `after` it, with its name.
pub async fn outside<T>(call: Call<'_>, making: impl Future<Output = T>) -> T {
    pass(format_args!("before {call}"));
    let answer = making.await;
    pass(format_args!("after {call}"));
    answer
}

#[cfg(feature = "failpoints")]
pub use armed::seen;

/// What only a test's program has.
#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    /// How often each point was passed. A static like the registry of the `fail` crate itself: points are passed in rooms
    /// that share nothing else.
    static SEEN: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

    pub(super) fn pass(point: &str) {
        *SEEN
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(point.to_owned())
            .or_default() += 1;
        for name in [point, super::ANY] {
            fail::fail_point!(name, |how| end(point, how.as_deref()));
        }
    }

    /// The points that were passed, with how often.
    pub fn seen() -> BTreeMap<String, u64> {
        SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the process as `kill -9` does: at once, or after some microseconds while everything goes on. With `freeze` it stands
    /// still there instead, until it gets SIGCONT.
    fn end(point: &str, how: Option<&str>) {
        if how == Some("freeze") {
            // SIGSTOP cannot be refused.
            let _ = kill_process(getpid(), Signal::STOP);
            #[expect(
                clippy::disallowed_methods,
                reason = "another thread may have taken the signal; this one must not go on before it stands still, too"
            )]
            std::thread::sleep(Duration::from_millis(200));
            return;
        }
        let _ = writeln!(std::io::stderr(), "ending at: {point}");
        match how.and_then(|micros| micros.parse().ok()) {
            None => kill(),
            Some(micros) => {
                std::thread::spawn(move || {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "a thread of its own, so that the process goes on until it ends"
                    )]
                    std::thread::sleep(Duration::from_micros(micros));
                    kill();
                });
            }
        }
    }

    fn kill() {
        // SIGKILL cannot be refused.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}
