//! `quittance evidence`: what was read, what a reviewer says it is, and what is claimed and not yet paid.

use clap::Subcommand;
use jiff::civil::Date;
use quittance_agent::claimed::claimed;
use quittance_agent::evidence::{correct_kind, short};
use quittance_agent::ports::{Clock as _, Store as _};
use quittance_rules::cases::Actor;
use quittance_rules::evidence::EvidenceKind;
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use serde_json::json;

use super::settings::{ByArgs, DbArgs, policy_in_force};
use super::shown::on_terminal;
use super::{Format, Outcome, Usage};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the evidence that was read, oldest first
    List {
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        #[command(flatten)]
        db: DbArgs,
    },
    /// Say what a piece of evidence is, where it was read wrongly; `quittance fit evidence --corrected` learns from it
    Kind {
        /// Digest of the file, or the beginning of it
        digest: String,
        /// payment_proof, bank_receipt, card_receipt, remittance_advice, invoice, credit_note, promise_to_pay, dispute, refund_request,
        /// query, statement, not_a_payment or unknown
        kind: String,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// List what customers say they paid and no bank line carries yet; it pauses reminders until the day shown
    Claimed {
        /// Only of this customer
        #[arg(long)]
        customer: Option<String>,
        /// As of this day instead of today
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        #[command(flatten)]
        db: DbArgs,
    },
}

pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::List { format, db } => {
            let (database, _) = db.open().await?;
            list(&database, format).await
        }
        What::Kind { digest, kind, db, by } => {
            let (database, settings) = db.open().await?;
            let by = by.name(&settings)?;
            set_kind(&database, &digest, &kind, by).await
        }
        What::Claimed { customer, as_of, format, db } => {
            let (database, _) = db.open().await?;
            let today = as_of.unwrap_or_else(|| SystemClock.today("UTC"));
            list_claimed(&database, customer.as_deref(), today, format).await
        }
    }
}

fn name_of(kind: EvidenceKind) -> String {
    json!(kind).as_str().unwrap_or("unknown").to_owned()
}

fn no_csv(format: Format) -> anyhow::Result<()> {
    if format == Format::Csv {
        return Err(Usage("evidence is listed as a table or as json".to_owned()).into());
    }
    Ok(())
}

async fn list(database: &Database, format: Format) -> anyhow::Result<Outcome> {
    no_csv(format)?;
    for (record, input) in database.evidence().await? {
        let marks = &record.marks;
        if format == Format::Json {
            let object = json!({
                "digest": record.digest.to_string(),
                "name": input.name,
                "kind": record.kind,
                "kind_confidence": record.kind_confidence.to_string(),
                "amount": marks.amount.map(|a| a.amount()),
                "currency": marks.amount.map(|a| a.currency().code()),
                "paid_on": marks.paid_on,
                "references": marks.references,
                "invoice_numbers": marks.invoice_numbers,
                "sender": marks.sender,
                "customer_id": marks.customer,
            });
            println!("{object}");
        } else {
            println!(
                "{:<12}  {:<18} {:>16}  {:<10}  {}",
                short(&record.digest),
                name_of(record.kind),
                marks.amount.map_or(String::new(), |a| a.to_string()),
                marks.paid_on.map_or(String::new(), |d| d.to_string()),
                on_terminal(&input.name)
            );
        }
    }
    Ok(Outcome::Done)
}

async fn set_kind(database: &Database, digest: &str, kind: &str, by: String) -> anyhow::Result<Outcome> {
    let kind: EvidenceKind = serde_json::from_value(json!(kind))
        .map_err(|_| Usage(format!("`{kind}` is no kind of evidence; `quittance evidence kind --help` lists them")))?;
    let evidence = database.evidence().await?;
    let mut fitting = evidence.iter().filter(|(record, _)| digest.len() >= 6 && record.digest.0.starts_with(digest));
    let record = match (fitting.next(), fitting.next()) {
        (Some((record, _)), None) => record,
        (Some(_), Some(_)) => {
            return Err(Usage(format!("several pieces of evidence begin with {digest}; give more of the digest")).into());
        }
        (None, _) => {
            return Err(Usage(format!(
                "no evidence begins with `{digest}`; `quittance evidence list` shows them, six characters are enough"
            ))
            .into());
        }
    };
    correct_kind(database, &SystemClock, Actor::Person(by), &record.digest, kind).await?;
    println!("{} is {}", short(&record.digest), name_of(kind));
    Ok(Outcome::Done)
}

async fn list_claimed(database: &Database, customer: Option<&str>, today: Date, format: Format) -> anyhow::Result<Outcome> {
    no_csv(format)?;
    let policy = policy_in_force(database).await?;
    for claim in claimed(database, &policy, today).await? {
        let of = claim.customer.as_ref().map(|c| c.as_str());
        if customer.is_some_and(|wanted| of != Some(wanted)) {
            continue;
        }
        let items: Vec<&str> = claim.items.iter().map(|(_, item)| item.as_str()).collect();
        if format == Format::Json {
            let object = json!({
                "evidence": claim.evidence.to_string(),
                "name": claim.name,
                "customer_id": of,
                "invoice_ids": items,
                "amount": claim.amount.map(|a| a.amount()),
                "currency": claim.amount.map(|a| a.currency().code()),
                "paid_on": claim.paid_on,
                "until": claim.until,
            });
            println!("{object}");
        } else {
            println!(
                "{:<12}  until {}  {:>16}  {:<14} {:<30} {}",
                short(&claim.evidence),
                claim.until,
                claim.amount.map_or(String::new(), |a| a.to_string()),
                of.unwrap_or("-"),
                items.join(", "),
                on_terminal(&claim.name)
            );
        }
    }
    Ok(Outcome::Done)
}
