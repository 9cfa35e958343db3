//! The life of a database: made, opened, brought up to date, refused; written by a program that is killed; read by two.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use quittance_agent::ports::{Sequence, Store, StoreError};
use quittance_rules::cases::{Ruling, Subject};
use quittance_rules::journal::Change;
use quittance_tools::store::Database;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::sample::*;

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn refused(url: &str, says: &str) {
    match Database::open(url).await {
        Err(StoreError::Unavailable(message)) => assert!(message.contains(says), "{url}: `{message}` does not say `{says}`"),
        Err(other) => panic!("{url}: {other}"),
        Ok(_) => panic!("{url} was opened"),
    }
}

#[tokio::test]
async fn what_is_no_book_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.db");
    refused(&url(&file), "quittance init").await;
    assert!(!file.exists(), "opening makes no file");
    refused("mysql://localhost/x", "postgres://").await;
    refused("", "sqlite://FILE").await;
    refused("sqlite::memory:", "memory").await;
    refused("sqlite://", "memory").await;
    refused("postgres://quittance:secret@127.0.0.1:1/none", "127.0.0.1:1").await;
    let Err(error) = Database::open("postgres://quittance:secret@127.0.0.1:1/none").await else { panic!("nobody is there") };
    assert!(!error.to_string().contains("secret"), "{error}");
    std::fs::write(&file, "customer_id,name\n1,ACME\n".repeat(100)).unwrap();
    refused(&url(&file), "database").await;
    std::fs::write(&file, "").unwrap();
    refused(&url(&file), "quittance init").await;
    let Err(error) = Database::create("sqlite:///no/such/folder/book.db").await else { panic!("there is no such folder") };
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}

#[tokio::test]
async fn made_twice_and_of_another_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a book with spaces é.db");
    let book = Database::create(&url(&file)).await.unwrap();
    small_book(&book).await;
    book.close().await;
    let book = Database::create(&url(&file)).await.unwrap();
    assert_eq!(book.entities().await.unwrap().len(), 2, "making it again keeps it");
    book.close().await;

    let mut hand = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'x', TRUE, x'00', 0)";
    hand.execute(newer).await.unwrap();
    refused(&url(&file), "newer version").await;
    assert!(Database::create(&url(&file)).await.is_err_and(|error| error.to_string().contains("newer version")));
    assert!(Database::migrate(&url(&file)).await.is_err_and(|error| error.to_string().contains("newer version")));
    hand.execute("DELETE FROM _sqlx_migrations WHERE version = 9999").await.unwrap();
    Database::migrate(&url(&file)).await.unwrap().close().await;
    Database::open(&url(&file)).await.unwrap().close().await;
    hand.execute("UPDATE _sqlx_migrations SET version = version - 1000").await.unwrap();
    assert!(Database::open(&url(&file)).await.is_err());
}

#[test]
fn both_databases_have_the_same_migrations() {
    let numbers = |database: &str| -> Vec<String> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let sqlite = numbers("sqlite");
    assert_eq!(sqlite, numbers("postgres"));
    let mut last = 0;
    for name in &sqlite {
        let number: u32 = name.split('_').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        assert!(name.ends_with(".sql") && name.as_bytes()[4] == b'_' && number > last, "{name}: numbered from 1, forward only");
        last = number;
    }
}

const CHILD: &str = "QUITTANCE_TEST_WRITES_UNTIL_KILLED";

/// Writes change sets as fast as it can, and never ends by itself.
async fn write_until_killed(file: &str) {
    let book = Database::open(&url(Path::new(file))).await.unwrap();
    loop {
        let decision_number = book.reserve(Sequence::Decision, 1).await.unwrap();
        let first = book.reserve(Sequence::Posting, 20).await.unwrap();
        let mut changes = Vec::new();
        for n in 0..200 {
            changes.push(Change::LineBooked(line(&format!("l{decision_number}-{n}"), "e1", 100)));
            changes.push(Change::ItemAdded(item(&format!("i{decision_number}-{n}"), "e1", 100)));
        }
        let about = Subject::Payment(payment_id(&format!("l{decision_number}-0")));
        changes.push(Change::Decided(decision(decision_number, about, Ruling::Settled { entries: vec![] })));
        for n in 0..20 {
            let (paid, cleared) = (format!("l{decision_number}-{n}"), format!("i{decision_number}-{n}"));
            changes.push(Change::Posted(posting(first + n, decision_number, &paid, &cleared, 100)));
        }
        book.apply(by_rule(changes)).await.unwrap();
        book.keep_bytes(&decision_number.to_be_bytes().repeat(200_000)).await.unwrap();
    }
}

/// The test runs itself again as the program that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the killed copy of this test is told by its environment which file to write")]
async fn killed_at_any_moment_nothing_is_half_written() {
    if let Ok(file) = std::env::var(CHILD) {
        write_until_killed(&file).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.db");
    let book = Database::create(&url(&file)).await.unwrap();
    small_book(&book).await;
    book.close().await;
    let mut entries = vec![1];
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "life::killed_at_any_moment_nothing_is_half_written"])
            .env(CHILD, &file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Another moment each time, from before its first write to some writes later.
        tokio::time::sleep(Duration::from_millis(40 + round * 67)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let book = Database::open(&url(&file)).await.unwrap();
        let report = book.verify().await.unwrap();
        assert_eq!(report.findings, [""; 0], "round {round}");
        let positions = book.positions(None).await.unwrap();
        assert!(positions.iter().all(quittance_rules::ledger::Position::adds_up));
        entries.push(report.entries);
        book.close().await;
    }
    assert!(entries.is_sorted(), "nothing that was written is lost: {entries:?}");
    assert!(entries.last() > Some(&3), "it was killed while it wrote: {entries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_programs_on_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.db");
    let first = Database::create(&url(&file)).await.unwrap();
    small_book(&first).await;
    // Two pools share nothing but the file, as two processes do.
    let second = Database::open(&url(&file)).await.unwrap();
    let writers: Vec<_> = [first.clone(), second.clone()]
        .into_iter()
        .enumerate()
        .map(|(who, book)| {
            tokio::spawn(async move {
                let mut drawn = 0;
                for n in 0..25 {
                    let number = book.reserve(Sequence::Decision, 1).await.unwrap();
                    let id = book.reserve(Sequence::Posting, 1).await.unwrap();
                    let about = Subject::Payment(payment_id("p1"));
                    let changes = vec![
                        Change::Decided(decision(number, about, Ruling::Settled { entries: vec![] })),
                        Change::Posted(posting(id, number, "p1", "a", 300)),
                        Change::LineBooked(line(&format!("w{who}-{n}"), "e1", 1)),
                    ];
                    match apply(&book, changes).await {
                        Ok(_) => drawn += 1,
                        Err(StoreError::Conflict(what)) => assert!(what.contains("payment p1"), "{what}"),
                        Err(other) => panic!("{other}"),
                    }
                }
                drawn
            })
        })
        .collect();
    let mut drawn = 0;
    for writer in writers {
        drawn += writer.await.unwrap();
    }
    assert_eq!(drawn, 33, "33 times 3.00 of 100.00");
    let left = second.payment(&payment_id("p1")).await.unwrap().unwrap().balance.remaining;
    assert_eq!(left, eur(100));
    assert_eq!(first.verify().await.unwrap().findings, [""; 0]);
}
