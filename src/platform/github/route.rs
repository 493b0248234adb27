//! Where a request goes: the path, and as whom it is asked.

use url::Url;

use crate::config;
use crate::domain::Repository;

/// As whom a route is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// As ourselves, wherever we are: the account of the token, the App by its key.
    Ourselves,
    /// As whoever may work on the repository: the account of the token, the App's installation there.
    Repository(Repository),
    /// As an installation of the App.
    Installation {
        /// Its id.
        id: u64,
        /// The account it is installed for.
        owner: String,
    },
    /// As nobody.
    Nobody,
}

/// A path with its query, and as whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The path with its query, both escaped.
    pub(super) path: String,
    /// As whom.
    pub(super) by: By,
}

/// The path of something in a repository.
pub(super) fn repository_path(repository: &Repository, rest: &[&str], query: &[(&str, &str)]) -> String {
    let mut parts = vec!["repos", repository.owner(), repository.name()];
    parts.extend(rest);
    path(&parts, query)
}

/// The host whose repositories an API serves: `github.com` for `https://api.github.com` and for a test double on this
/// machine; `ghe.corp` for `https://ghe.corp/api/v3`
/// (<https://docs.github.com/en/enterprise-server@latest/rest/enterprise-admin>); `octo.ghe.com` for
/// `https://api.octo.ghe.com` (<https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency>).
pub(super) fn host_of(api_url: &Url) -> String {
    let host = api_url.host_str().unwrap_or_default().to_lowercase();
    if host == "api.github.com" || config::is_loopback(api_url) {
        return "github.com".to_owned();
    }
    if let Some(tenant) = host
        .strip_prefix("api.")
        .filter(|tenant| tenant.ends_with(".ghe.com"))
    {
        return tenant.to_owned();
    }
    match api_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// A path with its query, both escaped.
pub(super) fn path(parts: &[&str], query: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://route/") else {
        return String::new();
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(parts);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    path_and_query(&url)
}

/// What follows the host.
pub(super) fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    )
}
