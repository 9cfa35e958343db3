//! Verification: the chain is followed, and everything kept is compared with what the log says it must be.
//!
//! Each audited row names the change that made it what it is (`audit_seq`, `change_no`). Entries are taken in order, some
//! megabytes at a time; each change is turned into the row it must have left, and compared with the row that names it, column by
//! column. A row that names a change that is not there, a change whose row is gone or older, a balance that is not the sum of
//! its postings, an original that does not have its digest: each is a finding.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Read};

use quittance_agent::ports::{StoreError, VerifyReport};
use quittance_rules::journal::{AuditEntry, BrokenChain, ChainCheck, Change};
use sha2::{Digest, Sha256};

use super::engine::{Kind, RawRow, Result, Row, Tx, Value};
use super::secrets::CREDENTIALS;
use super::tables::{self, LOOKUP_SIZE, Table};
use super::{Database, Pool, codec, sql};
use crate::sealing::Keys;

/// Findings listed in full; more are counted.
const FINDINGS_MAX: usize = 1_000;
/// Text of changes held at a time, in characters, unless a single entry is larger.
const BATCH: i64 = 4 << 20;
/// Bytes of one line of an export; longer ones are refused.
const LINE_MAX: u64 = 1 << 30;

#[derive(Default)]
struct Findings {
    report: VerifyReport,
    more: u64,
}

impl Findings {
    fn add(&mut self, finding: impl Into<String>) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(finding.into());
        } else {
            self.more += 1;
        }
    }

    fn at(&mut self, table: &str, row: &str, column: &str, message: impl std::fmt::Display) {
        self.add(format!("table {table}, row {row}, column {column}: {message}"));
    }

    /// A part that could not be checked is a finding too; the others go on.
    fn not_compared(&mut self, why: String) {
        if !self.report.not_compared.contains(&why) {
            self.report.not_compared.push(why);
        }
    }

    fn part(&mut self, done: Result<()>) {
        if let Err(error) = done {
            self.add(error.to_string());
        }
    }

    fn broken(&mut self, broken: &BrokenChain) {
        let (row, column) = match broken {
            BrokenChain::Gap { expected, .. } => (expected, "seq"),
            BrokenChain::Unlinked(seq) => (seq, "previous"),
            BrokenChain::Altered(seq) => (seq, "entered_at, actor, changes or hash"),
        };
        self.at("audit_entries", &row.to_string(), column, broken);
    }

    fn finish(mut self) -> VerifyReport {
        if self.more > 0 {
            self.report.findings.push(format!("and {} findings more", self.more));
        }
        self.report
    }
}

/// Follows the chain of an export: one [`AuditEntry`] as JSON per line, as `quittance export audit` writes it. It needs no
/// database; a line that cannot be read or parsed is a finding. Compare `entries` and `head` with those written down earlier to
/// see a cut-off tail.
pub fn verify_export(mut reader: impl BufRead) -> VerifyReport {
    let mut findings = Findings::default();
    let mut chain = ChainCheck::default();
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        number += 1;
        match reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) if line.len() as u64 == LINE_MAX && line.last() != Some(&b'\n') => {
                findings.add(format!("line {number} is longer than any entry; the rest is not read"));
                break;
            }
            Ok(_) => {}
            Err(error) => {
                findings.add(format!("line {number} cannot be read: {error}"));
                break;
            }
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<AuditEntry>(&line) {
            Err(error) => findings.add(format!("line {number} is no audit entry: {error}")),
            Ok(entry) => {
                // The hash covers whole microseconds; what is finer was added by somebody.
                if entry.at.as_nanosecond() % 1_000 != 0 {
                    findings.add(format!("line {number}: the time is finer than any this program writes"));
                }
                if let Err(broken) = chain.follow(&entry) {
                    findings.add(format!("line {number}: {broken}"));
                    chain.resume_after(&entry);
                }
            }
        }
    }
    let (entries, head) = chain.head();
    if entries == 0 && findings.report.findings.is_empty() {
        findings.add("the export holds no audit entry".to_owned());
    }
    findings.report.entries = entries;
    findings.report.head = head.to_owned();
    findings.finish()
}

impl Database {
    pub(super) async fn verify_all(&self) -> Result<VerifyReport> {
        let mut findings = Findings::default();
        findings.part(self.check_statements().await.map(|_| ()));
        let mut tx = self.pool.snapshot().await?;
        if matches!(self.pool, Pool::Sqlite(_)) {
            findings.part_of(&mut tx, Part::Integrity, &self.keys).await;
        }
        for part in [Part::Log, Part::Balances, Part::Originals, Part::Numbers, Part::Secrets] {
            findings.part_of(&mut tx, part, &self.keys).await;
        }
        Ok(findings.finish())
    }
}

#[derive(Clone, Copy)]
enum Part {
    Integrity,
    Log,
    Balances,
    Originals,
    Numbers,
    Secrets,
}

impl Findings {
    async fn part_of(&mut self, tx: &mut Tx, part: Part, keys: &Keys) {
        let done = match part {
            Part::Integrity => self.integrity(tx).await,
            Part::Log => self.log(tx).await,
            Part::Balances => self.balances(tx).await,
            Part::Originals => self.originals(tx).await,
            Part::Numbers => self.numbers(tx).await,
            Part::Secrets => self.secrets(tx, keys).await,
        };
        self.part(done);
    }

    async fn integrity(&mut self, tx: &mut Tx) -> Result<()> {
        for row in tx.rows(sql::SQLITE_INTEGRITY, vec![], &[Kind::Text]).await? {
            let answer = row[0].bare();
            if answer != "ok" {
                self.add(format!("the database file is damaged: {answer}"));
            }
        }
        let kinds = [Kind::Text, Kind::Int, Kind::Text];
        for row in tx.rows(sql::SQLITE_FOREIGN_KEYS, vec![], &kinds).await?.iter().take(FINDINGS_MAX) {
            self.add(format!(
                "table {}, row number {}: it names a row of {} that is not there",
                row[0].bare(),
                row[1].bare(),
                row[2].bare()
            ));
        }
        Ok(())
    }

    /// The chain, and every audited row against the change it names.
    async fn log(&mut self, tx: &mut Tx) -> Result<()> {
        let mut chain = ChainCheck::default();
        let mut after = i64::MIN;
        loop {
            let sizes = tx.rows(sql::ENTRY_SIZES, vec![after.into()], &[Kind::Int, Kind::Int]).await?;
            let mut total = 0_i64;
            let mut upto = None;
            for row in &sizes {
                total = total.saturating_add(row[1].int());
                if upto.is_some() && total > BATCH {
                    break;
                }
                upto = Some(row[0].int());
            }
            let Some(upto) = upto else { break };
            self.batch(tx, &mut chain, after, upto).await?;
            after = upto;
        }
        let (entries, hash) = chain.head();
        self.report.entries = entries;
        self.report.head = hash.to_owned();
        let (entries, hash) = (entries, hash.to_owned());
        let head = tx.rows(sql::HEAD, vec![], &[Kind::Int, Kind::Text]).await?;
        match head.first() {
            None => self.at("chain_head", "1", "seq", "the row is missing"),
            Some(row) => {
                if row[0].int() != entries {
                    self.at("chain_head", "1", "seq", format!("{} entries were written, the log has {entries}", row[0].int()));
                }
                if row[1].bare() != hash {
                    self.at("chain_head", "1", "hash", "the last entry has another hash");
                }
            }
        }
        for table in tables::ALL.into_iter().filter(|table| table.audited) {
            let kinds = [table.columns[0].1, Kind::Int];
            for row in tx.rows(&table.outside(), vec![entries.into()], &kinds).await? {
                self.at(table.name, &row[0].bare(), "audit_seq", format!("the log has no entry {}", row[1].int()));
            }
        }
        Ok(())
    }

    async fn batch(&mut self, tx: &mut Tx, chain: &mut ChainCheck, after: i64, upto: i64) -> Result<()> {
        let mut expected: [BTreeMap<(i64, i64), Row>; tables::ALL.len()] = std::array::from_fn(|_| BTreeMap::new());
        let range = || vec![after.into(), upto.into()];
        for raw in tx.raw_rows(sql::ENTRIES_BETWEEN, range(), &tables::AUDIT_ENTRIES.kinds()).await? {
            let Some(row) = self.decoded(tables::AUDIT_ENTRIES, raw) else { continue };
            let entry = match codec::read_entry(row) {
                Ok(entry) => entry,
                Err(error) => {
                    self.add(error.to_string());
                    continue;
                }
            };
            if let Err(broken) = chain.follow(&entry) {
                self.broken(&broken);
                chain.resume_after(&entry);
            }
            match serde_json::from_str::<Vec<Change>>(&entry.changes) {
                Err(error) => self.at("audit_entries", &entry.seq.to_string(), "changes", format!("cannot be read: {error}")),
                Ok(changes) => {
                    for (number, change) in (0_i64..).zip(&changes) {
                        match codec::row_of(change) {
                            Ok((table, row)) => {
                                expected[table.at].insert((entry.seq, number), row);
                            }
                            Err(error) => self.at("audit_entries", &entry.seq.to_string(), "changes", error),
                        }
                    }
                }
            }
        }
        for (table, expected) in tables::ALL.into_iter().zip(expected).filter(|(table, _)| table.audited) {
            self.compare(tx, table, expected, range()).await?;
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        tx: &mut Tx,
        table: &'static Table,
        mut expected: BTreeMap<(i64, i64), Row>,
        range: Vec<Value>,
    ) -> Result<()> {
        let mut kinds = table.kinds();
        kinds.extend([Kind::Int, Kind::Int]);
        for mut raw in tx.raw_rows(&table.by_entries(), range, &kinds).await? {
            let mut audit = || match raw.pop() {
                Some(Ok(value)) => value.int(),
                Some(Err(_)) | None => 0,
            };
            let number = audit();
            let seq = audit();
            let key = raw.first().and_then(|key| key.as_ref().ok()).map(Value::bare).unwrap_or_default();
            let Some(wanted) = expected.remove(&(seq, number)) else {
                self.at(
                    table.name,
                    &key,
                    "audit_seq, change_no",
                    format!("entry {seq} of the log has no change {number} that made this row"),
                );
                continue;
            };
            self.report.rows += 1;
            for ((found, wanted), (column, _)) in raw.iter().zip(&wanted).zip(table.columns) {
                match found {
                    Err(error) => self.at(table.name, &key, column, format!("cannot be read: {error}")),
                    Ok(found) if found != wanted => self.at(
                        table.name,
                        &key,
                        column,
                        format!("holds {}, entry {seq} of the log says {}", found.shown(), wanted.shown()),
                    ),
                    Ok(_) => {}
                }
            }
        }
        // What is left was replaced by a later change, or its row is gone.
        let left: Vec<((i64, i64), Row)> = expected.into_iter().collect();
        for some in left.chunks(LOOKUP_SIZE) {
            let mut newest: HashMap<Value, (i64, i64)> = HashMap::new();
            if !table.append_only {
                let mut keys: Vec<Value> = some.iter().map(|(_, row)| row[0].clone()).collect();
                keys.resize(LOOKUP_SIZE, some[some.len() - 1].1[0].clone());
                for mut raw in tx.raw_rows(&table.lookup(true), keys, &kinds).await? {
                    let number = raw.pop().and_then(std::result::Result::ok).map_or(0, |value| value.int());
                    let seq = raw.pop().and_then(std::result::Result::ok).map_or(0, |value| value.int());
                    if let Some(Ok(key)) = raw.into_iter().next() {
                        newest.insert(key, (seq, number));
                    }
                }
            }
            for (change, row) in some {
                if newest.get(&row[0]).is_none_or(|newest| newest <= change) {
                    let column = table.columns[0].0;
                    self.at(
                        table.name,
                        &row[0].bare(),
                        column,
                        format!("the row that entry {} of the log made is missing or older", change.0),
                    );
                }
            }
        }
        Ok(())
    }

    /// A row whose columns all decode; otherwise each that does not is a finding.
    fn decoded(&mut self, table: &Table, raw: RawRow) -> Option<Row> {
        let key = raw.first().and_then(|key| key.as_ref().ok()).map(Value::bare).unwrap_or_default();
        let mut row = Row::with_capacity(raw.len());
        for (value, (column, _)) in raw.into_iter().zip(table.columns) {
            match value {
                Ok(value) => row.push(value),
                Err(error) => self.at(table.name, &key, column, format!("cannot be read: {error}")),
            }
        }
        (row.len() == table.columns.len()).then_some(row)
    }

    /// Running balances against bank lines, items and postings, which have been compared with the log.
    async fn balances(&mut self, tx: &mut Tx) -> Result<()> {
        for (sql, nothing, table) in [
            (sql::WRONG_PAYMENT_BALANCES, sql::PAYMENT_BALANCES_OF_NOTHING, tables::PAYMENT_BALANCES),
            (sql::WRONG_ITEM_BALANCES, sql::ITEM_BALANCES_OF_NOTHING, tables::ITEM_BALANCES),
        ] {
            let kinds = [Kind::Text, Kind::Text, Kind::Int, Kind::Int, Kind::Text, Kind::Int, Kind::Int];
            for row in tx.rows(sql, vec![], &kinds).await? {
                let key = row[0].bare();
                if row[4] == Value::Text(None) {
                    self.at(table.name, &key, table.columns[0].0, "the balance is missing");
                    continue;
                }
                for (wanted, found, at) in [(&row[1], &row[4], 1), (&row[2], &row[5], 2), (&row[3], &row[6], 3)] {
                    if wanted != found {
                        let message = format!("holds {}, lines and postings make {}", found.shown(), wanted.shown());
                        self.at(table.name, &key, table.columns[at].0, message);
                    }
                }
            }
            for row in tx.rows(nothing, vec![], &[Kind::Text]).await? {
                self.at(table.name, &row[0].bare(), table.columns[0].0, "there is nothing it is the balance of");
            }
        }
        Ok(())
    }

    /// Every kept original against its digest, and nothing missing.
    async fn originals(&mut self, tx: &mut Tx) -> Result<()> {
        let mut after = String::new();
        loop {
            let blobs = tx.rows(sql::BLOBS_AFTER, vec![after.as_str().into(), 500_i64.into()], &[Kind::Text, Kind::Int]).await?;
            let Some(last) = blobs.last() else { break };
            after = last[0].bare();
            for row in blobs {
                let digest = row[0].bare();
                let done = self.original(tx, &digest, row[1].int()).await;
                self.part(done);
            }
        }
        for row in tx.rows(sql::CHUNKS_WITHOUT_BLOB, vec![], &[Kind::Text, Kind::Int]).await? {
            self.at(
                "blob_chunks",
                &format!("{}/{}", row[0].bare(), row[1].int()),
                "digest",
                "there is no original it is a piece of",
            );
        }
        for (sql, table, column) in [
            (sql::INPUTS_NOT_KEPT, "inputs", "digest"),
            (sql::READINGS_NOT_KEPT, "evidence", "reading_digest"),
            (sql::ANSWERS_NOT_KEPT, "model_calls", "answer_digest, reading_digest"),
        ] {
            for row in tx.rows(sql, vec![], &[Kind::Text]).await? {
                self.at(table, &row[0].bare(), column, "the bytes it names are not kept");
            }
        }
        Ok(())
    }

    async fn original(&mut self, tx: &mut Tx, digest: &str, size: i64) -> Result<()> {
        let (mut hash, mut bytes, mut number) = (Sha256::new(), 0_i64, 0_i64);
        loop {
            match tx.chunk(digest, number).await {
                Ok(Some(chunk)) => {
                    hash.update(&chunk);
                    bytes = bytes.saturating_add(chunk.len() as i64);
                    number += 1;
                }
                Ok(None) => break,
                Err(error) => {
                    self.at("blob_chunks", &format!("{digest}/{number}"), "bytes", format!("cannot be read: {error}"));
                    return Ok(());
                }
            }
        }
        self.report.blobs += 1;
        let sound = hex::encode(hash.finalize()) == digest;
        if !sound {
            self.at("blob_chunks", digest, "bytes", "the kept original does not have its digest");
        }
        if bytes != size {
            self.at("blobs", digest, "size_bytes", format!("says {size}, the pieces have {bytes}"));
        }
        let pieces = tx.rows(sql::CHUNK_COUNT, vec![digest.into()], &[Kind::Int]).await?;
        if pieces.first().map(|row| row[0].int()) != Some(number) {
            self.at("blob_chunks", digest, "chunk_no", "pieces are missing or do not follow each other");
        }
        Ok(())
    }

    /// No number may be given out twice.
    async fn numbers(&mut self, tx: &mut Tx) -> Result<()> {
        let highest = tx.rows(sql::HIGHEST_NUMBERS, vec![], &[Kind::Int, Kind::Int, Kind::Int]).await?;
        let next = tx.rows(sql::SEQUENCES, vec![], &[Kind::Text, Kind::Int]).await?;
        let Some(highest) = highest.first() else { return Err(StoreError::Unavailable("the numbers cannot be read".to_owned())) };
        // In the order of their names, as both queries give them.
        for (at, name) in ["case", "decision", "posting"].into_iter().enumerate() {
            match next.iter().find(|row| row[0] == Value::from(name)) {
                None => self.at("sequences", name, "next_number", "the row is missing"),
                Some(row) if row[1].int() <= highest[at].int() => {
                    self.at("sequences", name, "next_number", format!("{} has been used already", row[1].int()));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
    /// What people prove themselves with, against the digest in the log: a password hash put in place behind the program's back.
    async fn secrets(&mut self, tx: &mut Tx, keys: &Keys) -> Result<()> {
        let mut after = String::new();
        loop {
            let kinds = [Kind::Text, Kind::Text, Kind::Text];
            let rows = tx.rows(sql::SECRETS_WITH_RECORD, vec![after.as_str().into()], &kinds).await?;
            let Some(last) = rows.last() else { break };
            after = last[0].bare();
            for row in &rows {
                let user = row[0].bare();
                match keys.open(CREDENTIALS.cell(&user), &row[1].bare()) {
                    Ok(content) if hex::encode(Sha256::digest(&content)) == row[2].bare() => {}
                    // Without the key nothing can be said about it, which is no finding.
                    Err(error) if error.is_without_key() => self.not_compared(error.to_string()),
                    Ok(_) | Err(_) => self.at("secrets", &user, "content", "it is not what the log says was set"),
                }
            }
        }
        for seen in super::webhooks::secrets_findings(tx, keys).await? {
            match seen {
                Ok((table, row, column, message)) => self.at(table, &row, column, message),
                Err(without_key) => self.not_compared(without_key),
            }
        }
        for row in tx.rows(sql::CREDENTIALS_WITHOUT_SECRET, vec![], &[Kind::Text]).await? {
            self.at("secrets", &row[0].bare(), "content", "the row is missing");
        }
        Ok(())
    }
}
