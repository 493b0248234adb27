//! The part of the contract about serenity, the client the application uses: its strict models read everything the fake sends,
//! and its gateway connects, resumes and begins anew.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use serenity::all::{
    ChannelId, Command, CommandOptionType, Context, CreateActionRow, CreateAllowedMentions, CreateButton,
    CreateCommand, CreateCommandOption, CreateInteractionResponse, CreateInteractionResponseFollowup,
    CreateInteractionResponseMessage, CreateMessage, CreateThread, EditInteractionResponse, EditMessage,
    Event, GatewayIntents, GetMessages, Http, HttpBuilder, Interaction, Message, MessageId, Nonce,
    RawEventHandler, UserId, async_trait,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::contract::{Bench, in_time, until};
use super::{CALLBACK, FakeDiscord, Permission};

/// Where events go.
struct Ears(mpsc::Sender<Event>);

#[async_trait]
impl RawEventHandler for Ears {
    async fn raw_event(&self, _: Context, event: Event) {
        // Nobody listens any more when the case is over.
        drop(self.0.send(event).await);
    }
}

fn http(discord: &FakeDiscord) -> Http {
    HttpBuilder::new(discord.bot_token())
        .proxy(discord.api_url())
        .ratelimiter_disabled(true)
        .build()
}

/// A connected client; its task ends with the set.
async fn listen(discord: &FakeDiscord) -> (JoinSet<()>, mpsc::Receiver<Event>) {
    let (ears, heard) = mpsc::channel(100);
    let intents = GatewayIntents::non_privileged() | GatewayIntents::MESSAGE_CONTENT;
    let client =
        serenity::client::ClientBuilder::new_with_http(http(discord), intents).raw_event_handler(Ears(ears));
    let mut client = in_time("the client", client.into_future()).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(client.start().await) });
    until(discord, "a session", |discord| discord.connected() == 1).await;
    (tasks, heard)
}

async fn next(heard: &mut mpsc::Receiver<Event>) -> Event {
    in_time("an event", heard.recv()).await.unwrap()
}

/// <https://discord.com/developers/docs/events/gateway-events#message-create>
pub async fn the_real_client_hears_people() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let (_tasks, mut heard) = listen(discord).await;
    let mut first = [next(&mut heard).await.name(), next(&mut heard).await.name()];
    first.sort_unstable();
    assert_eq!(first, [Some("GUILD_CREATE".to_owned()), Some("READY".to_owned())]);

    let ana = discord.user("ana");
    let said = ana.says("#apollo", "@pm status of #apollo");
    let message = heard_message(&mut heard).await;
    let expected = format!("<@{}> status of <#{}>", discord.bot_id(), bench.apollo);
    assert_eq!(
        (message.id.to_string(), message.content),
        (said.clone(), expected)
    );
    assert_eq!(message.mentions[0].id.to_string(), discord.bot_id());
    assert_eq!(message.guild_id.unwrap().to_string(), discord.guild());
    assert_eq!(message.timestamp.unix_timestamp(), bench.clock.now().timestamp());
    ana.replies_to("#apollo", &said, "again");
    let message = heard_message(&mut heard).await;
    assert_eq!(message.referenced_message.unwrap().id.to_string(), said);
    ana.dm("psst");
    let message = heard_message(&mut heard).await;
    assert_eq!(
        (message.guild_id, message.channel_id.to_string()),
        (None, ana.dm_channel())
    );
}

async fn heard_message(heard: &mut mpsc::Receiver<Event>) -> Message {
    match next(heard).await {
        Event::MessageCreate(event) => event.message,
        other => panic!("no message: {other:?}"),
    }
}

/// Something that happens, and the event it brings.
type Happening = (fn(&FakeDiscord), &'static str);

const HAPPENINGS: &[Happening] = &[
    (|d| drop(d.user("ana").says("#apollo", "first")), "MESSAGE_CREATE"),
    (
        |d| d.user("ana").edits("#apollo", &first(d), "other"),
        "MESSAGE_UPDATE",
    ),
    (|d| d.link_unfurl(&first(d)), "MESSAGE_UPDATE"),
    (
        |d| drop(d.user("ben").opens_thread("#apollo", &first(d), "about it")),
        "THREAD_CREATE",
    ),
    (|d| d.user("ana").deletes("#apollo", &first(d)), "MESSAGE_DELETE"),
    (|d| drop(d.thread("#apollo", "login")), "THREAD_CREATE"),
    (
        |d| drop(d.user("ana").says_in(&d.thread("#apollo", "login"), "in it")),
        "MESSAGE_CREATE",
    ),
    (
        |d| d.archive(&d.thread("#apollo", "login"), true),
        "THREAD_UPDATE",
    ),
    (
        |d| d.delete_channel(&d.thread("#apollo", "login")),
        "THREAD_DELETE",
    ),
    (|d| drop(d.channel("#hermes")), "CHANNEL_CREATE"),
    (
        |d| d.deny("#hermes", None, Permission::SendMessages),
        "CHANNEL_UPDATE",
    ),
    (|d| d.delete_channel("#hermes"), "CHANNEL_DELETE"),
    (FakeDiscord::remove_bot, "GUILD_DELETE"),
    (FakeDiscord::invite_bot, "GUILD_CREATE"),
    (|d| d.outage(true), "GUILD_DELETE"),
    (|d| d.outage(false), "GUILD_CREATE"),
    (
        |d| drop(d.webhook("ci").says("#apollo", "built")),
        "MESSAGE_CREATE",
    ),
    (|d| drop(d.bot("other").says("#apollo", "beep")), "MESSAGE_CREATE"),
    (
        |d| drop(d.user("ana").slash("#apollo", "status", &[("project", "apollo")])),
        "INTERACTION_CREATE",
    ),
    (
        |d| drop(d.user("ana").slash("@ana", "schedule add", &[("when", "now")])),
        "INTERACTION_CREATE",
    ),
    (
        |d| drop(d.user("ana").completes("#apollo", "status", "project", "ap")),
        "INTERACTION_CREATE",
    ),
];

fn first(discord: &FakeDiscord) -> String {
    discord.messages("#apollo").remove(0).id
}

/// <https://discord.com/developers/docs/events/gateway-events>: the fake sends no event that serenity cannot read.
pub async fn the_real_client_reads_every_event() {
    let bench = Bench::new().await;
    bench.registered().await;
    let (_tasks, mut heard) = listen(&bench.discord).await;
    for _ in 0..2 {
        next(&mut heard).await;
    }
    for (act, name) in HAPPENINGS {
        act(&bench.discord);
        let event = next(&mut heard).await;
        assert_eq!(event.name().as_deref(), Some(*name));
        assert!(!matches!(event, Event::Unknown(_)), "{name}");
    }
    assert_eq!(bench.discord.problems(), Vec::<String>::new());
}

/// <https://discord.com/developers/docs/events/gateway#resuming>
pub async fn the_real_client_resumes() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let (_tasks, mut heard) = listen(discord).await;
    for _ in 0..2 {
        next(&mut heard).await;
    }
    let orders: [fn(&FakeDiscord); 4] = [
        FakeDiscord::drop_connections,
        FakeDiscord::ask_to_reconnect,
        |discord| discord.close_connections(4000),
        |discord| discord.invalidate_sessions(true),
    ];
    for (at, order) in orders.into_iter().enumerate() {
        order(discord);
        discord.user("ana").says("#apollo", "meanwhile");
        until(discord, "a resumed session", |discord| {
            discord.resumes() == at + 1
        })
        .await;
        let mut names = [next(&mut heard).await.name(), next(&mut heard).await.name()];
        names.sort_unstable();
        assert_eq!(
            names,
            [Some("MESSAGE_CREATE".to_owned()), Some("RESUMED".to_owned())],
            "{at}"
        );
    }
    assert_eq!((discord.identifies(), discord.connected()), (1, 1));
}

/// The calls the application makes, with serenity's builders and models.
pub async fn the_real_client_calls() {
    let bench = Bench::new().await;
    let (discord, http) = (&bench.discord, http(&bench.discord));
    let (bot, guild) = (discord.bot_id(), discord.guild().parse().unwrap());
    assert_eq!(http.get_current_user().await.unwrap().id.to_string(), bot);
    assert_eq!(
        http.get_current_application_info().await.unwrap().id.to_string(),
        bot
    );
    let channel: ChannelId = bench.apollo.parse().unwrap();
    assert_eq!(
        http.get_channel(channel).await.unwrap().guild().unwrap().name,
        "apollo"
    );
    assert_eq!(http.get_guild(guild).await.unwrap().name, "Test guild");
    assert_eq!(http.get_channels(guild).await.unwrap().len(), 1);
    assert!(http.get_bot_gateway().await.unwrap().url.starts_with("ws://"));
    let ana: UserId = discord.user("ana").id().parse().unwrap();
    assert_eq!(ana.create_dm_channel(&http).await.unwrap().recipient.name, "ana");
    assert_eq!(http.get_member(guild, ana).await.unwrap().user.name, "ana");

    let said: MessageId = discord.user("ana").says("#apollo", "hello").parse().unwrap();
    let post = CreateMessage::new()
        .content("answer")
        .nonce(Nonce::String("n1".to_owned()))
        .enforce_nonce(true)
        .allowed_mentions(CreateAllowedMentions::new())
        .reference_message((channel, said));
    let posted = channel.send_message(&http, post.clone()).await.unwrap();
    assert_eq!(channel.send_message(&http, post).await.unwrap().id, posted.id);
    let edit = EditMessage::new().content("better");
    assert_eq!(
        channel
            .edit_message(&http, posted.id, edit)
            .await
            .unwrap()
            .content,
        "better"
    );
    let page = GetMessages::new().after(said).limit(100);
    assert_eq!(channel.messages(&http, page).await.unwrap().len(), 1);
    assert_eq!(channel.message(&http, posted.id).await.unwrap().content, "better");
    let thread = CreateThread::new("talk");
    let thread = channel
        .create_thread_from_message(&http, said, thread)
        .await
        .unwrap();
    assert_eq!(thread.id.get(), said.get());
    channel.delete_message(&http, posted.id).await.unwrap();
    assert_eq!(discord.problems(), Vec::<String>::new());
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding>, with serenity's builders and models.
pub async fn the_real_client_answers_interactions() {
    let bench = Bench::new().await;
    let (discord, http) = (&bench.discord, http(&bench.discord));
    http.set_application_id(discord.bot_id().parse().unwrap());
    let status = CreateCommandOption::new(CommandOptionType::SubCommand, "status", "How it stands");
    let command = CreateCommand::new("pm")
        .description("The project manager")
        .add_option(status);
    let registered = Command::set_global_commands(&http, vec![command]).await.unwrap();
    assert_eq!(registered[0].name, "pm");

    let (_tasks, mut heard) = listen(discord).await;
    let used = discord.user("ana").slash("#apollo", "status", &[]);
    let Interaction::Command(command) = interaction(&mut heard).await else {
        panic!("a command")
    };
    let defer = CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new());
    command.create_response(&http, defer).await.unwrap();
    let row = CreateActionRow::Buttons(vec![CreateButton::new("refresh").label("Refresh")]);
    let edit = EditInteractionResponse::new()
        .content("All well.")
        .components(vec![row]);
    let answer = command.edit_response(&http, edit).await.unwrap();
    assert_eq!(command.get_response(&http).await.unwrap().content, "All well.");
    let more = CreateInteractionResponseFollowup::new().content("And more.");
    assert_eq!(
        command.create_followup(&http, more).await.unwrap().content,
        "And more."
    );
    let seen = discord.answer(&used);
    assert!(seen.delivered);
    assert_eq!(
        (seen.answered, seen.original.unwrap().text.as_str()),
        (Some(5), "All well.")
    );
    assert_eq!(seen.followups[0].text, "And more.");

    discord.user("ana").presses(&answer.id.to_string(), "Refresh");
    let Interaction::Component(press) = interaction(&mut heard).await else {
        panic!("a press")
    };
    assert_eq!(
        (press.data.custom_id.as_str(), press.message.id),
        ("refresh", answer.id)
    );
    press
        .create_response(&http, CreateInteractionResponse::Acknowledge)
        .await
        .unwrap();
    assert_eq!(discord.calls(CALLBACK).len(), 2);
    assert_eq!(discord.problems(), Vec::<String>::new());
}

async fn interaction(heard: &mut mpsc::Receiver<Event>) -> Interaction {
    loop {
        if let Event::InteractionCreate(event) = next(heard).await {
            return event.interaction;
        }
    }
}
