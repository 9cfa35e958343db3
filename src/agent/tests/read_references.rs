//! Which number identifies a payment, and how far it goes: groups, ends of lines, labels of many languages.

use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::{Words, interpret};
use quittance_rules::evidence::{ClaimValue, EvidenceKind, Field, Reading, Source};

fn read(text: &str, source: Source) -> Reading {
    let words = words_on_grid(text, source);
    interpret(&Words { media_type: "image/png".to_owned(), pages: 1, words, complaints: vec![], mail: None })
}

fn said(reading: &Reading, field: Field) -> Vec<String> {
    let text = |value: &ClaimValue| match value {
        ClaimValue::Text(text) => text.clone(),
        ClaimValue::Date(date) => date.to_string(),
        other => panic!("{other:?}"),
    };
    reading.claims.iter().filter(|c| c.field == field).map(|c| text(&c.value)).collect()
}

#[test]
fn a_number_in_groups_is_one_number() {
    for (text, reference) in [
        ("Pagamento efetuado\n\nR$ 1.264,00\n\nAutenticação   7A41 09C2 E8B0 55D1\n", "7A41 09C2 E8B0 55D1"),
        ("Virement effectué\n\n64,90 €\n\nRéf.\nVIR26273 55108\n", "VIR26273 55108"),
        ("Virement exécuté\n\n64,90 €\n\nRéférence banque   CMJ 0112 774 19003\n", "CMJ 0112 774 19003"),
        // What is no group of a number stays outside.
        ("Transfer sent\n\nEUR 64.90\n\nReference number   TX123456 thank you\n", "TX123456"),
        ("Transfer sent\n\nEUR 64.90\n\nReference number   TX123456 EUR 64.90\n", "TX123456"),
        ("Transfer sent\n\nEUR 64.90\n\nReference number   TX123456 04/03/2026\n", "TX123456"),
    ] {
        assert_eq!(said(&read(text, Source::PdfText), Field::Reference), [reference], "{text}");
    }
}

/// A speck below a number is not its end, where the line had room for more.
#[test]
fn what_would_have_fitted_behind_a_number_is_not_its_end() {
    let speck = "Uberweisung gesendet\n\n1.280,00 EUR\n\nVerwendungszweck\nRechnung RE-2026-0107 Kundennummer 48813\n\n\
        Uberweisungsnummer\nNX-5581-20260205-0041\n1\n";
    assert_eq!(said(&read(speck, Source::Ocr), Field::Reference), ["NX-5581-20260205-0041"]);
    let wrapped = "Pix enviado\n\nR$ 80,00\n\nID da transacao\nE60701190202608141241A7\nB3K9D2XYZ\n";
    assert_eq!(said(&read(wrapped, Source::Ocr), Field::Reference), ["E60701190202608141241A7B3K9D2XYZ"]);
}

/// Digits are all that may stand where the end-to-end number of a Pix has the bank and the instant.
#[test]
fn a_pix_number_with_a_letter_among_its_digits_is_not_legible() {
    let text = |id: &str| format!("Pix enviado\n\nR$ 80,00\n\nID da transação   {id}\n");
    let sound = "E31882004202610271105fP09sLw2XbE";
    assert_eq!(said(&read(&text(sound), Source::Ocr), Field::Reference), [sound]);
    for misread in ["E31882O04202610271105fP09sLw2XbE", "E318820042026I0271105fP09sLw2XbE", "E31882004202610271105fP09sLw2Xb"] {
        assert_eq!(said(&read(&text(misread), Source::Ocr), Field::Reference), [""; 0], "{misread}");
    }
}

/// Seen in pixels, the letter O of a code may be a nought; typed, it is what it is.
#[test]
fn a_code_with_an_o_that_may_be_a_nought_is_not_legible() {
    let text = |id: &str| format!("Payment sent\n\nEUR 80.00\n\nTransaction ID   {id}\n");
    for doubtful in ["PNBOQ7RT41K", "QZ4KOT8M1", "WTLO814152688Q", "BBX/26O331/OO918273"] {
        assert_eq!(said(&read(&text(doubtful), Source::Ocr), Field::Reference), [""; 0], "{doubtful}");
        assert_eq!(said(&read(&text(doubtful), Source::PdfText), Field::Reference), [doubtful]);
    }
    for clear in ["BOL1234567", "PNB0Q7RT41K", "FOLIO-20260331", "TX123456"] {
        assert_eq!(said(&read(&text(clear), Source::Ocr), Field::Reference), [clear]);
    }
}

#[test]
fn receipts_of_smaller_languages_are_read() {
    for (text, reference, date) in [
        (
            "Enviat!\n\n1.150,00 €\n\nConcepte   lloguer\nData   1 de juliol de 2026\nNúmero d'operació   PAS-8802-1145570\n",
            "PAS-8802-1145570",
            "2026-07-01",
        ),
        (
            "Platba byla odeslána\n\n12 500,00 Kč\n\nDatum platby   29. 1. 2026\nČíslo transakce   TR-260129-88140\n",
            "TR-260129-88140",
            "2026-01-29",
        ),
        (
            "Platba bola odoslaná\n\n250,00 €\n\nDátum platby   3. februára 2026\nČíslo platby   SK88-2201-7741\n",
            "SK88-2201-7741",
            "2026-02-03",
        ),
        (
            "Plačilo izvedeno\n\n250,00 €\n\nDatum plačila   3. februarja 2026\nŠtevilka transakcije   7741002288\n",
            "7741002288",
            "2026-02-03",
        ),
        (
            "Mokėjimas atliktas\n\n250,00 €\n\nOperacijos data   2026-02-03\nOperacijos numeris   LT77-4100-2288\n",
            "LT77-4100-2288",
            "2026-02-03",
        ),
    ] {
        let reading = read(text, Source::PdfText);
        assert_eq!(reading.kind, EvidenceKind::PaymentProof, "{text}");
        assert_eq!(said(&reading, Field::Reference), [reference], "{text}");
        assert_eq!(said(&reading, Field::Date), [date], "{text}");
    }
}

/// A number of a field stands before its name in the printout of a message between banks.
#[test]
fn a_field_number_before_a_label_does_not_hide_it() {
    let text = "Single Customer Credit Transfer\n\n20: Sender's Reference\nFT26162004417\n32A: Val Dte/Curr/Interbnk Settld Amt\nAmount : #48,975.00#\n";
    assert_eq!(said(&read(text, Source::PdfText), Field::Reference), ["FT26162004417"]);
}

#[test]
fn an_advice_is_found_by_its_own_number() {
    let text = "AWIZO PŁATNOŚCI          Nr 000771/2026\n\nFaktura          Kwota\n\nFS 204/03/2026   1 845,00\nFS 211/03/2026   12 300,49\n\
        FS 219/03/2026   615,00\n\nRAZEM            14 760,49\n";
    let reading = read(text, Source::Mail);
    assert_eq!(reading.kind, EvidenceKind::RemittanceAdvice);
    assert_eq!(said(&reading, Field::Reference), ["000771/2026"]);
}

#[test]
fn a_list_that_is_cut_says_so() {
    let rows: String = (1..=1_100).map(|n| format!("INV-{n:05}   10.00\n")).collect();
    let reading = read(&format!("REMITTANCE ADVICE\n\nInvoice     Amount\n\n{rows}"), Source::Mail);
    assert_eq!(reading.remittance_lines.len(), 1_000);
    assert!(
        reading.complaints.iter().any(|c| c == "Only the first 1000 rows of the list were taken."),
        "{:?}",
        reading.complaints
    );
}
