//! What confirmations taught: aliases to rows and back.

use quittance_agent::ports::StoreError;
use quittance_rules::aliases::{Alias, AliasId, Standing};
use quittance_rules::ledger::DecisionId;
use quittance_rules::records::CustomerId;

use super::codec;
use super::engine::{Result, Row};
use super::tables::{self, Reader};

/// The row of an alias.
pub(super) fn row(alias: &Alias) -> Row {
    let (ended_by, revoked_by, revoked_at) = match &alias.standing {
        Standing::Active => (None, None, None),
        Standing::Shared { decision } | Standing::ThirdParty { decision } | Standing::Withdrawn { decision } => {
            (Some(decision.0), None, None)
        }
        Standing::Revoked { by, at } => (None, Some(by.to_string()), Some(at.as_microsecond())),
    };
    vec![
        alias.id.0.as_str().into(),
        alias.customer.as_str().into(),
        alias.kind.name().into(),
        alias.value.as_str().into(),
        alias.taught_by.0.into(),
        alias.taught_at.as_microsecond().into(),
        alias.teacher.to_string().into(),
        alias.standing.name().into(),
        ended_by.into(),
        revoked_by.into(),
        revoked_at.into(),
    ]
}

/// The alias of a row.
pub(super) fn read(row: Row) -> Result<Alias> {
    let key = row.first().map(super::engine::Value::bare).unwrap_or_default();
    let row = &mut Reader::new(tables::ALIASES, row);
    let id = AliasId(row.text()?);
    let customer = row.parse(CustomerId::parse)?;
    let kind = row.parse(codec::named)?;
    let value = row.text()?;
    let taught_by = DecisionId(row.int()?);
    let taught_at = codec::read_instant(row)?;
    let teacher = row.parse(codec::actor)?;
    let standing = row.text()?;
    let ended_by = row.opt_int()?.map(DecisionId);
    let revoked_by = row.opt_parse(codec::actor)?;
    let revoked_at = row.opt_int()?.map(jiff::Timestamp::from_microsecond).transpose().map_err(|error| row.bad(error))?;
    let standing = match (standing.as_str(), ended_by, revoked_by, revoked_at) {
        ("active", None, None, None) => Standing::Active,
        ("shared", Some(decision), None, None) => Standing::Shared { decision },
        ("third_party", Some(decision), None, None) => Standing::ThirdParty { decision },
        ("withdrawn", Some(decision), None, None) => Standing::Withdrawn { decision },
        ("revoked", None, Some(by), Some(at)) => Standing::Revoked { by, at },
        _ => {
            let message = format!("`{standing}` does not fit the columns beside it");
            return Err(StoreError::BadRow { table: "aliases", row: key, column: "standing", message });
        }
    };
    Ok(Alias { id, customer, kind, value, taught_by, taught_at, teacher, standing })
}
