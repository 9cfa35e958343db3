//! Money that came in was taken back.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("a debit booked as a return", CashFacts { is_outgoing: true, is_return: true, ..of(Pattern::NoItem) }, true),
        ("a debit that names an item", CashFacts { is_outgoing: true, ..of(Pattern::ReferenceExact) }, true),
        ("before everything else", CashFacts { is_outgoing: true, customers: 2, ..alike(Pattern::LumpNamed) }, true),
        ("a credit booked as a return", CashFacts { is_return: true, ..of(Pattern::NoItem) }, false),
        ("a plain credit", of(Pattern::NoItem), false),
    ];
    check_detector(ExceptionKind::ReturnedPayment, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::ReturnedPayment;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, true));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference, Fact::EarlierPayment]);
    assert_eq!(kind.actions(), [Action::Close]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::ReturnedPayment);
}
