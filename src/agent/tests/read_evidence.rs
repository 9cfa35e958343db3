//! Runs the cases of `eval-sets/read-evidence` through `interpret`, and holds the results to the stored baseline: what was right stays
//! right. `quittance eval read-evidence` does the same and shows more.

use std::path::{Path, PathBuf};

use quittance_agent::evals::cases::{Case, Material};
use quittance_agent::evals::score::{misplaced, score};
use quittance_agent::evals::{Outcome, Scores, worse};
use quittance_agent::reading::{Words, interpret};

fn set() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval-sets/read-evidence")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases() -> Vec<Case> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(set().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Case::parse(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

fn words_of(case: &Case) -> Words {
    match case.material().unwrap() {
        Material::Grid(grid) => grid.words(),
        Material::WordList(path) => serde_json::from_str(&read(&set().join(path))).unwrap(),
        Material::File(_) | Material::Recipe(_) => panic!("{}: this set holds words only", case.id),
    }
}

#[test]
fn cases_are_read_no_worse_than_the_baseline() {
    let mut scores = Scores::new();
    let mut notes = String::new();
    let cases = cases();
    assert!(cases.len() >= 130, "{} cases", cases.len());
    for case in &cases {
        let reading = interpret(&words_of(case));
        assert_eq!(misplaced(&reading), [""; 0], "{}", case.id);
        for mark in score(case, &reading) {
            scores.entry(case.split.clone()).or_default().entry(mark.field.clone()).or_default().count(mark.outcome);
            if mark.outcome != Outcome::Right {
                notes += &format!("{} {} {:?}: saw {:?}, truth {:?}\n", case.id, mark.field, mark.outcome, mark.saw, mark.truth);
            }
        }
    }
    let baseline: Scores = serde_json::from_str(&read(&set().join("baseline.json"))).unwrap();
    let worse = worse(&scores, &baseline, false);
    assert!(worse.is_empty(), "worse than the baseline:\n{}\nnot right:\n{notes}", worse.join("\n"));
}

/// A template is in one split only, so that nothing held out has been tuned on.
#[test]
fn no_template_is_in_two_splits() {
    let mut split_of = std::collections::BTreeMap::new();
    for case in cases().into_iter().filter(|case| !case.split.starts_with("yape") && !case.template.is_empty()) {
        let before = split_of.entry(case.template.clone()).or_insert_with(|| case.split.clone());
        assert_eq!(*before, case.split, "{}: template {}", case.id, case.template);
    }
}
