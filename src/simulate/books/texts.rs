//! Numbers, names and texts as people and banks write them.

use super::dice::Dice;

const MONTHS: [&str; 12] = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];

/// Civil date of a day number (days since 1970-01-01), as year, month, day. After Howard Hinnant's `civil_from_days`.
pub fn civil(day: i32) -> (i32, u32, u32) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let y = yoe + era * 400 + i32::from(m <= 2);
    (y, m.unsigned_abs(), d.unsigned_abs())
}

/// `2026-03-01`
pub fn iso(day: i32) -> String {
    let (y, m, d) = civil(day);
    format!("{y:04}-{m:02}-{d:02}")
}

/// What a text template may hold.
pub struct Slots<'a> {
    pub number: &'a str,
    pub customer_number: &'a str,
    pub name: &'a str,
    pub day: i32,
}

/// Fills a template.
pub fn fill(dice: &mut Dice, template: &str, slots: &Slots<'_>) -> String {
    let (y, m, d) = civil(slots.day);
    let date = match dice.below(3) {
        0 => format!("{d:02}.{m:02}.{y}"),
        1 => format!("{d}.{m}.{:02}", y % 100),
        _ => format!("{y}-{m:02}-{d:02}"),
    };
    template
        .replace("{no}", slots.number)
        .replace("{c}", slots.customer_number)
        .replace("{name}", slots.name)
        .replace("{d}", &date)
        .replace("{m}", &format!("{}/{y}", MONTHS[(m as usize - 1) % 12]))
        .replace("{o}", &(4_500_000_000 + dice.below(90_000_000)).to_string())
        .replace("{r}", &format!("{}", 10_000 + dice.below(90_000_000)))
}

/// A number as somebody writes it who does not copy it: one of the usual accidents, or several.
pub fn mangle(dice: &mut Dice, number: &str, noise: u32) -> String {
    let mut out = number.to_owned();
    let times = if noise > 1 && dice.per_mille(250) { 2 } else { 1 };
    for _ in 0..times {
        out = mangle_once(dice, &out, number);
    }
    out
}

fn mangle_once(dice: &mut Dice, number: &str, original: &str) -> String {
    let digits: String = original.chars().filter(char::is_ascii_digit).collect();
    let last_group: String =
        original.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
    match dice.below(12) {
        0 | 1 => number.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-').to_owned(),
        2 => number.replace(['-', '/'], if dice.per_mille(500) { " " } else { "" }),
        3 => {
            // Leading zeros of the last group dropped.
            let head = number.len() - number.chars().rev().take_while(char::is_ascii_digit).count();
            let (a, b) = number.split_at(head);
            format!("{a}{}", b.trim_start_matches('0'))
        }
        4 => number.replacen('0', "O", 1 + usize::from(dice.per_mille(500))),
        5 => number.replacen('1', "I", 1).replacen('5', "S", usize::from(dice.per_mille(300))),
        6 => swap(dice, number),
        7 => drop_digit(dice, number),
        8 => {
            let keep = 3 + usize::try_from(dice.below(3)).unwrap_or(0);
            digits.chars().skip(digits.len().saturating_sub(keep)).collect()
        }
        9 => {
            let at = 1 + usize::try_from(dice.below(number.len().max(2) as u64 - 1)).unwrap_or(0);
            if number.is_char_boundary(at) { format!("{} {}", &number[..at], &number[at..]) } else { number.to_owned() }
        }
        10 => number.to_lowercase(),
        _ => {
            if last_group.is_empty() {
                digits
            } else {
                last_group
            }
        }
    }
}

fn swap(dice: &mut Dice, number: &str) -> String {
    let mut bytes = number.as_bytes().to_vec();
    let pairs: Vec<usize> = (1..bytes.len())
        .filter(|at| bytes[*at].is_ascii_digit() && bytes[at - 1].is_ascii_digit() && bytes[*at] != bytes[at - 1])
        .collect();
    if !pairs.is_empty() {
        let at = *dice.one(&pairs);
        bytes.swap(at, at - 1);
    }
    String::from_utf8(bytes).unwrap_or_else(|_| number.to_owned())
}

fn drop_digit(dice: &mut Dice, number: &str) -> String {
    let places: Vec<usize> = number.bytes().enumerate().filter(|(_, b)| b.is_ascii_digit()).map(|(at, _)| at).collect();
    let mut out = number.to_owned();
    if places.len() > 4 {
        out.remove(*dice.one(&places));
    }
    out
}

/// A name as the bank prints it.
pub fn bank_name(dice: &mut Dice, name: &str, aliases: &[String], noise: u32) -> String {
    let chance = |dice: &mut Dice, of: u32| dice.per_mille((of * noise).min(900));
    let mut out = if !aliases.is_empty() && chance(dice, 250) { dice.one(aliases).clone() } else { name.to_owned() };
    if chance(dice, 350) {
        out = out.to_uppercase();
    }
    if chance(dice, 250) {
        for (from, to) in [
            ("ü", "ue"),
            ("ö", "oe"),
            ("ä", "ae"),
            ("Ü", "UE"),
            ("Ö", "OE"),
            ("Ä", "AE"),
            ("é", "e"),
            ("ñ", "n"),
            ("á", "a"),
            ("í", "i"),
            ("ø", "o"),
            ("ł", "l"),
            ("Ł", "L"),
        ] {
            out = out.replace(from, to);
        }
    }
    if chance(dice, 120) {
        out = out.replace('.', "").replace(" & Co", "");
    }
    if chance(dice, 60)
        && let Some(at) = out.rfind(' ')
    {
        out.truncate(at);
    }
    if chance(dice, 50)
        && let Some(at) = out.find(' ')
    {
        out = format!("{}, {}", &out[at + 1..], &out[..at]);
    }
    if chance(dice, 80) && out.chars().count() > 27 {
        out = out.chars().take(27).collect();
    }
    if chance(dice, 25) && out.len() > 6 {
        let at = 3 + usize::try_from(dice.below(out.len() as u64 - 4)).unwrap_or(0);
        if out.is_char_boundary(at) && out.is_char_boundary(at + 1) {
            out.remove(at);
        }
    }
    if chance(dice, 30) {
        out.clear();
    }
    out
}

/// An account number of a shape that passes for an IBAN; the check digits are not computed.
pub fn account(dice: &mut Dice, country: &str) -> String {
    format!("{country}{:02}{:018}", 10 + dice.below(89), dice.below(1_000_000_000_000_000_000))
}
