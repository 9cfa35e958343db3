//! A language model behind any OpenAI-compatible endpoint. It is asked over HTTP and given no tools, no files and no way back.
//!
//! An answer or an error comes within a bounded time and memory: every attempt has a time-out and a limit on bytes; what may help is tried
//! again with growing pauses that honour `Retry-After`; after several failures in a row it is left alone for a while.

mod attempt;
mod breaker;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use base64::Engine as _;
use quittance_agent::model::{ANSWER_BYTES_MAX, Model, ModelError, ModelReply, ModelRequest, Speaker};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use attempt::{OneAttempt, Trouble};
use breaker::Breaker;

/// A secret that never shows itself.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a key: visible ASCII, as HTTP headers carry it.
    ///
    /// # Errors
    /// Says what is wrong without showing it.
    pub fn new(text: &str) -> Result<Self, ModelSettingError> {
        let text = text.trim();
        if text.is_empty() || text.len() > 1_000 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ModelSettingError::Key);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Secret {
    /// The secret, for the header it is sent in.
    pub(crate) fn show(&self) -> &str {
        &self.0
    }
}

/// An HTTP client that follows no redirects (they would carry documents and keys to addresses nobody has set) and asks no proxy.
pub(crate) fn http_client(connect_timeout: Duration) -> reqwest::Result<reqwest::Client> {
    // It takes the process's own cryptography; whoever comes first sets it.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _somebody_was_quicker = rustls::crypto::ring::default_provider().install_default();
    }
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(connect_timeout.min(Duration::from_secs(10)))
        .user_agent(concat!("quittance/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a model cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum ModelSettingError {
    /// The key.
    #[error("the API key is empty, longer than 1000 characters or holds characters that no key has")]
    Key,
    /// The address.
    #[error("the base URL of the model is no http or https address without user, query or fragment: for example https://HOST/v1")]
    Url,
    /// A key over the network in the clear.
    #[error("the API key would go over the network in the clear: use https, or an endpoint on this machine")]
    Clear,
    /// The name.
    #[error("the name of the model has 1 to 200 characters and no control characters")]
    Name,
    /// The HTTP client.
    #[error("the HTTP client could not be made: {0}")]
    Client(String),
}

/// Where a model is and how patiently it is asked.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Base URL: what stands before `/chat/completions`.
    pub base_url: String,
    /// API key; endpoints on this machine want none.
    pub key: Option<Secret>,
    /// Name of the model, as the endpoint knows it.
    pub model: String,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Attempts in all.
    pub attempts: u32,
    /// First pause between attempts; each further one doubles.
    pub pause: Duration,
    /// Longest pause that a `Retry-After` may ask for; beyond it there is no answer.
    pub pause_max: Duration,
    /// Questions under way at once.
    pub at_once: usize,
    /// Failures in a row after which it is left alone.
    pub failures_max: u32,
    /// How long it is left alone at first; each further time doubles, up to ten minutes.
    pub rest: Duration,
    /// Whether `temperature: 0` is sent; some models refuse it.
    pub send_temperature: bool,
}

impl Endpoint {
    /// The usual patience.
    pub fn new(base_url: &str, key: Option<Secret>, model: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            key,
            model: model.to_owned(),
            timeout: Duration::from_secs(60),
            attempts: 3,
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(20),
            at_once: 2,
            failures_max: 4,
            rest: Duration::from_secs(30),
            send_temperature: true,
        }
    }
}

/// Bytes of a whole HTTP answer; the longest answer in JSON, escaped, with all that endpoints put around it.
const RESPONSE_BYTES_MAX: usize = 512 * 1024;

/// A model behind an endpoint.
pub struct HttpModel {
    endpoint: Endpoint,
    http: reqwest::Client,
    at_once: Semaphore,
    breaker: Mutex<Breaker>,
    is_openai: bool,
}

impl std::fmt::Debug for HttpModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpModel").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl HttpModel {
    /// Checks the settings; asks nothing yet.
    ///
    /// # Errors
    /// Names the setting that cannot be.
    pub fn new(endpoint: Endpoint) -> Result<Self, ModelSettingError> {
        let url = reqwest::Url::parse(&endpoint.base_url).map_err(|_| ModelSettingError::Url)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let host = url.host_str().unwrap_or_default().to_owned();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() || !is_plain {
            return Err(ModelSettingError::Url);
        }
        let is_here = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if url.scheme() == "http" && endpoint.key.is_some() && !is_here {
            return Err(ModelSettingError::Clear);
        }
        let length = endpoint.model.chars().count();
        if !(1..=200).contains(&length) || endpoint.model.chars().any(char::is_control) {
            return Err(ModelSettingError::Name);
        }
        let http = http_client(endpoint.timeout).map_err(|error| ModelSettingError::Client(error.to_string()))?;
        Ok(Self {
            at_once: Semaphore::new(endpoint.at_once.max(1)),
            breaker: Mutex::new(Breaker::new(endpoint.failures_max, endpoint.rest)),
            is_openai: host == "api.openai.com",
            http,
            endpoint,
        })
    }

    fn body(&self, request: &ModelRequest) -> Result<Value, ModelError> {
        let last = request.messages.len().saturating_sub(1);
        let messages: Vec<Value> = request
            .messages
            .iter()
            .enumerate()
            .map(|(at, message)| {
                let role = match message.speaker {
                    Speaker::System => "system",
                    Speaker::User => "user",
                    Speaker::Assistant => "assistant",
                };
                match request.picture.as_ref().filter(|_| at == last) {
                    Some(picture) => {
                        let encoded = base64::engine::general_purpose::STANDARD.encode(&picture.bytes);
                        let url = format!("data:{};base64,{encoded}", picture.media_type);
                        json!({ "role": role, "content": [
                            { "type": "text", "text": message.text },
                            { "type": "image_url", "image_url": { "url": url } },
                        ] })
                    }
                    None => json!({ "role": role, "content": message.text }),
                }
            })
            .collect();
        let schema: Value = serde_json::from_str(request.schema).map_err(|_| ModelError::Garbage)?;
        // The newer name is known to the original endpoint, the older one to everybody else.
        let limit = if self.is_openai { "max_completion_tokens" } else { "max_tokens" };
        let mut body = json!({
            "model": self.endpoint.model,
            "messages": messages,
            "stream": false,
            limit: request.tokens_out_max,
            "response_format": {
                "type": "json_schema",
                "json_schema": { "name": request.schema_name, "schema": schema, "strict": true },
            },
        });
        if let Some(object) = body.as_object_mut().filter(|_| self.endpoint.send_temperature) {
            object.insert("temperature".to_owned(), json!(0));
        }
        Ok(body)
    }

    /// One attempt, within the limits of time and bytes.
    async fn attempt(&self, body: &Value) -> Result<Completion, Trouble> {
        let service = OneAttempt::new(self.http.clone(), RESPONSE_BYTES_MAX);
        let config = OpenAIConfig::new()
            .with_api_base(self.endpoint.base_url.trim_end_matches('/'))
            .with_api_key(self.endpoint.key.as_ref().map_or("none", |key| key.show()));
        let client = Client::build(self.http.clone(), config).with_http_service(service.clone());
        let chat = client.chat();
        let asked = chat.create_byot::<_, Completion>(body);
        match tokio::time::timeout(self.endpoint.timeout, asked).await {
            Err(_) => Err(Trouble::Slow),
            Ok(Ok(completion)) => Ok(completion),
            Ok(Err(error)) => Err(service.trouble().unwrap_or(match error {
                OpenAIError::JSONDeserialize(..) => Trouble::Garbage,
                _ => Trouble::Down,
            })),
        }
    }

    /// Attempts until one succeeds, another would not help, or there have been enough.
    async fn attempts(&self, body: &Value) -> Result<Completion, ModelError> {
        let mut pause = self.endpoint.pause;
        let mut number = 1;
        loop {
            let trouble = match self.attempt(body).await {
                Ok(completion) => return Ok(completion),
                Err(trouble) => trouble,
            };
            let is_last = number >= self.endpoint.attempts.max(1);
            let wait = match &trouble {
                Trouble::TooLong => return Err(ModelError::TooLong),
                Trouble::Garbage => return Err(ModelError::Garbage),
                // What was too slow once is too slow again, and somebody waits for the import.
                Trouble::Slow => return Err(ModelError::Slow(self.endpoint.timeout)),
                Trouble::Down if is_last => return Err(ModelError::Down),
                Trouble::Status { code, .. } if is_last || !matches!(code, 408 | 409 | 425 | 429 | 500 | 502 | 503 | 504) => {
                    return Err(ModelError::Status(*code));
                }
                Trouble::Status { retry_after: Some(wait), .. } if *wait > self.endpoint.pause_max => {
                    return Err(ModelError::Busy(*wait));
                }
                Trouble::Status { retry_after: Some(wait), .. } => (*wait).max(pause),
                Trouble::Status { retry_after: None, .. } | Trouble::Down => pause,
            };
            tokio::time::sleep(wait).await;
            pause = pause.saturating_mul(2).min(self.endpoint.pause_max);
            number += 1;
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the breaker how a question ended, even one that was given up.
struct UnderWay<'m> {
    model: &'m HttpModel,
    answered: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.model.breaker().end(Instant::now(), self.answered);
    }
}

/// What of a chat completion is used. Fields that providers add or leave out do not matter.
#[derive(Debug, Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

impl Model for HttpModel {
    fn name(&self) -> &str {
        &self.endpoint.model
    }

    async fn ask(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        let body = self.body(request)?;
        let _place = self.at_once.acquire().await.map_err(|_| ModelError::Down)?;
        self.breaker().begin(Instant::now()).map_err(ModelError::Resting)?;
        let mut under_way = UnderWay { model: self, answered: false };
        let asked = self.attempts(&body).await;
        under_way.answered = asked.is_ok();
        drop(under_way);
        let completion = asked?;
        let text = completion.choices.into_iter().next().and_then(|choice| choice.message.content).unwrap_or_default();
        if text.len() > ANSWER_BYTES_MAX {
            return Err(ModelError::TooLong);
        }
        // Endpoints that do not count are counted for: a token has about four bytes; three errs on the dear side.
        let asked_bytes: usize = request.messages.iter().map(|message| message.text.len()).sum();
        let usage = completion.usage.filter(|usage| usage.prompt_tokens > 0);
        Ok(ModelReply {
            tokens_in: usage.as_ref().map_or((asked_bytes / 3) as u64, |usage| usage.prompt_tokens),
            tokens_out: usage.as_ref().map_or((text.len() / 3) as u64, |usage| usage.completion_tokens),
            text,
        })
    }
}
