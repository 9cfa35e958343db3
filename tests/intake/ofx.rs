//! OFX and QFX of banks, card issuers and brokers.

use crate::text_bank::{files, fixture, messages, survives_damage, totals};
use jiff::civil::date;
use quittance_rules::bank::Collected;
use quittance_rules::money::Currency;
use quittance_tools::intake::ofx::{Options, read};
use serde_json::Value;

fn take(bytes: &[u8]) -> Collected {
    let mut sink = Collected::default();
    read(bytes, &mut sink, Options::default()).expect("a readable file");
    sink
}

/// File, (their lines, their sum), (ours).
type Difference = (&'static str, (usize, i64), (usize, i64));
/// Where we differ from the reference counts, and why.
const DIFFERENCES: [Difference; 1] = [
    // Its only amount is `$120`: the reference counts the element with nothing as its amount, here it is a problem.
    ("ofxparse/tests/fixtures/fail_nice/decimal_error.ofx", (1, 0), (0, 0)),
];

#[test]
fn lines_and_sums_equal_the_reference() {
    let reference: Value = serde_json::from_slice(&fixture("reference_counts_ofx.json")).expect("JSON");
    let mut differences = Vec::new();
    let reference = reference.as_object().expect("an object");
    for (name, expected) in reference {
        let read = take(&fixture(name));
        let sum: rust_decimal::Decimal = expected["sum"].to_string().parse().expect("a number");
        let sum = (sum * rust_decimal::Decimal::from(100)).round();
        let expected_lines = expected["transactions"].as_u64().expect("a count") as usize;
        let expected_sum = i64::try_from(sum.mantissa() / 10_i128.pow(sum.scale())).expect("small");
        if totals(&read) != (expected_lines, expected_sum) {
            differences.push((name.as_str(), (expected_lines, expected_sum), totals(&read)));
            continue;
        }
        let lines = read.statements.iter().flat_map(|s| &s.lines);
        let credits: i64 = lines.clone().map(|l| l.amount.minor()).filter(|&m| m > 0).sum();
        let expected_credits: rust_decimal::Decimal = expected["credits"].to_string().parse().expect("a number");
        assert_eq!(rust_decimal::Decimal::new(credits, 2), expected_credits.round_dp(2), "{name}");
        let known: Vec<&str> = expected["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for line in lines {
            let id = line.bank_reference.as_deref();
            assert!(known.is_empty() || id.is_some_and(|id| known.contains(&id)), "{name}: {id:?}");
        }
    }
    assert_eq!((reference.len(), differences.as_slice()), (13, DIFFERENCES.as_slice()));
}

/// Every file: statements, closing balances, problems.
#[test]
fn statements_balances_and_problems() {
    let row = |name: &str| {
        let read = take(&fixture(name));
        let balances: Vec<_> =
            read.statements.iter().map(|s| s.end.closing_balance.map_or("-".to_owned(), |m| m.to_string())).collect();
        (balances.join(" "), messages(&read).join(" / "))
    };
    let below = |name: &str| format!("ofxparse/tests/fixtures/{name}");
    for (name, balances, problem) in [
        ("account_listing_aggregation.ofx", "", "the file holds no statement"),
        ("anzcc.ofx", "AUD -123.45", ""),
        ("bank_medium.ofx", "CAD 382.34", ""),
        ("bank_small.ofx", "", "the file holds no statement"),
        ("checking.ofx", "USD 100.99", ""),
        ("error_message.ofx", "", "refused the request with code 2000: General Server Error"),
        ("fail_nice/date_missing.ofx", "USD 0.00", "`20120231` is no date"),
        ("fail_nice/decimal_error.ofx", "CAD 0.00", "`$120` is no amount"),
        ("fail_nice/empty_balance.ofx", "-", ""),
        ("fidelity-savings.ofx", "-", "`+00000000000115.8331` has more decimals than USD; USD 115.83 is taken"),
        ("fidelity.ofx", "-", ""),
        ("investment_401k.ofx", "-", ""),
        ("investment_medium.ofx", "-", ""),
        ("multiple_accounts.ofx", "USD 111.00 USD 222.00", ""),
        ("multiple_accounts2.ofx", "USD 111.00 USD 222.00", ""),
        ("ofx-v102-empty-tags.ofx", "-", ""),
        ("signon_fail.ofx", "", "refused the sign-on with code 15500: Your request could not be processed"),
        ("signon_success.ofx", "", "the file holds no statement"),
        ("signon_success_no_message.ofx", "", "the file holds no statement"),
        ("suncorp.ofx", "AUD 1234.12", ""),
        ("td_ameritrade.ofx", "-", ""),
        ("tiaacref.ofx", "-", ""),
        ("vanguard.ofx", "-", ""),
        ("vanguard401k.ofx", "-", ""),
    ] {
        let (found, problems) = row(&below(name));
        assert_eq!(found, balances, "{name}");
        assert_eq!(problems.is_empty(), problem.is_empty(), "{name}: {problems}");
        assert!(problems.contains(problem), "{name}: {problems}");
    }
    assert_eq!(files("ofxparse", &[".ofx"]).len(), 24);
}

fn statement(transactions: &str) -> String {
    format!(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR\
         <BANKACCTFROM><BANKID>1<ACCTID>77 88</BANKACCTFROM><BANKTRANLIST>\n{transactions}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
}

#[test]
fn bare_ampersands_missing_ends_and_commas() {
    let text = statement(
        "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260105233000[-5:EST]<TRNAMT>1.234,56<FITID>A<NAME>BLUEBIRD DENTAL & CO<MEMO>RF18 5390 0754 7034 &amp; more\n\
         <STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260106<TRNAMT>-7,5<FITID>B<PAYEE><NAME>M\u{fc}ller</PAYEE><BANKACCTTO><ACCTID>DE02 1203</BANKACCTTO></STMTTRN>\n",
    );
    let read = take(&encoding_rs::WINDOWS_1252.encode(&text).0);
    assert_eq!(messages(&read), Vec::<String>::new());
    let [first, second] = &read.statements[0].lines[..] else { panic!("two lines") };
    assert_eq!(read.statements[0].statement.account, "7788");
    assert_eq!(first.counterparty_name.as_deref(), Some("BLUEBIRD DENTAL & CO"));
    assert_eq!(first.structured_reference.as_deref(), Some("RF18539007547034"));
    assert_eq!((first.booking_date, first.amount.to_string()), (Some(date(2026, 1, 5)), "EUR 1234.56".to_owned()));
    assert_eq!(second.counterparty_name.as_deref(), Some("Müller"));
    assert_eq!(second.counterparty_account.as_deref(), Some("DE021203"));
    assert_eq!(second.amount.to_string(), "EUR -7.50");
}

#[test]
fn refusals() {
    for (transactions, lines, problem) in [
        (
            "<STMTTRN><DTPOSTED>20260101<TRNAMT>1,234</STMTTRN>",
            0,
            "2|STMTTRN/TRNAMT|`1,234` may have a decimal comma or a grouping one; the transaction is not taken",
        ),
        ("<STMTTRN><DTPOSTED>20260101</STMTTRN>", 0, "2|STMTTRN/TRNAMT|the transaction has no amount; it is not taken"),
        (
            "<STMTTRN><DTPOSTED>20260101<TRNAMT>1<CORRECTFITID>X<CORRECTACTION>DELETE</STMTTRN>",
            0,
            "2|STMTTRN/CORRECTFITID|the bank corrects (DELETE) its transaction `X`; have a person look at the earlier one",
        ),
        (
            "<STMTTRN><DTPOSTED>20260101<TRNAMT>1<CURRENCY><CURSYM>ZZZ</CURRENCY></STMTTRN>",
            0,
            "2|STMTTRN/CURRENCY|`ZZZ` is not an ISO 4217 currency with minor units; the transaction is not taken",
        ),
        (
            "<STMTTRN><DTPOSTED>soon<TRNAMT>1</STMTTRN>",
            1,
            "2|STMTTRN/DTPOSTED|`soon` is no date (YYYYMMDD); the transaction is taken without one",
        ),
    ] {
        let read = take(
            statement(transactions)
                .replace("102\nENCODING:USASCII\nCHARSET:1252\n\n", "")
                .replace("OFXHEADER:100\nDATA:OFXSGML\nVERSION:", "")
                .as_bytes(),
        );
        assert_eq!((totals(&read).0, messages(&read)), (lines, vec![problem.to_owned()]), "{transactions}");
    }
    let cut = statement("<STMTTRN><DTPOSTED>20260101<TRNAMT>1");
    let cut = &cut[..cut.find("</BANKTRANLIST>").expect("there")];
    assert!(messages(&take(cut.as_bytes())).concat().contains("ends inside a transaction"));
    let nameless = statement("<STMTTRN><DTPOSTED>20260101<TRNAMT>1</STMTTRN>").replace("<CURDEF>EUR", "<CURDEF>");
    assert!(
        messages(&take(nameless.as_bytes()))
            .concat()
            .contains("1 transactions are not taken because the statement names no currency; pass it with --currency")
    );
    let mut sink = Collected::default();
    read(nameless.as_bytes(), &mut sink, Options { currency: Some(Currency::USD) }).expect("OFX");
    assert_eq!(totals(&sink), (1, 100));
    for (bytes, message) in [(b"".as_slice(), "empty"), (b"hello", "no format"), (b"<html>".as_slice(), "no format")] {
        let error = read(bytes, &mut Collected::default(), Options::default()).expect_err("no OFX");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn damage_never_panics() {
    for name in files("ofxparse", &[".ofx"]) {
        survives_damage(&fixture(&name), |bytes| {
            let _ = read(bytes, &mut Collected::default(), Options::default());
        });
    }
}
