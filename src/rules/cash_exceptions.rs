//! One detector for each kind of cash exception, in the order in which they are asked: the first that says yes names the case.
//!
//! The matcher makes the facts; what a kind allows and whom it belongs to stands in [`crate::exceptions`].

use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::matching::Pattern;

/// What a detector looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CashFacts {
    /// How the best answer explains the payment.
    pub pattern: Pattern,
    /// Its computed probability.
    pub confidence: Confidence,
    /// That of the next best.
    pub runner_up: Option<Confidence>,
    /// Customers whose items the best answer clears; 0 when it clears none.
    pub customers: usize,
    /// Customers whose items the text names, each by a number that is nobody else's.
    pub named_customers: usize,
    /// What is missing is the early-payment discount, taken after its last day.
    pub is_late_discount: bool,
    /// A word says that it is interest, a card settlement, an own transfer or the like.
    pub says_not_ours: bool,
    /// The text holds something like a reference.
    pub has_numbers: bool,
    /// Account or name is a customer's.
    pub is_payer_known: bool,
    /// The money went out or was taken back.
    pub is_outgoing: bool,
    /// The bank books it as a return, reversal or reject.
    pub is_return: bool,
}

/// A kind with what tells it.
#[derive(Clone, Copy)]
pub struct Detector {
    /// The kind.
    pub kind: ExceptionKind,
    /// Whether the facts are this.
    pub is_it: fn(&CashFacts) -> bool,
}

/// Below this confidence a near rival makes the answer ambiguous.
const CLEAR: u32 = 900_000;

/// All, in order. What is returned or doubtful comes before what the best answer would be.
pub const DETECTORS: [Detector; 16] = [
    Detector { kind: ExceptionKind::ReturnedPayment, is_it: |f| f.is_outgoing },
    Detector { kind: ExceptionKind::FailedPayment, is_it: |f| f.is_return },
    Detector { kind: ExceptionKind::Ambiguous, is_it: is_ambiguous },
    Detector { kind: ExceptionKind::SeveralCustomers, is_it: |f| f.customers > 1 || f.named_customers > 1 },
    Detector { kind: ExceptionKind::DiscountTaken, is_it: |f| f.pattern == Pattern::Discount || f.is_late_discount },
    Detector { kind: ExceptionKind::BankFee, is_it: |f| f.pattern == Pattern::Short },
    Detector { kind: ExceptionKind::ShortPayment, is_it: |f| f.pattern == Pattern::Part },
    Detector { kind: ExceptionKind::Overpayment, is_it: |f| f.pattern == Pattern::Over },
    Detector { kind: ExceptionKind::Withholding, is_it: |f| f.pattern == Pattern::Withholding },
    Detector { kind: ExceptionKind::CurrencyDiffers, is_it: |f| f.pattern == Pattern::OtherCurrency },
    Detector { kind: ExceptionKind::DuplicatePayment, is_it: |f| f.pattern == Pattern::Duplicate },
    Detector { kind: ExceptionKind::NotOurs, is_it: |f| f.pattern == Pattern::NotOurs && f.says_not_ours },
    Detector { kind: ExceptionKind::ThirdPartyPayer, is_it: is_third_party },
    Detector { kind: ExceptionKind::UnidentifiedReceipt, is_it: is_unidentified },
    Detector { kind: ExceptionKind::UnreadableReference, is_it: |f| f.has_numbers },
    Detector { kind: ExceptionKind::NoReference, is_it: |f| !f.has_numbers },
];

/// The kind of the first detector that says yes. The last two leave nothing over.
pub fn kind_of(facts: &CashFacts) -> ExceptionKind {
    DETECTORS.iter().find(|detector| (detector.is_it)(facts)).map_or(ExceptionKind::Unknown, |detector| detector.kind)
}

fn is_ambiguous(facts: &CashFacts) -> bool {
    let best = facts.confidence.millionths();
    let rival = facts.runner_up.map_or(0, Confidence::millionths);
    best < CLEAR && rival > best / 2 && facts.customers > 0
}

fn is_third_party(facts: &CashFacts) -> bool {
    match facts.pattern {
        Pattern::Weak => true,
        Pattern::ReferenceExact | Pattern::LumpNamed => !facts.is_payer_known,
        Pattern::PayerExact
        | Pattern::LumpFound
        | Pattern::Part
        | Pattern::Short
        | Pattern::Over
        | Pattern::Discount
        | Pattern::Withholding
        | Pattern::OtherCurrency
        | Pattern::Duplicate
        | Pattern::NotOurs
        | Pattern::NoItem => false,
    }
}

/// Nobody known paid, and nothing ties the money to an item: also where it is not likely ours, but nothing says so.
fn is_unidentified(facts: &CashFacts) -> bool {
    matches!(facts.pattern, Pattern::NoItem | Pattern::NotOurs) && !facts.is_payer_known
}

/// Words that say of a payment that it did not go through, folded to capitals without marks.
const FAILURE_WORDS: &[&str] = &[
    "ABGELEHNT",
    "AFGEWEZEN",
    "AVVIST",
    "BOUNCED",
    "DECLINED",
    "DENEGADA",
    "DENEGADO",
    "ECHOUE",
    "ECHOUEE",
    "FAILED",
    "FAILURE",
    "FALHOU",
    "FALLIDA",
    "FALLIDO",
    "FALLITO",
    "FEHLGESCHLAGEN",
    "GEWEIGERD",
    "INSUFFICIENT",
    "MISLUKT",
    "MISLYCKADES",
    "NIEUDANA",
    "NIEUDANY",
    "ODRZUCONA",
    "ODRZUCONY",
    "RECHAZADA",
    "RECHAZADO",
    "RECUSADA",
    "RECUSADO",
    "REFUSE",
    "REFUSEE",
    "REJECTED",
    "RIFIUTATA",
    "RIFIUTATO",
    "UNSUCCESSFUL",
    "ZURUCKGEWIESEN",
    "ZURUECKGEWIESEN",
];

/// Whether a text says that a payment did not go through. It only raises a case that allows nothing but to be closed.
pub fn speaks_of_failure(text: &str) -> bool {
    use unicode_normalization::UnicodeNormalization as _;
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= 5 && word.len() <= 40).any(|word| {
        let folded: String = word.nfd().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        FAILURE_WORDS.binary_search(&folded.as_str()).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_and_found() {
        let mut sorted = FAILURE_WORDS.to_vec();
        sorted.sort_unstable();
        assert!(FAILURE_WORDS.iter().all(|word| sorted.binary_search(word).is_ok()));
        assert_eq!(sorted, FAILURE_WORDS);
        for (text, expected) in [
            ("Su transferencia fue rechazada.", true),
            ("Paiement échoué", true),
            ("Payment of 12.00 declined", true),
            ("Zahlung erfolgreich", false),
            ("Use code 123456 to sign in", false),
            ("", false),
        ] {
            assert_eq!(speaks_of_failure(text), expected, "{text}");
        }
    }

    #[test]
    fn every_cash_kind_has_one_detector() {
        let mut kinds: Vec<ExceptionKind> = DETECTORS.iter().map(|detector| detector.kind).collect();
        kinds.sort();
        assert_eq!(kinds, ExceptionKind::CASH);
    }
}
