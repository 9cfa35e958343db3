//! The one way in: a change set becomes rows, running balances and one audit entry, in one transaction or not at all.
//!
//! The rows a change set touches are read first, the changes are worked out on them in memory, and what came of it is written
//! in few statements. Nobody else can write in between: on PostgreSQL the head of the chain is locked, on SQLite there is one
//! writer. What is checked here is checked again by the database's own constraints and triggers.

use std::collections::{BTreeMap, HashMap, HashSet};

use quittance_agent::ports::{Applied, StoreError};
use quittance_rules::journal::{AuditEntry, BankLine, Change, ChangeSet, entry_hash};
use quittance_rules::ledger::{self, ItemBalance, PaymentBalance, Posting};
use quittance_rules::money::Money;
use quittance_rules::records::{ItemId, OpenItem, PaymentId};
use quittance_rules::users::{Passkey, PasskeyState};
use quittance_rules::work::ProposalState;

use super::engine::{Kind, Result, Row, Tx, Value};
use super::tables::{self, INSERT_SIZES, LOOKUP_SIZE, Table};
use super::{Database, codec, sql};

/// A row as it was and as it will be.
#[derive(Default)]
struct Slot {
    before: Option<Row>,
    now: Option<Row>,
    /// The recorded change that made it so.
    change_no: i64,
    /// Whether a recorded change touched it, even back to what it was: the row then names that change.
    touched: bool,
}

/// The part of the book a change set touches.
struct Work {
    slots: [HashMap<Value, Slot>; tables::ALL.len()],
    policy: Option<Row>,
}

/// A statement that belongs to a change set but is not one of its changes: secrets are kept beside the log, not in it.
pub(super) struct Also {
    pub(super) statement: &'static str,
    pub(super) values: Vec<Value>,
    pub(super) at_least: u64,
    pub(super) about: String,
}

/// Refuses a change set made from what has changed since. See [`quittance_agent::ports::Store::apply_since`].
async fn check_unchanged(tx: &mut Tx, changes: &[Change], base: i64) -> Result<()> {
    let mut questions: Vec<(&str, Vec<Value>)> =
        vec![(sql::EVIDENCE_SINCE, vec![base.into()]), (sql::ALIAS_ENDED_SINCE, vec![base.into()])];
    for change in changes {
        if let Change::Posted(posting) = change {
            questions.push((sql::CASE_CHANGED_SINCE, vec![posting.payment.as_str().into(), base.into()]));
            if let Some(item) = &posting.item {
                questions.push((sql::ITEM_CHANGED_SINCE, vec![item.as_str().into(), base.into()]));
            }
        }
    }
    for (question, arguments) in questions {
        if let Some(row) = tx.rows(question, arguments, &[Kind::Text]).await?.first() {
            return Err(StoreError::Conflict(row[0].bare()));
        }
    }
    Ok(())
}

impl Database {
    /// See [`quittance_agent::ports::Store::apply`].
    pub(super) async fn apply_changes(&self, set: ChangeSet, base: Option<i64>) -> Result<Applied> {
        self.apply_with(set, base, &[]).await
    }

    /// As [`Self::apply_changes`], with statements of the store's own that belong to the same transaction. Each says how many
    /// rows it must at least change; fewer are a conflict about what it names.
    pub(super) async fn apply_with(&self, set: ChangeSet, base: Option<i64>, also: &[Also]) -> Result<Applied> {
        let by = set.by.to_string();
        if by.contains('\0') {
            return Err(StoreError::Unavailable("the name of the person holds a NUL character; write it without".to_owned()));
        }
        let rows = rows_of(&set.changes)?;
        if rows.is_empty() {
            return Ok(Applied::default());
        }
        let mut tx = self.pool.write().await?;
        let head = if tx.is_postgres() { sql::POSTGRES_HEAD } else { sql::SQLITE_HEAD };
        let head = tx.rows(head, vec![], &[Kind::Int, Kind::Text]).await?;
        let Some([seq, previous]) = head.first().map(Vec::as_slice) else {
            return Err(StoreError::Unavailable("the audit chain has no head: table chain_head is empty".to_owned()));
        };
        let (last, previous) = (seq.int(), previous.bare());

        if let Some(base) = base {
            check_unchanged(&mut tx, &set.changes, base).await?;
        }
        let mut work = Work::load(&mut tx, &set.changes, &rows).await?;
        let mut recorded: Vec<&Change> = Vec::with_capacity(set.changes.len());
        let mut known = Vec::new();
        for (index, (change, (table, row))) in set.changes.iter().zip(rows).enumerate() {
            if work.take(change, table, row, recorded.len() as i64)? {
                recorded.push(change);
            } else {
                known.push(index);
            }
        }
        if recorded.is_empty() {
            return Ok(Applied { recorded: 0, known, audit_seq: None });
        }
        work.post(&mut tx, &recorded).await?;

        let seq = last + 1;
        let changes = codec::json(&recorded)?;
        let hash = entry_hash(&previous, seq, set.at, &by, &changes);
        let entry = AuditEntry { seq, at: set.at, by, changes, previous, hash };
        tx.run(&tables::AUDIT_ENTRIES.insert(1), codec::entry_row(&entry)).await?;
        let moved = tx.run(sql::HEAD_MOVES, vec![seq.into(), entry.hash.into(), last.into()]).await?;
        if moved != 1 {
            return Err(StoreError::Conflict("the end of the audit chain".to_owned()));
        }
        let count = recorded.len();
        work.write(&mut tx, seq).await?;
        super::webhooks::tell(&mut tx, &recorded, seq, set.at).await?;
        for also in also {
            if tx.run(also.statement, also.values.clone()).await? < also.at_least {
                return Err(StoreError::Conflict(also.about.clone()));
            }
        }
        tx.commit().await?;
        Ok(Applied { recorded: count, known, audit_seq: Some(seq) })
    }
}

/// The row of each change, refused where the databases could not keep a text.
fn rows_of(changes: &[Change]) -> Result<Vec<(&'static Table, Row)>> {
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let (table, row) = codec::row_of(change)?;
        for (value, column) in row.iter().zip(table.columns) {
            if matches!(value, Value::Text(Some(text)) if text.contains('\0')) {
                return Err(StoreError::Unavailable(format!(
                    "{} of {} {} holds a NUL character, which no database keeps; take it out",
                    column.0,
                    table.name,
                    row[0].shown()
                )));
            }
        }
        rows.push((table, row));
    }
    Ok(rows)
}

fn conflict<T>(what: impl Into<String>) -> Result<T> {
    Err(StoreError::Conflict(what.into()))
}

impl Work {
    /// Reads everything the changes are about, in few statements.
    async fn load(tx: &mut Tx, changes: &[Change], rows: &[(&'static Table, Row)]) -> Result<Self> {
        let mut keys: [HashSet<Value>; tables::ALL.len()] = std::array::from_fn(|_| HashSet::new());
        let mut policy = false;
        for (change, (table, row)) in changes.iter().zip(rows) {
            if matches!(change, Change::PolicyPublished { .. }) {
                policy = true;
                continue;
            }
            keys[table.at].insert(row[0].clone());
            match change {
                Change::LineBooked(line) => {
                    keys[tables::PAYMENT_BALANCES.at].insert(line.payment.as_str().into());
                }
                Change::LineFound { key, .. } => {
                    keys[tables::BANK_LINES.at].insert(key.as_str().into());
                }
                Change::Posted(posting) => {
                    keys[tables::PAYMENT_BALANCES.at].insert(posting.payment.as_str().into());
                    if let Some(item) = &posting.item {
                        keys[tables::ITEM_BALANCES.at].insert(item.as_str().into());
                    }
                    if let Some(reversed) = posting.reverses {
                        keys[tables::POSTINGS.at].insert(reversed.0.into());
                    }
                }
                Change::EntitySet(_)
                | Change::AccountSet { .. }
                | Change::InputReceived(_)
                | Change::InputTaken { .. }
                | Change::CustomerSet(_)
                | Change::ItemAdded(_)
                | Change::ItemDetailsSet(_)
                | Change::EvidenceRead(_)
                | Change::ModelAsked(_)
                | Change::Decided(_)
                | Change::CaseOpened(_)
                | Change::CaseChanged(_)
                | Change::AliasSet(_)
                | Change::UserSet(_)
                | Change::CredentialsSet(_)
                | Change::TokenSet(_)
                | Change::PasskeySet(_)
                | Change::WebhookSet(_)
                | Change::DraftSet(_)
                | Change::ProfileSet(_)
                | Change::CaseLeased(_)
                | Change::Noted(_)
                | Change::Proposed(_)
                | Change::PolicyPublished { .. } => {}
            }
        }
        let mut work = Self { slots: std::array::from_fn(|_| HashMap::new()), policy: None };
        for (table, keys) in tables::ALL.into_iter().zip(keys) {
            let keys: Vec<Value> = keys.into_iter().collect();
            let kinds = table.kinds();
            for some in keys.chunks(LOOKUP_SIZE) {
                // One key needs no statement of a hundred places; more are filled up with the last.
                let found = match some {
                    [one] => tx.rows(&table.by_key(), vec![one.clone()], &kinds).await?,
                    _ => {
                        let mut places = some.to_vec();
                        places.resize(LOOKUP_SIZE, some[some.len() - 1].clone());
                        tx.rows(&table.lookup(false), places, &kinds).await?
                    }
                };
                for row in found {
                    let slot = Slot { before: Some(row.clone()), now: Some(row), ..Slot::default() };
                    if let Some(key) = slot.before.as_ref().and_then(|row| row.first().cloned()) {
                        work.slots[table.at].insert(key, slot);
                    }
                }
            }
        }
        if policy {
            work.policy = tx.rows(sql::POLICY_IN_FORCE, vec![], &[Kind::Text, Kind::Text]).await?.into_iter().next();
        }
        Ok(work)
    }

    fn get(&self, table: &Table, key: &Value) -> Option<&Row> {
        self.slots[table.at].get(key).and_then(|slot| slot.now.as_ref())
    }

    fn set(&mut self, table: &Table, row: Row, change_no: i64) {
        let slot = self.slots[table.at].entry(row[0].clone()).or_default();
        slot.now = Some(row);
        slot.change_no = change_no;
        slot.touched = true;
    }

    /// Takes one change in; `false` when it was known already.
    fn take(&mut self, change: &Change, table: &'static Table, row: Row, change_no: i64) -> Result<bool> {
        let there = self.get(table, &row[0]);
        match change {
            Change::EntitySet(_)
            | Change::AccountSet { .. }
            | Change::CustomerSet(_)
            | Change::EvidenceRead(_)
            | Change::AliasSet(_)
            | Change::UserSet(_)
            | Change::CredentialsSet(_)
            | Change::TokenSet(_) => {
                if there == Some(&row) {
                    return Ok(false);
                }
            }
            // A file is one by its digest, under whatever name it comes again; taken is taken, whatever the second count says.
            Change::InputReceived(_) | Change::InputTaken { .. } | Change::ModelAsked(_) => {
                if there.is_some() {
                    return Ok(false);
                }
            }
            Change::ItemAdded(item) => match there {
                Some(same) if *same == row => return Ok(false),
                Some(_) => return conflict(format!("open item {} (it is in the book with other content)", item.id)),
                None => self.open_item(item),
            },
            Change::ItemDetailsSet(item) => match there {
                Some(same) if *same == row => return Ok(false),
                Some(old) => {
                    let old = codec::read_item(old.clone())?;
                    if (&old.entity, old.kind, old.amount) != (&item.entity, item.kind, item.amount) {
                        return conflict(format!("open item {} (its entity, kind and amount are not details)", item.id));
                    }
                }
                None => return conflict(format!("open item {} (it is not in the book)", item.id)),
            },
            Change::LineBooked(line) => {
                if there.is_some() {
                    return Ok(false);
                }
                self.open_payment(line)?;
            }
            Change::LineFound { input, key } => {
                if there.is_some() {
                    return Ok(false);
                }
                let Some(line) = self.get(tables::BANK_LINES, &key.as_str().into()) else {
                    return conflict(format!("bank line {key} (it is not in the book)"));
                };
                // What the table booked itself is known from the line.
                if codec::read_line(line.clone())?.input == *input {
                    return Ok(false);
                }
            }
            Change::Decided(decision) => {
                if there.is_some() {
                    return conflict(format!("decision {} (its number is taken)", decision.id));
                }
            }
            Change::Posted(posting) => {
                if there.is_some() {
                    return conflict(format!("posting {} (its number is taken)", posting.id));
                }
            }
            Change::CaseOpened(case) => {
                if there.is_some() {
                    return conflict(format!("case {} (its number is taken)", case.id));
                }
            }
            Change::CaseChanged(case) => {
                let Some(old) = there else {
                    return conflict(format!("case {} (there is no such case)", case.id));
                };
                let version = old[1].int();
                if version.checked_add(1) != Some(case.version) {
                    return conflict(format!("case {} (it is at version {version})", case.id));
                }
            }
            Change::ProfileSet(profile) => {
                let version = there.map_or(0, |old| old[1].int());
                if version.checked_add(1) != Some(profile.version) {
                    return conflict(format!("the mapping profile {} (it is at version {version})", profile.name));
                }
            }
            Change::DraftSet(draft) => {
                let version = there.map_or(0, |old| old[1].int());
                if version.checked_add(1) != Some(draft.version) {
                    return conflict(format!("the draft of case {} (it is at version {version})", draft.case));
                }
            }
            Change::WebhookSet(endpoint) => {
                let version = there.map_or(0, |old| old[1].int());
                if version.checked_add(1) != Some(endpoint.version) {
                    return conflict(format!("address {} (it is at version {version})", endpoint.id));
                }
            }
            Change::PasskeySet(passkey) => {
                let Some(old) = there else {
                    self.set(table, row, change_no);
                    return Ok(true);
                };
                if *old == row {
                    return Ok(false);
                }
                let old = codec::read_passkey(old.clone())?;
                // Whose it is and its key never change, and what was taken away does not come back.
                let same = Passkey { name: passkey.name.clone(), state: passkey.state, ..old.clone() };
                let may = match (old.state, passkey.state) {
                    (PasskeyState::On, _) | (PasskeyState::Copied { .. }, PasskeyState::Removed { .. }) => true,
                    (PasskeyState::Copied { .. } | PasskeyState::Removed { .. }, _) => false,
                };
                if same != *passkey || !may {
                    return conflict(format!("passkey {} (it is known already)", passkey.name));
                }
            }
            Change::CaseLeased(lease) => {
                if let Some(held) = there.map(|row| codec::read_lease(row.clone())).transpose()?
                    && held.by != lease.by
                    && held.is_on(lease.at)
                {
                    return conflict(format!("case {} ({} works on it until {})", lease.case, held.by, held.until));
                }
            }
            Change::Noted(_) => {
                // The key holds a digest of the text: the same note sent twice is one.
                if there.is_some() {
                    return Ok(false);
                }
            }
            Change::Proposed(proposal) => {
                let before = there.map(|row| codec::read_proposal(row.clone())).transpose()?;
                let waits = before.as_ref().is_some_and(|before| before.state == ProposalState::Waiting);
                let is_new = proposal.state == ProposalState::Waiting;
                if waits == is_new {
                    let what = if waits { "a proposal waits on it already" } else { "no proposal waits on it" };
                    return conflict(format!("case {} ({what})", proposal.case));
                }
            }
            Change::PolicyPublished { .. } => {
                if self.policy.as_ref() == Some(&row) {
                    return Ok(false);
                }
                self.policy = Some(row.clone());
                // Publishing an earlier text again is a publication of its own, so the key is the change.
                self.slots[table.at].insert(change_no.into(), Slot { before: None, now: Some(row), change_no, touched: true });
                return Ok(true);
            }
        }
        self.set(table, row, change_no);
        Ok(true)
    }

    fn open_item(&mut self, item: &OpenItem) {
        let balance = ItemBalance { billed: item.amount, open: item.amount };
        self.set(tables::ITEM_BALANCES, codec::item_balance_row(&item.id, balance), 0);
    }

    fn open_payment(&mut self, line: &BankLine) -> Result<()> {
        let key = line.payment.as_str().into();
        if self.get(tables::PAYMENT_BALANCES, &key).is_some() {
            return conflict(format!("payment {} (another bank line has this id)", line.payment));
        }
        if !line.line.is_booked {
            return conflict(format!("payment {} (its bank line is only announced, not booked)", line.payment));
        }
        let received = line.line.amount;
        let remaining = if received.is_negative() { Money::zero(received.currency()) } else { received };
        let balance = PaymentBalance { received, remaining };
        self.set(tables::PAYMENT_BALANCES, codec::payment_balance_row(&line.payment, balance), 0);
        Ok(())
    }

    /// Moves the balances by all recorded postings together: within one change set a credit note may come before or after the
    /// invoices it helps to pay.
    async fn post(&mut self, tx: &mut Tx, recorded: &[&Change]) -> Result<()> {
        let mut taken: BTreeMap<&PaymentId, Money> = BTreeMap::new();
        let mut cleared: BTreeMap<&ItemId, Money> = BTreeMap::new();
        let mut reversed = HashSet::new();
        for change in recorded {
            let Change::Posted(posting) = change else { continue };
            if let Some(original) = posting.reverses {
                self.check_reversal(posting)?;
                let twice = !tx.rows(sql::REVERSAL_OF, vec![original.0.into()], &[Kind::Int]).await?.is_empty();
                if twice || !reversed.insert(original) {
                    return conflict(format!("posting {original} (it has been taken back already)"));
                }
            }
            add(&mut taken, &posting.payment, posting.amount)?;
            match (&posting.item, posting.cleared) {
                (Some(item), Some(amount)) => add(&mut cleared, item, amount)?,
                (None, None) => {}
                (Some(_), None) | (None, Some(_)) => {
                    return conflict(format!("posting {} (an item and what is cleared of it go together)", posting.id));
                }
            }
        }
        for (id, taken) in taken {
            let Some(row) = self.get(tables::PAYMENT_BALANCES, &id.as_str().into()) else {
                return conflict(format!("payment {id} (there is no such payment)"));
            };
            let (_, balance) = codec::read_payment_balance(row.clone())?;
            let remaining = balance.remaining.checked_sub(taken);
            let fits = |left: &Money| !left.is_negative() && left.minor() <= balance.received.minor().max(0);
            let Some(remaining) = remaining.filter(fits) else {
                return conflict(format!("payment {id} ({} is left of it, {taken} would be taken)", balance.remaining));
            };
            self.set(tables::PAYMENT_BALANCES, codec::payment_balance_row(id, PaymentBalance { remaining, ..balance }), 0);
        }
        for (id, cleared) in cleared {
            let Some(row) = self.get(tables::ITEM_BALANCES, &id.as_str().into()) else {
                return conflict(format!("open item {id} (it is not in the book)"));
            };
            let (_, balance) = codec::read_item_balance(row.clone())?;
            let billed = balance.billed.minor();
            let fits = |open: &Money| (billed.min(0)..=billed.max(0)).contains(&open.minor());
            let Some(open) = balance.open.checked_sub(cleared).filter(fits) else {
                return conflict(format!("open item {id} ({} is open of it, {cleared} would be cleared)", balance.open));
            };
            self.set(tables::ITEM_BALANCES, codec::item_balance_row(id, ItemBalance { open, ..balance }), 0);
        }
        Ok(())
    }

    /// A reversal is the posting it takes back with both amounts negated, and nothing else; a reversal itself is final.
    fn check_reversal(&self, posting: &Posting) -> Result<()> {
        let Some(original) = posting.reverses else { return Ok(()) };
        let Some(row) = self.get(tables::POSTINGS, &original.0.into()) else {
            return conflict(format!("posting {original} (there is no such posting to take back)"));
        };
        let original = codec::read_posting(row.clone())?;
        if original.reverses.is_some() {
            return conflict(format!("posting {} (it is a reversal itself; decide anew instead)", original.id));
        }
        if ledger::reversal(&original, posting.id, posting.decision).as_ref() != Some(posting) {
            return conflict(format!("posting {} (posting {} does not take it back exactly)", original.id, posting.id));
        }
        Ok(())
    }

    /// Writes what has changed.
    async fn write(self, tx: &mut Tx, seq: i64) -> Result<()> {
        for (table, slots) in tables::ALL.into_iter().zip(self.slots) {
            let mut changed: Vec<(bool, i64, Row)> = slots
                .into_values()
                .filter(|slot| slot.touched)
                .filter_map(|slot| slot.now.map(|row| (slot.before.is_some(), slot.change_no, row)))
                .collect();
            // In the order of the changes, but a case is resolved before the next one on its subject is opened or reopened.
            let state = table.columns.iter().position(|column| column.0 == "state");
            let pending = |row: &Row| {
                table.at == tables::CASES.at
                    && state.and_then(|at| row.get(at)).is_some_and(|state| *state != Value::from("resolved"))
            };
            changed.sort_by_key(|(_, change_no, row)| (pending(row), *change_no));
            let (replaced, added): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(replaced, _, _)| *replaced);
            for (replace, rows) in [(true, replaced), (false, added)] {
                let mut rows = rows.as_slice();
                while !rows.is_empty() {
                    let size = INSERT_SIZES.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
                    let (some, rest) = rows.split_at(size);
                    rows = rest;
                    let mut values = Vec::with_capacity(size * (table.columns.len() + 2));
                    for (_, change_no, row) in some {
                        values.extend(row.iter().cloned());
                        if table.audited {
                            values.push(seq.into());
                            values.push((*change_no).into());
                        }
                    }
                    let statement = if replace { table.upsert(size) } else { table.insert(size) };
                    tx.run(&statement, values).await?;
                }
            }
        }
        Ok(())
    }
}

fn add<'k, K: Ord + std::fmt::Display>(sums: &mut BTreeMap<&'k K, Money>, key: &'k K, amount: Money) -> Result<()> {
    let sum = sums.entry(key).or_insert(Money::zero(amount.currency()));
    match sum.checked_add(amount) {
        Some(total) => {
            *sum = total;
            Ok(())
        }
        None => conflict(format!("{key} (the amounts posted on it differ in currency or overflow)")),
    }
}
