//! Mapping profiles: which column of a table is which field of a bank line, and how its amounts and dates are written.
//!
//! Known layouts are files in `profiles/`, embedded; a user's own is a file of the same form. What a profile leaves open (delimiter,
//! encoding, decimal mark, order of dates) is decided by evidence over the whole table or asked, never assumed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use quittance_rules::amount_text::DecimalMark;
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;
use serde::{Deserialize, Serialize};

use super::column_words::folded;

/// A field of a bank line that a column can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Date of booking.
    BookingDate,
    /// Value date.
    ValueDate,
    /// Signed amount; or its size, where `indicator` gives the side.
    Amount,
    /// Amount of a debit, in a column of its own.
    Debit,
    /// Amount of a credit, in a column of its own.
    Credit,
    /// The side of the account, in words.
    Indicator,
    /// ISO 4217 code.
    Currency,
    /// Our account.
    Account,
    /// Balance after the line.
    Balance,
    /// The other party, whichever side.
    CounterpartyName,
    /// The payer: the other party of a credit.
    PayerName,
    /// The payee: the other party of a debit.
    PayeeName,
    /// The other party's account.
    CounterpartyAccount,
    /// Free text; several columns are joined.
    Remittance,
    /// Creditor reference.
    StructuredReference,
    /// End-to-end identification.
    EndToEndId,
    /// The bank's reference of the booking.
    BankReference,
    /// The bank's word or code for the kind of transaction.
    TransactionCode,
    /// Charges.
    Fee,
    /// The instructed amount in another currency.
    OriginalAmount,
    /// Its currency.
    OriginalCurrency,
}

/// One column name or several. Of several the first that is filled counts; texts of `remittance` are joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(name) => std::slice::from_ref(name).iter(),
            Self::Several(names) => names.iter(),
        }
        .map(String::as_str)
    }
}

/// Rows told apart by the text of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsWhere {
    /// Column name.
    pub column: String,
    /// Texts, compared without case and accents.
    #[serde(default)]
    pub is: Vec<String>,
    /// Beginnings of texts, compared the same way.
    #[serde(default)]
    pub begins: Vec<String>,
}

impl RowsWhere {
    /// Whether a text of that column is one of these.
    pub fn matches(&self, text: &str) -> bool {
        let text = folded(text);
        self.is.iter().any(|t| folded(t) == text) || self.begins.iter().any(|t| text.starts_with(&folded(t)))
    }
}

/// A layout of a bank's table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// For people.
    pub name: String,
    /// Where the layout is documented, or since when it is exported.
    #[serde(default)]
    pub source: String,
    /// Column names that together tell this layout from all others. Empty in a user's own profile: there the columns must be.
    #[serde(default)]
    pub recognise: Vec<String>,
    /// `,` `;` tab `|`; seen from the header where absent.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// A WHATWG encoding label (`utf-8`, `windows-1252`, `utf-16le`); seen from the bytes where absent.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Lines before the header that hold no table, where they cannot be told from it. Otherwise the header is looked for.
    #[serde(default)]
    pub skip_lines: u64,
    /// The table has no header: columns are named by their places, `#1`, `#2` and so on. Such a table is never recognised by itself.
    #[serde(default)]
    pub headless: bool,
    /// Rows at the end that are no bank lines (totals).
    #[serde(default)]
    pub footer_rows: usize,
    /// `point` or `comma`; decided over the whole table where absent.
    #[serde(default)]
    pub decimal: Option<DecimalMark>,
    /// `ymd`, `dmy` or `mdy`; decided over the whole table where absent.
    #[serde(default)]
    pub date: Option<DateOrder>,
    /// Currency of all lines, where no column has it.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Our account, where no column has it.
    #[serde(default)]
    pub account: Option<String>,
    /// The file counts money going out as positive (card statements).
    #[serde(default)]
    pub out_is_positive: bool,
    /// `amount` is before the fee of its row, so the account changed by `amount` − `fee`.
    #[serde(default)]
    pub fee_is_extra: bool,
    /// Words of the `indicator` column that mean credit; the built-in ones are known anyway.
    #[serde(default)]
    pub credit_words: Vec<String>,
    /// Words of the `indicator` column that mean debit.
    #[serde(default)]
    pub debit_words: Vec<String>,
    /// Only these rows are booked; the others are taken as announced.
    #[serde(default)]
    pub booked: Option<RowsWhere>,
    /// These rows are no bank lines (opening balances, authorisations).
    #[serde(default)]
    pub no_line: Option<RowsWhere>,
    /// Field by field, the column names; `#3` is the third column, whatever its name.
    pub columns: BTreeMap<Field, Names>,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or an unknown key.
    #[error("the profile cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// It says too little or contradicts itself.
    #[error("the profile cannot be used: {0}")]
    Incomplete(String),
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// Says what is wrong with it, with the line where TOML knows it.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text)?;
        let has = |field| profile.columns.contains_key(&field);
        let incomplete = |what: &str| Err(ProfileError::Incomplete(what.to_owned()));
        if !has(Field::BookingDate) && !has(Field::ValueDate) {
            return incomplete("`columns` needs `booking_date` or `value_date`");
        }
        if !(has(Field::Amount) || has(Field::Debit) || has(Field::Credit)) {
            return incomplete("`columns` needs `amount`, or `debit` and `credit`");
        }
        if has(Field::Amount) && (has(Field::Debit) || has(Field::Credit)) {
            return incomplete("`columns` has `amount` beside `debit` or `credit`; keep one way");
        }
        if profile.delimiter.is_some_and(|d| !d.is_ascii() || d == '"' || d.is_ascii_alphanumeric() || d == '\n' || d == '\r') {
            return incomplete("`delimiter` must be one of , ; | or a tab (\\t)");
        }
        if let Some(label) = &profile.encoding
            && encoding_rs::Encoding::for_label(label.as_bytes()).is_none()
        {
            return Err(ProfileError::Incomplete(format!("`{label}` is no encoding; use utf-8, windows-1252 or utf-16le")));
        }
        Ok(profile)
    }

    /// The built-in layouts, read once.
    ///
    /// # Errors
    /// Never in a released program: a test reads them all.
    pub fn built_in() -> Result<&'static [Self], ProfileError> {
        static READ: LazyLock<Result<Vec<Profile>, String>> = LazyLock::new(|| {
            BUILT_IN.iter().map(|text| Profile::parse(text)).collect::<Result<_, _>>().map_err(|e| e.to_string())
        });
        READ.as_deref().map_err(|message| ProfileError::Incomplete(message.clone()))
    }

    /// Column names that must be in a header for this profile to apply.
    pub fn marks(&self) -> Vec<&str> {
        if !self.recognise.is_empty() {
            return self.recognise.iter().map(String::as_str).collect();
        }
        // A user's own profile: the date and the amount must be there, the rest may be.
        [Field::BookingDate, Field::ValueDate, Field::Amount, Field::Debit, Field::Credit]
            .iter()
            .filter_map(|field| self.columns.get(field).and_then(|names| names.iter().next()))
            .filter(|name| !is_place(name))
            .collect()
    }
}

/// Whether a column is named by its place: `#3`.
pub fn is_place(name: &str) -> bool {
    name.strip_prefix('#').is_some_and(|place| !place.is_empty() && place.bytes().all(|digit| digit.is_ascii_digit()))
}

const BUILT_IN: &[&str] = &[
    include_str!("profiles/bank_of_america.toml"),
    include_str!("profiles/bbva_es.toml"),
    include_str!("profiles/chase_card.toml"),
    include_str!("profiles/chase_checking.toml"),
    include_str!("profiles/commerzbank.toml"),
    include_str!("profiles/dkb_2023.toml"),
    include_str!("profiles/dkb_old.toml"),
    include_str!("profiles/ing_de.toml"),
    include_str!("profiles/ing_nl.toml"),
    include_str!("profiles/ing_nl_en.toml"),
    include_str!("profiles/mercury.toml"),
    include_str!("profiles/monzo.toml"),
    include_str!("profiles/n26_2024.toml"),
    include_str!("profiles/n26_old.toml"),
    include_str!("profiles/natwest.toml"),
    include_str!("profiles/paypal_de.toml"),
    include_str!("profiles/paypal_en.toml"),
    include_str!("profiles/rabobank.toml"),
    include_str!("profiles/revolut.toml"),
    include_str!("profiles/revolut_business.toml"),
    include_str!("profiles/sparkasse_camt.toml"),
    include_str!("profiles/sparkasse_mt940.toml"),
    include_str!("profiles/starling.toml"),
    include_str!("profiles/stripe_balance.toml"),
    include_str!("profiles/stripe_itemized.toml"),
    include_str!("profiles/wise.toml"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_reads_and_is_told_apart() {
        let profiles = Profile::built_in().expect("all built-in profiles are whole");
        assert_eq!(profiles.len(), BUILT_IN.len());
        for (index, profile) in profiles.iter().enumerate() {
            assert!(profile.recognise.len() >= 3, "{}: too few column names to be sure", profile.name);
            assert!(!profile.source.is_empty(), "{}: where is its layout documented?", profile.name);
            for other in profiles.iter().skip(index + 1) {
                let mut pair = [profile.marks(), other.marks()].map(|m| m.into_iter().map(folded).collect::<Vec<_>>());
                pair.iter_mut().for_each(|marks| marks.sort());
                assert_ne!(pair[0], pair[1], "{} and {}", profile.name, other.name);
            }
        }
    }

    #[test]
    fn bad_profiles_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "missing field"),
            ("name = 'x'\n[columns]\n", "booking_date"),
            ("name = 'x'\n[columns]\nbooking_date = 'D'\n", "`amount`"),
            ("name = 'x'\n[columns]\nbooking_date = 'D'\namount = 'A'\ndebit = 'B'\n", "keep one way"),
            ("name = 'x'\ncolour = 'red'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "colour"),
            ("name = 'x'\nencoding = 'klingon'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "no encoding"),
            ("name = 'x'\ndelimiter = 'a'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "delimiter"),
            ("name = 'x'\ndecimal = 'dot'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "dot"),
            ("name = 'x'\ncurrency = 'XYZ'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "XYZ"),
        ] {
            let error = Profile::parse(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
