use super::Outcome;
use super::settings::{ByArgs, DbArgs, wrong_database};
use quittance_tools::store::Database;

/// Arguments of `init`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
}

/// Makes the database where it is missing, and brings entities, accounts and policy in line with the settings. Running it
/// again is safe.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let settings = args.db.settings()?;
    let by = args.by.name(&settings)?;
    let database = Database::create(&settings.database).await.map_err(wrong_database)?;
    let database = settings.seal(database).await?;
    let recorded = settings.publish(&database, &by).await?;
    match recorded {
        0 => println!("The database is there and as the settings say."),
        n => println!("The database is ready; {n} settings recorded."),
    }
    Ok(Outcome::Done)
}
