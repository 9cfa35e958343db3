//! Pictures of telephone screens: wallets, bank apps and a chat, of invented brands.

use jiff::ToSpan;
use quittance_rules::evidence::EvidenceKind;
use quittance_rules::money::{Currency, Money};

use super::DemoError;
use super::cash::{Booking, LAST_DAY};
use super::draw::{Placing, blur, jpeg, png, sensor, through_messenger, unreadable};
use super::evidence::{Desk, Maker, MoneyTiming, Piece, Shown, is_single};
use super::roster::BERLIN;
use super::template::{Filling, Values, fill};
use super::text::{Language, amount_point, clock12, clock24, long_date, short_date, slash_date, wrap};

const WALLET: &str = include_str!("templates/wallet_card.svg");
const BANK: &str = include_str!("templates/bank_list.svg");
const NEOBANK: &str = include_str!("templates/neobank_dark.svg");
const CHAT: &str = include_str!("templates/chat.svg");
const ANDROID: [(&str, &str); 1] = [("status", include_str!("templates/status_android.svg"))];
const IOS: [(&str, &str); 1] = [("status", include_str!("templates/status_ios.svg"))];

/// In the order of the files.
pub(super) const MAKERS: [Maker; 19] = [
    |d| wallet(d, "01_kuntur.jpg", &KUNTUR, Sent::Messenger(720, 72)),
    |d| wallet(d, "02_kuntur.jpg", &KUNTUR, Sent::Messenger(720, 78)),
    |d| wallet(d, "03_kuntur.png", &KUNTUR, Sent::Original(900)),
    |d| wallet(d, "04_kuntur.jpg", &KUNTUR, Sent::Messenger(608, 58)),
    |d| wallet(d, "05_lucuma.jpg", &LUCUMA, Sent::Messenger(720, 70)),
    |d| wallet(d, "06_lucuma.png", &LUCUMA, Sent::Original(720)),
    |d| bank_es(d, "07_altiplano.jpg", false),
    |d| bank_es(d, "08_altiplano.png", false),
    |d| bank_es(d, "09_altiplano.jpg", true),
    |d| neobank(d, "10_marlo.png", false),
    |d| neobank(d, "11_marlo.jpg", false),
    |d| neobank(d, "12_marlo.jpg", true),
    |d| bank_en(d, "13_thornbury.jpg"),
    |d| bank_en(d, "14_thornbury.png"),
    second_copy,
    failed,
    scheduled,
    unreadable_photo,
    chat_promise,
];

#[derive(Clone, Copy)]
enum Sent {
    /// As the telephone saved it, at this width.
    Original(u32),
    /// Through a messenger: width and JPEG quality.
    Messenger(u32, u8),
}

fn values(pairs: &[(&'static str, String)]) -> Values {
    pairs.iter().cloned().collect()
}

struct WalletLook {
    brand: &'static str,
    sky: [&'static str; 2],
    accent: &'static str,
    card: &'static str,
    ink: &'static str,
    soft: &'static str,
    headline_ink: &'static str,
    headline: &'static str,
    again: &'static str,
    upper_month: bool,
}

const KUNTUR: WalletLook = WalletLook {
    brand: "kuntur",
    sky: ["#6a1b7a", "#4a1160"],
    accent: "#14c9b0",
    card: "#ffffff",
    ink: "#2b2340",
    soft: "#857d94",
    headline_ink: "#6a1b7a",
    headline: "¡Pago enviado!",
    again: "Nuevo pago",
    upper_month: false,
};

const LUCUMA: WalletLook = WalletLook {
    brand: "lúcuma",
    sky: ["#ff8a1f", "#c2185b"],
    accent: "#2a1530",
    card: "#1d1a22",
    ink: "#f4f1f7",
    soft: "#a79fb3",
    headline_ink: "#ffb067",
    headline: "Transferencia exitosa",
    again: "Otra vez",
    upper_month: true,
};

fn wallet(desk: &mut Desk<'_>, file: &str, look: &WalletLook, sent: Sent) -> Result<Piece, DemoError> {
    let shown = desk.paid(
        "wallet payments",
        &[&|line, patron| line.booking == Booking::Wallet && patron.wallet && line.amount.currency() == Currency::PEN],
    )?;
    let operation = shown.bank_reference.clone().unwrap_or_default();
    let message = if desk.chance.percent(50) { shown.numbers() } else { Vec::new() };
    let date = short_date(shown.date, Language::Es);
    let date = if look.upper_month { date.to_uppercase() } else { date };
    let mut rows = vec![
        ("Nº de celular", format!("*** *** {}", desk.chance.digits(3))),
        ("Destino", if look.upper_month { "Cuenta empresa".into() } else { "Kuntur Negocios".to_owned() }),
        ("Nº de operación", operation.clone()),
    ];
    if let Some(number) = message.first() {
        rows.push(("Mensaje", number.clone()));
    }
    let names = ["Brightwater Servicios", "S.A.C."];
    let when_y = 1028 + 60 * names.len() as i32;
    let first_line = when_y + 70;
    let card_end = first_line + 120 * rows.len() as i32 + 50;
    let filling = Filling::default()
        .set("clock", clock24(shown.time))
        .set("battery", desk.chance.between(17, 98))
        .set("sky_from", look.sky[0])
        .set("sky_to", look.sky[1])
        .set("accent", look.accent)
        .set("brand", look.brand)
        .set("card", look.card)
        .set("card_height", card_end - 540)
        .set("card_end", card_end)
        .set("headline", look.headline)
        .set("headline_ink", look.headline_ink)
        .set("amount", wallet_amount(shown.amount))
        .set("when_y", when_y)
        .set("when", format!("{date} - {}", clock12(shown.time)))
        .set("soft", look.soft)
        .set("button_y", card_end + 76)
        .set("caption_y", card_end + 246)
        .set("share", "Compartir")
        .set("again", look.again)
        .rows(
            "names",
            (0..)
                .zip(names)
                .map(|(i, n)| values(&[("y", (1016 + 58 * i).to_string()), ("text", n.to_owned()), ("ink", look.ink.to_owned())]))
                .collect(),
        )
        .rows(
            "rows",
            (0..)
                .zip(rows)
                .map(|(i, (label, value))| {
                    let line = first_line + 120 * i;
                    values(&[
                        ("line", line.to_string()),
                        ("y", (line + 76).to_string()),
                        ("label", label.to_owned()),
                        ("value", value),
                        ("ink", look.ink.to_owned()),
                        ("soft", look.soft.to_owned()),
                    ])
                })
                .collect(),
        );
    // The bar at the top is white on any sky.
    let svg = fill(WALLET, &[(ANDROID[0].0, &ANDROID[0].1.replace("{{ink}}", "#ffffff"))], &filling)?;
    let mut truth = desk.truth(file, "screenshot", EvidenceKind::PaymentProof, &shown, false);
    truth.time = Some(clock24(shown.time));
    truth.reference = Some(operation);
    truth.invoice_numbers = message;
    truth.payee_name = Some("Brightwater Servicios S.A.C.".to_owned());
    let bytes = sent_picture(desk, &svg, sent)?;
    if file.starts_with("02") {
        desk.sent_once = Some((svg, truth.clone()));
    }
    Ok(Piece { bytes, truth })
}

/// Wallets leave out `.00`.
fn wallet_amount(money: Money) -> String {
    let text = amount_point(money);
    text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
}

/// Draws at the size that the picture is sent in.
fn sent_picture(desk: &Desk<'_>, svg: &str, sent: Sent) -> Result<Vec<u8>, DemoError> {
    match sent {
        Sent::Messenger(width, quality) => jpeg(&desk.studio.draw(svg, width)?, quality),
        Sent::Original(width) => png(&desk.studio.draw(svg, width)?),
    }
}

/// A list under a headline: most bank apps.
struct BankLook {
    title: &'static str,
    ground: &'static str,
    header: &'static str,
    header_ink: &'static str,
    card: &'static str,
    ink: &'static str,
    soft: &'static str,
    line: &'static str,
    accent: &'static str,
    signal: &'static str,
    signal_path: &'static str,
    headline: &'static str,
    note: &'static str,
    share: &'static str,
    home: &'static str,
    ios: bool,
    round: u32,
}

const CHECK: &str = "M-26 2 L-8 21 L27 -19";
const CROSS: &str = "M-21 -21 L21 21 M21 -21 L-21 21";
const HANDS: &str = "M0 -30 L0 4 L20 18";

const ALTIPLANO: BankLook = BankLook {
    title: "Constancia",
    ground: "#f2f4f7",
    header: "#0b3f8f",
    header_ink: "#ffffff",
    card: "#ffffff",
    ink: "#1c2431",
    soft: "#6b7585",
    line: "#e6e9ee",
    accent: "#f2762e",
    signal: "#27ae60",
    signal_path: CHECK,
    headline: "¡Transferencia exitosa!",
    note: "Banco Altiplano · Esta constancia es informativa",
    share: "Compartir constancia",
    home: "Ir al inicio",
    ios: false,
    round: 18,
};

const THORNBURY: BankLook = BankLook {
    title: "Payment details",
    ground: "#10151c",
    header: "#10151c",
    header_ink: "#f3f5f8",
    card: "#1b222c",
    ink: "#f3f5f8",
    soft: "#98a3b3",
    line: "#2b3441",
    accent: "#2f80ed",
    signal: "#2dbd77",
    signal_path: CHECK,
    headline: "Payment sent",
    note: "Thornbury Bank plc · Issued electronically",
    share: "Share receipt",
    home: "Done",
    ios: true,
    round: 56,
};

fn bank_screen(
    desk: &mut Desk<'_>,
    look: &BankLook,
    clock: (u8, u8),
    amount: &str,
    when: &str,
    rows: &[(&'static str, String)],
) -> Result<String, DemoError> {
    let (mut labels, mut texts, mut rules) = (Vec::new(), Vec::new(), Vec::new());
    let mut y = 806 + 80;
    for (i, (label, value)) in rows.iter().enumerate() {
        let face = ("face", if look.ios { "Inter" } else { "Roboto" }.to_owned());
        labels.push(values(&[
            ("y", y.to_string()),
            ("label", (*label).to_owned()),
            ("soft", look.soft.to_owned()),
            face.clone(),
        ]));
        let parts = wrap(value, 28);
        for (n, part) in parts.iter().enumerate() {
            texts.push(values(&[
                ("y", (y + 52 * n as i32).to_string()),
                ("text", part.clone()),
                ("weight", if n == 0 && i == 0 { "700" } else { "400" }.to_owned()),
                ("ink", look.ink.to_owned()),
                face.clone(),
            ]));
        }
        y += 52 * (parts.len().max(1) as i32 - 1) + 44;
        if i + 1 < rows.len() {
            rules.push(values(&[("y", y.to_string()), ("line", look.line.to_owned())]));
        }
        y += 66;
    }
    let mut filling = Filling::default()
        .set("ink", look.ink)
        .set("clock", clock24(clock))
        .set("ground", look.ground)
        .set("header", look.header)
        .set("header_height", 560)
        .set("header_ink", look.header_ink)
        .set("face", if look.ios { "Inter" } else { "Roboto" })
        .set("title", look.title)
        .set("card", look.card)
        .set("signal", look.signal)
        .set("signal_path", look.signal_path)
        .set("headline", look.headline)
        .set("amount", amount)
        .set("when", when)
        .set("soft", look.soft)
        .set("list_height", y - 806 - 40)
        .set("note_y", y + 50)
        .set("note", look.note)
        .set("round", look.round)
        .set("accent", look.accent)
        .set("share", look.share)
        .set("home", look.home)
        .rows("rows", labels)
        .rows("values", texts)
        .rows("lines", rules);
    let status = if look.ios {
        IOS[0].1
    } else {
        filling = filling.set("battery", desk.chance.between(17, 98));
        ANDROID[0].1
    };
    let status = status.replace("{{ink}}", "{{header_ink}}");
    Ok(fill(BANK, &[("status", &status)], &filling)?)
}

fn masked(account: &str) -> String {
    let last: String = account.chars().skip(account.chars().count().saturating_sub(4)).collect();
    format!("****{last}")
}

fn soles(money: Money) -> String {
    format!("{} {}", if money.currency() == Currency::USD { "US$" } else { "S/" }, amount_point(money))
}

/// The Peruvian bank's own app. `claimed`: the picture is real, the money never came.
fn bank_es(desk: &mut Desk<'_>, file: &str, claimed: bool) -> Result<Piece, DemoError> {
    let mut shown = if claimed {
        desk.unpaid("unpaid invoices in soles", |item, p| item.amount.currency() == Currency::PEN && !p.wallet)?
    } else {
        desk.paid(
            "transfers in soles",
            &[&|line, p| line.account == 2 && is_single(line) && !p.wallet && p.currency == Currency::PEN],
        )?
    };
    let operation = shown.bank_reference.clone().unwrap_or_else(|| desk.chance.digits(8));
    if !claimed {
        // Within one bank the money is there on the same day.
        shown.date = shown.booked.unwrap_or(shown.date);
    }
    let patron = desk.patron(&shown);
    let number = shown.numbers();
    let rows = [
        ("Empresa", "Brightwater Servicios S.A.C.".to_owned()),
        ("Cuenta destino", format!("Corriente Soles {}", masked(&desk.accounts[2].local_number))),
        ("Ordenante", patron.customer.name.clone()),
        ("Desde", format!("Corriente {}", masked(patron.customer.iban.as_deref().unwrap_or_default()))),
        ("Número de operación", operation.clone()),
        ("Concepto", format!("Factura {}", number.join(" "))),
        ("Comisión", "S/ 0.00".to_owned()),
    ];
    let when = format!("{}, {}", long_date(shown.date, Language::Es), clock12(shown.time));
    let svg = bank_screen(desk, &ALTIPLANO, shown.time, &soles(shown.amount), &when, &rows)?;
    let mut truth = desk.truth(file, "screenshot", EvidenceKind::PaymentProof, &shown, false);
    truth.time = Some(clock24(shown.time));
    truth.reference = Some(operation);
    truth.invoice_numbers = number;
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Servicios S.A.C.".to_owned());
    let sent = if file.ends_with("png") { Sent::Original(810) } else { Sent::Messenger(720, 74) };
    Ok(Piece { bytes: sent_picture(desk, &svg, sent)?, truth })
}

fn euros(money: Money) -> String {
    format!("€{}", amount_point(money))
}

fn english_payment(desk: &mut Desk<'_>) -> Result<Shown, DemoError> {
    desk.paid(
        "transfers of English-speaking customers",
        &[&|line, p| p.language == Language::En && line.account == 0 && is_single(line) && line.fee.is_none(), &|line, p| {
            p.entity == BERLIN && line.account == 0 && is_single(line)
        }],
    )
}

fn neobank(desk: &mut Desk<'_>, file: &str, claimed: bool) -> Result<Piece, DemoError> {
    let shown = if claimed {
        desk.unpaid("unpaid invoices in euros", |item, p| item.amount.currency() == Currency::EUR && p.language == Language::En)?
    } else {
        english_payment(desk)?
    };
    let patron = desk.patron(&shown);
    let id = format!("MRL-{}-{}", desk.chance.digits(4), desk.chance.digits(6));
    let number = shown.numbers();
    let initials: String = patron.customer.name.split_whitespace().take(2).filter_map(|w| w.chars().next()).collect();
    let rows = [
        ("From", patron.customer.name.clone()),
        ("To", "Brightwater Services GmbH".to_owned()),
        ("IBAN", super::accounts::grouped(&desk.accounts[shown.account].number)),
        ("Reference", number.join(" ")),
        ("Transaction ID", id.clone()),
        ("Fee", "No fee".to_owned()),
        ("You sent", euros(shown.amount)),
    ];
    let (mut labels, mut texts) = (Vec::new(), Vec::new());
    let mut y = 1200;
    for (label, value) in rows {
        labels.push(values(&[("y", y.to_string()), ("label", label.to_owned())]));
        let parts = wrap(&value, 30);
        for (n, part) in parts.iter().enumerate() {
            texts.push(values(&[("y", (y + 50 * n as i32).to_string()), ("text", part.clone())]));
        }
        y += 94 + 50 * (parts.len().max(1) as i32 - 1);
    }
    let filling = Filling::default()
        .set("ink", "#ffffff")
        .set("clock", clock24(shown.time))
        .set("hero_from", "#4f46e5")
        .set("hero_to", "#0e7490")
        .set("brand", "marlo")
        .set("initials", initials.to_uppercase())
        .set("amount", format!("-{}", euros(shown.amount)))
        .set("headline", "Sent to Brightwater Services GmbH")
        .set("when", format!("{}, {}", long_date(shown.date, Language::En), clock24(shown.time)))
        .set("step_colour", "#3ddc97")
        .set("step_one", "Payment authorised")
        .set("step_two", "Completed")
        .set("list_height", y - 1120 - 46)
        .set("left_button", "Get help")
        .set("right_button", "Share receipt")
        .rows("rows", labels)
        .rows("values", texts);
    let svg = fill(NEOBANK, &IOS, &filling)?;
    let mut truth = desk.truth(file, "screenshot", EvidenceKind::PaymentProof, &shown, true);
    truth.time = Some(clock24(shown.time));
    truth.reference = Some(id);
    truth.invoice_numbers = number;
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Services GmbH".to_owned());
    let sent = if file.ends_with("png") { Sent::Original(900) } else { Sent::Messenger(720, 70) };
    Ok(Piece { bytes: sent_picture(desk, &svg, sent)?, truth: english(truth) })
}

/// The document's language, not the customer's.
fn english(mut truth: super::evidence::EvidenceTruth) -> super::evidence::EvidenceTruth {
    truth.language = "en";
    truth
}

fn bank_en(desk: &mut Desk<'_>, file: &str) -> Result<Piece, DemoError> {
    let shown = english_payment(desk)?;
    let patron = desk.patron(&shown);
    let id = format!("TB{}", desk.chance.digits(10));
    let number = shown.numbers();
    let rows = [
        ("Paid to", "Brightwater Services GmbH".to_owned()),
        ("Account", super::accounts::grouped(&desk.accounts[shown.account].number)),
        ("Paid from", format!("{} {}", patron.customer.name, masked(patron.customer.iban.as_deref().unwrap_or_default()))),
        ("Reference", number.join(" ")),
        ("Transaction reference", id.clone()),
        ("Payment type", "SEPA Credit Transfer".to_owned()),
        ("Charges", "€0.00".to_owned()),
    ];
    let when = format!("{} at {}", long_date(shown.date, Language::En), clock24(shown.time));
    let svg = bank_screen(desk, &THORNBURY, shown.time, &euros(shown.amount), &when, &rows)?;
    let mut truth = desk.truth(file, "screenshot", EvidenceKind::PaymentProof, &shown, true);
    truth.time = Some(clock24(shown.time));
    truth.reference = Some(id);
    truth.invoice_numbers = number;
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Services GmbH".to_owned());
    let sent = if file.ends_with("png") { Sent::Original(810) } else { Sent::Messenger(720, 66) };
    Ok(Piece { bytes: sent_picture(desk, &svg, sent)?, truth: english(truth) })
}

/// The second picture once more, smaller and passed on three times.
fn second_copy(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let (svg, first) = desk.sent_once.take().ok_or(DemoError::TooFew("pictures to send twice"))?;
    let mut truth = first;
    truth.duplicate_of = Some(std::mem::replace(&mut truth.file, "15_kuntur_again.jpg".to_owned()));
    truth.received_on = truth.received_on.saturating_add(3.days());
    Ok(Piece { bytes: through_messenger(&desk.studio.draw(&svg, 640)?, 52, 3)?, truth })
}

fn failed(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown =
        desk.unpaid("unpaid invoices for a failed transfer", |item, p| item.amount.currency() == Currency::PEN && !p.wallet)?;
    let patron = desk.patron(&shown);
    let look = BankLook {
        title: "Transferencia",
        signal: "#d64541",
        signal_path: CROSS,
        headline: "Operación rechazada",
        note: "No se realizó ningún cargo en tu cuenta",
        share: "Intentar de nuevo",
        ..ALTIPLANO
    };
    let rows = [
        ("Motivo", "Saldo insuficiente".to_owned()),
        ("Empresa", "Brightwater Servicios S.A.C.".to_owned()),
        ("Ordenante", patron.customer.name.clone()),
        ("Desde", format!("Corriente {}", masked(patron.customer.iban.as_deref().unwrap_or_default()))),
        ("Concepto", format!("Factura {}", shown.numbers().join(" "))),
        ("Código", "TRX-1016".to_owned()),
    ];
    let when = format!("{}, {}", long_date(shown.date, Language::Es), clock12(shown.time));
    let svg = bank_screen(desk, &look, shown.time, &soles(shown.amount), &when, &rows)?;
    let mut truth = desk.truth("16_altiplano_rejected.jpg", "screenshot", EvidenceKind::NotAPayment, &shown, false);
    truth.time = Some(clock24(shown.time));
    truth.invoice_numbers = shown.numbers();
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Servicios S.A.C.".to_owned());
    truth.flags.push("failed_transfer");
    Ok(Piece { bytes: sent_picture(desk, &svg, Sent::Messenger(720, 72))?, truth })
}

fn scheduled(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown = desk.unpaid("unpaid invoices for a scheduled transfer", |item, p| {
        item.amount.currency() == Currency::EUR && p.language == Language::En
    })?;
    let patron = desk.patron(&shown);
    let due = LAST_DAY.saturating_add(6.days());
    let look = BankLook {
        signal: "#e2a03f",
        signal_path: HANDS,
        headline: "Payment scheduled",
        share: "Edit payment",
        ground: "#f4f5f8",
        header: "#123a5c",
        header_ink: "#ffffff",
        card: "#ffffff",
        ink: "#18212c",
        soft: "#68748a",
        line: "#e4e8ee",
        ..THORNBURY
    };
    let rows = [
        ("Paid to", "Brightwater Services GmbH".to_owned()),
        ("Will leave on", long_date(due, Language::En)),
        ("Paid from", format!("{} {}", patron.customer.name, masked(patron.customer.iban.as_deref().unwrap_or_default()))),
        ("Reference", shown.numbers().join(" ")),
        ("Status", "Scheduled".to_owned()),
    ];
    let when = format!("Set up on {}", slash_date(shown.date));
    let svg = bank_screen(desk, &look, shown.time, &euros(shown.amount), &when, &rows)?;
    let mut truth = desk.truth("17_thornbury_scheduled.jpg", "screenshot", EvidenceKind::PromiseToPay, &shown, false);
    truth.date = Some(due);
    truth.invoice_numbers = shown.numbers();
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Services GmbH".to_owned());
    truth.flags.push("scheduled");
    Ok(Piece { bytes: sent_picture(desk, &svg, Sent::Messenger(720, 74))?, truth: english(truth) })
}

/// A photograph of a screen, out of focus, from an angle: nothing on it can be read.
fn unreadable_photo(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown = desk.unpaid("unpaid invoices for a bad photo", |item, p| item.amount.currency() == Currency::PEN && !p.wallet)?;
    let rows = [
        ("Empresa", "Brightwater Servicios S.A.C.".to_owned()),
        ("Operación", desk.chance.digits(8)),
        ("Concepto", "Pago".into()),
    ];
    let screen = bank_screen(desk, &ALTIPLANO, shown.time, &soles(shown.amount), &slash_date(shown.date), &rows)?;
    // The screen stands as a picture in a darker room.
    let encoded = jpeg(&desk.studio.draw(&screen, 540)?, 80)?;
    let href = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encoded);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1080\" height=\"2340\" viewBox=\"0 0 1080 2340\">\
         <rect x=\"-26\" y=\"-30\" width=\"1132\" height=\"2400\" rx=\"70\" fill=\"#111111\"/>\
         <image width=\"1080\" height=\"2340\" href=\"data:image/jpeg;base64,{href}\"/></svg>"
    );
    let placing =
        Placing { width: 900, height: 1200, scale: 0.56, degrees: 14.0, shift: (170.0, -60.0), background: [74, 60, 48] };
    let photo = desk.studio.place(&svg, placing)?;
    let mut photo = blur(&unreadable(&photo, 62), 4.0);
    sensor(&mut photo, 60, 90, &mut desk.chance);
    let mut truth = desk.truth("18_blurred_photo.jpg", "photo", EvidenceKind::Unknown, &shown, false);
    (truth.amount, truth.currency, truth.date) = (None, None, None);
    truth.language = "es";
    truth.flags.push("unreadable");
    Ok(Piece { bytes: jpeg(&photo, 45)?, truth })
}

/// A chat in which a customer says when it will pay.
fn chat_promise(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown = desk.unpaid("unpaid invoices for a promise", |item, p| {
        item.amount.currency() == Currency::PEN && p.customer.withholding_percent.is_none()
    })?;
    let patron = desk.patron(&shown);
    let number = shown.numbers().join(" ");
    let due = LAST_DAY.saturating_add(5.days());
    let amount = soles(shown.amount);
    let talk: [(bool, String, &str); 5] = [
        (true, format!("Buenos días, le recordamos la factura {number} por {amount}, ya vencida."), "09:12"),
        (false, "Buenos días señorita, disculpe la demora".to_owned(), "09:40"),
        (
            false,
            format!("Esta semana no llegamos. El {} le transferimos los {amount} de la {number}", long_date(due, Language::Es)),
            "09:41",
        ),
        (true, "Perfecto, muchas gracias. Quedamos atentos.".to_owned(), "09:44"),
        (false, "Sí, sin falta. Gracias por la paciencia".to_owned(), "09:45"),
    ];
    let (mut bubbles, mut lines) = (Vec::new(), Vec::new());
    let mut y = 400;
    for (ours, text, stamp) in talk {
        let parts = wrap(&text, 36);
        let longest = parts.iter().map(|p| p.chars().count()).max().unwrap_or(0) as i32;
        let width = (longest * 22 + 90).clamp(260, 860);
        let height = 60 * parts.len() as i32 + 84;
        let x = if ours { 1080 - 30 - width } else { 30 };
        bubbles.push(values(&[
            ("x", x.to_string()),
            ("y", y.to_string()),
            ("width", width.to_string()),
            ("height", height.to_string()),
            ("fill", if ours { "#d9fdd3" } else { "#ffffff" }.to_owned()),
            ("stamp_x", (x + width - 28).to_string()),
            ("stamp_y", (y + height - 22).to_string()),
            ("stamp", stamp.to_owned()),
        ]));
        for (n, part) in parts.into_iter().enumerate() {
            lines.push(values(&[("x", (x + 32).to_string()), ("y", (y + 66 + 60 * n as i32).to_string()), ("text", part)]));
        }
        y += height + 26;
    }
    let doodles = (0..40)
        .map(|i| values(&[("x", (i % 5 * 230 + i / 5 % 2 * 110 + 50).to_string()), ("y", (i / 5 * 250 + 330).to_string())]))
        .collect();
    let filling = Filling::default()
        .set("ink", "#ffffff")
        .set("clock", "09:46")
        .set("battery", desk.chance.between(17, 98))
        .set("contact", patron.customer.name.chars().take(24).collect::<String>())
        .set("presence", "en línea")
        .set("day", "Hoy")
        .set("hint", "Mensaje")
        .rows("doodles", doodles)
        .rows("bubbles", bubbles)
        .rows("lines", lines);
    let svg = fill(CHAT, &ANDROID, &filling)?;
    let mut truth = desk.truth("19_chat_promise.png", "screenshot", EvidenceKind::PromiseToPay, &shown, false);
    truth.date = Some(due);
    truth.invoice_numbers = shown.numbers();
    truth.language = "es";
    truth.money = MoneyTiming::Never;
    Ok(Piece { bytes: sent_picture(desk, &svg, Sent::Original(810))?, truth })
}
