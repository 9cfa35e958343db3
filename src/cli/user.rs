use std::sync::Arc;

use jiff::SignedDuration;
use quittance_agent::ports::{Clock as _, Store as _};
use quittance_agent::ports_accounts::Accounts as _;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::records::EntityId;
use quittance_rules::users::{Grant, Role, User, UserId};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use quittance_web::{Settings as WebSettings, Web};

use super::settings::{ByArgs, DbArgs};
use super::{Format, Outcome, Usage};

/// Arguments of `user`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Add a person, or set name and roles of one who is there; prints a one-time link to set a password
    Add(Add),
    /// List people and their roles
    List(List),
    /// Disable a person: no more sign-in, every session ends at once
    Disable(One),
    /// Enable a person again
    Enable(One),
    /// Print a one-time link to set a new password
    ResetLink(One),
}

#[derive(clap::Args)]
struct Add {
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
    /// Login name
    login: String,
    /// The name people read [default: the login name]
    #[arg(long)]
    name: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Role: viewer, reviewer, approver or admin; for one entity as ENTITY:ROLE (repeatable)
    #[arg(long = "role", value_name = "[ENTITY:]ROLE", required = true)]
    roles: Vec<String>,
    /// The address people type, for the link
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    db: DbArgs,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(clap::Args)]
struct One {
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
    /// Login name
    login: String,
    /// The address people type, for the link
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
}

/// Adds, lists, disables people.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::Add(args) => add(args).await,
        Command::List(args) => list(args).await,
        Command::Disable(args) => set_disabled(args, true).await,
        Command::Enable(args) => set_disabled(args, false).await,
        Command::ResetLink(args) => reset_link(args).await,
    }
}

/// The people of the demo: `demo` is admin, `second` completes what needs a second person. Gives the password of both, made for this
/// database.
pub async fn people_of_demo(database: &Database) -> anyhow::Result<String> {
    let password: String = quittance_web::secret::fresh()?.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    let web = Web::new(database.clone(), Arc::new(SystemClock), WebSettings::for_address(([127, 0, 0, 1], 8080).into()));
    for (name, role) in [("demo", Role::Admin), ("second", Role::Approver)] {
        let id = login(name)?;
        let user = User {
            id: id.clone(),
            name: name.to_owned(),
            email: None,
            language: None,
            external: None,
            is_disabled: false,
            grants: vec![Grant { role, entity: None }],
        };
        set(database, "demo", user).await?;
        let hash = quittance_web::password::hash(&password).await?;
        let by = Actor::Person("demo".to_owned());
        web.change_credentials(by, &id, "password", None, |credentials| credentials.password = Some(hash)).await?;
    }
    Ok(password)
}

fn login(text: &str) -> anyhow::Result<UserId> {
    UserId::parse(text).map_err(|error| Usage(error.to_string()).into())
}

async fn known(database: &Database, text: &str) -> anyhow::Result<User> {
    let id = login(text)?;
    database.user(&id).await?.ok_or_else(|| Usage(format!("there is nobody with the login name {id}")).into())
}

async fn set(database: &Database, by: &str, user: User) -> anyhow::Result<()> {
    let by = Actor::Person(by.to_owned());
    database.apply(ChangeSet { by, at: SystemClock.now(), changes: vec![Change::UserSet(user)] }).await?;
    Ok(())
}

async fn link(database: &Database, public_url: &str, user: &UserId) -> anyhow::Result<String> {
    let mut settings = WebSettings::for_address(([127, 0, 0, 1], 8080).into());
    public_url.trim_end_matches('/').clone_into(&mut settings.public_url);
    let web = Web::new(database.clone(), Arc::new(SystemClock), settings);
    Ok(web.password_link(user, SignedDuration::from_hours(24)).await?)
}

/// `approver` or `e1:approver`.
async fn grant(database: &Database, text: &str) -> anyhow::Result<Grant> {
    // An entity's id may hold a colon; a role's name does not.
    let (entity, role) = text.rsplit_once(':').map_or((None, text), |(entity, role)| (Some(entity), role));
    let role =
        Role::parse(role).ok_or_else(|| Usage(format!("`{role}` is no role; there are viewer, reviewer, approver and admin")))?;
    let entity = match entity {
        None => None,
        Some(text) => {
            let id = EntityId::parse(text).map_err(|error| Usage(error.to_string()))?;
            if !database.entities().await?.iter().any(|entity| entity.id == id) {
                return Err(Usage(format!("there is no entity {id}")).into());
            }
            Some(id)
        }
    };
    Ok(Grant { role, entity })
}

async fn add(args: Add) -> anyhow::Result<Outcome> {
    let (database, settings) = args.db.open().await?;
    let by = args.by.name(&settings)?;
    let id = login(&args.login)?;
    let before = database.user(&id).await?;
    let mut grants = Vec::new();
    for role in &args.roles {
        grants.push(grant(&database, role).await?);
    }
    grants.sort();
    grants.dedup();
    let user = User {
        name: args.name.or_else(|| before.as_ref().map(|user| user.name.clone())).unwrap_or_else(|| id.to_string()),
        email: args.email.or_else(|| before.as_ref().and_then(|user| user.email.clone())),
        language: before.as_ref().and_then(|user| user.language.clone()),
        external: before.as_ref().and_then(|user| user.external.clone()),
        is_disabled: false,
        grants,
        id: id.clone(),
    };
    if user.name.trim().is_empty() || user.name.chars().count() > 200 || user.name.chars().any(char::is_control) {
        return Err(Usage("a name has 1 to 200 characters and no control characters".to_owned()).into());
    }
    set(&database, &by, user).await?;
    if database.credentials(&id).await?.password.is_none() {
        println!("{id} sets a password within 24 hours at {}", link(&database, &args.public_url, &id).await?);
    } else {
        println!("{id} is set");
    }
    database.close().await;
    Ok(Outcome::Done)
}

/// Adds the first admin under the name `admin`, for the one-time link of a first start.
pub async fn first_admin(database: &Database) -> anyhow::Result<UserId> {
    let id = login("admin")?;
    let user = User {
        id: id.clone(),
        name: "Admin".to_owned(),
        email: None,
        language: None,
        grants: vec![Grant { role: Role::Admin, entity: None }],
        external: None,
        is_disabled: false,
    };
    set(database, "setup", user).await?;
    Ok(id)
}

fn roles(user: &User) -> String {
    let grants = user.grants.iter().map(|grant| match &grant.entity {
        Some(entity) => format!("{entity}:{}", grant.role.name()),
        None => grant.role.name().to_owned(),
    });
    grants.collect::<Vec<_>>().join(" ")
}

async fn list(args: List) -> anyhow::Result<Outcome> {
    let (database, _) = args.db.open().await?;
    let users = database.users().await?;
    match args.format {
        Format::Json => {
            for user in &users {
                println!("{}", serde_json::to_string(user)?);
            }
        }
        Format::Csv => {
            let mut out = csv::Writer::from_writer(std::io::stdout());
            out.write_record(["login", "name", "email", "roles", "disabled"])?;
            for user in &users {
                let disabled = if user.is_disabled { "yes" } else { "no" };
                out.write_record([
                    user.id.as_str(),
                    &user.name,
                    user.email.as_deref().unwrap_or_default(),
                    &roles(user),
                    disabled,
                ])?;
            }
            out.flush()?;
        }
        Format::Table => {
            let width = users.iter().map(|user| user.id.as_str().chars().count()).max().unwrap_or(5).max(5);
            println!("{:width$}  {:24}  roles", "login", "name");
            for user in &users {
                let disabled = if user.is_disabled { "  (disabled)" } else { "" };
                println!("{:width$}  {:24}  {}{disabled}", user.id.as_str(), user.name, roles(user));
            }
        }
    }
    Ok(Outcome::Done)
}

async fn set_disabled(args: One, is_disabled: bool) -> anyhow::Result<Outcome> {
    let (database, settings) = args.db.open().await?;
    let by = args.by.name(&settings)?;
    let user = known(&database, &args.login).await?;
    let id = user.id.clone();
    set(&database, &by, User { is_disabled, ..user }).await?;
    if is_disabled {
        let ended = database.end_sessions(&id, None).await?;
        println!("{id} is disabled; {ended} sessions ended");
    } else {
        println!("{id} is enabled");
    }
    database.close().await;
    Ok(Outcome::Done)
}

async fn reset_link(args: One) -> anyhow::Result<Outcome> {
    let (database, _) = args.db.open().await?;
    let user = known(&database, &args.login).await?;
    println!("{}", link(&database, &args.public_url, &user.id).await?);
    database.close().await;
    Ok(Outcome::Done)
}
