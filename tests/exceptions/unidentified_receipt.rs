//! Nobody known paid, and nothing open fits.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("a stranger's money", CashFacts { is_payer_known: false, has_numbers: false, ..of(Pattern::NoItem) }, true),
        ("with a number of their own", CashFacts { is_payer_known: false, ..of(Pattern::NoItem) }, true),
        (
            "not likely ours, but nothing says so",
            CashFacts { is_payer_known: false, says_not_ours: false, ..of(Pattern::NotOurs) },
            true,
        ),
        ("a customer's money", of(Pattern::NoItem), false),
        ("interest", CashFacts { is_payer_known: false, ..of(Pattern::NotOurs) }, false),
        ("a stranger who names an item", CashFacts { is_payer_known: false, ..of(Pattern::ReferenceExact) }, false),
    ];
    check_detector(ExceptionKind::UnidentifiedReceipt, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::UnidentifiedReceipt;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::UnidentifiedReceipt);
}
