//! Several answers explain the payment equally well.

use super::*;

#[test]
fn detector() {
    let rows = [
        ("two equal invoices", alike(Pattern::PayerExact), true),
        ("two equal parts", alike(Pattern::Part), true),
        (
            "a rival just above half",
            CashFacts { confidence: percent(60), runner_up: Some(percent(31)), ..of(Pattern::ReferenceExact) },
            true,
        ),
        (
            "a rival at half",
            CashFacts { confidence: percent(60), runner_up: Some(percent(30)), ..of(Pattern::ReferenceExact) },
            false,
        ),
        (
            "clear enough",
            CashFacts { confidence: percent(90), runner_up: Some(percent(89)), ..of(Pattern::ReferenceExact) },
            false,
        ),
        ("no rival", CashFacts { confidence: percent(40), ..of(Pattern::PayerExact) }, false),
        ("nothing that fits", CashFacts { customers: 0, ..alike(Pattern::NoItem) }, false),
    ];
    check_detector(ExceptionKind::Ambiguous, &rows);
}

#[test]
fn what_it_needs_and_allows() {
    let kind = ExceptionKind::Ambiguous;
    assert_eq!((kind.owner(), kind.is_checkpoint()), (OwnerRole::CashApplication, false));
    assert_eq!(kind.needs(), [Fact::BankLine, Fact::Payer, Fact::Reference, Fact::Candidates]);
    assert_eq!(kind.actions(), [Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates]);
}

#[test]
fn fixture() {
    check_fixture(ExceptionKind::Ambiguous);
}
