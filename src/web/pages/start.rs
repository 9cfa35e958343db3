//! The start page: the day's figures.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use quittance_agent::queue::policy_in_force;
use quittance_rules::ledger::Position;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::EntityId;
use quittance_rules::users::Role;

use crate::chart;
use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// Days the chart shows.
const DAYS: usize = 30;

/// The route of the start page.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![Row::get("/", Access::SignedIn, get(show::<S>))]
}

/// One row of where the money is: its name, a sum per currency, and whether it is the whole of the others.
struct SumRow {
    key: &'static str,
    class: &'static str,
    sums: Vec<Money>,
    is_whole: bool,
}

struct KindLine {
    name: String,
    words: String,
    count: u64,
    bar: String,
}

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    frame: Frame,
    has_role: bool,
    waiting: u64,
    oldest_days: Option<i64>,
    at_stake: Vec<Money>,
    settled_today: u64,
    settled_week: u64,
    people_week: u64,
    share: Option<u64>,
    sums: Vec<SumRow>,
    kinds: Vec<KindLine>,
    chart: String,
    positions: Vec<PositionBar>,
}

/// The money of one currency with its parts drawn.
struct PositionBar {
    position: Position,
    bar: String,
}

impl PositionBar {
    fn of(position: Position) -> Self {
        let size = |money: Money| u64::try_from(money.minor()).unwrap_or(0);
        let parts = [position.applied, position.unapplied, position.not_ours, position.in_queue].map(size);
        Self { bar: chart::parts(&parts), position }
    }
}

/// The sums of all currencies, a row a place.
fn sum_rows(positions: &BTreeMap<Currency, Position>) -> Vec<SumRow> {
    type Place = (&'static str, &'static str, fn(&Position) -> Money);
    let places: [Place; 5] = [
        ("applied", "one", |p| p.applied),
        ("unapplied", "two", |p| p.unapplied),
        ("not-ours", "three", |p| p.not_ours),
        ("undecided", "four", |p| p.in_queue),
        ("bank-in", "", |p| p.bank_in),
    ];
    let row =
        |(key, class, of): Place| SumRow { key, class, sums: positions.values().map(of).collect(), is_whole: class.is_empty() };
    places.into_iter().map(row).collect()
}

/// The page.
pub async fn show<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    let now = web.now();
    let zone = web.zone(&session).await?;
    let today = zone.day(now);
    let first = today.checked_sub(i64::try_from(DAYS - 1).unwrap_or(29).days()).unwrap_or(today);
    let since = now.checked_sub(SignedDuration::from_hours(24 * 31)).map_err(WebError::internal)?;
    let mine = session.entities(Role::Viewer);
    let sees = |entity: &EntityId| mine.as_ref().is_none_or(|mine| mine.contains(entity));

    let frame = web.frame(&session, "start");
    let policy = policy_in_force(&web.store).await.map_err(super::queue::failed)?;
    web.store.catch_up(&policy).await?;
    let pending: Vec<_> = web
        .store
        .pending_counts()
        .await?
        .into_iter()
        .filter(|line| line.entity.as_ref().map_or(session.may(Role::Viewer, None), sees))
        .collect();
    let mut at_stake: BTreeMap<Currency, Money> = BTreeMap::new();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for line in &pending {
        *kinds.entry(line.kind.clone()).or_default() += line.count;
        if let Some(amount) = line.amount {
            let sum = at_stake.entry(amount.currency()).or_insert(Money::zero(amount.currency()));
            // Beyond 64 bits the largest sum that fits stays; no desk holds that much.
            *sum = sum.checked_add(amount).unwrap_or(*sum);
        }
    }
    let oldest = pending.iter().map(|line| line.oldest).min();
    let most = kinds.values().copied().max().unwrap_or(0);
    let mut kinds: Vec<KindLine> = kinds
        .into_iter()
        .map(|(name, count)| KindLine {
            words: frame.t(&format!("kind-{}", name.replace('_', "-"))),
            bar: chart::bar(count, most),
            name,
            count,
        })
        .collect();
    kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.words.cmp(&b.words)));

    let mut asked = 0_u64;
    let mut by_day: BTreeMap<Date, [u64; 2]> = BTreeMap::new();
    for line in
        web.store.decisions_by_day(since, zone.inner()).await?.into_iter().filter(|line| sees(&line.entity) && line.day >= first)
    {
        let part = match line.what.as_str() {
            "settled" => 0,
            "approved" | "rejected" | "closed" => 1,
            "asked" => {
                asked += line.count;
                continue;
            }
            _ => continue,
        };
        by_day.entry(line.day).or_default()[part] += line.count;
    }
    let columns: Vec<chart::Column> = (0..DAYS)
        .filter_map(|at| first.checked_add(i64::try_from(at).ok()?.days()).ok())
        .map(|day| chart::Column { day, parts: by_day.get(&day).copied().unwrap_or_default() })
        .collect();
    let sum = |from: usize, part: usize| columns.iter().rev().take(from).map(|column| column.parts[part]).sum::<u64>();
    let (alone, people) = (sum(DAYS, 0), sum(DAYS, 1));
    let label = frame.t2("start-chart-label", "alone", alone, "people", people);

    let mut positions: BTreeMap<Currency, Position> = BTreeMap::new();
    match &mine {
        None => {
            for position in web.store.positions(None).await? {
                add(&mut positions, position);
            }
        }
        Some(mine) => {
            for entity in mine {
                for position in web.store.positions(Some(entity)).await? {
                    add(&mut positions, position);
                }
            }
        }
    }
    page(&StartPage {
        has_role: session.user.highest_role().is_some(),
        waiting: pending.iter().map(|line| line.count).sum(),
        oldest_days: oldest.map(|oldest| now.duration_since(oldest).as_hours() / 24),
        at_stake: at_stake.into_values().filter(|sum| !sum.is_zero()).collect(),
        settled_today: sum(1, 0),
        settled_week: sum(7, 0),
        people_week: sum(7, 1),
        // Of everything the rules looked at: what they asked about counts against them, answered or not.
        share: (alone * 100).checked_div(alone + asked),
        kinds,
        chart: chart::days(&columns, &label, |day| {
            let month = frame.t(&format!("month-{}", day.month()));
            frame.t2("day-month", "day", i64::from(day.day()), "month", month)
        }),
        sums: sum_rows(&positions),
        positions: positions.into_values().map(PositionBar::of).collect(),
        frame,
    })
}

fn add(positions: &mut BTreeMap<Currency, Position>, position: Position) {
    let currency = position.bank_in.currency();
    let zero = Money::zero(currency);
    let sum = positions.entry(currency).or_insert(Position {
        bank_in: zero,
        applied: zero,
        unapplied: zero,
        not_ours: zero,
        in_queue: zero,
    });
    for (into, from) in [
        (&mut sum.bank_in, position.bank_in),
        (&mut sum.applied, position.applied),
        (&mut sum.unapplied, position.unapplied),
        (&mut sum.not_ours, position.not_ours),
        (&mut sum.in_queue, position.in_queue),
    ] {
        *into = into.checked_add(from).unwrap_or(*into);
    }
}
