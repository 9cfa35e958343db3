//! A question to the queue: filters, order, place. It is written in the address of a page, kept in a saved view, and sent to the
//! JSON interface, always in the same words.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{CustomerId, Entity, EntityId};
use serde::{Deserialize, Serialize};

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Past due first, oldest due time first, so that nothing starves; then what settles most money per minute.
    #[default]
    Worth,
    /// Most money at risk first.
    Risk,
    /// Oldest first.
    Age,
    /// Due soonest first.
    Due,
}

impl Order {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Worth, Self::Risk, Self::Age, Self::Due];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worth => "worth",
            Self::Risk => "risk",
            Self::Age => "age",
            Self::Due => "due",
        }
    }
}

/// Which cases by how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// That a person may decide now.
    #[default]
    Open,
    /// Out of sight until a day to come.
    Snoozed,
    /// Decided.
    Resolved,
    /// All there are.
    All,
}

impl Standing {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Open, Self::Snoozed, Self::Resolved, Self::All];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::All => "all",
        }
    }
}

/// Whose cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Of the person who asks.
    Me,
    /// Nobody's.
    Nobody,
    /// Of somebody.
    Person(String),
}

/// The time zone that entities share; UTC where they have several, or none.
pub fn shared_zone(entities: &[Entity]) -> &str {
    let mut zones = entities.iter().map(|entity| entity.time_zone.as_str());
    let first = zones.next().unwrap_or("UTC");
    if zones.all(|zone| zone == first) { first } else { "UTC" }
}

/// A question to the queue. All given conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only these entities, and what belongs to none; `None` for all. Set by who asks, never by the address.
    pub allowed: Option<Vec<EntityId>>,
    /// Who asks, for [`Owner::Me`].
    pub user: String,
    /// The instant, for what is due.
    pub now: Timestamp,
    /// The civil day at the desk, for what has been put off; the day in UTC where it is not set.
    pub day: Option<Date>,
    /// The days of entities where it is another day than at the desk.
    pub days: Vec<(EntityId, Date)>,
    /// Only this entity.
    pub entity: Option<EntityId>,
    /// Only this kind.
    pub kind: Option<ExceptionKind>,
    /// By how they stand.
    pub standing: Standing,
    /// Whose.
    pub owner: Option<Owner>,
    /// Only this customer.
    pub customer: Option<CustomerId>,
    /// Only this currency.
    pub currency: Option<Currency>,
    /// At least this amount, whatever its sign, in the currency asked for.
    pub amount_min: Option<Money>,
    /// At most this amount.
    pub amount_max: Option<Money>,
    /// Raised at least so many days ago; up to [`AGE_DAYS_MAX`].
    pub age_days_min: Option<u16>,
    /// Only past their due time.
    pub due: bool,
    /// Only of this group.
    pub group: Option<String>,
    /// Found by these words.
    pub text: Option<String>,
    /// In this order.
    pub order: Order,
    /// After this place; see [`super::ports::Page::next`].
    pub after: Option<String>,
    /// At most so many; 1 to 200.
    pub limit: u32,
}

/// Lines of a page when a question names no number.
pub const LINES: u32 = 50;
/// The most lines one answer has.
pub const LINES_MAX: u32 = 200;
/// The longest age a question asks for, in days: a century.
pub const AGE_DAYS_MAX: u16 = 36_500;

/// Why a text is no question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value}: {message}")]
pub struct BadQuery {
    /// The parameter.
    pub name: String,
    /// What it was given as.
    pub value: String,
    /// What is wrong, and what may stand there.
    pub message: String,
}

fn bad(name: &str, value: &str, message: impl Into<String>) -> BadQuery {
    BadQuery { name: name.to_owned(), value: value.chars().take(60).collect(), message: message.into() }
}

fn one_of<T: Copy>(name: &str, value: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Result<T, BadQuery> {
    let found = all.iter().copied().find(|choice| word(*choice) == value);
    found.ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|choice| word(*choice)).collect();
        bad(name, value, format!("it is one of {}", words.join(", ")))
    })
}

impl Query {
    /// Reads parameters by name. An empty value is as if it were not there; a name that is not known is an error, so that a
    /// misspelt filter never shows more than was asked for.
    pub fn parse<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Self, BadQuery> {
        let mut query = Self { limit: LINES, ..Self::default() };
        let (mut min, mut max) = (None, None);
        for (name, value) in pairs {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match name {
                "entity" => query.entity = Some(EntityId::parse(value).map_err(|error| bad(name, value, error.to_string()))?),
                "kind" => {
                    let kind = ExceptionKind::ALL.iter().find(|kind| kind.to_string() == value);
                    query.kind = Some(*kind.ok_or_else(|| bad(name, value, "there is no such kind of exception"))?);
                }
                "state" => query.standing = one_of(name, value, &Standing::ALL, Standing::name)?,
                "owner" => {
                    query.owner = Some(match value {
                        "me" => Owner::Me,
                        "nobody" => Owner::Nobody,
                        name => Owner::Person(name.chars().take(100).collect()),
                    });
                }
                "customer" => {
                    query.customer = Some(CustomerId::parse(value).map_err(|error| bad(name, value, error.to_string()))?);
                }
                "currency" => {
                    query.currency = Some(Currency::parse(value).map_err(|error| bad(name, value, error.to_string()))?);
                }
                "min" => min = Some(value),
                "max" => max = Some(value),
                "age" => {
                    let days = value.parse().ok().filter(|days| *days <= AGE_DAYS_MAX);
                    query.age_days_min =
                        Some(days.ok_or_else(|| bad(name, value, format!("it is a number of days, 0 to {AGE_DAYS_MAX}")))?);
                }
                "due" => query.due = one_of(name, value, &[false, true], |due| if due { "1" } else { "0" })?,
                "group" => query.group = Some(value.chars().take(300).collect()),
                "q" => query.text = Some(value.chars().take(200).collect()),
                "sort" => query.order = one_of(name, value, &Order::ALL, Order::name)?,
                "after" => query.after = Some(value.chars().take(100).collect()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=LINES_MAX).contains(limit));
                    query.limit = limit.ok_or_else(|| bad(name, value, format!("it is a number, 1 to {LINES_MAX}")))?;
                }
                _ => return Err(bad(name, value, "there is no such parameter")),
            }
        }
        for (name, value, place) in [("min", min, &mut query.amount_min), ("max", max, &mut query.amount_max)] {
            let Some(value) = value else { continue };
            let currency =
                query.currency.ok_or_else(|| bad(name, value, "an amount needs a currency beside it: currency=EUR"))?;
            *place = Some(Money::parse(value, currency).map_err(|error| bad(name, value, error.to_string()))?);
        }
        Ok(query)
    }

    /// The parameters of an address, by name: what [`Self::parse`] reads, without the place and without what is set by who asks.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        add("q", self.text.clone());
        add("kind", self.kind.map(|kind| kind.to_string()));
        add("entity", self.entity.as_ref().map(ToString::to_string));
        add("state", (self.standing != Standing::default()).then(|| self.standing.name().to_owned()));
        add(
            "owner",
            self.owner.as_ref().map(|owner| match owner {
                Owner::Me => "me".to_owned(),
                Owner::Nobody => "nobody".to_owned(),
                Owner::Person(name) => name.clone(),
            }),
        );
        add("customer", self.customer.as_ref().map(ToString::to_string));
        add("currency", self.currency.map(|currency| currency.to_string()));
        add("min", self.amount_min.map(Money::amount));
        add("max", self.amount_max.map(Money::amount));
        add("age", self.age_days_min.map(|days| days.to_string()));
        add("due", self.due.then(|| "1".to_owned()));
        add("group", self.group.clone());
        add("sort", (self.order != Order::default()).then(|| self.order.name().to_owned()));
        pairs
    }

    /// The parameters as an address has them after its `?`.
    pub fn address(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.pairs() {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            percent_encode(&value, &mut text);
        }
        text
    }

    /// The civil day: a case that was put off until it shows again.
    pub fn today(&self) -> Date {
        self.day.unwrap_or_else(|| self.now.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// Whether anything but the standing and the order is asked for.
    pub fn is_filtered(&self) -> bool {
        self.pairs().iter().any(|(name, _)| *name != "sort")
    }
}

/// Percent-encodes what is no unreserved character (RFC 3986 section 2.3).
pub fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                // Writing to a text does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// A place in an order, as [`super::ports::Page::next`] writes it: `TIER:KEY:CASE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// 0 for what is past due in [`Order::Worth`]; 1 for everything else.
    pub tier: u8,
    /// The value ordered by.
    pub key: i64,
    /// The case, among equals.
    pub case: i64,
}

impl Place {
    /// Before everything.
    pub const START: Self = Self { tier: 0, key: i64::MIN, case: i64::MIN };

    /// Reads a place; `None` for a text that this program did not write.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let tier = parts.next()?.parse().ok().filter(|tier| *tier <= 1)?;
        let key = parts.next()?.parse().ok()?;
        let case = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { tier, key, case })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.tier, self.key, self.case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_reads_back() {
        let pairs = [
            ("q", "acme & söhne"),
            ("kind", "short_payment"),
            ("entity", "e1"),
            ("state", "snoozed"),
            ("owner", "me"),
            ("customer", "C 1"),
            ("currency", "EUR"),
            ("min", "10.00"),
            ("max", "20.00"),
            ("age", "3"),
            ("due", "1"),
            ("sort", "age"),
        ];
        let query = Query::parse(pairs).expect("all are known");
        let again = query.pairs();
        let again = Query::parse(again.iter().map(|(name, value)| (*name, value.as_str()))).expect("its own words");
        assert_eq!(query, again);
        assert!(query.address().starts_with("q=acme%20%26%20s%C3%B6hne&kind=short_payment"));
    }

    #[test]
    fn refusals_name_the_parameter() {
        for (name, value, wanted) in [
            ("kind", "shortpayment", "no such kind"),
            ("sort", "money", "worth, risk, age, due"),
            ("min", "10", "currency=EUR"),
            ("limit", "0", "1 to 200"),
            ("limit", "201", "1 to 200"),
            ("age", "-1", "days"),
            ("age", "36501", "0 to 36500"),
            ("currency", "EURO", "EURO"),
            ("stat", "open", "no such parameter"),
        ] {
            let error = Query::parse([(name, value)]).expect_err(wanted).to_string();
            assert!(error.starts_with(name) && error.contains(wanted), "{error}");
        }
        assert_eq!(Query::parse([("kind", " ")]).map(|query| query.kind), Ok(None));
    }

    proptest! {
        #[test]
        fn any_text_is_a_question_or_a_refusal(name in "[a-z]{1,8}", value in ".{0,40}") {
            let _ = Query::parse([(name.as_str(), value.as_str())]);
            let _ = Place::parse(&value);
        }

        #[test]
        fn places_read_back(tier in 0_u8..2, key in any::<i64>(), case in any::<i64>()) {
            let place = Place { tier, key, case };
            prop_assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
    }
}
