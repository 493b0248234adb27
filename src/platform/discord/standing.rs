//! How we stand with Discord, as the part `discord` of the health report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::domain::Place;
use crate::engine::health::{Health, Part, State};

/// The name in the health report.
pub(super) const PART: &str = "discord";

/// What we ask of a server: View Channels, Send Messages, Embed Links, Read Message History, Send Messages in Threads.
/// <https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags>
const PERMISSIONS: u64 = (1 << 10) | (1 << 11) | (1 << 14) | (1 << 16) | (1 << 38);

/// What is known; whoever changes it reports it.
#[derive(Default)]
pub(super) struct Standing(Mutex<Known>);

/// Behind [`Standing`]'s lock.
#[derive(Default)]
struct Known {
    name: String,
    application: Option<String>,
    /// Why there is no session; none while there is one.
    down: Option<(State, String)>,
    /// Servers we are on.
    servers: BTreeSet<String>,
    /// Servers that places of projects are on, with what people call those places.
    needed: BTreeMap<String, BTreeSet<String>>,
    /// Places we should read and cannot, with what people call them and why. Two servers may both have a #general.
    unreadable: BTreeMap<String, (String, String)>,
    /// Places where more was missed than is read later.
    capped: BTreeSet<String>,
    /// Why what is said is written late; none when it is not.
    behind: Option<String>,
}

impl Standing {
    fn change(&self, health: &Health, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known);
        let (state, detail) = known.report();
        let names = known.names();
        health.set(PART, Part { state, detail, names });
    }

    /// There is no session.
    pub(super) fn down(&self, health: &Health, state: State, why: impl Into<String>) {
        self.change(health, |known| known.down = Some((state, why.into())));
    }

    /// A new session, with the servers it has.
    pub(super) fn up(&self, health: &Health, name: &str, application: &str, servers: BTreeSet<String>) {
        self.change(health, |known| {
            name.clone_into(&mut known.name);
            known.application = Some(application.to_owned());
            known.servers = servers;
            known.down = None;
        });
    }

    /// The session goes on.
    pub(super) fn resumed(&self, health: &Health) {
        self.change(health, |known| known.down = None);
    }

    /// We came to a server or were removed from it.
    pub(super) fn server(&self, health: &Health, id: &str, here: bool) {
        self.change(health, |known| {
            if here {
                known.servers.insert(id.to_owned());
            } else {
                known.servers.remove(id);
            }
        });
    }

    /// The places of projects, with what people call them.
    pub(super) fn needs(&self, health: &Health, places: &[(Place, String)]) {
        self.change(health, |known| {
            known.needed.clear();
            for (place, label) in places {
                let server = place.workspace();
                if !server.is_empty() {
                    known
                        .needed
                        .entry(server.to_owned())
                        .or_default()
                        .insert(label.clone());
                }
            }
            let bound: BTreeSet<String> = places.iter().map(|(place, _)| place.to_string()).collect();
            known.unreadable.retain(|place, _| bound.contains(place));
        });
    }

    /// A place of a project can be read again, or cannot and why.
    pub(super) fn readable(&self, health: &Health, place: &Place, label: &str, trouble: Option<String>) {
        let place = place.to_string();
        self.change(health, |known| match trouble {
            Some(why) => drop(known.unreadable.insert(place, (label.to_owned(), why))),
            None => drop(known.unreadable.remove(&place)),
        });
    }

    /// What is said is written late and why, or no longer.
    pub(super) fn behind(&self, health: &Health, why: Option<&str>) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.behind.as_deref() == why;
        drop(known);
        if !same {
            self.change(health, |known| known.behind = why.map(str::to_owned));
        }
    }

    /// More was missed at a place than is read later, or no longer.
    pub(super) fn capped(&self, health: &Health, label: &str, capped: bool) {
        self.change(health, |known| {
            if capped {
                known.capped.insert(label.to_owned());
            } else {
                known.capped.remove(label);
            }
        });
    }
}

impl Known {
    /// What the report may name.
    fn names(&self) -> Vec<String> {
        let needed = self.needed.values().flatten();
        let unreadable = self.unreadable.values().map(|(label, _)| label);
        needed.chain(unreadable).chain(&self.capped).cloned().collect()
    }

    fn report(&self) -> (State, String) {
        if let Some((state, why)) = &self.down {
            return (*state, why.clone());
        }
        let count = self.servers.len();
        let servers = if count == 1 { "server" } else { "servers" };
        let mut detail = format!("connected as @{} on {count} {servers}", self.name);
        let mut state = State::Ok;
        let lost = self
            .needed
            .iter()
            .filter(|(server, _)| !self.servers.contains(*server));
        let lost: Vec<&str> = lost.flat_map(|(_, labels)| labels).map(String::as_str).collect();
        if count == 0 || !lost.is_empty() {
            state = State::Degraded;
            if !lost.is_empty() {
                detail.push_str(&format!("; not on the server of {} any more", lost.join(", ")));
            }
            detail.push_str(&format!("; invite the bot: {}", self.invitation()));
        }
        for (label, why) in self
            .unreadable
            .values()
            .filter(|(label, _)| !lost.contains(&label.as_str()))
        {
            state = State::Degraded;
            detail.push_str(&format!("; {label} cannot be read: {why}"));
        }
        if let Some(why) = &self.behind {
            state = State::Degraded;
            detail.push_str(&format!("; behind: {why}"));
        }
        if !self.capped.is_empty() {
            let labels: Vec<&str> = self.capped.iter().map(String::as_str).collect();
            detail.push_str(&format!(
                "; after the last pause, not everything said in {} was read",
                labels.join(", ")
            ));
        }
        (state, detail)
    }

    /// <https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow>
    fn invitation(&self) -> String {
        let application = self.application.as_deref().unwrap_or("YOUR_APPLICATION_ID");
        format!(
            "https://discord.com/oauth2/authorize?client_id={application}&scope=bot+applications.commands&permissions={PERMISSIONS}"
        )
    }
}
