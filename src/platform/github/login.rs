//! As whom a request is made: the account of a token, or a GitHub App with a token per installation.
//!
//! An App proves itself by a key it signs for ten minutes, asks with it for an installation's token, which is good for an
//! hour, and works with that. All moments come from our own clock; octocrab's renewal goes by the machine's.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octocrab::jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::errors::GitHubError;
use crate::config::{GitHubApp, GitHubLogin};
use crate::domain::Repository;

/// How far in the past a signed key begins, for clocks that differ, and how long it is good for after now: the sum may
/// be ten minutes at most
/// (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>).
const KEY_BEFORE: TimeDelta = TimeDelta::seconds(60);
const KEY_AFTER: TimeDelta = TimeDelta::seconds(8 * 60);
/// How long before its end an installation's token is renewed, so that none ends on its way.
const RENEW_BEFORE: TimeDelta = TimeDelta::minutes(5);
/// How long an installation's token is good for when GitHub does not say
/// (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>).
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// How many repositories' installations are kept in mind.
const MOST_KNOWN: usize = 10_000;

/// Whose limits a request counts towards, and whose view of GitHub its answer is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Credential {
    /// The account of the token.
    Token,
    /// The App itself.
    App,
    /// An installation of the App.
    Installation {
        /// Its id.
        id: u64,
        /// The account it is installed for.
        owner: String,
    },
    /// Nobody: what anybody may ask.
    Nobody,
}

/// What a request goes out with.
pub(super) struct Pass {
    /// As whom.
    pub(super) credential: Credential,
    /// The word behind `Bearer`.
    pub(super) bearer: Option<SecretString>,
}

/// Who we are.
pub(super) enum Login {
    /// The account of a token.
    Token(SecretString),
    /// An App.
    App(Box<App>),
}

/// A token of an installation.
pub(super) struct Token {
    secret: SecretString,
    until: DateTime<Utc>,
}

/// One flight at a time: who waits for a renewal finds the new token.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The App's key, and what is known of its installations.
pub(super) struct App {
    id: String,
    key: EncodingKey,
    facts: OnceLock<WireApp>,
    /// Whether GitHub said that it is installed for nobody.
    nowhere: AtomicBool,
    installed: Mutex<HashMap<Repository, u64>>,
    tokens: Mutex<HashMap<u64, Slot>>,
}

/// <https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct WireApp {
    /// The name in its addresses and before `[bot]`.
    pub(super) slug: String,
    /// Its page.
    #[serde(default)]
    pub(super) html_url: Option<String>,
}

/// <https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app>
#[derive(Debug, Deserialize)]
pub(super) struct WireInstallation {
    /// Its id.
    pub(super) id: u64,
}

/// <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>
#[derive(Deserialize)]
pub(super) struct WireToken {
    token: String,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

impl Login {
    /// The login of the configuration.
    ///
    /// # Errors
    /// When the App's key is no RSA key; the key does not show.
    pub(super) fn new(login: &GitHubLogin) -> Result<Self, String> {
        Ok(match login {
            GitHubLogin::Token(token) => Self::Token(token.clone()),
            GitHubLogin::App(GitHubApp { id, private_key }) => {
                let pem = private_key.expose_secret().trim();
                let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
                    "github.private_key is not an RSA private key in the PEM format. Generate a new one on the App's \
                     page, General, Private keys, and name the downloaded file in github.private_key_file"
                        .to_owned()
                })?;
                Self::App(Box::new(App {
                    id: id.clone(),
                    key,
                    facts: OnceLock::new(),
                    nowhere: AtomicBool::new(false),
                    installed: Mutex::default(),
                    tokens: Mutex::default(),
                }))
            }
        })
    }

    /// The App, when we are one.
    pub(super) fn app(&self) -> Option<&App> {
        match self {
            Self::App(app) => Some(app),
            Self::Token(_) => None,
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

impl App {
    /// The App's own pass, signed for the next minutes.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn pass(&self, now: DateTime<Utc>) -> Result<Pass, GitHubError> {
        let claims = Claims {
            iat: (now - KEY_BEFORE).timestamp(),
            exp: (now + KEY_AFTER).timestamp(),
            iss: &self.id,
        };
        let signed = encode(&Header::new(Algorithm::RS256), &claims, &self.key);
        let signed = signed.map_err(|_| GitHubError::KeyRefused("it cannot sign".into()))?;
        Ok(Pass {
            credential: Credential::App,
            bearer: Some(SecretString::from(signed)),
        })
    }

    /// What GitHub calls the App.
    pub(super) fn facts(&self) -> Option<&WireApp> {
        self.facts.get()
    }

    /// Keeps what GitHub calls the App, and whether it is installed for anybody.
    pub(super) fn learn(&self, facts: WireApp, nowhere: bool) {
        self.nowhere.store(nowhere, Ordering::Relaxed);
        // Another task may have learnt it first, and learnt the same.
        drop(self.facts.set(facts));
    }

    /// Where the App is installed, when GitHub said that it is installed for nobody.
    pub(super) fn to_be_installed_at(&self) -> Option<String> {
        self.nowhere.load(Ordering::Relaxed).then(|| self.install_page())
    }

    /// The page on which the App is installed.
    pub(super) fn install_page(&self) -> String {
        let page = self.facts().and_then(|facts| facts.html_url.as_deref());
        page.map_or_else(
            || "the App's page, Install App".to_owned(),
            |page| format!("{}/installations/new", page.trim_end_matches('/')),
        )
    }

    /// That the App is not installed where it would have to be.
    pub(super) fn not_installed(&self, repository: &Repository) -> GitHubError {
        let name = self.facts().map_or(self.id.as_str(), |facts| facts.slug.as_str());
        GitHubError::NotInstalled {
            app: name.to_owned(),
            repository: repository.clone(),
            page: self.install_page(),
        }
    }

    /// The installation that a repository was found to belong to.
    pub(super) fn installation(&self, repository: &Repository) -> Option<u64> {
        lock(&self.installed).get(repository).copied()
    }

    /// Keeps the installation of a repository.
    pub(super) fn remember(&self, repository: &Repository, id: u64) {
        self.nowhere.store(false, Ordering::Relaxed);
        let mut installed = lock(&self.installed);
        // More than anybody works on: begin anew rather than grow.
        if installed.len() >= MOST_KNOWN {
            installed.clear();
        }
        installed.insert(repository.clone(), id);
    }

    /// Forgets every installation and token: GitHub said that something about them changed.
    pub(super) fn forget(&self) {
        self.nowhere.store(false, Ordering::Relaxed);
        lock(&self.installed).clear();
        lock(&self.tokens).clear();
    }

    /// Forgets one installation.
    pub(super) fn forget_installation(&self, id: u64) {
        lock(&self.installed).retain(|_, known| *known != id);
        lock(&self.tokens).remove(&id);
    }

    /// The place of an installation's token.
    pub(super) fn slot(&self, id: u64) -> Slot {
        Arc::clone(lock(&self.tokens).entry(id).or_default())
    }
}

/// A token that is still good for a while.
pub(super) fn fresh(slot: &Option<Token>, now: DateTime<Utc>) -> Option<SecretString> {
    slot.as_ref()
        .filter(|token| token.until - RENEW_BEFORE > now)
        .map(|token| token.secret.clone())
}

/// Puts a new token into its place.
pub(super) fn keep(slot: &mut Option<Token>, wire: WireToken, now: DateTime<Utc>) -> SecretString {
    let secret = SecretString::from(wire.token);
    *slot = Some(Token {
        secret: secret.clone(),
        until: wire.expires_at.unwrap_or(now + TOKEN_LIFE),
    });
    secret
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
