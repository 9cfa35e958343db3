//! What payers write into the remittance text, in three languages, in order and out of order.

use jiff::civil::Date;

use super::chance::Chance;
use super::roster::Patron;
use super::text::{Language, dot_date, slash_date, swift, upper_plain};

/// The payer as its bank names it: full, without accents, cut at 27 characters, or by another name it uses.
pub(super) fn payer_name(patron: &Patron, chance: &mut Chance) -> String {
    let name = &patron.customer.name;
    if patron.account >= 2 {
        let person = patron.customer.aliases.last().filter(|_| patron.wallet);
        return upper_plain(person.unwrap_or(name)).chars().take(35).collect();
    }
    match chance.below(10) {
        0 | 1 => chance.pick(&patron.customer.aliases).clone(),
        2 | 3 => swift(name),
        4 => swift(name).chars().take(27).collect(),
        _ => name.clone(),
    }
}

/// Full numbers, as the invoice asks for.
pub(super) fn full(patron: &Patron, numbers: &[&str], issued: Date, chance: &mut Chance) -> String {
    let list = numbers.join(if chance.percent(50) { ", " } else { " " });
    let several = numbers.len() > 1;
    let customer = &patron.customer.id;
    match (patron.language, chance.below(4)) {
        (Language::De, 0) if several => format!("Rechnungen {list}"),
        (Language::De, 0) => format!("Rechnung {list} vom {}", dot_date(issued)),
        (Language::De, 1) => format!("RG {list} KD {customer}"),
        (Language::De, 2) => format!("Rechnungsnr. {list}"),
        (Language::De, _) => list,
        (Language::En, 0) if several => format!("Invoices {list}"),
        (Language::En, 0) => format!("Invoice {list} dated {}", issued.strftime("%d %b %Y")),
        (Language::En, 1) => format!("INV {list}"),
        (Language::En, 2) => format!("Payment {list} acct {customer}"),
        (Language::En, _) => list,
        (Language::Es, 0) if several => format!("FACTURAS {list}"),
        (Language::Es, 0) => format!("FACTURA {list} DEL {}", slash_date(issued)),
        (Language::Es, 1) => format!("PAGO FACT {list}"),
        (Language::Es, 2) => format!("FT {list}"),
        (Language::Es, _) => list,
    }
}

/// A reference that a person can still read: cut, glued, mistyped, without its prefix.
pub(super) fn mangled(patron: &Patron, number: &str, chance: &mut Chance) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let last = &digits[digits.len().saturating_sub(5)..];
    let short = last.trim_start_matches('0');
    let word = match patron.language {
        Language::De => "Rg.",
        Language::En => "inv",
        Language::Es => "fact",
    };
    match chance.below(7) {
        0 => format!("{word} {short}"),
        1 => number.replace('-', ""),
        2 => number.replace('0', "O").replace('-', " "),
        3 => format!("{word} nr {last} {}", patron.customer.id.as_str().replace('-', "")),
        4 => {
            // A blank inside the number, as when a line breaks.
            let (a, b) = number.split_at(number.len() - 3);
            format!("{word} {a} {b}")
        }
        5 => number.replace('1', "I").replace('-', "/"),
        _ => format!("{word}{short}/26"),
    }
}

/// No number at all.
pub(super) fn without_reference(patron: &Patron, chance: &mut Chance) -> Option<String> {
    let texts: &[&str] = match patron.language {
        Language::De => &["Zahlung", "Hausreinigung", "Wartungsvertrag", "laut Vereinbarung", ""],
        Language::En => &["Payment", "Cleaning services", "Maintenance", "Thank you", ""],
        Language::Es => &["PAGO SERVICIOS", "PAGO MENSUAL", "MANTENIMIENTO", "TRANSFERENCIA", ""],
    };
    Some((*chance.pick(texts)).to_owned()).filter(|t| !t.is_empty())
}

/// Says that a discount was taken.
pub(super) fn discount_note(language: Language) -> &'static str {
    match language {
        Language::De => " abzgl. 2% Skonto",
        Language::En => " less 2% discount",
        Language::Es => " dcto 2% pronto pago",
    }
}
