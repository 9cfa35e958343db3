//! Who sent a piece of evidence: the customer whose address, domain or telephone number it came from. A sender can be forged, so this
//! only ever asks: it flags that customer's items, and it gives nobody anything.

use quittance_rules::records::{Customer, CustomerId};

/// Domains under which anybody has an address: they tell no customer.
const PUBLIC_DOMAINS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "icloud.com",
    "me.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "web.de",
    "t-online.de",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "wanadoo.fr",
    "libero.it",
    "virgilio.it",
    "alice.it",
    "ziggo.nl",
    "kpnmail.nl",
    "telia.com",
    "wp.pl",
    "o2.pl",
    "onet.pl",
    "interia.pl",
    "uol.com.br",
    "bol.com.br",
    "terra.com.br",
    "proton.me",
    "protonmail.com",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "qq.com",
    "163.com",
    "zoho.com",
    "hey.com",
    "fastmail.com",
];

/// A telephone number is told by this many last digits: enough for a subscriber, and the same with and without the country's prefix.
const PHONE_DIGITS: usize = 8;

/// The addresses in a header such as `Ana Ruiz <ana@example.com>`, in lower case; the name shown beside them is not looked at.
fn addresses(sender: &str) -> Vec<String> {
    sender
        .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '(' | ')' | '"' | '\''))
        .filter(|piece| piece.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')))
        .map(|piece| piece.trim_matches('.').to_lowercase())
        .collect()
}

fn digits(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(char::is_ascii_digit).collect();
    let only = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '/' | ':'));
    (only && kept.len() >= PHONE_DIGITS).then(|| kept[kept.len().saturating_sub(PHONE_DIGITS)..].to_owned())
}

fn is_public(domain: &str) -> bool {
    // `yahoo.es`, `hotmail.co.uk`, `outlook.de`.
    let first = domain.split('.').next().unwrap_or(domain);
    PUBLIC_DOMAINS.contains(&domain) || matches!(first, "yahoo" | "hotmail" | "outlook" | "live" | "gmx")
}

/// The one customer whom a sender's address, domain or telephone number means. `None` where it means nobody, or several.
///
/// A customer's contacts are its `emails` as taken in: addresses, and telephone numbers where the file gives some.
pub fn customer_of(sender: &str, customers: &[Customer]) -> Option<CustomerId> {
    let only = |fits: &dyn Fn(&str) -> bool| {
        let mut found = customers.iter().filter(|c| c.emails.iter().any(|contact| fits(contact)));
        let one = found.next()?;
        found.next().is_none().then(|| one.id.clone())
    };
    let addresses = addresses(sender);
    if addresses.is_empty() {
        let number = digits(sender.trim_start_matches("tel:").trim_start_matches("whatsapp:"))?;
        return only(&|contact| digits(contact.trim_start_matches("tel:")).as_ref() == Some(&number));
    }
    // The address behind the name is the last one: `"boss@customer.example" <someone@elsewhere.example>`.
    let address = addresses.last()?;
    let exact = only(&|contact| contact.trim().to_lowercase() == *address);
    let domain = address.split('@').nth(1)?;
    exact.or_else(|| {
        (!is_public(domain)).then_some(())?;
        // A contact is an address, or a domain alone.
        only(&|contact| contact.to_lowercase().rsplit('@').next().is_some_and(|own| own.trim() == domain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(id: &str, contacts: &[&str]) -> Customer {
        Customer {
            id: CustomerId::parse(id).unwrap(),
            name: id.to_owned(),
            aliases: vec![],
            country: None,
            currency: None,
            iban: None,
            parent_id: None,
            withholding_percent: None,
            tolerance: None,
            emails: contacts.iter().map(|c| (*c).to_owned()).collect(),
        }
    }

    #[test]
    fn a_sender_is_told_by_address_domain_or_telephone() {
        let customers = [
            customer("C1", &["ana@roble.example", "+51 987 654 321"]),
            customer("C2", &["pagos@vicuna.example", "vicuna-group.example"]),
            customer("C3", &["tienda@gmail.com"]),
            customer("C4", &["a@holding.example"]),
            customer("C5", &["b@holding.example"]),
        ];
        let of = |sender: &str| customer_of(sender, &customers).map(|c| c.as_str().to_owned());
        assert_eq!(of("Ana Ruiz <ana@roble.example>").as_deref(), Some("C1"));
        assert_eq!(of("otra@ROBLE.example").as_deref(), Some("C1"));
        assert_eq!(of("cobros@vicuna-group.example").as_deref(), Some("C2"));
        assert_eq!(of("51987654321").as_deref(), Some("C1"));
        assert_eq!(of("whatsapp:+51987654321").as_deref(), Some("C1"));
        assert_eq!(of("tienda@gmail.com").as_deref(), Some("C3"));
        for nobody in [
            "otra@gmail.com",
            "x@holding.example",
            "",
            "Ana Ruiz",
            "987",
            "\"ana@roble.example\" <thief@elsewhere.example>",
            "ana@roble.example.elsewhere.example",
        ] {
            assert_eq!(of(nobody), None, "{nobody}");
        }
        assert_eq!(of("a@holding.example").as_deref(), Some("C4"), "an exact address tells those of one domain apart");
    }
}
