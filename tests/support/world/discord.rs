//! Discord in a story's world.

use callsheet::domain::{Place, Platform, Role};
use callsheet::store::{outbox, projects, watermarks};

use super::{Kind, World};

impl World {
    /// Makes Discord part of the application's configuration, with a channel #apollo.
    pub(crate) fn join_discord(&mut self) {
        let settings = [
            ("CALLSHEET__DISCORD__API_URL", self.discord.api_url()),
            (
                "CALLSHEET__DISCORD__BOT_TOKEN",
                self.discord.bot_token().to_owned(),
            ),
        ];
        self.settings
            .extend(settings.map(|(key, value)| (key.to_owned(), value)));
        self.discord.channel("#apollo");
        self.discord.follow();
    }

    /// Whether everything that Discord said has been heard.
    pub(super) fn discord_heard(&self) -> bool {
        self.discord.queued() == 0 && self.discord.unheard() == 0
    }

    /// Starts with Apollo, bound to #apollo in Slack and #apollo on Discord.
    pub(crate) async fn apollo_on_discord(kind: Kind) -> Self {
        let mut world = Self::new(kind).await;
        world.prepare_apollo_on_discord().await;
        world.start().await;
        world
    }

    /// See [`World::apollo_on_discord`]; the application is not started yet.
    pub(crate) async fn prepare_apollo_on_discord(&mut self) {
        self.join_discord();
        self.prepare_apollo().await;
        self.bind_on_discord("apollo", "#apollo").await;
    }

    /// Binds a channel on Discord to a project.
    pub(crate) async fn bind_on_discord(&self, slug: &str, channel: &str) {
        let place = self.discord_place(channel);
        let mut tx = self.db.begin().await.unwrap();
        let project = projects::by_slug(&mut tx, slug).await.unwrap().unwrap();
        let (by, now) = (project.owner.unwrap(), self.clock.now());
        projects::bind(&mut tx, project.id, &place, channel, Role::Member, by, now)
            .await
            .unwrap();
        tx.commit("test").await.unwrap();
    }

    /// A channel's place.
    pub(crate) fn discord_place(&self, channel: &str) -> Place {
        Place::Discord {
            guild: Some(self.discord.guild()),
            channel: self.discord.channel(channel),
            thread: None,
        }
    }

    /// Waits until Discord is connected and knows the command, where it is set up.
    pub(super) async fn discord_connected(&self) {
        if self.settings.contains_key("CALLSHEET__DISCORD__BOT_TOKEN") {
            self.until("Discord to be connected", |world| {
                world.discord.connected() > 0 && !world.discord.commands().is_empty()
            })
            .await;
        }
    }

    /// The talk at a place on Discord as people see it: each message with its author, and whether it is a reply.
    pub(crate) fn discord_talk(&self, place: &str) -> String {
        let messages = self.discord.messages(place);
        let lines = messages.iter().filter(|message| !message.deleted).map(|message| {
            let edited = if message.revisions.len() > 1 {
                " [edited]"
            } else {
                ""
            };
            let reply = message.reply_to.as_ref().map_or("", |_| " [reply]");
            let text = message.shown.replace('\u{200b}', "⟨⟩").replace('\n', "\n    ");
            let rows = message.components.iter();
            let buttons = rows.flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
            let buttons: String = buttons
                .map(|button| format!(" [{}]", button["label"].as_str().unwrap_or_default()))
                .collect();
            format!("{}{reply}{edited}: {text}{buttons}", message.author)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What the health report says about a part.
    pub(crate) fn health(&self, part: &str) -> String {
        let parts = self.program().engine.health.parts();
        let part = &parts[part];
        format!("{}: {}", part.state.words(), part.detail)
    }

    /// What `GET /health` says about a part.
    pub(crate) async fn told_health(&self, part: &str) -> String {
        let url = format!("http://{}/health", self.program().address);
        let report: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let part = &report["parts"][part];
        let text = |field: &str| part[field].as_str().unwrap_or("nothing").to_owned();
        format!("{}: {}", text("state"), text("detail"))
    }

    /// The places on Discord that have a watermark.
    pub(crate) async fn discord_marks(&self) -> Vec<String> {
        let mut tx = self.db.read().await.unwrap();
        let marks = watermarks::of(&mut tx, Platform::Discord, 100).await.unwrap();
        let mut places: Vec<String> = marks.into_iter().map(|mark| mark.place.to_string()).collect();
        places.sort();
        places
    }

    /// Why deliveries were given up, in words.
    pub(crate) async fn given_up(&self) -> Vec<String> {
        let mut tx = self.db.read().await.unwrap();
        let dead = outbox::given_up(&mut tx, 100).await.unwrap();
        dead.into_iter().map(|(_, reason)| reason).collect()
    }
}
