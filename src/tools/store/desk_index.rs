//! The index of the queue, brought up to date from the audited tables: what has changed since the last look is taken in again.
//!
//! `apply` knows nothing of it. So a run that raises many cases is not slowed down, an older database gets its index by itself,
//! and the index can be thrown away: it follows from the book and is no part of it.

use std::collections::BTreeMap;

use quittance_agent::desk::index::{Around, evidence_keys, index, severity_number};
use quittance_agent::desk::ports::Indexed;
use quittance_rules::cases::{Case, Subject};
use quittance_rules::evidence::Reading;
use quittance_rules::journal::BankLine;
use quittance_rules::policy::Policy;
use quittance_rules::records::{Customer, CustomerId, ItemId, OpenItem};

use super::engine::Kind::{Int, Text};
use super::engine::{Result, Row, Tx, Value};
use super::tables::{self, INSERT_SIZES, Table};
use super::{Database, codec, sql};

/// One line a case. Not audited: it follows from tables that are.
pub(super) const TABLE: &Table = &tables::table(
    usize::MAX,
    "desk_cases",
    &[
        ("case_id", Int),
        ("version", Int),
        ("pending", Int),
        ("state", Text),
        ("entity_id", Text),
        ("kind", Text),
        ("severity", Int),
        ("owner", Text),
        ("snoozed_until", Text),
        ("amount_minor", Int),
        ("currency", Text),
        ("opened_at", Int),
        ("due_at", Int),
        ("risk_order", Int),
        ("rate_order", Int),
        ("group_key", Text),
        ("customer_id", Text),
        ("party", Text),
        ("headline", Text),
        ("candidates", Int),
        ("confidence", Int),
    ],
    false,
    false,
);

/// The words of a case.
pub(super) const TERMS: &Table = &tables::table(usize::MAX, "desk_terms", &[("term", Text), ("case_id", Int)], false, true);

/// What evidence is found by.
pub(super) const EVIDENCE: &Table = &tables::table(
    usize::MAX,
    "desk_evidence",
    &[("digest", Text), ("amount_minor", Int), ("currency", Text), ("claimed_on", Text)],
    false,
    false,
);

/// The numbers evidence names.
pub(super) const EVIDENCE_TERMS: &Table =
    &tables::table(usize::MAX, "desk_evidence_terms", &[("term", Text), ("digest", Text)], false, true);

/// Columns of a line, each after a prefix.
pub(super) fn columns(prefix: &str) -> String {
    TABLE.names(prefix, false)
}

/// Raised when the way of indexing changes, so that every index is made anew.
const FORM: &str = "1";
/// Cases taken in by one transaction.
const PAGE: i64 = 500;

/// Up to where an index is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    seq: i64,
    change: i64,
}

impl Database {
    pub(super) async fn desk_catch_up(&self, policy: &Policy) -> Result<u64> {
        let made_under = format!("{FORM}:{}", policy.version);
        let head = self.pool.rows(sql::CHAIN_END, vec![], &[Int]).await?.first().map_or(0, |row| row[0].int());
        let mut done = 0_u64;
        loop {
            let progress = self.pool.rows(sql::DESK_PROGRESS, vec![], &[Int, Int, Text]).await?;
            let Some(row) = progress.first() else { return Ok(done) };
            let is_current = row[2] == Value::from(made_under.as_str());
            let mark = if is_current { Mark { seq: row[0].int(), change: row[1].int() } } else { Mark { seq: 0, change: -1 } };
            if is_current && mark.seq >= head {
                return Ok(done);
            }
            let (count, last) = self.take_in(policy, mark, head, &made_under).await?;
            done = done.saturating_add(count);
            if last {
                return Ok(done);
            }
        }
    }

    /// Takes one page of changed cases and evidence in. True: it was the last.
    async fn take_in(&self, policy: &Policy, mark: Mark, head: i64, made_under: &str) -> Result<(u64, bool)> {
        let range = || vec![mark.seq.into(), mark.change.into(), head.into(), PAGE.into()];
        let mut kinds = tables::CASES.kinds();
        kinds.extend([Int, Int]);
        let mut upto = Mark { seq: head, change: i64::MAX };
        let mut cases = Vec::new();
        let rows = self.pool.rows(sql::CASES_CHANGED, range(), &kinds).await?;
        let is_full = rows.len() as i64 == PAGE;
        for mut row in rows {
            let at = row.split_off(tables::CASES.columns.len());
            if is_full {
                upto = Mark { seq: at[0].int(), change: at[1].int() };
            }
            cases.push(codec::read_case(row)?);
        }
        let mut kinds = tables::EVIDENCE.kinds();
        kinds.extend([Int, Int]);
        // Evidence may be taken in again with the next page of cases; that changes nothing.
        let range = vec![mark.seq.into(), mark.change.into(), upto.seq.into(), i64::MAX.into()];
        let mut evidence = Vec::new();
        for mut row in self.pool.rows(sql::EVIDENCE_CHANGED, range, &kinds).await? {
            row.truncate(tables::EVIDENCE.columns.len());
            evidence.push(codec::read_evidence(row)?);
        }
        let lines = self.indexed(&cases, policy).await?;
        let mut claims = Vec::new();
        for record in evidence {
            let reading = match &record.reading {
                Some(digest) => self.reading(&digest.0).await?,
                None => None,
            };
            claims.push((record.digest, reading.as_ref().map(evidence_keys)));
        }

        let mut tx = self.pool.write().await?;
        let now = tx
            .rows(if tx.is_postgres() { sql::POSTGRES_DESK_PROGRESS } else { sql::DESK_PROGRESS }, vec![], &[Int, Int, Text])
            .await?;
        let Some(row) = now.first() else { return Ok((0, true)) };
        let is_current = row[2] == Value::from(made_under);
        if is_current && (row[0].int(), row[1].int()) != (mark.seq, mark.change) {
            // Somebody else has taken the same page in.
            return Ok((0, false));
        }
        for line in &lines {
            tx.run(sql::DESK_TERMS_FORGOTTEN, vec![line.row.id.0.into()]).await?;
        }
        let rows: Vec<Row> = lines.iter().map(line_row).collect();
        write(&mut tx, TABLE, &rows, true).await?;
        let words = lines.iter().flat_map(|line| line.terms.iter().map(|term| vec![term.as_str().into(), line.row.id.0.into()]));
        write(&mut tx, TERMS, &words.collect::<Vec<Row>>(), false).await?;
        for (digest, keys) in claims {
            let (amount, date, numbers) = keys.unwrap_or_default();
            tx.run(sql::DESK_EVIDENCE_TERMS_FORGOTTEN, vec![digest.0.as_str().into()]).await?;
            let row = vec![
                digest.0.as_str().into(),
                amount.map(|amount| amount.minor()).into(),
                amount.map(|amount| amount.currency().code().to_owned()).into(),
                date.map(|date| date.to_string()).into(),
            ];
            write(&mut tx, EVIDENCE, &[row], true).await?;
            let numbers: Vec<Row> = numbers.into_iter().map(|number| vec![number.into(), digest.0.as_str().into()]).collect();
            write(&mut tx, EVIDENCE_TERMS, &numbers, false).await?;
        }
        tx.run(sql::DESK_PROGRESS_MADE, vec![upto.seq.into(), upto.change.into(), made_under.into()]).await?;
        tx.commit().await?;
        Ok((lines.len() as u64, !is_full))
    }

    async fn reading(&self, digest: &str) -> Result<Option<Reading>> {
        let bytes = self.kept_bytes(&quittance_rules::cases::InputDigest(digest.to_owned())).await?;
        // A reading that does not parse is reported by the verification; here it only means that it cannot be found by its words.
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The lines of some cases, with what stands around them read in few statements.
    async fn indexed(&self, cases: &[Case], policy: &Policy) -> Result<Vec<Indexed>> {
        let lines: BTreeMap<String, BankLine> = {
            let payments = cases.iter().filter_map(|case| match &case.subject {
                Subject::Payment(id) | Subject::Return(id) => Some(Value::from(id.as_str())),
                Subject::Evidence(_) | Subject::Input(_) | Subject::Item(_) => None,
            });
            let rows = self.in_chunks(&lines_by_payment(), payments, &tables::BANK_LINES.kinds()).await?;
            rows.into_iter()
                .map(|row| codec::read_line(row).map(|line| (line.payment.to_string(), line)))
                .collect::<Result<_>>()?
        };
        let mut ids: Vec<ItemId> = cases
            .iter()
            .flat_map(|case| {
                let own = match &case.subject {
                    Subject::Item(id) => Some(id.clone()),
                    Subject::Payment(_) | Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) => None,
                };
                let entries = case.candidates.iter().flat_map(|candidate| &candidate.entries);
                entries.filter_map(|entry| entry.item.clone()).chain(own)
            })
            .collect();
        ids.sort();
        ids.dedup();
        let rows =
            self.in_chunks(&tables::ITEMS.lookup(false), ids.iter().map(|id| id.as_str().into()), &tables::ITEMS.kinds()).await?;
        let items: BTreeMap<ItemId, OpenItem> =
            rows.into_iter().map(|row| codec::read_item(row).map(|item| (item.id.clone(), item))).collect::<Result<_>>()?;
        let mut owners: Vec<CustomerId> = items.values().map(|item| item.customer.clone()).collect();
        owners.extend(
            cases.iter().flat_map(|case| &case.candidates).flat_map(|c| &c.entries).filter_map(|entry| entry.customer.clone()),
        );
        owners.sort();
        owners.dedup();
        let keys = owners.iter().map(|id| id.as_str().into());
        let rows = self.in_chunks(&tables::CUSTOMERS.lookup(false), keys, &tables::CUSTOMERS.kinds()).await?;
        let customers: BTreeMap<CustomerId, Customer> = rows
            .into_iter()
            .map(|row| codec::read_customer(row).map(|customer| (customer.id.clone(), customer)))
            .collect::<Result<_>>()?;
        let mut indexed = Vec::with_capacity(cases.len());
        for case in cases {
            indexed.push(self.one_indexed(case, policy, &lines, &items, &customers).await?);
        }
        Ok(indexed)
    }

    async fn one_indexed(
        &self,
        case: &Case,
        policy: &Policy,
        lines: &BTreeMap<String, BankLine>,
        items: &BTreeMap<ItemId, OpenItem>,
        customers: &BTreeMap<CustomerId, Customer>,
    ) -> Result<Indexed> {
        let mut file = None;
        let mut reading = None;
        if let Subject::Evidence(digest) | Subject::Input(digest) = &case.subject {
            let key = vec![digest.0.as_str().into()];
            let rows = self.pool.rows(&tables::INPUTS.by_key(), key.clone(), &tables::INPUTS.kinds()).await?;
            file = rows.into_iter().next().map(codec::read_input).transpose()?.map(|input| input.name);
            let rows = self.pool.rows(&tables::EVIDENCE.by_key(), key, &tables::EVIDENCE.kinds()).await?;
            let record = rows.into_iter().next().map(codec::read_evidence).transpose()?;
            if let Some(digest) = record.and_then(|record| record.reading) {
                reading = self.reading(&digest.0).await?;
            }
        }
        let entries: Vec<_> = case.candidates.iter().flat_map(|candidate| &candidate.entries).collect();
        let mut around = Around { file: file.as_deref(), reading: reading.as_ref(), ..Around::default() };
        match &case.subject {
            Subject::Payment(id) | Subject::Return(id) => around.line = lines.get(id.as_str()),
            Subject::Item(id) => around.items.extend(items.get(id)),
            Subject::Evidence(_) | Subject::Input(_) => {}
        }
        for id in entries.iter().filter_map(|entry| entry.item.as_ref()) {
            if !around.items.iter().any(|known| known.id == *id) {
                around.items.extend(items.get(id));
            }
        }
        let owners =
            around.items.iter().map(|item| &item.customer).chain(entries.iter().filter_map(|entry| entry.customer.as_ref()));
        let mut found: Vec<&Customer> = Vec::new();
        for customer in owners.filter_map(|id| customers.get(id)) {
            if !found.iter().any(|known| known.id == customer.id) {
                found.push(customer);
            }
        }
        around.customers = found;
        Ok(index(case, &around, policy))
    }
}

/// Bank lines by the payments they are.
pub(super) fn lines_by_payment() -> String {
    tables::BANK_LINES.lookup(false).replace("WHERE line_key IN", "WHERE payment_id IN")
}

fn line_row(line: &Indexed) -> Row {
    let row = &line.row;
    vec![
        row.id.0.into(),
        row.version.into(),
        line.pending.into(),
        row.state.as_str().into(),
        row.entity.as_ref().map(|id| id.as_str().to_owned()).into(),
        row.kind.to_string().into(),
        severity_number(row.severity).into(),
        row.owner.clone().into(),
        row.snoozed_until.map(|day| day.to_string()).into(),
        row.amount.map(|amount| amount.minor()).into(),
        row.amount.map(|amount| amount.currency().code().to_owned()).into(),
        row.opened_at.as_microsecond().into(),
        row.due_at.as_microsecond().into(),
        line.risk_order.into(),
        line.rate_order.into(),
        row.group.as_str().into(),
        row.customer.as_ref().map(|id| id.as_str().to_owned()).into(),
        row.party.clone().into(),
        row.headline.as_str().into(),
        i64::from(row.candidates).into(),
        i64::from(row.confidence).into(),
    ]
}

/// Writes rows in few statements.
async fn write(tx: &mut Tx, table: &'static Table, rows: &[Row], replace: bool) -> Result<()> {
    let mut rows = rows;
    while !rows.is_empty() {
        let size = INSERT_SIZES.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        let (some, rest) = rows.split_at(size);
        rows = rest;
        let values: Vec<Value> = some.iter().flatten().cloned().collect();
        tx.run(&if replace { table.upsert(size) } else { table.insert(size) }, values).await?;
    }
    Ok(())
}
