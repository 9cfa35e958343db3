//! The demo: a small service company with two entities, sixty customers and four months of invoices, its bank statements in three
//! formats, and forty pieces of evidence; beside each of them the truth.
//!
//! Everything follows from a seed: the same seed writes the same bytes. No clock and no font of the machine is used. All people,
//! companies, banks and wallets are invented; account numbers have valid check digits and invented bank codes.

pub(crate) mod accounts;
mod cash;
pub(crate) mod chance;
pub(crate) mod draw;
mod evidence;
mod invoices;
pub(crate) mod mails;
pub(crate) mod page;
mod papers;
mod remittance;
mod roster;
mod screens;
mod statements;
mod tables;
mod template;
pub(crate) mod text;
mod truth;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::civil::Date;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{BadIdentifier, Entity};
use serde::Serialize;

pub use accounts::{cci_holds, check_digits_hold};
pub use evidence::{EvidenceTruth, MoneyTiming, TruthRow};
pub use template::TemplateError;
pub use truth::TruthKind;

use cash::Line;
use chance::Chance;
use roster::Patron;

/// Why the demo could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file or folder.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A CSV table could not be put together.
    #[error("cannot put a table together: {0}")]
    Csv(#[from] csv::Error),
    /// JSON could not be put together.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A picture's template and its values do not fit.
    #[error("a picture's template does not fit: {0}")]
    Template(#[from] TemplateError),
    /// A picture or document could not be drawn.
    #[error("cannot draw: {0}")]
    Drawing(String),
    /// A picture could not be encoded.
    #[error("cannot encode a picture: {0}")]
    Image(#[from] image::ImageError),
    /// This seed's book has no case of a kind that the demo needs.
    #[error("this seed gives too few {0}; use another seed")]
    TooFew(&'static str),
    /// The generated book contradicts itself.
    #[error("the generated book contradicts itself at `{0}`")]
    Book(String),
}

impl DemoError {
    fn identifier(error: BadIdentifier) -> Self {
        Self::Book(error.to_string())
    }
}

/// What kind of file a bank gives for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementFormat {
    /// CAMT.053.001.08.
    Camt053,
    /// MT940 with German `:86:` subfields.
    Mt940,
    /// Comma-separated, with lines about the account above the header.
    Csv,
}

/// An account of one of the two companies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BankAccount {
    /// Whose it is: [`Entity::id`].
    pub entity_id: String,
    /// IBAN, or CCI in Peru, without spaces.
    pub number: String,
    /// As the bank itself writes it; what stands in its MT940 and CSV files.
    pub local_number: String,
    /// Its currency.
    pub currency: Currency,
    /// The bank's name.
    pub bank: String,
    /// The bank's BIC.
    pub bic: String,
    /// What its statements look like.
    pub format: StatementFormat,
}

/// A statement file and what it should say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementEntry {
    /// Relative to the folder.
    pub file: PathBuf,
    /// [`BankAccount::number`].
    pub account: String,
    /// Signed plain decimal.
    pub opening_balance: String,
    /// Signed plain decimal.
    pub closing_balance: String,
    /// ISO 4217.
    pub currency: Currency,
    /// Number of booked lines.
    pub lines: usize,
}

/// What was written. Also in the folder as `manifest.json`; paths are relative to the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoManifest {
    /// The seed it came from.
    pub seed: u64,
    /// The day that the demo calls today: the last day of the statements.
    pub today: Date,
    /// The two companies that bill.
    pub entities: Vec<Entity>,
    /// Their accounts.
    pub accounts: Vec<BankAccount>,
    /// The customers' table.
    pub customers: PathBuf,
    /// The invoices' table.
    pub invoices: PathBuf,
    /// Exchange rates.
    pub rates: PathBuf,
    /// The truth about each bank line.
    pub truth: PathBuf,
    /// Bank statements in order of account and month.
    pub statements: Vec<StatementEntry>,
    /// Evidence in order of name.
    pub evidence: Vec<PathBuf>,
    /// The truth about each piece of evidence.
    pub evidence_truth: PathBuf,
    /// Bank lines by kind, as in the truth table, and `customers`, `invoices`, `credit_notes`, `bank_lines`, `evidence`.
    pub counts: BTreeMap<String, usize>,
}

/// The book in memory.
struct Book {
    entities: Vec<Entity>,
    accounts: Vec<BankAccount>,
    patrons: Vec<Patron>,
    items: Vec<quittance_rules::records::OpenItem>,
    lines: Vec<Line>,
}

impl Book {
    fn new(seed: u64) -> Result<Self, DemoError> {
        let entities = roster::entities()?;
        let patrons = roster::patrons(&mut Chance::new(seed, 1))?;
        let ids: Vec<_> = entities.iter().map(|e| e.id.clone()).collect();
        let items = invoices::invoices(&patrons, &ids, &mut Chance::new(seed, 2))?;
        let lines = cash::lines(&patrons, &items, &mut Chance::new(seed, 3))?;
        Ok(Self { entities, accounts: roster::accounts(), patrons, items, lines })
    }

    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in &self.lines {
            *counts.entry(line.truth.kind.as_str().to_owned()).or_default() += 1;
        }
        let credit_notes = self.items.iter().filter(|i| i.amount.is_negative()).count();
        counts.insert("customers".into(), self.patrons.len());
        counts.insert("invoices".into(), self.items.len() - credit_notes);
        counts.insert("credit_notes".into(), credit_notes);
        counts.insert("bank_lines".into(), self.lines.len());
        counts.insert("evidence".into(), evidence::PIECES);
        counts
    }
}

struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn write(&self, relative: &Path, bytes: &[u8]) -> Result<(), DemoError> {
        let path = self.0.join(relative);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(|source| DemoError::Write { path, source })
    }
}

fn entities_toml(entities: &[Entity], accounts: &[BankAccount]) -> String {
    // None of these texts holds a quotation mark or a backslash; names are those of the roster.
    let mut out = String::from("# The two companies of the demo and their bank accounts.\n");
    for entity in entities {
        let _ = write!(
            out,
            "\n[[entity]]\nid = \"{}\"\nname = \"{}\"\nbase_currency = \"{}\"\ntime_zone = \"{}\"\n",
            entity.id, entity.name, entity.base_currency, entity.time_zone
        );
        for account in accounts.iter().filter(|a| a.entity_id == entity.id.as_str()) {
            let _ = write!(
                out,
                "\n[[entity.account]]\nnumber = \"{}\"\nlocal_number = \"{}\"\ncurrency = \"{}\"\nbank = \"{}\"\nbic = \"{}\"\n",
                account.number, account.local_number, account.currency, account.bank, account.bic
            );
        }
    }
    out
}

/// Writes the demo of a seed into a folder, which is made where it is missing; files of the same name are replaced.
///
/// `progress` is called with what is being made, how many are done, and how many there are.
///
/// # Errors
/// A file that cannot be written, or a seed whose book lacks a case that the evidence needs.
pub fn write_demo(dir: &Path, seed: u64, progress: &mut dyn FnMut(&str, usize, usize)) -> Result<DemoManifest, DemoError> {
    let book = Book::new(seed)?;
    let folder = Folder(dir);
    let mut manifest = DemoManifest {
        seed,
        today: cash::LAST_DAY,
        entities: book.entities.clone(),
        accounts: book.accounts.clone(),
        customers: "customers.csv".into(),
        invoices: "invoices.csv".into(),
        rates: "fx.csv".into(),
        truth: "truth.csv".into(),
        statements: Vec::new(),
        evidence: Vec::new(),
        evidence_truth: Path::new("evidence").join("truth.json"),
        counts: book.counts(),
    };
    progress("book", 0, 1);
    folder.write(Path::new("entities.toml"), entities_toml(&book.entities, &book.accounts).as_bytes())?;
    folder.write(&manifest.customers, &tables::customers(&book.patrons)?)?;
    folder.write(&manifest.invoices, &tables::invoices(&book.items)?)?;
    folder.write(&manifest.rates, &tables::rates()?)?;
    folder.write(&manifest.truth, &tables::truth(&book.lines, &book.accounts, &book.patrons)?)?;
    progress("book", 1, 1);

    for (index, account) in book.accounts.iter().enumerate() {
        let owner = book.entities.iter().find(|e| e.id.as_str() == account.entity_id).map_or("", |e| e.name.as_str());
        progress("bank statements", index, book.accounts.len());
        for file in statements::statement_files(index, account, owner, &book.lines)? {
            let relative = Path::new("statements").join(&file.name);
            folder.write(&relative, &file.bytes)?;
            let amount = |money: Money| money.amount();
            manifest.statements.push(StatementEntry {
                file: relative,
                account: account.number.clone(),
                opening_balance: amount(file.opening),
                closing_balance: amount(file.closing),
                currency: account.currency,
                lines: file.lines,
            });
        }
    }
    progress("bank statements", book.accounts.len(), book.accounts.len());

    let mut desk =
        evidence::Desk::new((&book.patrons, &book.items, &book.lines), (&book.accounts, &book.entities), Chance::new(seed, 4));
    let mut truths = Vec::with_capacity(evidence::PIECES);
    for (done, make) in evidence::makers().into_iter().enumerate() {
        progress("evidence", done, evidence::PIECES);
        let piece = make(&mut desk)?;
        let relative = Path::new("evidence").join(&piece.truth.file);
        folder.write(&relative, &piece.bytes)?;
        manifest.evidence.push(relative);
        truths.push(piece.truth);
    }
    progress("evidence", evidence::PIECES, evidence::PIECES);
    folder.write(&manifest.evidence_truth, &serde_json::to_vec_pretty(&truths)?)?;
    folder.write(Path::new("manifest.json"), &serde_json::to_vec_pretty(&manifest)?)?;
    Ok(manifest)
}

#[cfg(test)]
mod tests;
