//! Pages of a list, with buttons and without.

use super::{List, Shown, number};
use crate::domain::{AccountKey, Asker, PersonId, Place, Platform};

fn asker(place: &str) -> Asker {
    Asker {
        person: PersonId::new(),
        account: AccountKey {
            platform: Platform::Slack,
            workspace: "T1".to_owned(),
            user_id: "UANA".to_owned(),
        },
        name: "ana".to_owned(),
        place: place.parse::<Place>().unwrap(),
    }
}

fn list(entries: usize, more: bool) -> List {
    List {
        heading: "Things:".to_owned(),
        entries: (1..=entries).map(|entry| format!("- {entry}")).collect(),
        note: String::new(),
        more,
        shown: Shown::by("issue list").option("--label", Some("good first issue")),
    }
}

/// What a page shows: its entries' ends, what stands below, and the buttons.
fn shown(list: &List, page: u32, place: &str) -> String {
    match list.page(page, &asker(place)) {
        Err(error) => error.to_string(),
        Ok(answer) => {
            let lines: Vec<&str> = answer.markdown.lines().filter(|line| !line.is_empty()).collect();
            let entries: Vec<&&str> = lines.iter().filter(|line| line.starts_with("- ")).collect();
            let ends = match (entries.first(), entries.last()) {
                (Some(first), Some(last)) => format!("{first} … {last}"),
                _ => String::new(),
            };
            let below = lines.last().filter(|line| line.starts_with("Page"));
            let buttons: Vec<String> = answer
                .buttons
                .iter()
                .map(|button| format!("[{}: {}]", button.label, button.command))
                .collect();
            format!("{ends} | {} | {}", below.unwrap_or(&""), buttons.join(" "))
        }
    }
}

#[test]
fn pages_of_ten() {
    let (slack, shell) = ("slack:T1/C1", "shell:ana");
    let way = "issue list --label \"good first issue\" --page";
    let table = [
        (list(0, false), 1, slack, " |  | ".to_owned()),
        (list(10, false), 1, slack, "- 1 … - 10 |  | ".to_owned()),
        (
            list(11, false),
            1,
            slack,
            format!("- 1 … - 10 | Page 1 of 2. | [Next page: {way} 2]"),
        ),
        (
            list(25, false),
            2,
            slack,
            format!("- 11 … - 20 | Page 2 of 3. | [Previous page: {way} 1] [Next page: {way} 3]"),
        ),
        (
            list(25, false),
            3,
            slack,
            format!("- 21 … - 25 | Page 3 of 3. | [Previous page: {way} 2]"),
        ),
        (
            list(25, false),
            2,
            shell,
            format!("- 11 … - 20 | Page 2 of 3. Previous page: `{way} 1`. Next page: `{way} 3`. | "),
        ),
        (
            list(1_000, true),
            100,
            shell,
            format!("- 991 … - 1000 | Page 100 of at least 100. Previous page: `{way} 99`. | "),
        ),
    ];
    for (list, page, place, expected) in table {
        assert_eq!(
            shown(&list, page, place),
            expected,
            "page {page} of {}",
            list.entries.len()
        );
    }
}

#[test]
fn pages_that_are_not_there() {
    let slack = "slack:T1/C1";
    let way = "issue list --label \"good first issue\" --page";
    let table = [
        (
            list(25, false),
            99,
            slack,
            format!("I could not show page 99: there are 3 pages. The last one: `{way} 3`."),
        ),
        (
            list(1_000, true),
            101,
            slack,
            format!(
                "I could not show page 101: there are 100 pages of what I read, and I read no more. The last one: `{way} 100`."
            ),
        ),
        (
            list(3, false),
            2,
            slack,
            format!("I could not show page 2: there is one page only. The last one: `{way} 1`."),
        ),
    ];
    for (list, page, place, expected) in table {
        assert_eq!(shown(&list, page, place), expected);
    }
}

#[test]
fn a_command_that_is_too_long_for_a_button_is_written() {
    let long = List {
        shown: Shown::by("search").word(Some(&"word ".repeat(30))),
        ..list(11, false)
    };
    let answer = long.page(1, &asker("slack:T1/C1")).unwrap();
    assert!(answer.buttons.is_empty());
    assert!(
        answer.markdown.contains("Next page: `search"),
        "{}",
        answer.markdown
    );
}

#[test]
fn numbers_of_pages() {
    assert_eq!(number("3"), Ok(3));
    for bad in ["0", "-1", "x", "", "1.5", "99999999999"] {
        assert!(number(bad).is_err(), "{bad}");
    }
}
