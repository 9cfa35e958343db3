//! What a model gets right and wrong, and that the product stays right while it is wrong.

use std::collections::BTreeMap;

use quittance_rules::confirm::Unconfirmed;
use quittance_rules::evidence::{EvidenceKind, Field, Reading, Source};

use super::cases::Case;
use super::score::{FIELDS, same, shown};
use super::{Mark, Outcome};
use crate::evidence::asks;
use crate::model::answer::Answer;
use crate::model::second::{KindVote, Merged, merge};

/// What an answer was worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The model's own kind, and its claims that the document confirms, against the truth: `kind`, `amount`, ….
    pub marks: Vec<Mark>,
    /// Claims that did not count, and why.
    pub dropped: BTreeMap<Unconfirmed, usize>,
    /// How its kind compares with that of the rules.
    pub vote: KindVote,
    /// What the answer would have made wrong. There must be nothing.
    pub harm: Vec<String>,
}

/// Judges one answer about one case.
pub fn judge(case: &Case, by_rules: &Reading, answer: &Answer, model: &str) -> Judged {
    let mut marks = Vec::new();
    if let Some(truth) = case.expected.get("kind").and_then(|kind| kind.as_str()) {
        let kind = serde_json::to_value(answer.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        let outcome = match answer.kind {
            _ if kind == truth => Outcome::Right,
            EvidenceKind::Unknown => Outcome::Absent,
            _ => Outcome::Wrong,
        };
        marks.push(Mark { field: "kind".to_owned(), outcome, saw: kind, truth: truth.to_owned() });
    }
    // What it would have claimed where the rules had read nothing.
    let blank = Reading { claims: Vec::new(), ..by_rules.clone() };
    let alone = merge(blank, answer, model).reading;
    for (name, field) in FIELDS {
        let Some(truth) = case.expected.get(*name) else { continue };
        if !asked_about(*field) {
            continue;
        }
        let saw: Vec<String> =
            alone.claims.iter().filter(|claim| claim.field == *field).map(|claim| shown(&claim.value)).collect();
        let outcome = match (saw.is_empty(), truth.as_str()) {
            (true, None) => Outcome::Right,
            (true, Some(_)) => Outcome::Absent,
            (false, Some(truth)) if saw.iter().any(|saw| same(*field, saw, truth)) => Outcome::Right,
            (false, _) => Outcome::Wrong,
        };
        marks.push(Mark {
            field: (*name).to_owned(),
            outcome,
            saw: saw.join(", "),
            truth: truth.as_str().unwrap_or("none").to_owned(),
        });
    }
    let Merged { reading, vote, dropped, .. } = merge(by_rules.clone(), answer, model);
    Judged { marks, dropped, vote, harm: harm(by_rules, &reading) }
}

fn asked_about(field: Field) -> bool {
    crate::model::answer::AskedField::ALL.iter().any(|asked| asked.field() == field)
}

/// What an answer took away or changed, one sentence each; nothing, however the answer was made. After it, everything that rules decide by
/// is as before, or the document is a question for a person.
pub fn harm(before: &Reading, after: &Reading) -> Vec<String> {
    let mut harm = Vec::new();
    let of_rules =
        |reading: &Reading| reading.claims.iter().filter(|claim| claim.source != Source::Model).cloned().collect::<Vec<_>>();
    if of_rules(before) != of_rules(after) {
        harm.push("a claim of the rules is gone or another".to_owned());
    }
    if before.remittance_lines != after.remittance_lines || before.words != after.words || before.text != after.text {
        harm.push("what stands in the document is another".to_owned());
    }
    if (&before.also, &before.hints, before.picture, &before.sender) != (&after.also, &after.hints, after.picture, &after.sender)
    {
        harm.push("what else is known of the document is another".to_owned());
    }
    if crate::marks::marks_of(before, None, None) != crate::marks::marks_of(after, None, None) {
        harm.push("what it is compared with other pieces by is another".to_owned());
    }
    if before.complaints.iter().any(|complaint| !after.complaints.contains(complaint)) {
        harm.push("a complaint is gone".to_owned());
    }
    let (asked, asks_now) = (asks(before), asks(after));
    if !asked.is_empty() && asks_now.is_empty() {
        harm.push(format!("it no longer meets a person ({asked:?})"));
    }
    if before.kind != after.kind && before.kind != EvidenceKind::Unknown {
        harm.push(format!("the rules' kind became {:?}", after.kind));
    }
    if before.kind != after.kind && asks_now.is_empty() {
        harm.push(format!("it became {:?} without a person", after.kind));
    }
    for claim in after.claims.iter().filter(|claim| claim.source == Source::Model) {
        if !claim
            .text
            .split_whitespace()
            .all(|piece| after.words.iter().any(|word| word.text.split_whitespace().any(|w| w == piece)))
        {
            harm.push(format!("{:?}: `{}` does not stand in the document", claim.field, claim.text));
        }
    }
    harm.extend(super::score::misplaced(after));
    harm
}
