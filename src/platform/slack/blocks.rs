//! Buttons under a message: blocks, where a plain text has no room for them.
//! <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::{Value, json};

use super::json as read;
use crate::domain::{Button, clean};
use crate::markup::Dialect;

/// How the action of each of our buttons begins; what follows is the button's number in its message.
const ACTION: &str = "pm:";
/// Elements of an actions block. <https://docs.slack.dev/reference/block-kit/blocks/actions-block>
const ELEMENTS: usize = 25;
/// Blocks in a message, less the one for the text. <https://docs.slack.dev/reference/block-kit/blocks>
const ROWS: usize = 49;

/// The blocks that show a text with its buttons; none when there is nothing to press. The text must have room in one
/// section, as [`Dialect::limit_with_buttons`] gives it; a longer one goes without buttons, since its words matter more.
pub(super) fn blocks(text: &str, buttons: &[Button]) -> Option<Value> {
    if buttons.is_empty() {
        return None;
    }
    if text.chars().count() > Dialect::Slack.limit_with_buttons() {
        tracing::warn!("a text is too long to be shown with its buttons");
        return None;
    }
    // Looks as a plain text does: whole, and nothing in it linked that our own marks do not link.
    let words = json!({
        "type": "section", "expand": true,
        "text": { "type": "mrkdwn", "text": text, "verbatim": true },
    });
    let numbered: Vec<(usize, &Button)> = buttons.iter().enumerate().collect();
    let rows = numbered.chunks(ELEMENTS).take(ROWS).map(|row| {
        let elements: Vec<Value> = row
            .iter()
            .map(|(number, button)| element(*number, button))
            .collect();
        json!({ "type": "actions", "elements": elements })
    });
    Some(std::iter::once(words).chain(rows).collect())
}

/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>
fn element(number: usize, button: &Button) -> Value {
    json!({
        "type": "button", "action_id": format!("{ACTION}{number}"), "value": button.command,
        "text": { "type": "plain_text", "text": button.label, "emoji": true },
    })
}

/// The command of the button of ours that an action is about.
/// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
pub(super) fn command(action: &Value) -> Option<String> {
    read::text(action, "action_id").filter(|id| id.starts_with(ACTION))?;
    read::text(action, "value")
        .map(clean)
        .filter(|command| !command.trim().is_empty())
}
