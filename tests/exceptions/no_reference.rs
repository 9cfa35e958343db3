//! The text names no open item, and nothing in it looks like a number.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("money without a text from a known payer", CashFacts { has_numbers: false, ..of(Pattern::NoItem) }, true),
        ("an exact amount that is not sure enough", CashFacts { has_numbers: false, ..of(Pattern::PayerExact) }, true),
        ("a lump without a text", CashFacts { has_numbers: false, ..of(Pattern::LumpFound) }, true),
        ("a number that fits nothing", of(Pattern::NoItem), false),
        ("an unknown payer", CashFacts { has_numbers: false, is_payer_known: false, ..of(Pattern::NoItem) }, false),
        ("two answers alike", CashFacts { has_numbers: false, ..alike(Pattern::PayerExact) }, false),
    ];
    check_detector(ExceptionKind::NoReference, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::NoReference;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::OpenItems, Fact::Candidates]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::NoReference);
}
