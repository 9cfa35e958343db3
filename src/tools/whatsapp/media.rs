//! Media by its id: first where it is, then the bytes, both with the access token, within limits of time and size.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::model::{Secret, http_client};

/// Why there are no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The address of the service.
    #[error("the address of the service cannot be used: {0}")]
    Settings(String),
    /// No connection, no answer in time, or it broke off: worth another try.
    #[error("the service cannot be reached")]
    Down,
    /// It answered with another status.
    #[error("the service answered with status {0}")]
    Status(u16),
    /// The service names a place that is not on one of its hosts.
    #[error("the service names a place elsewhere; nothing was fetched")]
    Elsewhere,
    /// Larger than evidence may be.
    #[error("the file is larger than {0} bytes; ask for a smaller one")]
    TooLarge(u64),
    /// Other bytes than the service has announced.
    #[error("the bytes are not those that the service announced")]
    OtherBytes,
    /// Not what the service's documentation says.
    #[error("the service's answer cannot be read")]
    Garbage,
}

/// A downloaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Media type as the service says; what it really is, the reader of evidence finds out.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Downloads media.
#[derive(Debug)]
pub struct MediaClient {
    http: reqwest::Client,
    base: reqwest::Url,
    token: Secret,
    hosts: Vec<String>,
    bytes_max: u64,
    timeout: Duration,
}

/// Answers about a file; real ones have some hundred bytes.
const ANSWER_MAX: u64 = 64 * 1024;

#[derive(serde::Deserialize)]
struct Where {
    url: String,
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    file_size: Option<u64>,
}

impl MediaClient {
    /// `base` is the address of the Graph API with its version (`https://graph.facebook.com/v21.0`); `hosts` are the hosts from which files
    /// may be fetched, each with all below it: the service names the place, and the token goes there.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(base: &str, token: Secret, hosts: &[&str], bytes_max: u64, timeout: Duration) -> Result<Self, MediaError> {
        let settings = |why: &str| MediaError::Settings(why.to_owned());
        let mut base = reqwest::Url::parse(base).map_err(|error| settings(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(settings("it is no http or https address"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = http_client(timeout).map_err(|error| settings(&error.to_string()))?;
        let hosts = hosts.iter().map(|host| host.to_lowercase()).collect();
        Ok(Self { http, base, token, hosts, bytes_max, timeout })
    }

    /// The file of an id.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn download(&self, id: &str) -> Result<Downloaded, MediaError> {
        tokio::time::timeout(self.timeout, self.fetch(id)).await.map_err(|_| MediaError::Down)?
    }

    async fn fetch(&self, id: &str) -> Result<Downloaded, MediaError> {
        if id.is_empty() || id.len() > 40 || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MediaError::Garbage);
        }
        let url = self.base.join(id).map_err(|_| MediaError::Garbage)?;
        let answer = self.get(url, ANSWER_MAX).await?;
        let place: Where = serde_json::from_slice(&answer).map_err(|_| MediaError::Garbage)?;
        if place.file_size.is_some_and(|size| size > self.bytes_max) {
            return Err(MediaError::TooLarge(self.bytes_max));
        }
        let url = reqwest::Url::parse(&place.url).map_err(|_| MediaError::Garbage)?;
        if !self.is_ours(&url) {
            return Err(MediaError::Elsewhere);
        }
        let bytes = self.get(url, self.bytes_max).await?;
        if place.sha256.is_some_and(|digest| !is_digest(&digest, &bytes)) {
            return Err(MediaError::OtherBytes);
        }
        Ok(Downloaded { media_type: place.mime_type, bytes })
    }

    /// On a host of the service, and as safe as the base address.
    fn is_ours(&self, url: &reqwest::Url) -> bool {
        let host = url.host_str().unwrap_or_default().to_lowercase();
        let known =
            self.hosts.iter().any(|own| host == *own || host.strip_suffix(own.as_str()).is_some_and(|sub| sub.ends_with('.')));
        known && (url.scheme() == "https" || (url.scheme() == "http" && self.base.scheme() == "http"))
    }

    async fn get(&self, url: reqwest::Url, most: u64) -> Result<Vec<u8>, MediaError> {
        let request = self.http.get(url).bearer_auth(self.token.show());
        let mut response = request.send().await.map_err(|_| MediaError::Down)?;
        if !response.status().is_success() {
            return Err(MediaError::Status(response.status().as_u16()));
        }
        if response.content_length().is_some_and(|length| length > most) {
            return Err(MediaError::TooLarge(most));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| MediaError::Down)? {
            if (bytes.len() as u64).saturating_add(chunk.len() as u64) > most {
                return Err(MediaError::TooLarge(most));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The service writes digests in hexadecimal here and in Base64 there.
fn is_digest(said: &str, bytes: &[u8]) -> bool {
    use base64::Engine as _;
    let digest = Sha256::digest(bytes);
    said.eq_ignore_ascii_case(&hex::encode(digest)) || said == base64::engine::general_purpose::STANDARD.encode(digest)
}
