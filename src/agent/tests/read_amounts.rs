//! Which number is the amount: halves of numbers, signs that readers of letters do not know, large headlines, and doubt.

use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::{Words, interpret};
use quittance_rules::evidence::{ClaimValue, Confidence, EvidenceKind, Field, Reading, Source};
use rust_decimal::Decimal;

fn words(text: &str, source: Source) -> Words {
    Words { media_type: "image/png".to_owned(), pages: 1, words: words_on_grid(text, source), complaints: vec![], mail: None }
}

/// What the amounts said with at least even odds are.
fn amounts(reading: &Reading) -> Vec<(Decimal, Option<String>)> {
    let even = Confidence::from_percent(50);
    let said = reading.claims.iter().filter(|c| c.field == Field::Amount && c.confidence >= even);
    said.map(|c| match &c.value {
        ClaimValue::Money(money) => (money.to_decimal(), Some(money.currency().code().to_owned())),
        ClaimValue::BareAmount(text) => (text.parse().unwrap(), None),
        other => panic!("{other:?}"),
    })
    .collect()
}

/// A screenshot whose line with this word is set in letters three times as high.
fn with_headline(text: &str, word: &str) -> Reading {
    let mut words = words(text, Source::Ocr);
    let line = words.words.iter().find(|w| w.text == word).unwrap().line;
    for word in words.words.iter_mut().filter(|w| w.line == line) {
        let height = word.region.y1 - word.region.y0;
        word.region.y0 = word.region.y0.saturating_sub(height);
        word.region.y1 += height;
    }
    interpret(&words)
}

/// `kl. 12.39` is when, not how much; and a dollar beside nairas is no dollar.
#[test]
fn a_time_with_a_point_and_a_misread_sign_are_no_amounts() {
    let danish = "MobilePay\n\n1.234,50 kr.\n\nBetalt 24. okt. 2026 kl. 12.39\n\nTransaktions-ID 94471830266\n";
    let said = amounts(&interpret(&words(danish, Source::Ocr)));
    assert_eq!(said.first().map(|(amount, _)| amount.to_string()).as_deref(), Some("1234.50"), "{said:?}");
    assert!(said.iter().all(|(amount, _)| amount.to_string() != "12.39"), "{said:?}");
    let nigerian = "Transaction Receipt\n\nTransfer to ADE GRACE\n\n₦75,000.00\n\nSuccessful\n\nAmount   $75,000.00\n\nTransaction Date   Nov 2nd, 2026\n";
    let said = amounts(&interpret(&words(nigerian, Source::Ocr)));
    assert!(said.iter().all(|(_, currency)| currency.as_deref() != Some("USD")), "{said:?}");
}

#[test]
fn half_a_number_is_no_amount() {
    for text in [
        "Überweisung gesendet\n\n1.384 ,60 €\n\nAn   Holzbau GmbH\n",
        "You sent\n\nP5,120 .75\n\nTo   Maria C.\n",
        "Para transferi başarılı\n\nGönderilen tutar   61.460\n\nAlıcı   Deniz\n\nİşlem no   PP-7712093\n",
    ] {
        assert_eq!(amounts(&interpret(&words(text, Source::Ocr))), [], "{text}");
    }
}

/// Figures that touch are one number or two, and nothing tells which: the amount is absent, and no fee or balance takes its place.
#[test]
fn a_number_in_pieces_is_no_amount() {
    for text in [
        "Virement instantané envoyé\n\n1 1 80.45 €\n\nà   Plomberie Martin\n",
        "Virement effectué\n\n2 315 c0€\n\nBénéficiaire   Menuiserie Garnier\n",
        "Skickat till Lund AB\n\n3 89000 kr\n\nDatum   12 nov 2026\n\nValuta   SEK\n",
        "Pix realizado\n\nR$ 1.31 8,65\n\nPara   Mercado Estrela\n\nSaldo   R$ 640,00\n",
        "Transferiste\n\n$ 1.890' 50\n\na Refaccionaria López\n\nMoneda   MXN\n",
        "Payment sent\n\n1 28.50 EUR\n\nTo   Thames Joinery\n\nFee   EUR 0.35\n",
    ] {
        assert_eq!(amounts(&interpret(&words(text, Source::Ocr))), [], "{text}");
    }
}

/// What stands beside a number and cannot be a part of it takes nothing from it.
#[test]
fn figures_that_cannot_be_of_one_number_leave_it_alone() {
    for (text, amount) in [
        ("Transfer successful\n\nAmount   350.00 EUR\n\n12 Nov 2026 10:41\n\nTo   Thames Joinery\n", "350.00"),
        ("Betaling gjennomført\n\nkr 1 845 00\n\nTil   Maler Hansen\n\nValuta   NOK\n", "1845"),
        ("Virement effectué\n\nMontant   2 315,60 €\n\nBénéficiaire   Menuiserie Garnier\n", "2315.60"),
        ("Überweisung ausgeführt\n\nBetrag   118 1.250,00 EUR\n\nAn   Holzbau GmbH\n", "1250.00"),
    ] {
        let found: Vec<Decimal> = amounts(&interpret(&words(text, Source::Ocr))).into_iter().map(|(value, _)| value).collect();
        assert_eq!(found, [amount.parse::<Decimal>().unwrap()], "{text}");
    }
}

/// Money has two figures behind its mark: where pixels show one, the last may not have been seen.
#[test]
fn a_fraction_of_one_figure_in_pixels_is_not_legible() {
    let text = "You paid\n\nUS$1,094.2\n\nTo   Bluebird Freight\n\nPaid on   19 May 2026\n";
    assert_eq!(amounts(&interpret(&words(text, Source::Ocr))), []);
    assert_eq!(amounts(&interpret(&words(text, Source::PdfText))).len(), 1);
}

/// A large number of five figures without a mark may have lost one; a second place in the document says that it did not.
#[test]
fn a_headline_without_marks_wants_a_second_place() {
    let once = "Transfer complete\n\nEUR 73850\n\nTo   Fjord Imports\n\nDate   16 Nov 2026\n\nOrder   8812-0077-19\n";
    assert_eq!(amounts(&with_headline(once, "73850")), []);
    let twice = format!("{once}\nAmount   73,850.00 EUR\n");
    assert_eq!(amounts(&with_headline(&twice, "73850")), [("73850".parse().unwrap(), Some("EUR".to_owned()))]);
}

#[test]
fn a_printed_swift_message_says_its_amount() {
    let text = "FIN 103 Single Customer Credit Transfer\n\n32A: Val Dte/Curr/Interbnk Settld Amt\n\nDate   : 12 November 2026\n\nCurrency   : EUR (EURO)\n\nAmount   : #33.450,20#\n";
    let found: Vec<Decimal> = amounts(&interpret(&words(text, Source::PdfText))).into_iter().map(|(value, _)| value).collect();
    assert_eq!(found, ["33450.20".parse::<Decimal>().unwrap()]);
}

#[test]
fn what_a_reader_of_letters_loses_is_put_back_where_one_number_can_be_meant() {
    for (text, amount, currency) in [
        ("Transferencia realizada\n\n4,120,00 EUR\n\nBeneficiario   Vega SL\n", "4120.00", Some("EUR")),
        ("Sent money to\n\nAmount sent   P2,45000\n\nRecipient   JR Hardware\n\nInstaPay\n", "2450.00", Some("PHP")),
        ("Zahlung erfolgt\n\n1.78045 45€\n\nAn   Malerbetrieb Sommer\n", "1780.45", Some("EUR")),
        // Signs that are seen as letters.
        ("You have sent\n\nP5,120.75\n\nTo   Maria C.\n", "5120.75", Some("PHP")),
        ("Chuyen tien thanh cong\n\n1.250.000d\n\nMa giao dich   61188204471\n", "1250000", Some("VND")),
        ("Chuyen tien thanh cong\n\n850,000đ\n\nMa giao dich   61188204471\n", "850000", Some("VND")),
        ("Você transferiu\n\nrs 18.500,00\n\nInstituição   Banco Sul\n\nTarifa   R$ 0,00\n", "18500.00", Some("BRL")),
        ("SUCCESSFUL\n\n#245,000.00\n\nRecipient   Okoro Steel\n\nTransaction No.   2605110104417\n", "245000.00", Some("NGN")),
        ("Betalning genomförd\n\n8 412:50 kr\n\nTill   Firma AB\n\nBankgiro   5512-0417\n", "8412.50", Some("SEK")),
        ("Payment sent\n\n$'2,065.37\n\nTo   Marlow Tile\n\nZelle\n", "2065.37", Some("USD")),
        ("Payment Successful\n\n₹1,24 ,500\n\nPaid to   Balaji Traders\n\nUPI\n", "124500", Some("INR")),
        (
            "RIVERSIDE DINER\n114 Main St, OH\n\nVISA ************4417\nAUTH 05512C\n\nTOTAL   $79.03\n\nAPPROVED\nCUSTOMER COPY\n",
            "79.03",
            Some("USD"),
        ),
    ] {
        let reading = interpret(&words(text, Source::Ocr));
        assert_eq!(amounts(&reading), [(amount.parse().unwrap(), currency.map(str::to_owned))], "{text}\n{:?}", reading.claims);
    }
    for (text, not) in [
        // In a text layer nothing is lost: this is no amount.
        ("Transferencia realizada\n\n4,120,00 EUR\n", Source::PdfText),
        // A code and a debit mark are no dong and no peso.
        ("Payment sent\n\nRef   P12345\n", Source::Ocr),
        ("Payment sent\n\nBalance   1,250.00d\n", Source::Ocr),
    ] {
        assert_eq!(amounts(&interpret(&words(text, not))), [], "{text}");
    }
}

#[test]
fn a_large_headline_is_contested_by_a_labelled_amount() {
    let eur = |amount: &str| (amount.parse().unwrap(), Some("EUR".to_owned()));
    for (text, word, said) in [
        // What arrived stands large, what left is labelled.
        (
            "Transfer complete\n\n\n1,450.00 EUR\n\n\nYou sent   1,582.37 USD\n\nOur fee   9.12 USD\n\nDate   7 Oct 2026\n",
            "1,450.00",
            vec![eur("1450.00")],
        ),
        // Interest explains the difference.
        (
            "Pagamento efetuado\n\n\n1.245,67 EUR\n\n\nValor do documento   1.240,00 EUR\n\nJuros   5,67 EUR\n\nData   12/10/2026\n",
            "1.245,67",
            vec![eur("1245.67")],
        ),
        // Nothing explains it.
        ("Payment successful\n\n\n500.00 EUR\n\n\nAmount paid   450.00 EUR\n\nDate   12 October 2026\n", "500.00", vec![]),
        // The fee does: the payee gets what the label says.
        (
            "Bonifico inviato\n\n\n1.891,00 EUR\n\n\nImporto   1.890,00 EUR\n\nCommissioni   1,00 EUR\n",
            "1.891,00",
            vec![eur("1890.00")],
        ),
        // The first word of a headline is no label of shipping costs.
        (
            "Envio com sucesso\n\n\n73,50 EUR\n\n\nEnviado para   Oficina Central\n\nReferência   MBW 220918374\n",
            "73,50",
            vec![eur("73.50")],
        ),
    ] {
        let reading = with_headline(text, word);
        assert_eq!(amounts(&reading), said, "{text}\n{:?}", reading.claims);
    }
}

#[test]
fn doubt_about_the_kind_is_doubt_about_the_amount() {
    let sure = |text: &str| {
        let reading = interpret(&words(text, Source::Ocr));
        let amount = reading.claims.iter().find(|c| c.field == Field::Amount).unwrap_or_else(|| panic!("{text}"));
        (reading.kind_confidence, amount.confidence)
    };
    let (kind, proven) =
        sure("Payment confirmation\n\nAmount paid   $640.00 USD\n\nDate   9 March 2026\n\nPaid to   Bright Path LLC\n");
    let (_, bare) = sure("Amount   $640.00 USD\n");
    assert!(
        kind > Confidence::from_percent(80) && bare < proven && bare < Confidence::from_percent(90),
        "{kind} {proven} {bare}"
    );
}

#[test]
fn headlines_of_many_languages_say_what_happened() {
    for (text, kind) in [
        ("Overschrijving gelukt\n\n€ 640,75\n\nNaar   Bakkerij De Molen\n", EvidenceKind::PaymentProof),
        ("Envio com sucesso\n\n73,50 €\n\nEnviado para   Oficina Central\n", EvidenceKind::PaymentProof),
        ("Gönderilen tutar\n\n1.460,00 TL\n\nTamamlandı\n\nKime   Deniz Kırtasiye\n", EvidenceKind::PaymentProof),
        (
            "Überweisung gesendet\n\n1.384,60 €\n\nAn   Holzbau GmbH\n\nNeuer Kontostand   6.912,04 €\n",
            EvidenceKind::PaymentProof,
        ),
        ("Maksukuitti\n\nSaaja   Kone-Huolto Oy\n\nMäärä   1 215,00 €\n", EvidenceKind::PaymentProof),
        (
            "Onay kodunuz: 448812. 1.250,00 TL tutarındaki işleminiz için\nşifrenizi kimseyle paylaşmayınız.\n",
            EvidenceKind::NotAPayment,
        ),
        ("Overschrijving mislukt\n\n€ 640,75\n\nNaar   Bakkerij De Molen\n", EvidenceKind::NotAPayment),
        (
            "Kontostand\n\n4.218,33 €\n\nGehalt   +2.910,00 €\n\nMiete   -980,00 €\n\nTelefon   -29,99 €\n",
            EvidenceKind::Statement,
        ),
    ] {
        let reading = interpret(&words(text, Source::Ocr));
        assert_eq!(reading.kind, kind, "{text}");
    }
}

/// An amount on a line of its own is what was paid; sums within the sentences around it are talk.
#[test]
fn sums_in_sentences_do_not_contest_the_one_on_its_own_line() {
    let text = "You've sent a payment\n\n£1,950.80\n\nTo   Tidewater Marine\nReference   TMS 26-1107\n\n\
        Spend £500 more this month to earn £10 cashback on your card.\n";
    assert_eq!(amounts(&interpret(&words(text, Source::Mail))), [("1950.80".parse().unwrap(), Some("GBP".to_owned()))]);
    // Two lines of their own contest each other.
    let two = text.replace("\n\nTo ", "\n\n£640.00\n\nTo ");
    assert_eq!(amounts(&interpret(&words(&two, Source::Mail))), []);
}

/// The last word of a sentence is no label of the amount below it.
#[test]
fn the_end_of_a_sentence_is_no_label() {
    let text = "Transferencia realizada\n\nPuedes consultar el saldo\nhasta el día anterior.\n\n2.400,00 €\n\nPara   Inmobiliaria S.L.\n";
    assert_eq!(amounts(&interpret(&words(text, Source::PdfText))), [("2400.00".parse().unwrap(), Some("EUR".to_owned()))]);
}

/// Of two headers set close the one above the number says what it is.
#[test]
fn the_header_above_a_number_is_its_own() {
    let text = "Justificante de transferencia\n\nConcepto          Importe Comisión\n\nFRA. 771          3.905,27 \n\
                                          4,50 EUR\n";
    let reading = interpret(&words(text, Source::PdfText));
    assert!(!amounts(&reading).iter().any(|(value, _)| *value == "4.50".parse().unwrap()), "{:?}", reading.claims);
}

/// A word that begins with a mark is the rest of the number before it, whole where together they are written as money is, else lost.
#[test]
fn the_groups_behind_a_gap_belong_to_their_number() {
    let receipt =
        |number: &str| format!("Payment successful\n\n{number}\n\nPaid to   Om Sai\n\nUPI transaction ID   626211884417\n");
    let said = |number: &str| amounts(&interpret(&words(&receipt(number), Source::Ocr)));
    let rupees = |value: &str| vec![(value.parse().unwrap(), Some("INR".to_owned()))];
    assert_eq!(said("₹1 ,00,500.50"), rupees("100500.50"));
    assert_eq!(said("₹12 ,450.00"), rupees("12450.00"));
    for lost in ["₹1 ,0,500.50", "₹100 ,00,500.5", "₹1 ,00,500"] {
        assert_eq!(said(lost), [], "{lost}");
    }
}

/// A cheque's stub fills the place before the number.
#[test]
fn asterisks_before_a_number_are_no_part_of_it() {
    let text = "REMITTANCE ADVICE\n\nCHECK NO. 0088417\n\nCHECK TOTAL   $****4,574.70\n";
    assert_eq!(amounts(&interpret(&words(text, Source::PdfText))).first().map(|(value, _)| *value), "4574.70".parse().ok());
}

/// What is written by hand is read badly: a total below its subtotal is none, and nothing takes its place.
#[test]
fn a_total_below_its_subtotal_was_misread() {
    let slip = |more: &str| format!("SALE\nVISA ****719\n\nSUBTOTAL   $84.00\n{more}TOTAL   2.00\n\nCUSTOMER COPY\nAPPROVED\n");
    assert_eq!(amounts(&interpret(&words(&slip("TIP   $15.00\n"), Source::Ocr))), []);
    let reduced = slip("DISCOUNT   $82.00\n");
    assert_eq!(amounts(&interpret(&words(&reduced, Source::Ocr))).first().map(|(value, _)| *value), "2.00".parse().ok());
}

/// What an app advertises below a receipt does not make it an advert.
#[test]
fn an_advert_below_a_receipt_is_not_what_it_is() {
    let text = "¡Yapeaste!\n\nS/ 48.50\n\nRosa M. Quispe\n15 sep. 2026 | 09:39 p. m.\n\nNro. de operación   04410827\n\n\
        Gana hasta S/ 500 en vales. ¡Participa hasta el 31 dic. 2026! Oferta especial, solo por hoy\n";
    assert_eq!(interpret(&words(text, Source::Ocr)).kind, EvidenceKind::PaymentProof);
    let advert = "Oferta especial\n\nGana hasta S/ 500 en vales. ¡Participa!\nSolo por hoy, compra ahora\n";
    assert_eq!(interpret(&words(advert, Source::Ocr)).kind, EvidenceKind::NotAPayment);
}

/// Two figures behind taller ones are decimals, whatever the tall ones were seen as.
#[test]
fn small_figures_behind_a_garbled_large_number_are_no_amount() {
    let mut words = words("Paiement réussi\n\n1/4 99€\n\nBoulangerie Ravel\n\nLe   26 avril 2026\n", Source::Ocr);
    let tall = words.words.iter_mut().find(|word| word.text == "1/4").unwrap();
    let height = tall.region.y1 - tall.region.y0;
    tall.region.y0 = tall.region.y0.saturating_sub(height);
    assert_eq!(amounts(&interpret(&words)), []);
}

/// `/-` and `/=` close an amount without paise or cents; tax deducted at source is no payment.
#[test]
fn whole_amounts_closed_with_a_stroke_are_read() {
    let text = "NEFT done\n\nNEFT of Rs. 2,18,640/- done today against your bill NB/26-27/0418.\nUTR: GODVN26170004417\n\
        TDS Rs. 2,208 deducted separately.\n";
    assert_eq!(amounts(&interpret(&words(text, Source::Mail))), [("218640".parse().unwrap(), Some("INR".to_owned()))]);
}
