//! The desk's port: the list, what stands around a case, and what a person has set.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quittance_agent::desk::list::Query;
use quittance_agent::desk::ports::{
    CaseRow, Counts, DeskStore, EvidenceQuestion, FirstAnswer, Group, KeptEvidence, Page, Selection, UndoMaterial,
};
use quittance_agent::ports::{StoredItem, StoredPayment};
use quittance_rules::cases::{Decision, InputDigest};
use quittance_rules::draft::Draft;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::ledger::{CaseId, DecisionId};
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::Policy;
use quittance_rules::records::{Customer, CustomerId, EntityId};
use quittance_rules::work::{Lease, Note, Proposal};

use super::engine::Kind::{Int, Text};
use super::engine::{Result, Value};
use super::pages::pattern;
use super::read::{evidence_and_input, joined, stored_item, stored_payment};
use super::{Database, codec, desk_index, sql, tables};

/// A pattern for what contains the beginning of a text; without a text, for anything.
fn inside(text: &str) -> String {
    let beginning: String = text.trim().chars().take(60).collect();
    pattern(&beginning).unwrap_or_else(|| "%".to_owned())
}

impl DeskStore for Database {
    async fn catch_up(&self, policy: &Policy) -> Result<u64> {
        self.desk_catch_up(policy).await
    }

    async fn list(&self, query: &Query) -> Result<Page> {
        self.desk_list(query).await
    }

    async fn line_after(&self, query: &Query, case: CaseId) -> Result<Option<CaseRow>> {
        self.desk_neighbour(query, case, true).await
    }

    async fn line_before(&self, query: &Query, case: CaseId) -> Result<Option<CaseRow>> {
        self.desk_neighbour(query, case, false).await
    }

    async fn lines(&self, cases: &[CaseId]) -> Result<Vec<CaseRow>> {
        self.desk_lines(cases).await
    }

    async fn counts(&self, query: &Query, user: &str) -> Result<Counts> {
        self.desk_counts(query, user).await
    }

    async fn groups(&self, query: &Query, limit: u32) -> Result<Vec<Group>> {
        self.desk_groups(query, limit).await
    }

    async fn evidence_kept(&self, digest: &InputDigest) -> Result<Option<KeptEvidence>> {
        let kinds = joined(&[tables::EVIDENCE, tables::INPUTS]);
        let rows = self.pool.rows(sql::EVIDENCE_BY_DIGEST, vec![digest.0.as_str().into()], &kinds).await?;
        let found = rows.into_iter().next().map(evidence_and_input).transpose()?;
        Ok(found.map(|(record, input)| KeptEvidence { record, input }))
    }

    async fn evidence_for(&self, question: &EvidenceQuestion, limit: u32) -> Result<Vec<KeptEvidence>> {
        let mut digests: Vec<String> = Vec::new();
        if let Some((amount, from, to)) = question.amount {
            let values = vec![
                amount.currency().code().into(),
                amount.minor().into(),
                from.to_string().into(),
                to.to_string().into(),
                i64::from(limit).into(),
            ];
            let rows = self.pool.rows(sql::EVIDENCE_BY_AMOUNT, values, &[Text]).await?;
            digests.extend(rows.iter().map(|row| row[0].bare()));
        }
        for number in &question.numbers {
            let values = vec![number.as_str().into(), i64::from(limit).into()];
            let rows = self.pool.rows(sql::EVIDENCE_BY_NUMBER, values, &[Text]).await?;
            digests.extend(rows.iter().map(|row| row[0].bare()));
        }
        let mut found: Vec<KeptEvidence> = Vec::new();
        for digest in digests {
            let is_new = !found.iter().any(|known| known.record.digest.0 == digest);
            if is_new && found.len() < limit as usize {
                found.extend(self.evidence_kept(&InputDigest(digest)).await?);
            }
        }
        Ok(found)
    }

    async fn items_of_customer(&self, customer: &CustomerId, entity: Option<&EntityId>, limit: u32) -> Result<Vec<StoredItem>> {
        let kinds = joined(&[tables::ITEMS, tables::ITEM_BALANCES]);
        let values = vec![customer.as_str().into(), entity.map(|id| id.as_str().to_owned()).into(), i64::from(limit).into()];
        self.pool.rows(sql::ITEMS_OF_CUSTOMER_IN, values, &kinds).await?.into_iter().map(stored_item).collect()
    }

    async fn items_like(&self, entity: &EntityId, text: &str, limit: u32) -> Result<Vec<StoredItem>> {
        let kinds = joined(&[tables::ITEMS, tables::ITEM_BALANCES]);
        let values = vec![entity.as_str().into(), inside(text).into(), i64::from(limit).into()];
        self.pool.rows(sql::ITEMS_LIKE, values, &kinds).await?.into_iter().map(stored_item).collect()
    }

    async fn payments_of(&self, customer: &CustomerId, limit: u32) -> Result<Vec<StoredPayment>> {
        let kinds = joined(&[tables::BANK_LINES, tables::PAYMENT_BALANCES]);
        let values = vec![customer.as_str().into(), i64::from(limit).into()];
        self.pool.rows(sql::PAYMENTS_OF_CUSTOMER, values, &kinds).await?.into_iter().map(stored_payment).collect()
    }

    async fn decided_like(
        &self,
        kind: ExceptionKind,
        customer: Option<&CustomerId>,
        party: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Decision>> {
        let limit: Value = i64::from(limit).into();
        let (statement, values) = match (customer, party) {
            (Some(customer), _) => (sql::DECIDED_FOR_CUSTOMER, vec![kind.to_string().into(), customer.as_str().into(), limit]),
            (None, Some(party)) => (sql::DECIDED_FOR_PARTY, vec![kind.to_string().into(), party.into(), limit]),
            (None, None) => return Ok(Vec::new()),
        };
        let rows = self.pool.rows(statement, values, &tables::DECISIONS.kinds()).await?;
        rows.into_iter().map(codec::read_decision).collect()
    }

    async fn decisions_by_id(&self, ids: &[DecisionId]) -> Result<Vec<Decision>> {
        let keys = ids.iter().map(|id| id.0.into());
        let rows = self.in_chunks(&tables::DECISIONS.lookup(false), keys, &tables::DECISIONS.kinds()).await?;
        let mut found: Vec<Decision> = rows.into_iter().map(codec::read_decision).collect::<Result<_>>()?;
        found.sort_by_key(|decision| decision.id);
        found.dedup_by_key(|decision| decision.id);
        Ok(found)
    }

    async fn unapplied_of(&self, customer: &CustomerId) -> Result<Vec<Money>> {
        let rows = self.pool.rows(sql::UNAPPLIED_OF_CUSTOMER, vec![customer.as_str().into()], &[Text, Int]).await?;
        rows.iter()
            .map(|row| {
                let code = row[0].bare();
                let currency = Currency::parse(&code).map_err(|error| super::StoreError::BadRow {
                    table: "postings",
                    row: format!("of customer {customer}"),
                    column: "currency",
                    message: error.to_string(),
                })?;
                Ok(Money::new(row[1].int(), currency))
            })
            .collect()
    }

    async fn customers_like(&self, text: &str, limit: u32) -> Result<Vec<Customer>> {
        let values = vec![inside(text).into(), i64::from(limit).into()];
        let rows = self.pool.rows(sql::CUSTOMERS_LIKE, values, &tables::CUSTOMERS.kinds()).await?;
        rows.into_iter().map(codec::read_customer).collect()
    }

    async fn lease(&self, case: CaseId) -> Result<Option<Lease>> {
        let table = tables::CASE_LEASES;
        let rows = self.pool.rows(&table.by_key(), vec![case.0.into()], &table.kinds()).await?;
        rows.into_iter().next().map(codec::read_lease).transpose()
    }

    async fn draft(&self, case: CaseId) -> Result<Option<Draft>> {
        let table = tables::CASE_DRAFTS;
        let rows = self.pool.rows(&table.by_key(), vec![case.0.into()], &table.kinds()).await?;
        rows.into_iter().next().map(codec::read_draft).transpose()
    }

    async fn notes(&self, case: CaseId) -> Result<Vec<Note>> {
        let rows = self.pool.rows(sql::NOTES_OF_CASE, vec![case.0.into()], &tables::CASE_NOTES.kinds()).await?;
        rows.into_iter().map(codec::read_note).collect()
    }

    async fn proposal(&self, case: CaseId) -> Result<Option<Proposal>> {
        let table = tables::CASE_PROPOSALS;
        let rows = self.pool.rows(&table.by_key(), vec![case.0.into()], &table.kinds()).await?;
        rows.into_iter().next().map(codec::read_proposal).transpose()
    }

    async fn proposals_waiting(&self, limit: u32) -> Result<Vec<Proposal>> {
        let kinds = tables::CASE_PROPOSALS.kinds();
        let rows = self.pool.rows(sql::PROPOSALS_WAITING, vec![i64::from(limit).into()], &kinds).await?;
        rows.into_iter().map(codec::read_proposal).collect()
    }

    async fn seen(&self, case: CaseId, user: &str, at: Timestamp) -> Result<()> {
        let mut tx = self.pool.write().await?;
        // Glances of the last hour are enough: presence is about now.
        let hour_ago = at.as_microsecond().saturating_sub(3_600_000_000);
        tx.run(sql::PRESENCE_FORGOTTEN, vec![hour_ago.into()]).await?;
        tx.run(sql::PRESENCE_SEEN, vec![case.0.into(), user.into(), at.as_microsecond().into()]).await?;
        tx.commit().await
    }

    async fn present(&self, cases: &[CaseId], since: Timestamp) -> Result<Vec<(CaseId, String)>> {
        let rows = self.pool.rows(sql::PRESENT_SINCE, vec![since.as_microsecond().into()], &[Int, Text]).await?;
        let found = rows.iter().map(|row| (CaseId(row[0].int()), row[1].bare()));
        Ok(found.filter(|(case, _)| cases.contains(case)).collect())
    }

    async fn settings(&self, user: &str, prefix: &str) -> Result<Vec<(String, String)>> {
        let rows = self.pool.rows(sql::SETTINGS_OF, vec![user.into()], &[Text, Text]).await?;
        let found = rows.iter().map(|row| (row[0].bare(), row[1].bare()));
        Ok(found.filter(|(name, _)| name.starts_with(prefix)).collect())
    }

    async fn set(&self, user: &str, name: &str, value: Option<&str>) -> Result<()> {
        let mut tx = self.pool.write().await?;
        tx.run(sql::SETTING_FORGOTTEN, vec![user.into(), name.into()]).await?;
        if let Some(value) = value {
            tx.run(sql::SETTING_KEPT, vec![user.into(), name.into(), value.into()]).await?;
        }
        tx.commit().await
    }

    async fn selected(&self, selection: &Selection) -> Result<Vec<DecisionId>> {
        let (statement, values) = match selection {
            Selection::Entry(entry) => (sql::DECISIONS_OF_ENTRY, vec![(*entry).into()]),
            Selection::ByRule { from, to, rule } => {
                (sql::DECISIONS_BY_RULE, vec![from.as_microsecond().into(), to.as_microsecond().into(), rule.clone().into()])
            }
        };
        let rows = self.pool.rows(statement, values, &[Int]).await?;
        Ok(rows.iter().map(|row| DecisionId(row[0].int())).collect())
    }

    async fn undo_material(&self, decisions: &[DecisionId]) -> Result<UndoMaterial> {
        let keys = || decisions.iter().map(|id| Value::from(id.0));
        let mut material = UndoMaterial::default();
        let chosen = self.decisions_by_id(decisions).await?;
        // Every decision on the same subjects.
        let rows = self.in_chunks(&in_places(sql::DECISIONS_ON_SAME), keys(), &tables::DECISIONS.kinds()).await?;
        material.decisions = rows.into_iter().map(codec::read_decision).collect::<Result<_>>()?;
        material.decisions.sort_by_key(|decision| decision.id);
        material.decisions.dedup_by_key(|decision| decision.id);
        let rows = self.in_chunks(&in_places(sql::POSTINGS_OF_DECISIONS), keys(), &tables::POSTINGS.kinds()).await?;
        let mut seen = std::collections::BTreeSet::new();
        for row in rows {
            let posting = codec::read_posting(row)?;
            if seen.insert(posting.id.0) {
                material.postings.entry(posting.decision).or_default().push(posting);
            }
        }
        let cases = chosen.iter().filter_map(|decision| decision.case).map(|case| case.0.into());
        for row in self.in_chunks(&tables::CASES.lookup(false), cases, &tables::CASES.kinds()).await? {
            let case = codec::read_case(row)?;
            material.cases.insert(case.id, case);
        }
        let mut payments = BTreeMap::new();
        for decision in chosen.iter().filter(|decision| decision.case.is_none()) {
            if let quittance_rules::cases::Subject::Payment(id) = &decision.subject {
                payments.insert(id.to_string(), Value::from(id.as_str()));
            }
        }
        material.payments = self.payments_by_id(payments.into_values()).await?;
        Ok(material)
    }

    async fn first_answer(&self, user: &str, key: &str) -> Result<Option<FirstAnswer>> {
        let rows = self.pool.rows(sql::FIRST_ANSWER, vec![user.into(), key.into()], &[Text, Int, Text]).await?;
        Ok(rows.first().map(|row| FirstAnswer {
            request: row[0].bare(),
            status: u16::try_from(row[1].int()).unwrap_or(500),
            body: row[2].bare(),
        }))
    }

    async fn keep_answer(
        &self,
        user: &str,
        key: &str,
        answer: &FirstAnswer,
        at: Timestamp,
        forget_before: Timestamp,
    ) -> Result<()> {
        let mut tx = self.pool.write().await?;
        tx.run(sql::ANSWERS_FORGOTTEN, vec![forget_before.as_microsecond().into()]).await?;
        let values = vec![
            user.into(),
            key.into(),
            answer.request.as_str().into(),
            i64::from(answer.status).into(),
            answer.body.as_str().into(),
            at.as_microsecond().into(),
        ];
        tx.run(sql::ANSWER_KEPT, values).await?;
        tx.commit().await
    }
}

impl Database {
    /// Payments with these ids, by id.
    pub(super) async fn payments_by_id(&self, ids: impl Iterator<Item = Value>) -> Result<BTreeMap<String, StoredPayment>> {
        let kinds = joined(&[tables::BANK_LINES, tables::PAYMENT_BALANCES]);
        let rows = self.in_chunks(&in_places(sql::PAYMENTS_BY_ID), ids, &kinds).await?;
        let payments = rows.into_iter().map(stored_payment);
        payments.map(|payment| payment.map(|found| (found.line.payment.to_string(), found))).collect()
    }
}

/// A statement whose `($IN)` becomes the places of a lookup.
pub(super) fn in_places(statement: &str) -> String {
    let places: Vec<String> = (1..=tables::LOOKUP_SIZE).map(|number| format!("${number}")).collect();
    statement.replace("$IN", &places.join(", "))
}

/// Statements of the desk that are put together here, so that a check of the statements covers them.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> =
        [sql::DECISIONS_ON_SAME, sql::POSTINGS_OF_DECISIONS, sql::PAYMENTS_BY_ID].into_iter().map(in_places).collect();
    all.push(super::pages::open_sums());
    all.push(desk_index::lines_by_payment());
    all.extend(super::desk_list::samples());
    for table in [desk_index::TABLE, desk_index::EVIDENCE] {
        all.extend(tables::INSERT_SIZES.map(|rows| table.upsert(rows)));
        all.push(table.lookup(false));
    }
    for table in [desk_index::TERMS, desk_index::EVIDENCE_TERMS] {
        all.extend(tables::INSERT_SIZES.map(|rows| table.insert(rows)));
    }
    all
}
