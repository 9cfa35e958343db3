//! Lists and sums for the pages.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_agent::ports::{StoreError, StoredItem};
use quittance_agent::ports_pages::{
    CustomerLine, DayCount, EvidenceLine, InputLine, Movement, OpenSum, Pages, PendingCount, ProfileLine,
};
use quittance_rules::cases::InputDigest;
use quittance_rules::ledger::CaseId;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, EntityId};

use super::desk::in_places;
use super::engine::Kind::{Int, Text};
use super::engine::{Kind, Result, Row, Value};
use super::read::{evidence_and_input, joined, stored_item};
use super::{Database, codec, sql, tables};

fn bad(table: &'static str, row: &[Value], column: &'static str, message: impl std::fmt::Display) -> StoreError {
    StoreError::BadRow { table, row: row.first().map(Value::shown).unwrap_or_default(), column, message: message.to_string() }
}

fn instant(table: &'static str, row: &[Value], value: &Value) -> Result<Timestamp> {
    Timestamp::from_microsecond(value.int()).map_err(|error| bad(table, row, "entered_at", error))
}

fn entity(table: &'static str, row: &[Value], value: &Value) -> Result<EntityId> {
    EntityId::parse(&value.bare()).map_err(|error| bad(table, row, "entity_id", error))
}

fn currency(table: &'static str, row: &[Value], value: &Value) -> Result<Currency> {
    Currency::parse(&value.bare()).map_err(|error| bad(table, row, "currency", error))
}

fn count(value: &Value) -> u64 {
    u64::try_from(value.int()).unwrap_or_default()
}

fn case(value: &Value) -> Option<CaseId> {
    match value {
        Value::Int(Some(id)) => Some(CaseId(*id)),
        Value::Int(None) | Value::Text(_) => None,
    }
}

/// Kinds of a table's columns and of some more.
fn kinds_and(table: &tables::Table, more: &[Kind]) -> Vec<Kind> {
    let mut kinds = table.kinds();
    kinds.extend_from_slice(more);
    kinds
}

/// A text of people as a pattern for LIKE, its wildcards taken literally.
pub(super) fn pattern(search: &str) -> Option<String> {
    let search = search.trim().to_lowercase();
    if search.is_empty() {
        return None;
    }
    let mut pattern = String::from("%");
    for letter in search.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    Some(pattern)
}

/// The statement of what is open of several customers.
pub(super) fn open_sums() -> String {
    in_places(sql::OPEN_SUMS).replace("$TODAY", &format!("${}", tables::LOOKUP_SIZE + 1))
}

impl Database {
    /// What is open of each of some customers, by entity and currency.
    async fn open_sums(&self, customers: &[Customer], today: Date) -> Result<BTreeMap<String, Vec<OpenSum>>> {
        let statement = open_sums();
        let mut found: BTreeMap<String, Vec<OpenSum>> = BTreeMap::new();
        for some in customers.chunks(tables::LOOKUP_SIZE) {
            let mut values: Vec<Value> = some.iter().map(|customer| customer.id.as_str().into()).collect();
            values.resize(tables::LOOKUP_SIZE, some[some.len() - 1].id.as_str().into());
            values.push(today.to_string().into());
            let rows = self.pool.rows(&statement, values, &[Text, Text, Text, Int, Int, Int, Text]).await?;
            for row in &rows {
                let currency = currency("items", row, &row[2])?;
                found.entry(row[0].bare()).or_default().push(OpenSum {
                    entity: entity("items", row, &row[1])?,
                    count: count(&row[3]),
                    open: Money::new(row[4].int(), currency),
                    overdue: Money::new(row[5].int(), currency),
                    oldest_due: row[6].bare().parse().ok(),
                });
            }
        }
        Ok(found)
    }
}

impl Pages for Database {
    async fn ping(&self) -> Result<()> {
        self.pool.rows(sql::PING, vec![], &[Int]).await.map(|_| ())
    }

    async fn decisions_by_day(&self, since: Timestamp, zone: &jiff::tz::TimeZone) -> Result<Vec<DayCount>> {
        // By quarters of an hour: the offsets of all zones are made of these, so each falls on one day wherever it is.
        let rows =
            self.pool.rows(sql::DECISIONS_BY_QUARTER, vec![since.as_microsecond().into()], &[Int, Text, Text, Int]).await?;
        let mut days: BTreeMap<(Date, String, String), u64> = BTreeMap::new();
        for row in &rows {
            let at = Timestamp::from_second(row[0].int().saturating_mul(900));
            let day = at.map_err(|error| bad("decisions", row, "decided_at", error))?.to_zoned(zone.clone()).date();
            *days.entry((day, row[1].bare(), row[2].bare())).or_default() += count(&row[3]);
        }
        days.into_iter()
            .map(|((day, of, what), count)| {
                let entity = EntityId::parse(&of).map_err(|error| StoreError::BadRow {
                    table: "bank_lines",
                    row: of,
                    column: "entity_id",
                    message: error.to_string(),
                })?;
                Ok(DayCount { day, entity, what, count })
            })
            .collect()
    }

    async fn pending_counts(&self) -> Result<Vec<PendingCount>> {
        let rows = self.pool.rows(sql::PENDING_COUNTS, vec![], &[Text, Text, Text, Int, Int, Int]).await?;
        rows.iter()
            .map(|row| {
                let amount = match &row[2] {
                    Value::Text(Some(_)) => Some(Money::new(row[4].int(), currency("cases", row, &row[2])?)),
                    _ => None,
                };
                let of = match &row[1] {
                    Value::Text(Some(_)) => Some(entity("cases", row, &row[1])?),
                    _ => None,
                };
                Ok(PendingCount {
                    kind: row[0].bare(),
                    entity: of,
                    count: count(&row[3]),
                    amount,
                    oldest: instant("cases", row, &row[5])?,
                })
            })
            .collect()
    }

    async fn customer_lines(
        &self,
        search: &str,
        after: Option<(&str, &str)>,
        limit: u32,
        today: Date,
    ) -> Result<Vec<CustomerLine>> {
        let (name, id) = after.unwrap_or_default();
        let values = vec![name.into(), id.into(), pattern(search).into(), i64::from(limit).into()];
        let rows = self.pool.rows(sql::CUSTOMER_LINES, values, &tables::CUSTOMERS.kinds()).await?;
        let customers: Vec<Customer> = rows.into_iter().map(codec::read_customer).collect::<Result<_>>()?;
        let mut open = self.open_sums(&customers, today).await?;
        let line = |customer: Customer| CustomerLine { open: open.remove(customer.id.as_str()).unwrap_or_default(), customer };
        Ok(customers.into_iter().map(line).collect())
    }

    async fn items_of(&self, customer: &CustomerId, limit: u32) -> Result<Vec<StoredItem>> {
        let kinds = joined(&[tables::ITEMS, tables::ITEM_BALANCES]);
        let values = vec![customer.as_str().into(), i64::from(limit).into()];
        self.pool.rows(sql::ITEMS_OF_CUSTOMER, values, &kinds).await?.into_iter().map(stored_item).collect()
    }

    async fn movements_of(&self, customer: &CustomerId, limit: u32) -> Result<Vec<Movement>> {
        let kinds = kinds_and(tables::POSTINGS, &[Text, Int]);
        let values = vec![customer.as_str().into(), i64::from(limit).into()];
        let rows = self.pool.rows(sql::MOVEMENTS_OF_CUSTOMER, values, &kinds).await?;
        let mut posted = Vec::with_capacity(rows.len());
        for mut row in rows {
            let decided: Row = row.split_off(tables::POSTINGS.columns.len());
            let posting = codec::read_posting(row)?;
            let (decided_by, decided_at) = codec::read_decided_by(&decided[0], &decided[1], posting.id.0)?;
            posted.push((posting, decided_by, decided_at));
        }
        let ids: BTreeSet<&str> = posted.iter().map(|(posting, ..)| posting.payment.as_str()).collect();
        let payments = self.payments_by_id(ids.into_iter().map(Value::from)).await?;
        let mut movements = Vec::with_capacity(posted.len());
        for (posting, decided_by, decided_at) in posted {
            let payment = payments.get(posting.payment.as_str()).cloned().ok_or_else(|| StoreError::BadRow {
                table: "postings",
                row: posting.id.0.to_string(),
                column: "payment_id",
                message: "there is no such payment".to_owned(),
            })?;
            movements.push(Movement { posting, payment, decided_by, decided_at });
        }
        Ok(movements)
    }

    async fn profile_lines(&self) -> Result<Vec<ProfileLine>> {
        let rows = self.pool.rows(sql::IMPORT_PROFILES, vec![], &kinds_and(tables::IMPORT_PROFILES, &[Text, Int])).await?;
        rows.into_iter()
            .map(|mut row| {
                let more = row.split_off(tables::IMPORT_PROFILES.columns.len());
                Ok(ProfileLine {
                    profile: codec::read_profile(row)?,
                    by: more[0].bare(),
                    at: instant("audit_entries", &more, &more[1])?,
                })
            })
            .collect()
    }

    async fn has_lines(&self, digest: &InputDigest) -> Result<bool> {
        Ok(!self.pool.rows(sql::LINE_OF_INPUT, vec![digest.0.as_str().into()], &[Int]).await?.is_empty())
    }

    async fn inputs_before(&self, before: Option<i64>, limit: u32) -> Result<Vec<InputLine>> {
        let kinds = kinds_and(tables::INPUTS, &[Int, Int, Text, Int, Int, Int, Int]);
        let values = vec![before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        let rows = self.pool.rows(sql::INPUTS_BEFORE, values, &kinds).await?;
        rows.into_iter()
            .map(|mut row| {
                let more = row.split_off(tables::INPUTS.columns.len());
                let input = codec::read_input(row)?;
                let taken = match &more[3] {
                    Value::Int(Some(_)) => Some((count(&more[3]), count(&more[4]), count(&more[5]))),
                    _ => None,
                };
                Ok(InputLine {
                    input,
                    seq: more[0].int(),
                    received_at: instant("audit_entries", &more, &more[1])?,
                    by: more[2].bare(),
                    taken,
                    case: case(&more[6]),
                })
            })
            .collect()
    }

    async fn evidence_before(&self, before: Option<i64>, waiting: bool, limit: u32) -> Result<Vec<EvidenceLine>> {
        let mut kinds = joined(&[tables::EVIDENCE, tables::INPUTS]);
        kinds.extend([Int, Int, Int]);
        let values = vec![before.unwrap_or(i64::MAX).into(), waiting.into(), i64::from(limit).into()];
        let rows = self.pool.rows(sql::EVIDENCE_BEFORE, values, &kinds).await?;
        rows.into_iter()
            .map(|mut row| {
                let more = row.split_off(tables::EVIDENCE.columns.len() + tables::INPUTS.columns.len());
                let (record, input) = evidence_and_input(row)?;
                Ok(EvidenceLine {
                    record,
                    input,
                    seq: more[0].int(),
                    received_at: instant("audit_entries", &more, &more[1])?,
                    case: case(&more[2]),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn wildcards_are_taken_literally() {
        assert_eq!(pattern("  "), None);
        assert_eq!(pattern("Acme 5%_!").as_deref(), Some("%acme 5!%!_!!%"));
    }
}
