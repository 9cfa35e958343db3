//! One altered value anywhere, in the tables, in the log or in a kept original, is found and named.

use quittance_agent::ports::Store;
use quittance_rules::cases::InputDigest;
use quittance_rules::journal::{AuditEntry, Change};
use quittance_rules::ledger::DecisionId;
use quittance_tools::store::{Database, verify_export};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::postgres;
use crate::sample::*;

/// Every table whose rows the log, the postings or a digest determine.
const TABLES: [&str; 19] = [
    "entities",
    "accounts",
    "customers",
    "items",
    "inputs",
    "inputs_taken",
    "bank_lines",
    "lines_found",
    "evidence",
    "model_calls",
    "cases",
    "decisions",
    "postings",
    "policies",
    "item_balances",
    "payment_balances",
    "audit_entries",
    "blobs",
    "blob_chunks",
];

async fn book_with_work(url: &str) -> Database {
    let book = Database::create(url).await.unwrap();
    small_book(&book).await;
    some_work(&book).await;
    table_with_lines_of_the_statement(&book).await;
    assert_eq!(book.verify().await.unwrap().findings, [""; 0]);
    book
}

async fn run(connection: &mut SqliteConnection, sql: String) -> u64 {
    connection.execute(AssertSqlSafe(sql.clone())).await.unwrap_or_else(|e| panic!("{sql}: {e}")).rows_affected()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_every_table_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.db");
    let book = book_with_work(&format!("sqlite://{}", file.display())).await;

    // Somebody with the file and a tool of their own, past all triggers and checks.
    let mut hand =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file).foreign_keys(false)).await.unwrap();
    let triggers = hand.fetch_all("SELECT name FROM sqlite_master WHERE type = 'trigger'").await.unwrap();
    for trigger in triggers {
        run(&mut hand, format!("DROP TRIGGER {}", trigger.get::<String, _>(0))).await;
    }
    run(&mut hand, "PRAGMA ignore_check_constraints = ON".into()).await;

    let mut tried = 0;
    for table in TABLES {
        let columns = hand.fetch_all(AssertSqlSafe(format!("PRAGMA table_info({table})"))).await.unwrap();
        let first: i64 = hand
            .fetch_one(AssertSqlSafe(format!("SELECT MIN(rowid) FROM {table}")))
            .await
            .unwrap()
            .get::<Option<i64>, _>(0)
            .unwrap();
        let key_column = match table {
            "bank_lines" => "line_key".to_owned(),
            _ => columns[0].get::<String, _>("name"),
        };
        let key = format!("SELECT CAST({key_column} AS TEXT) FROM {table} WHERE rowid = {first}");
        let key: String = hand.fetch_one(AssertSqlSafe(key)).await.unwrap().get(0);
        for column in columns {
            let (column, kind) = (column.get::<String, _>("name"), column.get::<String, _>("type"));
            let altered = match kind.as_str() {
                // Far enough to meet no other row's number.
                "INTEGER" => format!("COALESCE({column}, 0) + 1000"),
                "BLOB" => format!("CAST('!' AS BLOB) || substr({column}, 2)"),
                _ => format!("CASE WHEN substr({column}, 1, 1) = '#' THEN '+' ELSE '#' END || substr(COALESCE({column}, ''), 2)"),
            };
            let altered = if kind == "BLOB" { format!("CAST({altered} AS BLOB)") } else { altered };
            run(&mut hand, "CREATE TABLE kept_aside AS SELECT * FROM ".to_owned() + table).await;
            // The primary key of whole numbers is the row number itself, so the row is found by its key again.
            assert_eq!(run(&mut hand, format!("UPDATE {table} SET {column} = {altered} WHERE rowid = {first}")).await, 1);

            let findings = book.verify().await.unwrap().findings;
            let named = findings.iter().any(|finding| {
                finding.starts_with(&format!("table {table}, row "))
                    && finding.split(", column ").nth(1).is_some_and(|rest| {
                        rest.split(": ").next().unwrap_or_default().split([',', ' ']).any(|name| name == column)
                    })
                    && (column == key_column || finding.contains(&key))
            });
            // A digest is its own key: where it is altered, the original is missed under the old one.
            let own_key = matches!((table, column.as_str()), ("blobs" | "blob_chunks", "digest"));
            assert!(
                named || (own_key && findings.iter().any(|f| f.contains("table blob"))),
                "{table}.{column} of row {key}: {findings:#?}"
            );
            tried += 1;

            run(&mut hand, format!("DELETE FROM {table}")).await;
            run(&mut hand, format!("INSERT INTO {table} SELECT * FROM kept_aside")).await;
            run(&mut hand, "DROP TABLE kept_aside".into()).await;
        }
        // A row removed, and a row nobody logged.
        run(&mut hand, "CREATE TABLE kept_aside AS SELECT * FROM ".to_owned() + table).await;
        run(&mut hand, format!("DELETE FROM {table} WHERE rowid = {first}")).await;
        let findings = book.verify().await.unwrap().findings;
        assert!(!findings.is_empty(), "a row removed from {table}");
        run(&mut hand, format!("DELETE FROM {table}")).await;
        run(&mut hand, format!("INSERT INTO {table} SELECT * FROM kept_aside")).await;
        run(&mut hand, "DROP TABLE kept_aside".into()).await;
    }
    assert!(tried > 100, "{tried} columns");
    let extra = "INSERT INTO customers SELECT 'intruder', name, aliases, country, currency, iban, parent_id, withholding_percent, tolerance, \
        emails, audit_seq, change_no + 500 FROM customers LIMIT 1";
    run(&mut hand, extra.into()).await;
    let findings = book.verify().await.unwrap().findings;
    assert!(findings.iter().any(|f| f.starts_with("table customers, row intruder, ")), "{findings:#?}");
    run(&mut hand, "DELETE FROM customers WHERE id = 'intruder'".into()).await;

    // The tail cut off together with everything it made.
    run(&mut hand, "UPDATE chain_head SET seq = seq + 1".into()).await;
    assert!(book.verify().await.unwrap().findings.iter().any(|f| f.contains("chain_head")));
    run(&mut hand, "UPDATE chain_head SET seq = seq - 1".into()).await;
    run(&mut hand, "UPDATE sequences SET next_number = 1 WHERE name = 'posting'".into()).await;
    assert!(book.verify().await.unwrap().findings.iter().any(|f| f.contains("table sequences, row posting")));
    run(&mut hand, "UPDATE sequences SET next_number = 4 WHERE name = 'posting'".into()).await;
    assert_eq!(book.verify().await.unwrap().findings, [""; 0], "all is as before");
}

const WATERMARKED: &[u8] = b"an original nobody refers to, marked WATERMARK";

/// What can be read of the rows the test below alters.
async fn everything(book: &Database) -> String {
    use quittance_agent::ports::CaseFilter;
    use sha2::Digest;
    let kept = InputDigest(hex::encode(sha2::Sha256::digest(WATERMARKED)));
    let read = (
        book.audit_entries(0, 0).await.unwrap(),
        book.cases(&CaseFilter { resolved: true, ..CaseFilter::default() }).await.unwrap(),
        book.payment(&payment_id("p2")).await.unwrap(),
        book.decisions(DecisionId(0), 0).await.unwrap(),
        book.policy().await.unwrap(),
        book.kept(&kept).await.unwrap(),
    );
    format!("{read:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_of_the_file_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.db");
    let url = format!("sqlite://{}", file.display());
    let book = book_with_work(&url).await;
    book.keep_bytes(WATERMARKED).await.unwrap();
    let content = everything(&book).await;
    book.close().await;
    let sound = std::fs::read(&file).unwrap();
    for (marker, named) in [
        (&b"WATERMARK"[..], "table blob_chunks, row "),
        (b"Rechnung p2 vielen", "table "),
        (b"EUR 20.00 short of INV-2041", "table "),
        (b"limit = 1", "table "),
        (b"person:Zo", "table "),
    ] {
        let places: Vec<usize> =
            sound.windows(marker.len()).enumerate().filter(|(_, bytes)| *bytes == marker).map(|(at, _)| at).collect();
        assert!(!places.is_empty(), "{}", String::from_utf8_lossy(marker));
        let mut found = 0;
        for place in places {
            let mut altered = sound.clone();
            altered[place + 1] ^= 1;
            std::fs::write(&file, &altered).unwrap();
            let book = Database::open(&url).await.unwrap();
            let findings = book.verify().await.unwrap().findings;
            if findings.is_empty() {
                // SQLite leaves old bytes in the unused space of pages, where nothing reads them.
                assert_eq!(everything(&book).await, content, "at byte {place} something is read and not watched");
            } else {
                // The same words may stand in an index; then the database's own check finds it.
                let is_named =
                    |finding: &String| finding.starts_with(named) || finding.starts_with("the database file is damaged");
                assert!(findings.iter().any(is_named), "at byte {place}: {findings:#?}");
                found += 1;
            }
            book.close().await;
        }
        assert!(found > 0, "{}", String::from_utf8_lossy(marker));
    }
    // Any byte of the pages: no panic, and an answer or a sentence.
    for place in (0..sound.len()).step_by(sound.len() / 40) {
        let mut altered = sound.clone();
        altered[place] ^= 0x55;
        std::fs::write(&file, &altered).unwrap();
        if let Ok(book) = Database::open(&url).await {
            let _ = book.verify().await;
            book.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_too() {
    let server = postgres::Server::start();
    let url = server.fresh().await;
    let book = book_with_work(&url).await;
    let mut hand = PgConnection::connect(&url).await.unwrap();
    // What a slip of the hand would do is refused.
    for refused in [
        "UPDATE postings SET amount_minor = 1",
        "DELETE FROM postings",
        "TRUNCATE postings CASCADE",
        "UPDATE audit_entries SET changes = ''",
        "DELETE FROM bank_lines",
        "UPDATE decisions SET what = 'asked'",
        "DELETE FROM inputs",
        "UPDATE blob_chunks SET bytes = bytes",
        "UPDATE items SET amount_minor = 1",
        "UPDATE payment_balances SET remaining_minor = -1",
        "UPDATE payment_balances SET remaining_minor = received_minor + 1 WHERE received_minor > 0",
        "UPDATE item_balances SET open_minor = billed_minor * 2",
        "UPDATE cases SET state = 'lost', version = version + 1",
        "UPDATE cases SET version = version",
        "UPDATE chain_head SET seq = seq + 2",
        "DELETE FROM customers",
    ] {
        assert!(hand.execute(refused).await.is_err(), "{refused}");
    }
    for (table, set, named) in [
        ("bank_lines", "remittance = 'x' WHERE payment_id = 'p1'", "row key-of-p1, column remittance"),
        ("bank_lines", "amount_minor = amount_minor + 1 WHERE payment_id = 'p1'", "row key-of-p1, column amount_minor"),
        ("postings", "amount_minor = amount_minor + 1 WHERE id = 2", "row 2, column amount_minor"),
        ("customers", "iban = 'DE00' WHERE id = 'c1'", "row c1, column iban"),
        ("payment_balances", "remaining_minor = 1 WHERE payment_id = 'p1'", "row p1, column remaining_minor"),
        (
            "audit_entries",
            "changes = replace(changes, 'ACME', 'ACMF') WHERE seq = 1",
            "row 1, column entered_at, actor, changes or hash",
        ),
        ("audit_entries", "actor = 'person:x' WHERE seq = 2", "row 2, column "),
        ("blob_chunks", "bytes = 'y'", "column bytes"),
        ("decisions", "inputs = '{}' WHERE id = 1", "row 1, column inputs"),
    ] {
        let mut change = hand.begin().await.unwrap();
        change.execute(AssertSqlSafe(format!("ALTER TABLE {table} DISABLE TRIGGER USER"))).await.unwrap();
        change.execute(AssertSqlSafe(format!("CREATE TABLE kept_aside AS SELECT * FROM {table}"))).await.unwrap();
        change.execute(AssertSqlSafe(format!("UPDATE {table} SET {set}"))).await.unwrap();
        change.commit().await.unwrap();
        let findings = book.verify().await.unwrap().findings;
        let prefix = format!("table {table}, ");
        assert!(findings.iter().any(|f| f.starts_with(&prefix) && f.contains(named)), "{table} {set}: {findings:#?}");
        let mut change = hand.begin().await.unwrap();
        change.execute("SET session_replication_role = replica").await.unwrap();
        change.execute(AssertSqlSafe(format!("DELETE FROM {table}"))).await.unwrap();
        change.execute(AssertSqlSafe(format!("INSERT INTO {table} SELECT * FROM kept_aside"))).await.unwrap();
        change.execute("DROP TABLE kept_aside").await.unwrap();
        change.execute("SET session_replication_role = origin").await.unwrap();
        change.commit().await.unwrap();
        let mut change = hand.begin().await.unwrap();
        change.execute(AssertSqlSafe(format!("ALTER TABLE {table} ENABLE TRIGGER USER"))).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(book.verify().await.unwrap().findings, [""; 0]);
    }
    hand.close().await.unwrap();
    book.close().await;
}

#[tokio::test]
async fn sqlite_refuses_slips_of_the_hand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("book.db");
    let book = book_with_work(&format!("sqlite://{}", file.display())).await;
    let mut hand = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    for table in
        "postings audit_entries decisions bank_lines lines_found inputs inputs_taken policies blobs blob_chunks".split(' ')
    {
        let column = hand.fetch_one(AssertSqlSafe(format!("PRAGMA table_info({table})"))).await.unwrap().get::<String, _>("name");
        for refused in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")] {
            let error = hand.execute(AssertSqlSafe(refused.clone())).await.expect_err(&refused).to_string();
            assert!(error.contains("append-only"), "{refused}: {error}");
        }
    }
    for refused in [
        "UPDATE items SET amount_minor = 1",
        "DELETE FROM items",
        "UPDATE payment_balances SET remaining_minor = -1",
        "UPDATE payment_balances SET remaining_minor = received_minor + 1 WHERE received_minor > 0",
        "UPDATE payment_balances SET remaining_minor = 1 WHERE received_minor < 0",
        "UPDATE item_balances SET open_minor = billed_minor * 2",
        "UPDATE item_balances SET open_minor = 'much'",
        "UPDATE cases SET state = 'lost', version = version + 1",
        "UPDATE cases SET version = version",
        "UPDATE chain_head SET seq = seq + 2",
        "UPDATE sequences SET next_number = 1",
    ] {
        assert!(hand.execute(refused).await.is_err(), "{refused}");
    }
    drop(hand);
    assert_eq!(book.verify().await.unwrap().findings, [""; 0]);
}

#[tokio::test]
async fn an_export_with_one_flipped_bit() {
    let folder = tempfile::tempdir().unwrap();
    let book = Database::create(&format!("sqlite://{}/book.db", folder.path().display())).await.unwrap();
    apply(&book, vec![Change::EntitySet(entity("e1"))]).await.unwrap();
    apply(&book, vec![Change::ItemAdded(item("ä", "e1", -5))]).await.unwrap();
    apply(&book, vec![Change::PolicyPublished { version: "p\"1".into(), text: "limit = 1\n".into() }]).await.unwrap();
    let entries = book.audit_entries(0, 0).await.unwrap();
    let export: String = entries.iter().map(|e| serde_json::to_string(e).unwrap() + "\n").collect();
    let sound = verify_export(export.as_bytes());
    assert_eq!((sound.entries, sound.findings.len()), (3, 0));
    for place in 0..export.len() {
        let mut altered = export.clone().into_bytes();
        altered[place] ^= 1;
        // Only what reads as the same entries may pass: here, a line feed that became another space.
        let same = altered
            .split(|b| *b == b'\n')
            .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
            .map(serde_json::from_slice::<AuditEntry>)
            .collect::<Result<Vec<_>, _>>()
            .is_ok_and(|read| read == entries);
        let report = verify_export(altered.as_slice());
        assert_eq!(report.findings.is_empty(), same, "byte {place}");
        assert!(!same || report == sound);
    }
    // Lines lost, swapped, repeated; the tail shows in the count and head only.
    let lines: Vec<&str> = export.lines().collect();
    for (order, found) in
        [(vec![0, 2], true), (vec![1, 0, 2], true), (vec![0, 1, 1, 2], true), (vec![1, 2], true), (vec![0, 1], false)]
    {
        let text: String = order.iter().map(|at| lines[*at].to_owned() + "\n").collect();
        let report = verify_export(text.as_bytes());
        assert_eq!(!report.findings.is_empty(), found, "{order:?}: {:?}", report.findings);
        assert_ne!((report.entries, &report.head, report.findings.len()), (3, &sound.head, 0));
    }
    for nonsense in ["{}", "[", "\u{0}", "{\"seq\":1e400}", "null"] {
        assert_eq!(verify_export(nonsense.as_bytes()).findings.len(), 1, "{nonsense:?}");
    }
}
