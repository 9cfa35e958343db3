//! The payer is not the customer that owes.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("a stranger names the invoice", CashFacts { is_payer_known: false, ..of(Pattern::ReferenceExact) }, true),
        ("a stranger names several", CashFacts { is_payer_known: false, ..of(Pattern::LumpNamed) }, true),
        ("the amount of a customer with a like name", of(Pattern::Weak), true),
        ("the customer itself", of(Pattern::ReferenceExact), false),
        ("a stranger without an item", CashFacts { is_payer_known: false, ..of(Pattern::NoItem) }, false),
        ("two customers", CashFacts { is_payer_known: false, customers: 2, ..of(Pattern::LumpNamed) }, false),
    ];
    check_detector(ExceptionKind::ThirdPartyPayer, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::ThirdPartyPayer;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference, Fact::OpenItems, Fact::Customer]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::ThirdPartyPayer);
}
