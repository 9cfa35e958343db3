//! What it refers to has been paid already.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("the same invoice again", of(Pattern::Duplicate), true),
        ("without a number in the text", CashFacts { has_numbers: false, ..of(Pattern::Duplicate) }, true),
        ("the first payment", of(Pattern::ReferenceExact), false),
        ("money that fits nothing", of(Pattern::NoItem), false),
        ("taken back", CashFacts { is_outgoing: true, ..of(Pattern::Duplicate) }, false),
    ];
    check_detector(ExceptionKind::DuplicatePayment, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::DuplicatePayment;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference, Fact::EarlierPayment]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::DuplicatePayment);
}
