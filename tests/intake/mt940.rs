//! MT940 and MT942 on the files of many banks.

use crate::text_bank::{files, fixture, messages, survives_damage};
use quittance_rules::bank::Collected;
use quittance_rules::money::Currency;
use quittance_tools::intake::mt940::{Options, read};
use serde_json::Value;

fn take(bytes: &[u8]) -> Collected {
    let mut sink = Collected::default();
    read(bytes, &mut sink, Options { currency: Some(Currency::EUR) }).expect("a readable file");
    sink
}

/// Where we differ from the independent reader, and why.
const DIFFERENCES: [(&str, &str); 3] = [
    // `RC` is the reversal of a credit: money went out. With our sign all 26 statements of the file add up, with theirs two do not.
    ("betterplace/sepa_mt9401.sta line 19", "EUR -204.88, expected 204.88"),
    ("betterplace/sepa_mt9401.sta line 101", "EUR -204.88, expected 204.88"),
    // The first statement is in German marks, which left ISO 4217 in 2002: said as a problem, not taken as another currency.
    ("cmxl/mt940.sta", "5 lines, expected 16"),
];

#[test]
fn every_file_agrees_with_an_independent_reader() {
    let (mut files_read, mut lines_equal) = (0, 0);
    let mut differences = Vec::new();
    for name in files("mt940/expected-json", &[".json"]) {
        let expected: Value = serde_json::from_slice(&fixture(&name)).expect("JSON");
        let source = name.replace("expected-json", "mt940_tests").replace(".json", "");
        let short = source.replace("mt940/mt940_tests/", "");
        let read = take(&fixture(&source));
        files_read += 1;
        let lines: Vec<_> = read.statements.iter().flat_map(|s| &s.lines).collect();
        let mut theirs = expected["transactions"].as_array().expect("transactions").as_slice();
        if lines.len() != theirs.len() {
            differences.push((short.clone(), format!("{} lines, expected {}", lines.len(), theirs.len())));
            theirs = &theirs[theirs.len() - lines.len()..];
        }
        for (line, theirs) in lines.iter().zip(theirs) {
            let text = |field: &str| theirs[field].as_str().unwrap_or_default().to_owned();
            let entry_date = if text("entry_date").is_empty() { text("date") } else { text("entry_date") };
            assert_eq!(line.value_date.map(|d| d.to_string()), Some(text("date")), "{short} {}", line.place);
            assert_eq!(line.booking_date.map(|d| d.to_string()), Some(entry_date), "{short} {}", line.place);
            assert_eq!(line.transaction_code.as_deref(), Some(text("id").as_str()), "{short} {}", line.place);
            let amount = theirs["amount"]["amount"].as_str().unwrap_or_default();
            if amount.parse::<rust_decimal::Decimal>().ok() == Some(line.amount.to_decimal()) {
                lines_equal += 1;
            } else {
                differences.push((format!("{short} {}", line.place), format!("{}, expected {amount}", line.amount)));
            }
        }
        let balance = |name: &str| {
            expected["data"][name]["amount"]["amount"].as_str().and_then(|a| a.parse::<rust_decimal::Decimal>().ok())
        };
        let ours = read.statements.last().and_then(|s| s.end.closing_balance).map(|m| m.to_decimal());
        let theirs = [balance("final_closing_balance"), balance("intermediate_closing_balance")];
        assert!(theirs.contains(&ours), "{short}: closes at {ours:?}, expected {theirs:?}");
    }
    let known: Vec<_> = DIFFERENCES.iter().map(|(place, what)| ((*place).to_owned(), (*what).to_owned())).collect();
    assert_eq!(differences, known);
    assert_eq!((files_read, lines_equal), (30, 158));
}

/// `y` adds up, `n` does not, `?` a balance is missing; one letter a statement. Then the number of problems; most are snippets
/// of a statement, without the closing balance that every whole one has, and that is one.
const VERDICTS: [(&str, &str, usize); 31] = [
    ("mt940/mt940_tests/betterplace/amount_formats.sta", "??????", 6),
    ("mt940/mt940_tests/betterplace/currency_in_25.sta", "?", 0),
    // A text without a transaction.
    ("mt940/mt940_tests/betterplace/empty_86.sta", "", 1),
    ("mt940/mt940_tests/betterplace/empty_entry_date.sta", "?", 0),
    ("mt940/mt940_tests/betterplace/empty_line.sta", "?", 0),
    ("mt940/mt940_tests/betterplace/missing_crlf_at_end.sta", "?", 0),
    ("mt940/mt940_tests/betterplace/sepa_mt9401.sta", "yyyyyyyyyyyyyyyyyyyyyyyyyy", 0),
    // Upstream cut most lines out of these.
    ("mt940/mt940_tests/betterplace/sepa_snippet.sta", "yn", 0),
    // `:25:` stands where `:86:` belongs.
    ("mt940/mt940_tests/betterplace/sepa_snippet_broken.sta", "n", 1),
    ("mt940/mt940_tests/betterplace/with_binary_character.sta", "yy", 0),
    ("mt940/mt940_tests/cmxl/account_balance_credit.sta", "?", 1),
    ("mt940/mt940_tests/cmxl/account_balance_debit.sta", "?", 1),
    ("mt940/mt940_tests/cmxl/account_identification_iban.sta", "?", 0),
    ("mt940/mt940_tests/cmxl/account_identification_legacy.sta", "?", 0),
    ("mt940/mt940_tests/cmxl/available_balance.sta", "?", 0),
    ("mt940/mt940_tests/cmxl/closing_balance.sta", "?", 0),
    // German marks: both balances and the lines.
    ("mt940/mt940_tests/cmxl/mt940.sta", "?yy", 3),
    ("mt940/mt940_tests/cmxl/reference.sta", "?", 0),
    ("mt940/mt940_tests/cmxl/statement_details.sta", "?", 0),
    ("mt940/mt940_tests/cmxl/statement_line.sta", "?", 0),
    ("mt940/mt940_tests/cmxl/statement_number.sta", "?", 0),
    ("mt940/mt940_tests/jejik/abnamro.sta", "nn", 0),
    ("mt940/mt940_tests/jejik/generic.sta", "yy", 0),
    ("mt940/mt940_tests/jejik/ing.sta", "n", 0),
    ("mt940/mt940_tests/jejik/knab.sta", "yn", 0),
    ("mt940/mt940_tests/jejik/postfinance.sta", "yn", 0),
    ("mt940/mt940_tests/jejik/rabobank-iban.sta", "yy", 0),
    ("mt940/mt940_tests/jejik/rabobank.sta", "nyny", 0),
    ("mt940/mt940_tests/jejik/sns.sta", "yy", 0),
    ("mt940/mt940_tests/jejik/triodos.sta", "n", 0),
    ("bankstatementparser/tests/test_data/sample.mt940", "y", 0),
];

#[test]
fn every_statement_says_whether_it_adds_up() {
    for (name, verdicts, problems) in VERDICTS {
        let read = take(&fixture(name));
        let found: String =
            read.statements.iter().map(|s| s.end.balance_adds_up.map_or("?", |yes| if yes { "y" } else { "n" })).collect();
        assert_eq!((found.as_str(), read.problems.len()), (verdicts, problems), "{name}: {:?}", messages(&read));
    }
    assert_eq!(files("mt940/mt940_tests", &[".sta"]).len() + 1, VERDICTS.len());
}

#[test]
fn parties_and_texts_of_the_dialects() {
    // file, line of `:61:`; name, account, remittance, end-to-end id, bank reference, return
    type Row = (&'static str, u64, [&'static str; 5], bool);
    let rows: [Row; 14] = [
        (
            "betterplace/sepa_snippet.sta",
            5,
            [
                "KARL KAUFMANN",
                "DE14508800500194785000",
                "Verw CTSc-01 BC-PPP TFNr 22 004",
                "EndToEndId TFNR 22 004 00001",
                "0724710333343453",
            ],
            false,
        ),
        (
            "betterplace/sepa_snippet.sta",
            29,
            [
                "",
                "",
                "MTLG:Grund nicht spezifiziert Reject aus SEPA-Ueberweisungsauftrag",
                "TFNR 40001 00005",
                "0724710345316116",
            ],
            true,
        ),
        (
            "betterplace/with_binary_character.sta",
            5,
            [
                "PAYPAL",
                "0175526300",
                "QQW53T2245ZGY46J ABBUCHUNG VOM PAYPAL-KONTO 100318P3TX1433EV",
                "100323-03-100323",
                "32-P1-TCS49518",
            ],
            false,
        ),
        (
            "betterplace/with_binary_character.sta",
            22,
            ["", "", "Belegloser Zahlungsauftrag Überweisung:19.03.2010 Anzahl Posten :7 Anw-Nr.: 69725663086", "", ""],
            false,
        ),
        (
            "cmxl/statement_details.sta",
            1,
            [
                "Peter Pan",
                "HUkkbbbsssskcccccccccccccccx",
                // Made anonymous, the sub-field has lost two of its 27 characters, so it does not look full.
                "FOO TRX-0A4A47C3-F84 6-4729-8A1B-5DF620F",
                "TRX-0A4A47C3-F846-4729-8A1B-5DF620F",
                "025498557/000001",
            ],
            false,
        ),
        (
            "jejik/abnamro.sta",
            8,
            [
                "KPN - DIGITENNE",
                "428428",
                "BETALINGSKENM. 0000000421886595314606715 BETREFT FACTUUR D.D. 20-05-2011INCL. 1,44 BTW",
                "",
                "",
            ],
            false,
        ),
        (
            "jejik/abnamro.sta",
            16,
            ["MC DONALDS A44 LEIDEN", "", "BEA NR:XXX1234 22.05.11/14.25 MC DONALDS A44 LEIDEN,PAS999", "", ""],
            false,
        ),
        ("jejik/knab.sta", 14, ["PICQER", "NL65INGB0123456789", "FACTUUR 201403110, 201403113", "", "B4G29PGCVO7Q06US"], false),
        (
            "jejik/knab.sta",
            17,
            [
                "MMS ONLINE NEDERLAND B.V.",
                "NL84INGB0234561789",
                "12160475 0050001631430920 ORDERID: 264267 MEDIA MARKT ONLINE NE",
                "29-07-2014 10:05",
                "B4G29PGDCK1QFV3E",
            ],
            false,
        ),
        (
            "jejik/postfinance.sta",
            5,
            [
                "JANE DOE EXAMPLESTRASSE 10 1234 XXXX 131209CH98765432",
                "",
                "RECHNUNG XXXXXXXXXXXX",
                "01916",
                "20131209007602198765432000000012",
            ],
            false,
        ),
        (
            "jejik/rabobank.sta",
            6,
            ["W.P. Jansen", "0121470966", "Terugboeking NIET AKKOORD MET AFSCHRIJVING KOSTEN KINDEROPVANG JUNI 20095731", "", ""],
            true,
        ),
        (
            "jejik/rabobank-iban.sta",
            6,
            ["CONTRA ACCOUNT HOLDER", "NL70ABNA0987654321", "", "01-01-2013 12:00 0030000987654321", ""],
            false,
        ),
        ("jejik/sns.sta", 5, ["marechal s", "0987654321", "dit is een test", "", ""], false),
        (
            "jejik/triodos.sta",
            5,
            ["", "0390123456", "ALGEMENE TUSSENREKENING KOSTEN VAN 01-10-2010 TOT EN MET 31-12-2010", "", ""],
            false,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, line, expected, is_return) in rows {
        let read = take(&fixture(&format!("mt940/mt940_tests/{name}")));
        let place = format!("line {line}");
        let found = read.statements.iter().flat_map(|s| &s.lines).find(|l| l.place == place);
        let found = found.unwrap_or_else(|| panic!("{name}: nothing on {place}"));
        let texts = [
            &found.counterparty_name,
            &found.counterparty_account,
            &found.remittance,
            &found.end_to_end_id,
            &found.bank_reference,
        ]
        .map(|t| t.as_deref().unwrap_or_default());
        if (texts, found.is_return) != (expected, is_return) {
            wrong.push(format!("{name} {place}: {texts:?} {}, expected {expected:?} {is_return}", found.is_return));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn envelopes_pages_and_what_stands_between() {
    let file = "{1:F01BANKDEFFAXXX0000000000}{2:O9401200260102BANKDEFFAXXX00000000002601021200N}{4:\r\n:20:A\r\n:25:DE02120300000000202051\r\n\
        :28C:1/1\r\n:60F:C251230EUR10,\r\n:61:2512300102C5,NTRFINV-7//B1\r\n:86:Invoice 7, paid at 12:\r\n-\r\n:62F:C260102EUR15,\r\n-}{5:{CHK:123}}{1:F01X}{2:I942BANK}{4:\r\n\
        :20:B\r\n:25:DE02120300000000202051\r\n:28C:2\r\n:34F:EUR0,\r\n:61:260102D3,NCHGNONREF\r\n:86:fee\r\n:90D:1EUR3,\r\n:90C:2EUR9,\r\n-}\r\n";
    let read = take(file.as_bytes());
    let ids: Vec<_> = read.statements.iter().map(|s| s.statement.statement_id.as_deref().unwrap_or_default()).collect();
    assert_eq!(ids, ["1/1", "2"]);
    let booked = &read.statements[0].lines[0];
    assert_eq!(booked.booking_date, Some(jiff::civil::date(2026, 1, 2)));
    assert_eq!(booked.end_to_end_id.as_deref(), Some("INV-7"));
    assert_eq!(booked.remittance.as_deref(), Some("Invoice 7, paid at 12: -"));
    assert_eq!(read.statements[0].end.balance_adds_up, Some(true));
    let announced = &read.statements[1].lines[0];
    assert!(!announced.is_booked, "MT942 announces");
    assert_eq!(messages(&read), ["18|:90C:|the bank counts 2 lines of together EUR 9.00; read were 0 of together EUR 0.00"]);
}

#[test]
fn refusals_name_line_field_and_remedy() {
    let mut sink = Collected::default();
    let text = ":20:A\n:25:123\n:61:260102C5,NTRFX\n:86:a\n:61:2601X\n:86:b\n:61:260103C6,NTRFX\n";
    read(text.as_bytes(), &mut sink, Options::default()).expect("fields");
    assert_eq!(
        messages(&sink),
        [
            "5|:61:|`2601X` does not begin with a value date (YYMMDD); ask the bank for the file again",
            "3|:61:|2 lines are not taken because the statement names no currency; pass it with --currency",
        ]
    );
    // The currency of the closing balance comes late, but it comes.
    let mut sink = Collected::default();
    read(format!("{text}:62F:C260103CHF11,\n-\n").as_bytes(), &mut sink, Options::default()).expect("fields");
    assert_eq!(sink.statements[0].lines.len(), 2);
    assert_eq!(
        sink.statements[0].lines[0].remittance.as_deref(),
        Some("a"),
        "the text of the broken line stays out of its neighbour"
    );
    for (bytes, message) in [(b"".as_slice(), "empty"), (b"\n \n".as_slice(), "empty"), (b"hello\nworld".as_slice(), "no format")]
    {
        let error = read(bytes, &mut Collected::default(), Options::default()).expect_err("no statement");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn damage_never_panics() {
    for name in files("mt940/mt940_tests", &[".sta"]) {
        survives_damage(&fixture(&name), |bytes| {
            let _ = read(bytes, &mut Collected::default(), Options::default());
        });
    }
}
