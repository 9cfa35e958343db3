//! The contract of messages to other programs: one list of cases, run on SQLite and on PostgreSQL.

use jiff::{SignedDuration, Timestamp};
use quittance_agent::ports::{Store as _, StoreError};
use quittance_agent::webhooks::manage::digest_of;
use quittance_agent::webhooks::ports::{DeliveryState, Ended, Webhooks as _};
use quittance_rules::cases::{Actor, Case, Ruling, Subject};
use quittance_rules::journal::{Change, ChangeSet, InputKind};
use quittance_rules::ledger::{CaseId, DecisionId};
use quittance_rules::webhooks::{EndpointState, EventKind, SecretRecord, WebhookEndpoint};
use quittance_tools::store::Database;
use serde_json::json;

use crate::contract::{self, contract};
use crate::sample::*;

contract![
    addresses_come_back_as_they_went_in,
    messages_are_written_with_their_change,
    nothing_is_told_of_a_refused_change,
    a_file_is_told_to_whose_books_it_is_of,
    a_claim_is_nobody_elses_until_it_runs_out,
    one_address_does_not_take_every_place,
    an_address_whose_secret_does_not_open_keeps_no_other_waiting,
    two_who_claim_at_once_get_different_messages,
    switching_off_drops_what_waits,
    a_secret_comes_only_with_its_address,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn webhooks_on_sqlite() {
    contract::on_sqlite(CONTRACT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn webhooks_on_postgres() {
    contract::on_postgres(CONTRACT).await;
}

fn endpoint(id: &str, entity: Option<&str>) -> WebhookEndpoint {
    WebhookEndpoint {
        id: id.to_owned(),
        version: 1,
        entity: entity.map(entity_id),
        url: format!("https://example.com/{id}?a=„b“"),
        note: "für das Büro".to_owned(),
        events: EventKind::ALL.to_vec(),
        secrets: vec![SecretRecord { digest: digest_of(&secret(id)), made_at: at(0), ends_at: None }],
        state: EndpointState::On,
        made_at: at(0),
    }
}

fn secret(id: &str) -> String {
    format!("whsec_secret of {id}")
}

async fn set(book: &Database, endpoint: &WebhookEndpoint, secret: Option<&str>) -> Result<(), StoreError> {
    let changes = vec![Change::WebhookSet(endpoint.clone())];
    let set = ChangeSet { by: Actor::Person("ana".to_owned()), at: at(1), changes };
    book.set_webhook(set, endpoint, secret).await.map(|_| ())
}

async fn add(book: &Database, id: &str, entity: Option<&str>) -> WebhookEndpoint {
    let endpoint = endpoint(id, entity);
    set(book, &endpoint, Some(&secret(id))).await.unwrap();
    endpoint
}

fn later(minutes: i64) -> Timestamp {
    at(0).checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

/// A case of entity e1 that is opened.
fn opened(id: i64, payment: &str) -> Change {
    Change::CaseOpened(Case { entity: Some(entity_id("e1")), ..case(id, Subject::Payment(payment_id(payment))) })
}

async fn addresses_come_back_as_they_went_in(book: Database) {
    small_book(&book).await;
    let first = add(&book, "we_1", Some("e1")).await;
    let second = add(&book, "we_2", None).await;
    assert_eq!(book.webhooks().await.unwrap(), [first.clone(), second]);
    assert_eq!(book.webhook("we_1").await.unwrap(), Some(first.clone()));
    assert_eq!(book.webhook("we_3").await.unwrap(), None);
    // Version by version, and never a secret that the address does not name.
    assert!(matches!(set(&book, &first, None).await, Err(StoreError::Conflict(_))), "the same version again");
    let other = first.rotated(digest_of("whsec_other"), at(2), SignedDuration::from_hours(1)).unwrap();
    assert!(set(&book, &other, Some("whsec_another")).await.is_err());
    set(&book, &other, Some("whsec_other")).await.unwrap();
    assert_eq!(book.webhook("we_1").await.unwrap(), Some(other.clone()));
    // What is not named any more is forgotten.
    let third = other.rotated(digest_of("whsec_third"), at(3), SignedDuration::ZERO).unwrap();
    set(&book, &third, Some("whsec_third")).await.unwrap();
    let entries = book.audit_entries(0, 100).await.unwrap();
    assert!(entries.iter().all(|entry| !entry.changes.contains("whsec_")), "no secret in the log");
}

async fn messages_are_written_with_their_change(book: Database) {
    small_book(&book).await;
    add(&book, "we_all", None).await;
    add(&book, "we_e1", Some("e1")).await;
    add(&book, "we_e2", Some("e2")).await;
    let mut quiet = endpoint("we_quiet", None);
    quiet.events = vec![EventKind::ImportFinished];
    set(&book, &quiet, Some(&secret("we_quiet"))).await.unwrap();

    let applied = book.apply(by_rule(vec![opened(1, "p1")])).await.unwrap();
    let seq = applied.audit_seq.unwrap();
    for (id, count) in [("we_all", 1), ("we_e1", 1), ("we_e2", 0), ("we_quiet", 0)] {
        let found = book.deliveries_of(id, None, 10).await.unwrap();
        assert_eq!(found.len(), count, "{id}");
        for delivery in found {
            assert_eq!(delivery.id, format!("msg_{seq}_0_{id}"));
            assert_eq!((delivery.event, delivery.state, delivery.attempts), (EventKind::CaseOpened, DeliveryState::Waiting, 0));
            assert_eq!(delivery.data["case"], json!(1));
            assert_eq!(delivery.data["entity"], json!("e1"));
            let mut keys: Vec<&String> = delivery.data.as_object().unwrap().keys().collect();
            keys.sort();
            assert_eq!(keys, ["case", "entity", "kind", "version"], "ids, and nothing of the bank's");
        }
    }
    // A decision about the case, without the case in the same set: whose books it is of is asked.
    let decided = decision(1, Subject::Payment(payment_id("p1")), Ruling::Rejected);
    apply(&book, vec![Change::Decided(quittance_rules::cases::Decision { case: Some(CaseId(1)), ..decided })]).await.unwrap();
    let undone = decision(2, Subject::Payment(payment_id("p1")), Ruling::Undone { decision: DecisionId(1) });
    apply(&book, vec![Change::Decided(undone)]).await.unwrap();
    // A question and a decision on no case are not told.
    apply(&book, vec![Change::Decided(decision(3, Subject::Payment(payment_id("p2")), Ruling::Asked))]).await.unwrap();
    let kinds: Vec<EventKind> =
        book.deliveries_of("we_e1", None, 10).await.unwrap().into_iter().map(|delivery| delivery.event).collect();
    assert_eq!(kinds.len(), 3);
    for kind in [EventKind::CaseOpened, EventKind::CaseDecided, EventKind::CaseUndone] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    assert!(book.deliveries_of("we_e2", None, 10).await.unwrap().is_empty());
    // Pages of the list.
    let all = book.deliveries_of("we_all", None, 10).await.unwrap();
    let first = &all[0];
    let rest = book.deliveries_of("we_all", Some((first.happened_at.as_microsecond(), &first.id)), 10).await.unwrap();
    assert_eq!(rest, all[1..]);
}

async fn nothing_is_told_of_a_refused_change(book: Database) {
    small_book(&book).await;
    add(&book, "we_all", None).await;
    apply(&book, vec![opened(1, "p1")]).await.unwrap();
    assert!(apply(&book, vec![opened(2, "p2"), opened(1, "p1")]).await.is_err());
    assert_eq!(book.deliveries_of("we_all", None, 10).await.unwrap().len(), 1);
}

async fn a_file_is_told_to_whose_books_it_is_of(book: Database) {
    small_book(&book).await;
    add(&book, "we_e1", Some("e1")).await;
    add(&book, "we_e2", Some("e2")).await;
    let statement = input("july", InputKind::Statement);
    book.keep_bytes(b"july").await.unwrap();
    let mut booked = line("july-1", "e1", 1_234);
    booked.input = statement.digest.clone();
    let taken = |digest| Change::InputTaken { digest, added: 1, known: 2, problems: 0 };
    let digest = statement.digest.clone();
    apply(&book, vec![Change::InputReceived(statement), Change::LineBooked(booked), taken(digest.clone())]).await.unwrap();
    let found = book.deliveries_of("we_e1", None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].data,
        json!({ "input": digest.0, "kind": "statement", "added": 1, "known": 2, "problems": 0, "entity": "e1" })
    );
    assert!(book.deliveries_of("we_e2", None, 10).await.unwrap().is_empty(), "none of its lines");
    // What is of no books is told to everybody.
    let proof = input("proof", InputKind::Evidence);
    book.keep_bytes(b"proof").await.unwrap();
    let digest = proof.digest.clone();
    apply(&book, vec![Change::InputReceived(proof), taken(digest)]).await.unwrap();
    assert_eq!(book.deliveries_of("we_e2", None, 10).await.unwrap().len(), 1);
}

async fn a_claim_is_nobody_elses_until_it_runs_out(book: Database) {
    small_book(&book).await;
    add(&book, "we_all", None).await;
    apply(&book, vec![opened(1, "p1")]).await.unwrap();
    let claim =
        async |minutes, token: &str| book.claim_deliveries(later(minutes), later(minutes + 3), 4, 10, token).await.unwrap();
    assert!(book.claim_deliveries(at(-5), at(5), 4, 10, "early").await.unwrap().is_empty(), "not due yet");
    let first = claim(1, "a").await;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].delivery.attempts, first[0].secrets.clone()), (1, vec![secret("we_all")]));
    assert!(claim(2, "b").await.is_empty(), "it is a's");
    // The sender dies. After the claim the same message goes out again, under the same id.
    let second = claim(5, "b").await;
    assert_eq!((second[0].delivery.id.as_str(), second[0].delivery.attempts), (first[0].delivery.id.as_str(), 2));
    let id = first[0].delivery.id.clone();
    assert!(!book.delivery_ended(&id, "a", later(6), &Ended::Delivered { status: 200 }).await.unwrap(), "its claim ran out");
    let again = Ended::Again { status: Some(500), error: "it answered 500\0".into(), next_at: later(20) };
    assert!(book.delivery_ended(&id, "b", later(6), &again).await.unwrap());
    assert!(claim(7, "c").await.is_empty(), "only at its time");
    let kept = book.delivery(&id).await.unwrap().unwrap();
    assert_eq!((kept.last_status, kept.last_error.as_deref(), kept.next_at), (Some(500), Some("it answered 500"), later(20)));
    assert_eq!(claim(21, "d").await.len(), 1);
    assert!(book.delivery_ended(&id, "d", later(21), &Ended::Delivered { status: 204 }).await.unwrap());
    assert!(claim(90, "e").await.is_empty());
    // By hand it begins anew, with the same id.
    assert!(!book.send_again("nothing", later(91)).await.unwrap());
    assert!(book.send_again(&id, later(91)).await.unwrap());
    assert!(!book.send_again(&id, later(91)).await.unwrap(), "it waits already");
    assert_eq!(book.backlog(later(91)).await.unwrap().due, 1);
    let anew = claim(91, "f").await;
    assert_eq!((anew[0].delivery.id.as_str(), anew[0].delivery.attempts), (id.as_str(), 1));
    book.delivery_ended(&id, "f", later(91), &Ended::GivenUp { status: None, error: "over".into() }).await.unwrap();
    assert_eq!(book.forget_deliveries(later(0)).await.unwrap(), 0);
    assert_eq!(book.forget_deliveries(later(1)).await.unwrap(), 1);
    assert_eq!(book.backlog(later(91)).await.unwrap().sender_seen_at, None);
    book.sender_is_here(later(92)).await.unwrap();
    book.sender_is_here(later(93)).await.unwrap();
    assert_eq!(book.backlog(later(91)).await.unwrap().sender_seen_at, Some(later(93)));
}

async fn one_address_does_not_take_every_place(book: Database) {
    small_book(&book).await;
    add(&book, "we_1", None).await;
    add(&book, "we_2", None).await;
    for (id, payment) in [(1, "p1"), (2, "p2"), (3, "q")] {
        apply(&book, vec![opened(id, payment)]).await.unwrap();
    }
    let claimed = book.claim_deliveries(later(1), later(4), 2, 10, "a").await.unwrap();
    let of = |id: &str| claimed.iter().filter(|claimed| claimed.endpoint.id == id).count();
    assert_eq!((of("we_1"), of("we_2")), (2, 2));
    assert!(book.claim_deliveries(later(2), later(5), 2, 10, "b").await.unwrap().is_empty(), "two are under way");
    let done = claimed.iter().find(|claimed| claimed.endpoint.id == "we_1").unwrap();
    book.delivery_ended(&done.delivery.id, "a", later(2), &Ended::Delivered { status: 200 }).await.unwrap();
    let next = book.claim_deliveries(later(2), later(5), 2, 10, "b").await.unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].endpoint.id, "we_1");
}

async fn an_address_whose_secret_does_not_open_keeps_no_other_waiting(book: Database) {
    small_book(&book).await;
    add(&book, "we_2", None).await;
    let other_key = book.clone().with_keys(contract::keys());
    add(&other_key, "we_1", None).await;
    apply(&book, vec![opened(1, "p1")]).await.unwrap();
    let claimed = book.claim_deliveries(later(1), later(4), 4, 10, "a").await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.endpoint.id.as_str()).collect::<Vec<_>>(), ["we_2"]);
    // With nothing else to do it is said; the message has lost no attempt: with the right key it is its first.
    let refused = book.claim_deliveries(later(2), later(5), 4, 10, "b").await.unwrap_err().to_string();
    assert!(refused.contains("sealed with key"), "{refused}");
    let claimed = other_key.claim_deliveries(later(3), later(6), 4, 10, "c").await.unwrap();
    assert_eq!(
        claimed.iter().map(|claimed| (claimed.endpoint.id.as_str(), claimed.delivery.attempts)).collect::<Vec<_>>(),
        [("we_1", 1)]
    );
}

async fn two_who_claim_at_once_get_different_messages(book: Database) {
    small_book(&book).await;
    add(&book, "we_1", None).await;
    let ids: Vec<i64> = (1..=40).collect();
    for id in &ids {
        let undone = decision(*id, Subject::Payment(payment_id("p1")), Ruling::Undone { decision: DecisionId(1_000 + id) });
        apply(&book, vec![Change::Decided(undone)]).await.unwrap();
    }
    let mut tasks = Vec::new();
    for who in 0..4 {
        let book = book.clone();
        tasks.push(tokio::spawn(async move {
            let mut got = Vec::new();
            for _ in 0..10 {
                let claimed = book.claim_deliveries(later(1), later(4), 100, 3, &format!("t{who}")).await.unwrap();
                got.extend(claimed.into_iter().map(|claimed| claimed.delivery.id));
            }
            got
        }));
    }
    let mut got = Vec::new();
    for task in tasks {
        got.extend(task.await.unwrap());
    }
    let count = got.len();
    got.sort();
    got.dedup();
    assert_eq!((got.len(), count), (40, 40), "each message once");
}

async fn switching_off_drops_what_waits(book: Database) {
    small_book(&book).await;
    let on = add(&book, "we_1", None).await;
    apply(&book, vec![opened(1, "p1")]).await.unwrap();
    let off = WebhookEndpoint { version: 2, state: EndpointState::Off, ..on.clone() };
    set(&book, &off, None).await.unwrap();
    let found = book.deliveries_of("we_1", None, 10).await.unwrap();
    assert_eq!(found[0].state, DeliveryState::Dropped);
    assert!(book.claim_deliveries(later(1), later(4), 4, 10, "a").await.unwrap().is_empty());
    apply(&book, vec![opened(2, "p2")]).await.unwrap();
    assert_eq!(book.deliveries_of("we_1", None, 10).await.unwrap().len(), 1, "nothing is written for it");
    set(&book, &WebhookEndpoint { version: 3, ..on }, None).await.unwrap();
    assert!(book.claim_deliveries(later(1), later(4), 4, 10, "a").await.unwrap().is_empty(), "what was dropped stays so");
}

async fn a_secret_comes_only_with_its_address(book: Database) {
    small_book(&book).await;
    add(&book, "we_1", None).await;
    let before = book.verify().await.unwrap();
    assert!(before.findings.iter().all(|finding| finding.starts_with("table sequences")), "{:?}", before.findings);
    // A change set without the address in it is refused, so a secret cannot be put beside the log.
    let empty = ChangeSet { by: Actor::Rule, at: at(9), changes: vec![] };
    assert!(book.set_webhook(empty, &endpoint("we_1", None), Some("whsec_mine")).await.is_err());
}
