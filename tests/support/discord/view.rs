//! What a test sees of the guild.

use serde_json::Value;

use super::people::shown;
use super::state::{BOT, Call, Msg, State};
use super::{FakeDiscord, Inner};

/// A message as a test sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The channel, thread or direct message it stands in.
    pub channel: String,
    /// The author's name.
    pub author: String,
    /// Written by a bot, ours or another.
    pub is_bot: bool,
    /// The current text, as sent.
    pub text: String,
    /// The current text with names for ids.
    pub shown: String,
    /// Every text it had, the current one last.
    pub revisions: Vec<String>,
    /// <https://discord.com/developers/docs/resources/message#message-object-message-types>
    pub kind: u8,
    /// The message it replies to.
    pub reply_to: Option<String>,
    /// The sender's mark.
    pub nonce: Option<String>,
    /// Embeds, as sent.
    pub embeds: Vec<Value>,
    /// Rows of components, as sent.
    pub components: Vec<Value>,
    /// The names of those it told; `everyone` for everybody.
    pub pings: Vec<String>,
    /// Seen only by who used the command.
    pub ephemeral: bool,
    /// The app is still thinking.
    pub thinking: bool,
    /// The interaction it answers.
    pub interaction: Option<String>,
    /// Gone.
    pub deleted: bool,
}

/// What became of an interaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The interaction's id.
    pub interaction: String,
    /// What lets the app answer.
    pub token: String,
    /// Who used the command or button.
    pub user: String,
    /// A connected session took it; otherwise it is lost, and Discord shows the person a failure.
    pub delivered: bool,
    /// The type of the first answer: 4 a message, 5 a message later, 6 nothing to see, 7 a changed message, 8 completions.
    pub answered: Option<u64>,
    /// What the first answer carried.
    pub data: Value,
    /// The first answer's message.
    pub original: Option<Message>,
    /// Further messages.
    pub followups: Vec<Message>,
}

fn message(state: &State, msg: &Msg) -> Message {
    let name = |id| {
        state
            .users
            .get(&id)
            .map_or_else(|| "somebody".to_owned(), |user| user.name.clone())
    };
    let mut pings: Vec<String> = msg.mentions.iter().map(|id| name(*id)).collect();
    pings.extend(msg.everyone.then(|| "everyone".to_owned()));
    Message {
        id: msg.id.to_string(),
        channel: msg.channel.to_string(),
        author: name(msg.author),
        is_bot: state.users.get(&msg.author).is_none_or(|user| user.bot),
        text: msg.text().to_owned(),
        shown: shown(state, msg.text()),
        revisions: msg.revisions.clone(),
        kind: msg.kind,
        reply_to: msg.reference.map(|id| id.to_string()),
        nonce: msg
            .nonce
            .as_ref()
            .map(|nonce| nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned)),
        embeds: msg.embeds.clone(),
        components: msg.components.clone(),
        pings,
        ephemeral: msg.ephemeral(),
        thinking: msg.flags & super::state::LOADING != 0,
        interaction: msg.interaction.map(|id| id.to_string()),
        deleted: msg.deleted,
    }
}

fn select(inner: &Inner, wanted: impl Fn(&Msg) -> bool) -> Vec<Message> {
    inner.look(|state| {
        state
            .messages
            .iter()
            .filter(|msg| wanted(msg))
            .map(|msg| message(state, msg))
            .collect()
    })
}

/// What a message is called where it is told that nobody expected it.
fn name(message: &Message) -> String {
    format!("Discord {}/{}", message.channel, message.id)
}

impl FakeDiscord {
    /// Every message of a channel, deleted and ephemeral ones too, in order.
    pub fn messages(&self, place: &str) -> Vec<Message> {
        let channel = self.inner.with(|state| state.place(place));
        self.look_at(select(&self.inner, |msg| msg.channel == channel))
    }

    /// Our bot's messages of a channel.
    pub fn bot_messages(&self, place: &str) -> Vec<Message> {
        let channel = self.inner.with(|state| state.place(place));
        self.look_at(select(&self.inner, |msg| {
            msg.channel == channel && msg.author == BOT
        }))
    }

    /// Notes that the test saw messages.
    fn look_at(&self, messages: Vec<Message>) -> Vec<Message> {
        for message in &messages {
            self.inner.looked.saw(name(message), &message.text);
        }
        messages
    }

    /// Our bot's messages that the test has not looked at as they stand there now.
    pub fn unexpected(&self) -> Vec<String> {
        let ours = self.all_bot_messages().into_iter();
        let ours = ours.filter(|message| !message.deleted);
        self.inner
            .looked
            .unseen(ours.map(|message| (name(&message), message.text)))
    }

    /// Our bot's messages everywhere.
    pub fn all_bot_messages(&self) -> Vec<Message> {
        select(&self.inner, |msg| msg.author == BOT)
    }

    /// The message with this id.
    pub fn message(&self, id: &str) -> Message {
        let found = self.look_at(select(&self.inner, |msg| msg.id.to_string() == id));
        found
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no message {id}"))
    }

    /// What became of the interactions, in order.
    pub fn answers(&self) -> Vec<Answer> {
        self.inner.look(|state| {
            let one = |id: &u64| state.messages.binary_search_by_key(id, |msg| msg.id).ok();
            let seen = |id: &u64| one(id).map(|at| message(state, &state.messages[at]));
            let interactions = state.interactions.values();
            interactions
                .map(|interaction| Answer {
                    interaction: interaction.id.to_string(),
                    token: interaction.token.clone(),
                    user: state.users[&interaction.user].name.clone(),
                    delivered: interaction.delivered,
                    answered: interaction.answered,
                    data: interaction.answer.clone(),
                    original: interaction.original.as_ref().and_then(seen),
                    followups: interaction.followups.iter().filter_map(seen).collect(),
                })
                .collect()
        })
    }

    /// What became of one interaction.
    pub fn answer(&self, interaction: &str) -> Answer {
        let found = self
            .answers()
            .into_iter()
            .find(|answer| answer.interaction == interaction);
        found.unwrap_or_else(|| panic!("no interaction {interaction}"))
    }

    /// The commands registered everywhere and in the guild.
    pub fn commands(&self) -> Vec<Value> {
        self.inner.look(|state| {
            state
                .guild_commands
                .iter()
                .chain(&state.commands)
                .cloned()
                .collect()
        })
    }

    /// How many sessions are connected.
    pub fn connected(&self) -> usize {
        let live = |state: &State| {
            state
                .gateway
                .sessions
                .iter()
                .filter(|session| session.connection.is_some())
                .count()
        };
        self.inner.look(live)
    }

    /// How many sockets were ever opened, which tells a new one from an old one.
    pub fn connections(&self) -> usize {
        self.inner.look(|state| state.gateway.opened)
    }

    /// How many IDENTIFYs were accepted.
    pub fn identifies(&self) -> usize {
        self.inner.look(|state| state.gateway.identifies.len())
    }

    /// The intents the newest accepted IDENTIFY named.
    pub fn intents(&self) -> Option<u64> {
        self.inner.look(|state| state.gateway.identifies.last().copied())
    }

    /// How many RESUMEs were accepted.
    pub fn resumes(&self) -> usize {
        self.inner.look(|state| state.gateway.resumes)
    }

    /// How many dispatches connected clients have not said to have heard; see `FakeDiscord::follow`.
    pub fn unheard(&self) -> usize {
        self.inner.look(|state| {
            let live = state
                .gateway
                .sessions
                .iter()
                .filter(|session| session.connection.is_some());
            live.map(|session| session.log.len() - session.heard).sum()
        })
    }

    /// How many heartbeats came.
    pub fn heartbeats(&self) -> usize {
        self.inner.look(|state| state.gateway.heartbeats)
    }

    /// How many events are held, and frames are not yet written to a socket.
    pub fn queued(&self) -> usize {
        self.inner
            .look(|state| state.gateway.waiting.len() + state.gateway.under_way)
    }

    /// The recorded calls of a route, refused ones too, in order.
    pub fn calls(&self, route: &str) -> Vec<Call> {
        self.inner.look(|state| {
            state
                .calls
                .iter()
                .filter(|call| call.route == route)
                .cloned()
                .collect()
        })
    }

    /// How many calls of a route are held right now.
    pub fn held(&self, route: &str) -> usize {
        self.inner
            .look(|state| state.held.values().filter(|held| **held == route).count())
    }

    /// Faults that still wait for their call.
    pub fn faults_left(&self) -> usize {
        self.inner.look(|state| state.faults.len())
    }

    /// How many calls were refused because of a limit the test set.
    pub fn limited(&self) -> usize {
        self.inner.look(|state| state.limits.refused)
    }

    /// What the application should not have done: unknown routes, fields and arguments, commands nobody can type.
    pub fn problems(&self) -> Vec<String> {
        self.inner.look(|state| state.problems.clone())
    }
}
