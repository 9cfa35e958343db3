//! Settings: `quittance.toml`, overridden by environment, overridden by flags. The only place that reads the environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use quittance_agent::ports::{Clock, Store, StoreError};
use quittance_agent::webhooks::target::Targets;
use quittance_rules::bank::normal_account;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::money::Currency;
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{Entity, EntityId};
use quittance_tools::clock::SystemClock;
use quittance_tools::model::Secret;
use quittance_tools::sealing::{Keys, SealError};
use quittance_tools::store::{Database, file_of};
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
    /// File with the key that seals the secrets in the database [default: `quittance.key` beside this file, else beside the database].
    pub key_file: Option<PathBuf>,
    /// The settings file, where there is one.
    #[serde(skip)]
    pub read_from: Option<PathBuf>,
    /// The language model, where there is one.
    #[serde(skip_serializing_if = "ModelSetting::is_unset")]
    pub model: ModelSetting,
    /// Legal entities that bill.
    pub entity: Vec<EntitySetting>,
    /// How the pages are served.
    pub web: WebSetting,
    /// Telling other programs what happened.
    #[serde(skip_serializing_if = "WebhookSetting::is_unset")]
    pub webhooks: WebhookSetting,
    /// Messages of the WhatsApp Cloud API.
    #[serde(skip_serializing_if = "WhatsappSetting::is_unset")]
    pub whatsapp: WhatsappSetting,
}

/// `[whatsapp]`: messages of the WhatsApp Cloud API become evidence. The service is set up with `PUBLIC_URL/hooks/whatsapp`. Secrets come
/// from `QUITTANCE_WHATSAPP_APP_SECRET`, `…_VERIFY_TOKEN` and `…_ACCESS_TOKEN`, or from the files named here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhatsappSetting {
    /// Whether messages are taken.
    pub enabled: bool,
    /// File with the app's secret, with which the service signs.
    pub app_secret_file: Option<PathBuf>,
    /// File with the word the handshake asks for: of your own choice.
    pub verify_token_file: Option<PathBuf>,
    /// File with the token files are fetched with.
    pub access_token_file: Option<PathBuf>,
    /// Address of the Graph API with its version [default: `https://graph.facebook.com/v21.0`].
    pub api: Option<String>,
    /// Hosts from which files may be fetched, each with all below it [default: those of the service].
    pub media_hosts: Vec<String>,
}

/// The three secrets of the chat.
pub struct WhatsappSecrets {
    /// With which the service signs.
    pub app_secret: Secret,
    /// Which the handshake asks for.
    pub verify_token: Secret,
    /// With which files are fetched.
    pub access_token: Secret,
}

impl WhatsappSetting {
    fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// The secrets; `None` where no messages are taken.
    pub fn secrets(&self) -> anyhow::Result<Option<WhatsappSecrets>> {
        if !self.enabled {
            return Ok(None);
        }
        let secret = |name: &str, file: &Option<PathBuf>| -> anyhow::Result<Secret> {
            let variable_name = format!("QUITTANCE_WHATSAPP_{}", name.to_uppercase());
            let wrong = |what: String| Usage(format!("settings: whatsapp.{name}: {what}"));
            let text = match file {
                Some(path) => std::fs::read_to_string(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?,
                None => variable(&variable_name)
                    .ok_or_else(|| wrong(format!("set {name}_file, or {variable_name} in the environment")))?,
            };
            // The error of a model's key speaks of keys; this says which secret it is, and never shows it.
            Secret::new(&text)
                .map_err(|_| wrong("it is empty, too long or holds characters that no secret has".to_owned()).into())
        };
        Ok(Some(WhatsappSecrets {
            app_secret: secret("app_secret", &self.app_secret_file)?,
            verify_token: secret("verify_token", &self.verify_token_file)?,
            access_token: secret("access_token", &self.access_token_file)?,
        }))
    }
}

/// `[webhooks]`: which addresses may be told what happened here, and how long they may take to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSetting {
    /// Addresses and ranges that may be called although they are not of the public internet: `["10.0.0.0/8", "fd00::/8"]`.
    pub allow_networks: Vec<String>,
    /// Whether addresses may begin with `http://`: messages are signed, but can be read on the way.
    pub allow_http: bool,
    /// Time for an answer, in seconds. 5 to 30.
    pub timeout_seconds: Option<u64>,
}

impl WebhookSetting {
    fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// What may be called.
    pub fn targets(&self) -> anyhow::Result<Targets> {
        let networks = self.allow_networks.iter().map(|text| text.parse());
        let networks =
            networks.collect::<Result<_, _>>().map_err(|error| Usage(format!("settings: webhooks.allow_networks: {error}")))?;
        Ok(Targets { networks, allow_http: self.allow_http })
    }

    /// Time for an answer.
    pub fn timeout(&self) -> anyhow::Result<std::time::Duration> {
        let seconds = self.timeout_seconds.unwrap_or(20);
        if !(5..=30).contains(&seconds) {
            return Err(Usage("settings: webhooks.timeout_seconds is 5 to 30".to_owned()).into());
        }
        Ok(std::time::Duration::from_secs(seconds))
    }
}

/// How `quittance serve` serves the pages; its flags come first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSetting {
    /// Where to listen: `127.0.0.1:8080`.
    pub listen: Option<std::net::SocketAddr>,
    /// The address people type: `https://quittance.example.com`.
    pub public_url: Option<String>,
    /// Certificate chain (PEM) for TLS of its own.
    pub tls_certificate: Option<PathBuf>,
    /// Key (PEM) of the certificate.
    pub tls_key: Option<PathBuf>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// A session not used for so many minutes is over. 5 to 1440.
    pub session_idle_minutes: Option<u32>,
    /// A session is over so many hours after the sign-in. 1 to 168.
    pub session_hours: Option<u32>,
    /// Identity providers.
    pub oidc: Vec<OidcSetting>,
}

/// An identity provider (OpenID Connect).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSetting {
    /// Name in addresses: lower-case letters and digits. The provider sends people back to `PUBLIC_URL/sign-in/back/ID`.
    pub id: String,
    /// Name on the button.
    pub name: String,
    /// Issuer URL.
    pub issuer: String,
    /// Our name with the provider.
    pub client_id: String,
    /// File that holds our secret with the provider; else it comes from `QUITTANCE_OIDC_ID_SECRET`.
    pub client_secret_file: Option<PathBuf>,
}

impl OidcSetting {
    /// The provider with its secret read, checked.
    pub fn provider(&self) -> anyhow::Result<quittance_web::settings::OidcProvider> {
        let wrong = |what: String| Usage(format!("settings: web.oidc {}: {what}", self.id));
        if self.id.is_empty() || !self.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(wrong("an id is lower-case letters and digits".to_owned()).into());
        }
        // Over a plain connection anybody on the way could answer in the provider's place.
        let is_local = ["http://127.0.0.1", "http://localhost"]
            .into_iter()
            .any(|host| self.issuer.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
        if !self.issuer.starts_with("https://") && !is_local {
            return Err(wrong(format!("the issuer `{}` does not begin with https://", self.issuer)).into());
        }
        let client_secret = match &self.client_secret_file {
            Some(path) => std::fs::read_to_string(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?,
            None => {
                let name = format!("QUITTANCE_OIDC_{}_SECRET", self.id.to_uppercase());
                variable(&name).ok_or_else(|| wrong(format!("set client_secret_file, or {name} in the environment")))?
            }
        };
        Ok(quittance_web::settings::OidcProvider {
            id: self.id.clone(),
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: client_secret.trim().to_owned(),
        })
    }
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
            key_file: None,
            read_from: None,
            model: ModelSetting::default(),
            entity: Vec::new(),
            web: WebSetting::default(),
            webhooks: WebhookSetting::default(),
            whatsapp: WhatsappSetting::default(),
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

    /// Opens the database the settings name. One that is not there or holds no book of this version is wrong use.
    pub async fn open(&self) -> anyhow::Result<(Database, Settings)> {
        let settings = self.settings()?;
        let database = Database::open(&settings.database).await.map_err(wrong_database)?.with_keys(settings.keys()?);
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

/// What cannot be opened, made or brought up to date was named wrongly; any other error of the store keeps its own kind.
pub fn wrong_database(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Unavailable(sentence) => Usage(sentence).into(),
        other => other.into(),
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

/// Policies by version, each read once.
#[derive(Default)]
pub struct PolicyShelf(std::collections::BTreeMap<String, Option<std::sync::Arc<Policy>>>);

impl PolicyShelf {
    /// The policy of a version, where the book has it or it is the built-in one.
    pub async fn of(&mut self, store: &Database, version: &str) -> anyhow::Result<Option<std::sync::Arc<Policy>>> {
        if let Some(known) = self.0.get(version) {
            return Ok(known.clone());
        }
        let text = store.policy_of(version).await?.unwrap_or_else(|| DEFAULT_POLICY.to_owned());
        // What was published once and cannot be read by this version any more is as good as missing.
        let policy = Policy::parse(&text).ok().filter(|policy| policy.version == version).map(std::sync::Arc::new);
        self.0.insert(version.to_owned(), policy.clone());
        Ok(policy)
    }
}

impl Settings {
    /// Reads the settings: the file named, else the one of `QUITTANCE_CONFIG`, else `quittance.toml` where there is one; then the environment.
    pub fn read(config: Option<&Path>) -> anyhow::Result<Self> {
        let file = config.map(Path::to_owned).or_else(|| variable("QUITTANCE_CONFIG").map(PathBuf::from));
        let read_from = file.clone().or_else(|| {
            // Where the reader below looks too: here, then in the folders above.
            let here = Path::new(".").canonicalize().ok()?;
            here.ancestors().map(|folder| folder.join("quittance.toml")).find(|file| file.is_file())
        });
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
        settings.read_from = read_from;
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

    /// The keys that seal secrets: those of `QUITTANCE_KEY`, else of the file that `QUITTANCE_KEY_FILE` or `key_file` names, else of
    /// `quittance.key` beside the settings, else beside the database, else here. The file need not be there yet.
    pub fn keys(&self) -> anyhow::Result<Keys> {
        let wrong = |error: SealError| Usage(error.to_string());
        if let Some(value) = variable("QUITTANCE_KEY") {
            return Ok(Keys::of_environment("QUITTANCE_KEY", &value).map_err(wrong)?);
        }
        let file = variable("QUITTANCE_KEY_FILE").map(PathBuf::from).or_else(|| self.key_file.clone()).unwrap_or_else(|| {
            let beside = self.read_from.clone().or_else(|| file_of(&self.database));
            beside.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).join("quittance.key")
        });
        Ok(Keys::of_file(&file).map_err(wrong)?)
    }

    /// Makes sure that the secrets of a database are sealed with its key, which the first start makes. Says on standard error what was done.
    pub async fn seal(&self, database: Database) -> anyhow::Result<Database> {
        let keys = Arc::new(self.keys()?);
        let database = database.with_keys(Arc::clone(&keys));
        let done = database.seal_secrets(SystemClock.now()).await.map_err(wrong_database)?;
        if done.made {
            let place = keys.place();
            eprintln!(
                "notice: made {place}, which seals the secrets in the database; keep a copy of it, apart from copies of the database"
            );
        }
        if done.first > 0 {
            eprintln!(
                "notice: {} secrets stood readable in the database and are sealed now; older backups still hold them",
                done.first
            );
        }
        if done.again > 0 {
            eprintln!("notice: {} secrets are sealed with the newest key now", done.again);
        }
        if keys.is_open_to_others() {
            eprintln!(
                "quittance: warning: everybody on this machine may read {}; take that right away (chmod 600)",
                keys.place()
            );
        }
        Ok(database)
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
        let policy = Policy::parse(&text).map_err(|error| {
            let file = self.policy.as_ref().map_or_else(|| "the built-in policy".to_owned(), |path| path.display().to_string());
            Usage(format!("{file}, {error}"))
        })?;
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
