//! The contract of sealed secrets: one list of cases, run on SQLite and on PostgreSQL. What a dump of the database shows, rows from before,
//! keys that are missing, wrong or changed.

use std::path::Path;
use std::sync::Arc;

use quittance_agent::ports::{Store as _, StoreError};
use quittance_agent::ports_accounts::{Accounts as _, Credentials, Ticket, content_of, record_of};
use quittance_agent::webhooks::manage::digest_of;
use quittance_agent::webhooks::ports::Webhooks as _;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{Grant, Role, User, UserId};
use quittance_rules::webhooks::{EndpointState, EventKind, SecretRecord, WebhookEndpoint};
use quittance_tools::sealing::Keys;
use quittance_tools::store::{Database, Sealed};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

use crate::postgres;
use crate::sample::*;

const TOTP: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const SIGNING: &str = "whsec_bWVhc3VyZWQgaW4gdGhlIG9wZW4gZm9yIHRoaXM=";

fn ana() -> UserId {
    UserId::parse("ana").unwrap()
}

fn credentials() -> Credentials {
    Credentials {
        password: Some("$argon2id$one".to_owned()),
        totp_secret: Some(TOTP.to_owned()),
        recovery_hashes: vec!["ab".repeat(32)],
        version: 1,
    }
}

/// A person with a second factor and an address with a secret.
async fn fill(book: &Database) {
    let grants = vec![Grant { role: Role::Admin, entity: None }];
    let user = User { id: ana(), name: "Ana".into(), email: None, language: None, grants, external: None, is_disabled: false };
    apply(book, vec![Change::UserSet(user)]).await.unwrap();
    let record = record_of(&ana(), &credentials(), "password", |bytes| hex::encode(Sha256::digest(bytes)));
    let set = ChangeSet { by: Actor::Person("ana".into()), at: at(5), changes: vec![Change::CredentialsSet(record)] };
    book.set_credentials(set, &ana(), &credentials(), None).await.unwrap();
    let endpoint = WebhookEndpoint {
        id: "we_1".into(),
        version: 1,
        entity: None,
        url: "https://example.com/hook".into(),
        note: String::new(),
        events: EventKind::ALL.to_vec(),
        secrets: vec![SecretRecord { digest: digest_of(SIGNING), made_at: at(0), ends_at: None }],
        state: EndpointState::On,
        made_at: at(0),
    };
    let set = ChangeSet { by: Actor::Rule, at: at(6), changes: vec![Change::WebhookSet(endpoint.clone())] };
    book.set_webhook(set, &endpoint, Some(SIGNING)).await.unwrap();
}

/// Runs statements past the program; the text of the first column of the last one's rows.
async fn by_hand(url: &str, statements: &[String]) -> Vec<String> {
    let mut texts = Vec::new();
    if url.starts_with("postgres") {
        let mut hand = PgConnection::connect(url).await.unwrap();
        for statement in statements {
            let rows = hand.fetch_all(AssertSqlSafe(statement.clone())).await.unwrap();
            texts = rows.iter().map(|row| row.get::<String, _>(0)).collect();
        }
        hand.close().await.unwrap();
    } else {
        let mut hand = SqliteConnection::connect(url).await.unwrap();
        for statement in statements {
            let rows = hand.fetch_all(AssertSqlSafe(statement.clone())).await.unwrap();
            texts = rows.iter().map(|row| row.get::<String, _>(0)).collect();
        }
        hand.close().await.unwrap();
    }
    texts
}

async fn stored(url: &str) -> Vec<String> {
    let both = "SELECT content FROM secrets UNION ALL SELECT secret FROM webhook_secrets";
    by_hand(url, &[both.to_owned()]).await
}

/// Puts the secrets back as they stood before they were sealed, as an older version left them.
async fn as_before(url: &str) {
    let mut statements = Vec::new();
    for (table, trigger) in [("secrets", "secrets_update_sealed"), ("webhook_secrets", "webhook_secrets_update_sealed")] {
        let of = if url.starts_with("postgres") { format!(" ON {table}") } else { String::new() };
        statements.push(format!("DROP TRIGGER IF EXISTS {trigger}{of}"));
    }
    let content = content_of(&credentials());
    statements.push(format!("UPDATE secrets SET content = '{content}'"));
    statements.push(format!("UPDATE webhook_secrets SET secret = '{SIGNING}'"));
    statements.push("DELETE FROM sealing_keys".to_owned());
    by_hand(url, &statements).await;
}

async fn is_whole(book: &Database) {
    assert_eq!(book.credentials(&ana()).await.unwrap(), credentials());
    let report = book.verify().await.unwrap();
    assert_eq!((report.findings, report.not_compared), (vec![], vec![]));
}

fn of_file(file: &Path) -> Arc<Keys> {
    Arc::new(Keys::of_file(file).unwrap())
}

async fn the_contract(url: &str, folder: &Path) {
    let file = folder.join("quittance.key");
    let book = Database::create(url).await.unwrap();
    // Without a key nothing is kept readable: it is refused, and nothing of the change is there.
    let user =
        User { id: ana(), name: "Ana".into(), email: None, language: None, grants: vec![], external: None, is_disabled: false };
    apply(&book, vec![Change::UserSet(user)]).await.unwrap();
    let head = book.head().await.unwrap();
    let record = record_of(&ana(), &credentials(), "password", |bytes| hex::encode(Sha256::digest(bytes)));
    let set = ChangeSet { by: Actor::Rule, at: at(5), changes: vec![Change::CredentialsSet(record)] };
    let refused = book.set_credentials(set, &ana(), &credentials(), None).await.unwrap_err().to_string();
    assert!(refused.contains("no key"), "{refused}");
    assert_eq!(book.head().await.unwrap(), head);

    let book = book.with_keys(of_file(&file));
    assert_eq!(book.seal_secrets(at(1)).await.unwrap(), Sealed { made: true, first: 0, again: 0 });
    fill(&book).await;
    is_whole(&book).await;
    for secret in stored(url).await {
        assert!(secret.starts_with("sealed.1.") && !secret.contains(TOTP) && !secret.contains("argon2"), "{secret}");
    }

    // A seed that waits to be confirmed is sealed as well, for its ticket only.
    let waiting = Ticket { hash: "t".repeat(64), kind: "totp".into(), user: Some(ana()), content: TOTP.into(), ends_at: at(900) };
    book.put_ticket(&waiting).await.unwrap();
    let kept = by_hand(url, &["SELECT content FROM tickets".to_owned()]).await;
    assert!(kept.len() == 1 && kept[0].starts_with("sealed.1."), "{kept:?}");
    by_hand(url, &[format!("UPDATE tickets SET hash = '{}'", "u".repeat(64))]).await;
    assert!(book.ticket(&"u".repeat(64), "totp", at(9)).await.is_err(), "it was sealed for another ticket");
    by_hand(url, &[format!("UPDATE tickets SET hash = '{}'", waiting.hash)]).await;
    assert_eq!(book.take_ticket(&waiting.hash, "totp", at(9)).await.unwrap(), Some(waiting));

    // Rows of an older version go on working, sealed by the next start.
    as_before(url).await;
    assert!(book.credentials(&ana()).await.unwrap_err().to_string().contains("not sealed"));
    assert_eq!(book.seal_secrets(at(2)).await.unwrap(), Sealed { made: false, first: 2, again: 0 });
    assert_eq!(book.seal_secrets(at(3)).await.unwrap(), Sealed::default(), "once is enough");
    is_whole(&book).await;

    // Another key, or none: one sentence with the file and what to do; nothing is changed, no key is made.
    let before = stored(url).await;
    for other in ["other.key", "missing.key"] {
        let other = folder.join(other);
        if other.ends_with("other.key") {
            assert!(of_file(&other).make().unwrap());
        }
        let wrong = book.clone().with_keys(of_file(&other));
        let Err(StoreError::Unavailable(refused)) = wrong.seal_secrets(at(4)).await else { panic!("{other:?} is not its key") };
        assert!(refused.contains(&other.display().to_string()) && refused.contains("put the key file"), "{refused}");
        assert!(wrong.credentials(&ana()).await.is_err());
        let report = wrong.verify().await.unwrap();
        assert!(report.findings.is_empty() && !report.not_compared.is_empty(), "not altered, but not compared: {report:?}");
    }
    assert!(!folder.join("missing.key").exists());
    assert_eq!(stored(url).await, before);

    // A changed key: everything is sealed anew, and who started before reads on.
    let changed = of_file(&file);
    changed.change().unwrap();
    let (old, new) = (book.clone(), book.clone().with_keys(Arc::clone(&changed)));
    assert_eq!(new.keys_in_use().await.unwrap().len(), 1);
    assert_eq!(new.seal_secrets(at(5)).await.unwrap(), Sealed { made: false, first: 0, again: 2 });
    assert_eq!(new.keys_in_use().await.unwrap(), changed.ids()[..1]);
    is_whole(&old).await;
    is_whole(&new).await;
    assert_ne!(stored(url).await, before);

    // What somebody puts in place readable later is not taken over.
    as_before(url).await;
    by_hand(url, &[format!("INSERT INTO sealing_keys VALUES ('{}', 1)", changed.ids()[0])]).await;
    assert_eq!(new.seal_secrets(at(6)).await.unwrap(), Sealed::default());
    assert!(new.credentials(&ana()).await.is_err());
    let findings = new.verify().await.unwrap().findings;
    assert_eq!(findings.len(), 2, "{findings:?}");

    // Nor where somebody forgot for the program that it had sealed: what the log does not say was set stays out.
    as_before(url).await;
    by_hand(url, &["UPDATE secrets SET content = replace(content, 'argon2id$one', 'argon2id$two')".to_owned()]).await;
    assert_eq!(new.seal_secrets(at(7)).await.unwrap(), Sealed { made: false, first: 1, again: 0 });
    assert!(new.credentials(&ana()).await.unwrap_err().to_string().contains("not sealed"));
    let findings = new.verify().await.unwrap().findings;
    assert!(findings.len() == 1 && findings[0].starts_with("table secrets, row ana"), "{findings:?}");
    new.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_sealed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    the_contract(&format!("sqlite://{}/book.db", folder.path().display()), folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_sealed_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let server = postgres::Server::start();
    the_contract(&server.fresh().await, folder.path()).await;
}

/// Who has the file, with a tool of their own, finds nothing of what stood there readable before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_readable_is_left_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/book.db", folder.path().display());
    let book = Database::create(&url).await.unwrap().with_keys(of_file(&folder.path().join("quittance.key")));
    book.seal_secrets(at(1)).await.unwrap();
    fill(&book).await;
    as_before(&url).await;
    let holds = |secret: &str| {
        let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
        [bytes("book.db"), bytes("book.db-wal")]
            .iter()
            .any(|file| file.windows(secret.len()).any(|seen| seen == secret.as_bytes()))
    };
    assert!(holds(TOTP) && holds(SIGNING), "the test would see them");
    assert_eq!(book.seal_secrets(at(2)).await.unwrap().first, 2);
    assert!(!holds(TOTP) && !holds(SIGNING));
    is_whole(&book).await;
    book.close().await;
    assert!(!holds(TOTP) && !holds(SIGNING));
}

/// Two processes that start at once on an empty server: one key, or a refusal that says which is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_first_starts_make_one_key() {
    let server = postgres::Server::start();
    let url = server.fresh().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = Database::create(&url).await.unwrap();
    let second = Database::open(&url).await.unwrap();
    let start = |book: Database, at_folder: &tempfile::TempDir| {
        let book = book.with_keys(of_file(&at_folder.path().join("quittance.key")));
        async move { book.seal_secrets(at(1)).await }
    };
    let (one, two) = tokio::join!(start(first, &folders[0]), start(second, &folders[1]));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let made = folders.iter().filter(|folder| folder.path().join("quittance.key").exists()).count();
    assert_eq!(made, 1);
}

/// The key is changed again and again while a person sets new secrets: the newest that was set always stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_the_key_never_brings_an_older_secret_back() {
    let server = postgres::Server::start();
    let url = server.fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quittance.key");
    let book = Database::create(&url).await.unwrap().with_keys(of_file(&file));
    book.seal_secrets(at(1)).await.unwrap();
    fill(&book).await;
    let sealing = async {
        let other = Database::open(&url).await.unwrap();
        for _ in 0..40 {
            let keys = of_file(&file);
            keys.change().unwrap();
            other.clone().with_keys(keys).seal_secrets(at(2)).await.unwrap();
        }
    };
    let setting = async {
        let mut last = credentials();
        for version in 2..200 {
            last = Credentials { version, password: Some(format!("$argon2id${version}")), ..credentials() };
            let record = record_of(&ana(), &last, "password", |bytes| hex::encode(Sha256::digest(bytes)));
            let set = ChangeSet { by: Actor::Person("ana".into()), at: at(5), changes: vec![Change::CredentialsSet(record)] };
            book.set_credentials(set, &ana(), &last, None).await.unwrap();
            assert_eq!(book.credentials(&ana()).await.unwrap().password, last.password);
        }
        last
    };
    let ((), last) = tokio::join!(sealing, setting);
    assert_eq!(book.credentials(&ana()).await.unwrap().password, last.password);
    let report = book.clone().with_keys(of_file(&file)).verify().await.unwrap();
    assert_eq!((report.findings, report.not_compared), (vec![], vec![]));
}

/// The key was lost: from then on too nothing readable is taken over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_given_up_leaves_its_successor_named() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/book.db", folder.path().display());
    let book = Database::create(&url).await.unwrap().with_keys(of_file(&folder.path().join("old.key")));
    book.seal_secrets(at(1)).await.unwrap();
    fill(&book).await;
    let new = of_file(&folder.path().join("new.key"));
    let book = book.with_keys(Arc::clone(&new));
    let lost = book.give_up_key(at(2)).await.unwrap();
    assert_eq!((lost.people, lost.addresses), (vec![(ana(), 1)], vec!["we_1".to_owned()]));
    let named = by_hand(&url, &["SELECT id FROM sealing_keys".to_owned()]).await;
    assert_eq!(named, new.ids());
}
