//! What a test sees of the workspace.

use serde_json::Value;

use super::blocks;
use super::hooks::ResponsePost;
use super::people::Sent;
use super::state::{Author, Msg, State, Ts, writer};
use super::{FakeSlack, Inner};

/// A message as a test sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Conversation id.
    pub channel: String,
    /// Its id.
    pub ts: Ts,
    /// The root it replies to; nothing for a root.
    pub thread_ts: Option<Ts>,
    /// User id of the author; the bot id for somebody else's bot.
    pub user: String,
    /// Written by a bot, ours or another.
    pub is_bot: bool,
    /// The current text.
    pub text: String,
    /// Every text it had, the current one last.
    pub revisions: Vec<String>,
    /// `{event_type, event_payload}`.
    pub metadata: Option<Value>,
    /// Blocks, as posted.
    pub blocks: Option<Value>,
    /// Emoji and user id.
    pub reactions: Vec<(String, String)>,
    /// Deleted by its author.
    pub deleted: bool,
}

impl Message {
    /// What people read: the text, or the blocks that Slack shows in its place.
    pub fn seen(&self) -> String {
        match &self.blocks {
            Some(shown) => blocks::read(shown),
            None => self.text.clone(),
        }
    }
}

impl From<&Msg> for Message {
    fn from(msg: &Msg) -> Self {
        Self {
            channel: msg.channel.clone(),
            ts: msg.ts.clone(),
            thread_ts: msg.thread_ts.clone(),
            user: writer(msg),
            is_bot: !matches!(msg.author, Author::Person(_)),
            text: msg.text().to_owned(),
            revisions: msg.revisions.clone(),
            metadata: msg.metadata.clone(),
            blocks: msg.blocks.clone(),
            reactions: msg.reactions.clone(),
            deleted: msg.deleted,
        }
    }
}

fn look_at(inner: &Inner, wanted: impl Fn(&State, &Msg) -> bool) -> Vec<Message> {
    inner.look(|state| {
        let ours = state
            .messages
            .iter()
            .filter(|msg| msg.author == Author::Us && wanted(state, msg));
        for msg in ours {
            inner.looked.saw(name(msg), msg.text());
        }
    });
    select(inner, wanted)
}

/// What a message is called where it is told that nobody expected it.
fn name(msg: &Msg) -> String {
    format!("Slack {}/{}", msg.channel, msg.ts)
}

fn select(inner: &Inner, wanted: impl Fn(&State, &Msg) -> bool) -> Vec<Message> {
    inner.look(|state| {
        state
            .messages
            .iter()
            .filter(|msg| wanted(state, msg))
            .map(Message::from)
            .collect()
    })
}

impl FakeSlack {
    /// Every message of a conversation, deleted ones too, in `ts` order.
    pub fn messages(&self, place: &str) -> Vec<Message> {
        let channel = self.channel(place);
        look_at(&self.inner, |_, msg| msg.channel == channel)
    }

    /// Our bot's messages of a conversation.
    pub fn bot_messages(&self, place: &str) -> Vec<Message> {
        let channel = self.channel(place);
        look_at(&self.inner, |_, msg| {
            msg.channel == channel && msg.author == Author::Us
        })
    }

    /// Our bot's messages in the whole workspace.
    pub fn all_bot_messages(&self) -> Vec<Message> {
        select(&self.inner, |_, msg| msg.author == Author::Us)
    }

    /// Our bot's messages that the test has not looked at as they stand there now.
    pub fn unexpected(&self) -> Vec<String> {
        let all = self.inner.look(|state| {
            let ours = state
                .messages
                .iter()
                .filter(|msg| msg.author == Author::Us && !msg.deleted);
            ours.map(|msg| (name(msg), msg.text().to_owned()))
                .collect::<Vec<_>>()
        });
        self.inner.looked.unseen(all)
    }

    /// Our bot's messages of a conversation that the test has not looked at as they stand there now.
    pub fn news(&self, place: &str) -> Vec<String> {
        let channel = self.channel(place);
        let wanted = |msg: &Msg| msg.channel == channel && msg.author == Author::Us && !msg.deleted;
        self.inner.look(|state| {
            let ours = state.messages.iter().filter(|msg| wanted(msg));
            ours.filter(|msg| self.inner.looked.news(name(msg), msg.text()))
                .map(|msg| msg.text().to_owned())
                .collect()
        })
    }

    /// A root message and its replies.
    pub fn thread(&self, place: &str, ts: &str) -> Vec<Message> {
        let channel = self.channel(place);
        look_at(&self.inner, |_, msg| {
            msg.channel == channel && (msg.ts == ts || msg.thread_ts.as_deref() == Some(ts))
        })
    }

    /// Accepted posts to a `response_url`, in order.
    pub fn response_url_posts(&self) -> Vec<ResponsePost> {
        self.inner.look(|state| state.response_posts.clone())
    }

    /// How many sockets are connected.
    pub fn sockets(&self) -> usize {
        self.inner.look(|state| state.post.sockets.len())
    }

    /// How many sockets ever connected, which tells a new one from an old one.
    pub fn connections(&self) -> usize {
        self.inner.look(|state| state.post.connections)
    }

    /// How many envelopes or requests were sent, or shall be sent again, and are not acknowledged.
    pub fn unacked(&self) -> usize {
        self.inner.look(|state| state.post.unacked.len())
    }

    /// How many events wait for a socket, or for their turn to be sent as a request.
    pub fn queued(&self) -> usize {
        self.inner.look(|state| state.post.queue.len())
    }

    /// The acknowledgements, in order, with the payload they carried.
    pub fn acks(&self) -> Vec<Value> {
        self.inner.look(|state| state.post.acks.clone())
    }

    /// Whether a command or click was acknowledged; otherwise Slack shows the person an error.
    pub fn took(&self, sent: &Sent) -> bool {
        self.inner
            .look(|state| state.post.taken.contains(&sent.trigger_id))
    }

    /// How often the app answered a ping.
    pub fn pongs(&self) -> u64 {
        self.inner.look(|state| state.post.pongs)
    }

    /// How many calls of a method are held right now.
    pub fn held(&self, method: &str) -> usize {
        self.inner
            .look(|state| state.held.values().filter(|held| *held == method).count())
    }

    /// Faults that still wait for their call.
    pub fn faults_left(&self) -> usize {
        self.inner.look(|state| state.faults.len())
    }
}
