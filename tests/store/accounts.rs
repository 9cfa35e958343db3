//! The contract of accounts and of the pages' lists: one list of cases, run on SQLite and on PostgreSQL.

use jiff::SignedDuration;
use quittance_agent::desk::ports::DeskStore as _;
use quittance_agent::ports::{Store, StoreError};
use quittance_agent::ports_accounts::{Accounts, Credentials, SessionRecord, Ticket, record_of};
use quittance_agent::ports_pages::Pages;
use quittance_rules::cases::{Actor, Subject};
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{ApiToken, External, Grant, Passkey, PasskeyState, Role, Scope, User, UserId};
use quittance_tools::store::Database;
use sha2::{Digest as _, Sha256};

use crate::contract::{self, contract};
use crate::sample::*;

contract![
    people_come_back_as_they_went_in,
    credentials_change_version_by_version_and_are_verified,
    codes_are_good_once,
    sessions_live_and_end,
    tickets_are_taken_once,
    failures_are_counted_in_a_window,
    tokens_are_found_by_their_hash,
    passkeys_count_up_and_do_not_come_back,
    lists_for_pages,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accounts_on_sqlite() {
    contract::on_sqlite(CONTRACT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accounts_on_postgres() {
    contract::on_postgres(CONTRACT).await;
}

fn id(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn sha(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn person(name: &str) -> User {
    User {
        id: id(name),
        name: format!("{name} „of“ the desk"),
        email: Some(format!("{name}@example.com")),
        language: Some("es".to_owned()),
        grants: vec![Grant { role: Role::Approver, entity: Some(entity_id("e1")) }, Grant { role: Role::Viewer, entity: None }],
        external: None,
        is_disabled: false,
    }
}

async fn add(book: &Database, user: User) {
    apply(book, vec![Change::UserSet(user)]).await.unwrap();
}

async fn set(book: &Database, name: &str, credentials: &Credentials, keep: Option<&str>) -> Result<(), StoreError> {
    let record = record_of(&id(name), credentials, "password", |bytes| hex::encode(Sha256::digest(bytes)));
    let changes = ChangeSet { by: Actor::Person(name.to_owned()), at: at(5), changes: vec![Change::CredentialsSet(record)] };
    book.set_credentials(changes, &id(name), credentials, keep).await.map(|_| ())
}

fn session(name: &str, secret: &str) -> SessionRecord {
    SessionRecord {
        hash: sha(secret),
        user: id(name),
        started_at: at(0),
        seen_at: at(0),
        ends_at: at(1_000_000),
        proved_at: at(0),
        address: "192.0.2.7".to_owned(),
        agent: "a browser\u{0}".to_owned(),
    }
}

async fn people_come_back_as_they_went_in(book: Database) {
    assert_eq!(book.user(&id("ana")).await.unwrap(), None);
    add(&book, person("ana")).await;
    add(&book, person("bo")).await;
    assert_eq!(book.user(&id("ana")).await.unwrap(), Some(person("ana")));
    let known = book.apply(by_rule(vec![Change::UserSet(person("ana"))])).await.unwrap();
    assert_eq!(known.recorded, 0, "nothing new");
    let external = Some(External { issuer: "https://idp".to_owned(), subject: "s-1".to_owned() });
    add(&book, User { external: external.clone(), ..person("ana") }).await;
    assert_eq!(book.user_of_external("https://idp", "s-1").await.unwrap().map(|user| user.id), Some(id("ana")));
    assert_eq!(book.user_of_external("https://other", "s-1").await.unwrap(), None);
    // One account elsewhere belongs to one person.
    assert!(matches!(apply(&book, vec![Change::UserSet(User { external, ..person("bo") })]).await, Err(StoreError::Conflict(_))));
    assert_eq!(book.users().await.unwrap().iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["ana", "bo"]);
}

async fn credentials_change_version_by_version_and_are_verified(book: Database) {
    add(&book, person("ana")).await;
    assert_eq!(book.credentials(&id("ana")).await.unwrap(), Credentials::default());
    let first = Credentials { password: Some("$argon2id$one".to_owned()), version: 1, ..Credentials::default() };
    book.begin_session(&session("ana", "one")).await.unwrap();
    book.begin_session(&session("ana", "two")).await.unwrap();
    set(&book, "ana", &first, Some(&sha("two"))).await.unwrap();
    assert_eq!(book.credentials(&id("ana")).await.unwrap(), first);
    assert!(book.session(&sha("one")).await.unwrap().is_none(), "every other session ended");
    assert!(book.session(&sha("two")).await.unwrap().is_some());
    let second = Credentials { version: 2, totp_secret: Some("ABC".to_owned()), ..first.clone() };
    set(&book, "ana", &second, None).await.unwrap();
    // Two who change the same version: one wins, and nothing of the other is left.
    let entries = book.head().await.unwrap();
    for version in [2, 1, 4] {
        let late = Credentials { version, password: Some("$argon2id$late".to_owned()), ..first.clone() };
        assert!(matches!(set(&book, "ana", &late, None).await, Err(StoreError::Conflict(_))), "{version}");
    }
    assert_eq!((book.credentials(&id("ana")).await.unwrap(), book.head().await.unwrap()), (second, entries));
    // The log holds no secret.
    for entry in book.audit_entries(0, 0).await.unwrap() {
        assert!(!entry.changes.contains("argon2id") && !entry.changes.contains("ABC"), "{}", entry.changes);
    }
    // What is not in the change set is not kept.
    let unsaid = book.set_credentials(by_rule(vec![]), &id("ana"), &Credentials { version: 3, ..first }, None).await;
    assert!(unsaid.is_err());
}

async fn codes_are_good_once(book: Database) {
    add(&book, person("ana")).await;
    let hashes = vec![sha("r1"), sha("r2")];
    let kept = Credentials { version: 1, recovery_hashes: hashes.clone(), ..Credentials::default() };
    set(&book, "ana", &kept, None).await.unwrap();
    let ana = id("ana");
    assert!(book.take_totp_step(&ana, 100).await.unwrap());
    for late in [100, 99] {
        assert!(!book.take_totp_step(&ana, late).await.unwrap(), "{late}");
    }
    let mut tries = Vec::new();
    for _ in 0..8 {
        let (book, ana) = (book.clone(), ana.clone());
        tries.push(tokio::spawn(async move { book.take_totp_step(&ana, 101).await.unwrap() }));
    }
    let mut won = 0;
    for one in tries {
        won += u32::from(one.await.unwrap());
    }
    assert_eq!(won, 1, "of those at once, one");
    assert!(book.take_recovery_code(&ana, &sha("r1"), at(1)).await.unwrap());
    assert!(!book.take_recovery_code(&ana, &sha("r1"), at(2)).await.unwrap());
    assert_eq!(book.used_recovery_codes(&ana, &hashes).await.unwrap(), 1);
    assert_eq!(book.used_recovery_codes(&ana, &[sha("r9")]).await.unwrap(), 0);
}

async fn sessions_live_and_end(book: Database) {
    add(&book, person("ana")).await;
    book.begin_session(&session("ana", "one")).await.unwrap();
    let (found, user) = book.session(&sha("one")).await.unwrap().unwrap();
    assert_eq!((found.agent.as_str(), user), ("a browser", person("ana")));
    book.touch_session(&sha("one"), at(50)).await.unwrap();
    book.touch_session(&sha("one"), at(40)).await.unwrap();
    assert_eq!(book.session(&sha("one")).await.unwrap().unwrap().0.seen_at, at(50), "never backwards");
    assert!(book.renew_session(&sha("one"), &sha("new"), at(60)).await.unwrap());
    assert!(!book.renew_session(&sha("one"), &sha("newer"), at(60)).await.unwrap());
    assert!(book.session(&sha("one")).await.unwrap().is_none());
    assert_eq!(book.session(&sha("new")).await.unwrap().unwrap().0.proved_at, at(60));
    book.begin_session(&session("ana", "two")).await.unwrap();
    assert_eq!(
        book.sessions_of(&id("ana")).await.unwrap().iter().map(|s| s.hash.clone()).collect::<Vec<_>>(),
        [sha("new"), sha("two")]
    );
    assert_eq!(book.end_sessions(&id("ana"), Some(&sha("two"))).await.unwrap(), 1);
    book.sweep(at(999_999)).await.unwrap();
    assert!(book.session(&sha("two")).await.unwrap().is_some());
    assert_eq!(book.sweep(at(1_000_000)).await.unwrap(), 1);
    assert!(book.session(&sha("two")).await.unwrap().is_none());
    book.end_session(&sha("two")).await.unwrap();
}

async fn tickets_are_taken_once(book: Database) {
    add(&book, person("ana")).await;
    let ticket = Ticket {
        hash: sha("t"),
        kind: "set_password".to_owned(),
        user: Some(id("ana")),
        content: "{}".to_owned(),
        ends_at: at(100),
    };
    book.put_ticket(&ticket).await.unwrap();
    for (kind, now) in [("oidc", 50), ("set_password", 100)] {
        assert_eq!(book.ticket(&sha("t"), kind, at(now)).await.unwrap(), None, "{kind} {now}");
        assert_eq!(book.take_ticket(&sha("t"), kind, at(now)).await.unwrap(), None, "{kind} {now}");
    }
    assert_eq!(book.ticket(&sha("t"), "set_password", at(99)).await.unwrap(), Some(ticket));
    let mut tries = Vec::new();
    for _ in 0..8 {
        let book = book.clone();
        tries.push(tokio::spawn(async move { book.take_ticket(&sha("t"), "set_password", at(99)).await.unwrap().is_some() }));
    }
    let mut won = 0;
    for one in tries {
        won += u32::from(one.await.unwrap());
    }
    assert_eq!(won, 1);
}

async fn failures_are_counted_in_a_window(book: Database) {
    assert_eq!(book.attempts("a").await.unwrap().failures, 0);
    for count in 1..=3 {
        assert_eq!(book.note_failure("a", at(count * 10), at(0)).await.unwrap(), count);
    }
    let attempts = book.attempts("a").await.unwrap();
    assert_eq!((attempts.failures, attempts.first_at, attempts.last_at), (3, at(10), at(30)));
    assert_eq!(book.note_failure("a", at(40), at(20)).await.unwrap(), 1, "the first was too long ago");
    assert_eq!(book.note_failure("b", at(40), at(20)).await.unwrap(), 1);
    book.clear_failures("a").await.unwrap();
    assert_eq!(book.attempts("a").await.unwrap().failures, 0);
    book.sweep(at(40).checked_add(SignedDuration::from_hours(25)).unwrap()).await.unwrap();
    assert_eq!(book.attempts("b").await.unwrap().failures, 0);
}

async fn tokens_are_found_by_their_hash(book: Database) {
    add(&book, person("ana")).await;
    let token = ApiToken {
        id: "abc".to_owned(),
        user: id("ana"),
        name: "nightly".to_owned(),
        scopes: vec![Scope::Read, Scope::Import],
        hash: sha("token"),
        made_at: at(1),
        expires_at: Some(at(1_000)),
        revoked_at: None,
    };
    apply(&book, vec![Change::TokenSet(token.clone())]).await.unwrap();
    assert_eq!(book.token_of_hash(&sha("token")).await.unwrap(), Some((token.clone(), person("ana"))));
    assert_eq!(book.token_of_hash(&sha("other")).await.unwrap(), None);
    assert_eq!(book.tokens().await.unwrap(), [(token.clone(), None)]);
    book.touch_token("abc", at(10)).await.unwrap();
    book.touch_token("abc", at(20)).await.unwrap();
    assert_eq!(book.tokens().await.unwrap()[0].1, Some(at(10)), "written once a minute at most");
    book.touch_token("abc", at(70_000_000)).await.unwrap();
    assert_eq!(book.tokens().await.unwrap()[0].1, Some(at(70_000_000)));
    let revoked = ApiToken { revoked_at: Some(at(30)), ..token };
    apply(&book, vec![Change::TokenSet(revoked.clone())]).await.unwrap();
    assert_eq!(book.token_of_hash(&sha("token")).await.unwrap().unwrap().0, revoked);
}

async fn passkeys_count_up_and_do_not_come_back(book: Database) {
    add(&book, person("ana")).await;
    add(&book, person("bo")).await;
    let passkey = Passkey {
        id: "AbC-_".to_owned(),
        user: id("ana"),
        handle: "0".repeat(32),
        name: "telephone „new“".to_owned(),
        public_key: "{\"cred\":1}".to_owned(),
        made_at: at(1),
        state: PasskeyState::On,
    };
    let set = async |passkey: Passkey| apply(&book, vec![Change::PasskeySet(passkey)]).await;
    assert!(!book.use_passkey("AbC-_", 1, at(2)).await.unwrap(), "nobody knows it");
    set(passkey.clone()).await.unwrap();
    assert_eq!(book.passkey("AbC-_").await.unwrap(), Some((passkey.clone(), person("ana"))));
    assert_eq!(book.passkey("abc-_").await.unwrap(), None, "another one");
    assert_eq!(book.passkeys_of(&id("ana")).await.unwrap(), [(passkey.clone(), None)]);
    assert!(book.passkeys_of(&id("bo")).await.unwrap().is_empty());
    // A device that does not count, then one that does: from then on it must.
    for (counter, is_taken) in [(0, true), (0, true), (5, true), (5, false), (4, false), (0, false), (6, true), (u32::MAX, true)]
    {
        assert_eq!(book.use_passkey("AbC-_", counter, at(10 + i64::from(counter))).await.unwrap(), is_taken, "{counter}");
    }
    assert_eq!(book.passkeys_of(&id("ana")).await.unwrap()[0].1, Some(at(10 + i64::from(u32::MAX))));
    // Of many at once with one counter, one is taken.
    set(Passkey { id: "two".to_owned(), made_at: at(2), ..passkey.clone() }).await.unwrap();
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let book = book.clone();
        uses.spawn(async move { book.use_passkey("two", 1, at(20)).await.unwrap() });
    }
    assert_eq!(uses.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
    // Whose it is and what it is stay as they are.
    for other in [
        Passkey { user: id("bo"), ..passkey.clone() },
        Passkey { public_key: "{}".to_owned(), ..passkey.clone() },
        Passkey { handle: "1".repeat(32), ..passkey.clone() },
    ] {
        assert!(matches!(set(other).await, Err(StoreError::Conflict(_))));
    }
    let renamed = Passkey { name: "old telephone".to_owned(), ..passkey.clone() };
    set(renamed.clone()).await.unwrap();
    let gone = Passkey { state: PasskeyState::Removed { at: at(30) }, ..renamed.clone() };
    set(gone.clone()).await.unwrap();
    assert!(matches!(set(renamed).await, Err(StoreError::Conflict(_))), "it does not come back");
    assert!(!book.use_passkey("AbC-_", u32::MAX, at(40)).await.unwrap(), "and opens nothing");
    let copied = Passkey { id: "two".to_owned(), made_at: at(2), state: PasskeyState::Copied { at: at(31) }, ..passkey };
    set(copied.clone()).await.unwrap();
    assert!(!book.use_passkey("two", 2, at(40)).await.unwrap());
    let all = book.passkeys_of(&id("ana")).await.unwrap();
    assert_eq!(all.into_iter().map(|(passkey, _)| passkey).collect::<Vec<_>>(), [gone, copied.clone()]);
    // A copied one may still be taken away.
    set(Passkey { state: PasskeyState::Removed { at: at(32) }, ..copied }).await.unwrap();
}

async fn lists_for_pages(book: Database) {
    book.ping().await.unwrap();
    small_book(&book).await;
    some_work(&book).await;
    let lines = book.customer_lines("", None, 10, DAY).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.customer.id.to_string()).collect::<Vec<_>>(), ["c1", "c2"]);
    let open: Vec<(String, u64, i64)> =
        lines[0].open.iter().map(|sum| (sum.entity.to_string(), sum.count, sum.open.minor())).collect();
    assert!(open.contains(&("e1".to_owned(), 3, 1_000 + 5_000 - 2_000)), "{open:?}");
    let first = book.customer_lines("", None, 1, DAY).await.unwrap();
    let name = first[0].customer.name.clone();
    let rest = book.customer_lines("", Some((&name, first[0].customer.id.as_str())), 10, DAY).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(book.customer_lines("BILLING@acme", None, 10, DAY).await.unwrap().len(), 2);
    for nothing in ["%", "_", "!", "nobody", "' OR 1=1 --"] {
        assert!(book.customer_lines(nothing, None, 10, DAY).await.unwrap().is_empty(), "{nothing}");
    }
    let items = book.items_of(&customer_id("c1"), 10).await.unwrap();
    assert!(items.iter().any(|stored| stored.item.id == item_id("a") && stored.balance.open == eur(1_000)));
    let movements = book.movements_of(&customer_id("c1"), 10).await.unwrap();
    assert_eq!(movements.iter().map(|m| m.posting.id.0).collect::<Vec<_>>(), [2, 1], "the last first");
    assert_eq!(movements[0].payment.line.payment, payment_id("p1"));
    let inputs = book.inputs_before(None, 10).await.unwrap();
    assert!(inputs.iter().any(|line| line.taken.is_some()) && inputs.iter().any(|line| line.taken.is_none()));
    let evidence = book.evidence_before(None, false, 10).await.unwrap();
    assert_eq!(evidence.len(), 1);
    assert!(book.evidence_before(None, true, 10).await.unwrap().is_empty(), "nothing waits");
    apply(&book, vec![Change::CaseOpened(case(7, Subject::Evidence(digest_of("proof"))))]).await.unwrap();
    assert_eq!(book.evidence_before(None, true, 10).await.unwrap()[0].case.map(|case| case.0), Some(7));
    assert!(book.evidence_before(Some(evidence[0].seq), false, 10).await.unwrap().is_empty());
    assert_eq!(book.evidence_kept(&digest_of("proof")).await.unwrap().unwrap().record, evidence[0].record);
    assert_eq!(book.evidence_kept(&digest_of("never")).await.unwrap(), None);
    let policy = quittance_rules::policy::Policy::parse(quittance_rules::policy::DEFAULT_POLICY).unwrap();
    book.catch_up(&policy).await.unwrap();
    let pending = book.pending_counts().await.unwrap();
    assert_eq!(pending.iter().map(|line| line.count).sum::<u64>(), 1);
    assert!(
        pending.iter().filter_map(|line| line.amount).all(|sum| sum.is_zero()),
        "a claim is no money that waits: {pending:?}"
    );
    let days = book.decisions_by_day(at(-86_400_000_000), &jiff::tz::TimeZone::UTC).await.unwrap();
    assert_eq!(days.iter().map(|line| line.count).sum::<u64>(), 2);
    assert!(book.decisions_by_day(at(86_400_000_000_000), &jiff::tz::TimeZone::UTC).await.unwrap().is_empty());
}

/// Who can write to the database but not to the log cannot give somebody another password unseen.
#[tokio::test]
async fn a_password_put_in_place_behind_the_log_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/book.db", folder.path().display());
    let book = Database::create(&url).await.unwrap().with_keys(contract::keys());
    for name in ["ana", "bo"] {
        add(&book, person(name)).await;
        let credentials = Credentials { password: Some(format!("$argon2id${name}")), version: 1, ..Credentials::default() };
        set(&book, name, &credentials, None).await.unwrap();
    }
    assert!(book.verify().await.unwrap().findings.is_empty());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    // Nothing readable goes in, not even by hand; what was sealed for another opens for nobody else.
    let readable = sqlx::query("UPDATE secrets SET content = '{}' WHERE user_id = 'ana'").execute(&pool).await;
    assert!(readable.unwrap_err().to_string().contains("secrets are kept sealed"));
    sqlx::query("UPDATE secrets SET content = (SELECT content FROM secrets WHERE user_id = 'bo') WHERE user_id = 'ana'")
        .execute(&pool)
        .await
        .unwrap();
    assert!(matches!(book.credentials(&id("ana")).await, Err(StoreError::BadRow { table: "secrets", .. })));
    let findings = book.verify().await.unwrap().findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("table secrets, row ana, column content"), "{findings:?}");
}
