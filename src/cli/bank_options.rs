//! Flags for what a bank file may leave open.

use std::path::PathBuf;

use quittance_agent::import::Placing;
use quittance_agent::ports_pages::Pages as _;
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;
use quittance_rules::records::ImportProfile;
use quittance_tools::intake::bank_file::BankFileOptions;
use quittance_tools::intake::profile::Profile;
use quittance_tools::store::Database;

use super::Usage;

/// The flags.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct BankOptions {
    /// The currency, for files that do not name one (QIF, some CSV)
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Order of day and month in QIF dates that do not show it
    #[arg(long, value_enum, value_name = "ORDER")]
    date_order: Option<Order>,
    /// Mapping profile for CSV and XLSX; with a database also the name of a saved one
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Order {
    /// 31/12/2026
    Dmy,
    /// 12/31/2026
    Mdy,
    /// 2026/12/31
    Ymd,
}

impl BankOptions {
    /// As [`Self::read`]; a profile that is no file may be the name of one saved in the database, and the others saved there recognise
    /// tables.
    pub async fn read_with(&self, database: &Database, placing: &Placing) -> anyhow::Result<BankFileOptions> {
        let mut saved = database.profiles().await?;
        if let Some(off) = saved.iter().find(|profile| !profile.is_on && self.means(&profile.name)) {
            let words = format!("--profile {}: it is switched off; switch it on with `quittance import profiles --on`", off.name);
            return Err(Usage(words).into());
        }
        saved.retain(|profile| profile.is_on);
        let named = match &self.profile {
            Some(_) => saved.iter().find(|profile| self.means(&profile.name)),
            None => None,
        };
        let mut options = match named {
            Some(_) => Self { profile: None, ..self.clone() }.read()?,
            None => self.read()?,
        };
        if let Some(named) = named {
            options.profile = Some(profile_of(named, placing.account.as_deref())?);
        }
        let (known, notices) = recognisable(&saved, placing);
        notices.iter().for_each(|notice| eprintln!("notice: {notice}"));
        options.saved = known;
        Ok(options)
    }

    /// Whether the profile asked for is the saved one of this name: no file is called so.
    fn means(&self, name: &str) -> bool {
        self.profile.as_ref().is_some_and(|path| !path.exists() && name == path.to_string_lossy())
    }

    /// Checks the flags and reads the profile.
    pub fn read(&self) -> anyhow::Result<BankFileOptions> {
        let currency = self.currency.as_deref().map(Currency::parse).transpose();
        let profile = self.profile.as_ref().map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| Usage(format!("--profile {}: {error}", path.display())))?;
            Profile::parse(&text).map_err(|error| Usage(format!("--profile {}: {error}", path.display())))
        });
        Ok(BankFileOptions {
            account: None,
            currency: currency.map_err(|error| Usage(format!("--currency: {error}")))?,
            date_order: self.date_order.map(|order| match order {
                Order::Dmy => DateOrder::Dmy,
                Order::Mdy => DateOrder::Mdy,
                Order::Ymd => DateOrder::Ymd,
            }),
            profile: profile.transpose()?,
            ..BankFileOptions::default()
        })
    }
}

/// A saved profile, ready to read with. An account that was said counts more than the one in the profile.
pub fn profile_of(saved: &ImportProfile, account: Option<&str>) -> anyhow::Result<Profile> {
    let profile = Profile::parse(&saved.text).map_err(|error| Usage(format!("the saved profile {}: {error}", saved.name)))?;
    Ok(placed(profile, account))
}

/// A profile for the account that was said, if any; that counts more than its own.
pub fn placed(profile: Profile, account: Option<&str>) -> Profile {
    let account = profile.account.as_deref().map(|own| account.unwrap_or(own).to_owned());
    Profile { account, ..profile }
}

/// The saved profiles that tables may be recognised by: those of the entity asked for, and those of every entity. One that cannot be read
/// is left out, and a notice names it.
pub fn recognisable(saved: &[ImportProfile], placing: &Placing) -> (Vec<Profile>, Vec<String>) {
    let fits = |profile: &&ImportProfile| match (&profile.entity, &placing.entity) {
        (Some(of), Some(asked)) => of == asked,
        (None, _) | (_, None) => true,
    };
    read_all(saved.iter().filter(|profile| profile.is_on).filter(fits))
}

/// Profiles ready to read with, and a notice for each that cannot be read.
pub fn read_all<'p>(saved: impl Iterator<Item = &'p ImportProfile>) -> (Vec<Profile>, Vec<String>) {
    let (mut known, mut notices) = (Vec::new(), Vec::new());
    for one in saved {
        match Profile::parse(&one.text) {
            Ok(profile) => known.push(profile),
            Err(error) => notices.push(format!("the saved profile {} was left out, it cannot be read: {error}", one.name)),
        }
    }
    (known, notices)
}
