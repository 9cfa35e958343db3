//! Mail: what a reader of it sees, then each attachment read as the file it is; forwarded messages the same way, to a depth.

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};
use quittance_agent::reading::MailHead;

use super::child::{Desk, read_bytes};
use super::page::Document;
use super::protocol::Refusal;
use super::{html, limits, text};

/// Reads a message with all it carries.
pub(super) fn read(bytes: &[u8], desk: &mut Desk, depth: u32) -> Result<Document, Refusal> {
    let message =
        MessageParser::default().parse(bytes).ok_or_else(|| Refusal::broken("the mail has no headers that can be read"))?;
    let mut document = Document { mail: Some(head(&message)), ..Document::default() };
    add(&message, desk, depth, &mut document);
    Ok(document)
}

fn head(message: &Message<'_>) -> MailHead {
    let listed =
        |address: Option<&Address<'_>>| -> Vec<String> { address.map(|a| a.iter().map(shown).collect()).unwrap_or_default() };
    let mut to = listed(message.to());
    to.extend(listed(message.cc()));
    let date = message.date().and_then(|d| {
        let (year, month, day) = (i16::try_from(d.year).ok()?, i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?);
        jiff::civil::Date::new(year, month, day).ok()
    });
    MailHead { from: listed(message.from()).join(", "), to, subject: message.subject().unwrap_or_default().to_owned(), date }
}

fn shown(address: &mail_parser::Addr<'_>) -> String {
    match (address.name(), address.address()) {
        (Some(name), Some(at)) => format!("{name} <{at}>"),
        (None, Some(at)) => at.to_owned(),
        (Some(name), None) => name.to_owned(),
        (None, None) => String::new(),
    }
}

fn add(message: &Message<'_>, desk: &mut Desk, depth: u32, document: &mut Document) {
    let body = body(message, &mut document.complaints);
    let subject = message.subject().unwrap_or_default();
    let mut seen = format!("{subject}\n");
    if depth > 0 {
        let head = head(message);
        seen = format!("From: {}\nTo: {}\nSubject: {subject}\n", head.from, head.to.join(", "));
        if let Some(date) = head.date {
            seen.push_str(&format!("Date: {date}\n"));
        }
    }
    seen.push_str(&body);
    document.pages.push(text::page(&seen, &mut document.complaints));

    for part in message.attachments() {
        let name = part
            .attachment_name()
            .map_or_else(|| "without a name".to_owned(), |name| format!("`{}`", name.replace(['`', '\n', '\r'], " ")));
        if desk.parts_left == 0 || desk.time_left().is_zero() {
            document.complaints.push(format!("The attachment {name} and those after it were not read: the mail holds too much."));
            break;
        }
        desk.parts_left -= 1;
        match &part.body {
            PartType::Message(_) | PartType::Multipart(_) if depth >= limits::DEPTH_MAX => {
                document.complaints.push(format!("A message forwarded more than {} times over was not read.", limits::DEPTH_MAX));
            }
            PartType::Message(inner) => add(inner, desk, depth + 1, document),
            PartType::Multipart(_) => {}
            PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {
                attach(part.contents(), &name, desk, depth, document);
            }
        }
    }
}

fn attach(bytes: &[u8], name: &str, desk: &mut Desk, depth: u32, document: &mut Document) {
    if depth >= limits::DEPTH_MAX {
        document
            .complaints
            .push(format!("The attachment {name} was not read: it lies more than {} messages deep.", limits::DEPTH_MAX));
        return;
    }
    if !desk.begin_attachment() {
        document
            .complaints
            .push(format!("The attachment {name} was not read: it ended the reading; ask for it in another form."));
        return;
    }
    let read = read_bytes(bytes, desk, depth + 1);
    desk.end_attachment();
    match read {
        Ok((_, inner)) => {
            document.complaints.extend(inner.complaints.into_iter().map(|c| format!("Attachment {name}: {c}")));
            document.pages.extend(inner.pages);
            document.picture = document.picture.or(inner.picture);
            document.hints.extend(inner.hints);
        }
        Err(refusal) => document.complaints.push(format!("The attachment {name} was not read: {refusal}.")),
    }
}

/// The body a person would read. Where a mail carries it twice, plain and as a page, the fuller one; numbers that only one of them
/// shows are said, because a mail that tells programs and people different things is suspect.
fn body(message: &Message<'_>, complaints: &mut Vec<String>) -> String {
    let (mut plain, mut rich) = (String::new(), String::new());
    let mut hidden = Vec::new();
    let mut ids: Vec<u32> = message.text_body.iter().chain(&message.html_body).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        match message.part(id).map(|part| &part.body) {
            Some(PartType::Text(words)) => {
                plain.push_str(words);
                plain.push('\n');
            }
            Some(PartType::Html(source)) => {
                let (words, complaint) = html::to_text(source);
                hidden.extend(complaint);
                rich.push_str(&words);
                rich.push('\n');
            }
            Some(PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_) | PartType::Multipart(_)) | None => {}
        }
    }
    complaints.extend(hidden);
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    if letters(&plain) == 0 {
        return rich;
    }
    if letters(&rich) == 0 {
        return plain;
    }
    let (shown, other) = if letters(&rich) > letters(&plain) { (rich, plain) } else { (plain, rich) };
    let differs = numbers(&other).find(|number| !shown.contains(number.as_str()));
    if let Some(number) = differs {
        complaints.push(format!("The mail's plain text and its page say different things: {number} stands in one of them only."));
    }
    shown
}

/// Amount-like words: at least three digits, so that list bullets and sizes do not count.
fn numbers(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '/')))
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_digit()).to_owned())
        .filter(|word| word.chars().filter(char::is_ascii_digit).count() >= 3)
}
