//! How a request gets its pass: the token, or the App's key and the token of the right installation.

use axum::http::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::client::GitHub;
use super::errors::GitHubError;
use super::login::{App, Credential, Login, Pass, WireApp, WireInstallation, fresh, keep};
use super::models::Identity;
use super::route::{By, Route, path, repository_path};
use crate::domain::Repository;

impl GitHub {
    /// Our own account; asked for once. For an App it is the account that GitHub shows as the author of what the App writes.
    /// <https://docs.github.com/en/rest/users/users#get-the-authenticated-user>,
    /// <https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app>
    ///
    /// # Errors
    /// When GitHub cannot be asked or does not accept the token or key.
    pub async fn identify(&self) -> Result<Identity, GitHubError> {
        if let Some(known) = self.identity() {
            return Ok(known);
        }
        let found = match self.app() {
            Some(app) => self.identify_app(app).await?,
            None => self.get(&route(&["user"], By::Ourselves)).await?.json()?,
        };
        Ok(self.remember(found))
    }

    /// The App's name is told to its key, its account's id only to a token, or to anybody where GitHub is public.
    async fn identify_app(&self, app: &App) -> Result<Identity, GitHubError> {
        let facts: WireApp = self.get(&route(&["app"], By::Ourselves)).await?.json()?;
        let one = Route {
            path: path(&["app", "installations"], &[("per_page", "1")]),
            by: By::Ourselves,
        };
        let installations: Vec<WireListed> = self.get(&one).await?.json()?;
        let login = format!("{}[bot]", facts.slug);
        app.learn(facts, installations.is_empty());
        let by = installations
            .into_iter()
            .next()
            .map_or(By::Nobody, |first| By::Installation {
                id: first.id,
                owner: first
                    .account
                    .map_or_else(String::new, |account| account.login.to_lowercase()),
            });
        let user = ["users", login.as_str()];
        match self.get(&route(&user, by.clone())).await {
            // The first installation may be suspended.
            Err(GitHubError::Suspended | GitHubError::NotFound) if by != By::Nobody => {
                self.get(&route(&user, By::Nobody)).await?.json()
            }
            found => found?.json(),
        }
    }

    /// What a request goes out with.
    pub(super) async fn pass(&self, by: &By) -> Result<Pass, GitHubError> {
        let now = self.clock().now();
        let app = match self.login() {
            Login::App(app) => app,
            Login::Token(token) => {
                return Ok(Pass {
                    credential: Credential::Token,
                    bearer: Some(token.clone()),
                });
            }
        };
        match by {
            By::Ourselves => app.pass(now),
            By::Nobody => Ok(Pass {
                credential: Credential::Nobody,
                bearer: None,
            }),
            By::Installation { id, owner } => Ok(installed(*id, owner, self.token(app, *id).await?)),
            By::Repository(repository) => self.pass_for(app, repository).await,
        }
    }

    /// The pass of the App's installation for a repository.
    async fn pass_for(&self, app: &App, repository: &Repository) -> Result<Pass, GitHubError> {
        if let Some(id) = app.installation(repository) {
            match self.token(app, id).await {
                // It was removed, and may be there again under another id.
                Err(GitHubError::NotFound) => app.forget_installation(id),
                token => return Ok(installed(id, repository.owner(), token?)),
            }
        }
        let route = repository_path(repository, &["installation"], &[]);
        let found = self
            .ask(&Method::GET, &route, None::<&()>, &app.pass(self.clock().now())?)
            .await;
        let id = match found {
            Err(GitHubError::NotFound) => return Err(app.not_installed(repository)),
            found => found.map_err(by_key)?.json::<WireInstallation>()?.id,
        };
        app.remember(repository, id);
        match self.token(app, id).await {
            Err(GitHubError::NotFound) => Err(app.not_installed(repository)),
            token => Ok(installed(id, repository.owner(), token?)),
        }
    }

    /// An installation's token, a new one when the old one is about to end.
    async fn token(&self, app: &App, id: u64) -> Result<SecretString, GitHubError> {
        let slot = app.slot(id);
        let mut slot = slot.lock().await;
        let now = self.clock().now();
        if let Some(secret) = fresh(&slot, now) {
            return Ok(secret);
        }
        let route = path(&["app", "installations", &id.to_string(), "access_tokens"], &[]);
        let made = self
            .ask(&Method::POST, &route, None::<&()>, &app.pass(now)?)
            .await;
        let made = made.map_err(|error| match error {
            GitHubError::Forbidden(words) if words.to_lowercase().contains("suspend") => {
                GitHubError::Suspended
            }
            error => by_key(error),
        })?;
        Ok(keep(&mut slot, made.json()?, now))
    }
}

/// One of <https://docs.github.com/en/rest/apps/apps#list-installations-for-the-authenticated-app>
#[derive(Deserialize)]
struct WireListed {
    id: u64,
    account: Option<WireAccount>,
}

/// An organisation, a user or an enterprise, which has no login.
#[derive(Deserialize)]
struct WireAccount {
    #[serde(default)]
    login: String,
}

fn route(parts: &[&str], by: By) -> Route {
    Route {
        path: path(parts, &[]),
        by,
    }
}

/// The pass of an installation.
fn installed(id: u64, owner: &str, secret: SecretString) -> Pass {
    Pass {
        credential: Credential::Installation {
            id,
            owner: owner.to_owned(),
        },
        bearer: Some(secret),
    }
}

/// A 401 to the App's key says something else than one to a token.
pub(super) fn by_key(error: GitHubError) -> GitHubError {
    match error {
        GitHubError::Unauthorized => {
            GitHubError::KeyRefused("it may be wrong or deleted, or my clock may be wrong".into())
        }
        error => error,
    }
}
