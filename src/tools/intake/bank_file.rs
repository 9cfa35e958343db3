//! One door for every bank file: looks at the content, then hands it to the reader of its format.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use quittance_rules::bank::StatementSink;
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;

use super::camt::{self, CamtKind};
use super::csv_bank::{self, TableOptions};
use super::detect::{HEAD, detect};
use super::open_point::Asked;
use super::profile::Profile;
use super::tabular::TableOutcome;
use super::tabular_seen::TableSeen;
use super::{BankFormat, IntakeError, bai2, mt940, nacha, ofx, qif, xlsx};

/// What a file may leave open.
#[derive(Debug, Clone, Default)]
pub struct BankFileOptions {
    /// Currency of the account, for formats whose files need not name one.
    pub currency: Option<Currency>,
    /// Account number, for tables that name none.
    pub account: Option<String>,
    /// Order of day and month, for QIF files whose dates do not show it.
    pub date_order: Option<DateOrder>,
    /// Mapping profile for CSV and XLSX.
    pub profile: Option<Profile>,
    /// Mapping profiles that people saved, to recognise tables by.
    pub saved: Vec<Profile>,
    /// Cells of a workbook that are read, where it is only looked at.
    pub most_cells: Option<u64>,
    /// Where somebody is asked for what a table leaves open.
    pub asked: Asked,
}

/// What a file was, and what is worth saying about how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankFileReading {
    /// The format, told from the content.
    pub format: BankFormat,
    /// Sentences for standard error.
    pub notices: Vec<String>,
    /// Of a table: its header, its first rows, and what its columns were taken for.
    pub table: Option<TableSeen>,
    /// Of a table that could not be read for want of a decision: the profile to complete, as TOML.
    pub suggested_profile: Option<String>,
}

/// Opens and reads a bank file; the name plays no part in telling its format.
///
/// # Errors
/// As [`read_bank_file`].
pub fn read_bank_path(
    path: &Path,
    options: &BankFileOptions,
    sink: &mut dyn StatementSink,
) -> Result<BankFileReading, IntakeError> {
    read_bank_file(std::fs::File::open(path)?, options, sink)
}

/// Reads a bank file of any format, told from its content, into the sink.
///
/// # Errors
/// The file is not readable, is empty, is of no known format, or nothing of it could be taken.
pub fn read_bank_file<R: Read + Seek>(
    mut input: R,
    options: &BankFileOptions,
    sink: &mut dyn StatementSink,
) -> Result<BankFileReading, IntakeError> {
    let (format, head) = look(&mut input)?;
    let currency = options.currency;
    let account = options.account.as_deref();
    let profile = options.profile.as_ref();
    let table =
        TableOptions { profile, saved: &options.saved, currency, account, most_cells: options.most_cells, asked: options.asked };
    let Some(format) = format else {
        // XML whose kind the head does not show: its reader finds the message further on, or says what the document is instead
        // (a payment order, an invoice, a web page).
        if looks_like_xml(&head) {
            let kind = camt::read(BufReader::with_capacity(HEAD, input), sink)?;
            return Ok(BankFileReading::of(kind.into()));
        }
        return Err(IntakeError::UnknownFormat { advice: advice(&head).to_owned() });
    };
    let mut reading = BankFileReading::of(format);
    match format {
        BankFormat::Csv => reading.table_read(csv_bank::read(input, table, sink)?),
        BankFormat::Xlsx => reading.table_read(xlsx::read(input, table, sink)?),
        BankFormat::Camt052 | BankFormat::Camt053 | BankFormat::Camt054 => {
            camt::read(BufReader::with_capacity(HEAD, input), sink)?;
        }
        BankFormat::Mt940 | BankFormat::Mt942 => {
            mt940::read(BufReader::with_capacity(HEAD, input), sink, mt940::Options { currency })?;
        }
        BankFormat::Ofx => ofx::read(BufReader::with_capacity(HEAD, input), sink, ofx::Options { currency })?,
        BankFormat::Bai2 => bai2::read(BufReader::with_capacity(HEAD, input), sink, bai2::Options { currency })?,
        BankFormat::Nacha => nacha::read(BufReader::with_capacity(HEAD, input), sink)?,
        BankFormat::Qif => {
            let date_order = options.date_order.map(|order| match order {
                DateOrder::Dmy => qif::DateOrder::DayFirst,
                DateOrder::Mdy => qif::DateOrder::MonthFirst,
                DateOrder::Ymd => qif::DateOrder::YearFirst,
            });
            let options = qif::Options { currency, date_order };
            qif::read(BufReader::with_capacity(HEAD, input), sink, options)?;
        }
    }
    Ok(reading)
}

/// The format a bank file announces, without reading it. `None` where the first bytes do not show it.
///
/// # Errors
/// The file is not readable or empty.
pub fn announced_format(path: &Path) -> Result<Option<BankFormat>, IntakeError> {
    Ok(look(&mut std::fs::File::open(path)?)?.0)
}

fn look<R: Read + Seek>(input: &mut R) -> Result<(Option<BankFormat>, Vec<u8>), IntakeError> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head)?;
    input.seek(SeekFrom::Start(0))?;
    if head.len() < HEAD && head.iter().all(u8::is_ascii_whitespace) {
        return Err(IntakeError::Empty);
    }
    Ok((detect(&head), head))
}

impl BankFileReading {
    fn of(format: BankFormat) -> Self {
        Self { format, notices: Vec::new(), table: None, suggested_profile: None }
    }

    fn table_read(&mut self, outcome: TableOutcome) {
        self.notices = outcome.notices;
        self.table = outcome.seen;
        self.suggested_profile = outcome.suggested_profile;
    }

    /// What is worth saying on a command line: the notices, and the profile to complete.
    pub fn sentences(&self) -> Vec<String> {
        let profile = self.suggested_profile.as_deref().map(quittance_agent::import::to_complete);
        self.notices.iter().cloned().chain(profile).collect()
    }
}

impl From<CamtKind> for BankFormat {
    fn from(kind: CamtKind) -> Self {
        match kind {
            CamtKind::Camt052 => Self::Camt052,
            CamtKind::Camt053 => Self::Camt053,
            CamtKind::Camt054 => Self::Camt054,
        }
    }
}

/// The first sign after byte order marks and the zero bytes of UTF-16 is `<`.
fn looks_like_xml(head: &[u8]) -> bool {
    let is_filler = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    head.iter().find(|b| !is_filler(b)) == Some(&b'<')
}

/// Refuses a file whose beginning is zeros, or text that goes on in zeros, before it is kept and read: such a copy may claim many
/// gigabytes and hold nothing.
///
/// # Errors
/// Not readable, or such a copy.
pub fn refuse_padding(path: &Path) -> Result<(), IntakeError> {
    let mut head = Vec::with_capacity(HEAD);
    std::fs::File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    padding(&head).map_or(Ok(()), |advice| Err(IntakeError::UnknownFormat { advice: advice.to_owned() }))
}

/// Says so when a file is zeros, or text that goes on in zeros (a cut transfer, a full disk, a sparse copy).
fn padding(head: &[u8]) -> Option<&'static str> {
    if !head.is_empty() && head.iter().all(|b| *b == 0) {
        return Some("it holds nothing but zero bytes: the copy is broken; ask for it again");
    }
    let is_text = |b: &u8| (b' '..=b'~').contains(b) || b.is_ascii_whitespace();
    let starts_as_text = !head.starts_with(b"%PDF") && head.get(..16).is_some_and(|start| start.iter().all(is_text));
    (starts_as_text && head.windows(64).any(|w| w == [0; 64]))
        .then_some("it begins as text and goes on in zero bytes: the copy is broken; ask for it again")
}

/// What the file seems to be, and what to do.
fn advice(head: &[u8]) -> &'static str {
    let known: [(&[u8], &str); 9] = [
        (b"%PDF-", "it is a PDF; ask the bank for camt.053, MT940 or CSV, or take it in as evidence"),
        (b"\x89PNG", "it is an image; take it in as evidence"),
        (b"\xff\xd8\xff", "it is an image; take it in as evidence"),
        (b"\xd0\xcf\x11\xe0", "it is an old Office file (.xls, .doc); save it as .xlsx or CSV"),
        (b"PK\x03\x04", "it is a ZIP archive or Office document; unpack it and give the files in it"),
        (b"\x1f\x8b", "it is compressed with gzip; unpack it first"),
        (b"Rar!", "it is a RAR archive; unpack it first"),
        (b"7z\xbc\xaf", "it is a 7z archive; unpack it first"),
        (b"{\\rtf", "it is a text document (RTF); ask for the file the bank sent"),
    ];
    if let Some(broken) = padding(head) {
        return broken;
    }
    known
        .iter()
        .find(|(start, _)| head.starts_with(start))
        .map_or("it is no CAMT, MT940, OFX, QIF, BAI2, NACHA, CSV or XLSX file; ask the bank for one of these", |(_, advice)| {
            advice
        })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use quittance_rules::bank::Collected;

    use super::*;

    fn read(bytes: &[u8]) -> Result<BankFormat, String> {
        let mut collected = Collected::default();
        read_bank_file(Cursor::new(bytes), &BankFileOptions::default(), &mut collected)
            .map(|read| read.format)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn the_content_chooses_the_reader_and_refusals_say_what_the_file_is() {
        assert_eq!(read(b"<Document><BkToCstmrStmt><Stmt/></BkToCstmrStmt></Document>"), Ok(BankFormat::Camt053));
        // The message begins after the head that detection looks at.
        let mut late = format!("<Document><!--{}-->", " ".repeat(HEAD)).into_bytes();
        late.extend(b"<BkToCstmrAcctRpt><Rpt/></BkToCstmrAcctRpt></Document>");
        assert_eq!(read(&late), Ok(BankFormat::Camt052));
        for (bytes, words) in [
            (&b""[..], "empty"),
            (b" \r\n ", "empty"),
            (b"\xef\xbb\xbf<Document><CstmrCdtTrfInitn/></Document>", "pain.001"),
            (b"%PDF-1.7\n", "it is a PDF"),
            (b"\x89PNG\r\n\x1a\n", "image"),
            (b"PK\x03\x04word/document.xml", "ZIP archive"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
            (b"Dear Sir", "ask the bank for one of these"),
            (&[0; 100], "nothing but zero bytes"),
            (&[b"Date,Description,Amount\n2026-01-01,a,1\n".as_slice(), &[0; 64]].concat(), "goes on in zero bytes"),
        ] {
            let error = read(bytes).expect_err(words);
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
