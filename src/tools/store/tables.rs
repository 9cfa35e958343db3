//! The tables: names, columns in order, and the statements that follow from them.

use quittance_agent::ports::StoreError;

use super::engine::Kind::{Int, Text};
use super::engine::{Kind, Result, Row, Value};

/// A table as the store sees it. The first column is its key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its place in [`ALL`].
    pub(super) at: usize,
    /// Its name.
    pub(super) name: &'static str,
    /// Columns without the audit columns.
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Whether its rows carry `audit_seq` and `change_no` and are verified against the log.
    pub(super) audited: bool,
    /// Whether its rows are written once.
    pub(super) append_only: bool,
}

pub(super) const fn table(
    at: usize,
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    audited: bool,
    append_only: bool,
) -> Table {
    Table { at, name, columns, audited, append_only }
}

pub(super) const ENTITIES: &Table =
    &table(0, "entities", &[("id", Text), ("name", Text), ("base_currency", Text), ("time_zone", Text)], true, false);

pub(super) const ACCOUNTS: &Table =
    &table(1, "accounts", &[("account", Text), ("entity_id", Text), ("currency", Text)], true, false);

pub(super) const CUSTOMERS: &Table = &table(
    2,
    "customers",
    &[
        ("id", Text),
        ("name", Text),
        ("aliases", Text),
        ("country", Text),
        ("currency", Text),
        ("iban", Text),
        ("parent_id", Text),
        ("withholding_percent", Text),
        ("tolerance", Text),
        ("emails", Text),
    ],
    true,
    false,
);

pub(super) const ITEMS: &Table = &table(
    3,
    "items",
    &[
        ("id", Text),
        ("customer_id", Text),
        ("entity_id", Text),
        ("number", Text),
        ("kind", Text),
        ("issue_date", Text),
        ("due_date", Text),
        ("amount_minor", Int),
        ("currency", Text),
        ("discount_percent", Text),
        ("discount_until", Text),
        ("on_hold", Int),
        ("contract_minor", Int),
        ("contract_currency", Text),
    ],
    true,
    false,
);

pub(super) const INPUTS: &Table =
    &table(4, "inputs", &[("digest", Text), ("kind", Text), ("name", Text), ("size_bytes", Int)], true, true);

pub(super) const INPUTS_TAKEN: &Table =
    &table(5, "inputs_taken", &[("digest", Text), ("added", Int), ("known", Int), ("problems", Int)], true, true);

pub(super) const BANK_LINES: &Table = &table(
    6,
    "bank_lines",
    &[
        ("line_key", Text),
        ("payment_id", Text),
        ("entity_id", Text),
        ("account", Text),
        ("input_digest", Text),
        ("booking_date", Text),
        ("value_date", Text),
        ("amount_minor", Int),
        ("currency", Text),
        ("counterparty_name", Text),
        ("counterparty_account", Text),
        ("remittance", Text),
        ("structured_reference", Text),
        ("end_to_end_id", Text),
        ("bank_reference", Text),
        ("transaction_code", Text),
        ("is_return", Int),
        ("is_booked", Int),
        ("fee_minor", Int),
        ("fee_currency", Text),
        ("original_minor", Int),
        ("original_currency", Text),
        ("place", Text),
    ],
    true,
    true,
);

pub(super) const EVIDENCE: &Table = &table(
    7,
    "evidence",
    &[("digest", Text), ("reading_digest", Text), ("kind", Text), ("kind_confidence", Int), ("marks", Text)],
    true,
    false,
);

pub(super) const CASES: &Table = &table(
    8,
    "cases",
    &[
        ("id", Int),
        ("version", Int),
        ("entity_id", Text),
        ("kind", Text),
        ("subject_kind", Text),
        ("subject_id", Text),
        ("amount_minor", Int),
        ("currency", Text),
        ("headline", Text),
        ("reasons", Text),
        ("candidates", Text),
        ("rejected", Text),
        ("opened_at", Int),
        ("state", Text),
        ("assigned_to", Text),
        ("snoozed_until", Text),
        ("resolved_by", Int),
        ("snoozed_owner", Text),
    ],
    true,
    false,
);

pub(super) const DECISIONS: &Table = &table(
    9,
    "decisions",
    &[
        ("id", Int),
        ("decided_at", Int),
        ("today", Text),
        ("actor", Text),
        ("subject_kind", Text),
        ("subject_id", Text),
        ("case_id", Int),
        ("what", Text),
        ("ruling", Text),
        ("policy", Text),
        ("code", Text),
        ("inputs", Text),
        ("rule", Text),
    ],
    true,
    true,
);

pub(super) const POSTINGS: &Table = &table(
    10,
    "postings",
    &[
        ("id", Int),
        ("decision_id", Int),
        ("payment_id", Text),
        ("purpose", Text),
        ("amount_minor", Int),
        ("currency", Text),
        ("item_id", Text),
        ("cleared_minor", Int),
        ("cleared_currency", Text),
        ("customer_id", Text),
        ("reverses", Int),
    ],
    true,
    true,
);

pub(super) const POLICIES: &Table = &table(11, "policies", &[("version", Text), ("text", Text)], true, true);

pub(super) const ITEM_BALANCES: &Table = &table(
    12,
    "item_balances",
    &[("item_id", Text), ("currency", Text), ("billed_minor", Int), ("open_minor", Int)],
    false,
    false,
);

pub(super) const PAYMENT_BALANCES: &Table = &table(
    13,
    "payment_balances",
    &[("payment_id", Text), ("currency", Text), ("received_minor", Int), ("remaining_minor", Int)],
    false,
    false,
);

pub(super) const AUDIT_ENTRIES: &Table = &table(
    14,
    "audit_entries",
    &[("seq", Int), ("entered_at", Int), ("actor", Text), ("changes", Text), ("previous", Text), ("hash", Text)],
    false,
    true,
);

pub(super) const USERS: &Table = &table(
    15,
    "users",
    &[
        ("id", Text),
        ("name", Text),
        ("email", Text),
        ("language", Text),
        ("grants", Text),
        ("issuer", Text),
        ("subject", Text),
        ("is_disabled", Int),
    ],
    true,
    false,
);

pub(super) const CREDENTIALS: &Table =
    &table(16, "credentials", &[("user_id", Text), ("digest", Text), ("what", Text)], true, false);

pub(super) const API_TOKENS: &Table = &table(
    17,
    "api_tokens",
    &[
        ("id", Text),
        ("user_id", Text),
        ("name", Text),
        ("scopes", Text),
        ("hash", Text),
        ("made_at", Int),
        ("expires_at", Int),
        ("revoked_at", Int),
    ],
    true,
    false,
);

pub(super) const CASE_LEASES: &Table =
    &table(18, "case_leases", &[("case_id", Int), ("held_by", Text), ("taken_at", Int), ("held_until", Int)], true, false);

pub(super) const CASE_NOTES: &Table = &table(
    19,
    "case_notes",
    &[("id", Text), ("case_id", Int), ("author", Text), ("written_at", Int), ("text", Text), ("mentions", Text)],
    true,
    true,
);

pub(super) const CASE_PROPOSALS: &Table = &table(
    20,
    "case_proposals",
    &[
        ("case_id", Int),
        ("case_version", Int),
        ("proposed_by", Text),
        ("proposed_at", Int),
        ("candidate", Int),
        ("entries", Text),
        ("state", Text),
    ],
    true,
    false,
);

pub(super) const MODEL_CALLS: &Table = &table(
    21,
    "model_calls",
    &[
        ("id", Text),
        ("question_digest", Text),
        ("task", Text),
        ("prompt", Text),
        ("model", Text),
        ("evidence_digest", Text),
        ("asked_at", Int),
        ("outcome", Text),
        ("answer_digest", Text),
        ("reading_digest", Text),
        ("tokens_in", Int),
        ("tokens_out", Int),
        ("cost_micros", Int),
        ("currency", Text),
    ],
    true,
    true,
);

pub(super) const ALIASES: &Table = &table(
    22,
    "aliases",
    &[
        ("id", Text),
        ("customer_id", Text),
        ("kind", Text),
        ("value", Text),
        ("taught_by", Int),
        ("taught_at", Int),
        ("teacher", Text),
        ("standing", Text),
        ("ended_by", Int),
        ("revoked_by", Text),
        ("revoked_at", Int),
    ],
    true,
    false,
);

pub(super) const WEBHOOK_ENDPOINTS: &Table = &table(
    23,
    "webhook_endpoints",
    &[
        ("id", Text),
        ("version", Int),
        ("entity_id", Text),
        ("url", Text),
        ("note", Text),
        ("events", Text),
        ("secrets", Text),
        ("state", Text),
        ("made_at", Int),
    ],
    true,
    false,
);

pub(super) const CASE_DRAFTS: &Table = &table(
    24,
    "case_drafts",
    &[
        ("case_id", Int),
        ("version", Int),
        ("language", Text),
        ("template", Text),
        ("text", Text),
        ("saved_by", Text),
        ("saved_at", Int),
    ],
    true,
    false,
);

pub(super) const IMPORT_PROFILES: &Table = &table(
    25,
    "import_profiles",
    &[("name", Text), ("version", Int), ("entity_id", Text), ("text", Text), ("is_on", Int)],
    true,
    false,
);

pub(super) const PASSKEYS: &Table = &table(
    26,
    "passkeys",
    &[
        ("id", Text),
        ("user_id", Text),
        ("handle", Text),
        ("name", Text),
        ("public_key", Text),
        ("made_at", Int),
        ("state", Text),
        ("ended_at", Int),
    ],
    true,
    false,
);

/// The id is the digest of the input and the key of the line, with a colon between.
pub(super) const LINES_FOUND: &Table =
    &table(27, "lines_found", &[("id", Text), ("input_digest", Text), ("line_key", Text)], true, true);

/// Every table that is written by [`Table::insert`], in the order in which they are written.
pub(super) const ALL: [&Table; 28] = [
    ENTITIES,
    ACCOUNTS,
    CUSTOMERS,
    ITEMS,
    INPUTS,
    INPUTS_TAKEN,
    BANK_LINES,
    EVIDENCE,
    CASES,
    DECISIONS,
    POSTINGS,
    POLICIES,
    ITEM_BALANCES,
    PAYMENT_BALANCES,
    AUDIT_ENTRIES,
    USERS,
    CREDENTIALS,
    API_TOKENS,
    CASE_LEASES,
    CASE_NOTES,
    CASE_PROPOSALS,
    MODEL_CALLS,
    ALIASES,
    WEBHOOK_ENDPOINTS,
    CASE_DRAFTS,
    IMPORT_PROFILES,
    PASSKEYS,
    LINES_FOUND,
];

/// Rows written by one statement, largest first. Few sizes, so that the statements stay prepared; the largest keeps the number
/// of bound values (25 columns at most) below SQLite's 32,766 and PostgreSQL's 65,535.
pub(super) const INSERT_SIZES: [usize; 3] = [64, 8, 1];

/// Keys looked up by one statement.
pub(super) const LOOKUP_SIZE: usize = 128;

impl Table {
    /// Kinds of the columns, without the audit columns.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|column| column.1).collect()
    }

    /// Names of all columns that are written, comma separated, each after a prefix.
    pub(super) fn names(&self, prefix: &str, with_audit: bool) -> String {
        let mut names: Vec<String> = self.columns.iter().map(|column| format!("{prefix}{}", column.0)).collect();
        if with_audit && self.audited {
            names.push(format!("{prefix}audit_seq"));
            names.push(format!("{prefix}change_no"));
        }
        names.join(", ")
    }

    /// The key's name.
    pub(super) fn key(&self) -> &'static str {
        self.columns[0].0
    }

    fn width(&self) -> usize {
        self.columns.len() + if self.audited { 2 } else { 0 }
    }

    /// Inserts so many rows.
    pub(super) fn insert(&self, rows: usize) -> String {
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.name, self.names("", true));
        let mut number = 0;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.width() {
                number += 1;
                if column > 0 {
                    sql.push_str(", ");
                }
                sql.push('$');
                sql.push_str(&number.to_string());
            }
            sql.push(')');
        }
        sql
    }

    /// Replaces so many rows that are there.
    pub(super) fn upsert(&self, rows: usize) -> String {
        let mut sql = self.insert(rows);
        sql.push_str(&format!(" ON CONFLICT ({}) DO UPDATE SET ", self.key()));
        let audit = if self.audited { &["audit_seq", "change_no"][..] } else { &[] };
        let sets: Vec<String> = self.columns[1..]
            .iter()
            .map(|column| column.0)
            .chain(audit.iter().copied())
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        sql.push_str(&sets.join(", "));
        sql
    }

    /// Rows by [`LOOKUP_SIZE`] keys; with the audit columns where asked.
    pub(super) fn lookup(&self, with_audit: bool) -> String {
        let places: Vec<String> = (1..=LOOKUP_SIZE).map(|number| format!("${number}")).collect();
        format!("SELECT {} FROM {} WHERE {} IN ({})", self.names("", with_audit), self.name, self.key(), places.join(", "))
    }

    /// One row by key.
    pub(super) fn by_key(&self) -> String {
        format!("SELECT {} FROM {} WHERE {} = $1", self.names("", false), self.name, self.key())
    }

    /// Keys of rows that name no entry of a chain of `$1` entries; with the entry they name.
    pub(super) fn outside(&self) -> String {
        format!(
            "SELECT {key}, audit_seq FROM {} WHERE audit_seq < 1 OR audit_seq > $1 ORDER BY {key} LIMIT 100",
            self.name,
            key = self.key()
        )
    }

    /// Rows whose latest change is in an entry above `$1` up to `$2`, in the order of the changes.
    pub(super) fn by_entries(&self) -> String {
        format!(
            "SELECT {} FROM {} WHERE audit_seq > $1 AND audit_seq <= $2 ORDER BY audit_seq, change_no",
            self.names("", true),
            self.name
        )
    }
}

/// Takes a row apart, column by column in the table's order, into the types of the domain.
pub(super) struct Reader {
    table: &'static Table,
    key: String,
    at: usize,
    values: std::vec::IntoIter<Value>,
}

impl Reader {
    pub(super) fn new(table: &'static Table, row: Row) -> Self {
        let key = row.first().map(Value::bare).unwrap_or_default();
        Self { table, key, at: 0, values: row.into_iter() }
    }

    /// The error for the column read last.
    pub(super) fn bad(&self, message: impl std::fmt::Display) -> StoreError {
        let column = self.at.checked_sub(1).and_then(|at| self.table.columns.get(at)).map_or("", |column| column.0);
        StoreError::BadRow { table: self.table.name, row: self.key.clone(), column, message: message.to_string() }
    }

    pub(super) fn opt_int(&mut self) -> Result<Option<i64>> {
        self.at += 1;
        match self.values.next() {
            Some(Value::Int(value)) => Ok(value),
            Some(Value::Text(_)) | None => Err(self.bad("is not an integer")),
        }
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        self.opt_int()?.ok_or_else(|| self.bad("is empty"))
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.int()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(format!("{other} is neither 0 nor 1"))),
        }
    }

    pub(super) fn opt_text(&mut self) -> Result<Option<String>> {
        self.at += 1;
        match self.values.next() {
            Some(Value::Text(value)) => Ok(value),
            Some(Value::Int(_)) | None => Err(self.bad("is not a text")),
        }
    }

    pub(super) fn text(&mut self) -> Result<String> {
        self.opt_text()?.ok_or_else(|| self.bad("is empty"))
    }

    /// A text that parses.
    pub(super) fn parse<T, E: std::fmt::Display>(&mut self, parse: impl Fn(&str) -> std::result::Result<T, E>) -> Result<T> {
        let text = self.text()?;
        parse(&text).map_err(|error| self.bad(error))
    }

    /// A text that parses, or nothing.
    pub(super) fn opt_parse<T, E: std::fmt::Display>(
        &mut self,
        parse: impl Fn(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        match self.opt_text()? {
            None => Ok(None),
            Some(text) => parse(&text).map(Some).map_err(|error| self.bad(error)),
        }
    }
}
