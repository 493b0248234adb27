//! Webhooks: whether a body is GitHub's, and what it says
//! (<https://docs.github.com/en/webhooks/webhook-events-and-payloads>).
//!
//! GitHub adds events, actions and fields at any time, and leaves fields out or null. What can be told without them is told;
//! the rest is kept as [`Event::Unknown`]. Only what is no JSON object is refused.

use chrono::{DateTime, SubsecRound, Utc};
use octocrab::models::webhook_events::verification::verify_signature;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::mark::{mark_in, without_marks};
use super::mention::{Spoken, listen, visible};
use super::models::{Account, Comment, Identity, Issue};
use crate::domain::{
    AccountKey, Addressed, Author, AuthorKind, Event, Heard, IssueRef, Place, Platform, Posted, Repository,
    clean, shorten,
};
use crate::platform::json;

/// What the text of an issue itself is called where a comment has its id.
pub const ISSUE_BODY: &str = "issue";
/// The longest name of an event that is kept, in graphemes.
const NAME: usize = 100;

/// What a webhook is understood by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The host the webhook is from, e.g. `github.com`.
    pub host: String,
    /// The word that calls us, with its `@`. Our own login calls us too.
    pub mention: String,
    /// Our own account.
    pub ours: Identity,
    /// The moment it came, for what carries none of its own.
    pub now: DateTime<Utc>,
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is none.
    #[error(
        "the header X-Hub-Signature-256 is missing; give the webhook a secret in the repository's settings"
    )]
    Missing,
    /// It is no `sha256=` with 64 hexadecimal digits.
    #[error("the header X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits")]
    Malformed,
    /// It was made with another secret, or for another body.
    #[error("the signature does not fit; the webhook's secret must be the one in github.webhook_secret")]
    Wrong,
}

/// The body is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct NotJson;

/// Whether a body is from somebody who knows the secret, compared in constant time
/// (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>). `signature` is the value of
/// `X-Hub-Signature-256`; the older SHA-1 header is not looked at.
///
/// # Errors
/// [`Rejected`] when it is not.
pub fn verify(secret: &SecretString, signature: Option<&str>, body: &[u8]) -> Result<(), Rejected> {
    let signature = signature.ok_or(Rejected::Missing)?;
    let digits = signature.strip_prefix("sha256=").ok_or(Rejected::Malformed)?;
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Rejected::Malformed);
    }
    verify_signature(signature, secret.expose_secret(), body).map_err(|_| Rejected::Wrong)
}

/// Says what a webhook tells. `event` is the value of `X-GitHub-Event`, `guid` that of `X-GitHub-Delivery`, which stays
/// the same when GitHub sends the webhook again.
///
/// # Errors
/// [`NotJson`] when the body is no JSON object.
pub fn translate(event: &str, guid: &str, body: &[u8], context: &Context) -> Result<Heard, NotJson> {
    let payload = object(body)?;
    let name = name_of(event, &payload);
    let told = match name.as_str() {
        "issue_comment.created" => comment_created(&payload, context),
        "issue_comment.edited" => comment_edited(&payload, context),
        "issue_comment.deleted" => comment_deleted(&payload, context),
        "issues.opened" => issue_opened(&payload, context),
        _ => None,
    };
    let delivery = delivery_key(guid);
    let (event, keys) = match told {
        Some((event, key)) => (event, key.into_iter().chain([delivery]).collect()),
        None => (Event::Unknown { name }, vec![delivery]),
    };
    Ok(Heard {
        event,
        keys,
        raw: body.to_vec(),
    })
}

/// Whether who we are matters for what an event tells.
pub fn needs_identity(event: &str) -> bool {
    matches!(event, "issue_comment" | "issues")
}

/// Keeps a webhook that came while our own account is not known: whether it speaks to us, and who wrote it, cannot be told
/// yet.
///
/// # Errors
/// [`NotJson`] when the body is no JSON object.
pub fn untranslated(event: &str, guid: &str, body: &[u8]) -> Result<Heard, NotJson> {
    let payload = object(body)?;
    Ok(Heard {
        event: if needs_identity(event) {
            Event::Untranslated {
                name: shorten(&clean(event), NAME),
            }
        } else {
            Event::Unknown {
                name: name_of(event, &payload),
            }
        },
        keys: vec![delivery_key(guid)],
        raw: body.to_vec(),
    })
}

/// Says what a webhook tells that was kept by [`untranslated`]; its delivery is known already and no key of this.
///
/// # Errors
/// [`NotJson`] when the body is no JSON object.
pub fn translate_later(event: &str, body: &[u8], context: &Context) -> Result<Heard, NotJson> {
    let mut heard = translate(event, "", body, context)?;
    heard.keys.retain(|key| *key != delivery_key(""));
    Ok(heard)
}

fn object(body: &[u8]) -> Result<Value, NotJson> {
    let payload = std::str::from_utf8(body).ok().and_then(json::parse);
    payload.filter(Value::is_object).ok_or(NotJson)
}

/// The platform's name of an event, e.g. `star.created`.
fn name_of(event: &str, payload: &Value) -> String {
    let name = match payload["action"].as_str() {
        Some(action) => format!("{event}.{action}"),
        None => event.to_owned(),
    };
    shorten(&clean(&name), NAME)
}

/// What a delivery is known by.
pub(super) fn delivery_key(guid: &str) -> String {
    format!("github:delivery:{guid}")
}

/// Says what a comment tells that was read from the REST API, under the key its webhook has.
pub fn heard_comment(comment: &Comment, issue: &IssueRef, context: &Context) -> Heard {
    let written = Written {
        external_id: comment.id.to_string(),
        author: &comment.author,
        text: comment.text.clone(),
        mark: comment.mark,
        at: comment.created_at,
    };
    Heard {
        event: Event::MessagePosted(written.posted(issue.clone(), context)),
        keys: vec![comment_key(&issue.repository, comment.id)],
        raw: serde_json::to_vec(comment).unwrap_or_default(),
    }
}

/// Says what an edited comment tells that was read from the REST API, under the key of the edit's webhook.
pub fn heard_edit(comment: &Comment, issue: &IssueRef, context: &Context) -> Heard {
    let written = Written {
        external_id: comment.id.to_string(),
        author: &comment.author,
        text: comment.text.clone(),
        mark: comment.mark,
        at: comment.updated_at,
    };
    Heard {
        event: Event::MessageEdited(written.posted(issue.clone(), context)),
        keys: vec![edit_key(&issue.repository, comment.id, comment.updated_at)],
        raw: serde_json::to_vec(comment).unwrap_or_default(),
    }
}

/// Says what an issue tells that was read from the REST API, under the key of its webhook; none when it does not call us.
pub fn heard_issue(opened: &Issue, issue: &IssueRef, context: &Context) -> Option<Heard> {
    let written = Written {
        external_id: ISSUE_BODY.to_owned(),
        author: &opened.author,
        text: visible(&opened.body),
        mark: opened.mark,
        at: opened.created_at,
    };
    let posted = written.posted(issue.clone(), context);
    let raw = serde_json::json!({ "number": opened.number, "title": opened.title, "body": opened.body });
    (posted.addressed == Addressed::Us).then(|| Heard {
        event: Event::MessagePosted(posted),
        keys: vec![issue_key(issue)],
        raw: raw.to_string().into_bytes(),
    })
}

fn issue_key(issue: &IssueRef) -> String {
    format!("github:issue:{issue}")
}

fn edit_key(repository: &Repository, id: u64, at: DateTime<Utc>) -> String {
    let moment = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    format!("github:edit:{repository}#{id}@{moment}")
}

fn comment_key(repository: &Repository, id: u64) -> String {
    // Without the repository, whose name may change.
    format!("github:comment:{}#{id}", repository.host())
}

/// Words on an issue, before it is judged whom they speak to.
struct Written<'a> {
    external_id: String,
    author: &'a Account,
    /// Without marks and hidden comments.
    text: String,
    mark: Option<uuid::Uuid>,
    at: DateTime<Utc>,
}

impl Written<'_> {
    fn posted(self, issue: IssueRef, context: &Context) -> Posted {
        let login = format!("@{}", context.ours.login);
        // An App is called with and without its "[bot]", the longer name first.
        let slug = context
            .ours
            .slug()
            .map_or_else(|| login.clone(), |slug| format!("@{slug}"));
        let Spoken { text, addressed } = listen(&self.text, &[&context.mention, &login, &slug]);
        let kind = match self.author {
            author if author.id == context.ours.id => AuthorKind::Ourselves,
            author if author.is_bot() => AuthorKind::Bot,
            _ => AuthorKind::Human,
        };
        let account = AccountKey {
            platform: Platform::GitHub,
            workspace: context.host.clone(),
            user_id: self.author.id.to_string(),
        };
        Posted {
            place: Place::GitHub(issue),
            external_id: self.external_id,
            author: Author {
                account,
                name: clean(&self.author.login),
                kind,
            },
            text,
            // A login is nobody else's.
            mentions: Vec::new(),
            addressed,
            // Anybody can copy a mark out of a comment's source; only ours confirms.
            mark: self.mark.filter(|_| kind == AuthorKind::Ourselves),
            reply: None,
            at: self.at.trunc_subsecs(6),
        }
    }
}

/// The author of something; GitHub's own stand-in when it names none, as for deleted accounts.
fn author_of(payload: &Value) -> Account {
    Account::deserialize(&payload["user"]).unwrap_or_else(|_| Account::ghost())
}

/// A moment; none when it is missing or no moment.
fn moment(payload: &Value, name: &str) -> Option<DateTime<Utc>> {
    DateTime::deserialize(&payload[name]).ok()
}

/// Where something happened; none when the payload does not say it whole.
fn issue_of(payload: &Value, context: &Context) -> Option<IssueRef> {
    let repository = &payload["repository"];
    let (owner, name) = match (repository["owner"]["login"].as_str(), repository["name"].as_str()) {
        (Some(owner), Some(name)) => (owner, name),
        _ => repository["full_name"].as_str()?.split_once('/')?,
    };
    Some(IssueRef {
        repository: Repository::new(&context.host, owner, name).ok()?,
        number: payload["issue"]["number"].as_u64().filter(|number| *number > 0)?,
    })
}

/// The words of a body that was written at `at`.
fn written<'a>(external_id: String, author: &'a Account, body: &str, at: DateTime<Utc>) -> Written<'a> {
    let body = clean(body);
    Written {
        external_id,
        author,
        text: visible(&without_marks(&body)),
        mark: mark_in(&body),
        at,
    }
}

/// What an event tells, with the key of the fact when it has one besides its delivery's.
type Told = (Event, Option<String>);

fn comment_created(payload: &Value, context: &Context) -> Option<Told> {
    let issue = issue_of(payload, context)?;
    let comment = &payload["comment"];
    let id = comment["id"].as_u64()?;
    let author = author_of(comment);
    let at = moment(comment, "created_at").or(moment(comment, "updated_at"));
    let body = comment["body"].as_str().unwrap_or_default();
    let key = comment_key(&issue.repository, id);
    let written = written(id.to_string(), &author, body, at.unwrap_or(context.now));
    Some((Event::MessagePosted(written.posted(issue, context)), Some(key)))
}

fn comment_edited(payload: &Value, context: &Context) -> Option<Told> {
    let issue = issue_of(payload, context)?;
    let comment = &payload["comment"];
    let id = comment["id"].as_u64()?;
    let author = author_of(comment);
    let at = moment(comment, "updated_at");
    // A text that is not there is no empty one: nobody took the words back.
    let body = match comment.get("body")? {
        Value::Null => "",
        body => body.as_str()?,
    };
    // Without its moment an edit cannot be told from the next one, but by its delivery.
    let key = at.map(|at| edit_key(&issue.repository, id, at));
    let written = written(id.to_string(), &author, body, at.unwrap_or(context.now));
    Some((Event::MessageEdited(written.posted(issue, context)), key))
}

fn comment_deleted(payload: &Value, context: &Context) -> Option<Told> {
    let issue = issue_of(payload, context)?;
    let id = payload["comment"]["id"].as_u64()?;
    let key = format!("github:delete:{}#{id}", issue.repository);
    let event = Event::MessageDeleted {
        place: Place::GitHub(issue),
        external_id: id.to_string(),
    };
    Some((event, Some(key)))
}

/// A new issue is a message when it calls us, or when a delivery of ours made it; otherwise it is only known to have been
/// opened.
fn issue_opened(payload: &Value, context: &Context) -> Option<Told> {
    let issue = issue_of(payload, context)?;
    let opened = &payload["issue"];
    let author = author_of(opened);
    let key = issue_key(&issue);
    let at = moment(opened, "created_at").unwrap_or(context.now);
    let body = opened["body"].as_str().unwrap_or_default();
    let posted = written(ISSUE_BODY.to_owned(), &author, body, at).posted(issue, context);
    (posted.addressed == Addressed::Us || posted.mark.is_some())
        .then_some((Event::MessagePosted(posted), Some(key)))
}
