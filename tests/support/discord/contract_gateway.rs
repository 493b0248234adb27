//! The part of the contract about the gateway, over a bare WebSocket.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::contract::{Bench, in_time, until};
use super::{FakeDiscord, Permission};

/// GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES. <https://discord.com/developers/docs/events/gateway#list-of-intents>
const PLAIN: u64 = 1 | (1 << 9) | (1 << 12);
/// And MESSAGE_CONTENT.
const ALL: u64 = PLAIN | (1 << 15);

/// What a connection brings next.
#[derive(Debug, PartialEq)]
enum Heard {
    /// A payload.
    Payload(Value),
    /// A close frame with this code.
    Closed(u16),
    /// The end without one.
    Cut,
}

/// A bare connection.
struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    /// Connects where `GET /gateway` says, and takes HELLO.
    async fn open(bench: &Bench) -> Self {
        let gateway = bench.ok(Method::GET, "/gateway", Value::Null).await;
        let url = format!("{}/?v=10&encoding=json", gateway["url"].as_str().unwrap());
        let mut wire = Self(connect_async(url).await.unwrap().0);
        let hello = wire.payload().await;
        assert_eq!(hello["op"], 10);
        assert!(hello["d"]["heartbeat_interval"].as_u64().unwrap() > 0);
        wire
    }

    /// Connects and identifies; the connection after READY, and READY's data.
    async fn identified(bench: &Bench, intents: u64) -> (Self, Value) {
        let mut wire = Self::open(bench).await;
        wire.say(identify(bench.discord.bot_token(), intents)).await;
        let ready = wire.dispatch("READY").await;
        (wire, ready)
    }

    /// Connects and resumes.
    async fn resumed(bench: &Bench, session: &Value, seq: u64) -> Self {
        let mut wire = Self::open(bench).await;
        let token = bench.discord.bot_token();
        wire.say(json!({ "op": 6, "d": { "token": token, "session_id": session, "seq": seq } }))
            .await;
        wire
    }

    async fn say(&mut self, payload: Value) {
        self.0.send(Message::text(payload.to_string())).await.unwrap();
    }

    async fn heard(&mut self) -> Heard {
        match in_time("a frame", self.0.next()).await {
            Some(Ok(Message::Text(text))) => Heard::Payload(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(Some(frame)))) => Heard::Closed(frame.code.into()),
            Some(Ok(other)) => panic!("{other:?}"),
            Some(Err(Error::ConnectionClosed)) | None | Some(Err(_)) => Heard::Cut,
        }
    }

    async fn payload(&mut self) -> Value {
        match self.heard().await {
            Heard::Payload(payload) => payload,
            other => panic!("{other:?}"),
        }
    }

    /// The data of the next payload, a dispatch of this name; its number stands in `_seq`.
    async fn dispatch(&mut self, name: &str) -> Value {
        let payload = self.payload().await;
        assert_eq!(
            (&payload["op"], &payload["t"]),
            (&json!(0), &json!(name)),
            "{payload}"
        );
        let mut data = payload["d"].clone();
        data["_seq"] = payload["s"].clone();
        data
    }

    /// The next message's text.
    async fn message(&mut self) -> String {
        self.dispatch("MESSAGE_CREATE").await["content"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn identify(token: &str, intents: u64) -> Value {
    let properties = json!({ "os": "linux", "browser": "test", "device": "test" });
    json!({ "op": 2, "d": { "token": token, "intents": intents, "properties": properties } })
}

/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
pub async fn identifying_is_checked() {
    let bench = Bench::new().await;
    let token = bench.discord.bot_token();
    for (payload, code) in [
        (identify("wrong", ALL), 4004),
        (identify(token, 1 << 40), 4013),
        (identify(token, ALL | (1 << 1)), 4014),
        (json!({ "op": 3, "d": {} }), 4003),
        (json!({ "op": 99, "d": {} }), 4001),
        (json!({ "op": 2, "d": {} }), 4002),
        (
            json!({ "op": 6, "d": { "token": "wrong", "session_id": "x", "seq": 1 } }),
            4004,
        ),
    ] {
        let mut wire = Wire::open(&bench).await;
        wire.say(payload.clone()).await;
        assert_eq!(wire.heard().await, Heard::Closed(code), "{payload}");
    }
    bench.discord.message_content(false);
    let mut wire = Wire::open(&bench).await;
    wire.say(identify(token, ALL)).await;
    assert_eq!(
        wire.heard().await,
        Heard::Closed(4014),
        "the intent is off in the settings"
    );
    bench.discord.message_content(true);
    assert_eq!((bench.discord.identifies(), bench.discord.connected()), (0, 0));

    let (mut wire, ready) = Wire::identified(&bench, ALL).await;
    assert_eq!((&ready["v"], &ready["_seq"]), (&json!(10), &json!(1)));
    assert_eq!(
        ready["guilds"],
        json!([{ "id": bench.discord.guild(), "unavailable": true }])
    );
    let guild = wire.dispatch("GUILD_CREATE").await;
    assert_eq!(guild["channels"][0]["id"], json!(bench.apollo));
    wire.say(identify(token, ALL)).await;
    assert_eq!(wire.heard().await, Heard::Closed(4005), "once only");
    assert_eq!(
        (bench.discord.identifies(), bench.discord.intents()),
        (1, Some(ALL))
    );
    let gateway = bench.ok(Method::GET, "/gateway/bot", Value::Null).await;
    assert_eq!(gateway["session_start_limit"]["remaining"], 999);
}

/// <https://discord.com/developers/docs/events/gateway#sending-heartbeats>
pub async fn heartbeats_are_answered() {
    let bench = Bench::new().await;
    bench.discord.heartbeat_every(Duration::from_millis(41_250));
    let (mut wire, _) = Wire::identified(&bench, 1 << 12).await;
    wire.say(json!({ "op": 1, "d": 1 })).await;
    assert_eq!(wire.payload().await["op"], 11);
    bench.discord.deaf(true);
    wire.say(json!({ "op": 1, "d": 1 })).await;
    until(&bench.discord, "the second beat", |discord| {
        discord.heartbeats() == 2
    })
    .await;
    bench.discord.user("ana").dm("no ack came before this");
    assert_eq!(wire.message().await, "no ack came before this");
    bench.discord.silence_connections();
    bench.discord.user("ana").dm("unheard");
    assert_eq!(bench.discord.connected(), 1, "a deaf socket looks alive");
    bench.discord.drop_connections();
    assert_eq!(wire.heard().await, Heard::Cut);
}

/// <https://discord.com/developers/docs/events/gateway#message-content-intent>
pub async fn words_need_the_intent() {
    let bench = Bench::new().await;
    let (mut plain, _) = Wire::identified(&bench, PLAIN).await;
    let (mut all, _) = Wire::identified(&bench, ALL).await;
    for wire in [&mut plain, &mut all] {
        wire.dispatch("GUILD_CREATE").await;
    }
    let ana = bench.discord.user("ana");
    ana.says("#apollo", "among us");
    let ours = bench.posted(json!({ "content": "ours", "nonce": 7 })).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    ana.replies_to("#apollo", &ours, "a reply");
    ana.replies_quietly_to("#apollo", &ours, "a quiet reply");
    ana.dm("between us");
    let mention = format!("<@{}> hi", bench.discord.bot_id());
    ana.says("#apollo", "@pm hi");
    for (in_plain, in_all) in [
        ("", "among us"),
        ("ours", "ours"),
        ("a reply", "a reply"),
        ("", "a quiet reply"),
        ("between us", "between us"),
        (&mention, &mention),
    ] {
        assert_eq!(
            (plain.message().await.as_str(), all.message().await.as_str()),
            (in_plain, in_all)
        );
    }
    let page = async || bench.ok(Method::GET, &bench.messages(), Value::Null).await;
    assert_eq!(page().await[4]["content"], "among us");
    bench.discord.message_content(false);
    assert_eq!(page().await[4]["content"], "", "history keeps to it too");
    bench.discord.deny("#apollo", None, Permission::ViewChannel);
    all.dispatch("CHANNEL_UPDATE").await;
    ana.says("#apollo", "behind its back");
    ana.dm("end");
    assert_eq!(all.message().await, "end");
}

/// Own posts come back with their nonce.
pub async fn own_messages_come_back() {
    let bench = Bench::new().await;
    let (mut wire, _) = Wire::identified(&bench, ALL).await;
    wire.dispatch("GUILD_CREATE").await;
    let body = json!({ "content": "once", "nonce": "n1", "enforce_nonce": true });
    let first = bench.posted(body.clone()).await;
    bench.posted(body).await;
    let heard = wire.dispatch("MESSAGE_CREATE").await;
    assert_eq!((&heard["id"], &heard["nonce"]), (&first["id"], &json!("n1")));
    assert_eq!(
        (&heard["author"]["id"], &heard["author"]["bot"]),
        (&json!(bench.discord.bot_id()), &json!(true))
    );
    let path = format!("{}/{}", bench.messages(), first["id"].as_str().unwrap());
    bench
        .ok(Method::PATCH, &path, json!({ "content": "edited" }))
        .await;
    let edited = wire.dispatch("MESSAGE_UPDATE").await;
    assert_eq!(
        (&edited["content"], &edited["nonce"]),
        (&json!("edited"), &Value::Null)
    );
    bench.ok(Method::DELETE, &path, Value::Null).await;
    assert_eq!(wire.dispatch("MESSAGE_DELETE").await["id"], first["id"]);
}

/// <https://discord.com/developers/docs/events/gateway#resuming>
pub async fn sessions_are_resumed() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let (mut wire, ready) = Wire::identified(&bench, ALL).await;
    wire.dispatch("GUILD_CREATE").await;
    let (session, ana) = (ready["session_id"].clone(), discord.user("ana"));
    ana.says("#apollo", "one");
    assert_eq!(wire.message().await, "one");
    discord.drop_connections();
    assert_eq!(wire.heard().await, Heard::Cut);
    until(discord, "no connection", |discord| discord.connected() == 0).await;
    ana.says("#apollo", "two");
    ana.says("#apollo", "three");

    let mut wire = Wire::resumed(&bench, &session, 3).await;
    assert_eq!(
        (wire.message().await.as_str(), wire.message().await.as_str()),
        ("two", "three")
    );
    assert_eq!(wire.dispatch("RESUMED").await["_seq"], 6);
    let mut second = Wire::resumed(&bench, &session, 6).await;
    second.dispatch("RESUMED").await;
    assert_eq!(
        wire.heard().await,
        Heard::Closed(4000),
        "one connection a session"
    );
    let mut wire = Wire::resumed(&bench, &session, 99).await;
    assert_eq!(wire.heard().await, Heard::Closed(4007));
    let mut wire = Wire::resumed(&bench, &json!("another"), 1).await;
    assert_eq!(wire.payload().await, json!({ "op": 9, "d": false }));
    wire.say(identify(discord.bot_token(), ALL)).await;
    wire.dispatch("READY").await;
    assert_eq!(
        (discord.identifies(), discord.resumes(), discord.connected()),
        (2, 2, 2)
    );
    second.0.close(None).await.unwrap();
    until(discord, "one connection", |discord| discord.connected() == 1).await;
}

/// <https://discord.com/developers/docs/events/gateway-events#invalid-session>, `#reconnect`
pub async fn connections_break_on_order() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let (mut wire, ready) = Wire::identified(&bench, PLAIN).await;
    wire.dispatch("GUILD_CREATE").await;
    let session = ready["session_id"].clone();
    discord.ask_to_reconnect();
    assert_eq!(wire.payload().await["op"], 7);
    discord.close_connections(4000);
    assert_eq!(wire.heard().await, Heard::Closed(4000));
    discord.refuse_resume(true);
    let mut wire = Wire::resumed(&bench, &session, 2).await;
    assert_eq!(wire.payload().await, json!({ "op": 9, "d": true }));
    let mut wire = Wire::resumed(&bench, &session, 2).await;
    wire.dispatch("RESUMED").await;
    discord.close_connections(4009);
    assert_eq!(wire.heard().await, Heard::Closed(4009));
    let mut wire = Wire::resumed(&bench, &session, 3).await;
    assert_eq!(
        wire.payload().await,
        json!({ "op": 9, "d": false }),
        "a session that timed out is over"
    );

    let over: [fn(&FakeDiscord); 3] = [
        FakeDiscord::lose_sessions,
        |discord| discord.invalidate_sessions(false),
        |discord| discord.refuse_resume(false),
    ];
    for (at, order) in over.into_iter().enumerate() {
        let (_wire, ready) = Wire::identified(&bench, PLAIN).await;
        order(discord);
        let mut wire = Wire::resumed(&bench, &ready["session_id"], 1).await;
        assert_eq!(wire.payload().await, json!({ "op": 9, "d": false }), "{at}");
    }
    discord.refuse_identify();
    let mut wire = Wire::open(&bench).await;
    wire.say(identify(discord.bot_token(), PLAIN)).await;
    assert_eq!(wire.payload().await["op"], 9);
}

/// Events held, doubled and out of order.
pub async fn events_can_be_disturbed() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let (mut wire, _) = Wire::identified(&bench, ALL).await;
    wire.dispatch("GUILD_CREATE").await;
    let ana = discord.user("ana");
    discord.send_twice();
    let said = ana.says("#apollo", "twice");
    for _ in 0..2 {
        assert_eq!(wire.dispatch("MESSAGE_CREATE").await["id"], json!(said));
    }
    discord.resend_last_event();
    assert_eq!(wire.dispatch("MESSAGE_CREATE").await["_seq"], 5);
    discord.hold_events();
    ana.says("#apollo", "a");
    ana.says("#apollo", "b");
    assert_eq!(discord.queued(), 2);
    discord.release_events(true);
    assert_eq!(
        (wire.message().await.as_str(), wire.message().await.as_str()),
        ("b", "a")
    );
    discord.hold_events();
    ana.says("#apollo", "lost");
    assert_eq!(discord.lose_held_events(), 1);
    ana.says("#apollo", "end");
    assert_eq!(wire.message().await, "end");
    until(discord, "everything written", |discord| discord.queued() == 0).await;
}
