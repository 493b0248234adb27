//! What vendors send, and what is made of it.

use serde_json::{Value, json};

use super::{DONE, Fake, STOP, ask, call, chunks, events, reply_to, response, tool_call};
use crate::engine::clock::Clock;
use crate::model::{Answer, Message, Reply, Tokens};

async fn says_hello(what: &str, body: &str) {
    let reply = reply_to(body)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let (text, calls) = ("Hello".to_owned(), Vec::new());
    let wanted = Answer {
        text,
        calls,
        helpless: false,
    };
    assert_eq!(reply.answer, wanted, "{what}");
    assert!(!reply.cut, "{what}");
}

#[tokio::test]
async fn takes_streams_of_every_vendor() {
    let hello = chunks(&[json!("Hel"), json!("lo")]);
    let usage = "data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n";
    let whole = hello.clone() + STOP + usage + DONE;
    let comments = format!(": OPENROUTER PROCESSING\n\n{hello}: x\n\n{STOP}{DONE}");
    let unknown = STOP.replace("stop", "eos");
    let empty = STOP.replace("stop", "");
    says_hello("no blanks after the colons", &whole.replace("data: ", "data:")).await;
    says_hello("carriage returns", &whole.replace('\n', "\r\n")).await;
    says_hello("as OpenAI sends it", &whole).await;
    says_hello("keep-alive comments", &comments).await;
    says_hello("no finish_reason", &format!("{hello}{DONE}")).await;
    says_hello("an unknown finish_reason", &format!("{hello}{unknown}{DONE}")).await;
    says_hello("an empty finish_reason", &format!("{empty}{hello}{DONE}")).await;
    says_hello("no [DONE]", &format!("{hello}{STOP}")).await;
    says_hello("[DONE] without a blank line", &format!("{hello}data: [DONE]")).await;
    says_hello("a chunk without a blank line", (hello.clone() + STOP).trim_end()).await;
    says_hello(
        "a break after the end",
        &format!("{hello}{STOP}data: {{broken\n\n"),
    )
    .await;
}

#[tokio::test]
async fn takes_chunks_of_every_vendor() {
    for line in CHUNKS.lines().filter(|line| !line.trim().is_empty()) {
        let (what, chunk) = line.split_once(" => ").unwrap();
        let hello = chunks(&[json!("Hello")]);
        says_hello(what, &format!("data: {chunk}\n\n{hello}{STOP}{DONE}")).await;
    }
    let parts = json!([{ "type": "thinking", "thinking": [] }, { "type": "text", "text": "Hello" }]);
    for delta in [json!({ "content": parts }), json!({ "refusal": "Hello" })] {
        says_hello("no plain text", &(chunks(&[delta]) + STOP + DONE)).await;
    }
}

/// Chunks that say nothing.
const CHUNKS: &str = r#"
    a null error => {"error": null, "choices": []}
    null everywhere => {"choices": null, "usage": null, "error": null}
    odd types => {"choices": [{"delta": 7, "index": "x", "finish_reason": 3}], "usage": []}
    a second choice => {"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "length"}]}
    reasoning => {"choices": [{"delta": {"role": "assistant", "content": null, "reasoning_content": "hm"}}]}
    a filter's verdict => {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
"#;

#[tokio::test]
async fn assembles_tool_calls() {
    for line in TOOL_CALLS.lines().filter(|line| !line.trim().is_empty()) {
        let [what, deltas, expected] = line.split(" => ").collect::<Vec<_>>().try_into().unwrap();
        let deltas: Vec<Value> = serde_json::from_str(deltas).unwrap();
        let deltas: Vec<Value> = deltas.into_iter().map(call).collect();
        let body = chunks(&deltas) + &STOP.replace("stop", "tool_calls") + DONE;
        let reply = reply_to(&body)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let expected: Vec<(String, String)> = serde_json::from_str(expected).unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, arguments)| tool_call(id, "f", arguments))
            .collect();
        assert_eq!(reply.answer.calls, expected, "{what}");
    }
}

/// The deltas of the calls, and the ids and arguments of what they give.
const TOOL_CALLS: &str = r#"
    in pieces, two at once => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": ""}}, {"index": 1, "id": "y", "function": {"name": "f", "arguments": ""}}, {"index": 0, "function": {"arguments": "{\"a\""}}, {"index": 1, "function": {"arguments": "{}"}}, {"index": 0, "id": null, "function": {"name": null, "arguments": ":1}"}}] => [["x", "{\"a\":1}"], ["y", "{}"]]
    whole => [{"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}] => [["x", "{}"]]
    an object => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": {"a": 1}}}] => [["x", "{\"a\":1}"]]
    no index => [{"id": "x", "function": {"name": "f", "arguments": "{\"a\""}}, {"function": {"arguments": ":1}"}}] => [["x", "{\"a\":1}"]]
    no index, two calls => [{"id": "x", "function": {"name": "f", "arguments": "{}"}}, {"id": "y", "function": {"name": "f", "arguments": "{}"}}] => [["x", "{}"], ["y", "{}"]]
    neither index nor id => [{"function": {"name": "f", "arguments": "{}"}}, {"function": {"name": "f", "arguments": "{}"}}] => [["call_1", "{}"], ["call_2", "{}"]]
    index 0 for all => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}}, {"index": 0, "id": "y", "function": {"name": "f", "arguments": "{}"}}] => [["x", "{}"], ["y", "{}"]]
    the name repeated => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{"}}, {"index": 0, "id": "x", "function": {"name": "f", "arguments": "}"}}] => [["x", "{}"]]
    another id with every piece => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{"}}, {"index": 0, "id": "y", "function": {"arguments": "}"}}] => [["x", "{}"]]
    one id for two calls => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}}, {"index": 1, "id": "x", "function": {"name": "f", "arguments": "{}"}}] => [["x", "{}"], ["call_2", "{}"]]
    no arguments => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": null}}] => [["x", "{}"]]
    no JSON => [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{a"}}] => [["x", "{a"]]
    nothing of a call => [{}, {"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}}] => [["x", "{}"]]
"#;

#[tokio::test]
async fn made_up_ids_count_on() {
    let delta = call(json!({ "function": { "name": "f", "arguments": {} } }));
    let (_fake, model) = Fake::start(vec![events(&(chunks(&[delta]) + DONE))]).await;
    let mut asked = ask("hi");
    let calls = vec![tool_call("call_1", "f", "{}")];
    asked.messages.push(Message::Assistant(Answer {
        text: String::new(),
        calls,
        ..Answer::default()
    }));
    let reply = model.ask(&asked, &Clock::system()).await.unwrap();
    assert_eq!(reply.answer.calls, [tool_call("call_2", "f", "{}")]);
}

#[tokio::test]
async fn takes_an_answer_that_is_not_streamed() {
    let call = json!({ "id": "x", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let message = json!({ "role": "assistant", "content": "Hello", "tool_calls": [call] });
    let body = json!({
        "object": "chat.completion",
        "choices": [{ "index": 0, "message": message, "finish_reason": "length" }],
        "usage": { "prompt_tokens": 40, "completion_tokens": 2 },
    });
    let text = serde_json::to_string_pretty(&body).unwrap();
    let (_fake, model) = Fake::start(vec![response(200, "application/json", text)]).await;
    let reply = model.ask(&ask("hi"), &Clock::system()).await.unwrap();
    let answer = Answer {
        text: "Hello".to_owned(),
        calls: vec![tool_call("x", "f", "{}")],
        ..Answer::default()
    };
    assert_eq!(
        reply,
        Reply {
            answer,
            tokens: Tokens { input: 40, output: 2 },
            cut: true
        }
    );
}

#[tokio::test]
async fn counts_tokens() {
    let hello = chunks(&[json!("Hello")]);
    let with = |usage: &str| format!("{hello}data: {{\"usage\":{usage}}}\n\n{DONE}");
    // What is read and what is written has a price of its own; "Hello" is about two tokens.
    for (usage, input, output) in [
        ("{\"prompt_tokens\":5,\"completion_tokens\":2}", 5, 2),
        (
            "{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":10}",
            5,
            5,
        ),
        (
            "{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":3}",
            5,
            2,
        ),
        ("{\"completion_tokens\":2}", 0, 2),
        ("{\"total_tokens\":12}", 10, 2),
        ("{\"total_tokens\":1}", 0, 1),
    ] {
        let tokens = reply_to(&with(usage)).await.unwrap().tokens;
        assert_eq!(tokens, Tokens { input, output }, "{usage}");
    }
    let (fake, model) = Fake::start(vec![events(&with("null"))]).await;
    let reply = model.ask(&ask("hi"), &Clock::system()).await.unwrap();
    let request = fake.requests().remove(0).1.to_string().chars().count();
    let whole = u64::try_from((request + 5).div_ceil(4)).unwrap();
    assert_eq!(
        reply.tokens,
        Tokens {
            input: whole - 2,
            output: 2
        }
    );
}

#[tokio::test]
async fn says_when_it_was_cut() {
    let body = chunks(&[json!("Hel")]) + &STOP.replace("stop", "length") + DONE;
    assert!(reply_to(&body).await.unwrap().cut);
}
