//! What settles at first sight, the close look never answers otherwise: the short cut saves time and contradicts nothing. The close look
//! may ask, where a payment that names nothing could have paid the same item first.

use std::collections::BTreeMap;

use jiff::civil::Date;
use quittance_rules::matching::{Book, BookBuilder, CustomerFields, ItemFields, MatchPolicy, Matcher, PaymentFields};
use quittance_rules::money::{Currency, Money};
use quittance_simulate::books::{Made, Wanted, make, make_other, profile};
use rust_decimal::Decimal;

fn book(made: &Made) -> Book {
    let currency = |code: &str| Currency::parse(code).expect("a currency");
    let day = |days: i32| Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(days)).expect("a day");
    let money = |cents: i64, code: &str| {
        let currency = currency(code);
        let decimal = Decimal::new(cents, 2).round_dp(currency.exponent()).to_string();
        Money::parse(&decimal, currency).expect("an amount")
    };
    let mut book = BookBuilder::new();
    for customer in &made.customers {
        let parent = customer.parent.and_then(|at| made.customers.get(at)).map_or("", |parent| parent.id.as_str());
        let fields = CustomerFields {
            id: &customer.id,
            name: &customer.name,
            aliases: &customer.aliases.join("|"),
            iban: &customer.iban,
            parent_id: parent,
            withholding_ppm: customer.withholding_percent * 10_000,
            tolerance: None,
        };
        book.push_customer(&fields).expect("new");
    }
    for item in &made.items {
        let has_discount = item.discount_percent > 0;
        let fields = ItemFields {
            id: &item.id,
            customer_id: &made.customers[item.customer].id,
            seller_id: &format!("S{}", item.seller),
            number: &item.number,
            issued: Some(day(item.issued)),
            due: Some(day(item.due)),
            open: money(item.amount, item.currency),
            discount_ppm: item.discount_percent * 10_000,
            discount_until: has_discount.then(|| day(item.discount_until)),
            is_on_hold: item.is_on_hold,
            contract: None,
        };
        book.push_item(&fields).expect("known customer");
    }
    for payment in &made.payments {
        let fields = PaymentFields {
            id: &payment.id,
            booked: Some(day(payment.booked)),
            account: &payment.account,
            amount: money(payment.amount, payment.currency),
            payer_name: &payment.payer_name,
            payer_iban: &payment.payer_iban,
            remittance: &payment.remittance,
            structured_reference: &payment.structured,
            end_to_end_id: &payment.end_to_end,
            original: payment.original.map(|(cents, code)| money(cents, code)),
            fee: 0,
            is_return: payment.is_return,
        };
        book.push_payment(&fields).expect("well formed");
    }
    for (code, thousandths) in &made.rates {
        book.push_rate(currency(code), Decimal::new(*thousandths, 3));
    }
    book.build(2)
}

#[test]
fn what_settles_at_first_sight_is_never_answered_otherwise_the_long_way() {
    let policy = MatchPolicy::default();
    let wanted = |seed, profile| Wanted { seed, customers: 250, payments: 3_000, profile };
    let books = [
        ("one", make(wanted(5, profile::ONE))),
        ("two", make(wanted(6, profile::TWO))),
        ("three", make_other(wanted(7, profile::ONE))),
        ("three", make_other(wanted(8, profile::ONE))),
    ];
    let (mut at_once, mut asked) = (BTreeMap::<&str, usize>::new(), 0);
    for (name, made) in &books {
        let book = book(made);
        let (short, long) = (Matcher::new(&book, &policy, 2), Matcher::without_first_sight(&book, &policy, 2));
        for row in 0..book.payment_count() {
            assert_eq!(long.first_sight(row), None);
            let Some(item) = short.first_sight(row) else { continue };
            *at_once.entry(name).or_default() += 1;
            let answer = long.answer(row);
            let Some(settled) = answer.settled() else {
                asked += 1;
                continue;
            };
            let settled: Vec<u32> = settled.lines.iter().map(|l| l.item).collect();
            assert_eq!(settled, [item], "profile {name}, payment {}: {answer:#?}", book.payment_id(row));
        }
    }
    let all: usize = at_once.values().sum();
    assert!(asked * 100 <= all, "{asked} of {all} would be asked the long way");
    // Or nothing was compared.
    assert!(at_once.len() == 3 && at_once.values().all(|count| *count > 100), "{at_once:?}");
}
