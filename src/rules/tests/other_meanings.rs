//! Numbers and names that mean something else than the item with that amount: each of these asks.

use jiff::civil::{Date, date};
use quittance_rules::matching::{
    Answer, Book, BookBuilder, CustomerFields, ItemFields, MatchPolicy, PaymentFields, Proposal, answer,
};

mod fields;
use fields::euro;

const BOOKED: Date = date(2026, 4, 20);
const ACCOUNT: &str = "DE89370400440532013000";

fn customer<'a>(id: &'a str, name: &'a str, iban: &'a str) -> CustomerFields<'a> {
    CustomerFields { id, name, iban, ..CustomerFields::default() }
}

fn item<'a>(customer_id: &'a str, number: &'a str, cents: i64, issued: Date) -> ItemFields<'a> {
    ItemFields { issued: Some(issued), due: None, ..fields::item(number, customer_id, number, euro(cents)) }
}

fn payment<'a>(cents: i64, payer_name: &'a str, payer_iban: &'a str, remittance: &'a str) -> PaymentFields<'a> {
    PaymentFields { booked: Some(BOOKED), ..fields::payment("p", euro(cents), payer_name, payer_iban, remittance) }
}

fn answered(customers: &[CustomerFields<'_>], items: &[ItemFields<'_>], paid: &PaymentFields<'_>) -> Answer {
    let mut builder = BookBuilder::new();
    for customer in customers {
        builder.push_customer(customer).expect("new");
    }
    for item in items {
        builder.push_item(item).expect("known");
    }
    builder.push_payment(paid).expect("well formed");
    let book: Book = builder.build(1);
    answer(&book, &MatchPolicy::default()).remove(0)
}

const APRIL: Date = date(2026, 4, 1);

#[test]
fn a_number_with_another_meaning_does_not_choose_between_equal_amounts() {
    for (first, second, text, end_to_end) in [
        ("RE10023", "RE10031", "Kundennummer 10023 Abo Mai", ""),
        ("RE30001", "RE30015", "Kd-Nr 30001", ""),
        ("RE45001", "RE45002", "Bestellung 45001", ""),
        ("RE88001", "RE88002", "Vertrag 88001 Monat April", ""),
        ("2026", "2031", "Beitrag Mai 2026", ""),
        ("2026", "2031", "Wartung 15.03.2026", ""),
        ("RE47110", "RE47200", "", "47110"),
    ] {
        let own = customer("C10023", "Alpha Bau GmbH", ACCOUNT);
        let items = [item("C10023", first, 4_900, APRIL), item("C10023", second, 4_900, APRIL)];
        let paid = PaymentFields { end_to_end_id: end_to_end, ..payment(4_900, "Alpha Bau GmbH", ACCOUNT, text) };
        assert_eq!(answered(&[own], &items, &paid).verdict, Proposal::Ask, "{text} {end_to_end}");
        // The number itself, as the invoice bears it, does; bare, it may be a year all the same.
        if first == "2026" {
            continue;
        }
        let text = format!("Rechnung {first}");
        let paid = payment(4_900, "Alpha Bau GmbH", ACCOUNT, &text);
        let own = customer("C10023", "Alpha Bau GmbH", ACCOUNT);
        assert_eq!(answered(&[own], &items, &paid).verdict, Proposal::Settle, "{text}");
    }
}

#[test]
fn a_number_that_goes_on_is_another_invoice() {
    let own = || [customer("C", "Alpha Bau GmbH", ACCOUNT)];
    let items = [item("C", "RE2026-1001", 50_000, APRIL), item("C", "RE2026-1001/1", 50_000, APRIL)];
    for text in ["1001/1", "Rechnung 1001/1"] {
        assert_eq!(answered(&own(), &items, &payment(50_000, "Alpha Bau GmbH", ACCOUNT, text)).verdict, Proposal::Ask, "{text}");
    }
    // Half of the one, or of the other whose last digit the bank cut off.
    let items = [item("C", "RE1001", 100_000, APRIL), item("C", "RE10015", 100_000, APRIL)];
    assert_eq!(answered(&own(), &items, &payment(50_000, "Alpha Bau GmbH", ACCOUNT, "RE1001")).verdict, Proposal::Ask);
}

#[test]
fn a_number_of_ours_that_is_not_open_is_no_reason_to_settle_another() {
    let own = || [customer("C", "Alpha Bau GmbH", ACCOUNT)];
    let items = [item("C", "RE50001", 4_900, APRIL)];
    let asked = answered(&own(), &items, &payment(4_900, "Alpha Bau GmbH", ACCOUNT, "Rechnung RE49876 vom 01.03.2026"));
    assert_eq!(asked.verdict, Proposal::Ask, "an invoice paid before");
    for text in ["Rechnung RE50010", "Bestellung 77218", "danke"] {
        let paid = payment(4_900, "Alpha Bau GmbH", ACCOUNT, text);
        assert_eq!(answered(&own(), &items, &paid).verdict, Proposal::Settle, "{text}: a slip, an order, nothing");
    }
}

#[test]
fn a_sum_of_items_that_were_not_there_yet_asks() {
    let own = || [customer("C", "Alpha Bau GmbH", ACCOUNT)];
    let paid = payment(33_700, "Alpha Bau GmbH", ACCOUNT, "");
    for (first, second) in [(date(2026, 4, 25), date(2026, 4, 28)), (APRIL, date(2026, 4, 25))] {
        let items = [item("C", "RE50001", 10_000, first), item("C", "RE50002", 23_700, second)];
        assert_eq!(answered(&own(), &items, &paid).verdict, Proposal::Ask, "{first} {second}");
    }
}

#[test]
fn what_names_a_customer_is_not_set_aside_as_not_ours() {
    let customers = || [customer("C", "Globex Corp Trading", ACCOUNT)];
    let items = [item("C", "RE50001", 119_050, APRIL)];
    for (name, cents, text) in [
        ("Wise Payments Limited", 119_050, "Globex Corp Trading invoice"),
        ("Revolut Ltd", 60_000, "Sent from Revolut by Globex Corp Trading"),
    ] {
        let asked = answered(&customers(), &items, &payment(cents, name, "", text));
        assert_eq!(asked.verdict, Proposal::Ask, "{name}: {text}");
    }
}

#[test]
fn more_customers_of_one_account_than_are_compared_make_a_question() {
    let ids: Vec<String> = (0..25).map(|n| format!("W{n:02}")).collect();
    let names: Vec<String> = (0..25).map(|n| format!("Wohnung Nummer{n}")).collect();
    let owner = |at: usize| customer(&ids[at], &names[at], ACCOUNT);
    let numbers = ["RE70003", "RE70023"];
    for order in [[3, 23], [23, 3]] {
        let customers: Vec<_> = (0..25).map(owner).collect();
        let items: Vec<_> = order.iter().zip(numbers).map(|(at, number)| item(&ids[*at], number, 10_000, APRIL)).collect();
        let asked = answered(&customers, &items, &payment(10_000, "Hausverwaltung Nord", ACCOUNT, "Hausgeld"));
        assert_eq!(asked.verdict, Proposal::Ask);
    }
}

/// Whose account it is, is known whoever else has the name; where nobody's account is on file, as many as are not compared make a question.
#[test]
fn the_account_tells_between_many_of_one_name() {
    let ids: Vec<String> = (0..300).map(|n| format!("C{n:04}")).collect();
    let customers: Vec<_> =
        ids.iter().map(|id| customer(id, "Jansen Elbe LLP", if id == "C0250" { ACCOUNT } else { "" })).collect();
    let numbers: Vec<String> = (0..300).map(|n| format!("RE{}", 10_003 + n * 7)).collect();
    let items: Vec<_> =
        ids.iter().zip(&numbers).zip(0_i64..).map(|((id, number), n)| item(id, number, 100_000 + n * 1_317, APRIL)).collect();
    let owed = 100_000 + 250 * 1_317;
    let known = answered(&customers, &items, &payment(owed, "JANSEN ELBE", ACCOUNT, "THANK YOU"));
    assert_eq!((known.verdict, known.near_miss), (Proposal::Settle, None));
    let unknown = answered(&customers, &items, &payment(owed, "JANSEN ELBE", "", "THANK YOU"));
    assert_eq!(unknown.verdict, Proposal::Ask);
}

/// In a large book nearly every number has as many digits as some of ours. Money of the tax office is not ours to apply for all that; a number
/// within a series of ours asks.
#[test]
fn a_number_as_long_as_ours_is_no_reason_against_money_that_is_not_ours() {
    let own = customer("C1", "Alpha Bau GmbH", ACCOUNT);
    let numbers: Vec<String> = (0..40).map(|n| format!("{}", 70_000_000 + n)).collect();
    let items: Vec<_> = numbers.iter().filter(|n| *n != "70000017").map(|number| item("C1", number, 35_000, APRIL)).collect();
    let said = |text: &str| answered(std::slice::from_ref(&own), &items, &payment(20_106, "HMRC", "", text));
    let far = said("VAT refund 88884180");
    assert_eq!((far.verdict, far.near_miss), (Proposal::Settle, None));
    assert_eq!(said("VAT refund 70000017").verdict, Proposal::Ask);
}

#[test]
fn the_account_of_another_customer_names_no_item() {
    let customers = [customer("A", "Huber Bau GmbH", ""), customer("B", "Huber Bau KG", ACCOUNT)];
    let items = [item("A", "RE50001", 10_000, APRIL)];
    let asked = answered(&customers, &items, &payment(10_000, "Huber Bau KG", ACCOUNT, "Rechnung April"));
    assert_eq!(asked.verdict, Proposal::Ask);
}

#[test]
fn amounts_near_the_end_of_what_can_be_counted_end_in_a_question() {
    let own = [customer("C", "Alpha Bau GmbH", ACCOUNT)];
    let far = i64::MIN / 2 - 1_000;
    let items = [item("C", "RE70101", far, APRIL), item("C", "RE70102", far, APRIL), item("C", "RE70103", 50_000, APRIL)];
    let asked = answered(&own, &items, &payment(50_000, "Alpha Bau GmbH", ACCOUNT, "RE70101, RE70102, RE70103"));
    assert_eq!(asked.verdict, Proposal::Ask);
}
