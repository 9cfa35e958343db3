//! Mapping profiles that people saved: switching one off, so that no file is read with it any more, and on again.

use jiff::Timestamp;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::records::ImportProfile;

use crate::ports::{Store, StoreError};
use crate::ports_pages::Pages;

/// What came of switching a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switched {
    /// It stands otherwise now.
    Changed(ImportProfile),
    /// It stood so already; nothing was written.
    Already(ImportProfile),
    /// There is none of this name.
    Unknown,
}

/// Switches the profile of a name on or off. Nothing that was read with it changes.
///
/// # Errors
/// Of the store; a conflict where somebody changed it at the same time.
pub async fn switch<S: Store + Pages>(
    store: &S,
    by: Actor,
    now: Timestamp,
    name: &str,
    is_on: bool,
) -> Result<Switched, StoreError> {
    let Some(profile) = store.profiles().await?.into_iter().find(|profile| profile.name == name) else {
        return Ok(Switched::Unknown);
    };
    if profile.is_on == is_on {
        return Ok(Switched::Already(profile));
    }
    let changed = ImportProfile { version: profile.version.saturating_add(1), is_on, ..profile };
    store.apply(ChangeSet { by, at: now, changes: vec![Change::ProfileSet(changed.clone())] }).await?;
    Ok(Switched::Changed(changed))
}
