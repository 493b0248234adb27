//! The worlds, the program among them, and the jobs that were asked for.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use callsheet::domain::{Gated, Policy};
use callsheet::store::deliveries::State;
use callsheet::store::{outbox, schedules};

use crate::jobs::{Door, Job, Seen, Tally};
use crate::script;
use crate::support::child::Child;
use crate::support::clock::TestClock;
use crate::support::database::{Database, Kind};
use crate::support::postgres::Server;
use crate::support::world::World;

/// The messages that the outbox knows as sent.
const SENT: &str = "SELECT external_id FROM deliveries WHERE effect LIKE '{\"effect\":\"message\"%' AND external_id IS NOT NULL";

/// How long a question waits here, and a little more.
const ANSWER_WITHIN: Duration = Duration::from_secs(46 * 60);

/// The rule of the schedule that is due here.
const HALF_HOURLY: &str = "*/30 * * * *";

/// A world with the built program in it.
pub(crate) struct Stage {
    pub(crate) world: World,
    jobs: Vec<Job>,
    /// The number of the last job; names go on from stage to stage.
    number: usize,
    /// What was counted in earlier worlds.
    pub(crate) before: Tally,
}

impl Stage {
    /// A world with Apollo in Slack and on Discord. The program has not started.
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::in_world(World::new(kind).await).await
    }

    /// The same on a PostgreSQL of a case's own.
    pub(crate) async fn on(kind: Kind, server: &Server) -> Self {
        let database = Database::on(server).await;
        Self::in_world(World::on(kind, TestClock::new(), database).await).await
    }

    async fn in_world(mut world: World) -> Self {
        world.prepare_apollo_on_discord().await;
        world.slack.channel("#random");
        world.github.repo("acme/careful");
        let channel = world.slack.channel("#careful");
        let careful = Some(("#careful", channel.as_str()));
        world.add_project("Careful", Some("acme/careful"), careful).await;
        let every_write = Policy {
            gates: Gated::AllWrites,
            ..Policy::default()
        };
        world.ask_about("careful", every_write).await;
        script::script(&world);
        // Hours pass here within a case, and nobody is asked back.
        let settings = [
            ("CALLSHEET__AGENT__OLD_AFTER_MINUTES", "0"),
            ("CALLSHEET__AGENT__ANSWER_WITHIN_MINUTES", "45"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        world.settings.extend(settings);
        Self {
            world,
            jobs: Vec::new(),
            number: 0,
            before: Tally::default(),
        }
    }

    /// The same with the program up.
    pub(crate) async fn set(kind: Kind) -> Self {
        let mut stage = Self::new(kind).await;
        stage.start(&[]).await;
        stage
    }

    /// Starts the program, set to end at points, and waits until it hears every platform, or has ended.
    pub(crate) async fn start(&mut self, armed: &[(&str, String)]) {
        // What is left of a program that was killed may look connected for a moment.
        let before = (self.world.slack.connections(), self.world.discord.connections());
        self.world.spawn(armed).await;
        self.world
            .until("the program to hear", |world| {
                let child = world.children.last().unwrap();
                let (slack, discord) = (world.slack.connections(), world.discord.connections());
                child.is_gone()
                    || (slack > before.0
                        && discord > before.1
                        && world.discord.connected() > 0
                        // What is not registered cannot be typed.
                        && !world.discord.commands().is_empty())
            })
            .await;
    }

    /// Starts programs until there are that many.
    pub(crate) async fn fill_up(&mut self, replicas: usize) {
        while self.world.children.len() < replicas {
            let before = self.world.slack.connections();
            self.world.spawn(&[]).await;
            self.world
                .until("one more program to hear", |world| {
                    world.slack.connections() > before && world.discord.connected() > 0
                })
                .await;
        }
    }

    /// Asks the program that is there longest to end in order, and waits for it.
    pub(crate) async fn retire_first(&mut self) {
        self.world.children[0].signal("TERM");
        self.world
            .until("the program to end", |world| world.children[0].is_gone())
            .await;
        for mut child in self.world.bury() {
            let status = child.ended();
            assert!(status.success(), "{status}\n{}", child.log());
        }
    }

    /// Asks for a job. The first digest needs a schedule, every half hour.
    pub(crate) async fn ask(&mut self, door: Door) {
        if door == Door::Digest && !self.is_scheduled().await {
            let ana = self.world.slack.user("ana");
            let line = format!("schedule add apollo \"{HALF_HOURLY}\"");
            ana.slash("#apollo", "/pm", &line);
            self.play().await;
        }
        self.number += 1;
        self.jobs.push(Job::ask(&self.world, self.number, door));
        if door == Door::SlackGateLate {
            self.play().await;
            self.world.pass_at_once(ANSWER_WITHIN);
        }
    }

    /// Whether the schedule is there: a command whose program ends may never have reached us.
    async fn is_scheduled(&self) -> bool {
        let mut tx = self.world.db.read().await.unwrap();
        let all = schedules::all(&mut tx).await.unwrap();
        all.iter().any(|schedule| schedule.cron == HALF_HOURLY)
    }

    /// Ends the program from outside.
    pub(crate) async fn kill(&mut self) {
        for child in &mut self.world.children {
            child.kill();
        }
        self.world
            .now("the end", |world| world.children.iter().all(Child::is_gone))
            .await;
        self.ended();
    }

    /// A new world in the place of this one.
    pub(crate) async fn renew(&mut self) {
        let mut next = Self::new(self.world.kind).await;
        next.before = self.before;
        next.before.add(self.check().await.1);
        std::mem::replace(self, next).clear().await;
    }

    /// Waits until everything is done, or the program has ended itself.
    pub(crate) async fn play(&self) {
        if self.world.children.is_empty() {
            return;
        }
        let gone = self.world.until("the end of the program", |world| {
            world.children.iter().any(Child::is_gone)
        });
        let played = async {
            self.world.quiet().await;
            if self.answers() {
                self.world.quiet().await;
            }
        };
        tokio::select! {
            () = gone => {}
            () = played => {}
        }
    }

    /// Somebody answers the questions that are meant to be answered; whether there was one.
    fn answers(&self) -> bool {
        let said = self.world.slack.bot_messages("#careful").into_iter();
        let open = said.filter(|message| {
            let waits = message.seen().contains("[Approve]");
            waits && !message.deleted && !message.text.contains(" late")
        });
        let ben = self.world.slack.user("ben");
        let mut any = false;
        for question in open {
            ben.presses("#careful", &question.ts, "Approve");
            any = true;
        }
        any
    }

    /// Answers what is open, or lets its time end.
    async fn settle(&self) {
        const OPEN: &str = "SELECT COUNT(*) FROM gates WHERE state = 'open'";
        while self.world.database.count(OPEN).await > 0 {
            if !self.answers() {
                self.world.pass_at_once(ANSWER_WITHIN);
            }
            self.world.quiet().await;
        }
    }

    /// Where the program ended itself since the last time, if it did.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let mut gone = self.world.bury();
        let child = gone.first_mut()?;
        let status = child.ended();
        assert_eq!(status.signal(), Some(9), "{status}\n{}", child.log());
        Some(
            child
                .ended_at()
                .unwrap_or_else(|| "a moment of the test's".to_owned()),
        )
    }

    /// Slack sends again what was not acknowledged, as it does after a moment, after one minute and after five.
    pub(crate) async fn slack_tries_again(&self) {
        for pause in [1, 60, 300] {
            self.world.still().await;
            if self.world.slack.unacked() == 0 {
                return;
            }
            self.world.pass_at_once(Duration::from_secs(pause));
            self.world.slack.resend_unacked();
        }
    }

    /// Starts the program again, if it has ended, and waits until everything is done.
    pub(crate) async fn recover(&mut self) {
        if self.world.children.is_empty() {
            self.start(&[]).await;
        }
        self.slack_tries_again().await;
        // The last one may be refused while the others are asked for.
        for _ in 0..2 {
            self.world.github.webhooks_done().await;
            self.world.redeliver_what_was_refused();
            self.world.quiet().await;
        }
        self.settle().await;
    }

    /// The points that the program has passed since it started.
    pub(crate) fn seen(&self) -> BTreeMap<String, u64> {
        self.world.children[0].seen()
    }

    /// Reads the worlds: what is wrong, in words, and the tally of all jobs.
    pub(crate) async fn check(&self) -> (Vec<String>, Tally) {
        let seen = Seen::read(&self.world).await;
        let mut tally = Tally::default();
        let mut wrong: Vec<String> = self
            .jobs
            .iter()
            .flat_map(|job| job.check(&self.world, &seen, &mut tally))
            .collect();
        wrong.extend(
            seen.hanging()
                .into_iter()
                .map(|text| format!("progress is left: {text}")),
        );
        let mut tx = self.world.db.read().await.unwrap();
        let open = outbox::unsettled(&mut tx).await.unwrap();
        tally.unknown = open
            .iter()
            .filter(|(state, _)| *state == State::Unknown)
            .map(|(_, count)| usize::try_from(*count).unwrap())
            .sum();
        wrong.extend(
            open.iter()
                .map(|(state, count)| format!("{count} deliveries are {state:?}")),
        );
        let due = schedules::made(&mut tx).await.unwrap();
        let now = self.world.clock.now();
        let unclaimed = schedules::due(&mut tx, now).await.unwrap().len();
        let twice = outbox::waiting(&mut tx).await.unwrap().twice;
        drop(tx);
        if unclaimed > 0 {
            tally.lost += unclaimed;
            wrong.push(format!("{unclaimed} due times were not claimed"));
        }
        if twice > 0 {
            tally.duplicated += usize::try_from(twice).unwrap();
            wrong.push(format!("{twice} deliveries arrived twice"));
        }
        let known = self.world.database.texts(SENT).await;
        wrong.extend(seen.compare(&known, &mut tally));
        let posted = seen.digests();
        tally.requests += due;
        if posted < due {
            tally.lost += due - posted;
        }
        tally.duplicated += posted.saturating_sub(due);
        if posted != due {
            wrong.push(format!("{due} digests were made and {posted} are there"));
        }
        (wrong, tally)
    }

    /// What reached the programs, for a case that fails.
    pub(crate) async fn heard(&self) -> String {
        let mut tx = self.world.db.read().await.unwrap();
        let inbox = callsheet::store::inbox::summary(&mut tx).await.unwrap();
        let webhooks = self.world.github.deliveries().into_iter();
        let webhooks: Vec<_> = webhooks
            .map(|delivery| format!("{} {:?}", delivery.event, delivery.status))
            .collect();
        let said = Seen::read(&self.world).await.first_lines();
        format!("inbox: {inbox:?}\nwebhooks: {webhooks:?}\nwe said: {said:#?}")
    }

    /// What the last program logged, for a case that fails.
    pub(crate) fn log(&self) -> String {
        self.world.children.iter().map(Child::log).collect()
    }

    /// Ends the program in order, and looks whether a world complained.
    pub(crate) async fn clear(mut self) {
        self.world.end_children().await;
        assert_eq!(self.world.model.problems(), Vec::<String>::new());
        assert_eq!(self.world.discord.problems(), Vec::<String>::new());
    }
}
