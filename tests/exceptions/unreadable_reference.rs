//! Something like a reference that fits no open item exactly.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("a number that fits nothing, from a known payer", of(Pattern::NoItem), true),
        ("an amount that fits beside a number that does not", of(Pattern::PayerExact), true),
        ("a named item that is not sure enough", of(Pattern::ReferenceExact), true),
        ("no number at all", CashFacts { has_numbers: false, ..of(Pattern::NoItem) }, false),
        ("nobody known", CashFacts { is_payer_known: false, ..of(Pattern::NoItem) }, false),
        ("a stranger who names an item", CashFacts { is_payer_known: false, ..of(Pattern::ReferenceExact) }, false),
    ];
    check_detector(ExceptionKind::UnreadableReference, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::UnreadableReference;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference, Fact::OpenItems, Fact::Candidates]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::UnreadableReference);
}
