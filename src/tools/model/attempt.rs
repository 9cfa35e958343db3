//! One HTTP attempt: no retries behind our back, no answer without end, no body in the log.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::Response;
use reqwest::header::RETRY_AFTER;

/// What went wrong in an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No connection, or it broke off.
    Down,
    /// No answer in time.
    Slow,
    /// An answer that is none.
    Status {
        /// HTTP status.
        code: u16,
        /// How long the endpoint asks to wait.
        retry_after: Option<Duration>,
    },
    /// More bytes than any answer has.
    TooLong,
    /// Something else than a chat completion.
    Garbage,
}

/// Sends a request once and reads at most so many bytes of the answer.
#[derive(Debug, Clone)]
pub(super) struct OneAttempt {
    http: reqwest::Client,
    bytes_max: usize,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl OneAttempt {
    pub(super) fn new(http: reqwest::Client, bytes_max: usize) -> Self {
        Self { http, bytes_max, trouble: Arc::default() }
    }

    /// What went wrong, where something did.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn send(&self, request: HttpRequestFactory) -> Result<Response, Trouble> {
        let request = request.build().await.map_err(|_| Trouble::Garbage)?;
        let mut response = self.http.execute(request).await.map_err(|_| Trouble::Down)?;
        let status = response.status();
        if !status.is_success() {
            // The body of a refusal may repeat the document: it is neither read nor logged.
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            return Err(Trouble::Status { code: status.as_u16(), retry_after: seconds.map(Duration::from_secs) });
        }
        if response.content_length().is_some_and(|length| length > self.bytes_max as u64) {
            return Err(Trouble::TooLong);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Trouble::Down)? {
            if bytes.len().saturating_add(chunk.len()) > self.bytes_max {
                return Err(Trouble::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut whole = http::Response::new(bytes);
        *whole.status_mut() = status;
        Ok(Response::from(whole))
    }
}

impl tower::Service<HttpRequestFactory> for OneAttempt {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let attempt = self.clone();
        Box::pin(async move {
            attempt.send(request).await.map_err(|trouble| {
                *attempt.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
                OpenAIError::InvalidArgument("no answer".to_owned())
            })
        })
    }
}
