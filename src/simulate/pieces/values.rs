//! The values of a piece, and how a design writes them: amounts and dates by example, names and months by language.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use quittance_rules::money::Money;

use super::design::Design;
use crate::demo::accounts::iban;
use crate::demo::chance::Chance;

/// A row of a remittance advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InvoiceRow {
    pub(super) number: String,
    pub(super) issued: Date,
    pub(super) amount: Money,
}

/// Everything a design may print.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    pub(super) amount: Money,
    pub(super) date: Date,
    due: Date,
    pub(super) time: (u8, u8),
    pub(super) reference: String,
    pub(super) invoice: String,
    pub(super) document: String,
    pub(super) payer: String,
    pub(super) payee: String,
    pub(super) rows: Vec<InvoiceRow>,
    tax: Money,
    balance: Money,
    iban: String,
    digits: String,
}

const PAYERS: [(&str, [&str; 4]); 9] = [
    ("en", ["Ashdown Logistics Ltd", "Pinewood Dental Group", "Harrow & Vane LLP", "Copper Lane Studios"]),
    ("es", ["Ferretería El Roble S.A.", "Comercial Vicuña S.A.C.", "Talleres Mediavilla S.L.", "Rosa Elvira Quintana"]),
    ("de", ["Hofmann Metallbau GmbH", "Buchhandlung Seidel", "Krüger Elektrotechnik KG", "Anna Lindner"]),
    ("fr", ["Menuiserie Duval SARL", "Atelier Fontaine", "Transports Girard SAS", "Claire Besson"]),
    ("it", ["Officine Colombo S.r.l.", "Cantina Marchetti", "Studio Ferraris", "Edilizia Gallo S.p.A."]),
    ("pt", ["Padaria Boa Vista Ltda", "Construtora Arruda S.A.", "Oficina Moreira", "Lívia Tavares"]),
    ("nl", ["Van Dijk Bouw B.V.", "Bakkerij De Korenbloem", "Installatiebedrijf Smit", "Sanne Visser"]),
    ("pl", ["Zakład Stolarski Kowal", "Hurtownia Jodła sp. z o.o.", "Piekarnia Zielińska", "Marek Wrona"]),
    ("sv", ["Lindgrens Åkeri AB", "Byggfirma Sandström", "Café Solrosen", "Elin Hedberg"]),
];

const PAYEES: [&str; 6] = [
    "Brightwater Services",
    "Norvela Trading",
    "Camposol Servicios",
    "Halden Werkstoffe GmbH",
    "Marisol Supplies Ltd",
    "Orvieto Forniture",
];

/// Months in the languages of the designs.
pub(super) fn months(language: &str) -> [&'static str; 12] {
    match language {
        "es" => [
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
        "de" => [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        "fr" => [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        "it" => [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
        "pt" => [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
        "nl" => [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        "pl" => [
            "stycznia",
            "lutego",
            "marca",
            "kwietnia",
            "maja",
            "czerwca",
            "lipca",
            "sierpnia",
            "września",
            "października",
            "listopada",
            "grudnia",
        ],
        "sv" => [
            "januari",
            "februari",
            "mars",
            "april",
            "maj",
            "juni",
            "juli",
            "augusti",
            "september",
            "oktober",
            "november",
            "december",
        ],
        _ => [
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
    }
}

impl Filled {
    pub(super) fn new(design: &Design, seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1);
        let currency = design.currency;
        let shape = Shape::of(&design.amount);
        // Whole units of a size that people pay: thousands of yen, tens of thousands of pesos, lakhs of rupees now and then.
        let size = match currency.code() {
            "JPY" | "NGN" => 200,
            "CLP" | "COP" => 900,
            "ARS" => 120,
            "INR" => 60,
            "KWD" => 1,
            _ => 3,
        };
        let whole = chance.between(12, 900) * size + chance.between(0, 99);
        let whole = if chance.percent(35) { whole * 10 } else { whole };
        let unit = 10_i64.pow(currency.exponent());
        let fraction = if shape.mark.is_none() || chance.percent(35) { 0 } else { chance.between(1, unit.max(2) - 1) };
        let amount = Money::new(whole * unit + if unit > 1 { fraction } else { 0 }, currency);
        let day = date(2026, 1, 2).saturating_add(chance.between(0, 170).days());
        let payers = PAYERS.iter().find(|(l, _)| *l == design.language).map_or(PAYERS[0].1, |(_, p)| *p);
        let style = design.id.bytes().fold(7_u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
        let reference = reference(style, &mut chance);
        let invoice = invoice_number(style / 7, &mut chance);
        let document = invoice_number(style / 11, &mut chance);
        let count = chance.between(3, 7);
        let rows = rows(amount, count, style / 13, day, &mut chance);
        Self {
            amount,
            date: day,
            due: day.saturating_add(chance.between(10, 40).days()),
            time: (chance.between(7, 21) as u8, chance.between(0, 59) as u8),
            reference,
            invoice,
            document,
            payer: (*chance.pick(&payers)).to_owned(),
            payee: (*chance.pick(&PAYEES)).to_owned(),
            rows,
            tax: Money::new(amount.minor() / 6, currency),
            balance: Money::new(chance.between(100_000, 9_000_000), currency),
            iban: account(design.language, &chance.digits(24)),
            digits: chance.digits(90),
        }
    }

    pub(super) fn date_of(&self, what: &str) -> Date {
        if what == "due" { self.due } else { self.date }
    }

    pub(super) fn pdf_day(&self) -> (u16, u8, u8) {
        (self.date.year().unsigned_abs(), self.date.month().unsigned_abs(), self.date.day().unsigned_abs())
    }

    /// A line's text with the values in place of the names in braces.
    pub(super) fn fill(&self, design: &Design, text: &str, row: Option<usize>) -> String {
        let mut out = String::new();
        let mut rest = text;
        // Different places of one line take different digits.
        let mut digits = self.digits.as_str();
        if let Some(skip) = text.len().checked_rem(17) {
            digits = &digits[skip..];
        }
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            rest = after;
            let name = name.trim_end_matches('~');
            let (hour, minute) = self.time;
            let shape = Shape::of(&design.amount);
            let invoice = row.and_then(|r| self.rows.get(r));
            let less_tax = Money::new(self.amount.minor() - self.tax.minor(), self.amount.currency());
            match name {
                "amt" => out.push_str(&shape.write(self.amount)),
                "tax" => out.push_str(&shape.write(self.tax)),
                "sub" => out.push_str(&shape.write(less_tax)),
                "bal" => out.push_str(&shape.write(self.balance)),
                "date" | "issue" => out.push_str(&written(self.date, &design.date, design.language)),
                "due" => out.push_str(&written(self.due, &design.date, design.language)),
                "time" if twelve_hours(design) => out.push_str(&crate::demo::text::clock12(self.time)),
                "time" => out.push_str(&format!("{hour:02}:{minute:02}")),
                "ref" => out.push_str(&self.reference),
                "inv" => out.push_str(&self.invoice),
                "doc" => out.push_str(&self.document),
                "payer" => out.push_str(&self.payer),
                "payee" => out.push_str(&self.payee),
                "iban" => out.push_str(&fours(&self.iban)),
                "acct" => out.push_str(&format!("{}-{}", &self.digits[70..73], &self.digits[60..69])),
                "mask" => out.push_str(&format!("****{}", &self.digits[80..84])),
                "rinv" => out.push_str(invoice.map_or("", |r| r.number.as_str())),
                "rdate" => out.push_str(&invoice.map(|r| written(r.issued, &design.date, design.language)).unwrap_or_default()),
                "ramt" => out.push_str(&invoice.map(|r| shape.write(r.amount)).unwrap_or_default()),
                _ => {
                    if let Some(count) = name.strip_prefix('d').and_then(|n| n.parse::<usize>().ok())
                        && let Some((some, left)) = digits.split_at_checked(count)
                    {
                        out.push_str(some);
                        digits = left;
                    }
                }
            }
        }
        out.push_str(rest);
        out
    }
}

fn twelve_hours(design: &Design) -> bool {
    matches!(design.currency.code(), "PEN" | "USD" | "INR" | "COP" | "AUD" | "CAD" | "GTQ")
}

/// An IBAN of the country that a language stands for, with the length and letters that country has.
fn account(language: &str, digits: &str) -> String {
    match language {
        "es" => iban("ES", &digits[..20]),
        "fr" => iban("FR", &digits[..23]),
        "it" => iban("IT", &format!("X{}", &digits[..22])),
        "nl" => iban("NL", &format!("MAAS{}", &digits[..10])),
        "pl" => iban("PL", &digits[..24]),
        "sv" => iban("SE", &digits[..20]),
        "pt" => iban("PT", &digits[..21]),
        _ => iban("DE", &digits[..18]),
    }
}

fn fours(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Operation numbers as banks and wallets make them; one design keeps to one form.
fn reference(style: u64, chance: &mut Chance) -> String {
    // Without the letters that look like digits, as makers of such codes leave them out.
    let code = |chance: &mut Chance, count: usize| -> String {
        (0..count).map(|_| char::from(*chance.pick(b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789"))).collect()
    };
    match style % 7 {
        0 => chance.digits(8),
        1 => chance.digits(10),
        2 => format!("FT{}", chance.digits(10)),
        3 => format!("TRX-{}", chance.digits(7)),
        4 => format!("{}{}", code(chance, 3), chance.digits(7)),
        5 => chance.digits(12),
        _ => format!("{}{}{}", chance.digits(4), code(chance, 2), chance.digits(6)),
    }
}

fn invoice_number(style: u64, chance: &mut Chance) -> String {
    match style % 5 {
        0 => format!("INV-{}", chance.digits(5)),
        1 => format!("F001-{}", chance.digits(6)),
        2 => format!("RE-2026-{}", chance.digits(4)),
        3 => format!("FA{}/26", chance.digits(4)),
        _ => format!("2026{}", chance.digits(5)),
    }
}

fn rows(total: Money, count: i64, style: u64, day: Date, chance: &mut Chance) -> Vec<InvoiceRow> {
    let currency = total.currency();
    // Parts of whole units where the design writes whole units only.
    let step = if total.minor() % 100 == 0 { 100 } else { 1 };
    let mut left = total.minor();
    let mut rows = Vec::new();
    for row in 0..count {
        let part =
            if row + 1 == count { left } else { (left / (count - row) * chance.between(40, 130) / 100 / step * step).max(step) };
        left -= part;
        rows.push(InvoiceRow {
            number: invoice_number(style, chance),
            issued: day.saturating_sub(chance.between(20, 90).days()),
            amount: Money::new(part, currency),
        });
    }
    rows
}

/// `%d` day, `%D` two digits, `%m` month, `%M` two digits, `%b` three letters, `%B` the name, `%a` day of the week, `%Y` year, `%y` two
/// digits.
fn written(day: Date, format: &str, language: &str) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let name = months(language)[usize::from(day.month().unsigned_abs()) - 1];
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('d') => out.push_str(&day.day().to_string()),
            Some('D') => out.push_str(&format!("{:02}", day.day())),
            Some('m') => out.push_str(&day.month().to_string()),
            Some('M') => out.push_str(&format!("{:02}", day.month())),
            Some('b') => out.extend(name.chars().take(3)),
            Some('B') => out.push_str(name),
            Some('a') => out.push_str(DAYS[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())]),
            Some('Y') => out.push_str(&day.year().to_string()),
            Some('y') => out.push_str(&format!("{:02}", day.year() % 100)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// How a design writes amounts, taken from its example `R$ 1.234,56`.
struct Shape<'d> {
    before: &'d str,
    after: &'d str,
    group: Option<char>,
    mark: Option<char>,
    /// Groups of two digits before the last three: lakhs and crores.
    indian: bool,
}

impl<'d> Shape<'d> {
    fn of(example: &'d str) -> Self {
        let first = example.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        let last = example.rfind(|c: char| c.is_ascii_digit()).map_or(example.len(), |i| i + 1);
        let number = &example[first..last];
        let marks: Vec<char> = number.chars().filter(|c| !c.is_ascii_digit()).collect();
        let tail = number.chars().rev().take_while(char::is_ascii_digit).count();
        let (group, mark) = match (marks.first().copied(), marks.last().copied()) {
            (Some(first), Some(last)) if first != last => (Some(first), Some(last)),
            (Some(only), _) if tail == 3 => (Some(only), None),
            (Some(only), _) => (None, Some(only)),
            (None, _) => (None, None),
        };
        Self { before: &example[..first], after: &example[last..], group, mark, indian: number.starts_with("12,34") }
    }

    fn write(&self, money: Money) -> String {
        let plain = money.amount();
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain.as_str(), ""));
        let mut out = self.before.to_owned();
        for (i, digit) in whole.chars().enumerate() {
            let left = whole.len() - i;
            let breaks = if self.indian { left == 3 || (left > 3 && left % 2 == 1) } else { left.is_multiple_of(3) };
            if i > 0 && breaks {
                out.extend(self.group);
            }
            out.push(digit);
        }
        if let Some(mark) = self.mark
            && !fraction.is_empty()
        {
            out.push(mark);
            out.push_str(fraction);
        }
        out.push_str(self.after);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::money::Currency;

    #[test]
    fn amounts_are_written_as_their_example() {
        let inr = Currency::parse("INR").unwrap();
        let kwd = Currency::parse("KWD").unwrap();
        let jpy = Currency::parse("JPY").unwrap();
        for (example, money, wanted) in [
            ("R$ 1.234,56", Money::new(1_234_567, Currency::parse("BRL").unwrap()), "R$ 12.345,67"),
            ("₹12,34,567.00", Money::new(123_456_700, inr), "₹12,34,567.00"),
            ("CHF 1'234.56", Money::new(99_950, Currency::CHF), "CHF 999.50"),
            ("KWD 1,234.567", Money::new(1_234_567, kwd), "KWD 1,234.567"),
            ("¥1,234,567", Money::new(45_600, jpy), "¥45,600"),
            ("1 234,56 zł", Money::new(123_456, Currency::parse("PLN").unwrap()), "1 234,56 zł"),
            ("$1.234.567", Money::new(123_456_700, Currency::parse("COP").unwrap()), "$1.234.567"),
        ] {
            assert_eq!(Shape::of(example).write(money), wanted);
        }
    }

    #[test]
    fn rows_add_up() {
        let total = Money::new(123_457, Currency::EUR);
        let rows = rows(total, 6, 1, date(2026, 5, 1), &mut Chance::new(1, 1));
        assert_eq!(rows.iter().map(|r| r.amount.minor()).sum::<i64>(), total.minor());
        assert!(rows.iter().all(|r| r.amount.minor() > 0));
    }
}
