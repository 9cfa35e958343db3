//! How fast the queue is: `cargo bench --profile profiling --bench desk_speed -- URL [CASES]`, on a database
//! that is not there yet (SQLite) or empty (PostgreSQL). Makes a book with so many open cases (100,000), then prints the 50th
//! and 95th percentile of every question a reviewer's day asks.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement reads the clock and prints what it found")]

#[allow(dead_code, reason = "the measurement uses its part of the samples")]
#[path = "../tests/store/sample.rs"]
mod sample;

use std::time::{Duration, Instant};

use quittance_agent::desk::decide::{Outcome, Person, decide};
use quittance_agent::desk::list::{Order, Query};
use quittance_agent::desk::ports::DeskStore;
use quittance_agent::desk::view::{Looker, view};
use quittance_agent::ports::{Sequence, Store};
use quittance_agent::queue::Choice;
use quittance_rules::cases::{Case, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{Change, InputKind};
use quittance_rules::ledger::CaseId;
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::Customer;
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;

use sample::*;

const SET: i64 = 1_000;
const KINDS: [ExceptionKind; 4] =
    [ExceptionKind::NoReference, ExceptionKind::ShortPayment, ExceptionKind::ThirdPartyPayer, ExceptionKind::Ambiguous];

async fn make(book: &Database, cases: i64) {
    book.keep_bytes(b"statement").await.expect("keeps");
    let mut first = vec![
        Change::EntitySet(entity("e1")),
        Change::PolicyPublished { version: "built-in".into(), text: DEFAULT_POLICY.to_owned() },
        Change::InputReceived(input("statement", InputKind::Statement)),
    ];
    for n in 0..1_000 {
        first.push(Change::CustomerSet(Customer { name: format!("Kunde {n} Handel GmbH"), ..customer(&format!("c{n}")) }));
    }
    book.apply(by_rule(first)).await.expect("applies");
    let count = u32::try_from(cases).expect("a count");
    book.reserve(Sequence::Case, count).await.expect("reserves");
    for from in (0..cases).step_by(usize::try_from(SET).expect("small")) {
        let mut changes = Vec::new();
        for n in from..(from + SET).min(cases) {
            // Amounts spread as amounts do: many small, few large.
            let minor = 1_000 + (n * 7_919 % 977) * (n * 104_729 % 911);
            let mut open = item(&format!("i{n}"), "e1", minor);
            open.customer = customer_id(&format!("c{}", n % 1_000));
            open.number = format!("INV-{:07}", 1_000_000 + n);
            changes.push(Change::ItemAdded(open));
            let mut booked = line(&format!("l{n}"), "e1", minor);
            booked.line.counterparty_name = Some(format!("Kunde {} Handel", n % 1_000));
            booked.line.remittance = Some(format!("Zahlung {} vom Konto Danke INV {:07}", n % 17, 1_000_000 + n));
            changes.push(Change::LineBooked(booked));
            let mut one = case(n + 1, Subject::Payment(payment_id(&format!("l{n}"))));
            one.candidates[0].entries[0].item = Some(item_id(&format!("i{n}")));
            one.candidates[0].entries[0].amount = eur(minor);
            one.candidates[0].entries[0].cleared = Some(eur(minor));
            one.kind = KINDS[usize::try_from(n % 4).expect("small")];
            one.amount = Some(eur(minor));
            one.headline = format!("{} from Kunde {}", eur(minor), n % 1_000);
            one.opened_at = at(n * 3_600_000);
            changes.push(Change::CaseOpened(Case { version: 1, ..one }));
        }
        book.apply(by_rule(changes)).await.expect("applies");
    }
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{what:<58} p50 {:>8.2} ms   p95 {:>8.2} ms", at(50), at(95));
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds a word of its own.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let url = arguments.next().expect("the URL of a database to make");
    let cases: i64 = arguments.next().map_or(100_000, |count| count.parse().expect("a number of cases"));
    let book = Database::create(&url).await.expect("the database can be made");
    let policy = Policy::parse(DEFAULT_POLICY).expect("it ships with the program");
    let start = Instant::now();
    make(&book, cases).await;
    println!("{cases} cases made in {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    book.catch_up(&policy).await.expect("indexes");
    println!("all of them indexed in {:.1} s", start.elapsed().as_secs_f64());

    let now = jiff::Timestamp::now();
    let question = |pairs: &[(&str, &str)]| Query { now, ..Query::parse(pairs.iter().copied()).expect("a question") };
    for order in Order::ALL {
        let mut times = Vec::new();
        for _ in 0..30 {
            let start = Instant::now();
            book.list(&question(&[("sort", order.name())])).await.expect("lists");
            times.push(start.elapsed());
        }
        told(&format!("first page by {}", order.name()), times);
    }
    let mut deep = question(&[("sort", "risk")]);
    let mut times = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        let page = book.list(&deep).await.expect("lists");
        times.push(start.elapsed());
        deep.after = page.next;
    }
    told("page after page, 200 pages", times);
    for (what, pairs) in [
        ("one kind", &[("kind", "short_payment")][..]),
        ("one customer", &[("customer", "c77")]),
        ("from 9,000 EUR", &[("currency", "EUR"), ("min", "9000")]),
    ] {
        let mut times = Vec::new();
        for _ in 0..30 {
            let start = Instant::now();
            book.list(&question(pairs)).await.expect("lists");
            times.push(start.elapsed());
        }
        told(&format!("filter: {what}"), times);
    }
    let searches =
        ["INV-1050000", "1050000", "kunde 77", "kunde", "zahlung 3 handel", "inv-10500", "nothing such", "REF-1", "9,1"];
    let mut all = Vec::new();
    for text in searches {
        let mut times = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            book.list(&question(&[("q", text)])).await.expect("lists");
            times.push(start.elapsed());
        }
        all.extend(times.iter().copied());
        told(&format!("search `{text}`"), times);
    }
    told("search, all of them", all);
    let mut times = Vec::new();
    for _ in 0..30 {
        let start = Instant::now();
        book.counts(&question(&[]), "ana").await.expect("counts");
        times.push(start.elapsed());
    }
    told("counts by kind", times);
    let start = Instant::now();
    book.groups(&question(&[]), 50).await.expect("groups");
    println!("groups of like cases: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);

    let who = Person { name: "ana", may_approve: false, is_stepped_up: false };
    let looker = Looker { name: "ana", allowed: None };
    let mut at = book.list(&question(&[("limit", "1")])).await.expect("lists").rows[0].id;
    let (mut decided, mut next, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..200 {
        let start = Instant::now();
        match decide(&book, &SystemClock, &policy, who, at, Choice::Candidate(1), None).await.expect("decides") {
            Outcome::Decided(_) | Outcome::Proposed(_) => {}
        }
        decided.push(start.elapsed());
        let start = Instant::now();
        book.catch_up(&policy).await.expect("indexes");
        let query = question(&[]);
        let after: CaseId = book.line_after(&query, at).await.expect("lists").expect("there are more").id;
        next.push(start.elapsed());
        let start = Instant::now();
        view(&book, &SystemClock, &policy, looker, after).await.expect("reads").expect("is there");
        shown.push(start.elapsed());
        at = after;
    }
    let whole: Vec<Duration> = decided.iter().zip(&next).zip(&shown).map(|((a, b), c)| *a + *b + *c).collect();
    told("a decision", decided);
    told("finding the next case, index brought up to date", next);
    told("gathering a case", shown);
    told("all three", whole);
    book.close().await;
}
