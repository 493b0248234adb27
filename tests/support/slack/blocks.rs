//! Checks Block Kit blocks for the limits an app runs into.
//! <https://docs.slack.dev/reference/block-kit/blocks>

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
                (fields && block["text"].is_null()) || (1..=SECTION).contains(&length(&block["text"]["text"]))
            }
            "header" => (1..=HEADER).contains(&length(&block["text"]["text"])),
            "markdown" => length(&block["text"]) > 0,
            "actions" => (1..=ACTIONS).contains(&elements),
            "context" => (1..=CONTEXT).contains(&elements),
            _ => true,
        }
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}
