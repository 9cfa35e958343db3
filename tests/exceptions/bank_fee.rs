//! Short by what looks like a bank or processor fee.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("short by a little", of(Pattern::Short), true),
        ("from an unknown payer", CashFacts { is_payer_known: false, ..of(Pattern::Short) }, true),
        ("short by much", of(Pattern::Part), false),
        ("less tax", of(Pattern::Withholding), false),
        ("less a discount", of(Pattern::Discount), false),
    ];
    check_detector(ExceptionKind::BankFee, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::BankFee;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Reference, Fact::OpenItems, Fact::Difference, Fact::Charges]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::BankFee);
}
