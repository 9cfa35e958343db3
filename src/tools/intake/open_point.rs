//! What a table leaves open, and what whoever brings it can do about it: a clerk on a page says it there, on the command line it stands in
//! a profile.

use quittance_rules::amount_text::DecimalMark;
use quittance_rules::date_text::DateOrder;

/// Where somebody is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asked {
    /// On the command line, or in a stored case: profiles and flags.
    #[default]
    CommandLine,
    /// On the page on which columns are named.
    Page,
}

/// What a table leaves open, or says otherwise than the profile it is read with. Nothing of it is taken until somebody has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OpenPoint {
    /// Two columns, or two saved profiles, that could both be meant; the sentence names them.
    Clash(String),
    /// Amounts that can be read with either mark.
    Decimal {
        /// One of them.
        example: String,
    },
    /// Dates that can be read in several orders.
    DateOrder {
        /// One of them.
        example: String,
    },
    /// No currency anywhere.
    Currency,
    /// No column is known.
    Layout {
        /// The row that looks most like a header.
        row: String,
    },
    /// The profile says how amounts are written, and the file shows another way.
    OtherDecimal {
        /// Name of the profile.
        profile: String,
        /// What it says.
        says: DecimalMark,
        /// An amount that cannot be read so.
        example: String,
    },
    /// The profile says how dates are written, and the file shows another way.
    OtherDateOrder {
        /// Name of the profile.
        profile: String,
        /// What it says.
        says: DateOrder,
        /// A date that cannot be read so.
        example: String,
    },
}

fn mark_words(mark: DecimalMark) -> &'static str {
    match mark {
        DecimalMark::Point => "a decimal point",
        DecimalMark::Comma => "a decimal comma",
    }
}

fn order_words(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Ymd => "the year first",
        DateOrder::Dmy => "the day first",
        DateOrder::Mdy => "the month first",
    }
}

impl OpenPoint {
    /// The field that is open.
    pub(super) fn field(&self) -> Option<&'static str> {
        match self {
            Self::Clash(_) | Self::Layout { .. } => None,
            Self::Decimal { .. } | Self::OtherDecimal { .. } => Some("amount"),
            Self::DateOrder { .. } | Self::OtherDateOrder { .. } => Some("booking_date"),
            Self::Currency => Some("currency"),
        }
    }

    /// What is open, and what to do, where one is asked.
    pub(super) fn sentence(&self, asked: Asked) -> String {
        let is_page = asked == Asked::Page;
        match self {
            Self::Clash(clash) if is_page => format!("{clash}; say which is which"),
            Self::Clash(clash) => format!("{clash}; say which is which in a profile and pass it with --profile"),
            Self::Decimal { example } => format!(
                "amounts such as `{example}` can be read with a decimal point or a decimal comma, and the file does not decide; {}",
                if is_page { "say how amounts are written" } else { "set `decimal` in a profile and pass it with --profile" }
            ),
            Self::DateOrder { example } => format!(
                "dates such as `{example}` can be read with the day or the month first, and the file does not decide; {}",
                if is_page { "say how dates are written" } else { "set `date` in a profile and pass it with --profile" }
            ),
            Self::Currency if is_page => "the file names no currency; say which it is".to_owned(),
            Self::Currency => "the file names no currency; pass it with --currency, or set `currency` in a profile".to_owned(),
            Self::Layout { row } => format!(
                "the layout of this table is not known, and its columns do not say which is the date and which the amount{}. The row with \
                 most fields reads: {row}",
                if is_page { "" } else { "; write a profile and pass it with --profile" }
            ),
            Self::OtherDecimal { profile, says, example } => format!(
                "the amount `{example}` cannot be read with {}, as the profile `{profile}` says, and other amounts of this file could be read \
                 wrongly, so nothing was taken; {}",
                mark_words(*says),
                if is_page {
                    "say how amounts are written"
                } else {
                    "correct `decimal` in the profile, or read the file without it"
                }
            ),
            Self::OtherDateOrder { profile, says, example } => format!(
                "the date `{example}` cannot be read with {}, as the profile `{profile}` says, and other dates of this file could be read \
                 wrongly, so nothing was taken; {}",
                order_words(*says),
                if is_page { "say how dates are written" } else { "correct `date` in the profile, or read the file without it" }
            ),
        }
    }
}
