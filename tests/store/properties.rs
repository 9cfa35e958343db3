//! Whatever is applied, in whatever order and however often: money is not lost, both databases do the same, byte for byte in
//! the audit log, and a verification finds nothing.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use quittance_agent::ports::{Applied, CaseFilter, Store, StoreError};
use quittance_rules::cases::{Actor, Case, CaseState, Ruling, Subject};
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::ledger::{CaseId, DecisionId, Position, Posting, PostingId, Purpose, reversal};
use quittance_rules::records::{Customer, OpenItem};
use quittance_tools::store::Database;

use crate::postgres;
use crate::sample::*;

/// One thing somebody tries. Numbers choose among few ids, so that things meet.
#[derive(Debug, Clone)]
enum Attempt {
    AddItem(u8, i64),
    HoldItem(u8),
    BookLine(u8, i64),
    RenameCustomer(u8),
    Publish(u8),
    /// Money of a payment on an item; with a write-off of the rest given.
    Settle(u8, u8, i64, i64),
    Unapply(u8, i64),
    TakeBack(u8),
    OpenCase(u8, u8),
    StepCase(u8, i64),
    Resolve(u8, i64),
    /// The n-th attempt so far once more, to the letter.
    Again(u8),
    /// The changes of two earlier attempts in one set, the later first.
    Together(u8, u8),
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let id = || 0_u8..4;
    prop_oneof![
        (id(), -30_i64..60).prop_map(|(n, minor)| Attempt::AddItem(n, minor)),
        id().prop_map(Attempt::HoldItem),
        (id(), -20_i64..80).prop_map(|(n, minor)| Attempt::BookLine(n, minor)),
        id().prop_map(Attempt::RenameCustomer),
        id().prop_map(Attempt::Publish),
        (id(), id(), -40_i64..70, 0_i64..3).prop_map(|(p, i, minor, off)| Attempt::Settle(p, i, minor, off)),
        (id(), id(), 1_i64..70, 0_i64..3).prop_map(|(p, i, minor, off)| Attempt::Settle(p, i, minor, off)),
        (id(), -3_i64..40).prop_map(|(p, minor)| Attempt::Unapply(p, minor)),
        (0_u8..12).prop_map(Attempt::TakeBack),
        (0_u8..6, id()).prop_map(|(n, p)| Attempt::OpenCase(n, p)),
        (0_u8..6, 1_i64..4).prop_map(|(n, version)| Attempt::StepCase(n, version)),
        (0_u8..6, 2_i64..4).prop_map(|(n, version)| Attempt::Resolve(n, version)),
        any::<u8>().prop_map(Attempt::Again),
        (any::<u8>(), any::<u8>()).prop_map(|(a, b)| Attempt::Together(a, b)),
    ]
}

/// What stands so far, to make the next change set from.
#[derive(Default)]
struct Tried {
    sets: Vec<Vec<Change>>,
    postings: Vec<Posting>,
    number: i64,
}

impl Tried {
    fn changes(&mut self, attempt: &Attempt) -> Vec<Change> {
        self.number += 10;
        let number = self.number;
        let about = |p: u8| Subject::Payment(payment_id(&format!("p{p}")));
        let settled = |p: u8| Change::Decided(decision(number, about(p), Ruling::Settled { entries: vec![] }));
        let changes = match *attempt {
            Attempt::AddItem(n, minor) => vec![Change::ItemAdded(item(&format!("i{n}"), "e1", minor))],
            Attempt::HoldItem(n) => {
                let found = self.sets.iter().flatten().find_map(|change| match change {
                    Change::ItemAdded(old) if old.id == item_id(&format!("i{n}")) => Some(old.clone()),
                    _ => None,
                });
                let old = found.unwrap_or_else(|| item(&format!("i{n}"), "e1", 1));
                vec![Change::ItemDetailsSet(OpenItem { on_hold: true, ..old })]
            }
            Attempt::BookLine(n, minor) => vec![Change::LineBooked(line(&format!("p{n}"), "e1", minor))],
            Attempt::RenameCustomer(n) => {
                vec![Change::CustomerSet(Customer { name: format!("name {n}"), ..customer("c1") })]
            }
            Attempt::Publish(n) => vec![Change::PolicyPublished { version: format!("v{n}"), text: format!("text {n}") }],
            Attempt::Settle(p, i, minor, off) => {
                let paid = posting(number, number, &format!("p{p}"), &format!("i{i}"), minor);
                let mut changes = vec![settled(p), Change::Posted(paid.clone())];
                if off > 0 {
                    changes.push(Change::Posted(Posting {
                        id: PostingId(number + 1),
                        purpose: Purpose::WriteOff,
                        amount: eur(0),
                        cleared: Some(eur(off)),
                        ..paid
                    }));
                }
                changes
            }
            Attempt::Unapply(p, minor) => {
                let kept = posting(number, number, &format!("p{p}"), "none", minor);
                let customer = Some(customer_id("c1"));
                vec![
                    settled(p),
                    Change::Posted(Posting { purpose: Purpose::Unapplied, item: None, cleared: None, customer, ..kept }),
                ]
            }
            Attempt::TakeBack(n) => match self.postings.get(usize::from(n) % self.postings.len().max(1)) {
                None => vec![],
                Some(of) => vec![settled(0), Change::Posted(reversal(of, PostingId(number), DecisionId(number)).unwrap())],
            },
            Attempt::OpenCase(n, p) => vec![Change::CaseOpened(case(i64::from(n) + 1, about(p)))],
            Attempt::StepCase(n, version) => {
                let state = CaseState::Assigned { to: format!("person {n}") };
                vec![Change::CaseChanged(Case { version, state, ..case(i64::from(n) + 1, about(n % 4)) })]
            }
            Attempt::Resolve(n, version) => {
                let state = CaseState::Resolved { decision: DecisionId(number) };
                vec![settled(n % 4), Change::CaseChanged(Case { version, state, ..case(i64::from(n) + 1, about(n % 4)) })]
            }
            Attempt::Again(n) => self.earlier(n),
            Attempt::Together(a, b) => {
                let mut both = self.earlier(a.max(b));
                both.extend(self.earlier(a.min(b)));
                both
            }
        };
        self.sets.push(changes.clone());
        changes
    }

    fn earlier(&self, n: u8) -> Vec<Change> {
        self.sets.get(usize::from(n) % self.sets.len().max(1)).cloned().unwrap_or_default()
    }

    fn done(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Posted(posting) = change {
                self.postings.push(posting.clone());
            }
        }
    }
}

/// The two databases word their own refusals differently; whether it is refused, and all else, must be the same.
fn alike(result: &Result<Applied, StoreError>) -> Result<Applied, &'static str> {
    match result {
        Ok(applied) => Ok(applied.clone()),
        Err(StoreError::Conflict(_)) => Err("conflict"),
        Err(other) => panic!("{other}"),
    }
}

async fn holds(sqlite: &Database, postgres: &Database, attempts: &[Attempt]) -> Result<(), TestCaseError> {
    for book in [sqlite, postgres] {
        small_book(book).await;
    }
    let mut tried = Tried::default();
    for (at_step, attempt) in attempts.iter().enumerate() {
        let changes = tried.changes(attempt);
        let set = || ChangeSet { by: Actor::Person("Ana".into()), at: at(at_step as i64), changes: changes.clone() };
        let one = sqlite.apply(set()).await;
        let other = postgres.apply(set()).await;
        prop_assert_eq!(alike(&one), alike(&other), "step {}: {:?} / {:?}", at_step, one, other);
        if let Ok(applied) = one {
            prop_assert_eq!(applied.recorded + applied.known.len(), changes.len());
            tried.done(&changes);
            // Once more changes nothing, or is refused: postings, decisions and cases have numbers of their own.
            let before = sqlite.audit_entries(0, 0).await.unwrap().len();
            let repeated = sqlite.apply(set()).await;
            let has_numbers = changes.iter().any(|change| {
                matches!(change, Change::Decided(_) | Change::Posted(_) | Change::CaseOpened(_) | Change::CaseChanged(_))
            });
            // A name set, another set and the first again within one set is a change each time.
            let to_and_fro = changes.iter().filter(|c| matches!(c, Change::CustomerSet(_))).count() > 1
                || changes.iter().filter(|c| matches!(c, Change::PolicyPublished { .. })).count() > 1
                || changes.iter().filter(|c| matches!(c, Change::ItemAdded(_) | Change::ItemDetailsSet(_))).count() > 1;
            match repeated {
                Ok(again) if !to_and_fro => {
                    prop_assert_eq!(again.recorded, 0, "{:?}", changes);
                    prop_assert_eq!(sqlite.audit_entries(0, 0).await.unwrap().len(), before);
                }
                Ok(_) => {
                    let same = postgres.apply(set()).await;
                    prop_assert!(same.is_ok(), "{:?}", same);
                }
                Err(StoreError::Conflict(_)) => prop_assert!(has_numbers || to_and_fro, "{:?}", changes),
                Err(other) => panic!("{other}"),
            }
        }
        let positions = sqlite.positions(None).await.unwrap();
        prop_assert!(positions.iter().all(Position::adds_up), "{:?}", positions);
        prop_assert!(positions.iter().all(|p| !p.in_queue.is_negative()));
        prop_assert_eq!(positions, postgres.positions(None).await.unwrap());
    }
    let mut reports = Vec::new();
    for book in [sqlite, postgres] {
        let mut report = book.verify().await.unwrap();
        // The test chooses its own numbers.
        report.findings.retain(|finding| !finding.starts_with("table sequences"));
        prop_assert_eq!(&report.findings, &Vec::<String>::new());
        reports.push(report);
    }
    prop_assert_eq!(&reports[0], &reports[1], "one log, one head");
    prop_assert_eq!(sqlite.book(&entity_id("e1")).await.unwrap(), postgres.book(&entity_id("e1")).await.unwrap());
    prop_assert_eq!(sqlite.postings(0, 0).await.unwrap(), postgres.postings(0, 0).await.unwrap());
    prop_assert_eq!(sqlite.allocations(0, 0).await.unwrap(), postgres.allocations(0, 0).await.unwrap());
    let all = CaseFilter { resolved: true, ..CaseFilter::default() };
    let cases = sqlite.cases(&all).await.unwrap();
    prop_assert_eq!(&cases, &postgres.cases(&all).await.unwrap());
    for p in 0..4 {
        let pending = cases
            .iter()
            .filter(|case| case.subject == Subject::Payment(payment_id(&format!("p{p}"))) && case.state.is_pending())
            .count();
        prop_assert!(pending <= 1);
    }
    prop_assert_eq!(cases.iter().filter(|case| case.id == CaseId(1)).count() <= 1, true);
    Ok(())
}

#[test]
fn whatever_is_tried_money_stays_and_both_databases_agree() {
    let server = postgres::Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    // The smallest failing list is printed; put it into a test of its own in the contract.
    let mut runner = TestRunner::new(Config { cases: 16, max_shrink_iters: 60, failure_persistence: None, ..Config::default() });
    runner
        .run(&prop::collection::vec(attempt(), 1..40), |attempts| {
            runtime.block_on(async {
                count.set(count.get() + 1);
                let file = folder.path().join(format!("{}.db", count.get()));
                let sqlite = Database::create(&format!("sqlite://{}", file.display())).await.unwrap();
                let postgres = Database::create(&server.fresh().await).await.unwrap();
                let held = holds(&sqlite, &postgres, &attempts).await;
                sqlite.close().await;
                postgres.close().await;
                held
            })
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
