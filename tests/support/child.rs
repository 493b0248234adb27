//! The built program in a process of its own, with its clock in the test's hand, and set to end at chosen points.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use callsheet::drill;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// How long, on the machine's clock, the program may take to come to us.
const COMES: Duration = Duration::from_secs(30);

/// What the program said of itself last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Where HTTP listens, once it does.
    pub(crate) address: Option<SocketAddr>,
    /// Whether nobody has anything to do there.
    pub(crate) idle: bool,
    /// When the next thing is due there.
    pub(crate) due: Option<DateTime<Utc>>,
    /// What time it was there then.
    pub(crate) time: Option<DateTime<Utc>>,
    /// It is gone.
    pub(crate) gone: bool,
}

/// A running program.
pub(crate) struct Child {
    process: std::process::Child,
    link: TcpStream,
    said: watch::Receiver<Said>,
    /// The points it passed, as it was asked for them.
    seen: mpsc::Receiver<BTreeMap<String, u64>>,
    /// What it logs.
    log: tempfile::NamedTempFile,
    /// It stands still.
    frozen: bool,
}

impl Child {
    /// Starts the program with points at which it ends; see [`callsheet::drill`].
    pub(crate) fn start(
        settings: &HashMap<String, String>,
        now: DateTime<Utc>,
        armed: &[(&str, String)],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let built = env!("CARGO_BIN_EXE_callsheet");
        let process = Command::new(std::env::var_os("CALLSHEET_TEST_PROGRAM").unwrap_or(built.into()))
            .arg("serve")
            .env_clear()
            .envs(settings)
            .env(drill::ADDRESS, listener.local_addr().unwrap().to_string())
            .env("CALLSHEET_LOG", "info")
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log.reopen().unwrap()))
            .spawn()
            .unwrap();
        let mut link = accept(&listener, log.path());
        let (tell, said) = watch::channel(Said::default());
        let (count, seen) = mpsc::sync_channel(1);
        let lines = BufReader::new(link.try_clone().unwrap());
        std::thread::spawn(move || hear(lines, &tell, &count));
        writeln!(link, "time {}", now.timestamp_micros()).unwrap();
        for (point, actions) in armed {
            writeln!(link, "arm {point}\t{actions}").unwrap();
        }
        writeln!(link, "go").unwrap();
        Self {
            process,
            link,
            said,
            seen,
            log,
            frozen: false,
        }
    }

    /// What it said of itself last; told anew at each change.
    pub(crate) fn said(&self) -> watch::Receiver<Said> {
        self.said.clone()
    }

    /// Moves its clock.
    pub(crate) fn time(&self, now: DateTime<Utc>) {
        self.order(&format!("time {}", now.timestamp_micros()));
    }

    /// Sets or clears (`off`) a point.
    pub(crate) fn arm(&self, point: &str, actions: &str) {
        self.order(&format!("arm {point}\t{actions}"));
    }

    /// The points it has passed, with how often.
    pub(crate) fn seen(&self) -> BTreeMap<String, u64> {
        self.order("seen");
        self.seen.recv_timeout(COMES).unwrap_or_default()
    }

    /// Whether it has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.said.borrow().gone
    }

    /// Whether it neither works nor can be waited for.
    pub(crate) fn is_away(&self) -> bool {
        self.frozen || self.is_gone()
    }

    /// Makes it stand still.
    pub(crate) fn freeze(&mut self) {
        self.signal("STOP");
        self.frozen = true;
    }

    /// Whether it stands still by itself, at a point; noted if so.
    pub(crate) fn is_frozen(&mut self) -> bool {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        // The state follows the name in parentheses.
        self.frozen |= stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'));
        self.frozen
    }

    /// Lets it go on, at another time than it thinks.
    pub(crate) fn thaw(&mut self, now: DateTime<Utc>) {
        self.time(now);
        self.signal("CONT");
        self.frozen = false;
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status();
        assert!(sent.unwrap().success(), "cannot send {name}");
    }

    /// How it ended; it must have.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// The point at which it ended itself.
    pub(crate) fn ended_at(&self) -> Option<String> {
        let log = self.log();
        let line = log
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("ending at: "));
        line.map(str::to_owned)
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }

    fn order(&self, line: &str) {
        // Whoever is gone hears nothing.
        let _ = writeln!(&self.link, "{line}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program that does not start is told by the machine's clock"
)]
fn accept(listener: &TcpListener, log: &std::path::Path) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let begun = std::time::Instant::now();
    while begun.elapsed() < COMES {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            return stream;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let log = File::open(log).map(std::io::read_to_string);
    panic!("the program did not come: {log:?}");
}

/// Notes what the program says until it is gone.
fn hear(
    lines: BufReader<TcpStream>,
    tell: &watch::Sender<Said>,
    seen: &mpsc::SyncSender<BTreeMap<String, u64>>,
) {
    for line in lines.lines().map_while(Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "listening" => tell.send_modify(|said| said.address = rest.parse().ok()),
            "state" => {
                let words: Vec<&str> = rest.split(' ').collect();
                let moment = |word: &str| word.parse().ok().and_then(DateTime::from_timestamp_micros);
                if let [idle, due, time] = words.as_slice() {
                    tell.send_modify(|said| {
                        said.idle = *idle == "1";
                        said.due = moment(due);
                        said.time = moment(time);
                    });
                }
            }
            "seen" => drop(seen.send(serde_json::from_str(rest).unwrap_or_default())),
            _ => {}
        }
    }
    tell.send_modify(|said| said.gone = true);
}
