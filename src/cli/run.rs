use quittance_agent::reconcile::{self, RunReport};
use quittance_tools::clock::SystemClock;

use super::progress::Bar;
use super::settings::{DbArgs, policy_in_force};
use super::{Format, Outcome};

/// Arguments of `run`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    db: DbArgs,
    /// Run once and end (the only mode without `worker`)
    #[arg(long)]
    once: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Matches what is open, settles what is certain, queues the rest.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let _ = args.once;
    let (database, _) = args.db.open().await?;
    let policy = policy_in_force(&database).await?;
    let bar = Bar::new("reconciling");
    let report = reconcile::run(&database, &SystemClock, &policy, &mut |done, of| bar.set(done, of)).await?;
    bar.finish();
    print(&report, args.format)?;
    super::webhooks::notice(&database).await?;
    Ok(Outcome::Done)
}

/// Prints a report.
pub fn print(report: &RunReport, format: Format) -> anyhow::Result<()> {
    let money: Vec<String> = report.settled_money.iter().map(ToString::to_string).collect();
    match format {
        Format::Json => {
            let json = serde_json::json!({
                "settled": report.settled,
                "settled_money": report.settled_money,
                "asked": report.asked,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "returns": report.returns,
                "reopened": report.reopened,
                "conflicts": report.conflicts,
                "claims": {
                    "carried": report.claims.carried,
                    "waiting": report.claims.waiting,
                    "raised": report.claims.raised,
                    "closed": report.claims.closed,
                },
            });
            println!("{json}");
        }
        Format::Csv => {
            println!("what,count");
            for (what, count) in rows(report) {
                println!("{what},{count}");
            }
        }
        Format::Table => {
            let of = if money.is_empty() { String::new() } else { format!(" ({})", money.join(", ")) };
            println!("{:>6}  settled alone{of}", report.settled);
            for (what, count) in rows(report).into_iter().skip(1).filter(|(_, count)| *count > 0) {
                println!("{count:>6}  {}", what.replace('_', " "));
            }
        }
    }
    Ok(())
}

fn rows(report: &RunReport) -> Vec<(&'static str, u64)> {
    vec![
        ("settled", report.settled),
        ("sent_to_the_queue", report.asked),
        ("cases_brought_up_to_date", report.updated),
        ("waiting_as_before", report.unchanged),
        ("returns_sent_to_the_queue", report.returns),
        ("reopened_by_a_return", report.reopened),
        ("decided_by_somebody_else_meanwhile", report.conflicts),
        ("proofs_carried_by_a_bank_line", report.claims.carried),
        ("proofs_waiting_for_their_money", report.claims.waiting),
        ("proofs_without_money_sent_to_the_queue", report.claims.raised),
        ("proof_cases_closed_by_their_money", report.claims.closed),
    ]
}
