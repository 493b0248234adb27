use url::Url;

use super::super::reads::{last_page, linked};
use super::super::route::{host_of, path};

#[test]
fn an_api_serves_the_repositories_of_one_host() {
    let cases = [
        ("https://api.github.com", "github.com"),
        ("https://API.GitHub.com/", "github.com"),
        ("https://ghe.corp/api/v3", "ghe.corp"),
        ("https://GHE.corp:8443/api/v3", "ghe.corp:8443"),
        ("https://api.octo.ghe.com", "octo.ghe.com"),
        ("http://127.0.0.1:4010", "github.com"),
        ("http://localhost:4010/api/v3", "github.com"),
        ("http://[::1]:4010", "github.com"),
    ];
    for (api_url, host) in cases {
        assert_eq!(host_of(&Url::parse(api_url).unwrap()), host, "{api_url}");
    }
}

#[test]
fn routes_are_escaped() {
    assert_eq!(path(&["user"], &[]), "/user");
    assert_eq!(
        path(
            &["repos", "acme", "app", "collaborators", "a/b?c#d", "permission"],
            &[]
        ),
        "/repos/acme/app/collaborators/a%2Fb%3Fc%23d/permission"
    );
    let query = [("labels", "good first issue,é&x"), ("page", "2")];
    assert_eq!(
        path(&["x"], &query),
        "/x?labels=good+first+issue%2C%C3%A9%26x&page=2"
    );
}

#[test]
fn links_to_other_pages_are_found() {
    let link = "<https://api.github.com/repositories/1/issues?labels=a,b&page=2>; rel=\"next\", \
                <https://api.github.com/repositories/1/issues?labels=a,b&page=7>; rel=\"last\"";
    assert_eq!(
        linked(Some(link), "next").unwrap().query(),
        Some("labels=a,b&page=2")
    );
    assert_eq!(linked(Some(link), "prev"), None);
    assert_eq!(last_page(Some(link)), 7);
    for nothing in [
        None,
        Some(""),
        Some("<"),
        Some("<not a url>; rel=\"next\""),
        Some("<https://x.test/>"),
    ] {
        assert_eq!(
            (linked(nothing, "next"), last_page(nothing)),
            (None, 1),
            "{nothing:?}"
        );
    }
}
