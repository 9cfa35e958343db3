//! Intake: bytes of a bank or billing file in, the types of `quittance_rules` out. One file per format. A broken line or entry
//! becomes a [`quittance_rules::bank::Problem`] and the rest is taken; an [`IntakeError`] says why nothing could be taken.

pub mod bai2;
pub mod bank_file;
pub mod billed;
pub mod book_csv;
pub mod books;
pub mod camt;
mod camt_entry;
mod cii;
pub mod column_words;
pub mod csv_bank;
pub mod detect;
pub mod embedded;
pub mod feed;
pub mod mt940;
mod mt940_details;
mod mt940_entry;
pub mod nacha;
pub mod ofx;
mod ofx_tokens;
pub mod open_point;
pub mod preview;
pub mod profile;
pub mod qif;
mod qif_date;
pub mod table;
pub mod tabular;
mod tabular_evidence;
pub mod tabular_layout;
mod tabular_row;
pub mod tabular_seen;
mod text_fields;
mod text_lines;
mod ubl;
mod utf8;
pub mod xlsx;
mod xml;

use std::io;

use serde::{Deserialize, Serialize};

/// A bank or processor file format, told from the content alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankFormat {
    /// ISO 20022 intraday account report.
    Camt052,
    /// ISO 20022 end-of-day statement.
    Camt053,
    /// ISO 20022 debit and credit notification.
    Camt054,
    /// SWIFT customer statement.
    Mt940,
    /// SWIFT interim transaction report.
    Mt942,
    /// Open Financial Exchange 1.x (SGML) and 2.x (XML), QFX included.
    Ofx,
    /// Quicken Interchange Format.
    Qif,
    /// BAI cash management balance reporting, version 2.
    Bai2,
    /// NACHA ACH file (returns and notifications of change).
    Nacha,
    /// Delimited text, read through a mapping profile.
    Csv,
    /// A spreadsheet, read through a mapping profile.
    Xlsx,
}

/// Why a whole file could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The operating system did not give the bytes.
    #[error("the file could not be read: {0}")]
    Io(#[from] io::Error),
    /// No bytes, or only space.
    #[error("the file is empty")]
    Empty,
    /// The content is of no format this program knows.
    #[error("the content is no format this program reads; {advice}")]
    UnknownFormat {
        /// What was seen, or what to do.
        advice: String,
    },
    /// A known document, but not one of the kind asked for (a payment order, an HTML page).
    #[error("this is {document}; {advice}")]
    WrongDocument {
        /// What the document is, with its article: `a pain.001 payment order`.
        document: String,
        /// What to do instead.
        advice: String,
    },
    /// The file breaks the rules of its format before anything could be taken.
    #[error("{}{message}", .line.map(|n| format!("line {n}: ")).unwrap_or_default())]
    Malformed {
        /// Line number from 1, where known.
        line: Option<u64>,
        /// One sentence with the element and what to do.
        message: String,
    },
    /// Larger or deeper than any honest file of its kind.
    #[error("{}{what} is over the limit of {limit}", .line.map(|n| format!("line {n}: ")).unwrap_or_default())]
    OverLimit {
        /// Line number from 1, where known.
        line: Option<u64>,
        /// What is too large, for example `the nesting of elements`.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
}
