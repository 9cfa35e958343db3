use clap::Subcommand;
use quittance_agent::ports::Clock as _;
use quittance_tools::clock::SystemClock;

use super::settings::{DbArgs, wrong_database};
use super::{Outcome, Usage};

/// Arguments of `key`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Where the key is, and whether it is the one of this database
    Show {
        #[command(flatten)]
        db: DbArgs,
    },
    /// Put a new key first in the key file and seal every secret with it; older keys stay in the file, for older backups
    Change {
        #[command(flatten)]
        db: DbArgs,
    },
}

/// Shows or changes the key that seals secrets. Keys themselves are never printed.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::Show { db } => {
            let (database, settings) = db.open().await?;
            let keys = settings.keys()?;
            let ids = keys.ids();
            match ids.split_first() {
                Some((first, older)) => println!("{} seals with key {first}; {} older keys.", keys.place(), older.len()),
                None => println!("{} holds no key yet.", keys.place()),
            }
            let missing: Vec<String> = database.keys_in_use().await?.into_iter().filter(|id| !ids.contains(id)).collect();
            if missing.is_empty() {
                println!("It opens every secret in the database.");
                return Ok(Outcome::Done);
            }
            println!("Secrets in the database are sealed with key {}, which is not there.", missing.join(", "));
            Ok(Outcome::SomeRefused)
        }
        What::Change { db } => {
            let (database, settings) = db.open().await?;
            // First with the key as it is: a database that does not open with it is refused before the file is touched.
            let database = settings.seal(database).await?;
            let keys = std::sync::Arc::new(settings.keys()?);
            keys.change().map_err(|error| Usage(error.to_string()))?;
            let database = database.with_keys(std::sync::Arc::clone(&keys));
            let done = database.seal_secrets(SystemClock.now()).await.map_err(wrong_database)?;
            let newest = keys.ids().into_iter().next().unwrap_or_default();
            println!("{} secrets are sealed with key {newest} now. Make a new copy of {}.", done.again, keys.place());
            Ok(Outcome::Done)
        }
    }
}
