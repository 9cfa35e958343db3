//! Words and signs beside a number that name its currency.

use quittance_rules::amount_text::amount_readings;
use quittance_rules::money::Currency;

use super::super::lexicon::{Lexicon, fold};

/// Three-letter words that are currencies too; they count only where nothing else is meant, and here it mostly is.
const NOT_AS_WORD: &[&str] = &["ALL", "TOP", "CUP", "MOP", "SOS", "TRY", "GEL", "BAM", "LAK", "MAD"];

/// Signs that several currencies share, as they stand apart from the number.
pub(super) const SHARED_SIGNS: &[&str] =
    &["$", "kr", "kr.", "rs", "rs.", "bs", "bs.", "¥", "c$", "lei", "fcfa", "pesos", "dollars", "kronor", "kroner"];
/// Signs of one currency that may stand apart from the number.
const OWN_SIGNS: &[&str] = &[
    "€", "£", "s/", "s/.", "us$", "u$s", "r$", "₹", "zł", "kč", "ft", "₺", "₽", "₩", "₪", "₫", "฿", "₱", "₦", "₴", "₡", "₲",
    "mx$", "a$", "au$", "ca$", "nz$", "hk$", "s$", "nt$", "rd$", "col$", "clp$", "b/.", "rm", "rp", "rp.", "fr.", "sfr.", "円",
    "元",
];

pub(super) enum Sign {
    Own(Currency),
    Shared,
}

/// The currency a word beside a number names.
pub(super) fn sign_of(word: &str, currencies: &Lexicon) -> Option<Sign> {
    let word = word.trim_matches(['(', ')', ',', ';', ':', '"']);
    let lower = word.to_lowercase();
    if SHARED_SIGNS.contains(&lower.as_str()) {
        return Some(Sign::Shared);
    }
    // The rand: a capital, and no other word.
    if word == "R" {
        return Some(Sign::Shared);
    }
    // The letter of the złoty is read as another where the reader of letters lacks it, and typed so where a keyboard does.
    if matches!(lower.as_str(), "zl" | "zt" | "zł." | "zl.") {
        return Currency::parse("PLN").ok().map(Sign::Own);
    }
    // That of the koruna likewise.
    if matches!(word, "Kc" | "KC" | "KČ") {
        return Currency::parse("CZK").ok().map(Sign::Own);
    }
    // Signs that are letters: the quetzal, and the dinar and riyal as the Gulf writes them.
    let letters = match word.trim_end_matches('.') {
        "Q" => Some("GTQ"),
        "KD" | "K.D" => Some("KWD"),
        "BD" | "B.D" => Some("BHD"),
        "SR" | "S.R" => Some("SAR"),
        "Dhs" | "DHS" | "Dh" => Some("AED"),
        // Moneda nacional, as Mexico writes it behind pesos.
        "MN" | "M.N" => Some("MXN"),
        "TL" => Some("TRY"),
        _ => None,
    };
    if let Some(code) = letters {
        return Currency::parse(code).ok().map(Sign::Own);
    }
    if OWN_SIGNS.contains(&lower.as_str()) {
        return named_by(word).map(Sign::Own);
    }
    if word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase()) && !NOT_AS_WORD.contains(&word) {
        return Currency::parse(word).ok().map(Sign::Own);
    }
    if lower.chars().count() < 3 || !lower.chars().all(char::is_alphabetic) {
        return None;
    }
    let token = currencies.token(&fold(&lower), false)?;
    let hit = currencies.find(&[Some(token)]).first().copied()?;
    let code = currencies.keys()[hit.key].strip_prefix("name ")?;
    Currency::parse(code).ok().map(Sign::Own)
}

/// The currency of a sign that is no word (`€`, `R$`, `zł`), wherever it stands: `Totale €` names the currency of a whole column.
pub fn lone_sign(word: &str) -> Option<Currency> {
    let word = word.trim_matches(['(', ')', ',', ';', ':', '"']);
    let is_sign = word.chars().any(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '/')) || word.eq_ignore_ascii_case("s/");
    let own = is_sign && OWN_SIGNS.contains(&word.to_lowercase().as_str());
    own.then(|| named_by(word)).flatten()
}

/// The currency that a sign names by itself.
fn named_by(sign: &str) -> Option<Currency> {
    amount_readings(&format!("{sign} 1")).ok()?.first().and_then(|r| r.currency)
}
