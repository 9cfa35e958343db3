//! Writes a made book as the files `quittance match` reads, with the truth beside them.

use std::path::Path;

use super::Made;
use super::texts::iso;

fn cents(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let size = amount.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// Writes `customers.csv`, `invoices.csv`, `payments.csv`, `fx.csv` and `truth.csv` into a folder, which is made where it is missing.
///
/// # Errors
/// What the operating system reports.
pub fn write(made: &Made, folder: &Path) -> Result<(), csv::Error> {
    std::fs::create_dir_all(folder)?;
    let mut out = csv::Writer::from_path(folder.join("customers.csv"))?;
    out.write_record(["customer_id", "name", "aliases", "country", "currency", "iban", "parent_id", "withholding_percent"])?;
    for c in &made.customers {
        let parent = c.parent.and_then(|p| made.customers.get(p)).map(|p| p.id.as_str()).unwrap_or_default();
        let held = if c.withholding_percent > 0 { c.withholding_percent.to_string() } else { String::new() };
        out.write_record([&c.id, &c.name, &c.aliases.join("|"), c.country, c.currency, &c.iban, parent, &held])?;
    }
    out.flush()?;
    let mut out = csv::Writer::from_path(folder.join("invoices.csv"))?;
    out.write_record([
        "invoice_id",
        "customer_id",
        "seller_id",
        "invoice_no",
        "issue_date",
        "due_date",
        "currency",
        "amount",
        "discount_percent",
        "discount_until",
    ])?;
    for i in &made.items {
        let (percent, until) = if i.discount_percent > 0 {
            (i.discount_percent.to_string(), iso(i.discount_until))
        } else {
            (String::new(), String::new())
        };
        let customer = made.customers.get(i.customer).map(|c| c.id.as_str()).unwrap_or_default();
        let seller = format!("S{}", i.seller);
        out.write_record([
            &i.id,
            customer,
            &seller,
            &i.number,
            &iso(i.issued),
            &iso(i.due),
            i.currency,
            &cents(i.amount),
            &percent,
            &until,
        ])?;
    }
    out.flush()?;
    let mut out = csv::Writer::from_path(folder.join("payments.csv"))?;
    // What few banks give has its columns only where a payment of the book has it.
    let carries_more = made.payments.iter().any(|p| !p.structured.is_empty() || p.original.is_some() || p.is_return);
    let mut header = vec![
        "payment_id",
        "booking_date",
        "account",
        "amount",
        "currency",
        "payer_name",
        "payer_iban",
        "remittance",
        "end_to_end_id",
    ];
    if carries_more {
        header.extend(["structured_reference", "original_amount", "original_currency", "is_return"]);
    }
    out.write_record(header)?;
    for p in &made.payments {
        let (booked, amount) = (iso(p.booked), cents(p.amount));
        let original = p.original.map(|(amount, _)| cents(amount)).unwrap_or_default();
        let mut record: Vec<&str> =
            vec![&p.id, &booked, &p.account, &amount, p.currency, &p.payer_name, &p.payer_iban, &p.remittance, &p.end_to_end];
        if carries_more {
            let currency = p.original.map_or("", |(_, currency)| currency);
            record.extend([p.structured.as_str(), &original, currency, if p.is_return { "true" } else { "" }]);
        }
        out.write_record(record)?;
    }
    out.flush()?;
    let mut out = csv::Writer::from_path(folder.join("truth.csv"))?;
    out.write_record(["payment_id", "invoice_id", "applied_amount", "kind"])?;
    for (p, truth) in made.payments.iter().zip(&made.truths) {
        if truth.lines.is_empty() {
            out.write_record([&p.id, "", "", truth.kind.name()])?;
        }
        for (item, amount) in &truth.lines {
            let id = made.items.get(*item).map(|i| i.id.as_str()).unwrap_or_default();
            out.write_record([&p.id, id, &cents(*amount), truth.kind.name()])?;
        }
    }
    out.flush()?;
    let mut out = csv::Writer::from_path(folder.join("fx.csv"))?;
    out.write_record(["currency", "per_eur"])?;
    for (code, thousandths) in &made.rates {
        out.write_record([*code, &format!("{}.{:03}", thousandths / 1000, thousandths % 1000)])?;
    }
    out.flush()?;
    Ok(())
}
