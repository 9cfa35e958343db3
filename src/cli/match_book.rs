//! `quittance match`: reconciles one book of CSV files in memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use quittance_rules::bank::Problem;
use quittance_rules::evidence::Confidence;
use quittance_rules::matching::book::ppm;
use quittance_rules::matching::{
    Answer, BestAnswer, Book, BookDetails, BookError, Candidate, CustomerFields, CustomerTable, Explainer, ItemFields, ItemTable,
    MatchPolicy, Matcher, PaymentFields, PaymentTable, Proposal,
};
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::GatePolicy;
use quittance_rules::policy_rules::Rules;
use quittance_rules::rule_view;
use quittance_tools::intake::book_csv::{
    BookOptions, BookSummary, for_each_customer, for_each_invoice, for_each_payment, read_fx,
};

use super::{Outcome, Usage};

/// Reconciles one book of CSV files in memory, without a database.
///
/// Writes one line for each item a payment settles (`auto`) and up to five ranked candidates for each payment that waits for a
/// person (`queue`). Nothing here is certified by audits: the thresholds on the computed confidence decide.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    files: Files,
    /// Thresholds and weights; what the file does not name keeps its built-in value
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the answers go
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One JSON line for each payment: weights of the chosen and of the runner-up answers, what was withheld and why
    #[arg(long, value_name = "FILE")]
    explain: Option<PathBuf>,
    /// How many threads may work; the answers are the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// The files of one book.
#[derive(clap::Args)]
pub struct Files {
    /// Customers: customer_id, name, aliases, country, currency, iban; optional parent_id, withholding_percent, tolerance
    #[arg(long, value_name = "FILE")]
    pub(super) customers: PathBuf,
    /// Open items: invoice_id, customer_id, seller_id, invoice_no, issue_date, due_date, currency, amount; optional kind,
    /// discount_percent, discount_until, on_hold, contract_amount
    #[arg(long, value_name = "FILE")]
    pub(super) invoices: PathBuf,
    /// Payments: payment_id, booking_date, account, amount, currency, payer_name, payer_iban, remittance, end_to_end_id; optional
    /// structured_reference, original_amount, original_currency, fee, is_return
    #[arg(long, value_name = "FILE")]
    pub(super) payments: PathBuf,
    /// Exchange rates: currency, per_eur
    #[arg(long, value_name = "FILE")]
    pub(super) fx: Option<PathBuf>,
}

/// Problems listed in full; beyond, they are counted.
const PROBLEMS_SHOWN: u64 = 200;

/// Lists what could not be taken, each with file, line and field.
#[derive(Default)]
pub(super) struct Refusals {
    shown: Mutex<u64>,
}

impl Refusals {
    pub(super) fn tell(&self, file: &Path, problem: &Problem) {
        let Ok(mut shown) = self.shown.lock() else { return };
        *shown += 1;
        if *shown > PROBLEMS_SHOWN {
            return;
        }
        let line = problem.line.map(|l| format!(", line {l}")).unwrap_or_default();
        let field = problem.field.as_deref().map(|f| format!(", {f}")).unwrap_or_default();
        eprintln!("quittance: {}{line}{field}: {}", file.display(), problem.message);
    }

    fn row(&self, file: &Path, line: u64, field: &str, error: &BookError) {
        let message = format!("{error}; the row was left out");
        self.tell(file, &Problem { line: Some(line), field: Some(field.to_owned()), message });
    }

    pub(super) fn finish(&self) -> u64 {
        let shown = self.shown.lock().map_or(0, |s| *s);
        if shown > PROBLEMS_SHOWN {
            eprintln!("quittance: … and {} more rows or values left out", shown - PROBLEMS_SHOWN);
        }
        shown
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).map_err(|e| Usage(format!("{} cannot be read: {e}", path.display())).into())
}

fn notices(path: &Path, summary: &BookSummary) {
    for notice in &summary.notices {
        eprintln!("quittance: {}: {notice}", path.display());
    }
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut owner = Owner::read(args.policy.as_deref())?;
    let policy = read_policy(args.policy.as_deref())?;
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, 64);
    let refusals = Refusals::default();
    let details = (!owner.rules.is_empty()).then_some(&mut owner.details);
    let book = read_book_with(&args.files, threads, &refusals, details)?;
    let matcher = Matcher::new(&book, &policy, threads);
    let counts = write_answers(&args, &book, &matcher, threads, &owner)?;
    eprintln!(
        "quittance: {} payments: {} settled alone, {} queued. Not certified: no audit history stands behind these thresholds.",
        counts.settled + counts.queued,
        counts.settled,
        counts.queued
    );
    Ok(if refusals.finish() > 0 { Outcome::SomeRefused } else { Outcome::Done })
}

/// What the owner wrote, and what only rules ask of a book. Without rules nothing is collected.
#[derive(Default)]
struct Owner {
    rules: Rules,
    limits: GatePolicy,
    details: BookDetails,
}

impl Owner {
    /// The rules and limits of a policy file.
    fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path).map_err(|e| Usage(format!("{} cannot be read: {e}", path.display())))?;
        let wrong = |error: String| Usage(format!("{}, {error}", path.display()));
        let rules = Rules::parse(&text).map_err(|e| wrong(e.to_string()))?;
        let limits = GatePolicy::of_text(&text).map_err(|e| wrong(e.to_string()))?;
        Ok(Self { rules, limits, details: BookDetails::default() })
    }

    /// The answer after the rules; the same where there is none or none applies.
    fn obeyed(&self, book: &Book, answer: Answer) -> Answer {
        if self.rules.is_empty() {
            return answer;
        }
        let best = BestAnswer::of(book, &answer);
        match self.rules.say(&book.seen(answer.payment, best, &self.details)) {
            Some(says) => rule_view::obey(book, answer, &says, &self.limits),
            None => answer,
        }
    }

    /// Whether no rule has anything to say about a payment that settles at first sight.
    fn leaves_alone(&self, book: &Book, row: u32, item: u32, sure: Confidence) -> bool {
        self.rules.is_empty() || self.rules.say(&book.seen(row, BestAnswer::exact(book, item, sure), &self.details)).is_none()
    }
}

/// The policy of a file, or the built-in one.
fn read_policy(path: Option<&Path>) -> anyhow::Result<MatchPolicy> {
    path.map_or_else(|| Ok(MatchPolicy::default()), |path| Ok(policy_of(path)?.1))
}

/// The policy of a file: its text, and what the matcher reads in it.
pub(super) fn policy_of(path: &Path) -> anyhow::Result<(String, MatchPolicy)> {
    let text = std::fs::read_to_string(path).map_err(|e| Usage(format!("{} cannot be read: {e}", path.display())))?;
    let policy = MatchPolicy::parse(&text).map_err(|e| Usage(format!("{}, {e}", path.display())))?;
    Ok((text, policy))
}

/// Reads a book. What cannot be taken is listed as a refusal.
pub(super) fn read_book(args: &Files, threads: usize, refusals: &Refusals) -> anyhow::Result<Book> {
    read_book_with(args, threads, refusals, None)
}

/// As [`read_book`]; `details` takes what only rules ask for.
fn read_book_with(args: &Files, threads: usize, refusals: &Refusals, details: Option<&mut BookDetails>) -> anyhow::Result<Book> {
    let has_rules = details.is_some();
    let mut unused = BookDetails::default();
    let details = details.unwrap_or(&mut unused);
    let mut customers = CustomerTable::default();
    let file = &args.customers;
    let summary = for_each_customer(
        open(file)?,
        BookOptions { check_duplicates: false },
        |row| {
            let fields = CustomerFields {
                id: row.customer_id,
                name: row.name,
                aliases: row.aliases,
                iban: row.iban.unwrap_or_default(),
                parent_id: row.parent_id.unwrap_or_default(),
                withholding_ppm: ppm(row.withholding_percent),
                tolerance: row.tolerance,
            };
            match customers.push(&fields) {
                Err(error) => refusals.row(file, row.line, "customer_id", &error),
                Ok(()) if has_rules => {
                    details.customers.push((row.country.map(str::to_owned), row.currency, row.parent_id.map(str::to_owned)))
                }
                Ok(()) => {}
            }
        },
        &mut |problem| refusals.tell(file, &problem),
    )
    .with_context(|| file.display().to_string())?;
    notices(file, &summary);

    let items = || -> anyhow::Result<ItemTable> {
        let mut items = ItemTable::default();
        let file = &args.invoices;
        let summary = for_each_invoice(
            open(file)?,
            BookOptions::default(),
            |row| {
                let fields = ItemFields {
                    id: row.invoice_id,
                    customer_id: row.customer_id,
                    seller_id: row.seller_id,
                    number: row.invoice_no,
                    issued: Some(row.issue_date),
                    due: Some(row.due_date),
                    open: row.amount,
                    discount_ppm: ppm(row.discount_percent),
                    discount_until: row.discount_until,
                    is_on_hold: row.on_hold,
                    contract: row.contract_amount.filter(|contract| *contract != row.amount),
                };
                if let Err(error) = items.push(&customers, &fields) {
                    refusals.row(file, row.line, "customer_id", &error);
                }
            },
            &mut |problem| refusals.tell(file, &problem),
        )
        .with_context(|| file.display().to_string())?;
        notices(file, &summary);
        Ok(items)
    };
    let payments = || -> anyhow::Result<(PaymentTable, Vec<String>)> {
        let mut payments = PaymentTable::default();
        let mut accounts = Vec::new();
        let file = &args.payments;
        let summary = for_each_payment(
            open(file)?,
            BookOptions::default(),
            |row| {
                let fields = PaymentFields {
                    id: row.payment_id,
                    booked: Some(row.booking_date),
                    account: row.account,
                    amount: row.amount,
                    payer_name: row.payer_name.unwrap_or_default(),
                    payer_iban: row.payer_iban.unwrap_or_default(),
                    remittance: row.remittance.unwrap_or_default(),
                    structured_reference: row.structured_reference.unwrap_or_default(),
                    end_to_end_id: row.end_to_end_id.unwrap_or_default(),
                    original: row.original_amount,
                    fee: row.fee.filter(|f| f.currency() == row.amount.currency()).map_or(0, Money::minor),
                    is_return: row.is_return,
                };
                match payments.push(&fields) {
                    Err(error) => refusals.row(file, row.line, "payment_id", &error),
                    Ok(()) if has_rules => accounts.push(row.account.to_owned()),
                    Ok(()) => {}
                }
            },
            &mut |problem| refusals.tell(file, &problem),
        )
        .with_context(|| file.display().to_string())?;
        notices(file, &summary);
        Ok((payments, accounts))
    };
    let (items, payments) = if threads > 1 {
        std::thread::scope(|scope| {
            let other = scope.spawn(items);
            let payments = payments();
            let items = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (items, payments)
        })
    } else {
        (items(), payments())
    };
    let mut rates = Vec::new();
    if let Some(file) = &args.fx {
        let (table, summary) =
            read_fx(open(file)?, &mut |problem| refusals.tell(file, &problem)).with_context(|| file.display().to_string())?;
        notices(file, &summary);
        rates = table.iter().collect::<Vec<(Currency, _)>>();
    }
    let (payments, accounts) = payments?;
    details.accounts = accounts;
    Ok(Book::assemble(customers, items?, payments, &rates, threads))
}

struct Counts {
    settled: u64,
    queued: u64,
}

/// Rows of payments that one thread writes out at a time.
const CHUNK: u32 = 8192;

/// Output of one chunk.
#[derive(Default)]
struct Written {
    csv: Vec<u8>,
    json: Vec<u8>,
    settled: u64,
    queued: u64,
}

fn write_answers(args: &Args, book: &Book, matcher: &Matcher<'_>, threads: usize, owner: &Owner) -> anyhow::Result<Counts> {
    let create = |path: &Path| -> anyhow::Result<BufWriter<File>> {
        let file = File::create(path).map_err(|e| Usage(format!("{} cannot be written: {e}", path.display())))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    };
    let mut out = create(&args.out)?;
    let mut explain = args.explain.as_deref().map(create).transpose()?;
    out.write_all(b"payment_id,invoice_id,applied_amount,decision,confidence,rank,reason\n")?;
    let mut counts = Counts { settled: 0, queued: 0 };
    let bar = super::progress::Bar::new("matching");
    let total = book.payment_count();
    let mut from = 0;
    while from < total {
        // A few chunks at a time, so that what waits to be written stays small; written in order.
        let ranges: Vec<_> = (0..u32::try_from(threads).unwrap_or(1))
            .map(|at| from.saturating_add(at * CHUNK).min(total)..from.saturating_add((at + 1) * CHUNK).min(total))
            .collect();
        from = ranges.last().map_or(total, |r| r.end);
        let write = |range: std::ops::Range<u32>| write_chunk(book, matcher, range, explain.is_some(), owner);
        let written: Vec<Written> = std::thread::scope(|scope| {
            let workers: Vec<_> = ranges.into_iter().map(|range| scope.spawn(|| write(range))).collect();
            workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        for part in written {
            out.write_all(&part.csv)?;
            if let Some(explain) = &mut explain {
                explain.write_all(&part.json)?;
            }
            counts.settled += part.settled;
            counts.queued += part.queued;
        }
        bar.set(u64::from(from), u64::from(total));
    }
    bar.finish();
    out.flush().with_context(|| args.out.display().to_string())?;
    if let Some(mut explain) = explain {
        explain.flush()?;
    }
    if counts.settled + counts.queued != u64::from(total) {
        bail!("{} payments were read but {} answered", total, counts.settled + counts.queued);
    }
    Ok(counts)
}

fn write_chunk(book: &Book, matcher: &Matcher<'_>, range: std::ops::Range<u32>, with_json: bool, owner: &Owner) -> Written {
    let mut written = Written::default();
    let sure = matcher.first_sight_confidence();
    let mut explainer = with_json.then(|| Explainer::new(matcher));
    for row in range {
        if !with_json
            && let Some(item) = matcher.first_sight(row)
            && owner.leaves_alone(book, row, item, sure)
        {
            let id = book.item_id(item);
            let reason = [book.item_number(item), " exactly, by its number in the text"];
            line(&mut written.csv, book.payment_id(row), id, Some(book.item_open(item)), "auto", sure, 1, &reason);
            written.settled += 1;
            continue;
        }
        match &mut explainer {
            None => write_answer(book, &owner.obeyed(book, matcher.answer(row)), &mut written),
            Some(explainer) => {
                let answer = owner.obeyed(book, explainer.answer(row));
                write_answer(book, &answer, &mut written);
                super::match_explain::write(book, &answer, &mut written.json);
            }
        }
    }
    written
}

fn write_answer(book: &Book, answer: &Answer, written: &mut Written) {
    let id = book.payment_id(answer.payment);
    let (decision, candidates): (_, &[Candidate]) = match answer.verdict {
        Proposal::Settle => {
            written.settled += 1;
            ("auto", answer.candidates.get(..1).unwrap_or_default())
        }
        Proposal::Ask => {
            written.queued += 1;
            ("queue", &answer.candidates)
        }
    };
    if candidates.is_empty() {
        line(&mut written.csv, id, "", None, "queue", Confidence::from_millionths(0), 1, &["nothing fits"]);
    }
    for (at, candidate) in candidates.iter().enumerate() {
        let rank = u32::try_from(at).unwrap_or(0).saturating_add(1);
        let near = answer.near_miss.as_deref().filter(|_| at == 0);
        let mut reason = vec![candidate.reason.as_str()];
        if let Some(near) = near {
            reason.extend(["; ", near]);
        }
        if at == 0 {
            for withheld in &answer.withheld {
                reason.extend(["; ", withheld.reason.as_str()]);
            }
        }
        if candidate.lines.is_empty() {
            line(&mut written.csv, id, "", None, decision, candidate.confidence, rank, &reason);
        }
        for part in &candidate.lines {
            line(
                &mut written.csv,
                id,
                book.item_id(part.item),
                Some(part.cleared),
                decision,
                candidate.confidence,
                rank,
                &reason,
            );
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn line(
    out: &mut Vec<u8>,
    payment: &str,
    item: &str,
    applied: Option<Money>,
    decision: &str,
    confidence: Confidence,
    rank: u32,
    reason: &[&str],
) {
    text(out, &[payment]);
    out.push(b',');
    text(out, &[item]);
    out.push(b',');
    match applied {
        Some(amount) => decimal(out, amount),
        None => out.push(b'0'),
    }
    out.push(b',');
    out.extend_from_slice(decision.as_bytes());
    out.push(b',');
    share(out, confidence);
    out.push(b',');
    digits(out, u64::from(rank), 1);
    out.push(b',');
    text(out, reason);
    out.push(b'\n');
}

/// A whole number of at least `width` digits, without the machinery of formatting: a million lines have four million of them.
fn digits(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut written = [b'0'; 20];
    let mut from = written.len();
    while number > 0 && from > 0 {
        from -= 1;
        written[from] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    let from = from.min(written.len().saturating_sub(width));
    out.extend_from_slice(&written[from..]);
}

/// As [`Confidence`] writes itself.
fn share(out: &mut Vec<u8>, confidence: Confidence) {
    let millionths = u64::from(confidence.millionths());
    if millionths >= 1_000_000 {
        out.push(b'1');
        return;
    }
    out.extend_from_slice(b"0.");
    let from = out.len();
    digits(out, millionths, 6);
    while out.len() > from + 1 && out.last() == Some(&b'0') {
        out.pop();
    }
}

/// A plain decimal at the scale of its currency, without allocating.
fn decimal(out: &mut Vec<u8>, amount: Money) {
    let exponent = amount.currency().exponent();
    let scale = 10_u64.saturating_pow(exponent);
    let minor = amount.minor().unsigned_abs();
    if amount.is_negative() {
        out.push(b'-');
    }
    digits(out, minor / scale, 1);
    if exponent > 0 {
        out.push(b'.');
        digits(out, minor % scale, exponent as usize);
    }
}

/// One CSV field from several pieces, quoted where it must be.
fn text(out: &mut Vec<u8>, pieces: &[&str]) {
    let special = |b: u8| matches!(b, b',' | b'"' | b'\n' | b'\r');
    if pieces.iter().any(|p| p.bytes().any(special)) {
        out.push(b'"');
        for b in pieces.iter().flat_map(|p| p.bytes()) {
            if b == b'"' {
                out.push(b'"');
            }
            out.push(b);
        }
        out.push(b'"');
    } else {
        pieces.iter().for_each(|p| out.extend_from_slice(p.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::money::Currency;

    #[test]
    fn numbers_are_written_as_the_types_write_themselves() {
        for millionths in [0, 1, 10, 999, 500_000, 123_456, 999_970, 999_999, 1_000_000] {
            let mut out = Vec::new();
            let confidence = Confidence::from_millionths(millionths);
            share(&mut out, confidence);
            assert_eq!(String::from_utf8_lossy(&out), confidence.to_string());
        }
        for (minor, currency) in [
            (0, Currency::EUR),
            (5, Currency::EUR),
            (-120_005, Currency::EUR),
            (7, Currency::JPY),
            (1_234, Currency::KWD),
            (i64::MIN, Currency::EUR),
        ] {
            let mut out = Vec::new();
            let amount = Money::new(minor, currency);
            decimal(&mut out, amount);
            assert_eq!(String::from_utf8_lossy(&out), amount.amount().to_string());
        }
    }
}
