//! The desk on both databases: the list and its search give the same answers, two people never decide one case, what is done can
//! be undone.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use quittance_agent::desk::bulk::{decide_group, preview_group, undo_many};
use quittance_agent::desk::decide::{Outcome, Person, complete, decide, reject, withdraw};
use quittance_agent::desk::list::{Order, Query};
use quittance_agent::desk::ports::{DeskStore, FirstAnswer, Selection};
use quittance_agent::desk::view::{Looker, view};
use quittance_agent::desk::work::{Until, assign, give_back, note, snooze, take};
use quittance_agent::ports::{Clock, Sequence, Store};
use quittance_agent::queue::{Choice, DecideError, Split, undo, undo_case};
use quittance_rules::cases::{Case, CaseCandidate, CaseState, Ruling, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{Change, InputKind};
use quittance_rules::ledger::{CaseId, DecisionId, Entry, Purpose};
use quittance_rules::money::Money;
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::Customer;
use quittance_tools::store::Database;

use crate::postgres;
use crate::sample::*;

type CaseFn = fn(Database) -> Pin<Box<dyn Future<Output = String> + Send>>;

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        const CONTRACT: &[(&str, CaseFn)] = &[$((stringify!($name), |book| Box::pin($name(book)))),*];
    };
}

contract![
    orders_pages_and_filters,
    words_find_cases,
    leases_notes_and_snoozes,
    two_people_above_the_limit,
    a_group_is_taken_whole_or_not_at_all,
    do_then_undo_is_the_identity,
    everything_a_rule_did_is_undone,
    a_case_is_shown_with_its_grounds,
    settings_and_first_answers,
    sixty_four_reviewers,
    drafts_change_version_by_version,
    profiles_change_version_by_version,
];

/// A clock that goes on by a second with every look, so that runs on both databases see the same times.
struct TestClock(AtomicI64);

impl TestClock {
    fn new() -> Self {
        Self(AtomicI64::new(0))
    }
    fn skip_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        at(1_000_000 * (1_000 + self.0.fetch_add(1, Ordering::SeqCst)))
    }
    fn today(&self, _: &str) -> Date {
        date(2026, 3, 14)
    }
}

/// Every case on both databases; what they answer must be the same text.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_desk_on_both_databases() {
    let folder = tempfile::tempdir().unwrap();
    let server = postgres::Server::start();
    for (name, case) in CONTRACT {
        eprintln!("{name}");
        let answered = async |url: String| {
            let book = Database::create(&url).await.unwrap();
            let answer = case(book.clone()).await;
            let report = book.verify().await.unwrap();
            assert!(report.findings.is_empty(), "{name}: {:#?}", report.findings);
            book.close().await;
            answer
        };
        let file = format!("sqlite://{}/{name}.db", folder.path().display());
        let (in_file, on_server) = tokio::join!(answered(file), answered(server.fresh().await));
        assert_eq!(in_file, on_server, "{name}: the databases differ");
    }
}

fn policy() -> Policy {
    Policy::parse(DEFAULT_POLICY).unwrap()
}

fn allocation(item: &str, minor: i64) -> Entry {
    Entry {
        purpose: Purpose::Allocation,
        amount: eur(minor),
        item: Some(item_id(item)),
        cleared: Some(eur(minor)),
        customer: None,
    }
}

/// A book of `count` payments l0…, each with an item i0… of the same amount and a case with one candidate that fits it, and a
/// second one that leaves everything on the customer's account.
async fn desk_book(book: &Database, count: i64) {
    book.keep_bytes(b"statement").await.unwrap();
    let mut changes = vec![
        Change::EntitySet(entity("e1")),
        Change::EntitySet(entity("e2")),
        Change::PolicyPublished { version: policy().version, text: DEFAULT_POLICY.to_owned() },
        Change::InputReceived(input("statement", InputKind::Statement)),
    ];
    for n in 0..10 {
        let id = format!("c{n}");
        changes.push(Change::CustomerSet(Customer { name: format!("Käufer {n} & Söhne GmbH"), ..customer(&id) }));
    }
    let first = book.reserve(Sequence::Case, u32::try_from(count).unwrap()).await.unwrap();
    assert_eq!(first, 1);
    for n in 0..count {
        let owner = customer_id(&format!("c{}", n % 10));
        // Amounts of 1.00 to 99.00; the last one is above the limit for one pair of eyes.
        let minor = if n == count - 1 { 6_000_000 } else { 100 + (n * 37) % 98 * 100 };
        let mut open = item(&format!("i{n}"), if n % 7 == 6 { "e2" } else { "e1" }, minor);
        open.customer = owner.clone();
        open.number = format!("INV-{:05}", 10_000 + n);
        open.contract_amount = None;
        let entity = open.entity.clone();
        changes.push(Change::ItemAdded(open));
        let mut booked = line(&format!("l{n}"), entity.as_str(), minor);
        booked.line.counterparty_name = Some(format!("Käufer {} & Söhne", n % 10));
        booked.line.remittance = Some(format!("Zahlung INV {:05} danke", 10_000 + n));
        booked.line.bank_reference = Some(format!("REF{n}"));
        changes.push(Change::LineBooked(booked));
        let keep = Entry { purpose: Purpose::Unapplied, amount: eur(minor), item: None, cleared: None, customer: Some(owner) };
        let candidate = |rank: u32, entries, percent| CaseCandidate {
            rank,
            entries,
            confidence: quittance_rules::evidence::Confidence::from_percent(percent),
            reason: format!("candidate {rank}"),
            weights: vec![],
        };
        changes.push(Change::CaseOpened(Case {
            entity: Some(entity),
            kind: [ExceptionKind::NoReference, ExceptionKind::ShortPayment, ExceptionKind::ThirdPartyPayer]
                [usize::try_from(n % 3).unwrap()],
            amount: Some(eur(minor)),
            headline: format!("{} from Käufer {}, case {n}", eur(minor), n % 10),
            candidates: vec![candidate(1, vec![allocation(&format!("i{n}"), minor)], 93), candidate(2, vec![keep], 5)],
            opened_at: at(n * 3_600_000_000 - 400 * 3_600_000_000),
            ..case(n + 1, Subject::Payment(payment_id(&format!("l{n}"))))
        }));
    }
    apply(book, changes).await.unwrap();
}

fn query(pairs: &[(&str, &str)]) -> Query {
    Query { user: "ana".into(), now: at(0), ..Query::parse(pairs.iter().copied()).unwrap() }
}

async fn found(book: &Database, query: &Query) -> Vec<i64> {
    book.list(query).await.unwrap().rows.iter().map(|row| row.id.0).collect()
}

async fn orders_pages_and_filters(book: Database) -> String {
    desk_book(&book, 300).await;
    assert_eq!(book.catch_up(&policy()).await.unwrap(), 300);
    assert_eq!(book.catch_up(&policy()).await.unwrap(), 0, "nothing changed");
    let mut said = String::new();
    for order in Order::ALL {
        // Page by page everything comes once, in the order of one long page.
        let whole: Vec<i64> = {
            let mut all = Vec::new();
            let mut query = query(&[("sort", order.name()), ("limit", "200")]);
            loop {
                let page = book.list(&query).await.unwrap();
                all.extend(page.rows.iter().map(|row| row.id.0));
                let Some(next) = page.next else { break };
                query.after = Some(next);
            }
            all
        };
        let mut paged = Vec::new();
        let mut query = query(&[("sort", order.name()), ("limit", "7")]);
        loop {
            let page = book.list(&query).await.unwrap();
            paged.extend(page.rows.iter().map(|row| row.id.0));
            let Some(next) = page.next else { break };
            query.after = Some(next);
        }
        assert_eq!(whole, paged, "{order:?}");
        let mut sorted = whole.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=300).collect::<Vec<_>>(), "{order:?}");
        // Neighbours are the neighbours of the list.
        for pair in whole.windows(2).step_by(11) {
            let after = book.line_after(&query, CaseId(pair[0])).await.unwrap().unwrap();
            let before = book.line_before(&query, CaseId(pair[1])).await.unwrap().unwrap();
            assert_eq!((after.id.0, before.id.0), (pair[1], pair[0]), "{order:?}");
        }
        assert_eq!(book.line_after(&query, CaseId(*whole.last().unwrap())).await.unwrap(), None);
        assert_eq!(book.line_before(&query, CaseId(whole[0])).await.unwrap(), None);
        said.push_str(&format!("{order:?} {whole:?}\n"));
    }
    let risk = found(&book, &query(&[("sort", "risk"), ("limit", "1")])).await;
    assert_eq!(risk, [300], "the largest amount is the most at risk");
    let age = found(&book, &query(&[("sort", "age"), ("limit", "3")])).await;
    assert_eq!(age, [1, 2, 3]);
    // What is past due comes before what is worth more, the longest due first.
    let rows = book.list(&query(&[("limit", "200")])).await.unwrap().rows;
    let due: Vec<bool> = rows.iter().map(|row| row.due_at <= at(0)).collect();
    assert!(due[0] && due.windows(2).all(|pair| pair[0] >= pair[1]), "past due first");

    for (pairs, count) in [
        (&[("kind", "short_payment")][..], 100),
        (&[("entity", "e2")], 42),
        (&[("customer", "c3")], 30),
        (&[("customer", "c3"), ("kind", "no_reference")], 10),
        (&[("currency", "USD")], 0),
        (&[("currency", "EUR"), ("min", "60000")], 1),
        (&[("currency", "EUR"), ("max", "1.00")], 4),
        (&[("owner", "nobody")], 300),
        (&[("owner", "me")], 0),
        (&[("state", "resolved")], 0),
        (&[("age", "10")], 161),
    ] {
        let mut pairs = pairs.to_vec();
        pairs.push(("limit", "200"));
        let rows = found(&book, &query(&pairs)).await;
        let expected = count.min(200);
        assert_eq!(rows.len(), expected, "{pairs:?}");
        said.push_str(&format!("{pairs:?} {rows:?}\n"));
    }
    // A person of one entity sees that one, whatever they ask for.
    let mut own = query(&[("limit", "200")]);
    own.allowed = Some(vec![entity_id("e2")]);
    assert_eq!(found(&book, &own).await.len(), 42);
    own.entity = Some(entity_id("e1"));
    assert!(found(&book, &own).await.is_empty());

    let counts = book.counts(&query(&[]), "ana").await.unwrap();
    assert_eq!((counts.open, counts.unassigned, counts.mine, counts.snoozed), (300, 300, 0, 0));
    assert_eq!(counts.kinds.iter().map(|kind| kind.cases).collect::<Vec<_>>(), [100, 100, 100]);
    let groups = book.groups(&query(&[]), 50).await.unwrap();
    assert_eq!(groups.iter().map(|group| group.cases).sum::<u64>(), 300);
    let mut of_group = query(&[("limit", "200")]);
    of_group.group = Some(groups[0].key.clone());
    assert_eq!(found(&book, &of_group).await.len() as u64, groups[0].cases);
    said.push_str(&format!("{counts:?}\n{groups:?}\n"));
    said
}

async fn words_find_cases(book: Database) -> String {
    desk_book(&book, 120).await;
    book.catch_up(&policy()).await.unwrap();
    let mut said = String::new();
    for (text, count) in [
        ("INV-10007", 1),
        ("inv 10007", 1),
        ("10007", 1),
        ("REF7", 11),
        ("käufer inv-10007", 1),
        ("kaufer", 120),
        ("Söhne inv-1000", 10),
        ("60000.00", 1),
        ("60,000.00", 1),
        ("DE0212", 120),
        ("nothing such", 0),
        ("%", 0),
        ("_", 0),
        ("'; DROP TABLE cases; --", 0),
    ] {
        let rows = found(&book, &query(&[("q", text), ("limit", "200")])).await;
        assert_eq!(rows.len(), count, "{text}: {rows:?}");
        said.push_str(&format!("{text} {rows:?}\n"));
        let only = found(&book, &query(&[("q", text), ("kind", "short_payment"), ("sort", "age"), ("limit", "200")])).await;
        assert!(only.iter().all(|id| rows.contains(id)) && only.is_sorted());
    }
    said
}

async fn leases_notes_and_snoozes(book: Database) -> String {
    desk_book(&book, 6).await;
    let clock = TestClock::new();
    let policy = policy();
    take(&book, &clock, &policy, "ana", CaseId(1)).await.unwrap();
    take(&book, &clock, &policy, "ana", CaseId(1)).await.expect("one's own is prolonged");
    let refused = take(&book, &clock, &policy, "luis", CaseId(1)).await;
    assert!(matches!(&refused, Err(DecideError::Leased { by, .. }) if by == "ana"), "{refused:?}");
    let luis = Person { name: "luis", may_approve: false, is_stepped_up: false };
    let refused = decide(&book, &clock, &policy, luis, CaseId(1), Choice::Candidate(1), None).await;
    assert!(matches!(&refused, Err(DecideError::Leased { by, .. }) if by == "ana"), "{refused:?}");
    assert!(matches!(reject(&book, &clock, luis, CaseId(1), None).await, Err(DecideError::Leased { .. })));
    clock.skip_minutes(11);
    take(&book, &clock, &policy, "luis", CaseId(1)).await.expect("the time is over");
    give_back(&book, &clock, "luis", CaseId(1)).await.unwrap();
    take(&book, &clock, &policy, "ana", CaseId(1)).await.expect("it was given back");

    let written = note(&book, &clock, "ana", CaseId(2), " ask @luis about the fee ").await.unwrap();
    assert_eq!((written.text.as_str(), written.mentions.as_slice()), ("ask @luis about the fee", &["luis".to_owned()][..]));
    for bad in ["", "  ", &"x".repeat(4_001)] {
        assert!(note(&book, &clock, "ana", CaseId(2), bad).await.is_err());
    }
    assert!(matches!(note(&book, &clock, "ana", CaseId(99), "x").await, Err(DecideError::NoCase(_))));
    assert_eq!(book.notes(CaseId(2)).await.unwrap(), [written]);

    let case = assign(&book, &clock, "ana", CaseId(3), Some("luis"), Some(1)).await.unwrap();
    assert_eq!((case.version, case.state), (2, CaseState::Assigned { to: "luis".into() }));
    let stale = assign(&book, &clock, "ana", CaseId(3), None, Some(1)).await;
    assert!(matches!(stale, Err(DecideError::Stale { seen: 1, now: 2, .. })), "{stale:?}");
    assert!(snooze(&book, &clock, "ana", CaseId(4), Until::Day(date(2026, 3, 14)), None).await.is_err(), "today is no later day");
    snooze(&book, &clock, "ana", CaseId(4), Until::Day(date(2026, 3, 20)), None).await.unwrap();
    snooze(&book, &clock, "ana", CaseId(5), Until::News, None).await.unwrap();
    book.catch_up(&policy).await.unwrap();
    assert_eq!(found(&book, &query(&[("sort", "age")])).await, [1, 2, 3, 6]);
    assert_eq!(found(&book, &query(&[("owner", "luis")])).await, [3]);
    assert_eq!(found(&book, &query(&[("state", "snoozed"), ("sort", "age")])).await, [4, 5]);
    let mut later = query(&[("sort", "age")]);
    later.now = "2026-03-20T00:00:00Z".parse().unwrap();
    assert_eq!(found(&book, &later).await, [1, 2, 3, 4, 6], "its day has come");
    // Whose it was stays while it is put off; and where it is another day than at the desk, that day counts.
    assign(&book, &clock, "ana", CaseId(6), Some("luis"), None).await.unwrap();
    let off = snooze(&book, &clock, "ana", CaseId(6), Until::Day(date(2026, 3, 20)), None).await.unwrap();
    assert_eq!(off.state, CaseState::Snoozed { until: date(2026, 3, 20), owner: Some("luis".into()) });
    book.catch_up(&policy).await.unwrap();
    later.owner = Some(quittance_agent::desk::list::Owner::Person("luis".into()));
    assert_eq!(found(&book, &later).await, [3, 6]);
    later.days = vec![(off.entity.unwrap(), date(2026, 3, 19))];
    assert_eq!(found(&book, &later).await, [3]);

    book.seen(CaseId(1), "ana", at(0)).await.unwrap();
    book.seen(CaseId(1), "luis", at(50)).await.unwrap();
    book.seen(CaseId(2), "luis", at(60)).await.unwrap();
    let present = book.present(&[CaseId(1)], at(10)).await.unwrap();
    assert_eq!(present, [(CaseId(1), "luis".to_owned())]);
    String::new()
}

async fn two_people_above_the_limit(book: Database) -> String {
    desk_book(&book, 3).await;
    let clock = TestClock::new();
    let policy = policy();
    let large = CaseId(3);
    let ana = Person { name: "ana", may_approve: true, is_stepped_up: true };
    let luis = Person { name: "luis", may_approve: true, is_stepped_up: true };
    let proposed = decide(&book, &clock, &policy, ana, large, Choice::Candidate(1), Some(1)).await.unwrap();
    let Outcome::Proposed(proposal) = proposed else { panic!("one person is not enough: {proposed:?}") };
    assert_eq!((proposal.by.as_str(), proposal.candidate), ("ana", Some(1)));
    assert!(book.postings(0, 0).await.unwrap().is_empty(), "nothing is posted yet");
    assert_eq!(book.proposals_waiting(10).await.unwrap().len(), 1);

    for (who, wanted) in [
        (ana, "yourself"),
        (Person { may_approve: false, ..luis }, "approver"),
        (Person { is_stepped_up: false, ..luis }, "fresh confirmation"),
    ] {
        let refused = complete(&book, &clock, who, large, None).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
    let refused = decide(&book, &clock, &policy, luis, large, Choice::Candidate(2), None).await;
    assert!(matches!(&refused, Err(DecideError::WaitsForSecond { by, .. }) if by == "ana"), "{refused:?}");
    assert!(matches!(reject(&book, &clock, luis, large, None).await, Err(DecideError::WaitsForSecond { .. })));
    let refused = decide_group(&book, &clock, "luis", &[(CaseId(1), None), (large, None)], &Choice::Candidate(1)).await;
    assert!(matches!(refused, Err(DecideError::NotInBatch(CaseId(3)))), "{refused:?}");

    withdraw(&book, &clock, Person { may_approve: false, ..ana }, large).await.unwrap();
    assert!(matches!(complete(&book, &clock, luis, large, None).await, Err(DecideError::NoProposal(_))));
    decide(&book, &clock, &policy, ana, large, Choice::Candidate(1), None).await.unwrap();
    let taken = complete(&book, &clock, luis, large, Some(1)).await.unwrap();
    assert_eq!(taken.entries, [allocation("i2", 6_000_000)]);
    assert!(book.proposals_waiting(10).await.unwrap().is_empty());
    assert!(matches!(complete(&book, &clock, ana, large, None).await, Err(DecideError::AlreadyDecided { .. })));
    undo_case(&book, &clock, "ana", large).await.unwrap();
    assert!(book.case(large).await.unwrap().unwrap().state.is_pending());
    String::new()
}

async fn a_group_is_taken_whole_or_not_at_all(book: Database) -> String {
    desk_book(&book, 12).await;
    let clock = TestClock::new();
    let cases: Vec<(CaseId, Option<i64>)> = (1..=8).map(|id| (CaseId(id), Some(1))).collect();
    let preview = preview_group(&book, &clock, "ana", &cases, &Choice::Candidate(1)).await.unwrap();
    assert!(preview.is_whole() && preview.lines.len() == 8, "{preview:?}");
    assert_eq!(book.postings(0, 0).await.unwrap(), []);

    // One that does not fit, and nothing is done.
    let mut with_a_bad_one = cases.clone();
    with_a_bad_one.push((CaseId(9), Some(7)));
    let preview = preview_group(&book, &clock, "ana", &with_a_bad_one, &Choice::Candidate(1)).await.unwrap();
    assert!(!preview.is_whole() && preview.lines[8].refusal.as_ref().unwrap().contains("version 7"));
    assert!(decide_group(&book, &clock, "ana", &with_a_bad_one, &Choice::Candidate(1)).await.is_err());
    // Two payments that want one item fit alone and not together.
    let both: Vec<(CaseId, Option<i64>)> = vec![(CaseId(1), None), (CaseId(11), None)];
    let one_item = Choice::Split(Split { items: vec![(item_id("i0"), eur(100))], ..Split::default() });
    let together = preview_group(&book, &clock, "ana", &both, &one_item).await.unwrap();
    assert!(together.lines[0].refusal.is_none() && together.lines[1].refusal.is_some(), "{together:?}");
    assert!(decide_group(&book, &clock, "ana", &both, &one_item).await.is_err());
    assert_eq!(book.postings(0, 0).await.unwrap(), []);
    assert!(decide_group(&book, &clock, "ana", &[], &Choice::Candidate(1)).await.is_err());
    assert!(decide_group(&book, &clock, "ana", &[cases[0], cases[0]], &Choice::Candidate(1)).await.is_err());

    let before = snapshot(&book).await;
    let batch = decide_group(&book, &clock, "ana", &cases, &Choice::Candidate(1)).await.unwrap();
    assert_eq!(batch.decided, 8);
    assert_eq!(book.postings(0, 0).await.unwrap().len(), 8);
    let undone = undo_many(&book, &clock, "luis", &Selection::Entry(batch.entry)).await.unwrap();
    assert_eq!((undone.undone, undone.skipped.len()), (8, 0));
    assert_eq!(snapshot(&book).await, before);
    let again = undo_many(&book, &clock, "luis", &Selection::Entry(batch.entry)).await.unwrap();
    assert_eq!((again.undone, again.entry), (0, None), "what is undone is not undone twice");
    String::new()
}

/// Balances, and cases without their version.
async fn snapshot(book: &Database) -> String {
    let mut said = String::new();
    for entity in ["e1", "e2"] {
        let of = book.book(&entity_id(entity)).await.unwrap();
        for item in of.items {
            said.push_str(&format!("{} {:?}\n", item.item.id, item.balance));
        }
        for payment in of.payments {
            said.push_str(&format!("{} {:?}\n", payment.line.payment, payment.balance));
        }
    }
    for case in book.cases(&quittance_agent::ports::CaseFilter { resolved: true, ..Default::default() }).await.unwrap() {
        said.push_str(&format!("{:?}\n", Case { version: 0, ..case }));
    }
    said
}

async fn do_then_undo_is_the_identity(book: Database) -> String {
    desk_book(&book, 12).await;
    let clock = TestClock::new();
    let policy = policy();
    let ana = Person { name: "ana", may_approve: true, is_stepped_up: true };
    let amount = |case: i64| eur(100 + ((case - 1) * 37) % 98 * 100);
    // Every kind of decision a person can take about a payment, on an assigned case.
    assign(&book, &clock, "ana", CaseId(2), Some("luis"), None).await.unwrap();
    let items = |case: i64, minor: i64| vec![(item_id(&format!("i{}", case - 1)), eur(minor))];
    let choices: Vec<(i64, Choice)> = vec![
        (1, Choice::Candidate(1)),
        (2, Choice::Candidate(2)),
        (2, Choice::Items(items(2, amount(2).minor()))),
        (3, Choice::Items(items(3, 200))),
        (4, Choice::KeepUnapplied(customer_id("c9"))),
        (5, Choice::NotOurs),
        // Items of two customers, the rest on a third one's account.
        (
            6,
            Choice::Split(Split {
                items: [items(6, 300), items(2, 500)].concat(),
                write_offs: vec![],
                rest: Some(customer_id("c0")),
            }),
        ),
        // The item is cleared by what was paid and a write-off within the limit; the rest stays on its customer's account.
        (
            8,
            Choice::Split(Split {
                items: vec![(item_id("i9"), eur(3_900))],
                write_offs: vec![(item_id("i9"), eur(100))],
                rest: None,
            }),
        ),
    ];
    let before = snapshot(&book).await;
    for (case, choice) in choices {
        let outcome = decide(&book, &clock, &policy, ana, CaseId(case), choice.clone(), None).await;
        let taken = match outcome {
            Ok(Outcome::Decided(taken)) => taken,
            other => panic!("{case} {choice:?}: {other:?}"),
        };
        assert_ne!(snapshot(&book).await, before, "{choice:?} did something");
        let payment = book.payment(&payment_id(&format!("l{}", case - 1))).await.unwrap().unwrap();
        assert_eq!(payment.balance.remaining, eur(0), "{choice:?}: every cent has a place");
        undo(&book, &clock, "luis", taken.decision).await.unwrap();
        assert_eq!(snapshot(&book).await, before, "{choice:?}");
    }
    let taken = reject(&book, &clock, ana, CaseId(9), None).await.unwrap();
    undo(&book, &clock, "luis", taken.decision).await.unwrap();
    assert_eq!(snapshot(&book).await, before, "a refusal");

    // What is not allowed.
    let too_much = Split { items: items(7, 100), write_offs: vec![(item_id("i0"), eur(2_501))], rest: Some(customer_id("c0")) };
    let nowhere = Split { items: [items(6, 300), items(2, 500)].concat(), ..Split::default() };
    for (case, choice, wanted) in [
        (7, Choice::Split(too_much), "EUR 25.00"),
        (6, Choice::Split(nowhere), "without a place"),
        (1, Choice::Candidate(9), "there is no candidate 9"),
        (1, Choice::Items(items(1, 1_000_000)), "is open"),
        (1, Choice::KeepUnapplied(customer_id("nobody")), "no customer nobody"),
        (1, Choice::Close, "does not allow this"),
    ] {
        let refused = decide(&book, &clock, &policy, ana, CaseId(case), choice, None).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
    assert_eq!(snapshot(&book).await, before);
    String::new()
}

async fn everything_a_rule_did_is_undone(book: Database) -> String {
    const COUNT: i64 = 600;
    desk_book(&book, COUNT + 1).await;
    let clock = TestClock::new();
    let before = snapshot(&book).await;
    // A rule settles all cases.
    let first = book.reserve(Sequence::Decision, u32::try_from(COUNT).unwrap()).await.unwrap();
    let posting = book.reserve(Sequence::Posting, u32::try_from(COUNT).unwrap()).await.unwrap();
    let mut changes = vec![];
    for n in 0..COUNT {
        let open = book.case(CaseId(n + 1)).await.unwrap().unwrap();
        let entries = open.candidates[0].entries.clone();
        let minor = entries[0].amount.minor();
        let mut made = decision(first + n, open.subject.clone(), Ruling::Settled { entries });
        made.by = quittance_rules::cases::Actor::Rule;
        made.rule = (n >= 100).then(|| "small ones".to_owned());
        made.case = Some(open.id);
        let posted = crate::sample::posting(posting + n, first + n, &format!("l{n}"), &format!("i{n}"), minor);
        let resolved = Case { version: 2, state: CaseState::Resolved { decision: made.id }, ..open };
        changes.extend([Change::Decided(made), Change::Posted(posted), Change::CaseChanged(resolved)]);
        if n % 50 == 49 {
            apply(&book, std::mem::take(&mut changes)).await.unwrap();
        }
    }
    // A person undid one and decided anew: that one stays.
    let own = DecisionId(first + 4);
    undo(&book, &clock, "ana", own).await.unwrap();
    let ana = Person { name: "ana", may_approve: false, is_stepped_up: false };
    decide(&book, &clock, &policy(), ana, CaseId(5), Choice::NotOurs, None).await.unwrap();
    let day = Selection::ByRule { from: at(0), to: at(i64::from(u32::MAX)), rule: None };
    // By rules one at a time: the first hundred were taken by the pattern of the gate alone, the others with a rule of the policy.
    let by_one = |rule: &str| Selection::ByRule { from: at(0), to: at(i64::from(u32::MAX)), rule: Some(rule.to_owned()) };
    assert_eq!(book.selected(&by_one("nobody’s")).await.unwrap(), []);
    assert_eq!(book.selected(&by_one("")).await.unwrap().len(), 100);
    assert_eq!(book.selected(&by_one("small ones")).await.unwrap().len() as i64, COUNT - 100);
    let report = undo_many(&book, &clock, "ana", &by_one("")).await.unwrap();
    // One of them a person had undone and decided anew.
    assert_eq!(report.undone, 99);
    let report = undo_many(&book, &clock, "ana", &day).await.unwrap();
    assert_eq!(report.undone as i64, COUNT - 100);
    assert_eq!(report.skipped, []);
    let entry = report.entry.unwrap();
    assert_eq!(book.head().await.unwrap(), entry, "one audit entry");
    undo_case(&book, &clock, "ana", CaseId(5)).await.unwrap();
    // A rule does not repeat what was undone: the cases come back with the refused answer noted on them.
    let strip =
        |text: &str| -> Vec<String> { text.lines().filter(|line| !line.starts_with("Case")).map(str::to_owned).collect() };
    assert_eq!(strip(&snapshot(&book).await), strip(&before));
    let back = book.case(CaseId(1)).await.unwrap().unwrap();
    assert!(back.state.is_pending() && back.rejected.len() == 1);
    assert_eq!(undo_many(&book, &clock, "ana", &day).await.unwrap().undone, 0);
    String::new()
}

async fn a_case_is_shown_with_its_grounds(book: Database) -> String {
    desk_book(&book, 12).await;
    let clock = TestClock::new();
    let policy = policy();
    book.catch_up(&policy).await.unwrap();
    let ana = Person { name: "ana", may_approve: false, is_stepped_up: false };
    let taken = match decide(&book, &clock, &policy, ana, CaseId(11), Choice::Candidate(1), None).await.unwrap() {
        Outcome::Decided(taken) => taken,
        Outcome::Proposed(_) => panic!("one person is enough"),
    };
    book.catch_up(&policy).await.unwrap();
    let looker = Looker { name: "ana", allowed: None };
    let shown = view(&book, &clock, &policy, looker, CaseId(1)).await.unwrap().unwrap();
    assert_eq!(shown.candidates.len(), 2);
    let best = &shown.candidates[0];
    let numbers: Vec<_> = best.compared.iter().map(|field| (field.field, field.agreement)).collect();
    assert!(numbers.contains(&("number", quittance_agent::desk::explain::Agreement::Agrees)), "{numbers:?}");
    assert_eq!(best.effect.items[0].after, eur(0));
    assert_eq!(best.effect.payment_after, Some(eur(0)));
    let sum = best.arithmetic.terms.iter().map(|term| term.amount.minor()).sum::<i64>();
    assert_eq!(Some(eur(sum)), best.arithmetic.difference);
    let card = shown.customer.as_ref().unwrap();
    assert_eq!((card.customer.id.as_str(), card.open_count), ("c0", 1));
    assert_eq!(card.payments.len(), 1, "the payment of case 11");
    assert!(shown.similar.iter().all(|past| past.decision != taken.decision) || !shown.similar[0].is_undone);
    assert!(
        view(&book, &clock, &policy, Looker { name: "ana", allowed: Some(&[entity_id("e2")]) }, CaseId(1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(view(&book, &clock, &policy, looker, CaseId(99)).await.unwrap().is_none());
    let decided = view(&book, &clock, &policy, looker, CaseId(11)).await.unwrap().unwrap();
    assert!(decided.decided.is_some() && decided.history.iter().any(|event| event.can_undo));
    serde_json::to_string(&shown).unwrap()
}

async fn settings_and_first_answers(book: Database) -> String {
    book.set("ana", "view:due", Some("due=1")).await.unwrap();
    book.set("ana", "view:due", Some("due=1&sort=age")).await.unwrap();
    book.set("ana", "keys", Some("{}")).await.unwrap();
    book.set("luis", "view:mine", Some("owner=me")).await.unwrap();
    assert_eq!(book.settings("ana", "view:").await.unwrap(), [("view:due".to_owned(), "due=1&sort=age".to_owned())]);
    book.set("ana", "view:due", None).await.unwrap();
    assert!(book.settings("ana", "view:").await.unwrap().is_empty());
    let first = FirstAnswer { request: "a".into(), status: 200, body: "{}".into() };
    book.keep_answer("ana", "k", &first, at(10), at(0)).await.unwrap();
    book.keep_answer("ana", "k", &FirstAnswer { status: 409, ..first.clone() }, at(11), at(0)).await.unwrap();
    assert_eq!(book.first_answer("ana", "k").await.unwrap(), Some(first));
    assert_eq!(book.first_answer("luis", "k").await.unwrap(), None);
    book.keep_answer("ana", "l", &FirstAnswer { request: "b".into(), status: 200, body: String::new() }, at(20), at(15))
        .await
        .unwrap();
    assert_eq!(book.first_answer("ana", "k").await.unwrap(), None, "old answers are forgotten");
    String::new()
}

/// 64 reviewers, 2,000 cases, eight reviewers after each case: one wins, the others are told who and when.
async fn sixty_four_reviewers(book: Database) -> String {
    const CASES: i64 = 2_000;
    desk_book(&book, CASES + 1).await;
    let policy = policy();
    let mut reviewers = tokio::task::JoinSet::new();
    for reviewer in 0..64_i64 {
        let (book, policy) = (book.clone(), policy.clone());
        reviewers.spawn(async move {
            let clock = TestClock::new();
            let name = format!("reviewer-{reviewer}");
            let who = Person { name: &name, may_approve: false, is_stepped_up: false };
            let mut won = Vec::new();
            // Eight groups of eight; each group works on a part of the cases in the same order.
            for case in (1..=CASES).filter(|case| case % 8 == reviewer % 8) {
                match decide(&book, &clock, &policy, who, CaseId(case), Choice::Candidate(1), Some(1)).await {
                    Ok(Outcome::Decided(_)) => won.push(case),
                    Ok(Outcome::Proposed(_)) => panic!("one person is enough for case {case}"),
                    Err(DecideError::AlreadyDecided { by, .. }) => assert!(by.starts_with("person:reviewer-"), "{by}"),
                    Err(other) => panic!("case {case}: {other}"),
                }
            }
            won
        });
    }
    let mut winners: BTreeMap<i64, usize> = BTreeMap::new();
    while let Some(won) = reviewers.join_next().await {
        for case in won.unwrap() {
            *winners.entry(case).or_default() += 1;
        }
    }
    assert_eq!(winners.len() as i64, CASES, "every case was decided");
    assert!(winners.values().all(|count| *count == 1), "one winner each");
    let posted = book.postings(0, 0).await.unwrap();
    assert_eq!(posted.len() as i64, CASES);
    let settled: i64 = posted.iter().map(|posting| posting.amount.minor()).sum();
    let wanted: i64 = (0..CASES).map(|n| 100 + (n * 37) % 98 * 100).sum();
    assert_eq!(Money::new(settled, eur(0).currency()), eur(wanted));
    String::new()
}

async fn profiles_change_version_by_version(book: Database) -> String {
    use quittance_agent::ports::StoreError;
    use quittance_agent::ports_pages::Pages as _;
    use quittance_rules::records::{EntityId, ImportProfile};
    small_book(&book).await;
    let entity = book.entities().await.unwrap()[0].id.clone();
    let profile = |name: &str, version: i64, entity: Option<EntityId>| ImportProfile {
        name: name.to_owned(),
        version,
        entity,
        text: format!("name = '{name}' # {version}"),
        is_on: true,
    };
    assert_eq!(book.profiles().await.unwrap(), []);
    let first = profile("Ökobank", 1, Some(entity));
    apply(&book, vec![Change::ProfileSet(first.clone())]).await.unwrap();
    apply(&book, vec![Change::ProfileSet(profile("Zwei", 1, None))]).await.unwrap();
    for stale in [first, profile("Ökobank", 3, None), profile("Neu", 2, None)] {
        assert!(matches!(apply(&book, vec![Change::ProfileSet(stale)]).await, Err(StoreError::Conflict(_))));
    }
    // One of an entity that is not there is refused by the database.
    let nobody = EntityId::parse("nobody").unwrap();
    assert!(apply(&book, vec![Change::ProfileSet(profile("Nobody's", 1, Some(nobody)))]).await.is_err());
    apply(&book, vec![Change::ProfileSet(profile("Ökobank", 2, None))]).await.unwrap();
    // Off and on again; who and when is told, and the log holds both.
    use quittance_agent::profiles::{Switched, switch};
    let ana = || quittance_rules::cases::Actor::Person("ana".to_owned());
    assert_eq!(switch(&book, ana(), at(5), "Nobody's", false).await.unwrap(), Switched::Unknown);
    assert!(matches!(switch(&book, ana(), at(5), "Zwei", false).await.unwrap(), Switched::Changed(_)));
    assert!(matches!(switch(&book, ana(), at(6), "Zwei", false).await.unwrap(), Switched::Already(_)));
    let zwei = book.profile_lines().await.unwrap().into_iter().find(|line| line.profile.name == "Zwei").unwrap();
    assert_eq!((zwei.profile.is_on, zwei.profile.version, zwei.by.as_str(), zwei.at), (false, 2, "person:ana", at(5)));
    assert!(matches!(switch(&book, ana(), at(7), "Zwei", true).await.unwrap(), Switched::Changed(_)));
    assert!(matches!(switch(&book, ana(), at(8), "Ökobank", false).await.unwrap(), Switched::Changed(_)));
    assert!(book.verify().await.unwrap().findings.is_empty());
    format!("{:?}", book.profiles().await.unwrap())
}

async fn drafts_change_version_by_version(book: Database) -> String {
    use quittance_agent::ports::StoreError;
    use quittance_rules::draft::{Draft, DraftLanguage};
    small_book(&book).await;
    assert_eq!(book.reserve(Sequence::Case, 1).await.unwrap(), 1);
    apply(&book, vec![Change::CaseOpened(case(1, Subject::Payment(payment_id("p1"))))]).await.unwrap();
    let draft = |version: i64, text: &str| Draft {
        case: CaseId(1),
        version,
        language: DraftLanguage::Spanish,
        template: "v1/short_payment".to_owned(),
        text: text.to_owned(),
        by: "ana".to_owned(),
        at: at(version),
    };
    assert_eq!(book.draft(CaseId(1)).await.unwrap(), None);
    let first = draft(1, "Hola, {customer}:\n„{amount}“");
    apply(&book, vec![Change::DraftSet(first.clone())]).await.unwrap();
    assert_eq!(book.draft(CaseId(1)).await.unwrap(), Some(first.clone()));
    for stale in [first, draft(3, "x")] {
        assert!(matches!(apply(&book, vec![Change::DraftSet(stale)]).await, Err(StoreError::Conflict(_))));
    }
    apply(&book, vec![Change::DraftSet(draft(2, "{amount}"))]).await.unwrap();
    let kept = book.draft(CaseId(1)).await.unwrap().expect("it was saved");
    format!("{kept:?}")
}
