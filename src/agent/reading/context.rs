//! What the document as a whole tells: its language, its currency, how it writes numbers and dates. Single values are read in its light.

use std::sync::LazyLock;

use quittance_rules::amount_text::{DecimalMark, read_amount};
use quittance_rules::date_text::DateOrder;
use quittance_rules::evidence::Word;
use quittance_rules::money::Currency;

use super::layout::Layout;
use super::lexicon::Lexicon;
use super::scan::{Amount, Scan};

/// Names of currencies and what points to them.
pub static CURRENCIES: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("lexicon/currencies.txt")));
static LANGUAGES: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("lexicon/languages.txt")));

/// A language the word lists know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // ISO 639-1.
pub enum Language {
    En,
    Es,
    Pt,
    Fr,
    De,
    It,
    Nl,
    Sv,
    Da,
    Nb,
    Pl,
}

/// The document's own evidence on how to read its values.
#[derive(Debug)]
pub struct Context {
    /// `None` when no language is clearly ahead.
    pub language: Option<Language>,
    /// Currencies named outright beside amounts or as a code.
    pub named: Vec<Currency>,
    /// What wallets, rails, countries and banks point to: (currency, weight), heaviest first. A wallet weighs 4, a country or bank 1.
    pub pointed: Vec<(Currency, u32)>,
    /// Amounts that can only be read with a decimal point.
    point_votes: usize,
    /// Amounts that can only be read with a decimal comma.
    comma_votes: usize,
    day_first_votes: usize,
    month_first_votes: usize,
    /// Dates that put the month's name first: `Sep 2, 2026`.
    month_names_first: usize,
    /// What amounts with the sign of the yen and the yuan look like: with a fraction, without.
    yen_fractions: (usize, usize),
    /// The paper is Turkish by its words, so a pound's sign in a picture is a lira's: readers of letters without Turkish know no `₺`.
    lira: Option<Currency>,
}

/// Adds to what points to a currency.
fn weigh(pointed: &mut Vec<(Currency, u32)>, currency: Currency, weight: u32) {
    match pointed.iter_mut().find(|(c, _)| *c == currency) {
        Some((_, sum)) => *sum = sum.saturating_add(weight),
        None => pointed.push((currency, weight)),
    }
}

impl Context {
    /// Weighs the document.
    pub fn of(layout: &Layout<'_>, scan: &Scan) -> Self {
        let mut order: Vec<usize> = (0..layout.tokens.len()).collect();
        order.sort_by_key(|&t| layout.tokens[t].word);
        let mut named: Vec<Currency> = scan.amounts.iter().filter_map(|a| a.currency).collect();
        for word in layout.words {
            named.extend(super::scan::lone_sign(&word.text));
            let text = word.text.trim_matches(|c: char| !c.is_alphanumeric());
            // A code in capitals that is also a plain word (ALL, TOP) names nothing; only codes that end no sentence by chance count.
            if COMMON_CODES.contains(&text)
                && let Ok(currency) = Currency::parse(text)
            {
                named.push(currency);
            }
        }
        let tokens: Vec<Option<u32>> = order.iter().map(|&t| CURRENCIES.token(&layout.tokens[t].folded, false)).collect();
        let mut pointed: Vec<(Currency, u32)> = Vec::new();
        let mut seen: Vec<(usize, String)> = Vec::new();
        for hit in CURRENCIES.find(&tokens) {
            let Some((how, code)) = CURRENCIES.keys()[hit.key].split_once(' ') else { continue };
            let Ok(currency) = Currency::parse(code) else { continue };
            let phrase =
                order[hit.start..hit.end].iter().map(|&t| layout.tokens[t].folded.as_str()).collect::<Vec<_>>().join(" ");
            // Repeating a word adds nothing.
            if seen.contains(&(hit.key, phrase.clone())) {
                continue;
            }
            seen.push((hit.key, phrase));
            let weight = match how {
                "only" => 4,
                "hint" => 1,
                _ => continue,
            };
            weigh(&mut pointed, currency, weight);
        }
        // `Portland, OR 97201`: an address of the United States, as nobody else writes one.
        let american = layout.words.windows(2).any(|w| {
            let (state, zip) = (w[0].text.as_str(), w[1].text.trim_end_matches([',', '.']));
            let zip = zip.get(..5).filter(|_| zip.len() == 5 || zip.len() == 10);
            US_STATES.contains(&state) && zip.is_some_and(|z| z.bytes().all(|b| b.is_ascii_digit()))
        });
        let american = american || layout.words.windows(2).any(|w| ends_with_state(&w[0], &w[1], layout));
        if american && let Ok(dollar) = Currency::parse("USD") {
            weigh(&mut pointed, dollar, 3);
        }
        pointed.sort_by_key(|&(c, w)| (std::cmp::Reverse(w), c));
        let mut unique = Vec::new();
        for currency in named {
            if !unique.contains(&currency) {
                unique.push(currency);
            }
        }
        let lira = Currency::parse("TRY").ok().filter(|lira| {
            let british = |c: &Currency| c.code() == "GBP";
            pointed.first().is_some_and(|(c, w)| c == lira && *w >= 2)
                && is_turkish_form(layout)
                && !pointed.iter().any(|(c, _)| british(c))
                && scan.amounts.iter().filter(|a| a.currency.as_ref().is_some_and(british)).all(|a| is_read_pound(layout, a))
        });
        if lira.is_some() {
            unique.retain(|c: &Currency| c.code() != "GBP");
        }
        let voters = || scan.amounts.iter().filter(|a| a.readings.len() == 1 && a.has_fraction);
        let dates = || scan.dates.iter().filter(|d| d.readings.len() == 1).filter_map(|d| d.readings[0].order);
        Self {
            language: language_of(layout),
            named: unique,
            pointed,
            point_votes: voters().filter(|a| a.readings[0].1 == Some(DecimalMark::Point)).count(),
            comma_votes: voters().filter(|a| a.readings[0].1 == Some(DecimalMark::Comma)).count(),
            month_names_first: scan.dates.iter().filter(|d| begins_with_month(layout, &d.words)).count(),
            lira,
            yen_fractions: {
                let yen = || scan.amounts.iter().filter(|a| a.shared_sign.as_deref().is_some_and(|s| s.starts_with('¥')));
                (yen().filter(|a| a.has_fraction).count(), yen().filter(|a| !a.has_fraction).count())
            },
            day_first_votes: dates().filter(|o| *o == DateOrder::Dmy).count(),
            month_first_votes: dates().filter(|o| *o == DateOrder::Mdy).count(),
        }
    }

    /// Probability that this document writes a decimal point, from its other numbers, its language and the currency.
    pub fn decimal_point(&self, currency: Option<Currency>) -> f64 {
        let prior = match (self.language, currency.map(Currency::code)) {
            (
                _,
                Some(
                    "PEN" | "MXN" | "USD" | "GBP" | "GTQ" | "DOP" | "HNL" | "BOB" | "INR" | "CAD" | "AUD" | "JPY" | "CHF" | "NIO"
                    | "CNY" | "KWD" | "BHD" | "OMR" | "JOD" | "AED" | "SAR" | "NGN" | "KES" | "NZD" | "SGD" | "HKD",
                ),
            ) => 0.9,
            (
                _,
                Some(
                    "COP" | "CLP" | "ARS" | "UYU" | "PYG" | "BRL" | "PLN" | "SEK" | "NOK" | "DKK" | "CZK" | "HUF" | "IDR" | "VND"
                    | "RON",
                ),
            ) => 0.06,
            (Some(Language::En), _) => 0.9,
            (Some(Language::Es | Language::Pt | Language::Fr | Language::De | Language::It | Language::Nl), Some("EUR")) => 0.08,
            (Some(Language::Es), _) => 0.5,
            (Some(_), _) => 0.1,
            (None, _) => 0.5,
        };
        // Every number that shows its mark makes that mark twenty times as likely, up to three numbers a side.
        tilted(prior, self.point_votes, self.comma_votes, 20.0)
    }

    /// The document has a date in numbers that can only have its month first.
    pub fn writes_month_first(&self) -> bool {
        self.month_first_votes > 0
    }

    /// Probability that day stands before month in dates written in numbers.
    pub fn day_first(&self) -> f64 {
        let dollars = self.names_or_points("USD");
        let prior = match self.language {
            Some(Language::En) if dollars => 0.12,
            Some(Language::En) if self.named.iter().chain(self.pointed.iter().map(|(c, _)| c)).next().is_some() => 0.9,
            Some(Language::En) => 0.5,
            Some(_) => 0.95,
            None if dollars => 0.3,
            None => 0.75,
        };
        tilted(prior, self.day_first_votes, self.month_first_votes, 30.0)
    }

    /// Names a currency, or words point to it at all.
    pub fn points_to(&self, code: &str) -> bool {
        self.named.iter().any(|c| c.code() == code) || self.pointed.iter().any(|(c, _)| c.code() == code)
    }

    /// A sign, a name or a code of the currency stands in the document.
    pub fn is_named(&self, code: &str) -> bool {
        self.named.iter().any(|c| c.code() == code)
    }

    fn names_or_points(&self, code: &str) -> bool {
        self.named.iter().any(|c| c.code() == code) || self.pointed.first().is_some_and(|(c, _)| c.code() == code)
    }

    /// The currency of an amount, with the probability that it is right. `None` when the document does not say.
    pub fn currency_of(&self, amount: &Amount) -> Option<(Currency, f64)> {
        if let Some(currency) = amount.currency {
            if let (Some(lira), "GBP") = (self.lira, currency.code()) {
                return Some((lira, 0.7));
            }
            // Botswana's pula is a P as well.
            if currency.code() == "PHP" && self.points_to("BWP") && !self.pointed.iter().any(|(c, _)| c.code() == "PHP") {
                return Currency::parse("BWP").ok().map(|pula| (pula, 0.9));
            }
            return Some((currency, 1.0));
        }
        if let Some(sign) = &amount.shared_sign {
            return self.shared(sign);
        }
        match self.named.as_slice() {
            [one] => Some((*one, 0.97)),
            [] => match self.pointed.as_slice() {
                [(one, weight), rest @ ..] if *weight >= 4 && rest.iter().all(|(_, w)| w.saturating_mul(2) <= *weight) => {
                    Some((*one, 0.95))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Which of the currencies that share a sign is meant.
    fn shared(&self, sign: &str) -> Option<(Currency, f64)> {
        // `R$` is often seen as `Rs`, and no paper has both reals and rupees.
        let rupees = ["INR", "PKR", "LKR", "NPR", "MUR"].iter().any(|code| self.points_to(code));
        if sign.starts_with("rs") && !rupees && (self.points_to("BRL") || self.language == Some(Language::Pt)) {
            return Currency::parse("BRL").ok().map(|real| (real, 0.95));
        }
        let fits = |currency: Currency| read_amount(sign, DecimalMark::Point, currency).is_ok();
        // Three countries write `kr`, each in its own language.
        let own = match self.language {
            Some(Language::Sv) => Currency::parse("SEK").ok(),
            Some(Language::Da) => Currency::parse("DKK").ok(),
            Some(Language::Nb) => Currency::parse("NOK").ok(),
            _ => None,
        };
        let mut scores: Vec<(Currency, u32)> = Vec::new();
        let named = self.named.iter().map(|&c| (c, 6));
        let pointed = self.pointed.iter().copied().chain(own.map(|c| (c, 3)));
        // `$` in a Mexican or Colombian paper is a peso; the dictionary of signs lists them all.
        for (currency, weight) in named.chain(pointed).filter(|(c, _)| fits(*c)) {
            weigh(&mut scores, currency, weight);
        }
        scores.sort_by_key(|&(c, w)| (std::cmp::Reverse(w), c));
        match scores.as_slice() {
            // A currency that is named and never has this sign: the sign was misread, or another currency is meant.
            [] if !self.named.is_empty() => None,
            [] => self.by_custom(sign),
            [(one, weight)] => Some((*one, if *weight >= 3 { 0.97 } else { 0.9 })),
            [(one, weight), (_, second), ..] if *weight >= second.saturating_mul(2) => Some((*one, 0.88)),
            _ => None,
        }
    }

    /// Where nothing names or points to a currency, how the document writes may leave one only.
    fn by_custom(&self, sign: &str) -> Option<(Currency, f64)> {
        let known = |code: &str, chance: f64| Currency::parse(code).ok().map(|c| (c, chance));
        if sign.starts_with('¥') {
            // The yen has no fraction; in China prices are written with theirs.
            return match self.yen_fractions {
                (0, _) => known("JPY", 0.85),
                (_, 0) => known("CNY", 0.9),
                _ => None,
            };
        }
        // In English an R is a rand: who writes of reals or rupees says so elsewhere too.
        if sign.starts_with("r ") && self.language == Some(Language::En) {
            return known("ZAR", 0.85);
        }
        // Of the countries with a dollar that write English, one puts the month first; Canada does at times, and names itself mostly.
        let month_first = self.month_first_votes.saturating_add(self.month_names_first);
        let american = self.language == Some(Language::En) && month_first > 0 && self.day_first_votes == 0;
        if sign.starts_with('$') && american { known("USD", 0.85) } else { None }
    }
}

/// The document's own words are those of a Turkish form, and none of them is of the pound.
fn is_turkish_form(layout: &Layout<'_>) -> bool {
    const FORM: [&str; 11] =
        ["tutar", "tutari", "dekont", "dekontu", "alici", "gonderen", "gonderildi", "islem", "aciklama", "havale", "odeme"];
    let has = |word: &&&str| layout.tokens.iter().any(|token| token.folded == **word);
    FORM.iter().filter(has).count() >= 2 && !["gbp", "sterling", "pound", "pounds"].iter().any(|word| has(&word))
}

/// The currency of this amount is a pound's sign that a reader of letters saw.
fn is_read_pound(layout: &Layout<'_>, amount: &Amount) -> bool {
    let sign = |w: &usize| layout.is_ocr(*w) && layout.words[*w].text.contains('£');
    amount.words.iter().chain(&amount.currency_words).any(sign)
}

/// `114 Main St, OH` at the end of a line: a state whose abbreviation is no country's and no other state's.
fn ends_with_state(before: &Word, state: &Word, layout: &Layout<'_>) -> bool {
    const NO_COUNTRY: [&str; 21] = [
        "AK", "DC", "FL", "HI", "IA", "KS", "MI", "NV", "NH", "NJ", "NM", "NY", "ND", "OH", "OK", "OR", "RI", "TX", "UT", "WV",
        "WI",
    ];
    let after =
        layout.words.iter().find(|w| w.region.page == state.region.page && w.line == state.line && w.region.x0 > state.region.x0);
    before.text.ends_with(',')
        && before.text.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && (before.line, before.region.page) == (state.line, state.region.page)
        && NO_COUNTRY.contains(&state.text.trim_end_matches('.'))
        && after.is_none()
}

fn begins_with_month(layout: &Layout<'_>, words: &[usize]) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = |at: usize| words.get(at).map(|&w| super::lexicon::fold(&layout.words[w].text)).unwrap_or_default();
    MONTHS.iter().any(|m| text(0).starts_with(m)) && text(1).starts_with(|c: char| c.is_ascii_digit()) && words.len() >= 3
}

/// Abbreviations of the states and the capital's district, as the United States Postal Service lists them.
const US_STATES: &[&str] = &[
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD",
    "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD",
    "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR",
];

/// Codes that a document prints by themselves (`Currency: EUR`), without those that are words too.
const COMMON_CODES: &[&str] = &[
    "EUR", "USD", "GBP", "CHF", "PEN", "MXN", "COP", "CLP", "ARS", "BRL", "UYU", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF", "RON",
    "CAD", "AUD", "NZD", "SGD", "HKD", "INR", "JPY", "CNY", "ZAR", "NGN", "KES", "AED", "SAR", "KWD", "TRY", "BOB", "GTQ", "CRC",
    "DOP", "PYG", "HNL", "NIO", "PHP", "IDR", "MYR", "THB", "VND", "KRW", "ILS", "EGP", "MAD", "TWD",
];

fn tilted(prior: f64, yes: usize, no: usize, strength: f64) -> f64 {
    let yes = i32::try_from(yes.min(3)).unwrap_or(3);
    let no = i32::try_from(no.min(3)).unwrap_or(3);
    let odds = prior / (1.0 - prior) * strength.powi(yes.saturating_sub(no));
    odds / (1.0 + odds)
}

fn language_of(layout: &Layout<'_>) -> Option<Language> {
    let mut counts = vec![0_u32; LANGUAGES.keys().len()];
    // A word may be of several languages; the list keeps each word's languages by scanning every line of the source.
    for token in &layout.tokens {
        if let Some(owners) = LANGUAGE_WORDS.get(token.folded.as_str()) {
            for &owner in owners {
                counts[owner] = counts[owner].saturating_add(1);
            }
        }
    }
    let mut ranked: Vec<(u32, usize)> = counts.iter().copied().enumerate().map(|(i, n)| (n, i)).collect();
    ranked.sort_by_key(|&(n, i)| (std::cmp::Reverse(n), i));
    let (best, second) = (ranked.first()?, ranked.get(1)?);
    if best.0 < 2 || best.0.saturating_mul(10) < second.0.saturating_mul(11) {
        return None;
    }
    Some(match LANGUAGES.keys()[best.1].as_str() {
        "en" => Language::En,
        "es" => Language::Es,
        "pt" => Language::Pt,
        "fr" => Language::Fr,
        "de" => Language::De,
        "it" => Language::It,
        "sv" => Language::Sv,
        "da" => Language::Da,
        "nb" => Language::Nb,
        "pl" => Language::Pl,
        _ => Language::Nl,
    })
}

static LANGUAGE_WORDS: LazyLock<std::collections::HashMap<String, Vec<usize>>> = LazyLock::new(|| {
    let mut words: std::collections::HashMap<String, Vec<usize>> = std::collections::HashMap::new();
    let lines = include_str!("lexicon/languages.txt").lines().filter(|l| !l.starts_with('#'));
    for (index, list) in lines.filter_map(|l| l.split_once('|')).map(|(_, list)| list).enumerate() {
        for word in list.split(';').map(super::lexicon::fold).filter(|w| !w.is_empty()) {
            words.entry(word).or_default().push(index);
        }
    }
    words
});
