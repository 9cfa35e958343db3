//! The customer beside a case: what is open and how old, how it pays, what is known about it, what was last done with its money.

use jiff::civil::Date;
use quittance_rules::cases::{Actor, Ruling};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, EntityId, ItemKind};
use serde::Serialize;

use super::list::{LINES_MAX, Query, Standing};
use super::ports::{DeskStore, sums};
use crate::ports::{StoreError, StoredItem};

/// Open amount by how long it is past due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// `not due`, `1–30`, `31–60`, `61–90`, `over 90` days past due.
    pub label: &'static str,
    /// Sums by currency.
    pub open: Vec<Money>,
}

/// An open item on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemLine {
    /// Its id.
    pub id: String,
    /// The number the customer sees.
    pub number: String,
    /// Whose books.
    pub entity: EntityId,
    /// As billed.
    pub billed: Money,
    /// Still open.
    pub open: Money,
    /// Date of issue.
    pub issued: Date,
    /// Due date.
    pub due: Date,
    /// Days past due; negative before it is due.
    pub days_past_due: i32,
    /// Held back.
    pub on_hold: bool,
    /// A credit note.
    pub is_credit: bool,
}

/// A payment of the customer and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaidLine {
    /// The payment.
    pub payment: String,
    /// When it was booked.
    pub booked: Option<Date>,
    /// What came in.
    pub amount: Money,
    /// Who decided: `rule` or a name.
    pub by: String,
    /// What: `2 items`, `unapplied`, `not ours`.
    pub what: String,
}

/// The customer as the case shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerCard {
    /// The customer.
    pub customer: Customer,
    /// Open items, most overdue first; at most twelve.
    pub items: Vec<ItemLine>,
    /// How many are open in all.
    pub open_count: usize,
    /// Sums of all that is open, by currency.
    pub open: Vec<Money>,
    /// By age.
    pub aging: Vec<Bucket>,
    /// On account: unapplied cash by currency.
    pub unapplied: Vec<Money>,
    /// Usual days from issue to due date (the median); `None` without items.
    pub terms_days: Option<i32>,
    /// Days sales outstanding over the last 90 days: receivables ÷ billed × 90, in the currency billed most; `None` when
    /// nothing was billed.
    pub dso_days: Option<i64>,
    /// What always meets a person and is open on it: dispute, changed bank details, …
    pub flags: Vec<ExceptionKind>,
    /// Its last payments, newest first; at most five.
    pub payments: Vec<PaidLine>,
    /// The language of its country, where the country has one that bills are usually written in. It is not on file.
    pub language: Option<&'static str>,
}

/// The usual language of letters in a country (ISO 3166-1 alpha-2); `None` where there are several or it is not known here.
/// Source: official languages as listed by the Unicode CLDR territory data.
pub(super) fn language_of(country: &str) -> Option<&'static str> {
    Some(match country {
        "DE" | "AT" | "LI" => "de",
        "ES" | "MX" | "CO" | "CL" | "AR" | "PE" | "EC" | "UY" | "VE" | "CR" | "PA" | "GT" | "DO" => "es",
        "GB" | "US" | "IE" | "AU" | "NZ" => "en",
        "FR" | "MC" => "fr",
        "IT" | "SM" => "it",
        "NL" => "nl",
        "PT" | "BR" => "pt",
        "PL" => "pl",
        "SE" => "sv",
        "DK" => "da",
        "NO" => "nb",
        "CZ" => "cs",
        "JP" => "ja",
        _ => return None,
    })
}

fn item_line(item: &StoredItem, today: Date) -> ItemLine {
    ItemLine {
        id: item.item.id.to_string(),
        number: item.item.number.clone(),
        entity: item.item.entity.clone(),
        billed: item.balance.billed,
        open: item.balance.open,
        issued: item.item.issue_date,
        due: item.item.due_date,
        days_past_due: days(item.item.due_date, today),
        on_hold: item.item.on_hold,
        is_credit: item.item.kind == ItemKind::CreditNote,
    }
}

/// Days from one day to another.
fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// Days past due to the place of the bucket.
fn bucket(days_past_due: i32) -> usize {
    match days_past_due {
        i32::MIN..=0 => 0,
        1..=30 => 1,
        31..=60 => 2,
        61..=90 => 3,
        91.. => 4,
    }
}

/// What is open by age, in the five usual buckets.
pub fn aging(items: &[StoredItem], today: Date) -> Vec<Bucket> {
    let labels = ["not due", "1–30", "31–60", "61–90", "over 90"];
    let mut open: [Vec<Money>; 5] = std::array::from_fn(|_| Vec::new());
    for item in items.iter().filter(|item| !item.balance.open.is_zero()) {
        if let Some(place) = open.get_mut(bucket(days(item.item.due_date, today))) {
            place.push(item.balance.open);
        }
    }
    labels.into_iter().zip(open).map(|(label, open)| Bucket { label, open: sums(open) }).collect()
}

/// Days sales outstanding over the last `window` days, in the currency with most billed. Definition: docs/glossary.md#dso.
pub fn dso(items: &[StoredItem], today: Date, window: i32) -> Option<i64> {
    let recent = items.iter().filter(|item| (0..window).contains(&days(item.item.issue_date, today)));
    let billed = sums(recent.map(|item| item.balance.billed));
    let main = billed.into_iter().filter(|sum| sum.is_positive()).max_by_key(|sum| sum.minor())?;
    let of = |currency: Currency| items.iter().map(|item| item.balance.open).filter(move |open| open.currency() == currency);
    let open = super::ports::one_sum(of(main.currency())).unwrap_or(Money::zero(main.currency()));
    let days = i128::from(open.minor()).checked_mul(i128::from(window))?.checked_div(i128::from(main.minor()))?;
    i64::try_from(days).ok().filter(|days| *days >= 0)
}

/// Puts the card together.
pub async fn card<S: DeskStore>(
    store: &S,
    id: &CustomerId,
    allowed: Option<&[EntityId]>,
    today: Date,
) -> Result<Option<CustomerCard>, StoreError> {
    let Some(customer) = store.customer(id).await? else { return Ok(None) };
    let mut items = store.items_of_customer(id, None, 2_000).await?;
    items.retain(|item| allowed.is_none_or(|allowed| allowed.contains(&item.item.entity)));
    let mut open: Vec<&StoredItem> = items.iter().filter(|item| !item.balance.open.is_zero()).collect();
    open.sort_by_key(|item| (item.item.due_date, item.item.id.clone()));
    let mut terms: Vec<i32> = items.iter().map(|item| days(item.item.issue_date, item.item.due_date)).collect();
    terms.sort_unstable();
    let mut payments = Vec::new();
    for stored in store.payments_of(id, 8).await? {
        if payments.len() < 5 && allowed.is_none_or(|allowed| allowed.contains(&stored.line.entity)) {
            payments.extend(paid_line(store, &stored, &items).await?);
        }
    }
    payments.sort_by_key(|paid| std::cmp::Reverse(paid.booked));
    let query = Query {
        allowed: allowed.map(<[EntityId]>::to_vec),
        customer: Some(id.clone()),
        standing: Standing::Open,
        limit: LINES_MAX,
        now: jiff::Timestamp::MAX,
        ..Query::default()
    };
    let mut flags: Vec<ExceptionKind> =
        store.list(&query).await?.rows.into_iter().map(|row| row.kind).filter(|kind| kind.is_checkpoint()).collect();
    flags.sort();
    flags.dedup();
    Ok(Some(CustomerCard {
        open_count: open.len(),
        open: sums(open.iter().map(|item| item.balance.open)),
        aging: aging(&items, today),
        items: open.into_iter().take(12).map(|item| item_line(item, today)).collect(),
        unapplied: store.unapplied_of(id).await?,
        terms_days: terms.get(terms.len().checked_div(2).unwrap_or(0)).copied(),
        dso_days: dso(&items, today, 90),
        flags,
        payments,
        language: customer.country.as_deref().and_then(language_of),
        customer,
    }))
}

async fn paid_line<S: DeskStore>(
    store: &S,
    stored: &crate::ports::StoredPayment,
    known: &[StoredItem],
) -> Result<Option<PaidLine>, StoreError> {
    let postings = store.postings_of_payment(&stored.line.payment).await?;
    let reversed: Vec<_> = postings.iter().filter_map(|posting| posting.reverses).collect();
    let standing: Vec<_> =
        postings.iter().filter(|posting| posting.reverses.is_none() && !reversed.contains(&posting.id)).collect();
    let Some(last) = standing.last() else { return Ok(None) };
    let mut items: Vec<&str> = standing.iter().filter_map(|posting| posting.item.as_ref()).map(|id| id.as_str()).collect();
    items.dedup();
    let what = match items.as_slice() {
        [] => last.purpose.name().replace('_', " "),
        // Its number, as people know it.
        [only] => known
            .iter()
            .find(|item| item.item.id.as_str() == *only)
            .map_or_else(|| (*only).to_owned(), |item| item.item.number.clone()),
        several => format!("{} items", several.len()),
    };
    let by = match store.decision(last.decision).await? {
        Some(decision) => match (decision.by, decision.ruling) {
            (Actor::Person(name), _) => name,
            (Actor::Rule, Ruling::Settled { .. }) => "rule".to_owned(),
            (Actor::Rule, _) => "rule".to_owned(),
        },
        None => String::new(),
    };
    Ok(Some(PaidLine {
        payment: stored.line.payment.to_string(),
        booked: stored.line.line.booking_date,
        amount: stored.balance.received,
        by,
        what,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use quittance_rules::ledger::ItemBalance;
    use quittance_rules::records::{ItemId, OpenItem};

    fn item(number: &str, issued: Date, due: Date, billed: i64, open: i64) -> StoredItem {
        let amount = Money::new(billed, Currency::EUR);
        StoredItem {
            item: OpenItem {
                id: ItemId::parse(number).expect("plain"),
                customer: CustomerId::parse("c").expect("plain"),
                entity: EntityId::parse("e").expect("plain"),
                number: number.to_owned(),
                kind: ItemKind::Invoice,
                issue_date: issued,
                due_date: due,
                amount,
                discount_percent: None,
                discount_until: None,
                on_hold: false,
                contract_amount: None,
            },
            balance: ItemBalance { billed: amount, open: Money::new(open, Currency::EUR) },
        }
    }

    #[test]
    fn ages_and_days_sales_outstanding() {
        let today = date(2026, 6, 30);
        let items = [
            item("a", date(2026, 6, 1), date(2026, 7, 1), 10_000, 10_000),
            item("b", date(2026, 5, 1), date(2026, 5, 31), 10_000, 5_000),
            item("c", date(2026, 4, 15), date(2026, 5, 15), 10_000, 0),
            item("d", date(2025, 1, 1), date(2025, 1, 31), 700, 700),
        ];
        let by_age: Vec<i64> = aging(&items, today).iter().map(|b| b.open.first().map_or(0, |m| m.minor())).collect();
        assert_eq!(by_age, [10_000, 5_000, 0, 0, 700]);
        // 157.00 open ÷ 300.00 billed in 90 days × 90 days
        assert_eq!(dso(&items, today, 90), Some(47));
        assert_eq!(dso(&[], today, 90), None);
    }
}
