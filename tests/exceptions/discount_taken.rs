//! Short by the early-payment discount the item grants.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("less the discount", of(Pattern::Discount), true),
        ("without a number in the text", CashFacts { has_numbers: false, ..of(Pattern::Discount) }, true),
        ("less the discount, too late", CashFacts { is_late_discount: true, ..of(Pattern::Short) }, true),
        ("less a fee", of(Pattern::Short), false),
        ("less tax", of(Pattern::Withholding), false),
        ("two alike", alike(Pattern::Discount), false),
    ];
    check_detector(ExceptionKind::DiscountTaken, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::DiscountTaken;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Reference, Fact::OpenItems, Fact::Difference, Fact::DiscountTerms]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::DiscountTaken);
}
