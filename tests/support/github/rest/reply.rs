//! GitHub's answers and refusals. A handler's `Err` is an answer too, so that `?` refuses.

use serde_json::{Value, json};

/// Where GitHub's refusals point to.
const DOCS: &str = "https://docs.github.com/rest";
/// The bound of issue and comment texts, in characters.
pub(super) const MAX_BODY: usize = 65_536;
/// The bound of a title, in characters.
pub(super) const MAX_TITLE: usize = 256;
/// The bound of a label's name, in characters.
pub(super) const MAX_LABEL: usize = 50;

/// An answer before it is HTTP.
#[derive(Debug, Clone)]
pub(in super::super) struct Answer {
    pub(in super::super) status: u16,
    pub(in super::super) body: Option<Value>,
    pub(in super::super) headers: Vec<(&'static str, String)>,
}

/// An answer, or a refusal.
pub(super) type Reply = Result<Answer, Answer>;

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self::with(200, body)
    }

    /// 201 with the address of what was made.
    pub(super) fn created(body: Value) -> Self {
        let location = body["url"].as_str().unwrap_or_default().to_owned();
        let mut answer = Self::with(201, body);
        answer.headers.push(("Location", location));
        answer
    }

    pub(super) fn no_content() -> Self {
        Self {
            status: 204,
            body: None,
            headers: Vec::new(),
        }
    }

    pub(super) fn with(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    /// A refusal with GitHub's body.
    pub(in super::super) fn refusal(status: u16, message: &str) -> Self {
        let body = json!({ "message": message, "documentation_url": DOCS, "status": status.to_string() });
        Self::with(status, body)
    }
}

/// Also what GitHub says about things the token may not see.
pub(super) fn not_found() -> Answer {
    Answer::refusal(404, "Not Found")
}

/// Without the needed role.
pub(super) fn forbidden() -> Answer {
    Answer::refusal(403, "Must have admin rights to Repository.")
}

/// 422 with one entry in `errors`.
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed>
pub(super) fn invalid(error: Value) -> Answer {
    let body = json!({
        "message": "Validation Failed", "errors": [error], "documentation_url": DOCS, "status": "422",
    });
    Answer::with(422, body)
}

/// A value GitHub does not take in that field of an issue.
pub(super) fn invalid_value(field: &str, value: &Value) -> Answer {
    invalid(json!({ "value": value, "resource": "Issue", "field": field, "code": "invalid" }))
}

/// A value of the wrong JSON type.
pub(super) fn wrong_type(field: &str, value: &Value, wanted: &str) -> Answer {
    Answer::refusal(
        422,
        &format!("Invalid request.\n\nFor 'properties/{field}', {value} is not {wanted}."),
    )
}

/// Judges an issue's title.
pub(super) fn check_title(title: &str) -> Result<(), Answer> {
    if title.trim().is_empty() {
        return Err(invalid(
            json!({ "resource": "Issue", "field": "title", "code": "missing_field" }),
        ));
    }
    if title.chars().count() > MAX_TITLE {
        return Err(custom(
            "title",
            &format!("title is too long (maximum is {MAX_TITLE} characters)"),
        ));
    }
    Ok(())
}

/// Judges an issue's text.
pub(super) fn check_issue_body(body: &str) -> Result<(), Answer> {
    if body.chars().count() > MAX_BODY {
        return Err(custom(
            "body",
            &format!("body is too long (maximum is {MAX_BODY} characters)"),
        ));
    }
    Ok(())
}

/// Judges a comment's text.
pub(super) fn check_comment_body(body: &str) -> Result<(), Answer> {
    let message = if body.trim().is_empty() {
        "Body cannot be blank".to_owned()
    } else if body.chars().count() > MAX_BODY {
        format!("Body is too long (maximum is {MAX_BODY} characters)")
    } else {
        return Ok(());
    };
    Err(invalid(
        json!({ "resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message }),
    ))
}

fn custom(field: &str, message: &str) -> Answer {
    invalid(json!({ "resource": "Issue", "code": "custom", "field": field, "message": message }))
}
