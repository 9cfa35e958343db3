//! Account numbers with valid check digits: IBAN (ISO 13616), the Spanish CCC inside it, the Peruvian CCI, and the creditor
//! reference of ISO 11649. Bank codes are invented.

use super::chance::Chance;

/// ISO 7064 MOD 97-10 over letters (A = 10) and digits; other characters are skipped.
fn mod97(text: &str) -> u32 {
    text.chars()
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, value| if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 })
}

/// `RF` reference (ISO 11649) of a text of letters and digits.
pub(crate) fn creditor_reference(text: &str) -> String {
    let body: String = text.chars().filter(char::is_ascii_alphanumeric).take(21).collect();
    format!("RF{:02}{body}", 98 - mod97(&format!("{body}RF00")))
}

/// An IBAN of a country and its national account number.
pub(crate) fn iban(country: &str, national: &str) -> String {
    format!("{country}{:02}{national}", 98 - mod97(&format!("{national}{country}00")))
}

/// Whether the check digits of an IBAN or `RF` reference hold.
pub fn check_digits_hold(code: &str) -> bool {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    code.is_ascii() && code.len() > 4 && mod97(&format!("{}{}", &code[4..], &code[..4])) == 1
}

/// One check digit of a CCI: modulo 10 with the weights 1, 2, 1, 2 … from the left, products by their digit sums.
fn cci_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(i, digit)| {
            let product = if i % 2 == 0 { digit } else { digit * 2 };
            product / 10 + product % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

/// Código de cuenta interbancario of Peru: bank (3), office (3), account (12), a check digit for each of the two parts.
pub(crate) fn cci(bank_office: &str, account: &str) -> String {
    format!("{bank_office}{account}{}{}", cci_digit(bank_office), cci_digit(account))
}

/// Whether the two check digits of a CCI hold.
pub fn cci_holds(code: &str) -> bool {
    code.len() == 20 && code.bytes().all(|b| b.is_ascii_digit()) && cci(&code[..6], &code[6..18]) == code
}

/// The two check digits of a Spanish account, modulo 11 (weights 1, 2, 4, 8, 5, 10, 9, 7, 3, 6).
fn ccc_digits(bank_office: &str, account: &str) -> String {
    let digit = |text: &str| {
        let sum: u32 = text.chars().filter_map(|c| c.to_digit(10)).zip([1, 2, 4, 8, 5, 10, 9, 7, 3, 6]).map(|(d, w)| d * w).sum();
        match 11 - sum % 11 {
            11 => 0,
            10 => 1,
            d => d,
        }
    };
    format!("{}{}", digit(&format!("00{bank_office}")), digit(account))
}

/// An account in a country, as a customer there would have one: IBAN, CCI, or a plain number.
pub(crate) fn account_in(country: &str, chance: &mut Chance) -> String {
    match country {
        "DE" => {
            let bank = *chance.pick(&["29990001", "29995500", "29980070", "29976510"]);
            iban("DE", &format!("{bank}{}", chance.digits(10)))
        }
        "GB" => iban("GB", &format!("{}{}", chance.pick(&["THRN", "QUAY"]), chance.digits(14))),
        "IE" => iban("IE", &format!("{}{}", chance.pick(&["LIFF", "CLAD"]), chance.digits(14))),
        "NL" => iban("NL", &format!("{}{}", chance.pick(&["GRAC", "DIJK"]), chance.digits(10))),
        "ES" => {
            let (bank, account) = (*chance.pick(&["29991234", "29970417"]), chance.digits(10));
            iban("ES", &format!("{bank}{}{account}", ccc_digits(bank, &account)))
        }
        "PE" => {
            let bank = format!("{}{}", chance.pick(&["971", "972", "973"]), chance.digits(3));
            cci(&bank, &format!("00{}", chance.digits(10)))
        }
        _ => chance.digits(10),
    }
}

/// In groups of four, as printed on documents.
pub(crate) fn grouped(account: &str) -> String {
    let chars: Vec<char> = account.chars().collect();
    chars.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        // ECBS TR201, the Bundesbank's example, the Banco de España's example, a CCI printed by its bank, ISO 11649.
        assert_eq!(iban("GB", "WEST12345698765432"), "GB82WEST12345698765432");
        assert_eq!(iban("DE", "370400440532013000"), "DE89370400440532013000");
        assert_eq!(ccc_digits("21000418", "0200051332"), "45");
        assert_eq!(iban("ES", "21000418450200051332"), "ES9121000418450200051332");
        assert_eq!(cci("011241", "000190006582"), "01124100019000658270");
        assert_eq!(creditor_reference("539007547034"), "RF18539007547034");
        assert!(check_digits_hold("DE89 3704 0044 0532 0130 00") && !check_digits_hold("DE88370400440532013000"));
        assert!(cci_holds("01124100019000658270") && !cci_holds("01124100019000658271") && !cci_holds("x"));
    }
}
