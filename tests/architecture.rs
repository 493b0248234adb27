//! The house rules about the source itself: rooms use only rooms to their left, and files stay readable.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::path::{Path, PathBuf};

/// The rooms from left to right; those on one line do not use each other.
const ROOMS: &[&[&str]] = &[
    &["domain"],
    &["config", "telemetry", "failpoint"],
    &["markup"],
    &["store"],
    &["guard"],
    &["engine"],
    &["platform"],
    &["model"],
    &["gate"],
    &["action"],
    &["workflow", "mirror", "digest"],
    &["agent", "command"],
    &["desk"],
    &["http"],
    &["app"],
    &["ask", "drill", "operator"],
    &["main", "lib"],
];

/// The longest a source file may be, in lines.
const LONGEST: usize = 500;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn rank(room: &str) -> Option<usize> {
    ROOMS.iter().position(|row| row.contains(&room))
}

/// The room a file stands in.
fn room(root: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(root).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms that a source text names, comments left out.
fn named(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join(" ");
    let uses = code
        .match_indices("crate::")
        .map(|(at, found)| &code[at + found.len()..]);
    uses.flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => members(group),
        None => vec![first_word(rest)],
    })
    .collect()
}

/// The first words of what a group `{a::b, c::{d, e}}` holds; the text begins behind its opening brace.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let inside = group.char_indices().take_while(|(_, c)| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth >= 0
    });
    let end = inside.last().map_or(0, |(at, c)| at + c.len_utf8());
    let mut depth = 0_i32;
    let parts = group[..end].split(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    });
    parts.map(first_word).filter(|word| !word.is_empty()).collect()
}

fn first_word(text: &str) -> String {
    let word = text.trim_start().chars();
    word.take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn rooms_use_only_rooms_to_their_left() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let room = room(&root, &file);
        let own =
            rank(&room).unwrap_or_else(|| panic!("{} stands in no room; add it to the list", file.display()));
        for used in named(&std::fs::read_to_string(&file).unwrap()) {
            let right = rank(&used).is_some_and(|rank| rank > own || (rank == own && used != room));
            if right {
                wrong.push(format!("{}: {room} uses {used}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that run the wrong way:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_check_sees_arrows() {
    assert_eq!(named("use crate::store::{Db, Tx};"), ["store"]);
    assert_eq!(named("use crate::{app, desk};"), ["app", "desk"]);
    assert_eq!(named("    crate::http::serve(x) // crate::app"), ["http"]);
    let lines = "use crate::{\n    store::{Db, Tx}, // crate::app\n    desk,\n};\nuse crate::http;";
    assert_eq!(named(lines), ["store", "desk", "http"]);
}

#[test]
fn files_stay_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long: Vec<String> = [root.join("src"), root.join("tests")]
        .iter()
        .flat_map(|folder| sources(folder))
        .map(|file| (std::fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| format!("{lines} {}", file.display()))
        .collect();
    assert!(
        long.is_empty(),
        "files past {LONGEST} lines want splitting:\n{}",
        long.join("\n")
    );
}

#[test]
fn migrations_are_numbered_alike() {
    let names = |engine: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(engine);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
