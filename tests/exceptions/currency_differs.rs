//! Paid in another currency than billed.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("near the rate", of(Pattern::OtherCurrency), true),
        ("from an unknown payer", CashFacts { is_payer_known: false, ..of(Pattern::OtherCurrency) }, true),
        ("in the same currency", of(Pattern::Short), false),
        ("two alike", alike(Pattern::OtherCurrency), false),
        ("taken back", CashFacts { is_outgoing: true, ..of(Pattern::OtherCurrency) }, false),
    ];
    check_detector(ExceptionKind::CurrencyDiffers, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::CurrencyDiffers;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Reference, Fact::OpenItems, Fact::Difference, Fact::ExchangeRate]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::CurrencyDiffers);
}
