//! Requests: a turn with its run, made in the transaction that ends the event's work.

use chrono::{DateTime, Utc};

use super::limits::{BotTurn, PAUSE, pause_words};
use super::{Desk, kind, meaning, turns};
use crate::action::Trouble;
use crate::command::{Call, Command};
use crate::domain::{
    Addressed, Asker, Author, AuthorKind, ConversationId, Event, EventId, IssueRef, Mention, Place, Platform,
    Posted, Reply, RunId, TurnId, has_words, issue_refs, shorten,
};
use crate::engine::clock::later;
use crate::engine::outbox::Post;
use crate::engine::workers::Failure;
use crate::guard::{Action, Subject};
use crate::markup::quote_untrusted;
use crate::markup::untrusted::{quotes, shown_line};
use crate::store::conversations::{self, NewMessage};
use crate::store::deliveries::Purpose;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::runs::{self, NewTurn, Target, Work};
use crate::store::{StoreError, Tx, inbox, pauses, people, projects, trust};

/// How much of a question is repeated where it was not asked.
const QUOTED: usize = 300;

/// A slash command, or what a pressed button says.
pub(super) struct Given {
    pub(super) place: Place,
    pub(super) author: Author,
    pub(super) text: String,
    /// Whom it mentions.
    pub(super) mentions: Vec<Mention>,
    /// As plain words rather than as a command.
    pub(super) in_words: bool,
    pub(super) reply: Option<Reply>,
    pub(super) at: DateTime<Utc>,
}

impl Desk {
    /// Something was asked of us in a message.
    pub(super) async fn request(
        &self,
        item: &Claimed,
        id: EventId,
        posted: &Posted,
        work: Work,
        received: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let asker = self.asker(&posted.author, &posted.place).await?;
        let is_bot = posted.author.kind == AuthorKind::Bot;
        let turn = if is_bot {
            self.bot_turn(&asker).await?
        } else {
            BotTurn::Taken
        };
        let mut targets = vec![target_of(posted)];
        let work = match turn {
            BotTurn::Heard => return self.heard(item, id, posted).await,
            BotTurn::Pauses => Work::Say {
                text: pause_words(&asker.name),
            },
            BotTurn::Taken => match self.too_often(&asker, &work, posted.at, received).await? {
                // A bot would answer the sentence.
                Some(_) if is_bot => return self.heard(item, id, posted).await,
                Some(text) => Work::Say { text },
                None => {
                    targets.extend(self.concerned(&asker, &work, &posted.text).await?);
                    work
                }
            },
        };
        let trusted = !is_bot && self.trusts(&asker).await?;
        let mut tx = self.engine.db.begin().await?;
        let now = self.engine.clock.now();
        let conversation = open_at(&mut tx, &posted.place, now).await?;
        if turn == BotTurn::Pauses {
            pauses::begin(&mut tx, conversation, asker.person, later(now, PAUSE)).await?;
        }
        let new = NewTurn {
            conversation,
            asker: &asker,
            text: &posted.text,
            asked_at: posted.at,
            work,
            targets,
            trusted,
        };
        let who = Some(&asker).filter(|_| !is_bot);
        self.take(&mut tx, posted, &new, who).await?;
        inbox::set_meaning(&mut tx, id, "request").await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("request").await?)
    }

    /// Whether somebody's words are trusted where they speak.
    pub(super) async fn trusts(&self, asker: &Asker) -> Result<bool, Failure> {
        match self.actions.trusts(asker).await {
            Ok(trusted) => Ok(trusted),
            Err(Trouble::Store(error)) => Err(error.into()),
            Err(other) => Err(Failure::Other(other.to_string())),
        }
    }

    /// Makes a message part of a turn: of one that waits beside it, or of a new one. `who` is the person who wrote it.
    async fn take(
        &self,
        tx: &mut Tx,
        posted: &Posted,
        new: &NewTurn<'_>,
        who: Option<&Asker>,
    ) -> Result<(), StoreError> {
        let neighbour = turns::neighbour(tx, new).await?;
        let turn = match &neighbour {
            Some(run) => run.turn,
            None => {
                self.part(tx, new).await?;
                let turn = self.open_run(tx, new).await?;
                if who.is_none() {
                    // It relays what nobody with rights may have said.
                    let by = format!("the request of another bot, {}", shown_line(&new.asker.name));
                    trust::taint_turn(tx, turn, &by).await?;
                }
                turn
            }
        };
        keep(tx, posted, new.conversation, Some(turn), (who, new.trusted)).await?;
        if let Some(run) = neighbour {
            turns::join(tx, &run, new).await?;
        }
        Ok(())
    }

    /// A slash command was given, or a button pressed: there is no message of the person's that says so, so the answer
    /// begins with the command itself.
    pub(super) async fn command_given(
        &self,
        item: &Claimed,
        id: EventId,
        given: &Given,
        received: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let asker = self.asker(&given.author, &given.place).await?;
        let line = if has_words(&given.text) {
            given.text.clone()
        } else {
            "help".to_owned()
        };
        let said = match self.said_again(&asker, &line).await? {
            Some(text) => shorten(text.trim(), QUOTED),
            None => self.said(given),
        };
        let mut targets = vec![target_of_command(given, &said)];
        let call = if given.in_words { Call::Name } else { Call::Slash };
        let work = meaning::work(&line, &given.mentions, call);
        let work = match self.too_often(&asker, &work, given.at, received).await? {
            Some(text) => Work::Say { text },
            None => {
                targets.extend(self.concerned(&asker, &work, &line).await?);
                work
            }
        };
        let trusted = self.trusts(&asker).await?;
        let mut tx = self.engine.db.begin().await?;
        let now = self.engine.clock.now();
        let conversation = conversation_of_command(&mut tx, given, now).await?;
        let new = NewTurn {
            conversation,
            asker: &asker,
            text: &line,
            asked_at: given.at,
            work,
            targets,
            trusted,
        };
        self.open_run(&mut tx, &new).await?;
        inbox::set_meaning(&mut tx, id, "command").await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("request").await?)
    }

    /// What a command said, as people typed it.
    pub(super) fn said(&self, given: &Given) -> String {
        format!("{} {}", self.command, shorten(given.text.trim(), QUOTED))
    }

    /// The words that a person said when they say them again by a button.
    async fn said_again(&self, asker: &Asker, line: &str) -> Result<Option<String>, StoreError> {
        let Some(Command::Again { request: Some(id) }) = Command::parse(line) else {
            return Ok(None);
        };
        let mut tx = self.engine.db.read().await?;
        let run = runs::get(&mut tx, RunId(id)).await?;
        // Others' words are not for whoever has the number.
        let theirs = run.filter(|run| run.asker.person == asker.person);
        Ok(Some(theirs.map_or_else(
            || format!("{} again", self.command),
            |run| run.text,
        )))
    }

    pub(super) async fn open_run(&self, tx: &mut Tx, new: &NewTurn<'_>) -> Result<TurnId, StoreError> {
        let now = self.engine.clock.now();
        let (turn, run) = runs::open(tx, new, now).await?;
        queue::enqueue(
            tx,
            Kind::Run,
            &format!("run:{}", new.conversation),
            run.0,
            now,
            now,
        )
        .await?;
        self.actions.note_rights(tx, run, new.asker).await?;
        self.answers.expect(tx, run).await?;
        Ok(turn)
    }

    pub(super) async fn asker(&self, author: &Author, place: &Place) -> Result<Asker, StoreError> {
        let mut tx = self.engine.db.begin().await?;
        let person =
            people::person_of(&mut tx, &author.account, &author.name, self.engine.clock.now()).await?;
        tx.commit("person").await?;
        Ok(Asker {
            person,
            account: author.account.clone(),
            name: author.name.clone(),
            place: place.clone(),
        })
    }

    /// The issue a request concerns without being asked there: its text names exactly one, and the person may comment on
    /// it. Progress and answer go there too, as one comment; a command's do not, since what it does to an issue is seen there.
    async fn concerned(&self, asker: &Asker, work: &Work, text: &str) -> Result<Option<Target>, Failure> {
        if matches!(work, Work::Command { .. }) {
            return Ok(None);
        }
        if self.actions.github.is_none() || asker.place.platform() == Platform::GitHub {
            return Ok(None);
        }
        // How an answer came about is told to whoever asks, not to everybody who reads the issue.
        if matches!(Command::parse(text), Some(Command::Why { .. })) {
            return Ok(None);
        }
        let mut tx = self.engine.db.read().await?;
        let here = projects::at(&mut tx, &asker.place).await?;
        drop(tx);
        let repository = match here.as_slice() {
            [one] => one.repository.as_ref(),
            _ => None,
        };
        let refs = issue_refs(text, repository);
        let [issue] = refs.as_slice() else { return Ok(None) };
        let subject = Subject::Repository(issue.repository.clone());
        match self.actions.may(asker, Action::CommentOnIssue, subject).await {
            Ok(_) => Ok(Some(self.mirrored(asker, issue, text).await)),
            Err(Trouble::Person(_) | Trouble::Unavailable(_)) => Ok(None),
            Err(Trouble::Store(error)) => Err(error.into()),
            Err(other) => Err(Failure::Other(other.to_string())),
        }
    }

    async fn mirrored(&self, asker: &Asker, issue: &IssueRef, text: &str) -> Target {
        let asked_at = match asker.place.platform() {
            Platform::Shell => "the shell".to_owned(),
            platform => format!("{platform} ({})", self.actions.label(&asker.place.root()).await),
        };
        let heading = format!(
            "> **{}** asked in {}: {}\n\n",
            quote_untrusted(&asker.name),
            quote_untrusted(&asked_at),
            one_line(&quote_untrusted(&shorten(text, QUOTED)))
        );
        Target {
            place: Place::GitHub(issue.clone()),
            heading,
            reply: None,
            one_message: true,
        }
    }

    /// Said at a place we serve: kept, not answered.
    pub(super) async fn heard(&self, item: &Claimed, id: EventId, posted: &Posted) -> Result<(), Failure> {
        let asker = match posted.author.kind {
            AuthorKind::Human => Some(self.asker(&posted.author, &posted.place).await?),
            _ => None,
        };
        let trusted = match &asker {
            Some(asker) => self.trusts(asker).await?,
            None => false,
        };
        let mut tx = self.engine.db.begin().await?;
        // Kept with the talk it belongs to; a post among others in a channel has none and shares the channel's.
        let conversation = match conversations::at(&mut tx, &posted.place).await? {
            Some(conversation) => conversation,
            None => open_at(&mut tx, &posted.place.root(), self.engine.clock.now()).await?,
        };
        keep(&mut tx, posted, conversation, None, (asker.as_ref(), trusted)).await?;
        inbox::set_meaning(&mut tx, id, "heard").await?;
        queue::finish(&mut tx, item).await?;
        Ok(tx.commit("heard").await?)
    }

    /// An event whose work failed to the end: whoever asked is told.
    pub(super) async fn apologise(&self, tx: &mut Tx, id: EventId, why: &str) -> Result<(), StoreError> {
        inbox::set_meaning(tx, id, "failed").await?;
        let Some((event, _)) = inbox::get(tx, id).await? else {
            return Ok(());
        };
        let (place, reply) = match &event {
            Event::MessagePosted(posted) if posted.author.kind == AuthorKind::Human => {
                let ours = conversations::at(tx, &posted.place).await?.is_some() && !posted.place.is_crowd();
                match posted.addressed {
                    Addressed::Us => (&posted.place, posted.reply.clone()),
                    Addressed::Nobody if ours => (&posted.place, posted.reply.clone()),
                    _ => return Ok(()),
                }
            }
            Event::CommandGiven { place, reply, .. } => (place, reply.clone()),
            Event::ReactionAdded { place, .. } => (place, None),
            _ => return Ok(()),
        };
        let post = Post {
            place,
            markdown: &format!(
                "I could not take this request: {why}. Ask again, or tell whoever runs Callsheet."
            ),
            purpose: Purpose::Answer,
            run: None,
            step: None,
            conversation: None,
            reply,
            buttons: &[],
            last: true,
        };
        self.outbox.post(tx, &post).await?;
        Ok(())
    }
}

/// Where a message is answered.
pub(super) fn target_of(posted: &Posted) -> Target {
    Target {
        place: posted.place.clone(),
        heading: String::new(),
        reply: posted.reply.clone(),
        // A shell prints once; an issue has one comment.
        one_message: posted.place.platform() == Platform::Shell || posted.place.repository().is_some(),
    }
}

/// In a thread a command is part of the talk there; elsewhere its answer begins one.
pub(super) async fn conversation_of_command(
    tx: &mut Tx,
    given: &Given,
    now: DateTime<Utc>,
) -> Result<ConversationId, StoreError> {
    if given.place == given.place.root() {
        conversations::open(tx, now).await
    } else {
        open_at(tx, &given.place, now).await
    }
}

/// Where a command is answered: what it said stands above the answer.
pub(super) fn target_of_command(given: &Given, said: &str) -> Target {
    Target {
        place: given.place.clone(),
        heading: format!(
            "> **{}**: {}\n\n",
            quote_untrusted(&given.author.name),
            one_line(&quote_untrusted(said))
        ),
        reply: given.reply.clone(),
        one_message: false,
    }
}

/// The conversation at a place, opened when there is none.
pub(super) async fn open_at(
    tx: &mut Tx,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<ConversationId, StoreError> {
    if let Some(known) = conversations::at(tx, place).await? {
        return Ok(known);
    }
    let opened = conversations::open(tx, now).await?;
    let conversation = conversations::join(tx, opened, place).await?;
    conversations::adopt(tx, conversation, place).await?;
    Ok(conversation)
}

/// Keeps a message with who wrote it, and whether they are trusted. What they quote is somebody's whom nobody can name.
pub(super) async fn keep(
    tx: &mut Tx,
    posted: &Posted,
    conversation: ConversationId,
    turn: Option<TurnId>,
    (asker, trusted): (Option<&Asker>, bool),
) -> Result<(), StoreError> {
    let message = NewMessage {
        conversation,
        place: &posted.place,
        external_id: &posted.external_id,
        part: 0,
        turn,
        person: asker.map(|asker| asker.person),
        author_kind: kind(&posted.author),
        author_name: &posted.author.name,
        text: &posted.text,
        sent_at: posted.at,
        trusted: trusted && !quotes(&posted.text),
        strayed: false,
        home: None,
    };
    conversations::add_message(tx, &message).await
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
