//! The CSV files of the book.

use quittance_rules::records::{ItemKind, OpenItem};

use super::BankAccount;
use super::DemoError;
use super::cash::{Line, RATES};
use super::roster::Patron;

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, DemoError> {
    writer.into_inner().map_err(|e| DemoError::Csv(e.into_error().into()))
}

pub(super) fn customers(patrons: &[Patron]) -> Result<Vec<u8>, DemoError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "customer_id",
        "name",
        "aliases",
        "country",
        "currency",
        "iban",
        "parent_id",
        "withholding_percent",
        "tolerance",
        "emails",
    ])?;
    for patron in patrons {
        let c = &patron.customer;
        let text = |value: Option<String>| value.unwrap_or_default();
        writer.write_record([
            c.id.to_string(),
            c.name.clone(),
            c.aliases.join("|"),
            text(c.country.clone()),
            text(c.currency.map(|currency| currency.to_string())),
            text(c.iban.clone()),
            text(c.parent_id.as_ref().map(ToString::to_string)),
            text(c.withholding_percent.map(|p| p.to_string())),
            text(c.tolerance.map(|t| t.to_string())),
            c.emails.join("|"),
        ])?;
    }
    finish(writer)
}

pub(super) fn invoices(items: &[OpenItem]) -> Result<Vec<u8>, DemoError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "invoice_id",
        "customer_id",
        "seller_id",
        "invoice_no",
        "issue_date",
        "due_date",
        "currency",
        "amount",
        "kind",
        "discount_percent",
        "discount_until",
        "on_hold",
        "contract_amount",
    ])?;
    for item in items {
        let kind = match item.kind {
            ItemKind::Invoice => "invoice",
            ItemKind::CreditNote => "credit_note",
        };
        writer.write_record([
            item.id.to_string(),
            item.customer.to_string(),
            item.entity.to_string(),
            item.number.clone(),
            item.issue_date.to_string(),
            item.due_date.to_string(),
            item.amount.currency().to_string(),
            item.amount.amount(),
            kind.to_owned(),
            item.discount_percent.map(|p| p.to_string()).unwrap_or_default(),
            item.discount_until.map(|d| d.to_string()).unwrap_or_default(),
            item.on_hold.to_string(),
            item.contract_amount.map(|a| a.amount()).unwrap_or_default(),
        ])?;
    }
    finish(writer)
}

/// One row per allocation; a line without any has one row with an empty `invoice_id`.
pub(super) fn truth(lines: &[Line], accounts: &[BankAccount], patrons: &[Patron]) -> Result<Vec<u8>, DemoError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "account",
        "bank_reference",
        "booking_date",
        "amount",
        "currency",
        "kind",
        "customer_id",
        "invoice_id",
        "applied_amount",
        "applied_currency",
        "cleared_amount",
        "cleared_currency",
        "relates_to",
    ])?;
    for line in lines {
        let related = |serial| lines.iter().find(|l| Some(l.serial) == serial).map(|l| l.bank_reference.clone());
        let customer = line.patron.map(|p| patrons[p].customer.id.to_string()).unwrap_or_default();
        let mut row = |item: &str, [applied, applied_in, cleared, cleared_in]: [String; 4]| {
            writer.write_record([
                accounts[line.account].number.clone(),
                line.bank_reference.clone(),
                line.booked.to_string(),
                line.amount.amount(),
                line.amount.currency().to_string(),
                line.truth.kind.as_str().to_owned(),
                customer.clone(),
                item.to_owned(),
                applied,
                applied_in,
                cleared,
                cleared_in,
                related(line.relates_to).unwrap_or_default(),
            ])
        };
        if line.truth.allocations.is_empty() {
            row("", Default::default())?;
        }
        for a in &line.truth.allocations {
            let currency = |money: quittance_rules::money::Money| money.currency().to_string();
            row(&a.item_id, [a.applied.amount(), currency(a.applied), a.cleared.amount(), currency(a.cleared)])?;
        }
    }
    finish(writer)
}

pub(super) fn rates() -> Result<Vec<u8>, DemoError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["currency", "per_eur"])?;
    for (currency, per_eur) in RATES {
        writer.write_record([currency, per_eur])?;
    }
    finish(writer)
}
