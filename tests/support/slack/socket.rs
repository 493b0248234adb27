//! Socket Mode: a WebSocket per ticket that `apps.connections.open` gave out.
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use callsheet::engine::clock::{Sleep, TimeSource, later};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Inner;
use super::events::{Out, Socket};
use super::state::APP;

/// Sockets one app may hold.
const SOCKETS: usize = 10;

/// Envelopes on their way to one socket.
const OUTGOING: usize = 1024;

/// From one ping of the server to the next, by the test's clock; a deadline, which no jump of that clock
/// trips.
const PING: Duration = Duration::from_secs(10);
/// How long Slack takes a socket for open that carries nothing any more.
const SILENT: Duration = Duration::from_secs(600);

/// Opens the WebSocket of a ticket; HTTP 401 for one that was used or never given out.
pub(super) async fn open(
    Shared(inner): Shared<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let ticket = query.get("ticket").cloned().unwrap_or_default();
    let known = inner.with(|state| {
        let at = state.post.tickets.iter().position(|given| *given == ticket);
        at.map(|at| state.post.tickets.remove(at)).is_some()
    });
    if !known {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(inner, socket))
}

async fn serve(inner: Arc<Inner>, mut socket: WebSocket) {
    let (out, mut orders) = mpsc::channel(OUTGOING);
    let (id, count) = inner.with(|state| (state.next_id(), state.post.sockets.len() + 1));
    if count > SOCKETS {
        say_goodbye(&mut socket, "too_many_websockets").await;
        return;
    }
    let hello = json!({
        "type": "hello", "num_connections": count, "connection_info": { "app_id": APP },
        "debug_info": { "host": "applink-1", "build_number": 1, "approximate_connection_time": 18060 },
    });
    if socket.send(Message::text(hello.to_string())).await.is_err() {
        return;
    }
    inner.with(|state| {
        state.post.sockets.push(Socket { id, out });
        state.post.connections += 1;
        state.flush();
    });
    tokio::select! {
        () = inner.stop.cancelled() => {}
        () = talk(&inner, &mut socket, &mut orders) => {}
    }
    inner.with(|state| state.socket_gone(id));
}

/// Carries envelopes out and acknowledgements in, until one side ends it.
async fn talk(inner: &Inner, socket: &mut WebSocket, orders: &mut mpsc::Receiver<Out>) {
    let mut ping = next_ping(inner);
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Out::Text(text)) => if socket.send(Message::text(text)).await.is_err() { return },
                Some(Out::Disconnect(reason)) => return say_goodbye(socket, reason).await,
                Some(Out::Cut) | None => return,
                Some(Out::Silence) => {
                    // Whoever sleeps and is never polled keeps the story's time from passing.
                    drop(ping);
                    return inner.clock.deadline(later(inner.clock.now(), SILENT)).await;
                }
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let ack: Value = serde_json::from_str(&text).unwrap_or_default();
                    inner.with(|state| state.acknowledged(ack));
                }
                Some(Ok(Message::Pong(_))) => inner.with(|state| state.post.pongs += 1),
                Some(Ok(Message::Ping(_) | Message::Binary(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = &mut ping => {
                if socket.send(Message::Ping("Ping from applink-1".into())).await.is_err() { return }
                ping = next_ping(inner);
            }
        }
    }
}

fn next_ping(inner: &Inner) -> Sleep {
    inner.clock.deadline(later(inner.clock.now(), PING))
}

async fn say_goodbye(socket: &mut WebSocket, reason: &str) {
    let body = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-1" } });
    if socket.send(Message::text(body.to_string())).await.is_ok() {
        // The app may have hung up already; then there is nobody left to tell.
        drop(socket.send(Message::Close(None)).await);
    }
}
