//! Short by the tax this customer withholds.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("less the customer's rate", of(Pattern::Withholding), true),
        ("without a number in the text", CashFacts { has_numbers: false, ..of(Pattern::Withholding) }, true),
        ("less a fee", of(Pattern::Short), false),
        ("a part", of(Pattern::Part), false),
        ("two alike", alike(Pattern::Withholding), false),
    ];
    check_detector(ExceptionKind::Withholding, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::Withholding;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::Tax, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Reference, Fact::OpenItems, Fact::Difference, Fact::WithholdingRate]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::Withholding);
}
