//! Fields of items and payments that say nothing beyond what is asked for; a test names what differs.

use jiff::civil::date;
use quittance_rules::matching::{ItemFields, PaymentFields};
use quittance_rules::money::{Currency, Money};

pub fn euro(cents: i64) -> Money {
    Money::new(cents, Currency::EUR)
}

/// Issued on 5 January 2026, due a month later.
pub fn item<'a>(id: &'a str, customer_id: &'a str, number: &'a str, open: Money) -> ItemFields<'a> {
    ItemFields {
        id,
        customer_id,
        seller_id: "S",
        number,
        issued: Some(date(2026, 1, 5)),
        due: Some(date(2026, 2, 4)),
        open,
        discount_ppm: 0,
        discount_until: None,
        is_on_hold: false,
        contract: None,
    }
}

/// Booked on 20 January 2026.
pub fn payment<'a>(
    id: &'a str,
    amount: Money,
    payer_name: &'a str,
    payer_iban: &'a str,
    remittance: &'a str,
) -> PaymentFields<'a> {
    PaymentFields {
        id,
        booked: Some(date(2026, 1, 20)),
        account: "DE1",
        amount,
        payer_name,
        payer_iban,
        remittance,
        structured_reference: "",
        end_to_end_id: "",
        original: None,
        fee: 0,
        is_return: false,
    }
}
