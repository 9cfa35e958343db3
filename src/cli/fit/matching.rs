//! `quittance fit matching`: fits what the matcher believes to labels, and says what it brings.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use quittance_agent::ports::Store as _;
use quittance_agent::reconcile::{LabelledBook, labelled_book};
use quittance_rules::bank::Problem;
use quittance_rules::matching::Book;
use quittance_rules::matching::MatchPolicy;
use quittance_rules::matching::fit::{Fitted, fit, fit_reviewed, upper_bound};
use quittance_rules::money::Money;
use quittance_rules::policy::DEFAULT_POLICY;
use quittance_rules::records::EntityId;

use crate::cli::match_book::{Files, Refusals, policy_of, read_book};
use crate::cli::settings::DbArgs;
use crate::cli::{Outcome, Usage};

/// Arguments of `fit matching`.
#[derive(clap::Args)]
pub struct Args {
    /// Customers, as `match` reads them
    #[arg(long, value_name = "FILE", requires_all = ["invoices", "payments", "truth"])]
    customers: Option<PathBuf>,
    /// Open items, as `match` reads them
    #[arg(long, value_name = "FILE", requires = "customers")]
    invoices: Option<PathBuf>,
    /// Payments, as `match` reads them
    #[arg(long, value_name = "FILE", requires = "customers")]
    payments: Option<PathBuf>,
    /// Exchange rates: currency, per_eur
    #[arg(long, value_name = "FILE", requires = "customers")]
    fx: Option<PathBuf>,
    /// What each payment settles: payment_id, invoice_id, applied_amount; one line an item, an empty invoice_id for a payment that settles
    /// none. Payments without a line are not used. Without files, what people decided in the database is used
    #[arg(long, value_name = "FILE", requires = "customers")]
    truth: Option<PathBuf>,
    #[command(flatten)]
    db: DbArgs,
    /// Whose payments, where the database holds several entities
    #[arg(long, value_name = "ID", conflicts_with = "truth")]
    entity: Option<String>,
    /// The policy to start from; where it is not given the built-in one, for a database the published one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the fitted policy goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How many threads may work; the policy is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl Args {
    /// The files of a book, where they are given.
    fn files(&self) -> Option<Files> {
        let (customers, invoices, payments) = (self.customers.clone()?, self.invoices.clone()?, self.payments.clone()?);
        Some(Files { customers, invoices, payments, fx: self.fx.clone() })
    }
}

/// Fewest labels that say anything.
const LABELS_MIN: usize = 100;

/// Fits the weights.
pub async fn run(args: &Args) -> anyhow::Result<Outcome> {
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, 64);
    let refusals = Refusals::default();
    let (fitted, base, count) = match (args.files(), &args.truth) {
        (Some(files), Some(truth)) => {
            let (base, policy) = given(args.policy.as_deref(), None)?;
            let book = read_book(&files, threads, &refusals)?;
            let labels = read_truth(truth, &book, &refusals)?;
            let count = labels.iter().flatten().count();
            enough(count, || format!("{} labels {count} payments of this book", truth.display()))?;
            (fit(&book, &labels, &policy, threads), base, count)
        }
        _ => decided(args, threads).await?,
    };
    let text = whole(&base, &fitted.text)?;
    std::fs::write(&args.out, text).map_err(|e| Usage(format!("{} cannot be written: {e}", args.out.display())))?;
    print!("{}", table(&fitted));
    eprintln!(
        "quittance: {} holds the policy fitted on {count} payments. Thresholds were never lowered; look at it before you publish it.",
        args.out.display()
    );
    Ok(if refusals.finish() > 0 { Outcome::SomeRefused } else { Outcome::Done })
}

fn enough(count: usize, said: impl FnOnce() -> String) -> Result<(), Usage> {
    if count < LABELS_MIN { Err(Usage(format!("{}; fewer than {LABELS_MIN} say nothing", said()))) } else { Ok(()) }
}

/// Fits to what people decided. What was settled alone and stands counts for the weights only.
async fn decided(args: &Args, threads: usize) -> anyhow::Result<(Fitted, String, usize)> {
    let (store, _) = args.db.open().await?;
    let (base, policy) = given(args.policy.as_deref(), store.policy().await?)?;
    let mut entities: Vec<EntityId> = store.entities().await?.into_iter().map(|entity| entity.id).collect();
    if let Some(wanted) = &args.entity {
        entities.retain(|id| id.as_str() == wanted);
        if entities.is_empty() {
            return Err(Usage(format!("--entity {wanted}: there is no such entity in the database")).into());
        }
    }
    let mut found: Vec<(EntityId, LabelledBook)> = Vec::new();
    for entity in entities {
        let labelled = labelled_book(&store, &entity).await?;
        if labelled.reviewed > 0 || args.entity.is_some() {
            found.push((entity, labelled));
        }
    }
    let names: Vec<String> = found.iter().map(|(id, one)| format!("{id} ({} decided)", one.reviewed)).collect();
    let mut found = found.into_iter();
    let (entity, labelled) = match (found.next(), found.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) => {
            return Err(Usage(format!("several entities have labels: choose one with --entity: {}", names.join(", "))).into());
        }
        (None, _) => return Err(Usage(format!("people have decided no payment; fewer than {LABELS_MIN} say nothing")).into()),
    };
    let count = labelled.reviewed;
    enough(count, || format!("people have decided {count} payments of {entity}"))?;
    eprintln!(
        "quittance: {entity}: {count} payments decided by people, {} settled alone and never taken back, {} left out because their \
         decision was taken back or made in pieces.",
        labelled.unreviewed.len(),
        labelled.left_out
    );
    let LabelledBook { book, labels, unreviewed, .. } = &labelled;
    Ok((fit_reviewed(book, labels, unreviewed, &policy, threads), base, count))
}

/// The policy to start from, as text and as the matcher has it: the file, or what is published, or the built-in one.
fn given(path: Option<&Path>, published: Option<(String, String)>) -> anyhow::Result<(String, MatchPolicy)> {
    let (name, text) = match (path, published) {
        (Some(path), _) => return policy_of(path),
        (None, Some((version, text))) => (format!("the published policy {version}"), text),
        (None, None) => ("the built-in policy".to_owned(), DEFAULT_POLICY.to_owned()),
    };
    let policy = MatchPolicy::parse(&text).map_err(|e| Usage(format!("{name}, {e}")))?;
    Ok((text, policy))
}

/// A policy that can be published: what was fitted, over what it started from, over the built-in sections that a whole policy names.
fn whole(base: &str, fitted: &str) -> anyhow::Result<String> {
    let mut policy: toml::Table = DEFAULT_POLICY.parse().context("the built-in policy")?;
    for text in [base, fitted] {
        for (name, value) in text.parse::<toml::Table>().context("a policy that was read before")? {
            match (policy.get_mut(&name), value) {
                (Some(toml::Value::Table(kept)), toml::Value::Table(new)) => kept.extend(new),
                (_, value) => {
                    policy.insert(name, value);
                }
            }
        }
    }
    let comments: String = fitted.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    Ok(format!("{comments}\n{}", toml::to_string(&policy).context("the policy cannot be written")?))
}

type Labels = Vec<Option<Vec<(u32, i64)>>>;

/// Reads the labels; a line that names a payment or an item that is not in the book is refused, and its payment is not used.
fn read_truth(path: &Path, book: &Book, refusals: &Refusals) -> anyhow::Result<Labels> {
    let payments: HashMap<&str, u32> = (0..book.payment_count()).map(|row| (book.payment_id(row), row)).collect();
    let items: HashMap<&str, u32> = (0..book.item_count()).map(|row| (book.item_id(row), row)).collect();
    let mut labels: Labels = vec![None; payments.len()];
    let mut spoiled: Vec<u32> = Vec::new();
    let mut reader = csv::Reader::from_path(path).map_err(|e| Usage(format!("{} cannot be read: {e}", path.display())))?;
    let header = reader.headers().with_context(|| path.display().to_string())?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| h.trim() == name)
            .ok_or_else(|| Usage(format!("{}: the column `{name}` is missing", path.display())))
    };
    let (payment_at, item_at, amount_at) = (column("payment_id")?, column("invoice_id")?, column("applied_amount")?);
    for record in reader.into_records() {
        let record = record.with_context(|| path.display().to_string())?;
        let line = record.position().map(csv::Position::line);
        let refuse = |field: &str, message: String| {
            refusals.tell(path, &Problem { line, field: Some(field.to_owned()), message });
        };
        let field = |at: usize| record.get(at).unwrap_or_default().trim();
        let Some(row) = payments.get(field(payment_at)).copied() else {
            refuse("payment_id", format!("`{}` is no payment of this book; the line was left out", field(payment_at)));
            continue;
        };
        let lines = labels[row as usize].get_or_insert_default();
        if field(item_at).is_empty() {
            continue;
        }
        let Some(item) = items.get(field(item_at)).copied() else {
            refuse("invoice_id", format!("`{}` is no open item of this book; its payment is not used", field(item_at)));
            spoiled.push(row);
            continue;
        };
        match Money::parse(field(amount_at), book.item_open(item).currency()) {
            Ok(applied) => lines.push((item, applied.minor())),
            Err(error) => {
                refuse("applied_amount", format!("{error}; its payment is not used"));
                spoiled.push(row);
            }
        }
    }
    for row in spoiled {
        labels[row as usize] = None;
    }
    Ok(labels)
}

/// Before and after, on the labels that were kept back.
fn table(fitted: &Fitted) -> String {
    let mut out =
        format!("{} labels; half of them kept back and judged before and after a fit on the other half:\n", fitted.labels);
    out.push_str("pattern          settled        wrong      upper bound %     first right of waiting %\n");
    let percent = |a: u64, b: u64| if b == 0 { "-".to_owned() } else { format!("{:.2}", 100.0 * a as f64 / b as f64) };
    let bound = |wrong: u64, of: u64| if of == 0 { "-".to_owned() } else { format!("{:.4}", 100.0 * upper_bound(wrong, of)) };
    let patterns: std::collections::BTreeSet<_> = fitted.before.patterns.keys().chain(fitted.after.patterns.keys()).collect();
    for pattern in patterns {
        let (a, b) = (
            fitted.before.patterns.get(pattern).copied().unwrap_or_default(),
            fitted.after.patterns.get(pattern).copied().unwrap_or_default(),
        );
        out.push_str(&format!(
            "{:<15} {:>6} {:>6}  {:>4} {:>4}  {:>8} {:>8}  {:>10} {:>10}\n",
            pattern.name(),
            a.settled,
            b.settled,
            a.wrong,
            b.wrong,
            bound(a.wrong, a.settled),
            bound(b.wrong, b.settled),
            percent(a.asked_right, a.asked),
            percent(b.asked_right, b.asked),
        ));
    }
    let ((a, aw), (b, bw)) = (fitted.before.total(), fitted.after.total());
    out.push_str(&format!("{:<15} {a:>6} {b:>6}  {aw:>4} {bw:>4}  {:>8} {:>8}\n", "all", bound(aw, a), bound(bw, b)));
    out.push_str(&format!(
        "calibration error: settled {:.3} % to {:.3} %, first candidates {:.2} % to {:.2} %\n",
        100.0 * fitted.before.error_settled,
        100.0 * fitted.after.error_settled,
        100.0 * fitted.before.error_asked,
        100.0 * fitted.after.error_asked
    ));
    for (pattern, (from, to)) in &fitted.raised {
        let to = if *to > 1.0 { "never alone".to_owned() } else { to.to_string() };
        out.push_str(&format!("threshold of {}: {from} to {to}, for too many were wrong\n", pattern.name()));
    }
    out
}
