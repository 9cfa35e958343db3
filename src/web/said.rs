//! What the program's own sentences say, in the language of the page.
//!
//! Rules and the order of work write their reasons, answers and headlines in English, and these are kept: a case, a decision and what
//! is replayed from it hold them. Here such a sentence is read back into what it is, a key with its values, and said in another language
//! from the same files as every other text: the English of `locales/en-said.ftl` is, word for word, what is written. A sentence that
//! is none of these (a person's words, one of an older version) stays as it is.
//!
//! The names of values say what they may be: `amount…` money, `day…` a date, `count…` a whole number, `field…` the name of a field, `name…` a
//! name, which ends at a semicolon, `kind…` a kind of exception, `said…` a sentence of the file (`saidWay`: one whose key begins with `said-way-`), `maybe…` one where it is one,
//! `list…` several of them with commas between. Any other is a text that is kept.

use std::cell::Cell;
use std::sync::LazyLock;

use fluent_bundle::FluentValue;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::money::{Currency, Money};

use crate::locale::Language;

/// Longer texts are no sentences of ours, in bytes.
const TEXT_MAX: usize = 2_000;
/// Comparisons spent on one text at most: nobody makes a page slow by what they write on a transfer.
const TRIES_MAX: u32 = 20_000;
/// Sentences within sentences.
const DEPTH_MAX: u32 = 4;

/// A sentence of the program: which one, and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its key in the language files.
    pub key: &'static str,
    /// Its values, in the order of the English sentence.
    pub values: Vec<(&'static str, Value)>,
}

/// A value in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Kept as it is: a name, a number, an amount, a day.
    Text(String),
    /// A kind of exception.
    Kind(ExceptionKind),
    /// A sentence of the program.
    Said(Box<Said>),
    /// Several values, with commas between.
    List(Vec<Value>),
}

/// A sentence of the file, taken apart at its values.
struct Form {
    key: &'static str,
    /// One more than there are values: what stands before, between and behind them.
    words: Vec<&'static str>,
    names: Vec<&'static str>,
}

impl Form {
    fn of(line: &'static str) -> Option<Self> {
        let (key, mut pattern) = line.split_once(" = ").filter(|(key, _)| key.starts_with("said-"))?;
        let (mut words, mut names) = (Vec::new(), Vec::new());
        while let Some((before, rest)) = pattern.split_once("{ $") {
            let (name, after) = rest.split_once(" }")?;
            words.push(before);
            names.push(name);
            pattern = after;
        }
        words.push(pattern);
        Some(Self { key, words, names })
    }

    fn letters(&self) -> usize {
        self.words.iter().map(|words| words.len()).sum()
    }
}

/// The sentences, the most telling first: of two that fit, the one that leaves less open is meant. The rest of a headline comes after the
/// headlines, of which it would take the first half for an item.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let mut forms: Vec<Form> = Language::ALL[0].said().lines().filter_map(Form::of).collect();
    forms.sort_by_key(|form| (form.key.starts_with("said-rest-"), std::cmp::Reverse(form.letters())));
    forms
});

/// Reads a sentence of the program; `None` for any other text.
pub fn read(text: &str) -> Option<Said> {
    let reader = Reader { tries: Cell::new(TRIES_MAX) };
    reader.said(text.trim(), Of::Whole, 0)
}

/// A text of the program in a language: sentence by sentence where it holds several. What is no sentence of the program stays.
pub fn say(language: Language, text: &str) -> String {
    if language == Language::ALL[0] || text.len() > TEXT_MAX {
        return text.to_owned();
    }
    if let Some(said) = read(text) {
        return said.text(language);
    }
    for between in ["; ", ", "] {
        let parts: Option<Vec<Said>> = text.split(between).map(read).collect();
        if let Some(parts) = parts.filter(|parts| parts.len() > 1) {
            return parts.iter().map(|said| said.text(language)).collect::<Vec<_>>().join(between);
        }
    }
    let mut parts = text.split("; ").map(|part| (part, read(part))).peekable();
    if parts.peek().is_none_or(|(_, first)| first.is_none()) {
        return text.to_owned();
    }
    parts.map(|(part, said)| said.map_or_else(|| part.to_owned(), |said| said.text(language))).collect::<Vec<_>>().join("; ")
}

impl Said {
    /// The sentence in a language.
    pub fn text(&self, language: Language) -> String {
        let values: Vec<(&str, FluentValue<'_>)> =
            self.values.iter().map(|(name, value)| (*name, FluentValue::from(value.text(language)))).collect();
        language.text(self.key, &values)
    }
}

impl Value {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Kind(kind) => language.text(&format!("kind-{}", kind.to_string().replace('_', "-")), &[]),
            Self::Said(said) => said.text(language),
            Self::List(parts) => parts.iter().map(|part| part.text(language)).collect::<Vec<_>>().join(", "),
        }
    }
}

/// Which sentences are meant.
#[derive(Clone, Copy)]
enum Of<'k> {
    /// Those that can stand alone.
    Whole,
    /// Those that can stand within another.
    Part,
    /// Those whose key begins so, behind `said-`.
    Kind(&'k str),
}

struct Reader {
    tries: Cell<u32>,
}

impl Reader {
    /// One of the sentences.
    fn said(&self, text: &str, of: Of<'_>, depth: u32) -> Option<Said> {
        if text.is_empty() || text.len() > TEXT_MAX || depth > DEPTH_MAX {
            return None;
        }
        let left = self.tries.get();
        if left == 0 {
            return None;
        }
        self.tries.set(left - 1);
        FORMS.iter().find_map(|form| {
            // Most sentences begin otherwise: that is seen at once and costs no try.
            if !form.words.first().is_some_and(|words| text.starts_with(words)) {
                return None;
            }
            let own = form.key.strip_prefix("said-")?;
            let is_of = |of: &str| own.strip_prefix(of).is_some_and(|rest| rest.starts_with('-'));
            let fits = match of {
                Of::Kind(of) => is_of(of),
                // Single words, and enumerations, that mean something in their place only.
                Of::Whole => !is_of("pattern") && !is_of("items"),
                Of::Part => !is_of("pattern"),
            };
            if !fits {
                return None;
            }
            let mut values = Vec::with_capacity(form.names.len());
            self.fit(form, 0, text, depth, &mut values).then_some(Said { key: form.key, values })
        })
    }

    /// Whether the words from `at` on fit the rest of a text, with the values between them.
    fn fit(&self, form: &Form, at: usize, text: &str, depth: u32, values: &mut Vec<(&'static str, Value)>) -> bool {
        let left = self.tries.get();
        if left == 0 {
            return false;
        }
        self.tries.set(left - 1);
        let Some(rest) = form.words.get(at).and_then(|words| text.strip_prefix(words)) else { return false };
        let (Some(name), Some(next)) = (form.names.get(at), form.words.get(at + 1)) else { return rest.is_empty() };
        let is_last = at + 1 == form.names.len();
        let mut from = 0;
        loop {
            // The last words stand at the end; those between are tried wherever they stand.
            let found = if is_last {
                rest.strip_suffix(next).map(str::len).filter(|end| *end >= from)
            } else {
                rest.get(from..).and_then(|behind| behind.find(next)).map(|found| from + found)
            };
            let Some(end) = found else { return false };
            if let Some(value) = self.value(name, &rest[..end], depth) {
                values.push((name, value));
                if self.fit(form, at + 1, &rest[end..], depth, values) {
                    return true;
                }
                values.pop();
            }
            if is_last {
                return false;
            }
            from = end + next.len().max(1);
        }
    }

    fn value(&self, name: &'static str, text: &str, depth: u32) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        let kept = || Value::Text(text.to_owned());
        let class: String = name.chars().take_while(char::is_ascii_lowercase).collect();
        match class.as_str() {
            "amount" => is_amount(text).then(kept),
            "day" => text.parse::<jiff::civil::Date>().is_ok().then(kept),
            "count" => text.bytes().all(|byte| byte.is_ascii_digit()).then(kept),
            "field" => text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-').then(kept),
            "name" => (!text.contains("; ")).then(kept),
            "kind" => ExceptionKind::ALL.iter().find(|kind| kind.words() == text).map(|kind| Value::Kind(*kind)),
            "said" => {
                let of = name.strip_prefix("said").unwrap_or_default().to_ascii_lowercase();
                let of = if of.is_empty() { Of::Whole } else { Of::Kind(&of) };
                self.said(text, of, depth + 1).map(|said| Value::Said(Box::new(said)))
            }
            "maybe" => Some(self.maybe(text, depth)),
            // A sentence that follows is none of them.
            "list" if text.contains("; ") => None,
            "list" => {
                let mut parts: Vec<Value> = Vec::new();
                for part in text.split(", ") {
                    parts.push(self.maybe(part, depth));
                }
                Some(Value::List(parts))
            }
            _ => Some(kept()),
        }
    }

    fn maybe(&self, text: &str, depth: u32) -> Value {
        let said = self.said(text, Of::Part, depth + 1);
        said.map_or_else(|| Value::Text(text.to_owned()), |said| Value::Said(Box::new(said)))
    }
}

/// Money as the program writes it: `EUR 1180.00`.
fn is_amount(text: &str) -> bool {
    let Some((code, digits)) = text.split_once(' ') else { return false };
    code.len() == 3
        && code.bytes().all(|byte| byte.is_ascii_uppercase())
        && Currency::parse(code).is_ok_and(|currency| Money::parse(digits, currency).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spanish(text: &str) -> String {
        say(Language::Spanish, text)
    }

    #[test]
    fn sentences_are_read_back_and_said() {
        for (text, wanted) in [
            ("no open item explains the payment", "ninguna partida abierta explica el pago"),
            ("INV-7 would not be cleared in full", "INV-7 no quedaría saldada del todo"),
            (
                "EUR 1180.00 from ACME, Inc., of Ohio, EUR 20.00 short of INV-2041",
                "EUR 1180.00 de ACME, Inc., of Ohio, faltan EUR 20.00 para INV-2041",
            ),
            (
                "EUR 5.00 from an unnamed payer: looks like money that is not ours to apply",
                "EUR 5.00 de un pagador sin nombre: parece dinero que no nos corresponde aplicar",
            ),
            (
                "EUR 9.00 from Tidewater Analytics, BW-7 less EUR 12.50 charges",
                "EUR 9.00 de Tidewater Analytics, BW-7 menos EUR 12.50 de gastos",
            ),
            (
                "EUR 9.00 from Rivers, Ltd, BW-7, BW-8 less EUR 12.50 charges",
                "EUR 9.00 de Rivers, Ltd, BW-7, BW-8 menos EUR 12.50 de gastos",
            ),
            ("BW-7, BW-8 less EUR 12.50 charges", "BW-7, BW-8 menos EUR 12.50 de gastos"),
            ("EUR 9.00 from A: B, fits INV-1 … INV-9 (9 items)", "EUR 9.00 de A: B, encaja con INV-1 … INV-9 (9 partidas)"),
            (
                "the pattern `lump_named` is not yet certified: without a certificate only one item quoted in full settles alone",
                "el patrón `suma nombrada` aún no está certificado: sin certificado solo se salda sola una partida citada completa",
            ),
            (
                "INV-1 and 3 more add up, by the payer, Rivers and the amount, Ltd and the amounts",
                "INV-1 y 3 más suman lo mismo, por quien paga, Rivers and the amount, Ltd y los importes",
            ),
            (
                "INV-1 exactly, by the invoice number in the text; avis.pdf names INV-1, INV-2",
                "INV-1 exacto, por el número de factura en el texto; avis.pdf nombra INV-1, INV-2",
            ),
            (
                "INV-1 exactly, by the payer, Rivers Ltd and the amount; avis.pdf names INV-2",
                "INV-1 exacto, por quien paga, Rivers Ltd y el importe; avis.pdf nombra INV-2",
            ),
            ("fits INV-1 … INV-9 (9 items)", "encaja con INV-1 … INV-9 (9 partidas)"),
            ("there is a matter of `dispute`", "hay un asunto de `disputa`"),
            ("settled alone: 2 items, discount, kept on account", "saldado solo: 2 partidas, descuento, a cuenta"),
            ("only this kept it: the text names another item", "solo esto lo retuvo: el texto nombra otra partida"),
            ("hint: it was saved over 2 times after it was made", "indicio: se guardó encima 2 veces después de hacerse"),
            ("choice: there is no customer c-9", "choice: no hay ningún cliente c-9"),
            // No sentence of the program stays as it is.
            ("paid in full, thank you", "paid in full, thank you"),
            ("short", "short"),
            ("EUR 12 from heaven", "EUR 12 from heaven"),
            ("", ""),
        ] {
            assert_eq!(spanish(text), wanted, "{text}");
            assert_eq!(say(Language::English, text), text);
        }
    }

    /// What the file says in English is what is written: each sentence, filled with values of its kinds, is read back as itself.
    #[test]
    fn every_sentence_of_the_file_is_read_as_itself() {
        fn filled(form: &Form, depth: u32) -> String {
            let mut text = String::new();
            for (at, words) in form.words.iter().enumerate() {
                text.push_str(words);
                let Some(name) = form.names.get(at) else { continue };
                let class: String = name.chars().take_while(char::is_ascii_lowercase).collect();
                let value = match class.as_str() {
                    "amount" => "EUR 12.34".to_owned(),
                    "day" => "2026-12-01".to_owned(),
                    "count" => "17".to_owned(),
                    "field" => "amount".to_owned(),
                    "kind" => "dispute".to_owned(),
                    "said" if depth < 3 => {
                        let of = name.strip_prefix("said").unwrap().to_ascii_lowercase();
                        let wanted = |form: &&Form| {
                            if of.is_empty() {
                                form.key == "said-no-answer"
                            } else {
                                form.key.starts_with(&format!("said-{of}-"))
                            }
                        };
                        filled(FORMS.iter().find(wanted).unwrap_or_else(|| panic!("{name}: no such sentence")), depth + 1)
                    }
                    _ => "Zq-81".to_owned(),
                };
                text.push_str(&value);
            }
            text
        }
        assert!(FORMS.len() > 300);
        for form in FORMS.iter() {
            let text = filled(form, 0);
            let of = form.key.split('-').nth(1).filter(|of| ["pattern", "items"].contains(of)).map_or(Of::Whole, Of::Kind);
            let said = Reader { tries: Cell::new(TRIES_MAX) }.said(&text, of, 0);
            let said = said.unwrap_or_else(|| panic!("{}: `{text}` is not read", form.key));
            assert_eq!(said.text(Language::English), text, "{}", form.key);
            let own = Language::Spanish.text(form.key, &[]);
            assert_ne!(own, form.key, "{} has no Spanish", form.key);
        }
    }

    /// What the gate gives as reasons, each of them, with the rule it names beside it. A new reason does not compile here until it has a row.
    #[test]
    fn every_reason_of_the_gate_is_said() {
        use quittance_agent::desk::explain::condition;
        use quittance_rules::gate::Reason;
        use quittance_rules::records::{CustomerId, ItemId};
        use quittance_rules::reference::Level;
        let (item, rule) = (ItemId::parse("INV-7").unwrap(), || "large".to_owned());
        let money = Money::new(1_200, Currency::EUR);
        let customers = ["c1", "c2"].map(|id| CustomerId::parse(id).unwrap()).to_vec();
        let mut reasons = vec![
            Reason::NoAnswer,
            Reason::PartlyDecided,
            Reason::IsReturn,
            Reason::InFuture(jiff::civil::date(2026, 12, 1)),
            Reason::AmountDiffers { items: money, payment: money },
            Reason::NotCleared(item.clone()),
            Reason::CurrencyDiffers(item.clone()),
            Reason::CreditNote(item.clone()),
            Reason::OnHold(item.clone()),
            Reason::ContractDiffers(item.clone()),
            Reason::PaidBeforeIssue(item),
            Reason::NumberNotQuoted("INV-7".to_owned()),
            Reason::NumberTooShort("7".to_owned()),
            Reason::SeveralCustomers(customers),
            Reason::PayerContradicted("the payer is A, the customer B".to_owned()),
            Reason::HighValue { amount: money, limit: Some(money) },
            Reason::HighValue { amount: money, limit: None },
            Reason::MatcherDoubts(None),
            Reason::MatcherDoubts(Some("the text names another item".to_owned())),
            Reason::WordOfDoubt("storno".to_owned()),
            Reason::TakenBack,
            Reason::Rejected,
            Reason::RuleAsks(rule()),
            Reason::RuleAssigns { rule: rule(), to: "ana".to_owned() },
            Reason::RuleFailed { rule: rule(), why: "no such field".to_owned() },
            Reason::RuleStopped(rule()),
            Reason::FitsItem { rule: rule(), number: "INV-7".to_owned() },
            Reason::AboveWriteOff { rule: rule(), rest: money },
        ];
        reasons.extend(ExceptionKind::ALL.iter().map(|kind| Reason::Flag(*kind)));
        for reason in &reasons {
            match reason {
                Reason::NoAnswer
                | Reason::PartlyDecided
                | Reason::IsReturn
                | Reason::InFuture(_)
                | Reason::AmountDiffers { .. } => {}
                Reason::NotCleared(_) | Reason::CurrencyDiffers(_) | Reason::CreditNote(_) | Reason::OnHold(_) => {}
                Reason::ContractDiffers(_) | Reason::PaidBeforeIssue(_) | Reason::NumberNotQuoted(_) => {}
                Reason::NumberTooShort(_) | Reason::SeveralCustomers(_) | Reason::PayerContradicted(_) => {}
                Reason::HighValue { .. } | Reason::MatcherDoubts(_) | Reason::WordOfDoubt(_) | Reason::TakenBack => {}
                Reason::Flag(_) | Reason::Rejected | Reason::RuleAsks(_) | Reason::RuleAssigns { .. } => {}
                Reason::RuleFailed { .. } | Reason::RuleStopped(_) | Reason::FitsItem { .. } | Reason::AboveWriteOff { .. } => {}
            }
            let said = condition(reason);
            assert_ne!(spanish(&said.sentence), said.sentence, "{reason:?}");
            // Names of a threshold in the policy file stay what they are there.
            let is_name = said.rule.contains('.') && !said.rule.contains(' ');
            assert!(is_name || spanish(&said.rule) != said.rule, "{reason:?}: {}", said.rule);
        }
        for level in Level::ALL {
            let words = format!("{} in the text", level.words());
            assert_ne!(spanish(&format!("INV-7 exactly, by {words}")), format!("INV-7 exactly, by {words}"));
        }
        for pattern in quittance_rules::matching::Pattern::ALL {
            let rest = "is not yet certified: without a certificate only one item quoted in full settles alone";
            assert!(spanish(&format!("the pattern `{}` {rest}", pattern.name())).starts_with("el patrón `"), "{pattern:?}");
        }
        for kind in ExceptionKind::ALL {
            let text = format!("{} always meets a person", kind.words());
            assert!(spanish(&text).ends_with("siempre lo ve una persona"), "{text}");
        }
    }

    /// What the readers of files write, a sentence of each kind with its Spanish.
    #[test]
    fn every_sentence_of_the_readers_is_said() {
        let samples = include_str!("locales/said-of-readers.tsv");
        for line in samples.lines() {
            let (text, wanted) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
            assert_eq!(spanish(text), wanted, "{text}");
        }
        assert!(samples.lines().count() > 300);
    }

    /// What the matcher says when it does not settle alone stands in one file of its own; each sentence there has its Spanish.
    #[test]
    fn every_doubt_of_the_matcher_is_said() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/matching/run/guard.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let mut seen = 0;
        for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for text in line.split('"').skip(1).step_by(2).filter(|text| text.split(' ').count() > 3) {
                assert_ne!(spanish(text), text, "no Spanish for `{text}`");
                seen += 1;
            }
        }
        assert!(seen > 20, "the search would find them: {seen}");
    }

    /// Whatever somebody writes on a transfer, the work on it is bounded.
    #[test]
    fn no_text_takes_long() {
        for piece in ["`a`: ", ", ", ": ", "EUR 1.00 from ", "; ", " and 3 more", "hint: ", "case 1: ", "fits no open item; "] {
            let text: String = piece.repeat(TEXT_MAX / piece.len());
            // Where reading would take longer than its bound it stops, and the text stays as it is.
            let said = spanish(&text);
            assert!(said == text || piece.starts_with("fits"), "{piece}: {said}");
            let long = text.repeat(20);
            assert_eq!(spanish(&long), long, "what is longer than any sentence of ours is none");
        }
        assert_eq!(
            spanish("fits no open item; what a customer wrote"),
            "no encaja con ninguna partida abierta; what a customer wrote"
        );
    }
}
