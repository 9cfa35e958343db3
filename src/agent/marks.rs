//! The marks of a piece of evidence: what it is compared with others by; and the finding that it was used before.

use quittance_rules::evidence::{ClaimValue, Confidence, EvidenceKind, Field, Reading};
use quittance_rules::journal::{EvidenceRecord, Input};
use quittance_rules::records::CustomerId;
use quittance_rules::reuse::{EvidenceMarks, Reuse, reuse, shows_one_payment};

use crate::evidence::{claimed_amount, claimed_date, plain, reading_of, short};
use crate::model::second::of_rules;
use crate::ports::{Store, StoreError};

/// Below this a reference is one of several guesses and compares nothing.
const SURE: Confidence = Confidence::from_percent(50);

/// The marks of a reading.
pub fn marks_of(reading: &Reading, sender: Option<&str>, customer: Option<CustomerId>) -> EvidenceMarks {
    let texts = |field: Field| {
        // What only a model has read is shown and compares nothing: it could tell two pieces apart that are one.
        of_rules(reading).filter(move |claim| claim.field == field).filter_map(|claim| match &claim.value {
            ClaimValue::Text(text) => Some((text.clone(), claim.confidence)),
            _ => None,
        })
    };
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list.dedup();
        list
    };
    let references = texts(Field::Reference).filter(|(_, sure)| *sure >= SURE).map(|(text, _)| plain(&text)).collect();
    let rows = reading.remittance_lines.iter().map(|row| row.invoice_number.clone());
    EvidenceMarks {
        picture: reading.picture,
        amount: claimed_amount(reading),
        paid_on: claimed_date(reading),
        references: sorted(references),
        invoice_numbers: sorted(texts(Field::InvoiceNumber).map(|(text, _)| text).chain(rows).collect()),
        sender: sender.map(|s| s.chars().filter(|c| !c.is_control()).take(200).collect()),
        customer,
    }
}

/// The marks kept with a piece; made from its reading where it was kept before there were marks.
pub async fn marks<S: Store>(store: &S, record: &EvidenceRecord) -> Result<EvidenceMarks, StoreError> {
    if !record.marks.is_empty() {
        return Ok(record.marks.clone());
    }
    Ok(reading_of(store, record).await?.map(|reading| marks_of(&reading, None, None)).unwrap_or_default())
}

/// Sentences that name the earlier pieces which a new one repeats; empty where it repeats none.
pub fn repeats(kind: EvidenceKind, new: &EvidenceMarks, earlier: &[(EvidenceRecord, Input)]) -> Vec<String> {
    const NAMED: usize = 5;
    if !shows_one_payment(kind) {
        return Vec::new();
    }
    let alike = earlier.iter().filter(|(record, _)| shows_one_payment(record.kind)).filter_map(|(record, input)| {
        let how = reuse(new, &record.marks)?;
        let sender = record.marks.sender.as_deref().map(|s| format!(", sent by {s}")).unwrap_or_default();
        let piece = format!("{} ({}{sender})", input.name, short(&record.digest));
        let elsewhere = match (&new.customer, &record.marks.customer) {
            (Some(here), Some(there)) if here != there => format!("; that one came from customer {there}, this one from {here}"),
            _ => String::new(),
        };
        Some(match how {
            Reuse::Reference(number) => format!("its operation number {number} stands in {piece} too{elsewhere}"),
            Reuse::Differs(number) => {
                let amount = |marks: &EvidenceMarks| marks.amount.map_or("no legible amount".to_owned(), |a| a.to_string());
                let day = |marks: &EvidenceMarks| marks.paid_on.map_or("no legible date".to_owned(), |d| d.to_string());
                format!(
                    "its operation number {number} stands in {piece} too, there with {} on {}, here with {} on {}{elsewhere}",
                    amount(&record.marks),
                    day(&record.marks),
                    amount(new),
                    day(new)
                )
            }
            Reuse::Picture { distance } => {
                format!("its picture is that of {piece} ({distance} of 64 bits differ), and nothing legible tells them apart{elsewhere}")
            }
        })
    });
    alike.take(NAMED).collect()
}
