//! The evidence beside a case: what claims the same amount near the day, or names the same numbers; and which of its claims the
//! bank line confirms.

use jiff::ToSpan as _;
use jiff::civil::Date;
use quittance_rules::cases::{Case, InputDigest, Subject};
use quittance_rules::evidence::{Claim, ClaimValue, Confidence, Reading, Source};
use quittance_rules::money::Money;
use quittance_rules::policy::Policy;
use quittance_rules::records::{CustomerId, EntityId};
use serde::Serialize;

use super::explain::Items;
use super::ports::{DeskStore, EvidenceQuestion, KeptEvidence};
use super::view::Origin;
use crate::evidence::{plain, reading_of, short};
use crate::ports::{StoreError, StoredPayment};

/// Evidence beside a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceView {
    /// Digest of the original.
    pub digest: InputDigest,
    /// File name it came under.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it seems to be.
    pub kind: String,
    /// How likely.
    pub kind_confidence: Confidence,
    /// Why it stands beside this case.
    pub because: String,
    /// What it claims, with places; each amount, number and date that also stands in the bank line says so.
    pub claims: Vec<ClaimView>,
    /// What did not add up or looks wrong.
    pub warnings: Vec<String>,
    /// Number of pages.
    pub pages: u32,
    /// Media type of the original.
    pub media_type: String,
}

/// One claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimView {
    /// Its place in the reading, by which the page finds its box.
    pub index: usize,
    /// What was read.
    pub claim: Claim,
    /// Read or model.
    pub origin: Origin,
    /// The bank line says the same.
    pub is_confirmed: bool,
}

/// Evidence beside the case: its own, or what claims the same amount near the day or names the same numbers.
pub(super) async fn evidence<S: DeskStore>(
    store: &S,
    policy: &Policy,
    case: &Case,
    payment: Option<&StoredPayment>,
    items: &Items,
) -> Result<Vec<EvidenceView>, StoreError> {
    if let Subject::Evidence(digest) = &case.subject {
        let Some(kept) = store.evidence_kept(digest).await? else { return Ok(Vec::new()) };
        let earlier = repeated(store, policy, case, &kept).await?;
        let mut views = vec![evidence_view(store, kept, "the case is about it".to_owned(), None).await?];
        for kept in earlier {
            views.push(evidence_view(store, kept, "this piece repeats it".to_owned(), None).await?);
        }
        return Ok(views);
    }
    let Some(payment) = payment else { return Ok(Vec::new()) };
    let line = &payment.line.line;
    let days = i64::from(policy.evidence.booking_within_days);
    let mut numbers: Vec<String> = items.values().map(|item| plain(&item.item.number)).collect();
    numbers
        .extend([&line.structured_reference, &line.end_to_end_id, &line.bank_reference].into_iter().flatten().map(|t| plain(t)));
    numbers.retain(|number| number.len() >= 5);
    numbers.truncate(20);
    let booked = line.booking_date.or(line.value_date);
    let amount = booked
        .filter(|_| line.amount.is_positive())
        .map(|booked| (line.amount, booked.saturating_sub(days.days()), booked.saturating_add(days.days())));
    let question = EvidenceQuestion { amount, numbers };
    let mut views = Vec::new();
    for kept in store.evidence_for(&question, 4).await? {
        views.push(evidence_view(store, kept, String::new(), Some((payment, &question))).await?);
    }
    Ok(views)
}

/// The customer a piece of evidence is about: whose address or number sent it, else whose open items its invoice numbers name. `None` for
/// none and for several; the card beside a case is help, and decides nothing.
pub(super) async fn customer_of_evidence<S: DeskStore>(
    store: &S,
    case: &Case,
    allowed: Option<&[EntityId]>,
) -> Result<Option<CustomerId>, StoreError> {
    /// Numbers looked up, and items looked at for each.
    const NUMBERS_MAX: usize = 5;
    const ITEMS_MAX: u32 = 5;
    let Subject::Evidence(digest) = &case.subject else { return Ok(None) };
    let Some(kept) = store.evidence_kept(digest).await? else { return Ok(None) };
    let marks = crate::marks::marks(store, &kept.record).await?;
    if marks.customer.is_some() {
        return Ok(marks.customer);
    }
    let entities: Vec<EntityId> = match &case.entity {
        Some(entity) => vec![entity.clone()],
        None => store.entities().await?.into_iter().map(|entity| entity.id).collect(),
    };
    let mut found: Vec<CustomerId> = Vec::new();
    for number in marks.invoice_numbers.iter().take(NUMBERS_MAX) {
        for entity in entities.iter().filter(|entity| allowed.is_none_or(|allowed| allowed.contains(entity))) {
            let items = store.items_like(entity, number, ITEMS_MAX).await?;
            let same = items.into_iter().filter(|item| plain(&item.item.number) == plain(number));
            found.extend(same.map(|item| item.item.customer));
        }
    }
    found.sort();
    found.dedup();
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The earlier pieces that one repeats: found by what it shows, and only those which the case names by their digest.
async fn repeated<S: DeskStore>(
    store: &S,
    policy: &Policy,
    case: &Case,
    kept: &KeptEvidence,
) -> Result<Vec<KeptEvidence>, StoreError> {
    if !case.reasons.iter().any(|reason| reason.contains(" stands in ") || reason.contains("its picture is that of")) {
        return Ok(Vec::new());
    }
    let marks = crate::marks::marks(store, &kept.record).await?;
    let days = i64::from(policy.evidence.booking_within_days);
    let amount = marks
        .amount
        .zip(marks.paid_on)
        .map(|(amount, day)| (amount, day.saturating_sub(days.days()), day.saturating_add(days.days())));
    let question = EvidenceQuestion { amount, numbers: marks.references.iter().map(|number| plain(number)).collect() };
    let mut found = store.evidence_for(&question, 20).await?;
    found.retain(|other| {
        let named = short(&other.record.digest);
        other.record.digest != kept.record.digest && case.reasons.iter().any(|reason| reason.contains(&*named))
    });
    found.truncate(2);
    Ok(found)
}

async fn evidence_view<S: DeskStore>(
    store: &S,
    kept: KeptEvidence,
    because: String,
    beside: Option<(&StoredPayment, &EvidenceQuestion)>,
) -> Result<EvidenceView, StoreError> {
    let reading = reading_of(store, &kept.record).await?;
    let claimed = reading.as_ref().and_then(crate::evidence::claimed_amount);
    let because = match beside {
        None => because,
        Some((payment, _)) if claimed == Some(payment.line.line.amount) => {
            format!("it claims the same amount, {}", payment.line.line.amount)
        }
        Some(_) => "it names the same number".to_owned(),
    };
    let said: String = beside
        .map(|(payment, _)| {
            let line = &payment.line.line;
            [&line.counterparty_name, &line.remittance, &line.structured_reference, &line.end_to_end_id, &line.bank_reference]
                .into_iter()
                .flatten()
                .map(|text| plain(text))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .unwrap_or_default();
    let (amount, booked) = match beside {
        Some((payment, _)) => (Some(payment.line.line.amount), payment.line.line.booking_date),
        None => (None, None),
    };
    let name_of = |kind| serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let empty = Reading {
        complaints: vec!["it could not be read".to_owned()],
        ..Reading::empty(kept.record.kind, kept.record.kind_confidence)
    };
    let reading = reading.unwrap_or(empty);
    Ok(EvidenceView {
        digest: kept.record.digest,
        name: kept.input.name,
        size: kept.input.size,
        kind: name_of(reading.kind),
        kind_confidence: reading.kind_confidence,
        because,
        claims: claim_views(&reading, &said, amount, booked),
        warnings: reading.complaints.into_iter().chain(reading.hints.iter().map(|hint| format!("hint: {hint}"))).collect(),
        pages: reading.pages,
        media_type: reading.media_type,
    })
}

fn claim_views(reading: &Reading, said: &str, amount: Option<Money>, booked: Option<Date>) -> Vec<ClaimView> {
    let confirmed = |claim: &Claim| match &claim.value {
        ClaimValue::Money(money) => amount == Some(*money),
        ClaimValue::BareAmount(text) => amount.is_some_and(|amount| amount.amount() == *text),
        ClaimValue::Currency(currency) => amount.is_some_and(|amount| amount.currency() == *currency),
        ClaimValue::Date(date) => booked == Some(*date),
        ClaimValue::Time(_) => false,
        ClaimValue::Text(text) => {
            let text = plain(text);
            text.len() >= 4 && said.contains(&text)
        }
    };
    reading
        .claims
        .iter()
        .enumerate()
        .map(|(index, claim)| ClaimView {
            index,
            origin: match claim.source {
                Source::Ocr | Source::PdfText | Source::Mail => Origin::Read,
                Source::Model => Origin::Model,
            },
            is_confirmed: confirmed(claim),
            claim: claim.clone(),
        })
        .collect()
}
