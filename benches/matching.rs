//! The parts of the matcher: reading references, finding candidates, lumps and joint answers; and two whole cases with a bound of
//! their own (docs: issue "The matcher"), of which the 99th percentile and the total are printed at the end.
//!
//! `cargo bench --bench matching`
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use jiff::civil::date;
use quittance_rules::matching::lump::{Bounds, combinations};
use quittance_rules::matching::{
    Book, BookBuilder, CustomerFields, ItemFields, MatchPolicy, Matcher, PaymentFields, PaymentTable,
};
use quittance_rules::money::{Currency, Money};
use quittance_rules::reference::{Forms, atoms, fold};

fn main() {
    divan::main();
    statement_lumps();
    new_payments();
}

const TEXT: &str = "Rechnungen INV-2026-00123/124/125 vom 12.03.2026 abzgl. 2% Skonto, Kd-Nr. 4711, danke";

#[divan::bench]
fn atoms_of_a_text(bencher: Bencher) {
    let (mut folded, mut found) = (Vec::new(), Vec::new());
    bencher.bench_local(|| {
        fold(black_box(TEXT), &mut folded);
        atoms(&folded, 400, &mut found)
    });
}

#[divan::bench]
fn forms_of_a_number(bencher: Bencher) {
    let mut forms = Forms::default();
    bencher.bench_local(|| {
        forms.read(black_box("INV-2026-00123"));
        let mut sum = 0_u64;
        forms.keys(|key| sum ^= key);
        sum
    });
}

/// A chance that is the same on every machine.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |sides| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    }
}

/// Random amounts against one another: `items` items and the sum of five of them.
#[divan::bench(args = [10, 20, 100])]
fn lump_search(bencher: Bencher, items: u64) {
    let mut roll = dice(items);
    let amounts: Vec<i64> = (0..items).map(|_| 1_000 + roll(500_000).cast_signed()).collect();
    let target = amounts.iter().step_by(2).take(5).sum();
    let bounds = Bounds { items_min: 2, items_max: 50, solutions_max: 8, steps_max: 8_000 };
    bencher.bench_local(|| combinations(black_box(&amounts), target, bounds));
}

fn euro(cents: u64) -> Money {
    Money::new(cents.cast_signed(), Currency::EUR)
}

fn books(customers: u64, items: u64, price: impl Fn(u64) -> u64) -> BookBuilder {
    let mut book = BookBuilder::new();
    for n in 0..customers {
        let (id, name, iban) = (format!("C{n}"), format!("Firma {} {} GmbH", n / 97, n % 97), format!("DE{n:020}"));
        book.push_customer(&CustomerFields { id: &id, name: &name, iban: &iban, ..CustomerFields::default() }).unwrap();
    }
    for n in 0..items {
        book.push_item(&ItemFields {
            id: &format!("I{n}"),
            customer_id: &format!("C{}", n % customers),
            seller_id: "S",
            number: &format!("INV-2026-{n:07}"),
            issued: Some(date(2026, 1, 5)),
            due: Some(date(2026, 2, 4)),
            open: euro(price(n)),
            discount_ppm: 0,
            discount_until: None,
            is_on_hold: false,
            contract: None,
        })
        .unwrap();
    }
    book
}

fn payments(count: u64, one: impl Fn(u64) -> (u64, u64, String)) -> PaymentTable {
    let mut table = PaymentTable::default();
    for n in 0..count {
        let (customer, cents, text) = one(n);
        table
            .push(&PaymentFields {
                id: &format!("P{n}"),
                booked: Some(date(2026, 3, 20)),
                account: "DE1",
                amount: euro(cents),
                payer_name: &format!("FIRMA {} {}", customer / 97, customer % 97),
                payer_iban: &format!("DE{customer:020}"),
                remittance: &text,
                structured_reference: "",
                end_to_end_id: "",
                original: None,
                fee: 0,
                is_return: false,
            })
            .unwrap();
    }
    table
}

fn price(n: u64) -> u64 {
    1_000 + (n * 7_919) % 90_000
}

/// A thousand payments that name no item.
#[divan::bench]
fn candidate_search_of_1000(bencher: Bencher) {
    let mut book = books(2_000, 30_000, price).build(1);
    book.replace_payments(payments(1_000, |n| (n, price(n), "Danke".to_owned())));
    let policy = MatchPolicy::default();
    bencher.bench_local(|| Matcher::new(black_box(&book), &policy, 1).work());
}

/// A thousand payments in groups of five that want the same two items.
#[divan::bench]
fn joint_answer_of_1000(bencher: Bencher) {
    let mut book = books(200, 400, |_| 4_900).build(1);
    book.replace_payments(payments(1_000, |n| (n % 200, 4_900, "Abo".to_owned())));
    let policy = MatchPolicy::default();
    bencher.bench_local(|| Matcher::new(black_box(&book), &policy, 1).work());
}

#[expect(clippy::disallowed_methods, reason = "a benchmark")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// One customer with 5,000 open items of equal or random amounts and 1,000 statement lumps: each payment by itself.
fn statement_lumps() {
    let policy = MatchPolicy::default();
    let random = |n: u64| 1_000 + (n * 7_919 + n * n * 31) % 900_000;
    let kinds: [(&str, &dyn Fn(u64) -> u64); 2] = [("equal", &|_| 4_900), ("random", &random)];
    for (what, price) in kinds {
        let mut book: Book = books(1, 5_000, price).build(2);
        let mut taken: Vec<f64> = (0..1_000)
            .map(|n| {
                let count = 2 + n % 40;
                let sum = (n..n + count).map(price).sum();
                let text = if n % 2 == 0 { "Kontoauszug".to_owned() } else { format!("INV-2026-{n:07} ff") };
                book.replace_payments(payments(1, |_| (0, sum, text.clone())));
                let begin = now();
                let matcher = Matcher::new(&book, &policy, 1);
                black_box(matcher.answer(0));
                begin.elapsed().as_secs_f64() * 1_000.0
            })
            .collect();
        taken.sort_by(f64::total_cmp);
        println!(
            "5,000 {what} items, 1,000 lumps: median {:.2} ms, p99 {:.2} ms, most {:.2} ms",
            taken[500], taken[990], taken[999]
        );
    }
}

/// 10,000 new payments against 1.25 million open items whose book is in memory.
fn new_payments() {
    const ITEMS: u64 = 1_250_000;
    let mut book = books(83_000, ITEMS, price).build(2);
    let policy = MatchPolicy::default();
    let mut taken: Vec<f64> = (0..9_u64)
        .map(|round| {
            book.replace_payments(payments(10_000, |n| {
                let item = (n * 104_729 + round * 31) % ITEMS;
                let text = if n % 10 == 0 { "Danke".to_owned() } else { format!("Rechnung INV-2026-{item:07}") };
                (item % 83_000, price(item), text)
            }));
            let begin = now();
            let matcher = Matcher::new(&book, &policy, 2);
            (0..book.payment_count()).for_each(|row| drop(black_box(matcher.answer(row))));
            begin.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    println!("10,000 new payments against 1,250,000 items: median {:.0} ms, most {:.0} ms", taken[4], taken[8]);
}
