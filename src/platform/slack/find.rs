//! What became of an attempt whose answer was lost, read from the channel by our own author id.
//!
//! "No" is said only after everything from before the delivery was made has been read.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::client::{Identity, Slack, Trouble};
use super::json;
use super::outcome::hindrance;
use super::sender::{Target, VIA_RESPONSE_URL, revision};
use super::text;
use super::translate::mark;
use crate::domain::{Effect, Place, Reply};
use crate::engine::sender::{Found, Outgoing, Receipt};

/// Messages asked for at once; Slack recommends no more than 200.
/// <https://docs.slack.dev/reference/methods/conversations.history>
const PAGE: &str = "200";
/// Pages read before giving up.
const PAGES: usize = 15;
/// How far the clocks of Slack and of this machine may be apart.
const SKEW: TimeDelta = TimeDelta::hours(2);

/// Looks for a delivery.
pub(super) async fn find(slack: &Slack, out: &Outgoing) -> Found {
    let (
        Place::Slack {
            team,
            channel,
            thread,
        },
        Effect::Message { reply, .. },
    ) = (&out.place, &out.effect)
    else {
        return Found::CannotTell("Slack carries messages and nothing else".to_owned());
    };
    let me = match slack.identity() {
        Some(me) => me,
        None => match slack.identify().await {
            Ok(me) => me,
            Err(error) => return Found::CannotTell(error.to_string()),
        },
    };
    let target = Target {
        team,
        channel,
        thread: thread.as_deref(),
    };
    let looked = match out.external_id.as_deref() {
        Some(id) if id.starts_with(VIA_RESPONSE_URL) => {
            return Found::CannotTell("a private answer to a command cannot be read".to_owned());
        }
        Some(ts) => find_edit(slack, out, &target, ts).await,
        None => find_new(slack, out, &target, &me).await,
    };
    looked.unwrap_or_else(|trouble| match trouble {
        Trouble::Refused { error, .. } if matches!(reply, Some(Reply::ResponseUrl { .. })) => Found::Never(
            format!("Slack says {error}, and a private answer to a command cannot be read"),
        ),
        other => Found::CannotTell(hindrance(&other, &me.name)),
    })
}

async fn find_new(
    slack: &Slack,
    out: &Outgoing,
    target: &Target<'_>,
    me: &Identity,
) -> Result<Found, Trouble> {
    let oldest = since(out.mark, slack.clock().now());
    if let Some(thread) = target.thread {
        let lookup = Lookup {
            slack,
            target,
            out,
            me,
            oldest: &oldest,
            thread: Some(thread),
        };
        match lookup.run().await {
            Ok(Found::No) => {}
            // The thread is gone; what was meant for it landed at the channel's root.
            Err(Trouble::Refused { error, .. }) if error == "thread_not_found" => {}
            other => return other,
        }
    }
    Lookup {
        slack,
        target,
        out,
        me,
        oldest: &oldest,
        thread: None,
    }
    .run()
    .await
}

/// One way through a thread or a channel.
struct Lookup<'a> {
    slack: &'a Slack,
    target: &'a Target<'a>,
    out: &'a Outgoing,
    me: &'a Identity,
    oldest: &'a str,
    thread: Option<&'a str>,
}

impl Lookup<'_> {
    /// <https://docs.slack.dev/reference/methods/conversations.replies> or
    /// <https://docs.slack.dev/reference/methods/conversations.history>
    async fn run(&self) -> Result<Found, Trouble> {
        let method = if self.thread.is_some() {
            "conversations.replies"
        } else {
            "conversations.history"
        };
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let arguments = vec![
                ("channel", Some(self.target.channel.to_owned())),
                ("ts", self.thread.map(str::to_owned)),
                ("oldest", Some(self.oldest.to_owned())),
                ("limit", Some(PAGE.to_owned())),
                ("include_all_metadata", Some("true".to_owned())),
                ("cursor", cursor.take()),
            ];
            let said = self.slack.get(method, arguments).await?;
            if let Some(receipt) = messages(&said).find_map(|message| self.receipt(message)) {
                return Ok(Found::Yes(receipt));
            }
            let next = said
                .get("response_metadata")
                .and_then(|more| json::text(more, "next_cursor"));
            match next.filter(|next| !next.is_empty()) {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(Found::No),
            }
        }
        Ok(Found::CannotTell(
            "too much was said in the channel since".to_owned(),
        ))
    }

    fn receipt(&self, message: &Value) -> Option<Receipt> {
        let ours = json::id(message, "user") == Some(&self.me.user_id)
            || (self.me.bot_id.is_some() && json::id(message, "bot_id") == self.me.bot_id.as_deref());
        let ts = json::id(message, "ts").filter(|_| ours && mark(message) == Some(self.out.mark))?;
        Some(self.target.receipt(ts, Some(message)))
    }
}

/// From when on a delivery can have been sent: its id names the moment it was made.
fn since(mark: uuid::Uuid, now: DateTime<Utc>) -> String {
    let made = mark.get_timestamp().and_then(|made| {
        let (seconds, nanos) = made.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    });
    let from = made.map_or(DateTime::UNIX_EPOCH, |made| made.min(now)) - SKEW;
    format!("{}.000000", from.timestamp().max(0))
}

fn messages(said: &Value) -> impl Iterator<Item = &Value> {
    said.get("messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Reads the message and says which text stands there. A message that is gone is "no": sending again finds that out.
async fn find_edit(slack: &Slack, out: &Outgoing, target: &Target<'_>, ts: &str) -> Result<Found, Trouble> {
    let arguments = vec![
        ("channel", Some(target.channel.to_owned())),
        ("ts", Some(ts.to_owned())),
        ("limit", Some("1".to_owned())),
        ("include_all_metadata", Some("true".to_owned())),
    ];
    let said = match slack.get("conversations.replies", arguments).await {
        Ok(said) => said,
        Err(Trouble::Refused { error, .. })
            if error == "thread_not_found" || error == "message_not_found" =>
        {
            return Ok(Found::No);
        }
        Err(trouble) => return Err(trouble),
    };
    let message = messages(&said).find(|message| json::id(message, "ts") == Some(ts));
    Ok(message.map_or(Found::No, |message| compare(message, out, ts)))
}

/// Which text of a delivery a message shows.
pub(super) fn compare(message: &Value, out: &Outgoing, ts: &str) -> Found {
    if json::text(message, "subtype") == Some("tombstone") {
        return Found::No;
    }
    let shown = json::text(message, "text").unwrap_or_default();
    let wanted = match (text::same(shown, &out.text), text::same(shown, &out.sent_text)) {
        (wanted, false) => wanted,
        (false, true) => false,
        // The texts differ only in what Slack rewrites; the mark knows which one it is.
        (true, true) => {
            let payload = message
                .get("metadata")
                .and_then(|metadata| metadata.get("event_payload"));
            let shown = payload.and_then(|payload| json::text(payload, "revision")?.parse().ok());
            shown.is_none_or(|shown: uuid::Uuid| shown == revision(out))
        }
    };
    if wanted {
        Found::Yes(Receipt {
            external_id: ts.to_owned(),
            url: None,
            at: None,
            note: None,
            thread: None,
        })
    } else {
        // Nobody but us can edit it, so whatever stands there is ours in Slack's own spelling, and the edit is made again.
        Found::No
    }
}
