//! Taking files in: kept as received, once; then line by line into the book. What is known already changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;

use quittance_rules::bank::{LineKey, Problem, Statement, StatementEnd, StatementLine, normal_account};
use quittance_rules::cases::{Actor, Case, CaseState, InputDigest, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{BankLine, Change, ChangeSet, Input, InputKind};
use quittance_rules::ledger::CaseId;
use quittance_rules::money::Currency;
use quittance_rules::records::{Customer, Entity, EntityId, OpenItem, PaymentId};

use crate::evidence::closing;
use crate::ports::{Clock, Sequence, Store, StoreError};

/// Changes written in one transaction: small enough to hold, large enough to be quick.
const BATCH: usize = 1_000;

/// One piece of a bank file, in file order.
#[derive(Debug)]
pub enum FeedEvent {
    /// A statement begins. `is_interim` for reports and notifications (CAMT.052 and .054, MT942) that a statement will repeat.
    Statement {
        /// Its head.
        statement: Statement,
        /// Not the booked statement itself.
        is_interim: bool,
        /// Of a table, which may be read in more ways than one.
        is_table: bool,
    },
    /// Lines of the statement that began last.
    Lines(Vec<StatementLine>),
    /// The statement that began last is complete.
    End(StatementEnd),
    /// Something could not be taken.
    Problem(Problem),
    /// Worth saying, and no problem.
    Notice(String),
    /// A table whose columns a person must name first; the profile to complete, as TOML.
    Unmapped(String),
    /// The file could not be read on. What came before stands.
    Failed(String),
}

/// A bank file being read. `None` at its end.
pub trait StatementFeed: Send {
    /// The next piece.
    fn next(&mut self) -> impl Future<Output = Option<FeedEvent>> + Send;
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// The same bytes had been taken in wholly before; nothing was done.
    pub already_taken: bool,
    /// Records that are new.
    pub added: u64,
    /// Records that were known.
    pub known: u64,
    /// Records whose details were brought up to date.
    pub updated: u64,
    /// Announced lines (pending, interim report, notification) that were not booked.
    pub announced: u64,
    /// What could not be taken.
    pub problems: Vec<Problem>,
    /// Things worth saying that are no problem.
    pub notices: Vec<String>,
    /// Of a table whose columns a person must name first: the profile to complete, as TOML.
    pub unmapped: Option<String>,
}

/// What a command line says of a table whose columns a person must name.
pub fn to_complete(profile: &str) -> String {
    format!("complete this profile, save it and pass it with --profile:\n{profile}")
}

/// Most problems kept for the report and the case; further ones are counted.
const PROBLEMS_KEPT: usize = 1_000;

impl ImportReport {
    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_KEPT {
            self.problems.push(problem);
        } else if self.problems.len() == PROBLEMS_KEPT {
            self.problems.push(Problem { line: None, field: None, message: "further problems are not listed".to_owned() });
        }
    }

    fn refuse(&mut self, field: &str, message: String) {
        self.problem(Problem { line: None, field: Some(field.to_owned()), message });
    }
}

/// A file that is being taken in.
struct Taking<'a, S, C> {
    store: &'a S,
    clock: &'a C,
    by: Actor,
    input: Input,
    report: ImportReport,
    /// Accounts of the file that are placed for the first time.
    accounts: Vec<Change>,
}

impl<'a, S: Store, C: Clock> Taking<'a, S, C> {
    /// Records the arrival. `None` for a statement of which all was taken before, as a statement and without a problem: what
    /// was refused then may be taken now. Customers and invoices are states, not events: the file of Monday brought again on
    /// Wednesday sets again what Tuesday's file changed.
    async fn begin(store: &'a S, clock: &'a C, by: Actor, input: Input) -> Result<Option<Self>, StoreError> {
        if let Some((known, true)) = store.input(&input.digest).await?
            && known.kind == InputKind::Statement
            && input.kind == InputKind::Statement
        {
            return Ok(None);
        }
        let taking = Self { store, clock, by, input: input.clone(), report: ImportReport::default(), accounts: Vec::new() };
        taking.apply(vec![Change::InputReceived(input)]).await?;
        Ok(Some(taking))
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<crate::ports::Applied, StoreError> {
        self.store.apply(ChangeSet { by: self.by.clone(), at: self.clock.now(), changes }).await
    }

    /// Writes the accounts that were found, before lines of theirs are booked.
    async fn place_accounts(&mut self) -> Result<(), StoreError> {
        let accounts = std::mem::take(&mut self.accounts);
        if !accounts.is_empty() {
            self.apply(accounts).await?;
        }
        Ok(())
    }

    /// Writes new records, and with them marks, which are not counted; gives the places of the records that were known.
    async fn add(&mut self, records: Vec<Change>, marks: Vec<Change>) -> Result<Vec<usize>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let count = records.len();
        let mut known = self.apply(records.into_iter().chain(marks).collect()).await?.known;
        known.retain(|at| *at < count);
        self.report.added = self.report.added.saturating_add(count.saturating_sub(known.len()) as u64);
        self.report.known = self.report.known.saturating_add(known.len() as u64);
        Ok(known)
    }

    /// Marks the file as taken; with problems, raises the case that holds the original.
    async fn finish(self, entity: Option<EntityId>) -> Result<ImportReport, StoreError> {
        // Somebody may decide the case at the same moment: then it is looked at anew. What is closed, opened and taken is one
        // transaction, so that a crash leaves the file as it was before or wholly done.
        for _ in 0..3 {
            match self.end(entity.as_ref()).await {
                Err(StoreError::Conflict(_)) => {}
                Ok(()) => return Ok(self.report),
                Err(other) => return Err(other),
            }
        }
        self.end(entity.as_ref()).await?;
        Ok(self.report)
    }

    async fn end(&self, entity: Option<&EntityId>) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        let report = &self.report;
        let subject = Subject::Input(self.input.digest.clone());
        if report.problems.is_empty() {
            // A case that held the file is answered: now all of it could be read.
            if let Some(case) =
                self.store.pending_case(&subject).await?.filter(|case| case.kind == ExceptionKind::UnreadableInput)
            {
                let policy = self.store.policy().await?.map_or_else(|| "built-in".to_owned(), |(version, _)| version);
                let entities = self.store.entities().await?;
                let zone = entities.iter().find(|one| Some(&one.id) == entity).or(entities.first());
                let today = self.clock.today(zone.map_or("UTC", |entity| entity.time_zone.as_str()));
                changes.extend(closing(self.store, self.clock, &policy, &case, today).await?);
            }
        } else if self.store.pending_case(&subject).await?.is_none() {
            let id = CaseId(self.store.reserve(Sequence::Case, 1).await?);
            changes.push(Change::CaseOpened(input_case(id, &self.input, entity.cloned(), report, self.clock.now())));
        }
        // A file of which nothing could be taken (no account named, an unknown layout) is read again when it comes again: then
        // perhaps with the flag or the profile that it lacked.
        let nothing_taken = report.added == 0 && report.known == 0 && report.updated == 0 && report.announced == 0;
        if !nothing_taken || report.problems.is_empty() {
            changes.push(Change::InputTaken {
                digest: self.input.digest.clone(),
                added: report.added,
                known: report.known,
                problems: report.problems.len() as u64,
            });
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.apply(changes).await.map(|_| ())
    }
}

/// The case that holds a file of which something could not be taken.
fn input_case(id: CaseId, input: &Input, entity: Option<EntityId>, report: &ImportReport, now: jiff::Timestamp) -> Case {
    const SHOWN: usize = 20;
    let mut reasons: Vec<String> = report.problems.iter().take(SHOWN).map(problem_sentence).collect();
    if report.problems.len() > SHOWN {
        reasons.push(format!("and {} more", report.problems.len().saturating_sub(SHOWN)));
    }
    Case {
        id,
        version: 1,
        entity,
        kind: ExceptionKind::UnreadableInput,
        subject: Subject::Input(input.digest.clone()),
        amount: None,
        headline: format!("{}: {} could not be taken", input.name, count(report.problems.len(), "entry", "entries")),
        reasons,
        candidates: Vec::new(),
        rejected: Vec::new(),
        opened_at: now,
        state: CaseState::Open,
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `line 12, amount: …`
pub fn problem_sentence(problem: &Problem) -> String {
    match (problem.line, problem.field.as_deref()) {
        (Some(line), Some(field)) => format!("line {line}, {field}: {}", problem.message),
        (Some(line), None) => format!("line {line}: {}", problem.message),
        (None, Some(field)) => format!("{field}: {}", problem.message),
        (None, None) => problem.message.clone(),
    }
}

/// How a bank file is to be placed.
#[derive(Debug, Clone, Default)]
pub struct Placing {
    /// The account, for files that do not name one.
    pub account: Option<String>,
    /// Whose account it is, for an account that is not placed yet.
    pub entity: Option<EntityId>,
    /// Book interim reports and notifications too: for accounts whose bank sends nothing else.
    pub book_interim: bool,
}

/// Takes a bank file in.
pub async fn import_statement<S: Store, C: Clock, F: StatementFeed>(
    store: &S,
    clock: &C,
    by: Actor,
    input: Input,
    placing: &Placing,
    feed: &mut F,
) -> Result<ImportReport, StoreError> {
    let Some(mut taking) = Taking::begin(store, clock, by, input).await? else {
        return Ok(ImportReport { already_taken: true, ..ImportReport::default() });
    };
    let mut accounts = store.accounts().await?;
    let mut untelling = 0_u64;
    let entities = store.entities().await?;
    let mut place: Option<Place> = None;
    let mut last_entity = None;
    // Of a table: whether it was read before, decided at its first sheet, since what this reading books counts from then on. Its lines
    // then wait for the end.
    let mut is_again: Option<bool> = None;
    let mut held: Vec<BankLine> = Vec::new();
    while let Some(event) = feed.next().await {
        match event {
            FeedEvent::Statement { statement, is_interim, is_table } => {
                place = find_place(&statement, is_interim, placing, &mut accounts, &entities, &mut taking).await?;
                if let Some(place) = &place {
                    last_entity = Some(place.entity.clone());
                }
                if is_table && is_again.is_none() {
                    is_again = Some(!store.lines_found(&taking.input.digest).await?.is_empty());
                }
                if is_again != Some(true) {
                    taking.place_accounts().await?;
                }
            }
            FeedEvent::Lines(lines) => match &mut place {
                Some(place) => {
                    let lines = placed(lines, place, placing, &mut taking);
                    if is_again == Some(true) {
                        held.extend(lines);
                    } else {
                        untelling = untelling.saturating_add(book_lines(lines, is_again.is_some(), &mut taking).await?);
                    }
                }
                None => {
                    taking.report.refuse(
                        "account",
                        format!("{} of a statement without a place not taken", count(lines.len(), "line", "lines")),
                    );
                }
            },
            FeedEvent::End(end) => {
                if end.balance_adds_up == Some(false) {
                    let shown = |money: Option<quittance_rules::money::Money>| money.map_or("none".to_owned(), |m| m.to_string());
                    taking.report.refuse(
                        "balance",
                        format!(
                            "opening balance {} plus the lines does not make closing balance {}: ask the bank for the statement again{}",
                            shown(end.opening_balance),
                            shown(end.closing_balance),
                            // Of a table that was read before, the end says whether anything is taken.
                            if is_again == Some(true) { "" } else { "; the lines were taken" }
                        ),
                    );
                }
            }
            FeedEvent::Problem(problem) => taking.report.problem(problem),
            FeedEvent::Notice(notice) => taking.report.notices.push(notice),
            FeedEvent::Unmapped(profile) => taking.report.unmapped = Some(profile),
            FeedEvent::Failed(message) => taking.report.problem(Problem { line: None, field: None, message }),
        }
    }
    // Looked up at the end: somebody may have gone on with the file meanwhile.
    let missing = match is_again {
        Some(true) => missing_in(&held, store, &taking.input.digest).await?,
        _ => 0,
    };
    if missing == 0 {
        taking.place_accounts().await?;
        untelling = untelling.saturating_add(book_lines(held, is_again.is_some(), &mut taking).await?);
    } else {
        let message = format!(
            "this file was read before; found then and not now: {}. Nothing was taken. Name the columns as they were named then, and \
             further ones; or bring the missing rows in a file of their own",
            count(missing, "payment", "payments")
        );
        taking.report.problem(Problem { line: None, field: None, message });
    }
    if untelling > 0 {
        taking.report.notices.push(format!(
            "{untelling} of the known lines carry no reference of the bank: if it booked one of them twice on a day, compare the balance"
        ));
    }
    if taking.report.announced > 0 {
        let announced = count(usize::try_from(taking.report.announced).unwrap_or(usize::MAX), "line", "lines");
        taking.report.notices.push(format!(
            "{announced} only announced (pending, interim report or notification): the booked statement will carry them"
        ));
    }
    taking.finish(last_entity).await
}

/// Where the lines of a statement go.
struct Place {
    account: String,
    entity: EntityId,
    is_interim: bool,
    /// How many lines alike have been seen in this statement, by the first 16 bytes of their key. 2^64 lines would be needed
    /// for a likely collision; a statement has millions at most.
    alike: HashMap<[u8; 16], u32>,
}

/// How many of the lines that earlier readings of a table found are not among these. What a line says makes its key, so a row read
/// otherwise has another key and would be booked again: a table may go on only where everything found before is found again.
async fn missing_in<S: Store>(lines: &[BankLine], store: &S, digest: &InputDigest) -> Result<usize, StoreError> {
    let keys: HashSet<&str> = lines.iter().map(|line| line.key.as_str()).collect();
    Ok(store.lines_found(digest).await?.iter().filter(|found| !keys.contains(found.as_str())).count())
}

async fn find_place<S: Store, C: Clock>(
    statement: &Statement,
    is_interim: bool,
    placing: &Placing,
    accounts: &mut BTreeMap<String, (EntityId, Option<Currency>)>,
    entities: &[Entity],
    taking: &mut Taking<'_, S, C>,
) -> Result<Option<Place>, StoreError> {
    let named = normal_account(&statement.account);
    let account = if named.is_empty() { placing.account.as_deref().map(normal_account).unwrap_or_default() } else { named };
    if account.is_empty() {
        taking.report.refuse("account", "the file names no account: import it again with --account".to_owned());
        return Ok(None);
    }
    let known = accounts.get(&account).map(|(entity, _)| entity.clone());
    let entity = match (known, &placing.entity, entities) {
        (Some(known), Some(asked), _) if known != *asked => {
            taking.report.refuse("account", format!("account {account} belongs to entity {known}, not {asked}"));
            return Ok(None);
        }
        (Some(known), _, _) => known,
        (None, Some(asked), _) => match entities.iter().find(|e| e.id == *asked) {
            Some(entity) => entity.id.clone(),
            None => {
                taking
                    .report
                    .refuse("entity", format!("there is no entity {asked}: add it to the settings and run `quittance init`"));
                return Ok(None);
            }
        },
        (None, None, [only]) => only.id.clone(),
        (None, None, []) => {
            taking.report.refuse(
                "entity",
                "there is no entity yet: import invoices first, or name one in the settings and run `quittance init`".to_owned(),
            );
            return Ok(None);
        }
        (None, None, _) => {
            taking.report.refuse(
                "account",
                format!("account {account} is placed with no entity: import with --entity, or add it to the settings and run `quittance init`"),
            );
            return Ok(None);
        }
    };
    if !accounts.contains_key(&account) {
        taking.accounts.push(Change::AccountSet {
            account: account.clone(),
            entity: entity.clone(),
            currency: statement.currency,
        });
        accounts.insert(account.clone(), (entity.clone(), statement.currency));
    }
    Ok(Some(Place { account, entity, is_interim, alike: HashMap::new() }))
}

/// The lines that are to be booked, with their keys.
fn placed<S: Store, C: Clock>(
    lines: Vec<StatementLine>,
    place: &mut Place,
    placing: &Placing,
    taking: &mut Taking<'_, S, C>,
) -> Vec<BankLine> {
    let mut placed = Vec::with_capacity(lines.len());
    for mut line in lines {
        storable_line(&mut line);
        if !line.is_booked || (place.is_interim && !placing.book_interim) {
            taking.report.announced = taking.report.announced.saturating_add(1);
            continue;
        }
        if line.booking_date.is_none() {
            taking.report.refuse("booking_date", format!("{}: no booking date; the line was not taken", line.place));
            continue;
        }
        let first = LineKey::of(&place.account, &line, 0);
        let mut short = [0; 16];
        short.copy_from_slice(&first.0[..16]);
        let alike = place.alike.entry(short).or_insert(0);
        let key = if *alike == 0 { first } else { LineKey::of(&place.account, &line, *alike) }.to_hex();
        *alike = alike.saturating_add(1);
        let Ok(payment) = PaymentId::parse(&format!("bl-{}", &key[..20])) else { continue };
        placed.push(BankLine {
            payment,
            entity: place.entity.clone(),
            account: place.account.clone(),
            input: taking.input.digest.clone(),
            line,
            key,
        });
    }
    placed
}

/// Books lines, of a table with what a further reading must find again; gives how many were known by their text alone, without a
/// reference of the bank.
async fn book_lines<S: Store, C: Clock>(
    lines: Vec<BankLine>,
    is_table: bool,
    taking: &mut Taking<'_, S, C>,
) -> Result<u64, StoreError> {
    let mut untelling = 0_u64;
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        let batch: Vec<BankLine> = lines.by_ref().take(BATCH).collect();
        let without_reference: Vec<bool> = batch.iter().map(|booked| !booked.line.has_telling_reference()).collect();
        let found = |booked: &BankLine| Change::LineFound { input: booked.input.clone(), key: booked.key.clone() };
        let marks = if is_table { batch.iter().map(found).collect() } else { Vec::new() };
        let known = taking.add(batch.into_iter().map(Change::LineBooked).collect(), marks).await?;
        let alike = known.into_iter().filter(|&at| without_reference.get(at).copied().unwrap_or(false)).count();
        untelling = untelling.saturating_add(alike as u64);
    }
    Ok(untelling)
}

/// Takes customers in. A customer that is there with other details is brought up to date.
pub async fn import_customers<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: Actor,
    input: Input,
    customers: Vec<Customer>,
    problems: Vec<Problem>,
) -> Result<ImportReport, StoreError> {
    let Some(mut taking) = Taking::begin(store, clock, by, input).await? else {
        return Ok(ImportReport { already_taken: true, ..ImportReport::default() });
    };
    problems.into_iter().for_each(|problem| taking.report.problem(problem));
    let mut changes = customers.into_iter().map(storable_customer).map(Change::CustomerSet).peekable();
    while changes.peek().is_some() {
        let batch: Vec<Change> = changes.by_ref().take(BATCH).collect();
        taking.add(batch, Vec::new()).await?;
    }
    taking.finish(None).await
}

/// Takes invoices and credit notes in. Entities that are new are added, in the currency of their first invoice.
///
/// An item that is there with another amount, customer, number or currency is not overwritten: two systems disagree, and a
/// case says how. Dates, hold and discount terms are brought up to date.
pub async fn import_invoices<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: Actor,
    input: Input,
    items: Vec<OpenItem>,
    problems: Vec<Problem>,
) -> Result<ImportReport, StoreError> {
    let Some(mut taking) = Taking::begin(store, clock, by, input).await? else {
        return Ok(ImportReport { already_taken: true, ..ImportReport::default() });
    };
    problems.into_iter().for_each(|problem| taking.report.problem(problem));
    let mut entities: Vec<EntityId> = store.entities().await?.into_iter().map(|entity| entity.id).collect();
    let mut changes = Vec::new();
    for mut item in items {
        storable(&mut item.number);
        if !entities.contains(&item.entity) {
            let entity = Entity {
                id: item.entity.clone(),
                name: item.entity.to_string(),
                base_currency: item.amount.currency(),
                time_zone: "UTC".to_owned(),
            };
            taking.report.notices.push(format!(
                "entity {} is new: its books are in {} and UTC; say otherwise in the settings",
                entity.id, entity.base_currency
            ));
            taking.apply(vec![Change::EntitySet(entity)]).await?;
            entities.push(item.entity.clone());
        }
        if store.customer(&item.customer).await?.is_none() {
            taking.report.refuse(
                "customer_id",
                format!("invoice {}: there is no customer {}; import customers first", item.id, item.customer),
            );
            continue;
        }
        match store.item(&item.id).await? {
            None => changes.push(Change::ItemAdded(item)),
            Some(stored) if stored.item == item => taking.report.known = taking.report.known.saturating_add(1),
            Some(stored) if same_money_facts(&stored.item, &item) => {
                taking.apply(vec![Change::ItemDetailsSet(item)]).await?;
                taking.report.updated = taking.report.updated.saturating_add(1);
            }
            Some(stored) => disagree(&stored.item, &item, &mut taking).await?,
        }
        if changes.len() == BATCH {
            taking.add(std::mem::take(&mut changes), Vec::new()).await?;
        }
    }
    taking.add(changes, Vec::new()).await?;
    taking.finish(None).await
}

fn same_money_facts(a: &OpenItem, b: &OpenItem) -> bool {
    a.customer == b.customer && a.entity == b.entity && a.number == b.number && a.kind == b.kind && a.amount == b.amount
}

/// Raises the case in which two systems disagree about an item, unless it is raised already.
async fn disagree<S: Store, C: Clock>(there: &OpenItem, new: &OpenItem, taking: &mut Taking<'_, S, C>) -> Result<(), StoreError> {
    let describe =
        |item: &OpenItem| format!("number {}, {}, customer {}, entity {}", item.number, item.amount, item.customer, item.entity);
    let message = format!(
        "invoice {} is in the book as {} and comes now as {}: corrections are credit notes, the book was not changed",
        new.id,
        describe(there),
        describe(new)
    );
    let subject = Subject::Item(new.id.clone());
    if taking.store.pending_case(&subject).await?.is_none() {
        let id = CaseId(taking.store.reserve(Sequence::Case, 1).await?);
        let case = Case {
            id,
            version: 1,
            entity: Some(there.entity.clone()),
            kind: ExceptionKind::SystemsDisagree,
            subject,
            amount: Some(new.amount),
            headline: format!("two systems disagree about invoice {}", new.id),
            reasons: vec![message.clone()],
            candidates: Vec::new(),
            rejected: Vec::new(),
            opened_at: taking.clock.now(),
            state: CaseState::Open,
        };
        taking.apply(vec![Change::CaseOpened(case)]).await?;
    }
    taking.report.refuse("invoice_id", message);
    Ok(())
}

/// A NUL is no character of any text; no database keeps one. It shows as the replacement character instead.
fn storable(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

fn storable_line(line: &mut StatementLine) {
    let optional = [
        &mut line.counterparty_name,
        &mut line.counterparty_account,
        &mut line.remittance,
        &mut line.structured_reference,
        &mut line.end_to_end_id,
        &mut line.bank_reference,
        &mut line.transaction_code,
    ];
    optional.into_iter().flatten().for_each(storable);
    storable(&mut line.place);
}

fn storable_customer(mut customer: Customer) -> Customer {
    storable(&mut customer.name);
    customer
        .aliases
        .iter_mut()
        .chain(&mut customer.emails)
        .chain(&mut customer.country)
        .chain(&mut customer.iban)
        .for_each(storable);
    customer
}

/// Names the file an input came as: without folders, control characters or more than 200 characters.
pub fn input_of(digest: InputDigest, kind: InputKind, file_name: &str, size: u64) -> Input {
    let name: String = file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    Input { digest, kind, name: if name.is_empty() { "unnamed".to_owned() } else { name }, size }
}
