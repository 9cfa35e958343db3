//! Small records for the tests, each with only what the test is about given.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use quittance_agent::ports::{Store, StoreError};
use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Actor, Case, CaseCandidate, CaseState, Decision, InputDigest, Ruling, Subject, Weight};
use quittance_rules::evidence::{Confidence, EvidenceKind};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{BankLine, Change, ChangeSet, EvidenceRecord, Input, InputKind, ModelCall, ModelOutcome};
use quittance_rules::ledger::{CaseId, DecisionId, Entry, Posting, PostingId, Purpose};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, ItemKind, OpenItem, PaymentId};
use quittance_rules::reuse::EvidenceMarks;
use quittance_tools::store::Database;
use rust_decimal::Decimal;

pub const DAY: Date = date(2026, 3, 14);

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}
pub fn at(microsecond: i64) -> Timestamp {
    Timestamp::from_microsecond(1_772_000_000_000_000 + microsecond).unwrap()
}
pub fn entity_id(id: &str) -> EntityId {
    EntityId::parse(id).unwrap()
}
pub fn customer_id(id: &str) -> CustomerId {
    CustomerId::parse(id).unwrap()
}
pub fn item_id(id: &str) -> ItemId {
    ItemId::parse(id).unwrap()
}
pub fn payment_id(id: &str) -> PaymentId {
    PaymentId::parse(id).unwrap()
}
pub fn digest_of(text: &str) -> InputDigest {
    use sha2::Digest;
    InputDigest(hex::encode(sha2::Sha256::digest(text)))
}

pub fn entity(id: &str) -> Entity {
    Entity { id: entity_id(id), name: format!("{id} GmbH"), base_currency: Currency::EUR, time_zone: "Europe/Berlin".into() }
}

pub fn customer(id: &str) -> Customer {
    Customer {
        id: customer_id(id),
        name: format!("Kundin „{id}“ & Söhne"),
        aliases: vec!["ACME".into(), "Ακμή".into()],
        country: Some("DE".into()),
        currency: Some(Currency::EUR),
        iban: Some("DE02120300000000202051".into()),
        parent_id: None,
        withholding_percent: Some(Decimal::new(250, 2)),
        tolerance: None,
        emails: vec!["billing@acme.example".into()],
    }
}

pub fn item(id: &str, entity: &str, minor: i64) -> OpenItem {
    OpenItem {
        id: item_id(id),
        customer: customer_id("c1"),
        entity: entity_id(entity),
        number: format!("INV-{id}"),
        kind: if minor < 0 { ItemKind::CreditNote } else { ItemKind::Invoice },
        issue_date: DAY,
        due_date: date(2026, 4, 13),
        amount: eur(minor),
        discount_percent: Some(Decimal::new(30, 1)),
        discount_until: Some(date(2026, 3, 28)),
        on_hold: false,
        contract_amount: Some(eur(minor)),
    }
}

pub fn line(payment: &str, entity: &str, minor: i64) -> BankLine {
    BankLine {
        key: format!("key-of-{payment}"),
        payment: payment_id(payment),
        entity: entity_id(entity),
        account: "DE89370400440532013000".into(),
        input: digest_of("statement"),
        line: StatementLine {
            booking_date: Some(DAY),
            value_date: None,
            amount: eur(minor),
            counterparty_name: Some("Näher & Söhne, ООО Ромашка".into()),
            counterparty_account: Some("DE02120300000000202051".into()),
            remittance: Some(format!("Rechnung {payment} vielen Dank")),
            structured_reference: None,
            end_to_end_id: Some("E2E-1".into()),
            bank_reference: Some("REF-1".into()),
            transaction_code: Some("PMNT-RCDT-ESCT".into()),
            is_return: false,
            is_booked: true,
            fee: Some(eur(150)),
            original_amount: None,
            place: "line 12".into(),
        },
    }
}

pub fn input(text: &str, kind: InputKind) -> Input {
    Input { digest: digest_of(text), kind, name: format!("{text}.csv"), size: text.len() as u64 }
}

pub fn decision(id: i64, about: Subject, ruling: Ruling) -> Decision {
    Decision {
        id: DecisionId(id),
        at: at(id),
        today: DAY,
        by: Actor::Person("Zoë".into()),
        subject: about,
        case: None,
        ruling,
        policy: "p1".into(),
        rule: None,
        code: "0.1.0".into(),
        inputs: "{\"seen\":[]}".into(),
    }
}

pub fn case(id: i64, about: Subject) -> Case {
    Case {
        id: CaseId(id),
        version: 1,
        entity: Some(entity_id("e1")),
        kind: ExceptionKind::ShortPayment,
        subject: about,
        amount: Some(eur(118_000)),
        headline: "EUR 1180.00 from ACME GmbH, EUR 20.00 short of INV-2041".into(),
        reasons: vec!["short by EUR 20.00".into()],
        candidates: vec![CaseCandidate {
            rank: 1,
            entries: vec![Entry {
                purpose: Purpose::Allocation,
                amount: eur(100),
                item: Some(item_id("a")),
                cleared: Some(eur(100)),
                customer: None,
            }],
            confidence: Confidence::from_percent(93),
            reason: "the reference names it".into(),
            weights: vec![Weight { field: "reference".into(), log_odds_milli: 4_200, note: "INV-2041 in full".into() }],
        }],
        rejected: Vec::new(),
        opened_at: at(5),
        state: CaseState::Open,
    }
}

pub fn posting(id: i64, decision: i64, payment: &str, item: &str, minor: i64) -> Posting {
    Posting {
        id: PostingId(id),
        decision: DecisionId(decision),
        payment: payment_id(payment),
        purpose: Purpose::Allocation,
        amount: eur(minor),
        item: Some(item_id(item)),
        cleared: Some(eur(minor)),
        customer: None,
        reverses: None,
    }
}

pub fn by_rule(changes: Vec<Change>) -> ChangeSet {
    ChangeSet { by: Actor::Rule, at: at(0), changes }
}

/// Applies and gives the number recorded.
pub async fn apply(book: &Database, changes: Vec<Change>) -> Result<usize, StoreError> {
    let applied = book.apply(by_rule(changes)).await?;
    Ok(applied.recorded)
}

/// Entities e1 and e2, customers c1 and c2, items a 100.00, b 50.00, credit −20.00 of e1, z 10.00 of e2; payments p1 100.00 and
/// p2 130.00 of e1, q 10.00 of e2; a return r −30.00 and an outgoing line o −5.00 of e1; one piece of evidence; a policy.
pub async fn small_book(book: &Database) {
    book.keep_bytes(b"statement").await.unwrap();
    book.keep_bytes(b"proof").await.unwrap();
    book.keep_bytes(b"reading of the proof").await.unwrap();
    let mut returned = line("r", "e1", -3_000);
    returned.line.is_return = true;
    let changes = vec![
        Change::EntitySet(entity("e1")),
        Change::EntitySet(entity("e2")),
        Change::AccountSet { account: "DE89370400440532013000".into(), entity: entity_id("e1"), currency: Some(Currency::EUR) },
        Change::CustomerSet(customer("c1")),
        Change::CustomerSet(Customer { parent_id: Some(customer_id("c1")), ..customer("c2") }),
        Change::ItemAdded(item("a", "e1", 10_000)),
        Change::ItemAdded(item("b", "e1", 5_000)),
        Change::ItemAdded(item("credit", "e1", -2_000)),
        Change::ItemAdded(item("z", "e2", 1_000)),
        Change::InputReceived(input("statement", InputKind::Statement)),
        Change::LineBooked(line("p1", "e1", 10_000)),
        Change::LineBooked(line("p2", "e1", 13_000)),
        Change::LineBooked(line("q", "e2", 1_000)),
        Change::LineBooked(returned),
        Change::LineBooked(line("o", "e1", -500)),
        Change::InputTaken { digest: digest_of("statement"), added: 5, known: 0, problems: 1 },
        Change::InputReceived(input("proof", InputKind::Evidence)),
        Change::EvidenceRead(EvidenceRecord {
            digest: digest_of("proof"),
            reading: Some(digest_of("reading of the proof")),
            kind: EvidenceKind::PaymentProof,
            kind_confidence: Confidence::from_percent(88),
            marks: EvidenceMarks {
                references: vec!["84650912".into()],
                customer: Some(customer_id("c1")),
                ..EvidenceMarks::default()
            },
        }),
        Change::ModelAsked(ModelCall {
            id: "1".repeat(64),
            question: digest_of("a question"),
            task: "classify-evidence".into(),
            prompt: "v1".into(),
            model: "a-model".into(),
            evidence: digest_of("proof"),
            asked_at: "2026-10-05T06:00:00Z".parse().unwrap(),
            outcome: ModelOutcome::Answered,
            answer: digest_of("reading of the proof"),
            reading: digest_of("reading of the proof"),
            tokens_in: 800,
            tokens_out: 60,
            cost_micros: 120,
            currency: Some(Currency::USD),
        }),
        Change::PolicyPublished { version: "p1".into(), text: "limit = 1".into() },
    ];
    let count = changes.len();
    assert_eq!(apply(book, changes).await.unwrap(), count);
}

/// A table that repeats two lines of the statement, the first of them twice, beside one of its own.
pub async fn table_with_lines_of_the_statement(book: &Database) {
    let table = book.keep_bytes(b"table").await.unwrap();
    let mut own = line("t", "e1", 700);
    own.input = table.clone();
    let found = |id: &str| Change::LineFound { input: digest_of("table"), key: line(id, "e1", 1).key };
    let changes = vec![
        Change::InputReceived(input("table", InputKind::Statement)),
        Change::LineBooked(own),
        found("t"),
        found("p1"),
        found("p2"),
        found("p1"),
    ];
    let applied = book.apply(by_rule(changes)).await.unwrap();
    assert_eq!((applied.recorded, applied.known), (4, vec![2, 5]));
    let mut keys = book.lines_found(&table).await.unwrap();
    keys.sort_unstable();
    assert_eq!(keys, ["p1", "p2", "t"].map(|id| line(id, "e1", 1).key));
}

/// Applies p1 to a, opens and resolves a case, and takes the posting back.
pub async fn some_work(book: &Database) {
    use quittance_agent::ports::Sequence;
    assert_eq!(book.reserve(Sequence::Decision, 3).await.unwrap(), 1);
    assert_eq!(book.reserve(Sequence::Posting, 3).await.unwrap(), 1);
    assert_eq!(book.reserve(Sequence::Case, 3).await.unwrap(), 1);
    let about = Subject::Payment(payment_id("p1"));
    let opened = case(1, about.clone());
    let asked = Decision { case: Some(CaseId(1)), ..decision(1, about.clone(), Ruling::Asked) };
    apply(book, vec![Change::Decided(asked), Change::CaseOpened(opened.clone())]).await.unwrap();
    let entries = opened.candidates[0].entries.clone();
    let approved = Decision { case: Some(CaseId(1)), ..decision(2, about, Ruling::Approved { candidate: Some(1), entries }) };
    let resolved = Case { version: 2, state: CaseState::Resolved { decision: DecisionId(2) }, ..opened };
    apply(
        book,
        vec![
            Change::Decided(approved),
            Change::Posted(posting(1, 2, "p1", "a", 9_000)),
            Change::Posted(Posting {
                purpose: Purpose::Unapplied,
                item: None,
                cleared: None,
                customer: Some(customer_id("c1")),
                ..posting(2, 2, "p1", "a", 1_000)
            }),
            Change::CaseChanged(resolved),
        ],
    )
    .await
    .unwrap();
}
