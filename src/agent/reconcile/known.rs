//! What evidence and open matters say that bears on payments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use quittance_rules::cases::{InputDigest, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::gate::ProposedLine;
use quittance_rules::policy::Policy;
use quittance_rules::records::{CustomerId, ItemId, Payment};
use quittance_rules::reuse::EvidenceMarks;

use crate::evidence::plain;
use crate::marks::marks;
use crate::ports::{CaseFilter, Store, StoreError};

/// What evidence says that bears on payments: readings, and matters that always meet a person.
pub(super) struct Known {
    /// Marks with the file name, by claimed amount.
    by_amount: BTreeMap<(i64, &'static str), Vec<(String, EvidenceMarks)>>,
    /// Matters about invoice numbers, folded.
    numbers: BTreeMap<String, Vec<ExceptionKind>>,
    /// Matters about customers, by their own messages.
    customers: BTreeMap<CustomerId, Vec<ExceptionKind>>,
    /// Matters about items.
    items: BTreeMap<ItemId, Vec<ExceptionKind>>,
    /// Statements that do not add up, until a person has closed the matter.
    doubtful: BTreeSet<InputDigest>,
}

impl Known {
    pub(super) async fn gather<S: Store>(store: &S) -> Result<Self, StoreError> {
        let mut known = Self {
            by_amount: BTreeMap::new(),
            numbers: BTreeMap::new(),
            customers: BTreeMap::new(),
            items: BTreeMap::new(),
            doubtful: BTreeSet::new(),
        };
        let mut matters: BTreeMap<String, Vec<ExceptionKind>> = BTreeMap::new();
        for case in store.cases(&CaseFilter::default()).await? {
            match &case.subject {
                Subject::Evidence(digest) if case.kind.is_checkpoint() => {
                    matters.entry(digest.to_string()).or_default().push(case.kind);
                }
                Subject::Input(digest) if case.reasons.iter().any(|reason| reason.starts_with("balance")) => {
                    known.doubtful.insert(digest.clone());
                }
                Subject::Item(item) => known.items.entry(item.clone()).or_default().push(case.kind),
                Subject::Evidence(_) | Subject::Payment(_) | Subject::Return(_) | Subject::Input(_) => {}
            }
        }
        for (record, input) in store.evidence().await? {
            let marks = marks(store, &record).await?;
            for kind in matters.get(&record.digest.to_string()).into_iter().flatten() {
                for number in &marks.invoice_numbers {
                    known.numbers.entry(plain(number)).or_default().push(*kind);
                }
                // Whatever else a message names: what its sender contests may be any of the sender's items.
                if let Some(customer) = &marks.customer {
                    known.customers.entry(customer.clone()).or_default().push(*kind);
                }
            }
            if let Some(amount) = marks.amount {
                known.by_amount.entry((amount.minor(), amount.currency().code())).or_default().push((input.name, marks));
            }
        }
        Ok(known)
    }

    pub(super) fn flags(&self, input: &InputDigest, lines: &[ProposedLine]) -> Vec<ExceptionKind> {
        let mut flags: Vec<ExceptionKind> = lines
            .iter()
            .flat_map(|line| {
                let number = plain(&line.item.number);
                let by_number = self.numbers.iter().filter(move |(said, _)| means(said, &number)).map(|(_, kinds)| kinds);
                let by_item = self.items.get(&line.item.id);
                let by_customer = self.customers.get(&line.item.customer);
                by_number.chain(by_item).chain(by_customer).flatten().copied()
            })
            .collect();
        if self.doubtful.contains(input) {
            flags.push(ExceptionKind::SystemsDisagree);
        }
        flags.sort();
        flags.dedup();
        flags
    }

    /// The one piece of evidence that goes with a payment and names invoices: same amount, dates within the policy's days.
    pub(super) fn advice(&self, payment: &Payment, policy: &Policy) -> Option<(&str, Vec<String>)> {
        let key = (payment.amount.minor(), payment.amount.currency().code());
        let window = i32::from(policy.evidence.booking_within_days);
        let mut fitting = self.by_amount.get(&key)?.iter().filter_map(|(name, marks)| {
            let near = marks.paid_on.is_none_or(|date| days_between(date, payment.booking_date).abs() <= window);
            let numbers = marks.invoice_numbers.clone();
            (near && !numbers.is_empty()).then_some((name.as_str(), numbers))
        });
        let only = fitting.next()?;
        // Two that fit are no help: which of them goes with this payment is what a person is there for.
        fitting.next().is_none().then_some(only)
    }
}

/// Whether a number that somebody wrote may mean an item's: equal, or one ends with the other from four digits on. It only asks.
pub(crate) fn means(said: &str, number: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    said == number
        || (digits(said) >= 4 && number.ends_with(said))
        || (digits(number) >= 4 && said.ends_with(number))
        || (digits(said) >= 4 && said.chars().filter(char::is_ascii_digit).eq(number.chars().filter(char::is_ascii_digit)))
}

pub(super) fn days_between(a: Date, b: Date) -> i32 {
    a.until(b).map_or(i32::MAX, |span| span.get_days())
}
