//! The `--explain` output of `quittance match`: one JSON line for each payment.

use quittance_rules::matching::{Answer, Book, Candidate, Proposal};
use quittance_rules::money::Money;
use serde_json::{Value, json};

fn money(amount: Money) -> Value {
    json!({"amount": amount.amount(), "currency": amount.currency().code()})
}

fn candidate(book: &Book, candidate: &Candidate, rank: usize) -> Value {
    let weights: serde_json::Map<String, Value> = candidate
        .weights
        .iter()
        .map(|w| {
            let field = serde_json::to_value(w.field).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
            (field, json!(f64::from(w.weight) / 100.0))
        })
        .collect();
    let r = &candidate.residual;
    let residual: serde_json::Map<String, Value> = [
        ("unapplied", r.unapplied),
        ("short", r.short),
        ("discount", r.discount),
        ("withholding", r.withholding),
        ("fee", r.fee),
        ("exchange", r.exchange),
    ]
    .into_iter()
    .filter(|(_, amount)| !amount.is_zero())
    .map(|(name, amount)| (name.to_owned(), money(amount)))
    .collect();
    json!({
        "rank": rank,
        "pattern": candidate.pattern.name(),
        "confidence": candidate.confidence.to_string(),
        "lines": candidate.lines.iter().map(|line| json!({
            "invoice_id": book.item_id(line.item),
            "invoice_no": book.item_number(line.item),
            "applied": money(line.cleared),
        })).collect::<Vec<_>>(),
        "duplicate_of": candidate.duplicate_of.map(|row| book.payment_id(row)),
        "residual": residual,
        "weights": weights,
        "reason": candidate.reason,
    })
}

/// Appends the line of one payment.
pub fn write(book: &Book, answer: &Answer, out: &mut Vec<u8>) {
    let line = json!({
        "payment_id": book.payment_id(answer.payment),
        "decision": match answer.verdict { Proposal::Settle => "auto", Proposal::Ask => "queue" },
        "certified": false,
        "exception": answer.exception.map(|kind| kind.to_string()),
        "candidates": answer.candidates.iter().enumerate().map(|(at, c)| candidate(book, c, at + 1)).collect::<Vec<_>>(),
        "withheld": answer.withheld.iter().map(|w| json!({"invoice_id": book.item_id(w.item), "reason": w.reason})).collect::<Vec<_>>(),
        "near_miss": answer.near_miss,
    });
    out.extend_from_slice(line.to_string().as_bytes());
    out.push(b'\n');
}
