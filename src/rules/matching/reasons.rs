//! Words for people: why a candidate, what was withheld, what was missing.

use super::book::{Book, NONE};
use super::candidates::Hypothesis;
use super::{Pattern, Residual};
use crate::money::Money;
use crate::reference::Level;

/// One sentence for a candidate.
pub(super) fn sentence(
    book: &Book,
    hypothesis: &Hypothesis,
    residual: &Residual,
    named: &[(u32, Level)],
    duplicate_of: Option<u32>,
) -> String {
    let (mut text, first) = match &*hypothesis.lines {
        [] => (String::new(), NONE),
        [(item, _)] => (book.item_number(*item).to_owned(), *item),
        [(item, _), rest @ ..] => (format!("{} and {} more", book.item_number(*item), rest.len()), *item),
    };
    let how = named.iter().find(|(i, _)| *i == first).map(|(_, level)| level.words());
    let by = match how {
        Some(words) => format!("{words} in the text"),
        None if first != NONE => format!("the payer, {}", book.customer_name(book.item_customer(first))),
        None => String::new(),
    };
    let note = match hypothesis.pattern {
        Pattern::ReferenceExact => format!(" exactly, by {by}"),
        Pattern::PayerExact => format!(" exactly, by {by} and the amount"),
        Pattern::LumpNamed => format!(" add up, by {by}"),
        Pattern::LumpFound => format!(" add up, by {by} and the amounts"),
        Pattern::Part => format!(" in part, {} stays open, by {by}", residual.short),
        Pattern::Short if !residual.fee.is_zero() => format!(" less the bank's charges of {}, by {by}", residual.fee),
        Pattern::Short => format!(", {} short, by {by}", residual.short),
        Pattern::Over => format!(", {} too much stays unapplied, by {by}", residual.unapplied),
        Pattern::Discount => format!(" less the discount of {} it grants, by {by}", residual.discount),
        Pattern::Withholding => format!(" less {} tax withheld, by {by}", residual.withholding),
        Pattern::OtherCurrency => format!(" in another currency ({} off the rate), by {by}", residual.exchange),
        Pattern::Weak => format!(" by the amount; the payer is not known as {}", book.customer_name(book.item_customer(first))),
        // Whether that other payment has been decided is not known here: it may wait beside this one.
        Pattern::Duplicate => {
            let of = if hypothesis.repeats == NONE {
                "what was paid".to_owned()
            } else {
                book.item_number(hypothesis.repeats).to_owned()
            };
            match duplicate_of {
                Some(payment) => {
                    let day = book.payment_day(payment).map(|day| format!(" on {day}")).unwrap_or_default();
                    format!("a second payment of {of}: {} came{day} too", book.payment_amount(payment))
                }
                None if hypothesis.repeats == NONE => "paid before".to_owned(),
                None => format!("paid before: {of}"),
            }
        }
        Pattern::NotOurs => "not ours: nothing ties it to a customer".to_owned(),
        Pattern::NoItem => "fits no open item".to_owned(),
    };
    text.push_str(&note);
    text
}

/// What was missing to settle alone.
pub(super) fn near_miss(best: &Hypothesis, residual: &Residual, guard: Option<&str>) -> String {
    if let Some(guard) = guard {
        return guard.to_owned();
    }
    let amount = |m: Money| m.to_string();
    match best.pattern {
        Pattern::PayerExact | Pattern::LumpFound | Pattern::Weak => "would settle alone if the reference were present".to_owned(),
        Pattern::Part | Pattern::Short => format!("{} short of exact", amount(residual.short)),
        Pattern::Over => format!("{} more than exact", amount(residual.unapplied)),
        Pattern::Withholding => "tax withheld always meets a person".to_owned(),
        Pattern::Discount => "the discount is not beyond doubt".to_owned(),
        Pattern::OtherCurrency => "would settle alone if the rate were nearer or the original amount given".to_owned(),
        Pattern::ReferenceExact | Pattern::LumpNamed => {
            "would settle alone if the payer were known or the reference beyond doubt".to_owned()
        }
        Pattern::Duplicate => "would settle alone as a duplicate if nothing else of that amount were open".to_owned(),
        Pattern::NotOurs => "would settle alone as not ours if the text said what it is".to_owned(),
        Pattern::NoItem => "no open item fits".to_owned(),
    }
}
