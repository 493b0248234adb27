//! What people ask for in the matrix, and what has to be there afterwards. Each job has a name of its own, `J7`, by which its
//! answer and its effects are found.

use chrono::{DateTime, TimeDelta, Utc};

use crate::support::slack::{Fault, Sent};
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
    /// A mention in Slack while the model is busy, and a "stop" in its thread.
    SlackStop,
    /// Talk among people in Slack that is none of ours, some of it edited and some taken back.
    SlackChatter,
    /// A slash command in Slack; the platform's answer to our post is lost.
    SlackLost,
    /// A mention in Slack for a change that waits for an answer, which somebody gives.
    SlackGate,
    /// The same, but nobody answers in time.
    SlackGateLate,
    /// An hour in which nobody asks.
    Hour,
}

/// All of them.
pub(crate) const DOORS: [Door; 14] = [
    Door::SlackTools,
    Door::SlackLong,
    Door::SlackCommand,
    Door::SlackChange,
    Door::DiscordLong,
    Door::DiscordCommand,
    Door::IssueTools,
    Door::Digest,
    Door::SlackStop,
    Door::SlackChatter,
    Door::SlackLost,
    Door::SlackGate,
    Door::SlackGateLate,
    Door::Hour,
];

impl Door {
    /// Where people ask in Slack.
    fn channel(self) -> &'static str {
        match self {
            Self::SlackGate | Self::SlackGateLate => "#careful",
            _ => "#apollo",
        }
    }

    /// The word by which the model knows what to do.
    fn word(self) -> &'static str {
        match self {
            Self::SlackTools => "tools",
            Self::IssueTools => "slow tools",
            Self::SlackLong | Self::DiscordLong => "slow long",
            Self::SlackStop => "slow",
            Self::SlackCommand
            | Self::SlackLost
            | Self::SlackChange
            | Self::DiscordCommand
            | Self::Digest => "short",
            Self::SlackGate => "gate",
            Self::SlackGateLate => "gate late",
            Self::SlackChatter | Self::Hour => "nothing",
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
    /// The thread in Slack that it is asked in, where that is looked at.
    thread: Option<String>,
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
        let mut thread = None;
        let taken = match door {
            Door::SlackTools | Door::SlackLong | Door::SlackGate | Door::SlackGateLate => {
                slack.says(door.channel(), &format!("@pm {words}"));
                Taken::Surely
            }
            Door::SlackStop => {
                let asked = slack.says("#apollo", &format!("@pm {words}"));
                slack.replies("#apollo", &asked, "stop");
                thread = Some(asked);
                Taken::Surely
            }
            Door::SlackChatter => {
                chatter(world, &words);
                Taken::Surely
            }
            Door::Hour => {
                world.pass_at_once(std::time::Duration::from_secs(60 * 60));
                Taken::Surely
            }
            Door::SlackLost => {
                let method = "chat.postMessage";
                world.slack.fault(Fault::DropAfterEffect { method });
                Taken::Slack(slack.slash("#apollo", "/pm", &words))
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
            thread,
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
            Door::Digest | Door::Hour => return found,
            Door::SlackChatter => {
                // Which of its texts is chance: an edit that comes more than an hour before its message does not count.
                let words = format!("job {name} nothing");
                let kept = seen.kept.iter().filter(|text| text.starts_with(&words));
                found.push(("what was heard".to_owned(), kept.count()));
            }
            Door::SlackGate | Door::SlackGateLate => {
                found.push(count(&seen.slack, format!("Done {name}.")));
                found.extend(self.decided(seen));
            }
            Door::SlackTools | Door::SlackLong | Door::SlackCommand | Door::SlackLost => {
                found.push(count(&seen.slack, format!("Done {name}.")));
            }
            // The stop and the answer compete; one of them wins.
            Door::SlackStop => {
                let thread = self.thread.as_deref().unwrap_or_default();
                let said = world.slack.thread("#apollo", thread).into_iter();
                let ended =
                    |text: &str| text.starts_with("Stopped by") || text.contains(&format!("Done {name}."));
                let ends = said.filter(|message| message.is_bot && !message.deleted && ended(&message.text));
                found.push(("its end".to_owned(), ends.count()));
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

    /// One question, and the issue exactly when that was approved.
    fn decided(&self, seen: &Seen) -> [(String, usize); 2] {
        let title = format!("Issue {}.", self.name);
        let asked = seen.slack.iter().filter(|text| text.contains(&title));
        let approved = asked.clone().any(|text| text.contains("*Approved* by"));
        let made = seen
            .issues
            .iter()
            .filter(|issue| issue.starts_with(&title))
            .count();
        let wanted = if approved { made } else { made + 1 };
        [
            ("the question".to_owned(), asked.count()),
            ("what was decided".to_owned(), wanted),
        ]
    }

    /// Adds this job to a tally, and says what is wrong with it.
    pub(crate) fn check(&self, world: &World, seen: &Seen, tally: &mut Tally) -> Vec<String> {
        let taken = self.is_taken(world);
        // Due times are counted by the database, and what is not asked of us is no request.
        let is_request = !matches!(self.door, Door::Digest | Door::Hour | Door::SlackChatter);
        tally.requests += usize::from(is_request && taken);
        tally.refused += usize::from(is_request && !taken);
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

/// Whether Discord still waits for the answer to an interaction, by the id of what it shows meanwhile: it gives up after 15
/// minutes, says so, and the answer is a message of its own.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>
fn is_awaited(id: &str, now: DateTime<Utc>) -> bool {
    // <https://discord.com/developers/docs/reference#snowflakes>
    let millis = (id.parse::<i64>().unwrap() >> 22) + 1_420_070_400_000;
    now - DateTime::from_timestamp_millis(millis).unwrap() < TimeDelta::minutes(15)
}

/// Eve says something and changes it, says something and takes it back, and says something elsewhere.
fn chatter(world: &World, words: &str) {
    let eve = world.slack.user("eve");
    let (changed, gone) = (eve.says("#apollo", words), eve.says("#apollo", "Oh no."));
    eve.edits("#apollo", &changed, &format!("{words}, I mean"));
    eve.deletes("#apollo", &gone);
    eve.says("#random", "Lunch?");
}

/// A rule that no other job has, and that is never due here.
fn yearly(number: usize) -> String {
    format!("{} {} 1 1 *", number % 60, number / 60)
}

/// What stands in the worlds.
pub(crate) struct Seen {
    /// The ids of everything we said, `place id`.
    ids: Vec<String>,
    slack: Vec<String>,
    discord: Vec<String>,
    comments: Vec<String>,
    issues: Vec<String>,
    projects: Vec<String>,
    schedules: Vec<String>,
    /// What people said, as we kept it.
    kept: Vec<String>,
}

impl Seen {
    /// Reads the worlds.
    pub(crate) async fn read(world: &World) -> Self {
        let slack: Vec<_> = world.slack.all_bot_messages();
        let mut discord: Vec<_> = world.discord.all_bot_messages();
        discord.retain(|message| !message.thinking || is_awaited(&message.id, world.clock.now()));
        let on_slack = slack.iter().filter(|m| !m.deleted).map(|m| m.ts.to_string());
        let on_discord = discord.iter().filter(|m| !m.deleted).map(|m| m.id.clone());
        let mut ids: Vec<String> = on_slack.chain(on_discord).collect();
        let (slack, discord) = (slack.into_iter(), discord.into_iter());
        let mut issues = world.github.issues("acme/apollo");
        let comments: Vec<_> = issues
            .iter()
            .flat_map(|issue| world.github.comments("acme/apollo", issue.number))
            .filter(|comment| comment.user == "pm-bot")
            .collect();
        ids.extend(comments.iter().map(|comment| comment.id.to_string()));
        let comments = comments.into_iter().map(|comment| comment.body);
        issues.extend(world.github.issues("acme/careful"));
        let mut tx = world.db.read().await.unwrap();
        let projects = callsheet::store::projects::all(&mut tx).await.unwrap();
        let rules = callsheet::store::schedules::all(&mut tx).await.unwrap();
        Self {
            ids,
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
            kept: world
                .database
                .texts("SELECT text FROM messages WHERE author_kind = 'human'")
                .await,
            projects: projects.into_iter().map(|project| project.name).collect(),
            schedules: rules
                .into_iter()
                .map(|one| one.rule().unwrap().cron().to_owned())
                .collect(),
        }
    }

    /// Compares everything we said with what the outbox knows as sent: what is there and not known was said twice, what is
    /// known and not there is lost.
    pub(crate) fn compare(&self, known: &[String], tally: &mut Tally) -> Vec<String> {
        let mut wrong = Vec::new();
        let (mut there, mut known) = (self.ids.clone(), known.to_vec());
        there.sort();
        known.sort();
        for id in there.iter().filter(|id| known.binary_search(id).is_err()) {
            tally.duplicated += 1;
            wrong.push(format!("message {id} is there, and no delivery knows it"));
        }
        for id in known.iter().filter(|id| there.binary_search(id).is_err()) {
            tally.lost += 1;
            wrong.push(format!("message {id} was sent and is not there"));
        }
        wrong
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
