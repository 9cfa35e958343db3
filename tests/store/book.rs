//! The contract of the store: one list of cases, run on SQLite and on PostgreSQL.

use quittance_agent::ports::{Applied, CaseFilter, Sequence, Store, StoreError};
use quittance_rules::aliases::{Alias, AliasId, AliasKind, Standing};
use quittance_rules::cases::{Actor, Case, CaseState, Ruling, Subject};
use quittance_rules::evidence::{Confidence, EvidenceKind};
use quittance_rules::journal::{Change, EvidenceRecord, InputKind, entry_hash};
use quittance_rules::ledger::{CaseId, DecisionId, Posting, PostingId, Purpose, reversal};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, ItemKind, OpenItem};
use quittance_rules::reuse::EvidenceMarks;
use quittance_tools::store::{Database, verify_export};

use crate::contract::{self, contract};
use crate::sample::*;

contract![
    what_goes_in_comes_out,
    known_changes_are_left_out,
    lines_that_a_table_found_are_kept_once,
    an_item_with_other_content_is_refused,
    item_details_change_but_money_does_not,
    a_payment_is_not_overdrawn,
    an_item_is_not_overdrawn,
    a_credit_note_helps_to_pay,
    unknown_payments_items_and_decisions_are_refused,
    malformed_postings_are_refused,
    a_posting_is_taken_back_once_and_exactly,
    cases_change_version_by_version,
    one_pending_case_per_subject,
    cases_by_filter,
    decisions_and_allocations,
    policies_in_order,
    rules_are_counted_by_name,
    what_was_taught_is_kept_with_its_standing,
    what_stopped_being_taught_stops_a_settlement,
    originals_are_kept_once,
    numbers_are_given_out_once,
    positions_add_up,
    the_chain_is_whole,
    statements_fit_the_tables,
    a_refused_set_leaves_nothing,
    a_nul_is_refused_with_its_place,
    two_at_once_draw_one_payment,
    many_lines_in_one_set,
    long_and_odd_texts,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_on_sqlite() {
    contract::on_sqlite(CONTRACT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_on_postgres() {
    contract::on_postgres(CONTRACT).await;
}

fn conflict(result: Result<usize, StoreError>, about: &str) {
    match result {
        Err(StoreError::Conflict(what)) => assert!(what.contains(about), "`{what}` does not name `{about}`"),
        other => panic!("expected a conflict about {about}, got {other:?}"),
    }
}

/// A decision on p1 or another payment, so that postings have one.
fn decided(id: i64, payment: &str) -> Change {
    Change::Decided(decision(id, Subject::Payment(payment_id(payment)), Ruling::Settled { entries: vec![] }))
}

async fn what_goes_in_comes_out(book: Database) {
    small_book(&book).await;
    assert_eq!(book.entities().await.unwrap(), [entity("e1"), entity("e2")]);
    let accounts = book.accounts().await.unwrap();
    assert_eq!(accounts["DE89370400440532013000"], (entity_id("e1"), Some(Currency::EUR)));
    assert_eq!(book.customer(&customer_id("c1")).await.unwrap(), Some(customer("c1")));
    assert_eq!(book.customer(&customer_id("nobody")).await.unwrap(), None);
    let stored = book.item(&item_id("credit")).await.unwrap().unwrap();
    assert_eq!(stored.item, item("credit", "e1", -2_000));
    assert_eq!((stored.balance.billed, stored.balance.open), (eur(-2_000), eur(-2_000)));
    let paid = book.payment(&payment_id("p1")).await.unwrap().unwrap();
    assert_eq!(paid.line, line("p1", "e1", 10_000));
    assert_eq!((paid.balance.received, paid.balance.remaining), (eur(10_000), eur(10_000)));
    let out = book.payment(&payment_id("o")).await.unwrap().unwrap();
    assert_eq!((out.balance.received, out.balance.remaining), (eur(-500), eur(0)));
    assert_eq!(book.payment(&payment_id("nothing")).await.unwrap(), None);

    let of_e1 = book.book(&entity_id("e1")).await.unwrap();
    let ids = |payments: &[quittance_agent::ports::StoredPayment]| -> Vec<String> {
        payments.iter().map(|p| p.line.payment.to_string()).collect()
    };
    assert_eq!(ids(&of_e1.payments), ["p1", "p2"]);
    assert_eq!(of_e1.items.iter().map(|i| i.item.id.to_string()).collect::<Vec<_>>(), ["a", "b", "credit"]);
    assert_eq!(of_e1.customers.iter().map(|c| c.id.to_string()).collect::<Vec<_>>(), ["c1", "c2"]);
    let returns = book.returns_without_case(&entity_id("e1")).await.unwrap();
    assert_eq!(ids(&returns), ["r"]);
    apply(&book, vec![Change::CaseOpened(case(9, Subject::Return(payment_id("r"))))]).await.unwrap();
    assert!(book.returns_without_case(&entity_id("e1")).await.unwrap().is_empty());

    let (received, taken) = book.input(&digest_of("statement")).await.unwrap().unwrap();
    // A file with a problem is never taken wholly: it may be brought again once the problem is mended.
    assert_eq!((received, taken), (input("statement", InputKind::Statement), false));
    assert!(!book.input(&digest_of("proof")).await.unwrap().unwrap().1);
    assert_eq!(book.input(&digest_of("never seen")).await.unwrap(), None);
    let evidence = book.evidence().await.unwrap();
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0].1, input("proof", InputKind::Evidence));
    assert_eq!(evidence[0].0.reading, Some(digest_of("reading of the proof")));
    assert_eq!(evidence[0].0.kind, EvidenceKind::PaymentProof);
    assert_eq!(book.evidence_since(0).await.unwrap(), evidence);
    assert!(book.evidence_since(book.head().await.unwrap()).await.unwrap().is_empty());
}

async fn known_changes_are_left_out(book: Database) {
    small_book(&book).await;
    let known = vec![
        Change::EntitySet(entity("e1")),
        Change::AccountSet { account: "DE89370400440532013000".into(), entity: entity_id("e1"), currency: Some(Currency::EUR) },
        Change::CustomerSet(customer("c1")),
        Change::ItemAdded(item("a", "e1", 10_000)),
        // The same rate in another spelling is the same rate.
        Change::ItemAdded(OpenItem { discount_percent: Some(rust_decimal::Decimal::new(300, 2)), ..item("b", "e1", 5_000) }),
        Change::InputReceived(quittance_rules::journal::Input {
            name: "again.csv".into(),
            ..input("statement", InputKind::Statement)
        }),
        // The same line, met again in an overlapping file at another place.
        Change::LineBooked({
            let mut again = line("p1", "e1", 10_000);
            again.input = digest_of("another statement");
            again.line.place = "line 99".into();
            again
        }),
        Change::InputTaken { digest: digest_of("statement"), added: 0, known: 5, problems: 0 },
        Change::PolicyPublished { version: "p1".into(), text: "limit = 1".into() },
    ];
    let head = book.verify().await.unwrap();
    let count = known.len();
    let applied = book.apply(by_rule(known.clone())).await.unwrap();
    assert_eq!(applied, Applied { recorded: 0, known: (0..count).collect(), audit_seq: None });
    assert_eq!(book.verify().await.unwrap(), head, "nothing was written");

    let mut mixed = known;
    mixed.insert(3, Change::ItemAdded(item("new", "e1", 700)));
    mixed.insert(4, Change::ItemAdded(item("new", "e1", 700)));
    let applied = book.apply(by_rule(mixed)).await.unwrap();
    assert_eq!((applied.recorded, applied.audit_seq), (1, Some(2)));
    assert_eq!(applied.known, (0..count + 2).filter(|at| *at != 3).collect::<Vec<_>>());
    let entry = &book.audit_entries(1, 0).await.unwrap()[0];
    let recorded: Vec<Change> = serde_json::from_str(&entry.changes).unwrap();
    assert_eq!(recorded, [Change::ItemAdded(item("new", "e1", 700))]);
    assert_eq!(book.apply(by_rule(vec![])).await.unwrap(), Applied::default());

    // What may change does change, and back again within one set.
    let renamed = Customer { name: "Neu".into(), ..customer("c1") };
    assert_eq!(apply(&book, vec![Change::CustomerSet(renamed.clone())]).await.unwrap(), 1);
    assert_eq!(book.customer(&customer_id("c1")).await.unwrap(), Some(renamed.clone()));
    assert_eq!(apply(&book, vec![Change::CustomerSet(customer("c1")), Change::CustomerSet(renamed)]).await.unwrap(), 2);
    let reread = EvidenceRecord {
        digest: digest_of("proof"),
        reading: None,
        kind: EvidenceKind::Unknown,
        kind_confidence: Confidence::from_percent(1),
        marks: EvidenceMarks::default(),
    };
    assert_eq!(apply(&book, vec![Change::EvidenceRead(reread.clone()), Change::EvidenceRead(reread)]).await.unwrap(), 1);
}

async fn lines_that_a_table_found_are_kept_once(book: Database) {
    small_book(&book).await;
    table_with_lines_of_the_statement(&book).await;
    let none = Change::LineFound { input: digest_of("table"), key: "no such key".into() };
    conflict(apply(&book, vec![none]).await, "bank line no such key ");
    assert_eq!(book.lines_found(&digest_of("statement")).await.unwrap().len(), 5);
    assert_eq!(book.lines_found(&digest_of("never seen")).await.unwrap(), [""; 0]);
    assert_eq!(book.verify().await.unwrap().findings, [""; 0]);
}

async fn an_item_with_other_content_is_refused(book: Database) {
    small_book(&book).await;
    conflict(apply(&book, vec![Change::ItemAdded(item("a", "e1", 10_001))]).await, "open item a ");
    conflict(apply(&book, vec![Change::ItemAdded(OpenItem { on_hold: true, ..item("a", "e1", 10_000) })]).await, "open item a ");
    let twice = vec![Change::ItemAdded(item("n", "e1", 1)), Change::ItemAdded(item("n", "e1", 2))];
    conflict(apply(&book, twice).await, "open item n ");
    assert_eq!(book.item(&item_id("n")).await.unwrap(), None);
    let mut other = line("p1", "e1", 10_000);
    other.key = "another key".into();
    conflict(apply(&book, vec![Change::LineBooked(other)]).await, "payment p1 ");
    let mut announced = line("new", "e1", 10_000);
    announced.line.is_booked = false;
    conflict(apply(&book, vec![Change::LineBooked(announced)]).await, "payment new ");
}

async fn item_details_change_but_money_does_not(book: Database) {
    small_book(&book).await;
    let held = OpenItem { on_hold: true, due_date: DAY, ..item("a", "e1", 10_000) };
    assert_eq!(apply(&book, vec![Change::ItemDetailsSet(held.clone())]).await.unwrap(), 1);
    assert_eq!(book.item(&item_id("a")).await.unwrap().unwrap().item, held);
    assert_eq!(apply(&book, vec![Change::ItemDetailsSet(held.clone())]).await.unwrap(), 0);
    for other in [
        OpenItem { amount: eur(9_999), ..held.clone() },
        OpenItem { entity: entity_id("e2"), ..held.clone() },
        OpenItem { kind: ItemKind::CreditNote, ..held.clone() },
        OpenItem { id: item_id("unknown"), ..held },
    ] {
        conflict(apply(&book, vec![Change::ItemDetailsSet(other)]).await, "open item ");
    }
}

async fn a_payment_is_not_overdrawn(book: Database) {
    small_book(&book).await;
    conflict(apply(&book, vec![decided(1, "p1"), Change::Posted(posting(1, 1, "p1", "a", 10_001))]).await, "p");
    let both =
        vec![decided(1, "p1"), Change::Posted(posting(1, 1, "p1", "a", 6_000)), Change::Posted(posting(2, 1, "p1", "b", 4_001))];
    conflict(apply(&book, both).await, "payment p1 (EUR 100.00 is left of it, EUR 100.01 would be taken)");
    apply(&book, vec![decided(1, "p1"), Change::Posted(posting(1, 1, "p1", "a", 6_000))]).await.unwrap();
    let left = book.payment(&payment_id("p1")).await.unwrap().unwrap().balance;
    assert_eq!((left.received, left.remaining), (eur(10_000), eur(4_000)));
    conflict(apply(&book, vec![decided(2, "p1"), Change::Posted(posting(2, 2, "p1", "b", 4_001))]).await, "payment p1 ");
    // Nothing comes out of a return or an outgoing line, and nothing goes back into a payment beyond what came in.
    for from in ["r", "o"] {
        conflict(apply(&book, vec![decided(2, from), Change::Posted(posting(2, 2, from, "b", 1))]).await, "payment ");
    }
    let back = Posting { item: Some(item_id("credit")), ..posting(2, 2, "p2", "credit", -1) };
    conflict(apply(&book, vec![decided(2, "p2"), Change::Posted(back)]).await, "payment p2 ");
    let dollars = Money::new(1, Currency::USD);
    let foreign = Posting { amount: dollars, ..posting(2, 2, "p1", "b", 1) };
    conflict(apply(&book, vec![decided(2, "p1"), Change::Posted(foreign)]).await, "payment p1 ");
}

async fn an_item_is_not_overdrawn(book: Database) {
    small_book(&book).await;
    conflict(
        apply(&book, vec![decided(1, "p2"), Change::Posted(posting(1, 1, "p2", "b", 5_001))]).await,
        "open item b (EUR 50.00 is open of it, EUR 50.01 would be cleared)",
    );
    apply(&book, vec![decided(1, "p2"), Change::Posted(posting(1, 1, "p2", "b", 5_000))]).await.unwrap();
    assert_eq!(book.item(&item_id("b")).await.unwrap().unwrap().balance.open, eur(0));
    conflict(apply(&book, vec![decided(2, "p2"), Change::Posted(posting(2, 2, "p2", "b", 1))]).await, "open item b ");
    let wrong_sign =
        vec![decided(2, "p2"), Change::Posted(posting(2, 2, "p2", "a", 4_000)), Change::Posted(posting(3, 2, "p2", "credit", 1))];
    conflict(apply(&book, wrong_sign).await, "open item credit ");
    let too_much_credit = vec![
        decided(2, "p2"),
        Change::Posted(posting(2, 2, "p2", "a", 4_000)),
        Change::Posted(posting(3, 2, "p2", "credit", -2_001)),
    ];
    conflict(apply(&book, too_much_credit).await, "open item credit ");
    let foreign = Posting { cleared: Some(Money::new(1, Currency::USD)), ..posting(2, 2, "p2", "a", 1) };
    conflict(apply(&book, vec![decided(2, "p2"), Change::Posted(foreign)]).await, "open item a ");
    let write_off = Posting { purpose: Purpose::WriteOff, amount: eur(0), ..posting(2, 2, "p2", "a", 10_001) };
    conflict(apply(&book, vec![decided(2, "p2"), Change::Posted(write_off)]).await, "open item a ");
}

async fn a_credit_note_helps_to_pay(book: Database) {
    small_book(&book).await;
    // 130.00 pays 100.00 and 50.00 less 20.00, in any order.
    let changes = vec![
        decided(1, "p2"),
        Change::Posted(posting(1, 1, "p2", "credit", -2_000)),
        Change::Posted(posting(2, 1, "p2", "a", 10_000)),
        Change::Posted(posting(3, 1, "p2", "b", 5_000)),
    ];
    apply(&book, changes).await.unwrap();
    for id in ["a", "b", "credit"] {
        assert_eq!(book.item(&item_id(id)).await.unwrap().unwrap().balance.open, eur(0), "{id}");
    }
    assert_eq!(book.payment(&payment_id("p2")).await.unwrap().unwrap().balance.remaining, eur(0));
    assert_eq!(book.book(&entity_id("e1")).await.unwrap().payments.len(), 1, "p1 is left");
    assert_eq!(book.book(&entity_id("e1")).await.unwrap().items.len(), 3, "paid items stay in the book");
}

async fn unknown_payments_items_and_decisions_are_refused(book: Database) {
    small_book(&book).await;
    conflict(apply(&book, vec![decided(1, "p1"), Change::Posted(posting(1, 1, "ghost", "a", 1))]).await, "payment ghost ");
    conflict(apply(&book, vec![decided(1, "p1"), Change::Posted(posting(1, 1, "p1", "ghost", 1))]).await, "open item ghost ");
    conflict(apply(&book, vec![Change::Posted(posting(1, 77, "p1", "a", 1))]).await, "");
    let resolved =
        Case { version: 1, state: CaseState::Resolved { decision: DecisionId(77) }, ..case(1, Subject::Item(item_id("a"))) };
    conflict(apply(&book, vec![Change::CaseOpened(resolved)]).await, "");
    conflict(apply(&book, vec![Change::ItemAdded(item("x", "no such entity", 1))]).await, "");
    let stranger = Posting {
        purpose: Purpose::Unapplied,
        item: None,
        cleared: None,
        customer: Some(customer_id("stranger")),
        ..posting(1, 1, "p1", "a", 1)
    };
    conflict(apply(&book, vec![decided(1, "p1"), Change::Posted(stranger)]).await, "");
    apply(&book, vec![decided(1, "p1")]).await.unwrap();
    conflict(apply(&book, vec![decided(1, "p1")]).await, "decision 1 ");
    assert!(book.postings(0, 0).await.unwrap().is_empty());
}

async fn malformed_postings_are_refused(book: Database) {
    small_book(&book).await;
    let good = posting(1, 1, "p1", "a", 100);
    for (why, bad) in [
        ("clears another amount than it takes", Posting { cleared: Some(eur(99)), ..good.clone() }),
        ("moves nothing", Posting { amount: eur(0), cleared: Some(eur(0)), ..good.clone() }),
        ("no item", Posting { item: None, cleared: None, ..good.clone() }),
        ("item without amount", Posting { cleared: None, ..good.clone() }),
        ("a customer on an allocation", Posting { customer: Some(customer_id("c1")), ..good.clone() }),
        ("a discount that takes money", Posting { purpose: Purpose::Discount, ..good.clone() }),
        ("a negative write-off", Posting { purpose: Purpose::WriteOff, amount: eur(0), cleared: Some(eur(-1)), ..good.clone() }),
        ("unapplied on an item", Posting { purpose: Purpose::Unapplied, ..good.clone() }),
        ("unapplied on nobody", Posting { purpose: Purpose::Unapplied, item: None, cleared: None, ..good.clone() }),
        ("not ours on an item", Posting { purpose: Purpose::NotOurs, ..good.clone() }),
    ] {
        let refused = apply(&book, vec![decided(1, "p1"), Change::Posted(bad)]).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{why}: {refused:?}");
    }
    assert!(book.decision(DecisionId(1)).await.unwrap().is_none());
}

async fn a_posting_is_taken_back_once_and_exactly(book: Database) {
    small_book(&book).await;
    some_work(&book).await;
    let about = Subject::Payment(payment_id("p1"));
    let undo = || Change::Decided(decision(3, about.clone(), Ruling::Undone { decision: DecisionId(2) }));
    let made = book.postings_of_decision(DecisionId(2)).await.unwrap();
    let back: Vec<Posting> = made.iter().map(|p| reversal(p, PostingId(p.id.0 + 2), DecisionId(3)).unwrap()).collect();
    let inexact = Posting { amount: eur(-8_999), cleared: Some(eur(-8_999)), ..back[0].clone() };
    conflict(apply(&book, vec![undo(), Change::Posted(inexact)]).await, "posting 1 ");
    let elsewhere = Posting { payment: payment_id("p2"), ..back[0].clone() };
    conflict(apply(&book, vec![undo(), Change::Posted(elsewhere)]).await, "posting 1 ");
    let of_nothing = Posting { reverses: Some(PostingId(99)), ..back[0].clone() };
    conflict(apply(&book, vec![undo(), Change::Posted(of_nothing)]).await, "posting 99 ");
    let twice = vec![undo(), Change::Posted(back[0].clone()), Change::Posted(Posting { id: PostingId(8), ..back[0].clone() })];
    conflict(apply(&book, twice).await, "posting 1 ");

    apply(&book, vec![undo(), Change::Posted(back[0].clone()), Change::Posted(back[1].clone())]).await.unwrap();
    assert_eq!(book.payment(&payment_id("p1")).await.unwrap().unwrap().balance.remaining, eur(10_000));
    assert_eq!(book.item(&item_id("a")).await.unwrap().unwrap().balance.open, eur(10_000));
    let again = Posting { id: PostingId(8), decision: DecisionId(4), ..back[0].clone() };
    conflict(apply(&book, vec![decided(4, "p1"), Change::Posted(again)]).await, "posting 1 ");
    let of_reversal = reversal(&back[0], PostingId(9), DecisionId(4)).unwrap();
    conflict(apply(&book, vec![decided(4, "p1"), Change::Posted(of_reversal)]).await, "posting 3 ");
    let rows = book.allocations(0, 0).await.unwrap();
    assert_eq!(rows.len(), 1, "reversals and unapplied cash are no allocations");
    assert_eq!((rows[0].posting.id, rows[0].reversed_by), (PostingId(1), Some(3)));
    let of_payment: Vec<i64> = book.postings_of_payment(&payment_id("p1")).await.unwrap().iter().map(|p| p.id.0).collect();
    assert_eq!(of_payment, [1, 2, 3, 4]);
}

async fn cases_change_version_by_version(book: Database) {
    small_book(&book).await;
    let about = Subject::Payment(payment_id("p1"));
    let opened = case(1, about.clone());
    apply(&book, vec![Change::CaseOpened(opened.clone())]).await.unwrap();
    assert_eq!(book.case(CaseId(1)).await.unwrap(), Some(opened.clone()));
    assert_eq!(book.case(CaseId(2)).await.unwrap(), None);
    conflict(apply(&book, vec![Change::CaseOpened(opened.clone())]).await, "case 1 ");
    let to = |version, state| Change::CaseChanged(Case { version, state, ..opened.clone() });
    let assigned = || CaseState::Assigned { to: "Zoë".into() };
    conflict(apply(&book, vec![to(1, assigned())]).await, "case 1 ");
    conflict(apply(&book, vec![to(3, assigned())]).await, "case 1 ");
    conflict(apply(&book, vec![Change::CaseChanged(Case { id: CaseId(5), version: 2, ..opened.clone() })]).await, "case 5 ");
    apply(&book, vec![to(2, assigned()), to(3, CaseState::Snoozed { until: DAY, owner: Some("ana".to_owned()) })]).await.unwrap();
    let now = book.pending_case(&about).await.unwrap().unwrap();
    assert_eq!((now.version, now.state), (3, CaseState::Snoozed { until: DAY, owner: Some("ana".to_owned()) }));
    conflict(apply(&book, vec![to(3, assigned())]).await, "case 1 (it is at version 3)");
    apply(&book, vec![decided(1, "p1"), to(4, CaseState::Resolved { decision: DecisionId(1) })]).await.unwrap();
    assert_eq!(book.pending_case(&about).await.unwrap(), None);
}

async fn one_pending_case_per_subject(book: Database) {
    small_book(&book).await;
    let about = Subject::Payment(payment_id("p1"));
    let first = case(1, about.clone());
    apply(&book, vec![Change::CaseOpened(first.clone())]).await.unwrap();
    conflict(apply(&book, vec![Change::CaseOpened(case(2, about.clone()))]).await, "");
    apply(&book, vec![Change::CaseOpened(case(2, Subject::Return(payment_id("p1"))))]).await.unwrap();
    // Resolved and followed by another in one set, whatever the order they are named in; then the first is reopened.
    let resolved = Case { version: 2, state: CaseState::Resolved { decision: DecisionId(1) }, ..first.clone() };
    let next = case(3, about.clone());
    apply(&book, vec![decided(1, "p1"), Change::CaseOpened(next.clone()), Change::CaseChanged(resolved)]).await.unwrap();
    assert_eq!(book.pending_case(&about).await.unwrap().unwrap().id, CaseId(3));
    conflict(apply(&book, vec![Change::CaseChanged(Case { version: 3, ..first.clone() })]).await, "");
    let swap = vec![
        decided(2, "p1"),
        Change::CaseChanged(Case { version: 3, ..first }),
        Change::CaseChanged(Case { version: 2, state: CaseState::Resolved { decision: DecisionId(2) }, ..next }),
    ];
    apply(&book, swap).await.unwrap();
    assert_eq!(book.pending_case(&about).await.unwrap().unwrap().id, CaseId(1));
}

async fn cases_by_filter(book: Database) {
    small_book(&book).await;
    use quittance_rules::exceptions::ExceptionKind;
    let mut changes = vec![decided(1, "p1")];
    for id in 1..=6 {
        let mut one = case(id, Subject::Payment(payment_id(&format!("p{id}"))));
        if id % 2 == 0 {
            one.kind = ExceptionKind::NoReference;
            one.entity = Some(entity_id("e2"));
        }
        if id == 5 {
            one.state = CaseState::Resolved { decision: DecisionId(1) };
            one.entity = None;
            one.amount = None;
        }
        changes.push(Change::CaseOpened(one));
    }
    apply(&book, changes).await.unwrap();
    let all = CaseFilter::default();
    for (filter, expected) in [
        (all.clone(), vec![1, 2, 3, 4, 6]),
        (CaseFilter { resolved: true, ..all.clone() }, vec![1, 2, 3, 4, 5, 6]),
        (CaseFilter { entity: Some(entity_id("e2")), ..all.clone() }, vec![2, 4, 6]),
        (CaseFilter { kind: Some("short_payment".into()), ..all.clone() }, vec![1, 3]),
        (CaseFilter { kind: Some("short_payment".into()), entity: Some(entity_id("e2")), ..all.clone() }, vec![]),
        (CaseFilter { after: Some(CaseId(2)), limit: 2, ..all.clone() }, vec![3, 4]),
        (CaseFilter { kind: Some("' OR 1=1 --".into()), ..all }, vec![]),
    ] {
        let found: Vec<i64> = book.cases(&filter).await.unwrap().iter().map(|case| case.id.0).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn decisions_and_allocations(book: Database) {
    small_book(&book).await;
    some_work(&book).await;
    let about = Subject::Payment(payment_id("p1"));
    let on: Vec<i64> = book.decisions_on(&about).await.unwrap().iter().map(|d| d.id.0).collect();
    assert_eq!(on, [1, 2]);
    assert!(book.decisions_on(&Subject::Return(payment_id("p1"))).await.unwrap().is_empty());
    let second = book.decision(DecisionId(2)).await.unwrap().unwrap();
    let entries = case(1, about.clone()).candidates[0].entries.clone();
    let expected = quittance_rules::cases::Decision {
        case: Some(CaseId(1)),
        ..decision(2, about, Ruling::Approved { candidate: Some(1), entries })
    };
    assert_eq!(second, expected);
    assert_eq!(book.decisions(DecisionId(0), 1).await.unwrap().len(), 1);
    assert_eq!(book.decisions(DecisionId(1), 0).await.unwrap(), [expected]);
    let rows = book.allocations(0, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].posting, posting(1, 2, "p1", "a", 9_000));
    assert_eq!((rows[0].decided_by.as_str(), rows[0].decided_at, rows[0].reversed_by), ("person:Zoë", at(2), None));
    assert_eq!(book.postings(1, 10).await.unwrap().len(), 1);
    assert!(book.allocations(1, 10).await.unwrap().is_empty());
}

async fn policies_in_order(book: Database) {
    assert_eq!(book.policy().await.unwrap(), None);
    let publish = |version: &str| Change::PolicyPublished { version: version.into(), text: format!("text of {version}") };
    apply(&book, vec![publish("a")]).await.unwrap();
    apply(&book, vec![publish("b"), publish("c")]).await.unwrap();
    assert_eq!(book.policy().await.unwrap(), Some(("c".into(), "text of c".into())));
    assert_eq!(apply(&book, vec![publish("a")]).await.unwrap(), 1, "an earlier policy may come into force again");
    assert_eq!(apply(&book, vec![publish("a")]).await.unwrap(), 0);
    assert_eq!(book.policy().await.unwrap(), Some(("a".into(), "text of a".into())));
}

async fn rules_are_counted_by_name(book: Database) {
    small_book(&book).await;
    assert!(book.rule_uses().await.unwrap().is_empty());
    assert_eq!(book.policy_of("p1").await.unwrap().as_deref(), Some("limit = 1"));
    assert_eq!(book.policy_of("p2").await.unwrap(), None);
    let about = Subject::Payment(payment_id("p1"));
    let by = |id: i64, rule: &str, ruling: Ruling| {
        Change::Decided(quittance_rules::cases::Decision { rule: Some(rule.into()), ..decision(id, about.clone(), ruling) })
    };
    let settled = || Ruling::Settled { entries: Vec::new() };
    let changes = vec![by(1, "„Zinsen“", Ruling::Asked), by(2, "cents", settled()), by(3, "„Zinsen“", settled())];
    apply(&book, changes).await.unwrap();
    apply(&book, vec![Change::Decided(decision(4, about.clone(), Ruling::Asked))]).await.unwrap();
    let uses: Vec<_> =
        book.rule_uses().await.unwrap().into_iter().map(|of| (of.rule, of.decisions, of.settled, of.last.0)).collect();
    assert_eq!(uses, [("cents".to_owned(), 1, 1, 2), ("„Zinsen“".to_owned(), 2, 1, 3)]);
    assert_eq!(book.decision(DecisionId(3)).await.unwrap().unwrap().rule.as_deref(), Some("„Zinsen“"));
    assert_eq!(book.decision(DecisionId(4)).await.unwrap().unwrap().rule, None);
}

fn alias(id: &str, standing: Standing) -> Alias {
    Alias {
        id: AliasId(id.into()),
        customer: customer_id("c1"),
        kind: if id.ends_with("name") { AliasKind::Name } else { AliasKind::Account },
        value: "Näher & Söhne, ООО „Ромашка“".into(),
        taught_by: DecisionId(1),
        taught_at: at(7),
        teacher: Actor::Person("Zoë".into()),
        standing,
    }
}

async fn what_was_taught_is_kept_with_its_standing(book: Database) {
    small_book(&book).await;
    assert_eq!(book.reserve(Sequence::Decision, 1).await.unwrap(), 1);
    let about = Subject::Payment(payment_id("p1"));
    apply(&book, vec![Change::Decided(decision(1, about, Ruling::Closed))]).await.unwrap();
    let by = DecisionId(1);
    let revoked = Standing::Revoked { by: Actor::Person("Zoë".into()), at: at(9) };
    for (standing, recorded) in [
        (Standing::Active, 2),
        (Standing::Active, 0),
        (Standing::Shared { decision: by }, 2),
        (Standing::ThirdParty { decision: by }, 2),
        (Standing::Withdrawn { decision: by }, 2),
        (revoked, 2),
    ] {
        let both = vec![alias("1-account", standing.clone()), alias("1-name", standing)];
        let changes = both.iter().cloned().map(Change::AliasSet).collect();
        assert_eq!(apply(&book, changes).await.unwrap(), recorded);
        assert_eq!(book.aliases().await.unwrap(), both);
        assert_eq!(book.book(&entity_id("e1")).await.unwrap().aliases, both);
    }
    // It names a decision that is there.
    let of_nothing = Alias { taught_by: DecisionId(99), ..alias("99-name", Standing::Active) };
    assert!(matches!(apply(&book, vec![Change::AliasSet(of_nothing)]).await, Err(StoreError::Conflict(_))));
    let report = book.verify().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

async fn what_stopped_being_taught_stops_a_settlement(book: Database) {
    small_book(&book).await;
    let about = Subject::Payment(payment_id("p1"));
    apply(&book, vec![Change::Decided(decision(1, about.clone(), Ruling::Closed))]).await.unwrap();
    let base = book.head().await.unwrap();
    let settle = |id: i64| by_rule(vec![Change::Decided(decision(id, about.clone(), Ruling::Settled { entries: Vec::new() }))]);
    apply(&book, vec![Change::AliasSet(alias("1-name", Standing::Active))]).await.unwrap();
    book.apply_since(base, settle(2)).await.unwrap();
    let base = book.head().await.unwrap();
    apply(&book, vec![Change::AliasSet(alias("1-name", Standing::Withdrawn { decision: DecisionId(1) }))]).await.unwrap();
    assert!(matches!(book.apply_since(base, settle(3)).await, Err(StoreError::Conflict(_))));
}

async fn originals_are_kept_once(book: Database) {
    let folder = tempfile::tempdir().unwrap();
    // Below, at and above whole pieces of 1 MiB.
    for size in [0_usize, 1, 1 << 20, (1 << 20) + 1, 3 * (1 << 20) + 17] {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        let path = folder.path().join(format!("{size}"));
        std::fs::write(&path, &bytes).unwrap();
        let (digest, length) = book.keep_file(&path).await.unwrap();
        assert_eq!(length, size as u64);
        assert_eq!(book.keep_file(&path).await.unwrap().0, digest);
        assert_eq!(book.keep_bytes(&bytes).await.unwrap(), digest);
        assert_eq!(book.kept(&digest).await.unwrap(), Some(bytes));
    }
    assert_eq!(book.kept(&digest_of("nothing")).await.unwrap(), None);
    assert_eq!(book.verify().await.unwrap().blobs, 5);
    let missing = book.keep_file(&folder.path().join("missing.pdf")).await.unwrap_err();
    assert!(missing.to_string().contains("missing.pdf"), "{missing}");
    // Two at once.
    let bytes = vec![7_u8; 2_500_000];
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (book, bytes) = (book.clone(), bytes.clone());
            tokio::spawn(async move { book.keep_bytes(&bytes).await.unwrap() })
        })
        .collect();
    for task in tasks {
        let digest = task.await.unwrap();
        assert_eq!(book.kept(&digest).await.unwrap().map(|kept| kept.len()), Some(2_500_000));
    }
}

async fn numbers_are_given_out_once(book: Database) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let book = book.clone();
            tokio::spawn(async move {
                let mut given = Vec::new();
                for _ in 0..5 {
                    let first = book.reserve(Sequence::Posting, 3).await.unwrap();
                    given.extend(first..first + 3);
                }
                given
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=120).collect::<Vec<_>>());
    assert_eq!(book.reserve(Sequence::Case, 1).await.unwrap(), 1);
}

async fn positions_add_up(book: Database) {
    assert!(book.positions(None).await.unwrap().is_empty());
    small_book(&book).await;
    some_work(&book).await;
    let mut yen = line("y", "e2", 0);
    yen.line.amount = Money::new(4_000, Currency::JPY);
    apply(&book, vec![Change::LineBooked(yen)]).await.unwrap();
    apply(
        &book,
        vec![
            decided(3, "p2"),
            Change::Posted(Posting { purpose: Purpose::NotOurs, item: None, cleared: None, ..posting(3, 3, "p2", "a", 3_000) }),
        ],
    )
    .await
    .unwrap();
    let all = book.positions(None).await.unwrap();
    assert!(all.iter().all(quittance_rules::ledger::Position::adds_up), "{all:?}");
    let minor =
        |p: &quittance_rules::ledger::Position| [p.bank_in, p.applied, p.unapplied, p.not_ours, p.in_queue].map(Money::minor);
    assert_eq!(all.iter().map(minor).collect::<Vec<_>>(), [[24_000, 9_000, 1_000, 3_000, 11_000], [4_000, 0, 0, 0, 4_000]]);
    let of_e2 = book.positions(Some(&entity_id("e2"))).await.unwrap();
    assert_eq!(of_e2.iter().map(minor).collect::<Vec<_>>(), [[1_000, 0, 0, 0, 1_000], [4_000, 0, 0, 0, 4_000]]);
}

async fn the_chain_is_whole(book: Database) {
    small_book(&book).await;
    some_work(&book).await;
    let entries = book.audit_entries(0, 0).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let last = entries.last().unwrap();
    assert_eq!(entry_hash(&last.previous, last.seq, last.at, &last.by, &last.changes), last.hash);
    let report = book.verify().await.unwrap();
    assert_eq!((report.entries, report.head.as_str(), report.findings.as_slice()), (3, last.hash.as_str(), &[][..]));
    assert_eq!(report.blobs, 3);
    assert_eq!(report.rows, 20 + 6 - 1, "each row once: the case was changed once");
    assert_eq!(book.audit_entries(1, 1).await.unwrap()[0], entries[1]);

    let export: String = entries.iter().map(|e| serde_json::to_string(e).unwrap() + "\n").collect();
    let offline = verify_export(export.as_bytes());
    assert_eq!((offline.entries, offline.head.as_str(), offline.findings.len()), (3, last.hash.as_str(), 0));
}

async fn statements_fit_the_tables(book: Database) {
    assert!(book.check_statements().await.unwrap() > 150);
}

async fn a_refused_set_leaves_nothing(book: Database) {
    small_book(&book).await;
    let before = book.verify().await.unwrap();
    let half_good = vec![
        Change::EntitySet(entity("e3")),
        Change::ItemAdded(item("new", "e3", 5)),
        decided(1, "p1"),
        Change::Posted(posting(1, 1, "p1", "new", 6)),
    ];
    conflict(apply(&book, half_good).await, "open item new ");
    // Refused by the database at the very end: a decision that is not there.
    conflict(apply(&book, vec![Change::EntitySet(entity("e3")), Change::Posted(posting(1, 9, "p1", "a", 6))]).await, "");
    assert_eq!(book.verify().await.unwrap(), before);
    assert_eq!(book.entities().await.unwrap().len(), 2);
    assert_eq!(book.payment(&payment_id("p1")).await.unwrap().unwrap().balance.remaining, eur(10_000));
    assert_eq!(apply(&book, vec![Change::EntitySet(entity("e3"))]).await.unwrap(), 1, "the store goes on");
}

async fn a_nul_is_refused_with_its_place(book: Database) {
    small_book(&book).await;
    let mut odd = line("odd", "e1", 1);
    odd.line.remittance = Some("in\0voice".into());
    let refused = apply(&book, vec![Change::LineBooked(odd)]).await.unwrap_err().to_string();
    assert!(refused.contains("remittance") && refused.contains("key-of-odd"), "{refused}");
}

async fn two_at_once_draw_one_payment(book: Database) {
    small_book(&book).await;
    let tasks: Vec<_> = (1..=6)
        .map(|id| {
            let book = book.clone();
            tokio::spawn(async move {
                apply(&book, vec![decided(id, "p1"), Change::Posted(posting(id, id, "p1", "a", 10_000))]).await
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(StoreError::Conflict(what)) => assert!(what.contains("payment p1"), "{what}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(book.postings(0, 0).await.unwrap().len(), 1);
    assert_eq!(book.audit_entries(0, 0).await.unwrap().len(), 2);
}

async fn many_lines_in_one_set(book: Database) {
    small_book(&book).await;
    let lines: Vec<Change> = (0..2_000).map(|n| Change::LineBooked(line(&format!("m{n:05}"), "e1", 100 + n))).collect();
    assert_eq!(apply(&book, lines.clone()).await.unwrap(), 2_000);
    let items: Vec<Change> = (0..2_003).map(|n| Change::ItemAdded(item(&format!("m{n:05}"), "e2", 100 + n))).collect();
    assert_eq!(apply(&book, items).await.unwrap(), 2_003);
    assert_eq!(apply(&book, lines).await.unwrap(), 0);
    assert_eq!(book.book(&entity_id("e1")).await.unwrap().payments.len(), 2_002);
    assert_eq!(book.book(&entity_id("e2")).await.unwrap().items.len(), 2_004);
}

async fn long_and_odd_texts(book: Database) {
    small_book(&book).await;
    let mut odd = line("odd", "e1", i64::MAX);
    odd.line.remittance = Some("'; DROP TABLE postings; --\u{202e}\u{1F4B8}\r\n\t\"\\".repeat(4_000));
    odd.line.counterparty_name = Some(String::new());
    odd.line.original_amount = Some(Money::new(i64::MIN + 1, Currency::JPY));
    odd.line.booking_date = None;
    apply(&book, vec![Change::LineBooked(odd.clone())]).await.unwrap();
    assert_eq!(book.payment(&payment_id("odd")).await.unwrap().unwrap().line, odd);
    let mut lowest = line("lowest", "e1", i64::MIN + 1);
    lowest.line.fee = None;
    apply(&book, vec![Change::LineBooked(lowest.clone())]).await.unwrap();
    assert_eq!(book.payment(&payment_id("lowest")).await.unwrap().unwrap().line, lowest);
    // More than 64 bits carry is said, not wrapped.
    let mut more = line("more", "e1", i64::MAX);
    more.key = "more".into();
    apply(&book, vec![Change::LineBooked(more)]).await.unwrap();
    assert!(book.positions(None).await.is_err());
}
