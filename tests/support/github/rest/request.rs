//! A call as the fake reads it, and what its handlers ask of its query and body.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, IF_NONE_MATCH, USER_AGENT};
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::reply::{Answer, Reply, invalid, wrong_type};
use crate::support::github::state::State;
use crate::support::github::view::Call;

/// A call to the API.
#[derive(Clone)]
pub(in super::super) struct Req {
    pub(in super::super) method: String,
    pub(in super::super) path: String,
    /// The path's parts, percent-decoded.
    pub(super) segments: Vec<String>,
    query: BTreeMap<String, String>,
    body: Bytes,
    pub(super) token: Option<String>,
    pub(super) has_agent: bool,
    pub(in super::super) if_none_match: Option<String>,
}

impl Req {
    pub(in super::super) fn new(parts: &Parts, body: Bytes) -> Self {
        let path = parts.uri.path().to_owned();
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let authorization = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| token.trim().to_owned())
        });
        Self {
            method: parts.method.as_str().to_owned(),
            segments: path.trim_matches('/').split('/').map(percent_decoded).collect(),
            query: query.into_owned().collect(),
            path,
            body,
            token,
            has_agent: parts.headers.contains_key(USER_AGENT),
            if_none_match: parts
                .headers
                .get(IF_NONE_MATCH)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        }
    }

    pub(in super::super) fn call(&self) -> Call {
        Call {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            body: serde_json::from_slice(&self.body).unwrap_or_default(),
            token: self.token.clone(),
        }
    }

    /// The token it came with.
    pub(in super::super) fn bearer(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// `since`, which every list takes as ISO 8601.
    pub(super) fn since(&self) -> Result<Option<DateTime<Utc>>, Answer> {
        let Some(text) = self.query("since") else {
            return Ok(None);
        };
        let error = json!({ "value": text, "resource": "Search", "field": "since", "code": "invalid" });
        let since = DateTime::parse_from_rfc3339(text).map_err(|_| invalid(error))?;
        Ok(Some(since.to_utc()))
    }

    /// The body as JSON; none is an empty object.
    pub(super) fn json(&self) -> Result<Value, Answer> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(&self.body).map_err(|_| Answer::refusal(400, "Problems parsing JSON"))
    }

    pub(super) fn object(&self) -> Result<Map<String, Value>, Answer> {
        match self.json()? {
            Value::Object(map) => Ok(map),
            _ => Err(Answer::refusal(400, "Body should be a JSON object")),
        }
    }

    /// One page of a list, with the `Link` header.
    /// <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
    pub(super) fn page<T>(&self, state: &State, items: &[T], render: impl Fn(&T) -> Value) -> Reply {
        let number = |name: &str| self.query(name).and_then(|text| text.parse::<usize>().ok());
        let size = number("per_page").filter(|n| *n > 0).unwrap_or(30).min(100);
        let page = number("page").filter(|n| *n > 0).unwrap_or(1);
        let last = items.len().div_ceil(size).max(1);
        let start = (page - 1).saturating_mul(size).min(items.len());
        let end = start.saturating_add(size).min(items.len());
        let mut answer = Answer::ok(items[start..end].iter().map(render).collect());
        let links = [
            ("prev", page - 1, page > 1),
            ("next", page + 1, page < last),
            ("last", last, page < last),
            ("first", 1, page > 1),
        ];
        let links: Vec<String> = links
            .iter()
            .filter(|(.., wanted)| *wanted)
            .map(|(rel, page, _)| format!("<{}>; rel=\"{rel}\"", self.url_of_page(state, *page)))
            .collect();
        if !links.is_empty() {
            answer.headers.push(("Link", links.join(", ")));
        }
        Ok(answer)
    }

    fn url_of_page(&self, state: &State, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query.iter().filter(|(name, _)| *name != "page"));
        query.append_pair("page", &page.to_string());
        format!("{}{}?{}", state.api_url, self.path, query.finish())
    }
}

/// A field that is a text; `None` when it is missing or null.
pub(super) fn text(body: &Map<String, Value>, field: &str) -> Result<Option<String>, Answer> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong_type(field, other, "a string")),
    }
}

/// A field that is a list of names, each a text or an object with a `name`.
pub(super) fn names(body: &Map<String, Value>, field: &str) -> Result<Option<Vec<String>>, Answer> {
    let list = match body.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong_type(field, other, "an array")),
    };
    let name = |value: &Value| {
        let name = value
            .as_str()
            .or_else(|| value["name"].as_str())
            .map(str::to_owned);
        name.ok_or_else(|| wrong_type(field, value, "a string"))
    };
    list.iter().map(name).collect::<Result<_, _>>().map(Some)
}

fn percent_decoded(part: &str) -> String {
    // The form decoder, with the three characters that mean something only in forms kept as they are.
    let part = part.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    let mut pairs = url::form_urlencoded::parse(part.as_bytes());
    pairs
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}
