//! The world of a story: Slack, GitHub and a language model, a database, a clock, and the application among them.
//!
//! A story lets people speak and waits with [`World::quiet`] until everything that follows has happened. Time stands still
//! unless nobody has anything to do; then it jumps to the next thing that is due.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "test support; no story uses all of it"
)]

mod children;
mod discord;
mod patience;
mod projects;
mod settings;
mod talk;

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use callsheet::engine::health::State;
use callsheet::store::{Db, Probe, queue};

use super::child::Child;
use super::clock::TestClock;
use super::database::{Database, Kind};
use super::discord::FakeDiscord;
use super::github::FakeGitHub;
use super::model::FakeModel;
use super::program::Program;
use super::slack::{FakeSlack, Mode};
use patience::Patience;
use talk::line;

/// How long nothing may stir, on the machine's clock, before time jumps: bytes may be on the wire between the worlds.
const STILL: Duration = Duration::from_millis(25);
/// For how many looks of [`STILL`] something may be under way to the application before it counts as lost.
const UNHEARD: u32 = 60;
/// How far time may jump at once.
const JUMP: Duration = Duration::from_secs(900);

/// Everything a story needs.
pub(crate) struct World {
    pub(crate) clock: TestClock,
    pub(crate) slack: FakeSlack,
    /// Part of the application only after [`World::join_discord`].
    pub(crate) discord: FakeDiscord,
    pub(crate) github: FakeGitHub,
    pub(crate) model: FakeModel,
    /// For looking in beside the application.
    pub(crate) db: Db,
    pub(crate) kind: Kind,
    pub(crate) database: Database,
    /// What the application is configured with, as environment variables.
    pub(crate) settings: HashMap<String, String>,
    /// How often in a row something was under way; see [`World::wires_are_still`].
    unheard: Cell<u32>,
    /// Whether Slack sends again what was not acknowledged for long.
    pub(crate) slack_tries_again: Cell<bool>,
    program: Option<Program>,
    /// A second application on the same database.
    replica: Option<Program>,
    /// Applications in processes of their own.
    pub(crate) children: Vec<Child>,
}

impl World {
    /// The worlds with the application not started yet, all platforms configured.
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::at(kind, TestClock::new()).await
    }

    /// The same at a moment.
    pub(crate) async fn at(kind: Kind, clock: TestClock) -> Self {
        Self::on(kind, clock, Database::fresh(kind).await).await
    }

    /// The same on a database.
    pub(crate) async fn on(kind: Kind, clock: TestClock, database: Database) -> Self {
        let (slack, discord, github, model) = (
            FakeSlack::start(clock.clone()).await,
            FakeDiscord::start(clock.clone()).await,
            FakeGitHub::start(clock.clone()).await,
            FakeModel::start().await,
        );
        let settings = [
            ("SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("DATABASE__URL", database.url.clone()),
            // Hundreds of worlds come and go, and each connection is a process of the server's.
            ("DATABASE__MAX_CONNECTIONS", "4".to_owned()),
            ("SLACK__API_URL", slack.api_url()),
            ("SLACK__BOT_TOKEN", slack.bot_token().to_owned()),
            ("GITHUB__API_URL", github.api_url()),
            ("GITHUB__TOKEN", github.token()),
            ("GITHUB__WEBHOOK_SECRET", github.webhook_secret()),
            ("MODEL__BASE_URL", model.base_url()),
            ("MODEL__API_KEY", model.api_key()),
            ("MODEL__NAME", "test-model".to_owned()),
        ];
        let by_mode = match kind.slack {
            Mode::Socket => vec![("SLACK__APP_TOKEN", slack.app_token().to_owned())],
            Mode::Http => vec![
                ("SLACK__MODE", "http".to_owned()),
                ("SLACK__SIGNING_SECRET", slack.signing_secret().to_owned()),
            ],
        };
        let settings = settings
            .into_iter()
            .chain(by_mode)
            .chain(settings::any_number())
            .map(|(key, value)| (format!("CALLSHEET__{key}"), value))
            .collect();
        let db = database.open().await;
        Self {
            clock,
            slack,
            discord,
            github,
            model,
            db,
            kind,
            database,
            settings,
            unheard: Cell::new(0),
            slack_tries_again: Cell::new(false),
            program: None,
            replica: None,
            children: Vec::new(),
        }
    }

    /// Starts the application and waits until it is connected.
    pub(crate) async fn start(&mut self) {
        self.start_with(None).await;
    }

    /// Starts the application with a probe in its database.
    pub(crate) async fn start_with(&mut self, probe: Option<Probe>) {
        self.boot(probe).await;
        self.discord_connected().await;
    }

    /// Starts the application where Discord is not to be waited for.
    pub(crate) async fn boot(&mut self, probe: Option<Probe>) {
        self.start_program(probe).await;
        if self.settings.contains_key("CALLSHEET__SLACK__BOT_TOKEN") {
            self.until("Slack to be connected", Self::hears_slack).await;
        }
    }

    /// Starts the application without waiting for anything.
    pub(crate) async fn start_unheard(&mut self) {
        self.start_program(None).await;
    }

    async fn start_program(&mut self, probe: Option<Probe>) {
        let program = Program::start(&self.settings, self.clock.clock(), probe).await;
        self.github
            .webhook_to(&format!("http://{}/webhooks/github", program.address));
        if self.kind.slack == Mode::Http {
            self.slack.requests_to(&format!("http://{}", program.address));
        }
        self.program = Some(program);
    }

    /// Whether Slack reaches the application, and the application knows who it is there.
    fn hears_slack(&self) -> bool {
        let health = self.program().engine.health.parts();
        let known = health.get("slack").is_some_and(|part| part.state == State::Ok);
        match self.kind.slack {
            Mode::Socket => self.slack.sockets() > 0,
            Mode::Http => known,
        }
    }

    /// Starts a second application on the same database, which has to be PostgreSQL.
    pub(crate) async fn start_replica(&mut self) {
        self.replica = Some(Program::start(&self.settings, self.clock.clock(), None).await);
        self.until("the replica to be connected", |world| world.slack.sockets() > 1)
            .await;
    }

    /// The running application.
    pub(crate) fn program(&self) -> &Program {
        self.program.as_ref().unwrap()
    }

    /// Stops the application in order.
    pub(crate) async fn stop(&mut self) {
        self.program.take().unwrap().stop().await;
    }

    /// Ends the application in an orderly way while it is at work: time passes second by second until it has ended.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it may take until time passes again"
    )]
    pub(crate) async fn stop_in_time(&mut self) {
        let stop = self.program.take().unwrap().stop();
        tokio::pin!(stop);
        while tokio::time::timeout(STILL, &mut stop).await.is_err() {
            self.clock.advance(Duration::from_secs(1));
        }
    }

    /// Ends the application where it stands.
    pub(crate) async fn kill(&mut self) {
        self.program.take().unwrap().kill().await;
    }

    /// Starts with a project Apollo (`acme/apollo`), bound to the Slack channel #apollo, and three open issues.
    pub(crate) async fn apollo(kind: Kind) -> Self {
        let mut world = Self::new(kind).await;
        world.prepare_apollo().await;
        world.start().await;
        world
    }

    /// See [`World::apollo`]; the application is not started yet.
    pub(crate) async fn prepare_apollo(&self) {
        self.github.repo("acme/apollo");
        self.github
            .issue("acme/apollo", 12, "Login fails", "It says 500.")
            .opened_by("eve");
        self.github
            .issue("acme/apollo", 13, "Dark mode", "Please.")
            .labelled(&["feature"]);
        self.github
            .issue("acme/apollo", 14, "Slow start", "")
            .assigned_to("cy");
        self.github.user("cy").may("write", "acme/apollo");
        self.github.user("dan").may("read", "acme/apollo");
        self.add_project(
            "Apollo",
            Some("acme/apollo"),
            Some(("#apollo", &self.slack.channel("#apollo"))),
        )
        .await;
    }

    /// Waits until everything that follows from what was said has happened.
    pub(crate) async fn quiet(&self) {
        self.github.webhooks_done().await;
        self.until("everything to be done", |world| {
            world.has_heard_slack() && world.discord_heard()
        })
        .await;
        let (mut patience, mut before) = (Patience::begin(), Vec::new());
        loop {
            self.still().await;
            let github = self.github.changed();
            let looked = async {
                let mut tx = self.db.read().await?;
                queue::open_items(&mut tx).await
            };
            let open = match looked.await {
                Ok(open) => open,
                // A story may have cut our connection too.
                Err(error) => {
                    assert!(patience.lasts(), "the database is away: {error}");
                    continue;
                }
            };
            if open.is_empty() && self.is_idle() && self.has_heard_slack() && self.discord_heard() {
                self.github.webhooks_done().await;
                // A webhook that came since we looked may have made work.
                if github.has_changed().is_ok_and(|changed| !changed) {
                    return;
                }
                continue;
            }
            if open != before {
                before.clone_from(&open);
                patience.renew();
            }
            assert!(patience.lasts(), "work goes on and on: {open:?}\n{}", self.dump());
            if self.is_idle() && self.wires_are_still() {
                self.jump();
            }
        }
    }

    /// Waits until the worlds show something; time jumps when nobody has anything to do.
    pub(crate) async fn until(&self, what: &str, mut look: impl FnMut(&Self) -> bool) {
        let patience = Patience::begin();
        while !look(self) {
            assert!(patience.lasts(), "waited too long for {what}\n{}", self.dump());
            if !self.stirs().await && self.is_idle() && self.wires_are_still() {
                self.jump();
            }
        }
    }

    /// Waits until the worlds show something while time stands still.
    pub(crate) async fn now(&self, what: &str, mut look: impl FnMut(&Self) -> bool) {
        let patience = Patience::begin();
        while !look(self) {
            assert!(patience.lasts(), "waited too long for {what}\n{}", self.dump());
            self.stirs().await;
        }
    }

    /// Lets time pass in steps that leave everybody the time to act, time-outs included.
    pub(crate) async fn pass(&self, span: Duration) {
        let step = Duration::from_secs(5);
        for _ in 0..span.as_secs().div_ceil(step.as_secs()) {
            self.clock.advance(step);
            self.still().await;
        }
    }

    /// Lets much time pass at once when nobody has anything to do, and everybody act on it.
    pub(crate) async fn leap(&self, span: Duration) {
        self.still().await;
        while !self.is_idle() {
            self.stirs().await;
        }
        self.clock.advance(span);
        self.still().await;
    }

    /// Asks GitHub to deliver again what did not get a 2xx while the application was down.
    pub(crate) fn redeliver_what_was_refused(&self) {
        for delivery in self.github.deliveries() {
            if !delivery.status.is_some_and(|status| (200..300).contains(&status)) {
                self.github.redeliver(&delivery.guid);
            }
        }
    }

    fn has_heard_slack(&self) -> bool {
        self.slack.unacked() == 0 && self.slack.queued() == 0
    }

    /// Whether nobody has anything to do: neither the application, nor whoever answers a request of Slack's.
    pub(crate) fn is_idle(&self) -> bool {
        let mut programs = self.program.iter().chain(&self.replica);
        programs.all(|program| *program.engine.activity.idle().borrow())
            && self.children_idle()
            && self.clock.is_settled()
            && !self.slack.is_sending()
    }

    /// Whether nothing is under way to the application. A busy machine may take longer than [`STILL`] for that; what is not
    /// heard for long never will be, since a story broke the wire.
    fn wires_are_still(&self) -> bool {
        let heard = self.discord_heard() && self.slack.unacked() == 0;
        let looks = if heard { 0 } else { self.unheard.get() + 1 };
        self.unheard.set(looks);
        if looks == UNHEARD && self.slack_tries_again.get() {
            self.slack.resend_unacked();
        }
        looks == 0 || looks > UNHEARD
    }

    /// Waits until nothing stirs.
    pub(crate) async fn still(&self) {
        while self.stirs().await {}
    }

    /// Waits for a change in any world; false when nothing changed for a while.
    #[expect(
        clippy::disallowed_methods,
        reason = "looks at the machine's clock: whether bytes are under way"
    )]
    pub(crate) async fn stirs(&self) -> bool {
        let (mut slack, mut github, mut model) =
            (self.slack.changed(), self.github.changed(), self.model.changed());
        let mut discord = self.discord.changed();
        let mut idle = self
            .program
            .as_ref()
            .map(|program| program.engine.activity.idle());
        let works = async {
            match &mut idle {
                Some(idle) => drop(idle.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = slack.changed() => true,
            _ = discord.changed() => true,
            _ = github.changed() => true,
            _ = model.changed() => true,
            () = works => true,
            () = self.children_stir() => true,
            () = tokio::time::sleep(STILL) => false,
        }
    }

    /// What to look at when a story fails.
    fn dump(&self) -> String {
        let talk = self
            .slack
            .all_bot_messages()
            .iter()
            .map(|m| line(m, ""))
            .collect::<Vec<_>>()
            .join("\n");
        let health = self
            .program
            .as_ref()
            .map(|program| format!("{:#?}", program.engine.health.parts()));
        format!(
            "our Slack messages:\n{talk}\nour Discord messages: {:#?}\nmodel problems: {:?}\nhealth: {}\nidle: {}\nSlack: {} not acknowledged, {} \
             queued\n{}",
            self.discord
                .all_bot_messages()
                .iter()
                .map(|message| callsheet::domain::shorten(&message.text, 200))
                .collect::<Vec<_>>(),
            self.model.problems(),
            health.unwrap_or_default(),
            self.is_idle(),
            self.slack.unacked(),
            self.slack.queued(),
            self.children_said(),
        )
    }

    /// At the end of every story: the scripts are played out and nobody complained.
    pub(crate) async fn finish(mut self) {
        if self.program.is_some() {
            self.quiet().await;
            self.stop().await;
        }
        if let Some(replica) = self.replica.take() {
            replica.stop().await;
        }
        if !self.children.is_empty() {
            self.quiet().await;
            self.end_children().await;
        }
        assert_eq!(
            self.model.problems(),
            Vec::<String>::new(),
            "the model's server complained"
        );
        assert_eq!(self.model.left(), 0, "the model's script was not played out");
        let unexpected = [
            self.slack.unexpected(),
            self.discord.unexpected(),
            self.github.unexpected(),
        ]
        .concat();
        assert!(unexpected.is_empty(), "nobody expected {unexpected:#?}");
        assert_eq!(self.slack.faults_left(), 0, "a fault of Slack was not met");
        assert_eq!(self.discord.faults_left(), 0, "a fault of Discord was not met");
        assert_eq!(
            self.discord.problems(),
            Vec::<String>::new(),
            "Discord complained"
        );
        assert_eq!(
            self.github.unused_faults(),
            Vec::<String>::new(),
            "a fault of GitHub was not met"
        );
    }
}
