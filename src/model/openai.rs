//! Any server that speaks OpenAI's chat completions, streamed:
//! <https://platform.openai.com/docs/api-reference/chat/create>.
//!
//! `async-openai` sends the request and splits the stream; the shapes are our own and take what other vendors send.
//! Invariants: one request per ask, never repeated in here; every wait has an end; the key is in no error.

mod answer;
mod failure;
mod request;
#[cfg(test)]
mod tests;
mod transport;

use std::time::Duration;

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use futures::StreamExt;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tower::ServiceExt;

use self::answer::{Chunk, Draft};
use self::transport::{Ending, Unwanted};
use super::{Ask, ModelError, Reply};
use crate::config;
use crate::engine::clock::Clock;
use crate::failpoint::{self, Call};
use crate::telemetry;

/// The longest silence of the server, before its answer and within it.
const SILENCE: Duration = Duration::from_secs(60);
/// The longest answer, from the request to its last byte.
const WHOLE: Duration = Duration::from_secs(180);
/// How long the way to the server may take, in the reach of [`SILENCE`].
const CONNECT: Duration = Duration::from_secs(15);
/// A key shorter than this is a made-up word for a server that asks for none; masking it would mask ordinary words.
const SHORTEST_KEY: usize = 8;

/// A server that speaks OpenAI's chat completions.
pub struct OpenAi {
    http: reqwest::Client,
    server: Server,
    model: String,
}

/// Where the server is and how we show who we are. In place of `async-openai`'s own configuration, which reads
/// environment variables that are not ours and sends an empty key where there is none.
#[derive(Clone)]
struct Server {
    /// Without a closing slash.
    base: String,
    headers: HeaderMap,
    /// Empty when the server asks for none.
    key: SecretString,
}

impl Config for Server {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

impl OpenAi {
    /// A client for the configured server; nothing is sent yet.
    ///
    /// # Errors
    /// A key that no HTTP header can hold, or a machine whose root certificates cannot be read.
    pub fn new(config: &config::OpenAi) -> Result<Self, String> {
        let key = config.api_key.clone().unwrap_or_default();
        let mut headers = HeaderMap::new();
        if !key.expose_secret().is_empty() {
            let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
            let mut value =
                value.map_err(|_| "model.api_key holds a character that no key has.".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        // A redirected POST arrives as a GET: better to say that the address is wrong.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none());
        let http = if config::is_loopback(&config.base_url) {
            http.no_proxy()
        } else {
            http
        };
        let http = http.build().map_err(|error| {
            telemetry::scrub(&format!(
                "The client of the language model cannot be made: {error}"
            ))
        })?;
        let base = config.base_url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            http,
            server: Server { base, headers, key },
            model: config.name.clone(),
        })
    }

    /// The model's name, as the server knows it.
    pub fn name(&self) -> &str {
        &self.model
    }

    /// Asks once.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub async fn ask(&self, ask: &Ask, clock: &Clock) -> Result<Reply, ModelError> {
        let call = failpoint::outside(Call("model", "chat/completions"), self.converse(ask, clock));
        let answered = clock.timeout(WHOLE, call).await;
        let answered = answered.unwrap_or_else(|late| Err(ModelError::Broken(late.to_string())));
        answered.map_err(|error| self.without_secrets(error))
    }

    async fn converse(&self, ask: &Ask, clock: &Clock) -> Result<Reply, ModelError> {
        let body = request::body(&self.model, ask);
        let ending = Ending::default();
        let watched = {
            let (clock, ending) = (clock.clone(), ending.clone());
            move |response| transport::watch(response, clock.clone(), ending.clone())
        };
        // The service given here replaces the one that repeats requests on its own.
        let service = ReqwestService::new(self.http.clone()).and_then(watched);
        let client = Client::build(self.http.clone(), self.server.clone()).with_http_service(service);
        let chat = client.chat();
        let opened = clock
            .timeout(SILENCE, chat.create_stream_byot::<_, Chunk>(&body))
            .await;
        let opened = opened.map_err(|late| ModelError::Broken(late.to_string()))?;
        let mut stream = opened.map_err(|error| from_library(error, clock))?;
        let mut draft = Draft::new(request::calls_before(ask));
        let mut fault = None;
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => draft.add(chunk)?,
                Err(OpenAIError::JSONDeserialize(..)) => {
                    fault = Some("the server sent something that is no chat completion".to_owned());
                    break;
                }
                // The transport has noted why, unless it is the text that cannot be decoded.
                Err(_) => {
                    fault = ending
                        .reason()
                        .or_else(|| Some("the server sent no readable text".to_owned()));
                    break;
                }
            }
        }
        let fault = fault.or_else(|| ending.reason());
        draft.finish(fault.as_deref(), || body.to_string().chars().count())
    }

    fn without_secrets(&self, error: ModelError) -> ModelError {
        let key = self.server.key.expose_secret();
        let clean = |text: String| {
            let text = if key.len() >= SHORTEST_KEY {
                text.replace(key, "***")
            } else {
                text
            };
            telemetry::scrub(&text)
        };
        match error {
            ModelError::Busy { retry_after, why } => ModelError::Busy {
                retry_after,
                why: clean(why),
            },
            ModelError::Broken(why) => ModelError::Broken(clean(why)),
            ModelError::Refused(why) => ModelError::Refused(clean(why)),
        }
    }
}

/// What a failed opening of the stream means.
fn from_library(error: OpenAIError, clock: &Clock) -> ModelError {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<Unwanted>() {
            Ok(unwanted) => failure::of_response(&unwanted, clock.now()),
            Err(other) => ModelError::Broken(other.to_string()),
        },
        OpenAIError::Reqwest(error) if error.is_builder() => ModelError::Refused(format!(
            "the request cannot be made: {}",
            telemetry::chain(&error.without_url())
        )),
        OpenAIError::Reqwest(error) => ModelError::Broken(format!(
            "the connection failed: {}",
            telemetry::chain(&error.without_url())
        )),
        other => ModelError::Broken(other.to_string()),
    }
}
