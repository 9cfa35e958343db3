//! Reading evidence through the real program: what phone screenshots say, and that no file, however hostile, does more than be refused.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use quittance_rules::evidence::{Reading, Source};
use quittance_tools::evidence::{EvidenceReader, Helpers, Limits, MIB, Outcome, RefusalReason, Report};

fn reader() -> EvidenceReader {
    EvidenceReader::new(PathBuf::from(env!("CARGO_BIN_EXE_quittance")))
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// Every reading in this file passes through here: the limits hold whatever the bytes are.
fn read(bytes: &[u8]) -> Report {
    let report = reader().read(bytes).unwrap();
    assert!(report.elapsed < Duration::from_millis(10_500), "took {:?}", report.elapsed);
    assert!(report.resident_bytes_peak < 384 * MIB, "held {} bytes", report.resident_bytes_peak);
    report
}

fn words(report: &Report) -> &Reading {
    match &report.outcome {
        Outcome::Read(reading) => reading,
        other => panic!("not read: {other:?}"),
    }
}

fn refusal(report: &Report) -> RefusalReason {
    match &report.outcome {
        Outcome::Refused(refusal) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// As a person compares: accents, the kinds of dash and punctuation around a word make no difference; every letter and digit does.
fn plain(word: &str) -> String {
    let word: String = word
        .chars()
        .map(|c| match c {
            'ü' => 'u',
            'Ü' => 'U',
            'è' | 'é' => 'e',
            'ã' | 'á' => 'a',
            '−' | '–' | '—' => '-',
            other => other,
        })
        .collect();
    word.trim_matches(['.', ',', ':', ';', '#', '¡', '!']).to_owned()
}

fn missing(reading: &Reading, expected: &[String]) -> Vec<String> {
    let mut found: Vec<String> = reading.words.iter().map(|w| plain(&w.text)).collect();
    let mut missing = Vec::new();
    for word in expected {
        match found.iter().position(|w| *w == plain(word)) {
            Some(index) => drop(found.swap_remove(index)),
            None => missing.push(word.clone()),
        }
    }
    missing
}

#[test]
fn real_phone_screenshots_give_amount_sign_date_and_operation_number() {
    let labels: serde_json::Value = serde_json::from_slice(&fixture("yape-whatsapp-redacted/labels.json")).unwrap();
    for case in labels["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        let file = text("file");
        let (amount, date) = (text("amount"), text("date"));
        let day = date[8..].to_owned();
        let month = if &date[5..7] == "07" { "jul." } else { "ago." };
        let expected =
            ["S/", amount.trim_end_matches(".00"), &day, month, &date[..4], &text("operation_number")].map(str::to_owned);
        let report = read(&fixture(&format!("yape-whatsapp-redacted/{file}")));
        assert_eq!(missing(words(&report), &expected), Vec::<String>::new(), "{file}: {}", words(&report).text);
    }
}

#[test]
fn screenshots_of_many_designs_give_their_exact_words() {
    let truth: serde_json::Value = serde_json::from_slice(&fixture("screens/truth.json")).unwrap();
    let (mut all, mut lost) = (0, Vec::new());
    for case in truth["cases"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let expected: Vec<String> = case["words"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
        let report = read(&fixture(&format!("screens/{file}")));
        all += expected.len();
        lost.extend(missing(words(&report), &expected).into_iter().map(|word| format!("{file}: {word}")));
    }
    // Known: the rupee sign is in no Latin language pack, and `DE02` is read `DEO2`, which account numbers are parsed to allow.
    assert!(all >= 90 && lost.len() <= 3, "{} of {all} words lost: {lost:?}", lost.len());
}

/// `quittance read FILE`, as a person's script sees it.
fn read_by_command(file: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/papers").join(file);
    let output =
        Command::new(env!("CARGO_BIN_EXE_quittance")).arg("read").arg(&path).args(["--format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    match value {
        serde_json::Value::Array(mut list) => list.remove(0),
        one => one,
    }
}

#[test]
fn papers_of_many_makers_give_their_claims_through_the_command() {
    let truth: serde_json::Value = serde_json::from_slice(&fixture("papers/truth.json")).unwrap();
    let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let mut wrong = Vec::new();
    for case in truth["cases"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let read = read_by_command(file);
        // Claims of a field come surest first.
        let first = |field: &str| {
            let claims = read["claims"].as_array().unwrap();
            claims.iter().find(|c| c["field"] == field).and_then(|c| c["value"].as_str()).map(str::to_owned)
        };
        let decimal = |t: &str| {
            let (whole, fraction) = t.split_once('.').unwrap_or((t, ""));
            (whole.to_owned(), fraction.trim_end_matches('0').to_owned())
        };
        for (name, expected) in case.as_object().unwrap() {
            let right = match (name.as_str(), expected.as_str()) {
                ("file", _) => true,
                ("kind", Some(kind)) => read["kind"] == kind,
                ("amount", Some(amount)) => first("amount").is_some_and(|a| decimal(&a) == decimal(amount)),
                ("reference", Some(code)) => first("reference").is_some_and(|r| letters(&r) == letters(code)),
                ("remittance", None) => {
                    let given = read["remittance_lines"].as_array().unwrap();
                    let expected = expected.as_array().unwrap();
                    given.len() == expected.len()
                        && given.iter().zip(expected).all(|(line, row)| {
                            let amount = line["amount"].as_str().map(decimal);
                            line["invoice_number"] == row[0] && amount == row[1].as_str().map(decimal)
                        })
                }
                (field, expected) => first(field).as_deref() == expected,
            };
            if !right {
                wrong.push(format!(
                    "{file} {name}: {expected}, read {:?} {} {}",
                    first(name),
                    read["kind"],
                    read["remittance_lines"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_picture_on_its_side_is_turned_and_its_places_are_on_the_picture_as_sent() {
    let upright = image::load_from_memory(&fixture("screens/spei_bank_es.png")).unwrap().into_rgb8();
    let bytes = png(&image::imageops::rotate90(&upright));
    let report = read(&bytes);
    let reading = words(&report);
    assert!(reading.text.contains("MBAN01002610120087431") || reading.text.contains("646180157000000004"), "{}", reading.text);
    let word = reading.words.iter().find(|w| w.text.contains("646180157000000004")).unwrap();
    // Upright it stands at the right, a third down; turned clockwise, right becomes bottom and a third down a third from the right.
    assert!(word.region.y1 > 700_000 && word.region.x0 > 500_000, "{:?}", word.region);
    assert!(word.region.y1 - word.region.y0 > word.region.x1 - word.region.x0);
}

#[test]
fn text_that_the_page_does_not_show_is_said_and_not_used() {
    let report = read(&fixture("hostile/white_on_white.pdf"));
    let reading = words(&report);
    assert!(reading.text.contains("INV-20872") && reading.text.contains("1,560.40"), "{}", reading.text);
    assert!(!reading.text.contains("9,999.00") && !reading.text.contains("refund"), "{}", reading.text);
    assert!(reading.complaints.iter().any(|c| c.contains("not seen")), "{:?}", reading.complaints);
    assert!(reading.words.iter().all(|w| w.source == Source::PdfText));
}

#[test]
fn invisible_off_page_tiny_and_false_text_layers_are_not_used() {
    // Light letters on a dark ground are seen.
    let light = "0.1 g 50 690 480 40 re f 1 g BT /F1 18 Tf 60 700 Td (Amount due 1,250.00 EUR) Tj ET";
    let report = read(&pdf(light));
    assert!(words(&report).text.contains("1,250.00") && words(&report).complaints.is_empty(), "{:?}", words(&report).complaints);
    let shown = "BT /F1 18 Tf 60 700 Td (Invoice INV-4471 amount due 1,250.00 EUR) Tj ET";
    let hidden = [
        ("off the page", "BT /F1 18 Tf 900 700 Td (refund 9,999.00) Tj ET"),
        ("tiny", "BT /F1 1 Tf 60 500 Td (refund 9,999.00) Tj ET"),
        ("drawn without ink", "BT 3 Tr /F1 18 Tf 60 500 Td (refund 9,999.00) Tj ET"),
        ("white", "1 1 1 rg BT /F1 18 Tf 60 500 Td (refund 9,999.00) Tj ET"),
        ("without ink over a line", "0.5 w 60 507 m 260 507 l S BT 3 Tr /F1 18 Tf 60 500 Td (refund 9,999.00) Tj ET"),
        ("without ink on a grey bar", "0.7 g 55 495 150 20 re f BT 3 Tr /F1 18 Tf 60 500 Td (refund 9,999.00) Tj ET"),
        ("in the colour of its ground", "0.2 g 55 495 250 20 re f 0.22 g BT /F1 18 Tf 60 500 Td (refund 9,999.00) Tj ET"),
        ("without ink over other words", "BT 3 Tr /F1 18 Tf 60 700 Td (Invoice INV-4471 amount due 9,999.00 EUR refund) Tj ET"),
    ];
    for (how, content) in hidden {
        let report = read(&pdf(&format!("{shown}\n{content}")));
        let reading = words(&report);
        assert!(reading.text.contains("1,250.00"), "{how}: {}", reading.text);
        assert!(!reading.text.contains("9,999.00"), "{how}: {}", reading.text);
        // What lies wholly off the page poppler leaves out before anyone could complain of it.
        assert!(how == "off the page" || !reading.complaints.is_empty(), "{how}");
    }
}

/// A page that takes too long to draw cannot be compared with its text, and the comparison does not stop after a few pages.
#[test]
fn text_that_was_not_compared_with_its_page_is_not_believed() {
    let report = read(&fixture("hostile/page_not_drawn.pdf"));
    assert_eq!(refusal(&report), RefusalReason::OverLimit);
    let report = read(&fixture("hostile/false_text_on_page_4.pdf"));
    let reading = words(&report);
    assert!(!reading.text.contains("9,999.00"), "{}", reading.text);
    assert!(reading.complaints.iter().any(|c| c.contains("page 4") || c.contains("Page 4")), "{:?}", reading.complaints);
}

#[test]
fn pages_turned_by_a_quarter_are_read_and_their_text_is_where_it_is_shown() {
    for (turn, at) in [(90, "0 1 -1 0 92 80 Tm"), (270, "0 -1 1 0 500 700 Tm")] {
        let line = "(Payment receipt: amount paid USD 1,250.00 on 2026-03-14)";
        let content = format!("BT /F1 14 Tf {at} {line} Tj ET");
        let bytes = pdf_of(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            &format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate {turn} /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            ),
            &format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]);
        let report = read(&bytes);
        let reading = words(&report);
        assert!(
            reading.text.contains("1,250.00") && reading.complaints.is_empty(),
            "{turn}: {} {:?}",
            reading.text,
            reading.complaints
        );
        let word = reading.words.iter().find(|w| w.text == "1,250.00").unwrap();
        // Shown, the line runs from left to right.
        assert!(word.region.x1 - word.region.x0 > word.region.y1 - word.region.y0, "{turn}: {:?}", word.region);
        assert!((300_000..700_000).contains(&word.region.x0), "{turn}: {:?}", word.region);
    }
}

/// What the sender wrote as title is no answer about the number of pages.
#[test]
fn a_title_does_not_say_how_many_pages_there_are() {
    for title in ["x\\nPages: 0", "x\\nPages:          1"] {
        let page = |contents: u32| {
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} 0 R /Resources << /Font << /F1 7 0 R >> >> >>"
            )
        };
        let content = |text: &str| {
            let text = format!("BT /F1 18 Tf 60 700 Td ({text}) Tj ET");
            format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len())
        };
        let bytes = pdf_of(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
            &page(5),
            &page(6),
            &content("Payment receipt, see the next page"),
            &content("Amount paid USD 1,250.00 on page two"),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            &format!("<< /Title ({title}) >>"),
        ]);
        let bytes = String::from_utf8(bytes).unwrap().replace("/Root 1 0 R", "/Root 1 0 R /Info 8 0 R");
        let report = read(bytes.as_bytes());
        let reading = words(&report);
        assert_eq!(reading.pages, 2, "{title}");
        assert!(reading.text.contains("1,250.00"), "{title}: {}", reading.text);
    }
}

/// A telephone stores the picture lying and says how to turn it; that is done once.
#[test]
fn a_photograph_is_turned_once() {
    let report = read(&fixture("hostile/turned_photograph.heic"));
    let reading = words(&report);
    assert!(reading.text.contains("1,250.00") && reading.complaints.is_empty(), "{} {:?}", reading.text, reading.complaints);
}

#[test]
fn an_attachment_that_ends_its_reader_costs_only_itself() {
    let bomb = png_with_profile(&deflate_zeros(500 * MIB));
    assert!(matches!(reader().read(&bomb).unwrap().outcome, Outcome::OutOfMemory | Outcome::Crashed { .. }));
    let attached = |name: &str, bytes: &[u8]| {
        format!(
            "--x\r\nContent-Type: image/png; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{}\r\n",
            base64(bytes)
        )
    };
    let proof = fixture("screens/halfsize_en.jpg");
    let mail = format!(
        "From: Ana <ana@customer.example>\r\nTo: b@x.example\r\nSubject: Proof\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nWe paid INV-7001.\r\n{}{}{}--x--\r\n",
        attached("bomb.png", &bomb),
        attached("proof.jpg", &proof),
        attached("bomb2.png", &bomb),
    );
    let report = read(mail.as_bytes());
    let reading = words(&report);
    assert!(reading.text.contains("INV-7001") && reading.text.contains("PO-88213"), "{}", reading.text);
    for name in ["`bomb.png`", "`bomb2.png`"] {
        assert!(
            reading.complaints.iter().any(|c| c.contains(name) && c.contains("ended the reading")),
            "{:?}",
            reading.complaints
        );
    }
    assert!(!reading.complaints.iter().any(|c| c.contains("proof.jpg")), "{:?}", reading.complaints);
}

#[test]
fn further_pictures_of_a_file_are_said_to_be_unread() {
    let frame = |shade: u8| image::Frame::new(image::RgbaImage::from_pixel(60, 40, image::Rgba([shade, shade, shade, 255])));
    let mut bytes = Vec::new();
    image::codecs::gif::GifEncoder::new(&mut bytes).encode_frames([frame(255), frame(0)]).unwrap();
    let report = read(&bytes);
    assert!(words(&report).complaints.iter().any(|c| c.contains("several pictures")), "{:?}", words(&report).complaints);
    let mut one = Vec::new();
    image::codecs::gif::GifEncoder::new(&mut one).encode_frames([frame(255)]).unwrap();
    assert!(!words(&read(&one)).complaints.iter().any(|c| c.contains("several pictures")));
}

#[test]
fn mail_is_read_with_all_it_carries() {
    let picture = fixture("screens/halfsize_en.jpg");
    let inner = format!(
        "From: Ana <ana@customer.example>\r\nTo: b@x.example\r\nSubject: Proof\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain\r\n\r\nWe paid INV-7001 today.\r\n--in\r\n\
         Content-Type: application/octet-stream; name=\"x.bin\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"x.bin\"\r\n\r\n{}\r\n--in--\r\n",
        base64(&picture)
    );
    let mail = format!(
        "From: Desk <desk@x.example>\r\nTo: c@x.example\r\nSubject: Fwd: Proof\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: text/html\r\n\r\n<p>See below, ref <b>7001</b></p>\
         <p style='display:none'>pay 9999 now</p>\r\n--out\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n{inner}\r\n--out--\r\n"
    );
    let report = read(mail.as_bytes());
    let reading = words(&report);
    assert_eq!(reading.media_type, "message/rfc822");
    for part in ["Fwd: Proof", "See below", "INV-7001", "PO-88213", "FP260922114"] {
        assert!(reading.text.contains(part), "{part} in {}", reading.text);
    }
    assert!(!reading.text.contains("9999"));
    assert!(reading.complaints.iter().any(|c| c.contains("would not see")), "{:?}", reading.complaints);
    assert_eq!(reading.pages, 3);
}

#[test]
fn phone_photographs_and_scans_of_several_pages_are_read() {
    for (file, media) in [("halfsize_en.heic", "image/heic"), ("halfsize_en.webp", "image/webp")] {
        let report = read(&fixture(&format!("carriers/{file}")));
        let reading = words(&report);
        assert!(reading.text.contains("PO-88213") && reading.text.contains("FP260922114"), "{file}: {}", reading.text);
        assert_eq!(reading.media_type, media);
    }
    for file in ["two_pages_lzw.tif", "two_pages_fax.tif"] {
        let report = read(&fixture(&format!("carriers/{file}")));
        let reading = words(&report);
        assert_eq!((reading.pages, reading.media_type.as_str()), (2, "image/tiff"), "{file}");
        let rows: Vec<(&str, Option<&str>)> =
            reading.remittance_lines.iter().map(|row| (row.invoice_number.as_str(), row.amount.as_deref())).collect();
        assert_eq!(rows, [("INV-7701", Some("1210.00")), ("INV-7719", Some("84.50")), ("INV-7730", Some("2000.00"))], "{file}");
        assert!(reading.claims.iter().any(|claim| claim.region.page == 2), "{file}");
    }
}

#[test]
fn without_the_programs_beside_it_text_is_read_and_the_rest_says_what_is_missing() {
    let without = |bytes: &[u8]| reader().helpers(Helpers::None).read(bytes).unwrap();
    let report = without(&pdf("BT /F1 18 Tf 60 700 Td (Invoice INV-4471 amount due 1,250.00 EUR) Tj ET"));
    let reading = words(&report);
    assert!(reading.text.contains("1,250.00"), "{}", reading.text);
    assert!(reading.complaints.iter().any(|c| c.contains("poppler-utils")), "{:?}", reading.complaints);
    for bytes in [fixture("carriers/halfsize_en.heic"), pdf("0 0 10 10 re f"), fixture("hostile/encrypted.pdf")] {
        let report = without(&bytes);
        assert_eq!(refusal(&report), RefusalReason::MissingProgram);
        assert!(report.outcome.sentence().is_some_and(|s| s.contains("install")), "{:?}", report.outcome);
    }
    // Pictures need nothing but this program.
    assert!(words(&without(&fixture("screens/halfsize_en.jpg"))).text.contains("PO-88213"));
}

#[test]
fn an_empty_search_path_changes_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hostile/white_on_white.pdf");
    let output = Command::new(env!("CARGO_BIN_EXE_quittance")).arg("read").arg(path).env("PATH", "").output().unwrap();
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(object["text"].as_str().unwrap().contains("INV-20872"), "{object}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn hostile_files_end_typed() {
    let jpeg = fixture("screens/halfsize_en.jpg");
    let page_loop = pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]);
    let looped = read(&page_loop).outcome;
    let nothing = |reading: &Reading| reading.words.is_empty() && reading.complaints.iter().any(|c| c.contains("No text"));
    assert!(matches!(&looped, Outcome::Refused(_)) || matches!(&looped, Outcome::Read(r) if nothing(r)), "{looped:?}");
    let table: [(&str, Vec<u8>, &[RefusalReason]); 8] = [
        ("empty", vec![], &[RefusalReason::Empty]),
        ("zip", b"PK\x03\x04anything".to_vec(), &[RefusalReason::Unsupported]),
        ("gzip bomb", [b"\x1f\x8b\x08\0".as_slice(), &[0; 4000]].concat(), &[RefusalReason::Unsupported]),
        (
            "random bytes",
            (0..4_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
            &[RefusalReason::Unsupported],
        ),
        ("header alone", b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), &[RefusalReason::Broken]),
        ("PDF header alone", b"%PDF-1.7\n".to_vec(), &[RefusalReason::Broken]),
        ("encrypted", fixture("hostile/encrypted.pdf"), &[RefusalReason::Encrypted]),
        ("400 megapixels", png_header(20_000, 20_000), &[RefusalReason::OverLimit]),
    ];
    for (name, bytes, reasons) in table {
        let report = read(&bytes);
        assert!(reasons.contains(&refusal(&report)), "{name}: {:?}", report.outcome);
        assert!(report.outcome.sentence().is_some_and(|s| s.len() > 20), "{name}");
    }
    // Cut off anywhere, a picture is read as far as it goes or refused: it never ends the process.
    for part in [20, 300, 2_000, jpeg.len() / 2, jpeg.len() - 2] {
        let report = read(&jpeg[..part]);
        assert!(matches!(report.outcome, Outcome::Read(_) | Outcome::Refused(_)), "{part}: {:?}", report.outcome);
    }
}

#[test]
fn a_small_pdf_that_inflates_to_gigabytes_ends_within_the_limits() {
    // Flate inside Flate inside Flate: a kilobyte for a gigabyte of zeros.
    let mut content = deflate_zeros(64 * MIB);
    content = deflate(&content);
    let stream = |filters: &str, data: &[u8]| -> Vec<u8> {
        let mut object = format!("<< /Length {} /Filter [{filters}] >>\nstream\n", data.len()).into_bytes();
        object.extend_from_slice(data);
        object.extend_from_slice(b"\nendstream");
        object
    };
    let bomb = stream("/FlateDecode /FlateDecode", &content);
    let bytes = pdf_objects(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents [{}] >>", "4 0 R ".repeat(40)).into_bytes(),
        bomb,
    ]);
    assert!(bytes.len() < 8_000, "{}", bytes.len());
    let report = read(&bytes);
    assert!(!matches!(report.outcome, Outcome::Crashed { .. }), "{:?}", report.outcome);
}

#[test]
fn a_file_with_two_faces_is_read_as_the_first_and_said_to_be_so() {
    let mut bytes = png(&image::RgbImage::from_pixel(60, 60, image::Rgb([255; 3])));
    bytes.extend_from_slice(&pdf("BT /F1 18 Tf 60 700 Td (Paid 1.00) Tj ET"));
    let report = read(&bytes);
    assert_eq!(words(&report).media_type, "image/png");
    assert!(words(&report).complaints.iter().any(|c| c.contains("pass for a PDF")), "{:?}", words(&report).complaints);
}

#[test]
fn time_and_memory_limits_kill_the_whole_group_and_not_the_program() {
    let picture = fixture("screens/spei_bank_es.png");
    let short = reader().limits(Limits { wall: Duration::from_millis(60), ..Limits::default() });
    assert_eq!(short.read(&picture).unwrap().outcome, Outcome::TimedOut);
    let small = reader().limits(Limits { resident_bytes_max: 12 * MIB, ..Limits::default() });
    assert_eq!(small.read(&picture).unwrap().outcome, Outcome::OutOfMemory);
    let tight = reader().limits(Limits { input_bytes_max: 100, ..Limits::default() });
    assert!(matches!(tight.read(&picture).unwrap().outcome, Outcome::Refused(r) if r.reason == RefusalReason::TooLarge));
    // And the next file is read as if nothing had been.
    assert!(matches!(read(&fixture("screens/halfsize_en.jpg")).outcome, Outcome::Read(_)));
}

#[test]
fn two_hundred_damaged_files_end_typed() {
    let seeds = [
        pdf("BT /F1 14 Tf 20 120 Td (Paid INV-1 10.00 EUR on 1 May 2026 by Ana) Tj ET"),
        fixture("hostile/white_on_white.pdf"),
        png(&image::RgbImage::from_fn(90, 60, |x, y| image::Rgb([(x * y % 251) as u8; 3]))),
        fixture("screens/halfsize_en.jpg")[..6_000].to_vec(),
    ];
    let run = |from: u32| {
        let mut ends = [0u32; 3];
        for round in (from..200).step_by(2) {
            let mut state = 0x9e37_79b9u32.wrapping_mul(round + 1);
            let mut next = |below: usize| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state as usize % below.max(1)
            };
            let mut bytes = seeds[round as usize % seeds.len()].clone();
            for _ in 0..1 + next(12) {
                let at = next(bytes.len());
                match next(4) {
                    0 => bytes[at] ^= 1 << next(8),
                    1 => bytes.truncate(at.max(8)),
                    2 => drop(bytes.splice(at..at, [b'9'; 7])),
                    _ => bytes[at] = next(256) as u8,
                }
            }
            let end = match read(&bytes).outcome {
                Outcome::Read(_) => 0,
                Outcome::Refused(_) => 1,
                Outcome::TimedOut
                | Outcome::OutOfMemory
                | Outcome::Crashed { .. }
                | Outcome::EmbeddedInvoice(_)
                | Outcome::Page(_) => 2,
            };
            ends[end] += 1;
        }
        ends
    };
    let (odd, even) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| run(1));
        (run(0), odd.join().unwrap())
    });
    let ends: Vec<u32> = odd.iter().zip(even).map(|(a, b)| a + b).collect();
    assert_eq!(ends.iter().sum::<u32>(), 200);
    assert!(ends[0] > 20 && ends[1] > 20, "{ends:?}");
}

#[test]
fn the_read_command_prints_the_contract_and_names_what_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("note.txt"), folder.path().join("empty.pdf"));
    std::fs::write(&good, "Paid 125.00 EUR for INV-1001 on 2026-05-02\n").unwrap();
    std::fs::write(&bad, "").unwrap();
    let run = |files: &[&Path]| Command::new(env!("CARGO_BIN_EXE_quittance")).arg("read").args(files).output().unwrap();
    let done = run(&[&good]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let object: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    for name in ["file", "digest", "kind", "kind_confidence", "claims", "remittance_lines", "complaints", "pages", "text"] {
        assert!(object.get(name).is_some(), "{name}");
    }
    assert_eq!(object["digest"].as_str().unwrap().len(), 64);
    let both = run(&[&bad, &good, &folder.path().join("absent.png")]);
    assert_eq!(both.status.code(), Some(1));
    let answers: Vec<serde_json::Value> =
        String::from_utf8_lossy(&both.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = answers.iter().map(|a| a["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 3, "one answer a file");
    assert!(kinds[0] == "unknown" && kinds[2] == "unknown", "{kinds:?}");
    assert!(answers[0]["complaints"][0].as_str().unwrap().contains("empty") && answers[0]["claims"] == serde_json::json!([]));
    let said = String::from_utf8_lossy(&both.stderr).into_owned();
    assert!(said.contains("empty.pdf: the file is empty") && said.contains("absent.png"), "{said}");
    // A pipe nobody writes to would never end; a file of holes is larger than the memory; a name gives no orders to the terminal.
    let (pipe, holes) = (folder.path().join("a\u{1b}[2J\npipe"), folder.path().join("holes.pdf"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::File::create(&holes).unwrap().set_len(5 << 30).unwrap();
    let odd = run(&[&pipe, &holes, &good]);
    assert_eq!((odd.status.code(), String::from_utf8_lossy(&odd.stdout).lines().count()), (Some(1), 3));
    let said = String::from_utf8_lossy(&odd.stderr).into_owned();
    assert!(
        said.contains("pipe: it is no file") && said.contains("holes.pdf: the file has 5120 MiB") && !said.contains('\u{1b}'),
        "{said}"
    );
    let wrong = Command::new(env!("CARGO_BIN_EXE_quittance")).args(["read", "--languages", "../x"]).arg(&good).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

fn png(picture: &image::RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A PNG that promises pixels and holds none; decoders reserve memory by the promise.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    png_of(&[(b"IHDR", &size), (b"IDAT", &deflate_zeros(100_000)), (b"IEND", &[])])
}

/// A small PNG with this deflated colour profile.
fn png_with_profile(profile: &[u8]) -> Vec<u8> {
    let size = [100_u32.to_be_bytes().as_slice(), &100_u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let profile = [b"p\0\0".as_slice(), profile].concat();
    png_of(&[(b"IHDR", &size), (b"iCCP", &profile), (b"IDAT", &deflate_zeros(101 * 100)), (b"IEND", &[])])
}

fn png_of(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in chunks {
        bytes.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        let body = [name.as_slice(), data].concat();
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(&crc32(&body).to_be_bytes());
    }
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate_zeros(count: u64) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(b' '), count), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, group) in bytes.chunks(3).enumerate() {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place > group.len() { '=' } else { letter });
        }
        if index % 19 == 18 {
            text.push_str("\r\n");
        }
    }
    text
}

/// A one-page PDF with this content stream and Helvetica as `/F1`.
fn pdf(content: &str) -> Vec<u8> {
    let stream = format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        &stream,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ])
}

fn pdf_of(objects: &[&str]) -> Vec<u8> {
    pdf_objects(&objects.iter().map(|object| object.as_bytes().to_vec()).collect::<Vec<_>>())
}

fn pdf_objects(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(bytes.len());
        bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        bytes.extend_from_slice(object);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let table = bytes.len();
    bytes.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for place in places {
        bytes.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    bytes.extend_from_slice(end.as_bytes());
    bytes
}
