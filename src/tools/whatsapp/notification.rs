//! What a notification holds: messages, and how far our own have come. It comes at least once, in any order, often several at a time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Longest text of a message that is kept, in characters; the service allows 4,096.
const TEXT_MAX: usize = 8_192;

/// A message from somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Its id. The same message comes again with the same one.
    pub id: String,
    /// Telephone number of the sender, digits with `+`. It says which customer may be writing, not that it is true.
    pub from: String,
    /// The name the sender has chosen. Data, like everything else here.
    pub name: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// What was sent.
    pub content: Content,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text(String),
    /// A file to be downloaded by its id.
    Media(Media),
    /// Something that holds no evidence (a sticker, a place, a reaction): its kind.
    Other(String),
}

/// A file that is with the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Id to download it by; good for some days.
    pub id: String,
    /// Media type as declared.
    pub media_type: String,
    /// Name as declared.
    pub file_name: Option<String>,
    /// Words beside it.
    pub caption: Option<String>,
}

/// How far a message of ours has come. Later is further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// Accepted.
    Sent,
    /// On the telephone.
    Delivered,
    /// Seen.
    Read,
    /// It will not arrive.
    Failed,
}

/// A step of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The message's id.
    pub id: String,
    /// How far.
    pub delivery: Delivery,
    /// When.
    pub at: Option<Timestamp>,
}

/// Everything in one notification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notification {
    /// Messages, each id once, oldest first.
    pub messages: Vec<Inbound>,
    /// Steps, oldest first.
    pub statuses: Vec<Status>,
    /// Parts that could not be read, one sentence each. The rest counts.
    pub problems: Vec<String>,
}

/// Why bytes are no notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Not JSON, or not of this form.
    #[error("the notification cannot be read: {0}")]
    Syntax(String),
    /// Of another product.
    #[error("the notification is about `{0}`, not about a WhatsApp business account")]
    OtherObject(String),
}

#[derive(Deserialize)]
struct Outer {
    object: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    field: String,
    #[serde(default)]
    value: Value,
}

impl Notification {
    /// Reads the body of a notification whose signature has been checked.
    ///
    /// # Errors
    /// When nothing of it can be read. A single message that cannot be read is a problem, and the others count.
    pub fn parse(body: &[u8]) -> Result<Self, NotificationError> {
        let outer: Outer = serde_json::from_slice(body).map_err(|error| NotificationError::Syntax(error.to_string()))?;
        if outer.object != "whatsapp_business_account" {
            return Err(NotificationError::OtherObject(short(&outer.object, 60)));
        }
        let mut found = Self::default();
        for change in outer.entry.into_iter().flat_map(|entry| entry.changes).filter(|change| change.field == "messages") {
            let value = &change.value;
            let names: BTreeMap<&str, &str> = list(&value["contacts"])
                .filter_map(|contact| Some((contact["wa_id"].as_str()?, contact["profile"]["name"].as_str()?)))
                .collect();
            for (number, message) in (1..).zip(list(&value["messages"])) {
                match inbound(message, &names) {
                    Ok(message) if found.messages.iter().any(|known| known.id == message.id) => {}
                    Ok(message) => found.messages.push(message),
                    Err(field) => found.problems.push(format!("message {number}: `{field}` is missing or cannot be read")),
                }
            }
            for (number, step) in (1..).zip(list(&value["statuses"])) {
                match status(step) {
                    Some(step) => found.statuses.push(step),
                    None => found.problems.push(format!("status {number}: `id` or `status` is missing or unknown")),
                }
            }
        }
        found.messages.sort_by_key(|message| message.sent_at);
        found.statuses.sort_by_key(|status| status.at);
        Ok(found)
    }
}

/// How far each message has come, whatever order the steps came in: further wins, and failed is final.
pub fn newest<'s>(statuses: impl IntoIterator<Item = &'s Status>) -> BTreeMap<&'s str, Delivery> {
    let mut newest: BTreeMap<&str, Delivery> = BTreeMap::new();
    for status in statuses {
        newest.entry(&status.id).and_modify(|known| *known = (*known).max(status.delivery)).or_insert(status.delivery);
    }
    newest
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn short(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).take(most).collect()
}

/// Ids are letters, digits and a few marks; anything else never came from the service.
fn id_of(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    let clean = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'=' | b':' | b'+' | b'/'));
    ((1..=200).contains(&id.len()) && clean).then(|| id.to_owned())
}

fn instant(value: &Value) -> Option<Timestamp> {
    let seconds: i64 = value.as_str()?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

fn inbound(message: &Value, names: &BTreeMap<&str, &str>) -> Result<Inbound, &'static str> {
    let from = message["from"].as_str().ok_or("from")?;
    if !(5..=20).contains(&from.len()) || !from.bytes().all(|b| b.is_ascii_digit()) {
        return Err("from");
    }
    let kind = message["type"].as_str().ok_or("type")?;
    let content = match kind {
        "text" => Content::Text(short(message["text"]["body"].as_str().ok_or("text.body")?, TEXT_MAX)),
        "image" | "document" | "video" | "audio" => {
            let media = &message[kind];
            let text = |name: &str| media[name].as_str().map(|text| short(text, TEXT_MAX));
            Content::Media(Media {
                // It goes into an address, so it is digits alone.
                id: id_of(&media["id"]).filter(|id| id.bytes().all(|b| b.is_ascii_digit())).ok_or("id of the media")?,
                media_type: text("mime_type").unwrap_or_default(),
                file_name: media["filename"].as_str().map(|name| short(name, 200)),
                caption: text("caption"),
            })
        }
        // A reply by button or from a list is said by its words.
        "button" => Content::Text(short(message["button"]["text"].as_str().ok_or("button.text")?, TEXT_MAX)),
        "interactive" => {
            let reply = &message["interactive"];
            let title = reply["button_reply"]["title"].as_str().or_else(|| reply["list_reply"]["title"].as_str());
            Content::Text(short(title.ok_or("interactive")?, TEXT_MAX))
        }
        other => Content::Other(short(other, 40)),
    };
    Ok(Inbound {
        id: id_of(&message["id"]).ok_or("id")?,
        from: format!("+{from}"),
        name: names.get(from).map(|name| short(name, 100)),
        sent_at: instant(&message["timestamp"]),
        content,
    })
}

fn status(step: &Value) -> Option<Status> {
    let delivery = match step["status"].as_str()? {
        "sent" => Delivery::Sent,
        "delivered" => Delivery::Delivered,
        "read" | "played" => Delivery::Read,
        "failed" => Delivery::Failed,
        _ => return None,
    };
    Some(Status { id: id_of(&step["id"])?, delivery, at: instant(&step["timestamp"]) })
}
