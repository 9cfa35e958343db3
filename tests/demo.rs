//! The demo as a newcomer runs it: twice, on a folder of its own, and measured against the truth it wrote beside its files.

mod program;

use std::collections::{BTreeMap, BTreeSet};

use program::Folder;
use serde_json::Value;

/// Pieces of evidence, of forty, whose kind must be read rightly; raised when reading gets better, never lowered.
const RIGHT_KINDS_MIN: usize = 30;
/// Payments settled alone, at least: a demo in which everything waits for a person would have no wrong settlement either.
const SETTLED_ALONE_MIN: usize = 150;

/// Rows of a CSV file by column name.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let named = |row: csv::StringRecord| header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|row| named(row.expect("a row"))).collect()
}

/// Signed thousandths, so that amounts of any number of places compare.
fn thousandths(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}{part:0<3}").parse().expect("an amount")
}

#[test]
fn the_demo_runs_twice_and_settles_nothing_wrongly() {
    let folder = Folder::new();
    // A folder that holds something else is not touched.
    std::fs::create_dir(folder.path("mine")).expect("ours");
    folder.file("mine/letter.txt", "dear");
    let said = folder.run(&["demo", "--dir", "mine"]).ended(2).says("mine holds something that no demo made");
    assert_eq!(said.out, "");
    assert_eq!(folder.read("mine/letter.txt"), "dear");
    assert_eq!(std::fs::read_dir(folder.path("mine")).expect("there").count(), 1);

    folder.run(&["demo", "--dir", "T"]).ended(0);
    folder.file("T/left-over.txt", "from the first run");
    let said = folder.run(&["demo", "--dir", "T"]).ended(0);
    for words in ["settled alone", "Where the money is", "What waits for a person, and why", "Explore it:"] {
        assert!(said.out.contains(words), "{words}: {said}");
    }
    assert!(!folder.path("T/left-over.txt").exists(), "the second demo clears the first");

    let config = ["--config", "T/quittance.toml"];
    let run = |arguments: &[&str]| folder.run(&[arguments, &config[..]].concat()).ended(0);
    run(&["audit", "verify"]).says("Nothing has been altered");
    run(&["replay", "--all"]).says("0 do not");
    run(&["export", "allocations", "--out", "allocations.csv"]);
    run(&["export", "audit", "--out", "audit.jsonl"]);

    // Payments by the bank's reference, and evidence by its file, from the log.
    let mut references: BTreeMap<String, String> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    for entry in folder.read("audit.jsonl").lines() {
        let entry: Value = serde_json::from_str(entry).expect("JSON");
        let changes: Vec<Value> = serde_json::from_str(entry["changes"].as_str().expect("text")).expect("JSON");
        for change in &changes {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            match change["change"].as_str() {
                Some("line_booked") => {
                    references.insert(text(&change["payment"]), text(&change["line"]["bank_reference"]));
                }
                Some("input_received") => drop(names.insert(text(&change["digest"]), text(&change["name"]))),
                Some("evidence_read") => drop(kinds.insert(text(&change["digest"]), text(&change["kind"]))),
                _ => {}
            }
        }
    }
    assert_eq!(references.values().collect::<BTreeSet<_>>().len(), references.len(), "references name one line each");

    let mut truth: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for row in rows(&folder.read("T/truth.csv")) {
        let items = truth.entry(row["bank_reference"].clone()).or_default();
        if !row["invoice_id"].is_empty() {
            *items.entry(row["invoice_id"].clone()).or_default() += thousandths(&row["cleared_amount"]);
        }
    }
    let mut settled: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for row in rows(&folder.read("allocations.csv")) {
        assert_eq!(row["decided_by"], "rule");
        let reference = references.get(&row["payment_id"]).expect("a booked line").clone();
        *settled.entry(reference).or_default().entry(row["invoice_id"].clone()).or_default() +=
            thousandths(&row["applied_amount"]);
    }
    let wrong: Vec<_> = settled.iter().filter(|(reference, items)| truth.get(*reference) != Some(*items)).collect();
    assert!(wrong.is_empty(), "settled otherwise than in truth: {wrong:?}");
    assert!(settled.len() >= SETTLED_ALONE_MIN, "only {} payments were settled alone", settled.len());

    let expected: Vec<Value> = serde_json::from_str(&folder.read("T/evidence/truth.json")).expect("JSON");
    assert_eq!(expected.len(), 40);
    let read: BTreeMap<&str, &str> =
        kinds.iter().filter_map(|(digest, kind)| Some((names.get(digest)?.as_str(), kind.as_str()))).collect();
    let misread: Vec<String> = expected
        .iter()
        .filter_map(|piece| {
            let (file, kind) = (piece["file"].as_str()?, piece["kind"].as_str()?);
            let read = read.get(file).copied();
            (read != Some(kind)).then(|| format!("{file}: {read:?}, in truth {kind}"))
        })
        .collect();
    let right = expected.len() - misread.len();
    assert!(right >= RIGHT_KINDS_MIN, "{right} kinds of 40 are right:\n{}", misread.join("\n"));
}
