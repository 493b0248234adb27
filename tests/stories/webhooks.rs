//! What the webhook route takes and refuses.

use callsheet::store::inbox;
use serde_json::{Value, json};

use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_webhook_without_a_good_signature_is_refused_and_not_stored,
    a_webhook_that_is_too_large_or_no_json_is_refused,
    unknown_events_are_stored_and_ignored,
    half_a_character_loses_no_comment,
    no_missing_or_strange_field_stops_the_work,
    a_comment_before_we_know_who_we_are_is_answered,
    without_a_secret_webhooks_are_closed,
    both_spellings_of_the_route_work,
];

async fn stored(world: &World) -> Vec<(String, Option<String>, i64)> {
    let mut tx = world.db.read().await.unwrap();
    inbox::summary(&mut tx).await.unwrap()
}

async fn a_webhook_without_a_good_signature_is_refused_and_not_stored(kind: Kind) {
    let world = World::apollo(kind).await;
    let body = json!({"action": "created"}).to_string();
    let good = world.github.signature(body.as_bytes());
    let wrong = format!("sha256={}", "0".repeat(64));
    let sha1 = format!("sha1={}", "0".repeat(40));
    let doubled = format!("{good}=b");
    for signature in [
        None,
        Some("sha256"),
        Some("sha256="),
        Some("sha256=a=b"),
        Some(&*wrong),
        Some(&*sha1),
        Some(&*doubled),
        Some(""),
    ] {
        let mut headers = vec![
            ("X-GitHub-Event", "issue_comment"),
            ("X-GitHub-Delivery", "d-1"),
            ("Content-Type", "application/json"),
        ];
        headers.extend(signature.map(|signature| ("X-Hub-Signature-256", signature)));
        assert_eq!(
            world.github.send_raw(&headers, body.clone()).await,
            401,
            "{signature:?}"
        );
    }
    // A good signature of another body.
    let headers = [
        ("X-GitHub-Event", "issue_comment"),
        ("X-GitHub-Delivery", "d-1"),
        ("Content-Type", "application/json"),
        ("X-Hub-Signature-256", &*good),
    ];
    assert_eq!(world.github.send_raw(&headers, "{}").await, 401);
    assert_eq!(stored(&world).await, vec![]);
    world.finish().await;
}

async fn a_webhook_that_is_too_large_or_no_json_is_refused(kind: Kind) {
    let world = World::apollo(kind).await;
    let headers = |signature: String| {
        vec![
            ("X-GitHub-Event".to_owned(), "issues".to_owned()),
            ("X-GitHub-Delivery".to_owned(), "d-2".to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("X-Hub-Signature-256".to_owned(), signature),
        ]
    };
    for (body, status) in [
        (vec![b' '; 5 * 1024 * 1024 + 1], 413),
        (b"no json".to_vec(), 400),
        (b"[1]".to_vec(), 400),
        (b"\xff\xfe".to_vec(), 400),
    ] {
        let headers = headers(world.github.signature(&body));
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(world.github.send_raw(&headers, body).await, status);
    }
    assert_eq!(stored(&world).await, vec![]);
    world.finish().await;
}

async fn unknown_events_are_stored_and_ignored(kind: Kind) {
    let world = World::apollo(kind).await;
    let bodies = [
        ("star", json!({"action": "created"})),
        ("issue_comment", json!({"action": "pinned", "comment": {"id": 1}})),
        (
            "issue_comment",
            json!({"action": "created", "comment": null, "issue": {"number": "twelve"}}),
        ),
        ("nonsense", json!({})),
    ];
    for (number, (event, body)) in bodies.iter().enumerate() {
        let (body, guid) = (body.to_string(), format!("d-{number}"));
        let signature = world.github.signature(body.as_bytes());
        let headers = [
            ("X-GitHub-Event", *event),
            ("X-GitHub-Delivery", &*guid),
            ("Content-Type", "application/json"),
            ("X-Hub-Signature-256", &*signature),
        ];
        let status = world.github.send_raw(&headers, body).await;
        assert!((200..300).contains(&status), "{event}: {status}");
    }
    world.quiet().await;
    let kept: Vec<String> = stored(&world)
        .await
        .iter()
        .map(|(name, meaning, size)| format!("{name} {meaning:?} {size}"))
        .collect();
    sees!(kept.join("\n"), @r#"
    unknown Some("ignored") 20
    unknown Some("ignored") 38
    unknown Some("ignored") 63
    unknown Some("ignored") 2
    "#);
    world.finish().await;
}

async fn without_a_secret_webhooks_are_closed(kind: Kind) {
    let mut world = World::new(kind).await;
    world.settings.remove("CALLSHEET__GITHUB__WEBHOOK_SECRET");
    world.start().await;
    let body = "{}";
    let signature = world.github.signature(body.as_bytes());
    let headers = [
        ("X-GitHub-Event", "ping"),
        ("X-GitHub-Delivery", "d"),
        ("Content-Type", "application/json"),
        ("X-Hub-Signature-256", &*signature),
    ];
    assert_eq!(world.github.send_raw(&headers, body).await, 503);
    assert_eq!(stored(&world).await, vec![]);
    world.finish().await;
}

async fn both_spellings_of_the_route_work(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .github
        .webhook_to(&format!("http://{}/webhooks/github/", world.program().address));
    world.model.says("Yes.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "Are you there, @pm?");
    world.quiet().await;
    assert_eq!(world.github.comments("acme/apollo", 12).len(), 2);
    world.finish().await;
}

async fn half_a_character_loses_no_comment(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Got it.");
    let body = json!({
        "action": "created",
        "issue": {"number": 12, "title": "Login fails"},
        "comment": {"id": 77, "body": "@pm broken HALF here", "created_at": "2026-11-22T09:00:00Z",
            "updated_at": "2026-11-22T09:00:00Z", "html_url": "https://github.com/acme/apollo/issues/12#issuecomment-77",
            "user": {"id": 501, "login": "cy", "type": "User"}},
        "repository": {"name": "apollo", "full_name": "acme/apollo", "owner": {"login": "acme"}},
        "sender": {"id": 501, "login": "cy", "type": "User"},
    });
    let body = body.to_string().replace("HALF", "\\ud83d");
    let signature = world.github.signature(body.as_bytes());
    let headers = [
        ("X-GitHub-Event", "issue_comment"),
        ("X-GitHub-Delivery", "half"),
        ("Content-Type", "application/json"),
        ("X-Hub-Signature-256", &*signature),
    ];
    assert_eq!(world.github.send_raw(&headers, body).await, 202);
    world.quiet().await;
    let kept: Vec<String> = stored(&world)
        .await
        .iter()
        .map(|(name, meaning, _)| format!("{name} {meaning:?}"))
        .collect();
    assert_eq!(kept[0], "message_posted Some(\"request\")");
    assert_eq!(world.issue_talk("acme/apollo", 12), "pm-bot: Got it.");
    world.finish().await;
}

async fn a_comment_before_we_know_who_we_are_is_answered(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    let outage = || Fault::Status { code: 503 };
    for _ in 0..3 {
        world.github.fault("GET", "/user", outage());
    }
    world.model.says("Yes.");
    world.start().await;
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm are you there?");
    world.github.webhooks_done().await;
    let delivery = world.github.deliveries().remove(0);
    assert_eq!(delivery.attempts, [Some(202)]);
    // Sent again before it was read, and once more when we know who we are: known.
    world.github.redeliver(&delivery.guid);
    world.quiet().await;
    world.github.redeliver(&delivery.guid);
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm are you there?
    pm-bot: Yes.
    ");
    let kept: Vec<String> = stored(&world)
        .await
        .iter()
        .map(|(name, meaning, _)| format!("{name}: {}", meaning.as_deref().unwrap_or("?")))
        .collect();
    sees!(kept.join("\n"), @"
    message_posted: request
    message_posted: ours
    ");
    world.finish().await;
}

/// The body with the value at `pointer` taken out (`None`) or replaced.
fn changed(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => drop(parent.insert(name.to_owned(), value)),
        None => drop(parent.remove(name)),
    }
    body
}

/// Every field of an object, the deeper ones too, as JSON pointers.
fn fields(value: &Value, at: &str) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return Vec::new();
    };
    let fields = object.iter().flat_map(|(name, value)| {
        let pointer = format!("{at}/{name}");
        let below = fields(value, &pointer);
        [pointer].into_iter().chain(below)
    });
    fields.collect()
}

async fn no_missing_or_strange_field_stops_the_work(kind: Kind) {
    let world = World::apollo(kind).await;
    let whole = json!({
        "action": "created",
        "issue": {"number": 12, "title": "Login fails", "body": "It says 500.", "created_at": "2026-11-22T09:00:00Z",
            "user": {"id": 501, "login": "cy", "type": "User"}},
        "comment": {"id": 77, "body": "just talking", "created_at": "2026-11-22T09:00:00Z",
            "updated_at": "2026-11-22T09:00:00Z", "user": {"id": 501, "login": "cy", "type": "User"}},
        "repository": {"name": "apollo", "full_name": "acme/apollo", "owner": {"login": "acme"}},
        "sender": {"id": 501, "login": "cy", "type": "User"},
    });
    // The unit tests try every field with everything; here each kind of event meets one way to be odd.
    let strange = json!(["another type"]);
    let kinds = [
        ("issue_comment", "created", None),
        ("issue_comment", "edited", Some(Value::Null)),
        ("issue_comment", "deleted", Some(strange)),
        ("issues", "opened", None),
    ];
    let mut sent = 0;
    for (event, action, value) in kinds {
        for pointer in fields(&whole, "").iter().filter(|at| !at.starts_with("/sender/")) {
            sent += 1;
            let mut body = whole.clone();
            body["action"] = json!(action);
            body["comment"]["id"] = json!(1_000 + sent);
            let body = changed(&body, pointer, value.clone()).to_string();
            let (signature, guid) = (world.github.signature(body.as_bytes()), format!("strange-{sent}"));
            let headers = [
                ("X-GitHub-Event", event),
                ("X-GitHub-Delivery", &*guid),
                ("Content-Type", "application/json"),
                ("X-Hub-Signature-256", &*signature),
            ];
            let status = world.github.send_raw(&headers, body.clone()).await;
            assert!((200..300).contains(&status), "{event}.{action} {status}: {body}");
        }
    }
    world.quiet().await;
    let open: Vec<String> = stored(&world)
        .await
        .iter()
        .filter(|(_, meaning, _)| meaning.is_none())
        .map(|(name, ..)| name.clone())
        .collect();
    assert!(open.is_empty(), "not understood to the end: {open:?}");
    world.model.says("Still here.");
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    world.quiet().await;
    assert_eq!(
        world.issue_talk("acme/apollo", 12),
        "cy: @pm hello?\npm-bot: Still here."
    );
    world.finish().await;
}
