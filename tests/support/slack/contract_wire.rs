//! The part of the contract that is about the wire: faults as a real HTTP client sees them, and
//! slack-morphism, the client the application uses, talking to the fake.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;
use tokio::sync::mpsc;

use super::contract::Bench;
use super::faults::Fault;
use super::{FakeSlack, Mentions};

type Connector = SlackClientHyperConnector<HttpConnector>;
type Heard = Result<(), Box<dyn std::error::Error + Send + Sync>>;

const POST: &str = "chat.postMessage";

/// Waits until the workspace looks as expected.
pub(super) async fn until(slack: &FakeSlack, what: &str, ready: impl Fn(&FakeSlack) -> bool) {
    let mut changes = slack.changed();
    let wait = async {
        while !ready(slack) {
            changes.changed().await.unwrap();
        }
    };
    in_time(what, wait).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "a real client on a real socket: a hang must end by real time"
)]
async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(10), work).await;
    done.unwrap_or_else(|_| panic!("waited too long for: {what}"))
}

/// The effect happens, and the answer is an error.
const FAILED_LATE: Fault = Fault::StatusAfterEffect {
    method: POST,
    code: 502,
};

/// Every fault of one call, and that exactly the promised effects happened.
pub async fn faults_show_on_the_wire() {
    let bench = Bench::new().await;
    let send = async |text: &str| {
        let args = json!({ "channel": "CAPOLLO", "text": text });
        let answer = in_time(text, bench.request(POST, &args).send()).await?;
        let wait = answer
            .headers()
            .get("retry-after")
            .map(|wait| wait.to_str().unwrap().to_owned());
        Ok::<_, reqwest::Error>((answer.status().as_u16(), wait))
    };
    let refused = Fault::Refuse {
        method: POST,
        error: "fatal_error",
    };
    let limited = Fault::RateLimit {
        method: POST,
        retry_after: Some(7),
    };
    let limited_bare = Fault::RateLimit {
        method: POST,
        retry_after: None,
    };
    let failed = Fault::Status {
        method: POST,
        code: 503,
    };
    // The client's pool is filled from the first call on: a cut meets a connection that was in use before.
    for (fault, seen) in [
        (refused, (200, None)),
        (limited, (429, Some("7".to_owned()))),
        (limited_bare, (429, None)),
        (failed, (503, None)),
        (FAILED_LATE, (502, None)),
    ] {
        bench.slack.fault(fault.clone());
        assert_eq!(send(&format!("{seen:?}")).await.unwrap(), seen, "{fault:?}");
    }
    let cut_before = Fault::DropBeforeEffect { method: POST };
    let cut_after = Fault::DropAfterEffect { method: POST };
    let reset_after = Fault::ResetAfterEffect { method: POST };
    for (fault, text) in [
        (cut_before, "cut before"),
        (cut_after, "cut after"),
        (reset_after, "reset after"),
    ] {
        bench.slack.fault(fault);
        let error = send(text).await.expect_err("a connection cut before the answer");
        assert!(error.is_request() && !error.is_connect(), "{error:?}");
    }
    assert_eq!(send("whole again").await.unwrap().0, 200);
    let texts: Vec<String> = bench
        .slack
        .bot_messages("#apollo")
        .into_iter()
        .map(|msg| msg.text)
        .collect();
    assert_eq!(texts, ["(502, None)", "cut after", "reset after", "whole again"]);
    assert_eq!(bench.slack.calls(POST).len(), 9, "the client sent nothing twice");
    assert_eq!(bench.slack.faults_left(), 0);
}

/// `ApplyLater` follows the test's clock, `Hold` the test's word.
pub async fn late_and_held_effects_keep_their_time() {
    let bench = Bench::new().await;
    let request = |text: &str| {
        bench
            .request(POST, &json!({ "channel": "CAPOLLO", "text": text }))
            .send()
    };
    bench.slack.fault(Fault::ApplyLater {
        method: POST,
        after: Duration::from_secs(30),
    });
    assert!(request("late").await.is_err());
    bench.clock.advance(Duration::from_secs(29));
    assert!(bench.slack.bot_messages("#apollo").is_empty());
    let mut changes = bench.slack.changed();
    changes.mark_unchanged();
    bench.clock.advance(Duration::from_secs(1));
    in_time("the late effect", changes.changed()).await.unwrap();
    assert_eq!(bench.slack.bot_messages("#apollo").len(), 1);

    bench.slack.fault(Fault::Hold { method: POST });
    bench.slack.fault(Fault::HoldBeforeEffect { method: POST });
    for (text, before) in [("done", 2), ("not yet", 2)] {
        let watch = async {
            until(&bench.slack, "a held call", |slack| slack.held(POST) == 1).await;
            assert_eq!(bench.slack.bot_messages("#apollo").len(), before, "{text}");
            bench.slack.release(POST);
        };
        let (answer, ()) = in_time("the held answer", async { tokio::join!(request(text), watch) }).await;
        assert!(answer.unwrap().status().is_success());
    }
    assert_eq!(bench.slack.bot_messages("#apollo").len(), 3);
}

fn client(slack: &FakeSlack) -> Arc<SlackClient<Connector>> {
    let connector = SlackClientHyperConnector::with_connector(HttpConnector::new());
    Arc::new(SlackClient::new(connector.with_slack_api_url(&slack.api_url())))
}

/// slack-morphism's Web API calls, with its strict models.
pub async fn the_real_client_calls() {
    let bench = Bench::new().await;
    let client = client(&bench.slack);
    let token = SlackApiToken::new(bench.slack.bot_token().into());
    let session = client.open_session(&token);
    let auth = session.auth_test().await.unwrap();
    assert_eq!((auth.user_id, auth.bot_id), ("UPM".into(), Some("BPM".into())));
    let content = SlackMessageContent::new().with_text("hello".to_owned());
    let posted = SlackApiChatPostMessageRequest::new("CAPOLLO".into(), content.clone());
    let posted = session.chat_post_message(&posted).await.unwrap();
    assert_eq!(posted.message.sender.bot_id, Some("BPM".into()));
    let (ts, content) = (posted.ts, content.with_text("edited".to_owned()));
    let edit = SlackApiChatUpdateRequest::new("CAPOLLO".into(), content, ts.clone());
    assert_eq!(session.chat_update(&edit).await.unwrap().ts, ts);
    bench.slack.user("ana").says("#apollo", "@pm thanks");
    let history = SlackApiConversationsHistoryRequest::new().with_channel("CAPOLLO".into());
    let history = session.conversations_history(&history).await.unwrap();
    assert_eq!(history.messages.len(), 2);
    let replies = SlackApiConversationsRepliesRequest::new("CAPOLLO".into(), ts.clone());
    let replies = session.conversations_replies(&replies).await.unwrap();
    assert_eq!(replies.messages.len(), 1);
    let info = SlackApiConversationsInfoRequest::new("CAPOLLO".into());
    let info = session.conversations_info(&info).await.unwrap();
    assert_eq!(info.channel.name.as_deref(), Some("apollo"));
    let user = SlackApiUsersInfoRequest::new("UANA".into());
    let user = session.users_info(&user).await.unwrap();
    assert_eq!(user.user.flags.is_bot, Some(false));
    let open = SlackApiConversationsOpenRequest::new().with_users(vec!["UANA".into()]);
    let open = session.conversations_open(&open).await.unwrap();
    assert_eq!(open.channel.id, "DANA".into());
    let react = SlackApiReactionsAddRequest::new("CAPOLLO".into(), "eyes".into(), ts.clone());
    assert!(session.reactions_add(&react).await.is_ok());
    let link = SlackApiChatGetPermalinkRequest::new("CAPOLLO".into(), ts.clone());
    assert!(session.chat_get_permalink(&link).await.is_ok());
    let gone = SlackApiChatDeleteRequest::new("CAPOLLO".into(), ts);
    assert!(session.chat_delete(&gone).await.is_ok());
}

/// slack-morphism's own errors for what goes wrong on the way.
pub async fn the_real_client_sees_faults() {
    let bench = Bench::new().await;
    let client = client(&bench.slack);
    let token = SlackApiToken::new(bench.slack.bot_token().into());
    let session = client.open_session(&token);
    bench.slack.fault(Fault::RateLimit {
        method: POST,
        retry_after: Some(3),
    });
    bench.slack.fault(Fault::DropAfterEffect { method: POST });
    let again = SlackMessageContent::new().with_text("again".to_owned());
    let again = SlackApiChatPostMessageRequest::new("CAPOLLO".into(), again);
    match session.chat_post_message(&again).await {
        Err(SlackClientError::RateLimitError(limit)) => {
            assert_eq!(limit.retry_after, Some(Duration::from_secs(3)))
        }
        other => panic!("{other:?}"),
    }
    let cut = in_time("the cut", session.chat_post_message(&again)).await;
    assert!(
        matches!(cut, Err(SlackClientError::HttpProtocolError(_))),
        "{cut:?}"
    );
    assert_eq!(bench.slack.bot_messages("#apollo").len(), 1);
}

/// Where the callbacks put what they hear.
struct Ears(mpsc::Sender<String>);

async fn hear(states: SlackClientEventsUserState, what: String) -> Heard {
    let states = states.read().await;
    let ears = states.get_user_state::<Ears>().expect("the ears");
    ears.0.try_send(what)?;
    Ok(())
}

async fn on_event(
    event: SlackPushEventCallback,
    _: Arc<SlackClient<Connector>>,
    ears: SlackClientEventsUserState,
) -> Heard {
    let kind = match event.event {
        SlackEventCallbackBody::Message(message) => match message.subtype {
            None => format!(
                "message {}",
                message
                    .content
                    .and_then(|content| content.text)
                    .unwrap_or_default()
            ),
            Some(subtype) => format!("{subtype:?}"),
        },
        SlackEventCallbackBody::AppMention(mention) => format!("mention by {}", mention.user.0),
        SlackEventCallbackBody::ReactionAdded(_) => "reaction".to_owned(),
        other => format!("{other:?}"),
    };
    hear(ears, format!("{} {kind}", event.event_id.0)).await
}

async fn on_command(
    event: SlackCommandEvent,
    _: Arc<SlackClient<Connector>>,
    ears: SlackClientEventsUserState,
) -> Result<SlackCommandEventResponse, Box<dyn std::error::Error + Send + Sync>> {
    hear(
        ears,
        format!("command {} {}", event.command.0, event.text.unwrap_or_default()),
    )
    .await?;
    Ok(SlackCommandEventResponse::new(
        SlackMessageContent::new().with_text("noted".to_owned()),
    ))
}

async fn on_click(
    event: SlackInteractionEvent,
    _: Arc<SlackClient<Connector>>,
    ears: SlackClientEventsUserState,
) -> Heard {
    let SlackInteractionEvent::BlockActions(click) = event else {
        return Err("not a click".into());
    };
    let actions = click.actions.unwrap_or_default();
    hear(ears, format!("click {:?}", actions[0].value)).await
}

/// Connects slack-morphism's Socket Mode with two sockets; what it hears arrives in the channel.
async fn listen(slack: &FakeSlack) -> (SlackClientSocketModeListener<Connector>, mpsc::Receiver<String>) {
    let (ears, heard) = mpsc::channel(100);
    let callbacks = SlackSocketModeListenerCallbacks::new()
        .with_push_events(on_event)
        .with_command_events(on_command)
        .with_interaction_events(on_click);
    let environment = SlackClientEventsListenerEnvironment::new(client(slack)).with_user_state(Ears(ears));
    let config = SlackClientSocketModeConfig::new()
        .with_max_connections_count(2)
        .with_initial_backoff_in_seconds(0)
        .with_reconnect_timeout_in_seconds(1);
    let listener = SlackClientSocketModeListener::new(&config, Arc::new(environment), callbacks);
    listener
        .listen_for(&SlackApiToken::new(slack.app_token().into()))
        .await
        .unwrap();
    listener.start().await;
    until(slack, "two sockets", |slack| slack.sockets() == 2).await;
    (listener, heard)
}

async fn next(heard: &mut mpsc::Receiver<String>) -> String {
    in_time("an event", heard.recv()).await.unwrap()
}

/// The kind of event, without its id.
fn kind(heard: &str) -> &str {
    heard.split_once(' ').map_or(heard, |(_, kind)| kind)
}

/// slack-morphism over Socket Mode: hello, events of every kind with its strict models, commands, clicks,
/// acks.
pub async fn the_real_client_listens() {
    let bench = Bench::new().await;
    let slack = &bench.slack;
    let (listener, mut heard) = listen(slack).await;
    let ana = slack.user("ana");
    let ts = ana.says("#apollo", "@pm status");
    let mut both = [next(&mut heard).await, next(&mut heard).await];
    both.sort();
    assert_eq!(
        (kind(&both[0]), kind(&both[1])),
        ("message <@UPM> status", "mention by UANA")
    );
    let expect = async |heard: &mut mpsc::Receiver<String>, wanted: &str| {
        let event = next(heard).await;
        assert_eq!(kind(&event), wanted);
    };
    slack.mentions(Mentions::MentionOnly);
    ana.says("#apollo", "@pm again");
    expect(&mut heard, "mention by UANA").await;
    ana.edits("#apollo", &ts, "status please");
    expect(&mut heard, "MessageChanged").await;
    slack.link_unfurl(&ts);
    expect(&mut heard, "MessageChanged").await;
    ana.reacts("#apollo", &ts, "eyes");
    expect(&mut heard, "reaction").await;
    ana.deletes("#apollo", &ts);
    expect(&mut heard, "MessageDeleted").await;
    slack.bot("otherbot").says("#apollo", "beep");
    expect(&mut heard, "BotMessage").await;
    ana.dm("psst");
    expect(&mut heard, "message psst").await;
    let buttons = json!([{ "type": "actions", "elements": [{
        "type": "button", "action_id": "ok", "value": "yes", "text": { "type": "plain_text", "text": "OK" },
    }]}]);
    let asked = bench
        .posted(json!({ "channel": "CAPOLLO", "text": "sure?", "blocks": buttons }))
        .await;
    expect(&mut heard, "message sure?").await;
    assert!(ana.clicks("#apollo", &asked, "ok").delivered);
    assert_eq!(next(&mut heard).await, "click Some(\"yes\")");
    assert!(ana.slash("#apollo", "/pm", "status apollo").delivered);
    assert_eq!(next(&mut heard).await, "command /pm status apollo");
    until(slack, "all acknowledged", |slack| slack.unacked() == 0).await;
    let noted = |slack: &FakeSlack| slack.acks().iter().any(|ack| ack["payload"]["text"] == "noted");
    assert!(noted(slack), "the command's answer");
    bench.clock.advance(Duration::from_secs(10));
    until(slack, "both sockets' pongs", |slack| slack.pongs() == 2).await;
    listener.shutdown().await;
}

/// Events that a socket did not bring through arrive over the next, under the same id.
pub async fn events_survive_sockets() {
    let bench = Bench::new().await;
    let slack = &bench.slack;
    let ana = slack.user("ana");
    ana.says("#apollo", "early");
    assert_eq!(slack.queued(), 1);
    let (listener, mut heard) = listen(slack).await;
    let early = next(&mut heard).await;
    assert_eq!(kind(&early), "message early");
    slack.resend_last_event();
    assert_eq!(next(&mut heard).await, early);
    slack.fault(Fault::NoAckWait);
    ana.says("#apollo", "twice");
    assert_eq!(next(&mut heard).await, next(&mut heard).await);

    slack.hold_events();
    ana.says("#apollo", "a");
    ana.says("#apollo", "b");
    slack.release_events(true);
    let mut events = [next(&mut heard).await, next(&mut heard).await];
    events.sort();
    assert_eq!((kind(&events[0]), kind(&events[1])), ("message a", "message b"));
    until(slack, "all acknowledged", |slack| slack.unacked() == 0).await;

    for fault in [Fault::SocketDisconnect, Fault::SocketDrop] {
        let before = slack.connections();
        slack.fault(fault.clone());
        ana.says("#apollo", "meanwhile");
        until(slack, "two new sockets", |slack| {
            slack.connections() == before + 2 && slack.sockets() == 2
        })
        .await;
        until(slack, "all acknowledged", |slack| {
            slack.unacked() + slack.queued() == 0
        })
        .await;
        let first = next(&mut heard).await;
        assert_eq!(kind(&first), "message meanwhile", "{fault:?}");
        while let Ok(again) = heard.try_recv() {
            assert_eq!(again, first, "{fault:?}: only that event, if twice");
        }
    }
    slack.fault(Fault::SocketSilent);
    ana.says("#apollo", "unheard");
    assert_eq!(
        (slack.sockets(), slack.unacked()),
        (2, 1),
        "a deaf socket looks alive"
    );
    listener.shutdown().await;
}

/// Nothing listens any more once the fake is gone, and open connections end.
pub async fn tasks_end_with_the_fake() {
    let bench = Bench::new().await;
    let url = format!("{}/auth.test", bench.slack.api_url());
    bench.slack.fault(Fault::Hold { method: "auth.test" });
    let held = bench.client.get(&url).send();
    let slack = bench.slack;
    let end = async move {
        until(&slack, "the held call", |slack| slack.held("auth.test") == 1).await;
        drop(slack);
    };
    let (answer, ()) = in_time("the end", async { tokio::join!(held, end) }).await;
    assert!(answer.is_err(), "an open call is cut");
    assert!(bench.client.get(&url).send().await.unwrap_err().is_connect());
}
