//! More than what it refers to.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("more than the invoice named", of(Pattern::Over), true),
        ("from an unknown payer", CashFacts { is_payer_known: false, ..of(Pattern::Over) }, true),
        ("less", of(Pattern::Part), false),
        ("paid before", of(Pattern::Duplicate), false),
        ("for two customers", CashFacts { customers: 2, ..of(Pattern::Over) }, false),
    ];
    check_detector(ExceptionKind::Overpayment, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::Overpayment;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Reference, Fact::OpenItems, Fact::Difference]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::Overpayment);
}
