//! Whose accounts are one person's, what people are in a project, and who owns this Callsheet.
//!
//! 1. That an account is somebody's is proved by a word that was shown to the one account, where nobody else reads, and said by the
//!    other; never by a claim.
//! 2. A word works once, and not for long.

use std::time::Duration;

use rand::Rng;

use super::{Actions, Trouble};
use crate::domain::{AccountKey, Asker, PersonError, PersonId, Place, Platform, ProjectId, Role};
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::guard::{self, Action, Permit, Source};
use crate::markup::quote_untrusted;
use crate::store::audit::{self, Entry, Who};
use crate::store::codes::{self, Code, Purpose};
use crate::store::people::{self, Known};
use crate::store::{StoreError, Tx, gates, projects, roles, usage};

/// How long a word that links accounts works.
const LINK: Duration = Duration::from_secs(10 * 60);
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
        persons.push(people::person_of(&mut tx, account, &name, now).await?);
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

fn account_words(account: &Known) -> String {
    format!(
        "{} on {} (`{}`)",
        quote_untrusted(&account.name),
        account.platform,
        account.key()
    )
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
            person_id: Some(guard::person(tx, asker).await?),
            account_name: asker.name.clone(),
            platform: asker.account.platform,
        };
        codes::add(tx, &plain(&code), Purpose::Link, &of, later(now, LINK), now).await?;
        Ok(format!(
            "Say `link {code}` to me within 10 minutes with your other account: on GitHub as a comment with my name in front, in \
             Slack or on Discord as a command. It works once. Tell it nobody: whoever says it gets your rights."
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
        let moved = people::accounts_of(tx, before).await?;
        for account in &moved {
            people::link(tx, &account.key(), person, now).await?;
        }
        roles::inherit(tx, before, person, now).await?;
        gates::inherit(tx, before, person).await?;
        usage::inherit(tx, before, person).await?;
        Ok(format!(
            "This account and {with} are one person now, with the rights of both. If that is not you, say `unlink` at once."
        ))
    }

    /// Makes an account a person of its own again; the roles stay with the other accounts.
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
        let account = account.unwrap_or(&asker.account);
        let person = guard::person(tx, asker).await?;
        let mine = people::accounts_of(tx, person).await?;
        let what = "I unlinked nothing";
        let Some(found) = mine.iter().find(|mine| mine.key() == *account) else {
            return Err(PersonError::new(
                what,
                format!("`{account}` is no account of yours"),
                "`whoami` lists yours",
            )
            .into());
        };
        if mine.len() < 2 {
            return Err(PersonError::new(
                what,
                "it is linked with no other account",
                "Nothing needs to be done",
            )
            .into());
        }
        let now = self.engine.clock.now();
        let alone = people::add(tx, &found.name, now).await?;
        people::unlink(tx, account, alone, now).await?;
        Ok(format!(
            "{} is a person of its own now. The roles stay with your other accounts.",
            account_words(found)
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
        let person = guard::person(tx, permit.asker()).await?;
        roles::own(tx, person, "said the code from the log", now).await?;
        Ok(
            "You own this Callsheet now, and so every project in it. `role grant` gives others a part."
                .to_owned(),
        )
    }

    /// Makes a person something in a project, or nothing any more.
    ///
    /// # Errors
    /// When nothing would change.
    pub async fn set_role(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        project: ProjectId,
        person: PersonId,
        role: Option<Role>,
    ) -> Result<String, Trouble> {
        let high = permit.project(Action::GrantHighRole).is_ok();
        // Either permit is for the project; which one it takes was decided with the change.
        if permit
            .project(Action::GrantRole)
            .or_else(|_| permit.project(Action::GrantHighRole))?
            != project
        {
            return Err(super::projects::gone());
        }
        let name = people::name_of(tx, person).await?.unwrap_or_default();
        let name = quote_untrusted(&name);
        let project_name = projects::get(tx, project)
            .await?
            .map_or_else(String::new, |project| project.name);
        let before = roles::get(tx, project, person).await?;
        if before == role {
            let is = role.map_or("nothing by a grant", Role::words);
            return Err(PersonError::new(
                "I changed no role",
                format!("{name} is {is} in {project_name} already"),
                "Nothing needs to be done",
            )
            .into());
        }
        if !high && before >= Some(Role::Maintainer) {
            return Err(PersonError::new(
                "I changed no role",
                format!(
                    "{name} has become {} of {project_name} meanwhile",
                    before.map_or("nothing", Role::words)
                ),
                "Ask again",
            )
            .into());
        }
        if before == Some(Role::Owner) && permit.asker().place.platform() != Platform::Shell {
            let mut holders = roles::of_project(tx, project).await?.into_iter();
            let others = holders.any(|holder| holder.role == Role::Owner && holder.person_id != person);
            if !others && !roles::has_owner(tx).await? {
                return Err(last_owner(&name, &project_name).into());
            }
        }
        let Some(role) = role else {
            roles::revoke(tx, project, person).await?;
            return Ok(format!(
                "{name} has no role in **{project_name}** any more. What GitHub and bound places give stays; `whoami` shows that."
            ));
        };
        let by = guard::person(tx, permit.asker()).await?;
        roles::grant(tx, project, person, role, by, self.engine.clock.now()).await?;
        Ok(format!("{name} is {} of **{project_name}** now.", role.words()))
    }

    /// The person that is meant by `me`, an account's ids, or a name on the platform where somebody speaks.
    ///
    /// # Errors
    /// When there is none, or more than one by that name.
    pub async fn person_called(&self, asker: &Asker, text: &str) -> Result<Known, Trouble> {
        let name = text.trim().trim_start_matches('@');
        let mut tx = self.engine.db.read().await?;
        if let Ok(key) = name.parse::<AccountKey>() {
            return people::known(&mut tx, &key)
                .await?
                .ok_or_else(|| nobody(text).into());
        }
        if name.eq_ignore_ascii_case("me") {
            return people::known(&mut tx, &asker.account)
                .await?
                .ok_or_else(|| nobody(text).into());
        }
        // Logins are nobody else's on their host; names in chats are anybody's, and are understood among those who are there.
        let found = match name.split_once(':') {
            Some((platform, login)) if platform.eq_ignore_ascii_case("github") => {
                let login = login.trim_start_matches('@');
                people::called(&mut tx, Platform::GitHub, login).await?
            }
            _ => {
                let mut found = people::called(&mut tx, asker.account.platform, name).await?;
                found.retain(|known| known.workspace == asker.account.workspace);
                found
            }
        };
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(nobody(text).into()),
            several => {
                let ids: Vec<String> = several.iter().map(|known| format!("`{}`", known.key())).collect();
                Err(PersonError::new(
                    format!("I do not know whom you mean by “{text}”"),
                    format!("{} go by that name", ids.join(", ")),
                    "Name one by its id",
                )
                .into())
            }
        }
    }

    /// Who somebody is to us: their accounts, and why they have a right in a project.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn who_is(&self, asker: &Asker, project: Option<ProjectId>) -> Result<String, Trouble> {
        if let Some(id) = project {
            // What GitHub says shall be fresh; whether it is a yes does not matter here.
            let fresh = self
                .may(asker, Action::ReadProject, guard::Subject::Project(id))
                .await;
            if let Err(Trouble::Store(error)) = fresh {
                return Err(error.into());
            }
        }
        let mut tx = self.engine.db.read().await?;
        let person = guard::person(&mut tx, asker).await?;
        let accounts = people::accounts_of(&mut tx, person).await?;
        let lines: Vec<String> = accounts
            .iter()
            .map(|known| format!("- {}", account_words(known)))
            .collect();
        let mut text = format!("You speak with:\n\n{}", lines.join("\n"));
        if accounts.len() < 2 {
            text.push_str("\n\nNo other account is linked; `link` shows how.");
        }
        if roles::is_owner(&mut tx, person).await? {
            text.push_str("\n\nYou own this Callsheet.");
        }
        let Some(id) = project else { return Ok(text) };
        let name = projects::get(&mut tx, id)
            .await?
            .map_or_else(String::new, |project| project.name);
        let standing = guard::standing(&mut tx, asker, id).await?;
        let Some((role, _)) = standing.first() else {
            text.push_str(&format!("\n\nIn **{name}** you are nothing by a role."));
            return Ok(text);
        };
        let reasons: Vec<String> = standing
            .iter()
            .map(|(role, source)| reason(*role, *source))
            .collect();
        text.push_str(&format!(
            "\n\nIn **{name}** you are {}: {}.",
            role.words(),
            reasons.join("; ")
        ));
        Ok(text)
    }

    /// Everybody with a role in the permit's project, and what its places give, a line of a Markdown list each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_roles(&self, permit: &Permit) -> Result<Vec<String>, Trouble> {
        let id = permit.project(Action::ReadInside)?;
        let mut tx = self.engine.db.read().await?;
        let mut lines: Vec<String> = roles::of_project(&mut tx, id)
            .await?
            .iter()
            .map(|holder| format!("- {}: {}", quote_untrusted(&holder.name), holder.role.word()))
            .collect();
        for bound in projects::places(&mut tx, id).await? {
            lines.push(format!(
                "- whoever speaks in {}: {}",
                bound.label,
                bound.role.word()
            ));
        }
        lines.push("- whoever may write to the repository on GitHub: member".to_owned());
        lines.push("- who owns this Callsheet, and the shell: owner".to_owned());
        Ok(lines)
    }
}

/// Why somebody is something.
pub(super) fn reason(role: Role, source: Source) -> String {
    let by = match source {
        Source::Shell => "you sit at the machine",
        Source::Owner => "you own this Callsheet",
        Source::Grant => "somebody made you one",
        Source::GitHub => "GitHub says you may write to its repository",
        Source::Place => "you speak at a place that is bound to it",
    };
    format!("{}, since {by}", role.word())
}

fn unknown_code(what: &str) -> PersonError {
    PersonError::new(
        what,
        "this code is not known, was used already, or its time is over",
        "Ask for a new one",
    )
}

fn last_owner(name: &str, project: &str) -> PersonError {
    PersonError::new(
        "I changed no role",
        format!("{name} is the only owner of {project}, and nobody could give roles in it afterwards"),
        "Make somebody else an owner first: `role grant @name owner`",
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

fn nobody(text: &str) -> PersonError {
    PersonError::new(
        format!("I do not know anybody by “{text}”"),
        "I know people once they have spoken to me or at a place of mine",
        "Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, \
         `discord:discord/123456` or `github:github.com/123456`",
    )
}
