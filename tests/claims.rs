//! What evidence does besides being read: a piece used twice is found, a claim pauses reminders and ends, a sender's complaint holds all
//! of the sender's items, a reviewer's word on what a piece is stands.

#[path = "program/lines.rs"]
mod lines;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use quittance_agent::claimed::claimed;
use quittance_agent::evidence::{Earlier, EvidenceOutcome, chase_claims, correct_kind, import_evidence};
use quittance_agent::import::input_of;
use quittance_agent::ports::{Clock, EvidenceReader, Store, Unreadable};
use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::{Words, interpret};
use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Actor, InputDigest, Subject};
use quittance_rules::evidence::{Confidence, EvidenceKind, Reading, Source};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{BankLine, Change, ChangeSet, InputKind};
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, ItemKind, OpenItem, PaymentId};
use quittance_tools::store::Database;

use crate::lines::silent_credit;

struct DayClock(Date);

impl Clock for DayClock {
    fn now(&self) -> Timestamp {
        self.0.to_zoned(jiff::tz::TimeZone::UTC).expect("a day").timestamp()
    }
    fn today(&self, _zone: &str) -> Date {
        self.0
    }
}

struct TextReader;

impl EvidenceReader for TextReader {
    async fn read(&self, bytes: &[u8], _name: &str) -> Result<Reading, Unreadable> {
        let words = words_on_grid(&String::from_utf8_lossy(bytes), Source::Ocr);
        let mut reading = interpret(&Words { media_type: "image/png".into(), pages: 1, words, complaints: vec![], mail: None });
        reading.hints = vec!["its metadata names GIMP, a program that edits".into()];
        Ok(reading)
    }
}

struct Desk {
    store: Database,
    _folder: tempfile::TempDir,
    policy: Policy,
}

fn customer(id: &str, contact: &str) -> Customer {
    Customer {
        id: CustomerId::parse(id).expect("an id"),
        name: format!("{id} Trading"),
        aliases: vec![],
        country: None,
        currency: None,
        iban: None,
        parent_id: None,
        withholding_percent: None,
        tolerance: None,
        emails: vec![contact.into()],
    }
}

fn invoice(id: &str, customer: &str, minor: i64) -> OpenItem {
    OpenItem {
        id: ItemId::parse(id).expect("an id"),
        customer: CustomerId::parse(customer).expect("an id"),
        entity: EntityId::parse("OWN").expect("an id"),
        number: format!("INV-2026-{id}"),
        kind: ItemKind::Invoice,
        issue_date: date(2026, 3, 1),
        due_date: date(2026, 4, 1),
        amount: Money::new(minor, Currency::EUR),
        discount_percent: None,
        discount_until: None,
        on_hold: false,
        contract_amount: None,
    }
}

fn proof(amount: &str, operation: &str, more: &str) -> String {
    format!(
        "Payment confirmation\n\nAmount paid   EUR {amount}\n\nDate   8 April 2026\n\nPaid to   Own GmbH\n\nOperation number   {operation}\n\n{more}\n"
    )
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("books.db").display());
        let store = Database::create(&url).await.expect("a new database");
        let changes = vec![
            Change::EntitySet(Entity {
                id: EntityId::parse("OWN").expect("an id"),
                name: "Own GmbH".into(),
                base_currency: Currency::EUR,
                time_zone: "UTC".into(),
            }),
            Change::CustomerSet(customer("C1", "ana@roble.example")),
            Change::CustomerSet(customer("C2", "+51 987 654 321")),
            Change::ItemAdded(invoice("11021", "C1", 25_000)),
            Change::ItemAdded(invoice("11022", "C2", 31_000)),
        ];
        store.apply(ChangeSet { by: Actor::Rule, at: DayClock(date(2026, 4, 8)).now(), changes }).await.expect("written");
        Self { store, _folder: folder, policy: Policy::parse(DEFAULT_POLICY).expect("built in") }
    }

    async fn bring(&self, name: &str, text: &str, sender: &str) -> (InputDigest, Vec<ExceptionKind>) {
        let digest = self.store.keep_bytes(text.as_bytes()).await.expect("kept");
        let input = input_of(digest.clone(), InputKind::Evidence, name, text.len() as u64);
        let clock = DayClock(date(2026, 4, 9));
        let outcome = import_evidence(
            &self.store,
            &clock,
            &TextReader,
            Actor::Rule,
            (input, text.as_bytes()),
            Some(sender),
            &Earlier::default(),
        )
        .await;
        match outcome.expect("imported") {
            EvidenceOutcome::Read(_, kinds) => (digest, kinds),
            other => panic!("{other:?}"),
        }
    }

    async fn reasons(&self, digest: &InputDigest) -> Vec<String> {
        let case = self.store.pending_case(&Subject::Evidence(digest.clone())).await.expect("a look").expect("a case");
        case.reasons
    }
}

/// A booked line of 9 April on the house's account, in euro cents.
fn bank_line(statement: &InputDigest, minor: i64, remittance: &str) -> BankLine {
    BankLine {
        key: "key".into(),
        payment: PaymentId::parse("P1").expect("an id"),
        entity: EntityId::parse("OWN").expect("an id"),
        account: "DE12500105170648489890".into(),
        input: statement.clone(),
        line: StatementLine {
            remittance: Some(remittance.into()),
            ..silent_credit(Money::new(minor, Currency::EUR), date(2026, 4, 9))
        },
    }
}

#[tokio::test]
async fn a_piece_used_twice_is_found_across_customers_and_names_both() {
    let desk = Desk::new().await;
    let (first, kinds) = desk.bring("first.png", &proof("250.00", "84650912", ""), "ana@roble.example").await;
    assert!(kinds.is_empty(), "{kinds:?}");
    let (again, kinds) = desk.bring("second.png", &proof("250.00", "84650912", "Share"), "51987654321").await;
    assert_eq!(kinds, [ExceptionKind::EvidenceReused]);
    let reasons = desk.reasons(&again).await.join("\n");
    assert!(reasons.contains("84650912") && reasons.contains("first.png") && reasons.contains(&first.0[..12]), "{reasons}");
    assert!(reasons.contains("customer C1") && reasons.contains("from C2"), "{reasons}");
    assert!(reasons.contains("hint: its metadata names GIMP"), "{reasons}");
    let (edited, kinds) = desk.bring("third.png", &proof("950.00", "84650912", ""), "ana@roble.example").await;
    assert_eq!(kinds, [ExceptionKind::EvidenceReused]);
    let reasons = desk.reasons(&edited).await.join("\n");
    assert!(reasons.contains("EUR 250.00") && reasons.contains("EUR 950.00"), "{reasons}");
    let (_, kinds) = desk.bring("other.png", &proof("250.00", "84650999", ""), "ana@roble.example").await;
    assert!(kinds.is_empty(), "another payment of the same amount is not the same: {kinds:?}");
    let report = desk.store.verify().await.expect("verified");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[tokio::test]
async fn a_claim_pauses_reminders_until_its_day_then_asks_and_the_bank_line_ends_it() {
    let desk = Desk::new().await;
    let text = proof("250.00", "84650912", "Invoice INV-2026-11021");
    let (digest, _) = desk.bring("proof.png", &text, "ana@roble.example").await;
    let waiting = claimed(&desk.store, &desk.policy, date(2026, 4, 9)).await.expect("claims");
    let [claim] = waiting.as_slice() else { panic!("{waiting:?}") };
    let (own, item) = (CustomerId::parse("C1").expect("an id"), ItemId::parse("11021").expect("an id"));
    assert_eq!((claim.evidence.clone(), claim.customer.clone()), (digest.clone(), Some(own.clone())));
    assert!(claim.pauses(&own, &item), "{claim:?}");
    let (other, others) = (CustomerId::parse("C2").expect("an id"), ItemId::parse("11022").expect("an id"));
    assert!(!claim.pauses(&other, &others));
    assert!(claim.until >= date(2026, 4, 9));
    // Past its day it is a case, and pauses nothing.
    let late = claim.until.tomorrow().expect("a day");
    assert!(claimed(&desk.store, &desk.policy, late).await.expect("claims").is_empty());
    let report = chase_claims(&desk.store, &DayClock(late), &desk.policy).await.expect("chased");
    assert_eq!(report.raised, 1);
    let reasons = desk.reasons(&digest).await.join("\n");
    assert!(reasons.contains("hint:"), "{reasons}");
    // The money comes: the case closes, and there is no claim any more.
    let statement = desk.store.keep_bytes(b"statement").await.expect("kept");
    let changes = vec![
        Change::InputReceived(input_of(statement.clone(), InputKind::Statement, "s.xml", 9)),
        Change::LineBooked(bank_line(&statement, 25_000, "84650912")),
    ];
    desk.store.apply(ChangeSet { by: Actor::Rule, at: DayClock(late).now(), changes }).await.expect("written");
    let report = chase_claims(&desk.store, &DayClock(late), &desk.policy).await.expect("chased");
    assert_eq!((report.carried, report.closed), (1, 1));
    assert!(claimed(&desk.store, &desk.policy, date(2026, 4, 9)).await.expect("claims").is_empty());
}

#[tokio::test]
async fn another_amount_at_the_bank_is_a_hint_and_no_verdict() {
    let desk = Desk::new().await;
    let (digest, _) = desk.bring("proof.png", &proof("250.00", "84650912", ""), "ana@roble.example").await;
    let statement = desk.store.keep_bytes(b"statement").await.expect("kept");
    let changes = vec![
        Change::InputReceived(input_of(statement.clone(), InputKind::Statement, "s.xml", 9)),
        Change::LineBooked(bank_line(&statement, 2_500, "operation 84650912")),
    ];
    desk.store.apply(ChangeSet { by: Actor::Rule, at: DayClock(date(2026, 4, 9)).now(), changes }).await.expect("written");
    let report = chase_claims(&desk.store, &DayClock(date(2026, 6, 1)), &desk.policy).await.expect("chased");
    assert_eq!(report.raised, 1);
    let reasons = desk.reasons(&digest).await.join("\n");
    assert!(reasons.contains("bank line P1 carries its operation number with EUR 25.00"), "{reasons}");
}

#[tokio::test]
async fn a_reviewers_word_on_the_kind_is_kept_and_audited() {
    let desk = Desk::new().await;
    let (digest, _) = desk.bring("proof.png", &proof("250.00", "84650912", ""), "ana@roble.example").await;
    let by = Actor::Person("zoe".into());
    let clock = DayClock(date(2026, 4, 9));
    let corrected =
        correct_kind(&desk.store, &clock, by.clone(), &digest, EvidenceKind::BankReceipt).await.expect("kept").expect("there");
    assert_eq!((corrected.kind, corrected.kind_confidence), (EvidenceKind::BankReceipt, Confidence::CERTAIN));
    let (record, _) = desk.store.evidence().await.expect("evidence").remove(0);
    assert_eq!(record, corrected);
    assert_eq!(record.marks.references, ["84650912"]);
    assert!(
        correct_kind(&desk.store, &clock, by, &InputDigest("0".repeat(64)), EvidenceKind::Query).await.expect("a look").is_none()
    );
    assert!(desk.store.verify().await.expect("verified").findings.is_empty());
}
