//! The JSON interface: what it answers is what its document says, and a repeated request changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use quittance_agent::ports::Store;
use quittance_rules::cases::{Case, Subject};
use quittance_rules::journal::Change;
use quittance_rules::ledger::Entry;
use quittance_rules::users::{ApiToken, Grant, Role, Scope, User, UserId};
use quittance_tools::clock::SystemClock;
use quittance_tools::sealing::Keys;
use quittance_tools::store::Database;
use quittance_web::{Settings, Web, routes};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::sample::*;

/// A book with two cases of entity e1 and one of e2, and the tokens `full` (decides everywhere), `reads` and `e2` (decides for e2).
async fn desk() -> (tempfile::TempDir, Database, axum::Router) {
    let folder = tempfile::tempdir().unwrap();
    let book = Database::create(&format!("sqlite://{}/q.db", folder.path().display())).await.unwrap();
    let book = book.with_keys(Keys::in_memory().unwrap());
    small_book(&book).await;
    let candidate = |item: &str, minor: i64| {
        let entry = Entry {
            purpose: quittance_rules::ledger::Purpose::Allocation,
            amount: eur(minor),
            item: Some(item_id(item)),
            cleared: Some(eur(minor)),
            customer: None,
        };
        let mut one = case(0, Subject::Payment(payment_id("p1"))).candidates;
        one[0].entries = vec![entry];
        one
    };
    let mut changes = Vec::new();
    for (id, payment, item, minor, entity) in
        [(1, "p1", "a", 10_000, "e1"), (2, "p2", "b", 5_000, "e1"), (3, "q", "z", 1_000, "e2")]
    {
        changes.push(Change::CaseOpened(Case {
            entity: Some(entity_id(entity)),
            amount: Some(eur(minor)),
            candidates: candidate(item, minor),
            ..case(id, Subject::Payment(payment_id(payment)))
        }));
    }
    changes
        .push(Change::PolicyPublished { version: "built-in".into(), text: quittance_rules::policy::DEFAULT_POLICY.to_owned() });
    for (name, entity, scopes) in [
        ("full", None, &[Scope::Read, Scope::Decide][..]),
        ("reads", None, &[Scope::Read]),
        ("e2", Some("e2"), &[Scope::Read, Scope::Decide]),
    ] {
        let id = UserId::parse(name).unwrap();
        changes.push(Change::UserSet(User {
            id: id.clone(),
            name: name.into(),
            email: None,
            language: None,
            grants: vec![Grant { role: Role::Approver, entity: entity.map(entity_id) }],
            external: None,
            is_disabled: false,
        }));
        changes.push(Change::TokenSet(ApiToken {
            id: name.into(),
            user: id,
            name: "test".into(),
            scopes: scopes.to_vec(),
            hash: quittance_web::secret::hash(name),
            made_at: at(0),
            expires_at: None,
            revoked_at: None,
        }));
    }
    apply(&book, changes).await.unwrap();
    for sequence in [quittance_agent::ports::Sequence::Case, quittance_agent::ports::Sequence::Decision] {
        book.reserve(sequence, 10).await.unwrap();
    }
    let settings = Settings::for_address(([127, 0, 0, 1], 8080).into());
    let router = routes::router(Web::new(book.clone(), Arc::new(SystemClock), settings));
    (folder, book, router)
}

/// One request; gives status, media type and JSON.
async fn ask(
    router: &axum::Router,
    token: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: Option<Value>,
) -> (u16, String, Value) {
    let mut request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = to_bytes(answer.into_body(), 10 << 20).await.unwrap();
    (status, kind, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[test]
fn the_document_has_every_route() {
    let document = quittance_web::api::document();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|name| ["get", "post"].contains(&name.as_str())) {
            documented.insert(format!("{method} {path}"));
        }
    }
    let served: BTreeSet<String> = routes::rows::<Database>()
        .iter()
        .filter(|row| row.path.starts_with("/api/v1/") && !row.path.ends_with("/openapi.json"))
        .map(|row| format!("{} {}", row.method.as_str().to_lowercase(), row.path))
        .collect();
    assert_eq!(documented, served);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_are_listed_shown_decided_and_undone() {
    let (_folder, book, router) = desk().await;
    let (status, _, page) = ask(&router, "full", "GET", "/api/v1/cases?sort=risk&limit=2", None, None).await;
    assert_eq!((status, page["cases"].as_array().unwrap().len()), (200, 2), "{page}");
    assert_eq!(page["cases"][0]["amount"], json!({ "amount": "100.00", "currency": "EUR" }));
    let next = page["next"].as_str().unwrap();
    let (_, _, rest) = ask(&router, "full", "GET", &format!("/api/v1/cases?sort=risk&limit=2&after={next}"), None, None).await;
    assert_eq!((rest["cases"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    let (_, _, own) = ask(&router, "e2", "GET", "/api/v1/cases", None, None).await;
    assert_eq!(own["cases"].as_array().unwrap().len(), 1, "only of one's own entity");

    let (status, _, shown) = ask(&router, "full", "GET", "/api/v1/cases/1", None, None).await;
    assert_eq!((status, &shown["case"]["version"]), (200, &json!(1)), "{shown}");
    assert_eq!(shown["candidates"][0]["effect"]["items"][0]["after"]["amount"], "0.00");

    let wanted = json!({ "version": 1, "choice": { "kind": "candidate", "rank": 1 } });
    let (status, _, first) = ask(&router, "full", "POST", "/api/v1/cases/1/decide", Some("k1"), Some(wanted.clone())).await;
    assert_eq!((status, &first["outcome"]), (200, &json!("decided")), "{first}");
    let (status, _, again) = ask(&router, "full", "POST", "/api/v1/cases/1/decide", Some("k1"), Some(wanted.clone())).await;
    assert_eq!((status, &again), (200, &first), "the same answer, nothing done twice");
    let other = json!({ "version": 1, "choice": { "kind": "not_ours" } });
    let (status, kind, refused) = ask(&router, "full", "POST", "/api/v1/cases/1/decide", Some("k1"), Some(other)).await;
    assert_eq!((status, kind.as_str(), refused["field"].as_str()), (422, "application/problem+json", Some("Idempotency-Key")));
    let (status, _, refused) = ask(&router, "full", "POST", "/api/v1/cases/1/decide", None, Some(wanted)).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("was decided by person:full at"), "who and when: {refused}");

    let decision = first["decision"].as_i64().unwrap();
    let (status, _, undone) = ask(&router, "full", "POST", &format!("/api/v1/decisions/{decision}/undo"), None, None).await;
    assert_eq!((status, &undone["case"]), (200, &json!(1)));
    let (status, _, _) = ask(&router, "full", "POST", &format!("/api/v1/decisions/{decision}/undo"), None, None).await;
    assert_eq!(status, 409);

    let cases = json!([{ "case": 1, "version": 3 }, { "case": 3, "version": 1 }]);
    let batch = json!({ "cases": cases, "choice": { "kind": "candidate", "rank": 1 } });
    let (status, _, preview) = ask(&router, "full", "POST", "/api/v1/batches/preview", None, Some(batch.clone())).await;
    assert_eq!((status, &preview["is_whole"]), (200, &json!(true)), "{preview}");
    let (status, _, done) = ask(&router, "full", "POST", "/api/v1/batches", Some("b1"), Some(batch)).await;
    assert_eq!((status, &done["decided"]), (200, &json!(2)), "{done}");
    let entry = done["entry"].as_i64().unwrap();
    let (status, _, _) = ask(&router, "e2", "POST", &format!("/api/v1/batches/{entry}/undo"), None, None).await;
    assert_eq!(status, 404, "a batch of another entity is not to be seen");
    let (status, _, undone) = ask(&router, "full", "POST", &format!("/api/v1/batches/{entry}/undo"), None, None).await;
    assert_eq!((status, &undone["undone"]), (200, &json!(2)));
    assert!(book.verify().await.unwrap().findings.iter().all(|finding| finding.starts_with("table sequences")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_problems() {
    let (_folder, _book, router) = desk().await;
    let decide = json!({ "version": 1, "choice": { "kind": "candidate", "rank": 1 } });
    for (token, method, path, body, wanted) in [
        ("nobody", "GET", "/api/v1/cases", None, 401),
        ("reads", "POST", "/api/v1/cases/1/decide", Some(decide.clone()), 403),
        ("e2", "GET", "/api/v1/cases/1", None, 404),
        ("e2", "POST", "/api/v1/cases/1/decide", Some(decide.clone()), 404),
        ("e2", "GET", "/api/v1/audit", None, 403),
        ("e2", "GET", "/api/v1/items/a", None, 404),
        ("e2", "GET", "/api/v1/payments/p1", None, 404),
        ("full", "GET", "/api/v1/cases/999", None, 404),
        ("full", "GET", "/api/v1/cases/one", None, 404),
        ("full", "GET", "/api/v1/nothing", None, 404),
        ("full", "GET", "/api/v1/cases?sort=money", None, 422),
        ("full", "GET", "/api/v1/cases?after=x", None, 422),
        ("full", "GET", "/api/v1/items", None, 422),
        ("full", "GET", "/api/v1/audit?limit=0", None, 422),
        ("full", "POST", "/api/v1/cases/1/decide", None, 422),
        ("full", "POST", "/api/v1/cases/1/decide", Some(json!({ "version": 1, "choice": { "kind": "guess" } })), 422),
        (
            "full",
            "POST",
            "/api/v1/cases/1/decide",
            Some(json!({ "version": 1, "choice": { "kind": "candidate", "rank": 9 } })),
            422,
        ),
        ("full", "POST", "/api/v1/cases/1/decide", Some(json!({ "version": 7, "choice": { "kind": "not_ours" } })), 409),
        ("full", "POST", "/api/v1/cases/1/notes", Some(json!({ "text": " " })), 422),
        ("full", "POST", "/api/v1/cases/1/snooze", Some(json!({ "until": "someday" })), 422),
        ("full", "POST", "/api/v1/batches", Some(json!({ "cases": [], "choice": { "kind": "not_ours" } })), 422),
    ] {
        let (status, kind, problem) = ask(&router, token, method, path, None, body).await;
        assert_eq!(status, wanted, "{method} {path}: {problem}");
        assert_eq!(kind, "application/problem+json", "{method} {path}");
        assert_eq!(problem["status"], json!(wanted));
        assert!(problem["detail"].as_str().is_some_and(|words| !words.is_empty()), "{problem}");
    }
    for path in [
        "/api/v1/cases/counts",
        "/api/v1/cases/groups",
        "/api/v1/cases/1/notes",
        "/api/v1/customers?q=kundin",
        "/api/v1/customers/c1",
        "/api/v1/items?customer=c1",
        "/api/v1/items?entity=e1&q=inv",
        "/api/v1/items/a",
        "/api/v1/payments/p1",
        "/api/v1/audit?limit=1",
    ] {
        let (status, kind, body) = ask(&router, "full", "GET", path, None, None).await;
        assert_eq!((status, kind.as_str()), (200, "application/json"), "{path}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_keep_the_facts_of_the_ledger() {
    let (_folder, book, router) = desk().await;
    let (status, _, draft) = ask(&router, "reads", "GET", "/api/v1/cases/1/draft?language=en", None, None).await;
    assert_eq!((status, &draft["version"], &draft["is_template"]), (200, &json!(0), &json!(true)), "{draft}");
    let text = draft["text"].as_str().unwrap().to_owned();
    let fact = |draft: &Value, name: &str| {
        let pieces = draft["pieces"].as_array().unwrap().clone();
        pieces.iter().find(|piece| piece["fact"] == json!(name)).map(|piece| piece["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(fact(&draft, "amount").as_deref(), Some("EUR 100.00"), "{draft}");
    let (_, _, spanish) = ask(&router, "reads", "GET", "/api/v1/cases/1/draft?language=es", None, None).await;
    assert_eq!(fact(&spanish, "amount").as_deref(), Some("100,00 EUR"));
    // The words may change, the facts may not.
    let changed = format!("Good morning!\r\n\r\n{text}");
    let save = |version: i64, text: &str| json!({ "version": version, "language": "en", "text": text });
    let path = "/api/v1/cases/1/draft";
    let (status, _, saved) = ask(&router, "full", "POST", path, None, Some(save(0, &changed))).await;
    assert_eq!((status, &saved["version"], &saved["saved_by"]), (200, &json!(1), &json!("full")), "{saved}");
    assert!(saved["text"].as_str().unwrap().starts_with("Good morning!\n\n"));
    let without = changed.replace("{amount}", "EUR 90.00");
    let twice = format!("{changed} {{amount}}");
    let altered = changed.replace("{amount}", "{amounts}");
    for (token, body, status, why) in [
        ("full", save(1, &without), 422, "the fact {amount} is missing"),
        ("full", save(1, &twice), 422, "the fact {amount} was added"),
        ("full", save(1, &altered), 422, "`{amounts}` is no fact"),
        ("full", save(1, "  "), 422, "the draft is empty"),
        ("full", save(1, &format!("{changed}{}", "x".repeat(4_001))), 422, "more than 4,000 characters"),
        ("full", json!({ "version": 1, "language": "tlh", "text": changed }), 422, "it is en or es"),
        ("full", json!({ "version": 1, "language": "en", "text": changed, "send": true }), 422, "unknown field"),
        ("full", save(0, &changed), 409, "version 1 was saved by full"),
        ("reads", save(1, &changed), 403, "lacks the scope"),
        ("e2", save(1, &changed), 404, "nothing at this address"),
    ] {
        let (found, _, problem) = ask(&router, token, "POST", path, None, Some(body)).await;
        assert_eq!(found, status, "{why}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{why}: {problem}");
    }
    let (_, _, kept) = ask(&router, "reads", "GET", path, None, None).await;
    assert_eq!((&kept["version"], &kept["language"]), (&json!(1), &json!("en")), "what is refused changes nothing");
    let entries = book.audit_entries(0, 100).await.unwrap();
    assert!(entries.iter().any(|entry| entry.by == "person:full" && entry.changes.contains("draft_set")));
    assert!(book.verify().await.unwrap().findings.iter().all(|finding| finding.starts_with("table sequences")));
}
