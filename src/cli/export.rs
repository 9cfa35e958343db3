use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use quittance_agent::ports::{CaseFilter, Store};
use quittance_rules::ledger::CaseId;
use quittance_rules::money::Money;
use quittance_tools::store::Database;

use super::Outcome;
use super::settings::DbArgs;

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Args {
    /// What to export
    what: What,
    /// File to write; it is put in place whole or not at all
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// What was applied to which item, as CSV
    Allocations,
    /// Every line of the ledger, reversals too, as CSV
    Postings,
    /// The audit log, one JSON object a line: for `audit verify --file`
    Audit,
    /// All cases, one JSON object a line
    Cases,
    /// What confirmations taught about payers, in use or not, as CSV
    Aliases,
}

/// Rows read at a time.
const PAGE: u32 = 1_000;

/// Exports.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let (database, _) = args.db.open().await?;
    // Beside the file and under its whole name, so that two exports at once do not write into each other.
    let mut partial = args.out.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let file = File::create(&partial).with_context(|| format!("{}", partial.display()))?;
    let out = BufWriter::new(file);
    let rows = match args.what {
        What::Allocations => allocations(&database, out).await?,
        What::Postings => postings(&database, out).await?,
        What::Audit => audit(&database, out).await?,
        What::Cases => cases(&database, out).await?,
        What::Aliases => aliases(&database, out).await?,
    };
    std::fs::rename(&partial, &args.out).with_context(|| format!("{}", args.out.display()))?;
    eprintln!("{rows} rows in {}", args.out.display());
    Ok(Outcome::Done)
}

async fn allocations(database: &Database, out: impl Write) -> anyhow::Result<u64> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record([
        "payment_id",
        "invoice_id",
        "applied_amount",
        "currency",
        "decided_by",
        "decided_at",
        "decision_id",
        "reversed_by",
        "posting_id",
        "purpose",
        "rule",
    ])?;
    let (mut rows, mut after) = (0, 0);
    loop {
        let page = database.allocations(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.posting.id.0;
        for row in &page {
            let cleared = row.posting.cleared.unwrap_or(row.posting.amount);
            out.write_record([
                row.posting.payment.to_string(),
                row.posting.item.as_ref().map(ToString::to_string).unwrap_or_default(),
                cleared.amount(),
                cleared.currency().to_string(),
                row.decided_by.clone(),
                row.decided_at.to_string(),
                row.posting.decision.to_string(),
                row.reversed_by.map(|id| id.to_string()).unwrap_or_default(),
                row.posting.id.to_string(),
                row.posting.purpose.name().to_owned(),
                row.rule.as_deref().map(super::shown::in_cell).unwrap_or_default(),
            ])?;
            rows += 1;
        }
    }
    out.flush()?;
    Ok(rows)
}

async fn aliases(database: &Database, out: impl Write) -> anyhow::Result<u64> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(super::alias::COLUMNS)?;
    let mut rows = 0;
    for alias in database.aliases().await? {
        out.write_record(super::alias::cells(&alias))?;
        rows += 1;
    }
    out.flush()?;
    Ok(rows)
}

async fn postings(database: &Database, out: impl Write) -> anyhow::Result<u64> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record([
        "posting_id",
        "decision_id",
        "payment_id",
        "purpose",
        "amount",
        "currency",
        "invoice_id",
        "cleared",
        "cleared_currency",
        "customer_id",
        "reverses",
    ])?;
    let (mut rows, mut after) = (0, 0);
    loop {
        let page = database.postings(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id.0;
        for posting in &page {
            out.write_record([
                posting.id.to_string(),
                posting.decision.to_string(),
                posting.payment.to_string(),
                posting.purpose.name().to_owned(),
                posting.amount.amount(),
                posting.amount.currency().to_string(),
                posting.item.as_ref().map(ToString::to_string).unwrap_or_default(),
                posting.cleared.map(Money::amount).unwrap_or_default(),
                posting.cleared.map(|cleared| cleared.currency().to_string()).unwrap_or_default(),
                posting.customer.as_ref().map(ToString::to_string).unwrap_or_default(),
                posting.reverses.map(|id| id.to_string()).unwrap_or_default(),
            ])?;
            rows += 1;
        }
    }
    out.flush()?;
    Ok(rows)
}

async fn audit(database: &Database, mut out: impl Write) -> anyhow::Result<u64> {
    let (mut rows, mut after) = (0, 0);
    loop {
        let page = database.audit_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in &page {
            serde_json::to_writer(&mut out, entry)?;
            out.write_all(b"\n")?;
            rows += 1;
        }
    }
    out.flush()?;
    Ok(rows)
}

async fn cases(database: &Database, mut out: impl Write) -> anyhow::Result<u64> {
    let mut rows = 0;
    let mut filter = CaseFilter { resolved: true, limit: PAGE, after: Some(CaseId(0)), ..CaseFilter::default() };
    loop {
        let page = database.cases(&filter).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id);
        for case in &page {
            serde_json::to_writer(&mut out, case)?;
            out.write_all(b"\n")?;
            rows += 1;
        }
    }
    out.flush()?;
    Ok(rows)
}
