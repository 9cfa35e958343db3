//! The run: match what is open, let the gate decide, post what settles alone, and put everything else before a person with
//! its candidates and reasons. Running twice changes nothing the second time.

mod entries;
mod known;
mod labels;
mod replay;
mod returns;

use std::collections::BTreeMap;

use jiff::civil::Date;
use quittance_rules::aliases::{Alias, AliasKind, Standing};
use quittance_rules::cases::{Actor, Case, CaseCandidate, CaseState, Decision, Ruling, Subject, Weight};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::gate::{GateFacts, MatcherSays, PayerStanding, ProposedLine, Reason, Verdict, gate};
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::ledger::{CaseId, DecisionId, Entry, Purpose};
use quittance_rules::matching::{
    Answer, Book, BookBuilder, BookError, Candidate, EvidenceField, Explainer, FieldWeight, Matcher, Pattern, Proposal,
};
use quittance_rules::money::Money;
use quittance_rules::names;
use quittance_rules::policy::Policy;
use quittance_rules::records::{Customer, CustomerId, Entity, Payment};
use quittance_rules::returns::shares_number;
use quittance_rules::rule_view::{self, CustomerBeside, SeenBeside};

use crate::aliases::EVIDENCE;
use crate::evidence::{self, ClaimsReport, plain, plain_texts};
use crate::ports::{CaseFilter, Clock, EntityBook, Sequence, Store, StoreError, StoredItem, StoredPayment};
use crate::queue::postings;

use entries::allocations;
pub use entries::payment_of;
use known::Known;
pub(crate) use known::means;
pub use labels::{LabelledBook, labelled_book};
pub use replay::{GateInputs, ReplayError, replay};
use returns::take_back;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunReport {
    /// Payments settled alone.
    pub settled: u64,
    /// Money settled alone, one amount a currency.
    pub settled_money: Vec<Money>,
    /// Payments for which a case was raised.
    pub asked: u64,
    /// Pending cases brought up to date.
    pub updated: u64,
    /// Payments that wait as they did before.
    pub unchanged: u64,
    /// Returns and chargebacks for which a case was raised.
    pub returns: u64,
    /// Of these, returns that certainly took a receipt back: what it had settled is open again.
    pub reopened: u64,
    /// Payments that somebody else decided in the meantime; left alone.
    pub conflicts: u64,
    /// Proofs of payment looked after.
    pub claims: ClaimsReport,
}

/// Why a run stopped. What was written before stands; running again continues.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The book does not fit the matcher.
    #[error("the book of entity {entity} cannot be matched: {source}")]
    Book {
        /// Whose.
        entity: quittance_rules::records::EntityId,
        /// Why.
        source: BookError,
    },
    /// Facts that do not become JSON.
    #[error("the facts of payment {0} cannot be written down: {1}")]
    Facts(quittance_rules::records::PaymentId, serde_json::Error),
}

/// Runs once over all entities, then looks after the proofs of payment. `progress` is told (done, of) payments.
pub async fn run<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<RunReport, RunError> {
    let mut report = RunReport::default();
    let known = Known::gather(store).await?;
    for entity in store.entities().await? {
        reconcile(store, clock, policy, &entity, &known, &mut report, progress).await?;
    }
    report.claims = evidence::chase_claims(store, clock, policy).await?;
    Ok(report)
}

/// Everything one entity's run looks things up in.
struct Desk<'a> {
    entity: &'a Entity,
    policy: &'a Policy,
    known: &'a Known,
    today: Date,
    customers: BTreeMap<&'a str, &'a Customer>,
    items: BTreeMap<&'a str, &'a StoredItem>,
    payments: BTreeMap<&'a str, &'a StoredPayment>,
    returns: &'a [StoredPayment],
    /// Customers by the account they pay from, where only one customer pays from it.
    by_account: BTreeMap<String, Option<&'a Customer>>,
    /// Customers by folded name and alias, where only one bears it.
    by_name: BTreeMap<String, Option<&'a Customer>>,
    /// What confirmations taught and is in use, by customer.
    taught: BTreeMap<&'a str, Vec<&'a Alias>>,
    /// Items that are paid, by their number folded: an item, or nothing where several bear it.
    paid: BTreeMap<String, Option<&'a StoredItem>>,
}

/// Rounds of settling in one run. Each but the last settles at least one payment; what is left after the last is asked.
const ROUNDS: usize = 10;

async fn reconcile<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    entity: &Entity,
    known: &Known,
    report: &mut RunReport,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), RunError> {
    // What was taken back is open again before anything is matched.
    for line in store.returns_without_case(&entity.id).await? {
        let today = clock.today(&entity.time_zone);
        match take_back(store, clock, policy, entity, &line, today).await? {
            Some(did) => {
                report.returns = report.returns.saturating_add(1);
                report.reopened = report.reopened.saturating_add(u64::from(did.has_reopened));
            }
            None => report.conflicts = report.conflicts.saturating_add(1),
        }
    }
    // What settles changes what the rest means: an item that is gone no longer competes, and a second payment of it is a
    // duplicate. So cases are written only when a round settles nothing more; then a second run finds nothing to do.
    for round in 1..=ROUNDS {
        let base = store.head().await?;
        let rows = store.book(&entity.id).await?;
        if rows.payments.is_empty() {
            break;
        }
        let desk = Desk::new(entity, policy, known, clock.today(&entity.time_zone), &rows);
        let mut pending: BTreeMap<Subject, Case> = BTreeMap::new();
        for case in store.cases(&CaseFilter { entity: Some(entity.id.clone()), ..CaseFilter::default() }).await? {
            pending.insert(case.subject.clone(), case);
        }
        let plans = desk.plans(&rows, &pending)?;
        let settles = plans.iter().any(|(_, _, plan)| matches!(plan, Plan::Settle { .. }));
        let is_last = !settles || round == ROUNDS;
        let of = plans.len() as u64;
        for (done, (payment, case, plan)) in (1_u64..).zip(plans) {
            if !is_last && !matches!(plan, Plan::Settle { .. }) {
                continue;
            }
            match desk.carry_out(store, clock, base, plan, payment, case).await {
                Ok(Did::Settled) => {
                    report.settled = report.settled.saturating_add(1);
                    add_money(&mut report.settled_money, payment.balance.remaining);
                }
                Ok(Did::Asked) => report.asked = report.asked.saturating_add(1),
                Ok(Did::Updated) => report.updated = report.updated.saturating_add(1),
                Ok(Did::Nothing) => report.unchanged = report.unchanged.saturating_add(1),
                Err(RunError::Store(StoreError::Conflict(_))) => report.conflicts = report.conflicts.saturating_add(1),
                Err(other) => return Err(other),
            }
            progress(done, of);
        }
        if is_last {
            break;
        }
    }
    Ok(())
}

fn add_money(sums: &mut Vec<Money>, amount: Money) {
    for sum in sums.iter_mut() {
        if let Some(more) = sum.checked_add(amount) {
            *sum = more;
            return;
        }
    }
    sums.push(amount);
}

/// A payment, its case where it has one, and what is to be done.
type Planned<'a, 'c> = (&'a StoredPayment, Option<&'c Case>, Plan);

/// What is to be done about one payment.
enum Plan {
    Settle { inputs: GateInputs, entries: Vec<Entry> },
    Ask { inputs: GateInputs, case: CaseContent },
}

/// The part of a case that the run computes.
#[derive(PartialEq, Eq)]
struct CaseContent {
    kind: ExceptionKind,
    headline: String,
    reasons: Vec<String>,
    candidates: Vec<CaseCandidate>,
    /// Whom a rule of the owner gives it to.
    assigned_to: Option<String>,
}

enum Did {
    Settled,
    Asked,
    Updated,
    Nothing,
}

impl<'a> Desk<'a> {
    fn new(entity: &'a Entity, policy: &'a Policy, known: &'a Known, today: Date, rows: &'a EntityBook) -> Self {
        let mut by_account: BTreeMap<String, Option<&Customer>> = BTreeMap::new();
        let mut by_name: BTreeMap<String, Option<&Customer>> = BTreeMap::new();
        for customer in &rows.customers {
            for account in customer.iban.iter().flat_map(|ibans| ibans.split('|')) {
                let account = quittance_rules::bank::normal_account(account);
                by_account.entry(account).and_modify(|owner| *owner = None).or_insert(Some(customer));
            }
            let mut folded: Vec<String> =
                std::iter::once(&customer.name).chain(&customer.aliases).map(|name| names::fold_name(name).core).collect();
            folded.sort();
            folded.dedup();
            for name in folded {
                by_name.entry(name).and_modify(|owner| *owner = None).or_insert(Some(customer));
            }
        }
        let customers: BTreeMap<&str, &Customer> =
            rows.customers.iter().map(|customer| (customer.id.as_str(), customer)).collect();
        let mut taught: BTreeMap<&str, Vec<&Alias>> = BTreeMap::new();
        let mut taught_accounts: BTreeMap<String, Option<&Customer>> = BTreeMap::new();
        let mut taught_names: BTreeMap<String, Option<&Customer>> = BTreeMap::new();
        for alias in rows.aliases.iter().filter(|alias| alias.standing == Standing::Active) {
            let Some(customer) = customers.get(alias.customer.as_str()).copied() else { continue };
            taught.entry(customer.id.as_str()).or_default().push(alias);
            let owners = match alias.kind {
                AliasKind::Account => taught_accounts.entry(quittance_rules::bank::normal_account(&alias.value)),
                AliasKind::Name => taught_names.entry(names::fold_name(&alias.value).core),
            };
            // What was confirmed for two is nobody's.
            let owner = owners.or_insert(Some(customer));
            if owner.is_some_and(|owner| owner.id != customer.id) {
                *owner = None;
            }
        }
        // What is on file stands before what was learned.
        for (known, learned) in [(&mut by_account, taught_accounts), (&mut by_name, taught_names)] {
            for (key, owner) in learned {
                known.entry(key).or_insert(owner);
            }
        }
        let mut paid: BTreeMap<String, Option<&StoredItem>> = BTreeMap::new();
        for item in rows.items.iter().filter(|item| item.balance.open.is_zero()) {
            paid.entry(plain(&item.item.number)).and_modify(|known| *known = None).or_insert(Some(item));
        }
        Self {
            taught,
            paid,
            entity,
            policy,
            known,
            today,
            customers,
            items: rows.items.iter().map(|item| (item.item.id.as_str(), item)).collect(),
            payments: rows.payments.iter().map(|payment| (payment.line.payment.as_str(), payment)).collect(),
            returns: &rows.returns,
            by_account,
            by_name,
        }
    }

    /// What is to be done about each payment, with its case where it has one.
    ///
    /// What a person is to see is written out by the same [`Explainer`] as `match --explain`: also what would have settled at first
    /// sight, had nothing else stopped it, comes with its weights and runners-up.
    fn plans<'c>(&self, rows: &EntityBook, pending: &'c BTreeMap<Subject, Case>) -> Result<Vec<Planned<'a, 'c>>, RunError> {
        let book = self.book_of(rows, |payment| payment)?;
        let matcher = Matcher::new(&book, &self.policy.matching, 1);
        let mut explainer = Explainer::new(&matcher);
        let advised_book = self.has_advice(rows).then(|| self.book_of(rows, |payment| self.with_advice(payment))).transpose()?;
        let advised_matcher = advised_book.as_ref().map(|book| Matcher::new(book, &self.policy.matching, 1));
        let mut advised = advised_book.as_ref().zip(advised_matcher.as_ref().map(Explainer::new));
        let mut plans = Vec::with_capacity(rows.payments.len());
        for row in 0..book.payment_count() {
            let Some(payment) = self.payments.get(book.payment_id(row)).copied() else { continue };
            let case = pending.get(&Subject::Payment(payment.line.payment.clone()));
            let first = matcher.answer(row);
            let shown = || match &mut advised {
                Some((book, explainer)) => (*book, explainer.answer(row)),
                None => (&book, explainer.explained(first.clone())),
            };
            plans.push((payment, case, self.plan(payment, (&book, &first), shown, case)));
        }
        Ok(plans)
    }

    /// The open items and payments of the entity; `adapt` may add to what a payment says.
    fn book_of(&self, rows: &EntityBook, adapt: impl Fn(Payment) -> Payment) -> Result<Book, RunError> {
        let failed = |source| RunError::Book { entity: self.entity.id.clone(), source };
        let mut builder = BookBuilder::new();
        for customer in &rows.customers {
            builder.add_customer(customer).map_err(failed)?;
            for alias in self.taught.get(customer.id.as_str()).into_iter().flatten() {
                match alias.kind {
                    AliasKind::Account => builder.teach_account(&alias.value),
                    AliasKind::Name => builder.teach_name(&alias.value).map_err(failed)?,
                }
            }
        }
        for item in &rows.items {
            builder.add_item(&item.item, item.balance.open).map_err(failed)?;
        }
        for payment in &rows.payments {
            builder.add_payment(&adapt(payment_of(payment)), payment.balance.remaining).map_err(failed)?;
        }
        // A return is matched with nothing, but what it quotes was taken back.
        for line in &rows.returns {
            builder.add_payment(&payment_of(line), line.line.line.amount).map_err(failed)?;
        }
        Ok(builder.build(1))
    }

    /// Whether evidence adds a number to any payment; if not, the second answer would be the first.
    fn has_advice(&self, rows: &EntityBook) -> bool {
        rows.payments.iter().any(|stored| self.known.advice(&payment_of(stored), self.policy).is_some())
    }

    /// The payment with the invoice numbers of the evidence that goes with it. Only candidates come of this, never a settlement.
    fn with_advice(&self, mut payment: Payment) -> Payment {
        if let Some((_, numbers)) = self.known.advice(&payment, self.policy) {
            let said = payment.remittance.take().unwrap_or_default();
            payment.remittance = Some(format!("{said} {}", numbers.join(" ")).trim().to_owned());
        }
        payment
    }

    /// `shown` gives what a person is to see; asked only where one is.
    fn plan<'s>(
        &self,
        stored: &StoredPayment,
        (book, first): (&Book, &Answer),
        shown: impl FnOnce() -> (&'s Book, Answer),
        case: Option<&Case>,
    ) -> Plan {
        let payment = payment_of(stored);
        let proposal = first.candidates.first().filter(|candidate| !candidate.lines.is_empty()).and_then(|candidate| {
            candidate
                .lines
                .iter()
                .map(|line| {
                    let stored = self.items.get(book.item_id(line.item))?;
                    Some(ProposedLine { item: stored.item.clone(), open: stored.balance.open, cleared: line.cleared })
                })
                .collect::<Option<Vec<_>>>()
        });
        let lines = proposal.as_deref().unwrap_or_default();
        let entries = first.candidates.first().map(|candidate| self.entries(book, candidate, stored)).unwrap_or_default();
        let mut facts = GateFacts {
            payer: self.payer(&payment, lines),
            flags: self.known.flags(&stored.line.input, lines),
            was_taken_back: self.was_taken_back(stored),
            was_rejected: case.is_some_and(|case| case.rejected.contains(&entries)),
            matcher: MatcherSays {
                is_exact_pattern: first.is_exact_pattern && first.verdict == Proposal::Settle,
                confidence: first
                    .candidates
                    .first()
                    .map_or(quittance_rules::evidence::Confidence::from_millionths(0), |c| c.confidence),
                kind: first.exception.unwrap_or(ExceptionKind::Unknown),
                near_miss: near_miss(first),
                pattern: first.candidates.first().map(|candidate| candidate.pattern),
                is_held_back: first.is_held_back,
            },
            remaining: stored.balance.remaining,
            payment,
            proposal,
            rule: None,
            seen: None,
        };
        if !self.policy.rules.is_empty() {
            let owes = facts.proposal.as_deref().unwrap_or_default().first().map(|line| line.item.customer.as_str());
            let customer = match owes {
                Some(id) => self.customers.get(id).copied(),
                None => self.known_payer(&facts.payment),
            };
            let bank_code = stored.line.line.transaction_code.clone();
            facts.seen = Some(SeenBeside { customer: customer.map(CustomerBeside::from), bank_code });
            facts.rule = rule_view::say(&self.policy.rules, &facts);
        }
        let mut verdict = gate(&facts, &self.policy.gate, self.today);
        if let Verdict::Settle(entries) = &verdict
            && case.is_some_and(|case| case.rejected.contains(entries))
        {
            facts.was_rejected = true;
            verdict = gate(&facts, &self.policy.gate, self.today);
        }
        let inputs = GateInputs { facts, policy: self.policy.gate.clone(), verdict: verdict.clone() };
        let reasons = match verdict {
            Verdict::Settle(entries) => return Plan::Settle { inputs, entries },
            Verdict::Ask(reasons) => reasons,
            Verdict::Refuse(reason) => vec![reason],
        };
        let (shown_book, answer) = shown();
        let case = self.case_content(stored, first, (shown_book, &answer), &inputs.facts, &reasons, case);
        Plan::Ask { inputs, case }
    }

    /// Whether a return of the same amount was booked since, by the same payer or quoting something the payment quotes.
    fn was_taken_back(&self, stored: &StoredPayment) -> bool {
        let paid = &stored.line.line;
        self.returns.iter().any(|back| {
            let line = &back.line.line;
            let same_account = line.counterparty_account.is_some() && line.counterparty_account == paid.counterparty_account;
            let names =
                [&line.counterparty_name, &paid.counterparty_name].map(|name| name.as_deref().map(|n| names::fold_name(n).core));
            let same_name = names[0].is_some() && names[0] == names[1];
            line.amount.checked_neg() == Some(paid.amount)
                && line.booking_date >= paid.booking_date
                && (same_account || same_name || shares_number(line, paid))
        })
    }

    /// Account first, then name: does the payer look like the customer that owes?
    fn payer(&self, payment: &Payment, lines: &[ProposedLine]) -> PayerStanding {
        let Some(customer) = lines.first().and_then(|line| self.customers.get(line.item.customer.as_str())) else {
            return PayerStanding::Silent;
        };
        if let Some(account) = &payment.payer_account {
            match self.by_account.get(&quittance_rules::bank::normal_account(account)) {
                Some(Some(owner)) if owner.id == customer.id => return PayerStanding::Agrees,
                Some(Some(owner)) if customer.parent_id.as_ref() == Some(&owner.id) => return PayerStanding::Agrees,
                Some(Some(owner)) => {
                    return PayerStanding::Contradicted(format!(
                        "the account is that of {}, the item is {}'s",
                        owner.name, customer.name
                    ));
                }
                Some(None) | None => {}
            }
        }
        let Some(name) = payment.payer_name.as_deref().filter(|name| !name.trim().is_empty()) else {
            return PayerStanding::Silent;
        };
        // Two customers may differ in their legal form only: the exact name of another one is not this one's.
        let exactly = |other: &Customer| std::iter::once(&other.name).chain(&other.aliases).any(|own| plain(own) == plain(name));
        if !exactly(customer)
            && let Some(other) = self.customers.values().find(|other| exactly(other))
        {
            return PayerStanding::Contradicted(format!(
                "the payer bears the name of {} ({}), the item is {}'s",
                other.name, other.id, customer.id
            ));
        }
        let folded = names::fold_name(name).core;
        let alike = |other: &str| names::similarity(&folded, &names::fold_name(other).core);
        /// Thousandths from which two names are taken for one.
        const SAME_NAME: u16 = 850;
        let taught = self.taught.get(customer.id.as_str()).into_iter().flatten().filter(|alias| alias.kind == AliasKind::Name);
        if std::iter::once(&customer.name).chain(&customer.aliases).any(|own| alike(own) >= SAME_NAME)
            || taught.into_iter().any(|alias| alike(&alias.value) >= SAME_NAME)
        {
            PayerStanding::Agrees
        } else {
            PayerStanding::Contradicted(format!("the payer is {name}, the customer {}", customer.name))
        }
    }

    /// The customer a payer is known to be, by account or by name.
    fn known_payer(&self, payment: &Payment) -> Option<&'a Customer> {
        let by_account = payment
            .payer_account
            .as_deref()
            .and_then(|account| self.by_account.get(&quittance_rules::bank::normal_account(account)).copied().flatten());
        by_account.or_else(|| {
            let name = payment.payer_name.as_deref()?;
            self.by_name.get(&names::fold_name(name).core).copied().flatten()
        })
    }

    /// What approving a candidate posts. Empty where a person must say more: money without an item from a payer nobody knows.
    fn entries(&self, book: &Book, candidate: &Candidate, stored: &StoredPayment) -> Vec<Entry> {
        let remaining = stored.balance.remaining;
        let keep = |customer: &CustomerId, amount: Money| Entry {
            purpose: Purpose::Unapplied,
            amount,
            item: None,
            cleared: None,
            customer: Some(customer.clone()),
        };
        match candidate.pattern {
            Pattern::NotOurs => {
                return vec![Entry { purpose: Purpose::NotOurs, amount: remaining, item: None, cleared: None, customer: None }];
            }
            Pattern::NoItem | Pattern::Duplicate => {
                return self.known_payer(&payment_of(stored)).map(|customer| keep(&customer.id, remaining)).into_iter().collect();
            }
            Pattern::ReferenceExact
            | Pattern::PayerExact
            | Pattern::LumpNamed
            | Pattern::LumpFound
            | Pattern::Part
            | Pattern::Short
            | Pattern::Over
            | Pattern::Discount
            | Pattern::Withholding
            | Pattern::OtherCurrency
            | Pattern::Weak => {}
        }
        let cleared: Option<Vec<(&StoredItem, Money)>> =
            candidate.lines.iter().map(|line| Some((*self.items.get(book.item_id(line.item))?, line.cleared))).collect();
        let Some(cleared) = cleared.filter(|lines| !lines.is_empty()) else { return Vec::new() };
        let Some(mut entries) = allocations(&cleared, &candidate.residual, remaining) else { return Vec::new() };
        if candidate.residual.unapplied.is_positive()
            && let Some((item, _)) = cleared.first()
        {
            entries.push(keep(&item.item.customer, candidate.residual.unapplied));
        }
        entries
    }

    fn case_content(
        &self,
        stored: &StoredPayment,
        first: &Answer,
        (book, answer): (&Book, &Answer),
        facts: &GateFacts,
        reasons: &[Reason],
        before: Option<&Case>,
    ) -> CaseContent {
        let rejected = before.map(|case| case.rejected.as_slice()).unwrap_or_default();
        let advice = self.known.advice(&facts.payment, self.policy);
        let texts = plain_texts(&stored.line.line);
        let mut candidates: Vec<CaseCandidate> = Vec::new();
        for candidate in &answer.candidates {
            let entries = self.entries(book, candidate, stored);
            if entries.is_empty() || rejected.contains(&entries) || candidates.iter().any(|c| c.entries == entries) {
                continue;
            }
            let named = advice.as_ref().filter(|_| !candidate.lines.is_empty());
            // Where only the evidence has the number, the answer was found in it and not in the text.
            let is_quoted = candidate.lines.iter().any(|line| {
                self.items.get(book.item_id(line.item)).is_some_and(|item| texts.contains(plain(&item.item.number).as_str()))
            });
            candidates.push(CaseCandidate {
                rank: u32::try_from(candidates.len()).unwrap_or(u32::MAX).saturating_add(1),
                entries,
                confidence: candidate.confidence,
                reason: match named {
                    Some((file, numbers)) => {
                        let place = format!(" in {file}");
                        let place = if is_quoted { " in the text" } else { place.as_str() };
                        let reason = candidate.reason.replace(" in the text", place);
                        format!("{reason}; {file} names {}", numbers.join(", "))
                    }
                    None => candidate.reason.clone(),
                },
                weights: candidate
                    .weights
                    .iter()
                    .map(|weight| Weight {
                        field: format!("{:?}", weight.field).to_lowercase(),
                        log_odds_milli: weight.weight.saturating_mul(10),
                        note: self.compared(weight, stored, book, candidate, named),
                    })
                    .chain(named.map(|(file, numbers)| Weight {
                        field: EVIDENCE.to_owned(),
                        log_odds_milli: 0,
                        note: format!("{file} names {}", numbers.join(", ")),
                    }))
                    .collect(),
            });
        }
        let mut sentences: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        sentences.extend(first.withheld.iter().map(|withheld| withheld.reason.clone()));
        sentences.extend(self.paid_already(&facts.payment));
        // What people did to the case stays on it.
        for said in before.into_iter().flat_map(|case| &case.reasons) {
            if (said.contains("refused the answers") || said.contains("was undone by")) && !sentences.contains(said) {
                sentences.push(said.clone());
            }
        }
        CaseContent {
            kind: self.kind(first, facts, reasons),
            headline: self.headline(stored, book, answer.candidates.first()),
            reasons: sentences,
            candidates,
            assigned_to: reasons.iter().find_map(|reason| match reason {
                Reason::RuleAssigns { to, .. } => Some(to.clone()),
                _ => None,
            }),
        }
    }

    /// What the payment quotes that is paid already, one sentence each: the number stands in it as a word of its own.
    fn paid_already(&self, payment: &Payment) -> Vec<String> {
        /// Letters and digits from which a number is telling on its own.
        const TELLING: usize = 5;
        let mut said = Vec::new();
        if self.paid.is_empty() {
            return said;
        }
        let texts = [&payment.remittance, &payment.structured_reference, &payment.end_to_end_id];
        for word in texts.into_iter().flatten().flat_map(|text| text.split(|c: char| c.is_whitespace() || ",;|".contains(c))) {
            let number = plain(word);
            if number.len() < TELLING || !number.chars().any(|c| c.is_ascii_digit()) || said.len() >= 5 {
                continue;
            }
            if let Some(Some(item)) = self.paid.get(&number) {
                let sentence = format!("{}, which the payment names, is paid already", item.item.number);
                if !said.contains(&sentence) {
                    said.push(sentence);
                }
            }
        }
        said
    }

    /// What was compared under a field, in words: what the payment says against what the book says.
    fn compared(
        &self,
        weight: &FieldWeight,
        stored: &StoredPayment,
        book: &Book,
        candidate: &Candidate,
        named: Option<&(&str, Vec<String>)>,
    ) -> String {
        let line = &stored.line.line;
        let Some(item) = candidate.lines.first().and_then(|line| self.items.get(book.item_id(line.item))) else {
            return String::new();
        };
        let others = match candidate.lines.len() {
            0 | 1 => String::new(),
            more => format!(" and {} more", more.saturating_sub(1)),
        };
        match weight.field {
            EvidenceField::Prior => "before anything is looked at".to_owned(),
            EvidenceField::Reference => {
                let number = &item.item.number;
                let names = |numbers: &[String]| numbers.iter().any(|said| known::means(&plain(said), &plain(number)));
                match named {
                    _ if plain_texts(line).contains(plain(number).as_str()) => {
                        format!("{number}{others} in the text of the payment")
                    }
                    Some((file, numbers)) if names(numbers) => {
                        format!("{number}{others} in {file}, not in the text of the payment")
                    }
                    _ if weight.weight > 0 => format!("something like {number}{others} in the text of the payment"),
                    _ => format!("{number}{others} not in the text of the payment"),
                }
            }
            EvidenceField::Payer => {
                let payer = line.counterparty_name.as_deref().unwrap_or("no name");
                let owner = self.customers.get(item.item.customer.as_str()).map_or("", |customer| customer.name.as_str());
                format!("{payer} against {owner}")
            }
            EvidenceField::Amount => format!("{} against {}{others}", stored.balance.remaining, item.balance.open),
            EvidenceField::Date => {
                let booked = line.booking_date.map(|date| date.to_string()).unwrap_or_default();
                format!("booked {booked}, issued {}, due {}", item.item.issue_date, item.item.due_date)
            }
            EvidenceField::Words => "other words in the text".to_owned(),
        }
    }

    /// What kind of exception: what always meets a person first, then what the matcher saw, then what the gate stopped at.
    fn kind(&self, answer: &Answer, facts: &GateFacts, reasons: &[Reason]) -> ExceptionKind {
        if let Some(flag) = facts.flags.first() {
            return *flag;
        }
        if let Some(kind) = answer.exception {
            return kind;
        }
        let by_reason = reasons.iter().find_map(|reason| match reason {
            Reason::HighValue { .. } => Some(ExceptionKind::HighValue),
            Reason::PayerContradicted(_) => Some(ExceptionKind::ThirdPartyPayer),
            Reason::SeveralCustomers(_) => Some(ExceptionKind::SeveralCustomers),
            Reason::CurrencyDiffers(_) => Some(ExceptionKind::CurrencyDiffers),
            Reason::ContractDiffers(_) => Some(ExceptionKind::AmountDiffersFromContract),
            Reason::NumberNotQuoted(_) | Reason::NumberTooShort(_) => Some(ExceptionKind::NoReference),
            Reason::AmountDiffers { items, payment } => {
                let short = payment.compare(*items) == Some(std::cmp::Ordering::Less);
                Some(if short { ExceptionKind::ShortPayment } else { ExceptionKind::Overpayment })
            }
            Reason::NotCleared(_) => Some(ExceptionKind::ShortPayment),
            Reason::NoAnswer => Some(ExceptionKind::UnidentifiedReceipt),
            Reason::PartlyDecided
            | Reason::IsReturn
            | Reason::InFuture(_)
            | Reason::CreditNote(_)
            | Reason::OnHold(_)
            | Reason::PaidBeforeIssue(_)
            | Reason::MatcherDoubts(_)
            | Reason::Flag(_)
            | Reason::WordOfDoubt(_)
            | Reason::TakenBack
            | Reason::RuleAsks(_)
            | Reason::RuleAssigns { .. }
            | Reason::RuleFailed { .. }
            | Reason::RuleStopped(_)
            | Reason::FitsItem { .. }
            | Reason::AboveWriteOff { .. }
            | Reason::Rejected => None,
        });
        by_reason.unwrap_or(ExceptionKind::Unknown)
    }

    /// `EUR 1180.00 from ACME GmbH, EUR 20.00 short of INV-2041`
    fn headline(&self, stored: &StoredPayment, book: &Book, best: Option<&Candidate>) -> String {
        let amount = stored.balance.remaining;
        let payer = stored.line.line.counterparty_name.as_deref().unwrap_or("an unnamed payer");
        let start = format!("{amount} from {payer}");
        let Some(best) = best else { return format!("{start}: no open item explains it") };
        let numbers: Vec<&str> = best.lines.iter().map(|line| book.item_number(line.item)).collect();
        let items = match numbers.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first, .., last] if numbers.len() > 3 => format!("{first} … {last} ({} items)", numbers.len()),
            several => several.join(", "),
        };
        let residual = &best.residual;
        match best.pattern {
            Pattern::NoItem => format!("{start}: no open item explains it"),
            Pattern::NotOurs => format!("{start}: looks like money that is not ours to apply"),
            Pattern::Duplicate => format!("{start}: looks like a second payment of the same"),
            _ if residual.unapplied.is_positive() => format!("{start}, {} more than {items}", residual.unapplied),
            _ if residual.discount.is_positive() => format!("{start}, {items} less {} discount", residual.discount),
            _ if residual.withholding.is_positive() => format!("{start}, {items} less {} withheld", residual.withholding),
            _ if residual.fee.is_positive() => format!("{start}, {items} less {} charges", residual.fee),
            _ if residual.short.is_positive() => format!("{start}, {} short of {items}", residual.short),
            _ => format!("{start}, fits {items}"),
        }
    }

    async fn carry_out<S: Store, C: Clock>(
        &self,
        store: &S,
        clock: &C,
        base: i64,
        plan: Plan,
        payment: &StoredPayment,
        case: Option<&Case>,
    ) -> Result<Did, RunError> {
        let subject = Subject::Payment(payment.line.payment.clone());
        let (inputs, ruling, did) = match &plan {
            Plan::Settle { inputs, entries } => (inputs, Ruling::Settled { entries: entries.clone() }, Did::Settled),
            Plan::Ask { inputs, case: content } => match case {
                Some(before) if unchanged(before, content) => return Ok(Did::Nothing),
                Some(_) => (inputs, Ruling::Asked, Did::Updated),
                None => (inputs, Ruling::Asked, Did::Asked),
            },
        };
        let id = DecisionId(store.reserve(Sequence::Decision, 1).await?);
        let case_id = match (&did, case) {
            (_, Some(case)) => Some(case.id),
            (Did::Asked, None) => Some(CaseId(store.reserve(Sequence::Case, 1).await?)),
            (Did::Settled | Did::Updated | Did::Nothing, None) => None,
        };
        let json = serde_json::to_string(inputs).map_err(|error| RunError::Facts(payment.line.payment.clone(), error))?;
        let mut changes = vec![Change::Decided(Decision {
            id,
            at: clock.now(),
            today: self.today,
            by: Actor::Rule,
            subject: subject.clone(),
            case: case_id,
            ruling,
            policy: self.policy.version.clone(),
            rule: inputs.facts.rule.as_ref().map(|says| says.rule().to_owned()),
            code: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: json,
        })];
        match plan {
            Plan::Settle { entries, .. } => {
                changes.extend(postings(store, id, &payment.line.payment, &entries).await?.into_iter().map(Change::Posted));
                if let Some(case) = case {
                    changes.push(Change::CaseChanged(Case {
                        version: case.version.saturating_add(1),
                        state: CaseState::Resolved { decision: id },
                        ..case.clone()
                    }));
                }
            }
            Plan::Ask { case: content, .. } => match (case, case_id) {
                (Some(case), _) => changes.push(Change::CaseChanged(Case {
                    version: case.version.saturating_add(1),
                    kind: content.kind,
                    headline: content.headline,
                    reasons: content.reasons,
                    candidates: content.candidates,
                    // Whoever put it off waits for news, and this is some. A rule gives away what nobody has; whom a person chose stays.
                    state: match (&case.state, content.assigned_to) {
                        (CaseState::Open | CaseState::Snoozed { owner: None, .. }, Some(to)) => CaseState::Assigned { to },
                        (CaseState::Snoozed { owner: Some(to), .. }, _) => CaseState::Assigned { to: to.clone() },
                        (CaseState::Snoozed { owner: None, .. }, None) => CaseState::Open,
                        (state @ (CaseState::Open | CaseState::Assigned { .. } | CaseState::Resolved { .. }), _) => state.clone(),
                    },
                    ..case.clone()
                })),
                (None, Some(case_id)) => changes.push(Change::CaseOpened(Case {
                    id: case_id,
                    version: 1,
                    entity: Some(self.entity.id.clone()),
                    kind: content.kind,
                    subject,
                    amount: Some(payment.balance.remaining),
                    headline: content.headline,
                    reasons: content.reasons,
                    candidates: content.candidates,
                    rejected: Vec::new(),
                    opened_at: clock.now(),
                    state: content.assigned_to.map_or(CaseState::Open, |to| CaseState::Assigned { to }),
                })),
                (None, None) => {}
            },
        }
        let set = ChangeSet { by: Actor::Rule, at: clock.now(), changes };
        match did {
            // What was settled was right when it was matched; it is written only if nothing it rests on has changed since.
            Did::Settled => store.apply_since(base, set).await?,
            Did::Asked | Did::Updated | Did::Nothing => store.apply(set).await?,
        };
        Ok(did)
    }
}

fn near_miss(answer: &Answer) -> Option<String> {
    match (&answer.near_miss, &answer.verdict) {
        (Some(words), _) => Some(words.clone()),
        (None, Proposal::Settle) if !answer.is_exact_pattern => {
            let pattern = answer.candidates.first().map_or("this pattern", |candidate| candidate.pattern.name());
            Some(format!(
                "the pattern `{pattern}` is not yet certified: without a certificate only one item quoted in full settles alone"
            ))
        }
        (None, _) => None,
    }
}

fn unchanged(before: &Case, now: &CaseContent) -> bool {
    before.kind == now.kind
        && before.headline == now.headline
        && before.reasons == now.reasons
        && before.candidates == now.candidates
}
