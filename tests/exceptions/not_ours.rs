//! Interest, own transfers, card settlements and the like.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("the text says so", of(Pattern::NotOurs), true),
        ("from nobody known", CashFacts { is_payer_known: false, has_numbers: false, ..of(Pattern::NotOurs) }, true),
        ("nothing says so", CashFacts { says_not_ours: false, is_payer_known: false, ..of(Pattern::NotOurs) }, false),
        ("money that fits nothing", of(Pattern::NoItem), false),
        ("a second payment", of(Pattern::Duplicate), false),
        ("taken back", CashFacts { is_outgoing: true, ..of(Pattern::NotOurs) }, false),
    ];
    check_detector(ExceptionKind::NotOurs, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::NotOurs;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::NotOurs);
}
