//! Less than what it refers to.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("half of an invoice", of(Pattern::Part), true),
        ("a part from an unknown payer", CashFacts { is_payer_known: false, ..of(Pattern::Part) }, true),
        ("short by a fee", of(Pattern::Short), false),
        ("less a discount", of(Pattern::Discount), false),
        ("a part of one of two alike", alike(Pattern::Part), false),
        ("taken back", CashFacts { is_outgoing: true, ..of(Pattern::Part) }, false),
    ];
    check_detector(ExceptionKind::ShortPayment, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::ShortPayment;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Reference, Fact::OpenItems, Fact::Difference]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::ShortPayment);
}
