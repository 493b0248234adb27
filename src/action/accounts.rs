//! Whose accounts are one person's, and who owns this Callsheet.
//!
//! 1. That an account is somebody's is proved by a word that was shown to the one account, where nobody else reads, and said by the
//!    other; never by a claim.
//! 2. A word works once, and not for long.
//! 3. What an account was given stays its own: linked accounts have the rights of all of them, and each takes its own along when
//!    they are taken apart. Whoever was talked into linking loses nothing by it.

use std::time::Duration;

use rand::Rng;

use super::people::account_words;
use super::{Actions, Trouble};
use crate::domain::{AccountKey, Asker, PersonError, Place, Platform};
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::outbox::Post;
use crate::guard::{self, Action, Permit};
use crate::markup::quote_untrusted;
use crate::store::audit::{self, Entry, Who};
use crate::store::codes::{self, Code, Purpose};
use crate::store::deliveries;
use crate::store::people::{self, Known};
use crate::store::{StoreError, Tx, roles};

/// How long a word that links accounts works: long enough for a comment on an issue that only the next look, ten minutes later, finds.
const LINK: Duration = Duration::from_secs(30 * 60);
/// How long a word that claims this Callsheet works.
const CLAIM: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Letters and digits that nobody takes for one another (<https://www.crockford.com/base32.html>).
const LETTERS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many of them a word has: 60 bits, more than anybody guesses in time.
const LENGTH: usize = 12;

/// A new word, in three parts that can be read out.
fn new_code() -> String {
    let mut dice = rand::rng();
    let mut code = String::new();
    for at in 0..LENGTH {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[dice.random_range(0..LETTERS.len())]));
    }
    code
}

/// A word as it was typed, in the form it is kept in.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    let letters = letters.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    letters.collect()
}

/// Settles who owns this Callsheet at a start: those whom the configuration names, beside those who claimed it. Where nobody does, the
/// word that makes an owner of whoever says it: the words of earlier starts are worth nothing any more, and none is made where nobody
/// could say it (`heard` is false).
///
/// # Errors
/// When the database fails.
pub async fn settle_owners(
    engine: &Engine,
    named: &[AccountKey],
    heard: bool,
) -> Result<Option<String>, StoreError> {
    let now = engine.clock.now();
    let mut tx = engine.db.begin().await?;
    let mut persons = Vec::new();
    for account in named {
        let name = people::account_name(&mut tx, account).await?;
        // Until they speak, an account is known by its id alone.
        let name = name.unwrap_or_else(|| account.user_id.clone());
        persons.push(people::origin_of(&mut tx, account, &name, now).await?);
    }
    let (new, gone) = roles::settle(&mut tx, &persons, now).await?;
    if !new.is_empty() || gone > 0 {
        let detail = format!("{} new by the configuration, {gone} no more", new.len());
        let entry = Entry {
            who: Who::Service,
            place: None,
            action: "callsheet.owners",
            subject: "callsheet",
            on_behalf: None,
            result: audit::Outcome::Done,
            run: None,
            detail,
        };
        audit::note(&mut tx, &entry, now).await?;
    }
    codes::forget_all(&mut tx, Purpose::Claim).await?;
    let code = if !heard || roles::has_owner(&mut tx).await? {
        None
    } else {
        let code = new_code();
        let of = Code {
            person_id: None,
            account_name: String::new(),
            platform: Platform::Shell,
            place: None,
        };
        codes::add(
            &mut tx,
            &plain(&code),
            Purpose::Claim,
            &of,
            later(now, CLAIM),
            now,
        )
        .await?;
        Some(code)
    };
    tx.commit("owners").await?;
    Ok(code)
}

/// Whether only one person reads what is said at a place.
fn is_private(place: &Place) -> bool {
    match place {
        Place::Shell { .. } => true,
        // <https://docs.slack.dev/reference/objects/conversation-object>: an id of a direct message begins with D.
        Place::Slack { channel, .. } => channel.starts_with('D'),
        Place::Discord { guild, .. } => guild.is_none(),
        Place::GitHub(_) | Place::Repository(_) => false,
    }
}

impl Actions {
    /// Shows a word that proves another account to be this person's.
    ///
    /// # Errors
    /// Where others could read it.
    pub async fn show_link_code(&self, tx: &mut Tx, permit: &Permit) -> Result<String, Trouble> {
        permit.covers(Action::LinkAccount)?;
        let asker = permit.asker();
        if !is_private(&asker.place) {
            return Err(PersonError::new(
                "I did not show you a code",
                "others can read what I say here, and whoever says the code gets your rights",
                "Ask me in a direct message",
            )
            .into());
        }
        let (code, now) = (new_code(), self.engine.clock.now());
        let of = Code {
            // Whose it is by itself: a code that is shown while accounts are linked brings nobody back.
            person_id: Some(people::origin_of(tx, &asker.account, &asker.name, now).await?),
            account_name: asker.name.clone(),
            platform: asker.account.platform,
            place: Some(asker.place.clone()),
        };
        codes::add(tx, &plain(&code), Purpose::Link, &of, later(now, LINK), now).await?;
        Ok(format!(
            "Say `link {code}` to me within 30 minutes with your other account: in Slack or on Discord in a direct message or as a \
             command, on GitHub as a comment with my name in front. It works once. Tell it nobody: whoever says it gets your rights."
        ))
    }

    /// Makes the account that says a word one of the person's that it was shown to.
    ///
    /// # Errors
    /// When the word is not known, or its time is over.
    pub async fn use_link_code(&self, tx: &mut Tx, permit: &Permit, code: &str) -> Result<String, Trouble> {
        permit.covers(Action::LinkAccount)?;
        let (asker, now) = (permit.asker(), self.engine.clock.now());
        let shown = codes::take(tx, &plain(code), Purpose::Link, now).await?;
        let Some((shown, person)) = shown.and_then(|shown| shown.person_id.map(|person| (shown, person)))
        else {
            return Err(unknown_code("I linked nothing").into());
        };
        let person = people::now(tx, person).await?;
        let before = guard::person(tx, asker).await?;
        let with = format!("{} on {}", quote_untrusted(&shown.account_name), shown.platform);
        if before == person {
            return Err(PersonError::new(
                "I linked nothing",
                format!("this account is linked with {with} already"),
                "Say the code with another account",
            )
            .into());
        }
        for account in people::accounts_of(tx, before).await? {
            people::link(tx, &account.key(), person, now).await?;
        }
        self.tell_of_link(tx, &shown, asker).await?;
        Ok(format!(
            "This account and {with} are one person now, with the rights of both. If that is not you, say `unlink` at once: your \
             rights go with you."
        ))
    }

    /// Tells whoever was shown a word who said it.
    async fn tell_of_link(&self, tx: &mut Tx, shown: &Code, said_by: &Asker) -> Result<(), Trouble> {
        let Some(place) = shown.place.as_ref().filter(|place| self.outbox.reaches(place)) else {
            return Ok(());
        };
        let (name, account) = (quote_untrusted(&said_by.name), &said_by.account);
        let post = Post {
            place,
            markdown: &format!(
                "{name} on {} (`{account}`) said your code, and is one person with you now, with the rights of both. If that is not you, \
                 say `unlink {account}` at once.",
                account.platform
            ),
            purpose: deliveries::Purpose::Tool,
            run: None,
            step: None,
            conversation: None,
            reply: None,
            buttons: &[],
            last: true,
        };
        self.outbox.post(tx, &post).await?;
        Ok(())
    }

    /// Takes accounts apart: the named one from the others, or the one that speaks together with those that came with it. Each
    /// has what it was given itself.
    ///
    /// # Errors
    /// When it is not linked, or not this person's.
    pub async fn unlink(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        account: Option<&AccountKey>,
    ) -> Result<String, Trouble> {
        permit.covers(Action::LinkAccount)?;
        let asker = permit.asker();
        let person = guard::person(tx, asker).await?;
        let mine = people::accounts_of(tx, person).await?;
        let key = account.unwrap_or(&asker.account);
        let Some(found) = mine.iter().find(|mine| mine.key() == *key) else {
            return Err(PersonError::new(
                "I unlinked nothing",
                format!("`{key}` is no account of yours"),
                "`whoami` lists yours",
            )
            .into());
        };
        if mine.len() < 2 {
            return Err(PersonError::new(
                "I unlinked nothing",
                "it is linked with no other account",
                "Nothing needs to be done",
            )
            .into());
        }
        let (leaving, staying) = parted(&mine, found, account.is_none());
        let now = self.engine.clock.now();
        // Whoever is themselves that person stays it.
        let (moves, stays) = if leaving.iter().any(|one| one.origin() == person) {
            (&staying, &leaving)
        } else {
            (&leaving, &staying)
        };
        let target = match moves.iter().map(Known::origin).find(|origin| *origin != person) {
            Some(origin) => origin,
            None => people::add(tx, &found.name, now).await?,
        };
        people::part(tx, moves, target, now).await?;
        people::part(tx, stays, person, now).await?;
        Ok(format!(
            "{} is a person of its own now, apart from {}. Each has the rights that it was given itself.",
            listed(&leaving),
            listed(&staying)
        ))
    }

    /// Makes whoever says the word from the log an owner of this Callsheet.
    ///
    /// # Errors
    /// When the word is not known, or its time is over.
    pub async fn claim(&self, tx: &mut Tx, permit: &Permit, code: &str) -> Result<String, Trouble> {
        permit.covers(Action::LinkAccount)?;
        let now = self.engine.clock.now();
        if codes::take(tx, &plain(code), Purpose::Claim, now)
            .await?
            .is_none()
        {
            let owned = roles::has_owner(tx).await?;
            return Err(no_claim(owned).into());
        }
        codes::forget_all(tx, Purpose::Claim).await?;
        let asker = permit.asker();
        let own = people::origin_of(tx, &asker.account, &asker.name, now).await?;
        roles::own(tx, own, "said the code from the log", now).await?;
        Ok(
            "You own this Callsheet now, and so every project in it. `role grant` gives others a part."
                .to_owned(),
        )
    }
}

/// Some accounts in words.
fn listed(accounts: &[Known]) -> String {
    let words: Vec<String> = accounts.iter().map(account_words).collect();
    words.join(", ")
}

/// Which accounts leave and which stay, when `account` is taken from the others of its person: `together` with those that were linked
/// with it, or alone.
fn parted(all: &[Known], account: &Known, together: bool) -> (Vec<Known>, Vec<Known>) {
    let alone = |one: &Known| one.key() == account.key();
    let came_along =
        |one: &Known| alone(one) || (one.linked_at == account.linked_at && one.linked_at.is_some());
    let leaves = |one: &Known| if together { came_along(one) } else { alone(one) };
    if all.iter().all(leaves) {
        return all.iter().cloned().partition(alone);
    }
    all.iter().cloned().partition(leaves)
}

fn unknown_code(what: &str) -> PersonError {
    PersonError::new(
        what,
        "this code is not known, was used already, or its time is over",
        "Ask for a new one",
    )
}

fn no_claim(owned: bool) -> PersonError {
    let what = "You own nothing by this";
    if owned {
        return PersonError::new(
            what,
            "somebody owns this Callsheet already",
            "Ask them to give you a part with `role grant`, or whoever runs me to name you in `people.owners`",
        );
    }
    PersonError::new(
        what,
        "this code is not known, was used already, or its time is over",
        "Say the one that Callsheet printed when it was started last: each start prints a new one, until somebody owns it",
    )
}
