//! The gateway's wire: a WebSocket that says HELLO, takes IDENTIFY or RESUME, and carries dispatches.
//! <https://discord.com/developers/docs/events/gateway#connections>

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State as Shared};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::session::{Connection, KNOWN, MESSAGE_CONTENT, NEVER, Out, Session};
use super::state::{Id, State};
use super::{BOT_TOKEN, Inner};
use crate::support::github::wire::Line;

/// Frames on their way to one connection.
const OUTGOING: usize = 4096;

/// What HELLO says, in milliseconds, when the test said nothing else: clients beat by the machine's clock, so no test ever
/// waits for it. Discord says 41,250.
const HEARTBEAT: u64 = 3_600_000;

/// Opens the WebSocket.
pub(super) async fn open(
    Shared(inner): Shared<Arc<Inner>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| serve(inner, line, socket, query))
}

async fn serve(inner: Arc<Inner>, line: Line, mut socket: WebSocket, query: HashMap<String, String>) {
    if query.get("v").map(String::as_str) != Some("10") {
        return close(&mut socket, 4012).await;
    }
    if query.contains_key("compress") || query.get("encoding").is_some_and(|encoding| encoding != "json") {
        inner.with(|state| state.problem(format!("the gateway speaks plain JSON here, not {query:?}")));
        return close(&mut socket, 4002).await;
    }
    let (out, mut orders) = mpsc::channel(OUTGOING);
    let (id, interval) = inner.with(|state| {
        let id = state.next_id();
        state.gateway.opened += 1;
        state.gateway.sockets.push(Connection { id, out: out.clone() });
        let interval = state
            .gateway
            .heartbeat
            .map(|beat| u64::try_from(beat.as_millis()).unwrap_or(u64::MAX));
        (id, interval.unwrap_or(HEARTBEAT))
    });
    let gone = Gone { inner: &inner, id };
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": interval, "_trace": ["fake"] } });
    if socket.send(Message::text(hello.to_string())).await.is_ok() {
        let end = talk(&inner, &mut socket, &mut orders, &Connection { id, out }).await;
        orders.close();
        while let Ok(left) = orders.try_recv() {
            inner.with(|state| written(state, &left));
        }
        drop(gone);
        match end {
            End::Close(code) => close(&mut socket, code).await,
            End::Cut => line.cut(),
            End::Gone => {}
        }
    }
}

/// How a connection ends.
enum End {
    /// We close it.
    Close(u16),
    /// We reset it.
    Cut,
    /// The client went.
    Gone,
}

/// A frame left the queue, written or not.
fn written(state: &mut State, order: &Out) {
    if matches!(order, Out::Text(_)) {
        state.gateway.under_way = state.gateway.under_way.saturating_sub(1);
    }
}

/// Forgets a socket when its task ends, in whatever way.
struct Gone<'a> {
    /// The guild.
    inner: &'a Inner,
    /// The socket.
    id: Id,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.inner.with(|state| state.socket_gone(self.id));
    }
}

/// Carries dispatches out and payloads in, until one side ends it.
async fn talk(
    inner: &Inner,
    socket: &mut WebSocket,
    orders: &mut mpsc::Receiver<Out>,
    us: &Connection,
) -> End {
    let (mut known, mut silent) = (false, false);
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => {
                let Some(order) = order else { return End::Cut };
                inner.with(|state| written(state, &order));
                match order {
                    Out::Text(text) if !silent => if socket.send(Message::text(text)).await.is_err() { return End::Gone },
                    Out::Text(_) => {}
                    Out::Close(_) if silent => return End::Cut,
                    Out::Close(code) => return End::Close(code),
                    Out::Cut => return End::Cut,
                    Out::Silence => silent = true,
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) if !silent => {
                    match inner.with(|state| hear(state, &text, us, &mut known)) {
                        Reply::Nothing => {}
                        Reply::Say(value) => if socket.send(Message::text(value.to_string())).await.is_err() {
                            return End::Gone;
                        },
                        Reply::Close(code) => return End::Close(code),
                    }
                }
                Some(Ok(Message::Binary(_))) => return End::Close(4002),
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    inner.with(|state| said_goodbye(state, us.id, frame.map(|frame| frame.code)));
                    return End::Gone;
                }
                Some(Err(_)) | None => return End::Gone,
            },
        }
    }
}

/// A client that closes with 1000 or 1001 ends its session.
/// <https://discord.com/developers/docs/events/gateway#initiating-a-disconnect>
fn said_goodbye(state: &mut State, id: Id, code: Option<u16>) {
    if !matches!(code, Some(1000 | 1001)) {
        return;
    }
    for session in &mut state.gateway.sessions {
        session.over |= session
            .connection
            .as_ref()
            .is_some_and(|connection| connection.id == id);
    }
}

async fn close(socket: &mut WebSocket, code: u16) {
    let frame = CloseFrame {
        code,
        reason: "".into(),
    };
    // The client may have hung up already; then there is nobody left to tell.
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}

/// What a payload brings at once.
enum Reply {
    /// Nothing, or dispatches that are on their way.
    Nothing,
    /// This.
    Say(Value),
    /// The end. <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
    Close(u16),
}

/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes>
fn hear(state: &mut State, text: &str, us: &Connection, known: &mut bool) -> Reply {
    let Ok(payload) = serde_json::from_str::<Value>(text) else {
        return Reply::Close(4002);
    };
    let data = &payload["d"];
    match payload["op"].as_u64() {
        Some(1) => {
            state.gateway.heartbeats += 1;
            let heard = data
                .as_u64()
                .and_then(|seq| usize::try_from(seq).ok())
                .unwrap_or(0);
            let ours =
                |session: &&mut Session| session.connection.as_ref().is_some_and(|open| open.id == us.id);
            if let Some(session) = state.gateway.sessions.iter_mut().find(ours) {
                session.heard = session.heard.max(heard);
            }
            if state.gateway.deaf {
                Reply::Nothing
            } else {
                Reply::Say(json!({ "op": 11 }))
            }
        }
        Some(2 | 6) if *known => Reply::Close(4005),
        Some(2) => identify(state, data, us, known),
        Some(6) => resume(state, data, us, known),
        Some(3 | 4 | 8 | 31) if !*known => Reply::Close(4003),
        Some(3) => Reply::Nothing,
        Some(op @ (4 | 8 | 31)) => {
            state.problem(format!("the app has no use for gateway opcode {op}"));
            Reply::Nothing
        }
        _ => Reply::Close(4001),
    }
}

/// Both forms of the token are taken here: serenity sends the one with `Bot `.
fn token_fits(state: &State, data: &Value) -> bool {
    let token = data["token"].as_str().unwrap_or_default();
    !state.revoked && token.strip_prefix("Bot ").unwrap_or(token) == BOT_TOKEN
}

/// <https://discord.com/developers/docs/events/gateway-events#identify>
fn identify(state: &mut State, data: &Value, us: &Connection, known: &mut bool) -> Reply {
    if !data["properties"].is_object() {
        return Reply::Close(4002);
    }
    if !token_fits(state, data) {
        return Reply::Close(4004);
    }
    let Some(intents) = data["intents"].as_u64().filter(|intents| intents & !KNOWN == 0) else {
        return Reply::Close(4013);
    };
    let privileged = if state.message_content {
        NEVER
    } else {
        NEVER | MESSAGE_CONTENT
    };
    if intents & privileged != 0 {
        return Reply::Close(4014);
    }
    let shard = data.get("shard").filter(|shard| !shard.is_null());
    if shard.is_some_and(|shard| *shard != json!([0, 1])) {
        return Reply::Close(4010);
    }
    if let Some(resumable) = state.gateway.refuse_identifies.pop_front() {
        return Reply::Say(json!({ "op": 9, "d": resumable }));
    }
    *known = true;
    let connection = Connection {
        id: us.id,
        out: us.out.clone(),
    };
    state.begin(connection, intents, shard);
    Reply::Nothing
}

/// <https://discord.com/developers/docs/events/gateway-events#resume>
fn resume(state: &mut State, data: &Value, us: &Connection, known: &mut bool) -> Reply {
    if !token_fits(state, data) {
        return Reply::Close(4004);
    }
    if let Some(resumable) = state.gateway.refuse_resumes.pop_front() {
        return invalid(state, data, resumable);
    }
    let wanted = data["session_id"].as_str().unwrap_or_default();
    let at = state
        .gateway
        .sessions
        .iter()
        .position(|session| session.id == wanted && !session.over);
    let Some(at) = at else {
        return Reply::Say(json!({ "op": 9, "d": false }));
    };
    let last = state.gateway.sessions[at].log.len();
    let seq = data["seq"].as_u64().and_then(|seq| usize::try_from(seq).ok());
    let Some(seq) = seq.filter(|seq| *seq <= last) else {
        return Reply::Close(4007);
    };
    if let Some(old) = state.gateway.sessions[at].connection.take() {
        // The old connection is closed; its task may have ended already.
        drop(old.out.try_send(Out::Close(4000)));
    }
    *known = true;
    let connection = Connection {
        id: us.id,
        out: us.out.clone(),
    };
    state.resume(at, connection, seq);
    Reply::Nothing
}

/// <https://discord.com/developers/docs/events/gateway-events#invalid-session>
fn invalid(state: &mut State, data: &Value, resumable: bool) -> Reply {
    for session in &mut state.gateway.sessions {
        session.over |= !resumable && data["session_id"] == session.id;
    }
    Reply::Say(json!({ "op": 9, "d": resumable }))
}
