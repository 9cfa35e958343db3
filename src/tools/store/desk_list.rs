//! The questions of the queue's list. Their SQL is put together from fixed pieces, so that only the conditions that were asked
//! for are in it and the databases can choose the index that fits; values are always bound.

use jiff::civil::Date;
use quittance_agent::desk::index::{search_terms, severity_number};
use quittance_agent::desk::list::{Order, Owner, Place, Query, Standing};
use quittance_agent::desk::ports::{CaseRow, Counts, Group, KindCount, Page};
use quittance_agent::ports::StoreError;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::ledger::CaseId;
use quittance_rules::money::{Currency, Money};

use super::codec::{self, named};
use super::engine::{Kind, Result, Row, Value};
use super::tables::Reader;
use super::{Database, desk_index};

/// Cases up to which a rare word or amount drives the search; with more, the order does and each line is looked at.
const RARE: i64 = 2_000;

/// A statement under construction.
struct Asked {
    sql: String,
    values: Vec<Value>,
}

impl Asked {
    fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// Adds a condition or clause; every `?` in it is the next value.
    fn add(&mut self, piece: &str, values: impl IntoIterator<Item = Value>) {
        let mut values = values.into_iter();
        for c in piece.chars() {
            if c == '?' {
                if let Some(value) = values.next() {
                    self.values.push(value);
                    self.sql.push('$');
                    self.sql.push_str(&self.values.len().to_string());
                }
            } else {
                self.sql.push(c);
            }
        }
    }
}

/// The column a query is ordered by.
fn order_column(order: Order) -> &'static str {
    match order {
        Order::Worth => "rate_order",
        Order::Risk => "risk_order",
        Order::Age => "opened_at",
        Order::Due => "due_at",
    }
}

/// What no word begins with: the end of the range of words that begin with a term.
fn end_of(term: &str) -> String {
    format!("{term}\u{7f}")
}

/// The day it is at a case's entity.
fn today(asked: &mut Asked, query: &Query) {
    let usual: Value = query.today().to_string().into();
    if query.days.is_empty() {
        asked.add("?", [usual]);
        return;
    }
    asked.add("CASE c.entity_id", []);
    for (entity, day) in &query.days {
        asked.add(" WHEN ? THEN ?", [entity.as_str().into(), day.to_string().into()]);
    }
    asked.add(" ELSE ? END", [usual]);
}

/// The conditions of a query, without its words and its place.
fn conditions(asked: &mut Asked, query: &Query) {
    match query.standing {
        Standing::Open => {
            asked.add(" WHERE c.pending = 1 AND (c.snoozed_until IS NULL OR c.snoozed_until <= ", []);
            today(asked, query);
            asked.add(")", []);
        }
        Standing::Snoozed => {
            asked.add(" WHERE c.pending = 1 AND c.snoozed_until > ", []);
            today(asked, query);
        }
        Standing::Resolved => asked.add(" WHERE c.pending = 0", []),
        Standing::All => asked.add(" WHERE c.pending IN (0, 1)", []),
    }
    if let Some(allowed) = &query.allowed {
        asked.add(" AND (c.entity_id IS NULL", []);
        for entity in allowed {
            asked.add(" OR c.entity_id = ?", [entity.as_str().into()]);
        }
        asked.add(")", []);
    }
    if let Some(entity) = &query.entity {
        asked.add(" AND c.entity_id = ?", [entity.as_str().into()]);
    }
    if let Some(kind) = query.kind {
        asked.add(" AND c.kind = ?", [kind.to_string().into()]);
    }
    match &query.owner {
        None => {}
        Some(Owner::Me) => asked.add(" AND c.owner = ?", [query.user.as_str().into()]),
        Some(Owner::Person(name)) => asked.add(" AND c.owner = ?", [name.as_str().into()]),
        Some(Owner::Nobody) => asked.add(" AND c.owner IS NULL", []),
    }
    if let Some(customer) = &query.customer {
        asked.add(" AND c.customer_id = ?", [customer.as_str().into()]);
    }
    if let Some(currency) = query.currency {
        asked.add(" AND c.currency = ?", [currency.code().into()]);
    }
    if let Some(least) = query.amount_min {
        asked.add(" AND ABS(c.amount_minor) >= ?", [least.minor().into()]);
    }
    if let Some(most) = query.amount_max {
        asked.add(" AND ABS(c.amount_minor) <= ?", [most.minor().into()]);
    }
    if let Some(days) = query.age_days_min {
        let before = query.now.as_microsecond().saturating_sub(i64::from(days).saturating_mul(86_400_000_000));
        asked.add(" AND c.opened_at <= ?", [before.into()]);
    }
    if query.due {
        asked.add(" AND c.due_at <= ?", [query.now.as_microsecond().into()]);
    }
    if let Some(group) = &query.group {
        asked.add(" AND c.group_key = ?", [group.as_str().into()]);
    }
}

/// What a query looks for, and whether few cases have it.
struct Search {
    terms: Vec<String>,
    /// Of the first of the terms.
    is_term_rare: bool,
    is_amount_rare: bool,
}

/// Which way to read the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    On,
    Back,
}

impl Database {
    /// The terms of a query with the way to search by them: the rarest first, and whether it is rare.
    async fn terms(&self, query: &Query) -> Result<(Vec<String>, bool)> {
        let Some(text) = &query.text else { return Ok((Vec::new(), false)) };
        let mut terms = search_terms(text);
        if terms.is_empty() {
            // A search of signs alone finds nothing; finding everything would be another answer than was asked for.
            return Ok((vec!["\u{7f}".to_owned()], true));
        }
        let mut rarest = (i64::MAX, 0);
        for (at, term) in terms.iter().enumerate() {
            let mut asked = Asked::new("SELECT COUNT(*) FROM (SELECT 1 AS one FROM desk_terms");
            asked.add(
                " WHERE term >= ? AND term < ? LIMIT ?) AS found",
                [term.as_str().into(), end_of(term).into(), (RARE + 1).into()],
            );
            let found = self.pool.rows(&asked.sql, asked.values, &[Kind::Int]).await?;
            rarest = rarest.min((found.first().map_or(0, |row| row[0].int()), at));
        }
        terms.swap(0, rarest.1);
        Ok((terms, rarest.0 <= RARE))
    }

    /// Whether few cases have an amount within what is asked for.
    async fn is_amount_rare(&self, query: &Query) -> Result<bool> {
        let (Some(currency), true) = (query.currency, query.amount_min.is_some() || query.amount_max.is_some()) else {
            return Ok(false);
        };
        let (least, most) = (query.amount_min.map_or(0, Money::minor), query.amount_max.map_or(i64::MAX, Money::minor));
        let pending = match query.standing {
            Standing::Open | Standing::Snoozed => "= 1",
            Standing::Resolved => "= 0",
            Standing::All => "IN (0, 1)",
        };
        let mut asked = Asked::new(&format!("SELECT COUNT(*) FROM (SELECT 1 AS one FROM desk_cases WHERE pending {pending}"));
        asked.add(" AND currency = ? AND ABS(amount_minor) >= ?", [currency.code().into(), least.into()]);
        asked.add(" AND ABS(amount_minor) <= ? LIMIT ?) AS found", [most.into(), (RARE + 1).into()]);
        let found = self.pool.rows(&asked.sql, asked.values, &[Kind::Int]).await?;
        Ok(found.first().is_some_and(|row| row[0].int() <= RARE))
    }

    fn with_terms(asked: &mut Asked, terms: &[String], is_rare: bool) {
        for (at, term) in terms.iter().enumerate() {
            let range = [Value::from(term.as_str()), end_of(term).into()];
            if at == 0 && is_rare {
                asked.add(" AND c.case_id IN (SELECT t.case_id FROM desk_terms t WHERE t.term >= ? AND t.term < ?)", range);
            } else {
                asked.add(
                    " AND EXISTS (SELECT 1 FROM desk_terms t WHERE t.case_id = c.case_id AND t.term >= ? AND t.term < ?)",
                    range,
                );
            }
        }
    }

    /// Lines of one tier of the order, from a place on.
    async fn tier(
        &self,
        query: &Query,
        search: &Search,
        tier: u8,
        from: Place,
        way: Way,
        limit: i64,
    ) -> Result<Vec<(Place, CaseRow)>> {
        let column = match (query.order, tier) {
            (Order::Worth, 0) => "due_at",
            (order, _) => order_column(order),
        };
        // What is rare must drive the search: a word, an amount, a customer, a group. Sums keep the databases from walking the order's index instead.
        let is_rare = search.is_term_rare || search.is_amount_rare || query.customer.is_some() || query.group.is_some();
        let mut asked = Asked::new(&format!("SELECT c.{column}, {} FROM desk_cases c", desk_index::columns("c.")));
        conditions(&mut asked, query);
        if query.order == Order::Worth {
            let now: Value = query.now.as_microsecond().into();
            asked.add(
                match (tier, is_rare) {
                    (0, false) => " AND c.due_at <= ?",
                    (0, true) => " AND c.due_at + 0 <= ?",
                    // What is not due yet is read in the order of its rate: the index by due time would have to sort all of it.
                    _ => " AND c.due_at + 0 > ?",
                },
                [now],
            );
        }
        let at = [Value::from(from.key), from.case.into()];
        if from != Place::START && from != END {
            let compared = if way == Way::On { ">" } else { "<" };
            asked.add(&format!(" AND (c.{column}, c.case_id) {compared} (?, ?)"), at);
        }
        Self::with_terms(&mut asked, &search.terms, search.is_term_rare);
        let plus = if is_rare { " + 0" } else { "" };
        let down = if way == Way::On { "" } else { " DESC" };
        asked.add(&format!(" ORDER BY c.{column}{plus}{down}, c.case_id{down} LIMIT ?"), [limit.into()]);
        let mut kinds = vec![Kind::Int];
        kinds.extend(desk_index::TABLE.kinds());
        self.pool
            .rows(&asked.sql, asked.values, &kinds)
            .await?
            .into_iter()
            .map(|mut row| {
                let rest = row.split_off(1);
                let line = read_line(rest)?;
                Ok((Place { tier, key: row[0].int(), case: line.id.0 }, line))
            })
            .collect()
    }

    /// Lines in order from a place on, through both tiers.
    async fn walk(&self, query: &Query, from: Place, way: Way, limit: i64) -> Result<Vec<(Place, CaseRow)>> {
        let (terms, is_term_rare) = self.terms(query).await?;
        let search = Search { terms, is_term_rare, is_amount_rare: self.is_amount_rare(query).await? };
        let two = query.order == Order::Worth;
        let tiers: &[u8] = match (way, two, from.tier) {
            (Way::On, true, 0) => &[0, 1],
            (Way::Back, true, 1) => &[1, 0],
            (_, true, 0) => &[0],
            _ => &[1],
        };
        let mut found = Vec::new();
        for (at, tier) in tiers.iter().enumerate() {
            let left = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
            if left <= 0 {
                break;
            }
            let start = match (at, way) {
                (0, _) => from,
                (_, Way::On) => Place::START,
                (_, Way::Back) => END,
            };
            found.extend(self.tier(query, &search, *tier, start, way, left).await?);
        }
        Ok(found)
    }

    pub(super) async fn desk_list(&self, query: &Query) -> Result<Page> {
        let from = match &query.after {
            None => Place::START,
            Some(text) => Place::parse(text).ok_or_else(|| {
                StoreError::Unavailable(format!("`{text}` is no place in a list: start from its beginning, without `after`"))
            })?,
        };
        let limit = i64::from(query.limit.clamp(1, quittance_agent::desk::list::LINES_MAX));
        let mut found = self.walk(query, from, Way::On, limit + 1).await?;
        let has_more = found.len() as i64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = found.last().filter(|_| has_more).map(|(place, _)| place.to_string());
        Ok(Page { rows: found.into_iter().map(|(_, row)| row).collect(), next })
    }

    /// The line after or before a case in the order of a query; the case itself need not answer the query any more.
    pub(super) async fn desk_neighbour(&self, query: &Query, case: CaseId, on: bool) -> Result<Option<CaseRow>> {
        let sql = format!("SELECT c.due_at, c.{} FROM desk_cases c WHERE c.case_id = $1", order_column(query.order));
        let rows = self.pool.rows(&sql, vec![case.0.into()], &[Kind::Int, Kind::Int]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let is_due = query.order == Order::Worth && row[0].int() <= query.now.as_microsecond();
        let (tier, key) = if is_due { (0, row[0].int()) } else { (1, row[1].int()) };
        let way = if on { Way::On } else { Way::Back };
        let found = self.walk(query, Place { tier, key, case: case.0 }, way, 1).await?;
        Ok(found.into_iter().next().map(|(_, row)| row))
    }

    pub(super) async fn desk_counts(&self, query: &Query, user: &str) -> Result<Counts> {
        let scope = Query {
            allowed: query.allowed.clone(),
            entity: query.entity.clone(),
            now: query.now,
            day: query.day,
            days: query.days.clone(),
            ..Query::default()
        };
        let mut asked = Asked::new("SELECT c.kind, COUNT(*), COUNT(CASE WHEN c.owner IS NULL THEN 1 END) FROM desk_cases c");
        conditions(&mut asked, &scope);
        asked.add(" GROUP BY c.kind ORDER BY 2 DESC, 1", []);
        let mut counts = Counts::default();
        let count = |value: &Value| u64::try_from(value.int()).unwrap_or(0);
        for row in self.pool.rows(&asked.sql, asked.values, &[Kind::Text, Kind::Int, Kind::Int]).await? {
            let name = row[0].bare();
            let kind: ExceptionKind = named(&name).map_err(|error| StoreError::BadRow {
                table: "desk_cases",
                row: name,
                column: "kind",
                message: error.to_string(),
            })?;
            counts.kinds.push(KindCount { kind, cases: count(&row[1]) });
            counts.open = counts.open.saturating_add(count(&row[1]));
            counts.unassigned = counts.unassigned.saturating_add(count(&row[2]));
        }
        let mine = Query { owner: Some(Owner::Person(user.to_owned())), ..scope.clone() };
        let due = Query { due: true, ..scope.clone() };
        let snoozed = Query { standing: Standing::Snoozed, ..scope };
        for (query, place) in [(mine, &mut counts.mine), (due, &mut counts.due), (snoozed, &mut counts.snoozed)] {
            let mut asked = Asked::new("SELECT COUNT(*) FROM desk_cases c");
            conditions(&mut asked, &query);
            let rows = self.pool.rows(&asked.sql, asked.values, &[Kind::Int]).await?;
            *place = rows.first().map_or(0, |row| count(&row[0]));
        }
        Ok(counts)
    }

    pub(super) async fn desk_groups(&self, query: &Query, limit: u32) -> Result<Vec<Group>> {
        let terms = self.terms(query).await?;
        let mut asked = Asked::new(
            "SELECT c.group_key, COUNT(*), MIN(c.kind), MIN(c.party), CAST(SUM(c.amount_minor) AS BIGINT), MIN(c.currency), \
             MAX(c.currency), COUNT(c.amount_minor) FROM desk_cases c",
        );
        conditions(&mut asked, query);
        Self::with_terms(&mut asked, &terms.0, terms.1);
        asked.add(" GROUP BY c.group_key HAVING COUNT(*) > 1 ORDER BY 2 DESC, 1 LIMIT ?", [i64::from(limit).into()]);
        let kinds = [Kind::Text, Kind::Int, Kind::Text, Kind::Text, Kind::Int, Kind::Text, Kind::Text, Kind::Int];
        self.pool
            .rows(&asked.sql, asked.values, &kinds)
            .await?
            .into_iter()
            .map(|row| {
                let key = row[0].bare();
                let bad = |column, message: String| StoreError::BadRow { table: "desk_cases", row: key.clone(), column, message };
                let kind = named(&row[2].bare()).map_err(|error| bad("kind", error.to_string()))?;
                let amount = match (&row[4], &row[5]) {
                    (Value::Int(Some(sum)), Value::Text(Some(currency))) if row[5] == row[6] && row[7] == row[1] => {
                        let currency = Currency::parse(currency).map_err(|error| bad("currency", error.to_string()))?;
                        Some(Money::new(*sum, currency))
                    }
                    _ => None,
                };
                let party = match &row[3] {
                    Value::Text(party) => party.clone(),
                    Value::Int(_) => None,
                };
                Ok(Group { cases: u64::try_from(row[1].int()).unwrap_or(0), kind, party, amount, key })
            })
            .collect()
    }

    pub(super) async fn desk_lines(&self, cases: &[CaseId]) -> Result<Vec<CaseRow>> {
        let mut found = std::collections::BTreeMap::new();
        for row in self
            .in_chunks(&desk_index::TABLE.lookup(false), cases.iter().map(|case| case.0.into()), &desk_index::TABLE.kinds())
            .await?
        {
            let line = read_line(row)?;
            found.insert(line.id, line);
        }
        Ok(cases.iter().filter_map(|case| found.remove(case)).collect())
    }

    /// Runs a statement with [`super::tables::LOOKUP_SIZE`] places over any number of keys.
    pub(super) async fn in_chunks(&self, sql: &str, keys: impl Iterator<Item = Value>, kinds: &[Kind]) -> Result<Vec<Row>> {
        let keys: Vec<Value> = keys.collect();
        let mut rows = Vec::new();
        for some in keys.chunks(super::tables::LOOKUP_SIZE) {
            let mut places = some.to_vec();
            places.resize(super::tables::LOOKUP_SIZE, some[some.len() - 1].clone());
            rows.extend(self.pool.rows(sql, places, kinds).await?);
        }
        Ok(rows)
    }
}

/// After everything.
const END: Place = Place { tier: 1, key: i64::MAX, case: i64::MAX };

/// One line of the index as it is kept, without its places in the orders.
pub(super) fn read_line(row: Row) -> Result<CaseRow> {
    let row = &mut Reader::new(desk_index::TABLE, row);
    let id = CaseId(row.int()?);
    let version = row.int()?;
    row.int()?;
    let state = row.text()?;
    let entity = row.opt_parse(quittance_rules::records::EntityId::parse)?;
    let kind: ExceptionKind = row.parse(named)?;
    let severity = row.int()?;
    if severity != severity_number(kind.severity()) {
        return Err(row.bad(format!("{severity} is not the severity of `{kind}`")));
    }
    let owner = row.opt_text()?;
    let snoozed_until = row.opt_parse(|text| text.parse::<Date>())?;
    let amount = codec::read_opt_money(row)?;
    let opened_at = codec::read_instant(row)?;
    let due_at = codec::read_instant(row)?;
    row.int()?;
    row.int()?;
    let group = row.text()?;
    let customer = row.opt_parse(quittance_rules::records::CustomerId::parse)?;
    let party = row.opt_text()?;
    let headline = row.text()?;
    let candidates = u32::try_from(row.int()?).unwrap_or(u32::MAX);
    let confidence = u32::try_from(row.int()?).unwrap_or(0);
    Ok(CaseRow {
        id,
        version,
        entity,
        kind,
        severity: kind.severity(),
        state,
        owner,
        snoozed_until,
        amount,
        opened_at,
        due_at,
        group,
        customer,
        party,
        headline,
        candidates,
        confidence,
    })
}

/// Statements of every shape the list can take, so that a check of the statements covers them.
pub(super) fn samples() -> Vec<String> {
    use quittance_rules::records::{CustomerId, EntityId};
    let mut samples = Vec::new();
    let amount = Money::new(1, Currency::EUR);
    for standing in Standing::ALL {
        for owner in [None, Some(Owner::Me), Some(Owner::Nobody)] {
            let query = Query {
                standing,
                owner,
                allowed: EntityId::parse("e").ok().map(|id| vec![id]),
                entity: EntityId::parse("e").ok(),
                kind: Some(ExceptionKind::Unknown),
                customer: CustomerId::parse("c").ok(),
                currency: Some(Currency::EUR),
                amount_min: Some(amount),
                amount_max: Some(amount),
                age_days_min: Some(1),
                due: true,
                days: EntityId::parse("e").ok().map(|id| (id, Date::MAX)).into_iter().collect(),
                group: Some(String::new()),
                ..Query::default()
            };
            let mut asked = Asked::new(&format!("SELECT {} FROM desk_cases c", desk_index::columns("c.")));
            conditions(&mut asked, &query);
            Database::with_terms(&mut asked, &["a".to_owned(), "b".to_owned()], true);
            asked.add(
                " AND (c.rate_order, c.case_id) > (?, ?) ORDER BY c.rate_order, c.case_id",
                [Value::from(0), Value::from(0)],
            );
            samples.push(asked.sql);
        }
    }
    samples
}
