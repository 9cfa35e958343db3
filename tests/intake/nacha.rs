//! NACHA returns and notifications of change.

use crate::text_bank::{files, fixture, messages, survives_damage, totals};
use jiff::civil::date;
use quittance_rules::bank::Collected;
use quittance_tools::intake::IntakeError;
use quittance_tools::intake::nacha::read;

fn take(name: &str) -> Collected {
    let mut sink = Collected::default();
    read(fixture(name).as_slice(), &mut sink).unwrap_or_else(|e| panic!("{name}: {e}"));
    sink
}

/// Files that hold returns or changes: lines and sum in cents, number of problems. All others hold orders only.
const WITH_RETURNS: [(&str, usize, i64, usize); 18] = [
    // The last of three links, R71, contests the dishonour: the credit stays returned.
    ("examples/testdata/contested-return.ach", 1, 100_000_000, 0),
    ("examples/testdata/cor-read.ach", 0, 0, 1),
    // R68 gives back the debits that had been returned.
    ("examples/testdata/dishonored-return.ach", 2, 48_000, 0),
    ("test/testdata/FISERV-ZEROFILE-PIMRET825324_032720_110221.ach", 0, 0, 0),
    // Entries of an advice (681) made into addenda (781): nothing is left but wrong totals.
    ("test/testdata/adv-invalidBatchEntries.ach", 0, 0, 9),
    // Neither header nor controls.
    ("test/testdata/bh-ed-ad-bh-ed-ad-ed-ad.ach", 3, -119, 4),
    ("test/testdata/cor-example.ach", 0, 0, 1),
    ("test/testdata/iat-addenda98.ach", 0, 0, 1),
    ("test/testdata/iat-addenda99.ach", 1, 100_000, 0),
    ("test/testdata/iat-invalidAddenda98.ach", 0, 0, 1),
    ("test/testdata/iat-invalidAddenda99.ach", 1, 100_000, 1),
    // R96 and R97 do not exist.
    ("test/testdata/pos-invalidReturnFile.ach", 1, -25_000, 1),
    ("test/testdata/return-PPD-custom-reason-code.ach", 1, 106_161, 1),
    ("test/testdata/return-WEB.ach", 2, -7_789, 0),
    ("test/testdata/return-no-batch-controls.ach", 1, -12_354, 5),
    ("test/testdata/return-no-batch-header.ach", 1, -12_354, 5),
    ("test/testdata/return-no-file-header-control.ach", 1, -12_354, 2),
    ("test/testdata/web-invalidNOCFile.ach", 0, 0, 1),
];

#[test]
fn every_file() {
    let (mut orders, mut without_form, mut returns) = (0, Vec::new(), Vec::new());
    for name in files("moov-ach", &[".ach"]) {
        let mut sink = Collected::default();
        let short = name.trim_start_matches("moov-ach/").to_owned();
        match read(fixture(&name).as_slice(), &mut sink) {
            Err(IntakeError::WrongDocument { .. }) => {
                assert_eq!(totals(&sink), (0, 0), "{name}");
                orders += 1;
            }
            Err(_) => without_form.push(short),
            Ok(()) => returns.push((short, totals(&sink).0, totals(&sink).1, sink.problems.len())),
        }
    }
    let expected: Vec<_> =
        WITH_RETURNS.iter().map(|(name, lines, sum, problems)| ((*name).to_owned(), *lines, *sum, *problems)).collect();
    assert_eq!(returns, expected);
    // Records shifted by one character.
    assert_eq!(without_form, ["test/testdata/ppd-debit-fixedLengthInvalid.ach"]);
    assert_eq!(orders, 81);
}

#[test]
fn a_returned_debit_takes_the_money_back() {
    let read = take("moov-ach/test/testdata/return-WEB.ach");
    let [debit, credit] = &read.statements.iter().flat_map(|s| &s.lines).collect::<Vec<_>>()[..] else { panic!("two returns") };
    assert_eq!(read.statements[0].statement.account, "123456789");
    assert_eq!(debit.amount.to_string(), "USD -123.54");
    assert_eq!(debit.counterparty_name.as_deref(), Some("Paul Jones"));
    assert_eq!(debit.counterparty_account.as_deref(), Some("123456789"));
    assert_eq!(debit.remittance.as_deref(), Some("R01 Insufficient funds MjMxNDAwMjAtOGQ"));
    assert_eq!(debit.end_to_end_id.as_deref(), Some("091400600000001"), "the trace of the entry we sent");
    assert_eq!(debit.bank_reference.as_deref(), Some("091000017611242"), "the trace of the return");
    assert_eq!(debit.booking_date, Some(date(2018, 10, 17)));
    assert!(debit.is_return && credit.is_return);
    assert_eq!(credit.amount.to_string(), "USD 45.65");
}

#[test]
fn changes_are_told_and_totals_are_checked() {
    let read = take("moov-ach/examples/testdata/cor-read.ach");
    assert_eq!(
        messages(&read),
        [
            "4|addenda 98|notification of change C01 for the entry with trace 121042880000001 (Best Co. #23): the account number is now `1918171614`; have a person confirm it before the next entry"
        ]
    );
    let text = String::from_utf8(fixture("moov-ach/test/testdata/return-WEB.ach")).expect("ASCII");
    let mut sink = Collected::default();
    read_text(&text.replacen("0000012354MjMx", "0000012355MjMx", 1), &mut sink);
    assert_eq!(
        messages(&sink),
        [
            "5|batch debits|the file states 12354, its records give 12355",
            "10|file debits|the file states 12354, its records give 12355"
        ]
    );
    let mut sink = Collected::default();
    read_text(&text.replacen("0000012354MjMx", "00000x2354MjMx", 1), &mut sink);
    assert!(messages(&sink)[0].contains("no amount in cents; the return is not taken"), "{:?}", messages(&sink));
    assert_eq!(totals(&sink).0, 1, "the other return is taken");
}

fn read_text(text: &str, sink: &mut Collected) {
    read(text.as_bytes(), sink).expect("an ACH file");
}

#[test]
fn refusals() {
    for (bytes, message) in [(b"".as_slice(), "empty"), (b"hello", "no format"), (b"9999".as_slice(), "no format")] {
        let error = read(bytes, &mut Collected::default()).expect_err("no ACH file");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn damage_never_panics() {
    for (name, ..) in WITH_RETURNS {
        survives_damage(&fixture(&format!("moov-ach/{name}")), |bytes| {
            let _ = read(bytes, &mut Collected::default());
        });
    }
}
