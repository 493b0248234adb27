//! The drill: what a test does with the built program. It moves the program's clock, sets the points at which the program
//! ends ([`crate::failpoint`]), and sees whether it is at work.
//!
//! Compiled in for tests only. A program that finds the address of a test in its environment ([`ADDRESS`]) connects to it and
//! follows its lines: `arm POINT<tab>ACTIONS` (in the words of the crate `fail`), `time MICROSECONDS` since 1970, `go`, `seen`.
//! It says `listening ADDRESS` when it is up, `state IDLE DUE NOW` whenever that changes, and `seen JSON` when asked.

mod clock;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::DateTime;

pub use clock::TestClock;

use crate::engine::Engine;
use crate::engine::clock::Clock;
use crate::failpoint;

/// The environment's variable with the address of the test.
pub const ADDRESS: &str = "CALLSHEET_DRILL";
/// How often the state is looked at, on the machine's clock.
const LOOK: Duration = Duration::from_millis(4);

/// A program under a test's hand.
pub struct Drill {
    clock: TestClock,
    lines: BufReader<TcpStream>,
    said: Arc<Mutex<TcpStream>>,
}

/// Connects to the test that runs this program and follows it to its `go`; none when nobody does.
///
/// # Errors
/// When the test cannot be reached, or says what cannot be followed.
pub fn join() -> Result<Option<Drill>, String> {
    let Some(address) = std::env::var_os(ADDRESS) else {
        return Ok(None);
    };
    let stream = TcpStream::connect(address.to_string_lossy().as_ref()).map_err(|error| error.to_string())?;
    let said = stream.try_clone().map_err(|error| error.to_string())?;
    let mut drill = Drill {
        clock: TestClock::new(),
        lines: BufReader::new(stream),
        said: Arc::new(Mutex::new(said)),
    };
    while drill.follow_one()? {}
    Ok(Some(drill))
}

impl Drill {
    /// The clock that the test moves.
    pub fn clock(&self) -> Clock {
        self.clock.clock()
    }

    /// Follows the test from now on, on threads of its own: what the program does must not keep it waiting.
    pub fn follow(mut self, engine: Engine, address: Option<SocketAddr>) {
        if let Some(address) = address {
            tell(&self.said, &format!("listening {address}"));
        }
        let (clock, said) = (self.clock.clone(), Arc::clone(&self.said));
        std::thread::spawn(move || show(&clock, &engine, &said));
        std::thread::spawn(move || while self.follow_one().is_ok() {});
    }

    /// Follows one line; false after `go`.
    fn follow_one(&mut self) -> Result<bool, String> {
        let mut line = String::new();
        let read = self
            .lines
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the test is gone".to_owned());
        }
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "go" => return Ok(false),
            "time" => {
                let micros = rest.parse().map_err(|_| format!("no time: {rest}"))?;
                let at = DateTime::from_timestamp_micros(micros).ok_or_else(|| format!("no time: {rest}"))?;
                self.clock.set(at);
            }
            "arm" => {
                let (point, actions) = rest.split_once('\t').ok_or_else(|| format!("no point: {rest}"))?;
                fail::cfg(point, actions)?;
            }
            "seen" => {
                let seen = serde_json::to_string(&failpoint::seen()).map_err(|error| error.to_string())?;
                tell(&self.said, &format!("seen {seen}"));
            }
            other => return Err(format!("no such order: {other}")),
        }
        Ok(true)
    }
}

/// Says whether the program is at work and when something is due, whenever that changes, as long as somebody hears it.
fn show(clock: &TestClock, engine: &Engine, said: &Mutex<TcpStream>) {
    let mut before = None;
    loop {
        let due = clock
            .due()
            .map_or_else(|| "-".to_owned(), |at| at.timestamp_micros().to_string());
        // The time first: who is idle afterwards has nothing to do at that time.
        let time = clock.now().timestamp_micros();
        let idle = clock.is_settled() && *engine.activity.idle().borrow();
        let now = Some(format!("state {} {due} {time}", u8::from(idle)));
        if now != before {
            if now.as_ref().is_some_and(|now| !tell(said, now)) {
                return;
            }
            before = now;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a thread of its own, beside the program"
        )]
        std::thread::sleep(LOOK);
    }
}

/// Says a line to the test; false when nobody hears it.
fn tell(said: &Mutex<TcpStream>, line: &str) -> bool {
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(said, "{line}").is_ok()
}
