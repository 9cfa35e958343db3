//! Messages to other programs: signed as the specification's own library checks it, sent to a real listener, tried again, switched off,
//! and never sent where they must not go; the page and the JSON interface that keep the addresses; and `quittance serve`, which sends.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use jiff::{SignedDuration, Timestamp};
use quittance_agent::ports::{Clock as _, Store as _};
use quittance_agent::webhooks::manage::{self, NewEndpoint, digest_of};
use quittance_agent::webhooks::ports::{Delivery, DeliveryState, Webhooks as _};
use quittance_agent::webhooks::target::Targets;
use quittance_agent::webhooks::{CLAIM, deliver, switch};
use quittance_rules::cases::{Actor, Case, Subject};
use quittance_rules::journal::Change;
use quittance_rules::users::{ApiToken, Grant, Role, Scope, User, UserId};
use quittance_rules::webhooks::{EndpointState, EventKind, WebhookEndpoint};
use quittance_tools::clock::SystemClock;
use quittance_tools::sealing::Keys;
use quittance_tools::store::Database;
use quittance_tools::webhooks::Sender;
use quittance_web::{Settings, Web, routes};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tower::ServiceExt as _;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::sample::*;

const FIRST: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const SECOND: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

/// The local listener may be called; nothing else that is not public.
fn open_to_tests() -> Targets {
    Targets { networks: vec!["127.0.0.1".parse().unwrap()], allow_http: true }
}

fn sender(seconds: u64) -> Sender {
    Sender::new(open_to_tests(), Duration::from_secs(seconds)).unwrap()
}

async fn book() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let book = Database::create(&format!("sqlite://{}/q.db", folder.path().display())).await.unwrap();
    let book = book.with_keys(Keys::in_memory().unwrap());
    small_book(&book).await;
    (folder, book)
}

async fn address(book: &Database, url: &str) -> WebhookEndpoint {
    let new = NewEndpoint {
        id: "we_1".into(),
        secret: FIRST.into(),
        entity: None,
        url: url.into(),
        note: String::new(),
        events: EventKind::ALL.to_vec(),
    };
    manage::add(book, &open_to_tests(), Actor::Person("ana".into()), SystemClock.now(), new).await.unwrap()
}

async fn opened(book: &Database, id: i64, payment: &str) {
    let case = Case { entity: Some(entity_id("e1")), ..case(id, Subject::Payment(payment_id(payment))) };
    apply(book, vec![Change::CaseOpened(case)]).await.unwrap();
}

/// One round of sending: what is due at `now`.
async fn round(book: &Database, sender: &Sender, now: Timestamp) -> usize {
    let claimed = book.claim_deliveries(now, now.checked_add(CLAIM).unwrap(), 10, 10, "round").await.unwrap();
    for one in &claimed {
        deliver(book, sender, &SystemClock, "https://q.example", one).await.unwrap();
    }
    claimed.len()
}

async fn only(book: &Database) -> Delivery {
    let found = book.deliveries_of("we_1", None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap()
}

/// What the listener got, checked by the specification's own library.
async fn received(server: &MockServer) -> Vec<(HeaderMap, Vec<u8>)> {
    let requests = server.received_requests().await.unwrap();
    requests.into_iter().map(|request| (request.headers, request.body)).collect()
}

fn fits(secret: &str, (headers, body): &(HeaderMap, Vec<u8>)) -> bool {
    Webhook::new(secret).unwrap().verify(body, headers).is_ok()
}

fn in_hours(hours: i64) -> Timestamp {
    SystemClock.now().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_signed_so_that_the_reference_library_takes_it() {
    let (_folder, book) = book().await;
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/hooks")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    address(&book, &format!("{}/hooks", server.uri())).await;
    opened(&book, 1, "p1").await;
    assert_eq!(round(&book, &sender(5), SystemClock.now()).await, 1);
    let got = received(&server).await;
    assert!(fits(FIRST, &got[0]), "{:?}", got[0].0);
    assert!(!fits(SECOND, &got[0]), "another secret does not fit");
    let mut altered = got[0].clone();
    altered.1[0] ^= 1;
    assert!(!fits(FIRST, &altered), "another body does not fit");
    let said: Value = serde_json::from_slice(&got[0].1).unwrap();
    assert_eq!((&said["type"], &said["data"]["case"], &said["data"]["entity"]), (&json!("case.opened"), &json!(1), &json!("e1")));
    assert_eq!(said["data"]["links"]["page"], "https://q.example/queue/1");
    assert!(said["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    let text = String::from_utf8_lossy(&got[0].1).into_owned();
    assert!(!text.contains("DE0212") && !text.contains("amount") && !text.contains("Kundin"), "thin: {text}");
    let delivery = only(&book).await;
    assert_eq!((delivery.state, delivery.last_status), (DeliveryState::Delivered, Some(204)));
    assert_eq!(got[0].0["webhook-id"], delivery.id.as_str());
    assert_eq!(round(&book, &sender(5), in_hours(1)).await, 0, "once taken it is not sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_tried_again_under_the_same_id() {
    let (_folder, book) = book().await;
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "600");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).mount(&server).await;
    // A redirect is no taking, and nobody follows it.
    let moved = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    Mock::given(method("POST")).and(path("/hooks")).respond_with(moved).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/elsewhere")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    Mock::given(method("POST")).and(path("/hooks")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    address(&book, &format!("{}/hooks", server.uri())).await;
    opened(&book, 1, "p1").await;
    let sender = sender(5);
    assert_eq!(round(&book, &sender, SystemClock.now()).await, 1);
    let first = only(&book).await;
    assert_eq!((first.state, first.last_status, first.attempts), (DeliveryState::Waiting, Some(503), 1));
    assert!(first.next_at.duration_since(first.last_at.unwrap()) >= SignedDuration::from_mins(10), "it asked for ten minutes");
    assert_eq!(round(&book, &sender, SystemClock.now()).await, 0, "not before its time");
    assert_eq!(round(&book, &sender, in_hours(1)).await, 1);
    assert_eq!(only(&book).await.last_error.as_deref(), Some("it answered 302"));
    assert_eq!(round(&book, &sender, in_hours(2)).await, 1);
    assert_eq!(only(&book).await.state, DeliveryState::Delivered);
    let got = received(&server).await;
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|one| fits(FIRST, one) && one.0["webhook-id"] == got[0].0["webhook-id"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_or_dead_address_is_a_failure_with_a_reason() {
    let (_folder, book) = book().await;
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(4));
    Mock::given(method("POST")).respond_with(slow).mount(&server).await;
    address(&book, &server.uri()).await;
    opened(&book, 1, "p1").await;
    round(&book, &sender(1), SystemClock.now()).await;
    let delivery = only(&book).await;
    assert_eq!(delivery.last_error.as_deref(), Some("it did not answer within 1 seconds"));
    assert_eq!((delivery.state, delivery.last_status), (DeliveryState::Waiting, None));
    server.reset().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    round(&book, &sender(1), in_hours(1)).await;
    assert!(only(&book).await.last_error.is_some());
    // Ten attempts, then it is given up; the page can send it again.
    for attempt in 0..12 {
        round(&book, &sender(1), in_hours(48 * (attempt + 1))).await;
    }
    let last = only(&book).await;
    assert_eq!((last.state, last.attempts), (DeliveryState::GivenUp, 10));
    assert!(last.last_error.unwrap().ends_with("that was the last of 10 attempts"));
    // Nothing else got through: the address is off, the log says by whom, and a person switches it on again.
    assert_eq!(book.webhook("we_1").await.unwrap().unwrap().state, EndpointState::Off);
    assert_eq!(book.webhook_changed("we_1").await.unwrap().unwrap().0, "rule");
    let admin = User {
        id: UserId::parse("root").unwrap(),
        name: "Root".to_owned(),
        email: None,
        language: None,
        grants: vec![Grant { role: Role::Admin, entity: None }],
        external: None,
        is_disabled: false,
    };
    apply(&book, vec![Change::UserSet(admin.clone())]).await.unwrap();
    let web = Web::new(book.clone(), Arc::new(SystemClock), Settings::for_address(([127, 0, 0, 1], 8080).into()));
    let session = web.begin(&admin, &crate::desk::visitor()).await.unwrap();
    let router = quittance_web::routes::router(web);
    let page = async || {
        let request = Request::builder().uri("/webhooks/we_1").header("cookie", format!("quittance-session={session}"));
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
    };
    const NOTICE: &str = "Switched off by itself on";
    let off = page().await;
    assert!(off.contains(NOTICE), "the page says that it went off by itself, and when: {off}");
    assert!(switch(&book, Actor::Person("ana".to_owned()), SystemClock.now(), "we_1", EndpointState::On).await.unwrap());
    assert!(!page().await.contains(NOTICE), "a person switched it on");
    assert!(switch(&book, Actor::Person("ana".to_owned()), SystemClock.now(), "we_1", EndpointState::Off).await.unwrap());
    assert!(!page().await.contains(NOTICE), "a person switched it off, and knows it");
    assert!(switch(&book, Actor::Person("ana".to_owned()), SystemClock.now(), "we_1", EndpointState::On).await.unwrap());
    // Where something else got through meanwhile, one message that is given up switches nothing off.
    server.reset().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).up_to_n_times(10).mount(&server).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    assert!(book.send_again(&last.id, SystemClock.now()).await.unwrap());
    for attempt in 0..5 {
        round(&book, &sender(1), in_hours(48 * (attempt + 1))).await;
    }
    opened(&book, 2, "p2").await;
    let (now, until) = (in_hours(300), in_hours(301));
    let claimed = book.claim_deliveries(now, until, 10, 10, "t").await.unwrap();
    assert_eq!(claimed.len(), 2);
    server.reset().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    let (new, old): (Vec<_>, Vec<_>) = claimed.iter().partition(|one| one.delivery.id != last.id);
    assert!(deliver(&book, &sender(5), &SystemClock, "https://q.example", new[0]).await.unwrap());
    deliver(&book, &sender(5), &SystemClock, "https://q.example", old[0]).await.unwrap();
    for attempt in 0..6 {
        round(&book, &sender(1), in_hours(400 + 48 * (attempt + 1))).await;
    }
    assert_eq!(book.delivery(&last.id).await.unwrap().unwrap().state, DeliveryState::GivenUp);
    assert_eq!(book.webhook("we_1").await.unwrap().unwrap().state, EndpointState::On);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_switches_the_address_off_and_the_log_says_so() {
    let (_folder, book) = book().await;
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(410)).expect(1).mount(&server).await;
    address(&book, &server.uri()).await;
    opened(&book, 1, "p1").await;
    opened(&book, 2, "p2").await;
    let now = SystemClock.now();
    let claimed = book.claim_deliveries(now, now.checked_add(CLAIM).unwrap(), 10, 1, "t").await.unwrap();
    deliver(&book, &sender(5), &SystemClock, "https://q.example", &claimed[0]).await.unwrap();
    assert_eq!(book.webhook("we_1").await.unwrap().unwrap().state, EndpointState::Gone);
    let found = book.deliveries_of("we_1", None, 10).await.unwrap();
    let count = |state| found.iter().filter(|delivery| delivery.state == state).count();
    assert_eq!((count(DeliveryState::GivenUp), count(DeliveryState::Dropped)), (1, 1));
    assert_eq!(round(&book, &sender(5), in_hours(5)).await, 0);
    let entries = book.audit_entries(0, 100).await.unwrap();
    assert!(entries.iter().any(|entry| entry.by == "rule" && entry.changes.contains("\"gone\"")));
    assert!(book.verify().await.unwrap().findings.iter().all(|finding| finding.starts_with("table sequences")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_secret_is_replaced_both_are_good() {
    let (_folder, book) = book().await;
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let endpoint = address(&book, &server.uri()).await;
    let ana = || Actor::Person("ana".to_owned());
    let now = SystemClock.now();
    let changed = manage::rotate(&book, ana(), now, &endpoint, SECOND, 24).await.unwrap();
    assert!(manage::rotate(&book, ana(), now, &changed, FIRST, 1).await.unwrap_err().to_string().contains("under way"));
    assert!(manage::rotate(&book, ana(), now, &changed, FIRST, 169).await.is_err());
    opened(&book, 1, "p1").await;
    round(&book, &sender(5), SystemClock.now()).await;
    opened(&book, 2, "p2").await;
    // After the overlap only the new one signs.
    round(&book, &sender(5), in_hours(25)).await;
    let got = received(&server).await;
    assert!(fits(FIRST, &got[0]) && fits(SECOND, &got[0]), "{:?}", got[0].0["webhook-signature"]);
    assert!(!fits(FIRST, &got[1]) && fits(SECOND, &got[1]));
    // A secret that leaked ends at once.
    let third = "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
    manage::rotate(&book, ana(), SystemClock.now(), &changed, third, 0).await.unwrap();
    opened(&book, 3, "q").await;
    round(&book, &sender(5), SystemClock.now()).await;
    let got = received(&server).await;
    assert!(fits(third, &got[2]) && !fits(FIRST, &got[2]) && !fits(SECOND, &got[2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_into_a_private_network() {
    let (_folder, book) = book().await;
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    address(&book, &server.uri()).await;
    opened(&book, 1, "p1").await;
    // The settings have become stricter since the address was kept: by number, and by a name that leads here.
    let http_only = Targets { networks: Vec::new(), allow_http: true };
    let strict = Sender::new(http_only.clone(), Duration::from_secs(5)).unwrap();
    round(&book, &strict, SystemClock.now()).await;
    let why = only(&book).await.last_error.unwrap();
    assert!(why.contains("not public"), "{why}");
    let elsewhere = Targets { networks: vec!["10.0.0.0/8".parse().unwrap()], allow_http: true };
    let port = server.address().port();
    let named = WebhookEndpoint { url: format!("http://localhost:{port}/"), ..book.webhook("we_1").await.unwrap().unwrap() };
    let now = in_hours(1);
    let mut claimed = book.claim_deliveries(now, now.checked_add(CLAIM).unwrap(), 10, 10, "t").await.unwrap();
    claimed[0].endpoint = named;
    let by_name = Sender::new(elsewhere, Duration::from_secs(5)).unwrap();
    deliver(&book, &by_name, &SystemClock, "https://q.example", &claimed[0]).await.unwrap();
    let why = only(&book).await.last_error.unwrap();
    assert_eq!(why, "its name leads to this machine or to a network that is not public");
}

/// A router over a book, with the tokens `all` (admin everywhere), `e2` (admin of e2), `reads` (admin everywhere without the scope).
async fn desk() -> (tempfile::TempDir, Database, axum::Router) {
    let (folder, book) = book().await;
    let mut changes = Vec::new();
    for (name, entity, scopes) in [
        ("all", None, &[Scope::Read, Scope::Admin][..]),
        ("e2", Some("e2"), &[Scope::Read, Scope::Admin]),
        ("reads", None, &[Scope::Read]),
    ] {
        let id = UserId::parse(name).unwrap();
        changes.push(Change::UserSet(User {
            id: id.clone(),
            name: name.into(),
            email: None,
            language: None,
            grants: vec![Grant { role: Role::Admin, entity: entity.map(entity_id) }],
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
    let settings = Settings::for_address(([127, 0, 0, 1], 8080).into());
    let router = routes::router(Web::new(book.clone(), Arc::new(SystemClock), settings));
    (folder, book, router)
}

async fn ask(router: &axum::Router, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), 10 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_kept_by_admins_of_their_books() {
    let (_folder, book, router) = desk().await;
    let wanted = json!({ "url": "https://example.com/hooks", "entity": "e1", "events": ["case.opened"], "note": "ledger" });
    let (status, made) = ask(&router, "all", "POST", "/api/v1/webhooks", Some(wanted.clone())).await;
    assert_eq!(status, 200, "{made}");
    let (id, secret) = (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned());
    assert!(Webhook::new(&secret).is_ok() && secret.len() > 40, "at least 24 bytes: {secret}");
    let (_, listed) = ask(&router, "all", "GET", "/api/v1/webhooks", None).await;
    assert_eq!(listed["webhooks"][0]["id"], json!(id));
    assert_eq!(listed["webhooks"][0]["secret"], Value::Null, "a secret is shown once");
    let (_, none) = ask(&router, "e2", "GET", "/api/v1/webhooks", None).await;
    assert_eq!(none["webhooks"], json!([]));
    let own = format!("/api/v1/webhooks/{id}");
    for (token, method, path, body, status) in [
        ("reads", "GET", own.clone(), None, 403),
        ("reads", "POST", "/api/v1/webhooks".to_owned(), Some(wanted.clone()), 403),
        ("e2", "GET", own.clone(), None, 404),
        ("e2", "POST", format!("{own}/secret"), Some(json!({ "overlap_hours": 0 })), 404),
        ("e2", "POST", "/api/v1/webhooks".to_owned(), Some(wanted.clone()), 404),
        (
            "e2",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://a.example", "events": ["case.opened"] })),
            403,
        ),
        ("all", "POST", "/api/v1/webhooks".to_owned(), Some(wanted.clone()), 409),
        ("all", "POST", "/api/v1/webhooks".to_owned(), Some(json!({ "url": "https://a.example", "events": [] })), 422),
        (
            "all",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://a.example", "events": ["case.exploded"] })),
            422,
        ),
        (
            "all",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "http://a.example", "events": ["case.opened"] })),
            422,
        ),
        (
            "all",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://169.254.169.254/", "events": ["case.opened"] })),
            422,
        ),
        (
            "all",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://localhost/", "events": ["case.opened"] })),
            422,
        ),
        (
            "all",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://a.example", "entity": "nowhere", "events": ["case.opened"] })),
            422,
        ),
        (
            "all",
            "POST",
            "/api/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://a.example", "events": ["case.opened"], "more": 1 })),
            422,
        ),
        ("all", "POST", format!("{own}/state"), Some(json!({ "state": "maybe" })), 422),
        ("all", "POST", format!("{own}/secret"), Some(json!({ "overlap_hours": 169 })), 422),
        ("all", "POST", format!("{own}/secret"), Some(json!({ "overlap_hours": -1 })), 422),
        ("all", "GET", format!("{own}/deliveries?limit=0"), None, 422),
        ("all", "GET", format!("{own}/deliveries?before=x"), None, 422),
        ("all", "POST", format!("{own}/deliveries/nothing/again"), None, 404),
        ("all", "GET", "/api/v1/webhooks/we_nothing".to_owned(), None, 404),
    ] {
        let (found, problem) = ask(&router, token, method, &path, body.clone()).await;
        assert_eq!(found, status, "{token} {method} {path} {body:?}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|words| !words.is_empty()), "{problem}");
    }
    let (status, changed) = ask(&router, "all", "POST", &format!("{own}/secret"), Some(json!({ "overlap_hours": 2 }))).await;
    assert_eq!(status, 200, "{changed}");
    assert!(changed["secret"].as_str().unwrap() != secret && changed["old_secret_until"].is_string());
    let (status, _) = ask(&router, "all", "POST", &format!("{own}/secret"), Some(json!({ "overlap_hours": 2 }))).await;
    assert_eq!(status, 409, "a replacement is under way");

    let (status, test) = ask(&router, "all", "POST", &format!("{own}/test"), None).await;
    assert_eq!((status, &test["event"], &test["state"]), (200, &json!("test"), &json!("waiting")));
    opened(&book, 1, "p1").await;
    let (_, page) = ask(&router, "all", "GET", &format!("{own}/deliveries?limit=1"), None).await;
    let next = page["next"].as_str().unwrap();
    let (_, rest) = ask(&router, "all", "GET", &format!("{own}/deliveries?limit=1&before={next}"), None).await;
    assert_ne!(page["deliveries"][0]["id"], rest["deliveries"][0]["id"]);
    let delivery = test["id"].as_str().unwrap();
    let again = format!("{own}/deliveries/{delivery}/again");
    let (status, _) = ask(&router, "all", "POST", &again, None).await;
    assert_eq!(status, 409, "it waits already");
    let (_, off) = ask(&router, "all", "POST", &format!("{own}/state"), Some(json!({ "state": "off" }))).await;
    assert_eq!(off["state"], json!("off"));
    let (status, _) = ask(&router, "all", "POST", &again, None).await;
    assert_eq!(status, 409, "it is switched off");
    let (_, on) = ask(&router, "all", "POST", &format!("{own}/state"), Some(json!({ "state": "on" }))).await;
    assert_eq!(on["state"], json!("on"));
    let (status, sent) = ask(&router, "all", "POST", &again, None).await;
    assert_eq!((status, &sent["state"]), (200, &json!("waiting")), "{sent}");
    let entries = book.audit_entries(0, 100).await.unwrap();
    assert!(entries.iter().all(|entry| !entry.changes.contains("whsec_")), "no secret in the log");
    assert!(entries.iter().any(|entry| entry.by == "person:all" && entry.changes.contains("webhook_set")));
}

#[tokio::test]
async fn the_page_refuses_books_that_nobody_has() {
    let desk = crate::desk::TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    let session = desk.session(&ana).await;
    let form = "url=https%3A%2F%2Fexample.com%2Fhooks&note=&entity=nowhere&events=case.opened";
    let answer = desk.post("/webhooks", &session, form).await;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.body);
    assert!(answer.body.contains("there is no entity nowhere"), "{}", answer.body);
}

/// `quittance run` says that messages wait; `quittance serve` sends them.
#[test]
fn serving_sends_and_running_says_that_nobody_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(MockServer::start());
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_quittance");
    runtime.block_on(async {
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        let book = Database::create(&format!("sqlite://{}/q.db", folder.path().display())).await.unwrap();
        // The key of the program that serves it below.
        let book = book.with_keys(Keys::of_file(&folder.path().join("quittance.key")).unwrap());
        assert!(book.seal_secrets(at(0)).await.unwrap().made);
        let policy = quittance_rules::policy::DEFAULT_POLICY.to_owned();
        apply(&book, vec![Change::EntitySet(entity("e1")), Change::PolicyPublished { version: "v".into(), text: policy }])
            .await
            .unwrap();
        let endpoint = address(&book, &server.uri()).await;
        manage::test(&book, at(0), &endpoint, "1").await.unwrap();
        assert_eq!(endpoint.secrets[0].digest, digest_of(FIRST));
        book.close().await;
    });
    std::fs::write(folder.path().join("quittance.toml"), "[webhooks]\nallow_networks = [\"127.0.0.1\"]\nallow_http = true\n")
        .unwrap();
    let run = Command::new(program).current_dir(&folder).args(["run", "--db", "sqlite://q.db"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success() && said.contains("1 message waits") && said.contains("quittance serve"), "{said}");
    let mut child = Command::new(program)
        .current_dir(&folder)
        .args(["serve", "--db", "sqlite://q.db", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("serving "));
    let got = runtime.block_on(async {
        for _ in 0..200 {
            let got = received(&server).await;
            if !got.is_empty() {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Vec::new()
    });
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(got.len(), 1);
    assert!(fits(FIRST, &got[0]));
    // Settings that cannot be are refused with the field.
    for (text, why) in [
        ("allow_networks = [\"ten\"]", "webhooks.allow_networks"),
        ("timeout_seconds = 600", "webhooks.timeout_seconds"),
        ("allow = true", "allow"),
    ] {
        std::fs::write(folder.path().join("quittance.toml"), format!("[webhooks]\n{text}\n")).unwrap();
        let refused = Command::new(program).current_dir(&folder).args(["serve", "--db", "sqlite://q.db"]).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && said.contains(why), "{text}: {said}");
    }
}
