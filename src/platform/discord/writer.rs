//! The one writer: commits what was heard in its order, keeps each place's watermark, and asks for what was missed.
//!
//! 1. A watermark never moves past a message that is not committed: while the database fails, the writer waits with the
//!    message in hand.
//! 2. What was missed (a new session, a full queue) is read before anything that came later, through the same intake; what
//!    overlaps is known by its keys.
//! 3. Nothing is kept of what is said where we take no part, unless it speaks to us.
//! 4. No place holds up the others for long: one that Discord does not let us read is left for the next sweep, and its
//!    watermark stays until then.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::channels::{Channel, place};
use super::client::{Discord, Identity, Trouble};
use super::ear::{Ear, Item};
use super::json;
use super::translate::{Translator, deleted};
use crate::domain::{Addressed, AuthorKind, Event, Heard, Place, Posted};
use crate::engine::clock::later;
use crate::engine::lease::Held;
use crate::engine::{Engine, intake};
use crate::store::{StoreError, watermarks};

/// How often everything is read for good measure: an event that serenity cannot read is lost without a sign.
const SWEEP: Duration = Duration::from_secs(15 * 60);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest wait that one call of Discord's is worth: everything else waits behind it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Waiting longer than this is said in the health report.
const UNSAID: Duration = Duration::from_secs(10);
/// How long a stop may be used to keep what was heard already.
const SAVING: Duration = Duration::from_secs(5);
/// Tries to find out what a channel is.
const LOOKS: u32 = 3;

/// Why the writer waits for the database.
pub(super) const DATABASE: &str = "the database fails";

/// Writes what was heard.
pub(super) struct Writer {
    /// The bot.
    pub(super) discord: Discord,
    /// The engine.
    pub(super) engine: Engine,
    /// Who hears.
    pub(super) ear: Arc<Ear>,
    /// Who we are.
    pub(super) me: Identity,
    /// Places that could not be read to the end; their watermarks stay.
    pub(super) unread: Unread,
    /// The right to move watermarks.
    pub(super) held: Held,
    /// Told to stop.
    pub(super) stop: CancellationToken,
}

/// Places whose watermarks stay, since something that is older could not be read.
#[derive(Default)]
pub(super) struct Unread(Mutex<HashSet<Place>>);

impl Unread {
    /// Notes whether a place is one of them.
    pub(super) fn set(&self, place: &Place, unread: bool) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if unread {
            places.insert(place.clone());
        } else {
            places.remove(place);
        }
    }

    fn has(&self, place: &Place) -> bool {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.contains(place)
    }
}

/// The writer was told to stop while it waited.
#[derive(Debug)]
pub(super) struct Stopped;

/// Ever longer waits between tries of one thing.
pub(super) struct Tries {
    /// Tries so far.
    pub(super) count: u32,
    wait: Duration,
    /// How long was waited so far.
    waited: Duration,
}

impl Tries {
    /// None so far.
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            wait: Duration::from_secs(1),
            waited: Duration::ZERO,
        }
    }
}

impl Writer {
    /// Writes until it is told to stop.
    pub(super) async fn run(&self, mut heard: mpsc::Receiver<Item>) {
        let mut sweep = later(self.engine.clock.now(), SWEEP);
        loop {
            let done = tokio::select! {
                biased;
                () = self.stop.cancelled() => return self.save(None, heard).await,
                next = heard.recv() => match next {
                    Some(what) => {
                        if self.write(&what).await.is_err() {
                            return self.save(Some(what), heard).await;
                        }
                        self.ear.bustle.done();
                        Ok(())
                    }
                    None => return,
                },
                () = self.ear.missed.notified() => Ok(()),
                () = self.engine.clock.deadline(sweep) => {
                    sweep = later(self.engine.clock.now(), SWEEP);
                    self.catch_up().await
                }
            };
            let done = match done {
                Ok(()) if self.ear.has_gap() && heard.is_empty() => {
                    tracing::warn!("Discord said more than could be kept up with; reading what was missed");
                    self.ear.close_gap();
                    self.catch_up().await
                }
                done => done,
            };
            self.ear.standing.behind(&self.engine.health, None);
            if done.is_err() {
                return self.save(None, heard).await;
            }
        }
    }

    /// At a stop, keeps what is in hand and what waits: a first mention is asked for by nobody later. No watermark moves,
    /// since what comes before may not have been read.
    async fn save(&self, in_hand: Option<Item>, mut heard: mpsc::Receiver<Item>) {
        heard.close();
        let saving = async {
            let mut next = in_hand;
            while let Some(what) = next.take().or_else(|| heard.try_recv().ok()) {
                let saved = self.save_one(&what).await;
                self.ear.bustle.done();
                if let Err(error) = saved {
                    crate::telemetry::report(&error, "what Discord said last could not be kept");
                    return;
                }
            }
        };
        if self.engine.clock.timeout(SAVING, saving).await.is_err() {
            tracing::warn!("not all that Discord said last could be kept in time");
        }
    }

    async fn save_one(&self, what: &Item) -> Result<(), StoreError> {
        let (translated, posted) = match what {
            Item::Message(message) => (
                self.known_place(message)
                    .and_then(|place| self.translator().message(message, place)),
                true,
            ),
            Item::Edit(message) => (
                self.known_place(message)
                    .and_then(|place| self.translator().edit(message, place)),
                false,
            ),
            _ => return Ok(()),
        };
        let Some(heard) = translated else {
            return Ok(());
        };
        let (Event::MessagePosted(said) | Event::MessageEdited(said)) = &heard.event else {
            return Ok(());
        };
        if !is_for_us(said) && !self.looked_up(&said.place).await? {
            return Ok(());
        }
        intake::commit(&self.engine, &heard).await?;
        if let Some(id) = json::number(&said.external_id).filter(|_| posted && is_call(said)) {
            let mut tx = self.engine.db.begin().await?;
            self.held.check(&mut tx).await?;
            watermarks::begin(&mut tx, &said.place, id, self.engine.clock.now()).await?;
            tx.commit("watermark").await?;
        }
        Ok(())
    }

    /// The place of a message, without asking Discord.
    fn known_place(&self, message: &Value) -> Option<Place> {
        let channel = json::id(message, "channel_id")?;
        let known = self.discord.channels().get(channel);
        let guild = json::id(message, "guild_id");
        place(channel, &known.unwrap_or_default(), guild)
    }

    async fn write(&self, what: &Item) -> Result<(), Stopped> {
        match what {
            Item::Connected => self.catch_up().await,
            Item::Servers => self.take_stock().await.map(drop),
            Item::Message(message) => match self.place_of(message).await? {
                Some(place) => self.message(message, place).await,
                None => Ok(()),
            },
            Item::Edit(message) => self.edit(message).await,
            Item::Reaction(reaction) => self.reaction(reaction).await,
            Item::Deleted(ids, channel, guild) => self.deleted(ids, channel, guild.as_deref()).await,
            Item::ChannelGone(id) => self.channel_gone(id).await,
        }
    }

    fn translator(&self) -> Translator<'_> {
        Translator {
            me: &self.me,
            channels: self.discord.channels(),
        }
    }

    /// Commits a message that is for us and moves its place's watermark.
    pub(super) async fn message(&self, message: &Value, place: Place) -> Result<(), Stopped> {
        let Some(heard) = self.translator().message(message, place) else {
            return Ok(());
        };
        let Event::MessagePosted(posted) = &heard.event else {
            return Ok(());
        };
        // Only people make a place ours: a bot's mention is not answered.
        let concerns = is_call(posted) || self.concerns_us(&posted.place).await?;
        if !concerns && !is_for_us(posted) {
            return Ok(());
        }
        self.commit(&heard).await?;
        let Some(id) = json::number(&posted.external_id).filter(|_| concerns) else {
            return Ok(());
        };
        if let Err(error) = self.mark(&posted.place, id).await {
            // The next message moves it too.
            crate::telemetry::report(&error, "how far a place was read could not be noted");
        }
        Ok(())
    }

    async fn edit(&self, message: &Value) -> Result<(), Stopped> {
        let place = self.place_of(message).await?;
        let Some(heard) = place.and_then(|place| self.translator().edit(message, place)) else {
            return Ok(());
        };
        let Event::MessageEdited(posted) = &heard.event else {
            return Ok(());
        };
        if is_for_us(posted) || self.concerns_us(&posted.place).await? {
            self.commit(&heard).await?;
        }
        Ok(())
    }

    /// Nothing is kept of what people put under messages where we take no part.
    async fn reaction(&self, reaction: &Value) -> Result<(), Stopped> {
        let place = self.place_of(reaction).await?;
        let Some(heard) = place.and_then(|place| self.translator().reaction(reaction, place)) else {
            return Ok(());
        };
        match heard.event.place() {
            Some(place) if self.concerns_us(place).await? => self.commit(&heard).await,
            _ => Ok(()),
        }
    }

    async fn deleted(&self, ids: &[String], channel: &str, guild: Option<&str>) -> Result<(), Stopped> {
        let Some(place) = self.place(channel, guild).await? else {
            return Ok(());
        };
        if !self.concerns_us(&place).await? {
            return Ok(());
        }
        for id in ids.iter().filter(|id| json::number(id).is_some()) {
            self.commit(&deleted(id, place.clone())).await?;
        }
        Ok(())
    }

    /// Whether a place is ours, as long as it takes.
    async fn concerns_us(&self, place: &Place) -> Result<bool, Stopped> {
        let mut tries = Tries::new();
        loop {
            match self.looked_up(place).await {
                Ok(concerns) => return Ok(concerns),
                Err(error) => {
                    crate::telemetry::report(&error, "whose a place is could not be looked up; trying again");
                    self.pause(&mut tries, DATABASE).await?;
                }
            }
        }
    }

    async fn looked_up(&self, place: &Place) -> Result<bool, StoreError> {
        let mut tx = self.engine.db.read().await?;
        watermarks::concerns_us(&mut tx, place).await
    }

    async fn mark(&self, place: &Place, id: i64) -> Result<(), StoreError> {
        if self.unread.has(place) {
            return Ok(());
        }
        let mut tx = self.engine.db.begin().await?;
        // Somebody who was frozen must not move a mark past what the next one has not read yet.
        self.held.check(&mut tx).await?;
        watermarks::advance(&mut tx, place, id, self.engine.clock.now()).await?;
        tx.commit("watermark").await
    }

    /// Commits a fact, as long as it takes.
    async fn commit(&self, heard: &Heard) -> Result<(), Stopped> {
        let mut tries = Tries::new();
        loop {
            match intake::commit(&self.engine, heard).await {
                Ok(_) => return Ok(()),
                Err(error) => {
                    crate::telemetry::report(&error, "an event from Discord could not be kept; trying again");
                    self.pause(&mut tries, DATABASE).await?;
                }
            }
        }
    }

    async fn place_of(&self, message: &Value) -> Result<Option<Place>, Stopped> {
        match json::id(message, "channel_id") {
            Some(channel) => self.place(channel, json::id(message, "guild_id")).await,
            None => Ok(None),
        }
    }

    /// The place of a channel, within reason; none when its id is none.
    async fn place(&self, id: &str, guild: Option<&str>) -> Result<Option<Place>, Stopped> {
        let mut tries = Tries::new();
        loop {
            match self.discord.channel(id).await {
                Ok(known) => return Ok(place(id, &known, guild)),
                // Whether it is a thread cannot be seen any more.
                Err(Trouble::Refused { .. }) => return Ok(place(id, &Channel::default(), guild)),
                Err(trouble) => {
                    let lasts = self.wait_out(trouble, &mut tries).await?;
                    if lasts.is_some() || tries.count >= LOOKS {
                        tracing::warn!(
                            channel = id,
                            "what the channel is cannot be found out; taking it for no thread"
                        );
                        return Ok(place(id, &Channel::default(), guild));
                    }
                }
            }
        }
    }

    /// Waits before a call is made again, which counts as a try; gives the trouble back when it lasts too long to wait for.
    pub(super) async fn wait_out(
        &self,
        trouble: Trouble,
        tries: &mut Tries,
    ) -> Result<Option<Trouble>, Stopped> {
        match trouble {
            Trouble::Busy(closed) => {
                let wait = (closed.until - self.engine.clock.now()).to_std();
                let wait = wait.unwrap_or_default();
                if wait > PATIENCE {
                    return Ok(Some(trouble));
                }
                tries.count += 1;
                self.rest(wait, tries, "Discord asks to slow down").await?;
            }
            other => {
                tracing::warn!(trouble = %other, "Discord could not be asked; trying again");
                self.pause(tries, "Discord does not answer").await?;
            }
        }
        Ok(None)
    }

    /// Waits ever longer, and says why when it takes long.
    pub(super) async fn pause(&self, tries: &mut Tries, why: &str) -> Result<(), Stopped> {
        let wait = tries.wait;
        tries.count += 1;
        tries.wait = (wait * 2).min(LONGEST);
        self.rest(wait, tries, why).await
    }

    async fn rest(&self, wait: Duration, tries: &mut Tries, why: &str) -> Result<(), Stopped> {
        let clock = &self.engine.clock;
        let until = later(clock.now(), wait);
        let unsaid = later(clock.now(), UNSAID.saturating_sub(tries.waited));
        tries.waited += wait;
        let _wait = self.ear.bustle.wait();
        if unsaid < until {
            tokio::select! {
                () = self.stop.cancelled() => return Err(Stopped),
                () = clock.sleep_until(unsaid) => self.ear.standing.behind(&self.engine.health, Some(why)),
            }
        }
        tokio::select! {
            () = self.stop.cancelled() => Err(Stopped),
            () = clock.sleep_until(until) => Ok(()),
        }
    }
}

/// A person speaks to us.
fn is_call(posted: &Posted) -> bool {
    posted.addressed == Addressed::Us && posted.author.kind == AuthorKind::Human
}

/// Speaks to us, or carries a delivery of ours; everything else is chatter but where we take part.
fn is_for_us(posted: &Posted) -> bool {
    posted.addressed == Addressed::Us || posted.mark.is_some()
}
