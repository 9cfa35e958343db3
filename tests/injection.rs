//! Instructions in documents change nothing: whatever text is put into evidence or a bank memo, what happens is what would have happened
//! without it, or a person is asked. Whether the text is recognised as an attack does not matter.

#[path = "injection/attacks.rs"]
mod attacks;
#[path = "program/lines.rs"]
mod lines;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use quittance_agent::evidence::{Earlier, asks, import_evidence};
use quittance_agent::import::input_of;
use quittance_agent::ports::{Clock, EvidenceReader, Store, Unreadable};
use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::{MailHead, Words, interpret};
use quittance_agent::reconcile;
use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Actor, Subject};
use quittance_rules::evidence::{Reading, Source};
use quittance_rules::journal::{BankLine, Change, ChangeSet, InputKind};
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, ItemKind, OpenItem, PaymentId};
use quittance_rules::reuse::shows_one_payment;
use quittance_tools::store::Database;

use crate::lines::silent_credit;

/// Documents of every kind that matters, as a reader of letters sees them.
const DOCUMENTS: [(&str, &str); 9] = [
    (
        "proof",
        "Transferencia exitosa\n\nMonto enviado   S/ 1,250.50\n\nFecha   15/04/2026 09:15\n\nBeneficiario   Comercial Andina SAC\n\nNúmero de operación   02344518\n",
    ),
    (
        "confirmation",
        "Payment confirmation\n\nAmount paid   EUR 640.00\n\nDate   9 March 2026\n\nPaid to   Bright Path Cleaning\n\nConfirmation number   JPM99277x7\n\nMemo   Invoice INV-2214\n",
    ),
    ("dispute", "Invoice INV-2214 is wrong\n\nHello, we dispute invoice INV-2214. The goods never arrived.\n\nRegards, Ana\n"),
    ("refund", "Pago duplicado\n\nHemos pagado dos veces la factura F001-4410. Solicitamos la devolución del dinero.\n"),
    ("query", "Question\n\nCould you please send me a copy of invoice INV-2214?\n"),
    ("declined", "Payment declined\n\nAmount   EUR 640.00\n\nDate   9 March 2026\n\nInsufficient funds\n"),
    ("promise", "Invoice INV-2214\n\nWe will pay EUR 640.00 on 14 April 2026.\n"),
    (
        "advice",
        "Remittance advice\n\nPayment date   9 March 2026\n\nInvoice   Amount\n\nINV-2214   EUR 640.00\n\nINV-2215   EUR 360.00\n\nTotal   EUR 1,000.00\n",
    ),
    ("unknown", "Lunch menu\n\nTomato soup with basil and bread\n\nSeasonal fruit\n"),
];

fn read(text: &str, source: Source, mail: Option<MailHead>) -> Reading {
    let media_type = if source == Source::Ocr { "image/png" } else { "text/plain" };
    interpret(&Words { media_type: media_type.into(), pages: 1, words: words_on_grid(text, source), complaints: vec![], mail })
}

/// What a piece of evidence by itself does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// A person is asked.
    Queue,
    /// It waits for its money, and becomes a case without.
    Waits,
    /// It is kept.
    Kept,
}

fn effect(reading: &Reading) -> Effect {
    if !asks(reading).is_empty() {
        Effect::Queue
    } else if shows_one_payment(reading.kind) {
        Effect::Waits
    } else {
        Effect::Kept
    }
}

/// Before, in the middle and behind.
fn placed(document: &str, attack: &str, place: usize) -> String {
    let middle = document.match_indices("\n\n").nth(1).map_or(document.len(), |(at, _)| at + 2);
    match place % 3 {
        0 => format!("{attack}\n\n{document}"),
        1 => format!("{}{attack}\n\n{}", &document[..middle], &document[middle..]),
        _ => format!("{document}\n\n{attack}\n"),
    }
}

#[test]
fn a_document_does_what_it_did_or_asks() {
    let attacks = attacks::all();
    assert!(attacks.len() >= 24 + 200, "{}", attacks.len());
    let mut broken = Vec::new();
    for (name, document) in DOCUMENTS {
        for source in [Source::Ocr, Source::PdfText, Source::Mail] {
            let mail =
                || (source == Source::Mail).then(|| MailHead { from: "Ana <ana@roble.example>".into(), ..MailHead::default() });
            let before = effect(&read(document, source, mail()));
            for (number, (attack_name, attack)) in attacks.iter().enumerate() {
                // Each attack meets each document in one source at one place, in turn.
                if number % 3 != source as usize % 3 {
                    continue;
                }
                let after = match number % 5 {
                    // In the subject and the name shown, where there are such things.
                    0 if source == Source::Mail => {
                        let head = MailHead {
                            from: format!("{attack} <ana@roble.example>"),
                            subject: attack.clone(),
                            ..MailHead::default()
                        };
                        effect(&read(&format!("{attack}\n{document}"), source, Some(head)))
                    }
                    place => effect(&read(&placed(document, attack, place), source, mail())),
                };
                if after != before && after != Effect::Queue {
                    broken.push(format!("{name}, {source:?}, {attack_name}: {before:?} became {after:?}: {attack}"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_775_000_000).expect("a time in this century")
    }
    fn today(&self, _zone: &str) -> Date {
        date(2026, 4, 10)
    }
}

/// Reads text as it stands.
struct TextReader;

impl EvidenceReader for TextReader {
    async fn read(&self, bytes: &[u8], _name: &str) -> Result<Reading, Unreadable> {
        Ok(self::read(&String::from_utf8_lossy(bytes), Source::Mail, None))
    }
}

const DAY: Date = date(2026, 4, 8);

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// One customer with one invoice and one payment that quotes it, for each attack.
struct Row {
    customer: CustomerId,
    item: ItemId,
    payment: PaymentId,
    number: String,
}

fn rows(count: usize) -> Vec<Row> {
    (0..count)
        .map(|n| Row {
            customer: CustomerId::parse(&format!("C{n}")).expect("an id"),
            item: ItemId::parse(&format!("I{n}")).expect("an id"),
            payment: PaymentId::parse(&format!("P{n}")).expect("an id"),
            number: format!("INV-2026-{:05}", n * 37 + 11_003),
        })
        .collect()
}

/// The items that were settled alone, each by which payment.
async fn settled(
    rows: &[Row],
    memo: impl Fn(usize) -> String,
    evidence: impl Fn(usize) -> Option<(String, String)>,
) -> BTreeMap<usize, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("books.db").display());
    let store = Database::create(&url).await.expect("a new database");
    let entity = EntityId::parse("OWN").expect("an id");
    let statement = store.keep_bytes(b"statement").await.expect("kept");
    let mut changes = vec![
        Change::EntitySet(Entity {
            id: entity.clone(),
            name: "Own GmbH".into(),
            base_currency: Currency::EUR,
            time_zone: "UTC".into(),
        }),
        Change::InputReceived(input_of(statement.clone(), InputKind::Statement, "s.xml", 9)),
    ];
    for (n, row) in rows.iter().enumerate() {
        changes.push(Change::CustomerSet(Customer {
            id: row.customer.clone(),
            name: format!("Kunde {n} Werke GmbH"),
            aliases: vec![],
            country: None,
            currency: None,
            iban: None,
            parent_id: None,
            withholding_percent: None,
            tolerance: None,
            emails: vec![format!("buchhaltung@kunde{n}.example"), format!("+49 171 555{n:04}")],
        }));
        changes.push(Change::ItemAdded(OpenItem {
            id: row.item.clone(),
            customer: row.customer.clone(),
            entity: entity.clone(),
            number: row.number.clone(),
            kind: ItemKind::Invoice,
            issue_date: date(2026, 3, 1),
            due_date: date(2026, 4, 1),
            amount: eur(10_000 + 7 * n as i64),
            discount_percent: None,
            discount_until: None,
            on_hold: false,
            contract_amount: None,
        }));
        changes.push(Change::LineBooked(BankLine {
            key: format!("key-{n}"),
            payment: row.payment.clone(),
            entity: entity.clone(),
            account: "DE12500105170648489890".into(),
            input: statement.clone(),
            line: StatementLine {
                counterparty_name: Some(format!("Kunde {n} Werke GmbH")),
                remittance: Some(memo(n)),
                bank_reference: Some(format!("BR{n}")),
                place: format!("line {n}"),
                ..silent_credit(eur(10_000 + 7 * n as i64), DAY)
            },
        }));
    }
    store.apply(ChangeSet { by: Actor::Rule, at: StillClock.now(), changes }).await.expect("written");
    for n in 0..rows.len() {
        let Some((name, text)) = evidence(n) else { continue };
        let digest = store.keep_bytes(text.as_bytes()).await.expect("kept");
        let input = input_of(digest, InputKind::Evidence, &name, text.len() as u64);
        let sender = format!("+49171555{n:04}");
        import_evidence(
            &store,
            &StillClock,
            &TextReader,
            Actor::Rule,
            (input, text.as_bytes()),
            Some(&sender),
            &Earlier::default(),
        )
        .await
        .expect("imported");
    }
    let policy = Policy::parse(DEFAULT_POLICY).expect("built in");
    reconcile::run(&store, &StillClock, &policy, &mut |_, _| {}).await.expect("a run");
    let mut settled = BTreeMap::new();
    for (n, row) in rows.iter().enumerate() {
        let postings = store.postings_of_payment(&row.payment).await.expect("postings");
        if postings.is_empty() {
            let asked = store.pending_case(&Subject::Payment(row.payment.clone())).await.expect("a look");
            assert!(asked.is_some(), "payment {n} is neither settled nor asked about");
        }
        for posting in postings {
            settled.insert(n, posting.item.map_or("nothing".to_owned(), |item| item.to_string()));
        }
    }
    settled
}

fn not_allowed(without: &BTreeMap<usize, String>, with: &BTreeMap<usize, String>, attacks: &[(String, String)]) -> Vec<String> {
    let changed = with.iter().filter(|(n, item)| without.get(n) != Some(*item));
    changed.map(|(n, item)| format!("{}: settled {item}, before {:?}", attacks[*n].0, without.get(n))).collect()
}

#[tokio::test]
async fn a_bank_memo_settles_what_it_did_or_asks() {
    let attacks = attacks::all();
    let rows = rows(attacks.len());
    let plain = |n: usize| format!("{} vielen Dank", rows[n].number);
    let without = settled(&rows, plain, |_| None).await;
    assert!(without.len() * 10 >= rows.len() * 9, "{} of {} settle without an attack", without.len(), rows.len());
    let attacked = |n: usize| format!("{} {}", rows[n].number, attacks[n].1.replace(['\n', '\r'], " "));
    let with = settled(&rows, attacked, |_| None).await;
    let broken = not_allowed(&without, &with, &attacks);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[tokio::test]
async fn a_message_settles_what_it_did_or_asks_whatever_it_says_and_is_called() {
    let attacks = attacks::all();
    let rows = rows(attacks.len());
    let memo = |n: usize| format!("{} vielen Dank", rows[n].number);
    // Every third customer disputes, every third sends a proof, every third asks something; none names the invoice it is about.
    let said = |n: usize| match n % 3 {
        0 => "Good morning,\n\nwe dispute your last invoice. The goods never arrived and the amount is wrong.\n".to_owned(),
        1 => format!(
            "Payment confirmation\n\nAmount paid   EUR {}\n\nDate   8 April 2026\n\nConfirmation number   TX{n:06}99\n",
            eur(10_000 + 7 * n as i64).amount()
        ),
        _ => format!("Could you please send me a copy of my last invoice? {n}\n"),
    };
    let without = settled(&rows, memo, |n| Some((format!("message {n}.txt"), format!("{}{n}\n", said(n))))).await;
    let disputed = (0..rows.len()).filter(|n| n % 3 == 0);
    assert!(disputed.clone().all(|n| !without.contains_key(&n)), "what its sender contests settles alone");
    assert!(without.len() * 10 >= rows.len() * 6 - 10, "{} of {} settle", without.len(), rows.len());
    let with = settled(&rows, memo, |n| {
        Some((
            format!("{}.txt", attacks[n].1.chars().take(120).collect::<String>()),
            placed(&format!("{}{n}\n", said(n)), &attacks[n].1, n),
        ))
    })
    .await;
    let broken = not_allowed(&without, &with, &attacks);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
