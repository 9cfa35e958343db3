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
    Answer, Book, BookError, Candidate, CustomerFields, CustomerTable, Explainer, ItemFields, ItemTable, MatchPolicy, Matcher,
    PaymentFields, PaymentTable, Proposal,
};
use quittance_rules::money::{Currency, Money};
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
    customers: PathBuf,
    /// Open items: invoice_id, customer_id, seller_id, invoice_no, issue_date, due_date, currency, amount; optional kind,
    /// discount_percent, discount_until, on_hold, contract_amount
    #[arg(long, value_name = "FILE")]
    invoices: PathBuf,
    /// Payments: payment_id, booking_date, account, amount, currency, payer_name, payer_iban, remittance, end_to_end_id; optional
    /// structured_reference, original_amount, original_currency, fee, is_return
    #[arg(long, value_name = "FILE")]
    payments: PathBuf,
    /// Exchange rates: currency, per_eur
    #[arg(long, value_name = "FILE")]
    fx: Option<PathBuf>,
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
    let policy = read_policy(args.policy.as_deref())?;
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, 64);
    let refusals = Refusals::default();
    let book = read_book(&args.files, threads, &refusals)?;
    let matcher = Matcher::new(&book, &policy, threads);
    let counts = write_answers(&args, &book, &matcher, threads)?;
    eprintln!(
        "quittance: {} payments: {} settled alone, {} queued. Not certified: no audit history stands behind these thresholds.",
        counts.settled + counts.queued,
        counts.settled,
        counts.queued
    );
    Ok(if refusals.finish() > 0 { Outcome::SomeRefused } else { Outcome::Done })
}

/// The policy of a file, or the built-in one.
pub(super) fn read_policy(path: Option<&Path>) -> anyhow::Result<MatchPolicy> {
    let Some(path) = path else { return Ok(MatchPolicy::default()) };
    let text = std::fs::read_to_string(path).map_err(|e| Usage(format!("{} cannot be read: {e}", path.display())))?;
    Ok(MatchPolicy::parse(&text).map_err(|e| Usage(format!("{}: {e}", path.display())))?)
}

/// Reads a book. What cannot be taken is listed as a refusal.
pub(super) fn read_book(args: &Files, threads: usize, refusals: &Refusals) -> anyhow::Result<Book> {
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
            if let Err(error) = customers.push(&fields) {
                refusals.row(file, row.line, "customer_id", &error);
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
    let payments = || -> anyhow::Result<PaymentTable> {
        let mut payments = PaymentTable::default();
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
                if let Err(error) = payments.push(&fields) {
                    refusals.row(file, row.line, "payment_id", &error);
                }
            },
            &mut |problem| refusals.tell(file, &problem),
        )
        .with_context(|| file.display().to_string())?;
        notices(file, &summary);
        Ok(payments)
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
    Ok(Book::assemble(customers, items?, payments?, &rates, threads))
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

fn write_answers(args: &Args, book: &Book, matcher: &Matcher<'_>, threads: usize) -> anyhow::Result<Counts> {
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
        let write = |range: std::ops::Range<u32>| write_chunk(book, matcher, range, explain.is_some());
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

fn write_chunk(book: &Book, matcher: &Matcher<'_>, range: std::ops::Range<u32>, with_json: bool) -> Written {
    let mut written = Written::default();
    let sure = matcher.first_sight_confidence();
    let mut explainer = with_json.then(|| Explainer::new(matcher));
    for row in range {
        if !with_json && let Some(item) = matcher.first_sight(row) {
            let id = book.item_id(item);
            let reason = [book.item_number(item), " exactly, by its number in the text"];
            line(&mut written.csv, book.payment_id(row), id, Some(book.item_open(item)), "auto", sure, 1, &reason);
            written.settled += 1;
            continue;
        }
        match &mut explainer {
            None => write_answer(book, &matcher.answer(row), &mut written),
            Some(explainer) => {
                let answer = explainer.answer(row);
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
        None => out.extend_from_slice(b"0"),
    }
    // Writing to a vector cannot fail.
    let _ = write!(out, ",{decision},{confidence},{rank},");
    text(out, reason);
    out.push(b'\n');
}

/// A plain decimal at the scale of its currency, without allocating.
fn decimal(out: &mut Vec<u8>, amount: Money) {
    let exponent = amount.currency().exponent();
    let scale = 10_u64.saturating_pow(exponent);
    let minor = amount.minor().unsigned_abs();
    if amount.is_negative() {
        out.push(b'-');
    }
    let _ = match exponent {
        0 => write!(out, "{minor}"),
        width => write!(out, "{}.{:0>width$}", minor / scale, minor % scale, width = width as usize),
    };
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
