//! Messages of the WhatsApp Cloud API: the route's other side, and their way to becoming evidence while the pages are served.

use std::sync::Arc;
use std::time::Duration;

use quittance_agent::chat::{CLAIM, ChatInbox as _, take_in};
use quittance_agent::evidence::Earlier;
use quittance_agent::ports::Clock as _;
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use quittance_tools::whatsapp::{Hook, MediaClient};

use super::Usage;
use super::model::{ModelArgs, ModelReader};
use super::settings::{Settings, WhatsappSecrets};

/// How long nothing is looked for when nothing waits.
const PAUSE: Duration = Duration::from_secs(1);
/// Largest file taken; the service allows 100 MB for documents and 5 MB for pictures.
const BYTES_MAX: u64 = 25 << 20;
/// Time for one file.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What serving needs of the chat: the route's other side, and who fetches files.
pub struct Chat {
    /// The route's other side.
    pub hook: Arc<Hook<Database>>,
    media: MediaClient,
    reader: ModelReader,
}

/// The chat as the settings have it; `None` where they have none.
pub fn chat(database: &Database, settings: &Settings) -> anyhow::Result<Option<Chat>> {
    let Some(WhatsappSecrets { app_secret, verify_token, access_token }) = settings.whatsapp.secrets()? else { return Ok(None) };
    let set = &settings.whatsapp;
    let base = set.api.as_deref().unwrap_or("https://graph.facebook.com/v21.0");
    // The service names places on these, and a token goes there.
    let hosts: Vec<&str> = match set.media_hosts.as_slice() {
        [] => vec!["facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net"],
        own => own.iter().map(String::as_str).collect(),
    };
    let media = MediaClient::new(base, access_token, &hosts, BYTES_MAX, TIMEOUT)
        .map_err(|error| Usage(format!("settings: whatsapp.api: {error}")))?;
    let hook = Arc::new(Hook::new(database.clone(), Arc::new(SystemClock), app_secret, verify_token));
    // What is answered with 200 is never sent again, so nothing is taken that could not be read.
    let reader = ModelReader::new(&ModelArgs { model: false, no_model: false }, settings, database)?;
    Ok(Some(Chat { hook, media, reader }))
}

/// Takes messages in, one after the other, until it is stopped. A failure is logged and the message is tried again.
pub async fn take_in_while_serving(database: Database, chat: Chat) {
    let earlier = Earlier::default();
    loop {
        match one(&database, &chat, &earlier).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!("whatsapp: a message could not be taken in; it is tried again: {error:#}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn one(database: &Database, chat: &Chat, earlier: &Earlier) -> anyhow::Result<bool> {
    let now = SystemClock.now();
    let token = quittance_web::secret::fresh()?;
    let Some(claimed) = database.claim_chat(now, now.saturating_add(CLAIM)?, &token).await? else { return Ok(false) };
    take_in(database, &chat.media, &chat.reader, &SystemClock, &claimed, earlier).await?;
    for notice in chat.reader.notices() {
        tracing::warn!("whatsapp: {notice}");
    }
    Ok(true)
}
