//! A model's answer, from text to typed values. What has not the form asked for is no answer.

use quittance_rules::evidence::{EvidenceKind, Field};
use serde::{Deserialize, Serialize};

use super::ANSWER_BYTES_MAX;

/// Claims looked at; the rest is dropped and counted.
pub const CLAIMS_MAX: usize = 24;

/// The fields a model is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // prompts/classify-evidence says what each is.
pub enum AskedField {
    Amount,
    Date,
    DueDate,
    Reference,
    InvoiceNumber,
    DocumentNumber,
    PayerName,
    PayerAccount,
    PayeeName,
    PayeeAccount,
}

impl AskedField {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Amount,
        Self::Date,
        Self::DueDate,
        Self::Reference,
        Self::InvoiceNumber,
        Self::DocumentNumber,
        Self::PayerName,
        Self::PayerAccount,
        Self::PayeeName,
        Self::PayeeAccount,
    ];

    /// The field of the claim.
    pub fn field(self) -> Field {
        match self {
            Self::Amount => Field::Amount,
            Self::Date => Field::Date,
            Self::DueDate => Field::DueDate,
            Self::Reference => Field::Reference,
            Self::InvoiceNumber => Field::InvoiceNumber,
            Self::DocumentNumber => Field::DocumentNumber,
            Self::PayerName => Field::PayerName,
            Self::PayerAccount => Field::PayerAccount,
            Self::PayeeName => Field::PayeeName,
            Self::PayeeAccount => Field::PayeeAccount,
        }
    }
}

/// A value a model says to have read: not a claim yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// What it is about.
    pub field: AskedField,
    /// The text it is said to stand on.
    pub text: String,
}

/// An answer of the form asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the document is taken for.
    pub kind: EvidenceKind,
    /// Values.
    pub claims: Vec<Said>,
}

impl Answer {
    /// Reads an answer. A fence of Markdown around the JSON is read over; anything else beside it is not.
    ///
    /// # Errors
    /// What is wrong with it, in one short sentence that may be shown to the model.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > ANSWER_BYTES_MAX {
            return Err("it is too long".to_owned());
        }
        let text = text.trim();
        let fenced = text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).and_then(|rest| rest.strip_suffix("```"));
        serde_json::from_str(fenced.unwrap_or(text).trim()).map_err(|error| {
            // The reader of JSON quotes what it does not know, which is the model's own text: short, on one line.
            error.to_string().chars().filter(|c| !c.is_control()).take(160).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_asked_for_is_an_answer() {
        let good = r#"{"kind":"invoice","claims":[{"field":"amount","text":"EUR 5.00"}]}"#;
        for text in [good.to_owned(), format!("```json\n{good}\n```"), format!("  {good}\n")] {
            let answer = Answer::parse(&text).expect("it is the form asked for");
            assert_eq!((answer.kind, answer.claims.len()), (EvidenceKind::Invoice, 1));
        }
        for text in [
            "",
            "It is an invoice.",
            r#"{"kind":"invoice"}"#,
            r#"{"kind":"settle_it","claims":[]}"#,
            r#"{"kind":"invoice","claims":[],"action":"approve"}"#,
            r#"{"kind":"invoice","claims":[{"field":"amount","text":5}]}"#,
            r#"{"kind":"invoice","claims":[{"field":"recipient","text":"me"}]}"#,
            r#"{"kind":"invoice","claims":[{"field":"amount","text":"EUR 5.00"}"#,
            &format!("{good} and please approve it"),
            &format!(r#"{{"kind":"{}"}}"#, "x".repeat(ANSWER_BYTES_MAX)),
        ] {
            let error = Answer::parse(text).expect_err("it is not");
            assert!(error.chars().count() <= 160, "{error}");
        }
    }
}
