//! What a rule of the owner brings about, and what it never lifts.

use std::collections::BTreeMap;

use super::*;
use crate::policy::{DEFAULT_POLICY, Policy};

fn verdict(facts: &GateFacts) -> Verdict {
    let policy = Policy::parse(DEFAULT_POLICY).expect("built in");
    gate(facts, &policy.gate, jiff::civil::date(2026, 3, 21))
}

fn applies(action: RuleAction) -> Option<RuleSays> {
    Some(RuleSays::Applies { rule: "r".to_owned(), action })
}

fn settle() -> RuleAction {
    RuleAction::Settle { confidence: Confidence::from_percent(95) }
}

fn write_off(minor: i64) -> RuleAction {
    RuleAction::WriteOff { limit: BTreeMap::from([(Currency::EUR, eur(minor))]) }
}

/// The matcher is sure at 97 %, which is not enough alone.
fn nearly_sure() -> GateFacts {
    let mut facts = facts(118_000, "INV-2041", vec![line("INV-2041", "ACME", 118_000)]);
    facts.matcher.is_exact_pattern = false;
    facts.matcher.confidence = Confidence::from_percent(97);
    facts.matcher.near_miss = Some("another answer is nearly as good".to_owned());
    facts
}

/// EUR 2.00 short of INV-2041.
fn short() -> GateFacts {
    let mut facts = facts(117_800, "INV-2041", vec![line("INV-2041", "ACME", 118_000)]);
    facts.proposal.as_mut().expect("set")[0].cleared = eur(117_800);
    facts.matcher.is_exact_pattern = false;
    facts.matcher.pattern = Some(Pattern::Short);
    facts
}

/// Money that fits no item.
fn strange() -> GateFacts {
    let mut facts = facts(412, "Habenzinsen", Vec::new());
    facts.proposal = None;
    facts.payer = PayerStanding::Silent;
    facts.matcher.is_exact_pattern = false;
    facts.matcher.pattern = Some(Pattern::NoItem);
    facts
}

#[test]
fn settle_lifts_the_confidence_only() {
    let mut facts = nearly_sure();
    assert!(matches!(verdict(&facts), Verdict::Ask(_)), "without the rule");
    facts.rule = applies(settle());
    assert!(matches!(verdict(&facts), Verdict::Settle(entries) if entries.len() == 1 && entries[0].amount == eur(118_000)));
    facts.matcher.confidence = Confidence::from_percent(94);
    assert!(matches!(verdict(&facts), Verdict::Ask(_)), "below the rule's confidence");
}

#[test]
fn write_off_posts_the_rest_up_to_its_limit() {
    let mut facts = short();
    facts.rule = applies(write_off(200));
    let Verdict::Settle(entries) = verdict(&facts) else { panic!("{:?}", verdict(&facts)) };
    let shown: Vec<(Purpose, Money, Option<Money>)> = entries.iter().map(|e| (e.purpose, e.amount, e.cleared)).collect();
    assert_eq!(shown, [(Purpose::Allocation, eur(117_800), Some(eur(117_800))), (Purpose::WriteOff, eur(0), Some(eur(200)))]);
    facts.rule = applies(write_off(199));
    let Verdict::Ask(reasons) = verdict(&facts) else { panic!("above the limit") };
    assert!(reasons.iter().any(|reason| matches!(reason, Reason::AboveWriteOff { .. })), "{reasons:?}");
    facts.rule = applies(RuleAction::WriteOff { limit: BTreeMap::from([(Currency::USD, Money::new(900, Currency::USD))]) });
    assert!(matches!(verdict(&facts), Verdict::Ask(_)), "no limit for the currency");
    // Nothing is left over: the rule has nothing to do.
    let mut exact = super::facts(118_000, "INV-2041", vec![line("INV-2041", "ACME", 118_000)]);
    exact.rule = applies(write_off(200));
    assert!(matches!(verdict(&exact), Verdict::Settle(entries) if entries.len() == 1));
    // Two items are short: which of them is written off is a question.
    let mut two = super::facts(200, "INV-2041 INV-2042", vec![line("INV-2041", "ACME", 150), line("INV-2042", "ACME", 150)]);
    two.proposal.as_mut().expect("set").iter_mut().for_each(|line| line.cleared = eur(100));
    two.rule = applies(write_off(200));
    assert!(matches!(verdict(&two), Verdict::Ask(_)));
}

#[test]
fn not_ours_sets_aside_what_fits_nothing() {
    let mut facts = strange();
    facts.rule = applies(RuleAction::NotOurs);
    assert!(
        matches!(verdict(&facts), Verdict::Settle(entries) if entries.len() == 1 && entries[0].purpose == Purpose::NotOurs && entries[0].amount == eur(412))
    );
    facts.payment.remittance = Some("Steuererstattung, refund".to_owned());
    assert!(matches!(verdict(&facts), Verdict::Settle(_)), "a refund of tax is what such rules are for");
    // A quoted item, or a customer that pays one in full, is not strange.
    for remittance in ["interest INV-2041", "interest"] {
        let mut fits = super::facts(118_000, remittance, vec![line("INV-2041", "ACME", 118_000)]);
        fits.rule = applies(RuleAction::NotOurs);
        assert!(matches!(verdict(&fits), Verdict::Ask(reasons) if reasons.iter().any(|r| matches!(r, Reason::FitsItem { .. }))));
        fits.payer = PayerStanding::Contradicted("a bank".to_owned());
        assert_eq!(matches!(verdict(&fits), Verdict::Settle(_)), remittance == "interest", "{remittance}");
    }
}

#[test]
fn ask_assign_and_a_rule_without_an_answer_ask() {
    let failed = RuleSays::Failed { rule: "r".to_owned(), why: "EUR and USD cannot be compared or added".to_owned() };
    for (says, words) in [
        (applies(RuleAction::Ask), "rule `r` asks a person"),
        (applies(RuleAction::Assign { to: "maria".to_owned() }), "rule `r` gives it to maria"),
        (Some(failed), "rule `r` cannot say whether it applies: EUR and USD"),
    ] {
        for mut facts in [super::facts(118_000, "INV-2041", vec![line("INV-2041", "ACME", 118_000)]), strange()] {
            facts.rule = says.clone();
            let Verdict::Ask(reasons) = verdict(&facts) else { panic!("{words}") };
            assert!(reasons.iter().any(|reason| reason.to_string().starts_with(words)), "{words}: {reasons:?}");
        }
    }
}

#[test]
fn no_rule_lifts_a_checkpoint() {
    type Change = fn(&mut GateFacts);
    let all: Vec<(&str, Change)> = vec![
        ("a dispute", |f| f.flags = vec![ExceptionKind::Dispute]),
        ("changed bank details", |f| f.flags = vec![ExceptionKind::ChangedBankDetails]),
        ("a return", |f| f.payment.is_return = true),
        ("money that goes out", |f| f.payment.amount = eur(-1)),
        ("booked in the future", |f| f.payment.booking_date = jiff::civil::date(2026, 3, 22)),
        ("refused before", |f| f.was_rejected = true),
        ("taken back", |f| f.was_taken_back = true),
        ("partly decided", |f| f.remaining = eur(1)),
        ("high value", |f| {
            f.payment.amount = eur(2_000_000);
            f.remaining = eur(2_000_000);
        }),
        ("no limit for the currency", |f| {
            f.payment.amount = Money::new(100, Currency::parse("ISK").expect("a currency"));
            f.remaining = f.payment.amount;
        }),
    ];
    let of_items: Vec<(&str, Change)> = vec![
        ("on hold", |f| f.proposal.as_mut().expect("set")[0].item.on_hold = true),
        ("a credit note", |f| f.proposal.as_mut().expect("set")[0].item.kind = ItemKind::CreditNote),
        ("custom pricing", |f| f.proposal.as_mut().expect("set")[0].item.contract_amount = Some(eur(1))),
        ("issued later", |f| f.proposal.as_mut().expect("set")[0].item.issue_date = jiff::civil::date(2026, 3, 21)),
        ("somebody else pays", |f| f.payer = PayerStanding::Contradicted("somebody".to_owned())),
        ("not quoted", |f| f.payment.remittance = Some("thanks".to_owned())),
        ("a word of doubt", |f| f.payment.remittance = Some("INV-2041 storno".to_owned())),
        ("the matcher holds it back", |f| f.matcher.is_held_back = true),
        ("no answer", |f| f.proposal = None),
    ];
    for (make, action) in [(nearly_sure as fn() -> GateFacts, settle()), (short, write_off(200)), (strange, RuleAction::NotOurs)]
    {
        let is_of_items = action != RuleAction::NotOurs;
        for (name, change) in all.iter().chain(of_items.iter().filter(|_| is_of_items)) {
            let mut facts = make();
            facts.rule = applies(action.clone());
            assert!(matches!(verdict(&facts), Verdict::Settle(_)), "the rule works");
            change(&mut facts);
            assert!(!matches!(verdict(&facts), Verdict::Settle(_)), "{name}: {action:?}");
        }
    }
}
