use clap::Subcommand;
use jiff::SignedDuration;
use quittance_agent::ports::Clock as _;
use quittance_agent::ports_accounts::{Accounts as _, Credentials, record_of};
use quittance_agent::webhooks::manage::digest_of;
use quittance_agent::webhooks::ports::Webhooks as _;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::webhooks::{EndpointState, WebhookEndpoint};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;

use super::settings::{ByArgs, DbArgs, wrong_database};
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
    /// The key is lost and no copy of it is left: end every secret it sealed. People set a new password by a link, addresses for messages
    /// get a new signing secret and are switched off. Books and log stay as they are
    Lost {
        /// Really do it
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Put a new key first in the key file and seal every secret with it; older keys stay in the file, for older backups
    Change {
        #[command(flatten)]
        db: DbArgs,
    },
}

/// Ends what cannot be opened any more, each as a change in the log.
async fn give_up(database: &Database, by: &Actor) -> anyhow::Result<()> {
    let lost = database.give_up_key(SystemClock.now()).await.map_err(wrong_database)?;
    for (user, version) in &lost.people {
        let credentials = Credentials { version: version.saturating_add(1), ..Credentials::default() };
        let record = record_of(user, &credentials, "ended: the key was lost", quittance_web::secret::digest);
        let changes = ChangeSet { by: by.clone(), at: SystemClock.now(), changes: vec![Change::CredentialsSet(record)] };
        database.set_credentials(changes, user, &credentials, None).await?;
        println!("{user}: sign-in ended; `quittance user reset-link {user}` gives a link for a new password");
    }
    for id in &lost.addresses {
        let Some(endpoint) = database.webhook(id).await? else { continue };
        let secret = quittance_web::pages::webhooks::fresh_secret()?;
        let now = SystemClock.now();
        let state = if endpoint.state == EndpointState::On { EndpointState::Off } else { endpoint.state };
        let changed = WebhookEndpoint { state, ..endpoint.rotated(digest_of(&secret), now, SignedDuration::ZERO)? };
        let changes = ChangeSet { by: by.clone(), at: now, changes: vec![Change::WebhookSet(changed.clone())] };
        database.set_webhook(changes, &changed, Some(&secret)).await?;
        println!("address {id}: switched off; replace its secret on its page, tell the receiver, then switch it on");
    }
    Ok(())
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
                None if keys.is_unread() => return Err(Usage(keys.none_at_hand().to_string()).into()),
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
        What::Lost { yes, db, by } => {
            let (database, settings) = db.open().await?;
            let keys = settings.keys()?;
            if keys.is_unread() {
                return Err(Usage(keys.none_at_hand().to_string()).into());
            }
            let missing: Vec<String> = database.keys_in_use().await?.into_iter().filter(|id| !keys.has(id)).collect();
            if !yes && !missing.is_empty() {
                return Err(Usage(format!(
                    "this ends every password, one-time code and signing secret that key {} sealed; if a copy of it is anywhere, put it \
                     back at {} instead, else say --yes",
                    missing.join(", "),
                    keys.place()
                ))
                .into());
            }
            let by = Actor::Person(by.name(&settings)?);
            give_up(&database, &by).await?;
            settings.seal(database).await?;
            Ok(Outcome::Done)
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
