use quittance_tools::store::Database;

use super::Outcome;
use super::settings::{DbArgs, wrong_database};

/// Arguments of `migrate`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    db: DbArgs,
}

/// Brings the tables of an older database up to this version. Make a backup first.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let settings = args.db.settings()?;
    let database = Database::migrate(&settings.database).await.map_err(wrong_database)?;
    settings.seal(database).await?;
    println!("The database is up to date.");
    Ok(Outcome::Done)
}
