//! The language model of the settings, where one is wanted.

use std::time::Duration;

use quittance_agent::model::budget::{Budget, Prices};
use quittance_agent::model::ledger::MemoryLedger;
use quittance_agent::model::second::{Ask, SecondOpinion, SecondReader, SecondSettings};
use quittance_agent::ports::{EvidenceReader as Port, Unreadable};
use quittance_rules::evidence::Reading;
use quittance_rules::money::Currency;
use quittance_tools::clock::SystemClock;
use quittance_tools::evidence::EvidenceReader;
use quittance_tools::model::{Endpoint, HttpModel, Secret};
use quittance_tools::store::Database;
use rust_decimal::Decimal;

use super::Usage;
use super::settings::{AskSetting, ModelSetting, Settings, model_key};

/// Whether a model is asked.
#[derive(clap::Args, Debug, Clone, Copy, Default)]
pub struct ModelArgs {
    /// Let the language model of the settings look at what the rules leave open; its claims say `source: model` and decide nothing
    #[arg(long, conflicts_with = "no_model")]
    pub model: bool,
    /// Ask no model, whatever the settings say
    #[arg(long)]
    pub no_model: bool,
}

/// The model of the settings; `None` where they name none.
pub fn model_of(setting: &ModelSetting) -> anyhow::Result<Option<HttpModel>> {
    let Some(name) = &setting.name else { return Ok(None) };
    let wrong = |what: String| Usage(format!("settings: model: {what}"));
    let key = model_key()?.map(|key| Secret::new(&key)).transpose().map_err(|error| wrong(error.to_string()))?;
    let url = match (&setting.base_url, &key) {
        (Some(url), _) => url.as_str(),
        // The endpoint whose protocol the others speak; without a key it would answer nothing.
        (None, Some(_)) => "https://api.openai.com/v1",
        (None, None) => {
            return Err(wrong(format!("{name} is named, but neither OPENAI_BASE_URL nor OPENAI_API_KEY says where it is")).into());
        }
    };
    let mut endpoint = Endpoint::new(url, key, name);
    if let Some(seconds) = setting.timeout_seconds {
        if !(1..=600).contains(&seconds) {
            return Err(wrong("timeout_seconds is 1 to 600".to_owned()).into());
        }
        endpoint.timeout = Duration::from_secs(seconds);
    }
    if let Some(at_once) = setting.at_once {
        if !(1..=64).contains(&at_once) {
            return Err(wrong("at_once is 1 to 64".to_owned()).into());
        }
        endpoint.at_once = at_once;
    }
    endpoint.send_temperature = !setting.no_temperature;
    Ok(Some(HttpModel::new(endpoint).map_err(|error| wrong(error.to_string()))?))
}

/// A plain decimal of at most six places, in millionths.
fn micros(what: &str, text: &str) -> Result<u64, Usage> {
    let number: Option<Decimal> = text.parse().ok();
    number
        .and_then(|number| number.checked_mul(Decimal::from(1_000_000)))
        .filter(|micros| micros.is_integer() && !micros.is_sign_negative())
        .and_then(|micros| u64::try_from(micros).ok())
        .ok_or_else(|| Usage(format!("settings: model: {what} is a decimal such as \"0.15\", of at most six places")))
}

/// What is asked and what it may cost.
pub fn second_settings(setting: &ModelSetting) -> anyhow::Result<SecondSettings> {
    let prices = match (&setting.price_currency, &setting.price_in_per_million, &setting.price_out_per_million) {
        (Some(currency), Some(price_in), Some(price_out)) => Some(Prices {
            currency: Currency::parse(currency).map_err(|error| Usage(format!("settings: model: price_currency: {error}")))?,
            million_in_micros: micros("price_in_per_million", price_in)?,
            million_out_micros: micros("price_out_per_million", price_out)?,
        }),
        (None, None, None) => None,
        _ => {
            let all = "settings: model: price_currency, price_in_per_million and price_out_per_million go together";
            return Err(Usage(all.to_owned()).into());
        }
    };
    if setting.daily_money.is_some() && prices.is_none() {
        return Err(Usage("settings: model: daily_money needs the prices of the model".to_owned()).into());
    }
    Ok(SecondSettings {
        ask: match setting.ask {
            AskSetting::WhenUnsure => Ask::WhenUnsure,
            AskSetting::Always => Ask::Always,
        },
        budget: Budget {
            tokens_per_day: setting.daily_tokens,
            micros_per_day: setting.daily_money.as_deref().map(|text| micros("daily_money", text)).transpose()?,
            prices,
        },
        send_pictures: setting.send_pictures,
    })
}

/// The model, where one is wanted. `--model` without one is wrong use.
fn wanted(args: &ModelArgs, setting: &ModelSetting) -> anyhow::Result<Option<HttpModel>> {
    if args.no_model || !(args.model || setting.enabled) {
        return Ok(None);
    }
    let model = model_of(setting)?;
    if model.is_none() {
        let how = "no model is set: name it by QUITTANCE_MODEL, and its endpoint by OPENAI_BASE_URL or its key by OPENAI_API_KEY";
        return Err(Usage(how.to_owned()).into());
    }
    Ok(model)
}

/// Reads evidence, with or without a model.
pub enum ModelReader {
    /// By the rules alone.
    Rules(EvidenceReader),
    /// And a model.
    Second(Box<SecondReader<EvidenceReader, HttpModel, Database, SystemClock>>),
}

impl ModelReader {
    /// The reader that flags and settings ask for; answers and costs are kept in the database.
    pub fn new(args: &ModelArgs, settings: &Settings, database: &Database) -> anyhow::Result<Self> {
        let reader = EvidenceReader::of_this_program()?;
        Ok(match wanted(args, &settings.model)? {
            None => Self::Rules(reader),
            Some(model) => {
                let opinion = SecondOpinion::new(model, database.clone(), SystemClock, second_settings(&settings.model)?);
                Self::Second(Box::new(SecondReader::new(reader, opinion)))
            }
        })
    }

    /// Why answers of the model were missing.
    pub fn notices(&self) -> Vec<String> {
        match self {
            Self::Rules(_) => Vec::new(),
            Self::Second(second) => second.opinion.notices(),
        }
    }
}

impl Port for ModelReader {
    async fn read(&self, bytes: &[u8], name: &str) -> Result<Reading, Unreadable> {
        match self {
            Self::Rules(reader) => Port::read(reader, bytes, name).await,
            Self::Second(second) => second.read(bytes, name).await,
        }
    }
}

/// A model's second opinion without a database.
pub struct Second {
    opinion: SecondOpinion<HttpModel, MemoryLedger, SystemClock>,
    runtime: tokio::runtime::Runtime,
}

impl Second {
    /// `None` where no model is wanted. Settings are read only where a model may be wanted.
    pub fn new(args: &ModelArgs, settings: impl FnOnce() -> anyhow::Result<Settings>) -> anyhow::Result<Option<Self>> {
        if !args.model {
            // Reading without a database takes no part in what the settings enable for imports.
            return Ok(None);
        }
        let settings = settings()?;
        let Some(model) = wanted(args, &settings.model)? else { return Ok(None) };
        let opinion = SecondOpinion::new(model, MemoryLedger::default(), SystemClock, second_settings(&settings.model)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Some(Self { opinion, runtime }))
    }

    /// The reading with what the model adds, and notices.
    pub fn consider(&self, reading: Reading, bytes: &[u8]) -> (Reading, Vec<String>) {
        let reading = self.runtime.block_on(self.opinion.consider(reading, bytes));
        (reading, self.opinion.notices())
    }
}
