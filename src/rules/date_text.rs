//! Dates as people and banks write them: `31.03.2026`, `20260331`, `Mar 31, 2026`, `31 de marzo de 2026`, `1er mars 2026`.
//!
//! Numbers alone do not say which is the day: `03/04/2026` has two readings, and both are given. Only the Gregorian calendar
//! and years 1900 to 2199 count. Two-digit years are read in the window 1970 to 2069 (70–99 are 19xx, 00–69 are 20xx).

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::amount_text::{decimal_digit, is_invisible};

/// The order of day, month and year in dates written in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// `2026-03-31`, `20260331`
    Ymd,
    /// `31.03.2026`
    Dmy,
    /// `03/31/2026`
    Mdy,
}

impl DateOrder {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ymd, Self::Dmy, Self::Mdy];
}

/// One way to read a text as a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateReading {
    /// The civil date.
    pub date: Date,
    /// The order this reading needs; `None` when the text itself decides: a month name, or the same date in every order that fits.
    pub order: Option<DateOrder>,
}

/// Why a text is no date under a known order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateTextError {
    /// Nothing but space.
    #[error("the date is empty")]
    Empty,
    /// The text is shaped as a date, but the calendar has no such day.
    #[error("`{0}` is a date that does not exist")]
    NoSuchDay(String),
    /// A date in another order than the one asked for.
    #[error("`{text}` is not a date written {}", match .order { DateOrder::Ymd => "year-month-day", DateOrder::Dmy => "day-month-year", DateOrder::Mdy => "month-day-year" })]
    OtherOrder {
        /// The text.
        text: String,
        /// The order asked for.
        order: DateOrder,
    },
    /// Not shaped as a date.
    #[error("`{0}` is not a date")]
    NotADate(String),
}

/// Every reading of a text as a date, none when it is no date or the day does not exist (`31.02.2026`). A weekday before it is
/// read over, and decides between two readings when it fits only one. A time of day after it is read over.
///
/// Names and abbreviations of months are known in English, Spanish, Portuguese, French, German, Italian and Dutch.
pub fn date_readings(text: &str) -> Vec<DateReading> {
    let Some(parts) = take_apart(text) else { return Vec::new() };
    let mut readings: Vec<DateReading> = Vec::with_capacity(2);
    for order in DateOrder::ALL {
        if matches!(parts.shape, Shape::Packed(ref digits) if digits.len() == 6) {
            continue;
        }
        let Some(date) = parts.date(order) else { continue };
        match readings.iter_mut().find(|r| r.date == date) {
            Some(same) => same.order = None,
            None => readings
                .push(DateReading { date, order: if matches!(parts.shape, Shape::Named { .. }) { None } else { Some(order) } }),
        }
    }
    if let Some(weekday) = parts.weekday
        && readings.iter().any(|r| r.date.weekday() == weekday)
    {
        readings.retain(|r| r.date.weekday() == weekday);
    }
    readings
}

/// Reads a date whose numbers stand in a known order; dates with a month name are read in any order. Strict: `2026-03-31` is
/// refused where the day comes first. Six digits without separators (`260331`) are a date only here, where the order is known.
///
/// # Errors
/// Says whether the text is no date, a date in another order, or a day that does not exist.
pub fn read_date(text: &str, order: DateOrder) -> Result<Date, DateTextError> {
    if let Some(date) = plain(text, order) {
        return Ok(date);
    }
    let shown = || text.trim().chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    if text.trim().is_empty() {
        return Err(DateTextError::Empty);
    }
    let parts = take_apart(text).ok_or_else(|| DateTextError::NotADate(shown()))?;
    parts.date(order).ok_or_else(|| {
        if DateOrder::ALL.into_iter().any(|other| parts.date(other).is_some()) {
            DateTextError::OtherOrder { text: shown(), order }
        } else {
            DateTextError::NoSuchDay(shown())
        }
    })
}

/// The shapes that fill statement files, read without taking the text apart: ten characters with one separator, or eight digits.
fn plain(text: &str, order: DateOrder) -> Option<Date> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i16> {
        bytes.get(from..to)?.iter().try_fold(0_i16, |n, b| {
            if !b.is_ascii_digit() {
                return None;
            }
            n.checked_mul(10)?.checked_add(i16::from(b.saturating_sub(b'0')))
        })
    };
    let separated = |one: usize, two: usize| {
        let separator = bytes.get(one)?;
        (matches!(separator, b'-' | b'/' | b'.') && bytes.get(two) == Some(separator)).then_some(())
    };
    let (year, month, day) = match (bytes.len(), order) {
        (10, DateOrder::Ymd) => {
            separated(4, 7)?;
            (number(0, 4)?, number(5, 7)?, number(8, 10)?)
        }
        (10, DateOrder::Dmy) => {
            separated(2, 5)?;
            (number(6, 10)?, number(3, 5)?, number(0, 2)?)
        }
        (10, DateOrder::Mdy) => {
            separated(2, 5)?;
            (number(6, 10)?, number(0, 2)?, number(3, 5)?)
        }
        (8, DateOrder::Ymd) => (number(0, 4)?, number(4, 6)?, number(6, 8)?),
        (8, DateOrder::Dmy) => (number(4, 8)?, number(2, 4)?, number(0, 2)?),
        (8, DateOrder::Mdy) => (number(4, 8)?, number(0, 2)?, number(2, 4)?),
        _ => return None,
    };
    civil(year, month, day)
}

/// A text longer than this is no date.
const LONGEST: usize = 64;

struct Parts {
    shape: Shape,
    weekday: Option<Weekday>,
}

enum Shape {
    /// Three numbers as written, between one kind of separator.
    Numbers(String, String, String),
    /// Eight or six digits.
    Packed(String),
    /// The month is a word.
    Named { year: i16, month: i16, day: i16 },
}

impl Parts {
    fn date(&self, order: DateOrder) -> Option<Date> {
        match &self.shape {
            Shape::Named { year, month, day } => civil(*year, *month, *day),
            Shape::Packed(digits) => {
                let year_length = digits.len().checked_sub(4)?;
                let at = |from: usize, length: usize| digits.get(from..from.checked_add(length)?);
                let (year, month, day) = match order {
                    DateOrder::Ymd => (at(0, year_length)?, at(year_length, 2)?, at(year_length.checked_add(2)?, 2)?),
                    DateOrder::Dmy => (at(4, year_length)?, at(2, 2)?, at(0, 2)?),
                    DateOrder::Mdy => (at(4, year_length)?, at(0, 2)?, at(2, 2)?),
                };
                civil(full_year(year)?, short(month)?, short(day)?)
            }
            Shape::Numbers(a, b, c) => {
                let (year, month, day) = match order {
                    DateOrder::Ymd => (a, b, c),
                    DateOrder::Dmy => (c, b, a),
                    DateOrder::Mdy => (c, a, b),
                };
                civil(full_year(year)?, short(month)?, short(day)?)
            }
        }
    }
}

fn civil(year: i16, month: i16, day: i16) -> Option<Date> {
    if !(1900..=2199).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Four digits as they are, two digits in the window 1970 to 2069.
fn full_year(text: &str) -> Option<i16> {
    let year: i16 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if year >= 70 => year.checked_add(1900),
        2 => year.checked_add(2000),
        _ => None,
    }
}

fn short(text: &str) -> Option<i16> {
    if text.is_empty() || text.len() > 2 { None } else { text.parse().ok() }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Number(String),
    Word(String),
    Mark(char),
}

fn take_apart(text: &str) -> Option<Parts> {
    let mut folded = String::with_capacity(text.len().min(LONGEST));
    for c in text.trim().chars().filter(|&c| !is_invisible(c)).take(LONGEST.saturating_add(1)) {
        if let Some(digit) = decimal_digit(c).and_then(|d| char::from_digit(d, 10)) {
            folded.push(digit);
        } else {
            match c {
                '年' | '月' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' => folded.push('-'),
                '日' => {}
                '\u{FF0F}' => folded.push('/'),
                '\u{FF0E}' => folded.push('.'),
                '\u{2018}' | '\u{2019}' => folded.push('\''),
                c if c.is_whitespace() => folded.push(' '),
                c => folded.extend(c.to_lowercase().map(unaccented)),
            }
        }
    }
    if folded.chars().count() > LONGEST {
        return None;
    }
    let mut tokens = tokens(without_time(&folded));
    let weekday = take_weekday(&mut tokens);
    tokens.retain(|t| *t != Token::Mark(' '));
    match tokens.as_slice() {
        [Token::Number(digits)] if matches!(digits.len(), 6 | 8) => Some(Parts { shape: Shape::Packed(digits.clone()), weekday }),
        [Token::Number(a), Token::Mark(one), Token::Number(b), Token::Mark(two), Token::Number(c)]
            if one == two && matches!(one, '-' | '/' | '.') && a.len() <= 4 && b.len() <= 2 && c.len() <= 4 =>
        {
            Some(Parts { shape: Shape::Numbers(a.clone(), b.clone(), c.clone()), weekday })
        }
        [Token::Number(a), Token::Number(b), Token::Number(c)] if a.len() <= 4 && b.len() <= 2 && c.len() <= 4 => {
            Some(Parts { shape: Shape::Numbers(a.clone(), b.clone(), c.clone()), weekday })
        }
        _ => named(&tokens).map(|shape| Parts { shape, weekday }),
    }
}

/// A lower-case letter without its accent, for the languages above; other characters as they are.
pub fn unaccented(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' | 'ă' | 'ā' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' | 'ė' | 'ē' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ī' | 'į' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ő' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'ů' | 'ű' | 'ū' | 'ų' => 'u',
        'ý' => 'y',
        'ç' | 'ć' | 'č' => 'c',
        'ď' => 'd',
        'ğ' => 'g',
        'ł' | 'ľ' | 'ĺ' | 'ļ' => 'l',
        'ń' | 'ñ' | 'ň' | 'ņ' => 'n',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ț' => 't',
        'ź' | 'ż' | 'ž' => 'z',
        c => c,
    }
}

/// Cuts `t10:15:00z`, ` 10:15:22`, ` 10:15 am`, `+02:00` and the like off the end.
fn without_time(text: &str) -> &str {
    let Some(colon) = text.find(':') else { return text.strip_suffix('z').unwrap_or(text) };
    let before = text.get(..colon).unwrap_or_default();
    let hour_at = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let hour_length = before.len().saturating_sub(hour_at);
    let date = before.get(..hour_at).unwrap_or_default();
    if !(1..=2).contains(&hour_length) {
        return text;
    }
    let rest = text.get(colon..).unwrap_or_default();
    let is_time = rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | ',' | '+' | '-' | ' ')) || {
        let words = rest.trim_start_matches(|c: char| !c.is_alphabetic());
        matches!(
            words.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '+' | '-' | '.')).trim(),
            "am" | "pm" | "a.m" | "p.m" | "z" | "utc" | "gmt" | "h" | "hs" | "hrs" | "uhr" | "cet" | "cest" | "pet"
        )
    };
    // `2026-03-31t10:…`, `31.03.2026, 10:…`, `2026-03-31+02:00` (a date with its zone, as XML writes it).
    let cut = date
        .strip_suffix(['t', '+'])
        .or_else(|| date.strip_suffix(" - "))
        .or_else(|| date.strip_suffix([' ', '-']).filter(|d| d.len() >= 10 || date.ends_with(' ')));
    match cut {
        Some(date) if is_time => date.trim_end_matches([' ', ',']),
        Some(_) | None => text,
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::with_capacity(8);
    for c in text.chars() {
        match (c, found.last_mut()) {
            (c, Some(Token::Number(digits))) if c.is_ascii_digit() => digits.push(c),
            (c, _) if c.is_ascii_digit() => found.push(Token::Number(c.to_string())),
            (c, Some(Token::Word(word))) if c.is_alphabetic() => word.push(c),
            (c, _) if c.is_alphabetic() => found.push(Token::Word(c.to_string())),
            (' ', Some(Token::Mark(' '))) => {}
            (c, _) => found.push(Token::Mark(c)),
        }
    }
    found
}

/// Takes a weekday off the front. `mar` is Tuesday only when another word remains to be the month, or the date is in numbers.
fn take_weekday(tokens: &mut Vec<Token>) -> Option<Weekday> {
    let Some(Token::Word(word)) = tokens.first() else { return None };
    let index = WEEKDAYS.iter().position(|names| names.contains(&word.as_str()))?;
    let numbers = tokens.iter().filter(|t| matches!(t, Token::Number(_))).count();
    let other_month = tokens.iter().skip(1).any(|t| matches!(t, Token::Word(w) if month_of(w).is_some()));
    if month_of(word).is_some() && !other_month && numbers < 3 {
        return None;
    }
    let mut rest = 1;
    if matches!(tokens.get(1..3), Some([Token::Mark('-'), Token::Word(feira)]) if feira == "feira") {
        rest = 3;
    }
    while matches!(tokens.get(rest), Some(Token::Mark(' ' | ',' | '.'))) {
        rest = rest.saturating_add(1);
    }
    tokens.drain(..rest);
    Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()
}

/// Day, month name and year in the orders D M Y, M D Y and Y M D. A two-digit year is taken only where it stands last.
fn named(tokens: &[Token]) -> Option<Shape> {
    let mut numbers: Vec<(usize, &str)> = Vec::with_capacity(2);
    let mut month = None;
    for token in tokens {
        match token {
            Token::Number(digits) => numbers.push((usize::from(month.is_some()), digits)),
            Token::Word(word) => match month_of(word) {
                Some(number) if month.is_none() => month = Some(number),
                Some(_) => return None,
                None if FILLERS.contains(&word.as_str()) => {}
                None => return None,
            },
            Token::Mark('.' | ',' | '-' | '/' | '\'' | 'º' | 'ª' | '°') => {}
            Token::Mark(_) => return None,
        }
    }
    let month = month?;
    let (year, day) = match numbers.as_slice() {
        [(0, year), (1, day)] if year.len() == 4 => (year, day),
        [(0, day), (1, year)] => (year, day),
        [(1, day), (1, year)] => (year, day),
        _ => return None,
    };
    Some(Shape::Named { year: full_year(year)?, month, day: short(day)? })
}

/// Words between the parts, and ordinal endings.
const FILLERS: &[&str] = &[
    "de", "del", "of", "the", "do", "di", "den", "der", "le", "el", "il", "st", "nd", "rd", "th", "er", "re", "ro", "e", "o",
    "º", "ª", "d",
];

fn month_of(word: &str) -> Option<i16> {
    let index = MONTHS.iter().position(|names| names.contains(&word))?;
    i16::try_from(index).ok()?.checked_add(1)
}

/// January to December; lower case without accents; en, es, pt, fr, de, it, nl, tr, id, ro, cs, pl, hu,
/// fi, ca, sk, sl, et, lv, lt. Croatian is left out: its October is November in Polish and Czech. Source: Unicode CLDR, wide and abbreviated forms.
const MONTHS: [&[&str]; 12] = [
    &[
        "january",
        "jan",
        "enero",
        "ene",
        "janeiro",
        "janvier",
        "janv",
        "januar",
        "janner",
        "jaenner",
        "gennaio",
        "gen",
        "januari",
        "ocak",
        "ianuarie",
        "ian",
        "ledna",
        "stycznia",
        "sty",
        "tammikuuta",
        "gener",
        "januara",
        "januarja",
        "jaanuar",
        "janvaris",
        "sausio",
    ],
    &[
        "february",
        "feb",
        "febrero",
        "fevereiro",
        "fev",
        "fevrier",
        "fevr",
        "februar",
        "feber",
        "febbraio",
        "febb",
        "februari",
        "subat",
        "pebruari",
        "februarie",
        "febr",
        "unora",
        "lutego",
        "lut",
        "helmikuuta",
        "febrer",
        "februara",
        "februarja",
        "veebruar",
        "februaris",
        "vasario",
    ],
    &[
        "march",
        "mar",
        "marzo",
        "marco",
        "mars",
        "marz",
        "maerz",
        "mrz",
        "maart",
        "mrt",
        "maret",
        "martie",
        "marcius",
        "marc",
        "brezna",
        "marca",
        "maaliskuuta",
        "marts",
        "kovo",
    ],
    &[
        "april",
        "apr",
        "abril",
        "abr",
        "avril",
        "avr",
        "aprile",
        "nisan",
        "aprilie",
        "aprilis",
        "dubna",
        "kwietnia",
        "kwi",
        "huhtikuuta",
        "aprila",
        "aprill",
        "balandzio",
    ],
    &[
        "may",
        "mayo",
        "maio",
        "mai",
        "maggio",
        "mag",
        "mei",
        "mayis",
        "majus",
        "maj",
        "maja",
        "kvetna",
        "toukokuuta",
        "maig",
        "maijs",
        "geguzes",
    ],
    &[
        "june",
        "jun",
        "junio",
        "junho",
        "juin",
        "juni",
        "giugno",
        "giu",
        "haziran",
        "iunie",
        "iun",
        "junius",
        "cervna",
        "czerwca",
        "cze",
        "kesakuuta",
        "juny",
        "juna",
        "junij",
        "junija",
        "juuni",
        "junijs",
        "birzelio",
    ],
    &[
        "july",
        "jul",
        "julio",
        "julho",
        "juillet",
        "juil",
        "juli",
        "luglio",
        "lug",
        "temmuz",
        "iulie",
        "iul",
        "julius",
        "cervence",
        "lipca",
        "lip",
        "heinakuuta",
        "juliol",
        "jula",
        "julij",
        "julija",
        "juuli",
        "julijs",
        "liepos",
    ],
    &[
        "august",
        "aug",
        "agosto",
        "ago",
        "aout",
        "aou",
        "augustus",
        "agustos",
        "agustus",
        "agu",
        "augusztus",
        "srpna",
        "sierpnia",
        "sie",
        "elokuuta",
        "agost",
        "augusta",
        "avgust",
        "avgusta",
        "augusts",
        "rugpjucio",
    ],
    &[
        "september",
        "sep",
        "sept",
        "septiembre",
        "setiembre",
        "set",
        "setembro",
        "septembre",
        "settembre",
        "sett",
        "eylul",
        "septembrie",
        "szeptember",
        "szept",
        "zari",
        "wrzesnia",
        "wrz",
        "syyskuuta",
        "setembre",
        "septembra",
        "septembris",
        "rugsejo",
    ],
    &[
        "october",
        "oct",
        "octubre",
        "outubro",
        "out",
        "octobre",
        "oktober",
        "okt",
        "ottobre",
        "ott",
        "ekim",
        "octombrie",
        "rijna",
        "pazdziernika",
        "paz",
        "lokakuuta",
        "oktobra",
        "oktoober",
        "oktobris",
        "spalio",
    ],
    &[
        "november",
        "nov",
        "noviembre",
        "novembro",
        "novembre",
        "kasim",
        "nopember",
        "noiembrie",
        "noi",
        "listopadu",
        "listopada",
        "lis",
        "marraskuuta",
        "novembra",
        "novembris",
        "lapkricio",
    ],
    &[
        "december",
        "dec",
        "diciembre",
        "dic",
        "dezembro",
        "dez",
        "decembre",
        "dezember",
        "dicembre",
        "aralik",
        "desember",
        "decembrie",
        "prosince",
        "grudnia",
        "gru",
        "joulukuuta",
        "desembre",
        "decembra",
        "detsember",
        "decembris",
        "gruodzio",
    ],
];

/// Monday to Sunday, the same languages.
const WEEKDAYS: [&[&str]; 7] = [
    &["monday", "mon", "lunes", "lun", "segunda", "seg", "lundi", "montag", "mo", "lunedi", "maandag", "ma"],
    &["tuesday", "tue", "tues", "martes", "mar", "terca", "ter", "mardi", "dienstag", "di", "die", "martedi", "dinsdag"],
    &[
        "wednesday",
        "wed",
        "miercoles",
        "mie",
        "quarta",
        "qua",
        "mercredi",
        "mer",
        "mittwoch",
        "mi",
        "mit",
        "mercoledi",
        "woensdag",
        "wo",
    ],
    &[
        "thursday",
        "thu",
        "thur",
        "thurs",
        "jueves",
        "jue",
        "quinta",
        "qui",
        "jeudi",
        "jeu",
        "donnerstag",
        "do",
        "don",
        "giovedi",
        "gio",
        "donderdag",
    ],
    &["friday", "fri", "viernes", "vie", "sexta", "sex", "vendredi", "ven", "freitag", "fr", "fre", "venerdi", "vrijdag", "vr"],
    &["saturday", "sat", "sabado", "sab", "samedi", "sam", "samstag", "sa", "sonnabend", "sabato", "zaterdag", "za"],
    &["sunday", "sun", "domingo", "dom", "dimanche", "dim", "sonntag", "so", "son", "domenica", "zondag", "zo"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use DateOrder::{Dmy, Mdy, Ymd};

    fn readings(text: &str) -> Vec<(String, Option<DateOrder>)> {
        date_readings(text).into_iter().map(|r| (r.date.to_string(), r.order)).collect()
    }

    #[test]
    fn one_reading() {
        for (text, order) in [
            ("2026-03-31", Some(Ymd)),
            ("2026/03/31", Some(Ymd)),
            ("2026.03.31", Some(Ymd)),
            ("20260331", Some(Ymd)),
            ("2026-03-31T10:15:00Z", Some(Ymd)),
            ("2026-03-31T10:15:00.123+02:00", Some(Ymd)),
            ("2026-03-31 10:15:00", Some(Ymd)),
            ("2026-03-31 10:15:00 UTC", Some(Ymd)),
            ("2026-03-31+02:00", Some(Ymd)),
            ("2026-03-31Z", Some(Ymd)),
            ("2026年3月31日", Some(Ymd)),
            ("31.03.2026", Some(Dmy)),
            ("31. 3. 2026", Some(Dmy)),
            ("2026. március 31.", None),
            ("31 martie 2026", None),
            ("31. března 2026", None),
            ("31 marca 2026", None),
            ("31. maaliskuuta 2026", None),
            ("31/03/2026 10:15", Some(Dmy)),
            ("31/03/2026 - 10:15", Some(Dmy)),
            ("31.03.2026, 10:15 Uhr", Some(Dmy)),
            ("31-3-2026", Some(Dmy)),
            ("31 03 2026", Some(Dmy)),
            ("31032026", Some(Dmy)),
            ("03/31/2026", Some(Mdy)),
            ("3/31/2026 1:05 PM", Some(Mdy)),
            ("03/31/2026 1:05 p.m.", Some(Mdy)),
            ("Tue 31/03/2026", Some(Dmy)),
            ("mar. 31/03/2026", Some(Dmy)),
            ("٣١/٠٣/٢٠٢٦", Some(Dmy)),
            ("31 mar. 2026", None),
            ("31 Mar 2026", None),
            ("31-Mar-2026", None),
            ("31-MAR-26", None),
            ("31MAR2026", None),
            ("31/mar/2026", None),
            ("31 de marzo de 2026", None),
            ("31 de marzo del 2026", None),
            ("martes, 31 de marzo de 2026", None),
            ("31 de março de 2026", None),
            ("terça-feira, 31 de março de 2026", None),
            ("31 mars 2026", None),
            ("mar. 31 mars 2026", None),
            ("mardi 31 mars 2026", None),
            ("31. März 2026", None),
            ("Di., 31. Mrz. 2026", None),
            ("31 marzo 2026", None),
            ("mar 31 mar 2026", None),
            ("31 maart 2026", None),
            ("di 31 mrt. 2026", None),
            ("Mar 31, 2026", None),
            ("March 31st, 2026", None),
            ("Tuesday, March 31, 2026", None),
            ("the 31st of March 2026", None),
            ("Mar 31 2026 10:15 AM", None),
            ("2026 Mar 31", None),
            ("2026-Mar-31", None),
            ("31 mar '26", None),
        ] {
            assert_eq!(readings(text), vec![("2026-03-31".to_owned(), order)], "{text}");
        }
        for (text, date) in [
            ("1er mars 2026", "2026-03-01"),
            ("1º de abril de 2026", "2026-04-01"),
            ("2 août 2026", "2026-08-02"),
            ("3 Setiembre 2026", "2026-09-03"),
            ("15 déc. 2026", "2026-12-15"),
            ("1 Jänner 2026", "2026-01-01"),
            ("29 Feb 2028", "2028-02-29"),
        ] {
            assert_eq!(readings(text), vec![(date.to_owned(), None)], "{text}");
        }
    }

    #[test]
    fn several_readings() {
        let two = |a: &str, b: &str| vec![(a.to_owned(), Some(Dmy)), (b.to_owned(), Some(Mdy))];
        assert_eq!(readings("03/04/2026"), two("2026-04-03", "2026-03-04"));
        assert_eq!(readings("3.4.2026"), two("2026-04-03", "2026-03-04"));
        assert_eq!(readings("05/05/2026"), vec![("2026-05-05".to_owned(), None)]);
        assert_eq!(readings("Fri 03/04/2026"), vec![("2026-04-03".to_owned(), Some(Dmy))], "the weekday decides");
        assert_eq!(readings("Mon 03/04/2026").len(), 2, "a weekday that fits neither decides nothing");
        assert_eq!(readings("03-04-05").len(), 3);
        assert_eq!(
            readings("31/03/69"),
            vec![("2069-03-31".to_owned(), Some(Dmy))],
            "the window of two-digit years is 1970 to 2069"
        );
        assert_eq!(readings("31/03/70"), vec![("1970-03-31".to_owned(), Some(Dmy))]);
    }

    #[test]
    fn no_reading() {
        for text in [
            "",
            " ",
            "31.02.2026",
            "29/02/2027",
            "2026-13-01",
            "32 Mar 2026",
            "30 février 2026",
            "31.03",
            "Mar 2026",
            "31.03-2026",
            "12.34",
            "1234",
            "123456789",
            "2026-03-31 apples",
            "0000-00-00",
            "00/00/0000",
            "31.03.1026",
            "31.03.20261",
            "260331",
            "31 Foo 2026",
            "mar",
            "10:15",
            "31 mar 2026 apr",
            "1.2.3.4",
            "03/04/2026/05",
        ] {
            assert_eq!(readings(text), vec![], "{text}");
        }
    }

    #[test]
    fn strict_under_a_known_order() {
        for (text, order) in [
            ("2026-03-31", Ymd),
            ("20260331", Ymd),
            ("260331", Ymd),
            ("310326", Dmy),
            ("31.03.26", Dmy),
            ("03/31/2026", Mdy),
            ("31 Mar 2026", Mdy),
            ("31 Mar 2026", Ymd),
            ("2026-03-31 23:59:59", Ymd),
        ] {
            assert_eq!(read_date(text, order).map(|d| d.to_string()), Ok("2026-03-31".to_owned()), "{text} {order:?}");
        }
        for (text, order, reason) in [
            ("", Ymd, "empty"),
            ("31.02.2026", Dmy, "does not exist"),
            ("2026-02-30", Ymd, "does not exist"),
            ("30 Feb 2026", Dmy, "does not exist"),
            ("31.03.2026", Ymd, "year-month-day"),
            ("2026-03-31", Dmy, "day-month-year"),
            ("31.03.2026", Mdy, "month-day-year"),
            ("hello", Dmy, "is not a date"),
        ] {
            let error = read_date(text, order).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn no_word_is_two_months() {
        for (i, names) in MONTHS.iter().enumerate() {
            for name in *names {
                assert!(MONTHS.iter().skip(i + 1).all(|other| !other.contains(name)), "{name}");
            }
        }
    }

    proptest! {
        #[test]
        fn writing_then_reading_gives_the_date_back(days in 0_i32..47_000, style in 0_usize..6) {
            let date = Date::new(1971, 1, 1).expect("a date").checked_add(jiff::Span::new().days(days)).expect("in range");
            let (text, order) = match style {
                0 => (date.to_string(), Ymd),
                1 => (date.strftime("%d.%m.%Y").to_string(), Dmy),
                2 => (date.strftime("%m/%d/%Y").to_string(), Mdy),
                3 => (date.strftime("%d %b %Y").to_string(), Dmy),
                4 => (date.strftime("%A, %B %d, %Y").to_string(), Mdy),
                _ => (date.strftime("%d%m%Y 10:00:00").to_string(), Dmy),
            };
            prop_assert_eq!(read_date(&text, order), Ok(date), "{}", text);
            prop_assert!(date_readings(&text).iter().any(|r| r.date == date), "{}", text);
        }

        #[test]
        fn never_panics(text in "\\PC{0,80}", soup in "[0-9 ./:'a-eT+Z-]{0,24}") {
            for text in [text, soup] {
                for reading in date_readings(&text) {
                    if let Some(order) = reading.order {
                        prop_assert_eq!(read_date(&text, order), Ok(reading.date), "{}", text);
                    }
                }
                for order in DateOrder::ALL {
                    let _ = read_date(&text, order);
                }
            }
        }
    }
}
