//! A PostgreSQL for the tests: the one that `CALLSHEET_TEST_POSTGRES` names, else a throwaway cluster started from the
//! installed binaries (as another user when run as root, which PostgreSQL refuses), else none.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use callsheet::store::Db;
use secrecy::SecretString;
use sqlx::{Connection, Executor, PgConnection};

/// The database every case's own is copied from.
const TEMPLATE: &str = "callsheet_template";

/// A server that cases may use.
pub(crate) struct Server {
    /// Its address without a database's name.
    address: String,
    /// The cluster's folder, when we started it.
    cluster: Option<Cluster>,
    next: AtomicU32,
}

/// A cluster of our own.
struct Cluster {
    binaries: PathBuf,
    folder: tempfile::TempDir,
    as_user: Option<&'static str>,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// The server, started at the first call; none when there is no PostgreSQL on this machine.
pub(crate) fn server() -> Option<&'static Server> {
    SERVER.get_or_init(start).as_ref()
}

/// Stops a cluster of our own.
pub(crate) fn stop() {
    if let Some(cluster) = SERVER.get().and_then(|server| server.as_ref()?.cluster.as_ref()) {
        let stopped = cluster
            .command("pg_ctl")
            .args(["stop", "-m", "immediate", "-D"])
            .arg(cluster.data())
            .output();
        assert!(
            stopped.is_ok(),
            "the PostgreSQL cluster of the tests did not stop"
        );
        let _ = std::fs::remove_dir_all(cluster.folder.path());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        let _ = stop
            .args(["stop", "-m", "immediate", "-D"])
            .arg(self.data())
            .output();
    }
}

/// A server of a case's own, which it may stop and start; none when there is no PostgreSQL on this machine.
pub(crate) async fn own() -> Option<Server> {
    let server = own_cluster("-c synchronous_commit=on")?;
    server.prepare().await;
    Some(server)
}

impl Server {
    /// Stops the server as a crash does and starts it again; what was committed stays.
    pub(crate) fn restart(&self) {
        let cluster = self.cluster.as_ref().unwrap();
        let mut restart = cluster.command("pg_ctl");
        restart.args(["restart", "-w", "-t", "60", "-m", "immediate", "-D"]);
        let restarted = restart
            .arg(cluster.data())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(restarted.status().unwrap().success());
    }

    /// A fresh database with all tables.
    pub(crate) async fn database(&self) -> String {
        self.create(&self.template()).await
    }

    /// A fresh database without any table of ours.
    pub(crate) async fn empty_database(&self) -> String {
        self.create("template0").await
    }

    async fn create(&self, template: &str) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("callsheet_{}_{number}", std::process::id());
        let mut admin = PgConnection::connect(&format!("{}/postgres", self.address))
            .await
            .unwrap();
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        admin.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        format!("{}/{name}", self.address)
    }

    fn template(&self) -> String {
        format!("{TEMPLATE}_{}", std::process::id())
    }

    /// Makes the template, with all tables.
    async fn prepare(&self) {
        let mut admin = PgConnection::connect(&format!("{}/postgres", self.address))
            .await
            .unwrap();
        admin
            .execute(sqlx::AssertSqlSafe(format!(
                "CREATE DATABASE {}",
                self.template()
            )))
            .await
            .unwrap();
        let url = format!("{}/{}", self.address, self.template());
        Db::open(&SecretString::from(url), false)
            .await
            .unwrap()
            .close()
            .await;
    }
}

fn start() -> Option<Server> {
    let server = match std::env::var("CALLSHEET_TEST_POSTGRES") {
        Ok(address) => {
            // The address may name a database; ours are made beside it.
            let cut = address
                .rfind('/')
                .filter(|at| address[..*at].contains("://") && !address[..*at].ends_with('/'));
            let address = cut.map_or(address.as_str(), |at| &address[..at]).to_owned();
            Server {
                address,
                cluster: None,
                next: AtomicU32::new(0),
            }
        }
        Err(_) => own_cluster("-c synchronous_commit=off")?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(server.prepare());
    Some(server)
}

fn own_cluster(more: &str) -> Option<Server> {
    let binaries = binaries()?;
    let as_user = is_root().then_some("postgres");
    if as_user.is_some_and(|user| !succeeds(Command::new("id").arg(user))) {
        return None;
    }
    sweep(&binaries, as_user);
    let folder = folder();
    let cluster = Cluster {
        binaries,
        folder,
        as_user,
    };
    if let Some(user) = cluster.as_user {
        assert!(succeeds(
            Command::new("chown").arg(user).arg(cluster.folder.path())
        ));
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    cluster.start(port, more);
    let address = format!("postgres://postgres@127.0.0.1:{port}");
    Some(Server {
        address,
        cluster: Some(cluster),
        next: AtomicU32::new(0),
    })
}

/// How a cluster's folder is called, before the process that it belongs to.
const FOLDER: &str = "callsheet-pg-";
/// Where a cluster stands when there is room: making and removing thousands of files takes a disk long.
const MEMORY: &str = "/dev/shm";
/// How much room a whole run takes there, in bytes.
const ROOM: u64 = 8 << 30;

/// A folder for a cluster.
fn folder() -> tempfile::TempDir {
    let base = if free(MEMORY).is_some_and(|bytes| bytes >= ROOM) {
        PathBuf::from(MEMORY)
    } else {
        std::env::temp_dir()
    };
    tempfile::Builder::new()
        .prefix(&format!("{FOLDER}{}-", std::process::id()))
        .tempdir_in(base)
        .unwrap()
}

/// How many bytes are free at a path.
fn free(path: &str) -> Option<u64> {
    let output = Command::new("df")
        .args(["--output=avail", "-B1", path])
        .output()
        .ok()?;
    String::from_utf8(output.stdout)
        .ok()?
        .lines()
        .last()?
        .trim()
        .parse()
        .ok()
}

/// Removes the clusters of test processes that were killed: each is gigabytes.
fn sweep(binaries: &Path, as_user: Option<&'static str>) {
    for base in [PathBuf::from(MEMORY), std::env::temp_dir()] {
        for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let of = name.to_str().and_then(|name| name.strip_prefix(FOLDER));
            let of = of.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
            if of.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
                let path = entry.path();
                let data = path.join("data");
                let mut stop = command_as(as_user, &binaries.join("pg_ctl"));
                let _ = stop.args(["stop", "-m", "immediate", "-D"]).arg(data).output();
                let _ = std::fs::remove_dir_all(path);
            }
        }
    }
}

fn command_as(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", user, "--regid", user, "--clear-groups", "--"])
        .arg(program);
    command
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

impl Cluster {
    /// Makes the cluster and starts it.
    fn start(&self, port: u16, more: &str) {
        let mut init = self.command("initdb");
        init.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D"])
            .arg(self.data());
        let init = init.output().unwrap();
        assert!(
            init.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&init.stderr)
        );
        // No fsync: what is lost with the machine is a test's.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
             {more} -c full_page_writes=off -c max_connections=300"
        );
        let log = self.folder.path().join("log");
        let mut start = self.command("pg_ctl");
        start
            .args(["start", "-w", "-t", "60", "-o", &options, "-l"])
            .arg(&log)
            .arg("-D")
            .arg(self.data());
        let started = start
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(
            started.success(),
            "pg_ctl: {}",
            std::fs::read_to_string(&log).unwrap_or_default()
        );
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, run as a user it accepts.
    fn command(&self, program: &str) -> Command {
        let mut command = command_as(self.as_user, &self.binaries.join(program));
        command.current_dir(self.folder.path());
        command
    }
}

/// Where `initdb` stands: Debian keeps it outside the search path.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    // The versioned folders first: what stands on the search path may be a wrapper for one user only.
    let mut folders = versions.into_iter().rev().chain(std::env::split_paths(&path));
    folders.find(|folder| has(folder, "initdb") && has(folder, "postgres") && has(folder, "pg_ctl"))
}

fn has(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout.starts_with(b"0"))
}
