//! A payment that did not go through, and whose money is back.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("a credit booked as a return", CashFacts { is_return: true, ..of(Pattern::NoItem) }, true),
        ("even where it fits an item", CashFacts { is_return: true, ..of(Pattern::ReferenceExact) }, true),
        ("a debit booked as a return", CashFacts { is_return: true, is_outgoing: true, ..of(Pattern::NoItem) }, false),
        ("a plain credit", of(Pattern::ReferenceExact), false),
    ];
    check_detector(ExceptionKind::FailedPayment, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::FailedPayment;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::Collections, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference]);
    assert_eq!(
        kind.actions(),
        [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates, Action::Close]
    );
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::FailedPayment);
}
