//! The closed list of exceptions. Every kind says who owns it, how grave it is and whether it always meets a person.

use serde::{Deserialize, Serialize};

/// How soon a person should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Can wait for the weekly round.
    Low,
    /// Within some days.
    Normal,
    /// The same day.
    High,
    /// At once: money may be leaving or fraud is possible.
    Urgent,
}

/// The desk role that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRole {
    /// Applies cash.
    CashApplication,
    /// Issues and corrects invoices.
    Billing,
    /// Talks to customers about what is due.
    Collections,
    /// Tax questions.
    Tax,
    /// Runs the desk; releases what needs a second pair of eyes.
    Approver,
}

/// What a person may do about an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Apply the payment as a candidate says, or to items named by the person.
    Apply,
    /// Keep the money on the customer's account.
    KeepUnapplied,
    /// Say that the money is not ours to apply (interest, own transfer, card settlement).
    MarkNotOurs,
    /// Say that none of the candidates is right.
    RejectCandidates,
    /// Nothing to post: the matter is noted and closed.
    Close,
}

macro_rules! exceptions {
    ($($(#[$doc:meta])* $name:ident $text:literal $role:ident $severity:ident $checkpoint:literal [$($action:ident),*];)*) => {
        /// What kind of exception. `Unknown` is a kind: a label is never forced.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ExceptionKind { $($(#[$doc])* $name,)* }

        impl ExceptionKind {
            /// Every kind, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The words people read.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Who decides.
            pub fn owner(self) -> OwnerRole {
                match self { $(Self::$name => OwnerRole::$role,)* }
            }

            /// How soon.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Always meets a person, whatever the policy says (invariant 7).
            pub fn is_checkpoint(self) -> bool {
                match self { $(Self::$name => $checkpoint,)* }
            }

            /// What a person may do about it.
            pub fn actions(self) -> &'static [Action] {
                match self { $(Self::$name => &[$(Action::$action),*],)* }
            }
        }
    };
}

exceptions! {
    // Billing.
    /// Number, customer and amount of an invoice already in the book.
    DuplicateInvoice "duplicate invoice" Billing High false [Close];
    /// The billed amount is not the contract's.
    AmountDiffersFromContract "amount differs from contract" Billing High false [Close];
    /// A line the contract names is not billed.
    MissingLineItem "missing line item" Billing Normal false [Close];
    /// A mid-cycle change was prorated wrongly.
    ProrationWrong "proration wrong" Billing Normal false [Close];
    /// Two changes to one account overlap.
    ConcurrentChange "concurrent change to one account" Billing Normal false [Close];
    /// Falls on the other side of a period or day in the entity's time zone.
    PeriodBoundary "period or time-zone boundary" Billing Normal false [Close];
    /// Usage above the plan.
    UsageOverage "usage overage" Billing Normal false [Close];
    /// A draft lacks a field.
    MissingField "missing field on a draft" Billing Normal false [Close];
    /// No approval or purchase order.
    MissingApproval "missing approval or purchase order" Billing Normal false [Close];
    /// Far from what this customer is usually billed.
    UnusualAmount "unusual amount" Billing Normal false [Close];
    /// More than a tenth off what was expected.
    VarianceOverTenPercent "variance over 10 % of expected" Billing Normal false [Close];
    /// The first invoice of a customer.
    NewCustomer "new customer" Billing Normal false [Close];
    /// Priced by hand.
    CustomPricing "custom pricing" Approver High true [Close];
    /// Changes what is owed in tax.
    TaxAdjustment "tax-sensitive adjustment" Tax High true [Close];
    /// Above the owner's limit.
    HighValue "high value" Approver High true [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    // Cash.
    /// The remittance names no open item.
    NoReference "no reference" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Something like a reference that fits no open item exactly.
    UnreadableReference "unreadable reference" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Several answers explain the payment equally well.
    Ambiguous "ambiguous" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Less than what it refers to.
    ShortPayment "short payment" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// More than what it refers to.
    Overpayment "overpayment" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Short by what looks like a bank or processor fee.
    BankFee "bank or processor fee" CashApplication Low false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Short by an early-payment discount.
    DiscountTaken "early-payment discount taken" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Short by tax withheld.
    Withholding "withholding" Tax Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Paid in another currency than billed.
    CurrencyDiffers "currency differs" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// What it refers to has been paid already.
    DuplicatePayment "duplicate payment" CashApplication High false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// The payer is not the customer that owes.
    ThirdPartyPayer "third-party payer" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Refers to items of several customers.
    SeveralCustomers "one payment for several customers" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Payer unknown.
    UnidentifiedReceipt "unidentified receipt" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    /// Money that came in was taken back.
    ReturnedPayment "returned payment or chargeback" CashApplication Urgent true [Close];
    /// A payment that did not go through.
    FailedPayment "failed payment" Collections Normal false [Close];
    /// Interest, own transfers, card settlements and the like.
    NotOurs "not ours" CashApplication Low false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates];
    // Evidence and people.
    /// Proof of payment without the money.
    ClaimWithoutMoney "claim without money" Collections Normal false [Close];
    /// The same proof shown before, or signs of editing.
    EvidenceReused "evidence reused or edited" Approver High true [Close];
    /// New bank details are announced.
    ChangedBankDetails "changed bank details" Approver Urgent true [Close];
    /// A document tries to give orders.
    InstructionsInDocument "instructions in a document" Approver High true [Close];
    /// The customer contests what is billed.
    Dispute "dispute" Collections High true [Close];
    /// The customer asks for a refund or a credit note.
    RefundAsked "refund or credit note asked" Approver High true [Close];
    /// Two sources say different things about one item.
    SystemsDisagree "systems disagree" Billing High false [Close];
    /// Pays late again and again.
    RepeatedDelay "repeated delay (at risk)" Collections Normal false [Close];
    /// A promise to pay was not kept.
    BrokenPromise "broken promise" Collections Normal false [Close];
    /// A file, page or entry that could not be read.
    UnreadableInput "unreadable input" CashApplication Normal false [Close];
    /// None of these.
    Unknown "unknown" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates, Close];
}

/// The name used in files and JSON: `short_payment`.
impl std::fmt::Display for ExceptionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_always_meets_a_person() {
        // Invariant 7: refunds, credit notes, tax adjustments, disputes, custom pricing, high values, changed bank details.
        for kind in [
            ExceptionKind::RefundAsked,
            ExceptionKind::TaxAdjustment,
            ExceptionKind::Dispute,
            ExceptionKind::CustomPricing,
            ExceptionKind::HighValue,
            ExceptionKind::ChangedBankDetails,
        ] {
            assert!(kind.is_checkpoint(), "{kind}");
        }
    }

    #[test]
    fn names_are_stable_and_distinct() {
        let mut names: Vec<String> = ExceptionKind::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names[0], "duplicate_invoice");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ExceptionKind::ALL.len());
        assert!(ExceptionKind::ALL.iter().all(|kind| !kind.actions().is_empty()));
    }
}
