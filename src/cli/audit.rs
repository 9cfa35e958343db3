use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Subcommand;
use quittance_agent::ports::{Store, VerifyReport};
use quittance_tools::store::verify_export;

use super::settings::DbArgs;
use super::{Outcome, Usage};

/// Arguments of `audit`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Follow the hash chain and compare every record, balance and kept original with it
    Verify {
        /// Verify an export (made by `export audit`) instead of the database
        #[arg(long, value_name = "EXPORT")]
        file: Option<PathBuf>,
        #[command(flatten)]
        db: DbArgs,
    },
}

/// Verifies.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let What::Verify { file, db } = args.what;
    let report = match file {
        Some(path) => {
            let file = File::open(&path).map_err(|error| Usage(format!("{}: {error}", path.display())))?;
            verify_export(BufReader::new(file))
        }
        None => db.open().await?.0.verify().await?,
    };
    Ok(print(&report))
}

fn print(report: &VerifyReport) -> Outcome {
    for finding in &report.findings {
        println!("ALTERED: {finding}");
    }
    for why in &report.not_compared {
        println!("NOT COMPARED: {why}");
    }
    println!(
        "{} audit entries followed, {} records and {} originals compared. Head: {}",
        report.entries, report.rows, report.blobs, report.head
    );
    if report.findings.is_empty() && !report.not_compared.is_empty() {
        println!("Nothing that could be compared has been altered; the secrets could not be compared.");
        Outcome::SomeRefused
    } else if report.findings.is_empty() {
        println!(
            "Nothing has been altered. Write the head down: a log that was cut short still verifies, but ends with another head."
        );
        Outcome::Done
    } else {
        println!("{} findings. Do not work on with these books; restore a backup.", report.findings.len());
        Outcome::SomeRefused
    }
}
