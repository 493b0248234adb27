//! Checks Block Kit blocks for the limits an app runs into.
//! <https://docs.slack.dev/reference/block-kit/blocks>

use std::collections::BTreeSet;

use serde_json::Value;

/// Blocks in a message.
const BLOCKS: usize = 50;

/// Characters of a section's text. <https://docs.slack.dev/reference/block-kit/blocks/section-block>
const SECTION: usize = 3_000;

/// Characters of a header's text. <https://docs.slack.dev/reference/block-kit/blocks/header-block>
const HEADER: usize = 150;

/// Characters of all markdown blocks of a message.
/// <https://docs.slack.dev/reference/block-kit/blocks/markdown-block>
const MARKDOWN: usize = 12_000;

/// Elements of an actions block. <https://docs.slack.dev/reference/block-kit/blocks/actions-block>
const ACTIONS: usize = 25;

/// Characters of a button's words, of its value and of its action's id.
/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>
const BUTTON: (usize, usize, usize) = (75, 2_000, 255);

/// Elements of a context block. <https://docs.slack.dev/reference/block-kit/blocks/context-block>
const CONTEXT: usize = 10;

/// The kinds of block a message may hold.
const KINDS: [&str; 13] = [
    "actions",
    "call",
    "context",
    "context_actions",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "rich_text",
    "section",
    "video",
];

/// The error word for blocks that Slack would not take.
pub(super) fn check(blocks: &Value) -> Result<(), &'static str> {
    let list = blocks.as_array().ok_or("invalid_blocks_format")?;
    let markdown: usize = list
        .iter()
        .filter(|block| block["type"] == "markdown")
        .map(|b| length(&b["text"]))
        .sum();
    if list.len() > BLOCKS || markdown > MARKDOWN || !list.iter().all(fits) {
        return Err("invalid_blocks");
    }
    Ok(())
}

fn fits(block: &Value) -> bool {
    let kind = block["type"].as_str().unwrap_or_default();
    let elements = block["elements"].as_array().map_or(0, Vec::len);
    KINDS.contains(&kind)
        && match kind {
            "section" => {
                let fields = block["fields"].is_array();
                (fields && block["text"].is_null()) || is_text(&block["text"], SECTION)
            }
            "header" => (1..=HEADER).contains(&length(&block["text"]["text"])),
            "markdown" => length(&block["text"]) > 0,
            "actions" => (1..=ACTIONS).contains(&elements) && are_elements(&block["elements"]),
            "context" => (1..=CONTEXT).contains(&elements),
            _ => true,
        }
}

/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>
fn is_text(text: &Value, longest: usize) -> bool {
    let of_kind = match text["type"].as_str() {
        Some("mrkdwn") => text["emoji"].is_null(),
        Some("plain_text") => text["verbatim"].is_null(),
        _ => false,
    };
    of_kind && (1..=longest).contains(&length(&text["text"]))
}

/// Buttons as they must be, and each action once in the block.
fn are_elements(elements: &Value) -> bool {
    let (words, value, id) = BUTTON;
    let list = elements.as_array().map_or(&[][..], Vec::as_slice);
    let ids: BTreeSet<&str> = list
        .iter()
        .filter_map(|element| element["action_id"].as_str())
        .collect();
    let named = list
        .iter()
        .filter(|element| !element["action_id"].is_null())
        .count();
    let is_button = |element: &Value| {
        let text = &element["text"];
        text["type"] == "plain_text"
            && is_text(text, words)
            && length(&element["value"]) <= value
            && length(&element["action_id"]) <= id
    };
    ids.len() == named
        && list
            .iter()
            .filter(|element| element["type"] == "button")
            .all(is_button)
}

/// The buttons of a message.
pub(super) fn buttons(blocks: Option<&Value>) -> impl Iterator<Item = &Value> {
    let rows = blocks.and_then(Value::as_array).into_iter().flatten();
    rows.flat_map(|block| block["elements"].as_array().into_iter().flatten())
        .filter(|element| element["type"] == "button")
}

/// What people read in the blocks of a message: its sections, and the words of its buttons in brackets on the last line.
pub(super) fn read(blocks: &Value) -> String {
    let sections = blocks.as_array().into_iter().flatten();
    let mut lines: Vec<String> = sections
        .filter_map(|block| block["text"]["text"].as_str().map(str::to_owned))
        .collect();
    let words = buttons(Some(blocks)).filter_map(|button| button["text"]["text"].as_str());
    let words: Vec<String> = words.map(|words| format!("[{words}]")).collect();
    if !words.is_empty() {
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}
