//! Lines of a bank statement for the tests.

use jiff::civil::Date;
use quittance_rules::bank::StatementLine;
use quittance_rules::money::Money;

/// A booked credit of which the bank says nothing but amount and day. A test adds what its line says besides.
pub fn silent_credit(amount: Money, booked: Date) -> StatementLine {
    StatementLine {
        booking_date: Some(booked),
        value_date: None,
        amount,
        counterparty_name: None,
        counterparty_account: None,
        remittance: None,
        structured_reference: None,
        end_to_end_id: None,
        bank_reference: None,
        transaction_code: None,
        is_return: false,
        is_booked: true,
        fee: None,
        original_amount: None,
        place: "line 1".into(),
    }
}
