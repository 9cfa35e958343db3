//! The port: its questions, and its changes handed on.

use std::collections::BTreeMap;
use std::path::Path;

use quittance_agent::ports::{
    AllocationRow, Applied, CaseFilter, EntityBook, RuleUse, Sequence, Store, StoreError, StoredItem, StoredPayment, VerifyReport,
};
use quittance_rules::aliases::Alias;
use quittance_rules::cases::{Case, Decision, InputDigest, Subject};
use quittance_rules::journal::{AuditEntry, ChangeSet, EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, DecisionId, Position, Posting};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, PaymentId};

use super::engine::{Kind, Result, Row, Value};
use super::tables::{self, Table};
use super::{Database, codec, sql};

/// Rows read at a time where there may be many.
const PAGE: i64 = 10_000;

fn limit(limit: u32) -> Value {
    if limit == 0 { i64::MAX.into() } else { i64::from(limit).into() }
}

pub(super) fn joined(tables: &[&'static Table]) -> Vec<Kind> {
    tables.iter().flat_map(|table| table.kinds()).collect()
}

pub(super) fn stored_item(mut row: Row) -> Result<StoredItem> {
    let balance = row.split_off(tables::ITEMS.columns.len());
    Ok(StoredItem { item: codec::read_item(row)?, balance: codec::read_item_balance(balance)?.1 })
}

pub(super) fn stored_payment(mut row: Row) -> Result<StoredPayment> {
    let balance = row.split_off(tables::BANK_LINES.columns.len());
    Ok(StoredPayment { line: codec::read_line(row)?, balance: codec::read_payment_balance(balance)?.1 })
}

/// A row of evidence beside the input it came as.
pub(super) fn evidence_and_input(mut row: Row) -> Result<(EvidenceRecord, Input)> {
    let input = row.split_off(tables::EVIDENCE.columns.len());
    Ok((codec::read_evidence(row)?, codec::read_input(input)?))
}

impl Database {
    /// Rows of one table, each read into its type.
    async fn all<T>(&self, sql: &str, arguments: Vec<Value>, table: &Table, read: fn(Row) -> Result<T>) -> Result<Vec<T>> {
        self.pool.rows(sql, arguments, &table.kinds()).await?.into_iter().map(read).collect()
    }

    async fn one<T>(&self, key: Value, table: &Table, read: fn(Row) -> Result<T>) -> Result<Option<T>> {
        Ok(self.all(&table.by_key(), vec![key], table, read).await?.into_iter().next())
    }
}

impl Store for Database {
    async fn apply(&self, changes: ChangeSet) -> Result<Applied> {
        self.apply_changes(changes, None).await
    }

    async fn apply_since(&self, base: i64, changes: ChangeSet) -> Result<Applied> {
        self.apply_changes(changes, Some(base)).await
    }

    async fn head(&self) -> Result<i64> {
        let rows = self.pool.rows(sql::CHAIN_END, vec![], &[Kind::Int]).await?;
        Ok(rows.first().map_or(0, |row| row[0].int()))
    }

    async fn reserve(&self, sequence: Sequence, count: u32) -> Result<i64> {
        let name = match sequence {
            Sequence::Case => "case",
            Sequence::Decision => "decision",
            Sequence::Posting => "posting",
        };
        let mut tx = self.pool.write().await?;
        let rows = tx.rows(sql::RESERVE, vec![i64::from(count).into(), name.into()], &[Kind::Int]).await?;
        let Some(first) = rows.first().map(|row| row[0].int()) else {
            return Err(StoreError::Unavailable(format!("the sequence {name} is missing from table sequences")));
        };
        tx.commit().await?;
        Ok(first)
    }

    async fn keep_file(&self, path: &Path) -> Result<(InputDigest, u64)> {
        self.keep_file_at(path).await
    }

    async fn keep_bytes(&self, bytes: &[u8]) -> Result<InputDigest> {
        self.keep_bytes_of(bytes).await
    }

    async fn kept(&self, digest: &InputDigest) -> Result<Option<Vec<u8>>> {
        self.kept_bytes(digest).await
    }

    async fn entities(&self) -> Result<Vec<Entity>> {
        self.all(sql::ENTITIES, vec![], tables::ENTITIES, codec::read_entity).await
    }

    async fn accounts(&self) -> Result<BTreeMap<String, (EntityId, Option<Currency>)>> {
        Ok(self.all(sql::ACCOUNTS, vec![], tables::ACCOUNTS, codec::read_account).await?.into_iter().collect())
    }

    async fn input(&self, digest: &InputDigest) -> Result<Option<(Input, bool)>> {
        let mut kinds = tables::INPUTS.kinds();
        kinds.push(Kind::Int);
        let rows = self.pool.rows(sql::INPUT, vec![digest.0.as_str().into()], &kinds).await?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
        let taken = row.pop().is_some_and(|taken| taken.int() == 1);
        Ok(Some((codec::read_input(row)?, taken)))
    }

    async fn lines_found(&self, digest: &InputDigest) -> Result<Vec<String>> {
        let rows = self.pool.rows(sql::LINES_FOUND, vec![digest.0.as_str().into()], &[Kind::Text]).await?;
        Ok(rows.iter().map(|row| row[0].bare()).collect())
    }

    async fn customer(&self, id: &CustomerId) -> Result<Option<Customer>> {
        self.one(id.as_str().into(), tables::CUSTOMERS, codec::read_customer).await
    }

    async fn customers(&self) -> Result<Vec<Customer>> {
        self.all(sql::CUSTOMERS, vec![], tables::CUSTOMERS, codec::read_customer).await
    }

    async fn item(&self, id: &ItemId) -> Result<Option<StoredItem>> {
        let kinds = joined(&[tables::ITEMS, tables::ITEM_BALANCES]);
        let rows = self.pool.rows(sql::ITEM, vec![id.as_str().into()], &kinds).await?;
        rows.into_iter().next().map(stored_item).transpose()
    }

    async fn payment(&self, id: &PaymentId) -> Result<Option<StoredPayment>> {
        let kinds = joined(&[tables::BANK_LINES, tables::PAYMENT_BALANCES]);
        let rows = self.pool.rows(sql::PAYMENT, vec![id.as_str().into()], &kinds).await?;
        rows.into_iter().next().map(stored_payment).transpose()
    }

    async fn payments_of_amount(&self, amount: Money) -> Result<Vec<StoredPayment>> {
        let kinds = joined(&[tables::BANK_LINES, tables::PAYMENT_BALANCES]);
        let arguments = vec![amount.currency().code().into(), amount.minor().into()];
        self.pool.rows(sql::PAYMENTS_OF_AMOUNT, arguments, &kinds).await?.into_iter().map(stored_payment).collect()
    }

    async fn book(&self, entity: &EntityId) -> Result<EntityBook> {
        let mut tx = self.pool.snapshot().await?;
        let mut book = EntityBook::default();
        let customers = tx.rows(sql::CUSTOMERS_OF_ENTITY, vec![entity.as_str().into()], &tables::CUSTOMERS.kinds()).await?;
        book.customers = customers.into_iter().map(codec::read_customer).collect::<Result<_>>()?;
        // Page by page, so that only one page is held in both forms.
        let kinds = joined(&[tables::ITEMS, tables::ITEM_BALANCES]);
        let mut after = String::new();
        loop {
            let page = vec![entity.as_str().into(), after.as_str().into(), PAGE.into()];
            let rows = tx.rows(sql::ITEMS_OF_ENTITY, page, &kinds).await?;
            let Some(last) = rows.last() else { break };
            after = last[0].bare();
            for row in rows {
                book.items.push(stored_item(row)?);
            }
        }
        let kinds = joined(&[tables::BANK_LINES, tables::PAYMENT_BALANCES]);
        let mut after = String::new();
        loop {
            let page = vec![entity.as_str().into(), after.as_str().into(), PAGE.into()];
            let rows = tx.rows(sql::UNDECIDED_PAYMENTS, page, &kinds).await?;
            let Some(last) = rows.last() else { break };
            after = last[1].bare();
            for row in rows {
                book.payments.push(stored_payment(row)?);
            }
        }
        let returns = tx.rows(sql::RETURNS, vec![entity.as_str().into()], &kinds).await?;
        let aliases = tx.rows(sql::ALIASES, vec![], &tables::ALIASES.kinds()).await?;
        book.aliases = aliases.into_iter().map(super::aliases::read).collect::<Result<_>>()?;
        book.returns = returns.into_iter().map(stored_payment).collect::<Result<_>>()?;
        Ok(book)
    }

    async fn returns_without_case(&self, entity: &EntityId) -> Result<Vec<StoredPayment>> {
        let kinds = joined(&[tables::BANK_LINES, tables::PAYMENT_BALANCES]);
        let rows = self.pool.rows(sql::RETURNS_WITHOUT_CASE, vec![entity.as_str().into()], &kinds).await?;
        rows.into_iter().map(stored_payment).collect()
    }

    async fn evidence(&self) -> Result<Vec<(EvidenceRecord, Input)>> {
        self.evidence_since(0).await
    }

    async fn evidence_since(&self, base: i64) -> Result<Vec<(EvidenceRecord, Input)>> {
        let kinds = joined(&[tables::EVIDENCE, tables::INPUTS]);
        let rows = self.pool.rows(sql::EVIDENCE, vec![base.into()], &kinds).await?;
        rows.into_iter().map(evidence_and_input).collect()
    }

    async fn case(&self, id: CaseId) -> Result<Option<Case>> {
        self.one(id.0.into(), tables::CASES, codec::read_case).await
    }

    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<Case>> {
        let arguments = vec![
            filter.after.map_or(i64::MIN, |id| id.0).into(),
            filter.entity.as_ref().map(|id| id.as_str().to_owned()).into(),
            filter.kind.clone().into(),
            filter.resolved.into(),
            limit(filter.limit),
        ];
        self.all(sql::CASES_BY_FILTER, arguments, tables::CASES, codec::read_case).await
    }

    async fn cases_on(&self, subject: &Subject) -> Result<Vec<Case>> {
        self.all(sql::CASES_ON, codec::subject(subject).to_vec(), tables::CASES, codec::read_case).await
    }

    async fn pending_case(&self, subject: &Subject) -> Result<Option<Case>> {
        let subject = codec::subject(subject).to_vec();
        Ok(self.all(sql::PENDING_CASE, subject, tables::CASES, codec::read_case).await?.into_iter().next())
    }

    async fn decision(&self, id: DecisionId) -> Result<Option<Decision>> {
        self.one(id.0.into(), tables::DECISIONS, codec::read_decision).await
    }

    async fn decisions(&self, after: DecisionId, count: u32) -> Result<Vec<Decision>> {
        self.all(sql::DECISIONS_AFTER, vec![after.0.into(), limit(count)], tables::DECISIONS, codec::read_decision).await
    }

    async fn decisions_on(&self, subject: &Subject) -> Result<Vec<Decision>> {
        self.all(sql::DECISIONS_ON, codec::subject(subject).to_vec(), tables::DECISIONS, codec::read_decision).await
    }

    async fn postings_of_decision(&self, id: DecisionId) -> Result<Vec<Posting>> {
        self.all(sql::POSTINGS_OF_DECISION, vec![id.0.into()], tables::POSTINGS, codec::read_posting).await
    }

    async fn postings_of_payment(&self, id: &PaymentId) -> Result<Vec<Posting>> {
        self.all(sql::POSTINGS_OF_PAYMENT, vec![id.as_str().into()], tables::POSTINGS, codec::read_posting).await
    }

    async fn postings(&self, after: i64, count: u32) -> Result<Vec<Posting>> {
        self.all(sql::POSTINGS_AFTER, vec![after.into(), limit(count)], tables::POSTINGS, codec::read_posting).await
    }

    async fn allocations(&self, after: i64, count: u32) -> Result<Vec<AllocationRow>> {
        let mut kinds = tables::POSTINGS.kinds();
        kinds.extend([Kind::Text, Kind::Int, Kind::Int, Kind::Text]);
        let rows = self.pool.rows(sql::ALLOCATIONS_AFTER, vec![after.into(), limit(count)], &kinds).await?;
        rows.into_iter()
            .map(|mut row| {
                let decided = row.split_off(tables::POSTINGS.columns.len());
                let posting = codec::read_posting(row)?;
                let (decided_by, decided_at) = codec::read_decided_by(&decided[0], &decided[1], posting.id.0)?;
                let reversed_by = match &decided[2] {
                    Value::Int(number) => *number,
                    Value::Text(_) => None,
                };
                let rule = match &decided[3] {
                    Value::Text(rule) => rule.clone(),
                    Value::Int(_) => None,
                };
                Ok(AllocationRow { posting, decided_by, decided_at, rule, reversed_by })
            })
            .collect()
    }

    async fn policy(&self) -> Result<Option<(String, String)>> {
        let rows = self.pool.rows(sql::POLICY_IN_FORCE, vec![], &[Kind::Text, Kind::Text]).await?;
        Ok(rows.first().map(|row| (row[0].bare(), row[1].bare())))
    }

    async fn policy_of(&self, version: &str) -> Result<Option<String>> {
        let rows = self.pool.rows(sql::POLICY_OF_VERSION, vec![version.into()], &[Kind::Text, Kind::Text]).await?;
        Ok(rows.first().map(|row| row[1].bare()))
    }

    async fn rule_uses(&self) -> Result<Vec<RuleUse>> {
        let rows = self.pool.rows(sql::RULE_USES, vec![], &[Kind::Text, Kind::Int, Kind::Int, Kind::Int]).await?;
        let uses = rows.iter().map(|row| RuleUse {
            rule: row[0].bare(),
            decisions: u64::try_from(row[1].int()).unwrap_or(0),
            settled: u64::try_from(row[2].int()).unwrap_or(0),
            last: DecisionId(row[3].int()),
        });
        Ok(uses.collect())
    }

    async fn aliases(&self) -> Result<Vec<Alias>> {
        self.all(sql::ALIASES, vec![], tables::ALIASES, super::aliases::read).await
    }

    async fn positions(&self, entity: Option<&EntityId>) -> Result<Vec<Position>> {
        // Three sums of their own, so that a position that adds up says something: lines, running balances and postings agree.
        let (bank_in, undecided, posted) = match entity {
            None => (sql::BANK_IN_OF_ALL, sql::UNDECIDED_OF_ALL, sql::POSTED_OF_ALL),
            Some(_) => (sql::BANK_IN, sql::UNDECIDED, sql::POSTED),
        };
        let values = || entity.map(|id| Value::from(id.as_str())).into_iter().collect::<Vec<_>>();
        let currency = |row: &Row| {
            let code = row[0].bare();
            Currency::parse(&code).map_err(|error| StoreError::BadRow {
                table: "bank_lines",
                row: format!("of currency {code}"),
                column: "currency",
                message: error.to_string(),
            })
        };
        let mut positions: BTreeMap<Currency, Position> = BTreeMap::new();
        for row in self.pool.rows(bank_in, values(), &[Kind::Text, Kind::Int]).await? {
            let currency = currency(&row)?;
            let zero = Money::zero(currency);
            let bank_in = Money::new(row[1].int(), currency);
            positions.insert(currency, Position { bank_in, applied: zero, unapplied: zero, not_ours: zero, in_queue: zero });
        }
        for row in self.pool.rows(undecided, values(), &[Kind::Text, Kind::Int]).await? {
            let currency = currency(&row)?;
            if let Some(position) = positions.get_mut(&currency) {
                position.in_queue = Money::new(row[1].int(), currency);
            }
        }
        for row in self.pool.rows(posted, values(), &[Kind::Text, Kind::Text, Kind::Int]).await? {
            let currency = currency(&row)?;
            let sum = Money::new(row[2].int(), currency);
            if let Some(position) = positions.get_mut(&currency) {
                match row[1].bare().as_str() {
                    "applied" => position.applied = sum,
                    "unapplied" => position.unapplied = sum,
                    "not_ours" => position.not_ours = sum,
                    // Discounts and the like clear an item and take nothing of a payment.
                    _ => {}
                }
            }
        }
        Ok(positions.into_values().collect())
    }

    async fn audit_entries(&self, after: i64, count: u32) -> Result<Vec<AuditEntry>> {
        self.all(sql::ENTRIES_AFTER, vec![after.into(), limit(count)], tables::AUDIT_ENTRIES, codec::read_entry).await
    }

    async fn verify(&self) -> Result<VerifyReport> {
        self.verify_all().await
    }
}
