//! The program: parses the command line and runs one subcommand.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use callsheet::config::{self, Config};
use callsheet::engine::clock::Clock;
use callsheet::operator::{Operator, OperatorError, audit};
use callsheet::store::Db;
use callsheet::store::outbox::Wanted;
use callsheet::{app, ask, telemetry};
use clap::{Parser, Subcommand};

/// A project manager that lives in Slack, Discord and GitHub issues.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file [default: bot.toml, when there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Write the log as JSON, one object a line
    #[arg(long, global = true)]
    log_json: bool,

    #[command(subcommand)]
    command: Option<Subcommands>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Start the service (the default)
    Serve,
    /// Ask one thing and print the answer
    Ask {
        /// The request, in plain words or as a command
        #[arg(
            required = true,
            num_args = 1..,
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_parser = clap::builder::NonEmptyStringValueParser::new()
        )]
        text: Vec<String>,
    },
    /// See what did not arrive, and decide what becomes of it
    Outbox {
        #[command(subcommand)]
        command: OutboxCommands,
    },
    /// See who did what, and check that the log of it is whole
    Audit {
        #[command(subcommand)]
        command: AuditCommands,
    },
}

/// The log holds every change, decision, refusal, delivery and start, each in one row that is never changed.
#[derive(Debug, Subcommand)]
enum AuditCommands {
    /// List the newest rows, newest first
    List {
        /// Only what somebody of this name did, or what was done on their behalf
        #[arg(long, value_name = "NAME")]
        person: Option<String>,
        /// Only actions that begin so, such as "delivery." or "project.create"
        #[arg(long, value_name = "PREFIX")]
        action: Option<String>,
        /// Only what was done to something whose name holds this
        #[arg(long, value_name = "TEXT")]
        subject: Option<String>,
        /// Only what was part of this run: its id, or its first or last digits
        #[arg(long, value_name = "ID")]
        run: Option<String>,
        /// Only what was noted since this day (2026-11-22) or moment (2026-11-22T09:30, UTC)
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// At most so many rows
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Check that no row was changed, removed or put in another order; exit code 1 when one was
    Verify {
        /// A head that an earlier check printed: say whether all up to it is still there
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Print the whole log, one JSON object a line: the sealed rows in their order, then those not sealed yet
    Export,
}

/// An id may be given by its first or last digits, as `list` shows them.
#[derive(Debug, Subcommand)]
enum OutboxCommands {
    /// List what waits for a person: what was given up, what may have arrived, what arrived twice
    List {
        /// List these instead, whether they wait for a person or not
        #[arg(long, value_enum)]
        state: Option<Listed>,
    },
    /// Show all about one delivery: its text, place, tries, and what retry and drop would do
    Show {
        /// The id, or its first or last digits
        id: String,
    },
    /// Try deliveries again; what may have arrived is looked for first
    Retry {
        /// The ids, or their first or last digits
        #[arg(required = true)]
        ids: Vec<String>,
        /// Send without looking: you have seen that it did not arrive
        #[arg(long)]
        resend: bool,
    },
    /// Decide that deliveries shall not be sent, or are settled; who waits for them goes on
    Drop {
        /// The ids, or their first or last digits
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Which deliveries `outbox list` lists.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Listed {
    /// What may have arrived
    Unknown,
    /// What was given up
    Dead,
    /// What is on its way
    Queued,
    /// All of these
    All,
}

impl From<Listed> for Wanted {
    fn from(listed: Listed) -> Self {
        match listed {
            Listed::Unknown => Self::Unknown,
            Listed::Dead => Self::Dead,
            Listed::Queued => Self::Queued,
            Listed::All => Self::All,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(sentence) => {
            // Where nobody reads, there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "callsheet: {}", telemetry::scrub(&sentence));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let format = if arguments.log_json {
        telemetry::Format::Json
    } else {
        telemetry::Format::Text
    };
    let serving = matches!(arguments.command, None | Some(Subcommands::Serve));
    // Who asks from a shell wants the answer, not the log.
    let filter = if serving {
        telemetry::DEFAULT_FILTER
    } else {
        "error,octocrab=off"
    };
    telemetry::init(format, filter).map_err(|error| error.to_string())?;
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        return Err("the TLS provider was installed twice".to_owned());
    }
    let file = config::locate(arguments.config.as_deref(), environment(), Path::new("."));
    let config = Config::load(file.as_deref(), environment()).map_err(|error| match &file {
        Some(file) => format!("{} (or the environment) cannot be used:\n{error}", file.display()),
        None => format!("the environment cannot be used:\n{error}"),
    })?;
    // A task that spins takes one thread; the others need another, even on one processor.
    let threads = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        match arguments.command.unwrap_or(Subcommands::Serve) {
            Subcommands::Serve => serve(&config).await,
            Subcommands::Ask { text } => ask_once(&config, &one_line(&text)).await,
            Subcommands::Outbox { command } => operate(&config, command).await,
            Subcommands::Audit { command } => audit(&config, command).await,
        }
    })
}

/// The environment; what is no UTF-8 is no setting of ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
}

async fn serve(config: &Config) -> Result<ExitCode, String> {
    #[cfg(feature = "failpoints")]
    if let Some(drill) = callsheet::drill::join()? {
        let clock = drill.clock();
        return serve_by(config, clock, |app| drill.follow(app.engine.clone(), app.address)).await;
    }
    serve_by(config, Clock::system(), |_| ()).await
}

async fn serve_by(config: &Config, clock: Clock, up: impl FnOnce(&app::App)) -> Result<ExitCode, String> {
    let db = Db::open_with(&config.database.url, true, config.database.max_connections)
        .await
        .map_err(|error| error.to_string())?;
    let app = app::App::start(config, db, clock, app::Role::Serve).await;
    let app = app.map_err(|error| error.to_string())?;
    up(&app);
    // The service goes on when nobody reads its first lines.
    let _ = writeln!(
        std::io::stdout(),
        "{}",
        app::welcome(config, app.address, app.claim.as_deref())
    );
    let stop = app.stopping();
    let running = app.run();
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return ended.map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string()),
        () = signalled() => {}
    }
    tracing::info!("stopping; once more ends it at once");
    stop.cancel();
    tokio::select! {
        ended = running => ended.map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string()),
        () = signalled() => Err("ended at once; what was under way goes on with the next start".to_owned()),
    }
}

async fn ask_once(config: &Config, text: &str) -> Result<ExitCode, String> {
    let user = user();
    let clock = Clock::system();
    let kept = std::sync::atomic::AtomicBool::new(false);
    let asked = ask::ask(config, &clock, &user, text, &kept, takes_long);
    let answer = tokio::select! {
        answer = asked => answer.map_err(|error| error.to_string())?,
        () = signalled() => {
            let kept = kept.load(std::sync::atomic::Ordering::SeqCst);
            let what = if kept { "the request is kept and goes on, at once where Callsheet runs, else with the next start; `callsheet ask stop` ends it" } else { "nothing was stored; ask again" };
            return Err(format!("stopped before the answer came; {what}"));
        }
    };
    print(&answer.text)?;
    Ok(if answer.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What was typed, as one line: the shell has taken the quotes off what stood in them.
fn one_line(typed: &[String]) -> String {
    if let [line] = typed {
        return line.clone();
    }
    let word = |word: &String| match shlex::try_quote(word) {
        Ok(quoted) if word.contains(char::is_whitespace) => quoted.into_owned(),
        _ => word.clone(),
    };
    typed.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// What the person at this shell is called.
fn user() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "user".to_owned())
}

async fn operator(config: &Config) -> Result<Operator, String> {
    let operator = Operator::open(config, Clock::system()).await;
    operator
        .map(|operator| operator.named(user()))
        .map_err(|error| error.to_string())
}

async fn audit(config: &Config, command: AuditCommands) -> Result<ExitCode, String> {
    let operator = operator(config).await?;
    let refused = |error: OperatorError| error.to_string();
    match command {
        AuditCommands::List {
            person,
            action,
            subject,
            run,
            since,
            limit,
        } => {
            let wanted = audit::Wanted {
                person,
                action,
                subject,
                run,
                since,
                limit,
            };
            print(&operator.audit_list(&wanted).await.map_err(refused)?)?;
        }
        AuditCommands::Verify { head } => {
            let verified = operator.audit_verify(head.as_deref()).await.map_err(refused)?;
            print(&verified.text)?;
            if !verified.is_whole {
                return Ok(ExitCode::FAILURE);
            }
        }
        AuditCommands::Export => {
            let mut out = std::io::BufWriter::new(std::io::stdout());
            let exported = operator.audit_export(|line| writeln!(out, "{line}")).await;
            exported.map_err(refused)?;
            match out.flush() {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    return Err(format!("cannot write the log: {error}"));
                }
                _ => {}
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn operate(config: &Config, command: OutboxCommands) -> Result<ExitCode, String> {
    let operator = operator(config).await?;
    let said = match command {
        OutboxCommands::List { state } => {
            let wanted = state.map_or(Wanted::Waiting, Wanted::from);
            vec![operator.list(wanted).await]
        }
        OutboxCommands::Show { id } => vec![operator.show(&id).await],
        OutboxCommands::Retry { ids, resend } => {
            let mut said = Vec::new();
            for id in &ids {
                said.push(operator.retry(id, resend).await);
            }
            said
        }
        OutboxCommands::Drop { ids } => {
            let mut said = Vec::new();
            for id in &ids {
                said.push(operator.drop(id).await);
            }
            said
        }
    };
    let mut refused = Vec::new();
    for said in said {
        match said {
            Ok(text) => print(&text)?,
            Err(error) => refused.push(error.to_string()),
        }
    }
    if refused.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(refused.join("\ncallsheet: "))
    }
}

fn print(text: &str) -> Result<(), String> {
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever reads has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| format!("cannot print the answer: {error}")),
    }
}

/// Beside the answer, so that a pipe gets the answer alone.
fn takes_long(doing: &str) {
    let _ = writeln!(std::io::stderr(), "callsheet: {doing} …");
}

/// Ends when somebody asks the process to stop.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
