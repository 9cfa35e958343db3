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

/// Payments of one book, each answered beside the others.
fn answered_together(
    customers: &[CustomerFields<'_>],
    items: &[ItemFields<'_>],
    paid: &[PaymentFields<'_>],
) -> (Book, Vec<Answer>) {
    let mut builder = BookBuilder::new();
    for customer in customers {
        builder.push_customer(customer).expect("new");
    }
    for item in items {
        builder.push_item(item).expect("known");
    }
    for (at, payment) in paid.iter().enumerate() {
        builder.push_payment(&PaymentFields { id: &format!("p{at}"), ..*payment }).expect("well formed");
    }
    let book: Book = builder.build(1);
    let answers = answer(&book, &MatchPolicy::default());
    (book, answers)
}

/// A book of any size has an invoice numbered like a year, a day or a customer: texts that carry one go on naming nobody's invoice.
#[test]
fn days_years_and_numbers_with_a_label_name_no_other_item() {
    let customers = [customer("C771203", "Alpha Bau GmbH", ACCOUNT), customer("C2", "Birke Foods AG", "NL91ABNA0417164300")];
    let items = [
        item("C771203", "RE50001", 119_000, APRIL),
        item("C2", "0002026", 4_900, APRIL),
        item("C2", "R-40-2026", 4_900, APRIL),
        item("C2", "R-270309-4526", 4_900, APRIL),
        item("C2", "0054408", 4_900, APRIL),
        item("C2", "2026/771203", 4_900, APRIL),
    ];
    for (cents, text) in [
        (119_000, "Zahlung 04/2026"),
        (119_000, "Miete und Service 04.2026"),
        (119_000, "Beitrag 2026"),
        (118_000, "RE50001 vom 12.04.2026"),
        (118_000, "RE50001 4.5.26"),
        (118_000, "RE50001 2026-04-12"),
        (118_000, "RE50001 / Kd.Nr. 054408"),
        (118_000, "RE50001, Bestellung 4531943554"),
        (118_000, "RE50001 / Kd.Nr. 771203"),
    ] {
        let one = answered(&customers, &items, &payment(cents, "Alpha Bau GmbH", ACCOUNT, text));
        let lines: Vec<&str> = one.candidates[0].lines.iter().map(|line| items[line.item as usize].number).collect();
        assert_eq!((&one.verdict, lines.as_slice()), (&Proposal::Settle, ["RE50001"].as_slice()), "{text}: {one:#?}");
    }
}

/// Some sellers number by month and year, and then that is the number.
#[test]
fn a_number_that_looks_like_a_day_is_one_where_an_item_bears_it() {
    let own = [customer("C", "Alfa Budowa", ACCOUNT)];
    for (number, text) in [
        ("12/2026", "faktura 12/2026"),
        ("FV/12/03/2026", "FV 12/03/2026"),
        ("2026-01-15", "RE 2026-01-15"),
        ("20260415", "20260415"),
    ] {
        let items = [item("C", number, 100_000, APRIL), item("C", "FV/77/03/2026", 100_000, APRIL)];
        let one = answered(&own, &items, &payment(100_000, "Alfa Budowa", ACCOUNT, text));
        let first = one.candidates[0].lines.first().map(|line| items[line.item as usize].number);
        assert_eq!(first, Some(number), "{text}: {one:#?}");
    }
}

/// `RE` is a word for invoice and the beginning of another seller's numbers.
#[test]
fn a_number_that_stands_as_an_item_bears_it_is_that_item() {
    let customers = [customer("A", "Alpha Bau GmbH", ACCOUNT), customer("B", "Birke Foods AG", "NL91ABNA0417164300")];
    for (own, other, text) in [
        ("0244602", "RE244602", "RE 0244602"),
        ("2026/250140", "INV-2026-250140", "INV 2026/250140"),
        ("RE244602", "0244602", "RE244602"),
    ] {
        let items = [item("A", own, 27_118, APRIL), item("B", other, 88_000, APRIL)];
        let one = answered(&customers, &items, &payment(27_118, "Somebody Else", "", text));
        let first = one.candidates[0].lines.first().map(|line| items[line.item as usize].number);
        assert_eq!(first, Some(own), "{text}: {one:#?}");
        // With no amount to tell them apart, either may be meant where a space stands between.
        let part = answered(&customers, &items, &payment(20_000, "Somebody Else", "", text));
        assert!(part.verdict == Proposal::Ask || !text.contains(' '), "{text}, another amount");
    }
}

/// No sum is made up with what another payment of the customer names.
#[test]
fn a_sum_does_not_take_the_invoice_that_another_payment_names() {
    let own = [customer("C", "Alpha Bau GmbH", ACCOUNT)];
    let numbers = ["RE61001", "RE61002", "RE61003", "RE61004", "RE61005", "RE61006"];
    let cents = [19_900, 24_565, 19_900, 47_163, 19_900, 31_007];
    let items: Vec<_> = numbers.iter().zip(cents).map(|(number, cents)| item("C", number, cents, APRIL)).collect();
    // Two of 199.00 and one of 245.65; one of the three of 199.00 is named by the other payment.
    let paid = [
        payment(64_365, "Alpha Bau GmbH", ACCOUNT, "danke"),
        payment(19_900, "Alpha Bau GmbH", ACCOUNT, "Rechnung Nr. 61003 Mai"),
    ];
    let (book, answers) = answered_together(&own, &items, &paid);
    let of =
        |at: usize| -> Vec<&str> { answers[at].candidates[0].lines.iter().map(|line| book.item_number(line.item)).collect() };
    assert_eq!(of(0), ["RE61001", "RE61002", "RE61005"]);
    assert_eq!(of(1), ["RE61003"]);
}

/// Who owes one amount many times is asked about with the items that may be meant, not with "fits no open item".
#[test]
fn of_many_equal_items_one_that_nobody_else_names_is_offered_first() {
    let own = [customer("C", "Abo AG", ACCOUNT)];
    let numbers: Vec<String> = (0..50).map(|n| format!("R-{:06}", 100_000 + n * 13)).collect();
    let items: Vec<_> = numbers.iter().map(|number| item("C", number, 14_900, APRIL)).collect();
    let texts: Vec<String> = numbers.iter().take(30).map(|number| format!("Rechnung {number} Teil 1 von 1")).collect();
    let mut paid: Vec<_> = texts.iter().map(|text| payment(14_900, "Abo AG", ACCOUNT, text)).collect();
    paid.extend([payment(14_900, "Abo AG", ACCOUNT, "danke"), payment(14_900, "Abo AG", ACCOUNT, "Abo")]);
    let (book, answers) = answered_together(&own, &items, &paid);
    for one in &answers[30..] {
        let first = one.candidates[0].lines.first().map(|line| book.item_number(line.item));
        assert_eq!(one.verdict, Proposal::Ask);
        assert!(first.is_some_and(|first| numbers[30..].iter().any(|number| number == first)), "{first:?}: {one:#?}");
    }
}
