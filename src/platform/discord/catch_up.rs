//! Reading what was said while nobody listened: each place from its watermark on, oldest first, through the same intake.
//!
//! 1. Reading begins ten minutes before the watermark and never before the place's first message: what overlaps is known by
//!    its keys, and a place seen for the first time replays nothing.
//! 2. What is not read (too much, too long, not allowed) is said in the log and in the health report.
//! 3. A place that does not answer is left for the next sweep, which begins where this one ended.

use std::collections::HashMap;

use chrono::TimeDelta;
use futures::future::{BoxFuture, join_all};
use serde_json::Value;

use super::client::Trouble;
use super::find::{PAGE, page};
use super::json;
use super::outcome::{GONE, unreadable};
use super::sender::channel as channel_of;
use super::writer::{DATABASE, Stopped, Tries, Writer};
use crate::domain::{Place, Platform};
use crate::engine::intake;
use crate::store::watermarks::{self, Watermark};
use crate::store::{StoreError, projects};

/// How far before its watermark a place is read: two sessions may overlap, and clocks differ.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// The most messages that are read of one place, beside those that overlap.
const MOST: usize = 1_000;
/// The most places that are read, those first where something was said last.
const PLACES: i64 = 1_000;
/// Places read at the same time.
const AT_ONCE: usize = 4;
/// Tries of one place that Discord does not answer for, about half a minute: everything else waits meanwhile.
const TRIES: u32 = 5;

/// What people call the places of projects.
pub(super) type Labels = HashMap<Place, String>;

impl Writer {
    /// Reads every place we take part in or are bound to.
    pub(super) async fn catch_up(&self) -> Result<(), Stopped> {
        let labels = self.take_stock().await?;
        let marks = self.marks().await?;
        if marks.len() >= usize::try_from(PLACES).unwrap_or(usize::MAX) {
            tracing::warn!(
                places = PLACES,
                "only the places where something was said last are read"
            );
        }
        for some in marks.chunks(AT_ONCE) {
            let mut reads: Vec<BoxFuture<'_, Result<(), Stopped>>> = Vec::new();
            for mark in some {
                reads.push(Box::pin(self.read(mark, &labels)));
            }
            join_all(reads)
                .await
                .into_iter()
                .collect::<Result<(), Stopped>>()?;
        }
        Ok(())
    }

    /// The places to read. One that is new to us begins now.
    async fn marks(&self) -> Result<Vec<Watermark>, Stopped> {
        let mut tries = Tries::new();
        loop {
            match self.read_marks().await {
                Ok(marks) => return Ok(marks),
                Err(error) => {
                    crate::telemetry::report(
                        &error,
                        "which places to read could not be looked up; trying again",
                    );
                    self.pause(&mut tries, DATABASE).await?;
                }
            }
        }
    }

    async fn read_marks(&self) -> Result<Vec<Watermark>, StoreError> {
        let mut tx = self.engine.db.read().await?;
        let marks = watermarks::of(&mut tx, Platform::Discord, PLACES).await?;
        let missing = watermarks::missing(&mut tx, Platform::Discord).await?;
        drop(tx);
        if !missing.is_empty() {
            let now = self.engine.clock.now();
            let mut tx = self.engine.db.begin().await?;
            self.held.check(&mut tx).await?;
            for place in missing {
                watermarks::advance(&mut tx, &place, json::first_id(now), now).await?;
            }
            tx.commit("watermarks").await?;
        }
        Ok(marks)
    }

    /// Reads one place.
    async fn read(&self, mark: &Watermark, labels: &Labels) -> Result<(), Stopped> {
        let Some(channel) = channel_of(&mark.place) else {
            return Ok(());
        };
        let label = labels.get(&mark.place);
        let health = &self.engine.health;
        let standing = &self.ear.standing;
        let mut after = since(mark).max(json::first_id(self.engine.clock.now() - intake::REACH));
        let mut count = 0;
        self.unread.set(&mark.place, false);
        loop {
            let messages = match self.page(channel, after).await? {
                Ok(messages) => messages,
                Err(trouble) => {
                    tracing::warn!(place = %mark.place, %trouble, "what was said meanwhile cannot be read");
                    self.unread.set(&mark.place, true);
                    if let Some(label) = label {
                        let why = unreadable(&trouble).unwrap_or_else(|| trouble.to_string());
                        standing.readable(health, &mark.place, label, Some(why));
                    }
                    return Ok(());
                }
            };
            for message in &messages {
                self.message(message, mark.place.clone()).await?;
            }
            // What overlaps was read before and does not count.
            let new = messages.iter().filter(|message| is_new(message, mark));
            count += new.count();
            let newest = messages
                .last()
                .and_then(|message| json::number(json::id(message, "id")?));
            let capped = messages.len() >= PAGE && count >= MOST;
            let name = label.cloned().unwrap_or_else(|| mark.place.to_string());
            standing.capped(health, &name, capped);
            if let Some(label) = label {
                standing.readable(health, &mark.place, label, None);
            }
            match newest.filter(|_| messages.len() >= PAGE) {
                Some(_) if capped => {
                    tracing::warn!(place = %mark.place, read = count, "more was said meanwhile than is read");
                    return Ok(());
                }
                Some(newest) => after = newest,
                None => return Ok(()),
            }
        }
    }

    /// One page, as long as it takes within reason.
    async fn page(&self, channel: &str, after: i64) -> Result<Result<Vec<Value>, Trouble>, Stopped> {
        let mut tries = Tries::new();
        loop {
            match page(&self.discord, channel, after).await {
                Err(
                    trouble @ (Trouble::Busy(_)
                    | Trouble::Unreachable(_)
                    | Trouble::Lost(_)
                    | Trouble::Status(_)),
                ) if tries.count < TRIES => {
                    if let Some(lasting) = self.wait_out(trouble, &mut tries).await? {
                        return Ok(Err(lasting));
                    }
                }
                done => return Ok(done),
            }
        }
    }

    /// Looks up the places of projects, and says which of them we have lost.
    pub(super) async fn take_stock(&self) -> Result<Labels, Stopped> {
        let mut tries = Tries::new();
        loop {
            match self.bound().await {
                Ok(bound) => {
                    self.ear.standing.needs(&self.engine.health, &bound);
                    return Ok(bound.into_iter().collect());
                }
                Err(error) => {
                    crate::telemetry::report(
                        &error,
                        "the places of projects could not be looked up; trying again",
                    );
                    self.pause(&mut tries, DATABASE).await?;
                }
            }
        }
    }

    async fn bound(&self) -> Result<Vec<(Place, String)>, StoreError> {
        let mut tx = self.engine.db.read().await?;
        let bound = projects::bound_on(&mut tx, Platform::Discord).await?;
        Ok(bound
            .into_iter()
            .map(|bound| (bound.place, bound.label))
            .collect())
    }

    /// A channel or thread was deleted.
    pub(super) async fn channel_gone(&self, id: &str) -> Result<(), Stopped> {
        self.discord.channels().forget(id);
        for (place, label) in self.take_stock().await? {
            if channel_of(&place) == Some(id) {
                let why = GONE.to_owned();
                self.ear
                    .standing
                    .readable(&self.engine.health, &place, &label, Some(why));
            }
        }
        Ok(())
    }
}

/// The id after which a place is read.
pub(super) fn since(mark: &Watermark) -> i64 {
    let overlap = json::made(&mark.last_id.to_string()).map_or(0, |at| json::first_id(at - OVERLAP));
    overlap.max(mark.first_id - 1)
}

/// Whether a message follows the mark.
fn is_new(message: &Value, mark: &Watermark) -> bool {
    json::id(message, "id")
        .and_then(json::number)
        .is_some_and(|id| id > mark.last_id)
}
