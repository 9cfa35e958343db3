//! BAI2 balance reports.

use crate::text_bank::{files, fixture, messages, survives_damage, totals};
use jiff::civil::date;
use quittance_rules::bank::Collected;
use quittance_rules::money::Currency;
use quittance_tools::intake::bai2::{Options, read};

fn take(bytes: &[u8]) -> Collected {
    let mut sink = Collected::default();
    read(bytes, &mut sink, Options::default()).expect("a readable file");
    sink
}

/// File; lines and sum; `y`, `n`, `?` for every account; problems.
#[test]
fn files_of_banks() {
    for (name, found, verdicts, problems) in [
        ("sample1.txt", (17, 0), "yy", 0),
        ("sample2.txt", (4, 30_950_000), "?????", 0),
        // Several records on a line, and text broken over lines without a code.
        ("sample3.txt", (26, -19_705), "yyyyyyyyyyyyyyy", 0),
        // Upstream took accounts out and left the totals: 49, 98 and 99 are wrong, and said to be.
        ("sample4-continuations-newline-delimited.txt", (17, -30_748_324), "??n??", 8),
        ("sample5-issue113.txt", (20, 3_766_789_602), "??n??", 8),
    ] {
        let read = take(&fixture(&format!("moov-bai2/test/testdata/{name}")));
        let shown: String =
            read.statements.iter().map(|s| s.end.balance_adds_up.map_or("?", |yes| if yes { "y" } else { "n" })).collect();
        assert_eq!(
            (totals(&read), shown.as_str(), read.problems.len()),
            (found, verdicts, problems),
            "{name}: {:?}",
            messages(&read)
        );
    }
    let error = read(
        fixture("moov-bai2/test/testdata/errors/sample-parseError.txt").as_slice(),
        &mut Collected::default(),
        Options::default(),
    );
    assert!(error.expect_err("no BAI2").to_string().contains("begins with a record `01,`"));
}

#[test]
fn labelled_continuations_become_fields() {
    let read = take(&fixture("moov-bai2/test/testdata/sample4-continuations-newline-delimited.txt"));
    let line = read.statements.iter().flat_map(|s| &s.lines).find(|l| l.place == "line 10").expect("the rejected credit");
    assert_eq!(line.counterparty_name.as_deref(), Some("SAMPLE INC"));
    assert_eq!(line.counterparty_account.as_deref(), Some("101152046"));
    assert_eq!(line.end_to_end_id.as_deref(), Some("GSQ4FBGFDGWGKY"));
    assert_eq!(line.bank_reference.as_deref(), Some("SB2322600000404"));
    assert_eq!(line.remittance.as_deref(), Some("ACH- Test - Addenda Record"));
    assert!(line.is_return);
}

const HEAD: &str = "01,A,B,260105,0800,1,,,2/\n";

#[test]
fn totals_senses_and_currencies() {
    let body = "02,B,A,1,260104,2359,JPY,2/\n03,99 1,,010,1000,,,015,1600,,/\n16,165,900,V,260106,,BR,INV-7,ACME / INV 7/\n16,475,300,Z,,,Check\n\
                16,890,,,,,a message/\n49,3800,5/\n98,3800,1,7/\n99,3800,1,9/\n";
    let read = take(format!("{HEAD}{body}").as_bytes());
    assert_eq!(messages(&read), Vec::<String>::new());
    let account = &read.statements[0];
    assert_eq!((account.statement.account.as_str(), account.statement.currency), ("991", Some(Currency::JPY)));
    assert_eq!(account.end.balance_adds_up, Some(true));
    let [credit, debit] = &account.lines[..] else { panic!("two lines: {:?}", account.lines) };
    assert_eq!((credit.amount.to_string().as_str(), credit.value_date), ("JPY 900", Some(date(2026, 1, 6))));
    assert_eq!((credit.bank_reference.as_deref(), credit.end_to_end_id.as_deref()), (Some("BR"), Some("INV-7")));
    assert_eq!(credit.remittance.as_deref(), Some("ACME / INV 7"));
    assert_eq!((debit.amount.to_string().as_str(), debit.booking_date), ("JPY -300", Some(date(2026, 1, 4))));
}

#[test]
fn refusals() {
    let file =
        |middle: &str, trailers: &str| take(format!("{HEAD}02,B,A,1,260104,,USD,/\n03,1,,/\n{middle}{trailers}").as_bytes());
    let trailers =
        |sum: i64, records: u32| format!("49,{sum},{records}/\n98,{sum},1,{}/\n99,{sum},1,{}/\n", records + 2, records + 4);
    for (middle, sum, records, lines, problem) in [
        ("16,165,12x,,,,/\n", 0, 3, 0, "4|16 amount|`12x` is no amount in the smallest unit; the line is not taken"),
        ("16,16,12,,,,/\n", 0, 3, 0, "4|16 type|`16` is no type code; the line is not taken"),
        (
            "16,720,12,,,,/\n",
            0,
            3,
            0,
            "4|16 type|type code 720 is neither a credit (100-399) nor a debit (400-699); 12 minor units are not taken",
        ),
        ("16,165,12,D,x,,/\n", 0, 3, 0, "4|16 funds|the number of availability days is no number; the line is not taken"),
        ("16,165,12,,,,/\n", 13, 3, 1, "5|49 total|the file states 13, its records give 12"),
    ] {
        let read = file(middle, &trailers(sum, records));
        assert_eq!((totals(&read).0, messages(&read)), (lines, vec![problem.to_owned()]), "{middle}");
    }
    let test_group = take(format!("{HEAD}02,B,A,4,260104,,,/\n03,1,,/\n16,165,5,,,,/\n{}", trailers(5, 3)).as_bytes());
    assert_eq!(messages(&test_group), ["2|02 group status|the group is a test: none of its lines is taken"]);
    assert_eq!(totals(&test_group).0, 0);
    let cut = take(format!("{HEAD}02,B,A,1,260104,,,/\n03,1,,/\n16,165,5,,,,/\n").as_bytes());
    assert_eq!(totals(&cut).0, 1);
    assert_eq!(messages(&cut).len(), 2, "group and file have no trailer: {:?}", messages(&cut));
}

#[test]
fn damage_never_panics() {
    for name in files("moov-bai2", &[".txt"]) {
        survives_damage(&fixture(&name), |bytes| {
            let _ = read(bytes, &mut Collected::default(), Options::default());
        });
    }
}
