//! A table that is read again, perhaps in another way: no row is booked twice, and what cannot be told is refused whole.

use quittance_agent::import::{ImportReport, Placing, import_statement, input_of};
use quittance_agent::ports::Store as _;
use quittance_rules::cases::Actor;
use quittance_rules::journal::InputKind;
use quittance_rules::records::EntityId;
use quittance_tools::clock::SystemClock;
use quittance_tools::intake::bank_file::BankFileOptions;
use quittance_tools::intake::feed::BankFileFeed;
use quittance_tools::intake::profile::Profile;

use crate::desk::TestDesk;
use crate::workbook::{archive_of, sheet, workbook};

/// A profile that takes the text from one column, and the date of value from another.
fn profile(text: &str, more: &str) -> String {
    format!(
        "name = \"p\"\ndelimiter = \";\"\ndecimal = \"comma\"\ndate = \"dmy\"\ncurrency = \"EUR\"\n{more}[columns]\n\
         booking_date = \"Wann\"\namount = \"Wieviel\"\ncounterparty_name = \"Wer\"\nremittance = \"{text}\"\n"
    )
}

async fn import(desk: &TestDesk, name: &str, content: &[u8], profile: &str) -> ImportReport {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let digest = desk.web.store.keep_bytes(content).await.unwrap();
    let input = input_of(digest, InputKind::Statement, name, content.len() as u64);
    let options = BankFileOptions { profile: Some(Profile::parse(profile).unwrap()), ..BankFileOptions::default() };
    let mut feed = BankFileFeed::open(&path, options);
    let placing = Placing { account: Some("account-e1".to_owned()), entity: EntityId::parse("e1").ok(), ..Placing::default() };
    import_statement(&desk.web.store, &SystemClock, Actor::Rule, input, &placing, &mut feed).await.unwrap()
}

fn is_refused_whole(report: &ImportReport) -> bool {
    (report.added, report.known) == (0, 0) && report.problems.iter().any(|p| p.message.contains("found then and not now"))
}

const HEAD: &str = "Wann;Wieviel;Wer;Zweck;Notiz\n";
const MONDAY: &str = "03.04.2026;100,00;ACME;INV-1;n1\n04.04.2026;200,00;BETA;INV-2;n2\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_another_file_booked_are_not_booked_again_in_another_way() {
    let desk = TestDesk::new().await;
    let (zweck, notiz) = (profile("Zweck", ""), profile("Notiz", ""));
    let monday = format!("{HEAD}{MONDAY}");
    assert_eq!(import(&desk, "mon.csv", monday.as_bytes(), &zweck).await.added, 2);
    // The day after has one row more and one that no calendar has; and a file of which every row is known but for that one.
    for (more, added) in [("05.04.2026;300,00;GAMMA;INV-3;n3\n", 1), ("", 0)] {
        let day = format!("{HEAD}{MONDAY}{more}31.02.2026;400,00;DELTA;INV-4;n4\n");
        let first = import(&desk, "tue.csv", day.as_bytes(), &zweck).await;
        assert_eq!((first.added, first.known, first.problems.len()), (added, 2, 1));
        let otherwise = import(&desk, "tue.csv", day.as_bytes(), &notiz).await;
        assert!(is_refused_whole(&otherwise), "{otherwise:?}");
        // As it was read before nothing is in the way.
        let same = import(&desk, "tue.csv", day.as_bytes(), &zweck).await;
        assert_eq!((same.added, same.known, same.problems.len()), (0, 2 + added, 1));
    }
    assert!(desk.web.store.verify().await.unwrap().findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_any_reading_found_is_found_again_by_the_next() {
    let desk = TestDesk::new().await;
    let zweck = profile("Zweck", "");
    let monday = format!("{HEAD}{MONDAY}");
    assert_eq!(import(&desk, "mon.csv", monday.as_bytes(), &zweck).await.added, 2);
    // With dates of value only the first row can be read, without them the second too; the third never.
    let day = "Wann;Wieviel;Wer;Zweck;Val;Alt\n03.04.2026;100,00;ACME;INV-1;03.04.2026;INV-1\n04.04.2026;200,00;BETA;INV-2;zz;n2\n\
        31.02.2026;400,00;DELTA;INV-4;zz;n4\n";
    let first = import(&desk, "tue.csv", day.as_bytes(), &format!("{zweck}value_date = \"Val\"\n")).await;
    assert_eq!((first.added, first.known, first.problems.len()), (0, 1, 2), "{first:?}");
    let second = import(&desk, "tue.csv", day.as_bytes(), &zweck).await;
    assert_eq!((second.added, second.known, second.problems.len()), (0, 2, 1), "{second:?}");
    // The first row says the same there, the second does not: what the second reading found would be booked once more.
    let third = import(&desk, "tue.csv", day.as_bytes(), &profile("Alt", "")).await;
    assert!(is_refused_whole(&third), "{third:?}");
    assert!(desk.web.store.verify().await.unwrap().findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_alike_are_counted_and_not_placed() {
    let desk = TestDesk::new().await;
    let head = "Wann;Wieviel;Wer;Zweck;Val\n";
    let alike = "03.04.2026;10,00;ACME;gift;xx\n03.04.2026;10,00;ACME;gift;03.04.2026\n03.04.2026;10,00;ACME;gift;xx\n";
    let three = format!("{head}{alike}");
    let valued = format!("{}value_date = \"Val\"\n", profile("Zweck", ""));
    assert_eq!(import(&desk, "a.csv", three.as_bytes(), &valued).await.added, 1);
    let rest = import(&desk, "a.csv", three.as_bytes(), &profile("Zweck", "")).await;
    assert_eq!((rest.added, rest.known), (2, 1), "{rest:?}");
    let longer = format!("{three}06.04.2026;11,00;X;y;z\n");
    let next = import(&desk, "b.csv", longer.as_bytes(), &profile("Zweck", "")).await;
    assert_eq!((next.added, next.known), (1, 3), "{next:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_a_file_goes_to_no_other_account() {
    let desk = TestDesk::new().await;
    let content = "Wann;Wieviel;Wer;Zweck;Val\n03.04.2026;10,00;A;x;03.04.2026\n03.04.2026;20,00;B;y;zz\n";
    let valued = |account: &str| format!("{}value_date = \"Val\"\n", profile("Zweck", &format!("account = \"{account}\"\n")));
    assert_eq!(import(&desk, "s.csv", content.as_bytes(), &valued("account-e1")).await.added, 1);
    let other = profile("Zweck", "account = \"account-e2\"\n");
    let report = import(&desk, "s.csv", content.as_bytes(), &other).await;
    assert!(is_refused_whole(&report) || report.problems.iter().any(|p| p.field.as_deref() == Some("account")), "{report:?}");
    assert_eq!(report.added, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_reading_places_no_account() {
    let desk = TestDesk::new().await;
    let content = format!("{HEAD}{MONDAY}05.04.2026;x;C;INV-3;n3\n");
    assert_eq!(import(&desk, "m.csv", content.as_bytes(), &profile("Zweck", "")).await.added, 2);
    let elsewhere = profile("Notiz", "account = \"account-new\"\n");
    let report = import(&desk, "m.csv", content.as_bytes(), &elsewhere).await;
    assert_eq!((report.added, report.known), (0, 0), "{report:?}");
    assert!(!report.problems.is_empty());
    let accounts = desk.web.store.accounts().await.unwrap();
    assert!(!accounts.keys().any(|account| account.to_lowercase().contains("new")), "{accounts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_read_workbook_is_held_to_the_same() {
    let desk = TestDesk::new().await;
    let rows: &[&[&str]] = &[
        &["Wann", "Wieviel", "Wer", "Zweck", "Notiz"],
        &["03.04.2026", "100,00", "ACME", "INV-1", "n1"],
        &["04.04.2026", "200,00", "BETA", "INV-2", "n2"],
        &["31.02.2026", "300,00", "GAMMA", "INV-3", "n3"],
    ];
    let content = workbook(rows, false);
    assert_eq!(import(&desk, "half.xlsx", &content, &profile("Zweck", "")).await.added, 2);
    let otherwise = import(&desk, "half.xlsx", &content, &profile("Notiz", "")).await;
    assert!(is_refused_whole(&otherwise), "{otherwise:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sheets_that_repeat_each_other_do_not_stand_in_the_way() {
    let desk = TestDesk::new().await;
    let head: &[&str] = &["Wann", "Wieviel", "Wer", "Zweck", "Val"];
    let first: &[&str] = &["03.04.2026", "100,00", "ACME", "INV-1", "03.04.2026"];
    let second: &[&str] = &["04.04.2026", "200,00", "BETA", "INV-2", "zz"];
    let content = archive_of(&[&sheet(&[head, first]), &sheet(&[head, first, second])], false, "");
    let valued = format!("{}value_date = \"Val\"\n", profile("Zweck", ""));
    let half = import(&desk, "two.xlsx", &content, &valued).await;
    assert_eq!((half.added, half.known, half.problems.len()), (1, 1, 1), "{half:?}");
    let whole = import(&desk, "two.xlsx", &content, &profile("Zweck", "")).await;
    assert_eq!((whole.added, whole.known, whole.problems.len()), (1, 2, 0), "{whole:?}");
    assert!(desk.web.store.verify().await.unwrap().findings.is_empty());
}
