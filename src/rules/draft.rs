//! The draft of a message about a case: words of a person around facts of the ledger. A fact stands in the text as its name in braces
//! (`{amount}`); only the ledger says what it reads like, so nobody can write another value in its place.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::amount_text::{DecimalMark, write_amount};
use crate::exceptions::ExceptionKind;
use crate::ledger::CaseId;
use crate::money::Money;

/// Longest text, in characters.
pub const TEXT_MAX: usize = 4_000;

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// A fact that may stand in a text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactName {
            $($(#[$doc])* $variant,)*
        }

        impl FactName {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name between the braces.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

facts! {
    /// Our name: of the entity whose books they are.
    Entity = "entity",
    /// The customer's name.
    Customer = "customer",
    /// The number of the case.
    Case = "case",
    /// What was paid.
    Amount = "amount",
    /// The day on which the bank booked it.
    BookingDate = "booking_date",
    /// The number of the invoice, or of several.
    Invoice = "invoice",
    /// What is open of these.
    OpenAmount = "open_amount",
    /// The day on which the first of them was due.
    DueDate = "due_date",
    /// By how much payment and open amount differ, without a sign.
    Difference = "difference",
}

impl FactName {
    /// The fact of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.name() == name)
    }
}

/// A language drafts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DraftLanguage {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
}

impl DraftLanguage {
    /// All of them; the first serves whoever has none of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language of a tag.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// An amount as letters of this language write it, the currency always shown: `EUR 1,180.00`, `1.180,00 EUR`.
    pub fn amount(self, amount: Money) -> String {
        let mark = match self {
            Self::English => DecimalMark::Point,
            Self::Spanish => DecimalMark::Comma,
        };
        let digits = write_amount(amount, mark, Some(mark.other().as_char()));
        match self {
            Self::English => format!("{} {digits}", amount.currency()),
            Self::Spanish => format!("{digits} {}", amount.currency()),
        }
    }

    /// A day as letters of this language write it, with the month in words: no reader takes it for another day.
    pub fn day(self, day: Date) -> String {
        let month = usize::try_from(day.month()).unwrap_or(1).saturating_sub(1);
        let (names, between): ([&str; 12], &str) = match self {
            Self::English => (
                [
                    "January",
                    "February",
                    "March",
                    "April",
                    "May",
                    "June",
                    "July",
                    "August",
                    "September",
                    "October",
                    "November",
                    "December",
                ],
                " ",
            ),
            Self::Spanish => (
                [
                    "enero",
                    "febrero",
                    "marzo",
                    "abril",
                    "mayo",
                    "junio",
                    "julio",
                    "agosto",
                    "septiembre",
                    "octubre",
                    "noviembre",
                    "diciembre",
                ],
                " de ",
            ),
        };
        let name = names.get(month).copied().unwrap_or_default();
        format!("{}{between}{name}{between}{}", day.day(), day.year())
    }
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Words of a person.
    Words(&'t str),
    /// A fact of the ledger.
    Fact(FactName),
}

/// Why a text is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Longer than any message.
    #[error("the draft has more than 4,000 characters; shorten it")]
    TooLong,
    /// Nothing in it.
    #[error("the draft is empty; write something, or take the template again")]
    Empty,
    /// Something that no letter holds.
    #[error("the draft holds a control character at place {0}; take it out")]
    Control(usize),
    /// A brace that belongs to no fact.
    #[error("`{0}` is no fact: facts are put in by the program and cannot be written or changed; take the template again")]
    Unknown(String),
    /// A fact that the template has is not in the text.
    #[error(
        "the fact {{{0}}} is missing: the words around facts can be changed, the facts cannot be taken out; put it back, or take the template again"
    )]
    Missing(&'static str),
    /// A fact stands in the text more often than in the template.
    #[error(
        "the fact {{{0}}} was added: the words around facts can be changed, facts cannot be added; take it out, or take the template again"
    )]
    Added(&'static str),
}

/// Takes a text apart into words and facts.
///
/// # Errors
/// For a brace that belongs to no fact.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, DraftError> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (words, from) = rest.split_at(at);
        let unknown = || DraftError::Unknown(from.chars().take(30).collect());
        let inner = from.strip_prefix('{').ok_or_else(unknown)?;
        let (name, after) = inner.split_once('}').ok_or_else(unknown)?;
        let fact = FactName::parse(name)
            .ok_or_else(|| DraftError::Unknown(format!("{{{}}}", name.chars().take(30).collect::<String>())))?;
        if !words.is_empty() {
            found.push(Piece::Words(words));
        }
        found.push(Piece::Fact(fact));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest));
    }
    Ok(found)
}

fn counted(text: &str) -> Result<BTreeMap<FactName, u32>, DraftError> {
    let mut counts: BTreeMap<FactName, u32> = BTreeMap::new();
    for piece in pieces(text)? {
        if let Piece::Fact(fact) = piece {
            let count = counts.entry(fact).or_default();
            *count = count.saturating_add(1);
        }
    }
    Ok(counts)
}

/// Whether a text may be kept: the facts of the template, each as often, in any order, and any words around them.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn check(text: &str, template: &str) -> Result<(), DraftError> {
    if text.chars().count() > TEXT_MAX {
        return Err(DraftError::TooLong);
    }
    if text.trim().is_empty() {
        return Err(DraftError::Empty);
    }
    if let Some(at) = text.chars().position(|c| c.is_control() && c != '\n') {
        return Err(DraftError::Control(at));
    }
    let (wanted, found) = (counted(template)?, counted(text)?);
    for fact in FactName::ALL {
        let count = |of: &BTreeMap<FactName, u32>| of.get(fact).copied().unwrap_or_default();
        match count(&found).cmp(&count(&wanted)) {
            std::cmp::Ordering::Less => return Err(DraftError::Missing(fact.name())),
            std::cmp::Ordering::Greater => return Err(DraftError::Added(fact.name())),
            std::cmp::Ordering::Equal => {}
        }
    }
    Ok(())
}

/// Templates of one language: a text for each kind that has one, and texts for whatever has none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// By kind of exception.
    kinds: BTreeMap<ExceptionKind, String>,
    /// For a case with a payment.
    payment: String,
    /// For a case without one.
    bare: String,
}

/// Why a file of templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplatesError {
    /// Not TOML of this form.
    #[error("the templates cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A text with a brace that belongs to no fact.
    #[error("the template `{0}`: {1}")]
    Text(String, DraftError),
}

impl Templates {
    /// Reads a file of templates.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TemplatesError> {
        let templates: Self = toml::from_str(text)?;
        let all = templates.kinds.iter().map(|(kind, text)| (kind.to_string(), text));
        let rest = [("payment".to_owned(), &templates.payment), ("bare".to_owned(), &templates.bare)];
        for (name, text) in all.chain(rest) {
            pieces(text).map_err(|error| TemplatesError::Text(name, error))?;
        }
        Ok(templates)
    }

    /// The template for a kind whose facts are all known, with its name; otherwise the one for a payment, or the one that needs least.
    pub fn choose(&self, kind: ExceptionKind, known: &BTreeMap<FactName, String>) -> (String, &str) {
        let fits = |text: &str| counted(text).is_ok_and(|facts| facts.keys().all(|fact| known.contains_key(fact)));
        if let Some(text) = self.kinds.get(&kind)
            && fits(text)
        {
            return (kind.to_string(), text.trim());
        }
        if fits(&self.payment) {
            return ("payment".to_owned(), self.payment.trim());
        }
        ("bare".to_owned(), self.bare.trim())
    }

    /// The text of a template by its name.
    pub fn named(&self, name: &str) -> Option<&str> {
        match name {
            "payment" => Some(self.payment.trim()),
            "bare" => Some(self.bare.trim()),
            _ => self.kinds.iter().find(|(kind, _)| kind.to_string() == name).map(|(_, text)| text.trim()),
        }
    }
}

/// A draft that was saved. The newest counts; the log has every one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The case.
    pub case: CaseId,
    /// Raised with every change.
    pub version: i64,
    /// The language it is written in.
    pub language: DraftLanguage,
    /// The template it was made of: version and name, `v1/short_payment`.
    pub template: String,
    /// The text, facts by name.
    pub text: String,
    /// Who saved it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn words_may_change_and_facts_may_not() {
        let template = "Dear {customer},\nwe received {amount}; {open_amount} is open.";
        for (text, wanted) in [
            (template, Ok(())),
            ("{amount} came, {open_amount} is open, dear {customer}!", Ok(())),
            ("Dear {customer}, {open_amount}", Err(DraftError::Missing("amount"))),
            ("{customer} {amount} {amount} {open_amount}", Err(DraftError::Added("amount"))),
            ("{customer} {amount} {open_amount} {case}", Err(DraftError::Added("case"))),
            ("{customer} {amount} {open_amount} {total}", Err(DraftError::Unknown("{total}".into()))),
            ("{customer} {Amount} {open_amount}", Err(DraftError::Unknown("{Amount}".into()))),
            ("{customer} {amount {open_amount}", Err(DraftError::Unknown("{amount {open_amount}".into()))),
            ("{customer} {amount} {open_amount} }", Err(DraftError::Unknown("}".into()))),
            ("{customer} {amount} {open_amount} {", Err(DraftError::Unknown("{".into()))),
            (" \n ", Err(DraftError::Empty)),
            ("{customer}\u{7}{amount}{open_amount}", Err(DraftError::Control(10))),
        ] {
            assert_eq!(check(text, template), wanted, "{text}");
        }
        assert_eq!(check(&"a".repeat(4_001), template), Err(DraftError::TooLong));
        let sentence = DraftError::Missing("amount").to_string();
        assert!(sentence.starts_with("the fact {amount} is missing"), "{sentence}");
    }

    #[test]
    fn amounts_and_days_as_letters_write_them() {
        let amount = Money::new(123_456_789, Currency::EUR);
        assert_eq!(DraftLanguage::English.amount(amount), "EUR 1,234,567.89");
        assert_eq!(DraftLanguage::Spanish.amount(amount), "1.234.567,89 EUR");
        assert_eq!(DraftLanguage::English.amount(Money::new(-2_050, Currency::EUR)), "EUR -20.50");
        let day = Date::constant(2026, 4, 3);
        assert_eq!(DraftLanguage::English.day(day), "3 April 2026");
        assert_eq!(DraftLanguage::Spanish.day(day), "3 de abril de 2026");
    }

    #[test]
    fn a_template_is_chosen_by_what_is_known() {
        let templates = Templates::parse(
            "payment = 'We received {amount}.'\nbare = 'About case {case}.'\n[kinds]\nshort_payment = '{amount} for {invoice}'\n",
        )
        .expect("a whole file");
        let know = |facts: &[FactName]| facts.iter().map(|fact| (*fact, "x".to_owned())).collect::<BTreeMap<_, _>>();
        let kind = ExceptionKind::ShortPayment;
        assert_eq!(templates.choose(kind, &know(&[FactName::Amount, FactName::Invoice])).0, "short_payment");
        assert_eq!(templates.choose(kind, &know(&[FactName::Amount])).0, "payment");
        assert_eq!(templates.choose(kind, &know(&[])).0, "bare");
        assert_eq!(templates.choose(ExceptionKind::Dispute, &know(&[FactName::Amount])).0, "payment");
        assert_eq!(templates.named("short_payment"), Some("{amount} for {invoice}"));
        for bad in [
            "payment = '{x}'\nbare = ''\n[kinds]\n",
            "payment = ''\n[kinds]\n",
            "payment = ''\nbare = ''\n[kinds]\nnothing = ''\n",
        ] {
            assert!(Templates::parse(bad).is_err(), "{bad}");
        }
    }
}
