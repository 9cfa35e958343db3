use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::matching::Pattern;
use crate::money::{Currency, Money};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn with<'a, R>(change: impl FnOnce(&mut Seen<'a>), then: impl FnOnce(&Seen<'a>) -> R) -> R {
    let mut seen: Seen<'a> = Seen {
        payment: SeenPayment {
            amount: eur(117_800),
            booking_date: Some(date(2026, 4, 20)),
            account: "DE12",
            payer_name: Some("Aster Foods GmbH"),
            payer_account: Some("DE89370400440532013000"),
            remittance: Some("Rechnung RE-2026-0101, vielen Dank"),
            structured_reference: None,
            end_to_end_id: Some("NOTPROVIDED"),
            bank_code: Some("PMNT-RCDT-ESCT"),
            is_return: false,
            fee: None,
            original_amount: None,
        },
        customer: Some(SeenCustomer {
            id: "C-1",
            name: "Aster Foods GmbH",
            country: Some("DE"),
            currency: Some(Currency::EUR),
            parent: None,
            withholding_percent: Some(rust_decimal::Decimal::new(25, 1)),
            flags: &[ExceptionKind::Dispute],
        }),
        item: Some(SeenItem {
            id: "I-1",
            number: "RE-2026-0101",
            seller: "OWN",
            open_amount: eur(118_000),
            issue_date: Some(date(2026, 3, 1)),
            due_date: Some(date(2026, 3, 31)),
            on_hold: false,
        }),
        item_count: 1,
        pattern: Some(Pattern::Short),
        kind: Some(ExceptionKind::BankFee),
        confidence: Confidence::from_millionths(985_000),
        difference: Some(eur(-200)),
    };
    change(&mut seen);
    then(&seen)
}

fn holds(text: &str) -> Result<bool, Trouble> {
    let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.at));
    with(|_| {}, |seen| condition.holds(seen))
}

#[test]
fn what_holds_and_what_does_not() {
    for (text, expected) in [
        ("true", true),
        ("payment.amount > amount('1000.00', 'EUR')", true),
        ("payment.amount == amount(\"1178.00\", \"EUR\")", true),
        ("payment.amount + amount('2', 'EUR') == item.open_amount", true),
        ("difference < amount('0', 'EUR') && -difference <= amount('2.00', 'EUR')", true),
        ("abs(difference) <= percent(item.open_amount, 0.17)", true),
        ("abs(difference) <= percent(item.open_amount, 0.16)", false),
        ("item.open_amount * 2 == amount('2360.00', 'EUR')", true),
        ("payment.currency == 'EUR' && customer.currency == \"EUR\"", true),
        ("payment.remittance.lower().contains('vielen dank')", true),
        ("payment.remittance.contains('vielen dank')", false),
        ("payment.remittance.startsWith('Rechnung') && payment.remittance.endsWith('Dank')", true),
        ("payment.remittance.matches('(?i)^rechnung\\\\s+RE-\\\\d{4}')", true),
        ("payment.references.exists(r, r == 'RE-2026-0101')", true),
        ("payment.references.all(r, r.startsWith('INV'))", false),
        ("'RE-2026-0101' in payment.references", true),
        ("customer.id in ['C-1', 'C-2']", true),
        ("customer.id in []", false),
        ("'dispute' in customer.flags", true),
        ("customer.withholding_percent == 2.5", true),
        ("item.days_overdue == 20 && item.days_overdue > 15", true),
        ("payment.booking_date - item.due_date == 20", true),
        ("item.due_date + 20 == payment.booking_date && item.issue_date < date('2026-03-02')", true),
        ("pattern == 'short' && kind != 'short_payment'", true),
        ("confidence >= 0.98 && confidence < 1", true),
        ("confidence >= 0.99", false),
        ("has(payment.structured_reference) || has(customer.parent)", false),
        ("has(item.number) ? item.on_hold : true", false),
        ("size(payment.payer_name) == 16 && size(payment.references) == 1 && item_count == 1", true),
        ("!payment.is_return && !item.is_credit_note", true),
        ("payment.bank_code == 'PMNT-RCDT-ESCT'", true),
        // A text that is not there is empty.
        ("payment.structured_reference == ''", true),
    ] {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_has_no_answer_says_why() {
    for (text, words) in [
        ("payment.amount > amount('1', 'USD')", "EUR and USD cannot be compared"),
        ("payment.fee > amount('1', 'EUR')", "there is no payment.fee"),
        ("item.open_amount * 9000000000000000 > payment.amount", "too large"),
        ("item.due_date + 9000000000 > payment.booking_date", "too large"),
    ] {
        assert!(holds(text).expect_err(text).to_string().contains(words), "{text}");
    }
    // The side that decides does, whichever it is.
    assert_eq!(holds("payment.fee > amount('1', 'EUR') && false"), Ok(false));
    assert_eq!(holds("false && payment.fee > amount('1', 'EUR')"), Ok(false));
    assert_eq!(holds("payment.fee > amount('1', 'EUR') || true"), Ok(true));
    let guarded = Condition::parse("has(item.number) && item.open_amount > amount('1', 'EUR')").expect("well formed");
    assert_eq!(with(|seen| seen.item = None, |seen| guarded.holds(seen)), Ok(false));
    let bare = Condition::parse("item.open_amount > amount('1', 'EUR')").expect("well formed");
    assert_eq!(with(|seen| seen.item = None, |seen| bare.holds(seen)), Err(Trouble::Missing("item.open_amount")));
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let text = Condition::parse("payment.remittance.contains('y')").expect("well formed");
    assert_eq!(
        with(|seen| seen.payment.remittance = Some(&long), |seen| text.holds(seen)),
        Err(Trouble::TooLong("payment.remittance"))
    );
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    for (text, at, words) in [
        ("", 0, "empty"),
        ("payment.amount >", 16, "the end"),
        ("true and false", 5, ""),
        ("payment.amonut > amount('1', 'EUR')", 0, "there is no `payment.amonut`; payment has amount"),
        ("true && invoice.id == 'x'", 8, "there is no `invoice.id`"),
        ("payer == 'x'", 0, "there is no `payer`"),
        ("payment == 'x'", 0, "alone says nothing"),
        ("payment.amount > 12.50", 17, "write amount"),
        ("payment.amount > amount('1,50', 'EUR')", 24, "1,50"),
        ("payment.amount > amount('1.555', 'EUR')", 24, ""),
        ("payment.amount > amount('1', 'EURO')", 29, "EURO"),
        ("payment.currency == 'eur'", 20, "write the currency as `EUR`"),
        ("pattern == 'shrot'", 11, "`shrot` is no pattern"),
        ("pattern in ['short', 'prat']", 21, "`prat` is no pattern"),
        ("'disputed' in customer.flags", 0, "is no customer.flags"),
        ("payment.payer_name == 3", 22, "do not go together"),
        ("payment.amount", 0, "a condition is a yes or no"),
        ("payment.amount && true", 0, "a yes or no is needed"),
        ("item.on_hold > true", 0, "not smaller or larger"),
        ("payment.booking_date > date('31.12.2026')", 28, "no day"),
        ("payment.booking_date > date(payment.remittance)", 28, "write the day out"),
        ("payment.remittance.matches(payment.payer_name)", 27, "written out"),
        ("payment.remittance.matches('(')", 27, "pattern cannot be used"),
        ("payment.remittance.matches('(a{1000}){1000}')", 27, "pattern cannot be used"),
        ("payment.references.map(r, r)", 0, "not part of a condition"),
        ("payment.references.exists(r, payment.references.exists(s, s == r))", 29, "inside another"),
        ("payment.references[0] == 'x'", 0, "use exists, all or in"),
        ("payment.remittance.lowercase() == 'x'", 0, "no function `lowercase`"),
        ("payment.remittance.contains('a', 'b')", 0, "with 2 arguments"),
        ("{'a': 1} == {'a': 1}", 0, "maps"),
        ("[1] == [1]", 0, "a list stands only"),
        ("1 / 2 == 0", 0, "division"),
        ("null == null", 0, "null"),
        ("item.open_amount * 1.5 > payment.amount", 0, "does not go with"),
        ("confidence > 1e9999", 13, ""),
    ] {
        let error = Condition::parse(text).expect_err(text);
        assert_eq!((error.at, error.message.contains(words)), (at, true), "{text}: {error}");
        assert_eq!(error.message.lines().count(), 1, "one sentence: {error}");
    }
    let deep = format!("{}true{}", "(".repeat(200), ")".repeat(200));
    assert!(Condition::parse(&deep).expect_err("deep").message.contains("nested"));
    for (deep, holds) in [
        (format!("{}true{}", "(".repeat(10), ")".repeat(10)), true),
        (format!("item{}", ".a".repeat(1_900)), false),
        (format!("1{} == 1", " + 1".repeat(900)), false),
        (format!("1{} == 24", " + 1".repeat(22)), false),
        (format!("{}true{}", "!(".repeat(10), ")".repeat(10)), true),
        (format!("{}true", "!".repeat(3_000)), false),
        (format!("{}true", "true ? ".repeat(500)), false),
        (format!("{}'a' in ['a']", "true && ".repeat(400)), true),
        (format!("{}true", "false || ".repeat(400)), true),
    ] {
        let read = Condition::parse(&deep).map(|condition| with(|_| {}, |seen| condition.holds(seen)));
        assert_eq!(read == Ok(Ok(true)), holds, "{}", deep.chars().take(60).collect::<String>());
    }
    let long = format!("{} true", "true && ".repeat(1_000));
    assert!(Condition::parse(&long).expect_err("long").message.contains("longer"));
    let list = format!("customer.id in [{}]", "'a',".repeat(300));
    assert!(Condition::parse(list.trim_end_matches(",]")).is_err() && Condition::parse(&list).is_err());
}

#[test]
fn what_a_payment_says_is_never_part_of_the_condition() {
    let condition = Condition::parse("payment.remittance.contains('interest')").expect("well formed");
    for said in [
        "' || true || '",
        "\") || true //",
        "') || payment.remittance.contains('",
        "\\' || true",
        "${true}",
        "interest\0' || true",
    ] {
        let expected = said.contains("interest");
        assert_eq!(with(|seen| seen.payment.remittance = Some(said), |seen| condition.holds(seen)), Ok(expected), "{said}");
    }
}

/// The crate's own interpreter on the part of the language that needs none of our values.
fn by_the_book(text: &str) -> Option<bool> {
    let program = cel::Program::compile(text).ok()?;
    match program.execute(&cel::Context::default()) {
        Ok(cel::Value::Bool(value)) => Some(value),
        _ => None,
    }
}

fn small() -> impl Strategy<Value = String> {
    let number = (-3_i64..4).prop_map(|n| n.to_string());
    let word = prop::sample::select(vec!["'a'", "'b'", "'ab'", "''", "'A'"]).prop_map(str::to_owned);
    let leaf = prop_oneof![
        prop::bool::ANY.prop_map(|b| b.to_string()),
        (number.clone(), prop::sample::select(vec!["<", "<=", "==", "!=", ">", ">="]), number.clone())
            .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        (word.clone(), prop::sample::select(vec!["<", "<=", "==", "!=", ">", ">="]), word.clone())
            .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        (word.clone(), prop::sample::select(vec!["contains", "startsWith", "endsWith"]), word.clone())
            .prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
        (word.clone(), prop::collection::vec(word.clone(), 0..3)).prop_map(|(a, list)| format!("({a} in [{}])", list.join(", "))),
        (number.clone(), number.clone(), number).prop_map(|(a, b, c)| format!("({a} + {b} * {c} - 1 < size('abc'))")),
        prop::collection::vec(word, 1..3).prop_map(|list| format!("[{}].exists(x, x.contains('a'))", list.join(", "))),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_agrees_with_the_crates_own_interpreter(text in small()) {
        let ours = Condition::parse(&text).map(|condition| with(|_| {}, |seen| condition.holds(seen)));
        prop_assert_eq!(ours, Ok(Ok(by_the_book(&text).expect("plain CEL"))), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        if let Err(error) = Condition::parse(&text) {
            prop_assert!(error.at <= text.len());
        }
    }

    #[test]
    fn pieces_of_the_language_are_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
        "payment", ".", "amount", "remittance", "(", ")", "'", "\"", "&&", "||", "!", "has", "exists", "x", ",", "[", "]", "1", "-", "0.5",
        "9223372036854775808", "in", "?", ":", "\\", "r'", "b'", "`", "\n", "matches", "{", "}", "==", "item", "date", "0x", "1u", "//",
    ]), 0..14)) {
        let text = parts.concat();
        if let Ok(condition) = Condition::parse(&text) {
            let _ = with(|_| {}, |seen| condition.holds(seen));
        }
    }

    #[test]
    fn no_payment_makes_it_panic(text in "\\PC{0,80}", minor in any::<i64>()) {
        for source in [
            "payment.remittance.lower().contains('x') || payment.references.exists(r, r.matches('^A+$'))",
            "payment.amount * 3 - amount('1', 'EUR') > percent(payment.amount, 99.9) && -payment.amount < abs(payment.amount)",
        ] {
            let condition = Condition::parse(source).expect("well formed");
            let _ = with(|seen| { seen.payment.remittance = Some(&text); seen.payment.amount = eur(minor); }, |seen| condition.holds(seen));
        }
    }
}
