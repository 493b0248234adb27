//! What the gateway says, in the order it says it: called by serenity's shard for each event, it hands on and never waits.
//!
//! 1. Messages go into one bounded queue with one writer. When it is full, nothing more goes in until the writer has
//!    emptied it and asks for what was missed.
//! 2. Commands and buttons go into a queue of their own, since they are to be deferred within 3 s.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Value, json};
use serenity::model::application::Interaction;
use serenity::model::event::Event;
use serenity::model::gateway::Ready;
use tokio::sync::{Notify, mpsc, watch};

use super::bustle::Bustle;
use super::client::Discord;
use super::standing::Standing;
use crate::domain::Sign;
use crate::engine::Engine;
use crate::engine::activity::Working;

/// Messages that may wait for the writer.
const WAITING: usize = 4_000;
/// Interactions that may wait.
const ASKED: usize = 500;

/// One thing for the writer.
#[derive(Debug)]
pub(super) enum Item {
    /// A new message.
    Message(Value),
    /// A changed message.
    Edit(Value),
    /// Somebody put an emoji on a message.
    Reaction(Value),
    /// Messages that were taken back: their ids, channel and server.
    Deleted(Vec<String>, String, Option<String>),
    /// A session began or went on: what was said before it is to be asked for.
    Connected,
    /// A channel or thread was deleted.
    ChannelGone(String),
    /// We came to a server or were removed from one.
    Servers,
}

/// An interaction that waits, counted as work until it is served.
#[derive(Debug)]
pub(super) struct Asked {
    /// The interaction.
    pub(super) what: Value,
    /// Its count.
    pub(super) work: Working,
}

/// Hears the gateway.
pub(super) struct Ear {
    discord: Discord,
    engine: Engine,
    /// How we stand.
    pub(super) standing: Standing,
    messages: mpsc::Sender<Item>,
    asked: mpsc::Sender<Asked>,
    /// What the writer has before it.
    pub(super) bustle: Bustle,
    /// Something was missed.
    gap: AtomicBool,
    /// Told when something was missed.
    pub(super) missed: Notify,
    /// The application's id, once a session has told it.
    pub(super) application: watch::Sender<Option<String>>,
}

/// The other ends of the ear's queues.
pub(super) struct Heard {
    /// For the writer.
    pub(super) messages: mpsc::Receiver<Item>,
    /// For whoever serves interactions.
    pub(super) asked: mpsc::Receiver<Asked>,
}

impl Ear {
    /// An ear and the ends of its queues.
    pub(super) fn new(discord: Discord, engine: Engine) -> (Arc<Self>, Heard) {
        let (messages, written) = mpsc::channel(WAITING);
        let (asked, served) = mpsc::channel(ASKED);
        let ear = Self {
            standing: Standing::default(),
            messages,
            asked,
            bustle: Bustle::new(Arc::clone(&engine.activity)),
            gap: AtomicBool::new(false),
            missed: Notify::new(),
            application: watch::Sender::new(None),
            discord,
            engine,
        };
        let heard = Heard {
            messages: written,
            asked: served,
        };
        (Arc::new(ear), heard)
    }

    /// Whether something was missed.
    pub(super) fn has_gap(&self) -> bool {
        self.gap.load(Ordering::SeqCst)
    }

    /// From now on what is said goes into the queue again.
    pub(super) fn close_gap(&self) {
        self.gap.store(false, Ordering::SeqCst);
    }

    /// Takes one event.
    pub(super) fn hear(&self, event: &Event) {
        match event {
            Event::Ready(ready) => self.ready(&ready.ready),
            Event::Resumed(_) => {
                self.standing.resumed(&self.engine.health);
                self.pass(Item::Connected);
            }
            Event::MessageCreate(event) => self.pass_json(&event.message, Item::Message),
            Event::MessageUpdate(event) => self.pass_json(event, Item::Edit),
            Event::ReactionAdd(event) => self.reaction(value(&event.reaction)),
            Event::MessageDelete(event) => self.pass(Item::Deleted(
                vec![event.message_id.to_string()],
                event.channel_id.to_string(),
                event.guild_id.map(|id| id.to_string()),
            )),
            Event::MessageDeleteBulk(event) => self.pass(Item::Deleted(
                event.ids.iter().map(ToString::to_string).collect(),
                event.channel_id.to_string(),
                event.guild_id.map(|id| id.to_string()),
            )),
            Event::InteractionCreate(event) => self.interaction(&event.interaction),
            Event::GuildCreate(event) => {
                let me = self.discord.identity().map(|me| me.user_id).unwrap_or_default();
                self.discord.channels().learn_guild(&value(&event.guild), &me);
                self.server(&event.guild.id.to_string(), true);
            }
            // Without this mark, the server is only out of reach for a while.
            Event::GuildDelete(event) if !event.guild.unavailable => {
                self.server(&event.guild.id.to_string(), false);
            }
            Event::ChannelCreate(event) => self.learn(&event.channel),
            Event::ChannelUpdate(event) => self.learn(&event.channel),
            Event::ThreadCreate(event) => self.learn(&event.thread),
            Event::ThreadUpdate(event) => self.learn(&event.thread),
            Event::ThreadListSync(event) => event.threads.iter().for_each(|thread| self.learn(thread)),
            Event::ChannelDelete(event) => self.channel_gone(event.channel.id.to_string()),
            Event::ThreadDelete(event) => self.channel_gone(event.thread.id.to_string()),
            _ => {}
        }
    }

    fn ready(&self, ready: &Ready) {
        let application = ready.application.id.to_string();
        let servers: BTreeSet<String> = ready.guilds.iter().map(|guild| guild.id.to_string()).collect();
        self.standing
            .up(&self.engine.health, &ready.user.name, &application, servers);
        self.application.send_if_modified(|known| {
            let new = known.as_ref() != Some(&application);
            *known = Some(application);
            new
        });
        self.pass(Item::Connected);
    }

    fn server(&self, id: &str, here: bool) {
        self.standing.server(&self.engine.health, id, here);
        self.pass(Item::Servers);
    }

    fn channel_gone(&self, id: String) {
        self.pass(Item::ChannelGone(id));
    }

    fn learn(&self, channel: &impl Serialize) {
        self.discord.channels().learn(&value(channel), None);
    }

    fn pass_json(&self, what: &impl Serialize, item: impl FnOnce(Value) -> Item) {
        let what = value(what);
        if !what.is_null() {
            self.pass(item(what));
        }
    }

    /// Of all the emoji that people put under messages, most say nothing to us and need no place in the queue.
    fn reaction(&self, what: Value) {
        let name = what.get("emoji").and_then(|emoji| emoji.get("name"));
        if name.and_then(Value::as_str).and_then(Sign::read).is_some() {
            self.pass(Item::Reaction(what));
        }
    }

    fn pass(&self, what: Item) {
        self.bustle.add();
        if self.has_gap() || self.messages.try_send(what).is_err() {
            self.bustle.done();
            // What is dropped here is older than what the writer will ask for once it has emptied the queue.
            self.gap.store(true, Ordering::SeqCst);
            self.missed.notify_one();
        }
    }

    fn interaction(&self, interaction: &Interaction) {
        // Serenity writes everything of it but its type.
        let kind = match interaction {
            Interaction::Command(_) => 2,
            Interaction::Component(_) => 3,
            Interaction::Autocomplete(_) => 4,
            _ => return,
        };
        let mut what = value(interaction);
        if let Some(fields) = what.as_object_mut() {
            fields.insert("type".to_owned(), json!(kind));
        }
        let asked = Asked {
            what,
            work: Working::begin(&self.engine.activity),
        };
        if self.asked.try_send(asked).is_err() {
            tracing::error!("too many commands at once; Discord shows that one failed");
        }
    }
}

/// Something of serenity's as Discord writes it, so that it is read the same way as what REST brings.
fn value(what: &impl Serialize) -> Value {
    serde_json::to_value(what).unwrap_or_else(|error| {
        tracing::warn!(%error, "an event of Discord cannot be read");
        json!(null)
    })
}
