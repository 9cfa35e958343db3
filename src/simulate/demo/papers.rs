//! Printed documents: PDF receipts with a text layer, and scans of paper without one.

use jiff::civil::Date;
use quittance_rules::evidence::EvidenceKind;
use quittance_rules::money::{Currency, Money};

use super::DemoError;
use super::accounts::grouped;
use super::cash::{Booking, LAST_DAY};
use super::draw::{Placing, blur, grey, jpeg, sensor};
use super::evidence::{Desk, EvidenceTruth, Maker, MoneyTiming, Piece, Shown, is_lump, is_single};
use super::page::{Align, GREY, INK, Page, WIDTH, picture_pdf};
use super::roster::BERLIN;
use super::template::{Filling, Values, fill};
use super::text::{Language, amount_point, clock12, clock24, long_date, slash_date};
use super::truth::TruthKind;

const CARD_RECEIPT: &str = include_str!("templates/card_receipt.svg");

/// PDFs with a text layer.
pub(super) const MAKERS: [Maker; 6] = [
    |d| confirmation(d, "20_thornbury_confirmation.pdf"),
    |d| confirmation(d, "21_thornbury_confirmation.pdf"),
    |d| constancia(d, "22_constancia_soles.pdf", 2),
    |d| constancia(d, "23_constancia_dolares.pdf", 3),
    |d| advice(d, "24_remittance_advice.pdf", false),
    detraccion,
];

/// Scans and photographs of paper.
pub(super) const SCANS: [Maker; 5] =
    [deposit_slip, |d| advice(d, "27_remittance_scan.pdf", true), card_receipt, bank_letter, movements];

/// Year, month, day as PDF dates want them.
fn pdf_day(date: Date) -> (u16, u8, u8) {
    (date.year().unsigned_abs(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

fn dollars_or_soles(money: Money) -> String {
    format!("{} {}", if money.currency() == Currency::USD { "US$" } else { "S/" }, amount_point(money))
}

fn bank_head(page: &mut Page, colour: [u8; 3], bank: &str, line: &str) {
    page.fill(0.0, 0.0, WIDTH, 84.0, colour);
    page.styled((64.0, 50.0), 22.0, true, Align::Left, [255, 255, 255], bank);
    page.styled((WIDTH - 64.0, 50.0), 10.0, false, Align::Right, [230, 236, 244], line);
}

/// Paper on a scanner: a little crooked, grey, with noise, as a JPEG inside a PDF.
fn scanned(desk: &mut Desk<'_>, page: &Page, date: Date) -> Result<Vec<u8>, DemoError> {
    let tenths = desk.chance.between(5, 13) as f32;
    let degrees = if desk.chance.percent(50) { tenths / 10.0 } else { -tenths / 10.0 };
    // 150 dots an inch.
    let placing =
        Placing { width: 1240, height: 1754, scale: 150.0 / 72.0, degrees, shift: (3.0, -5.0), background: [232, 232, 230] };
    let mut image = grey(blur(&desk.studio.place(&page.to_svg(), placing)?, 0.6));
    sensor(&mut image, 22, 26, &mut desk.chance);
    Ok(picture_pdf(&jpeg(&image, 58)?, (1240, 1754), "Kopira MFP 3120 Scan", pdf_day(date)))
}

fn english(mut truth: EvidenceTruth) -> EvidenceTruth {
    truth.language = "en";
    truth
}

/// Confirmation of a transfer by an English bank.
fn confirmation(desk: &mut Desk<'_>, file: &str) -> Result<Piece, DemoError> {
    let shown = desk.paid(
        "transfers for a confirmation",
        &[&|l, p| p.language == Language::En && p.entity == BERLIN && is_single(l) && l.fee.is_none(), &|l, p| {
            p.entity == BERLIN && is_single(l)
        }],
    )?;
    let (page, reference) = confirmation_page(desk, &shown);
    let patron = desk.patron(&shown);
    let mut truth = desk.truth(file, "pdf", EvidenceKind::PaymentProof, &shown, true);
    truth.reference = Some(reference);
    truth.time = Some(clock24(shown.time));
    truth.invoice_numbers = shown.numbers();
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payer_account = patron.customer.iban.clone();
    truth.payee_name = Some("Brightwater Services GmbH".to_owned());
    let bytes = page.to_pdf("Payment confirmation", "Thornbury Document Service", pdf_day(shown.date))?;
    Ok(Piece { bytes, truth: english(truth) })
}

/// The page and the bank's reference on it.
pub(super) fn confirmation_page(desk: &mut Desk<'_>, shown: &Shown) -> (Page, String) {
    let patron = desk.patron(shown);
    let account = &desk.accounts[shown.account];
    let reference = format!("TB{}", desk.chance.digits(12));
    let money = format!("{} {}", shown.amount.currency(), amount_point(shown.amount));
    let mut page = Page::default();
    bank_head(&mut page, [18, 58, 92], "Thornbury Bank", "Business Online");
    page.bold(64.0, 140.0, 18.0, "Payment confirmation");
    page.text(64.0, 164.0, 10.5, "We confirm that the following payment has been made from your account.");
    page.fill(64.0, 186.0, WIDTH - 128.0, 56.0, [240, 244, 249]);
    page.styled((80.0, 219.0), 10.5, false, Align::Left, GREY, "Amount paid");
    page.styled((WIDTH - 80.0, 222.0), 20.0, true, Align::Right, INK, &money);
    let rows = [
        ("Status", "Completed".to_owned()),
        ("Payment date", long_date(shown.date, Language::En)),
        ("Time", clock24(shown.time)),
        ("Transaction reference", reference.clone()),
        ("Payer", patron.customer.name.clone()),
        ("Payer account", grouped(patron.customer.iban.as_deref().unwrap_or_default())),
        ("Beneficiary", "Brightwater Services GmbH".to_owned()),
        ("Beneficiary IBAN", grouped(&account.number)),
        ("Beneficiary bank", format!("{} ({})", account.bank, account.bic)),
        ("Payment reference", shown.numbers().join(", ")),
        ("Payment type", "SEPA Credit Transfer".to_owned()),
        ("Charges", "EUR 0.00 (shared)".to_owned()),
    ];
    let mut y = 278.0;
    for (label, value) in rows {
        page.pair(y, label, &value);
        page.rule(64.0, y + 9.0, WIDTH - 64.0);
        y += 27.0;
    }
    page.styled(
        (64.0, y + 30.0),
        8.5,
        false,
        Align::Left,
        GREY,
        "This confirmation was generated electronically and is valid without a signature.",
    );
    page.styled(
        (64.0, 790.0),
        8.0,
        false,
        Align::Left,
        GREY,
        "Thornbury Bank plc, 4 Quay Street, Bristol. Registered in England. Page 1 of 1",
    );
    (page, reference)
}

/// Constancia of a transfer by a Peruvian bank.
fn constancia(desk: &mut Desk<'_>, file: &str, account: usize) -> Result<Piece, DemoError> {
    let mut shown = desk.paid(
        "transfers for a constancia",
        &[&|l, p| l.account == account && is_single(l) && !p.wallet && p.language == Language::Es, &|l, p| {
            l.account == account && is_single(l) && !p.wallet
        }],
    )?;
    shown.date = shown.booked.unwrap_or(shown.date);
    let patron = desk.patron(&shown);
    let to = &desk.accounts[account];
    let operation = shown.bank_reference.clone().unwrap_or_default();
    let mut page = Page::default();
    bank_head(&mut page, [11, 63, 143], "Banco Altiplano", "Banca Empresas");
    page.bold(64.0, 138.0, 17.0, "Constancia de transferencia a terceros");
    page.text(64.0, 162.0, 10.5, "La operación se realizó con éxito.");
    let rows = [
        ("Número de operación", operation.clone()),
        ("Fecha y hora", format!("{} {}", slash_date(shown.date), clock12(shown.time))),
        ("Ordenante", patron.customer.name.clone()),
        ("Cuenta de cargo (CCI)", grouped(patron.customer.iban.as_deref().unwrap_or_default())),
        ("Beneficiario", "Brightwater Servicios S.A.C.".to_owned()),
        ("Cuenta de abono", to.local_number.clone()),
        ("CCI de abono", grouped(&to.number)),
        ("Moneda", if to.currency == Currency::USD { "Dólares" } else { "Soles" }.to_owned()),
        ("Importe transferido", dollars_or_soles(shown.amount)),
        ("Comisión", dollars_or_soles(Money::zero(to.currency))),
        ("Concepto", format!("Pago factura {}", shown.numbers().join(", "))),
    ];
    let mut y = 204.0;
    for (label, value) in rows {
        page.pair(y, label, &value);
        page.rule(64.0, y + 9.0, WIDTH - 64.0);
        y += 28.0;
    }
    page.styled(
        (64.0, y + 24.0),
        8.5,
        false,
        Align::Left,
        GREY,
        "Conserve esta constancia. Consultas: Banca por teléfono (01) 555-0190.",
    );
    let mut truth = desk.truth(file, "pdf", EvidenceKind::PaymentProof, &shown, false);
    truth.language = "es";
    truth.reference = Some(operation);
    truth.time = Some(clock24(shown.time));
    truth.invoice_numbers = shown.numbers();
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payer_account = patron.customer.iban.clone();
    truth.payee_name = Some("Brightwater Servicios S.A.C.".to_owned());
    let bytes = page.to_pdf("Constancia de transferencia", "Altiplano Empresas", pdf_day(shown.date))?;
    Ok(Piece { bytes, truth })
}

/// A customer's list of what one transfer pays; `paper` prints and scans it.
fn advice(desk: &mut Desk<'_>, file: &str, paper: bool) -> Result<Piece, DemoError> {
    let shown = desk.paid(
        "lump sums for a remittance advice",
        &[&|l, p| is_lump(l) && p.language == Language::En, &|l, p| is_lump(l) && p.entity == BERLIN, &|l, _| is_lump(l)],
    )?;
    let patron = desk.patron(&shown);
    let seller = desk.seller(&shown);
    let currency = shown.amount.currency();
    let mut page = Page::default();
    page.bold(64.0, 80.0, 15.0, &patron.customer.name);
    page.styled((64.0, 98.0), 9.0, false, Align::Left, GREY, &format!("Accounts payable · {}", patron.email));
    page.styled((WIDTH - 64.0, 80.0), 19.0, true, Align::Right, INK, "REMITTANCE ADVICE");
    page.rule(64.0, 116.0, WIDTH - 64.0);
    page.text(64.0, 146.0, 10.5, "To:");
    page.bold(96.0, 146.0, 10.5, &seller.name);
    let payment = desk.chance.digits(6);
    for (i, (label, value)) in [
        ("Payment date", long_date(shown.date, Language::En)),
        ("Payment number", payment.clone()),
        ("Method", "Bank transfer".into()),
    ]
    .into_iter()
    .enumerate()
    {
        page.pair(172.0 + 18.0 * i as f32, label, &value);
    }
    let mut y = 250.0;
    page.fill(64.0, y - 15.0, WIDTH - 128.0, 22.0, [228, 233, 240]);
    page.bold(72.0, y, 10.5, "Invoice number");
    page.bold(262.0, y, 10.5, "Currency");
    page.styled((WIDTH - 72.0, y), 10.5, true, Align::Right, INK, "Amount paid");
    for (number, amount) in &shown.invoices {
        y += 24.0;
        page.text(72.0, y, 10.5, number);
        page.text(262.0, y, 10.5, currency.code());
        let sign = if amount.is_negative() { "-" } else { "" };
        page.right(WIDTH - 72.0, y, 10.5, &format!("{sign}{}", amount_point(*amount)));
        page.rule(64.0, y + 8.0, WIDTH - 64.0);
    }
    y += 30.0;
    page.bold(72.0, y, 11.5, "Total paid");
    page.styled((WIDTH - 72.0, y), 11.5, true, Align::Right, INK, &format!("{currency} {}", amount_point(shown.amount)));
    page.text(
        64.0,
        y + 50.0,
        10.0,
        "Please apply this payment to the invoices listed above. Credit notes are shown with a minus.",
    );
    let mut truth = desk.truth(file, if paper { "scan" } else { "pdf" }, EvidenceKind::RemittanceAdvice, &shown, !paper);
    truth.reference = Some(payment);
    truth.invoice_numbers = shown.numbers();
    truth.remittance_lines = shown.rows();
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some(seller.name.clone());
    let bytes = if paper {
        // Someone stamped and initialled it.
        page.styled((430.0, 700.0), 20.0, true, Align::Left, [150, 60, 70], "POSTED");
        page.styled((430.0, 716.0), 9.0, false, Align::Left, [150, 60, 70], &slash_date(shown.date));
        scanned(desk, &page, shown.date)?
    } else {
        page.to_pdf("Remittance advice", "Ledgerly AP 8.2", pdf_day(shown.date))?
    };
    Ok(Piece { bytes, truth: english(truth) })
}

/// Deposit of the withheld part with the state's bank: explains why a transfer was 12 % short.
fn detraccion(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let mut shown = desk.paid(
        "withheld payments",
        &[&|l, _| l.truth.kind == TruthKind::Withholding && l.account == 2, &|l, _| l.truth.kind == TruthKind::Withholding],
    )?;
    shown.date = shown.booked.unwrap_or(shown.date);
    let patron = desk.patron(&shown);
    let number = shown.numbers();
    let gross = shown.invoices.first().map_or(shown.amount, |(_, amount)| *amount);
    let withheld = gross.checked_sub(shown.amount).ok_or(DemoError::TooFew("withheld payments in one currency"))?;
    let constancia = desk.chance.digits(9);
    let mut page = Page::default();
    page.styled((WIDTH / 2.0, 80.0), 15.0, true, Align::Centre, INK, "CONSTANCIA DE DEPÓSITO DE DETRACCIÓN");
    page.styled((WIDTH / 2.0, 100.0), 10.0, false, Align::Centre, GREY, "Sistema de Pago de Obligaciones Tributarias");
    let rows = [
        ("Número de constancia", constancia.clone()),
        ("Fecha de pago", slash_date(shown.date)),
        ("Adquirente", patron.customer.name.clone()),
        ("Proveedor", "Brightwater Servicios S.A.C.".to_owned()),
        ("Tipo de bien o servicio", "020 Mantenimiento y reparación de bienes muebles".to_owned()),
        ("Comprobante", number.join(", ")),
        ("Importe del comprobante", dollars_or_soles(gross)),
        ("Porcentaje", "12 %".to_owned()),
        ("Monto del depósito", dollars_or_soles(withheld)),
    ];
    let mut y = 150.0;
    for (label, value) in rows {
        page.pair(y, label, &value);
        page.rule(64.0, y + 9.0, WIDTH - 64.0);
        y += 28.0;
    }
    let mut truth = desk.truth("25_constancia_detraccion.pdf", "pdf", EvidenceKind::BankReceipt, &shown, false);
    truth.amount = Some(withheld.amount());
    truth.reference = Some(constancia);
    truth.invoice_numbers = number;
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Servicios S.A.C.".to_owned());
    truth.language = "es";
    let bytes = page.to_pdf("Constancia de depósito", "Portal de detracciones", pdf_day(shown.date))?;
    Ok(Piece { bytes, truth })
}

/// A counter slip, scanned.
fn deposit_slip(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let mut shown = desk.paid(
        "payments for a deposit slip",
        &[&|l, p| l.account == 2 && is_single(l) && l.booking == Booking::Transfer && !p.wallet],
    )?;
    shown.date = shown.booked.unwrap_or(shown.date);
    let patron = desk.patron(&shown);
    let operation = shown.bank_reference.clone().unwrap_or_default();
    let mut page = Page::default();
    page.bold(70.0, 90.0, 22.0, "BANCO ALTIPLANO");
    page.text(70.0, 112.0, 11.0, "Agencia 194 San Isidro");
    page.bold(70.0, 160.0, 16.0, "VOUCHER DE DEPÓSITO");
    let rows = [
        ("FECHA", slash_date(shown.date)),
        ("HORA", clock24(shown.time)),
        ("OPERACIÓN", operation.clone()),
        ("CUENTA", desk.accounts[2].local_number.clone()),
        ("TITULAR", "BRIGHTWATER SERVICIOS S.A.C.".to_owned()),
        ("DEPOSITANTE", patron.customer.name.to_uppercase()),
        ("REFERENCIA", shown.numbers().join(" ")),
        ("IMPORTE", dollars_or_soles(shown.amount)),
    ];
    let mut y = 205.0;
    for (label, value) in rows {
        page.styled((70.0, y), 13.0, false, Align::Left, INK, label);
        page.styled((230.0, y), 13.0, false, Align::Left, INK, &value);
        y += 30.0;
    }
    page.rule(70.0, y, 470.0);
    page.text(70.0, y + 24.0, 10.0, "Verifique sus datos antes de retirarse de la ventanilla");
    page.styled((350.0, y + 90.0), 24.0, true, Align::Left, [70, 80, 130], "PAGADO");
    let mut truth = desk.truth("26_voucher_deposito.pdf", "scan", EvidenceKind::BankReceipt, &shown, false);
    truth.time = Some(clock24(shown.time));
    truth.reference = Some(operation);
    truth.invoice_numbers = shown.numbers();
    truth.payer_name = Some(patron.customer.name.to_uppercase());
    truth.payee_name = Some("BRIGHTWATER SERVICIOS S.A.C.".to_owned());
    truth.language = "es";
    Ok(Piece { bytes: scanned(desk, &page, shown.date)?, truth })
}

/// A card terminal's slip, photographed on a table. The money comes with the processor's settlement, not as a line of its own.
fn card_receipt(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown = desk.unpaid("unpaid invoices for a card payment", |item, p| {
        p.entity == BERLIN && item.amount.currency() == Currency::EUR && item.amount.minor() < 90_000
    })?;
    let approval = desk.chance.digits(6);
    let number = shown.numbers().join(" ");
    let text: Vec<(u32, &str, String)> = vec![
        (40, "middle", "BRIGHTWATER SERVICES".into()),
        (30, "middle", "Werkhof 7, Berlin".into()),
        (30, "middle", "TID 60217745".into()),
        (20, "middle", "- - - - - - - - - - - - - - - - - - - - - -".into()),
        (36, "middle", "CUSTOMER COPY".into()),
        (32, "start", format!("DATE   {}", slash_date(shown.date))),
        (32, "start", format!("TIME   {}", clock24(shown.time))),
        (32, "start", "CARD   VISA **** 4417".into()),
        (32, "start", format!("APPROVAL CODE  {approval}")),
        (32, "start", format!("REF  {number}")),
        (20, "middle", "- - - - - - - - - - - - - - - - - - - - - -".into()),
        (48, "middle", format!("TOTAL EUR {}", amount_point(shown.amount))),
        (20, "middle", "- - - - - - - - - - - - - - - - - - - - - -".into()),
        (34, "middle", "APPROVED".into()),
        (28, "middle", "Thank you. Please retain receipt.".into()),
    ];
    let mut y = 110;
    let lines = text
        .into_iter()
        .map(|(size, anchor, text)| {
            y += 62;
            Values::from([
                ("x", if anchor == "start" { 50 } else { 320 }.to_string()),
                ("y", y.to_string()),
                ("size", size.min(34 * 18 / text.chars().count().max(18) as u32 + 12).to_string()),
                ("anchor", anchor.to_owned()),
                ("text", text),
            ])
        })
        .collect();
    let svg = fill(CARD_RECEIPT, &[], &Filling::default().rows("lines", lines))?;
    let placing =
        Placing { width: 1000, height: 1400, scale: 1.12, degrees: -2.4, shift: (142.0, 34.0), background: [96, 72, 52] };
    let mut photo = blur(&desk.studio.place(&svg, placing)?, 0.7);
    sensor(&mut photo, 24, 60, &mut desk.chance);
    let mut truth = desk.truth("28_card_receipt.jpg", "photo", EvidenceKind::CardReceipt, &shown, false);
    truth.time = Some(clock24(shown.time));
    truth.reference = Some(approval);
    truth.invoice_numbers = shown.numbers();
    truth.payee_name = Some("BRIGHTWATER SERVICES".to_owned());
    Ok(Piece { bytes: jpeg(&photo, 70)?, truth: english(truth) })
}

/// A bank's letter about a transfer, scanned.
fn bank_letter(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown = desk.paid(
        "transfers for a bank's letter",
        &[&|l, p| l.truth.kind == TruthKind::FeeShort && l.fee.is_some() && p.entity == BERLIN, &|l, p| {
            p.entity == BERLIN && is_single(l)
        }],
    )?;
    let patron = desk.patron(&shown);
    let reference = format!("QB/{}/{}", shown.date.year(), desk.chance.digits(7));
    let mut page = Page::default();
    page.bold(70.0, 88.0, 20.0, "Quayside Bank");
    page.styled((70.0, 106.0), 9.5, false, Align::Left, GREY, "International Payments · 12 Mercantile Row · London");
    page.text(70.0, 160.0, 11.5, &long_date(shown.date, Language::En));
    page.bold(70.0, 196.0, 13.0, "Advice of outward payment");
    let rows = [
        ("Our reference", reference.clone()),
        ("Ordering customer", patron.customer.name.clone()),
        ("Beneficiary", "Brightwater Services GmbH".to_owned()),
        ("Beneficiary IBAN", grouped(&desk.accounts[shown.account].number)),
        ("Value date", long_date(shown.date, Language::En)),
        ("Amount credited", format!("{} {}", shown.amount.currency(), amount_point(shown.amount))),
        ("Remittance information", shown.numbers().join(", ")),
        ("Charges", "Deducted by intermediary bank".to_owned()),
    ];
    let mut y = 232.0;
    for (label, value) in rows {
        page.styled((70.0, y), 11.5, false, Align::Left, INK, label);
        page.styled((230.0, y), 11.5, false, Align::Left, INK, &value);
        y += 26.0;
    }
    page.text(70.0, y + 30.0, 11.5, "This advice is issued for your records and does not require a signature.");
    page.text(70.0, y + 70.0, 11.5, "Yours faithfully,");
    page.styled((70.0, y + 108.0), 15.0, false, Align::Left, [40, 50, 110], "M. Attwood");
    page.text(70.0, y + 126.0, 10.0, "Payments Operations");
    let mut truth = desk.truth("29_quayside_advice.pdf", "scan", EvidenceKind::BankReceipt, &shown, false);
    truth.reference = Some(reference);
    truth.invoice_numbers = shown.numbers();
    truth.payer_name = Some(patron.customer.name.clone());
    truth.payee_name = Some("Brightwater Services GmbH".to_owned());
    Ok(Piece { bytes: scanned(desk, &page, shown.date)?, truth: english(truth) })
}

/// A customer's own list of movements: it proves nothing about one payment.
fn movements(desk: &mut Desk<'_>) -> Result<Piece, DemoError> {
    let shown =
        desk.unpaid("unpaid invoices for a list of movements", |item, p| item.amount.currency() == Currency::PEN && !p.wallet)?;
    let patron = desk.patron(&shown);
    let mut page = Page::default();
    page.bold(64.0, 84.0, 18.0, "Banco Altiplano");
    page.bold(64.0, 116.0, 13.0, "Estado de cuenta - Movimientos");
    page.text(64.0, 138.0, 10.5, &format!("Titular: {}", patron.customer.name));
    page.text(64.0, 154.0, 10.5, "Cuenta corriente soles - Octubre 2026");
    page.bold(64.0, 190.0, 10.5, "Fecha");
    page.bold(140.0, 190.0, 10.5, "Descripción");
    page.styled((440.0, 190.0), 10.5, true, Align::Right, INK, "Monto S/");
    page.styled((531.0, 190.0), 10.5, true, Align::Right, INK, "Saldo S/");
    let soles = |minor: i64| Money::new(minor, Currency::PEN);
    let mut balance = 2_841_550 + desk.chance.between(0, 99_999);
    page.text(140.0, 214.0, 10.5, "Saldo anterior");
    page.right(531.0, 214.0, 10.5, &amount_point(soles(balance)));
    let mut y = 214.0;
    let texts = [
        "COMPRA POS",
        "PAGO PLANILLA",
        "ABONO CLIENTE",
        "PAGO SUNAT",
        "TRANSF TERCEROS",
        "COMISION MANT",
        "ABONO CLIENTE",
        "PAGO LUZ",
    ];
    for (i, text) in texts.into_iter().enumerate() {
        let size = if text.starts_with("COMISION") { 1_500 } else { desk.chance.between(4_000, 400_000) };
        let move_by = if text.starts_with("ABONO") { size } else { -size };
        balance += move_by;
        y += 24.0;
        page.text(64.0, y, 10.5, &format!("{:02}/10/2026", 3 + 3 * i));
        page.text(140.0, y, 10.5, text);
        page.right(440.0, y, 10.5, &format!("{}{}", if move_by < 0 { "-" } else { "" }, amount_point(soles(move_by))));
        page.right(531.0, y, 10.5, &amount_point(soles(balance)));
        page.rule(64.0, y + 7.0, 531.0);
    }
    page.bold(140.0, y + 32.0, 10.5, "Saldo final");
    page.styled((531.0, y + 32.0), 10.5, true, Align::Right, INK, &amount_point(soles(balance)));
    let mut truth = desk.truth("30_movimientos.pdf", "scan", EvidenceKind::Statement, &shown, false);
    (truth.amount, truth.currency, truth.date) = (None, None, None);
    truth.language = "es";
    truth.received_on = LAST_DAY;
    truth.money = MoneyTiming::NotApplicable;
    Ok(Piece { bytes: scanned(desk, &page, LAST_DAY)?, truth })
}
