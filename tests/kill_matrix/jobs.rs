//! What people ask for in the matrix, and what has to be there afterwards. Each job has a name of its own, `J7`, by which its
//! answer and its effects are found.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::model::Turn;
use crate::support::slack::Sent;
use crate::support::world::World;

/// Where a job is asked for, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    /// A mention in Slack; the tools write to GitHub, to Slack and to the project database.
    SlackTools,
    /// A mention in Slack whose answer has several parts, after a busy model made progress show.
    SlackLong,
    /// A slash command in Slack.
    SlackCommand,
    /// A slash command in Slack that changes something without a model.
    SlackChange,
    /// A mention on Discord whose answer has several parts, after a busy model made progress show.
    DiscordLong,
    /// A command on Discord.
    DiscordCommand,
    /// A comment on an issue, after a busy model made progress show.
    IssueTools,
    /// The next due time of the schedule.
    Digest,
}

/// All of them.
pub(crate) const DOORS: [Door; 8] = [
    Door::SlackTools,
    Door::SlackLong,
    Door::SlackCommand,
    Door::SlackChange,
    Door::DiscordLong,
    Door::DiscordCommand,
    Door::IssueTools,
    Door::Digest,
];

impl Door {
    /// The word by which the model knows what to do.
    fn word(self) -> &'static str {
        match self {
            Self::SlackTools => "tools",
            Self::IssueTools => "slow tools",
            Self::SlackLong | Self::DiscordLong => "slow long",
            Self::SlackCommand | Self::SlackChange | Self::DiscordCommand | Self::Digest => "short",
        }
    }
}

/// Whether the platform told the person that the request was taken.
#[derive(Debug)]
enum Taken {
    /// It sends again until it is.
    Surely,
    /// By the acknowledgement of a command in Slack.
    Slack(Sent),
    /// By the first answer to an interaction on Discord.
    Discord(String),
}

/// One thing that was asked for.
#[derive(Debug)]
pub(crate) struct Job {
    name: String,
    number: usize,
    door: Door,
    taken: Taken,
}

/// What was found of the jobs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Requests that were accepted.
    pub(crate) requests: usize,
    /// Answers or effects that are missing.
    pub(crate) lost: usize,
    /// Answers or effects that are there more than once.
    pub(crate) duplicated: usize,
    /// Deliveries of which nobody knows what became of them.
    pub(crate) unknown: usize,
    /// Requests that a platform told the person it could not hand over; they may be answered or not.
    pub(crate) refused: usize,
}

impl Tally {
    /// Adds another world's.
    pub(crate) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.refused += other.refused;
        self.unknown += other.unknown;
    }
}

impl Job {
    /// Asks for a job.
    pub(crate) fn ask(world: &World, number: usize, door: Door) -> Self {
        let name = format!("J{number}");
        let words = format!("job {name} {}", door.word());
        let slack = world.slack.user("ana");
        let discord = world.discord.user("ben");
        let taken = match door {
            Door::SlackTools | Door::SlackLong => {
                slack.says("#apollo", &format!("@pm {words}"));
                Taken::Surely
            }
            Door::SlackCommand => Taken::Slack(slack.slash("#apollo", "/pm", &words)),
            Door::SlackChange => {
                let line = format!("schedule add apollo \"{}\"", yearly(number));
                Taken::Slack(slack.slash("#apollo", "/pm", &line))
            }
            Door::DiscordLong => {
                discord.says("#apollo", &format!("@pm {words}"));
                Taken::Surely
            }
            Door::DiscordCommand => Taken::Discord(discord.slash("#apollo", "ask", &[("text", &words)])),
            Door::IssueTools => {
                let cy = world.github.user("cy");
                let issue = cy.opens("acme/apollo", &name, "");
                cy.comments("acme/apollo", issue, &format!("@pm {words}"));
                Taken::Surely
            }
            Door::Digest => {
                world.pass_at_once(std::time::Duration::from_secs(30 * 60));
                Taken::Surely
            }
        };
        Self {
            name,
            number,
            door,
            taken,
        }
    }

    fn is_taken(&self, world: &World) -> bool {
        match &self.taken {
            Taken::Surely => true,
            Taken::Slack(sent) => world.slack.took(sent),
            Taken::Discord(interaction) => world.discord.answer(interaction).answered.is_some(),
        }
    }

    /// How often each thing that has to be there once is there.
    fn found(&self, world: &World, seen: &Seen) -> Vec<(String, usize)> {
        let name = &self.name;
        let count = |texts: &[String], words: String| {
            let found = texts.iter().filter(|text| text.contains(&words)).count();
            (words, found)
        };
        let mut found = Vec::new();
        match self.door {
            // Counted by the database's due times; see `Stage::check`.
            Door::Digest => return found,
            Door::SlackTools | Door::SlackLong | Door::SlackCommand => {
                found.push(count(&seen.slack, format!("Done {name}.")));
            }
            Door::SlackChange => {
                let rule = yearly(self.number);
                found.push(count(&seen.slack, format!("`{rule}`")));
                found.push((
                    "the schedule".to_owned(),
                    seen.schedules.iter().filter(|one| **one == rule).count(),
                ));
            }
            Door::DiscordLong | Door::DiscordCommand => {
                found.push(count(&seen.discord, format!("Done {name}.")));
            }
            Door::IssueTools => found.push(count(&seen.comments, format!("Done {name}."))),
        }
        match self.door {
            Door::SlackLong => found.push(count(&seen.slack, format!("End {name}."))),
            Door::DiscordLong => found.push(count(&seen.discord, format!("End {name}."))),
            Door::SlackTools | Door::IssueTools => {
                found.push(count(&seen.slack, format!("Post {name}.")));
                found.push(count(&seen.issues, format!("Issue {name}.")));
                found.push(count(&seen.projects, format!("Project {name}.")));
                let labels = world.github.get_issue("acme/apollo", 12).labels;
                let label = format!("label-{}", name.to_lowercase());
                found.push((label.clone(), labels.iter().filter(|one| **one == label).count()));
            }
            _ => {}
        }
        found
    }

    /// Adds this job to a tally, and says what is wrong with it.
    pub(crate) fn check(&self, world: &World, seen: &Seen, tally: &mut Tally) -> Vec<String> {
        let taken = self.is_taken(world);
        tally.requests += usize::from(taken);
        tally.refused += usize::from(!taken);
        let mut wrong = Vec::new();
        for (what, count) in self.found(world, seen) {
            if count == 0 && taken {
                tally.lost += 1;
            } else if count > 1 {
                tally.duplicated += 1;
            } else {
                continue;
            }
            wrong.push(format!(
                "{:?} {}: “{what}” is there {count} times",
                self.door, self.name
            ));
        }
        wrong
    }
}

/// A rule that no other job has, and that is never due here.
fn yearly(number: usize) -> String {
    format!("{} {} 1 1 *", number % 60, number / 60)
}

/// What stands in the worlds.
pub(crate) struct Seen {
    slack: Vec<String>,
    discord: Vec<String>,
    comments: Vec<String>,
    issues: Vec<String>,
    projects: Vec<String>,
    schedules: Vec<String>,
}

impl Seen {
    /// Reads the worlds.
    pub(crate) async fn read(world: &World) -> Self {
        let slack = world.slack.all_bot_messages().into_iter();
        let discord = world.discord.all_bot_messages().into_iter();
        let issues = world.github.issues("acme/apollo");
        let comments = issues
            .iter()
            .flat_map(|issue| world.github.comments("acme/apollo", issue.number))
            .filter(|comment| comment.user == "pm-bot")
            .map(|comment| comment.body);
        let mut tx = world.db.read().await.unwrap();
        let projects = callsheet::store::projects::all(&mut tx).await.unwrap();
        let rules = callsheet::store::schedules::all(&mut tx).await.unwrap();
        Self {
            slack: slack.filter(|m| !m.deleted).map(|m| m.text).collect(),
            discord: discord
                .filter(|m| !m.deleted)
                .map(|m| {
                    if m.thinking {
                        "_thinking …_".to_owned()
                    } else {
                        m.text
                    }
                })
                .collect(),
            comments: comments.collect(),
            issues: issues.iter().map(|issue| issue.title.clone()).collect(),
            projects: projects.into_iter().map(|project| project.name).collect(),
            schedules: rules
                .into_iter()
                .map(|one| one.rule().unwrap().cron().to_owned())
                .collect(),
        }
    }

    /// How many digests stand in Slack.
    pub(crate) fn digests(&self) -> usize {
        let digests = self.slack.iter().filter(|text| text.contains("Status of "));
        digests.count()
    }

    /// How everything we said begins.
    pub(crate) fn first_lines(&self) -> Vec<String> {
        let all = [&self.slack, &self.discord, &self.comments].into_iter().flatten();
        all.map(|text| text.chars().take(80).collect()).collect()
    }

    /// Progress that nobody ended.
    pub(crate) fn hanging(&self) -> Vec<&String> {
        let all = [&self.slack, &self.discord, &self.comments].into_iter().flatten();
        all.filter(|text| text.contains(" …_")).collect()
    }
}

/// What the model says: by what it is asked and how far the journal is, since a question that was in flight at a crash is
/// asked again.
pub(crate) fn script(world: &World) {
    let busy: Mutex<HashMap<String, usize>> = Mutex::new(HashMap::new());
    // By its address, since Discord has a channel of the same name.
    let channel = format!("slack:{}/{}", world.slack.team(), world.slack.channel("#apollo"));
    world.model.always(move |request| {
        let messages = request["messages"].as_array().unwrap();
        let asked = messages.iter().rposition(|message| message["role"] == "user");
        let (text, since) = asked.map_or((String::new(), messages.len()), |at| {
            (messages[at]["content"].to_string(), at)
        });
        // What one person says in a row may be one turn.
        let jobs: Vec<(&str, &str)> = text
            .split("job J")
            .skip(1)
            .filter_map(|job| job.split_once(' '))
            .collect();
        let Some((name, word)) = jobs.last().copied() else {
            return Turn::says("I do not know this job.");
        };
        if word.starts_with("slow") {
            let mut busy = busy.lock().unwrap();
            let asked = busy.entry(name.to_owned()).or_default();
            *asked += 1;
            if *asked == 1 {
                return Turn::fails(503, Some(3), "overloaded");
            }
        }
        let results = messages[since..]
            .iter()
            .filter(|message| message["role"] == "tool")
            .count();
        if word.contains("tools") && results == 0 {
            return tools(name, &channel);
        }
        Turn::says(&answer(&jobs))
    });
}

/// The answer to some jobs, of which some want a long one.
fn answer(jobs: &[(&str, &str)]) -> String {
    let done: Vec<String> = jobs.iter().map(|(name, _)| format!("Done J{name}.")).collect();
    let long = jobs.iter().filter(|(_, word)| word.contains("long"));
    let ends: Vec<String> = long.map(|(name, _)| format!("End J{name}.")).collect();
    if ends.is_empty() {
        return done.join(" ");
    }
    let body = "All of it was looked at, and all of it is as it should be. ".repeat(90);
    format!("{}\n\n{body}\n\n{}", done.join(" "), ends.join(" "))
}

fn tools(name: &str, channel: &str) -> Turn {
    let issue = json!({"issue": "acme/apollo#12", "add_labels": [format!("label-j{name}")]});
    let calls: [(&str, Value); 4] = [
        ("update_issue", issue),
        (
            "post_message",
            json!({"place": channel, "text": format!("Post J{name}.")}),
        ),
        ("create_project", json!({"name": format!("Project J{name}.")})),
        (
            "create_issue",
            json!({"repository": "acme/apollo", "title": format!("Issue J{name}.")}),
        ),
    ];
    Turn::calls_tools(&calls)
}
