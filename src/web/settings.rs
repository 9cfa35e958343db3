//! How the pages are served: what the command line and `quittance.toml` say, checked.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use jiff::SignedDuration;
use quittance_agent::webhooks::target::Targets;

/// Everything that can be set about the pages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address people type, without a slash at the end: `https://quittance.example.com`. Links that are mailed or printed begin with
    /// it, and changes are taken only from pages of it.
    pub public_url: String,
    /// Certificate chain and key, PEM files: the program's own TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed. Of everybody else it is ignored.
    pub trusted_proxies: Vec<IpAddr>,
    /// A session not used for so long is over.
    pub session_idle: SignedDuration,
    /// A session is over so long after the sign-in, however busy it was.
    pub session_longest: SignedDuration,
    /// For how long a fresh proof of who somebody is serves for what needs one.
    pub step_up: SignedDuration,
    /// Largest file taken through a page, bytes.
    pub upload_max: usize,
    /// Which addresses may be told what happened here, beyond the public internet over TLS.
    pub webhook_targets: Targets,
    /// Identity providers.
    pub oidc: Vec<OidcProvider>,
}

/// An identity provider people may sign in with (OpenID Connect).
#[derive(Clone)]
pub struct OidcProvider {
    /// Name in addresses: lower-case letters and digits.
    pub id: String,
    /// Name on the button.
    pub name: String,
    /// Issuer URL; its discovery document is read when it is first used.
    pub issuer: String,
    /// Our name with the provider.
    pub client_id: String,
    /// Our secret with the provider.
    pub client_secret: String,
}

impl std::fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Settings are logged; the secret is not.
        f.debug_struct("OidcProvider").field("id", &self.id).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Settings {
    /// The defaults for an address to listen on.
    pub fn for_address(listen: SocketAddr) -> Self {
        Self {
            listen,
            public_url: format!("http://{listen}"),
            tls: None,
            trusted_proxies: Vec::new(),
            session_idle: SignedDuration::from_hours(2),
            session_longest: SignedDuration::from_hours(12),
            step_up: SignedDuration::from_mins(10),
            upload_max: 64 << 20,
            webhook_targets: Targets::default(),
            oidc: Vec::new(),
        }
    }

    /// Whether browsers reach us by TLS, our own or a proxy's.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
