//! What a bank or processor file holds: every format ends in a [`Statement`] and its [`StatementLine`]s.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::money::{Currency, Money};

/// One account over one period, as a file reports it. Lines follow it one by one; they are not kept in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// IBAN, or the account number as the bank writes it, without spaces. Empty where the file is silent.
    pub account: String,
    /// `None` where neither the account nor any amount names one.
    pub currency: Option<Currency>,
    /// The bank's number or identification of this statement.
    pub statement_id: Option<String>,
}

/// What is known of a statement once its last line has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StatementEnd {
    /// Booked opening balance (CAMT `OPBD`, or `PRCD` where that is absent; MT940 `:60F:`).
    pub opening_balance: Option<Money>,
    /// Booked closing balance (CAMT `CLBD`; MT940 `:62F:`; OFX `LEDGERBAL`).
    pub closing_balance: Option<Money>,
    /// Opening plus booked lines equals closing. `None` where one of the balances is missing.
    pub balance_adds_up: Option<bool>,
}

/// Which way the money went, seen from the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Money came in.
    Credit,
    /// Money went out.
    Debit,
}

/// One booked transaction. Where a bank books several payments as one entry and gives the amount of each, each is a line.
///
/// Text fields are as the bank sent them, with inner line breaks folded to one space; `None` where the file is silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// Date of booking; falls back to the value date where the file has only that.
    pub booking_date: Option<Date>,
    /// Date from which the money bears interest.
    pub value_date: Option<Date>,
    /// Signed: a credit to the account is positive.
    pub amount: Money,
    /// The other party: payer of a credit, payee of a debit.
    pub counterparty_name: Option<String>,
    /// IBAN or account number of the other party, without spaces.
    pub counterparty_account: Option<String>,
    /// Unstructured remittance text.
    pub remittance: Option<String>,
    /// Creditor reference (ISO 11649 and national structured references), or structured document number.
    pub structured_reference: Option<String>,
    /// End-to-end identification given by the payer. `NOTPROVIDED` and the like are `None`.
    pub end_to_end_id: Option<String>,
    /// The bank's own reference of the booking (CAMT `AcctSvcrRef`, OFX `FITID`, MT940 `//` reference).
    pub bank_reference: Option<String>,
    /// The bank's code for the kind of transaction, as written (`PMNT-RCDT-ESCT`, `NTRF`, `165`).
    pub transaction_code: Option<String>,
    /// A returned, reversed or rejected payment.
    pub is_return: bool,
    /// Booked (true) or only announced (pending, information). Only booked lines change a balance.
    pub is_booked: bool,
    /// Charges the file names for this line, positive when they cost the account holder.
    pub fee: Option<Money>,
    /// The instructed amount where it was in another currency.
    pub original_amount: Option<Money>,
    /// Where in the file the line stands, for people: `line 12`, `entry 3, transaction 2`.
    pub place: String,
}

impl StatementLine {
    /// Whether the bank's own reference tells this booking from others.
    pub fn has_telling_reference(&self) -> bool {
        self.bank_reference.as_deref().is_some_and(is_telling_reference)
    }

    /// Credit or debit, from the sign of the amount. A zero line counts as a credit.
    pub fn direction(&self) -> Direction {
        if self.amount.is_negative() { Direction::Debit } else { Direction::Credit }
    }
}

/// Something in a file that could not be taken, with its place. The rest of the file is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line number in a text file, from 1; for XML the line where the element starts.
    pub line: Option<u64>,
    /// Field, element or tag, as the format names it (`Ntry/Amt`, `:61:`, `amount`).
    pub field: Option<String>,
    /// One sentence: what is wrong, with the value, and what to do where there is something to do.
    pub message: String,
}

/// Receives a bank file piece by piece, so that no reader holds a whole file. Order of calls:
/// `statement`, its `line`s, its `end`; then the next statement. A `problem` may come at any time.
pub trait StatementSink {
    /// A statement begins.
    fn statement(&mut self, statement: Statement);
    /// A line of the statement that began last.
    fn line(&mut self, line: StatementLine);
    /// The statement that began last is complete.
    fn end(&mut self, end: StatementEnd);
    /// Something could not be taken.
    fn problem(&mut self, problem: Problem);
}

/// A sink that keeps everything in memory: for tests and small files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Collected {
    /// Statements in file order.
    pub statements: Vec<CollectedStatement>,
    /// Problems in file order.
    pub problems: Vec<Problem>,
}

/// One statement of [`Collected`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedStatement {
    /// Its head.
    pub statement: Statement,
    /// Its lines in file order.
    pub lines: Vec<StatementLine>,
    /// Its balances.
    pub end: StatementEnd,
}

impl StatementSink for Collected {
    fn statement(&mut self, statement: Statement) {
        self.statements.push(CollectedStatement { statement, lines: Vec::new(), end: StatementEnd::default() });
    }
    fn line(&mut self, line: StatementLine) {
        if let Some(open) = self.statements.last_mut() {
            open.lines.push(line);
        }
    }
    fn end(&mut self, end: StatementEnd) {
        if let Some(open) = self.statements.last_mut() {
            open.end = end;
        }
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// Adds lines up and says whether opening + booked lines = closing. A reader keeps one per statement.
#[derive(Debug, Clone, Default)]
pub struct BalanceCheck {
    booked: Option<Money>,
    broken: bool,
}

impl BalanceCheck {
    /// Counts a line; lines that are not booked do not count.
    pub fn add(&mut self, line: &StatementLine) {
        if !line.is_booked {
            return;
        }
        self.booked = match self.booked {
            None => Some(line.amount),
            Some(sum) => sum.checked_add(line.amount).or_else(|| {
                self.broken = true;
                Some(sum)
            }),
        };
    }

    /// A line of this statement could not be read, so its sum is not known to be whole. The comparison still runs: the
    /// balances then show by how much the unread lines matter.
    pub fn finish(self, opening_balance: Option<Money>, closing_balance: Option<Money>) -> StatementEnd {
        let balance_adds_up = match (opening_balance, closing_balance) {
            (Some(open), Some(close)) if !self.broken => {
                let booked = self.booked.unwrap_or(Money::zero(open.currency()));
                Some(open.checked_add(booked) == Some(close))
            }
            (Some(_), Some(_)) => Some(false),
            (None, _) | (_, None) => None,
        };
        StatementEnd { opening_balance, closing_balance, balance_adds_up }
    }
}

/// What makes two reports of a line the same line: account, date, amount and the bank's reference, or, where the bank gives
/// none, everything it says about the line. Two lines alike in all of this within one statement are told apart by their
/// ordinal (the n-th such line), so that an overlapping file repeats 1..n and adds nothing, while two real equal payments stay two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineKey(pub [u8; 32]);

impl LineKey {
    /// The key of the `ordinal`-th (from 0) line alike to this one in its statement.
    pub fn of(account: &str, line: &StatementLine, ordinal: u32) -> Self {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        field(&normal_account(account));
        field(&line.booking_date.map(|d| d.to_string()).unwrap_or_default());
        field(&line.amount.to_string());
        match line.bank_reference.as_deref().filter(|r| is_telling_reference(r)) {
            Some(reference) => {
                field("ref");
                field(reference);
                field(line.end_to_end_id.as_deref().unwrap_or_default());
            }
            None => {
                field("text");
                for part in [
                    &line.counterparty_name,
                    &line.counterparty_account,
                    &line.remittance,
                    &line.structured_reference,
                    &line.end_to_end_id,
                ] {
                    field(part.as_deref().unwrap_or_default());
                }
            }
        }
        field(&ordinal.to_string());
        Self(hash.finalize().into())
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

/// References that banks print when they have none.
fn is_telling_reference(reference: &str) -> bool {
    let plain = reference.trim().to_ascii_uppercase();
    !(plain.is_empty()
        || matches!(plain.as_str(), "NONREF" | "NOTPROVIDED" | "NOT PROVIDED" | "N/A" | "UNKNOWN" | "0")
        || plain.bytes().all(|b| b == b'0'))
}

/// An account number for comparison: no spaces, upper case.
pub fn normal_account(account: &str) -> String {
    account.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}
