//! What the service brings to the route: the signature is checked over the raw bytes, then every part is kept before the answer goes out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use quittance_agent::chat::{
    ChatContent, ChatHook, ChatInbox, ChatMedia, ChatMessage, ChatStep, HookRefusal, NoMedia, WAITING_MAX,
};
use quittance_agent::ports::Clock;
use sha2::{Digest as _, Sha256};

use super::{Content, Delivery, MediaClient, MediaError, Notification, answer_challenge, newest, verify_signature};
use crate::model::Secret;

/// Characters of a notification that cannot be read which are kept: all of the largest the route takes.
const RAW_MAX: usize = 3 << 20;

/// The route's other side.
pub struct Hook<S> {
    store: S,
    clock: Arc<dyn Clock>,
    app_secret: Secret,
    verify_token: Secret,
}

impl<S> Hook<S> {
    /// Keeps what is signed with `app_secret`; the handshake is answered to who knows `verify_token`.
    pub fn new(store: S, clock: Arc<dyn Clock>, app_secret: Secret, verify_token: Secret) -> Self {
        Self { store, clock, app_secret, verify_token }
    }
}

/// Everything in a signed body, as messages and steps. What cannot be read is a message too, so that nothing is lost.
pub fn taken_apart(body: &[u8]) -> (Vec<ChatMessage>, Vec<ChatStep>) {
    let broken = |why: String| ChatMessage {
        id: format!("broken.{}", hex::encode(Sha256::digest(body))),
        from: String::new(),
        name: None,
        sent_at: None,
        content: ChatContent::Broken { why, raw: String::from_utf8_lossy(body).chars().take(RAW_MAX).collect() },
    };
    let notification = match Notification::parse(body) {
        Ok(notification) => notification,
        Err(error) => return (vec![broken(error.to_string())], Vec::new()),
    };
    let steps = newest(&notification.statuses).into_iter().map(|(id, delivery)| ChatStep {
        id: id.to_owned(),
        rank: match delivery {
            Delivery::Sent => 0,
            Delivery::Delivered => 1,
            Delivery::Read => 2,
            Delivery::Failed => 3,
        },
        at: notification
            .statuses
            .iter()
            .filter(|status| status.id == id && status.delivery == delivery)
            .find_map(|status| status.at),
    });
    let steps = steps.collect();
    let mut messages: Vec<ChatMessage> = Vec::with_capacity(notification.messages.len());
    for message in notification.messages {
        messages.push(ChatMessage {
            id: message.id,
            from: message.from,
            name: message.name,
            sent_at: message.sent_at,
            content: match message.content {
                Content::Text(text) => ChatContent::Text { text },
                Content::Media(media) => ChatContent::Media { id: media.id, file_name: media.file_name, caption: media.caption },
                Content::Other(of) => ChatContent::Other { of },
            },
        });
    }
    if !notification.problems.is_empty() {
        messages.push(broken(notification.problems.join("; ")));
    }
    (messages, steps)
}

impl<S: ChatInbox> ChatHook for Hook<S> {
    fn challenge(&self, query: &[(String, String)]) -> Option<String> {
        let pairs = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        answer_challenge(pairs, self.verify_token.show()).map(str::to_owned)
    }

    fn receive<'a>(
        &'a self,
        signature: Option<&'a str>,
        body: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<(), HookRefusal>> + Send + 'a>> {
        Box::pin(async move {
            verify_signature(self.app_secret.show().as_bytes(), signature, body)
                .map_err(|error| HookRefusal::Unsigned(error.to_string()))?;
            let (messages, steps) = taken_apart(body);
            match self.store.chat_received(&messages, &steps, self.clock.now(), WAITING_MAX).await? {
                Some(_) => Ok(()),
                None => Err(HookRefusal::Full),
            }
        })
    }
}

impl ChatMedia for MediaClient {
    async fn fetch(&self, id: &str) -> Result<Vec<u8>, NoMedia> {
        match self.download(id).await {
            Ok(file) => Ok(file.bytes),
            Err(error) => {
                let words = error.to_string();
                Err(match error {
                    MediaError::Down | MediaError::OtherBytes => NoMedia::Later(words),
                    // Too many requests, a token that is being replaced, a failure of theirs: it may be otherwise later.
                    MediaError::Status(401 | 403 | 408 | 425 | 429 | 500..) => NoMedia::Later(words),
                    MediaError::Status(_)
                    | MediaError::Settings(_)
                    | MediaError::Elsewhere
                    | MediaError::TooLarge(_)
                    | MediaError::Garbage => NoMedia::Never(words),
                })
            }
        }
    }
}
