//! How fast the store is: `cargo bench --bench store_speed -- URL`, on a database that is not there
//! yet (SQLite) or empty (PostgreSQL). Prints seconds and rates of taking in, taking in again, reading and verifying.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement reads the clock and prints what it found")]

#[allow(dead_code, reason = "the measurement uses its part of the samples")]
#[path = "../tests/store/sample.rs"]
mod sample;

use std::time::Instant;

use quittance_agent::ports::{Sequence, Store};
use quittance_rules::cases::{Ruling, Subject};
use quittance_rules::journal::Change;
use quittance_tools::store::Database;

use sample::*;

const ROWS: usize = 100_000;
const SET: usize = 2_000;
const DECISIONS: usize = 1_000;

fn told(what: &str, count: usize, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    println!("{what:<42} {count:>7} in {seconds:>7.2} s = {:>8.0}/s", count as f64 / seconds);
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds a word of its own.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let url = arguments.next().expect("the URL of a database to make");
    let book = Database::create(&url).await.expect("the database can be made");
    let start = Instant::now();
    let statements = book.check_statements().await.expect("statements fit");
    told("statements prepared", statements, start);
    small_book(&book).await;

    let lines: Vec<Change> = (0..ROWS).map(|n| Change::LineBooked(line(&format!("l{n:07}"), "e1", 100))).collect();
    let items: Vec<Change> = (0..ROWS).map(|n| Change::ItemAdded(item(&format!("i{n:07}"), "e1", 100))).collect();
    for (what, changes) in [("bank lines booked", &lines), ("bank lines known already", &lines), ("items added", &items)] {
        let start = Instant::now();
        for set in changes.chunks(SET) {
            book.apply(by_rule(set.to_vec())).await.expect("applies");
        }
        told(what, ROWS, start);
    }
    let start = Instant::now();
    for n in 0..DECISIONS {
        let number = book.reserve(Sequence::Decision, 1).await.expect("reserves");
        let id = book.reserve(Sequence::Posting, 1).await.expect("reserves");
        let (paid, cleared) = (format!("l{n:07}"), format!("i{n:07}"));
        let about = Subject::Payment(payment_id(&paid));
        let made = decision(number, about, Ruling::Settled { entries: vec![] });
        let set = vec![Change::Decided(made), Change::Posted(posting(id, number, &paid, &cleared, 100))];
        book.apply(by_rule(set)).await.expect("applies");
    }
    told("decisions, a transaction each (+2 reserves)", DECISIONS, start);
    let start = Instant::now();
    let read = book.book(&entity_id("e1")).await.expect("reads");
    told("book read: items and payments", read.items.len() + read.payments.len(), start);
    let start = Instant::now();
    let positions = book.positions(None).await.expect("reads");
    told("positions", positions.len(), start);
    let start = Instant::now();
    let report = book.verify().await.expect("verifies");
    told("rows verified", report.rows as usize, start);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    book.close().await;
}
