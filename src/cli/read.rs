use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use quittance_rules::evidence::{Claim, ClaimValue, Confidence, EvidenceKind, PageRegion, Reading};
use quittance_tools::evidence::{EvidenceReader, Limits, MIB, Outcome as Read};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::model::{ModelArgs, Second};
use super::settings::Settings;
use super::{Format, Outcome, Usage};

#[derive(clap::Args)]
pub struct Args {
    /// PNG, JPEG, WebP, HEIC, TIFF, GIF, BMP, PDF, EML, HTML or text files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object a file and line, or a table of the claims
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// OCR languages, joined by `+`; each must be installed, and each costs time
    #[arg(long, value_name = "CODES", default_value = EvidenceReader::LANGUAGES)]
    languages: String,
    #[command(flatten)]
    model: ModelArgs,
    /// Settings file, for the model [default: quittance.toml where there is one; also QUITTANCE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    if args.format == Format::Csv {
        return Err(Usage("`read` prints json or table; claims with places do not fit a CSV line".to_owned()).into());
    }
    let reader = EvidenceReader::of_this_program()?.languages(&args.languages).map_err(|e| Usage(e.to_string()))?;
    let second = Second::new(&args.model, || Settings::read(args.config.as_deref()))?;
    let mut outcome = Outcome::Done;
    let mut told: Vec<String> = Vec::new();
    for path in &args.files {
        let bytes = match content_of(path) {
            Ok(bytes) => bytes,
            Err(sentence) => {
                refused(path, None, &sentence, args.format)?;
                outcome = Outcome::SomeRefused;
                continue;
            }
        };
        let mut report = reader.read(&bytes)?;
        if let (Read::Read(reading), Some(second)) = (&mut report.outcome, &second) {
            let (with_model, notices) = second.consider((**reading).clone(), &bytes);
            **reading = with_model;
            report.notices.extend(notices);
        }
        for notice in report.notices {
            if !told.contains(&notice) {
                eprintln!("notice: {notice}");
                told.push(notice);
            }
        }
        match report.outcome {
            Read::Read(reading) => print(path, &bytes, &reading, args.format).context("standard output could not be written")?,
            unread => {
                refused(path, Some(&bytes), &unread.sentence().unwrap_or_default(), args.format)?;
                outcome = Outcome::SomeRefused;
            }
        }
    }
    Ok(outcome)
}

/// The bytes of a file, or a sentence. A pipe or a device may never end, and a file of holes is larger than the memory: neither is read.
fn content_of(path: &Path) -> Result<Vec<u8>, String> {
    let unopened = |error: std::io::Error| format!("it could not be opened: {error}");
    let seen = std::fs::metadata(path).map_err(unopened)?;
    if !seen.is_file() {
        return Err("it is no file; nothing was read".to_owned());
    }
    let size = seen.len();
    let most = Limits::default().input_bytes_max;
    if size > most {
        return Err(format!("the file has {} MiB and at most {} are read; send a smaller one", size / MIB, most / MIB));
    }
    std::fs::read(path).map_err(unopened)
}

/// A file that was not read is one object too, so that a script gets an answer for each file it asks about.
fn refused(path: &Path, bytes: Option<&[u8]>, sentence: &str, format: Format) -> anyhow::Result<()> {
    eprintln!("{}: {sentence}", super::shown_path(path));
    if format != Format::Json {
        return Ok(());
    }
    let mut reading = Reading::empty(EvidenceKind::Unknown, Confidence::from_millionths(0));
    reading.complaints.push(sentence.to_owned());
    writeln!(std::io::stdout().lock(), "{}", as_json(path, bytes, &reading)).context("standard output could not be written")
}

fn print(path: &Path, bytes: &[u8], reading: &Reading, format: Format) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if format == Format::Json {
        return writeln!(out, "{}", as_json(path, Some(bytes), reading));
    }
    writeln!(out, "{}: {} ({})", super::shown_path(path), name_of(&json!(reading.kind)), reading.kind_confidence)?;
    for claim in &reading.claims {
        let (value, currency) = value_of(&claim.value);
        let value = currency.map_or_else(|| value.clone(), |code| format!("{value} {code}"));
        writeln!(
            out,
            "  {:<16} {:<28} {:<8} page {}",
            name_of(&json!(claim.field)),
            value,
            claim.confidence.to_string(),
            claim.region.page
        )?;
    }
    for row in &reading.remittance_lines {
        let amount = row.amount.as_deref().unwrap_or("-");
        let currency = row.currency.map_or("", |c| c.code());
        writeln!(out, "  {:<16} {:<28} {amount} {currency}", "settles", row.invoice_number)?;
    }
    for complaint in &reading.complaints {
        writeln!(out, "  ! {complaint}")?;
    }
    Ok(())
}

/// The object of docs/contract: names there are stable.
fn as_json(path: &Path, bytes: Option<&[u8]>, reading: &Reading) -> Value {
    let rows = reading.remittance_lines.iter().map(|row| {
        json!({
            "invoice_number": row.invoice_number,
            "amount": row.amount,
            "currency": row.currency.map(|c| c.code()),
            "page": row.region.page,
            "box": corners(row.region),
            "text": row.text,
        })
    });
    json!({
        "file": path.display().to_string(),
        "digest": bytes.map(|bytes| hex::encode(Sha256::digest(bytes))),
        "media_type": (!reading.media_type.is_empty()).then_some(&reading.media_type),
        "kind": reading.kind,
        "kind_confidence": fraction(reading.kind_confidence.millionths()),
        "claims": reading.claims.iter().map(claim).collect::<Vec<Value>>(),
        "remittance_lines": rows.collect::<Vec<Value>>(),
        "complaints": reading.complaints,
        "hints": reading.hints,
        "picture": reading.picture.map(|hash| hash.to_string()),
        "pages": reading.pages,
        "text": reading.text,
    })
}

fn claim(claim: &Claim) -> Value {
    let (value, currency) = value_of(&claim.value);
    let mut object = Map::new();
    object.insert("field".to_owned(), json!(claim.field));
    object.insert("value".to_owned(), json!(value));
    if let Some(code) = currency {
        object.insert("currency".to_owned(), json!(code));
    }
    object.insert("page".to_owned(), json!(claim.region.page));
    object.insert("box".to_owned(), json!(corners(claim.region)));
    object.insert("text".to_owned(), json!(claim.text));
    object.insert("confidence".to_owned(), fraction(claim.confidence.millionths()));
    object.insert("source".to_owned(), json!(claim.source));
    Value::Object(object)
}

/// The value as text, and the currency of an amount that has one.
fn value_of(value: &ClaimValue) -> (String, Option<&'static str>) {
    match value {
        ClaimValue::Money(money) => (money.amount(), Some(money.currency().code())),
        ClaimValue::BareAmount(amount) => (amount.clone(), None),
        ClaimValue::Currency(currency) => (currency.code().to_owned(), None),
        ClaimValue::Date(date) => (date.to_string(), None),
        ClaimValue::Time(time) if time.second() == 0 => (format!("{:02}:{:02}", time.hour(), time.minute()), None),
        ClaimValue::Time(time) => (format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()), None),
        ClaimValue::Text(text) => (text.clone(), None),
    }
}

fn corners(region: PageRegion) -> [Value; 4] {
    [region.x0, region.y0, region.x1, region.y1].map(fraction)
}

/// Millionths as a decimal of at most six digits. A place or a probability, never money.
fn fraction(millionths: u32) -> Value {
    let text = Confidence::from_millionths(millionths).to_string();
    text.parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}

fn name_of(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
