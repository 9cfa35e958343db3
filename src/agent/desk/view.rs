//! One case with everything needed to decide, gathered in a handful of reads. Every value says where it comes from.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use quittance_rules::cases::{Actor, Case, CaseState, Decision, Ruling, Subject};
use quittance_rules::evidence::Confidence;
use quittance_rules::exceptions::Action;
use quittance_rules::gate::Verdict;
use quittance_rules::journal::Input;
use quittance_rules::ledger::{CaseId, DecisionId, Entry, Purpose};
use quittance_rules::money::Money;
use quittance_rules::policy::Policy;
use quittance_rules::records::{Customer, CustomerId, EntityId};
use quittance_rules::work::{Lease, Note, Proposal, ProposalState};
use serde::Serialize;

use super::card::{CustomerCard, card};
use super::decide::write_off_limit;
use super::explain::{
    Arithmetic, Bar, Compared, Condition, Effect, Items, Shown, arithmetic, compare, condition, confidence_in_words, effect,
    near_miss, sentence, waterfall,
};
use super::ports::DeskStore;
pub use super::proof::{ClaimView, EvidenceView};
use super::proof::{customer_of_evidence, evidence};
use crate::evidence::plain;
use crate::ports::{Clock, StoreError, StoredPayment};
use crate::queue::{Desk, undone_by};
use crate::reconcile::GateInputs;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A bank or processor line.
    Bank,
    /// Our ledger: items, customers, postings.
    Ledger,
    /// Read in evidence: a claim.
    Read,
    /// A language model: a claim.
    Model,
    /// A person.
    Person,
    /// A rule.
    Rule,
}

/// One value with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// `amount`, `booked`, `payer`, …
    pub name: &'static str,
    /// The value.
    pub value: Shown,
    /// Where it comes from.
    pub origin: Origin,
    /// The exact place: file and entry, item, …
    pub place: String,
}

/// Why the case stopped before it settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Stop {
    /// Version of the policy the gate decided under, where it decided.
    pub policy: Option<String>,
    /// Each condition that did not hold.
    pub conditions: Vec<Condition>,
    /// What would have made it settle alone.
    pub near_miss: Option<String>,
    /// Items that fit and were withheld, and other remarks of the matcher.
    pub remarks: Vec<String>,
}

/// One answer with its grounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CandidateView {
    /// From 1.
    pub rank: u32,
    /// Why, in one sentence.
    pub reason: String,
    /// The computed probability.
    pub confidence: Confidence,
    /// The same so that it can be checked.
    pub confidence_words: String,
    /// What approving it posts, in sentences.
    pub entries: Vec<String>,
    /// Field by field.
    pub compared: Vec<Compared>,
    /// How the difference comes about.
    pub arithmetic: Arithmetic,
    /// Its weights.
    pub bars: Vec<Bar>,
    /// What it changes in the ledger.
    pub effect: Effect,
    /// It cannot be posted as it stands, because the ledger has changed since; with the reason.
    pub stale: Option<String>,
}

/// A decision on a case like this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Past {
    /// The case.
    pub case: Option<CaseId>,
    /// The decision.
    pub decision: DecisionId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What, in words.
    pub what: String,
    /// It was undone later.
    pub is_undone: bool,
    /// The case's headline then.
    pub headline: String,
}

/// Something that happened to the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who: `rule` or a name.
    pub by: String,
    /// What.
    pub what: String,
    /// The decision, where it was one.
    pub decision: Option<DecisionId>,
    /// It can be undone now.
    pub can_undo: bool,
    /// The gate took it, so it can be replayed.
    pub by_gate: bool,
}

/// What a person may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// By kind of exception.
    pub actions: Vec<Action>,
    /// The most one decision may write off.
    pub write_off_limit: Option<Money>,
    /// A second person must agree.
    pub needs_second: bool,
    /// The limit above which that is so.
    pub second_above: Option<Money>,
}

/// A case as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// The case.
    pub case: Case,
    /// Why it stopped.
    pub stop: Stop,
    /// What is known, with origins.
    pub facts: Vec<Fact>,
    /// What the text of the payment says, in full.
    pub remittance: Option<String>,
    /// Evidence.
    pub evidence: Vec<EvidenceView>,
    /// Up to five answers.
    pub candidates: Vec<CandidateView>,
    /// The customer of the best answer, or the payer where one is known.
    pub customer: Option<CustomerCard>,
    /// Decisions on cases like this.
    pub similar: Vec<Past>,
    /// What a person may do.
    pub allowed: Allowed,
    /// Notes, oldest first.
    pub notes: Vec<Note>,
    /// What happened, oldest first.
    pub history: Vec<Event>,
    /// Who works on it.
    pub lease: Option<Lease>,
    /// Who else looks at it.
    pub present: Vec<String>,
    /// A decision that waits for a second person, and what it would post.
    pub proposal: Option<(Proposal, Vec<String>)>,
    /// Its last decision, where it is decided.
    pub decided: Option<Past>,
    /// What is left of the payment.
    pub remaining: Option<Money>,
}

/// Who looks, and with which rights.
#[derive(Debug, Clone, Copy)]
pub struct Looker<'a> {
    /// The name.
    pub name: &'a str,
    /// Entities they may see; `None` is all.
    pub allowed: Option<&'a [EntityId]>,
}

/// For how long a glance counts as presence.
const PRESENCE: SignedDuration = SignedDuration::from_secs(45);

/// Gathers a case. `None` where there is none, or the person may not see its entity.
pub async fn view<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    who: Looker<'_>,
    id: CaseId,
) -> Result<Option<CaseView>, StoreError> {
    let Some(case) = store.case(id).await? else { return Ok(None) };
    if let (Some(allowed), Some(entity)) = (who.allowed, &case.entity)
        && !allowed.contains(entity)
    {
        return Ok(None);
    }
    let now = clock.now();
    let today = Desk { store, clock, by: who.name }.today(case.entity.as_ref()).await?;
    let payment = match &case.subject {
        Subject::Payment(id) | Subject::Return(id) => store.payment(id).await?,
        Subject::Evidence(_) | Subject::Input(_) | Subject::Item(_) => None,
    };
    let (items, mut customers) = surroundings(store, &case).await?;
    let decisions = store.decisions_on(&case.subject).await?;
    let file = match (&payment, &case.subject) {
        (Some(payment), _) => store.input(&payment.line.input).await?.map(|(input, _)| input),
        (None, Subject::Input(digest) | Subject::Evidence(digest)) => store.input(digest).await?.map(|(input, _)| input),
        (None, Subject::Payment(_) | Subject::Return(_) | Subject::Item(_)) => None,
    };
    let evidence = evidence(store, policy, &case, payment.as_ref(), &items).await?;
    let candidates = match &payment {
        Some(payment) => candidates(&case, payment, &items, &customers),
        None => Vec::new(),
    };
    let customer_id = owner(&case, &items).or_else(|| payer_of(payment.as_ref(), &customers));
    let customer_id = match customer_id {
        Some(known) => Some(known),
        None => customer_of_evidence(store, &case, who.allowed).await?,
    };
    let card = match &customer_id {
        Some(customer) => card(store, customer, who.allowed, today).await?,
        None => None,
    };
    if let Some(card) = &card {
        customers.insert(card.customer.id.clone(), card.customer.clone());
    }
    let party = payment.as_ref().and_then(|payment| payment.line.line.counterparty_name.clone());
    let similar = similar(store, &case, customer_id.as_ref(), party.as_deref()).await?;
    let notes = store.notes(id).await?;
    let undone = undone_by(&decisions);
    let decided = match &case.state {
        CaseState::Resolved { decision } => decisions.iter().find(|made| made.id == *decision).map(|made| past(made, &undone)),
        CaseState::Open | CaseState::Assigned { .. } | CaseState::Snoozed { .. } => None,
    };
    let waiting = store.proposal(id).await?.filter(|proposal| proposal.state == ProposalState::Waiting);
    let waiting = waiting.filter(|_| case.state.is_pending());
    let proposal = waiting.map(|proposal| {
        let sentences = proposal.entries.iter().map(|entry| sentence(entry, &items, &customers)).collect();
        (proposal, sentences)
    });
    let since = now.saturating_sub(PRESENCE).unwrap_or(now);
    let mut present: Vec<String> = store.present(&[id], since).await?.into_iter().map(|(_, name)| name).collect();
    present.retain(|name| name != who.name);
    let amount = payment.as_ref().map(|payment| payment.balance.remaining).or(case.amount);
    Ok(Some(CaseView {
        stop: in_numbers(stop(&case, &decisions), &items),
        facts: payment.as_ref().map(|payment| facts(payment, file.as_ref())).unwrap_or_else(|| file_facts(&case, file.as_ref())),
        remittance: payment.as_ref().and_then(|payment| payment.line.line.remittance.clone()),
        allowed: Allowed {
            actions: case.actions(),
            write_off_limit: amount.and_then(|amount| write_off_limit(policy, amount)),
            needs_second: matches!(case.subject, Subject::Payment(_))
                && case.amount.is_some_and(|amount| policy.desk.needs_second(amount)),
            second_above: amount.and_then(|amount| policy.desk.four_eyes_limit(amount.currency()).ok().flatten()),
        },
        history: history(&case, &decisions, &notes),
        lease: store.lease(id).await?.filter(|lease| lease.is_on(now)),
        remaining: payment.as_ref().map(|payment| payment.balance.remaining),
        evidence,
        candidates,
        customer: card,
        similar,
        notes,
        present,
        proposal,
        decided,
        case,
    }))
}

/// The items and customers that a case's answers, refused ones too, are about.
pub async fn surroundings<S: DeskStore>(store: &S, case: &Case) -> Result<(Items, BTreeMap<CustomerId, Customer>), StoreError> {
    let mut items = Items::new();
    let mut wanted: Vec<CustomerId> = Vec::new();
    let entries = case.candidates.iter().flat_map(|candidate| &candidate.entries);
    let own = match &case.subject {
        Subject::Item(id) => Some(id.clone()),
        Subject::Payment(_) | Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) => None,
    };
    for id in entries.clone().filter_map(|entry| entry.item.clone()).chain(own) {
        if !items.contains_key(&id)
            && let Some(item) = store.item(&id).await?
        {
            wanted.push(item.item.customer.clone());
            items.insert(id, item);
        }
    }
    wanted.extend(entries.filter_map(|entry| entry.customer.clone()));
    let mut customers = BTreeMap::new();
    for id in wanted {
        if !customers.contains_key(&id)
            && let Some(customer) = store.customer(&id).await?
        {
            customers.insert(id, customer);
        }
    }
    Ok((items, customers))
}

fn owner(case: &Case, items: &Items) -> Option<CustomerId> {
    let best = case.candidates.iter().min_by_key(|candidate| candidate.rank);
    let of_entry = |entry: &Entry| {
        let owner = entry.item.as_ref().and_then(|id| items.get(id)).map(|item| item.item.customer.clone());
        owner.or_else(|| entry.customer.clone())
    };
    best.and_then(|candidate| candidate.entries.iter().find_map(of_entry)).or_else(|| match &case.subject {
        Subject::Item(id) => items.get(id).map(|item| item.item.customer.clone()),
        Subject::Payment(_) | Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) => None,
    })
}

fn payer_of(payment: Option<&StoredPayment>, customers: &BTreeMap<CustomerId, Customer>) -> Option<CustomerId> {
    let name = plain(payment?.line.line.counterparty_name.as_deref()?);
    let mut same = customers.values().filter(|customer| plain(&customer.name) == name);
    let only = same.next()?;
    same.next().is_none().then(|| only.id.clone())
}

/// Why it stopped: from what is stored with the gate's last decision on the matter, else from the case's own sentences.
fn stop(case: &Case, decisions: &[Decision]) -> Stop {
    let asked = decisions.iter().rev().find(|decision| {
        decision.by == Actor::Rule && matches!(decision.ruling, Ruling::Asked) && decision.case.is_none_or(|id| id == case.id)
    });
    let inputs = asked.and_then(|decision| serde_json::from_str::<GateInputs>(&decision.inputs).ok());
    let Some(inputs) = inputs else {
        let conditions: Vec<Condition> = case
            .reasons
            .iter()
            .map(|reason| Condition { sentence: reason.clone(), rule: String::new(), value: None, threshold: None })
            .collect();
        let near_miss = near_miss(case, None, &[]);
        return Stop { policy: asked.map(|decision| decision.policy.clone()), conditions, near_miss, remarks: Vec::new() };
    };
    let conditions: Vec<Condition> = match &inputs.verdict {
        Verdict::Ask(reasons) => reasons.iter().map(condition).collect(),
        Verdict::Refuse(reason) => vec![condition(reason)],
        Verdict::Settle(_) => Vec::new(),
    };
    // The near miss is often said as the matcher's doubt; once is enough.
    let said = inputs.facts.matcher.near_miss.as_deref();
    let remarks: Vec<String> = case
        .reasons
        .iter()
        .filter(|reason| Some(reason.as_str()) != said && !conditions.iter().any(|known| known.sentence == **reason))
        .cloned()
        .collect();
    Stop {
        policy: asked.map(|decision| decision.policy.clone()),
        near_miss: near_miss(case, said, &conditions),
        conditions: conditions.into_iter().filter(|known| Some(known.sentence.as_str()) != said).collect(),
        remarks,
    }
}

/// People know items by their numbers: an id of ours in a sentence becomes the number that stands on the invoice.
fn in_numbers(mut stop: Stop, items: &Items) -> Stop {
    let said = |text: &mut String| {
        for (id, item) in items {
            if text.contains(id.as_str()) {
                *text = text.replace(id.as_str(), &item.item.number);
            }
        }
    };
    for condition in &mut stop.conditions {
        said(&mut condition.sentence);
        for shown in condition.value.iter_mut().chain(&mut condition.threshold) {
            if let Shown::Text(text) = shown {
                said(text);
            }
        }
    }
    stop.near_miss.iter_mut().chain(&mut stop.remarks).for_each(said);
    stop
}

fn facts(payment: &StoredPayment, file: Option<&Input>) -> Vec<Fact> {
    let line = &payment.line.line;
    let place = match file {
        Some(file) => format!("{}, {}", file.name, line.place),
        None => line.place.clone(),
    };
    let mut facts = Vec::new();
    let mut add = |name, value: Option<Shown>, origin, place: &str| {
        facts.extend(value.map(|value| Fact { name, value, origin, place: place.to_owned() }));
    };
    let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty()).map(Shown::Text);
    add("amount", Some(line.amount.into()), Origin::Bank, &place);
    if payment.balance.remaining != line.amount && !line.amount.is_negative() {
        add("remaining", Some(payment.balance.remaining.into()), Origin::Ledger, "postings on this payment");
    }
    add("booked", line.booking_date.map(|date| date.to_string().into()), Origin::Bank, &place);
    if line.value_date != line.booking_date {
        add("value_date", line.value_date.map(|date| date.to_string().into()), Origin::Bank, &place);
    }
    add("payer", text(&line.counterparty_name), Origin::Bank, &place);
    add("payer_account", text(&line.counterparty_account), Origin::Bank, &place);
    add("remittance", text(&line.remittance), Origin::Bank, &place);
    add("reference", text(&line.structured_reference), Origin::Bank, &place);
    add("end_to_end", text(&line.end_to_end_id), Origin::Bank, &place);
    add("bank_reference", text(&line.bank_reference), Origin::Bank, &place);
    add("fee", line.fee.map(Shown::from), Origin::Bank, &place);
    add("original_amount", line.original_amount.map(Shown::from), Origin::Bank, &place);
    add("our_account", Some(payment.line.account.clone().into()), Origin::Ledger, "accounts of the entity");
    facts
}

fn file_facts(case: &Case, file: Option<&Input>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(file) = file {
        let size = format!("{} bytes", file.size);
        let place = file.digest.0.get(..12).unwrap_or_default().to_owned();
        facts.push(Fact { name: "file", value: file.name.clone().into(), origin: Origin::Person, place: place.clone() });
        facts.push(Fact { name: "size", value: size.into(), origin: Origin::Rule, place });
    }
    if let Some(amount) = case.amount {
        facts.push(Fact { name: "amount", value: amount.into(), origin: Origin::Read, place: String::new() });
    }
    facts
}

fn candidates(
    case: &Case,
    payment: &StoredPayment,
    items: &Items,
    customers: &BTreeMap<CustomerId, Customer>,
) -> Vec<CandidateView> {
    let balances = items.iter().map(|(id, item)| (id.clone(), item.balance)).collect();
    case.candidates
        .iter()
        .take(5)
        .map(|candidate| CandidateView {
            rank: candidate.rank,
            reason: candidate.reason.clone(),
            confidence: candidate.confidence,
            confidence_words: confidence_in_words(candidate.confidence),
            entries: candidate.entries.iter().map(|entry| sentence(entry, items, customers)).collect(),
            compared: compare(payment, &candidate.entries, items, customers),
            arithmetic: arithmetic(payment, &candidate.entries, items),
            bars: waterfall(candidate),
            effect: effect(payment, &candidate.entries, items, customers),
            stale: match case.state.is_pending() {
                true => quittance_rules::ledger::check(payment.balance, &balances, &candidate.entries)
                    .err()
                    .map(|error| error.to_string()),
                false => None,
            },
        })
        .collect()
}

/// A decision in words.
fn what(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Settled { entries } => format!("settled alone: {}", summary(entries)),
        Ruling::Asked => "asked a person".to_owned(),
        Ruling::Approved { candidate: Some(rank), entries } => format!("approved candidate {rank}: {}", summary(entries)),
        Ruling::Approved { candidate: None, entries } => format!("applied by hand: {}", summary(entries)),
        Ruling::Rejected => "none of the candidates was right".to_owned(),
        Ruling::Closed => "closed".to_owned(),
        Ruling::Undone { decision } => format!("undid decision {decision}"),
    }
}

/// Entries in a few words: `2 items, written off, unapplied`.
fn summary(entries: &[Entry]) -> String {
    let mut items: Vec<&str> =
        entries.iter().filter(|e| e.purpose == Purpose::Allocation).filter_map(|e| e.item.as_ref()).map(|i| i.as_str()).collect();
    items.dedup();
    let mut parts = Vec::new();
    match items.as_slice() {
        [] => {}
        [only] => parts.push((*only).to_owned()),
        several => parts.push(format!("{} items", several.len())),
    }
    for (purpose, words) in [
        (Purpose::Discount, "discount"),
        (Purpose::BankFee, "charges"),
        (Purpose::Withholding, "withheld tax"),
        (Purpose::WriteOff, "write-off"),
        (Purpose::Unapplied, "kept on account"),
        (Purpose::NotOurs, "not ours"),
    ] {
        if entries.iter().any(|entry| entry.purpose == purpose) {
            parts.push(words.to_owned());
        }
    }
    parts.join(", ")
}

fn name_of(actor: &Actor) -> String {
    match actor {
        Actor::Person(name) => name.clone(),
        Actor::Rule => "rule".to_owned(),
    }
}

fn past(decision: &Decision, undone: &BTreeMap<DecisionId, DecisionId>) -> Past {
    let seen = serde_json::from_str::<Option<Case>>(&decision.inputs).ok().flatten();
    Past {
        case: decision.case,
        decision: decision.id,
        at: decision.at,
        by: name_of(&decision.by),
        what: what(&decision.ruling),
        is_undone: undone.contains_key(&decision.id),
        headline: seen.map(|case| case.headline).unwrap_or_default(),
    }
}

async fn similar<S: DeskStore>(
    store: &S,
    case: &Case,
    customer: Option<&CustomerId>,
    party: Option<&str>,
) -> Result<Vec<Past>, StoreError> {
    let mut found = Vec::new();
    for decision in store.decided_like(case.kind, customer, party, 6).await? {
        if decision.case == Some(case.id) || found.len() >= 5 {
            continue;
        }
        let undone = undone_by(&store.decisions_on(&decision.subject).await?);
        found.push(past(&decision, &undone));
    }
    Ok(found)
}

fn history(case: &Case, decisions: &[Decision], notes: &[Note]) -> Vec<Event> {
    let undone = undone_by(decisions);
    let last = decisions
        .iter()
        .rev()
        .find(|decision| crate::queue::changes_something(&decision.ruling) && !undone.contains_key(&decision.id))
        .map(|decision| decision.id);
    let mut events: Vec<Event> = decisions
        .iter()
        .map(|decision| Event {
            at: decision.at,
            by: name_of(&decision.by),
            what: what(&decision.ruling),
            decision: Some(decision.id),
            can_undo: Some(decision.id) == last,
            by_gate: decision.by == Actor::Rule,
        })
        .collect();
    events.push(Event {
        at: case.opened_at,
        by: "rule".to_owned(),
        what: "the case was raised".to_owned(),
        decision: None,
        can_undo: false,
        by_gate: false,
    });
    events.extend(notes.iter().map(|note| Event {
        at: note.at,
        by: note.by.clone(),
        what: "wrote a note".to_owned(),
        decision: None,
        can_undo: false,
        by_gate: false,
    }));
    events.sort_by_key(|event| event.at);
    events
}
