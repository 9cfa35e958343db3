//! Refers to items of several customers.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("named items of two", CashFacts { customers: 2, ..of(Pattern::LumpNamed) }, true),
        ("found items of three", CashFacts { customers: 3, is_payer_known: false, ..of(Pattern::LumpFound) }, true),
        ("the text names items of two, the answer is one", CashFacts { named_customers: 2, ..of(Pattern::Over) }, true),
        ("several items of one", of(Pattern::LumpNamed), false),
        ("no item", of(Pattern::NoItem), false),
        ("two answers alike", CashFacts { customers: 2, ..alike(Pattern::LumpFound) }, false),
    ];
    check_detector(ExceptionKind::SeveralCustomers, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::SeveralCustomers;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference, Fact::OpenItems, Fact::Customer]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::SeveralCustomers);
}
