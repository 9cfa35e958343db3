//! Messages to other programs: signed and sent by the Standard Webhooks specification, to addresses that may be called and no others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use quittance_agent::webhooks::ports::{Outgoing, Sent, WebhookSender};
use quittance_agent::webhooks::target::Targets;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use sha2::Sha256;

/// A secret that cannot be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is not whsec_ and 24 to 64 bytes in Base64")]
pub struct BadSecret;

/// `webhook-signature` of one secret: `v1,` and HMAC-SHA-256 over `id.timestamp.body` in Base64. `seconds` is `webhook-timestamp`.
///
/// # Errors
/// When the secret is none.
pub fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> Result<String, BadSecret> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").ok_or(BadSecret)?).map_err(|_| BadSecret)?;
    if !(24..=64).contains(&key.len()) {
        return Err(BadSecret);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| BadSecret)?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Asks the system's name service and keeps only what may be called. The connection is made to these very addresses, so a name that
/// changes its mind between a check and the call (DNS rebinding) gains nothing.
#[derive(Debug)]
struct Guarded(Arc<Targets>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.into_iter().filter(|address| targets.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(Box::from(NotAllowed));
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("its name leads to this machine or to a network that is not public")]
struct NotAllowed;

/// Sends messages.
#[derive(Debug, Clone)]
pub struct Sender {
    http: reqwest::Client,
    targets: Arc<Targets>,
    timeout: Duration,
}

impl Sender {
    /// A sender to what `targets` allow. An attempt takes `timeout` at most.
    ///
    /// # Errors
    /// When the system gives no roots of trust for TLS.
    pub fn new(targets: Targets, timeout: Duration) -> reqwest::Result<Self> {
        // It takes the process's own cryptography; whoever comes first sets it.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _somebody_was_quicker = rustls::crypto::ring::default_provider().install_default();
        }
        let targets = Arc::new(targets);
        let http = reqwest::Client::builder()
            // A redirect would lead where nobody has looked.
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up itself.
            .no_proxy()
            .dns_resolver(Arc::new(Guarded(Arc::clone(&targets))))
            .connect_timeout(timeout.min(Duration::from_secs(10)))
            .timeout(timeout)
            .pool_max_idle_per_host(2)
            .user_agent(concat!("quittance/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, targets, timeout })
    }

    async fn attempt(&self, message: Outgoing<'_>) -> Result<Sent, String> {
        // Again, because the settings may have changed since the address was kept; and a number in place of a name is not looked up.
        let url = self.targets.check(message.url).map_err(|error| error.to_string())?;
        let seconds = message.at.as_second();
        let signatures: Vec<String> = message
            .secrets
            .iter()
            .map(|secret| signature(secret, message.id, seconds, message.body))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        if signatures.is_empty() {
            return Err("the address has no secret to sign with; replace its secret".to_owned());
        }
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures.join(" "))
            .body(message.body.to_owned());
        let answer = request.send().await.map_err(|error| self.sentence(&error))?;
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
        Ok(Sent::Answered {
            status: answer.status().as_u16(),
            retry_after: asked.map(|seconds| SignedDuration::from_secs(i64::from(seconds))),
        })
    }

    /// Why there was no answer, without the address: it may hold a secret of the receiver's own.
    fn sentence(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("it did not answer within {} seconds", self.timeout.as_secs());
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<NotAllowed>() {
                return error.to_string();
            }
            cause = error.source();
        }
        if error.is_connect() {
            return "there was no connection to it".to_owned();
        }
        "the connection broke off".to_owned()
    }
}

impl WebhookSender for Sender {
    async fn send(&self, message: Outgoing<'_>) -> Sent {
        self.attempt(message).await.unwrap_or_else(Sent::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example that the reference libraries test themselves with (standard-webhooks, libraries/*, tests).
        let made = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(made.as_deref(), Ok("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_weak_or_odd_secret_is_refused() {
        for secret in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_not base64 at all, is it"] {
            assert_eq!(signature(secret, "a", 0, ""), Err(BadSecret), "{secret}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_here_is_not_called() {
        let guarded = Guarded(Arc::new(Targets::default()));
        let error = guarded.resolve("localhost".parse().unwrap()).await.err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("its name leads to this machine or to a network that is not public"));
        let open = Targets { networks: vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()], allow_http: true };
        assert!(Guarded(Arc::new(open)).resolve("localhost".parse().unwrap()).await.unwrap().count() > 0);
    }
}
