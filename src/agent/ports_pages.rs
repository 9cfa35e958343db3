//! What the pages ask of the store besides what the order of work needs: lists, sums and what happened when.

use std::future::Future;

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_rules::bank::{Problem, StatementLine};
use quittance_rules::cases::InputDigest;
use quittance_rules::journal::{EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, Posting};
use quittance_rules::money::Money;
use quittance_rules::records::{Customer, CustomerId, EntityId, ImportProfile};

use crate::ports::{StoreError, StoredItem, StoredPayment};

type Result<T> = std::result::Result<T, StoreError>;

/// Decisions of one civil day on one entity's payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// The day.
    pub day: Date,
    /// Whose payments.
    pub entity: EntityId,
    /// `settled`, `asked`, `approved`, `rejected`, `closed` or `undone`.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// Pending cases of one kind, entity and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCount {
    /// Kind of exception, by its name.
    pub kind: String,
    /// Whose; `None` for what belongs to none.
    pub entity: Option<EntityId>,
    /// How many.
    pub count: u64,
    /// Money of payments that waits, without what is only claimed, failed or taken back; `None` where no case of the line has an amount.
    pub amount: Option<Money>,
    /// When the oldest was raised.
    pub oldest: Timestamp,
}

/// Open items of one customer, entity and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSum {
    /// Whose items.
    pub entity: EntityId,
    /// How many are open.
    pub count: u64,
    /// Sum of what is open.
    pub open: Money,
    /// Sum of what is open and due before the day asked for.
    pub overdue: Money,
    /// The earliest due date among the open ones.
    pub oldest_due: Option<Date>,
}

/// A customer in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerLine {
    /// The customer.
    pub customer: Customer,
    /// What is open, by entity and currency.
    pub open: Vec<OpenSum>,
}

/// A posting on a customer's items or account, with its payment and who decided when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The posting.
    pub posting: Posting,
    /// The payment.
    pub payment: StoredPayment,
    /// `rule` or `person:NAME`.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
}

/// A file that was brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputLine {
    /// The file.
    pub input: Input,
    /// Its place in the list, to go on after.
    pub seq: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// Who brought it: `person:NAME`.
    pub by: String,
    /// New records, known records and problems, once all of it has been taken.
    pub taken: Option<(u64, u64, u64)>,
    /// The pending case that holds it.
    pub case: Option<CaseId>,
}

/// A mapping profile that somebody saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileLine {
    /// The profile.
    pub profile: ImportProfile,
    /// Who changed it last: `person:NAME`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A piece of evidence in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceLine {
    /// What was read.
    pub record: EvidenceRecord,
    /// The file.
    pub input: Input,
    /// Its place in the list, to go on after.
    pub seq: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// The pending case on it.
    pub case: Option<CaseId>,
}

/// Lists and sums for the pages. Implemented by the store beside [`crate::ports::Store`].
pub trait Pages: Send + Sync {
    /// Whether the database answers.
    fn ping(&self) -> impl Future<Output = Result<()>> + Send;
    /// Decisions on payments since an instant, by the day it was in `zone`.
    fn decisions_by_day(&self, since: Timestamp, zone: &jiff::tz::TimeZone)
    -> impl Future<Output = Result<Vec<DayCount>>> + Send;
    /// Pending cases by kind, entity and currency, as the index of the queue knows them: bring it up to date first.
    fn pending_counts(&self) -> impl Future<Output = Result<Vec<PendingCount>>> + Send;
    /// Customers after a name and id, in the order of their names, at most `limit`; `search` is part of a name, id, alias or e-mail address,
    /// without regard to case. `today` tells what is overdue.
    fn customer_lines(
        &self,
        search: &str,
        after: Option<(&str, &str)>,
        limit: u32,
        today: Date,
    ) -> impl Future<Output = Result<Vec<CustomerLine>>> + Send;
    /// Items of a customer, of all entities, the last issued first, at most `limit`.
    fn items_of(&self, customer: &CustomerId, limit: u32) -> impl Future<Output = Result<Vec<StoredItem>>> + Send;
    /// Postings on a customer's items and account, the last first, at most `limit`.
    fn movements_of(&self, customer: &CustomerId, limit: u32) -> impl Future<Output = Result<Vec<Movement>>> + Send;
    /// Mapping profiles that people saved, also those that are switched off, by name, each with who changed it last and when.
    fn profile_lines(&self) -> impl Future<Output = Result<Vec<ProfileLine>>> + Send;
    /// As [`Pages::profile_lines`], the profiles alone.
    fn profiles(&self) -> impl Future<Output = Result<Vec<ImportProfile>>> + Send {
        async { Ok(self.profile_lines().await?.into_iter().map(|line| line.profile).collect()) }
    }
    /// Whether lines of this file are booked.
    fn has_lines(&self, digest: &InputDigest) -> impl Future<Output = Result<bool>> + Send;
    /// Files before a place in the list, the last first, at most `limit`.
    fn inputs_before(&self, before: Option<i64>, limit: u32) -> impl Future<Output = Result<Vec<InputLine>>> + Send;
    /// Evidence before a place in the list, the last first, at most `limit`; only with a pending case where `waiting`.
    fn evidence_before(
        &self,
        before: Option<i64>,
        waiting: bool,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<EvidenceLine>>> + Send;
}

/// A file brought through a page, kept in a folder of its own until it has been taken in.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Where it is; its file name is the one it came under.
    pub path: std::path::PathBuf,
    /// What it was brought as.
    pub kind: quittance_rules::journal::InputKind,
    /// Who brought it.
    pub by: quittance_rules::cases::Actor,
    /// The account, for statements that do not name one.
    pub account: Option<String>,
    /// The entity whose account it is, for an account that is not placed yet.
    pub entity: Option<EntityId>,
    /// The mapping profile to read a table with, as TOML. Without one, those that people saved are tried.
    pub profile: Option<String>,
}

/// The fields of a bank line that a column can be, by their names in profiles.
pub const FIELD_NAMES: &[&str] = &[
    "booking_date",
    "value_date",
    "amount",
    "debit",
    "credit",
    "indicator",
    "currency",
    "account",
    "balance",
    "counterparty_name",
    "payer_name",
    "payee_name",
    "counterparty_account",
    "remittance",
    "structured_reference",
    "end_to_end_id",
    "bank_reference",
    "transaction_code",
    "fee",
    "original_amount",
    "original_currency",
];

/// Columns of a table that can be named; a workbook is read no further either.
pub const TABLE_COLUMNS_MAX: usize = 256;

/// A mapping profile as the pages edit it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableProfile {
    /// For people.
    pub name: String,
    /// The table has no row of column names.
    pub headless: bool,
    /// `point` or `comma`; decided over the whole table where absent.
    pub decimal: Option<String>,
    /// `ymd`, `dmy` or `mdy`; decided over the whole table where absent.
    pub date: Option<String>,
    /// Currency of all lines, where no column has it.
    pub currency: Option<String>,
    /// Our account, where no column has it.
    pub account: Option<String>,
    /// The file counts money going out as positive.
    pub out_is_positive: bool,
    /// Words of the `indicator` column that mean money coming in, beside those that are known anyway.
    pub credit_words: Vec<String>,
    /// Words of the `indicator` column that mean money going out.
    pub debit_words: Vec<String>,
    /// Column by column, the field it is (one of [`FIELD_NAMES`]) or nothing.
    pub fields: Vec<String>,
}

/// What a profile still has to say before a table can be read with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableLack {
    /// No column is a date.
    Date,
    /// No column is an amount, nor a debit and a credit.
    Amount,
    /// An amount beside debits or credits.
    AmountTwice,
    /// Neither the table nor the profile names our account.
    Account,
}

/// What a table would give under a profile. Nothing is taken in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TablePreview {
    /// The profile asked for, or the one that is suggested.
    pub profile: TableProfile,
    /// It as TOML, where it can be used.
    pub text: Option<String>,
    /// What it still has to say.
    pub lacks: Vec<TableLack>,
    /// Column names as they stand; `#3` for one without a name of its own.
    pub header: Vec<String>,
    /// Line and cells of the table's first rows.
    pub rows: Vec<(u64, Vec<String>)>,
    /// The first lines.
    pub lines: Vec<StatementLine>,
    /// How many lines there are.
    pub taken: u64,
    /// Every problem, with its line.
    pub problems: Vec<Problem>,
    /// What is worth saying.
    pub notices: Vec<String>,
}

/// Why nothing can be shown of what a table would give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreviewRefused {
    /// Others are being looked at.
    #[error("several files are being looked at just now; look again in a moment")]
    Busy,
    /// Longer than is read while somebody waits.
    #[error("{0}; cut it up, or take it in on the command line with a profile")]
    TooLarge(String),
    /// It cannot be read; the sentence says why.
    #[error("{0}")]
    Unreadable(String),
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// One line for people: `12 new, 3 known`.
    pub line: String,
    /// What was refused, one sentence each, with its line and field.
    pub refused: Vec<String>,
    /// Digest of a table whose columns a person must name first.
    pub needs_columns: Option<String>,
    /// Whether anything of the file is in the book now.
    pub is_taken: bool,
}

/// Draws a page of a document that browsers do not show in a page of ours, such as PDF. The document is anybody's: whoever implements
/// this keeps it away from everything else. Boxed, because the pages hold it as a value.
pub trait PagePainter: Send + Sync {
    /// Page `number`, from 1, as PNG; the error is a sentence for people.
    fn page<'a>(
        &'a self,
        document: Vec<u8>,
        number: u32,
    ) -> std::pin::Pin<Box<dyn Future<Output = std::result::Result<Vec<u8>, String>> + Send + 'a>>;
}

/// Takes files in: formats are known to the tools, so the program hands this to the pages. Boxed, because the pages hold it as a value.
pub trait Importer: Send + Sync {
    /// Takes one file in; the error is a sentence for people.
    fn import<'a>(
        &'a self,
        upload: Upload,
    ) -> std::pin::Pin<Box<dyn Future<Output = std::result::Result<Imported, String>> + Send + 'a>>;
    /// What a table would give under a profile, or under what is known (the profiles in `saved` come first); the error is a
    /// sentence for people. Few at a time, and of files that are read in seconds.
    fn preview<'a>(
        &'a self,
        path: std::path::PathBuf,
        saved: Vec<ImportProfile>,
        profile: Option<TableProfile>,
    ) -> std::pin::Pin<Box<dyn Future<Output = std::result::Result<TablePreview, PreviewRefused>> + Send + 'a>>;
}
