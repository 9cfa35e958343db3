//! What the short messages of banks and payers say: one sentence, no form, in the languages and habits of many countries.

use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::{Words, interpret};
use quittance_rules::evidence::{ClaimValue, EvidenceKind, Field, Reading, Source};

fn read(text: &str) -> Reading {
    let words = words_on_grid(text, Source::Mail);
    interpret(&Words { media_type: "text/plain".to_owned(), pages: 1, words, complaints: vec![], mail: None })
}

/// The first amount as it is claimed: `QAR 4310.50`, without its currency where the text names none.
fn amount(reading: &Reading) -> Option<String> {
    reading.claims.iter().filter(|claim| claim.field == Field::Amount).find_map(|claim| match &claim.value {
        ClaimValue::Money(money) => Some(money.to_string()),
        ClaimValue::BareAmount(text) => Some(text.clone()),
        ClaimValue::Text(_) | ClaimValue::Currency(_) | ClaimValue::Date(_) | ClaimValue::Time(_) => None,
    })
}

#[test]
fn what_has_moved_is_told_in_a_sentence() {
    for (text, wanted) in [
        ("FNB:-) R1,250.00 paid from Cheque a/c..4417 @ Online Banking. Ref.ACME INV204. 14Oct 09:12", "ZAR 1250.00"),
        (
            "QJK7X8Y9Z0 Confirmed. Ksh4,500.00 sent to ACME TRADERS for account INV-204 on 3/10/26 at 2:15 PM. New M-PESA balance is Ksh1,204.50. Transaction cost, Ksh57.00.",
            "KES 4500.00",
        ),
        ("Txn: Debit Ac:XX4417 Amt:NGN75,000.00 Des:TRF TO ACME LTD INV-204 Date:03-OCT-2026 Bal:NGN204,118.20", "NGN 75000.00"),
        (
            "Dear Customer, Rs.18,500.00 has been debited from your A/c XX4417 on 03-10-26 towards NEFT to ACME TRADERS. UTR: HDFCN26100388120. Avl Bal Rs.1,04,220.55",
            "INR 18500.00",
        ),
        ("Sent Rs.2300.00 From HDFC Bank A/C *4417 To ACME TRADERS On 03/10/26 Ref 627612345678", "INR 2300.00"),
        ("A/c *XX4417 debited by Rs 1999.00 on 03Oct26 trf to ACME TRADERS Refno 627612345678. If not u? call", "1999.00"),
        (
            "Your account XX4417 has been debited with AED 5,400.00 on 03/10/2026 for transfer to ACME TRADING LLC. Ref: FT26276ABC12",
            "AED 5400.00",
        ),
        (
            "QAR 4,310.50 transferred from a/c ***4417 to AL WAKRAH MARINE on 02-SEP-2026 09:14. Ref FBQ2609021188. Avail bal QAR 22,876.10.",
            "QAR 4310.50",
        ),
        (
            "You have sent PHP 12,500.00 of GCash to ACME MANILA 09XX on 10-03-2026 2:15 PM. Ref. No. 4417120044188. Your new balance is PHP 204.11.",
            "PHP 12500.00",
        ),
        (
            "Transfer Rp3.500.000,00 ke rek 1234417 a.n. PT ACME berhasil pada 03/10/2026 14:15. No. ref 202610031415",
            "IDR 3500000.00",
        ),
        (
            "RM0.00 Maybank2u: You have transferred RM1,500.00 to ACME SDN BHD via DuitNow on 03-Oct-2026. Ref 4417882010",
            "MYR 1500.00",
        ),
        ("BBVA: Has realizado una transferencia de 1.250,00 EUR a ACME SL el 03/10/2026. Concepto: Fra 204", "EUR 1250.00"),
        ("BCP: Realizaste una transferencia de S/ 350.50 a ACME SAC el 03/10/2026 14:15. Nro operacion 04417120", "PEN 350.50"),
        (
            "Se ha realizado una transferencia de fondos por $890.000 hacia la cuenta de ACME SPA. Fecha 03/10/2026. N° 4417",
            "890000",
        ),
        (
            "Bancolombia: Transferiste $1,200,000.00 desde tu cuenta *4417 a ACME SAS el 03/10/2026 14:15. Dudas 018000",
            "COP 1200000.00",
        ),
        ("BBVA. Envio SPEI por $15,230.40 MN a ACME SA DE CV. Clave de rastreo MBAN01002610031415. 03/10/2026", "MXN 15230.40"),
        ("Pix enviado: R$ 2.350,00 para ACME LTDA em 03/10/2026 as 14:15. ID E60701190202610031415", "BRL 2350.00"),
        ("MB WAY: Enviou 640,00 EUR para 91*****17 em 03-10-2026. Ref 4417", "EUR 640.00"),
        ("Votre virement de 780,00 € vers ACME SARL a bien été exécuté le 03/10/2026. Réf. 4417AB", "EUR 780.00"),
        ("Ihre Überweisung über 1.480,20 EUR an ACME GmbH wurde am 03.10.2026 ausgeführt.", "EUR 1480.20"),
        ("Hai effettuato un bonifico di 920,00 euro a favore di ACME SRL in data 03/10/2026. CRO 4417000112", "EUR 920.00"),
        ("Er is € 410,00 overgemaakt van NL12**** naar ACME BV op 03-10-2026, kenmerk 204", "EUR 410.00"),
        ("Przelew 1 520,00 PLN do ACME SP Z O O zrealizowany 03.10.2026. Tytul: FV 204", "PLN 1520.00"),
        ("Z uctu 4417/0800 odeslano 12 400,00 CZK na ucet 1234/0100 dne 3.10.2026 VS 204", "CZK 12400.00"),
        ("ACME LTD hesabına 4.250,00 TL tutarında FAST işleminiz 03.10.2026 tarihinde gerçekleşti. Sorgu no 4417", "TRY 4250.00"),
        ("HUF átutalás 320.000 Ft teljesült 2026.10.03. ACME KFT részére. Közl: SZLA 204", "HUF 320000.00"),
        ("Ati transferat 2.350,50 RON catre ACME SRL la 03.10.2026. Ref 4417", "RON 2350.50"),
        ("Du har betalat 980,00 kr till ACME AB den 2026-10-03. OCR 2044178", "SEK 980.00"),
        ("Zelle: You sent $1,250.00 to ACME LLC on 10/03/2026. Confirmation 4417abc", "USD 1250.00"),
        ("Wells Fargo: A wire transfer of $3,200.00 was sent to ACME LLC on 10/03/26 from account ending 4417.", "USD 3200.00"),
        ("Barclays: £640.25 has been paid to ACME LTD from your account ending 4417 on 03 Oct 2026. Ref INV204", "GBP 640.25"),
        ("INTERAC e-Transfer: ACME INC accepted your transfer of $500.00 (CAD). Reference CA4417xyz", "CAD 500.00"),
        ("Hi, we just paid $1,100.00 AUD by Osko to Acme Pty Ltd, receipt N04417120, 3 October 2026", "AUD 1100.00"),
        ("NBK: KWD 250.500 transferred to ACME CO from 4417XX on 03/10/2026. Ref NBK4417", "KWD 250.500"),
        ("Outgoing transfer Amount: SAR 1,750.00 To: ACME EST From: XX4417 On: 2026-10-03 14:15", "SAR 1750.00"),
        ("Zahlung ausgeführt: CHF 820.00 an ACME AG, 03.10.2026", "CHF 820.00"),
        ("โอนเงิน 9,800.00 บาท สำเร็จ 03/10/2026 14:15 Ref 4417", "THB 9800.00"),
        ("Η μεταφορά ποσού 1.340,00 EUR προς ACME AE ολοκληρώθηκε στις 03/10/2026. Κωδ. 4417", "EUR 1340.00"),
    ] {
        let reading = read(text);
        assert_eq!(reading.kind, EvidenceKind::PaymentProof, "{text}");
        assert_eq!(amount(&reading).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn what_is_to_move_is_promised() {
    for (text, wanted) in [
        ("Hello, we will transfer 5,200.00 EUR for invoice 204 by Friday 9 October 2026. Sorry for the delay.", "EUR 5200.00"),
        ("Dobry den, fakturu 260417 ve vysi 48 312,00 Kc uhradime do 09.10.2026.", "CZK 48312.00"),
        (
            "Sehr geehrte Damen und Herren, den offenen Betrag von 2.400,00 EUR (RE 204) werden wir bis zum 09.10.2026 überweisen.",
            "EUR 2400.00",
        ),
        ("Bonjour, nous réglerons la facture 204 d'un montant de 1 800,00 € le 09/10/2026.", "EUR 1800.00"),
        ("Buongiorno, la fattura 204 di 3.100,00 euro verrà pagata entro il 09/10/2026.", "EUR 3100.00"),
        ("Buenas tardes, el pago de S/ 950.00 de la factura F001-204 lo haremos el viernes 09/10/2026.", "PEN 950.00"),
        ("Bom dia, vamos pagar o boleto de R$ 7.200,00 ate 09/10/2026, desculpe o atraso.", "BRL 7200.00"),
        ("We betalen factuur 204 van € 1.320,00 uiterlijk 09-10-2026.", "EUR 1320.00"),
    ] {
        let reading = read(text);
        assert_eq!(reading.kind, EvidenceKind::PromiseToPay, "{text}");
        assert_eq!(amount(&reading).as_deref(), Some(wanted), "{text}");
    }
}

/// Mails tell it in a sentence whose verb stands far from the amount; that something was paid counts where nothing else is told.
#[test]
fn what_was_paid_is_told_in_prose() {
    for (text, wanted) in [
        (
            "Dear vendor, a wire in the amount of USD 18,240.00 has been released to your account on 14 October 2026. Fed ref 20261014MMQFMP9N000123.",
            "USD 18240.00",
        ),
        ("Hola, adjunto justificante de la transferencia por 740 € de ayer 13/10/2026, concepto factura 2026/118.", "EUR 740.00"),
        ("Buen día, ya quedó el depósito por $12,800.00 M.N. a su cuenta BBVA, folio 771920.", "MXN 12800.00"),
        ("Bonjour, le règlement de la facture FA-2026-881 (980,40 EUR) a été effectué par virement le 14/10/2026.", "EUR 980.40"),
        ("Guten Tag, die Rechnung RE-2026-771 über 2.310,00 € haben wir am 14.10.2026 überwiesen.", "EUR 2310.00"),
        (
            "Buongiorno, abbiamo provveduto al pagamento della fattura 118/2026 di € 1.499,00 con bonifico del 14/10/2026.",
            "EUR 1499.00",
        ),
        ("Beste, factuur 2026-881 à € 665,00 is vandaag betaald.", "EUR 665.00"),
        ("Hi sir, done payment of Rs 45,000 through NEFT today, UTR N287261234567", "INR 45000.00"),
        (
            "Your payment of $1,875.25 to Acme Inc. has been sent. Confirmation #: 8KJ2201. Delivery date: 10/15/2026",
            "USD 1875.25",
        ),
        ("Bizum enviado: 250,00 € a Marta R. Concepto: fra 88", "EUR 250.00"),
        ("RTGS of KES 88,000.00 to ACME LTD was successful on 14-Oct-2026. Ref RTG2610140091", "KES 88000.00"),
        (
            "Wir bestätigen die Ausführung Ihres Zahlungsauftrags: CHF 1'230.50 zu Gunsten Acme AG, Valuta 14.10.2026",
            "CHF 1230.50",
        ),
        ("Betaling av faktura 20118 på kr 9 900,00 er gjennomført 14.10.2026", "NOK 9900.00"),
        ("お振込金額 15,000円 を 2026年10月14日 に 振込完了 しました 受付番号 4417", "JPY 15000"),
    ] {
        let reading = read(text);
        assert_eq!(reading.kind, EvidenceKind::PaymentProof, "{text}");
        assert_eq!(amount(&reading).as_deref(), Some(wanted), "{text}");
    }
    for text in [
        "Could you refund the $120.00 we paid twice on invoice 88?",
        "Please refund the $120.00 that we paid twice on invoice 88, it was sent by mistake.",
        "Hola, no reconocemos el cargo de 990,00 € de la factura 2026/99; los productos llegaron dañados.",
        "Estimado cliente, su factura 2026/118 por 3.400,00 € vence el 30/10/2026.",
        "Your order total is $77.00 and will ship on October 20.",
        "Once the $500.00 is paid we will ship the goods to your address.",
        "Bitte beachten Sie, dass die 450,00 EUR noch nicht bezahlt sind und am Freitag abgebucht werden.",
    ] {
        assert_ne!(read(text).kind, EvidenceKind::PaymentProof, "{text}");
    }
}

/// `do` is a Thursday in German and `until` in Czech and Polish.
#[test]
fn a_small_word_before_a_day_is_no_weekday() {
    let day = |text: &str| {
        let dates = read(text).claims.into_iter().filter(|claim| claim.field == Field::Date);
        dates.map(|claim| claim.value).collect::<Vec<_>>()
    };
    let wanted = ClaimValue::Date(jiff::civil::date(2026, 10, 9));
    let czech = "Dobry den, fakturu 260417 ve vysi 48 312,00 Kc uhradime do 09.10.2026.";
    assert_eq!(day(czech).first(), Some(&wanted));
    let german = "Überweisung ausgeführt\n\nBetrag   80,00 EUR\nDatum   Fr 09.10.2026\n";
    assert_eq!(day(german).first(), Some(&wanted));
}

/// Asked for, refused, denied: no payment, whatever words of one stand there.
#[test]
fn what_has_not_moved_is_no_payment() {
    for text in [
        "Please pay: a payment of $500.00 is due by 10/09/2026 for invoice 204.",
        "Your payment of 1.200,00 EUR could not be processed. Insufficient funds.",
        "Have you paid £890.00 to us? We cannot find it.",
        "Su transferencia de 300,00 EUR ha sido rechazada.",
        "Die Überweisung über 450,00 EUR konnte nicht ausgeführt werden.",
        "Acme LLC requests $700.00 from you via Zelle. Reply to pay.",
        "We have not paid 5,200.00 EUR for invoice 204 yet.",
    ] {
        assert_ne!(read(text).kind, EvidenceKind::PaymentProof, "{text}");
    }
}

/// A letter alone is a sign of money where an amount is written behind it, and no part of a code.
#[test]
fn an_r_before_an_amount_is_a_rand_and_before_a_code_is_none() {
    for (text, wanted) in [
        ("Payment sent\n\nAmount   R1,250.00\nReference number   TX123456\n", Some("ZAR 1250.00")),
        ("Payment sent\n\nAmount   R 1 250,00\nReference number   TX123456\nFNB South Africa\n", Some("ZAR 1250.00")),
        ("Payment sent\n\nAmount   R1 250.00\nReference number   TX123456\nCapitec\n", Some("ZAR 1250.00")),
        ("Payment sent\n\nReference   R200\nOrder R44120\n", None),
    ] {
        assert_eq!(amount(&read(text)).as_deref(), wanted, "{text}");
    }
}
