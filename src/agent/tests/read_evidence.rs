//! Runs the cases of `eval-sets/read-evidence` and the word lists of real papers through `interpret`, and holds the results to the
//! stored baseline: what was right stays right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::{MailHead, Words, interpret};
use quittance_rules::evidence::{Claim, ClaimValue, Confidence, Field, Reading, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    split: String,
    input: Input,
    expected: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Input {
    source: Source,
    grid: Vec<String>,
    /// Lines in letters twice as high.
    #[serde(default)]
    big: Vec<u32>,
    mail: Option<MailIn>,
}

#[derive(Deserialize)]
struct MailIn {
    from: String,
    subject: String,
}

/// Right, wrong and absent, of one field.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    right: u32,
    wrong: u32,
    absent: u32,
}

type Scores = BTreeMap<String, BTreeMap<String, Tally>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn words_of(input: &Input) -> Words {
    // Blank lines around big ones leave room for their height.
    let mut words = words_on_grid(&input.grid.join("\n\n"), input.source);
    for word in &mut words {
        word.line /= 2;
        if input.big.contains(&word.line) {
            let height = word.region.y1 - word.region.y0;
            word.region.y0 = word.region.y0.saturating_sub(height * 6 / 10);
            word.region.y1 += height * 6 / 10;
        }
    }
    Words {
        media_type: "text/plain".into(),
        pages: 1,
        words,
        complaints: Vec::new(),
        mail: input.mail.as_ref().map(|m| MailHead {
            from: m.from.clone(),
            to: Vec::new(),
            subject: m.subject.clone(),
            date: None,
        }),
    }
}

fn shown(value: &ClaimValue) -> String {
    match value {
        ClaimValue::Money(m) => m.amount(),
        ClaimValue::BareAmount(a) => a.clone(),
        ClaimValue::Currency(c) => c.code().to_owned(),
        ClaimValue::Date(d) => d.to_string(),
        ClaimValue::Time(t) => t.strftime("%H:%M:%S").to_string(),
        ClaimValue::Text(t) => t.clone(),
    }
}

/// The surest claim of a field that is at least as likely as not.
fn top(reading: &Reading, field: Field) -> Option<&Claim> {
    let best = reading.claims.iter().filter(|c| c.field == field).max_by_key(|c| c.confidence)?;
    (best.confidence >= Confidence::from_percent(50)).then_some(best)
}

fn same(field: Field, claimed: &str, wanted: &str) -> bool {
    match field {
        Field::Amount | Field::Tax | Field::Fee | Field::Subtotal => {
            claimed.parse::<f64>().ok().zip(wanted.parse::<f64>().ok()).is_some_and(|(a, b)| (a - b).abs() < 1e-9)
        }
        Field::Time => claimed.starts_with(wanted),
        _ => claimed == wanted,
    }
}

const FIELDS: &[(&str, Field)] = &[
    ("amount", Field::Amount),
    ("currency", Field::Currency),
    ("date", Field::Date),
    ("time", Field::Time),
    ("reference", Field::Reference),
    ("payer_name", Field::PayerName),
    ("payer_account", Field::PayerAccount),
    ("payee_name", Field::PayeeName),
    ("payee_account", Field::PayeeAccount),
    ("fee", Field::Fee),
    ("tax", Field::Tax),
    ("subtotal", Field::Subtotal),
    ("due_date", Field::DueDate),
    ("issue_date", Field::IssueDate),
    ("document_number", Field::DocumentNumber),
];

fn count(scores: &mut Scores, split: &str, name: &str, outcome: Outcome) {
    let tally = scores.entry(split.to_owned()).or_default().entry(name.to_owned()).or_default();
    match outcome {
        Outcome::Right => tally.right += 1,
        Outcome::Wrong => tally.wrong += 1,
        Outcome::Absent => tally.absent += 1,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Right,
    Wrong,
    Absent,
}

/// Scores one reading; what is not right is listed in `notes`.
fn score(case: &Case, reading: &Reading, scores: &mut Scores, notes: &mut Vec<String>) {
    let mut note = |name: &str, outcome: Outcome, saw: String, wanted: String| {
        count(scores, &case.split, name, outcome);
        if outcome != Outcome::Right {
            notes.push(format!("{:<9} {:<24} {name:<16} {outcome:?}: saw {saw:?}, truth {wanted:?}", case.split, case.id));
        }
    };
    let kind = serde_json::to_value(reading.kind).unwrap();
    let wanted = &case.expected["kind"];
    let outcome = if kind == *wanted {
        Outcome::Right
    } else if kind == "unknown" {
        Outcome::Absent
    } else {
        Outcome::Wrong
    };
    note("kind", outcome, format!("{kind} {}", reading.kind_confidence), wanted.to_string());
    for (name, field) in FIELDS {
        let mut claim = top(reading, *field).map(|c| shown(&c.value));
        if *field == Field::Currency && claim.is_none() {
            // No word names the currency, but the amount carries one.
            claim = top(reading, Field::Amount).and_then(|c| match &c.value {
                ClaimValue::Money(m) => Some(m.currency().code().to_owned()),
                _ => None,
            });
        }
        if let Some(any) = case.expected.get(&format!("{name}_any")) {
            // Ambiguous: each reading is there, as a claim of its own.
            let all: Vec<String> = reading.claims.iter().filter(|c| c.field == *field).map(|c| shown(&c.value)).collect();
            let wanted: Vec<&str> = any.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            let has = wanted.iter().all(|w| all.iter().any(|c| same(*field, c, w)));
            note(name, if has { Outcome::Right } else { Outcome::Absent }, format!("{all:?}"), format!("{wanted:?}"));
            continue;
        }
        let Some(wanted) = case.expected.get(*name) else { continue };
        let outcome = match (&claim, wanted.as_str()) {
            (Some(c), Some(w)) if same(*field, c, w) => Outcome::Right,
            (None, None) => Outcome::Right,
            (Some(_), _) => Outcome::Wrong,
            (None, Some(_)) => Outcome::Absent,
        };
        note(name, outcome, format!("{claim:?}"), wanted.to_string());
    }
    if let Some(wanted) = case.expected.get("invoice_numbers") {
        let mut saw: Vec<String> =
            reading.claims.iter().filter(|c| c.field == Field::InvoiceNumber).map(|c| shown(&c.value)).collect();
        saw.sort();
        let mut truth: Vec<String> = wanted.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
        truth.sort();
        let outcome = if saw == truth {
            Outcome::Right
        } else if saw.is_empty() {
            Outcome::Absent
        } else {
            Outcome::Wrong
        };
        note("invoice_numbers", outcome, format!("{saw:?}"), format!("{truth:?}"));
    }
    if let Some(wanted) = case.expected.get("remittance") {
        for row in wanted.as_array().unwrap() {
            let (number, amount) = (row[0].as_str().unwrap(), row[1].as_str().unwrap());
            let found = reading.remittance_lines.iter().find(|l| l.invoice_number == number);
            let outcome = match found {
                Some(line) if line.amount.as_deref().is_some_and(|a| same(Field::Amount, a, amount)) => Outcome::Right,
                Some(_) => Outcome::Wrong,
                None => Outcome::Absent,
            };
            note("remittance", outcome, format!("{:?}", found.map(|f| &f.amount)), format!("{number} {amount}"));
        }
        let extra = reading.remittance_lines.len().saturating_sub(wanted.as_array().unwrap().len());
        for line in reading.remittance_lines.iter().take(extra) {
            note("remittance", Outcome::Wrong, line.text.clone(), "no such row".into());
        }
    }
}

fn read_cases() -> Vec<Case> {
    let folder = root().join("eval-sets/read-evidence/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|p| serde_json::from_str(&std::fs::read_to_string(p).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", p.display())))
        .collect()
}

/// The words whose middle is inside a claim's box, in order, are the claim's text.
fn boxes_hold_their_words(id: &str, reading: &Reading) {
    for claim in &reading.claims {
        let r = claim.region;
        let mut inside: Vec<&str> = reading
            .words
            .iter()
            .filter(|w| w.region.page == r.page)
            .filter(|w| {
                (r.x0..=r.x1).contains(&w.region.x0.midpoint(w.region.x1))
                    && (r.y0..=r.y1).contains(&w.region.y0.midpoint(w.region.y1))
            })
            .map(|w| w.text.as_str())
            .collect();
        let mut text: Vec<&str> = claim.text.split(' ').collect();
        inside.sort_unstable();
        inside.dedup();
        text.sort_unstable();
        text.dedup();
        assert_eq!(inside, text, "{id}: the words under {:?} are its text", claim.field);
    }
}

fn report(scores: &Scores, notes: &[String]) -> String {
    let mut text = String::new();
    for (split, fields) in scores {
        for (field, t) in fields {
            text += &format!("{split:<12} {field:<16} right {:>3}  wrong {:>3}  absent {:>3}\n", t.right, t.wrong, t.absent);
        }
    }
    format!("{}\n{text}", notes.join("\n"))
}

#[test]
fn cases_are_read_no_worse_than_the_baseline() {
    let mut scores = Scores::new();
    let mut notes = Vec::new();
    let cases = read_cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    for case in &cases {
        let reading = interpret(&words_of(&case.input));
        boxes_hold_their_words(&case.id, &reading);
        score(case, &reading, &mut scores, &mut notes);
    }
    real_papers(&mut scores, &mut notes);
    println!("{}", report(&scores, &notes));
    let path = root().join("eval-sets/read-evidence/baseline.json");
    let baseline: Scores = serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_else(|_| "{}".into())).unwrap();
    let mut worse = Vec::new();
    for (split, fields) in &scores {
        for (field, now) in fields {
            let then = baseline.get(split).and_then(|f| f.get(field)).copied();
            if then.is_none_or(|then| now.right < then.right || now.wrong > then.wrong) {
                worse.push(format!("{split} {field}: {now:?}, baseline {then:?}"));
            }
        }
    }
    assert!(
        worse.is_empty(),
        "worse than eval-sets/read-evidence/baseline.json:\n{}\nthe scores now:\n{}",
        worse.join("\n"),
        serde_json::to_string_pretty(&scores).unwrap()
    );
}

fn load(path: &str) -> Words {
    let path = root().join("tests/fixtures/words").join(path);
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

/// File, amount, date, number, currency.
type Truth = (&'static str, Option<&'static str>, &'static str, &'static str, Option<&'static str>);

/// Word lists of real invoices (text layers, by `pdftotext -bbox-layout`) and real phone screenshots (by `tesseract`).
fn real_papers(scores: &mut Scores, notes: &mut Vec<String>) {
    // Truth: the project's own expected values. Its `amount` of the coolblue and saeco papers includes VAT, as ours does.
    let invoices: [Truth; 10] = [
        ("AmazonWebServices", Some("4.11"), "2014-08-03", "42183017", Some("USD")),
        ("AzureInterior", Some("279.84"), "2023-03-20", "INV/2023/03/0008", None),
        ("NetpresseInvoice", Some("56.02"), "2022-11-28", "2022089083", Some("EUR")),
        ("QualityHosting", Some("34.73"), "2014-05-07", "30064443", Some("EUR")),
        ("SammyMaystoneLinesTest", Some("127.50"), "2022-01-01", "invoice_number_1", None),
        ("coolblue1", Some("717.97"), "2014-04-19", "993548900", Some("EUR")),
        ("coolblue2", Some("4904.94"), "2014-03-29", "992288600", Some("EUR")),
        ("free_fiber", Some("29.99"), "2015-07-02", "562044387", Some("EUR")),
        ("oyo", Some("1939"), "2017-12-31", "IBZY2087", Some("INR")),
        ("saeco", Some("49.99"), "2022-09-08", "VF1005193039", Some("EUR")),
    ];
    for (name, amount, date, number, _currency) in invoices {
        let reading = interpret(&load(&format!("invoice2data/{name}.json")));
        boxes_hold_their_words(name, &reading);
        let mut one = |what: &str, claim: Option<String>, field: Field, truth: &str| {
            let outcome = match &claim {
                Some(c) if same(field, c, truth) => Outcome::Right,
                Some(_) => Outcome::Wrong,
                None => Outcome::Absent,
            };
            count(scores, "invoice2data", what, outcome);
            if outcome != Outcome::Right {
                notes.push(format!(
                    "invoice2data {name} {what} {outcome:?}: saw {claim:?}, truth {truth} (kind {:?} {})",
                    reading.kind, reading.kind_confidence
                ));
            }
        };
        if let Some(amount) = amount {
            one("amount", top(&reading, Field::Amount).map(|c| shown(&c.value)), Field::Amount, amount);
        }
        one("date", top(&reading, Field::Date).map(|c| shown(&c.value)), Field::Date, date);
        one("number", top(&reading, Field::InvoiceNumber).map(|c| shown(&c.value)), Field::InvoiceNumber, number);
    }
    let labels: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("tests/fixtures/words/yape/labels.json")).unwrap()).unwrap();
    for case in labels["cases"].as_array().unwrap() {
        let name = case["file"].as_str().unwrap().trim_end_matches(".jpeg");
        for (split, words) in
            [("yape plain tesseract", load(&format!("yape/{name}.json"))), ("yape", load(&format!("yape/{name}_clean.json")))]
        {
            let reading = interpret(&words);
            boxes_hold_their_words(name, &reading);
            for (what, field, truth) in [
                ("amount", Field::Amount, "amount"),
                ("date", Field::Date, "date"),
                ("reference", Field::Reference, "operation_number"),
            ] {
                let truth = case[truth].as_str().unwrap();
                let claim = top(&reading, field).map(|c| shown(&c.value));
                let outcome = match &claim {
                    Some(c) if same(field, c, truth) => Outcome::Right,
                    Some(_) => Outcome::Wrong,
                    None => Outcome::Absent,
                };
                count(scores, split, what, outcome);
                if outcome != Outcome::Right {
                    notes.push(format!("{split} {name} {what} {outcome:?}: saw {claim:?}, truth {truth}"));
                }
            }
        }
    }
}
