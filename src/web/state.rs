//! What every handler shares.

use std::sync::Arc;

use jiff::Timestamp;
use quittance_agent::chat::ChatHook;
use quittance_agent::desk::ports::DeskStore;
use quittance_agent::ports::Clock;
use quittance_agent::ports_accounts::Accounts;
use quittance_agent::ports_pages::{Importer, PagePainter, Pages};
use quittance_agent::webhooks::ports::Webhooks;

use crate::painter::Painter;
use crate::settings::Settings;

/// The store as the pages use it: the book, the accounts, and lists for pages. A handler is generic over it, because the ports' methods are
/// `async` and cannot be called through a `dyn` without a boxed copy of each; the binary names the one concrete type.
pub trait Desk: DeskStore + Accounts + Pages + Webhooks + Clone + Send + Sync + 'static {}

impl<S: DeskStore + Accounts + Pages + Webhooks + Clone + Send + Sync + 'static> Desk for S {}

/// The state of the router. Cheap to clone.
pub struct Web<S> {
    /// The store.
    pub store: S,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How the pages are served.
    pub settings: Arc<Settings>,
    /// Takes files in; `None` where this process takes none.
    pub importer: Option<Arc<dyn Importer>>,
    /// Draws pages of documents; `None` where this process draws none.
    pub painter: Option<Arc<Painter>>,
    /// Takes what the chat's service brings; `None` where the settings have no chat.
    pub chat: Option<Arc<dyn ChatHook>>,
}

impl<S: Clone> Clone for Web<S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            settings: Arc::clone(&self.settings),
            importer: self.importer.clone(),
            painter: self.painter.clone(),
            chat: self.chat.clone(),
        }
    }
}

impl<S: Desk> Web<S> {
    /// The state over a store.
    pub fn new(store: S, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self { store, clock, settings: Arc::new(settings), importer: None, painter: None, chat: None }
    }

    /// The state with somebody who takes files in.
    #[must_use]
    pub fn with_importer(mut self, importer: Arc<dyn Importer>) -> Self {
        self.importer = Some(importer);
        self
    }

    /// The state with somebody who draws pages of documents.
    #[must_use]
    pub fn with_painter(mut self, port: Arc<dyn PagePainter>) -> Self {
        self.painter = Some(Arc::new(Painter::new(port)));
        self
    }

    /// The state with somebody who takes what the chat's service brings.
    #[must_use]
    pub fn with_chat(mut self, chat: Arc<dyn ChatHook>) -> Self {
        self.chat = Some(chat);
        self
    }

    /// The instant now, cut to the microseconds that databases keep.
    pub fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
