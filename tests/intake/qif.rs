//! QIF registers.

use crate::text_bank::{messages, survives_damage, totals};
use jiff::civil::date;
use quittance_rules::bank::Collected;
use quittance_rules::money::Currency;
use quittance_tools::intake::qif::{DateOrder, Options, read};

fn take(text: &str, date_order: Option<DateOrder>) -> Collected {
    let mut sink = Collected::default();
    read(text.as_bytes(), &mut sink, Options { currency: Some(Currency::USD), date_order }).expect("QIF");
    sink
}

const BOOK: &str = "!Option:AutoSwitch\n!Account\nNChecking 1\nTBank\n^\n!Clear:AutoSwitch\n!Type:Bank\n\
D1/ 2'26\nT1,000.00\nCX\nPOpening Balance\nL[Checking 1]\n^\n\
D1/ 3'26\nT-1,234.56\nN101\nPACME & Sons\nMInvoice 7\nLRent\nSRent\n$-1,000.00\nSPower\n$-234.56\n^\n\
D1/31'26\nU250\nT250\nNDEP\nPCustomer\n^\n!Type:Cat\nNRent\nE\n^\n";

#[test]
fn a_register() {
    let read = take(BOOK, None);
    assert_eq!(messages(&read), Vec::<String>::new());
    let statement = &read.statements[0];
    assert_eq!(statement.statement.account, "Checking1");
    assert_eq!(statement.end.opening_balance.map(|m| m.to_string()).as_deref(), Some("USD 1000.00"));
    let [rent, deposit] = &statement.lines[..] else { panic!("two lines: {:?}", statement.lines) };
    assert_eq!((rent.booking_date, rent.amount.to_string().as_str()), (Some(date(2026, 1, 3)), "USD -1234.56"));
    assert_eq!((rent.counterparty_name.as_deref(), rent.remittance.as_deref()), (Some("ACME & Sons"), Some("Invoice 7")));
    assert_eq!(rent.bank_reference.as_deref(), Some("101"));
    assert_eq!((deposit.transaction_code.as_deref(), deposit.amount.to_string().as_str()), (Some("DEP"), "USD 250.00"));
}

#[test]
fn dates_by_evidence() {
    let file = |dates: &[&str]| {
        let mut text = "!Type:Bank\n".to_owned();
        for date in dates {
            text.push_str(&format!("D{date}\nT1\n^\n"));
        }
        text
    };
    for (dates, order, expected) in [
        (vec!["2/1/2026", "31/1/2026"], None, vec!["2026-01-02", "2026-01-31"]),
        (vec!["2/1/2026", "1/31/2026"], None, vec!["2026-02-01", "2026-01-31"]),
        (vec!["2/1/2026"], Some(DateOrder::DayFirst), vec!["2026-01-02"]),
        (vec!["2/1/2026"], Some(DateOrder::MonthFirst), vec!["2026-02-01"]),
        (vec!["4/4/26", "5'5'26"], None, vec!["2026-04-04", "2026-05-05"]),
        (vec!["2026-02-01"], None, vec!["2026-02-01"]),
        (vec!["02.01.26"], None, vec!["2026-01-02"]),
    ] {
        let read = take(&file(&dates), order);
        let found: Vec<_> =
            read.statements[0].lines.iter().map(|l| l.booking_date.map(|d| d.to_string()).unwrap_or_default()).collect();
        assert_eq!((found, messages(&read)), (expected.into_iter().map(str::to_owned).collect(), Vec::new()), "{dates:?}");
    }
    let open = take(&file(&["2/1/2026", "3/1/2026"]), None);
    assert_eq!(totals(&open).0, 0);
    assert_eq!(
        messages(&open),
        [
            "2|D|2 transactions are not taken: in `2/1/2026` and all other dates day and month could be either; pass --date-order (or `date_order` in the profile)"
        ]
    );
    let torn = take(&file(&["31/1/2026", "1/31/2026"]), None);
    assert_eq!(
        messages(&torn),
        ["5|D|`1/31/2026` is no date when read day first, as the rest of the file is; the transaction is not taken"]
    );
}

#[test]
fn refusals() {
    let mut sink = Collected::default();
    read(BOOK.as_bytes(), &mut sink, Options::default()).expect("QIF");
    assert_eq!(
        messages(&sink),
        ["7|!Type|QIF names no currency; pass it with --currency (or `currency` in the profile), then the file is read"]
    );
    assert_eq!(totals(&sink).0, 0);
    for (record, problem) in [
        ("Dsoon\nT1\n^\n", "2|D|`soon` is no date; the transaction is not taken"),
        ("D31/1/26\n^\n", "2|T|the transaction has no amount; it is not taken"),
        ("D31/1/26\nT12x\n^\n", "2|T|`12x` is no amount; the transaction is not taken"),
        ("D31/1/26\nT12\n", "2|^|the transaction has no end (`^`); the file may be cut off; it is not taken"),
        (
            "D31/1/26\nT12\n$5\n^\n",
            "2|$|the splits add up to USD 5.00, the transaction is USD 12.00; the transaction is taken whole",
        ),
    ] {
        assert_eq!(messages(&take(&format!("!Type:CCard\n{record}"), None)), [problem], "{record}");
    }
    assert_eq!(
        messages(&take("!Type:Invst\nD1/1/26\n^\n", None)),
        ["1|!Type|`!Type:Invst` is no register of bank bookings; its records are not taken"]
    );
    for (bytes, message) in [(b"".as_slice(), "empty"), (b"hello", "no format")] {
        let error = read(bytes, &mut Collected::default(), Options::default()).expect_err("no QIF");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn amounts_with_either_mark() {
    for (text, shown) in [
        ("1,234", "USD 1234.00"),
        ("1.234,5", "USD 1234.50"),
        ("1,234.50", "USD 1234.50"),
        ("-12,50", "USD -12.50"),
        ("1.000", "USD 1000.00"),
    ] {
        let read = take(&format!("!Type:Cash\nD31/1/26\nT{text}\n^\n"), None);
        assert_eq!(read.statements[0].lines[0].amount.to_string(), shown, "{text}");
    }
}

#[test]
fn damage_never_panics() {
    survives_damage(BOOK.as_bytes(), |bytes| {
        let _ = read(bytes, &mut Collected::default(), Options { currency: Some(Currency::USD), date_order: None });
    });
}
