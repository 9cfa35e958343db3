//! Customers, and the account of one.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use quittance_agent::ports::StoredItem;
use quittance_agent::ports_pages::{CustomerLine, Movement, OpenSum};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, EntityId};
use quittance_rules::users::Role;
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, page, query_escaped};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};
use crate::zone::Zone;

/// Customers of a page.
const PAGE: u32 = 50;
/// Items and movements of an account that are shown.
const ACCOUNT_ROWS: u32 = 200;

/// The routes of customers.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let viewer = Access::Role(Role::Viewer);
    vec![Row::get("/customers", viewer, get(list::<S>)), Row::get("/customers/{id}", viewer, get(show::<S>))]
}

/// Search and place in the list.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    q: String,
    after_name: Option<String>,
    after_id: Option<String>,
}

#[derive(Template)]
#[template(path = "customers.html")]
struct CustomersPage {
    frame: Frame,
    search: String,
    customers: Vec<CustomerLine>,
    next: Option<String>,
    is_first: bool,
}

/// The list.
pub async fn list<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let mine = session.entities(Role::Viewer);
    let after = asked.after_name.as_deref().zip(asked.after_id.as_deref());
    let search: String = asked.q.chars().take(200).filter(|c| *c != '\0').collect();
    let mut customers = web.store.customer_lines(&search, after, PAGE + 1, web.zone(&session).await?.day(web.now())).await?;
    let more = customers.len() > PAGE as usize;
    customers.truncate(PAGE as usize);
    for line in &mut customers {
        line.open.retain(|sum| sees(mine.as_deref(), &sum.entity));
        line.open = by_currency(std::mem::take(&mut line.open));
    }
    let next = customers.last().filter(|_| more).map(|line| {
        format!(
            "/customers?q={}&after_name={}&after_id={}",
            query_escaped(&search),
            query_escaped(&line.customer.name),
            query_escaped(line.customer.id.as_str())
        )
    });
    page(&CustomersPage { frame: web.frame(&session, "customers"), search, customers, next, is_first: after.is_none() })
}

fn sees(mine: Option<&[EntityId]>, entity: &EntityId) -> bool {
    mine.is_none_or(|mine| mine.contains(entity))
}

/// One sum per currency over the entities.
fn by_currency(sums: Vec<OpenSum>) -> Vec<OpenSum> {
    let mut all: BTreeMap<Currency, OpenSum> = BTreeMap::new();
    for sum in sums {
        match all.get_mut(&sum.open.currency()) {
            None => {
                all.insert(sum.open.currency(), sum);
            }
            Some(into) => {
                into.count += sum.count;
                into.open = into.open.checked_add(sum.open).unwrap_or(into.open);
                into.overdue = into.overdue.checked_add(sum.overdue).unwrap_or(into.overdue);
                into.oldest_due = into.oldest_due.into_iter().chain(sum.oldest_due).min();
            }
        }
    }
    all.into_values().collect()
}

/// Open amounts of one currency by how long they are overdue.
struct Aging {
    currency: Currency,
    /// Not due, 1–30, 31–60, 61–90, over 90 days.
    buckets: [Money; 5],
    total: Money,
}

/// An item as the account shows it.
struct ItemLine {
    stored: StoredItem,
    days_overdue: i64,
    is_open: bool,
}

struct MovementLine {
    movement: Movement,
    at: String,
    by: String,
    item: Option<String>,
    purpose: String,
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    /// Cash on the account that no item has, by currency.
    unapplied: Vec<Money>,
    customer: Customer,
    aging: Vec<Aging>,
    open: Vec<ItemLine>,
    settled: Vec<ItemLine>,
    movements: Vec<MovementLine>,
    rows: u32,
    is_cut: bool,
}

/// In which bucket an item of so many days falls.
fn bucket(days_overdue: i64) -> usize {
    match days_overdue {
        ..=0 => 0,
        1..=30 => 1,
        31..=60 => 2,
        61..=90 => 3,
        _ => 4,
    }
}

impl CustomerPage {
    /// Whether an account number is an IBAN by its check digits (ISO 13616).
    fn is_iban(&self, account: &str) -> bool {
        let plain: String = account.chars().filter(|c| !c.is_whitespace()).collect();
        quittance_agent::reading::scan::iban_holds(&plain)
    }
}

fn days_between(due: Date, today: Date) -> i64 {
    due.until(today).map_or(0, |span| i64::from(span.get_days()))
}

fn aging(items: &[ItemLine]) -> Vec<Aging> {
    let mut all: BTreeMap<Currency, Aging> = BTreeMap::new();
    for line in items {
        let open = line.stored.balance.open;
        let zero = Money::zero(open.currency());
        let of = all.entry(open.currency()).or_insert(Aging { currency: open.currency(), buckets: [zero; 5], total: zero });
        let at = bucket(line.days_overdue);
        of.buckets[at] = of.buckets[at].checked_add(open).unwrap_or(of.buckets[at]);
        of.total = of.total.checked_add(open).unwrap_or(of.total);
    }
    all.into_values().collect()
}

/// The account of one customer: what is open by age, the items, and what was paid.
pub async fn show<S: Desk>(State(web): State<Web<S>>, session: Session, Path(id): Path<String>) -> Result<Response, WebError> {
    let id = CustomerId::parse(&id).map_err(|_| WebError::NotFound)?;
    let customer = web.store.customer(&id).await?.ok_or(WebError::NotFound)?;
    let mine = session.entities(Role::Viewer);
    let entities = web.seen_entities(&session).await?;
    let zone = web.zone(&session).await?;
    let now = web.now();
    // What is overdue is so where the item belongs.
    let days: BTreeMap<EntityId, Date> =
        entities.into_iter().map(|entity| (entity.id, Zone::named(&entity.time_zone).day(now))).collect();
    let today = |entity: &EntityId| days.get(entity).copied().unwrap_or_else(|| zone.day(now));
    let found = web.store.items_of(&id, ACCOUNT_ROWS).await?;
    let found_movements = web.store.movements_of(&id, ACCOUNT_ROWS).await?;
    let is_cut = found.len() == ACCOUNT_ROWS as usize || found_movements.len() == ACCOUNT_ROWS as usize;
    let lines = found.into_iter().filter(|stored| sees(mine.as_deref(), &stored.item.entity)).map(|stored| ItemLine {
        days_overdue: days_between(stored.item.due_date, today(&stored.item.entity)),
        is_open: !stored.balance.open.is_zero(),
        stored,
    });
    let (open, settled): (Vec<ItemLine>, Vec<ItemLine>) = lines.partition(|line| line.is_open);
    let numbers: BTreeMap<String, String> =
        open.iter().chain(&settled).map(|line| (line.stored.item.id.to_string(), line.stored.item.number.clone())).collect();
    let frame = web.frame(&session, "customers");
    let mut movements: Vec<MovementLine> = found_movements
        .into_iter()
        .filter(|movement| sees(mine.as_deref(), &movement.payment.line.entity))
        .map(|movement| MovementLine {
            at: zone.instant(movement.decided_at),
            by: movement.decided_by.strip_prefix("person:").map_or_else(|| frame.t("rule"), str::to_owned),
            item: movement.posting.item.as_ref().map(|id| numbers.get(id.as_str()).cloned().unwrap_or_else(|| id.to_string())),
            purpose: frame.t(&format!("purpose-{}", movement.posting.purpose.name().replace('_', "-"))),
            movement,
        })
        .collect();
    // As the account was moved, not as it was decided.
    movements.sort_by_key(|line| {
        let posting = &line.movement.posting;
        (std::cmp::Reverse(line.movement.payment.line.line.booking_date), std::cmp::Reverse(posting.id.0))
    });
    page(&CustomerPage {
        unapplied: web.store.unapplied_of(&customer.id).await?,
        frame,
        aging: aging(&open),
        customer,
        open,
        settled,
        movements,
        rows: ACCOUNT_ROWS,
        is_cut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_fall_into_their_bucket() {
        for (due, wanted) in [
            ("2026-11-22", 0),
            ("2026-11-21", 1),
            ("2026-10-23", 1),
            ("2026-10-22", 2),
            ("2026-08-24", 3),
            ("2026-08-23", 4),
            ("2027-01-01", 0),
        ] {
            let due: Date = due.parse().unwrap();
            assert_eq!(bucket(days_between(due, Date::constant(2026, 11, 22))), wanted, "{due}");
        }
    }
}
