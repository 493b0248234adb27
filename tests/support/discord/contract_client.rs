//! The part of the contract about serenity, the client the application uses: its strict models read everything the fake sends,
//! and its gateway connects, resumes and begins anew.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use serenity::all::{
    ChannelId, CommandInteraction, Context, CreateActionRow, CreateAllowedMentions, CreateButton,
    CreateCommand, CreateCommandOption, CreateInteractionResponse, CreateMessage, CreateThread,
    EditInteractionResponse, EditMessage, Event, GatewayIntents, GetMessages, Http, HttpBuilder, Interaction,
    MessageId, RawEventHandler, UserId, async_trait,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::contract::{Bench, in_time, until};
use super::{FakeDiscord, Permission};

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

/// <https://discord.com/developers/docs/events/gateway-events>: no event of the fake is one serenity cannot read.
pub async fn the_real_client_listens() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let thread = discord.thread("#apollo", "login");
    bench.registered().await;
    let (_tasks, mut heard) = listen(discord).await;
    let mut first = [next(&mut heard).await.name(), next(&mut heard).await.name()];
    first.sort_unstable();
    assert_eq!(first, [Some("GUILD_CREATE".to_owned()), Some("READY".to_owned())]);

    let ana = discord.user("ana");
    let said = ana.says("#apollo", "@pm status of #apollo");
    let Event::MessageCreate(event) = next(&mut heard).await else {
        panic!("a message")
    };
    let expected = format!("<@{}> status of <#{}>", discord.bot_id(), bench.apollo);
    assert_eq!(event.message.content, expected);
    assert_eq!(event.message.mentions[0].id.to_string(), discord.bot_id());
    assert_eq!(event.message.guild_id.unwrap().to_string(), discord.guild());
    ana.replies_to("#apollo", &said, "again");
    let Event::MessageCreate(event) = next(&mut heard).await else {
        panic!("a reply")
    };
    assert_eq!(event.message.referenced_message.unwrap().id.to_string(), said);
    for (act, name) in [
        (
            (|d, _| drop(d.user("ana").says("@ana", "psst"))) as fn(&FakeDiscord, &str),
            "MESSAGE_CREATE",
        ),
        (
            |d, said| d.user("ana").edits("#apollo", said, "other"),
            "MESSAGE_UPDATE",
        ),
        (|d, said| d.link_unfurl(said), "MESSAGE_UPDATE"),
        (|d, said| d.user("ana").deletes("#apollo", said), "MESSAGE_DELETE"),
        (|d, _| drop(d.thread("#apollo", "new")), "THREAD_CREATE"),
        (|d, _| drop(d.channel("#hermes")), "CHANNEL_CREATE"),
        (
            |d, _| d.deny("#hermes", None, Permission::SendMessages),
            "CHANNEL_UPDATE",
        ),
        (|d, _| d.delete_channel("#hermes"), "CHANNEL_DELETE"),
        (|d, _| d.remove_bot(), "GUILD_DELETE"),
        (|d, _| d.invite_bot(), "GUILD_CREATE"),
        (
            |d, _| drop(d.webhook("ci").says("#apollo", "built")),
            "MESSAGE_CREATE",
        ),
        (
            |d, _| drop(d.user("ana").slash("#apollo", "status", &[("project", "apollo")])),
            "INTERACTION_CREATE",
        ),
        (
            |d, _| drop(d.user("ana").slash("@ana", "schedule add", &[("when", "now")])),
            "INTERACTION_CREATE",
        ),
        (
            |d, _| drop(d.user("ana").completes("#apollo", "status", "project", "ap")),
            "INTERACTION_CREATE",
        ),
    ] {
        act(discord, &said);
        assert_eq!(next(&mut heard).await.name().as_deref(), Some(name));
    }
    discord.archive(&thread, true);
    assert!(matches!(next(&mut heard).await, Event::ThreadUpdate(_)));
    discord.delete_channel(&thread);
    assert!(matches!(next(&mut heard).await, Event::ThreadDelete(_)));
    assert_eq!(discord.problems(), Vec::<String>::new());
}

/// The calls the application makes, with serenity's builders and models.
pub async fn the_real_client_calls() {
    let bench = Bench::new().await;
    let (discord, http) = (&bench.discord, http(&bench.discord));
    http.set_application_id(discord.bot_id().parse().unwrap());
    assert_eq!(
        http.get_current_user().await.unwrap().id.to_string(),
        discord.bot_id()
    );
    assert_eq!(
        http.get_current_application_info().await.unwrap().id.to_string(),
        discord.bot_id()
    );
    let channel: ChannelId = bench.apollo.parse().unwrap();
    assert_eq!(
        http.get_channel(channel).await.unwrap().guild().unwrap().name,
        "apollo"
    );
    assert_eq!(
        http.get_guild(discord.guild().parse().unwrap())
            .await
            .unwrap()
            .name,
        "Test guild"
    );
    assert_eq!(
        http.get_channels(discord.guild().parse().unwrap())
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(http.get_bot_gateway().await.unwrap().url.starts_with("ws://"));

    let said: MessageId = discord.user("ana").says("#apollo", "hello").parse().unwrap();
    let row = CreateActionRow::Buttons(vec![CreateButton::new("refresh").label("Refresh")]);
    let post = CreateMessage::new()
        .content("answer")
        .nonce(serenity::all::Nonce::String("n1".to_owned()))
        .enforce_nonce(true)
        .allowed_mentions(CreateAllowedMentions::new())
        .reference_message((channel, said))
        .components(vec![row]);
    let posted = channel.send_message(&http, post.clone()).await.unwrap();
    assert_eq!(channel.send_message(&http, post).await.unwrap().id, posted.id);
    let edited = channel
        .edit_message(&http, posted.id, EditMessage::new().content("better"))
        .await
        .unwrap();
    assert_eq!(edited.content, "better");
    assert_eq!(
        channel
            .messages(&http, GetMessages::new().after(said).limit(100))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(channel.message(&http, posted.id).await.unwrap().content, "better");
    let thread = channel
        .create_thread_from_message(&http, said, CreateThread::new("talk"))
        .await
        .unwrap();
    assert_eq!(thread.id.get(), said.get());
    let ana: UserId = discord.user("ana").id().parse().unwrap();
    assert_eq!(ana.create_dm_channel(&http).await.unwrap().recipient.name, "ana");

    let option = CreateCommandOption::new(
        serenity::all::CommandOptionType::SubCommand,
        "status",
        "How it stands",
    );
    let command = CreateCommand::new("pm")
        .description("The project manager")
        .add_option(option);
    let registered = serenity::all::Command::set_global_commands(&http, vec![command])
        .await
        .unwrap();
    assert_eq!(registered[0].name, "pm");
    let (_tasks, mut heard) = listen(discord).await;
    discord.user("ana").slash("#apollo", "status", &[]);
    let command = interaction(&mut heard).await;
    let Interaction::Command(command) = command else {
        panic!("a command")
    };
    answer(&http, &command).await;
    discord.user("ana").presses(&posted.id.to_string(), "Refresh");
    let Interaction::Component(press) = interaction(&mut heard).await else {
        panic!("a press")
    };
    assert_eq!(
        (press.data.custom_id.as_str(), press.message.id),
        ("refresh", posted.id)
    );
    press
        .create_response(&http, CreateInteractionResponse::Acknowledge)
        .await
        .unwrap();
    channel.delete_message(&http, posted.id).await.unwrap();
    assert_eq!(discord.problems(), Vec::<String>::new());
}

async fn interaction(heard: &mut mpsc::Receiver<Event>) -> Interaction {
    loop {
        if let Event::InteractionCreate(event) = next(heard).await {
            return event.interaction;
        }
    }
}

async fn answer(http: &Http, command: &CommandInteraction) {
    let defer = CreateInteractionResponse::Defer(serenity::all::CreateInteractionResponseMessage::new());
    command.create_response(http, defer).await.unwrap();
    let edit = EditInteractionResponse::new().content("All well.");
    assert_eq!(
        command.edit_response(http, edit).await.unwrap().content,
        "All well."
    );
    assert_eq!(command.get_response(http).await.unwrap().content, "All well.");
    let more = serenity::all::CreateInteractionResponseFollowup::new().content("And more.");
    assert_eq!(
        command.create_followup(http, more).await.unwrap().content,
        "And more."
    );
}
