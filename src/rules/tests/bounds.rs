//! Input that would cost a careless search hours: work stays within stated bounds, and a person is asked. Work is counted, not
//! timed, so that the machine does not matter.

use jiff::civil::date;
use quittance_rules::matching::{Book, BookBuilder, CustomerFields, MatchPolicy, Matcher, PaymentFields, Proposal, Work};

mod fields;
use fields::{euro, item, payment};

/// One customer with these open amounts, numbered from R-100000 on.
fn book(amounts: impl IntoIterator<Item = i64>) -> BookBuilder {
    let mut book = BookBuilder::new();
    book.push_customer(&CustomerFields { id: "C", name: "Abo AG", iban: "DE9", ..CustomerFields::default() }).expect("new");
    for (n, amount) in amounts.into_iter().enumerate() {
        let (id, number) = (format!("i{n}"), format!("R-{:06}", 100_000 + n));
        book.push_item(&item(&id, "C", &number, euro(amount))).expect("known customer");
    }
    book
}

fn pay(book: &mut BookBuilder, id: &str, cents: i64, remittance: &str) {
    let payment = PaymentFields { booked: Some(date(2026, 3, 20)), ..payment(id, euro(cents), "Abo AG", "DE9", remittance) };
    book.push_payment(&payment).expect("well formed");
}

/// All payments wait for a person; what it took.
fn all_ask(book: &Book) -> Work {
    let policy = MatchPolicy::default();
    let matcher = Matcher::new(book, &policy, 2);
    for row in 0..book.payment_count() {
        let answer = matcher.answer(row);
        assert_eq!(answer.verdict, Proposal::Ask, "{answer:#?}");
        assert!((1..=5).contains(&answer.candidates.len()));
    }
    matcher.work()
}

/// A remittance text as long as a book is searched in its first 16 KiB and 400 words, and never settles alone.
#[test]
fn a_text_of_a_megabyte() {
    let mut builder = book((0..2_000).map(|n| 10_000 + n));
    for (n, text) in ["R-100000 ", "100 ", "1 2 3 ", "R-1 0 0 0 0 0 ", "R-100000/1-", "9"].into_iter().enumerate() {
        pay(&mut builder, &format!("p{n}"), 10_000, &text.repeat(1_048_576 / text.len()));
    }
    let work = all_ask(&builder.build(1));
    assert!(work.items_compared <= 6 * 2_000 && work.hypotheses <= 6 * 1_000, "{work:?}");
}

/// Twenty thousand equal items are one question, not twenty thousand answers.
#[test]
fn twenty_thousand_equal_items() {
    let mut builder = book(std::iter::repeat_n(4_900, 20_000));
    for (id, amount) in [("one", 4_900), ("lump", 4_900 * 40), ("odd", 4_901), ("cent", 1)] {
        pay(&mut builder, id, amount, "");
    }
    let work = all_ask(&builder.build(1));
    assert!(work.hypotheses <= 4 * 1_000 && work.combination_steps <= 4 * 20_000, "{work:?}");
}

/// More combinations than can be searched are not searched; nothing is chosen among them.
#[test]
fn a_lump_over_three_thousand_items() {
    let mut builder = book((0..3_000).map(|n| 10_000 + (n * 7919) % 90_000));
    for n in 0..20 {
        pay(&mut builder, &format!("p{n}"), 1_234_567 + n * 1_111, "Sammelzahlung");
    }
    let work = all_ask(&builder.build(1));
    assert!(work.combination_steps <= 20 * 20_000 && work.hypotheses <= 20 * 1_000, "{work:?}");
}

/// Ten thousand payments of one amount on one day compete for a thousand items: the work grows with their number, not its square.
#[test]
fn ten_thousand_payments_of_one_amount_on_one_day() {
    let mut builder = book(std::iter::repeat_n(4_900, 1_000));
    for n in 0..10_000 {
        pay(&mut builder, &format!("p{n:05}"), 4_900, "Abo");
    }
    let work = all_ask(&builder.build(2));
    assert!(work.hypotheses <= 10_000 * 500 && work.combination_steps <= 10_000 * 20_000, "{work:?}");
}

/// A cent is an amount like any other.
#[test]
fn amounts_of_one_cent() {
    let mut builder = book(std::iter::repeat_n(1, 500));
    for n in 0..500 {
        pay(&mut builder, &format!("p{n}"), 1 + n % 3, "");
    }
    all_ask(&builder.build(1));
}
