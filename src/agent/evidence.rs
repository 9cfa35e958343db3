//! Evidence: read, kept, and tied to the bank line that carries it. It settles nothing; it raises questions and answers some.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::ToSpan;
use jiff::civil::Date;
use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Actor, Case, CaseState, Decision, InputDigest, Ruling, Subject};
use quittance_rules::cash_exceptions;
use quittance_rules::evidence::{ClaimValue, Confidence, EvidenceKind, Field, Reading};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{Change, ChangeSet, EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, DecisionId};
use quittance_rules::money::Money;
use quittance_rules::policy::{EvidencePolicy, Policy};
use quittance_rules::reuse::{EvidenceMarks, shows_one_payment};

use crate::marks::{marks_of, repeats};
use crate::model::second::{DISAGREES, of_rules};
use crate::ports::{Clock, EvidenceReader, Sequence, Store, StoreError, StoredPayment, Unreadable};
use crate::senders::customer_of;

/// What became of one piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceOutcome {
    /// The same bytes had been read before.
    Known,
    /// Read, as this kind; with the exceptions it raised.
    Read(EvidenceKind, Vec<ExceptionKind>),
    /// Could not be read; a case holds the original.
    Unreadable(String),
}

/// The evidence that new evidence is compared with. Kept over an import of many pieces, it is looked up once and then only brought up
/// to date with what was written since, by whomever.
#[derive(Debug, Default)]
pub struct Earlier(Mutex<Pieces>);

#[derive(Debug, Default)]
struct Pieces {
    /// Everything up to this audit entry is in it.
    base: i64,
    pieces: Vec<(EvidenceRecord, Input)>,
    places: HashMap<String, usize>,
}

impl Earlier {
    /// Brings it up to date; gives the audit entry up to which it is.
    async fn catch_up<S: Store>(&self, store: &S) -> Result<i64, StoreError> {
        let base = self.pieces().base;
        let head = store.head().await?;
        let written = if head > base { store.evidence_since(base).await? } else { Vec::new() };
        let mut known = self.pieces();
        let known = &mut *known;
        if known.base > head {
            // Another import has brought it further meanwhile; what was read here is older.
            return Ok(known.base);
        }
        for piece in written {
            match known.places.get(&piece.0.digest.0) {
                Some(&place) => known.pieces[place] = piece,
                None => {
                    known.places.insert(piece.0.digest.0.clone(), known.pieces.len());
                    known.pieces.push(piece);
                }
            }
        }
        known.base = head;
        Ok(head)
    }

    fn knows(&self, digest: &InputDigest) -> bool {
        self.pieces().places.contains_key(&digest.0)
    }

    /// A panic elsewhere leaves at worst what the next look brings up to date.
    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one file and raises what it asks for; the original is kept by the caller before, under `input.digest`. `sender` is whom the
/// channel names (an address, or a telephone number of a chat); without one, a mail's own header says who sent it. It is compared with
/// `earlier`, which an import of many pieces keeps.
pub async fn import_evidence<S: Store, C: Clock, R: EvidenceReader>(
    store: &S,
    clock: &C,
    reader: &R,
    by: Actor,
    (input, bytes): (Input, &[u8]),
    sender: Option<&str>,
    earlier: &Earlier,
) -> Result<EvidenceOutcome, StoreError> {
    // The same bytes may have been brought as something else before; they are known as evidence once they have been read as such.
    earlier.catch_up(store).await?;
    if earlier.knows(&input.digest) {
        return Ok(EvidenceOutcome::Known);
    }
    let read = reader.read(bytes, &input.name).await;
    // Whoever brings other evidence at the same moment changes what this one is compared with: then it is compared again.
    for _ in 1..COMPARED_AGAIN {
        match take_in(store, clock, by.clone(), &input, &read, sender, earlier).await {
            Err(StoreError::Conflict(_)) => {}
            done => return done,
        }
    }
    take_in(store, clock, by, &input, &read, sender, earlier).await
}

/// How often evidence is compared again with what others brought meanwhile before it is given up as a conflict.
const COMPARED_AGAIN: u32 = 20;

async fn take_in<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: Actor,
    input: &Input,
    read: &Result<Reading, Unreadable>,
    sender: Option<&str>,
    earlier: &Earlier,
) -> Result<EvidenceOutcome, StoreError> {
    let base = earlier.catch_up(store).await?;
    if earlier.knows(&input.digest) {
        return Ok(EvidenceOutcome::Known);
    }
    let mut changes = vec![Change::InputReceived(input.clone())];
    let outcome = match read {
        Ok(reading) => {
            let json = serde_json::to_vec(reading).map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let kept = store.keep_bytes(&json).await?;
            let sender = sender.or(reading.sender.as_deref());
            let customer = match sender {
                Some(sender) => customer_of(sender, &store.customers().await?),
                None => None,
            };
            let marks = marks_of(reading, sender, customer);
            let repeats = repeats(reading.kind, &marks, &earlier.pieces().pieces);
            changes.push(Change::EvidenceRead(EvidenceRecord {
                digest: input.digest.clone(),
                reading: Some(kept),
                kind: reading.kind,
                kind_confidence: reading.kind_confidence,
                marks,
            }));
            let mut kinds = asks(reading);
            if !repeats.is_empty() {
                // Graver than a matter of words, less grave than one of accounts.
                let at = kinds.iter().take_while(|kind| **kind == ExceptionKind::ChangedBankDetails).count();
                kinds.insert(at, ExceptionKind::EvidenceReused);
            }
            if let Some(&gravest) = kinds.first() {
                let mut reasons = repeats;
                reasons.extend(hints(reading, clock.today("UTC")));
                changes.push(raise(store, clock, input, gravest, (&kinds, reasons), reading).await?);
            }
            EvidenceOutcome::Read(reading.kind, kinds)
        }
        Err(Unreadable(sentence)) => {
            changes.push(Change::EvidenceRead(EvidenceRecord {
                digest: input.digest.clone(),
                reading: None,
                kind: EvidenceKind::Unknown,
                kind_confidence: Confidence::from_millionths(0),
                marks: EvidenceMarks::default(),
            }));
            let id = CaseId(store.reserve(Sequence::Case, 1).await?);
            changes.push(Change::CaseOpened(evidence_case(
                id,
                input,
                ExceptionKind::UnreadableInput,
                None,
                format!("{} could not be read", input.name),
                vec![sentence.clone()],
                clock.now(),
            )));
            EvidenceOutcome::Unreadable(sentence.clone())
        }
    };
    changes.push(Change::InputTaken { digest: input.digest.clone(), added: 1, known: 0, problems: 0 });
    store.apply_since(base, ChangeSet { by, at: clock.now(), changes }).await?;
    Ok(outcome)
}

/// Signs that a piece may have been edited, as sentences for a case. They are hints: none of them raises a case, or closes one.
fn hints(reading: &Reading, today: Date) -> Vec<String> {
    let mut hints: Vec<String> = reading.hints.iter().map(|hint| format!("hint: {hint}")).collect();
    // A day ahead is another time zone.
    if let Some(date) = claimed_date(reading).filter(|date| *date > today.saturating_add(1.day()))
        && reading.kind != EvidenceKind::PromiseToPay
    {
        hints.push(format!("hint: it claims a payment on {date}, which is to come"));
    }
    hints.extend(reading.complaints.iter().filter(|c| c.starts_with("arithmetic")).map(|c| format!("hint: {c}")));
    hints
}

/// The exceptions a reading raises by itself, gravest first. Every one of them can only send something to a person.
pub fn asks(reading: &Reading) -> Vec<ExceptionKind> {
    let complains = |prefix: &str| reading.complaints.iter().any(|complaint| complaint.starts_with(prefix));
    let mut kinds = Vec::new();
    if complains("bank details") {
        kinds.push(ExceptionKind::ChangedBankDetails);
    }
    if complains("instructions in document") {
        kinds.push(ExceptionKind::InstructionsInDocument);
    }
    match reading.kind {
        EvidenceKind::Dispute => kinds.push(ExceptionKind::Dispute),
        EvidenceKind::RefundRequest => kinds.push(ExceptionKind::RefundAsked),
        EvidenceKind::Unknown | EvidenceKind::Query => kinds.push(ExceptionKind::Unknown),
        EvidenceKind::PaymentProof
        | EvidenceKind::BankReceipt
        | EvidenceKind::CardReceipt
        | EvidenceKind::RemittanceAdvice
        | EvidenceKind::Invoice
        | EvidenceKind::CreditNote
        | EvidenceKind::PromiseToPay
        | EvidenceKind::Statement => {}
        EvidenceKind::NotAPayment => {
            if cash_exceptions::speaks_of_failure(&reading.text) {
                kinds.push(ExceptionKind::FailedPayment);
            }
        }
    }
    for (also, kind) in
        [(EvidenceKind::Dispute, ExceptionKind::Dispute), (EvidenceKind::RefundRequest, ExceptionKind::RefundAsked)]
    {
        if reading.also.contains(&also) && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if complains(DISAGREES) && !kinds.contains(&ExceptionKind::Unknown) {
        kinds.push(ExceptionKind::Unknown);
    }
    kinds
}

/// Why a document of this kind of exception meets a person.
fn why(kind: ExceptionKind) -> String {
    match kind {
        ExceptionKind::FailedPayment => {
            "the document shows a payment that did not go through: the customer may need to hear it".to_owned()
        }
        ExceptionKind::Unknown => "what the document is, or asks for, is not certain: a person reads it".to_owned(),
        ExceptionKind::EvidenceReused => "a person compares it with the piece that it repeats".to_owned(),
        other => format!("{} always meets a person", other.words()),
    }
}

async fn raise<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    input: &Input,
    gravest: ExceptionKind,
    (kinds, found): (&[ExceptionKind], Vec<String>),
    reading: &Reading,
) -> Result<Change, StoreError> {
    let id = CaseId(store.reserve(Sequence::Case, 1).await?);
    let mut reasons: Vec<String> = kinds.iter().map(|kind| why(*kind)).collect();
    reasons.extend(found);
    reasons.extend(reading.complaints.iter().take(10).cloned());
    let headline = match claimed_amount(reading) {
        Some(amount) => format!("{}: {}, {amount}", input.name, gravest.words()),
        None => format!("{}: {}", input.name, gravest.words()),
    };
    Ok(Change::CaseOpened(evidence_case(id, input, gravest, claimed_amount(reading), headline, reasons, clock.now())))
}

fn evidence_case(
    id: CaseId,
    input: &Input,
    kind: ExceptionKind,
    amount: Option<Money>,
    headline: String,
    reasons: Vec<String>,
    now: jiff::Timestamp,
) -> Case {
    Case {
        id,
        version: 1,
        entity: None,
        kind,
        subject: Subject::Evidence(input.digest.clone()),
        amount,
        headline,
        reasons,
        candidates: Vec::new(),
        rejected: Vec::new(),
        opened_at: now,
        state: CaseState::Open,
    }
}

/// The best claim of an amount with its currency.
pub fn claimed_amount(reading: &Reading) -> Option<Money> {
    best(reading, Field::Amount, |value| match value {
        ClaimValue::Money(money) => Some(*money),
        _ => None,
    })
}

/// The best claim of the date of payment.
pub fn claimed_date(reading: &Reading) -> Option<Date> {
    best(reading, Field::Date, |value| match value {
        ClaimValue::Date(date) => Some(*date),
        _ => None,
    })
}

fn best<T>(reading: &Reading, field: Field, pick: impl Fn(&ClaimValue) -> Option<T>) -> Option<T> {
    of_rules(reading)
        .filter(|claim| claim.field == field)
        .max_by_key(|claim| claim.confidence)
        .and_then(|claim| pick(&claim.value))
}

/// A bank line that may carry what a proof claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The bank line.
    pub payment: StoredPayment,
    /// A reference of the proof stands in the bank line too.
    pub by_reference: bool,
}

/// The bank lines that may carry what a proof of payment claims: same amount, booked within the policy's days of its date;
/// those that also share a reference first. Where one shares a reference, the others are not it.
pub async fn ties<S: Store>(store: &S, reading: &Reading, policy: &EvidencePolicy) -> Result<Vec<Tie>, StoreError> {
    let Some(amount) = claimed_amount(reading) else { return Ok(Vec::new()) };
    let date = claimed_date(reading);
    let window = i64::from(policy.booking_within_days);
    let references = references_of(reading);
    let mut ties: Vec<Tie> = Vec::new();
    for payment in store.payments_of_amount(amount).await? {
        let near = match (date, payment.line.line.booking_date) {
            (Some(claimed), Some(booked)) => {
                let (from, to) = (booked.saturating_sub(window.days()), booked.saturating_add(window.days()));
                from <= claimed && claimed <= to
            }
            (None, _) | (_, None) => true,
        };
        let text = line_text(&payment);
        let by_reference = references.iter().any(|reference| text.contains(reference.as_str()));
        if near || by_reference {
            ties.push(Tie { payment, by_reference });
        }
    }
    if ties.iter().any(|tie| tie.by_reference) {
        ties.retain(|tie| tie.by_reference);
    }
    Ok(ties)
}

/// Letters and digits alone, in capitals: how numbers and names are compared however they are separated.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// What a bank line says in words and references, as [`plain`] has it.
pub(crate) fn plain_texts(line: &StatementLine) -> String {
    let texts = [&line.remittance, &line.structured_reference, &line.end_to_end_id];
    texts.into_iter().flatten().map(|text| plain(text)).collect::<Vec<_>>().join(" ")
}

/// The reading kept for a piece of evidence. `None` where it could not be read.
pub async fn reading_of<S: Store>(store: &S, record: &EvidenceRecord) -> Result<Option<Reading>, StoreError> {
    let Some(digest) = &record.reading else { return Ok(None) };
    let missing = |message: String| StoreError::BadRow { table: "kept", row: digest.to_string(), column: "bytes", message };
    let bytes = store.kept(digest).await?.ok_or_else(|| missing("is missing".to_owned()))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| missing(error.to_string()))
}

/// What waiting for money came to, in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimsReport {
    /// Proofs that a bank line carries.
    pub carried: u64,
    /// Proofs that still wait within the policy's days.
    pub waiting: u64,
    /// Cases raised: claim without money.
    pub raised: u64,
    /// Cases closed because the money came.
    pub closed: u64,
}

/// Looks for the money of every proof of payment. Past the policy's days a proof without money becomes a case; when the money
/// comes, the case closes itself. Running it twice changes nothing the second time.
pub async fn chase_claims<S: Store, C: Clock>(store: &S, clock: &C, policy: &Policy) -> Result<ClaimsReport, StoreError> {
    let mut report = ClaimsReport::default();
    let today = clock.today("UTC");
    let mut books: Option<Vec<StoredPayment>> = None;
    for (record, input) in store.evidence().await? {
        if !shows_one_payment(record.kind) {
            continue;
        }
        let Some(reading) = reading_of(store, &record).await? else { continue };
        let subject = Subject::Evidence(record.digest.clone());
        let cases = store.cases_on(&subject).await?;
        let pending = cases.iter().find(|case| case.state.is_pending());
        if !ties(store, &reading, &policy.evidence).await?.is_empty() {
            report.carried = report.carried.saturating_add(1);
            // A person who undid this closing has a reason; the rule does not repeat itself.
            let undone =
                store.decisions_on(&subject).await?.iter().any(|decision| matches!(decision.ruling, Ruling::Undone { .. }));
            if let Some(case) = pending.filter(|case| case.kind == ExceptionKind::ClaimWithoutMoney && !undone)
                && wrote(close_by_rule(store, clock, &policy.version, case, today).await)?
            {
                report.closed = report.closed.saturating_add(1);
            }
            continue;
        }
        let waits = i64::from(policy.evidence.claim_waits_days);
        let overdue = claimed_date(&reading).is_none_or(|date| date.saturating_add(waits.days()) < today);
        if !cases.is_empty() {
            continue;
        }
        if !overdue {
            report.waiting = report.waiting.saturating_add(1);
            continue;
        }
        if books.is_none() {
            books = Some(credits(store).await?);
        }
        let id = CaseId(store.reserve(Sequence::Case, 1).await?);
        let amount = claimed_amount(&reading);
        let when = claimed_date(&reading).map_or("an unknown day".to_owned(), |date| date.to_string());
        let what = amount.map_or("an amount that is not legible".to_owned(), |amount| amount.to_string());
        let mut reasons = vec![format!(
            "no credit of {what} was booked within {} days of {when}; a claim waits {} days",
            policy.evidence.booking_within_days, policy.evidence.claim_waits_days
        )];
        reasons.extend(other_amounts(&reading, books.as_deref().unwrap_or_default()));
        reasons.extend(hints(&reading, today));
        let case = evidence_case(
            id,
            &input,
            ExceptionKind::ClaimWithoutMoney,
            amount,
            format!("{}: claims {what} on {when}, and no bank line carries it", input.name),
            reasons,
            clock.now(),
        );
        let set = ChangeSet { by: Actor::Rule, at: clock.now(), changes: vec![Change::CaseOpened(case)] };
        if wrote(store.apply(set).await.map(|_| ()))? {
            report.raised = report.raised.saturating_add(1);
        }
    }
    Ok(report)
}

/// Credits that are not wholly applied, of all entities.
async fn credits<S: Store>(store: &S) -> Result<Vec<StoredPayment>, StoreError> {
    let mut credits = Vec::new();
    for entity in store.entities().await? {
        credits.extend(store.book(&entity.id).await?.payments);
    }
    Ok(credits)
}

/// Bank lines that carry an operation number of the proof with another amount than it claims.
fn other_amounts(reading: &Reading, credits: &[StoredPayment]) -> Vec<String> {
    const NAMED: usize = 3;
    let references = references_of(reading);
    let Some(claimed) = claimed_amount(reading) else { return Vec::new() };
    let differ = credits.iter().filter(|payment| {
        payment.balance.received != claimed && references.iter().any(|reference| line_text(payment).contains(reference.as_str()))
    });
    differ
        .take(NAMED)
        .map(|payment| {
            let line = &payment.line;
            format!(
                "hint: bank line {} carries its operation number with {}, and it claims {claimed}",
                line.payment, payment.balance.received
            )
        })
        .collect()
}

/// Operation numbers long enough to be looked for in bank lines, letters and digits alone.
fn references_of(reading: &Reading) -> Vec<String> {
    of_rules(reading)
        .filter(|claim| claim.field == Field::Reference)
        .filter_map(|claim| match &claim.value {
            ClaimValue::Text(text) => Some(plain(text)),
            _ => None,
        })
        .filter(|text| text.len() >= 6)
        .collect()
}

/// Everything a bank line says about what it is for, letters and digits alone.
fn line_text(payment: &StoredPayment) -> String {
    let line = &payment.line.line;
    let texts = [&line.remittance, &line.structured_reference, &line.end_to_end_id, &line.bank_reference];
    texts.into_iter().flatten().map(|text| plain(text)).collect()
}

/// False where somebody else was quicker: then it is done already, and the next run sees it.
pub(crate) fn wrote(result: Result<(), StoreError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Closes a case because what it asked has been answered.
async fn close_by_rule<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    policy: &str,
    case: &Case,
    today: Date,
) -> Result<(), StoreError> {
    let changes = closing(store, clock, policy, case, today).await?;
    store.apply(ChangeSet { by: Actor::Rule, at: clock.now(), changes }).await.map(|_| ())
}

/// The changes that close a case because what it asked has been answered.
pub(crate) async fn closing<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    policy: &str,
    case: &Case,
    today: Date,
) -> Result<Vec<Change>, StoreError> {
    let decision = DecisionId(store.reserve(Sequence::Decision, 1).await?);
    let inputs = serde_json::to_string(case).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let record = Decision {
        id: decision,
        at: clock.now(),
        today,
        by: Actor::Rule,
        subject: case.subject.clone(),
        case: Some(case.id),
        ruling: Ruling::Closed,
        policy: policy.to_owned(),
        rule: None,
        code: env!("CARGO_PKG_VERSION").to_owned(),
        inputs,
    };
    let closed = Case { version: case.version.saturating_add(1), state: CaseState::Resolved { decision }, ..case.clone() };
    Ok(vec![Change::Decided(record), Change::CaseChanged(closed)])
}

/// The digest under which evidence is kept, as a short name for people.
pub fn short(digest: &InputDigest) -> &str {
    digest.0.get(..12).unwrap_or(&digest.0)
}

/// A person says what a piece of evidence is. It is kept as certain, and `quittance fit evidence` learns from it; what was decided
/// before stands.
///
/// # Errors
/// The store's; `None` where no evidence has this digest.
pub async fn correct_kind<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: Actor,
    digest: &InputDigest,
    kind: EvidenceKind,
) -> Result<Option<EvidenceRecord>, StoreError> {
    let Some((record, _)) = store.evidence().await?.into_iter().find(|(record, _)| record.digest == *digest) else {
        return Ok(None);
    };
    let corrected = EvidenceRecord { kind, kind_confidence: Confidence::CERTAIN, ..record };
    store.apply(ChangeSet { by, at: clock.now(), changes: vec![Change::EvidenceRead(corrected.clone())] }).await?;
    Ok(Some(corrected))
}
