//! Compares a reading with the truth. Labels and values are compared, never wording.

use quittance_rules::evidence::{Claim, ClaimValue, Confidence, Field, Reading};
use rust_decimal::Decimal;
use serde_json::Value;

use super::cases::Case;
use super::{Mark, Outcome};

/// Fields that are scored one value each, by their name in `expected`.
pub const FIELDS: &[(&str, Field)] = &[
    ("amount", Field::Amount),
    ("currency", Field::Currency),
    ("date", Field::Date),
    ("time", Field::Time),
    ("reference", Field::Reference),
    ("payer_name", Field::PayerName),
    ("payer_account", Field::PayerAccount),
    ("payee_name", Field::PayeeName),
    ("payee_account", Field::PayeeAccount),
    ("bank", Field::Bank),
    ("method", Field::Method),
    ("fee", Field::Fee),
    ("tax", Field::Tax),
    ("subtotal", Field::Subtotal),
    ("due_date", Field::DueDate),
    ("issue_date", Field::IssueDate),
    ("document_number", Field::DocumentNumber),
    ("seller_name", Field::SellerName),
    ("buyer_name", Field::BuyerName),
    // The surest invoice number, where a paper has one.
    ("number", Field::InvoiceNumber),
];

/// Whether a key of `expected` is scored.
pub fn is_scored(key: &str) -> bool {
    let field = key.strip_suffix("_any").unwrap_or(key);
    matches!(key, "kind" | "invoice_numbers" | "remittance" | "remittance_lines") || FIELDS.iter().any(|(name, _)| *name == field)
}

/// A value as it is written in `expected`.
pub fn shown(value: &ClaimValue) -> String {
    match value {
        ClaimValue::Money(money) => money.amount(),
        ClaimValue::BareAmount(amount) => amount.clone(),
        ClaimValue::Currency(currency) => currency.code().to_owned(),
        ClaimValue::Date(date) => date.to_string(),
        ClaimValue::Time(time) => format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()),
        ClaimValue::Text(text) => text.clone(),
    }
}

/// The surest claim of a field that is at least as likely as not.
pub fn top(reading: &Reading, field: Field) -> Option<&Claim> {
    let best = reading.claims.iter().filter(|claim| claim.field == field).max_by_key(|claim| claim.confidence)?;
    (best.confidence >= Confidence::from_percent(50)).then_some(best)
}

/// Whether a claimed value is the true one: amounts by number, times by as much as truth says, names without case and closing points.
pub fn same(field: Field, claimed: &str, truth: &str) -> bool {
    let folded = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ").trim_end_matches(['.', ',']).to_owned()
    };
    match field {
        Field::Amount | Field::Tax | Field::Fee | Field::Subtotal => {
            let number = |text: &str| text.parse::<Decimal>().ok();
            number(claimed).is_some_and(|claimed| Some(claimed) == number(truth))
        }
        Field::Time => claimed.starts_with(truth),
        Field::PayerName | Field::PayeeName | Field::SellerName | Field::BuyerName | Field::Bank => {
            folded(claimed) == folded(truth)
        }
        _ => claimed == truth,
    }
}

fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

/// Scores everything that `expected` names.
pub fn score(case: &Case, reading: &Reading) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut note = |field: &str, outcome: Outcome, saw: String, truth: String| {
        marks.push(Mark { field: field.to_owned(), outcome, saw, truth });
    };
    if let Some(truth) = case.expected.get("kind") {
        let kind = serde_json::to_value(reading.kind).unwrap_or(Value::Null);
        let outcome = if kind == *truth {
            Outcome::Right
        } else if kind == "unknown" {
            Outcome::Absent
        } else {
            Outcome::Wrong
        };
        note("kind", outcome, format!("{} {}", texts(&kind).concat(), reading.kind_confidence), texts(truth).concat());
    }
    for (name, field) in FIELDS {
        if let Some(any) = case.expected.get(&format!("{name}_any")) {
            // Ambiguous: each reading is there, as a claim of its own.
            let saw: Vec<String> = reading.claims.iter().filter(|c| c.field == *field).map(|c| shown(&c.value)).collect();
            let truth = texts(any);
            let has_all = truth.iter().all(|truth| saw.iter().any(|saw| same(*field, saw, truth)));
            note(name, if has_all { Outcome::Right } else { Outcome::Absent }, saw.join(", "), truth.join(", "));
            continue;
        }
        let Some(truth) = case.expected.get(*name) else { continue };
        let saw = value_of(reading, *field);
        let outcome = match (&saw, truth.as_str()) {
            (Some(saw), Some(truth)) if same(*field, saw, truth) => Outcome::Right,
            (None, None) => Outcome::Right,
            (Some(_), _) => Outcome::Wrong,
            (None, Some(_)) => Outcome::Absent,
        };
        note(name, outcome, saw.unwrap_or_default(), truth.as_str().unwrap_or("none").to_owned());
    }
    if let Some(truth) = case.expected.get("invoice_numbers") {
        let mut saw: Vec<String> =
            reading.claims.iter().filter(|c| c.field == Field::InvoiceNumber).map(|c| shown(&c.value)).collect();
        let mut truth = texts(truth);
        saw.sort();
        truth.sort();
        let outcome = if saw == truth {
            Outcome::Right
        } else if saw.is_empty() {
            Outcome::Absent
        } else {
            Outcome::Wrong
        };
        note("invoice_numbers", outcome, saw.join(", "), truth.join(", "));
    }
    if let Some(rows) = remittance(case) {
        for (number, amount) in &rows {
            let found = reading.remittance_lines.iter().find(|line| line.invoice_number == *number);
            let outcome = match found {
                Some(line) if line.amount.as_deref().is_some_and(|saw| same(Field::Amount, saw, amount)) => Outcome::Right,
                Some(_) => Outcome::Wrong,
                None => Outcome::Absent,
            };
            let saw = found.and_then(|line| line.amount.clone()).unwrap_or_default();
            note("remittance", outcome, saw, format!("{number} {amount}"));
        }
        let extra = reading.remittance_lines.len().saturating_sub(rows.len());
        for line in reading.remittance_lines.iter().take(extra) {
            note("remittance", Outcome::Wrong, line.text.clone(), "no such row".into());
        }
    }
    marks
}

/// The surest value of a field; the currency of an amount is said with it.
fn value_of(reading: &Reading, field: Field) -> Option<String> {
    let named = top(reading, field).map(|claim| shown(&claim.value));
    if field != Field::Currency || named.is_some() {
        return named;
    }
    top(reading, Field::Amount).and_then(|claim| match &claim.value {
        ClaimValue::Money(money) => Some(money.currency().code().to_owned()),
        _ => None,
    })
}

/// Rows of a remittance advice: `[[number, amount], …]` or `[{invoice_number, amount}, …]`.
fn remittance(case: &Case) -> Option<Vec<(String, String)>> {
    let rows = case.expected.get("remittance").or_else(|| case.expected.get("remittance_lines"))?.as_array()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(
        rows.iter()
            .map(|row| match row {
                Value::Array(pair) => (pair.first().map(text).unwrap_or_default(), pair.get(1).map(text).unwrap_or_default()),
                other => (text(&other["invoice_number"]), text(&other["amount"])),
            })
            .collect(),
    )
}

/// The claims whose box does not hold exactly their words, by field. There must be none.
pub fn misplaced(reading: &Reading) -> Vec<String> {
    let mut misplaced = Vec::new();
    for claim in &reading.claims {
        let mut inside: Vec<&str> = reading
            .words
            .iter()
            .filter(|w| claim.region.holds_middle_of(w.region))
            .flat_map(|w| w.text.split_whitespace())
            .collect();
        let mut text: Vec<&str> = claim.text.split_whitespace().collect();
        for words in [&mut inside, &mut text] {
            words.sort_unstable();
            words.dedup();
        }
        if inside != text {
            misplaced.push(format!("{:?}: the words under `{}` are {inside:?}", claim.field, claim.text));
        }
    }
    misplaced
}
