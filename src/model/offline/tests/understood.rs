//! What is understood as one command. A table has one phrase a line, with the arguments it leads to.

use serde_json::{Value, json};

use super::{TOOLS, calls};
use crate::model::offline::phrases::{COMPILED, PHRASES};

#[track_caller]
fn check(tool: &'static str, table: &str) {
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let (text, arguments) = line.split_once(" => ").unwrap_or((line, "{}"));
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        assert_eq!(calls(text.trim()), [(tool, arguments)], "{text}");
    }
}

#[test]
fn every_pattern_compiles_and_fills_arguments_that_exist() {
    let ways: usize = PHRASES.iter().map(|phrase| phrase.ways.len()).sum();
    assert_eq!(COMPILED.len(), ways);
    for (phrase, pattern) in COMPILED.iter() {
        let (_, known) = TOOLS.iter().find(|(tool, _)| *tool == phrase.tool).unwrap();
        let said = phrase.with.iter().map(|(key, _)| *key);
        let unknown: Vec<&str> = said
            .chain(pattern.keys())
            .filter(|key| !known.contains(key))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", phrase.tool);
    }
}

#[test]
fn list_projects() {
    check("list_projects", LIST_PROJECTS);
}

const LIST_PROJECTS: &str = "
    what projects are there
    What projects are there?
    list projects
    Please list all projects!
    projects
    hey, can you show me the projects?
    which projects do we have?
    list all our projects
    what are the projects
    are there any projects?
    show me the projects, please
    @pm list projects
    Hi there! list projects
    can you tell me what projects there are?
    What projects do we have here?
";

#[test]
fn create_project() {
    check("create_project", CREATE_PROJECT);
}

const CREATE_PROJECT: &str = r#"
    create a project called Apollo => {"name": "Apollo"}
    create a project called Apollo in acme/apollo => {"name": "Apollo", "repository": "acme/apollo"}
    Create the new project “Rock and Roll”. => {"name": "Rock and Roll"}
    could you please make a new project named Big Apollo 2? => {"name": "Big Apollo 2"}
    new project Apollo for https://github.com/acme/apollo => {"name": "Apollo", "repository": "https://github.com/acme/apollo"}
    create project 'Apollo' with the repository acme/apollo described as To the moon. => {"name": "Apollo", "repository": "acme/apollo", "description": "To the moon."}
    set up a project called Status Page with status planned => {"name": "Status Page", "status": "planned"}
    start a new project called Apollo => {"name": "Apollo"}
    create a project called Apollo described as "To the moon" in acme/apollo => {"name": "Apollo", "description": "To the moon", "repository": "acme/apollo"}
"#;

#[test]
fn get_project() {
    check("get_project", GET_PROJECT);
}

const GET_PROJECT: &str = r#"
    tell me about Apollo => {"project": "Apollo"}
    Tell me more about the project "Rock and Roll", please => {"project": "Rock and Roll"}
    show me the Apollo project => {"project": "Apollo"}
    tell me about this project
    which project is this channel?
    describe project Apollo => {"project": "Apollo"}
    describe Apollo => {"project": "Apollo"}
"#;

#[test]
fn bind_place() {
    check("bind_place", BIND_PLACE);
}

const BIND_PLACE: &str = r##"
    bind this channel to Apollo => {"project": "Apollo"}
    use this channel for Apollo => {"project": "Apollo"}
    please link this thread with the Apollo project => {"project": "Apollo"}
    bind #apollo to Apollo => {"place": "#apollo", "project": "Apollo"}
    This channel belongs to Apollo. => {"project": "Apollo"}
"##;

#[test]
fn project_status() {
    check("project_status", PROJECT_STATUS);
}

const PROJECT_STATUS: &str = r#"
    status
    Status?
    how are we doing?
    what's the status
    how is it going?
    how is this project doing
    what's up?
    what is the status of Apollo? => {"project": "Apollo"}
    what's the state of Apollo => {"project": "Apollo"}
    What’s the status of Apollo? => {"project": "Apollo"}
    how is Apollo doing => {"project": "Apollo"}
    Is Apollo on track? => {"project": "Apollo"}
    summarise Apollo => {"project": "Apollo"}
    how's Apollo going? => {"project": "Apollo"}
    status of Apollo => {"project": "Apollo"}
    Apollo's status => {"project": "Apollo"}
    Apollo status => {"project": "Apollo"}
    give me an update on Apollo => {"project": "Apollo"}
    hello, how does Apollo stand? => {"project": "Apollo"}
    where are we with Apollo? => {"project": "Apollo"}
    what is Apollo's status? => {"project": "Apollo"}
    show me the status of 'Apollo' => {"project": "Apollo"}
    how are things going with Apollo? => {"project": "Apollo"}
    what is going on in Apollo? => {"project": "Apollo"}
    how's it going with Apollo? => {"project": "Apollo"}
    is Apollo on hold? => {"project": "Apollo"}
    status report for Apollo please => {"project": "Apollo"}
"#;

#[test]
fn update_project() {
    check("update_project", UPDATE_PROJECT);
}

const UPDATE_PROJECT: &str = r#"
    set Apollo's status to on hold => {"project": "Apollo", "status": "on_hold"}
    set Apollo’s status to On Hold. => {"project": "Apollo", "status": "on_hold"}
    put Apollo on hold => {"project": "Apollo", "status": "on_hold"}
    please put the Apollo project on hold => {"project": "Apollo", "status": "on_hold"}
    pause Apollo => {"project": "Apollo", "status": "on_hold"}
    mark Apollo as done => {"project": "Apollo", "status": "done"}
    set the status of Apollo to active => {"project": "Apollo", "status": "active"}
    change the status of Apollo to in progress => {"project": "Apollo", "status": "active"}
    resume Apollo => {"project": "Apollo", "status": "active"}
    archive the project Apollo => {"project": "Apollo", "status": "archived"}
    can you set Apollo to planned? => {"project": "Apollo", "status": "planned"}
    set the status to on hold => {"status": "on_hold"}
    put this on hold => {"status": "on_hold"}
    mark this project as done => {"status": "done"}
    rename Apollo to Apollo 2 => {"project": "Apollo", "name": "Apollo 2"}
    rename this project to "Not Apollo" => {"name": "Not Apollo"}
    set the repository of Apollo to acme/apollo => {"project": "Apollo", "repository": "acme/apollo"}
    set the repo to acme/apollo => {"repository": "acme/apollo"}
    connect Apollo to acme/apollo => {"project": "Apollo", "repository": "acme/apollo"}
    describe Apollo as to the moon, and back => {"project": "Apollo", "description": "to the moon, and back"}
    set the description of Apollo to "To the moon". => {"project": "Apollo", "description": "To the moon"}
    set Apollo status to done => {"project": "Apollo", "status": "done"}
"#;

#[test]
fn list_issues() {
    check("list_issues", LIST_ISSUES);
}

const LIST_ISSUES: &str = r#"
    list issues
    Which issues are there?
    list open issues => {"state": "open"}
    show me all issues of Apollo => {"state": "all", "project": "Apollo"}
    what closed issues are there in acme/apollo? => {"state": "closed", "repository": "acme/apollo"}
    which issues are open => {"state": "open"}
    what is open? => {"state": "open"}
    issues assigned to @ana => {"assignee": "ana"}
    which issues are assigned to ana? => {"assignee": "ana"}
    list open issues of Apollo labelled bug and urgent assigned to ana => {"state": "open", "project": "Apollo", "labels": ["bug", "urgent"], "assignee": "ana"}
    list issues labelled “good first issue” in acme/apollo => {"labels": ["good first issue"], "repository": "acme/apollo"}
    show the open issues with the label bug => {"state": "open", "labels": ["bug"]}
    how many issues are open in Apollo? => {"state": "open", "project": "Apollo"}
    what's assigned to ana? => {"assignee": "ana"}
    list issues in Apollo that are closed => {"project": "Apollo", "state": "closed"}
"#;

#[test]
fn get_issue() {
    check("get_issue", GET_ISSUE);
}

const GET_ISSUE: &str = r##"
    show issue #12 => {"issue": "#12"}
    what is acme/apollo#12? => {"issue": "acme/apollo#12"}
    What is Acme/Apollo#12 about? => {"issue": "Acme/Apollo#12"}
    show me https://github.com/acme/apollo/issues/12 => {"issue": "acme/apollo#12"}
    is #12 closed? => {"issue": "#12"}
    who is working on #12? => {"issue": "#12"}
    what's the status of #12? => {"issue": "#12"}
    how is issue 12 doing? => {"issue": "#12"}
    tell me about #12 => {"issue": "#12"}
    describe this issue
    what's up with #12? => {"issue": "#12"}
"##;

#[test]
fn list_pull_requests() {
    check("list_pull_requests", LIST_PULL_REQUESTS);
}

const LIST_PULL_REQUESTS: &str = r#"
    list pull requests
    list the open pull requests of apollo => {"state": "open", "project": "apollo"}
    show me all PRs of Apollo => {"state": "all", "project": "Apollo"}
    which pull requests are open in Apollo? => {"state": "open", "project": "Apollo"}
    how many pull requests are there in acme/apollo? => {"repository": "acme/apollo"}
    are there any open PRs? => {"state": "open"}
    open PRs => {"state": "open"}
"#;

#[test]
fn get_pull_request() {
    check("get_pull_request", GET_PULL_REQUEST);
}

const GET_PULL_REQUEST: &str = r##"
    how is pull request 21 => {"pull_request": "#21"}
    how's PR #21 doing? => {"pull_request": "#21"}
    show pull request acme/apollo#21 => {"pull_request": "acme/apollo#21"}
    can PR 21 be merged? => {"pull_request": "#21"}
    is pull request 21 approved? => {"pull_request": "#21"}
    what's the status of PR 21? => {"pull_request": "#21"}
    tell me about this pull request
    look at https://github.com/acme/apollo/pull/21 => {"pull_request": "acme/apollo#21"}
"##;

#[test]
fn search_issues() {
    check("search_issues", SEARCH_ISSUES);
}

const SEARCH_ISSUES: &str = r#"
    search issues for login in apollo => {"kind": "issues", "words": "login", "project": "apollo"}
    search the open issues for login fails => {"kind": "issues", "state": "open", "words": "login fails"}
    find issues about the login in acme/apollo => {"kind": "issues", "words": "the login", "repository": "acme/apollo"}
    look for pull requests about caching => {"kind": "pull_requests", "words": "caching"}
    search pull requests for “rate limit” => {"kind": "pull_requests", "words": "rate limit"}
"#;

#[test]
fn recent_activity() {
    check("recent_activity", RECENT_ACTIVITY);
}

const RECENT_ACTIVITY: &str = r#"
    what happened in apollo this week => {"project": "apollo", "days": 7}
    What happened today in Apollo? => {"project": "Apollo", "days": 1}
    what has changed in acme/apollo since yesterday? => {"repository": "acme/apollo", "days": 2}
    what happened here in the last 3 days? => {"days": 3}
    what happened in Apollo over the last 2 weeks? => {"project": "Apollo", "days": 14}
    recent activity of Apollo => {"project": "Apollo"}
    what happened?
"#;

#[test]
fn create_issue() {
    check("create_issue", CREATE_ISSUE);
    let body = json!({ "title": "Login fails", "body": "Since Monday.\nBadly." });
    assert_eq!(
        calls("create an issue: Login fails\nSince Monday.\nBadly."),
        [("create_issue", body)]
    );
}

const CREATE_ISSUE: &str = r#"
    create an issue 'Login fails' => {"title": "Login fails"}
    open an issue: Login fails => {"title": "Login fails"}
    Please open a new issue “Login fails”. => {"title": "Login fails"}
    can you file a bug: Login fails => {"title": "Login fails"}
    new issue Login fails => {"title": "Login fails"}
    create an issue called Login fails => {"title": "Login fails"}
    open an issue: Why does login not work? => {"title": "Why does login not work?"}
    create an issue Login fails if you don't wait => {"title": "Login fails if you don't wait"}
    create an issue 'Login fails' in acme/apollo => {"title": "Login fails", "repository": "acme/apollo"}
    create an issue "Login fails" for Apollo => {"title": "Login fails", "project": "Apollo"}
    create an issue 'Login fails' labelled bug assigned to cy and @bo saying It says: no. => {"title": "Login fails", "labels": ["bug"], "assignees": ["cy", "bo"], "body": "It says: no."}
    create an issue Login fails in acme/apollo labelled bug please => {"title": "Login fails", "repository": "acme/apollo", "labels": ["bug"]}
    create an issue for Apollo labelled bug: Login fails => {"title": "Login fails", "project": "Apollo", "labels": ["bug"]}
    create an issue called "Do not close #12" => {"title": "Do not close #12"}
    create an issue that login fails => {"title": "login fails"}
"#;

#[test]
fn update_issue() {
    check("update_issue", UPDATE_ISSUE);
}

const UPDATE_ISSUE: &str = r##"
    close #12 => {"issue": "#12", "state": "closed"}
    CLOSE #12! => {"issue": "#12", "state": "closed"}
    could you close issue #12, please? => {"issue": "#12", "state": "closed"}
    can you close #12? => {"issue": "#12", "state": "closed"}
    please close #12? => {"issue": "#12", "state": "closed"}
    close this => {"state": "closed"}
    close it => {"state": "closed"}
    mark #12 as done => {"issue": "#12", "state": "closed"}
    close #12 as not planned => {"issue": "#12", "state": "not_planned"}
    close this as won't fix => {"state": "not_planned"}
    reopen #12 => {"issue": "#12", "state": "open"}
    label this as bug => {"add_labels": ["bug"]}
    label #12 bug => {"issue": "#12", "add_labels": ["bug"]}
    tag this as “needs work” and urgent => {"add_labels": ["needs work", "urgent"]}
    label this as good first try => {"add_labels": ["good first try"]}
    add the label bug to #12 => {"issue": "#12", "add_labels": ["bug"]}
    add the bug label => {"add_labels": ["bug"]}
    add the labels bug, urgent, and ui to #12 => {"issue": "#12", "add_labels": ["bug", "urgent", "ui"]}
    remove the label bug from #12 => {"issue": "#12", "remove_labels": ["bug"]}
    remove the bug label => {"remove_labels": ["bug"]}
    assign #12 to cy => {"issue": "#12", "add_assignees": ["cy"]}
    assign @Cy and bo to #12 => {"issue": "#12", "add_assignees": ["Cy", "bo"]}
    assign this to cy now => {"add_assignees": ["cy"]}
    unassign cy from #12 => {"issue": "#12", "remove_assignees": ["cy"]}
    unassign cy => {"remove_assignees": ["cy"]}
    rename #12 to Login is slow => {"issue": "#12", "title": "Login is slow"}
    change the title of #12 to 'Login is slow'. => {"issue": "#12", "title": "Login is slow"}
    set the description of this issue to Not yet known => {"body": "Not yet known"}
    close this. Thanks! => {"state": "closed"}
    close https://github.com/acme/apollo/issues/12 => {"issue": "acme/apollo#12", "state": "closed"}
    close this issue as a duplicate => {"state": "not_planned"}
    change the title to Login => {"title": "Login"}
    label this as "don't touch" => {"add_labels": ["don't touch"]}
"##;

#[test]
fn comment_on_issue() {
    check("comment_on_issue", COMMENT_ON_ISSUE);
    let list = json!({ "issue": "#12", "text": "- a\n- b" });
    assert_eq!(
        calls("add a comment to #12 saying - a\n- b"),
        [("comment_on_issue", list)]
    );
}

const COMMENT_ON_ISSUE: &str = r##"
    comment on #12: looks good! => {"issue": "#12", "text": "looks good!"}
    comment on #12: "looks good" please => {"issue": "#12", "text": "looks good"}
    reply on acme/apollo#12 that it works => {"issue": "acme/apollo#12", "text": "it works"}
    comment on this that we don't know yet => {"text": "we don't know yet"}
    comment: is it done? => {"text": "is it done?"}
    comment "on it" on #12 => {"issue": "#12", "text": "on it"}
"##;

#[test]
fn search_messages() {
    check("search_messages", SEARCH_MESSAGES);
}

const SEARCH_MESSAGES: &str = r#"
    search for login => {"words": "login"}
    search for login? => {"words": "login"}
    search for “error in login” => {"words": "error in login"}
    who said login in Apollo? => {"words": "login", "project": "Apollo"}
    who talked about the login? => {"words": "the login"}
    what did we say about login in Apollo => {"words": "login", "project": "Apollo"}
"#;

#[test]
fn post_message() {
    check("post_message", POST_MESSAGE);
}

const POST_MESSAGE: &str = r##"
    post in #apollo: hello => {"place": "#apollo", "text": "hello"}
    post to #apollo: We ship. Do you? => {"place": "#apollo", "text": "We ship. Do you?"}
    tell #apollo that we don't ship today => {"place": "#apollo", "text": "we don't ship today"}
    tell #apollo we ship => {"place": "#apollo", "text": "we ship"}
    Let #apollo know that it's done! => {"place": "#apollo", "text": "it's done!"}
    say hello in #apollo => {"place": "#apollo", "text": "hello"}
    please say “hello, and goodbye” in the #apollo channel => {"place": "#apollo", "text": "hello, and goodbye"}
    announce in #apollo: close #12 and label it bug => {"place": "#apollo", "text": "close #12 and label it bug"}
    tell everyone in #apollo that we ship => {"place": "#apollo", "text": "we ship"}
    tell <#C123> hello => {"place": "<#C123>", "text": "hello"}
    post to slack:T1/C2: hello => {"place": "slack:T1/C2", "text": "hello"}
"##;
