//! What the model says in the matrix.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::model::Turn;
use crate::support::world::World;

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
        if word.starts_with("gate") && results == 0 {
            let late = if word.starts_with("gate late") {
                " late"
            } else {
                ""
            };
            let title = format!("Issue J{name}.{late}");
            let issue = json!({"repository": "acme/careful", "title": title});
            return Turn::calls_tools(&[("create_issue", issue)]);
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
