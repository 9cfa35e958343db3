//! The desk of the simulation: what arrives, what is done, and what must hold.

mod crash;

use std::collections::{BTreeMap, BTreeSet};

use crash::CrashingStore;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use quittance_agent::import::{FeedEvent, Placing, StatementFeed, import_customers, import_invoices, import_statement, input_of};
use quittance_agent::ports::{CaseFilter, Clock, Store, StoreError};
use quittance_agent::queue::{Choice, DecideError, approve, reject, undo, undo_case};
use quittance_agent::reconcile::{self, RunError, replay};
use quittance_rules::bank::{BalanceCheck, Statement, StatementLine};
use quittance_rules::cases::{Actor, Case, Ruling, Subject};
use quittance_rules::journal::InputKind;
use quittance_rules::ledger::DecisionId;
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{Customer, CustomerId, EntityId, ItemId, ItemKind, OpenItem};
use quittance_tools::store::Database;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A clock that goes on a second whenever it is looked at.
pub struct TestClock(std::sync::atomic::AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let second = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Timestamp::from_second(1_790_000_000 + second).expect("a time in this century")
    }
    fn today(&self, _zone: &str) -> Date {
        date(2026, 10, 1)
    }
}

/// A statement that has been read already.
struct ReadFeed(std::vec::IntoIter<FeedEvent>);

impl StatementFeed for ReadFeed {
    async fn next(&mut self) -> Option<FeedEvent> {
        self.0.next()
    }
}

/// What the desk looks like to its owner: everything that undo must restore.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    positions: Vec<String>,
    open_items: BTreeMap<ItemId, Money>,
    remaining: BTreeMap<String, Money>,
    pending: Vec<(Subject, String, usize)>,
}

/// One desk with one entity, some customers, invoices, and an account whose bank sends overlapping statements.
pub struct Desk {
    store: CrashingStore,
    _folder: tempfile::TempDir,
    clock: TestClock,
    rng: ChaCha8Rng,
    policy: Policy,
    customers: Vec<Customer>,
    invoices: Vec<OpenItem>,
    lines: Vec<StatementLine>,
    /// Lines of statements whose import came to its end.
    imported: BTreeSet<usize>,
}

const ACCOUNT: &str = "DE02120300000000202051";

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

impl Desk {
    /// A desk with nothing in it yet.
    pub async fn open(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("books.db").display());
        let store = CrashingStore::new(Database::create(&url).await.expect("a new database"));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let customers: Vec<Customer> = (0..6).map(customer).collect();
        let invoices: Vec<OpenItem> = (0..40).map(|n| invoice(n, &mut rng)).collect();
        let lines = (0..60).map(|n| line(n, &mut rng, &customers, &invoices)).collect();
        Self {
            store,
            _folder: folder,
            clock: TestClock(0.into()),
            rng,
            policy: Policy::parse(DEFAULT_POLICY).expect("built in"),
            customers,
            invoices,
            lines,
            imported: BTreeSet::new(),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.rng.next_u64() % limit as u64) as usize
    }

    /// One thing happens, now and then with a crash in the middle.
    pub async fn step(&mut self) {
        if self.below(4) == 0 {
            let applies = self.below(6);
            self.store.crash_after(applies);
        }
        match self.below(10) {
            0 => self.bring_customers().await,
            1 => self.bring_invoices().await,
            2 | 3 => {
                let from = self.below(self.lines.len() - 5);
                let length = 1 + self.below(20);
                let to = (from + length).min(self.lines.len());
                self.bring_statement(from, to).await;
            }
            4 | 5 => self.run().await,
            6 => self.decide().await,
            7 => self.refuse().await,
            8 => self.undo_something().await,
            _ => self.do_and_undo().await,
        }
        self.store.repair();
    }

    async fn bring_customers(&mut self) {
        let count = 1 + self.below(self.customers.len());
        let some = self.customers[..count].to_vec();
        let bytes = serde_json::to_vec(&some).expect("plain records");
        let Some(digest) = survived(self.store.keep_bytes(&bytes).await) else { return };
        let input = input_of(digest, InputKind::Customers, "customers.csv", bytes.len() as u64);
        survived(import_customers(&self.store, &self.clock, Actor::Rule, input, some, Vec::new()).await);
    }

    async fn bring_invoices(&mut self) {
        let from = self.below(self.invoices.len());
        let some = self.invoices[from..].to_vec();
        let bytes = serde_json::to_vec(&some).expect("plain records");
        let Some(digest) = survived(self.store.keep_bytes(&bytes).await) else { return };
        let input = input_of(digest, InputKind::Invoices, "invoices.csv", bytes.len() as u64);
        survived(import_invoices(&self.store, &self.clock, Actor::Rule, input, some, Vec::new()).await);
    }

    async fn bring_statement(&mut self, from: usize, to: usize) {
        let lines = self.lines[from..to].to_vec();
        let bytes = serde_json::to_vec(&lines).expect("plain records");
        let Some(digest) = survived(self.store.keep_bytes(&bytes).await) else { return };
        let input = input_of(digest, InputKind::Statement, "statement.xml", bytes.len() as u64);
        let mut balance = BalanceCheck::default();
        lines.iter().for_each(|line| balance.add(line));
        let statement = Statement { account: ACCOUNT.to_owned(), currency: Some(Currency::EUR), statement_id: None };
        let events = vec![
            FeedEvent::Statement { statement, is_interim: false, is_table: false },
            FeedEvent::Lines(lines),
            FeedEvent::End(balance.finish(None, None)),
        ];
        let mut feed = ReadFeed(events.into_iter());
        let done = import_statement(&self.store, &self.clock, Actor::Rule, input, &Placing::default(), &mut feed).await;
        if let Some(report) = survived(done)
            && report.problems.is_empty()
        {
            self.imported.extend(from..to);
        }
    }

    async fn run(&mut self) {
        match reconcile::run(&self.store, &self.clock, &self.policy, &mut |_, _| {}).await {
            Ok(_) => {
                let before = self.picture().await;
                let again = reconcile::run(&self.store, &self.clock, &self.policy, &mut |_, _| {}).await;
                if let Ok(report) = again {
                    assert_eq!(
                        (report.settled, report.asked, report.updated, report.returns),
                        (0, 0, 0, 0),
                        "a second run does nothing"
                    );
                    assert_eq!(self.picture().await, before, "a second run changes nothing");
                }
                self.check_nothing_lies_about().await;
            }
            Err(RunError::Store(error)) => assert!(crash::is_crash(&error), "{error}"),
            Err(other) => panic!("{other}"),
        }
    }

    /// After a whole run, whatever is left of a payment is in exactly one pending case, and nothing else is.
    async fn check_nothing_lies_about(&self) {
        let pending: Vec<Case> = self.store.cases(&CaseFilter::default()).await.expect("readable");
        for entity in self.store.entities().await.expect("readable") {
            for payment in self.store.book(&entity.id).await.expect("readable").payments {
                let subject = Subject::Payment(payment.line.payment.clone());
                let cases = pending.iter().filter(|case| case.subject == subject).count();
                assert_eq!(cases, 1, "{} has {} left and {cases} cases", payment.line.payment, payment.balance.remaining);
            }
        }
        for case in &pending {
            if let Subject::Payment(id) = &case.subject {
                let payment = self.store.payment(id).await.expect("readable").expect("the payment of a case");
                assert!(payment.balance.remaining.is_positive(), "case {} waits with nothing left", case.id);
            }
        }
    }

    async fn some_case(&mut self) -> Option<Case> {
        let cases: Vec<Case> = self.store.cases(&CaseFilter::default()).await.expect("readable");
        let payments: Vec<Case> = cases.into_iter().filter(|case| matches!(case.subject, Subject::Payment(_))).collect();
        if payments.is_empty() {
            return None;
        }
        let at = self.below(payments.len());
        Some(payments[at].clone())
    }

    fn some_choice(&mut self, case: &Case) -> Choice {
        let customer = CustomerId::parse(&format!("C{}", self.below(8))).expect("plain");
        let item = ItemId::parse(&format!("I{}", self.below(45))).expect("plain");
        match self.below(6) {
            0 => Choice::NotOurs,
            1 => Choice::KeepUnapplied(customer),
            2 => Choice::Items(vec![(item, eur(1 + self.below(30_000) as i64))]),
            _ => Choice::Candidate(1 + self.below(case.candidates.len().max(1)) as u32),
        }
    }

    async fn decide(&mut self) {
        let Some(case) = self.some_case().await else { return };
        let choice = self.some_choice(&case);
        allowed(approve(&self.store, &self.clock, "ana", case.id, choice, None).await);
    }

    async fn refuse(&mut self) {
        let Some(case) = self.some_case().await else { return };
        allowed(reject(&self.store, &self.clock, "ana", case.id).await);
    }

    async fn undo_something(&mut self) {
        let decisions = self.store.decisions(DecisionId(0), 0).await.expect("readable");
        if decisions.is_empty() {
            return;
        }
        let at = self.below(decisions.len());
        allowed(undo(&self.store, &self.clock, "ben", decisions[at].id).await);
    }

    /// Invariant 12: do, then undo, is the identity.
    async fn do_and_undo(&mut self) {
        self.store.repair();
        let Some(case) = self.some_case().await else { return };
        let before = self.picture().await;
        let choice = self.some_choice(&case);
        if allowed(approve(&self.store, &self.clock, "ana", case.id, choice, None).await).is_some() {
            undo_case(&self.store, &self.clock, "ana", case.id).await.expect("what was just done can be undone");
            assert_eq!(self.picture().await, before, "do, then undo, is the identity");
        }
        let before = self.picture().await;
        if allowed(reject(&self.store, &self.clock, "ana", case.id).await).is_some() {
            undo_case(&self.store, &self.clock, "ana", case.id).await.expect("what was just done can be undone");
            assert_eq!(self.picture().await, before, "reject, then undo, is the identity");
        }
    }

    async fn picture(&self) -> Picture {
        let mut picture =
            Picture { positions: Vec::new(), open_items: BTreeMap::new(), remaining: BTreeMap::new(), pending: Vec::new() };
        picture.positions = self.store.positions(None).await.expect("readable").iter().map(|p| format!("{p:?}")).collect();
        for entity in self.store.entities().await.expect("readable") {
            let book = self.store.book(&entity.id).await.expect("readable");
            picture.open_items.extend(book.items.into_iter().map(|item| (item.item.id, item.balance.open)));
            picture.remaining.extend(book.payments.into_iter().map(|p| (p.line.payment.to_string(), p.balance.remaining)));
        }
        for case in self.store.cases(&CaseFilter::default()).await.expect("readable") {
            picture.pending.push((
                case.subject,
                format!("{}: {} {:?}", case.kind, case.headline, case.state),
                case.candidates.len(),
            ));
        }
        picture
    }

    /// What must hold after every step, crash or not.
    pub async fn check(&self) {
        for position in self.store.positions(None).await.expect("readable") {
            assert!(position.adds_up(), "{position:?}");
            for part in [position.applied, position.unapplied, position.not_ours, position.in_queue] {
                assert!(!part.is_negative(), "{position:?}");
            }
        }
        let mut cleared: BTreeMap<ItemId, i64> = BTreeMap::new();
        let mut taken: BTreeMap<String, i64> = BTreeMap::new();
        for posting in self.store.postings(0, 0).await.expect("readable") {
            *taken.entry(posting.payment.to_string()).or_default() += posting.amount.minor();
            if let (Some(item), Some(amount)) = (posting.item, posting.cleared) {
                *cleared.entry(item).or_default() += amount.minor();
            }
            // Invariant 3: a settlement names the bank line that carries it.
            assert!(self.store.payment(&posting.payment).await.expect("readable").is_some());
        }
        for (payment, sum) in taken {
            let id = quittance_rules::records::PaymentId::parse(&payment).expect("its own id");
            let balance = self.store.payment(&id).await.expect("readable").expect("posted").balance;
            assert!((0..=balance.received.minor()).contains(&sum), "{payment}: {sum} of {}", balance.received);
            assert_eq!(balance.remaining.minor(), balance.received.minor() - sum, "{payment}");
        }
        for (item, sum) in cleared {
            let stored = self.store.item(&item).await.expect("readable").expect("posted");
            let billed = stored.balance.billed.minor();
            assert!((billed.min(0)..=billed.max(0)).contains(&sum), "{item}: {sum} of {billed}");
            assert_eq!(stored.balance.open.minor(), billed - sum, "{item}");
        }
    }

    /// Everything arrives after all, twice; then the books are complete and nothing more changes.
    pub async fn settle_down(&mut self) {
        self.store.repair();
        for _ in 0..2 {
            let everyone = self.customers.len();
            let bytes = serde_json::to_vec(&self.customers).expect("plain records");
            let digest = self.store.keep_bytes(&bytes).await.expect("kept");
            let input = input_of(digest, InputKind::Customers, "all.csv", bytes.len() as u64);
            let customers = self.customers.clone();
            import_customers(&self.store, &self.clock, Actor::Rule, input, customers, Vec::new()).await.expect("imported");
            assert_eq!(self.store.customers().await.expect("readable").len(), everyone);
            let bytes = serde_json::to_vec(&self.invoices).expect("plain records");
            let digest = self.store.keep_bytes(&bytes).await.expect("kept");
            let input = input_of(digest, InputKind::Invoices, "all.csv", bytes.len() as u64);
            let invoices = self.invoices.clone();
            import_invoices(&self.store, &self.clock, Actor::Rule, input, invoices, Vec::new()).await.expect("imported");
            let all = self.lines.len();
            self.bring_statement(0, all).await;
            assert_eq!(self.imported.len(), all);
            self.run().await;
        }
        // Invariant 5: every line is there once, to the cent, however often and in whatever pieces it came.
        let expected: i64 = self.lines.iter().map(|line| line.amount.minor().max(0)).sum();
        let bank_in: i64 = self.store.positions(None).await.expect("readable").iter().map(|p| p.bank_in.minor()).sum();
        assert_eq!(bank_in, expected);
        self.check().await;
        let report = self.store.verify().await.expect("verifiable");
        assert_eq!(report.findings, Vec::<String>::new());
        // Invariant 6: every decision of the gate replays.
        let mut replayed = 0;
        for decision in self.store.decisions(DecisionId(0), 0).await.expect("readable") {
            if decision.by == Actor::Rule && matches!(decision.ruling, Ruling::Settled { .. } | Ruling::Asked) {
                assert!(replay(&decision, Some(&self.policy)).expect("replayable"), "decision {}", decision.id);
                replayed += 1;
            }
        }
        assert!(replayed > 10, "only {replayed} decisions of the gate");
    }
}

/// The value, or nothing when the simulated machine crashed.
fn survived<T>(result: Result<T, StoreError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(crash::is_crash(&error), "{error}");
            None
        }
    }
}

/// The value, or nothing when the rules forbade it or the machine crashed.
fn allowed<T>(result: Result<T, DecideError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(DecideError::Store(error)) => {
            assert!(crash::is_crash(&error), "{error}");
            None
        }
        Err(_) => None,
    }
}

fn customer(n: usize) -> Customer {
    Customer {
        id: CustomerId::parse(&format!("C{n}")).expect("plain"),
        name: format!("{} Trading GmbH", ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"][n]),
        aliases: Vec::new(),
        country: Some("DE".to_owned()),
        currency: Some(Currency::EUR),
        iban: n.is_multiple_of(2).then(|| format!("DE0012345678000000000{n}")),
        parent_id: None,
        withholding_percent: None,
        tolerance: None,
        emails: Vec::new(),
    }
}

fn invoice(n: usize, rng: &mut ChaCha8Rng) -> OpenItem {
    let is_credit_note = n % 13 == 7;
    let minor = if n.is_multiple_of(3) { 4_900 } else { 1_000 + (rng.next_u64() % 90_000) as i64 };
    OpenItem {
        id: ItemId::parse(&format!("I{n}")).expect("plain"),
        customer: CustomerId::parse(&format!("C{}", n % 6)).expect("plain"),
        entity: EntityId::parse("E1").expect("plain"),
        number: format!("INV-2026-{:05}", 100 + n),
        kind: if is_credit_note { ItemKind::CreditNote } else { ItemKind::Invoice },
        issue_date: date(2026, 8, 1),
        due_date: date(2026, 9, 1),
        amount: eur(if is_credit_note { -minor } else { minor }),
        discount_percent: None,
        discount_until: None,
        on_hold: n % 17 == 3,
        contract_amount: None,
    }
}

fn line(n: usize, rng: &mut ChaCha8Rng, customers: &[Customer], invoices: &[OpenItem]) -> StatementLine {
    let pick = |rng: &mut ChaCha8Rng, limit: usize| (rng.next_u64() % limit as u64) as usize;
    let item = &invoices[pick(rng, invoices.len())];
    let owner = customers.iter().find(|customer| customer.id == item.customer).expect("every item has its customer");
    let open = item.amount.minor().abs();
    let (minor, text, payer) = match pick(rng, 10) {
        0..=3 => (open, format!("Invoice {}", item.number), owner),
        4 => (open - 150, format!("Rechnung {}", item.number), owner),
        5 => (open + 500, item.number.clone(), owner),
        6 => (open, "thank you".to_owned(), owner),
        7 => (4_900, "subscription".to_owned(), &customers[pick(rng, customers.len())]),
        8 => (open, item.number.clone(), &customers[pick(rng, customers.len())]),
        _ => (-open, format!("RETURN {}", item.number), owner),
    };
    StatementLine {
        booking_date: Some(date(2026, 9, 1 + (n / 3) as i8)),
        value_date: None,
        amount: eur(minor),
        counterparty_name: Some(payer.name.to_uppercase()),
        counterparty_account: payer.iban.clone(),
        remittance: Some(text),
        structured_reference: None,
        end_to_end_id: None,
        bank_reference: Some(format!("B{n:04}")),
        transaction_code: None,
        is_return: minor < 0,
        is_booked: true,
        fee: None,
        original_amount: None,
        place: format!("entry {n}"),
    }
}
