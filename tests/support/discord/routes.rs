//! Which routes there are, what they take, and who serves them.

use axum::http::Method;
use serde_json::Value;

use super::rest::{Answer, Refusal};
use super::state::{APP, GUILD, Id, State};
use super::{channels, commands, interactions, messages};

/// The arguments after a path.
pub(super) type Query = [(String, String)];

/// What a call is about: the route and the ids in its path.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The route.
    pub(super) route: &'static str,
    /// The changing parts of the path, in order.
    parts: Vec<String>,
}

/// Every route, method and path; the changing parts in braces.
pub(super) const ROUTES: &[&str] = &[
    "GET /gateway",
    "GET /gateway/bot",
    "GET /users/@me",
    "POST /users/@me/channels",
    "GET /users/{user}",
    "GET /applications/@me",
    "GET /oauth2/applications/@me",
    "GET /applications/{application}/commands",
    "PUT /applications/{application}/commands",
    "GET /applications/{application}/guilds/{guild}/commands",
    "PUT /applications/{application}/guilds/{guild}/commands",
    "GET /guilds/{guild}",
    "GET /guilds/{guild}/channels",
    "GET /guilds/{guild}/threads/active",
    "GET /guilds/{guild}/members/{user}",
    "GET /channels/{channel}",
    "GET /channels/{channel}/messages",
    "POST /channels/{channel}/messages",
    "GET /channels/{channel}/messages/{message}",
    "PATCH /channels/{channel}/messages/{message}",
    "DELETE /channels/{channel}/messages/{message}",
    "POST /channels/{channel}/messages/{message}/threads",
    "POST /channels/{channel}/threads",
    "PUT /channels/{channel}/thread-members/@me",
    "POST /channels/{channel}/typing",
    "POST /interactions/{interaction}/{token}/callback",
    "GET /webhooks/{application}/{token}/messages/@original",
    "PATCH /webhooks/{application}/{token}/messages/@original",
    "DELETE /webhooks/{application}/{token}/messages/@original",
    "POST /webhooks/{application}/{token}",
    "PATCH /webhooks/{application}/{token}/messages/{message}",
];

/// The route a method and path mean; the first in the list that fits.
pub(super) fn find(method: &Method, path: &str) -> Option<(&'static str, Target)> {
    let path = path.strip_prefix("/api/v10")?;
    ROUTES.iter().find_map(|route| {
        let (verb, pattern) = route.split_once(' ')?;
        let parts = (verb == method.as_str()).then(|| fits(pattern, path))??;
        Some((*route, Target { route, parts }))
    })
}

fn fits(pattern: &str, path: &str) -> Option<Vec<String>> {
    if pattern.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut parts = Vec::new();
    for (wanted, found) in pattern.split('/').zip(path.split('/')) {
        if wanted.starts_with('{') {
            parts.push(found.to_owned());
        } else if wanted != found {
            return None;
        }
    }
    Some(parts)
}

impl Target {
    /// A changing part of the path as a snowflake; 0 for what is none.
    pub(super) fn id(&self, at: usize) -> Id {
        self.parts
            .get(at)
            .and_then(|part| part.parse().ok())
            .unwrap_or_default()
    }

    /// A changing part of the path.
    pub(super) fn part(&self, at: usize) -> &str {
        self.parts.get(at).map_or("", String::as_str)
    }

    /// Whether the call needs no token of the bot's: what is in the path is enough.
    pub(super) fn is_open(&self) -> bool {
        self.route.contains("/interactions/")
            || self.route.contains("/webhooks/")
            || self.route == "GET /gateway"
    }

    /// The id that rate limits go by. <https://discord.com/developers/docs/topics/rate-limits>
    pub(super) fn major(&self) -> String {
        let top = self.route.contains("/channels/") || self.route.contains("/guilds/{guild}");
        if self.is_open() {
            self.parts.join("/")
        } else {
            self.parts.first().filter(|_| top).cloned().unwrap_or_default()
        }
    }
}

/// Serves a call that was let in.
pub(super) fn run(state: &mut State, target: &Target, query: &Query, body: &Value) -> Answer {
    let route = target.route;
    if route.contains("{application}") && target.id(0) != APP {
        return Err(Refusal::new(if route.contains("/webhooks/") {
            10015
        } else {
            10002
        }));
    }
    if route.contains("{guild}") {
        let guild = target.id(usize::from(route.contains("{application}")));
        if guild != GUILD || !state.joined {
            return Err(Refusal::new(if route.contains("/commands") {
                50001
            } else {
                10004
            }));
        }
    }
    known_query(state, route, query)?;
    match route {
        _ if route.contains("/commands") => commands::serve(state, target, body),
        _ if target.is_open() && route != "GET /gateway" => interactions::serve(state, target, query, body),
        _ if route.contains("/messages") && !route.ends_with("/threads") => {
            messages::serve(state, target, query, body)
        }
        _ => channels::serve(state, target, body),
    }
}

/// Arguments after the path that the route knows; another is a problem, and refused.
fn known_query(state: &mut State, route: &str, query: &Query) -> Result<(), Refusal> {
    let known: &[&str] = match route {
        "GET /channels/{channel}/messages" => &["after", "before", "around", "limit"],
        "GET /guilds/{guild}" => &["with_counts"],
        "POST /interactions/{interaction}/{token}/callback" => &["with_response"],
        "POST /webhooks/{application}/{token}" => &["wait"],
        _ if route.contains("/commands") => &["with_localizations"],
        _ => &[],
    };
    if let Some((odd, _)) = query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        state.problem(format!("{route} takes no argument {odd}"));
        return Err(Refusal::form(odd, "UNKNOWN", "no such argument"));
    }
    Ok(())
}
