//! A GitHub App: its key, its installations and their tokens, and a test's hands on them.
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/about-authentication-with-a-github-app>

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use octocrab::jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey, LineEnding};
use serde_json::{Value, json};

use super::Core;
use super::shape::{time, user};
use super::state::{Role, State};

/// The App's id.
pub const APP_ID: u64 = 4242;
/// The first installation's id.
const FIRST: u64 = 71_001;
/// Bits of the test's key: small, so that a debug build finds its primes quickly.
const BITS: usize = 1024;
/// How long an installation's token is good for.
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// How far ahead a signed key may end.
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
const KEY_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The App.
pub(super) struct App {
    pub(super) slug: String,
    /// The user that GitHub shows as the author of what it writes.
    pub(super) bot: u64,
    pub(super) key_works: bool,
    pub(super) installations: Vec<Installation>,
    pub(super) tokens: Vec<Token>,
}

/// An installation for an organisation.
#[derive(Clone)]
pub(super) struct Installation {
    pub(super) id: u64,
    /// The organisation's id.
    pub(super) account: u64,
    /// Repositories by index.
    pub(super) repos: Vec<usize>,
    pub(super) suspended: bool,
}

/// A token of an installation.
pub(super) struct Token {
    pub(super) secret: String,
    pub(super) installation: u64,
    pub(super) until: DateTime<Utc>,
}

/// The key pair of this process, as PEM: private and public. Made anew each time: no key lies in the repository.
fn keys() -> &'static (String, String) {
    static KEYS: OnceLock<(String, String)> = OnceLock::new();
    KEYS.get_or_init(|| {
        let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).unwrap();
        let public = private.to_public_key().to_pkcs1_pem(LineEnding::LF).unwrap();
        (private.to_pkcs1_pem(LineEnding::LF).unwrap().to_string(), public)
    })
}

/// Judges a signed key; what GitHub says about a bad one.
pub(super) fn check_key(signed: &str, now: DateTime<Utc>) -> Result<(), &'static str> {
    let mut rules = Validation::new(Algorithm::RS256);
    // By the test's clock, below.
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let key = DecodingKey::from_rsa_pem(keys().1.as_bytes()).unwrap();
    let claims = decode::<Value>(signed, &key, &rules)
        .map_err(|_| "A JSON web token could not be decoded")?
        .claims;
    let moment = |name: &str| DateTime::from_timestamp(claims[name].as_i64()?, 0);
    let (Some(issued), Some(ends)) = (moment("iat"), moment("exp")) else {
        return Err("Missing 'issued at' claim ('iat') or 'expiration time' claim ('exp') in assertion");
    };
    if issued > now {
        return Err(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        );
    }
    if ends > now + KEY_LIFE || ends > issued + KEY_LIFE {
        return Err("'Expiration time' claim ('exp') is too far in the future");
    }
    if ends <= now {
        return Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
                    assertion expires",
        );
    }
    match &claims["iss"] {
        Value::String(id) if *id == APP_ID.to_string() => Ok(()),
        Value::Number(id) if id.as_u64() == Some(APP_ID) => Ok(()),
        _ => Err("Integration not found"),
    }
}

impl State {
    pub(super) fn app_json(&self) -> Value {
        let app = self.app.as_ref().unwrap();
        json!({
            "id": APP_ID, "slug": app.slug, "client_id": "Iv23liFake", "node_id": "A_kwDO1", "name": app.slug,
            "owner": null, "description": "", "external_url": "https://example.com",
            "html_url": format!("https://github.com/apps/{}", app.slug), "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "permissions": { "issues": "write", "metadata": "read" },
            "events": ["issues", "issue_comment"], "installations_count": app.installations.len(),
        })
    }

    pub(super) fn installation_json(&self, installation: &Installation) -> Value {
        let app = self.app.as_ref().unwrap();
        json!({
            "id": installation.id, "account": user(&self.api_url, self.user(installation.account)), "app_id": APP_ID,
            "app_slug": app.slug, "target_type": "Organization", "target_id": installation.account,
            "repository_selection": "selected", "events": ["issues", "issue_comment"], "single_file_name": null,
            "access_tokens_url": format!("{}/app/installations/{}/access_tokens", self.api_url, installation.id),
            "permissions": { "issues": "write", "metadata": "read" }, "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "suspended_at": installation.suspended.then(|| time(self.now)),
        })
    }

    /// The installation that reaches a repository.
    pub(super) fn installed_on(&self, repo: usize) -> Option<&Installation> {
        let installations = &self.app.as_ref()?.installations;
        installations
            .iter()
            .find(|installation| installation.repos.contains(&repo))
    }

    /// A new token of an installation.
    pub(super) fn new_token(&mut self, installation: u64) -> (String, DateTime<Utc>) {
        let secret = format!("ghs_{}", uuid::Uuid::new_v4().simple());
        let until = self.now + TOKEN_LIFE;
        self.app.as_mut().unwrap().tokens.push(Token {
            secret: secret.clone(),
            installation,
            until,
        });
        (secret, until)
    }

    fn tell_installation(&mut self, action: &str, installation: &Installation) {
        let actor = self.ensure_user("octocat", "User").id;
        let repositories: Vec<Value> = installation
            .repos
            .iter()
            .map(|repo| self.repo_json(*repo))
            .collect();
        let payload = json!({
            "action": action, "installation": self.installation_json(installation), "repositories": repositories,
            "requester": null, "sender": self.user_json(actor),
        });
        self.hooks.record("installation", action, payload);
        self.touch();
    }
}

/// The App's knobs.
#[derive(Clone)]
pub struct AppKnobs {
    core: Arc<Core>,
}

impl AppKnobs {
    /// The App of that name, made when there is none, installed nowhere.
    pub(super) fn new(core: Arc<Core>, slug: &str) -> Self {
        core.with(|state| {
            let bot = state.ensure_user(&format!("{slug}[bot]"), "Bot").id;
            state.app.get_or_insert_with(|| App {
                slug: slug.to_owned(),
                bot,
                key_works: true,
                installations: Vec::new(),
                tokens: Vec::new(),
            });
        });
        Self { core }
    }

    /// The App's id.
    pub fn id(&self) -> u64 {
        APP_ID
    }

    /// Its private key, as the PEM file GitHub gives.
    pub fn private_key(&self) -> String {
        keys().0.clone()
    }

    /// Installs it for the owner of these repositories, who grants it what a writer may; an installation there is replaced.
    pub fn install(&self, repos: &[&str]) -> u64 {
        self.core.with(|state| {
            let repos: Vec<usize> = repos.iter().map(|repo| state.ensure_repo(repo)).collect();
            let bot = state.app.as_ref().unwrap().bot;
            for repo in &repos {
                state.repos[*repo].roles.insert(bot, Role::Write);
            }
            let account = state.repos[repos[0]].owner.id;
            let app = state.app.as_mut().unwrap();
            app.installations
                .retain(|installation| installation.account != account);
            let made = Installation {
                id: FIRST + state.version,
                account,
                repos,
                suspended: false,
            };
            app.installations.push(made.clone());
            state.tell_installation("created", &made);
            made.id
        })
    }

    /// Removes the installation for an owner; its tokens end.
    pub fn uninstall(&self, owner: &str) {
        self.core.with(|state| {
            let account = state.find_user(owner).unwrap().id;
            let app = state.app.as_mut().unwrap();
            let at = app
                .installations
                .iter()
                .position(|i| i.account == account)
                .unwrap();
            let gone = app.installations.remove(at);
            app.tokens.retain(|token| token.installation != gone.id);
            state.tell_installation("deleted", &gone);
        });
    }

    /// Suspends the installation for an owner, without a webhook.
    pub fn suspend(&self, owner: &str) {
        self.core.with(|state| {
            let account = state.find_user(owner).unwrap().id;
            let app = state.app.as_mut().unwrap();
            let found = app
                .installations
                .iter_mut()
                .find(|i| i.account == account)
                .unwrap();
            found.suspended = true;
            state.touch();
        });
    }

    /// Ends every token of every installation before its time.
    pub fn revoke_tokens(&self) {
        self.core.with(|state| state.app.as_mut().unwrap().tokens.clear());
    }

    /// Deletes the key: what it signs is answered with 401.
    pub fn delete_key(&self) {
        self.core
            .with(|state| state.app.as_mut().unwrap().key_works = false);
    }

    /// How many tokens were given and not taken back.
    pub fn tokens(&self) -> usize {
        self.core.with(|state| state.app.as_ref().unwrap().tokens.len())
    }
}
