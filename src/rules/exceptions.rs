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

/// A fact that a person or a rule needs to decide; the case shows each one that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The bank or processor line: amount, currency, dates.
    BankLine,
    /// Name and account of the payer.
    Payer,
    /// What the text and the reference fields say.
    Reference,
    /// The open items that fit, with what is open of each.
    OpenItems,
    /// The answers that explain it, with their weights.
    Candidates,
    /// Payment against what the items ask.
    Difference,
    /// Charges the bank or processor names.
    Charges,
    /// Percent and last day of an early-payment discount.
    DiscountTerms,
    /// The customer's rate of tax withheld.
    WithholdingRate,
    /// The rate booked, or that of the day.
    ExchangeRate,
    /// The payment that settled the item before, and by which decision.
    EarlierPayment,
    /// What is known of the customer: terms, flags, open matters.
    Customer,
    /// The contract or price agreed.
    Contract,
    /// The invoice or its draft.
    Invoice,
    /// Usage or earlier bills of the customer.
    History,
    /// The document as received, with what was read in it.
    Document,
    /// The file as received, with the problem and its place.
    Input,
    /// The owner's limit.
    Limit,
}

macro_rules! exceptions {
    ($($(#[$doc:meta])* $name:ident $text:literal $role:ident $severity:ident $checkpoint:literal [$($action:ident),*] [$($fact:ident),*];)*) => {
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

            /// What is needed to decide it.
            pub fn needs(self) -> &'static [Fact] {
                match self { $(Self::$name => &[$(Fact::$fact),*],)* }
            }

            /// What a person may do about it, where its subject can take it: see [`crate::cases::Case::actions`].
            pub fn actions(self) -> &'static [Action] {
                match self { $(Self::$name => &[$(Action::$action),*],)* }
            }
        }
    };
}

exceptions! {
    // Billing.
    /// Number, customer and amount of an invoice already in the book.
    DuplicateInvoice "duplicate invoice" Billing High false [Close]
        [Invoice, Customer];
    /// The billed amount is not the contract's.
    AmountDiffersFromContract "amount differs from contract" Billing High false [Close]
        [Invoice, Contract, Difference];
    /// A line the contract names is not billed.
    MissingLineItem "missing line item" Billing Normal false [Close]
        [Invoice, Contract];
    /// A mid-cycle change was prorated wrongly.
    ProrationWrong "proration wrong" Billing Normal false [Close]
        [Invoice, Contract];
    /// Two changes to one account overlap.
    ConcurrentChange "concurrent change to one account" Billing Normal false [Close]
        [Invoice, History];
    /// Falls on the other side of a period or day in the entity's time zone.
    PeriodBoundary "period or time-zone boundary" Billing Normal false [Close]
        [Invoice, Contract];
    /// Usage above the plan.
    UsageOverage "usage overage" Billing Normal false [Close]
        [Invoice, Contract, History];
    /// A draft lacks a field.
    MissingField "missing field on a draft" Billing Normal false [Close]
        [Invoice];
    /// No approval or purchase order.
    MissingApproval "missing approval or purchase order" Billing Normal false [Close]
        [Invoice];
    /// Far from what this customer is usually billed.
    UnusualAmount "unusual amount" Billing Normal false [Close]
        [Invoice, History];
    /// More than a tenth off what was expected.
    VarianceOverTenPercent "variance over 10 % of expected" Billing Normal false [Close]
        [Invoice, History, Difference];
    /// The first invoice of a customer.
    NewCustomer "new customer" Billing Normal false [Close]
        [Invoice, Customer];
    /// Priced by hand.
    CustomPricing "custom pricing" Approver High true [Close]
        [Invoice, Contract];
    /// Changes what is owed in tax.
    TaxAdjustment "tax-sensitive adjustment" Tax High true [Close]
        [Invoice, Customer];
    /// Above the owner's limit.
    HighValue "high value" Approver High true [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Candidates, Limit];
    // Cash.
    /// The remittance names no open item.
    NoReference "no reference" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, OpenItems, Candidates];
    /// Something like a reference that fits no open item exactly.
    UnreadableReference "unreadable reference" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference, OpenItems, Candidates];
    /// Several answers explain the payment equally well.
    Ambiguous "ambiguous" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference, Candidates];
    /// Less than what it refers to.
    ShortPayment "short payment" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Reference, OpenItems, Difference];
    /// More than what it refers to.
    Overpayment "overpayment" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Reference, OpenItems, Difference];
    /// Short by what looks like a bank or processor fee.
    BankFee "bank or processor fee" CashApplication Low false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Reference, OpenItems, Difference, Charges];
    /// Short by an early-payment discount.
    DiscountTaken "early-payment discount taken" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Reference, OpenItems, Difference, DiscountTerms];
    /// Short by tax withheld.
    Withholding "withholding" Tax Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Reference, OpenItems, Difference, WithholdingRate];
    /// Paid in another currency than billed.
    CurrencyDiffers "currency differs" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Reference, OpenItems, Difference, ExchangeRate];
    /// What it refers to has been paid already.
    DuplicatePayment "duplicate payment" CashApplication High false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference, EarlierPayment];
    /// The payer is not the customer that owes.
    ThirdPartyPayer "third-party payer" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference, OpenItems, Customer];
    /// Refers to items of several customers.
    SeveralCustomers "one payment for several customers" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference, OpenItems, Customer];
    /// Payer unknown.
    UnidentifiedReceipt "unidentified receipt" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference];
    /// Money that came in was taken back.
    ReturnedPayment "returned payment or chargeback" CashApplication Urgent true [Close]
        [BankLine, Payer, Reference, EarlierPayment];
    /// A payment that did not go through.
    FailedPayment "failed payment" Collections Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates, Close]
        [BankLine, Payer, Reference];
    /// Interest, own transfers, card settlements and the like.
    NotOurs "not ours" CashApplication Low false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates]
        [BankLine, Payer, Reference];
    // Evidence and people.
    /// Proof of payment without the money.
    ClaimWithoutMoney "claim without money" Collections Normal false [Close]
        [Document, Customer];
    /// The same proof shown before, or signs of editing.
    EvidenceReused "evidence reused or edited" Approver High true [Close]
        [Document];
    /// New bank details are announced.
    ChangedBankDetails "changed bank details" Approver Urgent true [Close]
        [Document, Customer];
    /// A document tries to give orders.
    InstructionsInDocument "instructions in a document" Approver High true [Close]
        [Document];
    /// The customer contests what is billed.
    Dispute "dispute" Collections High true [Close]
        [Document, Invoice, Customer];
    /// The customer asks for a refund or a credit note.
    RefundAsked "refund or credit note asked" Approver High true [Close]
        [Document, Invoice, Customer];
    /// Two sources say different things about one item.
    SystemsDisagree "systems disagree" Billing High false [Close]
        [Invoice, Difference];
    /// Pays late again and again.
    RepeatedDelay "repeated delay (at risk)" Collections Normal false [Close]
        [Customer, History];
    /// A promise to pay was not kept.
    BrokenPromise "broken promise" Collections Normal false [Close]
        [Document, Customer];
    /// A file, page or entry that could not be read.
    UnreadableInput "unreadable input" CashApplication Normal false [Close]
        [Input];
    /// None of these.
    Unknown "unknown" CashApplication Normal false [Apply, KeepUnapplied, MarkNotOurs, RejectCandidates, Close]
        [BankLine, Payer, Reference, Candidates];
}

impl ExceptionKind {
    /// The kinds of cash, in the order of the list. Each has one detector in [`crate::cash_exceptions`].
    pub const CASH: [Self; 16] = [
        Self::NoReference,
        Self::UnreadableReference,
        Self::Ambiguous,
        Self::ShortPayment,
        Self::Overpayment,
        Self::BankFee,
        Self::DiscountTaken,
        Self::Withholding,
        Self::CurrencyDiffers,
        Self::DuplicatePayment,
        Self::ThirdPartyPayer,
        Self::SeveralCustomers,
        Self::UnidentifiedReceipt,
        Self::ReturnedPayment,
        Self::FailedPayment,
        Self::NotOurs,
    ];
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
        assert!(ExceptionKind::ALL.iter().all(|kind| !kind.actions().is_empty() && !kind.needs().is_empty()));
    }
}
