//! Messages of a chat (WhatsApp): kept as they come and answered at once, then turned into evidence one after the other. A message
//! settles nothing and chooses nothing; it says what somebody claims.

use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use quittance_rules::cases::Actor;
use quittance_rules::evidence::Reading;
use quittance_rules::journal::{Input, InputKind};
use quittance_rules::webhooks::retry_after;
use serde::{Deserialize, Serialize};

use crate::evidence::{Earlier, EvidenceOutcome, import_evidence};
use crate::ports::{Clock, EvidenceReader, Store, StoreError, Unreadable};

/// For how long a message that is being taken in is nobody else's: longer than a download and a reading may take.
pub const CLAIM: SignedDuration = SignedDuration::from_mins(5);
/// Messages that may wait to be taken in. More are refused, and the service brings them again later.
pub const WAITING_MAX: u32 = 10_000;
/// Under which name evidence of the chat is recorded.
pub const CHANNEL: &str = "whatsapp";
/// Kinds of messages that never hold evidence.
const NO_EVIDENCE: &[&str] = &["sticker", "reaction", "location", "contacts", "system"];

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Its id with the service. The same message comes again with the same one.
    pub id: String,
    /// Telephone number of the sender, digits with `+`; empty where it could not be read.
    pub from: String,
    /// The name the sender has chosen.
    pub name: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// What was sent.
    pub content: ChatContent,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatContent {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A file that is with the service.
    Media {
        /// Id to download it by.
        id: String,
        /// Name as declared.
        file_name: Option<String>,
        /// Words beside it.
        caption: Option<String>,
    },
    /// Something else.
    Other {
        /// Its kind, as the service names it.
        of: String,
    },
    /// What the service brought and nobody here can read.
    Broken {
        /// Why not.
        why: String,
        /// What was brought.
        raw: String,
    },
}

/// A step of a message of ours: the further, the higher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatStep {
    /// The message.
    pub id: String,
    /// How far: 0 sent, 1 delivered, 2 read, 3 failed for good.
    pub rank: u8,
    /// When.
    pub at: Option<Timestamp>,
}

/// A message that is ours to take in until its claim runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// The message.
    pub message: ChatMessage,
    /// Attempts begun, this one counted.
    pub attempts: u32,
    /// Whose claim it is.
    pub token: String,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatEnded {
    /// It is evidence; or it holds none, and the words say so.
    Taken(String),
    /// It is tried again.
    Again {
        /// Why.
        why: String,
        /// When.
        next_at: Timestamp,
    },
}

/// Where messages wait. Implemented by the store beside [`Store`].
pub trait ChatInbox: Send + Sync {
    /// Keeps messages that are new and how far ours have come, all or nothing; gives the number of new messages. `None` when too many wait.
    fn chat_received(
        &self,
        messages: &[ChatMessage],
        steps: &[ChatStep],
        now: Timestamp,
        most: u32,
    ) -> impl Future<Output = Result<Option<usize>, StoreError>> + Send;
    /// Claims the message that waits longest and is due. The attempt is counted with the claim.
    fn claim_chat(
        &self,
        now: Timestamp,
        until: Timestamp,
        token: &str,
    ) -> impl Future<Output = Result<Option<ClaimedMessage>, StoreError>> + Send;
    /// Records what became of a message; what it said is forgotten here once it is evidence. `false` when the claim ran out.
    fn chat_ended(
        &self,
        id: &str,
        token: &str,
        at: Timestamp,
        ended: &ChatEnded,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// What became of a message, in words; `None` while it waits or when there is none.
    fn chat_outcome(&self, id: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// How far a message of ours has come.
    fn chat_step(&self, id: &str) -> impl Future<Output = Result<Option<u8>, StoreError>> + Send;
}

/// Why there are no bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMedia {
    /// Worth another try.
    Later(String),
    /// It will not be otherwise.
    Never(String),
}

/// Fetches files of the chat.
pub trait ChatMedia: Send + Sync {
    /// The bytes of a file by its id, within limits of time and size.
    fn fetch(&self, id: &str) -> impl Future<Output = Result<Vec<u8>, NoMedia>> + Send;
}

/// Why a notification is not taken.
#[derive(Debug, thiserror::Error)]
pub enum HookRefusal {
    /// Nobody who knows the secret has signed these bytes.
    #[error("{0}")]
    Unsigned(String),
    /// Too many messages wait.
    #[error("too many messages wait; bring this again later")]
    Full,
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes what the service of a chat brings to a route. Boxed, because the pages hold it as a value.
pub trait ChatHook: Send + Sync {
    /// The answer to the handshake by which the address is set up; `None` for anybody else.
    fn challenge(&self, query: &[(String, String)]) -> Option<String>;
    /// Checks the signature over the raw bytes and keeps what they hold.
    fn receive<'a>(
        &'a self,
        signature: Option<&'a str>,
        body: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<(), HookRefusal>> + Send + 'a>>;
}

/// A reader that reads nothing: what it is given becomes a case that holds the original.
struct Refusing(String);

impl EvidenceReader for Refusing {
    async fn read(&self, _: &[u8], _: &str) -> Result<Reading, Unreadable> {
        Err(Unreadable(self.0.clone()))
    }
}

/// The name evidence of a message goes under: the message's id with what is beside it.
fn name_of(message: &ChatMessage, beside: &str) -> String {
    let plain = |text: &str, most: usize| -> String {
        let kept = text.rsplit(['/', '\\']).next().unwrap_or_default().chars();
        kept.map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).take(most).collect()
    };
    let id: String =
        message.id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' }).collect();
    format!("{CHANNEL}-{id}{}{}", if beside.is_empty() { "" } else { "-" }, plain(beside, 80))
}

/// Words of a message as a mail: a form that keeps who and when apart from what was said, and that readers here know.
fn mail(message: &ChatMessage, words: &str, file: Option<(&str, &[u8])>) -> Vec<u8> {
    let number: String = message.from.chars().filter(char::is_ascii_digit).collect();
    let name = message.name.as_deref().unwrap_or(&message.from);
    let id = name_of(message, "");
    let mut mail = format!(
        "From: =?utf-8?B?{}?= <{number}@whatsapp.invalid>\r\nMessage-ID: <{id}@whatsapp.invalid>\r\n",
        STANDARD.encode(name)
    );
    if let Some(sent) = message.sent_at
        && let Ok(date) = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_string(&sent)
    {
        mail.push_str(&format!("Date: {date}\r\n"));
    }
    mail.push_str("MIME-Version: 1.0\r\n");
    let text = format!(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        in_lines(&STANDARD.encode(words))
    );
    match file {
        None => mail.push_str(&text),
        Some((name, bytes)) => {
            let boundary = format!("part-{id}");
            mail.push_str(&format!(
                "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n{text}--{boundary}\r\n"
            ));
            mail.push_str(&format!(
                "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--{boundary}--\r\n",
                in_lines(&STANDARD.encode(bytes))
            ));
        }
    }
    mail.into_bytes()
}

/// Base64 in lines of 76 characters (RFC 2045, 6.8).
fn in_lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 38);
    for (at, c) in text.char_indices() {
        if at > 0 && at % 76 == 0 {
            lines.push_str("\r\n");
        }
        lines.push(c);
    }
    lines
}

/// Takes one claimed message in. `earlier` is what it is compared with; one for all
/// messages, so that the evidence before is read once.
///
/// # Errors
/// Of the store; the message is then taken in again once its claim has run out.
pub async fn take_in<S, M, R, C>(
    store: &S,
    media: &M,
    reader: &R,
    clock: &C,
    claimed: &ClaimedMessage,
    earlier: &Earlier,
) -> Result<(), StoreError>
where
    S: Store + ChatInbox,
    M: ChatMedia,
    R: EvidenceReader,
    C: Clock,
{
    let message = &claimed.message;
    let ended = match &message.content {
        ChatContent::Text { text } => {
            let piece = import(store, clock, reader, message, "message.eml", &mail(message, text, None), earlier).await?;
            ChatEnded::Taken(piece)
        }
        ChatContent::Media { id, file_name, caption } => {
            let beside = file_name.as_deref().unwrap_or("file");
            match media.fetch(id).await {
                Ok(bytes) => {
                    let mut words = with_file(store, clock, reader, message, beside, &bytes, earlier).await?;
                    if let Some(caption) = caption.as_deref().filter(|caption| !caption.trim().is_empty()) {
                        let mail = mail(message, caption, None);
                        words.push_str("; its words: ");
                        words.push_str(&import(store, clock, reader, message, "caption.eml", &mail, earlier).await?);
                    }
                    ChatEnded::Taken(words)
                }
                Err(NoMedia::Later(why)) => match retry_after(&message.id, claimed.attempts) {
                    Some(wait) => {
                        ChatEnded::Again { why, next_at: clock.now().saturating_add(wait).unwrap_or_else(|_| clock.now()) }
                    }
                    None => {
                        ChatEnded::Taken(without_file(store, clock, message, beside, caption.as_deref(), &why, earlier).await?)
                    }
                },
                Err(NoMedia::Never(why)) => {
                    ChatEnded::Taken(without_file(store, clock, message, beside, caption.as_deref(), &why, earlier).await?)
                }
            }
        }
        ChatContent::Other { of } if NO_EVIDENCE.contains(&of.as_str()) => ChatEnded::Taken(format!("a {of} holds no evidence")),
        ChatContent::Other { of } => {
            let why = format!("it is a message of the kind `{of}`, which is not read here; look at it in the chat");
            let mail = mail(message, &format!("[{of}]"), None);
            ChatEnded::Taken(import(store, clock, &Refusing(why), message, "message.eml", &mail, earlier).await?)
        }
        ChatContent::Broken { why, raw } => ChatEnded::Taken(
            import(store, clock, &Refusing(why.clone()), message, "notification.json", raw.as_bytes(), earlier).await?,
        ),
    };
    store.chat_ended(&message.id, &claimed.token, clock.now(), &ended).await?;
    Ok(())
}

/// A file of a message as evidence. Bytes that are there already under another message are a repetition: they are taken in again
/// inside the message, so that what compares evidence says so.
async fn with_file<S, R, C>(
    store: &S,
    clock: &C,
    reader: &R,
    message: &ChatMessage,
    beside: &str,
    bytes: &[u8],
    earlier: &Earlier,
) -> Result<String, StoreError>
where
    S: Store,
    R: EvidenceReader,
    C: Clock,
{
    let digest = store.keep_bytes(bytes).await?;
    let own = name_of(message, beside);
    let before = store.input(&digest).await?;
    if before.is_some_and(|(input, _)| input.name != own) {
        let mail = mail(message, "", Some((&own, bytes)));
        return import(store, clock, reader, message, "again.eml", &mail, earlier).await;
    }
    import(store, clock, reader, message, beside, bytes, earlier).await
}

/// A message whose file cannot be had: a case that holds what came with it.
async fn without_file<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    message: &ChatMessage,
    beside: &str,
    caption: Option<&str>,
    why: &str,
    earlier: &Earlier,
) -> Result<String, StoreError> {
    let words = format!("[{beside}]\n{}", caption.unwrap_or_default());
    let reader = Refusing(format!("its file was not fetched: {why}; ask the sender for it once more"));
    import(store, clock, &reader, message, "message.eml", &mail(message, &words, None), earlier).await
}

async fn import<S: Store, C: Clock, R: EvidenceReader>(
    store: &S,
    clock: &C,
    reader: &R,
    message: &ChatMessage,
    beside: &str,
    bytes: &[u8],
    earlier: &Earlier,
) -> Result<String, StoreError> {
    let digest = store.keep_bytes(bytes).await?;
    let short: String = digest.0.chars().take(12).collect();
    let input = Input { digest, kind: InputKind::Evidence, name: name_of(message, beside), size: bytes.len() as u64 };
    let sender = format!("{CHANNEL}:{}", message.from);
    let by = Actor::Person(CHANNEL.to_owned());
    let outcome = import_evidence(store, clock, reader, by, (input, bytes), Some(&sender), earlier).await?;
    Ok(match outcome {
        EvidenceOutcome::Known => format!("evidence {short}, known already"),
        EvidenceOutcome::Read(..) => format!("evidence {short}"),
        EvidenceOutcome::Unreadable(_) => format!("evidence {short}, held by a case"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> ChatMessage {
        ChatMessage {
            id: "wamid.HBgL+/=".into(),
            from: "+51987654321".into(),
            name: Some(name.into()),
            sent_at: Some(Timestamp::from_second(1_760_000_000).expect("an instant")),
            content: ChatContent::Text { text: "x".into() },
        }
    }

    #[test]
    fn names_and_words_stay_in_their_places() {
        let evil = message("Ana\r\nSubject: pay me\r\n\r\n");
        let mail = String::from_utf8(mail(&evil, "Pago el viernes\r\nFrom: x", None)).expect("ASCII");
        let (head, body) = mail.split_once("\r\n\r\n").expect("a head");
        assert!(!head.contains("Subject") && head.contains("<51987654321@whatsapp.invalid>"), "{head}");
        assert!(head.contains("Date: Thu, 9 Oct 2025"), "{head}");
        assert_eq!(STANDARD.decode(body.trim()).expect("Base64"), b"Pago el viernes\r\nFrom: x");
        assert_eq!(name_of(&evil, "../../etc/pass wd"), "whatsapp-wamid.HBgL___-pass_wd");
        assert!(in_lines(&"a".repeat(200)).lines().all(|line| line.len() <= 76));
    }
}
