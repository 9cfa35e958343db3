//! The kinds of cash exception: for each a table of facts that are it and facts that nearly are, what it needs and allows, and a
//! small book in which the built program finds it (`tests/fixtures/exceptions/KIND`).

#[expect(dead_code, reason = "other tests ask what was said too")]
#[path = "../program/mod.rs"]
mod program;

mod ambiguous;
mod bank_fee;
mod currency_differs;
mod discount_taken;
mod duplicate_payment;
mod failed_payment;
mod no_reference;
mod not_ours;
mod overpayment;
mod returned_payment;
mod several_customers;
mod short_payment;
mod third_party_payer;
mod unidentified_receipt;
mod unreadable_reference;
mod withholding;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quittance_rules::cash_exceptions::{CashFacts, DETECTORS, kind_of};
use quittance_rules::evidence::Confidence;
use quittance_rules::exceptions::{Action, ExceptionKind, Fact, OwnerRole};
use quittance_rules::matching::Pattern;
use serde_json::Value;

fn percent(percent: u32) -> Confidence {
    Confidence::from_percent(percent)
}

/// A clear answer of this pattern: of one customer, the payer known, with a number in the text.
fn of(pattern: Pattern) -> CashFacts {
    let has_lines = !matches!(pattern, Pattern::NoItem | Pattern::NotOurs | Pattern::Duplicate);
    CashFacts {
        pattern,
        confidence: percent(99),
        runner_up: None,
        customers: usize::from(has_lines),
        named_customers: usize::from(has_lines),
        is_late_discount: false,
        says_not_ours: pattern == Pattern::NotOurs,
        has_numbers: true,
        is_payer_known: true,
        is_outgoing: false,
        is_return: false,
    }
}

/// Two answers that explain the payment equally well.
fn alike(pattern: Pattern) -> CashFacts {
    CashFacts { confidence: percent(49), runner_up: Some(percent(48)), ..of(pattern) }
}

/// Rows that are of this kind, and near misses that are of another.
fn check_detector(kind: ExceptionKind, rows: &[(&str, CashFacts, bool)]) {
    assert!(rows.iter().any(|row| row.2) && rows.iter().filter(|row| !row.2).count() >= 2, "both sides have rows");
    for (name, facts, is_it) in rows {
        let found = kind_of(facts);
        assert_eq!(found == kind, *is_it, "{kind}, {name}: {found}");
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exceptions")
}

/// Runs the book of a kind and compares what each payment is called with `expected.json`; `null` is no exception.
fn check_fixture(kind: ExceptionKind) {
    let from = fixtures().join(kind.to_string());
    let desk = program::Folder::new();
    let mut arguments = vec!["match", "--out", "out.csv", "--explain", "explain.jsonl", "--threads", "1"];
    for (flag, name) in
        [("--customers", "customers.csv"), ("--invoices", "invoices.csv"), ("--payments", "payments.csv"), ("--fx", "fx.csv")]
    {
        if let Ok(contents) = std::fs::read(from.join(name)) {
            arguments.extend([flag, desk.file(name, contents)]);
        }
    }
    desk.run(&arguments).ended(0);
    let found: BTreeMap<String, Option<String>> = desk
        .read("explain.jsonl")
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).expect("JSON");
            let text = |name: &str| answer[name].as_str().map(str::to_owned);
            (text("payment_id").expect("an id"), text("exception"))
        })
        .collect();
    let expected = std::fs::read_to_string(from.join("expected.json")).expect("an expectation");
    let expected: BTreeMap<String, Option<String>> = serde_json::from_str(&expected).expect("names of kinds by payment");
    for (payment, wanted) in &expected {
        assert_eq!(found.get(payment), Some(wanted), "{kind}: {payment}");
    }
    let name = kind.to_string();
    assert!(expected.values().any(|found| found.as_deref() == Some(&name)), "{kind} is in its own book");
    assert!(expected.values().any(|found| found.as_deref() != Some(&name)), "{kind} has a near miss in its book");
}

#[test]
fn every_kind_has_a_detector_a_fixture_and_a_table() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exceptions");
    let main = std::fs::read_to_string(here.join("main.rs")).expect("this file");
    for kind in ExceptionKind::CASH {
        assert_eq!(DETECTORS.iter().filter(|detector| detector.kind == kind).count(), 1, "{kind} has one detector");
        let table = std::fs::read_to_string(here.join(format!("{kind}.rs"))).unwrap_or_default();
        for part in ["check_detector(", ".needs()", ".actions()", "check_fixture("] {
            assert!(table.contains(part), "tests/exceptions/{kind}.rs lacks {part}");
        }
        assert!(main.lines().any(|line| line == format!("mod {kind};")), "{kind}.rs is declared");
        for file in ["customers.csv", "invoices.csv", "payments.csv", "expected.json"] {
            assert!(fixtures().join(kind.to_string()).join(file).is_file(), "{kind} has no {file}");
        }
    }
    assert!(ExceptionKind::ALL.iter().all(|kind| !kind.needs().is_empty() && !kind.actions().is_empty()));
}
