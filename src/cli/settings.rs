//! Settings: `quittance.toml`, overridden by environment, overridden by flags. The only place that reads the environment.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use quittance_agent::ports::{Clock, Store};
use quittance_rules::bank::normal_account;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::money::Currency;
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{Entity, EntityId};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use serde::{Deserialize, Serialize};

use super::Usage;

/// What can be set in `quittance.toml` and by `QUITTANCE_…`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the books are: `sqlite://FILE` or `postgres://…`.
    pub database: String,
    /// The name under which decisions made on the command line are recorded.
    pub user: Option<String>,
    /// File with the policy that `quittance init` publishes; the built-in one when unset.
    pub policy: Option<PathBuf>,
    /// The language model, where there is one.
    #[serde(skip_serializing_if = "ModelSetting::is_unset")]
    pub model: ModelSetting,
    /// Legal entities that bill.
    pub entity: Vec<EntitySetting>,
}

/// `[model]`: where a language model is, what it is asked and what it may cost. The key comes from `OPENAI_API_KEY` or the file that
/// `OPENAI_API_KEY_FILE` names, never from here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSetting {
    /// Name of the model, as its endpoint knows it. Unset: no model.
    pub name: Option<String>,
    /// Base URL of an OpenAI-compatible endpoint: what stands before `/chat/completions`.
    pub base_url: Option<String>,
    /// Whether it is asked when evidence is taken in, without `--model`.
    pub enabled: bool,
    /// What it is asked: `when_unsure` or `always`.
    pub ask: AskSetting,
    /// Time for an answer, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Questions under way at once.
    pub at_once: Option<usize>,
    /// Whether pictures go with the text. Only for models that see.
    pub send_pictures: bool,
    /// Set where the model refuses `temperature`.
    pub no_temperature: bool,
    /// Tokens a day (UTC), in and out.
    pub daily_tokens: Option<u64>,
    /// Money a day, in the currency of the prices: `"2.50"`.
    pub daily_money: Option<String>,
    /// Currency of the prices, ISO 4217.
    pub price_currency: Option<String>,
    /// Price of a million tokens of questions: `"0.15"`.
    pub price_in_per_million: Option<String>,
    /// Price of a million tokens of answers.
    pub price_out_per_million: Option<String>,
}

/// What a model is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskSetting {
    /// What the rules leave open.
    #[default]
    WhenUnsure,
    /// Every document that may be shown.
    Always,
}

impl ModelSetting {
    fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// One legal entity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntitySetting {
    /// The `seller_id` of its invoices.
    pub id: String,
    /// The name people read.
    pub name: String,
    /// Base currency, ISO 4217.
    pub currency: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Its bank accounts.
    #[serde(default)]
    pub accounts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database: "sqlite://quittance.db".to_owned(),
            user: None,
            policy: None,
            model: ModelSetting::default(),
            entity: Vec::new(),
        }
    }
}

/// Flags of every command that uses a database.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct DbArgs {
    /// Database: sqlite://FILE or postgres://USER@HOST/NAME [default: sqlite://quittance.db; also DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub db: Option<String>,
    /// Settings file [default: quittance.toml where there is one; also QUITTANCE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The name decisions are recorded under.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct ByArgs {
    /// Your name, recorded with the decision [default: `user` in the settings, then the login name]
    #[arg(long = "by", value_name = "NAME")]
    pub by: Option<String>,
}

impl DbArgs {
    /// Reads the settings: file, then environment, then these flags.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::read(self.config.as_deref())?;
        if let Some(url) = &self.db {
            settings.database.clone_from(url);
        }
        Ok(settings)
    }

    /// Opens the database the settings name.
    pub async fn open(&self) -> anyhow::Result<(Database, Settings)> {
        let settings = self.settings()?;
        let database = Database::open(&settings.database).await?;
        Ok((database, settings))
    }
}

impl ByArgs {
    /// The name to record.
    pub fn name(&self, settings: &Settings) -> anyhow::Result<String> {
        let name = self
            .by
            .clone()
            .or_else(|| settings.user.clone())
            .or_else(|| variable("USER"))
            .or_else(|| variable("LOGNAME"))
            .unwrap_or_else(|| "operator".to_owned());
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Usage("a name has 1 to 100 characters and no control characters".to_owned()).into());
        }
        Ok(name)
    }
}

/// A message of the TOML reader without the lines it quotes: they may hold a password.
fn without_excerpt(message: &str) -> String {
    let kept: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('|') && !line.contains(" | "))
        .collect();
    kept.join("; ")
}

/// What is logged on standard error: `QUITTANCE_LOG` in the syntax of `tracing_subscriber::EnvFilter`; warnings by default.
pub fn log_filter() -> tracing_subscriber::EnvFilter {
    variable("QUITTANCE_LOG").map_or_else(|| "warn".into(), tracing_subscriber::EnvFilter::new)
}

/// The API key of the model: from the environment, or from the file it names.
pub fn model_key() -> anyhow::Result<Option<String>> {
    if let Some(key) = variable("OPENAI_API_KEY") {
        return Ok(Some(key));
    }
    let Some(file) = variable("OPENAI_API_KEY_FILE") else { return Ok(None) };
    let key = std::fs::read_to_string(&file).map_err(|error| Usage(format!("OPENAI_API_KEY_FILE: {file}: {error}")))?;
    Ok(Some(key))
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The policy in force; the built-in one where none has been published.
pub async fn policy_in_force(store: &Database) -> anyhow::Result<Policy> {
    let text = store.policy().await?.map_or_else(|| DEFAULT_POLICY.to_owned(), |(_, text)| text);
    Policy::parse(&text).context("the policy in force")
}

impl Settings {
    /// Reads the settings: the file named, else the one of `QUITTANCE_CONFIG`, else `quittance.toml` where there is one; then the environment.
    pub fn read(config: Option<&Path>) -> anyhow::Result<Self> {
        let file = config.map(Path::to_owned).or_else(|| variable("QUITTANCE_CONFIG").map(PathBuf::from));
        let mut figment = Figment::from(Serialized::defaults(Settings::default()));
        figment = match file {
            Some(path) => {
                if !path.is_file() {
                    return Err(Usage(format!("the settings file {} is not there", path.display())).into());
                }
                figment.merge(Toml::file_exact(path))
            }
            None => figment.merge(Toml::file("quittance.toml")),
        };
        figment = figment.merge(Env::prefixed("QUITTANCE_").only(&["database", "user", "policy"]));
        figment = figment.merge(Env::prefixed("QUITTANCE_MODEL_").map(|key| format!("model.{key}").into()));
        let mut settings: Settings =
            figment.extract().map_err(|error| Usage(format!("settings: {}", without_excerpt(&error.to_string()))))?;
        if let Some(url) = variable("DATABASE_URL") {
            settings.database = url;
        }
        if let Some(url) = variable("OPENAI_BASE_URL") {
            settings.model.base_url = Some(url);
        }
        if let Some(name) = variable("QUITTANCE_MODEL") {
            settings.model.name = Some(name);
        }
        Ok(settings)
    }

    /// The changes that bring entities, accounts and policy of a database in line with the settings.
    pub fn changes(&self, in_force: Option<&str>) -> anyhow::Result<Vec<Change>> {
        let mut changes = Vec::new();
        for entity in &self.entity {
            let wrong = |what: String| Usage(format!("settings: entity {}: {what}", entity.id));
            let id = EntityId::parse(&entity.id).map_err(|error| wrong(error.to_string()))?;
            let base_currency = Currency::parse(&entity.currency).map_err(|error| wrong(error.to_string()))?;
            if jiff::tz::TimeZone::get(&entity.time_zone).is_err() {
                return Err(wrong(format!("`{}` is no IANA time zone, such as Europe/Berlin", entity.time_zone)).into());
            }
            changes.push(Change::EntitySet(Entity {
                id: id.clone(),
                name: entity.name.clone(),
                base_currency,
                time_zone: entity.time_zone.clone(),
            }));
            for account in &entity.accounts {
                changes.push(Change::AccountSet { account: normal_account(account), entity: id.clone(), currency: None });
            }
        }
        let text = match &self.policy {
            Some(path) => std::fs::read_to_string(path).map_err(|error| Usage(format!("policy {}: {error}", path.display())))?,
            None => DEFAULT_POLICY.to_owned(),
        };
        let policy = Policy::parse(&text).map_err(|error| Usage(format!("policy: {error}")))?;
        if in_force != Some(policy.version.as_str()) && (self.policy.is_some() || in_force.is_none()) {
            changes.push(Change::PolicyPublished { version: policy.version, text });
        }
        Ok(changes)
    }

    /// Brings a database in line with the settings.
    pub async fn publish(&self, store: &Database, by: &str) -> anyhow::Result<usize> {
        let in_force = store.policy().await?.map(|(version, _)| version);
        let changes = self.changes(in_force.as_deref())?;
        if changes.is_empty() {
            return Ok(0);
        }
        let applied = store.apply(ChangeSet { by: Actor::Person(by.to_owned()), at: SystemClock.now(), changes }).await?;
        Ok(applied.recorded)
    }
}
