//! UBL and Cross Industry Invoice documents, and the ones inside PDFs.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Document, Object, Stream, dictionary};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{BilledDocument, ItemKind};
use quittance_tools::intake::billed::{self, BilledReading};
use quittance_tools::intake::embedded::embedded_invoice_xml;

fn sample(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/invoices").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn read(xml: &str) -> BilledReading {
    billed::read(xml.as_bytes()).unwrap_or_else(|e| panic!("{e}"))
}

fn taken(name: &str) -> BilledDocument {
    let reading = read(&sample(name));
    assert_eq!(reading.problems, [], "{name}");
    reading.document.unwrap_or_else(|| panic!("{name}: nothing"))
}

/// Everything a document says, on one line.
fn line(document: &BilledDocument) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let day = |date: Option<jiff::civil::Date>| date.map(|d| d.to_string()).unwrap_or_else(|| "-".to_owned());
    let discount =
        document.discount.as_ref().map(|d| format!("{} % until {}", d.percent, d.until)).unwrap_or_else(|| "-".to_owned());
    [
        format!("{} {:?} {} {}", document.number, document.kind, document.issue_date, day(document.due_date)),
        format!("{} - {} = {}", document.total, document.already_paid.amount(), document.payable.amount()),
        format!("{} {}", or(&document.seller_name), or(&document.seller_id)),
        format!("{} {}", or(&document.buyer_name), or(&document.buyer_id)),
        format!("{} {} {}", or(&document.buyer_reference), or(&document.order_reference), or(&document.payment_reference)),
        discount,
    ]
    .join(" | ")
}

#[test]
fn both_syntaxes_are_read() {
    for (name, expected) in [
        (
            "ubl_invoice.xml",
            "RE-2026-0815 Invoice 2026-03-02 2026-04-01 | EUR 1190.00 - 200.00 = 990.00 | Werkstatt Süd GmbH DE123456789 | Stadt Beispiel & Söhne C-1009 | 04011000-12345-03 PO-77 RF18539007547034 | 3 % until 2026-03-09",
        ),
        (
            "ubl_credit_note.xml",
            "CN-31 CreditNote 2026-03-05 2026-03-31 | JPY 11000 - 0 = 11000 | Tokyo Parts KK - | Buyer Inc 7300010000001 | - - - | -",
        ),
        (
            "cii_factur_x.xml",
            "FA-2026-118 Invoice 2026-03-15 2026-04-14 | EUR 600.00 - 0.00 = 600.05 | Atelier du Nord SARL FR40123456789 | Client Étoile SA 3012345678901 | SERVICE-12 CMD-9 FA-2026-118 | 2.5 % until 2026-03-25",
        ),
        (
            "zugferd_1.xml",
            "G-55 CreditNote 2016-02-29 - | EUR 11.90 - 0.00 = 11.90 | Lieferant AG - | Kunde OHG K-7 | - B-1 G-55 | -",
        ),
    ] {
        assert_eq!(line(&taken(name)), expected, "{name}");
    }
}

#[test]
fn what_is_wrong_is_told_with_element_and_line() {
    let ubl = sample("ubl_invoice.xml");
    // (change, is it still taken, element, words)
    for (from, to, is_taken, field, words) in [
        (">990.00<", ">980.00<", true, "PayableAmount", "EUR 980.00 is stated, total less what is paid is EUR 990.00 (BR-CO-16)"),
        (">1190.00</cbc:TaxIn", ">1191.00</cbc:TaxIn", true, "TaxInclusiveAmount", "BR-CO-15"),
        (">1190.00<", ">1.190,00<", true, "TaxInclusiveAmount", "`1.190,00` is not a decimal amount"),
        (">200.00<", ">two hundred<", false, "PrepaidAmount", "not a decimal amount"),
        ("<cbc:ID>RE-2026-0815</cbc:ID>", "", false, "Invoice", "no readable number"),
        ("2026-03-02", "2026-02-30", false, "IssueDate", "`2026-02-30` is no date"),
        ("2026-04-01", "01.04.2026", true, "DueDate", "is no date"),
        (">EUR<", ">EURO<", false, "DocumentCurrencyCode", "`EURO` is not an ISO 4217 currency"),
    ] {
        let reading = read(&ubl.replacen(from, to, 1));
        assert_eq!(reading.document.is_some(), is_taken, "{to}: {:?}", reading.problems);
        let found = reading.problems.iter().find(|p| p.field.as_deref() == Some(field) && p.message.contains(words));
        assert!(found.is_some_and(|p| p.line.is_some_and(|l| l > 1)), "{to}: {:?}", reading.problems);
    }
}

#[test]
fn negative_totals_are_credit_notes_or_refused() {
    let negative = |name: &str| {
        let xml = sample(name);
        ["990.00", "1000.00", "190.00", "1190.00", "200.00"]
            .iter()
            .fold(xml, |xml, n| xml.replace(&format!(">{n}<"), &format!(">-{n}<")))
    };
    let reading = read(&negative("ubl_invoice.xml"));
    let document = reading.document.expect("taken");
    assert_eq!((document.kind, document.payable), (ItemKind::CreditNote, Money::new(99_000, Currency::EUR)));
    assert!(reading.problems.iter().any(|p| p.message.contains("negative")), "{:?}", reading.problems);
    let reading =
        read(&sample("zugferd_1.xml").replace(">11.90<", ">-11.90<").replace(">10.00<", ">-10.00<").replace(">1.90<", ">-1.90<"));
    assert_eq!(reading.document, None);
    assert!(reading.problems.iter().any(|p| p.message.contains("direction")), "{:?}", reading.problems);
}

#[test]
fn envelopes_large_attachments_and_missing_codes() {
    let ubl = sample("ubl_invoice.xml");
    let enveloped = ubl
        .replace("<ubl:Invoice", "<StandardBusinessDocument><StandardBusinessDocumentHeader/><ubl:Invoice")
        .replace("</ubl:Invoice>", "</ubl:Invoice></StandardBusinessDocument>");
    let attached = ubl.replace(
        "<cbc:ID>time-sheet</cbc:ID>",
        &format!(
            "<cac:Attachment><cbc:EmbeddedDocumentBinaryObject>{}</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>",
            "QUJD".repeat(3_000_000)
        ),
    );
    let silent = ubl.replace("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", "");
    for xml in [enveloped, attached, silent] {
        assert_eq!(read(&xml).document.as_ref().map(line), Some(line(&taken("ubl_invoice.xml"))));
    }
}

#[test]
fn other_documents_and_broken_ones_are_refused_with_a_sentence() {
    let ubl = sample("ubl_invoice.xml");
    for (xml, words) in [
        ("<Document><BkToCstmrStmt/></Document>".to_owned(), "bank statement"),
        ("<Document><CstmrCdtTrfInitn/></Document>".to_owned(), "pain.001"),
        ("<order/>".to_owned(), "<order>"),
        (String::new(), "empty"),
        (ubl[..ubl.len() / 2].to_owned(), "ends here"),
        (ubl.replacen("</cbc:ID>", "</cbc:Id>", 1), "broken here"),
        (format!("<!DOCTYPE a>{}", ubl.split_once('\n').expect("lines").1), "DTD"),
    ] {
        let error = billed::read(xml.as_bytes()).expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A one-page PDF with a file in it, named in `/AF`, in the name tree, or in both.
fn pdf(file: &str, stored: Vec<u8>, compressed: bool, in_af: bool, in_tree: bool) -> Vec<u8> {
    let mut document = Document::with_version("1.7");
    let pages = document.new_object_id();
    let content = document.add_object(Stream::new(dictionary! {}, b"BT ET".to_vec()));
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    });
    document
        .objects
        .insert(pages, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 }));
    let mut head = dictionary! { "Type" => "EmbeddedFile", "Subtype" => "text/xml" };
    if compressed {
        head.set("Filter", "FlateDecode");
    }
    let stream = document.add_object(Stream::new(head, stored));
    let specification = document.add_object(dictionary! {
        "Type" => "Filespec", "F" => Object::string_literal(file), "UF" => Object::string_literal(file),
        "AFRelationship" => "Data", "EF" => dictionary! { "F" => stream, "UF" => stream },
    });
    let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => pages };
    if in_af {
        catalog.set("AF", vec![specification.into()]);
    }
    if in_tree {
        let leaf = document.add_object(dictionary! { "Names" => vec![Object::string_literal(file), specification.into()] });
        let tree = document.add_object(dictionary! { "Kids" => vec![leaf.into()] });
        catalog.set("Names", dictionary! { "EmbeddedFiles" => tree });
    }
    let catalog = document.add_object(catalog);
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("memory");
    bytes
}

#[test]
fn the_invoice_inside_a_pdf_is_found() {
    let xml = sample("cii_factur_x.xml").into_bytes();
    for (name, compressed, in_af, in_tree) in [
        ("factur-x.xml", true, true, true),
        ("factur-x.xml", false, false, true),
        ("ZUGFeRD-invoice.xml", true, true, false),
        ("rechnung_4711.xml", true, false, true),
    ] {
        let stored = if compressed { zlib(&xml) } else { xml.clone() };
        let found = embedded_invoice_xml(&pdf(name, stored, compressed, in_af, in_tree)).expect("a PDF");
        assert_eq!(found.as_deref(), Some(xml.as_slice()), "{name}");
        let reading = billed::read(found.unwrap_or_default().as_slice()).expect("an invoice");
        assert_eq!(reading.document.map(|d| d.number).as_deref(), Some("FA-2026-118"));
    }
    // Another attachment, another XML, none at all.
    assert_eq!(embedded_invoice_xml(&pdf("photo.jpg", xml.clone(), false, true, true)).expect("a PDF"), None);
    assert_eq!(embedded_invoice_xml(&pdf("order.xml", b"<order/>".to_vec(), false, true, true)).expect("a PDF"), None);
    assert_eq!(embedded_invoice_xml(&pdf("factur-x.xml", xml, false, false, false)).expect("a PDF"), None);
}

#[test]
fn bombs_and_rubbish_in_a_pdf_are_refused() {
    let bomb = zlib(&vec![b' '; 40 << 20]);
    assert!(bomb.len() < 100_000);
    let error = embedded_invoice_xml(&pdf("factur-x.xml", bomb, true, true, true)).expect_err("a bomb").to_string();
    assert!(error.contains("16 MiB"), "{error}");
    let error =
        embedded_invoice_xml(&pdf("factur-x.xml", b"not zlib".to_vec(), true, true, true)).expect_err("rubbish").to_string();
    assert!(error.contains("cannot be decompressed"), "{error}");
    assert!(embedded_invoice_xml(b"no PDF at all").is_err());
    let whole = pdf("factur-x.xml", zlib(b"<a/>"), true, true, true);
    for cut in (0..whole.len()).step_by(13) {
        let _ = embedded_invoice_xml(&whole[..cut]);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn flipped_bytes_never_panic(which in 0_usize..4, flips in proptest::collection::vec((0_usize..6_000, 0_u8..=255), 1..6)) {
        let name = ["ubl_invoice.xml", "ubl_credit_note.xml", "cii_factur_x.xml", "zugferd_1.xml"][which];
        let mut xml = sample(name).into_bytes();
        for (at, byte) in flips {
            let length = xml.len();
            xml[at % length] = byte;
        }
        let _ = billed::read(xml.as_slice());
    }
}
