//! Four months of invoices and credit notes, June to September 2026.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{EntityId, ItemId, ItemKind, OpenItem};
use rust_decimal::Decimal;

use super::DemoError;
use super::chance::Chance;
use super::roster::{BERLIN, Patron};

/// Months with invoices: June to September.
const MONTHS: [i8; 4] = [6, 7, 8, 9];
/// Early-payment discount, percent, and the days it is open.
const DISCOUNT: (i64, i64) = (2, 10);

/// Days to pay, by company.
fn terms(patron: &Patron) -> i64 {
    if patron.entity == BERLIN { 14 } else { 30 }
}

struct Draft {
    patron: usize,
    issued: Date,
    amount: i64,
    kind: ItemKind,
    discount: bool,
    contract: Option<i64>,
}

/// A price of work: between about 150 and 9,000 euros, small ones more often, with odd cents.
fn work_price(chance: &mut Chance, currency: Currency) -> i64 {
    // The product of two uniform draws is skewed to the small side, as invoice amounts are.
    let euros = 150 + chance.below(94) * chance.below(94);
    let factor = if currency == Currency::PEN { 4 } else { 1 };
    (euros as i64) * factor * 100 + chance.between(0, 99)
}

/// All open items, numbered by company in order of issue.
pub(super) fn invoices(patrons: &[Patron], entities: &[EntityId], chance: &mut Chance) -> Result<Vec<OpenItem>, DemoError> {
    let mut drafts = Vec::new();
    for (i, patron) in patrons.iter().enumerate() {
        for month in MONTHS {
            let first = date(2026, month, 1);
            if let Some(price) = patron.subscription {
                // A raised price that billing forgot: the contract says otherwise.
                let wrong = chance.percent(2);
                let amount = if wrong { price + price / 10 } else { price };
                drafts.push(Draft {
                    patron: i,
                    issued: first,
                    amount,
                    kind: ItemKind::Invoice,
                    discount: false,
                    contract: wrong.then_some(price),
                });
            }
            let jobs = if patron.subscription.is_some() { u64::from(chance.percent(70)) } else { 1 + chance.below(3) };
            for _ in 0..jobs {
                if patron.wallet && chance.percent(60) {
                    continue;
                }
                let mut amount = work_price(chance, patron.currency);
                if patron.wallet {
                    amount = 12_000 + amount % 90_000;
                }
                let issued = first.saturating_add(chance.between(1, 26).days());
                drafts.push(Draft {
                    patron: i,
                    issued,
                    amount,
                    kind: ItemKind::Invoice,
                    discount: patron.discount,
                    contract: None,
                });
            }
        }
    }
    // Credit notes for a part of an earlier invoice of the same customer.
    let large: Vec<usize> = (0..drafts.len()).filter(|&d| drafts[d].amount > 60_000 && !drafts[d].discount).collect();
    for _ in 0..12 {
        let of = &drafts[*chance.pick(&large)];
        let credit = Draft {
            patron: of.patron,
            issued: of.issued.saturating_add(chance.between(4, 9).days()),
            amount: -(of.amount / 100 * chance.between(5, 20)),
            kind: ItemKind::CreditNote,
            discount: false,
            contract: None,
        };
        drafts.push(credit);
    }
    drafts.sort_by_key(|d| (d.issued, d.patron, d.kind == ItemKind::CreditNote, d.amount));

    let mut next = [[417_u32, 31], [4_567, 122]];
    let mut items = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let patron = &patrons[draft.patron];
        let credit = draft.kind == ItemKind::CreditNote;
        let counter = &mut next[patron.entity][usize::from(credit)];
        let number = match (patron.entity == BERLIN, credit) {
            (true, false) => format!("BW-2026-{counter:05}"),
            (true, true) => format!("BW-GS-2026-{counter:04}"),
            (false, false) => format!("F001-{counter:08}"),
            (false, true) => format!("FC01-{counter:08}"),
        };
        *counter += 1 + chance.below(3) as u32;
        let money = |minor| Money::new(minor, patron.currency);
        items.push(OpenItem {
            id: ItemId::parse(&format!("{}-{number}", entities[patron.entity])).map_err(DemoError::identifier)?,
            customer: patron.customer.id.clone(),
            entity: entities[patron.entity].clone(),
            number,
            kind: draft.kind,
            issue_date: draft.issued,
            due_date: if credit { draft.issued } else { draft.issued.saturating_add(terms(patron).days()) },
            amount: money(draft.amount),
            discount_percent: draft.discount.then(|| Decimal::from(DISCOUNT.0)),
            discount_until: draft.discount.then(|| draft.issued.saturating_add(DISCOUNT.1.days())),
            on_hold: !credit && draft.contract.is_none() && chance.percent(2),
            contract_amount: draft.contract.map(money),
        });
    }
    Ok(items)
}
