//! The phrases, in the order in which they are tried. [`super::pattern`] explains how they are written.

use std::sync::LazyLock;

use super::pattern::Pattern;

/// Ways to ask for one thing.
#[derive(Debug)]
pub(super) struct Phrase {
    /// The tool that does it.
    pub(super) tool: &'static str,
    /// Arguments that the phrase itself says.
    pub(super) with: &'static [(&'static str, &'static str)],
    /// The ways to say it.
    pub(super) ways: &'static [&'static str],
}

const fn phrase(tool: &'static str, ways: &'static [&'static str]) -> Phrase {
    Phrase {
        tool,
        with: &[],
        ways,
    }
}

const fn with(
    tool: &'static str,
    with: &'static [(&'static str, &'static str)],
    ways: &'static [&'static str],
) -> Phrase {
    Phrase { tool, with, ways }
}

/// The end of a question for issues.
macro_rules! which_issues {
    () => {
        "{of|in|for|on [the] (<repository> | <project>) | labelled|labeled|tagged [as|with] <labels> \
         | with [the] label|labels <labels> | [that|which] [are] assigned to <assignee:person> | (that|which) are <state> \
         | here | there}"
    };
}

/// Where pull requests, or what happened, are looked for.
macro_rules! where_to_look {
    () => {
        "{of|in|for|on|with|at [the] (<repository> | <project>) | here}"
    };
}

/// What may come after the title of a new issue.
macro_rules! issue_details {
    () => {
        "{in|at <repository> | in|for|of ([the] project <project> | the <project> project) | labelled|labeled|tagged [as|with] <labels> \
         | with [the] label|labels <labels> | assigned to <assignees:people> \
         | (saying | with the text | with the body | with the description) <body:text>}"
    };
}

/// The same where no title can be mistaken for it.
macro_rules! all_issue_details {
    () => {
        "{in|at|for|of (<repository> | <project>) | labelled|labeled|tagged [as|with] <labels> | with [the] label|labels <labels> \
         | assigned to <assignees:people> | (saying | with the text | with the body | with the description) <body:text>}"
    };
}

/// What follows the name of a new project.
macro_rules! project_details {
    () => {
        "{in|at|for|with|on [the] [repository|repo] <repository> | with [the] status <status> | described as <description:text> \
         | with the description <description:text>}"
    };
}

/// Every phrase.
pub(super) const PHRASES: &[Phrase] = &[
    // Posting. First, so that no other phrase takes the channel for a name; and first of all without words, which only
    // comes after another command, whose outcome is told.
    phrase(
        "post_message",
        &[
            "tell|inform|notify [everyone in] [the] [channel] <place> [channel] [about (it | that | this)]",
            "let [everyone in] [the] [channel] <place> [channel] know [about (it | that | this)]",
            "post|announce|say|write|send (it | that | this) in|on|to [the] [channel] <place> [channel]",
            "tell|inform|notify [everyone in] [the] [channel] <place> [channel] (that | :) <text>",
            "tell|inform|notify [everyone in] [the] [channel] <place> [channel] <text:statement>",
            "let [everyone in] [the] [channel] <place> [channel] know (that | :) <text>",
            "let [everyone in] [the] [channel] <place> [channel] know <text:statement>",
            "post|say|write|send|announce [a message] in|on|to|at [the] [channel] <place> [channel] [that | :] <text>",
            "post|say|write|send|announce [that] <text> in|on|to|at [the] [channel] <place> [channel]",
        ],
    ),
    // Changing issues.
    with(
        "update_issue",
        &[("state", "not_planned")],
        &[
            "close|mark <issue> as ([a] duplicate | not planned | not-planned | wontfix | won't fix | wont fix | invalid)",
            "close <issue> (not planned | not-planned)",
        ],
    ),
    with(
        "update_issue",
        &[("state", "closed")],
        &[
            "close|resolve <issue> [as done|completed|complete|fixed|resolved|finished]",
            "mark <issue:named_issue> as closed|done|completed|complete|fixed|resolved|finished",
            "mark <issue> as closed|completed|fixed|resolved",
        ],
    ),
    with(
        "update_issue",
        &[("state", "open")],
        &["reopen|re-open <issue>", "open <issue> again"],
    ),
    phrase(
        "update_issue",
        &[
            "label|tag <issue> [as|with] [a|an] [[the] label|labels] <add_labels:labels>",
            "add|put [the] label|labels <add_labels:labels> [to|on <issue>]",
            "add|put [the] <add_labels:labels> label|labels [to|on <issue>]",
            "remove|drop|delete|take [the] label|labels <remove_labels:labels> [from|off <issue>]",
            "remove|drop|delete|take [the] <remove_labels:labels> label|labels [from|off <issue>]",
            "unlabel <issue> [as] <remove_labels:labels>",
            "assign|give <issue> to <add_assignees:people>",
            "assign <add_assignees:people> [to <issue>]",
            "unassign <remove_assignees:people> [from <issue>]",
            "unassign <issue> from <remove_assignees:people>",
            "take <remove_assignees:people> off <issue>",
            "rename|retitle <issue> to|as <title>",
            "set|change|update|edit the title [of <issue>] to <title>",
            "set|change|update|edit the description|body|text of <issue> to <body:text>",
        ],
    ),
    phrase(
        "comment_on_issue",
        &[
            "comment|reply|respond|answer on|to|under|in <issue> (that | saying | with | :) <text>",
            "comment|reply|respond|answer on|to|under|in <issue> <text:statement>",
            "comment|reply|answer <text:quoted> [on|to|under|in <issue>]",
            "comment (that | saying | :) <text>",
            "add|leave|write|post|make [a] comment [on|to|under|in <issue>] (that | saying | :) <text>",
            "add|leave|write|post|make [a] comment on|to|under|in <issue> <text:statement>",
            "add|leave|write|post [the|a] comment <text:quoted> [on|to|under|in <issue>]",
        ],
    ),
    phrase(
        "create_issue",
        &[
            concat!(
                "create|open|file|make|add|raise|report|new [me] [a|an|another] [new] issue|ticket|bug ",
                all_issue_details!(),
                " : <title>"
            ),
            concat!(
                "create|open|file|make|add|raise|report|new [me] [a|an|another] [new] issue|ticket|bug ",
                "[called | titled | named | about | saying | that | with the title] <title:quoted> ",
                all_issue_details!()
            ),
            concat!(
                "open|report [a|an|another] [new] issue|ticket|bug : <title> ",
                issue_details!()
            ),
            concat!(
                "(open|report (a|an|another) [new] | create|file|make|add|raise [me] [a|an|another] [new] | new) ",
                "issue|ticket|bug [called | titled | named | about | saying | that | with the title] <title> ",
                issue_details!()
            ),
        ],
    ),
    // Pull requests, before issues, which the same words may be about.
    phrase(
        "get_pull_request",
        &[
            "show|get|read|view|describe|summarize|summarise|explain [me] <pull_request:pull> [to me]",
            "look at <pull_request:pull>",
            "(what is | what 's | whats) <pull_request:pull> [about]",
            "(what is | what 's | whats) (in | up with | going on with | happening with | the status of | the state of) <pull_request:pull>",
            "is <pull_request:pull> [still] open|closed|merged|approved|mergeable|reviewed|green|ready|failing",
            "can <pull_request:pull> be merged",
            "(how is | how 's | hows) <pull_request:pull> [doing|going]",
            "[the] status|checks|reviews of|on <pull_request:pull>",
            "(who reviewed | who approved | who reviews) <pull_request:pull>",
            "tell me [more] about <pull_request:pull>",
        ],
    ),
    phrase(
        "list_pull_requests",
        &[
            concat!(
                "(list | show | find | get | give | (what are) | (which are)) [me] [<state>] [of] [the|our|my|these] [<state>] ",
                "(prs | pull requests) ",
                where_to_look!()
            ),
            concat!("[the] [<state>] (prs | pull requests) ", where_to_look!()),
            concat!(
                "(what | which | how many) [<state>] (prs | pull requests) [are there | do we have | are | exist] [<state>] ",
                where_to_look!()
            ),
            concat!(
                "(are there | do we have) [any] [<state>] (prs | pull requests) ",
                where_to_look!()
            ),
        ],
    ),
    with(
        "search_issues",
        &[("kind", "pull_requests")],
        &[
            concat!(
                "search [the|our|all] [<state>] (prs | pull requests) [for|about] <words> ",
                "[in (<repository> | <project>)]"
            ),
            concat!(
                "(find | look for) [the|all|any] [<state>] (prs | pull requests) ",
                "(about | with | that mention | mentioning | on) <words> [in (<repository> | <project>)]"
            ),
        ],
    ),
    with(
        "search_issues",
        &[("kind", "issues")],
        &[
            "search [the|our|all] [<state>] issues [for|about] <words> [in (<repository> | <project>)]",
            concat!(
                "(find | look for) [the|all|any] [<state>] issues ",
                "(about | that mention | mentioning | on) <words> [in (<repository> | <project>)]"
            ),
        ],
    ),
    phrase(
        "recent_activity",
        &[
            concat!(
                "what (happened | has happened | changed | has changed | was done | has been done) ",
                "{[in|during|over|since|within] <days> | here | in|on|with|at (<repository> | <project>)}"
            ),
            concat!(
                "[(show | give | list | get) [me]] [the] recent activity ",
                "{[in|during|over|since|within] <days> | here | in|on|of|for (<repository> | <project>)}"
            ),
            concat!(
                "[(show | give | list | get) [me]] [the] activity ",
                "{[in|during|over|since|within] <days> | here | in|on|of|for (<repository> | <project>)}"
            ),
        ],
    ),
    // Reading issues.
    phrase(
        "get_issue",
        &[
            "show|get|read|view|describe|summarize|summarise|explain [me] <issue> [to me]",
            "look at <issue>",
            "(what is | what 's | whats) <issue> [about]",
            "(what is | what 's | whats) the status|state of <issue>",
            "(what is | what 's | whats) (in | up with | going on with | happening with) <issue>",
            "is <issue> [still] open|closed|done|fixed|finished|resolved|assigned|labelled",
            "(who is | who 's | whos) (assigned to | working on | on) <issue>",
            "(how is | how 's | hows) <issue:named_issue> [doing|going]",
            "[the] status of <issue:named_issue>",
            "tell me [more] about <issue>",
        ],
    ),
    phrase(
        "list_issues",
        &[
            concat!(
                "how many [<state>] issues (are there | do we have | are) [<state>] ",
                which_issues!()
            ),
            "how many [<state>] issues does <project> have",
            concat!(
                "(what is | what 's | whats) assigned to <assignee:person> ",
                which_issues!()
            ),
            concat!(
                "(list | show | find | get | give | (what are) | (which are)) [me] [<state>] [of] [the|our|my|these] ",
                "[<state>] issues ",
                which_issues!()
            ),
            concat!("[the] [<state>] issues ", which_issues!()),
            concat!(
                "what|which [<state>] issues (are there | do we have | are | exist) [<state>] ",
                which_issues!()
            ),
            concat!("what|which [<state>] issues ", which_issues!()),
            concat!(
                "(are there | do we have) [any] [<state>] issues ",
                which_issues!()
            ),
            concat!("(what is | what 's | whats) [still] <state> ", which_issues!()),
        ],
    ),
    // Projects.
    phrase(
        "list_projects",
        &[
            "tell me [about] what|which projects (there are | we have | exist) [here]",
            "(list | show | what are | which are | give | get) [me] [all] [of] [the|our|my] projects [there|here]",
            "[all] [the|our] projects",
            "what|which projects (are there | do we have | exist | are we working on | is there) [here]",
            "(are there | do we have) any projects [here]",
        ],
    ),
    phrase(
        "create_project",
        &[
            concat!(
                "create|make|add|register|new [me] [a|an|another|the] [new] project [called|named|titled] <name> ",
                project_details!()
            ),
            concat!(
                "(set up [a|an|another|the] [new] | start [a|an|another|the] new) project [called|named|titled] <name> ",
                project_details!()
            ),
        ],
    ),
    phrase(
        "bind_place",
        &[
            "bind|connect|link|attach ([this|the] channel|place|thread|issue|conversation|chat|room | this | here) to|with <project:named_project>",
            "bind|connect|link|attach [the] <place> [channel] to|with <project:named_project>",
            "use (this channel|place|thread|issue|conversation|chat|room | this) for <project:named_project>",
            "use [the] <place> [channel] for <project:named_project>",
            "this channel|place|thread|conversation|chat|room (belongs to | is for) <project:named_project>",
        ],
    ),
    phrase(
        "update_project",
        &[
            "set|change|update|switch [the] [project] status [of|for <project>] to|as <status>",
            "set|change|update|switch <project> ['s] [project] status to|as <status>",
            "put <project> <status>",
            "set|move|switch|mark|put <project:named_project> to|as|in <status>",
            "set|change|update [the] repository|repo [of|for <project>] to <repository>",
            "set|change|update <project> 's repository|repo to <repository>",
            "connect|link <project:named_project> to|with <repository>",
            "set|change|update the description [of|for <project>] to|as <description:text>",
            "set|change|update <project> 's description to|as <description:text>",
            "describe <project:named_project> as <description:text>",
            "rename <project:named_project> to|as <name>",
            "set|change|update the name of <project:named_project> to <name>",
            "set|change|update <project> 's name to <name>",
        ],
    ),
    with(
        "update_project",
        &[("status", "archived")],
        &["archive <project:named_project>"],
    ),
    with(
        "update_project",
        &[("status", "on_hold")],
        &["pause <project:named_project>"],
    ),
    with(
        "update_project",
        &[("status", "active")],
        &["resume|reactivate|activate <project:named_project>"],
    ),
    phrase(
        "project_status",
        &[
            "how (are | is | 's) things|everything|it [going|looking] [in|with|on <project>]",
            "is <project> [still] on track",
            "summarize|summarise <project:named_project>",
            "is <project> [still] (planned | active | done | finished | archived | paused | on hold)",
            "[(give | show | tell | get | report) [me | us]] [the|a|an] [project] [current] status|progress|update [report] [of|for|on|about <project>]",
            "(what is | what 's | whats) the [current] status|state|progress [report] [of|for|on <project>]",
            "(what is | what 's | whats) (going on | happening | new | up) [in|with|on <project>]",
            "(what is | what 's | whats) <project> 's status|state|progress",
            "(how is | how 's | hows) <project> [doing | going | looking | coming along | getting on]",
            "how are we doing [with|on|in <project>]",
            "how does <project> stand",
            "(where do we stand | where are we) [with|on|in <project>]",
            "[(give | show) [me | us]] <project> 's status",
            "[the] <project> status [report]",
        ],
    ),
    phrase(
        "get_project",
        &[
            "describe <project:named_project>",
            "tell me [more|something|everything] about <project>",
            "show|describe|get|explain|view [me] [the] (project <project> | <project> project | this project)",
            "(what is | what 's | whats) ([the] project <project> | the <project> project | this project) [about]",
            "[show|give] [me] [the] (details | info | information) (of|on|about|for <project> | )",
            "(which | what) project is this [channel|place|thread|issue]",
            "(which | what) project (does this [channel|place|thread|issue] belong to | are we in)",
        ],
    ),
    // Searching.
    phrase(
        "search_messages",
        &[
            "search [the|our|all] [messages|conversations|talk|history] [for] <words> [in <project>]",
            "(find | look for | show [me]) [the|all|any] messages (about | with | that mention | mentioning | saying | for) <words> [in <project>]",
            "look for <words> [in <project>]",
            "who (said | mentioned | wrote | asked for) <words> [in <project>]",
            "who (talked | spoke | wrote | asked) about <words> [in <project>]",
            "(when | where) (did we | did anyone | did somebody) (discuss | mention | talk about | speak about) <words> [in <project>]",
            "what (did we say | was said | did people say | did anyone say | has been said | do we know) about <words> [in <project>]",
        ],
    ),
];

/// A pattern with its phrase.
pub(super) static COMPILED: LazyLock<Vec<(&'static Phrase, Pattern)>> = LazyLock::new(|| {
    let compiled = |phrase: &'static Phrase| {
        phrase
            .ways
            .iter()
            .filter_map(move |way| Some((phrase, Pattern::compile(way)?)))
    };
    PHRASES.iter().flat_map(compiled).collect()
});
