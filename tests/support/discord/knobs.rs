//! What a test may order to go wrong: faults of calls, limits, and everything about gateway connections.

use std::time::Duration;

use serde_json::{Value, json};

use super::limits::Limit;
use super::session::Out;
use super::state::State;
use super::{FakeDiscord, Fault, routes};

impl FakeDiscord {
    /// Orders a fault for the next call of a route; panics when there is no such route.
    pub fn fault(&self, route: &'static str, fault: Fault) {
        assert!(routes::ROUTES.contains(&route), "no route {route}");
        self.inner.with(|state| state.faults.push_back((route, fault)));
    }

    /// Lets the held calls of a route go on.
    pub fn release(&self, route: &str) {
        self.inner
            .with(|state| state.held.retain(|_, held| *held != route));
    }

    /// Refuses calls beyond the limits from now on: five in five seconds per route and channel, 50 a second over all.
    pub fn enforce_limits(&self) {
        self.inner.with(|state| state.limits.enforced = true);
    }

    /// Sets the limit of a route, and refuses calls beyond limits from now on.
    pub fn limit(&self, route: &'static str, calls: u32, window: Duration) {
        assert!(routes::ROUTES.contains(&route), "no route {route}");
        self.inner.with(|state| {
            state.limits.enforced = true;
            state.limits.set.insert(route, Limit { calls, window });
        });
    }

    /// Asks for a heartbeat after each dispatch from now on, as Discord may at any time, so that a test learns what was heard.
    /// <https://discord.com/developers/docs/events/gateway#heartbeat-requests>
    pub fn follow(&self) {
        self.inner.with(|state| state.gateway.followed = true);
    }

    /// What HELLO says about heartbeats from now on; clients beat by the machine's clock.
    pub fn heartbeat_every(&self, interval: Duration) {
        self.inner.with(|state| state.gateway.heartbeat = Some(interval));
    }

    /// Acknowledges no heartbeats from now on, or does again.
    pub fn deaf(&self, on: bool) {
        self.inner.with(|state| state.gateway.deaf = on);
    }

    /// Resets every gateway connection; their sessions can be resumed.
    pub fn drop_connections(&self) {
        self.inner.with(|state| state.tell_sockets(|| Out::Cut));
    }

    /// Resets every gateway connection; their sessions are over.
    pub fn lose_sessions(&self) {
        self.inner.with(|state| {
            state
                .gateway
                .sessions
                .iter_mut()
                .for_each(|session| session.over = true);
            state.tell_sockets(|| Out::Cut);
        });
    }

    /// Ends every session that is not connected, as Discord does with those nobody resumes.
    pub fn expire_sessions(&self) {
        self.inner.with(|state| {
            let idle = state
                .gateway
                .sessions
                .iter_mut()
                .filter(|session| session.connection.is_none());
            idle.for_each(|session| session.over = true);
        });
    }

    /// Closes every gateway connection with a code; after 4003, 4007 and 4009 the session is over.
    /// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
    pub fn close_connections(&self, code: u16) {
        self.inner.with(|state| {
            if matches!(code, 4003 | 4004 | 4007 | 4009..=4014) {
                state
                    .gateway
                    .sessions
                    .iter_mut()
                    .for_each(|session| session.over = true);
            }
            state.tell_sockets(|| Out::Close(code));
        });
    }

    /// Every connection goes silent: it stays open, carries nothing and hears nothing.
    pub fn silence_connections(&self) {
        self.inner.with(|state| state.tell_sockets(|| Out::Silence));
    }

    /// Asks every client to reconnect and resume (opcode 7).
    /// <https://discord.com/developers/docs/events/gateway-events#reconnect>
    pub fn ask_to_reconnect(&self) {
        self.say(&json!({ "op": 7, "d": null }));
    }

    /// Tells every client that its session is invalid (opcode 9), and whether it can be resumed.
    /// <https://discord.com/developers/docs/events/gateway-events#invalid-session>
    pub fn invalidate_sessions(&self, resumable: bool) {
        self.inner.with(|state| {
            state
                .gateway
                .sessions
                .iter_mut()
                .for_each(|session| session.over |= !resumable)
        });
        self.say(&json!({ "op": 9, "d": resumable }));
    }

    /// Puts a payload that is no dispatch on every connection.
    fn say(&self, payload: &Value) {
        self.inner.with(|state| {
            state.gateway.under_way += state.gateway.sockets.len();
            state.tell_sockets(|| Out::Text(payload.to_string()));
        });
    }

    /// Refuses the next RESUME with INVALID_SESSION, and whether it may be tried again.
    pub fn refuse_resume(&self, resumable: bool) {
        self.inner
            .with(|state| state.gateway.refuse_resumes.push_back(resumable));
    }

    /// Refuses the next IDENTIFY with INVALID_SESSION, as Discord does with one that came too soon.
    pub fn refuse_identify(&self) {
        self.inner
            .with(|state| state.gateway.refuse_identifies.push_back(false));
    }

    /// The next event goes out twice at once.
    pub fn send_twice(&self) {
        self.inner.with(|state| state.gateway.twice = true);
    }

    /// Sends the newest event again.
    pub fn resend_last_event(&self) {
        self.inner.with(State::resend);
    }

    /// Keeps events back from now on.
    pub fn hold_events(&self) {
        self.inner.with(|state| state.gateway.paused = true);
    }

    /// Sends the events kept back, the newest first when `reversed`.
    pub fn release_events(&self, reversed: bool) {
        self.inner.with(|state| {
            if reversed {
                state.gateway.waiting.make_contiguous().reverse();
            }
            state.flush();
        });
    }

    /// Throws away the events kept back; returns how many.
    pub fn lose_held_events(&self) -> usize {
        self.inner.with(|state| {
            state.gateway.paused = false;
            state.gateway.waiting.drain(..).count()
        })
    }
}
