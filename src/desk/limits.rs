//! Requests that come too often, and other bots that answer our answers.
//!
//! 1. Whether a request is too many is decided before its turn is made: the turn says it. Decided again
//!    after a crash it may come out otherwise, and the request still gets the one answer of the one turn that is committed.
//! 2. A bot that is allowed to ask is answered so often within a minute and conversation, then told once that we pause, and
//!    heard until the pause is over. That is read from the database, so that it holds over restarts and for every replica.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;
use crate::command::Command;
use crate::domain::{Asker, Author, AuthorKind, Platform, gate_answer};
use crate::markup::quote_untrusted;
use crate::store::runs::Work;
use crate::store::{StoreError, conversations, pauses, usage};

/// How many turns of another bot are taken within [`PAUSE`] in one conversation.
const BOT_TURNS: i64 = 20;
/// What these are counted in, and how long it is left alone then.
pub(super) const PAUSE: Duration = Duration::from_secs(60);

/// What reached us that long after it was asked is counted with what was asked then: we were away, or had to go and look.
const LATE: TimeDelta = TimeDelta::minutes(1);

/// What becomes of another bot's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BotTurn {
    /// It is answered.
    Taken,
    /// It is answered with the pause that begins.
    Pauses,
    /// It is heard.
    Heard,
}

/// Decides, by how many turns it had within the last [`PAUSE`] and by the pause that it was told last.
pub(super) fn bot_turn(turns: i64, paused_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> BotTurn {
    if paused_until.is_some_and(|until| until > now) {
        BotTurn::Heard
    } else if turns >= BOT_TURNS {
        BotTurn::Pauses
    } else {
        BotTurn::Taken
    }
}

/// Whether a line answers a gate: only people do that, and nobody is kept from it.
pub(super) fn is_gate_answer(line: &str) -> bool {
    gate_answer(line).is_some()
}

/// Whether requests like this are counted. What helps or decides is always taken, as is who sits at the machine; a sentence is
/// counted, whatever it begins with.
pub(super) fn is_counted(platform: Platform, work: &Work) -> bool {
    let always = match work {
        Work::Command { line } => {
            is_gate_answer(line) || matches!(Command::parse(line), Some(Command::Help { .. } | Command::Stop))
        }
        Work::Talk | Work::Say { .. } => false,
    };
    platform != Platform::Shell && !always
}

impl Desk {
    /// Whether somebody may ask at all: people, and the bots that are allowed by their id.
    pub(super) fn may_ask(&self, author: &Author) -> bool {
        match author.kind {
            AuthorKind::Human => true,
            AuthorKind::Bot => self.allowed_bots.contains(&author.account),
            AuthorKind::Ourselves => false,
        }
    }

    /// What a request is answered with when it is one too many.
    pub(super) async fn too_often(
        &self,
        asker: &Asker,
        work: &Work,
        asked_at: DateTime<Utc>,
        received: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        if !is_counted(asker.place.platform(), work) {
            return Ok(None);
        }
        let mut tx = self.engine.db.read().await?;
        let project = usage::project_at(&mut tx, &asker.place).await?;
        drop(tx);
        let past = (received - asked_at > LATE).then_some(asked_at);
        let about = (&asker.place, project.as_ref());
        let checked = self
            .limiter
            .check(self.engine.clock.now(), past, asker.person, about);
        let Err(too_often) = checked else {
            return Ok(None);
        };
        let words = too_often.words();
        let about = asker.place.to_string();
        self.actions
            .note_refusal((asker, "request.take", &about, &words), None)
            .await?;
        Ok(Some(words))
    }

    /// What becomes of another bot's turn.
    pub(super) async fn bot_turn(&self, asker: &Asker) -> Result<BotTurn, StoreError> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.read().await?;
        let Some(conversation) = conversations::at(&mut tx, &asker.place).await? else {
            return Ok(BotTurn::Taken);
        };
        let turns = pauses::turns_since(&mut tx, conversation, asker.person, now - PAUSE).await?;
        let until = pauses::until(&mut tx, conversation, asker.person).await?;
        Ok(bot_turn(turns, until, now))
    }
}

/// What another bot is told, once, for the people around it.
pub(super) fn pause_words(name: &str) -> String {
    format!(
        "I have answered {} {BOT_TURNS} times within a minute, so I pause for a minute: two bots that answer each other never \
         stop. I hear what it says meanwhile and do not answer it.",
        quote_untrusted(name)
    )
}
