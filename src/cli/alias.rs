use clap::Subcommand;
use quittance_agent::aliases::revoke;
use quittance_agent::ports::Store;
use quittance_rules::aliases::{Alias, AliasId, Standing};
use quittance_tools::clock::SystemClock;
use serde_json::json;

use super::settings::{ByArgs, DbArgs};
use super::shown::{in_cell, on_terminal};
use super::{Format, Outcome};

/// Arguments of `alias`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List what confirmations taught about payers, with what taught it
    List {
        /// Also what is not in use any more
        #[arg(long)]
        all: bool,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        #[command(flatten)]
        db: DbArgs,
    },
    /// Take one out of use, by the number the list shows
    Revoke {
        /// Such as 12-account
        id: String,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
}

/// Columns of the list as CSV and of `export aliases`.
pub const COLUMNS: [&str; 9] =
    ["alias_id", "customer_id", "kind", "value", "standing", "taught_by", "taught_at", "teacher", "ended_by"];

/// The cells of an alias, as [`COLUMNS`].
pub fn cells(alias: &Alias) -> [String; 9] {
    [
        alias.id.to_string(),
        alias.customer.to_string(),
        alias.kind.name().to_owned(),
        in_cell(&alias.value),
        alias.standing.name().to_owned(),
        alias.taught_by.to_string(),
        alias.taught_at.to_string(),
        alias.teacher.to_string(),
        match &alias.standing {
            Standing::Active => String::new(),
            Standing::Shared { decision } | Standing::ThirdParty { decision } | Standing::Withdrawn { decision } => {
                decision.to_string()
            }
            Standing::Revoked { by, .. } => by.to_string(),
        },
    ]
}

/// Lists or revokes.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::List { all, format, db } => {
            let (database, _) = db.open().await?;
            let known = database.aliases().await?;
            let shown: Vec<&Alias> = known.iter().filter(|alias| all || alias.standing.is_known()).collect();
            match format {
                Format::Json => {
                    for alias in shown {
                        let cells = cells(alias);
                        let object: serde_json::Map<String, serde_json::Value> =
                            COLUMNS.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect();
                        println!("{}", serde_json::Value::Object(object));
                    }
                }
                Format::Csv => {
                    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
                    out.write_record(COLUMNS)?;
                    for alias in shown {
                        out.write_record(cells(alias))?;
                    }
                    out.flush()?;
                }
                Format::Table => {
                    for alias in &shown {
                        let standing = match &alias.standing {
                            Standing::Active => String::new(),
                            Standing::Shared { decision } => format!(", pays for several customers (decision {decision})"),
                            Standing::ThirdParty { decision } => format!(", pays for others (decision {decision})"),
                            Standing::Withdrawn { decision } => format!(", taken back by decision {decision}"),
                            Standing::Revoked { by, at } => format!(", revoked by {by} at {at}"),
                        };
                        println!(
                            "{}",
                            on_terminal(&format!(
                                "{:<12} {:<8} {:<34} {}: taught by {} in decision {} at {}{standing}",
                                alias.id.to_string(),
                                alias.kind.name(),
                                alias.value,
                                alias.customer,
                                alias.teacher,
                                alias.taught_by,
                                alias.taught_at
                            ))
                        );
                    }
                    eprintln!("{} aliases", shown.len());
                }
            }
        }
        What::Revoke { id, db, by } => {
            let (database, settings) = db.open().await?;
            let revoked = revoke(&database, &SystemClock, &by.name(&settings)?, &AliasId(id)).await?;
            println!(
                "{}",
                on_terminal(&format!("alias {} ({} of {}) is not in use any more", revoked.id, revoked.value, revoked.customer))
            );
        }
    }
    Ok(Outcome::Done)
}
