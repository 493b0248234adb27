//! Repositories and issues, in one canonical form whatever was typed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The host meant when none is named.
const DEFAULT_HOST: &str = "github.com";

/// A repository: host, owner and name in lower case, as GitHub compares them without regard to case
/// (<https://docs.github.com/en/repositories/creating-and-managing-repositories>).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    host: String,
    owner: String,
    name: String,
}

/// What was typed is no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a repository; write it as owner/name or as its https or ssh URL")]
pub struct RepositoryError(pub String);

impl Repository {
    /// A repository by its parts.
    ///
    /// # Errors
    /// When owner or name hold characters GitHub does not allow.
    pub fn new(host: &str, owner: &str, name: &str) -> Result<Self, RepositoryError> {
        let typed = || RepositoryError(format!("{owner}/{name}"));
        let host = host.to_lowercase();
        let host = host
            .strip_suffix(":443")
            .or_else(|| host.strip_suffix(":22"))
            .unwrap_or(&host)
            .to_owned();
        let host = if ["www.github.com", "api.github.com", "ssh.github.com"].contains(&host.as_str()) {
            DEFAULT_HOST.to_owned()
        } else {
            host
        };
        let owner_ok = !owner.is_empty()
            && owner.len() <= 39
            && !owner.starts_with('-')
            && owner
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let name_ok = !name.is_empty()
            && name.len() <= 100
            && name != "."
            && name != ".."
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let host_ok = !host.is_empty()
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':'));
        if !(owner_ok && name_ok && host_ok) {
            return Err(typed());
        }
        Ok(Self {
            host,
            owner: owner.to_lowercase(),
            name: name.to_lowercase(),
        })
    }

    /// The host, e.g. `github.com`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name within its owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The page people open.
    pub fn url(&self) -> String {
        format!("https://{}/{}/{}", self.host, self.owner, self.name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host != DEFAULT_HOST {
            write!(f, "{}/", self.host)?;
        }
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for Repository {
    type Err = RepositoryError;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let error = || RepositoryError(typed.to_owned());
        let text = typed.trim().trim_start_matches('<').trim_end_matches('>');
        let lower = text.to_lowercase();
        let rest = ["https://", "http://", "ssh://", "git://", "git+ssh://"]
            .iter()
            .find(|scheme| lower.starts_with(*scheme))
            .map_or(text, |scheme| &text[scheme.len()..]);
        let has_scheme = rest.len() != text.len();
        // `user@host:owner/name`, the scp-like form of ssh addresses, and `user:token@host/…` of https ones.
        let (rest, has_user) = match rest.split_once('@') {
            Some((_, rest)) => (rest.to_owned(), true),
            None => (rest.to_owned(), false),
        };
        let rest = if has_user && !has_scheme {
            rest.replacen(':', "/", 1)
        } else {
            rest
        };
        let rest = rest
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .trim_matches('/');
        let mut parts: Vec<&str> = rest.split('/').collect();
        let host = if has_scheme || has_user || parts.len() == 3 {
            if parts.is_empty() {
                return Err(error());
            }
            parts.remove(0)
        } else {
            DEFAULT_HOST
        };
        // A page below the repository (`/issues/12`, `/tree/main`) still names it, but only in a full URL.
        let (owner, name) = match parts.as_slice() {
            [owner, name] => (*owner, *name),
            [owner, name, ..] if has_scheme => (*owner, *name),
            _ => return Err(error()),
        };
        let name = if name.to_lowercase().ends_with(".git") {
            &name[..name.len() - 4]
        } else {
            name
        };
        Self::new(host, owner, name).map_err(|_| error())
    }
}

impl TryFrom<String> for Repository {
    type Error = RepositoryError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

/// One issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IssueRef {
    /// The repository it belongs to.
    pub repository: Repository,
    /// Its number there.
    pub number: u64,
}

impl fmt::Display for IssueRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

impl IssueRef {
    /// The page people open.
    pub fn url(&self) -> String {
        format!("{}/issues/{}", self.repository.url(), self.number)
    }
}

/// The distinct issues a text names: `owner/repo#n`, an issue's URL, or `#n` where `here` says which repository
/// that means. Code spans are not looked into specially: naming an issue there still names it.
pub fn issue_refs(text: &str, here: Option<&Repository>) -> Vec<IssueRef> {
    let mut found = Vec::new();
    for word in text.split(|c: char| {
        c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '<' | '>' | '|' | ',' | '"' | '`')
    }) {
        let word = word
            .trim_end_matches(['.', ';', ':', '!', '?', '\'', '’', '*', '_'])
            .trim_start_matches(['\'', '*', '_']);
        let parsed = issue_url(word).or_else(|| short_ref(word, here));
        if let Some(issue) = parsed
            && !found.contains(&issue)
        {
            found.push(issue);
        }
    }
    found
}

/// `https://host/owner/name/issues/12`, with whatever follows the number.
fn issue_url(word: &str) -> Option<IssueRef> {
    let url = url::Url::parse(word)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let mut parts = url.path_segments()?;
    let (owner, name, kind, number) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if kind != "issues" && kind != "pull" {
        return None;
    }
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let repository = Repository::new(&host, owner, name).ok()?;
    Some(IssueRef {
        repository,
        number: number_of(number)?,
    })
}

/// `owner/name#12` or `#12`.
fn short_ref(word: &str, here: Option<&Repository>) -> Option<IssueRef> {
    let (repository, number) = word.split_once('#')?;
    let repository = if repository.is_empty() {
        here?.clone()
    } else {
        repository.parse().ok()?
    };
    Some(IssueRef {
        repository,
        number: number_of(number)?,
    })
}

fn number_of(text: &str) -> Option<u64> {
    let digits: &str = &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())];
    let rest_ends_word = text[digits.len()..]
        .chars()
        .next()
        .is_none_or(|c| !c.is_alphanumeric());
    digits
        .parse()
        .ok()
        .filter(|number| *number > 0 && rest_ends_word && digits.len() <= 12)
}
