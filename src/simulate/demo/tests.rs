//! Checks of the whole demo: what is written adds up, the truth refers to what exists, and the same seed gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::*;

fn minor(text: &str) -> i64 {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits: i64 = format!("{}{fraction:0<2}", whole.trim_start_matches('-')).parse().unwrap();
    if text.starts_with('-') { -digits } else { digits }
}

/// Opening balance, lines, closing balance, read from the file's own text.
fn read_statement(name: &str, bytes: &[u8]) -> (i64, Vec<i64>, i64) {
    let text = std::str::from_utf8(bytes).unwrap();
    if name.ends_with(".csv") {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let named = |label: &str| minor(&records.iter().find(|r| &r[0] == label).unwrap()[1]);
        let header = records.iter().position(|r| &r[0] == "Fecha").unwrap();
        let mut balance = named("Saldo inicial");
        let lines = records[header + 1..].iter().map(|r| {
            balance += minor(&r[3]);
            assert_eq!(balance, minor(&r[5]), "running balance in {name}");
            minor(&r[3])
        });
        return (named("Saldo inicial"), lines.collect(), named("Saldo final"));
    }
    if name.ends_with(".sta") {
        let balance = |tag: &str| {
            let line = text.lines().find_map(|l| l.strip_prefix(tag)).unwrap();
            minor(&line[10..]) * if line.starts_with('D') { -1 } else { 1 }
        };
        assert!(text.lines().all(|l| l.len() <= 65 || l.starts_with(":86:") && l.len() <= 69), "line length in {name}");
        let lines = text.lines().filter_map(|l| l.strip_prefix(":61:")).map(|l| {
            let end = l.find("N").unwrap();
            minor(&l[12..end]) * if &l[10..11] == "D" { -1 } else { 1 }
        });
        return (balance(":60F:"), lines.collect(), balance(":62F:"));
    }
    let signed = |part: &str| {
        let amount = part.split_once("Ccy=\"EUR\">").unwrap().1.split_once('<').unwrap().0;
        let side = part.split_once("<CdtDbtInd>").unwrap().1.split_once('<').unwrap().0;
        minor(amount) * if side == "DBIT" { -1 } else { 1 }
    };
    let balance = |code: &str| signed(text.split_once(&format!("<Cd>{code}</Cd>")).unwrap().1);
    let mut reader = quick_xml::Reader::from_str(text);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    (balance("OPBD"), text.split("<Ntry>").skip(1).map(signed).collect(), balance("CLBD"))
}

#[test]
fn statements_add_up_and_follow_each_other() {
    for seed in [0, 1, 7] {
        let book = Book::new(seed).unwrap();
        for (index, account) in book.accounts.iter().enumerate() {
            let mut before = None;
            for file in statements::statement_files(index, account, "Brightwater", &book.lines).unwrap() {
                let (opening, lines, closing) = read_statement(&file.name, &file.bytes);
                assert_eq!(opening + lines.iter().sum::<i64>(), closing, "{}", file.name);
                assert_eq!((opening, closing, lines.len()), (file.opening.minor(), file.closing.minor(), file.lines));
                assert!(before.is_none_or(|b| b == opening), "{} follows the month before", file.name);
                assert!(!lines.is_empty());
                before = Some(closing);
            }
        }
    }
}

#[test]
fn the_truth_refers_to_what_exists_and_adds_up() {
    for seed in 0..40 {
        let book = Book::new(seed).unwrap();
        let items: BTreeMap<&str, Money> = book.items.iter().map(|i| (i.id.as_str(), i.amount)).collect();
        assert_eq!(items.len(), book.items.len(), "item ids are unique");
        let mut cleared: BTreeMap<&str, i64> = BTreeMap::new();
        let mut references = BTreeSet::new();
        let kinds: BTreeSet<TruthKind> = book.lines.iter().map(|l| l.truth.kind).collect();
        assert_eq!(kinds, TruthKind::ALL.into_iter().collect(), "every kind occurs with seed {seed}");
        for line in &book.lines {
            assert!(references.insert((line.account, line.bank_reference.as_str())), "references are unique");
            assert!(line.bank_reference.len() <= 16, "MT940 has room for 16");
            let mut applied = 0;
            for a in &line.truth.allocations {
                assert_eq!(a.applied.currency(), line.amount.currency());
                assert_eq!(a.cleared.currency(), items[a.item_id.as_str()].currency());
                applied += a.applied.minor();
                *cleared.entry(&a.item_id).or_default() += a.cleared.minor();
            }
            assert!(applied <= line.amount.minor().max(0), "{} applies more than came", line.bank_reference);
            if let Some(serial) = line.relates_to {
                let first = book.lines.iter().find(|l| l.serial == serial).unwrap();
                assert_eq!(first.amount.minor().abs(), line.amount.minor().abs());
                assert!(first.booked <= line.booked);
            }
        }
        for (id, sum) in cleared {
            let open = items[id].minor();
            assert!(sum.abs() <= open.abs() && sum.signum() == open.signum(), "{id}: {sum} of {open}");
        }
        let counts = book.counts();
        assert!((350..=450).contains(&(counts["invoices"] + counts["credit_notes"])), "{counts:?}");
        // Clean among what customers paid.
        let other = counts["not_ours"] + counts["outgoing"] + counts["returned"];
        let share = counts["clean"] * 100 / (counts["bank_lines"] - other);
        assert!((58..=75).contains(&share), "{share} % clean with seed {seed}");
    }
}

#[test]
fn account_numbers_have_valid_check_digits() {
    let book = Book::new(3).unwrap();
    let own = book.accounts.iter().map(|a| a.number.clone());
    let mut checked = 0;
    for number in own.chain(book.lines.iter().filter_map(|l| l.party_account.clone())) {
        if number.starts_with(|c: char| c.is_ascii_alphabetic()) {
            assert!(check_digits_hold(&number), "{number}");
        } else if number.len() == 20 {
            assert!(cci_holds(&number), "{number}");
        } else {
            continue;
        }
        checked += 1;
    }
    assert!(checked > 250, "{checked}");
    for reference in book.lines.iter().filter_map(|l| l.structured.as_deref()) {
        assert!(check_digits_hold(reference), "{reference}");
    }
    assert_eq!(book.patrons.len(), 60);
}

/// Every file of a folder with the digest of its bytes.
fn digests(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut out = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                out.insert(path.strip_prefix(dir).unwrap().to_path_buf(), hex::encode(Sha256::digest(fs::read(&path).unwrap())));
            }
        }
    }
    out
}

#[test]
fn same_seed_same_bytes_and_every_piece_has_its_truth() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut last = (String::new(), 0, 0);
    let manifest = write_demo(first.path(), 7, &mut |what, done, all| last = (what.to_owned(), done, all)).unwrap();
    assert_eq!(last, ("evidence".to_owned(), 40, 40));
    assert_eq!(write_demo(second.path(), 7, &mut |_, _, _| {}).unwrap(), manifest);
    let files = digests(first.path());
    assert_eq!(files, digests(second.path()));
    assert_eq!(manifest.evidence.len(), 40);
    assert_eq!(manifest.statements.len(), 16);
    // entities, customers, invoices, rates, truth, manifest, truth of the evidence.
    assert_eq!(files.len(), 40 + 16 + 7);

    let book = Book::new(7).unwrap();
    let numbers: BTreeSet<&str> = book.items.iter().map(|i| i.number.as_str()).collect();
    let truths: Vec<serde_json::Value> =
        serde_json::from_slice(&fs::read(first.path().join(&manifest.evidence_truth)).unwrap()).unwrap();
    assert_eq!(truths.len(), 40);
    let mut timings = BTreeSet::new();
    for (path, truth) in manifest.evidence.iter().zip(&truths) {
        let bytes = fs::read(first.path().join(path)).unwrap();
        assert_eq!(path.file_name().unwrap().to_str(), truth["file"].as_str());
        assert!(bytes.len() < 500_000, "{path:?} has {} bytes", bytes.len());
        match path.extension().and_then(|e| e.to_str()).unwrap() {
            "png" | "jpg" => {
                let picture = image::load_from_memory(&bytes).unwrap();
                assert!(picture.width() >= 600 && picture.height() > picture.width());
            }
            "pdf" => assert!(bytes.starts_with(b"%PDF-") && bytes.ends_with(b"%%EOF")),
            "eml" => {
                let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
                assert!(mail.subject().is_some_and(|s| !s.is_empty()));
                assert_eq!(mail.attachment_count(), usize::from(truth["flags"].to_string().contains("attachment")));
                for number in truth["invoice_numbers"].as_array().unwrap() {
                    let body = format!("{} {}", mail.subject().unwrap(), mail.body_text(0).unwrap());
                    assert!(body.contains(number.as_str().unwrap()), "{path:?} names {number}");
                }
            }
            other => panic!("{other}"),
        }
        for number in truth["invoice_numbers"].as_array().unwrap() {
            assert!(numbers.contains(number.as_str().unwrap()), "{number}");
        }
        if let Some(reference) = truth["bank_reference"].as_str() {
            let line = book.lines.iter().find(|l| l.bank_reference == reference).unwrap();
            if truth["kind"] != "bank_receipt" {
                assert_eq!(truth["amount"].as_str().unwrap(), line.amount.amount(), "{path:?}");
            }
        }
        timings.insert(truth["money"].as_str().unwrap().to_owned());
    }
    assert_eq!(timings, ["follows", "never", "not_applicable", "precedes"].map(str::to_owned).into());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "x").unwrap();
    let error = write_demo(&file, 1, &mut |_, _, _| {}).unwrap_err();
    assert!(matches!(&error, DemoError::Write { .. }) && error.to_string().contains("taken"), "{error}");
}
