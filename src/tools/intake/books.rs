//! Customers and invoices, from whichever file holds them: CSV, or an electronic invoice (UBL, CII). What an electronic invoice
//! says becomes an open item once its buyer is found among the customers.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use quittance_rules::bank::Problem;
use quittance_rules::names;
use quittance_rules::records::{BilledDocument, Customer, CustomerId, EntityId, ItemId, ItemKind, OpenItem};

use super::{IntakeError, billed, book_csv};

/// What a file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records<T> {
    /// What was taken.
    pub records: Vec<T>,
    /// What was not.
    pub problems: Vec<Problem>,
    /// Sentences for standard error.
    pub notices: Vec<String>,
}

/// Customers from a CSV file.
///
/// # Errors
/// The file cannot be read, is empty, or lacks a column.
pub fn read_customers(path: &Path) -> Result<Records<Customer>, IntakeError> {
    let mut problems = Vec::new();
    let (records, summary) = book_csv::read_customers(File::open(path)?, &mut |problem| problems.push(problem))?;
    Ok(Records { records, problems, notices: summary.notices })
}

/// Whether a file is a PDF: it is to be opened in the parsing process only, which gives the invoice inside it.
///
/// # Errors
/// The file cannot be read.
pub fn is_pdf(path: &Path) -> Result<bool, IntakeError> {
    let mut head = Vec::new();
    File::open(path)?.take(1024).read_to_end(&mut head)?;
    Ok(head.windows(5).any(|window| window == b"%PDF-"))
}

/// Invoices and credit notes from a CSV file or an XML invoice. `customers` are those of the book: an XML invoice names its
/// buyer in its own words.
///
/// # Errors
/// The file cannot be read, is empty, lacks a column, or is another document.
pub fn read_invoices(path: &Path, customers: &[Customer]) -> Result<Records<OpenItem>, IntakeError> {
    let mut file = File::open(path)?;
    let mut head = [0_u8; 64];
    let seen = file.read(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let is_filler = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let first = head.get(..seen).unwrap_or_default().iter().find(|b| !is_filler(b));
    if first == Some(&b'<') {
        return read_invoice_xml(BufReader::new(file), customers);
    }
    let mut problems = Vec::new();
    let (records, summary) = book_csv::read_invoices(file, &mut |problem| problems.push(problem))?;
    Ok(Records { records, problems, notices: summary.notices })
}

/// One electronic invoice.
///
/// # Errors
/// The input cannot be read, is empty, or is another document.
pub fn read_invoice_xml<R: Read>(input: BufReader<R>, customers: &[Customer]) -> Result<Records<OpenItem>, IntakeError> {
    let reading = billed::read(input)?;
    let mut records = Records { records: Vec::new(), problems: reading.problems, notices: Vec::new() };
    if let Some(document) = reading.document {
        match open_item(&document, customers) {
            Ok(item) => records.records.push(item),
            Err(problem) => records.problems.push(problem),
        }
    }
    Ok(records)
}

fn open_item(document: &BilledDocument, customers: &[Customer]) -> Result<OpenItem, Problem> {
    let problem = |field: &str, message: String| Problem { line: None, field: Some(field.to_owned()), message };
    let seller = document.seller_id.as_deref().or(document.seller_name.as_deref()).unwrap_or_default();
    let entity = EntityId::parse(seller).map_err(|error| problem("Seller", format!("the seller is not named: {error}")))?;
    let customer = buyer(document, customers)?;
    // Invoice numbers are unique for one seller only.
    let id = ItemId::parse(&format!("{entity}/{}", document.number)).map_err(|error| problem("ID", error.to_string()))?;
    let (amount, kind) = match document.kind {
        ItemKind::Invoice => (Some(document.payable), ItemKind::Invoice),
        ItemKind::CreditNote => (document.payable.checked_neg(), ItemKind::CreditNote),
    };
    let amount = amount.ok_or_else(|| problem("PayableAmount", "the amount is too large".to_owned()))?;
    Ok(OpenItem {
        id,
        customer,
        entity,
        number: document.number.clone(),
        kind,
        issue_date: document.issue_date,
        due_date: document.due_date.unwrap_or(document.issue_date),
        amount,
        discount_percent: document.discount.as_ref().map(|discount| discount.percent),
        discount_until: document.discount.as_ref().map(|discount| discount.until),
        on_hold: false,
        contract_amount: None,
    })
}

/// The customer a document bills: by id, else by a name or alias that only one customer bears.
fn buyer(document: &BilledDocument, customers: &[Customer]) -> Result<CustomerId, Problem> {
    let ids = [&document.buyer_id, &document.buyer_reference];
    if let Some(customer) = customers.iter().find(|customer| ids.iter().any(|id| id.as_deref() == Some(customer.id.as_str()))) {
        return Ok(customer.id.clone());
    }
    let named = document.buyer_name.as_deref().unwrap_or_default();
    let folded = names::fold_name(named).core;
    let bears = |customer: &&Customer| {
        !folded.is_empty()
            && std::iter::once(&customer.name).chain(&customer.aliases).any(|name| names::fold_name(name).core == folded)
    };
    let mut bearers = customers.iter().filter(bears);
    match (bearers.next(), bearers.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        (Some(_), Some(_)) => Err(Problem {
            line: None,
            field: Some("Buyer".to_owned()),
            message: format!("several customers are called `{named}`: put the customer's id into the invoice as buyer id"),
        }),
        (None, _) => Err(Problem {
            line: None,
            field: Some("Buyer".to_owned()),
            message: format!("no customer is called `{named}`: import the customer first, or add this name to its aliases"),
        }),
    }
}
